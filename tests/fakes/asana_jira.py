"""Load a Jira issue (the JSON of `/rest/api/2/issue/{key}?expand=changelog`) into the Asana fake as a task."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from fakes.asana_acts import Act
from fakes.asana_rich import html_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakes.asana_fields import Field, Kind, Option
    from fakes.asana_hands import Hands
    from fakes.asana_people import Person
    from fakes.asana_things import Project, Section, Task

Status = Literal["section", "field"]
"""Where an issue's status goes: the section of the task, or an enum custom field "Status"."""


@dataclass(frozen=True, slots=True)
class Loader:
    """Makes tasks of issues in one project: fields "Type", "Priority" and "Jira key", tags for labels.

    The history of status, priority, due date, assignee, resolution (complete or not), summary and labels happens
    to the task at the times it happened; what else an issue has is not carried over.
    """

    board: Hands
    project: Project
    status: Status

    def load(self, issue: Mapping[str, Any]) -> Task:
        """Return the task, whose state is the issue's own even where its history says otherwise."""
        fields = issue["fields"]
        task = self._begin(fields, _first_values(issue))
        for history in sorted(issue["changelog"]["histories"], key=lambda entry: _moment(entry["created"])):
            act = Act(task, self._person(history.get("author")), _moment(history["created"]))
            for item in history["items"]:
                self._happen(act, item["field"], item.get("toString"))
        for comment in fields["comment"]["comments"]:
            act = Act(task, self._person(comment.get("author")), _moment(comment["created"]))
            self.board.comment(act, html_of(comment["body"]), comment["body"])
        self._settle(task, issue["key"], fields)
        return task

    def _begin(self, fields: Mapping[str, Any], first: Mapping[str, str | None]) -> Task:
        """Make the task as it was on its first day."""
        creator = self._person(fields["creator"])
        gid = self.board.create_task(
            self.project.gid,
            first["summary"] or "",
            by=creator.name,
            notes=fields.get("description") or "",
            section=self._section(first["status"]).name if self.status == "section" else None,
            assignee=first["assignee"],
            due_on=_day(first["duedate"]),
            tags=(first["labels"] or "").split(),
            at=_moment(fields["created"]),
        )
        task = self.board.task(gid)
        task.values[self._field("Priority")] = self._option("Priority", first["priority"])
        if self.status == "field":
            task.values[self._field("Status")] = self._option("Status", first["status"])
        if first["resolution"]:
            task.completed_at, task.completed_by = task.created_at, creator
        return task

    def _happen(self, act: Act, field: str, value: str | None) -> None:
        """Let one change of the issue's history happen to the task."""
        match field:
            case "summary":
                self.board.change(act, {"name": value or ""})
            case "duedate":
                self.board.change(act, {"due": (_day(value), None)})
            case "assignee":
                self.board.change(act, {"assignee": self.board.person(value) if value else None})
            case "resolution":
                self.board.change(act, {"completed": bool(value)})
            case "status" if self.status == "section":
                self.board.move(act, self._section(value))
            case "status" | "priority":
                name = field.capitalize()
                self.board.change(act, {"values": {self._field(name): self._option(name, value)}})
            case "labels":
                self._label(act, (value or "").split())

    def _label(self, act: Act, names: list[str]) -> None:
        for tag in [tag for tag in act.task.tags if tag.name not in names]:
            self.board.untag(act, tag)
        for name in names:
            self.board.tag(act, self.board.tag_named(name))

    def _settle(self, task: Task, key: str, fields: Mapping[str, Any]) -> None:
        """Give the task the issue's present state, without a story."""
        task.name = fields["summary"]
        task.assignee = self._person(fields["assignee"]) if fields.get("assignee") else None
        task.due_on = _day(fields.get("duedate"))
        task.tags = [self.board.tag_named(name) for name in fields.get("labels") or ()]
        resolved = fields.get("resolutiondate")
        task.completed_at = _moment(resolved) if resolved else None
        task.values[self._field("Jira key")] = key
        task.values[self._field("Type")] = self._option("Type", fields["issuetype"]["name"])
        task.values[self._field("Priority")] = self._option("Priority", (fields.get("priority") or {}).get("name"))
        if self.status == "field":
            task.values[self._field("Status")] = self._option("Status", fields["status"]["name"])
        else:
            task.memberships[self.project] = self._section(fields["status"]["name"])
        task.modified_at = _moment(fields["updated"])

    def _person(self, author: Mapping[str, Any] | None) -> Person:
        return self.board.person(author["displayName"] if author else "Former user")

    def _section(self, name: str | None) -> Section:
        known = (section for section in self.project.sections if section.name == name)
        return next(known, None) or self.board.add_section(self.project.gid, name or "")

    def _field(self, name: str) -> Field:
        known = (setting.field for setting in self.project.settings if setting.field.name == name)
        kind: Kind = "text" if name == "Jira key" else "enum"
        return next(known, None) or self.board.add_field(self.project.gid, name, kind)

    def _option(self, field: str, name: str | None) -> Option | None:
        return self.board.add_option(self._field(field), name) if name else None


def _first_values(issue: Mapping[str, Any]) -> dict[str, str | None]:
    """Return what each field with a history held on the issue's first day."""
    fields = issue["fields"]
    first = {
        "summary": fields["summary"],
        "status": fields["status"]["name"],
        "priority": (fields.get("priority") or {}).get("name"),
        "assignee": (fields.get("assignee") or {}).get("displayName"),
        "resolution": (fields.get("resolution") or {}).get("name"),
        "duedate": fields.get("duedate"),
        "labels": " ".join(fields.get("labels") or ()),
    }
    for history in sorted(
        issue["changelog"]["histories"], key=lambda entry: _moment(entry["created"]), reverse=True
    ):
        first |= {
            item["field"]: item.get("fromString") for item in reversed(history["items"]) if item["field"] in first
        }
    return first


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _day(text: str | None) -> str | None:
    return text[:10] if text else None
