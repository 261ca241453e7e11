"""A plan that a person reviews: carried out exactly as it stands in its file, or not at all."""

from __future__ import annotations

import json
import re
import resource
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from office import DONE, INVOICE, LATE, NOW, Office
from reliability import counted

from sync import reviewed
from sync.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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


def forged(office: Office, edit: Callable[[Any], object]) -> None:
    """Edit the plan as one who knows how its seal is made."""
    told = json.loads(office.read("plan.json"))
    edit(told)
    office.write("plan.json", json.dumps(reviewed.sealed(told)))


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


def test_a_second_time_it_is_refused_for_it_was_carried_out_and_can_be_taken_back(office: Office) -> None:
    plan = planned(office)
    assert applied(office).status == 0
    before = written(office)
    again = applied(office)
    assert again.status == 4
    assert "nothing was written: it was carried out at 2026-03-03 15:00 UTC; makegood undo" in again.err
    counted("reviewed plan", duplicates=int(written(office) != before))
    (undo,) = re.findall(r"makegood (undo \w{12})", again.err)
    assert undo == f"undo {plan['seal']}"
    assert office.run(*undo.split(), "--yes", "--now", LATER).status == 0
    assert office.rows()["T-1"]["Labels"] == ""


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
        "it was edited since it was made",
    ),
    "a ticket was cut out of the plan": (
        lambda office: edited(office, lambda source: without(source, "T-2")),
        "it was edited since it was made",
    ),
    "the plan was edited and sealed anew": (
        lambda office: forged(office, lambda told: told["sources"][0]["actions"].pop()),
        "what is owed on it changed since",
    ),
}


def edited(office: Office, edit: Callable[[Any], object]) -> None:
    """Edit a source of the plan, as in an editor."""
    told = json.loads(office.read("plan.json"))
    edit(told["sources"][0])
    office.write("plan.json", json.dumps(told, indent=2))


def without(source: Any, key: str) -> None:  # noqa: ANN401 - JSON
    """Leave a ticket out of a source's plan."""
    source["actions"] = [action for action in source["actions"] if action["ticket"] != key]
    del source["versions"][key]


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


def test_a_ticket_that_is_nowhere_is_named_and_no_plan_is_made_of_it(office: Office) -> None:
    ran = office.run("plan", "-o", "nobody.json", "--only", "T-1", "--only", "NOPE-1", "--now", NOW)
    assert (ran.status, ran.err) == (2, "makegood: no source has a ticket NOPE-1\n")
    assert not (office.folder / "nobody.json").exists()


@pytest.mark.parametrize("now", [TWO_DAYS_LATER, "2026-03-03T09:00:00+01:00"], ids=["too old", "not made yet"])
def test_a_plan_holds_for_a_day(office: Office, now: str) -> None:
    planned(office)
    ran = applied(office, now=now)
    assert ran.status == 4
    assert "it was made at 2026-03-03 09:00 UTC, and holds for a day" in ran.err
    assert not (office.folder / COMMENTS).exists()
    counted("reviewed plan")


def test_of_many_tickets_that_changed_ten_are_named(office: Office) -> None:
    keys = [f"T-{number}" for number in range(12)]
    office.issues(*(LATE | {"ID": key} for key in keys))
    planned(office)
    for key in keys:
        office.put(key, Title="Another title")
    told = applied(office).err
    assert told.count(CHANGED) == 10
    assert "and 2 more" in told


# --- the day's measure of asking --------------------------------------------------------------------------------

LATER_ASKED = INVOICE | {"ID": "T-8", "Client": "Client C"}
"""As urgent as the invoice, so that it is asked for after that."""


def spoken_of(plan: Any) -> set[str]:  # noqa: ANN401 - JSON
    (source,) = plan["sources"]
    return {action["ticket"] for action in source["actions"] if action["kind"] == "add_comment"}


def test_tickets_that_were_not_reviewed_use_up_nothing_of_what_may_be_asked_in_a_day(office: Office) -> None:
    office.mapping("attention.toml", "per_day = 12", "per_day = 1")
    office.issues(INVOICE, LATER_ASKED)
    assert spoken_of(planned(office)) == {"T-2"}
    assert spoken_of(planned(office, "--only", "T-8")) == {"T-8"}
    assert applied(office).status == 0
    assert office.rows(COMMENTS).keys() == {"T-8"}
    counted("reviewed plan")


def test_nor_do_those_that_came_since(office: Office) -> None:
    office.mapping("attention.toml", "per_day = 12", "per_day = 1")
    office.issues(LATER_ASKED)
    planned(office)
    office.issues(INVOICE, LATER_ASKED)
    assert spoken_of(office.at(NOW, "--dry-run", "--output", "json").json) == {"T-2"}
    assert applied(office).status == 0
    assert office.rows(COMMENTS).keys() == {"T-8"}
    counted("reviewed plan")


# --- the guard --------------------------------------------------------------------------------------------------


@pytest.fixture
def guarded(office: Office) -> Office:
    """Where the guard refuses what is owed."""
    office.write("config.toml", office.read("config.toml") + "guard = { actions = 1 }\n")
    return office


def test_what_the_guard_refuses_needs_the_digest_of_this_very_plan(guarded: Office) -> None:
    assert guarded.run("plan", "-o", "plan.json", "--now", NOW).status == 4
    assert applied(guarded).status == 4
    wrong = applied(guarded, "--approve", "0123456789ab")
    assert wrong.status == 4
    assert "; 0123456789ab is not this plan's digest" in wrong.out
    assert not (guarded.folder / COMMENTS).exists()
    counted("reviewed plan", cases=2)


def test_each_command_that_is_named_lets_it_through(guarded: Office) -> None:
    named = re.compile(r"makegood (apply plan.json .*--approve \w{12})")
    made = named.findall(guarded.run("plan", "-o", "plan.json", "--now", NOW, "--config", "config.toml").out)
    (again,) = named.findall(applied(guarded).out)
    digest = again.split()[-1]
    assert made == [f"apply plan.json --config config.toml --now {NOW} --approve {digest}"] * 2
    assert again == f"apply plan.json --now {LATER} --approve {digest}"
    assert guarded.run(*again.split()).status == 0
    assert guarded.rows(COMMENTS).keys() == {"T-1", "T-2"}
    counted("reviewed plan")


def test_the_guard_looks_anew_whatever_the_file_says(guarded: Office) -> None:
    guarded.run("plan", "-o", "plan.json", "--now", NOW)
    forged(guarded, lambda told: told["sources"][0].update(refused="", digest="0123456789ab"))
    ran = applied(guarded, "--approve", "0123456789ab")
    assert ran.status == 4
    assert "refused: " in ran.out
    assert not (guarded.folder / COMMENTS).exists()
    counted("reviewed plan")


def test_if_one_source_is_refused_nothing_is_written_to_another(guarded: Office) -> None:
    guarded.source("others")
    guarded.issues(LATE, file="others.csv")
    guarded.run("plan", "-o", "plan.json", "--now", NOW)
    assert applied(guarded).status == 4
    assert guarded.rows("others.csv")["T-1"]["Labels"] == ""
    counted("reviewed plan")


# --- a source that only observes --------------------------------------------------------------------------------


def test_the_plan_of_a_source_that_only_observes_is_not_for_carrying_out(office: Office) -> None:
    office.write("config.toml", office.read("config.toml").replace('"full"', '"observe"'))
    why = 'issues only observes; set mode = "labels" or "full" in the config, or choose others by --source'
    made = office.run("plan", "-o", "plan.json", "--now", NOW)
    assert f"It cannot be carried out: {why}, and make the plan again." in made.out
    assert "makegood apply" not in made.out
    ran = applied(office)
    assert ran.status == 4
    assert why in ran.err


# --- the file ---------------------------------------------------------------------------------------------------


def no_plan(file: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"no plan; make one with `makegood plan -o {file}`"):
        reviewed.read(file)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"kind": "makegood plan"}', '{"kind": "other", "schema": 1}', "\x00", "[" * 100_000],
    ids=["nothing", "a list", "an object", "no more than its kind", "another kind", "binary", "very deep"],
)
def test_a_file_that_is_no_plan_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text, encoding="utf-8")
    no_plan(file)


SOURCE = {"name": "issues", "actions": [{"ticket": "T-1"}], "versions": {"T-1": "1"}}
PLAN = {"kind": "makegood plan", "schema": 1, "now": "2026-03-03T09:00:00+00:00", "policy": "", "only": []}


@pytest.mark.parametrize(
    "part",
    [
        {"now": "2026-03-03T09:00:00"},
        {"now": "0001-01-01T00:00:00+14:00"},
        {"only": 5},
        {"sources": []},
        {"sources": [SOURCE, SOURCE]},
        {"actions": 5},
        {"actions": [{"ticket": []}]},
        {"actions": [{}]},
        {"versions": []},
        {"versions": {}},
        {"name": None},
    ],
    ids=str,
)
def test_a_plan_with_a_part_of_another_shape_is_none(tmp_path: Path, part: dict[str, Any]) -> None:
    file = tmp_path / "plan.json"
    whole = PLAN | {"sources": [SOURCE]}
    reviewed.write(reviewed.sealed(whole), file)
    assert not reviewed.read(file).edited
    broken = whole | part if part.keys() <= whole.keys() else whole | {"sources": [SOURCE | part]}
    reviewed.write(reviewed.sealed(broken), file)
    no_plan(file)


@pytest.mark.parametrize(
    "part", [{"only": ["T-1"]}, {"sources": [SOURCE | {"refused": ""}]}, {"policy": "1"}], ids=str
)
def test_an_edit_of_any_part_is_noticed(tmp_path: Path, part: dict[str, Any]) -> None:
    file = tmp_path / "plan.json"
    whole = reviewed.sealed(PLAN | {"sources": [SOURCE]})
    reviewed.write(whole | part, file)
    assert reviewed.read(file).edited


def test_a_file_larger_than_any_plan_is_not_read_to_its_end(office: Office) -> None:
    with (office.folder / "plan.json").open("wb") as file:
        file.truncate(reviewed.LARGEST + 1)
    ran = applied(office)
    assert (ran.status, ran.err) == (
        2,
        "makegood: plan.json is no plan; make one with `makegood plan -o plan.json`\n",
    )
    assert "No such file" in office.run("apply", "nowhere.json").err


def test_a_plan_takes_the_place_of_no_other_file(office: Office) -> None:
    assert office.at(NOW).status == 0
    before = office.files()
    for file in ("issues.csv", "state.db", "mappings"):
        ran = office.run("plan", "-o", file, "--now", NOW)
        assert (ran.status, ran.out) == (2, "")
        assert f"{file} is " in ran.err
        assert "name another file" in ran.err
    assert office.files() == before


def test_a_plan_takes_the_place_of_an_earlier_one_or_of_an_empty_file(office: Office) -> None:
    office.write("plan.json", "")
    first = planned(office)
    office.put("T-2", Title="The invoice")
    assert planned(office)["seal"] != first["seal"]


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_without_room_the_earlier_plan_stays_and_nothing_lies_beside_it(office: Office) -> None:
    planned(office)
    before = office.files()
    with no_room_beyond(1024):
        ran = office.run("plan", "-o", "plan.json", "--now", LATER)
    assert ran.status == 2
    assert "plan.json cannot be written: File too large; name another file" in ran.err
    assert office.files() == before


def test_a_plan_cannot_be_written_where_there_is_no_folder(office: Office) -> None:
    ran = office.run("plan", "-o", "nowhere/plan.json", "--now", NOW)
    assert ran.status == 2
    assert "nowhere/plan.json cannot be written" in ran.err
