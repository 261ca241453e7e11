"""Threads on a clock of their own: one runs at a time, and time passes only while all of them wait."""

from __future__ import annotations

import heapq
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_WAITS = 100_000
"""After so many waits nobody gets on any more: the simulation fails."""


class SimulatedTime:
    """`wait` and `clock` for the jobs that `run` runs, each in a thread; events come in the same order always."""

    def __init__(self) -> None:
        self.now = 0.0
        self._lock = Lock()
        self._asleep: list[tuple[float, int, Event]] = []
        self._running = 0
        self._waits = 0

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        woken = Event()
        with self._lock:
            self._waits += 1
            heapq.heappush(self._asleep, (self.now + seconds, self._waits, woken))
            self._rest()
        woken.wait()
        assert self._waits < MOST_WAITS, "they wait for ever"

    def run(self, *jobs: tuple[float, Callable[[], None]]) -> None:
        """Run each job from its time on, until all have ended; raises what one of them raised."""
        self._running = len(jobs)
        with ThreadPoolExecutor(len(jobs) or 1) as pool:
            futures = [pool.submit(self._from, at, job) for at, job in jobs]
        for future in futures:
            future.result()

    def _from(self, at: float, job: Callable[[], None]) -> None:
        try:
            self.wait(at)
            job()
        finally:
            with self._lock:
                self._rest()

    def _rest(self) -> None:
        """One thread less runs; the last one to rest wakes the next."""
        self._running -= 1
        if self._running == 0 and self._asleep:
            at, _, woken = heapq.heappop(self._asleep)
            self.now = max(self.now, at)
            self._running = 1
            woken.set()


def most_within(seconds: float, times: Sequence[float]) -> int:
    """The most of these instants that lie within less than so many seconds; a billionth is not told apart."""
    ordered = sorted(times)
    return max((sum(0 <= one - first < seconds - 1e-9 for one in ordered) for first in ordered), default=0)
