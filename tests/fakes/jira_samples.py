"""Made-up client issues in the shape of Jira's export, as many as a benchmark wants, always the same ones."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
_STAFF = ("project lead", "account manager", "technical lead", "service desk")
_CLIENTS = ("client contact", "client sponsor", "client controller")
_SUMMARIES = (
    "The delivery promised for Friday has not arrived",
    "Nobody has answered our question since last week",
    "The invoice names hours that we did not agree to",
    "Is the second language part of the contract?",
    "The new release breaks the monthly report",
    "We consider terminating the contract",
    "Please add the export to the statement of work",
)
_STATUSES = {
    "Open": {"id": "1", "key": "new", "number": 2},
    "In Progress": {"id": "3", "key": "indeterminate", "number": 4},
    "Waiting for client": {"id": "10010", "key": "indeterminate", "number": 4},
    "Resolved": {"id": "5", "key": "done", "number": 3},
}
_PRIORITIES = ("Highest", "High", "Medium", "Low", "Lowest")


def issues(count: int, *, project: str = "OPS", long_ones: int = 50) -> Iterator[dict[str, Any]]:
    """Yield issues with a few comments and changes each.

    Every `long_ones`-th has more of both than Cloud shows inline (60 changes, 30 comments; 0: none has).
    """
    chance = random.Random(20260105)
    ids = iter(range(1_000_000, 1_000_000 + 200 * count))
    for number in range(1, count + 1):
        long = bool(long_ones) and number % long_ones == 0
        created = _START + timedelta(minutes=7 * number)
        changes = [_change(chance, next(ids), created, n) for n in range(60 if long else chance.randint(0, 6))]
        comments = [_comment(chance, next(ids), created, n) for n in range(30 if long else chance.randint(0, 4))]
        updated = max([_time(created), *(one["created"] for one in (*changes, *comments))])
        yield {
            "id": str(next(ids)),
            "key": f"{project}-{number}",
            "changelog": {"histories": changes},
            "fields": _fields(chance, project, created) | {"updated": updated, "comment": {"comments": comments}},
        }


def _fields(chance: random.Random, project: str, created: datetime) -> dict[str, Any]:
    name = chance.choice(list(_STATUSES))
    priority = chance.randrange(5)
    due = created.date() + timedelta(days=chance.randint(1, 30))
    summary = chance.choice(_SUMMARIES)
    return {
        "summary": summary,
        "description": f"{summary}.\n\nIt was agreed otherwise in the last call, and the board asks for a date.",
        "project": {"id": "10000", "key": project, "name": "Client operations"},
        "issuetype": {"id": "10002", "name": "Task", "subtask": False},
        "status": _status(name),
        "priority": {"id": str(priority + 1), "name": _PRIORITIES[priority]},
        "labels": chance.sample(["billing", "vip", "release"], chance.randint(0, 2)),
        "duedate": due.isoformat() if chance.random() < 0.5 else None,
        "assignee": _person(chance.choice(_STAFF)),
        "reporter": _person(chance.choice(_CLIENTS)),
        "creator": _person(chance.choice(_CLIENTS)),
        "created": _time(created),
        "resolution": {"id": "10000", "name": "Done"} if name == "Resolved" else None,
    }


def _status(name: str) -> dict[str, Any]:
    status = _STATUSES[name]
    category = {"id": status["number"], "key": status["key"], "name": status["key"], "colorName": "grey"}
    return {"id": status["id"], "name": name, "statusCategory": category}


def _person(display: str) -> dict[str, Any]:
    return {"name": display.replace(" ", "."), "displayName": display, "active": True}


def _time(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S}.000+0000"


def _change(chance: random.Random, number: int, created: datetime, at: int) -> dict[str, Any]:
    old, new = chance.sample(list(_STATUSES), 2)
    item = {
        "field": "status",
        "fieldtype": "jira",
        "from": _STATUSES[old]["id"],
        "fromString": old,
        "to": _STATUSES[new]["id"],
        "toString": new,
    }
    return {
        "id": str(number),
        "author": _person(chance.choice(_STAFF)),
        "created": _time(created + timedelta(hours=3 * at + 1)),
        "items": [item],
    }


def _comment(chance: random.Random, number: int, created: datetime, at: int) -> dict[str, Any]:
    author = _person(chance.choice(_STAFF + _CLIENTS))
    time = _time(created + timedelta(hours=5 * at + 2))
    return {
        "id": str(number),
        "author": author,
        "updateAuthor": author,
        "body": "We look into it and come back by tomorrow.\n\nUntil then the old version stays in place.",
        "created": time,
        "updated": time,
    }
