"""The narrow protocol between the program and any tracker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sync.action import Draft, Edit, Failed, FollowUp, Written
    from sync.errors import TrackerError
    from sync.mapping.tracker_models import BringIn
    from sync.ticket import Comment, Ticket


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one tracker can and cannot do.

    `history`: its own change log is readable; without it an observation log is kept in the state. `ledger`: it
    keeps an invisible value per ticket for us. `writers`: how many tickets may be written side by side.
    `brings_in`: how a person can be brought to a ticket here.
    """

    history: bool
    ledger: bool
    writers: int
    brings_in: frozenset[BringIn] = frozenset()


@dataclass(frozen=True, slots=True)
class Page:
    """Some tickets of a listing. `failed` are single records that could not be read; `cursor` is where the next
    poll may start once everything up to here is remembered (None: not yet).
    """

    tickets: tuple[Ticket, ...]
    failed: tuple[Failed, ...] = ()
    cursor: str | None = None
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Marks:
    """Our marks on one ticket: found ones, whether the search was complete, and the ledger if there is one.

    `complete` False means unassessable (no right to read, truncated, lag): nothing may be concluded, and
    nothing posted. `comments` are those that carry a mark.
    """

    complete: bool
    comments: Sequence[Comment] = ()
    ledger: Mapping[str, object] | None = None

    @property
    def marks(self) -> Mapping[str, Comment]:
        """Each mark (6 or 12 characters) with a comment that carries it, the last if there are several."""
        return {mark: comment for comment in self.comments for mark in comment.marks}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `check --online`: fine, doubtful or broken, about what, and the remedy."""

    level: Literal["ok", "warning", "error"]
    about: str
    what: str


class Reader(Protocol):
    """Reading one source. Every method raises only `TrackerError`s; instants are aware UTC."""

    @property
    def capabilities(self) -> Capabilities:
        """What this tracker can do; needs no request."""
        ...

    @property
    def notice(self) -> str | None:
        """What a person should know of the source as a whole, as last read; None if there is nothing."""
        ...

    def connect(self) -> str:
        """Prove the credentials and return the immutable site or workspace id. Called once a pass."""
        ...

    def changed(self, cursor: str | None) -> Iterator[Page]:
        """Tickets changed since the cursor, at least once each, overlap included; everything for None.

        The cursor is opaque and made here. Never yields the same (id, version) twice in one call.
        """
        ...

    def fetch(self, ids: Sequence[str]) -> Iterator[Page]:
        """These tickets as they are now, read by id, never from an index; missing ones are in `Page.gone`."""
        ...

    def ids(self) -> Iterable[str]:
        """Every ticket id of the source, cheaply: the crawl that finds what polling misses."""
        ...

    def marks(self, ticket: str) -> Marks:
        """Our marks on one ticket, read from the ticket itself."""
        ...

    def left(self, people: Collection[str]) -> frozenset[str]:
        """Those of these user ids whose accounts are known to be deactivated; asked seldom. Unknown ones count
        as present.
        """
        ...

    def follow_ups(self, ticket: str) -> Mapping[str, str] | None:
        """Mark → id of each issue that we created below the ticket; None where that cannot be told."""
        ...

    def check(self) -> Iterable[Finding]:
        """What is wrong or doubtful with credentials, fields, statuses, permissions and readers."""
        ...


class Tracker(Reader, Protocol):
    """Reading and writing one source. A write is sent once: `LostAnswerError` means its outcome is unknown, also
    where a limit refused one that cannot be repeated, or an edit was applied in part.
    """

    def edit(self, ticket: str, edit: Edit) -> Written:
        """Change labels, due date and ledger in as few requests as the tracker allows; idempotent."""
        ...

    def comment(self, ticket: str, draft: Draft) -> Written:
        """Post one comment with its marks, confined to its audience; not idempotent."""
        ...

    def follow_up(self, ticket: str, draft: FollowUp) -> Written:
        """Create one issue, subtask or row that belongs to the ticket, with its mark; not idempotent."""
        ...

    def delete_comment(self, ticket: str, comment: str) -> Written:
        """Take back one comment of ours; one that is gone already is no error."""
        ...

    def clone(self) -> Tracker:
        """Another one for another thread, sharing nothing that is not thread-safe."""
        ...

    def close(self) -> None:
        """Give connections back. What was written so far stays written."""
        ...


@runtime_checkable
class Batching(Protocol):
    """A tracker whose many writes are one: all that it does not refuse are done, or none is."""

    def batch(self, writes: Sequence[tuple[str, Edit | None, Draft | None]]) -> list[Written | TrackerError]:
        """Make these tickets' writes in one durable step; each answered in the same order, or refused alone."""
        ...


@runtime_checkable
class Dated(Protocol):
    """A tracker with a clock of its own."""

    @property
    def told_at(self) -> datetime | None:
        """What its clock said (aware UTC) when it answered `connect`, or since; None if it did not say."""
        ...
