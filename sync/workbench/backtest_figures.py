"""The figures of a backtest: by promise, role and week, ticket, hour and rule; its limits; two side by side."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, TypeVar

from sync.judging.clocks import BREACH, WARNING
from sync.ticket import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sync.workbench.backtest import Report, Tale

T = TypeVar("T")

NINE_OF_TEN = 0.9
_STEPS = {WARNING: "", BREACH: " broken"}
_ENOUGH = 5
"""Promises that must have been met before nine of ten are spoken of *(ours)*."""


@dataclass(frozen=True, slots=True)
class Promises:
    """What became of one promise at one severity; `made` is the sum of the other three."""

    promise: str
    severity: str
    made: int
    kept: int
    broken: int
    open: int
    warned: int


@dataclass(frozen=True, slots=True)
class Rule:
    """How much one mapping cell had to say, and on how many tickets.

    `needed` is the time within which nine of ten of its promises were met, in time or late; None where there is no
    such promise, or too few were ever met to tell. `unmet` were not met by the end.
    """

    rule: str
    comments: int
    tickets: int
    needed: timedelta | None
    unmet: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How the comments fall on the tickets that have any: the middle, nine of ten, and the most, on which."""

    tickets: int
    median: int
    ninth: int
    most: int
    on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that was passed: by whom and when (a role and an ISO week), or by one ticket alone."""

    role: str
    week: str
    count: int
    limit: int
    tickets: tuple[str, ...]

    def __str__(self) -> str:
        """One sentence, with the tickets that made it."""
        allowed = f"(at most {self.limit})"
        if not self.role:
            return f"{self.tickets[0]} got {self.count} comments {allowed}"
        return f"{self.role} was asked {self.count} times in {self.week} {allowed}: {', '.join(self.tickets)}"


@dataclass(frozen=True, slots=True)
class Difference:
    """What another mapping makes of one ticket: each pair is ours, then the other's.

    `first` is when the two first differ, and `what` is then told by one of them, by the other never or at another
    time. `weight` counts everything on which they differ.
    """

    ticket: str
    category: tuple[str, str]
    severity: tuple[str, str]
    comments: tuple[int, int]
    broken: tuple[int, int]
    first: datetime
    what: str
    weight: int


def by_promise(report: Report) -> list[Promises]:
    """What became of each promise, by severity; those that were broken most often first."""
    counted: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for tale in report.tales:
        for each in tale.promised:
            counted[each.promise, each.severity].update([each.outcome, *(["warned"] if each.warned else [])])
    rows = [
        Promises(
            *name,
            count["kept"] + count["broken"] + count["open"],
            count["kept"],
            count["broken"],
            count["open"],
            count["warned"],
        )
        for name, count in counted.items()
    ]
    broken: Counter[str] = Counter()
    for row in rows:
        broken[row.promise] += row.broken
    severities = [str(name) for name in reversed(SEVERITIES)]
    return sorted(rows, key=lambda row: (-broken[row.promise], row.promise, severities.index(row.severity)))


def merged(rows: Iterable[Promises]) -> list[Promises]:
    """The same over all severities."""
    sums: dict[str, list[int]] = {}
    for row in rows:
        so_far = sums.setdefault(row.promise, [0] * 5)
        figures = (row.made, row.kept, row.broken, row.open, row.warned)
        sums[row.promise] = [one + other for one, other in zip(so_far, figures, strict=True)]
    return [Promises(promise, "", *figures) for promise, figures in sums.items()]


def week_of(at: datetime) -> str:
    """The ISO week, such as `2026-W08`, on the wall clock that `at` is told by."""
    year, week, _ = at.isocalendar()
    return f"{year}-W{week:02}"


def weeks(report: Report) -> list[str]:
    """Every ISO week in which something was said, and those between."""
    said = report.said
    if not said:
        return []
    first, last = said[0][1].at.date(), said[-1][1].at.date()
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return list(dict.fromkeys(f"{day.isocalendar()[0]}-W{day.isocalendar()[1]:02}" for day in days))


def asked(report: Report) -> dict[str, dict[str, list[str]]]:
    """By role, those asked most first, and ISO week: the ticket of each comment that asked for the role."""
    found: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for tale, said in report.said:
        for role in said.roles:
            found[role][week_of(said.at)].append(tale.key)
    return dict(
        sorted(
            ((role, dict(each)) for role, each in found.items()),
            key=lambda pair: (-sum(map(len, pair[1].values())), pair[0]),
        )
    )


def spread(report: Report) -> Spread:
    """How the comments fall on tickets."""
    counts = sorted(len(tale.said) for tale in report.tales if tale.said)
    if not counts:
        return Spread(0, 0, 0, 0, ())
    most = tuple(tale.key for tale in report.tales if len(tale.said) == counts[-1])
    return Spread(len(counts), _share(counts, 0.5), _share(counts, NINE_OF_TEN), counts[-1], most)


def by_hour(report: Report) -> list[int]:
    """How many comments were written in each hour of the day, on the clock of each source."""
    counted = Counter(said.at.hour for _, said in report.said)
    return [counted[hour] for hour in range(24)]


def by_rule(report: Report) -> list[Rule]:
    """Each rule that had something to say, the noisiest first."""
    comments: defaultdict[str, list[str]] = defaultdict(list)
    for tale, said in report.said:
        for rule in said.rules:
            comments[rule].append(f"{tale.source} {tale.id}")
    took: defaultdict[str, list[timedelta]] = defaultdict(list)
    unmet: Counter[str] = Counter()
    for tale in report.tales:
        for each in tale.promised:
            if each.took is not None:
                took[each.rule].append(each.took)
            unmet[each.rule] += each.took is None
    rules = [
        Rule(
            rule,
            len(on),
            len(set(on)),
            _share(sorted(took[rule]), NINE_OF_TEN) if len(took[rule]) >= _ENOUGH else None,
            unmet[rule],
        )
        for rule, on in comments.items()
    ]
    return sorted(rules, key=lambda rule: (-rule.comments, rule.rule))


def _share(ordered: Sequence[T], share: float) -> T:
    """The smallest of the ordered values that so large a share of them do not exceed."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


# --- limits -----------------------------------------------------------------------------------------------------


def exceeded(report: Report, per_role_week: Mapping[str, int], per_ticket: int | None) -> list[Excess]:
    """The limits that were passed, the worst week of each role first."""
    found = [
        Excess(role, week, len(tickets), per_role_week[role], tuple(dict.fromkeys(tickets)))
        for role, by_week in asked(report).items()
        for week, tickets in by_week.items()
        if role in per_role_week and len(tickets) > per_role_week[role]
    ]
    if per_ticket is not None:
        found += [
            Excess("", "", len(tale.said), per_ticket, (tale.key,))
            for tale in report.tales
            if len(tale.said) > per_ticket
        ]
    return sorted(found, key=lambda each: (each.role, -each.count, each.week, each.tickets))


# --- two mappings -----------------------------------------------------------------------------------------------


def differences(ours: Report, other: Report) -> list[Difference]:
    """The tickets of which the two reports tell differently, the most affected first."""
    theirs = {(tale.source, tale.id): tale for tale in other.tales}
    found = [
        _difference(tale, theirs[tale.source, tale.id]) for tale in ours.tales if (tale.source, tale.id) in theirs
    ]
    return sorted(filter(None, found), key=lambda each: (-each.weight, each.ticket))


def _difference(one: Tale, two: Tale) -> Difference | None:
    before, after = dict(_events(one)), dict(_events(two))
    apart = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    if not apart:
        return None
    at, first = min((min(filter(None, (before.get(key), after.get(key)))), key) for key in apart)
    return Difference(
        one.key,
        (one.category, two.category),
        (one.severity, two.severity),
        (len(one.said), len(two.said)),
        (_broken(one), _broken(two)),
        at,
        f"{first[0]}: {_how(before.get(first), after.get(first))}",
        len(apart),
    )


def _how(before: datetime | None, after: datetime | None) -> str:
    if before is None:
        return "new"
    if after is None:
        return "no more"
    return "later" if after > before else "earlier"


def _broken(tale: Tale) -> int:
    return sum(each.outcome == "broken" for each in tale.promised)


def _events(tale: Tale) -> Iterator[tuple[tuple[str, ...], datetime]]:
    """All that can be told apart on a ticket, and when: what it is taken for, and each step that is told."""
    for number, (at, category, severity) in enumerate(tale.turns):
        yield (f"{category}, {severity}", str(number)), at
    for said in tale.said:
        for promise, occasion, step in said.steps:
            name = promise.replace("_", " ")
            yield (f"{name}{_STEPS.get(step, f', reminder {step - BREACH}')}", occasion), said.at
