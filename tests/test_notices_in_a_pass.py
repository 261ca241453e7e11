"""Notices in whole passes: after the comment that asks, once, and only for what was really said."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from datetime import datetime, timedelta
from textwrap import dedent
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

import passes
import pytest
from fakes.mail_server import MailServer
from fakes.memory_tracker import Lost, Refused
from office import DONE, INVOICE, LATE, MAKEGOOD, NOW, Office
from passes import agency, high
from tickets import policy

from sync.errors import ForbiddenError
from sync.notify import Channels, Mail
from sync.notify_models import NotifySettings
from sync.state.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from passes import Agency

PARTNER, DESK = "partner@agency.example", "desk@agency.example"
BY = policy(
    severity=passes.SEVERITY,
    escalation=passes.ESCALATION,
    clients='[roles]\nlead = ["Lead"]\npartner = ["Partner"]\n' + passes.CLIENTS,
)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as serving:
        yield serving


@pytest.fixture
def firm(tmp_path: Path, server: MailServer) -> Iterator[Agency]:
    """An agency that mails its partner of what is critical or high."""
    told = notifying(server)
    assert told.smtp
    with agency(tmp_path, by=BY, notify=told, notifier=Channels(Mail(told.smtp), None)) as made:
        yield made


def notifying(server: MailServer, **more: Any) -> NotifySettings:  # noqa: ANN401 - any setting
    smtp = {"host": "127.0.0.1", "port": server.port, "security": "none", "from": "makegood@agency.example"}
    return NotifySettings.model_validate({"to": {"partner": [PARTNER]}, "smtp": smtp, **more})


def subjects(server: MailServer) -> list[str]:
    return [str(mail["Subject"]) for mail in server.mails]


def text_of(server: MailServer) -> str:
    (mail,) = server.mails
    return str(mail.get_content()).replace("\r\n", "\n").strip()


def test_a_hand_over_is_mailed_once_to_whom_it_asks_after_it_is_written(firm: Agency, server: MailServer) -> None:
    board = firm.board()
    number = board.create("The portal is down", fields={"severity": "critical"})
    when: list[tuple[str, int]] = []
    board.step = lambda point, _ticket: when.append((point, len(server.mails)))
    for minutes in (5, 15, 5, 5):
        firm.run(minutes=minutes)
    assert ("after comment", 0) in when
    assert (server.rcpt, subjects(server)) == ([PARTNER], ["A-1: The portal is down"])
    assert text_of(server) == board.ours(number)[0].text
    assert len(board.ours(number)) == 1


def test_what_nobody_has_taken_is_mailed_again_when_it_is_said_again(firm: Agency, server: MailServer) -> None:
    board = firm.board()
    number = board.create("The portal is down", fields={"severity": "critical"})
    for minutes in (20, 60, 60):
        firm.run(minutes=minutes)
    assert len(board.ours(number)) == len(server.mails) == 2


@pytest.mark.parametrize("mode", ["observe", "labels"])
def test_a_source_that_does_not_comment_mails_nobody(firm: Agency, server: MailServer, mode: str) -> None:
    firm.board(settings={"mode": mode}).create(**high())
    firm.run(minutes=20)
    assert server.mails == []
    assert firm.store.waiting_notices() == []


def test_a_dry_run_mails_nobody(firm: Agency, server: MailServer) -> None:
    firm.board().create(**high())
    firm.run()
    firm.wait(minutes=20)
    firm.dry_run()
    assert server.mails == []
    firm.run()
    assert server.rcpt == [PARTNER]


def test_it_is_off_unless_it_is_configured(tmp_path: Path) -> None:
    with agency(tmp_path, by=BY) as made:
        number = made.board().create(**high())
        made.run(minutes=20)
        assert made.boards[0].ours(number)
        assert made.store.waiting_notices() == []


@pytest.mark.parametrize(
    ("severities", "severity", "mailed"),
    [(["critical"], "high", 0), (["critical"], "critical", 1), (["critical", "high"], "high", 1)],
)
def test_only_the_severities_that_are_asked_for_are_mailed(
    firm: Agency, server: MailServer, severities: list[str], severity: str, mailed: int
) -> None:
    firm.notify = notifying(server, severities=severities)
    firm.board().create(fields={"severity": severity})
    firm.run(minutes=20)
    assert len(server.mails) == mailed


def test_of_a_confidential_ticket_only_key_and_address_are_mailed(firm: Agency, server: MailServer) -> None:
    firm.board().create("He was rude to M. Smith", **high())
    firm.run(minutes=20)
    assert (subjects(server), text_of(server)) == (["A-1"], "https://tracker.example/A-1")


# --- the comment that fails, or of which nobody knows ------------------------------------------------------------


def test_nobody_is_told_of_a_comment_that_failed_until_it_is_written(firm: Agency, server: MailServer) -> None:
    board = firm.board()
    number = board.create(**high())
    board.script("comment", Refused(ForbiddenError("no right to comment")))
    firm.run(minutes=20)
    assert (server.mails, board.ours(number)) == ([], [])
    firm.run(minutes=5)
    assert (len(board.ours(number)), server.rcpt) == (1, [PARTNER])


@pytest.mark.parametrize(
    ("applied", "rounds"),
    [("now", [5]), (timedelta(minutes=7), [5, 5]), ("never", [5, 5, 5])],
    ids=["it was written", "it was written late", "it was not written"],
)
def test_a_comment_whose_answer_was_lost_is_mailed_once_when_it_is_known_to_stand_there(
    firm: Agency, server: MailServer, applied: Literal["now", "never"] | timedelta, rounds: list[int]
) -> None:
    board = firm.board()
    number = board.create(**high())
    board.script("comment", Lost(applied))
    firm.run(minutes=20)
    assert server.mails == []
    for minutes in rounds:
        firm.run(minutes=minutes)
    for _ in range(3):
        firm.run(minutes=5)
    assert (len(board.ours(number)), server.rcpt) == (1, [PARTNER])


class CrashError(BaseException):
    """The end of the process: whatever was not committed is lost."""


@pytest.mark.parametrize("mailed", [True, False], ids=["after the mail", "before the mail"])
def test_a_crash_while_it_is_mailed_never_mails_it_twice(
    firm: Agency, server: MailServer, monkeypatch: pytest.MonkeyPatch, *, mailed: bool
) -> None:
    number = firm.board().create(**high())
    true = Channels.send

    def last(self: Channels, notice: Any) -> None:  # noqa: ANN401 - a notice
        if mailed:
            true(self, notice)
        raise CrashError

    with monkeypatch.context() as patch:
        patch.setattr(Channels, "send", last)
        with pytest.raises(CrashError):
            firm.run(minutes=20)
    for _ in range(3):
        firm.restart()
        firm.run(minutes=11)
    assert (len(firm.boards[0].ours(number)), len(server.mails)) == (1, int(mailed))
    assert len(firm.store.doubtful_notices("site of desk")) == 1, "and status tells that nobody knows"


@pytest.mark.parametrize("point", ["intend", "settle", "remember"])
def test_a_crash_between_comment_and_notice_loses_neither(
    firm: Agency, server: MailServer, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    number = firm.board().create(**high())
    true = getattr(Store, point)

    def last(*given: Any, **named: Any) -> None:  # noqa: ANN401 - whatever the method takes
        true(*given, **named)
        raise CrashError

    with monkeypatch.context() as patch:
        patch.setattr(Store, point, last)
        with pytest.raises(CrashError):
            firm.run(minutes=20)
    for _ in range(4):
        firm.restart()
        firm.run(minutes=11)
    assert (len(firm.boards[0].ours(number)), server.rcpt) == (1, [PARTNER])


def test_a_mail_server_that_is_down_keeps_no_comment_back_and_gets_the_mail_later(
    firm: Agency, server: MailServer
) -> None:
    number = firm.board().create(**high())
    server.answers = {"MAIL": "451 4.3.0 try later"}
    (sight,) = firm.run(minutes=20)
    assert len(firm.boards[0].ours(number)) == 1
    (failed,) = sight.plan.failed
    assert (failed.key, failed.what) == ("A-1", f"notice to {PARTNER}")
    server.answers = {}
    firm.run(minutes=5)
    assert server.rcpt == [PARTNER]


# --- as it is shipped and run ------------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: MailServer) -> Office:
    """An operator's folder with [notify] and the shipped mappings."""
    made = Office(tmp_path, monkeypatch)
    text = f"""\
        interval = "1h"
        [notify]
        to = {{ managing_partner = ["{PARTNER}"] }}
        always = ["{DESK}"]
        [notify.smtp]
        host = "127.0.0.1"
        port = {server.port}
        security = "none"
        from = "makegood@agency.example"

        """
    made.write("config.toml", dedent(text))
    made.source()
    return made


def test_one_pass_mails_and_the_next_one_does_not(office: Office, server: MailServer) -> None:
    office.issues(LATE, INVOICE, DONE)
    assert office.at(NOW, "--dry-run").status == 0
    assert server.mails == []
    for _ in range(2):
        assert office.at(NOW).status == 0
    assert sorted(zip(server.rcpt, subjects(server), strict=True)) == [
        (DESK, "T-1: The portal is down"),
        (DESK, "T-2: 請求書の合計が違います"),
        (PARTNER, "T-1: The portal is down"),
    ]


def test_the_daemon_mails_too(office: Office, server: MailServer) -> None:
    early = f"{datetime.now(ZoneInfo('Europe/Berlin')) - timedelta(hours=5):%Y-%m-%d %H:%M}"
    office.issues(LATE | {"Created": early})
    daemon = subprocess.Popen(
        [MAKEGOOD, "daemon"], cwd=office.folder, env={**os.environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        arrived = threading.Event()
        for _ in range(300):
            if len(server.mails) == 2 or daemon.poll() is not None:
                break
            arrived.wait(0.1)
    finally:
        daemon.send_signal(signal.SIGTERM)
        _, errors = daemon.communicate(timeout=30)
    assert daemon.returncode == 0, errors.decode()
    assert sorted(server.rcpt) == [DESK, PARTNER]
    assert set(subjects(server)) == {"T-1: The portal is down"}
