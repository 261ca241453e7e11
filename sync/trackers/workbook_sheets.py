"""The sheets of an .xlsx as openpyxl gives them: found by name, read as tables, cells filled safely."""

from __future__ import annotations

import io
import re
import warnings
from contextlib import closing, contextmanager
from threading import RLock
from typing import TYPE_CHECKING, cast

from openpyxl import load_workbook
from openpyxl.cell.cell import MergedCell
from openpyxl.styles import Alignment, Font

from sync.errors import MakegoodError, WorkbookError
from sync.trackers.workbook_table import COMMENT_HEADER, Table, fitted, heading, letters, looks_like_formula, near

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from openpyxl import Workbook
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet
    from openpyxl.worksheet.table import Table as ListedTable
    from openpyxl.worksheet.worksheet import Worksheet

    from sync.mapping.tracker_models import WorkbookMapping
    from sync.trackers.workbook_disk import File
    from sync.trackers.workbook_table import Value

_COMMENT_WIDTHS = dict(zip("ABCDEF", (12, 20, 16, 12, 90, 16), strict=True))
_LOSES_NOTHING = ("Workbook contains no default style", "Workbook contains no stylesheet")

_ONE_AT_A_TIME = RLock()
"""Warnings are caught for the whole process, not for a thread."""


@contextmanager
def understanding(path: Path) -> Iterator[list[str]]:
    """Whatever openpyxl raises over a damaged file becomes a WorkbookError; what it leaves out is noted."""
    said: list[str] = []
    with _ONE_AT_A_TIME, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield said
        except MakegoodError:
            raise
        except Exception as fault:
            raise WorkbookError(
                f"{path} cannot be understood ({fault or type(fault).__name__}); "
                "open it in your spreadsheet program and save it as .xlsx again"
            ) from fault
    ours = [str(warning.message) for warning in caught if "openpyxl" in warning.filename]
    said.extend(text for text in ours if not text.startswith(_LOSES_NOTHING))


def tables(file: File, mapping: WorkbookMapping) -> tuple[Table, Table | None]:
    """The issues and, if that sheet is there and not empty, the comments: formulas by their results."""
    with (
        understanding(file.path),
        closing(load_workbook(io.BytesIO(file.data or b""), read_only=True, data_only=True)) as workbook,
    ):
        issues = _table(issues_sheet(workbook, mapping, file.path), mapping.header_row, file.path)
        noted = find(workbook, mapping.comments_sheet)
        comments = _table(noted, 1, file.path) if noted else None
    if comments and not comments.rows and not any(heading(value) for value in comments.header):
        comments = None
    return issues, comments


def writable(file: File) -> tuple[Workbook, list[str]]:
    """The workbook to be changed and saved, and what openpyxl says that it leaves out."""
    with understanding(file.path) as said:
        workbook = load_workbook(io.BytesIO(file.data or b""))
    return workbook, said


def saved(workbook: Workbook, path: Path) -> bytes:
    """The workbook as the bytes of a file."""
    stream = io.BytesIO()
    with understanding(path):
        workbook.save(stream)
    return stream.getvalue()


def find(workbook: Workbook, name: str) -> Worksheet | None:
    """The sheet of that name; upper and lower case are the same to a workbook."""
    sheets = cast("list[Worksheet]", workbook.worksheets)
    return next((sheet for sheet in sheets if sheet.title.casefold() == name.casefold()), None)


def issues_sheet(workbook: Workbook, mapping: WorkbookMapping, path: Path) -> Worksheet:
    """The sheet that the mapping names, or the first one. WorkbookError if it is not there."""
    if mapping.sheet is None:
        sheets = cast("list[Worksheet]", workbook.worksheets)
        others = (sheet for sheet in sheets if sheet.title.casefold() != mapping.comments_sheet.casefold())
        found = next(others, None)
    else:
        found = find(workbook, mapping.sheet)
    if found is None:
        name = mapping.sheet or "Issues"
        raise WorkbookError(
            f"{path} has no sheet of issues named {name!r} (sheet in the mapping); "
            f"{near(name, workbook.sheetnames)}. Rename the sheet, or change the mapping"
        )
    return found


def where(path: Path, sheet: Worksheet) -> str:
    """The sheet as it is named to people."""
    return f"{path}, sheet {sheet.title!r}"


def _table(sheet: Worksheet, header_row: int, path: Path) -> Table:
    cast("ReadOnlyWorksheet", sheet).reset_dimensions()  # what a file says of its size is often wrong
    rows = cast("Iterator[tuple[Value, ...]]", sheet.iter_rows(values_only=True))
    table = Table(where(path, sheet), header_row, [])
    for number, cells in enumerate(rows, start=1):
        if number == header_row:
            table.header = list(cells)
        elif number > header_row and any(cell is not None and cell != "" for cell in cells):
            table.rows[number] = list(cells)
    return table


def cell_at(sheet: Worksheet, row: int, column: int) -> Cell:
    """The cell of a row from 1 and a column from 0. WorkbookError for one that is merged away."""
    cell = sheet.cell(row, column + 1)
    if isinstance(cell, MergedCell):
        raise WorkbookError(
            f"cell {letters(column)}{row} of sheet {sheet.title!r} is merged with others; unmerge it"
        )
    return cell


def put(cell: Cell, value: Value) -> None:
    """Fill one cell. A text is always a text: never a formula, whatever it looks like."""
    if not isinstance(value, str):
        cell.value = value
        return
    text = fitted(value)
    cell.value = text or None
    if text:
        cell.data_type = "s"
    if bool(cell.quotePrefix) != looks_like_formula(text):
        cell.quotePrefix = looks_like_formula(text)


def cover(sheet: Worksheet, row: int) -> None:
    """Let the tables and the filter that end right above a new row hold it too."""
    filters = [sheet.auto_filter]
    for table in cast("list[ListedTable]", sheet.tables.values()):
        if not table.totalsRowCount:
            table.ref = _down_to(table.ref, row)
            filters += [table.autoFilter] if table.autoFilter else []
    for each in filters:
        each.ref = _down_to(each.ref, row)


def _down_to(ref: str | None, row: int) -> str | None:
    return re.sub(rf"(?<=[A-Z]){row - 1}$", str(row), ref) if ref else ref


def lay_out_comments(sheet: Worksheet) -> None:
    """A fresh comments sheet: header, column widths, header kept in view."""
    for number, name in enumerate(COMMENT_HEADER, start=1):
        cell = sheet.cell(1, number)
        cell.value = name
        cell.font = Font(bold=True)
    for letter, width in _COMMENT_WIDTHS.items():
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"


def wrap(cell: Cell) -> None:
    """Let a long text break into lines."""
    cell.alignment = Alignment(wrap_text=True, vertical="top")
