"""A language's words for what the mapping names: `comments/<language>/names.toml`."""

from __future__ import annotations

import re
from tomllib import TOMLDecodeError
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError

from sync.errors import ConfigurationError, Fault
from sync.mapping import syntax, toml
from sync.mapping.parts import Strict
from sync.mapping.positions import Position, positions
from sync.mapping.shape import Shape
from sync.mapping.tracker_models import Proof
from sync.mapping.wording import dotted, nearest
from sync.promise_names import PromiseName
from sync.ticket import Category, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sync.mapping.parts import Complaint

    Tables = Mapping[str, Mapping[str, str]]
    """The tables of `Names`, with the words of each."""

Source = Literal["field", "matrix", "signals", "priority", "label", "default"]
"""What gave a severity before any raise."""
Ground = Literal[
    "client_issues",
    "same_category",
    "first_issue",
    "missed_deadlines",
    "satisfaction_below",
    "reopened",
    "when",
]
"""What raised it."""
Decision = Literal["goodwill", "move-date", "change-order", "drop", "declined"]

_PLACE = re.compile(r"\{(\w+)\}")
_PLACES: Mapping[str, frozenset[str]] = {
    "why": frozenset({"value"}),
    "triggers": frozenset({"number", "window", "keys", "figure", "limit", "why"}),
    "proofs": frozenset({"value"}),
    "asked": frozenset({"person", "role"}),
}
"""The tables of sentences, and the places in them."""
_CALLED = {
    "severity": "severities",
    "before": "severities",
    "after": "severities",
    "category": "categories",
    "subtype": "subtypes",
    "role": "roles",
    "promise": "promises",
    "decision": "decisions",
}
"""The variables that come as the mapping writes them, and the table of their names."""


class Names(Strict):
    """`mappings/comments/<language>/names.toml`: what severities, roles and so on are called in comments."""

    severities: dict[Severity, str] = Field(default_factory=dict)
    """What each severity is called. Example: { critical = "critical" }"""
    categories: dict[Category, str] = Field(default_factory=dict)
    """What each category is called. Example: { billing = "billing" }"""
    subtypes: dict[str, str] = Field(default_factory=dict)
    """What each subtype of taxonomy.toml is called. Example: { missed-deadline = "missed deadline" }"""
    roles: dict[str, str] = Field(default_factory=dict)
    """What each role is called. Example: { managing_partner = "managing partner" }"""
    facts: dict[str, str] = Field(default_factory=dict)
    """The facts that a hand-over carries. Example: { affected = "Who is affected" }"""
    handling: dict[Category, str] = Field(default_factory=dict)
    """The sentences of taxonomy.toml's [handling], for languages other than the one they stand in there.

    Example: { delivery = "The technical lead joins the plan." }
    """
    states: dict[Literal["overdue", "warning", "owed"], str] = Field(default_factory=dict)
    """How it stands with a promise, as headings say it. Example: { warning = "due soon" }"""
    why: dict[Source, str] = Field(default_factory=dict)
    """Why a ticket is so severe: `{value}` is what the tracker says.

    Example: { priority = "its priority is {value}" }
    """
    triggers: dict[Ground, str] = Field(default_factory=dict)
    """What raised it, with the figures of the evidence: `{number}`, `{window}`, `{keys}`, `{figure}`, `{limit}`,
    and `{why}`, the words quoted.

    Example: { client_issues = "{number} issues within {window}" }
    """
    asked: dict[Literal["both", "person", "role", "nobody", "unnamed"], str] = Field(default_factory=dict)
    """Who is asked: a `{person}` in a `{role}`, one without a role, a role that nobody holds, or nobody. `unnamed`
    stands for the person on a confidential ticket.

    Example: { both = "{person} ({role})" }
    """
    proofs: dict[Literal["words", "fields", "labels", "statuses"], str] = Field(default_factory=dict)
    """How something is noted as done: `{value}` is the word, the fields, the label or the status.

    Example: { labels = "the label {value}" }
    """
    words: dict[Proof, str] = Field(default_factory=dict)
    """The word proposed for each proof; where the mapping does not accept it, the mapping's first one is.

    Example: { verified = "/verified" }
    """
    decisions: dict[Decision, str] = Field(default_factory=dict)
    """What was decided on a request beyond the scope. Example: { drop = "something else is dropped" }"""
    promises: dict[PromiseName, str] = Field(default_factory=dict)
    """Every promise and message, as a short noun. Example: { slip = "a date that moved" }"""

    def complaints(self) -> Iterator[Complaint]:
        """No place in a sentence that nothing fills."""
        for table, places in _PLACES.items():
            for key, sentence in getattr(self, table).items():
                for place in _PLACE.findall(sentence):
                    if place not in places:
                        yield (table, key), f"nothing fills {{{place}}}{nearest(place, places)}"


def read_names(path: str, text: str) -> Names:
    """The names that stand in a file's text; ConfigurationError with every fault, each at its place."""
    try:
        written = toml.parsed(text)
        return Names.model_validate(written)
    except TOMLDecodeError as error:
        place, what = syntax.explained(str(error), text)
        raise ConfigurationError([Fault(path, place.line, place.column, "", what)]) from None
    except ValidationError as error:
        raise ConfigurationError(list(_faults(path, text, written, error))) from None


def spoken(tables: Tables, given: Mapping[str, Any]) -> dict[str, object]:
    """The variables of a template (see `render.SAMPLE`), with the language's words in place of the mapping's.

    `asked` is who is asked, `state` how it stands with the promise, `evidence` (also that of each of the `raises`)
    what raised the severity, `fact_names` what the facts are called; `proof` becomes the ways to note it. Nothing
    given is parsed.
    """
    return {
        **_named(tables, given),
        "why": _sentence(tables["why"], given["why_kind"], {"value": given["why_value"]}, given["why"]),
        "handling": tables["handling"].get(given["category"], given["handling"]),
        "evidence": _evidence(tables, given),
        "raises": [_named(tables, each) | {"evidence": _evidence(tables, each)} for each in given["raises"]],
        "skipped": [_named(tables, each) for each in given["skipped"]],
        "asked": _asked(tables, given),
        "state": tables["states"].get(
            "overdue" if given["overdue"] else "warning" if given["warning"] else "owed", ""
        ),
        "proof": _proofs(tables, given["proof"]),
        "fact_names": tables["facts"],
    }


def _named(tables: Tables, given: Mapping[str, Any]) -> dict[str, Any]:
    """The variables with names in the language; a name that it does not know is shown readably."""
    called = {
        name: tables[table].get(given[name], given[name].replace("_", " "))
        for name, table in _CALLED.items()
        if given.get(name)
    }
    return {**given, **called}


def _asked(tables: Tables, given: Mapping[str, Any]) -> str:
    person, role = given["person"], _named(tables, given)["role"]
    kind = "both" if person and role else "person" if person else "role" if role else "nobody"
    return _sentence(tables["asked"], kind, {"person": person, "role": role}, person or role)


def _evidence(tables: Tables, given: Mapping[str, Any]) -> str:
    figures = {name: str(given.get(name, "")) for name in _PLACES["triggers"]}
    figures["keys"] = ", ".join(given.get("keys") or ())
    return _sentence(tables["triggers"], given.get("trigger", ""), figures, figures["why"])


def _proofs(tables: Tables, given: Mapping[str, Any]) -> list[str]:
    """Each way in which something can be noted: the language's own word, all the fields, a label, a status."""
    own = set(tables["words"].values())
    words = sorted(given["words"], key=lambda word: word not in own)
    shown = {
        "words": words[:1],
        "fields": [" + ".join(given["fields"])] if given["fields"] else [],
        "labels": given["labels"][:1],
        "statuses": given["statuses"][:1],
    }
    return [
        _sentence(tables["proofs"], kind, {"value": value}, value)
        for kind, values in shown.items()
        for value in values
    ]


def _sentence(patterns: Mapping[str, str], kind: str, values: Mapping[str, str], otherwise: str) -> str:
    """The sentence of that kind with the values in their places, or `otherwise` where the language has none."""
    pattern = patterns.get(kind)
    if pattern is None:
        return otherwise
    return _PLACE.sub(lambda found: values.get(found.group(1), found.group()), pattern)


def _faults(path: str, text: str, written: dict[str, object], error: ValidationError) -> Iterator[Fault]:
    places = positions(text)
    for key, what in Shape(Names).explained(error):
        place = places.get(key, Position(1, 1))
        yield Fault(path, place.line, place.column, dotted(key, written), what)
