"""What came of the tests of a mapping, as people read it on a terminal."""

from __future__ import annotations

from datetime import date
from difflib import ndiff
from typing import TYPE_CHECKING

from sync.workbench.exercised import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from sync.workbench.expected import Difference, Value
    from sync.workbench.testing import Failure, Report, Result

_SHOWN = 8
"""Names listed of a table that no test has tried, unless all are asked for."""
_COLUMN = 10
_WHOLE = frozenset({"labels", "comments", "signs"})
_SIGNS = {"-": "red", "+": "green", " ": ""}
"""How the lines of a difference begin, and their colours."""


def show(report: Report, console: Console, *, quiet: bool, coverage: bool, verbose: bool) -> None:
    """Each test that fails with its differences, then the totals; with `coverage` what no test has tried."""
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    if verbose:
        for result in report.results:
            if not result.failures:
                console.print(Text.assemble(("passed ", "green"), result.name), soft_wrap=True)
    for result in () if quiet else report.results:
        if result.failures:
            _show_failed(result, console)
    if coverage:
        _show_coverage(report, console, whole=verbose)
    console.print(_totals(report), soft_wrap=True)


def _totals(report: Report) -> str:
    ran, failed = len(report.results), len(report.failed)
    updated = sum(result.amended for result in report.results)
    told = [f"{ran} test{'' if ran == 1 else 's'}"]
    told.append(f"{failed} failed" if failed else "all passed" if not updated else "the others passed")
    if updated:
        told.append(f"{updated} written anew: look at the difference before you keep it")
    tried = sum(unit in report.tried for unit in report.units)
    told.append(f"{report.share:.1%} of the rules tried ({tried} of {len(report.units)})".replace("%", " %"))
    return f"{', '.join(told)}, {report.seconds:.1f} s"


def _show_failed(result: Result, console: Console) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    word, style = ("updated", "yellow") if result.amended else ("failed", "bold red")
    console.print(Text.assemble((f"{word} ", style), (result.name, "bold")), soft_wrap=True)
    for failure in result.failures:
        console.print(Text(f"  {_place(result, failure)}", "dim"), soft_wrap=True)
        for each in failure.differences:
            _show_difference(each, console)
        for key, value in failure.told.items():
            _show_lines(key, [("", "", each) for each in _listed(value) or ["nothing"]], console)
        for why in dict.fromkeys(each.why for each in failure.differences if each.why):
            console.print(Text(f"    because {why}", "italic"), soft_wrap=True)
        if failure.told and not result.amended:
            console.print(Text("    nothing is expected here yet; --update writes what came", "italic"))
    console.print()


def _show_difference(difference: Difference, console: Console) -> None:
    """One key: of two whole lists what is missing (-) and what is there instead (+), else both values."""
    expected, got = _listed(difference.expected), _listed(difference.got)
    if difference.key == "says":
        lines = [("- ", "red", words) for words in expected if not any(words in text for text in got)]
        lines += [("  ", "", line) for line in _texts(got)]
    elif difference.key in _WHOLE:
        lines = [(sign, _SIGNS[sign], line[2:]) for line in ndiff(expected, got) if (sign := line[0]) in _SIGNS]
    else:
        lines = [("expected ", "red", ", ".join(expected) or "nothing")]
        lines += [("got      ", "green", ", ".join(got) or "nothing")]
    _show_lines(difference.key, lines, console)


def _show_lines(key: str, lines: Sequence[tuple[str, str, str]], console: Console) -> None:
    """Lines behind a key, each as its sign, its colour and what it says."""
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    for number, (sign, style, line) in enumerate(lines):
        head = f"    {key if not number else '':{_COLUMN}}"
        console.print(
            Text.assemble((head, ""), (f"{sign} " if len(sign) == 1 else sign, style), (line, style)),
            soft_wrap=True,
        )


def _texts(got: Sequence[str]) -> list[str]:
    """Every line of what was said, with a bar between two comments."""
    whole = "\n―\n".join(dict.fromkeys(got))
    return [line for line in whole.splitlines() if line] or ["nothing was said"]


def _place(result: Result, failure: Failure) -> str:
    moment = f"{failure.at:%a %Y-%m-%d %H:%M %Z}, " if failure.at else ""
    return f"{moment}{result.file}:{failure.line}"


def _listed(value: Value) -> list[str]:
    match value:
        case list():
            return value
        case None | True:
            return []
        case date():
            return [value.isoformat()]
    return [str(value)]


def _show_coverage(report: Report, console: Console, *, whole: bool) -> None:
    from rich.table import Table  # noqa: PLC0415 - only when something is shown
    from rich.text import Text  # noqa: PLC0415 - likewise

    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim", pad_edge=False)
    table.add_column("rules of")
    table.add_column("tried", justify="right")
    table.add_column("never tried", overflow="fold")
    for name in TABLES:
        there = sum(unit.table == name for unit in report.units)
        if not there:
            continue
        left = report.untried(name)
        listed = left if whole else left[:_SHOWN]
        more = f"\nand {len(left) - len(listed)} more: -v" if len(listed) < len(left) else ""
        style = "" if left else "dim"
        table.add_row(
            Text(name, style), Text(f"{there - len(left)}/{there}", style), Text("\n".join(listed) + more)
        )
    console.print(table)
    console.print()
