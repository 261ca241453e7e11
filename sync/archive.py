"""What the state file can be asked."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, cast

from sync.errors import StateError
from sync.facts import Known
from sync.memory import NOTHING, Entry, Memory, Observed
from sync.records import JournalEntry, Row, SourceState
from sync.statefile import remedy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


class Archive:
    """The reading half of the store. StateError, naming the file and the remedy, if it cannot be read."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self._path = path
        self._database = database

    def source(self, name: str) -> SourceState:
        """Where the source stands; a blank one if it was never seen."""
        for row in self._select(
            "SELECT site, cursor, crawled_at, policy, last_good, trouble, halted FROM sources WHERE name = ?", name
        ):
            return SourceState(row[0], row[1], _instant(row[2]), row[3], _instant(row[4]), row[5], row[6])
        return SourceState()

    def clients(self, names: Iterable[str]) -> list[Row]:
        """The index rows of these clients' tickets, of all sources."""
        return [row for name in names for row in self._rows("client = ?", name)]

    def rows(self, site: str, ids: Iterable[str]) -> list[Row]:
        """The index rows of these tickets; an unknown one has none."""
        return self._rows("site = ? AND id IN (SELECT value FROM json_each(?))", site, json.dumps(list(ids)))

    def find(self, key: str, source: str | None = None) -> list[Row]:
        """The index rows of the ticket with this key or id."""
        return self._rows("(key = ? OR id = ?) AND source = coalesce(?, source)", key, key, source)

    def due(self, source: str, now: datetime) -> list[str]:
        """Ids of the source's tickets that want to be judged again by now, or to be tried again."""
        return self._ids(
            "SELECT id FROM tickets WHERE source = ? AND wake_at <= ? "
            "UNION SELECT id FROM unread WHERE source = ? AND wake_at <= ? ORDER BY id",
            *(source, text(now)) * 2,
        )

    def ids(self, source: str, *, live_only: bool = False) -> list[str]:
        """Ids of the source's known tickets."""
        return self._ids("SELECT id FROM tickets WHERE source = ? AND live >= ? ORDER BY id", source, live_only)

    def unread(self, source: str) -> dict[str, str]:
        """The source's records that could not be read: id → why."""
        return dict(self._select("SELECT id, why FROM unread WHERE source = ? ORDER BY id", source))

    def _ids(self, question: str, *values: object) -> list[str]:
        return [row[0] for row in self._select(question, *values)]

    def _rows(self, where: str, *values: object) -> list[Row]:
        return [
            Row(
                source,
                Known(site, ticket, key, client, category, datetime.fromisoformat(opened), _instant(resolved)),
                bool(live),
                _instant(wake_at),
            )
            for site, ticket, source, key, client, category, opened, resolved, live, wake_at in self._select(
                "SELECT site, id, source, key, client, category, opened, resolved, live, wake_at "  # noqa: S608 - ours
                f"FROM tickets WHERE source <> '' AND {where} ORDER BY site, id",
                *values,
            )
        ]

    def memories(self, site: str, ids: Iterable[str]) -> dict[str, Memory]:
        """What is remembered of these tickets, by ticket id; a ticket never met is missing."""
        wanted = json.dumps(list(ids))
        kept = {
            ticket: Memory(
                labels=frozenset(json.loads(labels)),
                due=date.fromisoformat(due) if due else None,
                due_written=bool(due_written),
                refused=json.loads(refused),
            )
            for ticket, labels, due, due_written, refused in self._select(
                "SELECT id, labels, due, due_written, refused FROM tickets "
                "WHERE site = ? AND id IN (SELECT value FROM json_each(?))",
                site,
                wanted,
            )
        }
        said, steps = self._said(site, wanted)
        doubtful = {
            entry.ticket: entry.ended_at or entry.intended_at
            for entry in self.unsettled(site)
            if entry.kind == "comment"
        }
        return {
            ticket: _recollection(kept.get(ticket, NOTHING), said[ticket], steps[ticket], doubtful.get(ticket))
            for ticket in cast("list[str]", json.loads(wanted))
            if ticket in kept or ticket in said or ticket in doubtful
        }

    def _said(
        self, site: str, wanted: str
    ) -> tuple[defaultdict[str, set[str]], defaultdict[str, dict[str, tuple[str, int]]]]:
        """By ticket: the marks said there, and the last occasion and step of each promise where that is known."""
        said: defaultdict[str, set[str]] = defaultdict(set)
        steps: defaultdict[str, dict[str, tuple[str, int]]] = defaultdict(dict)
        for ticket, mark, promise, occasion, step in self._select(
            "SELECT ticket, mark, promise, occasion, step FROM said "
            "WHERE site = ? AND ticket IN (SELECT value FROM json_each(?)) ORDER BY at, step",
            site,
            wanted,
        ):
            said[ticket].add(mark)
            if promise:
                steps[ticket][promise] = (occasion, step)
        return said, steps

    def unsettled(self, site: str | None = None, source: str | None = None) -> list[JournalEntry]:
        """Writes whose outcome is not known yet, oldest first; with `source` without those on other sources."""
        return self._journal(
            "outcome IN ('intended', 'unknown') AND site = coalesce(?, site) AND NOT EXISTS ("
            "SELECT 1 FROM tickets WHERE tickets.site = journal.site AND id = ticket "
            "AND source NOT IN ('', coalesce(?, source)))",
            site,
            source,
        )

    def journal(self, site: str, ticket: str) -> list[JournalEntry]:
        """All that was written on one ticket, oldest first."""
        return self._journal("site = ? AND ticket = ?", site, ticket)

    def _journal(self, where: str, *values: object) -> list[JournalEntry]:
        return [
            JournalEntry(
                number,
                site,
                ticket,
                kind,
                json.loads(detail),
                outcome,
                datetime.fromisoformat(intended_at),
                note,
                _instant(ended_at),
            )
            for number, site, ticket, kind, detail, outcome, intended_at, note, ended_at in self._select(
                "SELECT number, site, ticket, kind, detail, outcome, intended_at, note, ended_at "  # noqa: S608 - ours
                f"FROM journal WHERE {where} ORDER BY number",
                *values,
            )
        ]

    def observed(self, site: str, ids: Iterable[str]) -> dict[str, Observed]:
        """The observation log of a source that keeps no history itself, by ticket id."""
        wanted = list(ids)
        entries: defaultdict[str, list[Entry]] = defaultdict(list)
        for ticket, number, at, name, before, after in self._select(
            "SELECT ticket, number, at, field, before, after FROM observations "
            "WHERE site = ? AND ticket IN (SELECT value FROM json_each(?)) ORDER BY number",
            site,
            json.dumps(wanted),
        ):
            entries[ticket].append(Entry(number, datetime.fromisoformat(at), name, before, after))
        return {ticket: Observed(tuple(entries[ticket])) for ticket in wanted}

    def _select(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._database.execute(question, values).fetchall()
        except sqlite3.Error as fault:
            raise StateError(remedy(self._path, fault)) from None


def text(at: datetime | None) -> str | None:
    """An instant as it is stored: ISO, UTC; texts sort as the instants do."""
    return at.astimezone(UTC).isoformat() if at else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _recollection(
    kept: Memory, said: Iterable[str], steps: Mapping[str, tuple[str, int]], doubtful: datetime | None
) -> Memory:
    return replace(kept, said=frozenset(said), steps=steps, doubtful=doubtful)
