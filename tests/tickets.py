"""Builders for tests that judge tickets: people, moments, tickets with a history, and a small policy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from sync.action import Obligation
from sync.judging import promises
from sync.judging.facts import NO_FACTS
from sync.judging.judgement import Judge
from sync.judging.memory import NOTHING, Memory
from sync.mapping import tracker_models
from sync.mapping.policy import Policy, load_policy
from sync.plan import Terms, plan_ticket
from sync.richtext import Paragraph, Span, plain
from sync.ticket import Audience, Change, Comment, Person, Status, Ticket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.judging.clocks import Clock
    from sync.judging.facts import Facts
    from sync.judging.judgement import Judgement
    from sync.judging.promises import Saying
    from sync.plan import Mode, TicketPlan
    from sync.promise_names import PromiseName
    from sync.richtext import Document

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")  # a machine that is busy with something else is no failure

MAPPINGS = Path(__file__).parents[1] / "mappings"
BERLIN = ZoneInfo("Europe/Berlin")

# --- people: whoever is named by a role holds it -----------------------------------------------------------------

CONSULTANT = Person("consultant", "Consultant 1", "staff")
COLLEAGUE = Person("colleague", "Consultant 2", "staff")
PROJECT_MANAGER = Person("project manager", "Project manager", "staff")
SERVICES_LEAD = Person("services lead", "Client services lead", "staff")
PARTNER = Person("partner", "Engagement partner", "staff")
MANAGING_PARTNER = Person("managing partner", "Managing partner", "staff")
CLIENT = Person("client", "Daily contact of Client A", "client")
US = Person("makegood", "makegood", "us")
MACHINE = Person("robot", "Mail import", "machine")
SOMEBODY = Person("", "", "unknown")

# --- moments -----------------------------------------------------------------------------------------------------


def at(written: str, zone: ZoneInfo = BERLIN) -> datetime:
    """`Mon 2 Mar 10:00` of 2026 on the wall of Berlin, as UTC; the weekday has to be right."""
    wall = datetime.strptime(f"2026 {written}", "%Y %a %d %b %H:%M")  # noqa: DTZ007 - the zone follows
    assert f"{wall:%a}" == written[:3], f"{written} is a {wall:%a}"
    return wall.replace(tzinfo=zone).astimezone(UTC)


OPENED = "Mon 2 Mar 10:00"
"""When tickets are opened unless a test says otherwise: a Monday morning in office hours."""

# --- tickets -----------------------------------------------------------------------------------------------------


def said(
    when: str,
    by: Person = CONSULTANT,
    text: str = "we are on it",
    audience: Audience = Audience.INTERNAL,
    marks: tuple[str, ...] = (),
) -> Comment:
    """A comment; its id tells when it was made."""
    return Comment(f"comment {when}", at(when), by, text, audience, marks)


def called(when: str, by: Person = CONSULTANT) -> Comment:
    """A contact with the client, as a contact word proves it."""
    return said(when, by, "/called and told them how it stands")


def became(when: str, field: str, before: str, after: str, by: Person = CONSULTANT) -> Change:
    """A change of one field; its id tells when and what."""
    return Change(f"{field} {when}", at(when), by, field, before, after, f"{before or '–'} → {after or '–'}")


def moved(when: str, before: str, after: str, by: Person = CONSULTANT, said: str = "") -> Change:
    """A change of status; `said` is how the tracker words it, if that matters."""
    change = became(when, "status", before, after, by)
    return replace(change, said=said or change.said)


def ticket(
    *history: Comment | Change, opened: str = OPENED, owner: Person | None = CONSULTANT, **more: object
) -> Ticket:
    """A ticket with this history; its status, unless given, is the one that the history arrives at.

    `owner` has it from the beginning unless the history assigns it.
    """
    comments = tuple(sorted((e for e in history if isinstance(e, Comment)), key=lambda e: (e.at, e.id)))
    changes = tuple(sorted((e for e in history if isinstance(e, Change)), key=lambda e: (e.at, e.id)))
    arrived = next((change.after for change in reversed(changes) if change.field == "status"), "open")
    created = at(opened)
    usual: dict[str, Any] = {
        "source": "desk",
        "site": "site",
        "id": "10001",
        "key": "A-1",
        "url": "https://tracker.example/A-1",
        "title": "A question",
        "text": "",
        "status": Status(arrived),
        "created": created,
        "updated": max([created, *(comment.at for comment in comments), *(change.at for change in changes)]),
        "version": "1",
        "client": "Client A",
        "assignee": owner,
        "comments": comments,
        "changes": changes,
        "audiences": frozenset({Audience.INTERNAL, Audience.RESTRICTED}),
    }
    whole: dict[str, Any] = usual | more
    return Ticket(**whole)


# --- any ticket at all -------------------------------------------------------------------------------------------

_MINUTES = st.integers(1, 2 * 24 * 60)
_LABELS = st.sampled_from(["", "mine", "esc:high", "esc:low esc:high", "esc:medium mine", "esc:billing"])
_TEXTS = st.sampled_from(
    ["hello", "/called", "/mine", "a lawsuit", "no hurry", "our board", "late", "the invoice"]
)
_PEOPLE = st.sampled_from([CONSULTANT, PARTNER, CLIENT, US, MACHINE, SOMEBODY])
_FIELDS = {
    "status": st.sampled_from([str(status) for status in Status]),
    "labels": _LABELS,
    "severity": st.sampled_from(["", "Sev 1", "Sev 2", "Sev 4"]),
    "assignee": st.sampled_from(["", "Consultant 1", "Engagement partner"]),
}


@st.composite
def tickets(draw: st.DrawFn) -> Ticket:
    """A ticket with up to a dozen events within some weeks; its history fits together."""
    held = {name: draw(values) for name, values in _FIELDS.items()}
    moment = opened = at(OPENED) + timedelta(minutes=draw(_MINUTES))
    comments: list[Comment] = []
    changes: list[Change] = []
    for number in range(draw(st.integers(0, 12))):
        moment += timedelta(minutes=draw(_MINUTES))
        name, who = draw(st.sampled_from(["comment", "comment", "status", *_FIELDS])), draw(_PEOPLE)
        if name == "comment":
            comments.append(Comment(f"comment {number}", moment, who, draw(_TEXTS), Audience.INTERNAL))
            continue
        before, held[name] = held[name], draw(_FIELDS[name])
        if before != held[name]:
            changes.append(Change(f"change {number}", moment, who, name, before, held[name]))
    owners = {"Consultant 1": CONSULTANT, "Engagement partner": PARTNER}
    return ticket(
        *comments,
        *changes,
        owner=owners.get(held["assignee"]),
        created=opened,
        updated=moment,
        title=draw(_TEXTS),
        status=Status(held["status"]),
        labels=frozenset(held["labels"].split()),
        fields={"severity": held["severity"]} if held["severity"] else {},
        client=draw(st.sampled_from(["Client A", "Client B", None])),
        due=draw(st.sampled_from([None, opened.date() + timedelta(days=3)])),
    )


# --- policies ----------------------------------------------------------------------------------------------------

TAXONOMY = """
field_values = { finance = "billing" }
[subtypes]
delivery = ["missed-deadline"]
communication = ["no-updates"]
scope = ["feature-creep"]
team = ["culture"]
billing = ["invoice"]
[negation.en]
before = ["not", "no"]
[[rule]]
name = "somebody was rude"
category = "team"
subtype = "culture"
when.words = { en = ["rude"] }
[[rule]]
name = "the invoice"
category = "billing"
subtype = "invoice"
when.words = { en = ["invoice"], da = ["faktura*"], ja = ["請求書"] }
[[rule]]
name = "late"
category = "delivery"
subtype = "missed-deadline"
when.words = { en = ["late"] }
"""

SEVERITY = """
order = ["field", "matrix", "signals", "priority"]
default = "medium"
field_values = { "sev 1" = "critical", "sev 2" = "high", "sev 3" = "medium", "sev 4" = "low" }
priority_values = { highest = "critical", major = "high", minor = "low" }
[matrix]
impacts = ["Great", "Small"]
reaches = ["All", "One"]
cells = { Great = { All = "critical", One = "high" }, Small = { All = "medium", One = "low" } }
[[signal]]
name = "lawyers"
severity = "critical"
when.words = { en = ["lawsuit"] }
[[signal]]
name = "leadership"
severity = "high"
when.words = { en = ["our board"] }
[[signal]]
name = "a wish"
severity = "low"
when.words = { en = ["no hurry"] }
[[trigger]]
name = "third issue"
client_issues = 3
within = "90d"
"""

ESCALATION = """
ladder = ["project_manager", "client_services_lead", "engagement_partner", "managing_partner"]
gather = "15m"
calendar = "office"
[critical]
first_response = { within = "1h" }
update = { within = "4h" }
escalation = { to = "managing_partner", taken = { within = "15m" } }
[high]
first_response = { within = "4h", counts = "working" }
update = { within = "1d", counts = "working" }
escalation = { to = "engagement_partner", taken = { within = "1d", counts = "working" } }
resolution = { within = "5d", counts = "working" }
[medium]
first_response = { within = "24h", if_closed = "next-opening" }
update = { within = "3d", warn_after = "2d", if_closed = "next-opening" }
escalation = { to = "client_services_lead", taken = { within = "24h", if_closed = "next-opening" } }
[low]
handover = false
first_response = { within = "48h", if_closed = "next-opening" }
escalation = { to = "project_manager" }
"""

CALENDARS = """
[calendar.office]
zone = "Europe/Berlin"
holidays = { country = "DE", region = "BE" }
[calendar.office.hours]
monday = ["09:00-17:00"]
tuesday = ["09:00-17:00"]
wednesday = ["09:00-17:00"]
thursday = ["09:00-17:00"]
friday = ["09:00-17:00"]
[calendar.always]
zone = "UTC"
[calendar.always.hours]
monday = ["00:00-00:00"]
tuesday = ["00:00-00:00"]
wednesday = ["00:00-00:00"]
thursday = ["00:00-00:00"]
friday = ["00:00-00:00"]
saturday = ["00:00-00:00"]
sunday = ["00:00-00:00"]
"""

CLIENTS = """
[roles]
project_manager = ["project manager"]
client_services_lead = ["services lead"]
engagement_partner = ["partner"]
managing_partner = ["managing partner"]
[[client]]
name = "Client A"
aliases = ["CLA"]
names = { "partner" = "Engagement partner" }
[[client]]
name = "Client B"
calendar = "always"
roles = { engagement_partner = ["partner of B"] }
[client.update.critical]
within = "12h"
"""

MAPPING = """
[fields]
category = "Category"
subtype = "Subtype"
severity = "Severity"
priority = "Priority"
impact = "Impact"
reach = "Reach"
own.milestone = "Milestone"
[status]
open = ["Open"]
in_progress = ["Doing"]
waiting = ["Waiting"]
resolved = ["Solved"]
closed = ["Done"]
[people]
everyone_else = "staff"

[contact]
words = ["/called", "/mailed", "/電話"]
[acknowledge]
words = ["/mine"]
labels = ["mine"]
"""


@cache
def shipped() -> Policy:
    """The policy of `mappings/`, with the workbook's mapping."""
    return load_policy(
        MAPPINGS,
        {
            "asana.toml": tracker_models.AsanaMapping,
            "jira.toml": tracker_models.JiraMapping,
            "workbook.toml": tracker_models.WorkbookMapping,
        },
    )


@cache
def policy(
    *,
    taxonomy: str = TAXONOMY,
    severity: str = SEVERITY,
    escalation: str = ESCALATION,
    clients: str = CLIENTS,
    mapping: str = MAPPING,
    promises: str = "",
    scope: str = "",
    attention: str = "",
    signs: str = "",
    calendars: str = CALENDARS,
) -> Policy:
    """A small policy out of these files' texts; a test names only the file that it is about."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in (
            ("taxonomy", taxonomy),
            ("severity", severity),
            ("escalation", escalation),
            ("clients", clients),
            ("calendars", calendars),
            ("desk", mapping),
            ("promises", promises),
            ("scope", scope),
            ("attention", attention),
            ("signs", signs),
        ):
            (folder / f"{file}.toml").write_text(text, encoding="utf-8")
        return load_policy(folder, {"desk.toml": tracker_models.Mapping})


# --- judging and planning ----------------------------------------------------------------------------------------


def judge(by: Policy | None = None, **terms: object) -> Judge:
    """A judge for tickets of the source `desk`; its readers are staff unless `terms` say otherwise."""
    by = by or policy()
    usual: dict[str, Any] = {
        "mapping": by.mappings["desk.toml" if "desk.toml" in by.mappings else "workbook.toml"],
        "staff_only": True,
        "due": "next_promise",
        "zone": "Europe/Berlin",
        "language": "en",
    }
    whole: dict[str, Any] = usual | terms
    return Judge(by, {"desk": promises.Terms(**whole)})


def judged(
    one: Ticket,
    now: str | datetime,
    by: Policy | None = None,
    facts: Facts = NO_FACTS,
    memory: Memory = NOTHING,
    **terms: object,
) -> Judgement:
    """What is thought of a ticket at this moment."""
    judges = judge(by, **terms) if "mapping" in terms else _judge(by or policy(), **terms)
    return judges.judge(one, facts, now if isinstance(now, datetime) else at(now), memory=memory)


def having_said(one: Ticket, promise: PromiseName, occasion: str, *steps: int) -> Memory:
    """The memory of having said these steps of one promise."""
    return Memory(said=frozenset(Obligation(promise, occasion, step).id(one.site, one.id) for step in steps))


_judge = cache(judge)


def clock(judgement: Judgement, promise: PromiseName) -> Clock:
    """The clock of one promise."""
    return next(clock for clock in judgement.clocks if clock.promise == promise)


def labels(judgement: Judgement) -> set[str]:
    """The labels that should stand, without the prefix."""
    return {want.label.removeprefix("esc:") for want in judgement.labels or ()}


def sayings(judgement: Judgement) -> set[tuple[PromiseName, str, int]]:
    """What should be said: promise, occasion and step."""
    owed = (saying.obligation for saying in judgement.sayings)
    return {(each.promise, each.occasion, each.step) for each in owed}


def planned(
    judgement: Judgement,
    memory: Memory = NOTHING,
    mode: Mode = "full",
    backlog_after: timedelta = timedelta(days=7),
) -> TicketPlan:
    """The plan for a judged ticket; its comment tells which sayings it carries."""
    return plan_ticket(judgement, memory, Terms("esc:", mode, backlog_after, _written_down))


def _written_down(_: Judgement, owed: Sequence[Saying]) -> Document:
    return tuple(Paragraph((Span(f"{each.obligation.promise} {each.obligation.step}"),)) for each in owed)


def applied(plan: TicketPlan) -> tuple[Ticket, Memory]:
    """The ticket and our memory of it once the plan is done, as every tracker would show them."""
    before, now, edit, memory = plan.ticket, plan.judged.now, plan.edit(), plan.after
    after = before.labels.union(edit.add_labels).difference(edit.remove_labels)
    changes, comments = before.changes, before.comments
    if after != before.labels:
        told = (" ".join(sorted(before.labels)), " ".join(sorted(after)))
        changes = (*changes, Change(f"ours {len(changes)}", now, US, "labels", *told))
    if comment := plan.comment:
        ours = Comment(f"ours {len(comments)}", now, US, plain(comment.body), comment.audience, comment.ids)
        comments = (*comments, ours)
        steps = dict(memory.steps) | {owed.promise: (owed.occasion, owed.step) for owed in comment.obligations}
        memory = replace(memory, said=memory.said.union(comment.ids), steps=steps)
    due = edit.due if edit.set_due else before.due
    return replace(before, labels=after, due=due, changes=changes, comments=comments, updated=now), memory
