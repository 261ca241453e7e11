"""Messages that the client may read: those that promises.toml lists, where the tracker can show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.judging import clocks, scope
from sync.judging.clocks import Start
from sync.judging.duties import dated, duty
from sync.judging.evidence import moved_later, pledges
from sync.judging.scope import Choice, request_of
from sync.ticket import Audience

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sync.judging.clocks import Clock
    from sync.judging.contact import Cycle
    from sync.judging.promises import Promises
    from sync.promise_names import PromiseName

RULE = "promises.toml: to_client"


@dataclass(frozen=True, slots=True)
class Question:
    """What the client is asked or told: by when they answer, or hear from us next, and about which request.

    `by` None: no such time lies ahead.
    """

    by: datetime | None
    choice: Choice | None = None


def living(case: Promises) -> Iterator[Clock]:
    """Those that a living ticket calls for: that we have it, that its date moves, that there is a choice."""
    listed = _listed(case)
    if "received" in listed and not case.contacted:
        yield _message(case, "client_received", case.cycle.event, case.cycle.since, Question(_next_word(case)))
    pledged = pledges(case.ticket, case.terms.mapping, case.memory, case.now) if "slip" in listed else []
    if late := moved_later(pledged, case.cycle.since):
        yield _message(case, "client_slip", late.event, late.at, late)
    if case.category == "scope":
        yield from _scope(case, listed)


def afterwards(case: Promises, over: Cycle) -> Iterator[Clock]:
    """Those that a solved ticket calls for."""
    listed = _listed(case)
    if "resolved" in listed and dated(case, over):
        verified = duty(case, "verified", case.practice.verified, over)
        yield _message(case, "client_resolved", over.event, over.since, Question(_ahead(case, verified)))
    if case.category == "scope" and "goodwill" in listed:
        yield from _scope(case, frozenset({"goodwill"}))


def _next_word(case: Promises) -> datetime:
    """The end of the client's next working day, for a client who is owed word and was promised no time yet."""
    told = case.practice.acknowledged
    return clocks.end_of_day(case.calendar, case.now, told.at_least.elapsed() if told else timedelta())


def _scope(case: Promises, listed: frozenset[str]) -> Iterator[Clock]:
    rules = case.policy.practice.scope
    request = request_of(case.ticket, case.terms.mapping, rules.decisions)
    limit = rules.goodwill_up_to.elapsed().total_seconds() / 60 if rules.goodwill_up_to else None
    choice = Choice(request, round(limit) if limit else None)
    if "goodwill" in listed and request.decision == "goodwill" and request.at and request.at <= case.now:
        yield _message(case, "client_goodwill", request.event, request.at, choice)
    beyond = limit is not None and request.minutes is not None and request.minutes > limit
    if "choice" in listed and beyond and not request.decision:
        decided = next((clock for clock in scope.made(case) if clock.promise == "scope_choice"), None)
        question = Question(_ahead(case, decided), choice)
        yield _message(case, "client_choice", case.cycle.event, case.cycle.since, question)


def _ahead(case: Promises, clock: Clock | None) -> datetime | None:
    """When a promise runs out, if it still does; a client is never asked for something by yesterday."""
    return clock.due if clock and clock.live and clock.due and clock.due > case.now else None


def _listed(case: Promises) -> frozenset[str]:
    """What may be said to the client on this very ticket; nothing where it could not be shown to them."""
    able = Audience.CLIENT in case.ticket.audiences and not case.terms.staff_only
    return frozenset(case.practice.to_client) if able else frozenset()


def _message(case: Promises, promise: PromiseName, occasion: str, at: datetime, about: object = None) -> Clock:
    return clocks.notice(Start(promise, occasion, RULE, at, about=about), case.now)
