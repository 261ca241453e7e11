"""Conditions: what a rule of a mapping file asks of a ticket."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from sync.mapping.parts import Complaint, Strict
from sync.mapping.patterns import farthest
from sync.ticket import Language
from sync.words import faults

if TYPE_CHECKING:
    from collections.abc import Iterator


def _compiles(pattern: str) -> str:
    if "\b" in pattern:
        raise ValueError(
            'in "…" a \\b is the backspace key; write regular expressions in single quotes: ' + r"'\bword'"
        )
    try:
        re.compile(pattern, re.IGNORECASE)
    except re.error as fault:
        at = "" if fault.pos is None else f" at its character {fault.pos + 1}"
        raise ValueError(f"bad regular expression{at}: {fault.msg}") from None
    except (OverflowError, RecursionError):
        raise ValueError("bad regular expression: it is too large") from None
    if not farthest(pattern):
        raise ValueError(
            "this regular expression could search for hours; repeat nothing that repeats itself, as in (a+)+, "
            "and have at most two parts of any length, such as .*"
        )
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]


class Condition(Strict):
    """One question about a ticket: exactly one of `field`, `words`, `label`, `all`, `any`, `not`."""

    field: str | None = None
    """Ask a mapped ticket field; with exactly one of `equals`, `in`, `matches`, `present`. Example: "priority"."""
    equals: str | None = None
    """The field has this value, upper and lower case alike. Example: "Blocker"."""
    one_of: list[str] | None = Field(None, alias="in")
    """The field has one of these values, upper and lower case alike. Example: ["Blocker", "Critical"]"""
    matches: Pattern | None = None
    """A regular expression, found anywhere in the value, upper and lower case alike. Example: '^invoice'"""
    present: bool | None = None
    """Whether the field is filled (`true`) or empty (`false`)."""
    words: dict[Language, list[str]] | None = None
    """Words and phrases per language, looked for in title, text and what the client wrote. `late*` is a stem.

    Example: { en = ["missed the deadline", "late*"] }
    """
    label: str | None = None
    """A label on the ticket, exactly. Example: "regulator"."""
    all_of: list[Condition] | None = Field(None, alias="all")
    """Conditions that must all hold. Example: [{ field = "kind", equals = "Bug" }, { label = "production" }]"""
    any_of: list[Condition] | None = Field(None, alias="any")
    """Conditions of which one is enough.

    Example: [{ label = "urgent" }, { field = "priority", equals = "Blocker" }]
    """
    not_: Condition | None = Field(None, alias="not")
    """A condition that must not hold. Example: { label = "internal" }"""

    @cached_property
    def phrases(self) -> tuple[tuple[Language, str], ...]:
        """Each of `words` with its language: the same objects whoever asks."""
        return tuple((language, phrase) for language, listed in (self.words or {}).items() for phrase in listed)

    @cached_property
    def any_phrase(self) -> frozenset[tuple[Language, str]]:
        """`phrases`, to be looked for in others."""
        return frozenset(self.phrases)

    def complaints(self) -> Iterator[Complaint]:
        """One question, one test for a field, and no list that asks nothing."""
        kinds = {
            "field": self.field,
            "words": self.words,
            "label": self.label,
            "all": self.all_of,
            "any": self.any_of,
            "not": self.not_,
        }
        asked = [name for name, value in kinds.items() if value is not None]
        if len(asked) != 1:
            listed = " and ".join(asked) or "nothing"
            yield (), f"a condition asks one thing: field, words, label, all, any or not; this asks {listed}"
            return
        tests = {"equals": self.equals, "in": self.one_of, "matches": self.matches, "present": self.present}
        given = [name for name, value in tests.items() if value is not None]
        if self.field is not None and len(given) != 1:
            listed = " and ".join(given) or "none of them"
            yield (), f"field goes with exactly one of equals, in, matches, present; here is {listed}"
        if self.field is None and given:
            yield (given[0],), f'{given[0]} tests a field, and no field is named; add field = "…"'
        for name, items in (
            ("words", self.words),
            ("all", self.all_of),
            ("any", self.any_of),
            ("in", self.one_of),
        ):
            if items is not None and not (any(items.values()) if isinstance(items, dict) else items):
                yield (name,), "this is empty, so it asks nothing; fill it or leave it out"
        for language, phrases in (self.words or {}).items():
            for index, what in faults(language, phrases):
                yield ("words", language, index), what
