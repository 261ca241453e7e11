"""Results beside a workbook that must not be rewritten: labels, dates, owners, follow-ups and comments in files of
their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.trackers.workbook_csv import CsvComments, CsvFile, as_text
from sync.trackers.workbook_disk import File
from sync.trackers.workbook_labels import LabelStyle
from sync.trackers.workbook_table import Table, heading, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from sync.mapping.tracker_models import WorkbookMapping
    from sync.trackers.workbook_table import Cells, Entry, Row, Value

_FIRST = ("columns.id", "columns.labels", "columns.due")
"""What the file of results always has columns for; the others come when they are needed."""
_BLANKS_ONLY = ("columns.due", "columns.assignee")
"""What counts only where the workbook says nothing."""


def beside(path: Path) -> tuple[Path, Path]:
    """Where results of a workbook go if they cannot go into it: labels and due dates, and comments."""
    return path.with_name(f"{path.stem}.makegood.csv"), path.with_name(f"{path.stem}.makegood.comments.csv")


class Sidecar:
    """The results so far: for each issue all labels of ours, and due date and owner where the workbook has none;
    and whole rows that stand nowhere else, which are follow-ups. `headers` are all that the mapping names.
    """

    def __init__(
        self, results: File, comments: File, mapping: WorkbookMapping, headers: Mapping[str, str]
    ) -> None:
        self.files = (results, comments)
        self._mapping, self._headers = mapping, headers
        first = [headers[key] for key in _FIRST]
        self._results = CsvFile(results, wanted=first, header=first)
        self._places = self._results.table.columns(headers, headers.keys() - set(_FIRST))
        self._comments = CsvComments(comments)
        self.comments = self._comments.table

    @property
    def exists(self) -> bool:
        """Whether anything was ever put beside the workbook."""
        return any(file.data is not None for file in self.files)

    def over(self, issues: Table, columns: Mapping[str, int]) -> Table:
        """The issues of the workbook with our results laid over them."""
        seen = Table(issues.where, issues.header_row, issues.header)
        seen.rows = {number: list(cells) for number, cells in issues.rows.items()}
        results = self._rows()
        if not results:
            return seen
        labels = columns["columns.labels"]
        style = LabelStyle.of(shown(issues.value(row, labels)) for row in issues.rows)
        for number in issues.rows:
            row = results.pop(shown(issues.value(number, columns["columns.id"])).strip(), None)
            if row is None:
                continue
            ours = style.labels(shown(self._value(row, "columns.labels")))
            seen.put(number, labels, self._merged(shown(issues.value(number, labels)), ours, style))
            for key in _BLANKS_ONLY:
                if key in columns and not shown(issues.value(number, columns[key])).strip():
                    seen.put(number, columns[key], self._value(row, key))
        whole = [row for row in results.values() if shown(self._value(row, "columns.status")).strip()]
        for number, row in enumerate(whole, start=max(issues.rows, default=issues.header_row) + 1):
            for key in self._places.keys() & columns.keys():
                seen.put(number, columns[key], self._value(row, key))
        return seen

    def _rows(self) -> dict[str, int]:
        table = self._results.table
        return {shown(table.value(row, self._places["columns.id"])).strip(): row for row in table.rows}

    def _value(self, row: int, key: str) -> Value:
        return self._results.table.value(row, self._places.get(key))

    def _merged(self, text: str, ours: Sequence[str], style: LabelStyle) -> str:
        """Labels of people as the workbook has them, labels of ours as the sidecar has them."""
        prefixes = self._mapping.labels.prefixes
        stale = [label for label in style.labels(text) if label.startswith(prefixes)]
        return style.edited(text, [label for label in ours if label.startswith(prefixes)], stale)

    def written(
        self, cells: Sequence[Cells], entries: Sequence[Entry], rows: Sequence[Row], gone: Collection[str] = ()
    ) -> Sidecar:
        """The sidecar as it will be with these results in it; nothing is on the disk yet."""
        results, comments = self.files
        if cells or rows:
            results = File(results.path, self._with(cells, rows))
        if entries or gone:
            comments = File(comments.path, self._comments.with_entries(entries, gone))
        return Sidecar(results, comments, self._mapping, self._headers)

    def _with(self, cells: Sequence[Cells], rows: Sequence[Row]) -> bytes:
        """The file of results with these in it, and with whatever columns it lacked for them."""
        said = {cell.issue: cell.values() for cell in cells} | {row.issue: row.values for row in rows}
        known, table, places = self._rows(), self._results.table, dict(self._places)
        changes: dict[int, dict[int, str]] = {}
        added: list[dict[int, str]] = []
        for issue, values in said.items():
            texts: dict[int, str] = {}
            for key, value in {**values, "columns.id": issue}.items():
                if key not in places:
                    places |= self._new_column(key, max(len(table.header), *(n + 1 for n in places.values())))
                    changes.setdefault(table.header_row, {})[places[key]] = self._headers[key]
                texts[places[key]] = as_text(value, self._mapping.date_format)
            if issue in known:
                changes[known[issue]] = texts
            else:
                added.append(texts)
        return self._results.rendered(changes, added)

    def _new_column(self, key: str, column: int) -> dict[str, int]:
        """A column for a key of the mapping, and for all others of the same header."""
        name = heading(self._headers[key])
        return {other: column for other, text in self._headers.items() if heading(text) == name}
