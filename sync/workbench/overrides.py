"""How often people undid or ignored what each rule wrote, and what the numbers suggest."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sync.state.records import JournalEntry, Override

ENOUGH = 5
"""From so many cases on a share says something *(ours)*."""
OFTEN = 0.3
"""The share of cases from which on something is suggested *(ours)*."""
UNKNOWN = "(written by an older version)"
OWNER = "the ticket's owner"
_TOLD_ONLY = frozenset({"raised", "withdrawn", "taken", "snoozed"})
"""What a comment tells without asking anybody for anything."""

Key = tuple[str, str]
"""A ticket's site and its id there."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of one rule, role or client.

    `wrote` counts labels put and due dates written, `undone` those that a person took off or replaced. `asked`
    counts occasions on which somebody was asked for something, `again` those that needed another comment.
    """

    name: str
    wrote: int = 0
    undone: int = 0
    asked: int = 0
    again: int = 0

    @property
    def rank(self) -> tuple[int, int, str]:
        """The most overruled first."""
        return -(self.undone + self.again), -(self.wrote + self.asked), self.name


@dataclass(frozen=True, slots=True)
class Report:
    """The tallies of every rule, role and client, the most overruled first; roles only ask, and write nothing."""

    rules: tuple[Tally, ...]
    roles: tuple[Tally, ...]
    clients: tuple[Tally, ...]

    @property
    def suggestions(self) -> list[str]:
        """What the numbers suggest, one sentence each."""
        rules = (advised for tally in self.rules for advised in _of_rule(tally))
        return [*rules, *(advised for tally in self.roles for advised in _of_role(tally))]


def report(
    journal: Iterable[JournalEntry], overrides: Iterable[tuple[str, Override]], clients: Mapping[Key, str]
) -> Report:
    """What came of all that was written, by `clients`' tickets (others count for no client)."""
    rules: defaultdict[str, Counter[str]] = defaultdict(Counter)
    roles: defaultdict[str, Counter[str]] = defaultdict(Counter)
    of_client: defaultdict[str, Counter[str]] = defaultdict(Counter)
    steps: dict[tuple[Key, str, str], list[tuple[int, str, str]]] = {}
    for entry in journal:
        key = entry.site, entry.ticket
        for rule in _written(entry):
            rules[rule]["wrote"] += 1
            of_client[clients.get(key, "")]["wrote"] += 1
        for owed, rule, role in _asked(entry):
            steps.setdefault((key, owed[0], owed[1]), []).append((owed[2], rule, role))
    for site, override in _once(overrides):
        rules[override.rule or UNKNOWN]["undone"] += 1
        of_client[clients.get((site, override.ticket), "")]["undone"] += 1
    for (key, _, _), taken in steps.items():
        first, *later = sorted(taken)
        for tally in (rules[first[1]], of_client[clients.get(key, "")]):
            tally["asked"] += 1
            tally["again"] += bool(later)
        for number, (_, _, role) in enumerate([first, *later]):
            roles[role]["asked"] += 1
            roles[role]["again"] += number < len(later)
    return Report(*(_ranked(counted) for counted in (rules, roles, of_client)))


def _once(overrides: Iterable[tuple[str, Override]]) -> Iterator[tuple[str, Override]]:
    """Each override once: a label that stays off under another prefix is no second one."""
    seen: set[tuple[str, str, bool, str]] = set()
    for site, each in overrides:
        key = site, each.ticket, each.what == "due", each.reason
        if key not in seen:
            seen.add(key)
            yield site, each


def _ranked(counted: Mapping[str, Counter[str]]) -> tuple[Tally, ...]:
    return tuple(sorted((Tally(name, **counts) for name, counts in counted.items()), key=lambda each: each.rank))


def _written(entry: JournalEntry) -> Iterator[str]:
    """The rule behind each label that was put and behind the due date."""
    if entry.kind != "edit" or entry.detail.get("undoes"):
        return
    rules = cast("Mapping[str, str]", entry.detail.get("rules", {}))
    for label in cast("Sequence[str]", entry.detail.get("add", ())):
        yield rules.get(label, UNKNOWN)
    if entry.detail.get("due"):
        yield rules.get("due", UNKNOWN)


def _asked(entry: JournalEntry) -> Iterator[tuple[tuple[str, str, int], str, str]]:
    """Each step by which a comment asked for something, with its rule and the role that it asked."""
    if entry.kind != "comment":
        return
    said = entry.said
    rules = cast("Sequence[str]", entry.detail.get("rules") or [UNKNOWN] * len(said))
    roles = cast("Sequence[str]", entry.detail.get("roles") or [""] * len(said))
    for owed, rule, role in zip(said, rules, roles, strict=True):
        if owed.promise not in _TOLD_ONLY:
            yield (owed.promise, owed.occasion, owed.step), rule, role or OWNER


def _of_rule(tally: Tally) -> Iterator[str]:
    name = tally.name
    if tally.undone >= ENOUGH and tally.undone >= OFTEN * tally.wrote:
        yield f"{name}: people undid it {tally.undone} of {tally.wrote} times; {_narrower(name)}"
    if tally.again >= ENOUGH and tally.again >= OFTEN * tally.asked:
        yield (
            f"{name}: {tally.again} of {tally.asked} times asking once was not enough; "
            "give it more time, or ask somebody who can act"
        )


def _narrower(rule: str) -> str:
    match rule.partition(":")[0]:
        case "taxonomy.toml":
            return "narrow its phrases, and hold that by a test in mappings/tests/"
        case "severity.toml":
            return "look at which field or trigger rates so, and rate it lower"
        case "escalation.toml":
            return 'where it is a date, set due = "resolution" or "off" for the source; else look at its figures'
        case _:
            return "look at whether it helps"


def _of_role(tally: Tally) -> Iterator[str]:
    if tally.again >= ENOUGH and tally.again >= OFTEN * tally.asked:
        yield (
            f"{tally.name}: did not heed {tally.again} of {tally.asked} times; is the right person named in "
            "clients.toml, and do they see it (people.bring_in in the tracker's file, [notify] in config.toml)?"
        )


def as_json(told: Report) -> dict[str, Any]:
    """The report for a program."""
    groups = {"rules": told.rules, "roles": told.roles, "clients": told.clients}
    return {
        name: [
            {
                "name": each.name,
                "wrote": each.wrote,
                "undone": each.undone,
                "asked": each.asked,
                "again": each.again,
            }
            for each in tallies
        ]
        for name, tallies in groups.items()
    } | {"suggestions": told.suggestions}
