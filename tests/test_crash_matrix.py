"""Killed at every boundary of a write, and again while it recovers: each effect stands once, on every tracker.

The process that works is forked and kills itself by SIGKILL at a seam; the tracker it writes to goes on living.
"""

from __future__ import annotations

import gc
import hashlib
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from crash_points import Fuse, Point, begun, forked, hang_up, kept, lay, left_in, put_back, rest, serve
from harness_jira import CloudHarness
from reliability import Effect, effects_of, held, leaks_of
from whole_firm import Desk, StaffAsana, StaffDataCenter, StaffXlsx, desk, policy

from sync.commands.passes import _rebuilt
from sync.state.store import Store
from sync.ticket import Audience, Status

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from harness import Harness

pytestmark = pytest.mark.reliability

THOROUGH = os.environ.get("MAKEGOOD_THOROUGH") == "1"
PAIRED = 0.08
"""On top of what share of the first deaths a second one is tried, unless every pair is asked for."""

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


Work = Callable[[Desk], None]


class Scene(NamedTuple):
    """How things stand before a process is killed in its work, and what is then done, and killed too.

    `effects` are those that are owed.
    """

    prepare: Callable[[Desk], list[str]]
    work: Work
    again: Work
    effects: set[str]


WRITTEN = {"comment", "label", "due"}
SCENES = {
    "the first pass": Scene(begin, one_pass, one_pass, WRITTEN),
    "a pass": Scene(go_on, one_pass, one_pass, WRITTEN | {"follow_up"}),
    "a rebuild": Scene(lose_the_state, rebuild, one_pass, WRITTEN | {"follow_up"}),
}
if THOROUGH:
    SCENES["a rebuild and another"] = SCENES["a rebuild"]._replace(again=rebuild)


def around(*names: str) -> set[str]:
    return {f"{name}: {when}" for name in names for when in ("before", "after")}


def sent(*names: str) -> set[str]:
    return {f"{name}: {when}" for name in names for when in ("before", "sent")}


def committed(*names: str) -> set[str]:
    return {f"{name}: {when}" for name in names for when in ("before BEGIN", "before COMMIT", "after COMMIT")}


ALWAYS = committed("_next_epoch") | around("close")
SEAMS = {
    "the first pass": ALWAYS | committed("migrate", "moved", "intend", "settle", "remember"),
    "a pass": ALWAYS | committed("intend", "settle", "remember") | around("follow_up"),
    "a rebuild": ALWAYS | committed("migrate", "relearn"),
    "a rebuild and another": ALWAYS | committed("migrate", "relearn"),
}
JIRA = around("edit", "comment") | sent("PUT issue", "POST comment", "POST issue")
SEAMS_OF: dict[type[Harness], set[str]] = {
    CloudHarness: JIRA,
    StaffDataCenter: JIRA,
    StaffAsana: around("edit", "comment")
    | sent("POST addTag", "PUT tasks", "POST addFollowers", "POST stories", "POST subtasks"),
    StaffXlsx: around("batch", "replace", "fsync") | committed("observe"),
}
"""What must be among the points: they are found by a run, and none of these may be lost unnoticed."""


# --- the stage --------------------------------------------------------------------------------------------------


class Stood(NamedTuple):
    """What stands at the tracker long after every doubt, and how many comments reach more than were meant."""

    found: Counter[Effect]
    leaks: int


class Tried(NamedTuple):
    """What came of each case; `points` are where the undisturbed work could have died."""

    expected: Stood
    points: list[Point]
    once: dict[Point, Stood]
    twice: dict[tuple[Point, Point], Stood]


class Recovered(NamedTuple):
    """What came of one death, and of a second one at each of these points of the recovery."""

    alone: Stood
    twice: dict[Point, Stood]


@dataclass
class Stage:
    """A scene, in a process that is forked for each case: the fork has a tracker and a clock of its own."""

    desk: Desk
    scene: Scene
    tickets: list[str]

    def tried(self) -> Tried:
        """Every single death, and on top of each that left something of its own every second one, or a sample."""
        expected, points = self._apart(lambda: self._end(self.scene.work))
        recovered: dict[Point, Recovered] = self._after_each(self.scene.work, points, self._recovered)
        first = {id(each): point for point, each in reversed(recovered.items())}
        twice = {
            (point, second): stood
            for point, each in recovered.items()
            if first[id(each)] == point
            for second, stood in each.twice.items()
        }
        return Tried(expected, points, {point: each.alone for point, each in recovered.items()}, twice)

    def _recovered(self, point: Point) -> Recovered:
        alone, points = self._apart(lambda: self._end(self.scene.again))
        chance = random.Random(f"{self.desk.harness.name}, {point}")
        chosen = points if THOROUGH else chance.sample(points, chance.random() < PAIRED)
        return Recovered(alone, self._after_each(self.scene.again, chosen, lambda _: self._end(one_pass)[0]))

    def _after_each(self, work: Work, points: list[Point], then: Callable[[Point], Any]) -> dict[Point, Any]:
        """What `then` tells after a death at each of these points, each time with everything as before.

        Where a death leaves exactly what the one before it left, the same comes of it.
        """
        told: dict[Point, Any] = {}
        left, answer = b"", None
        for point in points:
            left, news = self._apart(partial(self._after, work, point, left, then))
            answer = answer if news is None else news
            told[point] = answer
        return told

    def _after(self, work: Work, point: Point, before: bytes, then: Callable[[Point], Any]) -> tuple[bytes, Any]:
        self._die(work, point)
        left = self._left()
        return left, None if left == before else then(point)

    def _left(self) -> bytes:
        """What was left behind, shortened: the state, and all that was written to the tracker."""
        harness, state = self.desk.harness, self.desk.firm.state
        if harness.remote:
            writes = [each.request for each in harness.fake.exchanges if each.request.method != "GET"]
            written: object = [(each.method, each.path, each.body) for each in writes]
        else:
            written = harness.issues(), harness.comments()
        files = sorted(file.suffix for file in state.parent.iterdir())
        return hashlib.blake2b(repr((left_in(state), written, files)).encode()).digest()

    def _apart(self, case: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the case gives
        files = kept(self.desk.firm.folder)
        told = forked(case)
        put_back(self.desk.firm.folder, files)
        return told

    def _die(self, work: Work, point: Point) -> None:
        """Have another process killed at this point of its work, and let a minute pass."""
        wait = begun(partial(self._work, work, Fuse(point)))
        self._serve()
        assert wait().killed, f"never came to {point}"
        if self.desk.harness.remote:
            rest(self.desk.harness.fake)
        self.desk.firm.wait(minutes=1)

    def _end(self, work: Work) -> tuple[Stood, list[Point]]:
        """This work and later passes undisturbed, and the points that the work came to."""
        self._serve()
        fuse = Fuse()
        met = self._work(work, fuse)
        for minutes in (1, 11, 11):
            self.desk.run(minutes=minutes)
        assert self.desk.firm.store.unsettled() == []
        assert not [*self.desk.firm.folder.glob(".*.tmp")], "no draft of a file is left lying about"
        harness = self.desk.harness
        leaks = leaks_of(harness, self.tickets, Audience.INTERNAL)
        return Stood(effects_of(harness, self.tickets), leaks), met

    def _serve(self) -> None:
        if self.desk.harness.remote:
            serve(self.desk.harness.fake)

    def _work(self, work: Work, fuse: Fuse) -> list[Point]:
        """The work as by a new process, to its end."""
        firm, tracker = self.desk.firm, self.desk.harness.tracker()
        lay(fuse, type(tracker))
        firm.sources = [(source, tracker, mapping) for source, _, mapping in firm.sources]
        work(self.desk)
        firm.restart()
        return list(fuse.met)


def tried(kind: type[Harness], scene: Scene, folder: Path) -> Tried:
    """All that is tried of a scene on a tracker."""
    with desk(kind, folder, policy(promises=PROMISES)) as made, Store(made.firm.state, write=False) as nothing:
        program, words = made.firm.program, made.firm.program(nothing)
        made.firm.program = lambda store: replace(  # type: ignore[method-assign]
            program(store), render=words.render, slips=words.slips, follow_up=words.follow_up
        )
        tickets = scene.prepare(made)
        made.firm.restart()
        made.firm.dry_run()  # so that templates are compiled before the forks, not in each
        if made.harness.remote:
            hang_up(made.harness.fake)
            rest(made.harness.fake)
        gc.freeze()
        told = Stage(made, scene, tickets).tried()
        if made.harness.remote:
            serve(made.harness.fake)
        return told


# --- the matrix -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("kind", TRACKERS, ids=lambda kind: kind.name)
def test_killed_at_any_boundary_and_again_while_it_recovers_each_effect_stands_once(
    tmp_path: Path, kind: type[Harness], name: str
) -> None:
    expected, points, once, twice = forked(partial(tried, kind, SCENES[name], tmp_path))
    assert {what for _, what, _ in expected.found} == SCENES[name].effects
    assert SEAMS[name] | (SEAMS_OF[kind] if name == "a pass" else set()) <= {point.seam for point in points}
    for point, stood in once.items():
        case = f"{kind.name}, {name}, {point}"
        held("killed once", case, expected=expected.found, found=stood.found, leaks=stood.leaks)
    for pair, stood in twice.items():
        case = f"{kind.name}, {name}, {pair}"
        held("killed twice", case, expected=expected.found, found=stood.found, leaks=stood.leaks)
