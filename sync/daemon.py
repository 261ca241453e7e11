"""Pass after pass, under a lock, until told to stop."""

from __future__ import annotations

import os
import signal
import socket
import threading
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog

from sync.cycle import run_pass
from sync.errors import TrackerError
from sync.logs import configure
from sync.settings import find_config, load
from sync.startup import program
from sync.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sync.cycle import Program, Sight


def run(  # noqa: PLR0913 - the command's options
    program_name: str,
    *,
    config: Path | None,
    sources: Sequence[str],
    passes: int | None,
    output: str,
    quiet: bool,
    verbose: int,
) -> int:
    """Serve until SIGTERM or SIGINT: the write in hand is finished, nothing new is begun. Returns 0."""
    settings, policy = load(find_config(config, program_name))
    configure("json" if output == "json" else settings.log, verbose=verbose > 0, quiet=quiet)
    log = structlog.get_logger("makegood")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Store(settings.state, write=True) as store:
        working = replace(program(settings, policy, store, sources), stopping=stop.is_set)
        notify("READY=1")
        log.info(
            "started", sources=[served.settings.name for served in working.sources], state=str(settings.state)
        )
        try:
            _passes(working, settings.interval.elapsed().total_seconds(), stop, passes, log)
        finally:
            notify("STOPPING=1")
            for served in working.sources:
                served.tracker.close()
    log.info("stopped")
    return 0


def _passes(working: Program, interval: float, stop: threading.Event, passes: int | None, log: Any) -> None:  # noqa: ANN401 - structlog's own
    done = 0
    while not stop.is_set():
        number = uuid.uuid4().hex[:12]
        for sight in run_pass(working, datetime.now(UTC), number):
            _tell(sight, number, working.store, log)
        notify("WATCHDOG=1")
        done += 1
        if passes is not None and done >= passes:
            return
        stop.wait(interval)


def _tell(sight: Sight, number: str, store: Store, log: Any) -> None:  # noqa: ANN401 - structlog's own
    plan = sight.plan
    log = log.bind(source=plan.source, run=number)
    for failed in plan.failed:
        log.warning("ticket failed", ticket=failed.ticket, what=failed.what, why=failed.why)
    if sight.error is not None:
        log.error("source failed", why=str(sight.error))
        if isinstance(sight.error, TrackerError):
            store.trouble(plan.source, str(sight.error))
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
        channel.connect("\0" + address[1:] if address.startswith("@") else address)
        channel.sendall(words.encode())
