"""The limits of a tracker and what is used of them: arithmetic on a clock that others read."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

SOON = 0.01
"""Seconds until a request that waits for another one to end looks again."""


class Limit(NamedTuple):
    """So many requests in so many seconds; in 0 seconds: at once."""

    most: int
    seconds: float


class Limits(NamedTuple):
    """What a tracker takes from one account; `ticket` is of the writes of one ticket."""

    read: tuple[Limit, ...] = ()
    write: tuple[Limit, ...] = ()
    ticket: tuple[Limit, ...] = ()


UNLIMITED = Limits()
JIRA = Limits(read=(Limit(100, 1),), write=(Limit(50, 1),), ticket=(Limit(20, 2), Limit(100, 30)))
"""Jira Cloud's documented limits (developer.atlassian.com, "Rate limiting"). Those of a second are for each
endpoint and method, 100 for GET and POST, 50 for PUT and DELETE: kept here over all reads, and over all writes."""
ASANA = Limits(read=(Limit(50, 0),), write=(Limit(15, 0),))
"""Asana's documented limits of requests at once (developers.asana.com, "Rate limits"); how many it takes in a
minute depends on the plan, and is `requests_per_minute` of the source."""


@dataclass(slots=True)
class Window:
    """A limit being kept. A request counts from its beginning until `seconds` after its end, for the tracker
    counts it at some moment between the two.
    """

    most: float
    seconds: float
    open: int = 0
    ended: deque[float] = field(default_factory=deque)

    def used(self, now: float) -> int:
        """How many requests count now."""
        while self.ended and self.ended[0] + self.seconds <= now:
            self.ended.popleft()
        return self.open + len(self.ended)

    def pause(self, now: float) -> float:
        """Seconds until one more may begin, as far as can be told now; 0 if it may."""
        over = self.used(now) + 1 - self.most
        if over <= 0:
            return 0
        return self.ended[int(over) - 1] + self.seconds - now if over <= len(self.ended) else SOON


@dataclass(slots=True)
class Budget:
    """Limits that the same requests count against, and until when all of them are held back."""

    windows: tuple[Window, ...]
    until: float = -inf

    @classmethod
    def of(cls, limits: Iterable[Limit]) -> Self:
        """One of which nothing is used yet."""
        return cls(tuple(Window(*limit) for limit in limits))

    def pause(self, now: float) -> float:
        """As `Window.pause`."""
        return max(self.until - now, 0, *(window.pause(now) for window in self.windows))

    def begin(self) -> None:
        """Count a request that begins."""
        for window in self.windows:
            window.open += 1

    def end(self, now: float) -> None:
        """Count a request that ended."""
        for window in self.windows:
            window.open -= 1
            window.ended.append(now)

    def idle(self, now: float) -> bool:
        """Whether nothing would be lost by forgetting it."""
        return self.until <= now and not any(window.used(now) for window in self.windows)
