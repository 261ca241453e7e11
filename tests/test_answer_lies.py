"""A tracker that says one thing and does another: each write is made once whatever was answered, and when."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING, Any, Literal

import pytest
from fakes.faults import DropAfter, DropBefore, HalfBody, Hang, Late, Reply
from harness_asana import AsanaFieldsHarness
from harness_jira import CloudHarness, JiraHarness
from office import Office, jira_cloud
from passes import agency
from reliability import counted, effects_of, held
from whole_firm import StaffAsana, StaffCsv, StaffDataCenter, StaffXlsx, desk, policy

from sync.action import reference
from sync.errors import CredentialsError
from sync.ticket import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fakes.faults import Fault, Script
    from harness import Harness
    from passes import Agency
    from reliability import Effect

pytestmark = pytest.mark.reliability

THOROUGH = bool(os.environ.get("MAKEGOOD_THOROUGH"))
WANTED = ("esc:delivery", "esc:high")
"""The labels of the first pass."""


class FieldsAsana(AsanaFieldsHarness):
    """Labels in a custom field that has an option for each that is wanted here."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (labels,) = (
            setting.field for setting in self.fake.project(self.project).settings if setting.field.name == "Labels"
        )
        for label in (*WANTED, "esc:critical"):
            self.fake.add_option(labels, label)


TRACKERS: tuple[type[Harness], ...] = (CloudHarness, StaffDataCenter, StaffAsana, FieldsAsana)

SHORT = 1.0
"""Seconds without an answer after which the adapters give up on silence here, in place of a minute."""
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
    for status, waits in {
        429: ("0", "1.5", "date", LONG),
        500: ("",),
        502: ("",),
        503: ("0", "1.5", "date", LONG),
    }.items()
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
        self.harness.pace.now += self.harness.pace.held().total_seconds()  # nobody is served before
        (sight,) = self.firm.run(minutes=minutes)
        assert sight.error is None
        assert all(wait <= 60 for wait in self.harness.waits), (
            "what is asked for longer is not waited for in a pass"
        )
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
                (
                    ticket,
                    kind,
                    said[reference(what)].id(self.site, ticket)[: len(what)] if kind == "comment" else what,
                ): times
                for (_, kind, what), times in calm.items()
            }
        )


def aim(harness: Any, kind: Kind, ticket: str) -> dict[str, str]:  # noqa: ANN401 - any harness
    """Which request makes such a write on the ticket."""
    if isinstance(harness, JiraHarness):
        aims = {
            "comment": {"method": "POST", "path": rf"/issue/{ticket}/comment$"},
            "follow_up": {"method": "POST", "path": r"/issue$", "body": rf"\b{ticket}\b"},
        }
        return aims.get(kind, {"method": "PUT", "path": rf"/issue/{ticket}$"})
    aims = {
        "comment": {"method": "POST", "path": rf"/tasks/{ticket}/stories$"},
        "follow_up": {"method": "POST", "path": rf"/tasks/{ticket}/subtasks$"},
    }
    if not isinstance(harness, AsanaFieldsHarness):
        aims["label"] = {"method": "POST", "path": rf"/tasks/{ticket}/addTag$"}
    return aims.get(kind, {"method": "PUT", "path": rf"/tasks/{ticket}$"})


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


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a minute for an answer here."""
    for adapter in ("jira_http", "asana_http"):
        monkeypatch.setattr(f"sync.trackers.{adapter}.TIMEOUT", (5.0, SHORT))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("turn", range(len(WHEN)) if THOROUGH else [0])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tracker", TRACKERS, ids=lambda tracker: tracker.name)
def test_whatever_is_answered_each_write_is_made_once(
    tmp_path: Path, tracker: type[Harness], kind: Kind, turn: int
) -> None:
    """Each answer with each kind of write, each time with both; all three together with MAKEGOOD_THOROUGH=1."""
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


# --- edits ------------------------------------------------------------------------------------------------------


def swap_severity(harness: Any, ticket: str, severity: str) -> None:  # noqa: ANN401 - any harness
    """The staff member changes the severity."""
    if isinstance(harness, JiraHarness):
        harness.fake.edit_as("Delivery lead", ticket, **{harness.severity_field: severity})
    else:
        harness.fake.edit_as("Delivery lead", ticket, fields={"Severity": severity})


@pytest.mark.parametrize("tracker", TRACKERS, ids=lambda tracker: tracker.name)
def test_an_edit_applied_after_a_later_one_is_not_taken_for_a_persons(
    tmp_path: Path, tracker: type[Harness]
) -> None:
    """It is sent again, then another one is due; and then the first one, late, puts back what no longer holds."""
    with desk(tracker, tmp_path, policy()) as firm:
        firm.firm.wait(hours=12.5)  # so late that a promise of four hours runs out tomorrow, one of an hour today
        made = [firm.harness.create("It is late", client=f"Client {n}", severity="high") for n in (1, 2)]
        late, calm = made
        firm.harness.fake.script(Late(300), **aim(firm.harness, "both", late))
        firm.run(minutes=1)
        firm.run(minutes=1)
        for ticket in made:
            swap_severity(firm.harness, ticket, "Critical")
        for minutes in (1, 1, 1, 1, 5, 11):
            firm.run(minutes=minutes)
        assert firm.firm.store.unsettled() == []
        expected = labels_and_due(firm.harness, calm)
        assert ("", "label", "esc:critical") in expected
        assert Counter(kind for _, kind, _ in expected)["due"] == 1
        found = labels_and_due(firm.harness, late)
        held("lost answer", f"{tracker.name}, out of turn", expected=expected, found=found)


def labels_and_due(harness: Any, ticket: str) -> Counter[Effect]:  # noqa: ANN401 - any harness
    """What an edit of ours made, whichever ticket it is."""
    return Counter(("", kind, what) for _, kind, what in effects_of(harness, [ticket]) if kind in {"label", "due"})


def test_what_a_part_of_an_edit_wrote_is_known_as_ours(tmp_path: Path) -> None:
    """Asana takes each tag in a request of its own, before the one for the date."""
    with storm(StaffAsana, "both", tmp_path) as firm:
        refusal = firm.harness.fake.script(
            Reply(403, {"errors": []}), times=99, **aim(firm.harness, "both", firm.calm)
        )
        firm.run(1)
        (entry,) = firm.firm.store.unsettled()
        assert entry.note.startswith("only a part of the edit was written: ")
        firm.run(0)
        assert firm.firm.store.memories(firm.site, [firm.calm])[firm.calm].labels == set(WANTED)
        refusal.times = 0
        for minutes in MINUTES:
            firm.run(minutes)
        assert firm.firm.store.unsettled() == []
        expected = labels_and_due(firm.harness, firm.tickets[0])
        held("lost answer", "a part", expected=expected, found=labels_and_due(firm.harness, firm.calm))


# --- where nothing may be concluded -----------------------------------------------------------------------------

NOBODY = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}


def blind(harness: Any, ticket: str) -> list[Script]:  # noqa: ANN401 - any harness
    """The token dies: what is said on the ticket, and below it, is answered as to anybody."""
    script = partial(harness.fake.script, method="GET", times=99)
    if not isinstance(harness, JiraHarness):
        dead = Reply(401, {"errors": [{"message": "Not Authorized"}]})
        return [script(dead, path=rf"/tasks/{ticket}/(stories|subtasks)$")]
    nothing = {"comments": [], "total": 0, "fields": {"subtasks": [], "issuelinks": []}, "id": ticket}
    dead = Reply(200, nothing, NOBODY)
    return [script(dead, path=rf"/issue/{ticket}(/comment)?$")]


def shut(harness: Any, ticket: str) -> list[Script]:  # noqa: ANN401 - any harness
    """The right to read what is said on the ticket is withdrawn."""
    where = (
        rf"/issue/{ticket}(/comment)?$"
        if isinstance(harness, JiraHarness)
        else rf"/tasks/{ticket}/(stories|subtasks)$"
    )
    return [harness.fake.script(Reply(403, {"errors": []}), method="GET", path=where, times=999)]


@pytest.mark.parametrize("eyes", [blind, shut])
@pytest.mark.parametrize("kind", ["comment", "follow_up"])
@pytest.mark.parametrize("tracker", TRACKERS, ids=lambda tracker: tracker.name)
def test_what_cannot_be_read_is_not_taken_for_absent(
    tmp_path: Path,
    tracker: type[Harness],
    kind: Kind,
    eyes: Any,  # noqa: ANN401 - one of the two above
) -> None:
    with storm(tracker, kind, tmp_path) as firm:
        ticket = firm.tickets[0]
        firm.harness.fake.script(DropAfter(), **aim(firm.harness, kind, ticket))
        firm.firm.run(minutes=1)
        assert [(entry.ticket, entry.kind) for entry in firm.firm.store.unsettled()] == [(ticket, ONCE[kind])]
        unreadable = eyes(firm.harness, ticket)
        for minutes in (0, 11, 60):
            firm.firm.run(minutes=minutes)
            assert [entry.outcome for entry in firm.firm.store.unsettled()] == ["unknown"]
            assert firm.sent(ticket) == 1
        for script in unreadable:
            script.times = 0
        firm.run(1)
        firm.run(11)
        assert firm.firm.store.unsettled() == []
        found = effects_of(firm.harness, [ticket])
        held("lost answer", f"{tracker.name}, {kind}, unreadable", expected=firm.expected(ticket), found=found)


def test_a_dead_token_leaves_a_doubt_as_it_is(tmp_path: Path) -> None:
    with storm(CloudHarness, "comment", tmp_path) as firm:
        ticket, token = firm.tickets[0], firm.harness.fake.token
        firm.harness.fake.script(DropAfter(), **aim(firm.harness, "comment", ticket))
        firm.firm.run()
        firm.harness.fake.token = "revoked"
        (sight,) = firm.firm.run(minutes=30)
        assert type(sight.error) is CredentialsError
        assert [entry.outcome for entry in firm.firm.store.unsettled()] == ["unknown"]
        firm.harness.fake.token = token
        firm.run(1)
        found = effects_of(firm.harness, [ticket])
        held("lost answer", "a dead token", expected=firm.expected(ticket), found=found)


def test_status_shows_what_is_in_doubt_until_it_can_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, monkeypatch)
    with jira_cloud() as fake:
        office.jira(fake.url)
        office.fill_client(fake)
        office.patch.setenv("MAKEGOOD_SETTLE_AFTER", "0m")
        fake.script(DropAfter(), method="POST", path="/comment$")
        assert office.run().status == 1
        unreadable = fake.script(Reply(403, {}), method="GET", path="/comment$", times=999)
        for _ in range(2):
            office.run()
            (shown,) = office.run("status", "--output", "json").json["sources"][0]["open_writes"]
            assert (shown["kind"], shown["outcome"]) == ("comment", "unknown")
            assert shown["note"] == "not all comments can be read"
            told = office.run("status").out
            assert "OPS-1: a comment sent " in told
            assert "outcome unknown; the next passes look for it: not all comments can be read" in told
        config = office.read("config.toml")
        office.write("config.toml", "")
        office.source()
        left = office.run("status")
        assert "jira: no longer in the config, while the outcome of 1 write is unknown" in left.out
        assert "put its [[source]] back until a pass has looked them up" in left.out
        assert "  1 live ticket of it is watched by nobody\n" in left.out
        told = office.run("status", "--output", "json").json
        assert (told["left_behind"], told["unwatched"]) == ({"jira": 1}, {"jira": 1})
        office.write("config.toml", config)
        unreadable.times = 0
        assert office.run().status == 0
        assert "outcome unknown" not in office.run("status").out
        comments = [comment for comment in fake.issue("OPS-1").comments if comment.properties]
        sent = [each for each in fake.log if each.method == "POST" and each.path.endswith("/comment")]
        assert (len(comments), len(sent)) == (1, 1)
        counted("lost answer", duplicates=len(sent) - 1, losses=1 - len(comments))


# --- a file -----------------------------------------------------------------------------------------------------


@dataclass
class Disk:
    """The disk under a workbook: it fails once, in its own way, and can put back what was there."""

    patch: pytest.MonkeyPatch
    way: str
    path: Path
    before: dict[Path, bytes] = field(default_factory=dict)
    failed: bool = False

    def fail(self) -> None:
        """Have the next save fail."""
        self.before = {each: each.read_bytes() for each in self.path.parent.glob(f"{self.path.stem}*")}
        replace, fsync = Path.replace, os.fsync

        def replaced(draft: Path, target: Path) -> Path:
            if self.failed or not self.way.startswith("replace"):
                return replace(draft, target)
            self.failed = True
            if self.way == "replace says no and does it":
                replace(draft, target)
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

        def synced(handle: int) -> None:
            folder = stat.S_ISDIR(os.fstat(handle).st_mode)
            if not self.failed and self.way == ("the folder is not synced" if folder else "no room"):
                self.failed = True
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            fsync(handle)

        self.patch.setattr(Path, "replace", replaced)
        self.patch.setattr("sync.trackers.workbook_disk.os.fsync", synced)

    def put_back(self) -> None:
        """A folder that is kept the same elsewhere gets its old files again."""
        for path in self.path.parent.glob(f"{self.path.stem}*"):
            if path in self.before:
                path.write_bytes(self.before[path])
            else:
                path.unlink()


WAYS = ("no room", "replace says no", "replace says no and does it", "the folder is not synced")


@pytest.mark.parametrize("put_back", [False, True], ids=["", "put back"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", [StaffXlsx, StaffCsv], ids=lambda kind: kind.name)
def test_a_file_that_was_perhaps_saved_is_written_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Harness],
    way: str,
    put_back: bool,  # noqa: FBT001
) -> None:
    expected, found = (
        saved(kind, tmp_path / name, Disk(monkeypatch, name, Path()), put_back=put_back) for name in ("well", way)
    )
    held("lost answer", f"{kind.name}, {way}, put back: {put_back}", expected=expected, found=found)


def saved(kind: type[Harness], folder: Path, disk: Disk, *, put_back: bool) -> Counter[Effect]:
    """What stands in a file whose disk failed when all of a ticket was to be written."""
    folder.mkdir()
    with ExitStack() as stack:
        harness: Any = stack.enter_context(kind(folder))
        firm = stack.enter_context(agency(folder, now=harness.now))
        tracker = harness.tracker()
        firm.source(harness.source(mode="full"), tracker, harness.mapping())
        firm.clocks.append(harness.advance)
        ticket = harness.create("The report is late", severity="high")
        disk.path = harness.path
        disk.fail()
        (sight,) = firm.run(minutes=20)
        assert [bool(sight.plan.failed), disk.failed] == [disk.way != "well"] * 2
        if put_back and disk.failed:
            disk.put_back()
        for minutes in MINUTES:
            firm.run(minutes=minutes)
        assert firm.store.unsettled() == []
        known = firm.store.memories(tracker.connect(), [ticket])[ticket]
        assert (known.labels, known.due) == (harness.labels_of(ticket), harness.due_of(ticket))
        return effects_of(harness, [ticket])


def test_an_old_file_put_back_later_is_told_as_a_persons_edit_and_nothing_is_said_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person who goes back to an older version leaves the very same bytes, so it is left out of the tally."""
    with ExitStack() as stack:
        harness = stack.enter_context(StaffCsv(tmp_path))
        firm = stack.enter_context(agency(tmp_path, now=harness.now))
        firm.source(harness.source(mode="full"), harness.tracker(), harness.mapping())
        firm.clocks.append(harness.advance)
        ticket = harness.create("The report is late", severity="high")
        disk = Disk(monkeypatch, "well", harness.path)
        disk.fail()
        firm.run(minutes=20)
        assert len(harness.comments_of(ticket)) == 1
        firm.run(minutes=5)
        disk.put_back()
        (sight,) = firm.run(minutes=1)
        told = {skipped.why for skipped in sight.plan.skipped()}
        assert "a person took it off; it stays off until its reason changes" in told
        for minutes in MINUTES:
            firm.run(minutes=minutes)
        assert effects_of(harness, [ticket]) == Counter()


def test_what_a_person_saves_in_between_stays_and_is_written_onto(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        harness = stack.enter_context(StaffCsv(tmp_path))
        firm = stack.enter_context(agency(tmp_path, now=harness.now))
        firm.source(harness.source(mode="full"), harness.tracker(), harness.mapping())
        firm.clocks.append(harness.advance)
        ticket = harness.create("The report is late", severity="high")
        making = "sync.trackers.workbook_disk.mkstemp"

        def meanwhile(**where: Any) -> tuple[int, str]:  # noqa: ANN401 - as mkstemp has them
            monkeypatch.setattr(making, mkstemp)
            harness.put(ticket, "Remarks", "a person was here")
            return mkstemp(**where)

        monkeypatch.setattr(making, meanwhile)
        (sight,) = firm.run(minutes=20)
        assert "changed by someone since it was read; nothing was written" in sight.plan.failed[0].why
        assert effects_of(harness, [ticket]) == Counter()
        for minutes in MINUTES:
            firm.run(minutes=minutes)
        assert harness.issue(ticket)["Remarks"] == "a person was here"
        found = effects_of(harness, [ticket])
        assert Counter(kind for _, kind, _ in found.elements()) == {"comment": 1, "label": 3, "due": 1}
        counted("lost answer")
