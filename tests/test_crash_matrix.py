"""Killed at every boundary of a write, and again while it recovers: each effect stands once, on every tracker.

The process that works is forked and kills itself by SIGKILL at a seam; the tracker it writes to goes on living.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest
from crash_points import Ended, Fuse, Point, begun, forked, kept, lay, put_back, rest, serve
from harness_jira import CloudHarness
from reliability import Effect, effects_of, held
from whole_firm import Desk, StaffAsana, StaffDataCenter, StaffXlsx, desk, policy

from sync.commands import _rebuilt
from sync.ticket import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from harness import Harness

pytestmark = pytest.mark.reliability

THOROUGH = os.environ.get("MAKEGOOD_THOROUGH") == "1"
PAIRS = 40
"""How many pairs of deaths a scene is tried with, unless every one is asked for."""

TRACKERS: tuple[type[Harness], ...] = (CloudHarness, StaffDataCenter, StaffAsana, StaffXlsx)
PROMISES = """
follow_ups = ["verified", "post_mortem"]
[verified]
within = "7d"
[post_mortem]
within = "5d"
severities = ["critical"]
"""


# --- scenes -----------------------------------------------------------------------------------------------------


def begin(scene: Desk) -> list[str]:
    """Nothing is known yet: one ticket is owed a hand-over, labels, a due date and an owner."""
    ticket = scene.harness.create("The report is late", severity="high")
    scene.firm.wait(minutes=20)
    return [ticket]


def go_on(scene: Desk) -> list[str]:
    """Beside a ticket that was dealt with, one was solved and is owed follow-ups, and one is new."""
    (old,) = begin(scene)
    solved = scene.harness.create("The report was late", severity="critical")
    scene.run(minutes=1)
    scene.harness.comment_as_staff(solved, "/called")
    scene.harness.set_status(solved, Status.RESOLVED)
    new = scene.harness.create("The invoice is wrong", severity="high")
    scene.firm.wait(minutes=20)
    return [old, solved, new]


def lose_the_state(scene: Desk) -> list[str]:
    """Everything is done, and then the state file is lost."""
    tickets = go_on(scene)
    scene.run()
    scene.firm.restart()
    for file in scene.firm.folder.glob("state.db*"):
        file.unlink()
    scene.firm.wait(minutes=1)
    return tickets


def one_pass(scene: Desk) -> None:
    scene.firm.run()


def rebuild(scene: Desk) -> None:
    program = scene.firm.program(scene.firm.store)
    for served in program.sources:
        _rebuilt(served, scene.firm.store, program)


class Scene(NamedTuple):
    """How things stand before a process is killed in its work, and what is then done, and killed too."""

    prepare: Callable[[Desk], list[str]]
    work: Callable[[Desk], None]
    again: Callable[[Desk], None] = one_pass


SCENES = {
    "the first pass": Scene(begin, one_pass),
    "a pass": Scene(go_on, one_pass),
    "a rebuild": Scene(lose_the_state, rebuild),
    "a rebuild and another": Scene(lose_the_state, rebuild, rebuild),
}


# --- the stage --------------------------------------------------------------------------------------------------


@dataclass
class Stage:
    """A scene in a process of its own, in which others are forked, killed and watched.

    Whatever is tried on it is tried in a fork, so that the tracker is as before; the files are put back.
    """

    desk: Desk
    scene: Scene
    tickets: list[str]

    @property
    def _fakes(self) -> list[Any]:
        return [self.desk.harness.fake] if self.desk.harness.remote else []

    def run(self, work: Callable[[Desk], None], deadly: Point | None = None) -> Ended:
        """Do a work in a process that dies at that point, if it comes to it; else it says which it came to."""
        wait = begun(partial(self._work, work, deadly))
        for fake in self._fakes:
            serve(fake)
        ended = wait()
        for fake in self._fakes:
            rest(fake)
        return ended

    def _work(self, work: Callable[[Desk], None], deadly: Point | None) -> list[Point]:
        fuse, firm = Fuse(deadly), self.desk.firm
        tracker = self.desk.harness.tracker()
        lay(fuse, type(tracker))
        firm.sources = [(source, tracker, mapping) for source, _, mapping in firm.sources]
        work(self.desk)
        firm.restart()
        return fuse.met

    def killed(self, work: Callable[[Desk], None], deadly: Point) -> None:
        assert self.run(work, deadly).killed, f"never came to {deadly}"
        self.desk.firm.wait(minutes=1)

    def in_the_end(self, work: Callable[[Desk], None]) -> tuple[Counter[Effect], list[Point]]:
        """What stands at the tracker long after every doubt, and which points this work came to until then."""
        met = self.run(work).said
        for minutes in (1, 11, 11):
            self.desk.firm.wait(minutes=minutes)
            assert not self.run(one_pass).killed
        return effects_of(self.desk.harness, self.tickets), met
