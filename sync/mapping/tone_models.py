"""The schema of `mappings/tone/<language>.toml`: how a text that a client may read must sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sync.mapping.models import Negation, Pattern, Strict, Word
from sync.words import fault, negation_fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.mapping.models import Complaint
    from sync.ticket import Language

Rule = Literal["blame", "names", "excuses", "internal", "vague_dates", "next_step", "date"]
"""What a text is held to: five things that must not stand in it, and two that must."""

WORDS = "{words}"


class Example(Strict):
    """A text, and the rules that it breaks; without any it is a good one."""

    text: Word
    breaks: list[Rule] = []
    client: bool = True
    """Whether a client may read it."""
    names: list[Word] = []
    """Staff whose names are known when it is read."""
    quoted: list[Word] = []
    """What in it is the client's own words."""


class ToneFile(Strict):
    """The words of one language. Phrases are written as in taxonomy.toml: `late*` is a stem."""

    blame: list[str] = []
    excuses: list[str] = []
    internal: list[str] = []
    """What is nobody's business but ours: words for tools, severities and processes, names of roles."""
    vague_dates: list[str] = []
    next_step: list[str] = []
    """Any one of these tells that something follows."""
    dates: list[str] = []
    """Words that name a day or an hour."""
    date_patterns: list[Pattern] = []
    """Days and hours in figures, as regular expressions."""
    negation: Negation = Negation()
    """Words beside which blame, an excuse, a detail or a vague date is none; `!` and `…` as in taxonomy.toml."""
    told: dict[Rule, Word] = {}
    """What is said of a slip against each rule, `{words}` being what was found; in English without it."""
    example: list[Example] = []


def unsearchable(language: Language, tone: ToneFile) -> Iterator[Complaint]:
    """Every phrase and negation of a file that cannot be looked for in its language."""
    for key in ("blame", "excuses", "internal", "vague_dates", "next_step", "dates"):
        for index, phrase in enumerate(getattr(tone, key)):
            if what := fault(language, phrase):
                yield (key, index), what
    for index, entry in enumerate(tone.negation.before):
        if what := negation_fault(language, entry, "before"):
            yield ("negation", "before", index), what
    for index, entry in enumerate(tone.negation.after):
        if what := negation_fault(language, entry, "after"):
            yield ("negation", "after", index), what
