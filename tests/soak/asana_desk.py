"""Asana in the soak: a project of the staff's and one that clients read, as two sources of one workspace."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fakes.asana import AsanaFake
from harness_asana import SECTIONS
from hourglass import Hourglass
from soak.desks import CLIENT, PEOPLE, SEVERITIES, STAFF
from soak.life import Event, Life

from sync.mapping.tracker_models import AsanaMapping
from sync.ticket import Audience, Status
from sync.trackers.asana import open_asana
from sync.trackers.sources import AsanaSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from fakes.asana_people import Person
    from fakes.asana_things import Story
    from soak.life import Kind, Place, Side

    from sync.mapping.tracker_models import Mapping
    from sync.trackers.base import Tracker
    from sync.trackers.sources import Source

WORDS = {section: str(status) for status, section in SECTIONS.items()}
REFERENCES = re.compile(r"\s*\nref((?: \w{6})+)$")


class AsanaDesk:
    """`Desk` on the Asana fake."""

    name = "asana"
    places: tuple[Place, ...] = ("team", "team", "shared")

    def __init__(self, now: datetime) -> None:
        self.fake = AsanaFake(now=now, keep_log=False)
        self._token = self.fake.token
        self.fake.person(STAFF)
        self.fake.person(CLIENT, guest=True)
        self.projects = {place: self._project(place) for place in ("team", "shared", "elsewhere")}
        self.fake.share(self.projects["shared"], CLIENT)
        self._firsts: dict[str, tuple[Event, ...]] = {}

    def _project(self, place: str) -> str:
        project = self.fake.add_project(place, sections=SECTIONS.values())
        self.fake.add_field(project, "Client", "text")
        self.fake.add_field(project, "Severity", "enum", SEVERITIES)
        return project

    def open_sources(self, names: Sequence[str]) -> list[tuple[Source, Tracker, Mapping]]:
        mapping = AsanaMapping.model_validate(
            {
                "fields": {"client": "Client", "severity": "Severity"},
                "status": {str(status): [section] for status, section in SECTIONS.items()},
                "people": {"everyone_else": "staff", "clients": ["@client.example"]},
                "contact": {"client_readable_comment": False, "words": ["/called"]},
            }
        )
        readers = {"team": "staff", "shared": "staff-and-clients"}
        sources = [self._source(name, place, readers[place]) for name, place in zip(names, readers, strict=True)]
        pace = Hourglass()
        return [(source, open_asana(source, mapping, self._token, pace=pace), mapping) for source in sources]

    def _source(self, name: str, place: str, readers: str) -> AsanaSource:
        given: dict[str, Any] = {"name": name, "url": self.fake.host, "projects": [self.projects[place]]}
        return AsanaSource.model_validate({"tracker": "asana", "readers": readers, "mode": "full", **given})

    # --- people at work ------------------------------------------------------------------------------------------

    def create(self, title: str, place: Place, client: str, severity: str) -> str:
        fields = {"Client": client, "Severity": severity}
        gid = self.fake.create_task(self.projects[place], title, by=CLIENT, section="New", fields=fields)
        began: tuple[tuple[Kind, str], ...] = (("status", "open"), ("severity", severity.casefold()))
        at = self.fake.task(gid).created_at
        self._firsts[gid] = tuple(Event(at, "client", kind, value) for kind, value in began)
        return gid

    def comment(self, by: Side, ticket: str, text: str) -> None:
        self.fake.comment_as(PEOPLE[by], ticket, text)

    def set_status(self, ticket: str, status: Status) -> None:
        self.fake.move_section(ticket, SECTIONS[status], by=STAFF)

    def set_severity(self, ticket: str, severity: str) -> None:
        self.fake.edit_as(STAFF, ticket, fields={"Severity": severity})

    def put_label(self, ticket: str, label: str) -> None:
        self.fake.add_tag_as(STAFF, ticket, label)

    def take_label(self, ticket: str, label: str) -> None:
        self.fake.remove_tag_as(STAFF, ticket, label)

    def set_due(self, ticket: str, due: date | None) -> None:
        self.fake.edit_as(STAFF, ticket, due_on=due and due.isoformat())

    def set_owner(self, ticket: str, who: str | None) -> None:
        self.fake.edit_as(STAFF, ticket, assignee=who)

    def move(self, ticket: str, place: Place) -> None:
        """Into the same section of another project; Asana does not show the task as newer by it."""
        task, home = self.fake.task(ticket), self.fake.project(self.projects[place])
        ((old, section),) = task.memberships.items()
        if old is not home:
            self.fake.add_to_project(ticket, home.gid, section=section.name, by=STAFF)
            del task.memberships[old]
            old.tasks.remove(task)

    def delete(self, ticket: str) -> None:
        self.fake.delete(ticket)

    # --- what is true --------------------------------------------------------------------------------------------

    def labels(self, ticket: str) -> list[str]:
        return self.fake.tags(ticket)

    def life(self, ticket: str) -> Life:
        task = self.fake.task(ticket)
        events: list[Event] = []
        for story in sorted(task.stories, key=lambda story: (story.created_at, int(story.gid))):
            events += self._events(story, events)
        return Life(ticket, task.name, (events[0], *self._firsts[ticket], *events[1:]))

    def _events(self, story: Story, before: list[Event]) -> Iterator[Event]:
        for kind, value in self._told(story):
            if kind != "comment":
                yield Event(story.created_at, self._side(story.created_by), kind, value)
                continue
            place = next(event.value for event in reversed(before) if event.kind == "place")
            found = REFERENCES.search(value)
            marks = tuple(found[1].split()) if found else ()
            readers = Audience.INTERNAL if place == "team" else Audience.CLIENT
            yield Event(story.created_at, self._side(story.created_by), kind, value, readers, marks)

    def _told(self, story: Story) -> Iterator[tuple[Kind, str]]:
        told = story.details
        match story.subtype:
            case "comment_added":
                yield "comment", story.text
            case "added_to_tag":
                yield "label on", told["tag"].name
            case "removed_from_tag":
                yield "label off", told["tag"].name
            case "due_date_changed":
                yield "due", told["new_dates"]["due_on"] or ""
            case "section_changed":
                yield "status", WORDS[told["new_section"].name]
            case "enum_custom_field_changed":
                yield "severity", told["new_enum_value"].name.casefold()
            case "assigned":
                yield "owner", told["assignee"].name
            case "unassigned":
                yield "owner", ""
            case "added_to_project":
                gid = told["project"].gid
                yield "place", next(place for place, project in self.projects.items() if project == gid)

    def _side(self, author: Person | None) -> Side:
        if author is self.fake.person(self.fake.bot):
            return "us"
        return "client" if author and author.guest else "staff"
