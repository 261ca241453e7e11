"""What a Jira site has in stock before there is any issue: fields, statuses, priorities, resolutions, types."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Choice = dict[str, Any]
"""A named thing that fields point to, as the REST API shows it: `{"id": …, "name": …}` and more."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the site; `logged` is the name that the changelog gives it."""

    id: str
    name: str
    type: str
    items: str | None = None
    logged: str = ""
    clauses: tuple[str, ...] = ()
    navigable: bool = True
    editable: bool = True
    options: tuple[Choice, ...] = ()

    @property
    def custom(self) -> bool:
        """Whether somebody made the field for this site."""
        return self.id.startswith("customfield_")

    @property
    def schema(self) -> dict[str, Any]:
        """The field's data type, as `/field` and `editmeta` show it."""
        shape: dict[str, Any] = {"type": self.type}
        if self.items:
            shape["items"] = self.items
        if self.custom:
            kind = {"option": "select", "array": "multiselect", "number": "float"}.get(self.type, self.type)
            shape["custom"] = f"com.atlassian.jira.plugin.system.customfieldtypes:{kind}"
            shape["customId"] = int(self.id.removeprefix("customfield_"))
        else:
            shape["system"] = self.id
        return shape

    @property
    def jql_names(self) -> tuple[str, ...]:
        """The names by which JQL knows the field."""
        return (f"cf[{self.schema['customId']}]", self.name) if self.custom else self.clauses or (self.id,)


def system_fields() -> list[Field]:
    """Return the fields that every site has."""
    return [
        Field("summary", "Summary", "string"),
        Field("issuetype", "Issue Type", "issuetype", clauses=("issuetype", "type")),
        Field("status", "Status", "status", editable=False),
        Field("priority", "Priority", "priority"),
        Field("labels", "Labels", "array", "string"),
        Field("duedate", "Due date", "date", clauses=("due", "duedate")),
        Field("assignee", "Assignee", "user"),
        Field("reporter", "Reporter", "user"),
        Field("description", "Description", "string"),
        Field("environment", "Environment", "string"),
        Field("project", "Project", "project", logged="Project", editable=False),
        Field("creator", "Creator", "user", editable=False),
        Field("created", "Created", "datetime", clauses=("created", "createdDate"), editable=False),
        Field("updated", "Updated", "datetime", clauses=("updated", "updatedDate"), editable=False),
        Field("resolution", "Resolution", "resolution", editable=False),
        Field("resolutiondate", "Resolved", "datetime", clauses=("resolved", "resolutiondate"), editable=False),
        Field("components", "Components", "array", "component", "Component", ("component",)),
        Field("fixVersions", "Fix versions", "array", "version", "Fix Version", ("fixVersion",)),
        Field("versions", "Affects versions", "array", "version", "Version", ("affectedVersion",)),
        Field("comment", "Comment", "comments-page", navigable=False, editable=False),
        Field("issuelinks", "Linked Issues", "array", "issuelinks", "Link", editable=False),
        Field("subtasks", "Sub-tasks", "array", "subtasks", editable=False),
        Field("parent", "Parent", "issuelink", logged="Parent", editable=False),
        Field("timetracking", "Time tracking", "timetracking", navigable=False, editable=False),
    ]


_CATEGORIES: dict[str, Choice] = {
    "new": {"id": 2, "key": "new", "colorName": "blue-gray", "name": "To Do"},
    "indeterminate": {"id": 4, "key": "indeterminate", "colorName": "yellow", "name": "In Progress"},
    "done": {"id": 3, "key": "done", "colorName": "green", "name": "Done"},
}


def status(number: str, name: str, category: str) -> Choice:
    """Return a status; `category` is `new`, `indeterminate` or `done`."""
    return {"id": number, "name": name, "description": "", "statusCategory": _CATEGORIES[category]}


@dataclass(slots=True)
class Catalogue:
    """The choices of each kind, by the field that points to them."""

    choices: dict[str, list[Choice]] = field(
        default_factory=lambda: {
            "status": [
                status("1", "Open", "new"),
                status("3", "In Progress", "indeterminate"),
                status("4", "Reopened", "new"),
                status("5", "Resolved", "done"),
                status("6", "Closed", "done"),
                status("10010", "Waiting for client", "indeterminate"),
            ],
            "priority": [
                {"id": str(n), "name": name}
                for n, name in enumerate(("Highest", "High", "Medium", "Low", "Lowest"), 1)
            ],
            "resolution": [{"id": "10000", "name": "Done"}, {"id": "10001", "name": "Won't Do"}],
            "issuetype": [
                {"id": "10002", "name": "Task", "subtask": False},
                {"id": "10003", "name": "Sub-task", "subtask": True},
                {"id": "10004", "name": "Bug", "subtask": False},
            ],
            "components": [],
            "fixVersions": [],
            "versions": [],
        }
    )
    used: set[tuple[str, str]] = field(default_factory=set)

    def named(self, kind: str, name: str) -> Choice:
        """Return the choice of that name (KeyError when there is none)."""
        for choice in self.choices[kind]:
            if choice["name"].casefold() == name.casefold():
                return choice
        raise KeyError(f"no {kind} {name!r}")

    def usual(self, kind: str, name: str) -> str:
        """Return the name if the site has it, else that of its first choice: loaded issues bring their own."""
        names = [str(choice["name"]) for choice in self.choices[kind]]
        return name if name in names else names[0]

    def chosen(self, kind: str, given: Choice) -> Choice | None:
        """Return the choice that a client means by `{"id": …}` or `{"name": …}`, if there is one."""
        for key in ("id", "name"):
            if key in given:
                return next((c for c in self.choices[kind] if c[key] == str(given[key])), None)
        return None

    def adopt(self, kind: str, given: Choice) -> Choice:
        """Return the site's choice of this name, taking it over from a loaded issue if it is new.

        A choice that nobody loaded gives way to one with its id; of two loaded ones the second gets a new id.
        """
        shelf = self.choices[kind]
        known = next((c for c in shelf if c["name"] == given["name"]), None)
        if known is None:
            known = dict(given)
            holder = next((c for c in shelf if c["id"] == given["id"]), None)
            if holder and (kind, holder["id"]) in self.used:
                known["id"] = str(max(int(c["id"]) for c in shelf) + 1)
            elif holder:
                shelf.remove(holder)
            shelf.append(known)
        self.used.add((kind, known["id"]))
        return known
