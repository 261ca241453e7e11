"""A firm as it runs: the shipped templates and word lists, a small policy, and every real adapter."""

from __future__ import annotations

import json
import tomllib
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import tickets
from harness_asana import AsanaHarness
from harness_jira import CloudDeskHarness, CloudHarness, DataCenterDeskHarness, DataCenterHarness
from harness_workbook import CsvHarness, XlsxHarness
from passes import Agency
from tickets import MAPPINGS, shipped

from sync.judging.judgement import Judge
from sync.judging.promises import Terms
from sync.observe import Served
from sync.saying.comments import Composer
from sync.saying.courtesy import slips
from sync.ticket import Audience

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from harness import Harness, Posted

    from sync.cycle import Program, Sight
    from sync.mapping.policy import Policy
    from sync.state.store import Store

# --- the policy -------------------------------------------------------------------------------------------------

TAXONOMY = (
    tickets.TAXONOMY
    + """
[[rule]]
name = "more than agreed"
category = "scope"
subtype = "feature-creep"
when.words = { en = ["one more page"] }
"""
)

SEVERITY = """
order = ["field"]
default = "low"
field_values = { critical = "critical", high = "high", medium = "medium", low = "low" }
[[trigger]]
name = "reopened"
reopened = true
within = "90d"
[[trigger]]
name = "they went to the board"
raise_by = 0
at_least = "critical"
within = "90d"
when.words = { en = ["our board"] }
"""

ESCALATION = """
ladder = ["project_manager", "engagement_partner"]
gather = "15m"
calendar = "always"
[critical]
first_response = { within = "1h" }
update = { within = "4h" }
escalation = { to = "engagement_partner", taken = { within = "15m" } }
[high]
first_response = { within = "4h" }
update = { within = "1d" }
escalation = { to = "project_manager", taken = { within = "1d" } }
[medium]
handover = false
first_response = { within = "24h" }
escalation = { to = "project_manager" }
[low]
handover = false
first_response = { within = "30d" }
escalation = { to = "project_manager" }
"""

CLIENTS = """
[roles]
project_manager = ["Consultant 7", "Consultant 8"]
engagement_partner = ["Partner 9"]
[[person]]
name = "Consultant 7"
ids = { jira = "id-of-consultant-7", asana = "770007", workbook = "Consultant 7" }
[[person]]
name = "Consultant 8"
ids = { jira = "id-of-consultant-8", asana = "880008", workbook = "Consultant 8" }
[[person]]
name = "Partner 9"
ids = { jira = "id-of-partner-9", asana = "990009", workbook = "Partner 9" }
[[away]]
who = "Consultant 7"
from = 2020-01-01
until = 2030-01-01
[[client]]
name = "Client A"
channel = "the private number of Sponsor 3"
sponsor = "Sponsor 3"
daily_contact = "Daily contact 4"
"""

PEOPLE = ("Consultant 7", "Consultant 8", "Partner 9", "Sponsor 3", "Daily contact 4")
"""Everybody whom the clients' file names."""
IDS = ("id-of-consultant-7", "id-of-consultant-8", "id-of-partner-9", "770007", "880008", "990009")


@cache
def policy(*, promises: str = "", scope: str = "", clients: str = CLIENTS, escalation: str = ESCALATION) -> Policy:
    """The small policy, and all that is shipped of templates and word lists."""
    small = tickets.policy(
        taxonomy=TAXONOMY,
        severity=SEVERITY,
        escalation=escalation,
        clients=clients,
        promises=promises,
        scope=scope,
    )
    return replace(small, templates=shipped().templates, tone=shipped().tone)


@cache
def words() -> dict[str, Any]:
    """What the shipped mapping takes as contact, acknowledgement and proof."""
    written = tomllib.loads((MAPPINGS / "jira.toml").read_text(encoding="utf-8"))
    return {name: written[name] for name in ("contact", "acknowledge", "snooze", "evidence", "approval")}


# --- the firm ---------------------------------------------------------------------------------------------------


@dataclass
class Firm(Agency):
    """An agency that writes what the shipped templates say."""

    policy: Policy = field(default_factory=policy)

    def program(self, store: Store) -> Program:
        terms = {
            source.name: Terms(
                mapping,
                source.readers == "staff",
                source.due,
                source.zone,
                source.language,
                tracker=source.tracker,
            )
            for source, _, mapping in self.sources
        }
        composer = Composer(self.policy, terms)
        return replace(
            super().program(store),
            sources=tuple(Served(source, terms[source.name], tracker) for source, tracker, _ in self.sources),
            judge=Judge(self.policy, terms),
            render=composer.compose,
            slips=partial(slips, composer=composer, policy=self.policy),
            follow_up=composer.follow_up,
        )


class Desk(NamedTuple):
    """A firm on one real adapter."""

    firm: Firm
    harness: Any

    def run(self, **passed: float) -> list[Sight]:
        return self.firm.run(**passed)

    def ours(self, ticket: str) -> list[Posted]:
        """What we said on the ticket."""
        return [comment for comment in self.harness.comments_of(ticket) if comment.marks]

    def labels(self, ticket: str) -> set[str]:
        """Labels of ours, without their prefix."""
        return {label[4:] for label in self.harness.labels_of(ticket) if label.startswith("esc:")}

    def sent(self) -> list[str]:
        """The body of every write that was sent, or for a file what we wrote into it, as text."""
        if not self.harness.remote:
            rows = [row for row in self.harness.comments() if row["Action id"]]
            cells = [(row["Labels"], row["Due"], row["Owner"]) for row in self.harness.issues()]
            return [json.dumps(row, default=str, ensure_ascii=False) for row in (*rows, *cells)]
        writes = [entry for entry in self.harness.fake.log if entry.method in {"POST", "PUT"}]
        return [f"{entry.path} {json.dumps(entry.body, ensure_ascii=False)}" for entry in writes]


@contextmanager
def desk(
    kind: type[Harness],
    folder: Path,
    by: Policy | None = None,
    *,
    mapping: dict[str, Any] | None = None,
    **source: Any,  # noqa: ANN401 - any key of a source
) -> Iterator[Desk]:
    """A firm on such a tracker, with further keys of the mapping, and of the source."""
    with ExitStack() as stack:
        harness: Any = stack.enter_context(kind(folder))
        people = harness.mapping().people.model_dump(exclude_unset=True)
        people["staff"] = [*people.get("staff", ()), *PEOPLE[:3], *IDS]
        keys = words() | {"people": people | {"bring_in": ["mention", "watch", "assign"]}} | (mapping or {})
        harness.mapping = partial(harness.mapping, **keys)
        harness.source = partial(harness.source, mode="full", **source)
        tracker = harness.tracker()
        tracker.connect()
        now = harness.fake.now if harness.remote else harness.now
        firm = Firm(folder, now=now, policy=by or policy())
        stack.callback(firm.restart)
        stack.callback(tracker.close)
        firm.source(harness.source(), tracker, harness.mapping())
        firm.clocks.append(harness.advance)
        yield Desk(firm, harness)


def reasons(sights: Sequence[Sight]) -> list[str]:
    """Everything that was not done, with its reason."""
    return [f"{each.what}: {each.why}" for sight in sights for each in sight.plan.skipped()]


# --- trackers: who reads them, and what they can hide ------------------------------------------------------------


class StaffDataCenter(DataCenterHarness):
    """A Data Center project that only staff read, with a circle for what is confidential."""

    name: ClassVar[str] = "jira-data-center, staff"
    audiences: ClassVar[frozenset[Audience]] = frozenset({Audience.INTERNAL, Audience.RESTRICTED})
    readers: ClassVar[str] = "staff"
    restricted: ClassVar[dict[str, str] | None] = {"type": "role", "name": "Administrators"}


class OpenCloud(CloudHarness):
    """A Cloud project that staff and clients read, though it has a circle of its own."""

    name: ClassVar[str] = "jira-cloud, clients too"
    readers: ClassVar[str] = "staff-and-clients"


class StaffAsana(AsanaHarness):
    """An Asana project that only staff read."""

    name: ClassVar[str] = "asana, staff"
    readers: ClassVar[str] = "staff"
    audiences: ClassVar[frozenset[Audience]] = frozenset({Audience.INTERNAL})


class StaffXlsx(XlsxHarness):
    """A workbook that only staff read."""

    name: ClassVar[str] = "xlsx, staff"
    audiences: ClassVar[frozenset[Audience]] = frozenset({Audience.INTERNAL})

    def source(self, **settings: object) -> Any:  # noqa: ANN401 - as the harness it extends
        return super().source(**{"readers": "staff", **settings})


class StaffCsv(CsvHarness):
    """A file of rows that only staff read."""

    name: ClassVar[str] = "csv, staff"
    audiences: ClassVar[frozenset[Audience]] = frozenset({Audience.INTERNAL})

    def source(self, **settings: object) -> Any:  # noqa: ANN401 - as the harness it extends
        return super().source(**{"readers": "staff", **settings})


RESTRICTING: tuple[type[Harness], ...] = (CloudHarness, StaffDataCenter)
"""Only staff read them, and a comment can be confined further."""
STAFF_ONLY: tuple[type[Harness], ...] = (StaffAsana, StaffXlsx, StaffCsv)
"""Only staff read them, all of them everything."""
MIXED: tuple[type[Harness], ...] = (
    OpenCloud,
    CloudDeskHarness,
    DataCenterHarness,
    DataCenterDeskHarness,
    AsanaHarness,
    XlsxHarness,
    CsvHarness,
)
"""Clients read them too."""
SHOWING = (CloudDeskHarness, DataCenterDeskHarness)
"""Staff and clients each have comments of their own."""
