"""A Jira Data Center on a socket: REST v2 only, personal access token, offset paging, wiki text.

As a process: `python -m fakes.jira_dc --issues 5000`, see `fakes.jira_process`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from fakes import jira_query
from fakes.jira_call import Call, Shape, checked, listed
from fakes.jira_create import CreateResources
from fakes.jira_view import Ask
from fakes.jira_words import Refusal
from fakes.server import Answer

if TYPE_CHECKING:
    from fakes.jira_view import Json
    from fakes.server import Request

TOKEN = "dc-token"
_LARGEST_PAGE = 1000
_SEARCH: Shape = {
    "jql": str,
    "startAt": int,
    "maxResults": int,
    "fields": list,
    "expand": list,
    "validateQuery": bool,
}
_RATE = {
    "X-RateLimit-Limit": "100",
    "X-RateLimit-Remaining": "100",
    "X-RateLimit-Interval-Seconds": "1",
    "X-RateLimit-FillRate": "10",
    "retry-after": "0",
}


class JiraDC(CreateResources):
    """Jira Data Center for one account, `token` by Bearer; basic authentication is refused.

    Serve it under a context path with `context="/jira"`.
    """

    cloud: ClassVar[bool] = False
    versions: ClassVar[dict[str, bool]] = {"2": False, "latest": False}
    histories_on_get: ClassVar[int | None] = None
    comments_a_page: ClassVar[int] = 50
    routes: ClassVar[dict[tuple[str, str], str]] = {
        ("GET", "search"): "get_search",
        ("POST", "search"): "post_search",
    }

    def __init__(self, *, token: str = TOKEN, **options: Any) -> None:  # noqa: ANN401 - Jira's options
        self.token = token
        self._last_search: tuple[object, list[str]] = (None, [])
        super().__init__(**options)

    def signed_in(self, request: Request) -> bool:
        """Tell whether the personal access token is right."""
        return request.headers.get("authorization", "") == f"Bearer {self.token}"

    def before(self, request: Request, name: str) -> None:
        """Refuse everybody but the holder of the token, except at the door plate."""
        if name != "server_info" and not self.signed_in(request):
            tried = "authorization" in request.headers
            reason = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"} if tried else {}
            raise Refusal(401, "anonymous", headers={"WWW-Authenticate": "JIRA REST POST"} | reason)

    def standing_headers(self, call: Call) -> dict[str, str]:
        """Tell of the budget: `retry-after: 0` means go on."""
        return _RATE | ({"X-AUSERNAME": self.caller.name, "X-Seraph-LoginReason": "OK"} if call.signed else {})

    def get_search(self, call: Call) -> Answer:
        """Answer GET /search; it has no `properties`, the document knows none."""
        query = call.request.query
        body: Json = {
            "jql": call.request.one("jql"),
            "fields": query.get("fields"),
            "expand": query.get("expand"),
            "startAt": call.number("startAt", 0),
            "maxResults": call.number("maxResults", 50),
        }
        return self._search(call, body)

    def post_search(self, call: Call) -> Answer:
        """Answer POST /search."""
        return self._search(call, checked(call.request.body, _SEARCH))

    def _search(self, call: Call, body: Json) -> Answer:
        start, most = body.get("startAt", 0), min(body.get("maxResults", 50), _LARGEST_PAGE)
        ask = Ask(
            listed(body.get("fields")) or ("*navigable",),
            frozenset(listed(body.get("expand"))),
            whole_seconds=True,
        )
        ids = self._found(call, body.get("jql", ""))
        known = self.site.index.issues
        page = [known[number] for number in ids[start : start + most]]
        return Answer(
            body=call.view.page(page, ask, expand="schema,names", startAt=start, maxResults=most, total=len(ids))
        )

    def _found(self, call: Call, jql: str) -> list[str]:
        known = self.site.index.issues
        asked = (jql, self.site.index.version, call.denied, self.caller)
        if self._last_search[0] == asked:
            return self._last_search[1]
        zone = ZoneInfo(self.caller.zone)
        query = jira_query.parse(jql, self.site, zone, lambda key: call.may("BROWSE_PROJECTS", key))
        found = [one.id for one in query.search(known.values()) if call.may("BROWSE_PROJECTS", one.project)]
        self._last_search = (asked, found)
        return found


if __name__ == "__main__":
    from fakes import jira_process

    jira_process.run(JiraDC)
