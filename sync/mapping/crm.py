"""A CRM's export of clients: its rows make records, and fill what a team's own records leave out."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from sync.errors import Fault
from sync.mapping.client_models import ClientModel
from sync.mapping.parts import folded
from sync.mapping.reader import shown
from sync.mapping.shape import Shape
from sync.mapping.text import IllegibleError, content, decoded
from sync.mapping.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from sync.mapping.client_models import ClientsFile, CrmModel

ENOUGH = 50
"""So many faults of one file are told before the rest is left unread *(ours)*."""

_LISTS = ("aliases", "promised")
_WHOLE = ("payment_days", "usual_payment_days")


class Filled(NamedTuple):
    """The clients with what the export adds to them, the export's bytes, and its faults."""

    clients: ClientsFile
    raw: bytes = b""
    faults: Sequence[Fault] = ()


def filled(clients: ClientsFile, folder: Path, calendars: Collection[str] | None) -> Filled:
    """The clients of the file and of the export that it names, a relative path being from the folder.

    `calendars` are those that a row may name, None for any. Where both say something the file wins; aliases are
    put together.
    """
    if clients.crm is None:
        return Filled(clients)
    path, raw = folder / clients.crm.file, b""
    try:
        raw = content(path)
        lines = list(_lines(_text(raw, clients.crm.encoding), clients.crm.delimiter))
    except IllegibleError as why:
        return Filled(clients, raw, [Fault(shown(path), why.line, why.column, "", why.what)])
    export = _Export(shown(path), clients.crm, calendars, list(clients.client))
    export.read(lines)
    return Filled(clients.model_copy(update={"client": export.records}), raw, export.faults)


def _text(raw: bytes, encoding: str) -> str:
    if encoding.casefold().replace("_", "-") in {"utf-8", "utf8", "utf-8-sig"}:
        return decoded(raw)
    try:
        return raw.decode(encoding).removeprefix("\ufeff")
    except UnicodeError as error:
        line = raw[: error.start].count(b"\n") + 1 if isinstance(error, UnicodeDecodeError) else 1
        what = f"is not {encoding}; correct crm.encoding in clients.toml, or export the file anew"
        raise IllegibleError(what, line, 1) from None


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line on which it begins. IllegibleError for what is no CSV."""
    rows, begins = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter, strict=True), 1
    try:
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = rows.line_num + 1
    except csv.Error:
        what = "no cells can be told apart from here on: a quotation mark is missing or one too many"
        raise IllegibleError(what, begins, 1) from None


class _Owner(NamedTuple):
    """Whose a name is: the place of the record, and the line that says so (0: clients.toml)."""

    record: int
    line: int


@dataclass
class _Export:
    """One export, read row by row into `records`; what is wrong with it is in `faults`."""

    name: str
    crm: CrmModel
    calendars: Collection[str] | None
    records: list[ClientModel]
    faults: list[Fault] = field(default_factory=list)
    _owners: dict[str, _Owner] = field(default_factory=dict)
    _rows: dict[int, int] = field(default_factory=dict)
    """Record -> the line of its row."""

    def __post_init__(self) -> None:
        for index, client in enumerate(self.records):
            for spelling in (client.name, *client.aliases):
                self._owners[folded(spelling)] = _Owner(index, 0)

    def read(self, lines: list[tuple[int, list[str]]]) -> None:
        """Take up every row; after `ENOUGH` faults the rest is left."""
        (at, header), rows = lines[0] if lines else (1, []), lines[1:]
        columns = self._columns(at, [folded(cell) for cell in header], header)
        if "name" not in columns:
            return
        for line, cells in rows:
            if len(self.faults) >= ENOUGH:
                self.faults.append(Fault(self.name, line, 1, "", "is not read: mend what stands above first"))
                return
            told = {key: cells[index].strip() for key, index in columns.items() if index < len(cells)}
            if record := self._record(line, told):
                self._take(line, record)

    def _columns(self, line: int, known: list[str], header: list[str]) -> dict[str, int]:
        """Key of a record -> the place of its column."""
        found: dict[str, int] = {}
        for key, wanted in self._headers().items():
            match known.count(folded(wanted)):
                case 1:
                    found[key] = known.index(folded(wanted))
                case 0:
                    hint = nearest(wanted, (cell.strip() for cell in header if cell.strip()))
                    asked = f"crm.columns.{key} in clients.toml asks for it"
                    self.faults.append(Fault(self.name, line, 1, wanted, f"no such column ({asked}){hint}"))
                case _:
                    self.faults.append(
                        Fault(self.name, line, 1, wanted, "two columns have this header; rename one")
                    )
        return found

    def _headers(self) -> Mapping[str, str]:
        return self.crm.columns.model_dump(exclude_none=True)

    def _complain(self, line: int, key: str, what: str) -> None:
        self.faults.append(Fault(self.name, line, 1, self._headers()[key], what))

    def _record(self, line: int, told: Mapping[str, str]) -> ClientModel | None:
        """What a row tells; None if some of it cannot be read."""
        before = len(self.faults)
        if not told.get("name"):
            self._complain(line, "name", "is empty; say whose row this is, or delete it")
        values: dict[str, object] = {}
        for key, text in told.items():
            try:
                values |= {key: self._value(key, text)} if text else {}
            except ValueError as error:
                self._complain(line, key, str(error))
        if len(self.faults) > before:
            return None
        try:
            return ClientModel.model_validate(values)
        except ValidationError as error:
            for path, what in Shape(ClientModel).explained(error):
                self._complain(line, str(path[0]), what)
        return None

    def _value(self, key: str, text: str) -> object:
        """A cell as the record wants it; ValueError, with the remedy, if it cannot be that."""
        if key in _LISTS:
            return [each.strip() for each in text.split(";") if each.strip()]
        if key == "since":
            return self._date(text)
        if key == "satisfaction":
            return _number(text)
        if key in _WHOLE:
            return _whole(text)
        if key == "calendar" and self.calendars is not None and text not in self.calendars:
            raise ValueError(f"no calendar {text!r} in calendars.toml{nearest(text, self.calendars)}")
        return text

    def _date(self, text: str) -> date:
        written = self.crm.date_format
        try:
            return datetime.strptime(text, written).date() if written else date.fromisoformat(text)  # noqa: DTZ007
        except ValueError:
            form = f"as crm.date_format in clients.toml says: {written}" if written else "as 2025-12-24"
            remedy = "" if written else ", or say in clients.toml how they are: crm.date_format"
            raise ValueError(f"{text!r} is no date; write dates {form}{remedy}") from None

    def _take(self, line: int, row: ClientModel) -> None:
        """Add the row to the record that it is about, or as a new one."""
        owner = self._owners.get(folded(row.name), _Owner(len(self.records), line))
        if (first := self._rows.setdefault(owner.record, line)) != line:
            what = f"{row.name!r} is the client of line {first} too; one client has one row"
            self._complain(line, "name", what)
            return
        for spelling in (row.name, *row.aliases):
            other = self._owners.setdefault(folded(spelling), _Owner(owner.record, line))
            if other.record != owner.record:
                where = f"on line {other.line}" if other.line else "in clients.toml"
                whose = self.records[other.record].name
                what = f"{spelling!r} already stands for client {whose!r} {where}; one name means one client"
                self._complain(line, "aliases", what)
        if owner.record == len(self.records):
            self.records.append(row)
        else:
            self.records[owner.record] = _completed(self.records[owner.record], row)


def _completed(client: ClientModel, row: ClientModel) -> ClientModel:
    """The record with what the row knows beyond it."""
    added = {key: getattr(row, key) for key in row.model_fields_set - client.model_fields_set}
    known = {folded(each) for each in (client.name, *client.aliases)}
    more = [each for each in row.aliases if folded(each) not in known]
    return client.model_copy(update=added | {"aliases": [*client.aliases, *more]})


def _number(text: str) -> float:
    try:
        return float(text.replace(",", ".") if "." not in text else text)
    except ValueError:
        raise ValueError(f"{text!r} is no number; write digits only, such as 8.5") from None


def _whole(text: str) -> int:
    number = _number(text)
    if not number.is_integer():
        raise ValueError(f"{text!r} is no whole number; write digits only, such as 30")
    return int(number)
