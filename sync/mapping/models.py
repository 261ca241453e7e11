"""The schema of the files in `mappings/`: what a team may write there, and what it means.

Every model is strict and frozen: an unknown key, a wrong type or a missing cell is a fault. What one part of the
files says of another (roles, calendars, fields, statuses) `sync.mapping.references` checks once all are read.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from sync.mapping.patterns import farthest
from sync.mapping.wording import amount, nearest
from sync.ticket import CATEGORIES, Category, Language, Severity
from sync.words import faults, negation_fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Complaint = tuple[tuple[str | int, ...], str]
"""Where inside a model, in the keys of the file, and what is wrong there."""


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """Text as it is compared: NFKC, upper and lower case alike, runs of blanks as one."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class Strict(BaseModel):
    """What all mapping models share: unknown keys refused, values frozen, aliases for Python's own words."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True, defer_build=True)

    def complaints(self) -> Iterable[Complaint]:
        """What is wrong with this model though each of its values is right; all of it, not only the first."""
        return ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if complaints := list(self.complaints()):
            listed = "; ".join(what for _, what in complaints)
            raise PydanticCustomError("complaints", "{listed}", {"listed": listed, "complaints": complaints})
        return self


def _twice(names: Iterable[str], key: str) -> Iterator[Complaint]:
    """Complaints about names that an earlier item of the list `key` has too."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            what = f"{name!r} is the name of an earlier {key}; explain could not tell them apart"
            yield (key, index, "name"), what
        seen.add(name)


# --- amounts of time -------------------------------------------------------------------------------------------

_AMOUNT = re.compile(r"(?:(\d{1,6})w)?\s*(?:(\d{1,6})d)?\s*(?:(\d{1,6})h)?\s*(?:(\d{1,6})m)?\s*(?:(\d{1,6})s)?")
_LONGEST = timedelta(days=36500)
_WRITTEN = r"^\s*(\d{1,6}[wW])?\s*(\d{1,6}[dD])?\s*(\d{1,6}[hH])?\s*(\d{1,6}[mM])?\s*(\d{1,6}[sS])?\s*$"


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of time as written (`"2d 4h"`). A day is 24 hours when elapsed, a working day when working."""

    days: float
    rest: timedelta
    written: str

    def elapsed(self) -> timedelta:
        """The amount with days of 24 hours."""
        return timedelta(days=self.days) + self.rest

    def working(self, day: timedelta) -> timedelta:
        """The amount with days of `day` working hours."""
        return day * self.days + self.rest

    def times(self, share: float) -> Self:
        """A share of the amount."""
        written = f"{self.written} × {share}"
        return type(self)(self.days * share, self.rest * share, written)

    @classmethod
    def parse(cls, written: object) -> Self:
        """Read `"15m"`, `"4h"`, `"2d"`, `"1w"` or a sum of these, largest first; ValueError otherwise."""
        if isinstance(written, cls):
            return written
        if not isinstance(written, str):
            raise ValueError('write an amount of time in quotes, such as "4h" or "2d"')  # noqa: TRY004 - pydantic reads ValueError
        found = _AMOUNT.fullmatch(written.strip().lower())
        if not found or not any(found.groups()):
            meant = amount(written)
            remedy = f"did you mean {meant!r}?" if meant else 'write "15m", "4h", "2d" or "1w"'
            raise ValueError(f"{written!r} is no amount of time; {remedy}")
        weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        rest = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        if rest + timedelta(days=weeks * 7 + days) > _LONGEST:
            raise ValueError(f"{written!r} is more than a hundred years")
        return cls(weeks * 7 + days, rest, written.strip())


def _shown(amount: Amount | str) -> str:
    return amount.written if isinstance(amount, Amount) else amount


Time = Annotated[
    Amount,
    BeforeValidator(Amount.parse),
    PlainSerializer(_shown, return_type=str),
    WithJsonSchema(
        {"title": "amount of time", "type": "string", "pattern": _WRITTEN, "examples": ["4h", "1h 30m", "2d"]}
    ),
]


def known_zone(name: str) -> str:
    """The name itself if it is a time zone's; ValueError, naming near ones, otherwise."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = available_timezones()
        raise ValueError(f"{name!r} is no time zone{nearest(name, known)}") from None
    return name


Zone = Annotated[str, AfterValidator(known_zone), Field(examples=["Europe/Copenhagen"])]
"""A time zone by its IANA name."""


# --- conditions -------------------------------------------------------------------------------------------------


def _compiles(pattern: str) -> str:
    if "\b" in pattern:
        raise ValueError(
            'in "…" a \\b is the backspace key; write regular expressions in single quotes: ' + r"'\bword'"
        )
    try:
        re.compile(pattern, re.IGNORECASE)
    except re.error as fault:
        at = "" if fault.pos is None else f" at its character {fault.pos + 1}"
        raise ValueError(f"bad regular expression{at}: {fault.msg}") from None
    except (OverflowError, RecursionError):
        raise ValueError("bad regular expression: it is too large") from None
    if not farthest(pattern):
        raise ValueError(
            "this regular expression could search for hours; repeat nothing that repeats itself, as in (a+)+, "
            "and have at most two parts of any length, such as .*"
        )
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]


class Condition(Strict):
    """One question about a ticket: exactly one of `field`, `words`, `label`, `all`, `any`, `not`."""

    field: str | None = None
    """Ask a mapped ticket field; with exactly one of `equals`, `in`, `matches`, `present`. Example: "priority"."""
    equals: str | None = None
    """The field has this value, upper and lower case alike. Example: "Blocker"."""
    one_of: list[str] | None = Field(None, alias="in")
    """The field has one of these values, upper and lower case alike. Example: ["Blocker", "Critical"]"""
    matches: Pattern | None = None
    """A regular expression, found anywhere in the value, upper and lower case alike. Example: '^invoice'"""
    present: bool | None = None
    """Whether the field is filled (`true`) or empty (`false`)."""
    words: dict[Language, list[str]] | None = None
    """Words and phrases per language, looked for in title, text and what the client wrote. `late*` is a stem.

    Example: { en = ["missed the deadline", "late*"] }
    """
    label: str | None = None
    """A label on the ticket, exactly. Example: "regulator"."""
    all_of: list[Condition] | None = Field(None, alias="all")
    """Conditions that must all hold. Example: [{ field = "kind", equals = "Bug" }, { label = "production" }]"""
    any_of: list[Condition] | None = Field(None, alias="any")
    """Conditions of which one is enough.

    Example: [{ label = "urgent" }, { field = "priority", equals = "Blocker" }]
    """
    not_: Condition | None = Field(None, alias="not")
    """A condition that must not hold. Example: { label = "internal" }"""

    @cached_property
    def phrases(self) -> tuple[tuple[Language, str], ...]:
        """Each of `words` with its language: the same objects whoever asks."""
        return tuple((language, phrase) for language, listed in (self.words or {}).items() for phrase in listed)

    @cached_property
    def any_phrase(self) -> frozenset[tuple[Language, str]]:
        """`phrases`, to be looked for in others."""
        return frozenset(self.phrases)

    def complaints(self) -> Iterator[Complaint]:
        """One question, one test for a field, and no list that asks nothing."""
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
            yield (), f"a condition asks one thing: field, words, label, all, any or not; this asks {listed}"
            return
        tests = {"equals": self.equals, "in": self.one_of, "matches": self.matches, "present": self.present}
        given = [name for name, value in tests.items() if value is not None]
        if self.field is not None and len(given) != 1:
            listed = " and ".join(given) or "none of them"
            yield (), f"field goes with exactly one of equals, in, matches, present; here is {listed}"
        if self.field is None and given:
            yield (given[0],), f'{given[0]} tests a field, and no field is named; add field = "…"'
        for name, items in (
            ("words", self.words),
            ("all", self.all_of),
            ("any", self.any_of),
            ("in", self.one_of),
        ):
            if items is not None and not (any(items.values()) if isinstance(items, dict) else items):
                yield (name,), "this is empty, so it asks nothing; fill it or leave it out"
        for language, phrases in (self.words or {}).items():
            for index, what in faults(language, phrases):
                yield ("words", language, index), what


# --- tracker mappings -------------------------------------------------------------------------------------------


TICKET_FIELDS = (
    "title",
    "text",
    "kind",
    "client",
    "engagement",
    "status",
    "reporter",
    "assignee",
    "labels",
)
"""Fields that rules may always ask, whatever is mapped."""


class Fields(Strict):
    """Which field of the tracker fills which field of the ticket: its name as people see it, or its id."""

    client: str | None = None
    """Whose issue it is; without it no ticket has a client. Example: "Organizations"."""
    engagement: str | None = None
    """The piece of work it belongs to, as clients.toml names it. Example: "Project"."""
    category: str | None = None
    """The category, where people choose it; it decides before any rule of taxonomy.toml.

    Example: "Issue category"
    """
    subtype: str | None = None
    """The subtype, where people choose it. Example: "Issue subtype"."""
    severity: str | None = None
    """The severity, where people choose it; what its values mean stands in severity.toml. Example: "Severity"."""
    priority: str | None = None
    """The tracker's own priority; asked last for the severity (`order` in severity.toml). Example: "Priority"."""
    impact: str | None = None
    """How bad it is where it strikes; with `reach` the matrix of severity.toml. Example: "Impact"."""
    reach: str | None = None
    """How far it reaches; with `impact` the matrix of severity.toml. Example: "Reach"."""
    reported: str | None = None
    """When the client said it, if that is earlier than the ticket; a date or an instant.

    Example: "Reported by client on"
    """
    resolved: str | None = None
    """When it was solved; without it the tracker's own date of resolution, where there is one.

    Example: "Resolved on"
    """
    contacted: str | None = None
    """When the client was last contacted, if the team keeps that in a field. Example: "Last client contact"."""
    planned: str | None = None
    """The date promised to the client for the solution; without it the due date, where a person sets it.

    Example: "Promised for"
    """
    next_update: str | None = None
    """When the client was promised the next word; a date or an instant. Example: "Next update"."""
    cadence: str | None = None
    """A cadence of this ticket's own, such as `4h` or `2d`. Example: "Update every"."""
    budget: str | None = None
    """The budget of the work, for rules of your own. Example: "Budget"."""
    satisfaction: str | None = None
    """How content the client is, as a figure of your own scale. Example: "Satisfaction"."""
    effort: str | None = None
    """The effort of a request beyond the scope: minutes, or an amount such as `2h`. Example: "Effort"."""
    scope_clause: str | None = None
    """Against which written scope it is asked. Example: "Scope clause"."""
    scope_decision: str | None = None
    """What was decided on a request beyond the scope; what its values mean stands in scope.toml.

    Example: "Scope decision"
    """
    consent: str | None = None
    """The client's written consent: where it can be found. Example: "Client consent"."""
    date_moved: str | None = None
    """The date that the client accepted instead. Example: "Date moved to"."""
    root_cause: str | None = None
    """Why it happened, in the end. Example: "Root cause"."""
    prevention: str | None = None
    """What in the process allowed it. Example: "Prevention"."""
    remedy: str | None = None
    """What was offered to make up for it. Example: "Remedy"."""
    remedy_cost: str | None = None
    """What the remedy costs. Example: "Remedy cost"."""
    remedy_approved: str | None = None
    """Who approved the remedy. Example: "Remedy approved by"."""
    lesson: str | None = None
    """What others can learn from it. Example: "Lesson"."""
    discovered: str | None = None
    """How and when it was noticed; a fact that hand-overs carry. Example: "Discovered"."""
    affected: str | None = None
    """Who is affected; a fact that hand-overs carry. Example: "Affected"."""
    done_at_once: str | None = None
    """What was done at once; a fact that hand-overs carry. Example: "Done at once"."""
    client_told: str | None = None
    """What the client has been told; a fact that hand-overs carry. Example: "Client told"."""
    next_step: str | None = None
    """The recommended next step; a fact that hand-overs carry. Example: "Next step"."""
    own: dict[str, str] = {}
    """Further fields for the team's own rules: the name used in rules = the tracker's field.

    Example: { milestone = "Milestone" }
    """

    def mapped(self) -> dict[str, str]:
        """Ticket field -> tracker field, for every one that is mapped."""
        known = {name: getattr(self, name) for name in type(self).model_fields if name != "own"}
        return {name: column for name, column in known.items() if column} | self.own

    def complaints(self) -> Iterator[Complaint]:
        """No field of the team's own under the name of one that every ticket has."""
        for name in self.own:
            if name in type(self).model_fields:
                yield ("own", name), f"{name} is no field of your own; write it under [fields]"
            elif name in TICKET_FIELDS:
                yield ("own", name), f"every ticket has a field {name} already; choose another name"


class Statuses(Strict):
    """What each status of the tracker means; a status in no list stops its ticket with a word to the operator."""

    open: list[str]
    """Nobody is at work on it yet. Example: ["Open", "To Do"]"""
    in_progress: list[str] = []
    """Somebody is at work on it. Example: ["In Progress", "In Review"]"""
    waiting: list[str] = []
    """Waiting for the client: the clocks pause, except first response. Example: ["Waiting for customer"]"""
    resolved: list[str] = []
    """Solved; the client has still to say so. Example: ["Resolved"]"""
    closed: list[str] = []
    """Done with. Example: ["Closed", "Done"]"""

    def complaints(self) -> Iterator[Complaint]:
        """No status with two meanings."""
        seen: dict[str, str] = {}
        for meaning in type(self).model_fields:
            for index, name in enumerate(getattr(self, meaning)):
                if (other := seen.setdefault(name.casefold(), meaning)) != meaning:
                    yield (meaning, index), f"status {name!r} stands under {other} too; keep one of them"


Word = Annotated[str, Field(pattern=r"\S")]
"""Any text but an empty one, with which every comment begins."""

PLACEHOLDER = ".example"
"""Ends the domains that nobody has (RFC 2606), such as those in the shipped files."""


BringIn = Literal["mention", "watch", "assign"]
"""How a person is brought to a ticket, beside being named: mentioned, made a follower, made the owner of one
that nobody owns."""


class People(Strict):
    """Who is staff and who is a client. Each entry is a user id, or `@domain` for e-mail addresses."""

    staff: list[Word] = []
    """Who is on the staff. Example: ["@example.com"]"""
    clients: list[Word] = []
    """Who is a client. Example: ["@client.example"]"""
    machines: list[Word] = []
    """Other automations: what they write is no answer to anybody. Example: ["ci-bot"]"""
    everyone_else: Literal["staff", "client", "unknown"] = "unknown"
    """What a person in no list is: `staff`, `client`, or `unknown`, which is neither."""
    bring_in: list[BringIn] = []
    """How the role-holder is brought in when a comment asks for them: `mention` in the comment, `watch` (made a
    follower), `assign` (made the owner of what nobody owns); without any they are only named.

    Example: ["mention"]
    """

    def knows_staff(self) -> bool:
        """Whether anybody can count as staff."""
        return self.everyone_else == "staff" or len(self.placeholders()) < len(self.staff)

    def placeholders(self) -> list[str]:
        """The entries of `staff` that are a shipped example's."""
        return [entry for entry in self.staff if entry.startswith("@") and entry.endswith(PLACEHOLDER)]


class Contact(Strict):
    """What proves that the client was contacted; any one of these. None mapped: those promises are off."""

    client_readable_comment: bool = True
    """A staff comment that the client can read in the tracker."""
    any_staff_comment: bool = False
    """Any staff comment, for teams that note every talk with the client in the ticket."""
    words: list[Word] = []
    """A staff comment that begins with one of these, such as `/called`. Example: ["/called", "/mailed"]"""
    statuses: list[Word] = []
    """A move into one of these statuses. Example: ["Waiting for customer"]"""
    labels: list[Word] = []
    """One of these labels. Example: ["client-called"]"""


Proof = Literal[
    "assessed",
    "planned",
    "agreed",
    "agreed_in_writing",
    "root_cause",
    "prevention",
    "verified",
    "remedy",
    "post_mortem",
    "post_mortem_actions",
    "lessons",
    "decided",
    "consent",
    "talk",
    "agreement",
    "realigned",
    "checkin",
    "stakeholder_call",
    "survey",
    "milestone",
    "milestone_review",
    "kickoff",
    "missed_meeting",
    "concern",
]
"""What evidence can be mapped for."""


class Evidence(Strict):
    """What proves that something was done; any one of these."""

    words: list[Word] = []
    """A staff comment that begins with one of these, such as `/verified`. Example: ["/verified"]"""
    fields: list[str] = []
    """Ticket fields that are mapped under [fields]; all of them filled. Example: ["remedy", "remedy_cost"]"""
    labels: list[Word] = []
    """One of these labels. Example: ["verified"]"""
    statuses: list[Word] = []
    """A move into one of these statuses. Example: ["Verified"]"""

    @property
    def mapped(self) -> bool:
        """Whether anything could ever prove it."""
        return bool(self.words or self.fields or self.labels or self.statuses)


class SnoozeWords(Strict):
    """How a person puts a ticket off: `/snooze 2026-03-10`, `/snooze 3d`, or the label `snooze-2026-03-10`."""

    words: list[Word] = []
    """Beginnings of a comment; a date or an amount of time follows. Example: ["/snooze"]"""
    labels: list[Word] = []
    """Beginnings of labels; the date follows. Example: ["snooze-"]"""


class Home(Strict):
    """Tickets that stand for an engagement as a whole: only contact at fixed intervals is watched on them."""

    kinds: list[Word] = []
    """Types of issue that stand for an engagement. Example: ["Engagement"]"""
    labels: list[Word] = []
    """Labels of tickets that stand for an engagement. Example: ["engagement"]"""


class Approval(Strict):
    """The label by which a second pair of eyes lets a message about money reach the client."""

    labels: list[Word] = []
    """Any of these labels is an approval. Example: ["approved-for-client"]"""


class Acknowledge(Strict):
    """How a person says "mine": a comment that begins with one of the words, or a label."""

    words: list[Word] = []
    """Beginnings of a comment that says so. Example: ["/mine", "/taken"]"""
    labels: list[Word] = []
    """Labels that say so. Example: ["mine"]"""


class Labels(Strict):
    """Which labels are ours."""

    prefix: str = Field("esc:", min_length=1, pattern=r"^\S+$")
    """Labels that begin so are written and removed by makegood; all others are never touched. Example: "esc:"."""
    former: list[Annotated[str, Field(min_length=1, pattern=r"^\S+$")]] = []
    """Prefixes that were in use before: severities and categories that people put under one still count.

    Example: ["escalation-"]
    """
    opt_out: str = Field("no-makegood", pattern=r"^\S*$")
    """The label by which anybody stops all writing on a ticket; empty: there is none. Example: "no-makegood"."""

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The present prefix, and those before it."""
        return (self.prefix, *self.former)

    def complaints(self) -> Iterator[Complaint]:
        """A label to opt out by that is not one of ours, and no prefix twice."""
        if self.opt_out.startswith(self.prefixes):
            begins = next(each for each in self.prefixes if self.opt_out.startswith(each))
            yield ("opt_out",), f"labels that begin with {begins!r} are makegood's own; choose another"
        for index, former in enumerate(self.former):
            if former in self.prefixes[: index + 1]:
                yield ("former", index), f"{former!r} is named already; former prefixes are those before it"


class Mapping(Strict):
    """What every tracker's mapping file says."""

    fields: Fields = Fields()
    """Which field of the tracker fills which field of a ticket; a promise that needs one that is not here is off.
    """
    status: Statuses
    """What each status of the tracker means."""
    people: People = People()
    """Who is staff and who is a client."""
    contact: Contact = Contact()
    """What proves that the client was contacted; any one of these is enough."""
    acknowledge: Acknowledge = Acknowledge()
    """How a person says "mine", at which the ladder stops."""
    snooze: SnoozeWords = SnoozeWords()
    """How a person puts a ticket off."""
    evidence: dict[Proof, Evidence] = {}
    """What proves each promise; one without evidence is off for this tracker."""
    engagements: Home = Home()
    """Which tickets stand for an engagement as a whole; contact at fixed intervals is watched on them."""
    approval: Approval = Approval()
    """The label by which a second person lets a message about money reach the client."""
    labels: Labels = Labels()
    """Which labels are ours, and which one stops us."""

    @property
    def follows_up(self) -> bool:
        """Whether issues of their own may be made below a ticket."""
        return bool(getattr(self, "follow_up", None))


class RestrictedTo(Strict):
    """The circle to which a confidential Jira comment is confined."""

    type: Literal["role", "group"]
    """`role` for a project role, `group` for a group of users."""
    name: str
    """The name of that role or group. Example: "Escalation managers"."""


class FollowUpIn(Strict):
    """What becomes of a follow-up: a subtask of its ticket, or, with `link`, an issue that is linked to it."""

    type: Word = "Sub-task"
    """The name of the issue type. Example: "Sub-task"."""
    link: str = ""
    """The name of the link type, such as `Relates`; without it `type` is one of subtasks. Example: "Relates"."""


class JiraMapping(Mapping):
    """`mappings/jira.toml`: how a Jira site (Cloud or Data Center) is read, and what counts as proof there."""

    restricted_to: RestrictedTo | None = None
    """Who may read comments on confidential tickets; without it none are written there."""
    due_field: str = "duedate"
    """The field that due dates are written to, by name or id. Example: "duedate"."""
    follow_up: FollowUpIn | None = None
    """Which issues follow-ups become; without it none are created."""


class AsanaMapping(Mapping):
    """`mappings/asana.toml`: how Asana projects are read. Status is a section, an enum field, or completion."""

    status_field: str | None = None
    """The enum custom field that holds the status; without it the section of the task does. Example: "Status"."""
    completed: Literal["resolved", "closed"] = "closed"
    """What a ticked task means, whatever its section: `resolved` or `closed`."""
    labels_in: str = "tags"
    """`tags`, or the name of one multi-select custom field. Example: "Escalation"."""
    due_field: Literal["due_on", "due_at"] = "due_on"
    """`due_on` is a day, `due_at` a moment."""
    follow_up: bool = False
    """Whether follow-ups are made, as subtasks in the project of their task."""


class Columns(Strict):
    """The columns of a workbook that are no ordinary fields, by the text of their header."""

    id: str = "ID"
    """What each issue goes by; no two rows alike. Example: "ID"."""
    title: str = "Title"
    """The issue in one line. Example: "Title"."""
    text: str = "Description"
    """The issue at length. Example: "Description"."""
    status: str = "Status"
    """The status; [status] says what each means. Example: "Status"."""
    created: str = "Created"
    """When it was opened. Example: "Created"."""
    updated: str | None = None
    """When it was last changed, if that is kept. Example: "Updated"."""
    due: str = "Due"
    """The due date, which makegood writes. Example: "Due"."""
    labels: str = "Labels"
    """The labels, which makegood writes. Example: "Labels"."""
    assignee: str | None = "Owner"
    """Who owns it. Example: "Owner"."""
    reporter: str | None = None
    """Who reported it. Example: "Reported by"."""
    type: str | None = None
    """What kind of issue it is. Example: "Type"."""


class WorkbookMapping(Mapping):
    """`mappings/workbook.toml`: how a spreadsheet (.xlsx or .csv) of client issues is read."""

    sheet: str | None = None
    """The sheet of issues; without it the first one. Example: "Issues"."""
    header_row: int = Field(1, ge=1)
    """The row that names the columns, counted from 1. Example: 1"""
    comments_sheet: str = "Comments"
    """The sheet that comments are read from and written to. Example: "Comments"."""
    columns: Columns = Columns()
    """The columns that are no ordinary fields, by the text of their header."""
    zone: Zone = "UTC"
    """The zone in which dates and times of the cells are meant."""
    date_format: str | None = None
    """How dates in text cells are written, as in `%d.%m.%Y`; without it ISO only. Example: "%d.%m.%Y"."""
    follow_up: bool = False
    """Whether follow-ups are made, as rows of their own."""


# --- taxonomy ---------------------------------------------------------------------------------------------------


class Rule(Strict):
    """One rule of the taxonomy: what it asks, and how much it says for its category where it matches."""

    name: str = Field(min_length=1)
    """What `explain` calls the rule; no two alike. Example: "a deadline was missed"."""
    category: Literal["delivery", "communication", "scope", "team", "billing"]
    """The category that it speaks for: `delivery`, `communication`, `scope`, `team` or `billing`."""
    subtype: str
    """The subtype; one of those under [subtypes]. Example: "missed-deadline"."""
    score: int = Field(2, ge=1, le=20)
    """1 is a hint that decides nothing alone, 2 is enough if `least` is 2, more is for telling phrases."""
    when: Condition
    """What it asks of a ticket."""


class Negation(Strict):
    """Words that turn a phrase round when they stand at most `within` words before it (or after, `after`)."""

    before: list[str] = []
    """Words that stand before the phrase. Example: ["not", "no"]"""
    after: list[str] = []
    """Words that stand after the phrase; one that begins with `…` may stand anywhere later in the clause, and one
    that begins with `!` is an exception.

    Example: ["is not"]
    """
    within: int = Field(3, ge=1, le=10)
    """At how many words' distance they still turn it round. Example: 3"""


def _no_entries(language: Language, rules: Negation) -> Iterator[Complaint]:
    """Complaints about entries of a negation that are none."""
    for index, entry in enumerate(rules.before):
        if what := negation_fault(language, entry, "before"):
            yield ("negation", language, "before", index), what
    for index, entry in enumerate(rules.after):
        if what := negation_fault(language, entry, "after"):
            yield ("negation", language, "after", index), what


class Taxonomy(Strict):
    """`mappings/taxonomy.toml`: what kind of problem a ticket is."""

    subtypes: dict[Literal["delivery", "communication", "scope", "team", "billing"], list[str]]
    """The subtypes of each category; the five categories are fixed, these are yours.

    Example: { billing = ["invoice", "expense"] }
    """
    handling: dict[Literal["delivery", "communication", "scope", "team", "billing", "unclassified"], str] = {}
    """One sentence per category on how it is handled, quoted in the hand-over.

    Example: { delivery = "The technical lead joins the plan." }
    """
    field_values: dict[str, Category] = {}
    """What the values of the tracker's own category field mean; it decides before any rule.

    Example: { contract = "scope" }
    """
    confidential: list[Category] = ["team"]
    """Categories whose comments go to the restricted audience only."""
    careful: list[Category] = ["billing"]
    """Categories of which the client reads nothing before a person has approved it (`[approval]`)."""
    least: int = Field(2, ge=1)
    """The score that a category must reach; below it the ticket is unclassified."""
    margin: int = Field(1, ge=1)
    """By how much its score must be above the next category's."""
    title: int = Field(1, ge=0)
    """What a rule scores more if the title alone has its words."""
    further: int = Field(2, ge=0)
    """What a rule that only asks for words scores more at most: 1 for each other phrase it finds elsewhere."""
    negation: dict[Language, Negation] = {}
    """Per language, words beside which a phrase of a rule does not count: "not late"."""
    rule: list[Rule] = []
    """The rules; the scores of those that match are added up for each category."""

    def complaints(self) -> Iterator[Complaint]:
        """A list of subtypes for each category, rules that use them, and no two rules of one name."""
        for category in CATEGORIES[:-1]:
            if category not in self.subtypes:
                yield ("subtypes",), f'no list for {category}; add {category} = ["…"]'
        for index, rule in enumerate(self.rule):
            known = self.subtypes.get(rule.category)
            if known is not None and rule.subtype not in known:
                what = f"{rule.category} has no subtype {rule.subtype!r}{nearest(rule.subtype, known)}"
                yield ("rule", index, "subtype"), what
        for language, rules in self.negation.items():
            yield from _no_entries(language, rules)
        yield from _twice((rule.name for rule in self.rule), "rule")


# --- severity ---------------------------------------------------------------------------------------------------


class Matrix(Strict):
    """Impact × reach -> severity; every cell must be there."""

    impacts: list[str]
    """The values of the field `impact`. Example: ["minor", "major"]"""
    reaches: list[str]
    """The values of the field `reach`. Example: ["one person", "everybody"]"""
    cells: dict[str, dict[str, Severity]]
    """The severity for each impact and reach.

    Example: { minor = { "one person" = "low", everybody = "medium" } }
    """

    def complaints(self) -> Iterator[Complaint]:
        """Every cell filled, and none beside the matrix."""
        for impact in self.impacts:
            row = self.cells.get(impact, {})
            if missing := [reach for reach in self.reaches if reach not in row]:
                at = ("cells", impact) if row else ("cells",)
                yield at, f"the row of impact {impact!r} has no severity for reach {', '.join(map(repr, missing))}"
        for impact, row in self.cells.items():
            if impact not in self.impacts:
                yield ("cells", impact), f"{impact!r} is in no list impacts{nearest(impact, self.impacts)}"
            for reach in row:
                if reach not in self.reaches:
                    yield (
                        ("cells", impact, reach),
                        f"{reach!r} is in no list reaches{nearest(reach, self.reaches)}",
                    )


class Signal(Strict):
    """Words or fields that give a severity; of several that match the highest counts."""

    name: str
    """What `explain` calls it; no two alike. Example: "the client threatens to leave"."""
    severity: Severity
    """The severity that it gives."""
    when: Condition
    """What it asks of a ticket."""


def _by_language(written: object) -> object:
    return {"en": written} if isinstance(written, str) else written


Wording = Annotated[
    dict[Language, str], BeforeValidator(_by_language, json_schema_input_type=dict[Language, str] | str)
]
"""A text, or one per language; a text alone is for every reader."""


class Trigger(Strict):
    """A raise made from what happened, on the ticket or on the client's others.

    Exactly one question, and what follows while its evidence lasts.
    """

    name: str = Field(min_length=1)
    """What comments and `explain` call it; no two alike. Example: "reopened"."""
    client_issues: int | None = Field(None, ge=2)
    """It is at least so-manieth issue of the client that is open or was opened within `within`. Example: 3"""
    same_category: bool = False
    """Count only issues of the same category."""
    same_category_issues: int | None = Field(None, ge=2)
    """Beside `client_issues`: so many of the same category are enough. Example: 2"""
    first_issue: Literal[True] | None = None
    """It is the only issue of the client that was opened within `within`."""
    missed_deadlines: int | None = Field(None, ge=2)
    """So many promised dates of one engagement passed in a row without being kept. Example: 2"""
    satisfaction_below: float | None = None
    """The ticket's mapped satisfaction, or that of the client's record, is lower. Example: 6"""
    reopened: Literal[True] | None = None
    """The ticket was resolved or closed, and is open again."""
    when: Condition | None = None
    """A condition on the ticket, as in rules."""
    within: Time | None = None
    """A raise is withdrawn when its evidence has been gone for so long. What merely happens, such as a reopening
    or a missed date, is gone at once; without a window it counts for ever."""
    client_longer_than: Time | None = None
    """Only for those who have been clients longer (`since` in clients.toml)."""
    client_newer_than: Time | None = None
    """Only for those who have not been clients for so long."""
    tiers: list[str] = []
    """Only for clients of these tiers. Example: ["key"]"""
    raise_by: int = Field(1, ge=0, le=3)
    """By how many severities it raises; 0: it only brings in people or adds a note."""
    at_least: Severity | None = None
    """It raises to this severity at least."""
    at_most: Severity | None = None
    """It raises no further than this."""
    bring_in: str = ""
    """`next`, for the role above the severity's own, or a role of the ladder. Example: "next"."""
    note: Wording = {}
    """How it is handled differently; quoted in the hand-over. A text, or one per language (`note.en = "…"`), of
    which the English one is for everybody whose own is not there.

    Example: "The account manager calls before anything is written."
    """

    @cached_property
    def kind(self) -> str:
        """Which question it asks."""
        return next(name for name in TRIGGERS if getattr(self, name) is not None)

    @property
    def raises(self) -> bool:
        """Whether the severity can follow, and not only people or a note."""
        return bool(self.raise_by or self.at_least)

    def note_in(self, language: Language) -> str:
        """How it is handled differently, in the reader's language or else in English."""
        return self.note.get(language) or self.note.get("en", "")

    def complaints(self) -> Iterator[Complaint]:
        """One question, a window where one is needed, and something that follows."""
        asked = [name for name in TRIGGERS if getattr(self, name) is not None]
        if len(asked) != 1:
            listed = " and ".join(asked) or "nothing"
            yield (), f"a trigger asks one thing: {', '.join(TRIGGERS)}; this asks {listed}"
        for name in ("client_issues", "first_issue"):
            if name in asked and self.within is None:
                yield (name,), 'how long do issues count? add within = "90d"'
        if not (self.raise_by or self.at_least or self.bring_in or any(self.note.values())):
            yield (), "nothing follows from it; add raise_by, at_least, bring_in or note"
        if self.note and not self.note.get("en"):
            yield ("note",), 'not in English, which every other language falls back on; add note.en = "…"'


TRIGGERS = (
    "client_issues",
    "first_issue",
    "missed_deadlines",
    "satisfaction_below",
    "reopened",
    "when",
)
"""The questions of triggers; a name is never reused for another one, for occasions are named after it."""


class SeverityFile(Strict):
    """`mappings/severity.toml`: how bad a ticket is, and what raises that."""

    order: list[Literal["field", "matrix", "signals", "priority"]]
    """Which source of severity is asked first; the first that answers counts: `field`, the tracker's own field;
    `matrix`, impact and reach; `signals`, words and fields; `priority`, the tracker's priority."""
    default: Severity = "medium"
    """What a ticket is when nothing answers."""
    field_values: dict[str, Severity] = {}
    """What the values of the tracker's own severity field mean; upper and lower case are alike.

    Example: { "sev 1" = "critical" }
    """
    priority_values: dict[str, Severity] = {}
    """What the tracker's priorities mean; leave out the one that is set where nobody chose.

    Example: { blocker = "critical" }
    """
    matrix: Matrix | None = None
    """Impact × reach, for trackers that have both as fields."""
    signal: list[Signal] = []
    """Words and fields that give a severity; of several that match the highest counts."""
    trigger: list[Trigger] = []
    """What happened, and raises the severity, brings somebody in or adds a note."""

    def complaints(self) -> Iterator[Complaint]:
        """No source asked twice, no two signals or triggers of one name."""
        for index, source in enumerate(self.order):
            if source in self.order[:index]:
                yield ("order", index), f"{source} is asked already; keep one of them"
        yield from _twice((signal.name for signal in self.signal), "signal")
        yield from _twice((trigger.name for trigger in self.trigger), "trigger")


# --- escalation -------------------------------------------------------------------------------------------------


class Cell(Strict):
    """One promise at one severity."""

    within: Time
    """The time there is."""
    warn_after: Time | None = None
    """When the warning comes; without it at `warn_at` of the time."""
    counts: Literal["elapsed", "working"] = "elapsed"
    """`elapsed` goes by the wall clock; `working` only while the calendar is open, and a day is a working day."""
    if_closed: Literal["keep", "next-opening"] = "keep"
    """What happens to an instant that falls into closed hours: `keep` leaves it, `next-opening` moves it to when
    the calendar opens."""

    def complaints(self) -> Iterator[Complaint]:
        """A warning that comes before the breach."""
        if self.warn_after and self.warn_after.elapsed() >= self.within.elapsed():
            what = (
                f"a warning after {self.warn_after.written} never comes before the limit of {self.within.written}"
            )
            yield ("warn_after",), f"{what}; make it shorter than within"


class Escalation(Strict):
    """Who is brought in, and by when that person must have taken it."""

    to: str
    """The role that is brought in; one of `ladder` or `roles`. Example: "engagement_partner"."""
    taken: Cell | None = None
    """Without it the role is named on the ticket and nobody is chased."""


def beats(update: Cell | None, at: tuple[str, ...]) -> Iterator[Complaint]:
    """What is wrong with a cadence: that it lets no time pass between two updates."""
    if update and not update.within.elapsed():
        yield (*at, "within"), 'an update every moment cannot be kept; write some time, such as "4h"'


class Row(Strict):
    """One severity's row of the matrix. A promise that is not there is not made."""

    first_response: Cell
    """How soon the client hears from somebody."""
    update: Cell | None = None
    """How often the client hears how it stands; without it no updates are promised."""
    escalation: Escalation
    """Which role is brought in."""
    handover: bool = True
    """Whether an escalation hand-over is written when the severity is given."""
    resolution: Cell | None = None
    """The planned date, for sources whose due date means `resolution`."""

    def complaints(self) -> Iterator[Complaint]:
        """A cadence that lets some time pass between two updates."""
        yield from beats(self.update, ("update",))


class EscalationFile(Strict):
    """`mappings/escalation.toml`: who is told what, and by when."""

    ladder: list[str] = Field(min_length=1)
    """Roles from the first to the top; a reminder that is ignored climbs one.

    Example: ["project_manager", "engagement_partner", "managing_partner"]
    """
    roles: list[str] = []
    """Further roles that a client's record may fill. Example: ["technical_lead"]"""
    warn_at: float = Field(0.75, gt=0, lt=1)
    """The share of a promise's time at which a warning comes, unless it says `warn_after`."""
    gather: Time
    """Time to gather facts between the severity being given and the hand-over."""
    calendar: str
    """The calendar of every client and source that names none. Example: "berlin"."""
    critical: Row
    """What is promised for critical issues."""
    high: Row
    """What is promised for high issues."""
    medium: Row
    """What is promised for medium issues."""
    low: Row
    """What is promised for low issues."""

    def complaints(self) -> Iterator[Complaint]:
        """No role twice on the ladder."""
        for index, role in enumerate(self.ladder):
            if role in self.ladder[:index]:
                yield ("ladder", index), f"{role} stands on the ladder already; keep one of them"

    def row(self, severity: Severity) -> Row:
        """The matrix row of one severity."""
        row: Row = getattr(self, severity)
        return row


# --- calendars --------------------------------------------------------------------------------------------------

_SHIFT = re.compile(r"(\d{1,2}):(\d\d)\s*[-–]\s*(\d{1,2}):(\d\d)")


def shift(written: str) -> tuple[time, time]:
    """The start and end of `"09:00-17:30"`; an end of 24:00 is midnight, `time(0)`. ValueError otherwise."""
    found = _SHIFT.fullmatch(written.strip())
    if not found:
        raise ValueError(f'{written!r} are no hours; write "09:00-17:30"')
    start_hour, start_minute, end_hour, end_minute = map(int, found.groups())
    if (end_hour, end_minute) == (24, 0):
        end_hour = 0
    try:
        return time(start_hour, start_minute), time(end_hour, end_minute)
    except ValueError:
        raise ValueError(f"{written!r}: no clock shows that; hours go from 00:00 to 24:00") from None


def _written_shift(written: str) -> str:
    shift(written)
    return written


Hours = list[Annotated[str, AfterValidator(_written_shift), Field(examples=["09:00-17:30"])]]


class Week(Strict):
    """Open hours of each week-day, `"09:00-12:30"`; several a day, and over midnight if the end is earlier."""

    monday: Hours = []
    """Open hours on Mondays; none: closed. Example: ["09:00-12:30", "13:00-17:30"]"""
    tuesday: Hours = []
    """Open hours on Tuesdays; none: closed. Example: ["09:00-12:30", "13:00-17:30"]"""
    wednesday: Hours = []
    """Open hours on Wednesdays; none: closed. Example: ["09:00-12:30", "13:00-17:30"]"""
    thursday: Hours = []
    """Open hours on Thursdays; none: closed. Example: ["09:00-12:30", "13:00-17:30"]"""
    friday: Hours = []
    """Open hours on Fridays; none: closed. Example: ["09:00-12:30", "13:00-17:30"]"""
    saturday: Hours = []
    """Open hours on Saturdays; none: closed. Example: ["09:00-12:30", "13:00-17:30"]"""
    sunday: Hours = []
    """Open hours on Sundays; none: closed. Example: ["09:00-12:30", "13:00-17:30"]"""


class Holidays(Strict):
    """Public holidays by country (ISO 3166) and region, from the `holidays` library."""

    country: str = Field(pattern="^[A-Z]{2}$", examples=["DK"])
    """The country, as the two letters of ISO 3166."""
    region: str | None = None
    """The region, as ISO 3166-2 has it behind the hyphen; without it the whole country. Example: "BE"."""


class DayOff(Strict):
    """One day the office is closed though the week says open."""

    date: date
    """The day. Example: 2026-12-24"""
    name: str
    """What `explain` calls the day. Example: "Christmas Eve"."""


class DayOn(Strict):
    """One day the office is open though the week or a holiday says closed."""

    date: date
    """The day. Example: 2026-12-19"""
    name: str
    """What `explain` calls the day. Example: "year-end Saturday"."""
    hours: Hours | None = None
    """Open hours of that day; without them those of the week-day. Example: ["10:00-14:00"]"""


class CalendarModel(Strict):
    """One calendar of `mappings/calendars.toml`."""

    zone: Zone
    """The time zone that its hours are meant in."""
    hours: Week
    """Open hours of each week-day."""
    holidays: Holidays | None = None
    """Which public holidays it keeps; without it none."""
    off: list[DayOff] = []
    """Own days off, though the week says open. Example: [{ date = 2026-12-24, name = "Christmas Eve" }]"""
    on: list[DayOn] = []
    """Own days on, though the week or a holiday says closed.

    Example: [{ date = 2026-12-19, name = "year-end Saturday" }]
    """

    def complaints(self) -> Iterator[Complaint]:
        """Open at some time, and no day both off and on, or twice."""
        week = [name for name in type(self.hours).model_fields if getattr(self.hours, name)]
        if not week and not any(day.hours for day in self.on):
            yield ("hours",), 'never open; give a week-day hours, such as monday = ["09:00-17:00"]'
        off = [day.date for day in self.off]
        for index, day in enumerate(self.off):
            if day.date in off[:index]:
                yield ("off", index, "date"), f"{day.date} is off already; keep one of them"
        on = [day.date for day in self.on]
        for index, day_on in enumerate(self.on):
            if day_on.date in [*off, *on[:index]]:
                yield ("on", index, "date"), f"{day_on.date} is listed already, on or off; keep one of them"
            if day_on.hours == []:
                yield ("on", index, "hours"), "a day on has hours; leave the key out to take the usual ones"


class CalendarsFile(Strict):
    """`mappings/calendars.toml`: when people work."""

    calendar: dict[str, CalendarModel] = Field(min_length=1)
    """The calendars, by the names that other files call them."""
