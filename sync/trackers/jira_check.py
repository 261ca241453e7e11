"""What `check --online` asks a Jira: the account, the mapped fields and statuses, rights, and who reads along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

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

    from sync.mapping.tracker_models import FollowUpIn, JiraMapping
    from sync.trackers.jira_http import JiraHttp
    from sync.trackers.jira_site import Memory
    from sync.trackers.sources import JiraSource

Json = dict[str, Any]


class Right(NamedTuple):
    """The mode (or the command alone) that needs a permission, what for, and what does not happen without it."""

    mode: str
    what: str
    without: str


_RIGHTS = {
    "BROWSE_PROJECTS": Right("observe", "read it (Browse Projects)", "nothing of it is seen"),
    "EDIT_ISSUES": Right("labels", "write labels (Edit Issues)", "no label is written"),
    "SCHEDULE_ISSUES": Right("labels", "write due dates (Schedule Issues)", "no due date is written"),
    "ADD_COMMENTS": Right("full", "comment (Add Comments)", "nobody is told of anything there"),
    "DELETE_OWN_COMMENTS": Right(
        "undo", "delete its own comments (Delete Own Comments)", "`undo` leaves them where they are"
    ),
}
_BRINGING_IN = {
    "watch": ("MANAGE_WATCHERS", "add watchers (Manage Watcher List)", "nobody is made a watcher"),
    "assign": ("ASSIGN_ISSUES", "assign it (Assign Issues)", "nothing is assigned"),
}
_FOLLOWING_UP = {
    "CREATE_ISSUES": Right("full", "create follow-ups (Create Issues)", "there are no follow-ups"),
}
_LINKING = {"LINK_ISSUES": Right("full", "link follow-ups (Link Issues)", "there are no follow-ups")}
_MODES = ("observe", "labels", "full")
_TOO_MUCH = {
    "ADMINISTER": "administer Jira (Administer Jira)",
    "ADMINISTER_PROJECTS": "administer the project (Administer Projects)",
    "DELETE_ISSUES": "delete issues (Delete Issues)",
    "DELETE_ALL_COMMENTS": "delete other people's comments (Delete All Comments)",
    "EDIT_ALL_COMMENTS": "change other people's comments (Edit All Comments)",
}
"""What is never needed."""
_FOR_THE_SYSTEM = {"SYSTEM_ADMIN": "administer the server (Jira System Administrators)"}
"""Likewise, on Data Center alone; Cloud may not know it, and refuses to answer what it does not know."""
_EVERYWHERE = {"ADMINISTER", "SYSTEM_ADMIN"}
"""Those that no project gives; they are told of once."""


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
    told: set[str] = set()
    for project in source.projects:
        about = f"project {project}"
        try:
            kind = http.read("GET", project_path(project)).record.get("projectTypeKey")
        except TrackerError as error:
            yield Finding("error", about, HIDDEN if isinstance(error, NotFoundError) else str(error))
            continue
        yield from _readers(about, source, desk=kind == "service_desk")
        yield from _answered(about, _rights(project, source, mapping, http, memory.deployment, told=told))
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


def _needed(mapping: JiraMapping) -> dict[str, Right]:
    """Each right that the mapping makes use of."""
    needed = dict(_RIGHTS)
    for way in mapping.people.bring_in:
        if way in _BRINGING_IN:
            right, what, without = _BRINGING_IN[way]
            needed[right] = Right("full", what, without)
    if mapping.follow_up:
        needed |= _FOLLOWING_UP | (_LINKING if mapping.follow_up.link else {})
    return needed


def _rights(  # noqa: PLR0913 - what it depends on
    key: str,
    source: JiraSource,
    mapping: JiraMapping,
    http: JiraHttp,
    deployment: str | None,
    *,
    told: set[str],
) -> Iterator[Finding]:
    """Rights that are lacking or far too many; `told` gets those that no project gives, and keeps them from being
    told again.
    """
    rights, excess = _needed(mapping), _TOO_MUCH | ({} if deployment == "cloud" else _FOR_THE_SYSTEM)
    query = {"projectKey": key}
    if deployment == "cloud":
        query["permissions"] = ",".join((*rights, *excess))
    permissions = http.read("GET", "mypermissions", query).record.get("permissions")
    held = {
        right
        for right, told_of in (permissions.items() if isinstance(permissions, dict) else ())
        if isinstance(told_of, dict) and told_of.get("havePermission")
    }
    for right, (mode, what, without) in rights.items():
        if right not in held:
            needed = mode in _MODES[: _MODES.index(source.mode) + 1]
            level: Literal["error", "warning"] = "error" if needed else "warning"
            remedy = "grant it in the project's permission scheme"
            yield Finding(level, f"project {key}", f"the account may not {what}, so {without}; {remedy}")
    if extra := [what for right, what in excess.items() if right in held - told]:
        told |= held & _EVERYWHERE
        what = f"the account may also {', '.join(extra)}; makegood never does, so take that from it"
        yield Finding("warning", f"project {key}", what)


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
