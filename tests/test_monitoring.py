"""What is shipped for Prometheus and Grafana speaks of figures that exist, and the page on them is true."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from fakes.memory_tracker import STAFF, Lost
from figures import passed, promising, watching
from office import ROOT
from passes import agency, high
from prometheus_client.parser import text_string_to_metric_families

from sync.monitoring.metrics import PASSES
from sync.monitoring.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prometheus_client import Metric

FOLDER = ROOT / "monitoring"
PAGE = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
ALERTS = (FOLDER / "alerts.yml").read_text(encoding="utf-8")
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "grafana-dashboard.json").read_text(encoding="utf-8"))
NAME = re.compile(r"\bmakegood_[a-z_]+\b")


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Metric]:
    """Every figure there is, after a life in which each of them came about."""
    with agency(tmp_path_factory.mktemp("firm"), by=promising()) as firm:
        board = firm.board()
        answered, late = (board.create(assignee=STAFF, **high()) for _ in range(2))
        metrics = watching(firm)
        passed(metrics, firm, minutes=1)
        board.say(answered, "/called")
        board.take_off(late, next(iter(board.tickets[late].labels)))
        board.script("comment", Lost("never"))
        passed(metrics, firm, hours=2)
        metrics.scheduled("desk", firm.now)
        metrics.requested("jira.example", "GET", 200, 0.2)
        metrics.budget("jira.example", 9)
        metrics.audited({("desk", "comment_gone"): 1})
        firm.wait(hours=1)
        told = metrics.text().decode()
    return {family.name: family for family in text_string_to_metric_families(told)}


def samples(families: dict[str, Metric]) -> set[str]:
    return {sample.name for family in families.values() for sample in family.samples}


def rows(families: dict[str, Metric]) -> Iterator[str]:
    """What the page has to say of each figure."""
    for family in families.values():
        if family.name.startswith("makegood_process"):
            continue
        labels = sorted({f"`{label}`" for sample in family.samples for label in sample.labels} - {"`le`"})
        name = family.name + "_total" * (family.type == "counter")
        yield f"| `{name}` | {family.type} | {', '.join(labels)} | {family.documentation} |"


def test_the_page_has_a_row_for_each_figure_and_for_no_other(families: dict[str, Metric]) -> None:
    written = [line for line in PAGE.splitlines() if line.startswith("| `makegood_")]
    assert "\n".join(written) == "\n".join(rows(families))


def test_the_page_names_every_outcome_and_every_reason() -> None:
    named = set(re.findall(r"`([a-z_]+)`", PAGE))
    assert {*PASSES, *REASONS} <= named


def test_every_alert_speaks_of_figures_that_exist(families: dict[str, Metric]) -> None:
    named = set(NAME.findall(ALERTS))
    assert len(named) >= 10
    assert named <= samples(families)


def test_every_alert_is_tried_and_has_a_word_on_what_to_do() -> None:
    alerts = re.findall(r"alert: (\w+)", ALERTS)
    tried = (FOLDER / "alerts_test.yml").read_text(encoding="utf-8")
    assert len(alerts) == len(set(alerts)) >= 10
    assert re.findall(r"runbook: docs/monitoring\.md#(\w+)", ALERTS) == [alert.lower() for alert in alerts]
    assert re.findall(r"^### (\w+)$", PAGE, re.MULTILINE) == alerts
    for alert in alerts:
        assert f"eval_time: 150m, alertname: {alert} }}" in tried or f"m, alertname: {alert} }}" in tried
        assert re.search(rf"alertname: {alert}\n +exp_alerts:\n +- exp_labels", tried), alert


def queries() -> Iterator[str]:
    """Every expression of the dashboard."""
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (each["expr"] for each in DASHBOARD["annotations"]["list"])


def test_every_panel_shows_figures_that_exist_and_says_what_they_are(families: dict[str, Metric]) -> None:
    asked = list(queries())
    variables = [each["definition"] for each in DASHBOARD["templating"]["list"] if each["type"] == "query"]
    named = set(NAME.findall(" ".join([*asked, *variables])))
    assert named <= samples(families)
    assert len(asked) > 20
    shown = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
    assert all(
        panel["description"] and panel["targets"] and panel["datasource"]["uid"] == "${datasource}"
        for panel in shown
    )
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_no_panel_lies_over_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_every_figure_that_is_told_is_shown_or_alarms(families: dict[str, Metric]) -> None:
    used = " ".join([*queries(), ALERTS])
    unused = {name for name in samples(families) if name not in used and not name.startswith("makegood_process")}
    assert {
        re.sub(r"_(bucket|count|sum)$", "", name) for name in unused if not name.endswith(("_count", "_sum"))
    } == {
        "makegood_config_info",
        "makegood_interval_seconds",
        "makegood_next_pass_timestamp_seconds",
    }


# --- promtool ---------------------------------------------------------------------------------------------------


@pytest.fixture
def promtool() -> str:
    """The path of promtool; whoever asks for these tests has it."""
    found = shutil.which("promtool")
    if found is None:
        pytest.fail("promtool is missing; apt install prometheus")
    return found


@pytest.mark.system
def test_promtool_accepts_the_alerts_and_each_rings_when_it_should(promtool: str) -> None:
    for arguments in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        told = subprocess.run([promtool, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.system
def test_promtool_understands_every_query_of_the_dashboard(promtool: str, tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:query{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(queries())
    ]
    file = tmp_path / "dashboard.yml"  # JSON is YAML too
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    told = subprocess.run([promtool, "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"{len(rules)} rules found" in told.stdout


@pytest.mark.system
def test_promtool_finds_no_fault_with_the_figures(promtool: str, tmp_path: Path) -> None:
    with agency(tmp_path) as firm:
        firm.board().create(**high())
        metrics = watching(firm)
        passed(metrics, firm, minutes=1)
        text = metrics.text()
    told = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
    assert (told.returncode, told.stdout, told.stderr) == (0, b"", b"")
