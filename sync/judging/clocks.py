"""Promises as clocks: when each began, when it warns, when it runs out, and which step is due now.

A clock is recomputed from the ticket's own history each time; nothing is counted up and nothing is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple
from zoneinfo import ZoneInfo

from sync.worktime import ALWAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from sync.judging.contact import Event
    from sync.mapping.escalation_models import Cell
    from sync.mapping.parts import Amount
    from sync.promise_names import PromiseName
    from sync.worktime import Calendar

    Pauses = Sequence[tuple[datetime, datetime | None]]

State = Literal["off", "running", "paused", "met", "broken", "rests", "notice"]
"""`rests`: all has been said, nobody heeded it. `notice`: something to be told once, that nothing is owed on."""

WARNING, BREACH = 1, 2
NEVER = datetime.max.replace(tzinfo=UTC)
"""An instant that an open pause hides."""
_LONGEST_CLOSED = 21  # days; no office is closed for longer


@dataclass(frozen=True, slots=True)
class Clock:
    """One promise on one occasion, as it stands at `now`.

    `rule` is the mapping cell behind it. `warn` and `due` are None where no instant is known (off, or paused
    before it). `step` is the highest step reached: 0 none, 1 the warning, 2 the breach, 3 and up one reminder
    per cadence. `reached` is when that step fell due, `upcoming` when the next one will (None: no more, or
    paused). `about` is what it is about, for its message: a raise, a request, a promised date. Instants are aware
    UTC.
    """

    promise: PromiseName
    occasion: str
    rule: str
    state: State
    started: datetime
    cell: Cell | None = None
    warn: datetime | None = None
    due: datetime | None = None
    met: datetime | None = None
    step: int = 0
    reached: datetime | None = None
    upcoming: datetime | None = None
    note: str = ""
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()
    about: object = None

    @property
    def live(self) -> bool:
        """Whether it still runs towards, or lies beyond, its limit, or is to be told."""
        return self.state in ("running", "paused", "broken", "rests", "notice")


class Start(NamedTuple):
    """What opened a promise: its name, the occasion, the rule behind it, and the instant from which it counts.

    `by` is a limit that holds whatever the cell says, if it is earlier; where it is `alone` there is no other, and
    the cell tells how often it is reminded of. `known` is since when whoever keeps it could know of it, if that is
    later; it is not broken before the instant `not_before`, one warning period from then.
    """

    promise: PromiseName
    occasion: str
    rule: str
    at: datetime
    by: datetime | None = None
    not_before: datetime | None = None
    about: object = None
    known: datetime | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Dial:
    """How time is counted for one cell, on which calendar and with which pauses; and how many steps there are.

    `heeded`, oldest first, are the times that somebody said "mine": the first one after the breach ends the
    reminders before `last_step`.
    """

    cell: Cell
    calendar: Calendar
    pauses: Pauses = ()
    last_step: int = BREACH
    heeded: Sequence[Event] = ()

    def after(self, started: datetime) -> datetime | None:
        """The instant at which the cell's amount has run; None while an open pause hides it."""
        return self._at(started, self._length(self.cell.within))

    def warning(self, started: datetime, warn_at: float) -> datetime | None:
        """The instant of the warning: the cell's own, or the share `warn_at` of its time."""
        own = self.cell.warn_after
        return self._at(started, self._length(own) if own else self._length(self.cell.within) * warn_at)

    def warning_period(self, at: datetime, warn_at: float) -> datetime | None:
        """The end of one warning period that begins at `at`: the time there usually is from warning to breach."""
        own, whole = self.cell.warn_after, self._length(self.cell.within)
        return self._at(at, whole - self._length(own) if own else whole * (1 - warn_at))

    def part(self, start: datetime, end: datetime, share: float) -> datetime:
        """The instant that share of the way from start to end, as the cell counts; pauses are not looked at."""
        hours = self.hours
        return self.opening(hours.add(start, hours.between(start, end) * share))

    def before(self, end: datetime) -> datetime:
        """The instant from which the cell's amount runs until `end`; pauses are not looked at."""
        return self.hours.add(end, -self._length(self.cell.within))

    @property
    def hours(self) -> Calendar:
        """The hours that count."""
        return self.calendar if self.cell.counts == "working" else ALWAYS

    def opening(self, at: datetime) -> datetime:
        """The instant itself, or the next opening if the cell moves instants out of closed hours."""
        return at if self.cell.if_closed == "keep" else self.calendar.next_opening(at)

    def _at(self, started: datetime, amount: timedelta) -> datetime | None:
        at = run(started, amount, self.hours, self.pauses)
        return None if at is None else self.opening(at)

    def _length(self, amount: Amount) -> timedelta:
        if self.cell.counts == "working":
            return amount.working(self.calendar.day_length)
        return amount.elapsed()


def run(started: datetime, amount: timedelta, calendar: Calendar, pauses: Pauses) -> datetime | None:
    """The instant at which `amount` of the calendar's time has passed since `started`, pauses left out.

    None if an open-ended pause begins first. Pauses are oldest first and do not overlap.
    """
    at = started
    for begin, end in pauses:
        if end is not None and end <= at:
            continue
        if begin > at:
            running = calendar.between(at, begin)
            if running >= amount:
                break
            amount -= running
        if end is None:
            return None
        at = end
    return calendar.add(at, amount)


def wind(
    start: Start, dial: Dial, now: datetime, warn: datetime | None = None, kept: Event | None = None
) -> Clock:
    """The clock of a promise as it stands at `now`, or since the moment at which it was `kept`.

    `warn` is when step 1 is due; one that would not come before the breach is left out. Each reminder counts from
    the step before it, so that closed hours do not use up several at once.
    """
    until, due = kept.at if kept else now, limit(start, dial)
    if warn is not None and due is not None and warn >= due:
        warn = None
    taken = next((event for event in dial.heeded if due and event.at >= due), None)
    steps = [(WARNING, warn)] if warn else []
    steps += _overdue(due, dial, until, taken.at if taken else None) if due else []
    passed = [each for each in steps if each[1] <= until]
    step, reached = passed[-1] if passed else (0, None)
    upcoming = steps[len(passed)][1] if len(passed) < len(steps) else None
    state: State
    if kept:
        state, note = "met", f"{kept.what}{', late' if due and kept.at > due else ''}"
    elif taken:
        state, note = "broken" if upcoming else "rests", f"{taken.what}; no more reminders"
    else:
        state, note = _state(dial, now, step), ""
    return Clock(
        start.promise,
        start.occasion,
        start.rule,
        state,
        start.at,
        cell=dial.cell,
        warn=warn,
        due=due,
        met=kept.at if kept else None,
        step=step,
        reached=reached,
        upcoming=None if kept else upcoming,
        note=note,
        pauses=tuple(dial.pauses),
        about=start.about,
    )


def limit(start: Start, dial: Dial) -> datetime | None:
    """The instant at which the promise is broken unless it is kept; None while none is known."""
    due = None if start.alone else dial.after(start.at)
    if start.not_before and due:
        due = None if start.not_before == NEVER else max(due, start.not_before)
    return min(due, start.by) if due and start.by else due or start.by


def notice(start: Start, now: datetime, until: datetime | None = None) -> Clock:
    """Something to be told once, from its instant on; no more from `until` on."""
    due = start.at <= now
    state: State = "notice" if until is None or now < until else "met"
    return Clock(
        start.promise,
        start.occasion,
        start.rule,
        state,
        start.at,
        step=WARNING if due else 0,
        reached=start.at if due else None,
        upcoming=start.at if now < start.at else None,
        about=start.about,
    )


def end_of_day(calendar: Calendar, at: datetime, at_least: timedelta) -> datetime:
    """The end of the working day that `at` falls into, or of the next one with `at_least` left of it.

    A shift belongs to the day on which it starts; `at` itself where no office opens for weeks.
    """
    zone = ZoneInfo(calendar.zone)
    today = at.astimezone(zone).date()
    for number in range(-1, _LONGEST_CLOSED):
        day = today + timedelta(days=number)
        ends = [_closing(day, shift, zone) for shift in calendar.hours_on(day)]
        end = max(ends, default=at)
        if end > at and calendar.between(max(at, _midnight(day, zone)), end) >= at_least:
            return end
    return at


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _closing(day: date, shift: tuple[time, time], zone: ZoneInfo) -> datetime:
    """When a shift of that day ends; at the latest at the same time of the next day."""
    start, end = shift
    return datetime.combine(day + timedelta(days=end <= start), end, zone).astimezone(UTC)


def _state(dial: Dial, now: datetime, step: int) -> State:
    """How a promise stands that nobody has kept or taken."""
    if step >= BREACH:
        return "broken" if step < dial.last_step else "rests"
    paused = any(begin <= now and (end is None or end > now) for begin, end in dial.pauses)
    return "paused" if paused else "running"


def _overdue(due: datetime, dial: Dial, now: datetime, taken: datetime | None) -> Iterator[tuple[int, datetime]]:
    """The breach and the reminders that follow it, up to the first that lies ahead."""
    step, at = BREACH, due
    yield step, at
    while at <= now and step < dial.last_step:
        following = dial.after(at)
        if following is None or (taken and taken < following):
            return
        step, at = step + 1, following
        yield step, at


def off(promise: PromiseName, occasion: str, rule: str, started: datetime, note: str) -> Clock:
    """A promise that is not watched over on this ticket, with the reason."""
    return Clock(promise, occasion, rule, "off", started, note=note)
