"""Projects, tags, tasks and stories of the Asana fake, each with the full record the API can show of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from fakes.asana_fields import Field, Value
from fakes.asana_people import SITE, Person, Team, Thing, Workspace, stamp
from fakes.asana_rich import html_of
from fakes.asana_wording import wording

if TYPE_CHECKING:
    from datetime import datetime

Access = Literal["viewer", "commenter", "editor", "admin"]


@dataclass(slots=True, eq=False, kw_only=True)
class Section(Thing):
    """A column of a project."""

    kind = "section"
    name: str
    created_at: datetime
    project: Project

    def record(self) -> dict[str, Any]:
        return {"name": self.name, "created_at": stamp(self.created_at), "project": self.project}


@dataclass(slots=True, eq=False, kw_only=True)
class Setting(Thing):
    """The use of a custom field on a project."""

    kind = "custom_field_setting"
    brief = ("custom_field", "is_important", "parent", "project")
    project: Project
    field: Field

    def record(self) -> dict[str, Any]:
        both = {"project": self.project, "parent": self.project}
        return {**both, "is_important": False, "custom_field": self.field}


@dataclass(slots=True, eq=False, kw_only=True)
class Project(Thing):
    """A project: `open_as` is what everyone in the organisation but guests may do, None when it is private."""

    kind = "project"
    name: str
    created_at: datetime
    workspace: Workspace
    open_as: Access | None
    members: dict[Person | Team, Access] = field(default_factory=dict)
    sections: list[Section] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)

    def section(self, name: str) -> Section:
        """Return the section of that name."""
        return next(section for section in self.sections if section.name == name)

    def access(self, person: Person) -> Access | None:
        """Return the most that this person may do here; None when they cannot even read it."""
        levels = [level for member, level in self.members.items() if is_in(person, member)]
        if self.open_as and not person.guest:
            levels.append(self.open_as)
        ranks: tuple[Access, ...] = ("admin", "editor", "commenter", "viewer")
        return next((level for level in ranks if level in levels), None)

    def record(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "notes": "",
            "archived": False,
            "completed": False,
            "color": None,
            "created_at": stamp(self.created_at),
            "modified_at": stamp(self.created_at),
            "due_on": None,
            "owner": None,
            "public": self.open_as is not None,
            "privacy_setting": "public_to_workspace" if self.open_as else "private",
            "default_access_level": self.open_as or "editor",
            "members": [member for member in self.members if isinstance(member, Person)],
            "followers": [],
            "team": next((member for member in self.members if isinstance(member, Team)), None),
            "workspace": self.workspace,
            "custom_field_settings": self.settings,
            "permalink_url": f"{SITE}/1/{self.workspace.gid}/project/{self.gid}",
        }


def is_in(person: Person, member: Person | Team) -> bool:
    """Tell whether a member of a project is this person, or a team they belong to."""
    return person in member.members if isinstance(member, Team) else person is member


@dataclass(slots=True, eq=False, kw_only=True)
class Tag(Thing):
    """A tag; Asana lets two of them have one name."""

    kind = "tag"
    name: str
    created_at: datetime
    workspace: Workspace
    color: str | None = None
    notes: str = ""

    def record(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "color": self.color,
            "notes": self.notes,
            "created_at": stamp(self.created_at),
            "followers": [],
            "workspace": self.workspace,
            "permalink_url": f"{SITE}/0/{self.gid}/list",
        }


@dataclass(slots=True, eq=False, kw_only=True)
class Task(Thing):
    """A task; `due_on` is ISO text, and follows from `due_at` where there is one."""

    kind = "task"
    brief = ("name", "resource_subtype")
    on_request = frozenset({"created_by", "html_notes", "num_subtasks", "dependencies", "dependents"})
    name: str
    notes: str
    workspace: Workspace
    created_at: datetime
    created_by: Person
    modified_at: datetime
    assignee: Person | None = None
    completed_at: datetime | None = None
    completed_by: Person | None = None
    due_on: str | None = None
    due_at: datetime | None = None
    memberships: dict[Project, Section] = field(default_factory=dict)
    tags: list[Tag] = field(default_factory=list)
    values: dict[Field, Any] = field(default_factory=dict)
    followers: list[Person] = field(default_factory=list)
    stories: list[Story] = field(default_factory=list)
    parent: Task | None = None
    subtasks: list[Task] = field(default_factory=list)

    def line(self) -> list[Task]:
        """Return the task and those above it, up to the top."""
        return [self, *(self.parent.line() if self.parent else ())]

    def fields(self) -> list[Field]:
        """Return the custom fields of its projects, each once."""
        return list({setting.field: None for project in self.memberships for setting in project.settings})

    def value(self, of: Field) -> Any:  # noqa: ANN401 - a field's value has any type
        """Return its value of a custom field, empty in the field's own way when unset."""
        return self.values.get(of, [] if of.type in {"multi_enum", "people"} else None)

    def dates(self) -> dict[str, str | None]:
        """Return its due dates as stories tell them."""
        return {"due_on": self.due_on, "due_at": stamp(self.due_at), "start_on": None}

    def record(self) -> dict[str, Any]:
        shown = self.fields() if self.workspace.paid else []
        return {
            "name": self.name,
            "resource_subtype": "default_task",
            "notes": self.notes,
            "html_notes": html_of(self.notes),
            "assignee": self.assignee,
            "assignee_status": "upcoming",
            "completed": self.completed_at is not None,
            "completed_at": stamp(self.completed_at),
            "completed_by": self.completed_by,
            "created_at": stamp(self.created_at),
            "created_by": self.created_by,
            "modified_at": stamp(self.modified_at),
            **self.dates(),
            "start_at": None,
            "custom_fields": [Value(gid=of.gid, field=of, value=self.value(of)) for of in shown],
            "memberships": [{"project": p, "section": s} for p, s in self.memberships.items()],
            "projects": list(self.memberships),
            "tags": self.tags,
            "followers": self.followers,
            "parent": self.parent,
            "workspace": self.workspace,
            "num_subtasks": len(self.subtasks),
            "dependencies": [],
            "dependents": [],
            "liked": False,
            "likes": [],
            "num_likes": 0,
            "permalink_url": f"{SITE}/1/{self.workspace.gid}/task/{self.gid}",
        }


@dataclass(slots=True, eq=False, kw_only=True)
class Story(Thing):
    """A comment, or what Asana itself tells of a change: then `details` holds the change's old and new values.

    `created_by` is None for what a rule of Asana's own did.
    """

    kind = "story"
    brief = ("created_at", "created_by", "resource_subtype", "text", "type")
    on_request = frozenset({"html_text"})
    task: Task
    subtype: str
    created_at: datetime
    created_by: Person | None
    source: Literal["web", "api"] = "web"
    html: str = ""
    plain: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def is_comment(self) -> bool:
        """Whether a person (or we) wrote it."""
        return self.subtype == "comment_added"

    @property
    def text(self) -> str:
        """The plain text: a comment's own, or wording in the language of the token's user."""
        return self.plain if self.is_comment else wording(self.task.workspace.language, self.subtype, self.details)

    def record(self) -> dict[str, Any]:
        return {
            "created_at": stamp(self.created_at),
            "created_by": self.created_by,
            "resource_subtype": self.subtype,
            "type": "comment" if self.is_comment else "system",
            "text": self.text,
            "html_text": self.html if self.is_comment else html_of(self.text),
            "source": self.source,
            "target": self.task,
            "is_editable": self.is_comment,
            "is_edited": False,
            "is_pinned": False,
            "liked": False,
            "likes": [],
            "num_likes": 0,
            "previews": [],
            **self.details,
        }
