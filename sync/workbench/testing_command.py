"""`makegood test`: the tests beside the mapping, run through the daemon's own passes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sync.errors import ConfigurationError
from sync.mapping.scenario_files import load_tests
from sync.progress import progress_bar
from sync.settings import load_settings
from sync.terminal import console, say_json
from sync.workbench.exercised import TABLES
from sync.workbench.testing import run
from sync.workbench.testing_text import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.call import Call
    from sync.workbench.expected import Value
    from sync.workbench.testing import Report, Result


def test(  # noqa: PLR0913 - the command's options
    call: Call,
    *,
    mapping: Path | None,
    files: Sequence[Path],
    named: str,
    update: bool,
    coverage: bool,
) -> int:
    """Run the tests and tell what came of them; 1 if one fails."""
    tests = load_tests(mapping or _mappings(call), files)
    with progress_bar(quiet=call.quiet) as tell:
        report = run(tests, named, update=update, tell=lambda count: tell("tests", "", count))
    if not report.results:
        raise ConfigurationError(
            f"no test has {named!r} in its name" if named else "there is no test in the files"
        )
    if call.output == "json":
        say_json(as_json(report))
    else:
        show(report, console(), quiet=call.quiet, coverage=coverage, verbose=call.verbose > 0)
    return int(bool(report.failed))


def as_json(report: Report) -> dict[str, Any]:
    """The report as `docs/json.md` says."""
    tables = {table: [unit for unit in report.units if unit.table == table] for table in TABLES}
    return {
        "schema": 1,
        "tests": [_result(result) for result in report.results],
        "failed": len(report.failed),
        "coverage": {
            "share": round(report.share, 4),
            "tables": [
                {"table": table, "all": len(there), "untried": report.untried(table)}
                for table, there in tables.items()
                if there
            ],
        },
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "name": result.name,
        "file": result.file,
        "line": result.line,
        "passed": not result.failures,
        "updated": result.amended,
        "failures": [
            {
                "line": failure.line,
                "at": failure.at.isoformat() if failure.at else None,
                "differences": [
                    {"key": each.key, "expected": _plain(each.expected), "got": _plain(each.got), "why": each.why}
                    for each in failure.differences
                ],
            }
            for failure in result.failures
        ],
    }


def _plain(value: Value) -> object:
    return value if isinstance(value, str | bool | list) or value is None else value.isoformat()


def _mappings(call: Call) -> Path:
    """The folder of mapping files: the config's, or without a config the one in the current folder."""
    try:
        found = call.config_file()
    except ConfigurationError:
        if not (here := Path("mappings")).is_dir():
            raise
        return here
    return load_settings(found).mappings
