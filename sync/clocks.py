"""Promises as clocks: when each began, when it warns, when it runs out, and which step is due now.

A clock is recomputed from the ticket's own history each time; nothing is counted up and nothing is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from sync.worktime import ALWAYS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sync.action import PromiseName
    from sync.mapping.models import Amount, Cell
    from sync.worktime import Calendar

    Pauses = Sequence[tuple[datetime, datetime | None]]

State = Literal["off", "running", "paused", "met", "broken", "rests"]

WARNING, BREACH = 1, 2


@dataclass(frozen=True, slots=True)
class Clock:
    """One promise on one occasion, as it stands at `now`.

    `rule` is the mapping cell behind it. `warn` and `due` are None where no instant is known (off, or paused
    before it). `step` is the highest step reached: 0 none, 1 the warning, 2 the breach, 3 and up one reminder
    per cadence. `reached` is when that step fell due, `upcoming` when the next one will (None: no more, or
    paused). Instants are aware UTC.
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

    @property
    def live(self) -> bool:
        """Whether it still runs towards, or lies beyond, its limit."""
        return self.state in ("running", "paused", "broken", "rests")


@dataclass(frozen=True, slots=True)
class Dial:
    """How time is counted for one cell: on which calendar, with which pauses, and how many steps there are."""

    cell: Cell
    calendar: Calendar
    pauses: Pauses = ()
    last_step: int = BREACH

    def after(self, started: datetime, times: float = 1.0) -> datetime | None:
        """The instant at which `times` the cell's amount has run; None while an open pause hides it."""
        return self._at(started, self._length(self.cell.within) * times)

    def warning(self, started: datetime, warn_at: float) -> datetime | None:
        """The instant of the warning: the cell's own, or the share `warn_at` of its time."""
        amount = self.cell.warn_after
        return self._at(started, self._length(amount)) if amount else self.after(started, warn_at)

    def _at(self, started: datetime, amount: timedelta) -> datetime | None:
        calendar = self.calendar if self.cell.counts == "working" else ALWAYS
        at = run(started, amount, calendar, self.pauses)
        return at if at is None or self.cell.if_closed == "keep" else self.calendar.next_opening(at)

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


def wind(clock: Clock, dial: Dial, now: datetime, warn: datetime | None = None) -> Clock:
    """The clock with its instants, its state and the step it has reached at `now`.

    `warn` is when step 1 is due; one that would not come before the breach is left out.
    """
    due = dial.after(clock.started)
    if warn is not None and due is not None and warn >= due:
        warn = None
    steps = [*([(WARNING, warn)] if warn else []), (BREACH, due)]
    while steps[-1][0] < dial.last_step and steps[-1][1] is not None and steps[-1][1] <= now:
        step = steps[-1][0] + 1
        steps.append((step, dial.after(clock.started, float(step - BREACH + 1))))
    passed = [(step, at) for step, at in steps if at is not None and at <= now]
    upcoming = next((at for _, at in steps if at is not None and at > now), None)
    step, reached = passed[-1] if passed else (0, None)
    return replace(
        clock,
        cell=dial.cell,
        warn=warn,
        due=due,
        pauses=tuple(dial.pauses),
        state=_state(due, now, dial, step),
        step=step,
        reached=reached,
        upcoming=upcoming,
    )


def _state(due: datetime | None, now: datetime, dial: Dial, step: int) -> State:
    if due is not None and due <= now:
        return "rests" if step >= dial.last_step else "broken"
    return (
        "paused" if any(begin <= now and (end is None or end > now) for begin, end in dial.pauses) else "running"
    )


def off(promise: PromiseName, occasion: str, rule: str, started: datetime, note: str) -> Clock:
    """A promise that is not watched over on this ticket, with the reason."""
    return Clock(promise, occasion, rule, "off", started, note=note)
