"""Results beside a workbook that must not be rewritten: labels, due dates and comments in files of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.trackers.workbook_csv import CsvComments, CsvFile, day
from sync.trackers.workbook_disk import File
from sync.trackers.workbook_labels import LabelStyle
from sync.trackers.workbook_table import Table, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sync.mapping.models import WorkbookMapping
    from sync.trackers.workbook_table import Cells, Entry


def beside(path: Path) -> tuple[Path, Path]:
    """Where results of a workbook go if they cannot go into it: labels and due dates, and comments."""
    return path.with_name(f"{path.stem}.makegood.csv"), path.with_name(f"{path.stem}.makegood.comments.csv")


class Sidecar:
    """The results so far: for each issue all labels of ours, and a due date where the workbook has none."""

    def __init__(self, results: File, comments: File, mapping: WorkbookMapping) -> None:
        self.files = (results, comments)
        columns = mapping.columns
        self._mapping = mapping
        self._header = {"columns.id": columns.id, "columns.labels": columns.labels, "columns.due": columns.due}
        self._results = CsvFile(results, wanted=self._header.values(), header=list(self._header.values()))
        self._places = self._results.table.columns(self._header)
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
        table = self._results.table
        results = {shown(table.value(row, self._places["columns.id"])).strip(): row for row in table.rows}
        if not results:
            return seen
        labels, due = columns["columns.labels"], columns["columns.due"]
        style = LabelStyle.of(shown(issues.value(row, labels)) for row in issues.rows)
        for number in issues.rows:
            row = results.get(shown(issues.value(number, columns["columns.id"])).strip())
            if row is None:
                continue
            ours = style.labels(shown(table.value(row, self._places["columns.labels"])))
            seen.put(number, labels, self._merged(shown(issues.value(number, labels)), ours, style))
            if not shown(issues.value(number, due)).strip():
                seen.put(number, due, table.value(row, self._places["columns.due"]))
        return seen

    def _merged(self, text: str, ours: Sequence[str], style: LabelStyle) -> str:
        """Labels of people as the workbook has them, labels of ours as the sidecar has them."""
        prefix = self._mapping.labels.prefix
        stale = [label for label in style.labels(text) if label.startswith(prefix)]
        return style.edited(text, [label for label in ours if label.startswith(prefix)], stale)

    def written(self, cells: Sequence[Cells], entries: Sequence[Entry]) -> Sidecar:
        """The sidecar as it will be with these results in it; nothing is on the disk yet."""
        results, comments = self.files
        if cells:
            results = File(results.path, self._with_cells(cells))
        if entries:
            comments = File(comments.path, self._comments.with_entries(entries))
        return Sidecar(results, comments, self._mapping)

    def _with_cells(self, cells: Sequence[Cells]) -> bytes:
        table = self._results.table
        rows = {shown(table.value(row, self._places["columns.id"])).strip(): row for row in table.rows}
        changes: dict[int, dict[int, str]] = {}
        added: dict[str, dict[int, str]] = {}
        for cell in cells:
            row = rows.get(cell.issue)
            texts = added.setdefault(cell.issue, {}) if row is None else changes.setdefault(row, {})
            texts[self._places["columns.id"]] = cell.issue
            if cell.labels is not None:
                texts[self._places["columns.labels"]] = cell.labels
            if cell.set_due:
                texts[self._places["columns.due"]] = day(cell.due, self._mapping.date_format)
        return self._results.rendered(changes, list(added.values()))
