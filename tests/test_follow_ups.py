"""Issues of our own below a ticket: made once whatever crashes or is lost, and never judged themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fakes.faults import Late
from harness_asana import AsanaHarness
from harness_jira import CloudDeskHarness, CloudHarness, DataCenterDeskHarness
from harness_workbook import XlsxHarness
from test_cycle import CrashError, Point, crash_at
from whole_firm import Desk, StaffAsana, StaffCsv, StaffDataCenter, StaffXlsx, desk, policy, reasons

from sync.errors import ForbiddenError
from sync.ledger import recalled
from sync.state.store import Store
from sync.ticket import Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness import Harness

PROMISES = """
follow_ups = ["verified", "post_mortem", "checkpoint"]
[checkpoint]
share = 0.333
of = ["update"]
[verified]
within = "7d"
[post_mortem]
within = "5d"
severities = ["critical"]
"""

KINDS: tuple[type[Harness], ...] = (CloudHarness, StaffDataCenter, StaffAsana, StaffCsv)
REMOTE = tuple(kind for kind in KINDS if kind.remote)
MIXED: tuple[type[Harness], ...] = (CloudDeskHarness, DataCenterDeskHarness, AsanaHarness, XlsxHarness)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def firm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with desk(request.param, tmp_path, policy(promises=PROMISES)) as made:
        yield made


@pytest.fixture(params=REMOTE, ids=lambda kind: kind.name)
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with desk(request.param, tmp_path, policy(promises=PROMISES)) as made:
        yield made


def solved(firm: Desk, severity: str = "high") -> str:
    """A ticket that has just been solved, so that its solution is to be verified."""
    ticket: str = firm.harness.create("The report is late", severity=severity)
    firm.run(minutes=1)
    firm.harness.comment_as_staff(ticket, "/called")
    firm.harness.set_status(ticket, Status.RESOLVED)
    firm.firm.wait(minutes=1)
    return ticket


def run_on(firm: Desk) -> None:
    """Passes soon, and long after every doubt."""
    for minutes in (1, 5, 11, 11, 11):
        firm.run(minutes=minutes)


def title_of(firm: Desk, issue: str) -> str:
    (found,) = (each for page in firm.firm.sources[0][1].fetch([issue]) for each in page.tickets)
    return found.title


# --- what is made -----------------------------------------------------------------------------------------------


def test_a_verification_and_a_post_mortem_are_made_once_and_the_comments_go_on(firm: Desk) -> None:
    ticket = solved(firm, "critical")
    shown = firm.firm.dry_run()[0].plan.actions()
    assert firm.run()[0].plan.actions() == shown
    made = firm.harness.below(ticket)
    assert len(made) == 2
    assert {title_of(firm, issue).rpartition(": ")[2] for issue in made} == {"verification", "post-mortem"}
    assert {firm.harness.labels_of(issue) for issue in made} == {frozenset({"esc:follow-up"})}
    before = len(firm.ours(ticket))
    run_on(firm)
    for _ in range(4):
        firm.run(days=2)
    assert firm.harness.below(ticket) == made
    assert len(firm.ours(ticket)) > before, "the ticket's own reminders go on"


def test_a_checkpoint_is_one_when_a_third_of_the_way_has_passed(firm: Desk) -> None:
    ticket = firm.harness.create("The report is late", severity="high")
    firm.run(minutes=1)
    firm.harness.comment_as_staff(ticket, "/called")
    firm.run(hours=7)
    assert firm.harness.below(ticket) == []
    firm.run(hours=2)
    (made,) = firm.harness.below(ticket)
    assert title_of(firm, made).endswith(": checkpoint")
    firm.run(hours=1)
    assert firm.harness.below(ticket) == [made]


def test_what_we_made_is_neither_judged_nor_a_fact_nor_counted(firm: Desk) -> None:
    ticket = solved(firm)
    run_on(firm)
    (made,) = firm.harness.below(ticket)
    firm.run(days=40)
    (sight,) = firm.run(days=1, minutes=1)
    assert sight.plan.seen <= 1
    store, site = firm.firm.store, firm.firm.sources[0][1].connect()
    assert store.rows(site, [made]) == []
    assert [row.known.id for row in store.clients(["Client A"])] == [ticket]
    assert firm.harness.comments_of(made) == []
    assert firm.harness.labels_of(made) == {"esc:follow-up"}


def test_one_that_a_person_deletes_is_not_made_again(firm: Desk) -> None:
    ticket = solved(firm)
    firm.run()
    (made,) = firm.harness.below(ticket)
    firm.harness.delete(made)
    run_on(firm)
    assert firm.harness.below(ticket) == []


def test_a_new_occasion_has_one_of_its_own(firm: Desk) -> None:
    ticket = solved(firm, "medium")
    firm.run()
    firm.harness.set_status(ticket, Status.OPEN)
    firm.run(minutes=1)
    firm.harness.set_status(ticket, Status.RESOLVED)
    firm.run(minutes=1)
    run_on(firm)
    assert len(firm.harness.below(ticket)) == 2


# --- where none is made -----------------------------------------------------------------------------------------


def test_by_default_none_is_made(tmp_path: Path) -> None:
    with desk(CloudHarness, tmp_path, policy(promises=PROMISES.replace("follow_ups", "# follow_ups"))) as firm:
        ticket = solved(firm, "critical")
        run_on(firm)
        assert firm.harness.below(ticket) == []


def test_where_the_mapping_does_not_say_what_becomes_of_them_none_is_made(tmp_path: Path) -> None:
    with desk(CloudHarness, tmp_path, policy(promises=PROMISES), mapping={"follow_up": None}) as firm:
        ticket = solved(firm, "critical")
        run_on(firm)
        assert firm.harness.below(ticket) == []


@pytest.mark.parametrize("kind", MIXED, ids=lambda kind: kind.name)
def test_where_clients_read_none_is_made_and_the_plan_says_why(tmp_path: Path, kind: type[Harness]) -> None:
    with desk(kind, tmp_path, policy(promises=PROMISES)) as firm:
        ticket = solved(firm)
        told = reasons(firm.run())
        assert any(each.startswith("follow-up for verified: clients may read this source") for each in told)
        assert firm.harness.below(ticket) == []


def test_of_a_confidential_ticket_none_is_made_and_the_plan_says_why(firm: Desk) -> None:
    ticket = firm.harness.create("Consultant 7 was rude", severity="high")
    firm.run(minutes=1)
    firm.harness.set_status(ticket, Status.RESOLVED)
    told = reasons(firm.run(minutes=1))
    assert any(each.startswith("follow-up for verified: a team ticket is confidential") for each in told)
    assert firm.harness.below(ticket) == []


def test_in_labels_mode_none_is_made(tmp_path: Path) -> None:
    with desk(StaffXlsx, tmp_path, policy(promises=PROMISES)) as firm:
        firm.firm.change("book", mode="labels")
        ticket = solved(firm)
        assert 'follow-up for verified: the source is in mode "labels"' in reasons(firm.run())
        assert firm.harness.below(ticket) == []


def test_a_workbook_gets_a_row_of_its_own_for_each(tmp_path: Path) -> None:
    with desk(StaffXlsx, tmp_path, policy(promises=PROMISES)) as firm:
        ticket = solved(firm, "critical")
        run_on(firm)
        assert firm.harness.below(ticket) == [f"{ticket}-F1", f"{ticket}-F2"]


# --- exactly once -----------------------------------------------------------------------------------------------

POINTS = {
    "before intend": Point("before", ("intend",)),
    "after intend": Point("after", ("intend",)),
    "before it is made": Point("before", ("follow_up",)),
    "after it is made": Point("after", ("follow_up",)),
    "before settle": Point("before", ("settle",)),
    "after settle": Point("after", ("settle",)),
    "while remembering": Point("after", ("_keep_rows",)),
}


@pytest.mark.parametrize("point", POINTS.values(), ids=list(POINTS))
def test_a_crash_neither_doubles_nor_loses_one(firm: Desk, point: Point, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = solved(firm)
    crash_at(monkeypatch, point, firm.firm.sources[0][1])
    with pytest.raises(CrashError):
        firm.run()
    firm.firm.restart()
    run_on(firm)
    assert len(firm.harness.below(ticket)) == 1
    assert firm.firm.store.unsettled() == []


@pytest.mark.parametrize("applied", [True, False], ids=["applied", "not applied"])
def test_a_lost_answer_neither_doubles_nor_loses_one(remote: Desk, applied: bool) -> None:  # noqa: FBT001
    ticket = solved(remote)
    remote.harness.lose_next_answer("follow_up", applied=applied)
    remote.run()
    assert [entry.kind for entry in remote.firm.store.unsettled()] == ["follow_up"]
    assert "it is not known yet whether it was made before" in " ".join(reasons(remote.run(minutes=1))) or applied
    run_on(remote)
    assert len(remote.harness.below(ticket)) == 1
    assert remote.firm.store.unsettled() == []


@pytest.mark.parametrize("seconds", [30, 300])
def test_one_that_is_made_after_we_gave_up_is_not_made_again(remote: Desk, seconds: float) -> None:
    ticket = solved(remote)
    remote.harness.fake.script(Late(seconds), method="POST", path=r"/(issue|subtasks)$")
    remote.run()
    assert remote.harness.below(ticket) == []
    run_on(remote)
    assert len(remote.harness.below(ticket)) == 1


def test_while_it_is_in_doubt_the_tickets_own_comments_go_on(remote: Desk) -> None:
    ticket = solved(remote, "critical")
    remote.harness.lose_next_answer("follow_up", applied=False)
    remote.firm.settle_after = timedelta(hours=2)
    remote.run()
    remote.harness.set_status(ticket, Status.OPEN)
    remote.run(minutes=20)
    assert [entry.kind for entry in remote.firm.store.unsettled()] == ["follow_up"]
    assert len(remote.ours(ticket)) == 1


def test_with_the_state_file_lost_it_is_found_below_the_ticket(firm: Desk) -> None:
    """Even where nothing else on the ticket shows that we were there, and a dry run before can not know."""
    ticket = solved(firm)
    firm.run()
    (made,) = firm.harness.below(ticket)
    firm.firm.restart()
    firm.firm.state.unlink()
    run_on(firm)
    assert firm.harness.below(ticket) == [made]


def test_so_it_is_after_a_rebuild_from_comments_alone(firm: Desk) -> None:
    ticket = solved(firm, "critical")
    firm.run()
    made = firm.harness.below(ticket)
    firm.firm.restart()
    firm.firm.state.unlink()
    tracker: Any = firm.firm.sources[0][1]
    site = tracker.connect()
    with Store(firm.firm.state, write=True) as store:
        (found,) = (each for page in tracker.fetch([ticket]) for each in page.tickets)
        marks = tracker.marks(ticket)
        memory = recalled(found, marks.ledger or found.ledger, marks.marks, "esc:")
        store.relearn(site, ticket, memory, firm.firm.now, whole=marks.ledger is not None)
    run_on(firm)
    assert firm.harness.below(ticket) == made


def test_where_what_is_below_a_ticket_cannot_be_read_nothing_is_made(
    firm: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = solved(firm)
    tracker = firm.firm.sources[0][1]
    monkeypatch.setattr(type(tracker), "follow_ups", lambda _self, _ticket: None)
    (sight,) = firm.run()
    assert "cannot be read" in sight.plan.failed[0].why
    monkeypatch.undo()
    run_on(firm)
    assert len(firm.harness.below(ticket)) == 1


def test_one_that_the_tracker_refuses_is_told_and_tried_again(
    remote: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = solved(remote)
    tracker = remote.firm.sources[0][1]

    def refuse(*_: object) -> None:
        raise ForbiddenError("the account may create nothing here")

    monkeypatch.setattr(type(tracker), "follow_up", refuse)
    (sight,) = remote.run()
    assert [(failed.what, failed.why) for failed in sight.plan.failed] == [
        ("follow-up", "the account may create nothing here")
    ]
    monkeypatch.undo()
    remote.run(minutes=1)
    assert len(remote.harness.below(ticket)) == 1
