"""Ticket → what it is, what is owed on it, and what should therefore stand on it: pure, `now` is an argument."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, assert_never
from zoneinfo import ZoneInfo

from sync.action import Because
from sync.judging import contact, duties, history, messages, routine, scope, signs
from sync.judging.attention import sorted_out
from sync.judging.clocks import BREACH
from sync.judging.conditions import by_any_name, conditions_of, hear, phrases_in
from sync.judging.facts import Known
from sync.judging.memory import NOTHING, Memory
from sync.judging.opting_out import opted_out
from sync.judging.promises import TEXTS, Promises, Saying
from sync.judging.severity import Rater, urgency
from sync.judging.taxonomy import Classifier
from sync.ticket import Audience
from sync.words import Lexicon

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from sync.judging.attention import Held
    from sync.judging.clocks import Clock
    from sync.judging.conditions import Hits
    from sync.judging.contact import Event
    from sync.judging.facts import Facts, Suggestion
    from sync.judging.opting_out import OptOut
    from sync.judging.promises import Terms
    from sync.judging.severity import Rating, Urgency
    from sync.judging.signs import EarlyWarning
    from sync.judging.taxonomy import Classification
    from sync.mapping.client_models import ClientModel, EngagementModel
    from sync.mapping.policy import Policy
    from sync.ticket import Change, Comment, Ticket
    from sync.worktime import Calendar


@dataclass(frozen=True, slots=True)
class WantedLabel:
    """A label that should stand on the ticket. A person's removal of it lasts while `reason` stays the same."""

    label: str
    reason: str
    because: Because


@dataclass(frozen=True, slots=True)
class WantedDue:
    """The day that the due date field should show."""

    day: date
    because: Because


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that is thought of one ticket at `now`.

    `labels` None: leave whatever is there (a ticket that is resolved or closed). `undue`: nothing runs out, so a
    date that makegood wrote is to go. `withheld` are labels that its readers must not see, with the reason.
    `wake_at`: the next instant at which this can change though nobody touches the ticket.
    `home`: the ticket stands for an engagement, and is no issue itself. `opted_out`: nothing is to be written.
    """

    ticket: Ticket
    now: datetime
    client: ClientModel | None
    classification: Classification
    rating: Rating
    clocks: tuple[Clock, ...] = ()
    labels: tuple[WantedLabel, ...] | None = None
    due: WantedDue | None = None
    undue: bool = False
    sayings: tuple[Saying, ...] = ()
    held: tuple[Held, ...] = ()
    audience: Audience = Audience.INTERNAL
    level: int = 0
    urgency: Urgency | None = None
    wake_at: datetime | None = None
    contacted: tuple[Event, ...] = ()
    withheld: Mapping[str, str] = field(default_factory=dict)
    engagement: EngagementModel | None = None
    approved: bool = False
    warnings: tuple[EarlyWarning, ...] = ()
    home: bool = False
    opted_out: OptOut | None = None


class Judge:
    """The mapping files, compiled once, and the sources' terms."""

    def __init__(self, policy: Policy, terms: Mapping[str, Terms]) -> None:
        self.policy = policy = by_any_name(policy)
        self.terms = terms
        taxonomy, severity, conditions = policy.taxonomy, policy.severity, conditions_of(policy)
        self._lexicon = Lexicon(phrases_in(conditions), taxonomy.negation)
        self._flags = frozenset(flag.label for flag in policy.practice.signs.flag)
        prefixes = {each.mapping.labels.prefixes for each in terms.values()}
        self._classifiers = {each: Classifier(taxonomy, *each) for each in prefixes}
        self._raters = {each: Rater(severity, *each) for each in prefixes}

    def scan(self, text: str) -> Hits:
        """The phrases of the mapping that stand in a text, negated ones left out."""
        return self._lexicon.scan(text)

    def classifier(self, ticket: Ticket) -> Classifier:
        """The taxonomy as it applies to the ticket's source."""
        return self._classifiers[self.terms[ticket.source].mapping.labels.prefixes]

    def classify(self, ticket: Ticket) -> Classification:
        """The ticket's category and the rule that chose it."""
        return self.classifier(ticket).classify(ticket, hear(ticket, self.scan))

    def known(
        self, ticket: Ticket, classification: Classification, now: datetime, memory: Memory = NOTHING
    ) -> Known:
        """The ticket as other tickets of its client see it at `now`."""
        terms = self.terms[ticket.source]
        record = self.policy.client(ticket.client) if ticket.client else None
        rater = self._raters[terms.mapping.labels.prefixes]
        told = history.told(ticket, self.policy, terms, now, memory)
        engagement = self._engagement(ticket, record)
        return Known(
            ticket.site,
            ticket.id,
            ticket.key,
            record.name if record else (ticket.client or ""),
            classification.category,
            contact.opened(ticket),
            contact.resolved(ticket),
            replace(
                told,
                severity=rater.own(ticket, classification),
                engagement=engagement.name if engagement else ticket.engagement or "",
                request=told.request if classification.category == "scope" else None,
                home=routine.is_home(ticket, terms.mapping),
            ),
            history.habits(ticket, terms, self._flags),
            history.record(ticket),
        )

    def _engagement(self, ticket: Ticket, client: ClientModel | None) -> EngagementModel | None:
        return self.policy.engagement(client, ticket.engagement) if client and ticket.engagement else None

    def judge(  # noqa: PLR0913, PLR0917 - a ticket, and what else is known when it is judged
        self,
        ticket: Ticket,
        facts: Facts,
        now: datetime,
        classification: Classification | None = None,
        memory: Memory = NOTHING,
        suggestion: Suggestion | None = None,
    ) -> Judgement:
        """What is thought of the ticket at `now`, and what should stand on it; `memory` tells who was asked."""
        classification = classification or self.classify(ticket)
        case = self._case(ticket, facts, now, classification, memory)
        terms = case.terms
        if routine.is_home(ticket, terms.mapping):
            made = tuple(routine.made(case)) if ticket.status.live else ()
            return self._owed(classification, case, made, home=True)
        over = contact.ended(ticket)
        if over:
            made = (*duties.afterwards(case, over), *scope.made(case), *messages.afterwards(case, over))
            return self._owed(classification, case, made)
        matrix = case.made()
        asked = (*matrix, *duties.living(case, matrix), *scope.made(case))
        made = (*asked, *messages.living(case), *case.heard(asked))
        return self._owed(classification, case, made, suggestion=suggestion)

    def _case(
        self, ticket: Ticket, facts: Facts, now: datetime, classification: Classification, memory: Memory
    ) -> Promises:
        terms = self.terms[ticket.source]
        client = self.policy.client(ticket.client) if ticket.client else None
        rating = self._raters[terms.mapping.labels.prefixes].rate(ticket, classification, facts, now, client)
        cycle = contact.current_cycle(ticket)
        told = contact.contacts(ticket, terms.mapping, terms.zone)
        return Promises(
            policy=self.policy,
            ticket=ticket,
            rating=rating,
            client=client,
            now=now,
            terms=terms,
            cycle=cycle,
            contacted=tuple(event for event in told if cycle.since <= event.at <= now),
            acknowledged=tuple(e for e in contact.acknowledged(ticket, terms.mapping) if e.at <= now),
            pauses=contact.pauses(ticket),
            calendar=self._calendar(client, terms),
            memory=memory,
            facts=facts,
            category=classification.category,
            engagement=self._engagement(ticket, client),
            ahead=min((event.at for event in told if event.at > now), default=None),
        )

    def _owed(
        self,
        classification: Classification,
        case: Promises,
        made: tuple[Clock, ...],
        *,
        home: bool = False,
        suggestion: Suggestion | None = None,
    ) -> Judgement:
        """The judgement of a ticket on which these promises are made. `home`: it stands for an engagement."""
        ticket, now, terms, live = case.ticket, case.now, case.terms, case.ticket.status.live
        said, held = sorted_out(case, case.sayings(made))
        news = [each for each in held if _is_news(case, each)]
        waiting = [each.saying.clock for each in news]
        level, due = (case.level(made, waiting), _due(case, made)) if live else (0, None)
        audience = self._audience(classification, terms)
        withheld = _withheld(classification, audience, case) if live and not home else {}
        warnings = self._warnings(case)
        labels: list[WantedLabel] = []
        if not home and not (_exposed(audience, case) and terms.staff_only):
            labels += _labels(classification, case, made, level, suggestion)
            labels += _warning_label(self.policy, warnings, case)
        left = [clock.due - now for clock in made if clock.live and clock.due]
        return Judgement(
            ticket,
            now,
            case.client,
            classification,
            case.rating,
            clocks=made,
            labels=tuple(want for want in labels if want.label not in withheld) if live else None,
            due=due,
            undue=live and not due and terms.due != "off",
            sayings=tuple(said),
            held=tuple(held),
            audience=audience,
            level=level,
            urgency=urgency(
                ticket,
                case.rating,
                min(left, default=None),
                client_waits=contact.client_waits(ticket, case.contacted),
                reopened=case.cycle.event != contact.CREATED,
            ),
            wake_at=_wake(case, made, news),
            contacted=case.contacted,
            withheld=withheld,
            engagement=case.engagement,
            approved=contact.approved(ticket, terms.mapping),
            warnings=warnings,
            home=home,
            opted_out=opted_out(ticket, terms.mapping, case.client, case.engagement),
        )

    def _warnings(self, case: Promises) -> tuple[EarlyWarning, ...]:
        """The early warnings of the ticket's client, and the red flags on the ticket."""
        policy = self.policy.practice.signs
        return tuple(signs.warnings(policy, case.facts, case.client, case.now))

    def _audience(self, classification: Classification, terms: Terms) -> Audience:
        """Who may read comments on the ticket at most."""
        if classification.category not in self.policy.taxonomy.confidential:
            return Audience.INTERNAL
        return Audience.RESTRICTED if terms.staff_only else Audience.NONE

    def calendar(self, judged: Judgement) -> Calendar:
        """The working hours that count for a ticket: its client's, its source's, or the default."""
        return self._calendar(judged.client, self.terms[judged.ticket.source])

    def _calendar(self, client: ClientModel | None, terms: Terms) -> Calendar:
        own = client.calendar if client else None
        return self.policy.calendars[own or terms.calendar or self.policy.escalation.calendar]


def _is_news(case: Promises, wait: Held) -> bool:
    """Whether what is held back was not said before."""
    ticket, owed = case.ticket, wait.saying.obligation
    return case.memory.last_step(ticket.site, ticket.id, owed.promise, owed.occasion, owed.step) < owed.step


def _wake(case: Promises, made: Iterable[Clock], news: Iterable[Held]) -> datetime | None:
    """The next instant at which the judgement can change by itself."""
    ticket, now, memory = case.ticket, case.now, case.memory
    instants = [clock.upcoming for clock in made]
    instants += [case.rating.until, case.ahead, case.snoozed.until if case.snoozed else None]
    if ticket.status.live:
        instants.append(history.next_deadline(ticket, case.terms, now, memory))
    dated: list[Comment | Change] = [*ticket.comments, *ticket.changes]
    instants += [each.at for each in dated]
    instants += [wait.until for wait in news]
    return min((at for at in instants if at and at > now), default=None)


def _warning_label(policy: Policy, warnings: Sequence[EarlyWarning], case: Promises) -> Iterator[WantedLabel]:
    """The label of tickets whose client shows early warnings, where the team has asked for one."""
    name = policy.practice.signs.label
    if name and warnings and case.terms.staff_only:
        because = Because("signs.toml: label", "; ".join(each.sentence for each in warnings))
        told = ",".join(sorted(each.name for each in warnings))
        yield WantedLabel(case.terms.mapping.labels.prefix + name, f"signs:{told}", because)


def _exposed(audience: Audience, case: Promises) -> bool:
    """Whether the ticket is confidential and everybody who reads the source would read of it."""
    return audience < Audience.INTERNAL and Audience.RESTRICTED not in case.ticket.audiences


def _withheld(classification: Classification, audience: Audience, promises: Promises) -> dict[str, str]:
    """The category's label, with the reason, where it would tell its readers too much.

    Of an exposed ticket where all others show a category that is every label, for the lack of one would tell too.
    """
    category, terms = classification.category, promises.terms
    label = terms.mapping.labels.prefix + category
    if category == "unclassified":
        return {}
    if _exposed(audience, promises):
        alone = ", so it gets no label at all" if terms.staff_only else ""
        return {label: f"{category} is confidential and this source cannot restrict its readers{alone}"}
    if not terms.staff_only:
        return {label: 'clients may read this source; state readers = "staff" if they cannot'}
    return {}


def _labels(
    classification: Classification,
    promises: Promises,
    clocks: Iterable[Clock],
    level: int,
    suggestion: Suggestion | None,
) -> Iterator[WantedLabel]:
    """Every label that the ticket calls for."""
    prefix, rating = promises.terms.mapping.labels.prefix, promises.rating
    if classification.category == "unclassified":
        because = Because("taxonomy.toml", "no rule matches: a person should say what it is")
        yield WantedLabel(prefix + "needs-triage", "triage", because)
        confidential = promises.policy.taxonomy.confidential
        if suggestion and (promises.terms.staff_only and suggestion.category not in confidential):
            because = Because("config.toml: suggest", suggestion.reason)
            yield WantedLabel(
                f"{prefix}suggest-{suggestion.category}", f"suggested:{suggestion.category}", because
            )
    else:
        because = Because(f"taxonomy.toml: {classification.rule}", classification.why)
        yield WantedLabel(prefix + classification.category, f"category:{classification.category}", because)
    why = "; ".join([rating.why, *(each.evidence for each in rating.raises)])
    because = Because(f"severity.toml: {rating.rule}", why)
    yield WantedLabel(prefix + rating.severity, f"severity:{rating.event}", because)
    if level:
        because = Because(f"escalation.toml: {rating.severity}.escalation", "the role that is asked now")
        occasion = next((clock.occasion for clock in clocks if clock.promise == "escalation"), "")
        yield WantedLabel(f"{prefix}level-{level}", f"level:{occasion}:{level}", because)
    broken = [clock for clock in clocks if clock.live and clock.step >= BREACH]
    if broken:
        first = min(broken, key=lambda clock: (clock.due or promises.now, clock.promise))
        because = Because(first.rule, f"{TEXTS[first.promise]}, and it is late")
        yield WantedLabel(prefix + "breach", f"breach:{first.promise}:{first.occasion}", because)


def _due(promises: Promises, clocks: Iterable[Clock]) -> WantedDue | None:
    """The day the due date field should show, by what the field means on this source."""
    rule, text = f"escalation.toml: {promises.rating.severity}.resolution", "the planned date"
    match promises.terms.due:
        case "off":
            at = None
        case "resolution":
            at = promises.planned()
        case "next_promise":
            running = [clock for clock in clocks if clock.live and clock.due]
            clock = min(running, key=lambda clock: (clock.due, clock.promise), default=None)
            at, rule = (clock.due, clock.rule) if clock else (None, "")
            text = "the day of the next promise to run out"
        case _:
            assert_never(promises.terms.due)
    return WantedDue(at.astimezone(ZoneInfo(promises.terms.zone)).date(), Because(rule, text)) if at else None
