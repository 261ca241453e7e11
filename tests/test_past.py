"""A tracker lived through again: each ticket as it stood at any moment, and no trace of what came later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from real_issues import NOW, fitted_policy, read_issues
from real_replay import as_of
from real_trackers import OnDataCenter

from sync.action import Draft, Edit
from sync.errors import NotFoundError
from sync.ticket import Audience, Change, Comment, Person, Status, Ticket
from sync.trackers.past import US, Past, moments

if TYPE_CHECKING:
    from pathlib import Path

STAFF = Person("u1", "Delivery lead", "staff")
MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)


def hour(number: float) -> datetime:
    return MORNING + timedelta(hours=number)


def change(at: float, field: str, before: str, after: str, by: Person = STAFF) -> Change:
    return Change(f"change-{at}", hour(at), by, field, before, after)


def comment(at: float, text: str, by: Person = STAFF, marks: tuple[str, ...] = ()) -> Comment:
    return Comment(f"comment-{at}", hour(at), by, text, Audience.INTERNAL, marks)


TODAY = Ticket(
    source="desk",
    site="site",
    id="1",
    key="A-1",
    url="https://tracker.example/A-1",
    title="The report is late",
    text="",
    status=Status.RESOLVED,
    created=MORNING,
    updated=hour(6),
    version="7",
    assignee=STAFF,
    labels=frozenset({"vip", "esc:high"}),
    resolved=hour(6),
    fields={"priority": "High"},
    changes=(
        change(1, "labels", "", "esc:high", US),
        change(2, "labels", "esc:high", "esc:high vip"),
        change(3, "assignee", "", "Delivery lead"),
        change(4, "priority", "Low", "High"),
        change(6, "status", "open", "resolved"),
    ),
    comments=(comment(1.5, "An update is due", US, ("abcdefghijkl",)), comment(5, "We are on it")),
)


def shown(past: Past) -> Ticket:
    [page] = past.fetch(["1"])
    return page.tickets[0]


def test_before_it_was_made_a_ticket_is_not_there() -> None:
    past = Past("site", [TODAY], hour(-1))
    assert [*past.ids()] == []
    assert next(past.fetch(["1"])).gone == ("1",)
    with pytest.raises(NotFoundError):
        past.edit("1", Edit(add_labels=("esc:low",)))
    past.advance(MORNING)
    assert [*past.ids()] == ["1"]


def test_it_is_born_as_its_history_tells_and_changes_as_people_changed_it() -> None:
    past = Past("site", [TODAY], MORNING)
    born = shown(past)
    assert (born.status, born.labels, born.assignee, born.resolved) == (Status.OPEN, frozenset(), None, None)
    assert (born.fields, born.comments, born.changes) == ({"priority": "Low"}, (), ())
    past.advance(hour(4))
    later = shown(past)
    assert (later.labels, later.assignee, later.fields) == (frozenset({"vip"}), STAFF, {"priority": "High"})
    past.advance(hour(6))
    assert (shown(past).status, shown(past).resolved) == (Status.RESOLVED, hour(6))


def test_what_makegood_did_in_truth_is_left_out_and_what_it_does_now_stands_beside_peoples_work() -> None:
    past = Past("site", [TODAY], MORNING, prefixes=("esc:",))
    past.edit("1", Edit(add_labels=("esc:low",), set_due=True, due=hour(48).date()))
    past.comment("1", Draft((), Audience.INTERNAL, ("mark-of-now1",)))
    past.advance(NOW.replace(year=2027))
    end = shown(past)
    assert end.labels == {"vip", "esc:low"}
    assert end.due == hour(48).date()
    assert [each.marks for each in end.comments] == [("mark-of-now1",), ()]
    assert {each.author for each in end.changes if each.field == "due"} == {US}
    assert past.marks("1").marks.keys() == {"mark-of-now1"}


def test_a_poll_tells_of_what_people_touched_since_the_last_one_and_of_nothing_of_ours() -> None:
    past = Past("site", [TODAY, replace(TODAY, id="2", created=hour(3), changes=(), comments=())], MORNING)
    [page] = past.changed(None)
    assert [each.id for each in page.tickets] == ["1"]
    past.edit("1", Edit(add_labels=("esc:low",)))
    past.advance(hour(2.5))
    [page] = past.changed(page.cursor)
    assert [each.id for each in page.tickets] == ["1"], "somebody put vip on"
    past.advance(hour(3))
    assert past.next_event() == hour(4)
    [page] = past.changed(page.cursor)
    assert sorted(each.id for each in page.tickets) == ["1", "2"]
    [page] = past.changed(page.cursor)
    assert page.tickets == ()


# --- the 400 real issues ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def issues(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Ticket]:
    policy = fitted_policy(tmp_path_factory.mktemp("fitted") / "mappings")
    with OnDataCenter(read_issues(corpus), tmp_path_factory.mktemp("issues")) as real:
        tracker = real.tracker(policy)
        tracker.connect()
        return [ticket for page in tracker.changed(None) for ticket in page.tickets]


def everything(ticket: Ticket) -> Ticket:
    """All but when and how often it was touched, which trackers round and count as they like."""
    return replace(ticket, updated=NOW, version="")


def test_lived_to_its_end_every_issue_is_what_it_is_today(issues: list[Ticket]) -> None:
    past = Past("site", issues, min(ticket.created for ticket in issues) - timedelta(days=1))
    assert [*past.ids()] == []
    past.advance(NOW)
    [page] = past.changed(None)
    assert {ticket.id: everything(ticket) for ticket in page.tickets} == {
        ticket.id: everything(ticket) for ticket in issues
    }


def test_at_every_moment_of_its_life_an_issue_stands_as_its_history_taken_back_from_the_end(
    issues: list[Ticket],
) -> None:
    today, past = {ticket.id: ticket for ticket in issues}, Past("site", issues, datetime(2000, 1, 1, tzinfo=UTC))
    cursor, looked = None, 0
    for moment in sorted({at for ticket in issues for at in moments(ticket)}):
        past.advance(moment)
        [page] = past.changed(cursor)
        cursor = page.cursor
        for ticket in page.tickets:
            looked += 1
            back = as_of(today[ticket.id], moment)
            assert (ticket.status, ticket.labels, ticket.fields) == (back.status, back.labels, back.fields), (
                ticket.key
            )
            assert (ticket.comments, ticket.changes) == (back.comments, back.changes), ticket.key
            assert (ticket.assignee is None) == (back.assignee is None), ticket.key
            assert max(ticket.updated, ticket.resolved or ticket.created) <= moment, ticket.key
    assert looked > 2500
