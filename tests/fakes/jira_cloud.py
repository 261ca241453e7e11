"""A Jira Cloud on a socket: REST v3 (and v2), enhanced search, bulk reads, limits per issue.

As a process: `python -m fakes.jira_cloud --issues 5000`, see `fakes.jira_process`.
"""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from fakes import jira_query
from fakes.jira_call import Call, Shape, checked, listed, page
from fakes.jira_create import CreateResources
from fakes.jira_limits import Limit
from fakes.jira_users import BulkUsers
from fakes.jira_view import Ask
from fakes.jira_words import Refusal, payload
from fakes.server import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fakes.jira_records import Change, Issue
    from fakes.jira_view import Json
    from fakes.server import Request

INLINE_HISTORIES = 40
INLINE_COMMENTS = 20
_TOKEN_LIFE = timedelta(days=7)
EMAIL = "makegood@example.invalid"
TOKEN = "cloud-token"
_BURST = {"GET": 100, "POST": 100, "PUT": 50, "DELETE": 50}
_PER_ISSUE = ((20, 2.0), (100, 30.0))
_SEARCH: Shape = {
    "jql": str,
    "nextPageToken": str,
    "maxResults": int,
    "fields": list,
    "expand": str,
    "properties": list,
    "reconcileIssues": list,
    "fieldsByKeys": bool,
    "failFast": bool,
}
_BULK: Shape = {
    "issueIdsOrKeys": list,
    "fields": list,
    "fieldsByKeys": bool,
    "expand": list,
    "properties": list,
}
_BULK_CHANGES: Shape = {
    "issueIdsOrKeys": list,
    "fieldIds": list,
    "maxResults": int,
    "nextPageToken": str,
}


@dataclass(frozen=True, slots=True)
class _Cursor:
    """The rest of a listing, bound to what was asked."""

    asked: object
    rest: Sequence[Any]
    expires: datetime


class JiraCloud(BulkUsers, CreateResources):
    """Jira Cloud for one account, `email` and `token` by basic authentication.

    `short_pages`: the most issues of the next search pages, one number a page (0 gives an empty page that is
    not the last). `full_page` is the most of a page that has more than ids and keys. `limits` keeps the
    limits of writes per issue (by the fake's clock), `burst` those per endpoint and second. `epoch_changelog`
    writes times of the bulk changelog in milliseconds, as real sites do, else as text, as the document says.
    """

    cloud: ClassVar[bool] = True
    versions: ClassVar[dict[str, bool]] = {"3": True, "2": False, "latest": False}
    histories_on_get: ClassVar[int | None] = 100
    comments_a_page: ClassVar[int] = 100
    routes: ClassVar[dict[tuple[str, str], str]] = {
        ("GET", "search/jql"): "get_search",
        ("POST", "search/jql"): "post_search",
        ("GET", "search"): "old_search",
        ("POST", "search"): "old_search",
        ("POST", "search/approximate-count"): "count",
        ("POST", "issue/bulkfetch"): "bulk_fetch",
        ("POST", "changelog/bulkfetch"): "bulk_changelog",
        ("GET", "issue/([^/]+)/changelog"): "get_changelog",
        ("GET", "project/search"): "search_projects",
    }

    def __init__(
        self,
        *,
        email: str = EMAIL,
        token: str = TOKEN,
        limits: bool = True,
        burst: bool = False,
        **options: Any,  # noqa: ANN401 - the options of Jira and FakeServer
    ) -> None:
        self.email = email
        self.token = token
        self.limits = limits
        self.burst = burst
        self.full_page = 100
        self.short_pages: list[int] = []
        self.epoch_changelog = True
        self._cursors: dict[str, _Cursor] = {}
        self._per_issue = Limit("jira-per-issue-on-write", _PER_ISSUE)
        self._bursts = {method: Limit("jira-burst-based", ((most, 1.0),)) for method, most in _BURST.items()}
        super().__init__(**options)

    # --- who calls, and how often -------------------------------------------------------------------------

    def signed_in(self, request: Request) -> bool:
        """Tell whether email and token are right; a wrong or expired token makes the caller nobody."""
        pair = base64.b64encode(f"{self.email}:{self.token}".encode()).decode()
        return request.headers.get("authorization", "") == f"Basic {pair}"

    def standing_headers(self, call: Call) -> dict[str, str]:
        """Tell of a failed login where one was tried: the status does not."""
        if call.signed or "authorization" not in call.request.headers:
            return {}
        return {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}

    def before(self, request: Request, name: str) -> None:
        """Keep the limits: of calls to an endpoint in a second, of writes to an issue."""
        if self.burst:
            self._bursts[request.method].count(name, self.now)
        if not self.limits or request.method == "GET" or not name.startswith(("put_", "post_", "delete_")):
            return
        if (found := self.site.find(request.path.split("/issue/")[-1].split("/")[0])) is not None:
            self._per_issue.count(found.id, self.now)

    # --- search -------------------------------------------------------------------------------------------

    def get_search(self, call: Call) -> Answer:
        """Answer GET /search/jql."""
        query = call.request.query
        body: Json = {name: query[name][0] for name in ("jql", "nextPageToken", "expand") if name in query}
        body |= {name: query[name] for name in ("fields", "properties") if name in query}
        body["maxResults"] = call.number("maxResults", 50)
        numbers = call.words("reconcileIssues")
        if not all(one.isdecimal() for one in numbers):
            raise payload("reconcileIssues")
        body["reconcileIssues"] = [int(one) for one in numbers]
        return self._search(call, body)

    def post_search(self, call: Call) -> Answer:
        """Answer POST /search/jql."""
        return self._search(call, checked(call.request.body, _SEARCH))

    def _search(self, call: Call, body: Json) -> Answer:
        if not call.signed:
            return Answer(body={"issues": [], "isLast": True})
        properties = listed(body.get("properties"))
        reconcile = body.get("reconcileIssues") or []
        most = body.get("maxResults", 50)
        if len(properties) > 5 or len(reconcile) > 50 or most < 1:
            raise payload("properties ≤ 5, reconcileIssues ≤ 50, maxResults ≥ 1")
        ask = Ask(
            listed(body.get("fields")) or ("id",),
            frozenset(listed([body.get("expand") or ""])),
            properties,
            changes=INLINE_HISTORIES,
            comments=INLINE_COMMENTS,
        )
        asked = (body.get("jql"), ask)
        if token := body.get("nextPageToken"):
            ids = self._resume(token, asked)
        else:
            ids = [issue.id for issue in self._found(call, body.get("jql") or "", reconcile)]
        size = min(most, 5000 if ask.light else self.full_page)
        if self.short_pages:
            size = min(size, self.short_pages.pop(0))
        page = (self._known(one, reconcile) for one in ids[:size])
        around = self._next(asked, ids[size:])
        return Answer(body=call.view.page([one for one in page if one], ask, **around))

    def _known(self, number: str, reconcile: Sequence[int]) -> Issue | None:
        fresh = int(number) in reconcile
        return (self.site.issues if fresh else self.site.index.issues).get(number)

    def _found(self, call: Call, jql: str, reconcile: Sequence[int] = ()) -> list[Issue]:
        zone = ZoneInfo(self.caller.zone)
        query = jira_query.parse(jql, self.site, zone, lambda key: call.may("BROWSE_PROJECTS", key))
        if query.matches is None:
            raise Refusal(400, "unbounded")
        known = dict(self.site.index.issues)
        for number in map(str, reconcile):
            known.pop(number, None)
            if number in self.site.issues:
                known[number] = self.site.issues[number]
        return [one for one in query.search(known.values()) if call.may("BROWSE_PROJECTS", one.project)]

    def _resume(self, token: str, asked: object) -> Sequence[Any]:
        cursor = self._cursors.get(token)
        if cursor is None or cursor.asked != asked or cursor.expires <= self.now:
            raise Refusal(400, "token")
        return cursor.rest

    def _next(self, asked: object, rest: Sequence[Any]) -> Json:
        if not rest:
            return {"isLast": True}
        token = uuid.uuid4().hex
        self._cursors[token] = _Cursor(asked, rest, self.now + _TOKEN_LIFE)
        return {"isLast": False, "nextPageToken": token}

    def old_search(self, call: Call) -> Answer:  # noqa: ARG002 - it says the same to all
        """Answer GET and POST /search: they are gone."""
        raise Refusal(410, "gone")

    def count(self, call: Call) -> Answer:
        """Answer POST /search/approximate-count."""
        jql = checked(call.request.body, {"jql": str}).get("jql") or ""
        return Answer(body={"count": len(self._found(call, jql)) if call.signed else 0})

    # --- bulk reads ---------------------------------------------------------------------------------------

    def bulk_fetch(self, call: Call) -> Answer:
        """Answer POST /issue/bulkfetch: the visible ones of up to 100 issues, fresh, by ascending id."""
        body = checked(call.request.body, _BULK)
        properties = listed(body.get("properties"))
        if len(properties) > 5:
            raise payload("properties ≤ 5")
        ask = Ask(
            listed(body.get("fields")) or ("*navigable",),
            frozenset(listed(body.get("expand"))),
            properties,
            changes=INLINE_HISTORIES,
            comments=INLINE_COMMENTS,
        )
        issues = self._named(call, body, 100)
        return Answer(body=call.view.page(issues, ask, issueErrors=[]))

    def _named(self, call: Call, body: Json, most: int) -> list[Issue]:
        names = body.get("issueIdsOrKeys") or []
        if not 1 <= len(names) <= most or not all(isinstance(one, str) for one in names):
            raise payload(f"1 to {most} issueIdsOrKeys, each a string")
        found = {issue.id: issue for name in names if (issue := self.site.find(name))}
        seen = [issue for issue in found.values() if call.may("BROWSE_PROJECTS", issue.project)]
        return sorted(seen, key=lambda issue: int(issue.id))

    def bulk_changelog(self, call: Call) -> Answer:
        """Answer POST /changelog/bulkfetch: histories of up to 1,000 issues, the oldest first, in pages."""
        body = checked(call.request.body, _BULK_CHANGES)
        fields = listed(body.get("fieldIds"))
        most = body.get("maxResults", 1000)
        if len(fields) > 10 or not 1 <= most <= 10_000:
            raise payload("fieldIds ≤ 10, maxResults 1 to 10000")
        issues = self._named(call, body, 1000)
        asked = ("changelog", tuple(body["issueIdsOrKeys"]), fields)
        if token := body.get("nextPageToken"):
            rest = self._resume(token, asked)
        else:
            rest = sorted(
                ((change.created, int(issue.id), change) for issue in issues for change in issue.changes),
                key=lambda entry: entry[:2],
            )
            rest = [entry for entry in rest if not fields or _touches(entry[2], fields)]
        around = self._next(asked, rest[most:])
        around.pop("isLast")
        logs: dict[int, list[Json]] = {}
        for _, number, change in rest[:most]:
            logs.setdefault(number, []).append(self._bulk_history(call, change))
        shown = [{"issueId": str(number), "changeHistories": log} for number, log in logs.items()]
        return Answer(body={"issueChangeLogs": shown} | around)

    def _bulk_history(self, call: Call, change: Change) -> Json:
        (history,) = call.view.histories([change])
        if self.epoch_changelog:
            history["created"] = round(change.created.timestamp() * 1000)
        return history

    def get_changelog(self, call: Call, which: str) -> Answer:
        """Answer GET /issue/{id or key}/changelog: a page, the oldest first."""
        issue = self.visible(call, which)
        most = call.number("maxResults", 100, 100)
        return Answer(body=page(call, issue.changes, most, call.view.histories))

    def search_projects(self, call: Call) -> Answer:
        """Answer GET /project/search."""
        projects = self.browsable(call)
        if keys := call.words("keys"):
            projects = [project for project in projects if project["key"] in keys]
        return Answer(body=page(call, projects, call.number("maxResults", 50, 100), list))


def _touches(change: Change, fields: Sequence[str]) -> bool:
    return any(item.get("fieldId") in fields for item in change.items)


if __name__ == "__main__":
    from fakes import jira_process

    jira_process.run(JiraCloud)
