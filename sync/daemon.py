"""A lane for every tracker host, under one lock, until told to stop."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from sync.call import typed
from sync.lane import TICK, Lane
from sync.logs import configure
from sync.reload import Configuration
from sync.service_manager import Watchdog, notify
from sync.startup import program
from sync.statefile import loss_of
from sync.store import Store
from sync.trackers.sources import host_of

if TYPE_CHECKING:
    from sync.call import Call
    from sync.cycle import Program, Sight
    from sync.mapping.policy import Policy
    from sync.settings import Settings

PATIENCE = 8.0
"""Seconds that a write in hand has to end once we are told to stop; one that is not answered by then is looked up
at the next start."""


def run(call: Call, *, passes: int | None) -> int:
    """Serve until SIGTERM or SIGINT: writes in hand are finished, nothing new is begun. Returns 0.

    SIGHUP has the configuration read again at once. `passes` is how many each source gets; None for no end.
    """
    configuration = Configuration(call.config_file())
    settings = configuration.settings
    configure("json" if call.output == "json" else settings.log, verbose=call.verbose > 0, quiet=call.quiet)
    log = structlog.get_logger("makegood")
    if lost := loss_of(settings.state):
        log.warning("state lost", why=lost)
    with ExitStack() as held:
        store = held.enter_context(Store(settings.state, write=True))
        service = Service(configuration, store, call, log, passes)
        service.begin()
        notify("READY=1")
        log.info("started", sources=[each.settings.name for each in service.sources()], state=str(settings.state))
        try:
            service.supervise()
        finally:
            notify("STOPPING=1")
            if unfinished := service.end():
                log.warning("stopped", unfinished=unfinished, now="they are looked up at the next start")
                leave()
    log.info("stopped")
    return 0


def leave() -> None:
    """End the process although a thread of it still waits for an answer; the journal knows what it asked for."""
    logging.shutdown()
    os._exit(0)


@dataclass(slots=True)
class Service:
    """The supervisor: it starts a lane for each host, heeds signals and edits, and tells systemd of progress."""

    configuration: Configuration
    store: Store
    call: Call
    log: Any
    passes: int | None
    stop: threading.Event = field(default_factory=threading.Event)
    called: threading.Event = field(default_factory=threading.Event)
    lanes: dict[str, Lane] = field(default_factory=dict)

    def begin(self) -> None:
        """The first program is made, and signals are heeded from now on."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, lambda *_: self.called.set())
        self.configuration.begin(self._build)

    def sources(self) -> tuple[Any, ...]:
        """What is served, as the configuration in force says."""
        return self.configuration.program.sources

    def supervise(self) -> None:
        """Keep a lane for every host until all is done or told to stop; raises what nothing can go on after."""
        watchdog = Watchdog()
        while not self.stop.is_set():
            self._start_lanes()
            self.called.wait(min(TICK, watchdog.every))
            self.called.clear()
            for lane in self.lanes.values():
                if lane.fault is not None:
                    raise lane.fault
            if self.passes is not None and not any(lane.thread.is_alive() for lane in self.lanes.values()):
                return
            self.configuration.look(self.log)
            watchdog.heed(
                [lane.beaten for lane in self.lanes.values() if lane.thread.is_alive() and not lane.resting]
            )

    def end(self) -> list[str]:
        """Have every lane end; the hosts of those that still wait for an answer after `PATIENCE`."""
        self.stop.set()
        last = time.monotonic() + PATIENCE
        for lane in self.lanes.values():
            lane.thread.join(max(0.0, last - time.monotonic()))
        return [host for host, lane in self.lanes.items() if lane.thread.is_alive()]

    def _stop(self, *_: object) -> None:
        self.stop.set()
        self.called.set()

    def _build(self, settings: Settings, policy: Policy) -> Program:
        working = program(settings, policy, self.store, self.call.sources)
        command = typed(config=self.call.config, sources=self.call.sources)
        return replace(working, command=command, stopping=self.stop.is_set)

    def _start_lanes(self) -> None:
        """A lane for every host that has none, or whose lane ended since it had no source for a while."""
        for host in dict.fromkeys(host_of(served.settings) for served in self.sources()):
            known = self.lanes.get(host)
            if known is None or (self.passes is None and not known.thread.is_alive()):
                self.lanes[host] = Lane(
                    host,
                    self.configuration,
                    self.stop,
                    self.log,
                    ended=partial(tell, log=self.log),
                    held=lambda _host: timedelta(),
                    wake=self.called.set,
                    passes=self.passes,
                )
                self.lanes[host].thread.start()


def tell(sight: Sight, number: str, seconds: float, log: Any) -> None:  # noqa: ANN401 - structlog's own
    """Log what came of a source's part of a pass."""
    plan = sight.plan
    log = log.bind(source=plan.source, run=number)
    for failed in plan.failed:
        log.warning("ticket failed", ticket=failed.name, what=failed.what, why=failed.why)
    if sight.error is not None:
        log.error("source failed", why=str(sight.error))
        return
    written = sum(len(result.plan.actions) for result in sight.results if not result.failed)
    log.info(
        "pass",
        mode=plan.mode,
        seen=plan.seen,
        planned=len(plan.actions()),
        written=written,
        skipped=len(plan.skipped()),
        failed=len(plan.failed),
        seconds=round(seconds, 3),
    )
