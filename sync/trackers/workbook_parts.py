"""What an .xlsx holds that would be lost if it were written again, found by what is known to be kept."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import TYPE_CHECKING
from xml.parsers import expat

from openpyxl.worksheet.cell_range import CellRange

from sync.errors import WorkbookError
from sync.trackers.workbook_disk import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MOST_ELEMENTS = 5_000_000
"""Elements of all parts together that we are willing to read; a cell with a text is three."""
MOST_MERGED = 1_000_000
"""Cells merged away in a sheet; openpyxl makes an object of each."""
LAST_ROW = 1_048_576
"""The last row that a workbook can have."""
DEEPEST = 64
"""Elements inside of one another; those of the format are 15 or so."""

_OLD_OFFICE = bytes.fromhex("d0cf11e0a1b11ae1")

_KEPT_PARTS = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(core|app|custom)\.xml|docProps/thumbnail\.\w+"
    r"|xl/(workbook|styles|sharedStrings|calcChain)\.xml|xl/_rels/workbook\.xml\.rels|xl/theme/theme\d*\.xml"
    r"|xl/worksheets/[^/]+\.xml|xl/worksheets/_rels/[^/]+\.rels|xl/tables/[^/]+\.xml"
    r"|xl/printerSettings/[^/]+\.bin",
    re.IGNORECASE,
)
"""What openpyxl 3.1 writes back, and what the programs themselves make anew (calculation order, thumbnail,
the printer's own settings; page setup is kept).
"""

_KEPT_EMPTY = re.compile(r"xl/drawings/drawing\d+\.xml|xl/persons/[^/]+\.xml", re.IGNORECASE)
"""What Google Sheets and Excel write though there is nothing in it."""

_LOST_PARTS = {
    "vba": "macros",
    "macrosheets": "macros",
    "slicer": "slicers",
    "timeline": "timelines",
    "pivot": "pivot tables",
    "chart": "charts",
    "media/": "pictures",
    "comments": "notes or threaded comments",
    "persons/": "notes or threaded comments",
    "vmldrawing": "notes or form controls",
    "drawings/": "pictures or shapes",
    "externallinks": "links to other workbooks",
    "connections": "data connections",
    "querytables": "data connections",
    "customxml": "custom XML",
    "ctrlprops": "form controls",
    "activex": "form controls",
    "embeddings": "embedded objects",
    "metadata.xml": "dynamic arrays",
    "richdata": "linked data types",
    "docmetadata": "a sensitivity label",
    "_xmlsignatures": "a digital signature",
    "customui": "a ribbon of its own",
}

_KEPT_IN_SHEET = frozenset(
    {
        "sheetPr",
        "dimension",
        "sheetViews",
        "sheetFormatPr",
        "cols",
        "sheetData",
        "sheetCalcPr",
        "sheetProtection",
        "scenarios",
        "autoFilter",
        "mergeCells",
        "phoneticPr",
        "conditionalFormatting",
        "dataValidations",
        "hyperlinks",
        "printOptions",
        "pageMargins",
        "pageSetup",
        "headerFooter",
        "rowBreaks",
        "colBreaks",
        "ignoredErrors",
        "drawing",
        "legacyDrawing",
        "tableParts",
    }
)
"""The children of a worksheet that openpyxl 3.1 writes back, those without content of their own (`ignoredErrors`
are the hidden green corners), and those decided by the part that they name.
"""

_KEPT_IN_WORKBOOK = frozenset(
    {
        "fileVersion",
        "workbookPr",
        "workbookProtection",
        "bookViews",
        "sheets",
        "definedNames",
        "calcPr",
        "fileRecoveryPr",
        "AlternateContent",
        "revisionPtr",
        "extLst",
    }
)
_RICH = {"r": "rich text in cells", "rPh": "phonetic guides (furigana)"}


class _Part:
    """One XML part as it is scanned: what it would lose, and whether it holds formulas."""

    def __init__(self, name: str, room: int) -> None:
        self.name = name.casefold()
        self._room = room
        self.lost: set[str] = set()
        self.formulas = False
        self.elements = self._merged = 0
        self._open: list[str] = []

    def scan(self, data: bytes, path: Path) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse
        try:
            parser.Parse(data, True)  # noqa: FBT003 - expat takes it by place only
        except expat.ExpatError as fault:
            raise WorkbookError(f"{path} is damaged ({self.name}: {fault}); {_SAVE_ANEW}") from None
        except _RefusedError as why:
            raise WorkbookError(f"{path}: {self.name} {why}") from None
        except (ValueError, TypeError):  # of what is no number, or no range of cells
            raise WorkbookError(f"{path} is damaged ({self.name}); {_SAVE_ANEW}") from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        depth = len(self._open)
        self._open.append(tag)
        self.elements += 1
        if self.elements > self._room:
            raise _RefusedError(
                f"makes more than {MOST_ELEMENTS // 1_000_000} million cells and texts of it; move old issues out"
            )
        if depth > DEEPEST:
            raise _RefusedError(f"has elements nested without end; {_SAVE_ANEW}")
        if tag in _SIZED:
            self._measure(tag, attributes)
        if self.name.startswith("xl/worksheets/") and self.name.endswith(".xml"):
            self._in_sheet(tag, depth)
        elif self.name == "xl/workbook.xml" and depth == 1 and tag not in _KEPT_IN_WORKBOOK:
            self.lost.add(_LOST_TAGS.get(tag, f"<{tag}> of the workbook"))
        elif self.name == "xl/sharedstrings.xml" and tag in _RICH:
            self.lost.add(_RICH[tag])
        elif self.name.startswith("xl/tables/") and tag == "extLst":
            self.lost.add("extensions of a table")
        elif self.name.startswith(("xl/drawings/", "xl/persons/")) and depth == 1:
            self.lost.add(_lost_words(self.name))

    def _in_sheet(self, tag: str, depth: int) -> None:
        if tag == "f":
            self.formulas = True
        elif tag in _RICH and "is" in self._open:
            self.lost.add(_RICH[tag])
        elif tag == "extLst":
            self.lost.add("newer conditional formats, validations or sparklines")
        elif depth == 1 and tag not in _KEPT_IN_SHEET:
            self.lost.add(_LOST_TAGS.get(tag, f"<{tag}> of a sheet"))

    def _measure(self, tag: str, attributes: dict[str, str]) -> None:
        """Refuse what is small to write and endless to read."""
        if tag == "row" and int(attributes.get("r", "0")) > LAST_ROW:
            raise _RefusedError(f"numbers a row beyond the last that there can be; {_SAVE_ANEW}")
        if tag == "mergeCell":
            size = CellRange(attributes.get("ref", "A1")).size
            self._merged += size["rows"] * size["columns"]
            if self._merged > MOST_MERGED:
                raise _RefusedError(f"merges more than {MOST_MERGED // 1_000_000} million cells; unmerge them")

    def _end(self, _: str) -> None:
        self._open.pop()

    def _refuse(self, *_: object) -> None:
        """A document type is the door to external entities and to entities that grow without end."""
        raise _RefusedError(f"declares a document type, which no spreadsheet program does; {_SAVE_ANEW}")


class _RefusedError(Exception):
    """What we do not read of a workbook, in words and with the remedy."""


_LOST_TAGS = {
    "protectedRanges": "ranges with passwords of their own",
    "customSheetViews": "custom views",
    "customWorkbookViews": "custom views",
    "externalReferences": "links to other workbooks",
    "pivotCaches": "pivot tables",
    "controls": "form controls",
    "AlternateContent": "form controls",
    "oleObjects": "embedded objects",
    "picture": "a background picture",
    "legacyDrawingHF": "pictures in headers or footers",
    "fileSharing": "the advice to open it read-only",
    "sortState": "a remembered sort order",
}
_SIZED = frozenset({"row", "mergeCell"})
_SAVE_ANEW = "open it in your spreadsheet program and save it as .xlsx again"


def inspect(data: bytes, path: Path) -> tuple[tuple[str, ...], bool]:
    """What would be lost, in words and in order, and whether any cell holds a formula.

    WorkbookError for a file that is no .xlsx, is protected by a password, damaged, unpacks to more than we
    hold, or declares document types (so that no entity is ever expanded).
    """
    if data.startswith(_OLD_OFFICE):
        raise WorkbookError(
            f"{path} is protected by a password, or an old .xls; remove the password and save it as .xlsx"
        )
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile:
        raise WorkbookError(f"{path} is no .xlsx file; {_SAVE_ANEW}") from None
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if sum(entry.file_size for entry in entries) > LARGEST:
            raise WorkbookError(
                f"{path} unpacks to more than {LARGEST >> 20} MB; move old issues, or pictures, out of it"
            )
        lost = {_lost_part(entry.filename) for entry in entries}
        parts = list(_scanned(archive, entries, path))
    for part in parts:
        lost |= part.lost
    return tuple(sorted(lost - {""})), any(part.formulas for part in parts)


def _scanned(archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo], path: Path) -> Iterator[_Part]:
    room = MOST_ELEMENTS
    for entry in entries:
        part = _Part(entry.filename, room)
        try:
            with archive.open(entry) as stream:
                beginning = stream.read(64)
                if not (part.name.endswith((".xml", ".rels")) or _is_markup(beginning)):
                    continue
                data = beginning + stream.read()
        except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, ValueError) as fault:
            raise WorkbookError(f"{path} is damaged ({entry.filename}: {fault}); {_SAVE_ANEW}") from None
        part.scan(data, path)
        room -= part.elements
        yield part


def _is_markup(beginning: bytes) -> bool:
    """Whether a part is XML whatever its name: any part may be named as a sheet."""
    return beginning.startswith((b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")) or beginning.lstrip(
        b"\xef\xbb\xbf \t\r\n"
    ).startswith(b"<")


def _lost_part(name: str) -> str:
    """What the part is, in words; empty for one that is kept, and for one whose content decides."""
    return "" if _KEPT_PARTS.fullmatch(name) or _KEPT_EMPTY.fullmatch(name) else _lost_words(name)


def _lost_words(name: str) -> str:
    return next((words for mark, words in _LOST_PARTS.items() if mark in name.casefold()), f"the part {name}")
