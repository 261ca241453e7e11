"""A plan that a person reviews before it is carried out: `plan -o` and `apply`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync import report, reviewed
from sync.commands import allow_now, new_run, status_of, working_program
from sync.cycle import carry_out, plan_pass
from sync.errors import ConfigurationError, GuardRefusedError
from sync.plan import digest
from sync.settings import find_config, load
from sync.store import Store
from sync.terminal import console, say, say_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from sync.cycle import Sight


def plan(  # noqa: PLR0913 - the command's options
    program_name: str,
    *,
    config: Path | None,
    sources: Sequence[str],
    output: str,
    quiet: bool,
    verbose: int,
    into: Path,
    only: Sequence[str],
    now: datetime | None,
) -> int:
    """The plan of a pass, shown and written to a file; returns the exit status of a dry run."""
    settings, policy = load(find_config(config, program_name))
    with (
        Store(settings.state, write=False) as store,
        working_program(settings, policy, store, sources, now, quiet=quiet) as working,
    ):
        moment = working.clock()
        sights = plan_pass(working, moment, only)
        told = reviewed.document(sights, moment, working.digest)
    reviewed.write(told, into)
    if output == "json":
        say_json(told)
    else:
        report.show(sights, console(), verbosity=-1 if quiet else verbose)
        say(f"The plan is in {into}. {_next_command(sights, into)}")
    return status_of(sights)


def _next_command(sights: Sequence[Sight], file: Path) -> str:
    approvals = "".join(f" --approve {digest(sight.plan)}" for sight in sights if sight.plan.refusal)
    return f"Once it is reviewed, within a day: makegood apply {file}{approvals}"


def apply(  # noqa: PLR0913 - the command's options
    program_name: str,
    *,
    config: Path | None,
    sources: Sequence[str],
    output: str,
    quiet: bool,
    verbose: int,
    file: Path,
    approve: Sequence[str],
    now: datetime | None,
) -> int:
    """Carry out exactly the plan in the file, or nothing if anything changed since; returns the exit status."""
    settings, policy = load(find_config(config, program_name))
    plan = reviewed.read(file)
    if sources:
        raise ConfigurationError("the plan says which sources it is for; make another one with --source for fewer")
    allow_now(settings, list(plan.actions), now, dry_run=False)
    with (
        Store(settings.state, write=True) as store,
        working_program(settings, policy, store, list(plan.actions), now, quiet=quiet) as working,
    ):
        moment = working.clock()
        if not plan.made <= moment <= plan.made + reviewed.LASTS:
            raise _stale(f"it was made at {plan.made:%Y-%m-%d %H:%M} UTC, and holds for a day", file)
        if plan.policy != working.digest:
            raise _stale("config.toml or mappings/ changed since", file)
        sights = plan_pass(working, moment, judged_at=plan.made)
        if changed := list(reviewed.differences(plan, sights)):
            raise _stale("\n  ".join(["", *changed]), file)
        for sight in sights:
            sight.plan = reviewed.chosen(sight.plan, plan, frozenset(approve))
        run = new_run()
        carry_out(sights, working, moment, run)
    if output == "json":
        say_json(report.as_json(sights, moment, run))
    else:
        report.show(sights, console(), verbosity=-1 if quiet else verbose, run=run)
    return status_of(sights)


def _stale(why: str, file: Path) -> GuardRefusedError:
    return GuardRefusedError(
        f"{file} is not carried out, nothing was written: {why}\nmake it anew: makegood plan -o {file}"
    )
