"""What the log tells of passes: one line each, and of what is wrong the first and the last of it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sync.errors import GuardRefusedError, StateStoppedError, StoppingError
from sync.secrecy import unquoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync.action import Failed
    from sync.cycle import Sight

AGAIN = timedelta(hours=6)
"""What goes on being wrong is said again after this *(ours)*: four times a day, not three hundred times."""


_REFUSED = "it is made anew each pass; a command that lets one through works while the daemon is stopped"


@dataclass(slots=True)
class PassLog:
    """Of each source what was wrong when it was last served. `log` is structlog's, `clock` counts seconds."""

    log: Any
    clock: Callable[[], float] = time.monotonic
    _errors: dict[str, tuple[str, float]] = field(default_factory=dict)
    _failed: dict[str, dict[Failed, float]] = field(default_factory=dict)

    def tell(self, sight: Sight, number: str, seconds: float) -> None:
        """Log what came of a source's part of a pass; trouble that was told lately is at the level debug."""
        if isinstance(sight.error, StoppingError | StateStoppedError):
            return
        log = self.log.bind(source=sight.plan.source, run=number)
        self._tell_failed(sight, log)
        if sight.error is not None:
            self._tell_error(sight, log)
            return
        if self._errors.pop(sight.plan.source, None):
            log.info("served again")
        plan = sight.plan
        log.info(
            "pass",
            mode=plan.mode,
            seen=plan.seen,
            planned=len(plan.actions()),
            written=sum(len(result.plan.actions) for result in sight.results if not result.failed),
            skipped=len(plan.skipped()),
            failed=len(plan.failed) - len(doubtful(sight)),
            doubtful=len(doubtful(sight)),
            seconds=round(seconds, 3),
        )

    def _tell_failed(self, sight: Sight, log: Any) -> None:  # noqa: ANN401 - structlog's own
        before, now, in_doubt = self._failed.get(sight.plan.source, {}), self.clock(), doubtful(sight)
        told = {failed: at for failed in sight.plan.failed if (at := before.get(failed)) and self._was_lately(at)}
        own = sight.served.terms.mapping.words
        for failed in sight.plan.failed:
            tell = log.debug if failed in told else log.warning
            event = "ticket doubtful" if failed in in_doubt else "ticket failed"
            tell(event, ticket=failed.name, what=failed.what, why=unquoted(failed.why, own))
        self._failed[sight.plan.source] = dict.fromkeys(sight.plan.failed, now) | told

    def _tell_error(self, sight: Sight, log: Any) -> None:  # noqa: ANN401 - structlog's own
        why, source = str(sight.error), sight.plan.source
        said, at = self._errors.get(source, ("", 0.0))
        refused = isinstance(sight.error, GuardRefusedError)
        event, tell = ("plan refused", log.warning) if refused else ("source failed", log.error)
        if said == _alike(why) and self._was_lately(at):
            log.debug(event, why=why)
            return
        self._errors[source] = _alike(why), self.clock()
        tell(event, why=why, **({"now": _REFUSED} if refused else {}))

    def _was_lately(self, at: float) -> bool:
        return self.clock() - at < AGAIN.total_seconds()


def doubtful(sight: Sight) -> frozenset[Failed]:
    """What could not be read of tickets that were judged all the same, without it."""
    judged = {each.ticket.id for each in sight.judged}
    return frozenset(each for each in sight.plan.failed if each.what == "read" and each.ticket in judged)


def _alike(why: str) -> str:
    """What is wrong, whatever the numbers, times and digests that it is told with."""
    return re.sub(r"\w*\d\w*", "0", why)
