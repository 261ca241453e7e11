"""What the daemon does beside its passes now and then: housekeeping, and the audit."""

from __future__ import annotations

import gc
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any

from sync.auditing.reading import audited, patience
from sync.errors import MakegoodError, StoppingError
from sync.secrecy import trace
from sync.startup import reopened
from sync.state.compaction import daily

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from threading import Event

    from sync.auditing.kinds import Kind
    from sync.service.reload import Configuration
    from sync.state.store import Store
    from sync.trackers.pace import Paces

EVERY = timedelta(minutes=10)
"""How often it is looked whether anything is to be done *(ours)*."""


@dataclass(frozen=True, slots=True)
class Chores:
    """One thread that goes on until `stop`. `told` hears what an audit found, by source and kind; `log` is
    structlog's.
    """

    configuration: Configuration
    store: Store
    sources: Sequence[str]
    paces: Paces
    stop: Event
    told: Callable[[dict[tuple[str, Kind], int]], None]
    log: Any

    def begun(self) -> Thread:
        """The thread, at work."""
        thread = Thread(target=self._go_on, name="chores", daemon=True)
        thread.start()
        return thread

    def _go_on(self) -> None:
        while not self.stop.wait(EVERY.total_seconds()):
            self.look(datetime.now(UTC))

    def look(self, now: datetime) -> None:
        """Do what is to be done by now; what fails is logged, and tried again after the next look."""
        for chore in (self._tidy, self._audit):
            try:
                chore(now)
            except StoppingError:
                return
            except Exception as error:  # noqa: BLE001 - what is served must not suffer; it is told in full
                told = str(error) if isinstance(error, MakegoodError) else trace(error)
                self.log.warning("chore failed", chore=chore.__name__.strip("_"), why=told)
        gc.collect()  # Python does this by itself only after a hundred thousand more things, see `program`

    def _tidy(self, now: datetime) -> None:
        keep = self.configuration.settings.keep_journal.elapsed()
        if done := daily(self.store, now, keep, self.stop.is_set):
            self.log.info("tidied", rows=sum(done.rows.values()), freed=done.freed)

    def _audit(self, now: datetime) -> None:
        """Audit where the last one, or else the first start, was long enough ago."""
        settings = self.configuration.settings
        every, last = settings.audit_every.elapsed(), self.store.audited_at()
        if last is None:
            self.store.note_audit(now)
        if not every or last is None or now - last < every:
            return
        with ExitStack() as held:
            own = reopened(self.configuration.program, self.paces)
            for served in own.sources:
                held.callback(served.tracker.close)
            working = replace(own, stopping=self.stop.is_set)
            told = audited(working, settings.state, now, patience(settings))
        if self.stop.is_set():
            return
        self.store.note_audit(now)
        self.told(told.counts())
        for looked in told.sources:
            if looked.error:
                self.log.error("audit failed", source=looked.source, why=str(looked.error))
        for (source, kind), number in sorted(Counter((each.source, each.kind) for each in told.findings).items()):
            self.log.warning("drift", source=source, kind=kind, tickets=number, now="makegood audit tells each")
        self.log.info("audited", findings=len(told.findings), by_people=len(told.decided))
