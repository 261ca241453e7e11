"""State files of every schema there ever was, made by the migrations of their time, with a row of each kind."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sync.action import Obligation
from sync.state.migrations import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SITE = "agency.example"
AT, LATER = "2026-03-02T09:00:00+00:00", "2026-03-02T09:00:00.000001+00:00"
OWED = Obligation("update", "comment 5", 1)
TITLE = "The portal is down"
TOLD = json.dumps(
    {"told": {"severity": "high"}, "record": {"title": TITLE, "url": "https://a/1", "owner": "Lead"}}
)
LESSON = json.dumps({"record": {"title": TITLE, "lesson": "ask sooner"}})
NOTICE = {"key": "A-1", "url": "u", "subject": TITLE, "body": "it is down", "severity": "high", "roles": ["lead"]}

Rows = dict[str, list[dict[str, Any]]]


def _ticket(number: int, **columns: Any) -> dict[str, Any]:  # noqa: ANN401 - a column's
    usual: dict[str, Any] = {
        "site": SITE,
        "id": str(number),
        "source": "desk",
        "key": f"A-{number}",
        "client": "Client A",
    }
    usual |= {"category": "delivery", "opened": AT, "live": 0, "told": TOLD, "labels": "[]", "refused": "{}"}
    return usual | {"due": None, "due_written": 0, "resolved": None, "wake_at": None, "stale": 0} | columns


def _write(number: int, **columns: Any) -> dict[str, Any]:  # noqa: ANN401 - a column's
    usual: dict[str, Any] = {
        "number": number,
        "site": SITE,
        "ticket": "1",
        "run": "run 1",
        "kind": "edit",
        "detail": "{}",
    }
    return usual | {"outcome": "settled", "intended_at": AT, "ended_at": LATER, "note": ""} | columns


ROWS: Rows = {
    "meta": [{"key": "epoch", "value": "7"}],
    "sources": [{"name": "desk", "site": SITE, "cursor": "cursor 7", "policy": "policy 1", "trouble": "slow"}],
    "tickets": [
        _ticket(1, live=1, wake_at=LATER, labels='["esc:high"]', due="2026-03-09", due_written=1),
        _ticket(2, resolved=LATER, refused='{"esc:low": "why"}'),
        _ticket(3, told=LESSON, resolved=LATER),
        _ticket(4, told="broken"),
        _ticket(5, site="another.example", source="", client="", told="{}"),
    ],
    "unread": [{"source": "desk", "id": "9", "wake_at": AT, "why": "no date"}],
    "said": [
        {"site": SITE, "ticket": "1", "mark": OWED.id(SITE, "1"), "comment": "77", "at": AT}
        | {"promise": OWED.promise, "occasion": OWED.occasion, "step": OWED.step},
        {"site": SITE, "ticket": "2", "mark": "k7f3q2", "comment": "", "at": AT}
        | {"promise": "", "occasion": "", "step": 0},
    ],
    "journal": [
        _write(3, detail='{"add": ["esc:high"], "remove": []}'),
        _write(8, kind="comment", outcome="unknown", detail=json.dumps({"said": [["update", "comment 5", 2]]})),
    ],
    "observations": [
        {
            "site": SITE,
            "ticket": "1",
            "number": 4,
            "at": AT,
            "field": "status",
            "before": "open",
            "after": "waiting",
        }
    ],
    "notices": [
        {"mark": mark, "site": SITE, "ticket": "1", "comment": 8, "detail": json.dumps(NOTICE), "outcome": outcome}
        | {"intended_at": AT, "ended_at": None, "note": ""}
        for mark, outcome in (("one", "intended"), ("two", "settled"))
    ],
    "suggestions": [{"content": "c0ffee", "category": "billing", "reason": "it says invoice", "at": AT}],
    "granted": [
        {"site": SITE, "ticket": "1", "promise": "update", "occasion": "comment 5", "at": AT, "promised": LATER}
    ],
    "overrides": [
        {"site": SITE, "ticket": "2", "what": "esc:low", "reason": "why", "rule": "severity.toml:low", "at": AT}
    ],
}
"""What may stand in a state of the fifth schema; those before lack a table or column here and there."""


def old_state(path: Path, schema: int, rows: Mapping[str, Sequence[Mapping[str, Any]]] = ROWS) -> Rows:
    """A state file of that schema with these rows, as far as it has tables and columns for them; returns those."""
    kept: Rows = {}
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for migration in MIGRATIONS[:schema]:
            database.executescript(f"BEGIN;{migration};COMMIT;")
        database.execute(f"PRAGMA user_version = {schema}")
        for table, listed in rows.items():
            columns = {name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")}
            kept[table] = [{name: each[name] for name in each if name in columns} for each in listed if columns]
            for row in kept[table]:
                names, marks = ", ".join(row), ", ".join("?" * len(row))
                database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))  # noqa: S608
    return {table: listed for table, listed in kept.items() if listed}


def rows_of(path: Path) -> Rows:
    """What a state file of the newest schema holds, its sites by name."""
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        sites = {row["number"]: row["name"] for row in database.execute("SELECT * FROM sites")}
        tables = [row["name"] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {table: [dict(row) for row in database.execute(f"SELECT * FROM {table}")] for table in tables}  # noqa: S608
    del found["sites"]
    for table in found.keys() - {"sources"}:
        for row in found[table]:
            if "site" in row:
                row["site"] = sites[row["site"]]
    return {table: listed for table, listed in found.items() if listed}


def set_back(path: Path, schema: int) -> None:
    """The state file as a makegood of that schema would have it."""
    rows = rows_of(path)
    path.unlink()
    old_state(path, schema, rows)
