"""What is wrong with what we are given: each fault is named with its remedy, stops nothing else, and is mended."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fakes.faults import Reply
from office import DONE, HEADER, LATE, NOW, ROOT, SECRET, Office, five_hours_ago, jira_cloud
from openpyxl import Workbook, load_workbook

from sync.state import statefile
from sync.state.migrations import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fakes.jira_cloud import JiraCloud


@pytest.fixture
def jira() -> Iterator[JiraCloud]:
    with jira_cloud() as fake:
        yield fake


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jira: JiraCloud) -> Office:
    """A workbook with T-1 and a Jira with OPS-1; something is owed to both, and neither has a fault."""
    made = Office(tmp_path, monkeypatch)
    made.source()
    made.issues(row("T-1"))
    made.jira(jira.url)
    made.fill_client(jira)
    return made


def row(key: str, **cells: str) -> dict[str, str]:
    return LATE | {"ID": key, "Created": five_hours_ago()} | cells


def told(text: str) -> str:
    """What a person reads, its line breaks aside."""
    return " ".join(text.split())


def served(office: Office, jira: JiraCloud) -> set[str]:
    """The tickets that carry their severity."""
    found = {key for key, cells in office.rows().items() if "esc:critical" in cells.get("Labels", "")}
    return found | {one.key for one in jira.site.issues.values() if "esc:critical" in (one.fields["labels"] or ())}


# --- a ticket or a source that is at fault ----------------------------------------------------------------------


@dataclass(frozen=True)
class Situation:
    """What is wrong, what a person reads of it, who is served all the same, and how it is put right.

    A pass ends with `status`; the one after the mending with 0, and then every ticket of `all_of` is served.
    """

    name: str
    spoil: Callable[[Office, JiraCloud], object]
    says: tuple[str, ...]
    others: frozenset[str]
    mend: Callable[[Office, JiraCloud], object]
    all_of: frozenset[str] = frozenset({"T-1", "OPS-1"})
    status: int = 1


def second_project(office: Office, jira: JiraCloud) -> None:
    jira.add_project("WEB", "Website")
    office.fill_client(jira, jira.create_issue("WEB", jira.issue("OPS-1").fields["summary"], status="Open"))
    jira.deny("BROWSE_PROJECTS", "WEB")
    office.write("config.toml", office.read("config.toml").replace('["OPS"]', '["OPS", "WEB"]'))


def status_that_nobody_mapped(office: Office, jira: JiraCloud) -> None:
    office.mapping("jira.toml", '"Open", ', '"Open",\n')
    issue = jira.create_issue("OPS", jira.issue("OPS-1").fields["summary"], status="Reopened")
    office.fill_client(jira, issue)
    office.mapping("jira.toml", '"Reopened", ', "")


def nobody(jira: JiraCloud) -> None:
    """Jira's answer to a token that it does not know: all is well, and there is nothing."""
    failed = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
    jira.script(Reply(200, {"issues": [], "isLast": True}, failed), path="search")


SITUATIONS = (
    Situation(
        "a wrong token",
        lambda office, _: office.patch.setenv("MAKEGOOD_JIRA_TOKEN", f"{SECRET}-of-last-year"),
        ("not accept the account or its token", "MAKEGOOD_JIRA_TOKEN", "email", "Not served."),
        frozenset({"T-1"}),
        lambda office, _: office.patch.setenv("MAKEGOOD_JIRA_TOKEN", SECRET),
    ),
    Situation(
        "Jira's 200-and-empty",
        lambda _, jira: nobody(jira),
        ("not accept the account or its token", "make a new token", "Not served."),
        frozenset({"T-1"}),
        lambda _office, _jira: None,
    ),
    Situation(
        "no permission on one project",
        second_project,
        ("error project WEB: it is not there, or the account may not browse it; correct `projects` or grant",),
        frozenset({"T-1", "OPS-1"}),
        lambda _, jira: jira.allow("BROWSE_PROJECTS", "WEB"),
        frozenset({"T-1", "OPS-1", "WEB-1"}),
    ),
    Situation(
        "an unknown field",
        lambda office, _: office.mapping("jira.toml", 'client = "Client"', 'client = "Cleint"'),
        ("fields.client: Jira has no field 'Cleint'; did you mean 'Client'?",),
        frozenset({"T-1"}),
        lambda office, _: office.mapping("jira.toml", 'client = "Cleint"', 'client = "Client"'),
    ),
    Situation(
        "a renamed status",
        status_that_nobody_mapped,
        (
            "error OPS-2 ",
            "status 'Reopened' is in no list of the mapping's [status]",
            "add it there under open, in_",
        ),
        frozenset({"T-1", "OPS-1"}),
        lambda office, _: office.mapping("jira.toml", '"Open",\n', '"Open", "Reopened",\n'),
        frozenset({"T-1", "OPS-1", "OPS-2"}),
    ),
    Situation(
        "a due date that is no date",
        lambda office, _: office.issues(row("T-1"), row("T-2", Due="next week")),
        ("error T-2 read: due date: 'next week' is no date",),
        frozenset({"T-1", "T-2", "OPS-1"}),
        lambda office, _: office.put("T-2", Due=""),
        frozenset({"T-1", "T-2", "OPS-1"}),
    ),
    Situation(
        "a ticket without a client",
        lambda office, _: office.issues(row("T-1"), row("T-2", Client="")),
        ("note: T-2: no client; fill in who it is for",),
        frozenset({"T-1", "T-2", "OPS-1"}),
        lambda office, _: office.put("T-2", Client="Client A"),
        frozenset({"T-1", "T-2", "OPS-1"}),
        status=0,
    ),
    Situation(
        "a client that nobody listed",
        lambda office, _: office.issues(row("T-1"), row("T-2", Client="Cleint A")),
        ("note: T-2: client 'Cleint A' is not in clients.toml; did you mean 'Client A'",),
        frozenset({"T-1", "T-2", "OPS-1"}),
        lambda office, _: office.put("T-2", Client="Client A"),
        frozenset({"T-1", "T-2", "OPS-1"}),
        status=0,
    ),
    Situation(
        "a severity that the mapping does not know",
        lambda office, _: office.issues(row("T-1"), row("T-2", Severity="sev9")),
        ("T-2", "'sev9'", "severity.toml"),
        frozenset({"T-1", "OPS-1"}),
        lambda office, _: office.put("T-2", Severity="critical"),
        frozenset({"T-1", "T-2", "OPS-1"}),
    ),
    Situation(
        "a workbook open in LibreOffice",
        lambda office, _: (office.folder / ".~lock.issues.csv#").touch(),
        ("error T-1 ", "issues.csv is open elsewhere; close it there"),
        frozenset({"OPS-1"}),
        lambda office, _: (office.folder / ".~lock.issues.csv#").unlink(),
    ),
    Situation(
        "a workbook without its header",
        lambda office, _: office.write("issues.csv", office.read("issues.csv").partition("\n")[2]),
        ("row 1 ", "'T-1'", "header_row", "Not served."),
        frozenset({"OPS-1"}),
        lambda office, _: office.write("issues.csv", f"{','.join(HEADER)}\n{office.read('issues.csv')}"),
    ),
    Situation(
        "a description of three megabytes",
        lambda _, jira: jira.edit_as("account manager", "OPS-1", description="Nothing works. " * 200_000),
        ("Written: ",),
        frozenset({"T-1", "OPS-1"}),
        lambda _office, _jira: None,
        status=0,
    ),
)


@pytest.mark.parametrize("case", SITUATIONS, ids=lambda case: case.name)
def test_it_is_named_with_its_remedy_the_others_go_on_and_once_mended_it_is_served(
    office: Office, jira: JiraCloud, case: Situation
) -> None:
    case.spoil(office, jira)
    ran = office.run("-q")
    shown = told(ran.out)
    for sentence in case.says:
        assert sentence in shown
    assert (ran.status, ran.err) == (case.status, "")
    assert served(office, jira) == case.others
    assert "Nothing to do" not in ran.out
    faults = [line for line in ran.out.splitlines() if line.startswith("  error ")]
    assert len(faults) == (case.status == 1), "one line for one fault"
    assert all(len(line) < 600 for line in ran.out.splitlines())
    case.mend(office, jira)
    again = office.run()
    assert (again.status, again.err) == (0, "")
    assert served(office, jira) == case.all_of
    assert all(len(issue.comments) <= 1 for issue in jira.site.issues.values())


def test_null_where_a_list_or_a_text_was_reads_as_none(office: Office, jira: JiraCloud) -> None:
    office.run("--dry-run")
    (answer,) = [each.json for each in jira.exchanges if "search" in each.request.path]
    (issue,) = answer["issues"]
    fields: dict[str, Any] = issue["fields"]
    assert fields["labels"] == []
    fields |= dict.fromkeys(("labels", "description", "duedate", "assignee", "priority", "comment"))
    issue["changelog"] = None
    jira.script(Reply(200, answer), path="search")
    ran = office.run()
    assert ran.err == ""
    assert "Traceback" not in ran.out
    assert "T-1" in served(office, jira)
    if ran.status:
        assert re.search(r"  error .*OPS-1", ran.out)
    assert office.run().status == 0
    assert served(office, jira) == {"T-1", "OPS-1"}


def test_labels_of_people_keep_their_spaces_and_stay_where_they_are(office: Office, jira: JiraCloud) -> None:
    office.issues(row("T-1", Labels="needs a call, VIP client"))
    assert office.run().status == 0
    labels = office.rows()["T-1"]["Labels"].split(", ")
    assert labels[:2] == ["needs a call", "VIP client"]
    assert "esc:critical" in labels[2:]
    assert served(office, jira) == {"T-1", "OPS-1"}


# --- workbooks of Excel -----------------------------------------------------------------------------------------


@pytest.fixture
def excel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    made = Office(tmp_path, monkeypatch)
    made.source(path="issues.xlsx")
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(HEADER)
    for cells in (LATE, LATE | {"ID": "T-2"}, DONE):
        sheet.append([cells.get(name) for name in HEADER])
    workbook.save(tmp_path / "issues.xlsx")
    return made


def excel_labels(office: Office) -> dict[str, str]:
    with closing(load_workbook(office.folder / "issues.xlsx")) as workbook:
        rows = list(workbook.worksheets[0].values)
    return {str(cells[0]): str(cells[HEADER.index("Labels")] or "") for cells in rows[1:]}


def test_a_workbook_open_in_excel_is_named_once_and_written_as_soon_as_it_is_closed(excel: Office) -> None:
    lock = excel.folder / "~$issues.xlsx"
    lock.touch()
    ran = excel.at(NOW)
    assert ran.status == 1
    assert ran.out.count("issues.xlsx is open elsewhere; close it there") == 1
    assert "error T-1, T-2 " in ran.out
    assert "Nothing to do" not in ran.out
    assert set(excel_labels(excel).values()) == {""}
    plan = excel.run("--dry-run", "--now", "2026-03-03T10:01:00+01:00", "--exit-code", "--output", "json")
    assert {each["ticket"] for each in plan.json["sources"][0]["actions"]} == {"T-1", "T-2"}
    still = excel.at("2026-03-03T10:02:00+01:00")
    assert (still.status, still.out.count("is open elsewhere")) == (1, 1)
    lock.unlink()
    assert excel.at("2026-03-03T10:03:00+01:00").status == 0
    assert "esc:critical" in excel_labels(excel)["T-1"]
    assert "esc:critical" in excel_labels(excel)["T-2"]


def test_a_workbook_that_cannot_be_kept_whole_is_left_alone_and_each_pass_says_where_results_are(
    excel: Office,
) -> None:
    path = excel.folder / "issues.xlsx"
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macros of the team")
    before = path.read_bytes()
    ran = excel.at(NOW)
    assert (ran.status, ran.err) == (0, "")
    assert path.read_bytes() == before
    assert (excel.folder / "issues.makegood.csv").exists()
    assert re.search(r"  note: .*issues\.makegood\.csv", ran.out)
    (source,) = excel.at(NOW, "--dry-run", "--output", "json").json["sources"]
    assert any("issues.makegood.csv" in notice for notice in source["notices"])


# --- files that nothing can be done with: nothing is read and nothing written ------------------------------------

THREE_TYPOS = """\
intervall = "5m"
[[source]]
name = "issues"
traker = "workbook"
path = "issues.csv"
mode = "ful"
"""


def latin_1(office: Office) -> None:
    office.mapping("clients.toml", "Client A", "Klient Ø")
    path = office.folder / "mappings" / "clients.toml"
    path.write_bytes(office.read("mappings/clients.toml").encode("latin-1", "replace"))


def crm_with_a_client_twice(office: Office) -> None:
    crm = '[crm]\nfile = "crm.csv"\ncolumns = { name = "Account" }\n\n[[client]]\nname = "Client A"'
    office.mapping("clients.toml", '[[client]]\nname = "Client A"', crm)
    office.write("mappings/crm.csv", "Account\nClient X\nclient x\n")


REFUSED: Mapping[str, tuple[Callable[[Office], object], tuple[str, ...]]] = {
    "a config with three typos": (
        lambda office: office.write("config.toml", THREE_TYPOS),
        (
            "config.toml:1:1: intervall: unknown key; did you mean 'interval'?",
            "config.toml:4:1: source \"issues\".traker: unknown key; did you mean 'tracker'?",
            'config.toml:6:1: source "issues".mode: write "observe" or "labels" or "full"',
        ),
    ),
    "a config that is no TOML": (
        lambda office: office.write("config.toml", "[[source]\n"),
        ("config.toml:1:",),
    ),
    "a mapping in Latin-1": (
        latin_1,
        ("mappings/clients.toml:", "is not UTF-8 (is it Latin-1?); save the file as UTF-8"),
    ),
    "our labels' prefix with a space": (
        lambda office: office.mapping("workbook.toml", 'prefix = "esc:"', 'prefix = "esc "'),
        ("mappings/workbook.toml:", "labels.prefix: must not hold blanks"),
    ),
    "a role with no holder": (
        lambda office: office.mapping("clients.toml", 'engagement_partner = ["Partner 2"]\n', ""),
        (
            "mappings/escalation.toml:",
            "ladder[3]: nobody holds the role 'engagement_partner'; name somebody under [roles] in",
            "mappings/clients.toml, or take it off the ladder",
        ),
    ),
    "a client in two records": (
        lambda office: office.mapping("clients.toml", '"Kunde C"]', '"Kunde C", "client b K.K."]'),
        ("client \"Client C\".aliases[3]: 'client b K.K.' already stands for client 'Client B' on line ",),
    ),
    "a budget of zero": (
        lambda office: office.mapping("clients.toml", "budget_hours = 1200", "budget_hours = 0"),
        (
            "mappings/clients.toml:",
            'client "Client A".engagement "Order portal".budget_hours: a budget of 0 is none; write what was',
            "agreed, or leave the key out",
        ),
    ),
    "a holiday region that does not exist": (
        lambda office: office.mapping("calendars.toml", 'region = "BE"', 'region = "BX"'),
        ("mappings/calendars.toml:", "holidays.region: no region 'BX' of DE is known to have holidays"),
    ),
    "a cadence shorter than the poll": (
        lambda office: office.write("config.toml", 'interval = "6h"\n' + office.read("config.toml")),
        (
            "mappings/escalation.toml:",
            "critical.update.within: an update every 4h cannot be kept: trackers are read every 6h;",
            "shorten interval in config.toml, or make this longer",
        ),
    ),
    "a client in two rows of the CRM": (
        crm_with_a_client_twice,
        ("mappings/crm.csv:3:1: Account: 'client x' is the client of line 2 too; one client has one row",),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_every_fault_of_a_file_is_told_at_once_and_nothing_is_read_or_written(
    office: Office, jira: JiraCloud, name: str
) -> None:
    spoil, says = REFUSED[name]
    spoil(office)
    before = office.files()
    check = ("check", "--output", "short")
    for command in ((), ("--dry-run",), check, ("explain", "T-1"), ("status",), ("rebuild",), ("daemon",)):
        ran = office.run(*command)
        assert (ran.status, ran.out) == (2, ""), command
        for sentence in says:
            assert sentence in ran.err, command
        assert len(ran.err.splitlines()) == max(1, len(says) if name == "a config with three typos" else 1)
    assert (office.files(), jira.log) == (before, [])


def test_check_names_a_field_in_a_template_that_no_trackers_file_maps(office: Office) -> None:
    folder = office.folder / "mappings"
    folder.unlink()
    shutil.copytree(ROOT / "mappings", folder)
    office.mapping("workbook.toml", "[fields.own]", '[fields.own]\nmilestone = "Milestone"')
    template = folder / "comments" / "en" / "update.md"
    text = template.read_text(encoding="utf-8")
    template.write_text(f"{text}\n{{{{ fields.milestone }}}}\n", encoding="utf-8")
    assert office.run("check").status == 0
    template.write_text(f"{text}\n{{{{ fields.milestome }}}}\n", encoding="utf-8")
    ran = office.run("check", "--output", "short")
    place = f"mappings/comments/en/update.md:{len(text.splitlines()) + 2}:1"
    what = "fields.milestome: no tracker's file maps this field; did you mean 'milestone'?"
    assert (ran.status, ran.out, ran.err) == (2, "", f"{place}: {what}\n")


# --- the state file ---------------------------------------------------------------------------------------------


def garbage(path: Path) -> None:
    path.write_bytes(b"this was a shopping list, and a long one at that " * 400)


def of_tomorrow(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (garbage, ("is no sound state file", "move it away and run `makegood rebuild`")),
        (of_tomorrow, ("was written by a newer makegood", "install that version again, or restore a backup")),
    ],
)
def test_a_state_file_that_we_cannot_trust_is_named_and_left_as_it_is(
    office: Office, jira: JiraCloud, spoil: Callable[[Path], None], says: tuple[str, ...]
) -> None:
    office.run()
    (kept,) = jira.issue("OPS-1").comments
    state = office.folder / "state.db"
    spoil(state)
    before = state.read_bytes()
    jira.log.clear()
    for command in ((), ("--dry-run",), ("explain", "T-1"), ("status",), ("rebuild",), ("daemon",)):
        ran = office.run(*command)
        assert (ran.status, ran.out) == (2, ""), command
        for sentence in says:
            assert sentence in ran.err
    assert (state.read_bytes(), jira.log) == (before, [])
    assert office.run("check").status == 0
    state.rename(office.folder / "state.old")
    assert office.run("rebuild").status == 0
    assert office.run().status == 0
    assert jira.issue("OPS-1").comments == [kept]


def test_an_older_state_file_is_carried_on_with(office: Office, jira: JiraCloud) -> None:
    office.run()
    office.patch.setattr(statefile, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE later (thing TEXT)"))
    assert office.run("--dry-run", "--exit-code").status == 0
    assert office.run().status == 0
    assert len(jira.issue("OPS-1").comments) == 1
    with closing(sqlite3.connect(office.folder / "state.db")) as database:
        assert database.execute("SELECT count(*) FROM later").fetchone() == (0,)


@contextmanager
def with_no_more_rights_than_others() -> Iterator[None]:
    """The superuser may write everywhere; for so long it is nobody."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_who_may_only_read_the_state_file_may_look_and_is_told_why_it_may_not_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        office = Office(folder, monkeypatch)
        office.source()
        office.issues(LATE, DONE)
        office.at(NOW)
        for file in folder.iterdir():
            if file.is_file():
                file.chmod(0o444)
        folder.chmod(0o555)
        before = office.files()
        with with_no_more_rights_than_others():
            for command in (
                ("--dry-run", "--now", NOW),
                ("status",),
                ("explain", "T-1", "--now", NOW),
                ("check", "--online"),
            ):
                ran = office.run(*command)
                assert (ran.status, ran.err) == (0, ""), command
            for command in (("--now", NOW), ("rebuild",)):
                ran = office.run(*command)
                assert (ran.status, ran.out) == (2, ""), command
                assert "state.db" in ran.err
                assert re.search(r"give it .*to the user makegood runs as|make its folder writable", ran.err)
        assert office.files() == before
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)
