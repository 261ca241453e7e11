"""How large the state is a ticket, what it costs to ask, and what of the clients' words is in it."""

from __future__ import annotations

import inspect
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from harness_jira import CloudHarness
from known_tickets import KINDS, OPENED, SITE, SOURCE, fill
from passes import agency, high
from whole_firm import StaffAsana, StaffXlsx, desk

from sync.action import Obligation
from sync.errors import NotSentError
from sync.judging.facts import Known
from sync.judging.memory import Entry, Memory, Respite
from sync.notify_models import NotifySettings
from sync.state.archive import Archive
from sync.state.compaction import compact, daily
from sync.state.records import Intent, Notice, Override, Remembered, Row, Settlement, SourceState
from sync.state.store import Store
from sync.ticket import Status

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from harness import Harness


KEEP = timedelta(days=90)
COUNT = 500


# --- size -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "most"),
    {
        "done, nothing of ours on it": 580,
        "done, with labels and a due date": 620,
        "done, with 5 comments too": 1050,
        "live, nothing of ours on it": 1200,
        "live, with labels and a due date": 1600,
    }.items(),
)
def test_a_ticket_takes_no_more_room_than_this_once_its_time_is_over(tmp_path: Path, kind: str, most: int) -> None:
    path = tmp_path / "state.db"
    with Store(path, write=True) as store:
        empty = store.bytes()
        fill(store, KINDS[kind], range(COUNT))
        compact(store, OPENED + KEEP + timedelta(days=1), KEEP)
    assert (path.stat().st_size - empty) / COUNT <= most


def test_of_a_ticket_that_goes_on_for_years_no_more_is_in_the_journal_than_of_one(tmp_path: Path) -> None:
    entries = []
    with Store(tmp_path / "state.db", write=True) as store:
        for year in range(4):
            at = OPENED + timedelta(days=400 * year)
            fill(store, KINDS["live, with 5 comments too"], range(20), at)
            compact(store, at, KEEP)
            entries.append(store.ask("SELECT count(*) FROM journal")[0][0])
    assert entries == [20 * 11] * 4


# --- what it costs to ask ---------------------------------------------------------------------------------------


class Recorder:
    """A connection that notes every statement."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        self.statements: set[str] = set()

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:  # noqa: ANN401 - sqlite3's own
        self.statements.add(statement)
        return self.database.execute(statement, *values)

    def executemany(self, statement: str, rows: Any) -> sqlite3.Cursor:  # noqa: ANN401 - likewise
        self.statements.add(statement)
        return self.database.executemany(statement, rows)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else a connection has
        return getattr(self.database, name)


PARTIAL = {"tickets_standing", "journal_open", "notices_open", "tickets_live"}
"""Indexes of what is open or goes on: a scan of one is as long as that is."""
WHOLE = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?|(tickets_source) \(source=\?\)$")

ROW = Row(SOURCE, Known(SITE, "1", "OPS-1", "Client A", "delivery", OPENED), live=True, wake_at=OPENED)
OWED = Obligation("update", "comment 5", 1)
STATE = SourceState(SITE, "cursor", OPENED)
NOTICE = Notice("mark", SITE, "1", "OPS-1", "https://a/1", "subject", "body", "high")
TICKET = {"1": Memory()}
UNDONE = Override("1", "esc:high", "why", "rule", OPENED)
LEFT = Remembered(STATE, [ROW], TICKET, {"3": "no date"}, OPENED, ["2"], [UNDONE])
INTENT = Intent(SITE, "1", "comment", {"said": [["update", "comment 5", 1]]})

ASKED: dict[str, Callable[[Store], object]] = {
    "asked_since": lambda store: store.asked_since(OPENED),
    "audited_at": lambda store: store.audited_at(),
    "clients": lambda store: store.clients(["Client A"]),
    "doubtful_notices": lambda store: store.doubtful_notices(SITE),
    "due": lambda store: store.due(SOURCE, OPENED),
    "find": lambda store: [store.find("OPS-1"), store.find("ops-1", SOURCE)],
    "gone": lambda store: store.gone("OPS-1"),
    "grant": lambda store: store.grant(SITE, "1", {("update", "comment 5"): Respite(OPENED)}),
    "ids": lambda store: store.ids(SOURCE),
    "intend": lambda store: store.intend("run", [INTENT], OPENED, [NOTICE]),
    "journal": lambda store: store.journal(SITE, "1"),
    "journal_since": lambda store: store.journal_since(),
    "last_runs": lambda store: store.last_runs(3),
    "listed": lambda store: store.listed([SOURCE]),
    "live ids": lambda store: store.ids(SOURCE, live_only=True),
    "memories": lambda store: store.memories(SITE, ["1"]),
    "moved": lambda store: store.moved(SOURCE, "another"),
    "next_wake": lambda store: store.next_wake(),
    "note_audit": lambda store: store.note_audit(OPENED),
    "observe": lambda store: store.observe(SITE, {"1": [Entry(1, OPENED, "status", "open", "closed")]}),
    "observed": lambda store: store.observed(SITE, ["1"]),
    "open_writes": lambda store: store.open_writes(),
    "overrides": lambda store: store.overrides(OPENED),
    "relearn": lambda store: store.relearn(SITE, "1", Memory(said=frozenset({"k7f3q2"})), OPENED, whole=True),
    "remember": lambda store: store.remember(SOURCE, LEFT),
    "rows": lambda store: store.rows(SITE, ["1"]),
    "settle": lambda store: store.settle([Settlement(1, SITE, "1", "settled", (OWED,), "7", Memory())], OPENED),
    "settle as failed": lambda store: store.settle([Settlement(1, SITE, "1", "failed")], OPENED),
    "settle as taken back": lambda store: store.settle([Settlement(1, SITE, "1", "settled", deleted="7")], OPENED),
    "settle_notice": lambda store: store.settle_notice("mark", "settled", OPENED),
    "source": lambda store: store.source(SOURCE),
    "sources": lambda store: store.sources(),
    "spoken": lambda store: store.spoken(SITE, "1"),
    "standing": lambda store: store.standing(OPENED),
    "stir": lambda store: store.stir([(SITE, "1")], OPENED),
    "suggested": lambda store: store.suggested("c0ffee", "billing", "why", OPENED),
    "suggestions": lambda store: store.suggestions(["c0ffee"]),
    "trouble": lambda store: store.trouble(SOURCE, "the tracker is down"),
    "undone_since": lambda store: store.undone_since(SOURCE, OPENED),
    "unread": lambda store: store.unread(SOURCE),
    "unsettled": lambda store: [store.unsettled(), store.unsettled(SITE), store.unsettled(SITE, SOURCE)],
    "waiting_notices": lambda store: store.waiting_notices(),
    "wake": lambda store: store.wake([(SITE, "1")], OPENED),
    "wakes": lambda store: store.wakes(SOURCE, OPENED),
    "watched": lambda store: store.watched(SOURCE),
    "written_by": lambda store: store.written_by("run"),
    "written_on": lambda store: store.written_on([SOURCE]),
    "written_since": lambda store: store.written_since(OPENED),
}
"""Every way to ask the store something, and to have it note something."""

SCANS = {
    "ids": {"tickets_source"},
    "listed": {"tickets_source"},
    "written_on": {"tickets_source"},
    "moved": {"tickets_source"},
    "last_runs": {"journal"},
    "written_by": {"journal"},
    "written_since": {"journal"},
    "overrides": {"overrides"},
    "sources": {"sources"},
}
"""What looks through all of something: the daily crawl, reports, and `undo`; no pass in which nothing happened."""


def scanned(store: Store, do: Callable[[Store], object]) -> set[str]:
    """The tables, and the index by source, that a call looks through from end to end."""
    database = store._database  # noqa: SLF001 - the wire is laid inside
    recorder = Recorder(database)
    store._database = cast("sqlite3.Connection", recorder)  # noqa: SLF001 - likewise
    do(store)
    store._database = database  # noqa: SLF001 - likewise
    plans = [
        line
        for statement in recorder.statements - {"BEGIN IMMEDIATE", "COMMIT"}
        for _, _, _, line in database.execute(f"EXPLAIN QUERY PLAN {statement}", (None,) * statement.count("?"))
    ]
    found = [match for line in plans if (match := WHOLE.search(line)) and match[2] not in PARTIAL]
    return {match[3] or match[1] for match in found} - {"json_each"}


def test_every_question_is_looked_at() -> None:
    housekeeping = {"ask", "tidy", "shrink", "close", "in_memory", "bytes", "place"}
    public = {name for name, _ in inspect.getmembers(Store, inspect.isroutine) if not name.startswith("_")}
    assert public - housekeeping == {name.split()[0] for name in ASKED} - {"live"}
    assert issubclass(Store, Archive)


@pytest.mark.parametrize("name", ASKED)
def test_nothing_is_looked_through_from_end_to_end_but_by_who_wants_it_whole(name: str) -> None:
    with Store.in_memory() as store:
        store.remember(SOURCE, LEFT)
        assert scanned(store, ASKED[name]) == SCANS.get(name, set())


def test_a_pass_in_which_nothing_happened_looks_through_nothing(tmp_path: Path) -> None:
    with agency(tmp_path) as firm:
        board = firm.board()
        board.create(**high())
        for minutes in (1, 20, 5):
            firm.run(minutes=minutes)
        firm.wait(minutes=5)
        assert scanned(firm.store, lambda _store: firm.run()) == set()


# --- what of people's words is in it ----------------------------------------------------------------------------

TITLE, TEXT, HEARD, ANSWERED = "Quittenmus", "Rhabarberkompott", "Stachelbeere", "Hagebutte"


def found(folder: Path, *words: str) -> set[str]:
    """Those of the words that stand anywhere in the state file or in what lies beside it."""
    told = b"".join(file.read_bytes() for file in folder.glob("state.db*")).lower()
    assert told
    return {word for word in words if word.lower().encode() in told}


@pytest.mark.parametrize("kind", [CloudHarness, StaffAsana, StaffXlsx], ids=lambda kind: kind.name)
def test_of_what_people_write_the_state_has_the_title_alone_and_that_only_while_the_ticket_goes_on(
    kind: type[Harness], tmp_path: Path
) -> None:
    with desk(kind, tmp_path) as scene:
        harness = scene.harness
        ticket = harness.create(f"The {TITLE} is late", text=f"Where is the {TEXT}?", severity="high")
        scene.run(minutes=1)
        harness.comment_as_client(ticket, f"We still wait for the {HEARD}")
        scene.run(minutes=20)
        harness.comment_as_staff(ticket, f"The {ANSWERED} comes tomorrow")
        scene.run(minutes=20)
        assert scene.ours(ticket)
        assert found(tmp_path, TITLE, TEXT, HEARD, ANSWERED) == {TITLE}
        harness.set_status(ticket, Status.CLOSED)
        scene.run(minutes=5)
        daily(scene.firm.store, scene.firm.now, KEEP)
        assert found(tmp_path, TITLE, TEXT, HEARD, ANSWERED) == set()


def test_what_a_person_is_told_is_in_the_state_only_until_it_is_sent(tmp_path: Path) -> None:
    told: list[Notice] = []

    class Post:
        def send(self, notice: Notice) -> None:
            if not told:
                told.append(notice)
                raise NotSentError("the mail server is away")
            told.append(notice)

    mailed = NotifySettings.model_validate({"severities": ["high"], "webhook": {"style": "plain"}})
    with agency(tmp_path, notify=mailed, notifier=Post()) as firm:
        board = firm.board()
        ticket = board.create(f"The {TITLE} is late", **high())
        firm.run(minutes=1)
        firm.run(minutes=20)
        assert len(told) == 1
        assert found(tmp_path, told[0].body) == {told[0].body}, "it is tried again"
        board.change(ticket, status=Status.CLOSED)
        firm.run(minutes=5)
        assert [TITLE in each.subject for each in told] == [True, True]
        daily(firm.store, firm.now, KEEP)
        assert found(tmp_path, TITLE, told[0].body) == set()
