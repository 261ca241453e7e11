"""What the daemon does beside its passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from office import Office, jira_cloud

from sync.service.chores import Chores
from sync.service.reload import Configuration
from sync.startup import program
from sync.state.store import Store
from sync.trackers.pace import Paces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping

    from fakes.jira_cloud import JiraCloud


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.chdir(tmp_path)
    return Office(tmp_path, monkeypatch)


@pytest.fixture
def jira(office: Office) -> Iterator[JiraCloud]:
    with jira_cloud() as fake:
        office.jira(fake.url)
        assert office.run().status == 0
        yield fake


def looked_after(at: datetime) -> tuple[dict[Any, int], list[MutableMapping[str, Any]]]:
    """What the chores of that moment told: the audit's counts, and the log."""
    configuration, found = Configuration(Path("config.toml")), dict[Any, int]()

    def told(counts: Mapping[Any, int]) -> None:
        found.update(counts)

    with Store(Path("state.db"), write=True) as store, structlog.testing.capture_logs() as log:
        configuration.begin(lambda settings, policy: program(settings, policy, store))
        Chores(configuration, store, (), Paces(), Event(), told, structlog.get_logger()).look(at)
    return found, log


def test_each_week_the_tickets_are_held_against_the_state_and_drift_is_logged(
    office: Office, jira: JiraCloud
) -> None:
    now = datetime.now(UTC)
    assert looked_after(now)[0] == {}, "it has only begun to count"
    assert looked_after(now + timedelta(days=6))[0] == {}
    jira.issue("OPS-1").comments.clear()
    jira.log.clear()
    with Store(office.folder / "state.db", write=True) as store:
        store.note_audit(now - timedelta(days=7))
    found, log = looked_after(now)
    assert found["jira", "comment_gone"] == 1
    (drift,) = [line for line in log if line["event"] == "drift"]
    assert (drift["source"], drift["kind"], drift["log_level"]) == ("jira", "comment_gone", "warning")
    assert looked_after(now + timedelta(minutes=10))[0] == {}, "once a week"
    asked = {request.path for request in jira.log if request.method != "GET"}
    assert asked <= {"/rest/api/3/search/jql", "/rest/api/3/issue/bulkfetch"}, "it only reads"


def test_an_audit_may_be_switched_off(office: Office, jira: JiraCloud) -> None:
    office.write("config.toml", 'audit_every = "0m"\n' + office.read("config.toml"))
    with Store(office.folder / "state.db", write=True) as store:
        store.note_audit(datetime.now(UTC) - timedelta(days=700))
    jira.log.clear()
    assert looked_after(datetime.now(UTC))[0] == {}
    assert jira.log == []


def test_a_chore_that_fails_is_told_and_keeps_from_no_other(office: Office, jira: JiraCloud) -> None:
    with Store(office.folder / "state.db", write=True) as store:
        store.note_audit(datetime.now(UTC) - timedelta(days=7))
    office.patch.setattr("sync.service.chores.daily", lambda *_: 1 / 0)
    found, log = looked_after(datetime.now(UTC))
    assert ("jira", "comment_gone") in found
    (failed,) = [line for line in log if line["event"] == "chore failed"]
    assert failed["chore"] == "tidy"
    assert "ZeroDivisionError" in failed["why"]
    assert jira.issue("OPS-1").comments
