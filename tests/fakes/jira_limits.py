"""The rate limits of Jira Cloud, kept by the fake's clock."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fakes.jira_words import Refusal

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(slots=True)
class Limit:
    """A limit on calls with the same name: so many in so many seconds, for each window (the longest last)."""

    reason: str
    windows: tuple[tuple[int, float], ...]
    calls: defaultdict[str, deque[datetime]] = field(default_factory=lambda: defaultdict(deque))

    def count(self, name: str, now: datetime) -> None:
        """Count a call; raises Refusal(429) when it is one too many, and then does not count it."""
        calls = self.calls[name]
        while calls and (now - calls[0]).total_seconds() >= self.windows[-1][1]:
            calls.popleft()
        for most, seconds in self.windows:
            inside = [one for one in calls if (now - one).total_seconds() < seconds]
            if len(inside) >= most:
                wait = seconds - (now - inside[0]).total_seconds()
                headers = {
                    "Retry-After": str(math.ceil(wait)),
                    "RateLimit-Reason": self.reason,
                    "X-RateLimit-Limit": str(most),
                    "X-RateLimit-Remaining": "0",
                }
                raise Refusal(429, "rate", headers=headers)
        calls.append(now)
