"""Follow-ups in Asana: subtasks that we make below a task, and know again by the reference in their notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.errors import ForbiddenError, InvalidError, NotFoundError
from sync.trackers.asana_fields import BROKEN, TAGS
from sync.trackers.asana_labels import OPTION_FIELDS, options_there
from sync.trackers.asana_markup import notes

if TYPE_CHECKING:
    from sync.action import FollowUp
    from sync.mapping.tracker_models import AsanaMapping
    from sync.trackers.asana_http import Connection, Record
    from sync.trackers.asana_labels import Tags
    from sync.trackers.asana_records import Records

_PARENT_FIELDS = f"memberships.project,{OPTION_FIELDS}"


class FollowUps:
    """The follow-ups of one source. `workspace` is its gid."""

    def __init__(
        self, connection: Connection, mapping: AsanaMapping, records: Records, tags: Tags, workspace: str
    ) -> None:
        self._connection = connection
        self._mapping = mapping
        self._records = records
        self._tags = tags
        self._workspace = workspace

    def create(self, ticket: str, draft: FollowUp, due: Record) -> Record:
        """A subtask in the project of its task, read by whoever reads that; `due` is its date as Asana takes it.

        A request to read the task and one to make the other, further ones only for a tag that is not known yet.
        Where labels are the options of a field, those that it does not have are left out.
        """
        if not self._mapping.follow_up:
            raise InvalidError(
                "follow-ups are not made here; write follow_up = true in the mapping", ("follow_up",)
            )
        parent = self._connection.record(self._connection.tasks.get_task, ticket, opt_fields=_PARENT_FIELDS)
        home = self._records.home(parent)
        if home is None:
            raise NotFoundError(f"task {ticket} is in none of the source's projects any more")
        body = {"name": draft.title, "html_notes": notes(draft.body, draft.mark), "projects": [home]}
        if draft.due:
            body |= due
        if draft.assignee:
            body["assignee"] = draft.assignee
        body |= self._labels(parent, draft)
        call = self._connection.tasks.create_subtask_for_task
        return self._connection.write(call, body, ticket, opt_fields="created_at", once=True)

    def found(self, ticket: str) -> dict[str, str] | None:
        """Reference -> gid of each subtask of ours; None if the account may not see them."""
        call = self._connection.tasks.get_subtasks_for_task
        try:
            below = self._connection.rows(call, ticket, opt_fields="notes,created_by")
            return {mark: task["gid"] for task in below if (mark := self._records.follow_up(task))}
        except (ForbiddenError, *BROKEN):
            return None

    def _labels(self, parent: Record, draft: FollowUp) -> Record:
        if not draft.labels:
            return {}
        if self._mapping.labels_in == TAGS:
            return {"tags": self._tags.gids(self._connection, self._workspace, draft.labels)}
        fields = options_there(parent, self._mapping.labels_in, draft.labels)
        return {"custom_fields": fields} if fields else {}
