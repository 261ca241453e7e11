"""What proves that the client was contacted, and what the history tells of a ticket's life."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync.mapping.parts import Amount
from sync.ticket import Audience, Status
from sync.words import normalised

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sync.mapping.tracker_models import Contact, Mapping
    from sync.ticket import Change, Comment, Ticket

CREATED = "created"
"""The occasion of whatever began with the ticket itself."""

UNTOLD = "resolved"
"""The occasion of what began with a solution that the history does not tell of."""

_LONGEST_DATE = len("2026-03-02")
_LONGEST_BEGINNING = 100  # characters of a comment among which a contact word is looked for


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: the tracker event's id, its instant, what it was, for people, and who did it."""

    id: str
    at: datetime
    what: str
    who: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Cycle:
    """The life of a ticket since it was last opened: by creation, or by a reopening."""

    event: str
    since: datetime


@dataclass(frozen=True, slots=True, order=True)
class Snooze:
    """A ticket put off: by which event, when, by whom, and until when."""

    event: str
    at: datetime
    who: str
    until: datetime


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


def ended(ticket: Ticket) -> Cycle | None:
    """The event that ended the present cycle, and when; None while the ticket is live."""
    at = resolved(ticket)
    if at is None:
        return None
    since = current_cycle(ticket).since
    moves = [move for move in _moves(ticket) if not Status(move.after).live and move.at >= since]
    return Cycle(moves[0].id, moves[0].at) if moves else Cycle(UNTOLD, at)


def waiting_since(ticket: Ticket) -> Cycle | None:
    """The event since which the ticket waits for the client, and when; None if it does not."""
    if ticket.status is not Status.WAITING:
        return None
    moves = [move for move in _moves(ticket) if move.after == Status.WAITING and move.before != Status.WAITING]
    return Cycle(moves[-1].id, moves[-1].at) if moves else Cycle(CREATED, opened(ticket))


def closed_at(ticket: Ticket) -> datetime | None:
    """When the ticket was closed; None if it is not, or its history does not tell."""
    moves = [move.at for move in _moves(ticket) if move.after == Status.CLOSED]
    return moves[-1] if moves and ticket.status is Status.CLOSED else None


def current_cycle(ticket: Ticket) -> Cycle:
    """The present cycle; its event is `created` or the id of the change that reopened the ticket.

    From done to waiting for the client nobody takes it up again; that is no reopening until somebody does.
    """
    cycle = Cycle(CREATED, opened(ticket))
    moves = _moves(ticket)
    done = bool(moves) and not Status(moves[0].before).live
    for move in moves:
        status = Status(move.after)
        if done and _runs(status):
            cycle = Cycle(move.id, move.at)
        done = not status.live or (done and not _runs(status))
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


def by_staff(change: Change) -> bool:
    """Whether staff made it, or nobody is named, as in an observation log."""
    return change.author.side in ("staff", "unknown")


def labels_added(change: Change) -> set[str]:
    """The labels that a change of labels put."""
    return set(change.after.split()).difference(change.before.split())


def labels_removed(change: Change) -> set[str]:
    """The labels that a change of labels took off."""
    return set(change.before.split()).difference(change.after.split())


def labels_kept_by_people(ticket: Ticket) -> set[str]:
    """The labels on the ticket that a person has put since anybody else did."""
    return {label for label in ticket.labels if (put := label_put(ticket, label)) and by_person(put)}


def label_put(ticket: Ticket, label: str) -> Change | None:
    """The last change that put the label; None if the history tells of none."""
    changes = (change for change in reversed(ticket.changes) if change.field == "labels")
    return next((change for change in changes if label in labels_added(change)), None)


def label_taken(ticket: Ticket, label: str) -> Change | None:
    """The last change that took the label off; None if the history tells of none."""
    changes = (change for change in reversed(ticket.changes) if change.field == "labels")
    return next((change for change in changes if label in labels_removed(change)), None)


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
    return sorted(set(proved), key=attrgetter("at", "id"))


def acknowledged(ticket: Ticket, mapping: Mapping) -> list[Event]:
    """Every time that somebody of the staff said "mine", oldest first; a label counts while it is there."""
    words, wanted = mapping.acknowledge.words, ticket.labels.intersection(mapping.acknowledge.labels)
    staff = (comment for comment in ticket.comments if comment.author.side == "staff")
    takes = [
        Event(each.id, each.at, f"{each.author.name} took it", each.author.name)
        for each in staff
        if begins_with(each, words)
    ]
    if wanted:
        puts = [each for each in ticket.changes if each.field == "labels" and by_staff(each)]
        puts = [each for each in puts if labels_added(each) & wanted]
        takes += [
            Event(each.id, each.at, f"{each.author.name or 'somebody'} put {min(wanted)}", each.author.name)
            for each in puts
        ]
        if not puts:
            takes.append(Event("acknowledged", ticket.created, f"label {min(wanted)}"))
    return sorted(takes, key=attrgetter("at", "id"))


def snoozed(ticket: Ticket, mapping: Mapping, zone: str, longest: timedelta) -> Snooze | None:
    """The newest word of the staff that puts the ticket off, by a comment or a label; None if there is none.

    `/snooze 2026-03-10` ends with the beginning of that day, `/snooze 3d` so much later; never later than
    `longest` after it was said. A label whose putting the history does not tell counts from the ticket's creation.
    """
    here = ZoneInfo(zone)
    said = [*_snoozed_by_word(ticket, mapping.snooze.words), *_snoozed_by_label(ticket, mapping.snooze.labels)]
    ends = [(event, until) for event in said if (until := _until(event.what, event.at, here))]
    if not ends:
        return None
    event, until = max(ends, key=lambda end: (end[0].at, end[0].id))
    return Snooze(event.id, event.at, event.who, min(until, event.at + longest))


def _snoozed_by_word(ticket: Ticket, words: Sequence[str]) -> Iterator[Event]:
    """Comments that begin with one of the words, and what follows it."""
    for comment in ticket.comments:
        if comment.author.side == "staff" and begins_with(comment, words):
            text = normalised(comment.text.lstrip()[:_LONGEST_BEGINNING])
            longest = max((word for word in _normalised(tuple(words)) if text.startswith(word)), key=len)
            for part in text.removeprefix(longest).split()[:2]:
                yield Event(comment.id, comment.at, part, comment.author.name)


def _snoozed_by_label(ticket: Ticket, beginnings: Sequence[str]) -> Iterator[Event]:
    """Labels that begin so, and how they end; one that somebody else than staff put last counts for nothing."""
    for label in ticket.labels:
        beginning = next((each for each in beginnings if label.startswith(each)), "")
        if not beginning:
            continue
        puts = [each for each in ticket.changes if each.field == "labels" and label in labels_added(each)]
        if not puts:
            yield Event(label, ticket.created, label.removeprefix(beginning))
        elif by_staff(puts[-1]):
            yield Event(puts[-1].id, puts[-1].at, label.removeprefix(beginning), puts[-1].author.name)


def _until(written: str, at: datetime, here: ZoneInfo) -> datetime | None:
    """The end of a snooze as it is written: a date, or an amount of time from `at`."""
    try:
        day = date.fromisoformat(written.strip(".,;:"))
    except ValueError:
        pass
    else:
        return datetime.combine(day, datetime.min.time(), here).astimezone(UTC)
    try:
        return at + Amount.parse(written.strip(".,;:")).elapsed()
    except ValueError:
        return None


def chased_at(ticket: Ticket, answered: datetime, times: int) -> Event | None:
    """The client's comment that is the `times`-th in a row since they were answered; None if there are fewer."""
    said = {each.id: each for each in ticket.comments if each.author.side == "client" and each.at > answered}
    if len(said) < times:
        return None
    comment = sorted(said.values(), key=attrgetter("at", "id"))[times - 1]
    return Event(comment.id, comment.at, "the client wrote again without an answer")


def approved(ticket: Ticket, mapping: Mapping) -> bool:
    """Whether somebody of the staff let messages about money reach the client, by a label that still stands.

    One that no history tells of came with the ticket: it counts unless an automation made that.
    """
    by_hand = ticket.reporter is None or ticket.reporter.side not in {"us", "machine"}
    return any(
        by_staff(puts[-1]) if puts else by_hand
        for label in ticket.labels.intersection(mapping.approval.labels)
        for puts in [[each for each in ticket.changes if each.field == "labels" and label in labels_added(each)]]
    )


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
        if not by_staff(change):
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
