"""What `config.toml` says of one source, a model per tracker."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from sync.mapping.models import Strict, Time, Zone
from sync.ticket import Language

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=40)]


def _web_address(url: str) -> str:
    scheme, _, rest = url.partition("://")
    host = rest.split("/")[0].rsplit("@")[-1].rsplit(":", 1)[0]
    if scheme == "https" or (scheme == "http" and host in {"127.0.0.1", "localhost", "[::1]"}):
        return url.rstrip("/")
    raise ValueError("write an address that begins with https:// (plain http only to this very machine)")


Address = Annotated[str, AfterValidator(_web_address)]


class Guard(Strict):
    """Beyond these a plan is refused as one that cannot be meant; nothing of it is written."""

    actions: int = Field(200, ge=0)
    """Actions in one pass."""
    client_comments: int = Field(5, ge=0)
    """Comments in one pass that a client can read."""
    unclassified: float = Field(0.5, ge=0, le=1)
    """Share of the pass's live tickets that no rule classifies (looked at from 10 tickets on)."""


class Source(Strict):
    """What every source says."""

    tracker: str
    name: Name
    """Shown in plans and reports; renaming it re-sends nothing."""
    mode: Literal["observe", "labels", "full"] = "observe"
    """`observe` plans only; `labels` writes labels and due dates; `full` also comments."""
    mapping: str | None = None
    """The mapping file's name in `mappings/`; by default the tracker's own, such as `jira.toml`."""
    readers: Literal["staff", "staff-and-clients"] = "staff-and-clients"
    """Who can read this source. Unless you state `staff`, nothing is written that a client must not read."""
    due: Literal["next_promise", "resolution", "off"] = "next_promise"
    """What the due date field means here."""
    zone: Zone = "UTC"
    """The zone in which a due date's day is meant."""
    language: Language = "en"
    """The language of comments for staff."""
    calendar: str | None = None
    site: str | None = None
    """Keep this id for the site when its address changes, so that nothing is said again."""
    backlog_after: Time = Field("7d", validate_default=True)
    """A step that fell due longer ago than this gets a line in the report, not a comment."""
    guard: Guard = Guard()


class JiraSource(Source):
    """A Jira Cloud site or a Jira Data Center server."""

    tracker: Literal["jira"]
    url: Address
    deployment: Literal["cloud", "data-center"] | None = None
    """Asked from the server unless it is set."""
    email: str | None = None
    """The account's address, for Jira Cloud API tokens; Data Center takes a personal access token alone."""
    projects: list[str] = Field(min_length=1)
    """Project keys."""
    jql: str | None = None
    """A further JQL condition, joined with AND."""


class AsanaSource(Source):
    """Projects of one Asana workspace."""

    tracker: Literal["asana"]
    url: Address = "https://app.asana.com/api/1.0"
    projects: list[Annotated[str, Field(pattern=r"^\d+$")]] = Field(min_length=1)
    """Project gids: the number in the project's address."""


class WorkbookSource(Source):
    """One `.xlsx` or `.csv` file."""

    tracker: Literal["workbook"]
    path: Path

    @property
    def site_id(self) -> str:
        """What the state knows the file by: its name without ending, unless `site` says otherwise."""
        return self.site or f"workbook:{unicodedata.normalize('NFC', self.path.expanduser().resolve().stem)}"


AnySource = Annotated[JiraSource | AsanaSource | WorkbookSource, Field(discriminator="tracker")]
