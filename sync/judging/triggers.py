"""What happened, on a ticket or on its client's others, that raises it: each with its evidence and its window."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from operator import attrgetter
from typing import TYPE_CHECKING

from sync.judging.contact import CREATED, Cycle, Event, current_cycle, opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sync.judging.facts import Facts, Known
    from sync.judging.taxonomy import Classification
    from sync.mapping.client_models import ClientModel
    from sync.mapping.severity_models import SeverityFile, Trigger
    from sync.ticket import Ticket

MOST_KEYS = 4
"""Tickets named as evidence."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """The evidence of a trigger as figures: for templates, each in its own language, and for `explain`."""

    kind: str
    number: int = 0
    window: timedelta | None = None
    keys: tuple[str, ...] = ()
    figure: float | None = None
    limit: float | None = None
    quoted: str = ""

    @property
    def sentence(self) -> str:
        """In English, for plans and `explain`."""
        within = f" within {self.window.days}d" if self.window else ""
        keys = ", ".join(self.keys)
        told = {
            "client_issues": f"issue number {self.number} of this client{within} ({keys})",
            "same_category": f"issue number {self.number} of this client and category{within} ({keys})",
            "first_issue": f"the first issue of this client{within}",
            "missed_deadlines": f"{self.number} promised dates missed in a row ({keys})",
            "satisfaction_below": f"satisfaction {self.figure}, below {self.limit}",
            "reopened": "reopened",
        }
        return told.get(self.kind, self.quoted)


@dataclass(frozen=True, slots=True)
class Pull:
    """A trigger that holds, or held: since which event, and until when its evidence counts (None: no end known).

    `occasion` names it for ever: the kind of the trigger and the event, never its name or figures. Of several of
    one kind by one event, `turn` counts.
    """

    trigger: Trigger
    event: str
    at: datetime
    grounds: Grounds
    until: datetime | None = None
    turn: int = 1

    @property
    def occasion(self) -> str:
        """What an action id calls it."""
        return f"{self.trigger.kind}:{self.event}{f':{self.turn}' if self.turn > 1 else ''}"

    def holds(self, at: datetime) -> bool:
        """Whether it raises at that moment."""
        return self.at <= at and (self.until is None or at < self.until)

    def looked_at(self, now: datetime) -> datetime | None:
        """When it ends; or, while others' tickets keep that out of sight, when to look again.

        Once a window is enough: whatever brings the end about, the end is at least a window later.
        """
        window = self.grounds.window
        if self.until or not window or self.trigger.kind != "client_issues":
            return self.until
        return self.at + window * (1 + (now - self.at) // window)


@dataclass(frozen=True, slots=True)
class Spell:
    """Evidence that came by an event and was gone again at `gone` (None: it is still there)."""

    event: str
    at: datetime
    grounds: Grounds
    gone: datetime | None = None


def pulls(  # noqa: PLR0913, PLR0917 - what happened can show in any of these
    file: SeverityFile,
    ticket: Ticket,
    classification: Classification,
    facts: Facts,
    client: ClientModel | None,
    spells: Sequence[Sequence[Spell]] = (),
) -> Iterator[Pull]:
    """Every trigger that holds or held. `spells`: when each of the file's conditions was true, in its order."""
    at, told, turns = opened(ticket), iter(spells), Counter[str]()
    for trigger in file.trigger:
        spelt = next(told, ()) if trigger.when else ()
        if not _meant_for(trigger, client, at):
            continue
        match trigger.kind:
            case "client_issues" | "first_issue":
                spelt = list(_of_the_client(trigger, ticket, classification, facts))
            case "missed_deadlines":
                spelt = list(_missed(trigger, facts, at))
            case "satisfaction_below":
                spelt = list(_dissatisfied(trigger, ticket, client))
            case "reopened":
                cycle = current_cycle(ticket)
                spelt = [] if cycle.event == CREATED else [_happened(trigger, cycle, Grounds("reopened"))]
        if pull := _pull(trigger, spelt):
            turns[pull.occasion] += trigger.raises
            yield replace(pull, turn=turns[pull.occasion]) if trigger.raises else pull


def _happened(trigger: Trigger, event: Event | Cycle, grounds: Grounds) -> Spell:
    """What merely happens is gone as soon as it has; without a window it counts for ever."""
    name, at = (event.event, event.since) if isinstance(event, Cycle) else (event.id, event.at)
    return Spell(name, at, grounds, at if trigger.within else None)


def _pull(trigger: Trigger, spells: Sequence[Spell]) -> Pull | None:
    """The trigger by the last of its spells, until the evidence has been gone for the whole window.

    What comes back within that time has never been away.
    """
    if not spells:
        return None
    window = trigger.within.elapsed() if trigger.within else None
    first, *others = sorted(spells, key=attrgetter("at", "event"))
    for spell in others:
        if first.gone and first.gone + (window or timedelta()) < spell.at:
            first = spell
            continue
        gone = max(first.gone, spell.gone) if first.gone and spell.gone else None
        first = replace(first, grounds=spell.grounds, gone=gone)
    until = first.gone + (window or timedelta()) if first.gone else None
    return Pull(trigger, first.event, first.at, replace(first.grounds, window=window), until)


def _meant_for(trigger: Trigger, client: ClientModel | None, at: datetime) -> bool:
    """Whether the trigger is for such clients; an unknown date or tier is no such client's."""
    if trigger.tiers and (client is None or client.tier not in trigger.tiers):
        return False
    if not (trigger.client_longer_than or trigger.client_newer_than):
        return True
    if client is None or client.since is None:
        return False
    age = at - datetime.combine(client.since, datetime.min.time(), UTC)
    longer, newer = trigger.client_longer_than, trigger.client_newer_than
    return not (longer and age < longer.elapsed()) and not (newer and age >= newer.elapsed())


def _of_the_client(
    trigger: Trigger, ticket: Ticket, classification: Classification, facts: Facts
) -> Iterator[Spell]:
    """The n-th issue of the client, or its first: fixed by the moment at which the ticket was opened.

    Of two patterns at once the one that lasts longer is told; they are one raise.
    """
    if not trigger.within or not facts.tickets:
        return
    at, window, own = opened(ticket), trigger.within.elapsed(), classification.category
    earlier = facts.earlier(at, window)
    if trigger.first_issue:
        if not earlier:
            yield _happened(trigger, Event(CREATED, at, ""), Grounds("first_issue"))
        return
    alike = [known for known in earlier if known.category == own != "unclassified"]
    found: list[Spell] = []
    for kind, counted, needed in (
        ("client_issues", alike if trigger.same_category else earlier, trigger.client_issues),
        ("same_category", alike, trigger.same_category_issues),
    ):
        if needed and len(counted) + 1 >= needed:
            keys = tuple(known.key for known in counted[-MOST_KEYS:])
            grounds = Grounds(kind, len(counted) + 1, keys=keys)
            found.append(Spell(CREATED, at, grounds, _gone(counted, needed - 1, window)))
    if found:
        yield max(found, key=lambda spell: (spell.gone is None, spell.gone or at))


def _gone(earlier: Sequence[Known], needed: int, window: timedelta) -> datetime | None:
    """When fewer than `needed` of these are open or recent any more; None while that is not in sight."""
    open_ones = sum(known.resolved is None for known in earlier)
    if open_ones >= needed:
        return None
    ends = sorted(
        (max(known.resolved, known.opened + window) for known in earlier if known.resolved), reverse=True
    )
    return ends[needed - open_ones - 1]


def _missed(trigger: Trigger, facts: Facts, opened_at: datetime) -> Iterator[Spell]:
    """Each date missed on this ticket that came after others missed in a row in its engagement."""
    row: list[str] = []
    for known, deadline in facts.deadlines(opened_at):
        row = [*row, known.key] if deadline.missed else []
        if (known.site, known.id) == facts.me and len(row) >= (trigger.missed_deadlines or 0) > 0:
            keys = tuple(dict.fromkeys(row))[-MOST_KEYS:]
            event = Event(f"{deadline.event}:passed", deadline.at, "")
            yield _happened(trigger, event, Grounds("missed_deadlines", len(row), keys=keys))


def _dissatisfied(trigger: Trigger, ticket: Ticket, client: ClientModel | None) -> Iterator[Spell]:
    """When the ticket's own figure was too low; where it has none, that of the client's record is."""
    limit, written = trigger.satisfaction_below, ticket.fields.get("satisfaction", "")
    if limit is None:
        return
    told = [change for change in ticket.changes if change.field == "satisfaction"]
    values = [told[0].before, *(change.after for change in told[:-1]), written] if told else [written]
    events = [Event(CREATED, opened(ticket), ""), *(Event(change.id, change.at, "") for change in told)]
    low: Spell | None = None
    for event, value in zip(events, values, strict=True):
        figure = number(value)
        if figure is not None and figure < limit:
            grounds = Grounds("satisfaction_below", figure=figure, limit=limit)
            low = replace(low, grounds=grounds) if low else Spell(event.id, event.at, grounds)
        elif low:
            yield replace(low, gone=event.at)
            low = None
    recorded = client.satisfaction if client and not written else None
    if recorded is not None and recorded < limit:
        low = Spell(CREATED, opened(ticket), Grounds("satisfaction_below", figure=recorded, limit=limit))
    if low:
        yield low


def number(written: str) -> float | None:
    """The figure that a field tells (`7`, `3,5`, `3.5 / 10`); None if it tells none."""
    try:
        figure = float(written.split("/", maxsplit=1)[0].strip().replace(",", "."))
    except ValueError:
        return None
    return figure if isfinite(figure) else None
