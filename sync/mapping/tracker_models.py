"""`mappings/jira.toml`, `asana.toml`, `workbook.toml`: where a tracker keeps what."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sync.mapping.parts import Complaint, Strict, Word, Zone

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    @cached_property
    def words(self) -> frozenset[str]:
        """Whatever the team has written: names of fields, statuses, people and the like."""
        return frozenset(_texts(self.model_dump()))


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for pair in value.items():
                yield from _texts(pair)
        case list() | tuple() | set() | frozenset():
            for each in value:
                yield from _texts(each)


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
