"""Everything that is thought of one ticket, and why: for people on a terminal, and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sync.explaining.clocks import ahead, clock_told, contact_by
from sync.explaining.decisions import decisions
from sync.explaining.fields import mapped
from sync.explaining.severity import asked, rater, silent
from sync.explaining.timeline import timeline
from sync.judging.conditions import phrases_in
from sync.judging.contact import time_in_status
from sync.judging.facts import NO_FACTS, fold
from sync.judging.signs import flags
from sync.ticket import Audience
from sync.words import Lexicon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sync.cycle import Sight
    from sync.explaining.fields import Written
    from sync.judging.facts import Facts
    from sync.judging.judgement import Judge, Judgement
    from sync.mapping.tracker_models import Mapping as TrackerMapping
    from sync.state.records import JournalEntry
    from sync.state.store import Store

    Told = Callable[[datetime | None], str | None]

GONE = (
    "it has left its source (moved elsewhere, archived or deleted), and that stands until it comes back: nothing "
    "is written on it till then, and what was said and decided stays known"
)
"""What is said of a ticket that no source shows any more."""
FOLLOW_UP = (
    "a follow-up that makegood made below another ticket: it is work for people and no client issue, so it is "
    "neither judged nor written on; what it was made for stands with that ticket"
)
"""What is said of a ticket that we made ourselves."""


def explained(  # noqa: PLR0913 - all that is known of one ticket
    judged: Judgement,
    sight: Sight,
    judge: Judge,
    spoken: Mapping[str, datetime] | None = None,
    journal: Sequence[JournalEntry] = (),
    *,
    facts: Facts = NO_FACTS,
    written: Written | None = None,
) -> dict[str, Any]:
    """All of it as JSON-able values; instants are ISO in the source's zone.

    `spoken` are the comments of ours that were written on the ticket, id → when, `journal` all that was. `facts`
    are what is known of the client's other tickets, and `written` is where the keys of the source's mapping stand.
    """
    ticket, terms = judged.ticket, sight.served.terms
    zone = ZoneInfo(terms.zone)
    told = partial(_at, zone=zone)
    plan = next(plan for plan in sight.drafts if plan.ticket.id == ticket.id)
    rules = judge.classifier(ticket).tried(ticket, judged.classification.heard)
    rating, calendar = rater(judge, judged), judge.calendar(judged)
    return {
        "schema": 1,
        "ticket": ticket.key,
        "title": ticket.title,
        "url": ticket.url,
        "source": ticket.source,
        "now": _at(judged.now, zone),
        "zone": terms.zone,
        "standing": list(_standing(judged, zone)),
        "fields": _fields(judged, zone),
        "mapped": mapped(judged, terms.mapping, written, told),
        "category": {
            "is": judged.classification.category,
            "subtype": judged.classification.subtype,
            "rule": judged.classification.rule,
            "why": judged.classification.why,
            "scores": dict(judged.classification.scores),
        },
        "rules": [asdict(tried) | {"missing": list(tried.missing)} for tried in rules],
        "denied": list(_denied(judged, judge)),
        "severity": {
            "is": judged.rating.severity,
            "rule": judged.rating.rule,
            "why": judged.rating.why,
            "since": _at(judged.rating.since, zone),
            "event": judged.rating.event,
            "asked": asked(judged, rating),
            "raises": [
                {"trigger": each.trigger, "from": each.before, "to": each.after, "evidence": each.evidence}
                for each in judged.rating.raises
            ],
            "withdrawn": [
                {"trigger": each.trigger, "from": each.before, "to": each.after, "evidence": each.evidence}
                for each in judged.rating.withdrawn
            ],
            "also": [
                {
                    "trigger": pull.trigger.name,
                    "evidence": pull.grounds.sentence,
                    "brings_in": pull.trigger.bring_in,
                    "note": pull.trigger.note_in("en"),
                }
                for pull in judged.rating.pulls
                if pull.trigger.bring_in or pull.trigger.note
            ],
            "silent": silent(judged, judge, rating, facts),
        },
        "context": _context(judged),
        "early_warnings": [
            {
                "name": warning.name,
                "figure": warning.figure,
                "recent": warning.recent,
                "baseline": warning.baseline,
                "tickets": list(warning.keys),
                "sentence": warning.sentence,
            }
            for warning in judged.warnings
        ],
        "red_flags": [
            {"label": flag.label, "means": flag.means} for flag in flags(ticket, judge.policy.practice.signs)
        ],
        "asked": [
            {
                "promise": saying.obligation.promise,
                "step": saying.obligation.step,
                "role": saying.role,
                "person": saying.person,
                "passed_over": [
                    {
                        "role": each.role,
                        "person": each.person,
                        "why": each.absence.kind,
                        "until": each.absence.until.isoformat() if each.absence.until else None,
                    }
                    for each in saying.to.skipped
                ],
            }
            for saying in judged.sayings
        ],
        "urgency": {
            "score": judged.urgency.score if judged.urgency else 0,
            "parts": dict(judged.urgency.parts) if judged.urgency else {},
        },
        "time_in_status": {
            str(status): _hours(spent) for status, spent in time_in_status(ticket, judged.now).items()
        },
        "calendar": {"name": calendar.name, "zone": calendar.zone},
        "clocks": [clock_told(clock, judged, calendar, terms, told) for clock in judged.clocks],
        "labels": [
            {"label": want.label, "rule": want.because.rule, "why": want.because.text}
            for want in judged.labels or ()
        ],
        "due": {"day": judged.due.day.isoformat(), "rule": judged.due.because.rule} if judged.due else None,
        "held_back": [{"what": each.what, "why": each.why} for each in plan.skipped],
        "decisions": [
            asdict(each) | {"since": _at(each.since, zone)}
            for each in decisions(plan, terms.mapping.labels, spoken or {}, journal)
        ],
        "next": _at(judged.wake_at, zone),
        "ahead": ahead(judged, told),
        "timeline": timeline(judged, terms.mapping, spoken or {}, journal, told),
        "would_change_it": list(_would_change(judged, terms.mapping)),
    }


def facts_of(judged: Judgement, sight: Sight, store: Store) -> Facts:
    """What judging the ticket could look at beside it: its client's tickets, as seen now or known from before."""
    ticket, known = judged.ticket, sight.seen.known if sight.seen else {}
    mine = known.get(ticket.id)
    if mine is None or not mine.client:
        return NO_FACTS
    listed = {(row.known.site, row.known.id): row.known for row in store.clients([mine.client])}
    listed |= {(each.site, each.id): each for each in known.values()}
    return fold(listed.values()).of(mine.client, ticket.site, ticket.id)


def _standing(judged: Judgement, zone: ZoneInfo) -> Iterator[str]:
    """What anybody should know before the rest: that nothing is written, or that something cannot be known."""
    ticket = judged.ticket
    if judged.opted_out:
        yield f"opted out by {judged.opted_out.by} {judged.opted_out.name}: nothing is written on it"
    if judged.home:
        yield "it stands for its engagement: it is no issue itself, and only contact at fixed intervals is watched"
    opened = ticket.reported or ticket.created
    if opened > judged.now:
        since = opened.astimezone(zone)
        yield f"it was opened only on {since:%Y-%m-%d %H:%M}, later than the moment that is looked at"
    if not ticket.status.live:
        yield f"it is {ticket.status}: what was promised for its life is over"
    if judged.audience < Audience.INTERNAL:
        yield "confidential: comments on it reach nobody but those who may know, and this page is not for others"
    if ticket.complete_since:
        complete = ticket.complete_since.astimezone(zone)
        yield f"its history is known from {complete:%Y-%m-%d %H:%M} on; what happened before that may be missing"
    yield from ticket.problems


def _denied(judged: Judgement, judge: Judge) -> Iterator[dict[str, str]]:
    """The taxonomy's phrases that stand in the ticket's words but are denied there, so that they do not count."""
    rules = judge.policy.taxonomy.rule
    heard = judged.classification.heard
    found = Lexicon(phrases_in(rule.when for rule in rules), {}).scan(
        f"{judged.ticket.title}\n{judged.ticket.text}"
    )
    denied = {key: hit for key, hit in found.items() if key not in heard.own}
    for rule in rules if denied else ():
        for key in phrases_in([rule.when]):
            if key in denied:
                yield {"rule": rule.name, "category": rule.category, "snippet": denied[key].snippet}
                break


def _context(judged: Judgement) -> dict[str, str]:
    """What is known of the client that bears on how the ticket is handled."""
    client, engagement = judged.client, judged.engagement
    told = {
        "client": client.name if client else "",
        "tier": (client.tier if client else "") or "",
        "since": str(client.since or "") if client else "",
        "value": (client.value if client else "") or "",
        "satisfaction": f"{client.satisfaction:g}" if client and client.satisfaction is not None else "",
        "channel": (client.channel if client else "") or "",
        "sponsor": (client.sponsor if client else "") or "",
        "daily contact": (client.daily_contact if client else "") or "",
        "promised": "; ".join(client.promised) if client else "",
        "engagement": engagement.name if engagement else "",
        "scope": (engagement.scope if engagement else "") or "",
    }
    return {name: value for name, value in told.items() if value}


def _hours(spent: timedelta) -> str:
    hours, minutes = divmod(spent // timedelta(minutes=1), 60)
    return f"{hours} h {minutes:02} min"


def _at(at: datetime | None, zone: ZoneInfo) -> str | None:
    return at.astimezone(zone).isoformat(timespec="minutes") if at else None


def _fields(judged: Judgement, zone: ZoneInfo) -> dict[str, str]:
    ticket = judged.ticket
    told = {
        "status": str(ticket.status),
        "kind": ticket.kind,
        "client": f"{ticket.client}{'' if judged.client else ' (not in clients.toml)'}"
        if ticket.client
        else "none",
        "engagement": ticket.engagement or "",
        "reported": _at(ticket.reported or ticket.created, zone) or "",
        "assignee": ticket.assignee.name if ticket.assignee else "nobody",
        "labels": " ".join(sorted(ticket.labels)),
        "due": str(ticket.due or ""),
    }
    return {
        name: value for name, value in (told | dict(ticket.fields) | {"client": told["client"]}).items() if value
    }


def _would_change(judged: Judgement, mapping: TrackerMapping) -> Iterator[str]:
    """What would make the answer another one, in plain words; what keeps each promise stands with its clock."""
    prefix = mapping.labels.prefix
    if judged.opted_out:
        yield f"{judged.opted_out.remedy}: then it is written on again"
    if not judged.ticket.status.live:
        yield "reopening the ticket starts a new cycle of promises"
        return
    live = {clock.promise for clock in judged.clocks if clock.live}
    ways = "; or ".join(contact_by(mapping))
    if "first_response" in live:
        yield f"contact with the client meets the first response: {ways}"
    if "update" in live:
        yield f"the next contact with the client starts the update clock anew: {ways}"
    done = " or ".join(f"“{name}”" for name in (*mapping.status.resolved[:1], *mapping.status.closed[:1]))
    if done and not judged.home:
        yield f"status {done} ends the promises of its life"
    if judged.home:
        return
    yield f"a person's label {prefix}critical, {prefix}high, {prefix}medium or {prefix}low decides the severity"
    yield f"a person's label {prefix}<category>, or the category field, decides the category"
    if mapping.labels.opt_out and not judged.opted_out:
        yield f"label {mapping.labels.opt_out} stops all writing on it"
