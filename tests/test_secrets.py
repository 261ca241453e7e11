"""A secret goes to the one it is for, and nowhere else: into no word, no file, no log and no other server."""

from __future__ import annotations

import logging
import os
import sqlite3
import ssl
import stat
import struct
import subprocess
from base64 import b64encode
from collections import Counter
from contextlib import closing, contextmanager, redirect_stderr
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import certifi
import pytest
import structlog
from fakes.faults import Reply
from fakes.jira_cloud import EMAIL
from fakes.mail_server import MailServer
from fakes.server import Answer, FakeServer
from harness_asana import AsanaHarness
from hourglass import Hourglass
from office import LATE, MAKEGOOD, NOW, Office, jira_cloud
from pydantic import SecretStr, TypeAdapter, ValidationError
from reliability import counted
from urllib3.util.ssl_ import create_urllib3_context

from sync import cycle, logs, secrecy
from sync.errors import ConfigurationError, CredentialsError, MakegoodError, TrackerError
from sync.exposure import exposed
from sync.judging.judgement import Judge
from sync.mapping.taxonomy_models import Taxonomy
from sync.notify import Mail, Webhook, notifier
from sync.notify_models import NotifySettings, SmtpSettings, WebhookSettings
from sync.secrecy import HIDDEN, hidden, keep, trace
from sync.settings import Suggest, load_settings
from sync.state.records import Notice
from sync.state.store import Store
from sync.suggest import Endpoint, UnansweredError
from sync.trackers import workbook_disk
from sync.trackers.asana import open_asana
from sync.trackers.asana_http import Connection
from sync.trackers.jira_http import JiraHttp
from sync.trackers.sources import Address, Base, moved_to
from sync.trackers.tls import trusting

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from fakes.server import Request

pytestmark = pytest.mark.reliability

ROOT = Path(__file__).parents[1]
TOKEN = "ATATT3x/never+shown=7Q"
"""With letters that addresses, HTML and JSON write in other ways."""
PERSON = EMAIL
BASIC = b64encode(f"{PERSON}:{TOKEN}".encode()).decode()
"""As Jira Cloud is sent it."""
PLAIN = b64encode(f"\0{PERSON}\0{TOKEN}".encode()).decode()
"""As a mail server is sent it."""
FORMS = {TOKEN[:12], quote(TOKEN, safe=""), b64encode(TOKEN.encode()).decode()}
"""A part of it is as bad as the whole."""
ECHO = " ".join((TOKEN, *sorted(FORMS - {TOKEN[:12]})))
TAXONOMY = Taxonomy.model_construct(None, subtypes={})
NOTICE = Notice("k7f3q2abcdef/x", "site", "1", "OPS-7", "https://jira.example/OPS-7", "S", "B", "critical")


class Listener(FakeServer):
    """Answers everything with one answer, and keeps what it was asked."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.says = answer or Answer(body={"data": {"gid": "1"}})
        super().__init__()

    def answer(self, request: Request) -> Answer:  # noqa: ARG002 - the same to all
        return self.says


class Sender(NamedTuple):
    """One of our clients: what it sends to an address with the token, and the errors it may raise."""

    name: str
    send: Callable[[str], object]
    errors: tuple[type[Exception], ...]


def _jira(url: str, email: str | None = None) -> object:
    http = JiraHttp(url, TOKEN, email, pace=Hourglass())
    with closing(http):
        return http.read("GET", "myself"), http.write("POST", "issue/1/comment", {"body": "x"})


def _jira_write(url: str) -> object:
    with closing(JiraHttp(url, TOKEN, PERSON, pace=Hourglass())) as http:
        return http.write("PUT", "issue/1", {"fields": {}})


def _asana(url: str) -> object:
    connection = Connection(url, TOKEN, pace=Hourglass())
    with closing(connection):
        return connection.record(connection.users.get_user, "me", opt_fields="name")


def _asana_write(url: str) -> object:
    connection = Connection(url, TOKEN, pace=Hourglass())
    with closing(connection):
        return connection.write(connection.tasks.update_task, {"due_on": None}, "1", opt_fields="name")


def _webhook(url: str) -> None:
    settings = WebhookSettings(style="plain")
    Webhook(settings, f"{url}/{quote(TOKEN, safe='')}", patience=5).send(NOTICE)


def _suggest(url: str) -> object:
    settings = Suggest.model_validate({"url": url, "model": "local", "timeout": "5s"})
    return Endpoint(settings, TAXONOMY, SecretStr(TOKEN)).answer(b"{}")


SENDERS = (
    Sender("jira cloud", partial(_jira, email=PERSON), (TrackerError,)),
    Sender("jira data center", _jira, (TrackerError,)),
    Sender("jira write", _jira_write, (TrackerError,)),
    Sender("asana", _asana, (TrackerError,)),
    Sender("asana write", _asana_write, (TrackerError,)),
    Sender("webhook", _webhook, (MakegoodError,)),
    Sender("suggest", _suggest, (UnansweredError,)),
)


@pytest.fixture(params=SENDERS, ids=lambda sender: sender.name)
def sender(request: pytest.FixtureRequest) -> Sender:
    found: Sender = request.param
    return found


@pytest.fixture(autouse=True)
def _as_a_process_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret is known yet."""
    monkeypatch.setattr(secrecy, "_known", set())


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(tmp_path, monkeypatch)


def leaked(*texts: str | bytes, forms: set[str] = FORMS) -> int:
    """How often a form of a secret stands in the texts."""
    whole = b"\n".join(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text for text in texts)
    return sum(whole.count(form.encode()) for form in forms)


def everything_kept(office: Office) -> list[bytes]:
    """Every file of the folder, and every row of the state."""
    kept = [content for _, content in office.files().values()]
    with closing(sqlite3.connect(office.folder / "state.db")) as database:
        return [*kept, "\n".join(database.iterdump()).encode()]


# --- words and files --------------------------------------------------------------------------------------------

ECHOES = {
    "in a refusal": Reply(400, {"errorMessages": [ECHO], "errors": {TOKEN: ECHO}}),
    "in the body as Jira was sent it": Reply(400, {"errorMessages": [f"bad {BASIC}"], "errors": {}}),
    "at the end of a long refusal": Reply(400, {"errorMessages": ["x" * 285 + TOKEN], "errors": {}}),
    "in Asana's words": Reply(403, {"errors": [{"message": f"{TOKEN}: {ECHO}", "help": ECHO}]}),
    "in a log-in page": Reply(401, f"<html>{ECHO}</html>".encode(), content_type="text/html"),
    "as the kind of content": Reply(200, b"<html>", content_type=f"text/{TOKEN}"),
    "in headers": Reply(
        429, {}, {"WWW-Authenticate": ECHO, "Retry-After": TOKEN, "RateLimit-Reason": TOKEN, "Set-Cookie": TOKEN}
    ),
    "in a redirection": Reply(302, None, {"Location": f"https://{PERSON}:{TOKEN}@other.example/?token={TOKEN}"}),
    "in a fault": Reply(500, {"errorMessages": [ECHO], "errors": [{"message": ECHO}]}),
}
COMMANDS = (["-vv"], ["--output", "json"], ["status", "--output", "json"])


@contextmanager
def jira_office(office: Office) -> Iterator[FakeServer]:
    with jira_cloud() as fake:
        fake.token = TOKEN
        office.fill_client(fake)
        office.jira(fake.url)
        office.patch.setenv("MAKEGOOD_JIRA_TOKEN", TOKEN)
        yield fake


@contextmanager
def asana_office(office: Office) -> Iterator[FakeServer]:
    with AsanaHarness(office.folder) as harness:
        harness.fake.token = TOKEN
        harness.fake.now = datetime.now(UTC)
        harness.create("The client threatens to terminate the contract", severity="critical")
        names = {"open": ["New"], "in_progress": ["Doing"], "waiting": ["With the client"]}
        names |= {"resolved": ["Answered"], "closed": ["Done"]}
        (office.folder / "mappings").unlink()
        (office.folder / "mappings").mkdir()
        for each in (ROOT / "mappings").iterdir():
            (office.folder / "mappings" / each.name).symlink_to(each)
        mapping = office.folder / "mappings" / "asana.toml"
        mapping.unlink()
        listed = "\n".join(f"{meaning} = {names[meaning]}" for meaning in names)
        mapping.write_text(f'[fields]\nclient = "Client"\nseverity = "Severity"\n[status]\n{listed}\n')
        office.source("asana", tracker="asana", url=harness.fake.host, projects=[harness.project], path=None)
        office.patch.setenv("MAKEGOOD_ASANA_TOKEN", TOKEN)
        office.patch.setitem(open_asana.__kwdefaults__, "sleep", lambda _seconds: None)  # type: ignore[arg-type]
        yield harness.fake


@pytest.mark.parametrize("opened", [jira_office, asana_office], ids=["jira", "asana"])
def test_a_tracker_that_sends_the_token_back_gets_it_into_no_output_and_no_file(
    office: Office, opened: Callable[[Office], Any]
) -> None:
    told = []
    refusal, fault, lost = (ECHOES[name] for name in ("in a refusal", "in Asana's words", "in a redirection"))
    with opened(office) as fake:
        for reply in (refusal, fault):
            fake.script(reply, method="PUT|POST", path=r"/\d+(/comment|/stories|/addTag)?$")
            told.append(office.run("-vv"))
        for reply in (refusal, fault, lost):
            fake.script(reply, times=4)
            told.append(office.run("--output", "json"))
        fake.script(refusal, times=500, skip=3)
        told += [office.run(*command) for command in (["check", "--online"], ["status", "--output", "json"])]
    assert sum(ran.status > 0 for ran in told) >= 3, "the echoes were heard"
    texts = [text for ran in told for text in (ran.out, ran.err)]
    sent = FORMS | ({BASIC} if opened is jira_office else set())
    counted("secret", leaks=leaked(*texts, *everything_kept(office), forms=sent), cases=len(told) * 3, told=told)


def test_an_unexpected_fault_that_has_the_token_in_its_words_leaves_it_out_of_log_state_and_output(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_arguments: object, **_options: object) -> None:
        token = TOKEN
        raise RuntimeError(f"header {token!r} cannot be sent; {ECHO}")

    with jira_office(office):
        office.write("config.toml", 'log = "console"\ninterval = "10s"\n' + office.read("config.toml"))
        office.patch.setattr(Judge, "judge", fails)
        told = [office.run("-v")]
        office.patch.setattr(cycle, "observe", fails)
        told += [office.run(*command) for command in COMMANDS]
        told.append(office.run("daemon", "--passes", "1"))
        office.patch.setattr("sync.commands.status.load", fails)
        told.append(office.run("status"))
    assert all("unexpected RuntimeError" in ran.out for ran in told[:2])
    assert "Traceback" in told[-1].err
    assert "please report it" in told[-1].err
    assert "Traceback" in caplog.text
    texts = [text for ran in told for text in (ran.out, ran.err)]
    counted("secret", leaks=leaked(*texts, caplog.text, *everything_kept(office)), cases=len(told) * 3, told=told)


@pytest.mark.parametrize("style", ["console", "json"])
def test_a_trace_in_the_log_shows_no_variable_and_no_secret(style: Any) -> None:  # noqa: ANN401 - a literal
    written = StringIO()
    with redirect_stderr(written):
        logs.configure(style, verbose=True)
        keep(TOKEN)
        try:
            _fails_holding(BASIC)
        except RuntimeError:
            structlog.get_logger("makegood").exception("unexpected", why=TOKEN, header={"Authorization": TOKEN})
            logging.getLogger("makegood").exception("unexpected: %s", TOKEN)
    text = written.getvalue()
    assert text.count("RuntimeError") >= 2
    counted("secret", leaks=leaked(text, forms=FORMS | {BASIC[:20]}), cases=2, told=text)


def _fails_holding(header: str) -> None:
    told = header.upper().lower()
    raise RuntimeError(TOKEN, len(told))


def test_a_secret_is_hidden_in_each_form_and_a_short_one_would_be_any_word() -> None:
    keep(TOKEN, f"{PERSON}:{TOKEN}", f"\0{PERSON}\0{TOKEN}", "issue")
    assert hidden(f"an issue with {ECHO} {BASIC} {PLAIN}") == f"an issue with {' '.join([HIDDEN] * 5)}"
    assert TOKEN not in trace(ValueError(TOKEN))
    assert TOKEN not in str(TrackerError(f"refused: {TOKEN}"))


def test_nothing_shows_its_secret_when_it_is_printed(office: Office) -> None:
    office.write("config.toml", "")
    office.jira("https://agency.example")
    smtp = SmtpSettings.model_validate({"host": "mail.example", "from": PERSON, "user": PERSON})
    hook = WebhookSettings(style="plain")
    ways = NotifySettings.model_validate({"always": [PERSON], "smtp": smtp, "webhook": hook})
    address = f"https://chat.example/{TOKEN}"
    shown: list[object] = [
        load_settings(office.folder / "config.toml"),
        JiraHttp("https://agency.example", TOKEN, PERSON),
        Connection("https://app.asana.example", TOKEN),
        Endpoint(Suggest(url="https://ai.example/v1", model="m"), TAXONOMY, SecretStr(TOKEN)),
        Mail(smtp, TOKEN),
        Webhook(hook, address),
        notifier(ways, lambda way: SecretStr({"smtp": TOKEN, "webhook": address}[way])),
    ]
    counted("secret", leaks=leaked(*(f"{one!r} {one}" for one in shown)), cases=len(shown))


def test_a_mail_server_that_sends_the_password_back_gets_it_into_no_error() -> None:
    with MailServer(login=(PERSON, TOKEN)) as server:
        for command in ("MAIL", "RCPT", "DATA"):
            server.answers = {command: f"550 no, {PLAIN} {ECHO}"}
            settings = {"host": "127.0.0.1", "port": server.port, "security": "none"}
            way = Mail(SmtpSettings.model_validate({**settings, "from": PERSON, "user": PERSON}), TOKEN)
            with pytest.raises(MakegoodError) as caught:
                way.send(replace(NOTICE, to=PERSON))
            assert "550 no" in str(caught.value)
            counted("secret", leaks=leaked(str(caught.value), forms=FORMS | {PLAIN}), told=str(caught.value))


@pytest.mark.parametrize("echo", ECHOES)
def test_who_answers_with_the_token_gets_it_into_no_error(sender: Sender, echo: str) -> None:
    reply = ECHOES[echo]
    status = reply.status if reply.status >= 300 or "jira" in sender.name else 418
    with Listener(Answer(status, reply.body, reply.headers, reply.content_type)) as server:
        with pytest.raises(sender.errors) as caught:
            sender.send(server.url)
        sent = [text for request in server.log for text in (*request.headers.values(), request.path)]
        assert leaked(*sent, forms=FORMS | {BASIC})
        chain: list[BaseException | None] = [caught.value, caught.value.__cause__]
        counted("secret", leaks=leaked(*(f"{error!r} {error}" for error in chain)), told=chain)


# --- files ------------------------------------------------------------------------------------------------------


def test_every_file_that_holds_words_of_clients_is_its_owners_alone(office: Office) -> None:
    office.issues(LATE)
    office.source()
    before = set(office.files())
    mask = os.umask(0)
    try:
        assert office.at(NOW).status == 0
        assert office.run("state", "backup", "backup.db").status == 0
        assert office.run("plan", "--now", NOW, "-o", "plan.json").status in {0, 10}
        with Store(office.folder / "state.db", write=True) as store:
            store.suggested("content", "billing", "words of clients", datetime.now(UTC))
            open_now = {file.name: file.stat().st_mode for file in office.folder.glob("state.db*")}
    finally:
        os.umask(mask)
    modes = {name: (office.folder / name).stat().st_mode for name in set(office.files()) - before} | open_now
    modes = {name: mode for name, mode in modes.items() if not name.startswith("issues.")}
    assert {"state.db", "state.db.lock", "state.db-wal", "backup.db", "plan.json"} <= modes.keys()
    open_to_others = [name for name, mode in modes.items() if mode & 0o077]
    counted("secret", leaks=len(open_to_others), cases=len(modes), told=open_to_others)


def test_the_state_keeps_the_title_of_a_ticket_and_neither_its_text_nor_its_comments(office: Office) -> None:
    with jira_cloud() as fake:
        fake.now = datetime.now(UTC) - timedelta(hours=5)
        said = {"description": "said in the text", "priority": "Highest", "status": "Open"}
        issue = fake.create_issue("OPS", "The portal is down", **said)
        fake.comment_as("Client contact", issue.key, "said in a comment")
        fake.now = datetime.now(UTC)
        office.fill_client(fake, issue.key)
        office.jira(fake.url)
        told = office.run()
        assert told.status == 0, told.out
        assert [comment.author for comment in fake.issue(issue.key).comments][1:] == ["makegood"]
    kept = everything_kept(office)
    assert leaked(*kept, forms={"The portal is down"})
    counted("secret", leaks=leaked(*kept, forms={"said in the text", "said in a comment"}), told=kept)


def test_what_is_put_beside_a_workbook_is_as_open_as_the_workbook_itself(tmp_path: Path) -> None:
    workbook = tmp_path / "issues.xlsx"
    workbook.write_bytes(b"issues")
    workbook.chmod(0o640)
    beside = tmp_path / "issues.makegood.csv"
    known, absent = workbook_disk.read(workbook), workbook_disk.read(beside)
    mask = os.umask(0)
    try:
        workbook_disk.swap([known, absent], [known, workbook_disk.File(beside, b"words of clients")])
    finally:
        os.umask(mask)
    counted("secret", leaks=int(stat.S_IMODE(beside.stat().st_mode) != 0o640))


def test_check_warns_of_a_token_and_of_a_state_that_others_can_read(office: Office) -> None:
    office.jira("https://agency.example")
    office.patch.delenv("MAKEGOOD_JIRA_TOKEN")
    office.patch.setenv("CREDENTIALS_DIRECTORY", str(office.folder))
    settings = load_settings(office.folder / "config.toml")
    for mode, readers in ((0o600, ""), (0o400, ""), (0o640, "its group"), (0o644, "every user of this machine")):
        for name in ("jira.token", "state.db", "state.db-wal"):
            office.write(name, TOKEN)
            (office.folder / name).chmod(mode)
        told = list(exposed(settings))
        assert [f"{readers} can read it; chmod 600 it" in line for line in told] == [True] * (3 if readers else 0)
    ran = office.run("check")
    assert ran.status == 0
    assert [line.removeprefix("note: ") for line in ran.out.splitlines() if "can read it" in line] == [
        line.replace(f"{office.folder}/state", "state") for line in told
    ]
    counted("secret", leaks=leaked(ran.out, ran.err), told=ran)


def test_the_groups_bits_of_a_file_with_an_access_list_are_no_right_of_the_group(office: Office) -> None:
    office.jira("https://agency.example")
    office.patch.setenv("CREDENTIALS_DIRECTORY", str(office.folder))
    office.write("jira.token", TOKEN)
    token = office.folder / "jira.token"
    entries = [(0x01, 4, 0xFFFFFFFF), (0x02, 4, os.getuid()), (0x04, 0, 0xFFFFFFFF)]
    entries += [(0x10, 4, 0xFFFFFFFF), (0x20, 0, 0xFFFFFFFF)]
    try:
        listed = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
        os.setxattr(token, "system.posix_acl_access", listed)
    except OSError:
        pytest.skip("this file system keeps no access lists")
    assert stat.S_IMODE(token.stat().st_mode) == 0o440, "as systemd hands out a service's credentials"
    assert list(exposed(load_settings(office.folder / "config.toml"))) == []


# --- addresses --------------------------------------------------------------------------------------------------

GOOD = (
    "https://agency.example",
    "https://agency.example:8443/jira",
    "https://[2001:db8::1]/jira",
    "http://127.0.0.1:8080",
    "http://127.0.0.53/jira",
    "http://[::1]:2990/jira",
    "http://localhost:8080",
    "HTTPS://AGENCY.EXAMPLE",
)
BAD = {
    "http://agency.example": "begins with https://",
    "http://10.0.0.1": "begins with https://",
    "http://127.0.0.1.example": "begins with https://",
    "http://localhost.example": "begins with https://",
    "http://[2001:db8::1]": "begins with https://",
    "http://0.0.0.0": "begins with https://",
    "http://agency.example?@localhost/": "begins with https://",
    "ftp://localhost": "begins with https://",
    "file:///etc/passwd": "begins with https://",
    "agency.example": "begins with https://",
    "": "begins with https://",
    "https://": "the whole address",
    "https:///jira": "the whole address",
    "https://[bad": "the whole address",
    "https://agency.example:port": "the whole address",
    "https://agency.example:99999": "the whole address",
    "https://agency.example:0": "the whole address",
    "https://agency.example/#part": "the whole address",
    "https://me:pass@agency.example": "no account or password",
    "http://localhost@agency.example": "no account or password",
    "http://agency.example\\@localhost": "blanks nor backslashes",
    "https://agency.example /": "blanks nor backslashes",
    "https://agency.example\n.evil.example": "blanks nor backslashes",
}


@pytest.mark.parametrize("url", GOOD)
def test_an_address_is_https_or_this_very_machine(url: str) -> None:
    assert TypeAdapter(Base).validate_python(url) == url


def test_any_other_address_is_refused_everywhere_before_anything_is_sent(office: Office) -> None:
    for number, (url, why) in enumerate(BAD.items()):
        with pytest.raises(ValidationError, match=why):
            TypeAdapter(Address).validate_python(url)
        with pytest.raises(CredentialsError) as caught:
            Webhook(WebhookSettings(style="plain"), url)
        assert "agency.example" not in str(caught.value), "a webhook's address is a secret"
        office.source(f"a{number}", tracker="asana", projects=["1"], path=None, url=url)
        office.source(f"j{number}", tracker="jira", projects=["A"], path=None, url=url)
    office.write("config.toml", office.read("config.toml") + "[suggest]\nurl = 'https://[bad'\nmodel = 'm'\n")
    ran = office.run("check")
    faults = [line for line in ran.err.splitlines() if "url: " in line or "secrets have no place" in line]
    assert (ran.status, len(faults)) == (2, 2 * len(BAD) + 1), ran.err
    assert ":pass@" not in ran.err


def test_an_address_behind_which_paths_are_put_has_no_query() -> None:
    with pytest.raises(ValidationError, match="question mark"):
        TypeAdapter(Base).validate_python("https://agency.example/jira?x=1")
    hook = "https://chat.example/workflows/1?api-version=1&sig=abc"
    assert TypeAdapter(Address).validate_python(hook) == hook


@pytest.mark.parametrize("host", ["127.0.0.9", "::1", "localhost", "mail", "10.0.0.1", "127.0.0.1.example"])
def test_mail_goes_in_clear_to_this_very_machine_alone(host: str) -> None:
    settings = SmtpSettings.model_construct(None, host=host, security="none", from_=PERSON)
    told = [what for _, what in settings.complaints()]
    near = host in {"127.0.0.9", "::1", "localhost"}
    assert told == ([] if near else ['others could read what goes to another machine; write "tls" or "starttls"'])


# --- redirections, proxies, ~/.netrc ----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirection_is_not_followed_and_the_place_is_named(sender: Sender, status: int) -> None:
    with Listener() as other:
        machine, port = f"http://localhost:{other.port}", f"http://127.0.0.1:{other.port}"
        for target in (machine, port, "https://other.example"):
            with Listener(Answer(status, None, {"Location": f"{target}/rest/api/2/myself?x=1"})) as first:
                with pytest.raises(sender.errors) as caught:
                    sender.send(first.url)
                assert len(first.log) == 1, "nor is it asked again"
            if TrackerError in sender.errors:
                assert f"it points to {target}" in str(caught.value).replace(
                    "address points", "address: it points"
                )
                assert "set the source's `url`" in str(caught.value)
            else:
                assert str(status) in str(caught.value)
            counted("secret", leaks=len(other.log), told=other.log)


@pytest.mark.parametrize(
    ("location", "told"),
    [
        (f"https://me:secret@other.example:8443/jira?token={TOKEN}#x", "to https://other.example:8443"),
        ("https://[2001:db8::1]:8443", "to https://[2001:db8::1]:8443"),
        (f"https://me:{TOKEN}@other.example/", "elsewhere"),
        (f"https://other.example?{TOKEN}", "to https://other.example"),
        ("//other.example/jira", "to //other.example"),
        ("/login", "elsewhere"),
        ("https://\x1b[31mred/", "elsewhere"),
        (None, "elsewhere"),
    ],
)
def test_of_where_a_redirection_points_only_the_host_is_told(location: str | None, told: str) -> None:
    assert moved_to(location) == told


def test_no_login_of_a_netrc_file_is_added_or_put_in_the_tokens_place(
    sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password elses\ndefault login somebody password elses\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    with Listener(Answer(403, {})) as server, pytest.raises(sender.errors):
        sender.send(server.url)
    theirs = {b64encode(b"somebody:elses").decode()}
    sent = [*server.log[0].headers.values(), server.log[0].path]
    assert leaked(*sent, forms=FORMS | {BASIC}), "the token is"
    counted("secret", leaks=leaked(*sent, forms=theirs), told=sent)


def test_what_goes_to_this_very_machine_goes_through_no_proxy(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Listener(Answer(403, {})) as proxy, Listener(Answer(403, {})) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.upper(), proxy.url)
        with pytest.raises(sender.errors):
            sender.send(server.url)
        assert server.log
        counted("secret", leaks=len(proxy.log), told=proxy.log)


# --- TLS --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate that nobody has signed but itself, in one file."""
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    key = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    name = ["-days", "2", "-subj", "/CN=makegood", "-addext", "subjectAltName=IP:127.0.0.1"]
    try:
        subprocess.run([*key, *name, "-keyout", file, "-out", f"{file}.crt"], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not on this machine, and nothing else here makes a certificate")
    file.write_bytes(file.read_bytes() + Path(f"{file}.crt").read_bytes())
    return file


class Encrypted(Listener):
    """The same behind TLS; what of a request got through is in `log`."""

    def __init__(self, certificate: Path) -> None:
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(certificate)
        super().__init__(Answer(403, {}))

    def _serve(self, connection: socket.socket) -> None:
        with self.lock:
            thread = self._connections.pop(connection)
        try:
            spoken = self.context.wrap_socket(connection, server_side=True)
        except OSError:
            return  # whoever called did not trust us, as is hoped
        with self.lock:
            self._connections[spoken] = thread
        super()._serve(spoken)


@pytest.mark.system
def test_a_server_that_does_not_prove_who_it_is_is_sent_nothing(
    sender: Sender, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONHTTPSVERIFY", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, "" if "BUNDLE" in name else "0")
    with Encrypted(certificate) as server:
        with pytest.raises(sender.errors) as caught:
            sender.send(server.url.replace("http://", "https://"))
        said = str(caught.value)
        assert "certificate" in said.lower().replace("certverification", "certificate"), said
        counted("secret", leaks=len(server.log), told=server.log)


@pytest.mark.system
def test_an_authority_of_ones_own_can_be_named_for_jira(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", f"{certificate}.crt")
    with Encrypted(certificate) as server:
        with pytest.raises(TrackerError, match="answered 403"):
            _jira(server.url.replace("http://", "https://"))
        assert Counter(request.method for request in server.log) == {"GET": 1}


def test_connections_are_as_strict_as_urllib3_makes_them() -> None:
    ours, usual = trusting(certifi.where()), create_urllib3_context()
    for kind in ("verify_mode", "check_hostname", "hostname_checks_common_name", "options", "verify_flags"):
        assert getattr(ours, kind) == getattr(usual, kind), kind
    assert ours.minimum_version >= usual.minimum_version


@pytest.mark.system
def test_an_authority_of_ones_own_is_that_of_a_proxy_too(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", f"{certificate}.crt")
    with Encrypted(certificate) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("http://", "https://"))
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(TrackerError):
            _jira("https://tracker.example")
        assert {request.method for request in proxy.log} == {"CONNECT"}


@pytest.mark.system
def test_an_authority_is_read_once_for_all_connections_and_one_that_cannot_be_read_is_named(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trusting(f"{certificate}.crt") is trusting(f"{certificate}.crt")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    with pytest.raises(ConfigurationError, match=r"gone\.pem .*No such file.* REQUESTS_CA_BUNDLE"):
        _jira("https://127.0.0.1:9")


# --- what a ticket says ------------------------------------------------------------------------------------------

UNREADABLE = (
    "Erika is furious",
    "Erika's bill isn't paid",
    'Erika said "late", and the client\'s board heard it',
    "“Erika” \\ 'late'",
)


@pytest.mark.parametrize("cell", ["Created", "Status", "Due", "Severity", "Next update"])
@pytest.mark.parametrize("words", UNREADABLE)
def test_what_nobody_can_read_in_a_ticket_is_shown_to_people_and_stands_in_no_log_and_no_state(
    office: Office, cell: str, words: str
) -> None:
    office.source()
    office.issues(LATE | {cell: words})
    ran = office.run("daemon", "--passes", "1", "--output", "json")
    assert ran.status == 0
    assert "Erika" not in ran.err
    held = {path.name for path in office.folder.glob("state.db*") if b"Erika" in path.read_bytes()}
    assert not held or cell == "Severity", "whose history judging needs, and a list has none of its own"
    if "ticket failed" in ran.err or "ticket doubtful" in ran.err:
        assert cell.casefold() in ran.err.casefold(), "where it stands is told"
        assert "Erika" in office.run("--dry-run").out


def test_a_pass_that_a_timer_starts_tells_the_journal_no_more_than_the_daemon_does(office: Office) -> None:
    office.source()
    office.issues(LATE)
    with (office.folder / "out").open("w+") as out:
        place = os.fstat(out.fileno())
        told = {"JOURNAL_STREAM": f"{place.st_dev}:{place.st_ino}"}
        ran = subprocess.run(
            [MAKEGOOD, "--now", NOW],
            env=os.environ | told,
            stdout=out,
            stderr=subprocess.PIPE,
            check=True,
            text=True,
        )
    assert not (office.folder / "out").read_text(encoding="utf-8")
    assert '"event": "pass"' in ran.stderr
    assert "portal" not in ran.stderr
    assert "Client A" not in ran.stderr
