"""Pass after pass, under a lock, until told to stop."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog

from sync.call import typed
from sync.cycle import run_pass
from sync.errors import StateStoppedError
from sync.logs import configure
from sync.reload import Configuration
from sync.startup import program
from sync.statefile import loss_of
from sync.store import Store
from sync.timekeeping import steady

if TYPE_CHECKING:
    from sync.call import Call
    from sync.cycle import Program, Sight
    from sync.mapping.policy import Policy
    from sync.settings import Settings


def run(
    call: Call,
    *,
    passes: int | None,
) -> int:
    """Serve until SIGTERM or SIGINT: the write in hand is finished, nothing new is begun. Returns 0."""
    configuration = Configuration(call.config_file())
    settings = configuration.settings
    configure("json" if call.output == "json" else settings.log, verbose=call.verbose > 0, quiet=call.quiet)
    log = structlog.get_logger("makegood")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if lost := loss_of(settings.state):
        log.warning("state lost", why=lost)
    with Store(settings.state, write=True) as store:
        beat = _Beat()

        def build(settings: Settings, policy: Policy) -> Program:
            working = program(settings, policy, store, call.sources)
            return replace(
                working,
                command=typed(config=call.config, sources=call.sources),
                stopping=stop.is_set,
                progress=lambda _source, _stage, _count: beat(),
            )

        working = configuration.begin(build)
        notify("READY=1")
        log.info(
            "started", sources=[served.settings.name for served in working.sources], state=str(settings.state)
        )
        try:
            _passes(configuration, stop, beat, passes, log)
        finally:
            notify("STOPPING=1")
            for served in configuration.program.sources:
                served.tracker.close()
    log.info("stopped")
    return 0


class _Beat:
    """Tells systemd's watchdog of progress, at most once per half of the time it allows."""

    def __init__(self) -> None:
        allowed = os.environ.get("WATCHDOG_USEC", "")
        self.every = int(allowed) / 2_000_000 if allowed.isdecimal() else 60.0
        self._next = 0.0

    def __call__(self) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self.every
            notify("WATCHDOG=1")


def _passes(
    configuration: Configuration,
    stop: threading.Event,
    beat: _Beat,
    passes: int | None,
    log: Any,  # noqa: ANN401 - structlog's own
) -> None:
    done = 0
    while not stop.is_set():
        begun = time.monotonic()
        number = uuid.uuid4().hex[:12]
        working = configuration.look(log) if done else configuration.program
        try:
            clock = steady()
            for sight in run_pass(replace(working, clock=clock), clock(), number):
                _tell(sight, number, log)
        except StateStoppedError as error:
            log.error("pass stopped", run=number, why=str(error))  # noqa: TRY400 - a trace tells nothing more
        done += 1
        if passes is not None and done >= passes:
            return
        interval = configuration.settings.interval.elapsed().total_seconds()
        while not stop.is_set() and (left := begun + interval - time.monotonic()) > 0:
            beat()
            stop.wait(min(left, beat.every))
        beat()


def _tell(sight: Sight, number: str, log: Any) -> None:  # noqa: ANN401 - structlog's own
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
    )


def notify(words: str) -> None:
    """Tell systemd, where it started us with Type=notify; its protocol is one datagram."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.settimeout(0)
        channel.connect("\0" + address[1:] if address.startswith("@") else address)
        with suppress(BlockingIOError):  # a receiver that does not read must not keep us from stopping
            channel.send(words.encode())
