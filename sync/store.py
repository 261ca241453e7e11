"""What we did and must not do again: one SQLite file, one writer, one commit per step."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal, Self, cast

from sync.action import Obligation
from sync.errors import LockHeldError, StateError
from sync.facts import Known
from sync.memory import Entry, Memory, Observed
from sync.statefile import locked, opened, remedy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sync.action import PromiseName


Outcome = Literal["intended", "settled", "unknown", "absent", "failed"]


@dataclass(frozen=True, slots=True)
class SourceState:
    """Where a source stands: its cursor, its last crawl, and the digest of the policy that last judged it.

    `halted` is the policy under which a comment reached a wider circle than it was meant for: while that
    policy lasts, the source gets no comment.
    """

    site: str = ""
    cursor: str | None = None
    crawled_at: datetime | None = None
    policy: str = ""
    last_good: datetime | None = None
    trouble: str = ""
    halted: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One ticket of the index: what facts are folded from, and when it wants to be judged again."""

    source: str
    known: Known
    live: bool
    wake_at: datetime | None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One write as the journal tells it."""

    number: int
    site: str
    ticket: str
    kind: str
    detail: Mapping[str, object]
    outcome: Outcome
    intended_at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """A write about to be made: `detail` is what recovery and `status` need to know of it, JSON-able."""

    site: str
    ticket: str
    kind: Literal["edit", "comment"]
    detail: Mapping[str, object] = field(default_factory=dict)


def _text(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class Store:
    """The state file. Opened for reading it changes nothing; opened for writing it holds the lock.

    StateError, naming the file and the remedy, for one that is garbage, newer than this program or unwritable;
    LockHeldError while another run works on it. Not for several threads.
    """

    def __init__(self, path: Path, *, write: bool) -> None:
        self._path = path
        self._write = write
        self._lock = locked(path) if write else None
        try:
            self._database = opened(path, write=write)
        except BaseException:
            self._unlock()
            raise
        self.epoch = self._next_epoch() if write else 0

    def close(self) -> None:
        """Close the file and give the lock back."""
        self._database.close()
        self._unlock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _next_epoch(self) -> int:
        with self._committed():
            self._database.execute(
                "INSERT INTO meta VALUES ('epoch', '1') "
                "ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
            )
            row = self._database.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        return int(row[0])

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @contextmanager
    def _committed(self) -> Iterator[None]:
        """One transaction; a frozen writer whose epoch has passed is refused before it changes anything."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as fault:
            raise StateError(remedy(self._path, fault)) from None
        try:
            self._fenced()
            yield
            self._database.execute("COMMIT")
        except BaseException as fault:
            with suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            if isinstance(fault, sqlite3.Error):
                raise StateError(remedy(self._path, fault)) from None
            raise

    def _fenced(self) -> None:
        epoch = getattr(self, "epoch", 0)
        if not epoch:
            return
        row = self._database.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        if int(row[0]) != epoch:
            raise LockHeldError(f"another run took over {self._path} meanwhile; this one stops without writing")

    # --- reading ------------------------------------------------------------------------------------------------

    def source(self, name: str) -> SourceState:
        """Where the source stands; a blank one if it was never seen."""
        row = self._database.execute(
            "SELECT site, cursor, crawled_at, policy, last_good, trouble, halted FROM sources WHERE name = ?",
            (name,),
        ).fetchone()
        if row is None:
            return SourceState()
        return SourceState(row[0], row[1], _instant(row[2]), row[3], _instant(row[4]), row[5], row[6])

    def clients(self, names: Iterable[str]) -> list[Row]:
        """The index rows of these clients' tickets, of all sources."""
        return [row for name in names for row in self._rows("client = ?", name)]

    def find(self, key: str, source: str | None = None) -> list[Row]:
        """The index rows of the ticket with this key or id."""
        return self._rows("(key = ? OR id = ?) AND (? IS NULL OR source = ?)", key, key, source, source)

    def due(self, source: str, now: datetime) -> list[str]:
        """Ids of the source's tickets that want to be judged again by now."""
        rows = self._database.execute(
            "SELECT id FROM tickets WHERE source = ? AND wake_at <= ? ORDER BY wake_at, id", (source, _text(now))
        )
        return [row[0] for row in rows]

    def ids(self, source: str, *, live_only: bool = False) -> list[str]:
        """Ids of the source's known tickets."""
        rows = self._database.execute(
            "SELECT id FROM tickets WHERE source = ? AND live >= ? ORDER BY id", (source, live_only)
        )
        return [row[0] for row in rows]

    def _rows(self, where: str, *values: object) -> list[Row]:
        rows = self._database.execute(
            "SELECT site, id, source, key, client, category, opened, resolved, live, wake_at "  # noqa: S608 - ours
            f"FROM tickets WHERE {where} ORDER BY site, id",
            values,
        )
        return [
            Row(
                source,
                Known(site, ticket, key, client, category, datetime.fromisoformat(opened), _instant(resolved)),
                bool(live),
                _instant(wake_at),
            )
            for site, ticket, source, key, client, category, opened, resolved, live, wake_at in rows
        ]

    def memories(self, site: str, ids: Iterable[str]) -> dict[str, Memory]:
        """What is remembered of these tickets, by ticket id; a ticket never touched is missing."""
        doubtful = {entry.ticket: entry.intended_at for entry in self.unsettled(site) if entry.kind == "comment"}
        kept: dict[str, Memory] = {}
        for ticket in ids:
            row = self._database.execute(
                "SELECT labels, due, due_written, refused FROM tickets WHERE site = ? AND id = ?", (site, ticket)
            ).fetchone()
            said, steps = self._said(site, ticket)
            if row is None and not said and ticket not in doubtful:
                continue
            labels, due, due_written, refused = row or ("[]", None, 0, "{}")
            kept[ticket] = Memory(
                said=said,
                steps=steps,
                doubtful=doubtful.get(ticket),
                labels=frozenset(json.loads(labels)),
                due=date.fromisoformat(due) if due else None,
                due_written=bool(due_written),
                refused=json.loads(refused),
            )
        return kept

    def _said(self, site: str, ticket: str) -> tuple[frozenset[str], dict[str, tuple[str, int]]]:
        rows = self._database.execute(
            "SELECT mark, promise, occasion, step FROM said WHERE site = ? AND ticket = ? ORDER BY at, step",
            (site, ticket),
        ).fetchall()
        steps = {promise: (occasion, step) for _, promise, occasion, step in rows if promise}
        return frozenset(row[0] for row in rows), steps

    def unsettled(self, site: str | None = None) -> list[JournalEntry]:
        """Writes whose outcome is not known yet, oldest first."""
        rows = self._database.execute(
            "SELECT number, site, ticket, kind, detail, outcome, intended_at, note FROM journal "
            "WHERE outcome IN ('intended', 'unknown') AND (? IS NULL OR site = ?) ORDER BY number",
            (site, site),
        )
        return [_entry(row) for row in rows]

    def journal(self, site: str, ticket: str) -> list[JournalEntry]:
        """All that was written on one ticket, oldest first."""
        rows = self._database.execute(
            "SELECT number, site, ticket, kind, detail, outcome, intended_at, note FROM journal "
            "WHERE site = ? AND ticket = ? ORDER BY number",
            (site, ticket),
        )
        return [_entry(row) for row in rows]

    def observed(self, site: str, ids: Iterable[str]) -> dict[str, Observed]:
        """The observation log of a source that keeps no history itself, by ticket id."""
        return {ticket: Observed(tuple(self._entries(site, ticket))) for ticket in ids}

    def _entries(self, site: str, ticket: str) -> Iterator[Entry]:
        rows = self._database.execute(
            "SELECT number, at, field, before, after FROM observations "
            "WHERE site = ? AND ticket = ? ORDER BY number",
            (site, ticket),
        )
        for number, at, name, before, after in rows:
            yield Entry(number, datetime.fromisoformat(at), name, before, after)

    # --- writing ------------------------------------------------------------------------------------------------

    def intend(self, run: str, intents: Sequence[Intent], now: datetime) -> list[int]:
        """Say what is about to be written, durably; returns the journal numbers in the same order."""
        numbers = []
        with self._committed():
            for intent in intents:
                made = self._database.execute(
                    "INSERT INTO journal (site, ticket, run, kind, detail, outcome, intended_at, note) "
                    "VALUES (?, ?, ?, ?, ?, 'intended', ?, '')",
                    (intent.site, intent.ticket, run, intent.kind, json.dumps(intent.detail), _text(now)),
                )
                numbers.append(cast("int", made.lastrowid))
        return numbers

    def settle(self, outcomes: Iterable[Settlement], now: datetime) -> None:
        """Say how writes ended, with what is therefore known to be on the tickets: one commit."""
        with self._committed():
            for outcome in outcomes:
                self._database.execute(
                    "UPDATE journal SET outcome = ?, ended_at = ?, note = ? WHERE number = ?",
                    (outcome.outcome, _text(now), outcome.note, outcome.number),
                )
                for owed in outcome.said:
                    step = (owed.promise, owed.occasion, owed.step)
                    mark = owed.id(outcome.site, outcome.ticket)
                    self._say(outcome.site, outcome.ticket, mark, step, outcome.comment, now)
                if outcome.memory is not None:
                    self._keep(outcome.site, outcome.ticket, outcome.memory)

    def remember(self, source: str, state: SourceState, rows: Iterable[Row], kept: Mapping[str, Memory]) -> None:
        """The end of a pass: the source's cursor, its tickets' index rows, and changed memories; one commit."""
        with self._committed():
            self._database.execute(
                "INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
                "site = excluded.site, cursor = excluded.cursor, crawled_at = excluded.crawled_at, "
                "policy = excluded.policy, last_good = excluded.last_good, trouble = excluded.trouble, "
                "halted = excluded.halted",
                (
                    source,
                    state.site,
                    state.cursor,
                    _text(state.crawled_at),
                    state.policy,
                    _text(state.last_good),
                    state.trouble,
                    state.halted,
                ),
            )
            self._database.executemany(
                "INSERT INTO tickets (site, id, source, key, client, category, opened, resolved, live, wake_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site, id) DO UPDATE SET "
                "source = excluded.source, key = excluded.key, client = excluded.client, "
                "category = excluded.category, opened = excluded.opened, resolved = excluded.resolved, "
                "live = excluded.live, wake_at = excluded.wake_at",
                [
                    (
                        row.known.site,
                        row.known.id,
                        row.source,
                        row.known.key,
                        row.known.client,
                        row.known.category,
                        _text(row.known.opened),
                        _text(row.known.resolved),
                        row.live,
                        _text(row.wake_at),
                    )
                    for row in rows
                ],
            )
            for ticket, memory in kept.items():
                self._keep(state.site, ticket, memory)

    def trouble(self, source: str, words: str) -> None:
        """Note that a source could not be served, for `status`."""
        with self._committed():
            self._database.execute(
                "INSERT INTO sources (name, site, trouble) VALUES (?, '', ?) "
                "ON CONFLICT (name) DO UPDATE SET trouble = excluded.trouble",
                (source, words),
            )

    def observe(self, site: str, entries: Mapping[str, Sequence[Entry]]) -> None:
        """Add to the observation log."""
        with self._committed():
            self._database.executemany(
                "INSERT OR IGNORE INTO observations VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (site, ticket, entry.number, _text(entry.at), entry.field, entry.before, entry.after)
                    for ticket, listed in entries.items()
                    for entry in listed
                ],
            )

    def forget_tickets(self, site: str, ids: Iterable[str]) -> None:
        """Drop tickets that are gone from the tracker from the index; what was said of them stays."""
        with self._committed():
            self._database.executemany("DELETE FROM tickets WHERE site = ? AND id = ?", [(site, i) for i in ids])

    def relearn(self, site: str, ticket: str, memory: Memory, now: datetime) -> None:
        """What was read back from one ticket."""
        with self._committed():
            for mark in memory.said:
                self._say(site, ticket, mark, ("", "", 0), "", now)
            for promise, (occasion, step) in memory.steps.items():
                owed = Obligation(cast("PromiseName", promise), occasion, step)
                self._say(site, ticket, owed.id(site, ticket), (promise, occasion, step), "", now)
            self._keep(site, ticket, memory)

    def _say(  # noqa: PLR0913, PLR0917 - one row's columns
        self, site: str, ticket: str, mark: str, step: tuple[str, str, int], comment: str, now: datetime
    ) -> None:
        self._database.execute(
            "INSERT INTO said VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site, ticket, mark) DO UPDATE SET "
            "promise = excluded.promise, occasion = excluded.occasion, step = excluded.step "
            "WHERE excluded.promise <> ''",
            (site, ticket, mark, comment, _text(now), *step),
        )

    def _keep(self, site: str, ticket: str, memory: Memory) -> None:
        values = (
            json.dumps(sorted(memory.labels)),
            memory.due.isoformat() if memory.due else None,
            memory.due_written,
            json.dumps(dict(sorted(memory.refused.items()))),
        )
        self._database.execute(
            "INSERT INTO tickets "
            "(site, id, source, key, client, category, opened, live, labels, due, due_written, refused) "
            "VALUES (?, ?, '', '', '', 'unclassified', '1970-01-01T00:00:00+00:00', 0, ?, ?, ?, ?) "
            "ON CONFLICT (site, id) DO UPDATE SET labels = excluded.labels, due = excluded.due, "
            "due_written = excluded.due_written, refused = excluded.refused",
            (site, ticket, *values),
        )


@dataclass(frozen=True, slots=True)
class Settlement:
    """How one write ended: its journal number, and what is known since. `said` was proved to be said."""

    number: int
    site: str
    ticket: str
    outcome: Outcome
    said: tuple[Obligation, ...] = ()
    comment: str = ""
    memory: Memory | None = None
    note: str = ""


def _entry(row: tuple[int, str, str, str, str, str, str, str]) -> JournalEntry:
    return JournalEntry(
        row[0],
        row[1],
        row[2],
        row[3],
        json.loads(row[4]),
        cast("Outcome", row[5]),
        datetime.fromisoformat(row[6]),
        row[7],
    )
