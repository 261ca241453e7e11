"""A ticket's life as its tracker truly holds it, in the same words for every tracker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sync.ticket import Audience

if TYPE_CHECKING:
    from datetime import datetime

Side = Literal["us", "staff", "client"]
Kind = Literal["comment", "label on", "label off", "due", "status", "severity", "owner", "place"]
Place = Literal["inside", "team", "desk", "shared", "elsewhere"]
"""`inside`: staff read it, and a comment can be confined to some of them. `team`: staff read it, all of them.
`desk`: clients read it, but not what is marked internal. `shared`: clients read it all. `elsewhere`: no source."""


@dataclass(frozen=True, slots=True)
class Event:
    """What somebody did. `value` is the comment's text, the label, the day (empty: none), the status, the
    severity, the owner (empty: nobody) or the place; `audience` is who could read a comment when it was made.
    """

    at: datetime
    by: Side
    kind: Kind
    value: str
    audience: Audience = Audience.NONE
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Life:
    """All that happened on a ticket, oldest first; it begins with the place, status and severity it had."""

    ticket: str
    title: str
    events: tuple[Event, ...]

    @property
    def created(self) -> datetime:
        return self.events[0].at

    def of(self, kind: Kind) -> list[Event]:
        """The events of one kind."""
        return [event for event in self.events if event.kind == kind]

    def last(self, kind: Kind) -> str:
        """What the newest event of a kind left behind; empty if there was none."""
        return next((event.value for event in reversed(self.events) if event.kind == kind), "")
