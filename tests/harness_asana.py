"""Asana for the contract tests: the fake on a socket, the adapter on it, and people who act in it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from fakes.asana import AsanaFake
from fakes.asana_rich import mentioned
from fakes.faults import DropAfter, DropBefore, Reply
from harness import Posted, Write
from hourglass import Hourglass

from sync.mapping.tracker_models import AsanaMapping
from sync.ticket import Audience, Status
from sync.trackers.asana import open_asana
from sync.trackers.sources import AsanaSource

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from sync.mapping.tracker_models import BringIn
    from sync.trackers.base import Tracker

STAFF, CLIENT = "Delivery lead", "Client contact"
SECTIONS = {
    Status.OPEN: "New",
    Status.IN_PROGRESS: "Doing",
    Status.WAITING: "With the client",
    Status.RESOLVED: "Answered",
    Status.CLOSED: "Done",
}
LABELS = ("billing", "esc:follow-up", "esc:high", "esc:level-1", "esc:level-2")
PATHS = {"edit": r"/(addTag|removeTag)$|/tasks/\d+$", "comment": r"/stories$", "follow_up": r"/subtasks$"}


class AsanaHarness:
    """One project whose sections are the statuses and tags the labels; clients, who are guests, may read it."""

    name: ClassVar[str] = "asana"
    audiences: ClassVar[frozenset[Audience]] = frozenset({Audience.CLIENT})
    history: ClassVar[bool] = True
    ledger: ClassVar[bool] = False
    remote: ClassVar[bool] = True
    brings_in: ClassVar[frozenset[BringIn]] = frozenset({"mention", "watch", "assign"})

    readers: ClassVar[str] = "staff-and-clients"
    settings: ClassVar[dict[str, Any]] = {}
    """Further keys of the mapping."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fake = AsanaFake(now=datetime(2025, 3, 3, 9, tzinfo=UTC))
        self.pace = Hourglass()
        self.waits = self.pace.waits
        self.fake.person(STAFF)
        self.fake.person(CLIENT, guest=True)
        self.project = self.fake.add_project("Client issues", sections=(*SECTIONS.values(), "Attic"))
        if self.readers != "staff":
            self.fake.share(self.project, CLIENT)
        self.fake.add_field(self.project, "Client", "text")
        self.fake.add_field(self.project, "Severity", "enum", ("Critical", "High", "Medium", "Low"))

    def __enter__(self) -> Self:
        self.fake.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.fake.__exit__(kind, error, trace)

    def tracker(self, *, token: str | None = None) -> Tracker:
        return open_asana(self.source(), self.mapping(), token or self.fake.token, pace=self.pace)

    def source(self, **settings: object) -> AsanaSource:
        given = {"name": "agency", "url": self.fake.host, "projects": [self.project], "readers": self.readers}
        return AsanaSource.model_validate({"tracker": "asana", **given, **settings})

    def mapping(self, **settings: object) -> AsanaMapping:
        given = {
            "fields": {"client": "Client", "severity": "Severity"},
            "status": {str(status): [section] for status, section in SECTIONS.items()},
            "people": {"staff": ["@agency.example"], "clients": ["@client.example"]},
            "follow_up": True,
        }
        return AsanaMapping.model_validate({**given, **self.settings, **settings})

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
        return self.fake.create_task(
            self.project,
            title,
            by=CLIENT,
            notes=text,
            section=SECTIONS[status or Status.OPEN],
            due_on=due.isoformat() if due else None,
            fields={"Client": client, "Severity": severity and severity.capitalize()},
            tags=labels,
        )

    def create_unreadable(self) -> str:
        return self.fake.create_task(self.project, "Left over", by=CLIENT, section="Attic")

    def set_status(self, ticket: str, status: Status) -> None:
        self.fake.move_section(ticket, SECTIONS[status], by=STAFF)

    def set_due(self, ticket: str, due: date | None) -> None:
        self.fake.edit_as(STAFF, ticket, due_on=due and due.isoformat())

    def add_label(self, ticket: str, label: str) -> None:
        self.fake.add_tag_as(STAFF, ticket, label)

    def remove_label(self, ticket: str, label: str) -> None:
        self.fake.remove_tag_as(STAFF, ticket, label)

    def comment_as_staff(self, ticket: str, text: str) -> str:
        return self.fake.comment_as(STAFF, ticket, text)

    def comment_as_client(self, ticket: str, text: str) -> str:
        return self.fake.comment_as(CLIENT, ticket, text)

    def delete(self, ticket: str) -> None:
        self.fake.delete(ticket)

    def staff_id(self) -> str:
        return self.fake.person(STAFF).gid

    def dismiss_staff(self) -> None:
        self.fake.deactivate(STAFF)

    # --- what is true -------------------------------------------------------------------------------------------

    def labels_of(self, ticket: str) -> frozenset[str]:
        return frozenset(self.fake.tags(ticket))

    def due_of(self, ticket: str) -> date | None:
        due = self.fake.task(ticket).due_on
        return date.fromisoformat(due) if due else None

    def comments_of(self, ticket: str) -> list[Posted]:
        """With the names of those who are mentioned where the plain text has the address of their page."""
        shown = {person.profile: f"@{person.name}" for person in self.fake.people.values()}
        texts = self.fake.comments(ticket)
        for address, name in shown.items():
            texts = [text.replace(address, name) for text in texts]
        return [posted(text, *self.audiences) for text in texts]

    def followers_of(self, ticket: str) -> frozenset[str]:
        task = self.fake.task(ticket)
        return frozenset(person.gid for person in task.followers if person is not task.created_by)

    def owner_of(self, ticket: str) -> str:
        owner = self.fake.task(ticket).assignee
        return owner.gid if owner else ""

    def mentioned_in(self, ticket: str) -> frozenset[str]:
        said = (story.html for story in self.fake.stories(ticket) if story.is_comment)
        return frozenset(gid for html in said for gid in mentioned(html))

    def below(self, ticket: str) -> list[str]:
        return [task.gid for task in self.fake.task(ticket).subtasks]

    # --- what goes wrong ----------------------------------------------------------------------------------------

    def stumble(self) -> None:
        self.fake.script(Reply(503, {"errors": [{"message": "Service Unavailable"}]}), method="GET")

    def throttle(self, write: Write) -> None:
        reply = Reply(429, {"errors": [{"message": "Too many"}]}, {"Retry-After": "2"})
        self.fake.script(reply, method="POST|PUT", path=PATHS[write])

    def lose_next_answer(self, write: Write, *, applied: bool) -> None:
        self.fake.script(DropAfter() if applied else DropBefore(), method="POST|PUT", path=PATHS[write])


class AsanaFieldsHarness(AsanaHarness):
    """The other way to work in Asana: status and labels in custom fields, and no client reads the project."""

    name: ClassVar[str] = "asana-fields"
    audiences: ClassVar[frozenset[Audience]] = frozenset({Audience.INTERNAL})
    readers: ClassVar[str] = "staff"
    settings: ClassVar[dict[str, Any]] = {"status_field": "Stage", "labels_in": "Labels"}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.fake.add_field(self.project, "Stage", "enum", (*SECTIONS.values(), "Attic"))
        self.fake.add_field(self.project, "Labels", "multi_enum", LABELS)

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
            "Client": client,
            "Severity": severity and severity.capitalize(),
            "Stage": SECTIONS[status or Status.OPEN],
            "Labels": labels,
        }
        day = due.isoformat() if due else None
        return self.fake.create_task(self.project, title, by=CLIENT, notes=text, due_on=day, fields=fields)

    def create_unreadable(self) -> str:
        return self.fake.create_task(self.project, "Left over", by=CLIENT, fields={"Stage": "Attic"})

    def set_status(self, ticket: str, status: Status) -> None:
        self.fake.edit_as(STAFF, ticket, fields={"Stage": SECTIONS[status]})

    def add_label(self, ticket: str, label: str) -> None:
        self.fake.edit_as(STAFF, ticket, fields={"Labels": sorted({*self.labels_of(ticket), label})})

    def remove_label(self, ticket: str, label: str) -> None:
        self.fake.edit_as(STAFF, ticket, fields={"Labels": sorted(self.labels_of(ticket) - {label})})

    def labels_of(self, ticket: str) -> frozenset[str]:
        shown = self.fake.field(ticket, "Labels")
        return frozenset(shown.split(", ") if shown else ())


HARNESSES = (AsanaHarness, AsanaFieldsHarness)


def posted(text: str, audience: Audience) -> Posted:
    """A comment's text told apart from the references at its end."""
    found = re.search(r"\s*\nref((?: \w{6})+)$", text)
    return (
        Posted(text[: found.start()], audience, tuple(found[1].split())) if found else Posted(text, audience, ())
    )
