"""What of a mapping tests can try, and what of it judgements did try: the coverage of rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sync.judging.clocks import BREACH, WARNING
from sync.judging.signs import flags
from sync.saying.render import CLIENT_FOOTER, FOOTER, FOR_CLIENTS, KINDS
from sync.ticket import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sync.judging.clocks import Clock
    from sync.judging.judgement import Judge, Judgement
    from sync.judging.taxonomy import Classification
    from sync.mapping.policy import Policy
    from sync.promise_names import PromiseName

CATEGORY_RULES = "taxonomy.toml: rules"
CATEGORY_VALUES = "taxonomy.toml: field values"
SEVERITY_VALUES = "severity.toml: field values"
MATRIX = "severity.toml: matrix cells"
SIGNALS = "severity.toml: signals"
PRIORITIES = "severity.toml: priority values"
TRIGGERS = "severity.toml: triggers"
CELLS = "escalation.toml: cells"
PROMISES = "promises.toml"
SCOPE = "scope.toml"
ATTENTION = "attention.toml"
SIGNS = "signs.toml"
TEMPLATES = "comments"
TABLES = (
    *(CATEGORY_RULES, CATEGORY_VALUES, SEVERITY_VALUES, MATRIX, SIGNALS, PRIORITIES, TRIGGERS),
    *(CELLS, PROMISES, SCOPE, ATTENTION, SIGNS, TEMPLATES),
)
"""In the order in which they are shown."""

_FILES = {"escalation.toml": CELLS, "promises.toml": PROMISES, "scope.toml": SCOPE}
_FIGURES = frozenset(
    {"follow_ups", "to_client", "goodwill_up_to", "window", "due_at", "budget_share", "decisions"}
)
"""Keys of promises.toml and scope.toml that make no promise of their own."""


class Unit(NamedTuple):
    """One thing that a test can try: a rule, a value, a cell, a promise, a sign, a kind of comment."""

    table: str
    name: str


def units(policy: Policy) -> list[Unit]:
    """All that tests can try of a mapping, in the order of the files."""
    taxonomy, severity = policy.taxonomy, policy.severity
    names = {
        CATEGORY_RULES: [rule.name for rule in taxonomy.rule],
        CATEGORY_VALUES: list(taxonomy.field_values),
        SEVERITY_VALUES: list(severity.field_values),
        MATRIX: list(_matrix(policy)),
        SIGNALS: [signal.name for signal in severity.signal],
        PRIORITIES: list(severity.priority_values),
        TRIGGERS: [trigger.name for trigger in severity.trigger],
        CELLS: list(_cells(policy)),
        PROMISES: list(_made(policy.practice.promises)),
        SCOPE: list(_made(policy.practice.scope)),
        ATTENTION: [key for key in ("quiet", "snooze") if getattr(policy.practice.attention, key)],
        SIGNS: [*policy.practice.signs.sign, *(flag.label for flag in policy.practice.signs.flag)],
        TEMPLATES: list(_kinds(policy)),
    }
    return [Unit(table, name) for table in TABLES for name in names[table]]


def exercised(judge: Judge, moments: Iterable[tuple[Judgement, Iterable[PromiseName]]]) -> set[Unit]:
    """What judgements tried, each with the kinds of comment that were written by it.

    A rule that matched, a value or cell that gave the severity, a trigger that held, a promise that was kept or
    said to be broken; never what was merely there.
    """
    tried: set[Unit] = set()
    sorted_so: set[tuple[str, Classification]] = set()
    for judged, said in moments:
        if (sorting := (judged.ticket.id, judged.classification)) not in sorted_so:
            sorted_so.add(sorting)
            tried |= {*_sorting(judge, judged)}
        tried |= {*_rating(judge.policy, judged)}
        tried |= {unit for clock in judged.clocks for unit in _promised(clock)}
        tried |= {Unit(SIGNS, name) for name in shown(judge.policy, judged)}
        if any(held.until for held in judged.held):
            tried.add(Unit(ATTENTION, "quiet"))
        for kind in said:
            tried |= {Unit(TEMPLATES, kind), Unit(TEMPLATES, CLIENT_FOOTER if _is_clients(kind) else FOOTER)}
    return tried


def matched(judge: Judge, judged: Judgement) -> list[str]:
    """The rules of the taxonomy that matched, if rules had a say at all."""
    classification = judged.classification
    if not classification.scores:
        return []
    tried = judge.classifier(judged.ticket).tried(judged.ticket, classification.heard)
    return [each.rule for each in tried if each.score]


def shown(policy: Policy, judged: Judgement) -> list[str]:
    """The early warnings of the ticket's client and the red flags on it, by name."""
    flagged = [flag.label for flag in flags(judged.ticket, policy.practice.signs)]
    return [*(warning.name for warning in judged.warnings), *flagged]


# --- what there is -----------------------------------------------------------------------------------------------


def _is_clients(kind: str) -> bool:
    return kind.startswith(FOR_CLIENTS)


def _matrix(policy: Policy) -> Iterator[str]:
    cells = policy.severity.matrix.cells if policy.severity.matrix else {}
    return (f"{impact} × {reach}" for impact, row in cells.items() for reach in row)


def _cells(policy: Policy) -> Iterator[str]:
    for severity in reversed(SEVERITIES):
        row = policy.escalation.row(severity)
        yield f"{severity}.first_response"
        if row.update:
            yield f"{severity}.update"
        if row.handover:
            yield f"{severity}.escalation"
        if row.handover and row.escalation.taken:
            yield f"{severity}.escalation.taken"
        if row.resolution:
            yield f"{severity}.resolution"


def _made(file: object) -> Iterator[str]:
    """The tables that are written in a file of promises."""
    keys = getattr(type(file), "model_fields", {})
    written = (key for key in keys if key not in _FIGURES)
    return (key for key in written if getattr(file, key))


def _kinds(policy: Policy) -> Iterator[str]:
    """The kinds of comment that the mapping can send."""
    sent = {FOR_CLIENTS + kind for kind in policy.practice.promises.to_client}
    there = {kind for _, kind in policy.templates}
    for kind in KINDS:
        to_client = _is_clients(kind) or kind == "withheld"
        if kind in there and (not to_client or kind in sent or (sent and kind in ("withheld", CLIENT_FOOTER))):
            yield kind


# --- what was tried ----------------------------------------------------------------------------------------------


def _sorting(judge: Judge, judged: Judgement) -> Iterator[Unit]:
    yield from (Unit(CATEGORY_RULES, rule) for rule in matched(judge, judged))
    if judged.classification.rule == "field_values":
        value = judged.ticket.fields["category"].casefold()
        yield from _named(CATEGORY_VALUES, judge.policy.taxonomy.field_values, value)


def _rating(policy: Policy, judged: Judgement) -> Iterator[Unit]:
    rating, given = judged.rating, judged.rating.given
    yield from (Unit(TRIGGERS, pull.trigger.name) for pull in rating.pulls)
    if given is None:
        return
    match given.source:
        case "field":
            yield from _named(SEVERITY_VALUES, policy.severity.field_values, given.value)
        case "priority":
            yield from _named(PRIORITIES, policy.severity.priority_values, given.value)
        case "matrix":
            yield from _named(MATRIX, _matrix(policy), given.value)
        case "signals":
            yield Unit(SIGNALS, rating.rule)


def _named(table: str, names: Iterable[str], value: str) -> Iterator[Unit]:
    return (Unit(table, name) for name in names if name.casefold() == value.casefold())


def _promised(clock: Clock) -> Iterator[Unit]:
    """The tables behind a promise that was kept, or of which something was due to be said."""
    if clock.promise == "snoozed":
        yield Unit(ATTENTION, "snooze")
    if clock.step < WARNING and clock.state != "met":
        return
    for rule in clock.rule.split(" × "):
        file, _, name = rule.partition(": ")
        if file in _FILES:
            yield Unit(_FILES[file], name)
    if clock.promise == "agreed":
        yield Unit(PROMISES, "agreed")
    if clock.promise == "escalation" and clock.step >= BREACH:
        yield Unit(CELLS, f"{clock.rule.partition(': ')[2]}.taken")
