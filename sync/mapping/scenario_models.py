"""The schema of the tests beside the mapping, `mappings/tests/*.toml`: what a team expects of its own files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from sync.mapping.parts import Amount, Complaint, Strict, Zone
from sync.ticket import Category, Language, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"(?:(mon|tue|wed|thu|fri|sat|sun) +)?([01]?\d|2[0-3]):([0-5]\d)", re.IGNORECASE)
_WEEK = 7

MOMENTS = '"+4h" (from the opening on), "Mon 09:00" or "09:00" (the next there is), or 2026-03-30T09:00:00'


@dataclass(frozen=True, slots=True)
class When:
    """A moment as a test writes it: after the opening, the next such time of day, or a date and time."""

    written: str | datetime
    after: timedelta | None = None
    day: int | None = None
    clock: time | None = None

    @classmethod
    def parse(cls, written: object) -> Self:
        """Read one of `MOMENTS`; ValueError otherwise."""
        match written:
            case When():
                return cls(written.written, written.after, written.day, written.clock)
            case datetime():
                return cls(written)
            case str() if written.startswith("+"):
                return cls(written, after=Amount.parse(written[1:]).elapsed())
            case str() if found := _CLOCK.fullmatch(written.strip()):
                day, hour, minute = found.groups()
                clock = time(int(hour), int(minute))
                return cls(written, day=_DAYS.index(day.casefold()) if day else None, clock=clock)
            case _:
                raise ValueError(f"{written!r} is no moment; write {MOMENTS}")

    def instant(self, opened: datetime, before: datetime, zone: ZoneInfo) -> datetime:
        """The moment in UTC; a time of day is the next one at or after `before`, in that zone."""
        match self:
            case When(after=timedelta() as after):
                return opened + after
            case When(clock=time() as clock):
                first = before.astimezone(zone)
                days = (first.date() + timedelta(days=number) for number in range(_WEEK + 1))
                times = (datetime.combine(day, clock, zone) for day in days if self.day in (None, day.weekday()))
                return next(at.astimezone(UTC) for at in times if at >= before)
            case When(written=datetime() as at):
                return in_zone(at, zone)
        raise AssertionError(self)


def in_zone(at: datetime, zone: ZoneInfo) -> datetime:
    """An instant in UTC; one that is written without a zone is meant in this one."""
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _shown(when: When) -> str:
    return str(when.written)


At = Annotated[
    When,
    BeforeValidator(When.parse),
    PlainSerializer(_shown, return_type=str),
    WithJsonSchema(
        {
            "title": "moment",
            "anyOf": [
                {"type": "string"},
                *({"type": "string", "format": f"date-time{each}"} for each in ("", "-local")),
            ],
            "examples": ["+4h", "Mon 09:00", "09:00"],
        }
    ),
]


def _listed(written: object) -> object:
    return [written] if isinstance(written, str) else written


Names = Annotated[
    list[str],
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""One name, or a list of them."""

NO_DATE = "none"
"""What a test writes for a due date that is not there."""


def _dated(written: object) -> object:
    if written == NO_DATE or (isinstance(written, date) and not isinstance(written, datetime)):
        return written
    raise ValueError(f'write a date without quotes, such as 2026-03-30, or "{NO_DATE}"')


DueDate = Annotated[
    Any,
    BeforeValidator(_dated),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"const": NO_DATE}]}),
]


class Setting(Strict):
    """The source that tickets are from, as `config.toml` would describe it."""

    tracker: Literal["jira", "asana", "workbook"] = "jira"
    """The tracker that they are from: `jira`, `asana` or `workbook`."""
    mapping: str = ""
    """The tracker's mapping file; by default the tracker's own, such as `jira.toml`.

    Example: "jira-internal.toml"
    """
    readers: Literal["staff", "staff-and-clients"] = "staff"
    """Who can read them there: `staff`, or `staff-and-clients`."""
    due: Literal["next_promise", "resolution", "off"] = "next_promise"
    """What the due date means there: `next_promise`, `resolution` or `off`."""
    zone: Zone | None = None
    """The zone of the source and of the times in tests; by default that of the calendar of escalation.toml."""
    language: Language = "en"
    """The language of comments for staff."""
    calendar: str | None = None
    """The calendar of the source; without it that of escalation.toml. Example: "berlin"."""
    comments: list[Literal["restricted", "internal", "client"]] = ["restricted", "internal"]
    """The circles to which a comment can be confined there: `restricted`, `internal`, `client`.

    Example: ["internal"]
    """

    @property
    def file(self) -> str:
        """The mapping file that is read for it."""
        return self.mapping or f"{self.tracker}.toml"


class Happening(Strict):
    """What somebody does on a ticket."""

    at: At
    """When."""
    by: str = "staff"
    """`staff`, `client`, `machine`, or a name: then it is somebody of the staff. Example: "client"."""
    comment: str = ""
    """A comment is written. Example: "/mine"."""
    to: Literal["internal", "client"] = "internal"
    """Who can read a comment of the staff: `internal` or `client`."""
    status: Literal["open", "in_progress", "waiting", "resolved", "closed"] | None = None
    """The status becomes this: `open`, `in_progress`, `waiting`, `resolved` or `closed`."""
    label: Names = []
    """Labels are put. Example: "verified"."""
    unlabel: Names = []
    """Labels are taken off. Example: "esc:high"."""
    due: DueDate = None
    """The due date is set, or taken away with `none`. Example: 2026-03-30"""
    owner: str | None = None
    """Somebody becomes the owner. Example: "Consultant 3"."""
    fields: dict[str, str] = {}
    """Other fields are set. Example: { root_cause = "a missing check" }"""

    def complaints(self) -> Iterator[Complaint]:
        """Somebody who does nothing."""
        if not self.model_fields_set - {"at", "by", "to"}:
            yield ("at",), "nothing happens here; add comment, status, label, due, owner or fields"


class Told(Strict):
    """A ticket as it came in, and what people did on it."""

    opened: datetime
    """When it was made; without a zone in that of the source. Example: 2026-03-02T09:00:00"""
    reported: datetime | None = None
    """When the client said it, if that was before. Example: 2026-03-01T18:00:00"""
    title: str = ""
    """Its title. Example: "Monthly invoice shows last year's rate"."""
    text: str = ""
    """Its description. Example: "We were promised the new rate."."""
    client: str | None = None
    """Its client, by name or alias. Example: "Client A"."""
    engagement: str | None = None
    """Its engagement, by name or alias. Example: "Order portal"."""
    kind: str = ""
    """Its type. Example: "Bug"."""
    owner: str = ""
    """Who owns it. Example: "Consultant 3"."""
    status: Literal["open", "in_progress", "waiting"] = "open"
    """Its status: `open`, `in_progress` or `waiting`."""
    labels: list[str] = []
    """The labels that it has. Example: ["regulator"]"""
    due: DueDate = None
    """The due date, or `none` where there must be none. Example: 2026-03-30"""
    fields: dict[str, str] = {}
    """Its other fields, by the names that rules use. Example: { priority = "Blocker" }"""
    then: list[Happening] = []
    """What people do on it, in the order of time."""


class Expectation(Strict):
    """What stands at a moment, and what was said since the one before; only what is written here is looked at."""

    at: At
    """When it has to stand so."""
    category: Category | None = None
    """The category that it gets."""
    subtype: str | None = None
    """The subtype that it gets. Example: "invoice"."""
    severity: Severity | None = None
    """The severity that it gets."""
    rule: Names = []
    """Rules, signals or triggers that made category and severity: each of these has to be among them.

    Example: "reopened"
    """
    due: DueDate = None
    """The due date, or `none` where there must be none. Example: 2026-03-30"""
    labels: list[str] | None = None
    """All labels on the ticket. Example: ["esc:high"]"""
    has: Names = []
    """Labels that are there, beside others. Example: "esc:high"."""
    lacks: Names = []
    """Labels that are not there. Example: "esc:breach"."""
    comments: list[str] | None = None
    """All that was said, one entry per promise: `first_response`, `update breach`, `escalation to
    managing_partner`.

    Example: ["first_response"]
    """
    says: Names = []
    """Words that stand in what was said. Example: "within 4 hours"."""
    signs: list[str] | None = None
    """All early warnings of the client and red flags of the ticket, by the names of signs.toml.

    Example: ["slower-replies"]
    """
    role: str | None = None
    """Who was asked last; `owner` for the ticket's owner. Example: "managing_partner"."""
    nothing: Literal[True] | None = None
    """No label, date or comment was written."""

    @property
    def asks(self) -> list[str]:
        """What is expected, by the keys of the file."""
        return [key for key in type(self).model_fields if key != "at" and key in self.model_fields_set]


class Case(Strict):
    """What a ticket is that has just come in, in one line: its category and severity."""

    title: str = ""
    """Its title. Example: "Monthly invoice shows last year's rate"."""
    text: str = ""
    """Its description. Example: "We were promised the new rate."."""
    kind: str = ""
    """Its type. Example: "Bug"."""
    client: str | None = None
    """Its client, by name or alias. Example: "Client A"."""
    labels: list[str] = []
    """The labels that it has. Example: ["regulator"]"""
    fields: dict[str, str] = {}
    """Its other fields, by the names that rules use. Example: { priority = "Blocker" }"""
    source: Setting | None = None
    """The source that it is from, if not that of the file."""
    category: Category | None = None
    """The category that it gets."""
    subtype: str | None = None
    """The subtype that it gets. Example: "invoice"."""
    severity: Severity | None = None
    """The severity that it gets."""
    rule: Names = []
    """Rules and signals that have to be among those that match. Example: "a deadline was missed"."""

    @property
    def asks(self) -> list[str]:
        """What is expected, by the keys of the file."""
        return [key for key in ("category", "subtype", "severity", "rule") if key in self.model_fields_set]

    def complaints(self) -> Iterator[Complaint]:
        """A ticket of which nothing is expected."""
        if not self.asks:
            yield (), "nothing is expected of it; add category, subtype, severity or rule"


class Scenario(Strict):
    """One test: a ticket, others of its client, what people do, and what is expected of makegood."""

    name: str = Field(min_length=1)
    """What the test is called; no two alike. Example: "a reopened ticket is raised"."""
    source: Setting | None = None
    """The source that its tickets are from, if not that of the file."""
    ticket: Told
    """The ticket that is looked at."""
    other: list[Told] = []
    """Further tickets; without a client of their own they are of the same one."""
    then: list[Happening] = []
    """What people do on the ticket, in the order of time."""
    expect: list[Expectation] = Field(min_length=1)
    """What has to stand at which moment."""

    def complaints(self) -> Iterator[Complaint]:
        """What happens on the ticket in two places."""
        if self.ticket.then:
            yield ("ticket", "then"), "what happens on the ticket stands under [[test.then]]"


class TestsFile(Strict):
    """`mappings/tests/*.toml`: what you expect of your mapping files; `makegood test` tries it."""

    __test__ = False

    source: Setting = Setting()
    """Where the tickets are from, unless a test says otherwise."""
    case: list[Case] = []
    """What tickets are, one a line."""
    test: list[Scenario] = []
    """What happens to tickets in time."""

    def complaints(self) -> Iterator[Complaint]:
        """Tests that share a name."""
        seen: set[str] = set()
        for index, scenario in enumerate(self.test):
            if scenario.name in seen:
                yield ("test", index, "name"), f"{scenario.name!r} is the name of an earlier test"
            seen.add(scenario.name)
