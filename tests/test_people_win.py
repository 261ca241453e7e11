"""What people decide on a ticket stands, on every tracker and for many passes, and `explain` says whose it is."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from harness_asana import STAFF as ASANA_STAFF
from harness_asana import AsanaHarness
from harness_jira import CLIENT as JIRA_CLIENT
from harness_jira import STAFF as JIRA_STAFF
from harness_jira import CloudHarness, JiraHarness
from harness_workbook import XlsxHarness
from office import INVOICE, LATE, NOW, Office
from reliability import Effect, counted, effects_of, held
from whole_firm import CLIENTS, Desk, StaffAsana, StaffDataCenter, StaffXlsx, desk, policy

from sync.explaining.explain import explained
from sync.ticket import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness import Harness

pytestmark = pytest.mark.reliability

TRACKERS: tuple[type[Harness], ...] = (CloudHarness, StaffDataCenter, StaffAsana, StaffXlsx)
NOBODY_KNOWN = "somebody; the history does not tell who"


class Case:
    """One ticket of high severity on which everything that is owed was written."""

    def __init__(self, scene: Desk) -> None:
        self.scene = scene
        self.harness: Any = scene.harness
        self.ticket: str = scene.harness.create("The report is late", severity="high")
        scene.run(minutes=20)
        self.before = self.now()
        self.kinds = Counter(kind for _, kind, _ in self.before.elements())

    def now(self) -> Counter[Effect]:
        return effects_of(self.harness, [self.ticket])

    def passes(self, times: int = 4, minutes: float = 6) -> None:
        for _ in range(times):
            (sight,) = self.scene.run(minutes=minutes)
            assert (sight.error, sight.plan.failed) == (None, ())

    def effect(self, kind: str, what: str) -> Counter[Effect]:
        return Counter([(self.ticket, kind, what)])

    def label(self, name: str) -> Counter[Effect]:
        return self.effect("label", f"esc:{name}")

    def holds(self, case: str, expected: Counter[Effect], *kinds: str) -> None:
        """What stands there now is what is expected, of these kinds or of all."""
        found, expected = (
            Counter({each: times for each, times in effects.items() if not kinds or each[1] in kinds})
            for effects in (self.now(), expected)
        )
        held("person decides", f"{self.harness.name}: {case}", expected=expected, found=found)

    def rows(self) -> dict[str, dict[str, Any]]:
        """The decisions that `explain` tells, by what was decided."""
        firm = self.scene.firm
        (sight,) = firm.dry_run(self.ticket)
        (judged,) = sight.judged
        spoken = firm.store.spoken(judged.ticket.site, self.ticket)
        told = explained(judged, sight, firm.program(firm.store).judge, spoken)
        return {each["what"]: each for each in told["decisions"]}

    def row(self, beginning: str) -> dict[str, Any]:
        (found,) = [row for what, row in self.rows().items() if what.startswith(beginning)]
        return found

    def told_by(self, row: dict[str, Any], name: str = "Delivery lead") -> bool:
        """Whether the row names who it was, as far as this tracker tells."""
        known = name if self.harness.history else NOBODY_KNOWN
        return bool(row["whose"] == known) and (row["since"] is not None) >= self.harness.history


@pytest.fixture(params=TRACKERS, ids=lambda kind: kind.name)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    with desk(request.param, tmp_path) as scene:
        yield Case(scene)


# --- labels -----------------------------------------------------------------------------------------------------


def test_a_label_that_a_person_took_off_stays_off_until_its_reason_changes(case: Case) -> None:
    assert case.kinds["comment"] == case.kinds["due"] == 1
    case.harness.remove_label(case.ticket, "esc:high")
    case.passes()
    case.holds("label removed", case.before - case.label("high"))
    row = case.row("label esc:high stays off")
    assert case.told_by(row)
    assert row["until"].startswith("its reason changes, which is now: the severity field says")
    assert row["remedy"] == "put the label back by hand"


@pytest.mark.parametrize("seen", [True, False], ids=["seen between", "within one pass"])
def test_a_label_that_a_person_put_back_is_theirs_and_stays_when_ours_would_go(case: Case, *, seen: bool) -> None:
    if not (seen or case.harness.history):
        pytest.skip("what nobody saw between two looks did not happen, where there is no history")
    case.harness.remove_label(case.ticket, "esc:level-1")
    if seen:
        case.passes(1)
    case.harness.add_label(case.ticket, "esc:level-1")
    case.passes()
    case.holds("label re-added", case.before)
    row = case.row("label esc:level-1 stays on")
    assert (row["until"], case.told_by(row, "Delivery lead")) == ("a person takes it off", True)
    case.harness.set_status(case.ticket, Status.CLOSED)
    case.passes()
    case.holds("label re-added, ticket done", case.before)


def test_a_swapped_severity_is_decided_and_so_is_a_swapped_category(case: Case) -> None:
    for ours, theirs in (("high", "low"), ("delivery", "communication")):
        case.harness.remove_label(case.ticket, f"esc:{ours}")
        case.harness.add_label(case.ticket, f"esc:{theirs}")
    case.passes()
    expected = case.before - case.label("high") - case.label("delivery")
    case.holds("swapped", expected + case.label("low") + case.label("communication"), "label", "comment")
    for row in (case.row("severity low: "), case.row("category communication: ")):
        assert (case.told_by(row), row["until"]) == (True, "that label is taken off")
    case.harness.remove_label(case.ticket, "esc:low")
    case.passes()
    assert not any(what.startswith("severity") for what in case.rows())


# --- the due date -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [-400, 400], ids=["earlier", "later"])
def test_a_date_that_a_person_moved_is_theirs_until_the_field_is_emptied(case: Case, days: int) -> None:
    ours = case.harness.due_of(case.ticket)
    theirs = ours + timedelta(days=days)
    case.harness.set_due(case.ticket, theirs)
    case.passes()
    case.holds("due date moved", case.effect("due", theirs.isoformat()), "due")
    row = case.row(f"due date {theirs}")
    assert (case.told_by(row), row["until"]) == (True, "the field is emptied")
    case.harness.set_due(case.ticket, None)
    case.passes()
    case.holds("due date given back", case.before, "due")
    assert not any(what.startswith("due date") for what in case.rows())


def test_a_date_that_a_person_cleared_stays_empty_until_they_write_ours_back(case: Case) -> None:
    ours = case.harness.due_of(case.ticket)
    case.harness.set_due(case.ticket, None)
    case.passes()
    case.holds("due date cleared", case.before - case.effect("due", ours.isoformat()))
    row = case.row("no due date")
    assert (case.told_by(row), row["until"]) == (True, "for good")
    assert row["remedy"] == f"write {ours} back, and makegood keeps it from then on"
    case.harness.set_due(case.ticket, ours)
    case.passes(1)
    case.holds("due date written back", case.before)
    case.harness.set_status(case.ticket, Status.CLOSED)
    case.passes(1, minutes=60 * 48)
    case.harness.set_status(case.ticket, Status.OPEN)
    case.passes(1)
    assert case.harness.due_of(case.ticket) > ours, "it is kept again"


# --- comments ---------------------------------------------------------------------------------------------------


def delete_comment(case: Case) -> None:
    """A person deletes the newest comment of ours."""
    match case.harness:
        case JiraHarness() as jira:
            issue = jira.fake.issue(case.ticket)
            jira.fake.delete_comment(issue, [each for each in issue.comments if each.properties][-1])
        case AsanaHarness() as asana:
            asana.fake.delete_story([each for each in asana.fake.stories(case.ticket) if each.is_comment][-1].gid)
        case XlsxHarness() as book:
            workbook = book.open()
            workbook["Comments"].delete_rows(workbook["Comments"].max_row)
            book.save(workbook)


def test_a_comment_of_ours_that_a_person_deleted_is_not_said_again(case: Case) -> None:
    delete_comment(case)
    case.passes()
    case.holds("comment deleted", Counter({each: 1 for each in case.before if each[1] != "comment"}))
    row = case.row("makegood's comment of")
    assert row["until"] == "for good: what was said once is not said again"


# --- where the ticket goes --------------------------------------------------------------------------------------


def leave(case: Case) -> Callable[[], object]:
    """A person takes the ticket out of the source; what is returned brings it back."""
    ticket = case.ticket
    match case.harness:
        case JiraHarness() as jira:
            jira.fake.move(JIRA_STAFF, ticket, "ELSE")
            return partial(jira.fake.move, JIRA_STAFF, ticket, "OPS")
        case AsanaHarness() as asana:
            home, task = asana.fake.project(asana.project), asana.fake.task(ticket)
            asana.fake.add_to_project(ticket, asana.fake.add_project("Elsewhere", sections=("New",)))
            section = task.memberships.pop(home)
            home.tasks.remove(task)
            return partial(asana.fake.add_to_project, ticket, asana.project, section=section.name)
        case XlsxHarness() as book:
            record = book.issue(ticket)
            book.delete(ticket)
            return partial(book.add_issue, record)
        case _:
            raise NotImplementedError


def archive(case: Case) -> Callable[[], object]:
    """The ticket is archived: neither a search nor a read shows it, until it is restored."""
    fake = case.harness.fake
    issue = fake.issue(case.ticket)
    fake.delete(issue)
    return partial(fake.site.put, issue)


@pytest.mark.parametrize("archived", [False, True], ids=["moved away", "archived"])
def test_a_ticket_that_left_is_left_alone_and_says_nothing_twice_when_it_is_back(
    case: Case, *, archived: bool
) -> None:
    if archived and not isinstance(case.harness, JiraHarness):
        pytest.skip("Asana and a workbook archive a ticket by taking it elsewhere")
    come_back = archive(case) if archived else leave(case)
    case.passes(3, minutes=12 * 60)
    assert case.scene.firm.store.gone(case.ticket)
    assert not case.scene.firm.store.find(case.ticket)
    come_back()
    said = len(case.harness.comments_of(case.ticket))
    assert said == 1, "nothing was said meanwhile"
    case.passes(2, minutes=24 * 60)
    marks = [mark for posted in case.harness.comments_of(case.ticket) for mark in posted.marks]
    twice = len(marks) - len(set(marks))
    counted("person decides", duplicates=twice, losses=len(case.harness.comments_of(case.ticket)) < 2, told=marks)


def test_a_deleted_ticket_is_forgotten_by_all_but_the_memory(case: Case) -> None:
    case.harness.delete(case.ticket)
    case.passes(3, minutes=12 * 60)
    assert case.scene.firm.store.gone(case.ticket)
    assert case.scene.firm.store.unsettled() == []
    counted("person decides")


@pytest.mark.parametrize("kind", [CloudHarness, StaffDataCenter], ids=lambda kind: kind.name)
def test_a_ticket_that_moves_to_another_project_of_the_source_is_the_same_one(
    kind: type[Harness], tmp_path: Path
) -> None:
    with desk(kind, tmp_path, projects=["OPS", "NEW"]) as scene:
        scene.harness.fake.add_project("NEW", "New home")
        moved = Case(scene)
        scene.harness.fake.move(JIRA_STAFF, moved.ticket, "NEW")
        moved.passes()
        moved.holds("moved to another project", moved.before)
        row = moved.row("moved from OPS-1 to NEW-1: it is the same ticket")
        assert (row["whose"], row["until"]) == (JIRA_STAFF, "for good")


def merge(case: Case) -> None:
    """A person marks the ticket as the duplicate of another, as far as the tracker knows that."""
    other = case.harness.create("The same report is late", severity="low", status=Status.CLOSED)
    match case.harness:
        case JiraHarness() as jira:
            site, kind = jira.fake.site, jira.fake.site.relations.kinds[0]
            site.link(kind, jira.fake.issue(case.ticket), jira.fake.issue(other), site.person(JIRA_STAFF).name)
            jira.set_status(case.ticket, Status.CLOSED)
        case AsanaHarness() as asana:
            asana.fake.complete(case.ticket, by=ASANA_STAFF)
        case book:
            book.set_status(case.ticket, Status.CLOSED)


def test_a_ticket_that_was_merged_into_another_calls_for_nobody_any_more(case: Case) -> None:
    merge(case)
    case.passes(6, minutes=12 * 60)
    case.holds("merged", case.before - case.label("level-1"))
    row = case.row("it is closed: nobody is called for")
    assert (row["until"], case.told_by(row) or not case.harness.history) == ("somebody reopens it", True)


def test_a_ticket_that_a_person_reopens_counts_anew_and_is_spoken_of_once(case: Case) -> None:
    case.harness.set_status(case.ticket, Status.CLOSED)
    case.passes(1)
    case.harness.set_status(case.ticket, Status.OPEN)
    case.passes()
    (row,) = [row for what, row in case.rows().items() if what.startswith("reopened")]
    assert (case.told_by(row), row["until"]) == (True, "it is resolved again")
    said = len(case.harness.comments_of(case.ticket))
    counted("person decides", duplicates=max(0, said - 2), losses=max(0, 2 - said), told=said)


# --- opting out -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TRACKERS, ids=lambda kind: kind.name)
def test_a_label_ends_all_writing_and_without_it_what_is_owed_is_said_in_one_comment(
    kind: type[Harness], tmp_path: Path
) -> None:
    with desk(kind, tmp_path) as scene:
        quiet = Case(scene)
        other = scene.harness.create("The report is late", severity="critical", labels=("No-Makegood",))
        quiet.harness.add_label(quiet.ticket, "no-makegood")
        quiet.passes(5, minutes=10 * 60)
        quiet.holds("opted out by label", quiet.before)
        assert effects_of(quiet.harness, [other]) == Counter(), "one that never had any gets none"
        row = quiet.row("nothing is written here")
        assert (row["whose"], row["remedy"]) == (
            "Delivery lead" if kind.history else "somebody",
            "take the label no-makegood off",
        )
        (sight,) = scene.firm.dry_run(quiet.ticket, other)
        (line,) = [line for line in sight.plan.notices if line.startswith("opted out")]
        assert line.startswith("opted out, so that nothing is written on them: 2 (")
        standing = [row.standing for row in scene.firm.store.find(quiet.ticket)]
        assert [each.opted_out for each in standing if each] == [True]
        quiet.harness.remove_label(quiet.ticket, "no-makegood")
        quiet.passes(1)
        said = len(quiet.harness.comments_of(quiet.ticket))
        counted("person decides", duplicates=max(0, said - 2), losses=max(0, 2 - said), told="one catch-up")


def test_even_a_clients_label_ends_it_and_explain_says_that_it_is_theirs(tmp_path: Path) -> None:
    with desk(CloudHarness, tmp_path) as scene:
        quiet = Case(scene)
        quiet.harness.fake.edit_as(JIRA_CLIENT, quiet.ticket, labels=["no-makegood"])
        quiet.passes()
        expected = Counter({each: 1 for each in quiet.before if each[1] != "label"})
        quiet.holds("opted out by a client", expected)
        assert quiet.row("nothing is written here")["whose"] == "Client contact (a client)"


def test_what_people_took_off_meanwhile_stays_off_afterwards(case: Case) -> None:
    case.harness.add_label(case.ticket, "no-makegood")
    case.harness.remove_label(case.ticket, "esc:high")
    case.passes(2)
    case.harness.remove_label(case.ticket, "no-makegood")
    case.passes()
    case.holds("label removed while opted out", case.before - case.label("high"))


ENGAGEMENT = '[[client.engagement]]\nname = "Portal"\nopt_out = true\n'


@pytest.mark.parametrize(
    ("clients", "name"),
    [(CLIENTS + "opt_out = true\n", "client Client A"), (CLIENTS + ENGAGEMENT, "engagement Portal")],
    ids=["client", "engagement"],
)
def test_a_client_or_an_engagement_opts_out_in_its_record(tmp_path: Path, clients: str, name: str) -> None:
    fields = {"fields": {"client": "Client", "severity": "Severity", "engagement": "Remarks"}}
    with desk(StaffXlsx, tmp_path, policy(clients=clients), mapping=fields) as scene:
        ticket = scene.harness.create_row(
            Title="The report is late", Status="New", Client="Client A", Severity="high", Remarks="Portal"
        )
        (sight,) = scene.run(minutes=20)
        for _ in range(3):
            scene.run(minutes=300)
        held("person decides", name, expected=Counter(), found=effects_of(scene.harness, [ticket]))
        ((what, why),) = {(each.what, each.why) for each in sight.plan.skipped()}
        of, _, called = name.partition(" ")
        assert what == "whatever is owed"
        assert why == f"the {of} is opted out; take opt_out from the {of} {called} in clients.toml to end that"
        scene.firm.policy, scene.firm.digest = policy(), "policy 2"
        scene.run(minutes=1)
        said = len(scene.ours(ticket))
        counted(
            "person decides", duplicates=max(0, said - 1), losses=not said, told="one catch-up, after the record"
        )


def test_the_counts_of_a_client_include_what_is_opted_out(tmp_path: Path) -> None:
    with desk(StaffXlsx, tmp_path) as scene:
        for _ in range(3):
            scene.harness.create("The report is late", severity="high", labels=("no-makegood",))
        scene.run(minutes=20)
        source = scene.firm.sources[0][0].name
        known = [row.known for row in scene.firm.store.listed([source])]
        assert [(each.client, each.category) for each in known] == [("Client A", "delivery")] * 3
        (sight,) = scene.run(minutes=1)
        assert sight.plan.actions() == []


# --- the command ------------------------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    made = Office(tmp_path, monkeypatch)
    made.source()
    made.issues(LATE, INVOICE)
    made.at(NOW)
    return made


def test_explain_tells_the_decisions_in_words_and_as_json(office: Office) -> None:
    office.put("T-1", Labels="no-makegood, esc:high")
    told = office.at(NOW, "explain", "T-1", "--output", "json").json["decisions"][0]
    assert told == {
        "what": "nothing is written here",
        "whose": "somebody",
        "since": told["since"],
        "until": "the label no-makegood is taken off",
        "remedy": "take the label no-makegood off",
    }
    words = office.at(NOW, "explain", "T-1").out
    assert "Whose decision stands, and until when\n  nothing is written here\n      by somebody" in words
    assert "until the label no-makegood is taken off · to end it: take the label no-makegood off" in words
    office.at(NOW)
    assert "1 opted out, so that nothing is written on them" in office.run("status").out


def test_explain_says_of_a_ticket_that_left_what_stands(office: Office) -> None:
    office.issues(LATE)
    for _ in range(2):
        ran = office.at(NOW, "explain", "T-2")
        assert (ran.status, ran.out) == (2, "")
        assert ran.err.startswith("T-2: it has left its source (moved elsewhere, archived or deleted)")
        office.at("2026-03-05T10:00:00+01:00")
