"""What is owed on a ticket: its promises as clocks, the role each step goes to, and what is to be said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from sync.action import Because, Obligation
from sync.judging import clocks, contact
from sync.judging.asking import Asked, Directory, Skipped
from sync.judging.facts import NO_FACTS, Facts
from sync.judging.memory import NOTHING, Memory
from sync.mapping.parts import Amount
from sync.ticket import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sync.judging.clocks import Clock
    from sync.judging.contact import Cycle, Event
    from sync.judging.severity import Rating
    from sync.judging.triggers import Pull
    from sync.mapping.client_models import ClientModel, EngagementModel
    from sync.mapping.escalation_models import Cell, Row
    from sync.mapping.policy import Policy
    from sync.mapping.practice import Care, PromisesFile
    from sync.mapping.tracker_models import Mapping as TrackerMapping
    from sync.promise_names import PromiseName
    from sync.ticket import Category, Language, Severity, Ticket
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
    tracker: str = ""


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing to be said on the ticket: the step of a clock, since when, to whom, and by which rule.

    `asked` is how many steps of it were said before, each to somebody who did not heed it. `audience` is who it is
    meant for at most.
    """

    obligation: Obligation
    clock: Clock
    since: datetime
    because: Because
    to: Asked
    asked: int = 0

    @property
    def role(self) -> str:
        """The role that is asked; empty for the ticket's owner."""
        return self.to.role

    @property
    def person(self) -> str:
        """The name of whoever is asked."""
        return self.to.person

    @property
    def to_client(self) -> bool:
        """Whether it is a message that the client may read."""
        return self.obligation.promise.startswith("client_")


@dataclass(frozen=True, slots=True)
class Withheld:
    """A message that the client did not get: what is wrong with it, and its text."""

    reason: str
    text: str


TEXTS: Mapping[PromiseName, str] = {
    "first_response": "the client is owed a first response",
    "owned": "nobody owns the ticket",
    "update": "the client is owed an update",
    "escalation": "the severity calls for the next role",
    "raised": "something raised the severity",
    "withdrawn": "what raised the severity has been gone for its whole window",
    "taken": "somebody took it, and reminders stop",
    "snoozed": "somebody put it off",
    "assessed": "the impact is to be assessed",
    "planned": "a date for the solution is owed",
    "agreed": "the client is to agree to the plan",
    "checkpoint": "a third of the way to what was promised",
    "slip": "a promised date slipped, and the client is to be told",
    "silence": "the client has been silent",
    "solution_told": "the client is to be told of the solution",
    "root_cause": "the root cause is to be recorded",
    "prevention": "a line is owed on what in the process allowed it",
    "verified": "the client is to be asked whether it is solved",
    "remedy": "the remedy is to be recorded",
    "post_mortem": "a post-mortem is owed",
    "post_mortem_actions": "each action of the post-mortem needs an owner",
    "lessons": "a lesson is to be kept",
    "scope_choice": "a request beyond the scope is to be decided",
    "scope_told": "goodwill is to be announced as such",
    "scope_consent": "the client's written consent is missing",
    "scope_talk": "the client's goodwill requests call for a talk about expectations",
    "scope_agreement": "the adjusted agreement is to be recorded",
    "realign": "change requests take too much of the budget: pause and realign",
    "checkin": "the internal check-in on how the client feels is due",
    "stakeholder_call": "the call with the stakeholders is due",
    "survey": "the survey is due",
    "milestone_review": "the review after a milestone is due",
    "kickoff": "how changes are handled is to be explained at kick-off",
    "withheld": "a message to the client was not sent",
    "client_received": "the client is told that we have it",
    "client_slip": "the client is told that the date moves",
    "client_resolved": "the client is told of the solution",
    "client_goodwill": "the client is told of the goodwill",
    "client_choice": "the client is given the choice",
}


@dataclass(frozen=True)
class Promises:
    """The promises of one live ticket, laid out from its history.

    `contacted` are the proven contacts with the client within the present cycle, `acknowledged` the times that
    somebody said "mine"; both up to `now`, oldest first. `memory` tells who was asked before: the ladder is
    climbed by asking, never by time alone, so that after downtime nobody is passed over. `ahead` is when the next
    contact was that lies in the future, by a clock that is ahead of ours.
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
    facts: Facts = NO_FACTS
    category: Category = "unclassified"
    engagement: EngagementModel | None = None
    ahead: datetime | None = None

    @cached_property
    def directory(self) -> Directory:
        """Who can be asked about the ticket today."""
        return Directory(
            self.policy,
            self.client,
            self.engagement,
            self.ticket.source,
            self.terms.tracker,
            self.now.astimezone(ZoneInfo(self.terms.zone)).date(),
            self.facts.left,
        )

    @property
    def practice(self) -> PromisesFile:
        """The promises beyond the matrix."""
        return self.policy.practice.promises

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
            _, rule = self._cell("first_response", self.rating.severity, cycle.since)
            note = "no evidence of client contact is mapped"
            return clocks.off("first_response", cycle.event, rule, cycle.since, note)
        return self._wound("first_response", cycle, (), kept)

    def owned(self) -> Clock | None:
        """Owned: somebody is named within the same time, from the opening or from the loss of the last owner."""
        want = contact.ownerless_since(self.ticket, self.cycle)
        return self._wound("owned", want, self.pauses, contact.owned_since(self.ticket))

    def update(self) -> Clock | None:
        """Updated: from each contact to the next, on the cadence; before the first contact only if they chase us.

        The acknowledgement promises the next word by the end of the client's working day, and a date that the
        client was promised counts where it is earlier. The client's chasing breaks the cadence at once. Any of
        these is a limit of its own where the severity has no cadence.
        """
        last, chased = self.contacted[-1] if self.contacted else None, self._chased()
        if last is None:
            if not chased or not contact.contact_is_mapped(self.ticket, self.terms.mapping):
                return None
            limit = (chased.at, "promises.toml: chased")
            return self._wound("update", contact.Cycle(chased.id, chased.at), (), None, by=limit, about=chased)
        limits = [*self._promised_word(last), *([(chased.at, "promises.toml: chased")] if chased else [])]
        by, occasion = min(limits, default=None), contact.Cycle(last.id, last.at)
        return self._wound("update", occasion, self.pauses, None, by=by, about=chased)

    def _chased(self) -> Event | None:
        """The comment by which the client, not answered since, breaks the cadence."""
        if self.practice.chased is None:
            return None
        answered = self.contacted[-1].at if self.contacted else self.cycle.since
        chased = contact.chased_at(self.ticket, answered, self.practice.chased.comments)
        return chased if chased and chased.at <= self.now else None

    def _promised_word(self, last: Event) -> Iterator[tuple[datetime, str]]:
        """The instants by which the client was promised the next word, after this contact, and by which rule."""
        told = self.practice.acknowledged
        if told and len(self.contacted) == 1 and self.rating.severity in told.severities:
            at = self._end_of_day(last.at, told.at_least.elapsed())
            if at:
                yield at, "promises.toml: acknowledged"
        named = self.ticket.fields.get("next_update", "")
        dated = len(named) <= len("2026-03-02")
        zone = self.calendar.zone if dated else self.terms.zone
        at = contact.noted(named, zone, last.at) if named else None
        if at and dated:
            at = clocks.end_of_day(self.calendar, at, timedelta(minutes=1))
        if at and at > last.at:
            yield at, "fields.next_update"

    def _end_of_day(self, at: datetime, at_least: timedelta) -> datetime | None:
        """The end of the working day; of that on which a pause that hides it is over, None while it lasts."""
        end = clocks.end_of_day(self.calendar, at, at_least)
        for begin, over in self.pauses:
            if begin >= end or (over and over <= at):
                continue
            if over is None:
                return None
            end = clocks.end_of_day(self.calendar, over, at_least)
        return end

    def escalation(self) -> Clock:
        """Escalated: handed over once the facts are gathered, and taken by the role-holder within the limit.

        It counts from the event since which the ticket has been so severe, from its reopening, or from what has
        brought in a higher role since. Without a limit the role is named and nobody is chased.
        """
        risen, cell = self.rating.risen[-1], self.row.escalation.taken
        if risen.at < self.cycle.since:
            risen = contact.Event(self.cycle.event, self.cycle.since, "reopened")
        brought = [
            pull for pull in self.rating.pulls if pull.at > risen.at and self._brings_in(pull) > self._own_rung
        ]
        if brought:
            risen = contact.Event(brought[-1].event, brought[-1].at, brought[-1].grounds.sentence)
        dial = self._handover
        started = dial.opening(risen.at + self.policy.escalation.gather.elapsed())
        granted = self.memory.granted.get(("escalation", risen.id))
        if granted and granted.by is None:
            started = max(started, granted.since)
        taken = self._taken(risen.at)
        start = clocks.Start(
            "escalation", risen.id, f"escalation.toml: {self.rating.severity}.escalation", started
        )
        return clocks.wind(start, dial, self.now, started, taken) if cell else _named(start, self.now, taken)

    @cached_property
    def _handover(self) -> clocks.Dial:
        """How time is counted for the hand-over."""
        last_step = max(clocks.BREACH, len(self._rungs))
        cell = self.row.escalation.taken or self.row.first_response
        return clocks.Dial(cell, self.calendar, self.pauses, last_step)

    def level(self, wound: Sequence[Clock], waiting: Collection[Clock] = ()) -> int:
        """The rung reached, counted from 1: by the hand-over, or by reminders that nobody heeded; 0 is none.

        Those `waiting` to be said have asked nobody yet: the step before theirs counts.
        """
        wound = [replace(clock, step=clock.step - 1) if clock in waiting else clock for clock in wound]
        rungs = [self._climbed(clock) + 1 for clock in wound if clock.promise == "escalation" and clock.step]
        rungs += [self._climbed(clock) + 1 for clock in wound if clock.live and self._past_the_owner(clock)]
        return max(rungs, default=0)

    def heard(self, wound: Iterable[Clock]) -> Iterator[Clock]:
        """What is told once of the ticket: raises, their withdrawal, and that somebody took it or put it off."""
        rating, since = self.rating, self.cycle.since
        for raising in rating.raises:
            told = self._handover.opening(raising.pull.at + self.policy.escalation.gather.elapsed())
            yield self._notice("raised", raising.pull.occasion, told, raising)
        for raising in rating.withdrawn:
            pull, ticket = raising.pull, self.ticket
            said = self.memory.last_step(ticket.site, ticket.id, "raised", pull.occasion, clocks.WARNING)
            if said and pull.until and pull.until >= since:
                yield self._notice("withdrawn", pull.occasion, pull.until, raising)
        stopped = {event.id: event for clock in wound if clock.step and (event := self._stopped(clock))}
        for event in stopped.values():
            yield self._notice("taken", event.id, event.at, event)
        if snooze := self.snoozed:
            yield self._notice("snoozed", snooze.event, snooze.at, snooze, snooze.until)

    def _stopped(self, clock: Clock) -> Event | None:
        """Who said "mine" once a role was asked, or the owner was told of the breach; None if nobody did."""
        since = clock.warn if clock.promise == "escalation" else clock.due
        said = (event for event in self.acknowledged if since and event.at >= since)
        return next((event for event in said if clock.met is None or event.at <= clock.met), None)

    def _notice(
        self, promise: PromiseName, occasion: str, at: datetime, about: object, until: datetime | None = None
    ) -> Clock:
        return clocks.notice(clocks.Start(promise, occasion, _RULES[promise], at, about=about), self.now, until)

    @cached_property
    def snoozed(self) -> contact.Snooze | None:
        """The word that puts the ticket off; None if there is none, or the policy lets nobody do so."""
        allowed = self.policy.practice.attention.snooze
        if allowed is None:
            return None
        snooze = contact.snoozed(self.ticket, self.terms.mapping, self.terms.zone, allowed.longest.elapsed())
        return snooze if snooze and self.cycle.since <= snooze.at <= self.now else None

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
            because = Because(clock.rule, TEXTS[clock.promise])
            said.append(Saying(obligation, clock, clock.reached, because, self._to(clock), self._asked(clock)))
        return said

    @cached_property
    def _rung(self) -> int:
        """The first rung that is asked: the severity's, or a higher one that a trigger brings in."""
        return max([self._own_rung, *map(self._brings_in, self.rating.pulls)])

    @property
    def _own_rung(self) -> int:
        return self.policy.escalation.ladder.index(self.row.escalation.to)

    def _brings_in(self, pull: Pull) -> int:
        """The rung of the role that a trigger brings in; 0 if it brings in nobody."""
        match pull.trigger.bring_in:
            case "":
                return 0
            case "next":
                return min(self._own_rung + 1, self._top)
            case role:
                return self.policy.escalation.ladder.index(role)

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

    @cached_property
    def _rungs(self) -> list[int]:
        """The rungs that can be asked today, from the first that a hand-over goes to."""
        ladder = self.policy.escalation.ladder
        return [rung for rung in range(self._rung, len(ladder)) if self.directory.can_be_asked(ladder[rung])]

    @cached_property
    def _reminded(self) -> list[int]:
        """The rungs that reminders climb: those that can be asked, but for whoever was asked to begin with."""
        ladder, first = self.policy.escalation.ladder, self._first_asked
        if first.role:
            return [rung for rung in self._rungs if rung > ladder.index(first.role)]
        return [rung for rung in self._rungs if self.directory.first_there([ladder[rung]]).id != first.id]

    @cached_property
    def _first_asked(self) -> Asked:
        """Who keeps the ticket's promises: its owner, or the first role of the ladder that is there instead."""
        ladder = self.policy.escalation.ladder
        match self.directory.owner(self.ticket):
            case Asked() as owner:
                return owner
            case Skipped() as absent:
                return self.directory.first_there(ladder, (absent,))
            case None:
                return self.directory.first_there(ladder)

    def _place(self, clock: Clock) -> tuple[list[int], int]:
        """The rungs that the clock climbs, and at which of them it stands: as often as it was said before."""
        escalated, asked = clock.promise == "escalation", self._asked(clock)
        rungs = (self._rungs if escalated else self._reminded) or [self._rung]
        return rungs, min(asked if escalated else asked - 1, len(rungs) - 1)

    def _climbed(self, clock: Clock) -> int:
        rungs, place = self._place(clock)
        return rungs[place]

    def _to(self, clock: Clock) -> Asked:
        """Whom the present step asks: the owner, or for an escalation and what nobody heeded the next role."""
        if clock.promise in _ASKS_NOBODY:
            return Asked("")
        if clock.promise != "escalation" and not self._past_the_owner(clock):
            return self._first_asked
        rungs, place = self._place(clock)
        begin = rungs[place - 1] + 1 if place else self._rung
        end = rungs[place] if self._rungs else self._top
        passed = [rung for rung in range(begin, end) if rung not in self._rungs]
        return self.directory.first_there([self.policy.escalation.ladder[rung] for rung in (*passed, end)])

    def _wound(  # noqa: PLR0913 - what a promise began with and what limits it
        self,
        promise: PromiseName,
        occasion: Cycle,
        pauses: clocks.Pauses,
        kept: Event | None,
        *,
        by: tuple[datetime, str] | None = None,
        about: object = None,
    ) -> Clock | None:
        """The clock of a promise that began with this occasion; None where the severity makes no such promise.

        `by` is a further limit and its rule, which stands even where the severity has none.
        """
        limit = self._limit(promise, occasion.since, pauses)
        if limit is None and by is None:
            return None
        cell, known, rule = limit or (self.row.first_response, None, "")
        start = clocks.Start(
            promise,
            occasion.event,
            rule,
            occasion.since,
            by=by[0] if by else None,
            about=about,
            known=known,
            alone=limit is None,
        )
        clock = self.wind(start, cell, pauses, kept, warned=promise != "owned")
        return replace(clock, rule=by[1]) if by and clock.due == by[0] else clock

    def wind(  # noqa: PLR0913 - what a promise began with and how it runs
        self,
        start: clocks.Start,
        cell: Cell,
        pauses: clocks.Pauses,
        kept: Event | None,
        *,
        warned: bool = True,
        climbs: bool = True,
    ) -> Clock:
        """The clock of any promise by its cell. `climbs`: nobody heeding it, it goes up the ladder.

        One that does not climb stays broken once that was said. `warned`: it is told before, too.
        """
        last_step = clocks.BREACH + (len(self._reminded) if climbs else 0)
        dial, share = clocks.Dial(cell, self.calendar, pauses, last_step, self.acknowledged), self._warn_at
        warn = dial.warning(start.at, share) if warned else None
        if start.known:
            not_before = dial.warning_period(start.known, share) or clocks.NEVER
            if (due := dial.after(start.at)) and due < not_before:
                start, warn = start._replace(not_before=not_before), start.known if warned else None
        if warned and start.by and (start.alone or (warn and warn >= start.by)):
            warn = dial.part(start.at, start.by, share)
        if granted := self.memory.granted.get((start.promise, start.occasion)):
            end, limit = dial.warning_period(granted.since, share), clocks.limit(start, dial)
            end = min(end, granted.by) if end and granted.by else end
            if limit and (end is None or limit < end):
                start = start._replace(by=end, alone=True)
                warn = granted.since if warned else None
        clock = clocks.wind(start, dial, self.now, warn, kept)
        return clock if climbs or clock.state != "rests" else replace(clock, state="broken")

    @property
    def _warn_at(self) -> float:
        return self.policy.escalation.warn_at

    def _limit(
        self, promise: PromiseName, since: datetime, pauses: clocks.Pauses
    ) -> tuple[Cell, datetime | None, str] | None:
        """The cell that runs out first, since when that could be known if it is later, and its rule.

        That is the present severity's, counted from the beginning; where a raise would have broken it at once, one
        warning period from the raise on. What a lower severity had promised before the raise still stands.
        """
        present, rule = self._cell(promise, self.rating.severity, since)
        if present is None or self.rating.risen[-1].at <= since:
            return (present, None, rule) if present else None
        limits = []
        for severity, event in zip(SEVERITIES, self.rating.risen, strict=False):
            cell, named = self._cell(promise, severity, since)
            if cell:
                dial, known = clocks.Dial(cell, self.calendar, pauses), event.at if event.at > since else None
                given = (dial.warning_period(known, self._warn_at) or clocks.NEVER) if known else since
                limits.append((cell, known, named, max(dial.after(since) or clocks.NEVER, given)))
        cell, known, rule, _ = min(reversed(limits), key=lambda limit: limit[3])
        return cell, known, rule

    def _cell(self, promise: PromiseName, severity: Severity, since: datetime) -> tuple[Cell | None, str]:
        """What a severity promises from then on, and where that is written."""
        row = self.policy.escalation.row(severity)
        if promise != "update":
            return row.first_response, f"escalation.toml: {severity}.first_response"
        own = self.client.update.get(severity) if self.client else None
        cell = own or row.update
        rule = f"clients.toml: update.{severity}" if own else f"escalation.toml: {severity}.update"
        if cadence := self._cadence():
            counted = cell or row.first_response
            return counted.model_copy(update={"within": cadence, "warn_after": None}), "fields.cadence"
        if cell and (care := self.heightened(since)):
            within, warn = cell.within.times(care.share), cell.warn_after and cell.warn_after.times(care.share)
            cell = cell.model_copy(update={"within": within, "warn_after": warn})
            rule = f"promises.toml: heightened_care × {rule}"
        return cell, rule

    def _cadence(self) -> Amount | None:
        """The ticket's own cadence, if its field holds one; no time at all is none."""
        try:
            cadence = Amount.parse(self.ticket.fields["cadence"])
        except (KeyError, ValueError):
            return None
        return cadence if cadence.elapsed() else None

    def heightened(self, at: datetime) -> Care | None:
        """The care that the client's recovery from something grave calls for on their other tickets at that time.

        What was promised before the recovery stays as it was promised, and what was promised within the window
        too when it is over.
        """
        care = self.practice.heightened_care
        if care is None:
            return None
        lasts = care.lasts.elapsed()
        recovered = any(
            known.resolved and known.told.severity in care.after and known.resolved <= at < known.resolved + lasts
            for known in self.facts.others()
        )
        return care if recovered else None

    def _taken(self, given: datetime) -> Event | None:
        """The first proof since `given` that the role-holder took it: assigned, acknowledged, or answered.

        A holder of the role or of one above it who has had the ticket all along has taken it too. Where nobody is
        on record for these roles, any staff member's act counts, but not that somebody had the ticket before.
        """
        ladder, ticket = self.policy.escalation.ladder[self._rung :], self.ticket
        holders = {holder for role in ladder for holder in self.directory.holders(role)}
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


_ASKS_NOBODY = frozenset({"taken", "snoozed"})
_RULES: Mapping[str, str] = {
    "raised": "severity.toml: trigger",
    "withdrawn": "severity.toml: trigger",
    "taken": "acknowledge",
    "snoozed": "attention.toml: snooze",
}


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
