"""A plan that a person reviews before it is carried out: `plan -o` and `apply`."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sync import report, reviewed
from sync.call import typed
from sync.commands.passes import all_found, allow_now, status_of, working_program
from sync.cycle import carry_out, plan_pass
from sync.errors import ConfigurationError, GuardRefusedError
from sync.monitoring.single_run import leave_figures, sign_of_life
from sync.plan import digest
from sync.settings import load
from sync.state.store import Store
from sync.terminal import console, say, say_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from sync.call import Call
    from sync.cycle import Program, Sight
    from sync.reviewed import Reviewed
    from sync.settings import Settings

NAMED = 10
"""Changed tickets that are named *(ours)*."""


def plan(call: Call, *, into: Path, only: Sequence[str], now: datetime | None) -> int:
    """The plan of a pass, shown and written to a file; returns the exit status of a dry run."""
    settings, policy = load(call.config_file())
    reviewed.refuse_other_files(into)
    applying = typed("apply", str(into), config=call.config, now=now)
    with (
        Store(settings.state, write=False) as store,
        working_program(settings, policy, store, call, now) as ready,
    ):
        working = replace(ready, command=applying)
        moment = working.clock()
        sights = plan_pass(working, moment, only)
        all_found(only, sights)
        told = reviewed.document(sights, moment, working.digest, only)
    reviewed.write(told, into)
    if call.output == "json":
        say_json(told)
    else:
        report.show(sights, console(), verbosity=call.verbosity)
        say(f"The plan is in {into}. {_next_step(sights, applying)}")
    return status_of(sights)


def _next_step(sights: Sequence[Sight], applying: str) -> str:
    if observing := [
        sight.plan.source for sight in sights if sight.plan.mode == "observe" and sight.plan.actions()
    ]:
        return f"It cannot be carried out: {_only_observes(observing)}, and make the plan again."
    approvals = "".join(f" --approve {digest(sight.plan)}" for sight in sights if _refused(sight))
    return f"Once it is reviewed, within a day: {applying}{approvals}"


def _only_observes(names: Sequence[str]) -> str:
    verb = "observe" if len(names) > 1 else "observes"
    remedy = 'set mode = "labels" or "full" in the config, or choose others by --source'
    return f"{', '.join(names)} only {verb}; {remedy}"


def apply(call: Call, *, file: Path, approve: Sequence[str], now: datetime | None) -> int:
    """Carry out exactly the plan in the file, or nothing if anything changed since; returns the exit status."""
    settings, policy = load(call.config_file())
    plan = reviewed.read(file)
    names = list(plan.actions)
    if call.sources:
        raise ConfigurationError("the plan says which sources it is for; make another one with --source for fewer")
    allow_now(settings, names, now, dry_run=False)
    applying = typed("apply", str(file), config=call.config, now=now)
    with (
        Store(settings.state, write=True) as store,
        working_program(settings, policy, store, replace(call, sources=names), now) as ready,
    ):
        working = replace(ready, approved=frozenset(approve), command=applying)
        moment, begun = working.clock(), time.monotonic()
        try:
            _refuse(_outdated(plan, settings, working, moment))
            sights = plan_pass(working, moment, plan.only, plan.made, plan.choose)
            _refuse(_changed(plan, sights))
        except GuardRefusedError as refused:
            anew = typed(
                "plan", "-o", str(file), config=call.config, sources=_fewer(names, settings), only=plan.only
            )
            raise GuardRefusedError(
                f"{file} is not carried out, nothing was written: {refused}\nmake it anew: {anew}"
            ) from None
        run = "" if any(_refused(sight) for sight in sights) else plan.run
        if run:
            carry_out(sights, working, moment, run)
            leave_figures(settings, policy, working, sights, time.monotonic() - begun)
    if call.output == "json":
        say_json(report.as_json(sights, moment, run))
    else:
        report.show(sights, console(), verbosity=call.verbosity, run=run)
    if run and not working.pretended:
        sign_of_life(settings, sights, plan.only)
    return status_of(sights)


def _refuse(whys: Iterator[str]) -> None:
    for why in whys:
        raise GuardRefusedError(why)


def _outdated(plan: Reviewed, settings: Settings, working: Program, moment: datetime) -> Iterator[str]:
    """Why the plan is not even compared with what is there now."""
    observing = {source.name for source in settings.source if source.mode == "observe"}
    if plan.edited:
        yield "it was edited since it was made"
    if wrote := working.store.written_by(plan.run):
        began = min(entry.intended_at for entry in wrote)
        yield f"it was carried out at {began:%Y-%m-%d %H:%M} UTC; makegood undo {plan.run} takes that back"
    if not timedelta() <= moment - plan.made <= reviewed.LASTS:
        yield f"it was made at {plan.made:%Y-%m-%d %H:%M} UTC, and holds for a day"
    if silent := [name for name, actions in plan.actions.items() if actions and name in observing]:
        yield _only_observes(silent)
    if plan.policy != working.digest:
        yield "config.toml or mappings/ changed since"


def _changed(plan: Reviewed, sights: Sequence[Sight]) -> Iterator[str]:
    """The tickets on which something changed since the plan was made, the first of them by name."""
    if changed := list(reviewed.differences(plan, sights)):
        more = [f"and {len(changed) - NAMED} more"] if len(changed) > NAMED else []
        yield "\n  ".join(["", *changed[:NAMED], *more])


def _fewer(names: Sequence[str], settings: Settings) -> Sequence[str]:
    """The sources of the plan, where it was made for some of them alone."""
    return names if len(names) < len(settings.source) else ()


def _refused(sight: Sight) -> bool:
    return bool(sight.plan.refusal) and sight.plan.mode != "observe"
