"""A board in memory as the oracle reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from soak.life import Event, Life

from sync.ticket import Comment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.memory_tracker import Board
    from soak.life import Kind, Place, Side

    from sync.ticket import Change, Person


def life_of(board: Board, ticket: str, place: Place) -> Life:
    """All that happened on a ticket that has lain in one place since it was made, open and nobody's."""
    held = board.tickets[ticket]
    began: tuple[tuple[Kind, str], ...] = (
        ("place", place),
        ("status", "open"),
        ("severity", held.fields["severity"]),
    )
    events = [Event(held.created, "client", kind, value) for kind, value in began]
    acts: list[Change | Comment] = [*held.changes, *held.comments]
    for act in sorted(acts, key=lambda act: int(act.id.partition("-")[2])):
        events += _events(act)
    return Life(held.key, held.title, tuple(events))


def _events(act: Change | Comment) -> Iterator[Event]:
    by = _side(act.author)
    if isinstance(act, Comment):
        yield Event(act.at, by, "comment", act.text, act.audience, act.marks)
        return
    was, now = set(act.before.split()), set(act.after.split())
    match act.field:
        case "labels":
            for label in sorted(was - now):
                yield Event(act.at, by, "label off", label)
            for label in sorted(now - was):
                yield Event(act.at, by, "label on", label)
        case "status":
            yield Event(act.at, by, "status", act.after)
        case "due":
            yield Event(act.at, by, "due", act.after)
        case "assignee":
            yield Event(act.at, by, "owner", act.after)


def _side(author: Person) -> Side:
    return author.side if author.side in {"us", "client"} else "staff"
