"""Asana's "Export CSV" of a project as items in the tracker's words."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from sync.errors import InvalidError
from sync.ticket import Audience
from sync.trackers.asana_fields import TAGS
from sync.trackers.asana_history import COMPLETED
from sync.trackers.export_jira import MOMENTS
from sync.trackers.translate import Item, RawPerson

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from sync.mapping.tracker_models import AsanaMapping, Mapping
    from sync.trackers.export_dates import Dates
    from sync.trackers.export_table import Row, Table

NEEDED = ("Created At",)
"""Columns without which no task can be judged; `Task ID` and `Name` tell that the file is Asana's."""
DATED = ("Created At", "Completed At", "Last Modified", "Due Date", "Start Date")
"""The columns that hold dates in every export."""


def dated_cells(table: Table, mapping: Mapping | None) -> Iterator[tuple[int, str]]:
    """Every cell that holds a date, with the number of its row."""
    mapped = mapping.fields.mapped() if mapping else {}
    names = [*DATED, *(field for name, field in mapped.items() if name in MOMENTS)]
    for row in table.rows:
        for name in names:
            yield from ((row.number, text) for text in table.texts(row, name))


class AsanaRows:
    """Reads the rows of one export by a mapping. `staff_only`: clients cannot read the project.

    A project's own tasks are read, as by the daemon; subtasks, and the rows that only head a section, are not.
    `met` is everybody in the rows that were read.
    """

    def __init__(self, table: Table, mapping: AsanaMapping, dates: Dates, *, staff_only: bool) -> None:
        self._table, self._mapping, self._dates = table, mapping, dates
        self._circle = Audience.INTERNAL if staff_only else Audience.CLIENT
        self._fields = mapping.fields.mapped()
        self.met: set[RawPerson] = set()
        self._sections: dict[int, str] = {}
        section = ""
        for row in table.rows:
            if self._heads(row):
                section = table.text(row, "Name").rstrip(": ")
            self._sections[row.number] = table.text(row, "Section/Column") or section

    def name(self, row: Row) -> str:
        """What the task is known by: Asana has no keys."""
        return self._table.text(row, "Task ID")

    def skipped(self, row: Row) -> str:
        """Which kind of row is left out; empty for a task."""
        if self._heads(row):
            return "with the name of a section alone"
        if not self.name(row):
            return "without a task id"
        subtask = self._table.text(row, "Parent task") and not self._table.text(row, "Section/Column")
        return "of subtasks" if subtask else ""

    def unknown(self) -> list[str]:
        """What no export of this kind tells, in sentences for people."""
        told = [
            "comments and history: what was answered, agreed or owned before, so all of it counts as not done",
            "times of day: everything happened at the beginning of its day",
            "who reported a task, and users' gids: people are known by e-mail address alone",
        ]
        wanted = dict(self._fields)
        if self._mapping.status_field:
            wanted["status_field"] = self._mapping.status_field
        if lost := [f'{name} ("{field}")' for name, field in wanted.items() if not self._table.has(field)]:
            told.append(f"{', '.join(lost)}: mapped, but no column of the file")
        return told

    def item(self, row: Row) -> Item:
        """The task. InvalidError, naming the row, if it does not tell when it was created."""
        text, problems = self._table.text, list[str]()
        try:
            created = self._dates.instant(text(row, "Created At"))
        except ValueError as fault:
            raise InvalidError(f"row {row.number}, column Created At: {fault}; export the file anew") from None
        completed = self._moment(row, "Completed At", problems)
        updated = max(created, completed or created, self._moment(row, "Last Modified", problems) or created)
        return Item(
            id=self.name(row),
            key=self.name(row),
            url="",
            title=text(row, "Name"),
            text=text(row, "Notes"),
            status=COMPLETED if text(row, "Completed At") else self._place(row),
            created=created,
            updated=updated,
            version=updated.isoformat(),
            assignee=self._assignee(row),
            labels=self._labels(row),
            due=self._due(row),
            resolved=completed,
            values=dict(self._values(row)),
            complete_since=updated,
            audiences=frozenset({self._circle}),
            problems=tuple(problems),
        )

    def _heads(self, row: Row) -> bool:
        """Whether a row only stands above the tasks of a section: older exports write `To do:` as a task."""
        name, text = self._table.text(row, "Name"), self._table.text
        nothing_else = not any(text(row, column) for column in ("Section/Column", "Assignee", "Due Date", "Notes"))
        return nothing_else and (name.endswith(":") or (bool(name) and not self.name(row)))

    def _place(self, row: Row) -> str:
        field = self._mapping.status_field
        return self._table.text(row, field) if field else self._sections[row.number]

    def _assignee(self, row: Row) -> RawPerson | None:
        name, email = self._table.text(row, "Assignee"), self._table.text(row, "Assignee Email")
        if not (name or email):
            return None
        person = RawPerson(email or name, name or email, email)
        self.met.add(person)
        return person

    def _labels(self, row: Row) -> frozenset[str]:
        column = "Tags" if self._mapping.labels_in == TAGS else self._mapping.labels_in
        held = ",".join(self._table.texts(row, column)).split(",")
        return frozenset(filter(None, (label.strip() for label in held)))

    def _moment(self, row: Row, column: str, problems: list[str]) -> datetime | None:
        """The last moment of the day that is written, so that what was done that day was done by then."""
        written = self._table.text(row, column)
        try:
            found = self._dates.read(written) if written else None
        except ValueError as fault:
            problems.append(f"{column}: {fault}; it is read as empty")
            return None
        if found is None or isinstance(found, datetime):
            return found
        tomorrow = datetime.combine(found + timedelta(days=1), time(), self._dates.zone)
        return self._dates.instant(tomorrow.isoformat()) - timedelta(seconds=1)

    def _due(self, row: Row) -> date | str | None:
        written = self._table.text(row, "Due Date")
        try:
            return self._dates.day(written) if written else None
        except ValueError:
            return written

    def _values(self, row: Row) -> Iterator[tuple[str, str]]:
        for name, field in self._fields.items():
            texts = self._table.texts(row, field)
            yield field, ", ".join(self._dates.shown(text) if name in MOMENTS else text for text in texts)


def people(table: Table) -> Iterator[tuple[str, str]]:
    """Everybody whom the export names, once for each task: e-mail address (or the name again) and name."""
    for row in table.rows:
        name, email = table.text(row, "Assignee"), table.text(row, "Assignee Email")
        if name or email:
            yield email or name, name or email
