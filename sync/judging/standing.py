"""What the last judgement of a live ticket leaves for the work list, so that it can be ranked anew at any time."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

from sync.judging.contact import waiting_since
from sync.judging.memory import Respite
from sync.judging.severity import TIME_LEFT, Urgency, pressing
from sync.ticket import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from sync.judging.clocks import Clock
    from sync.judging.judgement import Judgement
    from sync.promise_names import PromiseName
    from sync.ticket import Severity

NAMED = 5
"""Tickets that a line of a report names."""


@dataclass(frozen=True, slots=True)
class Due:
    """A promise that is broken from `at` on unless it is kept; `rule` is the mapping cell behind it.

    `occasion` is empty in what an older version left.
    """

    promise: PromiseName
    at: datetime
    rule: str
    occasion: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the last judgement of a ticket left, beside what is known of it anyway; of a done one its dues alone.

    `parts` are those of its urgency that time alone does not change. `dues` are its promises that run or are
    broken, the earliest first. `warnings` are the early warnings of its client as sentences. `parked`: it was put
    to waiting when a promise had come into its warning time. `opted_out`: nothing is written on it. `policy` is
    the digest of what it was judged by; empty in what an older version left.
    """

    severity: Severity
    waiting: bool = False
    parked: bool = False
    opted_out: bool = False
    parts: Mapping[str, int] = field(default_factory=dict)
    dues: tuple[Due, ...] = ()
    warnings: tuple[str, ...] = ()
    policy: str = ""

    def broken(self, now: datetime) -> list[Due]:
        """The promises that are broken by then, the longest broken first."""
        return [due for due in self.dues if due.at <= now]

    def following(self, now: datetime) -> Due | None:
        """The promise that breaks next; None if no instant is known."""
        return next((due for due in self.dues if due.at > now), None)


def standing(judged: Judgement, policy: str = "") -> Standing:
    """Where the ticket stands, judged by the policy of this digest."""
    dues = [
        Due(clock.promise, clock.due, clock.rule, clock.occasion)
        for clock in judged.clocks
        if clock.live and clock.due
    ]
    if not judged.ticket.status.live:
        return Standing(judged.rating.severity, dues=tuple(dues), policy=policy)
    parts = dict(judged.urgency.parts) if judged.urgency else {}
    parts.pop(TIME_LEFT, None)
    return Standing(
        severity=judged.rating.severity,
        waiting=judged.ticket.status is Status.WAITING,
        parked=parked_by(judged) is not None,
        opted_out=judged.opted_out is not None,
        parts=parts,
        dues=tuple(sorted(dues, key=lambda due: (due.at, due.promise))),
        warnings=tuple(warning.sentence for warning in judged.warnings),
        policy=policy,
    )


def hastened(judged: Judgement, before: Standing) -> dict[tuple[str, str], Respite]:
    """Promises, by name and occasion, that are broken sooner than when last judged, with what that leaves them."""
    were = {(due.promise, due.occasion): due.at for due in before.dues}
    sooner: dict[tuple[str, str], Respite] = {}
    for clock in judged.clocks:
        key = clock.promise, clock.occasion
        was = were.get(key, were.get((clock.promise, "")))
        if clock.live and clock.due and (was is None or (judged.now < was and clock.due < was)):
            sooner[key] = Respite(judged.now, was if clock.due > judged.now else None)
    return sooner


def rank(standing: Standing, now: datetime) -> Urgency:
    """The urgency as a judgement at `now` would give it, had nothing happened since the last one."""
    left = pressing(standing.dues[0].at - now if standing.dues else None)
    parts = ({TIME_LEFT: left} if left else {}) | dict(standing.parts)
    return Urgency(sum(parts.values()), parts)


def parked_by(judged: Judgement) -> Clock | None:
    """The promise in whose warning time the ticket was put to waiting, where it still waits; None for no such.

    The first step of an escalation is the hand-over, not a warning.
    """
    waits = waiting_since(judged.ticket)
    if waits is None:
        return None
    warned = [
        (clock.warn, clock.promise, clock)
        for clock in judged.clocks
        if clock.state == "paused" and clock.warn and clock.promise != "escalation"
    ]
    late = [
        each for each in warned if each[0] <= waits.since and (each[2].due is None or waits.since < each[2].due)
    ]
    return min(late, key=itemgetter(0, 1))[2] if late else None


def parked_line(judged: Iterable[Judgement]) -> Iterator[str]:
    """One sentence for a report on the tickets that were put to waiting just before a promise ran out, if any."""
    found = {each.ticket.key: clock.promise for each in judged if (clock := parked_by(each))}
    if found:
        told = [f"{key} ({promise.replace('_', ' ')})" for key, promise in sorted(found.items())]
        yield f"put to waiting just before a promise ran out: {_named(told)}"


def opted_out_line(judged: Iterable[Judgement]) -> Iterator[str]:
    """One sentence for a report on the tickets that are opted out, if any, so that none is forgotten so."""
    found = sorted(each.ticket.key for each in judged if each.opted_out)
    if found:
        yield f"opted out, so that nothing is written on them: {len(found)} ({_named(found)})"


def _named(told: list[str]) -> str:
    more = f" and {len(told) - NAMED} more" if len(told) > NAMED else ""
    return f"{', '.join(told[:NAMED])}{more}"
