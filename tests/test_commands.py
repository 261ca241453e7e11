"""Every command as it is typed: what it prints, what it leaves in the folder, and how it ends."""

from __future__ import annotations

import base64
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from fakes.faults import Reply
from fakes.jira_cloud import EMAIL
from office import DONE, INVOICE, LATE, MAKEGOOD, NOW, ROOT, SECRET, Office, jira_cloud

from sync import progress
from sync.state.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.jira_cloud import JiraCloud

COMMENTS = "issues.comments.csv"
ESCAPE = "\x1b"
COLOUR = re.compile(r"\x1b\[[0-9;]*(3[0-9]|4[0-9]|9[0-7])[0-9;]*m")
NO_DATE = LATE | {"ID": "T-9", "Title": "When?", "Due": "next week"}


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A folder with an empty config and the shipped mappings."""
    return Office(tmp_path, monkeypatch)


@pytest.fixture
def office(bare: Office) -> Office:
    """A folder with one workbook: two issues to which much is owed, and one that is done."""
    bare.source()
    bare.issues(LATE, INVOICE, DONE)
    return bare


@pytest.fixture
def jira() -> Iterator[JiraCloud]:
    with jira_cloud() as fake:
        yield fake


def labels(office: Office, ticket: str) -> set[str]:
    return set(office.rows()[ticket]["Labels"].split(", ")) - {""}


# --- one pass ---------------------------------------------------------------------------------------------------


def test_a_pass_writes_what_its_dry_run_showed_and_the_next_finds_nothing_to_do(office: Office) -> None:
    planned = office.at(NOW, "--dry-run", "--output", "json").json["sources"][0]["actions"]
    assert {action["kind"] for action in planned} == {"add_label", "set_due", "add_comment"}
    done = office.at(NOW, "--output", "json")
    assert (done.status, done.err) == (0, "")
    assert done.json["sources"][0]["actions"] == planned
    for ticket in ("T-1", "T-2"):
        mine = [action for action in planned if action["ticket"] == ticket]
        assert labels(office, ticket) == {each["value"] for each in mine if each["kind"] == "add_label"}
        assert [office.rows()[ticket]["Due"]] == [each["value"] for each in mine if each["kind"] == "set_due"]
        assert [office.rows(COMMENTS)[ticket]["Text"]] == [
            each["value"] for each in mine if each["kind"] == "add_comment"
        ]
    before = office.rows(), office.rows(COMMENTS)
    assert office.at(NOW, "--output", "json").json["sources"][0]["actions"] == []
    assert "  Nothing to do.\n" in office.at(NOW).out
    assert (office.rows(), office.rows(COMMENTS)) == before
    assert office.rows()["T-3"] == dict.fromkeys(office.rows()["T-3"], "") | DONE


@pytest.mark.parametrize("after_a_pass", [False, True], ids=["at first", "after a pass"])
def test_nothing_but_a_pass_writes_anything_anywhere(office: Office, *, after_a_pass: bool) -> None:
    if after_a_pass:
        assert office.at("2026-03-02T10:00:00+01:00").status == 0
    before = office.files()
    for arguments in (
        ("--dry-run", "--now", NOW),
        ("--dry-run", "--now", NOW, "-v", "--output", "json"),
        ("--dry-run", "--now", NOW, "--max-actions", "1"),
        ("explain", "T-1", "--now", NOW),
        ("status",),
        ("check",),
        ("check", "--online"),
    ):
        assert office.run(*arguments).err == ""
        assert office.files() == before, arguments


def test_the_plan_tells_for_each_comment_who_will_read_it_and_v_shows_it_whole(office: Office) -> None:
    plain, verbose = office.at(NOW, "--dry-run").out, office.at(NOW, "--dry-run", "-v").out
    (comment,) = (
        action["value"]
        for action in office.at(NOW, "--dry-run", "--output", "json", "--only", "T-1").json["sources"][0][
            "actions"
        ]
        if action["kind"] == "add_comment"
    )
    first = comment.splitlines()[0]
    for told in (plain, verbose):
        assert told.startswith("issues  workbook · mode full · 3 tickets read\n")
        assert "  T-1   critical   delivery  Client A  The portal is down\n" in told
        assert "請求書の合計が違います" in told
        assert told.count("     comment  read by staff only\n") == 2
        assert re.search(r"Planned, not written: \d+ labels, 2 due dates, 2 comments", told)
    assert f"│ {first}\n" not in plain
    assert f"│ {first}\n" in verbose


def test_a_comment_that_a_client_can_read_is_told_in_capitals(bare: Office) -> None:
    bare.source(readers="staff-and-clients")
    bare.issues(LATE)
    actions = bare.at(NOW, "--dry-run", "--output", "json").json["sources"][0]["actions"]
    told = bare.at(NOW, "--dry-run").out
    readers = {each["audience"] for each in actions if each["kind"] == "add_comment"}
    assert ("READ BY THE CLIENT" in told) == ("client" in readers)
    assert "read by staff only" not in told
    assert "internal" not in readers


def test_quiet_keeps_totals_and_errors(office: Office) -> None:
    office.issues(LATE, NO_DATE)
    ran = office.at(NOW, "--dry-run", "-q")
    head, *lines = ran.out.splitlines()
    assert head == "issues  workbook · mode full · 2 tickets read"
    assert len(lines) == 2
    assert lines[0].startswith("  error T-9 ")
    assert "'next week' is no date" in lines[0]
    assert lines[1].startswith("  Planned, not written: ")
    assert (ran.status, ran.err) == (1, "")


def test_observe_mode_plans_writes_nothing_and_says_what_to_set(bare: Office) -> None:
    bare.source(mode="observe")
    bare.issues(LATE)
    before = bare.rows()
    told = bare.at(NOW)
    assert (told.status, bare.rows()) == (0, before)
    assert 'set mode = "labels" or "full" to let it write' in told.out


def test_only_and_source_narrow_a_pass(office: Office) -> None:
    office.source("more")
    office.issues(LATE | {"ID": "M-1"}, file="more.csv")
    assert office.at(NOW, "--only", "t-2", "--source", "issues").status == 0
    assert labels(office, "T-1") == set()
    assert "esc:high" in labels(office, "T-2")
    assert office.rows("more.csv")["M-1"]["Labels"] == ""
    told = office.at(NOW, "--source", "more", "--output", "json").json
    assert [source["name"] for source in told["sources"]] == ["more"]
    assert "esc:critical" in office.rows("more.csv")["M-1"]["Labels"]
    assert labels(office, "T-1") == set()


def test_a_ticket_or_source_that_is_nowhere_is_named(office: Office) -> None:
    ran = office.at(NOW, "--dry-run", "--only", "T-1", "--only", "T-98", "--only", "T-99")
    assert (ran.status, ran.err) == (2, "makegood: no source has a ticket T-98, T-99\n")
    ran = office.run("explain", "T-99")
    assert (ran.status, ran.out, ran.err) == (2, "", "no source shows a ticket T-99\n")
    for command in ((), ("status",), ("check", "--online"), ("explain", "T-1"), ("rebuild",), ("daemon",)):
        ran = office.run(*command, "--source", "isues")
        assert (ran.status, ran.out) == (2, ""), command
        assert ran.err == "makegood: no source is named 'isues'; config.toml has issues\n"


def test_now_never_writes_to_a_tracker_that_others_read(office: Office, jira: JiraCloud) -> None:
    office.jira(jira.url)
    before = office.files()
    ran = office.at(NOW)
    assert (ran.status, ran.out) == (2, "")
    assert "--now would write to 'jira' at a time that is not now" in ran.err
    assert "add --dry-run, or --source with a workbook" in ran.err
    assert (office.files(), jira.log) == (before, [])
    assert office.at(NOW, "--dry-run").status == 0
    assert office.at(NOW, "--source", "issues").status == 0


def test_a_moment_that_is_none_is_told_with_an_example(office: Office) -> None:
    ran = office.at("yesterday", "--dry-run")
    assert ran.status == 2
    assert "'yesterday' is no instant; write 2026-03-03T10:00:00+01:00" in ran.err


# --- exit statuses ----------------------------------------------------------------------------------------------


def test_status_0_all_done_and_10_on_request_when_there_is_something_to_do(office: Office) -> None:
    assert office.at(NOW, "--dry-run").status == 0
    assert office.at(NOW, "--dry-run", "--exit-code").status == 10
    assert office.at(NOW, "--exit-code").status == 0
    assert office.at(NOW, "--dry-run", "--exit-code").status == 0


def test_status_1_some_failed_and_the_others_went_on(office: Office) -> None:
    office.issues(LATE, LATE | {"ID": "T-8", "Status": "Parked"})
    ran = office.at(NOW)
    assert ran.status == 1
    assert "error T-8" in ran.out
    assert "esc:critical" in labels(office, "T-1")


def test_status_2_usage_or_configuration(office: Office) -> None:
    assert office.run("--dryrun").status == 2
    assert office.run("explain").status == 2
    office.write("config.toml", 'state = "a.db"\n')
    assert office.run().status == 2
    (office.folder / "config.toml").unlink()
    told = office.run(name="sync")
    assert (told.status, told.out) == (2, "")
    assert "/bin/sync" in told.err


def test_status_3_credentials(bare: Office, jira: JiraCloud) -> None:
    bare.jira(jira.url)
    bare.patch.delenv("MAKEGOOD_JIRA_TOKEN")
    missing = bare.run()
    assert missing.status == 3
    assert "There is no token for source 'jira': set MAKEGOOD_JIRA_TOKEN" in missing.out + missing.err
    bare.patch.setenv("MAKEGOOD_JIRA_TOKEN", "wrong-one")
    assert bare.run().status == 3


@pytest.mark.parametrize("dry", [(), ("--dry-run",), ("--dry-run", "--exit-code")], ids=["a pass", "dry", "asked"])
def test_status_4_refused_by_the_guard_in_a_dry_run_as_in_the_pass(office: Office, dry: tuple[str, ...]) -> None:
    before = office.rows()
    ran = office.at(NOW, "--max-actions", "1", *dry)
    assert ran.status == 4
    assert re.search(r"refused: \d+ actions in one pass, and --max-actions allows 1; .*--approve \w{12}", ran.out)
    assert office.rows() == before
    assert not (office.folder / COMMENTS).exists()
    (approve,) = re.findall(r"--approve \w{12}", ran.out)
    assert office.at(NOW, "--max-actions", "1", *approve.split()).status == 0
    assert office.rows() != before


def test_the_guard_names_the_command_with_the_options_that_were_given(office: Office) -> None:
    given = ("--config", "config.toml", "--source", "issues", "--only", "T-1", "--max-actions", "1")
    refused = office.at(NOW, *given, "--dry-run")
    (command,) = re.findall(r"let this one plan through: makegood (.*)", refused.out)
    assert command.startswith(f"{' '.join(given)} --now {NOW} --approve ")
    assert office.run(*command.split()).status == 0
    assert office.rows(COMMENTS).keys() == {"T-1"}


def test_a_plan_that_is_refused_is_not_told_as_one_that_will_be_done(office: Office) -> None:
    told = office.at(NOW, "--max-actions", "1", "--dry-run", "-q").out
    assert "Planned, not written" not in told
    assert "Nothing to do" not in told


def test_status_5_another_run_holds_the_lock_and_only_writers_wait_for_it(office: Office) -> None:
    with Store(office.folder / "state.db", write=True):
        for command in ("-v", "rebuild"):
            ran = office.run(command)
            assert (ran.status, ran.out) == (5, "")
            assert f"another run (process {os.getpid()}) works on state.db; wait for it" in ran.err
        for reading in (("--dry-run",), ("status",), ("check",), ("explain", "T-1")):
            assert office.run(*reading).status == 0
    assert office.run().status == 0


def test_one_source_without_a_token_is_named_and_the_others_are_served(office: Office, jira: JiraCloud) -> None:
    office.jira(jira.url, "first")
    office.jira(jira.url, "second")
    office.patch.delenv("MAKEGOOD_FIRST_TOKEN")
    ran = office.run()
    assert ran.status == 1
    assert (ran.out + ran.err).count("There is no token for source 'first': set MAKEGOOD_FIRST_TOKEN") == 1
    assert "esc:critical" in jira.issue("OPS-1").fields["labels"]
    assert "esc:critical" in labels(office, "T-1")
    online = office.run("check", "--online")
    assert online.status == 3
    assert "There is no token for source 'first'" in online.out + online.err
    assert "second: ok: credentials" in online.out
    assert "issues: ok: issues.csv" in online.out


def test_a_source_that_cannot_be_reached_is_said_to_be_not_served(office: Office, jira: JiraCloud) -> None:
    office.jira(jira.url)
    jira.close()
    ran = office.run()
    served, _, other = ran.out.partition("jira  jira · mode full")
    assert ran.status == 1
    assert "Written: " in served
    assert "error " in other
    assert "Not served." in other
    assert "Nothing to do" not in other
    trouble = office.run("status").out.partition("jira: jira")[2]
    assert "last good pass never" in trouble
    assert "trouble: " in trouble
    assert office.run("--source", "jira").status != 0


# --- JSON -------------------------------------------------------------------------------------------------------


def documented() -> dict[str, set[str]]:
    """The keys of each object in docs/json.md: `` for the whole, then by the list that holds it."""
    keys: dict[str, set[str]] = {}
    for line in (ROOT / "docs" / "json.md").read_text(encoding="utf-8").splitlines():
        match [cell.strip() for cell in line.strip("|").split("|")]:
            case [names, kind, _] if names.startswith("`"):
                holder, _, first = names.split("`")[1].replace("[]", "").rpartition(".")
                told = {first, *(name.strip(".") for name in re.findall(r", `([^`]+)`", names))} - {""}
                place = holder.strip(".") or ("sources" if names.startswith("`.") else "")
                keys.setdefault(place, set()).update(told)
                if inner := re.search(r"\{([^}]*)\}", kind):
                    keys[first] = {key.strip() for key in inner[1].split(",")}
    return keys


def test_the_plan_as_json_has_exactly_the_keys_that_are_documented(office: Office) -> None:
    office.issues(LATE, INVOICE, NO_DATE, LATE | {"ID": "T-4", "Created": "2026-01-05 09:00"})
    keys = documented()
    plan = office.at(NOW, "--dry-run", "--output", "json")
    told = plan.json
    (source,) = told["sources"]
    assert set(told) == keys[""]
    assert set(source) == keys["sources"]
    assert (told["schema"], told["now"]) == (1, "2026-03-03T09:00:00+00:00")
    assert (source["name"], source["tracker"], source["mode"], source["refused"]) == (
        "issues",
        "workbook",
        "full",
        "",
    )
    for name in ("actions", "skipped", "errors"):
        assert source[name], name
        assert {frozenset(each) for each in source[name]} == {frozenset(keys[name])}, name
    assert {frozenset(each["because"]) for each in source["actions"]} == {frozenset(keys["because"])}
    assert {each["kind"] for each in source["actions"]} <= {"add_label", "remove_label", "set_due", "add_comment"}
    assert {each["audience"] for each in source["actions"]} <= {"none", "restricted", "internal", "client"}
    assert "請求書" in plan.out, "text of people is not escaped"


def test_each_command_has_its_own_keys_and_takes_output_before_or_after_its_name(office: Office) -> None:
    for command, keys in {
        "check": {"schema", "faults", "findings"},
        "status": {"schema", "state", "sources"},
        "rebuild": {"schema", "rebuilt"},
    }.items():
        told = office.run(command, "--output", "json")
        assert told.status == 0
        assert keys <= set(told.json)
        assert told.json["schema"] == 1
        assert office.run("--output", "json", command).json == told.json
    assert office.run("status", "--output", "json").json["sources"][0].keys() == {
        "source", "tracker", "mode", "last_good", "tickets", "live", "halted", "trouble", "unread", "open_writes",
        "doubtful_notices", "opted_out",
    }  # fmt: skip


# --- explain ----------------------------------------------------------------------------------------------------


def test_explain_tells_fields_rules_clocks_and_what_would_change_it(office: Office) -> None:
    ran = office.run("explain", "T-1", "--now", NOW)
    assert (ran.status, ran.err) == (0, "")
    for part in (
        "T-1  The portal is down\n",
        "as of Tue 03 Mar 2026 10:00 (+01:00), source issues\n",
        "Fields as mapped\n",
        "  by field_values: the severity field says “critical”\n",
        "first response",
        "escalation.toml: critical.first_response",
        "runs day and night",
        "What happens next\n",
        "contact with the client",
    ):
        assert part in ran.out
    tried = office.run("explain", "T-1", "--now", NOW, "-v").out
    told = office.run("explain", "T-1", "--now", NOW, "--output", "json").json
    assert len(told["rules"]) > 10
    for rule in told["rules"]:
        assert rule["rule"] in tried
    assert told.keys() >= {
        "schema", "ticket", "title", "url", "source", "now", "fields", "category", "rules", "severity", "urgency",
        "time_in_status", "clocks", "labels", "due", "held_back", "next", "would_change_it",
    }  # fmt: skip
    assert told["severity"]["is"] == "critical"
    promises = {clock["promise"]: clock for clock in told["clocks"]}
    assert promises["first_response"]["due"] == "2026-03-02T10:00+01:00"


def test_the_ledger_of_a_clock_leaves_out_pauses_and_off_hours(office: Office) -> None:
    """An issue that was in progress, waited for the client from 12 to 15, and is in progress again."""
    row = LATE | {"ID": "P-1", "Severity": "high", "Owner": "Consultant 1", "Last contact": "2026-03-02 09:30"}
    office.issues(row)
    office.at("2026-03-02T10:00:00+01:00")
    office.issues(row | {"Status": "Waiting for client"})
    office.at("2026-03-02T12:00:00+01:00")
    office.issues(row)
    office.at("2026-03-02T15:00:00+01:00")
    told = office.run("explain", "P-1", "--now", "2026-03-02T17:00:00+01:00", "--output", "json").json
    (update,) = (clock for clock in told["clocks"] if clock["promise"] == "update")
    stretches = update["ledger"]
    assert any(each["what"].startswith("paused") for each in stretches)
    assert any(each["what"] == "runs" for each in stretches)
    for earlier, later in pairwise(stretches):
        assert earlier["to"] == later["from"], "stretches follow one another without overlap"
    (paused,) = (each for each in stretches if each["what"].startswith("paused"))
    assert (paused["from"], paused["to"]) == ("2026-03-02T12:00+01:00", "2026-03-02T15:00+01:00")


def test_a_ticket_without_a_title_is_shown_as_such(office: Office) -> None:
    office.issues(LATE | {"Title": ""})
    assert "T-1  (no title)\n" in office.run("explain", "T-1", "--now", NOW).out
    assert "Client A  (no title)\n" in office.at(NOW, "--dry-run").out


# --- status, check, rebuild -------------------------------------------------------------------------------------


def test_status_tells_how_each_source_stands(office: Office) -> None:
    assert office.run("status").out.startswith("issues: workbook, mode full, last good pass never\n")
    office.at(NOW)
    told = office.run("status").out
    assert "3 tickets known, 2 of them live" in told
    assert told.startswith("issues: workbook, mode full, last good pass Tue 03 Mar 2026 10:00 (Europe/Berlin)\n")
    (source,) = office.run("status", "--output", "json").json["sources"]
    assert datetime.fromisoformat(source["last_good"]) == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert (source["tickets"], source["live"], source["halted"], source["open_writes"]) == (3, 2, False, [])


def test_status_names_a_source_that_is_gone_only_while_something_of_it_is_open(office: Office) -> None:
    office.at(NOW)
    kept = office.read("config.toml")
    renamed = kept.replace('name = "issues"', 'name = "others"')
    office.write("config.toml", renamed)
    gone = "issues: no longer in the config, and 2 live tickets of it are watched by nobody\n"
    assert office.run("status").out.endswith(f"{gone}  put its [[source]] back if that is not meant\n")
    told = office.run("status", "--output", "json").json
    assert (told["left_behind"], told["unwatched"]) == ({}, {"issues": 2})
    assert "issues: no longer" not in office.run("status", "--source", "others").out
    office.write("config.toml", kept)
    office.issues(DONE, DONE | {"ID": "T-1"}, DONE | {"ID": "T-2"})
    office.at(NOW)
    office.write("config.toml", renamed)
    assert "issues" not in office.run("status").out


def test_check_tells_every_fault_at_once_with_its_place_and_what_was_meant(office: Office) -> None:
    office.mapping("workbook.toml", 'waiting = ["Wait', 'waitng = ["Wait')
    office.mapping("escalation.toml", "[critical.first_response]\nwithin", "[critical.first_response]\nwithn")
    before = office.files()
    ran = office.run("check", "--output", "short")
    assert (ran.status, ran.out) == (2, "")
    lines = [line.removeprefix("makegood: ") for line in ran.err.splitlines()]
    assert all(re.match(r"mappings/\w+\.toml:\d+:\d+: \S+: ", line) for line in lines), lines
    assert any("status.waitng: unknown key; did you mean 'waiting'?" in line for line in lines)
    assert any("critical.first_response.withn: unknown key; did you mean 'within'?" in line for line in lines)
    told = office.run("check", "--output", "json")
    assert (told.status, told.err) == (2, "")
    faults = told.json["faults"]
    assert {"file", "line", "column", "end_column", "key", "what", "docs"} == set(faults[0])
    assert len(faults) == len(lines)
    one_pass = office.run()
    assert (one_pass.status, one_pass.out) == (2, "")
    assert {line.removeprefix("makegood: ") for line in one_pass.err.splitlines()} == set(lines)
    assert office.files() == before


def test_check_online_asks_the_trackers(office: Office, jira: JiraCloud) -> None:
    office.jira(jira.url)
    ran = office.run("check", "--online")
    assert (ran.status, ran.err) == (0, "")
    assert "issues: ok: issues.csv: 3 issues; site id workbook:issues, readers staff\n" in ran.out
    assert "jira: ok: fields: every mapped field is there\n" in ran.out
    jira.deny("ADD_COMMENTS")
    ran = office.run("check", "--online", "--output", "json")
    assert ran.status == 2
    errors = [each for each in ran.json["findings"] if each["level"] == "error"]
    assert [each["about"] for each in errors] == ["project OPS"]
    assert "Add Comments" in errors[0]["what"]
    assert set(errors[0]) == {"source", "level", "about", "what"}
    assert not [line for line in jira.log if line.method != "GET" and "search" not in line.path]


def test_check_names_the_promises_that_are_off_and_why(office: Office) -> None:
    assert "first response" not in office.run("check").out
    words = re.search(r"\nwords = \[\n  \"/called.*?\n\]\n", office.read("mappings/workbook.toml"), re.DOTALL)
    assert words
    office.mapping("workbook.toml", words[0], "\nwords = []\n")
    office.mapping("workbook.toml", 'contacted = "Last contact"', "")
    office.mapping("workbook.toml", "client_readable_comment = true", "client_readable_comment = false")
    ran = office.run("check")
    assert ran.status == 0
    (line,) = (line for line in ran.out.splitlines() if "first response" in line or "first_response" in line)
    assert "issues" in line
    assert "off" in line
    assert "first_response" in json.dumps(office.run("check", "--output", "json").json).replace(" ", "_")


def test_after_rebuild_a_lost_state_file_says_nothing_again(office: Office) -> None:
    office.at(NOW)
    before = office.rows(), office.rows(COMMENTS)
    (office.folder / "state.db").unlink()
    ran = office.run("rebuild")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "issues: read back from 2 tickets what was said and written there\n"
    assert office.at(NOW, "--dry-run", "--exit-code").status == 0
    assert office.at(NOW).status == 0
    assert (office.rows(), office.rows(COMMENTS)) == before
    assert office.run("rebuild", "--output", "json").json == {"schema": 1, "rebuilt": {"issues": 2}}


def test_on_jira_a_pass_writes_once_and_its_memory_can_be_read_back(bare: Office, jira: JiraCloud) -> None:
    bare.jira(jira.url)
    assert bare.run("--dry-run").status == 0
    assert bare.run().status == 0
    issue = jira.issue("OPS-1")
    labelled, said = set(issue.fields["labels"]), len(issue.comments)
    assert "esc:critical" in labelled
    assert said == 1
    assert "Nothing to do." in bare.run().out
    (bare.folder / "state.db").unlink()
    assert bare.run("rebuild").out == "jira: read back from 1 ticket what was said and written there\n"
    assert bare.run("--dry-run", "--exit-code").status == 0
    assert bare.run().status == 0
    assert (set(issue.fields["labels"]), len(jira.issue("OPS-1").comments)) == (labelled, said)


# --- where it is shown ------------------------------------------------------------------------------------------


@contextmanager
def terminal() -> Iterator[tuple[Any, list[str]]]:
    """A terminal to write to, and what it has shown once the block is left."""
    master, slave = os.openpty()
    shown: list[str] = []

    def read() -> None:
        parts = []
        while True:
            try:
                parts.append(os.read(master, 65536))
            except OSError:
                break  # how Linux tells that nobody writes to it any more
        shown.append(b"".join(parts).decode())

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(slave, "w", encoding="utf-8") as stream:
        yield stream, shown
    reader.join()
    os.close(master)


def test_colours_are_for_terminals_and_for_those_who_want_them(office: Office) -> None:
    commands = (("--dry-run", "--now", NOW), ("explain", "T-1", "--now", NOW))
    office.patch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        office.patch.delenv(name, raising=False)
    for arguments in commands:
        assert ESCAPE not in office.run(*arguments).out
        for plain in (False, True):
            if plain:
                office.patch.setenv("NO_COLOR", "1")
            else:
                office.patch.delenv("NO_COLOR", raising=False)
            with terminal() as (stream, shown):
                office.patch.setattr(sys, "argv", ["makegood", *arguments])
                office.patch.setattr(sys, "stdout", stream)
                with pytest.raises(SystemExit):
                    office.main()
            assert bool(COLOUR.search(shown[0])) is not plain, arguments


def test_a_progress_bar_is_shown_on_a_terminal_and_never_in_a_pipe(office: Office) -> None:
    office.patch.setattr(progress, "PATIENCE", 0.0)
    office.patch.setenv("TERM", "xterm-256color")
    assert office.at(NOW, "--dry-run").err == ""
    with terminal() as (stream, shown):
        office.patch.setattr(sys, "argv", ["makegood", "--dry-run", "--now", NOW])
        office.patch.setattr(sys, "stderr", stream)
        with pytest.raises(SystemExit):
            office.main()
    assert "issues: reading" in shown[0]
    with terminal() as (stream, shown):
        office.patch.setattr(sys, "argv", ["makegood", "-q", "--dry-run", "--now", NOW])
        office.patch.setattr(sys, "stderr", stream)
        with pytest.raises(SystemExit):
            office.main()
    assert shown[0] == ""


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize("output", ["text", "json"])
def test_who_stops_reading_is_not_answered_with_a_traceback(output: str) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    command = [MAKEGOOD, "--dry-run", "-v", "--now", NOW, "--output", output]
    with os.fdopen(theirs, "w") as closed:
        ran = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, check=False, text=True, timeout=60)
    assert ran.stderr == ""


def test_a_locale_that_knows_few_letters_stops_nothing(office: Office) -> None:
    hostile = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    passed = office.process("--now", NOW, encoding="latin-1", PYTHONIOENCODING="latin-1", **hostile)
    assert (passed.status, passed.err) == (0, "")
    assert "T-2" in passed.out
    assert office.rows()["T-2"]["Title"] == INVOICE["Title"], "what is written does not depend on the terminal"
    told = office.process("explain", "T-2", "--now", NOW, "--output", "json", **hostile)
    assert (told.status, told.err) == (0, "")
    assert told.json["ticket"] == "T-2"
    office.issues(LATE | {"Status": "対応"})
    failed = office.process("--now", NOW, **hostile)
    assert failed.status == 1
    assert "Traceback" not in failed.err


def test_by_its_own_name_it_runs_as_installed(office: Office) -> None:
    ran = office.process("--dry-run", "--now", NOW, "--exit-code")
    assert (ran.status, ran.err) == (10, "")
    assert ran.out == office.at(NOW, "--dry-run").out


# --- secrets ----------------------------------------------------------------------------------------------------


def test_no_token_is_ever_shown_logged_or_kept(office: Office, jira: JiraCloud) -> None:
    office.jira(jira.url)
    basic = base64.b64encode(f"{EMAIL}:{SECRET}".encode()).decode()
    told = [
        office.run("--dry-run", "-vv", "--output", "json"),
        office.run("-v"),
        office.run("explain", "OPS-1", "-v"),
    ]
    told += [office.run("check", "--online", "-v"), office.run("status", "-v"), office.run("rebuild", "-v")]
    for fault in (Reply(401, {"errorMessages": [f"bad {SECRET}"]}), Reply(500, "boom"), Reply(403, {})):
        jira.script(fault, times=50)
        told.append(office.run("-v"))
        told.append(office.run("check", "--online"))
    jira.close()
    told.append(office.run("-v"))
    shown = "".join(ran.out + ran.err for ran in told).encode()
    kept = b"".join(content for _, content in office.files().values())
    with closing(sqlite3.connect(office.folder / "state.db")) as database:
        kept += "\n".join(database.iterdump()).encode()
    assert len(shown) > 5_000
    for secret in (SECRET, basic):
        assert secret.encode() not in shown
        assert secret.encode() not in kept


def test_each_of_many_failures_of_one_kind_is_told_in_one_line(office: Office) -> None:
    late = [LATE | {"ID": f"T-{number}"} for number in range(1, 8)]
    office.issues(*late)
    (office.folder / ".~lock.issues.csv#").touch()
    ran = office.at(NOW)
    assert ran.status == 1
    assert ran.out.count("is open elsewhere; close it there") == 1
    assert "T-1, T-2, T-3 and 4 more" in ran.out
