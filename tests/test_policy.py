"""A folder of mapping files, read as one policy: references between files, calendars, clients, templates."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from sync.errors import ConfigurationError
from sync.mapping import tracker_models
from sync.mapping.policy import collect_policy, load_policy

if TYPE_CHECKING:
    from sync.mapping.policy import Policy

SHIPPED = Path(__file__).resolve().parents[1] / "mappings"
TRACKERS: dict[str, type[tracker_models.Mapping]] = {
    "jira.toml": tracker_models.JiraMapping,
    "asana.toml": tracker_models.AsanaMapping,
    "workbook.toml": tracker_models.WorkbookMapping,
}
USED: dict[str, type[tracker_models.Mapping]] = {"jira.toml": tracker_models.JiraMapping}

FILES = {
    "jira.toml": """\
        [fields]
        client = "Client"
        own = { milestone = "Milestone" }
        [status]
        open = ["Open"]
        waiting = ["Waiting"]
        [contact]
        statuses = ["waiting"]
        """,
    "taxonomy.toml": """\
        [subtypes]
        delivery = ["late"]
        communication = ["silence"]
        scope = ["more"]
        team = ["culture"]
        billing = ["invoice"]
        [[rule]]
        name = "late"
        category = "delivery"
        subtype = "late"
        when = { any = [{ field = "milestone", present = true }, { not = { field = "kind", equals = "Task" } }] }
        """,
    "severity.toml": """\
        order = ["field", "signals"]
        [field_values]
        Urgent = "critical"
        [[signal]]
        name = "angry"
        severity = "high"
        when = { all = [{ words = { en = ["angry"] } }, { field = "title", matches = '!' }] }
        """,
    "escalation.toml": """\
        ladder = ["lead", "partner"]
        roles = ["hr"]
        gather = "15m"
        calendar = "office"
        [critical]
        first_response = { within = "1h" }
        escalation = { to = "partner" }
        [high]
        first_response = { within = "4h", counts = "working" }
        escalation = { to = "lead" }
        [medium]
        first_response = { within = "24h" }
        escalation = { to = "lead" }
        [low]
        first_response = { within = "48h" }
        escalation = { to = "lead" }
        """,
    "calendars.toml": """\
        [calendar.office]
        zone = "Europe/Copenhagen"
        holidays = { country = "DK" }
        off = [{ date = 2026-12-24, name = "Eve" }]
        on = [{ date = 2026-05-16, name = "Moving day", hours = ["10:00-12:00"] }]
        [calendar.office.hours]
        monday = ["09:00-12:00", "13:00-24:00"]
        friday = ["22:00–6:00"]
        """,
    "clients.toml": """\
        [roles]
        lead = ["u1"]
        [[client]]
        name = "Client A"
        aliases = ["A & Sons"]
        calendar = "office"
        roles = { hr = ["u2"], partner = ["u3"] }
        """,
    "comments/en/update.md": "An update is due.",
    "comments/ja/update.md": "更新の期限です。",
    "comments/en/names.toml": "[roles]\nlead = 'team lead'",
    "comments/en/notes.txt": "for ourselves",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of sound mapping files below the current one."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        write(tmp_path / "mappings" / name, text)
    return tmp_path / "mappings"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text))


def edit(folder: Path, name: str, before: str, after: str) -> None:
    path = folder / name
    text = path.read_text()
    assert text.count(before) == 1, f"{before!r} does not stand once in {name}"
    path.write_text(text.replace(before, after))


def told(folder: Path) -> list[str]:
    """The fault lines of the folder."""
    with pytest.raises(ConfigurationError) as caught:
        load_policy(folder, USED)
    return str(caught.value).split("\n")


def unwrapped(text: str) -> list[str]:
    """The lines of a text in which a long line goes on, indented, on the next."""
    return re.sub(r"\n    ", " ", dedent(text).rstrip("\n")).split("\n")


# --- a sound folder ---------------------------------------------------------------------------------------------


def test_a_client_is_found_by_name_or_alias_in_any_case_width_and_spacing(folder: Path) -> None:
    policy = load_policy(folder, USED)
    for name in ("Client A", " client  a ", "CLIENT\u3000\uff21", "a & sons"):
        client = policy.client(name)
        assert client is not None
        assert client.name == "Client A"
    assert policy.client("Client B") is None
    assert policy.nearest_clients("Client AA") == ["Client A"]
    assert policy.nearest_clients("Somebody else") == []


def test_a_calendar_keeps_the_hours_the_holidays_and_the_own_days_of_its_file(folder: Path) -> None:
    calendar = load_policy(folder, USED).calendars["office"]
    assert calendar.hours_on(date(2026, 11, 16)) == ((time(9), time(12)), (time(13), time(0)))
    assert calendar.hours_on(date(2026, 5, 16)) == ((time(10), time(12)),)
    assert calendar.closed_because(date(2026, 12, 24)) == "Eve"
    assert calendar.closed_because(date(2026, 4, 3)) == "Langfredag"
    night = datetime(2026, 11, 20, 21, tzinfo=UTC)
    assert calendar.between(night, night + timedelta(days=1)) == timedelta(hours=8)


def test_templates_are_read_by_language_and_kind(folder: Path) -> None:
    assert load_policy(folder, USED).templates == {
        ("en", "update"): ("mappings/comments/en/update.md", "An update is due."),
        ("en", "names"): ("mappings/comments/en/names.toml", "[roles]\nlead = 'team lead'"),
        ("ja", "update"): ("mappings/comments/ja/update.md", "更新の期限です。"),
    }


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".txt")])
def test_the_digest_changes_with_every_file(folder: Path, name: str) -> None:
    before = load_policy(folder, USED).digest
    with (folder / name).open("a") as file:
        file.write("\n# a comment\n")
    assert load_policy(folder, USED).digest != before


def test_the_digest_is_the_same_wherever_and_in_whatever_order_the_files_stand(folder: Path) -> None:
    elsewhere = folder.parent / "copy"
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file():
            write(elsewhere / path.relative_to(folder), path.read_text())
    write(elsewhere / "README.md", "beside the policy")
    assert load_policy(elsewhere, USED).digest == load_policy(folder, USED).digest


def test_a_language_without_templates_is_no_fault(folder: Path) -> None:
    shutil.rmtree(folder / "comments")
    assert load_policy(folder, USED).templates == {}


def test_a_sound_folder_collects_no_fault(folder: Path) -> None:
    policy, faults = collect_policy(folder, USED)
    assert faults == []
    assert policy is not None
    assert isinstance(policy.mappings["jira.toml"], tracker_models.JiraMapping)


# --- references that lead nowhere -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "before", "after", "expected"),
    [
        (
            "escalation.toml",
            'to = "partner"',
            'to = "partnr"',
            """\
            mappings/escalation.toml:7:16: critical.escalation.to: no role 'partnr' on the ladder; did you mean
                'partner'?
            """,
        ),
        (
            "escalation.toml",
            'to = "partner"',
            'to = "hr"',
            """\
            mappings/escalation.toml:7:16: critical.escalation.to: 'hr' is no step of the ladder, so no reminder
                could climb from it; add it there
            """,
        ),
        (
            "clients.toml",
            "lead =",
            "leed =",
            """\
            mappings/clients.toml:2:1: roles.leed: no role 'leed' in mappings/escalation.toml; did you mean
                'lead'?
            """,
        ),
        (
            "clients.toml",
            "{ hr =",
            "{ boss =",
            """\
            mappings/clients.toml:7:11: client "Client A".roles.boss: no role 'boss' in
                mappings/escalation.toml; there are: hr, lead, partner
            """,
        ),
        (
            "clients.toml",
            'calendar = "office"',
            'calendar = "ofice"',
            """\
            mappings/clients.toml:6:1: client "Client A".calendar: no calendar 'ofice' in
                mappings/calendars.toml; did you mean 'office'?
            """,
        ),
        (
            "escalation.toml",
            'calendar = "office"',
            'calendar = "home"',
            """\
            mappings/escalation.toml:4:1: calendar: no calendar 'home' in mappings/calendars.toml; there are:
                office
            """,
        ),
        (
            "calendars.toml",
            'country = "DK"',
            'country = "DQ"',
            """\
            mappings/calendars.toml:3:14: calendar.office.holidays.country: no country 'DQ' is known to have
                holidays; …
            """,
        ),
        (
            "calendars.toml",
            'country = "DK"',
            'country = "DE", region = "BX"',
            """\
            mappings/calendars.toml:3:30: calendar.office.holidays.region: no region 'BX' of DE is known to have
                holidays; …
            """,
        ),
        (
            "severity.toml",
            '"signals"]',
            '"matrix", "priority"]',
            """\
            mappings/severity.toml:1:19: order[2]: matrix is asked, but there is no [matrix]; add it
            mappings/severity.toml:1:29: order[3]: priority is asked, but there is no [priority_values]; add it
            """,
        ),
        (
            "jira.toml",
            '["waiting"]',
            '["Waitng", "Open"]',
            """\
            mappings/jira.toml:8:13: contact.statuses[1]: status 'Waitng' is in no list of [status]; did you
                mean 'Waiting'?
            """,
        ),
        (
            "taxonomy.toml",
            '"kind"',
            '"knd"',
            """\
            mappings/taxonomy.toml:11:68: rule "late".when.any[2].not.field: field 'knd' is mapped in no tracker
                file; did you mean 'kind'?
            """,
        ),
        (
            "severity.toml",
            '"title"',
            '"budget"',
            """\
            mappings/severity.toml:7:51: signal "angry".when.all[2].field: field 'budget' is mapped in no
                tracker file; map it under [fields]
            """,
        ),
        (
            "jira.toml",
            "milestone =",
            "milestones =",
            """\
            mappings/taxonomy.toml:11:19: rule "late".when.any[1].field: field 'milestone' is mapped in no
                tracker file; did you mean 'milestones'?
            """,
        ),
    ],
)
def test_a_reference_that_leads_nowhere_is_told_at_the_key_that_refers(
    folder: Path, name: str, before: str, after: str, expected: str
) -> None:
    edit(folder, name, before, after)
    for line, pattern in zip(told(folder), unwrapped(expected), strict=True):
        assert line.startswith(pattern.removesuffix("…")) if pattern.endswith("…") else line == pattern


def test_every_fault_of_every_file_is_told_at_once(folder: Path) -> None:
    edit(folder, "jira.toml", "waiting =", "waitng =")
    edit(folder, "taxonomy.toml", 'category = "delivery"', "category = delivery")
    edit(folder, "severity.toml", '"title"', '"titel"')
    edit(folder, "escalation.toml", 'to = "partner"', 'to = "partnr"')
    edit(folder, "calendars.toml", '"Europe/Copenhagen"', '"Europe/Kobenhavn"')
    edit(folder, "clients.toml", "[[client]]", "[[clients]]")
    (folder / "comments/en/update.md").write_bytes("Venlig hilsen, Søren".encode("latin-1"))
    write(folder / "comments/dk/update.md", "x")
    assert told(folder) == unwrapped(
        """\
        mappings/calendars.toml:2:1: calendar.office.zone: 'Europe/Kobenhavn' is no time zone; did you mean
            'Europe/Copenhagen'?
        mappings/clients.toml:3:3: clients: unknown key; did you mean 'client'?
        mappings/comments/dk/update.md: 'dk' is no language of comments; did you mean 'da'?
        mappings/comments/en/update.md:1:17: byte 16 (0xf8) is not UTF-8 (is it Latin-1?); save the file as
            UTF-8
        mappings/escalation.toml:7:16: critical.escalation.to: no role 'partnr' on the ladder; did you mean
            'partner'?
        mappings/jira.toml:6:1: status.waitng: unknown key; did you mean 'waiting'?
        mappings/severity.toml:7:51: signal "angry".when.all[2].field: field 'titel' is mapped in no tracker
            file; did you mean 'title'?
        mappings/taxonomy.toml:9:12: not TOML: text needs quotes: "…"
        """
    )


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("escalation.toml", 'roles = ["hr"]', 'roles = ["hr", 3]'),
        ("escalation.toml", 'gather = "15m"', "gather = 15"),
        ("escalation.toml", 'ladder = ["lead", "partner"]', 'ladder = "lead"'),
        ("calendars.toml", '"09:00-12:00", ', '"09:00-12:60", '),
        ("calendars.toml", "hours]", "hour]"),
        ("jira.toml", 'open = ["Open"]', "open = 3"),
        ("jira.toml", 'milestone = "Milestone"', "milestone = 3"),
        ("severity.toml", 'Urgent = "critical"', 'Urgent = "criticl"'),
        ("severity.toml", "[[signal]]", "[[signl]]"),
    ],
)
def test_one_slip_is_not_told_again_by_those_that_refer_to_it(
    folder: Path, name: str, before: str, after: str
) -> None:
    edit(folder, name, before, after)
    (line,) = told(folder)
    assert line.startswith(f"mappings/{name}:")


@pytest.mark.parametrize("name", [name for name in FILES if "/" not in name])
def test_a_file_that_cannot_be_read_is_the_only_fault(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (line,) = told(folder)
    assert line.startswith(f"mappings/{name}: no such file")


def test_a_missing_folder_is_one_fault_with_the_remedy(folder: Path) -> None:
    shutil.rmtree(folder)
    assert told(folder) == [
        "mappings: no such folder; copy the shipped mappings to it, or name another as mappings in config.toml"
    ]


# --- the shipped files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRACKERS)
def test_the_shipped_files_are_a_policy_for_each_tracker_alone(name: str) -> None:
    policy: Policy = load_policy(SHIPPED, {name: TRACKERS[name]})
    assert policy.calendars[policy.escalation.calendar].day_length > timedelta(hours=1)


def test_the_shipped_files_are_a_policy_for_all_trackers_together() -> None:
    assert set(load_policy(SHIPPED, TRACKERS).mappings) == set(TRACKERS)
