"""How far each project of a source has been read: the adapter's opaque cursor."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

OVERLAP = timedelta(minutes=5)
"""How long a change may take to show in a listing (ours; Asana promises nothing)."""
MOST_SEEN = 10_000
"""Versions remembered per project; beyond it some tasks of the overlap are told again."""


@dataclass(frozen=True, slots=True)
class Watermark:
    """Where the next listing of one project starts (ISO, UTC), and the versions that need no second telling."""

    since: str
    seen: Mapping[str, str] = field(default_factory=dict)

    def knows(self, task: str, version: str) -> bool:
        """Whether this very version has been told."""
        return self.seen.get(task) == version


def loaded(cursor: str | None) -> dict[str, Watermark]:
    """Project -> watermark. A cursor that is none of ours means that everything is to be read again."""
    try:
        projects = json.loads(cursor or "{}")
        return {project: Watermark(**mark) for project, mark in projects.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def dumped(marks: Mapping[str, Watermark]) -> str:
    """The cursor of these watermarks."""
    return json.dumps({project: asdict(mark) for project, mark in marks.items()}, separators=(",", ":"))


def advanced(before: Watermark | None, listed: Mapping[str, str], at: datetime | None) -> Watermark | None:
    """The watermark after a listing that began at `at` by Asana's clock and showed `listed` (task -> version).

    What changed before `at` was in the listing, save what Asana was slow to show: hence the overlap. An
    incremental listing is remembered whole, for it may hold tasks older than what was asked for.
    """
    if at is None:
        return before
    since = stamp(at - OVERLAP)
    if before:
        since = max(since, before.since)
    recent = listed if before else {task: version for task, version in listed.items() if version >= since}
    newest = sorted(recent.items(), key=lambda pair: pair[1])[-MOST_SEEN:]
    return Watermark(since, dict(newest))


def stamp(moment: datetime) -> str:
    """An instant as Asana writes it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
