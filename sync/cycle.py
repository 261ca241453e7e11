"""One pass: observe → judge → render → plan → guard → apply → remember."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sync.action import Failed
from sync.apply import Pen, apply
from sync.errors import GuardRefusedError, MakegoodError, TrackerError
from sync.observe import Seen, observe
from sync.plan import Limits, Plan, Terms, guard, plan_ticket
from sync.recover import recover
from sync.remember import remembered
from sync.survey import survey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from sync.apply import Result
    from sync.judgement import Judge, Judgement
    from sync.observe import Served
    from sync.plan import Mode
    from sync.promises import Saying
    from sync.richtext import Document
    from sync.store import Store
    from sync.survey import Survey


@dataclass(frozen=True, slots=True)
class Program:
    """Everything a pass works with; all of it is made before the pass begins.

    `digest` changes whenever a mapping file or a source's settings do. `clock` tells the time of each write.
    """

    sources: tuple[Served, ...]
    judge: Judge
    render: Callable[[Judgement, Sequence[Saying]], Document]
    store: Store
    digest: str
    settle_after: timedelta
    crawl_every: timedelta
    clock: Callable[[], datetime]
    max_actions: int | None = None
    progress: Callable[[str, str, int], None] = lambda _source, _stage, _count: None
    stopping: Callable[[], bool] = lambda: False


@dataclass(slots=True)
class Sight:
    """One source within a pass: what was seen, what is planned, and what came of it.

    `error` is what kept the source from being served, or its plan from being written.
    """

    served: Served
    plan: Plan
    seen: Seen | None = None
    error: MakegoodError | None = None
    judged: list[Judgement] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)


def run_pass(program: Program, now: datetime, run: str, only: Sequence[str] = ()) -> list[Sight]:
    """One whole pass over every source; one source's trouble does not touch the others."""
    sights = plan_pass(program, now, only)
    for sight in sights:
        if sight.seen is not None:
            _apply(sight, sight.seen, program, run)
            left = remembered(sight.seen, sight.plan, sight.judged, sight.results, now)
            program.store.remember(sight.plan.source, left)
        else:
            program.store.trouble(sight.plan.source, sight.plan.trouble)
    return sights


def plan_pass(program: Program, now: datetime, only: Sequence[str] = ()) -> list[Sight]:
    """What a pass does, stopped before its first write to a tracker: this is the dry run.

    What is learnt by reading alone is noted in the store; one that was opened for reading forgets it again.
    """
    sights = [_observe(served, program, now, only) for served in program.sources]
    surveyed = survey([sight.seen for sight in sights if sight.seen], program.judge, program.store, now)
    for sight in sights:
        if sight.seen is not None:
            sight.judged = _judge(sight.seen, surveyed, program, now)
            sight.plan = _plan(sight, sight.seen, program)
    return sights


def _observe(served: Served, program: Program, now: datetime, only: Sequence[str]) -> Sight:
    """What the source shows, once writes whose outcome is unknown were looked up."""
    settings, store = served.settings, program.store
    sight = Sight(served, Plan(settings.name, settings.tracker, settings.mode))
    try:
        site = served.tracker.connect()
        seen = Seen(served, site, store.source(settings.name))
        seen.progress = lambda count: program.progress(settings.name, "reading", count)
        entries = store.unsettled(site, settings.name)
        seen.failed += recover(entries, served.tracker, store, now, program.settle_after)
        observe(seen, store, now, program.digest, program.crawl_every, only)
    except TrackerError as error:
        sight.error, sight.plan = error, replace(sight.plan, trouble=str(error))
    else:
        sight.seen = seen
    return sight


def _judge(seen: Seen, surveyed: Survey, program: Program, now: datetime) -> list[Judgement]:
    return [
        program.judge.judge(ticket, surveyed.facts(seen, ticket), now, surveyed.classification(ticket))
        for ticket in seen.tickets.values()
    ]


def _plan(sight: Sight, seen: Seen, program: Program) -> Plan:
    settings = sight.served.settings
    halted = seen.state.halted == program.digest
    mode: Mode = "labels" if halted and settings.mode == "full" else settings.mode
    prefix = sight.served.terms.mapping.labels.prefix
    terms = Terms(prefix, mode, settings.backlog_after.elapsed(), program.render)
    plans = [plan_ticket(judged, seen.memories.get(judged.ticket.id), terms) for judged in sight.judged]
    plans.sort(key=lambda plan: (-plan.urgency, plan.ticket.key))
    live = [judged for judged in sight.judged if judged.ticket.status.live]
    unclassified = sum(judged.classification.category == "unclassified" for judged in live)
    problems = [
        Failed(judged.ticket.key, "read", problem) for judged in live for problem in judged.ticket.problems
    ]
    return replace(
        sight.plan,
        mode=mode,
        seen=len(sight.judged),
        tickets=tuple(plan for plan in plans if plan.actions or plan.skipped or plan.after != plan.before),
        failed=tuple(sorted({*seen.failed, *seen.unread.values(), *problems})),
        refusal=guard(plans, _limits(sight, program), len(live), unclassified),
        notices=("comments are halted: one reached more readers than it was meant for",) if halted else (),
    )


def _limits(sight: Sight, program: Program) -> Limits:
    own = sight.served.settings.guard
    actions = own.actions if program.max_actions is None else program.max_actions
    return Limits(actions, own.client_comments, own.unclassified)


def _apply(sight: Sight, seen: Seen, program: Program, run: str) -> None:
    """Write the plan, unless the source only observes or the guard refuses it."""
    if sight.plan.mode == "observe":
        return
    if sight.plan.refusal:
        sight.error = GuardRefusedError(f"{sight.plan.refusal}; nothing was written")
        return
    name, done = sight.served.settings.name, 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        program.progress(name, "writing", done)

    pen = Pen(program.store, sight.served.tracker, run, program.clock, program.stopping, progress)
    sight.results = apply(sight.plan.tickets, pen)
    if any(result.leaked for result in sight.results):
        seen.state = replace(seen.state, halted=program.digest)
    failed = [result.failed for result in sight.results if result.failed]
    sight.plan = replace(sight.plan, failed=tuple(sorted([*sight.plan.failed, *failed])))
