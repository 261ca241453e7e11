"""What each command does, once its options are read."""

from __future__ import annotations

import sys
import time
import uuid
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from sync import report
from sync.call import typed
from sync.cycle import plan_pass, run_pass
from sync.errors import ConfigurationError, GuardRefusedError, MakegoodError, TrackerError
from sync.explaining import explain as explaining
from sync.explaining import text as explain_text
from sync.explaining.fields import Written
from sync.ledger import read_back
from sync.legible import counted
from sync.logs import configure
from sync.monitoring.single_run import leave_figures, sign_of_life
from sync.observe import knows_us
from sync.progress import progress_bar
from sync.service import journald
from sync.service.pass_log import PassLog
from sync.settings import chosen, load, mapping_of
from sync.startup import program
from sync.state.compaction import daily
from sync.state.statefile import loss_of
from sync.state.store import Store
from sync.terminal import console, say, say_json
from sync.timekeeping import steady

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sync.call import Call
    from sync.cycle import Program, Sight
    from sync.mapping.policy import Policy
    from sync.observe import Served
    from sync.settings import Settings

WORK_TO_DO = 10
"""Exit status of `--dry-run --exit-code` when there is something to do."""


def one_pass(  # noqa: PLR0913 - the command's options
    call: Call,
    *,
    dry_run: bool,
    only: Sequence[str],
    now: datetime | None,
    max_actions: int | None,
    approve: Sequence[str],
    exit_code: bool,
) -> int:
    """One pass, or the plan of one; returns the exit status."""
    settings, policy = load(call.config_file())
    allow_now(settings, call.sources, now, dry_run=dry_run)
    if lost := loss_of(settings.state):
        say(lost, err=True)
    with (
        Store(settings.state, write=not dry_run) as store,
        working_program(settings, policy, store, call, now) as ready,
    ):
        again = typed(config=call.config, sources=call.sources, only=only, now=now, max_actions=max_actions)
        working = replace(ready, max_actions=max_actions, approved=frozenset(approve), command=again)
        moment, begun = working.clock(), time.monotonic()
        run = "" if dry_run else new_run()
        sights = run_pass(working, moment, run, only) if run else plan_pass(working, moment, only)
        if run:
            leave_figures(settings, policy, working, sights, time.monotonic() - begun)
        if run and not working.pretended:
            daily(store, moment, settings.keep_journal.elapsed())
    if call.output == "json":
        say_json(report.as_json(sights, moment, run))
    elif run and journald.reads(sys.stdout):
        _log(sights, call, settings, run, time.monotonic() - begun)
    else:
        report.show(sights, console(), verbosity=call.verbosity, run=run)
    if run and not working.pretended:
        sign_of_life(settings, sights, only)
    all_found(only, sights)
    work = any(sight.plan.actions() for sight in sights)
    return status_of(sights) or (WORK_TO_DO if dry_run and exit_code and work else 0)


def _log(sights: Sequence[Sight], call: Call, settings: Settings, run: str, seconds: float) -> None:
    """What the daemon would log of the pass: nobody looks on, and a journal is no place for what tickets say."""
    configure(settings.log, verbose=call.verbose > 0, quiet=call.quiet)
    log = PassLog(structlog.get_logger("makegood"))
    for sight in sights:
        log.tell(sight, run, seconds)


def new_run() -> str:
    """What the journal, the log and `undo` know a pass by: 12 characters."""
    return uuid.uuid4().hex[:12]


def all_found(only: Sequence[str], sights: Sequence[Sight]) -> None:
    """ConfigurationError for tickets that were asked for and are nowhere, if every source could be asked."""
    if any(sight.error for sight in sights):
        return
    found = {
        name.casefold() for sight in sights for each in sight.judged for name in (each.ticket.key, each.ticket.id)
    }
    found |= {
        name.casefold() for sight in sights for failed in sight.plan.failed for name in (failed.ticket, failed.key)
    }
    lacking = [key for key in only if key.casefold() not in found]
    if lacking:
        raise ConfigurationError(f"no source has a ticket {', '.join(lacking)}")


def allow_now(settings: Settings, names: Sequence[str], now: datetime | None, *, dry_run: bool) -> None:
    """ConfigurationError for `--now` where it would write to a tracker whose clock is the real one."""
    if now is None or dry_run:
        return
    remote = [source.name for source in chosen(settings, names) if source.tracker != "workbook"]
    if remote:
        raise ConfigurationError(
            f"--now would write to {remote[0]!r} at a time that is not now; "
            "add --dry-run, or --source with a workbook"
        )


@contextmanager
def working_program(
    settings: Settings, policy: Policy, store: Store, call: Call, now: datetime | None = None
) -> Iterator[Program]:
    """A program whose trackers are closed at the end, with a progress bar where one can be seen.

    Its clock is stopped at `now`, or is this machine's.
    """
    clock = (lambda: now) if now else steady()
    working = replace(program(settings, policy, store, call.sources, clock), pretended=now is not None)
    try:
        with progress_bar(quiet=call.quiet) as progress:
            yield replace(working, progress=progress)
    finally:
        for served in working.sources:
            served.tracker.close()


def status_of(sights: Sequence[Sight]) -> int:
    """0 all went well, 1 some failed and others went on, else what kept every source from being served.

    A plan that the guard refuses is 4, in a dry run too.
    """
    if any(sight.plan.refusal and sight.plan.writes for sight in sights):
        return GuardRefusedError.exit_status
    errors = [sight.error.exit_status for sight in sights if sight.error]
    if errors and len(errors) == len(sights):
        return max(errors)
    return int(bool(errors) or any(sight.plan.failed for sight in sights))


def explain(call: Call, *, ticket: str, now: datetime | None) -> int:
    """Everything that is thought of one ticket."""
    settings, policy = load(call.config_file())
    with (
        Store(settings.state, write=False) as store,
        working_program(settings, policy, store, call, now) as working,
    ):
        return explained(call, working, settings, ticket)


def explained(call: Call, working: Program, settings: Settings, ticket: str) -> int:
    """Show all that a program thinks of one ticket; returns the exit status."""
    store = working.store
    moment = working.clock()
    sights = plan_pass(working, moment, [ticket])
    found = [(sight, judged) for sight in sights for judged in sight.judged]
    if not found:
        here = {row.known.id for row in store.find(ticket)}
        if store.gone(ticket) or any(here & sight.seen.gone for sight in sights if sight.seen):
            say(f"{ticket}: {explaining.GONE}", err=True)
        return not_found(sights, ticket)
    files = {source.name: settings.mappings / mapping_of(source)[0] for source in settings.source}
    for sight, judged in found:
        place = judged.ticket.site, judged.ticket.id
        told = explaining.explained(
            judged,
            sight,
            working.judge,
            store.spoken(*place),
            store.journal(*place),
            facts=explaining.facts_of(judged, sight, store),
            written=Written(files[judged.ticket.source]),
        )
        if call.output == "json":
            say_json(told)
        else:
            explain_text.show(told, console(), verbose=call.verbose > 0)
    return 0


def not_found(sights: Sequence[Sight], ticket: str) -> int:
    """Say why no source shows the ticket; returns the exit status."""
    for sight in sights:
        for failed in sight.plan.failed:
            say(f"{sight.plan.source}: {failed.name}: {failed.what}: {failed.why}", err=True)
        if sight.error:
            say(f"{sight.plan.source}: {sight.error}", err=True)
    read = {name.casefold() for sight in sights for each in sight.plan.failed for name in (each.ticket, each.key)}
    made = any(sight.seen and ticket.casefold() in sight.seen.follow_ups for sight in sights)
    if made:
        say(f"{ticket}: {explaining.FOLLOW_UP}", err=True)
    elif ticket.casefold() not in read:
        say(f"no source shows a ticket {ticket}", err=True)
    return max(
        (sight.error.exit_status for sight in sights if sight.error), default=ConfigurationError.exit_status
    )


def rebuild(call: Call) -> int:
    """Read the memory back from the trackers; returns the exit status."""
    settings, policy = load(call.config_file())
    told: dict[str, int] = {}
    worst = 0
    with (
        Store(settings.state, write=True) as store,
        working_program(settings, policy, store, call) as working,
    ):
        for served in working.sources:
            try:
                told[served.settings.name] = _rebuilt(served, store, working)
            except MakegoodError as error:
                say(f"{served.settings.name}: {error}", err=True)
                worst = max(worst, error.exit_status)
    if call.output == "json":
        say_json({"schema": 1, "rebuilt": told})
    elif not call.quiet:
        for name, count in told.items():
            say(f"{name}: read back from {counted(count, 'ticket')} what was said and written there")
    return worst


def _rebuilt(served: Served, store: Store, working: Program) -> int:
    site, prefixes = served.tracker.connect(), served.terms.mapping.labels.prefixes
    count = 0
    for page in served.tracker.changed(None):
        for ticket in page.tickets:
            ours = any(label.startswith(prefixes) for label in ticket.labels)
            if not (ours or knows_us(ticket) or any(each.author.side == "us" for each in ticket.comments)):
                continue
            marks = served.tracker.marks(ticket.id)
            if not marks.complete:
                raise TrackerError(f"{ticket.key}: not all its comments can be read; what was said stays unknown")
            memory = read_back(ticket, marks.ledger or ticket.ledger, marks.marks, prefixes)
            store.relearn(site, ticket.id, memory, working.clock(), whole=marks.ledger is not None)
            store.place(served.settings.name, ticket)
            count += 1
            working.progress(served.settings.name, "reading back", count)
    return count
