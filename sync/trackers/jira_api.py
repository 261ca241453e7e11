"""What Jira Cloud and Jira Data Center do each in its own way, and the reading of comments that they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol
from urllib.parse import quote

from sync.errors import ServerFaultError
from sync.trackers.jira_records import DESK, missing, project_of, properties_of, records, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from sync.action import Failed
    from sync.richtext import Document
    from sync.trackers.jira_http import JiraHttp

Json = dict[str, Any]
COMMENTS_A_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Hits:
    """A page of a search: its issues, and when it was answered by Jira's clock."""

    issues: list[Json]
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """Some issues read by id: those that came, those that could not be read, and those not there for us."""

    issues: list[Json]
    failed: tuple[Failed, ...]
    gone: tuple[str, ...]


class JiraApi(Protocol):
    """One of the two REST APIs of Jira."""

    version: ClassVar[str]
    whole_seconds: ClassVar[bool]
    """Whether search cuts `updated` to seconds."""
    order: ClassVar[str]
    """The JQL order in which paging loses nothing while issues change."""
    user_key: ClassVar[str]
    """The member by which a field's value names a user."""

    def search(self, jql: str, fields: Sequence[str]) -> Iterator[Hits]:
        """All pages of a search, with history unless `fields` is `id` alone. An issue may come twice.

        ServerFaultError if the pages go round in a circle.
        """
        ...

    def fetch(self, ids: Sequence[str], fields: Sequence[str]) -> Iterator[Fetched]:
        """The issues of these ids with their history, as they are now."""
        ...

    def complete_history(self, issues: Sequence[Json]) -> None:
        """Fill in what `changelog` left out, in place; what cannot be had stays out, its `total` unreached."""
        ...

    def markup(self, document: Document) -> object:
        """A text in this API's markup; a person whom it cannot mention is named."""
        ...

    def user(self, person: str) -> str:
        """How writes name the user of this id. InvalidError if Jira knows none, or does not say."""
        ...

    def watch(self, ticket: str, person: str) -> None:
        """Make the user of this id a watcher; one who is already stays one."""
        ...

    def left(self, people: Collection[str]) -> frozenset[str]:
        """Those of these user ids whose accounts are deactivated."""
        ...


def issue_path(ticket: str, *rest: str) -> str:
    """The path of an issue's resource."""
    return "/".join(("issue", quote(ticket, safe=""), *rest))


def project_path(key: str, *rest: str) -> str:
    """The path of a project's resource."""
    return "/".join(("project", quote(key, safe=""), *rest))


class Comments(NamedTuple):
    """All comments of an issue with their properties; `complete` unless Jira kept back some, or the properties."""

    comments: list[Json]
    complete: bool


def read_comments(http: JiraHttp, ticket: str) -> Comments:
    """Read every comment of one issue, by as many pages as it takes."""
    found: dict[str, Json] = {}
    start = 0
    while True:
        query = {"startAt": start, "maxResults": COMMENTS_A_PAGE, "orderBy": "created", "expand": "properties"}
        page = http.read("GET", issue_path(ticket, "comment"), query).record
        comments = records(page, "comments")
        fresh = {str(comment.get("id")): comment for comment in comments}.keys() - found.keys()
        if comments and not fresh:
            raise ServerFaultError(f"Jira sends the same comments of issue {ticket} again and again")
        found |= {str(comment.get("id")): comment for comment in comments}
        start += len(comments)
        total = page.get("total")
        if not comments or not isinstance(total, int) or start >= total:
            break
    whole = shown(page, "comments") and isinstance(total, int) and len(found) >= total
    proved = all(properties_of(comment) is not None for comment in found.values())
    return Comments(list(found.values()), whole and proved)


def history_wanting(issue: Json) -> bool:
    """Whether an issue came without all of its history."""
    return missing(issue.get("changelog"), "histories") > 0


def comments_wanting(issue: Json) -> bool:
    """Whether an issue came without (all of) its comments, or without the sign of who can read them."""
    fields = issue.get("fields")
    if not isinstance(fields, dict):
        return False
    page = fields.get("comment")
    unsigned = project_of(fields).get("projectTypeKey") == DESK and any(
        "jsdPublic" not in comment and properties_of(comment) is None for comment in records(page, "comments")
    )
    return not shown(page, "comments") or missing(page, "comments") > 0 or unsigned
