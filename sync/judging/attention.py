"""When people are asked for: not in quiet hours, not while a ticket is put off, not beyond a day's measure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync.mapping.calendar_models import shift

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from sync.judging.promises import Promises, Saying
    from sync.mapping.practice import AttentionFile, Quiet
    from sync.ticket import Severity

_SATURDAY = 5
_MOST_STRETCHES = 14  # one after the other; somebody whose hours are all quiet is asked again after some days
_TOLD_ANYWAY = frozenset({"snoozed", "taken"})  # that somebody put it off is told although it is put off


@dataclass(frozen=True, slots=True)
class Held:
    """Something that is not said yet: why, and when it may be (None: when its reason changes)."""

    saying: Saying
    why: str
    until: datetime | None


def sorted_out(case: Promises, sayings: Sequence[Saying]) -> tuple[list[Saying], list[Held]]:
    """What may be said now, and what waits."""
    said, held = [], []
    for saying in sayings:
        wait = _waits(case, saying)
        if wait:
            held.append(wait)
        else:
            said.append(saying)
    return said, held


def _waits(case: Promises, saying: Saying) -> Held | None:
    quiet, severity = case.policy.practice.attention.quiet, case.rating.severity
    snooze, zone = case.snoozed, ZoneInfo(case.terms.zone)
    put_off = snooze and case.now < snooze.until and saying.obligation.promise not in _TOLD_ANYWAY
    if snooze and put_off and (severity != "critical" or case.rating.risen[-1].at <= snooze.at):
        until = f"{snooze.until.astimezone(zone):%Y-%m-%d %H:%M}"
        return Held(saying, f"{snooze.who or 'somebody'} put it off until {until}", snooze.until)
    if quiet is None or severity in quiet.passes or saying.to_client:
        return None
    ends = quiet_until(quiet, saying.role, case.now, case.terms.zone)
    if ends is None:
        return None
    whose = saying.role.replace("_", " ") or "the owner"
    return Held(saying, f"quiet hours of {whose} until {ends.astimezone(zone):%a %H:%M}", ends)


def quiet_until(quiet: Quiet, role: str, now: datetime, zone: str) -> datetime | None:
    """The end of the quiet hours of a role that `now` falls into; None if it falls into none."""
    here, at = ZoneInfo(zone), now
    for _ in range(_MOST_STRETCHES):
        end = _end_of_quiet(quiet, role, at.astimezone(here), here)
        if end is None:
            break
        at = end.astimezone(UTC)
    return at if at > now else None


def _end_of_quiet(quiet: Quiet, role: str, local: datetime, here: ZoneInfo) -> datetime | None:
    for begin, end in _quiet_around(quiet, role, local.date(), here):
        if begin <= local < end:
            return end
    return None


def _quiet_around(quiet: Quiet, role: str, day: date, here: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """The quiet stretches that may hold a moment of that day."""
    for start in (day - timedelta(days=1), day):
        for written in quiet.roles.get(role, quiet.hours):
            begin, end = shift(written)
            last = start if end > begin else start + timedelta(days=1)
            yield datetime.combine(start, begin, here), datetime.combine(last, end, here)
    if quiet.weekends and day.weekday() >= _SATURDAY:
        monday = day + timedelta(days=7 - day.weekday())
        yield datetime.combine(day, time(), here), datetime.combine(monday, time(), here)


def day_began(now: datetime, zone: str) -> datetime:
    """The beginning of the present day in a zone, from which a day's measure is counted."""
    local = now.astimezone(ZoneInfo(zone))
    return datetime.combine(local.date(), time(), local.tzinfo).astimezone(UTC)


def day_ends(now: datetime, zone: str) -> datetime:
    """The beginning of the next day in a zone, when the measure is full again."""
    here = ZoneInfo(zone)
    tomorrow = now.astimezone(here).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), here).astimezone(UTC)


def exhausted(attention: AttentionFile, severity: Severity, asked_today: int) -> bool:
    """Whether somebody who was asked for so often today is asked for no more at this severity."""
    budget = attention.budget
    return budget is not None and severity not in budget.passes and asked_today >= budget.per_day
