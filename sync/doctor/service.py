"""Whether the program runs as a service, and whether systemd would start it again."""

from __future__ import annotations

import errno
import shlex
import socket
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

from sync.doctor.credentials import as_service
from sync.doctor.finding import Finding, broken, doubtful, good, unknown
from sync.doctor.machine import PATIENCE, told_by
from sync.doctor.state import holder_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LONGEST = 1_000_000
"""Bytes of an answer that are looked at *(ours)*."""
UNITS = ("makegood.service", "makegood@*.service", "makegood-once.timer", "makegood-once.service")
"""What may make passes; the pattern finds those tenants' units that systemd has loaded."""
_ASKED = ("Id", "LoadState", "ActiveState", "UnitFileState", "Result", "Environment", "ExecStart")

Unit = dict[str, str]
"""What systemd tells of a unit, by its own names; empty where it does not tell."""


def units() -> list[Unit] | None:
    """Those of our units that are installed here; None where systemd does not answer."""
    told = told_by("systemctl", "show", *UNITS, f"--property={','.join(_ASKED)}")
    if told is None:
        return None
    known = [_unit(block) for block in told.strip().split("\n\n")]
    return [unit for unit in known if unit["LoadState"] == "loaded"]


def _unit(block: str) -> Unit:
    """One unit of what `systemctl show` prints."""
    said = (line.partition("=") for line in block.splitlines())
    return dict.fromkeys(_ASKED, "") | {name: value for name, _, value in said}


def service(state: Path, config: Path, doctor: str) -> Iterator[Finding]:
    """Who makes the passes, how the units stand, and whether they mean this state.

    `doctor` is the command that asks all this.
    """
    known = units()
    yield _daemon(state, known or ())
    if known is None:
        yield unknown("units", "systemd does not answer here, so nothing tells what starts makegood")
        return
    told = [finding for unit in known for finding in _stands(unit)]
    yield from told
    if not told:
        yield unknown("units", "none of makegood's is in use, so nothing starts it with the machine")
    for unit in known:
        yield from _elsewhere(unit, state, config, doctor)


def _daemon(state: Path, known: Sequence[Unit]) -> Finding:
    holder = holder_of(state)
    timers = [unit["Id"] for unit in known if unit["Id"].endswith(".timer") and unit["ActiveState"] == "active"]
    if holder is not None:
        return good("daemon", f"process {holder or '(not told)'} works on the state")
    if timers:
        return good("daemon", f"none; {timers[0]} makes the passes")
    start = "systemctl enable --now makegood" if known else "makegood daemon"
    return doubtful("daemon", "none works on the state, so passes are made only by hand or by cron", start)


def _stands(unit: Unit) -> Iterator[Finding]:
    name, active, enabled = unit["Id"], unit["ActiveState"], unit["UnitFileState"] == "enabled"
    if active == "failed":
        yield broken(name, f"it failed ({unit['Result']})", f"journalctl -u {name} -n 50")
    elif name.endswith("-once.service"):
        return  # its timer starts it
    elif enabled and active in {"active", "activating", "reloading"}:
        yield good(name, f"{active}, and started with the machine")
    elif enabled:
        yield doubtful(name, f"it is started with the machine, and {active} now", f"systemctl start {name}")
    elif active != "inactive":
        yield doubtful(name, f"{active}, but not started with the machine", f"systemctl enable {name}")


def _elsewhere(unit: Unit, state: Path, config: Path, doctor: str) -> Iterator[Finding]:
    """A service with this config that keeps its state somewhere else than this shell does."""
    if str(config.absolute()) not in unit["ExecStart"].split():
        return
    given = dict(each.partition("=")[::2] for each in shlex.split(unit["Environment"]))
    kept = given.get("MAKEGOOD_STATE")
    if kept and Path(kept).resolve() != state.resolve():
        what = f"{unit['Id']} keeps it in {kept}, and this shell looks at {state}"
        remedy = as_service() or f"env {shlex.quote(f'MAKEGOOD_STATE={kept}')} {doctor}"
        yield doubtful("state", what, remedy)


def metrics(place: tuple[str, int], state: Path) -> Iterator[Finding]:
    """Whether the address of `[metrics]` is free, or answered by the daemon that works on this state."""
    host, port = place
    shown, held = f"{host}:{port}", holder_of(state) is not None
    try:
        socket.create_server(place, family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as fault:
        if fault.errno != errno.EADDRINUSE:
            yield broken("metrics", f"nobody can listen at {shown}: {fault.strerror}", "name another `listen`")
        elif held and _is_ours(place):
            yield good("metrics", f"the daemon answers at {shown}")
        else:
            what = f"{shown} is taken by another program, so the daemon cannot be asked how it is"
            yield broken("metrics", what, f"ss -ltnp sport = :{port}")
    else:
        if held:
            what = f"nobody answers at {shown}, though somebody works on the state"
            yield doubtful("metrics", what, "systemctl restart makegood")
        else:
            yield good("metrics", f"{shown} is free for the daemon")


def _is_ours(place: tuple[str, int]) -> bool:
    """Whether figures of makegood's are shown there."""
    with closing(HTTPConnection(*place, timeout=PATIENCE)) as line:
        try:
            line.request("GET", "/metrics")
            return b"makegood_" in line.getresponse().read(LONGEST)
        except (OSError, HTTPException):
            return False
