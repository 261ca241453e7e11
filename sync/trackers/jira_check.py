"""What `check --online` asks a Jira: the account, the mapped fields and statuses, rights, and who reads along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from sync.errors import InvalidError, NotFoundError, TrackerError
from sync.mapping.wording import nearest
from sync.trackers import jira_follow
from sync.trackers.base import Finding
from sync.trackers.jira_api import project_path
from sync.trackers.jira_fields import look_up
from sync.trackers.jira_records import records
from sync.trackers.jira_search import HIDDEN
from sync.trackers.jira_site import sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.mapping.models import FollowUpIn, JiraMapping
    from sync.trackers.jira_http import JiraHttp
    from sync.trackers.jira_site import Memory
    from sync.trackers.sources import JiraSource

Json = dict[str, Any]

_RIGHTS = {
    "BROWSE_PROJECTS": ("observe", "read it (Browse Projects)"),
    "EDIT_ISSUES": ("labels", "write labels (Edit Issues)"),
    "SCHEDULE_ISSUES": ("labels", "write due dates (Schedule Issues)"),
    "ADD_COMMENTS": ("full", "comment (Add Comments)"),
}
_BRINGING_IN = {
    "watch": ("MANAGE_WATCHERS", "add watchers (Manage Watcher List)"),
    "assign": ("ASSIGN_ISSUES", "assign it (Assign Issues)"),
}
_FOLLOWING_UP = {"CREATE_ISSUES": ("full", "create follow-ups (Create Issues)")}
_LINKING = {"LINK_ISSUES": ("full", "link follow-ups (Link Issues)")}
_MODES = ("observe", "labels", "full")


def findings(source: JiraSource, mapping: JiraMapping, http: JiraHttp, memory: Memory) -> Iterator[Finding]:
    """Everything that is wrong or doubtful; a refusal ends its own question, wrong credentials end them all."""
    try:
        site = sign_in(source, http, memory)
    except TrackerError as error:
        yield Finding("error", "credentials", str(error))
        return
    yield Finding(
        "ok",
        "credentials",
        f"signed in at {site.address} as {site.me.name} ({site.me.id}); all that this account writes counts as "
        "makegood's own, so let no person use it",
    )
    yield from _token(source, memory)
    yield from _fields(mapping, http)
    statuses: set[str] = set()
    for project in source.projects:
        about = f"project {project}"
        try:
            kind = http.read("GET", project_path(project)).record.get("projectTypeKey")
        except TrackerError as error:
            yield Finding("error", about, HIDDEN if isinstance(error, NotFoundError) else str(error))
            continue
        yield from _readers(about, source, desk=kind == "service_desk")
        yield from _answered(about, _rights(project, source, mapping, http, memory.deployment))
        yield from _answered(about, _unmapped(project, mapping, http, statuses))
        if mapping.follow_up:
            yield from _answered(about, _follow_ups(project, mapping, mapping.follow_up, http))
    if statuses:
        yield from _unknown(statuses, mapping)


def _answered(about: str, found: Iterator[Finding]) -> Iterator[Finding]:
    """What a question found, or that it was refused: which one, the error says itself."""
    try:
        yield from found
    except TrackerError as error:
        yield Finding("error", about, str(error))


def _token(source: JiraSource, memory: Memory) -> Iterator[Finding]:
    if memory.deployment == "data-center" and source.email:
        yield Finding(
            "warning",
            "token",
            "basic authentication, which Jira 11 switches off; make a personal access token and leave `email` out",
        )


def _fields(mapping: JiraMapping, http: JiraHttp) -> Iterator[Finding]:
    try:
        _, faults = look_up(records({"fields": http.read("GET", "field").body}, "fields"), mapping)
    except TrackerError as error:
        faults = {"fields": str(error)}
    if not faults:
        yield Finding("ok", "fields", "every mapped field is there")
    for key, what in faults.items():
        yield Finding("error", key, what)


def _readers(about: str, source: JiraSource, *, desk: bool) -> Iterator[Finding]:
    if desk and source.readers == "staff":
        yield Finding(
            "warning",
            about,
            'a service desk, where customers read what is not internal; `readers = "staff"` is not true of it '
            "(comments are kept apart all the same)",
        )
    elif not desk and source.readers != "staff":
        yield Finding(
            "warning",
            about,
            "no service desk: every ordinary comment counts as read by clients; "
            'if none of them can see this project, write `readers = "staff"`',
        )


def _needed(mapping: JiraMapping) -> dict[str, tuple[str, str]]:
    """Each right that the mapping makes use of, the mode from which it is needed, and for what."""
    needed = dict(_RIGHTS)
    for way in mapping.people.bring_in:
        if way in _BRINGING_IN:
            right, what = _BRINGING_IN[way]
            needed[right] = ("full", what)
    if mapping.follow_up:
        needed |= _FOLLOWING_UP | (_LINKING if mapping.follow_up.link else {})
    return needed


def _rights(
    key: str, source: JiraSource, mapping: JiraMapping, http: JiraHttp, deployment: str | None
) -> Iterator[Finding]:
    rights = _needed(mapping)
    query = {"projectKey": key} | ({"permissions": ",".join(rights)} if deployment == "cloud" else {})
    permissions = http.read("GET", "mypermissions", query).record.get("permissions")
    for right, (mode, what) in rights.items():
        held = permissions.get(right) if isinstance(permissions, dict) else None
        if not (isinstance(held, dict) and held.get("havePermission")):
            needed = _MODES.index(source.mode) >= _MODES.index(mode)
            level: Literal["error", "warning"] = "error" if needed else "warning"
            yield Finding(level, f"project {key}", f"the account may not {what}; grant it in Jira")


def _follow_ups(key: str, mapping: JiraMapping, kind: FollowUpIn, http: JiraHttp) -> Iterator[Finding]:
    """What keeps follow-ups from being created in a project."""
    if kind.link:
        try:
            jira_follow.link_type(http, kind.link)
        except InvalidError as error:
            yield Finding("error", "follow_up.link", str(error))
    try:
        chosen = jira_follow.issue_type(http, key, kind)
    except InvalidError as error:
        yield Finding("error", f"project {key}", str(error))
        return
    sent = {"summary", "description", "labels"} | ({"issuelinks"} if kind.link else set())
    found, _ = look_up(records({"fields": http.read("GET", "field").body}, "fields"), mapping)
    absent, demanded = jira_follow.lacking(http, key, chosen, sent | {found.get("due_field", "duedate")})
    for fields, what in (
        (absent, "the screen to create one lacks"),
        (demanded, "Jira demands fields that makegood does not fill:"),
    ):
        if fields:
            told = f"follow-ups of type {kind.type!r} would be refused: {what} {', '.join(fields)}"
            yield Finding("error", f"project {key}", told)


def _unmapped(key: str, mapping: JiraMapping, http: JiraHttp, seen: set[str]) -> Iterator[Finding]:
    """The project's statuses that the mapping does not list; all of them are added to `seen`."""
    kinds = records({"kinds": http.read("GET", project_path(key, "statuses")).body}, "kinds")
    names = {str(status.get("name")) for kind in kinds for status in records(kind, "statuses")}
    seen |= names
    mapped = {name.casefold() for name in _mapped(mapping)}
    for name in sorted(names):
        if name.casefold() not in mapped:
            what = f"status {name!r} is in no list of [status]; its tickets are left alone until it is added there"
            yield Finding("warning", f"project {key}", what)


def _unknown(names: set[str], mapping: JiraMapping) -> Iterator[Finding]:
    known = {name.casefold() for name in names}
    for name, meaning in _mapped(mapping).items():
        if name.casefold() not in known:
            what = f"status.{meaning}: no project has a status {name!r}{nearest(name, names)}"
            yield Finding("warning", "status", what)


def _mapped(mapping: JiraMapping) -> dict[str, str]:
    return {
        name: meaning for meaning in type(mapping.status).model_fields for name in getattr(mapping.status, meaning)
    }
