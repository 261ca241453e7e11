"""A mapping file written anew key by key, in which everything else stays as it was, comments among it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from sync.legible import inert, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_HEADER = re.compile(r"\[+\s*([^\]]+?)\s*\]+")
IDEOGRAPHIC_SPACE = "\u3000"
_MARGIN = 38
"""The column at which the remark on a line begins, where the line leaves room."""


def toml_text(value: str) -> str:
    """A text of any tracker as TOML; all signs that a file or a screen could trip over are escaped."""
    quoted = json.dumps(whole(value), ensure_ascii=False)
    return "".join(
        sign if sign.isprintable() or sign == IDEOGRAPHIC_SPACE else f"\\U{ord(sign):08x}" for sign in quoted
    )


def toml_key(value: str) -> str:
    """A key of TOML, bare where it can be."""
    return value if re.fullmatch(r"[A-Za-z0-9_-]+", value) else toml_text(value)


def remarked(code: str, remark: str, indent: int = 0) -> str:
    """A line of TOML with a remark at its end, on the margin."""
    return f"{' ' * indent + code:<{_MARGIN}} # {inert(remark, 200)}" if remark else " " * indent + code


class Redraft:
    """The lines of one file. A section is named as in its header, the beginning of the file by ""."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()

    @property
    def text(self) -> str:
        """The file as it is by now."""
        return "\n".join(self._lines) + "\n"

    def put(self, section: str, key: str, value: str, remark: str) -> None:
        """Give a key this value, written as TOML; one that stands there commented out comes to life."""
        line = remarked(f"{toml_key(key)} = {value}", remark)
        self._replace(section, key, [line])

    def put_list(self, section: str, key: str, entries: Iterable[tuple[str, str]]) -> None:
        """Give a key a list of texts, each on a line of its own with its remark."""
        self._replace(section, key, listing(key, entries))

    def silence(self, section: str, key: str, remark: str = "") -> None:
        """Comment a key out, if it is not yet; its own remark stays unless another one is given."""
        start, end = self._place(section, key)
        if start < end and not self._lines[start].startswith("#"):
            code = self._lines[start]
            line = remarked(f"# {_bare(code)}", remark) if remark else f"# {code}"
            self._lines[start:end] = [line]

    def fill(self, section: str, lines: Sequence[str]) -> None:
        """Let a section hold these lines and nothing else."""
        start, end = self._bounds(section)
        self._lines[start:end] = lines

    def append(self, section: str, lines: Sequence[str]) -> None:
        """Put lines at the end of a section."""
        _, end = self._bounds(section)
        self._lines[end:end] = lines

    def sections(self, beginning: str) -> list[str]:
        """The names of the sections that begin so."""
        return [name for name in self._headers().values() if name.startswith(beginning)]

    def value(self, section: str, key: str) -> str:
        """What stands behind a key, commented out or not; empty if it is not there."""
        start, end = self._place(section, key)
        return self._lines[start].partition("=")[2].strip() if start < end else ""

    def _replace(self, section: str, key: str, lines: Sequence[str]) -> None:
        start, end = self._place(section, key)
        self._lines[start:end] = lines

    def _place(self, section: str, key: str) -> tuple[int, int]:
        """Where a key stands with all lines of its value, or an empty place at the end of the section."""
        start, end = self._bounds(section)
        for at in range(start, end):
            line = self._lines[at]
            if re.match(rf"(# ?)?{re.escape(key)}\s*=", line):
                last = at
                while not line.startswith("#") and _opened(self._lines[at : last + 1]):
                    last += 1
                return at, last + 1
        return end, end

    def _headers(self) -> dict[int, str]:
        return {at: found[1] for at, line in enumerate(self._lines) if (found := _HEADER.match(line))}

    def _bounds(self, section: str) -> tuple[int, int]:
        """First and last line (exclusive) of a section, without the remarks that lead to the next one."""
        headers = self._headers()
        start = next((at + 1 for at, name in headers.items() if name == section), 0)
        end = next((at for at in headers if at >= start), len(self._lines))
        if end < len(self._lines):
            while end > start and self._lines[end - 1].startswith("#"):
                end -= 1
        while end > start and not self._lines[end - 1].strip():
            end -= 1
        return start, end


def listing(key: str, entries: Iterable[tuple[str, str]]) -> list[str]:
    """A key with a list of texts, each with its remark; an empty list on one line."""
    lines = [remarked(f"{toml_text(text)},", remark, 2) for text, remark in entries]
    return [f"{toml_key(key)} = [", *lines, "]"] if lines else [f"{toml_key(key)} = []"]


def _opened(lines: Sequence[str]) -> bool:
    """Whether a list was begun on these lines that does not end on them."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"|#.*', "", "\n".join(lines))
    return bare.count("[") > bare.count("]")


def _bare(line: str) -> str:
    """A line of one key and a text without the remark at its end."""
    found = re.match(r'[^"#]*("(?:[^"\\]|\\.)*"|[^#]*)', line)
    return found[0].rstrip() if found else line
