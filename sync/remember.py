"""The end of a pass: what the next one starts from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.judging.attention import day_ends
from sync.judging.memory import NOTHING
from sync.judging.standing import standing
from sync.secrecy import unquoted
from sync.state.records import Override, Remembered, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sync.apply import Result
    from sync.judging.facts import Known
    from sync.judging.judgement import Judgement
    from sync.observe import Seen
    from sync.plan import Plan, TicketPlan

TRY_AGAIN = timedelta(minutes=15)
"""When a record that could not be read is looked at again *(ours)*; a write that failed is due at once."""


def remembered(
    seen: Seen, plan: Plan, judged: Sequence[Judgement], results: Sequence[Result], now: datetime
) -> Remembered:
    """The cursor, the index rows with their wake times, and what was learnt about people's edits."""
    wake = {each.ticket.id: _wake(each, seen, now) for each in judged}
    wake |= {each.ticket.id: now for each in plan.tickets if each.actions or each.again}
    for result in results:
        number = result.plan.ticket.id
        again = result.failed or result.plan.again
        wake[number] = now if again else _wake(result.plan.judged, seen, now)
    for each in plan.tickets:
        if each.tomorrow:
            tomorrow = day_ends(now, seen.served.terms.zone)
            wake[each.ticket.id] = min(wake[each.ticket.id] or tomorrow, tomorrow)
    rows = [
        Row(
            plan.source,
            _kept(seen.known[each.ticket.id], live=each.ticket.status.live),
            each.ticket.status.live,
            wake[each.ticket.id],
            standing(each, seen.state.policy),
        )
        for each in judged
    ]
    noticed = {
        each.ticket.id: each.after
        for each in plan.tickets
        if each.after != each.before and each.edit().empty and plan.writes
    }
    refused = plan.refusal if plan.writes else ""
    state = replace(seen.state, last_good=seen.state.last_good if refused else now, trouble=refused)
    own = seen.served.terms.mapping.words
    unread = {number: unquoted(failure.why, own) for number, failure in seen.unread.items()}
    undone = [each for planned in plan.tickets if plan.writes for each in overrides(planned, now)]
    return Remembered(state, rows, noticed, unread, now + TRY_AGAIN, seen.gone, undone)


def _kept(known: Known, *, live: bool) -> Known:
    """What is kept of a ticket: once it is done, no title and address that no register shows."""
    record = known.record
    told = (known.told.request, record.root_cause, record.prevention, record.lesson)
    return known if live or any(told) else replace(known, record=replace(record, title="", url=""))


def overrides(plan: TicketPlan, now: datetime) -> Iterator[Override]:
    """What people undid of ours on one ticket since it was last judged."""
    wanted = {want.label: want.because.rule for want in plan.judged.labels or ()}
    before, after, number = plan.before, plan.after, plan.ticket.id
    for label, reason in after.refused.items():
        if label not in before.refused:
            yield Override(number, label, reason, wanted.get(label, ""), now)
    if before.due_written and before.due and plan.ticket.due != before.due:
        rule = plan.judged.due.because.rule if plan.judged.due else ""
        yield Override(number, "due", before.due.isoformat(), rule, now)


def _wake(judged: Judgement, seen: Seen, now: datetime) -> datetime | None:
    """When the ticket wants to be judged again though nobody touches it: by its clocks, or while in doubt."""
    memory = seen.memories.get(judged.ticket.id, NOTHING)
    return now if memory.doubtful or memory.unsure else judged.wake_at
