"""Comma-separated files: rows that we do not change stay as they are, byte for byte."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

from sync.errors import WorkbookError
from sync.trackers.workbook_disk import LARGEST, File, swap
from sync.trackers.workbook_table import (
    COMMENT_HEADER,
    Table,
    comment_columns,
    fitted,
    heading,
    protected,
    rows_of,
    shown,
    unprotected,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from sync.mapping.tracker_models import WorkbookMapping
    from sync.trackers.workbook_table import Cells, Entry, Row, Value

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Style:
    """How a file is written: byte order mark, delimiter, line ending, and whether every cell is quoted."""

    bom: bool = True
    delimiter: str = ","
    ending: str = "\r\n"
    quote_all: bool = False


class CsvFile:
    """One file of rows, as read; `header` is what a file that is not there yet begins with."""

    def __init__(
        self,
        file: File,
        *,
        header_row: int = 1,
        wanted: Iterable[str] = (),
        header: Sequence[str] = (),
        style: Style | None = None,
    ) -> None:
        self.file = file
        if file.data:
            text = _decoded(file)
            self.style = _style(text, bom=file.data.startswith(_BOM), header_row=header_row, wanted=wanted)
            self._raws, self._records = _parsed(text, self.style.delimiter, file.path)
            self._match_quotes(header_row)
        else:
            self.style = style or Style()
            self._records = [list(header)] if header else []
            self._raws = [self._line(cells) for cells in self._records]
        self.table = self._table(header_row)

    def _match_quotes(self, header_row: int) -> None:
        if len(self._raws) >= header_row:
            style = replace(self.style, quote_all=True)
            self.style, plain = style, self.style
            if self._line(self._records[header_row - 1], "") != self._raws[header_row - 1].rstrip("\r\n"):
                self.style = plain

    def _table(self, header_row: int) -> Table:
        header: list[Value] = list(self._records[header_row - 1]) if len(self._records) >= header_row else []
        rows: dict[int, list[Value]] = {
            number: [unprotected(cell) for cell in cells]
            for number, cells in enumerate(self._records[header_row:], start=header_row + 1)
            if any(cell.strip() for cell in cells)
        }
        return Table(str(self.file.path), header_row, header, rows)

    def rendered(
        self,
        changes: Mapping[int, Mapping[int, str]],
        added: Sequence[Mapping[int, str]] = (),
        removed: Collection[int] = (),
    ) -> bytes:
        """The file with some cells changed (row number from 1 -> column from 0 -> text), added and removed."""
        raws = list(self._raws)
        for number, texts in changes.items():
            old = raws[number - 1]
            ending = old[len(old.rstrip("\r\n")) :]
            raws[number - 1] = self._line(_laid_out(texts, self._records[number - 1]), ending)
        raws = [raw for number, raw in enumerate(raws, start=1) if number not in removed]
        if added and raws and not raws[-1].endswith(("\r", "\n")):
            raws[-1] += self.style.ending
        raws.extend(self._line(_laid_out(texts)) for texts in added)
        return (_BOM if self.style.bom else b"") + "".join(raws).encode()

    def _line(self, cells: Sequence[str], ending: str | None = None) -> str:
        stream = io.StringIO(newline="")
        csv.writer(
            stream,
            delimiter=self.style.delimiter,
            quoting=csv.QUOTE_ALL if self.style.quote_all else csv.QUOTE_MINIMAL,
            lineterminator="\r\n",
        ).writerow(cells)
        return stream.getvalue().removesuffix("\r\n") + (self.style.ending if ending is None else ending)


def _laid_out(texts: Mapping[int, str], cells: Sequence[str] = ()) -> list[str]:
    row = list(cells)
    row.extend([""] * (max(texts, default=0) + 1 - len(row)))
    for column, text in texts.items():
        row[column] = protected(fitted(text))
    return row


def _decoded(file: File) -> str:
    data = file.data or b""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise WorkbookError(f"{file.path} is written in UTF-16; save it as “CSV UTF-8”")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        row = data.count(b"\n", 0, fault.start) + 1
        raise WorkbookError(
            f"{file.path} is not written in UTF-8 (line {row}, byte {data[fault.start]:#04x}); "
            "saved as Windows-1252? Save it as “CSV UTF-8”"
        ) from None


def _style(text: str, *, bom: bool, header_row: int, wanted: Iterable[str]) -> Style:
    """The delimiter is the one that finds most of the wanted headers."""
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST))
    headings = {heading(name) for name in wanted}
    headers = {delimiter: _record(text, delimiter, header_row) for delimiter in ",;\t"}
    delimiter = max(
        headers, key=lambda each: (len(headings & {heading(name) for name in headers[each]}), len(headers[each]))
    )
    line = next(io.StringIO(text, newline=""), "")
    return Style(bom, delimiter, line[len(line.rstrip("\r\n")) :] or "\r\n")


def _record(text: str, delimiter: str, number: int) -> list[str]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return next(islice(reader, number - 1, None), [])


def _parsed(text: str, delimiter: str, path: Path) -> tuple[list[str], list[list[str]]]:
    """Each record as it stands, with its line end and the line breaks inside of quotes; and its cells."""
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(iter(lines), delimiter=delimiter)
    raws, records, start = [], [], 0
    for cells in reader:
        raws.append("".join(lines[start : reader.line_num]))
        records.append(cells)
        start = reader.line_num
    if raws and _unclosed(raws[-1], delimiter):
        raise WorkbookError(
            f"{path}: a quotation mark that opens in row {len(raws)} is never closed, and swallows all rows "
            "after it; close it, or save the file anew from a spreadsheet program"
        )
    return raws, records


def _unclosed(raw: str, delimiter: str) -> bool:
    try:
        list(csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as fault:
        return "unexpected end of data" in str(fault)
    return False


class CsvComments(CsvFile):
    """The comments that stand in a file of their own beside a workbook."""

    def __init__(self, file: File, style: Style | None = None) -> None:
        super().__init__(file, wanted=COMMENT_HEADER, header=COMMENT_HEADER, style=style)
        self._places = comment_columns(self.table)

    def with_entries(self, entries: Sequence[Entry], gone: Collection[str] = ()) -> bytes:
        """The file with these comments at its end, without those of the `gone` action ids, and with whatever
        columns of ours it lacked.
        """
        width = len(self.table.header)
        missing = [name for name in COMMENT_HEADER if name not in self._places]
        places = self._places | {name: width + n for n, name in enumerate(missing)}
        header = {places[name]: name for name in missing}
        return self.rendered(
            {self.table.header_row: header} if header else {},
            [{places[name]: _as_text(value) for name, value in entry.values().items()} for entry in entries],
            rows_of(self.table, gone),
        )


def _as_text(value: datetime | str) -> str:
    return value if isinstance(value, str) else value.isoformat(sep=" ", timespec="seconds")


def day(due: date | None, date_format: str | None) -> str:
    """A due date as this file writes dates: as its mapping says, else ISO."""
    if due is None:
        return ""
    return due.strftime(date_format) if date_format else due.isoformat()


def as_text(value: Value, date_format: str | None) -> str:
    """What a cell is to hold, as this file writes it."""
    return day(value, date_format) if isinstance(value, date) else shown(value)


class CsvBook:
    """A `.csv` of issues with its comments beside it, in `<name>.comments.csv`."""

    notice: str | None = None

    def __init__(
        self, files: Sequence[File], mapping: WorkbookMapping, headers: Mapping[str, str], optional: Iterable[str]
    ) -> None:
        self._mapping, self._headers, self._optional = mapping, headers, tuple(optional)
        self.files = tuple(files)
        main, beside = files
        self._main = CsvFile(main, header_row=mapping.header_row, wanted=headers.values())
        self._beside = CsvComments(beside, self._main.style)
        self.issues = self._main.table
        self.columns = self.issues.columns(headers, self._optional)
        self.comments = (self._beside.table,)

    def write(
        self,
        cells: Sequence[Cells],
        entries: Sequence[Entry],
        rows: Sequence[Row] = (),
        gone: Collection[str] = (),
    ) -> CsvBook:
        """The issues first, then the comments: each whole or not at all, one right after the other."""
        changes = {cell.row: self._texts(cell.values()) for cell in cells}
        added = [self._texts(row.values) for row in rows]
        main, beside = self.files
        if changes or added:
            main = File(main.path, self._main.rendered(changes, added))
        if entries or gone:
            beside = File(beside.path, self._beside.with_entries(entries, gone))
        written = CsvBook((main, beside), self._mapping, self._headers, self._optional)
        swap(self.files, written.files)
        return written

    def _texts(self, values: Mapping[str, Value]) -> dict[int, str]:
        return {self.columns[key]: as_text(value, self._mapping.date_format) for key, value in values.items()}
