"""One comment out of all that is owed on a ticket: which sections it has, and the facts each is filled with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.clocks import BREACH, WARNING
from sync.render import Renderer
from sync.spoken import moment, span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sync.judgement import Judgement
    from sync.mapping.policy import Policy
    from sync.promises import Saying, Terms
    from sync.richtext import Document
    from sync.ticket import Language


class Composer:
    """The templates of the mapping, and the language and zone in which each source's staff read."""

    def __init__(self, policy: Policy, terms: Mapping[str, Terms]) -> None:
        self._handling = policy.taxonomy.handling
        self._terms = terms
        self._renderer = Renderer(policy.templates)

    def compose(self, judged: Judgement, sayings: Sequence[Saying]) -> Document:
        """The comment that says all of this at once: one section per obligation, and what comes next."""
        terms = self._terms[judged.ticket.source]
        sections = [
            (saying.obligation.promise, self._variables(judged, saying, terms.language, terms.zone))
            for saying in sayings
        ]
        upcoming = min((clock.upcoming for clock in judged.clocks if clock.upcoming), default=None)
        footer = dict(sections[0][1]) | {
            "rule": "; ".join(dict.fromkeys(saying.because.rule for saying in sayings)),
            "next_step_due": moment(upcoming, terms.language, terms.zone) if upcoming else "",
        }
        return self._renderer.comment(terms.language, sections, footer)

    def _variables(self, judged: Judgement, saying: Saying, language: Language, zone: str) -> Mapping[str, object]:
        ticket, clock = judged.ticket, saying.clock
        late = judged.now - clock.due if clock.due and clock.due <= judged.now else None
        escalated = clock.promise == "escalation"
        warning = clock.step == WARNING and not escalated
        due = clock.upcoming if escalated and late and not saying.asked else clock.due
        return {
            "ticket": {
                "key": ticket.key,
                "title": ticket.title,
                "client": judged.client.name if judged.client else ticket.client or "",
                "engagement": ticket.engagement or "",
                "status_name": str(ticket.status),
            },
            "severity": judged.rating.severity,
            "category": judged.classification.category,
            "subtype": judged.classification.subtype,
            "step": saying.asked + 1 if escalated else clock.step,
            "overdue": clock.step >= BREACH,
            "warning": warning,
            "promise_due": moment(due, language, zone) if due else "",
            "late_by": span(late, language) if late else "",
            "next_step_due": moment(clock.upcoming, language, zone) if clock.upcoming else "",
            "role": saying.role,
            "person": saying.person,
            "rule": saying.because.rule,
            "why": "; ".join([judged.rating.why, *(each.evidence for each in judged.rating.raises)]),
            "handling": self._handling.get(judged.classification.category, ""),
            "facts": _facts(judged, language, zone),
        }


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
