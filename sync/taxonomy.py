"""Ticket → category, and the rule that chose it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from sync.conditions import Heard, View, compiled, described
from sync.contact import by_person, labels_added, labels_removed
from sync.ticket import CATEGORIES, Category

if TYPE_CHECKING:
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
    """A category with the rule and evidence behind it; `subtype` is empty where nothing told it.

    `heard` are the phrases found on the way, so that rating the ticket need not look for them again.
    """

    category: Category
    subtype: str
    rule: str
    why: str
    heard: Heard = field(repr=False, compare=False)


class Classifier:
    """The taxonomy, compiled once. Order: a person's label, the tracker's own field, then the first rule."""

    def __init__(self, taxonomy: Taxonomy, prefix: str) -> None:
        self._values = {value.casefold(): category for value, category in taxonomy.field_values.items()}
        self._rules = [(rule, compiled(rule.when)) for rule in taxonomy.rule]
        self._labels: dict[str, Category] = {prefix + category: category for category in CATEGORIES}

    def classify(self, ticket: Ticket, heard: Heard) -> Classification:
        """The category of one ticket; `unclassified` if nothing matches, never a guess.

        Title and text decide; where they tell nothing, the client's comments, one after the other. So a category
        that words have given stays whatever the client says later.
        """
        if swapped := self._label_by_person(ticket):
            label, who = swapped
            return Classification(self._labels[label], "", "a person's label", f"{who} put {label}", heard)
        value = ticket.fields.get("category", "")
        if category := self._values.get(value.casefold()):
            subtype, why = ticket.fields.get("subtype", ""), f"the category field says “{value}”"
            return Classification(category, subtype, "field_values", why, heard)
        for hits in accumulate((hits for _, hits in heard.said), _together, initial=heard.own):
            view = View(ticket, ticket.fields, ticket.labels, hits)
            for rule, test in self._rules:
                if evidence := test(view):
                    return Classification(rule.category, rule.subtype, rule.name, evidence, heard)
        return Classification("unclassified", "", "no rule", "no rule of the taxonomy matches", heard)

    def tried(self, ticket: Ticket, hits: Hits) -> list[Tried]:
        """Every rule in order with its evidence, for `explain`."""
        view = View(ticket, ticket.fields, ticket.labels, hits)
        return [Tried(rule.name, described(rule.when), test(view)) for rule, test in self._rules]

    def _label_by_person(self, ticket: Ticket) -> tuple[str, str] | None:
        """The newest category label that a person put and that is still there, and who put it.

        None where a person has filled the category field since. Read from the ticket's history, so a label that
        makegood itself wrote never counts.
        """
        present = ticket.labels & self._labels.keys()
        for change in reversed(ticket.changes) if present else ():
            if change.field == "category" and by_person(change) and change.after.casefold() in self._values:
                return None
            if change.field == "labels":
                if (added := labels_added(change) & present) and by_person(change):
                    return max(added), change.author.name or "somebody"
                present = present - added - labels_removed(change)
        return None


def _together(before: Hits, more: Hits) -> Hits:
    return {**more, **before}
