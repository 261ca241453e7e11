"""Tasks and stories of Asana as items in the tracker's words."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync.errors import ForbiddenError, InvalidError, NotFoundError
from sync.ticket import Audience
from sync.trackers.asana_fields import TAGS, day_of, instant, is_called, mapped_columns, names, value_of, words
from sync.trackers.asana_history import COMPLETED, Historian, Now
from sync.trackers.asana_markup import follow_up_reference, references
from sync.trackers.translate import Item, RawComment, RawPerson

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sync.mapping.tracker_models import AsanaMapping
    from sync.trackers.asana_http import Connection, Record
    from sync.trackers.sources import AsanaSource

TASK_FIELDS = ",".join(
    (
        *("name", "notes", "resource_subtype", "created_at", "modified_at", "completed", "completed_at"),
        *("created_by", "assignee.name", "due_on", "due_at", "tags.name", "permalink_url"),
        *("memberships.project", "memberships.section.name"),
        *("custom_fields.name", "custom_fields.resource_subtype", "custom_fields.display_value"),
        *("custom_fields.enum_value.name", "custom_fields.multi_enum_values.name", "custom_fields.text_value"),
        *("custom_fields.number_value", "custom_fields.date_value", "custom_fields.people_value.name"),
    )
)


def version_of(task: Record) -> str:
    """What changes whenever the task does; a move between sections may leave `modified_at` as it was."""
    inside, modified = task.get("memberships"), task.get("modified_at")
    places = [one.get("section") for one in inside if isinstance(one, dict)] if isinstance(inside, list) else []
    sections = sorted(str(place.get("gid")) for place in places if isinstance(place, dict))
    return " ".join((modified if isinstance(modified, str) else "", *sections))


def with_completion(mapping: AsanaMapping) -> AsanaMapping:
    """The mapping with a name for ticked tasks, and an empty status field read as open unless it is listed."""
    status = mapping.status
    lists = {meaning: getattr(status, meaning) for meaning in type(status).model_fields}
    lists[mapping.completed] = [*lists[mapping.completed], COMPLETED]
    if not any("" in listed for listed in lists.values()):
        lists["open"] = [*lists["open"], ""]
    return mapping.model_copy(update={"status": status.model_copy(update=lists)})


def circle(source: AsanaSource) -> Audience:
    """Who reads a comment: whoever reads the project, for Asana has no narrower circle."""
    return Audience.INTERNAL if source.readers == "staff" else Audience.CLIENT


def departed(connection: Connection, workspace: str, people: Collection[str]) -> frozenset[str]:
    """Those of these users (gids) whose accounts are deactivated: a request for each hundred people of the
    workspace, until all are found. Nobody, if the account may not see the list.
    """
    sought = {person for person in people if person.isdecimal()}
    if not sought:
        return frozenset()
    call, left = connection.workspace_memberships.get_workspace_memberships_for_workspace, set[str]()
    try:
        for place in connection.rows(call, workspace, opt_fields="user,is_active"):
            gid = (place.get("user") or {}).get("gid")
            if gid in sought and place.get("is_active") is False:
                left.add(gid)
            sought.discard(gid)
            if not sought:
                break
    except ForbiddenError:
        return frozenset()
    return frozenset(left)


class Users:
    """What is known of the workspace's people. Addresses are asked for, once each, only if the mapping sorts
    people by domain: tasks and stories do not carry them.
    """

    def __init__(self, mapping: AsanaMapping) -> None:
        people = mapping.people
        listed = (*people.staff, *people.clients, *people.machines)
        self._by_domain = any(entry.startswith("@") for entry in listed)
        self._known: dict[str, RawPerson] = {}

    def person(self, connection: Connection, user: Record | None) -> RawPerson | None:
        """A user as a task or story refers to it."""
        if not user:
            return None
        gid, name = words(user["gid"]), words(user.get("name"))
        known = self._known.get(gid)
        if known is None and self._by_domain:
            known = self._known[gid] = self._asked(connection, gid, name)
        if known is None or (name and not known.name):
            known = self._known[gid] = RawPerson(gid, name, known.email if known else "")
        return known

    def _asked(self, connection: Connection, gid: str, name: str) -> RawPerson:
        try:
            user = connection.record(connection.users.get_user, gid, opt_fields="name,email")
        except (ForbiddenError, NotFoundError):
            return RawPerson(gid, name)  # one who left, or is hidden from us: known by id alone
        return RawPerson(gid, words(user.get("name")) or name, words(user.get("email")))


class Records:
    """Reads tasks with their stories by the mapping. `me` is the account that makegood writes with."""

    def __init__(
        self, connection: Connection, source: AsanaSource, mapping: AsanaMapping, users: Users, me: str
    ) -> None:
        self._connection = connection
        self._projects = source.projects
        self._mapping = mapping
        self._users = users
        self._ours = {me, *mapping.people.machines}
        self._circle = circle(source)
        self._zone = ZoneInfo(source.zone)
        self._columns = tuple(dict.fromkeys(mapping.fields.mapped().values()))
        self._labels_field = None if mapping.labels_in == TAGS else mapping.labels_in
        self._historian = Historian(
            self._columns, self._person, mapping.status_field, self._labels_field, self._zone
        )

    def belongs(self, task: Record) -> bool:
        """Whether a task is in one of the source's projects."""
        return self.home(task) is not None

    def follow_up(self, task: Record) -> str:
        """The reference of the follow-up that a task is; empty if it is none, or if it was not made by us (or by
        a machine that the mapping lists): anybody can type one.
        """
        maker = (task.get("created_by") or {}).get("gid")
        return follow_up_reference(task.get("notes") or "") if maker in self._ours else ""

    def labels(self, task: Record) -> frozenset[str]:
        """The labels of a task, ours and others'."""
        if self._labels_field is None:
            return frozenset(names(task.get("tags")))
        fields = [field for field in task.get("custom_fields") or () if is_called(field, self._labels_field)]
        return frozenset(name for field in fields for name in names(field.get("multi_enum_values")))

    def item(self, task: Record, stories: Sequence[Record]) -> Item:
        """The task in the tracker's words. InvalidError if the mapping's status field is not on it."""
        fields = task.get("custom_fields") or []
        completed_at = instant(task["completed_at"]) if task.get("completed_at") else None
        labels, updated = self.labels(task), instant(task["modified_at"])
        now = Now(self._place(task, fields), completed_at, updated, labels, self.home(task))
        told = self._historian.tell(stories, now)
        return Item(
            id=task["gid"],
            key=task["gid"],
            url=words(task.get("permalink_url")),
            title=words(task.get("name")),
            text=words(task.get("notes")),
            status=COMPLETED if _completed(task) else now.place,
            created=instant(task["created_at"]),
            updated=updated,
            version=version_of(task),
            kind=words(task.get("resource_subtype")),
            reporter=self._person(task.get("created_by")),
            assignee=self._person(task.get("assignee")),
            labels=labels,
            due=day_of(task, self._zone),
            resolved=completed_at,
            values=self._values(fields),
            comments=self.comments(stories),
            changes=told.changes,
            complete_since=told.complete_since,
            audiences=frozenset({self._circle}),
            problems=self._missing(fields),
        )

    def comments(self, stories: Sequence[Record]) -> tuple[RawComment, ...]:
        """The comments among stories. A reference counts as a mark only on a comment by us, or by a machine that
        the mapping lists (such as an account that we wrote with before): anybody can type one.
        """
        return tuple(self._comment(story) for story in stories if _is_comment(story))

    def _comment(self, story: Record) -> RawComment:
        author, text = self._person(story.get("created_by")), words(story.get("text"))
        marks = references(text) if author and author.id in self._ours else ()
        edited = story.get("is_edited")
        told = edited if isinstance(edited, bool) else None
        return RawComment(story["gid"], instant(story["created_at"]), author, text, self._circle, marks, told)

    def _person(self, user: Record | None) -> RawPerson | None:
        return self._users.person(self._connection, user)

    def home(self, task: Record) -> str | None:
        """The first of the source's projects that the task is in: its section there is the one that counts."""
        inside = {one["project"]["gid"] for one in task.get("memberships") or () if one.get("project")}
        return next((project for project in self._projects if project in inside), None)

    def _place(self, task: Record, fields: list[Record]) -> str:
        """The status of the task if it is not ticked."""
        column = self._mapping.status_field
        if column is None:
            home = self.home(task)
            places = [one.get("section") or {} for one in task["memberships"] if one["project"]["gid"] == home]
            return next(iter(names(places)), "")
        field = next((field for field in fields if is_called(field, column)), None)
        if field is None:
            raise InvalidError(f"status_field: {_unknown(column, fields)}", ("status_field",))
        return value_of(field)

    def _values(self, fields: list[Record]) -> dict[str, str]:
        return {
            column: text
            for column in self._columns
            for field in fields
            if is_called(field, column) and (text := value_of(field))
        }

    def _missing(self, fields: list[Record]) -> tuple[str, ...]:
        mapped = mapped_columns(self._mapping).items()
        lost = [pair for pair in mapped if not any(is_called(field, pair[1]) for field in fields)]
        return tuple(f"{key}: {_unknown(column, fields)}" for key, column in lost)


def _completed(task: Record) -> bool:
    ticked = task.get("completed") or False
    if isinstance(ticked, bool):
        return ticked
    raise ValueError("whether it is completed is not told")


def _is_comment(story: Record) -> bool:
    """Whether a story is a comment; ValueError if it does not say so, for a comment unread might be an answer."""
    if kind := words(story.get("type")):
        return kind == "comment"
    raise ValueError("a story does not tell its type")


def _unknown(column: str, fields: list[Record]) -> str:
    close = get_close_matches(column, names(fields), 1)
    hint = f"; did you mean {close[0]!r}?" if close else "; add it to its project, or correct the mapping"
    return f"the task has no custom field {column!r}{hint}"
