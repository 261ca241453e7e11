"""What the state file holds, as plain values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast

from sync.action import Obligation

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sync.judging.facts import Known
    from sync.judging.memory import Memory
    from sync.judging.standing import Standing
    from sync.promise_names import PromiseName
    from sync.ticket import Severity

Outcome = Literal["intended", "settled", "unknown", "absent", "failed"]
WriteKind = Literal["edit", "comment", "follow_up", "delete"]
NoticeOutcome = Literal["intended", "unknown", "settled", "failed", "void"]
"""`unknown`: perhaps it was sent, so never again. `void`: its comment was not written, so there is no news."""


def imprint(text: str) -> str:
    """What a text is known by, 16 hex digits: white space apart, which trackers write as they like."""
    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "surrogatepass")).hexdigest()[:16]


WEBHOOK = "webhook"
"""What `Notice.to` says instead of an address."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """Where a source stands: its cursor, its last crawl, and the digest of the policy that last judged it.

    `halted` is the policy under which a comment reached a wider circle than it was meant for: while that
    policy lasts, the source gets no comment. `left` are role-holders whose accounts are deactivated there.
    """

    site: str = ""
    cursor: str | None = None
    crawled_at: datetime | None = None
    policy: str = ""
    last_good: datetime | None = None
    trouble: str = ""
    halted: str = ""
    left: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """One ticket of the index: what facts are folded from, and when it wants to be judged again.

    `standing` is where its last judgement left it; None for one that was judged by an older version.
    """

    source: str
    known: Known
    live: bool
    wake_at: datetime | None
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """How many live tickets of one source and severity there are.

    `due` of them have promises of which none is broken yet, `broken` one that is.
    """

    source: str
    severity: Severity
    live: int
    due: int
    broken: int


@dataclass(frozen=True, slots=True)
class Override:
    """That a person undid what we wrote: the label that they took off, or "due", and the mapping cell behind it.

    `reason` is what it stood for then, so that undoing it once counts once.
    """

    ticket: str
    what: str
    reason: str
    rule: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Remembered:
    """What one pass leaves behind of one source.

    `memories` are those that changed, by ticket id, and `overrides` what people undid since the last pass.
    `unread` are records that could not be read, id → why, and `again` is when they are tried again. `gone` are ids
    that the source no longer has.
    """

    state: SourceState
    rows: Sequence[Row] = ()
    memories: Mapping[str, Memory] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    again: datetime | None = None
    gone: Collection[str] = ()
    overrides: Sequence[Override] = ()


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One write of a run as the journal tells it. `ended_at`: since when nobody can be sending it any more, if
    known.
    """

    number: int
    site: str
    ticket: str
    kind: str
    detail: Mapping[str, object]
    outcome: Outcome
    intended_at: datetime
    note: str = ""
    ended_at: datetime | None = None
    run: str = ""

    @property
    def said(self) -> tuple[Obligation, ...]:
        """What a comment says, or would have said; nothing for an edit."""
        listed = cast("list[tuple[PromiseName, str, int]]", self.detail.get("said", []))
        return tuple(Obligation(promise, occasion, step) for promise, occasion, step in listed)


@dataclass(frozen=True, slots=True)
class Intent:
    """A write about to be made: `detail` is what recovery and `status` need to know of it, JSON-able."""

    site: str
    ticket: str
    kind: WriteKind
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """What one person, or one webhook, is told of a ticket beside the tracker: plain text.

    `mark` begins with the action id of the step that it tells of, and is its own for each `to`: an e-mail address
    or `WEBHOOK`, empty while nobody is chosen. `roles` are those whom it concerns. One that is `confidential` says
    where the matter waits, and nothing of it.
    """

    mark: str
    site: str
    ticket: str
    key: str
    url: str
    subject: str
    body: str
    severity: Severity
    roles: tuple[str, ...] = ()
    confidential: bool = False
    to: str = ""


@dataclass(frozen=True, slots=True)
class NoticeEntry:
    """One notice as the state tells it. `ended_at`: when it was last tried."""

    notice: Notice
    outcome: NoticeOutcome
    intended_at: datetime
    note: str = ""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """How one write ended: its journal number, and what is known since. `said` was proved to be said.

    `deleted` is the comment that is there no more.
    `leaked`: the comment that was found reaches a wider circle than it was meant for.
    """

    number: int
    site: str
    ticket: str
    outcome: Outcome
    said: tuple[Obligation, ...] = ()
    comment: str = ""
    memory: Memory | None = None
    note: str = ""
    leaked: bool = False
    deleted: str = ""
