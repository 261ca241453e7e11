"""What goes wrong between makegood and one tracker: outages, limits, dead tokens, lost answers, late writes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from fakes.faults import DropAfter, DropBefore, HalfBody, Late, Reply

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from fakes.asana import AsanaFake
    from fakes.faults import Fault, Script
    from fakes.jira_cloud import JiraCloud

WRITES = re.compile(r"/issue/\d+$|/comment$|/properties/|/(addTag|removeTag)$|/tasks/\d+$|/stories$")
COMMENTS = re.compile(r"/comment$|/stories$")
ALWAYS = 10**9
OUTAGES: tuple[Fault, ...] = (
    Reply(503, "<html>Service Unavailable</html>", content_type="text/html"),
    Reply(429, {}, {"Retry-After": "30"}),
    Reply(500, {}),
    DropBefore(),
)


class Troubles:
    """Two scripts on a fake that are armed again and again; `last` is when the tracker was last not itself."""

    def __init__(self, fake: JiraCloud | AsanaFake, chance: Random, now: datetime) -> None:
        self._fake = fake
        self._chance = chance
        self._token = fake.token
        self._outage = fake.script(DropBefore(), times=0)
        self._writes = fake.script(DropAfter(), method="POST|PUT", times=0)
        self._until: datetime | None = None
        self._struck = 0
        self.last = now

    def break_down(self, now: datetime) -> None:
        """For minutes to hours no request gets through, or our token counts for nothing."""
        longest = self._chance.choice([20, 60, 360])
        self._until = now + timedelta(minutes=self._chance.randint(5, longest))
        if self._chance.random() < 0.2:
            self._fake.token = "another-token"
        else:
            _arm(self._outage, self._chance.choice(OUTAGES), ALWAYS)

    def spoil_writes(self) -> None:
        """One of the next writes or comments, or several, are not done, done without an answer, or done later."""
        self._writes.path = self._chance.choice([WRITES, COMMENTS])
        late = Late(self._chance.uniform(1, 300))
        refused = Reply(503, {}), Reply(429, {}, {"Retry-After": "5"})
        faults: list[Fault] = [DropAfter(), HalfBody(), DropBefore(), late, late, *refused]
        _arm(
            self._writes,
            self._chance.choice(faults),
            self._chance.choice([1, 1, 3]),
            self._chance.choice([0, 0, 1, 2]),
        )

    def pass_over(self, now: datetime) -> bool:
        """A pass is over: an outage may end; whether a write was struck meanwhile is told, and noted."""
        if self._until and now >= self._until:
            self.end(now)
        struck, self._struck = self._writes.met > self._struck, self._writes.met
        if struck or self._until:
            self.last = now
        return struck

    def end(self, now: datetime) -> None:
        """All is well from now on."""
        self._outage.times, self._writes.times = self._outage.met, self._writes.met
        self._fake.token, self._until, self.last = self._token, None, now


def _arm(script: Script, fault: Fault, times: int, skip: int = 0) -> None:
    script.fault, script.times, script.skip = fault, script.met + times, skip
