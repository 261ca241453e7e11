"""The resources of the Jira fakes by which issues come to be: what can be created, how they link, POST issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from fakes.jira_call import page
from fakes.jira_issues import IssueResources
from fakes.jira_records import Issue
from fakes.jira_rest import field_meta
from fakes.jira_words import Refusal, payload
from fakes.server import Answer

if TYPE_CHECKING:
    from fakes.jira_call import Call
    from fakes.jira_catalogue import Choice
    from fakes.jira_edit import Edit, Reader
    from fakes.jira_view import Json
    from fakes.jira_words import Why

_PLACE = frozenset({"project", "issuetype", "parent"})
_SCREEN = (
    "summary",
    "issuetype",
    "description",
    "labels",
    "duedate",
    "assignee",
    "reporter",
    "priority",
    "issuelinks",
)


class CreateResources(IssueResources):
    """A Jira in which issues can be created by its REST API.

    `screen_lacks` are fields that are not on the screen to create an issue, `screen_demands` those required on it.
    """

    routes: ClassVar[dict[tuple[str, str], str]] = {
        ("POST", "issue"): "create_one",
        ("GET", "issueLinkType"): "link_types",
        ("GET", "issue/createmeta/([^/]+)/issuetypes"): "creatable",
        ("GET", "issue/createmeta/([^/]+)/issuetypes/([^/]+)"): "create_screen",
    }

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the options of Jira and FakeServer
        self.screen_lacks: set[str] = set()
        self.screen_demands: set[str] = set()
        super().__init__(**options)

    def link_types(self, call: Call) -> Answer:
        """Answer GET /issueLinkType."""
        self.signed(call)
        if not self.site.relations.linking:
            raise Refusal(404, "no route")
        api = call.view.api
        kinds = [{"self": f"{api}/issueLinkType/{kind['id']}"} | kind for kind in self.site.relations.kinds]
        return Answer(body={"issueLinkTypes": kinds})

    # --- what can be created ------------------------------------------------------------------------------

    def creatable(self, call: Call, project: str) -> Answer:
        """Answer GET /issue/createmeta/{project}/issuetypes."""
        self._home(call, project)
        types = [
            {"self": f"{call.view.api}/issuetype/{kind['id']}", "description": "", "subtask": False}
            | {name: kind[name] for name in ("id", "name", "subtask") if name in kind}
            for kind in self.site.catalogue.choices["issuetype"]
        ]
        return self._listed(call, types, "issueTypes")

    def create_screen(self, call: Call, project: str, number: str) -> Answer:
        """Answer GET /issue/createmeta/{project}/issuetypes/{id}: the fields of the screen."""
        self._home(call, project)
        kind = next((one for one in self.site.catalogue.choices["issuetype"] if one["id"] == number), None)
        if kind is None:
            raise Refusal(400, "no thing", what=number)
        shown = [*self._screen(), "project"] + (["parent"] if kind.get("subtask") else [])
        return self._listed(call, [self._meta(name) for name in shown], "fields")

    def _screen(self) -> list[str]:
        own = [entry.id for entry in self.site.fields.values() if entry.custom]
        linking = self.site.relations.linking
        return [
            name
            for name in (*_SCREEN, *own)
            if name not in self.screen_lacks and (linking or name != "issuelinks")
        ]

    def _meta(self, name: str) -> Json:
        shelf = None if name == "project" else self.site.catalogue.choices.get(name)
        shown = field_meta(self.site.fields[name], shelf, cloud=self.cloud)
        required = shown["required"] or name in _PLACE or name in self.screen_demands
        return shown | {"fieldId": name, "required": required, "hasDefaultValue": name == "reporter"}

    def _listed(self, call: Call, things: list[Json], name: str) -> Answer:
        shown = page(call, things, call.number("maxResults", 50, 200), list)
        if self.cloud:
            shown = {key: shown[key] for key in ("startAt", "maxResults", "total")} | {name: shown["values"]}
        return Answer(body=shown)

    def _home(self, call: Call, id_or_key: Any) -> str:  # noqa: ANN401 - whatever a client sent
        for project in self.browsable(call):
            if id_or_key in {project["id"], project["key"]} and call.may("CREATE_ISSUES", project["key"]):
                return str(project["key"])
        raise Refusal(400, errors={"project": ("required", {})})

    # --- creating -----------------------------------------------------------------------------------------

    def create_one(self, call: Call) -> Answer:
        """Answer POST /issue: fields, link and properties at once, all of it or nothing."""
        body = call.request.body
        given = body.get("fields") if isinstance(body, dict) else None
        if not isinstance(given, dict) or not isinstance(given.get("project"), dict):
            raise payload("'fields' with a project is required")
        project = self._home(call, given["project"].get("id") or given["project"].get("key"))
        new = Issue("", f"{project}-0", self.site.now, self.site.now, {"labels": []})
        reader = self.reader(call, new)
        reader.screen = frozenset(self._screen())
        kind = given.get("issuetype")
        chosen = isinstance(kind, dict) and self.site.catalogue.chosen("issuetype", kind)
        if not chosen:
            raise Refusal(400, errors={"issuetype": ("required", {})})
        parent = self._parent(call, new, given.get("parent"), below=bool(chosen.get("subtask")))
        links = self._links(call, new, body.get("update") or {})
        edit = self._read(reader, body, given)
        issue = self.site.create_stored(project, self.caller.name, edit.values | {"issuetype": chosen})
        with self.site.writing(issue):
            issue.properties.update(edit.properties)
        if parent:
            self.site.relations.parents[issue.id] = parent.id
        for link, target in links:
            self.site.link(link, issue, target, self.caller.name)
        return Answer(201, {"id": issue.id, "key": issue.key, "self": f"{call.view.api}/issue/{issue.id}"})

    def _read(self, reader: Reader, body: Json, given: Json) -> Edit:
        rest = {name: value for name, value in given.items() if name not in _PLACE}
        update = {name: steps for name, steps in (body.get("update") or {}).items() if name != "issuelinks"}
        missing: dict[str, Why] = {
            name: ("required", {}) for name in {"summary", *self.screen_demands} if not rest.get(name)
        }
        if missing:
            raise Refusal(400, errors=missing)
        return reader.edit({**body, "fields": rest, "update": update})

    def _parent(self, call: Call, new: Issue, given: Any, *, below: bool) -> Issue | None:  # noqa: ANN401
        if not below and given is None:
            return None
        named = isinstance(given, dict) and (given.get("id") or given.get("key"))
        parent = self.visible(call, named) if isinstance(named, str) else None
        nested = parent is not None and parent.id in self.site.relations.parents
        if not below or parent is None or parent.project != new.project or nested:
            raise Refusal(400, errors={"parent": ("choice", {})})
        return parent

    def _links(self, call: Call, new: Issue, update: Json) -> list[tuple[Choice, Issue]]:
        steps = update.get("issuelinks") or []
        if steps and not (call.may("LINK_ISSUES", new.project) and "issuelinks" in self._screen()):
            raise Refusal(400, errors={"issuelinks": ("not on screen", {"field": "issuelinks"})})
        return [self._link(call, step) for step in steps]

    def _link(self, call: Call, step: Any) -> tuple[Choice, Issue]:  # noqa: ANN401
        match step:
            case {"add": {"type": {"name": str(name)}, "outwardIssue": {"key": str(key)}}}:
                kinds = [kind for kind in self.site.relations.kinds if kind["name"] == name]
                if kinds:
                    return kinds[0], self.visible(call, key)
        raise Refusal(400, errors={"issuelinks": ("choice", {})})
