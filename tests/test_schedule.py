"""How long a source is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from passes import agency, high, in_a_lane
from tickets import policy

from sync.service import lane
from sync.service.schedule import LONGEST_BACK_OFF, SPREAD, Rhythm, rest

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

MINUTE = timedelta(minutes=1)
OFFICE = policy().calendars["office"]
ALWAYS = policy().calendars["always"]
OPEN, NIGHT = datetime(2026, 3, 3, 12, tzinfo=UTC), datetime(2026, 3, 3, 22, tzinfo=UTC)
LUCK = st.floats(0, 1, exclude_max=True)


@given(LUCK)
def test_by_day_it_rests_an_interval_more_or_less(luck: float) -> None:
    interval = 5 * MINUTE
    for rhythm in (Rhythm(interval, 15 * MINUTE, OFFICE), Rhythm(interval, 15 * MINUTE, ALWAYS)):
        assert interval * (1 - SPREAD) <= rest(rhythm, OPEN, luck) <= interval * (1 + SPREAD)


@given(LUCK)
def test_off_hours_it_rests_longer_but_is_there_when_work_begins(luck: float) -> None:
    rhythm = Rhythm(5 * MINUTE, 15 * MINUTE, OFFICE)
    assert 15 * MINUTE * (1 - SPREAD) <= rest(rhythm, NIGHT, luck) <= 15 * MINUTE * (1 + SPREAD)
    opening = OFFICE.next_opening(NIGHT)
    assert MINUTE <= rest(rhythm, opening - MINUTE, luck) <= MINUTE + rhythm.interval * SPREAD
    assert rest(Rhythm(30 * MINUTE, 15 * MINUTE, OFFICE), NIGHT, luck) >= 30 * MINUTE * (1 - SPREAD)


@given(st.integers(1, 10_000), LUCK, st.integers(10, 7_200), st.integers(0, 90_000))
def test_while_it_fails_it_rests_ever_longer_and_never_shorter_than_the_tracker_asks(
    failures: int, luck: float, interval: int, asked: int
) -> None:
    rhythm = Rhythm(timedelta(seconds=interval), timedelta(seconds=interval), OFFICE)
    wait = rest(rhythm, OPEN, luck, failures=failures, asked=timedelta(seconds=asked))
    longest = max(LONGEST_BACK_OFF, rhythm.interval, timedelta(seconds=asked) * (1 + SPREAD))
    assert timedelta(seconds=asked) <= wait <= longest
    assert wait >= min(rhythm.interval * 2 ** min(failures, 5), LONGEST_BACK_OFF) / 2
    assert wait <= rest(rhythm, OPEN, luck, failures=failures + 1, asked=timedelta(seconds=asked))


def test_those_that_failed_together_do_not_come_back_together() -> None:
    rhythm = Rhythm(5 * MINUTE, 5 * MINUTE, OFFICE)
    waits = {round(rest(rhythm, OPEN, luck / 20, failures=4).total_seconds()) for luck in range(20)}
    assert len(waits) == 20


def test_a_promise_that_runs_out_is_told_then_and_not_an_interval_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "SOONEST", timedelta())
    monkeypatch.setattr(lane, "TICK", 0.1)
    with agency(tmp_path, now=datetime.now(UTC) - timedelta(minutes=15) + timedelta(seconds=2)) as firm:
        board = firm.board()
        ticket = board.create(**high())
        firm.now = datetime.now(UTC)
        board.now = firm.now
        in_a_lane(firm.program(firm.store), passes=2, interval="1h")
        assert len(board.ours(ticket)) == 1, "the hand-over, 15 minutes after it was reported"
