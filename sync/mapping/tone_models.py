"""The schema of `mappings/tone/<language>.toml`: how a text that a client may read must sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sync.mapping.conditions import Pattern
from sync.mapping.parts import Strict, Word
from sync.mapping.taxonomy_models import Negation
from sync.words import faults, negation_fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.mapping.parts import Complaint
    from sync.ticket import Language

Rule = Literal["blame", "names", "excuses", "internal", "vague_dates", "next_step", "date"]
"""What a text is held to: five things that must not stand in it, and two that must."""

WORDS = "{words}"


class Example(Strict):
    """A text, and the rules that it breaks; without any it is a good one."""

    text: Word
    """The text. Example: "We will write again by Friday."."""
    breaks: list[Rule] = []
    """The rules that it breaks: `blame`, `names`, `excuses`, `internal`, `vague_dates`, `next_step`, `date`.

    Example: ["vague_dates"]
    """
    client: bool = True
    """Whether a client may read it."""
    names: list[Word] = []
    """Staff whose names are known when it is read. Example: ["Consultant 3"]"""
    quoted: list[Word] = []
    """What in it is the client's own words. Example: ["it is your fault"]"""


class ToneFile(Strict):
    """`mappings/tone/<language>.toml`: how a text sounds that a client may read; `late*` is a stem."""

    blame: list[str] = []
    """The client, a third party or a colleague did it. Example: ["your fault"]"""
    excuses: list[str] = []
    """Workload, the unforeseen, “it is obvious”. Example: ["unforeseen", "very busy"]"""
    internal: list[str] = []
    """What is nobody's business but ours: words for tools, severities and processes, names of roles.

    Example: ["escalat*"]
    """
    vague_dates: list[str] = []
    """Words for a time that is none. Example: ["soon", "as soon as possible"]"""
    next_step: list[str] = []
    """Any one of these tells that something follows. Example: ["we will"]"""
    dates: list[str] = []
    """Words that name a day or an hour. Example: ["tomorrow", "friday"]"""
    date_patterns: list[Pattern] = []
    r"""Days and hours in figures, as regular expressions. Example: ['\d{4}-\d{2}-\d{2}']"""
    negation: Negation = Negation()
    """Words beside which blame, an excuse, a detail or a vague date is none; `!` and `…` as in taxonomy.toml."""
    told: dict[Rule, Word] = {}
    """What is said of a slip against each rule, `{words}` being what was found; in English without it.

    Example: { vague_dates = "a date that is none: {words}" }
    """
    example: list[Example] = []
    """Texts with the rules that each breaks; the tests try each."""


def unsearchable(language: Language, tone: ToneFile) -> Iterator[Complaint]:
    """Every phrase and negation of a file that cannot be looked for in its language."""
    for key in ("blame", "excuses", "internal", "vague_dates", "next_step", "dates"):
        for index, wrong in faults(language, getattr(tone, key)):
            yield (key, index), wrong
    for index, entry in enumerate(tone.negation.before):
        if what := negation_fault(language, entry, "before"):
            yield ("negation", "before", index), what
    for index, entry in enumerate(tone.negation.after):
        if what := negation_fault(language, entry, "after"):
            yield ("negation", "after", index), what
