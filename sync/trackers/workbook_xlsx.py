"""Excel workbooks through openpyxl, rewritten only when nothing in them would be lost.

What a rewrite does lose, since no program but a spreadsheet can make it: the remembered results of formulas (they
are calculated anew when the workbook is next opened), the thumbnail, and the printer's own settings.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from openpyxl.cell.cell import MergedCell

from sync.trackers.workbook_disk import File, swap
from sync.trackers.workbook_parts import inspect
from sync.trackers.workbook_sheets import (
    cell_at,
    cover,
    find,
    issues_sheet,
    lay_out_comments,
    put,
    saved,
    tables,
    understanding,
    where,
    wrap,
    writable,
)
from sync.trackers.workbook_sidecar import Sidecar
from sync.trackers.workbook_table import COMMENT_HEADER, Table, comment_columns, letters, rows_of, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    from sync.mapping.tracker_models import WorkbookMapping
    from sync.trackers.workbook_table import Cells, Entry, Row, Value


class XlsxBook:
    """An `.xlsx` of issues with its comments sheet, and the sidecar beside it if there is or must be one."""

    def __init__(
        self, files: Sequence[File], mapping: WorkbookMapping, headers: Mapping[str, str], optional: Iterable[str]
    ) -> None:
        self._main, results, comments = files
        self._mapping = mapping
        self._lost, self._calculates = inspect(self._main.data or b"", self._main.path)
        if self._main.path.suffix.casefold() == ".xlsm":  # its name promises macros; without them Excel refuses it
            self._lost = tuple(sorted({*self._lost, "macros"}))
        self._sidecar = Sidecar(results, comments, mapping, headers)
        self._open: Workbook | None = None
        self._inspected = False
        self._sheet, self._comments = tables(self._main, mapping)
        if self._comments:
            comment_columns(self._comments)
        self.columns = self._sheet.columns(headers, optional)
        self.issues = self._sidecar.over(self._sheet, self.columns)

    @property
    def files(self) -> tuple[File, ...]:
        """The workbook, and the two files of the sidecar."""
        return (self._main, *self._sidecar.files)

    @property
    def comments(self) -> tuple[Table, ...]:
        """The comments sheet, if there is one, and the sidecar's comments."""
        return (*([self._comments] if self._comments else []), self._sidecar.comments)

    @property
    def notice(self) -> str | None:
        """Why results go beside the workbook, if they do."""
        results, comments = (file.path.name for file in self._sidecar.files)
        if lost := self._losses():
            return (
                f"{self._main.path} holds what would be lost if it were rewritten ({', '.join(lost)}); "
                f"labels and due dates go to {results}, comments to {comments} beside it"
            )
        if self._sidecar.exists:
            return (
                f"results for {self._main.path} go on to {results} and {comments}, as these are there; to "
                "have them in the workbook, move their rows into it (comments: into the sheet "
                f"{self._mapping.comments_sheet!r}) and delete both files"
            )
        return None

    def write(
        self,
        cells: Sequence[Cells],
        entries: Sequence[Entry],
        rows: Sequence[Row] = (),
        gone: Collection[str] = (),
    ) -> XlsxBook:
        """All of it in one save of the workbook, or in the sidecar."""
        if self._losses() or self._sidecar.exists:
            sidecar = self._sidecar.written([self._whole(cell) for cell in cells], entries, rows, gone)
            swap(self.files, (self._main, *sidecar.files))
            self._sidecar = sidecar
            self.issues = sidecar.over(self._sheet, self.columns)
            return self
        workbook, self._open = self._writable(), None  # half changed, if this fails
        with understanding(self._main.path):
            sheet = issues_sheet(workbook, self._mapping, self._main.path)
            changed = {cell.row: self._placed(cell.values()) for cell in cells}
            first = self._first_free(sheet) if rows else 0
            added = {number: self._placed(row.values) for number, row in enumerate(rows, start=first)}
            self._put_cells(sheet, changed | added)
            for number in added:
                cover(sheet, number)
            self._blank_comments(workbook, gone)
            comments = self._put_entries(workbook, entries)
        main = File(self._main.path, saved(workbook, self._main.path))
        swap(self.files, (main, *self._sidecar.files))
        self._main, self._open, self._comments = main, workbook, comments
        for number, values in (changed | added).items():
            for column, value in values.items():
                self.issues.put(number, column, value)
        return self

    def _whole(self, cell: Cells) -> Cells:
        """The sidecar's rows tell all labels, also where only the due date is new."""
        labels = shown(self.issues.value(cell.row, self.columns["columns.labels"]))
        return replace(cell, labels=labels) if cell.labels is None else cell

    def _placed(self, values: Mapping[str, Value]) -> dict[int, Value]:
        return {self.columns[key]: value for key, value in values.items()}

    def _first_free(self, sheet: Worksheet) -> int:
        """The first row below all issues in which nothing stands, not even a formula without a result."""
        row = max(self.issues.rows, default=self.issues.header_row) + 1
        while any(cell.value is not None for cell in sheet[row]):
            row += 1
        return row

    def _put_cells(self, sheet: Worksheet, rows: Mapping[int, Mapping[int, Value]]) -> None:
        for number, values in rows.items():
            for column, value in values.items():
                place = cell_at(sheet, number, column)
                if isinstance(value, date) and not place.is_date:
                    place.number_format = self._date_format_of(sheet, column)
                put(place, value)

    def _date_format_of(self, sheet: Worksheet, column: int) -> str:
        cells = (cell_at(sheet, row, column) for row in self.issues.rows)
        return next((cell.number_format for cell in cells if cell.is_date), "yyyy-mm-dd")

    def _blank_comments(self, workbook: Workbook, gone: Collection[str]) -> None:
        """Empty the rows of the comments sheet that carry these action ids; other rows stay where they are."""
        sheet = find(workbook, self._mapping.comments_sheet)
        if sheet is None or self._comments is None:
            return
        for number in rows_of(self._comments, gone):
            for column in range(len(self._comments.rows.pop(number))):
                put(cell_at(sheet, number, column), None)

    def _put_entries(self, workbook: Workbook, entries: Sequence[Entry]) -> Table | None:
        if not entries:
            return self._comments
        name = self._mapping.comments_sheet
        sheet = find(workbook, name) or workbook.create_sheet(name)
        old = self._comments
        if old is None:
            lay_out_comments(sheet)
        table = Table(where(self._main.path, sheet), 1, list(old.header if old else COMMENT_HEADER))
        table.rows.update(old.rows if old else {})
        places = comment_columns(table)
        for missing in COMMENT_HEADER:
            if missing not in places:
                places[missing] = len(table.header)
                table.header.append(missing)
                put(cell_at(sheet, 1, places[missing]), missing)
        for number, entry in enumerate(entries, start=max(table.rows, default=1) + 1):
            for column, value in entry.values().items():
                place = cell_at(sheet, number, places[column])
                if isinstance(value, datetime):
                    place.number_format = "yyyy-mm-dd hh:mm:ss"
                if column == "Text":
                    wrap(place)
                put(place, value)
                table.put(number, places[column], value)
        return table

    def _writable(self) -> Workbook:
        if self._open is None:
            self._open, said = writable(self._main)
            self._lost = tuple(sorted({*self._lost, *said}))
        return self._open

    def _losses(self) -> tuple[str, ...]:
        if not self._lost and not self._inspected:
            sheet = issues_sheet(self._writable(), self._mapping, self._main.path)
            self._lost = tuple(sorted({*self._lost, *self._losses_of_cells(sheet)}))
        self._inspected = True
        return self._lost

    def _losses_of_cells(self, sheet: Worksheet) -> Iterator[str]:
        written = (self.columns["columns.labels"], self.columns["columns.due"])
        if any(isinstance(sheet.cell(row, c + 1), MergedCell) for row in self.issues.rows for c in written):
            yield "merged cells among labels or due dates"
        for name, column in self.columns.items() if self._calculates else ():
            if any(sheet.cell(row, column + 1).data_type == "f" for row in self.issues.rows):
                yield f"formulas in column {letters(column)} ({name}), whose results only a spreadsheet can renew"
