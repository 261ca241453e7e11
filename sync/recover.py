"""Finding out how writes ended whose answer we never had, by reading the tickets themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, cast

from sync.action import Failed, Obligation, reference
from sync.errors import ForbiddenError, NotFoundError
from sync.memory import NOTHING, Memory
from sync.store import Outcome, Settlement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from sync.action import PromiseName
    from sync.store import JournalEntry, Store
    from sync.trackers.base import Reader


def recover(  # noqa: PLR0913, PLR0917 - what it reads, and what it settles into
    entries: Sequence[JournalEntry],
    memories: Mapping[str, Memory],
    tracker: Reader,
    store: Store,
    now: datetime,
    settle_after: timedelta,
) -> list[Failed]:
    """Settle what can be settled of these open writes; returns what could not be read.

    A mark found settles its comment. A mark not found proves nothing until `settle_after` has passed since the
    write was intended, for a server may apply a write after we gave up; until then the outcome stays unknown.
    """
    failed = []
    for entry in entries:
        late = now - entry.intended_at >= settle_after
        try:
            found = _found(entry, memories.get(entry.ticket, NOTHING), tracker, late=late)
        except NotFoundError as error:
            found = Settlement(entry.number, entry.site, entry.ticket, "absent", note=str(error))
        except ForbiddenError as error:
            failed.append(Failed(entry.ticket, f"outcome of a {entry.kind}", str(error)))
            continue
        store.settle([found], now)
    return failed


def _found(entry: JournalEntry, memory: Memory, tracker: Reader, *, late: bool) -> Settlement:
    if entry.kind == "edit":
        return _found_edit(entry, memory, tracker, late=late)
    said = tuple(
        Obligation(cast("PromiseName", promise), occasion, step)
        for promise, occasion, step in cast("list[tuple[str, str, int]]", entry.detail["said"])
    )
    ids = {owed.id(entry.site, entry.ticket) for owed in said}
    marks = tracker.marks(entry.ticket)
    carrying = [
        comment for mark, comment in marks.marks.items() if mark in ids or mark in {reference(i) for i in ids}
    ]
    if carrying:
        note = "found on the ticket"
        return Settlement(
            entry.number, entry.site, entry.ticket, "settled", said=said, comment=carrying[0].id, note=note
        )
    if late and marks.complete:
        return Settlement(entry.number, entry.site, entry.ticket, "absent", note="not on the ticket")
    return Settlement(entry.number, entry.site, entry.ticket, "unknown", note="not found yet")


def _found_edit(entry: JournalEntry, memory: Memory, tracker: Reader, *, late: bool) -> Settlement:
    """Labels and due date speak for themselves: what is there as intended is ours."""
    add, remove = (frozenset(cast("list[str]", entry.detail[name])) for name in ("add", "remove"))
    tickets = [ticket for page in tracker.fetch([entry.ticket]) for ticket in page.tickets]
    if not tickets:
        return Settlement(entry.number, entry.site, entry.ticket, "absent", note="the ticket cannot be read")
    ticket = tickets[0]
    kept = replace(memory, labels=(memory.labels | (add & ticket.labels)) - (remove - ticket.labels))
    whole = add <= ticket.labels and not remove & ticket.labels
    if "due" in entry.detail:
        text = cast("str | None", entry.detail["due"])
        due = date.fromisoformat(text) if text else None
        whole = whole and ticket.due == due
        if ticket.due == due:
            kept = replace(kept, due=due, due_written=True)
    outcome: Outcome = "settled" if whole else "absent" if late else "unknown"
    return Settlement(entry.number, entry.site, entry.ticket, outcome, memory=kept)
