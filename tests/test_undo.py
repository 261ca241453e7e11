"""Taking back what we wrote and nobody touched since, once and for good."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from fakes.memory_tracker import CLIENT, Lost, Refused
from harness_jira import CloudHarness
from office import DONE, INVOICE, LATE, NOW, Office
from passes import agency, high
from reliability import counted, effects_of, held
from whole_firm import StaffAsana, StaffCsv, StaffDataCenter, StaffXlsx, desk

from sync.cycle import carry_out, plan_pass
from sync.errors import ConfigurationError, ForbiddenError
from sync.ticket import Status
from sync.undo import plan_undo, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.memory_tracker import Board
    from harness import Harness
    from passes import Agency

    from sync.plan import Plan

pytestmark = pytest.mark.reliability


@pytest.fixture(params=[True, False], ids=["ledger", "no ledger"])
def firm(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Agency]:
    with agency(tmp_path) as made:
        made.board(ledger=request.param, marks_listed=not request.param)
        yield made


@pytest.fixture
def board(firm: Agency) -> Board:
    return firm.boards[0]


def undo(firm: Agency, what: str | None) -> Plan:
    """What the command does once a person agreed."""
    taken = wanted(firm.store, what, [source.name for source, _, _ in firm.sources])
    program = firm.program(firm.store)
    sights = plan_pass(program, firm.now, [ticket for _, ticket in taken])
    for sight in sights:
        sight.plan = plan_undo(sight, taken)
    carry_out(sights, program, firm.now, uuid.uuid4().hex)
    return sights[0].plan


def untouched(board: Board, ticket: str) -> bool:
    """Whether nothing of ours stands on the ticket."""
    held = board.tickets[ticket]
    return (
        not board.ours(ticket) and held.due is None and not any(label.startswith("esc:") for label in held.labels)
    )


def passes(firm: Agency) -> None:
    for _ in range(4):
        firm.run(minutes=6)


@pytest.mark.parametrize("what", ["the ticket", "everything"])
def test_what_was_taken_back_is_gone_and_stays_gone(firm: Agency, board: Board, what: str) -> None:
    number = board.create(**high())
    firm.run(minutes=20)
    assert not untouched(board, number)
    undo(firm, "A-1" if what == "the ticket" else None)
    assert untouched(board, number)
    passes(firm)
    counted("undone", duplicates=int(not untouched(board, number)), told=board.tickets[number])


def test_it_says_something_again_once_there_is_a_new_occasion(firm: Agency, board: Board) -> None:
    number = board.create(**high())
    firm.run(minutes=20)
    undo(firm, "A-1")
    board.change(number, status=Status.CLOSED)
    firm.run(minutes=5)
    board.change(number, status=Status.OPEN)
    firm.run(minutes=20)
    counted("undone", losses=int(len(board.ours(number)) != 1))


def test_a_run_takes_back_its_own_writes_alone(firm: Agency, board: Board) -> None:
    first = board.create(**high())
    firm.run(minutes=20)
    second = board.create(**high())
    firm.run(minutes=20)
    ((run, _, _), *_) = firm.store.last_runs(5)
    undo(firm, run)
    assert untouched(board, second)
    assert len(board.ours(first)) == 1
    passes(firm)
    counted("undone", duplicates=int(not untouched(board, second)), losses=int(len(board.ours(first)) != 1))


def test_what_a_person_touched_since_is_left_and_named(firm: Agency, board: Board) -> None:
    number = board.create(**high())
    firm.run(minutes=20)
    firm.wait(minutes=1)
    board.take_off(number, "esc:delivery")
    board.put(number, "esc:delivery")
    board.change(number, due=date(2027, 1, 1))
    board.say(number, "Thank you, I am on it")
    plan = undo(firm, "A-1")
    assert board.tickets[number].labels & {"esc:delivery", "esc:high"} == {"esc:delivery"}
    assert board.tickets[number].due == date(2027, 1, 1)
    assert len(board.ours(number)) == 1
    whys = {each.what: each.why for each in plan.skipped()}
    assert whys["label esc:delivery"] == "a person put it there since; it is theirs"
    assert whys["due date"] == "a person set it to 2027-01-01; it is theirs"
    assert "Delivery lead wrote after it" in " ".join(whys.values())
    counted("undone", cases=3)


def test_a_clients_answer_too_keeps_the_comment_that_it_answers(firm: Agency, board: Board) -> None:
    number = board.create(**high())
    firm.run(minutes=20)
    firm.wait(minutes=1)
    board.say(number, "What does that mean?", CLIENT)
    undo(firm, "A-1")
    assert len(board.ours(number)) == 1
    counted("undone")


def test_a_comment_that_somebody_else_wrote_by_our_account_is_left_alone(firm: Agency, board: Board) -> None:
    number = board.create(**high())
    firm.run(minutes=20)
    board.say(number, "By hand, through the same account", board.ours(number)[0].author)
    undo(firm, "A-1")
    assert [comment.text for comment in board.ours(number)] == ["By hand, through the same account"]
    counted("undone")


def test_issues_below_and_people_brought_in_stay_and_are_named(firm: Agency, board: Board) -> None:
    number = board.create(**high())
    firm.run(minutes=20)
    firm.store.intend("run", [], firm.now)
    board.followers[number] = {"somebody"}
    undo(firm, "A-1")
    assert board.followers[number] == {"somebody"}


def test_where_not_all_comments_can_be_read_that_is_said(firm: Agency, board: Board) -> None:
    number = board.create(**high())
    firm.run(minutes=20)
    board.marks_complete = False
    plan = undo(firm, "A-1")
    assert "other comments" in {each.what for each in plan.skipped()}
    assert len(board.ours(number)) == 1


@pytest.mark.parametrize("write", ["edit", "delete"])
@pytest.mark.parametrize("applied", ["now", "never", timedelta(minutes=3)], ids=["applied", "not applied", "late"])
def test_an_undo_whose_answer_is_lost_ends_well_once_it_is_asked_for_again(
    firm: Agency, board: Board, write: str, applied: str
) -> None:
    number = board.create(**high())
    firm.run(minutes=20)
    board.script(write, Lost(applied))  # type: ignore[arg-type]
    undo(firm, "A-1")
    passes(firm)
    undo(firm, "A-1")
    passes(firm)
    assert firm.store.unsettled() == []
    counted("undone", losses=int(not untouched(board, number)), told=board.tickets[number])


def test_one_that_may_not_be_deleted_is_named_and_the_next_ticket_is_served(firm: Agency, board: Board) -> None:
    first, second = board.create(**high()), board.create(**high())
    firm.run(minutes=20)
    board.script("delete", Refused(ForbiddenError("no right to delete own comments")))
    plan = undo(firm, None)
    assert [failed.why for failed in plan.failed] == ["no right to delete own comments"]
    assert sorted(len(board.ours(ticket)) for ticket in (first, second)) == [0, 1]


def test_with_the_state_lost_since_it_is_taken_back_by_what_the_ticket_tells(firm: Agency, board: Board) -> None:
    number = board.create(**high())
    firm.run(minutes=20)
    firm.restart()
    firm.state.unlink()
    firm.run(minutes=5)
    undo(firm, "A-1")
    assert not board.ours(number)
    counted("undone")


def test_neither_run_nor_ticket_is_answered_with_the_last_runs(firm: Agency, board: Board) -> None:
    with pytest.raises(ConfigurationError, match="no run and no ticket is known as X-1; nothing was written yet"):
        undo(firm, "X-1")
    board.create(**high())
    firm.run(minutes=20)
    with pytest.raises(ConfigurationError, match=r"the last runs: run at .* \(2026-03-02 09:20 UTC, 2 writes\)"):
        undo(firm, "X-1")


KINDS = (CloudHarness, StaffDataCenter, StaffAsana, StaffXlsx, StaffCsv)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_on_every_tracker_the_ticket_is_as_it_was_and_stays_so(kind: type[Harness], tmp_path: Path) -> None:
    with desk(kind, tmp_path) as on:
        ticket = on.harness.create("The report is late", severity="high")
        before = effects_of(on.harness, [ticket])
        on.run(hours=5)
        assert effects_of(on.harness, [ticket]) != before
        undo(on.firm, None)
        held("undone", kind.name, expected=before, found=effects_of(on.harness, [ticket]))
        for _ in range(3):
            on.run(minutes=11)
        held("undone", f"{kind.name}, later", expected=before, found=effects_of(on.harness, [ticket]))


# --- the command ------------------------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    made = Office(tmp_path, monkeypatch)
    made.source()
    made.issues(LATE, INVOICE, DONE)
    return made


def test_the_plan_comes_first_and_without_a_yes_nothing_is_written(office: Office) -> None:
    office.at(NOW)
    before = office.rows(), office.rows("issues.comments.csv")
    ran = office.run("undo", "T-1", "--now", NOW)
    assert (ran.status, ran.err) == (0, "Nothing was written. Add --yes to take it back.\n")
    assert "     delete   the comment " in ran.out
    assert "Planned, not written: " in ran.out
    assert (office.rows(), office.rows("issues.comments.csv")) == before


def test_after_a_yes_the_ticket_is_as_it_was_and_stays_so(office: Office) -> None:
    before = office.rows()
    office.at(NOW)
    ran = office.run("undo", "--all", "--yes", "--now", NOW)
    assert (ran.status, ran.err) == (0, "")
    assert "Written: " in ran.out
    assert "2 comments taken back" in ran.out
    assert office.rows() == before
    assert not any(any(row.values()) for row in office.rows("issues.comments.csv").values())
    office.at(NOW)
    counted("undone", duplicates=int(office.rows() != before), cases=2)


def test_a_pass_tells_its_run_and_that_run_can_be_taken_back(office: Office) -> None:
    before = office.rows()
    run = office.at(NOW, "--output", "json").json["run"]
    assert office.run("undo", run, "--yes", "--now", NOW).status == 0
    assert office.rows() == before


@pytest.mark.parametrize("asked", [(), ("T-1", "--all")])
def test_it_wants_one_thing_to_take_back(office: Office, asked: tuple[str, ...]) -> None:
    ran = office.run("undo", *asked)
    assert ran.status == 2
    assert "name a run or a ticket, or say --all" in ran.err
