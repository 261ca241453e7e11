"""Where each key of a TOML text stands: what a parser knows while it reads, and does not tell."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

from sync.mapping import toml

KeyPath = tuple[str | int, ...]
"""Keys and list indexes (from 0) from the root of a document to one of its parts."""

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*+")
_KEY = re.compile(r"""[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'""")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_SCALAR = re.compile(  # not possessive around a lookahead: Python 3.11.2 misreads that
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}'
    r"|'''(?:[^']|'(?!''))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*+"'
    r"|'[^'\n]*+'"
    r"|[^,\]}#\n]++",
    re.DOTALL,
)


class Position(NamedTuple):
    """A place in a text as editors count: lines and columns (in characters) from 1."""

    line: int
    column: int


def positions(text: str) -> dict[KeyPath, Position]:
    r"""Every key, table and list item of a TOML text that `toml.parsed` accepts, with the place where it begins.

    Lines end in `\n` alone. A table stands at the last part of its heading; without a heading of its own, at
    its first mention. An item of a `[[list]]` stands at its heading, other items at their value.
    """
    lines = [0, *(found.end() for found in re.finditer("\n", text))]
    return {
        path: Position(line, offset - lines[line - 1] + 1)
        for path, offset in _Scan(text).offsets().items()
        if (line := bisect_right(lines, offset))
    }


class _Scan:
    """One walk over a valid text. `at` is how far it has come, `found` where each path begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[KeyPath, int] = {}
        self.lengths: dict[KeyPath, int] = {}

    def offsets(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.heading()
            else:
                self.statement(table)
            self.skip(_BLANK)
        return self.found

    def skip(self, pattern: re.Pattern[str]) -> str:
        """Step over what the pattern matches here, and return it; nothing if it does not."""
        match = pattern.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match.group()

    def keys(self) -> list[tuple[str, int]]:
        """The parts of a dotted key, each with its offset."""
        parts = []
        while True:
            offset = self.at
            written = self.skip(_KEY)
            if not written:
                raise ValueError(f"no key at offset {offset}; is this text valid TOML?")
            quoted = written[0] in "\"'"
            parts.append((next(iter(toml.parsed(f"{written} = 0"))) if quoted else written, offset))
            if not self.skip(_DOT):
                return parts

    def heading(self) -> KeyPath:
        """Step over `[table]` or `[[item]]`; the path that it opens."""
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        self.at += brackets
        self.blanks()
        parts = self.keys()
        path: KeyPath = ()
        for part, offset in parts:
            path = (*path, part)
            self.found.setdefault(path, offset)
            if path in self.lengths and (part, offset) != parts[-1]:
                path = (*path, self.lengths[path] - 1)
        offset = parts[-1][1]
        if brackets == 1:
            self.found[path] = offset
        else:
            self.lengths[path] = self.lengths.get(path, 0) + 1
            path = (*path, self.lengths[path] - 1)
            self.found[path] = offset
        self.blanks()
        self.at += brackets
        return path

    def blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1

    def statement(self, table: KeyPath) -> None:
        """Step over `key = value` inside a table."""
        path = table
        for part, offset in self.keys():
            path = (*path, part)
            self.found.setdefault(path, offset)
        self.skip(_EQUALS)
        self.value(path)

    def value(self, path: KeyPath) -> None:
        match self.text[self.at]:
            case "[":
                self.items(path)
            case "{":
                self.entries(path)
            case _:
                self.skip(_SCALAR)

    def items(self, path: KeyPath) -> None:
        index = 0
        while self.next_in("]"):
            self.found[*path, index] = self.at
            self.value((*path, index))
            index += 1

    def entries(self, path: KeyPath) -> None:
        while self.next_in("}"):
            self.statement(path)

    def next_in(self, closing: str) -> bool:
        """Step over an opening bracket or a comma to what comes next; False, and past it, at the closing one."""
        self.skip(_BLANK)
        if self.text[self.at] in "[{,":
            self.at += 1
            self.skip(_BLANK)
        if self.text[self.at] != closing:
            return True
        self.at += 1
        return False
