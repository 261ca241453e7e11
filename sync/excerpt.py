"""The line of a file that a fault is about, and which part of it: as it is written, less what may be a secret."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sync.mapping.text import IllegibleError, content
from sync.secrecy import hidden, veiled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sync.errors import Fault

TAB = 4
"""Cells that a tab is shown as *(ours)*."""

_TEXT = r""""(?:[^"\\]|\\.)*"?|'[^']*'?"""
_PART = re.compile(rf"{_TEXT}|\[[^\]]*\]?|\{{[^}}]*\}}?|[^\s,\]}}#=.]+")
_VALUE = re.compile(rf"\s*=\s*({_TEXT}|\[[^\]]*\]?|\{{[^}}]*\}}?|[^,\]}}#]*[^\s,\]}}#])")
_NAMED = re.compile(r"'([^']+)'")
_WORD = re.compile(r"[^\s=,\[\]{}]+")
_ELLIPSIS = "…"
_JOINERS = "\u200c\u200d"


class Span(NamedTuple):
    """A part of a line: from its column (in characters, from 1) up to, and without, another."""

    column: int
    end: int


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A line of a file, and the part of it that a fault is about."""

    line: str
    span: Span

    def within(self, cells: int) -> tuple[str, int, int]:
        """The line as it fits into so many cells of a screen, and where in it the marks stand: their first cell,
        from 0, and their number. A line that is too long is cut on both sides of them.
        """
        signs = [_shown(sign) for sign in self.line]
        first, last = self.span.column - 1, max(self.span.end - 1, self.span.column)
        begin, end = 0, len(signs)
        if _cells(signs) > cells:
            begin, end = _window(signs, first, min(last, len(signs)), cells - 2)
        lead = _ELLIPSIS if begin else ""
        tail = _ELLIPSIS if end < len(signs) else ""
        before = len(lead) + _cells(signs[begin:first])
        marked = _cells(signs[first : min(last, end)])
        return f"{lead}{''.join(signs[begin:end])}{tail}", before, max(marked, 1)


def excerpts(faults: Sequence[Fault]) -> Iterator[Excerpt | None]:
    """For each fault the line that it is about; None where there is none, or where it cannot be read any more."""
    files: dict[str, list[str]] = {}
    for fault in faults:
        if fault.line and fault.file not in files:
            files[fault.file] = _lines(Path(fault.file))
        lines = files.get(fault.file, [])
        yield _excerpt(fault, lines[fault.line - 1]) if 0 < fault.line <= len(lines) else None


def _lines(path: Path) -> list[str]:
    try:
        text = content(path).decode("utf-8-sig", errors="replace")
    except IllegibleError:
        return []
    return [] if "\0" in text else text.replace("\r\n", "\n").split("\n")


def _excerpt(fault: Fault, written: str) -> Excerpt:
    line = veiled(hidden(written.rstrip()), fault.key)
    return Excerpt(line, _span(fault, line))


def _span(fault: Fault, line: str) -> Span:
    """What to mark: the word that the fault names, else the key if that is what is wrong, else its value."""
    at = min(fault.column - 1, len(line))
    problem = fault.what.partition("; did you mean")[0]
    if problem.startswith("not TOML"):
        return _word(line, at)
    part = _PART.match(line, at)
    end = part.end() if part else at + 1
    for name in _NAMED.findall(problem):
        if (found := line.find(name, at)) >= 0:
            quoted = line[found - 1 : found] in {'"', "'"} and line[found + len(name) :][:1] == line[found - 1]
            return Span(found + 1 - quoted, found + len(name) + 1 + quoted)
    if not problem.startswith(("unknown key", "missing")) and (value := _VALUE.match(line, end)):
        return Span(value.start(1) + 1, value.end(1) + 1)
    return Span(at + 1, end + 1)


def _word(line: str, at: int) -> Span:
    """The word around a place, or that one sign."""
    around = next((word for word in _WORD.finditer(line) if word.start() <= at < word.end()), None)
    return Span(around.start() + 1, around.end() + 1) if around else Span(at + 1, at + 2)


def _window(signs: list[str], first: int, last: int, cells: int) -> tuple[int, int]:
    """From where to where a line is shown: the marks, a third of what is left before them, and the rest behind."""
    begin, end = min(first, len(signs)), min(first, len(signs))
    while end < last and _cells(signs[begin : end + 1]) <= cells:
        end += 1
    while begin and _cells(signs[begin - 1 : first]) <= (cells - _cells(signs[first:end])) // 3:
        begin -= 1
    while end < len(signs) and _cells(signs[begin : end + 1]) <= cells:
        end += 1
    while begin and _cells(signs[begin - 1 : end]) <= cells:
        begin -= 1
    return begin, end


def _shown(sign: str) -> str:
    if sign == "\t":
        return " " * TAB
    return sign if sign.isprintable() or sign in _JOINERS else "�"


def _cells(signs: Iterable[str]) -> int:
    """How wide the signs are on a screen."""
    return sum(map(_width, "".join(signs)))


def _width(sign: str) -> int:
    if sign.isascii():
        return 1
    if sign in _JOINERS or unicodedata.category(sign) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(sign) in {"W", "F"} else 1
