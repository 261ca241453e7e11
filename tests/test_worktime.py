"""Working time is what a patient person with a wall clock and a diary would count."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.worktime import ALWAYS, Calendar, Hours, _nearest, public_holidays

MONDAY_TO_FRIDAY = range(5)
MIDNIGHT = time(0)


def hours(text: str) -> Hours:
    """`09:00-12:30 13:30-18:00` as shifts."""
    return tuple(
        (time.fromisoformat(start), time.fromisoformat(end))
        for start, _, end in (shift.partition("-") for shift in text.split())
    )


def at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def local(instant: datetime, zone: str) -> str:
    return instant.astimezone(ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M")


@cache
def office(place: str) -> Calendar:
    match place:
        case "Berlin":
            usual, german = hours("09:00-12:30 13:30-18:00"), public_holidays("DE", "BE")
            own = {date(2026, 12, 24): "Christmas Eve"}
            return Calendar(place, "Europe/Berlin", dict.fromkeys(MONDAY_TO_FRIDAY, usual), german, own)
        case "New York":
            usual, american = hours("09:00-17:00"), public_holidays("US")
            return Calendar(place, "America/New_York", dict.fromkeys(MONDAY_TO_FRIDAY, usual), american)
        case "Tokyo":
            usual, japanese = hours("10:00-19:00"), public_holidays("JP")
            return Calendar(place, "Asia/Tokyo", dict.fromkeys(MONDAY_TO_FRIDAY, usual), japanese)
        case "night desk":
            return Calendar(place, "Europe/Berlin", dict.fromkeys(range(7), hours("22:00-06:00 13:00-14:00")))
    raise LookupError(place)


@pytest.mark.parametrize(
    ("place", "start", "amount", "end"),
    [
        pytest.param("Berlin", "2026-03-02 09:00", "4:00", "Mon 2026-03-02 14:00", id="lunch does not count"),
        pytest.param("Berlin", "2026-03-02 09:00", "8:00", "Mon 2026-03-02 18:00", id="a day ends at its closing"),
        pytest.param("Berlin", "2026-03-02 18:00", "0:01", "Tue 2026-03-03 09:01", id="and goes on next morning"),
        pytest.param("Berlin", "2026-03-06 17:00", "4:00", "Mon 2026-03-09 12:00", id="over a week-end"),
        pytest.param("Berlin", "2026-03-07 11:00", "0:30", "Mon 2026-03-09 09:30", id="asked on a Saturday"),
        pytest.param("Berlin", "2026-03-07 11:00", "0:00", "Sat 2026-03-07 11:00", id="nothing takes no time"),
        pytest.param("Berlin", "2026-04-02 17:00", "2:00", "Tue 2026-04-07 10:00", id="over Easter"),
        pytest.param("Berlin", "2027-03-05 17:00", "2:00", "Tue 2027-03-09 10:00", id="Women's Day, Berlin only"),
        pytest.param(
            "Berlin", "2026-12-23 17:00", "2:00", "Mon 2026-12-28 10:00", id="own day off before Christmas"
        ),
        pytest.param(
            "Berlin", "2026-03-27 17:00", "2:00", "Mon 2026-03-30 10:00", id="the clock change is no work"
        ),
        pytest.param(
            "New York", "2026-07-02 16:30", "1:00", "Mon 2026-07-06 09:30", id="4 July kept on the Friday"
        ),
        pytest.param(
            "New York", "2021-12-30 16:00", "2:00", "Mon 2022-01-03 10:00", id="New Year kept in December"
        ),
        pytest.param("Tokyo", "2026-05-01 18:00", "2:00", "Thu 2026-05-07 11:00", id="Golden Week"),
        pytest.param(
            "night desk", "2026-03-02 23:00", "8:00", "Tue 2026-03-03 14:00", id="night shift, then noon"
        ),
        pytest.param("Berlin", "2026-03-09 12:00", "-4:00", "Fri 2026-03-06 17:00", id="backwards"),
        pytest.param("Berlin", "2026-03-09 10:00", "-1:00", "Mon 2026-03-09 09:00", id="backwards to the opening"),
    ],
)
def test_working_time_is_added_as_people_count_it(place: str, start: str, amount: str, end: str) -> None:
    calendar = office(place)
    sign = -1 if amount.startswith("-") else 1
    clock = datetime.strptime(amount.lstrip("-"), "%H:%M").replace(tzinfo=UTC)
    work = sign * timedelta(hours=clock.hour, minutes=clock.minute)

    found = calendar.add(at(start, calendar.zone), work)

    assert local(found, calendar.zone) == end
    assert found.tzinfo is UTC
    assert calendar.between(at(start, calendar.zone), found) == work


def test_the_last_microsecond_of_a_day_ends_that_day_and_not_the_next_morning() -> None:
    closing, shortest = at("2026-03-02 18:00", "Europe/Berlin"), timedelta(microseconds=1)
    assert office("Berlin").add(closing - shortest, shortest) == closing
    opening = at("2026-03-03 09:00", "Europe/Berlin")
    assert office("Berlin").add(opening + shortest, -shortest) == opening


@pytest.mark.parametrize(
    ("zone", "day", "shifts", "expected"),
    [
        pytest.param(
            "Europe/Berlin", "2026-03-29", "22:00-06:00", ["20:00-04:00 (8:00)"], id="next night is a usual one"
        ),
        pytest.param(
            "Europe/Berlin", "2026-03-28", "22:00-06:00", ["21:00-04:00 (7:00)"], id="spring night: 7 hours"
        ),
        pytest.param(
            "Europe/Berlin", "2026-10-24", "22:00-06:00", ["20:00-05:00 (9:00)"], id="autumn night: 9 hours"
        ),
        pytest.param("Europe/Berlin", "2026-03-29", "01:00-02:30", ["00:00-01:00 (1:00)"], id="ends in the skip"),
        pytest.param(
            "Europe/Berlin", "2026-03-29", "02:30-04:00", ["01:00-02:00 (1:00)"], id="starts in the skip"
        ),
        pytest.param("Europe/Berlin", "2026-03-29", "02:10-02:50", [], id="lies in the skip"),
        pytest.param(
            "Europe/Berlin", "2026-03-29", "01:00-03:00", ["00:00-01:00 (1:00)"], id="ends with the skip"
        ),
        pytest.param(
            "Europe/Berlin", "2026-10-25", "01:00-02:30", ["23:00-01:30 (2:30)"], id="ends the second time"
        ),
        pytest.param(
            "Europe/Berlin", "2026-10-25", "02:30-04:00", ["00:30-03:00 (2:30)"], id="starts the first time"
        ),
        pytest.param(
            "Europe/Berlin", "2026-10-25", "01:00-02:00", ["23:00-00:00 (1:00)"], id="ends before the fold"
        ),
        pytest.param(
            "Europe/Berlin", "2026-10-25", "03:00-04:00", ["02:00-03:00 (1:00)"], id="starts after the fold"
        ),
        pytest.param(
            "Australia/Lord_Howe", "2026-10-04", "01:00-04:00", ["14:30-17:00 (2:30)"], id="half an hour less"
        ),
        pytest.param(
            "Australia/Lord_Howe", "2026-04-05", "01:00-04:00", ["14:00-17:30 (3:30)"], id="half an hour more"
        ),
        pytest.param("Asia/Kolkata", "2026-03-02", "09:30-18:00", ["04:00-12:30 (8:30)"], id="a half-hour zone"),
        pytest.param(
            "America/Sao_Paulo", "2017-10-15", "00:00-02:00", ["03:00-04:00 (1:00)"], id="midnight skipped"
        ),
        pytest.param("Pacific/Apia", "2011-12-30", "09:00-17:00", [], id="a day the islands never had"),
        pytest.param("Pacific/Apia", "2011-12-30", "20:00-04:00", [], id="nor the night after it"),
        pytest.param(
            "Pacific/Apia", "2011-12-29", "20:00-04:00", ["06:00-10:00 (4:00)"], id="a night into that day"
        ),
    ],
)
def test_a_shift_is_one_unbroken_stretch_through_a_clock_change(
    zone: str, day: str, shifts: str, expected: list[str]
) -> None:
    calendar = Calendar("that day", zone, {}, on={date.fromisoformat(day): hours(shifts)})
    noon = datetime.fromisoformat(f"{day}T12:00Z")

    stretches = calendar.intervals(noon - timedelta(days=2), noon + timedelta(days=2))

    assert [
        f"{stretch.start:%H:%M}-{stretch.end:%H:%M} ({stretch.end - stretch.start!s:.4})" for stretch in stretches
    ] == expected


TICK = timedelta(minutes=5)
CLOCK_CHANGES = {
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "America/Havana": (date(2026, 3, 8), date(2026, 11, 1)),  # at midnight, both ways
    "Pacific/Apia": (date(2011, 12, 30),),
    "Asia/Kolkata": (date(2026, 8, 15),),
    "Asia/Tokyo": (date(2025, 12, 31),),
    "UTC": (date(2024, 2, 29),),
}


@dataclass
class Diary:
    """The oracle: every fifth minute of eight days, with what the wall clock reads, marked open or closed."""

    zone: str
    middle: date
    weekly: dict[int, Hours]
    holidays: dict[date, str]
    off: dict[date, str]
    on: dict[date, Hours | None]

    def calendar(self) -> Calendar:
        return Calendar("drawn", self.zone, self.weekly, lambda _: self.holidays, self.off, self.on)

    @property
    def noon(self) -> datetime:
        return datetime.combine(self.middle, time(12), UTC)

    def ticks(self) -> list[datetime]:
        return [self.noon + step * TICK for step in range(-4 * 288, 4 * 288)]

    def shifts_of(self, day: date) -> Hours:
        weekly = self.weekly.get(day.weekday(), ())
        if day in self.on:
            return self.on[day] or weekly
        return () if day in self.off or day in self.holidays else weekly

    def open_ticks(self) -> set[datetime]:
        """Of each shift all ticks from the first to the last at which the clock reads within it."""
        ticks, clock = self.ticks(), ZoneInfo(self.zone)
        walls = [tick.astimezone(clock).replace(tzinfo=None) for tick in ticks]
        found: set[datetime] = set()
        for day in sorted({wall.date() for wall in walls}):
            for start, end in self.shifts_of(day):
                opens = datetime.combine(day, start)
                closes = datetime.combine(day, end) + (timedelta(days=1) if end <= start else timedelta())
                within = [step for step, wall in enumerate(walls) if opens <= wall < closes]
                if within:
                    found.update(ticks[within[0] : within[-1] + 1])
        return found


clock_times = st.builds(time, st.integers(0, 23), st.integers(0, 11).map(lambda fives: fives * 5))
night_times = st.builds(time, st.integers(0, 3), st.integers(0, 11).map(lambda fives: fives * 5))
shift_times = st.one_of(clock_times, night_times, st.just(MIDNIGHT))
shifts_of_a_day = st.lists(st.tuples(shift_times, shift_times), max_size=3).map(tuple)
some_shifts = st.lists(st.tuples(shift_times, shift_times), min_size=1, max_size=2).map(tuple)


@st.composite
def diaries(draw: st.DrawFn) -> Diary:
    zone = draw(st.sampled_from(sorted(CLOCK_CHANGES)))
    middle = draw(st.sampled_from(CLOCK_CHANGES[zone]))
    near = st.integers(-3, 3).map(lambda days: middle + timedelta(days))
    weekly = draw(st.dictionaries(st.integers(0, 6), shifts_of_a_day, max_size=7))
    weekly[draw(st.integers(0, 6))] = draw(some_shifts)
    off = draw(st.dictionaries(near, st.just("own day off"), max_size=2))
    on = draw(st.dictionaries(near.filter(lambda day: day not in off), st.none() | some_shifts, max_size=2))
    on = {day: shifts for day, shifts in on.items() if shifts or weekly.get(day.weekday())}
    return Diary(zone, middle, weekly, draw(st.dictionaries(near, st.just("holiday"), max_size=2)), off, on)


@settings(deadline=None, max_examples=150)
@given(diaries(), st.integers(-288, 288), st.integers(-288, 288))
def test_a_patient_person_with_a_wall_clock_counts_the_same(diary: Diary, one: int, other: int) -> None:
    calendar, open_ticks = diary.calendar(), diary.open_ticks()
    start, end = diary.noon + min(one, other) * TICK, diary.noon + max(one, other) * TICK
    after_start = [tick for tick in diary.ticks() if start <= tick < end]
    worked = [tick for tick in after_start if tick in open_ticks]

    assert calendar.between(start, end) == len(worked) * TICK == -calendar.between(end, start)
    assert [tick for tick in after_start if calendar.is_open(tick)] == worked
    assert [(i.start, i.end) for i in calendar.intervals(start, end)] == stretches(worked)
    if worked:
        assert calendar.next_opening(start) == worked[0]
        assert calendar.add(start, len(worked) * TICK) == worked[-1] + TICK
        assert calendar.add(end, -len(worked) * TICK) == worked[0]


def stretches(ticks: list[datetime]) -> list[tuple[datetime, datetime]]:
    """Runs of neighbouring ticks."""
    if not ticks:
        return []
    breaks = [(a + TICK, b) for a, b in pairwise(ticks) if a + TICK != b]
    starts, ends = [ticks[0], *(b for _, b in breaks)], [*(a for a, _ in breaks), ticks[-1] + TICK]
    return list(zip(starts, ends, strict=True))


instants = st.datetimes(datetime(2012, 1, 1), datetime(2034, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
amounts = st.timedeltas(timedelta(0), timedelta(days=300))
offices = st.sampled_from(["Berlin", "New York", "Tokyo", "night desk"]).map(office)


@given(offices, instants, amounts)
@settings(deadline=None)
def test_adding_and_measuring_are_exact_inverses(calendar: Calendar, start: datetime, amount: timedelta) -> None:
    later, earlier = calendar.add(start, amount), calendar.add(start, -amount)

    assert calendar.between(start, later) == amount == calendar.between(earlier, start)
    if amount:
        microsecond = timedelta(microseconds=1)
        assert calendar.between(start, later - microsecond) < amount, "an earlier instant would do"
        assert calendar.between(earlier + microsecond, start) < amount, "a later instant would do"


@given(offices, instants, instants, instants)
@settings(deadline=None)
def test_working_time_adds_up(calendar: Calendar, one: datetime, two: datetime, three: datetime) -> None:
    start, middle, end = sorted((one, two, three))

    whole = calendar.between(start, end)

    assert whole == calendar.between(start, middle) + calendar.between(middle, end)
    assert whole == sum((i.end - i.start for i in calendar.intervals(start, end)), timedelta())
    assert calendar.add(start, whole) <= end <= calendar.next_opening(end)
    assert calendar.is_open(calendar.next_opening(end))


@given(st.lists(st.tuples(instants, st.timedeltas(timedelta(0), timedelta(days=20))), min_size=1, max_size=4))
@settings(deadline=None, max_examples=25)
def test_what_was_asked_before_changes_no_answer(questions: list[tuple[datetime, timedelta]]) -> None:
    asked = Calendar("much asked", "America/New_York", {3: hours("20:00-04:00"), 4: hours("04:00-06:00")})

    for start, amount in questions:
        fresh = Calendar("fresh", asked.zone, asked.hours)
        assert asked.add(start, amount) == fresh.add(start, amount)
        assert asked.add(start, -amount) == fresh.add(start, -amount)


def test_threads_may_share_a_calendar() -> None:
    random = Random(4)
    starts = [datetime(random.randrange(2005, 2030), 6, 1, tzinfo=UTC) for _ in range(100)]
    shared, alone = (Calendar(name, "UTC", dict.fromkeys(range(5), hours("22:00-02:00"))) for name in "ab")
    work = timedelta(hours=77)

    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda start: shared.add(start, work), starts))

    assert together == [alone.add(start, work) for start in starts]


def test_a_night_shift_belongs_to_the_day_it_starts_on() -> None:
    eve, holiday = date(2026, 4, 30), {date(2026, 5, 1): "May Day"}
    desk = Calendar("desk", "Europe/Berlin", dict.fromkeys(range(7), hours("22:00-06:00")), lambda _: holiday)

    nights = list(desk.intervals(at("2026-04-30 12:00", desk.zone), at("2026-05-03 12:00", desk.zone)))

    assert [(local(night.start, desk.zone), local(night.end, desk.zone)) for night in nights] == [
        ("Thu 2026-04-30 22:00", "Fri 2026-05-01 06:00"),
        ("Sat 2026-05-02 22:00", "Sun 2026-05-03 06:00"),
    ]
    assert desk.closed_because(eve) is None
    assert desk.closed_because(date(2026, 5, 1)) == "May Day"


def test_a_day_on_is_worked_whatever_else_it_is() -> None:
    may_day, saturday, sunday = date(2026, 5, 1), date(2026, 5, 2), date(2026, 5, 3)
    stock_taking: dict[date, Hours | None] = {may_day: None, saturday: None, sunday: hours("10:00-12:00")}
    weekly = {**dict.fromkeys(range(4), hours("09:00-17:00")), 4: hours("09:00-13:00")}
    calendar = Calendar("shop", "Europe/Berlin", weekly, public_holidays("DE"), on=stock_taking)

    assert calendar.hours_on(may_day) == hours("09:00-13:00"), "the hours of a Friday"
    assert calendar.hours_on(saturday) == hours("09:00-17:00"), "the hours of the usual day"
    assert calendar.hours_on(sunday) == hours("10:00-12:00"), "hours of its own"
    midnight = at("2026-05-01 00:00", calendar.zone)
    assert calendar.between(midnight, midnight + timedelta(days=3)) == timedelta(hours=4 + 8 + 2)


def test_a_long_shift_reaches_into_the_new_year() -> None:
    weekly = {3: hours("20:00-19:00"), 4: hours("08:00-09:00 12:00-13:00")}
    new_year, half_an_hour = at("2021-01-01 10:00", "UTC"), timedelta(minutes=30)

    assert Calendar("guard", "UTC", weekly).is_open(new_year), "since Thursday, 31 December"
    found = Calendar("guard", "UTC", weekly).add(at("2021-01-06 00:00", "UTC"), -half_an_hour)
    assert local(found, "UTC") == "Fri 2021-01-01 18:30"


@pytest.mark.parametrize(
    ("country", "region", "language", "day", "name"),
    [
        ("DE", "BE", None, date(2027, 3, 8), "Frauentag"),
        ("DE", "BY", None, date(2027, 3, 8), None),
        ("DE", None, "en_US", date(2026, 4, 6), "Easter Monday"),
        ("US", None, None, date(2026, 7, 3), "Independence Day (observed)"),
        ("JP", None, "ja", date(2026, 5, 5), "こどもの日"),
        ("JP", None, "en_US", date(2026, 5, 6), "Substitute Holiday"),
    ],
)
def test_a_closed_day_says_which_holiday_it_is(
    country: str, region: str | None, language: str | None, day: date, name: str | None
) -> None:
    weekly = dict.fromkeys(MONDAY_TO_FRIDAY, hours("09:00-17:00"))

    calendar = Calendar("office", "UTC", weekly, public_holidays(country, region, language))

    assert calendar.closed_because(day) == name


def test_a_closed_day_names_the_own_day_off_first_and_the_weekday_last() -> None:
    berlin = office("Berlin")

    assert berlin.closed_because(date(2026, 12, 24)) == "Christmas Eve"
    assert berlin.closed_because(date(2026, 12, 26)) == "Zweiter Weihnachtstag", "a Saturday too"
    assert berlin.closed_because(date(2026, 12, 27)) == "Sunday"
    assert berlin.closed_because(date(2026, 12, 28)) is None


@pytest.mark.parametrize(
    ("weekly", "length"),
    [
        ({0: "09:00-17:00"}, "8:00:00"),
        (dict.fromkeys(range(4), "09:00-12:30 13:30-18:00") | {4: "09:00-14:00"}, "8:00:00"),
        ({0: "09:00-17:00", 1: "09:00-15:00"}, "8:00:00"),
        ({0: "08:00-12:00 10:00-14:00"}, "6:00:00"),
        ({0: "08:00-16:00 09:00-12:00"}, "8:00:00"),
        ({0: "22:00-06:30"}, "8:30:00"),
        ({0: "16:00-00:00"}, "8:00:00"),
        ({0: "00:00-00:00"}, "1 day, 0:00:00"),
    ],
)
def test_one_day_means_the_usual_working_day(weekly: dict[int, str], length: str) -> None:
    calendar = Calendar("office", "Europe/Berlin", {day: hours(text) for day, text in weekly.items()})

    assert str(calendar.day_length) == length


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ({"zone": "Europe/Berln"}, "no time zone 'Europe/Berln'; did you mean Europe/Berlin"),
        ({"zone": "Europe"}, "no time zone 'Europe'"),
        ({"hours": {}}, ": it is never open; give at least one weekday hours$"),
        ({"hours": {0: ()}}, "never open"),
        ({"hours": {7: hours("09:00-17:00")}}, r"no weekdays \[7\]; 0 is Monday"),
        ({"hours": {0: ((time(9, tzinfo=UTC), time(17, tzinfo=UTC)),)}}, "times without a zone"),
        (
            {"on": {date(2026, 1, 3): ((time(9, tzinfo=UTC), time(17, tzinfo=UTC)),)}},
            ": hours are read off the wall clock of UTC; give times without a zone$",
        ),
        ({"off": {date(2026, 1, 2): "bridge"}, "on": {date(2026, 1, 2): None}}, "2026-01-02 is both"),
        ({"on": {date(2026, 1, 3): ()}}, "2026-01-03 is a day on with no hours"),
        (
            {"hours": {}, "on": {date(2026, 1, 3): None, date(2026, 1, 4): hours("09:00-10:00")}},
            ": a day on has no hours and no weekday has any to lend; give it hours of its own$",
        ),
    ],
)
def test_a_calendar_that_cannot_be_meant_is_refused(parts: dict[str, object], complaint: str) -> None:
    usual: dict[str, object] = {"name": "office", "zone": "UTC", "hours": {0: hours("09:00-17:00")}}

    with pytest.raises(ValueError, match=f"calendar 'office'.*{complaint}"):
        Calendar(**usual | parts)  # type: ignore[arg-type]


def test_all_that_is_wrong_with_a_calendar_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="calendar 'office'") as caught:
        Calendar("office", "UTC", {7: hours("09:00-17:00")}, on={date(2026, 1, 3): ()})
    weekdays = "no weekdays [7]; 0 is Monday and 6 is Sunday"
    day_on = "2026-01-03 is a day on with no hours; leave the hours out to take the usual ones"
    assert str(caught.value) == f"calendar 'office': {weekdays}; {day_on}"


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("ber", ["BE", "BER", "DE"], "; did you mean BER or BE?"),
        ("x", ["BE"], "; there are: BE"),
        ("x", ["DE", "BE"], "; there are: BE, DE"),
        ("x", [f"{number:02}" for number in range(59)], "; there are: " + ", ".join(f"{n:02}" for n in range(59))),
        ("x", [f"{number:02}" for number in range(60)], ""),
        ("x", [], ""),
    ],
)
def test_what_may_have_been_meant_is_named_or_else_all_there_is_unless_that_is_much(
    word: str, known: list[str], said: str
) -> None:
    assert _nearest(word, known) == said


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (("de",), "no country 'de' .* did you mean DE "),
        (("Narnia",), "no country 'Narnia'"),
        (("JAN",), "no country 'JAN'"),
        (("NYSE",), "no country 'NYSE'"),
        (("DE", "BER"), "no region 'BER' of DE .* did you mean BE"),
        (("DE", "Ostfriesland"), "no region 'Ostfriesland' of DE .*; there are: Augsburg, BB, BE"),
        (("DE", None, "en"), "the holidays of DE have no names in 'en'; did you mean en_US"),
    ],
)
def test_holidays_that_do_not_exist_are_refused_with_the_near_ones(
    asked: tuple[str, str | None, str | None], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        public_holidays(*asked)


def test_a_naive_datetime_is_refused_with_the_remedy() -> None:
    naive = datetime(2026, 3, 2, 9)  # noqa: DTZ001

    for calendar in (office("Berlin"), ALWAYS):
        for question in (calendar.is_open, calendar.next_opening, lambda at, c=calendar: c.add(at, timedelta(1))):
            with pytest.raises(TypeError, match=r"lacks its zone; give it one with .replace\(tzinfo="):
                question(naive)


def test_a_calendar_that_never_opens_again_says_so() -> None:
    once = date(2026, 1, 5)
    calendar = Calendar("ruin", "UTC", {}, on={once: hours("09:00-17:00")})
    monday = at("2026-01-05 12:00", "UTC")

    assert calendar.add(monday, timedelta(hours=5)) == at("2026-01-05 17:00", "UTC")
    assert calendar.add(monday, -timedelta(hours=3)) == at("2026-01-05 09:00", "UTC")
    assert calendar.next_opening(at("1990-01-01 00:00", "UTC")) == at("2026-01-05 09:00", "UTC")
    with pytest.raises(OverflowError, match=r"'ruin' .* too few open hours in them: none after 2026-01-05"):
        calendar.add(monday, timedelta(hours=6))
    with pytest.raises(OverflowError, match=r"'ruin' .* too few open hours in them: none before 2026-01-05"):
        calendar.add(monday, -timedelta(hours=6))
    with pytest.raises(OverflowError, match=r"'ruin' .* too few open hours in them: none after 2031-01-01"):
        calendar.next_opening(at("2031-01-01 00:00", "UTC"))


def test_a_calendar_that_opens_but_twice_names_the_first_and_the_last_of_it() -> None:
    days = {date(2026, 1, 5): hours("09:00-10:00"), date(2026, 1, 12): hours("09:00-10:00")}
    calendar = Calendar("ruin", "UTC", {}, on=days)
    with pytest.raises(OverflowError, match="none after 2026-01-12"):
        calendar.add(at("2026-01-01 12:00", "UTC"), timedelta(hours=3))
    with pytest.raises(OverflowError, match="none before 2026-01-05"):
        calendar.add(at("2026-01-20 12:00", "UTC"), -timedelta(hours=3))


@pytest.mark.parametrize("calendar", [office("Berlin"), ALWAYS], ids=["Berlin", "always"])
def test_no_time_at_all_holds_no_stretch(calendar: Calendar) -> None:
    monday = at("2026-03-02 10:00", "Europe/Berlin")
    assert list(calendar.intervals(monday, monday)) == []
    assert list(calendar.intervals(monday, monday - timedelta(hours=1))) == []


@pytest.mark.parametrize("year", [1, 1969, 2100, 9999])
def test_years_nobody_plans_in_are_refused(year: int) -> None:
    typo = datetime(year, 12, 31, tzinfo=UTC)

    with pytest.raises(OverflowError, match=f"'Tokyo' knows the years 1970 to 2099, not {year:04}-12-31"):
        office("Tokyo").add(typo, timedelta(hours=1))


def test_an_amount_that_leaves_those_years_is_refused() -> None:
    calendar = Calendar("Mondays", "UTC", {0: hours("09:00-10:00")})
    start = at("2090-01-01 00:00", "UTC")

    for amount, bound in (
        ("36500", "after 2099-12-31"),
        ("-36500", "before 1970-01-01"),
        ("999999999", "after 2099-12-31"),
    ):
        with pytest.raises(OverflowError, match=f"'Mondays' knows the years 1970 to 2099 .* none {bound}"):
            calendar.add(start, timedelta(int(amount)))


@given(st.datetimes(timezones=st.timezones(), min_value=datetime(2, 1, 1), max_value=datetime(9000, 1, 1)))  # noqa: DTZ001
@settings(deadline=None)
def test_always_is_elapsed_time(start: datetime) -> None:
    day = timedelta(days=1)
    end = ALWAYS.add(start, day)

    assert end == start.astimezone(UTC) + day
    assert ALWAYS.between(start, end) == day == -ALWAYS.between(end, start) == ALWAYS.day_length
    assert ALWAYS.is_open(start)
    assert ALWAYS.next_opening(start) == start.astimezone(UTC)
    assert [(i.start, i.end) for i in ALWAYS.intervals(start, end)] == [(start.astimezone(UTC), end)]
    assert ALWAYS.closed_because(start.date()) is None
