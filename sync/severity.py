"""Ticket → severity with its reason and the event that gave it; and urgency, which is another figure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.conditions import View, compiled
from sync.ticket import SEVERITIES, Change, Comment, Severity, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from sync.conditions import Hits
    from sync.facts import Facts
    from sync.mapping.models import SeverityFile
    from sync.taxonomy import Classification
    from sync.ticket import Ticket

CREATED = "created"


@dataclass(frozen=True, slots=True)
class Raise:
    """One raise: which trigger, from what to what, on what evidence."""

    trigger: str
    before: Severity
    after: Severity
    evidence: str


@dataclass(frozen=True, slots=True)
class Rating:
    """A severity, the rule and evidence behind it, and the tracker event (and its instant) that gave it."""

    severity: Severity
    rule: str
    why: str
    event: str
    since: datetime
    raises: tuple[Raise, ...] = ()
    decided: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    severity: Severity
    rule: str
    why: str


_FIELDS = ("severity", "priority", "impact", "reach")


class Rater:
    """The severity file, compiled once."""

    def __init__(self, file: SeverityFile, prefix: str) -> None:
        self._file = file
        self._fields = {value.casefold(): level for value, level in file.field_values.items()}
        self._priorities = {value.casefold(): level for value, level in file.priority_values.items()}
        self._signals = [(signal, compiled(signal.when)) for signal in file.signal]
        self._labels: dict[str, Severity] = {prefix + level: level for level in SEVERITIES}
        self._ask: dict[str, Callable[[View], _Answer | None]] = {
            "field": self._by_field,
            "matrix": self._by_matrix,
            "signals": self._by_signals,
            "priority": self._by_priority,
        }

    def rate(
        self, ticket: Ticket, classification: Classification, facts: Facts, scan: Callable[[str], Hits]
    ) -> Rating:
        """The severity of one ticket now.

        The ticket's history is walked so that `event` names what gave the present severity: `created`, the
        id of the change or client comment, or of a person's label. An edit of the mapping moves no event.
        """
        rating = self._base(ticket, scan)
        return rating if rating.decided else self._raised(rating, ticket, classification, facts)

    def _base(self, ticket: Ticket, scan: Callable[[str], Hits]) -> Rating:
        steps = list(self._moments(ticket, scan))
        view, event, at = steps[0]
        answer = self._answer(view)
        current = Rating(answer.severity, answer.rule, answer.why, event, at)
        for view, event, at in steps[1:]:
            answer = self._answer(view)
            if answer.severity != current.severity:
                current = Rating(answer.severity, answer.rule, answer.why, event, at)
        return self._by_person(ticket, current)

    def _by_person(self, ticket: Ticket, current: Rating) -> Rating:
        present = ticket.labels & self._labels.keys()
        for change in reversed(ticket.changes) if present else ():
            if change.at < current.since and current.event != CREATED:
                break
            if change.field != "labels" or change.author.side in ("us", "machine"):
                continue
            added = (set(change.after.split()) - set(change.before.split())) & present
            if added:
                level = max((self._labels[label] for label in added), key=SEVERITIES.index)
                why = f"{change.author.name or 'somebody'} put the label"
                return Rating(level, "a person's label", why, change.id, change.at, decided=True)
        return current

    def _moments(self, ticket: Ticket, scan: Callable[[str], Hits]) -> Iterator[tuple[View, str, datetime]]:
        """The ticket as it looked at its creation and after every event that may change its severity."""
        said = [comment for comment in ticket.comments if comment.author.side == "client"]
        moved = [change for change in ticket.changes if change.field in _FIELDS]
        fields = dict(ticket.fields)
        for change in reversed(moved):
            fields[change.field] = change.before
        opened = ticket.reported or ticket.created
        hits = dict(scan(f"{ticket.title}\n{ticket.text}"))
        yield View(ticket, dict(fields) if moved else fields, dict(hits) if said else hits), CREATED, opened
        events: list[Change | Comment] = [*said, *moved]
        for event in sorted(events, key=lambda event: (event.at, event.id)):
            match event:
                case Change(field=field, after=after):
                    fields[field] = after
                case Comment(text=text):
                    hits |= scan(text)
            yield View(ticket, dict(fields), dict(hits)), event.id, event.at

    def _answer(self, view: View) -> _Answer:
        for source in self._file.order:
            answer = self._ask[source](view)
            if answer:
                return answer
        return _Answer(self._file.default, "default", "nothing on the ticket tells its severity")

    def _by_field(self, view: View) -> _Answer | None:
        value = view.fields.get("severity", "")
        level = self._fields.get(value.casefold()) if value else None
        return _Answer(level, "field_values", f"the severity field says “{value}”") if level else None

    def _by_priority(self, view: View) -> _Answer | None:
        value = view.fields.get("priority", "")
        level = self._priorities.get(value.casefold()) if value else None
        return _Answer(level, "priority_values", f"the priority is “{value}”") if level else None

    def _by_matrix(self, view: View) -> _Answer | None:
        impact, reach = view.fields.get("impact", ""), view.fields.get("reach", "")
        matrix = self._file.matrix
        level = matrix.cells.get(impact, {}).get(reach) if matrix else None
        return (
            _Answer(level, f"matrix.cells.{impact}.{reach}", f"impact {impact} × reach {reach}") if level else None
        )

    def _by_signals(self, view: View) -> _Answer | None:
        found = [(signal, evidence) for signal, test in self._signals if (evidence := test(view))]
        if not found:
            return None
        signal, evidence = max(found, key=lambda each: SEVERITIES.index(each[0].severity))
        return _Answer(signal.severity, signal.name, evidence)

    def _raised(self, rating: Rating, ticket: Ticket, classification: Classification, facts: Facts) -> Rating:
        raises: list[Raise] = []
        level = rating.severity
        opened = ticket.reported or ticket.created
        for trigger in self._file.trigger:
            category = classification.category if trigger.same_category else None
            earlier = facts.earlier(opened, trigger.within.elapsed(), category)
            if len(earlier) + 1 < trigger.client_issues:
                continue
            after = raised(level, trigger.raise_by)
            if after != level:
                named = ", ".join(known.key for known in earlier[-4:])
                evidence = (
                    f"issue number {len(earlier) + 1} of this client within {trigger.within.written} ({named})"
                )
                raises.append(Raise(trigger.name, level, after, evidence))
                level = after
        if not raises:
            return rating
        return Rating(level, rating.rule, rating.why, rating.event, rating.since, tuple(raises))


def raised(severity: Severity, steps: int) -> Severity:
    """The severity that many steps up, at most critical."""
    return SEVERITIES[min(SEVERITIES.index(severity) + steps, len(SEVERITIES) - 1)]


@dataclass(frozen=True, slots=True)
class Urgency:
    """How soon somebody should look: `score` ranks (higher is sooner), `parts` say what made it."""

    score: int
    parts: Mapping[str, int]


def urgency(
    ticket: Ticket, rating: Rating, until_break: timedelta | None, *, client_waits: bool, owned: bool
) -> Urgency:
    """Rank of a live ticket *(ours)*: time to the next broken promise first, then trend, then nobody on it.

    `until_break` is negative once a promise is broken, None when no promise runs. A ticket whose status is not
    live has urgency 0.
    """
    if not ticket.status.live:
        return Urgency(0, {})
    hours = until_break / timedelta(hours=1) if until_break is not None else None
    reopened = any(
        change.field == "status" and not Status(change.before).live and Status(change.after).live
        for change in ticket.changes
    )
    figures = {
        "time to the next broken promise": 0 if hours is None else max(0, min(50, round(40 - 2 * hours))),
        "severity": 5 * SEVERITIES.index(rating.severity),
        "the client waits for an answer": 10 if client_waits else 0,
        "reopened": 10 if reopened else 0,
        "raised": 5 * len(rating.raises),
        "nobody owns it": 10 if not owned else 0,
    }
    return Urgency(sum(figures.values()), {name: figure for name, figure in figures.items() if figure})
