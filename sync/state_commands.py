"""The commands about the state file itself: a backup of it, and whether it is sound."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

from sync.backup import back_up
from sync.errors import StateError
from sync.settings import find_config, load_settings
from sync.terminal import say, say_json
from sync.verify import verify as findings_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def backup(  # noqa: PLR0913 - the command's options
    program_name: str,
    *,
    config: Path | None,
    sources: Sequence[str],
    output: str,
    quiet: bool,
    verbose: int,
    file: Path,
) -> int:
    """A backup of the whole state, whatever the sources; returns 0."""
    del sources, verbose
    state = load_settings(find_config(config, program_name)).state
    made = back_up(state, file)
    if output == "json":
        told = {"state": str(state), "backup": str(file)}
        say_json({"schema": 1, **told, "bytes": made.size, "tickets": made.tickets, "said": made.said})
        return 0
    say(f"{file}: {made.size:,} bytes, {made.tickets} tickets, {made.said} steps said")
    if not quiet:
        place = shlex.join(["cp", str(file.absolute()), str(state.absolute())])
        say(f"to restore it: stop makegood, then `{place}`, then `makegood state verify` and start makegood again")
    return 0


def verify(  # noqa: PLR0913 - the command's options
    program_name: str,
    *,
    config: Path | None,
    sources: Sequence[str],
    output: str,
    quiet: bool,
    verbose: int,
    file: Path | None,
) -> int:
    """What is wrong or in doubt with the state, or with a backup of it; returns the exit status."""
    del sources, verbose
    settings = load_settings(find_config(config, program_name))
    path = file or settings.state
    findings = findings_of(path, {source.name for source in settings.source})
    sound = all(finding.level != "error" for finding in findings)
    if output == "json":
        listed = [asdict(finding) for finding in findings]
        say_json({"schema": 1, "state": str(path), "sound": sound, "findings": listed})
    else:
        for finding in findings if not (quiet and sound) else ():
            say(f"{path}: {finding.level}: {finding.about}: {finding.what}")
        if sound and not quiet:
            say(f"{path} is sound")
    return 0 if sound else StateError.exit_status
