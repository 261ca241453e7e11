"""The command `doctor`: whether an installation is well, and what to type where it is not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sync.doctor import text as doctor_text
from sync.doctor.checks import checks, examined, installation
from sync.progress import progress_bar
from sync.terminal import console, say, say_json

if TYPE_CHECKING:
    from sync.call import Call


def doctor(call: Call, *, offline: bool) -> int:
    """Look at everything, and tell it; returns the exit status. ConfigurationError for an unknown source."""
    looking = checks(installation(call), call.sources, offline=offline)
    with progress_bar(quiet=call.quiet) as tell:
        told = [*examined([*looking], tell)]
    if call.output == "json":
        say_json(doctor_text.as_json(told))
        return doctor_text.status_of(told)
    screen, shown = console(), doctor_text.shown(told, verbosity=call.verbosity)
    if screen.is_terminal and (sys.stdout.encoding or "").lower().startswith("utf"):
        doctor_text.show(shown, screen)
    else:
        for line in doctor_text.lines(shown):
            say(line)
    if shown:
        say(doctor_text.summary(told))
    return doctor_text.status_of(told)
