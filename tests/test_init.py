"""`makegood init`: a first config and mapping from what a tracker shows, which check and a dry run then accept."""

from __future__ import annotations

import os
import pty
import tomllib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fakes.asana import AsanaFake
from fakes.faults import Reply
from fakes.jira_catalogue import status
from fakes.jira_cloud import EMAIL, JiraCloud
from fakes.jira_dc import JiraDC
from office import MAKEGOOD, ROOT, SECRET, Office, Ran
from openpyxl import Workbook

from sync.trackers.landscape import Landscape, SeenStatus
from sync.workbench.guess import guessed
from sync.workbench.init_command import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.jira_rest import Jira

    from sync.trackers.landscape import Stage


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("TZ", "Europe/Copenhagen")
    monkeypatch.setenv("COLUMNS", "100")
    return Office(tmp_path, monkeypatch)


def written(office: Office, file: str) -> dict[str, Any]:
    """One of the written files, read."""
    return tomllib.loads(office.read(f"first/{file}"))


def seen_by_a_dry_run(office: Office) -> int:
    """How many tickets a dry run reads by the written files without an error; `check` finds them sound first."""
    checked = office.run("check", "--config", "first/config.toml")
    assert (checked.status, checked.err) == (0, ""), checked.err
    ran = office.run("--dry-run", "--config", "first/config.toml", "--output", "json")
    assert ran.status == 0, ran.out
    (source,) = ran.json["sources"]
    assert source["mode"] == "observe"
    tickets: int = source["tickets_seen"]
    return tickets


def on_jira(office: Office, jira: Jira, *more: str) -> Ran:
    office.patch.setenv("MAKEGOOD_JIRA_TOKEN", SECRET)
    return office.run("init", "first", "--yes", "--tracker", "jira", "--url", jira.url, *more)


def everything_written(office: Office) -> str:
    """All that lies in the folder, as one text."""
    files = sorted(file for file in (office.folder / "first").rglob("*") if file.is_file())
    return "".join(file.read_text(encoding="utf-8") for file in files)


# --- the trackers -----------------------------------------------------------------------------------------------


@pytest.fixture
def danish() -> Iterator[JiraCloud]:
    """A Danish agency on Jira Cloud, with its own words for statuses, fields and priorities."""
    jira = JiraCloud(now=datetime.now(UTC) - timedelta(hours=5), token=SECRET)
    jira.site.catalogue.choices["status"] = [
        status("1", "Ny", "new"),
        status("3", "Under behandling", "indeterminate"),
        status("4", "Afventer kundens svar", "indeterminate"),
        status("5", "Løst", "done"),
        status("6", "Skrinlagt", "done"),
    ]
    jira.site.catalogue.choices["priority"] = [
        {"id": str(number), "name": name} for number, name in enumerate(("Kritisk", "Høj", "Mellem", "Lav"), 1)
    ]
    jira.add_project("SAG", "Kundesager")
    client = jira.add_field("Kunde")
    severity = jira.add_field("Alvorlighed", "option", ("Kritisk", "Høj", "Middel", "Lav"))
    jira.add_field("Lovet dato", "date")
    for number in range(12):
        name = ("Client C A/S", "Client C", "Client B")[number % 3]
        values: dict[str, Any] = {client: name, severity: "Høj" if number % 2 else None}
        jira.create_issue("SAG", f"Sag {number}", status="Ny", priority="Mellem", **values)
    jira.now = datetime.now(UTC)
    with jira:
        yield jira


def test_a_jira_cloud_in_danish_is_understood(office: Office, danish: JiraCloud) -> None:
    ran = on_jira(office, danish, "--project", "SAG", "--email", EMAIL)
    assert ran.status == 0, ran.err
    mapping = written(office, "mappings/jira.toml")
    assert mapping["fields"] == {
        "client": "Kunde",
        "engagement": "Project",
        "priority": "Priority",
        "severity": "Alvorlighed",
        "planned": "Lovet dato",
        "own": {},
    }
    assert mapping["status"] == {
        "open": ["Ny"],
        "in_progress": ["Under behandling"],
        "waiting": ["Afventer kundens svar"],
        "resolved": ["Løst"],
        "closed": ["Skrinlagt"],
    }
    assert mapping["evidence"]["planned"]["fields"] == ["planned"]
    assert "fields" not in mapping["evidence"]["remedy"]
    priorities = written(office, "mappings/severity.toml")["priority_values"]
    assert {priorities[name] for name in ("Kritisk",)} == {"critical"}
    assert "Mellem" not in priorities, "nobody chose it"
    clients = written(office, "mappings/clients.toml")["client"]
    assert clients == [{"name": "Client C A/S", "aliases": ["Client C"]}, {"name": "Client B"}]
    (source,) = written(office, "config.toml")["source"]
    assert source["zone"] == "America/New_York", "as the account's profile says"
    assert (source["mode"], source["readers"], source["language"]) == ("observe", "staff-and-clients", "en")
    assert seen_by_a_dry_run(office) == 12


def test_each_guess_says_so_at_the_end_of_its_line(office: Office, danish: JiraCloud) -> None:
    on_jira(office, danish, "--project", "SAG", "--email", EMAIL)
    lines = office.read("first/mappings/jira.toml").splitlines()
    for beginning in ('client = "Kunde"', '  "Ny"', '  "Afventer kundens svar"', '  "Skrinlagt"'):
        (line,) = [line for line in lines if line.startswith(beginning)]
        assert "# guessed: " in line
    assert "the tracker counts it as done (likely)" in "\n".join(lines)


def test_a_jira_data_center_of_two_projects_is_understood(office: Office) -> None:
    jira = JiraDC(now=datetime.now(UTC) - timedelta(hours=5), token=SECRET)
    jira.add_project("OPS", "Operations")
    jira.add_project("DESK", "Service desk", "service_desk")
    jira.add_field("Auftraggeber")
    jira.site.catalogue.choices["status"].append(status("10011", "In Klärung", "indeterminate"))
    jira.create_issue("OPS", "Das Portal ist aus", status="In Klärung", priority="High")
    jira.create_issue("DESK", "Eine Frage", status="Open", priority="High")
    jira.now = datetime.now(UTC)
    with jira:
        ran = on_jira(office, jira, "--project", "OPS,DESK", "--zone", "Europe/Berlin")
        assert ran.status == 0, ran.err
        asked = len(jira.log)
        assert seen_by_a_dry_run(office) == 2
    assert asked <= 6 + 2 * 2
    mapping = written(office, "mappings/jira.toml")
    assert mapping["fields"]["client"] == "Auftraggeber"
    assert "In Klärung" in mapping["status"]["in_progress"]
    (source,) = written(office, "config.toml")["source"]
    assert (source["projects"], source["readers"]) == (["OPS", "DESK"], "staff-and-clients")
    assert "clients or guests were met" in office.read("first/config.toml")
    assert written(office, "mappings/escalation.toml")["calendar"] == "berlin"


def test_asana_in_japanese_is_understood_and_what_is_not_guessed_is_asked(office: Office) -> None:
    asana = AsanaFake(now=datetime.now(UTC) - timedelta(hours=5))
    asana.person("Delivery lead")
    asana.person("Client contact", guest=True)
    project = asana.add_project("顧客対応", sections=("未着手", "対応中", "顧客待ち", "完了", "倉庫"))
    asana.add_field(project, "顧客", "text")
    asana.add_field(project, "優先度", "enum", ("緊急", "高", "中", "低"))
    asana.create_task(project, "ポータルが止まった", section="未着手", fields={"顧客": "Client B"})
    asana.create_task(project, "請求書の合計", section="対応中", fields={"顧客": "Client B", "優先度": "高"})
    asana.now = datetime.now(UTC)
    with asana:
        office.patch.setenv("MAKEGOOD_ASANA_TOKEN", asana.token)
        ran = office.run(
            *("init", "first", "--yes", "--tracker", "asana", "--url", asana.host, "--project", project)
        )
        assert ran.status == 0, ran.err
        assert seen_by_a_dry_run(office) == 2
    mapping = written(office, "mappings/asana.toml")
    assert mapping["fields"] == {"client": "顧客", "priority": "優先度", "own": {}}
    assert mapping["status"]["waiting"] == ["顧客待ち"]
    assert mapping["status"]["closed"] == ["完了"]
    assert mapping["people"]["staff"] == ["@agency.example"]
    assert mapping["people"]["clients"] == ["@client.example"]
    priorities = written(office, "mappings/severity.toml")["priority_values"]
    assert (priorities["緊急"], priorities["高"], priorities["低"]) == ("critical", "high", "low")
    line = next(
        number
        for number, text in enumerate(office.read("first/mappings/asana.toml").splitlines(), start=1)
        if text.startswith('# "倉庫"')
    )
    assert f"Status 倉庫 (on 0 of 2 tickets)  mappings/asana.toml:{line}" in ran.out
    (source,) = written(office, "config.toml")["source"]
    assert (source["language"], source["readers"]) == ("ja", "staff-and-clients")


def test_a_workbook_in_german_is_understood_with_its_dates_and_its_header_in_the_third_row(office: Office) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Vorgänge der Agentur"])
    sheet.append([])
    sheet.append(
        ["Nr.", "Betreff", "Beschreibung", "Status", "Erstellt am", "Frist", "Etiketten", "Zuständig", "Kunde"]
    )
    sheet.append(
        [
            1,
            "Portal aus",
            "Seit heute früh",
            "Offen",
            "02.03.2026",
            "13.03.2026",
            "",
            "Consultant 1",
            "Client A GmbH",
        ]
    )
    sheet.append(
        [2, "Rechnung", "Summe falsch", "Wartet auf Kunden", "27.02.2026", "", "", "Consultant 2", "Client A"]
    )
    book.save(office.folder / "vorgänge.xlsx")
    ran = office.run(
        "init", "first", "--yes", "--workbook", "vorgänge.xlsx", "--name", "desk", "--readers", "staff"
    )
    assert ran.status == 0, ran.err
    mapping = written(office, "mappings/workbook.toml")
    assert (mapping["header_row"], mapping["date_format"]) == (3, "%d.%m.%Y")
    assert mapping["columns"] == {
        "id": "Nr.",
        "title": "Betreff",
        "text": "Beschreibung",
        "status": "Status",
        "created": "Erstellt am",
        "due": "Frist",
        "labels": "Etiketten",
        "assignee": "Zuständig",
    }
    assert mapping["fields"] == {"client": "Kunde", "own": {}}
    assert mapping["status"]["waiting"] == ["Wartet auf Kunden"]
    assert mapping["people"]["staff"] == ["Consultant 1", "Consultant 2"]
    assert [file.name for file in (office.folder / "first/mappings/tests").iterdir()] == ["taxonomy.toml"]
    assert written(office, "mappings/clients.toml")["client"] == [
        {"name": "Client A GmbH", "aliases": ["Client A"]}
    ]
    (source,) = written(office, "config.toml")["source"]
    assert (source["name"], source["zone"], source["readers"]) == ("desk", "Europe/Copenhagen", "staff")
    assert seen_by_a_dry_run(office) == 2


def test_on_asana_without_paid_fields_what_is_lacking_is_told_and_the_projects_can_be_chosen_from(
    office: Office,
) -> None:
    asana = AsanaFake(now=datetime.now(UTC))
    asana.organisation.paid = False
    project = asana.add_project("Client issues", sections=("New", "Done"))
    with asana:
        office.patch.setenv("MAKEGOOD_ASANA_TOKEN", asana.token)
        status, screen = at_a_terminal(
            [("A short name", ""), ("Which of them?", ""), ("The time zone", ""), ("Who can read", "")],
            *("init", "first", "--tracker", "asana", "--url", asana.host),
        )
        assert status == 0, screen
        assert seen_by_a_dry_run(office) == 0
    assert f"{project} Client issues" in screen
    assert f"Could not read the custom fields of project {project}" in screen
    assert "paid plan" in screen
    assert written(office, "config.toml")["source"][0]["projects"] == [project]


def test_an_export_of_jira_stands_for_the_tracker_and_what_it_does_not_tell_is_asked(office: Office) -> None:
    office.write(
        "jira.csv",
        "Summary,Issue key,Issue id,Issue Type,Status,Status Category,Project key,Project name,Priority,Reporter,"
        "Reporter Id,Created,Updated,Custom field (Customer)\n"
        "The portal is down,OPS-1,10001,Task,Triage,To Do,OPS,Operations,High,Consultant 1,id-1,"
        "02/Mar/26 9:00 AM,02/Mar/26 9:30 AM,Client A\n",
    )
    ran = office.run("init", "first", "--yes", "--export", "jira.csv")
    assert ran.status == 0, ran.err
    assert f"--export {office.folder / 'jira.csv'}  what a pass would do" in ran.out
    assert "What is not read" not in ran.out
    mapping = written(office, "mappings/jira.toml")
    assert (mapping["fields"]["client"], mapping["fields"]["priority"]) == ("Customer", "Priority")
    assert mapping["status"]["open"] == ["Triage"]
    assert "Jira's address  config.toml:" in ran.out
    assert office.run("check", "--config", "first/config.toml").status == 0
    assert {each.name for each in (office.folder / "first/mappings/tests").iterdir()} == {
        "fields.toml",
        "taxonomy.toml",
    }
    tested = office.run("test", "--config", "first/config.toml")
    assert tested.status == 0, tested.out
    tried = office.run("--dry-run", "--export", "jira.csv", "--config", "first/config.toml", "--output", "json")
    assert tried.status == 0, tried.err + tried.out
    assert tried.json["sources"][0]["tickets_seen"] == 1


@pytest.mark.parametrize(
    ("name", "stage", "meaning", "sure"),
    [
        ("Waiting for customer", "under way", "waiting", "sure"),
        ("Rückfrage: wartet auf Kundin", "under way", "waiting", "likely"),
        ("顧客の返事待ち", "", "waiting", "likely"),
        ("Pending vendor", "under way", "in_progress", "doubtful"),
        ("On hold", "", None, ""),
        ("Ratkaistu", "done", "resolved", "sure"),
        ("Отложено", "done", "closed", "likely"),
        ("In Progress", "done", "closed", "doubtful"),
    ],
)
def test_a_status_pauses_the_clocks_only_where_its_name_says_that_the_client_is_waited_for(
    name: str, stage: Stage, meaning: str | None, sure: str
) -> None:
    seen = Landscape(tracker="jira", where="", statuses=(SeenStatus(name, stage),))
    guess = guessed(seen, shipped().known).statuses.get(name)
    assert (guess.value, guess.sure) == (meaning, sure) if guess else meaning is None


def test_every_shipped_mapping_file_is_packed_into_the_wheel() -> None:
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folder = ROOT / packed["package-dir"]["sync.shipped_files"]
    found = {file for pattern in packed["package-data"]["sync.shipped_files"] for file in folder.glob(pattern)}
    assert {file for file in folder.rglob("*") if file.is_file()} == {file for file in found if file.is_file()}


# --- what goes wrong --------------------------------------------------------------------------------------------


def test_a_list_of_fields_that_is_refused_is_told_and_the_rest_is_written(
    office: Office, danish: JiraCloud
) -> None:
    danish.script(Reply(403, {"errorMessages": []}), times=9, path=r"/field$")
    ran = on_jira(office, danish, "--project", "SAG", "--email", EMAIL)
    assert ran.status == 0, ran.err
    assert "Could not read the list of fields" in ran.out
    assert "the account may not do this" in ran.out
    mapping = written(office, "mappings/jira.toml")
    assert mapping["fields"] == {"own": {}}
    assert mapping["status"]["open"] == ["Ny"]
    assert office.run("check", "--config", "first/config.toml").status == 0


def test_an_empty_project_is_guessed_by_its_names_and_says_so(office: Office) -> None:
    jira = JiraCloud(now=datetime.now(UTC), token=SECRET)
    jira.add_project("OPS", "Operations")
    jira.add_field("Client")
    with jira:
        ran = on_jira(office, jira, "--project", "OPS", "--email", EMAIL)
        assert ran.status == 0, ran.err
        assert seen_by_a_dry_run(office) == 0
    assert "There was no ticket to look at" in ran.out
    assert written(office, "mappings/jira.toml")["fields"]["client"] == "Client"


def test_what_a_tracker_calls_things_breaks_out_of_no_file_and_moves_nothing_on_the_screen(office: Office) -> None:
    nasty = 'Waiting "for"\n[people]\nstaff = ["@evil"]\x7f\u202e # \\ customer'
    jira = JiraCloud(now=datetime.now(UTC), token=SECRET)
    jira.site.catalogue.choices["status"] = [status("1", "Open", "new"), status("2", nasty, "indeterminate")]
    jira.add_project("OPS", nasty)
    client = jira.add_field("Client")
    jira.create_issue("OPS", "One", status=nasty, **{client: 'A"]\n[[client]]\nname = "B'})
    with jira:
        ran = on_jira(office, jira, "--project", "OPS", "--email", EMAIL)
        assert ran.status == 0, ran.err
        assert seen_by_a_dry_run(office) == 1
    assert "\u202e" not in ran.out
    assert written(office, "mappings/jira.toml")["status"]["waiting"] == [nasty]
    assert len(written(office, "mappings/clients.toml")["client"]) == 1


def test_a_project_that_cannot_be_seen_stops_it_before_anything_is_written(
    office: Office, danish: JiraCloud
) -> None:
    ran = on_jira(office, danish, "--project", "SAG", "--project", "NONE", "--email", EMAIL)
    assert ran.status != 0
    assert "project NONE: it is not there, or the account may not browse it" in ran.err
    assert not (office.folder / "first").exists()


def test_nothing_is_ever_overwritten(office: Office) -> None:
    office.issues()
    before = office.files()
    ran = office.run("init", "--yes", "--workbook", "issues.csv")
    assert (ran.status, ran.out) == (2, "")
    assert "config.toml is there already, and nothing is overwritten" in ran.err
    assert office.files() == before


def test_the_token_is_in_no_file_and_on_no_screen(office: Office, danish: JiraCloud) -> None:
    ran = on_jira(office, danish, "--project", "SAG", "--email", EMAIL)
    assert SECRET not in everything_written(office) + ran.out + ran.err
    assert "export MAKEGOOD_JIRA_TOKEN=…" in ran.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "--tracker, --workbook or --export is needed"),
        (("--tracker", "jira"), "--url is needed"),
        (("--tracker", "jira", "--url", "acme.atlassian.net"), "--email is needed"),
        (("--tracker", "asana"), "--project is needed"),
        (("--tracker", "jira", "--url", "http://acme.example", "--project", "A"), "--url: write an address"),
        (("--tracker", "asana", "--project", "1200000000000001"), "There is no token for source 'asana'"),
        (("--workbook", "none.xlsx"), "none.xlsx is not there"),
        (("--workbook", "issues.csv", "--zone", "Mars/Olympus"), "--zone: 'Mars/Olympus' is no time zone"),
    ],
)
def test_with_yes_a_needed_answer_that_is_missing_or_wrong_is_named(
    office: Office, arguments: tuple[str, ...], told: str
) -> None:
    office.issues({"ID": "T-1", "Status": "Open"})
    ran = office.run("init", "first", "--yes", *arguments)
    assert ran.status != 0
    assert told in ran.err
    assert not (office.folder / "first").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--workbook", "issues.csv", "--export", "jira.csv"), "--workbook and --export are two places"),
        (("--tracker", "jira", "--workbook", "issues.csv"), "--tracker jira and --workbook are two places"),
        (("--workbook", "issues.csv", "--project", "OPS"), "A workbook is a file, and has no --project"),
        (("--tracker", "asana", "--export", "jira.csv"), "jira.csv was exported from jira"),
    ],
)
def test_options_that_cannot_both_be_meant_are_refused(
    office: Office, arguments: tuple[str, ...], told: str
) -> None:
    office.issues({"ID": "T-1", "Status": "Open"})
    office.write("jira.csv", "Summary,Issue key,Status,Created\nOne,OPS-1,Open,2026-03-02 09:00\n")
    ran = office.run("init", "first", "--yes", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert told in ran.err
    assert not (office.folder / "first").exists()


def test_columns_that_nothing_reads_are_named(office: Office) -> None:
    office.write(
        "log.csv",
        "No.,Subject,State,Opened on,Deadline,Tags,Customer,Handled by,Weather\n"
        "1,The portal is down,With customer,2026-03-02,,,Client A,Consultant 1,rain\n",
    )
    ran = office.run("init", "our first", "--yes", "--workbook", "log.csv")
    assert ran.status == 0, ran.err
    assert "What is not read: Weather  mappings/workbook.toml:" in ran.out
    assert "cd 'our first'" in ran.out
    mapping = tomllib.loads(office.read("our first/mappings/workbook.toml"))
    assert mapping["columns"]["assignee"] == "Handled by"
    assert mapping["status"]["waiting"] == ["With customer"]


def test_in_a_pipe_without_yes_nobody_is_asked(office: Office) -> None:
    ran = office.process("init", "first", "--workbook", "issues.csv")
    assert ran.status == 2
    assert "Nobody can be asked here" in ran.err
    assert "--yes" in ran.err


# --- at a terminal ----------------------------------------------------------------------------------------------


def at_a_terminal(answers: list[tuple[str, str]], *arguments: str) -> tuple[int, str]:
    """Exit status and screen of a command that is answered: beginning of a question -> what is typed then."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(MAKEGOOD, ["makegood", *arguments])  # noqa: S606 - our own command
    screen, waiting = b"", list(answers)
    while True:
        try:
            told = os.read(terminal, 65536)
        except OSError:  # how Linux tells that the other end is closed
            told = b""
        if not told:
            break
        screen += told
        if waiting and waiting[0][0].encode() in screen.rpartition(b"\n")[2]:
            os.write(terminal, waiting.pop(0)[1].encode() + b"\n")
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), screen.decode(errors="replace")


def test_at_a_terminal_what_is_not_known_is_asked_for_and_the_token_is_not_shown(
    office: Office, danish: JiraCloud
) -> None:
    status, screen = at_a_terminal(
        [
            ("Where are your client issues?", "jira"),
            ("Jira's address", danish.url),
            ("A short name", "kunder"),
            ("The token", SECRET),
            ("Which of them?", "SAG"),
            ("The time zone", "Europe/Copenhagen"),
            ("Who can read", "staff"),
        ],
        *("init", "first", "--email", EMAIL),
    )
    assert status == 0, screen
    assert SECRET not in screen + everything_written(office)
    assert "SAG          Kundesager" in screen
    assert "export MAKEGOOD_KUNDER_TOKEN=…" in screen
    (source,) = written(office, "config.toml")["source"]
    assert (source["name"], source["readers"], source["zone"]) == ("kunder", "staff", "Europe/Copenhagen")
    assert written(office, "mappings/escalation.toml")["calendar"] == "copenhagen"


def test_at_a_terminal_a_wrong_answer_is_asked_for_again_and_none_is_lost(
    office: Office, danish: JiraCloud
) -> None:
    status, screen = at_a_terminal(
        [
            ("Where are your client issues?", "Jira"),
            ("Jira's address", "http://jira.example"),
            ("Jira's address", danish.url),
            ("A short name", "kunder"),
            ("The token", "another-one"),
            ("The token", SECRET),
            ("Which of them?", "SAG, NONE"),
            ("Which of them?", "kundesager"),
            ("The time zone", "Europe/Copenhagn"),
            ("The time zone", "Europe/Copenhagen"),
            ("Who can read", "staff"),
        ],
        *("init", "first", "--email", EMAIL),
    )
    assert status == 0, screen
    for told in (
        "--url: write an address",
        "does not accept the account",
        "NONE: not among",
        "'Europe/Copenhagen'?",
    ):
        assert told in " ".join(screen.split())
    (source,) = written(office, "config.toml")["source"]
    assert (source["projects"], source["zone"]) == (["SAG"], "Europe/Copenhagen")
