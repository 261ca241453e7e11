"""The real issues as Jira Cloud, Jira Data Center, Asana and a workbook hold them."""

from __future__ import annotations

import csv
from abc import abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from fakes.asana import AsanaFake
from fakes.jira_cloud import EMAIL, TOKEN, JiraCloud
from fakes.jira_dc import JiraDC
from openpyxl import Workbook, load_workbook
from real_issues import NOW, TERMS, Effects, Json, OnTracker, day, is_ours, marked

from sync.mapping.tracker_models import AsanaMapping, JiraMapping, WorkbookMapping
from sync.trackers.asana import open_asana
from sync.trackers.asana_markup import references
from sync.trackers.jira import open_jira
from sync.trackers.jira_records import MARK
from sync.trackers.sources import AsanaSource, JiraSource, WorkbookSource
from sync.trackers.workbook import open_workbook
from sync.trackers.workbook_table import protected

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta
    from pathlib import Path
    from types import TracebackType

    from fakes.jira_rest import Jira
    from fakes.server import Request
    from openpyxl.worksheet.worksheet import Worksheet

    from sync.mapping.policy import Policy
    from sync.ticket import Ticket
    from sync.trackers.base import Tracker


class OnJira(OnTracker):
    """What Cloud and Data Center share."""

    fake: Jira

    def __enter__(self) -> Self:
        for issue in self.issues:
            self.fake.load(issue)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.fake.__exit__(kind, error, trace)

    def _source(self, **given: object) -> JiraSource:
        projects = sorted({issue["fields"]["project"]["key"] for issue in self.issues})
        settings = {"tracker": "jira", "url": self.fake.url, "projects": projects}
        return JiraSource.model_validate({**TERMS, **settings, **given})

    def writes(self) -> int:
        return sum(_is_jira_write(request) for request in self.fake.log)

    def advance(self, amount: timedelta) -> None:
        self.fake.advance(amount.total_seconds())

    def effects(self) -> Effects:
        effects = Effects()
        for issue in self.fake.site.issues.values():
            effects.labels.update((issue.key, label) for label in issue.fields["labels"] if is_ours(label))
            due = day(issue.fields.get("duedate"))
            if due != self.due_before[issue.key]:
                effects.dues[issue.key, due] += 1
            for comment in issue.comments:
                if MARK in comment.properties:
                    effects.comments[issue.key, marked(comment.properties[MARK]["ids"])] += 1
        return effects


class OnCloud(OnJira):
    """Jira Cloud, where the clients are customers."""

    name = "Jira Cloud"

    def __enter__(self) -> Self:
        self.fake = JiraCloud(now=NOW)
        for name in self.clients:
            self.fake.site.person(name.capitalize(), name=name, kind="customer")
        self.source = self._source(email=EMAIL)
        return super().__enter__()

    def tracker(self, policy: Policy) -> Tracker:
        mapping = policy.mappings["jira.toml"]
        assert isinstance(mapping, JiraMapping)
        assert isinstance(self.source, JiraSource)
        return open_jira(self.source, mapping, TOKEN)


class OnDataCenter(OnJira):
    """Jira Data Center, under a context path."""

    name = "Jira Data Center"

    def __enter__(self) -> Self:
        self.fake = JiraDC(now=NOW, context="/jira")
        self.source = self._source()
        return super().__enter__()

    def tracker(self, policy: Policy) -> Tracker:
        mapping = policy.mappings["jira.toml"]
        assert isinstance(mapping, JiraMapping)
        assert isinstance(self.source, JiraSource)
        return open_jira(self.source, mapping, "dc-token")


class OnAsana(OnTracker):
    """One Asana project with an issue a task; the clients are guests."""

    name = "Asana"

    def __enter__(self) -> Self:
        self.fake = AsanaFake(now=NOW)
        self.fake.quota.per_minute = None
        for name in self.clients:
            self.fake.person(name.capitalize(), guest=True)
        project = self.fake.add_project("Issues")
        reporter, engagement = (self.fake.add_field(project, name, "text") for name in ("Reporter", "Project"))
        self.keys: dict[str, str] = {}
        for issue in self.issues:
            gid = self.fake.load_jira(issue, project=project, status="field")
            self.keys[gid] = issue["key"]
            values = self.fake.task(gid).values
            values[reporter] = issue["fields"]["reporter"]["displayName"]
            values[engagement] = issue["fields"]["project"]["name"]
        settings = {"tracker": "asana", "url": self.fake.host, "projects": [project]}
        self.source = AsanaSource.model_validate({**TERMS, **settings})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.fake.__exit__(kind, error, trace)

    def tracker(self, policy: Policy) -> Tracker:
        mapping = policy.mappings["asana.toml"]
        assert isinstance(mapping, AsanaMapping)
        assert isinstance(self.source, AsanaSource)
        return open_asana(self.source, mapping, self.fake.token)

    def key(self, ticket: Ticket) -> str:
        return self.keys[ticket.id]

    def writes(self) -> int:
        return sum(request.method != "GET" for request in self.fake.log)

    def advance(self, amount: timedelta) -> None:
        self.fake.advance(amount.total_seconds())

    def effects(self) -> Effects:
        effects = Effects()
        for gid, key in self.keys.items():
            effects.labels.update((key, tag) for tag in self.fake.tags(gid) if is_ours(tag))
            due = day(self.fake.task(gid).due_on)
            if due != self.due_before[key]:
                effects.dues[key, due] += 1
            effects.comments.update(
                (key, marked(references(said))) for said in self.fake.comments(gid, "makegood")
            )
        return effects


HEADER = (
    "Key", "Project", "Type", "Summary", "Description", "Status", "Priority", "Reporter", "Assignee", "Created",
    "Resolved", "Due", "Labels",
)  # fmt: skip
COMMENT_HEADER = ("Issue", "At", "Author", "Text")


class OnWorkbook(OnTracker):
    """A spreadsheet with an issue a row, instants in whole seconds of UTC, and no history."""

    path: Path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def _opened(self) -> None:
        self.source = WorkbookSource.model_validate({**TERMS, "tracker": "workbook", "path": self.path})

    def tracker(self, policy: Policy) -> Tracker:
        mapping = policy.mappings["workbook.toml"]
        assert isinstance(mapping, WorkbookMapping)
        assert isinstance(self.source, WorkbookSource)
        return open_workbook(self.source, mapping, clock=lambda: NOW)

    def advance(self, amount: timedelta) -> None:
        """A file has no clock."""

    def effects(self) -> Effects:
        effects = Effects()
        for row in self.rows():
            key = str(row["Key"])
            labels = str(row["Labels"] or "").split(", ")
            effects.labels.update((key, label) for label in labels if is_ours(label))
            due = day(row["Due"])
            if due != self.due_before[key]:
                effects.dues[key, due] += 1
        for row in self.said():
            if row.get("Action id"):
                effects.comments[str(row["Issue"]), marked(str(row["Action id"]).split())] += 1
        return effects

    @abstractmethod
    def rows(self) -> list[Json]:
        """The issues as they stand in the file."""

    @abstractmethod
    def said(self) -> list[Json]:
        """The comments as they stand in the file."""

    def _row(self, issue: Json) -> list[Any]:
        fields = issue["fields"]
        return [
            issue["key"],
            fields["project"]["name"],
            fields["issuetype"]["name"],
            fields["summary"],
            fields.get("description"),
            fields["status"]["name"],
            fields["priority"]["name"],
            fields["reporter"]["displayName"],
            self._person(fields.get("assignee")),
            _second(fields["created"]),
            _second(fields.get("resolutiondate")),
            day(fields.get("duedate")),
            ", ".join(fields.get("labels") or ()),
        ]

    def _comments(self, issue: Json) -> list[list[Any]]:
        return [
            [issue["key"], _second(said["created"]), self._person(said["author"]), said["body"]]
            for said in issue["fields"]["comment"]["comments"]
        ]

    def _person(self, shown: Json | None) -> str | None:
        """Staff by name, clients by their address."""
        if shown is None:
            return None
        name: str = shown["name"]
        return f"{name}@client.example" if name in self.clients else name


class OnXlsx(OnWorkbook):
    """An Excel workbook."""

    name = "Excel workbook"

    def __enter__(self) -> Self:
        self.path = self.folder / "issues.xlsx"
        workbook = Workbook()
        issues, comments = workbook.worksheets[0], workbook.create_sheet("Comments")
        said = [comment for issue in self.issues for comment in self._comments(issue)]
        for number, row in enumerate([HEADER, *map(self._row, self.issues)], 1):
            _append(issues, number, row)
        for number, row in enumerate([COMMENT_HEADER, *said], 1):
            _append(comments, number, row)
        workbook.save(self.path)
        self._opened()
        return self

    def writes(self) -> bytes:
        return self.path.read_bytes()

    def rows(self) -> list[Json]:
        return _sheet(self.path, 0)

    def said(self) -> list[Json]:
        return _sheet(self.path, 1)


class OnCsv(OnWorkbook):
    """A `.csv` with its comments beside it."""

    name = "CSV file"

    def __enter__(self) -> Self:
        self.path = self.folder / "issues.csv"
        _save(self.path, [HEADER, *map(self._row, self.issues)])
        _save(self._beside, [COMMENT_HEADER, *(said for issue in self.issues for said in self._comments(issue))])
        self._opened()
        return self

    @property
    def _beside(self) -> Path:
        return self.folder / "issues.comments.csv"

    def writes(self) -> bytes:
        return self.path.read_bytes() + self._beside.read_bytes()

    def rows(self) -> list[Json]:
        return _lines(self.path)

    def said(self) -> list[Json]:
        return _lines(self._beside)


KINDS: tuple[type[OnTracker], ...] = (OnCloud, OnDataCenter, OnAsana, OnXlsx, OnCsv)


def _is_jira_write(request: Request) -> bool:
    return request.method == "PUT" or (request.method == "POST" and request.path.endswith("/comment"))


def _second(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written).astimezone(UTC).replace(microsecond=0, tzinfo=None) if written else None


def _append(sheet: Worksheet, number: int, values: Sequence[Any]) -> None:
    """One row; a text stays a text, whatever it begins with."""
    for column, value in enumerate(values, 1):
        cell = sheet.cell(number, column)
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"


def _sheet(path: Path, number: int) -> list[Json]:
    workbook = load_workbook(path)
    header, *rows = workbook.worksheets[number].values
    workbook.close()
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def _save(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        for row in rows:
            csv.writer(file).writerow([protected(cell) if isinstance(cell, str) else cell for cell in row])


def _lines(path: Path) -> list[Json]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
