"""What the state need not keep for ever goes, in short steps, and nothing that anybody still needs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from crash_points import Fuse, begun, forked, kept, lay, left_in, put_back
from fakes.memory_tracker import MemoryTracker
from hypothesis import given, settings
from hypothesis import strategies as st
from office import LATE, NOW, Office
from passes import agency, high

from sync.action import Obligation
from sync.doctor.files import in_bytes
from sync.judging.facts import Known
from sync.judging.memory import Entry, Memory, Respite
from sync.state import compaction
from sync.state.compaction import OLD, compact, daily
from sync.state.records import Intent, Notice, Override, Remembered, Row, Settlement, SourceState
from sync.state.store import Store
from sync.state.verify import verify
from sync.ticket import Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crash_points import Point

    from sync.state.records import Outcome, WriteKind

TODAY = datetime(2026, 11, 22, 9, tzinfo=UTC)
KEEP = timedelta(days=90)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
STATE = SourceState("site", "cursor 7", TODAY, "policy 1", TODAY)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state.db", write=True) as opened:
        yield opened


def row(ticket: str, *, live: bool, wake: datetime | None = None) -> Row:
    return Row("desk", Known("site", ticket, f"A-{ticket}", "Client A", "delivery", TODAY - 2 * OLD), live, wake)


def wrote(
    store: Store,
    ticket: str,
    at: datetime,
    kind: WriteKind = "comment",
    *,
    outcome: Outcome = "settled",
    notices: tuple[Notice, ...] = (),
) -> int:
    """One write on a ticket then, which ended so; returns its number in the journal."""
    owed = Obligation("update", f"comment at {at}", 1)
    said = (owed,) if kind == "comment" else ()
    detail: dict[str, object] = {"said": [[each.promise, each.occasion, each.step] for each in said]}
    (number,) = store.intend(
        f"run at {at}", [Intent("site", ticket, kind, detail | {"to": ["lead"]})], at, notices
    )
    if outcome != "intended":
        proved = said if outcome == "settled" else ()
        store.settle([Settlement(number, "site", ticket, outcome, proved, f"comment {number}")], at)
    return number


def journal(store: Store, ticket: str) -> list[datetime]:
    return [entry.intended_at for entry in store.journal("site", ticket)]


def notice(mark: str, ticket: str = "1") -> Notice:
    return Notice(mark, "site", ticket, f"A-{ticket}", "https://a/1", "The portal is down", "Since nine.", "high")


def words_of(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as database:
        found = database.execute("SELECT mark, json_extract(detail, '$.body') FROM notices").fetchall()
    return dict(found)


# --- what goes, and what stays ----------------------------------------------------------------------------------


def test_the_journal_of_a_ticket_goes_once_it_was_done_and_left_alone_for_so_long(store: Store) -> None:
    store.remember("desk", Remembered(STATE, [row("1", live=False), row("2", live=False), row("3", live=True)]))
    for ticket in "123":
        wrote(store, ticket, TODAY - KEEP - DAY)
    wrote(store, "2", TODAY - KEEP + DAY)
    wrote(store, "gone", TODAY - KEEP - DAY)
    assert compact(store, TODAY, KEEP).rows["journal"] == 2
    assert {ticket: len(journal(store, ticket)) for ticket in ("1", "2", "3", "gone")} == {
        "1": 0,
        "2": 2,
        "3": 1,
        "gone": 0,
    }
    assert store.journal_since() == TODAY - KEEP


def test_while_a_promise_of_a_done_ticket_runs_it_counts_as_one_that_goes_on(store: Store) -> None:
    store.remember("desk", Remembered(STATE, [row("1", live=False, wake=TODAY + DAY)]))
    wrote(store, "1", TODAY - KEEP - DAY)
    assert compact(store, TODAY, KEEP).rows["journal"] == 0


@pytest.mark.parametrize("keep", [KEEP, 2 * OLD], ids=["90d", "two years"])
def test_of_a_ticket_that_goes_on_the_journal_tells_of_a_year_or_of_all_that_is_to_be_kept(
    store: Store, keep: timedelta
) -> None:
    store.remember("desk", Remembered(STATE, [row("1", live=True)]))
    times = [TODAY - max(keep, OLD) - DAY, TODAY - max(keep, OLD) + DAY, TODAY - DAY]
    for at in times:
        wrote(store, "1", at)
    compact(store, TODAY, keep)
    assert journal(store, "1") == times[1:]


def test_what_was_said_written_and_refused_is_never_forgotten(store: Store) -> None:
    memory = Memory(
        labels=frozenset({"esc:high"}), due=date(2024, 3, 9), due_written=True, refused={"esc:low": "x"}
    )
    store.remember("desk", Remembered(STATE, [row("1", live=False)], {"1": memory}))
    store.observe("site", {"1": [Entry(1, TODAY - 3 * OLD, "status", "open", "closed")]})
    wrote(store, "1", TODAY - 3 * OLD)
    before = store.memories("site", ["1"]), store.observed("site", ["1"]), store.spoken("site", "1")
    assert before[0]["1"].said
    assert compact(store, TODAY, KEEP).rows["journal"] == 1
    assert (store.memories("site", ["1"]), store.observed("site", ["1"]), store.spoken("site", "1")) == before


@pytest.mark.parametrize("outcome", ["intended", "unknown"])
def test_a_write_in_doubt_keeps_all_that_was_written_on_its_ticket_however_old(
    store: Store, outcome: Outcome
) -> None:
    store.remember("desk", Remembered(STATE, [row("1", live=False)]))
    times = [TODAY - 2 * OLD, TODAY - 2 * OLD + DAY]
    wrote(store, "1", times[0], "edit", outcome=outcome)
    wrote(store, "1", times[1], "edit")
    compact(store, TODAY, KEEP)
    assert journal(store, "1") == times


def test_what_people_undid_and_what_an_edit_left_go_with_the_journal_and_unclear_contents_after_a_year(
    store: Store,
) -> None:
    undone = [
        Override(ticket, "esc:high", f"{at}", "rule", at)
        for ticket in "12"
        for at in (TODAY - OLD - DAY, TODAY - KEEP - DAY, TODAY - DAY)
    ]
    rows = [row("1", live=False), row("2", live=True)]
    store.remember("desk", Remembered(STATE, rows, overrides=undone, unread={"9": "no date"}, again=TODAY - OLD))
    for ticket in "12":
        store.grant("site", ticket, {("update", "comment 5"): Respite(TODAY - KEEP - DAY)})
    for content, at in (("old", TODAY - OLD - DAY), ("new", TODAY - KEEP - DAY)):
        store.suggested(content, "billing", "it says invoice", at)
    told = compact(store, TODAY, KEEP).rows
    assert told == dict.fromkeys(told, 0) | {"overrides": 3, "granted": 1, "suggestions": 1, "unread": 1}
    left = [(each.ticket, each.at) for _, each in store.overrides(TODAY - 2 * OLD)]
    assert left == [("2", TODAY - KEEP - DAY), ("1", TODAY - DAY), ("2", TODAY - DAY)]
    assert store.memories("site", ["2"])["2"].granted
    assert store.suggestions(["old", "new"]).keys() == {"new"}


def test_a_notice_is_forgotten_in_time_but_for_one_whose_comment_is_in_doubt(store: Store, tmp_path: Path) -> None:
    long_ago = TODAY - KEEP - DAY
    wrote(store, "1", long_ago, outcome="unknown", notices=(notice("waits"),))
    wrote(store, "2", long_ago, notices=(notice("nobody was told", "2"),))
    wrote(store, "3", TODAY - MINUTE, notices=(notice("goes out", "3"),))
    assert compact(store, TODAY, KEEP).rows["notices"] == 1, "what is so old is no news"
    assert [entry.notice.mark for entry in store.waiting_notices()] == ["goes out"]
    store.close()
    assert words_of(tmp_path / "state.db") == {"waits": "Since nine.", "goes out": "Since nine."}


def test_what_a_notice_said_is_forgotten_once_it_is_over_or_was_perhaps_sent_a_day_ago(
    store: Store, tmp_path: Path
) -> None:
    for number, mark in enumerate(("sent", "given up", "perhaps", "just now", "void", "waits")):
        outcome: Outcome = "intended" if mark == "waits" else "settled"
        write = wrote(store, str(number), TODAY - 2 * DAY, outcome=outcome, notices=(notice(mark, str(number)),))
        if mark == "void":
            store.settle([Settlement(write, "site", str(number), "failed")], TODAY)
    store.settle_notice("sent", "settled", TODAY)
    store.settle_notice("given up", "failed", TODAY)
    store.settle_notice("perhaps", "unknown", TODAY - DAY - MINUTE)
    store.settle_notice("just now", "unknown", TODAY - MINUTE)
    assert compact(store, TODAY, KEEP).rows["words"] == 1
    assert [entry.notice.key for entry in store.doubtful_notices("site")] == ["A-2", "A-3"], "`status` names them"
    store.close()
    assert {mark for mark, words in words_of(tmp_path / "state.db").items() if words} == {"just now", "waits"}


WRITES = st.lists(
    st.tuples(
        st.sampled_from("1234"),
        st.integers(0, 500),
        st.sampled_from(["edit", "comment"]),
        st.sampled_from(["settled", "failed", "absent", "unknown", "intended"]),
    ),
    max_size=25,
)


@given(WRITES)
@settings(deadline=None, max_examples=60)
def test_whatever_was_written_when_nobody_who_asks_within_the_time_is_told_anything_else(
    writes: list[tuple[str, int, WriteKind, Outcome]],
) -> None:
    with Store.in_memory() as store:
        rows = [row("1", live=True), row("2", live=False), row("3", live=False, wake=TODAY)]
        store.remember("desk", Remembered(STATE, rows))
        for ticket, age, kind, outcome in sorted(writes, key=lambda each: -each[1]):
            wrote(store, ticket, TODAY - age * DAY, kind, outcome=outcome)
        before = asked(store)
        compact(store, TODAY, KEEP)
        assert asked(store) == before
        compact(store, TODAY + 10 * OLD, KEEP)
        assert (store.unsettled(), store.memories("site", "1234")) == before[:2]
        doubtful = {entry.ticket for entry in store.unsettled()}
        assert {entry.ticket for entry in store.written_since(TODAY - 2 * OLD)} <= doubtful


def asked(store: Store) -> tuple[Any, ...]:
    """What recovery, passes, notices, `undo`, `overrides` and the day's measure ask."""
    recent = store.written_since(TODAY - KEEP)
    return (
        store.unsettled(),
        store.memories("site", "1234"),
        store.unsettled("site", "desk"),
        store.asked_since(TODAY - KEEP),
        recent,
        [store.written_by(entry.run) for entry in recent],
        [each for each in store.journal("site", "1") if each.intended_at >= TODAY - OLD],
    )


# --- how it goes ------------------------------------------------------------------------------------------------


def test_it_is_done_once_a_day_whoever_asks_and_whatever_the_clock_was(store: Store) -> None:
    assert daily(store, TODAY, KEEP) is not None
    assert daily(store, TODAY + DAY - MINUTE, KEEP) is None
    assert daily(store, TODAY + DAY + MINUTE, KEEP) is not None
    assert daily(store, TODAY + 999 * DAY, KEEP) is not None, "the clock was wrong"
    assert daily(store, TODAY + 2 * DAY, KEEP) is not None, "and was put right"


def test_once_it_is_to_stop_it_does_so_between_two_commits_and_goes_on_the_next_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "AT_ONCE", 2)
    monkeypatch.setattr(compaction, "AT_A_LOOK", 4)
    for number in range(9):
        wrote(store, str(number), TODAY - OLD)
    looks = iter([False, False, False, True])
    assert compact(store, TODAY, KEEP, stopping=lambda: next(looks, True)).rows["journal"] == 3 * 2
    assert compact(store, TODAY, KEEP).rows["journal"] == 3


def test_what_went_is_in_no_byte_of_the_file_and_the_disk_gets_the_room_back(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with Store(path, write=True) as store:
        intents = [Intent("site", str(number), "edit", {"add": ["esc:marker"]}) for number in range(600)]
        numbers = store.intend("run", intents, TODAY - OLD)
        store.settle([Settlement(each, "site", str(n), "settled") for n, each in enumerate(numbers)], TODAY - OLD)
        told = compact(store, TODAY, KEEP)
        assert told.freed > 4096 * 10
        beside = [file.read_bytes() for file in tmp_path.iterdir()]
        assert not any(b"esc:marker" in content for content in beside), "the log beside it is empty, too"


def test_killed_at_any_point_the_file_is_sound_and_the_next_time_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "AT_ONCE", 2)
    path = tmp_path / "state.db"
    with Store(path, write=True) as store:
        store.remember("desk", Remembered(STATE, [row("0", live=True)]))
        for number in range(3):
            wrote(store, str(number), TODAY - OLD - DAY, notices=(notice(f"mark {number}", str(number)),))
            store.settle_notice(f"mark {number}", "settled", TODAY - OLD)
    files = kept(tmp_path)

    def work(deadly: Point | None) -> list[Point]:
        fuse = Fuse(deadly)
        lay(fuse, MemoryTracker)
        with Store(path, write=True) as store:
            compact(store, TODAY, KEEP)
        return list(fuse.met)

    points = forked(partial(work, None))
    expected = left_in(path)[3]
    assert sum(point.seam == "tidy: before COMMIT" for point in points) == 2 + 2 + 1 + 1
    for point in points:
        put_back(tmp_path, files)
        assert begun(partial(work, point))().killed
        assert [each for each in verify(path, {"desk"}) if each.level == "error"] == [], point
        forked(partial(work, None))
        assert told_of(left_in(path)[3]) == told_of(expected), point


def told_of(dump: Any) -> list[str]:  # noqa: ANN401 - what iterdump gives
    """All lines but the epoch."""
    return [line for line in dump if "'epoch'" not in line]


# --- over passes ------------------------------------------------------------------------------------------------


def comments(folder: Path, *, compacted: bool) -> list[str]:
    """All that is said of two tickets of which one is closed and opened again a year later."""
    with agency(folder) as firm:
        board = firm.board()
        closed, open_ = board.create(**high()), board.create(**high())
        firm.run(minutes=1)
        firm.run(minutes=20)
        board.change(closed, status=Status.CLOSED)
        firm.run(minutes=5)
        firm.wait(days=400)
        if compacted:
            assert compact(firm.store, firm.now, KEEP).rows["journal"] > 1
        board.change(closed, status=Status.OPEN)
        for _ in range(3):
            firm.run(minutes=20)
        return [comment.text for ticket in (closed, open_) for comment in board.ours(ticket)]


def test_years_later_the_same_is_said_as_if_nothing_had_gone(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    said = comments(tmp_path, compacted=True)
    assert len(said) >= 2
    assert said == comments(tmp_path / "other", compacted=False)


# --- the command ------------------------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office in which something was written on a ticket that is unknown to any source, long ago."""
    made = Office(tmp_path, monkeypatch)
    made.source()
    made.issues(LATE)
    assert made.at(NOW).status == 0
    with Store(tmp_path / "state.db", write=True) as store:
        wrote(store, "gone", datetime(2020, 3, 2, 9, tzinfo=UTC))
    return made


def test_the_command_says_first_what_would_go_and_then_what_went(office: Office) -> None:
    before = (office.folder / "state.db").read_bytes()
    ran = office.run("state", "compact", "--dry-run")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("to remove: 1 entries of the journal\n")
    assert 'on (keep_journal = "90d")' in ran.out
    assert (office.folder / "state.db").read_bytes() == before
    told = office.run("state", "compact", "--output", "json").json
    assert (told["done"], told["removed"]["journal"], told["state"]) == (True, 1, "state.db")
    assert told["bytes"] == (office.folder / "state.db").stat().st_size
    assert office.run("state", "compact", "-q").out == "removed: nothing\n"
    assert office.run("state", "verify").status == 0


def test_while_a_daemon_holds_the_state_its_size_is_that_of_the_file_and_of_the_log_beside_it(
    office: Office,
) -> None:
    path = office.folder / "state.db"
    with Store(path, write=True) as store:
        for number in range(50):
            wrote(store, str(number), TODAY)
        on_disk = path.stat().st_size + path.with_name("state.db-wal").stat().st_size
        told = office.run("state", "compact", "--dry-run", "--output", "json").json
        assert told["bytes"] == store.bytes() == on_disk > path.stat().st_size
        doctor = office.run("doctor", "--output", "json")
        assert doctor.out.count(in_bytes(on_disk)) == 2, "the state's own line, and the disk's"


def test_how_long_the_journal_is_kept_is_set_in_the_config(office: Office) -> None:
    office.write("config.toml", 'keep_journal = "9w"\n' + office.read("config.toml"))
    assert '(keep_journal = "9w")' in office.run("state", "compact").out
    office.write("config.toml", office.read("config.toml").replace("9w", "6d"))
    refused = office.run("check")
    assert refused.status == 2
    assert 'keep_journal: must be "7d" or more' in refused.err + refused.out


def test_where_there_is_no_state_there_is_nothing_to_compact(office: Office) -> None:
    (office.folder / "state.db").unlink()
    ran = office.run("state", "compact")
    assert ran.status == 2
    assert "state.db is not there, so there is nothing to compact" in ran.err
    assert not (office.folder / "state.db").exists()


def test_who_looks_back_further_than_the_journal_is_told_so(office: Office) -> None:
    office.run("state", "compact")
    ran = office.run("overrides", "--since", "2020-01-01")
    assert "of tickets that are done, what was written before " in ran.err
    assert "is not kept any more" in ran.err
    assert office.run("overrides", "--since", datetime.now(UTC).isoformat()).err == ""
