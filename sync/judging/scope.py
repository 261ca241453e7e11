"""Requests beyond the agreed scope: one rule for all days."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from sync.judging import clocks, contact
from sync.judging.clocks import Start
from sync.judging.duties import duty, proof_of, told_since
from sync.judging.evidence import evidence_of, minutes
from sync.judging.facts import Request
from sync.words import normalised

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sync.judging.clocks import Clock
    from sync.judging.facts import Known
    from sync.judging.promises import Promises
    from sync.mapping.practice import Duty, ScopeFile
    from sync.mapping.tracker_models import Mapping as TrackerMapping
    from sync.mapping.tracker_models import Proof
    from sync.promise_names import PromiseName
    from sync.ticket import Comment, Ticket

SPENT = ("goodwill", "change-order", "move-date")
"""Decisions by which a request takes from the engagement's budget."""

_BETWEEN = " \t\n:,;.-–—、。"


@dataclass(frozen=True, slots=True)
class Choice:
    """What a request is decided by: its effort, the limit of goodwill in minutes, and the written scope."""

    request: Request
    limit: int | None
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """The client's goodwill requests call for a talk: the how-manieth, within how long, announced or due."""

    number: int
    window: timedelta
    announce: bool


@dataclass(frozen=True, slots=True)
class Share:
    """The share of an engagement's budget that change requests take, and the one from which it is too much."""

    figure: float
    limit: float


def request_of(ticket: Ticket, mapping: TrackerMapping, decisions: Mapping[str, str]) -> Request:
    """The ticket as a request: what its fields tell, and by which event it was decided.

    A decision is the mapped field's value as scope.toml knows it, or else what follows the word of a comment
    (evidence `decided`): `/decided move date`.
    """
    fields = ticket.fields
    request = Request(
        minutes=minutes(fields["effort"]) if fields.get("effort") else None,
        clause=fields.get("scope_clause", ""),
        moved=fields.get("date_moved", ""),
        consent=fields.get("consent", ""),
    )
    known = {value.casefold(): meaning for value, meaning in decisions.items()}
    if meaning := known.get(fields.get("scope_decision", "").casefold(), ""):
        told = [change for change in ticket.changes if change.field == "scope_decision" and change.after]
        event, at = (told[-1].id, told[-1].at) if told else ("decided", ticket.created)
        return replace(request, decision=meaning, event=event, at=at)
    words = evidence_of(mapping, "decided").words
    for comment in sorted(ticket.comments, key=attrgetter("at", "id"), reverse=True):
        if comment.author.side == "staff" and (meaning := _spoken(comment, words, known)):
            return replace(request, decision=meaning, event=comment.id, at=comment.at)
    return request


def _spoken(comment: Comment, words: Sequence[str], meanings: Mapping[str, str]) -> str:
    """The decision that a comment tells after one of the words; empty if it tells none."""
    begun = [word for word in words if contact.begins_with(comment, [word])]
    if not begun:
        return ""
    text = normalised(comment.text.lstrip())
    rest = replace(comment, text=text[max(len(normalised(word)) for word in begun) :].lstrip(_BETWEEN))
    told = [value for value in meanings if contact.begins_with(rest, [value])]
    return meanings[max(told, key=len)] if told else ""


def made(case: Promises) -> Iterator[Clock]:
    """What is owed on a request beyond the scope, whether it is done or not."""
    rules = case.policy.practice.scope
    if case.category != "scope":
        return
    request = request_of(case.ticket, case.terms.mapping, rules.decisions)
    if case.ticket.status.live or request.decision:
        yield from _decided(case, rules, request)
    if request.at is None or request.at > case.now:
        return
    began = contact.Cycle(request.event, request.at)
    if request.decision == "goodwill":
        yield from _goodwill(case, rules, request, began)
    if request.decision in ("move-date", "change-order") and rules.consent:
        yield from _duty(case, "scope_consent", rules.consent, began, "consent", request)
    yield from _realigned(case, rules, request, began)


def _decided(case: Promises, rules: ScopeFile, request: Request) -> Iterator[Clock]:
    """Goodwill or the choice of three: decided in time, the same way on all days."""
    cell, mapping, rule = rules.decide, case.terms.mapping, "scope.toml: decide"
    if cell is None or case.rating.severity not in cell.severities:
        return
    cycle = case.cycle
    if not (evidence_of(mapping, "decided").mapped or mapping.fields.scope_decision):
        note = (
            "no evidence is mapped; map the field scope_decision, or add [evidence.decided] to the tracker's file"
        )
        yield clocks.off("scope_choice", cycle.event, rule, cycle.since, note)
        return
    limit = rules.goodwill_up_to
    written = case.engagement.scope if case.engagement else None
    choice = Choice(
        request, round(limit.elapsed() / timedelta(minutes=1)) if limit else None, request.clause or written or ""
    )
    kept = None
    if request.at and request.at <= case.now:
        kept = contact.Event(request.event, max(request.at, cycle.since), f"decided: {request.decision}")
    start = Start("scope_choice", cycle.event, rule, cycle.since, about=choice)
    pauses = case.pauses if case.ticket.status.live else ()
    yield case.wind(start, cell, pauses, kept, climbs=cell.climbs)


def _goodwill(case: Promises, rules: ScopeFile, request: Request, began: contact.Cycle) -> Iterator[Clock]:
    """Announced as such; and from the second on within the window, a talk about expectations."""
    if rules.tell and case.rating.severity in rules.tell.severities:
        rule = "scope.toml: tell"
        if contact.contact_is_mapped(case.ticket, case.terms.mapping):
            kept = told_since(case, began.since - rules.tell.within.elapsed())
            start = Start("scope_told", began.event, rule, began.since, about=request)
            yield case.wind(start, rules.tell, (), kept, climbs=rules.tell.climbs)
        else:
            yield clocks.off(
                "scope_told", began.event, rule, began.since, "no evidence of client contact is mapped"
            )
    if rules.window is None:
        return
    number = 1 + len(_goodwill_before(case, began, rules.window.elapsed()))
    talk = Talk(number, rules.window.elapsed(), announce=number < rules.due_at)
    if rules.announce_at <= number < rules.due_at:
        start = Start("scope_talk", began.event, "scope.toml: announce_at", began.since, about=talk)
        yield clocks.notice(start, case.now)
    elif number >= rules.due_at:
        yield from _duty(case, "scope_talk", rules.talk, began, "talk", talk)
    if held := proof_of(case, "talk", case.cycle.since):
        talked = contact.Cycle(held.id, max(held.at, began.since))
        yield from _duty(case, "scope_agreement", rules.agreement, talked, "agreement")


def _goodwill_before(case: Promises, began: contact.Cycle, window: timedelta) -> list[Known]:
    """The client's earlier goodwill requests within the window."""
    me = (began.since, case.ticket.site, case.ticket.id)
    return [
        known
        for known in case.facts.others()
        if (request := known.told.request)
        and request.decision == "goodwill"
        and request.at
        and began.since - window <= request.at
        and (request.at, known.site, known.id) < me
    ]


def share_of_budget(tickets: list[Known], budget_hours: float) -> float:
    """The share of a budget that decided requests take."""
    spent = sum(
        known.told.request.minutes or 0
        for known in tickets
        if known.told.request and known.told.request.decision in SPENT
    )
    return spent / 60 / budget_hours


def _realigned(case: Promises, rules: ScopeFile, request: Request, began: contact.Cycle) -> Iterator[Clock]:
    """The request by which an engagement's change requests crossed their share of the budget."""
    budget = case.engagement.budget_hours if case.engagement else None
    if not (rules.budget_share and rules.realign and budget and request.minutes and request.decision in SPENT):
        return
    me = (began.since, case.ticket.site, case.ticket.id)
    earlier = [
        known
        for known in case.facts.engagement(case.engagement.name if case.engagement else "")
        if known.told.request and known.told.request.at and (known.told.request.at, known.site, known.id) < me
    ]
    before = share_of_budget(earlier, budget)
    share = before + request.minutes / 60 / budget
    if before > rules.budget_share or share <= rules.budget_share:
        return
    about = Share(share, rules.budget_share)
    yield from _duty(case, "realign", rules.realign, began, "realigned", about)


def _duty(  # noqa: PLR0913, PLR0917 - what it began with, what proves it, what it is about
    case: Promises,
    promise: PromiseName,
    cell: Duty | None,
    began: contact.Cycle,
    proof: Proof,
    about: object = None,
) -> Iterator[Clock]:
    """The clock of a duty of scope.toml; its proof may be older than the decision."""
    rule = f"scope.toml: {promise.removeprefix('scope_')}"
    clock = duty(case, promise, cell, began, proof, since=case.cycle.since, about=about, rule=rule)
    if clock:
        yield clock
