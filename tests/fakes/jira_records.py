"""What a Jira site keeps: people, projects, issues, comments and changes, free of HTTP and of Jira's JSON."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from fakes.jira_text import Body

PUBLIC_COMMENT = "sd.public.comment"


def account(name: str) -> str:
    """Return the account id of the person of that user name."""
    return f"712020:{name}"


@dataclass(frozen=True, slots=True)
class Person:
    """An account; `name` is the user name on Data Center, `account` the id on Cloud."""

    name: str
    display: str
    zone: str = "UTC"
    kind: str = "atlassian"
    active: bool = True
    key: str = ""

    @property
    def user_key(self) -> str:
        """The immutable key on Data Center: the name it first had, or `JIRAUSER…` for those made lately."""
        return self.key or self.name

    @property
    def account(self) -> str:
        """The account id."""
        return account(self.name)


@dataclass(frozen=True, slots=True)
class Project:
    """A project; `kind` is `software`, `business` or `service_desk`."""

    id: str
    key: str
    name: str
    kind: str = "software"


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment; people are named by `Person.name`."""

    id: str
    author: str
    body: Body
    created: datetime
    updated: datetime
    editor: str
    properties: dict[str, Any] = field(default_factory=dict)
    visibility: dict[str, str] | None = None

    @property
    def internal(self) -> bool:
        """Whether the comment carries the service desk's mark for staff only."""
        value = self.properties.get(PUBLIC_COMMENT)
        return isinstance(value, dict) and value.get("internal") is True


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the changelog; items are as REST shows them, people named by `Person.name`."""

    id: str
    author: str
    created: datetime
    items: tuple[dict[str, Any], ...]


@dataclass(slots=True)
class Issue:
    """An issue; values in `fields` are replaced, never changed in place. `seen` caches its JSON."""

    id: str
    key: str
    created: datetime
    updated: datetime
    fields: dict[str, Any]
    comments: list[Comment] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)
    watchers: list[str] = field(default_factory=list)
    seen: dict[Any, str] = field(default_factory=dict, repr=False)

    @property
    def project(self) -> str:
        """The key of its project."""
        return self.key.rpartition("-")[0]

    def snapshot(self) -> Issue:
        """Return a copy that later changes leave alone."""
        return replace(
            self,
            fields=dict(self.fields),
            comments=list(self.comments),
            changes=list(self.changes),
            properties=dict(self.properties),
            seen={},
        )
