"""What proves that the client was contacted, and what the history tells of a ticket's life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync.ticket import Audience, Status
from sync.words import normalised

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sync.mapping.models import Contact, Mapping
    from sync.ticket import Change, Comment, Ticket

CREATED = "created"
"""The occasion of whatever began with the ticket itself."""

_LONGEST_DATE = len("2026-03-02")
_LONGEST_BEGINNING = 100  # characters of a comment among which a contact word is looked for


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: the tracker event's id, its instant, and what it was, for people."""

    id: str
    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Cycle:
    """The life of a ticket since it was last opened: by creation, or by a reopening."""

    event: str
    since: datetime


# --- the ticket's life -------------------------------------------------------------------------------------------


def opened(ticket: Ticket) -> datetime:
    """When the client said it, or else when the ticket was made."""
    return ticket.reported or ticket.created


def resolved(ticket: Ticket) -> datetime | None:
    """Since when the ticket is resolved or closed; None while it is live."""
    if ticket.status.live:
        return None
    ended = None
    for move in _moves(ticket):
        ended = None if Status(move.after).live else ended or move.at
    return ticket.resolved or ended or ticket.updated


def current_cycle(ticket: Ticket) -> Cycle:
    """The present cycle; its event is `created` or the id of the change that reopened the ticket."""
    cycle = Cycle(CREATED, opened(ticket))
    moves = _moves(ticket)
    live = Status(moves[0].before).live if moves else True
    for move in moves:
        was, live = live, Status(move.after).live
        if live and not was:
            cycle = Cycle(move.id, move.at)
    return cycle


def pauses(ticket: Ticket) -> list[tuple[datetime, datetime | None]]:
    """When the ticket waited for the client, or was done: recomputed from its status history, oldest first.

    The last one is open-ended while it lasts. Before the first known change the status is taken to have been
    what that change says it was; duplicates and disorder in the history change nothing. Where the history does
    not arrive at the present status, that one holds since the last update.
    """
    told = _moves(ticket)
    moves = [(move.at, Status(move.after)) for move in told]
    if moves and moves[-1][1] is not ticket.status:
        moves.append((max(ticket.updated, moves[-1][0]), ticket.status))
    since = None if _runs(Status(told[0].before) if told else ticket.status) else opened(ticket)
    spans: list[tuple[datetime, datetime | None]] = []
    for at, status in moves:
        if since is None and not _runs(status):
            since = at
        elif since is not None and _runs(status):
            if at > since:
                spans.append((since, at))
            since = None
    if since is not None:
        spans.append((since, None))
    return spans


def time_in_status(ticket: Ticket, until: datetime) -> dict[Status, timedelta]:
    """How long the ticket has been in each status, elapsed, from its opening until then; from its history."""
    told = [change for change in ticket.changes if change.field == "status"]
    status = Status(told[0].before) if told else ticket.status
    since = min([ticket.reported or ticket.created, *(move.at for move in told[:1])])
    moves = [move for move in told if move.at <= until]
    spent: dict[Status, timedelta] = {}
    for at, following in [*((move.at, Status(move.after)) for move in moves), (until, None)]:
        spent[status] = spent.get(status, timedelta()) + max(at - since, timedelta())
        since, status = at, following or status
    return spent


def ownerless_since(ticket: Ticket, cycle: Cycle) -> Cycle:
    """From when the ticket has been in want of an owner: the cycle's beginning, or the loss of its last owner."""
    lost = [change for change in ticket.changes if change.field == "assignee" and not change.after]
    return Cycle(lost[-1].id, lost[-1].at) if lost and lost[-1].at > cycle.since else cycle


def owned_since(ticket: Ticket) -> Event | None:
    """The change by which the ticket came from nobody to its owner, or its creation; None if nobody owns it."""
    if ticket.assignee is None:
        return None
    for change in reversed(ticket.changes):
        if change.field == "assignee" and not change.before:
            return Event(change.id, change.at, f"{ticket.assignee.name} owns it")
    return Event(CREATED, ticket.created, f"{ticket.assignee.name} owns it")


def assigned(ticket: Ticket) -> Event | None:
    """The change by which the present owner got the ticket, or its creation; None if nobody owns it."""
    if ticket.assignee is None:
        return None
    given = [change for change in ticket.changes if change.field == "assignee" and change.after]
    event, at = (given[-1].id, given[-1].at) if given else (CREATED, ticket.created)
    return Event(event, at, f"{ticket.assignee.name} owns it")


def _moves(ticket: Ticket) -> list[Change]:
    """The ticket's changes of status, oldest first."""
    return sorted((change for change in ticket.changes if change.field == "status"), key=attrgetter("at", "id"))


def _runs(status: Status) -> bool:
    return status in (Status.OPEN, Status.IN_PROGRESS)


def by_person(change: Change) -> bool:
    """Whether a person made it: neither we nor another automation."""
    return change.author.side not in ("us", "machine")


def _by_staff(change: Change) -> bool:
    """Whether staff made it, or nobody is named, as in an observation log."""
    return change.author.side in ("staff", "unknown")


def labels_added(change: Change) -> set[str]:
    """The labels that a change of labels put."""
    return set(change.after.split()).difference(change.before.split())


def labels_removed(change: Change) -> set[str]:
    """The labels that a change of labels took off."""
    return set(change.before.split()).difference(change.after.split())


def labels_by_people(ticket: Ticket) -> set[str]:
    """Every label that some person has put at some time."""
    changes = (change for change in ticket.changes if change.field == "labels" and by_person(change))
    return {label for change in changes for label in labels_added(change)}


# --- contact with the client -------------------------------------------------------------------------------------


def contact_is_mapped(ticket: Ticket, mapping: Mapping) -> bool:
    """Whether anything on this ticket could ever prove client contact."""
    contact = mapping.contact
    readable = contact.client_readable_comment and Audience.CLIENT in ticket.audiences
    told_by_staff = contact.any_staff_comment or contact.words or readable
    told_by_the_ticket = contact.statuses or contact.labels or mapping.fields.contacted
    return bool((told_by_staff and mapping.people.knows_staff()) or told_by_the_ticket)


def contacts(ticket: Ticket, mapping: Mapping, zone: str) -> list[Event]:
    """Every proven contact with the client, oldest first. Our own comments and other automations never count."""
    proved = [*_spoken(ticket, mapping.contact), *_changed(ticket, mapping.contact, zone)]
    proved += _standing(ticket, mapping.contact, zone)
    return sorted(proved, key=attrgetter("at", "id"))


def acknowledged(ticket: Ticket, mapping: Mapping) -> list[Event]:
    """Every time that somebody of the staff said "mine", oldest first; a label counts while it is there."""
    words, wanted = mapping.acknowledge.words, ticket.labels.intersection(mapping.acknowledge.labels)
    staff = (comment for comment in ticket.comments if comment.author.side == "staff")
    takes = [Event(each.id, each.at, f"{each.author.name} took it") for each in staff if begins_with(each, words)]
    if wanted:
        puts = [each for each in ticket.changes if each.field == "labels" and _by_staff(each)]
        puts = [each for each in puts if labels_added(each) & wanted]
        takes += [Event(each.id, each.at, f"{each.author.name or 'somebody'} put {min(wanted)}") for each in puts]
        if not puts:
            takes.append(Event("acknowledged", ticket.created, f"label {min(wanted)}"))
    return sorted(takes, key=attrgetter("at", "id"))


def client_waits(ticket: Ticket, contacted: Sequence[Event]) -> bool:
    """Whether the newest word is the client's."""
    said = [comment.at for comment in ticket.comments if comment.author.side == "client"]
    return bool(said) and (not contacted or said[-1] > contacted[-1].at)


def _spoken(ticket: Ticket, contact: Contact) -> Iterator[Event]:
    for comment in ticket.comments:
        if comment.author.side != "staff":
            continue
        if begins_with(comment, contact.words):
            yield Event(comment.id, comment.at, f"“{comment.text.split(maxsplit=1)[0]}”, a contact word")
        elif contact.client_readable_comment and comment.audience is Audience.CLIENT:
            yield Event(comment.id, comment.at, "a comment that the client can read")
        elif contact.any_staff_comment:
            yield Event(comment.id, comment.at, "a staff comment")


def _changed(ticket: Ticket, contact: Contact, zone: str) -> Iterator[Event]:
    statuses = {name.casefold() for name in contact.statuses}
    for change in ticket.changes:
        if not _by_staff(change):
            continue
        if change.field == "status" and (name := change.said.rpartition(" → ")[2]).casefold() in statuses:
            yield Event(change.id, change.at, f"status {name}")
        elif change.field == "labels" and not labels_added(change).isdisjoint(contact.labels):
            yield Event(change.id, change.at, "a contact label")
        elif change.field == "contacted" and change.after:
            at = noted(change.after, zone, change.at) or change.at
            yield Event(change.id, at, "the contact date field")


def _standing(ticket: Ticket, contact: Contact, zone: str) -> Iterator[Event]:
    """Contact that the ticket shows now though its history does not tell when it came.

    There is no event to name an occasion after, so the field's value does: another date is another contact.
    """
    told = {change.field for change in ticket.changes}
    value = ticket.fields.get("contacted")
    if value and "contacted" not in told and (at := noted(value, zone, opened(ticket))):
        yield Event(f"contacted {value}", at, "the contact date field")
    if "labels" not in told and (label := min(ticket.labels.intersection(contact.labels), default="")):
        yield Event("contact-label", ticket.created, f"label {label}")


def noted(value: str, zone: str, known: datetime) -> datetime | None:
    """The instant that a contact field tells, None if it is no date.

    A date alone is the beginning of its day, except on the day of `known`, before which it was not.
    """
    here = ZoneInfo(zone)
    try:
        at = datetime.fromisoformat(value)
        day = date.fromisoformat(value) if len(value) <= _LONGEST_DATE else None
    except ValueError:
        return None
    if day == known.astimezone(here).date():
        return known
    return (at if at.tzinfo else at.replace(tzinfo=here)).astimezone(UTC)


def begins_with(comment: Comment, words: Sequence[str]) -> bool:
    """Whether a comment begins with one of the words, whatever its case and width.

    A word ends where its letters do; after Japanese, which writes no spaces, anything may follow.
    """
    beginnings = _normalised(tuple(words))
    text = normalised(comment.text.lstrip()[:_LONGEST_BEGINNING])
    return text.startswith(beginnings) and any(
        text.startswith(word) and not (_spelt(text[len(word) - 1]) and _spelt(text[len(word) : len(word) + 1]))
        for word in beginnings
    )


@cache
def _normalised(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(filter(None, map(normalised, words)))


def _spelt(sign: str) -> bool:
    """Whether it is a digit, or a letter of an alphabet: one that has upper and lower case."""
    return sign.isdigit() or sign.lower() != sign.upper()
