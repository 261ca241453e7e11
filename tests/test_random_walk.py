"""The firm of the soak on boards in memory, led by Hypothesis: any order of acts, faults and edits, as short as
can be once something is wrong. The cases counted are passes; `MAKEGOOD_THOROUGH=1` walks further and at random.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import pytest
from fakes.memory_tracker import CLIENT, STAFF, Board, Lost, Refused
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from reliability import counted
from soak.firm import CrashError, Firm
from soak.memory_desk import life_of
from soak.oracle import MARGIN, Edition, Verdict
from soak.people import LABELS, TITLES
from soak.policy import GRAVER, TIGHTER, USUAL, WITHIN, limits, policy

from sync.errors import RateLimitedError, ServerFaultError
from sync.ticket import Audience, Status

if TYPE_CHECKING:
    from fakes.memory_tracker import Fault, Write
    from soak.life import Place

    from sync.ticket import Person

THOROUGH = os.environ.get("MAKEGOOD_THOROUGH") == "1"
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
MINUTE, STEP = timedelta(minutes=1), timedelta(minutes=5)
PLACES: tuple[Place, ...] = ("inside", "team", "shared")
CIRCLES: dict[Place, frozenset[Audience]] = {
    "inside": frozenset({Audience.INTERNAL, Audience.RESTRICTED}),
    "team": frozenset({Audience.INTERNAL}),
    "shared": frozenset({Audience.CLIENT}),
}
DOWN = ServerFaultError("503 Service Unavailable")
FAULTS: st.SearchStrategy[Fault] = st.one_of(
    st.integers(1, 290).map(lambda seconds: Lost(timedelta(seconds=seconds))),
    st.just(Lost("now")),
    st.just(Lost("never")),
    st.just(Refused(DOWN)),
    st.just(Refused(RateLimitedError("429 Too Many Requests"))),
)
WRITES: st.SearchStrategy[Write] = st.sampled_from(["comment", "comment", "edit"])
LONGEST_UNREST = 300
"""Passes after which everything must have come to rest."""


class Found(NamedTuple):
    """A ticket: where, and its id."""

    place: Place
    ticket: str


class RandomWalk(RuleBasedStateMachine):
    """Three boards under one policy and one state file; after each step the trackers' truth is judged."""

    tickets = Bundle("tickets")

    def __init__(self) -> None:
        super().__init__()
        folder = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
        self.folder = TemporaryDirectory(dir=folder)
        self.firm = Firm(Path(self.folder.name), now=START, by=policy(WITHIN, USUAL), max_actions=100_000)
        self.boards = {place: self._board(place) for place in PLACES}
        self.verdict = Verdict()
        self.edition = Edition(START, limits(WITHIN), USUAL)
        self.ready = START
        """Since when makegood could do its work undisturbed."""
        self.passes = 0
        self.edits = 0

    def _board(self, place: Place) -> Board:
        readers = "staff-and-clients" if place == "shared" else "staff"
        inside = place == "inside"
        return self.firm.board(
            place,
            settings={"readers": readers},
            audiences=CIRCLES[place],
            ledger=inside,
            marks_listed=not inside,
        )

    # --- people -------------------------------------------------------------------------------------------------

    @initialize(target=tickets)
    def begin(self) -> Found:
        return self._opened("inside", "The report is late", "critical", 1)

    @rule(
        target=tickets,
        place=st.sampled_from(PLACES),
        title=st.sampled_from(TITLES),
        severity=st.sampled_from([*USUAL]),
        client=st.integers(1, 3),
    )
    def open(self, place: Place, title: str, severity: str, client: int) -> Found:
        return self._opened(place, title, severity, client)

    def _opened(self, place: Place, title: str, severity: str, client: int) -> Found:
        fields = {"severity": severity}
        ticket = self.boards[place].create(title, fields=fields, client=f"Client {client}")
        return Found(place, ticket)

    @rule(found=tickets, by=st.sampled_from([CLIENT, STAFF]), text=st.sampled_from(["Any news?", "/called"]))
    def say(self, found: Found, by: Person, text: str) -> None:
        self._of(found).say(found.ticket, text, by)

    @rule(found=tickets, status=st.sampled_from(Status))
    def move_on(self, found: Found, status: Status) -> None:
        if self._of(found).tickets[found.ticket].status is not status:
            self._of(found).change(found.ticket, status=status)

    @rule(found=tickets, label=st.sampled_from(LABELS))
    def put_label(self, found: Found, label: str) -> None:
        if label not in self._of(found).tickets[found.ticket].labels:
            self._of(found).put(found.ticket, label)

    @rule(found=tickets, which=st.integers(0, 5))
    def take_label_off(self, found: Found, which: int) -> None:
        if standing := sorted(self._of(found).tickets[found.ticket].labels):
            self._of(found).take_off(found.ticket, standing[which % len(standing)])

    @rule(found=tickets, due=st.sampled_from([None, date(2026, 1, 5), date(2026, 1, 20)]))
    def set_due(self, found: Found, due: date | None) -> None:
        if self._of(found).tickets[found.ticket].due != due:
            self._of(found).change(found.ticket, due=due)

    @rule(found=tickets, owner=st.sampled_from([None, STAFF]))
    def own(self, found: Found, owner: Person | None) -> None:
        if self._of(found).tickets[found.ticket].assignee != owner:
            self._of(found).change(found.ticket, assignee=owner)

    # --- what goes wrong ----------------------------------------------------------------------------------------

    @rule(write=WRITES, fault=FAULTS, passes=st.integers(0, 10))
    def spoil_a_write(self, write: Write, fault: Fault, passes: int) -> None:
        """The next one on each board; it is looked after by the minute."""
        for board in self.boards.values():
            board.script(write, fault)
        self._work(passes, MINUTE)

    @rule(place=st.sampled_from(PLACES), what=st.sampled_from(["connect", "changed", "fetch", "marks"]))
    def break_down(self, place: Place, what: str) -> None:
        self.boards[place].down[what] = DOWN

    @rule()
    def mend(self) -> None:
        for board in self.boards.values():
            board.down.clear()

    @rule(commits=st.integers(2, 6))
    def crash_soon(self, commits: int) -> None:
        self.firm.fuse = commits

    @rule(forgetting=st.booleans())
    def restart(self, *, forgetting: bool) -> None:
        self.firm.restart()
        if forgetting:
            self.firm.state.unlink(missing_ok=True)
            self.ready = self.firm.now

    # --- edits --------------------------------------------------------------------------------------------------

    @rule(within=st.sampled_from([WITHIN, TIGHTER]), counts_as=st.sampled_from([USUAL, GRAVER]))
    def change_policy(self, within: dict[str, int], counts_as: dict[str, str]) -> None:
        self.firm.by = policy(within, counts_as)
        self.edition = Edition(self.firm.now, limits(within), counts_as)
        self._edited()

    @rule(wording=st.sampled_from(["Please look", "This one is late"]))
    def reword(self, wording: str) -> None:
        self.firm.wording = wording
        self._edited()

    @rule(place=st.sampled_from(PLACES))
    def rename(self, place: Place) -> None:
        board, self.edits = self.boards[place], self.edits + 1
        name = f"{place}-{self.edits}"
        self.firm.change(board.source, name=name)
        board.source = name
        board.tickets = {number: replace(held, source=name) for number, held in board.tickets.items()}
        self._edited()

    def _edited(self) -> None:
        self.edits += 1
        self.firm.digest = f"policy {self.edits}"

    # --- time ---------------------------------------------------------------------------------------------------

    @rule(passes=st.integers(1, 15))
    def work(self, passes: int) -> None:
        self._work(passes, STEP)

    @rule()
    def work_for_an_hour(self) -> None:
        self._work(12, STEP)

    def _work(self, passes: int, every: timedelta) -> None:
        """What comes late comes before people act again: nobody can call back what is under way."""
        for _ in range(passes):
            self._pass(every)
        self._wait(STEP - every)

    def _wait(self, span: timedelta) -> None:
        """What comes late on the way comes before the instant of the next pass."""
        if span:
            self.firm.wait(seconds=span.total_seconds() - 1)
            self.firm.wait(seconds=1)

    @rule(hours=st.sampled_from([1, 2, 5, 20, 60]))
    def be_down(self, hours: int) -> None:
        self.firm.wait(hours=hours)
        self.ready = self.firm.now

    def _pass(self, every: timedelta = STEP) -> None:
        """One pass, and the time until the next."""
        self.passes += 1
        try:
            sights = self.firm.run()
        except CrashError:
            self.firm.restart()
            self.ready = self.firm.now
            sights = []
        if any(sight.error or sight.plan.failed for sight in sights) or self.firm.store.unsettled():
            self.ready = self.firm.now
        self._wait(every)

    # --- the verdict --------------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_wrong(self) -> None:
        for place, board in self.boards.items():
            for number in board.tickets:
                life = life_of(board, number, place)
                self.verdict.look_at(life)
                self.verdict.expect(life, self.firm.now, self.ready, self.edition)
        if self.verdict.faults:
            self._count()

    def teardown(self) -> None:
        try:
            if not self.verdict.faults:
                self._settle()
        finally:
            self.firm.restart()
            self.folder.cleanup()

    def _settle(self) -> None:
        """With everything mended, what was in doubt clears up, and what is owed gets said."""
        self.mend()
        for _ in range(LONGEST_UNREST):
            self._pass()
            if self.firm.now - self.ready > 2 * MARGIN:
                break
        else:
            pytest.fail("it never comes to rest")
        self.nothing_is_wrong()
        self._count()
        assert self.firm.store.unsettled() == []

    def _count(self) -> None:
        verdict = self.verdict
        counted(
            "random walk",
            duplicates=len(verdict.twice),
            losses=len(verdict.missed) + len(verdict.overruled),
            leaks=len(verdict.leaked),
            cases=self.passes,
            told="\n".join(verdict.faults),
        )

    def _of(self, found: Found) -> Board:
        return self.boards[found.place]


RandomWalk.TestCase.settings = settings(
    max_examples=2000 if THOROUGH else 60,
    stateful_step_count=80 if THOROUGH else 40,
    derandomize=not THOROUGH,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestRandomWalk = pytest.mark.reliability(RandomWalk.TestCase)
