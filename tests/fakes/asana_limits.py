"""Asana's limits on how much a client may ask: so many calls a minute, so many at once."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import ceil
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOW = timedelta(minutes=1)
AT_ONCE = {"read": 50, "write": 15}


class Quota:
    """Calls admitted in the last minute of the fake's clock; a refused call counts like any other."""

    def __init__(self, per_minute: int | None) -> None:
        self.per_minute = per_minute
        self._calls: deque[datetime] = deque()

    def wait(self, now: datetime) -> int:
        """Count one call; return the seconds to wait, 0 when it may go on."""
        while self._calls and now - self._calls[0] >= WINDOW:
            self._calls.popleft()
        self._calls.append(now)
        if self.per_minute is None or len(self._calls) <= self.per_minute:
            return 0
        frees = self._calls[len(self._calls) - self.per_minute]
        return max(1, ceil((frees + WINDOW - now).total_seconds()))


class Flights:
    """How many reads and writes are being answered: `now`, and the `most` there ever were at once."""

    def __init__(self) -> None:
        self.now = dict.fromkeys(AT_ONCE, 0)
        self.most = dict.fromkeys(AT_ONCE, 0)
        self._lock = Lock()

    @contextmanager
    def one(self, method: str) -> Iterator[bool]:
        """Count a request while the block runs; the value is whether there was room for it when it came."""
        kind = "read" if method == "GET" else "write"
        with self._lock:
            self.now[kind] += 1
            self.most[kind] = max(self.most[kind], self.now[kind])
            fits = self.now[kind] <= AT_ONCE[kind]
        try:
            yield fits
        finally:
            with self._lock:
                self.now[kind] -= 1
