"""What `undo` does: what would be taken back is shown first, and then, if a person agrees, is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync import report
from sync.commands.passes import new_run, status_of, working_program
from sync.cycle import carry_out, plan_pass
from sync.errors import ConfigurationError
from sync.settings import chosen, load
from sync.state.store import Store
from sync.terminal import asked, console, say, say_json
from sync.undo import UNKNOWN, left_alone, plan_undo, wanted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sync.call import Call
    from sync.cycle import Sight


def undo(call: Call, *, what: str | None, everything: bool, yes: bool, now: datetime | None) -> int:
    """Take back a run, what is ours on a ticket, or everything; returns the exit status."""
    if (what is None) is not bool(everything):
        raise ConfigurationError("name a run or a ticket, or say --all for everything that makegood wrote")
    settings, policy = load(call.config_file())
    names = [source.name for source in chosen(settings, call.sources)]
    with (
        Store(settings.state, write=True) as store,
        working_program(settings, policy, store, call, now) as working,
    ):
        moment = working.clock()
        taken = wanted(store, what, names)
        only = [ticket for _, ticket in taken.wrote]
        sights = plan_pass(working, moment, only) if only else []
        plan_undo(sights, taken)
        if call.output == "text":
            report.show(sights, console(), verbosity=-1 if call.quiet else 1)
        agreed = _agreed(sights, yes=yes)
        run = new_run() if agreed else ""
        if agreed:
            carry_out(sights, replace(working, notifier=None), moment, run)
    if call.output == "json":
        say_json(report.as_json(sights, moment, run))
    elif agreed:
        report.show(sights, console(), verbosity=-1, run=run)
    elif not only:
        say(f"Nothing to take back: {left_alone(len(taken.left)) if taken.left else UNKNOWN}.")
    if agreed is None:
        say("Nothing was written. Add --yes to take it back.", err=True)
        return ConfigurationError.exit_status
    return status_of(sights)


def _agreed(sights: Sequence[Sight], *, yes: bool) -> bool | None:
    """Whether a person agrees to it; None in a pipe. Nobody is asked where nothing is to do."""
    count = sum(len(sight.plan.actions()) for sight in sights)
    return count > 0 and (bool(yes) or asked(f"Take back these {count}?"))
