"""A promise as a clock: when it warns, when it runs out, and which step is due."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tickets import BERLIN, at, policy

from sync.clocks import BREACH, WARNING, Dial, Start, off, run, wind
from sync.contact import Event
from sync.mapping.models import Amount, Cell

if TYPE_CHECKING:
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
        (["Mon 2 Mar 15:00"], "rests", 2, "Consultant 1 took it; no more reminders"),
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
