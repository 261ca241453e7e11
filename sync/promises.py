"""What is owed on a ticket: its promises as clocks, the role each step goes to, and what is to be said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from sync import clocks, contact
from sync.action import Because, Obligation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sync.action import PromiseName
    from sync.clocks import Clock
    from sync.contact import Cycle, Event
    from sync.mapping.models import Cell, ClientModel, Language, Row
    from sync.mapping.models import Mapping as TrackerMapping
    from sync.mapping.policy import Policy
    from sync.severity import Rating
    from sync.ticket import Ticket
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
    """One thing to be said on the ticket: the step of a clock, since when, to whom, and by which rule."""

    obligation: Obligation
    clock: Clock
    since: datetime
    because: Because
    role: str
    person: str


TEXTS: Mapping[str, str] = {
    "first_response": "the client is owed a first response",
    "owned": "nobody owns the ticket",
    "update": "the client is owed an update",
    "escalation": "the severity calls for the next role",
}


@dataclass(frozen=True, slots=True)
class Promises:
    """The promises of one live ticket, laid out from its history.

    `contacted` are the proven contacts with the client within the present cycle, oldest first.
    """

    policy: Policy
    ticket: Ticket
    rating: Rating
    client: ClientModel | None
    now: datetime
    terms: Terms
    cycle: Cycle
    contacted: list[Event]
    calendar: Calendar

    @property
    def row(self) -> Row:
        """The matrix row of the ticket's severity."""
        return self.policy.escalation.row(self.rating.severity)

    @property
    def _rung(self) -> int:
        return self.policy.escalation.ladder.index(self.row.escalation.to)

    @property
    def _last_reminder(self) -> int:
        return clocks.BREACH + len(self.policy.escalation.ladder) - self._rung

    def first_response(self) -> Clock:
        """Acknowledged: the client hears from us within the first response time; it never pauses."""
        rule, since = self._rule("first_response"), self.cycle.since
        if not contact.contact_is_mapped(self.ticket, self.terms.mapping):
            return clocks.off(
                "first_response", self.cycle.event, rule, since, "no evidence of client contact is mapped"
            )
        blank = clocks.Clock("first_response", self.cycle.event, rule, "running", since)
        return self._wound(blank, self.row.first_response, (), self.contacted[0] if self.contacted else None)

    def owned(self) -> Clock:
        """Owned: somebody is named within the same time."""
        assignee = self.ticket.assignee
        taken = contact.Event("assignee", self._assigned_at(), f"{assignee.name} owns it") if assignee else None
        blank = clocks.Clock("owned", self.cycle.event, self._rule("first_response"), "running", self.cycle.since)
        return self._wound(blank, self.row.first_response, (), taken, warned=False)

    def update(self) -> Clock | None:
        """Updated: from each contact to the next, on the severity's cadence; none before the first contact."""
        severity = self.rating.severity
        own = self.client.update.get(severity) if self.client else None
        cell = own or self.row.update
        if cell is None or not self.contacted:
            return None
        last = self.contacted[-1]
        rule = "clients.toml: update." + severity if own else self._rule("update")
        blank = clocks.Clock("update", last.id, rule, "running", last.at)
        return self._wound(blank, cell, contact.pauses(self.ticket), None)

    def escalation(self) -> Clock:
        """Escalated: handed over once the facts are gathered, and taken by the role-holder within the limit."""
        rating, row, file = self.rating, self.row, self.policy.escalation
        renewed = rating.since < self.cycle.since
        given = self.cycle.since if renewed else rating.since
        started = given + file.gather.elapsed()
        blank = clocks.Clock(
            "escalation",
            self.cycle.event if renewed else rating.event,
            self._rule("escalation"),
            "running",
            started,
            warn=started,
        )
        taken = self._taken(given)
        if row.escalation.taken is None:
            reached = started <= self.now
            return replace(
                blank,
                state="met" if taken else "running",
                met=taken.at if taken else None,
                step=int(reached and not taken),
                reached=started if reached else None,
                upcoming=None if reached else started,
            )
        dial = clocks.Dial(row.escalation.taken, self.calendar, (), max(clocks.BREACH, self._top - self._rung + 1))
        return _until(blank, dial, self.now, taken, started)

    def level(self, wound: tuple[Clock, ...]) -> int:
        """The rung reached, counted from 1: by the hand-over, or by reminders that nobody heeded; 0 is none."""
        rungs = [self._climbed(clock) + 1 for clock in wound if clock.promise == "escalation" and clock.step]
        rungs += [self._climbed(clock) + 1 for clock in wound if clock.live and clock.step > clocks.BREACH]
        return max(rungs, default=0)

    def sayings(self, wound: tuple[Clock, ...]) -> list[Saying]:
        """The newest step of each clock that has reached one; the plan leaves out what was said before."""
        said = []
        for clock in wound:
            if not clock.step or not clock.live or clock.reached is None:
                continue
            if clock.promise == "escalation" and not self.row.handover:
                continue
            obligation = Obligation(clock.promise, clock.occasion, clock.step)
            role = self._role(clock)
            because = Because(clock.rule, TEXTS[clock.promise])
            said.append(Saying(obligation, clock, clock.reached, because, role, self._holder(role)))
        return said

    @property
    def _top(self) -> int:
        return len(self.policy.escalation.ladder) - 1

    def _climbed(self, clock: Clock) -> int:
        above = clock.step - 1 if clock.promise == "escalation" else clock.step - clocks.BREACH - 1
        return min(self._rung + max(above, 0), self._top)

    def _role(self, clock: Clock) -> str:
        if clock.promise != "escalation" and clock.step <= clocks.BREACH:
            return "" if self.ticket.assignee else self.policy.escalation.ladder[0]
        return self.policy.escalation.ladder[self._climbed(clock)]

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
        self,
        blank: Clock,
        cell: Cell,
        pauses: clocks.Pauses,
        kept: Event | None,
        *,
        warned: bool = True,
    ) -> Clock:
        dial = clocks.Dial(cell, self.calendar, pauses, self._last_reminder)
        warn = dial.warning(blank.started, self.policy.escalation.warn_at) if warned else None
        return _until(blank, dial, self.now, kept, warn)

    def _rule(self, promise: PromiseName) -> str:
        return f"escalation.toml: {self.rating.severity}.{promise}"

    def _assigned_at(self) -> datetime:
        given = [c.at for c in self.ticket.changes if c.field == "assignee" and c.after]
        return given[-1] if given else self.ticket.created

    def _taken(self, given: datetime) -> Event | None:
        """The first proof since `given` that a role-holder took the escalation: assigned, acknowledged, answered.

        Where nobody is on record for the role or above, any staff member's act counts.
        """
        ladder = self.policy.escalation.ladder[self._rung :]
        holders = {holder for role in ladder for holder in self._holders(role)}
        ticket, words = self.ticket, self.terms.mapping.acknowledge
        proofs = []
        if ticket.assignee and ticket.assignee.id in holders:
            proofs.append(contact.Event("assignee", self._assigned_at(), f"{ticket.assignee.name} owns it"))
        for comment in ticket.comments:
            if comment.author.side != "staff" or not given <= comment.at <= self.now:
                continue
            if comment.author.id in holders or not holders or contact.begins_with(comment, words.words):
                proofs.append(contact.Event(comment.id, comment.at, f"{comment.author.name} answered"))
        if ticket.labels & set(words.labels):
            proofs.append(contact.Event("label", given, f"label {min(ticket.labels & set(words.labels))}"))
        return min(proofs, key=lambda proof: proof.at, default=None)


def _until(
    blank: Clock, dial: clocks.Dial, now: datetime, kept: contact.Event | None, warn: datetime | None
) -> Clock:
    """The clock wound to `now`, or to the moment at which the promise was kept."""
    if kept is None:
        return clocks.wind(blank, dial, now, warn)
    wound = clocks.wind(blank, dial, max(kept.at, blank.started), warn)
    late = wound.due is not None and kept.at > wound.due
    note = f"{kept.what}{', late' if late else ''}"
    return replace(wound, state="met", met=kept.at, upcoming=None, note=note)
