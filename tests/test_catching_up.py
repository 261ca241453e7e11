"""After an hour, a night, a week-end and a month of downtime: one comment a ticket, and how late it is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from real_downtime import OUTAGES, caught_up, sounds, told
from real_issues import HERE
from tickets import shipped

from sync.action import AddComment
from sync.judging.clocks import BREACH
from sync.richtext import plain
from sync.saying.spoken import span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from real_downtime import CatchingUp

    from sync.judging.promises import Saying
    from sync.plan import TicketPlan


@pytest.fixture(scope="module")
def found(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> list[CatchingUp]:
    return caught_up(corpus, tmp_path_factory.mktemp("desk"))


def said(plan: TicketPlan) -> Iterator[Saying]:
    """What the comment of a plan says."""
    owed = plan.comment.obligations if plan.comment else ()
    return (saying for saying in plan.judged.sayings if saying.obligation in owed)


def test_each_ticket_hears_the_newest_step_of_each_promise_in_one_comment(found: list[CatchingUp]) -> None:
    for each in found:
        assert each.first.error is None
        assert not each.first.plan.failed
        assert each.comments, each.outage.name
        written = []
        for plan in each.comments:
            assert sum(isinstance(action, AddComment) for action in plan.actions) == 1
            clocks = {(clock.promise, clock.occasion): clock for clock in plan.judged.clocks}
            occasions = [(saying.obligation.promise, saying.obligation.occasion) for saying in said(plan)]
            assert len(set(occasions)) == len(occasions), plan.ticket.key
            assert [clocks[one].step for one in occasions] == [saying.obligation.step for saying in said(plan)]
            written += [saying.obligation.id(plan.ticket.site, plan.ticket.id) for saying in said(plan)]
        assert each.stands - each.said == set(written), "no step in between was told"
        assert len(each.stands) == len(each.said) + len(written), "and none a second time"


def test_the_comment_says_how_late_it_is(found: list[CatchingUp]) -> None:
    late: Counter[str] = Counter()
    for each in found:
        for plan in each.comments:
            assert plan.comment
            text = plain(plan.comment.body)
            for saying in said(plan):
                due = saying.clock.due
                if saying.obligation.step >= BREACH and due and due < plan.judged.now:
                    late[saying.obligation.promise] += 1
                    assert span(plan.judged.now - due, "en") in text, (plan.ticket.key, saying.obligation)
    assert late.total() > 100
    assert late.keys() >= {"first_response", "owned", "update", "escalation", "assessed", "slip", "verified"}


def test_a_second_pass_adds_nothing(found: list[CatchingUp]) -> None:
    for each in found:
        assert each.second.error is None
        assert each.second.plan.seen >= len(each.comments), "what was written is looked at again"
        assert each.second.plan.actions() == [], each.outage.name


def test_nobody_on_the_ladder_is_passed_over_however_many_steps_fell_due(found: list[CatchingUp]) -> None:
    ladder, matrix = shipped().escalation.ladder, shipped().escalation
    jumped = 0
    for each in found:
        for plan in each.comments:
            first = ladder.index(matrix.row(plan.judged.rating.severity).escalation.to)
            for saying in said(plan):
                owed = saying.obligation
                before = plan.before.last_step(plan.ticket.site, plan.ticket.id, owed.promise, owed.occasion)
                asked_owner = owed.promise != "escalation"
                jumped += owed.step - before > 1
                if not saying.asked and asked_owner:
                    owner = plan.ticket.assignee
                    assert saying.to.id == (owner.id if owner else saying.to.id), plan.ticket.key
                    assert saying.role == ("" if owner else ladder[0]), plan.ticket.key
                else:
                    above = saying.asked - asked_owner
                    assert saying.role == ladder[min(first + above, len(ladder) - 1)], plan.ticket.key
    assert jumped > 50, "many a step was left out"


def test_however_long_it_was_down_it_says_no_more_than_it_would_have_said_meanwhile(
    found: list[CatchingUp],
) -> None:
    assert [each.outage for each in found] == list(OUTAGES)
    for each in found:
        assert len(each.comments) <= len(each.meanwhile)
        live = {judged.ticket.id: sum(clock.live for clock in judged.clocks) for judged in each.thought}
        for plan in each.comments:
            assert plan.comment
            assert len(plan.comment.ids) <= live[plan.ticket.id], plan.ticket.key
    month = found[-1]
    assert len(month.comments) * 5 < len(month.meanwhile)


def test_the_page_shows_what_each_downtime_came_to(found: list[CatchingUp]) -> None:
    page = (HERE.parent / "docs" / "real-data.md").read_text(encoding="utf-8")
    for section in (told(found), sounds(found[-1])):
        assert section in page, "run benchmarks/real_data.py"
