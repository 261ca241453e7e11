"""What `config.toml` says of one source, a model per tracker."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from sync.mapping.parts import Amount, Strict, Time, Zone
from sync.ticket import Language

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=40)]

_SHORTEST = timedelta(seconds=10)


def _polite(interval: Amount) -> Amount:
    if interval.elapsed() < _SHORTEST:
        raise ValueError('must be "10s" or more; trackers turn away those who ask without pause')
    return interval


Interval = Annotated[Time, AfterValidator(_polite)]
"""How long to rest between two passes."""


_PLACE = re.compile(
    r"(?P<scheme>https?:|)//([^/?#@\\]*@)?(?P<host>([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?)([/?#]|$)"
)
_WHOLE = 'write the whole address, as in "https://example.com" or "https://example.com:8443/jira"'


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine: `localhost`, ::1, or within 127.0.0.0/8."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def moved_to(location: str | None) -> str:
    """For a person, where a redirection points: scheme, host and port, and nothing else of the address."""
    found = _PLACE.match(location or "")
    if found is None:
        return "elsewhere"
    return f"to {found['scheme']}//{found['host']}"


def direct(url: str) -> dict[str, Any]:
    """For `requests`: no proxy of the environment for an address of this very machine, which goes unencrypted."""
    return {"http": None, "all": None} if urlsplit(url).scheme == "http" else {}


def _web_address(url: str) -> str:
    if not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("an address has neither blanks nor backslashes in it")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(_WHOLE) from None
    if "@" in parts.netloc:
        raise ValueError("no account or password stands in an address; take out what is before the @")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host or "")):
        raise ValueError("write an address that begins with https:// (plain http only to this very machine)")
    if not host or port == 0 or "#" in url:
        raise ValueError(_WHOLE)
    return url.rstrip("/")


def _without_query(url: str) -> str:
    if "?" in url:
        raise ValueError("leave out the question mark and what is behind it")
    return url


Address = Annotated[str, AfterValidator(_web_address)]
"""Where a secret may be sent: https, or this very machine; no account stands in it."""
Base = Annotated[Address, AfterValidator(_without_query)]
"""An address behind which paths are put."""


class Guard(Strict):
    """Beyond these a plan is refused as one that cannot be meant; nothing of it is written."""

    actions: int = Field(200, ge=0)
    """Actions in one pass."""
    client_comments: int = Field(5, ge=0)
    """Comments in one pass that a client can read."""
    unclassified: float = Field(0.5, ge=0, le=1)
    """Share of the pass's live tickets that no rule classifies (looked at from 10 tickets on)."""


UNGUARDED = Guard(actions=10**9, client_comments=10**9, unclassified=1)
"""Refuses nothing: for a plan that a person only looks at."""


class Source(Strict):
    """What every source says."""

    tracker: str
    """Which kind of tracker it is."""
    name: Name
    """Shown in plans and reports; renaming it re-sends nothing. Example: "acme-jira"."""
    mode: Literal["observe", "labels", "full"] = "observe"
    """`observe` plans only; `labels` writes labels and due dates; `full` also comments."""
    mapping: str | None = None
    """The mapping file's name in `mappings/`; by default the tracker's own, such as `jira.toml`.

    Example: "jira-internal.toml"
    """
    readers: Literal["staff", "staff-and-clients"] = "staff-and-clients"
    """Who can read this source: `staff`, or `staff-and-clients`. Unless you state `staff`, nothing is written that
    a client must not read."""
    due: Literal["next_promise", "resolution", "off"] = "next_promise"
    """What the due date means here: `next_promise`, the next thing owed; `resolution`, the planned date; `off`, it
    is left alone."""
    zone: Zone = "UTC"
    """The zone in which a due date's day is meant."""
    language: Language = "en"
    """The language of comments for staff."""
    calendar: str | None = None
    """The calendar of clients that name none; without it that of escalation.toml. Example: "berlin"."""
    site: str | None = None
    """Keep this id for the site when its address changes, so that nothing is said again.

    Example: "acme.example"
    """
    interval: Interval | None = None
    """How long `daemon` leaves this source alone between two passes; by default `interval` above. It rests shorter
    where a promise is about to run out, and longer while the source fails. Example: "2m"."""
    interval_off_hours: Interval | None = None
    """The same outside of the working hours of the source's calendar, if that is longer; by default
    `interval_off_hours` above. Example: "30m"."""
    backlog_after: Time = Field("7d", validate_default=True)
    """A step that fell due longer ago than this gets a line in the report, not a comment."""
    guard: Guard = Guard()
    """Beyond these a plan is refused, and nothing of it is written."""


class JiraSource(Source):
    """A Jira Cloud site or a Jira Data Center server."""

    tracker: Literal["jira"]
    """`jira`: a Jira Cloud site or a Jira Data Center server."""
    url: Base
    """The site's address. Example: "https://example.atlassian.net"."""
    deployment: Literal["cloud", "data-center"] | None = None
    """`cloud` or `data-center`; asked from the server unless it is set."""
    email: str | None = None
    """The account's address, for Jira Cloud API tokens; Data Center takes a personal access token alone.

    Example: "makegood@example.com"
    """
    projects: list[str] = Field(min_length=1)
    """Project keys. Example: ["OPS", "WEB"]"""
    jql: str | None = None
    """A further JQL condition, joined with AND. Example: "labels != internal"."""
    requests_per_minute: int | None = Field(None, ge=1)
    """The most requests a minute to the site, over all sources on its host; the smallest of theirs counts. Without
    it only Jira's own limits are kept, of 100 reads and 50 writes a second. Example: 600."""


class AsanaSource(Source):
    """Projects of one Asana workspace."""

    tracker: Literal["asana"]
    """`asana`: projects of one Asana workspace."""
    url: Base = "https://app.asana.com/api/1.0"
    """The address of the API; leave it out. Example: "https://app.asana.com/api/1.0"."""
    projects: list[Annotated[str, Field(pattern=r"^\d+$")]] = Field(min_length=1)
    """Project gids: the number in the project's address. Example: ["1201234567890"]"""
    requests_per_minute: int = Field(150, ge=1)
    """The most requests a minute to Asana, over all sources on its host; the smallest of theirs counts. Asana
    takes 150 in a free workspace and 1500 in a paid one, those that it refuses included. Example: 1500."""


class WorkbookSource(Source):
    """One `.xlsx` or `.csv` file."""

    tracker: Literal["workbook"]
    """`workbook`: one `.xlsx` or `.csv` file."""
    path: Path
    """The file, from the folder of this config. Example: "issues.xlsx"."""

    @property
    def site_id(self) -> str:
        """What the state knows the file by: its name without ending, unless `site` says otherwise."""
        return self.site or f"workbook:{unicodedata.normalize('NFC', self.path.expanduser().resolve().stem)}"


def host_of(source: Source) -> str:
    """What the source shares with others of its tracker: the host and port that it asks, or its file alone."""
    match source:
        case JiraSource(url=url) | AsanaSource(url=url):
            place = urlsplit(url)
            return place.netloc.casefold().removesuffix(":443" if place.scheme == "https" else ":80")
        case WorkbookSource():
            return str(source.path.expanduser().resolve())
        case _:
            return source.name


AnySource = Annotated[JiraSource | AsanaSource | WorkbookSource, Field(discriminator="tracker")]
