"""One pass: observe → judge → render → plan → guard → apply → remember."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from sync.action import Failed
from sync.apply import Pen, apply
from sync.errors import CredentialsError, GuardRefusedError, MakegoodError, StoppingError, TrackerError
from sync.judging.attention import day_began
from sync.judging.doubts import strangers, unreadable
from sync.judging.memory import NOTHING
from sync.judging.standing import hastened, opted_out_line, parked_line
from sync.notices import deliver
from sync.observe import Seen, observe
from sync.plan import Limits, Plan, Terms, digest, guard, plan_ticket, try_templates, within_budget
from sync.recover import recover
from sync.remember import remembered
from sync.secrecy import hidden, trace
from sync.settings import token_variable
from sync.side_by_side import Sites, Underway
from sync.survey import survey
from sync.timekeeping import compared, noticed
from sync.trackers.base import Dated

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from sync.apply import Result
    from sync.judging.clocks import Clock
    from sync.judging.facts import Suggestion
    from sync.judging.judgement import Judge, Judgement
    from sync.judging.promises import Saying
    from sync.judging.standing import Standing
    from sync.notices import Notifier
    from sync.observe import Served
    from sync.plan import Mode, TicketPlan
    from sync.richtext import Document
    from sync.state.records import Notice, Row
    from sync.state.store import Store
    from sync.suggest import Endpoint
    from sync.survey import Key, Survey
    from sync.trackers.sources import Source


NOTICES_A_PASS = 20
"""Each may have to wait for an answer; the others follow in the next pass."""

HALTED = (
    "comments are halted: one reached more readers than it was meant for; correct `readers` or `restricted_to`"
)


@dataclass(frozen=True, slots=True)
class Program:
    """Everything a pass works with; all of it is made before the pass begins.

    `digest` changes whenever a mapping file or a source's settings do. `clock` tells the time of each write.
    `max_actions` is a measure stricter than the guard's own; `approved` are digests of plans that a person lets
    through, and `command` is what that person typed. `slips` tells what is wrong with the tone of a text for the
    client. `suggest` is asked for categories that no rule tells; `notices` are what people are told beside the
    tracker, and `notifier` tells them.
    `pretended`: the time is one that a person made up, so no other clock is held against it. `order` names all
    sources as they are configured, of which `sources` may be some.
    The rest is for passes that go on side by side: the `lane` that this one is of, and which one serves which of
    the `sites`; whom they are about to ask for (`rations`) and what they have just read (`known`), both not in the
    state yet; and whose turn it is to send notices (`telling`).
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
    approved: frozenset[str] = frozenset()
    command: str = "makegood"
    progress: Callable[[str, str, int], None] = lambda _source, _stage, _count: None
    stopping: Callable[[], bool] = lambda: False
    slips: Callable[[Judgement, Document], str] = lambda _judged, _body: ""
    follow_up: Callable[[Judgement, Clock], tuple[str, Document]] | None = None
    suggest: Endpoint | None = None
    notices: Callable[[TicketPlan], Sequence[Notice]] = lambda _plan: ()
    notifier: Notifier | None = None
    pretended: bool = False
    order: tuple[str, ...] = ()
    lane: str = ""
    sites: Sites = field(default_factory=Sites)
    rations: Underway[Counter[str]] = field(default_factory=partial(Underway, Counter))
    known: Underway[dict[Key, Row]] = field(default_factory=partial(Underway, dict))
    telling: Lock = field(default_factory=Lock)

    def ended(self, sources: tuple[str, ...]) -> None:
        """A pass over these sources has ended, well or not: what it had in hand, the state tells or nobody."""
        self.rations.written(sources)
        self.known.written(sources)


@dataclass(slots=True)
class Sight:
    """One source within a pass: what was seen, what is planned, and what came of it.

    `stood` is where the last judgement left each ticket. `drafts` are the tickets' plans before they are looked at
    as a whole, the most urgent first. `error` is what kept the source from being served, or its plan from being
    written. The tracker's clock is `ahead` of ours.
    """

    served: Served
    plan: Plan
    seen: Seen | None = None
    error: MakegoodError | None = None
    stood: Mapping[str, Standing] = field(default_factory=dict)
    judged: list[Judgement] = field(default_factory=list)
    drafts: list[TicketPlan] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    ahead: timedelta = timedelta()


def run_pass(program: Program, now: datetime, run: str, only: Sequence[str] = ()) -> list[Sight]:
    """One whole pass over every source; one source's trouble does not touch the others."""
    sights = plan_pass(program, now, only)
    carry_out(sights, program, now, run)
    return sights


def carry_out(sights: Sequence[Sight], program: Program, now: datetime, run: str) -> None:
    """The second half of a pass: what is planned is written, and remembered."""
    for sight in sights:
        if sight.seen is None:
            if not isinstance(sight.error, StoppingError):
                program.store.trouble(sight.plan.source, sight.plan.trouble)
            continue
        _apply(sight, sight.seen, program, run)
        left = remembered(sight.seen, sight.plan, sight.judged, sight.results, now)
        program.store.remember(sight.plan.source, left)
    program.ended(_names(sights))
    _tell(sights, program)


def plan_pass(
    program: Program,
    seen_at: datetime,
    only: Sequence[str] = (),
    judged_at: datetime | None = None,
    choose: Callable[[str, TicketPlan], TicketPlan] = lambda _source, plan: plan,
) -> list[Sight]:
    """What a pass does, stopped before its first write to a tracker: this is the dry run.

    What is learnt by reading alone is noted in the store; one that was opened for reading forgets it again.
    `judged_at` is the moment that the tickets are judged at, where it is not that of reading them. `choose` says
    what of a ticket's own plan is meant, before the plans are looked at as a whole.
    """
    now = judged_at or seen_at
    sights = [_observe(served, program, seen_at, only) for served in program.sources]
    _claim([sight.seen for sight in sights if sight.seen], program)
    known = program.known.shared(_names(sights))
    surveyed = survey([sight.seen for sight in sights if sight.seen], program.judge, program.store, now, known)
    suggested = _suggested(sights, surveyed, program, now)
    for sight in sights:
        if sight.seen is not None:
            rows = program.store.rows(sight.seen.site, sight.seen.tickets)
            sight.stood = {row.known.id: row.standing for row in rows if row.standing}
            sight.judged = _judge(sight.seen, sight.stood, surveyed, suggested, program, now)
            sight.drafts = [choose(sight.plan.source, each) for each in _drafts(sight, sight.seen, program)]
    _ration(sights, program, now)
    for sight in sights:
        if sight.seen is not None:
            sight.plan = _plan(sight, sight.seen, program)
    return sights


def _observe(served: Served, program: Program, now: datetime, only: Sequence[str]) -> Sight:
    """What the source shows, once writes whose outcome is unknown were looked up."""
    settings, store = served.settings, program.store
    sight = Sight(served, Plan(settings.name, settings.tracker, settings.mode))
    try:
        site = served.tracker.connect()
        _unless_served_elsewhere(site, settings, program)
        seen = Seen(served, site, store.source(settings.name))
        seen.progress = lambda count: program.progress(settings.name, "reading", count)
        entries = store.unsettled(site, settings.name)
        sight.ahead = _ahead(seen, program)
        recovered = recover(entries, served.tracker, store, now + sight.ahead, program.settle_after)
        seen.failed += recovered.failed
        if recovered.leaked:
            seen.state = replace(seen.state, halted=program.digest)
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


def _unless_served_elsewhere(site: str, settings: Source, program: Program) -> None:
    if (other := program.sites.lane_of(site, program.lane)) != program.lane:
        raise TrackerError(
            f"the site is served at {other} already, as that of another source; write the same address for both, "
            f"so that they take turns, or give {settings.name!r} a site of its own"
        )


def _ahead(seen: Seen, program: Program) -> timedelta:
    """By how much the tracker's clock is ahead of ours; ClockError if ours cannot be believed."""
    if program.pretended:
        return timedelta()
    tracker = seen.served.tracker
    told_at = tracker.told_at if isinstance(tracker, Dated) else None
    return compared(program.clock(), told_at, seen.state.last_good, seen.served.settings.name)


def _trouble(error: TrackerError, settings: Source) -> str:
    """What kept the source from being served; for a login, also where its token comes from."""
    if isinstance(error, CredentialsError) and token_variable(settings) not in str(error):
        return f"{error}. The token comes from {token_variable(settings)}, or {settings.name}.token"
    return str(error)


def _unexpected(error: Exception) -> str:
    """What to say of a fault of ours; its trace goes to the log."""
    logging.getLogger("makegood").error("unexpected fault\n%s", trace(error))
    told = f"unexpected {type(error).__name__}: {error}; this is a fault of makegood's, please report it"
    return hidden(told)


def _claim(seen: Sequence[Seen], program: Program) -> None:
    """A ticket that several sources show is the first one's alone, whether that is served in this pass or not."""
    claimed: set[tuple[str, str]] = set()
    present = {each.served.settings.name for each in seen}
    for each in seen:
        claimed |= _taken(each, present, program)
        for ticket in [one for one in each.tickets.values() if (one.site, one.id) in claimed]:
            each.bystanders[ticket.id] = each.tickets.pop(ticket.id)
        claimed |= {(ticket.site, ticket.id) for ticket in each.tickets.values()}


def _taken(seen: Seen, present: Collection[str], program: Program) -> set[tuple[str, str]]:
    """What of it a source has that stands before it and is not present; one whose key changed has moved away."""
    name = seen.served.settings.name
    before = [*program.order[: program.order.index(name)]] if name in program.order else []
    earlier = {each for each in before if each not in present}
    rows = program.store.rows(seen.site, seen.tickets) if earlier else ()
    return {
        (row.known.site, row.known.id)
        for row in rows
        if row.source in earlier and row.known.key == seen.tickets[row.known.id].key
    }


def _suggested(
    sights: Sequence[Sight], surveyed: Survey, program: Program, now: datetime
) -> Mapping[tuple[str, str], Suggestion]:
    """Categories that the team's own endpoint suggests for live tickets which no rule tells."""
    seen = next((sight.seen for sight in sights if sight.seen), None)
    if program.suggest is None or seen is None:
        return {}
    from sync.suggest import ask  # noqa: PLC0415 - only for a team that has an endpoint

    tickets = [ticket for sight in sights if sight.seen for ticket in sight.seen.tickets.values()]
    told = [(ticket, surveyed.classification(ticket)) for ticket in tickets if ticket.status.live]
    unclear = [(ticket, dict(each.scores)) for ticket, each in told if each.category == "unclassified"]
    answers, failed = ask(unclear, program.suggest, program.store, now, stopping=program.stopping)
    seen.failed += failed
    return answers


def _judge(  # noqa: PLR0913, PLR0917 - all that is known of a source's tickets
    seen: Seen,
    stood: Mapping[str, Standing],
    surveyed: Survey,
    suggested: Mapping[tuple[str, str], Suggestion],
    program: Program,
    now: datetime,
) -> list[Judgement]:
    judged = []
    for ticket in list(seen.tickets.values()):
        try:
            facts, classification = surveyed.facts(seen, ticket), surveyed.classification(ticket)
            suggestion = suggested.get((ticket.site, ticket.id))
            judge = partial(program.judge.judge, ticket, facts, now, classification, suggestion=suggestion)
            judgement, before = judge(memory=seen.memories.get(ticket.id, NOTHING)), stood.get(ticket.id)
            if before and before.policy not in {"", program.digest}:
                seen.edited.add(ticket.id)
                judgement = _spared(judgement, before, seen, program.store, judge)
            judged.append(judgement)
        except Exception as error:  # noqa: BLE001 - one ticket's oddity must not stop the others; it is told in full
            seen.set_aside(ticket, "judge", _unexpected(error))
    return judged


def _spared(
    judgement: Judgement, before: Standing, seen: Seen, store: Store, judge: Callable[..., Judgement]
) -> Judgement:
    """The judgement of a ticket whose mapping was edited since, with a respite for what that breaks too soon."""
    respites, ticket = hastened(judgement, before), judgement.ticket
    if not respites:
        return judgement
    memory = seen.memories.get(ticket.id, NOTHING)
    spared = judge(memory=replace(memory, granted=respites | dict(memory.granted)))
    changed = {*_limits_of(judgement)} ^ {*_limits_of(spared)}
    helped = {key: each for key, each in respites.items() if any(key == named for named, _ in changed)}
    if helped:
        store.grant(ticket.site, ticket.id, helped)
        seen.memories[ticket.id] = replace(memory, granted=helped | dict(memory.granted))
    return spared


def _limits_of(judgement: Judgement) -> Iterator[tuple[tuple[str, str], datetime | None]]:
    return (((clock.promise, clock.occasion), clock.due) for clock in judgement.clocks)


def _drafts(sight: Sight, seen: Seen, program: Program) -> list[TicketPlan]:
    """The plan of each judged ticket, the most urgent first."""
    terms = _terms(sight, program, halted=_halted(seen, program))
    plans = [
        plan_ticket(judged, seen.memories.get(number), terms, edited=number in seen.edited)
        for judged in sight.judged
        for number in [judged.ticket.id]
    ]
    return sorted(plans, key=_rank)


def _rank(plan: TicketPlan) -> tuple[int, str]:
    return -plan.urgency, plan.ticket.key


def _halted(seen: Seen, program: Program) -> bool:
    return seen.state.halted == program.digest


def _ration(sights: Sequence[Sight], program: Program, now: datetime) -> None:
    """Over all sources the most urgent first: nobody is asked for more often than a day's measure allows.

    A source that only observes asks for nobody, so it uses up a measure of its own.
    """
    policy = program.judge.policy
    if policy.practice.attention.budget is None:
        return
    today: dict[str, Counter[str]] = {}
    drafts = [(sight, place) for sight in sights for place, draft in enumerate(sight.drafts) if draft.comment]
    with program.rations.shared(_names(sights)) as (others, own):
        asked: defaultdict[str, Counter[str]] = defaultdict(Counter, {"": own})
        for sight, place in sorted(drafts, key=lambda each: _rank(each[0].drafts[each[1]])):
            zone, name = sight.served.terms.zone, sight.plan.source if sight.plan.mode == "observe" else ""
            if zone not in today:
                today[zone] = sum(others, _asked_today(program, zone, now))
            sight.drafts[place] = within_budget(
                sight.drafts[place], policy.practice.attention, today[zone], asked[name], policy
            )


def _names(sights: Sequence[Sight]) -> tuple[str, ...]:
    return tuple(sight.plan.source for sight in sights)


def _asked_today(program: Program, zone: str, now: datetime) -> Counter[str]:
    """How often everybody was asked for by earlier passes of the day in that zone, by name."""
    asked: Counter[str] = Counter()
    for number, times in program.store.asked_since(day_began(now, zone)).items():
        asked[program.judge.policy.name_of(number)] += times
    return asked


def _plan(sight: Sight, seen: Seen, program: Program) -> Plan:
    """The source's plan."""
    policy, zone, plans = program.judge.policy, sight.served.terms.zone, sight.drafts
    halted = _halted(seen, program)
    live = [judged for judged in sight.judged if judged.ticket.status.live]
    issues = [judged for judged in live if not judged.home]
    unclassified = sum(judged.classification.category == "unclassified" for judged in issues)
    problems = [
        Failed(judged.ticket.id, "read", problem, judged.ticket.key)
        for judged in live
        for problem in (*judged.ticket.problems, *unreadable(judged.ticket, policy, zone))
    ]
    told = (HALTED if halted else None, sight.served.tracker.notice, noticed(sight.ahead))
    told_apart = (*parked_line(live), *opted_out_line(live))
    notices = (*filter(None, told), *strangers([judged.ticket for judged in live], policy), *told_apart)
    try_templates(plans)
    plan = replace(
        sight.plan,
        mode=_mode(sight, halted=halted),
        seen=len(sight.judged),
        tickets=tuple(plan for plan in plans if plan.actions or plan.skipped or plan.after != plan.before),
        failed=tuple(sorted({*seen.failed, *seen.unread.values(), *problems})),
        notices=notices,
    )
    return _guarded(plan, guard(plans, _limits(sight, program), len(issues), unclassified), program)


def _guarded(plan: Plan, refusal: str, program: Program) -> Plan:
    """The plan with the guard's refusal and its remedy, unless a person has let this very plan through."""
    if not refusal:
        return plan
    known_by = digest(plan)
    if known_by in program.approved:
        return replace(plan, notices=(*plan.notices, f"let through by its digest: {refusal}"))
    wrong = "".join(f"; {other} is not this plan's digest" for other in sorted(program.approved))
    remedy = f"or let this one plan through: {program.command} --approve {known_by}"
    return replace(plan, refusal=f"{refusal}, {remedy}{wrong}")


def _terms(sight: Sight, program: Program, *, halted: bool) -> Terms:
    """How the source is planned for."""
    settings, mapping = sight.served.settings, sight.served.terms.mapping
    able = sight.served.tracker.capabilities.brings_in
    return Terms(
        mapping.labels.prefix,
        _mode(sight, halted=halted),
        settings.backlog_after.elapsed(),
        program.render,
        slips=program.slips,
        bring_in=able.intersection(mapping.people.bring_in),
        approvals=tuple(mapping.approval.labels),
        careful=frozenset(program.judge.policy.taxonomy.careful),
        follow_up=program.follow_up if mapping.follows_up else None,
        follow_ups=frozenset(program.judge.policy.practice.promises.follow_ups),
        staff_only=sight.served.terms.staff_only,
        zone=sight.served.terms.zone,
        former=tuple(mapping.labels.former),
    )


def _mode(sight: Sight, *, halted: bool) -> Mode:
    mode = sight.served.settings.mode
    return "labels" if halted and mode == "full" else mode


def _tell(sights: Sequence[Sight], program: Program) -> None:
    """Tell people beside the tracker what the comments of this pass, or of another one, asked of them."""
    if program.notifier is None or not sights or not program.telling.acquire(blocking=False):
        return
    try:
        failed = deliver(program.store, program.notifier, program.clock, NOTICES_A_PASS, program.stopping)
    finally:
        program.telling.release()
    sights[0].plan = replace(sights[0].plan, failed=tuple(sorted([*sights[0].plan.failed, *failed])))


def _limits(sight: Sight, program: Program) -> Limits:
    own = sight.served.settings.guard
    limits = Limits(own.actions, own.client_comments, own.unclassified)
    if program.max_actions is None or program.max_actions >= own.actions:
        return limits
    return replace(limits, actions=program.max_actions, measure="--max-actions")


def _apply(sight: Sight, seen: Seen, program: Program, run: str) -> None:
    """Write the plan, unless the source only observes or the guard refuses it."""
    if not sight.plan.writes:
        return
    if sight.plan.refusal:
        sight.error = GuardRefusedError(f"{sight.plan.refusal}; nothing was written")
        return
    name, done = sight.served.settings.name, 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        program.progress(name, "writing", done)

    def clock() -> datetime:
        return program.clock() + sight.ahead

    pen = Pen(program.store, sight.served.tracker, run, clock, program.stopping, progress, program.notices)
    sight.results = apply(sight.plan.tickets, pen)
    if any(result.leaked for result in sight.results):
        seen.state = replace(seen.state, halted=program.digest)
    failed = [result.failed for result in sight.results if result.failed]
    sight.plan = replace(sight.plan, failed=tuple(sorted([*sight.plan.failed, *failed])))
