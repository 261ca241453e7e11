"""What `check --online` can find out about an Asana source; nothing is written."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from sync.errors import TrackerError
from sync.trackers.asana_fields import TAGS, is_called, mapped_columns, names
from sync.trackers.base import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sync.mapping.tracker_models import AsanaMapping
    from sync.trackers.asana_http import Connection, Record
    from sync.trackers.sources import AsanaSource

SETTING_FIELDS = ",".join(
    (
        *("custom_field.name", "custom_field.resource_subtype"),
        *("custom_field.enum_options.name", "custom_field.enum_options.enabled"),
    )
)
MEMBER_FIELDS = "user.name,is_guest,is_active,is_admin,is_view_only"
_TYPES = {"status_field": "enum", "labels_in": "multi_enum"}
_LEVELS = ("viewer", "commenter", "editor", "admin")
"""Of access to a project, the least first."""
_TOO_LOW = {
    "viewer": "neither comment nor write labels and due dates",
    "commenter": "not write labels and due dates",
}


class Checkup:
    """The questions to one source, each answered in findings of its own; `me` is the account's gid."""

    def __init__(self, connection: Connection, source: AsanaSource, mapping: AsanaMapping) -> None:
        self._connection = connection
        self._source = source
        self._mapping = mapping
        self._names: dict[str, str] = {}
        self._fields: dict[str, list[Record]] = {}

    def findings(self, identify: Callable[[], tuple[str, str]]) -> Iterator[Finding]:
        """Everything; without credentials there is nothing more to ask."""
        try:
            me, workspace = identify()
        except TrackerError as error:
            yield Finding("error", "credentials", str(error))
            return
        yield Finding("ok", "credentials", f"the token speaks for account {me} in workspace {workspace}")
        for about, ask in (
            ("projects", self._projects),
            ("custom fields", self._custom_fields),
            ("statuses", self._statuses),
            ("readers", lambda: self._readers(me, workspace)),
            ("labels", lambda: self._labels(workspace)),
        ):
            try:
                yield from ask()
            except TrackerError as error:
                yield Finding("error", about, f"it cannot be looked into: {error}")

    # --- projects and fields ------------------------------------------------------------------------------------

    def _projects(self) -> Iterator[Finding]:
        call = self._connection.projects.get_project
        for gid in self._source.projects:
            try:
                project = self._connection.record(call, gid, opt_fields="name,archived")
            except TrackerError as error:
                yield Finding("error", f"project {gid}", f"{error}; check `projects` in the config")
                continue
            self._names[gid] = project.get("name") or gid
            if project.get("archived"):
                yield Finding("warning", self._called(gid), "is archived; take it out of `projects`")
            else:
                yield Finding("ok", self._called(gid), "can be read")

    def _custom_fields(self) -> Iterator[Finding]:
        mapped = mapped_columns(self._mapping)
        if not mapped:
            return
        call = self._connection.custom_field_settings.get_custom_field_settings_for_project
        for gid in self._names:
            rows = self._connection.rows(call, gid, opt_fields=SETTING_FIELDS)
            self._fields[gid] = [row["custom_field"] for row in rows if row.get("custom_field")]
        for key, column in mapped.items():
            yield self._field(key, column)

    def _field(self, key: str, column: str) -> Finding:
        found = {
            gid: field for gid, fields in self._fields.items() for field in fields if is_called(field, column)
        }
        if not found:
            known = {name for fields in self._fields.values() for name in names(fields)}
            return Finding("error", key, f"no project has a custom field {column!r}{_hint(column, known)}")
        wanted = _TYPES.get(key)
        if wanted and (wrong := {str(field.get("resource_subtype")) for field in found.values()} - {wanted}):
            return Finding(
                "error", key, f"the custom field {column!r} is of type {min(wrong)}; it must be {wanted}"
            )
        if lacking := [gid for gid in self._fields if gid not in found]:
            listed = ", ".join(self._called(gid) for gid in lacking)
            return Finding("warning", key, f"{listed} has no custom field {column!r}; add it there")
        return Finding("ok", key, f"the custom field {column!r} is there")

    # --- statuses -----------------------------------------------------------------------------------------------

    def _statuses(self) -> Iterator[Finding]:
        status = self._mapping.status
        listed = {name for meaning in type(status).model_fields for name in getattr(status, meaning)}
        used = self._options() if self._mapping.status_field else self._sections()
        folded = {name.casefold() for name in listed}
        unlisted = sorted(name for name in used if name.casefold() not in folded)
        for name in unlisted:
            why = f"{name!r} is in no list of [status]{_hint(name, listed)}; its tasks fail"
            yield Finding("warning", "status", why)
        known = {name.casefold() for name in used}
        for name in sorted(listed):
            if name and name.casefold() not in known:
                yield Finding("warning", "status", f"[status] lists {name!r}, which is nowhere{_hint(name, used)}")
        if used and not unlisted:
            yield Finding("ok", "status", f"every one of {len(used)} is in a list of [status]")

    def _options(self) -> set[str]:
        column = self._mapping.status_field or ""
        fields = (field for project in self._fields.values() for field in project if is_called(field, column))
        options = (option for field in fields for option in field.get("enum_options") or ())
        return {option["name"] for option in options if option.get("enabled", True)}

    def _sections(self) -> set[str]:
        call = self._connection.sections.get_sections_for_project
        return {row["name"] for gid in self._names for row in self._connection.rows(call, gid, opt_fields="name")}

    # --- people -------------------------------------------------------------------------------------------------

    def _readers(self, me: str, workspace: str) -> Iterator[Finding]:
        call = self._connection.workspace_memberships.get_workspace_memberships_for_workspace
        rows = self._connection.rows(call, workspace, opt_fields=MEMBER_FIELDS)
        places = [row for row in rows if row.get("is_active", True)]
        guests = {
            place["user"]["gid"]: place["user"].get("name") or place["user"]["gid"]
            for place in places
            if place.get("is_guest")
        }
        yield from (_standing(place) for place in places if place["user"]["gid"] == me)
        for project in self._names:
            members = list(
                self._connection.rows(
                    self._connection.project_memberships.get_project_memberships_for_project, project
                )
            )
            access = self._access(members)
            yield self._guests(project, sorted(guests[gid] for gid in access.keys() & guests.keys()))
            if me in access:
                yield from self._level(project, access[me])

    def _access(self, members: Iterable[Record]) -> dict[str, str]:
        """The people among a project's members, those in its teams too, with the most that they may do there."""
        best: dict[str, str] = {}
        for place in members:
            member, level = place["member"], str(place.get("access_level"))
            people = [member["gid"]]
            if member.get("resource_type") == "team":
                call = self._connection.team_memberships.get_team_memberships_for_team
                people = [row["user"]["gid"] for row in self._connection.rows(call, member["gid"])]
            for gid in people:
                best[gid] = max(best.get(gid, level), level, key=_rank)
        return best

    def _level(self, project: str, level: str) -> Iterator[Finding]:
        """What is wrong with the account's own level of access to a project."""
        if level in _TOO_LOW:
            why = f"as {level} the account can {_TOO_LOW[level]}; make it an editor"
            yield Finding("warning" if self._source.mode == "observe" else "error", self._called(project), why)
        elif level == "admin":
            why = "as admin the account could also delete the project and share it; editor is enough"
            yield Finding("warning", self._called(project), why)

    def _guests(self, project: str, guests: Sequence[str]) -> Finding:
        stated, about = self._source.readers, f"readers of {self._called(project)}"
        if guests and stated == "staff":
            why = f'the config says readers = "staff", but guests read it: {", ".join(guests)}'
            return Finding("error", about, f'{why}; write "staff-and-clients", or take them off the project')
        if guests:
            return Finding("ok", about, f"guests read it: {', '.join(guests)}")
        if stated == "staff":
            return Finding("ok", about, "no guest is a member; a task can still be shared with one by itself")
        return Finding("ok", about, 'no guest is a member; if no client ever is, write readers = "staff"')

    # --- labels -------------------------------------------------------------------------------------------------

    def _labels(self, workspace: str) -> Iterator[Finding]:
        prefix, column = self._mapping.labels.prefix, self._mapping.labels_in
        if column == TAGS:
            call = self._connection.tags.get_tags_for_workspace
            known = list(self._connection.rows(call, workspace, opt_fields="name"))
            ours = [name for name in names(known) if name.startswith(prefix)]
            yield Finding(
                "ok", "labels", f"{len(ours)} tags begin with {prefix!r}; missing ones are made when needed"
            )
            return
        fields = (field for project in self._fields.values() for field in project if is_called(field, column))
        options = {name for field in fields for name in names(field.get("enum_options"))}
        if any(name.startswith(prefix) for name in options):
            yield Finding("ok", "labels", f"options of {column!r} begin with {prefix!r}")
        else:
            why = (
                f"no option of {column!r} begins with {prefix!r}; add one for each label that makegood is to write"
            )
            yield Finding("error", "labels", why)

    def _called(self, project: str) -> str:
        return f"project {self._names.get(project, project)!r}"


def _standing(place: Record) -> Finding:
    """Whether the account's own place in the workspace is too high, too low, or right."""
    if place.get("is_admin"):
        why = "it is an admin of the workspace: its token can change people and settings; make it a plain member"
        return Finding("warning", "account", why)
    if place.get("is_guest"):
        why = "it is a guest: it sees little and cannot make tags; invite it fully"
        return Finding("warning", "account", why)
    if place.get("is_view_only"):
        return Finding(
            "warning", "account", "its licence is for viewing alone, so nothing is written; give it a full one"
        )
    return Finding("ok", "account", "it is a plain member of the workspace")


def _rank(level: str) -> int:
    return _LEVELS.index(level) if level in _LEVELS else -1


def _hint(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, sorted(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""
