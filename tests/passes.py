"""Passes for the tests: a small agency with its policy, its sources, its state file, and a clock that is set."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import structlog
import tickets
from fakes.memory_tracker import Board, MemoryTracker

from sync.cycle import Program, plan_pass, run_pass
from sync.judging.judgement import Judge
from sync.judging.promises import Terms
from sync.mapping.parts import Amount
from sync.notify import noticed
from sync.observe import Served
from sync.richtext import Paragraph, Span
from sync.service.lane import Lane
from sync.service.pass_log import PassLog
from sync.state.store import Store
from sync.trackers.sources import Source, host_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sync.cycle import Sight
    from sync.judging.judgement import Judgement
    from sync.judging.promises import Saying
    from sync.mapping.policy import Policy
    from sync.mapping.tracker_models import Mapping
    from sync.notices import Notifier
    from sync.notify_models import NotifySettings
    from sync.plan import TicketPlan
    from sync.richtext import Document
    from sync.service.reload import Configuration
    from sync.trackers.base import Tracker

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)

SEVERITY = """
order = ["field"]
default = "low"
field_values = { critical = "critical", high = "high", medium = "medium", low = "low" }
[[trigger]]
name = "third issue"
client_issues = 3
within = "90d"
raise_by = 2
"""

ESCALATION = """
ladder = ["lead", "partner"]
gather = "15m"
calendar = "always"
[critical]
first_response = { within = "30d" }
escalation = { to = "partner", taken = { within = "1h" } }
[high]
first_response = { within = "30d" }
escalation = { to = "partner" }
[medium]
first_response = { within = "30d" }
escalation = { to = "lead" }
handover = false
[low]
first_response = { within = "30d" }
escalation = { to = "lead" }
handover = false
"""
"""A ticket of severity high gets one comment in its life: the hand-over, once 15 minutes have passed."""

CLIENTS = """
[[client]]
name = "Client A"
aliases = ["CLA"]
[[client]]
name = "Client B"
"""


def policy() -> Policy:
    """Simple enough to tell at a glance what is owed when."""
    return tickets.policy(severity=SEVERITY, escalation=ESCALATION, clients=CLIENTS)


def rendered(_: Judgement, sayings: Sequence[Saying]) -> Document:
    """A comment that says which obligations it carries."""
    return tuple(
        Paragraph((Span(f"{saying.obligation.promise}, step {saying.obligation.step}"),)) for saying in sayings
    )


@dataclass
class Agency:
    """Sources under one policy and one state file; passes are made at `now`, and nothing moves the clock but us.

    `store` is open for writing from the first pass on; `restart` closes it, as the end of the process does.
    """

    folder: Path
    now: datetime = BEGIN
    digest: str = "policy 1"
    by: Policy = field(default_factory=lambda: policy())  # noqa: PLW0108 - it is written below
    people: tuple[str, ...] = ()
    notify: NotifySettings | None = None
    notifier: Notifier | None = None
    crawl_every: timedelta = timedelta(days=1)
    settle_after: timedelta = timedelta(minutes=10)
    max_actions: int | None = None
    approved: frozenset[str] = frozenset()
    stopping: Callable[[], bool] = lambda: False
    progress: Callable[[str, str, int], None] = lambda _source, _stage, _count: None
    sources: list[tuple[Source, Tracker, Mapping]] = field(default_factory=list)
    boards: list[Board] = field(default_factory=list)
    clocks: list[Callable[[float], None]] = field(default_factory=list)
    """Others that are told how many seconds have passed."""
    _store: Store | None = None

    def source(self, source: Source, tracker: Tracker, mapping: Mapping) -> None:
        """One more source."""
        self.sources.append((source, tracker, mapping))

    def board(self, name: str = "desk", *, settings: dict[str, Any] | None = None, **board: Any) -> Board:  # noqa: ANN401
        """One more source, on a board of its own; by default it comments, and only staff read it."""
        made = Board(self.now, source=name, **{"site": f"site of {name}", **board})
        given = {"tracker": "memory", "name": name, "mode": "full", "readers": "staff", **(settings or {})}
        self.source(Source.model_validate(given), MemoryTracker(made), self.by.mappings["desk.toml"])
        self.boards.append(made)
        self.clocks.append(lambda seconds: made.wait(seconds=seconds))
        return made

    def change(self, of: str, **settings: Any) -> None:  # noqa: ANN401 - a source's settings
        """Another configuration of one source; what it is judged by stays the same."""
        self.sources = [
            (source.model_copy(update=settings) if source.name == of else source, tracker, mapping)
            for source, tracker, mapping in self.sources
        ]

    @property
    def state(self) -> Path:
        return self.folder / "state.db"

    @property
    def store(self) -> Store:
        if self._store is None:
            self._store = Store(self.state, write=True)
        return self._store

    def restart(self) -> None:
        """The process ends; what was not committed is lost."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def program(self, store: Store) -> Program:
        terms = {
            source.name: Terms(mapping, source.readers == "staff", source.due, source.zone, source.language)
            for source, _, mapping in self.sources
        }
        return Program(
            sources=tuple(
                Served(source, terms[source.name], tracker, self.people) for source, tracker, _ in self.sources
            ),
            judge=Judge(self.by, terms),
            render=rendered,
            store=store,
            digest=self.digest,
            settle_after=self.settle_after,
            crawl_every=self.crawl_every,
            clock=lambda: self.now,
            order=tuple(source.name for source, _, _ in self.sources),
            max_actions=self.max_actions,
            approved=self.approved,
            stopping=self.stopping,
            progress=self.progress,
            notices=partial(noticed, settings=self.notify, policy=self.by) if self.notify else lambda _plan: (),
            notifier=self.notifier,
        )

    def run(self, *only: str, **passed: float) -> list[Sight]:
        """One pass, after so much time (`minutes=5`)."""
        self.wait(**passed)
        return run_pass(self.program(self.store), self.now, f"run at {self.now}", only)

    def dry_run(self, *only: str) -> list[Sight]:
        """The plan of one pass, on the state as it is in the file."""
        with Store(self.state, write=False) as store:
            return plan_pass(self.program(store), self.now, only)

    def wait(self, **passed: float) -> None:
        self.now += timedelta(**passed)
        for tell in self.clocks:
            tell(timedelta(**passed).total_seconds())


@contextmanager
def agency(folder: Path, **settings: Any) -> Iterator[Agency]:  # noqa: ANN401 - any field of an agency
    made = Agency(folder, **settings)
    try:
        yield made
    finally:
        made.restart()


def plan_of(sights: Sequence[Sight], ticket: str) -> TicketPlan | None:
    """What the pass had in mind for one ticket, by its key or id; None for nothing at all."""
    plans = (plan for sight in sights for plan in sight.plan.tickets)
    return next((plan for plan in plans if ticket in {plan.ticket.id, plan.ticket.key}), None)


def skipped(sights: Sequence[Sight]) -> dict[str, str]:
    """What was not done, and why."""
    return {each.what: each.why for sight in sights for each in sight.plan.skipped()}


def high(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any of a ticket's
    """Fields of a ticket of high severity, to which one comment is owed after 15 minutes."""
    return {"fields": {"severity": "high"}, **fields}


def in_a_lane(program: Program, passes: int, interval: str = "0m") -> None:
    """So many passes over each source, as the daemon makes them, in this thread and by the real clock."""
    rhythm = SimpleNamespace(interval=Amount.parse(interval), interval_off_hours=Amount.parse(interval))
    unedited = SimpleNamespace(program=program, settings=rhythm, look=lambda _log: program)
    log = structlog.get_logger()
    lane = Lane(
        host_of(program.sources[0].settings),
        cast("Configuration", unedited),
        Event(),
        log,
        ended=PassLog(log).tell,
        held=lambda _source: timedelta(),
        wake=lambda: None,
        passes=passes,
    )
    lane.run()
    assert lane.fault is None
