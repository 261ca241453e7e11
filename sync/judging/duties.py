"""The promises of an issue's life beyond the matrix: while it lives, and once it is solved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from sync.judging import clocks, contact
from sync.judging.clocks import Start
from sync.judging.evidence import evidence_of, moved_later, pledges, proved
from sync.ticket import SEVERITIES, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sync.judging.clocks import Clock
    from sync.judging.contact import Cycle, Event
    from sync.judging.evidence import Pledge
    from sync.judging.promises import Promises
    from sync.mapping.practice import Duty, EndOfDay
    from sync.mapping.tracker_models import Proof
    from sync.promise_names import PromiseName
    from sync.ticket import Change, Comment, Severity
    from sync.worktime import Calendar

NO_CONTACT = "no evidence of client contact is mapped"
UNDATED = "nothing tells when it was solved; map the field resolved"


def living(case: Promises, made: tuple[Clock, ...]) -> Iterator[Clock]:
    """What is owed while the ticket lives, besides `made`, the promises of the matrix."""
    yield from _present(duty(case, "assessed", case.practice.assessed, case.cycle))
    pledged = _pledged(case)
    yield from _planned(case, pledged)
    yield from _checkpoints(case, pledged, made)
    yield from _slips(case, pledged)
    yield from _present(_silence(case))


def afterwards(case: Promises, over: Cycle) -> Iterator[Clock]:
    """What is owed once the ticket is solved or closed, by the event `over`; nothing where none tells when."""
    practice, since = case.practice, case.cycle.since
    if not dated(case, over):
        for name, cell in _once_solved(case):
            if cell and case.rating.severity in cell.severities:
                yield clocks.off(name, over.event, f"promises.toml: {name}", over.since, UNDATED)
        return
    told = practice.solution_told
    if told and case.rating.severity in told.severities and case.ticket.status is Status.RESOLVED:
        yield _solution_told(case, told, over)
    shut = contact.closed_at(case.ticket)
    by = shut if shut and shut >= over.since else None
    for name, cell in _once_solved(case):
        since_when = over.since if name == "verified" else since
        limit = by if name == "root_cause" else None
        yield from _present(duty(case, name, cell, over, since=since_when, by=limit))
    if held := proof_of(case, "post_mortem", since):
        began = contact.Cycle(held.id, max(held.at, over.since))
        yield from _present(duty(case, "post_mortem_actions", practice.post_mortem_actions, began, since=since))


def _once_solved(case: Promises) -> Iterator[tuple[PromiseName, Duty | None]]:
    """What is owed from the solution on, in the order in which a comment speaks of it."""
    practice = case.practice
    yield "root_cause", practice.root_cause
    yield "prevention", practice.prevention
    yield "verified", practice.verified
    yield "remedy", practice.remedy
    yield "post_mortem", practice.post_mortem
    yield "lessons", practice.lessons


def dated(case: Promises, over: Cycle) -> bool:
    """Whether the ticket tells when it was solved; its last update, which stands for it, moves with any edit."""
    return over.event != contact.UNTOLD or case.ticket.resolved is not None


def duty(  # noqa: PLR0913 - what a duty began with and what limits it
    case: Promises,
    promise: PromiseName,
    cell: Duty | None,
    began: Cycle,
    proof: Proof | None = None,
    *,
    since: datetime | None = None,
    by: datetime | None = None,
    about: object = None,
    rule: str = "",
) -> Clock | None:
    """The clock of a duty that began with this event; None where it is not promised at this severity.

    `proof` is the evidence that keeps it, by default that of its own name, found since `since` (by default since
    it began). Without mapped evidence it is off. `by` is a limit that holds whatever the cell says. What is owed
    on a ticket that is done and does not climb is said once, when it is broken, without a warning.
    """
    if cell is None or case.rating.severity not in cell.severities:
        return None
    name = proof or cast("Proof", promise)
    rule = rule or f"promises.toml: {promise}"
    if not evidence_of(case.terms.mapping, name).mapped:
        note = f"no evidence is mapped; add [evidence.{name}] to the tracker's file"
        return clocks.off(promise, began.event, rule, began.since, note)
    kept, known = proof_of(case, name, since or began.since), _known(case, cell.severities, began)
    if known and by and by < known:
        by = None
    start = Start(promise, began.event, rule, began.since, by=by, about=about, known=known)
    warned = cell.climbs or case.ticket.status.live
    return case.wind(start, cell, _pauses(case), kept, warned=warned, climbs=cell.climbs)


def _known(case: Promises, severities: Iterable[Severity], began: Cycle) -> datetime | None:
    """Since when the ticket has been severe enough for it, if that is later than it began."""
    at = case.rating.risen[min(map(SEVERITIES.index, severities))].at
    return at if at > began.since else None


def proof_of(case: Promises, name: Proof, since: datetime) -> Event | None:
    """The first proof since then, up to now."""
    found = proved(case.ticket, evidence_of(case.terms.mapping, name), since)
    return found if found and found.at <= case.now else None


def _pauses(case: Promises) -> clocks.Pauses:
    """The pauses that count: none once the ticket is done, for what is owed then waits for nobody."""
    return case.pauses if case.ticket.status.live else ()


def _present(clock: Clock | None) -> Iterator[Clock]:
    if clock:
        yield clock


def told_since(case: Promises, since: datetime) -> Event | None:
    """The first contact with the client since then."""
    return next((event for event in case.contacted if event.at >= since), None)


# --- the plan ----------------------------------------------------------------------------------------------------


def _pledged(case: Promises) -> list[Pledge]:
    """The dates promised so far, without those that had passed when the present cycle began."""
    zone = ZoneInfo(case.terms.zone)
    made = pledges(case.ticket, case.terms.mapping, case.memory, case.now)
    return [pledge for pledge in made if pledge.over(zone) > case.cycle.since] if made else made


def _planned(case: Promises, pledged: list[Pledge]) -> Iterator[Clock]:
    """A date for the solution, then the client's agreement to it."""
    cell, agreed, rule = case.practice.planned, case.practice.agreed, "promises.toml: planned"
    mapping, plan = case.terms.mapping, _plan(case, pledged)
    if cell and case.rating.severity in cell.severities:
        if not evidence_of(mapping, "planned").mapped and not mapping.fields.planned:
            note = "no evidence is mapped; map the field planned, or add [evidence.planned] to the tracker's file"
            yield clocks.off("planned", case.cycle.event, rule, case.cycle.since, note)
        else:
            known = _known(case, cell.severities, case.cycle)
            start = Start("planned", case.cycle.event, rule, case.cycle.since, about=cell, known=known)
            yield case.wind(start, cell, case.pauses, plan, climbs=cell.climbs)
    if plan and agreed:
        in_writing = case.rating.severity in agreed.in_writing
        proof: Proof = "agreed_in_writing" if in_writing else "agreed"
        if in_writing:
            both = [each for each in agreed.severities if each in agreed.in_writing]
            agreed = agreed.model_copy(update={"severities": both})
        began = contact.Cycle(plan.id, plan.at)
        same_day = _beginning(plan.at, ZoneInfo(case.terms.zone))
        yield from _present(duty(case, "agreed", agreed, began, proof, since=same_day, about=in_writing))


def _plan(case: Promises, pledged: list[Pledge]) -> Event | None:
    """The first date for the solution in the present cycle, or the one that was left of an earlier cycle."""
    since = case.cycle.since
    found = [proof_of(case, "planned", since)]
    found += [contact.Event(each.event, max(each.at, since), f"promised for {each.day}") for each in pledged[:1]]
    return min((event for event in found if event), key=attrgetter("at"), default=None)


def _beginning(at: datetime, zone: ZoneInfo) -> datetime:
    """The beginning of the day that `at` falls into."""
    return datetime.combine(at.astimezone(zone).date(), datetime.min.time(), zone).astimezone(UTC)


def _checkpoints(case: Promises, pledged: list[Pledge], made: tuple[Clock, ...]) -> Iterator[Clock]:
    """A look inside on the way to what was promised; not needed where staff has been at work on it since."""
    point = case.practice.checkpoint
    if point is None or case.rating.severity not in point.severities:
        return
    spans: list[tuple[str, str, datetime, datetime, Calendar]] = []
    if "planned" in point.of and pledged:
        last = pledged[-1]
        began, due = max(last.at, case.cycle.since), last.over(ZoneInfo(case.terms.zone))
        spans.append(("planned", last.event, began, due, case.calendar))
    update = next((clock for clock in made if clock.promise == "update" and clock.state == "running"), None)
    if "update" in point.of and update and update.due and update.cell:
        hours = clocks.Dial(update.cell, case.calendar).hours
        spans.append(("update", update.occasion, update.started, update.due, hours))
    for promised, event, began, due, hours in spans:
        at = case.calendar.next_opening(hours.add(began, hours.between(began, due) * point.share))
        if at < due and not _worked_on(case, began):
            occasion, rule = f"{promised}:{event}", "promises.toml: checkpoint"
            yield clocks.notice(
                Start("checkpoint", occasion, rule, at, about=(promised, due)), case.now, until=due
            )


def _worked_on(case: Promises, since: datetime) -> bool:
    """Whether staff has said or changed anything after that."""
    history: list[Comment | Change] = [*case.ticket.comments, *case.ticket.changes]
    return any(each.author.side == "staff" and since < each.at <= case.now for each in history)


# --- slips and silence -------------------------------------------------------------------------------------------


def _slips(case: Promises, pledged: list[Pledge]) -> Iterator[Clock]:
    """A promised date that moved later, or passed, without word to the client."""
    slip, rule = case.practice.slip, "promises.toml: slip"
    if slip is None or not pledged:
        return
    last, zone = pledged[-1], ZoneInfo(case.terms.zone)
    if not contact.contact_is_mapped(case.ticket, case.terms.mapping):
        yield clocks.off("slip", last.event, rule, last.at, NO_CONTACT)
        return
    if late := moved_later(pledged, case.cycle.since):
        told = told_since(case, clocks.Dial(slip.cell, case.calendar).before(late.at))
        yield case.wind(
            Start("slip", late.event, rule, late.at, about=late), slip.cell, (), told, climbs=slip.climbs
        )
    passed = Start("slip", f"{last.event}:passed", rule, last.over(zone), about=last.day)
    if passed.at <= case.now:
        yield case.wind(passed, slip.cell, (), told_since(case, passed.at - timedelta(days=1)), climbs=slip.climbs)
    else:
        yield clocks.notice(passed, case.now)


@dataclass(frozen=True, slots=True)
class Silence:
    """How long a client has been silent, and since when."""

    window: timedelta
    since: datetime


def _silence(case: Promises) -> Clock | None:
    """A client who has been silent while we wait for them: one nudge to the owner each time."""
    cell, waiting = case.practice.silence, contact.waiting_since(case.ticket)
    if cell is None or waiting is None or case.rating.severity not in cell.severities:
        return None
    words = [(each.at, each.id) for each in case.ticket.comments if each.author.side == "client"]
    words += [(event.at, event.id) for event in case.contacted]
    heard = (word for word in words if waiting.since < word[0] <= case.now)
    at, event = max(heard, default=(waiting.since, waiting.event))
    nudged = clocks.Dial(cell, case.calendar).after(at) or at
    about = Silence(max(nudged, case.now) - at, at)
    return clocks.notice(Start("silence", event, "promises.toml: silence", nudged, about=about), case.now)


def _solution_told(case: Promises, told: EndOfDay, over: Cycle) -> Clock:
    """The client is told of the solution by the end of their working day."""
    rule = "promises.toml: solution_told"
    if not contact.contact_is_mapped(case.ticket, case.terms.mapping):
        return clocks.off("solution_told", over.event, rule, over.since, NO_CONTACT)
    by = clocks.end_of_day(case.calendar, over.since, told.at_least.elapsed())
    kept = told_since(case, over.since - told.at_least.elapsed())
    start = Start("solution_told", over.event, rule, over.since, by=by, alone=True)
    return case.wind(start, told.cell, (), kept)
