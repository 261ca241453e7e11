"""The fold over a client's other tickets, of all sources, that judgement may look at."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime, timedelta

    from sync.ticket import Category, Severity


@dataclass(frozen=True, slots=True)
class Deadline:
    """A date that was promised on a ticket and has passed at `at`: kept or missed. `event` is what had set it."""

    day: date
    at: datetime
    event: str
    missed: bool


@dataclass(frozen=True, slots=True)
class Request:
    """A request beyond the agreed scope: its effort in minutes, and what was decided, by which event and when.

    `decision` is a word of scope.toml (`goodwill`, `move-date`, `change-order`, `drop`, `declined`) or empty.
    """

    minutes: int | None = None
    decision: str = ""
    event: str = ""
    at: datetime | None = None
    clause: str = ""
    moved: str = ""
    consent: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a ticket tells the others of its client, beside its age and category.

    `severity` is its own, without raises that others gave it; `satisfaction` is the mapped figure. `home`: it
    stands for an engagement and is no issue.
    """

    engagement: str = ""
    severity: Severity = "medium"
    deadlines: tuple[Deadline, ...] = ()
    satisfaction: float | None = None
    request: Request | None = None
    home: bool = False


@dataclass(frozen=True, slots=True)
class Habits:
    """What a ticket tells of how its client behaves, for early warnings: the client's newest comments.

    `comments`: when, how many characters, and how many minutes after our last word (None: it was no reply).
    `missed_meetings` and `concerns` are when such a thing was noted. `flags` are red flags on it.
    `complete_since`: older comments of the client are left out (None: all of them are here).
    """

    comments: tuple[tuple[datetime, int, int | None], ...] = ()
    missed_meetings: tuple[datetime, ...] = ()
    concerns: tuple[datetime, ...] = ()
    flags: tuple[str, ...] = ()
    complete_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """What the registers show of a ticket, in people's own words."""

    title: str = ""
    url: str = ""
    owner: str = ""
    root_cause: str = ""
    prevention: str = ""
    remedy: str = ""
    remedy_cost: str = ""
    remedy_approved: str = ""
    lesson: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A category that somebody should look at, and why, as one line that is safe to show."""

    category: Category
    reason: str


NOTHING_TOLD = Told()
GRAVE: tuple[Severity, ...] = ("high", "critical")
"""Severities whose solution changes how the client's other tickets are cared for."""
NO_HABITS = Habits()
NO_RECORD = Record()


@dataclass(frozen=True, slots=True)
class Known:
    """A ticket as other tickets see it. `client` is the client's canonical name; instants are aware UTC.

    `habits` and `record` are for reports alone; a change of them has no other ticket judged anew.
    """

    site: str
    id: str
    key: str
    client: str
    category: Category
    opened: datetime
    resolved: datetime | None = None
    told: Told = NOTHING_TOLD
    habits: Habits = field(default=NO_HABITS, compare=False)
    record: Record = field(default=NO_RECORD, compare=False)

    def open_at(self, at: datetime) -> bool:
        """Whether it was opened and not yet resolved at that instant."""
        return self.opened <= at and (self.resolved is None or self.resolved > at)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one ticket's client: all its tickets, oldest first, of which `me` is this one.

    `left` are ids of users whose accounts are deactivated in the tracker. `found` is what one of the tickets has
    had looked up in all of them, by what was asked and when, for the others.
    """

    tickets: tuple[Known, ...] = ()
    me: tuple[str, str] = ("", "")
    left: frozenset[str] = frozenset()
    found: dict[object, Any] = field(default_factory=dict, compare=False)

    def others(self) -> list[Known]:
        """The client's tickets but this one."""
        return [known for known in self.tickets if (known.site, known.id) != self.me]

    def earlier(self, opened: datetime, within: timedelta) -> list[Known]:
        """Others opened before this one was, at `opened`, that were then still open or opened within `within`.

        Fixed by the moment the ticket was opened, so that later events neither add to it nor take from it. Of
        tickets opened at one moment, as dates without a time have it, those of lower site and id come before.
        """
        before = bisect_left(self.tickets, _age_of(opened, *self.me), key=_age)
        recent = bisect_left(self.tickets, opened - within, hi=before, key=lambda known: known.opened)
        old = (known for known in self.tickets[:recent] if known.open_at(opened))
        return [known for known in (*old, *self.tickets[recent:before]) if not known.told.home]

    def engagement(self, name: str) -> list[Known]:
        """All tickets of one engagement, this one among them; none for no name."""
        return [known for known in self.tickets if name and known.told.engagement == name]

    def deadlines(self, opened: datetime) -> list[tuple[Known, Deadline]]:
        """The dates promised in this ticket's engagement that have passed, in their order.

        It was opened at `opened`. None are told where no date of its own has passed.
        """
        place = bisect_left(self.tickets, _age_of(opened, *self.me), key=_age)
        mine = self.tickets[place] if place < len(self.tickets) else None
        if mine is None or (mine.site, mine.id) != self.me or not mine.told.deadlines:
            return []
        listed = [
            (known, each) for known in self.engagement(mine.told.engagement) for each in known.told.deadlines
        ]
        return sorted(listed, key=lambda pair: (pair[1].day, pair[0].site, pair[0].id, pair[1].at))


def _age(known: Known) -> tuple[datetime, str, int, str]:
    return _age_of(known.opened, known.site, known.id)


def _age_of(opened: datetime, site: str, ticket: str) -> tuple[datetime, str, int, str]:
    return opened, site, len(ticket), ticket


NO_FACTS = Facts()


@dataclass(frozen=True, slots=True)
class Fold:
    """All known tickets by client."""

    by_client: Mapping[str, tuple[Known, ...]] = field(default_factory=dict)
    found: defaultdict[str, dict[object, Any]] = field(default_factory=lambda: defaultdict(dict), compare=False)

    def of(self, client: str | None, site: str, ticket: str) -> Facts:
        """The facts for one ticket: its client's others. A ticket without a client has none."""
        listed = self.by_client.get(client, ()) if client else ()
        return Facts(listed, (site, ticket), found=self.found[client or ""]) if listed else NO_FACTS


def fold(known: Iterable[Known]) -> Fold:
    """Known tickets folded by client, each client's oldest first."""
    grouped: defaultdict[str, list[Known]] = defaultdict(list)
    for each in known:
        if each.client:
            grouped[each.client].append(each)
    return Fold({client: tuple(sorted(listed, key=_age)) for client, listed in grouped.items()})


@dataclass(frozen=True, slots=True)
class Ripple:
    """Which of a client's tickets a change among the others can matter to.

    `opened`: those opened from then on, for they count the ones before them. `days`: those of an engagement that
    had a date promised for that day or later. `decided`: requests decided from then on. `all`: every one.
    """

    opened: datetime | None = None
    days: Mapping[str, date] = field(default_factory=dict)
    decided: datetime | None = None
    all: bool = False

    def reaches(self, known: Known) -> bool:
        """Whether the ticket is to be judged again."""
        told, day = known.told, self.days.get(known.told.engagement)
        return (
            self.all
            or (self.opened is not None and known.opened >= self.opened)
            or (day is not None and any(each.day >= day for each in told.deadlines))
            or (self.decided is not None and (decided := _decided(known)) is not None and decided >= self.decided)
        )


def ripples(before: Fold, after: Fold) -> dict[str, Ripple]:
    """The clients whose tickets changed between two folds in a way that can matter to their others."""
    found: dict[str, Ripple] = {}
    for client in before.by_client.keys() | after.by_client.keys():
        was = {(known.site, known.id): known for known in before.by_client.get(client, ())}
        now = {(known.site, known.id): known for known in after.by_client.get(client, ())}
        changed = [(was.get(key), now.get(key)) for key in was.keys() | now.keys() if was.get(key) != now.get(key)]
        if changed and (ripple := _ripple(changed)) != Ripple():
            found[client] = ripple
    return found


def _ripple(changed: Iterable[tuple[Known | None, Known | None]]) -> Ripple:
    opened: list[datetime] = []
    days: dict[str, date] = {}
    decided: list[datetime] = []
    recovered = False
    for was, now in changed:
        both = [each for each in (was, now) if each]
        if was is None or now is None or _counted(was) != _counted(now):
            opened += [each.opened for each in both]
        elif was.resolved != now.resolved:
            opened += [each.resolved for each in both if each.resolved]
        for engagement, deadline in _dates(was) ^ _dates(now):
            days[engagement] = min(deadline.day, days.get(engagement, deadline.day))
        if _asked(was) != _asked(now):
            decided += filter(None, map(_decided, both))
        recovered |= _recovered(was) != _recovered(now)
    return Ripple(min(opened, default=None), days, min(decided, default=None), recovered)


def _counted(known: Known) -> tuple[object, ...]:
    """What those opened later count it by."""
    return known.opened, known.category, known.told.home


def _asked(known: Known | None) -> tuple[Request | None, str] | None:
    """The request that was decided, and in which engagement."""
    return (known.told.request, known.told.engagement) if known and _decided(known) else None


def _dates(known: Known | None) -> set[tuple[str, Deadline]]:
    return {(known.told.engagement, each) for each in known.told.deadlines} if known else set()


def _decided(known: Known) -> datetime | None:
    return known.told.request.at if known.told.request else None


def _recovered(known: Known | None) -> datetime | None:
    """When something grave was solved."""
    return known.resolved if known and known.told.severity in GRAVE else None
