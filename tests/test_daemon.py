"""The daemon as a service manager sees it: a real process, a real notify socket, signals, the lock and the log."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Self
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from fakes.faults import DropAfter
from office import LATE, MAKEGOOD, SECRET, Office, jira_cloud

from sync.service.service_manager import notify
from sync.state.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fakes.jira_cloud import JiraCloud
    from fakes.server import Exchange

PATIENCE = 30.0
"""Seconds after which a test that waits for the daemon fails instead of waiting on."""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    made = Office(tmp_path, monkeypatch)
    made.write("config.toml", 'interval = "1h"\n\n')
    return made


@pytest.fixture
def jira() -> Iterator[JiraCloud]:
    with jira_cloud() as fake:
        yield fake


class Service:
    """A daemon that was started with Type=notify; what it tells is taken in at once, as systemd does."""

    def __init__(self, office: Office, *arguments: str, **environment: str) -> None:
        address = office.folder / "notify"
        self.channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.channel.bind(str(address))
        self._told: SimpleQueue[str] = SimpleQueue()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        self.process = subprocess.Popen(
            [MAKEGOOD, "daemon", *arguments],
            cwd=office.folder,
            env={**os.environ, "NOTIFY_SOCKET": str(address), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def heard(self) -> str:
        """The next thing that it tells."""
        return self._told.get(timeout=PATIENCE)

    def told(self) -> list[str]:
        """Whatever it has told by now that was not asked for yet."""
        return [self._told.get() for _ in range(self._told.qsize())]

    def _listen(self) -> None:
        while words := self.channel.recv(100).decode():
            self._told.put(words)

    def close(self) -> None:
        """Nobody listens any more; the empty word ends the listener."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.connect(self.channel.getsockname())
            end.send(b"")
        self._listener.join()
        self.channel.close()

    def ended(self, by: signal.Signals | None = None) -> tuple[int, list[dict[str, Any]]]:
        """Its exit status, and its log, once it has ended."""
        if by is not None:
            self.process.send_signal(by)
        out, err = self.process.communicate(timeout=PATIENCE)
        assert out == ""
        return self.process.returncode, [json.loads(line) for line in err.splitlines()]


@contextmanager
def service(office: Office, *arguments: str, **environment: str) -> Iterator[Service]:
    made = Service(office, *arguments, **environment)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
            made.process.communicate()
        made.close()


def logged(log: list[dict[str, Any]], event: str, **known: object) -> list[dict[str, Any]]:
    return [line for line in log if line["event"] == event and known.items() <= line.items()]


def test_it_says_when_it_is_ready_alive_and_stopping_and_sigterm_ends_it_with_the_lock_free(
    office: Office, jira: JiraCloud
) -> None:
    office.jira(jira.url)
    with service(office, WATCHDOG_USEC="200000") as running:
        assert running.heard() == "READY=1"
        assert [running.heard() for _ in range(5)] == ["WATCHDOG=1"] * 5, "also while it rests"
        second = office.run()
        assert (second.status, second.out) == (5, "")
        assert f"another run (process {running.process.pid}) works on" in second.err
        assert office.run("daemon").status == 5
        assert office.run("status").status == 0
        status, log = running.ended(signal.SIGTERM)
        heard = [running.heard()]
        while heard[-1] == "WATCHDOG=1":
            heard.append(running.heard())
        assert heard[-1] == "STOPPING=1"
    assert status == 0
    with Store(office.folder / "state.db", write=True) as store:
        assert store.source("jira").last_good
    assert [line["event"] for line in log] == ["started", "pass", "stopped"]
    assert all(line["level"] == "info" and line["timestamp"].endswith("Z") for line in log)
    (done,) = logged(log, "pass", source="jira", mode="full", failed=0)
    assert done["run"]
    assert done["written"] == done["planned"] > 0
    assert [comment.author for comment in jira.issue("OPS-1").comments] == ["makegood"]


def test_pass_after_pass_it_writes_nothing_twice_and_numbers_each_pass(office: Office, jira: JiraCloud) -> None:
    office.write("config.toml", 'interval = "10s"\n\n')
    office.jira(jira.url)
    with service(office, "--passes", "1") as first:
        status, log = first.ended()
    assert status == 0
    writes = [request for request in jira.log if request.method == "PUT" or request.path.endswith("/comment")]
    office.patch.delenv("NOTIFY_SOCKET", raising=False)
    again = office.process("daemon", "--passes", "1")
    log += [json.loads(line) for line in again.err.splitlines()]
    assert (again.status, again.out) == (0, "")
    assert [line["planned"] for line in logged(log, "pass", source="jira")][1:] == [0]
    assert len({line["run"] for line in logged(log, "pass")}) == 2
    assert writes == [one for one in jira.log if one.method == "PUT" or one.path.endswith("/comment")]
    assert len(jira.issue("OPS-1").comments) == 1


def test_a_source_that_fails_stops_no_other_and_is_named_in_the_log(office: Office, jira: JiraCloud) -> None:
    office.jira(jira.url, "wrong")
    office.patch.setenv("MAKEGOOD_WRONG_TOKEN", f"not-{SECRET}")
    office.jira(jira.url, "lacking")
    office.patch.delenv("MAKEGOOD_LACKING_TOKEN")
    office.source()
    office.issues(LATE, LATE | {"ID": "T-8", "Status": "Parked"})
    office.jira(jira.url, "sound")
    with service(office, "--passes", "1", "-v") as running:
        status, log = running.ended()
        heard = [running.heard()]
        while heard[-1] != "STOPPING=1":
            heard.append(running.heard())
    assert heard[0] == "READY=1"
    assert status == 0
    assert len(logged(log, "source failed", source="wrong", level="error")) == 1
    (lacking,) = logged(log, "source failed", source="lacking", level="error")
    assert "There is no token for source 'lacking': set MAKEGOOD_LACKING_TOKEN" in lacking["why"]
    (failed,) = logged(log, "ticket failed", source="issues", ticket="T-8", level="warning")
    assert "status “…” is in no list" in failed["why"], "the word itself may be the client's"
    assert {line["source"] for line in logged(log, "pass")} == {"issues", "sound"}
    assert "esc:critical" in office.rows()["T-1"]["Labels"]
    assert "esc:critical" in jira.issue("OPS-1").fields["labels"]
    assert SECRET not in json.dumps(log)
    known = office.run("status", "--output", "json").json["sources"]
    assert {each["source"] for each in known if each["trouble"]} == {"wrong", "lacking"}


def test_what_the_guard_refuses_goes_through_by_the_command_that_the_log_tells(office: Office) -> None:
    office.source()
    office.source("others", path="others.csv")
    for file in ("issues.csv", "others.csv"):
        office.issues(LATE, LATE | {"ID": "T-2"}, file=file)
    office.write("own.toml", office.read("config.toml") + "[source.guard]\nactions = 1\n")
    (office.folder / "config.toml").unlink()
    with service(office, "--config", "own.toml", "--source", "others", "--passes", "1") as running:
        _, log = running.ended()
    (refused,) = logged(log, "plan refused", source="others", level="warning")
    assert {row["Labels"] for row in office.rows("others.csv").values()} == {""}
    command = re.search(r"let this one plan through: (makegood .* --approve \w{12}); nothing", refused["why"])
    assert command, refused["why"]
    typed = shlex.split(command[1])
    assert typed[1:-2] == ["--config", "own.toml", "--source", "others"]
    assert office.run(*typed[1:]).status == 0
    assert all("esc:critical" in row["Labels"] for row in office.rows("others.csv").values())
    assert {row["Labels"] for row in office.rows().values()} == {""}, "nobody asked for this one"


def test_sigterm_in_the_midst_of_writing_leaves_no_write_in_doubt_and_the_rest_to_the_next_run(
    office: Office, jira: JiraCloud
) -> None:
    first = jira.issue("OPS-1")
    now, jira.now = jira.now, first.created
    more = [jira.create_issue("OPS", first.fields["summary"], status="Open") for _ in range(8)]
    jira.now, issues = now, [first, *more]
    office.jira(jira.url)
    jira.latency = 0.1
    begun = threading.Event()
    jira.check = lambda exchange: begun.set() if exchange.request.method == "PUT" else None
    with service(office) as running:
        assert begun.wait(PATIENCE)
        status, log = running.ended(signal.SIGTERM)
    assert (status, log[-1]["event"]) == (0, "stopped")
    jira.latency = 0.0
    said = [len(issue.comments) for issue in issues]
    assert 0 in said
    (source,) = office.run("status", "--output", "json").json["sources"]
    assert source["open_writes"] == []
    assert office.run().status == 0
    assert [len(issue.comments) for issue in issues] == [1] * len(issues)
    assert all("esc:critical" in issue.fields["labels"] for issue in issues)


class Restless:
    """A daemon that rests a second only, whose log is read while it is written."""

    def __init__(self, office: Office) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", RESTLESS, "daemon"],
            cwd=office.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.log: list[dict[str, Any]] = []

    def until(self, event: str) -> dict[str, Any]:
        """The next line of the log about that event."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(json.loads(line))
            if self.log[-1]["event"] == event:
                return self.log[-1]
        raise AssertionError(f"it ended without {event!r}: {self.log}")

    def __enter__(self) -> Self:
        self._guard = threading.Timer(PATIENCE, self.process.kill)
        self._guard.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._guard.cancel()
        self.process.terminate()
        self.process.communicate(timeout=PATIENCE)


RESTLESS = """
from datetime import timedelta
from sync import cli
from sync.trackers import sources

sources._SHORTEST = timedelta(0)
cli.main()
"""


def test_an_edit_with_faults_is_told_once_and_changes_nothing_until_it_is_mended(office: Office) -> None:
    office.write("config.toml", 'interval = "1s"\ninterval_off_hours = "1s"\n\n')
    office.source()
    office.issues(LATE)
    office.mapping("workbook.toml", 'prefix = "esc:"', 'prefix = "due:"')

    def saved(before: str, after: str) -> None:
        """The mapping is edited as an editor saves it: whole, in one step."""
        office.write("edited", office.read("mappings/workbook.toml").replace(before, after))
        (office.folder / "edited").replace(office.folder / "mappings" / "workbook.toml")

    def reported(**issue: str) -> None:
        office.issues(*office.rows().values(), LATE | issue, file="added")
        (office.folder / "added").replace(office.folder / "issues.csv")

    with Restless(office) as running:
        assert running.until("pass")["written"] > 0

        saved('prefix = "due:"', 'prefx = "due:"\ncolour = "red"')
        refused = running.until("configuration refused")
        running.until("pass")
        reported(ID="T-9")
        while "due:critical" not in office.rows()["T-9"]["Labels"]:
            running.until("pass")

        saved('colour = "red"\n', "")
        still = running.until("configuration refused")
        saved('prefx = "due:"', 'prefix = "due:"')
        assert running.until("configuration mended")["changed"] is False

        saved('open = ["Open"', 'open = ["Newly come", "Open"')
        assert running.until("configuration changed")
        reported(ID="T-10", Status="Newly come")
        while "due:critical" not in office.rows()["T-10"]["Labels"]:
            running.until("pass")
    assert refused["faults"] == 2
    assert re.fullmatch(r"mappings/workbook.toml:\d+:1: labels.prefx: unknown key; .*'prefix'\?", refused["first"])
    assert "the last good configuration stays in force" in refused["now"]
    assert (still["faults"], still["first"]) == (1, refused["first"])
    assert [line["event"] for line in running.log if line["event"].startswith("configuration")] == [
        "configuration refused",
        "configuration refused",
        "configuration mended",
        "configuration changed",
    ]


def test_a_configuration_that_is_refused_ends_it_before_it_is_ready(office: Office) -> None:
    office.write("config.toml", 'intervall = "1h"\n')
    with service(office) as running:
        _, err = running.process.communicate(timeout=PATIENCE)
    assert running.told() == []
    assert running.process.returncode == 2
    assert "intervall: unknown key; did you mean 'interval'?" in err


def test_without_a_service_manager_it_tells_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    name = f"\0makegood-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(name)
        channel.setblocking(False)  # noqa: FBT003 - the socket's own
        monkeypatch.setenv("NOTIFY_SOCKET", name.replace("\0", "@"))
        notify("WATCHDOG=1")
        assert channel.recv(100) == b"WATCHDOG=1"
        with pytest.raises(BlockingIOError):
            channel.recv(100)


def waiting_for(answer: threading.Event) -> Callable[[Exchange], None]:
    """A host that answers nothing until then."""

    def silent(_exchange: Exchange) -> None:
        answer.wait(PATIENCE)

    return silent


def test_a_slow_host_delays_no_other(office: Office, jira: JiraCloud) -> None:
    office.write("config.toml", 'interval = "1s"\ninterval_off_hours = "1s"\n\n')
    answer = threading.Event()
    with jira_cloud() as slow:
        slow.check = waiting_for(answer)
        office.jira(slow.url, "slow")
        office.jira(jira.url, "sound")
        try:
            with Restless(office) as running:
                passes = [running.until("pass")["source"] for _ in range(3)]
        finally:
            answer.set()
    assert passes == ["sound"] * 3
    assert [comment.author for comment in jira.issue("OPS-1").comments] == ["makegood"]


def test_a_write_that_is_not_answered_holds_up_nobody_who_stops_it_and_is_looked_up_at_the_next_start(
    office: Office, jira: JiraCloud
) -> None:
    office.jira(jira.url)
    begun, answer = threading.Event(), threading.Event()

    def slow(exchange: Exchange) -> None:
        if exchange.request.path.endswith("/comment") and exchange.request.method == "POST":
            begun.set()
            answer.wait(PATIENCE)

    jira.check = slow
    try:
        with service(office) as running:
            assert begun.wait(PATIENCE)
            asked = time.monotonic()
            status, log = running.ended(signal.SIGTERM)
            assert time.monotonic() - asked < 10, "as the unit file and the documentation promise"
    finally:
        answer.set()
    jira.check = None
    assert (status, log[-1]["event"]) == (0, "stopped")
    assert log[-1]["unfinished"] == [jira.url.removeprefix("http://")]
    assert len(jira.issue("OPS-1").comments) == 1, "the server had taken it"
    assert office.run().status == 0
    (source,) = office.run("status", "--output", "json").json["sources"]
    assert source["open_writes"] == []
    assert len(jira.issue("OPS-1").comments) == 1


def test_sighup_has_an_edit_taken_up_at_once(office: Office) -> None:
    office.source()
    office.issues(LATE)
    office.mapping("workbook.toml", 'prefix = "esc:"', 'prefix = "due:"')
    with Restless(office) as running:
        running.until("pass")
        office.source("others")
        office.issues(LATE | {"ID": "T-2"}, file="others.csv")
        running.process.send_signal(signal.SIGHUP)
        assert running.until("configuration changed")
        assert {running.until("pass")["source"], running.until("pass")["source"]} == {"issues", "others"}
        (office.folder / "config.toml").write_text(
            (office.folder / "config.toml").read_text(encoding="utf-8").replace('"others"', '"extra"', 1),
            encoding="utf-8",
        )
        running.process.send_signal(signal.SIGHUP)
        while running.until("pass")["source"] != "extra":
            pass
        running.process.send_signal(signal.SIGHUP)
        assert running.until("configuration unchanged")["refused"] is False
    assert "due:critical" in office.rows("others.csv")["T-2"]["Labels"]


def test_a_sighup_that_takes_up_a_mend_or_meets_a_fault_does_not_call_it_unchanged_as_well(office: Office) -> None:
    office.source()
    office.issues(LATE)
    sound = office.read("config.toml")
    with Restless(office) as running:
        running.until("pass")
        for edited, event in [(sound + "colour = 1\n", "refused"), (sound, "mended")]:
            running.process.send_signal(signal.SIGHUP)
            running.until("configuration unchanged")  # it rests now, so edit and signal reach it together
            office.write("edited", edited)
            (office.folder / "edited").replace(office.folder / "config.toml")
            running.process.send_signal(signal.SIGHUP)
            running.until(f"configuration {event}")
        running.process.send_signal(signal.SIGHUP)
        running.until("configuration unchanged")
    assert [line["event"] for line in running.log if line["event"].startswith("configuration")] == [
        "configuration unchanged",
        "configuration refused",
        "configuration unchanged",
        "configuration mended",
        "configuration unchanged",
    ]


def test_a_source_that_was_taken_out_while_a_write_of_it_is_in_doubt_is_named(
    office: Office, jira: JiraCloud
) -> None:
    office.source()
    office.issues(LATE)
    alone = office.read("config.toml")
    office.jira(jira.url)
    jira.script(DropAfter(), method="POST", path="/comment$")
    office.run()
    office.write("config.toml", alone)
    with service(office, "--passes", "1") as running:
        _, log = running.ended()
    (gone,) = logged(log, "source gone", source="jira", writes_in_doubt=1, level="warning")
    assert "put it back until they are looked up" in gone["now"]
    assert logged(log, "pass", source="issues"), "the rest goes on"


def test_a_source_that_was_taken_out_while_its_tickets_are_live_is_named(office: Office, jira: JiraCloud) -> None:
    office.source()
    office.issues(LATE)
    alone = office.read("config.toml")
    office.jira(jira.url)
    assert office.run().status == 0
    office.write("config.toml", alone)
    with service(office, "--passes", "1") as running:
        _, log = running.ended()
    (gone,) = logged(log, "source gone", source="jira", writes_in_doubt=0, live_tickets=1, level="warning")
    assert gone["now"] == "if that is not meant, put it back: nobody watches its tickets any more"


def test_the_watchdog_hears_nothing_while_a_lane_shows_no_progress(office: Office, jira: JiraCloud) -> None:
    office.jira(jira.url)
    begun, answer = threading.Event(), threading.Event()

    def silent(_exchange: Exchange) -> None:
        begun.set()
        answer.wait(PATIENCE)

    jira.check = silent
    try:
        with service(office, WATCHDOG_USEC="1000000") as running:
            assert begun.wait(PATIENCE)
            quiet = 0
            while quiet < 3:  # seconds in a row; systemd waits for one
                time.sleep(1)
                quiet = 0 if "WATCHDOG=1" in running.told() else quiet + 1
            answer.set()
            while running.heard() != "WATCHDOG=1":
                pass
            running.ended(signal.SIGTERM)
    finally:
        answer.set()


def asked(port: int, page: str) -> tuple[int, str]:
    """What the daemon answers at one of its addresses."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{page}", timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refused:
        return refused.code, refused.read().decode()


def listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def test_it_answers_how_it_is(office: Office, jira: JiraCloud) -> None:
    office.jira(jira.url)
    port = free_port()
    office.write("config.toml", office.read("config.toml") + f'[metrics]\nlisten = "127.0.0.1:{port}"\n')
    with service(office, WATCHDOG_USEC="1000000") as running:
        assert running.heard() == "READY=1"
        assert asked(port, "/healthz") == (200, "ok\n")
        while asked(port, "/readyz")[0] != 200:
            time.sleep(0.1)
        told = ""
        while not ("next_pass_timestamp_seconds{" in told and "actions_total{" in told):
            time.sleep(0.1)
            told = asked(port, "/metrics")[1]
        running.ended(signal.SIGTERM)
    host = jira.url.removeprefix("http://")
    assert f'makegood_requests_total{{host="{host}",method="PUT",status="204"}} 1.0' in told
    assert 'makegood_actions_total{kind="add_comment",source="jira"} 1.0' in told
    assert 'makegood_next_pass_timestamp_seconds{source="jira"}' in told
    assert SECRET not in told


def test_whoever_watches_over_it_may_be_away(office: Office) -> None:
    """The port is taken, nobody hears the heartbeat, and the file's folder is not there: each is said once."""
    office.source()
    office.issues(LATE)
    office.patch.setenv("MAKEGOOD_HEARTBEAT_TOKEN", f"http://127.0.0.1:{free_port()}/ping")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        more = f'[heartbeat]\n[metrics]\nlisten = "127.0.0.1:{port}"\ntextfile = "away/makegood.prom"\n'
        office.write("config.toml", office.read("config.toml") + more)
        with service(office, WATCHDOG_USEC="400000") as running:
            heard = [running.heard() for _ in range(10)]
            taken.close()
            while running.heard() != "WATCHDOG=1" or not listens(port):
                pass
            _, log = running.ended(signal.SIGTERM)
    assert heard[-1] == "WATCHDOG=1"
    assert logged(log, "figures served again")
    (unserved,) = logged(log, "figures not served")
    assert f"port {port} of 127.0.0.1 cannot be had" in unserved["why"]
    (unwritten,) = logged(log, "figures not written")
    assert "away" in unwritten["why"]
    assert [line for line in log if "heartbeat" in json.dumps(line)]
    (done,) = logged(log, "pass", source="issues")
    assert done["written"] > 0
