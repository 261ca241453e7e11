"""A strict, stateful fake of Asana's API on a socket: point the SDK's `Configuration.host` at its `host`."""

from __future__ import annotations

from threading import local
from typing import TYPE_CHECKING, Any

from fakes.asana_acts import Act
from fakes.asana_events import Stale
from fakes.asana_fields import Field, Option
from fakes.asana_hands import Hands
from fakes.asana_jira import Loader, Status
from fakes.asana_limits import Flights, Quota
from fakes.asana_pages import Pages
from fakes.asana_people import Person, Thing, Workspace
from fakes.asana_reads import read, search, typeahead
from fakes.asana_refusal import Refusal, too_many
from fakes.asana_rich import html_of
from fakes.asana_rights import allow, known
from fakes.asana_shape import Wanted, full, listed, wanted
from fakes.asana_things import Project, Section, Story, Tag, Task
from fakes.asana_writes import changes_in, comment_in, data_of, followers_in, only, subtask_in, text_in
from fakes.server import Answer, FakeServer, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE = "/api/1.0"
LARGEST_BATCH = 10
SEARCHES_PER_MINUTE = 60


class AsanaFake(FakeServer, Hands):
    """One organisation and its API.

    `paid` is its plan: 1,500 calls a minute instead of 150, search and custom fields instead of 402. `language` is
    that in which Asana words its own stories. Everything else is `FakeServer`'s, `now` above all.

    `token` is the token of the person named `bot`; change it, and requests with the old one get 401. `quota` has
    the calls a minute (`quota.per_minute = None`: no limit); `flights` what was in flight at once.
    """

    token = "asana-fake-token"

    def __init__(self, *, paid: bool = True, language: str = "en", **server: Any) -> None:  # noqa: ANN401
        self.quota = Quota(1500 if paid else 150)
        self.searches = Quota(SEARCHES_PER_MINUTE)
        self.flights = Flights()
        self._here = local()
        self.pages = Pages()
        FakeServer.__init__(self, **server)
        Hands.__init__(self, paid=paid, language=language)

    @property
    def host(self) -> str:
        """The base address of the API."""
        return self.url + BASE

    def load_jira(self, issue: Mapping[str, Any], *, project: str, status: Status = "field") -> str:
        """Make a task of a Jira issue with its history, as `Loader` says, and return its gid."""
        return Loader(self, self.project(project), status).load(issue).gid

    # --- serving --------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer:
        """Answer as Asana would."""
        try:
            return self._do(request, self._admit(request))
        except Refusal as refusal:
            return refusal.answer()

    def _meet(self, request: Request) -> tuple[bytes, bool]:
        with self.flights.one(request.method) as self._here.fits:
            return super()._meet(request)

    def _admit(self, request: Request) -> Person:
        if not request.path.startswith(f"{BASE}/"):
            raise Refusal(404, "No matching route for request")
        if not self.token or request.headers.get("authorization") != f"Bearer {self.token}":
            raise Refusal(401, "Not Authorized", headers={"WWW-Authenticate": 'Bearer realm="asana.com"'})
        if not getattr(self._here, "fits", True):
            raise too_many(1)
        self._count()
        return self.person(self.bot)

    def _count(self, quota: Quota | None = None) -> None:
        if seconds := (quota or self.quota).wait(self.now):
            raise too_many(seconds)

    def _do(self, request: Request, me: Person) -> Answer:
        segments = request.path.removeprefix(f"{BASE}/").split("/")
        tree = wanted(request.query.get("opt_fields", []))
        if request.method == "GET":
            return self._get(request, me, segments, tree)
        if request.method == "DELETE" and segments[0] == "stories":
            return self._delete_story(me, known(self, Story, segments[-1]))
        data = data_of(request.body)
        if request.method == "POST" and segments == ["batch"]:
            return self._batch(request, me, data)
        status, made = self._write(request.method, segments, me, data)
        return Answer(status, {"data": full(made, tree) if made else {}})

    # --- reading --------------------------------------------------------------------------------------------

    def _get(self, request: Request, me: Person, segments: list[str], tree: Wanted | None) -> Answer:
        match segments:
            case ["events"]:
                return self._events(request, me, tree)
            case ["workspaces", self.workspace, "typeahead"]:
                return Answer(body={"data": [listed(thing, tree) for thing in typeahead(self, request)]})
            case ["workspaces", self.workspace, "tasks", "search"]:
                if not self.organisation.paid:
                    raise Refusal(402, "Search is only available to premium users.")
                self._count(self.searches)
                return Answer(body={"data": [listed(thing, tree) for thing in search(self, me, request)]})
        found = read(self, me, segments, request)
        if isinstance(found, Thing):
            return Answer(body={"data": full(found, tree)})
        page = self.pages.cut(found, request, self.now)
        body: dict[str, Any] = {"data": [listed(thing, tree) for thing in page.things]}
        if "limit" in request.query:
            path = f"{request.path.removeprefix(BASE)}?{page.rest}"
            rest = {"offset": page.offset, "path": path, "uri": self.host + path}
            body["next_page"] = rest if page.rest else None
        return Answer(body=body)

    def _events(self, request: Request, me: Person, tree: Wanted | None) -> Answer:
        gid = request.one("resource")
        resource = self.find(Task, gid) or known(self, Project, gid, status=400)
        allow(me, resource)
        try:
            told = self.events.read(gid, request.one("sync"), self.now)
        except Stale as stale:
            message = (
                "Sync token invalid or too old. If you are attempting to keep resources in sync, you must fetch "
                "the full dataset for this query now and use the new sync token for the next sync."
            )
            raise Refusal(412, message, more={"sync": stale.token}) from None
        events = [listed(event, tree) for event in told.events]
        return Answer(body={"data": events, "sync": told.token, "has_more": told.has_more})

    # --- writing --------------------------------------------------------------------------------------------

    def _write(
        self, method: str, segments: list[str], me: Person, data: dict[str, Any]
    ) -> tuple[int, Thing | None]:
        match (method, *segments):
            case _, "tasks", gid, *rest:
                return self._write_task(method, known(self, Task, gid), rest, me, data)
            case "POST", "sections", gid, "addTask":
                self._put_in(me, known(self, Section, gid), known(self, Task, data.get("task"), status=400))
                return 200, None
            case "POST", "tags":
                known(self, Workspace, data.pop("workspace", None), status=400)
                return 201, self._new_tag(data)
            case "POST", "workspaces", gid, "tags":
                known(self, Workspace, gid)
                return 201, self._new_tag(data)
            case "POST", "custom_fields", gid, "enum_options":
                return 201, self._new_option(known(self, Field, gid), data)
        raise NotImplementedError(f"the Asana fake does not serve {method} /{'/'.join(segments)}")

    def _write_task(
        self, method: str, task: Task, rest: list[str], me: Person, data: dict[str, Any]
    ) -> tuple[int, Thing | None]:
        allow(me, task, "commenter" if rest == ["stories"] else "editor")
        act = self._by_api(task, me)
        match (method, *rest):
            case ("PUT",):
                self.change(act, changes_in(self, task, me, data))
                return 200, task
            case "POST", "stories":
                return 201, self._say(act, data)
            case "POST", "subtasks":
                return 201, self.add_below(task, subtask_in(self, me, data))
            case "POST", "addTag" | "removeTag" as verb:
                tag = known(self, Tag, data.get("tag"), status=400)
                (self.tag if verb == "addTag" else self.untag)(act, tag)
                return 200, None
            case "POST", "addFollowers":
                for person in followers_in(self, me, data):
                    self.follow(act, person)
                return 200, None
        raise NotImplementedError(f"the Asana fake does not serve {method} /tasks/…/{'/'.join(rest)}")

    def _delete_story(self, me: Person, story: Story) -> Answer:
        """Only who wrote a comment may delete it."""
        allow(me, story.task)
        if story.created_by is not me or not story.is_comment:
            raise Refusal(403, "You do not have permission to delete this story.")
        self.remove(self._by_api(story.task, me), story)
        return Answer(body={"data": {}})

    def _by_api(self, task: Task, me: Person) -> Act:
        return Act(task, me, self.now, "api")

    def _say(self, act: Act, data: dict[str, Any]) -> Story:
        text, html = comment_in(self, data)
        return self.comment(act, html or html_of(text or ""), text)

    def _put_in(self, me: Person, section: Section, task: Task) -> None:
        allow(me, section.project, "editor")
        allow(me, task, "editor")
        act = self._by_api(task, me)
        if section.project in task.memberships:
            self.move(act, section)
        else:
            self.join(act, section.project, section)

    def _new_tag(self, data: dict[str, Any]) -> Tag:
        only(data, {"name", "color", "notes"})
        tag = self.add_tag(text_in(data, "name"))
        tag.color, tag.notes = data.get("color"), data.get("notes", "")
        return tag

    def _new_option(self, field: Field, data: dict[str, Any]) -> Option:
        only(data, {"name", "color"})
        name = text_in(data, "name")
        if field.type not in {"enum", "multi_enum"} or any(option.name == name for option in field.options):
            raise Refusal(400, f"name: Cannot add the option {name} to this custom field")
        return self.add_option(field, name)

    def _batch(self, request: Request, me: Person, data: dict[str, Any]) -> Answer:
        """Do the actions in an order that is not theirs, each counted; the answers stand in theirs."""
        actions = data.get("actions")
        if not isinstance(actions, list) or not 1 <= len(actions) <= LARGEST_BATCH:
            raise Refusal(400, f"actions: Must be a list of 1 to {LARGEST_BATCH}")
        answers = [self._action(request, me, action) for action in reversed(actions)]
        told = [{"status_code": a.status, "headers": dict(a.headers), "body": a.body} for a in reversed(answers)]
        return Answer(body={"data": told})

    def _action(self, request: Request, me: Person, action: dict[str, Any]) -> Answer:
        try:
            self._count()
            return self._do(_request_of(action, request.headers), me)
        except Refusal as refusal:
            return refusal.answer()


def _request_of(action: dict[str, Any], headers: dict[str, str]) -> Request:
    """Return the request that an action of a batch stands for."""
    path, method = action["relative_path"], action["method"].upper()
    if not path.startswith("/") or "?" in path or path.startswith("/batch"):
        raise Refusal(400, f"relative_path: Not allowed in a batch: {path}")
    options, data = action.get("options", {}), action.get("data", {})
    query = {name: [str(options[name])] for name in ("limit", "offset") if name in options}
    if "fields" in options:
        query["opt_fields"] = [",".join(options["fields"])]
    if method == "GET":
        return Request(method, BASE + path, query | {name: [str(data[name])] for name in data}, headers, None)
    return Request(method, BASE + path, query, headers, {"data": data})
