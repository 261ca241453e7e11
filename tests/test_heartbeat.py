"""The sign of life: heard while all is well, silent when it is not, and never in the way of a pass."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from fakes.faults import DropBefore, Hang, Reply
from fakes.server import Answer, FakeServer
from office import LATE, Office

from sync.errors import ConfigurationError, CredentialsError, NotSentError
from sync.monitoring.heartbeat import Heart
from sync.settings import HeartbeatSettings, heartbeat_address, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.faults import Fault
    from fakes.server import Request

SECRET = "c0ffee-never-shown"


class Watcher(FakeServer):
    """Takes note of each sign of life."""

    def answer(self, request: Request) -> Answer:
        """Well heard."""
        assert (request.method, request.path) == ("GET", f"/ping/{SECRET}")
        assert "authorization" not in request.headers
        return Answer(body={"ok": True})

    @property
    def address(self) -> str:
        return f"{self.url}/ping/{SECRET}"


@dataclass
class Stopwatch:
    """A clock that is moved by hand."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    with Watcher() as serving:
        yield serving


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(tmp_path, monkeypatch)


def heart(address: str, clock: Stopwatch | None = None) -> Heart:
    settings = HeartbeatSettings.model_validate({"every": "5m"})
    return Heart(settings, address, clock=clock or Stopwatch())


def rested(heart: Heart) -> None:
    """Wait until nobody is asked any more."""
    asking = heart._asking  # noqa: SLF001 - else a test would have to guess how long it takes
    if asking:
        asking.join(10)


def test_it_is_heard_at_most_once_in_its_time_and_only_while_all_is_well(watcher: Watcher) -> None:
    clock = Stopwatch()
    beating = heart(watcher.address, clock)
    beating.beat(good=False)
    for seconds in (0, 1, 299, 300, 301, 650):
        clock.seconds = seconds
        beating.beat(good=True)
        rested(beating)
    assert len(watcher.log) == 3
    clock.seconds = 1_000
    beating.beat(good=False)
    rested(beating)
    assert len(watcher.log) == 3


def test_nobody_waits_for_an_answer_and_no_second_question_is_asked_meanwhile(watcher: Watcher) -> None:
    clock = Stopwatch()
    beating = heart(watcher.address, clock)
    with watcher.lock:  # no answer comes while it is held
        for seconds in (0, 300, 600):
            clock.seconds = seconds
            beating.beat(good=True)
    rested(beating)
    assert len(watcher.log) == 1


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Reply(404), "answered 404"),
        (Reply(500), "answered 500"),
        (Reply(302, headers={"Location": "http://127.0.0.1:1/"}), "answered 302: it points elsewhere"),
        (DropBefore(), "could not be reached"),
        (Hang(), "could not be reached"),
    ],
    ids=["no such check", "ill", "moved", "cut", "silent"],
)
def test_what_keeps_it_from_being_heard_is_told_without_its_address(
    watcher: Watcher, fault: Fault, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.monitoring.heartbeat.PATIENCE", 0.2)
    watcher.script(fault)
    with pytest.raises(NotSentError, match=told) as caught:
        heart(watcher.address).ask()
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_silence_is_logged_once_and_so_is_its_end(watcher: Watcher, caplog: pytest.LogCaptureFixture) -> None:
    clock = Stopwatch()
    beating = heart(watcher.address, clock)
    watcher.script(Reply(503), times=3)
    for number in range(5):
        clock.seconds = number * 300
        beating.beat(good=True)
        rested(beating)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "the heartbeat's address answered 503; whoever listens there will alarm, while all else goes on",
        "the heartbeat is heard again",
    ]
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "address", ["http://watch.example/x", "watch.example/x", "ftp://127.0.0.1/", "https://a@b/"]
)
def test_what_is_no_safe_address_is_refused_without_being_shown(address: str) -> None:
    with pytest.raises(CredentialsError, match="is no address that begins with https://") as caught:
        heart(address)
    assert address not in str(caught.value)


# --- the settings -----------------------------------------------------------------------------------------------


def test_its_address_is_found_as_a_token_is_and_stands_in_no_file(office: Office) -> None:
    office.source()
    with pytest.raises(CredentialsError, match="set MAKEGOOD_HEARTBEAT_TOKEN, or put it into the file heartbeat"):
        heartbeat_address()
    office.write("heartbeat.token", f"https://watch.example/{SECRET}\n")
    office.patch.setenv("CREDENTIALS_DIRECTORY", str(office.folder))
    assert heartbeat_address().get_secret_value() == f"https://watch.example/{SECRET}"
    office.write(
        "config.toml", office.read("config.toml") + f'[heartbeat]\nurl = "https://watch.example/{SECRET}"\n'
    )
    ran = office.run("check")
    assert ran.status == 2
    assert "set MAKEGOOD_HEARTBEAT_TOKEN or put it into heartbeat.token" in " ".join(ran.err.split())
    assert SECRET not in ran.out + ran.err
    office.write("config.toml", "[heartbeat]\n")
    office.source()
    (office.folder / "heartbeat.token").chmod(0o644)
    assert "heartbeat.token holds a token, and every user of this machine can read it" in office.run("check").out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('every = "1s"', 'heartbeat.every: must be "10s" or more'),
        ('evry = "5m"', "unknown key; did you mean 'every'?"),
    ],
)
def test_a_slip_is_told_with_its_remedy(office: Office, text: str, told: str) -> None:
    office.write("config.toml", f"[heartbeat]\n{text}\n")
    office.source()
    with pytest.raises(ConfigurationError) as caught:
        load_settings(office.folder / "config.toml")
    assert told in str(caught.value)


def test_a_source_that_would_share_its_secret_is_refused(office: Office) -> None:
    office.write("config.toml", "[heartbeat]\n")
    office.source("heartbeat")
    with pytest.raises(ConfigurationError, match=r"\[heartbeat\] reads MAKEGOOD_HEARTBEAT_TOKEN too"):
        load_settings(office.folder / "config.toml")


# --- single runs ------------------------------------------------------------------------------------------------


@contextmanager
def watched(office: Office) -> Iterator[Watcher]:
    """A folder whose runs are watched over."""
    office.write("config.toml", "[heartbeat]\n")
    office.source()
    office.issues(LATE)
    with Watcher() as watcher:
        office.patch.setenv("MAKEGOOD_HEARTBEAT_TOKEN", watcher.address)
        yield watcher


def test_a_single_run_is_heard_if_it_served_every_source(office: Office) -> None:
    with watched(office) as watcher:
        assert office.run("--dry-run").status == 0
        assert office.run("--only", "T-1").status == 0
        assert watcher.log == []
        assert office.run().status == 0
        assert len(watcher.log) == 1
        office.source("absent")
        assert office.run().status == 1
        assert len(watcher.log) == 1


def test_a_run_that_is_not_heard_says_so_and_is_as_good_as_any(office: Office) -> None:
    with watched(office) as watcher:
        watcher.script(Reply(410))
        ran = office.run()
        assert ran.status == 0
        assert ran.err == "warning: the heartbeat's address answered 410\n"
        office.patch.delenv("MAKEGOOD_HEARTBEAT_TOKEN")
        ran = office.run()
    assert ran.status == 0
    assert "There is no token for [heartbeat] (its address): set MAKEGOOD_HEARTBEAT_TOKEN" in ran.err
