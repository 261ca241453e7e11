"""Finding out how writes ended whose answer we never had, by reading the tickets themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, cast

from sync.action import Failed, reference
from sync.apply import ends_the_work, leak_of
from sync.errors import NotFoundError, TrackerError
from sync.judging.contact import labels_added, labels_removed
from sync.judging.memory import NOTHING, Memory
from sync.state.records import Outcome, Settlement
from sync.ticket import Audience

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sync.state.records import JournalEntry
    from sync.state.store import Store
    from sync.ticket import Change, Ticket
    from sync.trackers.base import Reader


@dataclass(frozen=True, slots=True)
class Recovered:
    """What went wrong while writes were looked up. `leaked`: a comment reached a wider circle than was meant."""

    failed: tuple[Failed, ...] = ()
    leaked: bool = False


def recover(
    entries: Sequence[JournalEntry], tracker: Reader, store: Store, now: datetime, settle_after: timedelta
) -> Recovered:
    """Settle what can be settled of these open writes.

    A mark found settles its comment. A mark not found proves nothing until `settle_after` has passed since
    nobody can be sending the write any more, for a server may apply it after we gave up; until then the outcome
    stays unknown. After a crash that is counted from this first look.
    """
    failed, leaked = [], False
    for entry in entries:
        late = now - (entry.ended_at or now) >= settle_after
        try:
            found = _found(entry, tracker, store, late=late)
        except TrackerError as error:
            if ends_the_work(error):
                raise
            failed.append(Failed(entry.ticket, f"outcome of a {entry.kind}", str(error)))
            found = _ended(entry, "unknown", str(error))
        if found.leaked:
            leaked = True
            failed.append(Failed(entry.ticket, "comment", found.note))
        store.settle([found], now)
    return Recovered(tuple(failed), leaked)


def _found(entry: JournalEntry, tracker: Reader, store: Store, *, late: bool) -> Settlement:
    if entry.kind == "comment":
        return _found_comment(entry, tracker, late=late)
    if entry.kind == "follow_up":
        return _found_follow_up(entry, tracker, late=late)
    if entry.kind == "delete":
        return _found_deletion(entry, tracker, late=late)
    ticket = _read(entry.ticket, tracker)
    if ticket is None:
        return _ended(entry, "absent" if late else "unknown", "the ticket is gone")
    memory = store.memories(entry.site, [entry.ticket]).get(entry.ticket, NOTHING)
    found = _found_edit(entry, ticket, memory, late=late)
    if found.outcome == "settled" and not late and _edited_since(entry, store):
        return replace(found, outcome="unknown", note="another was sent since, so it may be applied yet")
    return found


def _edited_since(entry: JournalEntry, store: Store) -> bool:
    """Whether a later edit may have made what this one meant to, which so may be made once more."""
    journal = store.journal(entry.site, entry.ticket)
    return any(other.kind == "edit" and other.number > entry.number for other in journal)


def _ended(entry: JournalEntry, outcome: Outcome, note: str) -> Settlement:
    return Settlement(entry.number, entry.site, entry.ticket, outcome, note=note)


def _read(number: str, tracker: Reader) -> Ticket | None:
    """The ticket as it is now; None if it is gone."""
    for page in tracker.fetch([number]):
        for ticket in page.tickets:
            return ticket
        for failure in page.failed:
            raise TrackerError(failure.why)
    return None


def _found_comment(entry: JournalEntry, tracker: Reader, *, late: bool) -> Settlement:
    ids = {owed.id(entry.site, entry.ticket) for owed in entry.said}
    try:
        marks = tracker.marks(entry.ticket)
    except NotFoundError:
        return _ended(entry, "absent" if late else "unknown", "the ticket is gone")
    carrying = [
        marks.marks[mark] for mark in sorted(ids | {reference(each) for each in ids}) if mark in marks.marks
    ]
    if carrying:
        meant = Audience[str(entry.detail.get("audience", Audience.CLIENT)).upper()]
        leaked = carrying[0].audience > meant
        found = _ended(entry, "settled", leak_of(meant) if leaked else "found on the ticket")
        return replace(found, said=entry.said, comment=carrying[0].id, leaked=leaked)
    if late and marks.complete:
        return _ended(entry, "absent", "not on the ticket")
    return _ended(entry, "unknown", "not found yet" if marks.complete else "not all comments can be read")


def _found_follow_up(entry: JournalEntry, tracker: Reader, *, late: bool) -> Settlement:
    """An issue that may have been made below the ticket: its mark tells."""
    ids = {owed.id(entry.site, entry.ticket) for owed in entry.said}
    try:
        made = tracker.follow_ups(entry.ticket)
    except NotFoundError:
        return _ended(entry, "absent" if late else "unknown", "the ticket is gone")
    if made is None:
        return _ended(entry, "unknown", "what was made below the ticket cannot be read")
    found = [made[mark] for mark in sorted(ids | {reference(each) for each in ids}) if mark in made]
    if found:
        return replace(_ended(entry, "settled", f"found as {found[0]}"), said=entry.said)
    return _ended(entry, "absent" if late else "unknown", "not there" if late else "not found yet")


def _found_deletion(entry: JournalEntry, tracker: Reader, *, late: bool) -> Settlement:
    """A comment of ours that was perhaps taken back: whether its mark is still to be found tells."""
    try:
        marks = tracker.marks(entry.ticket)
    except NotFoundError:
        return replace(_ended(entry, "settled", "the ticket is gone"), deleted=str(entry.detail["comment"]))
    if any(comment.id == entry.detail["comment"] for comment in marks.comments):
        return _ended(entry, "absent" if late else "unknown", "the comment is still there")
    if marks.complete:
        return replace(_ended(entry, "settled", "the comment is gone"), deleted=str(entry.detail["comment"]))
    return _ended(entry, "unknown", "not all comments can be read")


def _found_edit(entry: JournalEntry, ticket: Ticket, memory: Memory, *, late: bool) -> Settlement:
    """Labels and due date speak for themselves: what is there as intended is ours.

    So is what the history tells that we wrote last, whatever a person has made of it since: that is their
    decision. What we took off by putting back what was meant, as one applied late does, nobody has decided.
    """
    add, remove = (frozenset(cast("list[str]", entry.detail[name])) for name in ("add", "remove"))
    ours = [each for each in ticket.changes if each.author.side == "us" and each.at >= entry.intended_at]
    labelled = [each for each in ours if each.field == "labels"]
    last_put, last_taken = _net(labelled)
    put, taken = ticket.labels | last_put, (remove - ticket.labels) | last_taken
    lost = _net([each for each in labelled if labels_added(each) & add])[1] & last_taken - ticket.labels
    kept = replace(memory, labels=(memory.labels | (add & put)) - (remove & taken) - lost)
    whole = add <= put and remove <= taken
    if "due" in entry.detail:
        text = cast("str | None", entry.detail["due"])
        due = date.fromisoformat(text) if text else None
        last = next((each.after for each in reversed(ours) if each.field == "due"), None)
        written = ticket.due == due or last == (text or "")
        whole = whole and written
        if written:
            kept = replace(kept, due=due, due_written=True)
    outcome: Outcome = "settled" if whole else "absent" if late else "unknown"
    if entry.detail.get("undoes"):
        return _ended(entry, outcome, "")
    return replace(_ended(entry, outcome, ""), memory=kept)


def _net(changes: Sequence[Change]) -> tuple[frozenset[str], frozenset[str]]:
    """The labels that these changes of labels put, and those that they took off, the last word on each."""
    put, taken = frozenset[str](), frozenset[str]()
    for change in changes:
        put = put - labels_removed(change) | labels_added(change)
        taken = taken - labels_added(change) | labels_removed(change)
    return put, taken
