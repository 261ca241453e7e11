"""Writes to a workbook as they are gathered for one save: checked one by one, carried out together."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync.action import Written
from sync.errors import InvalidError, NotFoundError
from sync.richtext import plain
from sync.trackers.workbook_rows import AUTHOR, comment_id, follow_up_of, moment
from sync.trackers.workbook_table import Cells, Entry, Row, shown

if TYPE_CHECKING:
    from datetime import date

    from sync.action import Draft, Edit, FollowUp
    from sync.mapping.tracker_models import WorkbookMapping
    from sync.ticket import Audience
    from sync.trackers.workbook_rows import Contents
    from sync.trackers.workbook_table import Value


class Pending:
    """What one save will write. `at` is its moment, to the second."""

    def __init__(self, contents: Contents, mapping: WorkbookMapping, audience: Audience, at: datetime) -> None:
        self._contents, self._mapping, self._audience, self._at = contents, mapping, audience, at
        self._cells: dict[int, Cells] = {}
        self._ids: set[str] = set()
        self.entries: list[Entry] = []
        self.rows: list[Row] = []

    @property
    def cells(self) -> list[Cells]:
        """The cells that really change."""
        return [cell for cell in self._cells.values() if cell.values()]

    def add(self, issue: str, edit: Edit | None, draft: Draft | None) -> Written:
        """Take in what is to be written to one issue, all or nothing of it, and answer with its outcome to be.

        NotFoundError or InvalidError if it cannot be written; nothing of it is taken in then.
        """
        row = self._row(issue)
        cell = self._cells.get(row, Cells(row, issue))
        if edit:
            cell = self._edited(cell, edit)
        written = Written(at=self._at, labels=frozenset(self._contents.labels.labels(self._labels(cell))))
        if draft:
            identity = self._post(issue, draft)
            written = replace(written, comment=identity, audience=self._audience)
        self._cells[row] = cell
        return written

    def follow(self, issue: str, draft: FollowUp) -> Written:
        """Take in a row of its own that belongs to an issue, and the row of comments that keeps its mark.

        NotFoundError or InvalidError if it cannot be written; nothing of it is taken in then.
        """
        parent, identity = self._row(issue), self._free_id(issue)
        statuses = [name for name in self._mapping.status.open if name]
        if not statuses:
            raise InvalidError(
                "[status] open lists nothing that a follow-up could begin with; name one", ("status",)
            )
        values: dict[str, Value] = {
            "columns.id": identity,
            "columns.title": draft.title,
            "columns.text": plain(draft.body),
            "columns.status": statuses[0],
            "columns.created": self._local().date(),
            "columns.due": draft.due,
            "columns.labels": self._contents.labels.edited("", draft.labels, ()),
            "columns.assignee": draft.assignee,
        }
        copied = ("fields.client", "fields.engagement")
        values |= {key: self._contents.value(parent, key) for key in copied}
        there = self._contents.book.columns
        self.rows.append(Row(identity, {key: values[key] for key in values if key in there and values[key]}))
        self._note(identity, follow_up_of(issue), (draft.mark,))
        return Written(at=self._at, created=identity)

    def _free_id(self, issue: str) -> str:
        """The next id below an issue; one whose row was deleted is not given again."""
        taken = {*self._contents.rows, *self._contents.follow_ups.get(issue, {}).values()}
        return next(identity for n in count(1) if (identity := f"{issue}-F{n}") not in taken)

    def _row(self, issue: str) -> int:
        rows = self._contents.rows.get(issue, [])
        if not rows:
            raise NotFoundError(f"no row has the ID {issue!r}; it was deleted, or its ID was changed")
        if len(rows) > 1:
            listed = " and ".join(map(str, rows))
            raise InvalidError(f"rows {listed} have the same ID {issue!r}; give each issue an ID of its own")
        return rows[0]

    def _labels(self, cell: Cells) -> str:
        return self._contents.text(cell.row, "columns.labels") if cell.labels is None else cell.labels

    def _edited(self, cell: Cells, edit: Edit) -> Cells:
        if edit.watch:
            raise InvalidError("nobody can follow a row of a workbook; take watch off bring_in", ("bring_in",))
        if edit.assign:
            cell = self._assigned(cell, edit.assign)
        present = self._labels(cell)
        labels = self._contents.labels.edited(present, edit.add_labels, edit.remove_labels)
        if labels != present:
            cell = replace(cell, labels=labels)
        if edit.set_due and edit.due != (cell.due if cell.set_due else self._due(cell)):
            cell = replace(cell, set_due=True, due=edit.due)
        return cell

    def _assigned(self, cell: Cells, owner: str) -> Cells:
        """With an owner; who is there already stays."""
        key = "columns.assignee"
        if key not in self._contents.book.columns:
            raise InvalidError(
                f"there is no column {self._mapping.columns.assignee or 'of owners'!r} for the owner; add it, or "
                "take assign off bring_in",
                fields=("bring_in",),
            )
        return cell if self._contents.text(cell.row, key).strip() else replace(cell, owner=owner)

    def _due(self, cell: Cells) -> date | None:
        """The due date as it stands. InvalidError for one that is no date: that is never overwritten."""
        value = self._contents.value(cell.row, "columns.due")
        if not shown(value).strip():
            return None
        try:
            found = moment(value, self._mapping.date_format)
        except ValueError as fault:
            raise InvalidError(f"row {cell.row}: due date {fault}; it is left as it is", fields=("due",)) from None
        return found.date() if isinstance(found, datetime) else found

    def _post(self, issue: str, draft: Draft) -> str:
        if draft.audience is not self._audience:
            raise InvalidError(
                f"a comment in this workbook is read by {self._audience}, not by {draft.audience}; "
                "state in the source who its readers are",
                fields=("audience",),
            )
        identity = draft.marks[0] if draft.marks else self._new_id(issue)
        self._ids.add(identity)
        self._note(issue, plain(draft.body), draft.marks)
        return identity

    def _note(self, issue: str, text: str, marks: tuple[str, ...]) -> None:
        local = self._local()
        at = local.isoformat(sep=" ") if local.fold else local.replace(tzinfo=None)
        self.entries.append(Entry(issue, at, AUTHOR, str(self._audience), text, marks))

    def _local(self) -> datetime:
        return self._at.astimezone(ZoneInfo(self._mapping.zone))

    def _new_id(self, issue: str) -> str:
        taken = self._ids | {raw.id for raw in self._contents.comments(issue)}
        counts: dict[str, int] = {}
        while (identity := comment_id(issue, self._at, AUTHOR, counts)) in taken:
            pass
        return identity
