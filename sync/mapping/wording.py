"""The plain words in which a fault is told: to a team lead, not to a programmer."""

from __future__ import annotations

import re
from datetime import date, time
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pydantic_core import ErrorDetails

    from sync.mapping.positions import KeyPath

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN = 12
"""So many names are listed when none is near *(ours)*."""


_OTHERWISE = {
    other: ours
    for ours, others in {
        "client": "customer account organisation organization company",
        "closed": "done finished completed",
        "critical": "urgent blocker showstopper p0 p1 sev1",
        "da": "danish dansk dk da-dk",
        "elapsed": "calendar wall clock 24/7",
        "en": "english gb uk us en-gb en-us",
        "engagement": "project",
        "equals": "is eq",
        "fi": "finnish suomi",
        "high": "major p2 sev2",
        "in_progress": "doing started wip",
        "ja": "japanese jp nihongo ja-jp",
        "label": "tag",
        "labels": "tags",
        "language": "locale lang",
        "low": "minor trivial p4 sev4",
        "matches": "regex regexp pattern",
        "medium": "normal moderate p3 sev3",
        "open": "todo to_do new backlog",
        "path": "file filename",
        "present": "exists set",
        "ru": "russian русский",
        "staff": "employees team internal",
        "staff-and-clients": "clients everyone all public",
        "url": "address server host",
        "waiting": "blocked pending on_hold paused",
        "when": "if condition match",
        "within": "limit sla",
        "words": "keywords phrases",
        "workbook": "excel xlsx csv spreadsheet sheet",
        "working": "business office",
        "zone": "timezone time_zone tz",
    }.items()
    for other in others.split()
}
"""What others call it *(ours)*: another word -> the name in our files."""

_AMOUNT = re.compile(
    r"(\d+) ?(?:working |business |calendar )?"
    r"(?:(s)ec(?:ond)?s?|(m)in(?:ute)?s?|(h)(?:ou)?rs?|(d)ays?|(w)(?:ee)?ks?)\b"
)


def amount(written: str) -> str | None:
    """What somebody meant who wrote an amount of time in words: 4h by 4 hours; None if that is not clear."""
    text = written.strip().lower()
    if _AMOUNT.sub("", text).strip(" ,+") not in {"", "and"}:
        return None
    return " ".join("".join(filter(None, found.groups())) for found in _AMOUNT.finditer(text)) or None


def near(word: str, known: Iterable[str]) -> str | None:
    """The known name that was most likely meant, upper and lower case alike; None if none is near."""
    folded = {name.casefold(): name for name in sorted(known, reverse=True)}
    found = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else folded.get(_OTHERWISE.get(word.casefold(), ""))


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: what was meant, or what there is if that is not much."""
    names = sorted(set(known))
    if meant := near(word, names):
        return f"; did you mean {meant!r}?"
    if not names:
        return "; there is none yet"
    return f"; there are: {', '.join(names)}" if len(names) <= _SHOWN else ""


def likeness(one: str, other: str) -> float:
    """How alike two words are, from 0 to 1."""
    return SequenceMatcher(None, one.casefold(), other.casefold()).ratio()


def dotted(path: KeyPath, data: object) -> str:
    """A path for people: `rule "late delivery".when.any[2].field`.

    An item of a list goes by its name where it has one, else by its number, counted from 1.
    """
    told = ""
    for part in path:
        if isinstance(part, int):
            data = data[part] if isinstance(data, list) and part < len(data) else None
            name = data.get("name") if isinstance(data, dict) else None
            told += f' "{_printable(name)}"' if isinstance(name, str) and name else f"[{part + 1}]"
        else:
            data = data.get(part) if isinstance(data, dict) else None
            told += ("." if told else "") + (part if _BARE.fullmatch(part) else f'"{_printable(part)}"')
    return told


def _printable(text: str) -> str:
    """The text on one line, without what would move a terminal's cursor."""
    return "".join(sign if sign.isprintable() else "�" for sign in text[:60])


def kind_of(value: object) -> str:
    """What a TOML value is, in a word or two."""
    return next((word for kind, word in _KINDS if isinstance(value, kind)), "something else")


_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (str, "text"),
    (int, "a number"),
    (float, "a number"),
    (list, "a list"),
    (dict, "a table"),
    (date, "a date"),
    (time, "a time of day"),
)
_TYPES = {
    "string_type": 'write text in quotes: "…"',
    "path_type": 'write a path in quotes: "…"',
    "is_instance_of": 'write a path in quotes: "…"',
    "list_type": "write a list: {item}",
    "dict_type": "write a table: {table}",
    "model_type": "write a table: {table}",
    "model_attributes_type": "write a table: {table}",
    "bool_type": "write true or false, without quotes",
    "int_type": "write a whole number, without quotes",
    "float_type": "write a number, without quotes",
    "date_type": "write a date without quotes: 2025-12-24",
}
_FORMS = {
    "^[A-Z]{2}$": 'write the two capital letters of ISO 3166, such as "DK"',
    r"^[A-Za-z0-9][A-Za-z0-9_-]*$": "use letters, digits, - and _ only, and no blanks",
    r"^\S+$": "must not hold blanks",
    r"^\S*$": "must not hold blanks",
    r"\S": "must not be empty",
    r"^\d+$": 'write the number in quotes, as in "1201234567890"',
}
_LIMITS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than_equal": lambda limit: f"must be {limit['ge']:g} or more",
    "greater_than": lambda limit: f"must be more than {limit['gt']:g}",
    "less_than_equal": lambda limit: f"must be {limit['le']:g} or less",
    "less_than": lambda limit: f"must be less than {limit['lt']:g}",
    "too_short": lambda _: "must not be empty; write at least one",
    "string_too_short": lambda _: "must not be empty",
    "string_too_long": lambda limit: f"must not be longer than {limit['max_length']} letters",
    "string_pattern_mismatch": lambda limit: _FORMS.get(limit["pattern"], "is not written as it should be"),
    "finite_number": lambda _: "must be an ordinary number",
    "recursion_loop": lambda _: "is nested too deeply",
}


def plain(error: ErrorDetails, item: str = "", table: str = "") -> str:
    """A complaint of pydantic's in plain words, with the remedy; of a value of a wrong type only its type.

    `item` shows what a list at that place looks like, `table` how a table there is headed.
    """
    kind, limit = error["type"], error.get("ctx", {})
    if kind in _TYPES:
        return f"{_TYPES[kind].format(item=item, table=table)}; this is {kind_of(error['input'])}"
    if kind in _LIMITS:
        return _LIMITS[kind](limit) + _share(error["input"], limit.get("le", limit.get("lt")))
    if kind == "literal_error":
        return choice(error["input"], re.findall(r"'([^']*)'", limit["expected"]))
    if kind == "union_tag_invalid":
        return choice(limit["tag"], re.findall(r"'([^']*)'", limit["expected_tags"]))
    if kind == "value_error":
        return str(limit["error"])
    return error["msg"].replace("Input should be", "must be").replace("Value error, ", "")


def _share(value: object, most: object) -> str:
    """The remedy for per cent where a share is meant."""
    if most == 1 and isinstance(value, int | float) and 1 < value <= 100:
        return f"; for {value:g} % write {value / 100:g}"
    return ""


def choice(value: object, known: list[str]) -> str:
    """What is said of a value that is none of a few known ones."""
    choices = " or ".join(f'"{name}"' for name in known)
    if not isinstance(value, str):
        return f"write {choices}; this is {kind_of(value)}"
    meant = near(value, known)
    return f"write {choices}, not {_printable(value)!r}" + (f"; did you mean {meant!r}?" if meant else "")
