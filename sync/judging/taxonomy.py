"""Ticket → category, and the rules that chose it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING

from sync.judging.conditions import Heard, View, compiled, described, gaps, nearly, needed
from sync.judging.contact import by_person, labels_added, labels_removed
from sync.ticket import CATEGORIES, Category
from sync.words import normalised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.judging.conditions import Hits
    from sync.mapping.taxonomy_models import Rule, Taxonomy
    from sync.ticket import Language, Ticket

_QUOTED = 2
"""Pieces of evidence that are quoted for one category."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One rule as it was tried: what it asks, its evidence and score (empty and 0: it did not match).

    `heard_in` says where: `ticket` (title, text, fields, labels) or, if only there, the client's `comments`.
    `missing` is what it lacked; `near`: of several things it lacked one alone.
    """

    rule: str
    category: Category
    asks: str
    evidence: str
    score: int
    heard_in: str
    missing: tuple[str, ...] = ()
    near: bool = False


@dataclass(frozen=True, slots=True)
class Classification:
    """A category with the rule and evidence behind it; `subtype` is empty where nothing told it.

    `heard` are the phrases found on the way, so that rating the ticket need not look for them again. `scores` are
    those of the categories, the highest first; there are none where a person or a field has decided. `label` is
    the one by which a person did.
    """

    category: Category
    subtype: str
    rule: str
    why: str
    heard: Heard = field(repr=False, compare=False)
    scores: tuple[tuple[Category, int], ...] = ()
    label: str = ""


class _Scorer:
    """One rule, compiled."""

    def __init__(self, rule: Rule, taxonomy: Taxonomy) -> None:
        self.rule = rule
        self.needed = needed(rule.when)
        self.evidence = compiled(rule.when)
        self._words = self.needed if rule.when.words else None
        self._title, self._further = taxonomy.title, taxonomy.further

    def score(self, view: View, title: Hits) -> int:
        """What the rule says for its category, 0 if it does not match; `title`: the phrases the title has."""
        matches = self.evidence(view) if self._words is None else not self._words.isdisjoint(view.hits)
        if not matches:
            return 0
        score = self.rule.score
        if title and self.needed and not self.needed.isdisjoint(title):
            score += self._title
        if self._words and self._further and len(view.hits) > 1:
            score += min(self._further, _places(view.hits, self._words) - 1)
        return score


class Classifier:
    """The taxonomy, compiled once, for labels that begin with any of `prefixes`.

    Order: a person's label, the tracker's own field, then the rules by score.
    """

    def __init__(self, taxonomy: Taxonomy, *prefixes: str) -> None:
        self._values = {value.casefold(): category for value, category in taxonomy.field_values.items()}
        self._rules = [_Scorer(rule, taxonomy) for rule in taxonomy.rule]
        self._least, self._margin = taxonomy.least, taxonomy.margin
        self._wordless = [number for number, rule in enumerate(self._rules) if rule.needed is None]
        self._asking: dict[tuple[Language, str], tuple[int, ...]] = {}
        for number, rule in enumerate(self._rules):
            alone = (number,)
            for phrase in rule.needed or ():
                known = self._asking.get(phrase)
                self._asking[phrase] = known + alone if known else alone
        self._labels: dict[str, Category] = {
            prefix + category: category for prefix in prefixes for category in CATEGORIES
        }

    def classify(self, ticket: Ticket, heard: Heard) -> Classification:
        """The category of one ticket; `unclassified` if the rules do not tell one, never a guess.

        Title and text decide; where they tell nothing, the client's comments, one after the other. So a category
        that words have given stays whatever the client says later.
        """
        if swapped := self._label_by_person(ticket):
            label, who = swapped
            return Classification(
                self._labels[label], "", "a person's label", f"{who} put {label}", heard, label=label
            )
        value = ticket.fields.get("category", "")
        if category := self._values.get(value.casefold()):
            subtype, why = ticket.fields.get("subtype", ""), f"the category field says “{value}”"
            return Classification(category, subtype, "field_values", why, heard)
        title = _of_title(ticket, heard)
        for hits in accumulate((hits for _, hits in heard.said), _together, initial=heard.own):
            found = self._weighed(View(ticket, ticket.fields, ticket.labels, hits), title, heard)
            if found.category != "unclassified":
                break
        return found

    def tried(self, ticket: Ticket, heard: Heard) -> list[Tried]:
        """Every rule in order with its evidence, that in comments included, for `explain`."""
        own = View(ticket, ticket.fields, ticket.labels, heard.own)
        *_, everything = accumulate((hits for _, hits in heard.said), _together, initial=heard.own)
        later = View(ticket, ticket.fields, ticket.labels, everything)
        title, tried = _of_title(ticket, heard), []
        for each in self._rules:
            view, heard_in = own, "ticket"
            if heard.said and not each.evidence(own):
                view, heard_in = later, "comments"
            rule, evidence = each.rule, each.evidence(view)
            told = (rule.category, described(rule.when), evidence, each.score(view, title))
            where, lacking = (heard_in, ()) if evidence else ("", tuple(gaps(rule.when, view)))
            near = bool(lacking) and nearly(rule.when, view)
            tried.append(Tried(rule.name, *told, where, lacking, near))
        return tried

    def _weighed(self, view: View, title: Hits, heard: Heard) -> Classification:
        """The category with the highest score, if that is enough and clear."""
        matched: dict[Category, list[tuple[int, _Scorer]]] = {}
        for each in self._asking_for(view.hits):
            if score := each.score(view, title):
                matched.setdefault(each.rule.category, []).append((score, each))
        if not matched:
            return Classification("unclassified", "", "no rule", "no rule of the taxonomy matches", heard)
        sums: list[tuple[Category, int]] = [
            (category, sum(score for score, _ in scored)) for category, scored in matched.items()
        ]
        scores = tuple(sorted(sums, key=itemgetter(1), reverse=True))
        told = ", ".join(f"{category} {score}{_quoted(matched[category], view)}" for category, score in scores[:2])
        told = ", ".join([told, *(f"{category} {score}" for category, score in scores[2:])])
        (first, score), next_score = scores[0], scores[1][1] if len(scores) > 1 else 0
        if score < self._least:
            why, rule = f"too little says what it is: {told}; it takes {self._least}", "least"
        elif score - next_score < self._margin:
            why, rule = f"too close to tell: {told}; it takes a lead of {self._margin}", "margin"
        else:
            best = max(matched[first], key=itemgetter(0))[1].rule
            return Classification(first, best.subtype, best.name, told, heard, scores)
        return Classification("unclassified", "", rule, why, heard, scores)

    def _asking_for(self, hits: Hits) -> Iterator[_Scorer]:
        """The rules that may match, in order: those that ask for words which were not found need no look."""
        asking = {number for phrase in hits for number in self._asking.get(phrase, ())}
        return (self._rules[number] for number in sorted(asking.union(self._wordless)))

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


def _of_title(ticket: Ticket, heard: Heard) -> Hits:
    """The phrases that stand in the title."""
    if not heard.own:
        return {}
    end = len(normalised(ticket.title))
    return {key: hit for key, hit in heard.own.items() if hit.start < end}


def _places(hits: Hits, phrases: frozenset[tuple[Language, str]]) -> int:
    """How many of the phrases were found, those that overlap counted once."""
    count, until = 0, -1
    for start, end in sorted((hits[key].start, hits[key].end) for key in phrases.intersection(hits)):
        if start >= until:
            count, until = count + 1, end
    return count


def _quoted(scored: list[tuple[int, _Scorer]], view: View) -> str:
    """What was found for one category, in brackets; the strongest pieces first."""
    ranked = sorted(scored, key=itemgetter(0), reverse=True)[:_QUOTED]
    return f" ({'; '.join(dict.fromkeys(each.evidence(view) for _, each in ranked))})"
