"""What Asana projects show of themselves, in a handful of requests; nothing is written."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sync.errors import CredentialsError, ForbiddenError, NotFoundError, TrackerError
from sync.trackers.asana_check import SETTING_FIELDS
from sync.trackers.asana_fields import names, value_of, words
from sync.trackers.asana_http import Connection
from sync.trackers.asana_records import TASK_FIELDS
from sync.trackers.landscape import (
    SAMPLE,
    Landscape,
    Refusal,
    SeenField,
    SeenPerson,
    SeenProject,
    SeenStatus,
    counted,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sync.trackers.asana_http import Record
    from sync.trackers.pace import Pace
    from sync.trackers.sources import AsanaSource

_KINDS = {"enum": "choice", "multi_enum": "choices", "people": "person"}
_PLACE_FIELDS = "user.name,user.email,is_guest,is_active"


def survey(source: AsanaSource, token: str, pace: Pace | None = None) -> Landscape:
    """The source's projects as the account sees them: 2 requests, and 4 for each project.

    CredentialsError if it is not let in, ForbiddenError or NotFoundError for a project that it cannot see; what
    else is refused is in `refused`.
    """
    connection = Connection(source.url, token, pace)
    try:
        return _Survey(source, connection).landscape()
    finally:
        connection.close()


def visible(source: AsanaSource, token: str, pace: Pace | None = None) -> list[SeenProject]:
    """The first projects of each workspace that the account sees. Errors as of `survey`."""
    connection = Connection(source.url, token, pace)
    try:
        me = connection.record(connection.users.get_user, "me", opt_fields="workspaces.name")
        call = connection.projects.get_projects_for_workspace
        return [
            SeenProject(str(project["gid"]), words(project.get("name")))
            for home in me.get("workspaces") or ()
            for project in connection.read(call, home["gid"], limit=SAMPLE, opt_fields="name").data
        ]
    finally:
        connection.close()


class _Survey:
    def __init__(self, source: AsanaSource, connection: Connection) -> None:
        self._source = source
        self._connection = connection
        self._refused: list[Refusal] = []

    def landscape(self) -> Landscape:
        me = self._connection.record(self._connection.users.get_user, "me", opt_fields="name,email")
        projects = [self._project(gid) for gid in self._source.projects]
        tasks = self._sample()
        fields = tuple(self._fields(tasks))
        homes = {str((told.get("workspace") or {}).get("gid") or "") for told in projects} - {""}
        return Landscape(
            tracker="asana",
            where=", ".join(words(told.get("name")) for told in projects),
            account=words(me.get("name")),
            own_email=words(me.get("email")),
            projects=tuple(SeenProject(told["gid"], words(told.get("name"))) for told in projects),
            fields=fields,
            statuses=self._sections(tasks),
            status_fields=tuple(each for each in fields if each.kind == "choice"),
            people=self._people(sorted(homes), tasks, me["gid"]),
            labels=counted(name for task in tasks for name in names(task.get("tags"))),
            tickets=len(tasks),
            refused=tuple(self._refused),
        )

    def _project(self, gid: str) -> Record:
        try:
            return self._connection.record(self._connection.projects.get_project, gid, opt_fields="name,workspace")
        except (NotFoundError, ForbiddenError) as error:
            raise type(error)(
                f"project {gid}: {error}; check the number, or share the project with the account"
            ) from None

    def _page(self, what: str, call: Any, *path: str, **query: str | int) -> list[Record]:  # noqa: ANN401 - the SDK has no types
        """The first page of a listing, or none with a word on what is lacking."""
        try:
            data = self._connection.read(call, *path, limit=SAMPLE, **query).data
        except CredentialsError:
            raise
        except TrackerError as error:
            self._refused.append(Refusal(what, str(error)))
            return []
        return [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []

    def _sample(self) -> list[Record]:
        """Tasks of each project, together no more than a sample."""
        found: list[Record] = []
        for gid in self._source.projects:
            call = self._connection.tasks.get_tasks
            rows = self._page(f"the tasks of project {gid}", call, project=gid, opt_fields=TASK_FIELDS)
            found += rows[: max(1, SAMPLE // len(self._source.projects))]
        return found

    def _fields(self, tasks: Sequence[Record]) -> Iterator[SeenField]:
        """The custom fields of the projects, one for each name."""
        call = self._connection.custom_field_settings.get_custom_field_settings_for_project
        told = [
            field
            for gid in self._source.projects
            for row in self._page(f"the custom fields of project {gid}", call, gid, opt_fields=SETTING_FIELDS)
            if isinstance(field := row.get("custom_field"), dict)
        ]
        told += [field for task in tasks for field in task.get("custom_fields") or ()]
        known: dict[str, Record] = {}
        for field in told:
            known.setdefault(words(field.get("name")).casefold(), field)
        for name, field in known.items():
            yield _field(field, [one for task in tasks for one in _called(task, name)])

    def _sections(self, tasks: Sequence[Record]) -> tuple[SeenStatus, ...]:
        mine = set(self._source.projects)
        met = Counter(
            words(place["section"].get("name"))
            for task in tasks
            for place in task.get("memberships") or ()
            if place.get("section") and (place.get("project") or {}).get("gid") in mine
        )
        call = self._connection.sections.get_sections_for_project
        told = [
            name
            for gid in self._source.projects
            for name in names(self._page(f"the sections of project {gid}", call, gid, opt_fields="name"))
        ]
        return tuple(SeenStatus(name, "", met[name]) for name in dict.fromkeys([*told, *met]))

    def _people(self, homes: Iterable[str], tasks: Sequence[Record], me: str) -> tuple[SeenPerson, ...]:
        """The first hundred of each workspace who are still there, those who own most first."""
        owns = Counter(str(owner.get("gid")) for task in tasks if isinstance(owner := task.get("assignee"), dict))
        call = self._connection.workspace_memberships.get_workspace_memberships_for_workspace
        found = {}
        for home in homes:
            for place in self._page("the people of the workspace", call, home, opt_fields=_PLACE_FIELDS):
                user = place.get("user") or {}
                gid = str(user.get("gid") or "")
                if gid and gid != me and place.get("is_active", True):
                    found[gid] = SeenPerson(
                        gid,
                        words(user.get("name")),
                        words(user.get("email")),
                        "guest" if place.get("is_guest") else "user",
                        owns[gid],
                    )
        return tuple(sorted(found.values(), key=lambda each: (-each.owns, each.name)))


def _called(task: Record, name: str) -> Iterator[Record]:
    for field in task.get("custom_fields") or ():
        if words(field.get("name")).casefold() == name:
            yield field


def _field(told: Record, met: Sequence[Record]) -> SeenField:
    kind = words(told.get("resource_subtype"))
    texts = [text for one in met if (text := value_of(one).strip())]
    options = (each for each in told.get("enum_options") or () if each.get("enabled", True))
    return SeenField(
        id=str(told["gid"]),
        name=words(told.get("name")),
        kind=_KINDS.get(kind, kind),
        options=tuple(names(options)),
        values=counted(texts),
        filled=len(texts),
    )
