"""A lane for every tracker host, under one lock, until told to stop."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import structlog

from sync.call import typed
from sync.errors import MakegoodError
from sync.logs import configure
from sync.monitoring.vitals import Vitals
from sync.secrecy import trace
from sync.service.chores import Chores
from sync.service.lane import TICK, Lane
from sync.service.pass_log import PassLog
from sync.service.reload import Configuration
from sync.service.service_manager import Watchdog, notify
from sync.settings import chosen
from sync.side_by_side import Underway
from sync.startup import program
from sync.state.statefile import loss_of
from sync.state.store import Store
from sync.trackers.pace import Paces
from sync.trackers.sources import AsanaSource, JiraSource, host_of

if TYPE_CHECKING:
    from sync.call import Call
    from sync.cycle import Program, Sight
    from sync.mapping.policy import Policy
    from sync.settings import Settings
    from sync.state.records import Row
    from sync.survey import Key
    from sync.trackers.sources import Source

PATIENCE = 8.0
"""Seconds that a write in hand has to end once we are told to stop; one that is not answered by then is looked up
at the next start."""
STOP, RELOAD = "stop", "reload"
"""What signals call out to the supervisor; every other word only ends its rest."""


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
        except BaseException as fault:
            close(service, log, fault)
            raise
        close(service, log)
    log.info("stopped")
    return 0


def close(service: Service, log: Any, fault: BaseException | None = None) -> None:  # noqa: ANN401 - structlog's own
    """End the service; and the process too, saying what `fault` ended it, if a thread still waits for an answer.

    The journal knows what that thread asked for.
    """
    notify("STOPPING=1")
    if unfinished := service.end():
        if fault is not None:
            log.error("fault", why=str(fault) if isinstance(fault, MakegoodError) else trace(fault))
        log.warning("stopped", unfinished=unfinished, now="they are looked up at the next start")
        logging.shutdown()
        os._exit(getattr(fault, "exit_status", 1) if fault else 0)


@dataclass(slots=True)
class Service:
    """The supervisor: it starts a lane for each host, heeds signals and edits, and tells systemd of progress."""

    configuration: Configuration
    store: Store
    call: Call
    log: Any
    passes: int | None
    stop: threading.Event = field(default_factory=threading.Event)
    called: SimpleQueue[str] = field(default_factory=SimpleQueue)
    watchdog: Watchdog = field(default_factory=Watchdog)
    paces: Paces = field(init=False)
    vitals: Vitals = field(init=False)
    told: PassLog = field(init=False)
    chores: threading.Thread = field(init=False)
    lanes: dict[str, Lane] = field(default_factory=dict)
    rations: Underway[Counter[str]] = field(default_factory=partial(Underway, Counter))
    known: Underway[dict[Key, Row]] = field(default_factory=partial(Underway, dict))
    telling: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> None:
        """The first program is made, and signals are heeded from now on."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.called.put(STOP))
        signal.signal(signal.SIGHUP, lambda *_: self.called.put(RELOAD))
        self.vitals, self.told = Vitals(self.store, self.stuck, self.log), PassLog(self.log)
        self.paces = Paces(stopping=self.stop.is_set, wait=self.stop.wait, told=self._asked)
        self.configuration.begin(self._build)
        told = self.vitals.audited
        chores = Chores(self.configuration, self.store, self.call.sources, self.paces, self.stop, told, self.log)
        self.chores = chores.begun()

    def sources(self) -> tuple[Any, ...]:
        """What is served, as the configuration in force says."""
        return self.configuration.program.sources

    def supervise(self) -> None:
        """Keep a lane for every host until all is done or told to stop; raises what nothing can go on after."""
        heeded = self.configuration.program, self.configuration.refused
        while not self.stop.is_set():
            self._start_lanes()
            asked = self._rest()
            at_work = any(lane.thread.is_alive() for lane in self.lanes.values())
            for lane in self.lanes.values():
                if lane.fault is not None:
                    raise lane.fault
            if self.passes is not None and not at_work:
                return
            before, heeded = heeded, (self.configuration.look(self.log), self.configuration.refused)
            if heeded[0] is not before[0]:
                self._nudge()
            elif asked and heeded[1] == before[1]:
                self.log.info("configuration unchanged", refused=self.configuration.refused)
            if self.configuration.refused:
                self.vitals.refused()
            self._tell_vitals()
            self.vitals.tick()
            if not self.stuck():
                self.watchdog.pet()

    def stuck(self) -> str:
        """The hosts that are being served and show no progress, and since when; empty if there is none."""
        now, at_work = time.monotonic(), [lane for lane in [*self.lanes.values()] if lane.thread.is_alive()]
        late = [lane for lane in at_work if not lane.resting and now - lane.beaten > self.watchdog.allowed]
        return "\n".join(f"{lane.host}: no progress for {now - lane.beaten:.0f} seconds" for lane in late)

    def end(self) -> list[str]:
        """Have every lane end, and the chores; those that still wait for an answer after `PATIENCE`."""
        self.stop.set()
        self._nudge()
        self.vitals.close()
        last = time.monotonic() + PATIENCE
        threads = {host: lane.thread for host, lane in self.lanes.items()} | {"chores": self.chores}
        for thread in threads.values():
            thread.join(max(0.0, last - time.monotonic()))
        return [name for name, thread in threads.items() if thread.is_alive()]

    def _tell_left_behind(self, settings: Settings) -> None:
        """Whether sources that are gone from the configuration have something to be looked up or watched."""
        for source in sorted(set(self.store.sources()) - {each.name for each in settings.source}):
            waiting = len(self.store.unsettled(self.store.source(source).site, source))
            live = len(self.store.ids(source, live_only=True))
            if waiting:
                now = "put it back until they are looked up, or leave them: nobody writes there any more"
            else:
                now = "if that is not meant, put it back: nobody watches its tickets any more"
            if waiting or live:
                self.log.warning("source gone", source=source, writes_in_doubt=waiting, live_tickets=live, now=now)

    def _nudge(self) -> None:
        for lane in self.lanes.values():
            lane.nudge.set()

    def _wake(self) -> None:
        self.called.put("")

    def _rest(self) -> bool:
        """Until somebody calls, for a while; whether it was for a reload.

        A queue, for a signal may come while we hold the lock of an event.
        """
        reload = False
        with suppress(Empty):
            word = self.called.get(timeout=min(TICK, self.watchdog.every))
            while word != STOP:
                reload |= word == RELOAD
                word = self.called.get_nowait()
            self.stop.set()
        return reload

    def _build(self, settings: Settings, policy: Policy) -> Program:
        working = program(settings, policy, self.store, self.call.sources, paces=self.paces)
        self._tell_left_behind(settings)
        served = settings.model_copy(update={"source": chosen(settings, self.call.sources)})
        self.vitals.configured(served, policy)
        command = typed(config=self.call.config, sources=self.call.sources)
        shared: dict[str, Any] = {"rations": self.rations, "known": self.known, "telling": self.telling}
        return replace(working, command=command, stopping=self.stop.is_set, **shared)

    def _asked(self, host: str, method: str, status: int, seconds: float) -> None:
        if host in self.lanes:
            self.lanes[host].beat()
        self.vitals.requested(host, method, status, seconds)

    def _ended(self, sight: Sight, number: str, seconds: float) -> None:
        self.told.tell(sight, number, seconds)
        if any(served.settings.name == sight.plan.source for served in self.sources()):
            self.vitals.passed(sight, seconds)

    def _held(self, source: Source) -> timedelta:
        """For how long the source's host asked to be left alone."""
        return self.paces.of(source).held() if isinstance(source, JiraSource | AsanaSource) else timedelta()

    def _tell_vitals(self) -> None:
        """What is looked at now and then: what is left of the hosts' budgets, and when each source is served."""
        for served in self.sources():
            if isinstance(served.settings, JiraSource | AsanaSource):
                self.vitals.budget(host_of(served.settings), self.paces.of(served.settings).left())
        here, now = time.monotonic(), datetime.now(UTC)
        for lane in self.lanes.values():
            for name, due in lane.due().items():
                self.vitals.scheduled(name, now + timedelta(seconds=due - here))

    def _cleared(self) -> bool:
        """Whether no lane is still at work on a source that stands at another host by now, or nowhere."""
        stand = {(host_of(served.settings), served.settings.name) for served in self.sources()}
        return all((lane.host, name) in stand for lane in [*self.lanes.values()] for name in lane.due())

    def _start_lanes(self) -> None:
        """A lane for every host that has none, or whose lane ended since it had no source for a while."""
        for host in dict.fromkeys(host_of(served.settings) for served in self.sources()):
            known = self.lanes.get(host)
            if known is None or (self.passes is None and not known.thread.is_alive() and known.fault is None):
                self.lanes[host] = Lane(
                    host,
                    self.configuration,
                    self.stop,
                    self.log,
                    ended=self._ended,
                    held=self._held,
                    wake=self._wake,
                    cleared=self._cleared,
                    passes=self.passes,
                )
                self.lanes[host].thread.start()
