"""From Jira's JSON to `Item`: one issue with its comments and its history, whatever it lacks."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from sync.action import Failed
from sync.errors import InvalidError
from sync.ticket import Audience
from sync.trackers.jira_markup import from_adf
from sync.trackers.translate import Item, RawChange, RawComment, RawPerson, Translation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sync.ticket import Comment, Ticket
    from sync.trackers.jira_fields import Columns

Json = dict[str, Any]
MARK = "makegood"
"""The key of our property on comments (`{"ids": [...]}`) and of the ledger on issues."""
PUBLIC = "sd.public.comment"
"""The service desk's own comment property; `{"internal": true}` hides the comment from the portal."""

DESK = "service_desk"
"""The type of the projects whose issues customers read in a portal."""
_ORDINARY = ("software", "business", "product_discovery")

_AT_ONCE = timedelta(seconds=1)
"""Jira may note the last change of a comment that nobody changed a moment later than its making *(ours)*."""

_NAMES = ("value", "displayName", "name", "title", "key", "requestType", "id")

BROKEN = (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError, RecursionError)
"""What reading a record raises that lacks a piece or has it in another shape."""


def instant(written: object) -> datetime:
    """`2026-03-02T10:00:00.000+0100`, or seconds or milliseconds since 1970, as aware UTC; else ValueError."""
    if isinstance(written, str):
        at = datetime.fromisoformat(written)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    if isinstance(written, (int, float)) and not isinstance(written, bool):
        return datetime.fromtimestamp(written / 1000 if written > 1e11 else written, UTC)
    raise ValueError(f"{written!r} is no instant")


def person(user: object) -> RawPerson | None:
    """An account: by `accountId` on Cloud, by its immutable `key` on Data Center; None for nobody."""
    if not isinstance(user, dict):
        return None
    number = identity(user.get("accountId") or user.get("key") or user.get("name"))
    kinds: dict[object, Literal["user", "customer", "app"]] = {"customer": "customer", "app": "app"}
    kind = kinds.get(user.get("accountType"), "user")
    name = str(user.get("displayName") or number or "somebody")
    return RawPerson(number, name, str(user.get("emailAddress") or ""), kind)


def identity(value: object) -> str:
    """An id or a key as text; empty for whatever can be none."""
    return str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _known(value: object) -> str:
    if known := identity(value):
        return known
    raise ValueError("it has no id or key that could be one")


def text_of(value: object) -> str:
    """A field's value as people see it; several joined by commas, a document as plain text, nothing as empty."""
    match value:
        case str():
            text = value
        case None:
            text = ""
        case bool():
            text = "yes" if value else "no"
        case float() if value.is_integer():
            text = str(int(value))
        case list():
            text = ", ".join(filter(None, map(text_of, value)))
        case dict():
            text = _shown(value)
        case _:
            text = str(value)
    return text


def _shown(value: Json) -> str:
    if value.get("type") == "doc":
        return from_adf(value)
    if value.get("value") and isinstance(value.get("child"), dict):
        return f"{value['value']} / {text_of(value['child'])}"
    held = (value[name] for name in _NAMES if value.get(name) is not None)
    return next(filter(None, map(text_of, held)), "")


@dataclass(frozen=True, slots=True)
class Circles:
    """Who can read what on one source: the proof is the project's kind and what the source states of itself."""

    staff_only: bool
    restricted: bool

    def on(self, *, desk: bool) -> frozenset[Audience]:
        """The circles to which a comment can be confined. On a service desk no visibility hides anything."""
        if desk:
            return frozenset({Audience.INTERNAL, Audience.CLIENT})
        ordinary = Audience.INTERNAL if self.staff_only else Audience.CLIENT
        return frozenset({ordinary, Audience.RESTRICTED} if self.restricted else {ordinary})

    def of(self, comment: Json, *, desk: bool) -> Audience | None:
        """Who can read a comment; None where Jira shows neither of a service desk's two signs."""
        internal = _internal(comment)
        if desk:
            return None if internal is None else Audience.INTERNAL if internal else Audience.CLIENT
        if comment.get("visibility") is not None:
            return Audience.RESTRICTED
        return Audience.INTERNAL if self.staff_only or internal else Audience.CLIENT


def _internal(comment: Json) -> bool | None:
    public = comment.get("jsdPublic")
    if isinstance(public, bool):
        return not public
    held = properties_of(comment)
    if held is None:
        return None
    if PUBLIC not in held:
        return False
    value = held[PUBLIC]
    said = value.get("internal") if isinstance(value, dict) else None
    return said if isinstance(said, bool) else {"true": True, "false": False}.get(str(said))


def properties_of(comment: Json) -> Json | None:
    """A comment's properties by key; None if Jira did not send a list of them that can be read."""
    held = comment.get("properties")
    if not isinstance(held, list) or not all(isinstance(one, dict) for one in held):
        return None
    return {str(one.get("key")): one.get("value") for one in held}


def fields_of(issue: Json) -> Json:
    """An issue's fields; none where Jira sent something else."""
    fields = issue.get("fields")
    return fields if isinstance(fields, dict) else {}


def project_of(fields: Json) -> Json:
    """The project that an issue lies in, as far as Jira shows it."""
    project = fields.get("project")
    return project if isinstance(project, dict) else {}


def on_desk(fields: Json) -> bool:
    """Whether the issue lies in a service desk project, where customers read it in a portal.

    InvalidError where Jira does not say so in a way that we know: who would read a comment there?
    """
    kind = project_of(fields).get("projectTypeKey")
    if kind not in (DESK, *_ORDINARY):
        raise InvalidError(
            f"Jira calls its project's type {identity(kind)!r}, and who reads comments there is unknown"
        )
    return bool(kind == DESK)


def ledger_of(issue: Json) -> Json | None:
    """What we keep on the issue; None if there is nothing yet, or Jira did not send it."""
    held = issue.get("properties")
    ledger = held.get(MARK) if isinstance(held, dict) else None
    return ledger if isinstance(ledger, dict) else None


def records(page: object, name: str) -> list[Json]:
    """The objects in a list inside a record; null, or anything else where one was, counts as nothing."""
    found = page.get(name) if isinstance(page, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def shown(page: object, name: str) -> bool:
    """Whether a list inside a record was sent at all."""
    return isinstance(page, dict) and isinstance(page.get(name), list)


def missing(page: object, name: str) -> int:
    """How many entries Jira left out of a list inside a record, by the total that it states."""
    total = page.get("total") if isinstance(page, dict) else None
    return max(0, total - len(records(page, name))) if isinstance(total, int) else 0


def version(issue: Json, updated: datetime, *, whole_seconds: bool) -> str:
    """Changes whenever the issue does; `updated` is when that was last, in UTC.

    With `whole_seconds` the same from a search, which cuts `updated`, and from a read by id, which does not; the
    numbers of comments and changes then tell apart what happened within one second.
    """
    if not whole_seconds:
        return updated.isoformat(timespec="milliseconds")
    comments, changes = issue["fields"].get("comment"), issue.get("changelog")
    counts = (
        len(records(comments, "comments")) + missing(comments, "comments"),
        len(records(changes, "histories")) + missing(changes, "histories"),
    )
    return f"{updated.isoformat(timespec='seconds')}/{counts[0]}/{counts[1]}"


class Reading:
    """Reads issues of one source. `address` is where people open them; `projects` the keys that belong to it."""

    def __init__(
        self,
        translation: Translation,
        columns: Columns,
        circles: Circles,
        *,
        address: str,
        whole_seconds: bool,
    ) -> None:
        self._translation = translation
        self._columns = columns
        self._history = columns.history()
        self._circles = circles
        self._address = address
        self._whole_seconds = whole_seconds
        self._people: dict[tuple[str, object], RawPerson | None] = {}

    def tickets(self, issues: Iterable[Json]) -> tuple[list[Ticket], list[Failed]]:
        """Those that can be read, and a sentence for each that cannot."""
        tickets, failed = [], []
        for issue in issues:
            try:
                tickets.append(self._translation.ticket(self._item(issue)))
            except InvalidError as error:
                failed.append(unread(issue, str(error)))
            except BROKEN as error:
                why = f"its record cannot be read ({type(error).__name__}: {error}); look at it in Jira"
                failed.append(unread(issue, why))
        return tickets, failed

    def comment(self, raw: Json, *, desk: bool) -> RawComment:
        """A comment. One whose circle Jira does not show counts as internal: no proof that a client read it."""
        return RawComment(
            _known(raw["id"]),
            instant(raw["created"]),
            self._person(raw.get("author")),
            from_adf(raw.get("body")),
            self._circles.of(raw, desk=desk) or Audience.INTERNAL,
            _marks(properties_of(raw) or {}),
            _edited(raw),
        )

    def heard(self, raw: Json, *, desk: bool) -> Comment:
        """A comment with its author's side."""
        return self._translation.comment(self.comment(raw, desk=desk))

    def _item(self, issue: Json) -> Item:
        fields, problems = issue["fields"], list(issue.get("problems", ()))
        if not isinstance(fields, dict) or not isinstance(fields.get("status"), dict):
            raise InvalidError("Jira shows no status for it; the account may lack a right to its project")
        if not shown(fields.get("comment"), "comments"):
            raise InvalidError("Jira does not show its comments; the account may lack a right to them")
        desk = on_desk(fields)
        key, updated = _known(issue["key"]), instant(fields["updated"])
        values = {column: text_of(fields.get(number)) for column, number in self._columns.ids.items()}
        return Item(
            id=_known(issue["id"]),
            key=key,
            url=f"{self._address}/browse/{key}",
            title=text_of(fields.get("summary")),
            text=from_adf(fields.get("description")),
            status=text_of(fields["status"]),
            created=instant(fields["created"]),
            updated=updated,
            version=version(issue, updated, whole_seconds=self._whole_seconds),
            kind=text_of(fields.get("issuetype")),
            reporter=self._person(fields.get("reporter")),
            assignee=self._person(fields.get("assignee")),
            labels=_labels(fields.get("labels")),
            due=text_of(fields.get(self._columns.due)) or None,
            resolved=instant(fields["resolutiondate"]) if fields.get("resolutiondate") else None,
            values={column: text for column, text in values.items() if text},
            comments=tuple(self._comments(fields.get("comment"), problems, desk=desk)),
            changes=tuple(self._changes(issue.get("changelog"), problems)),
            complete_since=_complete_since(issue, updated),
            audiences=self._circles.on(desk=desk),
            ledger=ledger_of(issue),
            problems=tuple(problems),
        )

    def _comments(self, page: object, problems: list[str], *, desk: bool) -> Iterator[RawComment]:
        for raw in records(page, "comments"):
            try:
                yield self.comment(raw, desk=desk)
            except BROKEN:
                problems.append(f"comment {raw.get('id')} cannot be read; it is left out")

    def _changes(self, log: object, problems: list[str]) -> Iterator[RawChange]:
        for history in records(log, "histories"):
            try:
                yield from self._change(history)
            except BROKEN:
                problems.append(f"change {history.get('id')} of the history cannot be read; it is left out")

    def _change(self, history: Json) -> Iterator[RawChange]:
        at: datetime | None = None
        for number, item in enumerate(records(history, "items")):
            column = self._history.get(self._field(item))
            if column is None:
                continue
            if at is None:
                at, author = instant(history["created"]), self._person(history.get("author"))
            worded = _day if column == "due" else _words
            before, after = worded(item, "from"), worded(item, "to")
            yield RawChange(f"{_known(history['id'])}.{number}", at, author, column, before, after)

    def _person(self, user: object) -> RawPerson | None:
        if not isinstance(user, dict):
            return None
        known = str(user.get("accountId") or user.get("key")), user.get("displayName")
        if known not in self._people:
            self._people[known] = person(user)
        return self._people[known]

    def _field(self, item: Json) -> str:
        if number := item.get("fieldId"):
            return str(number)
        logged = str(item.get("field") or "").casefold()
        return self._columns.logged.get(logged, "") if item.get("fieldtype") == "custom" else logged


def _marks(held: Json) -> tuple[str, ...]:
    """Our marks among a comment's properties. One that cannot be read is not taken for none."""
    if MARK not in held:
        return ()
    marks = held[MARK]["ids"]
    if not isinstance(marks, list) or not all(isinstance(mark, str) for mark in marks):
        raise ValueError("our mark on it cannot be read")
    return tuple(marks)


def _edited(raw: Json) -> bool | None:
    """Whether a comment was changed after it was written; None if Jira does not say when."""
    if not raw.get("updated"):
        return None
    return instant(raw["updated"]) - instant(raw["created"]) > _AT_ONCE


def _labels(held: object) -> frozenset[str]:
    if held is not None and not isinstance(held, list):
        raise ValueError("its labels are no list")
    return frozenset(label for label in held or () if isinstance(label, str) and label)


def _words(item: Json, end: str) -> str:
    return text_of(item.get(f"{end}String"))


def _day(item: Json, end: str) -> str:
    """A due date as a change of it was logged: old Jiras left out all but words, `2008-07-11 00:00:00.0`."""
    if logged := text_of(item.get(end)):
        return logged
    try:
        return date.fromisoformat(_words(item, end)[:10]).isoformat()
    except ValueError:
        return ""


def _complete_since(issue: Json, updated: datetime) -> datetime | None:
    log = issue.get("changelog")
    if shown(log, "histories") and not missing(log, "histories"):
        return None
    known = [updated]
    for history in records(log, "histories"):
        with suppress(*BROKEN):
            known.append(instant(history["created"]))
    return min(known)


def unread(issue: Json, why: str) -> Failed:
    """The failure of one issue, known by its id, with the key for people."""
    number = identity(issue.get("id"))
    return Failed(number, "read", why, identity(issue.get("key")) or number or "an issue without id and key")
