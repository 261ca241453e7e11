"""Jira Cloud and Jira Data Center for the contract tests: the fakes, the adapter on them, and people who act."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from fakes.faults import DropAfter, DropBefore, Reply
from fakes.jira_cloud import EMAIL, JiraCloud
from fakes.jira_dc import JiraDC
from fakes.jira_text import mentions, plain
from harness import Posted, Write
from hourglass import Hourglass

from sync.mapping.tracker_models import JiraMapping
from sync.ticket import Audience, Status
from sync.trackers.jira import open_jira
from sync.trackers.jira_records import MARK
from sync.trackers.sources import JiraSource

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from fakes.jira_create import CreateResources
    from fakes.jira_records import Comment
    from fakes.jira_text import Body

    from sync.action import Failed
    from sync.mapping.tracker_models import BringIn
    from sync.ticket import Ticket
    from sync.trackers.base import Tracker

STAFF, CLIENT = "Delivery lead", "Client contact"
STATUSES = {
    Status.OPEN: "Open",
    Status.IN_PROGRESS: "In Progress",
    Status.WAITING: "Waiting for client",
    Status.RESOLVED: "Resolved",
    Status.CLOSED: "Closed",
}
PATHS = {"edit": r"/issue/\d+$", "comment": r"/comment$", "follow_up": r"/issue$"}
WIKI_MENTION = re.compile(r"(?<!\\)\[~([^\]]+)\]")
NOW = datetime(2026, 3, 2, 9, 0, 12, 345_000, tzinfo=UTC)


class JiraHarness:
    """One Jira project; its clients read it as stated by `readers`, or in the portal if it is a service desk."""

    name: ClassVar[str]
    audiences: ClassVar[frozenset[Audience]]
    history: ClassVar[bool] = True
    ledger: ClassVar[bool] = True
    remote: ClassVar[bool] = True
    brings_in: ClassVar[frozenset[BringIn]] = frozenset({"mention", "watch", "assign"})

    follow_ups: ClassVar[dict[str, str]] = {"type": "Sub-task"}
    kind: ClassVar[str] = "software"
    readers: ClassVar[str] = "staff"
    restricted: ClassVar[dict[str, str] | None] = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pace = Hourglass()
        self.waits = self.pace.waits
        self.fake = self.jira()
        self.fake.add_project("OPS", "Operations", self.kind)
        self.client_field = self.fake.add_field("Client")
        self.severity_field = self.fake.add_field("Severity", "option", ("Critical", "High", "Medium", "Low"))
        self.fake.add_person(STAFF, key="" if self.fake.cloud else "JIRAUSER10100")
        self.fake.add_person(CLIENT, customer=True)

    def jira(self) -> CreateResources:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.fake.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.fake.__exit__(kind, error, trace)

    # --- makegood -----------------------------------------------------------------------------------------------

    @property
    def credentials(self) -> dict[str, str]:
        raise NotImplementedError

    def tracker(self, token: str | None = None, **settings: object) -> Tracker:
        """With `settings`, further keys of the source."""
        given = self.credentials
        source = self.source(**({"email": given["email"]} if "email" in given else {}), **settings)
        return open_jira(source, self.mapping(), token or given["token"], pace=self.pace)

    def source(self, **settings: object) -> JiraSource:
        given = {"name": "agency", "url": self.fake.url, "projects": ["OPS"], "readers": self.readers}
        return JiraSource.model_validate({"tracker": "jira", **given, **settings})

    def mapping(self, **settings: object) -> JiraMapping:
        given: dict[str, Any] = {
            "fields": {"client": "client", "severity": self.severity_field},
            "status": {str(status): [name] for status, name in STATUSES.items()},
            "people": {"everyone_else": "staff", "clients": ["client.contact"]},
            "follow_up": self.follow_ups,
        }
        if self.restricted:
            given["restricted_to"] = self.restricted
        return JiraMapping.model_validate({**given, **settings})

    @property
    def requests(self) -> int:
        return len(self.fake.log)

    def advance(self, seconds: float) -> None:
        self.fake.advance(seconds)

    # --- people at work -----------------------------------------------------------------------------------------

    def create(
        self,
        title: str,
        *,
        text: str = "",
        status: Status | None = None,
        client: str | None = "Client A",
        severity: str | None = None,
        labels: tuple[str, ...] = (),
        due: date | None = None,
    ) -> str:
        fields = {
            "description": text or None,
            "status": STATUSES[status or Status.OPEN],
            "labels": sorted(labels),
            "duedate": due,
            self.client_field: client,
            self.severity_field: severity and severity.capitalize(),
        }
        return self.fake.create_issue("OPS", title, by=CLIENT, **fields).id

    def create_unreadable(self) -> str:
        return self.fake.create_issue("OPS", "Left over", by=CLIENT, status="Reopened").id

    def set_status(self, ticket: str, status: Status) -> None:
        self.fake.transition(STAFF, ticket, STATUSES[status])

    def set_due(self, ticket: str, due: date | None) -> None:
        self.fake.edit_as(STAFF, ticket, duedate=due)

    def add_label(self, ticket: str, label: str) -> None:
        self.fake.edit_as(STAFF, ticket, labels=sorted({*self.labels_of(ticket), label}))

    def remove_label(self, ticket: str, label: str) -> None:
        self.fake.edit_as(STAFF, ticket, labels=sorted(self.labels_of(ticket) - {label}))

    def comment_as_staff(self, ticket: str, text: str) -> str:
        return self.fake.comment_as(STAFF, ticket, text).id

    def comment_as_client(self, ticket: str, text: str) -> str:
        return self.fake.comment_as(CLIENT, ticket, text).id

    def delete(self, ticket: str) -> None:
        self.fake.delete(ticket)

    def dismiss_staff(self) -> None:
        self.fake.deactivate(STAFF)

    # --- what is true -------------------------------------------------------------------------------------------

    def staff_id(self) -> str:
        return self._id(self.fake.site.person(STAFF).name)

    def _id(self, name: str) -> str:
        person = self.fake.site.people[name]
        return person.account if self.fake.cloud else person.user_key

    def followers_of(self, ticket: str) -> frozenset[str]:
        return frozenset(map(self._id, self.fake.issue(ticket).watchers))

    def owner_of(self, ticket: str) -> str:
        owner = self.fake.issue(ticket).fields.get("assignee")
        return self._id(owner) if owner else ""

    def mentioned_in(self, ticket: str) -> frozenset[str]:
        bodies = [comment.body for comment in self.fake.issue(ticket).comments]
        if self.fake.cloud:
            return frozenset(person for body in bodies for person in mentions(body))
        return frozenset(self._id(name) for body in bodies for name in WIKI_MENTION.findall(str(body)))

    def below(self, ticket: str) -> list[str]:
        relations = self.fake.site.relations
        linked = [issue for _, end, issue in relations.linked(ticket) if end == "inwardIssue"]
        return [issue.id for issue in (*relations.below(ticket), *linked)]

    def labels_of(self, ticket: str) -> frozenset[str]:
        return frozenset(self.fake.issue(ticket).fields["labels"])

    def due_of(self, ticket: str) -> date | None:
        due = self.fake.issue(ticket).fields.get("duedate")
        return date.fromisoformat(due) if due else None

    def comments_of(self, ticket: str) -> list[Posted]:
        return [
            Posted(
                self._shown(comment.body),
                self._readers(comment),
                tuple(comment.properties.get(MARK, {}).get("ids", ())),
            )
            for comment in self.fake.issue(ticket).comments
        ]

    def _shown(self, body: Body) -> str:
        """A text as Jira renders it: a mention as the name."""
        people = self.fake.site.people
        if self.fake.cloud:
            return plain(body)
        return WIKI_MENTION.sub(lambda found: people[found[1]].display, plain(body))

    def _readers(self, comment: Comment) -> Audience:
        if self.kind == "service_desk":
            return Audience.INTERNAL if comment.internal else Audience.CLIENT
        if comment.visibility:
            return Audience.RESTRICTED
        return Audience.INTERNAL if self.readers == "staff" else Audience.CLIENT

    # --- what goes wrong ----------------------------------------------------------------------------------------

    def stumble(self) -> None:
        self.fake.script(Reply(503, "<html>Service Unavailable</html>", content_type="text/html"), path="search")

    def throttle(self, write: Write) -> None:
        limit = {"Retry-After": "2", "RateLimit-Reason": "jira-per-issue-on-write"}
        self.fake.script(Reply(429, {"errorMessages": []}, limit), method="POST|PUT", path=PATHS[write])

    def lose_next_answer(self, write: Write, *, applied: bool) -> None:
        self.fake.script(DropAfter() if applied else DropBefore(), method="POST|PUT", path=PATHS[write])


class CloudHarness(JiraHarness):
    """An ordinary Cloud project that only staff can read, with a circle for what is confidential."""

    name = "jira-cloud"
    audiences = frozenset({Audience.INTERNAL, Audience.RESTRICTED})
    restricted: ClassVar[dict[str, str] | None] = {"type": "role", "name": "Administrators"}

    def jira(self) -> JiraCloud:
        return JiraCloud(now=NOW, language="de")

    @property
    def credentials(self) -> dict[str, str]:
        return {"email": EMAIL, "token": "cloud-token"}


class CloudDeskHarness(CloudHarness):
    """A Cloud service desk."""

    name = "jira-cloud-desk"
    follow_ups: ClassVar[dict[str, str]] = {"type": "Task", "link": "Relates"}
    audiences = frozenset({Audience.INTERNAL, Audience.CLIENT})
    kind = "service_desk"
    readers = "staff-and-clients"


class DataCenterHarness(JiraHarness):
    """An ordinary Data Center project, under a context path, that clients read too."""

    name = "jira-data-center"
    audiences = frozenset({Audience.CLIENT})
    readers = "staff-and-clients"

    def jira(self) -> JiraDC:
        return JiraDC(now=NOW, context="/jira", language="de")

    @property
    def credentials(self) -> dict[str, str]:
        return {"token": "dc-token"}


class DataCenterDeskHarness(DataCenterHarness):
    """A Data Center service desk: nothing in a comment but a property tells who reads it."""

    name = "jira-data-center-desk"
    follow_ups: ClassVar[dict[str, str]] = {"type": "Task", "link": "Relates"}
    audiences = frozenset({Audience.INTERNAL, Audience.CLIENT})
    kind = "service_desk"


def connected(harness: JiraHarness, **settings: object) -> Tracker:
    """A tracker that has signed in; with further keys of its source."""
    tracker = harness.tracker(None, **settings)
    tracker.connect()
    return tracker


def poll(tracker: Tracker, cursor: str | None = None) -> tuple[list[Ticket], list[Failed], str]:
    """All that a poll gives, and its cursor."""
    pages = list(tracker.changed(cursor))
    assert pages[-1].cursor
    tickets = [ticket for page in pages for ticket in page.tickets]
    return tickets, [failed for page in pages for failed in page.failed], pages[-1].cursor


def ids(tickets: Iterable[Ticket]) -> set[str]:
    return {ticket.id for ticket in tickets}


def fetched(tracker: Tracker, ticket: str) -> Ticket:
    """The one ticket of this id."""
    (page,) = tracker.fetch([ticket])
    assert (page.failed, page.gone) == ((), ())
    return page.tickets[0]


def sent(harness: JiraHarness, since: int = 0) -> list[str]:
    """The requests from one on, as `GET myself`, ids left out."""
    lines = [f"{entry.method} {entry.path.partition('/rest/api/')[2][2:]}" for entry in harness.fake.log[since:]]
    return ["/".join(part for part in line.split("/") if not part.isdecimal()) for line in lines]


HARNESSES = (CloudHarness, CloudDeskHarness, DataCenterHarness, DataCenterDeskHarness)
