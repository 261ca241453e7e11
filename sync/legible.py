"""Text as it may be shown: without what moves a cursor, turns the writing direction or passes for another line."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

LONGEST_VALUE = 300
"""Characters of one value that are shown."""
LONGEST_LINE = 2000
"""Characters of one line of a longer text that are shown."""

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_JOINERS = "\u200c\u200d"  # format characters that several scripts, and emoji, cannot be read without
_LEFT_OUT = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def whole(text: str) -> str:
    """The text with a question mark for each half of a character, which no file, database or mail can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def inert(text: str, longest: int = LONGEST_VALUE) -> str:
    """Text of a tracker as one line of at most `longest` characters that moves nothing on a screen.

    Control and format characters (those that turn the writing direction among them) are left out.
    """
    line = _without_controls(" ".join(text[: 20 * longest].split()))
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def in_lines(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """The value with each text in it as one line, for a list in which a text must not pass for other lines."""
    match value:
        case str():
            return inert(value, LONGEST_LINE)
        case dict():
            return {name: in_lines(each) for name, each in value.items()}
        case list() | tuple():
            return [in_lines(each) for each in value]
        case _:
            return value


def counted(count: int, noun: str) -> str:
    """So many of them, as in `1,204 tickets`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def legible(text: str) -> str:
    r"""The text without control and format characters; every kind of line end is `\n`, and tabs stay."""
    lines = _LINE_ENDS.sub("\n", text).split("\n")
    return "\n".join("\t".join(map(_without_controls, line.split("\t"))) for line in lines)


def json_text(value: object, **layout: Any) -> str:  # noqa: ANN401 - as `json.dumps` has it
    """The value as JSON in which all that `legible` leaves out is escaped, halves of characters among it."""
    written = json.dumps(value, ensure_ascii=False, **layout)
    if written.isascii() and "\x7f" not in written:
        return written
    return "".join(sign if sign == "\n" or _is_shown(sign) else json.dumps(sign)[1:-1] for sign in written)


def _without_controls(line: str) -> str:
    return line if line.isprintable() else "".join(filter(_is_shown, line))


def _is_shown(sign: str) -> bool:
    return sign in _JOINERS or unicodedata.category(sign) not in _LEFT_OUT
