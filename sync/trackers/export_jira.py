"""Jira's "Export Excel CSV" as items in the tracker's words."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from sync.errors import InvalidError
from sync.ticket import Audience
from sync.trackers.export_table import heading
from sync.trackers.jira_records import DESK, Circles
from sync.trackers.translate import Item, RawComment, RawPerson

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from sync.mapping.tracker_models import Mapping
    from sync.trackers.export_dates import Dates
    from sync.trackers.export_table import Row, Table

NEEDED = ("Status", "Created")
"""Columns without which no issue can be judged."""
DATED = ("Created", "Updated", "Resolved", "Due date")
"""The columns that hold dates on every site."""
MOMENTS = ("reported", "resolved", "contacted", "planned", "next_update", "date_moved")
"""The mapped fields that hold a day or an instant."""

_CUSTOM = re.compile(r"Custom field \((.*)\)", re.IGNORECASE | re.DOTALL)
JIRA_PORTAL = "qm:"
"""So begin the account ids of customers who know the service desk's portal alone."""
_BETWEEN_LABELS = re.compile(r"[\s,]+")


def field_of(column: str) -> str:
    """What the mapping calls the field of a column: a custom one without the words around it."""
    found = _CUSTOM.fullmatch(column.strip())
    return found[1].strip() if found else column.strip()


def column_of(table: Table, field: str) -> str | None:
    """The heading under which a field of the mapping stands; None if the export lacks it."""
    known = (
        "Project name" if heading(field) == "project" else field,
        field,
        f"Custom field ({field})",
        f"Custom field ({field} )",
    )
    return next((name for name in known if table.has(name)), None)


def dated_cells(table: Table, mapping: Mapping | None) -> Iterator[tuple[int, str]]:
    """Every cell that holds a date, with the number of its row."""
    mapped = mapping.fields.mapped() if mapping else {}
    own = (column_of(table, field) for name, field in mapped.items() if name in MOMENTS)
    names = [*DATED, *filter(None, own)]
    for row in table.rows:
        for name in names:
            yield from ((row.number, text) for text in table.texts(row, name))
        for text in table.texts(row, "Comment"):
            yield row.number, text.partition(";")[0].strip()


class JiraRows:
    """Reads the rows of one export by a mapping. `staff_only`: clients cannot read ordinary comments.

    `met` is everybody in the rows that were read.
    """

    def __init__(self, table: Table, mapping: Mapping, dates: Dates, *, staff_only: bool) -> None:
        self._table, self._dates = table, dates
        self._circles = Circles(staff_only, restricted=False)
        self._columns = {name: (field, column_of(table, field)) for name, field in mapping.fields.mapped().items()}
        self._names = _names(table)
        self.met: set[RawPerson] = set()
        self.desk = any(self._on_desk(row) for row in table.rows)

    def name(self, row: Row) -> str:
        """What people call the issue; empty for a row that is none."""
        return self._table.text(row, "Issue key")

    def skipped(self, row: Row) -> str:
        """Which kind of row is left out; empty for an issue."""
        return "" if self.name(row) else "without an issue key"

    def unknown(self) -> list[str]:
        """What no export of this kind tells, in sentences for people."""
        told = ["history: earlier statuses, owners and due dates, so no pause and no reopening before today"]
        if self.desk:
            told.append("which comments the client could read on the portal, so none proves contact")
        if not self._table.has("Comment"):
            told.append('comments: the file has no "Comment" column; export all fields')
        if lost := [f'{name} ("{field}")' for name, (field, column) in self._columns.items() if column is None]:
            told.append(f"{', '.join(lost)}: mapped, but no column of the file")
        return told

    def item(self, row: Row) -> Item:
        """The issue. InvalidError, naming the row, if it does not tell when it was created."""
        text, problems = self._table.text, list[str]()
        try:
            created = self._dates.instant(text(row, "Created"))
        except ValueError as fault:
            raise InvalidError(f"row {row.number}, column Created: {fault}; export the file anew") from None
        desk = self._on_desk(row)
        comments = tuple(self._comments(row, problems, desk=desk))
        updated = max(
            [created, self._moment(row, "Updated", problems) or created, *(each.at for each in comments)]
        )
        return Item(
            id=text(row, "Issue id") or self.name(row),
            key=self.name(row),
            url="",
            title=text(row, "Summary"),
            text=text(row, "Description"),
            status=text(row, "Status"),
            created=created,
            updated=updated,
            version=f"{updated.isoformat()}/{len(comments)}",
            kind=text(row, "Issue Type"),
            reporter=self._person(row, "Reporter"),
            assignee=self._person(row, "Assignee"),
            labels=frozenset(labels_in(self._table.texts(row, "Labels"))),
            due=self._due(row),
            resolved=self._moment(row, "Resolved", problems),
            values=dict(self._values(row)),
            comments=comments,
            complete_since=updated,
            audiences=self._circles.on(desk=desk),
            problems=tuple(problems),
        )

    def _on_desk(self, row: Row) -> bool:
        return self._table.text(row, "Project type").casefold() == DESK

    def _person(self, row: Row, column: str) -> RawPerson | None:
        name, number = self._table.text(row, column), self._table.text(row, f"{column} Id")
        return self._known(number or name, name) if name or number else None

    def _known(self, number: str, name: str = "") -> RawPerson:
        """An account by its id, or by its name where the site writes no ids."""
        kind: Literal["customer", "user"] = "customer" if number.startswith(JIRA_PORTAL) else "user"
        email = next((each for each in (name, number) if "@" in each), "")
        person = RawPerson(number, name or self._names.get(number, number), email, kind)
        self.met.add(person)
        return person

    def _moment(self, row: Row, column: str, problems: list[str]) -> datetime | None:
        written = self._table.text(row, column)
        try:
            return self._dates.instant(written) if written else None
        except ValueError as fault:
            problems.append(f"{column}: {fault}; it is read as empty")
            return None

    def _due(self, row: Row) -> date | str | None:
        written = self._table.text(row, "Due date")
        try:
            return self._dates.day(written) if written else None
        except ValueError:
            return written

    def _values(self, row: Row) -> Iterator[tuple[str, str]]:
        for name, (field, column) in self._columns.items():
            texts = self._table.texts(row, column) if column else []
            yield field, ", ".join(self._dates.shown(text) if name in MOMENTS else text for text in texts)

    def _comments(self, row: Row, problems: list[str], *, desk: bool) -> Iterator[RawComment]:
        """Comments as `date;author;text`; those of one minute keep the order that they stand in."""
        ordinary = self._circles.of({}, desk=False) or Audience.INTERNAL
        of_a_minute: Counter[datetime] = Counter()
        for number, cell in enumerate(self._table.texts(row, "Comment"), start=1):
            written, _, rest = cell.partition(";")
            author, _, said = rest.partition(";")
            try:
                at = self._dates.instant(written.strip())
            except ValueError:
                problems.append(f"comment {number} of row {row.number} does not begin with a date; it is left out")
                continue
            place = timedelta(microseconds=of_a_minute[at])
            of_a_minute[at] += 1
            audience = Audience.INTERNAL if desk else ordinary
            yield RawComment(str(number), at + place, self._known(author.strip()), said, audience)


def labels_in(texts: list[str]) -> list[str]:
    """The labels of a row: a column each, or several in one cell; none of them has a blank in it."""
    return [label for text in texts for label in _BETWEEN_LABELS.split(text) if label]


def people(table: Table) -> Iterator[tuple[str, str]]:
    """Everybody whom the export names, once for each time: id (or the name again) and name."""
    for row in table.rows:
        for column in ("Assignee", "Reporter", "Creator"):
            if name := table.text(row, column):
                yield table.text(row, f"{column} Id") or name, name
        names, numbers = table.texts(row, "Watchers"), table.texts(row, "Watchers Id")
        yield from zip(numbers, names, strict=False) if len(numbers) == len(names) else ()


def _names(table: Table) -> dict[str, str]:
    return dict(people(table))
