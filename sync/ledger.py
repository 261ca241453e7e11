"""What makegood keeps on a ticket itself, where the tracker lets it, and reading it back."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sync.action import action_id, reference
from sync.contact import labels_by_people
from sync.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sync.action import AddComment
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
    with our prefix that no person is known to have put counts as ours. Anybody who may edit the ticket may
    spoil its ledger: what cannot be read there is left out.
    """
    said, steps = set(marks), _steps(kept, "said")
    for promise, (occasion, step) in steps.items():
        said.add(_id(ticket, promise, occasion, step))
    for promise, (occasion, step) in _steps(kept, "saying").items():
        identifier = _id(ticket, promise, occasion, step)
        if identifier in said or reference(identifier) in said:
            steps[promise] = (occasion, step)
    if kept is None:
        labels = {label for label in ticket.labels if label.startswith(prefix)} - labels_by_people(ticket)
        return Memory(said=frozenset(said), labels=frozenset(labels))
    due = _day(kept.get("due"))
    return Memory(
        said=frozenset(said),
        steps=steps,
        labels=frozenset(_texts(kept.get("labels"))),
        refused=_pairs(kept.get("refused")),
        due=due,
        due_written=due is not None,
    )


def _id(ticket: Ticket, promise: str, occasion: str, step: int) -> str:
    return action_id(ticket.site, ticket.id, promise, occasion, step)


def _steps(kept: Mapping[str, object] | None, section: str) -> dict[str, tuple[str, int]]:
    listed = (kept or {}).get(section)
    steps: dict[str, tuple[str, int]] = {}
    for promise, step in listed.items() if isinstance(listed, dict) else ():
        match step:
            case [str(occasion), int(number)]:
                steps[str(promise)] = (occasion, number)
    return steps


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _pairs(value: object) -> dict[str, str]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {str(name): text for name, text in pairs if isinstance(text, str)}


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
