"""One comment out of all that is owed on a ticket: which sections it has, and the facts each is filled with."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync.action import Because, Obligation
from sync.judging.asking import Asked, Directory
from sync.judging.clocks import BREACH, WARNING
from sync.judging.contact import Event, Snooze
from sync.judging.duties import Silence
from sync.judging.evidence import NO_EVIDENCE, Pledge
from sync.judging.facts import Request
from sync.judging.messages import Question
from sync.judging.promises import TEXTS, Saying, Withheld
from sync.judging.scope import Choice, Share, Talk
from sync.judging.severity import Raise
from sync.legible import inert
from sync.mapping.practice import Planned
from sync.richtext import Paragraph, Span
from sync.saying.render import FOR_CLIENTS, Renderer
from sync.saying.sample import sample
from sync.saying.spoken import day, moment, percent, span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sync.judging.asking import Skipped
    from sync.judging.clocks import Clock
    from sync.judging.judgement import Judgement
    from sync.judging.promises import Terms
    from sync.mapping.client_models import ClientModel
    from sync.mapping.policy import Policy
    from sync.mapping.tracker_models import Proof
    from sync.richtext import Document
    from sync.ticket import Language


class Composer:
    """The templates of the mapping, and the language and zone in which each source's staff read."""

    def __init__(self, policy: Policy, terms: Mapping[str, Terms]) -> None:
        self._policy = policy
        self._terms = terms
        self._renderer = Renderer(policy.templates)

    def compose(self, judged: Judgement, sayings: Sequence[Saying]) -> Document:
        """The comment that says all of this at once: one section per obligation, and what comes next.

        A raise has none of its own beside the hand-over that it brought, which tells it.
        """
        return self._composed(judged, sayings, self.language(judged, client=sayings[0].to_client))

    def preview(self, judged: Judgement, kind: str, language: Language | None = None) -> Document:
        """One message of this kind as it would be said on the ticket, with sample values if it is not owed now."""
        spoken = language or self.language(judged, client=kind.startswith(FOR_CLIENTS))
        owed = (*judged.sayings, *(held.saying for held in judged.held))
        found = [saying for saying in owed if saying.obligation.promise == kind]
        if found:
            return self._composed(judged, found, spoken)
        variables = self._sample(judged, kind, spoken)
        return self._renderer.comment(spoken, [(kind, variables)], variables)

    def _sample(self, judged: Judgement, kind: str, language: Language) -> Mapping[str, object]:
        """What is known of the ticket, and else sample values; on a confidential one nothing of its people."""
        confidential, severity = self._confidential(judged), judged.rating.severity
        zone = self._zone(judged, client=kind.startswith(FOR_CLIENTS))
        own = judged.rating.withdrawn if kind == "withdrawn" else judged.rating.raises if kind == "raised" else ()
        raises = [_raised(each, language) for each in judged.rating.raises]
        to = self._to(judged, kind)
        variables = {
            **sample(kind, severity, judged.now, language, zone),
            **(_raised(own[-1], language) if own else {}),
            **self._about_ticket(judged, language),
            "role": to.role,
            "person": to.person,
            "raises": [_discreet(each) for each in raises] if confidential else raises,
            "skipped": [_skipped(each, language) for each in to.skipped],
            "facts": _facts(judged, language, zone),
            "scope": judged.engagement.scope or "" if judged.engagement else "",
            "proof": self._proof(judged, kind),
        }
        return self._discreetly(variables, language) if confidential else variables

    def _to(self, judged: Judgement, kind: str) -> Asked:
        """Whom a message that is not owed would ask: the owner, or the role that the severity calls for."""
        ticket, terms = judged.ticket, self._terms[judged.ticket.source]
        if kind != "escalation":
            return Asked("", ticket.assignee.name if ticket.assignee else "")
        today = judged.now.astimezone(ZoneInfo(terms.zone)).date()
        directory = Directory(self._policy, judged.client, judged.engagement, ticket.source, terms.tracker, today)
        return directory.first_there([self._policy.escalation.row(judged.rating.severity).escalation.to])

    def _discreetly(self, variables: Mapping[str, object], language: Language) -> Mapping[str, object]:
        """The variables as a confidential ticket's comment may show them, with a word for whoever is asked."""
        named = variables["role"] and variables["person"]
        return _discreet(variables) | {
            "person": self._renderer.name(language, "asked", "unnamed") if named else ""
        }

    def follow_up(self, judged: Judgement, clock: Clock) -> tuple[str, Document]:
        """The title and the text of an issue of its own for one of the ticket's promises."""
        language = self.language(judged, client=False)
        to = Asked("", judged.ticket.assignee.name if judged.ticket.assignee else "")
        because = Because(clock.rule, TEXTS[clock.promise])
        saying = Saying(Obligation(clock.promise, clock.occasion, 0), clock, clock.started, because, to)
        body = self._composed(judged, [saying], language)
        return f"{judged.ticket.key}: {self._renderer.name(language, 'promises', clock.promise)}", body

    def language(self, judged: Judgement, *, client: bool) -> Language:
        """The language of a comment: the engagement's, the client's, or the source's."""
        records = [record for record in (judged.engagement, judged.client) if record]
        own = [record.language if client else record.comments for record in records]
        return next((language for language in own if language), self._terms[judged.ticket.source].language)

    def _zone(self, judged: Judgement, *, client: bool) -> str:
        """The zone in which the reader lives."""
        return (judged.client.zone if judged.client and client else None) or self._terms[judged.ticket.source].zone

    def _composed(self, judged: Judgement, sayings: Sequence[Saying], language: Language) -> Document:
        terms = self._terms[judged.ticket.source]
        zone = self._zone(judged, client=sayings[0].to_client)
        kinds = {saying.obligation.promise for saying in sayings}
        told = [each for each in sayings if each.obligation.promise != "raised" or "escalation" not in kinds]
        sections = [(each.obligation.promise, self._variables(judged, each, language, zone)) for each in told]
        upcoming = min((clock.upcoming for clock in judged.clocks if clock.upcoming), default=None)
        passed = dict.fromkeys(each for saying in sayings for each in saying.to.skipped)
        footer = dict(sections[0][1]) | {
            "rule": "; ".join(dict.fromkeys(saying.because.rule for saying in sayings)),
            "next_step_due": moment(upcoming, language, zone) if upcoming else "",
            "skipped": [] if self._confidential(judged) else [_skipped(each, language) for each in passed],
        }
        body = self._renderer.comment(language, sections, footer)
        return (*self._mentioned(judged, sayings, terms), *body)

    def _mentioned(self, judged: Judgement, sayings: Sequence[Saying], terms: Terms) -> Document:
        """Those who are asked, by name, where the mapping brings people in so; nobody on a confidential ticket."""
        if "mention" not in terms.mapping.people.bring_in or self._confidential(judged):
            return ()
        asked = {saying.to.id: saying.to.person for saying in sayings if saying.to.id and not saying.to_client}
        spans = [Span(inert(name), person=number) for number, name in asked.items()]
        apart = [part for each in spans for part in (each, Span(" "))][:-1]
        return (Paragraph(tuple(apart)),) if apart else ()

    def _confidential(self, judged: Judgement) -> bool:
        return judged.classification.category in self._policy.taxonomy.confidential

    def _about_ticket(self, judged: Judgement, language: Language) -> dict[str, object]:
        """What is known of the ticket itself; of a confidential one neither title nor fields."""
        ticket, given = judged.ticket, judged.rating.given
        confidential = self._confidential(judged)
        client = judged.client.name if judged.client else "" if confidential else ticket.client or ""
        engagement = (
            judged.engagement.name if judged.engagement else "" if confidential else ticket.engagement or ""
        )
        return {
            "ticket": {
                "key": ticket.key,
                "title": "" if confidential else ticket.title,
                "client": client,
                "engagement": engagement,
                "status_name": str(ticket.status),
            },
            "fields": {} if confidential else dict(ticket.fields),
            "severity": judged.rating.severity,
            "category": judged.classification.category,
            "subtype": judged.classification.subtype,
            "why_kind": given.source if given else "default",
            "why_value": given.value if given else "",
            "handling": self._policy.taxonomy.handling.get(judged.classification.category, ""),
            **_on_their_side(judged.client),
            "note": " ".join(filter(None, (pull.trigger.note_in(language) for pull in judged.rating.pulls))),
        }

    def _variables(self, judged: Judgement, saying: Saying, language: Language, zone: str) -> Mapping[str, object]:
        clock, confidential = saying.clock, self._confidential(judged)
        late = judged.now - clock.due if clock.due and clock.due <= judged.now else None
        escalated = clock.promise == "escalation"
        due = clock.upcoming if escalated and late and not saying.asked else clock.due
        raises = [_raised(each, language) for each in judged.rating.raises]
        told, received = _told(saying, language, zone), saying.obligation.promise == "client_received"
        variables = {
            **self._about_ticket(judged, language),
            "step": saying.asked + 1 if escalated else clock.step,
            "overdue": clock.step >= BREACH,
            "warning": clock.step == WARNING and not escalated,
            "promise_due": moment(due, language, zone) if due else "",
            "late_by": span(late, language) if late else "",
            "next_step_due": moment(clock.upcoming, language, zone) if clock.upcoming else "",
            "role": saying.role,
            "person": saying.person,
            "skipped": [_skipped(each, language) for each in saying.to.skipped],
            "rule": saying.because.rule,
            "acknowledged": saying.because.rule == "promises.toml: acknowledged",
            "care": saying.because.rule.startswith("promises.toml: heightened_care"),
            "raises": [_discreet(each) for each in raises] if confidential else raises,
            "facts": _facts(judged, language, zone),
            "next_update": _next_update(judged, language, zone) or (told["promise_due"] if received else ""),
            "proof": self._proof(judged, saying.obligation.promise),
            **told,
        }
        return self._discreetly(variables, language) if confidential else variables

    def _proof(self, judged: Judgement, kind: str) -> Mapping[str, Sequence[str]]:
        """What the mapping takes as proof that the promise was kept."""
        name = _PROOFS.get(kind, kind)
        mapping = self._terms[judged.ticket.source].mapping
        evidence = next((found for kind, found in mapping.evidence.items() if kind == name), NO_EVIDENCE)
        columns = mapping.fields.mapped()
        return {
            "words": evidence.words,
            "fields": [columns[field] for field in evidence.fields if field in columns],
            "labels": evidence.labels[:1],
            "statuses": evidence.statuses[:1],
        }


_PROOFS: Mapping[str, Proof] = {
    "scope_choice": "decided",
    "scope_consent": "consent",
    "scope_talk": "talk",
    "scope_agreement": "agreement",
    "realign": "realigned",
}
"""What proves a promise that is not called after its evidence."""


_PEOPLES = frozenset(
    {"person", "skipped", "taken_by", "facts", "why", "why_kind", "why_value", "channel", "milestone", "scope"}
    | {"sponsor", "daily_contact", "promised"}
)
"""Variables that name people, or hold what people wrote."""


def _on_their_side(client: ClientModel | None) -> dict[str, object]:
    """How the client is reached, by whom, and what they were promised before signing."""
    return {
        "channel": (client.channel if client else "") or "",
        "sponsor": (client.sponsor if client else "") or "",
        "daily_contact": (client.daily_contact if client else "") or "",
        "promised": list(client.promised) if client else [],
    }


def _discreet(variables: Mapping[str, object]) -> dict[str, object]:
    """The variables as a confidential ticket's comment may show them; that evidence is left out is to be seen."""
    shown = {name: value for name, value in variables.items() if name not in _PEOPLES}
    return shown | ({"why": "[…]"} if variables.get("why") else {})


def _told(  # noqa: C901, PLR0911, PLR0912 - one line for each thing that a message can be about
    saying: Saying, language: Language, zone: str
) -> Mapping[str, object]:
    """What the message's own subject adds."""
    match saying.clock.about:
        case Raise() as raising:
            return _raised(raising, language)
        case Snooze(_, _, who, until):
            return {"taken_by": who, "until": moment(until, language, zone)}
        case Event() as event if saying.obligation.promise == "taken":
            return {"taken_by": event.who}
        case Event() as event if saying.obligation.promise == "update":
            return {"chased": event.at <= saying.since}
        case Event() as event:
            return {"since": moment(event.at, language, zone), "milestone": event.what}
        case Pledge() as pledge:
            before = day(pledge.before, language) if pledge.before else ""
            return {"planned": day(pledge.day, language), "planned_before": before, "moved": True}
        case datetime() | None:
            return {}
        case date() as passed:
            return {"planned": day(passed, language), "moved": False}
        case bool() as in_writing:
            return {"in_writing": in_writing}
        case Planned(buffer=buffer):
            return {"work_days": _WORK, "promised_days": round(_WORK * buffer)}
        case Question(by, choice):
            return {"promise_due": moment(by, language, zone) if by else "", **_of_scope(choice, language, zone)}
        case Withheld(reason, text):
            return {"reason": reason, "text": text}
        case (str() as promise, datetime() as due):
            return {"promise": promise, "promise_due": moment(due, language, zone)}
        case _:
            return _of_scope(saying.clock.about, language, zone)


_WORK = 3  # days of the example by which a buffer is explained


def _of_scope(about: object, language: Language, zone: str) -> Mapping[str, object]:
    match about:
        case Choice(request, limit, scope):
            effort = "" if request.minutes is None else request.minutes
            return {"minutes": effort, "limit_minutes": limit or "", "scope": scope}
        case Talk(number, window, announce):
            return {"number": number, "window": span(window, language), "announce": announce}
        case Share(figure, limit):
            return {"figure": percent(figure, language), "limit": percent(limit, language)}
        case Request() as request:
            effort = "" if request.minutes is None else request.minutes
            return {"decision": request.decision, "minutes": effort}
        case Silence(window, since):
            return {"window": span(window, language), "since": moment(since, language, zone)}
        case _:
            return {}


def _raised(raising: Raise, language: Language) -> Mapping[str, object]:
    grounds = raising.pull.grounds
    return {
        "before": raising.before,
        "after": raising.after,
        "trigger": grounds.kind,
        "number": grounds.number,
        "window": span(grounds.window, language) if grounds.window else "",
        "keys": list(grounds.keys),
        "figure": "" if grounds.figure is None else f"{grounds.figure:g}",
        "limit": "" if grounds.limit is None else f"{grounds.limit:g}",
        "why": grounds.quoted,
    }


def _skipped(skipped: Skipped, language: Language) -> Mapping[str, str]:
    absence = skipped.absence
    until = day(absence.until, language) if absence.until else ""
    return {"person": skipped.person, "role": skipped.role, "kind": absence.kind, "until": until}


def _next_update(judged: Judgement, language: Language, zone: str) -> str:
    """When the client hears from us next: the earliest promise of word to them."""
    due = [
        clock.due
        for clock in judged.clocks
        if clock.promise in ("first_response", "update", "solution_told", "verified") and clock.live and clock.due
    ]
    ahead = [at for at in due if at > judged.now]
    return moment(min(ahead), language, zone) if ahead else ""


def _facts(judged: Judgement, language: Language, zone: str) -> Mapping[str, str]:
    """The six facts of a hand-over, from mapped fields or the ticket's history; an empty one is asked for."""
    ticket, fields = judged.ticket, judged.ticket.fields
    told = moment(judged.contacted[-1].at, language, zone) if judged.contacted else ""
    return {
        "happened": ticket.title,
        "discovered": fields.get("discovered") or moment(ticket.reported or ticket.created, language, zone),
        "affected": fields.get("affected") or " · ".join(filter(None, (ticket.client, ticket.engagement))),
        "done_at_once": fields.get("done_at_once", ""),
        "client_told": fields.get("client_told") or told,
        "next_step": fields.get("next_step", ""),
    }
