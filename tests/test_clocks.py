"""A promise as a clock: when it warns, when it runs out, and which step is due."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tickets import BERLIN, at, policy

from sync.judging.clocks import BREACH, NEVER, WARNING, Dial, Start, end_of_day, limit, notice, off, run, wind
from sync.judging.contact import Event
from sync.mapping.escalation_models import Cell
from sync.mapping.parts import Amount
from sync.worktime import Calendar

Paused = tuple[datetime, list[tuple[datetime, datetime | None]]]

OFFICE = policy().calendars["office"]  # Berlin, Monday to Friday 9 to 17, its holidays
ALWAYS = policy().calendars["always"]
MONDAY = at("Mon 2 Mar 10:00")
HOUR = timedelta(hours=1)


def cell(within: str, counts: str = "elapsed", if_closed: str = "keep", warn_after: str | None = None) -> Cell:
    read = {"within": within, "counts": counts, "if_closed": if_closed} | (
        {"warn_after": warn_after} if warn_after else {}
    )
    return Cell.model_validate(read)


def wall(instant: datetime | None) -> str | None:
    """As the clock on the wall in Berlin shows it."""
    return f"{instant.astimezone(BERLIN):%a %-d %b %H:%M}" if instant else None


def began(started: datetime = MONDAY) -> Start:
    return Start("update", "created", "a rule", started)


# --- when it runs out --------------------------------------------------------------------------------------------

DAY = cell("24h")
OPENING = cell("24h", if_closed="next-opening")
FOUR = cell("4h", "working")
WORKDAY = cell("1d", "working")


@pytest.mark.parametrize(
    ("counted", "started", "due"),
    [
        # elapsed time runs day and night; an instant in closed hours stays, or moves to the next opening
        (cell("1h"), "Sat 7 Mar 23:30", "Sun 8 Mar 00:30"),
        (DAY, "Fri 6 Mar 12:00", "Sat 7 Mar 12:00"),
        (OPENING, "Mon 2 Mar 12:00", "Tue 3 Mar 12:00"),
        (OPENING, "Fri 6 Mar 12:00", "Mon 9 Mar 09:00"),
        (OPENING, "Mon 2 Mar 18:00", "Wed 4 Mar 09:00"),
        # working time stands still in the evening, at the week-end, on holidays
        (FOUR, "Mon 2 Mar 10:00", "Mon 2 Mar 14:00"),
        (FOUR, "Mon 2 Mar 13:00", "Mon 2 Mar 17:00"),
        (FOUR, "Mon 2 Mar 15:00", "Tue 3 Mar 11:00"),
        (FOUR, "Fri 6 Mar 15:00", "Mon 9 Mar 11:00"),
        (FOUR, "Sat 7 Mar 12:00", "Mon 9 Mar 13:00"),
        (WORKDAY, "Thu 2 Apr 12:00", "Tue 7 Apr 12:00"),  # Good Friday and Easter Monday between
        (OPENING, "Thu 2 Apr 12:00", "Tue 7 Apr 09:00"),
        # the clocks of Berlin go forward on Sunday 29 March and back on Sunday 25 October
        (DAY, "Sat 28 Mar 12:00", "Sun 29 Mar 13:00"),
        (DAY, "Sat 24 Oct 12:00", "Sun 25 Oct 11:00"),
        (WORKDAY, "Fri 27 Mar 12:00", "Mon 30 Mar 12:00"),
        (WORKDAY, "Fri 23 Oct 12:00", "Mon 26 Oct 12:00"),
    ],
)
def test_time_runs_out_as_the_cell_counts_it(counted: Cell, started: str, due: str) -> None:
    assert wall(Dial(counted, OFFICE).after(at(started))) == due


@pytest.mark.parametrize(
    ("counted", "pauses", "due"),
    [
        (DAY, [], "Tue 3 Mar 10:00"),
        (DAY, [("Mon 2 Mar 12:00", "Mon 2 Mar 15:00")], "Tue 3 Mar 13:00"),
        (DAY, [("Mon 2 Mar 12:00", "Mon 2 Mar 15:00"), ("Tue 3 Mar 12:00", "Wed 4 Mar 12:00")], "Wed 4 Mar 13:00"),
        (DAY, [("Mon 2 Mar 08:00", "Mon 2 Mar 09:00")], "Tue 3 Mar 10:00"),
        (DAY, [("Mon 2 Mar 08:00", "Mon 2 Mar 11:00")], "Tue 3 Mar 11:00"),
        (DAY, [("Tue 3 Mar 10:00", "Wed 4 Mar 10:00")], "Tue 3 Mar 10:00"),
        (DAY, [("Mon 2 Mar 12:00", None)], None),
        (DAY, [("Wed 4 Mar 12:00", None)], "Tue 3 Mar 10:00"),
        (FOUR, [("Mon 2 Mar 11:00", "Mon 2 Mar 13:00")], "Mon 2 Mar 16:00"),
        (FOUR, [("Mon 2 Mar 11:00", "Tue 3 Mar 08:00")], "Tue 3 Mar 12:00"),
        (FOUR, [("Mon 2 Mar 18:00", "Tue 3 Mar 08:00")], "Mon 2 Mar 14:00"),
    ],
)
def test_a_pause_puts_it_off_and_while_it_lasts_nobody_knows_until_when(
    counted: Cell, pauses: list[tuple[str, str | None]], due: str | None
) -> None:
    spans = [(at(begin), at(end) if end else None) for begin, end in pauses]
    assert wall(Dial(counted, OFFICE, spans).after(MONDAY)) == due


@pytest.mark.parametrize(
    ("counted", "warns"),
    [
        (cell("4h"), "Mon 2 Mar 13:00"),
        (cell("4h", warn_after="1h"), "Mon 2 Mar 11:00"),
        (cell("3d", if_closed="next-opening", warn_after="2d"), "Wed 4 Mar 10:00"),
        (cell("1d", "working"), "Mon 2 Mar 16:00"),
        (cell("24h", if_closed="next-opening"), "Tue 3 Mar 09:00"),
    ],
)
def test_the_warning_comes_after_its_own_time_or_after_its_share(counted: Cell, warns: str) -> None:
    assert wall(Dial(counted, OFFICE).warning(MONDAY, 0.75)) == warns


# --- which step is due -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "state", "step", "reached", "upcoming"),
    [
        ("Mon 2 Mar 10:00", "running", 0, None, "Mon 2 Mar 13:00"),
        ("Mon 2 Mar 12:59", "running", 0, None, "Mon 2 Mar 13:00"),
        ("Mon 2 Mar 13:00", "running", 1, "Mon 2 Mar 13:00", "Mon 2 Mar 14:00"),
        ("Mon 2 Mar 14:00", "broken", 2, "Mon 2 Mar 14:00", "Mon 2 Mar 18:00"),
        ("Mon 2 Mar 18:00", "broken", 3, "Mon 2 Mar 18:00", "Mon 2 Mar 22:00"),
        ("Mon 2 Mar 22:00", "rests", 4, "Mon 2 Mar 22:00", None),
        ("Fri 6 Mar 22:00", "rests", 4, "Mon 2 Mar 22:00", None),
    ],
)
def test_it_warns_it_breaks_it_reminds_once_a_cadence_and_then_it_rests(
    now: str, state: str, step: int, reached: str | None, upcoming: str | None
) -> None:
    dial = Dial(cell("4h"), OFFICE, last_step=4)
    wound = wind(began(), dial, at(now), dial.warning(MONDAY, 0.75))
    assert (wound.state, wound.step, wall(wound.reached), wall(wound.upcoming)) == (state, step, reached, upcoming)
    assert (wall(wound.warn), wall(wound.due)) == ("Mon 2 Mar 13:00", "Mon 2 Mar 14:00")


@pytest.mark.parametrize(
    ("now", "step", "upcoming"),
    [
        ("Mon 9 Mar 09:00", 2, "Tue 10 Mar 09:00"),
        ("Tue 10 Mar 09:00", 3, "Wed 11 Mar 09:00"),
        ("Wed 11 Mar 09:00", 4, "Thu 12 Mar 09:00"),
    ],
)
def test_closed_hours_do_not_use_up_reminders_that_nobody_could_heed(now: str, step: int, upcoming: str) -> None:
    """24 hours from Friday noon end on Monday at nine; the week-end holds no reminder."""
    wound = wind(began(at("Fri 6 Mar 12:00")), Dial(OPENING, OFFICE, last_step=5), at(now))
    assert (wound.step, wall(wound.upcoming)) == (step, upcoming)


@pytest.mark.parametrize(
    ("heeded", "state", "step", "note"),
    [
        ([], "broken", 4, ""),
        (["Mon 2 Mar 11:00"], "broken", 4, ""),  # before the breach: the promise was broken all the same
        (["Mon 2 Mar 14:00"], "rests", 2, "Consultant 1 took it; no more reminders"),
        (["Mon 2 Mar 15:00"], "rests", 2, "Consultant 1 took it; no more reminders"),
        (["Mon 2 Mar 18:00"], "rests", 3, "Consultant 1 took it; no more reminders"),  # at that very reminder
        (["Tue 3 Mar 09:00"], "broken", 4, "Consultant 1 took it; no more reminders"),  # not yet
        (["Mon 2 Mar 11:00", "Mon 2 Mar 19:00"], "rests", 3, "Consultant 1 took it; no more reminders"),
    ],
)
def test_whoever_takes_it_after_the_breach_ends_the_reminders(
    heeded: list[str], state: str, step: int, note: str
) -> None:
    events = [Event(when, at(when), "Consultant 1 took it") for when in heeded]
    wound = wind(began(), Dial(cell("4h"), OFFICE, (), 9, events), at("Mon 2 Mar 23:00"))
    assert (wound.state, wound.step, wound.note) == (state, step, note)


@pytest.mark.parametrize(
    ("pauses", "now", "state", "step", "due"),
    [
        ([("Mon 2 Mar 11:00", None)], "Mon 2 Mar 12:00", "paused", 0, None),
        ([("Mon 2 Mar 12:00", None)], "Mon 2 Mar 12:00", "paused", 0, None),
        ([("Mon 2 Mar 13:30", None)], "Mon 2 Mar 15:00", "paused", 1, None),
        ([("Mon 2 Mar 14:30", None)], "Tue 3 Mar 15:00", "broken", 2, "Mon 2 Mar 14:00"),
        ([("Mon 2 Mar 11:00", "Mon 2 Mar 12:00")], "Mon 2 Mar 11:30", "paused", 0, "Mon 2 Mar 15:00"),
        ([("Mon 2 Mar 11:00", "Mon 2 Mar 12:00")], "Mon 2 Mar 12:00", "running", 0, "Mon 2 Mar 15:00"),
    ],
)
def test_a_paused_clock_waits_and_a_broken_one_stays_broken(
    pauses: list[tuple[str, str | None]], now: str, state: str, step: int, due: str | None
) -> None:
    spans = [(at(begin), at(end) if end else None) for begin, end in pauses]
    dial = Dial(cell("4h"), OFFICE, spans, last_step=4)
    wound = wind(began(), dial, at(now), dial.warning(MONDAY, 0.75))
    assert (wound.state, wound.step, wall(wound.due)) == (state, step, due)


def test_a_warning_that_would_not_come_before_the_breach_is_left_out() -> None:
    """From Friday at 18:00 both the warning and the end of 24 hours fall on Monday's opening."""
    started = at("Fri 6 Mar 18:00")
    dial = Dial(OPENING, OFFICE)
    wound = wind(began(started), dial, at("Mon 9 Mar 09:00"), dial.warning(started, 0.75))
    assert (wound.warn, wound.step) == (None, BREACH)


def test_a_promise_that_is_off_says_why_and_owes_nothing() -> None:
    clock = off("first_response", "created", "a rule", MONDAY, "no evidence is mapped")
    assert (clock.state, clock.live, clock.step, clock.note) == ("off", False, 0, "no evidence is mapped")
    assert (clock.promise, clock.occasion, clock.rule) == ("first_response", "created", "a rule")
    assert clock.started == MONDAY


@pytest.mark.parametrize(
    ("kept", "step", "note"),
    [
        ("Mon 2 Mar 09:00", 0, "called"),  # before it began
        ("Mon 2 Mar 13:30", 1, "called"),
        ("Mon 2 Mar 14:00", 2, "called"),
        ("Mon 2 Mar 15:00", 2, "called, late"),
    ],
)
def test_a_promise_that_was_kept_stays_as_it_was_then(kept: str, step: int, note: str) -> None:
    dial = Dial(cell("4h"), OFFICE, last_step=4)
    met = Event("comment 7", at(kept), "called")
    wound = wind(began(), dial, at("Fri 6 Mar 12:00"), dial.warning(MONDAY, 0.75), met)
    assert (wound.state, wound.live, wound.met, wound.upcoming) == ("met", False, met.at, None)
    assert (wound.step, wound.note) == (step, note)


def test_a_clock_carries_what_opened_it() -> None:
    dial = Dial(FOUR, OFFICE, [(at("Mon 2 Mar 11:00"), at("Mon 2 Mar 12:00"))])
    wound = wind(began()._replace(about="a date"), dial, MONDAY)
    assert (wound.promise, wound.occasion, wound.rule, wound.started) == ("update", "created", "a rule", MONDAY)
    assert (wound.cell, wound.about) == (FOUR, "a date")
    assert wound.pauses == ((at("Mon 2 Mar 11:00"), at("Mon 2 Mar 12:00")),)


NOON, EVENING = at("Mon 2 Mar 12:00"), at("Mon 2 Mar 20:00")


@pytest.mark.parametrize(
    ("more", "ends"),
    [
        ({}, "Mon 2 Mar 14:00"),
        ({"by": NOON}, "Mon 2 Mar 12:00"),  # the earlier of the two
        ({"by": EVENING}, "Mon 2 Mar 14:00"),
        ({"by": EVENING, "alone": True}, "Mon 2 Mar 20:00"),
        ({"alone": True}, None),
        ({"not_before": NOON}, "Mon 2 Mar 14:00"),  # the later of the two
        ({"not_before": EVENING}, "Mon 2 Mar 20:00"),
        ({"not_before": NEVER}, None),
        ({"not_before": NEVER, "by": EVENING}, "Mon 2 Mar 20:00"),
        ({"not_before": EVENING, "by": NOON}, "Mon 2 Mar 12:00"),
    ],
)
def test_a_promise_runs_out_no_later_than_its_own_limit_and_no_earlier_than_it_could_be_known(
    more: dict[str, Any], ends: str | None
) -> None:
    assert wall(limit(began()._replace(**more), Dial(FOUR, OFFICE))) == ends


@pytest.mark.parametrize(
    ("now", "until", "state", "step", "reached", "upcoming"),
    [
        ("Mon 2 Mar 09:59", None, "notice", 0, None, "Mon 2 Mar 10:00"),
        ("Mon 2 Mar 10:00", None, "notice", WARNING, "Mon 2 Mar 10:00", None),
        ("Tue 3 Mar 10:00", None, "notice", WARNING, "Mon 2 Mar 10:00", None),
        ("Mon 2 Mar 11:59", NOON, "notice", WARNING, "Mon 2 Mar 10:00", None),
        ("Mon 2 Mar 12:00", NOON, "met", WARNING, "Mon 2 Mar 10:00", None),
    ],
)
def test_a_notice_is_told_once_from_its_instant_on_until_it_is_no_longer_true(  # noqa: PLR0917 - a table
    now: str, until: datetime | None, state: str, step: int, reached: str | None, upcoming: str | None
) -> None:
    told = notice(began()._replace(about="a raise"), at(now), until)
    assert (told.state, told.step, wall(told.reached), wall(told.upcoming)) == (state, step, reached, upcoming)
    assert (told.promise, told.occasion, told.rule, told.started) == ("update", "created", "a rule", MONDAY)
    assert (told.about, told.live) == ("a raise", state == "notice")


# --- parts of a day ----------------------------------------------------------------------------------------------

NIGHTS = Calendar(
    "nights",
    "Europe/Berlin",
    {day: ((time(8), time(12)), (time(20), time(4))) for day in range(4)} | {4: ((time(9), time(9)),)},
    lambda _: {},
)
"""Monday to Thursday a morning and a night; from Friday at nine a whole day."""


@pytest.mark.parametrize(
    ("calendar", "now", "at_least", "ends"),
    [
        (OFFICE, "Mon 2 Mar 10:00", "0m", "Mon 2 Mar 17:00"),
        (OFFICE, "Mon 2 Mar 13:00", "4h", "Mon 2 Mar 17:00"),
        (OFFICE, "Mon 2 Mar 13:01", "4h", "Tue 3 Mar 17:00"),
        (OFFICE, "Mon 2 Mar 05:00", "8h", "Mon 2 Mar 17:00"),
        (OFFICE, "Mon 2 Mar 16:59", "0m", "Mon 2 Mar 17:00"),
        (OFFICE, "Mon 2 Mar 17:00", "0m", "Tue 3 Mar 17:00"),
        (OFFICE, "Fri 6 Mar 17:00", "0m", "Mon 9 Mar 17:00"),
        (OFFICE, "Thu 2 Apr 17:00", "0m", "Tue 7 Apr 17:00"),  # Good Friday and Easter Monday between
        (OFFICE, "Mon 2 Mar 10:00", "9h", "Mon 2 Mar 10:00"),  # no day is as long
        (NIGHTS, "Mon 2 Mar 10:00", "0m", "Tue 3 Mar 04:00"),  # the end of the last shift that began that day
        (NIGHTS, "Tue 3 Mar 03:00", "0m", "Tue 3 Mar 04:00"),  # which is still the day before
        (NIGHTS, "Tue 3 Mar 03:00", "2h", "Wed 4 Mar 04:00"),
        (NIGHTS, "Tue 3 Mar 04:00", "0m", "Wed 4 Mar 04:00"),
        (NIGHTS, "Fri 6 Mar 12:00", "0m", "Sat 7 Mar 09:00"),
    ],
)
def test_the_working_day_ends_with_its_last_shift_or_is_the_next_one_with_enough_left(
    calendar: Calendar, now: str, at_least: str, ends: str
) -> None:
    assert (
        wall(end_of_day(calendar, at(now), Amount.parse(at_least).elapsed() if at_least != "0m" else timedelta()))
        == ends
    )


@pytest.mark.parametrize(
    ("zone", "shift", "now", "at_least", "ends"),
    [
        # Monday there is Sunday in UTC until nine; Monday's whole day of work lies ahead
        ("Asia/Tokyo", (time(8), time(16)), "2026-03-01T15:30Z", 8, "2026-03-02T07:00Z"),
        # it is Tuesday in UTC, and the shift that began there on Sunday still lasts
        ("America/Los_Angeles", (time(22), time(21)), "2026-03-03T04:00Z", 0, "2026-03-03T05:00Z"),
    ],
)
def test_a_day_is_a_day_of_the_calendar_s_zone_and_its_end_is_told_in_utc(
    zone: str, shift: tuple[time, time], now: str, at_least: int, ends: str
) -> None:
    calendar = Calendar("there", zone, dict.fromkeys(range(7), (shift,)), lambda _: {})
    end = end_of_day(calendar, datetime.fromisoformat(now), timedelta(hours=at_least))
    assert end == datetime.fromisoformat(ends)
    assert end.tzinfo is UTC


def test_where_no_office_opens_for_weeks_the_day_ends_at_once() -> None:
    opening = at("Mon 23 Mar 09:00").date()
    shut = Calendar("shut", "Europe/Berlin", {}, lambda _: {}, on={opening: ((time(9), time(17)),)})
    assert wall(end_of_day(shut, at("Tue 3 Mar 10:00"), HOUR)) == "Mon 23 Mar 17:00"
    assert wall(end_of_day(shut, at("Mon 2 Mar 10:00"), HOUR)) == "Mon 2 Mar 10:00", "21 days on is too long"


@pytest.mark.parametrize(
    ("counted", "share", "instant"),
    [
        (DAY, 1 / 3, "Tue 3 Mar 02:00"),
        (OPENING, 1 / 3, "Tue 3 Mar 09:00"),
        (FOUR, 1 / 2, "Tue 3 Mar 10:00"),
        (FOUR, 0, "Mon 2 Mar 10:00"),
        (FOUR, 1, "Wed 4 Mar 10:00"),
    ],
)
def test_a_part_of_the_way_is_counted_as_the_cell_counts(counted: Cell, share: float, instant: str) -> None:
    assert wall(Dial(counted, OFFICE).part(MONDAY, at("Wed 4 Mar 10:00"), share)) == instant


@pytest.mark.parametrize(
    ("counted", "instant"),
    [(cell("4h"), "Tue 3 Mar 06:00"), (FOUR, "Mon 2 Mar 14:00"), (WORKDAY, "Mon 2 Mar 10:00")],
)
def test_what_must_be_done_by_an_instant_is_begun_the_cell_s_amount_before_it(counted: Cell, instant: str) -> None:
    assert wall(Dial(counted, OFFICE).before(at("Tue 3 Mar 10:00"))) == instant


@pytest.mark.parametrize(
    ("counted", "ends"),
    [
        (cell("4h"), "Mon 2 Mar 11:00"),  # the last quarter
        (cell("4h", warn_after="1h"), "Mon 2 Mar 13:00"),
        (cell("2d", "working", warn_after="1d"), "Tue 3 Mar 10:00"),
        (WORKDAY, "Mon 2 Mar 12:00"),
    ],
)
def test_a_warning_period_is_the_time_between_warning_and_breach(counted: Cell, ends: str) -> None:
    assert wall(Dial(counted, OFFICE).warning_period(MONDAY, 0.75)) == ends
    assert Dial(counted, OFFICE, [(MONDAY, None)]).warning_period(MONDAY, 0.75) is None


# --- in general --------------------------------------------------------------------------------------------------

MINUTES = st.integers(1, 6000).map(lambda minutes: timedelta(minutes=minutes))
AMOUNTS = st.sampled_from(["45m", "4h", "1d", "3d", "1w"])
CELLS = st.builds(
    cell, AMOUNTS, st.sampled_from(["elapsed", "working"]), st.sampled_from(["keep", "next-opening"])
)
STARTS = st.integers(0, 90 * 24 * 60).map(lambda minutes: MONDAY + timedelta(minutes=minutes))


@st.composite
def paused(draw: st.DrawFn) -> Paused:
    """A start, and pauses around it of which the last may still last."""
    started = draw(STARTS)
    moments = [started - timedelta(days=1)]
    for gap in draw(st.lists(MINUTES, max_size=8)):
        moments.append(moments[-1] + gap)
    spans: list[tuple[datetime, datetime | None]] = list(zip(moments[1::2], moments[2::2], strict=False))
    if draw(st.booleans()):
        spans.append((moments[-1] + HOUR, None))
    return started, spans


@given(CELLS, paused(), MINUTES, MINUTES)
def test_while_nothing_happens_the_step_never_goes_down_and_the_instants_stay(
    counted: Cell, case: Paused, soon: timedelta, late: timedelta
) -> None:
    started, spans = case
    dial = Dial(counted, OFFICE, spans, last_step=6)
    warn = dial.warning(started, 0.75)
    clocks = [wind(began(started), dial, started + delay, warn) for delay in (timedelta(), soon, soon + late)]
    for before, after in pairwise(clocks):
        assert before.step <= after.step
        assert (before.warn, before.due) == (after.warn, after.due)
        assert (before.step == after.step) is (before.reached == after.reached)


@given(CELLS, paused())
def test_the_warning_comes_before_the_breach_and_the_reminders_after_it_in_order(
    counted: Cell, case: Paused
) -> None:
    started, spans = case
    dial = Dial(counted, OFFICE, spans, last_step=6)
    wound, seen = wind(began(started), dial, started, dial.warning(started, 0.75)), [started]
    assert wound.due is None or wound.warn is None or wound.warn < wound.due
    while wound.upcoming:
        seen.append(wound.upcoming)
        just_before = wind(began(started), dial, wound.upcoming - timedelta.resolution, wound.warn)
        assert (just_before.step, just_before.reached) == (wound.step, wound.reached), (
            "it wakes no later than it has to"
        )
        wound = wind(began(started), dial, wound.upcoming, wound.warn)
        assert wound.reached == seen[-1]
    assert all(before < after for before, after in pairwise(seen))
    assert wound.step in range(7)


@given(STARTS, AMOUNTS, st.floats(0, 0.99), MINUTES)
def test_a_pause_of_some_length_puts_off_an_elapsed_clock_by_exactly_that(
    started: datetime, amount: str, share: float, length: timedelta
) -> None:
    counted = cell(amount)
    begin = started + Amount.parse(amount).elapsed() * share
    plain, put_off = Dial(counted, OFFICE), Dial(counted, OFFICE, [(begin, begin + length)])
    assert put_off.after(started) == (plain.after(started) or started) + length


@given(paused(), MINUTES, MINUTES, st.sampled_from([OFFICE, ALWAYS]))
def test_time_may_be_run_in_parts(case: Paused, first: timedelta, then: timedelta, hours: Calendar) -> None:
    started, spans = case
    half = run(started, first, hours, spans)
    assert run(started, first + then, hours, spans) == (run(half, then, hours, spans) if half else None)


@given(paused(), MINUTES, st.sampled_from([OFFICE, ALWAYS]))
def test_what_has_run_is_the_calendar_s_time_without_the_pauses(
    case: Paused, amount: timedelta, hours: Calendar
) -> None:
    started, spans = case
    end = run(started, amount, hours, spans)
    until_now = end or max(spans[-1][0], started)
    asleep = sum(
        (
            hours.between(max(begin, started), min(until or until_now, until_now))
            for begin, until in spans
            if begin < until_now and (until is None or until > started)
        ),
        timedelta(),
    )
    ran = hours.between(started, until_now) - asleep
    assert ran == amount if end else ran <= amount, "where a pause hides the end, no more than that has run"


@given(paused(), CELLS)
def test_a_pause_told_in_two_pieces_is_the_same_pause(case: Paused, counted: Cell) -> None:
    started, spans = case
    pieces: list[tuple[datetime, datetime | None]] = []
    for begin, end in spans:
        middle = begin + (end - begin) / 2 if end else begin + HOUR
        pieces += [(begin, middle), (middle, end)]
    assert Dial(counted, OFFICE, pieces).after(started) == Dial(counted, OFFICE, spans).after(started)


def test_the_steps_are_numbered_as_action_ids_have_them() -> None:
    assert (WARNING, BREACH) == (1, 2), "ids already given to trackers are made of these"
