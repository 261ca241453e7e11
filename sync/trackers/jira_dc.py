"""Jira Data Center, REST v2: search by offsets, reads one by one, wiki markup."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, assert_never

from sync.action import Failed
from sync.errors import CredentialsError, ForbiddenError, InvalidError, NotFoundError, ServerFaultError
from sync.richtext import Bullets, Paragraph
from sync.trackers.jira_api import Fetched, Hits, history_wanting, issue_path
from sync.trackers.jira_markup import to_wiki
from sync.trackers.jira_records import MARK, identity, records

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sync.richtext import Block, Document, Span
    from sync.trackers.jira_http import JiraHttp

Json = dict[str, Any]

ISSUES_A_PAGE = 100
IDS_A_PAGE = 1000
"""Jira's own limit, unless its administrator raised it."""
OVERLAP = 5
"""Rows read twice: as many issues may drop out of a search while it is paged, and none is passed over."""
ISSUES_A_FETCH = 50


class DataCenterApi:
    """`JiraApi` for Jira Data Center."""

    version: ClassVar[str] = "2"
    whole_seconds: ClassVar[bool] = True
    order: ClassVar[str] = "key ASC"  # a change does not move an issue, so that offsets hold
    user_key: ClassVar[str] = "name"

    def __init__(self, http: JiraHttp, names: dict[str, str]) -> None:
        """With the user names by user key that are known by now; more are put in."""
        self._http = http
        self._names = names

    def search(self, jql: str, fields: Sequence[str]) -> Iterator[Hits]:
        """As `JiraApi.search`: pages overlap; one of nothing new is a circle."""
        bare = list(fields) == ["id"]
        asked: Json = {
            "jql": jql,
            "fields": list(fields),
            "startAt": 0,
            "maxResults": IDS_A_PAGE if bare else ISSUES_A_PAGE,
        }
        if not bare:
            asked["expand"] = ["changelog"]
        seen: set[str] = set()
        while True:
            answer = self._http.read("POST", "search", body=asked)
            issues = records(answer.record, "issues")
            ids = {identity(issue.get("id")) for issue in issues}
            if issues and ids <= seen:
                raise ServerFaultError("Jira's search goes round in a circle: the same page came twice")
            seen |= ids
            yield Hits(issues, answer.at)
            end = asked["startAt"] + len(issues)
            total = answer.record.get("total")
            if not issues or not isinstance(total, int) or end >= total:
                return
            asked["startAt"] = max(asked["startAt"] + 1, end - OVERLAP)

    def fetch(self, ids: Sequence[str], fields: Sequence[str]) -> Iterator[Fetched]:
        """As `JiraApi.fetch`: one request for each, for the search by id lags like any search."""
        query = {"fields": ",".join(fields), "expand": "changelog", "properties": MARK}
        for start in range(0, len(ids), ISSUES_A_FETCH):
            issues, failed, gone = [], [], []
            for number in ids[start : start + ISSUES_A_FETCH]:
                try:
                    issues.append(self._http.read("GET", issue_path(number), query).record)
                except NotFoundError:
                    gone.append(number)
                except ForbiddenError as error:
                    failed.append(Failed(number, "read", str(error)))
            yield Fetched(issues, tuple(failed), tuple(gone))

    def complete_history(self, issues: Sequence[Json]) -> None:
        """As `JiraApi.complete_history`: Data Center sends it whole; where it does not, a read by id may."""
        for issue in issues:
            if history_wanting(issue):
                query = {"fields": "created", "expand": "changelog"}
                try:
                    whole = self._http.read("GET", issue_path(identity(issue.get("id"))), query).record
                except (ForbiddenError, InvalidError, NotFoundError) as error:
                    issue.setdefault("problems", []).append(f"history: {error}")
                else:
                    issue["changelog"] = whole.get("changelog") or issue["changelog"]

    def markup(self, document: Document) -> object:
        """As `JiraApi.markup`: wiki markup."""
        return to_wiki(tuple(self._named(block) for block in document))

    def _named(self, block: Block) -> Block:
        match block:
            case Paragraph(spans):
                return replace(block, spans=self._all_named(spans))
            case Bullets(items):
                return Bullets(tuple(self._all_named(item) for item in items))
            case _:
                assert_never(block)

    def _all_named(self, spans: tuple[Span, ...]) -> tuple[Span, ...]:
        return tuple(
            replace(span, person=self._mentionable(span.person)) if span.person else span for span in spans
        )

    def _mentionable(self, person: str) -> str:
        try:
            return self.user(person)
        except InvalidError:
            return ""

    def user(self, person: str) -> str:
        """As `JiraApi.user`: by the user name, which can change; it is asked once."""
        if person not in self._names:
            try:
                self._names[person] = str(self._account(person)["name"])
            except (NotFoundError, ForbiddenError, KeyError):
                what = f"Jira knows no user {person!r}, or the account may not browse users"
                raise InvalidError(what, ["assignee"]) from None
        return self._names[person]

    def _account(self, person: str) -> Json:
        try:
            return self._http.read("GET", "user", {"key": person}).record
        except NotFoundError:
            return self._http.read("GET", "user", {"username": person}).record

    def watch(self, ticket: str, person: str) -> None:
        """As `JiraApi.watch`: Data Center answers 401 where the account lacks the right to do so."""
        try:
            self._http.write("POST", issue_path(ticket, "watchers"), self.user(person))
        except CredentialsError:
            raise ForbiddenError("the account may not manage watchers (Manage Watcher List)") from None

    def left(self, people: Collection[str]) -> frozenset[str]:
        """As `JiraApi.left`, one by one, for there is no other way."""
        return frozenset(person for person in sorted(people) if self._inactive(person))

    def _inactive(self, person: str) -> bool:
        try:
            return self._account(person).get("active") is False
        except (NotFoundError, ForbiddenError):
            return False
