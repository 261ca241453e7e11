"""Whether a state file is sound, and what to do where it is not."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, get_args

from sync.action import action_id
from sync.errors import StateError
from sync.legible import counted
from sync.state.kept import known_of, standing_of
from sync.state.migrations import MIGRATIONS
from sync.state.records import NoticeOutcome, Outcome, WriteKind
from sync.state.statefile import copied, damaged, mark_restored, migrate
from sync.trackers.base import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

_RESTORE = "restore a backup, or move the file away and run `makegood rebuild`"


def verify(path: Path, sources: Collection[str]) -> list[Finding]:
    """Every finding about the state file, the grave ones first; `sources` are the names in the config.

    `error` is what a pass must not be made with; `warning` is what somebody should know. The file is only read.
    """
    if not path.exists():
        remedy = "the first pass makes it; if there was one, restore a backup or run `makegood rebuild`"
        return [Finding("error", "file", f"it is not there; {remedy}")]
    try:
        database = copied(path)
    except StateError as error:
        return [Finding("error", "file", str(error))]
    with closing(database):
        found = [row[0] for row in database.execute("PRAGMA integrity_check(5)").fetchall()]
        if found != ["ok"]:
            return [Finding("error", "file", damaged(path, "; ".join(found)))]
        try:
            findings = [*_schema(database)]
            mark_restored(database, path)
            findings += [*_contents(database), *_knowledge(database, sources)]
        except sqlite3.Error as fault:
            return [Finding("error", "schema", f"{fault}; {_RESTORE}")]
    return sorted(findings, key=lambda finding: finding.level)


def _schema(database: sqlite3.Connection) -> Iterator[Finding]:
    """An older one is completed here, in the copy."""
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version < len(MIGRATIONS):
        what = f"schema {version}, and this makegood has {len(MIGRATIONS)}; the next pass completes it"
        yield Finding("warning", "schema", what)
        migrate(database, version)


# --- what stands in it -----------------------------------------------------------------------------------------


def _contents(database: sqlite3.Connection) -> Iterator[Finding]:
    for (table, column), read in READ_BY.items():
        unreadable = [
            _place(where) for value, *where in _rows(database, table, column) if not _readable(value, read)
        ]
        yield from _grave(unreadable, f"{table}.{column}", "cannot be read")
    for table in _ON_SITES:
        lost = [
            _place(where)
            for number, *where in _rows(database, table, "site")
            if not database.execute("SELECT 1 FROM sites WHERE number = ?", (number,)).fetchone()
        ]
        yield from _grave(lost, f"{table}.site", "is no site of the file")
    for table, column, known in (
        ("journal", "kind", get_args(WriteKind)),
        ("journal", "outcome", get_args(Outcome)),
        ("notices", "outcome", get_args(NoticeOutcome)),
    ):
        strange = [_place(where) for value, *where in _rows(database, table, column) if value not in known]
        yield from _grave(strange, f"{table}.{column}", "is none that makegood writes")
    told = database.execute(f"SELECT mark, promise, occasion, step, {_SITE}, ticket FROM said")  # noqa: S608 - ours
    foreign = [
        _place((site, ticket))
        for mark, promise, occasion, step, site, ticket in told.fetchall()
        if len(mark) not in {6, 12} or (promise and mark != action_id(site, ticket, promise, occasion, step))
    ]
    yield from _grave(foreign, "said.mark", "is not the id of what was said")


_SITE = "coalesce((SELECT name FROM sites WHERE number = site), 'site ' || site)"
_ON_SITES = ("tickets", "said", "journal", "observations", "notices", "granted", "overrides")
"""The tables whose rows name a site by its number."""


def _rows(database: sqlite3.Connection, table: str, column: str) -> list[tuple[Any, ...]]:
    """The column's values, each with the columns that name its row."""
    names = {"sources": "name", "tickets": f"{_SITE}, id", "unread": "source, id"}.get(table, f"{_SITE}, ticket")
    return database.execute(f"SELECT {column}, {names} FROM {table} WHERE {column} IS NOT NULL").fetchall()  # noqa: S608 - ours


def _place(names: Collection[str]) -> str:
    return " ".join(map(str, names))


def _grave(places: list[str], about: str, what: str) -> Iterator[Finding]:
    if places:
        yield Finding(
            "error", about, f"in {counted(len(places), 'row')} it {what}, first in {places[0]}; {_RESTORE}"
        )


def _readable(value: object, read: Callable[[Any], object]) -> bool:
    try:
        read(value)
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    return True


def _texts(value: str) -> None:
    if not all(isinstance(each, str) for each in _of(list, value)):
        raise ValueError(value)


def _pairs(value: str) -> None:
    if not all(isinstance(each, str) for each in _of(dict, value).values()):
        raise ValueError(value)


def _table(value: str) -> None:
    _of(dict, value)


def _of(kind: type, value: str) -> Any:  # noqa: ANN401 - whatever the JSON is
    read = json.loads(value)
    if not isinstance(read, kind):
        raise TypeError(value)
    return read


def _instant(value: str) -> None:
    if datetime.fromisoformat(value).tzinfo is None:
        raise ValueError(value)


READ_BY: dict[tuple[str, str], Callable[[Any], object]] = {
    ("sources", "left_firm"): _texts,
    ("tickets", "labels"): _texts,
    ("tickets", "refused"): _pairs,
    ("tickets", "told"): known_of,
    ("tickets", "standing"): standing_of,
    ("tickets", "due"): date.fromisoformat,
    ("journal", "detail"): _table,
    ("notices", "detail"): _table,
    **{
        (table, column): _instant
        for table, columns in {
            "sources": ("crawled_at", "last_good"),
            "tickets": ("opened", "resolved", "wake_at"),
            "unread": ("wake_at",),
            "said": ("at",),
            "journal": ("intended_at", "ended_at"),
            "notices": ("intended_at", "ended_at"),
            "observations": ("at",),
        }.items()
        for column in columns
    },
}
"""How each column that holds more than a word is read."""


# --- what it knows, beside the config --------------------------------------------------------------------------


def _knowledge(database: sqlite3.Connection, sources: Collection[str]) -> Iterator[Finding]:
    known = dict(database.execute("SELECT name, site FROM sources ORDER BY name").fetchall())
    for name in sorted(set(sources) - known.keys()):
        yield Finding("warning", f"source {name}", "no pass has read it yet; the next one does")
    for name in known.keys() - set(sources):
        what = "it is in no config; if it was renamed or taken out, nothing is to be done"
        yield Finding("warning", f"source {name}", f"{what}, otherwise name its config with --config")
    standing = {site for name, site in known.items() if name in sources}
    tickets = "SELECT name, count(*) FROM tickets JOIN sites ON sites.number = site GROUP BY name ORDER BY name"
    counted = database.execute(tickets)
    for site, count in counted.fetchall():
        if site not in standing:
            what = f"{count} tickets are remembered of it and no source stands on it"
            yield Finding("warning", f"site {site}", f"{what}; they are kept, so that nothing is said twice there")
    yield from _doubts(database)


def _doubts(database: sqlite3.Connection) -> Iterator[Finding]:
    for question, about, what in (
        (
            "SELECT count(*) FROM journal WHERE outcome IN ('intended', 'unknown')",
            "open writes",
            "their outcome is unknown; the next pass looks for them, and `makegood status` names them",
        ),
        (
            "SELECT count(*) FROM notices WHERE outcome = 'unknown'",
            "notices",
            "they were perhaps sent, and are not sent again; `makegood status` names them",
        ),
        (
            "SELECT count(*) FROM tickets WHERE stale AND source <> ''",
            "tickets",
            "this is a restored state, and they may know more than it; each is read back before it is written on",
        ),
    ):
        (count,) = database.execute(question).fetchone()
        if count:
            yield Finding("warning", f"{count} {about}", what)
