"""Taking back what we wrote and nobody touched since, once and for good."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fakes.memory_tracker import US, Lost, Refused
from harness_jira import CloudHarness
from office import DONE, INVOICE, LATE, NOW, Office
from passes import agency, high
from reliability import counted, effects_of, held
from test_follow_ups import PROMISES
from test_prefix_change import rename
from whole_firm import Desk, StaffAsana, StaffCsv, StaffDataCenter, StaffXlsx, desk, policy

from sync.cycle import carry_out, plan_pass
from sync.errors import ConfigurationError, ForbiddenError
from sync.state.records import Notice
from sync.ticket import Person, Status
from sync.undo import plan_undo, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.memory_tracker import Board
    from harness import Harness
    from passes import Agency

    from sync.plan import Plan
    from sync.ticket import Side

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
    sights = plan_pass(program, firm.now, [ticket for _, ticket in taken.wrote])
    plan_undo(sights, taken)
    carry_out(sights, program, firm.now, uuid.uuid4().hex)
    return sights[0].plan


def whys(plan: Plan) -> dict[str, str]:
    """What is left, and why."""
    return {each.what: each.why for each in plan.skipped()}


def edit_comments(board: Board, ticket: str, **fields: Any) -> None:  # noqa: ANN401 - any of a comment's
    """Our comments are other ones from now on."""
    held = board.tickets[ticket]
    comments = tuple(replace(each, **fields) if each.author is US else each for each in held.comments)
    board.tickets[ticket] = replace(held, comments=comments)


def last_run(firm: Agency) -> str:
    ((run, _, _), *_) = firm.store.last_runs(1)
    return run


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
    undo(firm, last_run(firm))
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
    told = whys(plan)
    assert told["label esc:delivery"] == "a person put it there since; it is theirs"
    assert told["due date"] == "a person set it to 2027-01-01; it is theirs"
    assert "Delivery lead wrote after it" in " ".join(told.values())
    counted("undone", cases=3)


@pytest.mark.parametrize("side", ["staff", "client", "unknown", "machine", "us"])
def test_any_persons_answer_keeps_the_comment_that_it_answers(firm: Agency, board: Board, side: Side) -> None:
    number = board.create(**high())
    firm.run(minutes=20)
    firm.wait(minutes=1)
    board.say(number, "What does that mean?", Person("somebody", "Somebody", side))
    undo(firm, "A-1")
    assert len(board.ours(number)) == (side in {"staff", "client", "unknown"})
    counted("undone")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"text": "I called them. The lead"}, "somebody edited it since; delete it by hand if it must go"),
        ({"edited": True}, "somebody edited it since; delete it by hand if it must go"),
        ({"text": "as the tracker renders it", "edited": False}, ""),
        ({}, ""),
    ],
    ids=["other words", "the tracker says so", "the tracker denies it", "as it was"],
)
def test_a_comment_that_a_person_edited_is_left_with_their_words(
    firm: Agency, board: Board, fields: dict[str, Any], why: str
) -> None:
    number = board.create(**high())
    firm.run(minutes=20)
    edit_comments(board, number, **fields)
    told = whys(undo(firm, "A-1"))
    assert told.get("comment of 2026-03-02 09:20 UTC", "") == why
    assert len(board.ours(number)) == bool(why)
    counted("undone")


def test_a_comment_that_somebody_else_wrote_by_our_account_is_left_alone(firm: Agency, board: Board) -> None:
    number = board.create(**high())
    firm.run(minutes=20)
    board.say(number, "By hand, through the same account", board.ours(number)[0].author)
    undo(firm, "A-1")
    assert [comment.text for comment in board.ours(number)] == ["By hand, through the same account"]
    counted("undone")


def test_issues_below_and_people_brought_in_stay_and_are_named(tmp_path: Path) -> None:
    with desk(StaffCsv, tmp_path, policy(promises=PROMISES)) as on:
        ticket = on.harness.create("The report is late", severity="high")
        on.run(minutes=20)
        on.harness.comment_as_staff(ticket, "/called")
        on.harness.set_status(ticket, Status.RESOLVED)
        on.firm.wait(minutes=1)
        on.run()
        owner, below = on.harness.owner_of(ticket), on.harness.below(ticket)
        assert (owner, len(below)) == ("Consultant 8", 1)
        told = whys(undo(on.firm, None))
        assert told["issue below the ticket"] == (
            "it stays, for work may hang on it; close it by hand if it must go"
        )
        assert told["person brought in"] == "who follows or owns the ticket stays so; change that by hand"
        assert (on.harness.owner_of(ticket), on.harness.below(ticket)) == (owner, below)
    counted("undone", cases=2)


def test_what_a_run_took_off_or_moved_is_not_put_back_and_is_named(firm: Agency, board: Board) -> None:
    number = board.create(**high())
    firm.run(minutes=20)
    due = board.tickets[number].due
    board.change(number, fields={"severity": "critical"})
    firm.run(minutes=20)
    assert board.tickets[number].due != due
    told = whys(undo(firm, last_run(firm)))
    assert told["label esc:high"] == ("this run took it off, and it is not put back; a pass does so if it is owed")
    assert told[f"due date {due}"] == "this run changed it, and it is not put back; write it by hand"
    assert board.tickets[number].due is None
    undo(firm, "A-1")
    undone = whys(undo(firm, last_run(firm)))
    assert undone["comment that this run took back"] == "it is not written again"
    counted("undone", cases=2)


def test_a_comment_whose_outcome_is_unknown_is_named(firm: Agency, board: Board) -> None:
    number = board.create(**high())
    board.script("comment", Lost(timedelta(minutes=3)))
    firm.run(minutes=20)
    told = whys(undo(firm, last_run(firm)))
    assert told["comment sent at 2026-03-02 09:20 UTC"] == (
        "it is not known whether that was written; ask again in a while"
    )
    firm.wait(minutes=4)
    undo(firm, "A-1")
    assert untouched(board, number)
    counted("undone")


def test_no_notice_of_a_comment_that_was_taken_back_goes_out(firm: Agency, board: Board) -> None:
    first, second = board.create(**high()), board.create(**high())
    firm.run(minutes=20)
    (said,) = board.ours(first)
    (kept,) = board.ours(second)
    marks = {first: said.marks[0], second: kept.marks[0]}
    notices = [
        Notice(f"{mark}/1", board.site, ticket, ticket, "", "late", "late", "high", to="lead@agency.example")
        for ticket, mark in marks.items()
    ]
    firm.store.intend("run", [], firm.now, notices)
    undo(firm, "A-1")
    assert [entry.notice.ticket for entry in firm.store.waiting_notices()] == [second]
    counted("undone")


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


@pytest.mark.parametrize("edited", [False, None], ids=["the tracker tells", "nobody can tell"])
def test_with_the_state_lost_since_it_is_taken_back_by_what_the_ticket_tells(
    firm: Agency, board: Board, *, edited: bool | None
) -> None:
    number = board.create(**high())
    firm.run(minutes=20)
    edit_comments(board, number, edited=edited)
    lose_state(firm)
    firm.run(minutes=5)
    told = whys(undo(firm, "A-1"))
    assert len(board.ours(number)) == (edited is None)
    assert ("it cannot be told whether somebody edited it since" in " ".join(told.values())) == (edited is None)
    counted("undone")


def lose_state(firm: Agency) -> None:
    firm.restart()
    firm.state.unlink()


def test_what_was_taken_back_is_noted_at_once_on_the_ticket_too(firm: Agency, board: Board) -> None:
    number = board.create(**high())
    firm.run(minutes=20)
    undo(firm, "A-1")
    refused = firm.store.memories(board.site, [number])[number].refused
    assert refused.keys() == {"esc:delivery", "esc:high", "esc:level-2"}
    kept = board.kept(number)
    assert (kept["refused"] if kept else {}) == (refused if board.ledger else {})


def test_a_ticket_that_left_its_source_is_left_alone_and_counted(firm: Agency, board: Board) -> None:
    first, second = board.create(**high()), board.create(**high())
    firm.run(minutes=20)
    board.delete(first)
    firm.crawl_every = timedelta()
    firm.run(minutes=5)
    plan = undo(firm, None)
    assert plan.notices == ("1 ticket with something of ours has left every source and is left alone",)
    assert untouched(board, second)
    with pytest.raises(ConfigurationError, match="A-1 has left every source; what is ours on it is left alone"):
        undo(firm, "A-1")


def test_a_source_that_only_observes_can_be_cleared_and_is_still_told_to_observe(
    firm: Agency, board: Board
) -> None:
    number = board.create(**high())
    firm.run(minutes=20)
    firm.change("desk", mode="observe")
    assert undo(firm, "A-1").mode == "observe"
    assert untouched(board, number)
    counted("undone")


def test_a_ticket_is_found_in_whatever_case_its_key_is_typed(firm: Agency, board: Board) -> None:
    number = board.create(**high())
    firm.run(minutes=20)
    undo(firm, "a-1")
    assert untouched(board, number)


def test_another_prefix_before_the_next_pass_brings_nothing_back(tmp_path: Path) -> None:
    with desk(StaffDataCenter, tmp_path) as on:
        ticket = on.harness.create("The report is late", severity="high")
        before = effects_of(on.harness, [ticket], "")
        on.run(minutes=20)
        undo(on.firm, None)
        rename(on)
        for _ in range(3):
            on.run(minutes=11)
        held("undone", "another prefix", expected=before, found=effects_of(on.harness, [ticket], ""))


def test_neither_run_nor_ticket_is_answered_with_the_last_runs(firm: Agency, board: Board) -> None:
    with pytest.raises(
        ConfigurationError,
        match="no run and no ticket is known as X-1; the state knows of nothing written; after its loss",
    ):
        undo(firm, "X-1")
    board.create(**high())
    firm.run(minutes=20)
    with pytest.raises(ConfigurationError, match=r"the last runs: run at .* \(2026-03-02 09:20 UTC, 2 writes\)"):
        undo(firm, "X-1")


EDITED = "I called them already"


def edit_on(kind: type[Harness], on: Desk, ticket: str) -> None:
    """A person writes other words into our comment."""
    if kind in {CloudHarness, StaffDataCenter}:
        (said,) = on.harness.fake.issue(ticket).comments
        on.harness.fake.edit_comment_as("Delivery lead", ticket, said, EDITED)
    elif kind is StaffAsana:
        (story,) = (each for each in on.harness.fake.stories(ticket) if each.is_comment)
        story.plain, story.details = f"{EDITED} {story.plain}", {**story.details, "is_edited": True}
    elif kind is StaffCsv:
        text = on.harness.beside.read_text("utf-8-sig")
        on.harness.beside.write_text(text.replace("The report", f"{EDITED}: the report"), "utf-8-sig")
    else:
        book = on.harness.open()
        for row in book["Comments"].iter_rows(min_row=2):
            row[4].value = f"{EDITED} {row[4].value}"
        on.harness.save(book)


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


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_on_every_tracker_a_comment_that_a_person_edited_stays(kind: type[Harness], tmp_path: Path) -> None:
    with desk(kind, tmp_path) as on:
        ticket = on.harness.create("The report is late", severity="high")
        on.run(minutes=20)
        on.harness.advance(60)
        edit_on(kind, on, ticket)
        told = whys(undo(on.firm, None))
        assert "somebody edited it since; delete it by hand if it must go" in told.values()
        (left,) = on.harness.comments_of(ticket)
        assert EDITED in left.text
        assert not on.labels(ticket)
    counted("undone", told=kind.name)


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
    assert (ran.status, ran.err) == (2, "Nothing was written. Add --yes to take it back.\n")
    told = office.run("undo", "T-1", "--now", NOW, "--output", "json")
    assert (told.status, told.json["run"]) == (2, "")
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


def test_with_nothing_to_take_back_no_tracker_is_read(office: Office) -> None:
    (office.folder / "issues.csv").unlink()
    ran = office.run("undo", "--all", "--yes", "--now", NOW)
    why = "the state knows of nothing written; after its loss run `makegood rebuild` first"
    assert (ran.status, ran.out, ran.err) == (0, f"Nothing to take back: {why}.\n", "")


def test_after_a_loss_of_the_state_rebuild_knows_again_what_there_is_to_take_back(office: Office) -> None:
    office.at(NOW)
    (office.folder / "state.db").unlink()
    assert office.run("rebuild").status == 0
    one = office.run("undo", "t-1", "--yes", "--now", NOW)
    assert "it cannot be told whether somebody edited it since" in one.out
    assert office.run("undo", "--all", "--yes", "--now", NOW).status == 0
    assert not any("esc:" in row["Labels"] for row in office.rows().values())
    office.at(NOW)
    counted("undone", duplicates=sum("esc:" in row["Labels"] for row in office.rows().values()))


def test_explain_tells_what_was_taken_back_by_which_run_and_when(office: Office) -> None:
    office.at(NOW)
    run = office.run("undo", "T-1", "--yes", "--now", NOW, "--output", "json").json["run"]
    told = office.run("explain", "T-1", "--now", NOW, "--output", "json").json["decisions"]
    whose = {each["what"]: (each["whose"], each["since"]) for each in told}
    undone = f"taken back by `makegood undo` (run {run})", NOW.replace(":00+", "+")
    assert whose["label esc:critical stays off"] == undone
    assert whose["no due date"] == undone
    assert undone in [each for what, each in whose.items() if what.endswith("stays deleted")]
