"""What must never be found in a ticket's life, told by plain arithmetic on what its tracker holds.

Nothing here asks the program: who said, wrote and decided what is read from the tracker's own history, and when
something was owed follows from a table of figures.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sync.ticket import Audience

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from soak.life import Event, Life

MARGIN = timedelta(minutes=45)
"""How much later than owed a comment may stand there, counted from when the tracker was last in trouble: an
outcome that is unknown is looked up again after ten minutes, a ticket that could not be read after fifteen."""
RECENT = timedelta(days=6)
"""What fell due longer ago is a line in the report, and no comment: `backlog_after` is seven days."""
GATHER = timedelta(minutes=15)
TAKEN = timedelta(hours=1)
SEVERITIES = frozenset({"critical", "high", "medium", "low"})
CATEGORIES = frozenset({"delivery", "billing", "team", "communication", "scope"})
CONTACT = "/called"
OPT_OUT = "no-makegood"

_SAID = re.compile(r"(\w+)/([\w.-]+)/(\d+)")


class Said(NamedTuple):
    """One obligation spoken of in a comment of ours."""

    at: datetime
    promise: str
    occasion: str
    step: int


@dataclass(frozen=True, slots=True)
class Edition:
    """The policy in force since an instant: how long a first response may take, and what a severity counts as."""

    since: datetime
    within: Mapping[str, timedelta]
    counts_as: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Verdict:
    """What was found wrong, as sentences; and how many promises were owed and looked for."""

    twice: set[str] = field(default_factory=set)
    missed: set[str] = field(default_factory=set)
    leaked: set[str] = field(default_factory=set)
    overruled: set[str] = field(default_factory=set)
    owed: set[tuple[str, str, datetime]] = field(default_factory=set)
    edited: list[datetime] = field(default_factory=list)
    """When limits or severities of the policy were edited."""

    @property
    def faults(self) -> list[str]:
        """Everything wrong."""
        return sorted({*self.twice, *self.missed, *self.leaked, *self.overruled})

    def look_at(self, life: Life) -> None:
        """Judge what was said and written on a ticket."""
        self.twice |= {f"{life.ticket}: {what}" for what in twice(life)}
        self.leaked |= {f"{life.ticket}: {what}" for what in leaked(life)}
        self.overruled |= {f"{life.ticket}: {what}" for what in _decided_otherwise(life, self.edited)}

    def expect(self, life: Life, now: datetime, ready: datetime, edition: Edition) -> None:
        """Judge what was not said on a ticket; from `ready` on nothing kept us from it."""
        spoken = said(life)
        for promise, since, step, at in owed(life, edition):
            if max(at, ready) + MARGIN <= now <= since + RECENT:
                self.owed.add((life.ticket, promise, since))
                if not any(one.promise == promise and one.step >= step and one.at >= since for one in spoken):
                    self.missed.add(f"{life.ticket}: {promise}, step {step}, owed at {at}")


def said(life: Life) -> list[Said]:
    """Everything that we have said on a ticket, read from the text of our comments."""
    return [
        Said(event.at, found[1], found[2], int(found[3]))
        for event in life.of("comment")
        if event.by == "us"
        for found in _SAID.finditer(event.value)
    ]


def twice(life: Life) -> Iterator[str]:
    """The same obligation or mark in two comments, and two comments of ours in one pass."""
    ours = [event for event in life.of("comment") if event.by == "us"]
    spoken = Counter((one.promise, one.occasion, one.step) for one in said(life))
    marks = Counter(mark for event in ours for mark in event.marks)
    passes = Counter(event.at for event in ours)
    for told, times in [*spoken.items(), *marks.items(), *passes.items()]:
        if times > 1:
            yield f"{told}: {times} times"
    if any(not event.marks for event in ours):
        yield "a comment of ours without a mark"


# --- who may read it ---------------------------------------------------------------------------------------------


def leaked(life: Life) -> Iterator[str]:
    """Comments of ours that more people could read than the ticket's category and place allow."""
    place, standing = "", dict[str, str]()
    for event in life.events:
        match event.kind:
            case "place":
                place = event.value
            case "label on" if event.value.removeprefix("esc:") in CATEGORIES:
                standing[event.value.removeprefix("esc:")] = event.by
            case "label off":
                standing.pop(event.value.removeprefix("esc:"), None)
            case "comment" if event.by == "us" and event.audience > _allowed(life, place, standing):
                yield f"{event.at}: {event.audience} readers in {place}: {event.value!r}"


def _allowed(life: Life, place: str, standing: Mapping[str, str]) -> Audience:
    """The widest circle that our comment may have; a label that a person put decides the category."""
    decided = [category for category, by in standing.items() if by != "us"]
    team = decided[-1] == "team" if decided else "rude" in life.title
    if place == "shared":
        return Audience.NONE
    return Audience.RESTRICTED if team else Audience.INTERNAL


# --- what people decided -----------------------------------------------------------------------------------------


def _decided_otherwise(life: Life, edited: Sequence[datetime]) -> Iterator[str]:
    yield from labels_pushed(life, edited)
    yield from dates_pushed(life)
    yield from opt_outs_passed_over(life)


def opt_outs_passed_over(life: Life) -> Iterator[str]:
    """What we wrote on a ticket while its opt-out label stood."""
    out = False
    for event in life.events:
        if event.value == OPT_OUT and event.kind in {"label on", "label off"}:
            out = event.kind == "label on"
        elif out and event.by == "us":
            yield f"{event.at}: {event.kind} {event.value!r} on a ticket that was opted out"


def labels_pushed(life: Life, edited: Sequence[datetime]) -> Iterator[str]:
    """Labels that we put, a person took off and we put again, though nothing else was done meanwhile that could
    change their reason: for the severity and the category a severity, a status or a label of that kind; for other
    labels anything at all, or other limits, by which another promise breaks first.
    """
    ours: set[str] = set()
    refused: dict[str, datetime] = {}
    for event in life.events:
        if event.kind == "label on" and event.by == "us":
            since = refused.get(event.value)
            if since and not (_of_time(event.value) and any(since <= at <= event.at for at in edited)):
                yield f"{event.at}: {event.value} again"
            ours.add(event.value)
        elif event.kind == "label off" and event.by != "us":
            refused |= dict.fromkeys({event.value} & ours, event.at)
        elif event.by != "us":
            refused = {label: at for label, at in refused.items() if not _may_return(label, event)}
        if event.kind.startswith("label") and event.by != "us":
            ours.discard(event.value)


def _may_return(label: str, event: Event) -> bool:
    """Whether what a person did can change the reason for a label."""
    group = next((names for names in (SEVERITIES, CATEGORIES) if _bare(label) in names), None)
    if group is None or event.kind in {"severity", "status"}:
        return True
    return event.kind == "label on" and (event.value == label or _bare(event.value) in group)


def _of_time(label: str) -> bool:
    """Whether the label stands for what limits say, not for what the ticket is."""
    return _bare(label) not in SEVERITIES | CATEGORIES


def _bare(label: str) -> str:
    return label.removeprefix("esc:")


def dates_pushed(life: Life) -> Iterator[str]:
    """Due dates that we wrote over one that a person had set, or after a person had cleared the one we wrote.

    A person who clears a date of their own gives the field back, and who writes ours leaves it ours.
    """
    written, standing, by_us, cleared = "", "", False, False
    for event in life.of("due"):
        if event.by != "us":
            cleared = not event.value and by_us
        elif cleared or standing not in {"", written}:
            yield f"{event.at}: {event.value or 'none'} over a person's {standing or 'none'}"
        else:
            written = event.value
        standing, by_us = event.value, event.by == "us" and bool(event.value)


# --- what was owed -----------------------------------------------------------------------------------------------


def owed(life: Life, edition: Edition) -> Iterator[tuple[str, datetime, int, datetime]]:
    """What must have been said by when, at the latest: promise, since when it may have been said, step, instant.

    Reckoned from the latest event that could have set a clock anew, so never too early: the opening or reopening,
    a change of severity, place or policy.
    """
    severity = edition.counts_as.get(life.last("severity"), life.last("severity"))
    if life.last("status") not in {"open", "in_progress", "waiting"} or not _heard(life):
        return
    since, live = _since(life), _live_since(life)
    anew = max([since, live, edition.since, *(event.at for event in _after(life, since, "severity", "place"))])
    limit = edition.within[severity]
    if not any(event.value.startswith(CONTACT) for event in _after(life, since, "comment") if event.by == "staff"):
        yield "first_response", since, 2, anew + limit
    if any(event.value == "waiting" for event in _after(life, since, "status")) or _waited(life, since):
        return
    if not life.last("owner") and not _after(life, since, "owner"):
        yield "owned", since, 2, anew + limit
    untouched = not any(event.by == "staff" for event in _after(life, since, "comment", "owner"))
    if untouched and severity in {"critical", "high"}:
        yield "escalation", since, 1, anew + GATHER
        if severity == "critical":
            yield "escalation", since, 2, anew + GATHER + TAKEN


def _heard(life: Life) -> bool:
    """Whether we may speak on the ticket at all, and no person has put a severity or category label of ours."""
    puts = [event for event in life.of("label on") if event.by != "us"]
    if any(_bare(event.value) in SEVERITIES | CATEGORIES or event.value == OPT_OUT for event in puts):
        return False
    place = life.last("place")
    return place == "inside" or (place in {"team", "desk"} and "rude" not in life.title)


def _since(life: Life) -> datetime:
    """When the ticket was opened, or taken up again after it was done."""
    since, done = life.created, False
    for event in life.of("status"):
        runs = event.value in {"open", "in_progress"}
        if done and runs:
            since = event.at
        done = event.value in {"resolved", "closed"} or (done and not runs)
    return since


def _live_since(life: Life) -> datetime:
    """When the ticket was last made or taken out of what is done."""
    since, done = life.created, False
    for event in life.of("status"):
        ends = event.value in {"resolved", "closed"}
        since, done = (event.at if done and not ends else since), ends
    return since


def _waited(life: Life, since: datetime) -> bool:
    """Whether the ticket waited or was done when the present cycle began."""
    before = [event.value for event in life.of("status") if event.at <= since]
    return before[-1] not in {"open", "in_progress"}


def _after(life: Life, since: datetime, *kinds: str) -> list[Event]:
    return [event for event in life.events if event.kind in kinds and event.at >= since]
