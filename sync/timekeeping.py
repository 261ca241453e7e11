"""Whether this machine's clock can be believed, and by how much a tracker's differs from it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sync.errors import ClockError
from sync.legible import counted

if TYPE_CHECKING:
    from collections.abc import Callable

AGREED = timedelta(minutes=1)
"""Clocks that differ by less agree, for an answer takes its time *(ours)*."""
TOLERATED = timedelta(minutes=15)
"""Nothing is done by clocks that differ by more *(ours)*: above what a neglected server drifts, below the half
hour by which a wrong zone or a wrong summer time differs at least."""
BEGINNING = datetime(2010, 1, 1, tzinfo=UTC)
"""It is later than this *(ours)*; machines that forgot the time begin in 1970, 1980 or 2000."""

_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def steady() -> Callable[[], datetime]:
    """A clock for one pass: it starts at this machine's time and from then on nobody can set it, asleep or not."""
    begun, start = datetime.now(UTC), time.clock_gettime(_SINCE_BOOT)
    return lambda: begun + timedelta(seconds=time.clock_gettime(_SINCE_BOOT) - start)


def compared(now: datetime, tracker: datetime | None, last_good: datetime | None, source: str) -> timedelta:
    """By how much the tracker's clock is ahead of `now`; zero where they agree, or where it has none (None).

    ClockError, with the remedy, if `now` cannot be: too far from the tracker's clock or, without one, before the
    source's last good pass or in a year that is long gone.
    """
    if tracker is not None:
        ahead = tracker - now
        if abs(ahead) > TOLERATED:
            raise ClockError(f"{_here(now)}, the tracker's {_said(tracker)}: {_REFUSED}, or the tracker's")
        return ahead if abs(ahead) >= AGREED else timedelta()
    if now < BEGINNING:
        raise ClockError(f"{_here(now)}, which cannot be: {_REFUSED}")
    if dated_ahead(last_good, now):
        raise ClockError(
            f"{_here(now)}, yet the last good pass was at {_said(last_good or now)}: {_REFUSED}; "
            f"if it is right now and was wrong then, say so once: makegood --source {source} --now {now:%FT%TZ}"
        )
    return timedelta()


def dated_ahead(remembered: datetime | None, now: datetime) -> bool:
    """Whether what is remembered was noted by a clock that ran ahead of what is now known to be the time."""
    return remembered is not None and remembered - now > TOLERATED


def noticed(ahead: timedelta) -> str | None:
    """What a person should know of a tolerable difference between the clocks; None if there is none."""
    minutes = round(abs(ahead) / timedelta(minutes=1))
    if not minutes:
        return None
    which = "ahead of" if ahead > timedelta() else "behind"
    return f"the tracker's clock is {counted(minutes, 'minute')} {which} this machine's; correct the wrong one"


_REFUSED = "nothing was judged or written; set this machine's clock (timedatectl)"


def _here(now: datetime) -> str:
    return f"this machine's clock says {_said(now)}"


def _said(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
