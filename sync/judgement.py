"""Ticket → what it is, what is owed on it, and what should therefore stand on it: pure, `now` is an argument."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sync import clocks, contact
from sync.action import Because
from sync.conditions import phrases_in
from sync.facts import Known
from sync.promises import TEXTS, Promises, Saying
from sync.severity import Rater, urgency
from sync.taxonomy import Classifier
from sync.ticket import Audience
from sync.words import Lexicon

if TYPE_CHECKING:
    from collections.abc import Mapping
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
    from sync.ticket import Ticket
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

    `labels` None: leave whatever is there (a ticket that is resolved or closed). `withheld` are labels and
    comments that its readers must not see, with the reason. `wake_at`: the next instant at which this can
    change though nobody touches the ticket.
    """

    ticket: Ticket
    now: datetime
    client: ClientModel | None
    classification: Classification
    rating: Rating
    clocks: tuple[Clock, ...] = ()
    labels: tuple[WantedLabel, ...] | None = None
    due: WantedDue | None = None
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
        return self.classifier(ticket).classify(ticket, self.scan(f"{ticket.title}\n{ticket.text}"))

    def known(self, ticket: Ticket, classification: Classification) -> Known:
        """The ticket as other tickets of its client see it."""
        record = self.policy.client(ticket.client) if ticket.client else None
        client = record.name if record else (ticket.client or "")
        opened = ticket.reported or ticket.created
        resolved = None if ticket.status.live else (ticket.resolved or ticket.updated)
        return Known(ticket.site, ticket.id, ticket.key, client, classification.category, opened, resolved)

    def judge(
        self, ticket: Ticket, facts: Facts, now: datetime, classification: Classification | None = None
    ) -> Judgement:
        """What is thought of the ticket at `now`, and what should stand on it."""
        classification = classification or self.classify(ticket)
        terms = self.terms[ticket.source]
        rating = self._raters[terms.mapping.labels.prefix].rate(ticket, classification, facts, self.scan)
        client = self.policy.client(ticket.client) if ticket.client else None
        judged = Judgement(ticket, now, client, classification, rating)
        return self._wanted(judged, terms) if ticket.status.live else judged

    def _wanted(self, judged: Judgement, terms: Terms) -> Judgement:
        cycle = contact.current_cycle(judged.ticket)
        contacted = [
            event
            for event in contact.contacts(judged.ticket, terms.mapping, terms.zone)
            if cycle.since <= event.at <= judged.now
        ]
        calendar = self.calendar(judged)
        promises = Promises(
            self.policy, judged.ticket, judged.rating, judged.client, judged.now, terms, cycle, contacted, calendar
        )
        wound = tuple(clock for clock in (promises.first_response(), promises.owned(), promises.update()) if clock)
        escalation = promises.escalation()
        level = promises.level((*wound, escalation))
        judged = replace(judged, clocks=(*wound, escalation), level=level, contacted=tuple(contacted))
        confidential = judged.classification.category in self.policy.taxonomy.confidential
        judged = replace(judged, audience=Audience.RESTRICTED if confidential else Audience.INTERNAL)
        judged = _with_labels(judged, terms, confidential=confidential)
        return replace(
            judged,
            due=_due(judged, terms, promises),
            sayings=tuple(promises.sayings(judged.clocks)),
            wake_at=min((clock.upcoming for clock in judged.clocks if clock.upcoming), default=None),
            urgency=_urgency(judged),
        )

    def calendar(self, judged: Judgement) -> Calendar:
        """The working hours that count for a ticket: its client's, its source's, or the default."""
        own = judged.client.calendar if judged.client else None
        terms = self.terms[judged.ticket.source]
        return self.policy.calendars[own or terms.calendar or self.policy.escalation.calendar]


def _with_labels(judged: Judgement, terms: Terms, *, confidential: bool) -> Judgement:
    """The labels that should stand, and those withheld because of who can read them."""
    prefix, category, rating = terms.mapping.labels.prefix, judged.classification.category, judged.rating
    withheld: dict[str, str] = {}
    labels = []
    if category == "unclassified":
        because = Because("taxonomy.toml", "no rule matches: a person should say what it is")
        labels.append(WantedLabel(prefix + "needs-triage", "triage", because))
    elif confidential and Audience.RESTRICTED not in judged.ticket.audiences:
        withheld[prefix + category] = f"{category} is confidential and this source cannot restrict its readers"
    elif not terms.staff_only:
        withheld[prefix + category] = 'clients may read this source; state readers = "staff" if they cannot'
    else:
        because = Because(f"taxonomy.toml: {judged.classification.rule}", judged.classification.why)
        labels.append(WantedLabel(prefix + category, f"category:{category}", because))
    because = Because(
        f"severity.toml: {rating.rule}", "; ".join([rating.why, *(r.evidence for r in rating.raises)])
    )
    labels.append(WantedLabel(prefix + rating.severity, f"severity:{rating.event}", because))
    if judged.level:
        because = Because(f"escalation.toml: {rating.severity}.escalation", "the role that is asked now")
        reason = f"level:{judged.clocks[-1].occasion}:{judged.level}"
        labels.append(WantedLabel(f"{prefix}level-{judged.level}", reason, because))
    broken = [clock for clock in judged.clocks if clock.live and clock.step >= clocks.BREACH]
    if broken:
        first = min(broken, key=lambda clock: (clock.due or judged.now, clock.promise))
        because = Because(first.rule, f"{TEXTS[first.promise]}, and it is late")
        labels.append(WantedLabel(prefix + "breach", f"breach:{first.promise}:{first.occasion}", because))
    return replace(judged, labels=tuple(labels), withheld=withheld)


def _due(judged: Judgement, terms: Terms, promises: Promises) -> WantedDue | None:
    """The day the due date field should show, by what the field means on this source."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    match terms.due:
        case "next_promise":
            running = [clock for clock in judged.clocks if clock.live and clock.due]
            clock = min(running, key=lambda clock: (clock.due, clock.promise), default=None)
            at, rule = (clock.due, clock.rule) if clock else (None, "")
            text = "the day of the next promise to run out"
        case "resolution":
            cell = promises.row.resolution
            dial = clocks.Dial(cell, promises.calendar, contact.pauses(judged.ticket)) if cell else None
            at = dial.after(promises.cycle.since) if dial else None
            rule, text = f"escalation.toml: {judged.rating.severity}.resolution", "the planned date"
        case "off":
            return None
    return WantedDue(at.astimezone(ZoneInfo(terms.zone)).date(), Because(rule, text)) if at else None


def _urgency(judged: Judgement) -> Urgency:
    ahead = [clock.due - judged.now for clock in judged.clocks if clock.live and clock.due]
    return urgency(
        judged.ticket,
        judged.rating,
        min(ahead, default=None),
        client_waits=contact.client_waits(judged.ticket, list(judged.contacted)),
        owned=judged.ticket.assignee is not None,
    )
