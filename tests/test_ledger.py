"""What we remember of a ticket, what the ticket itself remembers for us, and reading it back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tickets import (
    CONSULTANT,
    MACHINE,
    OPENED,
    SOMEBODY,
    US,
    applied,
    at,
    became,
    judged,
    planned,
    ticket,
    tickets,
)

from sync.action import Obligation, action_id, reference
from sync.judging.memory import NOTHING, Entry, Memory, Observed
from sync.ledger import caught_up, ledger, put_by_us, recalled

if TYPE_CHECKING:
    from sync.ticket import Person, Ticket

HIGH = ticket(title="late", fields={"severity": "Sev 2"})
PREFIX = "esc:"


def mark(promise: str, occasion: str, step: int) -> str:
    return action_id("site", "10001", promise, occasion, step)


# --- what is remembered of the steps -----------------------------------------------------------------------------

SECOND, THIRD = mark("first_response", "created", 2), mark("first_response", "created", 3)


@pytest.mark.parametrize(
    ("memory", "last"),
    [
        (NOTHING, 0),
        (Memory(said=frozenset({SECOND})), 2),
        (Memory(said=frozenset({reference(SECOND)})), 2),
        (Memory(said=frozenset({SECOND, mark("first_response", "created", 1)})), 2),
        (Memory(said=frozenset({mark("owned", "created", 3)})), 0),
        (Memory(said=frozenset({mark("first_response", "comment 7", 3)})), 0),
        (Memory(steps={"first_response": ("created", 4)}), 4),
        (Memory(steps={"first_response": ("comment 7", 4)}), 0),
        (Memory(said=frozenset({SECOND}), steps={"first_response": ("created", 4)}), 4),
        (
            Memory(
                said=frozenset({mark("first_response", "created", 5)}), steps={"first_response": ("created", 4)}
            ),
            5,
        ),
    ],
)
def test_the_last_step_said_of_a_promise_is_known_by_ids_by_references_or_by_the_ledger(
    memory: Memory, last: int
) -> None:
    assert memory.last_step("site", "10001", "first_response", "created") == last


def test_a_step_beyond_the_usual_ladder_is_found_when_it_is_asked_for() -> None:
    memory = Memory(said=frozenset({mark("owned", "created", 20)}))
    assert memory.last_step("site", "10001", "owned", "created", 20) == 20


def test_an_action_id_is_made_of_the_ticket_the_promise_the_occasion_and_the_step_and_of_nothing_else() -> None:
    owed = Obligation("first_response", "created", 2)
    assert owed.id("site", "10001") == SECOND == "3zlzh2czkysg", "ids already on tickets must stay what they are"
    others = [
        mark("owned", "created", 2),
        mark("first_response", "comment 7", 2),
        mark("first_response", "created", 3),
        action_id("site", "10002", "first_response", "created", 2),
        action_id("other", "10001", "first_response", "created", 2),
    ]
    assert len({SECOND, *others}) == 6
    assert reference(SECOND) == SECOND[:6]


def test_an_observation_log_tells_what_a_field_was_when_last_looked_at() -> None:
    log = Observed(
        (Entry(1, at(OPENED), "status", "open", "open"), Entry(2, at(OPENED), "status", "open", "closed"))
    )
    assert (log.latest("status"), log.latest("due")) == ("closed", None)


# --- the ledger --------------------------------------------------------------------------------------------------


def test_the_ledger_holds_what_was_said_what_is_being_said_and_what_a_person_refused() -> None:
    before = Memory(steps={"update": ("comment 7", 1)}, said=frozenset({mark("update", "comment 7", 1)}))
    plan = planned(judged(HIGH, "Mon 2 Mar 14:00"), before)
    after = replace(plan.after, refused={"esc:web": "severity:created"})
    assert ledger(before, plan.comment, after) == {
        "v": 1,
        "said": {"update": ["comment 7", 1]},
        "saying": {"first_response": ["created", 2], "escalation": ["created", 1]},
        "refused": {"esc:web": "severity:created"},
        "labels": ["esc:breach", "esc:delivery", "esc:high", "esc:level-3"],
        "due": "2026-03-02",
    }
    assert ledger(NOTHING, None, NOTHING)["due"] is None


HOURS = st.integers(0, 500).map(lambda hours: timedelta(hours=hours))


@given(one=tickets(), later=HOURS, as_references=st.booleans())
def test_a_lost_state_is_read_back_from_the_ticket(one: Ticket, later: timedelta, *, as_references: bool) -> None:
    """The ledger written before the comment, and the marks on the comments, are all that is left."""
    plan = planned(judged(one, one.updated + later), backlog_after=timedelta(days=365))
    kept = json.loads(json.dumps(ledger(plan.before, plan.comment, plan.after)))
    after, memory = applied(plan)
    marks = [reference(each) if as_references else each for each in memory.said]
    found = recalled(after, kept, marks, PREFIX)
    assert (found.labels, found.refused, found.due) == (memory.labels, memory.refused, memory.due)
    assert found.steps == memory.steps
    again = planned(judged(after, one.updated + later), found, backlog_after=timedelta(days=365))
    assert again.actions == ()
    if plan.comment:
        lost = recalled(replace(after, comments=one.comments), kept, (), PREFIX)
        repeated = planned(judged(after, one.updated + later), lost, backlog_after=timedelta(days=365)).comment
        assert repeated is not None, "what was only about to be said, and bears no mark, was not said"
        assert repeated.ids == plan.comment.ids


def test_without_a_ledger_our_labels_are_those_that_no_person_is_known_to_have_put() -> None:
    one = ticket(
        became("Mon 2 Mar 11:00", "labels", "", "esc:high", CONSULTANT),
        became("Mon 2 Mar 11:05", "labels", "esc:high", "esc:high esc:web", SOMEBODY),
        became("Mon 2 Mar 11:10", "labels", "esc:high esc:web", "esc:delivery esc:high esc:web", US),
        became("Mon 2 Mar 11:15", "labels", "esc:high", "esc:breach esc:high", MACHINE),
        became("Mon 2 Mar 11:20", "due", "", "2026-03-02", US),
        labels=frozenset({"esc:high", "esc:web", "esc:delivery", "esc:breach", "esc:level-2", "web"}),
    )
    found = recalled(one, None, [SECOND], PREFIX)
    assert found == Memory(
        said=frozenset({SECOND}), labels=frozenset({"esc:delivery", "esc:breach", "esc:level-2"})
    )


@pytest.mark.parametrize(
    ("spoilt", "found"),
    [
        ({}, NOTHING),
        ({"said": None, "saying": 7, "refused": [], "labels": "esc:high", "due": 20260302}, NOTHING),
        ({"said": {"update": None}, "due": "tomorrow"}, NOTHING),
        ({"said": {"update": ["created"], "owned": ["created", "2"], "escalation": [1, 1]}}, NOTHING),
        ({"labels": ["esc:high", 7, None]}, Memory(labels=frozenset({"esc:high"}))),
        ({"refused": {"esc:high": None, "esc:web": "triage"}}, Memory(refused={"esc:web": "triage"})),
        ({"due": "2026-03-02"}, Memory(due=date(2026, 3, 2), due_written=True)),
        (
            {"said": {"owned": ["created", 2]}},
            Memory(said=frozenset({mark("owned", "created", 2)}), steps={"owned": ("created", 2)}),
        ),
    ],
)
def test_of_a_ledger_that_somebody_spoilt_what_can_be_read_is_kept(
    spoilt: dict[str, object], found: Memory
) -> None:
    assert recalled(ticket(), spoilt, (), PREFIX) == found


def test_the_ledger_keeps_no_due_date_that_we_did_not_write() -> None:
    theirs = Memory(due=date(2026, 3, 2), due_written=False)
    assert ledger(NOTHING, None, theirs)["due"] is None
    assert ledger(NOTHING, None, replace(theirs, due_written=True))["due"] == "2026-03-02"


# --- an old memory, caught up by the ticket's history ------------------------------------------------------------

MOVED = (
    became("Mon 2 Mar 11:00", "labels", "", "esc:high web", US),
    became("Mon 2 Mar 11:05", "labels", "esc:high web", "esc:high esc:owned web", CONSULTANT),
    became("Mon 2 Mar 11:10", "labels", "esc:high esc:owned web", "esc:owned web", CONSULTANT),
    became("Mon 2 Mar 11:20", "labels", "esc:owned web", "esc:breach esc:owned web", US),
    became("Mon 2 Mar 11:25", "labels", "esc:breach esc:owned web", "esc:owned web", US),
    became("Mon 2 Mar 11:30", "assignee", "esc:late", "esc:late esc:x", US),
)


def test_what_we_have_put_is_known_by_our_own_changes_of_labels_alone() -> None:
    assert put_by_us(ticket(*MOVED)) == {"esc:high", "web", "esc:breach"}


def test_a_label_that_somebody_took_off_while_we_knew_nothing_is_still_ours_to_remember() -> None:
    """It counts as put by us, and is gone: so a person's no is seen. One that we took off ourselves does not."""
    one = ticket(*MOVED, labels=frozenset({"esc:owned", "web", "esc:level-1"}))
    told = Memory(labels=frozenset({"esc:owned", "esc:level-1"}))
    known = Memory(labels=frozenset({"esc:older"}))
    found = caught_up(known, one, told, ["esc:owned"])
    assert found.labels == {"esc:level-1", "esc:high", "esc:older"}
    assert caught_up(NOTHING, one, told, ()).labels == {"esc:owned", "esc:level-1", "esc:high"}


DUE, OTHER = "2026-03-05", "2026-03-09"
OURS = Memory(due=date(2026, 3, 2), due_written=True)


@pytest.mark.parametrize(
    ("moves", "due", "found"),
    [
        ([], DUE, (date(2026, 3, 2), True)),  # nothing is known of it: as we remember it
        ([("", DUE, US)], DUE, (date(2026, 3, 5), True)),
        ([("", DUE, US)], OTHER, (date(2026, 3, 2), True)),  # moved once more, and the history does not tell
        ([("", OTHER, CONSULTANT), (OTHER, DUE, US)], DUE, (date(2026, 3, 5), True)),
        ([("", DUE, US), (DUE, OTHER, CONSULTANT)], OTHER, (date(2026, 3, 2), True)),
        ([("", DUE, US), (DUE, "", US)], None, (None, False)),  # we cleared it
        ([("", DUE, US), (DUE, "", CONSULTANT)], None, (date(2026, 3, 5), True)),  # a person cleared ours
        ([("", OTHER, CONSULTANT), (OTHER, DUE, US), (DUE, "", CONSULTANT)], None, (date(2026, 3, 5), True)),
        ([("", DUE, US), (DUE, OTHER, CONSULTANT), (OTHER, "", CONSULTANT)], None, (date(2026, 3, 2), True)),
        ([("", DUE, CONSULTANT), (DUE, "", CONSULTANT)], None, (date(2026, 3, 2), True)),
        ([("", DUE, US), (DUE, OTHER, CONSULTANT)], None, (date(2026, 3, 2), True)),
    ],
)
def test_whose_the_due_date_is_follows_from_the_last_moves_of_it(
    moves: list[tuple[str, str, Person]], due: str | None, found: tuple[date | None, bool]
) -> None:
    told = [became(f"Mon 2 Mar 11:0{n}", "due", *move) for n, move in enumerate(moves)]
    one = ticket(*told, due=date.fromisoformat(due) if due else None)
    memory = caught_up(OURS, one, NOTHING, ())
    assert (memory.due, memory.due_written) == found
