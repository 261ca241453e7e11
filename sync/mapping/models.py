"""The schema of the files in `mappings/`: what a team may write there, and what it means.

Every model is strict and frozen: an unknown key, a wrong type or a missing cell is a fault. References between
files (roles, calendars, fields) are checked by `sync.mapping.reader` once all files are read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from sync.ticket import CATEGORIES, Category, Severity

Language = Literal["en", "ja", "da", "ru", "fi"]


class Strict(BaseModel):
    """What all mapping models share: unknown keys refused, values frozen, aliases for Python's own words."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, use_attribute_docstrings=True)


# --- amounts of time -------------------------------------------------------------------------------------------

_AMOUNT = re.compile(r"(?:(\d+)w)?\s*(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m)?")


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of time as written (`"2d 4h"`). A day is 24 hours when elapsed, a working day when working."""

    days: int
    rest: timedelta
    written: str

    def elapsed(self) -> timedelta:
        """The amount with days of 24 hours."""
        return timedelta(days=self.days) + self.rest

    def working(self, day: timedelta) -> timedelta:
        """The amount with days of `day` working hours."""
        return day * self.days + self.rest

    @classmethod
    def parse(cls, written: object) -> Self:
        """Read `"15m"`, `"4h"`, `"2d"`, `"1w"` or a sum of these, largest first; ValueError otherwise."""
        if isinstance(written, cls):
            return written
        if not isinstance(written, str):
            raise ValueError(f'write an amount of time in quotes, such as "4h" or "2d", not {written!r}')  # noqa: TRY004 - pydantic reads ValueError
        found = _AMOUNT.fullmatch(written.strip().lower())
        if not found or not any(found.groups()):
            raise ValueError(f'{written!r} is no amount of time; write "15m", "4h", "2d" or "1w"')
        weeks, days, hours, minutes = (int(part or 0) for part in found.groups())
        return cls(weeks * 7 + days, timedelta(hours=hours, minutes=minutes), written.strip())


def _shown(amount: Amount) -> str:
    return amount.written


Time = Annotated[
    Amount,
    BeforeValidator(Amount.parse),
    PlainSerializer(_shown, return_type=str),
    Field(json_schema_extra={"type": "string", "examples": ["15m", "4h", "2d", "1w"]}),
]


# --- conditions -------------------------------------------------------------------------------------------------


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern, re.IGNORECASE)
    except re.error as fault:
        raise ValueError(f"bad regular expression at its character {fault.pos}: {fault.msg}") from None
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]


class Condition(Strict):
    """One question about a ticket: exactly one of `field`, `words`, `label`, `all`, `any`, `not`."""

    field: str | None = None
    """Ask a mapped ticket field; with exactly one of `equals`, `in`, `matches`, `present`."""
    equals: str | None = None
    one_of: list[str] | None = Field(None, alias="in")
    matches: Pattern | None = None
    """A regular expression, found anywhere in the value, upper and lower case alike."""
    present: bool | None = None
    words: dict[Language, list[str]] | None = None
    """Words and phrases per language, looked for in title, text and what the client wrote. `late*` is a stem."""
    label: str | None = None
    """A label on the ticket, exactly."""
    all_of: list[Condition] | None = Field(None, alias="all")
    any_of: list[Condition] | None = Field(None, alias="any")
    not_: Condition | None = Field(None, alias="not")

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        kinds = {
            "field": self.field,
            "words": self.words,
            "label": self.label,
            "all": self.all_of,
            "any": self.any_of,
            "not": self.not_,
        }
        asked = [name for name, value in kinds.items() if value is not None]
        if len(asked) != 1:
            listed = " and ".join(asked) or "nothing"
            raise ValueError(
                f"a condition asks one thing: field, words, label, all, any or not; this asks {listed}"
            )
        tests = [test for test in (self.equals, self.one_of, self.matches, self.present) if test is not None]
        if (self.field is not None) != (len(tests) == 1):
            raise ValueError("`field` goes with exactly one of equals, in, matches, present")
        return self


# --- tracker mappings -------------------------------------------------------------------------------------------


class Fields(Strict):
    """Which field of the tracker fills which field of the ticket: its name as people see it, or its id."""

    client: str | None = None
    engagement: str | None = None
    category: str | None = None
    subtype: str | None = None
    severity: str | None = None
    priority: str | None = None
    impact: str | None = None
    reach: str | None = None
    reported: str | None = None
    """When the client said it, if that is earlier than the ticket; a date or an instant."""
    resolved: str | None = None
    contacted: str | None = None
    """When the client was last contacted, if the team keeps that in a field."""
    budget: str | None = None
    satisfaction: str | None = None
    discovered: str | None = None
    affected: str | None = None
    done_at_once: str | None = None
    client_told: str | None = None
    next_step: str | None = None
    own: dict[str, str] = {}
    """Further fields for the team's own rules: the name used in rules = the tracker's field."""

    def mapped(self) -> dict[str, str]:
        """Ticket field -> tracker field, for every one that is mapped."""
        known = {name: getattr(self, name) for name in type(self).model_fields if name != "own"}
        return {name: column for name, column in known.items() if column} | self.own


class Statuses(Strict):
    """What each status of the tracker means; a status in no list stops its ticket with a word to the operator."""

    open: list[str]
    in_progress: list[str] = []
    waiting: list[str] = []
    """Waiting for the client: the clocks pause, except first response."""
    resolved: list[str] = []
    closed: list[str] = []

    @model_validator(mode="after")
    def _once(self) -> Self:
        seen: dict[str, str] = {}
        for meaning in type(self).model_fields:
            for name in getattr(self, meaning):
                if seen.setdefault(name.casefold(), meaning) != meaning:
                    raise ValueError(f"status {name!r} stands under both {seen[name.casefold()]} and {meaning}")
        return self


class People(Strict):
    """Who is staff and who is a client. Each entry is a user id, or `@domain` for e-mail addresses."""

    staff: list[str] = []
    clients: list[str] = []
    machines: list[str] = []
    """Other automations: what they write is no answer to anybody."""
    everyone_else: Literal["staff", "client", "unknown"] = "unknown"


class Contact(Strict):
    """What proves that the client was contacted; any one of these. None mapped: those promises are off."""

    client_readable_comment: bool = True
    """A staff comment that the client can read in the tracker."""
    any_staff_comment: bool = False
    """Any staff comment, for teams that note every talk with the client in the ticket."""
    words: list[str] = []
    """A staff comment that begins with one of these, such as `/called`."""
    statuses: list[str] = []
    labels: list[str] = []


class Acknowledge(Strict):
    """How a person says "mine": a comment that begins with one of the words, or a label."""

    words: list[str] = []
    labels: list[str] = []


class Labels(Strict):
    """Which labels are ours."""

    prefix: str = Field("esc:", min_length=1, pattern=r"^\S+$")
    """Labels that begin so are written and removed by makegood; all others are never touched."""


class Mapping(Strict):
    """What every tracker's mapping file says."""

    fields: Fields = Fields()
    status: Statuses
    people: People = People()
    contact: Contact = Contact()
    acknowledge: Acknowledge = Acknowledge()
    labels: Labels = Labels()


class RestrictedTo(Strict):
    """The circle to which a confidential Jira comment is confined."""

    type: Literal["role", "group"]
    name: str


class JiraMapping(Mapping):
    """`mappings/jira.toml`."""

    restricted_to: RestrictedTo | None = None
    due_field: str = "duedate"


class AsanaMapping(Mapping):
    """`mappings/asana.toml`. Status is a section, an enum field, or completion."""

    status_field: str | None = None
    """The enum custom field that holds the status; without it the section of the task does."""
    completed: Literal["resolved", "closed"] = "closed"
    """What a ticked task means, whatever its section."""
    labels_in: str = "tags"
    """`tags`, or the name of one multi-select custom field."""
    due_field: Literal["due_on", "due_at"] = "due_on"


class Columns(Strict):
    """The columns of a workbook that are no ordinary fields, by the text of their header."""

    id: str = "ID"
    title: str = "Title"
    text: str = "Description"
    status: str = "Status"
    created: str = "Created"
    updated: str | None = None
    due: str = "Due"
    labels: str = "Labels"
    assignee: str | None = "Owner"
    reporter: str | None = None
    type: str | None = None


class WorkbookMapping(Mapping):
    """`mappings/workbook.toml`."""

    sheet: str | None = None
    """The sheet of issues; without it the first one."""
    header_row: int = Field(1, ge=1)
    comments_sheet: str = "Comments"
    columns: Columns = Columns()
    zone: str = "UTC"
    """The zone in which dates and times of the cells are meant."""
    date_format: str | None = None
    """How dates in text cells are written, as in `%d.%m.%Y`; without it ISO only."""


# --- taxonomy ---------------------------------------------------------------------------------------------------


class Rule(Strict):
    """One rule of the taxonomy; the first that matches gives the category."""

    name: str = Field(min_length=1)
    category: Literal["delivery", "communication", "scope", "team", "billing"]
    subtype: str
    when: Condition


class Negation(Strict):
    """Words that turn a phrase round when they stand at most `within` words before it (or after, `after`)."""

    before: list[str] = []
    after: list[str] = []
    within: int = Field(3, ge=1, le=10)


class Taxonomy(Strict):
    """`mappings/taxonomy.toml`."""

    subtypes: dict[Literal["delivery", "communication", "scope", "team", "billing"], list[str]]
    handling: dict[Literal["delivery", "communication", "scope", "team", "billing", "unclassified"], str] = {}
    """One sentence per category on how it is handled, quoted in the hand-over."""
    field_values: dict[str, Category] = {}
    """What the values of the tracker's own category field mean; it decides before any rule."""
    confidential: list[Category] = ["team"]
    """Categories whose comments go to the restricted audience only."""
    negation: dict[Language, Negation] = {}
    rule: list[Rule] = []

    @model_validator(mode="after")
    def _known(self) -> Self:
        missing = [category for category in CATEGORIES[:-1] if category not in self.subtypes]
        if missing:
            raise ValueError(f"subtypes: no list for {', '.join(missing)}")
        names: set[str] = set()
        for rule in self.rule:
            if rule.subtype not in self.subtypes[rule.category]:
                listed = ", ".join(self.subtypes[rule.category])
                raise ValueError(
                    f"rule {rule.name!r}: {rule.category} has no subtype {rule.subtype!r}; it has {listed}"
                )
            if rule.name in names:
                raise ValueError(f"two rules are named {rule.name!r}; explain could not tell them apart")
            names.add(rule.name)
        return self


# --- severity ---------------------------------------------------------------------------------------------------


class Matrix(Strict):
    """Impact × reach -> severity; every cell must be there."""

    impacts: list[str]
    reaches: list[str]
    cells: dict[str, dict[str, Severity]]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for impact in self.impacts:
            missing = [reach for reach in self.reaches if reach not in self.cells.get(impact, {})]
            if missing:
                raise ValueError(f"cells.{impact}: no severity for {', '.join(missing)}")
        for impact, row in self.cells.items():
            stray = [impact] if impact not in self.impacts else [r for r in row if r not in self.reaches]
            if stray:
                raise ValueError(f"cells.{impact}: {stray[0]!r} is in neither impacts nor reaches")
        return self


class Signal(Strict):
    """Words or fields that give a severity; of several that match the highest counts."""

    name: str
    severity: Severity
    when: Condition


class Trigger(Strict):
    """A raise made from the client's other tickets: the `count`-th issue within `within` is one step higher."""

    name: str
    client_issues: int = Field(ge=2)
    within: Time
    same_category: bool = False
    """Count only issues of the same category."""
    raise_by: int = Field(1, ge=1, le=3)


class SeverityFile(Strict):
    """`mappings/severity.toml`."""

    order: list[Literal["field", "matrix", "signals", "priority"]]
    """Which source of severity is asked first; the first that answers counts."""
    default: Severity = "medium"
    field_values: dict[str, Severity] = {}
    priority_values: dict[str, Severity] = {}
    matrix: Matrix | None = None
    signal: list[Signal] = []
    trigger: list[Trigger] = []


# --- escalation -------------------------------------------------------------------------------------------------


class Cell(Strict):
    """One promise at one severity."""

    within: Time
    warn_after: Time | None = None
    """When the warning comes; without it at `warn_at` of the time."""
    counts: Literal["elapsed", "working"] = "elapsed"
    if_closed: Literal["keep", "next-opening"] = "keep"
    """What happens to an instant that falls into closed hours."""


class Escalation(Strict):
    """Who is brought in, and by when that person must have taken it."""

    to: str
    taken: Cell | None = None
    """Without it the role is named on the ticket and nobody is chased."""


class Row(Strict):
    """One severity's row of the matrix. A promise that is not there is not made."""

    first_response: Cell
    update: Cell | None = None
    escalation: Escalation
    handover: bool = True
    """Whether an escalation hand-over is written when the severity is given."""
    resolution: Cell | None = None
    """The planned date, for sources whose due date means `resolution`."""


class EscalationFile(Strict):
    """`mappings/escalation.toml`."""

    ladder: list[str] = Field(min_length=1)
    """Roles from the first to the top; a reminder that is ignored climbs one."""
    roles: list[str] = []
    """Further roles that a client's record may fill."""
    warn_at: float = Field(0.75, gt=0, lt=1)
    gather: Time
    """Time to gather facts between the severity being given and the hand-over."""
    calendar: str
    """The calendar of every client and source that names none."""
    critical: Row
    high: Row
    medium: Row
    low: Row

    def row(self, severity: Severity) -> Row:
        """The matrix row of one severity."""
        row: Row = getattr(self, severity)
        return row


# --- calendars and clients --------------------------------------------------------------------------------------

Hours = list[Annotated[str, Field(pattern=r"^\d\d:\d\d-\d\d:\d\d$", examples=["09:00-17:30"])]]


class Week(Strict):
    """Open hours of each week-day, `"09:00-12:30"`; several a day, and over midnight if the end is earlier."""

    monday: Hours = []
    tuesday: Hours = []
    wednesday: Hours = []
    thursday: Hours = []
    friday: Hours = []
    saturday: Hours = []
    sunday: Hours = []


class Holidays(Strict):
    """Public holidays by country (ISO 3166) and region, from the `holidays` library."""

    country: str
    region: str | None = None


class DayOff(Strict):
    """One day the office is closed though the week says open."""

    date: date
    name: str


class DayOn(Strict):
    """One day the office is open though the week or a holiday says closed."""

    date: date
    name: str
    hours: Hours | None = None


class CalendarModel(Strict):
    """One calendar of `mappings/calendars.toml`."""

    zone: str
    hours: Week
    holidays: Holidays | None = None
    off: list[DayOff] = []
    on: list[DayOn] = []


class ClientModel(Strict):
    """One client of `mappings/clients.toml`."""

    name: str
    aliases: list[str] = []
    tier: str | None = None
    since: date | None = None
    language: Language | None = None
    zone: str | None = None
    calendar: str | None = None
    roles: dict[str, list[str]] = {}
    """Role -> who holds it, in the trackers' own user ids (the first is asked first)."""
    names: dict[str, str] = {}
    """User id -> the name to show for it."""
    update: dict[Severity, Cell] = {}
    """A cadence of this client's own, per severity."""


class ClientsFile(Strict):
    """`mappings/clients.toml`."""

    roles: dict[str, list[str]] = {}
    """Who holds each role where the client's record does not say."""
    client: list[ClientModel] = []


class CalendarsFile(Strict):
    """`mappings/calendars.toml`."""

    calendar: dict[str, CalendarModel] = Field(min_length=1)
