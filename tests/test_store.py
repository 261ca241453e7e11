"""What the state remembers, and that each step of it is one commit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.action import Obligation
from sync.judging.facts import Deadline, Habits, Known, Record, Request, Told
from sync.judging.memory import Entry, Memory, Observed
from sync.judging.standing import Due, Standing
from sync.state.kept import known_of, known_text, standing_of, standing_text
from sync.state.records import Intent, Remembered, Row, Settlement, SourceState
from sync.state.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(minutes=15)
STATE = SourceState("site", "cursor 7", NOW, "policy 1", LATER, "", "policy 0")
WARNED, BROKEN = Obligation("update", "comment 5", 1), Obligation("update", "comment 5", 2)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state.db", write=True) as opened:
        yield opened


def row(
    number: str,
    client: str = "Client A",
    *,
    source: str = "desk",
    site: str = "site",
    live: bool = True,
    wake: datetime | None = None,
) -> Row:
    return Row(source, Known(site, number, f"A-{number}", client, "delivery", NOW), live, wake)


def comment(number: str, *owed: Obligation) -> Intent:
    said = [[each.promise, each.occasion, each.step] for each in owed]
    return Intent("site", number, "comment", {"said": said})


# --- a pass leaves ----------------------------------------------------------------------------------------------


def test_a_source_that_was_never_seen_stands_at_the_beginning(store: Store) -> None:
    assert store.source("desk") == SourceState()


def test_what_a_pass_leaves_behind_is_there_for_the_next_one(store: Store, tmp_path: Path) -> None:
    resolved = replace(row("2", live=False), known=replace(row("2").known, resolved=LATER))
    store.remember("desk", Remembered(STATE, [row("1", wake=LATER), resolved]))
    store.close()
    with Store(tmp_path / "state.db", write=False) as again:
        assert again.source("desk") == STATE
        assert again.clients(["Client A", "Client B"]) == [row("1", wake=LATER), resolved]
        assert again.rows("site", ["1", "9"]) == [row("1", wake=LATER)]
        assert again.ids("desk") == ["1", "2"]
        assert again.ids("desk", live_only=True) == ["1"]


def test_a_ticket_is_found_by_key_and_by_id(store: Store) -> None:
    store.remember("desk", Remembered(STATE, [row("1")]))
    store.remember("book", Remembered(STATE, [row("1", source="book", site="file")]))
    assert store.find("A-1") == [row("1", source="book", site="file"), row("1")]
    assert store.find("1", "desk") == [row("1")]
    assert store.find("B-1") == []


def test_a_ticket_wakes_when_its_time_has_come_and_on_its_own_source(store: Store) -> None:
    rows = [row("1", wake=NOW), row("2", wake=LATER), row("3")]
    store.remember("desk", Remembered(STATE, rows))
    store.remember("book", Remembered(STATE, [row("4", source="book", wake=NOW)]))
    assert store.due("desk", NOW - timedelta(microseconds=1)) == []
    assert store.due("desk", NOW) == ["1"]
    assert store.due("desk", LATER) == ["1", "2"]


def test_a_ticket_can_be_woken_but_never_put_off(store: Store) -> None:
    store.remember("desk", Remembered(STATE, [row("1", wake=NOW), row("2", wake=LATER), row("3")]))
    store.wake([("site", "1"), ("site", "2"), ("site", "3")], LATER - timedelta(minutes=1))
    assert [each.wake_at for each in store.rows("site", ["1", "2", "3"])] == [
        NOW,
        LATER - timedelta(minutes=1),
        LATER - timedelta(minutes=1),
    ]


def test_a_record_that_could_not_be_read_is_due_again_until_it_is_read_or_gone(store: Store) -> None:
    store.remember("desk", Remembered(STATE, unread={"1": "no date", "2": "no status"}, again=LATER))
    assert store.unread("desk") == {"1": "no date", "2": "no status"}
    assert (store.due("desk", NOW), store.due("desk", LATER)) == ([], ["1", "2"])
    store.remember("desk", Remembered(STATE, [row("1")], gone=["2"]))
    assert store.unread("desk") == {}


def test_a_ticket_that_is_gone_leaves_the_index_and_what_was_said_of_it_stays(store: Store) -> None:
    store.remember("desk", Remembered(STATE, [row("1", wake=NOW)], {"1": Memory(refused={"esc:high": "why"})}))
    (number,) = store.intend("run", [comment("1", WARNED)], NOW)
    store.settle([Settlement(number, "site", "1", "settled", (WARNED,))], NOW)
    store.remember("desk", Remembered(STATE, gone=["1"]))
    assert (store.ids("desk"), store.due("desk", NOW), store.find("A-1"), store.clients(["Client A"])) == (
        [],
        [],
        [],
        [],
    )
    kept = store.memories("site", ["1"])["1"]
    assert kept.has_said(WARNED.id("site", "1"))
    assert kept.refused == {"esc:high": "why"}


def test_a_ticket_that_moved_to_another_source_is_not_forgotten_by_the_first(store: Store) -> None:
    store.remember("desk", Remembered(STATE, [row("1")]))
    store.remember("other", Remembered(STATE, [row("1", source="other")]))
    store.remember("desk", Remembered(STATE, gone=["1"]))
    assert store.rows("site", ["1"]) == [row("1", source="other")]


def test_a_source_that_stands_on_another_site_now_begins_with_an_empty_index(store: Store) -> None:
    store.remember("desk", Remembered(STATE, [row("1")], unread={"2": "no date"}, again=NOW))
    store.remember("book", Remembered(STATE, [row("3", source="book")]))
    store.moved("desk", "another site")
    assert (store.ids("desk"), store.unread("desk"), store.ids("book")) == ([], {}, ["3"])


def test_trouble_is_noted_until_the_next_good_pass(store: Store) -> None:
    store.trouble("desk", "the token has expired")
    assert store.source("desk") == SourceState(trouble="the token has expired")
    store.remember("desk", Remembered(STATE))
    store.trouble("desk", "the tracker is down")
    assert store.source("desk") == replace(STATE, trouble="the tracker is down")


# --- what a ticket tells ----------------------------------------------------------------------------------------

WORDS = st.text(max_size=30)
MINUTES = st.none() | st.integers(-1, 10**6)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - naive by contract
SEVERITIES = st.sampled_from(["low", "medium", "high", "critical"])
FIGURES = st.none() | st.floats(allow_nan=False, allow_infinity=False)
INSTANT_LISTS = st.lists(INSTANTS, max_size=3).map(tuple)

DEADLINES = st.builds(Deadline, st.dates(), INSTANTS, WORDS, st.booleans())
REQUESTS = st.builds(Request, MINUTES, WORDS, WORDS, st.none() | INSTANTS, WORDS, WORDS, WORDS)
TOLD = st.builds(
    Told, WORDS, SEVERITIES, st.lists(DEADLINES, max_size=3).map(tuple), FIGURES, st.none() | REQUESTS
)
COMMENTS = st.lists(st.tuples(INSTANTS, st.integers(0, 9999), MINUTES), max_size=4).map(tuple)
HABITS = st.builds(Habits, COMMENTS, INSTANT_LISTS, INSTANT_LISTS, st.lists(WORDS, max_size=3).map(tuple))
RECORDS = st.builds(Record, *[WORDS] * 9)
PROMISES = st.sampled_from(["update", "owned"])
DUES = st.lists(st.builds(Due, PROMISES, INSTANTS, WORDS, WORDS), max_size=3).map(tuple)
STANDINGS = st.builds(
    Standing,
    SEVERITIES,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.dictionaries(WORDS, st.integers(0, 99), max_size=3),
    DUES,
    st.lists(WORDS, max_size=2).map(tuple),
)


@given(TOLD, HABITS, RECORDS, STANDINGS)
def test_what_a_ticket_tells_and_where_it_stands_is_read_back_exactly(
    told: Told, habits: Habits, record: Record, standing: Standing
) -> None:
    assert known_of(known_text(replace(row("1").known, told=told, habits=habits, record=record))) == (
        told,
        habits,
        record,
    )
    assert standing_of(standing_text(standing)) == standing


def test_a_row_is_there_again_with_all_that_its_ticket_tells(store: Store) -> None:
    told = Told("Rollout", "high", (Deadline(NOW.date(), LATER, "change 7", missed=True),), 7.5, Request(90))
    habits = Habits(((NOW, 120, None),), flags=("undefined",))
    known = replace(
        row("1").known, told=told, habits=habits, record=Record("見積もりの追加", owner="Consultant 1")
    )
    whole = replace(
        row("1"), known=known, standing=Standing("high", parked=True, dues=(Due("update", LATER, "rule"),))
    )
    store.remember("desk", Remembered(STATE, [whole, row("2")]))
    read, plain = store.listed(["desk"])
    assert (read, plain) == (whole, row("2"))
    assert (read.known.habits, read.known.record) == (habits, known.record)
    store.remember("desk", Remembered(STATE, [replace(whole, live=False, standing=None)]))
    assert store.rows("site", ["1"])[0].standing is None


def test_what_is_as_usual_takes_no_room_and_a_busy_ticket_less_than_a_kilobyte() -> None:
    assert (known_text(row("1").known), standing_text(None), standing_of("")) == ("{}", "", None)
    comments = tuple((NOW + timedelta(hours=number, microseconds=1), 250, 95) for number in range(10))
    record = Record("The export is wrong for the third time", "https://tracker.example/A-1", "Consultant 1")
    told = Told("Rollout", "high", request=Request(45, "goodwill", "change 5", NOW))
    busy = replace(row("1").known, told=told, habits=Habits(comments), record=record)
    assert len(known_text(busy).encode()) < 1024


def test_what_an_older_state_lacks_is_as_usual_and_what_a_newer_one_adds_is_passed_over() -> None:
    assert known_of("{}") == (Told(), Habits(), Record())
    assert known_of('{"told":{"mood":3,"request":{"minutes":5,"colour":"red"}}}')[0] == Told(request=Request(5))
    assert standing_of('{"severity":"low","mood":3}') == Standing("low")


def test_half_a_character_in_a_title_stops_nothing(store: Store) -> None:
    torn = replace(row("1"), known=replace(row("1").known, record=Record("broken \ud83d smile")))
    store.remember("desk", Remembered(STATE, [torn]))
    assert store.rows("site", ["1"])[0].known.record.title == "broken \ud83d smile"


# --- the journal ------------------------------------------------------------------------------------------------


def test_what_is_intended_is_open_until_it_is_settled(store: Store) -> None:
    edit = Intent("site", "1", "edit", {"add": ["esc:high"], "remove": []})
    numbers = store.intend("run", [edit, comment("1", WARNED)], NOW)
    assert [(entry.number, entry.kind, entry.outcome) for entry in store.unsettled("site")] == [
        (numbers[0], "edit", "intended"),
        (numbers[1], "comment", "intended"),
    ]
    assert store.unsettled("another site") == []
    store.settle([Settlement(numbers[0], "site", "1", "settled")], LATER)
    store.settle([Settlement(numbers[1], "site", "1", "failed", note="not allowed")], LATER)
    assert store.unsettled() == []
    edited, refused = store.journal("site", "1")
    assert (edited.detail, edited.outcome, edited.intended_at, edited.ended_at) == (
        {"add": ["esc:high"], "remove": []},
        "settled",
        NOW,
        LATER,
    )
    assert (refused.outcome, refused.note) == ("failed", "not allowed")


def test_the_moment_at_which_we_gave_up_is_the_first_one(store: Store) -> None:
    """`settle_after` is counted from it, however often the outcome is looked for."""
    (number,) = store.intend("run", [comment("1", WARNED)], NOW)
    store.settle([Settlement(number, "site", "1", "unknown")], LATER)
    store.settle([Settlement(number, "site", "1", "unknown")], LATER + timedelta(hours=1))
    (entry,) = store.unsettled()
    assert entry.ended_at == LATER
    assert store.memories("site", ["1"])["1"].doubtful == LATER


def test_a_source_looks_after_its_own_open_writes_and_those_of_unknown_tickets(store: Store) -> None:
    store.remember("desk", Remembered(STATE, [row("1")]))
    store.remember("other", Remembered(STATE, [row("2", source="other")]))
    store.intend("run", [comment(number) for number in "123"], NOW)
    assert [entry.ticket for entry in store.unsettled("site", "desk")] == ["1", "3"]
    assert [entry.ticket for entry in store.unsettled("site", "other")] == ["2", "3"]
    assert [entry.ticket for entry in store.unsettled("site")] == ["1", "2", "3"]


# --- memories ---------------------------------------------------------------------------------------------------


def test_what_was_said_and_written_is_remembered_of_the_ticket(store: Store) -> None:
    edited, said = store.intend("run", [Intent("site", "1", "edit"), comment("1", WARNED)], NOW)
    written = Memory(
        labels=frozenset({"esc:high"}), due=date(2026, 3, 9), due_written=True, refused={"esc:breach": "why"}
    )
    store.settle(
        [
            Settlement(edited, "site", "1", "settled", memory=written),
            Settlement(said, "site", "1", "settled", (WARNED,), "comment 8"),
        ],
        NOW,
    )
    (later,) = store.intend("run", [comment("1", BROKEN)], LATER)
    store.settle([Settlement(later, "site", "1", "settled", (BROKEN,))], LATER)
    assert store.memories("site", ["1", "2"]) == {
        "1": replace(
            written,
            said=frozenset({WARNED.id("site", "1"), BROKEN.id("site", "1")}),
            steps={"update": ("comment 5", 2)},
        )
    }


def test_a_ticket_of_the_index_is_remembered_though_nothing_was_done_on_it(store: Store) -> None:
    store.remember("desk", Remembered(STATE, [row("1")]))
    assert store.memories("site", ["1", "2"]) == {"1": Memory()}


def test_while_the_outcome_of_a_comment_is_unknown_its_ticket_is_in_doubt_and_no_other(store: Store) -> None:
    store.intend("run", [comment("1", WARNED), Intent("site", "2", "edit")], NOW)
    assert store.memories("site", ["1", "2"]) == {"1": Memory(doubtful=NOW)}


def test_what_is_read_back_is_known_again(store: Store) -> None:
    read = Memory(
        said=frozenset({"k7f3q2"}),
        steps={"update": ("comment 5", 2)},
        labels=frozenset({"esc:high"}),
        due=date(2026, 3, 9),
        due_written=True,
        refused={"esc:breach": "why"},
    )
    store.relearn("site", "1", read, NOW)
    assert store.memories("site", ["1"])["1"] == replace(read, said=frozenset({"k7f3q2", BROKEN.id("site", "1")}))


def test_reading_back_forgets_nothing_that_was_known(store: Store) -> None:
    """Asana shows neither what a person refused nor who wrote a due date; `rebuild` must not lose them."""
    known = Memory(
        labels=frozenset({"esc:high"}), due=date(2026, 3, 9), due_written=True, refused={"esc:low": "why"}
    )
    store.remember("desk", Remembered(STATE, [row("1")], {"1": known}))
    store.relearn("site", "1", Memory(said=frozenset({"k7f3q2"}), labels=frozenset({"esc:billing"})), NOW)
    assert store.memories("site", ["1"])["1"] == replace(known, said=frozenset({"k7f3q2"}))


def test_a_ledger_found_on_the_ticket_counts_more_than_an_old_state_file(store: Store) -> None:
    store.remember("desk", Remembered(STATE, [row("1")], {"1": Memory(refused={"esc:low": "why"})}))
    kept = Memory(labels=frozenset({"esc:high"}), due=date(2026, 3, 9), due_written=True, refused={"esc:b": "c"})
    store.relearn("site", "1", kept, NOW, whole=True)
    assert store.memories("site", ["1"])["1"] == replace(kept, refused={"esc:low": "why", "esc:b": "c"})


def test_a_mark_read_back_without_its_promise_takes_the_promise_from_what_proves_it(store: Store) -> None:
    store.relearn("site", "1", Memory(said=frozenset({WARNED.id("site", "1")})), NOW)
    assert store.memories("site", ["1"])["1"].steps == {}
    (number,) = store.intend("run", [comment("1", WARNED)], NOW)
    store.settle([Settlement(number, "site", "1", "settled", (WARNED,))], NOW)
    store.relearn("site", "1", Memory(said=frozenset({WARNED.id("site", "1")})), NOW)
    assert store.memories("site", ["1"])["1"].steps == {"update": ("comment 5", 1)}


# --- observations -----------------------------------------------------------------------------------------------


def test_the_observation_log_grows_and_an_entry_is_kept_once(store: Store) -> None:
    first, second = Entry(1, NOW, "status", "open", "open"), Entry(2, LATER, "status", "open", "waiting")
    store.observe("site", {"1": [first]})
    store.observe("site", {"1": [first, second]})
    log = store.observed("site", ["1", "2"])
    assert log == {"1": Observed((first, second)), "2": Observed()}
    assert log["1"].latest("status") == "waiting"


# --- commits ----------------------------------------------------------------------------------------------------


class CrashError(BaseException):
    pass


def test_a_pass_is_remembered_whole_or_not_at_all(store: Store) -> None:
    def rows() -> Iterator[Row]:
        yield row("1")
        raise CrashError

    with pytest.raises(CrashError):
        store.remember("desk", Remembered(STATE, rows()))  # type: ignore[arg-type]
    assert store.source("desk") == SourceState()
    assert store.ids("desk") == []
    store.remember("desk", Remembered(STATE, [row("1")]))
    assert store.ids("desk") == ["1"]
