"""What the daemon would have said over the past: on a real service desk, and on 400 real issues by the command."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from office import LATE, ROOT, Office
from real_downtime import BEGIN
from real_issues import FITTED, read_issues
from real_past import SETTINGS, desk_past, desk_policy, desk_tickets
from real_trackers import OnDataCenter

from sync.workbench import backtest_figures as figures
from sync.workbench.backtest import Window, reported
from sync.workbench.replay import replayed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sync.mapping.policy import Policy
    from sync.ticket import Ticket
    from sync.workbench.backtest import Report

WINDOW = Window(BEGIN, BEGIN + timedelta(days=10), timedelta(hours=4))


def lived(tickets: list[Ticket], policy: Policy) -> Report:
    past = desk_past(tickets, WINDOW.since)
    passes = replayed(SETTINGS, policy, {"desk": past}, WINDOW.until, WINDOW.every, wordless=True)
    return reported(passes, SETTINGS.source, policy, WINDOW)


@pytest.fixture(scope="module")
def tickets(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Ticket]:
    return desk_tickets(corpus, tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def report(tickets: list[Ticket]) -> Report:
    return lived(tickets, desk_policy())


def test_every_comment_is_counted_once_by_ticket_by_hour_and_by_week(report: Report) -> None:
    said = report.said
    assert len(said) == report.actions["add_comment"] == sum(figures.by_hour(report)) > 100
    asked = figures.asked(report)
    assert sum(len(on) for each in asked.values() for on in each.values()) == sum(
        len(one.roles) for _, one in said
    )
    assert {week for each in asked.values() for week in each} <= set(figures.weeks(report))
    assert figures.spread(report).most == max(len(tale.said) for tale in report.tales)
    assert sum(rule.comments for rule in figures.by_rule(report)) == sum(len(one.rules) for _, one in said)


def test_in_quiet_hours_only_what_is_critical_is_said_and_the_rest_waits(report: Report) -> None:
    quiet = [(tale, said) for tale, said in report.said if said.quiet]
    assert quiet
    assert {tale.severity for tale, _ in quiet} == {"critical"}
    assert 0 < report.waited <= sum(len(said.steps) for _, said in report.said)


def test_a_promise_is_kept_or_broken_or_still_open(report: Report) -> None:
    rows = figures.by_promise(report)
    assert all(row.made == row.kept + row.broken + row.open for row in rows)
    assert sum(row.made for row in rows) == sum(len(tale.promised) for tale in report.tales)
    late = [each for tale in report.tales for each in tale.promised if each.outcome == "broken"]
    told = {(promise, step) for _, said in report.said for promise, _, step in said.steps}
    assert {(each.promise, 2) for each in late} & told, "what was broken was said"


def test_a_limit_names_role_week_and_the_tickets_that_passed_it(report: Report) -> None:
    asked = figures.asked(report)
    role, by_week = next(iter(asked.items()))
    most = max(map(len, by_week.values()))
    assert figures.exceeded(report, {role: most}, None) == []
    [excess, *_] = figures.exceeded(report, {role: most - 1}, None)
    assert (excess.role, excess.count, excess.limit) == (role, most, most - 1)
    assert set(excess.tickets) == set(by_week[excess.week])
    spread = figures.spread(report)
    assert {each.tickets for each in figures.exceeded(report, {}, spread.most - 1)} == {
        (key,) for key in spread.on
    }


def test_a_longer_first_response_is_told_ticket_by_ticket_the_most_affected_first(
    report: Report, tickets: list[Ticket]
) -> None:
    assert figures.differences(report, report) == []
    policy = desk_policy()
    low = policy.escalation.low
    patient = low.model_copy(
        update={
            "first_response": low.first_response.model_copy(update={"within": low.first_response.within.times(3)})
        }
    )
    other = lived(tickets, replace(policy, escalation=policy.escalation.model_copy(update={"low": patient})))
    found = figures.differences(report, other)
    assert 0 < len(found) < len(tickets) / 2
    assert [each.weight for each in found] == sorted((each.weight for each in found), reverse=True)
    assert all(one == two for each in found for one, two in (each.category, each.severity)), "only times differ"
    assert ("low", "first response: no more") in {(each.severity[0], each.what) for each in found}
    patiently = [
        sum(
            row.open
            for row in figures.by_promise(each)
            if (row.promise, row.severity) == ("first_response", "low")
        )
        for each in (report, other)
    ]
    assert patiently[0] < patiently[1], "what was broken is still open"


# --- the command ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnDataCenter]:
    with OnDataCenter(read_issues(corpus), tmp_path_factory.mktemp("issues")) as found:
        yield found


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real: OnDataCenter) -> Office:
    found = Office(tmp_path, monkeypatch)
    (tmp_path / "mappings").unlink()
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    shutil.copytree(FITTED, tmp_path / "mappings", dirs_exist_ok=True)
    source = real.source.model_dump(include={"url", "projects"})
    found.source("real", tracker="jira", path=None, mode="observe", zone="UTC", **source)
    monkeypatch.setenv("MAKEGOOD_REAL_TOKEN", "dc-token")
    return found


SUMMER = ("backtest", "--since", "2014-06-01", "--until", "2014-09-01", "--every", "4h")


def test_the_screen_tells_what_would_have_been_said_and_writes_nothing(office: Office, real: OnDataCenter) -> None:
    before = real.writes()
    ran = office.run(*SUMMER)
    assert (ran.status, ran.err, real.writes()) == (0, "", before)
    assert ran.out.startswith("Backtest of mappings, Sun 01 Jun 2014 to Mon 01 Sep 2014, a look every 4 h\n")
    for heading in ("Promises", "Asked", "By the hour", "Noisiest rules", "Largest pass"):
        assert f"\n{heading}" in ran.out
    assert len(ran.out.splitlines()) < 40, "one screen"
    assert not (office.folder / "state.db").exists()


def test_json_and_exit_status_serve_ci(office: Office) -> None:
    ran = office.run(*SUMMER, "--output", "json", "--max-per-role-week", "managing_partner=5")
    told = ran.json
    assert (ran.status, told["schema"], told["unknown"]) == (1, 1, [])
    [ours] = told["mappings"]
    assert ours["comments"] == sum(ours["comments_by_hour"]) == sum(each["comments"] for each in ours["by_ticket"])
    beyond = {week: count for week, count in ours["asked"]["managing_partner"].items() if count > 5}
    assert {each["week"]: each["count"] for each in told["exceeded"]} == beyond != {}
    assert office.run(*SUMMER, "-q", "--max-per-role-week", "managing_partner=500").status == 0


def test_another_mapping_is_read_and_held_against_the_first_one(office: Office) -> None:
    shutil.copytree(office.folder / "mappings", office.folder / "edited")
    rules = office.read("edited/escalation.toml").replace("warn_at = 0.75", "warn_at = 0.5")
    office.write("edited/escalation.toml", rules)
    july = ("backtest", "--since", "2014-07-01", "--until", "2014-08-01", "--every", "4h", "--mapping", "edited")
    told = office.run(*july, "--output", "json").json
    assert [each["mappings"] for each in told["mappings"]] == ["mappings", "edited"]
    first, *others = told["differences"]
    assert first["weight"] >= max(each["weight"] for each in others)
    shown = office.run(*july).out
    assert shown.startswith("Backtest of mappings against edited, ")
    assert f"\n{first['ticket']}" in shown
    assert f"{1 + len(others)} of {told['mappings'][0]['tickets']} tickets differ" in shown


def test_limits_hold_the_other_mapping_which_is_the_one_that_is_tried(office: Office) -> None:
    shutil.copytree(office.folder / "mappings", office.folder / "edited")
    rules = office.read("edited/escalation.toml")
    silent = re.sub(r'(?m)^to = "managing_partner"$', 'to = "engagement_partner"', rules)
    ladder = '"engagement_partner", "managing_partner"]'
    assert ladder in silent
    silent = silent.replace(ladder, '"engagement_partner"]\nroles = ["managing_partner"]')
    office.write("edited/escalation.toml", silent)
    tried = office.run(*SUMMER, "-q", "--max-per-role-week", "managing_partner=5", "--mapping", "edited")
    assert (tried.status, "Over the limit" in tried.out) == (0, False), tried.out + tried.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--since", "2020-01-01"), "nothing happened on the tickets between 2020-01-01 and"),
        (("--since", "2014-06-01", "--until", "2014-05-01"), "is not before the end"),
        (("--since", "2014-06-01", "--client", "Nobody"), "there is no ticket to replay"),
        (("--since", "2014-06-01", "--every", "soon"), "--every: 'soon' is no amount of time"),
        (("--since", "2014-06-01", "--mapping", "mappings"), "mappings is the mapping that is in force"),
        (("--since", "2014-06-01", "--max-per-role-week", "managing_partner"), "write ROLE=N"),
        (
            ("--since", "2014-06-01", "--max-per-role-week", "managing_partnr=1"),
            "did you mean 'managing_partner'?",
        ),
    ],
)
def test_what_cannot_be_replayed_is_refused_in_a_clear_word(
    office: Office, options: tuple[str, ...], said: str
) -> None:
    ran = office.run("backtest", *options)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


def test_a_workbook_has_a_past_once_makegood_has_looked_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, monkeypatch)
    office.source()
    office.issues(LATE)
    since = ("backtest", "--since", "2026-03-02", "--until", "2026-03-06")
    refused = office.run(*since)
    assert refused.status == 2
    assert "issues: a workbook keeps no history, and makegood has not looked at it yet" in refused.err
    assert office.at("2026-03-03T10:00:00+01:00").status == 0
    told = office.run(*since, "--output", "json").json
    assert told["mappings"][0]["comments"] > 0
    assert told["unknown"][0].startswith("issues: what happened before 2026-03-03 09:00 UTC on 1 of 1 tickets")
