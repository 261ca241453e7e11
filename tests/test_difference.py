"""`diff`: what an edited mapping would change for live tickets, told before it is switched on."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from office import INVOICE, LATE, NOW, ROOT, Office

if TYPE_CHECKING:
    from pathlib import Path

NEW = LATE | {
    "ID": "T-4",
    "Client": "Client C",
    "Title": "The export is slow",
    "Created": "2026-03-03 09:30",
    "Severity": "high",
}
EVENING = "2026-03-03T10:05:00+01:00"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office that has made a pass, with a copy of its mapping files to edit."""
    made = Office(tmp_path, monkeypatch)
    made.source()
    made.issues(LATE, INVOICE, NEW)
    made.at(NOW)
    shutil.copytree(ROOT / "mappings", tmp_path / "edited")
    return made


def edit(office: Office, file: str, before: str, after: str) -> None:
    text = office.read(f"edited/{file}")
    assert before in text
    office.write(f"edited/{file}", text.replace(before, after, 1))


def test_a_copy_changes_nothing_and_says_so(shop: Office) -> None:
    ran = shop.run("diff", "edited", "--now", EVENING, "--exit-code")
    assert (ran.status, ran.out, ran.err) == (0, "nothing changes for 3 live tickets\n", "")


def test_a_word_that_counts_as_another_severity_moves_labels_dates_and_limits_of_its_tickets(shop: Office) -> None:
    edit(shop, "severity.toml", 'high = "high"', 'high = "low"')
    before = shop.files()
    told = shop.run("diff", "edited", "--now", EVENING, "--output", "json").json
    assert told["live"] == 3
    assert {each["ticket"] for each in told["tickets"]} == {"T-2", "T-4"}
    late = next(each for each in told["tickets"] if each["ticket"] == "T-4")
    assert (late["before"]["severity"], late["after"]["severity"]) == ("high", "low")
    assert "esc:high" in late["before"]["labels"]
    assert "esc:low" in late["after"]["labels"]
    limits = [
        {promise["promise"]: promise["due"] for promise in late[by]["promises"]} for by in ("before", "after")
    ]
    assert limits[0]["first_response"] < limits[1]["first_response"]
    assert shop.files() == before, "it wrote something"


def test_a_limit_that_is_cut_below_the_age_of_a_ticket_is_warned_of_before_it_breaks(shop: Office) -> None:
    edit(shop, "escalation.toml", '[high.first_response]\nwithin = "4h"', '[high.first_response]\nwithin = "15m"')
    ran = shop.run("diff", "edited", "--now", EVENING)
    assert ran.status == 0
    assert "T-4" in ran.out
    assert "after a warning" in ran.out
    assert "each gets one full warning period first" in ran.out
    assert shop.run("diff", "edited", "--now", EVENING, "--exit-code").status == 10


def test_a_plan_that_the_guard_would_refuse_is_told(shop: Office) -> None:
    shop.write("config.toml", shop.read("config.toml") + "guard = { actions = 1 }\n")
    edit(shop, "severity.toml", 'high = "high"', 'high = "low"')
    assert "the guard would refuse the plan" in shop.run("diff", "edited", "--now", EVENING).out


def test_a_severity_that_a_trigger_raises_is_told_with_the_trigger(shop: Office) -> None:
    trigger = '[[trigger]]\nname = "the export"\nwhen.words.en = ["export"]\nraise_by = 1\n\n[[trigger]]\n'
    edit(shop, "severity.toml", "[[trigger]]\n", trigger)
    out = shop.run("diff", "edited", "--now", EVENING).out
    assert "severity  high → critical  the export" in out
    assert "would say something raised the severity → project manager\n" in out


def test_a_source_that_cannot_be_read_is_named_and_nothing_is_said_of_its_tickets(shop: Office) -> None:
    (shop.folder / "issues.csv").unlink()
    ran = shop.run("diff", "edited", "--now", EVENING)
    assert ran.status == 1
    assert ran.out.startswith("not compared: ")


def test_a_ticket_that_is_opted_out_changes_nothing(shop: Office) -> None:
    shop.issues(LATE, INVOICE, NEW | {"Labels": "no-makegood"})
    edit(shop, "severity.toml", 'high = "high"', 'high = "critical"')
    told = shop.run("diff", "edited", "--now", EVENING, "--output", "json").json
    assert (told["live"], {each["ticket"] for each in told["tickets"]}) == (2, {"T-2"})


@pytest.mark.parametrize(
    ("folder", "says"),
    [
        ("mappings", "mappings is the mapping that is in force; edit a copy of the folder"),
        ("nowhere", "nowhere: no such folder"),
        ("empty", "no such file"),
    ],
)
def test_a_folder_that_cannot_be_meant_is_named(shop: Office, folder: str, says: str) -> None:
    (shop.folder / "empty").mkdir()
    ran = shop.run("diff", folder, "--now", EVENING)
    assert ran.status == 2
    assert says in " ".join((ran.out + ran.err).split())
