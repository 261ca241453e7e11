"""The resources of the Jira fakes that are about people: accounts, and who watches an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from fakes.jira_call import page
from fakes.jira_rest import Jira
from fakes.jira_words import Refusal, payload
from fakes.server import Answer

if TYPE_CHECKING:
    from fakes.jira_call import Call
    from fakes.jira_records import Person


class UserResources(Jira):
    """A Jira with its accounts: by account id on Cloud, by user key or user name on Data Center."""

    routes: ClassVar[dict[tuple[str, str], str]] = {
        ("GET", "user"): "get_user",
        ("GET", "issue/([^/]+)/watchers"): "get_watchers",
        ("POST", "issue/([^/]+)/watchers"): "post_watcher",
    }

    def get_user(self, call: Call) -> Answer:
        """Answer GET /user."""
        self.signed(call)
        names = {"accountId"} if self.cloud else {"key", "username"}
        given = {name: call.request.one(name) for name in names if call.request.one(name)}
        if len(given) != 1:
            raise payload(f"one of {sorted(names)} is wanted")
        ((name, value),) = given.items()
        return Answer(body=call.view.person(self._account(name, value).name))

    def _account(self, name: str, value: str) -> Person:
        for person in self.site.people.values():
            if value == {"accountId": person.account, "key": person.user_key, "username": person.name}[name]:
                return person
        raise Refusal(404, "no thing", what=value)

    def get_watchers(self, call: Call, which: str) -> Answer:
        """Answer GET /issue/{id or key}/watchers."""
        issue = self.visible(call, which)
        return Answer(
            body={
                "self": f"{call.view.api}/issue/{issue.id}/watchers",
                "isWatching": self.caller.name in issue.watchers,
                "watchCount": len(issue.watchers),
                "watchers": [call.view.person(name) for name in issue.watchers],
            }
        )

    def post_watcher(self, call: Call, which: str) -> Answer:
        """Answer POST /issue/{id or key}/watchers: the body is one JSON string, and nobody watches twice."""
        issue = self.visible(call, which)
        if not isinstance(call.request.body, str):
            raise payload("the body is the user, as a string")
        if not call.may("MANAGE_WATCHERS", issue.project):
            raise Refusal(403 if self.cloud else 401, "no issue")
        person = self._account("accountId" if self.cloud else "username", call.request.body)
        if not person.active:
            raise Refusal(404, "no thing", what=person.name)
        if person.name not in issue.watchers:
            issue.watchers.append(person.name)
        return Answer(204)


class BulkUsers(UserResources):
    """Cloud's way to ask for many accounts at once."""

    routes: ClassVar[dict[tuple[str, str], str]] = {("GET", "user/bulk"): "get_users"}

    def get_users(self, call: Call) -> Answer:
        """Answer GET /user/bulk: those of the accounts that there are."""
        self.signed(call)
        wanted = call.request.query.get("accountId", [])
        if not 1 <= len(wanted) <= 200:
            raise payload("1 to 200 times accountId")
        found = [person.name for person in self.site.people.values() if person.account in wanted]
        return Answer(
            body=page(
                call, found, call.number("maxResults", 10, 200), lambda names: [call.view.person(n) for n in names]
            )
        )
