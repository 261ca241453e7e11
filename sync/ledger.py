"""What makegood keeps on a ticket itself, where the tracker lets it, and reading it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from sync.action import action_id, reference
from sync.judging.contact import label_taken, labels_added, labels_kept_by_people
from sync.judging.memory import NOTHING, WHATEVER, Memory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sync.action import AddComment
    from sync.ticket import Change, Ticket

VERSION = 1

UNKNOWN = Memory(stale=True)
"""Of a ticket of which the state knows nothing."""


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


def read_back(  # noqa: PLR0913, PLR0917 - a ticket, and what it keeps
    ticket: Ticket,
    kept: Mapping[str, object] | None,
    marks: Iterable[str],
    prefixes: str | tuple[str, ...],
    known: Memory = UNKNOWN,
    by_people: Collection[str] = (),
) -> Memory:
    """All that a ticket tells of what we said and wrote, and of what people undid, beside what was `known`."""
    memory = recalled(ticket, kept, marks, prefixes)
    if kept is None and known.stale:
        memory = caught_up(known, ticket, memory, by_people)
    return taken_off(memory, ticket, known)


def recalled(
    ticket: Ticket, kept: Mapping[str, object] | None, marks: Iterable[str], prefixes: str | tuple[str, ...]
) -> Memory:
    """What the ticket itself remembers: its ledger, the marks found on its comments, and our labels on it.

    What the ledger was about to say counts only if its mark is among `marks`. Without a ledger, every label
    with one of our `prefixes` that no person has put last counts as ours. Anybody who may edit the
    ticket may spoil its ledger: what cannot be read there is left out.
    """
    said, steps = set(marks), _steps(kept, "said")
    for promise, (occasion, step) in steps.items():
        said.add(_id(ticket, promise, occasion, step))
    for promise, (occasion, step) in _steps(kept, "saying").items():
        identifier = _id(ticket, promise, occasion, step)
        if identifier in said or reference(identifier) in said:
            steps[promise] = (occasion, step)
    if kept is None:
        labels = {label for label in ticket.labels if label.startswith(prefixes)} - labels_kept_by_people(ticket)
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


def caught_up(known: Memory, ticket: Ticket, told: Memory, by_people: Collection[str]) -> Memory:
    """What an old memory of a ticket without a ledger comes to, by what the ticket has `told`.

    Its history says which labels we took off since, which ones somebody else did, and whether the due date is
    ours. Where it has none, `by_people` are the labels that people were known to have put; whatever of ours is
    gone was then taken off by them, and another date than ours is theirs.
    """
    standing = told.labels - frozenset(by_people)
    taken = {label for label in put_by_us(ticket) | known.labels if not _ours(label_taken(ticket, label))}
    due, written = known.due, known.due_written
    moves = [change for change in ticket.changes if change.field == "due"]
    if moves and _ours(moves[-1]) and moves[-1].after == (ticket.due.isoformat() if ticket.due else ""):
        due, written = ticket.due, ticket.due is not None
    elif ticket.due is None and any(map(_ours, moves[-2:-1])) and not moves[-1].after:
        due, written = _day(moves[-1].before), True  # a person has cleared the one that we wrote
    return replace(told, labels=standing | (taken - ticket.labels), due=due, due_written=written)


def taken_off(memory: Memory, ticket: Ticket, known: Memory = NOTHING) -> Memory:
    """What was read back, where labels of ours that are gone are refused: for a reason that nobody knows any more.

    What was `known` of a refusal counts more.
    """
    gone = dict.fromkeys(memory.labels - ticket.labels, WHATEVER)
    refused = gone | dict(known.refused) | dict(memory.refused)
    return replace(memory, labels=memory.labels & ticket.labels, refused=refused)


def put_by_us(ticket: Ticket) -> set[str]:
    """Every label that we have put at some time, by the ticket's own history."""
    changes = [change for change in ticket.changes if change.field == "labels"]
    return {label for change in changes if _ours(change) for label in labels_added(change)}


def dated_by_us(ticket: Ticket) -> bool:
    """Whether we have ever written the due date, by the ticket's own history."""
    return any(change.field == "due" and _ours(change) for change in ticket.changes)


def _ours(change: Change | None) -> bool:
    return change is not None and change.author.side == "us"


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
