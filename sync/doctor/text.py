"""What `doctor` found, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any, get_args

from sync.doctor.finding import Finding, Level
from sync.legible import inert

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

Told = Sequence[tuple[str, Finding]]
"""Each finding with the part of the screen that it stands in."""

MARKS: dict[Level, tuple[str, str]] = {
    "ok": ("✓", "green"),
    "unknown": ("?", "dim"),
    "warning": ("!", "bold yellow"),
    "error": ("✗", "bold red"),
}
WIDEST = 24
"""Letters of what a finding is about before it takes a second line."""
LONGEST = 600
"""Letters of one finding that a person is shown."""
_SUMMED: dict[Level, str] = {"error": "broken", "warning": "to look at", "unknown": "unknown", "ok": "good"}


def status_of(told: Told) -> int:
    """What the program ends with: 0, or the gravest error's own."""
    return max((each.status for _, each in told), default=0)


def as_json(told: Told) -> dict[str, Any]:
    """Everything, minor findings too."""
    names = ("about", "level", "what", "remedy")
    findings = [{"part": part, **{name: asdict(each)[name] for name in names}} for part, each in told]
    return {"schema": 1, "status": status_of(told), "counts": _counts(told), "findings": findings}


def shown(told: Told, *, verbosity: int) -> Told:
    """What a person is shown: minor findings only if more was asked for, and below 0 only what is not good."""
    wanted = {"warning", "error"} if verbosity < 0 else set(get_args(Level))
    return [(part, each) for part, each in told if each.level in wanted and (verbosity > 0 or not each.minor)]


def lines(told: Told) -> Iterator[str]:
    """One line for each finding, in words alone."""
    for _, each in told:
        remedy = f"; remedy: {each.remedy}" if each.remedy else ""
        yield " ".join(f"{each.level}: {each.about}: {each.what}{remedy}".split())


def show(told: Told, console: Console) -> None:
    """A screen of marks, a part below the other, with each remedy below what it mends."""
    from rich.padding import Padding  # noqa: PLC0415 - only when something is shown
    from rich.table import Table  # noqa: PLC0415 - likewise
    from rich.text import Text  # noqa: PLC0415 - likewise

    width = min(max((len(each.about) for _, each in told), default=0), WIDEST)
    for name, group in groupby(told, key=lambda each: each[0]):
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=1)
        grid.add_column(width=width)
        grid.add_column(overflow="fold")
        for _, each in group:
            what = Text(inert(each.what, LONGEST))
            if each.remedy:
                what = Text.assemble(what, "\n", (f"→ {inert(each.remedy, LONGEST)}", "cyan"))
            grid.add_row(Text(*MARKS[each.level]), Text(each.about, "dim" if each.minor else ""), what)
        console.print(Text(name, "bold"))
        console.print(Padding(grid, (0, 0, 1, 2)), highlight=False)


def summary(told: Told) -> str:
    """How much of it is how."""
    counts = _counts(told)
    return ", ".join(f"{counts[level]} {words}" for level, words in _SUMMED.items() if counts[level])


def _counts(told: Told) -> dict[str, int]:
    """How many findings of each level there are, minor ones left out."""
    return {level: sum(each.level == level and not each.minor for _, each in told) for level in get_args(Level)}
