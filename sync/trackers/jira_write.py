"""An edit of one issue: all its fields in one PUT, and the people who are brought in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync.action import Written
from sync.errors import InvalidError, TrackerError
from sync.trackers.jira_api import issue_path
from sync.trackers.jira_records import MARK

if TYPE_CHECKING:
    from sync.action import Edit
    from sync.trackers.jira_api import JiraApi
    from sync.trackers.jira_http import Answer, JiraHttp
    from sync.trackers.jira_site import Memory

Json = dict[str, Any]


class Writing:
    """Writes issues of one Jira, for one thread.

    A person who cannot be made owner or watcher is no failure, for what is written beside must not be held up or
    done twice; why is kept in `memory.refused` until somebody can.
    """

    def __init__(self, http: JiraHttp, api: JiraApi, memory: Memory) -> None:
        self._http = http
        self._api = api
        self._memory = memory

    def edit(self, ticket: str, edit: Edit, due: Json) -> Written:
        """As `Tracker.edit`; `due` is the due date field with its new value, empty if it stays."""
        body: Json = {"fields": due} if due else {}
        steps = [{"add": label} for label in edit.add_labels] + [{"remove": label} for label in edit.remove_labels]
        if steps:
            body["update"] = {"labels": steps}
        changing = bool(body)
        if edit.ledger is not None:
            body["properties"] = [{"key": MARK, "value": edit.ledger}]
        path = issue_path(ticket)
        answer = self.write("PUT", path, body, edit.assign) if changing else self._own(path, body, edit.assign)
        if answer is None and edit.ledger is not None:  # Jira refuses a PUT on the issue that changes no field
            answer = self._http.write("PUT", issue_path(ticket, "properties", MARK), edit.ledger)
        for person in edit.watch:
            self._watch(ticket, person)
        return Written(answer.at if answer else None)

    def write(self, method: str, path: str, body: Json, owner: str) -> Answer:
        """Write an issue's fields, with the user of this id as its owner unless that is empty or refused."""
        return self._own(path, body, owner, method) or self._send(method, path, body)

    def _send(self, method: str, path: str, body: Json) -> Answer:
        return self._http.write(method, path, body, once=method == "POST")

    def _own(self, path: str, body: Json, owner: str, method: str = "PUT") -> Answer | None:
        """Write a body with its owner; None if there is none, or Jira refused that one, and so wrote nothing."""
        if not owner:
            return None
        try:
            fields = {**body.get("fields", {}), "assignee": {self._api.user_key: self._api.user(owner)}}
            answer = self._send(method, path, {**body, "fields": fields})
        except InvalidError as error:
            if "assignee" not in error.fields:
                raise
            self._memory.refused = f"{owner} could not be made the owner of an issue: {error}"
            return None
        self._memory.refused = ""
        return answer

    def _watch(self, ticket: str, person: str) -> None:
        try:
            self._api.watch(ticket, person)
        except TrackerError as error:
            self._memory.refused = f"{person} could not be made a watcher of an issue: {error}"
        else:
            self._memory.refused = ""
