"""Whether a rule's condition holds for a ticket, and by what evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from sync.mapping.parts import folded
from sync.mapping.patterns import first_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sync.mapping.conditions import Condition
    from sync.mapping.policy import Policy
    from sync.mapping.severity_models import Signal, Trigger
    from sync.mapping.taxonomy_models import Rule
    from sync.ticket import Comment, Language, Ticket
    from sync.words import Hit

    Hits = Mapping[tuple[Language, str], Hit]
    Test = Callable[["View"], str]

Asking = TypeVar("Asking", "Rule", "Signal", "Trigger")

_SHOWN = 40
"""Letters of a value that are quoted."""


@dataclass(frozen=True, slots=True)
class View:
    """What conditions may look at: the ticket; its fields and labels at one moment; the phrases found by then.

    `fields` comes before what the ticket itself says, so a status that has changed since stands there.
    """

    ticket: Ticket
    fields: Mapping[str, str]
    labels: frozenset[str]
    hits: Hits

    def value(self, field: str) -> str:
        """A ticket field as text; mapped ones first, then the built-in ones."""
        if field in self.fields:
            return self.fields[field]
        ticket = self.ticket
        match field:
            case "kind" | "title" | "text" | "client" | "engagement" | "status":
                return getattr(ticket, field) or ""
            case "assignee" | "reporter":
                person = ticket.assignee if field == "assignee" else ticket.reporter
                return person.id if person else ""
            case "labels":
                return " ".join(sorted(self.labels))
            case _:
                return ""


@dataclass(frozen=True, slots=True)
class Heard:
    """The phrases of the mapping found in a ticket: in its title and text, and in each comment of the client."""

    own: Hits
    said: tuple[tuple[Comment, Hits], ...] = ()


def hear(ticket: Ticket, scan: Callable[[str], Hits]) -> Heard:
    """What `scan` finds in the ticket's words; each text is looked through once."""
    return Heard(
        scan(f"{ticket.title}\n{ticket.text}"),
        tuple((each, scan(each.text)) for each in ticket.comments if each.author.side == "client"),
    )


def compiled(condition: Condition) -> Test:
    """The condition as a function of a view: its evidence in words, or an empty string if it does not hold."""
    if condition.field is not None:
        return _field_test(condition)
    if condition.words is not None:
        return _words_test(condition)
    if condition.label is not None:
        label = condition.label
        return lambda view: f"label {label}" if label in view.labels else ""
    if condition.not_ is not None:
        inner, denied = compiled(condition.not_), described(condition)
        return lambda view: "" if inner(view) else denied
    tests = [compiled(part) for part in condition.all_of or condition.any_of or []]
    return _all_test(tests) if condition.all_of is not None else _any_test(tests)


def _field_test(condition: Condition) -> Test:
    field = condition.field or ""
    if condition.present is not None:
        wanted, told = condition.present, described(condition)
        return lambda view: told if bool(view.value(field)) is wanted else ""
    if condition.matches is not None:
        pattern = re.compile(condition.matches, re.IGNORECASE)
        return lambda view: (
            f"{field} contains “{found.group()[:60]}”"
            if (found := first_place(pattern, view.value(field)))
            else ""
        )
    alike = folded if field == "client" else str.casefold
    wanted_values = {alike(value) for value in _values(condition)}
    return lambda view: f"{field} is “{value}”" if alike(value := view.value(field)) in wanted_values else ""


def _values(condition: Condition) -> list[str]:
    """What the field may be, one of several."""
    return [condition.equals] if condition.equals is not None else condition.one_of or []


def _words_test(asked: Condition) -> Test:
    phrases = asked.any_phrase

    def test(view: View) -> str:
        if phrases.isdisjoint(view.hits):
            return ""
        for found, hit in view.hits.items():
            if found in phrases:
                return f"“{hit.snippet}”"
        return ""

    return test


def _all_test(tests: list[Test]) -> Test:
    def test(view: View) -> str:
        evidence = []
        for part in tests:
            found = part(view)
            if not found:
                return ""
            evidence.append(found)
        return " and ".join(evidence)

    return test


def _any_test(tests: list[Test]) -> Test:
    return lambda view: next((found for part in tests if (found := part(view))), "")


def described(condition: Condition) -> str:
    """The condition in a few plain words, for `explain`."""
    if condition.field is not None:
        return _described_field(condition)
    if condition.words is not None:
        count = sum(map(len, condition.words.values()))
        return f"one of {count} phrases ({', '.join(condition.words)})"
    if condition.label is not None:
        return f"label {condition.label}"
    if condition.not_ is not None:
        return f"not ({described(condition.not_)})"
    joined = " and " if condition.all_of is not None else " or "
    return joined.join(described(part) for part in condition.all_of or condition.any_of or [])


def _described_field(condition: Condition) -> str:
    if condition.present is not None:
        return f"{condition.field} is {'filled' if condition.present else 'empty'}"
    if condition.matches is not None:
        return f"{condition.field} matches {condition.matches}"
    return f"{condition.field} is {' or '.join(f'“{value}”' for value in _values(condition))}"


def gaps(condition: Condition, view: View) -> list[str]:
    """What the condition lacks to hold, in plain words, for `explain`: nothing if it holds.

    Of alternatives, that of the one which lacks least. One gap beside parts that hold is a near miss.
    """
    if compiled(condition)(view):
        return []
    if condition.all_of is not None:
        return [gap for part in condition.all_of for gap in gaps(part, view)]
    if condition.any_of is not None and any(part.all_of for part in condition.any_of):
        return min((gaps(part, view) for part in condition.any_of), key=len)
    if condition.not_ is not None:
        return [f"it must not be so: {compiled(condition.not_)(view)}"]
    if condition.field is not None:
        value = view.value(condition.field)
        return [f"{described(condition)}, but it is {f'“{value[:_SHOWN]}”' if value else 'empty'}"]
    return [described(condition)]


def nearly(condition: Condition, view: View) -> bool:
    """Whether the condition lacks one of several things alone."""
    if condition.any_of is not None:
        return any(nearly(part, view) for part in condition.any_of)
    held = any(part.not_ is None and compiled(part)(view) for part in condition.all_of or ())
    return held and len(gaps(condition, view)) == 1


def parts(condition: Condition) -> Iterator[Condition]:
    """The condition and every one inside it."""
    yield condition
    inner = (condition.all_of or []) + (condition.any_of or []) + ([condition.not_] if condition.not_ else [])
    for part in inner:
        yield from parts(part)


def phrases_in(conditions: Iterable[Condition]) -> Iterator[tuple[Language, str]]:
    """Every phrase that the conditions ask for."""
    for condition in conditions:
        for part in parts(condition):
            yield from part.phrases


def needed(condition: Condition) -> frozenset[tuple[Language, str]] | None:
    """Phrases of which one must have been found for the condition to hold; None if it may hold without any."""
    if condition.words is not None:
        return condition.any_phrase
    if condition.any_of is not None:
        each = [needed(part) for part in condition.any_of]
        told = [phrases for phrases in each if phrases is not None]
        return frozenset().union(*told) if len(told) == len(each) else None
    return next((phrases for part in condition.all_of or () if (phrases := needed(part)) is not None), None)


def fields_in(conditions: Iterable[Condition]) -> frozenset[str]:
    """Every ticket field that the conditions ask for; `labels` also where they ask for one label."""
    asked = (part.field or (part.label and "labels") for condition in conditions for part in parts(condition))
    return frozenset(filter(None, asked))


# --- a client by any of its names --------------------------------------------------------------------------------


def conditions_of(policy: Policy) -> list[Condition]:
    """What the rules, signals and triggers of a policy ask."""
    rules, severity = [each.when for each in policy.taxonomy.rule], policy.severity
    signals, triggers = [each.when for each in severity.signal], [each.when for each in severity.trigger]
    return [*rules, *signals, *filter(None, triggers)]


def by_any_name(policy: Policy) -> Policy:
    """The policy, with conditions that ask for a client asking for each of its spellings in `clients.toml`."""
    if "client" not in fields_in(conditions_of(policy)):
        return policy

    def spellings(name: str) -> list[str]:
        client = policy.client(name)
        return [client.name, *client.aliases] if client else []

    def each(asking: Sequence[Asking]) -> list[Asking]:
        return [
            one.model_copy(update={"when": _widened(one.when, spellings)}) if one.when else one for one in asking
        ]

    taxonomy = policy.taxonomy.model_copy(update={"rule": each(policy.taxonomy.rule)})
    signals, triggers = each(policy.severity.signal), each(policy.severity.trigger)
    severity = policy.severity.model_copy(update={"signal": signals, "trigger": triggers})
    return replace(policy, taxonomy=taxonomy, severity=severity)


def _widened(condition: Condition, spellings: Callable[[str], list[str]]) -> Condition:
    """The condition with every spelling of each client that it asks for, so that an alias counts as the name."""
    changed: dict[str, object] = {}
    if condition.field == "client" and (values := _values(condition)):
        called = dict.fromkeys(each for value in values for each in (value, *spellings(value)))
        changed = {"equals": None, "one_of": list(called)} if len(called) > 1 else {}
    for key in ("all_of", "any_of"):
        if inner := getattr(condition, key):
            changed[key] = [_widened(part, spellings) for part in inner]
    if condition.not_ is not None:
        changed["not_"] = _widened(condition.not_, spellings)
    return condition.model_copy(update=changed) if changed else condition
