"""The 400 real issues of the corpus, the mapping fitted to them, and what a pass thinks of each and writes."""

from __future__ import annotations

import json
import shutil
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, assert_never

from sync.action import AddComment, AddLabel, BringIn, DeleteComment, MakeFollowUp, RemoveLabel, SetDue, reference
from sync.cycle import Program, Sight, run_pass
from sync.judging.judgement import Judge
from sync.mapping.policy import load_policy
from sync.mapping.tracker_models import AsanaMapping, JiraMapping, WorkbookMapping
from sync.observe import Served
from sync.saying.comments import Composer
from sync.startup import digest_of, terms_of
from sync.state.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType

    from sync.judging.clocks import Clock
    from sync.judging.judgement import Judgement
    from sync.mapping.policy import Policy
    from sync.mapping.tracker_models import Mapping
    from sync.plan import Plan
    from sync.ticket import Category, Severity, Ticket
    from sync.trackers.base import Tracker
    from sync.trackers.sources import AnySource

Json = dict[str, Any]

NOW = datetime(2015, 6, 1, 12, tzinfo=UTC)
"""A Monday morning in New York, five months after the last event of the corpus."""

HERE = Path(__file__).resolve().parent
SHIPPED = HERE.parent / "mappings"
FITTED = HERE / "data" / "real"
TERMS: Json = {
    "name": "real",
    "mode": "full",
    "readers": "staff",
    "backlog_after": "3650d",
    "guard": {"actions": 1000},
}
"""What the sources on every tracker say alike: all that is owed is said, however old it is."""

_MODELS: dict[str, type[Mapping]] = {
    "jira.toml": JiraMapping,
    "asana.toml": AsanaMapping,
    "workbook.toml": WorkbookMapping,
}
_WORK = {"status", "resolution", "Fix Version", "assignee", "priority", "duedate"}


def read_issues(corpus: Path) -> list[Json]:
    """The issues in the order of the file."""
    lines = (corpus / "data" / "jira-issues.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def fitted_policy(folder: Path) -> Policy:
    """The mapping fitted to these issues, laid into `folder`; what it does not say itself is the shipped one's."""
    shutil.copytree(SHIPPED, folder)
    shutil.copytree(FITTED, folder, dirs_exist_ok=True)
    return load_policy(folder, _MODELS)


def clients_of(issues: Iterable[Json]) -> set[str]:
    """The clients' side: the user names of all who were never assigned an issue and never worked on one."""
    seen, staff = set(), set()
    for issue in issues:
        fields = issue["fields"]
        said = fields["comment"]["comments"]
        seen |= {person["name"] for person in (fields["reporter"], *(one["author"] for one in said))}
        if fields.get("assignee"):
            staff.add(fields["assignee"]["name"])
        for history in issue["changelog"]["histories"]:
            seen.add(history["author"]["name"])
            items = {item["field"]: item for item in history["items"]}
            if items.keys() & _WORK:
                staff.add(history["author"]["name"])
            staff |= {name for end in ("from", "to") if (name := items.get("assignee", {}).get(end))}
    return seen - staff


# --- what is thought of an issue --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """What any tracker's tickets are compared by.

    Of each clock: promise, state, step, and its start, limit and end in whole seconds; of one that is off no more
    than that.
    """

    live: bool
    category: Category
    subtype: str
    rule: str
    severity: Severity
    severity_rule: str
    raises: tuple[str, ...]
    clocks: tuple[tuple[str, str, int, datetime | None, datetime | None, datetime | None], ...]


def verdict(judged: Judgement) -> Verdict:
    return Verdict(
        judged.ticket.status.live,
        judged.classification.category,
        judged.classification.subtype,
        judged.classification.rule,
        judged.rating.severity,
        judged.rating.rule,
        tuple(one.trigger for one in judged.rating.raises),
        tuple(map(_hands, judged.clocks)),
    )


def _hands(clock: Clock) -> tuple[str, str, int, datetime | None, datetime | None, datetime | None]:
    if clock.state == "off":
        return clock.promise, clock.state, 0, None, None, None
    started, due, met = (at.replace(microsecond=0) if at else None for at in (clock.started, clock.due, clock.met))
    return clock.promise, clock.state, clock.step, started, due, met


# --- what is written --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Effects:
    """What was written, by issue key: labels, due dates, and comments by the references of their action ids."""

    labels: Counter[tuple[str, str]] = field(default_factory=Counter)
    dues: Counter[tuple[str, date | None]] = field(default_factory=Counter)
    comments: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)


def is_ours(label: str) -> bool:
    return label.startswith("esc:")


def marked(ids: Iterable[str]) -> tuple[str, ...]:
    """The references of action ids, which is all that Asana shows of them."""
    return tuple(sorted(reference(identifier) for identifier in ids))


def day(value: datetime | date | str | None) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return date.fromisoformat(value) if value else None


# --- the issues on a tracker ------------------------------------------------------------------------------------


class OnTracker(ABC):
    """The issues on one tracker; `with Kind(issues, folder) as real` starts and stops what it takes.

    A ticket is known by the key that its issue has in Jira, whatever the tracker calls it.
    """

    name: ClassVar[str]
    source: AnySource

    def __init__(self, issues: Sequence[Json], folder: Path) -> None:
        self.issues = issues
        self.folder = folder
        self.clients = clients_of(issues)
        self.due_before = {issue["key"]: day(issue["fields"].get("duedate")) for issue in issues}

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @abstractmethod
    def tracker(self, policy: Policy) -> Tracker:
        """A fresh tracker on the issues."""

    @abstractmethod
    def effects(self) -> Effects:
        """What has been written since the issues were loaded, as it truly stands there."""

    @abstractmethod
    def writes(self) -> object:
        """What is another after every write, and the same after everything else."""

    @abstractmethod
    def advance(self, amount: timedelta) -> None:
        """Let time pass at the tracker's end."""

    def key(self, ticket: Ticket) -> str:
        return ticket.key

    def program(self, policy: Policy, store: Store, now: datetime, edition: str = "") -> Program:
        """A pass over the issues; with another `edition` the policy counts as edited."""
        terms = {self.source.name: terms_of(self.source, policy)}
        return Program(
            sources=(Served(self.source, terms[self.source.name], self.tracker(policy)),),
            judge=Judge(policy, terms),
            render=Composer(policy, terms).compose,
            store=store,
            digest=digest_of(policy, [self.source]) + edition,
            settle_after=timedelta(minutes=10),
            crawl_every=timedelta(days=1),
            clock=lambda: now,
        )

    def planned(self, plan: Plan) -> Effects:
        """What a plan would write."""
        effects = Effects()
        for each in plan.tickets:
            key = self.key(each.ticket)
            for action in each.actions:
                match action:
                    case AddLabel(label=label):
                        effects.labels[key, label] += 1
                    case SetDue(due=due):
                        effects.dues[key, due] += 1
                    case AddComment(ids=ids):
                        effects.comments[key, marked(ids)] += 1
                    case RemoveLabel(label=label):
                        effects.labels[key, label] -= 1
                    case BringIn() | MakeFollowUp() | DeleteComment():
                        raise AssertionError("nobody is brought in, nothing is made or taken back in these tests")
                    case _:
                        assert_never(action)
        return effects


@dataclass(frozen=True, slots=True)
class Passes:
    """Three passes over the issues on one tracker: one, one a minute later, one after an edit of the mapping.

    `tickets`, `verdicts`, `planned` and `written` are those of the first. `quiet` tells whether nothing at all was
    written after it.
    """

    name: str
    source: AnySource
    first: Sight
    second: Sight
    third: Sight
    tickets: dict[str, Ticket]
    verdicts: dict[str, Verdict]
    planned: Effects
    written: Effects
    quiet: bool


def passes(kind: type[OnTracker], issues: Sequence[Json], policy: Policy, folder: Path) -> Passes:
    """The issues put on a tracker of that kind, and three passes over them."""
    with kind(issues, folder) as real, Store(folder / "state.db", write=True) as store:
        [first] = run_pass(real.program(policy, store, NOW), NOW, "first")
        planned, written, before = real.planned(first.plan), real.effects(), real.writes()
        real.advance(timedelta(minutes=1))
        later = NOW + timedelta(minutes=1)
        [second] = run_pass(real.program(policy, store, later), later, "second")
        [third] = run_pass(real.program(policy, store, later, "edited"), later, "third")
        return Passes(
            real.name,
            real.source,
            first,
            second,
            third,
            {real.key(judged.ticket): judged.ticket for judged in first.judged},
            {real.key(judged.ticket): verdict(judged) for judged in first.judged},
            planned,
            written,
            quiet=real.writes() == before,
        )
