"""How each clock spent its time, what its next steps are, and what would keep or stop it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, cast

from sync.judging.clocks import BREACH
from sync.judging.evidence import evidence_of
from sync.judging.promises import TEXTS
from sync.legible import counted as number_of
from sync.ticket import Status
from sync.worktime import ALWAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sync.judging.clocks import Clock
    from sync.judging.judgement import Judgement
    from sync.judging.promises import Terms
    from sync.mapping.tracker_models import Mapping, Proof
    from sync.ticket import Ticket
    from sync.worktime import Calendar, Segment

    Told = Callable[[datetime | None], str | None]

Reason = Literal["running", "paused", "closed", "weekday", "holiday", "summed"]

NEAR = timedelta(days=5)
"""So near to its beginning, its limit and the present a clock's time is told stretch by stretch."""

_FEW_HOLIDAYS = 3
"""So many are named where much time is summed up."""

_PROOFS: dict[str, Proof] = {
    "scope_choice": "decided",
    "scope_consent": "consent",
    "scope_talk": "talk",
    "scope_agreement": "agreement",
    "realign": "realigned",
}
"""Promises that are kept by evidence of another name."""

_BY_CONTACT = frozenset({"first_response", "update", "solution_told", "slip"})


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a clock's time, in UTC: why it runs or stands still, and how much of it counts.

    `name` is the holiday's, the weekday's, or what a pause is for; of a `summed` one, what it holds.
    """

    start: datetime
    end: datetime | None
    reason: Reason
    name: str = ""
    counted: timedelta = timedelta()

    @property
    def what(self) -> str:
        """In a few words."""
        match self.reason:
            case "running":
                return f"runs{f' {self.name}' if self.name else ''}"
            case "paused":
                return f"paused: {self.name}"
            case "summed":
                return self.name
            case _:
                return f"off-hours{f' ({self.name})' if self.name else ''}"


def clock_told(clock: Clock, judged: Judgement, calendar: Calendar, terms: Terms, told: Told) -> dict[str, Any]:
    """One clock with its ledger. Times that count are in minutes; `left` is null where no limit is known."""
    now = judged.now
    reached = clock.met or now
    whole = list(ledger(clock, judged.ticket, calendar, max(filter(None, (clock.due, reached)))))
    used = _counted(whole, until=reached)
    allowed = _counted(whole, until=clock.due) if clock.due else None
    shown = list(ledger(clock, judged.ticket, calendar, reached)) if clock.met else whole
    return {
        "promise": clock.promise,
        "about": TEXTS[clock.promise],
        "rule": clock.rule,
        "state": clock.state,
        "within": f"{clock.cell.within.written} {clock.cell.counts}" if clock.cell else "",
        "if_closed": clock.cell.if_closed if clock.cell else "",
        "started": told(clock.started),
        "occasion": clock.occasion,
        "warns": told(clock.warn),
        "due": told(clock.due),
        "met": told(clock.met),
        "step": clock.step,
        "next_step": told(clock.upcoming),
        "note": clock.note,
        "used": _minutes(used),
        "left": None if allowed is None else _minutes(allowed) - _minutes(used),
        "kept_by": kept_by(clock, terms.mapping),
        "moved_by": moved_by(clock, judged.ticket, terms.mapping),
        "ledger": [
            {
                "from": told(each.start),
                "to": told(each.end),
                "what": each.what,
                "reason": each.reason,
                "name": each.name,
                "counted": _minutes(each.counted),
            }
            for each in shortened(shown, [clock.started, clock.due, clock.met, now])
        ],
    }


# --- the ledger --------------------------------------------------------------------------------------------------


def ledger(clock: Clock, ticket: Ticket, calendar: Calendar, until: datetime) -> Iterator[Stretch]:
    """How the clock spends its time from its start on, without gaps; an open-ended pause ends it."""
    if clock.cell is None:
        return
    hours = calendar if clock.cell.counts == "working" else ALWAYS
    at = clock.started
    for begin, end in clock.pauses:
        if begin >= until or (end is not None and end <= at):
            continue
        yield from _running(at, begin, hours)
        yield Stretch(max(begin, at), end, "paused", _pause(ticket, begin))
        if end is None:
            return
        at = end
    yield from _running(at, until, hours)


def _running(start: datetime, until: datetime, hours: Calendar) -> Iterator[Stretch]:
    return (_stretch(each, hours) for each in (hours.segments(start, until) if start < until else ()))


def _stretch(segment: Segment, hours: Calendar) -> Stretch:
    if segment.kind == "open":
        always = "day and night" if hours is ALWAYS else ""
        return Stretch(segment.start, segment.end, "running", always, segment.end - segment.start)
    return Stretch(segment.start, segment.end, segment.kind, segment.name)


def _pause(ticket: Ticket, begin: datetime) -> str:
    """What the ticket waited for from then on, with the tracker's own word for it."""
    moves = [each for each in ticket.changes if each.field == "status" and each.at <= begin]
    status = Status(moves[-1].after) if moves else ticket.status
    named = moves[-1].said.rpartition(" → ")[2] if moves else ""
    what = "waiting for the client" if status is Status.WAITING else f"it was {status}"
    return f"{what} (“{named}”)" if named.casefold() not in ("", status) else what


def _counted(whole: Iterable[Stretch], until: datetime) -> timedelta:
    """The time that counts up to then."""
    running = (each for each in whole if each.reason == "running" and each.end)
    return sum(
        (min(each.end or until, until) - each.start for each in running if each.start < until), start=timedelta()
    )


def shortened(whole: Sequence[Stretch], anchors: Iterable[datetime | None]) -> Iterator[Stretch]:
    """The same time with what lies far from every anchor summed up, so that a year is read at a glance."""
    near = [anchor for anchor in anchors if anchor]

    def far(each: Stretch) -> bool:
        end = each.end
        return end is not None and all(end < anchor - NEAR or each.start > anchor + NEAR for anchor in near)

    for is_far, group in groupby(whole, far):
        stretches = list(group)
        if is_far and len(stretches) > 1:
            yield _summed(stretches)
        else:
            yield from stretches


def _summed(stretches: Sequence[Stretch]) -> Stretch:
    """Many stretches as one: how much of it counts, which holidays it holds, and how often it stood still."""
    first, last = stretches[0], stretches[-1]
    counted = sum((each.counted for each in stretches), start=timedelta())
    holidays = dict.fromkeys(each.name for each in stretches if each.reason == "holiday")
    paused = sum(each.reason == "paused" for each in stretches)
    days = (cast("datetime", last.end) - first.start) / timedelta(days=1)
    told = [f"{days:.0f} days, of which {spelt(counted)} count"]
    told += [f"closed for {_named(list(holidays))}"] if holidays else []
    told += [f"paused {number_of(paused, 'time')}"] if paused else []
    return replace(first, end=last.end, reason="summed", name="; ".join(told), counted=counted)


def _named(holidays: Sequence[str]) -> str:
    """All of a few; of many how many, and between which."""
    if len(holidays) <= _FEW_HOLIDAYS:
        return ", ".join(holidays)
    return f"{len(holidays)} holidays, {holidays[0]} to {holidays[-1]}"


def _minutes(amount: timedelta) -> int:
    return round(amount / timedelta(minutes=1))


def spelt(amount: timedelta) -> str:
    """Hours and minutes, `3 h 05 min`; without hours only minutes."""
    hours, minutes = divmod(abs(amount) // timedelta(minutes=1), 60)
    return f"{hours} h {minutes:02} min" if hours and minutes else f"{hours} h" if hours else f"{minutes} min"


# --- what comes next ---------------------------------------------------------------------------------------------


def ahead(judged: Judgement, told: Told) -> list[dict[str, Any]]:
    """Each known instant at which something happens by itself, in order: a step of a promise, what waits to be
    said, or that what raised the severity ends.
    """
    now, found = judged.now, set[tuple[datetime, str, str]]()
    for clock in judged.clocks:
        found |= {(at, clock.promise, what) for at, what in _steps(clock) if at > now}
    for held in judged.held:
        if held.until and held.until > now:
            found.add((held.until, held.saying.obligation.promise, f"what waits can be said ({held.why})"))
    if judged.rating.until and judged.rating.until > now:
        found.add((judged.rating.until, "", "whether what raised the severity still holds is looked at again"))
    if judged.wake_at and judged.wake_at > now and judged.wake_at not in {at for at, _, _ in found}:
        found.add((judged.wake_at, "", "it is judged again"))
    return [{"at": told(at), "promise": promise, "what": what} for at, promise, what in sorted(found)]


def _steps(clock: Clock) -> Iterator[tuple[datetime, str]]:
    if not clock.live or clock.state == "notice":
        if clock.state == "notice" and clock.upcoming:
            yield clock.upcoming, "is told"
        return
    if clock.warn:
        yield clock.warn, "the role is asked" if clock.promise == "escalation" else "the warning"
    if clock.due:
        yield clock.due, "runs out"
    if clock.upcoming and clock.upcoming not in (clock.warn, clock.due):
        yield clock.upcoming, f"reminder {clock.step + 1 - BREACH}"


# --- what would change it ----------------------------------------------------------------------------------------


def kept_by(clock: Clock, mapping: Mapping) -> list[str]:
    """What would keep a promise that is still owed, in the words of the mapping in force."""
    if not clock.live or clock.state == "notice":
        return []
    match clock.promise:
        case name if name in _BY_CONTACT:
            return list(contact_by(mapping))
        case "owned":
            return [f"somebody in {_column(mapping, 'assignee')}"]
        case "escalation":
            said = list(_said(mapping.acknowledge.words, mapping.acknowledge.labels, ()))
            return ["the role-holder as owner, or a comment by them", *said]
        case _:
            return list(_evidence(clock, mapping))


def moved_by(clock: Clock, ticket: Ticket, mapping: Mapping) -> list[str]:
    """What would stop or restart the clock: the statuses that pause it."""
    if not clock.live or clock.promise == "first_response" or not ticket.status.live or clock.cell is None:
        return []
    if clock.state == "paused":
        return [f"status {_listed(mapping.status.in_progress or mapping.status.open)} lets it run on"]
    waiting = mapping.status.waiting
    return [f"status {_listed(waiting)} pauses it"] if waiting and clock.state == "running" else []


def contact_by(mapping: Mapping) -> Iterator[str]:
    """What counts as contact with the client, in the words of the mapping."""
    contact = mapping.contact
    if contact.any_staff_comment:
        yield "any comment of the staff's"
    elif contact.client_readable_comment:
        yield "a comment of the staff's that the client can read"
    yield from _said(contact.words, contact.labels, contact.statuses)
    if mapping.fields.contacted:
        yield f"a date in {mapping.fields.contacted}"


def _evidence(clock: Clock, mapping: Mapping) -> Iterator[str]:
    name: Proof = _PROOFS.get(clock.promise, cast("Proof", clock.promise))
    if clock.promise == "agreed" and clock.about is True:
        name = "agreed_in_writing"
    evidence = evidence_of(mapping, name)
    yield from _said(evidence.words, evidence.labels, evidence.statuses)
    if evidence.fields:
        columns = mapping.fields.mapped()
        filled = " and ".join(columns.get(each, each) for each in evidence.fields)
        yield f"{filled} filled"


def _said(words: Sequence[str], labels: Sequence[str], statuses: Sequence[str]) -> Iterator[str]:
    if words:
        yield f"a comment that begins with {_listed(words)}"
    if labels:
        yield f"label {_listed(labels)}"
    if statuses:
        yield f"a move to {_listed(statuses)}"


def _listed(names: Sequence[str]) -> str:
    shown = " or ".join(names[:2])
    return f"{shown} (or {len(names) - 2} more)" if len(names) > 2 else shown


def _column(mapping: Mapping, name: str) -> str:
    columns = getattr(mapping, "columns", None)
    return getattr(columns, name, None) or name
