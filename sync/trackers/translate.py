"""From a record in a tracker's words to a `Ticket`, by the mapping; the same for every tracker."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple
from zoneinfo import ZoneInfo

from sync.errors import InvalidError
from sync.legible import inert, whole
from sync.ticket import Audience, Change, Comment, Person, Side, Status, Ticket

if TYPE_CHECKING:
    from collections.abc import Mapping as Values

    from sync.mapping.tracker_models import Mapping, People


class RawPerson(NamedTuple):
    """A user as the tracker shows it. `kind` is what the tracker itself knows about it."""

    id: str
    name: str
    email: str = ""
    kind: Literal["user", "customer", "app"] = "user"


class RawComment(NamedTuple):
    """A comment whose text is already plain; `at` aware UTC; `edited` as a `Comment` has it."""

    id: str
    at: datetime
    author: RawPerson | None
    text: str
    audience: Audience
    marks: tuple[str, ...] = ()
    edited: bool | None = None


class RawChange(NamedTuple):
    """A change of one field, named as the tracker names it (`column`), values as people see them."""

    id: str
    at: datetime
    author: RawPerson | None
    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Item:
    """One record in the tracker's words. `values`: every mapped tracker field that has one, as text.

    `columns` in `changes` that stand for status, labels, assignee and due date are named exactly so
    (`status`, `labels`, `assignee`, `due`) by the adapter; all others carry the tracker's own field name as the
    mapping writes it.
    """

    id: str
    key: str
    url: str
    title: str
    text: str
    status: str
    created: datetime
    updated: datetime
    version: str
    kind: str = ""
    reporter: RawPerson | None = None
    assignee: RawPerson | None = None
    labels: frozenset[str] = frozenset()
    due: str | date | None = None
    resolved: datetime | None = None
    values: Values[str, str] = field(default_factory=dict)
    comments: tuple[RawComment, ...] = ()
    changes: tuple[RawChange, ...] = ()
    complete_since: datetime | None = None
    audiences: frozenset[Audience] = frozenset()
    ledger: Values[str, object] | None = None
    problems: tuple[str, ...] = ()


NOBODY = Person("", "", "unknown")

FOLLOW_UP = "follow_up"
"""In what a tracker keeps for us on an issue, the mark of the follow-up that it is."""

RESERVED = frozenset({"status", "labels", "assignee", "due"})
"""Columns that an adapter names so; no mapped field takes their history over."""


class Translation:
    """Reads one source's records by its mapping.

    `me` is the id of the account that makegood writes with; `zone` the one in which bare dates are meant;
    `date_format` reads dates in text fields that are not ISO.
    """

    def __init__(  # noqa: PLR0913 - facts of one source
        self,
        mapping: Mapping,
        *,
        source: str,
        site: str,
        me: str,
        zone: str = "UTC",
        date_format: str | None = None,
    ) -> None:
        self._mapping = mapping
        self._source = source
        self._site = site
        self._me = me
        self._zone = ZoneInfo(zone)
        self._date_format = date_format
        self._fields = mapping.fields.mapped()
        self._columns = {column.casefold(): name for name, column in self._fields.items()}
        self._statuses = {
            name.casefold(): Status(meaning)
            for meaning in type(mapping.status).model_fields
            for name in getattr(mapping.status, meaning)
        }
        self._people: dict[RawPerson, Person] = {}
        self._follow_up = {f"{prefix}follow-up" for prefix in mapping.labels.prefixes}

    def ticket(self, item: Item) -> Ticket:
        """The record as a ticket. InvalidError, with the remedy, if its status is in no list of the mapping."""
        status = self._statuses.get(item.status.casefold())
        if status is None:
            raise InvalidError(
                f"status {inert(item.status)!r} is in no list of the mapping's [status]; "
                "add it there under open, in_progress, waiting, resolved or closed",
            )
        fields = {
            name: whole(value.strip())
            for name, column in self._fields.items()
            if (value := item.values.get(column)) and value.strip()
        }
        problems = list(item.problems)
        reported = self._instant(fields.get("reported"), "reported", problems)
        due = self._day(item.due, problems)
        return Ticket(
            source=self._source,
            site=self._site,
            id=item.id,
            key=item.key,
            url=item.url,
            title=whole(item.title),
            text=whole(item.text),
            status=status,
            created=item.created,
            updated=item.updated,
            version=item.version,
            reported=min(reported, item.created) if reported else None,
            client=fields.get("client"),
            engagement=fields.get("engagement"),
            kind=item.kind,
            reporter=self.person(item.reporter) if item.reporter else None,
            assignee=self.person(item.assignee) if item.assignee else None,
            labels=frozenset(map(whole, item.labels)),
            due=due,
            due_text="" if due or not item.due else str(item.due),
            resolved=self._instant(fields.get("resolved"), "resolved", problems) or item.resolved,
            fields=fields,
            comments=tuple(self.comment(raw) for raw in sorted(item.comments, key=_in_order)),
            changes=self._changes(item.changes, problems),
            complete_since=item.complete_since,
            audiences=item.audiences,
            ledger=item.ledger,
            problems=tuple(problems),
            follow_up=FOLLOW_UP in (item.ledger or {}) or not self._follow_up.isdisjoint(item.labels),
        )

    def comment(self, raw: RawComment) -> Comment:
        """The comment with its author's side; one that carries a mark of ours is ours."""
        author = self.person(raw.author)
        if raw.marks and author.side != "us":
            author = Person(author.id, author.name, "us")
        return Comment(raw.id, raw.at, author, whole(raw.text), raw.audience, raw.marks, raw.edited)

    def person(self, raw: RawPerson | None) -> Person:
        """The user with the side that the mapping gives it."""
        if raw is None:
            return NOBODY
        if raw not in self._people:
            self._people[raw] = Person(raw.id, whole(raw.name), side_of(raw, self._mapping.people, self._me))
        return self._people[raw]

    def _changes(self, raws: tuple[RawChange, ...], problems: list[str]) -> tuple[Change, ...]:
        changes = []
        for raw in sorted(dict.fromkeys(raws), key=_in_order):
            name, before, after = raw.column, whole(raw.before), whole(raw.after)
            if name not in RESERVED:
                name = self._columns.get(name.casefold(), name)
            said = f"{before or '–'} → {after or '–'}"
            if name == "status":
                before, after = self._past_status(before, problems), self._past_status(after, problems)
            changes.append(Change(raw.id, raw.at, self.person(raw.author), name, before, after, said))
        return tuple(changes)

    def _past_status(self, name: str, problems: list[str]) -> Status:
        known = self._statuses.get(name.casefold())
        if known is None:
            word = f"history: status {inert(name)!r} is in no list of [status]; counted as open"
            if word not in problems:
                problems.append(word)
        return known or Status.OPEN

    def _instant(self, value: str | None, name: str, problems: list[str]) -> datetime | None:
        if not value:
            return None
        at = self._moment(value)
        if at is None:
            problems.append(f"{name}: {inert(value)!r} is no date; it is read as empty")
            return None
        try:
            return (at if at.tzinfo else at.replace(tzinfo=self._zone)).astimezone(UTC)
        except OverflowError:
            problems.append(f"{name}: {inert(value)!r} lies outside every calendar; it is read as empty")
            return None

    def _moment(self, value: str) -> datetime | None:
        with suppress(ValueError):
            return datetime.fromisoformat(value)
        if self._date_format:
            with suppress(ValueError):
                return datetime.strptime(value, self._date_format).replace(tzinfo=self._zone)
        return None

    def _day(self, value: str | date | None, problems: list[str]) -> date | None:
        if value is None or value == "":
            return None
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=self._zone)).astimezone(self._zone).date()
        if isinstance(value, date):
            return value
        at = self._instant(value.strip(), "due date", problems)
        return at.astimezone(self._zone).date() if at else None


def _in_order(raw: RawComment | RawChange) -> tuple[datetime, int, str]:
    """Oldest first; of one instant, numbers as ids in their order."""
    return raw.at, len(raw.id), raw.id


def side_of(raw: RawPerson, people: People, me: str) -> Side:
    """Whose side a user is on: ourselves first, then the mapping's lists, then what the tracker knows."""
    if raw.id and raw.id == me:
        return "us"
    names = {raw.id, "@" + raw.email.rpartition("@")[2].casefold() if raw.email else ""}
    listed: tuple[tuple[Side, list[str]], ...] = (
        ("machine", people.machines),
        ("staff", people.staff),
        ("client", people.clients),
    )
    for side, entries in listed:
        if names & {entry.casefold() if entry.startswith("@") else entry for entry in entries}:
            return side
    if raw.kind == "customer":
        return "client"
    return "machine" if raw.kind == "app" else people.everyone_else
