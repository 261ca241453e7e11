"""What one ticket tells the others of its client: dates kept and missed, requests, and how the client behaves."""

from __future__ import annotations

from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync.judging import contact
from sync.judging.evidence import evidence_of, pledges, proofs
from sync.judging.facts import Deadline, Habits, Record, Told
from sync.judging.scope import request_of
from sync.judging.triggers import number
from sync.ticket import Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sync.judging.memory import Memory
    from sync.judging.promises import Terms
    from sync.mapping.policy import Policy
    from sync.ticket import Ticket

MOST_COMMENTS = 40
"""The client's newest comments on one ticket that are remembered."""


def told(ticket: Ticket, policy: Policy, terms: Terms, now: datetime, memory: Memory) -> Told:
    """What judging the client's other tickets may look at, but for severity and engagement."""
    return Told(
        deadlines=tuple(_deadlines(ticket, terms, now, memory)),
        satisfaction=number(ticket.fields.get("satisfaction", "")),
        request=request_of(ticket, terms.mapping, policy.practice.scope.decisions),
    )


def _deadlines(ticket: Ticket, terms: Terms, now: datetime, memory: Memory) -> Iterator[Deadline]:
    """Each promised date that has passed: missed if the ticket was not solved by then.

    One that was moved before it passed is no deadline any more.
    """
    zone, pledged = ZoneInfo(terms.zone), pledges(ticket, terms.mapping, memory)
    for place, pledge in enumerate(pledged):
        following = pledged[place + 1] if place + 1 < len(pledged) else None
        over = pledge.over(zone)
        if over > now or (following and following.at < over):
            continue
        yield Deadline(pledge.day, over, pledge.event, missed=not _solved(ticket, over))


def _solved(ticket: Ticket, at: datetime) -> bool:
    """Whether the ticket was resolved or closed at that instant, whatever became of it later."""
    moves = [change for change in ticket.changes if change.field == "status" and change.at <= at]
    if moves:
        return not Status(max(moves, key=attrgetter("at", "id")).after).live
    resolved = contact.resolved(ticket)
    return resolved is not None and resolved <= at


def next_deadline(ticket: Ticket, terms: Terms, now: datetime, memory: Memory) -> datetime | None:
    """When the promised date that holds will have passed; None if there is none, or it has."""
    pledged = pledges(ticket, terms.mapping, memory)
    over = pledged[-1].over(ZoneInfo(terms.zone)) if pledged else None
    return over if over and over > now else None


def habits(ticket: Ticket, terms: Terms, flags: frozenset[str]) -> Habits:
    """How the client behaves on the ticket, for early warnings; `flags` are the labels of red flags."""
    mapping, comments = terms.mapping, list(_comments(ticket, terms))
    missed = proofs(ticket, evidence_of(mapping, "missed_meeting"))
    concerns = proofs(ticket, evidence_of(mapping, "concern"))
    return Habits(
        comments=tuple(comments[-MOST_COMMENTS:]),
        missed_meetings=tuple(event.at for event in missed),
        concerns=tuple(event.at for event in concerns),
        flags=tuple(sorted(flags & ticket.labels)),
        complete_since=comments[-MOST_COMMENTS][0] if len(comments) > MOST_COMMENTS else None,
    )


def _comments(ticket: Ticket, terms: Terms) -> Iterator[tuple[datetime, int, int | None]]:
    """The client's comments: when, how long, and how many minutes after they first heard from us."""
    words = [(event.at, 0) for event in contact.contacts(ticket, terms.mapping, terms.zone)]
    words += [(each.at, len(each.text) or 1) for each in ticket.comments if each.author.side == "client"]
    asked: datetime | None = None
    for at, length in sorted(words):
        if not length:
            asked = asked or at
            continue
        yield at, length, round((at - asked) / timedelta(minutes=1)) if asked else None
        asked = None


def record(ticket: Ticket) -> Record:
    """What the registers show of the ticket."""
    fields = ticket.fields
    return Record(
        title=ticket.title[:200],
        url=ticket.url,
        owner=ticket.assignee.name if ticket.assignee else "",
        root_cause=fields.get("root_cause", ""),
        prevention=fields.get("prevention", ""),
        remedy=fields.get("remedy", ""),
        remedy_cost=fields.get("remedy_cost", ""),
        remedy_approved=fields.get("remedy_approved", ""),
        lesson=fields.get("lesson", ""),
    )
