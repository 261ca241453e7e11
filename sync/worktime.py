"""Working hours on the time line: how much working time lies between instants, and when some has passed."""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache, cached_property
from importlib.util import find_spec, module_from_spec
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

    from holidays import HolidayBase

Hours = tuple[tuple[time, time], ...]
"""The shifts of one day as (start, end) on the wall clock. An end at or before its start lies on the next
day: (22:00, 06:00) is a night shift, (09:00, 00:00) lasts until 24:00, (00:00, 00:00) the whole day."""

Holidays = Callable[[int], Mapping[date, str]]
"""A year to the names of its holidays; asked once per day of the year, so it must remember its answer."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_YEARS = range(1970, 2100)  # of the instants we answer for; holiday rules are written down up to 2100
_FIRST = 0  # instants inside this module are microseconds since 1970 in UTC
_LAST = (datetime(_YEARS.stop, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND - 1
_NEVER = 2**62  # beyond every instant a datetime can hold
_MARGIN = timedelta(days=4) // _MICROSECOND  # more than a night shift and the widest zone offset together


@dataclass(frozen=True, slots=True)
class Interval:
    """An unbroken open stretch from `start` up to, not including, `end`; both in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one kind from `start` up to, not including, `end`; both in UTC.

    `open`: work is done. `closed`: outside the hours of a working day. `weekday`: on a day without hours, whose
    `name` that is. `holiday`: on a holiday or an own day off, by its `name`.
    """

    start: datetime
    end: datetime
    kind: Literal["open", "closed", "weekday", "holiday"]
    name: str = ""


@dataclass(frozen=True, eq=False)
class Calendar:
    """The working hours of one place, and exact arithmetic on them.

    `zone` is an IANA name. `hours` maps weekdays (0 is Monday) to shifts; a weekday left out is closed.
    `holidays` close a day whatever its weekday. `off` names further closed days. `on` opens days that would
    be closed: with their own shifts, or None for those of their weekday (of the usual working day if that
    weekday has none). ValueError if the parts contradict each other or the place is never open.

    Instants are aware datetimes in any zone; answers are in UTC, exact to the microsecond. A naive datetime
    is a TypeError. An instant before 1970 or after 2099 is an OverflowError, whether asked for or answered:
    so is one that never comes because holidays leave too few open hours.

    From wall clock to instants:

    - A shift belongs to the day on which it starts: a night shift into a holiday is worked to its end, the
      one that would start on the holiday is not. Shifts that touch or overlap are one.
    - A shift is one unbroken stretch, from the first instant at which the clock reads its start or later to
      the last at which it still reads less than its end. So a boundary inside an hour that the clock skips
      is the instant of the skip; where an hour comes twice, a shift until 02:30 lasts until the second
      02:30 and one from 02:30 begins with the first; a day that the zone leaves out holds no hours.
    """

    name: str
    zone: str
    hours: Mapping[int, Hours]
    holidays: Holidays = field(default=lambda _year: {}, repr=False)
    off: Mapping[date, str] = field(default_factory=dict)
    on: Mapping[date, Hours | None] = field(default_factory=dict)
    _timeline: _Timeline = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if complaints := "; ".join(self._complaints()):
            raise ValueError(f"calendar {self.name!r}: {complaints}")
        self._keep(_Timeline(range(0), ()))

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """Return the earliest instant with `amount` of working time since `start`.

        That is 17:00, not the next morning, if the amount runs out as the day ends; and `start` itself for
        no amount. A negative amount goes back to the latest instant with that much working time until
        `start`. Always `between(start, add(start, amount)) == amount`.
        """
        instant, work = _microseconds(start), amount // _MICROSECOND
        timeline = self._covering(instant, instant)
        while (found := timeline.shifted(instant, work)) is None:
            timeline = self._wider(timeline, instant, forward=work > 0)
        return _datetime(found)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from `start` to `end`; negative if `end` is the earlier one."""
        first, last = _microseconds(start), _microseconds(end)
        timeline = self._covering(min(first, last), max(first, last))
        return timedelta(0, 0, timeline.worked_until(last) - timeline.worked_until(first))

    def is_open(self, at: datetime) -> bool:
        """Whether work is done at this instant; at the closing time it no longer is."""
        instant = _microseconds(at)
        return self._covering(instant, instant).next_open(instant) == instant

    def next_opening(self, at: datetime) -> datetime:
        """Return the first open instant not before `at`: `at` itself while open."""
        instant = _microseconds(at)
        timeline = self._covering(instant, instant)
        while (found := timeline.next_open(instant)) is None:
            timeline = self._wider(timeline, instant, forward=True)
        return _datetime(found)

    def intervals(self, start: datetime, end: datetime) -> Iterator[Interval]:
        """Iterate over the open stretches from `start` to `end`, in order and cut off at both."""
        first, last = _microseconds(start), _microseconds(end)
        if first < last:
            for opens, closes in self._covering(first, last).stretches(first, last):
                yield Interval(_datetime(opens), _datetime(closes))

    def segments(self, start: datetime, end: datetime) -> Iterator[Segment]:
        """Iterate over what the time from `start` to `end` is, in order, without gap or overlap.

        Neighbours differ in kind or name: a night is one segment, a holiday and the week-end after it are several.
        """
        before: Segment | None = None
        for each in self._pieces(start.astimezone(UTC), end.astimezone(UTC)):
            if before and (before.kind, before.name) == (each.kind, each.name):
                before = replace(before, end=each.end)
                continue
            if before:
                yield before
            before = each
        if before:
            yield before

    def _pieces(self, start: datetime, end: datetime) -> Iterator[Segment]:
        """The segments, each closed one cut at every midnight."""
        at = start
        for interval in self.intervals(start, end):
            yield from self._closed(at, interval.start)
            yield Segment(interval.start, interval.end, "open")
            at = interval.end
        yield from self._closed(at, end)

    def _closed(self, start: datetime, end: datetime) -> Iterator[Segment]:
        day = start.astimezone(self._clock).date()
        while start < end:
            day += timedelta(days=1)
            midnight = _datetime(_opening(datetime.combine(day, time.min), self._clock))
            if midnight > start:
                yield Segment(start, min(midnight, end), *self._why_closed(day - timedelta(days=1)))
                start = midnight

    def _why_closed(self, day: date) -> tuple[Literal["closed", "weekday", "holiday"], str]:
        if self.hours_on(day):
            return "closed", ""
        named = self.off.get(day) or self.holidays(day.year).get(day)
        return ("holiday", named) if named else ("weekday", WEEKDAYS[day.weekday()])

    def hours_on(self, day: date) -> Hours:
        """Return the shifts that start on this day; none if it is closed."""
        if day in self.off:
            return ()
        if day in self.on:
            return self.on[day] or self.hours.get(day.weekday()) or self._usual
        return () if day in self.holidays(day.year) else self.hours.get(day.weekday(), ())

    def closed_because(self, day: date) -> str | None:
        """Name the own day off or the holiday, or else the weekday without hours; None for a working day."""
        if self.hours_on(day):
            return None
        return self.off.get(day) or self.holidays(day.year).get(day) or WEEKDAYS[day.weekday()]

    @cached_property
    def day_length(self) -> timedelta:
        """What `1d` of working time means: the commonest length of a working weekday, the longer of equals."""
        return _length(self._usual)

    @cached_property
    def _usual(self) -> Hours:
        """The shifts of the usual working day, by the rule of `day_length`; own days on if there is no other."""
        days = [hours for _, hours in sorted(self.hours.items()) if hours] or list(filter(None, self.on.values()))
        counts = Counter(map(_length, days))
        return max(days, key=lambda hours: (counts[_length(hours)], _length(hours)))

    @cached_property
    def _clock(self) -> tzinfo:
        return UTC if self.zone == "UTC" else ZoneInfo(self.zone)

    def _complaints(self) -> Iterator[str]:
        try:
            self._clock  # noqa: B018 -- asked only whether it exists
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield f"no time zone {self.zone!r}{_nearest(self.zone, available_timezones())}"
        if strange := sorted(set(self.hours) - set(range(7))):
            yield f"no weekdays {strange}; 0 is Monday and 6 is Sunday"
        if not any(self.hours.values()):
            if not any(self.on.values()):
                yield "it is never open; give at least one weekday hours"
            elif None in self.on.values():
                yield "a day on has no hours and no weekday has any to lend; give it hours of its own"
        for day in sorted(self.off.keys() & self.on.keys()):
            yield f"{day} is both a day off and a day on; keep one of them"
        for day in sorted(day for day, hours in self.on.items() if hours == ()):
            yield f"{day} is a day on with no hours; leave the hours out to take the usual ones"
        shifts = chain(*self.hours.values(), *filter(None, self.on.values()))
        if any(moment.tzinfo for moment in chain(*shifts)):
            yield f"hours are read off the wall clock of {self.zone}; give times without a zone"

    def _keep(self, timeline: _Timeline) -> _Timeline:
        """Remember a time line; of threads that race the last wins, and the others' work is done again."""
        object.__setattr__(self, "_timeline", timeline)
        return timeline

    def _covering(self, first: int, last: int) -> _Timeline:
        """Return a time line that knows all from `first` to `last`."""
        timeline = self._timeline
        if timeline.low <= first and last <= timeline.high:
            return timeline
        if first < _FIRST or last > _LAST:
            raise OverflowError(
                f"calendar {self.name!r} knows the years {_YEARS[0]} to {_YEARS[-1]}, "
                f"not {_datetime(first if first < _FIRST else last).date()}; is that date meant?"
            )
        years = (_datetime(first - _MARGIN).year, _datetime(last + _MARGIN).year, *timeline.years)
        return self._grown(timeline, min(years), max(years))

    def _wider(self, timeline: _Timeline, instant: int, *, forward: bool) -> _Timeline:
        """Return a time line of twice as many years, for an answer that lies outside this one."""
        if (timeline.high if forward else timeline.low) in (_FIRST, _LAST):
            idle = timeline.idle_from(instant) if forward else timeline.idle_until(instant)
            raise OverflowError(
                f"calendar {self.name!r} knows the years {_YEARS[0]} to {_YEARS[-1]} and has too few open hours "
                f"in them: none {'after' if forward else 'before'} {_datetime(idle).date()}"
            )
        first, last, more = timeline.years[0], timeline.years[-1], len(timeline.years)
        return self._grown(timeline, first - more * (not forward), last + more * forward)

    def _grown(self, timeline: _Timeline, first_year: int, last_year: int) -> _Timeline:
        years = range(max(first_year, _YEARS[0] - 1), min(last_year, _YEARS[-1] + 1) + 1)
        new = chain.from_iterable(self._shifts(year) for year in years if year not in timeline.years)
        return self._keep(_Timeline(years, chain(timeline.stretches(-_NEVER, _NEVER), new)))

    def _shifts(self, year: int) -> Iterator[tuple[int, int]]:
        """Iterate over the shifts that start in this year, as opening and closing instants."""
        for day in _days(year, self._clock):
            for start, end in _walls(day, self.hours_on(day)):
                opens, closes = _opening(start, self._clock), _closing(end, self._clock)
                if opens < closes:
                    yield opens, closes


class _Timeline:
    """The open stretches of a run of years, with the working time before each; never changed once made.

    `opens[i]` to `closes[i]` is a stretch, `worked[i]` the working time before it; an empty stretch stands
    at each end of time. All is known of the instants from `low` to `high`.
    """

    __slots__ = ("closes", "high", "low", "opens", "worked", "years")

    def __init__(self, years: range, shifts: Iterable[tuple[int, int]]) -> None:
        self.years = years
        self.low, self.high = _NEVER, -_NEVER
        if years:
            self.low = max(_FIRST, _microseconds(datetime(years.start, 1, 1, tzinfo=UTC)) + _MARGIN)
            self.high = min(_LAST, _microseconds(datetime(years.stop, 1, 1, tzinfo=UTC)) - _MARGIN)
        self.opens, self.closes = _merged(shifts)
        lengths = (closes - opens for opens, closes in zip(self.opens, self.closes, strict=True))
        self.worked = [0, *accumulate(lengths)][:-1]

    def worked_until(self, instant: int) -> int:
        """Return the working time from the beginning of the time line; only differences mean something."""
        at = bisect_right(self.opens, instant) - 1
        return self.worked[at] + min(instant, self.closes[at]) - self.opens[at]

    def shifted(self, instant: int, work: int) -> int | None:
        """Return the instant that is `work` away, nearest to `instant`; None if this time line cannot know."""
        if not work:
            return instant
        target = self.worked_until(instant) + work
        at = (bisect_left if work > 0 else bisect_right)(self.worked, target) - 1
        found = self.opens[at] + target - self.worked[at]
        return found if target >= 0 and self.low <= found <= self.high else None

    def next_open(self, instant: int) -> int | None:
        """Return the first open instant not before this one; None if this time line cannot know."""
        at = bisect_right(self.closes, instant)
        found = max(instant, self.opens[at])
        return found if found <= self.high else None

    def stretches(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Iterate over the stretches between two instants, cut off at both."""
        for at in range(bisect_right(self.closes, first), bisect_left(self.opens, last)):
            yield max(first, self.opens[at]), min(last, self.closes[at])

    def idle_from(self, instant: int) -> int:
        """Return the instant after which, as far as this time line goes, nothing is open."""
        return min(max(instant, self.closes[-2]), self.high)

    def idle_until(self, instant: int) -> int:
        """Return the instant before which, as far as this time line goes, nothing is open."""
        return max(min(instant, self.opens[1]), self.low)


def public_holidays(country: str, region: str | None = None, language: str | None = None) -> Holidays:
    """Return the lookup of a country's public holidays, as the `holidays` package knows them.

    `country` is an ISO 3166 code (DE), `region` the part after the hyphen in ISO 3166-2 (BE for DE-BE), or
    its name. The names are in `language`, by default the country's own. ValueError, naming near codes, for
    any of the three that does not exist. Substitutes for holidays that fall on a week-end are included.
    """
    holidays = _holidays()

    def year_of(year: int | None, language: str | None) -> HolidayBase:
        known: HolidayBase = holidays.country_holidays(country, subdiv=region, years=year, language=language)
        return known

    try:
        known = year_of(None, None)
    except (NotImplementedError, TypeError):
        known = None
    if known is None or not hasattr(known, "country"):  # it knows stock exchanges too
        regions = holidays.list_supported_countries()
        if country in regions:
            near = _nearest(str(region), regions[country])
            raise ValueError(f"no region {region!r} of {country} is known to have holidays{near}")
        raise ValueError(f"no country {country!r} is known to have holidays{_nearest(country, regions)}")
    if language is not None and language not in known.supported_languages:
        near = _nearest(language, known.supported_languages)
        raise ValueError(f"the holidays of {country} have no names in {language!r}{near}")

    @cache
    def names(year: int) -> Mapping[date, str]:
        return dict(year_of(year, language or known.default_language))

    return names


@cache
def _holidays() -> Any:  # noqa: ANN401 - the package is not typed
    """The package, with a folder of countries that reads each when it is asked for: all 250 at once take 60 ms."""
    import holidays  # noqa: PLC0415 -- costs 15 ms; a run without holidays need not pay them

    name = "holidays.countries"
    if name not in sys.modules and (spec := find_spec(name)):
        sys.modules[name] = module_from_spec(spec)
    return holidays


def _nearest(word: str, known: Iterable[str]) -> str:
    """End a complaint with what may have been meant, or with all there is if that is not much."""
    folded = {name.casefold(): name for name in sorted(known)}
    if near := get_close_matches(word.casefold(), folded, cutoff=0.5):
        return f"; did you mean {' or '.join(folded[name] for name in near)}?"
    return f"; there are: {', '.join(folded.values())}" if 0 < len(folded) < 60 else ""


def _microseconds(at: datetime) -> int:
    try:
        return (at - _EPOCH) // _MICROSECOND
    except TypeError:
        raise TypeError(
            f"working time is reckoned from instants, and {at!r} lacks its zone; "
            "give it one with .replace(tzinfo=UTC) or .replace(tzinfo=ZoneInfo(...))"
        ) from None


def _datetime(instant: int) -> datetime:
    return _EPOCH + timedelta(0, 0, instant)


def _days(year: int, clock: tzinfo) -> Iterator[date]:
    """Iterate over the days of a year, but for those that the zone leaves out."""
    ordinals = range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal() + 1)
    days = [date.fromordinal(ordinal) for ordinal in ordinals]
    midnights = (_opening(datetime.combine(day, time.min), clock) for day in days)
    return (day for day, (begins, ends) in zip(days, pairwise(midnights), strict=False) if begins < ends)


def _walls(day: date, hours: Hours) -> Iterator[tuple[datetime, datetime]]:
    """Iterate over the shifts of a day as naive dates and times."""
    for start, end in hours:
        last_day = day if start < end else day + timedelta(days=1)
        yield datetime.combine(day, start), datetime.combine(last_day, end)


def _length(hours: Hours) -> timedelta:
    """Return how long a day of these shifts is where no clock is ever changed."""
    walls = _walls(date(2000, 1, 1), hours)
    opens, closes = _merged((_opening(start, UTC), _closing(end, UTC)) for start, end in walls)
    return timedelta(0, 0, sum(closes) - sum(opens))


def _merged(shifts: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Return opening and closing instants of the stretches that the shifts make, between the ends of time."""
    opens, closes = [-_NEVER], [-_NEVER]
    for start, end in sorted(shifts):
        if start > closes[-1]:
            opens.append(start)
            closes.append(end)
        elif end > closes[-1]:
            closes[-1] = end
    return [*opens, _NEVER], [*closes, _NEVER]


def _opening(wall: datetime, clock: tzinfo) -> int:
    """Return the first instant at which the clock reads `wall` or later."""
    first, second = _readings(wall, clock)
    return first if first <= second else _skip(second, first, clock)


def _closing(wall: datetime, clock: tzinfo) -> int:
    """Return the instant after the last at which the clock reads less than `wall`."""
    first, second = _readings(wall - _MICROSECOND, clock)
    return second + 1 if first <= second else _skip(second, first, clock)


def _readings(wall: datetime, clock: tzinfo) -> tuple[int, int]:
    """Return when the clock reads `wall` for the first and the second time; reversed if it skips it."""
    return _microseconds(wall.replace(tzinfo=clock)), _microseconds(wall.replace(tzinfo=clock, fold=1))


def _skip(before: int, after: int, clock: tzinfo) -> int:
    """Return the instant between these two at which the clock is put forward."""
    seconds = range(before // 1_000_000, after // 1_000_000 + 1)

    def offset(second: int) -> timedelta | None:
        return datetime.fromtimestamp(second, clock).utcoffset()

    return 1_000_000 * seconds[bisect_left(seconds, 1, key=lambda second: offset(second) != offset(seconds[0]))]


class _Always(Calendar):
    """Every hour of every day, in every year that a datetime can hold."""

    def add(self, start: datetime, amount: timedelta) -> datetime:
        return _datetime(_microseconds(start)) + amount

    def between(self, start: datetime, end: datetime) -> timedelta:
        return timedelta(0, 0, _microseconds(end) - _microseconds(start))

    def is_open(self, at: datetime) -> bool:
        _microseconds(at)  # refuses what is no instant
        return True

    def next_opening(self, at: datetime) -> datetime:
        return _datetime(_microseconds(at))

    def intervals(self, start: datetime, end: datetime) -> Iterator[Interval]:
        first, last = self.next_opening(start), self.next_opening(end)
        if first < last:
            yield Interval(first, last)

    def segments(self, start: datetime, end: datetime) -> Iterator[Segment]:
        for interval in self.intervals(start, end):
            yield Segment(interval.start, interval.end, "open")


ALWAYS: Calendar = _Always("always", "UTC", dict.fromkeys(range(7), ((time(0), time(0)),)))
"""Day and night, week-ends and holidays: elapsed time."""
