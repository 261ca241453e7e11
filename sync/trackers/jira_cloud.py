"""Jira Cloud, REST v3: search by tokens, reads in bulk, Atlassian documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sync.action import Failed
from sync.errors import ForbiddenError, InvalidError, NotFoundError, ServerFaultError
from sync.trackers.jira_api import Fetched, Hits, history_wanting, issue_path
from sync.trackers.jira_markup import to_adf
from sync.trackers.jira_records import MARK, fields_of, identity, records

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sync.richtext import Document
    from sync.trackers.jira_http import JiraHttp

Json = dict[str, Any]

# Jira's own limits, from its OpenAPI document.
ISSUES_A_PAGE = 100
IDS_A_PAGE = 5000
ISSUES_A_FETCH = 100
LOGS_A_FETCH = 1000
CHANGES_A_PAGE = 5000
USERS_A_PAGE = 100
"""Half of what Jira takes, so that the address stays short enough for any proxy."""


class CloudApi:
    """`JiraApi` for Jira Cloud."""

    version: ClassVar[str] = "3"
    whole_seconds: ClassVar[bool] = False
    order: ClassVar[str] = "updated ASC, key ASC"  # a changed issue moves to the end, and comes again
    user_key: ClassVar[str] = "accountId"

    def __init__(self, http: JiraHttp) -> None:
        self._http = http

    def search(self, jql: str, fields: Sequence[str]) -> Iterator[Hits]:
        """As `JiraApi.search`: a token that comes twice, or a page of nothing new, is a circle."""
        bare = list(fields) == ["id"]
        asked: Json = {"jql": jql, "fields": list(fields), "maxResults": IDS_A_PAGE if bare else ISSUES_A_PAGE}
        if not bare:
            asked |= {"expand": "changelog", "properties": [MARK]}
        tokens: set[str] = set()
        seen: set[tuple[str, str]] = set()
        while True:
            answer = self._http.read("POST", "search/jql", body=asked)
            issues = records(answer.record, "issues")
            new = {
                (identity(issue.get("id")), identity(fields_of(issue).get("updated"))) for issue in issues
            } - seen
            token = _token(answer.record)
            if token in tokens or (issues and not new):
                raise ServerFaultError("Jira's search goes round in a circle: the same page came twice")
            tokens.add(token)
            seen |= new
            yield Hits(issues, answer.at)
            if not token or answer.record.get("isLast") is True:
                return
            asked["nextPageToken"] = token

    def fetch(self, ids: Sequence[str], fields: Sequence[str]) -> Iterator[Fetched]:
        """As `JiraApi.fetch`: one that is neither sent nor named as an error is not there, or not for us."""
        for start in range(0, len(ids), ISSUES_A_FETCH):
            wanted = list(ids[start : start + ISSUES_A_FETCH])
            asked = {
                "issueIdsOrKeys": wanted,
                "fields": list(fields),
                "expand": ["changelog"],
                "properties": [MARK],
            }
            body = self._http.read("POST", "issue/bulkfetch", body=asked).record
            issues = [issue for issue in records(body, "issues") if identity(issue.get("id")) in wanted]
            failed = tuple(
                Failed(identity(error.get("id")), "read", "Jira could not give it just now; it is tried again")
                for error in records(body, "issueErrors")
            )
            told = {identity(issue.get("id")) for issue in issues} | {failure.ticket for failure in failed}
            yield Fetched(issues, failed, tuple(number for number in wanted if number not in told))

    def complete_history(self, issues: Sequence[Json]) -> None:
        """As `JiraApi.complete_history`, for all of them together: search caps the history of each."""
        short = {identity(issue.get("id")): issue for issue in issues if history_wanting(issue)}
        numbers = list(short)
        for start in range(0, len(numbers), LOGS_A_FETCH):
            try:
                self._complete({number: short[number] for number in numbers[start : start + LOGS_A_FETCH]})
            except (ForbiddenError, InvalidError, NotFoundError) as error:
                for number in numbers[start : start + LOGS_A_FETCH]:
                    short[number].setdefault("problems", []).append(f"history: {error}")

    def _complete(self, short: dict[str, Json]) -> None:
        asked: Json = {"issueIdsOrKeys": list(short), "maxResults": CHANGES_A_PAGE}
        tokens: set[str] = set()
        while True:
            body = self._http.read("POST", "changelog/bulkfetch", body=asked).record
            for log in records(body, "issueChangeLogs"):
                if issue := short.get(identity(log.get("issueId"))):
                    _merge(issue["changelog"], records(log, "changeHistories"))
            token = _token(body)
            if not token:
                return
            if token in tokens:
                raise ServerFaultError("Jira's history goes round in a circle: the same page came twice")
            tokens.add(token)
            asked["nextPageToken"] = token

    def markup(self, document: Document) -> object:
        """As `JiraApi.markup`: an Atlassian document."""
        return to_adf(document)

    def user(self, person: str) -> str:
        """As `JiraApi.user`: by the account id."""
        return person

    def watch(self, ticket: str, person: str) -> None:
        """As `JiraApi.watch`."""
        self._http.write("POST", issue_path(ticket, "watchers"), person)

    def left(self, people: Collection[str]) -> frozenset[str]:
        """As `JiraApi.left`, a hundred at once; unknown ones are not in the answer."""
        wanted, gone = sorted(people), set[str]()
        for start in range(0, len(wanted), USERS_A_PAGE):
            asked = {"accountId": wanted[start : start + USERS_A_PAGE], "maxResults": USERS_A_PAGE}
            users = records(self._http.read("GET", "user/bulk", asked).record, "values")
            gone |= {str(user.get("accountId")) for user in users if user.get("active") is False}
        return frozenset(gone & set(wanted))


def _token(page: Json) -> str:
    """Where the next page begins; empty after the last one."""
    token = page.get("nextPageToken") or ""
    if not isinstance(token, str):
        raise ServerFaultError("Jira does not say where the next page begins; nothing was concluded from this one")
    return token


def _merge(log: Json, more: list[Json]) -> None:
    known = {identity(history.get("id")): history for history in (*records(log, "histories"), *more)}
    log["histories"] = list(known.values())
