"""Ticket → category, and the rule that chose it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.conditions import View, compiled, described
from sync.ticket import CATEGORIES, Category

if TYPE_CHECKING:
    from datetime import datetime

    from sync.conditions import Hits
    from sync.mapping.models import Taxonomy
    from sync.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Tried:
    """One rule as it was tried: what it asks, and its evidence (empty: it did not match)."""

    rule: str
    asks: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Classification:
    """A category with the rule and evidence behind it; `subtype` is empty where nothing told it."""

    category: Category
    subtype: str
    rule: str
    why: str


class Classifier:
    """The taxonomy, compiled once. Order: a person's label, the tracker's own field, then the first rule."""

    def __init__(self, taxonomy: Taxonomy, prefix: str) -> None:
        self._taxonomy = taxonomy
        self._values = {value.casefold(): category for value, category in taxonomy.field_values.items()}
        self._rules = [(rule, compiled(rule.when)) for rule in taxonomy.rule]
        self._labels: dict[str, Category] = {prefix + category: category for category in CATEGORIES}

    def classify(self, ticket: Ticket, hits: Hits) -> Classification:
        """The category of one ticket; `unclassified` if nothing matches, never a guess."""
        swapped = put_by_person(ticket, self._labels)
        if swapped:
            label, _, who = swapped
            return Classification(self._labels[label], "", "a person's label", f"{who} put {label}")
        value = ticket.fields.get("category", "")
        if value and value.casefold() in self._values:
            category = self._values[value.casefold()]
            return Classification(
                category, ticket.fields.get("subtype", ""), "field_values", f"the category field says “{value}”"
            )
        view = View(ticket, ticket.fields, hits)
        for rule, test in self._rules:
            evidence = test(view)
            if evidence:
                return Classification(rule.category, rule.subtype, rule.name, evidence)
        return Classification("unclassified", "", "no rule", "no rule of the taxonomy matches")

    def tried(self, ticket: Ticket, hits: Hits) -> list[Tried]:
        """Every rule in order with its evidence, for `explain`."""
        view = View(ticket, ticket.fields, hits)
        return [Tried(rule.name, described(rule.when), test(view)) for rule, test in self._rules]


def put_by_person(
    ticket: Ticket, labels: dict[str, Category] | dict[str, str]
) -> tuple[str, datetime, str] | None:
    """The newest of these labels that a person put and that is still there: label, when, who.

    Read from the ticket's history, so a label that makegood itself wrote never counts.
    """
    present = ticket.labels & labels.keys()
    if not present:
        return None
    for change in reversed(ticket.changes):
        if change.field != "labels" or change.author.side in ("us", "machine"):
            continue
        added = (set(change.after.split()) - set(change.before.split())) & present
        if added:
            return max(added), change.at, change.author.name or "somebody"
    return None
