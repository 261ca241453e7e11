"""`mappings/taxonomy.toml`: categories, and the rules that tell them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from sync.mapping.conditions import Condition
from sync.mapping.parts import Complaint, Strict, twice
from sync.mapping.wording import nearest
from sync.ticket import CATEGORIES, Category, Language
from sync.words import negation_fault

if TYPE_CHECKING:
    from collections.abc import Iterator


class Rule(Strict):
    """One rule of the taxonomy: what it asks, and how much it says for its category where it matches."""

    name: str = Field(min_length=1)
    """What `explain` calls the rule; no two alike. Example: "a deadline was missed"."""
    category: Literal["delivery", "communication", "scope", "team", "billing"]
    """The category that it speaks for: `delivery`, `communication`, `scope`, `team` or `billing`."""
    subtype: str
    """The subtype; one of those under [subtypes]. Example: "missed-deadline"."""
    score: int = Field(2, ge=1, le=20)
    """1 is a hint that decides nothing alone, 2 is enough if `least` is 2, more is for telling phrases."""
    when: Condition
    """What it asks of a ticket."""


class Negation(Strict):
    """Words that turn a phrase round when they stand at most `within` words before it (or after, `after`)."""

    before: list[str] = []
    """Words that stand before the phrase. Example: ["not", "no"]"""
    after: list[str] = []
    """Words that stand after the phrase; one that begins with `…` may stand anywhere later in the clause, and one
    that begins with `!` is an exception.

    Example: ["is not"]
    """
    within: int = Field(3, ge=1, le=10)
    """At how many words' distance they still turn it round. Example: 3"""


def _no_entries(language: Language, rules: Negation) -> Iterator[Complaint]:
    """Complaints about entries of a negation that are none."""
    for index, entry in enumerate(rules.before):
        if what := negation_fault(language, entry, "before"):
            yield ("negation", language, "before", index), what
    for index, entry in enumerate(rules.after):
        if what := negation_fault(language, entry, "after"):
            yield ("negation", language, "after", index), what


class Taxonomy(Strict):
    """`mappings/taxonomy.toml`: what kind of problem a ticket is."""

    subtypes: dict[Literal["delivery", "communication", "scope", "team", "billing"], list[str]]
    """The subtypes of each category; the five categories are fixed, these are yours.

    Example: { billing = ["invoice", "expense"] }
    """
    handling: dict[Literal["delivery", "communication", "scope", "team", "billing", "unclassified"], str] = {}
    """One sentence per category on how it is handled, quoted in the hand-over.

    Example: { delivery = "The technical lead joins the plan." }
    """
    field_values: dict[str, Category] = {}
    """What the values of the tracker's own category field mean; it decides before any rule.

    Example: { contract = "scope" }
    """
    confidential: list[Category] = ["team"]
    """Categories whose comments go to the restricted audience only."""
    careful: list[Category] = ["billing"]
    """Categories of which the client reads nothing before a person has approved it (`[approval]`)."""
    least: int = Field(2, ge=1)
    """The score that a category must reach; below it the ticket is unclassified."""
    margin: int = Field(1, ge=1)
    """By how much its score must be above the next category's."""
    title: int = Field(1, ge=0)
    """What a rule scores more if the title alone has its words."""
    further: int = Field(2, ge=0)
    """What a rule that only asks for words scores more at most: 1 for each other phrase it finds elsewhere."""
    negation: dict[Language, Negation] = {}
    """Per language, words beside which a phrase of a rule does not count: "not late"."""
    rule: list[Rule] = []
    """The rules; the scores of those that match are added up for each category."""

    def complaints(self) -> Iterator[Complaint]:
        """A list of subtypes for each category, rules that use them, and no two rules of one name."""
        for category in CATEGORIES[:-1]:
            if category not in self.subtypes:
                yield ("subtypes",), f'no list for {category}; add {category} = ["…"]'
        for index, rule in enumerate(self.rule):
            known = self.subtypes.get(rule.category)
            if known is not None and rule.subtype not in known:
                what = f"{rule.category} has no subtype {rule.subtype!r}{nearest(rule.subtype, known)}"
                yield ("rule", index, "subtype"), what
        for language, rules in self.negation.items():
            yield from _no_entries(language, rules)
        yield from twice((rule.name for rule in self.rule), "rule")
