"""What a single run leaves for those who watch over it: its figures in a file, and a sign of life."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.errors import CredentialsError, NotSentError
from sync.settings import heartbeat_address
from sync.terminal import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.cycle import Program, Sight
    from sync.mapping.policy import Policy
    from sync.settings import Settings


def leave_figures(
    settings: Settings, policy: Policy, working: Program, sights: Sequence[Sight], seconds: float
) -> None:
    """Write the textfile, if there is to be one; a file that cannot be written is told of, and that is all."""
    path = settings.metrics.textfile if settings.metrics else None
    if path is None or working.pretended:
        return
    from sync.monitoring.metrics import Metrics, UnwrittenError  # noqa: PLC0415 - only for a team that has Prometheus

    metrics = Metrics(working.store, working.clock)
    metrics.configured(settings, policy)
    for sight in sights:
        metrics.passed(sight, seconds)
    try:
        metrics.write(path)
    except UnwrittenError as error:
        say(f"warning: {error}", err=True)


def sign_of_life(settings: Settings, sights: Sequence[Sight], only: Sequence[str] = ()) -> None:
    """Have the heartbeat heard after a run over all sources and tickets that served each of them.

    One that nobody hears is told of, and that is all.
    """
    served = {sight.plan.source for sight in sights if sight.error is None}
    if settings.heartbeat is None or only or served != {source.name for source in settings.source}:
        return
    from sync.monitoring.heartbeat import Heart  # noqa: PLC0415 - only where there is one

    try:
        Heart(settings.heartbeat, heartbeat_address().get_secret_value()).ask()
    except (CredentialsError, NotSentError) as error:
        say(f"warning: {error}", err=True)
