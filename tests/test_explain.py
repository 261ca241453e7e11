"""`explain` tells of one ticket what was read, tried, counted and decided, and what comes next."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from office import LATE, NOW, Office

from sync.explaining.clocks import NEAR, Stretch, shortened
from sync.judging.conditions import View, gaps, nearly
from sync.mapping.conditions import Condition
from sync.ticket import Status, Ticket
from sync.worktime import ALWAYS, WEEKDAYS, Calendar

if TYPE_CHECKING:
    from pathlib import Path

BERLIN = ZoneInfo("Europe/Berlin")
QUIET = LATE | {"Severity": "", "Category": "", "Title": "A word", "Owner": "Consultant 1"}


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A folder with one workbook."""
    bare = Office(tmp_path, monkeypatch)
    bare.source()
    return bare


def explained(office: Office, now: str = NOW, ticket: str = "T-1") -> Any:  # noqa: ANN401 - JSON
    ran = office.run("explain", ticket, "--now", now, "--output", "json")
    assert (ran.status, ran.err) == (0, "")
    return ran.json


# --- the segments of a calendar ----------------------------------------------------------------------------------

DAY = ((time(9), time(12)), (time(13), time(17, 30)))
NIGHT = ((time(22), time(6)),)
HOLIDAYS = {date(2026, 4, 3): "Good Friday", date(2026, 4, 6): "Easter Monday", date(2026, 3, 29): "The clocks"}
PLACES = [
    Calendar("days", "Europe/Berlin", dict.fromkeys(range(5), DAY), lambda _year: HOLIDAYS),
    Calendar("nights", "Europe/Berlin", dict.fromkeys(range(6), NIGHT), lambda _year: HOLIDAYS),
    Calendar("Cairo", "Africa/Cairo", dict.fromkeys((6, 0, 1, 2, 3), DAY)),
    ALWAYS,
]


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(PLACES),
    st.timedeltas(timedelta(), timedelta(days=40)),
    st.timedeltas(timedelta(), timedelta(days=40)),
)
def test_segments_tile_the_time_and_the_open_ones_are_what_the_calendar_counts(
    place: Calendar, later_by: timedelta, length: timedelta
) -> None:
    start = datetime(2026, 3, 20, tzinfo=UTC) + later_by
    end = start + length
    found = list(place.segments(start, end))
    opened = sum((each.end - each.start for each in found if each.kind == "open"), start=timedelta())
    assert opened == place.between(start, end)
    for earlier, later in pairwise(found):
        assert earlier.end == later.start
        assert (earlier.kind, earlier.name) != (later.kind, later.name)
    assert all(each.start < each.end for each in found)
    if length:
        assert (found[0].start, found[-1].end) == (start, end)
    for each in found:
        if each.kind in ("weekday", "holiday"):
            day = each.start.astimezone(ZoneInfo(place.zone)).date()
            assert each.name == place.closed_because(day)
            assert (each.kind == "weekday") == (each.name in WEEKDAYS)


def test_easter_is_told_by_name_and_the_week_end_between_by_its_days() -> None:
    start = datetime(2026, 4, 2, 17, tzinfo=BERLIN)
    found = PLACES[0].segments(start, start + timedelta(days=5))
    assert [(each.kind, each.name) for each in found] == [
        ("open", ""), ("closed", ""), ("holiday", "Good Friday"), ("weekday", "Saturday"), ("weekday", "Sunday"),
        ("holiday", "Easter Monday"), ("closed", ""), ("open", ""), ("closed", ""), ("open", ""),
    ]  # fmt: skip


# --- clocks ------------------------------------------------------------------------------------------------------


def test_a_ledger_names_the_holidays_and_what_a_pause_waited_for(office: Office) -> None:
    """An issue of the Thursday before Easter that waited for the client over the Tuesday after it."""
    row = LATE | {"Created": "2026-04-02 10:00", "Severity": "high", "Owner": "Consultant 1"}
    row |= {"Last contact": "2026-04-02 11:00", "Client": "Client Z"}
    office.issues(row)
    office.at("2026-04-02T11:00:00+02:00")
    office.put("T-1", Status="Waiting for client")
    office.at("2026-04-07T10:00:00+02:00")
    office.put("T-1", Status="In progress")
    office.at("2026-04-07T15:00:00+02:00")
    told = explained(office, "2026-04-08T12:00:00+02:00")
    (update,) = (clock for clock in told["clocks"] if clock["promise"] == "update")
    kinds = [(each["reason"], each["name"]) for each in update["ledger"]]
    assert kinds == [
        ("running", ""), ("closed", ""), ("holiday", "Karfreitag"), ("weekday", "Saturday"), ("weekday", "Sunday"),
        ("holiday", "Ostermontag"), ("closed", ""), ("running", ""),
        ("paused", "waiting for the client"),
        ("running", ""), ("closed", ""), ("running", ""),
    ]  # fmt: skip
    for earlier, later in pairwise(update["ledger"]):
        assert earlier["to"] == later["from"]
    assert update["used"] == sum(each["counted"] for each in update["ledger"])
    screen = office.run("explain", "T-1", "--now", "2026-04-08T12:00:00+02:00").out
    for line in (
        "      Fri 03 Apr              ························  Karfreitag\n",
        "      Sat 04 – Sun 05 Apr     ························  weekend\n",
        "      Mon 06 Apr              ························  Ostermontag\n",
        "      Tue 07 Apr              ·········█▒▒▒▒▒██·······  09:00–10:00 15:00–17:30  3 h 30 min, paused ",
        "      Wed 08 Apr              ·········███┃",
    ):
        assert line in screen


def test_a_pipe_of_few_letters_gets_bars_of_its_own(office: Office) -> None:
    office.issues(LATE | {"Severity": "high"})
    ran = office.process("explain", "T-1", "--now", NOW, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert "# runs  = paused  . off-hours  ! limit  | now" in ran.out
    assert "      Mon 02 Mar                       #######" in ran.out
    assert ran.out.isascii()


def test_a_follow_up_of_ours_is_told_as_one(office: Office) -> None:
    office.mapping("workbook.toml", "# follow_up = true", "follow_up = true")
    office.mapping("promises.toml", "follow_ups = []", 'follow_ups = ["verified"]')
    office.issues(QUIET)
    assert office.at(NOW).status == 0
    office.issues(office.rows()["T-1"] | {"Status": "Resolved"})
    for now in ("2026-03-03T10:10:00+01:00", "2026-03-03T10:20:00+01:00"):
        office.at(now)
    (made,) = office.rows().keys() - {"T-1"}
    ran = office.run("explain", made, "--now", "2026-03-03T10:30:00+01:00")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"{made}: a follow-up that makegood made below another ticket")


def test_a_ticket_that_cannot_be_read_is_not_said_to_be_nowhere(office: Office) -> None:
    office.issues(QUIET | {"Status": "On hold?"})
    ran = office.run("explain", "T-1", "--now", NOW)
    assert (ran.status, ran.out) == (2, "")
    assert "status 'On hold?' is in no list" in ran.err
    assert "no source shows" not in ran.err


def test_a_moment_before_the_ticket_was_opened_is_told(office: Office) -> None:
    office.issues(QUIET)
    told = explained(office, "2026-01-05T10:00:00+01:00")["standing"]
    assert told[0] == "it was opened only on 2026-03-02 09:00, later than the moment that is looked at"


def test_days_of_two_years_are_told_with_their_years(office: Office) -> None:
    office.issues(QUIET)
    ran = office.run("explain", "T-1", "--now", "2027-03-03T10:00:00+01:00", "-v")
    assert "04 Mar 2026–02 Mar 2027 ████████████████████████  00:00–24:00  24 h each" in ran.out


def test_many_holidays_are_counted() -> None:
    place = Calendar(
        "days",
        "Europe/Berlin",
        dict.fromkeys(range(5), DAY),
        lambda _: {date(2026, 3, day): f"Day {day}" for day in range(9, 14)},
    )
    start, end = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    whole = [
        Stretch(each.start, each.end, "running" if each.kind == "open" else each.kind, each.name)
        for each in place.segments(start, end)
    ]
    (summed,) = (each for each in shortened(whole, [start, end]) if each.reason == "summed")
    assert summed.what.endswith("closed for 5 holidays, Day 9 to Day 13")


def test_of_a_long_time_what_lies_far_from_everything_is_summed() -> None:
    start = datetime(2026, 1, 5, 9, tzinfo=BERLIN).astimezone(UTC)
    now = start + timedelta(days=120)
    whole = [
        Stretch(
            each.start, each.end, "running" if each.kind == "open" else each.kind, each.name, each.end - each.start
        )
        for each in PLACES[0].segments(start, now)
    ]
    told = list(shortened(whole, [start, None, now]))
    (summed,) = (each for each in told if each.reason == "summed")
    assert len(told) < len(whole) / 3
    assert "closed for The clocks, Good Friday, Easter Monday" in summed.what
    assert summed.start - start > NEAR
    assert summed.end is not None
    assert now - summed.end > NEAR
    assert sum((each.counted for each in told), start=timedelta()) == sum(
        (each.counted for each in whole), start=timedelta()
    )
    assert all(earlier.end == later.start for earlier, later in pairwise(told))


def test_what_keeps_a_promise_is_told_in_the_words_of_the_mapping_in_force(office: Office) -> None:
    office.mapping("workbook.toml", '"/called", "/mailed", "/met",', '"/rang them", "/mailed",')
    office.issues(LATE)
    told = explained(office)
    clocks = {clock["promise"]: clock for clock in told["clocks"]}
    assert "a comment that begins with /rang them or /mailed (or 27 more)" in clocks["first_response"]["kept_by"]
    assert clocks["owned"]["kept_by"] == ["somebody in Owner"]
    assert clocks["first_response"]["moved_by"] == [], "it never pauses"
    running = office.run("explain", "T-1", "--now", "2026-03-02T09:05:00+01:00", "--output", "json").json
    moved = {clock["promise"]: clock["moved_by"] for clock in running["clocks"] if clock["state"] == "running"}
    assert moved["owned"] == ["status Waiting for client or 顧客待ち (or 3 more) pauses it"]


# --- fields, rules, severity -------------------------------------------------------------------------------------


def test_each_field_tells_the_trackers_own_name_for_it_and_the_line_that_maps_it(office: Office) -> None:
    office.issues(LATE)
    office.at("2026-03-02T10:00:00+01:00")
    office.put("T-1", Severity="low")
    office.at(NOW)
    told = {each["field"]: each for each in explained(office)["mapped"]}
    severity, lines = told["severity"], office.read("mappings/workbook.toml").splitlines()
    assert (severity["value"], severity["column"], severity["changed"]) == (
        "low",
        "Severity",
        "2026-03-03T10:00+01:00",
    )
    for name in ("severity", "client", "status", "next_step"):
        file, line = told[name]["where"].split(":")
        assert file == "mappings/workbook.toml"
        assert lines[int(line) - 1].startswith(f"{name} = ")
    assert told["impact"]["value"] == "", "mapped, and absent"
    screen = office.run("explain", "T-1", "--now", NOW).out
    assert "empty: " in screen.partition("Fields as mapped")[2].partition("impact")[0]


def test_a_rule_that_lacks_one_of_several_things_is_a_near_miss() -> None:
    ticket = Ticket(
        "s", "s", "1", "T-1", "", "t", "", Status.OPEN, datetime.now(BERLIN), datetime.now(BERLIN), "1", kind="Bug"
    )
    view = View(ticket, {"area": "api"}, frozenset({"old"}), {})
    both = {"all": [{"field": "area", "equals": "api"}, {"field": "kind", "equals": "Invoice"}]}

    def lacks(condition: dict[str, Any]) -> tuple[list[str], bool]:
        parsed = Condition.model_validate(condition)
        return gaps(parsed, view), nearly(parsed, view)

    assert lacks(both) == (["kind is “Invoice”, but it is “Bug”"], True)
    assert lacks({"any": [both, {"all": [{"label": "a"}, {"label": "b"}]}]}) == lacks(both)
    assert lacks({"all": [{"label": "old"}, {"not": {"field": "area", "present": True}}]}) == (
        ["it must not be so: area is filled"],
        True,
    )
    assert lacks({"label": "new"}) == (["label new"], False), "one thing alone is lacked or not"
    assert lacks({"all": [{"not": {"label": "new"}}, {"label": "new"}]}) == (["label new"], False)
    assert lacks({"label": "old"}) == ([], False)


def test_a_denied_phrase_is_told_as_such_and_does_not_count(office: Office) -> None:
    office.issues(QUIET | {"Title": "The invoice is not wrong"})
    told = explained(office)
    assert not [
        each for each in told["denied"] if each["rule"] in {r["rule"] for r in told["rules"] if r["evidence"]}
    ]
    assert any("not wrong" in each["snippet"] for each in told["denied"])
    assert (
        "denied, so it does not count: “The invoice is not wrong" in office.run("explain", "T-1", "--now", NOW).out
    )


@pytest.mark.parametrize(
    ("cells", "why", "decides"),
    [
        (
            {"Severity": "9", "Impact": "x"},
            {"field": "“9” is not among field_values", "matrix": "reach is empty"},
            "default",
        ),
        (
            {"Impact": "odd", "Reach": "one"},
            {"matrix": "matrix.cells has no cell for impact “odd” × reach “one”"},
            "default",
        ),
        ({"Severity": "high"}, {"field": "the severity field says “high”"}, "field"),
    ],
)
def test_each_source_of_a_severity_says_why_it_told_none(
    office: Office, cells: dict[str, str], why: dict[str, str], decides: str
) -> None:
    office.issues(QUIET | cells)
    asked = explained(office)["severity"]["asked"]
    assert [each["source"] for each in asked] == ["field", "matrix", "signals", "priority", "default"]
    assert {each["source"]: each["why"] for each in asked}.items() >= why.items()
    assert [each["source"] for each in asked if each["decides"]] == [decides]


def test_a_trigger_that_did_not_raise_counts_what_there_is_and_what_it_takes(office: Office) -> None:
    office.issues(QUIET, QUIET | {"ID": "T-0", "Created": "2026-02-20 09:00"})
    office.at(NOW)
    silent = {each["trigger"]: each["why"] for each in explained(office)["severity"]["silent"]}
    assert any("issue number 2 of this client within 90d (T-0); it takes 3" in why for why in silent.values())
    assert silent["reopened"] == "it was not reopened"


# --- the timeline ------------------------------------------------------------------------------------------------


def test_the_timeline_goes_from_the_opening_to_now_and_on_to_what_comes(office: Office) -> None:
    office.issues(LATE | {"Severity": "high", "Created": "2026-03-03 09:00"})
    office.at("2026-03-03T09:30:00+01:00")
    office.put("T-1", Owner="Consultant 1", Status="In progress")
    office.at("2026-03-03T09:45:00+01:00")
    told = explained(office, "2026-03-03T10:00:00+01:00")
    past = [each for each in told["timeline"] if not each["ahead"]]
    coming = [each for each in told["timeline"] if each["ahead"]]
    assert past[0]["what"] == "opened"
    assert "status open → in_progress" in [each["what"] for each in past]
    assert any(each["what"].startswith("makegood: +esc:delivery") for each in past)
    assert [each["at"] for each in past] == sorted(each["at"] for each in past)
    assert past[-1]["at"] <= told["now"] < coming[0]["at"]
    assert {"first response: the warning", "first response: runs out"} <= {each["what"] for each in coming}
    assert [each["at"] for each in told["ahead"]] == [each["at"] for each in coming]
    screen = office.run("explain", "T-1", "--now", "2026-03-03T10:00:00+01:00").out
    parts = (
        "Timeline\n",
        "opened",
        " now, Tue 03 Mar 2026 10:00 ",
        "What happens next\n",
        "first response: runs out",
    )
    places = [screen.rindex(part) for part in parts]
    assert places == sorted(places)


def test_no_comment_is_quoted_whatever_it_says(office: Office) -> None:
    office.issues(LATE | {"Category": "team"})
    header = "Issue,At,Author,Audience,Text\n"
    office.write(
        "issues.comments.csv", header + "T-1,2026-03-02 10:00,Consultant 1,internal,a secret of the team\n"
    )
    ran = office.run("explain", "T-1", "--now", NOW)
    assert ran.status == 0
    assert "! confidential: " in ran.out
    assert "secret" not in ran.out


def test_a_ticket_that_is_done_or_opted_out_says_so_first(office: Office) -> None:
    office.issues(LATE | {"Status": "Closed", "Resolved": "2026-03-02 17:00", "Labels": "no-makegood"})
    told = explained(office)
    assert told["standing"][:2] == [
        "opted out by label no-makegood: nothing is written on it",
        "it is closed: what was promised for its life is over",
    ]
    assert "reopening the ticket starts a new cycle of promises" in told["would_change_it"]
