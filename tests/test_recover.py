"""A write whose answer we never had: found out by reading the ticket, never guessed, never said twice."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from fakes.memory_tracker import Lost, Refused
from passes import BEGIN, Agency, agency, high, skipped

from sync.action import Failed
from sync.errors import CredentialsError, ForbiddenError, RateLimitedError, ServerFaultError
from sync.judging.memory import Memory
from sync.recover import recover
from sync.state.records import Intent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.memory_tracker import Board

KINDS = {
    "marks in the text": {"ledger": False, "marks_listed": True},
    "marks and ledger hidden": {"ledger": True, "marks_listed": False},
}
"""As Asana and as Jira keep what we did."""


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Agency]:
    with agency(tmp_path) as made:
        yield made


@pytest.fixture(params=KINDS.values(), ids=list(KINDS))
def board(request: pytest.FixtureRequest, firm: Agency) -> Board:
    """A board with one ticket, 10001, whose hand-over is due in the first pass."""
    made = firm.board(**request.param)
    made.create(**high())
    firm.wait(minutes=20)
    return made


TICKET = "10001"


# --- a comment whose answer was lost ----------------------------------------------------------------------------


def test_a_comment_that_was_posted_all_the_same_is_found_by_its_mark(firm: Agency, board: Board) -> None:
    board.script("comment", Lost("now"))
    (sight,) = firm.run()
    assert sight.plan.failed == (Failed("A-1", "comment", "no answer came"),)
    for _ in range(6):
        (sight,) = firm.run(minutes=5)
        assert sight.plan.actions() == []
    assert len(board.ours(TICKET)) == 1
    entry = firm.store.journal(board.site, TICKET)[-1]
    assert (entry.kind, entry.outcome, entry.note) == ("comment", "settled", "found on the ticket")


def test_a_comment_that_never_arrived_is_said_again_once_settle_after_has_passed(
    firm: Agency, board: Board
) -> None:
    board.script("comment", Lost("never"))
    firm.run()
    sights = firm.run(minutes=9)
    assert [entry.outcome for entry in firm.store.unsettled(board.site)] == ["unknown"]
    board.put(TICKET, "billing")  # so that the ticket is looked at
    sights = firm.run(seconds=59)
    assert sights[0].plan.actions() == []
    assert "the outcome of the comment sent at 2026-03-02 09:20 UTC is unknown" in skipped(sights)["comment"]
    assert board.ours(TICKET) == []
    for _ in range(6):
        firm.run(minutes=5)
    assert len(board.ours(TICKET)) == 1
    outcomes = [e.outcome for e in firm.store.journal(board.site, TICKET) if e.kind == "comment"]
    assert outcomes == ["absent", "settled"]


@pytest.mark.parametrize("minutes", [1, 4, 9])
def test_a_comment_that_the_tracker_applies_minutes_later_is_not_said_again(
    firm: Agency, board: Board, minutes: int
) -> None:
    board.script("comment", Lost(timedelta(minutes=minutes)))
    firm.run()
    for _ in range(30):
        firm.run(minutes=1)
    assert len(board.ours(TICKET)) == 1


def test_settle_after_counts_from_when_we_gave_up_not_from_when_we_meant_to_write(
    firm: Agency, board: Board
) -> None:
    """A writer may wait long for its turn before it sends."""
    board.step = lambda point, _: firm.wait(minutes=30) if point == "before comment" else None
    board.script("comment", Lost(timedelta(minutes=9)))
    firm.run()
    board.step = lambda _point, _ticket: None
    for _ in range(30):
        firm.run(minutes=1)
    assert len(board.ours(TICKET)) == 1


def test_after_a_crash_it_counts_from_the_first_look_for_nobody_knows_when_the_write_left(firm: Agency) -> None:
    board = firm.board()
    number = board.create(**high())
    firm.run()
    firm.store.intend(
        "run", [Intent(board.site, number, "comment", {"said": [["escalation", "created", 1]]})], BEGIN
    )
    firm.run(hours=1)
    assert [entry.ended_at for entry in firm.store.unsettled()] == [firm.now]
    assert board.ours(number) == []
    firm.run(minutes=9)
    assert board.ours(number) == []
    firm.run(minutes=1)
    assert len(board.ours(number)) == 1


def test_while_comments_cannot_all_be_read_nothing_is_concluded_and_nothing_said(
    firm: Agency, board: Board
) -> None:
    board.script("comment", Lost("never"))
    firm.run()
    board.marks_complete = False
    for _ in range(3):
        firm.run(days=1)
    assert board.ours(TICKET) == []
    assert [entry.note for entry in firm.store.unsettled()] == ["not all comments can be read"]
    board.marks_complete = True
    for _ in range(3):
        firm.run(minutes=16)
    assert len(board.ours(TICKET)) == 1


def test_a_ticket_that_may_not_be_read_is_named_and_stops_no_other(firm: Agency, board: Board) -> None:
    other = board.create(**high())
    firm.wait(minutes=20)
    board.script("comment", Lost("now"), Lost("now"))
    firm.run()
    board.unmarkable[TICKET] = ForbiddenError("no right to its comments")
    (sight,) = firm.run(minutes=5)
    assert Failed(TICKET, "outcome of a comment", "no right to its comments") in sight.plan.failed
    assert [(entry.ticket, entry.note) for entry in firm.store.unsettled()] == [
        (TICKET, "no right to its comments")
    ]
    assert [len(board.ours(number)) for number in (TICKET, other)] == [1, 1]


@pytest.mark.parametrize("error", [CredentialsError("expired"), RateLimitedError("come back later")])
def test_what_is_the_whole_sources_trouble_is_not_put_down_to_one_ticket(
    firm: Agency, board: Board, error: CredentialsError | RateLimitedError
) -> None:
    board.script("comment", Lost("now"))
    firm.run()
    board.unmarkable[TICKET] = error
    (sight,) = firm.run(minutes=5)
    assert sight.error is error
    assert len(firm.store.unsettled()) == 1


def test_a_ticket_that_went_away_meanwhile_is_waited_for_as_long_as_a_write_may_take(
    firm: Agency, board: Board
) -> None:
    """It may only be out of our sight: gone and forbidden look alike."""
    board.script("comment", Lost("now"))
    firm.run()
    kept = board.tickets.pop(TICKET)
    firm.run(minutes=5)
    assert [entry.note for entry in firm.store.unsettled()] == ["the ticket is gone"]
    firm.run(minutes=5)
    assert firm.store.unsettled() == []
    board.tickets[TICKET] = kept
    board.put(TICKET, "billing")
    for _ in range(3):
        firm.run(minutes=16)
    assert len(board.ours(TICKET)) == 1


# --- an edit whose answer was lost ------------------------------------------------------------------------------


def test_labels_and_due_date_that_were_written_all_the_same_are_ours(firm: Agency, board: Board) -> None:
    board.script("edit", Lost("now"))
    firm.run()
    (sight,) = firm.run(minutes=5)
    kept = firm.store.memories(board.site, [TICKET])[TICKET]
    assert kept.labels == {"esc:delivery", "esc:high", "esc:level-2"}
    assert (kept.due, kept.due_written) == (date(2026, 4, 1), True)
    assert [type(action).__name__ for action in sight.plan.actions()] == ["AddComment"]
    assert firm.store.unsettled() == []
    assert len(board.ours(TICKET)) == 1


def test_what_a_person_undid_before_a_lost_edit_was_found_stays_undone(firm: Agency, board: Board) -> None:
    """The history tells that we had written it."""
    board.script("edit", Lost("now"))
    firm.run()
    board.take_off(TICKET, "esc:high")
    board.change(TICKET, due=None)
    for _ in range(6):
        firm.run(minutes=5)
    assert board.tickets[TICKET].labels == {"esc:delivery", "esc:level-2"}
    assert board.tickets[TICKET].due is None
    assert firm.store.unsettled() == []


def test_after_a_lost_edit_no_comment_is_sent_in_the_same_pass(firm: Agency, board: Board) -> None:
    board.script("edit", Lost("now"))
    (sight,) = firm.run()
    assert board.writes == [("edit", TICKET)]
    assert sight.plan.failed == (Failed("A-1", "labels and due date", "no answer came"),)
    edited, said = firm.store.journal(board.site, TICKET)
    assert (edited.outcome, said.outcome, said.note) == ("unknown", "failed", "not sent, because no answer came")


def test_an_edit_that_was_not_applied_is_simply_made_again(firm: Agency, board: Board) -> None:
    board.script("edit", Lost("never"))
    firm.run()
    firm.run(minutes=16)
    assert board.tickets[TICKET].labels == {"esc:delivery", "esc:high", "esc:level-2"}
    assert len(board.ours(TICKET)) == 1
    firm.run(minutes=16)
    assert firm.store.unsettled() == []


def test_an_edit_that_is_nowhere_to_be_seen_is_given_up_in_time(firm: Agency) -> None:
    board = firm.board(settings={"mode": "labels"})
    number = board.create()
    board.script("edit", Lost("never"))
    firm.run()
    board.change(number, fields={"severity": "critical"})
    firm.run(minutes=1)
    assert [entry.outcome for entry in firm.store.journal(board.site, number)] == ["unknown", "settled"]
    firm.run(minutes=10)
    assert [entry.outcome for entry in firm.store.journal(board.site, number)] == ["absent", "settled"]


def test_what_two_lost_edits_wrote_adds_up(firm: Agency) -> None:
    board = firm.board(settings={"mode": "labels"})
    number = board.create(labels=frozenset({"esc:delivery", "esc:low"}))
    edits = [{"add": [label], "remove": []} for label in ("esc:delivery", "esc:low")]
    firm.store.intend("run", [Intent(board.site, number, "edit", detail) for detail in edits], BEGIN)
    firm.run()
    assert firm.store.memories(board.site, [number])[number].labels == {"esc:delivery", "esc:low"}
    assert [entry.outcome for entry in firm.store.journal(board.site, number)][:2] == ["unknown", "settled"]
    firm.run(minutes=10)
    assert firm.store.unsettled() == [], "the first is not waited for any longer"


def test_a_lost_edit_whose_ticket_is_gone_or_unreadable_stays_open_until_that_is_clear(firm: Agency) -> None:
    board = firm.board(settings={"mode": "labels"})
    gone, unreadable = board.create(), board.create()
    board.script("edit", Lost("now"), Lost("now"))
    firm.run()
    board.delete(gone)
    board.unreadable[unreadable] = Failed(unreadable, "read", "its status is in no list")
    (sight,) = firm.run(minutes=1)
    assert {entry.ticket: entry.note for entry in firm.store.unsettled()} == {
        gone: "the ticket is gone",
        unreadable: "its status is in no list",
    }
    assert Failed(unreadable, "outcome of a edit", "its status is in no list") in sight.plan.failed
    board.unreadable.clear()
    firm.run(minutes=10)
    assert [entry.outcome for entry in firm.store.journal(board.site, gone)] == ["absent"]
    assert [entry.outcome for entry in firm.store.journal(board.site, unreadable)] == ["settled"]


def test_a_lost_removal_and_a_cleared_date_are_recognised_too(firm: Agency) -> None:
    board = firm.board(settings={"mode": "labels"})
    number = board.create(labels=frozenset({"esc:old"}), due=date(2026, 3, 9))
    detail = {"add": [], "remove": ["esc:old"], "due": None}
    firm.store.intend("run", [Intent(board.site, number, "edit", detail)], BEGIN)
    firm.run()
    assert [entry.outcome for entry in firm.store.unsettled()] == ["unknown"]
    board.change(number, labels=frozenset(), due=None)
    firm.run(minutes=10)
    assert firm.store.journal(board.site, number)[0].outcome == "settled"


def test_an_edit_of_which_only_a_part_is_there_is_not_taken_for_done(firm: Agency) -> None:
    board = firm.board(settings={"mode": "labels"})
    number = board.create(labels=frozenset({"esc:old"}))
    written = Memory(labels=frozenset({"esc:old"}))
    detail = {"add": ["esc:delivery"], "remove": ["esc:old"], "due": "2026-03-09"}
    firm.store.relearn(board.site, number, written, BEGIN)
    firm.store.intend("run", [Intent(board.site, number, "edit", detail)], BEGIN)

    def looked_up() -> tuple[str, set[str]]:
        tracker = firm.sources[0][1]
        recover(firm.store.unsettled(), tracker, firm.store, BEGIN, timedelta(minutes=10))
        (entry,) = firm.store.journal(board.site, number)
        return entry.outcome, set(firm.store.memories(board.site, [number])[number].labels)

    assert looked_up() == ("unknown", {"esc:old"})
    board.put(number, "esc:delivery")
    assert looked_up() == ("unknown", {"esc:old", "esc:delivery"})
    board.take_off(number, "esc:delivery")
    board.take_off(number, "esc:old")
    assert looked_up() == ("unknown", {"esc:delivery"}), "what was ours once is ours until a plan says otherwise"
    board.change(number, labels=frozenset({"esc:delivery"}), due=date(2026, 3, 8))
    assert looked_up() == ("unknown", {"esc:delivery"})
    assert not firm.store.memories(board.site, [number])[number].due_written
    board.change(number, due=date(2026, 3, 9))
    assert looked_up() == ("settled", {"esc:delivery"})
    assert firm.store.memories(board.site, [number])[number].due_written


# --- a refused write --------------------------------------------------------------------------------------------


def test_a_write_that_was_refused_was_not_made_and_is_tried_again_later(firm: Agency, board: Board) -> None:
    board.script("comment", Refused(ServerFaultError("no connection")))
    (sight,) = firm.run()
    assert sight.plan.failed == (Failed("A-1", "comment", "no connection"),)
    assert firm.store.unsettled() == []
    assert firm.store.due("desk", firm.now + timedelta(minutes=15)) == [TICKET]
    firm.run(minutes=15)
    assert len(board.ours(TICKET)) == 1


def test_a_follow_up_that_cannot_be_looked_for_stays_in_doubt(firm: Agency, board: Board) -> None:
    said = {"said": [["verified", "created", 0]]}
    firm.store.intend("run", [Intent(board.site, TICKET, "follow_up", said)], firm.now)
    board.tells_made = False
    for _ in range(3):
        firm.run(minutes=10)
    (entry,) = firm.store.unsettled(board.site)
    assert (entry.kind, entry.outcome, entry.note) == (
        "follow_up",
        "unknown",
        "what was made below the ticket cannot be read",
    )
    board.tells_made = True
    firm.run(minutes=10)
    assert firm.store.unsettled(board.site) == []
