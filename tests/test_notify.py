"""Notices: over a real SMTP server and a real HTTP server, each sent once or not at all, whatever happens."""

from __future__ import annotations

import logging
import re
import socket
import ssl
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from fakes.faults import DropAfter, DropBefore, Hang, Reply
from fakes.mail_server import MailServer
from fakes.server import Answer, FakeServer
from office import LATE, Office
from tickets import CLIENT, CONSULTANT, ticket

from sync.action import Failed, Obligation
from sync.errors import ConfigurationError, CredentialsError, LostAnswerError, NotSentError
from sync.legible import inert
from sync.notices import deliver
from sync.notify import Channels, Mail, Webhook, addressed, composed, notifier
from sync.notify_models import NotifySettings, SmtpSettings, WebhookSettings
from sync.settings import load, load_settings, notify_secret
from sync.state.records import WEBHOOK, Intent, Notice, Remembered, Settlement, SourceState
from sync.state.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from fakes.faults import Fault
    from fakes.server import Request

    from sync.state.records import Outcome

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PARTNER = "partner@agency.example"
URL = "https://tracker.example/browse/OPS-7"
SECRET = "s3cret-never-shown"
NOTICE = Notice(
    "k7f3q2abcdef/x", "site", "7", "OPS-7", URL, "Critical: OPS-7", f"The portal is down.\n\n{URL}", "critical",
    ("managing_partner",), to=PARTNER,
)  # fmt: skip
CRITICAL = Obligation("escalation", "created", 1)


def smtp(port: int, **more: Any) -> SmtpSettings:  # noqa: ANN401 - any setting
    told = {"host": "127.0.0.1", "port": port, "security": "none", "from": "makegood@agency.example", **more}
    return SmtpSettings.model_validate(told)


def text_of(mail: EmailMessage) -> str:
    """The text of a mail, in which lines end with CR and LF on the way."""
    return str(mail.get_content()).replace("\r\n", "\n")


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as serving:
        yield serving


# --- mail -------------------------------------------------------------------------------------------------------


def test_a_notice_arrives_as_a_plain_mail_that_says_what_it_is(server: MailServer) -> None:
    Mail(smtp(server.port)).send(NOTICE)
    (mail,) = server.mails
    assert server.rcpt == [PARTNER]
    assert {name: mail[name] for name in ("From", "To", "Subject", "Auto-Submitted")} == {
        "From": "makegood@agency.example",
        "To": PARTNER,
        "Subject": "Critical: OPS-7",
        "Auto-Submitted": "auto-generated",
    }
    assert (mail.get_content_type(), mail.get_content_charset()) == ("text/plain", "utf-8")
    assert text_of(mail) == f"The portal is down.\n\n{URL}\n"


@pytest.mark.parametrize(
    "body",
    [
        "請求書の合計が違います。\n次の更新は明日です。",
        ".\n..\n.lone dots",
        f"{'a long line ' * 200}end",
        "Привет, \ud800!",
    ],
    ids=["Japanese", "lines of dots", "a line of 2,400 characters", "half a character"],
)
def test_what_people_write_arrives_as_they_wrote_it(server: MailServer, body: str) -> None:
    Mail(smtp(server.port)).send(replace(NOTICE, subject=body, body=body))
    (mail,) = server.mails
    whole = body.replace("\ud800", "")
    assert text_of(mail) == whole + "\n"
    assert mail["Subject"] == inert(whole, 200)


def test_no_text_of_a_ticket_becomes_a_header(server: MailServer) -> None:
    text = f"Urgent\r\nBcc: {CLIENT.id}@client.example\r\n\r\nBuy\x00\x1b[31m\u2028now"
    Mail(smtp(server.port)).send(replace(NOTICE, subject=text, body=text))
    (mail,) = server.mails
    assert "Bcc" not in mail
    assert mail["Subject"] == "Urgent Bcc: client@client.example Buy[31m now"
    assert "\x00" not in text_of(mail)


def test_the_message_id_is_that_of_the_step_so_that_a_mail_system_can_drop_a_double(server: MailServer) -> None:
    way = Mail(smtp(server.port))
    for mark in ("k7f3q2abcdef/a", "k7f3q2abcdef/b", "another/a"):
        way.send(replace(NOTICE, mark=mark))
    first, same, other = (mail["Message-ID"] for mail in server.mails)
    assert first == same != other
    assert re.fullmatch(r"<[0-9a-f]{32}\.makegood@agency\.example>", first)


def test_where_the_server_wants_a_login_it_gets_one() -> None:
    with MailServer(login=("makegood", SECRET)) as server:
        Mail(smtp(server.port, user="makegood"), SECRET).send(NOTICE)
        for wrong in (Mail(smtp(server.port, user="makegood"), "wrong-" + SECRET), Mail(smtp(server.port))):
            with pytest.raises(NotSentError) as caught:
                wrong.send(NOTICE)
            assert caught.value.whole
            assert SECRET not in str(caught.value)
        assert (len(server.mails), set(server.logins)) == (1, {"makegood"})


def test_nothing_is_said_in_clear_to_a_server_that_cannot_encrypt() -> None:
    with MailServer(login=("makegood", SECRET)) as server:
        for security in ("starttls", "tls"):
            with pytest.raises(NotSentError) as caught:
                Mail(smtp(server.port, security=security, user="makegood"), SECRET).send(NOTICE)
            assert caught.value.whole
        assert (server.mails, server.logins) == ([], [])


@pytest.mark.parametrize(
    ("answers", "told", "whole"),
    [
        ({"MAIL": "550 5.7.1 not you"}, "refused the sender: 550 5.7.1 not you", True),
        ({"RCPT": "550 5.1.1 nobody here"}, "refused the address: 550 5.1.1 nobody here", False),
        ({"RCPT": "450 4.2.0 greylisted"}, "refused the address: 450", False),
        ({"RCPT": "cut"}, "broke off", True),
        ({"DATA": "554 5.6.0 looks like spam"}, "refused the mail: 554 5.6.0 looks like spam", False),
        ({"DATA": "451 4.3.0 full"}, "refused the mail: 451 4.3.0 full", False),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_mail_that_the_server_did_not_take_is_certainly_not_sent(
    server: MailServer, answers: dict[str, str], told: str, *, whole: bool
) -> None:
    server.answers = answers
    with pytest.raises(NotSentError, match=re.escape(told)) as caught:
        Mail(smtp(server.port)).send(NOTICE)
    assert caught.value.whole == whole
    assert server.mails == []


@pytest.mark.parametrize("act", ["cut", "hang"])
def test_a_mail_that_was_handed_over_without_an_answer_may_have_been_sent(server: MailServer, act: str) -> None:
    server.answers = {"DATA": act}
    with pytest.raises(LostAnswerError, match="took the mail and gave no answer"):
        Mail(smtp(server.port), patience=0.3).send(NOTICE)
    assert len(server.mails) == 1


@contextmanager
def deaf() -> Iterator[int]:
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_where_nobody_listens_nothing_is_sent() -> None:
    with deaf() as port:
        for way in (Mail(smtp(port)), hook(f"http://127.0.0.1:{port}/{SECRET}")):
            with pytest.raises(NotSentError, match="could not be reached") as caught:
                way.send(NOTICE)
            assert caught.value.whole
            assert SECRET not in str(caught.value)


@pytest.mark.system
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_mail_is_encrypted_for_a_server_that_is_who_it_says_and_kept_from_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
         "2", "-subj", "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with MailServer(login=("makegood", SECRET), **{security: context}) as server:
        way = Mail(smtp(server.port, security=security, user="makegood"), SECRET)
        with pytest.raises(NotSentError, match="CERTIFICATE_VERIFY_FAILED"):
            way.send(NOTICE)
        assert server.logins == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        way.send(NOTICE)
        assert server.rcpt == [PARTNER]


# --- the webhook ------------------------------------------------------------------------------------------------


class Chat(FakeServer):
    """Takes whatever is posted."""

    def answer(self, request: Request) -> Answer:
        return Answer(200 if request.method == "POST" else 405, b"ok", content_type="text/plain")


@pytest.fixture
def chat() -> Iterator[Chat]:
    with Chat() as serving:
        yield serving


def hook(address: str, style: str = "plain", patience: float = 60.0) -> Webhook:
    return Webhook(WebhookSettings.model_validate({"style": style}), address, patience)


TEXT = "<!channel> & [click](http://elsewhere.example)\n\nsecond line"


def test_slack_gets_one_text_in_which_nothing_calls_anybody(chat: Chat) -> None:
    hook(f"{chat.url}/{SECRET}/", "slack").send(replace(NOTICE, body=TEXT, to=WEBHOOK))
    (request,) = chat.log
    assert (request.path, request.headers["content-type"]) == (f"/{SECRET}/", "application/json")
    assert request.body == {
        "text": "*Critical: OPS-7*\n&lt;!channel&gt; &amp; [click](http://elsewhere.example)\n\nsecond line"
    }


def test_teams_gets_an_adaptive_card_whose_texts_are_not_read_as_markdown(chat: Chat) -> None:
    hook(f"{chat.url}/{SECRET}", "teams").send(replace(NOTICE, body=TEXT, to=WEBHOOK))
    (request,) = chat.log
    (attachment,) = request.body["attachments"]
    assert (request.body["type"], attachment["contentType"]) == (
        "message",
        "application/vnd.microsoft.card.adaptive",
    )
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    runs = [run for block in card["body"] for run in block["inlines"]]
    assert [run["text"] for run in runs] == ["Critical: OPS-7", *TEXT.split("\n\n")]


def test_anything_else_gets_the_parts_and_an_id_by_which_it_can_drop_a_double(chat: Chat) -> None:
    hook(f"{chat.url}/{SECRET}").send(replace(NOTICE, to=WEBHOOK))
    (request,) = chat.log
    assert request.body == {
        "id": "k7f3q2abcdef",
        "ticket": "OPS-7",
        "url": URL,
        "severity": "critical",
        "subject": "Critical: OPS-7",
        "body": f"The portal is down.\n\n{URL}",
    }


@pytest.mark.parametrize(
    ("fault", "error", "whole"),
    [
        (Reply(400, "invalid_payload"), NotSentError, False),
        (Reply(404, "no_service"), NotSentError, True),
        (Reply(429), NotSentError, True),
        (Reply(302, headers={"Location": f"/{SECRET}/elsewhere"}), NotSentError, False),
        (Reply(500, applied=True), LostAnswerError, False),
        (Reply(503), LostAnswerError, False),
        (DropBefore(), LostAnswerError, False),
        (DropAfter(), LostAnswerError, False),
        (Hang(applied=True), LostAnswerError, False),
    ],
    ids=str,
)
def test_each_failure_of_a_webhook_says_whether_the_notice_may_be_there(
    chat: Chat,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    error: type[NotSentError | LostAnswerError],
    *,
    whole: bool,
) -> None:
    chat.script(fault)
    with caplog.at_level(logging.INFO), pytest.raises(error) as caught:
        hook(f"{chat.url}/{SECRET}", patience=0.3).send(replace(NOTICE, to=WEBHOOK))
    assert getattr(caught.value, "whole", None) is whole
    assert len(chat.log) == 1, "neither sent again nor sent elsewhere"
    assert SECRET not in f"{caught.value} {caplog.text}"


@pytest.mark.parametrize("address", [f"http://chat.example/{SECRET}", SECRET, f"ftp://chat.example/{SECRET}"])
def test_a_webhook_that_others_could_listen_to_is_refused_without_showing_it(address: str) -> None:
    with pytest.raises(CredentialsError, match="begins with https://") as caught:
        hook(address)
    assert SECRET not in str(caught.value)


# --- who gets what ----------------------------------------------------------------------------------------------


def settings(**more: Any) -> NotifySettings:  # noqa: ANN401 - any setting
    given = {
        "smtp": {"host": "127.0.0.1", "security": "none", "from": "makegood@agency.example"},
        "to": {"managing_partner": [PARTNER, "second@agency.example"], "delivery_lead": ["lead@agency.example"]},
        "always": ["desk@agency.example"],
    }
    return NotifySettings.model_validate(given | more)


def test_a_notice_goes_once_to_each_address_of_its_roles_and_to_the_webhook() -> None:
    chosen = settings(always=["Desk@agency.example", "Partner@agency.example"], webhook={"style": "plain"})
    told = addressed(replace(NOTICE, mark="k7f3q2abcdef", to=""), chosen)
    assert [each.to for each in told] == [
        "Desk@agency.example",
        "Partner@agency.example",
        "second@agency.example",
        WEBHOOK,
    ]
    assert [each.mark for each in told] == [f"k7f3q2abcdef/{each.to.casefold()}" for each in told]


def test_only_the_severities_that_are_asked_for_are_told() -> None:
    assert addressed(replace(NOTICE, severity="medium"), settings()) == ()
    assert len(addressed(replace(NOTICE, severity="medium"), settings(severities=["medium"]))) == 3


CONFIDENTIAL = ticket(title="Conflict with M. Smith", client="Client A", owner=CONSULTANT, key="OPS-7", url=URL)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (f"A confidential matter waits: OPS-7, {URL}", True),
        ("OPS-7: conflict with  M. SMITH", False),
        ("OPS-7 of client a waits", False),
        ("Consultant 1 has not answered on OPS-7", False),
        ("OPS-7: チーム内の問題です", False),
    ],
)
def test_of_a_confidential_matter_no_more_is_told_than_where_it_waits(body: str, *, kept: bool) -> None:
    told = composed(
        CONFIDENTIAL, "mark", "high", ["hr"], subject="OPS-7", body=body, confidential=True, unsaid=["チーム"]
    )
    assert (told.key, told.url, told.confidential) == ("OPS-7", URL, True)
    assert (told.subject, told.body) == ("OPS-7", body if kept else URL)


def test_any_other_matter_is_told_as_it_is_written() -> None:
    told = composed(
        CONFIDENTIAL,
        "mark",
        "high",
        ["partner"],
        subject="Conflict with M. Smith",
        body="Client A",
        confidential=False,
    )
    assert (told.subject, told.body, told.roles) == ("Conflict with M. Smith", "Client A", ("partner",))


# --- exactly once -----------------------------------------------------------------------------------------------


class CrashError(BaseException):
    """The end of the process, as `kill -9` brings it: whatever was not committed is lost."""


class Crashing(Store):
    """A state file whose process ends before or after its so-manieth commit."""

    left: int | None = None

    def step(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise CrashError

    @contextmanager
    def _committed(self) -> Iterator[None]:
        self.step()
        with super()._committed():
            yield
        self.step()


class CrashingMail(Mail):
    """Mail whose process ends right before or right after the mail is gone."""

    store: Crashing

    def send(self, notice: Notice) -> None:
        self.store.step()
        super().send(notice)
        self.store.step()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state.db", write=True) as opened:
        yield opened


def intend(store: Store, *notices: Notice, at: datetime = NOW) -> int:
    """A comment on ticket 7 and the notices that go with it."""
    detail = {"said": [[CRITICAL.promise, CRITICAL.occasion, CRITICAL.step]]}
    (number,) = store.intend("run", [Intent("site", "7", "comment", detail)], at, notices or [NOTICE])
    return number


def settle(store: Store, number: int, outcome: Outcome = "settled") -> None:
    store.settle([Settlement(number, "site", "7", outcome)], NOW)


def delivered(store: Store, way: Channels | Mail, at: datetime = NOW, limit: int = 10) -> list[Failed]:
    return deliver(store, way, lambda: at, limit)


def outcome(store: Store) -> tuple[int, int]:
    """How many notices wait, and of how many nobody knows."""
    return len(store.waiting_notices()), len(store.doubtful_notices("site"))


def test_a_notice_waits_for_its_comment_and_is_sent_once_that_is_written(store: Store, server: MailServer) -> None:
    way = Mail(smtp(server.port))
    number = intend(store)
    delivered(store, way)
    settle(store, number, "unknown")
    delivered(store, way)
    assert server.mails == []
    settle(store, number)
    for _ in range(3):
        assert delivered(store, way) == []
    assert (server.rcpt, outcome(store)) == ([PARTNER], (0, 0))


def test_a_notice_without_a_comment_is_sent_at_once(store: Store, server: MailServer) -> None:
    store.intend("run", [], NOW, [NOTICE])
    delivered(store, Mail(smtp(server.port)))
    assert server.rcpt == [PARTNER]


def test_a_notice_is_read_back_as_it_was_intended(store: Store) -> None:
    settle(store, intend(store))
    assert [entry.notice for entry in store.waiting_notices()] == [NOTICE]


@pytest.mark.parametrize("ended", ["failed", "absent"])
def test_a_notice_goes_with_its_comment_and_comes_back_with_it(
    store: Store, server: MailServer, ended: Outcome
) -> None:
    way = Mail(smtp(server.port))
    settle(store, intend(store), ended)
    delivered(store, way)
    assert (server.mails, outcome(store)) == ([], (0, 0))
    settle(store, intend(store, at=NOW + timedelta(minutes=5)))
    delivered(store, way)
    assert server.rcpt == [PARTNER]


def test_what_was_sent_is_not_sent_again_though_it_is_intended_again(store: Store, server: MailServer) -> None:
    way = Mail(smtp(server.port))
    for _ in range(2):
        settle(store, intend(store))
        delivered(store, way)
    assert server.rcpt == [PARTNER]


STEPS = range(1, 12)
"""Before and after each of the commits (intended, comment settled, taken in hand, settled), and each side of the
mail; the last ones are past the end."""
IN_HAND = {6, 7, 8, 9}
"""From the moment at which it was taken in hand until it is known to be sent."""


@pytest.mark.parametrize("step", STEPS)
def test_whenever_the_process_is_killed_a_mail_is_never_sent_twice(
    tmp_path: Path, server: MailServer, step: int
) -> None:
    way = CrashingMail(smtp(server.port))

    def run(left: int | None) -> None:
        with Crashing(tmp_path / "state.db", write=True) as store:
            way.store, store.left = store, left
            number = store.journal("site", "7")[0].number if store.journal("site", "7") else intend(store)
            if store.unsettled("site"):
                settle(store, number)
            delivered(store, way)

    if step in STEPS[:-1]:
        with pytest.raises(CrashError):
            run(step)
    for left in (None, None):
        run(left)
    with Store(tmp_path / "state.db", write=False) as store:
        assert outcome(store) == (0, int(step in IN_HAND))
    assert len(server.mails) == (0 if step in {6, 7} else 1)


def test_a_mail_of_which_nobody_knows_is_never_sent_again(store: Store, server: MailServer) -> None:
    way = Mail(smtp(server.port))
    settle(store, intend(store))
    server.answers = {"DATA": "cut"}
    (failed,) = delivered(store, way)
    assert (failed.ticket, failed.what, failed.key) == ("7", f"notice to {PARTNER}", "OPS-7")
    assert "may have been sent on" in failed.why
    server.answers = {}
    for days in (0, 1, 30):
        assert delivered(store, way, NOW + timedelta(days=days)) == []
    assert len(server.mails) == 1
    (entry,) = store.doubtful_notices("site")
    assert (entry.notice, entry.note) == (NOTICE, failed.why)


def test_a_mail_that_was_refused_is_tried_in_each_pass_and_given_up_after_a_day(
    store: Store, server: MailServer
) -> None:
    way = Mail(smtp(server.port))
    settle(store, intend(store))
    server.answers = {"RCPT": "450 4.2.0 greylisted"}
    assert [len(delivered(store, way, NOW + timedelta(hours=hours))) for hours in (0, 23, 24, 25)] == [1, 1, 1, 0]
    assert (server.mails, server.hellos, outcome(store)) == ([], 3, (0, 0))


def test_a_mail_that_was_refused_at_first_is_sent_when_it_is_taken(store: Store, server: MailServer) -> None:
    way = Mail(smtp(server.port))
    settle(store, intend(store))
    server.answers = {"RCPT": "450 4.2.0 greylisted"}
    delivered(store, way)
    server.answers = {}
    assert delivered(store, way, NOW + timedelta(minutes=5)) == []
    assert server.rcpt == [PARTNER]


def test_one_refused_address_keeps_no_mail_from_the_others(store: Store, server: MailServer) -> None:
    good = replace(NOTICE, mark="k7f3q2abcdef/y", to="good@agency.example")
    settle(store, intend(store, replace(NOTICE, to="bad@agency.example"), good))
    server.answers = {"RCPT": "550 nobody here"}
    assert len(delivered(store, Mail(smtp(server.port)), limit=1)) == 1
    server.answers = {}
    delivered(store, Mail(smtp(server.port)), limit=1)
    assert server.rcpt == ["good@agency.example"], "what was tried goes behind what was not"


def test_a_way_that_is_closed_is_tried_once_in_a_pass_and_closes_no_other(store: Store, chat: Chat) -> None:
    mails = [replace(NOTICE, mark=f"k7f3q2abcdef/{number}") for number in range(3)]
    settle(store, intend(store, *mails, replace(NOTICE, mark="k7f3q2abcdef/webhook", to=WEBHOOK)))
    with deaf() as port:
        ways = Channels(Mail(smtp(port)), hook(f"{chat.url}/{SECRET}"))
        (failed,) = delivered(store, ways)
    assert failed.what == f"notice to {PARTNER}"
    assert (len(chat.log), outcome(store)) == (1, (3, 0))


def test_a_pass_sends_no_more_than_it_may_and_nothing_once_it_is_to_stop(store: Store, server: MailServer) -> None:
    way = Mail(smtp(server.port))
    settle(store, intend(store, *[replace(NOTICE, mark=f"k7f3q2abcdef/{number}") for number in range(5)]))
    assert deliver(store, way, lambda: NOW, 10, lambda: len(server.mails) >= 1) == []
    assert len(server.mails) == 1
    delivered(store, way, limit=2)
    assert len(server.mails) == 3
    delivered(store, way)
    assert len(server.mails) == 5


def test_a_notice_for_a_way_that_is_no_longer_configured_waits_and_is_told(store: Store) -> None:
    settle(store, intend(store))
    (failed,) = delivered(store, Channels(None, None))
    assert "no longer configured" in failed.why
    assert outcome(store) == (1, 0)


# --- configuration ----------------------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    made = Office(tmp_path, monkeypatch)
    made.source()
    made.issues(LATE)
    return made


def configured(office: Office, text: str) -> Path:
    office.write("config.toml", dedent(text) + office.read("config.toml"))
    return office.folder / "config.toml"


def refused(path: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    return [str(fault) for fault in caught.value.faults]


def test_it_is_off_unless_it_is_configured(office: Office) -> None:
    assert load_settings(configured(office, "")).notify is None


def test_the_example_is_one_that_loads_with_its_secrets(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = re.findall(r"(?m)^# (\[notify.*\])\n((?:#   .*\n)+)", (ROOT / "config.example.toml").read_text())
    text = "".join(f"{heading}\n{re.sub(r'(?m)^#  ', '', lines)}" for heading, lines in shown)
    read, _ = load(configured(office, text))
    assert read.notify is not None
    assert (read.notify.severities, read.notify.smtp is not None) == (["critical", "high"], True)
    for missing in ("MAKEGOOD_NOTIFY_SMTP_TOKEN", "MAKEGOOD_NOTIFY_WEBHOOK_TOKEN"):
        with pytest.raises(CredentialsError, match=f"set {missing}, or put it into the file notify-"):
            notifier(read.notify, notify_secret)
        monkeypatch.setenv(missing, f"https://chat.example/{SECRET}")
    assert isinstance(notifier(read.notify, notify_secret), Channels)


def test_every_fault_is_told_with_its_place(office: Office) -> None:
    path = configured(
        office,
        """\
        [notify]
        severities = ["critcal"]
        to = { managing_partne = ["partner@agency.example"], managing_partner = ["Partner <p@agency.example>"] }
        [notify.smtp]
        host = "mail.agency.example"
        security = "none"
        from = "makegood@agency.example"
        password = "s3cret-never-shown"
        [notify.webhook]
        style = "slak"
        url = "https://chat.example/s3cret-never-shown"
        """,
    )
    told = refused(path)
    assert SECRET not in "\n".join(told)
    for place, what in {
        "config.toml:2:": "did you mean 'critical'?",
        "config.toml:6:": 'others could read what goes to another machine; write "tls" or "starttls"',
        "config.toml:8:": "set MAKEGOOD_NOTIFY_SMTP_TOKEN or put it into notify-smtp.token",
        "config.toml:10:": "did you mean 'slack'?",
        "config.toml:11:": "set MAKEGOOD_NOTIFY_WEBHOOK_TOKEN or put it into notify-webhook.token",
    }.items():
        assert any(place in fault and what in fault for fault in told), (place, told)
    assert any("notify.to.managing_partner" in fault for fault in told)


SOURCE = '[[source]]\nname = "notify-smtp"\ntracker = "workbook"\npath = "x.csv"\n'
SMTP = '[notify.smtp]\nhost = "mail.agency.example"\nfrom = "makegood@agency.example"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[notify]\n", "config.toml:1:2: notify: there is no way to tell anybody"),
        (SMTP, "notify.smtp: nobody would get a mail"),
        (
            '[notify]\nalways = ["a@b.example"]\n[notify.webhook]\nstyle = "slack"\n',
            "config.toml:2:1: notify.always: addresses need a mail server",
        ),
        (
            f'[notify]\nto = {{ managing_partne = ["a@b.example"] }}\n{SMTP}',
            "no role 'managing_partne' in mappings/escalation.toml; did you mean 'managing_partner'?",
        ),
        (
            f'[notify]\nalways = ["a@b.example"]\n{SMTP}{SOURCE}',
            "[notify] reads MAKEGOOD_NOTIFY_SMTP_TOKEN too; rename this source",
        ),
    ],
    ids=["no way", "nobody", "no server", "no such role", "a source of that name"],
)
def test_what_cannot_be_meant_is_refused(office: Office, text: str, told: str) -> None:
    (fault,) = refused(configured(office, text))
    assert told in fault


def test_a_role_may_be_a_secretarys(office: Office) -> None:
    """Whose name holds the word secret."""
    (fault,) = refused(configured(office, f'[notify]\nto = {{ secretary = ["a@b.example"] }}\n{SMTP}'))
    assert "no role 'secretary'" in fault


def test_status_tells_of_notices_that_may_not_have_arrived(office: Office) -> None:
    with Store(office.folder / "state.db", write=True) as store:
        store.remember("issues", Remembered(SourceState("site")))
        store.intend("run", [], NOW, [NOTICE])
        store.settle_notice(NOTICE.mark, "unknown", NOW, "the answer was lost")
    told = office.run("status")
    assert f"OPS-7: a notice to {PARTNER} sent Mon 02 Mar 2026 10:00 (Europe/Berlin), outcome unknown" in told.out
    (source,) = office.run("status", "--output", "json").json["sources"]
    assert source["doubtful_notices"] == [
        {"ticket": "OPS-7", "to": PARTNER, "since": "2026-03-02T09:00:00+00:00", "note": "the answer was lost"}
    ]
