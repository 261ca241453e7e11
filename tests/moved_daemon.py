"""A real daemon whose clocks stand until they are moved: `python moved_daemon.py START HOSTS daemon …`.

It does all that is due, says on standard output for how many seconds after START nothing is, and goes on when it
is told on standard input how many seconds after START it is now. The supervisor, the threads of the hosts and of
the chores, and all that they do are the daemon's own; only its rests take no time.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from threading import Condition, Event, Thread
from types import SimpleNamespace

import time_machine

from sync import cli, daemon
from sync.service import chores, lane

STOPPED_WITHIN = 0.1
"""Seconds after which resting chores look whether they are to stop: nobody nudges them."""


class MovedTime:
    """The time of all threads that rest on it: it passes only while every one of them does."""

    def __init__(self, start: datetime, threads: int) -> None:
        self.now = 0.0
        self._start, self._threads = start, threads
        self._resting: dict[str, tuple[float, Event]] = {}
        self._changed = Condition()
        self._traveller = time_machine.travel(start, tick=False).start()

    def rests(self, name: str, until: float, nudge: Event) -> None:
        """A thread has nothing more to do now; it is nudged once the time has moved."""
        with self._changed:
            self._resting[name] = until, nudge
            self._changed.notify_all()

    def move(self, seconds: float) -> None:
        """It is so many seconds after the start."""
        with self._changed:
            resting, self._resting = self._resting, {}
        self.now = seconds
        self._traveller.move_to(self._start + timedelta(seconds=seconds))
        for _, nudge in resting.values():
            nudge.set()

    def next(self) -> float:
        """When something is due again, once all threads rest."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._resting) == self._threads)
            return min(until for until, _ in self._resting.values())


class RestingLane(lane.Lane):
    """Rests until it is nudged."""

    moved: MovedTime

    def _rest(self) -> None:
        self.resting = True
        self.moved.rests(self.host, min(self.due().values()), self.nudge)
        self.nudge.wait()
        self.nudge.clear()
        self.beat()
        self.resting = False


class RestingChores(chores.Chores):
    """Looks again every ten minutes of the moved time."""

    def _go_on(self) -> None:
        moved, nudge = RestingLane.moved, Event()
        due = chores.EVERY.total_seconds()
        while not self.stop.is_set():
            moved.rests("chores", due, nudge)
            while not nudge.wait(STOPPED_WITHIN) and not self.stop.is_set():
                pass
            nudge.clear()
            if moved.now >= due:
                self.look(datetime.now(UTC))
                due = moved.now + chores.EVERY.total_seconds()


def converse(moved: MovedTime) -> None:
    """Say when something is due, and be told the time, until nobody asks any more."""
    while True:
        sys.stdout.write(f"{moved.next()}\n")
        sys.stdout.flush()
        if not (told := sys.stdin.readline()):
            return
        moved.move(float(told))


def main(start: str, hosts: str, *arguments: str) -> None:
    """Run the command by these clocks."""
    moved = RestingLane.moved = MovedTime(datetime.fromisoformat(start), int(hosts) + 1)
    clock = SimpleNamespace(monotonic=lambda: moved.now)
    for module in (lane, daemon):
        vars(module)["time"] = clock
    vars(daemon)["Lane"], vars(daemon)["Chores"] = RestingLane, RestingChores
    Thread(target=converse, args=(moved,), daemon=True).start()
    sys.argv = ["makegood", *arguments]
    cli.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
