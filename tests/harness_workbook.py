"""Workbooks for the contract tests: a real file, the adapter on it, and people who edit it as a program does."""

from __future__ import annotations

import csv
import io
import zipfile
from abc import ABC, abstractmethod
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pytest
from harness import Posted, Write
from openpyxl import Workbook, load_workbook

from sync.mapping.tracker_models import WorkbookMapping
from sync.ticket import Audience, Status
from sync.trackers.sources import WorkbookSource
from sync.trackers.workbook import open_workbook
from sync.trackers.workbook_disk import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from types import TracebackType

    from openpyxl.worksheet.worksheet import Worksheet

    from sync.mapping.tracker_models import BringIn
    from sync.trackers.base import Tracker
    from sync.trackers.workbook_disk import File

Cell = Any
Record = dict[str, Cell]

STAFF, CLIENT = "Delivery lead", "client.contact@client.example"
HEADER = (
    "ID", "Title", "Description", "Status", "Created", "Due", "Labels", "Owner", "Client", "Severity", "Remarks",
)  # fmt: skip
COMMENT_HEADER = ("Issue", "At", "Author", "Audience", "Text", "Action id")
KEEPS_MARK = "Follow-up of "
"""How a row of comments begins that is none."""
STATUSES = {
    Status.OPEN: "New",
    Status.IN_PROGRESS: "Doing",
    Status.WAITING: "With the client",
    Status.RESOLVED: "Answered",
    Status.CLOSED: "Done",
}


class WorkbookHarness(ABC):
    """One file of issues that staff and clients share; who writes in it writes the comments sheet too."""

    name: ClassVar[str]
    audiences: ClassVar[frozenset[Audience]] = frozenset({Audience.CLIENT})
    history: ClassVar[bool] = False
    ledger: ClassVar[bool] = False
    remote: ClassVar[bool] = False
    brings_in: ClassVar[frozenset[BringIn]] = frozenset({"assign"})

    file: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        self.path = folder / self.file
        self.now = datetime(2026, 3, 2, 9, tzinfo=UTC)
        self.requests = 0
        self._patch = pytest.MonkeyPatch()
        self._number = 0

    def __enter__(self) -> Self:
        self._patch.setattr("sync.trackers.workbook.read", self._counted)
        self.make()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._patch.undo()

    def _counted(self, path: Path) -> File:
        self.requests += path == self.path
        return read(path)

    def tracker(self, *, token: str | None = None) -> Tracker:
        assert token is None, "a file asks for no token"
        return open_workbook(self.source(), self.mapping(), clock=lambda: self.now)

    def source(self, **settings: object) -> WorkbookSource:
        return WorkbookSource.model_validate(
            {"tracker": "workbook", "name": "book", "path": self.path, **settings}
        )

    def mapping(self, **settings: object) -> WorkbookMapping:
        given = {
            "fields": {"client": "Client", "severity": "Severity"},
            "status": {str(status): [name] for status, name in STATUSES.items()},
            "people": {"staff": [STAFF], "clients": ["@client.example"]},
            "follow_up": True,
        }
        return WorkbookMapping.model_validate({**given, **settings})

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    # --- the file -----------------------------------------------------------------------------------------------

    @abstractmethod
    def make(self) -> None:
        """An empty list of issues."""

    @abstractmethod
    def fill(self, issues: Sequence[Record], comments: Sequence[Record]) -> None:
        """A whole list of issues and of comments at once."""

    @abstractmethod
    def add_issue(self, record: Record) -> None:
        """One more row at the end."""

    @abstractmethod
    def put(self, ticket: str, column: str, value: Cell) -> None:
        """A person changes one cell and saves."""

    @abstractmethod
    def delete(self, ticket: str) -> None:
        """The row goes, and all below move up."""

    @abstractmethod
    def add_comment(self, record: Record) -> None:
        """One more row at the end of the comments."""

    @abstractmethod
    def issues(self) -> list[Record]:
        """The rows as they stand."""

    @abstractmethod
    def comments(self) -> list[Record]:
        """The rows of comments as they stand, wherever they are kept."""

    def issue(self, ticket: str) -> Record:
        (record,) = (record for record in self.issues() if record["ID"] == ticket)
        return record

    # --- people at work -----------------------------------------------------------------------------------------

    def create(
        self,
        title: str,
        *,
        text: str = "",
        status: Status | None = None,
        client: str | None = "Client A",
        severity: str | None = None,
        labels: tuple[str, ...] = (),
        due: date | None = None,
    ) -> str:
        return self.create_row(
            Title=title,
            Description=text,
            Status=STATUSES[status or Status.OPEN],
            Due=due,
            Labels=", ".join(labels) or None,
            Client=client,
            Severity=severity,
        )

    def create_unreadable(self) -> str:
        return self.create_row(Title="Left over", Status="Attic")

    def create_row(self, **cells: Cell) -> str:
        self._number += 1
        created = self.now.replace(tzinfo=None)
        self.add_issue({"ID": f"N-{self._number}", "Created": created, "Remarks": "do not touch", **cells})
        return f"N-{self._number}"

    def set_status(self, ticket: str, status: Status) -> None:
        self.put(ticket, "Status", STATUSES[status])

    def set_due(self, ticket: str, due: date | None) -> None:
        self.put(ticket, "Due", due)

    def add_label(self, ticket: str, label: str) -> None:
        self.put(ticket, "Labels", ", ".join(filter(None, (self.issue(ticket)["Labels"], label))))

    def remove_label(self, ticket: str, label: str) -> None:
        kept = [each for each in (self.issue(ticket)["Labels"] or "").split(", ") if each != label]
        self.put(ticket, "Labels", ", ".join(kept) or None)

    def comment_as_staff(self, ticket: str, text: str) -> str:
        return self._comment(ticket, text, STAFF)

    def comment_as_client(self, ticket: str, text: str) -> str:
        return self._comment(ticket, text, CLIENT)

    def _comment(self, ticket: str, text: str, author: str) -> str:
        """A row has no id of its own; it has the one under which it is read."""
        before = self._comment_ids(ticket)
        self.add_comment({"Issue": ticket, "At": self.now.replace(tzinfo=None), "Author": author, "Text": text})
        (new,) = self._comment_ids(ticket) - before
        return new

    def _comment_ids(self, ticket: str) -> set[str]:
        return {
            comment.id
            for page in self.tracker().fetch([ticket])
            for found in page.tickets
            for comment in found.comments
        }

    def staff_id(self) -> str:
        return STAFF

    def dismiss_staff(self) -> None:  # noqa: B027 - a file has no accounts
        pass

    # --- what is true -------------------------------------------------------------------------------------------

    def labels_of(self, ticket: str) -> frozenset[str]:
        return frozenset((self.issue(ticket)["Labels"] or "").split(", ")) - {""}

    def due_of(self, ticket: str) -> date | None:
        return as_date(self.issue(ticket)["Due"])

    def comments_of(self, ticket: str) -> list[Posted]:
        (audience,) = self.audiences
        return [
            Posted(record["Text"], audience, tuple((record["Action id"] or "").split()))
            for record in self.comments()
            if record["Issue"] == ticket and not record["Text"].startswith(KEEPS_MARK)
        ]

    def followers_of(self, ticket: str) -> frozenset[str]:
        raise NotImplementedError

    def owner_of(self, ticket: str) -> str:
        return self.issue(ticket)["Owner"] or ""

    def mentioned_in(self, ticket: str) -> frozenset[str]:  # noqa: ARG002 - nobody can be
        return frozenset()

    def below(self, ticket: str) -> list[str]:
        return [record["ID"] for record in self.issues() if record["ID"].startswith(f"{ticket}-F")]

    # --- what goes wrong: nothing, on one's own disk ------------------------------------------------------------

    def stumble(self) -> None:
        raise NotImplementedError

    def throttle(self, write: Write) -> None:
        raise NotImplementedError

    def lose_next_answer(self, write: Write, *, applied: bool) -> None:
        raise NotImplementedError


class XlsxHarness(WorkbookHarness):
    """An Excel workbook."""

    name: ClassVar[str] = "xlsx"
    file: ClassVar[str] = "issues.xlsx"

    def make(self) -> None:
        workbook = Workbook()
        sheet = workbook.worksheets[0]
        sheet.title = "Issues"
        sheet.append(HEADER)
        workbook.save(self.path)

    def fill(self, issues: Sequence[Record], comments: Sequence[Record]) -> None:
        workbook = Workbook()
        workbook.worksheets[0].title = "Issues"
        for sheet, header, rows in (
            (workbook.worksheets[0], HEADER, issues),
            (workbook.create_sheet("Comments"), COMMENT_HEADER, comments),
        ):
            sheet.append(header)
            for record in rows:
                sheet.append([record.get(name) for name in header])
                for cell in sheet[sheet.max_row]:
                    cell.data_type = "s" if cell.data_type == "f" else cell.data_type
        self.save(workbook)

    def open(self) -> Workbook:
        return load_workbook(self.path)

    def save(self, workbook: Workbook) -> None:
        workbook.save(self.path)

    def add_issue(self, record: Record) -> None:
        workbook = self.open()
        workbook["Issues"].append([record.get(name) for name in HEADER])
        self.save(workbook)

    def put(self, ticket: str, column: str, value: Cell) -> None:
        workbook = self.open()
        sheet = workbook["Issues"]
        sheet.cell(row_of(sheet, ticket), HEADER.index(column) + 1).value = value
        self.save(workbook)

    def delete(self, ticket: str) -> None:
        workbook = self.open()
        sheet = workbook["Issues"]
        sheet.delete_rows(row_of(sheet, ticket))
        self.save(workbook)

    def add_comment(self, record: Record) -> None:
        workbook = self.open()
        if "Comments" not in workbook.sheetnames:
            workbook.create_sheet("Comments").append(COMMENT_HEADER)
        workbook["Comments"].append([record.get(name) for name in COMMENT_HEADER])
        self.save(workbook)

    def issues(self) -> list[Record]:
        with closing(self.open()) as workbook:
            return records(workbook["Issues"].values)

    def comments(self) -> list[Record]:
        with closing(self.open()) as workbook:
            return records(workbook["Comments"].values) if "Comments" in workbook.sheetnames else []


class CsvHarness(WorkbookHarness):
    """A file as Excel saves it in much of Europe: byte order mark, semicolons, CR LF."""

    name: ClassVar[str] = "csv"
    file: ClassVar[str] = "issues.csv"

    def make(self) -> None:
        self._save(self.path, [HEADER])

    def fill(self, issues: Sequence[Record], comments: Sequence[Record]) -> None:
        self._save(self.path, [HEADER, *([record.get(name) for name in HEADER] for record in issues)])
        rows = ([record.get(name) for name in COMMENT_HEADER] for record in comments)
        self._save(self.beside, [COMMENT_HEADER, *rows])

    @property
    def beside(self) -> Path:
        return self.path.with_name("issues.comments.csv")

    def _rows(self, path: Path) -> list[list[str]]:
        return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), delimiter=";"))

    def _save(self, path: Path, rows: Sequence[Sequence[Cell]]) -> None:
        stream = io.StringIO(newline="")
        csv.writer(stream, delimiter=";").writerows(rows)
        path.write_bytes(stream.getvalue().encode("utf-8-sig"))

    def add_issue(self, record: Record) -> None:
        self._save(self.path, [*self._rows(self.path), [record.get(name) for name in HEADER]])

    def put(self, ticket: str, column: str, value: Cell) -> None:
        rows = self._rows(self.path)
        for row in rows:
            if row[0] == ticket:
                row[HEADER.index(column)] = "" if value is None else str(value)
        self._save(self.path, rows)

    def delete(self, ticket: str) -> None:
        self._save(self.path, [row for row in self._rows(self.path) if row[0] != ticket])

    def add_comment(self, record: Record) -> None:
        rows = self._rows(self.beside) if self.beside.exists() else [list(COMMENT_HEADER)]
        self._save(self.beside, [*rows, [record.get(name) for name in COMMENT_HEADER]])

    def issues(self) -> list[Record]:
        return records(self._rows(self.path))

    def comments(self) -> list[Record]:
        return records(self._rows(self.beside)) if self.beside.exists() else []


class SidecarHarness(XlsxHarness):
    """An Excel workbook with a part that no rewrite keeps: what we say stands beside it."""

    name: ClassVar[str] = "xlsx with a sidecar"

    def save(self, workbook: Workbook) -> None:
        super().save(workbook)
        with zipfile.ZipFile(self.path, "a") as archive:
            archive.writestr("xl/vbaProject.bin", b"macros of the team")

    def make(self) -> None:
        super().make()
        self.save(self.open())

    def _beside(self, name: str) -> list[Record]:
        path = self.path.with_name(name)
        if not path.exists():
            return []
        return records(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))

    def issues(self) -> list[Record]:
        """The rows of the workbook, those that stand beside it, and what stands there of the others' owners."""
        rows = super().issues()
        known = {record["ID"] for record in rows}
        beside = {record["ID"]: record for record in self._beside("issues.makegood.csv")}
        for record in rows:
            record["Owner"] = record["Owner"] or beside.get(record["ID"], {}).get("Owner")
        return [*rows, *(record for issue, record in beside.items() if issue not in known)]

    def labels_of(self, ticket: str) -> frozenset[str]:
        written = [record["Labels"] for record in self._beside("issues.makegood.csv") if record["ID"] == ticket]
        return frozenset(written[0].split(", ")) - {""} if written else super().labels_of(ticket)

    def due_of(self, ticket: str) -> date | None:
        written = [record["Due"] for record in self._beside("issues.makegood.csv") if record["ID"] == ticket]
        return super().due_of(ticket) or (as_date(written[0]) if written else None)

    def comments(self) -> list[Record]:
        return [*super().comments(), *self._beside("issues.makegood.comments.csv")]


def row_of(sheet: Worksheet, ticket: str) -> int:
    (row,) = (cells[0].row for cells in sheet.iter_rows() if cells[0].value == ticket)
    return row


def records(rows: Iterable[Sequence[Cell]]) -> list[Record]:
    header, *others = rows
    return [dict(zip(map(str, header), cells, strict=False)) for cells in others]


def as_date(value: Cell) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return date.fromisoformat(value) if value else None


HARNESSES = (XlsxHarness, CsvHarness, SidecarHarness)
