"""The values in a TOML text, as `tomllib` reads them; long lists of plain words are read at once."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Any

_WORD = r'"[^"\\\x00-\x1f\x7f]*+"'
_BLANK = r"(?:[ \t\n]|#[^\x00-\x08\x0b-\x1f\x7f\n]*+\n)*+"
_LIST = re.compile(
    rf"^([A-Za-z0-9_-]++[ \t]*+=[ \t]*+)\[{_BLANK}({_WORD}(?:{_BLANK},{_BLANK}{_WORD})*+){_BLANK}(?:,{_BLANK})?\]",
    re.MULTILINE,
)
_WORD_OR_COMMENT = re.compile(rf"{_WORD}|#[^\n]*+")
_PLACE = "{}.0e9"  # a number as nobody writes it, in place of a list


@dataclass(frozen=True, slots=True)
class _List:
    """What a number stands for; `tomllib` lets no number become a list itself."""

    words: list[str]


def parsed(text: str) -> dict[str, Any]:
    r"""What a text says whose lines end in `\n` alone. Errors are those of `tomllib.loads`.

    That reads a list item by item, which takes most of the time for a file of thousands of phrases. Here a number
    stands for each `key = ["…", "…"]` while `tomllib` reads the rest. A text that could hold such a line where it
    is not a key, or such a number, and one with an error, is read as it is.
    """
    if '"""' in text or "'''" in text or ".0e9" in text:
        return tomllib.loads(text)
    lists: dict[str, _List] = {}

    def placed(found: re.Match[str]) -> str:
        place = _PLACE.format(len(lists) + 1)
        words = _WORD_OR_COMMENT.findall(found.group(2))
        lists[place] = _List([word[1:-1] for word in words if word[0] == '"'])
        return found.group(1) + place

    try:
        return _filled(
            tomllib.loads(_LIST.sub(placed, text), parse_float=lambda digits: lists.get(digits) or float(digits))
        )
    except (tomllib.TOMLDecodeError, RecursionError):
        return tomllib.loads(text)


def _filled(table: dict[str, Any]) -> dict[str, Any]:
    """The table with the lists in their places; a list of tables may hold them, one of words does not."""
    for key, value in table.items():
        match value:
            case _List(words=words):
                table[key] = words
            case dict():
                _filled(value)
            case [dict(), *_]:
                for each in value:
                    if isinstance(each, dict):
                        _filled(each)
    return table
