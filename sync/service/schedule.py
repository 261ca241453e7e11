"""How long a source is left alone after a pass: longer at night, and ever longer while it fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from sync.worktime import Calendar

SPREAD = 0.1
"""By what share of it a rest is shorter or longer than said *(ours)*, so that sources do not ask in step."""
LONGEST_BACK_OFF = timedelta(minutes=30)
"""A source that fails is tried again after this at the latest *(ours)*, or its interval if that is longer."""
SOONEST = timedelta(seconds=10)
"""However many clocks run out one after the other, a source rests this long between passes *(ours)*."""
_DOUBLINGS = 10  # beyond the longest back-off for every interval that may be set


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a source is served: each `interval` in the calendar's working hours, else each `off_hours`."""

    interval: timedelta
    off_hours: timedelta
    calendar: Calendar


def rest(
    rhythm: Rhythm, now: datetime, luck: float, *, failures: int = 0, asked: timedelta = timedelta()
) -> timedelta:
    """How long to rest after a pass that ended `now`; the opening of the calendar ends a rest off hours.

    `luck` is from 0 up to 1, another one each time: what two sources would do at once, they do one by one.
    `failures` are those in a row, each of which doubles the rest; after a failure it is not shorter than `asked`,
    what the tracker asked for.
    """
    if failures:
        longest = max(LONGEST_BACK_OFF, rhythm.interval)
        wait = min(rhythm.interval * (1 << min(failures, _DOUBLINGS)), longest)
        return max(wait * (0.5 + luck / 2), asked * (1 + SPREAD * luck))
    spread = 1 - SPREAD + 2 * SPREAD * luck
    opens_in: timedelta = rhythm.calendar.next_opening(now) - now
    if not opens_in:
        return rhythm.interval * spread
    night = max(rhythm.interval, rhythm.off_hours)
    return min(night * spread, opens_in + rhythm.interval * SPREAD * luck)
