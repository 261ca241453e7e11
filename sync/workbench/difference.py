"""What an edited mapping changes for the tickets that are live now: pure, from two plans over the same tickets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any

from sync.judging.clocks import BREACH, WARNING
from sync.judging.promises import TEXTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from sync.cycle import Sight
    from sync.plan import TicketPlan
    from sync.promise_names import PromiseName

_STEPS = {WARNING: "warning", BREACH: "overdue"}

Occasion = tuple["PromiseName", str]
"""A promise and the event since which it runs."""


@dataclass(frozen=True, slots=True)
class View:
    """One ticket by one mapping. `due` is what the due date field should show, `labels` those that should stand.

    `promises` are those that run, each with the instant it is broken at (None: none is known); `says` what the
    next pass would say, one line each; `granted` the promises that get a warning period first.
    """

    category: str = ""
    why_category: str = ""
    severity: str = ""
    why_severity: str = ""
    due: date | None = None
    labels: frozenset[str] = frozenset()
    promises: Mapping[Occasion, datetime | None] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    granted: frozenset[Occasion] = frozenset()


@dataclass(frozen=True, slots=True)
class Changed:
    """A ticket that the edit changes something for; None where one of the mappings leaves it alone."""

    source: str
    key: str
    title: str
    urgency: int
    now: datetime
    before: View | None
    after: View | None

    @property
    def moved(self) -> list[tuple[Occasion, datetime | None, datetime | None]]:
        """Promises whose limit moves, begins or ends: before and after. None that was broken and stays so."""
        before, after = (view.promises if view else {} for view in (self.before, self.after))
        limits = [(key, before.get(key), after.get(key)) for key in sorted({*before, *after})]
        return [
            (key, was, will)
            for key, was, will in limits
            if was != will and not (was and will and max(was, will) <= self.now)
        ]

    @property
    def spared(self) -> list[Occasion]:
        """Promises that the edit would break, or nearly: each gets one warning period first."""
        before, after = (view.granted if view else frozenset() for view in (self.before, self.after))
        return sorted(after - before)


@dataclass(frozen=True, slots=True)
class Difference:
    """All that an edit changes, the most urgent ticket first, over so many live tickets.

    `refusals` are plans that the guard would refuse, `troubles` sources that could not be compared.
    """

    live: int
    tickets: tuple[Changed, ...]
    refusals: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()


def difference(before: Sequence[Sight], after: Sequence[Sight]) -> Difference:
    """What is other in `after`, the plans by the edited mapping, than in `before`, those by the present one."""
    unread = {sight.plan.source for sight in (*before, *after) if sight.error}
    olds, news = (_tickets(sight for sight in each if sight.plan.source not in unread) for each in (before, after))
    changed = []
    for key in olds.keys() | news.keys():
        old, new = olds.get(key), news.get(key)
        shown = new or old
        if shown is None or _view(old) == _view(new):
            continue
        plan, source = shown
        ticket = plan.ticket
        changed.append(
            Changed(source, ticket.key, ticket.title, plan.urgency, plan.judged.now, _view(old), _view(new))
        )
    troubles = [f"{sight.plan.source}: {sight.plan.trouble}" for sight in (*before, *after) if sight.plan.trouble]
    refusals = [f"{sight.plan.source}: {sight.plan.refusal}" for sight in after if sight.plan.refusal]
    return Difference(
        len(olds.keys() | news.keys()),
        tuple(sorted(changed, key=lambda each: (-each.urgency, each.key))),
        tuple(refusals),
        tuple(dict.fromkeys(troubles)),
    )


Planned = tuple["TicketPlan", str]
"""The plan of one ticket, and its source."""


def as_json(told: Difference) -> dict[str, Any]:
    """The difference for a program."""
    return {
        "live": told.live,
        "refusals": list(told.refusals),
        "troubles": list(told.troubles),
        "tickets": [
            {
                "source": each.source,
                "ticket": each.key,
                "title": each.title,
                "before": _as_json(each.before),
                "after": _as_json(each.after),
                "spared": [promise for promise, _ in each.spared],
            }
            for each in told.tickets
        ],
    }


def _as_json(view: View | None) -> dict[str, Any] | None:
    if view is None:
        return None
    return {
        "category": view.category,
        "severity": view.severity,
        "due": view.due.isoformat() if view.due else None,
        "labels": sorted(view.labels),
        "promises": [
            {"promise": promise, "occasion": occasion, "due": due.astimezone(UTC).isoformat() if due else None}
            for (promise, occasion), due in sorted(view.promises.items())
        ],
        "says": list(view.says),
    }


def _tickets(sights: Iterable[Sight]) -> dict[tuple[str, str], Planned]:
    """The live tickets that were judged and are not opted out, by site and id."""
    return {
        (plan.ticket.site, plan.ticket.id): (plan, sight.plan.source)
        for sight in sights
        for plan in sight.drafts
        if plan.ticket.status.live and not plan.judged.opted_out
    }


def _view(planned: Planned | None) -> View | None:
    if planned is None:
        return None
    judged = planned[0].judged
    running = {(clock.promise, clock.occasion): clock.due for clock in judged.clocks if clock.live}
    return View(
        category=judged.classification.category,
        why_category=judged.classification.rule,
        severity=judged.rating.severity,
        why_severity=", ".join(each.trigger for each in judged.rating.raises) or judged.rating.rule,
        due=judged.due.day if judged.due else None,
        labels=frozenset(want.label for want in judged.labels or ()),
        promises=running,
        says=tuple(_says(planned[0])),
        granted=frozenset(running.keys() & planned[0].before.granted.keys()),
    )


def _says(plan: TicketPlan) -> Iterator[str]:
    """What the next pass would say on the ticket."""
    said = {saying.obligation: saying for saying in plan.judged.sayings}
    for owed in plan.comment.obligations if plan.comment else ():
        saying = said.get(owed)
        asked = f" → {saying.role.replace('_', ' ')}" if saying and saying.role else ""
        step = f", {_STEPS.get(owed.step, 'reminder')}"
        if (saying and saying.clock.state == "notice") or (owed.promise, owed.step) == ("escalation", WARNING):
            step = ""
        yield f"{TEXTS.get(owed.promise, owed.promise)}{step}{asked}"
