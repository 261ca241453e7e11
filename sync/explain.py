"""Everything that is thought of one ticket, and why: for people on a terminal, and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sync.contact import time_in_status
from sync.decisions import decisions
from sync.signs import flags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sync.clocks import Clock
    from sync.cycle import Sight
    from sync.judgement import Judge, Judgement
    from sync.mapping.models import Cell
    from sync.records import JournalEntry
    from sync.worktime import Calendar

    Stretch = tuple[datetime, datetime | None, str]

GONE = (
    "it has left its source (moved elsewhere, archived or deleted), and that stands until it comes back: nothing "
    "is written on it till then, and what was said and decided stays known"
)
"""What is said of a ticket that no source shows any more."""

MOST_INTERVALS = 6
"""Open stretches shown of one clock."""


def explained(
    judged: Judgement,
    sight: Sight,
    judge: Judge,
    spoken: Mapping[str, datetime] | None = None,
    journal: Sequence[JournalEntry] = (),
) -> dict[str, Any]:
    """All of it as JSON-able values; instants are ISO in the source's zone.

    `spoken` are the comments of ours that were written on the ticket, id → when, `journal` all that was.
    """
    ticket, terms = judged.ticket, sight.served.terms
    zone = ZoneInfo(terms.zone)
    plan = next(plan for plan in sight.drafts if plan.ticket.id == ticket.id)
    rules = judge.classifier(ticket).tried(ticket, judged.classification.heard)
    return {
        "schema": 1,
        "ticket": ticket.key,
        "title": ticket.title,
        "url": ticket.url,
        "source": ticket.source,
        "now": _at(judged.now, zone),
        "fields": _fields(judged, zone),
        "category": {
            "is": judged.classification.category,
            "subtype": judged.classification.subtype,
            "rule": judged.classification.rule,
            "why": judged.classification.why,
            "scores": dict(judged.classification.scores),
        },
        "rules": [asdict(tried) for tried in rules],
        "severity": {
            "is": judged.rating.severity,
            "rule": judged.rating.rule,
            "why": judged.rating.why,
            "since": _at(judged.rating.since, zone),
            "event": judged.rating.event,
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
        "clocks": [_clock(clock, judge.calendar(judged), judged.now, zone) for clock in judged.clocks],
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
        "would_change_it": list(_would_change(judged, terms.mapping.labels.prefix)),
    }


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


def _clock(clock: Clock, calendar: Calendar, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "promise": clock.promise,
        "rule": clock.rule,
        "state": clock.state,
        "within": f"{clock.cell.within.written} {clock.cell.counts}" if clock.cell else "",
        "started": _at(clock.started, zone),
        "occasion": clock.occasion,
        "warns": _at(clock.warn, zone),
        "due": _at(clock.due, zone),
        "met": _at(clock.met, zone),
        "step": clock.step,
        "next_step": _at(clock.upcoming, zone),
        "note": clock.note,
        "ledger": [
            {"from": _at(start, zone), "to": _at(end, zone), "what": what}
            for start, end, what in _ledger(clock, calendar, now)
        ],
    }


def _ledger(clock: Clock, calendar: Calendar, now: datetime) -> Iterator[Stretch]:
    """How the clock spent its time from its start to its limit, or to now if that lies beyond; pauses cut out."""
    if clock.cell is None:
        return
    until = max(filter(None, (clock.met or clock.due, min(now, clock.met or now))))
    at = clock.started
    for begin, end in clock.pauses:
        if begin >= until or (end is not None and end <= at):
            continue
        yield from _running(at, begin, clock.cell, calendar)
        yield max(begin, at), end, "paused: waiting for the client, or done"
        if end is None:
            return
        at = end
    yield from _running(at, until, clock.cell, calendar)


def _running(start: datetime, until: datetime, cell: Cell, calendar: Calendar) -> Iterator[Stretch]:
    if start >= until:
        return
    if cell.counts == "elapsed":
        yield start, until, "runs day and night"
    else:
        yield from _working(start, until, calendar)


def _working(start: datetime, until: datetime, calendar: Calendar) -> Iterator[Stretch]:
    zone, last = ZoneInfo(calendar.zone), start
    intervals = list(calendar.intervals(start, until))
    for interval in intervals[: MOST_INTERVALS - 1] + intervals[MOST_INTERVALS - 1 :][-1:]:
        if interval.start > last:
            closed = calendar.closed_because(last.astimezone(zone).date())
            yield last, interval.start, f"off-hours{f' ({closed})' if closed else ''}"
        yield interval.start, interval.end, "runs"
        last = interval.end
    if last < until:
        closed = calendar.closed_because(last.astimezone(zone).date())
        yield last, until, f"off-hours{f' ({closed})' if closed else ''}"


def _would_change(judged: Judgement, prefix: str) -> Iterator[str]:
    """What would make the answer another one, in plain words."""
    if not judged.ticket.status.live:
        yield "reopening the ticket starts a new cycle of promises"
        return
    names = {clock.promise: clock for clock in judged.clocks}
    first = names.get("first_response")
    if first and first.live:
        yield "contact with the client (one they can read, or a word such as /called) meets the first response"
    if "update" in names and names["update"].live:
        yield "the next contact with the client starts the update clock anew; status waiting for client pauses it"
    if names.get("owned") and names["owned"].live:
        yield "assigning the ticket meets the promise of an owner"
    if names.get("escalation") and names["escalation"].live:
        yield "the role-holder taking it (assigned, a comment, or a word such as /mine) ends the escalation"
    yield f"a person's label {prefix}critical, {prefix}high, {prefix}medium or {prefix}low decides the severity"
