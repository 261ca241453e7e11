"""The rooms of the program, in reading order, and what each may bring in."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "sync"

ORDER = """
secrecy errors legible timekeeping promise_names ticket richtext action words

mapping.toml mapping.positions mapping.wording mapping.text mapping.syntax mapping.shape mapping.reader
mapping.patterns
mapping.parts mapping.conditions mapping.tracker_models mapping.taxonomy_models mapping.severity_models
mapping.escalation_models mapping.calendar_models mapping.client_models mapping.practice mapping.tone_models
mapping.people mapping.crm
mapping.client_references mapping.practice_references
worktime
mapping.references mapping.policy mapping.names mapping.scenario_models mapping.scenario_files

judging.conditions judging.contact judging.opting_out judging.memory judging.evidence judging.taxonomy
judging.facts judging.triggers judging.severity judging.clocks judging.asking judging.promises
judging.duties judging.scope judging.routine judging.attention judging.messages judging.history judging.signs
judging.judgement judging.doubts judging.standing
ledger saying.markdown saying.render saying.spoken saying.sample saying.comments plan saying.template_check
saying.tone saying.courtesy

trackers.landscape
trackers.base trackers.sources trackers.tls trackers.limits trackers.pace trackers.translate trackers.past
trackers.jira_fields trackers.jira_markup trackers.jira_records trackers.jira_http
trackers.jira_api trackers.jira_cloud trackers.jira_dc trackers.jira_poll trackers.jira_search
trackers.jira_site trackers.jira_write trackers.jira_follow trackers.jira_check trackers.jira
trackers.jira_survey
trackers.asana_http trackers.asana_fields trackers.asana_labels trackers.asana_history trackers.asana_markup
trackers.asana_records trackers.asana_pages trackers.asana_follow_ups trackers.asana_cursor trackers.asana_check
trackers.asana trackers.asana_survey
trackers.workbook_disk trackers.workbook_table trackers.workbook_labels trackers.workbook_rows
trackers.workbook_csv trackers.workbook_sidecar trackers.workbook_parts trackers.workbook_sheets
trackers.workbook_xlsx trackers.workbook_writes trackers.workbook trackers.workbook_survey
trackers.export_table trackers.export_dates trackers.export_jira trackers.export_asana trackers.export
trackers.export_survey
state.records state.kept state.migrations state.statefile replacing state.backup state.archive state.store
state.compaction state.forgetting state.verify
notify_models notify notices settings call exposure advice schema soundness workbench.reference

apply suggest observe survey recover side_by_side tables worklist registers remember cycle startup workbench.replay
auditing.kinds auditing.drift auditing.comparison auditing.reading
monitoring.reasons monitoring.kept_promises monitoring.health monitoring.heartbeat monitoring.metrics
report service.pass_log reviewed undo explaining.decisions workbench.overrides workbench.difference
workbench.backtest workbench.backtest_figures workbench.backtest_json workbench.backtest_text
explaining.fields explaining.severity explaining.clocks explaining.timeline explaining.explain
explaining.text_clocks explaining.text
progress service.journald logs screen terminal monitoring.single_run excerpt fault_text
service.reload workbench.exercised workbench.rehearsal workbench.expected workbench.testing workbench.testing_text
workbench.testing_command
doctor.finding doctor.credentials doctor.machine doctor.files doctor.state doctor.service doctor.network
doctor.checks doctor.text doctor.command
commands.passes service.service_manager service.schedule service.lane monitoring.vitals
service.chores daemon commands.check commands.plans
commands.undo commands.status commands.state commands.forget commands.listings auditing.command
workbench.shipped workbench.export_command
workbench.guess_words workbench.guess workbench.redraft workbench.first_clients
workbench.first_files workbench.first_questions workbench.init_source workbench.init_text workbench.init_command
workbench.difference_command workbench.overrides_command workbench.backtest_command workbench.schema_command
cli_options cli_listing cli_state cli_workbench cli
""".split()  # noqa: SIM905 - a list to be read, not a column of quotes
"""Every module, from the words to the faces: each imports only from those before it."""

HOMES = {
    "jira": "trackers.jira",
    "asana": "trackers.asana",
    "openpyxl": "trackers.workbook tables",
    "sqlite3": "state doctor.machine",
    "jinja2": "saying.render saying.template_check",
    "babel": "saying.spoken",
    "holidays": "worktime",
    "click": "cli terminal",
    "prometheus_client": "monitoring.metrics",
    "structlog": "logs daemon commands.passes",
}
"""The modules (and those whose names begin so) that alone may import a part that others need not know."""


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its name below `sync`; packages themselves hold a docstring at most."""
    files = (file for file in PACKAGE.rglob("*.py") if file.name != "__init__.py")
    return {".".join(file.relative_to(PACKAGE).with_suffix("").parts): file for file in files}


def imported(file: Path) -> set[str]:
    """Every module that a file imports anywhere: also for type checking only, and inside of functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=str(module), names=names, level=0):
                inner = {f"{module}.{alias.name}" for alias in names}
                known = {name for name in inner if name.removeprefix("sync.") in modules()}
                found |= known if len(known) == len(inner) else known | {module}
            case ast.ImportFrom():
                found.add("an import relative to the package")
    return found


def against_the_order() -> set[tuple[str, str]]:
    """Imports of a module by one that comes before it."""
    place = {name: number for number, name in enumerate(ORDER)}
    return {
        (name, other)
        for name, file in modules().items()
        for other in (each.removeprefix("sync.") for each in imported(file))
        if {name, other} <= place.keys() and place[other] >= place[name]
    }


def told_by(program: str) -> str:
    """What a fresh interpreter prints."""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=PACKAGE.parent
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_every_module_has_its_place() -> None:
    assert sorted(ORDER) == sorted(modules())


def test_a_module_imports_only_modules_above_it() -> None:
    assert against_the_order() == set()


def test_no_import_is_relative() -> None:
    relative = [name for name, file in modules().items() if "an import relative to the package" in imported(file)]
    assert relative == []


@pytest.mark.parametrize("part", HOMES)
def test_a_part_is_known_only_in_its_own_room(part: str) -> None:
    homes = tuple(HOMES[part].split())
    users = {name for name, file in modules().items() if part in {each.split(".")[0] for each in imported(file)}}
    assert users, f"nobody imports {part}"
    assert {name for name in users if not name.startswith(homes)} == set()


def test_the_command_line_answers_before_the_rest_of_the_program_is_loaded() -> None:
    slow = {"jira", "asana", "pydantic", "rich", "jinja2", "babel", "openpyxl", "sqlite3", "holidays", "structlog"}
    assert told_by(f"import sys, sync.cli; print(*sorted({slow} & set(sys.modules)))") == ""


# Prints what a module of ours opens while it is imported. Only pydantic may: it looks for its plugins, and reads
# the models' own source, whose docstrings become the descriptions in the schemas.
AUDIT = """
import importlib, pathlib, sys

package, names = sys.argv[1], sys.argv[2:]
watched = {"open", "os.listdir", "os.scandir", "sqlite3.connect", "socket.connect", "subprocess.Popen"}

def watch(event, arguments):
    if event not in watched:
        return
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith("<frozen importlib") or "/pydantic/" in file:
            return
        if frame.f_code.co_name == "<module>" and file.startswith(package):
            print(pathlib.Path(file).relative_to(package), event, arguments[0])
        frame = frame.f_back

sys.addaudithook(watch)
for name in names:
    importlib.import_module("sync." + name)
"""


def test_nothing_is_opened_at_import() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", AUDIT, str(PACKAGE), *ORDER], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
