"""What proves that the client was contacted, that someone took the ticket, and when it waited for the client."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync.ticket import Audience, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.mapping.models import Mapping
    from sync.ticket import Comment, Ticket


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


def current_cycle(ticket: Ticket) -> Cycle:
    """The present cycle; its event is `created` or the id of the change that reopened the ticket."""
    for change in reversed(ticket.changes):
        if change.field == "status" and Status(change.after).live and not Status(change.before).live:
            return Cycle(change.id, change.at)
    return Cycle("created", ticket.reported or ticket.created)


def contact_is_mapped(ticket: Ticket, mapping: Mapping) -> bool:
    """Whether anything on this ticket could ever prove client contact."""
    contact = mapping.contact
    return bool(
        contact.any_staff_comment
        or contact.words
        or contact.statuses
        or contact.labels
        or mapping.fields.contacted
        or (contact.client_readable_comment and Audience.CLIENT in ticket.audiences)
    )


def contacts(ticket: Ticket, mapping: Mapping, zone: str) -> list[Event]:
    """Every proven contact with the client, oldest first. Our own comments and other automations never count."""
    return sorted(_contacts(ticket, mapping, zone), key=lambda event: (event.at, event.id))


def _contacts(ticket: Ticket, mapping: Mapping, zone: str) -> Iterator[Event]:
    contact = mapping.contact
    for comment in ticket.comments:
        if comment.author.side != "staff":
            continue
        if begins_with(comment, contact.words):
            yield Event(comment.id, comment.at, f"“{comment.text.split(maxsplit=1)[0]}”, a contact word")
        elif contact.client_readable_comment and comment.audience is Audience.CLIENT:
            yield Event(comment.id, comment.at, "a comment that the client can read")
        elif contact.any_staff_comment:
            yield Event(comment.id, comment.at, "a staff comment")
    statuses = {name.casefold() for name in contact.statuses}
    labels = set(contact.labels)
    for change in ticket.changes:
        if change.field == "status" and change.said.rpartition(" → ")[2].casefold() in statuses:
            yield Event(change.id, change.at, f"status {change.said.rpartition(' → ')[2]}")
        elif change.field == "labels" and (set(change.after.split()) - set(change.before.split())) & labels:
            yield Event(change.id, change.at, "a contact label")
        elif change.field == "contacted" and change.after:
            yield Event(change.id, _field_instant(change.after, zone) or change.at, "the contact date field")
    yield from _standing_contact(ticket, zone, labels)


def _standing_contact(ticket: Ticket, zone: str, labels: set[str]) -> Iterator[Event]:
    """Contact that the ticket shows now though its history does not tell when it came."""
    told = {change.field for change in ticket.changes}
    value = ticket.fields.get("contacted")
    if value and "contacted" not in told and (at := _field_instant(value, zone)):
        yield Event("contacted", at, "the contact date field")
    if "labels" not in told and ticket.labels & labels:
        yield Event("contact-label", ticket.created, f"label {min(ticket.labels & labels)}")


def _field_instant(value: str, zone: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def begins_with(comment: Comment, words: list[str]) -> bool:
    """Whether a comment begins with one of the words, upper and lower case alike."""
    text = comment.text.lstrip().casefold()
    return any(
        text.startswith(word.casefold()) and not text[len(word) : len(word) + 1].isalnum() for word in words
    )


def pauses(ticket: Ticket) -> list[tuple[datetime, datetime | None]]:
    """When the ticket waited for the client, or was done: recomputed from its status history, oldest first.

    The last one is open-ended while it lasts. Before the first known change the status is taken to have been
    what that change says it was; duplicates and disorder in the history change nothing.
    """
    moves = [change for change in ticket.changes if change.field == "status"]
    held: Status = Status(moves[0].before) if moves else ticket.status
    spans: list[tuple[datetime, datetime | None]] = []
    since = None if _runs(held) else (ticket.reported or ticket.created)
    for move in moves:
        status = Status(move.after)
        if since is None and not _runs(status):
            since = move.at
        elif since is not None and _runs(status):
            if move.at > since:
                spans.append((since, move.at))
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


def _runs(status: Status) -> bool:
    return status in (Status.OPEN, Status.IN_PROGRESS)


def client_waits(ticket: Ticket, contacted: list[Event]) -> bool:
    """Whether the newest word is the client's."""
    said = [comment.at for comment in ticket.comments if comment.author.side == "client"]
    return bool(said) and (not contacted or said[-1] > contacted[-1].at)
