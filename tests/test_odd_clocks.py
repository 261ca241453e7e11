"""Clocks that are wrong, jump or count oddly: nothing comes twice, early or not at all, and a wrong one is named."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import tickets
import time_machine
from fakes.faults import Late
from fakes.memory_tracker import CLIENT, Lost
from harness_jira import CloudHarness, DataCenterDeskHarness
from office import LATE, NOW, Office, jira_cloud
from passes import BEGIN, agency, high
from reliability import Effect, counted, effects_of, held
from whole_firm import StaffAsana, StaffXlsx, desk, policy

from sync.cycle import run_pass
from sync.errors import ClockError
from sync.ticket import Status
from sync.timekeeping import TOLERATED, steady

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakes.memory_tracker import Board
    from harness import Harness
    from passes import Agency
    from whole_firm import Desk

pytestmark = pytest.mark.reliability

TRACKERS: tuple[type[Harness], ...] = (CloudHarness, DataCenterDeskHarness, StaffAsana, StaffXlsx)
REMOTE = TRACKERS[:3]
HOUR, DAY, TEN = timedelta(hours=1), timedelta(days=1), timedelta(minutes=10)
YEAR_ONE = datetime(1970, 1, 1, 0, 3, tzinfo=UTC)

Wall = "Callable[[datetime, int], datetime]"
"""What this machine's clock says at an instant, in the pass of that number."""


def amiss(by: timedelta, *numbers: int) -> Callable[[datetime, int], datetime]:
    """A clock that is off in these passes and right in all others."""
    return lambda now, number: now + by if number in numbers else now


def forgotten(*numbers: int) -> Callable[[datetime, int], datetime]:
    """A clock that begins in 1970 in these passes."""
    return lambda now, number: YEAR_ONE if number in numbers else now


def swinging(now: datetime, number: int) -> datetime:
    """Ten minutes ahead in one pass, ten behind in the next."""
    return now + TEN if number % 2 else now - TEN


BY = policy(
    escalation="""
ladder = ["project_manager", "engagement_partner"]
gather = "15m"
calendar = "always"
[critical]
first_response = { within = "30d" }
escalation = { to = "engagement_partner" }
[high]
first_response = { within = "30d" }
escalation = { to = "engagement_partner" }
[medium]
first_response = { within = "30d" }
escalation = { to = "project_manager" }
handover = false
[low]
first_response = { within = "30d" }
escalation = { to = "project_manager" }
handover = false
"""
)
"""A ticket of severity high gets one comment in its life: the hand-over, once 15 minutes have passed."""

RIGHT = amiss(timedelta())
WRONG: dict[str, Callable[[datetime, int], datetime]] = {
    "an hour back": amiss(-HOUR, 2, 3, 4),
    "half an hour forward": amiss(HOUR / 2, 2, 3, 4),
    "a day forward and back again": amiss(DAY, 2, 3, 4),
    "in 1970": forgotten(2, 3, 4),
}
TOLERABLE: dict[str, Callable[[datetime, int], datetime]] = {
    "ten minutes ahead": amiss(TEN, *range(10)),
    "ten minutes behind": amiss(-TEN, *range(10)),
    "fourteen minutes forward at once": amiss(timedelta(minutes=14), 2, 3, 4),
    "swinging": swinging,
}


def by_all_clocks(scene: Desk, wall: Callable[[datetime, int], datetime], late: int | None) -> Counter[Effect]:
    """Ten passes in which people act; the first comment meets a tracker that applies it `late` seconds later.

    That is the second pass's, while three more follow within six minutes.
    """
    ticket = scene.harness.create("The report is late", severity="high")
    if late is not None:
        scene.harness.fake.script(Late(late), method="POST", path=r"/(comment|stories)$")
    for number in range(10):
        scene.firm.wait(minutes=2 if number in {2, 3, 4} else 10)
        if number == 2:
            scene.harness.comment_as_client(ticket, "Well?")
        if number == 4:
            scene.harness.remove_label(ticket, "esc:high")
        true = scene.firm.now
        scene.firm.now = wall(true, number)
        off = abs(scene.firm.now - true)
        (sight,) = scene.run()
        assert isinstance(sight.error, ClockError) == (off > TOLERATED)
        scene.firm.now = true
        if number == 3:
            scene.firm.restart()
    assert scene.firm.store.unsettled() == []
    return effects_of(scene.harness, [ticket])


@cache
def undisturbed(kind: type[Harness], late: int | None) -> Counter[Effect]:
    """What stands there in the end if the clock is right."""
    with TemporaryDirectory() as folder, desk(kind, Path(folder), BY, site="site") as scene:
        found = by_all_clocks(scene, RIGHT, late)
    assert {what for _, _, what in found} >= {"esc:level-2"}
    assert sum(what == "comment" for _, what, _ in found) == 1
    return found


@pytest.mark.parametrize("clock", [*WRONG, *TOLERABLE])
@pytest.mark.parametrize("kind", REMOTE, ids=lambda kind: kind.name)
def test_a_clock_that_jumps_right_after_a_lost_answer_doubles_and_loses_nothing(
    kind: type[Harness], clock: str, tmp_path: Path
) -> None:
    wall = (WRONG | TOLERABLE)[clock]
    with desk(kind, tmp_path, BY, site="site") as scene:
        found = by_all_clocks(scene, wall, 280)
    held("clock", f"{kind.name}, {clock}", expected=undisturbed(kind, 280), found=found)
