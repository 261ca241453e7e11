"""What is wrong with a text that is no TOML: the parser's complaint, with what was probably meant."""

from __future__ import annotations

import re
from typing import NamedTuple

from sync.mapping.positions import Position

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class _Intent(NamedTuple):
    """A slip: the parser's words for it, how the text goes on at that place, how its line looks, the remedy."""

    said: str
    rest: str
    line: str
    remedy: str


_KEY = r"\s*[\w.\"'-]+\s*="
_LIST = "the list above is not closed; put a comma between its items and ] at its end"
_SHUT = 'the table in braces is not closed; write { key = "…", other = "…" }'
_QUOTE = "a quote is missing where the text ends"
_LETTERS = 'a key with letters beyond a-z needs quotes: "…" = …'
_WORDS = (
    (re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{2,4}|\d{4}([./-])\d{1,2}\2\d{1,2}"), "write dates as 2025-12-24"),
    (re.compile(r"\d+[smhdw]"), 'an amount of time needs quotes: "{}"'),
    (re.compile(r"\d+%"), "write a share without %, as in 0.5 for 50 %"),
    (re.compile(r"\d+,\d+"), "write a point in numbers, as in 0.5"),
)
"""Values that people write without thinking of TOML, and what to write; {} is the value."""
_VALUE = re.compile(r"[^\s={}\[\]#\"']+")
_HEADING = re.compile(r"\s*\[[^\]=]+\]\]?\s*(#|$)")
_TWICE = re.compile(r"Cannot overwrite")
_OWN_KEY = re.compile(r"""\s*([\w-]+|"[^"]*"|'[^']*')\s*=""")
_INTENTS = (
    _Intent("Invalid value|Unclosed array", _KEY, "", _LIST),
    _Intent("Invalid value|Unclosed array", r"\s*\[", r"\s*\[", _LIST),
    _Intent("Invalid value", "", r"\s*\[[\w.-]+\]\s*(#|$)", _LIST),
    _Intent("Invalid value", r"\s*(#|$)", _KEY + r"\s*(#|$)", 'the value is missing; write key = "…"'),
    _Intent("Invalid value", r"\s*$", "", _LIST),
    _Intent("Invalid value", "[“”„«»「\u2018’]", "", 'write straight quotes: "…"'),
    _Intent("Invalid value", r"(?i:true|false|yes|no|on|off)\b", "", "write true or false, in small letters"),
    _Intent("Invalid value", "=", "", "one = is enough"),
    _Intent("Invalid value", r"\.\d", "", "write the 0 before the point, as in 0.5"),
    _Intent("Invalid value", "", "", 'text needs quotes: "…"'),
    _Intent("Expected newline", "", r".*=\s*\d{1,2}([./])\d{1,2}\1\d", "write dates as 2025-12-24"),
    _Intent(
        "Expected newline", "", r".*=\s*0\d+\s*(#|$)", "write numbers without a 0 in front, or as text in quotes"
    ),
    _Intent("Expected newline", "", r".*=\s*[\d.+-]+\S", 'only plain numbers go without quotes; write it as "…"'),
    _Intent("Expected newline", r"\s*[\w.-]+\s*=", "", "write one key = value a line"),
    _Intent("Expected newline", "", r".*=\s*'", 'the text ends at its inner \'; put it in double quotes: "…"'),
    _Intent("Expected newline", "", '.*=\\s*"', 'the text ends at its inner "; write \\" for a quote inside it'),
    _Intent(
        "Expected newline", "", r"\s*\[", "nothing may follow a heading on its line, and it has as many ] as ["
    ),
    _Intent("Expected newline", "", "", "write one key = value a line"),
    _Intent("Expected '='", r"\s*:", "", "write = instead of :"),
    _Intent("Expected '='", r"[^\x00-\x7f]", "", _LETTERS),
    _Intent("Expected '='", r"\s*[^=\s#][^=]*=", "", 'a key of several words needs quotes: "due date" = …'),
    _Intent("Expected '='", "", "", "a line is key = value, a heading [table], or a # comment"),
    _Intent("Invalid statement", r"[^\x00-\x7f]", "", _LETTERS),
    _Intent("Invalid statement", "", "", "a line is key = value, a heading [table], or a # comment"),
    _Intent("Expected ']]'", "", "", "close the heading with ]]"),
    _Intent("Expected ']'", r"\S", r"\s*\[[^\]]*\s[^\]]+\]", 'a heading with blanks needs quotes: ["…"]'),
    _Intent("Expected ']'", "", "", "close the heading with ]"),
    _Intent(r"Illegal character '\\n'|Unterminated string|Expected [\"']", "", "", _QUOTE),
    _Intent(r"Unescaped '\\'", "", "", "write a backslash twice, or use single quotes: '…'"),
    _Intent("Unclosed array", "", "", _LIST),
    _Intent("Unclosed inline table|Invalid initial character for a key part", "", r".*\{", _SHUT),
    _Intent("Invalid initial character for a key part", "", r"\s*\[", "the heading needs a name: [table]"),
    _Intent(
        "Cannot overwrite", "", r"\s*\[\[", "this heading stands above in single brackets; write [[…]] each time"
    ),
    _Intent(
        "Cannot overwrite|Duplicate inline table key", "", "", "this stands in the file twice; keep one of them"
    ),
    _Intent("Cannot declare", "", "", "this table is begun twice; put its keys under one heading"),
    _Intent(
        "Cannot mutate|Cannot redefine", "", "", "this has its value above already; write it all in one place"
    ),
    _Intent("Invalid date", "", "", "there is no such day or time; write dates as 2025-12-24"),
    _Intent("(?i)(found )?(illegal|invalid) character", "", "", "an invisible character stands here; delete it"),
)


def explained(message: str, text: str) -> tuple[Position, str]:
    """Where `tomllib` gave up (by its message), and why in plain words; of the text itself a number at most."""
    lines = text.split("\n")
    found = _PLACE.search(message)
    said = message[: found.start()] if found else message
    if found and found.group(1):
        place = Position(int(found.group(1)), int(found.group(2)))
    else:
        last = max((number for number, line in enumerate(lines, 1) if line.strip()), default=1)
        place = Position(last, len(lines[last - 1].rstrip()) + 1)
    if twice := _twice(lines, place.line - 1, said):
        return twice
    line = lines[place.line - 1]
    if meant := _meant(line, place.column - 1, said):
        return place, f"not TOML: {meant}"
    rest = line[place.column - 1 :]
    for intent in _INTENTS:
        if re.match(intent.said, said) and re.match(intent.rest, rest) and re.match(intent.line, line):
            return place, f"not TOML: {intent.remedy}"
    return place, f"not TOML: {said[:1].lower()}{said[1:]}"


def _meant(line: str, at: int, said: str) -> str | None:
    """What to write for the number-like value at a place, if that is what the parser stumbled over."""
    if not said.startswith(("Expected newline", "Unclosed inline table")):
        return None
    word = next((found[0].rstrip(",") for found in _VALUE.finditer(line) if found.start() <= at < found.end()), "")
    return next((remedy.format(word) for form, remedy in _WORDS if form.fullmatch(word)), None)


def _twice(lines: list[str], number: int, said: str) -> tuple[Position, str] | None:
    """A key that stands above already under the same heading."""
    own = _OWN_KEY.match(lines[number])
    if not own or not _TWICE.match(said):
        return None
    for above in range(number - 1, -1, -1):
        other = _OWN_KEY.match(lines[above])
        if other and other[1] == own[1]:
            what = f"not TOML: this stands on line {above + 1} already; keep one of them"
            return Position(number + 1, own.start(1) + 1), what
        if _HEADING.match(lines[above]):
            break
    return None
