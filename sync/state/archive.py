"""What the state file can be asked."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from threading import RLock
from typing import TYPE_CHECKING, Any, cast

from sync.judging.facts import Known
from sync.judging.memory import NOTHING, Entry, Memory, Observed, Respite
from sync.state.kept import known_of, standing_of
from sync.state.records import Figures, JournalEntry, Notice, NoticeEntry, Override, Row, SourceState
from sync.state.statefile import refused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sync.ticket import Category


_NAMED = "(key = ? COLLATE NOCASE OR (site IN (SELECT number FROM sites) AND id = ?))"


class Archive:
    """The reading half of the store, for any number of threads. StateError, with its remedy, where it fails."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self._path = path
        self._database = database
        self._turn = RLock()

    def source(self, name: str) -> SourceState:
        """Where the source stands; a blank one if it was never seen."""
        for row in self._select(
            "SELECT site, cursor, crawled_at, policy, last_good, trouble, halted, left_firm "
            "FROM sources WHERE name = ?",
            name,
        ):
            left = frozenset(json.loads(row[7]))
            return SourceState(row[0], row[1], _instant(row[2]), row[3], _instant(row[4]), row[5], row[6], left)
        return SourceState()

    def clients(self, names: Iterable[str]) -> list[Row]:
        """The index rows of these clients' tickets, of all sources."""
        return [row for name in names for row in self._rows("client = ?", name)]

    def rows(self, site: str, ids: Iterable[str]) -> list[Row]:
        """The index rows of these tickets; an unknown one has none."""
        wanted = json.dumps(list(ids))
        return self._rows("site = ? AND id IN (SELECT value FROM json_each(?))", self._site(site), wanted)

    def listed(self, sources: Iterable[str]) -> list[Row]:
        """The index rows of all tickets of these sources."""
        return self._rows("source IN (SELECT value FROM json_each(?))", json.dumps(list(sources)))

    def find(self, key: str, source: str | None = None) -> list[Row]:
        """The index rows of the ticket with this id or key; where none is written so, with the key in any case."""
        found = self._rows(f"{_NAMED} AND source = coalesce(?, source)", key, key, source)
        return [row for row in found if key in {row.known.key, row.known.id}] or found

    def sources(self) -> list[str]:
        """The names of all sources that were ever served from this state."""
        return [name for (name,) in self._select("SELECT name FROM sources ORDER BY name")]

    def due(self, source: str, now: datetime) -> list[str]:
        """Ids of the source's tickets that want to be judged again by now, or to be tried again."""
        return self._ids(
            "SELECT id FROM tickets WHERE source = ? AND wake_at <= ? "
            "UNION SELECT id FROM unread WHERE source = ? AND wake_at <= ? ORDER BY id",
            *(source, text(now)) * 2,
        )

    def next_wake(self) -> datetime | None:
        """The earliest instant at which any ticket wants to be judged again, past ones included."""
        wakes = "SELECT min(wake_at) FROM tickets WHERE source = name AND wake_at IS NOT NULL"
        [(at,)] = self._select(f"SELECT min(({wakes})) FROM sources")  # noqa: S608 - ours
        return _instant(at)

    def wakes(self, source: str, after: datetime) -> datetime | None:
        """The earliest instant after that at which any ticket of the source wants to be judged again."""
        wakes = "SELECT min(wake_at) FROM tickets WHERE source = ? AND wake_at > ?"
        [(at,)] = self._select(wakes, source, text(after))
        return _instant(at)

    def ids(self, source: str, *, live_only: bool = False) -> list[str]:
        """Ids of the source's known tickets."""
        live = "AND live " if live_only else ""
        return self._ids(f"SELECT id FROM tickets WHERE source = ? {live}ORDER BY id", source)  # noqa: S608 - ours

    def watched(self, source: str) -> list[str]:
        """Ids of the source's tickets on which something may be owed: live ones, and those that will wake."""
        return self._ids(
            "SELECT id FROM tickets WHERE source = ? AND live "
            "UNION SELECT id FROM tickets WHERE source = ? AND wake_at IS NOT NULL ORDER BY id",
            *(source,) * 2,
        )

    def standing(self, now: datetime) -> list[Figures]:
        """How many live tickets there are, and how their promises stand by now, by source and severity.

        The standing's first due is its earliest, and its text sorts as its instant does.
        """
        first = "json_extract(standing, '$.dues[0].at')"
        return [
            Figures(*found)
            for found in self._select(
                f"SELECT source, json_extract(standing, '$.severity'), count(*), "  # noqa: S608 - ours
                f"count(CASE WHEN {first} > ? THEN 1 END), count(CASE WHEN {first} <= ? THEN 1 END) "
                "FROM tickets WHERE live AND json_valid(standing) AND source <> '' GROUP BY 1, 2",
                *(now.astimezone(UTC).isoformat().replace("+00:00", "Z"),) * 2,
            )
        ]

    def open_writes(self) -> list[tuple[str, int]]:
        """How many writes' outcomes are not known yet, by source; those of no source by an empty name."""
        return self._select(
            "SELECT coalesce(source, ''), count(*) FROM journal "
            "LEFT JOIN tickets ON tickets.site = journal.site AND id = ticket WHERE journal.number IN "
            "(SELECT number FROM journal WHERE outcome IN ('intended', 'unknown')) GROUP BY 1 ORDER BY 1"
        )

    def undone_since(self, source: str, now: datetime) -> datetime | None:
        """Since when the source's oldest due work waits: a ticket to be judged again, or a write in doubt."""
        [(at,)] = self._select(
            "SELECT min(at) FROM (SELECT min(wake_at) AS at FROM tickets WHERE source = ? AND wake_at <= ? "
            "UNION ALL SELECT min(intended_at) FROM journal JOIN tickets "
            "ON tickets.site = journal.site AND id = ticket WHERE source = ? AND journal.number IN "
            "(SELECT number FROM journal WHERE outcome IN ('intended', 'unknown')))",
            source,
            text(now),
            source,
        )
        return _instant(at)

    def bytes(self) -> int:
        """As `size_of` the file."""
        return size_of(self._path)

    def unread(self, source: str) -> dict[str, str]:
        """The source's records that could not be read: id → why."""
        return dict(self._select("SELECT id, why FROM unread WHERE source = ? ORDER BY id", source))

    def _ids(self, question: str, *values: object) -> list[str]:
        return [row[0] for row in self._select(question, *values)]

    def _rows(self, where: str, *values: object) -> list[Row]:
        return [
            _row(*columns)
            for columns in self._select(
                "SELECT source, live, wake_at, told, standing, opened, resolved, name, id, key, client, category "  # noqa: S608 - ours
                f"FROM tickets JOIN sites ON sites.number = site WHERE source <> '' AND {where} ORDER BY name, id",
                *values,
            )
        ]

    def memories(self, site: str, ids: Iterable[str]) -> dict[str, Memory]:
        """What is remembered of these tickets, by ticket id; a ticket never met is missing."""
        wanted, number = json.dumps(list(ids)), self._site(site)
        kept = {
            ticket: Memory(
                labels=frozenset(json.loads(labels)),
                due=date.fromisoformat(due) if due else None,
                due_written=bool(due_written),
                refused=json.loads(refused),
                stale=bool(stale),
            )
            for ticket, labels, due, due_written, refused, stale in self._select(
                "SELECT id, labels, due, due_written, refused, stale FROM tickets "
                "WHERE site = ? AND id IN (SELECT value FROM json_each(?))",
                number,
                wanted,
            )
        }
        said, steps = self._said(number, wanted)
        granted = self._granted(number, wanted)
        unsettled = self.unsettled(site)
        doubtful = {
            entry.ticket: entry.ended_at or entry.intended_at for entry in unsettled if entry.kind == "comment"
        }
        unsure: defaultdict[str, set[str]] = defaultdict(set)
        for entry in unsettled:
            if entry.kind == "follow_up":
                unsure[entry.ticket] |= {owed.id(site, entry.ticket) for owed in entry.said}
        return {
            ticket: replace(
                kept.get(ticket, NOTHING),
                said=frozenset(said[ticket]),
                steps=steps[ticket],
                doubtful=doubtful.get(ticket),
                unsure=frozenset(unsure[ticket]),
                granted=granted.get(ticket, {}),
            )
            for ticket in cast("list[str]", json.loads(wanted))
            if ticket in kept or ticket in said or ticket in doubtful or ticket in unsure
        }

    def _said(
        self, site: int, wanted: str
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
            if promise and step:
                steps[ticket][promise] = (occasion, step)
        return said, steps

    def spoken(self, site: str, ticket: str) -> dict[str, datetime]:
        """The comments of ours that were written on one ticket: the tracker's id → when."""
        found = self._select(
            "SELECT comment, min(at) FROM said WHERE site = ? AND ticket = ? AND comment <> '' GROUP BY comment",
            self._site(site),
            ticket,
        )
        return {comment: datetime.fromisoformat(at) for comment, at in found}

    def gone(self, key: str) -> list[tuple[str, str]]:
        """Key and id of each ticket that was known by this key or id and has left every source."""
        found = self._select(f"SELECT key, id FROM tickets WHERE {_NAMED} AND +source = ''", key, key)  # noqa: S608 - ours
        return [names for names in found if key in names]

    def _granted(self, site: int, wanted: str) -> dict[str, dict[tuple[str, str], Respite]]:
        granted: defaultdict[str, dict[tuple[str, str], Respite]] = defaultdict(dict)
        for ticket, promise, occasion, at, promised in self._select(
            "SELECT ticket, promise, occasion, at, promised FROM granted "
            "WHERE site = ? AND ticket IN (SELECT value FROM json_each(?))",
            site,
            wanted,
        ):
            granted[ticket][promise, occasion] = Respite(datetime.fromisoformat(at), _instant(promised))
        return granted

    def unsettled(self, site: str | None = None, source: str | None = None) -> list[JournalEntry]:
        """Writes whose outcome is not known yet, oldest first; with `source` without those on other sources."""
        return self._journal(
            "journal.number IN (SELECT number FROM journal WHERE outcome IN ('intended', 'unknown')) "
            "AND site = coalesce(?, site) AND NOT EXISTS ("
            "SELECT 1 FROM tickets WHERE tickets.site = journal.site AND id = ticket "
            "AND source NOT IN ('', coalesce(?, source)))",
            None if site is None else self._site(site),
            source,
        )

    def asked_since(self, at: datetime) -> Counter[str]:
        """How often each user was asked for by a comment since then, on all sources; failed ones left out."""
        asked: Counter[str] = Counter()
        for (detail,) in self._select(
            "SELECT detail FROM journal WHERE kind = 'comment' AND intended_at >= ? "
            "AND outcome NOT IN ('failed', 'absent')",
            text(at),
        ):
            asked.update(json.loads(detail).get("to", ()))
        return asked

    def journal(self, site: str, ticket: str) -> list[JournalEntry]:
        """All that was written on one ticket, oldest first."""
        return self._journal("site = ? AND ticket = ?", self._site(site), ticket)

    def written_by(self, run: str) -> list[JournalEntry]:
        """All that one run wrote, or perhaps did, oldest first; nothing for a run that there was not."""
        return self._journal("run = ? AND outcome IN ('settled', 'unknown', 'intended')", run)

    def written_on(self, sources: Iterable[str]) -> list[tuple[str, str]]:
        """Tickets (site, id) of these sources on which something of ours may stand; `""` names those that left."""
        return [
            (site, ticket)
            for site, ticket in self._select(
                "SELECT name, id FROM tickets JOIN sites ON sites.number = site "
                "WHERE source IN (SELECT value FROM json_each(?)) AND (labels <> '[]' OR due_written OR EXISTS ("
                "SELECT 1 FROM said WHERE said.site = tickets.site AND ticket = id)) ORDER BY name, id",
                json.dumps(list(sources)),
            )
        ]

    def written_since(self, at: datetime) -> list[JournalEntry]:
        """All that was written since then on any ticket, oldest first."""
        return self._journal("intended_at >= ? AND outcome = 'settled'", text(at))

    def overrides(self, since: datetime) -> list[tuple[str, Override]]:
        """What people undid since then, each with its site, oldest first."""
        return [
            (site, Override(ticket, what, reason, rule, datetime.fromisoformat(at)))
            for site, ticket, what, reason, rule, at in self._select(
                "SELECT name, ticket, what, reason, rule, at FROM overrides JOIN sites ON sites.number = site "
                "WHERE at >= ? ORDER BY at, name, ticket",
                text(since),
            )
        ]

    def audited_at(self) -> datetime | None:
        """When the daemon last held the tickets against the state; at first, when it began to."""
        found = self._select("SELECT value FROM meta WHERE key = 'audited_at'")
        return _instant(found[0][0]) if found else None

    def journal_since(self) -> datetime | None:
        """From when on the journal is whole; None if nothing of it was ever left out."""
        found = self._select("SELECT value FROM meta WHERE key = 'journal_since'")
        return _instant(found[0][0]) if found else None

    def last_runs(self, most: int) -> list[tuple[str, datetime, int]]:
        """The last runs that wrote something: each one's id, when it began to, and how many writes it made."""
        return [
            (run, datetime.fromisoformat(at), count)
            for run, at, count in self._select(
                "SELECT run, min(intended_at), count(*) FROM journal WHERE outcome = 'settled' "
                "GROUP BY run ORDER BY max(number) DESC LIMIT ?",
                most,
            )
        ]

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
                run,
            )
            for number, site, ticket, kind, detail, outcome, intended_at, note, ended_at, run in self._select(
                "SELECT journal.number, name, ticket, kind, detail, outcome, intended_at, note, ended_at, run "  # noqa: S608 - ours
                f"FROM journal JOIN sites ON sites.number = site WHERE {where} ORDER BY journal.number",
                *values,
            )
        ]

    def waiting_notices(self) -> list[NoticeEntry]:
        """Notices that may go out now, for their comments are written; those never tried first."""
        return self._notices(
            "outcome = 'intended' AND (comment = 0 OR EXISTS ("
            "SELECT 1 FROM journal WHERE journal.number = comment AND journal.outcome = 'settled'))"
        )

    def doubtful_notices(self, site: str) -> list[NoticeEntry]:
        """Notices of a site that were perhaps sent, and are not sent again."""
        return self._notices("site = ? AND outcome = 'unknown'", self._site(site))

    def _notices(self, where: str, *values: object) -> list[NoticeEntry]:
        return [
            NoticeEntry(
                _notice(mark, site, ticket, json.loads(detail)),
                outcome,
                datetime.fromisoformat(intended_at),
                note,
                _instant(ended_at),
            )
            for mark, site, ticket, detail, outcome, intended_at, note, ended_at in self._select(
                "SELECT mark, name, ticket, detail, outcome, intended_at, note, ended_at "  # noqa: S608 - ours
                f"FROM notices JOIN sites ON sites.number = site WHERE {where} "
                "ORDER BY ended_at, intended_at, mark",
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
            self._site(site),
            json.dumps(wanted),
        ):
            entries[ticket].append(Entry(number, datetime.fromisoformat(at), name, before, after))
        return {ticket: Observed(tuple(entries[ticket])) for ticket in wanted}

    def suggestions(self, contents: Iterable[str]) -> dict[str, tuple[Category, str]]:
        """What was once answered about these contents: category and reason; what was never asked is missing."""
        found = self._select(
            "SELECT content, category, reason FROM suggestions WHERE content IN (SELECT value FROM json_each(?))",
            json.dumps(list(contents)),
        )
        return {content: (category, reason) for content, category, reason in found}

    def ask(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        """What housekeeping asks of the tables themselves."""
        return self._select(question, *values)

    def _site(self, name: str) -> int:
        """The number by which the file knows a site; 0 for one that it has never heard of."""
        found = self._select("SELECT number FROM sites WHERE name = ?", name)
        return found[0][0] if found else 0

    def _select(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            with self._turn:
                return self._database.execute(question, values).fetchall()
        except sqlite3.Error as fault:
            raise refused(self._path, fault) from None


def size_of(state: Path) -> int:
    """The bytes of the state file and of the log beside it, where a daemon's writes stand at first; 0 for none."""
    files = (state, state.with_name(state.name + "-wal"))
    return sum(file.stat().st_size for file in files if os.path.isfile(file))  # noqa: PTH113 - whoever may look


def text(at: datetime | None) -> str | None:
    """An instant as it is stored: ISO, UTC; texts sort as the instants do."""
    return at.astimezone(UTC).isoformat() if at else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _row(  # noqa: PLR0913, PLR0917 - one row's columns
    source: str,
    live: int,
    wake_at: str | None,
    told: str,
    standing: str,
    opened: str,
    resolved: str | None,
    *named: Any,  # noqa: ANN401 - site, id, key, client and category, as texts
) -> Row:
    site, ticket, key, client, category = named
    at, ended = datetime.fromisoformat(opened), _instant(resolved)
    known = Known(site, ticket, key, client, category, at, ended, *known_of(told))
    return Row(source, known, bool(live), _instant(wake_at), standing_of(standing))


def _notice(mark: str, site: str, ticket: str, detail: dict[str, Any]) -> Notice:
    return Notice(mark, site, ticket, **detail | {"roles": tuple(detail["roles"])})
