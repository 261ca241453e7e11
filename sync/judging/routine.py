"""Contact at fixed intervals, not only in trouble: watched on the ticket that stands for an engagement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sync.judging import clocks, contact
from sync.judging.clocks import Start
from sync.judging.evidence import evidence_of, proofs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.judging.clocks import Clock
    from sync.judging.promises import Promises
    from sync.mapping.tracker_models import Mapping as TrackerMapping
    from sync.ticket import Ticket

Name = Literal["checkin", "stakeholder_call", "survey", "kickoff"]
"""Routines that are called after their evidence."""
REPEATED: tuple[Name, ...] = ("checkin", "stakeholder_call", "survey")


def is_home(ticket: Ticket, mapping: TrackerMapping) -> bool:
    """Whether the ticket stands for an engagement as a whole."""
    home = mapping.engagements
    kinds = {kind.casefold() for kind in home.kinds}
    return ticket.kind.casefold() in kinds or not ticket.labels.isdisjoint(home.labels)


def made(case: Promises) -> Iterator[Clock]:
    """Each routine's clock, from the last time that it was done."""
    for name in REPEATED:
        yield from _routine(case, name)
    yield from _reviews(case)
    yield from _routine(case, "kickoff")


def _routine(case: Promises, name: Name) -> Iterator[Clock]:
    cell = getattr(case.practice, name)
    if cell is None:
        return
    evidence, cycle, rule = evidence_of(case.terms.mapping, name), case.cycle, f"promises.toml: {name}"
    if not evidence.mapped:
        note = f"no evidence is mapped; add [evidence.{name}] to the tracker's file"
        yield clocks.off(name, cycle.event, rule, cycle.since, note)
        return
    done = [event for event in proofs(case.ticket, evidence) if cycle.since <= event.at <= case.now]
    once, last = name == "kickoff", done[-1] if done else None
    began = contact.Cycle(last.id, last.at) if last and not once else cycle
    start = Start(name, began.event, rule, began.since, about=last)
    yield case.wind(start, cell, case.pauses, done[0] if once and done else None)


def _reviews(case: Promises) -> Iterator[Clock]:
    """A review after each milestone that had none since."""
    cell, mapping, rule = case.practice.milestone_review, case.terms.mapping, "promises.toml: milestone_review"
    if cell is None:
        return
    milestone, review = evidence_of(mapping, "milestone"), evidence_of(mapping, "milestone_review")
    if not (milestone.mapped and review.mapped):
        note = (
            "no evidence is mapped; add [evidence.milestone] and [evidence.milestone_review] to the tracker's file"
        )
        yield clocks.off("milestone_review", case.cycle.event, rule, case.cycle.since, note)
        return
    reached = [event for event in proofs(case.ticket, milestone) if case.cycle.since <= event.at <= case.now]
    for event in reached[-1:]:
        held = next((each for each in proofs(case.ticket, review) if event.at <= each.at <= case.now), None)
        start = Start("milestone_review", event.id, rule, event.at, about=event)
        yield case.wind(start, cell, case.pauses, held)
