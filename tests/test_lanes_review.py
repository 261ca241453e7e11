"""Lanes where hosts, sources and tickets do not match one to one."""

from __future__ import annotations

import signal
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import structlog
from fakes.memory_tracker import Refused
from office import LATE
from passes import agency, high
from test_daemon import PATIENCE, Restless, jira, office
from test_side_by_side import one_pass

from sync.errors import ForbiddenError
from sync.service.lane import Lane, Turn
from sync.trackers.sources import WorkbookSource, host_of

if TYPE_CHECKING:
    from fakes.jira_cloud import JiraCloud
    from fakes.server import Exchange
    from office import Office

    from sync.service.reload import Configuration

__all__ = ["jira", "office"]
OFTEN = 'interval = "1s"\ninterval_off_hours = "1s"\n\n'
UNGUARDED = "[source.guard]\nunclassified = 1\nactions = 1000\n"


def test_a_source_whose_address_is_changed_in_the_midst_of_a_pass_says_nothing_twice(
    office: Office, jira: JiraCloud
) -> None:
    first = jira.issue("OPS-1")
    now, jira.now = jira.now, first.created
    issues = [first, *(jira.create_issue("OPS", first.fields["summary"], status="Open") for _ in range(40))]
    jira.now = now
    office.write("config.toml", OFTEN)
    office.jira(jira.url, site="acme")
    office.write("config.toml", office.read("config.toml") + UNGUARDED)
    jira.latency = 0.25
    begun = threading.Event()
    jira.check = lambda exchange: begun.set() if exchange.request.path.endswith("/search/jql") else None
    with Restless(office) as running:
        assert begun.wait(PATIENCE)
        office.write("config.toml", office.read("config.toml").replace("127.0.0.1", "localhost"))
        running.process.send_signal(signal.SIGHUP)
        running.until("configuration changed")
        runs = {running.until("pass")["run"], running.until("pass")["run"]}
    assert len(runs) == 2
    assert [len(issue.comments) for issue in issues] == [1] * len(issues)


def test_what_ends_it_is_told_though_another_host_does_not_answer(office: Office, jira: JiraCloud) -> None:
    office.write("config.toml", OFTEN)
    office.jira(jira.url)
    office.source()
    office.issues(LATE)
    begun, answer = threading.Event(), threading.Event()

    def silent(_exchange: Exchange) -> None:
        begun.set()
        answer.wait(PATIENCE)

    jira.check = silent
    try:
        with Restless(office) as running:
            assert begun.wait(PATIENCE)
            with closing(sqlite3.connect(office.folder / "state.db")) as state, state:
                state.execute("UPDATE meta SET value = value + 1 WHERE key = 'epoch'")
            assert "another run took over" in running.until("fault")["why"]
            assert running.process.wait(PATIENCE) == 5
    finally:
        answer.set()


def test_one_site_by_two_addresses_is_told_once(office: Office, jira: JiraCloud) -> None:
    office.write("config.toml", OFTEN)
    office.jira(jira.url, "one", site="acme")
    office.jira(jira.url.replace("127.0.0.1", "localhost"), "two", site="acme")
    jira.latency = 0.3
    with Restless(office) as running:
        running.until("pass")
        running.until("pass")
    assert len(jira.issue("OPS-1").comments) == 1


def test_a_ticket_of_a_source_that_observes_is_not_written_by_one_that_stands_below_it(tmp_path: Path) -> None:
    with agency(tmp_path) as firm:
        first = firm.board("first", site="one site", settings={"mode": "observe"})
        second = firm.board("second", site="one site")
        assert first.create(**high()) == (ticket := second.create(**high()))
        firm.wait(minutes=20)
        one_pass(firm, "first")
        one_pass(firm, "second")
        assert not second.ours(ticket)


def test_two_sheets_of_one_file_are_served_in_one_lane() -> None:
    sheets = [
        WorkbookSource(tracker="workbook", name=name, path=Path("issues.xlsx"), site=name) for name in ("a", "b")
    ]
    assert len({host_of(sheet) for sheet in sheets}) == 1


def test_one_ticket_that_always_fails_does_not_keep_the_others_clocks_from_being_heeded(tmp_path: Path) -> None:
    begun = datetime.now(UTC) - timedelta(minutes=1)
    with agency(tmp_path, now=begun - timedelta(hours=1)) as firm:
        board = firm.board()
        board.create(**high())
        firm.wait(minutes=45, seconds=20)
        board.create(**high())
        firm.wait(minutes=14, seconds=40)
        board.script("comment", *[Refused(ForbiddenError("no"))] * 9)
        program = firm.program(firm.store)
        one_pass(firm, "desk", program)
        unedited: Any = SimpleNamespace(program=program)
        lane = Lane(
            "desk",
            cast("Configuration", unedited),
            threading.Event(),
            structlog.get_logger(),
            ended=lambda *_: None,
            held=lambda _: timedelta(),
            wake=lambda: None,
        )
        assert lane._is_due(Turn(program.sources[0], due=inf, begun=begun))  # noqa: SLF001 - else an hour's wait
