"""The tests beside a mapping: what a team writes, what it is told; and the shipped ones try nearly every rule."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from office import ROOT, Office

from sync.mapping.scenario_files import load_tests
from sync.workbench.testing import run

if TYPE_CHECKING:
    from pathlib import Path

TAXONOMY = """
least = 3
subtypes = { delivery = ["quality"], communication = [], scope = [], team = [], billing = ["invoice"] }

[[rule]]
name = "something does not work"
category = "delivery"
subtype = "quality"
score = 5
when.words.en = ["crashes"]

[[rule]]
name = "money"
category = "billing"
subtype = "invoice"
score = 5
when.words.en = ["invoice"]
"""
LATE = """
[source]
tracker = "workbook"

[[test]]
name = "four working hours for the first word"   # ours
[test.ticket]
opened = 2026-03-27T15:30:00
title = "The portal crashes and throws an error at each login"
owner = "Consultant 1"
fields = { severity = "high" }

[[test.expect]]
at = "Mon 12:29"
lacks = "esc:nothing"

[[test.expect]]
at = "Mon 12:30"
due = 2026-03-30     # the weekend of the clocks
comments = ["first_response breach to owner"]
"""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A folder with a copy of the shipped mapping, but of a short taxonomy, and without tests."""
    office = Office(tmp_path, monkeypatch)
    (tmp_path / "config.toml").unlink()
    (tmp_path / "mappings").unlink()
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings", ignore=shutil.ignore_patterns("tests"))
    (tmp_path / "mappings" / "tests").mkdir()
    office.write("mappings/taxonomy.toml", TAXONOMY)
    return office


def written(office: Office, text: str) -> Path:
    office.write("mappings/tests/late.toml", text)
    return office.folder / "mappings" / "tests" / "late.toml"


def test_the_shipped_tests_hold_and_try_nearly_every_rule_of_the_shipped_mapping() -> None:
    report = run(load_tests(ROOT / "mappings", ()))
    assert [(result.name, result.failures) for result in report.failed] == []
    assert report.share >= 0.95, [unit for unit in report.units if unit not in report.tried]


def test_a_test_goes_by_the_hours_of_the_mapping_and_a_config_is_not_needed(office: Office) -> None:
    written(office, LATE)
    ran = office.run("test")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("1 test, all passed, ")


def test_a_failure_shows_moment_line_difference_and_the_rule_behind_it(office: Office) -> None:
    written(office, LATE)
    office.mapping(
        "escalation.toml", '[high.first_response]\nwithin = "4h"', '[high.first_response]\nwithin = "5h"'
    )
    ran = office.run("test")
    assert ran.status == 1
    assert "failed four working hours for the first word" in ran.out
    assert "Mon 2026-03-30 12:30 CEST, mappings/tests/late.toml:17" in ran.out
    assert "- first_response breach to owner" in ran.out
    assert "due Mon 2026-03-30 13:30, by escalation.toml: high.first_response" in ran.out
    assert "1 test, 1 failed" in ran.out


def test_words_that_were_not_said_are_told_above_all_that_was_said(office: Office) -> None:
    written(office, LATE.replace('lacks = "esc:nothing"', 'says = ["What happened", "Hooray"]'))
    shown = office.run("test").out.splitlines()
    begin = shown.index("    says      - Hooray")
    assert shown[begin + 1] == "                Handed over to the engagement partner"
    assert not any(line.strip() == "- What happened" for line in shown[:begin])


def test_update_writes_what_came_and_leaves_all_else_of_the_file_as_it_was(office: Office) -> None:
    file = written(office, LATE.replace("due = 2026-03-30", "due = 2026-03-31"))
    assert office.run("test", "--update").status == 0
    assert file.read_text(encoding="utf-8") == LATE
    assert office.run("test").status == 0


def test_update_fills_an_expectation_that_says_only_when(office: Office) -> None:
    file = written(office, LATE.replace('lacks = "esc:nothing"\n', ""))
    ran = office.run("test")
    assert ran.status == 1
    assert "nothing is expected here yet; --update writes what came" in ran.out
    office.run("test", "--update")
    assert (
        'at = "Mon 12:29"\n'
        'category = "delivery"\n'
        'severity = "high"\n'
        "due = 2026-03-30\n"
        'labels = ["esc:breach", "esc:delivery", "esc:high", "esc:level-3"]\n'
        "comments = [\n"
        '  "escalation to engagement_partner",\n'
        '  "assessed breach to owner",\n'
        '  "first_response warning to owner",\n'
        "]\n"
    ) in file.read_text(encoding="utf-8")
    assert office.run("test").status == 0


def test_update_leaves_to_a_person_what_no_value_can_say(office: Office) -> None:
    text = LATE.replace('lacks = "esc:nothing"', "nothing = true")
    file = written(office, text)
    assert office.run("test", "--update").status == 1
    assert file.read_text(encoding="utf-8") == text


def test_a_case_is_one_line_and_update_changes_that_line(office: Office) -> None:
    text = 'case = [\n  { text = "Your invoice, please", category = "%s", severity = "medium" }, # ours\n]\n'
    file = written(office, text % "delivery")
    assert "updated Your invoice, please" in office.run("test", "--update").out
    assert file.read_text(encoding="utf-8") == text % "billing"


@pytest.mark.parametrize("asked", ["Client A", "CLA", "client a  inc."])
@pytest.mark.parametrize("written_as", ["Client A", "cla", "Client A Inc."])
def test_a_rule_that_asks_for_a_client_knows_it_by_each_of_its_names(
    office: Office, asked: str, written_as: str
) -> None:
    theirs = f'{{ field = "client", in = ["Nobody", "{asked}"] }}'
    rule = '[[rule]]\nname = "theirs"\ncategory = "scope"\nsubtype = "x"\nscore = 9\nwhen'
    taxonomy = TAXONOMY.replace("scope = []", 'scope = ["x"]')
    office.write(
        "mappings/taxonomy.toml",
        f'{taxonomy}{rule} = {{ any = [{{ label = "x" }}, {{ not = {{ not = {theirs} }} }}] }}',
    )
    hers, other = f'client = "{written_as}", rule = "theirs"', 'client = "Client B", category = "unclassified"'
    written(office, f"case = [{{ {hers} }}, {{ {other} }}]")
    assert office.run("test").out.startswith("2 tests, all passed")


def test_what_people_do_counts_a_label_that_was_taken_off_stays_off(office: Office) -> None:
    happened = '[[test.then]]\nat = "Fri 15:40"\nunlabel = "esc:delivery"\n\n[[test.expect]]\nat = "Mon 12:29"'
    text = LATE.replace('[[test.expect]]\nat = "Mon 12:29"', happened)
    written(office, text.replace('lacks = "esc:nothing"', 'lacks = "esc:delivery"\nhas = "esc:high"'))
    assert office.run("test").status == 0


def test_names_that_lead_nowhere_are_faults_with_their_place_and_what_was_meant(office: Office) -> None:
    faulty = """
[[test]]
name = "gone"
[test.ticket]
opened = 2026-03-03T10:00:00
client = "Cliemt A"
fields = { severity = "high" }
[[test.expect]]
at = "+1h"
rule = "late delivery"
comments = ["updat breach"]
[[test.expect]]
at = "+1m"
role = "managing_partnr"
severity = "hgih"
[[test.expect]]
at = "soon"
"""
    written(office, faulty)
    ran = office.run("test")
    assert ran.status == 2
    for told in (
        "late.toml:6:1:",
        "did you mean 'Client A'?",
        "late.toml:7:12:",
        "jira.toml maps no field 'severity'; map it there, or take it out here",
        "late.toml:10:1:",
        "no rule, signal or trigger 'late delivery' in taxonomy.toml and severity.toml; renamed or taken out?",
        "did you mean 'update'?",
        "late.toml:13:1:",
        "2026-03-03 10:01 is before the one above it",
        "did you mean 'managing_partner'?",
        "did you mean 'high'?",
        "'soon' is no moment",
    ):
        assert told in ran.err


def test_without_tests_or_with_a_name_that_none_has_there_is_a_clear_word(office: Office) -> None:
    ran = office.run("test")
    assert (ran.status, "no tests here" in ran.err) == (2, True)
    ran = office.run("test", "mappings/tests/nowhere.toml")
    assert (ran.status, "nowhere.toml" in ran.err) == (2, True)
    written(office, LATE)
    ran = office.run("test", "-k", "moon")
    assert (ran.status, "no test has 'moon' in its name" in ran.err) == (2, True)


def test_coverage_names_what_no_test_has_tried(office: Office) -> None:
    written(office, LATE)
    told = office.run("test", "--output", "json").json
    assert (told["schema"], told["failed"]) == (1, 0)
    assert [test["passed"] for test in told["tests"]] == [True]
    cells = next(each for each in told["coverage"]["tables"] if each["table"] == "escalation.toml: cells")
    assert "high.update" in cells["untried"]
    assert "high.first_response" not in cells["untried"]
    shown = office.run("test", "--coverage").out
    assert "escalation.toml: cells" in shown
    assert "critical.first_response" in shown


def test_a_failing_test_counts_for_no_rule(office: Office) -> None:
    written(office, LATE.replace('lacks = "esc:nothing"', 'severity = "low"'))
    assert office.run("test", "--output", "json").json["coverage"]["share"] == 0


def test_what_the_page_shows_holds_on_the_shipped_mapping(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "testing-a-mapping.md").read_text(encoding="utf-8")
    story, case = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "page.toml").write_text(story + case, encoding="utf-8")
    report = run(load_tests(ROOT / "mappings", [tmp_path]))
    assert [failure.differences for result in report.results for failure in result.failures] == []
    assert len(report.results) == 2
