"""A plan that a person reviews: carried out exactly as it stands in its file, or not at all."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest
from office import DONE, INVOICE, LATE, NOW, Office
from reliability import counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from office import Ran

pytestmark = pytest.mark.reliability

COMMENTS = "issues.comments.csv"
LATER = "2026-03-03T16:00:00+01:00"
TWO_DAYS_LATER = "2026-03-05T10:00:00+01:00"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A folder with one workbook: two issues to which much is owed, and one that is done."""
    made = Office(tmp_path, monkeypatch)
    made.source()
    made.issues(LATE, INVOICE, DONE)
    return made


def planned(office: Office, *more: str) -> Any:  # noqa: ANN401 - the plan as JSON
    ran = office.run("plan", "-o", "plan.json", "--now", NOW, *more)
    assert ran.err == ""
    return json.loads(office.read("plan.json"))


def applied(office: Office, *more: str, now: str = LATER) -> Ran:
    return office.run("apply", "plan.json", "--now", now, *more)


def written(office: Office) -> tuple[object, object]:
    """Everything that stands in the workbook and its comments."""
    comments = office.folder / COMMENTS
    return office.rows(), office.rows(COMMENTS) if comments.exists() else None


def test_the_plan_is_a_file_for_its_owner_alone_and_making_it_writes_nothing_else(office: Office) -> None:
    before = office.files()
    told = planned(office)
    after = office.files()
    assert after.keys() - before.keys() == {"plan.json"}
    assert {name: after[name] for name in before} == before
    assert stat.S_IMODE((office.folder / "plan.json").stat().st_mode) == 0o600
    shown = office.at(NOW, "--dry-run", "--output", "json").json
    assert told["sources"][0]["actions"] == shown["sources"][0]["actions"] != []


def test_it_says_which_command_carries_it_out(office: Office) -> None:
    assert "within a day: makegood apply plan.json" in office.run("plan", "-o", "plan.json", "--now", NOW).out


def test_hours_later_exactly_the_reviewed_plan_is_written_and_then_nothing_more_of_it(office: Office) -> None:
    (source,) = planned(office)["sources"]
    ran = applied(office, "--output", "json")
    assert (ran.status, ran.err) == (0, "")
    assert ran.json["sources"][0]["actions"] == source["actions"]
    texts = {row["Text"] for row in office.rows(COMMENTS).values()}
    assert texts == {action["value"] for action in source["actions"] if action["kind"] == "add_comment"}
    assert office.at(NOW, "--output", "json").json["sources"][0]["actions"] == []
    counted("reviewed plan")


def test_a_second_time_it_is_refused_for_it_was_carried_out(office: Office) -> None:
    planned(office)
    assert applied(office).status == 0
    before = written(office)
    again = applied(office)
    assert again.status == 4
    assert "nothing was written" in again.err
    counted("reviewed plan", duplicates=int(written(office) != before))


CHANGED = "the ticket changed since"
CHANGES: dict[str, tuple[Callable[[Office], object], str]] = {
    "a ticket was edited": (lambda office: office.put("T-2", Title="The invoice"), f"issues: T-2: {CHANGED}"),
    "a ticket was closed": (lambda office: office.put("T-1", Status="Closed"), f"issues: T-1: {CHANGED}"),
    "a ticket is gone": (lambda office: office.issues(LATE, DONE), "issues: T-2: it is not there"),
    "the mapping was edited": (
        lambda office: office.mapping("escalation.toml", 'gather = "', 'gather = "1'),
        "config.toml or mappings/ changed since",
    ),
    "a pass was made": (lambda office: office.at(NOW), f"issues: T-1: {CHANGED}"),
    "the plan was edited": (
        lambda office: office.write("plan.json", office.read("plan.json").replace("esc:", "mine:")),
        "what is owed on it changed since",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_once_anything_changed_nothing_is_written_and_it_is_said_what(office: Office, change: str) -> None:
    act, why = CHANGES[change]
    planned(office)
    act(office)
    before = written(office)
    ran = applied(office)
    assert (ran.status, written(office)) == (4, before)
    assert why in ran.err
    assert "make it anew: makegood plan -o plan.json" in ran.err
    counted("reviewed plan")


def test_a_ticket_that_is_not_in_the_plan_waits_for_the_next_pass(office: Office) -> None:
    planned(office, "--only", "T-1")
    assert applied(office).status == 0
    assert office.rows()["T-2"]["Labels"] == ""
    assert office.rows(COMMENTS).keys() == {"T-1"}
    assert office.at(LATER).status == 0
    assert office.rows(COMMENTS).keys() == {"T-1", "T-2"}
    counted("reviewed plan")


@pytest.mark.parametrize("now", [TWO_DAYS_LATER, "2026-03-03T09:00:00+01:00"], ids=["too old", "not made yet"])
def test_a_plan_holds_for_a_day(office: Office, now: str) -> None:
    planned(office)
    ran = applied(office, now=now)
    assert ran.status == 4
    assert "it was made at 2026-03-03 09:00 UTC, and holds for a day" in ran.err
    assert not (office.folder / COMMENTS).exists()
    counted("reviewed plan")


def test_what_the_guard_refuses_needs_the_digest_of_this_very_plan(office: Office) -> None:
    office.write("config.toml", office.read("config.toml") + "guard = { actions = 1 }\n")
    made = office.run("plan", "-o", "plan.json", "--now", NOW)
    assert made.status == 4
    (approve,) = [line.partition("plan.json ")[2] for line in made.out.splitlines() if "apply plan.json" in line]
    assert applied(office).status == 4
    assert applied(office, "--approve", "0123456789ab").status == 4
    assert not (office.folder / COMMENTS).exists()
    assert applied(office, *approve.split()).status == 0
    assert office.rows(COMMENTS).keys() == {"T-1", "T-2"}
    counted("reviewed plan", cases=3)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"kind": "makegood plan"}', '{"kind": "other", "schema": 1}', "\x00"]
)
def test_a_file_that_is_no_plan_is_named(office: Office, text: str) -> None:
    office.write("plan.json", text)
    ran = applied(office)
    assert ran.status == 2
    assert "plan.json is no plan; make one with `makegood plan -o plan.json`" in ran.err
    assert "No such file" in office.run("apply", "nowhere.json").err


def test_a_plan_cannot_be_written_where_there_is_no_folder(office: Office) -> None:
    ran = office.run("plan", "-o", "nowhere/plan.json", "--now", NOW)
    assert ran.status == 2
    assert "nowhere/plan.json cannot be written" in ran.err
