"""The passes of a replay are those that the daemon itself would have made."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from real_downtime import BEGIN, Desk, acts
from real_past import SETTINGS, desk_past, desk_policy, desk_tickets

from sync.workbench.replay import replayed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from sync.plan import TicketPlan

HOUR = timedelta(hours=1)
DAYS = timedelta(days=3)


def told(at: datetime, plans: Iterable[TicketPlan]) -> Counter[object]:
    """Each comment: its hour, its ticket, the steps that it tells, and who is asked by it."""
    found = Counter[object]()
    for plan in plans:
        if plan.comment:
            steps = frozenset((owed.promise, owed.step) for owed in plan.comment.obligations)
            found[at, plan.ticket.key, steps, plan.comment.roles] += 1
    return found


def test_a_replay_says_on_each_ticket_and_in_each_hour_what_a_daemon_says_that_looks_every_hour(
    corpus: Path, tmp_path: Path
) -> None:
    lived, again = Counter[object](), Counter[object]()
    desk = Desk(tmp_path, acts(corpus))
    desk.play(BEGIN)
    while desk.now <= BEGIN + DAYS:
        lived += told(desk.now, desk.look().plan.tickets)
        desk.play(desk.now + HOUR)
    desk.store.close()
    past = desk_past(desk_tickets(corpus, tmp_path / "whole"), BEGIN)
    for each in replayed(SETTINGS, desk_policy(), {"desk": past}, BEGIN + DAYS, HOUR):
        assert not [sight.error for sight in each.sights if sight.error]
        again += told(each.at, (plan for sight in each.sights for plan in sight.plan.tickets))
    assert lived.total() > 100
    assert again == lived
