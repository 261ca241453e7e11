"""Jira Cloud in the soak: a project that staff read and a service desk, as one source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakes.jira_cloud import EMAIL, TOKEN, JiraCloud
from fakes.jira_records import Comment
from fakes.jira_text import plain
from harness_jira import STATUSES
from hourglass import Hourglass
from soak.desks import CLIENT, PEOPLE, SEVERITIES, STAFF
from soak.life import Event, Life

from sync.mapping.tracker_models import JiraMapping
from sync.ticket import Audience, Status
from sync.trackers.jira import open_jira
from sync.trackers.jira_records import MARK
from sync.trackers.sources import JiraSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from fakes.jira_records import Change
    from soak.life import Kind, Place, Side

    from sync.mapping.tracker_models import Mapping
    from sync.trackers.base import Tracker
    from sync.trackers.sources import Source

PROJECTS: dict[Place, str] = {"inside": "OPS", "desk": "HELP"}
WORDS = {name: str(status) for status, name in STATUSES.items()}


class JiraDesk:
    """`Desk` on the Jira Cloud fake."""

    name = "jira"
    places: tuple[Place, ...] = ("inside", "inside", "desk")

    def __init__(self, now: datetime) -> None:
        self.fake = JiraCloud(now=now, language="de", keep_log=False)
        self.fake.add_project("OPS", "Operations")
        self.fake.add_project("HELP", "Help desk", "service_desk")
        self.field = {
            "Client": self.fake.add_field("Client"),
            "Severity": self.fake.add_field("Severity", "option", SEVERITIES),
        }
        self.fake.add_person(STAFF)
        self.fake.add_person(CLIENT, customer=True)
        self._firsts: dict[str, tuple[Event, ...]] = {}

    def open_sources(self, names: Sequence[str]) -> list[tuple[Source, Tracker, Mapping]]:
        given: dict[str, Any] = {
            "tracker": "jira",
            "name": names[0],
            "url": self.fake.url,
            "email": EMAIL,
            "projects": list(PROJECTS.values()),
            "readers": "staff",
            "mode": "full",
        }
        source = JiraSource.model_validate(given)
        mapping = JiraMapping.model_validate(
            {
                "fields": {"client": "client", "severity": self.field["Severity"]},
                "status": {str(status): [name] for status, name in STATUSES.items()},
                "people": {"everyone_else": "staff", "clients": ["client.contact"]},
                "contact": {"client_readable_comment": False, "words": ["/called"]},
                "restricted_to": {"type": "role", "name": "Administrators"},
            }
        )
        return [(source, open_jira(source, mapping, TOKEN, pace=Hourglass()), mapping)]

    # --- people at work ------------------------------------------------------------------------------------------

    def create(self, title: str, place: Place, client: str, severity: str) -> str:
        fields = {"status": "Open", self.field["Client"]: client, self.field["Severity"]: severity}
        issue = self.fake.create_issue(PROJECTS[place], title, by=CLIENT, **fields)
        began: tuple[tuple[Kind, str], ...] = (
            ("place", place),
            ("status", "open"),
            ("severity", severity.casefold()),
        )
        self._firsts[issue.id] = tuple(Event(issue.created, "client", kind, value) for kind, value in began)
        return issue.id

    def comment(self, by: Side, ticket: str, text: str) -> None:
        self.fake.comment_as(PEOPLE[by], ticket, text)

    def set_status(self, ticket: str, status: Status) -> None:
        self.fake.transition(STAFF, ticket, STATUSES[status])

    def set_severity(self, ticket: str, severity: str) -> None:
        self.fake.edit_as(STAFF, ticket, **{self.field["Severity"]: severity})

    def put_label(self, ticket: str, label: str) -> None:
        self.fake.edit_as(STAFF, ticket, labels=sorted({*self.labels(ticket), label}))

    def take_label(self, ticket: str, label: str) -> None:
        self.fake.edit_as(STAFF, ticket, labels=sorted({*self.labels(ticket)} - {label}))

    def set_due(self, ticket: str, due: date | None) -> None:
        self.fake.edit_as(STAFF, ticket, duedate=due)

    def set_owner(self, ticket: str, who: str | None) -> None:
        self.fake.edit_as(STAFF, ticket, assignee=who)

    def move(self, ticket: str, place: Place) -> None:
        if self.fake.issue(ticket).project != PROJECTS[place]:
            self.fake.move(STAFF, ticket, PROJECTS[place])

    def delete(self, ticket: str) -> None:
        self.fake.delete(ticket)

    # --- what is true --------------------------------------------------------------------------------------------

    def labels(self, ticket: str) -> list[str]:
        labels: list[str] = self.fake.issue(ticket).fields["labels"]
        return labels

    def life(self, ticket: str) -> Life:
        issue = self.fake.issue(ticket)
        events = list(self._firsts[ticket])
        acts: list[Change | Comment] = [*issue.changes, *issue.comments]
        for done in sorted(acts, key=lambda each: int(each.id)):
            events += self._events(done, events)
        return Life(issue.key, issue.fields["summary"], tuple(events))

    def _events(self, done: Change | Comment, before: list[Event]) -> Iterator[Event]:
        by = self._side(done.author)
        if isinstance(done, Comment):
            place = next(event.value for event in reversed(before) if event.kind == "place")
            marks = tuple(done.properties.get(MARK, {}).get("ids", ()))
            yield Event(done.created, by, "comment", plain(done.body), _readers(done, place), marks)
            return
        for item in done.items:
            for kind, value in self._changed(item):
                yield Event(done.created, by, kind, value)

    def _changed(self, item: dict[str, Any]) -> Iterator[tuple[Kind, str]]:
        match item.get("fieldId"):
            case "labels":
                was, now = (set((item[end] or "").split()) for end in ("fromString", "toString"))
                yield from (("label off", label) for label in sorted(was - now))
                yield from (("label on", label) for label in sorted(now - was))
            case "status":
                yield "status", WORDS[item["toString"]]
            case "duedate":
                yield "due", item["to"] or ""
            case "assignee":
                yield "owner", item["to"] or ""
            case "project":
                key = next(project.key for project in self.fake.site.projects.values() if project.id == item["to"])
                yield "place", next(place for place, project in PROJECTS.items() if project == key)
            case severity if severity == self.field["Severity"]:
                yield "severity", item["toString"].casefold()

    def _side(self, author: str) -> Side:
        if author == self.fake.caller.name:
            return "us"
        return "client" if author == "client.contact" else "staff"


def _readers(comment: Comment, place: str) -> Audience:
    """On a service desk a restriction to a role hides nothing from its customers."""
    if place == "desk":
        return Audience.INTERNAL if comment.internal else Audience.CLIENT
    return Audience.RESTRICTED if comment.visibility else Audience.INTERNAL
