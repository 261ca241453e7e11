"""The figures for Prometheus: each is true, none tells of a client, and asking for them stays cheap."""

from __future__ import annotations

import json
import stat
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fakes.memory_tracker import CLIENT, STAFF, Lost, Refused
from figures import counted, figures, passed, promising, settings, watching
from office import LATE, NOW, Office
from passes import Agency, agency, high

from sync.action import Skipped
from sync.errors import ServerFaultError
from sync.monitoring.metrics import UnwrittenError
from sync.monitoring.reasons import OTHER, REASONS, reason
from sync.ticket import Status

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Agency]:
    """Promises an answer within the hour, and a word each four hours after it."""
    with agency(tmp_path, by=promising()) as made:
        yield made


# --- passes, actions, reasons -----------------------------------------------------------------------------------


def test_a_pass_is_counted_by_how_it_ended_and_what_it_really_wrote(firm: Agency) -> None:
    board = firm.board()
    first = board.create(**high())
    metrics = watching(firm)
    passed(metrics, firm, minutes=1)
    labels = counted(metrics, "actions_total")["add_label", "desk"]
    board.script("comment", Refused(ServerFaultError("the tracker is ill")))
    passed(metrics, firm, minutes=50)
    assert counted(metrics, "passes_total") == {("good", "desk"): 1, ("partial", "desk"): 1}
    assert ("add_comment", "desk") not in counted(metrics, "actions_total")
    passed(metrics, firm, minutes=1)
    assert [comment.text for comment in board.ours(first)]
    assert counted(metrics, "actions_total")["add_comment", "desk"] == 1
    assert counted(metrics, "actions_total")["add_label", "desk"] >= labels > 0
    board.tells_time, firm.now = False, firm.now - timedelta(days=1)
    passed(metrics, firm)
    firm.now += timedelta(days=1)
    firm.max_actions = 0
    board.create(**high())
    passed(metrics, firm, minutes=1)
    assert counted(metrics, "passes_total")["failed", "desk"] == 1
    assert counted(metrics, "passes_total")["refused", "desk"] == 1
    assert figures(metrics)["pass_duration_seconds_count", "desk"] == 5


def test_every_reason_of_the_demos_three_days_falls_into_a_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, monkeypatch)
    for file in ("config.toml", "issues.csv", "issues.comments.csv"):
        office.write(file, (Path(__file__).parents[1] / "docs" / "demo" / file).read_text(encoding="utf-8"))
    found = set()
    for now in (NOW, "2026-03-03T21:00:00+01:00"):
        (source,) = office.run("--dry-run", "--now", now, "--output", "json").json["sources"]
        found |= {reason(Skipped(each["ticket"], each["what"], each["why"])) for each in source["skipped"]}
    assert found == {"backlog", "confidential", "no_date", "quiet_hours"}


@pytest.mark.parametrize(
    ("what", "why", "expected"),
    [
        ("whatever is owed", "the client is opted out; take opt_out from …", "opted_out"),
        ("label esc:high", "a person took it off; it stays off until its reason changes", "person_decided"),
        ("due date", "a person cleared the date that makegood wrote; it stays empty", "person_decided"),
        ("comment", "the outcome of the comment sent at 2026-03-02 09:00 UTC is unknown; …", "outcome_unknown"),
        ("comment", "update: Client lead\nNorth put it off until 2026-03-04 09:00", "put_off"),
        ("comment", "2 comments ask for the same person today already; it waits …", "daily_measure"),
        ("comment", 'the source is in mode "labels"; set mode = "full" to let it comment', "mode"),
        ("comment", "one comment at a time: it follows in the next pass", "next_pass"),
        ("label esc:team", "clients may read this source; state readers = …", "readers"),
        (
            "message to the client",
            "billing is careful: a second pair of eyes approves it by …",
            "second_pair_of_eyes",
        ),
        ("message to the client", "“as soon as possible” promises nothing", "tone"),
        ("everything", "it is not in the reviewed plan; the next pass looks at it", "not_in_plan"),
        ("comment", "Client A said: quiet hours of mine", OTHER),
    ],
)
def test_a_reason_is_told_by_its_class_alone(what: str, why: str, expected: str) -> None:
    assert reason(Skipped("T-1", what, why)) == expected
    assert expected in REASONS


def test_no_figure_holds_a_word_of_a_client_or_a_ticket(firm: Agency) -> None:
    board = firm.board()
    secret = ["Ruritania", "portal-is-down", "SECRET-77", "Consultant Seven"]
    board.create(secret[1], text=secret[1], key=secret[2], client=secret[0], **high())
    metrics = watching(firm)
    board.put("10001", "esc:high")
    for _ in range(3):
        board.say("10001", " ".join(secret), CLIENT)
        passed(metrics, firm, hours=2)
    metrics.requested("jira.example", "FETCH secret", 99, 0.1)
    text = metrics.text().decode()
    assert [word for word in (*secret, "Client", "FETCH") if word in text] == []
    assert figures(metrics)["requests_total", "jira.example", "other", "none"] == 1


# --- promises ---------------------------------------------------------------------------------------------------


def test_each_promise_is_counted_once_as_kept_or_as_broken(firm: Agency) -> None:
    board = firm.board()
    ticket = board.create(assignee=STAFF, **high())
    metrics = watching(firm)
    passed(metrics, firm, minutes=1)
    assert counted(metrics, "promises_kept_total") == {}, "what was before the first pass is no news"
    board.say(ticket, "/called")
    passed(metrics, firm, minutes=30)
    assert counted(metrics, "promises_kept_total") == {("first_response", "desk"): 1}
    firm.wait(hours=3)
    board.say(ticket, "/called")
    passed(metrics, firm, minutes=5)
    passed(metrics, firm, minutes=5)
    kept = {("first_response", "desk"): 1, ("update", "desk"): 1}
    assert counted(metrics, "promises_kept_total") == kept
    assert counted(metrics, "promises_broken_total") == {}
    assert counted(metrics, "tickets_due") == {("desk",): 1}
    for _ in range(4):
        passed(metrics, firm, hours=2)
    assert counted(metrics, "promises_broken_total") == {("update", "desk"): 1}
    assert counted(metrics, "tickets_broken") == {("desk",): 1}
    board.say(ticket, "/called")
    passed(metrics, firm, minutes=5)
    assert counted(metrics, "promises_kept_total") == kept, "it came too late"
    assert counted(metrics, "promises_broken_total") == {("update", "desk"): 1}
    assert counted(metrics, "tickets_broken") == {}


def test_what_came_while_nobody_looked_is_judged_by_when_it_came(firm: Agency) -> None:
    board = firm.board()
    first, second = (board.create(assignee=STAFF, **high()) for _ in range(2))
    metrics = watching(firm)
    board.say(first, "/called")
    board.say(second, "/called")
    passed(metrics, firm, minutes=1)
    firm.wait(hours=3)
    board.say(first, "/called")
    firm.wait(hours=3)
    board.say(second, "/called")
    passed(metrics, firm, minutes=1)
    assert counted(metrics, "promises_kept_total") == {("update", "desk"): 1}
    assert counted(metrics, "promises_broken_total") == {("update", "desk"): 1}


# --- the state --------------------------------------------------------------------------------------------------


def test_the_state_tells_of_tickets_doubts_and_what_waits(firm: Agency) -> None:
    board = firm.board()
    lost, _, done = (board.create(**high()) for _ in range(3))
    metrics = watching(firm)
    assert figures(metrics)["last_good_pass_timestamp_seconds", "desk"] == 0
    passed(metrics, firm, minutes=1)
    board.change(done, status=Status.CLOSED)
    board.script("comment", Lost("never"))
    passed(metrics, firm, minutes=50)
    begun = firm.now
    told = figures(metrics)
    assert told["last_good_pass_timestamp_seconds", "desk"] == begun.timestamp()
    assert sum(counted(metrics, "tickets_live").values()) == 2
    assert counted(metrics, "open_writes") == {("desk",): 1}
    assert told["state_bytes",] > 10_000
    firm.wait(hours=3)
    waits = figures(metrics)["oldest_undone_timestamp_seconds", "desk"]
    assert datetime.fromtimestamp(waits, begun.tzinfo) == begun, f"{lost} is in doubt since then"


def test_a_source_that_is_gone_leaves_no_figure_but_its_open_writes(firm: Agency) -> None:
    first, second = firm.board("first"), firm.board("second")
    first.create(**high())
    second.create(**high())
    metrics = watching(firm)
    metrics.scheduled("second", firm.now)
    passed(metrics, firm, minutes=1)
    second.script("comment", Lost("never"))
    passed(metrics, firm, minutes=90)
    left = settings(firm)
    left = left.model_copy(update={"source": left.source[:1]})
    metrics.configured(left, firm.by)
    metrics.scheduled("second", firm.now)
    passed(metrics, firm, minutes=1)
    assert {labels for labels in figures(metrics) if "second" in labels} == set()
    assert figures(metrics)["passes_total", "good", "first"] == 3
    assert counted(metrics, "open_writes") == {("",): 1}


def test_an_edit_that_is_refused_shows_and_one_that_is_taken_up_is_dated(firm: Agency) -> None:
    firm.board()
    metrics = watching(firm)
    taken = firm.now.timestamp()
    firm.wait(hours=1)
    metrics.misconfigured()
    told = figures(metrics)
    assert told["config_last_reload_successful",] == 0
    assert told["config_last_reload_success_timestamp_seconds",] == taken
    metrics.configured(settings(firm), firm.by)
    told = figures(metrics)
    assert told["config_last_reload_successful",] == 1
    assert told["config_last_reload_success_timestamp_seconds",] == firm.now.timestamp()
    assert (told["interval_seconds", "desk"], told["ready_after_seconds", "desk"]) == (300, 1800)


def test_requests_are_counted_by_host_method_and_status_and_a_budget_may_end(firm: Agency) -> None:
    metrics = watching(firm)
    for status in (200, 200, 429, 0):
        metrics.requested("app.asana.com", "GET", status, 0.2)
    metrics.budget("app.asana.com", 12)
    told = figures(metrics)
    assert told["requests_total", "app.asana.com", "GET", "200"] == 2
    assert told["requests_total", "app.asana.com", "GET", "none"] == 1
    assert told["request_duration_seconds_count", "app.asana.com"] == 4
    assert told["budget_left_requests", "app.asana.com"] == 12
    metrics.budget("app.asana.com", None)
    assert counted(metrics, "budget_left_requests") == {}


def test_a_scrape_asks_the_state_a_few_questions_and_each_by_an_index(firm: Agency) -> None:
    for number in range(20):
        firm.board(f"desk{number}").create(**high())
    metrics = watching(firm)
    passed(metrics, firm, minutes=30)
    asked: list[str] = []
    firm.store._database.set_trace_callback(asked.append)  # noqa: SLF001 - what is asked is the point
    metrics.text()
    firm.store._database.set_trace_callback(None)  # noqa: SLF001 - likewise
    assert len(asked) == 2 + 2 * 20
    plans = {row[3] for each in asked for row in firm.store._database.execute(f"EXPLAIN QUERY PLAN {each}")}  # noqa: SLF001 - likewise
    assert {plan for plan in plans if plan.startswith("SCAN tickets") and "INDEX" not in plan} == set()
    assert {plan for plan in plans if plan.startswith("SCAN journal") and "INDEX" not in plan} == set()


# --- the textfile -----------------------------------------------------------------------------------------------


def test_a_single_run_leaves_its_figures_in_a_file_that_others_may_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, monkeypatch)
    office.write("config.toml", '[metrics]\ntextfile = "figures/makegood.prom"\n')
    office.source()
    office.issues(LATE)
    assert office.run("--dry-run").status == 0
    assert not (tmp_path / "figures").exists()
    ran = office.run("--output", "json")
    assert ran.status == 0, "the run is as good as ever"
    assert json.loads(ran.out)["run"]
    assert "figures/makegood.prom cannot be written (No such file or directory); make its folder" in ran.err
    (tmp_path / "figures").mkdir()
    ran = office.run()
    assert (ran.status, ran.err) == (0, "")
    file = tmp_path / "figures" / "makegood.prom"
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    told = figures(file.read_bytes())
    assert told["passes_total", "good", "issues"] == 1
    assert {name for name, *_ in told if name.startswith("process")} == set(), "of a process that has ended"
    assert [each.name for each in file.parent.iterdir()] == ["makegood.prom"]
    office.run("plan", "-o", "plan.json")
    file.unlink()
    assert office.run("apply", "plan.json").status == 0
    assert file.exists()


def test_a_file_that_cannot_be_written_is_told_with_the_remedy(firm: Agency, tmp_path: Path) -> None:
    firm.board()
    with pytest.raises(UnwrittenError, match="give it to the user makegood runs as"):
        watching(firm).write(tmp_path / "absent" / "makegood.prom")
