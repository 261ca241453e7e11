"""What the auditor finds: each kind of drift that is planted by hand, and nothing where only people have acted."""

from __future__ import annotations

import csv
import io
import os
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, get_args

import pytest
from crash_points import READ_BY_POST
from fakes.memory_tracker import STAFF, US, Lost, MemoryTracker, Refused
from harness_jira import CloudHarness
from office import LATE, NOW, Office
from passes import CLIENTS, ESCALATION, SEVERITY, Agency, agency, high
from soak.oracle import MARGIN
from soak.world import DAY, STEP, Scale, World
from test_follow_ups import PROMISES
from test_undo import undo
from tickets import MAPPING
from tickets import policy as small_policy
from whole_firm import Desk, StaffAsana, StaffDataCenter, StaffXlsx, desk, policy

from sync.action import Draft, Edit
from sync.auditing.kinds import CHOICES, GROUPS, KINDS, REMEDIES, TITLES, Choice, Kind
from sync.auditing.reading import audited, patience
from sync.cycle import run_pass
from sync.errors import CredentialsError, ForbiddenError
from sync.richtext import Paragraph, Span
from sync.settings import load
from sync.state.store import Store
from sync.ticket import Audience, Person, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakes.memory_tracker import Board
    from harness import Harness

    from sync.auditing.reading import Audit

PATIENCE = timedelta(minutes=15)
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
BOT = Person("bot", "The label bot", "machine")


def audit(firm: Agency, *only: str, store: Store | None = None) -> Audit:
    """What the command does, at the firm's time."""
    program = replace(firm.program(store or firm.store), clock=lambda: firm.now)
    return audited(program, firm.state, firm.now, PATIENCE, only)


def found(told: Audit) -> set[tuple[Kind, str]]:
    """The drift: kind and ticket's key. All of it was looked at."""
    assert [each.error or each.left_out for each in told.sources if each.error or each.left_out] == []
    assert len({each.identity for each in told.findings}) == len(told.findings)
    return {(each.kind, each.ticket) for each in told.findings}


def chosen(told: Audit) -> set[tuple[Choice, str]]:
    return {(each.kind, each.ticket) for each in told.decided}


# --- each tracker: planted by hand -------------------------------------------------------------------------------


def vanish(on: Desk, ticket: str, label: str) -> None:
    """A label goes and no history tells of it; on a workbook, which has none, that is anybody's act."""
    harness = on.harness
    if isinstance(harness, StaffXlsx):
        harness.remove_label(ticket, label)
    elif isinstance(harness, StaffAsana):
        tags = harness.fake.task(ticket).tags
        tags.remove(next(tag for tag in tags if tag.name == label))
    else:
        issue = harness.fake.issue(ticket)
        with harness.fake.site.writing(issue):
            issue.fields["labels"] = [each for each in issue.fields["labels"] if each != label]


def forget(firm: Agency, ticket: str) -> None:
    """The state loses all that it knows of a ticket."""
    firm.restart()
    with closing(sqlite3.connect(firm.state)) as database, database:
        database.execute("DELETE FROM tickets WHERE id = ?", (ticket,))
        database.execute("DELETE FROM said WHERE ticket = ?", (ticket,))
        database.execute("DELETE FROM journal WHERE ticket = ?", (ticket,))


def text(words: str) -> tuple[Paragraph]:
    return (Paragraph((Span(words),)),)


@dataclass
class Planted:
    """A firm on a real adapter after ordinary passes: ticket ids by what will be wrong with each."""

    on: Desk
    tickets: dict[str, str]
    keys: dict[str, str]

    @property
    def tracker(self) -> Any:  # noqa: ANN401 - any tracker
        return self.on.firm.sources[0][1]

    def spoken(self, what: str) -> tuple[str, tuple[str, ...]]:
        """The comment of ours on a ticket, and its marks."""
        number, site = self.tickets[what], self.tracker.connect()
        (comment,) = self.on.firm.store.spoken(site, number)
        return comment, tuple(self.on.firm.store.memories(site, [number])[number].said)

    def plant(self) -> None:
        """Somebody, or something, does all of it behind makegood's back."""
        tracker, of = self.tracker, self.tickets
        _, marks = self.spoken("twice")
        for words in ("Once more", "And in other words"):
            tracker.comment(of["twice"], Draft(text(words), Audience.INTERNAL, marks))
        tracker.delete_comment(of["deleted"], self.spoken("deleted")[0])
        tracker.edit(of["strange label"], Edit(add_labels=("esc:strange",)))
        tracker.comment(of["strange comment"], Draft(text("Who said that?"), Audience.INTERNAL, ("abcdef234567",)))
        vanish(self.on, of["vanished"], "esc:high")
        self.on.harness.remove_label(of["people's"], "esc:delivery")
        self.on.harness.set_due(of["people's"], date(2027, 1, 1))
        forget(self.on.firm, of["forgotten"])


TITLES_OF = (
    "twice",
    "deleted",
    "strange label",
    "strange comment",
    "vanished",
    "people's",
    "forgotten",
    "as it was",
)


@pytest.fixture(params=[CloudHarness, StaffDataCenter, StaffAsana, StaffXlsx], ids=lambda kind: kind.name)
def planted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Planted]:
    kind: type[Harness] = request.param
    with desk(kind, tmp_path, policy()) as on:
        of = {what: on.harness.create("The report is late", severity="high", client=None) for what in TITLES_OF}
        for _ in range(4):
            on.run(minutes=6)
        keys = {row.known.id: row.known.key for row in on.firm.store.listed(["agency", "book"])}
        yield Planted(on, of, keys)


def writes(on: Desk) -> list[str]:
    """Every write that was sent, or what stands in the file."""
    return [each for each in on.sent() if not (on.harness.remote and READ_BY_POST.search(each.split()[0]))]


def test_every_tracker_shows_each_drift_that_is_planted_and_is_left_as_it_is(
    planted: Planted,
) -> None:
    firm, history = planted.on.firm, planted.on.harness.history
    assert found(audit(firm)) == set()
    planted.plant()
    firm.wait(minutes=20)
    firm.restart()
    state, written = firm.state.read_bytes(), writes(planted.on)
    with Store.in_memory() as nothing:
        told = audit(firm, store=nothing)
    assert (firm.state.read_bytes(), writes(planted.on)) == (state, written)
    wrong: dict[str, Kind] = {
        "twice": "said_twice",
        "deleted": "comment_gone",
        "strange comment": "comment_unknown",
        "forgotten": "ticket_unknown",
    }
    wrong |= {"vanished": "label_gone", "strange label": "label_unexplained"} if history else {}
    assert found(told) == {(kind, planted.keys[planted.tickets[what]]) for what, kind in wrong.items()}
    theirs = planted.keys[planted.tickets["people's"]]
    assert {("label_off", theirs), ("due_date", theirs)} <= chosen(told)
    assert "by_hand" not in {kind for kind, _ in chosen(told)}
    assert [each.rank for each in told.findings] == sorted(each.rank for each in told.findings)
    twice = told.findings[0]
    assert twice.kind == "said_twice"
    assert twice.what.count(" and ") == 2, "all three are named"
    assert twice.rule == "escalation.toml: high.escalation"
    assert planted.tickets["twice"] in twice.url or not planted.on.harness.remote or "browse" in twice.url


# --- a board in memory: everything that cannot be planted everywhere ---------------------------------------------


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Agency]:
    with agency(tmp_path) as made:
        yield made


def served(firm: Agency, **board: Any) -> tuple[Board, str]:  # noqa: ANN401 - a board's own
    """A board with a ticket on which everything was said and written that is owed for now."""
    made = firm.board(**board)
    ticket = made.create(**high())
    for _ in range(6):
        firm.run(minutes=5)
    assert made.ours(ticket)
    assert found(audit(firm)) == set()
    return made, ticket


def mend(board: Board, ticket: str, **fields: Any) -> None:  # noqa: ANN401 - any of a ticket's
    """The ticket is another one, and no history tells of it."""
    board.tickets[ticket] = replace(board.tickets[ticket], **fields)


def test_each_kind_has_its_words_and_belongs_to_one_group() -> None:
    assert set(TITLES) == set(REMEDIES) == set(KINDS) == set(get_args(Kind))
    assert sorted(kind for kinds in GROUPS.values() for kind in kinds) == sorted(KINDS)
    assert set(CHOICES) == set(get_args(Choice))


def test_a_promise_that_no_pass_has_spoken_of_is_missing(firm: Agency) -> None:
    board = firm.board()
    board.create(**high())
    firm.run()
    firm.wait(minutes=20)
    assert found(audit(firm)) == set(), "a pass may come yet"
    firm.wait(minutes=20)
    told = audit(firm)
    assert found(told) == {("promise_unsaid", "A-1"), ("edit_undone", "A-1")}
    (unsaid,) = (each for each in told.findings if each.kind == "promise_unsaid")
    assert unsaid.what == "the severity calls for the next role: owed since 2026-03-02 09:15 UTC, and not said"
    assert unsaid.remedy.count("--only A-1")
    assert told.sources[0].notes == ("the last good pass was on 2026-03-02 09:00 UTC; is the daemon running?",)
    firm.run()
    assert found(audit(firm)) == set()


def test_what_is_not_written_because_nothing_is_to_be_is_no_drift(tmp_path: Path) -> None:
    for number, mode in enumerate(("observe", "labels")):
        folder = tmp_path / str(number)
        folder.mkdir()
        with agency(folder) as firm:
            firm.board(settings={"mode": mode}).create(**high())
            for _ in range(4):
                firm.run(minutes=20)
            assert found(audit(firm)) == set()


def test_what_is_refused_by_the_guard_is_missing_and_the_reason_is_told(firm: Agency) -> None:
    firm.board().create(**high())
    firm.max_actions = 0
    for _ in range(4):
        firm.run(minutes=20)
    told = audit(firm)
    assert ("promise_unsaid", "A-1") in found(told)
    assert any("--max-actions allows 0" in note for note in told.sources[0].notes)


REASONS = {
    "a snooze": '[snooze]\nlongest = "7d"\n',
    "a day's measure": "[budget]\nper_day = 1\n",
    "quiet hours": '[quiet]\nhours = ["09:05-17:59"]\n',
}


@pytest.mark.parametrize("reason", REASONS)
def test_what_waits_for_a_reason_is_no_drift(tmp_path: Path, reason: str) -> None:
    roles, snooze = '[roles]\nlead = ["Lead 1"]\npartner = ["Partner 9"]\n', '[snooze]\nlabels = ["snooze-"]\n'
    files = {
        "severity": SEVERITY,
        "escalation": ESCALATION,
        "clients": roles + CLIENTS,
        "mapping": MAPPING + snooze,
    }
    with agency(tmp_path, by=small_policy(attention=REASONS[reason], **files)) as firm:
        board = firm.board()
        tickets = [board.create(**high(), client=None) for _ in range(2)]
        firm.run()
        if reason == "a snooze":
            board.put(tickets[0], "snooze-3d")
        for _ in range(4):
            firm.run(minutes=20)
        said = sum("escalation" in comment.text for each in tickets for comment in board.ours(each))
        assert said == (0 if reason == "quiet hours" else 1)
        assert found(audit(firm)) == set()
        firm.wait(hours=7, minutes=30)
        firm.run()
        firm.wait(minutes=15)
        assert found(audit(firm)) == set(), "it is six minutes past the end of the quiet hours"


def test_what_is_older_than_backlog_after_is_a_line_of_the_report(firm: Agency) -> None:
    board = firm.board()
    board.create(**high(), created=firm.now - timedelta(days=30))
    firm.run()
    firm.wait(minutes=40)
    assert found(audit(firm)) == set()


def test_a_label_that_an_automation_takes_off_is_gone_and_one_that_a_person_takes_off_is_theirs(
    firm: Agency,
) -> None:
    board, ticket = served(firm)
    board.take_off(ticket, "esc:high", BOT)
    board.take_off(ticket, "esc:delivery", STAFF)
    board.put(ticket, "esc:vip", BOT)
    board.put(ticket, "esc:mine", STAFF)
    for passes in (0, 2):
        for _ in range(passes):
            firm.run(minutes=5)
        told = audit(firm)
        assert found(told) == {("label_gone", "A-1"), ("label_unexplained", "A-1")}
        assert {each.about for each in told.findings} == {"esc:high", "esc:vip"}
        assert all("The label bot" in each.what for each in told.findings)
        assert chosen(told) == {("label_off", "A-1"), ("label_on", "A-1")}


def test_a_history_that_is_not_complete_accuses_nobody(firm: Agency) -> None:
    board, ticket = served(firm)
    board.put(ticket, "esc:strange", STAFF)
    held = board.tickets[ticket]
    mend(board, ticket, labels=held.labels - {"esc:high"}, changes=(), complete_since=firm.now)
    told = audit(firm)
    assert found(told) == set()
    assert chosen(told) == {("label_off", "A-1"), ("label_on", "A-1")}


@pytest.mark.parametrize("due", [None, date(2027, 5, 5)], ids=["empty", "another"])
def test_a_due_date_that_changed_without_history_is_found_before_and_after_the_next_pass(
    firm: Agency, due: date | None
) -> None:
    board, ticket = served(firm)
    assert board.tickets[ticket].due
    mend(board, ticket, due=due)
    assert found(audit(firm)) == {("due_gone", "A-1")}
    board.say(ticket, "Any news?")
    firm.run(minutes=5)
    kind: Kind = "due_gone" if due is None else "due_unexplained"
    assert found(audit(firm)) == {(kind, "A-1")}


def test_what_undo_took_back_was_decided(firm: Agency) -> None:
    board, ticket = served(firm)
    undo(firm, "A-1")
    assert not board.ours(ticket)
    firm.run(minutes=5)
    told = audit(firm)
    assert found(told) == set()
    assert chosen(told) == {("taken_back", "A-1")}
    assert {each.what for each in told.decided} >= {"label esc:high", "the comment of 2026-03-02 09:15 UTC"}
    with closing(sqlite3.connect(firm.state)) as database, database:
        database.execute("DELETE FROM journal")
    assert found(audit(firm)) == {("comment_gone", "A-1")}, "of its deletion nothing else tells"


def test_a_comment_by_hand_through_our_account_is_a_persons(firm: Agency) -> None:
    board, ticket = served(firm)
    board.say(ticket, "By hand", US)
    told = audit(firm)
    assert (found(told), chosen(told)) == (set(), {("by_hand", "A-1")})


def test_a_comment_that_more_people_can_read_than_was_meant_is_found(firm: Agency) -> None:
    board, ticket = served(firm, marks_listed=False)
    held = board.tickets[ticket]
    mend(board, ticket, comments=tuple(replace(each, audience=Audience.CLIENT) for each in held.comments))
    told = audit(firm)
    assert found(told) == {("comment_leaked", "A-1")}
    assert "meant for internal, and client can read it" in told.findings[0].what


def test_a_ledger_that_knows_more_than_the_state_is_found_until_it_is_read_back(firm: Agency) -> None:
    board, ticket = served(firm, ledger=True, marks_listed=False)
    kept = board.kept(ticket)
    assert kept is not None
    kept["said"] = {"update": ["comment-99", 2]}
    assert found(audit(firm)) == {("ledger_contradicts", "A-1")}
    board.say(ticket, "Any news?")
    firm.run(minutes=5)
    assert found(audit(firm)) == set()


def test_a_write_that_stays_of_unknown_outcome_is_found_once_it_should_be_known(firm: Agency) -> None:
    board = firm.board()
    ticket = board.create(**high())
    board.script("comment", Lost("never"))
    board.marks_complete = False
    firm.run(minutes=16)
    firm.wait(minutes=1)
    assert found(audit(firm)) == set()
    for _ in range(6):
        firm.run(minutes=5)
    told = audit(firm)
    assert ("write_open", "A-1") in {(each.kind, each.ticket) for each in told.findings}
    board.marks_complete = True
    firm.run(minutes=5)
    firm.run(minutes=5)
    assert len(board.ours(ticket)) == 1
    assert found(audit(firm)) == set()


def test_a_write_that_fails_each_time_is_missing_with_the_reason(firm: Agency) -> None:
    board = firm.board()
    board.create(**high())
    board.script("comment", *[Refused(ForbiddenError("no right to comment"))] * 20)
    for _ in range(6):
        firm.run(minutes=5)
    firm.wait(minutes=16)
    told = audit(firm)
    assert found(told) == {("promise_unsaid", "A-1")}
    assert "no right to comment" in told.findings[0].what


def test_a_follow_up_that_nobody_knows_is_found(tmp_path: Path) -> None:
    with desk(StaffDataCenter, tmp_path, policy(promises=PROMISES)) as on:
        ticket = on.harness.create("The report is late", severity="high")
        on.run(minutes=20)
        on.harness.comment_as_staff(ticket, "/called")
        on.harness.set_status(ticket, Status.RESOLVED)
        for _ in range(4):
            on.run(minutes=6)
        assert len(on.harness.below(ticket)) == 1
        assert found(audit(on.firm)) == set()
        on.firm.restart()
        with closing(sqlite3.connect(on.firm.state)) as database, database:
            database.execute("DELETE FROM said WHERE comment = ''")
        assert "follow_up_unknown" in {each.kind for each in audit(on.firm).findings}


def test_a_ticket_that_goes_is_a_decision_until_a_pass_should_have_noticed(firm: Agency) -> None:
    board, ticket = served(firm)
    board.delete(ticket)
    told = audit(firm)
    assert (found(told), chosen(told)) == (set(), {("ticket_gone", "A-1")})
    firm.wait(days=2)
    assert found(audit(firm)) == {("ticket_gone", "A-1")}
    firm.run()
    assert found(audit(firm)) == set()


def test_a_restored_state_is_behind_for_a_reason(firm: Agency) -> None:
    board = firm.board()
    ticket = board.create(**high())
    firm.run()
    firm.restart()
    yesterday = firm.state.read_bytes()
    for _ in range(4):
        firm.run(minutes=6)
    assert board.ours(ticket)
    firm.restart()
    firm.state.write_bytes(yesterday)
    with Store.in_memory() as nothing:
        assert found(audit(firm, store=nothing)) == set()


def test_a_write_in_doubt_accuses_nobody(firm: Agency) -> None:
    board = firm.board()
    ticket = board.create(**high())
    board.script("comment", Lost("now"))
    firm.run(minutes=20)
    assert board.ours(ticket)
    assert firm.store.unsettled()
    assert found(audit(firm)) == set()


def test_a_comment_is_not_missed_where_not_all_of_them_can_be_read(firm: Agency) -> None:
    board, ticket = served(firm)
    mend(board, ticket, comments=(), problems=("Jira keeps back some of its comments",))
    assert found(audit(firm)) == set()
    mend(board, ticket, problems=())
    assert found(audit(firm)) == {("comment_gone", "A-1")}


def test_what_a_person_has_just_changed_is_the_next_passs(firm: Agency) -> None:
    board = firm.board()
    ticket = board.create(fields={"severity": "low"})
    for _ in range(4):
        firm.run(minutes=20)
    board.change(ticket, fields={"severity": "high"})
    assert found(audit(firm)) == set()
    firm.wait(minutes=20)
    assert ("edit_undone", "A-1") in found(audit(firm))


def test_what_another_source_has_just_stirred_is_the_next_passs(firm: Agency) -> None:
    one, two = firm.board("one"), firm.board("two", keys="B")
    for board in (one, two, one):
        firm.wait(hours=1)
        board.create(fields={"severity": "low"})
    for _ in range(4):
        firm.run(minutes=20)
    one.change("10002", reported=one.tickets["10001"].created - timedelta(hours=1))
    firm.wait(minutes=1)
    ready = firm.program(firm.store)
    run_pass(replace(ready, sources=ready.sources[:1]), firm.now, "one alone")
    assert found(audit(firm)) == set()
    firm.wait(minutes=20)
    assert {(each.kind, each.source) for each in audit(firm).findings if each.ticket == "B-1"} == {
        ("edit_undone", "two"),
        ("promise_unsaid", "two"),
    }


def test_a_mapping_that_was_edited_since_the_last_pass_is_named_and_not_held_against_the_tickets(
    firm: Agency,
) -> None:
    served(firm)
    firm.wait(minutes=40)
    graver = SEVERITY.replace('high = "high"', 'high = "critical"')
    firm.by = small_policy(severity=graver, escalation=ESCALATION, clients=CLIENTS)
    assert found(audit(firm)) == {("edit_undone", "A-1")}
    firm.digest = "policy 2"
    told = audit(firm)
    assert found(told) == set()
    assert any("edited since the last pass" in note for note in told.sources[0].notes)


def test_what_no_pass_has_seen_of_a_clients_other_tickets_yet_is_in_flight(firm: Agency) -> None:
    board = firm.board()
    for _ in range(3):
        firm.wait(hours=1)
        board.create(fields={"severity": "low"})
    for _ in range(4):
        firm.run(minutes=20)
    first = board.tickets["10001"]
    board.change("10003", reported=first.created - timedelta(hours=1))
    board.put("10003", "esc:strange", US)
    assert found(audit(firm)) == {("label_unexplained", "A-3")}, "the next pass makes a third issue of A-2"
    firm.run()
    assert "esc:high" in board.tickets["10002"].labels
    assert found(audit(firm)) == {("label_unexplained", "A-3")}


def test_a_dead_source_stops_no_other(firm: Agency) -> None:
    dead, ticket = served(firm)
    other = firm.board("other", keys="B")
    number = other.create(**high())
    for _ in range(4):
        firm.run(minutes=6)
    other.delete_comment(number, other.ours(number)[0].id)
    dead.down["connect"] = CredentialsError("the token is not known")
    told = audit(firm)
    assert [(each.kind, each.source) for each in told.findings] == [("comment_gone", "other")]
    assert [str(each.error or "") for each in told.sources] == ["the token is not known", ""]
    assert {source for source, _ in told.counts()} == {"other"}
    assert told.counts()["other", "comment_gone"] == 1
    assert ticket


def test_only_the_named_tickets_are_looked_at(firm: Agency) -> None:
    board, ticket = served(firm)
    other = board.create(**high())
    for _ in range(4):
        firm.run(minutes=6)
    for each in (ticket, other):
        board.delete_comment(each, board.ours(each)[0].id)
    board.reads.clear()
    assert found(audit(firm, "A-2")) == {("comment_gone", "A-2")}
    assert board.reads == ["connect", f"fetch {other}"] * 2


def test_a_quiet_board_is_read_once_and_no_marks_are_asked_for(firm: Agency) -> None:
    board, ticket = served(firm, marks_listed=False)
    board.reads.clear()
    audit(firm)
    assert board.reads == ["connect", "changed", "ids", f"fetch {ticket}", f"left {STAFF.id}"][:4]


# --- beside a running daemon -------------------------------------------------------------------------------------


class Interrupted(MemoryTracker):
    """A tracker on which a pass of the daemon's comes just before one of the reads."""

    def __init__(self, board: Board, at: tuple[str, int], come: Callable[[], object]) -> None:
        super().__init__(board)
        self.at, self.come, self.times = at, come, 0

    def _read(self, what: str) -> None:
        if what.partition(" ")[0] == self.at[0]:
            self.times += 1
            if self.times == self.at[1]:
                self.come()
        super()._read(what)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("what", ["connect", "changed", "ids", "fetch", "marks"])
@pytest.mark.parametrize("ledger", [True, False], ids=["ledger", "no ledger"])
def test_a_pass_that_comes_while_the_audit_reads_is_no_drift(
    tmp_path: Path, what: str, number: int, *, ledger: bool
) -> None:
    with agency(tmp_path) as firm, agency(tmp_path) as auditor:
        board = firm.board(ledger=ledger, marks_listed=not ledger)
        known, new = board.create(**high(), client=None), board.create(**high(), client=None)
        firm.run()
        board.change(new, status=Status.CLOSED)
        for _ in range(4):
            firm.run(minutes=6)
        firm.wait(minutes=30)
        board.change(new, status=Status.OPEN)
        firm.wait(minutes=40)
        source, _, mapping = firm.sources[0]
        auditor.now, auditor.by = firm.now, firm.by
        auditor.source(source, Interrupted(board, (what, number), firm.run), mapping)
        told = audit(auditor, store=firm.store)
        came = {(each.kind, each.ticket) for each in told.findings}
        assert len(board.ours(known)) == 1
        if board.ours(new):
            assert came == set()
        else:
            assert came == {("promise_unsaid", "A-2"), ("edit_undone", "A-2")}


# --- what people do, at random -----------------------------------------------------------------------------------


def test_ordinary_passes_with_people_troubles_and_edits_leave_no_drift(tmp_path: Path) -> None:
    with TemporaryDirectory(dir=IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else tmp_path) as name:
        looked = 0
        with World(Path(name), Scale(days=0.7, tickets=12, seed=4, hurry=6)) as world:
            for passed in world.live(int(0.7 * DAY / STEP)):
                if passed % 12 == 0:
                    looked += expect_none(world)
            world.settle()
            looked += expect_none(world)
    assert looked > 20


def expect_none(world: World) -> int:
    """How many tickets were looked at in calm; only one that was moved to where clients read has drift."""
    if any(world.firm.now - troubles.last <= MARGIN for troubles in world.troubles.values()):
        return 0
    told = audit(world.firm)
    moved = {
        key.ticket
        for key in world.cases
        if len(next(desk for desk in world.desks if desk.name == key.desk).life(key.ticket).of("place")) > 1
    }
    ids = {key: number for each in told.sources for key, number in each.tickets.items()}
    for each in told.findings:
        ticket = ids[each.ticket]
        assert (each.kind, ticket in moved) == ("comment_leaked", True), (world.firm.now, each)
    return sum(len(each.tickets) for each in told.sources)


# --- the command -------------------------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    made = Office(tmp_path, monkeypatch)
    made.source()
    made.issues(LATE, LATE | {"ID": "T-2"})
    return made


def double(office: Office) -> None:
    """Somebody copies the rows of our comments on one ticket."""
    file = office.folder / "issues.comments.csv"
    rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([*rows, *(row for row in rows if row[0] == "T-1")])


def test_the_command_says_that_there_is_no_drift_and_exits_0(office: Office) -> None:
    assert office.at(NOW).status == 0
    ran = office.run("audit", "--now", NOW)
    assert (ran.status, ran.out, ran.err) == (0, "no drift on 2 tickets\n", "")


def test_the_command_tells_kind_ticket_rule_and_remedy_and_exits_1(office: Office) -> None:
    office.at(NOW)
    double(office)
    ran = office.run("audit", "--now", NOW)
    assert ran.status == 1
    assert ran.out.startswith(
        "said twice · 1\n  T-1  at 2026-03-03 09:00 and 2026-03-03 09:00 UTC: first response"
    )
    assert "by escalation.toml: critical.first_response" in " ".join(ran.out.split())
    assert "delete all but one of them by hand" in ran.out
    assert ran.out.endswith("drift on 1 of 2 tickets: 1 finding\n")
    assert office.run("audit", "-q", "--now", NOW).out == "drift on 1 of 2 tickets: 1 finding\n"
    assert office.run("audit", "T-2", "--now", NOW).status == 0


def test_the_json_is_as_its_page_says(office: Office) -> None:
    office.at(NOW)
    double(office)
    office.put("T-2", Labels="")
    told = office.run("audit", "--output", "json", "--now", NOW).json
    assert (told["schema"], told["now"]) == (1, "2026-03-03T09:00:00+00:00")
    (finding,) = told["findings"]
    assert set(finding) == {"source", "ticket", "url", "group", "kind", "what", "since", "rule", "remedy"}
    assert (finding["ticket"], finding["group"], finding["kind"]) == ("T-1", "unexplained", "said_twice")
    assert {each["kind"] for each in told["decided"]} == {"label_off"}
    (source,) = told["sources"]
    assert source == {"name": "issues", "tickets": 2, "not_compared": [], "notes": [], "error": ""}
    page = (Path(__file__).parents[1] / "docs" / "json.md").read_text(encoding="utf-8")
    section = page.partition("# An audit as JSON")[2].partition("\n# ")[0]
    for name in (*KINDS, *CHOICES, *GROUPS, *finding, *source, *told["decided"][0]):
        assert re.search(rf"`\.?{name}(\[\])?`", section), name


def test_a_ticket_that_is_nowhere_and_a_state_that_is_not_there_are_answered(office: Office) -> None:
    ran = office.run("audit", "--now", NOW)
    assert (ran.status, ran.out) == (0, "issues: no pass was made yet, so there is nothing to compare with\n")
    office.at(NOW)
    ran = office.run("audit", "T-9", "--now", NOW)
    assert (ran.status, ran.out) == (2, "")
    assert "no source has a ticket T-9" in ran.err


def test_patience_is_the_longest_rest_twice_and_the_time_a_write_may_take(office: Office) -> None:
    office.source("night", interval_off_hours="40m", path="other.csv")
    settings, _ = load(Path("config.toml"))
    assert patience(settings) == timedelta(minutes=90)


def test_what_just_happened_on_one_host_is_no_drift_on_another_that_no_pass_has_met_since(firm: Agency) -> None:
    one, other = firm.board("one"), firm.board("other")
    one.create()
    firm.wait(hours=1)
    second = other.create()
    for _ in range(5):
        firm.run(minutes=60)
    assert found(audit(firm)) == set()
    one.create(created=other.tickets[second].created - timedelta(minutes=5))
    assert found(audit(firm)) == set(), "the second is the third now, as soon as a pass comes"
