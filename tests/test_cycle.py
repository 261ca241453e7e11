"""Whole passes: the plan shown is the plan done, each promise is spoken of once, and nothing stops the others."""

from __future__ import annotations

import random
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, cast

import pytest
from fakes.faults import Late
from fakes.memory_tracker import Lost
from harness_asana import AsanaHarness
from harness_jira import CloudHarness, DataCenterDeskHarness
from harness_workbook import XlsxHarness
from passes import Agency, agency, high, plan_of, skipped

from sync.errors import CredentialsError, GuardRefusedError, ServerFaultError, StateError
from sync.judging.judgement import Judge
from sync.plan import digest
from sync.state.store import Store
from sync.ticket import Audience, Status

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from fakes.memory_tracker import Board
    from harness import Harness

    from sync.cycle import Sight
    from sync.errors import TrackerError
    from sync.ticket import Ticket
    from sync.trackers.sources import Source


class CrashError(BaseException):
    """The process dies here."""


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Agency]:
    with agency(tmp_path) as made:
        yield made


def told(sights: Sequence[Sight]) -> list[Any]:
    """All that a plan says, source by source."""
    return [
        (
            plan.source,
            plan.mode,
            plan.seen,
            plan.actions(),
            plan.skipped(),
            plan.failed,
            plan.refusal,
            plan.notices,
        )
        for plan in (sight.plan for sight in sights)
    ]


# --- the dry run ------------------------------------------------------------------------------------------------


def fresh(firm: Agency, board: Board) -> None:
    firm.wait(minutes=20)
    del board


def underway(firm: Agency, board: Board) -> None:
    firm.run()
    board.take_off("10001", "esc:high")
    firm.wait(minutes=20)


def found_meanwhile(firm: Agency, board: Board) -> None:
    board.script("comment", Lost("now"))
    firm.run(minutes=20)
    firm.wait(minutes=16)


def in_doubt(firm: Agency, board: Board) -> None:
    board.script("comment", Lost("never"))
    firm.run(minutes=20)
    board.put("10001", "billing")
    firm.wait(minutes=5)


def doubt_over(firm: Agency, board: Board) -> None:
    in_doubt(firm, board)
    firm.wait(minutes=11)


def state_lost(firm: Agency, board: Board) -> None:
    firm.run(minutes=20)
    firm.restart()
    firm.state.unlink()
    del board


def other_facts(firm: Agency, board: Board) -> None:
    firm.run()
    for days in (9, 8):
        board.create("The invoice", created=firm.now - timedelta(days=days))


@pytest.mark.parametrize(
    "situation", [fresh, underway, found_meanwhile, in_doubt, doubt_over, state_lost, other_facts]
)
@pytest.mark.parametrize("history", [True, False], ids=["history", "no history"])
def test_a_dry_run_shows_what_the_run_then_does(
    firm: Agency,
    situation: Callable[[Agency, Board], None],
    history: bool,  # noqa: FBT001 - a parameter
) -> None:
    board = firm.board(history=history)
    board.create(**high())
    situation(firm, board)
    firm.restart()
    before = firm.state.read_bytes() if firm.state.exists() else None
    true_tickets, writes = dict(board.tickets), list(board.writes)
    shown = told(firm.dry_run())
    assert shown == told(firm.dry_run())
    assert (firm.state.read_bytes() if firm.state.exists() else None) == before
    assert (board.tickets, board.writes) == (true_tickets, writes)
    assert told(firm.run()) == shown


# --- modes ------------------------------------------------------------------------------------------------------


def test_in_observe_mode_nothing_is_written_and_each_pass_shows_the_whole_plan(firm: Agency) -> None:
    board = firm.board(settings={"mode": "observe"})
    board.create(**high())
    board.create()
    first = told(firm.run(minutes=20))
    assert {type(action).__name__ for action in first[0][3]} == {"AddLabel", "SetDue", "AddComment"}
    assert told(firm.run(minutes=5)) == first
    assert board.writes == []


def test_in_labels_mode_there_are_no_comments_and_the_plan_says_why(firm: Agency) -> None:
    board = firm.board(settings={"mode": "labels"})
    number = board.create(**high())
    sights = firm.run(minutes=20)
    assert board.tickets[number].labels == {"esc:delivery", "esc:high", "esc:level-2"}
    assert board.ours(number) == []
    assert skipped(sights)["comment"].startswith('the source is in mode "labels"')
    firm.change("desk", mode="full")
    firm.digest = "mode full"
    firm.run(minutes=5)
    assert len(board.ours(number)) == 1


# --- the guard --------------------------------------------------------------------------------------------------


def test_a_plan_that_cannot_be_meant_is_refused_before_its_first_write(firm: Agency) -> None:
    board = firm.board(settings={"guard": {"actions": 5}})
    board.create(**high())
    board.create(**high())
    (sight,) = firm.run(minutes=20)
    assert isinstance(sight.error, GuardRefusedError)
    assert sight.error.exit_status == 4
    assert "10 actions in one pass, and guard.actions allows 5" in str(sight.error)
    assert f"let this one plan through: makegood --approve {digest(sight.plan)}" in str(sight.error)
    assert str(sight.error).endswith("nothing was written")
    assert (board.writes, firm.store.unsettled()) == ([], [])
    assert "guard.actions allows 5" in firm.store.source("desk").trouble
    assert firm.store.source("desk").last_good is None


@pytest.mark.parametrize(("strange", "refused"), [(5, False), (6, True)])
def test_a_pass_most_of_whose_live_tickets_no_rule_classifies_is_refused(
    firm: Agency,
    strange: int,
    refused: bool,  # noqa: FBT001 - a parameter
) -> None:
    board = firm.board()
    for number in range(10):
        board.create("A riddle" if number < strange else "It is late", client=None)
    board.create("A riddle", status=Status.CLOSED)
    (sight,) = firm.run()
    assert isinstance(sight.error, GuardRefusedError) is refused
    assert sight.plan.refusal.startswith("6 of 10 tickets are unclassified") is refused


def test_once_this_very_plan_is_let_through_it_is_done_though_nothing_changed(firm: Agency) -> None:
    board = firm.board(settings={"guard": {"actions": 5}})
    board.create(**high())
    board.create(**high())
    (refused,) = firm.run(minutes=20)
    firm.approved = frozenset({digest(refused.plan)})
    (sight,) = firm.run(minutes=5)
    assert sight.error is None
    assert any(note.startswith("let through by its digest: 10 actions") for note in sight.plan.notices)
    assert [len(board.ours(ticket)) for ticket in board.tickets] == [1, 1]
    assert (firm.store.source("desk").trouble, firm.store.source("desk").last_good) == ("", firm.now)


def test_a_plan_let_through_lets_no_other_through(firm: Agency) -> None:
    board = firm.board(settings={"guard": {"actions": 5}})
    board.create(**high())
    board.create(**high())
    (refused,) = firm.run(minutes=20)
    firm.approved = frozenset({digest(refused.plan)})
    board.create(**high())
    (sight,) = firm.run(minutes=20)
    assert isinstance(sight.error, GuardRefusedError)
    assert f"{digest(refused.plan)} is not this plan's digest; nothing was written" in str(sight.error)
    assert board.writes == []


def test_a_measure_of_ones_own_makes_the_guard_stricter_and_never_laxer(firm: Agency) -> None:
    board = firm.board(settings={"guard": {"actions": 5}})
    board.create(**high())
    board.create(**high())
    firm.max_actions = 10
    (sight,) = firm.run(minutes=20)
    assert "guard.actions allows 5" in str(sight.error)
    firm.max_actions = 3
    (sight,) = firm.dry_run()
    assert "--max-actions allows 3" in sight.plan.refusal
    firm.max_actions = 5
    (sight,) = firm.dry_run()
    assert "guard.actions allows 5" in sight.plan.refusal


def test_in_observe_mode_a_refusal_is_told_and_is_no_trouble(firm: Agency) -> None:
    board = firm.board(settings={"mode": "observe", "guard": {"actions": 0}})
    board.create()
    (sight,) = firm.run()
    assert sight.plan.refusal
    assert sight.error is None
    assert firm.store.source("desk").trouble == ""


# --- one source and the others ----------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["connect", "changed", "fetch"])
def test_one_source_in_trouble_stops_no_other_and_is_served_again_later(firm: Agency, stage: str) -> None:
    bad, good = firm.board("bad"), firm.board("good")
    tickets = [board.create(**high()) for board in (bad, good)]
    firm.run()
    bad.down[stage] = CredentialsError("the token has expired")
    firm.run(minutes=1)
    first, second = firm.run(minutes=20)
    assert (str(first.error), second.error) == ("the token has expired", None)
    told = "the token has expired. The token comes from MAKEGOOD_BAD_TOKEN, or bad.token"
    assert first.plan.trouble == told
    assert [firm.store.source(name).trouble for name in ("bad", "good")] == [told, ""]
    bad.down.clear()
    firm.run(minutes=5)
    assert [len(board.ours(ticket)) for board, ticket in zip((bad, good), tickets, strict=True)] == [1, 1]


def test_a_refused_token_is_told_with_where_it_comes_from(firm: Agency) -> None:
    board = firm.board()
    board.down["connect"] = CredentialsError("the tracker does not know this token")
    (sight,) = firm.run()
    assert sight.plan.trouble == (
        "the tracker does not know this token. The token comes from MAKEGOOD_DESK_TOKEN, or desk.token"
    )


def test_a_fault_of_our_own_in_one_source_is_told_and_stops_no_other(
    firm: Agency, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = firm.board("bad"), firm.board("good")
    bad.down["changed"] = cast("TrackerError", ZeroDivisionError("nought"))
    number = good.create()
    first, second = firm.run()
    assert str(first.error).startswith("unexpected ZeroDivisionError: nought; this is a fault of makegood's")
    assert second.error is None
    assert good.tickets[number].labels
    assert "ZeroDivisionError" in caplog.text, "and its trace is in the log"


def test_a_fault_of_our_own_on_one_ticket_is_told_and_stops_no_other(
    firm: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = firm.board()
    odd, fine = board.create("odd"), board.create()
    judge = Judge.judge

    def stumbling(self: Judge, ticket: Ticket, *given: Any, **named: Any) -> Any:  # noqa: ANN401 - as the method
        return judge(self, ticket, *given, **named) if ticket.id != odd else 1 // 0

    monkeypatch.setattr(Judge, "judge", stumbling)
    (sight,) = firm.run()
    assert [(failed.ticket, failed.what) for failed in sight.plan.failed] == [(odd, "judge")]
    assert (board.tickets[odd].labels, bool(board.tickets[fine].labels)) == (frozenset(), True)
    monkeypatch.undo()
    firm.run(minutes=15)
    assert board.tickets[odd].labels, "it was tried again"


def test_state_that_cannot_be_written_stops_the_pass_for_all_sources(
    firm: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StateError("the disk is full")

    firm.board("one").create()
    firm.board("two").create()
    monkeypatch.setattr(Store, "moved", full)
    with pytest.raises(StateError, match="the disk is full"):
        firm.run()


def test_a_ticket_that_two_sources_show_is_the_first_ones_alone(firm: Agency) -> None:
    one, two = firm.board("one", site="shared"), firm.board("two", site="shared")
    number = one.create(**high())
    two.tickets[number] = replace(one.tickets[number], source="two")
    first, second = firm.run(minutes=20)
    assert ([j.ticket.id for j in first.judged], second.judged) == ([number], [])
    assert (len(one.ours(number)), len(two.ours(number))) == (1, 0)


def test_a_ticket_with_a_problem_is_named_and_judged_all_the_same(firm: Agency) -> None:
    board = firm.board()
    number = board.create(problems=("due date: '31st' is no date",), due_text="31st")
    sights = firm.run()
    assert [failed.why for failed in sights[0].plan.failed] == ["due date: '31st' is no date"]
    assert board.tickets[number].labels
    assert "which is no date" in skipped(sights)["due date"]


def test_the_most_urgent_ticket_comes_first(firm: Agency) -> None:
    board = firm.board()
    for severity in ("low", "critical", "medium"):
        board.create(client=None, fields={"severity": severity})
    (sight,) = firm.run()
    assert [plan.ticket.key for plan in sight.plan.tickets] == ["A-2", "A-3", "A-1"]


# --- facts across sources ---------------------------------------------------------------------------------------


def test_a_clients_third_issue_raises_it_wherever_the_others_are(firm: Agency) -> None:
    desk, book = firm.board("desk"), firm.board("book")
    first, second = desk.create(), book.create(client="CLA")
    firm.run()
    third = book.create(created=firm.now + timedelta(minutes=1))
    firm.run(minutes=5)
    assert "esc:high" in book.tickets[third].labels
    assert "esc:low" in desk.tickets[first].labels
    assert "esc:low" in book.tickets[second].labels


def test_a_ticket_told_late_has_those_that_came_after_it_judged_again_in_the_same_pass(firm: Agency) -> None:
    desk, book = firm.board("desk"), firm.board("book")
    firm.wait(days=1)
    second, third = desk.create(created=firm.now), book.create(created=firm.now + timedelta(seconds=1))
    firm.run()
    firm.run(minutes=1)
    assert "esc:low" in book.tickets[third].labels
    desk.create(created=firm.now - timedelta(days=1))
    firm.run(minutes=1)
    assert "esc:high" in book.tickets[third].labels, "it is the third now, and nobody touched it"
    assert "esc:low" in desk.tickets[second].labels


def test_an_issue_that_goes_away_or_to_another_client_takes_the_raise_with_it(firm: Agency) -> None:
    board = firm.board()
    first, _, third = (board.create(created=firm.now - timedelta(days=days)) for days in (3, 2, 1))
    firm.run()
    assert "esc:high" in board.tickets[third].labels
    board.change(first, client="Client B")
    firm.run(minutes=1)
    assert "esc:low" in board.tickets[third].labels
    board.change(first, client="Client A")
    firm.run(minutes=1)
    assert "esc:high" in board.tickets[third].labels
    board.delete(first)
    firm.run(days=1, minutes=1)
    assert "esc:low" in board.tickets[third].labels


def test_a_source_that_is_down_when_facts_change_catches_up_once_it_is_back(firm: Agency) -> None:
    desk, book = firm.board("desk"), firm.board("book")
    firm.wait(days=1)
    desk.create()
    third = book.create(created=firm.now + timedelta(seconds=1))
    firm.run()
    firm.run(minutes=1)
    book.down["connect"] = ServerFaultError("no answer")
    desk.create(created=firm.now - timedelta(days=1))
    firm.run(minutes=1)
    book.down.clear()
    firm.run(minutes=5)
    assert "esc:high" in book.tickets[third].labels


def test_tickets_that_cannot_be_had_when_facts_change_are_left_as_they_are_and_catch_up_too(firm: Agency) -> None:
    """Half of them, without what is remembered of them, would be spoken to as strangers."""
    desk, book = firm.board("desk"), firm.board("book")
    firm.wait(days=1)
    desk.create()
    third = book.create(created=firm.now + timedelta(seconds=1), **high())
    firm.run(minutes=20)
    firm.run(minutes=1)
    book.down["fetch"] = ServerFaultError("no answer")
    desk.create(created=firm.now - timedelta(days=1))
    sights = firm.run(minutes=1)
    assert [failed.what for sight in sights for failed in sight.plan.failed] == [
        "other tickets of the same client"
    ]
    book.down.clear()
    firm.run(minutes=5)
    assert "esc:critical" in book.tickets[third].labels
    assert [comment.text for comment in book.ours(third)][1:] == ["raised, step 1"]


def test_a_pass_over_one_ticket_leaves_the_others_to_the_next_whole_pass(firm: Agency) -> None:
    board = firm.board()
    firm.wait(days=1)
    board.create(created=firm.now - timedelta(hours=1))
    third = board.create()
    firm.run()
    firm.run(minutes=1)
    late = board.create(created=firm.now - timedelta(days=1))
    firm.run("A-3", minutes=1)
    assert board.tickets[late].labels
    assert "esc:low" in board.tickets[third].labels
    firm.run(minutes=1)
    assert "esc:high" in board.tickets[third].labels


# --- policy -----------------------------------------------------------------------------------------------------


def test_another_policy_and_another_name_of_a_source_say_nothing_again(firm: Agency) -> None:
    board = firm.board()
    number = board.create(**high())
    firm.run(minutes=20)
    firm.digest = "policy 2"
    firm.run(minutes=5)
    firm.change("desk", name="renamed")
    board.tickets[number] = replace(board.tickets[number], source="renamed")
    board.source = "renamed"
    for _ in range(3):
        firm.run(minutes=5)
    assert len(board.ours(number)) == 1


def test_a_closed_ticket_calls_for_nobody_any_more_and_a_reopened_one_is_a_new_occasion(firm: Agency) -> None:
    board = firm.board()
    number = board.create(**high())
    firm.run(minutes=20)
    board.change(number, status=Status.CLOSED)
    firm.run(minutes=1)
    assert board.tickets[number].labels == frozenset({"esc:delivery", "esc:high"})
    assert plan_of(firm.run(days=60), number) is None, "and then it is left as it is"
    board.change(number, status=Status.OPEN)
    for _ in range(4):
        firm.run(minutes=10)
    assert len(board.ours(number)) == 2


# --- crashes: at named points, on every tracker -----------------------------------------------------------------


def crash_once(patch: pytest.MonkeyPatch, owner: type, name: str, *, done: bool) -> None:
    """Let the first call of this method be the last of the process, with its work done or not."""
    true = getattr(owner, name)
    crashed: list[bool] = []

    def method(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the method takes
        if crashed:
            return true(*given, **named)
        crashed.append(True)
        if done:
            true(*given, **named)
        raise CrashError

    patch.setattr(owner, name, method)


class Point(NamedTuple):
    """Where the process dies: before or after the work of the first of these calls that its owner has."""

    when: Literal["before", "after"]
    calls: tuple[str, ...]


POINTS = {
    "before intend": Point("before", ("intend",)),
    "after intend": Point("after", ("intend",)),
    "after the edit": Point("after", ("batch", "edit")),
    "after the comment": Point("after", ("batch", "comment")),
    "after settle": Point("after", ("settle",)),
    "while remembering": Point("after", ("_keep_rows",)),
    "after remember": Point("after", ("remember",)),
}


def crash_at(patch: pytest.MonkeyPatch, point: Point, tracker: object) -> None:
    owners = [(owner, name) for name in point.calls for owner in (type(tracker), Store) if hasattr(owner, name)]
    crash_once(patch, *owners[0], done=point.when == "after")


def through_the_crash(firm: Agency) -> None:
    """The pass that dies, and passes of a new process afterwards: soon, and long after every doubt."""
    with pytest.raises(CrashError):
        firm.run(minutes=20)
    for minutes in (1, 5, 11, 11, 11):
        firm.restart()
        firm.run(minutes=minutes)


@pytest.mark.parametrize("ledger", [True, False], ids=["ledger", "marks alone"])
@pytest.mark.parametrize("point", POINTS.values(), ids=list(POINTS))
def test_a_crash_neither_doubles_nor_loses_a_comment(
    firm: Agency,
    monkeypatch: pytest.MonkeyPatch,
    point: Point,
    ledger: bool,  # noqa: FBT001 - a parameter
) -> None:
    board = firm.board(ledger=ledger, marks_listed=not ledger)
    number = board.create(**high())
    crash_at(monkeypatch, point, firm.sources[0][1])
    through_the_crash(firm)
    assert len(board.ours(number)) == 1
    assert board.tickets[number].labels == {"esc:delivery", "esc:high", "esc:level-2"}
    assert firm.store.unsettled() == []


class Fuse:
    """Burns down by one at each step, and then nothing happens any more."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def burn(self, *_: object) -> None:
        if self.left <= 0:
            raise CrashError
        self.left -= 1


class Wired:
    """A database connection that burns a fuse at every statement."""

    def __init__(self, database: sqlite3.Connection, fuse: Fuse) -> None:
        self._database, self._fuse = database, fuse

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a connection has
        self._fuse.burn()
        return getattr(self._database, name)


def pass_that_dies(firm: Agency, board: Board, steps: int) -> bool:
    """One pass of a process that lives for so many steps; whether it was too short."""
    fuse = Fuse(steps)
    board.step = fuse.burn
    database = firm.store._database  # noqa: SLF001 - the wire is laid inside
    firm.store._database = cast("sqlite3.Connection", Wired(database, fuse))  # noqa: SLF001 - likewise
    try:
        firm.run(minutes=20)
    except CrashError:
        return True
    else:
        return False
    finally:
        board.step = lambda _point, _ticket: None
        database.close()
        firm.restart()


def one_comment_after(folder: Path, deaths: Sequence[int], *, ledger: bool) -> bool:
    """Passes that die after so many steps each, then passes that live; whether the last one died at all."""
    folder.mkdir()
    with agency(folder) as firm:
        board = firm.board(ledger=ledger, marks_listed=not ledger)
        number = board.create(**high())
        died = [pass_that_dies(firm, board, steps) for steps in deaths]
        for minutes in (1, 11, 11, 11):
            firm.run(minutes=minutes)
        assert len(board.ours(number)) == 1, deaths
        assert board.tickets[number].labels == {"esc:delivery", "esc:high", "esc:level-2"}, deaths
        assert firm.store.unsettled() == [], deaths
    return died[-1]


@pytest.mark.parametrize("ledger", [True, False], ids=["ledger", "marks alone"])
def test_a_crash_at_any_statement_and_any_write_neither_doubles_nor_loses_a_comment(
    tmp_path: Path,
    ledger: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Every step of a pass is tried in turn, until the process lives longer than the pass."""
    steps = 0
    while one_comment_after(tmp_path / str(steps), [steps], ledger=ledger):
        steps += 1
    assert 30 < steps < 200, "so many steps has a pass, and each was a crash"


def test_nor_do_two_crashes_of_which_the_second_strikes_during_recovery(tmp_path: Path) -> None:
    chance = random.Random(5)
    for number in range(40):
        deaths = [chance.randrange(45), chance.randrange(30)]
        one_comment_after(tmp_path / str(number), deaths, ledger=bool(number % 2))


# --- the real adapters ------------------------------------------------------------------------------------------


class StaffAsana(AsanaHarness):
    """A project that no client reads."""

    readers: ClassVar[str] = "staff"
    audiences: ClassVar[frozenset[Audience]] = frozenset({Audience.INTERNAL})


class StaffWorkbook(XlsxHarness):
    """A workbook that no client reads."""

    audiences: ClassVar[frozenset[Audience]] = frozenset({Audience.INTERNAL})

    def source(self, **settings: object) -> Any:  # noqa: ANN401 - as the harness it extends
        return super().source(**{"readers": "staff", **settings})


TRACKERS: tuple[type[Harness], ...] = (CloudHarness, DataCenterDeskHarness, StaffAsana, StaffWorkbook)
REMOTE = tuple(kind for kind in TRACKERS if kind.remote)


class Desk(NamedTuple):
    """A firm on a real adapter, and one ticket whose hand-over is due 15 minutes after its creation."""

    firm: Agency
    harness: Any
    ticket: str

    def comments(self) -> int:
        return len(self.harness.comments_of(self.ticket))

    def ours(self) -> set[str]:
        return {label for label in self.harness.labels_of(self.ticket) if label.startswith("esc:")}


def opened(kind: type[Harness], folder: Path) -> Iterator[Desk]:
    with ExitStack() as stack:
        harness: Any = stack.enter_context(kind(folder))
        ticket = harness.create("The report is late", severity="high")
        tracker = harness.tracker()
        tracker.connect()
        (created,) = (found.created for page in tracker.fetch([ticket]) for found in page.tickets)
        firm = stack.enter_context(agency(folder, now=created))
        source: Source = harness.source(mode="full")
        firm.source(source, tracker, harness.mapping())
        firm.clocks.append(harness.advance)
        yield Desk(firm, harness, ticket)
        tracker.close()


@pytest.fixture(params=TRACKERS, ids=lambda kind: kind.name)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    yield from opened(request.param, tmp_path)


@pytest.fixture(params=REMOTE, ids=lambda kind: kind.name)
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    yield from opened(request.param, tmp_path)


def test_one_comment_and_the_labels_and_then_nothing(desk: Desk) -> None:
    shown = told(desk.firm.dry_run())
    assert told(desk.firm.run()) == shown
    desk.firm.run(minutes=20)
    assert desk.comments() == 1
    assert {"esc:high", "esc:level-2"} <= desk.ours()
    for _ in range(3):
        (sight,) = desk.firm.run(minutes=5)
        assert (sight.error, sight.plan.failed, sight.plan.actions()) == (None, (), [])
    assert desk.comments() == 1


def test_observe_mode_leaves_it_untouched(desk: Desk) -> None:
    desk.firm.change(desk.firm.sources[0][0].name, mode="observe")
    first = told(desk.firm.run(minutes=20))
    assert first[0][3]
    assert told(desk.firm.run(minutes=1))[0][3] == first[0][3]
    assert (desk.comments(), desk.ours(), desk.harness.due_of(desk.ticket)) == (0, set(), None)


@pytest.mark.parametrize("point", POINTS.values(), ids=list(POINTS))
def test_on_a_real_adapter_too_a_crash_neither_doubles_nor_loses(
    desk: Desk, point: Point, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash_at(monkeypatch, point, desk.firm.sources[0][1])
    through_the_crash(desk.firm)
    assert desk.comments() == 1
    assert {"esc:high", "esc:level-2"} <= desk.ours()
    assert desk.firm.store.unsettled() == []


@pytest.mark.parametrize("applied", [True, False], ids=["applied", "not applied"])
@pytest.mark.parametrize("write", ["edit", "comment"])
def test_a_lost_answer_neither_doubles_nor_loses(remote: Desk, write: str, applied: bool) -> None:  # noqa: FBT001
    remote.firm.run()
    remote.harness.lose_next_answer(write, applied=applied)
    remote.firm.run(minutes=20)
    assert [entry.kind for entry in remote.firm.store.unsettled()] == [write]
    for minutes in (1, 5, 11, 16):
        remote.firm.run(minutes=minutes)
    assert remote.comments() == 1
    assert {"esc:high", "esc:level-2"} <= remote.ours()
    assert remote.firm.store.unsettled() == []


@pytest.mark.parametrize("seconds", [30, 300])
def test_a_comment_applied_after_we_gave_up_is_not_said_again(remote: Desk, seconds: float) -> None:
    remote.firm.run()
    remote.harness.fake.script(Late(seconds), method="POST", path=r"/(comment|stories)$")
    remote.firm.run(minutes=20)
    assert remote.comments() == 0
    for _ in range(6):
        remote.firm.run(minutes=5)
    assert remote.comments() == 1


def test_with_the_state_file_lost_the_ticket_itself_remembers(desk: Desk) -> None:
    desk.firm.run(minutes=20)
    desk.firm.restart()
    desk.firm.state.unlink()
    for _ in range(3):
        desk.firm.run(minutes=5)
    assert desk.comments() == 1


def test_a_persons_edit_wins(desk: Desk) -> None:
    desk.firm.run()
    desk.firm.wait(minutes=1)
    desk.harness.remove_label(desk.ticket, "esc:high")
    desk.harness.set_due(desk.ticket, date(2027, 1, 1))
    for _ in range(4):
        desk.firm.run(minutes=6)
    assert "esc:high" not in desk.ours()
    assert desk.harness.due_of(desk.ticket) == date(2027, 1, 1)
    assert desk.comments() == 1


def test_an_unreadable_record_stops_no_other_and_is_tried_again(desk: Desk) -> None:
    bad = desk.harness.create_unreadable()
    (sight,) = desk.firm.run(minutes=20)
    assert [failed.ticket for failed in sight.plan.failed] == [bad]
    assert desk.comments() == 1
    (sight,) = desk.firm.run(minutes=16)
    assert [failed.ticket for failed in sight.plan.failed] == [bad]
    desk.harness.delete(bad)
    desk.firm.run(minutes=16)
    assert desk.firm.store.unread(desk.firm.sources[0][0].name) == {}
