"""`makegood doctor`: what is wrong with an installation is told with what to type, whatever else is wrong."""

from __future__ import annotations

import json
import os
import re
import socket
import threading
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import pytest
from fakes.faults import DropBefore
from fakes.mail_server import MailServer
from office import DONE, INVOICE, LATE, ROOT, Office, jira_cloud, table
from rich.console import Console

from sync.doctor import credentials as doctor_credentials
from sync.doctor import files as doctor_files
from sync.doctor import machine as doctor_machine
from sync.doctor import service as doctor_service
from sync.doctor import text as doctor_text
from sync.doctor.checks import Check, examined
from sync.doctor.files import kind_of, room
from sync.doctor.finding import Finding, broken, doubtful, good, unknown
from sync.doctor.state import backups
from sync.monitoring.health import Pages, serve
from sync.settings import load
from sync.state.statefile import locked
from sync.state.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.jira_cloud import JiraCloud

    from sync.progress import Tell

SMTP = """
[notify]
always = ["partner@example.com"]
[notify.smtp]
host = "127.0.0.1"
port = {port}
security = "none"
from = "makegood@example.com"
user = "makegood"
[notify.webhook]
style = "plain"
"""


class Told(NamedTuple):
    """What a run of `doctor` told, and what it ended with."""

    status: int
    findings: list[dict[str, str]]

    def about(self, name: str) -> dict[str, str]:
        """The first finding under this name, which sums up the others."""
        return next(each for each in self.findings if each["about"] == name)

    def amiss(self) -> set[str]:
        return {each["about"] for each in self.findings if each["level"] == "error"}


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office whose machine has neither systemd nor a service of its own, so that all machines are alike."""
    made = Office(tmp_path, monkeypatch)
    system(made, timedatectl="yes")
    for name in ("_OF_THE_SERVICE", "_AS_SERVICE"):
        monkeypatch.setattr(doctor_credentials, name, tmp_path / "none")
    monkeypatch.setattr(doctor_machine, "_SYNCHRONISED", tmp_path / "none")
    monkeypatch.setattr(doctor_files, "kind_of", lambda *_: "ext4")
    made.issues(LATE, INVOICE, DONE)
    made.source()
    return made


@pytest.fixture
def jira() -> Iterator[JiraCloud]:
    with jira_cloud() as fake:
        yield fake


def system(office: Office, **programs: str) -> None:
    """Programs of the system that print these words; one that would print nothing fails."""
    folder = office.folder / "bin"
    folder.mkdir(exist_ok=True)
    for name in ("timedatectl", "systemctl"):
        said = programs.get(name, "")
        (folder / f"{name}.txt").write_text(said)
        program = folder / name
        program.write_text(f'#!/bin/sh\ncat "{folder}/{name}.txt"; test -s "{folder}/{name}.txt"\n')
        program.chmod(0o755)
    office.patch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def examine(office: Office, *arguments: str) -> Told:
    ran = office.run("doctor", "--output", "json", *arguments)
    assert ran.err == ""
    told = ran.json
    assert ran.status == told["status"]
    return Told(ran.status, told["findings"])


@contextmanager
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """An address at which somebody listens, and all that was ever sent there."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hear() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    heard.append(connection.recv(1000))

        thread = threading.Thread(target=hear, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/secret-path", heard
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder with a config that anybody can reach, which those of pytest are not."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "mappings").symlink_to(ROOT / "mappings")
        (folder / "config.toml").write_text(
            table("source", {"name": "list", "tracker": "workbook", "path": "a.csv"})
        )
        yield folder


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """Nobody may write in the folder, and we have no more rights than others; root has all otherwise."""
    root = os.geteuid() == 0
    folder.chmod(0o555)
    try:
        if root:
            os.seteuid(65534)
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


def none(*_: object) -> None:
    """Whom nothing is told."""


# --- all of it --------------------------------------------------------------------------------------------------


def test_a_sound_installation_is_told_so_and_nothing_is_written_or_sent(office: Office, jira: JiraCloud) -> None:
    office.jira(jira.url)
    with MailServer(login=("makegood", "mail-password")) as post, listener() as (url, heard):
        extra = f'{SMTP.format(port=post.port)}[heartbeat]\n[metrics]\nlisten = "127.0.0.1:{free_port()}"\n'
        office.write("config.toml", office.read("config.toml") + extra)
        for name, secret in (("NOTIFY_SMTP", "mail-password"), ("NOTIFY_WEBHOOK", url), ("HEARTBEAT", url)):
            office.patch.setenv(f"MAKEGOOD_{name}_TOKEN", secret)
        assert office.run().status in {0, 1}
        assert office.run("state", "backup", "backups.db").status == 0
        before, asked, mailed, greeted = office.files(), len(jira.log), len(post.mails), post.hellos
        posted = len(heard)
        told = examine(office)
        assert (told.status, told.amiss()) == (0, set())
        assert office.files() == before
        assert not [each for each in jira.log[asked:] if each.method != "GET" and "search" not in each.path]
        assert (len(post.mails), post.hellos, post.logins[-1]) == (mailed, greeted + 1, "makegood")
        assert b"".join(heard[posted:]) == b""
    good_ones = {each["about"] for each in told.findings if each["level"] == "ok"}
    assert good_ones >= {
        *("configuration", "versions", "packages", "zones", "holidays", "clock", "disk", "permissions", "state"),
        *(
            "last pass issues",
            "last pass jira",
            "open writes",
            "backup",
            "metrics",
            "issues",
            "jira",
            "jira: clock",
        ),
        *("mail", "webhook", "heartbeat"),
    }
    assert told.about("webhook")["what"] == f"{url.removesuffix('/secret-path')} can be reached; nothing was sent"
    assert "schema" in told.about("state")["what"]


def test_offline_asks_nobody_and_still_tells_which_credentials_are_there(office: Office, jira: JiraCloud) -> None:
    office.jira(jira.url)
    office.write("config.toml", office.read("config.toml") + SMTP.format(port=9) + "[heartbeat]\n")
    office.patch.setenv("MAKEGOOD_HEARTBEAT_TOKEN", "http://127.0.0.1:9/beat")
    told = examine(office, "--offline")
    assert jira.log == []
    assert told.about("jira")["level"] == told.about("heartbeat")["level"] == "ok"
    assert told.amiss() == {"mail", "webhook"}
    assert told.status == 3


def test_quiet_shows_only_what_is_not_good_and_nothing_if_all_is(office: Office) -> None:
    assert office.run().status in {0, 1}
    with at_work(office.folder / "state.db"):
        ran = office.run("doctor", "-q", "--offline")
        assert ran == (0, "", "")
    told = office.run("doctor", "-q", "--offline")
    assert "warning: daemon: none works on the state" in told.out
    assert "; remedy: makegood daemon\n" in told.out
    assert "\nok:" not in told.out
    assert "ok: package asana: " in office.run("doctor", "-v", "--offline").out


@contextmanager
def at_work(state: Path) -> Iterator[None]:
    """As if a daemon worked on the state."""
    handle = locked(state)
    try:
        yield
    finally:
        os.close(handle)


# --- the issue's own bad input ----------------------------------------------------------------------------------


def test_a_state_folder_that_cannot_be_written_is_named_with_its_owner_and_the_rest_goes_on(
    office: Office, open_folder: Path
) -> None:
    with unprivileged(open_folder):
        told = examine(office, "--offline", "--config", str(open_folder / "config.toml"))
    found = told.about("state folder")
    assert (told.status, found["level"]) == (2, "error")
    assert f"cannot write in {open_folder}: Permission denied" in found["what"]
    assert str(open_folder) in found["remedy"]
    assert told.about("disk")["level"] == told.about("configuration")["level"] == "ok"


def test_a_tracker_s_clock_that_is_twenty_minutes_off_is_an_error_and_five_minutes_a_warning(
    office: Office, jira: JiraCloud
) -> None:
    office.jira(jira.url)
    for minutes, level, status in ((20, "error", 1), (-20, "error", 1), (5, "warning", 0)):
        jira.now = datetime.now(UTC) + timedelta(minutes=minutes)
        told = examine(office)
        found = told.about("jira: clock")
        assert (told.status, found["level"], found["remedy"]) == (status, level, "timedatectl set-ntp true")
    assert "the tracker's clock is 5 minutes ahead of this machine's" in found["what"]
    assert told.about("jira")["level"] == "ok"


@pytest.mark.parametrize(
    ("said", "level"), [("yes", "ok"), ("no", "warning"), ("", "unknown")], ids=["kept", "left alone", "untold"]
)
def test_whether_somebody_keeps_the_clock_right_is_told_or_that_nobody_knows(
    said: str, level: str, office: Office
) -> None:
    system(office, timedatectl=said)
    assert [each.level for each in doctor_machine.clock()] == [level]


def test_one_of_two_credentials_is_missing_and_the_other_source_is_looked_at(
    office: Office, jira: JiraCloud
) -> None:
    office.jira(jira.url)
    office.jira(jira.url, "second")
    office.patch.delenv("MAKEGOOD_SECOND_TOKEN")
    told = examine(office)
    assert (told.status, told.amiss()) == (3, {"second"})
    assert told.about("second")["remedy"] == "read -rs MAKEGOOD_SECOND_TOKEN && export MAKEGOOD_SECOND_TOKEN"
    assert told.about("jira")["what"].startswith("signed in at ")
    office.patch.setattr(doctor_credentials, "_OF_THE_SERVICE", office.folder)
    remedy = examine(office, "--offline").about("second")["remedy"]
    assert remedy == f"sudo env CREDENTIALS_DIRECTORY={office.folder} makegood doctor"
    office.patch.setattr(doctor_credentials, "_AS_SERVICE", office.folder / "config.toml")
    assert examine(office, "--offline").about("second")["remedy"] == "sudo config.toml doctor"
    (office.folder / "credentials").mkdir()
    office.patch.setenv("CREDENTIALS_DIRECTORY", str(office.folder / "handed over"))
    remedy = examine(office, "--offline").about("second")["remedy"]
    assert remedy == f"(umask 077; cat >{office.folder}/credentials/second.token)"


def test_a_token_that_is_refused_and_a_right_that_is_lacking_are_told_apart(
    office: Office, jira: JiraCloud
) -> None:
    office.jira(jira.url)
    jira.deny("ADD_COMMENTS")
    told = examine(office)
    assert (told.status, told.amiss()) == (2, {"jira: project OPS"})
    assert "Add Comments" in told.about("jira: project OPS")["what"]
    office.patch.setenv("MAKEGOOD_JIRA_TOKEN", "ATATT3xFfGF0-another")
    told = examine(office)
    assert (told.status, told.amiss()) == (3, {"jira"})
    assert "does not accept the account or its token" in told.about("jira")["what"]


def test_a_dead_heartbeat_a_dead_webhook_and_a_mail_server_that_refuses_us_are_each_told(office: Office) -> None:
    down = f"http://127.0.0.1:{free_port()}/secret-path"
    with MailServer(login=("makegood", "mail-password")) as post:
        office.write("config.toml", office.read("config.toml") + SMTP.format(port=post.port) + "[heartbeat]\n")
        office.patch.setenv("MAKEGOOD_NOTIFY_SMTP_TOKEN", "wrong-password")
        office.patch.setenv("MAKEGOOD_NOTIFY_WEBHOOK_TOKEN", down)
        office.patch.setenv("MAKEGOOD_HEARTBEAT_TOKEN", down)
        told = examine(office)
    assert (told.status, told.amiss()) == (1, {"mail", "webhook", "heartbeat"})
    assert "does not let us in (535" in told.about("mail")["what"]
    for name in ("webhook", "heartbeat"):
        found = told.about(name)
        assert "cannot be reached (Connection refused)" in found["what"]
        assert found["remedy"] == f"curl -sSI {down.removesuffix('/secret-path')}"
    assert "secret-path" not in json.dumps(told.findings)
    assert told.about("issues")["level"] == "ok"


def test_check_online_looks_at_the_mail_server_too_and_sends_nothing(office: Office) -> None:
    with MailServer(login=("makegood", "mail-password")) as post:
        office.write(
            "config.toml", office.read("config.toml") + SMTP.format(port=post.port).partition("[notify.web")[0]
        )
        for password, status, level in (("mail-password", 0, "ok"), ("wrong-password", 1, "error")):
            office.patch.setenv("MAKEGOOD_NOTIFY_SMTP_TOKEN", password)
            ran = office.run("check", "--online")
            assert ran.status == status
            assert f"notify: {level}: mail: " in ran.out
        assert "notify" not in office.run("check", "--online", "--source", "issues").out
        assert (post.mails, {*post.logins}) == ([], {"makegood"})


def test_a_port_that_is_taken_is_told_from_one_that_our_own_daemon_answers(tmp_path: Path) -> None:
    pages = Pages(lambda: b"makegood_passes_total 1\n", lambda: "", lambda: "")
    state, silent = tmp_path / "state.db", free_port()
    with serve("127.0.0.1", 0, pages) as ours:
        here = ("127.0.0.1", ours.port)
        (taken,) = doctor_service.metrics(here, state)
        (free,) = doctor_service.metrics(("127.0.0.1", silent), state)
        with at_work(state):
            (answered,) = doctor_service.metrics(here, state)
            (unanswered,) = doctor_service.metrics(("127.0.0.1", silent), state)
    assert [each.level for each in (taken, free, answered, unanswered)] == ["error", "ok", "ok", "warning"]
    assert taken.remedy == f"ss -ltnp sport = :{ours.port}"
    with at_work(state), listener() as (url, _):
        (foreign,) = doctor_service.metrics(("127.0.0.1", urlsplit(url).port or 0), state)
    assert foreign.level == "error"


def test_a_folder_for_the_figures_that_is_not_there_is_to_be_made(tmp_path: Path) -> None:
    (lacking,) = doctor_files.textfile(tmp_path / "figures" / "makegood.prom")
    assert (lacking.level, lacking.remedy) == ("error", f"mkdir -p {tmp_path}/figures")
    (tmp_path / "figures").mkdir()
    (there,) = doctor_files.textfile(tmp_path / "figures" / "makegood.prom")
    assert there.level == "ok"


def test_a_source_that_left_the_config_with_an_open_write_is_named_with_the_way_out(
    office: Office, jira: JiraCloud
) -> None:
    only_issues = office.read("config.toml")
    office.jira(jira.url)
    office.fill_client(jira)
    jira.script(DropBefore(), method="POST", path="/comment$")
    assert office.run().status == 1
    told = examine(office)
    assert told.about("open writes")["what"].startswith("1 of unknown outcome")
    office.write("config.toml", only_issues)
    found = (left := examine(office)).about("source jira")
    assert (left.status, found["level"]) == (0, "warning")
    assert "1 write of unknown outcome and 1 live ticket" in found["what"]
    assert "put its [[source]] back" in found["remedy"]


@pytest.mark.parametrize(
    ("live", "what"),
    [(1, "its 1 live ticket is watched by nobody"), (2, "its 2 live tickets are watched by nobody")],
)
def test_a_source_that_left_the_config_with_live_tickets_is_to_be_looked_at(
    office: Office, jira: JiraCloud, live: int, what: str
) -> None:
    only_issues = office.read("config.toml")
    office.jira(jira.url)
    if live > 1:
        jira.create_issue("OPS", "The invoice is wrong", priority="Highest", status="Open")
    assert office.run().status == 0
    office.write("config.toml", only_issues)
    found = examine(office).about("source jira")
    assert (found["level"], found["what"]) == ("warning", f"it is in the config no more, and {what}")
    assert found["remedy"] == "if that is not meant, put its [[source]] back"


# --- what hangs, what stumbles ----------------------------------------------------------------------------------


def test_what_hangs_or_stumbles_is_told_as_such_in_its_place_and_keeps_nothing_back() -> None:
    going = threading.Event()

    def hangs() -> Iterator[Finding]:
        yield good("slow", "it began")
        going.wait(30)

    def stumbles() -> list[Finding]:
        raise ValueError("an oddity")

    def shut() -> Iterator[Finding]:
        Path("/proc/self/mem/none").read_bytes()
        yield good("shut", "it was open")

    counts: list[int] = []
    tell: Tell = lambda _source, _stage, count, _total=None: counts.append(count)  # noqa: E731
    checks = [Check("A", "slow", hangs, "curl it"), Check("A", "odd", stumbles), Check("B", "shut", shut)]
    told = [*examined([*checks, Check("B", "fine", lambda: [good("fine", "so it is")])], tell, patience=0.5)]
    going.set()
    assert [(part, each.about, each.level) for part, each in told] == [
        ("A", "slow", "ok"),
        ("A", "slow", "error"),
        ("A", "odd", "error"),
        ("B", "shut", "error"),
        ("B", "fine", "ok"),
    ]
    assert (told[1][1].what, told[1][1].remedy) == ("no answer came within 0.5 seconds", "curl it")
    assert "ValueError" in told[2][1].what
    assert "please report" in told[2][1].remedy
    assert told[3][1].what == "/proc/self/mem/none: Not a directory"
    assert counts[-1] == 3


def test_faults_of_the_mapping_are_counted_and_the_rest_is_looked_at(office: Office, jira: JiraCloud) -> None:
    office.jira(jira.url)
    office.mapping("escalation.toml", "[critical.first_response]\nwithin", "[critical.first_response]\nwithn")
    told = examine(office)
    found = told.about("configuration")
    assert (told.status, found["remedy"]) == (2, "makegood check")
    assert re.match(r"\d+ faults?, the first of them mappings/\w+\.toml:\d+:\d+: ", found["what"])
    assert (
        told.about("jira")["what"].startswith("its token is there")
        or "nobody was asked" in told.about("jira")["what"]
    )
    assert told.about("disk")["level"] == "ok"


def test_without_a_config_what_can_be_looked_at_is_and_init_is_the_remedy(office: Office) -> None:
    (office.folder / "config.toml").unlink()
    told = examine(office)
    assert (told.status, told.about("configuration")["remedy"]) == (2, "makegood init")
    assert told.about("packages")["level"] == "ok"


def test_an_unknown_source_is_refused_and_one_that_is_named_is_alone(office: Office, jira: JiraCloud) -> None:
    office.jira(jira.url)
    ran = office.run("doctor", "--source", "jria")
    assert (ran.status, ran.out) == (2, "")
    assert "no source is named 'jria'" in ran.err
    told = examine(office, "--source", "issues")
    assert jira.log == []
    assert not [each for each in told.findings if "jira" in each["about"] and each["about"] != "package jira"]


# --- the state --------------------------------------------------------------------------------------------------


def test_a_state_that_is_lost_damaged_or_newer_is_an_error_with_the_way_out(office: Office) -> None:
    assert office.run().status in {0, 1}
    state = office.folder / "state.db"
    with Store(state, write=True) as store:
        store._database.execute("PRAGMA user_version = 99")  # noqa: SLF001 - as a later makegood would leave it
    found = (told := examine(office, "--offline")).about("state")
    assert (told.status, found["level"]) == (2, "error")
    assert "written by a newer makegood (schema 99" in found["what"]
    assert found["remedy"].startswith("install that version again")
    state.write_bytes(b"no database at all" * 100)
    assert "no sound state file" in examine(office, "--offline").about("state")["what"]
    state.unlink()
    found = examine(office, "--offline").about("state")
    assert (found["level"], found["remedy"]) == ("error", "makegood rebuild")
    state.with_name("state.db.lock").unlink()
    assert examine(office, "--offline").about("state")["level"] == "unknown"


def test_old_news_are_an_error_only_while_a_daemon_should_bring_newer_ones(office: Office) -> None:
    office.write("config.toml", 'interval = "1m"\ninterval_off_hours = "1m"\n' + office.read("config.toml"))
    assert office.run().status in {0, 1}
    state = office.folder / "state.db"
    earlier = (datetime.now(UTC) - timedelta(hours=5)).isoformat()
    with Store(state, write=True) as store:
        store._database.execute("UPDATE sources SET last_good = ?", (earlier,))  # noqa: SLF001 - as time would
    found = (told := examine(office, "--offline")).about("last pass issues")
    assert (told.status, found["level"]) == (0, "warning")
    assert found["what"].startswith("the last good one was 5 h ago")
    assert found["remedy"] == "makegood --dry-run --source issues"
    with at_work(state):
        told = examine(office, "--offline")
    assert (told.status, told.about("last pass issues")["level"]) == (1, "error")
    assert told.about("daemon")["what"] == f"process {os.getpid()} works on the state"


def test_the_newest_backup_is_found_beside_the_state_and_named_when_it_is_old(office: Office) -> None:
    assert office.run().status in {0, 1}
    state, now = office.folder / "state.db", datetime.now(UTC)
    (found,) = backups(state, None, now)
    made = office.folder / "state-backup.db"
    assert (found.level, found.remedy) == ("unknown", f"makegood state backup {made}")
    assert office.run(*found.remedy.split()[1:]).status == 0
    assert [each.level for each in backups(state, None, now)] == ["ok"]
    (office.folder / "backups").mkdir()
    made.rename(office.folder / "backups" / "makegood.db")
    assert [each.level for each in backups(state, None, now)] == ["ok"]
    (old,) = backups(state, None, now + timedelta(days=8, hours=1))
    assert (old.level, old.what) == ("warning", "the newest is makegood.db, 8 d old")


# --- the machine ------------------------------------------------------------------------------------------------


MOUNTS = r"""
/dev/sda1 / ext4 rw 0 0
server:/srv /srv/state\040files nfs4 rw 0 0
tmpfs /run tmpfs rw 0 0
"""


def test_the_file_system_of_a_folder_is_that_of_the_nearest_mount_above_it(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS.strip())
    kinds = [kind_of(Path(place), mounts) for place in ("/srv/state files/makegood", "/srv/state", "/run/x", "/")]
    assert kinds == ["nfs4", "ext4", "tmpfs", "ext4"]
    assert kind_of(Path("/"), tmp_path / "none") == ""


def test_little_room_is_a_warning_before_there_is_none() -> None:
    place, plenty = Path("/srv/makegood"), 10**12
    assert room(plenty, None, 1000, place).level == room(plenty, 10**6, 1000, place).level == "ok"
    assert room(99 * 10**6, None, 1000, place).level == "warning"
    short = room(10**9, None, 4 * 10**8, place)
    assert (short.level, short.remedy) == ("warning", "df -h /srv/makegood")
    assert "1 GB free for a state of 400 MB" in short.what
    assert room(plenty, 10, 1000, place).remedy == "df -i /srv/makegood"


@pytest.mark.usefixtures("office")
def test_zone_data_and_holidays_that_end_before_next_year_are_warnings() -> None:
    settings, policy = load(Path("config.toml"))
    assert [each.level for each in doctor_machine.zones(settings, policy, date(2099, 5, 1))] == ["warning"]
    assert [each.level for each in doctor_machine.holidays(policy, date(2026, 5, 1))] == ["ok"]
    (found,) = doctor_machine.holidays(policy, date(2100, 5, 1))
    assert found.level == "warning"
    assert "none known for 2100 or 2101" in found.what
    assert found.remedy.endswith("-m pip install --upgrade holidays")


def test_a_package_that_is_missing_is_named_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        doctor_machine, "requires", lambda _: ["asana>=5", "no-such-part>=1", 'ruff; extra == "x"']
    )
    found, asana = doctor_machine.packages()
    assert (found.level, found.status) == ("error", 2)
    assert found.remedy.endswith("-m pip install no-such-part")
    assert (asana.about, asana.minor) == ("package asana", True)


def test_files_that_everybody_can_change_or_read_are_named(office: Office) -> None:
    assert office.run().status in {0, 1}
    (office.folder / "config.toml").chmod(0o666)
    (office.folder / "state.db").chmod(0o644)
    said = [each for each in examine(office, "--offline").findings if each["about"] == "permissions"]
    assert [each["level"] for each in said] == ["warning"] * len(said)
    assert said[0]["remedy"] == "chmod o-w config.toml"
    assert "every user of this machine can read it" in said[-1]["what"]
    assert said[-1]["remedy"] == "chmod 600 it"


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can give a file away")
def test_what_somebody_else_s_pass_left_in_the_service_s_folder_is_given_back(office: Office) -> None:
    folder = office.folder / "kept"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    office.patch.setenv("MAKEGOOD_STATE", str(folder / "state.db"))
    assert office.run().status in {0, 1}
    found = examine(office, "--offline").about("permissions")
    assert "made by root, in a folder of nobody's" in found["what"]
    assert found["remedy"].startswith(f"sudo chown nobody {folder}/state.db")


# --- systemd ----------------------------------------------------------------------------------------------------


UNIT = """Id={name}
LoadState=loaded
ActiveState={active}
UnitFileState={enabled}
Result={result}
Environment={environment}
ExecStart={{ path=/opt/makegood ; argv[]=/opt/makegood daemon --config {config} ; ignore_errors=no }}
"""


def unit(name: str, active: str, enabled: str, config: object = "x", environment: str = "") -> str:
    result = "exit-code" if active == "failed" else "success"
    told = {"name": name, "active": active, "enabled": enabled, "config": config, "environment": environment}
    return UNIT.format(result=result, **told)


@pytest.mark.parametrize(
    ("active", "enabled", "level", "remedy"),
    [
        ("failed", "enabled", "error", "journalctl -u makegood.service -n 50"),
        ("active", "disabled", "warning", "systemctl enable makegood.service"),
        ("inactive", "enabled", "warning", "systemctl start makegood.service"),
        ("active", "enabled", "ok", ""),
    ],
)
def test_a_unit_that_failed_or_would_not_come_back_is_told(
    active: str, enabled: str, level: str, remedy: str, office: Office
) -> None:
    absent = unit("makegood-once.timer", "inactive", "").replace("loaded", "not-found")
    system(office, systemctl=f"{unit('makegood.service', active, enabled)}\n{absent}")
    _, found = service(office)
    assert (found.about, found.level, found.remedy) == ("makegood.service", level, remedy)


def service(office: Office) -> list[Finding]:
    """What is told of the service in this folder."""
    here = office.folder
    return [*doctor_service.service(here / "state.db", here / "config.toml", "makegood doctor")]


def test_a_timer_makes_the_passes_where_there_is_no_daemon(office: Office) -> None:
    system(office, systemctl=unit("makegood-once.timer", "active", "enabled"))
    assert [(each.level, each.what) for each in service(office)] == [
        ("ok", "none; makegood-once.timer makes the passes"),
        ("ok", "active, and started with the machine"),
    ]


def test_a_service_with_this_config_and_another_state_is_told_with_the_command_that_looks_there(
    office: Office,
) -> None:
    kept = "MAKEGOOD_STATE=/var/lib/makegood/state.db"
    ours = unit("makegood.service", "active", "enabled", office.folder / "config.toml", f"A=1 {kept}")
    system(office, systemctl=ours)
    (*_, found) = service(office)
    assert (found.about, found.level, found.remedy) == ("state", "warning", f"env {kept} makegood doctor")
    office.patch.setattr(doctor_credentials, "_AS_SERVICE", office.folder / "config.toml")
    assert service(office)[-1].remedy == "sudo config.toml doctor"
    system(office, systemctl=unit("makegood.service", "active", "enabled", "/etc/other.toml", kept))
    assert [each.about for each in service(office)] == ["daemon", "makegood.service"]


# --- the screen -------------------------------------------------------------------------------------------------


SCREEN = """\
Machine
  ✓  disk   2 GB free for a state of 3 MB
  ?  clock  nothing here tells whether it is synchronised
            → timedatectl

Sources
  ✗  jira   Jira could not be reached
            → curl -sSI https://jira.example.com
  !  mail   the password will run out before long, and then nobody is told of anything that is
            grave, so have a new one made
            → make one

"""


def test_the_screen_holds_a_mark_a_part_and_the_remedy_below_in_colour_or_without() -> None:
    told = [
        ("Machine", good("disk", "2 GB free for a state of 3 MB")),
        ("Machine", unknown("clock", "nothing here tells whether it is synchronised", "timedatectl")),
        ("Sources", broken("jira", "Jira could not be reached", "curl -sSI https://jira.example.com")),
        (
            "Sources",
            doubtful(
                "mail",
                "the password will run out before long, and then nobody is told of anything that is grave, "
                "so have a new one made",
                "make one",
            ),
        ),
    ]
    shown = {}
    for colour in (None, "standard"):
        screen = StringIO()
        console = Console(file=screen, width=100, force_terminal=True, color_system=colour)
        doctor_text.show(told, console)
        shown[colour] = "".join(line.rstrip() + "\n" for line in screen.getvalue().splitlines())
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown[None])
    assert plain == SCREEN
    assert "\x1b[32m✓" in shown["standard"]
    assert "\x1b[1;31m✗" in shown["standard"]
    assert doctor_text.summary(told) == "1 broken, 1 to look at, 1 unknown, 1 good"


def test_the_gravest_error_decides_the_status_and_a_warning_none() -> None:
    levels: list[tuple[str, Finding]] = [("A", doubtful("a", "b", "c")), ("A", unknown("a", "b"))]
    assert doctor_text.status_of(levels) == 0
    assert doctor_text.status_of([*levels, ("A", broken("a", "b", "c"))]) == 1
    assert doctor_text.status_of([("A", broken("a", "b", "c", 3)), ("A", broken("a", "b", "c", 2))]) == 3
