"""Labels on a task: tags of the workspace, or the options of one multi-select custom field."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from sync.errors import InvalidError
from sync.trackers.asana_fields import is_called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.action import Edit
    from sync.trackers.asana_http import Connection, Record

OPTION_FIELDS = ",".join(
    (
        *("custom_fields.name", "custom_fields.enum_options.name", "custom_fields.enum_options.enabled"),
        "custom_fields.multi_enum_values.name",
    )
)


class Tags:
    """The tags of one workspace by exact name, shared by all threads of a source so that none is made twice.

    Asana lets several tags have one name: the one with the lowest gid is put on, whichever is there is taken off.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._gids: dict[str, str] = {}

    def add(self, connection: Connection, workspace: str, task: str, label: str) -> None:
        """Put a tag on a task, made first if the workspace has none of that name; one that is there stays."""
        try:
            self._put(connection, task, self._found_or_made(connection, workspace, label))
        except InvalidError:  # the tag that we remember was deleted since
            with self._lock:
                self._gids.pop(label, None)
            self._put(connection, task, self._found_or_made(connection, workspace, label))

    def gids(self, connection: Connection, workspace: str, labels: Sequence[str]) -> list[str]:
        """The tags of these names, made where the workspace has none."""
        return [self._found_or_made(connection, workspace, label) for label in labels]

    def remove(self, connection: Connection, task: str, labels: Sequence[str]) -> None:
        """Take the tags of these names off a task, as many as are on it."""
        there = connection.record(connection.tasks.get_task, task, opt_fields="tags.name").get("tags") or []
        for tag in there:
            if tag.get("name") in labels:
                connection.write(connection.tasks.remove_tag_for_task, {"tag": tag["gid"]}, task)

    def _put(self, connection: Connection, task: str, tag: str) -> None:
        connection.write(connection.tasks.add_tag_for_task, {"tag": tag}, task)

    def _found_or_made(self, connection: Connection, workspace: str, label: str) -> str:
        with self._lock:
            if label not in self._gids:
                self._gids = _listed(connection, workspace)
            if label not in self._gids:
                make = connection.tags.create_tag_for_workspace
                made = connection.write(make, {"name": label}, workspace, opt_fields="name", once=True)
                self._gids[label] = made["gid"]
            return self._gids[label]


def _listed(connection: Connection, workspace: str) -> dict[str, str]:
    rows = list(connection.rows(connection.tags.get_tags_for_workspace, workspace, opt_fields="name"))
    rows.sort(key=lambda tag: (len(tag["gid"]), tag["gid"]), reverse=True)
    return {tag["name"]: tag["gid"] for tag in rows}


def chosen_options(connection: Connection, task: str, column: str, edit: Edit) -> dict[str, list[str]]:
    """The `custom_fields` of the write that changes the field's options on a task; what we do not name stays.

    InvalidError, naming what to add, if the task lacks the field or the field an option.
    """
    found = connection.record(connection.tasks.get_task, task, opt_fields=OPTION_FIELDS)
    field = _field(found, column)
    if field is None:
        raise InvalidError(
            f"labels_in: the task has no custom field {column!r}; add it to the task's project", ("labels_in",)
        )
    known = _options(field)
    if missing := [label for label in edit.add_labels if label not in known]:
        listed = ", ".join(repr(label) for label in missing)
        raise InvalidError(f"labels_in: add the option {listed} to the custom field {column!r}", ("labels_in",))
    kept = _kept(field, edit)
    return {field["gid"]: [*kept, *(known[label] for label in edit.add_labels if known[label] not in kept)]}


def options_there(task: Record, column: str, labels: Sequence[str]) -> dict[str, list[str]]:
    """The `custom_fields` of a new task beside this one, read with `OPTION_FIELDS`: labels that are options."""
    field = _field(task, column)
    if field is None:
        return {}
    known = _options(field)
    chosen = [known[label] for label in labels if label in known]
    return {field["gid"]: chosen} if chosen else {}


def _field(task: Record, column: str) -> Record | None:
    return next((one for one in task.get("custom_fields") or () if is_called(one, column)), None)


def _options(field: Record) -> dict[str, str]:
    return {one["name"]: one["gid"] for one in field.get("enum_options") or () if one.get("enabled", True)}


def _kept(field: Record, edit: Edit) -> list[str]:
    chosen = field.get("multi_enum_values") or ()
    return [one["gid"] for one in chosen if one["name"] not in edit.remove_labels]
