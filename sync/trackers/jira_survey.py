"""What a Jira site shows of itself, in a handful of requests; nothing is written."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sync.errors import CredentialsError, ForbiddenError, InvalidError, NotFoundError, TrackerError
from sync.trackers.jira_api import issue_path, project_path
from sync.trackers.jira_http import JiraHttp
from sync.trackers.jira_poll import jql_for
from sync.trackers.jira_records import fields_of, person, records, text_of
from sync.trackers.jira_search import HIDDEN
from sync.trackers.jira_site import Memory, api_of, sign_in
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
    from collections.abc import Sequence

    from sync.trackers.landscape import Stage
    from sync.trackers.pace import Pace
    from sync.trackers.sources import JiraSource

Json = dict[str, Any]

_STAGES: dict[object, Stage] = {"new": "new", "indeterminate": "under way", "done": "done"}
_KINDS = {"string": "text", "option": "choice", "datetime": "date", "user": "person"}
MOST_PROJECTS = 50
"""Projects that are shown to choose from."""
_CUSTOM = "customfield_"
_ALWAYS = (
    *("status", "priority", "labels", "project", "components", "assignee", "reporter", "duedate", "issuetype"),
)
_OF_USE = frozenset({"priority", "project", "components"})
"""Jira's own fields that can fill one of a ticket; the others every ticket has anyway."""


def survey(source: JiraSource, token: str, pace: Pace | None = None) -> Landscape:
    """The source's projects as the account sees them: 6 requests, and 2 for each project.

    CredentialsError if it is not let in, ForbiddenError or NotFoundError for a project that it cannot see; what
    else is refused is in `refused`.
    """
    http, memory = JiraHttp(source.url, token, source.email, pace=pace), Memory()
    try:
        return _Survey(source, http, memory).landscape()
    finally:
        http.close()


def visible(source: JiraSource, token: str, pace: Pace | None = None) -> list[SeenProject]:
    """The first projects that the account sees, whichever the source names. Errors as of `survey`."""
    http, memory = JiraHttp(source.url, token, source.email, pace=pace), Memory()
    try:
        sign_in(source, http, memory)
        api_of(memory, http)
        if memory.deployment == "cloud":
            told = records(http.read("GET", "project/search", {"maxResults": MOST_PROJECTS}).record, "values")
        else:
            told = records({"all": http.read("GET", "project").body}, "all")[:MOST_PROJECTS]
        return [SeenProject(str(each.get("key")), str(each.get("name") or "")) for each in told]
    finally:
        http.close()


class _Survey:
    def __init__(self, source: JiraSource, http: JiraHttp, memory: Memory) -> None:
        self._source = source
        self._http = http
        self._memory = memory
        self._refused: list[Refusal] = []

    def landscape(self) -> Landscape:
        site = sign_in(self._source, self._http, self._memory)
        api_of(self._memory, self._http)
        account = self._http.read("GET", "myself").record
        projects = tuple(self._project(key) for key in self._source.projects)
        fields = self._listed("the list of fields", "field")
        issues = self._sample(fields)
        options = self._options(issues)
        return Landscape(
            tracker="jira",
            where=site.address,
            account=site.me.name,
            own_email=site.me.email or self._source.email or "",
            zone=str(account.get("timeZone") or ""),
            projects=projects,
            fields=tuple(
                _field(each, issues, options.get(str(each.get("id")), ()))
                for each in fields
                if each.get("custom") or each.get("id") in _OF_USE
            ),
            statuses=self._statuses(issues),
            priorities=tuple(str(each.get("name")) for each in self._listed("the list of priorities", "priority")),
            people=_people(issues, site.me.id),
            labels=counted(
                label
                for issue in issues
                for label in fields_of(issue).get("labels") or ()
                if isinstance(label, str)
            ),
            tickets=len(issues),
            refused=tuple(self._refused),
        )

    def _project(self, key: str) -> SeenProject:
        try:
            told = self._http.read("GET", project_path(key)).record
        except (NotFoundError, ForbiddenError) as error:
            raise type(error)(f"project {key}: {HIDDEN}") from None
        return SeenProject(key, str(told.get("name") or key), told.get("projectTypeKey") == "service_desk")

    def _listed(self, what: str, path: str) -> list[Json]:
        """A list, or none with a word on what is lacking."""
        try:
            return records({"all": self._http.read("GET", path).body}, "all")
        except CredentialsError:
            raise
        except TrackerError as error:
            self._refused.append(Refusal(what, str(error)))
            return []

    def _statuses(self, issues: Sequence[Json]) -> tuple[SeenStatus, ...]:
        """Those of the projects' issue types, and any other that was met."""
        met = Counter(_name(fields_of(issue).get("status")) for issue in issues)
        told = [
            status
            for key in self._source.projects
            for kind in self._listed(f"the statuses of {key}", project_path(key, "statuses"))
            for status in records(kind, "statuses")
        ]
        told += [status for issue in issues if isinstance(status := fields_of(issue).get("status"), dict)]
        found: dict[str, SeenStatus] = {}
        for status in told:
            name, category = _name(status), status.get("statusCategory")
            stage = _STAGES.get(category.get("key"), "") if isinstance(category, dict) else ""
            if name:
                found.setdefault(name.casefold(), SeenStatus(name, stage, met[name]))
        return tuple(found.values())

    def _sample(self, fields: Sequence[Json]) -> list[Json]:
        """The issues that changed last."""
        wanted = [*_ALWAYS, *(str(each.get("id")) for each in fields if each.get("custom"))]
        asked = {
            "jql": jql_for(self._source, "updated DESC"),
            "fields": list(dict.fromkeys(wanted)),
            "maxResults": SAMPLE,
        }
        path = "search/jql" if self._memory.deployment == "cloud" else "search"
        try:
            return records(self._http.read("POST", path, body=asked).record, "issues")[:SAMPLE]
        except (ForbiddenError, NotFoundError, InvalidError) as error:
            self._refused.append(Refusal("a sample of tickets", str(error)))
            return []

    def _options(self, issues: Sequence[Json]) -> dict[str, tuple[str, ...]]:
        """What each choice can be, as the newest issue's screen tells whoever may edit it; by the field's id."""
        for issue in issues[:1]:
            try:
                told = self._http.read("GET", issue_path(str(issue.get("id")), "editmeta")).record.get("fields")
            except (ForbiddenError, NotFoundError, InvalidError) as error:
                self._refused.append(Refusal("the options of fields", str(error)))
                continue
            return {
                number: tuple(text_of(value) for value in records(field, "allowedValues"))
                for number, field in (told.items() if isinstance(told, dict) else ())
                if number.startswith(_CUSTOM)
            }
        return {}


def _name(value: object) -> str:
    return str(value.get("name") or "") if isinstance(value, dict) else ""


def _field(told: Json, issues: Sequence[Json], options: tuple[str, ...]) -> SeenField:
    number, schema = str(told.get("id")), told.get("schema")
    kind = str(schema.get("type") if isinstance(schema, dict) else "text")
    texts = [text for issue in issues if (text := text_of(fields_of(issue).get(number)).strip())]
    return SeenField(
        id=number,
        name=str(told.get("name") or number),
        kind=_KINDS.get(kind, kind),
        options=options,
        values=counted(texts),
        filled=len(texts),
    )


def _people(issues: Sequence[Json], me: str) -> tuple[SeenPerson, ...]:
    """Everybody met but ourselves, those who own most first."""
    owns: Counter[str] = Counter()
    found = {}
    for issue in issues:
        for role in ("assignee", "reporter"):
            raw = person(fields_of(issue).get(role))
            if raw and raw.id and raw.id != me:
                found[raw.id] = raw
                owns[raw.id] += role == "assignee"
    people = (SeenPerson(raw.id, raw.name, raw.email, raw.kind, owns[raw.id]) for raw in found.values())
    return tuple(sorted(people, key=lambda each: (-each.owns, each.name)))
