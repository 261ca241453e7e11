"""What search knows in the Jira fakes: the issues as they were a while ago."""

from __future__ import annotations

import math
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from fakes.jira_records import Issue


class Index:
    """The issues that search finds, `lag` seconds behind (`math.inf`: until `catch_up`).

    Without a lag it holds the live issues themselves; with one, snapshots. `version` grows with its content.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.lag = 0.0
        self.version = 0
        self._issues: dict[str, Issue] = {}
        self._pending: deque[tuple[datetime | None, str, Issue | None]] = deque()

    @property
    def issues(self) -> dict[str, Issue]:
        """The issues known by now, by id."""
        while self._pending and (due := self._pending[0][0]) and due <= self._clock():
            _, number, issue = self._pending.popleft()
            self._enter(number, issue)
        return self._issues

    def before(self, issue: Issue) -> None:
        """Prepare for a change of this issue, which search must not see yet."""
        if self.lag > 0 and self._issues.get(issue.id) is issue:
            self._issues[issue.id] = issue.snapshot()

    def after(self, issue: Issue, *, alive: bool) -> None:
        """Learn, now or when the lag has passed, what became of the issue."""
        if self.lag > 0:
            due = None if math.isinf(self.lag) else self._clock() + timedelta(seconds=self.lag)
            self._pending.append((due, issue.id, issue.snapshot() if alive else None))
            return
        if self._pending:
            self._pending = deque(entry for entry in self._pending if entry[1] != issue.id)
        self._enter(issue.id, issue if alive else None)

    def catch_up(self, issues: dict[str, Issue]) -> None:
        """Know everything now."""
        self._pending.clear()
        self._issues = dict(issues)
        self.version += 1

    def _enter(self, number: str, issue: Issue | None) -> None:
        self.version += 1
        if issue is None:
            self._issues.pop(number, None)
        else:
            self._issues[number] = issue
