"""What every tracker's harness offers the contract tests: a fake, a tracker on it, and people who act in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path
    from types import TracebackType

    from sync.mapping.tracker_models import BringIn
    from sync.ticket import Audience, Status
    from sync.trackers.base import Tracker

Write = Literal["edit", "comment", "follow_up"]


class Posted(NamedTuple):
    """A comment as it truly stands in the tracker: its bare text, who can read it, the marks it carries."""

    text: str
    audience: Audience
    marks: tuple[str, ...]


class Harness(Protocol):
    """One tracker with everything behind it; `with Kind(tmp_path) as harness` starts and stops it.

    Its mapping fills the ticket fields `client` and `severity` and knows one status of the tracker for each
    `Status`. People are the same everywhere: one staff member, one client, and makegood's own account. Ids are
    those of `Ticket.id`. What a method does is done at once and at the harness's own time.
    """

    name: ClassVar[str]
    """Shown as the test's parameter."""
    audiences: ClassVar[frozenset[Audience]]
    """The circles to which a comment on its tickets can be confined."""
    history: ClassVar[bool]
    """Whether the tracker itself tells what was changed when."""
    ledger: ClassVar[bool]
    """Whether the tracker keeps our ledger."""
    remote: ClassVar[bool]
    """Whether there are credentials, and a network that loses answers."""
    brings_in: ClassVar[frozenset[BringIn]]
    """How a person can be brought to a ticket here."""

    def __init__(self, folder: Path) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def tracker(self, *, token: str | None = None) -> Tracker:
        """A fresh tracker on this source, not yet connected; with `token` in place of the right one."""
        ...

    @property
    def requests(self) -> int:
        """How many requests have reached the tracker so far (reads of the file, for a workbook)."""
        ...

    def advance(self, seconds: float) -> None:
        """Let time pass, so that what happens next has a later time."""
        ...

    def create(
        self,
        title: str,
        *,
        text: str = "",
        status: Status | None = None,
        client: str | None = "Client A",
        severity: str | None = None,
        labels: tuple[str, ...] = (),
        due: date | None = None,
    ) -> str:
        """A client issue reported by the client; `status` is open without one. Returns its id."""
        ...

    def create_unreadable(self) -> str:
        """A record with a status that is in no list of the mapping; returns its id."""
        ...

    def set_status(self, ticket: str, status: Status) -> None:
        """The staff member changes the status."""
        ...

    def set_due(self, ticket: str, due: date | None) -> None:
        """The staff member changes the due date."""
        ...

    def add_label(self, ticket: str, label: str) -> None:
        """The staff member puts a label on."""
        ...

    def remove_label(self, ticket: str, label: str) -> None:
        """The staff member takes a label off."""
        ...

    def comment_as_staff(self, ticket: str, text: str) -> str:
        """The staff member writes an ordinary comment, read by the widest of `audiences`; returns its id."""
        ...

    def comment_as_client(self, ticket: str, text: str) -> str:
        """The client writes a comment; returns its id."""
        ...

    def delete(self, ticket: str) -> None:
        """The ticket goes for good."""
        ...

    def staff_id(self) -> str:
        """The id of the staff member, called `Delivery lead`, as `Person.id` has it."""
        ...

    def dismiss_staff(self) -> None:
        """The staff member's account is deactivated, where there are accounts."""
        ...

    def followers_of(self, ticket: str) -> frozenset[str]:
        """The ids of the users who follow the ticket, without those who do only because they wrote it."""
        ...

    def owner_of(self, ticket: str) -> str:
        """The id of the user whom the ticket is assigned to, or empty."""
        ...

    def mentioned_in(self, ticket: str) -> frozenset[str]:
        """The ids of the users whom the comments truly mention."""
        ...

    def below(self, ticket: str) -> list[str]:
        """The ids of the issues that belong to the ticket: subtasks, linked issues, rows."""
        ...

    def labels_of(self, ticket: str) -> frozenset[str]:
        """The labels as they truly are."""
        ...

    def due_of(self, ticket: str) -> date | None:
        """The due date as it truly is."""
        ...

    def comments_of(self, ticket: str) -> list[Posted]:
        """The comments as they truly are, oldest first."""
        ...

    def stumble(self) -> None:
        """Let the next read fail at the tracker's end, once, in a way that passes. Only if `remote`."""
        ...

    def throttle(self, write: Write) -> None:
        """Let the next such write be rejected by a limit, once, asking for a short wait. Only if `remote`."""
        ...

    def lose_next_answer(self, write: Write, *, applied: bool) -> None:
        """Let the answer to the next such write be lost, the write done or not. Only if `remote`."""
        ...
