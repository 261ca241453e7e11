"""A real service desk lived through by the daemon, with the daemon down for a while: what it says afterwards."""

from __future__ import annotations

import csv
import shutil
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import chain
from operator import attrgetter, itemgetter
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from fakes.memory_tracker import Board, MemoryTracker
from real_report import table
from test_service_desk import MEANING
from tickets import shipped

from sync.cycle import Program, plan_pass, run_pass
from sync.judging.clocks import BREACH
from sync.judging.judgement import Judge
from sync.judging.promises import TEXTS, Terms
from sync.observe import Served
from sync.saying.comments import Composer
from sync.state.store import Store
from sync.ticket import Person, Status
from sync.trackers.sources import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sync.action import AddComment
    from sync.cycle import Sight
    from sync.judging.judgement import Judgement
    from sync.plan import TicketPlan

ZONE = ZoneInfo("America/New_York")


def wall(written: str) -> datetime:
    """`10-14 14:00` of 2025 on the desk's own clock, as UTC."""
    return datetime.fromisoformat(f"2025-{written}").replace(tzinfo=ZONE).astimezone(UTC)


BEGIN = wall("10-13 06:00")
"""A Monday; most of the 649 tickets are there, and the last ones come within the weeks that follow."""

CLIENTS = 150
DUE_IN = timedelta(days=14)
PRIORITIES = ("Highest", *["High"] * 2, *["Medium"] * 4, *["Low"] * 3)
SOURCE = Source.model_validate(
    {
        "tracker": "memory",
        "name": "desk",
        "mode": "full",
        "readers": "staff",
        "zone": "America/New_York",
        "calendar": "new-york",
        "guard": {"actions": 20000, "unclassified": 1},
    }
)


SELDOM = timedelta(hours=4)


class Outage(NamedTuple):
    """When the daemon was down; and how often the one that was not looked meanwhile."""

    name: str
    begin: datetime
    end: datetime
    every: timedelta = timedelta(hours=1)


OUTAGES = (
    Outage("an hour", wall("10-14 10:00"), wall("10-14 11:00")),
    Outage("a night", wall("10-15 18:00"), wall("10-16 08:00")),
    Outage("a week-end", wall("10-17 18:00"), wall("10-20 08:00")),
    Outage("a month", wall("10-20 08:00"), wall("11-19 08:00"), SELDOM),
)


# --- the desk ---------------------------------------------------------------------------------------------------


class Act(NamedTuple):
    """What somebody did on the desk: fields of a ticket, all of them for a new one."""

    at: datetime
    ticket: str
    fields: dict[str, Any]


def acts(corpus: Path) -> list[Act]:
    """Everything that was done on the desk, oldest first.

    The history tells statuses and owners. What it does not tell is made up, the same each time: a client and a
    priority for each ticket by its place in the file; and a due date that somebody touched becomes one two weeks
    ahead.
    """
    rows: dict[str, list[tuple[datetime, int, dict[str, str]]]] = defaultdict(list)
    with (corpus / "data" / "service-desk-history.csv").open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file)):
            rows[row["ticket"]].append((datetime.fromisoformat(row["at"]).astimezone(UTC), -number, row))
    lives = (
        _life(number, key, sorted(told, key=itemgetter(0, 1))) for number, (key, told) in enumerate(rows.items())
    )
    return sorted(chain.from_iterable(lives), key=attrgetter("at", "ticket"))


def _life(number: int, key: str, rows: Sequence[tuple[datetime, int, dict[str, str]]]) -> Iterator[Act]:
    born, _, first = rows[0]
    held = _shown(first, born)
    made_up = {"client": f"Client {number % CLIENTS + 1}", "fields": {"priority": PRIORITIES[number % 10]}}
    yield Act(born, key, {"key": key, **made_up, **held})
    for at, _, row in rows[1:]:
        now = _shown(row, at)
        differing = {name: value for name, value in now.items() if held.get(name) != value}
        if differing:
            yield Act(at, key, differing)
        held |= now


def _shown(row: dict[str, str], at: datetime) -> dict[str, Any]:
    owner = row["assignee"]
    shown = {
        "status": Status(MEANING[row["status"]]),
        "assignee": Person(f"colleague {owner}", f"Colleague {owner}", "staff") if owner else None,
    }
    return shown | ({"due": (at + DUE_IN).date()} if "duedate" in row["changed_fields"].split(", ") else {})


@cache
def _mind() -> tuple[Judge, Composer]:
    mapping = shipped().mappings["jira.toml"]
    contact = mapping.contact.model_copy(update={"statuses": [Status.WAITING]})
    fitted = mapping.model_copy(update={"contact": contact})
    terms = {
        "desk": Terms(
            fitted, staff_only=True, due="next_promise", zone=ZONE.key, language="en", calendar=SOURCE.calendar
        )
    }
    return Judge(shipped(), terms), Composer(shipped(), terms)


class Desk:
    """The desk, and makegood with the shipped policy and the shipped templates.

    That somebody moves a ticket to "waiting for the client" is contact, for there are no comments to prove it.
    """

    def __init__(self, folder: Path, ahead: Sequence[Act]) -> None:
        self.now = ahead[0].at if ahead else BEGIN
        self.ahead = deque(ahead)
        self.board = Board(self.now)
        self.ids: dict[str, str] = {}
        self.folder = folder
        self.store = Store(folder / "state.db", write=True)
        self.judge, self.composer = _mind()

    def program(self) -> Program:
        """A pass over the desk."""
        return Program(
            sources=(Served(SOURCE, self.judge.terms["desk"], MemoryTracker(self.board)),),
            judge=self.judge,
            render=self.composer.compose,
            store=self.store,
            digest="shipped",
            settle_after=timedelta(minutes=10),
            crawl_every=timedelta(days=1),
            clock=lambda: self.now,
        )

    def play(self, until: datetime) -> None:
        """Let people work until then, and nobody else."""
        while self.ahead and self.ahead[0].at <= until:
            act = self.ahead.popleft()
            self.wait(act.at)
            if act.ticket in self.ids:
                self.board.change(self.ids[act.ticket], **act.fields)
            else:
                self.ids[act.ticket] = self.board.create(f"Ticket {act.ticket}", **act.fields)
        self.wait(until)

    def wait(self, until: datetime) -> None:
        """Let time pass in which nobody does anything."""
        self.board.wait(seconds=(until - self.now).total_seconds())
        self.now = until

    def look(self) -> Sight:
        """One pass of the daemon."""
        [sight] = run_pass(self.program(), self.now, f"at {self.now}")
        return sight

    def looked(self, until: datetime, every: timedelta) -> list[AddComment]:
        """A pass every so often until then, while people work; every comment that they made."""
        said = []
        while self.now < until:
            self.play(min(self.now + every, until))
            said += [plan.comment for plan in self.look().plan.tickets if plan.comment]
        return said

    def thought(self) -> list[Judgement]:
        """What a pass thinks of every ticket that is there; nothing is written."""
        with Store(self.folder / "state.db", write=False) as store:
            [sight] = plan_pass(replace(self.program(), store=store), self.now, [*self.ids])
        return sight.judged

    def marks(self) -> frozenset[str]:
        """The ids of everything that was said on the desk."""
        return frozenset(
            mark for each in self.board.tickets.values() for said in each.comments for mark in said.marks
        )

    def copy(self, folder: Path) -> Desk:
        """The same desk with the same memory, from where another story begins."""
        folder.mkdir()
        self.store.close()
        shutil.copy(self.folder / "state.db", folder)
        self.store = Store(self.folder / "state.db", write=True)
        other = Desk(folder, self.ahead)
        other.now, other.ids = self.now, dict(self.ids)
        other.board = replace(self.board, tickets=dict(self.board.tickets), reads=[], writes=[], _lock=RLock())
        return other


# --- downtime ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CatchingUp:
    """What a daemon said that was down for a while, and what one said that was not.

    `thought` is what was thought of every ticket as it came back, before it said anything; `first` is its first
    pass, `second` one a minute later. `said` are the marks on the desk when it went down, `stands` those that are
    there after both passes. `meanwhile` has every comment of the daemon that was not down.
    """

    outage: Outage
    thought: list[Judgement]
    first: Sight
    second: Sight
    said: frozenset[str]
    stands: frozenset[str]
    meanwhile: list[AddComment]

    @property
    def comments(self) -> list[TicketPlan]:
        """The plans of the first pass that have a comment."""
        return [plan for plan in self.first.plan.tickets if plan.comment]


def caught_up(corpus: Path, folder: Path) -> list[CatchingUp]:
    """The desk with a daemon that is never down; and what becomes of it after each outage, told apart from it."""
    folder.mkdir(exist_ok=True)
    desk, found = Desk(folder, acts(corpus)), []
    desk.play(BEGIN)
    desk.look()
    for outage in OUTAGES:
        desk.looked(outage.begin, SELDOM)
        down = desk.copy(folder / outage.name)
        found.append(_back(outage, down, desk.looked(outage.end, outage.every)))
    desk.store.close()
    return found


def _back(outage: Outage, desk: Desk, meanwhile: list[AddComment]) -> CatchingUp:
    """The daemon comes back from an outage; nobody does anything between its first two passes."""
    said = desk.marks()
    desk.play(outage.end)
    thought, first = desk.thought(), desk.look()
    desk.wait(outage.end + timedelta(minutes=1))
    second = desk.look()
    desk.store.close()
    return CatchingUp(outage, thought, first, second, said, desk.marks(), meanwhile)


HEADER = (
    "down for", "tickets", "promises that live", "comments without the downtime", "steps in them",
    "comments when it is back", "steps in them", "left to the report", "wait for another day",
)  # fmt: skip


def told(found: Sequence[CatchingUp]) -> str:
    """What each outage came to."""
    return table(HEADER, [_row(each) for each in found])


def _row(each: CatchingUp) -> list[object]:
    skipped = [skip.why for plan in each.first.plan.tickets for skip in plan.skipped]
    caught = [plan.comment for plan in each.comments if plan.comment]
    return [
        each.outage.name,
        len(each.thought),
        sum(clock.live for judged in each.thought for clock in judged.clocks),
        len(each.meanwhile),
        sum(len(comment.ids) for comment in each.meanwhile),
        len(caught),
        sum(len(comment.ids) for comment in caught),
        sum(why.startswith("backlog") for why in skipped),
        sum(plan.tomorrow for plan in each.first.plan.tickets),
    ]


def sounds(each: CatchingUp) -> str:
    """What the daemon that was not down said meanwhile, by promise."""
    owed = [(comment, one) for comment in each.meanwhile for one in comment.obligations]
    told, reminders = (
        Counter(one.promise for _, one in owed),
        Counter(one.promise for _, one in owed if one.step > BREACH),
    )
    alone = Counter(one.promise for comment, one in owed if len(comment.obligations) == 1)
    times = Counter(
        promise for promise, *_ in {(one.promise, comment.ticket, one.occasion) for comment, one in owed}
    )
    rows = [[TEXTS[name], times[name], count, reminders[name], alone[name]] for name, count in told.most_common()]
    return table(("what is owed", "times", "told", "of them reminders", "in a comment of its own"), rows)
