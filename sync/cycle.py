"""One pass: observe → judge → render → plan → guard → apply → remember."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sync.action import Failed
from sync.apply import Pen, apply
from sync.doubts import strangers, unreadable
from sync.errors import CredentialsError, GuardRefusedError, MakegoodError, TrackerError
from sync.memory import NOTHING
from sync.observe import Seen, observe
from sync.plan import Limits, Plan, Terms, guard, plan_ticket
from sync.recover import recover
from sync.remember import remembered
from sync.settings import token_variable
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
    from sync.trackers.sources import Source


HALTED = (
    "comments are halted: one reached more readers than it was meant for; correct `readers` or `restricted_to`"
)


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
        if sight.seen is None:
            program.store.trouble(sight.plan.source, sight.plan.trouble)
            continue
        _apply(sight, sight.seen, program, run)
        left = remembered(sight.seen, sight.plan, sight.judged, sight.results, now)
        program.store.remember(sight.plan.source, left)
    return sights


def plan_pass(program: Program, now: datetime, only: Sequence[str] = ()) -> list[Sight]:
    """What a pass does, stopped before its first write to a tracker: this is the dry run.

    What is learnt by reading alone is noted in the store; one that was opened for reading forgets it again.
    """
    sights = [_observe(served, program, now, only) for served in program.sources]
    _claim([sight.seen for sight in sights if sight.seen])
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
    except MakegoodError as error:
        if not isinstance(error, TrackerError):
            raise
        sight.error, sight.plan = error, replace(sight.plan, trouble=_trouble(error, settings))
    except Exception as error:  # noqa: BLE001 - one source's oddity must not stop the others; it is told in full
        sight.error = MakegoodError(_unexpected(error))
        sight.plan = replace(sight.plan, trouble=str(sight.error))
    else:
        sight.seen = seen
    return sight


def _trouble(error: TrackerError, settings: Source) -> str:
    """What kept the source from being served; for a login, also where its token comes from."""
    if isinstance(error, CredentialsError) and token_variable(settings) not in str(error):
        return f"{error}. The token comes from {token_variable(settings)}, or {settings.name}.token"
    return str(error)


def _unexpected(error: Exception) -> str:
    """What to say of a fault of ours; its trace goes to the log."""
    logging.getLogger("makegood").error("unexpected fault", exc_info=error)
    return f"unexpected {type(error).__name__}: {error}; this is a fault of makegood's, please report it"


def _claim(seen: Sequence[Seen]) -> None:
    """A ticket that several sources show is the first one's alone."""
    claimed: set[tuple[str, str]] = set()
    for each in seen:
        for ticket in [one for one in each.tickets.values() if (one.site, one.id) in claimed]:
            each.bystanders[ticket.id] = each.tickets.pop(ticket.id)
        claimed |= {(ticket.site, ticket.id) for ticket in each.tickets.values()}


def _judge(seen: Seen, surveyed: Survey, program: Program, now: datetime) -> list[Judgement]:
    judged = []
    for ticket in list(seen.tickets.values()):
        try:
            facts, classification = surveyed.facts(seen, ticket), surveyed.classification(ticket)
            memory = seen.memories.get(ticket.id, NOTHING)
            judged.append(program.judge.judge(ticket, facts, now, classification, memory))
        except Exception as error:  # noqa: BLE001 - one ticket's oddity must not stop the others; it is told in full
            seen.set_aside(ticket, "judge", _unexpected(error))
    return judged


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
    policy, zone = program.judge.policy, sight.served.terms.zone
    problems = [
        Failed(judged.ticket.id, "read", problem, judged.ticket.key)
        for judged in live
        for problem in (*judged.ticket.problems, *unreadable(judged.ticket, policy, zone))
    ]
    told = (HALTED if halted else None, sight.served.tracker.notice)
    notices = (*filter(None, told), *strangers([judged.ticket for judged in live], policy))
    return replace(
        sight.plan,
        mode=mode,
        seen=len(sight.judged),
        tickets=tuple(plan for plan in plans if plan.actions or plan.skipped or plan.after != plan.before),
        failed=tuple(sorted({*seen.failed, *seen.unread.values(), *problems})),
        refusal=guard(plans, _limits(sight, program), len(live), unclassified),
        notices=notices,
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
