"""What we remember of one ticket, as plain values: said, written, refused, observed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sync.action import Obligation, reference

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from sync.promise_names import PromiseName


_MOST = 12  # more steps than a ladder of ten roles has


WHATEVER = ""
"""The reason of a refused label where it is not known: the next one that the label is wanted for."""


@dataclass(frozen=True, slots=True)
class Respite:
    """What an edit of the mapping leaves a promise: one warning period `since` its load, or the time `by` which it
    had been promised before, if that is earlier (None: it was overdue at once).
    """

    since: datetime
    by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What was done on one ticket before.

    `said`: action ids (12 characters), or references (6) where only those could be read back. `steps`: the last
    occasion and step said of each promise, where that is known. `doubtful` is since when a comment's outcome is
    unknown (None: none is), `unsure` the action ids of issues that were perhaps made below it. `labels` are those
    we wrote and nobody took off; `refused` maps a label that a person took off to the reason it then stood for.
    `due` is the last date we wrote, meant only when `due_written`. `granted` are promises, by name and occasion,
    that an edit of the mapping made overdue, or would have before one warning period was over.
    `stale`: the state was restored from a backup, and the ticket, which may know more, was not read back since.
    """

    said: frozenset[str] = frozenset()
    steps: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    doubtful: datetime | None = None
    unsure: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    due: date | None = None
    due_written: bool = False
    refused: Mapping[str, str] = field(default_factory=dict)
    granted: Mapping[tuple[str, str], Respite] = field(default_factory=dict)
    stale: bool = False

    def has_said(self, identifier: str) -> bool:
        """Whether the action is known to have been done."""
        return identifier in self.said or reference(identifier) in self.said

    def last_step(self, site: str, ticket: str, promise: PromiseName, occasion: str, most: int = 0) -> int:
        """The highest step said of a promise on one occasion, looked for up to `most` at least; 0 if none."""
        last, step = self.steps.get(promise, ("", 0))
        known = step if last == occasion else 0
        for later in range(max(most, _MOST), known, -1) if self.said else ():
            if self.has_said(Obligation(promise, occasion, later).id(site, ticket)):
                return later
        return known

    def times_said(self, site: str, ticket: str, promise: PromiseName, occasion: str, steps: range) -> int:
        """How many of these steps of a promise were said on one occasion."""
        if not self.said:
            return 0
        return sum(self.has_said(Obligation(promise, occasion, step).id(site, ticket)) for step in steps)


NOTHING = Memory()


@dataclass(frozen=True, slots=True)
class Entry:
    """One observed difference of one field, or its first sight (`before` is then the same as `after`)."""

    number: int
    at: datetime
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Observed:
    """One ticket's observation log, oldest first."""

    entries: tuple[Entry, ...] = ()

    def latest(self, name: str) -> str | None:
        """The field's value when last observed; None if it never was."""
        return next((entry.after for entry in reversed(self.entries) if entry.field == name), None)
