"""Writing a plan: intended before it is sent, sent once, settled after; one ticket's trouble is its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Event
from typing import TYPE_CHECKING, Any

import pytest
from fakes.memory_tracker import CLIENT, STAFF, US, BatchTracker, Lost, MemoryTracker, Refused
from passes import Agency, agency, high, plan_of

from sync import cycle
from sync.action import (
    AddComment,
    AddLabel,
    Because,
    BringIn,
    DeleteComment,
    Edit,
    Failed,
    FollowUp,
    MakeFollowUp,
    Obligation,
    RemoveLabel,
    SetDue,
    Written,
)
from sync.apply import apply
from sync.errors import (
    ConflictError,
    CredentialsError,
    ForbiddenError,
    InvalidError,
    LostAnswerError,
    RateLimitedError,
    ServerFaultError,
    TrackerError,
    WorkbookError,
)
from sync.state.records import Notice, imprint
from sync.state.store import Store
from sync.ticket import Audience, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from fakes.memory_tracker import Board

    from sync.apply import Pen, Result
    from sync.cycle import Sight
    from sync.plan import TicketPlan
    from sync.state.records import Intent


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Agency]:
    with agency(tmp_path) as made:
        yield made


@pytest.fixture
def board(firm: Agency) -> Board:
    """Three clients' tickets, 10001 to 10003, to each of which labels, a due date and one comment are owed."""
    made = firm.board()
    for name in "ABC":
        made.create(client=f"Client {name}", **high())
    firm.wait(minutes=20)
    return made


def outcomes(firm: Agency, ticket: str) -> list[tuple[str, str]]:
    site = firm.boards[0].site
    return [(entry.kind, entry.outcome) for entry in firm.store.journal(site, ticket)]


def failures(*sights: Sight) -> list[Failed]:
    return [failed for sight in sights for failed in sight.plan.failed]


DONE = [("edit", "settled"), ("comment", "settled")]
WHY = Because("a rule", "a sentence")


class Meeting(MemoryTracker):
    """A tracker whose edits wait for one another, two by two, from the second ticket on."""

    def __init__(self, board: Board, barrier: Barrier) -> None:
        super().__init__(board)
        self.barrier = barrier

    def edit(self, ticket: str, edit: Edit) -> Written:
        if ticket != "10001":
            self.barrier.wait()
        return super().edit(ticket, edit)

    def clone(self) -> MemoryTracker:
        return Meeting(self.board, self.barrier)


# --- the order of things ----------------------------------------------------------------------------------------


def test_labels_and_due_date_go_first_and_the_one_comment_after_them(firm: Agency, board: Board) -> None:
    firm.run()
    assert board.writes == [
        (kind, ticket) for ticket in ("10001", "10002", "10003") for kind in ("edit", "comment")
    ]
    assert [outcomes(firm, ticket) for ticket in board.tickets] == [DONE, DONE, DONE]
    assert board.reads == ["connect", "changed"], "and what only staff will read needs no second look"


def test_once_a_comment_was_answered_it_is_known_what_it_said_and_where_it_stands(
    firm: Agency, single: Board
) -> None:
    (sight,) = firm.run()
    (result,) = sight.results
    assert (result.edited, result.commented, result.failed) == (True, True, None)
    (comment,) = single.ours("10001")
    memory = firm.store.memories(single.site, ["10001"])["10001"]
    assert memory.said == {Obligation("escalation", "created", 1).id(single.site, "10001")}
    assert memory.steps == {"escalation": ("created", 1)}
    assert list(firm.store.spoken(single.site, "10001")) == [comment.id]


def test_no_more_is_begun_than_can_be_in_hand(firm: Agency, board: Board) -> None:
    """What stands in the journal and was not sent is in doubt after a crash."""
    begun = []
    for _ in range(6):
        board.create(client=None, **high())
    firm.wait(minutes=20)

    def step(_point: str, _ticket: str) -> None:
        with Store(firm.state, write=False) as on_the_disk:
            begun.append(len({entry.ticket for entry in on_the_disk.unsettled()}))

    board.step = step
    firm.run()
    assert begun[0] == 1
    assert max(begun) == 2 * board.writers


def test_many_are_begun_in_one_commit(firm: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a quarter of what can be in hand is done, and more, so much is begun again."""
    board, intend, begun = firm.board(writers=4), Store.intend, []
    for _ in range(40):
        board.create(client=None, **high())

    def counted(store: Store, run: str, intents: Sequence[Intent], *rest: Any) -> list[int]:  # noqa: ANN401 - as they come
        begun.append(len(intents))
        return intend(store, run, intents, *rest)

    monkeypatch.setattr(Store, "intend", counted)
    firm.run()
    assert begun[0] == 8
    assert [number for number in begun[:-1] if number < 3] == []
    assert sum(begun) == 40
    assert begun[-1] > 0


def test_every_write_stands_in_the_journal_before_it_is_sent(firm: Agency, board: Board) -> None:
    standing = []

    def step(point: str, ticket: str) -> None:
        if point.startswith("before"):
            with Store(firm.state, write=False) as on_the_disk:
                entries = [(entry.ticket, entry.kind) for entry in on_the_disk.unsettled(board.site)]
            standing.append((ticket, point.removeprefix("before ")) in entries)

    board.step = step
    firm.run()
    assert standing == [True] * 6


def test_tickets_are_written_side_by_side_as_far_as_the_tracker_bears_it(firm: Agency, board: Board) -> None:
    """The barrier opens only if two write at the same time; the first ticket with a comment goes alone."""
    board.writers = 2
    source, _, mapping = firm.sources[0]
    firm.sources[0] = (source, Meeting(board, Barrier(2, timeout=10)), mapping)
    firm.run()
    assert [outcomes(firm, ticket) for ticket in board.tickets] == [DONE, DONE, DONE]
    assert board.hands == 2, "every clone was closed again"


def test_progress_is_told_ticket_by_ticket(firm: Agency, board: Board) -> None:
    told: list[tuple[str, str, int]] = []
    firm.progress = lambda *words: told.append(words)
    firm.run()
    assert ("desk", "reading", 3) in told
    done = [count for source, stage, count in told if (source, stage) == ("desk", "writing")]
    assert (done[0], done[-1]) == (1, 3), "the first goes alone"
    assert board.hands == 1


RULES = {
    "esc:delivery": "taxonomy.toml: late",
    "esc:high": "severity.toml: field_values",
    "due": "escalation.toml: high.first_response",
}


def test_an_edit_says_in_the_journal_what_it_is_about_to_change_and_no_more(firm: Agency) -> None:
    board = firm.board()
    number = board.create(**high())
    firm.run()
    board.change(number, due=None, fields={"severity": "low"})
    firm.run(minutes=1)
    details = [entry.detail for entry in firm.store.journal(board.site, number)]
    assert details == [
        {"add": ["esc:delivery", "esc:high"], "remove": [], "due": "2026-04-01", "rules": RULES},
        {"add": ["esc:low"], "remove": ["esc:high"], "rules": {"esc:low": RULES["esc:high"]}},
    ]


def test_asked_to_stop_it_ends_what_is_in_hand_and_begins_nothing_new(firm: Agency, board: Board) -> None:
    firm.stopping = lambda: bool(board.writes)
    firm.run()
    assert board.writes == [("edit", "10001"), ("comment", "10001")]
    assert firm.store.unsettled() == []
    firm.stopping = lambda: False
    firm.run(minutes=5)
    assert [len(board.ours(ticket)) for ticket in board.tickets] == [1, 1, 1]


def test_asked_to_stop_what_stands_in_the_journal_is_still_sent_and_no_more(firm: Agency) -> None:
    """Without a comment to try the first alone, two for each writer are begun at once."""
    board, told = firm.board(), Event()
    for _ in range(5):
        board.create(client=None, **high())
    board.step = lambda point, ticket: None if (point, ticket) != ("before edit", "10002") else _heard(told)
    firm.stopping = lambda: bool(board.writes)
    firm.progress = lambda _source, stage, _count: told.set() if stage == "writing" else None
    firm.run()
    assert board.writes == [("edit", "10001"), ("edit", "10002")]
    assert firm.store.unsettled() == []


def _heard(told: Event) -> None:
    assert told.wait(timeout=10), "the first was settled while the second was in hand"


def test_asked_to_stop_before_the_first_write_nothing_is_written(firm: Agency, board: Board) -> None:
    firm.stopping = lambda: True
    (sight,) = firm.run()
    assert (sight.results, board.writes) == ([], [])


def test_the_ledger_goes_with_the_edit_and_speaks_of_the_comment_to_come(firm: Agency) -> None:
    board = firm.board(ledger=True)
    number = board.create(**high())
    firm.run()
    assert board.kept(number) == {
        "v": 1,
        "said": {},
        "saying": {},
        "refused": {},
        "labels": ["esc:delivery", "esc:high"],
        "due": "2026-04-01",
    }
    firm.run(minutes=20)
    kept = board.kept(number)
    assert kept
    assert kept["saying"] == {"escalation": ["created", 1]}


def test_a_comment_without_an_edit_brings_the_ledger_only_where_there_is_none(firm: Agency) -> None:
    """Otherwise one write would do where two are made."""
    board = firm.board(ledger=True, settings={"due": "off"})
    there = frozenset({"esc:delivery", "esc:critical", "esc:level-2", "esc:breach"})
    number = board.create(fields={"severity": "critical"}, labels=there)
    firm.run(minutes=20)
    assert board.writes == [("edit", number), ("comment", number)]
    firm.run(minutes=90)
    assert [kind for kind, _ in board.writes] == ["edit", "comment", "comment"]


# --- what goes wrong on one ticket ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        ForbiddenError("no right to edit"),
        InvalidError("the field is not on the screen"),
        ConflictError("changed by someone"),
        ServerFaultError("no connection"),
        RateLimitedError("this ticket was written too often", scope="ticket"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_write_that_is_refused_is_named_and_stops_no_other_ticket(
    firm: Agency, board: Board, error: TrackerError
) -> None:
    board.script("edit", Refused(error))
    sights = firm.run()
    assert failures(*sights) == [Failed("A-1", "labels and due date", str(error))]
    first = sights[0].results[0]
    assert (first.edited, first.commented, first.written) == (False, False, False)
    assert outcomes(firm, "10001") == [("edit", "failed"), ("comment", "failed")]
    assert [outcomes(firm, ticket) for ticket in ("10002", "10003")] == [DONE, DONE]
    firm.run(minutes=15)
    assert [len(board.ours(ticket)) for ticket in board.tickets] == [1, 1, 1]


def test_a_comment_that_is_refused_leaves_the_edit_settled(firm: Agency, board: Board) -> None:
    board.script("comment", Refused(InvalidError("too long")))
    sights = firm.run()
    assert failures(*sights) == [Failed("A-1", "comment", "too long")]
    assert outcomes(firm, "10001") == [("edit", "settled"), ("comment", "failed")]
    first = sights[0].results[0]
    assert (first.edited, first.commented) == (True, False)


@pytest.mark.parametrize("error", [CredentialsError("expired"), RateLimitedError("quota for today used up")])
def test_what_is_the_whole_sources_trouble_ends_the_work(firm: Agency, board: Board, error: TrackerError) -> None:
    board.script("edit", Refused(error))
    sights = firm.run()
    assert failures(*sights) == [Failed("A-1", "labels and due date", str(error))]
    assert board.writes == []
    assert firm.store.unsettled() == []
    firm.run(minutes=15)
    assert [len(board.ours(ticket)) for ticket in board.tickets] == [1, 1, 1]


def test_a_lost_answer_is_one_tickets_doubt(firm: Agency, board: Board) -> None:
    board.script("comment", Lost("now"))
    firm.run()
    assert [outcomes(firm, ticket) for ticket in board.tickets] == [
        [("edit", "settled"), ("comment", "unknown")],
        DONE,
        DONE,
    ]


def test_what_people_are_told_beside_the_tracker_stands_in_the_journal_with_the_comment_it_tells_of(
    firm: Agency, board: Board
) -> None:
    def notices(plan: TicketPlan) -> list[Notice]:
        assert plan.comment, "nobody is told of labels alone"
        ticket = plan.ticket
        return [Notice(plan.comment.ids[0], ticket.site, ticket.id, ticket.key, ticket.url, "late", "", "high")]

    board.create(client=None)
    board.script("comment", Refused(InvalidError("too long")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cycle, "apply", lambda plans, pen: apply(plans, replace(pen, notices=notices)))
        firm.run()
    told = {entry.notice.ticket for entry in firm.store.waiting_notices()}
    assert told == {ticket for ticket in board.tickets if board.ours(ticket)}
    assert len(told) == 2, "and not of the comment that was refused"


# --- who reads it -----------------------------------------------------------------------------------------------


def test_a_comment_that_reached_more_readers_than_meant_is_the_last_one(firm: Agency, board: Board) -> None:
    board.leaking = True
    board.writers = 8
    sights = firm.run()
    (failed,) = failures(*sights)
    assert (failed.ticket, failed.what) == ("A-1", "comment")
    assert failed.why.startswith("it was meant for internal and more people can read it; delete or restrict it")
    assert [len(board.ours(ticket)) for ticket in board.tickets] == [1, 0, 0]


def test_a_tracker_that_does_not_tell_who_reads_a_comment_is_believed(firm: Agency, board: Board) -> None:
    board.tells_audience = False
    assert failures(*firm.run()) == []
    assert [len(board.ours(ticket)) for ticket in board.tickets] == [1, 1, 1]


def test_until_the_configuration_changes_such_a_source_gets_labels_and_no_comment(
    firm: Agency, board: Board
) -> None:
    board.leaking = True
    firm.run()
    new = board.create(client=None, **high())
    for _ in range(3):
        (sight,) = firm.run(minutes=20)
        assert sight.plan.mode == "labels"
        assert sight.plan.notices[0].startswith(
            "comments are halted: one reached more readers than it was meant for"
        )
    assert sum(len(board.ours(ticket)) for ticket in board.tickets) == 1
    assert "esc:level-2" in board.tickets[new].labels
    board.leaking = False
    firm.digest = "readers corrected"
    firm.run(minutes=20)
    assert [len(board.ours(ticket)) for ticket in board.tickets] == [1, 1, 1, 1]


@pytest.fixture
def portal(firm: Agency) -> Board:
    """A source that clients read too, and with one ticket whose comment they will read."""
    made = firm.board(audiences=frozenset({Audience.CLIENT}), settings={"readers": "staff-and-clients"})
    made.create(**high())
    return made


def client_visible(plan: TicketPlan) -> TicketPlan:
    """The shipped judgement never speaks to clients yet; the plan that would is made by hand."""
    actions = tuple(
        replace(action, audience=Audience.CLIENT) if isinstance(action, AddComment) else action
        for action in plan.actions
    )
    return replace(plan, actions=actions)


def written_for_clients(firm: Agency, portal: Board, meanwhile: Callable[[], object]) -> Sight:
    """One pass whose comment is for the client, while something happens between the plan and the comment."""
    happened: list[object] = []

    def step(point: str, _ticket: str) -> None:
        if point == "after edit" and not happened:
            happened.append(meanwhile())

    portal.step = step
    firm.wait(minutes=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cycle, "apply", lambda plans, pen: apply([client_visible(plan) for plan in plans], pen))
        (sight,) = firm.run()
    return sight


def test_before_a_client_reads_it_the_ticket_is_read_once_more(firm: Agency) -> None:
    board = firm.board()
    number = board.create(**high())
    written_for_clients(firm, board, lambda: None)
    assert board.reads[-1] == f"fetch {number}"
    assert [comment.audience for comment in board.ours(number)] == [Audience.CLIENT]


CHANGES: dict[str, Callable[[Board, str], object]] = {
    "the client wrote": lambda board, ticket: board.say(ticket, "Never mind.", CLIENT),
    "the status moved": lambda board, ticket: board.change(ticket, status=Status.RESOLVED),
    "somebody took it": lambda board, ticket: board.change(ticket, assignee=STAFF),
    "another client": lambda board, ticket: board.change(ticket, client="Client B"),
    "a mapped field": lambda board, ticket: board.change(ticket, fields={"severity": "low"}),
    "a person's label": lambda board, ticket: board.put(ticket, "quiet"),
    "it went away": lambda board, ticket: board.delete(ticket),
    "it cannot be read": lambda board, _: board.down.update(fetch=ServerFaultError("no answer")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_and_if_it_changed_meanwhile_nothing_is_said_before_it_is_judged_again(
    firm: Agency, change: Callable[[Board, str], object]
) -> None:
    board = firm.board()
    number = board.create(**high())
    sight = written_for_clients(firm, board, lambda: change(board, number))
    assert ("comment", number) not in board.writes
    (failed,) = sight.plan.failed
    assert failed.what == "comment"
    assert failed.why in {"the ticket changed meanwhile; it is judged again in the next pass", "no answer"}
    assert outcomes(firm, number) == [("edit", "settled"), ("comment", "failed")]
    (entry,) = [entry for entry in firm.store.journal(board.site, number) if entry.kind == "comment"]
    assert entry.note.startswith("not sent, because ")
    assert firm.store.due("desk", firm.now + timedelta(minutes=15)) == [number]


def test_a_source_that_clients_may_read_gets_no_internal_comment(firm: Agency, portal: Board) -> None:
    sights = firm.run(minutes=20)
    plan = plan_of(sights, "A-1")
    assert plan is not None
    assert plan.comment is None
    assert {skip.what for skip in plan.skipped} == {"comment", "label esc:delivery"}
    assert portal.ours("10001") == []


# --- many writes that are one -----------------------------------------------------------------------------------


@pytest.fixture
def batch(firm: Agency, board: Board) -> Board:
    """The same three tickets, in a tracker that writes all of them in one step."""
    source, _, mapping = firm.sources[0]
    firm.sources[0] = (source, BatchTracker(board), mapping)
    return board


def test_a_tracker_that_writes_in_one_step_is_given_all_at_once(firm: Agency, batch: Board) -> None:
    steps = []
    batch.step = lambda point, _: steps.append(point)
    firm.run()
    assert steps == ["before batch", "after batch"]
    assert [outcomes(firm, ticket) for ticket in batch.tickets] == [DONE, DONE, DONE]
    assert firm.run(minutes=1)[0].plan.actions() == []
    assert steps == ["before batch", "after batch"], "nothing to do, nothing opened"


def test_one_refused_ticket_of_a_batch_stops_no_other(firm: Agency, batch: Board) -> None:
    batch.step = lambda point, _: batch.delete("10002") if point == "before batch" else None
    sights = firm.run()
    assert failures(*sights) == [Failed("A-2", "labels and due date", "10002 is not there")]
    assert outcomes(firm, "10002") == [("edit", "failed"), ("comment", "failed")]
    assert [outcomes(firm, ticket) for ticket in ("10001", "10003")] == [DONE, DONE]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(WorkbookError("it is open elsewhere"), "failed"), (LostAnswerError("the disk did not answer"), "unknown")],
)
def test_a_batch_that_fails_fails_whole(firm: Agency, batch: Board, error: TrackerError, outcome: str) -> None:
    batch.down["batch"] = error
    sights = firm.run()
    assert {failed.why for failed in failures(*sights)} == {str(error)}
    assert [outcomes(firm, ticket) for ticket in batch.tickets] == [[("edit", outcome), ("comment", outcome)]] * 3
    batch.down.clear()
    for _ in range(3):
        firm.run(minutes=16)
    assert [len(batch.ours(ticket)) for ticket in batch.tickets] == [1, 1, 1]


# --- writes of their own, after labels, due date and comment ----------------------------------------------------


def changed(firm: Agency, change: Callable[[TicketPlan], TicketPlan]) -> Sight:
    """One pass whose plans, where they have actions, are changed before they are written."""

    def altered(plans: Sequence[TicketPlan], pen: Pen) -> list[Result]:
        return apply([change(plan) if plan.actions else plan for plan in plans], pen)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cycle, "apply", altered)
        (sight,) = firm.run()
    return sight


def with_more(firm: Agency) -> Sight:
    """One pass in which, of each ticket, two comments of clients are to be taken back besides."""

    def longer(plan: TicketPlan) -> TicketPlan:
        told = [comment.id for comment in plan.ticket.comments if comment.author is CLIENT]
        gone = (DeleteComment(plan.ticket.id, number, "", WHY) for number in told)
        return replace(plan, actions=(*plan.actions, *gone))

    return changed(firm, longer)


@pytest.fixture(params=["side by side", "together"])
def longer(request: pytest.FixtureRequest, firm: Agency, board: Board) -> Board:
    """The three tickets, each with two comments that are to be taken back, on both kinds of tracker."""
    for ticket in board.tickets:
        board.say(ticket, "Hello?", CLIENT)
        board.say(ticket, "Are you there?", CLIENT)
    if request.param == "together":
        source, _, mapping = firm.sources[0]
        firm.sources[0] = (source, BatchTracker(board), mapping)
    return board


VERIFY = Obligation("verified", "created", 0)


def verification(plan: TicketPlan) -> MakeFollowUp:
    """An issue of its own below the plan's ticket."""
    draft = FollowUp("Ask whether it is solved", (), VERIFY.id(plan.ticket.site, plan.ticket.id))
    return MakeFollowUp(plan.ticket.id, VERIFY, draft, WHY)


def with_verification(plan: TicketPlan) -> TicketPlan:
    return replace(plan, actions=(*plan.actions, verification(plan)))


@pytest.fixture(params=["side by side", "together"])
def single(request: pytest.FixtureRequest, firm: Agency) -> Board:
    """One ticket, to which labels, a due date and a comment are owed, on both kinds of tracker."""
    board = firm.board()
    board.create(**high())
    firm.wait(minutes=20)
    if request.param == "together":
        source, _, mapping = firm.sources[0]
        firm.sources[0] = (source, BatchTracker(board), mapping)
    return board


def test_an_issue_is_made_below_the_ticket_and_the_journal_tells_which(firm: Agency, single: Board) -> None:
    sight = changed(firm, with_verification)
    (issue,) = single.made["10001"].values()
    assert single.tickets[issue].title == "Ask whether it is solved"
    entry = firm.store.journal(single.site, "10001")[-1]
    assert (entry.kind, entry.outcome, entry.note) == ("follow_up", "settled", f"made {issue}")
    assert entry.said == (VERIFY,)
    (result,) = sight.results
    assert (result.done, result.failed, result.written) == ((verification(result.plan),), None, True)
    assert firm.store.memories(single.site, ["10001"])["10001"].has_said(VERIFY.id(single.site, "10001"))


@pytest.mark.parametrize("shown", [12, 6], ids=["its whole mark", "its reference"])
def test_an_issue_that_is_there_already_is_not_made_again(firm: Agency, single: Board, shown: int) -> None:
    single.made["10001"] = {VERIFY.id(single.site, "10001")[:shown]: "10077"}
    changed(firm, with_verification)
    entry = firm.store.journal(single.site, "10001")[-1]
    assert (entry.outcome, entry.note) == ("settled", "made 10077")
    assert list(single.tickets) == ["10001"]


def test_no_issue_is_made_where_what_is_there_cannot_be_read(firm: Agency, single: Board) -> None:
    single.tells_made = False
    sight = changed(firm, with_verification)
    why = "what was made below the ticket cannot be read, so it may be there"
    assert failures(sight) == [Failed("A-1", "follow-up", why)]
    assert outcomes(firm, "10001") == [*DONE, ("follow_up", "failed")]
    assert list(single.tickets) == ["10001"]


def test_an_issue_alone_is_written_too(firm: Agency, single: Board) -> None:
    changed(firm, lambda plan: replace(plan, actions=(verification(plan),)))
    assert outcomes(firm, "10001") == [("follow_up", "settled")]
    assert len(single.tickets) == 2


def test_the_journal_says_of_each_write_what_it_is_about(firm: Agency, single: Board) -> None:
    hello = single.say("10001", "Hello?", CLIENT)

    def whole(plan: TicketPlan) -> TicketPlan:
        brought = (BringIn("10001", "lead", "", "watch", WHY), BringIn("10001", "partner", "", "assign", WHY))
        said = [replace(each, to=("lead",)) for each in plan.actions if isinstance(each, AddComment)]
        labels = (AddLabel("10001", "esc:high", WHY), RemoveLabel("10001", "esc:low", WHY))
        edits = (*labels, SetDue("10001", None, WHY))
        gone = DeleteComment("10001", hello, "Hello?", WHY)
        return replace(plan, actions=(*edits, *brought, *said, verification(plan), gone), undoes=True)

    changed(firm, whole)
    assert [(entry.kind, entry.detail) for entry in firm.store.journal(single.site, "10001")] == [
        (
            "edit",
            {
                "add": ["esc:high"],
                "remove": ["esc:low"],
                "watch": ["lead"],
                "assign": "partner",
                "undoes": True,
                "due": None,
                "rules": {"esc:high": "a rule"},
            },
        ),
        (
            "comment",
            {
                "said": [["escalation", "created", 1]],
                "audience": "internal",
                "to": ["lead"],
                "rules": ["escalation.toml: high.escalation"],
                "roles": ["partner"],
                "text": imprint("escalation, step 1"),
            },
        ),
        ("follow_up", {"said": [["verified", "created", 0]]}),
        ("delete", {"comment": hello}),
    ]


WHOLE = [*DONE, ("delete", "settled"), ("delete", "settled")]


def test_what_is_a_write_of_its_own_comes_last_and_is_settled_by_itself(firm: Agency, longer: Board) -> None:
    sight = with_more(firm)
    assert [outcomes(firm, ticket) for ticket in longer.tickets] == [WHOLE] * 3
    assert [len(result.done) for result in sight.results] == [2, 2, 2]
    for ticket in longer.tickets:
        kinds = [kind for kind, written in longer.writes if written == ticket]
        assert kinds[-2:] == ["delete", "delete"]
        assert [comment.author for comment in longer.tickets[ticket].comments] == [US]


def test_of_writes_of_their_own_none_is_sent_after_one_that_failed(firm: Agency, longer: Board) -> None:
    longer.script("delete", Refused(ForbiddenError("no right to delete")))
    sight = with_more(firm)
    (failed,) = sight.plan.failed
    assert (failed.what, failed.why) == ("comment to be taken back", "no right to delete")
    key = {ticket.key: number for number, ticket in longer.tickets.items()}[failed.ticket]
    assert outcomes(firm, key) == [*DONE, ("delete", "failed"), ("delete", "failed")]
    notes = [entry.note for entry in firm.store.journal(longer.site, key) if entry.kind == "delete"]
    assert notes == ["no right to delete", "not sent, because no right to delete"]
    assert longer.writes.count(("delete", key)) == 0


def test_no_write_of_its_own_is_sent_after_labels_or_a_comment_that_failed(firm: Agency, board: Board) -> None:
    for ticket in ("10001", "10001", "10002"):
        board.say(ticket, "Hello?", CLIENT)
    board.script("comment", Refused(InvalidError("too long")))
    with_more(firm)
    failed = [("comment", "failed"), ("delete", "failed"), ("delete", "failed")]
    assert outcomes(firm, "10001") == [("edit", "settled"), *failed]
    assert outcomes(firm, "10002") == [*DONE, ("delete", "settled")]
    assert ("delete", "10001") not in board.writes


def test_nor_after_a_batch_that_refused_the_ticket(firm: Agency, batch: Board) -> None:
    batch.say("10002", "Hello?", CLIENT)
    batch.down["batch"] = WorkbookError("it is open elsewhere")
    with_more(firm)
    assert outcomes(firm, "10002") == [("edit", "failed"), ("comment", "failed"), ("delete", "failed")]
    assert ("delete", "10002") not in batch.writes


def test_a_leak_is_seen_in_the_answer_to_a_batch_too(firm: Agency, batch: Board) -> None:
    batch.leaking = True
    (sight,) = firm.run()
    (failed, *_) = sight.plan.failed
    assert failed.why == (
        "it was meant for internal and more people can read it; delete or restrict it by hand, then correct "
        "`readers` or `restricted_to`: until the configuration changes this source gets no further comment"
    )
