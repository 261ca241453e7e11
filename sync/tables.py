"""A table as it is handed on: JSON and CSV for programs, a spreadsheet, and text for people."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sync.legible import inert, legible
from sync.trackers.workbook_table import fitted, looks_like_formula, protected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from openpyxl.worksheet.worksheet import Worksheet
    from rich.console import Console

    Records = Sequence[dict[str, "Cell"]]

Cell = str | int | float | None

_CELL_ENDS = re.compile(r"(?<=[;\t\n])")
_ROOM = 13
"""Characters that a column needs so that its text does not break into syllables; with fewer each row is a card."""
_WIDEST = 60
_NOTHING = ("", None)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns, and figures on all of them `below`. `name` is what one calls the rows."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    below: tuple[tuple[str, Cell], ...] = ()

    @property
    def header(self) -> list[str]:
        """The columns as people read them."""
        return [column.replace("_", " ") for column in self.columns]

    def records(self) -> list[dict[str, Cell]]:
        """Each row by its columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def as_csv(table: Table) -> str:
    """CSV with a header, the figures below after an empty line; no text of it is a formula to a spreadsheet."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.header)
    writer.writerows([_harmless(cell) for cell in row] for row in table.rows)
    if table.below:
        writer.writerow([])
        writer.writerows([_harmless(cell) for cell in row] for row in table.below)
    return stream.getvalue()


def _harmless(cell: Cell) -> Cell:
    """The cell without controls, and an apostrophe before whatever a spreadsheet might take for a formula.

    Half of Europe's would part the line at semicolons, so those begin a cell as much as a line break does.
    """
    if not isinstance(cell, str):
        return cell
    first, *others = _CELL_ENDS.split(fitted(legible(cell)))
    return protected(first) + "".join(
        f"'{each}" if looks_like_formula(each.replace('"', "")) else each for each in others
    )


def as_xlsx(table: Table) -> bytes:
    """A spreadsheet of one sheet, its header kept in sight; texts are texts, whatever they begin with."""
    from openpyxl import Workbook  # noqa: PLC0415 - only when a spreadsheet is asked for
    from openpyxl.styles import Font  # noqa: PLC0415 - likewise
    from openpyxl.utils import get_column_letter  # noqa: PLC0415 - likewise

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = table.name
    lines: list[Sequence[Cell]] = [table.header, *table.rows, *([(), *table.below] if table.below else [])]
    for number, line in enumerate(lines, 1):
        for column, cell in enumerate(line, 1):
            _fill(sheet, number, column, cell)
    for field in sheet[1]:
        field.font = Font(bold=True)
    for column, width in enumerate(_widths(table), 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "A2"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _fill(sheet: Worksheet, row: int, column: int, cell: Cell) -> None:
    field = sheet.cell(row, column)
    field.value = fitted(legible(cell)) if isinstance(cell, str) else cell
    if isinstance(cell, str) and cell:
        field.data_type = "s"
        field.quotePrefix = looks_like_formula(cell)


def _widths(table: Table) -> Iterator[int]:
    for column, name in enumerate(table.header):
        longest = max((len(str(row[column])) for row in table.rows if row[column] is not None), default=0)
        yield min(max(longest, len(name)) + 2, _WIDEST)


def show(table: Table, console: Console) -> None:
    """The table on a terminal: as one where there is room for its columns, else a card for each row."""
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    records = table.records()
    filled = [name for name in table.columns if any(row[name] not in _NOTHING for row in records)]
    if console.width >= _ROOM * len(filled):
        _show_grid(records, filled, console)
    else:
        _show_cards(records, filled, console)
    if table.below:
        console.print()
    for name, cell in table.below:
        console.print(Text.assemble((f"{name}  ", "dim"), (_shown(cell), "bold")))


def _show_grid(records: Records, filled: Sequence[str], console: Console) -> None:
    from rich import box  # noqa: PLC0415 - only when something is shown
    from rich.table import Table as Grid  # noqa: PLC0415 - likewise
    from rich.text import Text  # noqa: PLC0415 - likewise

    grid = Grid(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False, show_edge=False)
    for name in filled:
        figures = any(isinstance(row[name], int | float) for row in records)
        grid.add_column(name.replace("_", " "), justify="right" if figures else "left", overflow="fold")
    for row in records:
        grid.add_row(*(Text(_shown(row[name])) for name in filled))
    console.print(grid, highlight=False)


def _show_cards(records: Records, filled: Sequence[str], console: Console) -> None:
    from rich.table import Table as Grid  # noqa: PLC0415 - only when something is shown
    from rich.text import Text  # noqa: PLC0415 - likewise

    title, *others = filled or [""]
    for row in records:
        console.print(Text(_shown(row[title]), "bold cyan"))
        card = Grid.grid(padding=(0, 2))
        for name in others:
            if row[name] not in _NOTHING:
                card.add_row(Text(f"  {name.replace('_', ' ')}", "dim"), Text(_shown(row[name])))
        console.print(card, highlight=False)
        console.print()


def _shown(cell: Any) -> str:  # noqa: ANN401 - any cell
    return "" if cell is None else inert(str(cell))
