"""Faults of the configuration as they are shown: to people at their line, to programs, and to a workflow."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from dataclasses import asdict
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from sync.excerpt import excerpts
from sync.legible import counted
from sync.terminal import console, say, say_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sync.errors import ConfigurationError, Fault
    from sync.excerpt import Excerpt

    Piece = tuple[str, str]
    """Text, and the style that it has on a terminal."""
    Line = tuple[Piece, ...]

DOCS = "docs/reference"
"""Where the pages of the reference are: a page for each kind of file, on it a heading for each of its tables."""

PAGES = frozenset(
    {
        *("config", "taxonomy", "severity", "escalation", "calendars", "clients", "jira", "asana", "workbook"),
        *("promises", "attention", "scope", "signs", "tone", "names", "tests"),
    }
)
"""The pages of the reference, each called as the file that it is about."""

_WIDEST = 110
"""Columns that a fault takes at most, however wide the terminal is *(ours)*."""
_REVERSED = re.compile(r"(?P<remedy>write .+); (?P<problem>this is .+)")
_CHOICE = re.compile(r"w(?P<choices>rite .+), not (?P<word>'.+?')(?:; (?P<meant>did you mean .+))?")


def show(error: ConfigurationError, output: str) -> None:
    """The refused configuration as `output` wants it: text, short, json or github."""
    match output:
        case "json":
            say_json({"schema": 1, "faults": list(as_json(error.faults)), "what": str(error)})
        case "github":
            say("\n".join(workflow(error.faults)) or annotation("error", str(error)))
        case "text" if error.faults:
            in_full(error.faults)
        case _:
            say(str(error), err=True)


def refuse(program_name: str, error: ConfigurationError) -> None:
    """Why a command did not run: in full on a terminal, else a line for each fault, as a log wants it."""
    if error.faults and sys.stderr.isatty():
        in_full(error.faults)
    else:
        say(f"{program_name}: {error}", err=True)


def in_full(faults: Sequence[Fault]) -> None:
    """Every fault with its line, on standard error; in colours on a terminal."""
    width = min(shutil.get_terminal_size((_WIDEST, 0)).columns - 1, _WIDEST)
    lines = list(shown(faults, width))
    if not sys.stderr.isatty():
        say("\n".join("".join(text for text, _ in line) for line in lines), err=True)
        return
    from rich.text import Text  # noqa: PLC0415 - only on a terminal

    screen = console(err=True)
    for line in lines:
        screen.print(Text.assemble(*line), soft_wrap=True)


def shown(faults: Sequence[Fault], width: int) -> Iterator[Line]:
    """Every fault in full, in lines of at most that width, and how many there are."""
    for fault, excerpt in zip(faults, excerpts(faults), strict=True):
        yield from _fault(fault, excerpt, width)
        yield ()
    files = len({fault.file for fault in faults})
    yield ((f"{counted(len(faults), 'fault')} in {counted(files, 'file')}", "bold"),)


def _fault(fault: Fault, excerpt: Excerpt | None, width: int) -> Iterator[Line]:
    problem, remedy = told_apart(fault.what)
    head = f"{fault.key}: {problem}" if fault.key else problem
    first, *more = _wrapped(head, width - len("error: "))
    yield ("error", "bold red"), (f": {first}", "bold")
    for text in more:
        yield ((f"{' ' * len('error: ')}{text}", "bold"),)
    margin = " " * (len(str(fault.line)) if excerpt else 1)
    place = f"{fault.file}:{fault.line}:{fault.column}" if fault.line else fault.file
    yield (margin, ""), ("--> ", "bold blue"), (place, "")
    bar: Piece = (f"{margin} |", "bold blue")
    if excerpt:
        room = width - len(margin) - 3
        text, before, marks = excerpt.within(room)
        yield (bar,)
        yield (f"{fault.line} |", "bold blue"), (f" {text}", "")
        beside = len(remedy) <= room - before - marks - 1
        label = f" {remedy}" if remedy and beside else ""
        yield bar, (f" {' ' * before}", ""), ("^" * marks + label, "bold red")
        remedy = "" if beside else remedy
    for name, text in (("help", remedy), ("docs", page(fault))):
        for index, line in enumerate(_wrapped(text, width - len(f"{margin} = {name}: "))):
            lead = (("= ", "bold blue"), (f"{name}: ", "bold")) if not index else ((" " * len(f"= {name}: "), ""),)
            yield (f"{margin} ", ""), *lead, (line, "")


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, 20), break_long_words=False, break_on_hyphens=False)


def told_apart(what: str) -> tuple[str, str]:
    """What is wrong, and what to do about it; the second is empty where one sentence says both."""
    if told := _REVERSED.fullmatch(what):
        return told["problem"], told["remedy"]
    if told := _CHOICE.fullmatch(what):
        remedy = f"{told['meant']} W{told['choices']}" if told["meant"] else f"w{told['choices']}"
        return f"{told['word']} cannot stand here", remedy
    if what.startswith("not TOML: "):
        return "this is not TOML", what.removeprefix("not TOML: ")
    problem, _, remedy = what.partition("; ")
    return problem, remedy


def page(fault: Fault) -> str:
    """The page of the docs on the fault's table; empty for a file that no page is about."""
    path = PurePath(fault.file)
    for name in (path.parent.name, path.parent.parent.name, re.split(r"\W", path.name, maxsplit=1)[0]):
        if name in PAGES:
            unknown = fault.what.startswith("unknown key") and "." not in fault.key
            table = None if unknown else re.match(r"[\w-]+", fault.key)
            return f"{DOCS}/{name}.md" + (f"#{table[0]}" if table else "")
    return f"{DOCS}/config.md" if fault.file == "environment" else ""


def as_json(faults: Sequence[Fault]) -> Iterator[dict[str, Any]]:
    """Each fault as JSON: what it holds, the column behind its part of the line (null if unknown), its page."""
    for fault, excerpt in zip(faults, excerpts(faults), strict=True):
        yield asdict(fault) | {"end_column": excerpt.span.end if excerpt else None, "docs": page(fault)}


def workflow(faults: Sequence[Fault]) -> Iterator[str]:
    """Each fault as an annotation of a workflow on GitHub."""
    for fault, excerpt in zip(faults, excerpts(faults), strict=True):
        place: dict[str, object] = {} if fault.file == "environment" else {"file": fault.file}
        if fault.line:
            place |= {"line": fault.line, "endLine": fault.line, "col": fault.column}
        if excerpt:
            place["endColumn"] = excerpt.span.end
        what = f"{fault.key}: {fault.what}" if fault.key else fault.what
        yield annotation("error", "\n".join(filter(None, (what, page(fault)))), **place)


def annotation(level: str, message: str, **place: object) -> str:
    """A workflow command of GitHub's: `level` is error, warning or notice."""
    told = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in place.items())
    return f"::{level}{' ' * bool(told)}{told}::{_escaped(message)}"


def _escaped(text: str, also: str = "") -> str:
    for sign in f"%\r\n{also}":
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text
