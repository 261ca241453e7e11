"""How a fault is shown: what a team lead mistypes and is told, the line with its mark, programs and workflows."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest
from office import MAKEGOOD, Office

from sync.errors import ConfigurationError, Fault
from sync.fault_text import DOCS, PAGES, annotation, page, shown
from sync.schema import MODELS
from sync.settings import load

ROOT = Path(__file__).resolve().parents[1]


class Slip(NamedTuple):
    """An edit of one line of a shipped file; the column at which it is told, and what is said."""

    file: str
    before: str
    after: str
    column: int
    said: str


SLIPS = tuple(
    Slip(*slip)
    for slip in [
        # config.toml
        (
            "config.toml",
            'interval = "5m"',
            'intervall = "5m"',
            1,
            "intervall: unknown key; did you mean 'interval'?",
        ),
        (
            "config.toml",
            'settle_after = "10m"',
            'settle_after = "10 minutes"',
            1,
            "settle_after: '10 minutes' is no amount of time; did you mean '10m'?",
        ),
        (
            "config.toml",
            'crawl_every = "24h"',
            "crawl_every = 24",
            1,
            'crawl_every: write an amount of time in quotes, such as "4h" or "2d"',
        ),
        (
            "config.toml",
            'log = "auto"',
            'log = "Console"',
            1,
            'log: write "json" or "console" or "journal" or "auto", not \'Console\'; did you mean \'console\'?',
        ),
        (
            "config.toml",
            'readers = "staff"',
            'readers = "clients"',
            1,
            (
                'source "issues".readers: write "staff" or "staff-and-clients", not \'clients\'; '
                "did you mean 'staff-and-clients'?"
            ),
        ),
        (
            "config.toml",
            'zone = "Europe/Copenhagen"',
            'zone = "Copenhagen"',
            1,
            "source \"issues\".zone: 'Copenhagen' is no time zone; did you mean 'Europe/Copenhagen'?",
        ),
        (
            "config.toml",
            'language = "en"',
            'language = "English"',
            1,
            (
                'source "issues".language: write "en" or "ja" or "da" or "ru" or "fi", not \'English\'; '
                "did you mean 'en'?"
            ),
        ),
        (
            "config.toml",
            "actions = 200",
            'actions = "200"',
            1,
            'source "issues".guard.actions: write a whole number, without quotes; this is text',
        ),
        (
            "config.toml",
            "unclassified = 0.5",
            "unclassified = 50",
            1,
            'source "issues".guard.unclassified: must be 1 or less; for 50 % write 0.5',
        ),
        # calendars.toml
        (
            "mappings/calendars.toml",
            'zone = "Europe/Helsinki"',
            'zone = "Europe/Helsingfors"',
            1,
            "calendar.helsinki.zone: 'Europe/Helsingfors' is no time zone; did you mean 'Europe/Helsinki'?",
        ),
        (
            "mappings/calendars.toml",
            'country = "JP"',
            'country = "Japan"',
            14,
            'calendar.tokyo.holidays.country: write the two capital letters of ISO 3166, such as "DK"',
        ),
        (
            "mappings/calendars.toml",
            "date = 2026-12-24",
            'date = "24 Dec 2026"',
            10,
            'calendar.berlin.off "Christmas Eve".date: write a date without quotes: 2025-12-24; this is text',
        ),
        (
            "mappings/calendars.toml",
            'monday = ["09:00-17:30"]',
            'monday = "09:00-17:30"',
            1,
            'calendar.berlin.hours.monday: write a list: ["…"]; this is text',
        ),
        (
            "mappings/calendars.toml",
            'friday = ["09:00-16:00"]',
            'friday = ["9am-4pm"]',
            11,
            "calendar.berlin.hours.friday[1]: '9am-4pm' are no hours; write \"09:00-17:30\"",
        ),
        (
            "mappings/calendars.toml",
            'friday = ["08:30-15:30"]',
            'fri = ["08:30-15:30"]',
            1,
            "calendar.copenhagen.hours.fri: unknown key; did you mean 'friday'?",
        ),
        # escalation.toml
        (
            "mappings/escalation.toml",
            "warn_at = 0.75",
            "warn_at = 75",
            1,
            "warn_at: must be less than 1; for 75 % write 0.75",
        ),
        (
            "mappings/escalation.toml",
            'calendar = "berlin"',
            'calendar = "Berlin"',
            1,
            "calendar: no calendar 'Berlin' in mappings/calendars.toml; did you mean 'berlin'?",
        ),
        (
            "mappings/escalation.toml",
            'to = "managing_partner"',
            'to = "Managing Partner"',
            1,
            "critical.escalation.to: no role 'Managing Partner' on the ladder; did you mean 'managing_partner'?",
        ),
        (
            "mappings/escalation.toml",
            'to = "engagement_partner"',
            'to = "account_manager"',
            1,
            (
                "high.escalation.to: 'account_manager' is no step of the ladder, "
                "so no reminder could climb from it; add it there"
            ),
        ),
        (
            "mappings/escalation.toml",
            'warn_after = "2d"',
            'warn_after = "4d"',
            1,
            (
                "medium.update.warn_after: a warning after 4d never comes before the limit of 3d; "
                "make it shorter than within"
            ),
        ),
        # clients.toml
        (
            "mappings/clients.toml",
            "account_manager = [",
            "acount_manager = [",
            1,
            (
                "roles.acount_manager: no role 'acount_manager' in mappings/escalation.toml; "
                "did you mean 'account_manager'?"
            ),
        ),
        (
            "mappings/clients.toml",
            "since = 2017-04-01",
            'since = "2017-04-01"',
            1,
            'client "Client A".since: write a date without quotes: 2025-12-24; this is text',
        ),
        (
            "mappings/clients.toml",
            'calendar = "new-york"',
            'calender = "new-york"',
            1,
            "client \"Client A\".calender: unknown key; did you mean 'calendar'?",
        ),
        (
            "mappings/clients.toml",
            'calendar = "tokyo"',
            'calendar = "tokio"',
            1,
            "client \"Client B\".calendar: no calendar 'tokio' in mappings/calendars.toml; did you mean 'tokyo'?",
        ),
        (
            "mappings/clients.toml",
            'language = "ja"',
            'language = "jp"',
            1,
            (
                'client "Client B".language: write "en" or "ja" or "da" or "ru" or "fi", not \'jp\'; '
                "did you mean 'ja'?"
            ),
        ),
        (
            "mappings/clients.toml",
            "[client.update.critical]",
            "[client.update.urgent]",
            16,
            "client \"Client B\".update.urgent: unknown key; did you mean 'critical'?",
        ),
        (
            "mappings/clients.toml",
            "until = 2026-03-13",
            "until = 2026-03-01",
            1,
            "away[1].until: ends before it begins on 2026-03-02; correct one of the two days",
        ),
        (
            "mappings/clients.toml",
            "satisfaction = 8.5",
            "satisfaction = 85",
            1,
            'client "Client A".satisfaction: must be 10 or less',
        ),
        # what a tracker calls things
        (
            "mappings/workbook.toml",
            "waiting = [",
            "waitng = [",
            1,
            "status.waitng: unknown key; did you mean 'waiting'?",
        ),
        (
            "mappings/workbook.toml",
            'prefix = "esc:"',
            'prefix = "esc "',
            1,
            "labels.prefix: must not hold blanks",
        ),
        # severity.toml and taxonomy.toml
        (
            "mappings/severity.toml",
            'order = ["',
            'order = ["guess", "',
            10,
            'order[1]: write "field" or "matrix" or "signals" or "priority", not \'guess\'',
        ),
        (
            "mappings/taxonomy.toml",
            'category = "delivery"',
            'category = "delivry"',
            1,
            (
                'write "delivery" or "communication" or "scope" or "team" or "billing", not \'delivry\'; '
                "did you mean 'delivery'?"
            ),
        ),
    ]
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped files, all sound."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "config.example.toml", "config.toml")
    shutil.copytree(ROOT / "mappings", "mappings")
    return tmp_path


def slipped(folder: Path, slip: Slip) -> str:
    """Make the slip, and return how the fault that comes of it begins."""
    text = (folder / slip.file).read_text(encoding="utf-8")
    before, found, after = text.partition(slip.before)
    assert found, slip
    (folder / slip.file).write_text(f"{before}{slip.after}{after}", encoding="utf-8")
    return f"{slip.file}:{before.count(chr(10)) + 1}:{slip.column}: "


def test_whatever_is_mistyped_in_the_shipped_files_is_told_at_its_place_with_what_was_meant(folder: Path) -> None:
    expected = [(slipped(folder, slip), slip.said) for slip in SLIPS]
    with pytest.raises(ConfigurationError) as refused:
        load(Path("config.toml"))
    told = str(refused.value).splitlines()
    unsaid = [
        each for each in expected if not any(line.startswith(each[0]) and line.endswith(each[1]) for line in told)
    ]
    assert unsaid == []
    places = tuple(place for place, _ in expected)
    assert [line for line in told if not line.startswith(places)] == []


def test_a_config_without_a_usable_source_does_not_hide_what_is_wrong_with_the_mappings(folder: Path) -> None:
    file = Slip(
        "config.toml", 'path = "', 'file = "', 1, "source \"issues\".file: unknown key; did you mean 'path'?"
    )
    elsewhere = (slip for slip in SLIPS if slip.file == "mappings/escalation.toml")
    expected = [slipped(folder, slip) + slip.said for slip in (file, *elsewhere)]
    with pytest.raises(ConfigurationError) as refused:
        load(Path("config.toml"))
    assert str(refused.value).splitlines() == expected


# --- the line and its mark --------------------------------------------------------------------------------------


def seen(text: str, *faults: tuple[int, int, str, str], width: int = 72, name: str = "jira.toml") -> str:
    """What is shown of faults (line, column, key, what) in a file of this text."""
    Path(name).write_text(text, encoding="utf-8")
    lines = shown([Fault(name, *fault) for fault in faults], width)
    return "\n".join("".join(piece for piece, _ in line) for line in lines)


def as_written(text: str) -> str:
    return dedent(text).strip("\n")


def test_a_fault_shows_its_line_a_mark_under_what_is_meant_the_remedy_and_the_page(
    folder: Path,
) -> None:
    del folder
    told = seen(
        '[status]\n  waitng = ["Waiting"]\nopen = "To do"\n',
        (2, 3, "status.waitng", "unknown key; did you mean 'waiting'?"),
        (3, 1, "status.open", 'write a list: ["…"]; this is text'),
    )
    assert told == as_written(
        """
        error: status.waitng: unknown key
         --> jira.toml:2:3
          |
        2 |   waitng = ["Waiting"]
          |   ^^^^^^ did you mean 'waiting'?
          = docs: docs/reference/jira.md#status

        error: status.open: this is text
         --> jira.toml:3:1
          |
        3 | open = "To do"
          |        ^^^^^^^ write a list: ["…"]
          = docs: docs/reference/jira.md#status

        2 faults in 1 file
        """
    )


def test_a_remedy_that_does_not_fit_beside_the_mark_stands_below_it(folder: Path) -> None:
    del folder
    told = seen(
        "ladder = []\n",
        (
            1,
            1,
            "ladder[3]",
            "nobody holds the role 'hr'; name somebody in [roles] of clients.toml, or take it off",
        ),
        name="escalation.toml",
        width=60,
    )
    assert told == as_written(
        """
        error: ladder[3]: nobody holds the role 'hr'
         --> escalation.toml:1:1
          |
        1 | ladder = []
          |          ^^
          = help: name somebody in [roles] of clients.toml, or take
                  it off
          = docs: docs/reference/escalation.md#ladder

        1 fault in 1 file
        """
    )


@pytest.mark.parametrize(
    ("line", "column", "what", "marked"),
    [
        ('\topn = ["Open"]', 2, "unknown key", "     ^^^"),
        ('"優先度" = "急"', 1, "unknown key", " ^^^^^^^^"),
        ('open = ["未着手", "Dne", "x"]', 16, "'Dne' stands twice", " " * 19 + "^^^^^"),
        ("within = 4h", 11, 'not TOML: text needs quotes: "…"', " " * 10 + "^^"),
        ('a = "x', 7, "not TOML: a quote is missing where the text ends", " " * 7 + "^"),
        ("[[rule]]", 3, "missing; add name", "   ^^^^"),
        ("", 1, "anything", " ^"),
    ],
    ids=["a tab", "wide letters", "one of several", "no TOML", "the end of a line", "a heading", "an empty line"],
)
def test_the_mark_stands_under_the_word_on_any_screen(
    folder: Path, line: str, column: int, what: str, marked: str
) -> None:
    del folder
    told = seen(f"{line}\n", (1, column, "", what)).splitlines()
    assert told[4].removeprefix("  |").partition("^ ")[0].rstrip("^") + "^" == marked.rstrip("^") + "^"
    assert told[4].count("^") == marked.count("^")


def test_a_line_too_long_for_the_screen_is_cut_on_both_sides_of_the_mark(folder: Path) -> None:
    del folder
    words = ", ".join(f'"word {number}"' for number in range(40))
    line = f'words = [{words}, "late*x", {words}]'
    told = seen(line, (1, line.index('"late*x"') + 1, "", "'late*x': a * stands last")).splitlines()
    assert len(told[3]) <= 72
    assert told[3].startswith("1 | …")
    assert told[3].endswith("…")
    at = told[3].index('"late*x"')
    assert told[4][at : at + 8] == "^" * 8


def test_secrets_are_not_shown_with_the_line_that_they_stand_in(folder: Path) -> None:
    del folder
    lines = [
        'password = "hunter2"',
        "api_token: hunter2",
        'url = "https://me:hunter2@example.com"',
        "url = https://hooks.example.com/services/hunter2",
        'login = { user = "x", secret = "hunter2" }',
        "token hunter2",
    ]
    faults = [(number, 1, "", "not TOML: anything") for number in range(1, len(lines) + 1)]
    told = seen("\n".join(lines), *faults, name="config.toml")
    assert "hunter2" not in told
    assert "password = …" in told
    assert "https://hooks.example.com/…" in told
    hook = seen('url = "https://example.com/T0/hunter2"', (1, 1, "notify.webhook.url", "secrets have no place"))
    assert "hunter2" not in hook


def test_a_fault_of_no_line_or_of_a_file_that_is_gone_is_told_without_one(folder: Path) -> None:
    del folder
    told = [Fault("gone.toml", 3, 1, "a", "unknown key"), Fault("environment", 0, 0, "MAKEGOOD_LOG", "must be so")]
    text = "\n".join("".join(piece for piece, _ in line) for line in shown(told, 80))
    assert " --> gone.toml:3:1\n\n" in text
    assert "error: MAKEGOOD_LOG: must be so\n --> environment\n" in text
    assert text.endswith("2 faults in 2 files")


# --- who reads it -----------------------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    made = Office(tmp_path, monkeypatch)
    made.source()
    made.mapping("workbook.toml", "waiting = [", "waitng = [")
    return made


def test_check_shows_the_line_and_other_commands_do_on_a_terminal_in_colours(office: Office) -> None:
    assert "\nerror: status.waitng: unknown key\n" in f"\n{office.run('check').err}"
    assert office.run("status").err.startswith("makegood: mappings/workbook.toml:")
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
        environment.pop("NO_COLOR", None)
        ran = subprocess.run([MAKEGOOD, "status"], stderr=theirs, check=False, env=environment)
        os.close(theirs)
        shown_there = screen.read(65536)
    assert ran.returncode == 2
    assert b"\x1b[1;31merror\x1b[0m" in shown_there
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown_there.decode()).replace("\r\n", "\n")
    assert plain.startswith("error: status.waitng: unknown key\n")
    assert "^^^^^^ did you mean 'waiting'?\n" in plain


def test_each_form_of_check_tells_the_same_faults(office: Office) -> None:
    (line,) = office.run("check", "--output", "short").err.splitlines()
    at = re.fullmatch(
        r"mappings/workbook.toml:(\d+):1: status.waitng: unknown key; did you mean 'waiting'\?", line
    )
    assert at
    (fault,) = office.run("check", "--output", "json").json["faults"]
    assert fault == {
        "file": "mappings/workbook.toml",
        "line": int(at[1]),
        "column": 1,
        "end_column": 7,
        "key": "status.waitng",
        "what": "unknown key; did you mean 'waiting'?",
        "docs": "docs/reference/workbook.md#status",
    }
    ran = office.run("check", "--output", "github")
    assert (ran.status, ran.err) == (2, "")
    assert ran.out == (
        f"::error file=mappings/workbook.toml,line={at[1]},endLine={at[1]},col=1,endColumn=7::"
        "status.waitng: unknown key; did you mean 'waiting'?%0Adocs/reference/workbook.md#status\n"
    )


def test_check_judges_the_mapping_that_is_named_and_not_the_one_in_force(office: Office) -> None:
    shutil.copytree(office.folder / "mappings", office.folder / "edited")
    office.mapping("workbook.toml", "waitng = [", "waiting = [")
    assert office.run("check").status == 0
    ran = office.run("check", "--mapping", "edited", "--output", "short")
    assert (ran.status, ran.out) == (2, "")
    assert re.fullmatch(r"edited/workbook.toml:\d+:1: status.waitng: unknown key; .*\n", ran.err)
    office.mapping("workbook.toml", "waiting = [", "waitng = [")
    office.write("edited/workbook.toml", office.read("edited/workbook.toml").replace("waitng = [", "waiting = ["))
    assert office.run("check").status == 2
    ran = office.run("check", "--mapping", "edited")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("config.toml and edited/ are sound: ")


def test_a_sound_configuration_has_notices_for_a_workflow(office: Office) -> None:
    office.mapping("workbook.toml", "waitng = [", "waiting = [")
    ran = office.run("check", "--output", "github")
    assert (ran.status, ran.err) == (0, "")
    assert all(line.startswith("::notice::") for line in ran.out.splitlines())


def test_what_would_end_an_annotation_is_escaped() -> None:
    assert annotation("error", "100 %\nand: more", file="a,b:c%.toml") == (
        "::error file=a%2Cb%3Ac%25.toml::100 %25%0Aand: more"
    )


def test_every_page_that_a_fault_links_to_is_there_with_a_heading_for_each_key() -> None:
    for name, model in MODELS.items():
        headings = (ROOT / DOCS / f"{name}.md").read_text(encoding="utf-8").split("\n")
        for field, info in model.model_fields.items():
            assert f"## `{info.alias or field}`" in headings, name
    assert {f"{name}.md" for name in PAGES} <= {page.name for page in (ROOT / DOCS).iterdir()}


@pytest.mark.parametrize(
    ("file", "key", "there"),
    [
        ("mappings/taxonomy.toml", 'rule "late".when', "docs/reference/taxonomy.md#rule"),
        ("mappings/jira-dc.toml", "status.open", "docs/reference/jira.md#status"),
        ("config.example.toml", "", "docs/reference/config.md"),
        ("mappings/tone/en.toml", "word[3]", "docs/reference/tone.md#word"),
        ("environment", "MAKEGOOD_LOG", "docs/reference/config.md"),
        ("mappings/comments/en/names.toml", "roles.lead", "docs/reference/names.md#roles"),
        ("mappings/crm.csv", "Account", ""),
    ],
)
def test_a_fault_links_to_the_table_on_the_page_of_its_kind_of_file(file: str, key: str, there: str) -> None:
    assert page(Fault(file, 1, 1, key, "anything")) == there
