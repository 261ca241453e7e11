"""The sources of one tracker host, served in one thread of their own: none of them waits for another host."""

from __future__ import annotations

import gc
import random
import time
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import inf
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from sync.cycle import Sight, run_pass
from sync.errors import GuardRefusedError, MakegoodError, StateStoppedError
from sync.plan import Plan
from sync.secrecy import trace
from sync.service.schedule import SOONEST, Rhythm, rest
from sync.timekeeping import steady
from sync.trackers.sources import host_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sync.cycle import Program
    from sync.observe import Served
    from sync.service.reload import Configuration
    from sync.trackers.sources import Source

TICK = 15.0
"""Seconds after which a resting lane looks whether a clock runs out, or an edit was made."""
AGAIN = 1.0
"""Seconds after which a lane looks whether a source that came to it has been left elsewhere."""


@dataclass(slots=True)
class Turn:
    """One source in its lane: `due` and `ended` are monotonic seconds, `begun` is the moment of its last pass."""

    served: Served
    due: float
    ended: float = float("-inf")
    begun: datetime | None = None
    failures: int = 0
    passes: int = 0


class Lane:
    """Serves each source of one host when its time has come, those that are due together in one pass.

    Sources of one host share what it can be asked, and may show the same tickets; so they take turns, while those
    of other hosts go on beside them. `ended` is told of each source's part of a pass, its number and its seconds;
    `held` says for how long the host asked to be left alone; `wake` ends the supervisor's wait, as `nudge` ends a
    rest here. `cleared` says whether no lane is at work any more on a source that an edit moved or took out: one
    that came to this host waits for that, since its site may be the same. It goes on until `stop`, until it has no
    source any more, or until each had so many `passes`. `fault` is what ended it: nothing more can be done by
    anybody.
    """

    def __init__(  # noqa: PLR0913 - what it shares with the others
        self,
        host: str,
        configuration: Configuration,
        stop: Event,
        log: Any,  # noqa: ANN401 - structlog's own
        *,
        ended: Callable[[Sight, str, float], None],
        held: Callable[[Source], timedelta],
        wake: Callable[[], None],
        cleared: Callable[[], bool] = lambda: True,
        passes: int | None = None,
    ) -> None:
        self.host = host
        self.thread = Thread(target=self.run, name=f"lane {host}", daemon=True)
        self.fault: BaseException | None = None
        self.nudge = Event()
        self.resting = False
        self.beaten = time.monotonic()
        self._configuration, self._stop, self._log = configuration, stop, log
        self._ended, self._held, self._wake, self._cleared = ended, held, wake, cleared
        self._passes = passes
        self._heeded: Program | None = None
        self._coming = False
        self._turns: dict[str, Turn] = {}

    def run(self) -> None:
        """Serve until there is nothing to serve; what `thread` does."""
        try:
            while not self._stop.is_set() and self._heed():
                if due := [turn for turn in self._turns.values() if self._is_due(turn)]:
                    self._serve(due)
                else:
                    self._rest()
        except BaseException as fault:  # noqa: BLE001 - the supervisor raises it, and ends the others
            self.fault = fault
        finally:
            for turn in self._turns.values():
                turn.served.tracker.close()
            self._turns.clear()
            self._wake()

    def beat(self, *_: object) -> None:
        """Say that there is progress."""
        self.beaten = time.monotonic()

    def due(self) -> dict[str, float]:
        """When each source is served again at the latest, in monotonic seconds."""
        return {turn.served.settings.name: turn.due for turn in [*self._turns.values()]}

    def _heed(self) -> bool:
        """Take up the configuration that is in force; False if there is nothing left to do."""
        self.beat()
        program = self._configuration.program
        if program is not self._heeded or self._coming:
            self._take_up(program.sources)
            self._heeded = program
        return self._coming or any(
            self._passes is None or turn.passes < self._passes for turn in self._turns.values()
        )

    def _take_up(self, sources: Sequence[Served]) -> None:
        own = {served.settings.name: served for served in sources if host_of(served.settings) == self.host}
        before = [*self._turns.items()]
        for name, turn in before:
            if own.get(name) is not turn.served:
                del self._turns[name]
                turn.served.tracker.close()
        fresh = own.keys() - self._turns.keys()
        begun = fresh if self._cleared() else fresh.intersection(name for name, _ in before)
        for name in begun:
            self._turns[name] = Turn(own[name], time.monotonic())
        self._coming = begun != fresh

    def _is_due(self, turn: Turn) -> bool:
        """Whether its rest is over, or a clock ran out since its last pass began; not while it fails."""
        if self._passes is not None and turn.passes >= self._passes:
            return False
        now = time.monotonic()
        if now >= turn.due:
            return True
        if turn.failures or turn.begun is None or now - turn.ended < SOONEST.total_seconds():
            return False
        wake = self._configuration.program.store.wakes(turn.served.settings.name, turn.begun)
        return wake is not None and wake <= datetime.now(UTC)

    def _rest(self) -> None:
        left = min((turn.due for turn in self._turns.values()), default=inf) - time.monotonic()
        self.resting = True
        self.nudge.wait(max(0.0, min(left, AGAIN if self._coming else TICK)))
        self.nudge.clear()
        self.beat()
        self.resting = False

    def _serve(self, due: Sequence[Turn]) -> None:
        program = self._configuration.look(self._log)
        mine = {turn.served.settings.name: turn for turn in due}
        due = [turn for each in program.sources if (turn := mine.get(each.settings.name)) and turn.served is each]
        if not due:
            return
        begun, clock, number = time.monotonic(), steady(), uuid.uuid4().hex[:12]
        now = clock()
        for turn in due:
            turn.begun, turn.passes = now, turn.passes + 1
        sources = tuple(turn.served for turn in due)
        working = replace(program, sources=sources, lane=self.host, clock=clock, progress=self.beat)
        try:
            sights = run_pass(working, now, number)
        except StateStoppedError as error:
            self._log.error("pass stopped", run=number, why=str(error))
            sights = [_unserved(turn, error) for turn in due]
        except MakegoodError:
            raise
        except Exception as error:  # noqa: BLE001 - it must not end the other sources; it is told in full
            self._log.error("unexpected fault", run=number, host=self.host, why=trace(error))
            unexpected = MakegoodError(f"unexpected {type(error).__name__}; the log tells where")
            sights = [_unserved(turn, unexpected) for turn in due]
        finally:
            program.ended(tuple(served.settings.name for served in sources))
        for sight in sights:
            self._ended(sight, number, time.monotonic() - begun)
        self._end(due, program, [sight.error for sight in sights])
        del sights
        gc.collect(1)  # what the pass has read goes now, and not after the next hundred passes

    def _end(self, due: Sequence[Turn], program: Program, errors: Sequence[Exception | None]) -> None:
        """Say when each source is served again."""
        now = time.monotonic()
        held = self._held(due[0].served.settings)
        for turn, error in zip(due, errors, strict=True):
            failed = error is not None and not isinstance(error, GuardRefusedError)
            turn.failures = turn.failures + 1 if failed else 0
            asked = max(getattr(error, "retry_after", None) or timedelta(), held)
            luck = random.random()  # noqa: S311 - no secret hangs on it
            wait = rest(self._rhythm(turn, program), datetime.now(UTC), luck, failures=turn.failures, asked=asked)
            turn.ended, turn.due = now, now + max(wait, held).total_seconds()

    def _rhythm(self, turn: Turn, program: Program) -> Rhythm:
        source, settings, policy = turn.served.settings, self._configuration.settings, program.judge.policy
        return Rhythm(
            (source.interval or settings.interval).elapsed(),
            (source.interval_off_hours or settings.interval_off_hours).elapsed(),
            policy.calendars[source.calendar or policy.escalation.calendar],
        )


def _unserved(turn: Turn, error: MakegoodError) -> Sight:
    """A source's part of a pass that came to nothing."""
    source = turn.served.settings
    return Sight(turn.served, Plan(source.name, source.tracker, source.mode), error=error)
