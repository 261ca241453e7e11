"""What is owed on a ticket: its promises as clocks, the role each step goes to, and what is to be said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from sync import clocks, contact
from sync.action import Because, Obligation
from sync.memory import NOTHING, Memory
from sync.ticket import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.action import PromiseName
    from sync.clocks import Clock
    from sync.contact import Cycle, Event
    from sync.mapping.models import Cell, ClientModel, Row
    from sync.mapping.models import Mapping as TrackerMapping
    from sync.mapping.policy import Policy
    from sync.severity import Rating
    from sync.ticket import Language, Severity, Ticket
    from sync.worktime import Calendar


@dataclass(frozen=True, slots=True)
class Terms:
    """What judging needs to know of a ticket's source. `staff_only`: no client can read there."""

    mapping: TrackerMapping
    staff_only: bool
    due: Literal["next_promise", "resolution", "off"]
    zone: str
    language: Language
    calendar: str | None = None


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing to be said on the ticket: the step of a clock, since when, to whom, and by which rule.

    `asked` is how many steps of it were said before, each to somebody who did not heed it.
    """

    obligation: Obligation
    clock: Clock
    since: datetime
    because: Because
    role: str
    person: str
    asked: int = 0


TEXTS: Mapping[str, str] = {
    "first_response": "the client is owed a first response",
    "owned": "nobody owns the ticket",
    "update": "the client is owed an update",
    "escalation": "the severity calls for the next role",
}


@dataclass(frozen=True)
class Promises:
    """The promises of one live ticket, laid out from its history.

    `contacted` are the proven contacts with the client within the present cycle, `acknowledged` the times that
    somebody said "mine"; both up to `now`, oldest first. `memory` tells who was asked before: the ladder is
    climbed by asking, never by time alone, so that after downtime nobody is passed over.
    """

    policy: Policy
    ticket: Ticket
    rating: Rating
    client: ClientModel | None
    now: datetime
    terms: Terms
    cycle: Cycle
    contacted: tuple[Event, ...]
    acknowledged: tuple[Event, ...]
    pauses: clocks.Pauses
    calendar: Calendar
    memory: Memory = NOTHING

    @cached_property
    def row(self) -> Row:
        """The matrix row of the ticket's severity."""
        return self.policy.escalation.row(self.rating.severity)

    def made(self) -> tuple[Clock, ...]:
        """Every promise that is made on the ticket, in the order in which a comment speaks of them."""
        promised = (self.first_response(), self.owned(), self.update(), self.escalation())
        return tuple(clock for clock in promised if clock)

    def planned(self) -> datetime | None:
        """The planned date of the resolution; None where none is set, or while a pause hides it."""
        cell = self.row.resolution
        return clocks.Dial(cell, self.calendar, self.pauses).after(self.cycle.since) if cell else None

    def first_response(self) -> Clock | None:
        """Acknowledged: the client hears from us within the first response time; it never pauses."""
        cycle, kept = self.cycle, self.contacted[0] if self.contacted else None
        if not contact.contact_is_mapped(self.ticket, self.terms.mapping):
            _, rule = self._cell("first_response", self.rating.severity)
            note = "no evidence of client contact is mapped"
            return clocks.off("first_response", cycle.event, rule, cycle.since, note)
        return self._wound("first_response", cycle, (), kept)

    def owned(self) -> Clock | None:
        """Owned: somebody is named within the same time, from the opening or from the loss of the last owner."""
        want = contact.ownerless_since(self.ticket, self.cycle)
        return self._wound("owned", want, self.pauses, contact.owned_since(self.ticket))

    def update(self) -> Clock | None:
        """Updated: from each contact to the next, on the severity's cadence; none before the first contact."""
        if not self.contacted:
            return None
        last = self.contacted[-1]
        return self._wound("update", contact.Cycle(last.id, last.at), self.pauses, None)

    def escalation(self) -> Clock:
        """Escalated: handed over once the facts are gathered, and taken by the role-holder within the limit.

        It counts from the event since which the ticket has been so severe, or from its reopening. Without a limit
        the role is named and nobody is chased.
        """
        risen, cell = self.rating.risen[-1], self.row.escalation.taken
        if risen.at < self.cycle.since:
            risen = contact.Event(self.cycle.event, self.cycle.since, "reopened")
        last_step = max(clocks.BREACH, self._top - self._rung + 1)
        dial = clocks.Dial(cell or self.row.first_response, self.calendar, self.pauses, last_step)
        started = dial.opening(risen.at + self.policy.escalation.gather.elapsed())
        taken = self._taken(risen.at)
        start = clocks.Start(
            "escalation", risen.id, f"escalation.toml: {self.rating.severity}.escalation", started
        )
        return clocks.wind(start, dial, self.now, started, taken) if cell else _named(start, self.now, taken)

    def level(self, wound: tuple[Clock, ...]) -> int:
        """The rung reached, counted from 1: by the hand-over, or by reminders that nobody heeded; 0 is none."""
        rungs = [self._climbed(clock) + 1 for clock in wound if clock.promise == "escalation" and clock.step]
        rungs += [self._climbed(clock) + 1 for clock in wound if clock.live and self._past_the_owner(clock)]
        return max(rungs, default=0)

    def sayings(self, wound: tuple[Clock, ...]) -> list[Saying]:
        """The newest step of each clock that has reached one; the plan leaves out what was said before.

        While a ticket waits for the client nobody is warned that an update comes due.
        """
        said = []
        for clock in wound:
            if not clock.live or clock.reached is None or (clock.state == "paused" and clock.promise == "update"):
                continue
            if clock.promise == "escalation" and not self.row.handover:
                continue
            obligation = Obligation(clock.promise, clock.occasion, clock.step)
            role = self._role(clock)
            because = Because(clock.rule, TEXTS[clock.promise])
            asked = self._asked(clock)
            said.append(Saying(obligation, clock, clock.reached, because, role, self._holder(role), asked))
        return said

    @cached_property
    def _rung(self) -> int:
        return self.policy.escalation.ladder.index(self.row.escalation.to)

    @property
    def _top(self) -> int:
        return len(self.policy.escalation.ladder) - 1

    def _asked(self, clock: Clock) -> int:
        """How many steps were said before this one: hand-overs, or for other promises their breach and after."""
        first = 1 if clock.promise == "escalation" else clocks.BREACH
        steps = range(first, clock.step)
        return self.memory.times_said(self.ticket.site, self.ticket.id, clock.promise, clock.occasion, steps)

    def _past_the_owner(self, clock: Clock) -> bool:
        """Whether a reminder now goes to a role, because the owner was asked and did not heed it."""
        return clock.promise != "escalation" and clock.step > clocks.BREACH and self._asked(clock) > 0

    def _climbed(self, clock: Clock) -> int:
        above = self._asked(clock) - (clock.promise != "escalation")
        return min(self._rung + max(above, 0), self._top)

    def _role(self, clock: Clock) -> str:
        if clock.promise == "escalation" or self._past_the_owner(clock):
            return self.policy.escalation.ladder[self._climbed(clock)]
        return "" if self.ticket.assignee else self.policy.escalation.ladder[0]

    def _holder(self, role: str) -> str:
        assignee = self.ticket.assignee
        if not role:
            return assignee.name if assignee else ""
        holders = self._holders(role)
        names = self.client.names if self.client else {}
        return names.get(holders[0], holders[0]) if holders else ""

    def _holders(self, role: str) -> list[str]:
        own = self.client.roles.get(role) if self.client else None
        return own or self.policy.clients.roles.get(role, [])

    def _wound(
        self, promise: PromiseName, occasion: Cycle, pauses: clocks.Pauses, kept: Event | None
    ) -> Clock | None:
        """The clock of a promise that began with this occasion; None where the severity makes no such promise."""
        limit = self._limit(promise, occasion.since, pauses)
        if limit is None:
            return None
        cell, started, rule = limit
        last_step = clocks.BREACH + 1 + self._top - self._rung
        dial = clocks.Dial(cell, self.calendar, pauses, last_step, self.acknowledged)
        warn = dial.warning(started, self.policy.escalation.warn_at) if promise != "owned" else None
        return clocks.wind(clocks.Start(promise, occasion.event, rule, started), dial, self.now, warn, kept)

    def _limit(
        self, promise: PromiseName, since: datetime, pauses: clocks.Pauses
    ) -> tuple[Cell, datetime, str] | None:
        """The cell that runs out first, from when it counts, and its rule: the severity's, or a lower one's.

        Each counts from when the ticket became so severe. So what was promised before a raise still stands, and
        the raise breaks nothing that nobody had promised.
        """
        present, rule = self._cell(promise, self.rating.severity)
        if present is None or self.rating.risen[-1].at <= since:
            return (present, since, rule) if present else None
        cells = {
            max(since, event.at): self._cell(promise, severity)
            for severity, event in zip(SEVERITIES, self.rating.risen, strict=False)
        }
        limits = [(cell, started, rule) for started, (cell, rule) in cells.items() if cell]
        return min(reversed(limits), key=lambda limit: self._due(limit[0], limit[1], pauses))

    def _due(self, cell: Cell, started: datetime, pauses: clocks.Pauses) -> datetime:
        return clocks.Dial(cell, self.calendar, pauses).after(started) or datetime.max.replace(tzinfo=UTC)

    def _cell(self, promise: PromiseName, severity: Severity) -> tuple[Cell | None, str]:
        """What a severity promises, and where that is written."""
        row = self.policy.escalation.row(severity)
        if promise != "update":
            return row.first_response, f"escalation.toml: {severity}.first_response"
        own = self.client.update.get(severity) if self.client else None
        return (
            own or row.update,
            f"clients.toml: update.{severity}" if own else f"escalation.toml: {severity}.update",
        )

    def _taken(self, given: datetime) -> Event | None:
        """The first proof since `given` that the role-holder took it: assigned, acknowledged, or answered.

        A holder of the role or of one above it who has had the ticket all along has taken it too. Where nobody is
        on record for these roles, any staff member's act counts, but not that somebody had the ticket before.
        """
        ladder, ticket = self.policy.escalation.ladder[self._rung :], self.ticket
        holders = {holder for role in ladder for holder in self._holders(role)}
        proofs = [event for event in self.acknowledged if event.at >= given]
        assigned = contact.assigned(ticket)
        if (
            ticket.assignee
            and assigned
            and (ticket.assignee.id in holders or (not holders and assigned.at > given))
        ):
            proofs.append(assigned)
        proofs += [
            contact.Event(comment.id, comment.at, f"{comment.author.name} answered")
            for comment in ticket.comments
            if comment.author.side == "staff"
            and given <= comment.at <= self.now
            and (comment.author.id in holders or not holders)
        ]
        return min(proofs, key=lambda proof: proof.at, default=None)


def _named(start: clocks.Start, now: datetime, taken: Event | None) -> Clock:
    """The hand-over that nobody is chased for: one step, unless it was taken before."""
    reached = start.at if start.at <= (min(now, taken.at) if taken else now) else None
    return clocks.Clock(
        start.promise,
        start.occasion,
        start.rule,
        "met" if taken else "running",
        start.at,
        warn=start.at,
        met=taken.at if taken else None,
        step=clocks.WARNING if reached else 0,
        reached=reached,
        upcoming=None if reached or taken else start.at,
        note=taken.what if taken else "",
    )
