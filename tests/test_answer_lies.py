"""A tracker that says one thing and does another: each write is made once whatever was answered, and when."""

from __future__ import annotations

import os
import re
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import pytest
from fakes.faults import DropAfter, DropBefore, HalfBody, Hang, Late, Reply
from harness_asana import AsanaFieldsHarness, AsanaHarness
from harness_jira import CloudHarness, JiraHarness
from passes import agency
from reliability import effects_of, held
from whole_firm import StaffAsana, StaffDataCenter, desk, policy

from sync.action import reference
from sync.ticket import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fakes.faults import Fault, Script
    from harness import Harness
    from passes import Agency
    from reliability import Effect

pytestmark = pytest.mark.reliability

THOROUGH = bool(os.environ.get("MAKEGOOD_THOROUGH"))


class FieldsAsana(AsanaFieldsHarness):
    """Labels in a custom field that has an option for each that is wanted here."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (labels,) = (setting.field for setting in self.fake.project(self.project).settings if setting.field.name == "Labels")
        for label in WANTED:
            self.fake.add_option(labels, label)


WANTED = ("esc:delivery", "esc:high")
"""The labels of the first pass."""
TRACKERS: tuple[type[Harness], ...] = (CloudHarness, StaffDataCenter, StaffAsana, FieldsAsana)

SHORT = 0.25
"""Seconds without an answer after which the adapters give up here, in place of a minute."""
SETTLE = timedelta(minutes=10)
MINUTES = (0, 1, 5, 11, 11, 11, 11, 11)
"""Passes after the one whose answers lie: at once, soon, and long after every doubt."""

Kind = Literal["comment", "label", "due", "both", "follow_up"]
KINDS: tuple[Kind, ...] = ("comment", "label", "due", "both", "follow_up")
ONCE = {"comment": "comment", "follow_up": "follow_up"}
"""Writes that must never be made twice, and what the journal calls them."""

When = Literal["applied", "never"] | int
WHEN: tuple[When, ...] = ("applied", "never", 1, 30, 300)
"""When the tracker does what was asked: before it answers, not at all, or so many seconds after we gave up."""

LONG = "4000"
STATUSES = {
    f"{status}{f' after {wait}' if wait else ''}": (status, wait)
    for status, waits in {429: ("0", "1.5", "date", LONG), 500: ("",), 502: ("",), 503: ("0", "1.5", "date", LONG)}.items()
    for wait in waits
}
ANSWERS = ("reset", "half a body", "silence", "a page", *STATUSES)


def lying(answer: str, when: When, now: datetime) -> Fault:
    """The answer, given by a tracker that applies what it is asked to at that time."""
    applied, late = when == "applied", float(when) if isinstance(when, int) else None
    match answer:
        case "reset":
            return DropAfter() if applied else Late(late) if late else DropBefore()
        case "half a body":
            return HalfBody(applied, late)
        case "silence":
            return Hang(applied=applied, late=late)
        case "a page":
            return Reply(201, b"<html>Sign in</html>", content_type="text/html", applied=applied, late=late)
    status, wait = STATUSES[answer]
    asked = format_datetime(now + timedelta(seconds=20), usegmt=True) if wait == "date" else wait
    headers = {"Retry-After": asked} if asked else {}
    return Reply(status, {"errorMessages": [], "errors": []}, headers, applied=applied, late=late)


# --- a firm with a ticket for each answer -----------------------------------------------------------------------


@dataclass
class Case:
    """One ticket, and how the tracker lies about one write on it."""

    ticket: str
    answer: str
    when: When
    script: Script
    struck: datetime | None = None
    """The pass in which it did."""


@dataclass
class Storm:
    """Tickets that are all alike but for what is answered about them; nothing disturbs the `calm` one."""

    kind: Kind
    firm: Agency
    harness: Any
    calm: str
    tickets: list[str]
    cases: list[Case] = field(default_factory=list)

    @property
    def site(self) -> str:
        site: str = self.firm.sources[0][1].connect()
        return site

    def lie(self, whens: Sequence[When]) -> None:
        """Have the next such write of each ticket answered in its own way."""
        for ticket, answer, when in zip(self.tickets, ANSWERS, whens, strict=True):
            fault = lying(answer, when, self.harness.fake.now)
            where = aim(self.harness, self.kind, ticket)
            self.cases.append(Case(ticket, answer, when, self.harness.fake.script(fault, **where)))

    def run(self, minutes: float) -> None:
        """A pass that nothing stops, and after which what is in doubt is shown to be."""
        (sight,) = self.firm.run(minutes=minutes)
        assert sight.error is None
        assert all(wait <= 60 for wait in self.harness.waits), "what is asked for longer is not waited for in a pass"
        failed = {result.plan.ticket.id: result.failed.why for result in sight.results if result.failed}
        shown = {(entry.ticket, entry.kind) for entry in self.firm.store.unsettled()}
        for case in self.cases:
            if case.script.met and case.struck is None:
                case.struck = self.firm.now
                assert self.kind not in ONCE or (case.ticket, ONCE[self.kind]) in shown, case
                assert LONG not in case.answer or "asks to wait 67 minutes" in failed[case.ticket], case
            if self.kind in ONCE and case.struck and self.firm.now - case.struck < SETTLE:
                assert self.sent(case.ticket) == 1, f"{case}: sent again though it may be applied yet"

    def sent(self, ticket: str) -> int:
        """How often the write was sent."""
        where = aim(self.harness, self.kind, ticket)
        log = [request for request in self.harness.fake.log if request.method == where["method"]]
        return sum(
            bool(re.search(where["path"], request.path) and re.search(where.get("body", ""), str(request.body)))
            for request in log
        )

    def expected(self, ticket: str) -> Counter[Effect]:
        """What should stand on a ticket: what stands on the calm one, under this one's own marks."""
        said = {
            reference(owed.id(self.site, self.calm)): owed
            for entry in self.firm.store.journal(self.site, self.calm)
            for owed in entry.said
        }
        calm = effects_of(self.harness, [self.calm])
        assert calm, "nothing was written at all"
        return Counter(
            {
                (ticket, kind, said[reference(what)].id(self.site, ticket)[: len(what)] if kind == "comment" else what): times
                for (_, kind, what), times in calm.items()
            }
        )


def aim(harness: Any, kind: Kind, ticket: str) -> dict[str, str]:  # noqa: ANN401 - any harness
    """Which request makes such a write on the ticket."""
    if isinstance(harness, JiraHarness):
        match kind:
            case "comment":
                return {"method": "POST", "path": rf"/issue/{ticket}/comment$"}
            case "follow_up":
                return {"method": "POST", "path": r"/issue$", "body": rf"\b{ticket}\b"}
            case _:
                return {"method": "PUT", "path": rf"/issue/{ticket}$"}
    match kind:
        case "comment":
            return {"method": "POST", "path": rf"/tasks/{ticket}/stories$"}
        case "follow_up":
            return {"method": "POST", "path": rf"/tasks/{ticket}/subtasks$"}
        case "label" if not isinstance(harness, AsanaFieldsHarness):
            return {"method": "POST", "path": rf"/tasks/{ticket}/addTag$"}
        case _:
            return {"method": "PUT", "path": rf"/tasks/{ticket}$"}


@contextmanager
def storm(tracker: type[Harness], kind: Kind, folder: Path) -> Iterator[Storm]:
    """Up to the moment before the pass that makes such a write on each ticket."""
    labels = WANTED if kind == "due" else ()
    settings: dict[str, Any] = {"guard": {"unclassified": 1}, "due": "off" if kind == "label" else "next_promise"}
    with ExitStack() as stack:
        if kind == "follow_up":
            by = policy(promises='follow_ups = ["verified"]\n[verified]\nwithin = "7d"')
            made = stack.enter_context(desk(tracker, folder, by, **settings))
            firm: Agency = made.firm
            harness: Any = made.harness
        else:
            harness = stack.enter_context(tracker(folder))
            firm = stack.enter_context(agency(folder, now=harness.fake.now))
            connection = harness.tracker()
            stack.callback(connection.close)
            firm.source(harness.source(mode="full", **settings), connection, harness.mapping())
            firm.clocks.append(harness.advance)
        tickets = [
            harness.create("The report is late", client=f"Client {number}", severity="high", labels=labels)
            for number in range(len(ANSWERS) + 1)
        ]
        if kind in ONCE:
            firm.run()
            firm.wait(minutes=20)
        for ticket in tickets if kind == "follow_up" else ():
            harness.comment_as_staff(ticket, "/called")
            harness.set_status(ticket, Status.RESOLVED)
        yield Storm(kind, firm, harness, tickets[-1], tickets[:-1])


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a minute for an answer here."""
    for adapter in ("jira_http", "asana_http"):
        monkeypatch.setattr(f"sync.trackers.{adapter}.TIMEOUT", (5.0, SHORT))


@pytest.mark.parametrize("turn", range(len(WHEN)) if THOROUGH else [0])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tracker", TRACKERS, ids=lambda tracker: tracker.name)
def test_whatever_is_answered_each_write_is_made_once(
    tmp_path: Path, tracker: type[Harness], kind: Kind, turn: int
) -> None:
    """Each answer with each kind of write, and each time with both; all three together with MAKEGOOD_THOROUGH=1."""
    first = turn + KINDS.index(kind)
    with storm(tracker, kind, tmp_path) as firm:
        firm.lie([WHEN[(first + number) % len(WHEN)] for number in range(len(ANSWERS))])
        for minutes in (1, *MINUTES):
            firm.run(minutes)
        assert [case for case in firm.cases if case.struck is None] == []
        assert firm.firm.store.unsettled() == []
        for case in firm.cases:
            told = f"{tracker.name}, {kind}, {case.answer}, applied: {case.when}"
            found = effects_of(firm.harness, [case.ticket])
            held("lost answer", told, expected=firm.expected(case.ticket), found=found)
            assert kind not in ONCE or firm.sent(case.ticket) == (2 if case.when == "never" else 1), told
