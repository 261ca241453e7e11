"""The schema of promises.toml, scope.toml, attention.toml and signs.toml: how an issue is lived with.

A file that is not there, or a table that is left out, switches what it is about off; `check` says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sync.mapping.calendar_models import Hours
from sync.mapping.escalation_models import Cell
from sync.mapping.parts import Amount, Strict, Time, Word
from sync.ticket import CATEGORIES, SEVERITIES, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.mapping.parts import Complaint

Severities = list[Severity]
Share = Annotated[float, Field(gt=0, le=1)]


def _everyone() -> Severities:
    return list(SEVERITIES)


# --- promises.toml ----------------------------------------------------------------------------------------------


class Duty(Cell):
    """One promise: the time there is, and the severities at which it is made."""

    severities: Severities = Field(default_factory=_everyone)
    """Severities at which the promise is made; all of them unless this says so."""
    climbs: bool = True
    """Whether a reminder that nobody heeds goes to the next role, again and again; false: it is said once."""


class EndOfDay(Strict):
    """Something promised by the end of the client's working day."""

    severities: Severities = Field(default_factory=_everyone)
    """Severities at which the promise is made; all of them unless this says so."""
    at_least: Time
    """With less than this left of the day, the end of the next working day counts."""

    @property
    def cell(self) -> Cell:
        """As a cell that never runs out sooner; its length is that of the reminders."""
        return Cell(within=Amount.parse("1d"), counts="working")


class Chased(Strict):
    """The client chasing: so many comments in a row without an answer break the cadence."""

    comments: int = Field(ge=2)
    """So many comments of the client in a row, with no answer between them. Example: 2"""


class Agreed(Duty):
    """The client's agreement to the plan before work starts."""

    in_writing: Severities = []
    """Severities at which it has to be in writing (evidence `agreed_in_writing`)."""


class Planned(Duty):
    """A date for the solution, with a buffer."""

    buffer: float = Field(ge=1)
    """Work thought to take one day is promised in so many. Example: 1.67"""


class Checkpoint(Strict):
    """A look inside on the way to a promise."""

    share: Share
    """How far on the way, from 0 to 1. Example: 0.333"""
    of: list[Literal["planned", "update"]] = Field(min_length=1)
    """On the way to which promise: `planned`, the date of the solution; `update`, the next word.

    Example: ["planned", "update"]
    """
    severities: Severities = Field(default_factory=_everyone)
    """Severities at which the promise is made; all of them unless this says so."""


class Slip(Strict):
    """A promised date that moves later, or passes, without word to the client."""

    within: Time
    """How soon the client is told."""
    counts: Literal["elapsed", "working"] = "working"
    """`elapsed` goes by the wall clock; `working` only while the calendar is open, and a day is a working day."""
    climbs: bool = True
    """Whether a reminder that nobody heeds goes to the next role, again and again; false: it is said once."""

    @property
    def cell(self) -> Cell:
        """As a cell."""
        return Cell(within=self.within, counts=self.counts)


class Care(Strict):
    """Heightened care after recovery: the client's other tickets run on a shorter cadence for a while."""

    lasts: Time
    """For how long."""
    after: Severities = Field(min_length=1)
    """After issues of which severities. Example: ["critical", "high"]"""
    share: Share
    """The cadence's share that is left. Example: 0.5"""


class Routine(Cell):
    """Contact with the client at fixed intervals, watched on the ticket that stands for the engagement."""


class PromisesFile(Strict):
    """`mappings/promises.toml`. A table that is left out is a promise that is not made."""

    acknowledged: EndOfDay | None = None
    """What an acknowledgement promises: the next update by the end of the client's working day."""
    chased: Chased | None = None
    """The client writes again without an answer: an update is owed at once."""
    assessed: Duty | None = None
    """What the issue does to timeline, deliverables, budget and goals is written down."""
    planned: Planned | None = None
    """A date for the solution is named."""
    agreed: Agreed | None = None
    """The client agrees to the plan before work starts."""
    checkpoint: Checkpoint | None = None
    """Somebody looks at it on the way to a promised date."""
    slip: Slip | None = None
    """The client is told when a promised date moves or passes."""
    silence: Duty | None = None
    """A client who is silent while we wait for them: a nudge to the owner."""
    solution_told: EndOfDay | None = None
    """The client is told of the solution by the end of the working day."""
    root_cause: Duty | None = None
    """The root cause is written down."""
    prevention: Duty | None = None
    """A line on what in the process allowed it."""
    verified: Duty | None = None
    """The client says that it is solved."""
    remedy: Duty | None = None
    """What was offered to make up for it, its cost, and who approved it."""
    post_mortem: Duty | None = None
    """The post-mortem is held."""
    post_mortem_actions: Duty | None = None
    """Each action of the post-mortem has an owner."""
    lessons: Duty | None = None
    """What was learnt is kept where other projects find it."""
    heightened_care: Care | None = None
    """After something grave the client's other issues run on a shorter cadence."""
    checkin: Routine | None = None
    """Internal: how does the client feel?"""
    stakeholder_call: Routine | None = None
    """A call with the client's stakeholders."""
    survey: Routine | None = None
    """A survey of the client."""
    milestone_review: Routine | None = None
    """After each milestone."""
    kickoff: Routine | None = None
    """How changes are handled was explained when the engagement began."""
    follow_ups: list[Literal["verified", "post_mortem", "checkpoint"]] = []
    """Promises for which an issue of its own is made below the ticket, where the tracker's mapping says how:
    `verified`, `post_mortem`, `checkpoint`.

    Example: ["post_mortem"]
    """
    to_client: list[Literal["received", "slip", "resolved", "goodwill", "choice"]] = []
    """Messages that the client may read: `received`, we have it; `slip`, a promised date moves; `resolved`, it is
    solved; `goodwill`, something was done as goodwill; `choice`, the choice of three for a request beyond the
    scope. None by default: every comment is internal.

    Example: ["received", "resolved"]
    """


# --- scope.toml -------------------------------------------------------------------------------------------------


class ScopeFile(Strict):
    """`mappings/scope.toml`: one rule for all requests beyond the agreed scope."""

    goodwill_up_to: Time | None = None
    """Up to this effort a request is done as goodwill, recorded and announced as such."""
    decide: Duty | None = None
    """How soon a request is decided."""
    tell: Duty | None = None
    """How soon goodwill is announced as such."""
    consent: Duty | None = None
    """How soon the client's written consent to a moved date or a change order is there."""
    window: Time | None = None
    """In which goodwill requests of one client are counted."""
    announce_at: int = Field(2, ge=1)
    """The goodwill request at which the talk about expectations is announced."""
    due_at: int = Field(3, ge=1)
    """The one at which it is due."""
    talk: Duty | None = None
    """How soon the talk about expectations is announced or held."""
    agreement: Duty | None = None
    """How soon the adjusted agreement is recorded after the talk."""
    budget_share: Share | None = None
    """Change requests over this share of an engagement's budget: pause and realign. Example: 0.1"""
    realign: Duty | None = None
    """How soon date, budget and wishes are brought together again."""
    decisions: dict[str, Literal["goodwill", "move-date", "change-order", "drop", "declined"]] = {}
    """What the values of the tracker's own field `scope_decision` mean: `goodwill`, `move-date`, `change-order`,
    `drop` (something else) or `declined`.

    Example: { paid = "change-order" }
    """

    def complaints(self) -> Iterator[Complaint]:
        """A budget or an effort of nothing is no rule, and a talk is announced before it is due."""
        if self.goodwill_up_to and not self.goodwill_up_to.elapsed():
            yield ("goodwill_up_to",), 'nothing could be done as goodwill; write some effort, such as "60m"'
        if self.announce_at > self.due_at:
            yield ("announce_at",), "the talk would be announced after it is due; make it at most due_at"


# --- attention.toml ---------------------------------------------------------------------------------------------


class Quiet(Strict):
    """Hours in which nobody is written to; in the source's zone. What is critical passes."""

    hours: Hours = []
    """Of everybody; an end before the beginning is on the next day. Example: ["20:00-07:30"]"""
    roles: dict[str, Hours] = {}
    """Of one role, instead of those above. Example: { managing_partner = ["18:00-09:00"] }"""
    weekends: bool = False
    """Whether Saturday and Sunday are quiet all day."""
    passes: Severities = ["critical"]
    """Severities that are said all the same. Example: ["critical"]"""


class Budget(Strict):
    """How many comments may ask for one person in a day; what is critical passes, the rest waits by urgency."""

    per_day: int = Field(ge=1)
    """So many comments a day may ask for one person. Example: 12"""
    passes: Severities = ["critical"]
    """Severities that are said all the same. Example: ["critical"]"""


class Snooze(Strict):
    """A person may put a ticket off for a while."""

    longest: Time
    """No longer than this from when it is said."""


class AttentionFile(Strict):
    """`mappings/attention.toml`: when and how often people are asked for."""

    quiet: Quiet | None = None
    """Hours in which nobody is written to."""
    budget: Budget | None = None
    """How many comments may ask for one person in a day."""
    snooze: Snooze | None = None
    """For how long a person may put a ticket off."""


# --- signs.toml -------------------------------------------------------------------------------------------------


Figure = Literal[
    "reply_time",
    "comments",
    "comment_length",
    "scope_requests",
    "billing_issues",
    "open_change_requests",
    "missed_deadlines",
    "missed_meetings",
    "team_concerns",
    "payment_days",
]

COUNTED: tuple[Figure, ...] = ("open_change_requests", "missed_deadlines", "missed_meetings", "team_concerns")
"""Figures that are counted as they are: each is bad at once, whatever the client's habit."""

UNDATED: tuple[Figure, ...] = ("open_change_requests", "payment_days")
"""Figures of this moment, which look at no days."""

TAKEN = re.compile(rf"{'|'.join((*CATEGORIES, *SEVERITIES))}|needs-triage|breach|(level|suggest)-.*")
"""Labels, without their prefix, that mean something else already."""


class Sign(Strict):
    """One early warning: a figure of the client's newest weeks against their own baseline."""

    figure: Figure
    """What is measured: `reply_time`, the client's usual hours to answer; `comments`, theirs in a week;
    `comment_length`, their usual characters; `scope_requests` and `billing_issues`, opened in 30 days;
    `open_change_requests`, open now; `missed_deadlines`, `missed_meetings` and `team_concerns`, in the newest
    days; `payment_days`, from invoice to payment."""
    at_least: float | None = Field(None, gt=0, allow_inf_nan=False)
    """The figure from which it counts, in its own unit (hours, comments a week, characters, tickets, days). For
    comment_length what the baseline has to be: where comments were always short, shorter ones tell nothing.

    Example: 24
    """
    times_baseline: float | None = Field(None, gt=0, allow_inf_nan=False)
    """How many times the baseline it has to be; below 1 for comment_length, above 1 for all others.

    Example: 2.0
    """

    def complaints(self) -> Iterator[Complaint]:
        """Something that it is measured by, in the direction that is a sign."""
        times, falls = self.times_baseline, self.figure == "comment_length"
        if falls and times is None:
            yield (), "comments are terse only against the client's own; add times_baseline = 0.5"
        elif self.at_least is None and times is None:
            yield (), "this is measured by nothing; add at_least or times_baseline"
        if times is None:
            return
        if self.figure in COUNTED:
            yield ("times_baseline",), f"{self.figure} is counted, without a baseline; write at_least instead"
        elif falls and times >= 1:
            yield ("times_baseline",), "comments that become longer are no sign; write less than 1"
        elif not falls and times <= 1:
            yield ("times_baseline",), f"{self.figure} is a sign when it rises; write more than 1"


class RedFlag(Strict):
    """A mark that people set and clear: a label, with what it stands for."""

    label: Word
    """The label, spelt exactly so. Example: "flag:untested"."""
    means: Word
    """What it stands for, as it is shown. Example: "a function was never tested"."""


class SignsFile(Strict):
    """`mappings/signs.toml`: early warnings and red flags. Shown; never an escalation by themselves."""

    recent: Time | None = None
    """The newest days that are looked at."""
    baseline: Time | None = None
    """The days before them that they are compared with."""
    fewest: int = Field(3, ge=1)
    """Observations that the baseline needs; with fewer there is no baseline and no such sign."""
    fewest_recent: int = Field(2, ge=1)
    """Observations that the newest days need for a median: of reply times, and of the lengths of comments."""
    label: str = Field("", pattern=r"^\S*$")
    """A label that tickets of a client with an early warning get, after the prefix; none by default.

    Example: "early-warning"
    """
    sign: dict[str, Sign] = {}
    """Early warnings, by the name that is shown for each."""
    flag: list[RedFlag] = []
    """Red flags: labels that people put."""

    def complaints(self) -> Iterator[Complaint]:
        """Days to look at where a sign needs them, a label of its own, and one meaning for each flag."""
        for name, sign in self.sign.items():
            dated = sign.figure not in UNDATED
            if dated and self.recent is None:
                yield ("sign", name), 'which days are the newest? add recent = "30d" above the tables'
            if dated and sign.times_baseline is not None and self.baseline is None:
                yield ("sign", name, "times_baseline"), 'add baseline = "180d" above the tables, to compare with'
        if self.recent and not self.recent.elapsed():
            yield ("recent",), 'nothing happens in no time; write some days, such as "30d"'
        elif self.recent and self.baseline and self.baseline.elapsed() < self.recent.elapsed():
            yield ("baseline",), "this is shorter than recent; write at least as many days"
        if TAKEN.fullmatch(self.label):
            yield ("label",), f"{self.label!r} already says something else; write another word"
        seen: set[str] = set()
        for index, flag in enumerate(self.flag):
            if flag.label in seen:
                yield ("flag", index, "label"), f"{flag.label!r} already stands for an earlier flag"
            seen.add(flag.label)


# --- all of them ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Practice:
    """What these files say, together."""

    promises: PromisesFile
    scope: ScopeFile
    attention: AttentionFile
    signs: SignsFile


FILES = {"promises": PromisesFile, "scope": ScopeFile, "attention": AttentionFile, "signs": SignsFile}
"""The files, by name without ending, that a folder of mappings may have."""

NONE = Practice(PromisesFile(), ScopeFile(), AttentionFile(), SignsFile())
"""Nothing is promised beyond the escalation matrix."""
