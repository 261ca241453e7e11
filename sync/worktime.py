"""Working hours on the time line: how much working time lies between instants, and when some has passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

Hours = tuple[tuple[time, time], ...]
"""The shifts of one day as (start, end) on the wall clock. An end at or before its start lies on the next
day: (22:00, 06:00) is a night shift, (09:00, 00:00) lasts until 24:00, (00:00, 00:00) the whole day."""

Holidays = Callable[[int], Mapping[date, str]]
"""A year to the names of its holidays; asked for a year at a time and often, so it must be quick."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400_000_000
_YEARS = range(1970, 2100)  # of instants we answer for; most holiday rules are written down up to 2100
_FIRST = 0
_LAST = (datetime(_YEARS.stop, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_BARREN_YEARS = 10
_NEVER = 2**62  # microseconds; beyond every instant a datetime can hold


@dataclass(frozen=True, slots=True)
class Interval:
    """An unbroken open stretch from `start` up to, not including, `end`; both in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, eq=False)
class Calendar:
    """The working hours of one place, and exact arithmetic on them.

    `zone` is an IANA name. `hours` maps weekdays (0 is Monday) to shifts; a weekday left out is closed.
    `holidays` close a day whatever its weekday. `off` names further closed days. `on` opens days that would
    be closed: with their own shifts, or None for those of their weekday (of the usual working day if that
    weekday has none). ValueError if the parts contradict each other or the place is never open.

    Instants are aware datetimes in any zone; answers are in UTC, exact to the microsecond. A naive datetime
    is a TypeError, an instant before 1970 or after 2099 an OverflowError, ten years without one open hour
    on the way to an answer a ValueError.

    From wall clock to instants:

    - A shift belongs to the day on which it starts: a night shift into a holiday is worked to its end, the
      one that would start on the holiday is not. Shifts that touch or overlap are one.
    - A shift is one unbroken stretch, from the first instant at which the clock reads its start or later to
      the last at which the clock still reads less than its end. So a boundary inside an hour that the clock
      skips is the instant of the skip; where an hour comes twice, a shift until 02:30 lasts until the second
      02:30, one from 02:30 starts with the first; a day that a zone leaves out holds no hours.
    """

    name: str
    zone: str
    hours: Mapping[int, Hours]
    holidays: Holidays = field(default=lambda _year: {}, repr=False)
    off: Mapping[date, str] = field(default_factory=dict)
    on: Mapping[date, Hours | None] = field(default_factory=dict)
    _timeline: _Timeline = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for complaint in self._complaints():
            raise ValueError(f"calendar {self.name!r}: {complaint}")
        self._keep(_Timeline(range(0), ()))

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """The earliest instant with `amount` of working time since `start`; `add(s, timedelta(0)) == s`.

        So 17:00, not the next morning, if the day ends as the amount runs out. A negative amount goes back
        to the latest instant with that much working time until `start`. Always
        `between(s, add(s, amount)) == amount`.
        """
        instant, work = _microseconds(start), amount // _MICROSECOND
        timeline = self._covering(instant, instant)
        while (found := timeline.shifted(instant, work)) is None:
            timeline = self._wider(timeline, instant, forward=work > 0)
        return _datetime(found)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from `start` to `end`; negative if `end` is the earlier one."""
        first, last = _microseconds(start), _microseconds(end)
        timeline = self._covering(first, last) if first <= last else self._covering(last, first)
        return timedelta(0, 0, timeline.worked_until(last) - timeline.worked_until(first))

    def is_open(self, at: datetime) -> bool:
        """Whether work is done at this instant; the closing minute itself is closed."""
        instant = _microseconds(at)
        return self._covering(instant, instant).next_open(instant) == instant

    def next_opening(self, at: datetime) -> datetime:
        """The first open instant not before `at`: `at` itself while open."""
        instant = _microseconds(at)
        timeline = self._covering(instant, instant)
        while (found := timeline.next_open(instant)) is None:
            timeline = self._wider(timeline, instant, forward=True)
        return _datetime(found)

    def intervals(self, start: datetime, end: datetime) -> Iterator[Interval]:
        """The open stretches from `start` to `end`, in order and cut off at both."""
        first, last = _microseconds(start), _microseconds(end)
        timeline = self._covering(min(first, last), max(first, last))
        for opens, closes in timeline.stretches(first, last):
            yield Interval(_datetime(opens), _datetime(closes))

    def hours_on(self, day: date) -> Hours:
        """The shifts that start on this day; empty if it is closed."""
        if day in self.off:
            return ()
        if day in self.on:
            return self.on[day] or self.hours.get(day.weekday()) or self._usual
        return () if day in self.holidays(day.year) else self.hours.get(day.weekday(), ())

    def closed_because(self, day: date) -> str | None:
        """The name of the own day off or holiday, or else of the weekday without hours; None if open."""
        if self.hours_on(day):
            return None
        return self.off.get(day) or self.holidays(day.year).get(day) or WEEKDAYS[day.weekday()]

    @cached_property
    def day_length(self) -> timedelta:
        """What `1d` of working time means: the commonest length of a working weekday, the longer of equals."""
        return _length(self._usual)

    @cached_property
    def _usual(self) -> Hours:
        """The shifts of the usual working day, by the rule of `day_length`."""
        days = [hours for _, hours in sorted(self.hours.items()) if hours]
        days = days or [hours for _, hours in sorted(self.on.items()) if hours]
        counts = Counter(_length(hours) for hours in days)
        return max(days, key=lambda hours: (counts[_length(hours)], _length(hours)))

    @cached_property
    def _clock(self) -> tzinfo:
        return UTC if self.zone == "UTC" else ZoneInfo(self.zone)

    def _complaints(self) -> Iterator[str]:
        try:
            self._clock  # noqa: B018 -- only asked whether it exists
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield f"no time zone {self.zone!r}; {_nearest(self.zone, available_timezones())}"
        if strange := set(self.hours) - set(range(7)):
            yield f"no such weekday: {sorted(strange)}; 0 is Monday and 6 is Sunday"
        if not any(self.hours.values()) and None in self.on.values():
            yield "a day on without hours of its own, and no weekday to take them from; give it hours"
        if not any(self.hours.values()) and not any(self.on.values()):
            yield "it is never open; give at least one weekday hours"
        for day in sorted(set(self.off) & set(self.on)):
            yield f"{day} is both a day off and a day on; keep one"
        for day, hours in sorted(self.on.items()):
            if hours is not None and not hours:
                yield f"{day} is a day on without hours; leave them out for those of a usual day"
        for moment in chain.from_iterable(chain(*self.hours.values(), *filter(None, self.on.values()))):
            if moment.tzinfo is not None:
                yield f"{moment!r} carries a zone; hours are times on the wall clock of {self.zone}"

    def _keep(self, timeline: _Timeline) -> _Timeline:
        """Remember what is known of the time line; threads that race lose nothing but some work."""
        object.__setattr__(self, "_timeline", timeline)
        return timeline

    def _covering(self, first: int, last: int) -> _Timeline:
        """A time line that knows all from `first` to `last`."""
        timeline = self._timeline
        if timeline.low <= first and last <= timeline.high:
            return timeline
        if not _FIRST <= first <= last <= _LAST:
            raise OverflowError(
                f"calendar {self.name!r} answers for the years {_YEARS[0]} to {_YEARS[-1]} only, "
                f"not for {_datetime(first if first < _FIRST else last):%Y-%m-%d}"
            )
        years = [_datetime(first - _MARGIN).year, _datetime(last + _MARGIN).year, *timeline.years]
        return self._keep(self._grown(timeline, range(min(years), max(years) + 1)))

    def _wider(self, timeline: _Timeline, instant: int, *, forward: bool) -> _Timeline:
        """A time line of twice as many years, for an answer that lies outside of this one."""
        if timeline.high == _LAST if forward else timeline.low == _FIRST:
            raise OverflowError(
                f"calendar {self.name!r}: so much working time from {_datetime(instant):%Y-%m-%d} "
                f"leaves the years {_YEARS[0]} to {_YEARS[-1]}"
            )
        if timeline.barren_years(instant, forward=forward) >= _BARREN_YEARS:
            raise ValueError(
                f"calendar {self.name!r}: not one open hour in the {_BARREN_YEARS} years "
                f"{'after' if forward else 'before'} {_datetime(instant):%Y-%m-%d}"
            )
        years, more = timeline.years, len(timeline.years)
        wanted = range(years.start, years.stop + more) if forward else range(years.start - more, years.stop)
        return self._keep(self._grown(timeline, wanted))
