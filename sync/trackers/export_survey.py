"""What an export shows of the tracker that it comes from: fields, statuses, people and labels, as far as met."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sync.errors import ConfigurationError
from sync.trackers import export_asana, export_jira
from sync.trackers.export import open_table
from sync.trackers.export_dates import Dates, dates_of
from sync.trackers.export_jira import JIRA_PORTAL, field_of, labels_in
from sync.trackers.export_table import heading
from sync.trackers.jira_records import DESK
from sync.trackers.landscape import Landscape, Refusal, SeenField, SeenPerson, SeenProject, SeenStatus, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sync.trackers.export_table import Row, Table
    from sync.trackers.landscape import Stage

_STAGES: dict[str, Stage] = {"to do": "new", "in progress": "under way", "done": "done"}
_JIRA_OWN = {
    "priority",
    "project name",
    "issue type",
    "components",
    "component/s",
    "fix versions",
    "organizations",
}
"""The columns of Jira's own that may hold a ticket's client, engagement, priority or kind."""
_ASANA_OWN = {
    *("task id", "created at", "completed at", "last modified", "name", "section/column", "assignee"),
    *("assignee email", "start date", "due date", "tags", "notes", "projects", "parent task"),
    *("blocked by (dependencies)", "blocking (dependencies)"),
}
"""The columns of Asana's own; all others are custom fields."""
_FEW = 20
"""A field of so few values at most, each short, is a choice *(ours)*."""
_SHORT = 40


def survey(path: Path) -> Landscape:
    """Every row of an export, whichever tracker wrote it. ConfigurationError if it is no export."""
    table = open_table(path)
    try:
        dates = dates_of(_dated(table), "UTC", None)
        refused: tuple[Refusal, ...] = ()
    except ConfigurationError as error:
        dates, refused = dates_of((), "UTC", "dmy"), (Refusal("its dates", str(error)),)
    return (_jira if table.kind == "jira" else _asana)(table, dates, refused)


def _jira(table: Table, dates: Dates, refused: tuple[Refusal, ...]) -> Landscape:
    rows = [row for row in table.rows if table.text(row, "Issue key")]
    fields = _fields(table, rows, dates)
    stages = {table.text(row, "Status"): table.text(row, "Status Category").casefold() for row in rows}
    met = counted(table.text(row, "Status") for row in rows)
    return Landscape(
        tracker="jira",
        where=table.path.name,
        projects=tuple(dict.fromkeys(_project(table, row) for row in rows)),
        fields=fields,
        statuses=tuple(SeenStatus(name, _STAGES.get(stages[name], ""), times) for name, times in met.items()),
        people=_people(table, rows, export_jira.people(table)),
        labels=counted(label for row in rows for label in labels_in(table.texts(row, "Labels"))),
        tickets=len(rows),
        refused=refused,
    )


def _asana(table: Table, dates: Dates, refused: tuple[Refusal, ...]) -> Landscape:
    rows = [row for row in table.rows if table.text(row, "Task ID")]
    fields = _fields(table, rows, dates)
    open_rows = [row for row in rows if not table.text(row, "Completed At")]
    met = counted(table.text(row, "Section/Column") for row in open_rows)
    projects = counted(name.strip() for row in rows for name in table.text(row, "Projects").split(","))
    return Landscape(
        tracker="asana",
        where=table.path.name,
        projects=tuple(SeenProject("", name) for name in projects),
        fields=fields,
        statuses=tuple(SeenStatus(name, "", times) for name, times in met.items()),
        status_fields=tuple(each for each in fields if each.kind == "choice"),
        people=_people(table, rows, export_asana.people(table)),
        labels=counted(tag.strip() for row in rows for tag in table.text(row, "Tags").split(",")),
        tickets=len(rows),
        refused=refused,
    )


def _dated(table: Table) -> Iterator[tuple[int, str]]:
    return export_jira.dated_cells(table, None) if table.kind == "jira" else export_asana.dated_cells(table, None)


def _project(table: Table, row: Row) -> SeenProject:
    key = table.text(row, "Project key") or table.text(row, "Issue key").rpartition("-")[0]
    desk = table.text(row, "Project type").casefold() == DESK
    return SeenProject(key, table.text(row, "Project name") or key, desk)


def _fields(table: Table, rows: Sequence[Row], dates: Dates) -> tuple[SeenField, ...]:
    """Every field that may be mapped, by the name that a mapping would write; several columns are one field."""
    values: dict[str, Counter[str]] = {}
    filled: Counter[str] = Counter()
    names = {heading(column): _name(column, table) for column in table.header}
    for name in filter(None, names.values()):
        values.setdefault(name, Counter())
    for row in rows:
        for bare, texts in row.texts.items():
            if name := names[bare]:
                values[name].update(texts)
                filled[name] += 1
    return tuple(
        SeenField(name, name, _kind(met, dates), values=dict(met.most_common()), filled=filled[name])
        for name, met in values.items()
    )


def _name(column: str, table: Table) -> str:
    """What a mapping calls the column; empty for one that is no candidate."""
    bare = heading(column)
    if table.kind == "asana":
        return "" if bare in _ASANA_OWN else column.strip()
    if bare in _JIRA_OWN:
        return "Project" if bare == "project name" else column.strip()
    name = field_of(column)
    return name if name != column.strip() else ""


def _kind(values: Counter[str], dates: Dates) -> str:
    if not values:
        return ""
    if all(text.replace(".", "", 1).isdecimal() for text in values):
        return "number"
    if all(dates.shown(text) != text or text[:4].isdecimal() for text in values):
        return "date"
    return "choice" if len(values) <= _FEW and all(len(text) <= _SHORT for text in values) else "text"


def _people(table: Table, rows: Sequence[Row], named: Iterator[tuple[str, str]]) -> tuple[SeenPerson, ...]:
    owners = Counter(_owner(table, row) for row in rows)
    people = dict(named)
    return tuple(
        SeenPerson(
            number,
            name,
            next((each for each in (number, name) if "@" in each), ""),
            "customer" if table.kind == "jira" and number.startswith(JIRA_PORTAL) else "user",
            owners[number],
        )
        for number, name in sorted(people.items(), key=lambda each: (-owners[each[0]], each[1]))
    )


def _owner(table: Table, row: Row) -> str:
    number = "Assignee Id" if table.kind == "jira" else "Assignee Email"
    return table.text(row, number) or table.text(row, "Assignee")
