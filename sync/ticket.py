"""What everything after the adapters speaks: tickets, their comments and their history."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

Language = Literal["en", "ja", "da", "ru", "fi"]
"""The languages in which text is understood and comments are written."""

Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")

Category = Literal["delivery", "communication", "scope", "team", "billing", "unclassified"]
CATEGORIES: tuple[Category, ...] = ("delivery", "communication", "scope", "team", "billing", "unclassified")


class Status(StrEnum):
    """What a tracker's status means here; the mapping file says which is which."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def live(self) -> bool:
        """Whether promises still run."""
        return self not in (Status.RESOLVED, Status.CLOSED)


class Audience(IntEnum):
    """Who can read a comment; a larger number is a wider circle."""

    NONE = 0
    RESTRICTED = 1
    INTERNAL = 2
    CLIENT = 3

    def __str__(self) -> str:
        """The word used in files and JSON."""
        return self.name.lower()


Side = Literal["staff", "client", "us", "machine", "unknown"]
"""Whose side a person is on; `us` is the account makegood writes with, `machine` another automation."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the tracker. `id` is the tracker's own immutable id; `name` is for display only."""

    id: str
    name: str
    side: Side


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment. `at` is aware UTC; `marks` are the references of ours found on it (6 or 12 characters).

    `edited`: whether its text was changed after it was written; None where the tracker does not tell.
    """

    id: str
    at: datetime
    author: Person
    text: str
    audience: Audience
    marks: tuple[str, ...] = ()
    edited: bool | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one field. `field` is a ticket field's name (`status`, `labels`, `due`, `assignee`, or a
    mapped one); for `status`, before and after are `Status` values; for `labels`, space-separated; dates ISO.
    `said` is the tracker's own wording, for people.
    """

    id: str
    at: datetime
    author: Person
    field: str
    before: str
    after: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One client issue as the mapping reads it.

    `id` is the tracker's immutable id, `key` what people call it. Instants are aware UTC. `fields` holds every
    mapped field's value as text (missing ones are absent), keyed by the ticket field's name. `reported` is when
    the client said it, never later than `created`. `kind` is the tracker's issue type. `due_text` is what the due
    date field holds when that is no date. `changes` and `comments` are oldest first. `complete_since`:
    history before this instant may be missing (None: all of it is here). `audiences` are the circles to which
    a comment on this very ticket can be confined. `version` changes whenever the ticket does.
    `ledger` is what makegood keeps on the ticket itself, where the tracker lets it and a listing shows it.
    `problems` are what could not be read, one sentence each, with the remedy. `follow_up`: we created it below
    another ticket, and it is not judged itself.
    """

    source: str
    site: str
    id: str
    key: str
    url: str
    title: str
    text: str
    status: Status
    created: datetime
    updated: datetime
    version: str
    reported: datetime | None = None
    client: str | None = None
    engagement: str | None = None
    kind: str = ""
    reporter: Person | None = None
    assignee: Person | None = None
    labels: frozenset[str] = frozenset()
    due: date | None = None
    due_text: str = ""
    resolved: datetime | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    comments: tuple[Comment, ...] = ()
    changes: tuple[Change, ...] = ()
    complete_since: datetime | None = None
    audiences: frozenset[Audience] = frozenset()
    ledger: Mapping[str, object] | None = None
    problems: tuple[str, ...] = ()
    follow_up: bool = False
