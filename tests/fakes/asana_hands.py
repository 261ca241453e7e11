"""The hands of a test in the Asana fake: people who work in it beside us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from fakes.asana_acts import Act, Acts, Changes
from fakes.asana_rich import html_of
from fakes.asana_things import Story, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from fakes.asana_fields import Field

SOMEONE = "Client contact"


class Hands(Acts):
    """Acts by name: `by` and `who` are people's names, `at` is when it happened, now unless said.

    Tasks, projects and stories are given by gid; sections, fields, options and tags by name.
    """

    zone = ZoneInfo("UTC")
    "The zone in which a due instant falls on its day."

    def create_task(
        self,
        project: str,
        name: str,
        *,
        by: str = SOMEONE,
        notes: str = "",
        section: str | None = None,
        assignee: str | None = None,
        due_on: str | None = None,
        due_at: datetime | None = None,
        fields: Mapping[str, Any] | None = None,
        tags: Iterable[str] = (),
        at: datetime | None = None,
    ) -> str:
        """Make a task in a section of a project (the first unless named), and return its gid."""
        moment, creator, home = at or self.now, self.person(by), self.project(project)
        task = Task(
            gid=self._gid(),
            name=name,
            notes=notes,
            workspace=self.organisation,
            created_at=moment,
            created_by=creator,
            modified_at=moment,
            assignee=self.person(assignee) if assignee else None,
            followers=[creator],
        )
        self._keep(task)
        task.due_on, task.due_at = self.due(due_on, due_at)
        self.join(Act(task, creator, moment), home, home.section(section) if section else home.sections[0])
        task.values.update(self._values(task, fields or {}))
        task.tags.extend(self.tag_named(tag) for tag in tags)
        return task.gid

    def add_below(self, parent: Task, task: Task) -> Task:
        """Let a task be made below another, in the projects that it names: no story tells how it begins."""
        task.gid, homes, task.memberships = self._gid(), task.memberships, {}
        act = Act(self._keep(task), task.created_by, task.created_at, "api")
        self.put_below(act, parent)
        for home, section in homes.items():
            self.join(act, home, section)
        return task

    def edit_as(self, who: str | None, task: str, *, at: datetime | None = None, **changes: Any) -> None:  # noqa: ANN401
        """Change `name`, `notes`, `completed`, `assignee` (a name or None), `due_on`, `due_at`, or `fields`.

        `fields` gives values by the field's name: an option's name for an enum, names for several options or
        people, ISO text for a date. `who` None is a rule of Asana's own, whose stories have no author.
        """
        edited = self.task(task)
        known: Changes = {}
        for name, value in changes.items():
            match name:
                case "name" | "notes" | "completed":
                    known[name] = value
                case "assignee":
                    known["assignee"] = self.person(value) if value else None
                case "due_on":
                    known["due"] = self.due(value, None)
                case "due_at":
                    known["due"] = self.due(None, value)
                case "fields":
                    known["values"] = self._values(edited, value)
                case _:
                    raise TypeError(f"edit_as does not know {name}")
        self.change(self._act(who, task, at), known)

    def complete(self, task: str, *, by: str = SOMEONE, at: datetime | None = None) -> None:
        """Mark a task complete."""
        self.change(self._act(by, task, at), {"completed": True})

    def reopen(self, task: str, *, by: str = SOMEONE, at: datetime | None = None) -> None:
        """Mark a task incomplete."""
        self.change(self._act(by, task, at), {"completed": False})

    def comment_as(self, who: str, task: str, text: str, *, at: datetime | None = None) -> str:
        """Write a comment, and return the story's gid."""
        return self.comment(self._act(who, task, at), html_of(text), text).gid

    def add_tag_as(self, who: str, task: str, tag: str, *, at: datetime | None = None) -> None:
        """Put a tag on a task; one of that name is made when there is none."""
        self.tag(self._act(who, task, at), self.tag_named(tag))

    def remove_tag_as(self, who: str, task: str, tag: str, *, at: datetime | None = None) -> None:
        """Take the tag of that name off a task."""
        act = self._act(who, task, at)
        self.untag(act, next(entry for entry in act.task.tags if entry.name == tag))

    def move_section(self, task: str, section: str, *, by: str = SOMEONE, at: datetime | None = None) -> None:
        """Move a task to the section of that name, in the first of its projects that has one."""
        act = self._act(by, task, at)
        known = (entry for home in act.task.memberships for entry in home.sections if entry.name == section)
        self.move(act, next(known))

    def add_to_project(self, task: str, project: str, *, section: str | None = None, by: str = SOMEONE) -> None:
        """Put an existing task into one more project: its `modified_at` stays as it was."""
        home = self.project(project)
        self.join(self._act(by, task, None), home, home.section(section) if section else home.sections[0])

    def delete(self, task: str, *, by: str = SOMEONE) -> None:
        """Delete a task."""
        self.remove(self._act(by, task, None), self.task(task))

    def delete_story(self, story: str, *, by: str = SOMEONE) -> None:
        """Delete a story, which makes its task newer."""
        gone = self._the(Story, story)
        self.remove(self._act(by, gone.task.gid, None), gone)

    def deactivate(self, who: str) -> None:
        """Take a person's account away: what they wrote and own stays theirs."""
        self.person(who).active = False

    def forbid(self, project: str) -> None:
        """Make a project private, and us no member of it."""
        home = self.project(project)
        home.open_as = None
        home.members.pop(self.person(self.bot), None)

    def due(self, day: str | None, moment: datetime | None) -> tuple[str | None, datetime | None]:
        """Return the day and the instant that a due date has when one of them is set: an instant has a day."""
        return (moment.astimezone(self.zone).date().isoformat() if moment else day), moment

    def _act(self, who: str | None, task: str, at: datetime | None) -> Act:
        return Act(self.task(task), self.person(who) if who else None, at or self.now)

    def _values(self, task: Task, given: Mapping[str, Any]) -> dict[Field, Any]:
        fields = {name: self._field(task, name) for name in given}
        return {field: self._value(field, given[name]) for name, field in fields.items()}

    def _value(self, field: Field, given: Any) -> Any:  # noqa: ANN401 - a field's value has any type
        match field.type:
            case "enum" if given:
                return field.option(given)
            case "multi_enum":
                return [field.option(name) for name in given]
            case "people":
                return [self.person(name) for name in given]
            case "date" if given:
                return {"date": given}
            case _:
                return given
