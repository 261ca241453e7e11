"""A pace whose time passes only by waiting."""

from __future__ import annotations

from typing import Any

from sync.trackers.pace import Pace


class Hourglass(Pace):
    """Every wait is noted in `waits` (seconds), takes no time, and moves the pace's clock on."""

    def __init__(self, waits: list[float] | None = None, **given: Any) -> None:  # noqa: ANN401 - arguments of Pace
        self.waits = [] if waits is None else waits
        self.now = 0.0
        super().__init__(wait=self._sit_out, clock=lambda: self.now, **given)

    def _sit_out(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
