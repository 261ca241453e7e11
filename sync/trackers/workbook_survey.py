"""What a spreadsheet shows of itself: its headers and first rows; nothing is written."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING

from sync.errors import WorkbookError
from sync.mapping.tracker_models import Statuses, WorkbookMapping
from sync.trackers.landscape import SAMPLE, Landscape, SeenField, counted
from sync.trackers.workbook_csv import CsvFile
from sync.trackers.workbook_disk import read
from sync.trackers.workbook_table import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sync.trackers.workbook_table import Table, Value

_HEADER_WITHIN = 10
"""Rows among which the header is looked for."""
_FORMATS = (
    *("%d.%m.%Y", "%d.%m.%Y %H:%M", "%d/%m/%Y", "%d/%m/%Y %H:%M", "%m/%d/%Y", "%m/%d/%Y %H:%M"),
    *("%d-%m-%Y", "%d-%m-%Y %H:%M", "%Y/%m/%d", "%Y/%m/%d %H:%M"),
)


def survey(path: Path) -> Landscape:
    """The first rows of the file. WorkbookError if it cannot be read or holds no header."""
    table = _headed(path)
    rows = list(islice(table.rows, SAMPLE))
    fields = tuple(
        _field(shown(title).strip(), [table.value(row, column) for row in rows])
        for column, title in enumerate(table.header)
        if shown(title).strip()
    )
    if not fields:
        raise WorkbookError(f"{path} holds no header; write the names of the columns into its first row")
    written = [text for each in fields if each.kind == "written date" for text in each.values]
    fits = _fitting(written)
    return Landscape(
        tracker="workbook",
        where=path.name,
        fields=fields,
        tickets=len(rows),
        header_row=table.header_row,
        date_format=fits[0] if fits else "",
        doubtful_date=len({style.split()[0] for style in fits}) > 1,
    )


def _fitting(written: Sequence[str]) -> list[str]:
    """The formats by which most of these dates can be read, all that are as good."""
    read = {style: sum(_reads(text, style) for text in written) for style in _FORMATS}
    most = max(read.values())
    return [style for style, count in read.items() if most and count == most]


def _headed(path: Path) -> Table:
    """The table under the row that looks most like a header: the most cells that hold words, all different."""
    table = _table(path, 1)
    candidates: dict[int, Sequence[Value]] = {1: table.header}
    candidates |= {number: cells for number, cells in table.rows.items() if number <= _HEADER_WITHIN}
    best = max(candidates, key=lambda number: (_words(candidates[number]), -number))
    most = max(len([cell for cell in cells if shown(cell).strip()]) for cells in candidates.values())
    first = next((number for number in sorted(candidates) if _words(candidates[number]) * 2 > most), best)
    return table if first == 1 else _table(path, first)


def _words(cells: Sequence[Value]) -> int:
    return len({cell.casefold() for cell in cells if isinstance(cell, str) and cell.strip()})


def _table(path: Path, header_row: int) -> Table:
    file, suffix = read(path), path.suffix.casefold()
    if file.data is None:
        raise WorkbookError(f"{path} is not there: correct --workbook")
    if suffix == ".csv":
        return CsvFile(file, header_row=header_row).table
    if suffix not in {".xlsx", ".xlsm"}:
        raise WorkbookError(f"{path} is neither .xlsx nor .csv; save it as one of these")
    from sync.trackers.workbook_sheets import tables  # noqa: PLC0415 - openpyxl only for those who need it

    return tables(file, WorkbookMapping(status=Statuses(open=[]), header_row=header_row))[0]


def _field(name: str, cells: Sequence[Value]) -> SeenField:
    filled = [cell for cell in cells if shown(cell).strip()]
    return SeenField(
        id=name,
        name=name,
        kind=_kind(filled),
        values=counted(shown(cell).strip() for cell in filled),
        filled=len(filled),
    )


def _kind(cells: Sequence[Value]) -> str:
    """What most of the cells hold; a slip of the pen in one of them makes no other kind of column."""
    if not cells:
        return ""
    told = Counter(map(_kind_of, cells))
    return told.most_common(1)[0][0]


def _kind_of(cell: Value) -> str:
    match cell:
        case date():
            return "date"
        case str() if _is_iso(cell):
            return "date"
        case str() if any(_reads(cell, style) for style in _FORMATS):
            return "written date"
        case bool() | str():
            return "text"
        case _:
            return "number"


def _is_iso(text: str) -> bool:
    with suppress(ValueError):
        return bool(datetime.fromisoformat(text.strip()))
    return False


def _reads(text: str, style: str) -> bool:
    with suppress(ValueError):
        return bool(datetime.strptime(text.strip(), style))  # noqa: DTZ007 - only whether it reads
    return False
