"""Everything that is thought of one ticket, and why: for people on a terminal, and as JSON."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sync.contact import time_in_status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from sync.clocks import Clock
    from sync.cycle import Sight
    from sync.judgement import Judge, Judgement
    from sync.mapping.models import Cell
    from sync.worktime import Calendar

    Stretch = tuple[datetime, datetime | None, str]

MOST_INTERVALS = 6
"""Open stretches shown of one clock."""


def explained(judged: Judgement, sight: Sight, judge: Judge) -> dict[str, Any]:
    """All of it as JSON-able values; instants are ISO in the source's zone."""
    ticket, terms = judged.ticket, sight.served.terms
    zone = ZoneInfo(terms.zone)
    plan = next((plan for plan in sight.plan.tickets if plan.ticket.id == ticket.id), None)
    rules = judge.classifier(ticket).tried(ticket, judge.scan(f"{ticket.title}\n{ticket.text}"))
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
        },
        "rules": [{"rule": tried.rule, "asks": tried.asks, "evidence": tried.evidence} for tried in rules],
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
        },
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
        "held_back": [{"what": each.what, "why": each.why} for each in plan.skipped] if plan else [],
        "next": _at(judged.wake_at, zone),
        "would_change_it": list(_would_change(judged, terms.mapping.labels.prefix)),
    }


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


# --- text -------------------------------------------------------------------------------------------------------

_STATES = {
    "broken": "bold red",
    "rests": "red",
    "running": "green",
    "paused": "yellow",
    "met": "dim",
    "off": "dim",
}


def show(told: dict[str, Any], console: Console, *, verbose: bool) -> None:
    """The explanation on a terminal; -v lists every rule that was tried."""
    from rich.table import Table  # noqa: PLC0415 - only when something is shown
    from rich.text import Text  # noqa: PLC0415 - likewise

    title = told["title"] or "(no title)"
    console.print(Text.assemble((told["ticket"], "bold cyan"), "  ", (title, "italic")), soft_wrap=True)
    console.print(Text(f"as of {_when(told['now'])} ({told['now'][-6:]}), source {told['source']}", "dim"))
    facts = Table.grid(padding=(0, 2))
    for name, value in told["fields"].items():
        facts.add_row(Text(f"  {name}", "dim"), Text(str(value)))
    _head(console, "Fields as mapped")
    console.print(facts)
    _head(console, "Category")
    category = told["category"]
    console.print(Text(f"  {category['is']}{'/' + category['subtype'] if category['subtype'] else ''}", "bold"))
    console.print(Text(f"  by {category['rule']}: {category['why']}"), soft_wrap=True)
    _show_rules(told, console, verbose=verbose)
    _head(console, "Severity")
    severity = told["severity"]
    console.print(
        Text(f"  {severity['is']}, since {_when(severity['since'])} (event {severity['event']})", "bold")
    )
    console.print(Text(f"  by {severity['rule']}: {severity['why']}"), soft_wrap=True)
    for each in severity["raises"]:
        console.print(
            Text(f"  raised from {each['from']} to {each['to']} by {each['trigger']}: {each['evidence']}")
        )
    parts = ", ".join(f"{name} {figure}" for name, figure in told["urgency"]["parts"].items())
    console.print(
        Text(f"  urgency {told['urgency']['score']}: {parts or 'nothing presses'}", "dim"), soft_wrap=True
    )
    _head(console, "Promises")
    spent = ", ".join(f"{status} {hours}" for status, hours in told["time_in_status"].items())
    console.print(Text(f"  time in status: {spent}", "dim"), soft_wrap=True)
    for clock in told["clocks"]:
        _show_clock(clock, console)
    _head(console, "What should stand on the ticket")
    for want in told["labels"]:
        console.print(
            Text.assemble(("  ", ""), (want["label"], "green"), (f"  {want['why']}", "dim")), soft_wrap=True
        )
    if told["due"]:
        console.print(Text.assemble("  due ", (told["due"]["day"], "green"), (f"  {told['due']['rule']}", "dim")))
    for held in told["held_back"]:
        console.print(Text(f"  not: {held['what']}: {held['why']}", "yellow"), soft_wrap=True)
    _head(console, "What happens next")
    console.print(Text(f"  next step by the clock: {_when(told['next']) if told['next'] else 'none'}"))
    for line in told["would_change_it"]:
        console.print(Text(f"  · {line}", "dim"), soft_wrap=True)


def _when(instant: str | None) -> str:
    """An ISO instant as people on a terminal read it; the zone stands once, in the title."""
    return f"{datetime.fromisoformat(instant):%a %d %b %Y %H:%M}" if instant else "…"


def _head(console: Console, words: str) -> None:
    console.print(f"\n[bold]{words}[/bold]")


def _show_rules(told: dict[str, Any], console: Console, *, verbose: bool) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    matched = [rule for rule in told["rules"] if rule["evidence"]]
    for rule in told["rules"] if verbose else matched:
        mark, style = ("✓", "green") if rule["evidence"] else ("·", "dim")
        words = rule["evidence"] or f"does not hold: {rule['asks']}"
        console.print(Text(f"  {mark} {rule['rule']}: {words}", style), soft_wrap=True)
    more = "" if verbose else " (-v lists all)"
    console.print(
        Text(f"  {len(told['rules'])} rules tried, {len(matched)} match; the first decides{more}", "dim")
    )


def _show_clock(clock: dict[str, Any], console: Console) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    state = clock["state"]
    console.print(
        Text.assemble(
            ("  ", ""),
            (clock["promise"].replace("_", " "), "bold"),
            "  ",
            (state, _STATES[state]),
            (f"  {clock['within']}  {clock['rule']}", "dim"),
        )
    )
    parts = [
        f"{name} {_when(clock[key])}"
        for name, key in (("began", "started"), ("warns", "warns"), ("due", "due"))
        if clock[key]
    ]
    if clock["met"]:
        parts.append(f"met {_when(clock['met'])}")
    if clock["next_step"]:
        parts.append(f"next step {_when(clock['next_step'])}")
    console.print(Text("      " + " · ".join(parts)), soft_wrap=True)
    if clock["note"]:
        console.print(Text(f"      {clock['note']}", "dim"), soft_wrap=True)
    for each in clock["ledger"]:
        console.print(
            Text(f"        {_when(each['from'])} → {_when(each['to'])}  {each['what']}", "dim"), soft_wrap=True
        )
