"""The life of a ticket in the order in which it happened, and what lies ahead of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sync.explaining.clocks import ahead
from sync.judging import contact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sync.judging.clocks import Clock
    from sync.judging.judgement import Judgement
    from sync.mapping.tracker_models import Mapping as TrackerMapping
    from sync.state.records import JournalEntry
    from sync.ticket import Change, Comment, Ticket

    Told = Callable[[datetime | None], str | None]


class Happened(NamedTuple):
    """One thing that happened. `kind` is `life`, `people`, `client`, `contact`, `promise` or `makegood`."""

    at: datetime
    kind: str
    what: str
    who: str = ""


def timeline(
    judged: Judgement,
    mapping: TrackerMapping,
    spoken: Mapping[str, datetime],
    journal: Sequence[JournalEntry],
    told: Told,
) -> list[dict[str, Any]]:
    """What happened, oldest first, then what comes by itself; texts of comments are never quoted.

    `ahead` tells the one from the other.
    """
    ticket = judged.ticket
    happened = {
        *_life(ticket),
        *_changes(ticket),
        *_said(judged, mapping, spoken),
        *_severity(judged),
        *_promises(judged),
        *_written(journal),
    }
    past = [
        {"at": told(each.at), "kind": each.kind, "what": each.what, "who": each.who, "ahead": False}
        for each in sorted(each for each in happened if each.at <= judged.now)
    ]
    coming = [
        {
            "at": each["at"],
            "kind": "promise" if each["promise"] else "makegood",
            "what": f"{each['promise'].replace('_', ' ')}: {each['what']}" if each["promise"] else each["what"],
            "who": "",
            "ahead": True,
        }
        for each in ahead(judged, told)
    ]
    return past + coming


def _life(ticket: Ticket) -> Iterator[Happened]:
    who = ticket.reporter.name if ticket.reporter else ""
    if ticket.reported and ticket.reported < ticket.created:
        yield Happened(ticket.reported, "life", "the client said it", who)
        yield Happened(ticket.created, "life", "the ticket was made", who)
    else:
        yield Happened(ticket.created, "life", "opened", who)
    moved = any(change.field == "status" for change in ticket.changes)
    if ticket.resolved and not moved:
        yield Happened(ticket.resolved, "life", str(ticket.status))
    if ticket.complete_since:
        yield Happened(ticket.complete_since, "life", "from here on the history is complete")


def _changes(ticket: Ticket) -> Iterator[Happened]:
    """What people and machines changed; what we did ourselves the journal tells better."""
    for change in ticket.changes:
        if change.author.side != "us":
            yield Happened(change.at, "people", _changed(change), change.author.name)


def _changed(change: Change) -> str:
    match change.field:
        case "status":
            return f"status {change.said or f'{change.before} → {change.after}'}"
        case "labels":
            put = [f"+{label}" for label in sorted(contact.labels_added(change))]
            off = [f"−{label}" for label in sorted(contact.labels_removed(change))]
            return f"labels {' '.join([*put, *off])}"
        case name:
            return f"{name.replace('_', ' ')} {change.said or f'{change.before} → {change.after}'}"


def _said(judged: Judgement, mapping: TrackerMapping, spoken: Mapping[str, datetime]) -> Iterator[Happened]:
    """Who wrote, and what it counted as; the comments of ours that are gone are told too."""
    ticket = judged.ticket
    meant = {event.id: f"contact: {event.what}" for event in judged.contacted}
    meant |= {event.id: event.what for event in contact.acknowledged(ticket, mapping)}
    there: set[str] = set()
    for comment in ticket.comments:
        there.add(comment.id)
        yield _comment(comment, meant.get(comment.id, ""))
    for event in judged.contacted:
        if event.id not in there:
            yield Happened(event.at, "contact", f"contact: {event.what}")
    for comment_id, at in spoken.items():
        if comment_id not in there:
            yield Happened(at, "makegood", "makegood wrote a comment, which is gone")


def _comment(comment: Comment, meant: str) -> Happened:
    to = f" ({comment.audience})" if comment.author.side != "client" else ""
    if comment.author.side == "us":
        return Happened(comment.at, "makegood", f"makegood wrote a comment{to}")
    if comment.author.side == "client":
        return Happened(comment.at, "client", "the client wrote", comment.author.name)
    return Happened(comment.at, "contact" if meant else "people", meant or f"a comment{to}", comment.author.name)


def _severity(judged: Judgement) -> Iterator[Happened]:
    rating = judged.rating
    for each in rating.raises:
        yield Happened(each.pull.at, "promise", f"raised from {each.before} to {each.after}: {each.evidence}")
    for each in rating.withdrawn:
        if each.pull.until:
            what = f"back from {each.before} to {each.after}: {each.evidence} is over"
            yield Happened(each.pull.until, "promise", what)


def _promises(judged: Judgement) -> Iterator[Happened]:
    for clock in judged.clocks:
        if clock.state not in ("off", "notice"):
            yield from _promise(clock)


def _promise(clock: Clock) -> Iterator[Happened]:
    name = clock.promise.replace("_", " ")
    if clock.due and (clock.met is None or clock.due < clock.met):
        yield Happened(clock.due, "promise", f"{name}: broken")
    if clock.met and clock.met > clock.started:
        yield Happened(clock.met, "promise", f"{name}: kept{f' ({clock.note})' if clock.note else ''}")


def _written(journal: Sequence[JournalEntry]) -> Iterator[Happened]:
    """What makegood wrote, by its journal; its comments are on the ticket itself."""
    for entry in journal:
        if entry.outcome != "settled" or entry.kind == "comment":
            continue
        yield Happened(
            entry.intended_at, "makegood", f"makegood: {_wrote(entry)}", f"run {entry.run}" if entry.run else ""
        )


def _wrote(entry: JournalEntry) -> str:
    match entry.kind:
        case "follow_up":
            return "made a follow-up"
        case "delete":
            return "deleted a comment of its own"
        case _:
            put = [f"+{label}" for label in cast("list[str]", entry.detail.get("add", []))]
            off = [f"−{label}" for label in cast("list[str]", entry.detail.get("remove", []))]
            due = [f"due {entry.detail['due'] or 'emptied'}"] if "due" in entry.detail else []
            assigned = [f"assigned to {entry.detail['assign']}"] if entry.detail.get("assign") else []
            return " ".join([*put, *off, *due, *assigned]) or "an edit"
