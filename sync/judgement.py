"""Ticket → what it is, what is owed on it, and what should therefore stand on it: pure, `now` is an argument."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never
from zoneinfo import ZoneInfo

from sync import contact
from sync.action import Because
from sync.clocks import BREACH
from sync.conditions import hear, phrases_in
from sync.facts import Known
from sync.memory import NOTHING, Memory
from sync.promises import TEXTS, Promises, Saying
from sync.severity import Rater, urgency
from sync.taxonomy import Classifier
from sync.ticket import Audience
from sync.words import Lexicon

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date, datetime

    from sync.clocks import Clock
    from sync.conditions import Hits
    from sync.contact import Event
    from sync.facts import Facts
    from sync.mapping.models import ClientModel
    from sync.mapping.policy import Policy
    from sync.promises import Terms
    from sync.severity import Rating, Urgency
    from sync.taxonomy import Classification
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
    audience: Audience = Audience.INTERNAL
    level: int = 0
    urgency: Urgency | None = None
    wake_at: datetime | None = None
    contacted: tuple[Event, ...] = ()
    withheld: Mapping[str, str] = field(default_factory=dict)


class Judge:
    """The mapping files, compiled once, and the sources' terms."""

    def __init__(self, policy: Policy, terms: Mapping[str, Terms]) -> None:
        self.policy = policy
        self.terms = terms
        taxonomy, severity = policy.taxonomy, policy.severity
        conditions = [rule.when for rule in taxonomy.rule] + [signal.when for signal in severity.signal]
        self._lexicon = Lexicon(phrases_in(conditions), taxonomy.negation)
        prefixes = {each.mapping.labels.prefix for each in terms.values()}
        self._classifiers = {prefix: Classifier(taxonomy, prefix) for prefix in prefixes}
        self._raters = {prefix: Rater(severity, prefix) for prefix in prefixes}

    def scan(self, text: str) -> Hits:
        """The phrases of the mapping that stand in a text, negated ones left out."""
        return self._lexicon.scan(text)

    def classifier(self, ticket: Ticket) -> Classifier:
        """The taxonomy as it applies to the ticket's source."""
        return self._classifiers[self.terms[ticket.source].mapping.labels.prefix]

    def classify(self, ticket: Ticket) -> Classification:
        """The ticket's category and the rule that chose it."""
        return self.classifier(ticket).classify(ticket, hear(ticket, self.scan))

    def known(self, ticket: Ticket, classification: Classification) -> Known:
        """The ticket as other tickets of its client see it."""
        record = self.policy.client(ticket.client) if ticket.client else None
        client = record.name if record else (ticket.client or "")
        opened, resolved = contact.opened(ticket), contact.resolved(ticket)
        return Known(ticket.site, ticket.id, ticket.key, client, classification.category, opened, resolved)

    def judge(
        self,
        ticket: Ticket,
        facts: Facts,
        now: datetime,
        classification: Classification | None = None,
        memory: Memory = NOTHING,
    ) -> Judgement:
        """What is thought of the ticket at `now`, and what should stand on it; `memory` tells who was asked."""
        classification = classification or self.classify(ticket)
        terms = self.terms[ticket.source]
        rating = self._raters[terms.mapping.labels.prefix].rate(ticket, classification, facts)
        client = self.policy.client(ticket.client) if ticket.client else None
        if not ticket.status.live:
            return Judgement(ticket, now, client, classification, rating)
        cycle = contact.current_cycle(ticket)
        told = contact.contacts(ticket, terms.mapping, terms.zone)
        promises = Promises(
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
        )
        dated: list[Event | Comment | Change] = [*told, *ticket.comments, *ticket.changes]
        return self._owed(
            classification, promises, min((each.at for each in dated if each.at > now), default=None)
        )

    def _owed(self, classification: Classification, promises: Promises, ahead: datetime | None) -> Judgement:
        """The judgement of a live ticket. `ahead`: when it next tells something, by a clock ahead of ours."""
        ticket, now, terms, clocks = promises.ticket, promises.now, promises.terms, promises.made()
        upcoming = [clock.upcoming for clock in clocks if clock.upcoming] + ([ahead] if ahead else [])
        level, due = promises.level(clocks), _due(promises, clocks)
        audience = self._audience(classification, terms)
        withheld = _withheld(classification, audience, promises)
        labels = _labels(classification, promises, clocks, level)
        left = [clock.due - now for clock in clocks if clock.live and clock.due]
        return Judgement(
            ticket,
            now,
            promises.client,
            classification,
            promises.rating,
            clocks=clocks,
            labels=tuple(want for want in labels if want.label not in withheld),
            due=due,
            undue=not due and terms.due != "off",
            sayings=tuple(promises.sayings(clocks)),
            audience=audience,
            level=level,
            urgency=urgency(
                ticket,
                promises.rating,
                min(left, default=None),
                client_waits=contact.client_waits(ticket, promises.contacted),
                reopened=promises.cycle.event != contact.CREATED,
            ),
            wake_at=min(upcoming, default=None),
            contacted=promises.contacted,
            withheld=withheld,
        )

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


def _withheld(classification: Classification, audience: Audience, promises: Promises) -> dict[str, str]:
    """The category's label, with the reason, where it would tell its readers too much."""
    category, terms = classification.category, promises.terms
    label = terms.mapping.labels.prefix + category
    if category == "unclassified":
        return {}
    if audience < Audience.INTERNAL and Audience.RESTRICTED not in promises.ticket.audiences:
        return {label: f"{category} is confidential and this source cannot restrict its readers"}
    if not terms.staff_only:
        return {label: 'clients may read this source; state readers = "staff" if they cannot'}
    return {}


def _labels(
    classification: Classification, promises: Promises, clocks: Iterable[Clock], level: int
) -> Iterator[WantedLabel]:
    """Every label that the ticket calls for."""
    prefix, rating = promises.terms.mapping.labels.prefix, promises.rating
    if classification.category == "unclassified":
        because = Because("taxonomy.toml", "no rule matches: a person should say what it is")
        yield WantedLabel(prefix + "needs-triage", "triage", because)
    else:
        because = Because(f"taxonomy.toml: {classification.rule}", classification.why)
        yield WantedLabel(prefix + classification.category, f"category:{classification.category}", because)
    why = "; ".join([rating.why, *(each.evidence for each in rating.raises)])
    because = Because(f"severity.toml: {rating.rule}", why)
    yield WantedLabel(prefix + rating.severity, f"severity:{rating.event}", because)
    if level:
        because = Because(f"escalation.toml: {rating.severity}.escalation", "the role that is asked now")
        occasion = next(clock.occasion for clock in clocks if clock.promise == "escalation")
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
