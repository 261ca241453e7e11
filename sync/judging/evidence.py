"""What proves that something promised was done: the mapping's evidence, found in a ticket's history."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from sync.judging.contact import Event, begins_with, labels_added
from sync.mapping.parts import Amount
from sync.mapping.tracker_models import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from sync.judging.memory import Memory
    from sync.mapping.tracker_models import Mapping, Proof
    from sync.ticket import Ticket

NO_EVIDENCE = Evidence()


def evidence_of(mapping: Mapping, name: Proof) -> Evidence:
    """What the mapping takes as proof; nothing, where it says nothing."""
    return mapping.evidence.get(name, NO_EVIDENCE)


def proofs(ticket: Ticket, evidence: Evidence) -> list[Event]:
    """Every proof on the ticket, oldest first; what stands there and no history tells of comes first of all."""
    found = [*_spoken(ticket, evidence), *_filled(ticket, evidence)]
    found += [*_labelled(ticket, evidence), *_moved(ticket, evidence)]
    return sorted(found, key=attrgetter("at", "id"))


def proved(ticket: Ticket, evidence: Evidence, since: datetime) -> Event | None:
    """The first proof since then; what stands there without a history counts as old as the ticket, and always."""
    for event in proofs(ticket, evidence):
        if event.at >= since:
            return event
        if event.id.startswith(STANDING):
            return Event(event.id, since, event.what)
    return None


STANDING = "stands:"
"""Begins the id of an event that the ticket shows now though its history does not tell when it came."""


def _spoken(ticket: Ticket, evidence: Evidence) -> Iterator[Event]:
    if not evidence.words:
        return
    for comment in ticket.comments:
        if comment.author.side == "staff" and begins_with(comment, evidence.words):
            yield Event(comment.id, comment.at, f"“{comment.text.split(maxsplit=1)[0]}”")


def _filled(ticket: Ticket, evidence: Evidence) -> Iterator[Event]:
    """All the fields are filled: from the change that filled the last of them, and anew by each that edits one."""
    names = evidence.fields
    if not names or not all(ticket.fields.get(name) for name in names):
        return
    changes = sorted({each for each in ticket.changes if each.field in names}, key=attrgetter("at", "id"))
    empty = [number for number, change in enumerate(changes) if not change.before or not change.after]
    what = f"{' and '.join(names)} filled"
    for change in changes[empty[-1] if empty else 0 :]:
        yield Event(change.id, change.at, what)
    if not empty:
        value = "|".join(ticket.fields[name] for name in names)
        yield Event(f"{STANDING}{value[:60]}", ticket.created, what)


def _labelled(ticket: Ticket, evidence: Evidence) -> Iterator[Event]:
    wanted = ticket.labels.intersection(evidence.labels)
    if not wanted:
        return
    puts = [each for each in ticket.changes if each.field == "labels" and labels_added(each) & wanted]
    if puts:
        last = max(puts, key=attrgetter("at", "id"))
        yield Event(last.id, last.at, f"label {min(wanted)}")
    else:
        yield Event(f"{STANDING}{min(wanted)}", ticket.created, f"label {min(wanted)}")


def _moved(ticket: Ticket, evidence: Evidence) -> Iterator[Event]:
    names = {name.casefold() for name in evidence.statuses}
    for change in ticket.changes if names else ():
        if change.field == "status" and (name := change.said.rpartition(" → ")[2]).casefold() in names:
            yield Event(change.id, change.at, f"status {name}")


# --- dates promised to the client --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pledge:
    """A date that people promised for the solution.

    `event` set it at `at`; `before` is the one it took the place of (None: none, or the client chose this one).
    """

    event: str
    at: datetime
    day: date
    before: date | None = None

    def over(self, zone: ZoneInfo) -> datetime:
        """When its day has passed, in that zone."""
        end = datetime.combine(self.day + timedelta(days=1), datetime.min.time(), zone)
        return end.astimezone(UTC)


def pledges(ticket: Ticket, mapping: Mapping, memory: Memory, until: datetime | None = None) -> list[Pledge]:
    """The dates promised on the ticket up to then, oldest first; the last of them holds.

    That is the mapped field `planned`, or else the due date as people set it; dates that we wrote are no promises.
    """
    name = "planned" if mapping.fields.planned else "due"
    told = sorted({change for change in ticket.changes if change.field == name}, key=attrgetter("at", "id"))
    if not told:
        day = _held(ticket, name)
        ours = name == "due" and memory.due_written and memory.due == day
        return [Pledge("created", ticket.created, day)] if day and not ours else []
    standing = _day(told[0].before) if told[0].author.side != "us" else None
    made = [Pledge("created", ticket.created, standing)] if standing else []
    for change in told:
        if until and change.at > until:
            break
        match change.author.side:
            case "us":
                standing = None
            case "machine":
                continue
            case side:
                day = _day(change.after)
                if day is None:
                    made.clear()
                elif day != standing:
                    made.append(Pledge(change.id, change.at, day, standing if side != "client" else None))
                standing = day
    return made


def moved_later(pledged: list[Pledge], since: datetime) -> Pledge | None:
    """The last move to a later day since then that no further move took back, with the day that holds now."""
    moved: Pledge | None = None
    for pledge in pledged:
        if pledge.before and pledge.day > pledge.before and pledge.at >= since:
            moved = pledge
        elif moved and moved.before and pledge.day <= moved.before:
            moved = None
    return replace(moved, day=pledged[-1].day) if moved else None


def _held(ticket: Ticket, name: str) -> date | None:
    return ticket.due if name == "due" else _day(ticket.fields.get(name, ""))


def _day(value: str) -> date | None:
    try:
        return datetime.fromisoformat(value).date() if value else None
    except ValueError:
        return None


# --- amounts in fields -------------------------------------------------------------------------------------------


def minutes(value: str) -> int | None:
    """The effort that a field tells: `90`, `1.5h`, `90m`, `2h 30m`; None if it tells none."""
    written = value.strip().lower().replace(",", ".").removesuffix("min").strip()
    hours = written.endswith("h")
    try:
        effort = round(float(written.removesuffix("h")) * (60 if hours else 1))
    except OverflowError:
        return None
    except ValueError:
        pass
    else:
        return effort if effort >= 0 else None
    try:
        return round(Amount.parse(written).elapsed().total_seconds() / 60)
    except ValueError:
        return None
