"""What we did and must not do again: one SQLite file, one writer, one commit per step."""

from __future__ import annotations

import json
import math
import os
import shutil
import sqlite3
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from sync.action import Obligation
from sync.errors import LockHeldError
from sync.state.archive import Archive, text
from sync.state.backup import keep_before_upgrade
from sync.state.kept import known_text, standing_text
from sync.state.statefile import locked, note_epoch, opened, refused
from sync.timekeeping import TOLERATED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sync.judging.memory import Entry, Memory, Respite
    from sync.promise_names import PromiseName
    from sync.state.records import Intent, Notice, NoticeOutcome, Remembered, Row, Settlement, SourceState
    from sync.ticket import Category, Ticket


_COPIES = 2
"""How many times its own size a file takes at most while it is written anew, by SQLite's documentation."""
_UNTOLD = ", detail = json_set(detail, '$.subject', '', '$.body', '')"


class Store(Archive):
    """The state file. Opened for writing it holds the lock; opened for reading it is a copy in memory, so that
    nothing done to it reaches the file.

    Before an older file is brought to a newer schema, a backup of it is left beside it.

    StateError, naming the file and the remedy, for one that is damaged, newer than this program or unwritable;
    LockHeldError while another run works on it. Threads share its one connection, and commit one after another.
    """

    def __init__(self, path: Path, *, write: bool) -> None:
        self.epoch = 0
        self._stirred: dict[tuple[str, str], datetime] = {}
        with ExitStack() as held:
            if write:
                lock = locked(path)
                held.callback(os.close, lock)
                keep_before_upgrade(path)
            super().__init__(path, opened(path, write=write))
            held.callback(self._database.close)
            if write:
                self._file = _file_at(path)
                self.epoch = self._next_epoch()
                note_epoch(lock, self.epoch)
            self._held = held.pop_all()

    @classmethod
    def in_memory(cls) -> Self:
        """An empty store that ends with the program."""
        return cls(Path(":memory:"), write=False)

    def close(self) -> None:
        """Close the file and give the lock back."""
        self._held.close()

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
        return self._epoch()

    def _epoch(self) -> int:
        return int(self._select("SELECT value FROM meta WHERE key = 'epoch'")[0][0])

    def _fence(self) -> None:
        if self.epoch and self._epoch() != self.epoch:
            raise LockHeldError(f"another run took over {self._path} meanwhile; this one stops without writing")
        if self.epoch and _file_at(self._path) != self._file:
            raise LockHeldError(
                f"{self._path} was deleted or replaced under a run at work; this one stops without writing, and "
                "whatever starts next goes on with the file that stands there"
            )

    @contextmanager
    def _committed(self) -> Iterator[None]:
        """One transaction; a frozen writer whose epoch has passed is refused before it changes anything."""
        with self._turn:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                self._fence()
                yield
                self._database.execute("COMMIT")
            except BaseException as fault:
                with suppress(sqlite3.Error):
                    self._database.execute("ROLLBACK")
                if isinstance(fault, sqlite3.Error):
                    raise refused(self._path, fault) from None
                raise

    def intend(
        self, run: str, intents: Sequence[Intent], now: datetime, notices: Iterable[Notice] = ()
    ) -> list[int]:
        """Say what is about to be written, durably; returns the journal numbers in the same order.

        A notice of a ticket that gets a comment goes with that comment: it waits until this is written, and is
        void if it is not. One whose mark is known already is kept as it is, unless it was void.
        """
        numbers = []
        comments: dict[tuple[str, str], int] = {}
        with self._committed():
            for intent in intents:
                made = self._database.execute(
                    "INSERT INTO journal (site, ticket, run, kind, detail, outcome, intended_at, note) "
                    "VALUES (?, ?, ?, ?, ?, 'intended', ?, '')",
                    (
                        self._numbered(intent.site),
                        intent.ticket,
                        run,
                        intent.kind,
                        _json(intent.detail),
                        text(now),
                    ),
                )
                numbers.append(cast("int", made.lastrowid))
                if intent.kind == "comment":
                    comments[intent.site, intent.ticket] = numbers[-1]
            for notice in notices:
                self._keep_notice(notice, comments.get((notice.site, notice.ticket), 0), now)
        return numbers

    def settle_notice(self, mark: str, outcome: NoticeOutcome, now: datetime, note: str = "") -> None:
        """Say how the sending of a notice stands; once that is over, what it said is forgotten."""
        over = outcome in {"settled", "failed", "void"}
        with self._committed():
            self._database.execute(
                f"UPDATE notices SET outcome = ?, ended_at = ?, note = ? {_UNTOLD * over} WHERE mark = ?",  # noqa: S608 - ours
                (outcome, text(now), note, mark),
            )

    def settle(self, outcomes: Iterable[Settlement], now: datetime) -> None:
        """Say how writes ended, with what is therefore known to be on the tickets: one commit.

        Notices that go with a comment that was not written, or that was taken back, are void from then on.
        """
        with self._committed():
            for outcome in outcomes:
                self._database.execute(
                    "UPDATE journal SET outcome = ?, note = ?, "
                    "ended_at = CASE WHEN ended_at <= ? THEN ended_at ELSE ? END WHERE number = ?",
                    (outcome.outcome, outcome.note, text(now + TOLERATED), text(now), outcome.number),
                )
                for owed in outcome.said:
                    step = (owed.promise, owed.occasion, owed.step)
                    mark = owed.id(outcome.site, outcome.ticket)
                    self._say(outcome.site, outcome.ticket, mark, step, outcome.comment, now)
                if outcome.memory is not None:
                    self._keep(outcome.site, outcome.ticket, outcome.memory)
                if outcome.outcome in {"failed", "absent"}:
                    self._void("its comment was not written", now, "comment = ?", outcome.number)
                elif outcome.deleted:
                    said = "SELECT mark FROM said WHERE said.site = ? AND said.ticket = ? AND said.comment = ?"
                    deleted = self._numbered(outcome.site), outcome.ticket, outcome.deleted
                    self._void("its comment was taken back", now, f"substr(mark, 1, 12) IN ({said})", *deleted)

    def remember(self, source: str, left: Remembered) -> None:
        """The end of a pass: the source's cursor, its index, and changed memories; one commit.

        Tickets that are gone leave the index; what was said and written on them stays known.
        """
        site = left.state.site
        with self._committed():
            number = self._numbered(site)
            self._keep_source(source, left.state)
            self._keep_rows([self._as_stirred(row) for row in left.rows])
            for ticket, memory in left.memories.items():
                self._keep(site, ticket, memory)
            self._database.executemany(
                "INSERT OR IGNORE INTO overrides VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (number, each.ticket, each.what, each.reason, each.rule, text(each.at))
                    for each in left.overrides
                ],
            )
            self._drop("site = ? AND id = ? AND source = ?", [(number, ticket, source) for ticket in left.gone])
            read = {*left.gone, *(row.known.id for row in left.rows)} - left.unread.keys()
            self._database.executemany(
                "DELETE FROM unread WHERE source = ? AND id = ?", [(source, ticket) for ticket in read]
            )
            self._database.executemany(
                "INSERT OR REPLACE INTO unread VALUES (?, ?, ?, ?)",
                [(source, ticket, text(left.again), why) for ticket, why in left.unread.items()],
            )

    def moved(self, source: str, site: str) -> None:
        """The source stands on this site now: its tickets on any other leave the index."""
        with self._committed():
            self._drop("source = ? AND site <> ?", [(source, self._numbered(site))])
            self._database.execute("DELETE FROM unread WHERE source = ?", (source,))

    def grant(self, site: str, ticket: str, respites: Mapping[tuple[str, str], Respite]) -> None:
        """What these promises (name, occasion) are left by an edit; one that has a respite keeps its own."""
        with self._committed():
            self._database.executemany(
                "INSERT OR IGNORE INTO granted VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (self._numbered(site), ticket, *key, text(each.since), text(each.by))
                    for key, each in respites.items()
                ],
            )

    def wake(self, tickets: Iterable[tuple[str, str]], now: datetime) -> None:
        """Have these tickets (site, id) judged again, whatever their clocks say."""
        with self._committed():
            self._database.executemany(
                "UPDATE tickets SET wake_at = ? WHERE site = ? AND id = ? AND (wake_at IS NULL OR wake_at > ?)",
                [(text(now), self._numbered(site), ticket, text(now)) for site, ticket in tickets],
            )

    def stir(self, tickets: Collection[tuple[str, str]], now: datetime) -> None:
        """As `wake`, also where a pass over their source is under way that read them before."""
        with self._turn:
            self.wake(tickets, now)
            self._stirred |= dict.fromkeys(tickets, now)

    def due(self, source: str, now: datetime) -> list[str]:
        """As the archive says; whatever stirs one of them from now on is news to the pass that asks this."""
        with self._turn:
            found, site = super().due(source, now), self.source(source).site
            for ticket in found:
                self._stirred.pop((site, ticket), None)
            return found

    def _as_stirred(self, row: Row) -> Row:
        """The row, to be judged again at once if another pass stirred the ticket since this one read it."""
        at = self._stirred.get((row.known.site, row.known.id))
        return replace(row, wake_at=min(at, row.wake_at or at)) if at else row

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
                    (number, ticket, entry.number, text(entry.at), entry.field, entry.before, entry.after)
                    for number in [self._numbered(site)]
                    for ticket, listed in entries.items()
                    for entry in listed
                ],
            )

    def suggested(self, content: str, category: Category, reason: str, now: datetime) -> None:
        """Keep what was answered about this content, so that it is not asked again."""
        with self._committed():
            self._database.execute(
                "INSERT OR REPLACE INTO suggestions VALUES (?, ?, ?, ?)", (content, category, reason, text(now))
            )

    def note_audit(self, now: datetime) -> None:
        """The daemon has held the tickets against the state, or begins to count from now."""
        audited = "INSERT OR REPLACE INTO meta VALUES ('audited_at', ?)"
        self.tidy((audited, [(text(now),)]))

    def tidy(self, *statements: tuple[str, Iterable[Sequence[object]]]) -> int:
        """What housekeeping does to the tables, each statement once for each row of values: one commit.

        Returns how many rows it touched.
        """
        with self._committed():
            return sum(self._database.executemany(statement, rows).rowcount for statement, rows in statements)

    def shrink(self, share: float = 0.0) -> int:
        """Write the file anew where more than this share of it is free, and the disk has room for its copies.

        Returns how many bytes the disk got back. The log beside it is emptied in any case.
        """
        pages, free, size = (
            cast("int", self._select(f"PRAGMA {name}")[0][0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        with self._turn:
            self._fence()
            if free > pages * share and _room(self._path) > _COPIES * pages * size:
                self._select("VACUUM")
            self._select("PRAGMA wal_checkpoint(TRUNCATE)")
            return (pages - cast("int", self._select("PRAGMA page_count")[0][0])) * size

    def relearn(self, site: str, ticket: str, memory: Memory, now: datetime, *, whole: bool = False) -> None:
        """What was read back from one ticket is known again; nothing that was known is forgotten.

        `whole`: all that the ticket can tell is in it (its ledger was found, or our memory was stale), so its
        labels and due date count more than ours. Otherwise they count only where nothing was remembered.
        """
        known = self.memories(site, [ticket]).get(ticket)
        with self._committed():
            for mark in memory.said:
                self._say(site, ticket, mark, ("", "", 0), "", now)
            for promise, (occasion, step) in memory.steps.items():
                owed = Obligation(cast("PromiseName", promise), occasion, step)
                self._say(site, ticket, owed.id(site, ticket), (promise, occasion, step), "", now)
            if known is None or whole:
                refused = dict(known.refused if known else {}) | dict(memory.refused)
                self._keep(site, ticket, replace(memory, refused=refused))
                fresh = "UPDATE tickets SET stale = 0 WHERE site = ? AND id = ?"
                self._database.execute(fresh, (self._numbered(site), ticket))

    def place(self, source: str, ticket: Ticket) -> None:
        """Say whose source's a ticket is that was read back; one that stands in the index stays as it is there."""
        with self._committed():
            self._database.execute(
                "UPDATE tickets SET source = ?, key = ?, opened = ?, resolved = ?, live = ? "
                "WHERE site = ? AND id = ? AND source = ''",
                (
                    *(source, ticket.key, text(ticket.created), text(ticket.resolved), ticket.status.live),
                    *(self._numbered(ticket.site), ticket.id),
                ),
            )

    def _numbered(self, site: str) -> int:
        """The number by which the file knows a site, from now on if it had none."""
        known = self._site(site)
        if known:
            return known
        return cast("int", self._database.execute("INSERT INTO sites (name) VALUES (?)", (site,)).lastrowid)

    def _void(self, why: str, now: datetime, where: str, *values: object) -> None:
        self._database.execute(
            f"UPDATE notices SET outcome = 'void', ended_at = ?, note = ? {_UNTOLD} "  # noqa: S608 - ours
            f"WHERE outcome = 'intended' AND {where}",
            (text(now), why, *values),
        )

    def _say(  # noqa: PLR0913, PLR0917 - one row's columns
        self, site: str, ticket: str, mark: str, step: tuple[str, str, int], comment: str, now: datetime
    ) -> None:
        self._database.execute(
            "INSERT INTO said VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site, ticket, mark) DO UPDATE SET "
            "promise = excluded.promise, occasion = excluded.occasion, step = excluded.step "
            "WHERE excluded.promise <> ''",
            (self._numbered(site), ticket, mark, comment, text(now), *step),
        )

    def _keep_notice(self, notice: Notice, comment: int, now: datetime) -> None:
        detail = asdict(notice)
        mark, site, ticket = [detail.pop(name) for name in ("mark", "site", "ticket")]
        self._database.execute(
            "INSERT INTO notices (mark, site, ticket, comment, detail, outcome, intended_at) "
            "VALUES (?, ?, ?, ?, ?, 'intended', ?) ON CONFLICT (mark) DO UPDATE SET comment = excluded.comment, "
            "detail = excluded.detail, outcome = 'intended', intended_at = excluded.intended_at, ended_at = NULL, "
            "note = '' WHERE outcome = 'void'",
            (mark, self._numbered(site), ticket, comment, _json(detail), text(now)),
        )

    def _keep(self, site: str, ticket: str, memory: Memory) -> None:
        values = (
            _json(sorted(memory.labels)),
            memory.due.isoformat() if memory.due else None,
            memory.due_written,
            _json(dict(sorted(memory.refused.items()))),
        )
        self._database.execute(
            "INSERT INTO tickets "
            "(site, id, source, key, client, category, opened, live, labels, due, due_written, refused) "
            "VALUES (?, ?, '', '', '', 'unclassified', '1970-01-01T00:00:00+00:00', 0, ?, ?, ?, ?) "
            "ON CONFLICT (site, id) DO UPDATE SET labels = excluded.labels, due = excluded.due, "
            "due_written = excluded.due_written, refused = excluded.refused",
            (self._numbered(site), ticket, *values),
        )

    def _keep_source(self, source: str, state: SourceState) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO sources "
            "(name, site, cursor, crawled_at, policy, last_good, trouble, halted, left_firm) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                source,
                state.site,
                state.cursor,
                text(state.crawled_at),
                state.policy,
                text(state.last_good),
                state.trouble,
                state.halted,
                json.dumps(sorted(state.left)),
            ),
        )

    def _keep_rows(self, rows: Iterable[Row]) -> None:
        self._database.executemany(
            "INSERT INTO tickets "
            "(site, id, source, key, client, category, opened, resolved, live, wake_at, told, standing) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site, id) DO UPDATE SET "
            "source = excluded.source, key = excluded.key, client = excluded.client, "
            "category = excluded.category, opened = excluded.opened, resolved = excluded.resolved, "
            "live = excluded.live, wake_at = excluded.wake_at, told = excluded.told, "
            "standing = excluded.standing",
            [
                (
                    self._numbered(row.known.site),
                    row.known.id,
                    row.source,
                    row.known.key,
                    row.known.client,
                    row.known.category,
                    text(row.known.opened),
                    text(row.known.resolved),
                    row.live,
                    text(row.wake_at),
                    known_text(row.known),
                    standing_text(row.standing),
                )
                for row in rows
            ],
        )

    def _drop(self, where: str, values: Iterable[tuple[object, ...]]) -> None:
        self._database.executemany(
            "UPDATE tickets SET source = '', live = 0, wake_at = NULL, told = '{}', standing = '' "  # noqa: S608 - ours
            f"WHERE {where}",
            values,
        )


def _room(path: Path) -> float:
    """How many bytes the disk below the file has free; as many as you like for one in memory."""
    return shutil.disk_usage(path.parent).free if path.exists() else math.inf


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _file_at(path: Path) -> tuple[int, int] | None:
    """Which file on the disk has that name now."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
