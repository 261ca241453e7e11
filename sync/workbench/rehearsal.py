"""A ticket that a test describes, lived through: what stands on it at a moment, and what was said until then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync.action import AddComment, AddLabel, RemoveLabel, SetDue
from sync.errors import MakegoodError
from sync.judging.clocks import BREACH, WARNING
from sync.judging.facts import NO_FACTS
from sync.mapping.scenario_models import NO_DATE, in_zone
from sync.richtext import plain
from sync.settings import Settings
from sync.state.store import Store
from sync.ticket import Audience, Change, Comment, Person, Status, Ticket
from sync.trackers.past import Past
from sync.workbench.replay import lived, prepared

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sync.action import Because, Obligation
    from sync.cycle import Program, Sight
    from sync.judging.judgement import Judgement
    from sync.judging.promises import Saying
    from sync.mapping.policy import Policy
    from sync.mapping.scenario_models import Case, Expectation, Happening, Scenario, Setting, Told
    from sync.plan import TicketPlan
    from sync.promise_names import PromiseName

SOURCE = "tests"
OWNER = "owner"
"""What the ticket's owner is called where a role is."""
_EVERY = timedelta(minutes=1)
_CASES_AT = datetime(2026, 3, 3, 10, tzinfo=UTC)
_CLIENT = Person("client", "Client", "client")
_SOMEBODY: dict[str, Person] = {
    "client": _CLIENT,
    "staff": Person("staff", "A colleague", "staff"),
    "machine": Person("machine", "An automation", "machine"),
}
_PLACES: dict[str, dict[str, object]] = {
    "jira": {"url": "https://tests.invalid", "projects": ["TEST"]},
    "asana": {"projects": ["1"]},
    "workbook": {"path": Path("tests.xlsx")},
}
_STEPS = {WARNING: "warning", BREACH: "breach"}


@dataclass(frozen=True, slots=True)
class Said:
    """One promise of a comment: to which role (`owner` for the owner), by which rule, and the comment's text.

    `stage` is `warning`, `breach` or `reminder`; empty for a hand-over, and for what is told only once.
    """

    promise: PromiseName
    stage: str
    role: str
    because: Because
    text: str

    def __str__(self) -> str:
        """As a test writes it: `update breach to owner`."""
        return " ".join(filter(None, (self.promise, self.stage, "to", self.role)))


@dataclass(frozen=True, slots=True)
class Scene:
    """What stands at a moment, and what was done since the one before: `said`, and `written` in words."""

    at: datetime
    judged: Judgement
    labels: frozenset[str]
    due: date | None
    said: tuple[Said, ...]
    written: tuple[str, ...]
    role: str


@dataclass(frozen=True, slots=True)
class Moment:
    """What one pass thought of a ticket, and what it said there."""

    judged: Judgement
    said: tuple[Said, ...]


class Stage:
    """A policy and one kind of source, made ready once for any number of tests."""

    def __init__(self, policy: Policy, setting: Setting) -> None:
        self.policy = policy
        self.zone = ZoneInfo(setting.zone or policy.calendars[policy.escalation.calendar].zone)
        self._prefixes = policy.mappings[setting.file].labels.prefixes
        self._circles = frozenset(Audience[circle.upper()] for circle in setting.comments)
        with Store.in_memory() as store:
            nothing = Past(SOURCE, (), _CASES_AT, brings_in=("mention", "watch", "assign"))
            self._ready = prepared(_settings(setting, self.zone.key), policy, store, {SOURCE: nothing})
        self.judge = self._ready.judge

    # --- a case ------------------------------------------------------------------------------------------------

    def looked_at(self, case: Case) -> Judgement:
        """What is thought of a ticket that has just come in."""
        ticket = self._blank("CASE", _CASES_AT)
        ticket = replace(
            ticket,
            title=case.title,
            text=case.text,
            kind=case.kind,
            client=case.client,
            labels=frozenset(case.labels),
            fields=case.fields,
        )
        return self.judge.judge(ticket, NO_FACTS, _CASES_AT)

    # --- a test ------------------------------------------------------------------------------------------------

    def played(self, scenario: Scenario, moments: list[Moment]) -> Iterator[Scene]:
        """A scene for each expectation, in the order of the file; what each pass thought is added to `moments`."""
        opened = in_zone(scenario.ticket.opened, self.zone)
        own = self._ticket(scenario.ticket, "TEST", scenario.ticket.client, scenario.then)
        others = [
            self._ticket(told, f"OTHER-{number}", told.client or scenario.ticket.client, told.then)
            for number, told in enumerate(scenario.other, 1)
        ]
        ends = [end.astimezone(self.zone) for end in self._ends(scenario.expect, opened)]
        began = min(ticket.created for ticket in (own, *others))
        past = Past(SOURCE, [own, *others], began, prefixes=self._prefixes)
        with Store.in_memory() as store:
            [served] = self._ready.sources
            sources = (replace(served, tracker=past),)
            working = replace(self._ready, sources=sources, store=store, clock=lambda: past.now)
            yield from _scenes(working, past, own.id, ends, moments)

    def _ends(self, expected: Sequence[Expectation], opened: datetime) -> list[datetime]:
        ends, before = [], opened
        for each in expected:
            before = each.at.instant(opened, before, self.zone)
            ends.append(before)
        return ends

    def _blank(self, key: str, opened: datetime) -> Ticket:
        told = ("", "", "", Status.OPEN, opened, opened, "")
        return Ticket(SOURCE, SOURCE, key, key, *told, reporter=_CLIENT, audiences=self._circles)

    def _ticket(self, told: Told, key: str, client: str | None, then: Sequence[Happening]) -> Ticket:
        opened = in_zone(told.opened, self.zone)
        ticket = replace(
            self._blank(key, opened),
            title=told.title,
            text=told.text,
            status=Status(told.status),
            reported=in_zone(told.reported, self.zone) if told.reported else None,
            client=client,
            engagement=told.engagement,
            kind=told.kind,
            assignee=_person(told.owner) if told.owner else None,
            labels=frozenset(told.labels),
            due=_due(told.due),
            fields=told.fields,
        )
        at = opened
        for number, happening in enumerate(then, 1):
            at = happening.at.instant(opened, at, self.zone)
            ticket = _happened(ticket, happening, f"{key}.{number}", at)
        return ticket


def _settings(setting: Setting, zone: str) -> Settings:
    said = setting.model_dump(include={"tracker", "readers", "due", "language", "calendar"})
    source = {**said, **_PLACES[setting.tracker], "name": SOURCE, "mapping": setting.file, "zone": zone}
    return Settings.model_validate({"source": [source]})


def _scenes(
    working: Program, past: Past, ticket: str, ends: Sequence[datetime], moments: list[Moment]
) -> Iterator[Scene]:
    """A scene at each of the ends, oldest first."""
    passes = lived(working, {SOURCE: past}, ends[-1], _EVERY)
    coming = next(passes, None)
    judged: Judgement | None = None
    standing: tuple[Ticket, ...] = ()
    failed: list[str] = []
    role = ""
    for end in ends:
        said: list[Said] = []
        written: list[str] = []
        while coming and coming.at <= end:
            [sight] = coming.sights
            moments += _moments(sight)
            failed += [each.why for each in sight.plan.failed] + ([str(sight.error)] if sight.error else [])
            judged = next((each for each in sight.judged if each.ticket.id == ticket), judged)
            for plan in sight.plan.tickets:
                if plan.ticket.id == ticket:
                    said += _said(plan)
                    written += _written(plan)
            for page in past.fetch([ticket]):
                standing = page.tickets or standing
            coming = next(passes, None)
        role = said[-1].role if said else role
        if judged is None:
            raise MakegoodError(f"the ticket cannot be judged: {'; '.join(failed) or 'it was not seen'}")
        [stands] = standing
        yield Scene(end, judged, stands.labels, stands.due, tuple(said), tuple(written), role)


def _moments(sight: Sight) -> Iterator[Moment]:
    plans = {plan.ticket.id: plan for plan in sight.plan.tickets}
    for judged in sight.judged:
        plan = plans.get(judged.ticket.id)
        yield Moment(judged, tuple(_said(plan)) if plan else ())


def _said(plan: TicketPlan) -> Iterator[Said]:
    sayings = {saying.obligation: saying for saying in plan.judged.sayings}
    for action in plan.actions:
        if isinstance(action, AddComment):
            text = plain(action.body)
            for owed in action.obligations:
                saying = sayings.get(owed)
                role, because = (saying.role, saying.because) if saying else ("", action.because)
                yield Said(owed.promise, _stage(owed, saying), role or OWNER, because, text)


def _stage(owed: Obligation, saying: Saying | None) -> str:
    once = saying is not None and saying.clock.state == "notice"
    if once or (owed.promise == "escalation" and owed.step == WARNING):
        return ""
    return _STEPS.get(owed.step, "reminder")


def _written(plan: TicketPlan) -> Iterator[str]:
    """Everything that was written on a ticket, in words."""
    for action in plan.actions:
        match action:
            case AddLabel(label=label):
                yield f"label {label}"
            case RemoveLabel(label=label):
                yield f"label {label} taken off"
            case SetDue(due=due):
                yield f"due {due or NO_DATE}"
            case AddComment():
                yield "a comment"
            case _:
                yield type(action).__name__


def _happened(ticket: Ticket, told: Happening, number: str, at: datetime) -> Ticket:
    """The ticket once somebody has done this, with what it was before in its history."""
    who = _person(told.by)
    before = _standing(replace(ticket, labels=ticket.labels | {*told.unlabel}))
    labels = (ticket.labels | {*told.label}) - {*told.unlabel}
    owner = ticket.assignee if told.owner is None else _person(told.owner) if told.owner else None
    due = ticket.due if told.due is None else _due(told.due)
    ticket = replace(
        ticket,
        status=Status(told.status) if told.status else ticket.status,
        labels=labels,
        assignee=owner,
        due=due,
        fields={**ticket.fields, **told.fields},
    )
    after = _standing(ticket)
    changes = tuple(
        Change(f"{number}.{field}", at, who, field, before.get(field, ""), value)
        for field, value in after.items()
        if before.get(field, "") != value
    )
    comments = ticket.comments
    if told.comment:
        circle = Audience.CLIENT if who.side == "client" else Audience[told.to.upper()]
        comments = (*comments, Comment(number, at, who, told.comment, circle))
    return replace(ticket, changes=ticket.changes + changes, comments=comments)


def _standing(ticket: Ticket) -> dict[str, str]:
    """What stands on the ticket, in the words of its history."""
    return {
        **ticket.fields,
        "status": ticket.status.value,
        "labels": " ".join(sorted(ticket.labels)),
        "assignee": ticket.assignee.name if ticket.assignee else "",
        "due": ticket.due.isoformat() if ticket.due else "",
    }


def _person(name: str) -> Person:
    return _SOMEBODY.get(name) or Person(name, name, "staff")


def _due(written: object) -> date | None:
    return written if isinstance(written, date) else None
