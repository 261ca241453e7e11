"""What a pass looks at: what changed, what is due, what polling misses, and what the tickets remember for us."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import tickets
from fakes.memory_tracker import STAFF, Lost, Refused
from passes import BEGIN, CLIENTS, ESCALATION, SEVERITY, Agency, agency, high, plan_of, skipped
from tickets import MAPPING, policy

from sync.action import AddComment, AddLabel, Failed, RemoveLabel, SetDue
from sync.errors import CredentialsError, ForbiddenError, NotFoundError, ServerFaultError
from sync.ledger import recalled
from sync.ticket import Audience, Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.memory_tracker import Board

    from sync.cycle import Sight


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Agency]:
    with agency(tmp_path) as made:
        yield made


def judged(*sights: Sight) -> set[str]:
    return {judgement.ticket.id for sight in sights for judgement in sight.judged}


def lose_state(firm: Agency) -> None:
    firm.restart()
    firm.state.unlink()


# --- changed, due, crawled --------------------------------------------------------------------------------------


def test_a_pass_looks_at_what_changed_since_the_last_one_and_at_nothing_else(firm: Agency) -> None:
    board = firm.board()
    first, second = board.create(), board.create()
    assert judged(*firm.run()) == {first, second}
    firm.run(minutes=1)  # hears the echo of what was written
    board.say(second, "We look into it.")
    assert judged(*firm.run(minutes=1)) == {second}
    assert judged(*firm.run(minutes=1)) == set()
    assert set(board.reads) == {"connect", "changed"}, "nothing is read twice"


def test_a_ticket_is_looked_at_when_its_clock_says_so_though_nobody_touched_it(firm: Agency) -> None:
    board = firm.board()
    number = board.create(**high())
    firm.run()
    firm.run(minutes=1)
    assert judged(*firm.run(minutes=13)) == set()
    assert judged(*firm.run(minutes=1)) == {number}
    assert len(board.ours(number)) == 1


def test_the_crawl_finds_a_ticket_that_polling_never_told_of(firm: Agency) -> None:
    board = firm.board()
    board.create()
    firm.run()
    hidden = board.create("An old task, added to the project")
    board.unindexed.add(hidden)
    firm.run(hours=23, minutes=59)
    assert hidden not in firm.store.ids("desk")
    assert hidden in judged(*firm.run(minutes=1))
    assert "ids" in board.reads


def test_the_crawl_notices_what_is_gone(firm: Agency) -> None:
    board = firm.board()
    number = board.create()
    firm.run()
    board.delete(number)
    firm.run(hours=25)
    assert firm.store.ids("desk") == []


def test_what_the_crawl_missed_and_is_there_by_id_is_not_gone(firm: Agency) -> None:
    board = firm.board()
    number = board.create()
    firm.run()
    board.uncrawled.add(number)
    firm.run(days=2)
    assert firm.store.ids("desk") == [number]


def test_a_ticket_that_is_gone_when_it_is_due_is_forgotten_and_known_again_should_it_return(firm: Agency) -> None:
    board = firm.board()
    number = board.create(**high())
    firm.run()
    board.take_off(number, "esc:high")
    firm.run(minutes=1)
    kept = board.tickets.pop(number)
    firm.run(minutes=20)
    assert (firm.store.ids("desk"), firm.store.due("desk", firm.now + timedelta(days=99))) == ([], [])
    board.tickets[number] = kept
    board.put(number, "billing")
    firm.run(minutes=1)
    assert "esc:high" not in board.tickets[number].labels
    assert len(board.ours(number)) == 1


def test_another_policy_has_every_live_ticket_judged_again_and_no_other(firm: Agency) -> None:
    board = firm.board()
    live, done = board.create(), board.create(status=Status.CLOSED)
    firm.run()
    firm.run(minutes=1)
    firm.digest = "policy 2"
    assert judged(*firm.run(minutes=1)) == {live}
    assert judged(*firm.run(minutes=1)) == set()
    assert done in firm.store.ids("desk")


def test_the_cursor_stays_where_it_was_if_the_pass_could_not_be_finished(firm: Agency) -> None:
    board = firm.board()
    first = board.create()
    firm.run()
    cursor = firm.store.source("desk").cursor
    second = board.create()
    firm.store.wake([(board.site, first)], firm.now)
    board.stale[first] = replace(board.shown(first), labels=frozenset())
    board.down["fetch"] = ServerFaultError("no answer")
    (sight,) = firm.run(minutes=1)
    assert (str(sight.error), firm.store.source("desk").cursor) == ("no answer", cursor)
    assert firm.store.source("desk").trouble == "no answer"
    board.down.clear()
    assert second in judged(*firm.run(minutes=1))
    assert firm.store.source("desk").trouble == ""


# --- records that cannot be read --------------------------------------------------------------------------------


def test_one_record_that_cannot_be_read_stops_no_other_and_is_tried_again(firm: Agency) -> None:
    board = firm.board()
    good, bad = board.create(), board.create()
    board.unreadable[bad] = Failed(bad, "read", "status 'Attic' is in no list")
    (sight,) = firm.run()
    assert judged(sight) == {good}
    assert sight.plan.failed == (board.unreadable[bad],)
    assert firm.store.unread("desk") == {bad: "status “…” is in no list"}
    (sight,) = firm.run(minutes=5)
    assert sight.plan.failed == ()
    (sight,) = firm.run(minutes=10)
    assert sight.plan.failed == (board.unreadable[bad],)
    board.unreadable.clear()
    assert bad in judged(*firm.run(minutes=15))
    assert firm.store.unread("desk") == {}


def test_a_record_that_the_listing_garbles_and_that_is_sound_by_id_is_no_failure(firm: Agency) -> None:
    board = firm.board()
    number = board.create()
    firm.run()
    board.say(number, "Any news?")
    board.garbled[number] = Failed(number, "read", "half of it is missing")
    firm.store.wake([(board.site, number)], firm.now)
    (sight,) = firm.run(minutes=1)
    assert (judged(sight), sight.plan.failed, firm.store.unread("desk")) == ({number}, (), {})


def test_a_corrected_mapping_has_unreadable_records_tried_again_at_once(firm: Agency) -> None:
    board = firm.board()
    bad = board.create()
    board.unreadable[bad] = Failed(bad, "read", "status 'Attic' is in no list")
    firm.run()
    board.unreadable.clear()
    firm.digest = "with Attic"
    assert judged(*firm.run(seconds=5)) == {bad}


def test_a_known_ticket_that_becomes_unreadable_is_named_and_kept(firm: Agency) -> None:
    board = firm.board()
    number = board.create()
    firm.run()
    board.unreadable[number] = Failed(number, "read", "status 'Attic' is in no list")
    board.say(number, "moved to the attic")
    firm.run(minutes=1)
    assert firm.store.ids("desk") == [number]
    assert firm.store.due("desk", firm.now + timedelta(minutes=15)) == [number]


def test_a_failure_that_is_no_tickets_is_told_and_not_tried_by_id(firm: Agency) -> None:
    board = firm.board()
    number = board.create()
    board.unreadable[number] = Failed("", "project OPS", "not allowed")
    (sight,) = firm.run()
    assert sight.plan.failed == (Failed("", "project OPS", "not allowed"),)
    assert firm.store.unread("desk") == {}


# --- listings that lag ------------------------------------------------------------------------------------------


def test_a_listing_that_does_not_show_our_write_yet_is_not_taken_for_a_persons_removal(firm: Agency) -> None:
    board = firm.board()
    number = board.create(**high())
    board.stale[number] = board.shown(number)
    firm.run()
    for _ in range(3):
        (sight,) = firm.run(seconds=30)
        assert sight.plan.actions() == []
    kept = firm.store.memories(board.site, [number])[number]
    assert not kept.refused
    assert kept.labels == {"esc:delivery", "esc:high"}


def test_a_ticket_that_the_listing_still_shows_and_that_is_gone_by_id_is_gone(firm: Agency) -> None:
    board = firm.board()
    number = board.create(**high())
    board.stale[number] = board.shown(number)
    firm.run()
    held = board.tickets.pop(number)
    board.tickets["ghost"] = replace(held, id=number, version="999999")
    board.stale["ghost"] = board.stale[number]
    (sight,) = firm.run(seconds=30)
    assert judged(sight) == set()
    assert firm.store.ids("desk") == []


def test_a_ticket_whose_listing_is_in_doubt_is_not_judged_by_it_if_it_cannot_be_read_again(firm: Agency) -> None:
    board = firm.board()
    number = board.create(**high())
    firm.run()
    board.take_off(number, "esc:high")
    board.unreadable[number] = Failed(number, "read", "the server stumbled")
    board.stale[number] = board.shown(number)
    listed = firm.run(minutes=1)
    assert judged(*listed) == set()
    assert firm.store.memories(board.site, [number])[number].refused == {}


# --- tickets that know us ---------------------------------------------------------------------------------------

KEEPERS: dict[str, dict[str, Any]] = {
    "Jira": {"ledger": True, "marks_listed": False},
    "a tracker whose listings show neither": {"ledger": True, "marks_listed": False, "ledger_listed": False},
    "Asana": {"ledger": False, "marks_listed": True},
    "a workbook": {"ledger": False, "marks_listed": True, "history": False},
}


@pytest.mark.parametrize("keeper", KEEPERS.values(), ids=list(KEEPERS))
def test_with_the_state_file_lost_nothing_is_said_twice(firm: Agency, keeper: dict[str, Any]) -> None:
    board = firm.board(**keeper)
    spoken, silent = board.create(**high()), board.create()
    firm.run(minutes=20)
    lose_state(firm)
    for _ in range(3):
        (sight,) = firm.run(minutes=5)
        assert not any(isinstance(action, AddComment) for action in sight.plan.actions())
    assert [len(board.ours(number)) for number in (spoken, silent)] == [1, 0]


@pytest.mark.parametrize("title", ["The report is late", "Somebody was rude"], ids=["labels too", "that alone"])
@pytest.mark.parametrize("keeper", ["Jira", "Asana"])
def test_with_the_state_file_lost_a_date_that_a_person_cleared_stays_empty(
    firm: Agency, keeper: str, title: str
) -> None:
    board = firm.board(**KEEPERS[keeper], audiences=frozenset({Audience.INTERNAL}))
    number = board.create(title, **high())
    firm.run(minutes=20)
    assert board.tickets[number].due
    board.change(number, due=None)
    firm.run(minutes=5)
    lose_state(firm)
    for _ in range(3):
        firm.run(minutes=5)
    assert board.tickets[number].due is None


@pytest.mark.parametrize("keeper", ["Jira", "Asana"])
def test_with_the_state_file_lost_a_label_that_a_person_took_off_stays_off_when_it_is_wanted_again(
    firm: Agency, keeper: str
) -> None:
    board = firm.board(**KEEPERS[keeper])
    number = board.create(**high())
    firm.run()
    board.take_off(number, "esc:high")
    lose_state(firm)
    usual, firm.by = (
        firm.by,
        tickets.policy(
            severity=SEVERITY.replace('high = "high"', 'high = "low"'), escalation=ESCALATION, clients=CLIENTS
        ),
    )
    firm.digest = "policy 2"
    firm.run(minutes=5)
    assert board.tickets[number].labels == {"esc:delivery", "esc:low"}
    firm.by, firm.digest = usual, "policy 1"
    firm.run(minutes=5)
    assert board.tickets[number].labels == {"esc:delivery"}


@pytest.mark.parametrize("keeper", ["Jira", "Asana"])
def test_with_the_state_file_lost_a_label_is_whose_hand_put_it_last(firm: Agency, keeper: str) -> None:
    board = firm.board(**KEEPERS[keeper])
    number = board.create()
    firm.run()
    board.put(number, "esc:high")
    firm.run(minutes=5)
    board.take_off(number, "esc:high")
    board.change(number, **high())
    firm.run(minutes=5)
    assert "esc:high" in board.tickets[number].labels
    lose_state(firm)
    firm.run(minutes=5)
    board.take_off(number, "esc:high")
    for _ in range(2):
        firm.run(minutes=5)
    assert "esc:high" not in board.tickets[number].labels


@pytest.mark.parametrize("keeper", ["Jira", "a tracker whose listings show neither"])
def test_with_a_ledger_labels_due_date_and_refusals_are_known_again_too(firm: Agency, keeper: str) -> None:
    board = firm.board(**KEEPERS[keeper])
    number = board.create(**high())
    firm.run()
    board.take_off(number, "esc:high")
    firm.run(minutes=20)
    known = firm.store.memories(board.site, [number])[number]
    assert known.refused == {"esc:high": "severity:created"}
    lose_state(firm)
    (sight,) = firm.run(minutes=1)
    assert sight.plan.actions() == []
    assert firm.store.memories(board.site, [number])[number] == known


def test_what_rebuild_reads_back_is_what_was_known(firm: Agency) -> None:
    """As `makegood rebuild` does it, ticket by ticket."""
    board = firm.board(**KEEPERS["Jira"])
    number = board.create(**high())
    firm.run(minutes=20)
    known = firm.store.memories(board.site, [number])[number]
    lose_state(firm)
    marks = firm.sources[0][1].marks(number)
    memory = recalled(board.shown(number), marks.ledger, marks.marks, "esc:")
    firm.store.relearn(board.site, number, memory, firm.now)
    assert firm.store.memories(board.site, [number])[number] == known


@pytest.mark.parametrize("keeper", ["Jira", "Asana", "a workbook"])
def test_a_state_file_of_yesterday_learns_from_the_tickets_what_was_said_since(firm: Agency, keeper: str) -> None:
    board = firm.board(**KEEPERS[keeper])
    number = board.create(**high())
    firm.run()
    firm.restart()
    yesterday = firm.state.read_bytes()
    firm.run(minutes=20)
    firm.restart()
    firm.state.write_bytes(yesterday)
    for _ in range(3):
        firm.run(minutes=5)
    assert len(board.ours(number)) == 1


def test_what_was_learnt_in_observe_mode_still_counts_when_we_begin_to_write(firm: Agency) -> None:
    board = firm.board(**KEEPERS["Asana"])
    number = board.create(**high())
    firm.run(minutes=20)
    lose_state(firm)
    firm.change("desk", mode="observe")
    firm.run(minutes=5)
    firm.change("desk", mode="full")
    firm.run(minutes=5)
    assert len(board.ours(number)) == 1


def test_a_ticket_whose_marks_are_known_is_not_asked_for_them_again(firm: Agency) -> None:
    board = firm.board(**KEEPERS["Asana"])
    number = board.create(**high())
    firm.run(minutes=20)
    firm.run(minutes=5)
    assert f"marks {number}" not in board.reads


@pytest.mark.parametrize("keeper", ["Jira", "Asana"])
def test_a_comment_that_came_to_light_before_it_is_said_again_is_not_said_again(firm: Agency, keeper: str) -> None:
    board = firm.board(**KEEPERS[keeper])
    number = board.create(**high())
    board.script("comment", Lost(timedelta(minutes=12)))
    firm.run(minutes=20)
    firm.change("desk", mode="labels")
    firm.run(minutes=10)
    assert [entry.outcome for entry in firm.store.journal(board.site, number)][-1] == "absent"
    firm.change("desk", mode="full")
    firm.digest = "mode full"
    for _ in range(3):
        firm.run(minutes=5)
    assert len(board.ours(number)) == 1


def test_a_ledger_that_speaks_of_a_comment_which_failed_is_no_news(firm: Agency) -> None:
    board = firm.board(**KEEPERS["Jira"])
    number = board.create(**high())
    board.script("comment", Refused(ForbiddenError("comments are closed")))
    firm.run(minutes=20)
    board.put(number, "billing")
    firm.run(minutes=1)
    assert f"marks {number}" not in board.reads


@pytest.mark.parametrize(
    "trouble", [None, ForbiddenError("no right to its comments")], ids=["cut off", "forbidden"]
)
def test_a_ticket_that_knows_us_and_whose_marks_cannot_all_be_read_is_left_alone_until_they_can(
    firm: Agency, trouble: ForbiddenError | None
) -> None:
    board = firm.board(**KEEPERS["Jira"])
    number = board.create(**high())
    firm.run(minutes=20)
    lose_state(firm)
    board.marks_complete = trouble is not None
    if trouble:
        board.unmarkable[number] = trouble
    for _ in range(2):
        (sight,) = firm.run(minutes=16)
        assert judged(sight) == set()
        (failed,) = sight.plan.failed
        assert (failed.name, failed.what) == ("A-1", "memory")
    board.marks_complete = True
    board.unmarkable.clear()
    assert judged(*firm.run(minutes=15)) == {number}
    assert len(board.ours(number)) == 1


def test_a_ticket_that_goes_away_while_it_is_recalled_is_gone(firm: Agency) -> None:
    board = firm.board()
    number = board.create()
    board.say(number, "said before", marks=("k7f3q2",))
    board.unmarkable[number] = NotFoundError("deleted")
    (sight,) = firm.run()
    assert (judged(sight), sight.plan.failed, firm.store.ids("desk")) == (set(), (), [])


def test_an_expired_token_is_the_sources_trouble_though_it_shows_on_one_ticket(firm: Agency) -> None:
    board = firm.board()
    number = board.create()
    board.say(number, "said before", marks=("k7f3q2",))
    board.unmarkable[number] = CredentialsError("expired")
    (sight,) = firm.run()
    assert str(sight.error) == "expired"


# --- another site -----------------------------------------------------------------------------------------------


def test_a_source_that_is_pointed_at_another_site_begins_anew(firm: Agency) -> None:
    """Ids of the old site mean other tickets on the new one."""
    board = firm.board()
    board.create(**high())
    firm.run(minutes=20)
    elsewhere = firm.board("elsewhere")
    firm.sources = [(firm.sources[0][0], firm.sources[1][1], firm.sources[0][2])]
    elsewhere.source = "desk"
    number = elsewhere.create(**high())
    firm.run(minutes=20)
    assert firm.store.source("desk").site == elsewhere.site
    assert firm.store.rows(board.site, [number]) == []
    assert len(elsewhere.ours(number)) == 1


# --- only some tickets ------------------------------------------------------------------------------------------


def test_only_one_ticket_can_be_asked_for_by_key_or_id_and_the_cursor_stays(firm: Agency) -> None:
    board = firm.board()
    first, second = board.create(), board.create()
    firm.run()
    cursor = firm.store.source("desk").cursor
    board.say(first, "and now?")
    board.say(second, "and now?")
    assert judged(*firm.run("A-2", minutes=1)) == {second}
    assert judged(*firm.run(first, minutes=1)) == {first}
    assert firm.store.source("desk").cursor == cursor
    assert board.reads.count("changed") == 1
    assert judged(*firm.run(minutes=1)) == {first, second}


def test_an_unknown_key_is_looked_for_everywhere_and_the_others_only_bear_witness(firm: Agency) -> None:
    board = firm.board()
    earlier = [board.create(created=BEGIN - timedelta(days=day)) for day in (9, 8)]
    new = board.create()
    bad = board.create()
    board.unreadable[bad] = Failed(bad, "read", "no status")
    (sight,) = firm.run("a-3")
    assert judged(sight) == {new}
    assert sight.plan.failed == ()
    assert "esc:high" in board.tickets[new].labels, "it is the client's third issue"
    assert [board.tickets[number].labels for number in earlier] == [frozenset(), frozenset()]
    assert firm.store.source("desk").cursor is None
    assert firm.run(bad, "a-3")[0].plan.failed == (board.unreadable[bad],)


def test_a_known_key_is_not_looked_for_on_other_sources(firm: Agency) -> None:
    desk, book = firm.board(), firm.board("book", keys="B")
    number = desk.create()
    book.create()
    firm.run()
    book.reads.clear()
    assert judged(*firm.run("A-1")) == {number}
    assert book.reads == ["connect"]


# --- a source without history -----------------------------------------------------------------------------------


@pytest.fixture
def book(firm: Agency) -> Board:
    return firm.board("book", history=False)


def test_a_pause_that_nobody_logged_is_counted_from_when_it_was_seen(firm: Agency, book: Board) -> None:
    number = book.create(**high())
    firm.run()
    book.change(number, status=Status.WAITING)
    firm.run(minutes=5)
    book.change(number, status=Status.OPEN)
    (sight,) = firm.run(minutes=30)
    (judgement,) = sight.judged
    seen = [(change.before, change.after, change.at) for change in judgement.ticket.changes]
    assert seen == [
        ("open", "waiting", BEGIN + timedelta(minutes=5)),
        ("waiting", "open", BEGIN + timedelta(minutes=35)),
    ]


def test_our_own_writes_are_not_taken_for_a_persons(firm: Agency, book: Board) -> None:
    number = book.create(**high())
    for _ in range(5):
        firm.run(minutes=10)
    assert book.tickets[number].labels == {"esc:delivery", "esc:high", "esc:level-2"}
    (sight,) = firm.run(number)
    assert sight.judged[0].ticket.changes == ()


def test_a_person_who_swaps_our_severity_label_has_decided(firm: Agency, book: Board) -> None:
    number = book.create(**high())
    firm.run()
    book.change(number, labels=frozenset({"esc:delivery", "esc:critical"}))
    for _ in range(3):
        firm.run(minutes=1)
    assert book.tickets[number].labels == {"esc:delivery", "esc:critical"}
    (sight,) = firm.run(number)
    assert (sight.judged[0].rating.severity, sight.judged[0].rating.decided) == ("critical", True)
    changes = [(change.before, change.after) for change in sight.judged[0].ticket.changes]
    assert changes == [("", "esc:critical")], "it stays the person's, though it is the label we would put too"
    book.take_off(number, "esc:critical")
    for _ in range(3):
        firm.run(minutes=1)
    (sight,) = firm.run(number)
    assert (sight.judged[0].rating.severity, sight.judged[0].rating.decided) == ("high", False)


def test_the_log_grows_by_what_happens_and_not_by_looking(firm: Agency, book: Board) -> None:
    number = book.create(**high())
    for _ in range(4):
        firm.run(number, minutes=10)
    entries = firm.store.observed(book.site, [number])[number].entries
    watched = ["status", "assignee", "due", "labels", "severity", "impact", "reach", "priority"]
    assert [entry.field for entry in entries] == watched


def test_an_owner_and_a_due_date_that_appear_are_seen(firm: Agency, book: Board) -> None:
    number = book.create()
    firm.run()
    book.change(number, assignee=STAFF, due=date(2026, 5, 1))
    firm.run(minutes=1)
    book.change(number, assignee=None)
    (sight,) = firm.run(minutes=1)
    (judgement,) = sight.judged
    assert [(change.field, change.before, change.after) for change in judgement.ticket.changes] == [
        ("assignee", "", "delivery-lead"),
        ("due", "", "2026-05-01"),
        ("assignee", "delivery-lead", ""),
    ]
    assert judgement.ticket.changes[0].said == "– → delivery-lead"
    assert judgement.ticket.complete_since is None, "it was seen from its creation on"


def test_what_was_before_the_first_look_is_said_to_be_unknown(firm: Agency, book: Board) -> None:
    book.create(created=BEGIN - timedelta(days=3))
    (sight,) = firm.run()
    assert sight.judged[0].ticket.complete_since == BEGIN


def test_a_log_begun_anew_names_no_occasion_twice(firm: Agency, book: Board) -> None:
    """What was said of an occasion would otherwise be taken as said of another one that has its name."""
    number = book.create()
    names = []
    for status in (Status.WAITING, Status.OPEN):
        firm.run()
        book.change(number, status=status)
        (sight,) = firm.run(minutes=1)
        names.append(sight.judged[0].ticket.changes[-1].id)
        lose_state(firm)
    assert len(set(names)) == 2


# --- people's edits ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("history", [True, False], ids=["history", "no history"])
def test_a_label_that_a_person_takes_off_stays_off_while_its_reason_lasts(firm: Agency, history: bool) -> None:  # noqa: FBT001
    board = firm.board(history=history)
    number = board.create(**high())
    firm.run()
    board.take_off(number, "esc:delivery")
    for _ in range(3):
        sights = firm.run("A-1", minutes=1)
        assert skipped(sights)["label esc:delivery"].startswith("a person took it off")
    firm.run(minutes=20)
    assert board.tickets[number].labels == {"esc:high", "esc:level-2"}
    assert len(board.ours(number)) == 1


def test_a_removal_seen_together_with_a_comment_that_is_due_is_remembered(firm: Agency) -> None:
    board = firm.board(settings={"due": "off"})
    number = board.create(**high())
    firm.run(minutes=20)
    board.change(number, status=Status.CLOSED)
    firm.run(minutes=1)
    board.change(number, status=Status.OPEN)
    board.take_off(number, "esc:delivery")
    firm.run(minutes=16)
    assert firm.store.memories(board.site, [number])[number].refused == {"esc:delivery": "category:delivery"}


@pytest.mark.parametrize(
    ("theirs", "why"),
    [(date(2026, 5, 1), "a person set it to 2026-05-01; it is theirs"), (None, "a person cleared the date")],
    ids=["moved", "cleared"],
)
def test_a_due_date_that_a_person_changes_is_theirs(firm: Agency, theirs: date | None, why: str) -> None:
    board = firm.board()
    number = board.create()
    (sight,) = firm.run()
    assert any(isinstance(action, SetDue) for action in sight.plan.actions())
    board.change(number, due=theirs)
    for _ in range(3):
        sights = firm.run("A-1", minutes=1)
        assert skipped(sights)["due date"].startswith(why)
    assert board.tickets[number].due == theirs


def test_a_severity_label_swapped_by_a_person_moves_the_clocks_and_ours_does_not_come_back(firm: Agency) -> None:
    board = firm.board()
    number = board.create(**high())
    firm.run()
    board.change(number, labels=frozenset({"esc:delivery", "esc:low"}))
    firm.run(minutes=1)
    firm.run(minutes=30)
    assert "esc:low" in board.tickets[number].labels
    assert "esc:high" not in board.tickets[number].labels
    assert board.ours(number) == [], "at low severity nobody is handed anything"


def test_our_label_goes_once_it_no_longer_holds_and_a_persons_stays(firm: Agency) -> None:
    board = firm.board()
    number = board.create(**high(labels=frozenset({"urgent"})))
    firm.run()
    board.change(number, fields={"severity": "medium"})
    sights = firm.run(minutes=1)
    plan = plan_of(sights, number)
    assert plan is not None
    assert [(type(action), getattr(action, "label", "")) for action in plan.actions] == [
        (AddLabel, "esc:medium"),
        (RemoveLabel, "esc:high"),
    ]
    assert board.tickets[number].labels == {"urgent", "esc:delivery", "esc:medium"}


def test_after_an_edit_of_the_mapping_a_done_ticket_that_owes_something_is_judged_again(firm: Agency) -> None:
    verified = '[evidence.verified]\nwords = ["/verified"]\n'
    firm.by = policy(promises='[verified]\nwithin = "7d"\n', mapping=MAPPING + verified)
    board = firm.board()
    number = board.create(status=Status.RESOLVED, resolved=firm.now)
    firm.run()
    assert [judged.ticket.id for judged in firm.run(minutes=1)[0].judged] == []
    firm.digest = "policy 2"
    assert [judged.ticket.id for judged in firm.run(minutes=1)[0].judged] == [number]
