"""The end of a pass: what the next one starts from, in one commit per source."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.store import Row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sync.apply import Result
    from sync.cycle import Program
    from sync.judgement import Judgement
    from sync.observe import Seen
    from sync.plan import Plan

TRY_AGAIN = timedelta(minutes=15)
"""When a ticket that could not be written is looked at again *(ours)*."""


def remember(  # noqa: PLR0913, PLR0917 - all that a pass leaves behind
    seen: Seen, plan: Plan, results: Sequence[Result], judged: Sequence[Judgement], program: Program, now: datetime
) -> None:
    """Keep the cursor, the index rows with their wake times, and what was learnt about people's edits."""
    name, store = plan.source, program.store
    wake = {each.ticket.id: _wake(each, seen, program) for each in judged}
    wake |= {each.ticket.id: now for each in plan.tickets if each.actions}
    wake |= {
        result.plan.ticket.id: now + TRY_AGAIN if result.failed else result.plan.judged.wake_at
        for result in results
    }
    rows = [
        Row(
            name,
            program.judge.known(each.ticket, each.classification),
            each.ticket.status.live,
            wake[each.ticket.id],
        )
        for each in judged
    ]
    noticed = {
        each.ticket.id: each.after
        for each in plan.tickets
        if not each.actions and each.after != each.before and plan.mode != "observe"
    }
    if seen.log:
        store.observe(seen.site, seen.log)
    state = store.source(name) if seen.partial else seen.state
    halted = program.digest if any(result.leaked for result in results) else seen.state.halted
    store.remember(name, replace(state, site=seen.site, last_good=now, trouble="", halted=halted), rows, noticed)
    if seen.gone:
        store.forget_tickets(seen.site, seen.gone)


def _wake(judged: Judgement, seen: Seen, program: Program) -> datetime | None:
    """When the ticket wants to be judged again though nobody touches it: by its clocks, or by a doubt."""
    memory = seen.memories.get(judged.ticket.id)
    if memory is None or memory.doubtful is None:
        return judged.wake_at
    doubt_ends = memory.doubtful + program.settle_after
    return min(doubt_ends, judged.wake_at) if judged.wake_at else doubt_ends
