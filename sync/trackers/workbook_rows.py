"""From rows to tickets: what the cells of an issue and of its comments say."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync.errors import InvalidError
from sync.legible import inert
from sync.trackers.translate import Item, RawComment, RawPerson, Translation
from sync.trackers.workbook_labels import LabelStyle
from sync.trackers.workbook_table import comment_columns, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sync.mapping.tracker_models import WorkbookMapping
    from sync.ticket import Audience, Ticket
    from sync.trackers.workbook_table import Book, Value

AUTHOR = "makegood"
"""Who our own comments are by; the account that the mapping's people are told apart from."""

_ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"})
_DATES = ("reported", "resolved", "contacted")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_FOLLOW_UP = re.compile(r"Follow-up of (.+)")
_MARK = re.compile(r"[a-z2-7]{6}(?:[a-z2-7]{6})?")


def headers(mapping: WorkbookMapping) -> tuple[dict[str, str], list[str]]:
    """Every column that the mapping names, key -> header text; and the keys of those that may be missing.

    Only `text` and `assignee` may, and only while the mapping does not name them itself.
    """
    columns = {f"columns.{name}": text for name, text in mapping.columns.model_dump().items() if text}
    fields = {f"fields.{name}": text for name, text in mapping.fields.mapped().items()}
    unsaid = {"text", "assignee"} - mapping.columns.model_fields_set
    return columns | fields, [f"columns.{name}" for name in unsaid]


def follow_up_of(issue: str) -> str:
    """What the row of comments says that proves a follow-up of this issue."""
    return f"Follow-up of {issue}"


def moment(value: Value, date_format: str | None) -> datetime | date:
    """What a cell says of time: a date, or a time of a day. ValueError, in words, if it says neither."""
    found: datetime | date | None = None
    if isinstance(value, date):
        found = value
    elif isinstance(value, str):
        found = _read_text(value.strip(), date_format)
    if found is None:
        expected = f"ISO or {date_format}" if date_format else "ISO, as in 2024-05-31"
        raise ValueError(f"{inert(shown(value))!r} is no date ({expected})")
    if not 1900 <= found.year <= 9998:
        raise ValueError(f"{inert(shown(value))!r} is no date of our time")
    if isinstance(found, datetime) and found.tzinfo is None and found.time() == time():
        return found.date()
    return found


def _read_text(text: str, date_format: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        try:
            return datetime.strptime(text, date_format) if date_format else None  # noqa: DTZ007 - the zone comes later
        except ValueError:
            return None


def instant(at: datetime | date, zone: ZoneInfo) -> datetime:
    """The moment in UTC; a date alone is the beginning of its day, a time without a zone is meant in `zone`."""
    if not isinstance(at, datetime):
        at = datetime.combine(at, time())
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is the same for every row: the file's address and who can read it."""

    url: str
    audience: Audience


class Contents:
    """The rows of a book by issue, as they were at one moment."""

    def __init__(self, book: Book, mapping: WorkbookMapping, setting: Setting, translation: Translation) -> None:
        self.book = book
        self._table, self._columns = book.issues, book.columns
        self._mapping, self._setting, self._translation = mapping, setting, translation
        self._zone = ZoneInfo(mapping.zone)
        self.labels = LabelStyle.of(self.text(row, "columns.labels") for row in self._table.rows)
        self.rows: dict[str, list[int]] = {}
        self.nameless: list[int] = []
        for row in self._table.rows:
            if issue := self.text(row, "columns.id").strip():
                self.rows.setdefault(issue, []).append(row)
            elif any(self.text(row, key).strip() for key in self._columns):
                self.nameless.append(row)
        self._said: dict[str, list[tuple[str, dict[str, Value]]]] = {}
        self.follow_ups: dict[str, dict[str, str]] = {}
        self._made_by_us: set[str] = set()
        for table in book.comments:
            columns = comment_columns(table)
            for row in table.rows:
                said = {name: table.value(row, column) for name, column in columns.items()}
                if not self._proves_follow_up(said):
                    issue = shown(said["Issue"]).strip()
                    self._said.setdefault(issue, []).append((f"{table.where}, row {row}", said))

    def value(self, row: int, key: str) -> Value:
        """One cell of the issues by its key in the mapping; an error such as #N/A counts as empty."""
        value = self._table.value(row, self._columns.get(key))
        return None if isinstance(value, str) and value in _ERRORS else value

    def text(self, row: int, key: str) -> str:
        """The same as text."""
        return shown(self.value(row, key))

    def _proves_follow_up(self, said: Mapping[str, Value]) -> bool:
        """Whether a row of comments is no comment, but keeps the mark of a follow-up of ours."""
        marks, found = _marks(said), _FOLLOW_UP.fullmatch(shown(said["Text"]).strip())
        if not (marks and found and shown(said.get("Author")).strip() == AUTHOR):
            return False
        made = shown(said["Issue"]).strip()
        self.follow_ups.setdefault(found[1], {}).update(dict.fromkeys(marks, made))
        self._made_by_us.add(made)
        return True

    @property
    def commented(self) -> dict[str, list[str]]:
        """Issue -> where its comments stand, whether or not there is such an issue."""
        return {issue: [where for where, _ in entries] for issue, entries in self._said.items()}

    def comments(self, issue: str) -> list[RawComment]:
        """The comments of one issue as they stand, even if its row is gone or cannot be read."""
        try:
            created = self._instant(self.rows[issue][0], "columns.created")
        except (KeyError, InvalidError):
            created = _LONG_AGO
        return list(self._comments(issue, created, []))

    def ticket(self, issue: str) -> Ticket:
        """The issue as a ticket; InvalidError, naming the row and the remedy, if it cannot be read as one."""
        rows = self.rows[issue]
        if len(rows) > 1:
            listed = " and ".join(map(str, rows))
            raise InvalidError(f"rows {listed} have the same ID {issue!r}; give each issue an ID of its own")
        try:
            ticket = self._translation.ticket(self._item(issue, rows[0]))
        except (InvalidError, OverflowError) as fault:
            raise InvalidError(f"row {rows[0]}: {fault}") from None
        ticket = replace(ticket, follow_up=ticket.follow_up or issue in self._made_by_us)
        return replace(ticket, version=_version(ticket))

    def _item(self, issue: str, row: int) -> Item:
        problems: list[str] = []
        created = self._instant(row, "columns.created")
        comments = tuple(self._comments(issue, created, problems))
        return Item(
            id=issue,
            key=issue,
            url=self._setting.url,
            title=self.text(row, "columns.title").strip(),
            text=self.text(row, "columns.text"),
            status=self.text(row, "columns.status").strip(),
            created=created,
            updated=self._updated(row, [created, *(comment.at for comment in comments)], problems),
            version="",
            kind=self.text(row, "columns.type").strip(),
            reporter=person(self.text(row, "columns.reporter")),
            assignee=person(self.text(row, "columns.assignee")),
            labels=frozenset(self.labels.labels(self.text(row, "columns.labels"))),
            due=self._due(row),
            values=self._values(row),
            comments=comments,
            audiences=frozenset({self._setting.audience}),
            problems=tuple(problems),
        )

    def _instant(self, row: int, key: str) -> datetime:
        header = getattr(self._mapping.columns, key.removeprefix("columns."))
        value = self.value(row, key)
        if not shown(value).strip():
            raise InvalidError(f"{header!r} is empty; write the day the issue was reported")
        try:
            return instant(moment(value, self._mapping.date_format), self._zone)
        except ValueError as fault:
            raise InvalidError(f"{header!r}: {fault}; write a date, or set date_format in the mapping") from None

    def _updated(self, row: int, known: list[datetime], problems: list[str]) -> datetime:
        if self.text(row, "columns.updated").strip():
            try:
                return self._instant(row, "columns.updated")
            except InvalidError as fault:
                problems.append(str(fault))
        return max(known)

    def _due(self, row: int) -> date | str | None:
        value = self.value(row, "columns.due")
        try:
            at = moment(value, self._mapping.date_format)
        except ValueError:
            return shown(value).strip() or None
        if isinstance(at, datetime):
            return (at.astimezone(self._zone) if at.tzinfo else at).date()
        return at

    def _values(self, row: int) -> dict[str, str]:
        values = {}
        for name, header in self._mapping.fields.mapped().items():
            value = self.value(row, f"fields.{name}")
            text = shown(value)
            if name in _DATES or isinstance(value, datetime):
                text = self._dated(value) or text
            values[header] = text
        return values

    def _dated(self, value: Value) -> str:
        try:
            at = moment(value, self._mapping.date_format)
        except ValueError:
            return ""
        if isinstance(at, datetime) and at.tzinfo is None:
            at = at.replace(tzinfo=self._zone)
        return at.isoformat()

    def _comments(self, issue: str, created: datetime, problems: list[str]) -> Iterator[RawComment]:
        seen: dict[str, int] = {}
        taken: set[datetime] = set()
        for where, said in self._said.get(issue, ()):
            marks = _marks(said)
            try:
                day = moment(said["At"], self._mapping.date_format)
            except ValueError as fault:
                problems.append(f"{where}: At {fault}; write when it was said")
                if not marks:
                    continue
                day = created
            author = shown(said.get("Author")).strip()
            identity = marks[0] if marks else comment_id(issue, instant(day, self._zone), author, seen)
            at = self._after_report(day, created)
            while at in taken:  # rows of one minute, or of one day, keep the order that they stand in
                at += timedelta(microseconds=1)
            taken.add(at)
            yield RawComment(identity, at, person(author), shown(said["Text"]), self._setting.audience, marks)

    def _after_report(self, day: datetime | date, created: datetime) -> datetime:
        """On the day of the report itself, a date alone means: not before the report."""
        if not isinstance(day, datetime) and day == created.astimezone(self._zone).date():
            return created
        return instant(day, self._zone)


def _marks(said: Mapping[str, Value]) -> tuple[str, ...]:
    return tuple(word for word in shown(said.get("Action id")).split() if _MARK.fullmatch(word))


def person(text: str) -> RawPerson | None:
    """Who a cell names: the text is id and name at once, and an e-mail address if it looks like one."""
    name = text.strip()
    return RawPerson(name, name, name if "@" in name else "") if name else None


def comment_id(issue: str, at: datetime, author: str, seen: dict[str, int]) -> str:
    """An id that stays when rows are sorted or a text is corrected: issue, moment, author, and which of equals."""
    key = f"{issue}\x1f{at.isoformat()}\x1f{author}"
    seen[key] = seen.get(key, 0) + 1
    return blake2b(f"{key}\x1f{seen[key]}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _version(ticket: Ticket) -> str:
    """A digest of all that the ticket says; where it lies and what the source is called do not count."""
    said = replace(ticket, source="", site="", url="", version="", labels=frozenset(), audiences=frozenset())
    text = f"{said!r}{sorted(ticket.labels)}{sorted(ticket.audiences)}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
