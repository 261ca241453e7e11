"""How the daemon is, for those who watch over it: figures, pages to ask, a file, and a sign of life."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sync.errors import CredentialsError
from sync.settings import heartbeat_address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sync.auditing.kinds import Kind
    from sync.cycle import Sight
    from sync.mapping.policy import Policy
    from sync.monitoring.health import Listener
    from sync.monitoring.heartbeat import Heart
    from sync.monitoring.metrics import Metrics
    from sync.settings import Settings
    from sync.state.store import Store


class Vitals:
    """Whatever of it the configuration asks for; what cannot be had is logged, and all else goes on.

    `alive` says what is wrong with the daemon itself, empty if nothing is. `log` is structlog's.
    """

    def __init__(self, store: Store, alive: Callable[[], str], log: Any) -> None:  # noqa: ANN401 - structlog's own
        self._store, self._alive, self._log = store, alive, log
        self._settings: Settings | None = None
        self._metrics: Metrics | None = None
        self._listener: Listener | None = None
        self._heart: Heart | None = None
        self._good: dict[str, bool] = {}
        self._textfile: Path | None = None
        self._unwritten = self._unserved = ""

    def configured(self, settings: Settings, policy: Policy) -> None:
        """Heed another configuration: what it asks for anew begins, what it no longer asks for ends."""
        before, self._settings = self._settings, settings
        self._good = {source.name: self._good.get(source.name, False) for source in settings.source}
        if settings.metrics and self._metrics is None:
            from sync.monitoring.metrics import Metrics  # noqa: PLC0415 - only for a team that has Prometheus

            self._metrics = Metrics(self._store, lambda: datetime.now(UTC))
        if settings.metrics is None:
            self._metrics = None
        self._textfile = settings.metrics.textfile if settings.metrics else None
        if metrics := self._metrics:
            metrics.configured(settings, policy)
        if before is None or before.metrics != settings.metrics:
            self._listen(settings)
        if before is None or before.heartbeat != settings.heartbeat:
            self._heart = self._a_heart(settings)

    def passed(self, sight: Sight, seconds: float) -> None:
        """A source's part of a pass has ended."""
        self._good[sight.plan.source] = sight.error is None
        if metrics := self._metrics:
            metrics.passed(sight, seconds)

    def requested(self, host: str, method: str, status: int, seconds: float) -> None:
        """A tracker was asked for something."""
        if metrics := self._metrics:
            metrics.requested(host, method, status, seconds)

    def scheduled(self, source: str, at: datetime) -> None:
        """A source is served again at that time, or sooner."""
        if metrics := self._metrics:
            metrics.scheduled(source, at)

    def budget(self, host: str, left: int | None) -> None:
        """So many requests the host takes from us before the minute is over; None where it does not say."""
        if metrics := self._metrics:
            metrics.budget(host, left)

    def audited(self, found: Mapping[tuple[str, Kind], int]) -> None:
        """An audit found so many of each kind of drift."""
        if metrics := self._metrics:
            metrics.audited(found)

    def refused(self) -> None:
        """An edit of the configuration was not taken."""
        if metrics := self._metrics:
            metrics.misconfigured()

    def tick(self) -> None:
        """What is done now and then: the file is written, and the sign of life given if all sources are served."""
        if self._unserved and self._settings:
            self._listen(self._settings)
        if self._heart:
            self._heart.beat(good=bool(self._good) and all(self._good.values()) and not self._alive())
        if (metrics := self._metrics) and self._textfile:
            self._write(metrics, self._textfile)

    def close(self) -> None:
        """Nobody can ask any more."""
        if self._listener:
            self._listener.close()
        self._listener = None

    def _listen(self, settings: Settings) -> None:
        self.close()
        before, self._unserved = self._unserved, ""
        place = settings.metrics.place if settings.metrics else None
        if place is None or self._metrics is None:
            return
        from sync.monitoring.health import Pages, UnservedError, serve, unready  # noqa: PLC0415 - likewise

        def ready() -> str:
            return unready(self._settings or settings, self._store, datetime.now(UTC))

        try:
            self._listener = serve(*place, Pages(self._metrics.text, self._alive, ready))
        except UnservedError as error:
            self._unserved = str(error)
            if self._unserved != before:
                self._log.error("figures not served", why=self._unserved, now="it is tried again")
        else:
            if before:
                self._log.info("figures served again")

    def _a_heart(self, settings: Settings) -> Heart | None:
        if settings.heartbeat is None:
            return None
        from sync.monitoring.heartbeat import Heart  # noqa: PLC0415 - only where there is one

        try:
            return Heart(settings.heartbeat, heartbeat_address().get_secret_value())
        except CredentialsError as error:
            self._log.error("no heartbeat", why=str(error))
            return None

    def _write(self, metrics: Metrics, path: Path) -> None:
        from sync.monitoring.metrics import UnwrittenError  # noqa: PLC0415 - likewise

        try:
            metrics.write(path)
            self._unwritten = ""
        except UnwrittenError as error:
            if str(error) != self._unwritten:
                self._log.warning("figures not written", why=str(error))
            self._unwritten = str(error)
