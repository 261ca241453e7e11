"""How much one tracker host is asked: its limits kept over all sources, sessions and threads."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from math import ceil, inf
from threading import Lock, local
from typing import TYPE_CHECKING, Literal

from sync.errors import RateLimitedError, StoppingError
from sync.trackers.limits import ASANA, JIRA, SOON, UNLIMITED, Budget, Window
from sync.trackers.sources import JiraSource, WorkbookSource, host_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sync.trackers.limits import Limits
    from sync.trackers.sources import AnySource, AsanaSource

Kind = Literal["read", "write"]

PATIENCE = timedelta(seconds=60)
"""The longest wait that a request sits out; one that is asked to wait longer fails, and a later pass goes on."""
LONGEST_HOLD = timedelta(days=1)
"""A host that asks to be left alone for longer is asked again after this: the date it named may be a mistake."""


@dataclass(slots=True, eq=False)
class Turn:
    """One request, from its waiting to its end; what is answered is put here by who sent it."""

    budgets: tuple[Budget, ...]
    patient: bool = False
    """Whether it waited while the host was held back."""
    status: int = 0
    rest: timedelta = timedelta()
    resting: Budget | None = None
    left: float = inf

    def answered(
        self, status: int, rest: timedelta | None = None, *, ticket: bool = False, left: float = inf
    ) -> None:
        """`rest` is how long the tracker asks to be left alone (with `ticket`, by the writes of that ticket), and
        `left` how many more requests it says it takes now.
        """
        self.status, self.rest, self.left = status, rest or timedelta(), left
        self.resting = self.budgets[-1 if ticket else 0]


class Pace:
    """The turns of all requests to one host; thread-safe.

    `stopping` asks to begin nothing more that can be left; `wait` sits out so many seconds, or fewer when we are
    to stop. `told` hears of each request after its end, in the thread that sent it: host, method, status (0: no
    answer) and seconds. `clock` counts seconds from anywhere.
    """

    def __init__(  # noqa: PLR0913 - what it must know of the world
        self,
        host: str = "",
        limits: Limits = UNLIMITED,
        *,
        stopping: Callable[[], bool] = lambda: False,
        wait: Callable[[float], object] = time.sleep,
        told: Callable[[str, str, int, float], None] = lambda _host, _method, _status, _seconds: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.host = host
        self._limits = limits
        self._stopping = stopping
        self._wait = wait
        self._told = told
        self._clock = clock
        self._lock = Lock()
        self._here = local()
        self._minute = Window(inf, 60)
        self._all = Budget((self._minute,))
        self._kinds: dict[Kind, Budget] = {"read": Budget.of(limits.read), "write": Budget.of(limits.write)}
        self._tickets: dict[str, Budget] = {}
        self._waiting: list[Turn] = []
        self._open = 0
        self._left = inf

    # --- what the adapters ask ----------------------------------------------------------------------------------

    @contextmanager
    def turn(self, kind: Kind, method: str, ticket: str = "") -> Iterator[Turn]:
        """Wait until one more request may be sent, and count it while the block runs.

        StoppingError if we are to stop: for a write only if it would have to wait. RateLimitedError if the host,
        or the ticket, is to be left alone for longer than `PATIENCE`. Nothing was sent then.
        """
        if kind == "read" and not getattr(self._here, "finishing", False):
            self._unless_stopping()
        turn = self._wait_for(kind, ticket)
        begun = self._clock()
        try:
            yield turn
        finally:
            now = self._clock()
            with self._lock:
                self._end(turn, now)
            self._told(self.host, method, turn.status, now - begun)

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """Within, in this thread, reads too go on when we are to stop: they belong to a write of several parts."""
        self._here.finishing = True
        try:
            yield
        finally:
            self._here.finishing = False

    def rest(self, seconds: float) -> None:
        """Sit out so many seconds. StoppingError if we are, or were meanwhile, asked to stop."""
        self._unless_stopping()
        self._wait(seconds)
        self._unless_stopping()

    # --- what the daemon asks -----------------------------------------------------------------------------------

    def hold(self, rest: timedelta) -> None:
        """Leave the host alone for so long; those who wait for it go one by one afterwards."""
        with self._lock:
            self._hold(self._all, rest, self._clock())

    def held(self) -> timedelta:
        """For how much longer the host is to be left alone."""
        with self._lock:
            return timedelta(seconds=max(self._all.until - self._clock(), 0))

    def allow(self, per_minute: int | None) -> None:
        """Send at most so many requests in a minute from now on, those just sent included; None: as many as go."""
        with self._lock:
            self._minute.most = per_minute or inf

    def left(self) -> int | None:
        """How many more requests its budget of the minute has now; None if it has no such budget."""
        with self._lock:
            left = self._minute.most - self._minute.used(self._clock())
        return None if left == inf else max(int(left), 0)

    # --- inside -------------------------------------------------------------------------------------------------

    def _unless_stopping(self) -> None:
        if self._stopping():
            raise StoppingError(f"stopped before the next request to {self.host or 'the tracker'} was sent")

    def _wait_for(self, kind: Kind, ticket: str) -> Turn:
        with self._lock:
            budgets: tuple[Budget, ...] = (self._all, self._kinds[kind])
            if ticket and kind == "write":
                budgets += (self._tickets.setdefault(ticket, Budget.of(self._limits.ticket)),)
            turn = Turn(budgets)
            self._waiting.append(turn)
        try:
            while pause := self._ask(turn):
                self.rest(pause)
        finally:
            with self._lock:
                if turn in self._waiting:
                    self._waiting.remove(turn)
        return turn

    def _ask(self, turn: Turn) -> float:
        """Let a waiting request begin, and answer 0; or the seconds after which it is to ask again.

        Those who came first go first, unless they have to wait for what is theirs alone.
        """
        with self._lock:
            now = self._clock()
            self._unless_held_long(turn, now)
            turn.patient = turn.patient or self._all.until > now
            if pause := self._pause(turn, now):
                return pause
            before = self._waiting[: self._waiting.index(turn)]
            if any(not self._pause(other, now) for other in before):
                return SOON
            self._waiting.remove(turn)
            self._open += 1
            for budget in turn.budgets:
                budget.begin()
            return 0

    def _pause(self, turn: Turn, now: float) -> float:
        pause = max(budget.pause(now) for budget in turn.budgets)
        room = 1 if any(waiting.patient for waiting in self._waiting) else max(self._left, 1)
        return max(pause, SOON) if pause or self._open >= room else 0

    def _unless_held_long(self, turn: Turn, now: float) -> None:
        for budget in turn.budgets:
            rest = budget.until - now
            if rest > PATIENCE.total_seconds():
                whole = budget is self._all
                which = "" if whole else " for this ticket"
                raise RateLimitedError(
                    f"{self.host or 'the tracker'} asks for a rest of {ceil(rest / 60)} more minutes{which}; "
                    "nothing was sent",
                    timedelta(seconds=rest),
                    "source" if whole else "ticket",
                )

    def _end(self, turn: Turn, now: float) -> None:
        self._open -= 1
        self._left = turn.left
        for budget in turn.budgets:
            budget.end(now)
        if turn.resting:
            self._hold(turn.resting, turn.rest, now)
        while self._tickets and not self._waiting and self._tickets[next(iter(self._tickets))].idle(now):
            del self._tickets[next(iter(self._tickets))]

    @staticmethod
    def _hold(budget: Budget, rest: timedelta, now: float) -> None:
        budget.until = max(budget.until, now + min(rest, LONGEST_HOLD).total_seconds())


class Paces:
    """The one `Pace` of each host, for as long as the program runs; thread-safe. Arguments as of `Pace`."""

    def __init__(
        self,
        *,
        stopping: Callable[[], bool] = lambda: False,
        wait: Callable[[float], object] = time.sleep,
        told: Callable[[str, str, int, float], None] = lambda _host, _method, _status, _seconds: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._made = partial(Pace, stopping=stopping, wait=wait, told=told, clock=clock)
        self._lock = Lock()
        self._paces: dict[str, Pace] = {}

    def of(self, source: JiraSource | AsanaSource) -> Pace:
        """That of the source's host; the same one for every source of the host, and again after a reload."""
        with self._lock:
            host = host_of(source)
            if host not in self._paces:
                self._paces[host] = self._made(host, JIRA if isinstance(source, JiraSource) else ASANA)
                self._paces[host].allow(source.requests_per_minute)
            return self._paces[host]

    def share(self, sources: Iterable[AnySource]) -> None:
        """Keep each host to the smallest `requests_per_minute` of its sources, which are all of these."""
        asked: dict[str, list[int]] = {}
        for source in sources:
            if isinstance(source, WorkbookSource):
                continue
            self.of(source)
            asked.setdefault(host_of(source), []).extend(filter(None, [source.requests_per_minute]))
        for host, numbers in asked.items():
            self._paces[host].allow(min(numbers, default=None))
