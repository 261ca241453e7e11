"""What can happen to a task of the Asana fake: each act leaves its story, its event, and a newer `modified_at`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict

from fakes.asana_board import Board
from fakes.asana_people import stamp
from fakes.asana_rich import text_of
from fakes.asana_things import Story

if TYPE_CHECKING:
    from datetime import datetime

    from fakes.asana_fields import Field
    from fakes.asana_people import Person, Thing
    from fakes.asana_things import Project, Section, Tag, Task

Source = Literal["web", "api"]


class Changes(TypedDict, total=False):
    """An edit of a task, checked and resolved; `due` is the day and the instant, both None for no due date."""

    name: str
    notes: str
    completed: bool
    assignee: Person | None
    due: tuple[str | None, datetime | None]
    values: dict[Field, Any]


class Act(NamedTuple):
    """Something done to a task: by whom (None: a rule of Asana's own), when, and through what."""

    task: Task
    by: Person | None
    at: datetime
    source: Source = "web"


class Acts(Board):
    """The acts. `moves_touch` is whether a move between sections makes the task newer: Asana's documents can be
    read both ways.
    """

    moves_touch = True

    def change(self, act: Act, changes: Changes) -> None:
        """Change what differs, with one story for each field that does."""
        task = act.task
        if changes.get("name", task.name) != task.name:
            old, task.name = task.name, changes["name"]
            self._tell(act, "name_changed", "name", old_name=old, new_name=task.name)
        if changes.get("notes", task.notes) != task.notes:
            task.notes = changes["notes"]
            self._tell(act, "notes_changed", "notes")
        if "completed" in changes and changes["completed"] != (task.completed_at is not None):
            done = changes["completed"]
            task.completed_at, task.completed_by = (act.at, act.by) if done else (None, None)
            self._tell(act, "marked_complete" if done else "marked_incomplete", "completed")
        if "assignee" in changes and changes["assignee"] is not task.assignee:
            task.assignee = changes["assignee"]
            subtype = "assigned" if task.assignee else "unassigned"
            self._tell(act, subtype, "assignee", **_known(assignee=task.assignee))
        if "due" in changes and changes["due"] != (task.due_on, task.due_at):
            before = task.dates()
            task.due_on, task.due_at = changes["due"]
            self._tell(act, "due_date_changed", "due_at", old_dates=before, new_dates=task.dates())
        for field, value in changes.get("values", {}).items():
            self._set(act, field, value)

    def comment(self, act: Act, html: str, text: str | None = None) -> Story:
        """Add a comment; its plain text follows from the rich text unless given."""
        story = self._story(act, "comment_added", {})
        story.html = html
        story.plain = text_of(html) if text is None else text
        self._published(act, story)
        return story

    def tag(self, act: Act, tag: Tag) -> None:
        """Put a tag on a task, unless it has it."""
        if tag not in act.task.tags:
            act.task.tags.append(tag)
            self._tell(act, "added_to_tag", "tags", tag=tag)

    def untag(self, act: Act, tag: Tag) -> None:
        """Take a tag off a task, if it has it."""
        if tag in act.task.tags:
            act.task.tags.remove(tag)
            self._tell(act, "removed_from_tag", "tags", tag=tag)

    def follow(self, act: Act, person: Person) -> None:
        """Let someone follow a task, unless they do."""
        if person not in act.task.followers:
            act.task.followers.append(person)
            self._tell(act, "follower_added", "followers", follower=person)

    def put_below(self, act: Act, parent: Task) -> None:
        """Make a task a subtask of another, which is newer by it."""
        act.task.parent = parent
        parent.subtasks.append(act.task)
        self._event("added", act._replace(task=parent), act.task, parent=parent)
        self._touch(act._replace(task=parent))

    def move(self, act: Act, to: Section) -> None:
        """Move a task to another section of a project it is in."""
        old = act.task.memberships[to.project]
        if old is not to:
            act.task.memberships[to.project] = to
            places = {"old_section": old, "new_section": to}
            self._tell(act, "section_changed", "memberships", touch=self.moves_touch, **places)

    def join(self, act: Act, project: Project, section: Section) -> None:
        """Put a task into a project: alone of all acts, this never makes the task newer."""
        act.task.memberships[project] = section
        project.tasks.append(act.task)
        self._event("added", act, act.task, parent=project)
        self._tell(act, "added_to_project", "projects", touch=False, project=project)

    def remove(self, act: Act, gone: Task | Story) -> None:
        """Delete a task with its stories, or one story."""
        self._event("deleted", act, gone)
        if isinstance(gone, Story):
            act.task.stories.remove(gone)
            self._touch(act)
        else:
            for below in list(gone.subtasks):
                self.remove(act._replace(task=below), below)
            if gone.parent:
                gone.parent.subtasks.remove(gone)
            for project in gone.memberships:
                project.tasks.remove(gone)
            for story in gone.stories:
                del self.things[story.gid]
        del self.things[gone.gid]

    def _event(
        self,
        action: str,
        act: Act,
        resource: Thing,
        *,
        parent: Thing | None = None,
        field: str | None = None,
        to: Thing | None = None,
    ) -> None:
        """Write an event into the streams of the task and its projects."""
        event: dict[str, Any] = {
            "user": act.by,
            "created_at": stamp(act.at),
            "type": resource.kind,
            "action": action,
            "resource": resource,
            "parent": parent,
        }
        if field:
            event["change"] = {"field": field, "action": "changed"} | ({"new_value": to} if to else {})
        scope = {act.task.gid, *(project.gid for project in act.task.memberships)}
        self.events.add(frozenset(scope), event)

    def _set(self, act: Act, field: Field, value: Any) -> None:  # noqa: ANN401 - a field's value has any type
        old = act.task.value(field)
        if value != old:
            act.task.values[field] = value
            noun = {"multi_enum": "multi_enum_values"}.get(field.type, f"{field.type}_value")
            both = {"custom_field": field, f"old_{noun}": _told(old), f"new_{noun}": _told(value)}
            self._tell(act, f"{field.type}_custom_field_changed", "custom_fields", **both)

    def _tell(self, act: Act, subtype: str, changed: str, *, touch: bool = True, **details: Any) -> None:  # noqa: ANN401
        to = details.get("assignee")
        self._event("changed", act, act.task, field=changed, to=to)
        self._published(act, self._story(act, subtype, details), touch=touch)

    def _story(self, act: Act, subtype: str, details: dict[str, Any]) -> Story:
        story = Story(
            gid=self._gid(),
            task=act.task,
            subtype=subtype,
            created_at=act.at,
            created_by=act.by,
            source=act.source,
            details=details,
        )
        act.task.stories.append(self._keep(story))
        return story

    def _published(self, act: Act, story: Story, *, touch: bool = True) -> None:
        self._event("added", act, story, parent=act.task)
        if touch:
            self._touch(act)

    def _touch(self, act: Act) -> None:
        act.task.modified_at = max(act.task.modified_at, act.at)


def _known(**details: Any) -> dict[str, Any]:  # noqa: ANN401 - a story's details have any type
    return {name: value for name, value in details.items() if value is not None}


def _told(value: Any) -> Any:  # noqa: ANN401 - a field's value has any type
    """Return a value as a story tells it: a date field's in the form of due dates, a list as it is now."""
    match value:
        case {"date": day}:
            return {"due_on": day, "due_at": value.get("date_time"), "start_on": None}
        case list():
            return list(value)
        case _:
            return value
