"""What the REST APIs of Jira Cloud and Data Center share: addresses, callers, permissions, the site's stock."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from fakes.jira_call import Call
from fakes.jira_edit import Reader
from fakes.jira_people import People
from fakes.jira_state import Site
from fakes.jira_view import View
from fakes.jira_words import Refusal, payload
from fakes.server import Answer, FakeServer, NotJSON

if TYPE_CHECKING:
    from fakes.jira_catalogue import Choice, Field
    from fakes.jira_records import Issue
    from fakes.jira_view import Json
    from fakes.server import Request

_PERMISSIONS = {
    "ADMINISTER": "Administer Jira",
    "ADMINISTER_PROJECTS": "Administer Projects",
    "BROWSE_PROJECTS": "Browse Projects",
    "EDIT_ISSUES": "Edit Issues",
    "SCHEDULE_ISSUES": "Schedule Issues",
    "ADD_COMMENTS": "Add Comments",
    "TRANSITION_ISSUES": "Transition Issues",
    "CREATE_ISSUES": "Create Issues",
    "ASSIGN_ISSUES": "Assign Issues",
    "LINK_ISSUES": "Link Issues",
    "MANAGE_WATCHERS": "Manage Watcher List",
    "DELETE_ISSUES": "Delete Issues",
    "EDIT_ALL_COMMENTS": "Edit All Comments",
    "DELETE_ALL_COMMENTS": "Delete All Comments",
    "DELETE_OWN_COMMENTS": "Delete Own Comments",
}
_SERVER_ONLY = {"SYSTEM_ADMIN": "Jira System Administrators"}
_GLOBAL = frozenset({"ADMINISTER", "SYSTEM_ADMIN"})
_LACKING = (
    frozenset({"ADMINISTER_PROJECTS", "DELETE_ISSUES", "EDIT_ALL_COMMENTS", "DELETE_ALL_COMMENTS"}) | _GLOBAL
)
"""What an account of its own has no business with; `allow` gives it one."""
_ADDRESS = re.compile(r"/rest/api/(2|3|latest)/(.*)")


class Jira(People, FakeServer):
    """A Jira on a socket. `site` is its state; `caller` the account that the right credentials belong to.

    `zone` is the site's, in which it writes times; `caller_zone` the profile's, in which it reads JQL dates.
    `context` is the path under which it is served. `language` (`en`, `de`) words its refusals.
    """

    cloud: ClassVar[bool]
    versions: ClassVar[dict[str, bool]]
    """The API versions served, and whether texts are documents in them."""
    routes: ClassVar[dict[tuple[str, str], str]] = {
        ("GET", "serverInfo"): "server_info",
        ("GET", "myself"): "myself",
        ("GET", "mypermissions"): "my_permissions",
        ("GET", "field"): "all_fields",
        ("GET", "priority"): "priorities",
        ("GET", "status"): "statuses",
        ("GET", "resolution"): "resolutions",
        ("GET", "project"): "all_projects",
        ("GET", "project/([^/]+)"): "one_project",
        ("GET", "project/([^/]+)/statuses"): "project_statuses",
    }

    def __init__(
        self,
        *,
        zone: str = "Europe/Berlin",
        caller_zone: str = "America/New_York",
        context: str = "",
        language: str = "en",
        **server: Any,  # noqa: ANN401 - the options of FakeServer
    ) -> None:
        self.site = Site(lambda: self.now)
        self.zone = ZoneInfo(zone)
        self.context = context
        self.language = language
        self.caller = self.site.person("makegood", zone=caller_zone)
        self.denied = {(permission, "*") for permission in _LACKING}
        self.levels = {
            "role": {"Administrators", "Developers", "Users", "Service Desk Team", "Service Desk Customers"},
            "group": {"staff", "jira-users"},
        }
        self._routes = [
            (method, re.compile(pattern), name)
            for kind in type(self).__mro__
            for (method, pattern), name in vars(kind).get("routes", {}).items()
        ]
        super().__init__(**server)

    @property
    def url(self) -> str:
        """The base address, with the context path."""
        return super().url + self.context

    @abstractmethod
    def signed_in(self, request: Request) -> bool:
        """Tell whether the request carries good credentials; raises Refusal where bad ones end everything."""

    def answer(self, request: Request) -> Answer:
        """Find the resource, do what is asked, and word a refusal."""
        try:
            return self._answer(request)
        except Refusal as refusal:
            return refusal.answer(self.language)

    def _answer(self, request: Request) -> Answer:
        address = _ADDRESS.fullmatch(request.path.removeprefix(self.context))
        if not request.path.startswith(self.context + "/") or not address or address[1] not in self.versions:
            raise Refusal(404, "no route")
        methods = set()
        for method, pattern, name in self._routes:
            if found := pattern.fullmatch(address[2]):
                if method == request.method:
                    call = self._call(request, address[1], name)
                    answer = self._handled(name, call, found.groups())
                    return replace(answer, headers={**self.standing_headers(call), **answer.headers})
                methods.add(method)
        if methods:
            raise Refusal(405, "no route", headers={"Allow": ", ".join(sorted(methods))})
        raise Refusal(404, "no route")

    def _handled(self, name: str, call: Call, names: tuple[str, ...]) -> Answer:
        try:
            answer: Answer = getattr(self, name)(call, *names)
        except Refusal as refusal:
            return refusal.answer(self.language)
        return answer

    def _call(self, request: Request, version: str, name: str) -> Call:
        if request.method in {"PUT", "POST"}:
            if "json" not in request.headers.get("content-type", ""):
                raise Refusal(415, "media type")
            if isinstance(request.body, NotJSON):
                raise payload("the body is no JSON")
        self.before(request, name)
        view = View(self.site, f"{self.url}/rest/api/{version}", self.zone, self.cloud, self.versions[version])
        return Call(request, view, self.signed_in(request), frozenset(self.denied))

    def before(self, request: Request, name: str) -> None:
        """Refuse a request that comes too soon; this one never does."""

    def standing_headers(self, call: Call) -> dict[str, str]:  # noqa: ARG002 - for those who differ by call
        """Return the headers of every answer."""
        return {}

    def visible(self, call: Call, id_or_key: str) -> Issue:
        """Return an issue that the caller may see; raises Refusal(404)."""
        issue = self.site.find(id_or_key)
        if issue is None or not call.may("BROWSE_PROJECTS", issue.project):
            raise Refusal(404, "no issue")
        return issue

    def reader(self, call: Call, issue: Issue) -> Reader:
        """Return the reader of what the caller wants written to an issue."""
        return Reader(
            self.site,
            issue,
            self.cloud,
            call.view.adf,
            lambda permission: call.may(permission, issue.project),
            self.levels,
        )

    def signed(self, call: Call) -> None:
        """Refuse a caller that is nobody."""
        if not call.signed:
            raise Refusal(401, "anonymous")

    # --- the site's stock ---------------------------------------------------------------------------------

    def server_info(self, call: Call) -> Answer:
        """Answer GET /serverInfo: to anybody."""
        version = "1001.0.0-SNAPSHOT" if self.cloud else "10.3.1"
        numbers = [int(part) for part in version.removesuffix("-SNAPSHOT").split(".")]
        built = {"buildNumber": 100_293, "buildDate": "2026-01-20T00:00:00.000+0000", "scmInfo": "0" * 40}
        return Answer(
            body={
                "baseUrl": self.url,
                "version": version,
                "versionNumbers": numbers,
                "deploymentType": "Cloud" if self.cloud else "Server",
                "serverTime": call.view.time(self.site.now),
                "serverTitle": "Jira",
            }
            | built
            | ({"serverTimeZone": self.zone.key} if self.cloud else {})
        )

    def myself(self, call: Call) -> Answer:
        """Answer GET /myself: the one resource that tells bad credentials by its status everywhere."""
        self.signed(call)
        locale = "de_DE" if self.language == "de" else "en_US"
        return Answer(body=call.view.person(self.caller.name) | {"locale": locale})

    def my_permissions(self, call: Call) -> Answer:
        """Answer GET /mypermissions in the context of a project, an issue, or anywhere."""
        named = call.words("permissions")
        known = _PERMISSIONS if self.cloud else _PERMISSIONS | _SERVER_ONLY
        if self.cloud and (not named or not set(named) <= known.keys()):
            raise payload("permissions")
        project = self._context(call)
        return Answer(
            body={
                "permissions": {
                    key: {
                        "id": str(number),
                        "key": key,
                        "name": name,
                        "type": "GLOBAL" if key in _GLOBAL else "PROJECT",
                        "description": name,
                        "havePermission": call.may(key, project),
                    }
                    for number, (key, name) in enumerate(known.items())
                    if not named or key in named
                }
            }
        )

    def _context(self, call: Call) -> str:
        for name in ("issueId", "issueKey"):
            if which := call.request.one(name):
                return self.visible(call, which).project
        for name in ("projectId", "projectKey"):
            if which := call.request.one(name):
                return str(self._project(call, which)["key"])
        return "*"

    def all_fields(self, call: Call) -> Answer:  # noqa: ARG002 - it is the same to all
        """Answer GET /field."""
        return Answer(body=[self._field(entry) for entry in self.site.fields.values()])

    def _field(self, entry: Field) -> Json:
        return {
            "id": entry.id,
            "name": entry.name,
            "custom": entry.custom,
            "orderable": entry.editable,
            "navigable": entry.navigable,
            "searchable": True,
            "clauseNames": list(entry.jql_names),
            "schema": entry.schema,
        } | ({"key": entry.id} if self.cloud else {})

    def priorities(self, call: Call) -> Answer:
        """Answer GET /priority."""
        return self._choices(call, "priority")

    def statuses(self, call: Call) -> Answer:
        """Answer GET /status."""
        return self._choices(call, "status")

    def resolutions(self, call: Call) -> Answer:
        """Answer GET /resolution."""
        return self._choices(call, "resolution")

    def _choices(self, call: Call, kind: str) -> Answer:
        self.signed(call)
        return Answer(body=self._shelf(call, kind))

    def _shelf(self, call: Call, kind: str) -> list[Json]:
        shelf = self.site.catalogue.choices[kind]
        return [{"self": f"{call.view.api}/{kind}/{choice['id']}"} | choice for choice in shelf]

    def all_projects(self, call: Call) -> Answer:
        """Answer GET /project."""
        return Answer(body=self.browsable(call))

    def browsable(self, call: Call) -> list[Json]:
        """Return the projects that the caller may see, in short."""
        seen = [one for one in self.site.projects.values() if call.may("BROWSE_PROJECTS", one.key)]
        return [call.view.project(project) for project in sorted(seen, key=lambda project: project.key)]

    def one_project(self, call: Call, id_or_key: str) -> Answer:
        """Answer GET /project/{id or key}."""
        return Answer(body=self._project(call, id_or_key))

    def project_statuses(self, call: Call, id_or_key: str) -> Answer:
        """Answer GET /project/{id or key}/statuses: of each issue type; here any issue can have any status."""
        self._project(call, id_or_key)
        statuses = self._shelf(call, "status")
        return Answer(
            body=[
                {name: kind.get(name, False) for name in ("self", "id", "name", "subtask")}
                | {"statuses": statuses}
                for kind in self._shelf(call, "issuetype")
            ]
        )

    def _project(self, call: Call, id_or_key: str) -> Json:
        for project in self.browsable(call):
            if id_or_key.casefold() in {project["id"], project["key"].casefold()}:
                return project
        raise Refusal(404, "no thing", what=id_or_key)

    def edit_meta(self, call: Call, issue: Issue) -> Json:
        """Return the fields of an issue that the caller can edit, with what each can hold."""
        may = self.reader(call, issue).may
        fields = [entry for entry in self.site.fields.values() if entry.editable and may("EDIT_ISSUES")]
        return {
            "fields": {
                entry.id: field_meta(entry, self.site.catalogue.choices.get(entry.id), cloud=self.cloud)
                for entry in fields
                if entry.id != "duedate" or may("SCHEDULE_ISSUES")
            }
        }


def field_meta(entry: Field, shelf: list[Choice] | None, *, cloud: bool) -> Json:
    """Return what a field of a screen can hold."""
    shown: Json = {
        "required": entry.id in {"summary", "issuetype"},
        "schema": entry.schema,
        "name": entry.name,
        "operations": ["add", "set", "remove"] if entry.type == "array" else ["set"],
    } | ({"key": entry.id} if cloud else {"fieldId": entry.id})
    if shelf is not None or entry.options:
        shown["allowedValues"] = list(shelf or entry.options)
    return shown
