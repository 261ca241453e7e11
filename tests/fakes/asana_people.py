"""Who is who in an Asana organisation, and the ground that all its things stand on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

SITE = "https://app.asana.com"


def stamp(moment: datetime | None) -> str | None:
    """Write an instant as Asana does: UTC, milliseconds, Z."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True, eq=False, kw_only=True)
class Thing(ABC):
    """Anything with a gid. `record` may hold further things: how much is shown of them is the request's choice.

    `brief` names what a list or a reference shows without `opt_fields`; `on_request` what is shown only when
    `opt_fields` asks for it.
    """

    gid: str
    kind: ClassVar[str]
    brief: ClassVar[tuple[str, ...]] = ("name",)
    on_request: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def record(self) -> dict[str, Any]:
        """Return every field but gid and resource_type."""


@dataclass(slots=True, eq=False, kw_only=True)
class Workspace(Thing):
    """The organisation: `language` is that of the token's user, in which system stories are worded."""

    kind = "workspace"
    name: str
    paid: bool
    language: str

    def record(self) -> dict[str, Any]:
        return {"name": self.name, "is_organization": True, "email_domains": ["agency.example"]}


@dataclass(slots=True, eq=False, kw_only=True)
class Person(Thing):
    """A user; a guest is one from outside the organisation, who sees only what is shared with them."""

    kind = "user"
    name: str
    email: str
    guest: bool
    workspace: Workspace
    active: bool = True
    admin: bool = False
    view_only: bool = False

    @property
    def profile(self) -> str:
        """The address of the person's page."""
        return f"{SITE}/0/profile/{self.gid}"

    def record(self) -> dict[str, Any]:
        return {"name": self.name, "email": self.email, "photo": None, "workspaces": [self.workspace]}


@dataclass(slots=True, eq=False, kw_only=True)
class Team(Thing):
    """A group of people with which a project can be shared."""

    kind = "team"
    name: str
    workspace: Workspace
    members: list[Person]

    def record(self) -> dict[str, Any]:
        return {"name": self.name, "organization": self.workspace}


@dataclass(slots=True, eq=False, kw_only=True)
class Membership(Thing):
    """Someone's place in something; `facts` is the whole record."""

    facts: dict[str, Any]

    def record(self) -> dict[str, Any]:
        return self.facts


class WorkspaceMembership(Membership):
    """Someone's place in the organisation: whether they are a guest must be asked for."""

    kind = "workspace_membership"
    brief = ("user", "workspace")


class TeamMembership(Membership):
    """Someone's place in a team."""

    kind = "team_membership"
    brief = ("user", "team", "is_guest", "is_limited_access", "is_admin")


class ProjectMembership(Membership):
    """A person's or team's place in a project, as the project's own list tells it."""

    kind = "project_membership"
    brief = ("parent", "member", "access_level")


class GeneralMembership(Membership):
    """The same, as `/memberships` tells it."""

    kind = "membership"
    brief = ("parent", "member", "access_level", "resource_subtype")
