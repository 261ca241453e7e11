"""The commands about the state file itself: a backup of it, and whether it is sound."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

from sync.backup import back_up
from sync.errors import StateError
from sync.settings import load_settings
from sync.terminal import say, say_json
from sync.verify import verify as findings_of

if TYPE_CHECKING:
    from pathlib import Path

    from sync.call import Call


def backup(call: Call, *, file: Path) -> int:
    """A backup of the whole state, whatever the sources; returns 0."""
    state = load_settings(call.config_file()).state
    made = back_up(state, file)
    if call.output == "json":
        told = {"state": str(state), "backup": str(file)}
        say_json({"schema": 1, **told, "bytes": made.size, "tickets": made.tickets, "said": made.said})
        return 0
    say(f"{file}: {made.size:,} bytes, {made.tickets} tickets, {made.said} steps said")
    if not call.quiet:
        place = shlex.join(["cp", str(file.absolute()), str(state.absolute())])
        say(f"to restore it: stop makegood, then `{place}`, then `makegood state verify` and start makegood again")
    return 0


def verify(call: Call, *, file: Path | None) -> int:
    """What is wrong or in doubt with the state, or with a backup of it; returns the exit status."""
    settings = load_settings(call.config_file())
    path = file or settings.state
    findings = findings_of(path, {source.name for source in settings.source})
    sound = all(finding.level != "error" for finding in findings)
    if call.output == "json":
        listed = [asdict(finding) for finding in findings]
        say_json({"schema": 1, "state": str(path), "sound": sound, "findings": listed})
    else:
        for finding in findings if not (call.quiet and sound) else ():
            say(f"{path}: {finding.level}: {finding.about}: {finding.what}")
        if sound and not call.quiet:
            say(f"{path} is sound")
    return 0 if sound else StateError.exit_status
