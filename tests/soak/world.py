"""A firm, its trackers, the people in them and everything that goes wrong, five minutes at a time."""

from __future__ import annotations

import random
import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, product
from typing import TYPE_CHECKING, NamedTuple, Self

from soak.asana_desk import AsanaDesk
from soak.firm import CrashError, Firm
from soak.jira_desk import JiraDesk
from soak.oracle import MARGIN, Edition, Verdict
from soak.people import People
from soak.policy import GRAVER, TIGHTER, USUAL, WITHIN, limits, policy
from soak.troubles import Troubles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    from soak.life import Life

    from sync.cycle import Sight

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
STEP = timedelta(minutes=5)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
QUIET_AFTER = timedelta(days=14)
"""How long after it was last touched a ticket that is done is left alone by people."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How long, how many, how random. `hurry` is how many times as much is done and goes wrong as in a year."""

    days: float
    tickets: int
    seed: int
    hurry: float = 1.0
    clients: int = 60


class Key(NamedTuple):
    """A ticket of a desk."""

    desk: str
    ticket: str


class Case(NamedTuple):
    """When somebody last did something on a ticket, and whether it was resolved or closed then."""

    touched: datetime
    done: bool


@dataclass
class Counts:
    """What was done in a run."""

    passes: int = 0
    opened: int = 0
    acts: int = 0
    outages: int = 0
    spoilt: int = 0
    crashes: int = 0
    restarts: int = 0
    states_lost: int = 0
    edits: int = 0
    surprises: list[str] = field(default_factory=list)


class World:
    """Use it as a context manager; `live` a number of steps, then `settle`."""

    def __init__(self, folder: Path, scale: Scale) -> None:
        self.scale = scale
        self.chance = random.Random(scale.seed)
        self._policies = {
            (within is TIGHTER, counts_as is GRAVER): policy(within, counts_as)
            for within, counts_as in product((WITHIN, TIGHTER), (USUAL, GRAVER))
        }
        self.firm = Firm(folder, now=START, by=self._policies[False, False], max_actions=1_000_000)
        self.desks = (JiraDesk(START), AsanaDesk(START))
        self.counts = Counts()
        self.verdict = Verdict()
        self.edition = Edition(START, limits(WITHIN), USUAL)
        self.cases: dict[Key, Case] = {}
        """The tickets that there are."""
        self._unread: set[Key] = set()
        self._names = {"jira": ["jira"], "asana": ["asana", "shared"]}
        self._numbers = count(2)
        self._people = {desk.name: People(desk, self.chance, scale.clients) for desk in self.desks}
        self.troubles = {desk.name: Troubles(desk.fake, self.chance, START) for desk in self.desks}
        self._tighter = self._graver = False
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for desk in self.desks:
            self._stack.enter_context(desk.fake)
            self.firm.clocks.append(desk.fake.advance)
        self._stack.callback(self._stop)
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    # --- the process ---------------------------------------------------------------------------------------------

    def _start(self) -> None:
        for desk in self.desks:
            for source, tracker, mapping in desk.open_sources(self._names[desk.name]):
                self.firm.source(source, tracker, mapping)

    def _stop(self) -> None:
        self.firm.restart()
        for _, tracker, _ in self.firm.sources:
            tracker.close()
        self.firm.sources.clear()

    def restart(self) -> None:
        """The process ends and another one begins."""
        self._stop()
        self._start()

    def _lose_state(self) -> None:
        """The state file is gone, or the one from before last midnight is back."""
        self._stop()
        self.firm.state.unlink()
        copy = self.firm.folder / "yesterday.db"
        if copy.exists() and self.chance.random() < 0.5:
            shutil.copy(copy, self.firm.state)
        self._start()
        self._disturbed()

    def _disturbed(self) -> None:
        for troubles in self.troubles.values():
            troubles.last = self.firm.now

    # --- time ----------------------------------------------------------------------------------------------------

    def live(self, steps: int) -> Iterator[int]:
        """That many passes; yields the number of each after it."""
        for number in range(1, steps + 1):
            self._people_act()
            self._trouble_comes()
            self._policy_changes()
            self._work()
            if number % (HOUR // STEP) == 0:
                self._look_for_missed()
            if number % (DAY // STEP) == 0:
                self._midnight()
            yield number

    def _work(self) -> None:
        """A pass and the time until the next. What goes wrong is often followed by a second one, run by hand.

        What comes late comes before people act again: nobody can call back what is under way.
        """
        rest = STEP
        if self._pass() and self.chance.random() < 0.5:
            rest -= MINUTE
            self.firm.wait(seconds=MINUTE.total_seconds())
            self._pass()
        self.firm.wait(seconds=rest.total_seconds())

    def settle(self) -> None:
        """Nothing happens any more, and what is in doubt clears up."""
        for troubles in self.troubles.values():
            troubles.end(self.firm.now)
        for _ in range(2 * MARGIN // STEP):
            self._work()
        self._look_for_missed()
        for key in self.cases:
            self._look_at(key)

    def _midnight(self) -> None:
        for key in sorted(self._unread):
            self._look_at(key)
        self._unread.clear()
        self.firm.restart()
        shutil.copy(self.firm.state, self.firm.folder / "yesterday.db")

    # --- what happens --------------------------------------------------------------------------------------------

    def _happens(self, times_a_day: float) -> bool:
        return self.chance.random() < times_a_day * self.scale.hurry * (STEP / DAY)

    def _people_act(self) -> None:
        if self.chance.random() < self.scale.tickets / (self.scale.days * (DAY / STEP)):
            self._opened()
        for key, case in [*self.cases.items()]:
            rests = case.done and self.firm.now - case.touched > QUIET_AFTER
            if not rests and self._happens(0.3 if case.done else 3):
                self._act(key)

    def _opened(self) -> None:
        desk = self.chance.choice(self.desks)
        key = Key(desk.name, self._people[desk.name].open_ticket())
        self._touch(key)
        self.counts.opened += 1

    def _act(self, key: Key) -> None:
        self.counts.acts += 1
        if self.chance.random() < 0.01:
            self._look_at(key)
            self._desk(key).delete(key.ticket)
            del self.cases[key]
            self._unread.discard(key)
        else:
            self._people[key.desk].act(key.ticket, self.firm.now)
            self._touch(key)

    def _touch(self, key: Key) -> None:
        done = self._life(key).last("status") in {"resolved", "closed"}
        self.cases[key] = Case(self.firm.now, done)
        self._unread.add(key)

    def _trouble_comes(self) -> None:
        for troubles in self.troubles.values():
            if self._happens(0.25):
                troubles.break_down(self.firm.now)
                self.counts.outages += 1
            if self._happens(2):
                troubles.spoil_writes()
                self.counts.spoilt += 1
        if self._happens(1):
            self.firm.fuse = self.chance.randint(2, 5)
        if self._happens(1):
            self.restart()
            self.counts.restarts += 1
        if self._happens(1 / 30) and self.firm.state.exists():
            self._lose_state()
            self.counts.states_lost += 1

    def _policy_changes(self) -> None:
        if not self._happens(0.2):
            return
        edits: list[Callable[[], None]] = [self._reword, self._rename, self._tighten, self._rate_otherwise]
        self.chance.choice(edits)()
        self.firm.digest = f"policy {next(self._numbers)}"
        self.counts.edits += 1

    def _reword(self) -> None:
        self.firm.wording = self.chance.choice(["Please look", "This one is late", "Somebody waits"])

    def _rename(self) -> None:
        self._names = {
            desk: [f"{name.partition('-')[0]}-{next(self._numbers)}" for name in names]
            for desk, names in self._names.items()
        }
        self.restart()

    def _tighten(self) -> None:
        self._tighter = not self._tighter
        self._edited()

    def _rate_otherwise(self) -> None:
        self._graver = not self._graver
        self._edited()

    def _edited(self) -> None:
        self.firm.by = self._policies[self._tighter, self._graver]
        self.verdict.edited.append(self.firm.now)
        within = TIGHTER if self._tighter else WITHIN
        self.edition = Edition(self.firm.now, limits(within), GRAVER if self._graver else USUAL)

    # --- a pass --------------------------------------------------------------------------------------------------

    def _pass(self) -> bool:
        """Whether a write was struck in it."""
        self.counts.passes += 1
        sights: list[Sight] = []
        try:
            sights = self.firm.run()
        except CrashError:
            self.counts.crashes += 1
            self.restart()
            self._disturbed()
        struck = [troubles.pass_over(self.firm.now) for troubles in self.troubles.values()]
        for sight in sights:
            self._surprised(sight)
        return any(struck)

    def _surprised(self, sight: Sight) -> None:
        """Note what went wrong for no reason."""
        desk = next(desk for desk, names in self._names.items() if sight.plan.source in names)
        if self.firm.now - self.troubles[desk].last <= MARGIN:
            return
        wrong = [str(sight.error)] if sight.error else [f"{one.name}: {one.why}" for one in sight.plan.failed]
        self.counts.surprises += [f"{self.firm.now} {sight.plan.source}: {each}" for each in wrong]

    # --- the verdict ---------------------------------------------------------------------------------------------

    def _desk(self, key: Key) -> JiraDesk | AsanaDesk:
        return next(desk for desk in self.desks if desk.name == key.desk)

    def _life(self, key: Key) -> Life:
        return self._desk(key).life(key.ticket)

    def _look_at(self, key: Key) -> None:
        self.verdict.look_at(self._life(key))

    def _look_for_missed(self) -> None:
        for key, case in self.cases.items():
            if not case.done and self.firm.now - case.touched <= 8 * DAY:
                life, ready = self._life(key), self.troubles[key.desk].last
                self.verdict.expect(
                    life, self.firm.now, max(ready, self._found_after_move(key, life)), self.edition
                )

    def _found_after_move(self, key: Key, life: Life) -> datetime:
        """A task that came from another project of Asana's is found by the next crawl, for it is not newer."""
        moved = life.of("place")[1:]
        return moved[-1].at + DAY if moved and key.desk == "asana" else START
