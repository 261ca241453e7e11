"""Tickets lived through again: judged at each moment of their life by no more than was known then."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.action import AddComment
from sync.judging.facts import fold
from sync.judging.memory import NOTHING
from sync.plan import Terms, plan_ticket
from sync.ticket import Person, Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sync.action import Obligation
    from sync.judging.facts import Facts
    from sync.judging.judgement import Judge, Judgement
    from sync.judging.memory import Memory
    from sync.ticket import Ticket

_TERMS = Terms("esc:", "full", timedelta(days=36500), lambda _judged, _sayings: ())


def as_of(ticket: Ticket, moment: datetime) -> Ticket:
    """The ticket as it stood at that moment, taken back by its history; its due date is left out.

    Who was assigned before is known by name alone. Title and text are those of today.
    """
    before: dict[str, str] = {}
    for change in reversed(ticket.changes):
        if change.at > moment:
            before[change.field] = change.before
    changes = tuple(change for change in ticket.changes if change.at <= moment)
    comments = tuple(comment for comment in ticket.comments if comment.at <= moment)
    assignee = ticket.assignee
    if "assignee" in before:
        assignee = Person(before["assignee"], before["assignee"], "staff") if before["assignee"] else None
    fields = {name: before.get(name, value) for name, value in ticket.fields.items()}
    return replace(
        ticket,
        status=Status(before.get("status", ticket.status)),
        labels=frozenset(before["labels"].split()) if "labels" in before else ticket.labels,
        assignee=assignee,
        due=None,
        resolved=ticket.resolved if ticket.resolved and ticket.resolved <= moment else None,
        fields={name: value for name, value in fields.items() if value},
        changes=changes,
        comments=comments,
        updated=max([ticket.created, *(one.at for one in changes), *(one.at for one in comments)]),
    )


@dataclass(slots=True)
class Life:
    """What became of one ticket until `until`.

    `judged` are its judgements, one at each event and whenever it asked to be judged; `memories` is what was
    remembered after each. `steps` has the highest step that each clock, by promise and occasion, reached while it
    was watched. `said` is what makegood would have said, in `comments` comments.
    """

    ticket: Ticket
    facts: Facts
    until: datetime
    judged: list[Judgement] = field(default_factory=list)
    memories: list[Memory] = field(default_factory=list)
    steps: dict[tuple[str, str], int] = field(default_factory=dict)
    said: list[Obligation] = field(default_factory=list)
    comments: int = 0

    def reached(self, promise: str) -> list[int]:
        """The highest step on each occasion of one promise."""
        return [step for (name, _), step in self.steps.items() if name == promise]

    def live(self, judge: Judge) -> None:
        """Live through it, from the ticket's first moment."""
        events = {self.until, *(one.at for one in self.ticket.comments), *(one.at for one in self.ticket.changes)}
        now: datetime | None = self.ticket.created
        memory = NOTHING
        while now is not None:
            judged = judge.judge(as_of(self.ticket, now), self.facts, now, memory=memory)
            memory = self._note(judged, memory)
            self.memories.append(memory)
            ahead = {at for at in {*events, judged.wake_at} if at is not None and now < at <= self.until}
            now = min(ahead, default=None)

    def _note(self, judged: Judgement, memory: Memory) -> Memory:
        self.judged.append(judged)
        for clock in judged.clocks:
            if clock.state != "off":
                key = (clock.promise, clock.occasion)
                self.steps[key] = max(self.steps.get(key, 0), clock.step)
        comments = [one for one in plan_ticket(judged, memory, _TERMS).actions if isinstance(one, AddComment)]
        self.said += [owed for comment in comments for owed in comment.obligations]
        self.comments += len(comments)
        return replace(memory, said=memory.said.union(*(comment.ids for comment in comments)))


def lives(tickets: Sequence[Ticket], judge: Judge, until: datetime) -> list[Life]:
    """Each ticket's life until then."""
    known = [judge.known(ticket, judge.classify(ticket), until) for ticket in tickets]
    folded = fold(known)
    found = []
    for ticket, own in zip(tickets, known, strict=True):
        life = Life(ticket, folded.of(own.client, ticket.site, ticket.id), until)
        life.live(judge)
        found.append(life)
    return found
