"""What makegood keeps on a ticket itself, where the tracker lets it, and reading it back."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, cast

from sync.action import AddComment, Obligation
from sync.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sync.action import PromiseName
    from sync.ticket import Ticket

VERSION = 1


def ledger(before: Memory, comment: AddComment | None, after: Memory) -> dict[str, object]:
    """The ledger to write beside labels and due date, before the comment is posted.

    `said` keeps the last occasion and step of each promise that was posted before; `saying` those that are
    posted next, which count only if their mark is found on a comment. `refused` are labels a person took off.
    """
    return {
        "v": VERSION,
        "said": {promise: list(step) for promise, step in sorted(before.steps.items())},
        "saying": {owed.promise: [owed.occasion, owed.step] for owed in comment.obligations} if comment else {},
        "refused": dict(sorted(after.refused.items())),
        "labels": sorted(after.labels),
        "due": after.due.isoformat() if after.due_written and after.due else None,
    }


def recalled(ticket: Ticket, kept: Mapping[str, object] | None, marks: Iterable[str], prefix: str) -> Memory:
    """What the ticket itself remembers: its ledger, the marks found on its comments, and our labels on it.

    What the ledger was about to say counts only if its mark is among `marks`. Without a ledger, every label
    with our prefix that no person is known to have put counts as ours.
    """
    said, steps = set(marks), _steps(kept, "said")
    for promise, (occasion, step) in steps.items():
        said.add(_id(ticket, promise, occasion, step))
    for promise, (occasion, step) in _steps(kept, "saying").items():
        if _id(ticket, promise, occasion, step) in said:
            steps[promise] = (occasion, step)
    if kept is None:
        labels = {label for label in ticket.labels if label.startswith(prefix)} - _put_by_people(ticket)
        return Memory(said=frozenset(said), labels=frozenset(labels))
    due = kept.get("due")
    return Memory(
        said=frozenset(said),
        steps=steps,
        labels=frozenset(cast("list[str]", kept.get("labels", []))),
        refused=dict(cast("dict[str, str]", kept.get("refused", {}))),
        due=date.fromisoformat(due) if isinstance(due, str) else None,
        due_written=isinstance(due, str),
    )


def _id(ticket: Ticket, promise: str, occasion: str, step: int) -> str:
    return Obligation(cast("PromiseName", promise), occasion, step).id(ticket.site, ticket.id)


def _steps(kept: Mapping[str, object] | None, section: str) -> dict[str, tuple[str, int]]:
    listed = cast("dict[str, list[object]]", (kept or {}).get(section, {}))
    return {promise: (str(occasion), int(cast("int", step))) for promise, (occasion, step) in listed.items()}


def _put_by_people(ticket: Ticket) -> set[str]:
    put: set[str] = set()
    for change in ticket.changes:
        if change.field == "labels" and change.author.side in ("staff", "client", "unknown"):
            put |= set(change.after.split()) - set(change.before.split())
    return put
