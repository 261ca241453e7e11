"""Issues of our own below a ticket: created with their mark in one request, and found by it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync.action import Written
from sync.errors import ForbiddenError, InvalidError, LostAnswerError, NotFoundError
from sync.mapping.wording import nearest
from sync.trackers.jira_api import issue_path
from sync.trackers.jira_records import MARK, ledger_of, records
from sync.trackers.jira_write import Writing
from sync.trackers.translate import FOLLOW_UP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.action import FollowUp
    from sync.mapping.tracker_models import FollowUpIn
    from sync.trackers.jira_api import JiraApi
    from sync.trackers.jira_http import JiraHttp
    from sync.trackers.jira_site import Memory

Json = dict[str, Any]

OF = "of"
"""In the property of a follow-up, the id of the ticket that it belongs to."""
KINDS_A_PAGE = 200
"""Jira's own limit, from its OpenAPI document."""
_ENDS = ("inwardIssue", "outwardIssue")
_ALWAYS_GIVEN = {"project", "issuetype", "parent", "reporter"}


class FollowUps:
    """Creates and finds the follow-ups of tickets on one Jira; `kind` None where the mapping has none."""

    def __init__(self, http: JiraHttp, api: JiraApi, memory: Memory, kind: FollowUpIn | None) -> None:
        self._http = http
        self._api = api
        self._memory = memory
        self._kind = kind

    def create(self, ticket: str, draft: FollowUp, due: Json) -> Written:
        """As `Tracker.follow_up`, in the ticket's project; `due` is the due date field as it is written.

        InvalidError, with nothing sent, if the mapping has no follow-ups, or the project no issue type for them.
        """
        if self._kind is None:
            raise InvalidError("the mapping does not say which issues follow-ups become; set [follow_up]")
        parent = self._http.read("GET", issue_path(ticket), {"fields": "project,issuetype"}).record
        body = self._placed(ticket, parent, self._kind)
        body["fields"] |= {"summary": draft.title, "description": self._api.markup(draft.body), **due}
        if draft.labels:
            body["fields"]["labels"] = list(draft.labels)
        body["properties"] = [{"key": MARK, "value": {FOLLOW_UP: draft.mark, OF: ticket}}]
        answer = Writing(self._http, self._api, self._memory).write("POST", "issue", body, draft.assignee)
        created = answer.body.get("id") if isinstance(answer.body, dict) else None
        if not created:
            raise LostAnswerError(f"follow-up of {ticket}: Jira's answer names no issue; it may have been created")
        return Written(answer.at, created=str(created))

    def _placed(self, ticket: str, parent: Json, kind: FollowUpIn) -> Json:
        """What puts an issue below its ticket."""
        fields = parent.get("fields") or {}
        project = str((fields.get("project") or {}).get("id"))
        if not kind.link and (fields.get("issuetype") or {}).get("subtask"):
            raise InvalidError("it is a subtask, below which Jira has no other; set follow_up.link in the mapping")
        placed: Json = {"project": {"id": project}, "issuetype": {"id": issue_type(self._http, project, kind)}}
        if not kind.link:
            return {"fields": placed | {"parent": {"id": ticket}}}
        link = {"type": {"name": kind.link}, "outwardIssue": {"key": str(parent.get("key"))}}
        return {"fields": placed, "update": {"issuelinks": [{"add": link}]}}

    def of(self, ticket: str) -> Mapping[str, str] | None:
        """As `Reader.follow_ups`: by what we keep on each of its subtasks and linked issues."""
        try:
            issue = self._http.read("GET", issue_path(ticket), {"fields": "subtasks,issuelinks"}).record
        except ForbiddenError:
            return None
        fields = issue.get("fields") or {}
        linked = self._kind is not None and self._kind.link
        if not isinstance(fields.get("issuelinks" if linked else "subtasks"), list):
            return None
        found: dict[str, str] = {}
        for fetched in self._api.fetch(_near(fields), ["created"]):
            if fetched.failed or fetched.gone:
                return None
            kept = {str(issue["id"]): ledger_of(issue) or {} for issue in fetched.issues}
            found |= {
                str(one[FOLLOW_UP]): number
                for number, one in kept.items()
                if OF in one and FOLLOW_UP in one and one[OF] == ticket
            }
        return found


def _near(fields: Json) -> list[str]:
    """The ids of an issue's subtasks and of the issues linked to it."""
    near = records(fields, "subtasks")
    near += [
        link[end] for link in records(fields, "issuelinks") for end in _ENDS if isinstance(link.get(end), dict)
    ]
    return sorted({str(issue["id"]) for issue in near if issue.get("id")})


def issue_type(http: JiraHttp, project: str, kind: FollowUpIn) -> str:
    """The id of the project's issue type for follow-ups; InvalidError if the account can create none such."""
    page = http.read("GET", f"issue/createmeta/{project}/issuetypes", {"maxResults": KINDS_A_PAGE}).record
    kinds = records(page, "issueTypes") or records(page, "values")
    fitting = [one for one in kinds if bool(one.get("subtask")) is not bool(kind.link)]
    for one in fitting:
        if str(one.get("name")).casefold() == kind.type.casefold():
            return str(one["id"])
    sort = "issue type" if kind.link else "subtask type"
    names = [str(one.get("name")) for one in fitting]
    raise InvalidError(
        f"follow_up.type: the account can create no {sort} {kind.type!r} there{nearest(kind.type, names)}"
    )


def link_type(http: JiraHttp, name: str) -> None:
    """InvalidError unless issues can be linked so."""
    try:
        kinds = records(http.read("GET", "issueLinkType").record, "issueLinkTypes")
    except NotFoundError:
        raise InvalidError("follow_up.link: linking of issues is switched off in this Jira") from None
    names = [str(one.get("name")) for one in kinds]
    if name not in names:
        raise InvalidError(f"follow_up.link: Jira has no link type {name!r}{nearest(name, names)}")


def lacking(http: JiraHttp, project: str, kind: str, sent: set[str]) -> tuple[list[str], list[str]]:
    """Of the fields that are sent to create one: those that its screen lacks; and those it demands besides."""
    page = http.read("GET", f"issue/createmeta/{project}/issuetypes/{kind}", {"maxResults": KINDS_A_PAGE}).record
    fields = {str(one.get("fieldId")): one for one in records(page, "fields") or records(page, "values")}
    demanded = [number for number, one in fields.items() if one.get("required") and not one.get("hasDefaultValue")]
    return sorted(sent - fields.keys()), sorted(set(demanded) - sent - _ALWAYS_GIVEN)
