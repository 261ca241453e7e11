"""A table of cells under a header, whatever file it stands in, and what text may be put into a cell."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Protocol

from sync.errors import WorkbookError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sync.trackers.workbook_disk import File

Value = str | int | float | bool | datetime | date | time | timedelta | None

MARKS = "Action id"
COMMENT_HEADER = ("Issue", "At", "Author", "Audience", "Text", MARKS)
COMMENT_NEEDS = ("Issue", "At", "Text")

_LONGEST = 32_767
_LONGEST_NAME = 60  # characters of a header that are shown
_MOST_NAMES = 500  # headers among which a near one is looked for
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_INK = r"\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
"""Blanks, controls and invisible signs: what some program may drop before it looks whether a cell is a formula."""
_FORMULA = re.compile(rf"'*[{_NO_INK}]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u2212]")
_PROTECTED = re.compile(r"'(?:" + _FORMULA.pattern + ")")


def fitted(text: str) -> str:
    """The text as any cell takes it: no control characters, one kind of line end, at most 32,767 UTF-16 units.

    That limit is Excel's; what is cut off is marked by an ellipsis.
    """
    text = _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    units = text.encode("utf-16-le")
    if len(units) <= 2 * _LONGEST:
        return text
    return units[: 2 * (_LONGEST - 1)].decode("utf-16-le", "ignore") + "…"


def looks_like_formula(text: str) -> bool:
    """Whether a spreadsheet program might calculate the text instead of showing it."""
    return _FORMULA.match(text) is not None


def protected(text: str) -> str:
    """The text for a file without cell types: an apostrophe before whatever looks like a formula."""
    return f"'{text}" if looks_like_formula(text) else text


def unprotected(text: str) -> str:
    """The exact inverse of `protected`."""
    return text[1:] if _PROTECTED.match(text) else text


def shown(value: Value) -> str:
    """The value as text; a whole number without a decimal point, an instant as ISO."""
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if value.is_integer():
            return str(int(value))
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return str(value)


def heading(value: Value) -> str:
    """A header's text as it is compared: width, case and white space do not count."""
    return " ".join(unicodedata.normalize("NFKC", shown(value)).split()).casefold()


@dataclass(slots=True)
class Table:
    """Rows under a header. `where` names file and sheet; `rows` holds those with content, by their number as
    people see it (the first row is 1).
    """

    where: str
    header_row: int
    header: list[Value]
    rows: dict[int, list[Value]] = field(default_factory=dict)

    def value(self, row: int, column: int | None) -> Value:
        """One cell; None for a column that is not there."""
        cells = self.rows[row]
        return cells[column] if column is not None and column < len(cells) else None

    def put(self, row: int, column: int, value: Value) -> None:
        """Remember what was written into one cell."""
        cells = self.rows.setdefault(row, [])
        cells.extend([None] * (column + 1 - len(cells)))
        cells[column] = value

    def columns(self, wanted: Mapping[str, str], optional: Iterable[str] = ()) -> dict[str, int]:
        """Where the headers stand: key of the mapping -> column from 0, for `wanted` key -> header text.

        WorkbookError, naming all faults at once, for one that is missing (unless its key is `optional`) or
        stands there twice.
        """
        places: dict[str, list[int]] = {}
        for column, value in enumerate(self.header):
            if text := heading(value):
                places.setdefault(text, []).append(column)
        if not places:
            raise WorkbookError(
                f"{self.where}: row {self.header_row} holds no header; "
                "write the column names there, or set header_row in the mapping"
            )
        if not any(heading(text) in places for text in wanted.values()):
            held = ", ".join(
                repr(shown(value).strip()[:_LONGEST_NAME]) for value in self.header[:5] if value is not None
            )
            raise WorkbookError(
                f"{self.where}: row {self.header_row} holds none of the columns that are wanted, but {held} …; "
                f"is header_row = {self.header_row} right, and is this the file that was meant?"
            )
        faults = [
            self._fault(key, text, places)
            for key, text in wanted.items()
            if len(places.get(heading(text), ())) != 1 and (key not in optional or heading(text) in places)
        ]
        if faults:
            raise WorkbookError("\n".join(dict.fromkeys(faults)))
        return {key: places[heading(text)][0] for key, text in wanted.items() if heading(text) in places}

    def _fault(self, key: str, text: str, places: Mapping[str, Sequence[int]]) -> str:
        where = f"{self.where}, row {self.header_row}"
        found = places.get(heading(text), ())
        if found:
            listed = " and ".join(letters(column) for column in found)
            return f"{where}: columns {listed} are both headed {text!r} ({key}); rename one of them"
        hint = near(text, [shown(self.header[columns[0]]).strip() for columns in places.values()])
        return f"{where}: no column is headed {text!r} ({key}); {hint}. Rename the column, or change the mapping"


def comment_columns(table: Table) -> dict[str, int]:
    """Where the columns of a comments table stand; those that only our own comments need may be missing."""
    wanted = {name: name for name in COMMENT_HEADER}
    return table.columns(wanted, [name for name in COMMENT_HEADER if name not in COMMENT_NEEDS])


def rows_of(comments: Table, marks: Collection[str]) -> tuple[int, ...]:
    """The rows of a table of comments that carry any of these action ids."""
    column = comment_columns(comments).get(MARKS) if marks else None
    if column is None:
        return ()
    return tuple(
        row for row in comments.rows if not set(shown(comments.value(row, column)).split()).isdisjoint(marks)
    )


def near(name: str, names: Sequence[str]) -> str:
    """The names that come close to the one that is missing, or some of those that there are."""
    told = [each if len(each) <= _LONGEST_NAME else each[:_LONGEST_NAME] + "…" for each in names[:_MOST_NAMES]]
    close = get_close_matches(heading(name), map(heading, told), n=3, cutoff=0.6)
    listed = [repr(each) for each in told if heading(each) in close]
    return f"near it {' and '.join(listed)}" if listed else f"there are {', '.join(map(repr, told[:12]))}"


def letters(column: int) -> str:
    """The column's name in a spreadsheet, from 0: `A`, `B` … `Z`, `AA`."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


@dataclass(frozen=True, slots=True)
class Entry:
    """A comment of ours as it is put down; `at` is local to the mapping's zone, without a zone of its own,
    or text with its offset where local time would be ambiguous.
    """

    issue: str
    at: datetime | str
    author: str
    audience: str
    text: str
    marks: tuple[str, ...]

    def values(self) -> dict[str, datetime | str]:
        """Header -> value."""
        texts = (self.issue, self.author, self.audience, self.text, " ".join(self.marks))
        issue, author, audience, text, marks = map(fitted, texts)
        return dict(zip(COMMENT_HEADER, (issue, self.at, author, audience, text, marks), strict=True))


@dataclass(frozen=True, slots=True)
class Row:
    """An issue of our own, to stand below all others; `values` are cells by their keys in `Book.columns`."""

    issue: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Cells:
    """What changes in one issue's row: the text of its labels cell unless None; its due date if `set_due`; its
    owner unless that is empty.
    """

    row: int
    issue: str
    labels: str | None = None
    set_due: bool = False
    due: date | None = None
    owner: str = ""

    def values(self) -> dict[str, str | date | None]:
        """Key in the mapping -> what the cell is to hold."""
        values: dict[str, str | date | None] = {}
        if self.labels is not None:
            values["columns.labels"] = self.labels
        if self.set_due:
            values["columns.due"] = self.due
        if self.owner:
            values["columns.assignee"] = self.owner
        return values


class Book(Protocol):
    """A workbook as it was read at one moment, and the one way to write it; errors as `workbook_disk.swap`."""

    @property
    def files(self) -> Sequence[File]:
        """Everything that was read; the workbook itself first."""
        ...

    @property
    def issues(self) -> Table:
        """The issues, with results that lie beside the workbook laid over them."""
        ...

    @property
    def columns(self) -> Mapping[str, int]:
        """`columns.id` and so on, and `fields.client` and so on -> column of `issues`."""
        ...

    @property
    def comments(self) -> Sequence[Table]:
        """Every table of comments that there is."""
        ...

    @property
    def notice(self) -> str | None:
        """Why results go to sidecar files and which, if they do."""
        ...

    def write(
        self,
        cells: Sequence[Cells],
        entries: Sequence[Entry],
        rows: Sequence[Row] = (),
        gone: Collection[str] = (),
    ) -> Book:
        """Write all of it durably or nothing; answers with the book as it then is, in place of this one.

        `gone` are action ids whose comments are taken out.
        """
        ...
