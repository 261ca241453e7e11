"""The file that a tracker's own "Export CSV" wrote, as a table, whatever its encoding and separator."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress, islice
from typing import TYPE_CHECKING, Literal

from sync.errors import ConfigurationError
from sync.legible import inert

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

Kind = Literal["jira", "asana"]

LARGEST = 200 * 1024 * 1024
"""Bytes of a file that we are willing to hold in memory."""
MOST_COLUMNS = 5_000
"""Jira writes a column for each comment of its longest issue; beyond this a file cannot be meant *(ours)*."""
MOST_ROWS = 100_000
"""Jira exports 10,000 issues at most, Asana some thousand tasks *(ours)*."""
_SEARCHED = 20
"""Rows in which the header is looked for: a spreadsheet program may put lines above it *(ours)*."""

NAMES: dict[Kind, str] = {"jira": "Jira", "asana": "Asana"}
_TELLING: dict[Kind, tuple[str, ...]] = {"jira": ("Issue key", "Summary"), "asana": ("Task ID", "Name")}
HOW: dict[Kind, str] = {
    "jira": 'Jira: Export, "Export Excel CSV (all fields)"',
    "asana": 'Asana: the project\'s menu, "Export/Print", "CSV"',
}
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
_NOT_TEXT = (
    (b"PK\x03\x04", "is an Excel workbook, whatever its name says"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel file, whatever its name says"),
    (b"%PDF", "is a PDF"),
)


@lru_cache(4096)
def heading(name: str) -> str:
    """A column's heading as it is compared: without case and needless blanks."""
    return " ".join(name.split()).casefold()


@dataclass(frozen=True, slots=True)
class Row:
    """One record; `number` counts from 1 as a spreadsheet program shows it, the header included.

    `texts`: what stands under each heading (as `heading` has it), empty cells left out; `width` counts all cells.
    """

    number: int
    width: int
    texts: Mapping[str, list[str]]


@dataclass(slots=True)
class Table:
    """What the file holds. `blank` rows are counted and left out; `wide` ones have more cells than headings."""

    path: Path
    kind: Kind
    header: Sequence[str]
    written: str
    rows: list[Row] = field(default_factory=list)
    wide: list[Row] = field(default_factory=list)
    blank: int = 0
    headings: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.headings = tuple(map(heading, self.header))

    def has(self, name: str) -> bool:
        """Whether a column is called so."""
        return heading(name) in self.headings

    def texts(self, row: Row, name: str) -> list[str]:
        """What stands in the columns that are called so, as many as there are; empty cells are left out."""
        return row.texts.get(heading(name), [])

    def text(self, row: Row, *names: str) -> str:
        """The first text in any of these columns."""
        return next((text for name in names for text in self.texts(row, name)), "")


def read_table(path: Path) -> Table:
    """The export in that file. ConfigurationError, with the likely reason and the remedy, if it is none."""
    data = _bytes(path)
    text, encoding = _decoded(data, path)
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST))
    try:
        kind, separator, at, header = _header(text, path)
        table = Table(path, kind, header, f"{encoding}, {_SEPARATORS[separator]}")
        _fill(table, csv.reader(io.StringIO(text, newline=""), delimiter=separator), at)
        _refuse_unclosed(text, separator, path)
    except csv.Error as fault:
        raise ConfigurationError(f"{path} cannot be read as CSV: {fault}; export it again") from None
    return table


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as fault:
        raise ConfigurationError(f"{path} cannot be read: {fault.strerror}") from None
    if len(data) > LARGEST:
        raise ConfigurationError(f"{path} is larger than {LARGEST >> 20} MB; export fewer issues, by a filter")
    for beginning, what in _NOT_TEXT:
        if data.startswith(beginning):
            raise ConfigurationError(f'{path} {what}; export it as CSV, or save it as "CSV UTF-8"')
    if not data.strip():
        raise ConfigurationError(f"{path} is empty; export it again")
    return data


def _decoded(data: bytes, path: Path) -> tuple[str, str]:
    """The text, and the name of the encoding."""
    sides = data[:400:2].count(0), data[1:400:2].count(0)
    if data.startswith(b"\xef\xbb\xbf"):
        tried = [("utf-8-sig", "UTF-8")]
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        tried = [("utf-16", "UTF-16")]
    elif max(sides) * 2 > len(data[:400:2]):
        tried = [("utf-16-be" if sides[0] > sides[1] else "utf-16-le", "UTF-16")]
    else:
        tried = [("utf-8", "UTF-8"), ("cp1252", "Windows-1252")]
    for codec, name in tried:
        try:
            return data.decode(codec), name
        except UnicodeDecodeError:
            continue
    raise ConfigurationError(f'{path} is not written in {tried[-1][1]} all through; save it as "CSV UTF-8"')


def _header(text: str, path: Path) -> tuple[Kind, str, int, list[str]]:
    """Whose export it is, the separator, the number of the header's row, and the header."""
    if text.lstrip()[:200].casefold().startswith(("<!doctype", "<html", "<table", "<?xml")):
        raise ConfigurationError(
            f"{path} is a web page, perhaps the login page, and no CSV; sign in and export again"
        )
    widest: list[str] = []
    for separator in _SEPARATORS:
        records = islice(csv.reader(io.StringIO(text, newline=""), delimiter=separator), _SEARCHED)
        for number, cells in enumerate(records, start=1):
            widest = max(widest, cells, key=len)
            found = {heading(name) for name in cells}
            for kind, telling in _TELLING.items():
                if found.issuperset(map(heading, telling)):
                    _refuse_too_wide(cells, path)
                    return kind, separator, number, cells
    _refuse_too_wide(widest, path)
    raise ConfigurationError(_unknown(widest, path))


def _unknown(cells: Sequence[str], path: Path) -> str:
    shown = ", ".join(repr(inert(name, 30)) for name in cells[:4] if name.strip()) or "no heading"
    wanted = " nor ".join(f"{NAMES[kind]}'s ({', '.join(telling)})" for kind, telling in _TELLING.items())
    return (
        f"{path} is no export that is known here: its columns begin {shown}, and are neither {wanted}; "
        f"export it anew, in English. {'. '.join(HOW.values())}"
    )


def _refuse_too_wide(header: Sequence[str], path: Path) -> None:
    if len(header) <= MOST_COLUMNS:
        return
    name, times = Counter(inert(each, 40) for each in header).most_common(1)[0]
    many = f", {times:,} of them {name!r}" if times > 1 else ""
    raise ConfigurationError(
        f"{path} has {len(header):,} columns{many}; up to {MOST_COLUMNS:,} are read. "
        "Export fewer issues by a filter, or take out columns that the mapping does not need"
    )


def _fill(table: Table, records: Iterator[list[str]], header_row: int) -> None:
    for number, cells in enumerate(records, start=1):
        if number <= header_row:
            continue
        while cells and not cells[-1].strip():
            cells.pop()
        if not cells:
            table.blank += 1
            continue
        if number - header_row > MOST_ROWS:
            raise ConfigurationError(
                f"{table.path} has more than {MOST_ROWS:,} rows; export fewer issues, by a filter"
            )
        row = Row(number, len(cells), _texts(cells, table.headings))
        (table.rows if row.width <= len(table.header) else table.wide).append(row)


def _texts(cells: Sequence[str], headings: Sequence[str]) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {}
    for name, cell in compress(zip(headings, cells, strict=False), cells):
        if text := cell.strip():
            texts.setdefault(name, []).append(text)
    return texts


def _refuse_unclosed(text: str, separator: str, path: Path) -> None:
    """A quotation mark that is never closed swallows all that comes after it."""
    if text.count('"') % 2 == 0:
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for _cells in reader:
            number += 1
    except csv.Error as fault:
        if "unexpected end of data" in str(fault):
            raise ConfigurationError(
                f"{path}: a quotation mark that opens in row {number + 1} is never closed, and swallows all rows "
                "after it; the file was cut off, or edited by hand: export it again"
            ) from None
