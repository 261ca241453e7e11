"""Where a poll of Jira begins and ends: the JQL that asks for what changed, and the cursor that is kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sync.trackers.jira_fields import Columns
from sync.trackers.jira_records import BROKEN, instant, version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sync.action import Failed
    from sync.mapping.tracker_models import JiraMapping
    from sync.trackers.jira_api import Hits
    from sync.trackers.sources import JiraSource

Json = dict[str, Any]

OVERLAP = timedelta(minutes=5)
"""How far the newest change seen is stepped back: search may learn of changes in another order than they came."""
SETTLED = timedelta(hours=1)
"""Search knows by now whatever was changed longer ago than this; only so much is asked for again and again."""
FIELDS_KEPT = timedelta(days=1)
"""How long the ids of the mapped fields are believed before they are asked for again."""
REMEMBERED = 2000
"""Versions kept in a cursor; an older one comes again, which does no harm."""

WESTERNMOST = timezone(timedelta(hours=-12))


def zone_of(profile: object) -> tzinfo:
    """The zone in which Jira reads the dates of our JQL; if we do not know it, the one where it is earliest, so
    that too much is found and never too little.
    """
    try:
        return ZoneInfo(str(profile))
    except (KeyError, ValueError, OSError):
        return WESTERNMOST


def quoted(value: str) -> str:
    """A JQL string; nothing in it can end it."""
    return json.dumps(value, ensure_ascii=False)


def jql_for(
    source: JiraSource,
    order: str,
    *,
    hidden: Sequence[str] = (),
    since: datetime | None = None,
    zone: tzinfo = WESTERNMOST,
) -> str:
    """The JQL for a source's issues but those of hidden projects.

    With `since` those updated from its minute on, for JQL knows no seconds, in the zone that Jira takes it in.
    """
    projects = [project for project in source.projects if project not in hidden]
    clauses = [f"project in ({', '.join(quoted(project) for project in projects)})"]
    if source.jql:
        clauses.append(f"({source.jql})")
    if since:
        clauses.append(f"updated >= {quoted(_local(since, zone).strftime('%Y-%m-%d %H:%M'))}")
    return f"{' AND '.join(clauses)} ORDER BY {order}"


def _local(since: datetime, zone: tzinfo) -> datetime:
    local = since.astimezone(zone)
    first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    if first and second and first > second:
        return local - (first - second)  # the clock shows this hour twice, and Jira may mean either
    return local


def query_of(source: JiraSource, mapping: JiraMapping) -> str:
    """A fingerprint of what is asked for and can be read; once it differs, a cursor says nothing any more."""
    fields = [*sorted(mapping.fields.mapped().items()), mapping.due_field]
    asked = [sorted(source.projects), source.jql, fields, mapping.status.model_dump()]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]


@dataclass(slots=True)
class Cursor:
    """What is remembered from poll to poll: up to when all is known, the versions seen since then, the fields.

    `hidden` are the projects that could not be seen: of these nothing is known.
    """

    since: datetime
    seen: dict[str, str] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    columns: Columns | None = None
    columns_at: datetime | None = None

    @classmethod
    def read(cls, text: str | None, query: str) -> Cursor | None:
        """What `write` wrote for the same query; None, which means everything again, for anything else."""
        try:
            kept = json.loads(text or "null")
            if not isinstance(kept, dict) or kept["query"] != query:
                return None
            since, seen, hidden = datetime.fromisoformat(kept["since"]), dict(kept["seen"]), list(kept["hidden"])
            columns_at = datetime.fromisoformat(kept["columns_at"]) if kept.get("columns_at") else None
        except (ValueError, TypeError, KeyError):
            return None
        return cls(since, seen, hidden, Columns.from_json(kept.get("columns")), columns_at)

    def write(self, query: str) -> str:
        """The cursor as text."""
        kept: dict[str, Any] = {"query": query, "since": self.since.isoformat(), "seen": self.seen}
        kept["hidden"] = self.hidden
        if self.columns and self.columns_at:
            kept |= {"columns": self.columns.as_json(), "columns_at": self.columns_at.isoformat()}
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


class Poll:
    """One poll: which issues of the pages are news, and the cursor to keep once all were read."""

    def __init__(self, before: Cursor | None, *, whole_seconds: bool) -> None:
        self._before = before
        self._whole_seconds = whole_seconds
        self._known = dict(before.seen) if before else {}
        self._noted: dict[str, tuple[datetime, str]] = {}
        self._started: datetime | None = None

    def news(self, hits: Hits) -> list[Json]:
        """The issues of a page that come in a version not seen before; unreadable ones are always news."""
        self._started = self._started or hits.at or datetime.now(UTC)
        return [issue for issue in hits.issues if self._is_news(issue)]

    def _is_news(self, issue: Json) -> bool:
        try:
            number, updated = str(issue["id"]), instant(issue["fields"]["updated"])
            seen = version(issue, updated, whole_seconds=self._whole_seconds)
        except BROKEN:
            return True
        fresh = self._known.get(number) != seen
        self._known[number] = seen
        self._noted[number] = (updated, seen)
        return fresh

    def unread(self, failed: Iterable[Failed]) -> None:
        """These could not be read: let them come again."""
        for failure in failed:
            self._noted.pop(failure.ticket, None)

    def cursor(self, columns: Columns, columns_at: datetime | None, hidden: list[str]) -> Cursor:
        """Where the next poll starts. A time in the future, as imports bring, does not carry it there."""
        started = self._started or datetime.now(UTC)
        marks = [
            started - SETTLED,
            *(updated - OVERLAP for updated, _ in self._noted.values() if updated <= started),
        ]
        if self._before and self._before.since <= started:
            marks.append(self._before.since)
        since = max(marks).astimezone(UTC)
        floor = since.replace(second=0, microsecond=0)
        newest = sorted(self._noted.items(), key=lambda entry: entry[1], reverse=True)[:REMEMBERED]
        seen = {number: seen for number, (updated, seen) in newest if updated >= floor}
        return Cursor(since, seen, hidden, columns, columns_at)
