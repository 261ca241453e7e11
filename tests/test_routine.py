"""Contact at fixed intervals, watched on the ticket that stands for an engagement and on no other."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tickets import CLIENT, MAPPING, OPENED, at, clock, judge, judged, moved, policy, said, sayings, ticket

from sync.ticket import Status

if TYPE_CHECKING:
    from sync.mapping.policy import Policy
    from sync.ticket import Change, Comment, Ticket

DAY = timedelta(days=1)

PROMISES = """
checkin = { within = "1w" }
stakeholder_call = { within = "30d" }
survey = { within = "13w" }
milestone_review = { within = "5d", counts = "working" }
kickoff = { within = "10d" }
"""
PROOFS = """
[engagements]
kinds = ["Engagement"]
labels = ["engagement"]
[evidence.checkin]
words = ["/check-in"]
[evidence.stakeholder_call]
words = ["/stakeholder call"]
[evidence.survey]
words = ["/survey"]
[evidence.milestone]
words = ["/milestone"]
[evidence.milestone_review]
words = ["/review"]
[evidence.kickoff]
words = ["/kick-off"]
"""


def ruled(mapping: str = MAPPING + PROOFS, promises: str = PROMISES) -> Policy:
    return policy(mapping=mapping, promises=promises)


def home(*history: Comment | Change, **more: Any) -> Ticket:  # noqa: ANN401 - any of a ticket's
    """The ticket that stands for an engagement."""
    return ticket(*history, **{"kind": "engagement", "title": "Our invoice is late", **more})


@pytest.mark.parametrize("more", [{}, {"kind": "", "labels": frozenset({"engagement"})}], ids=["kind", "label"])
def test_an_engagement_s_own_ticket_gets_routines_and_nothing_that_an_issue_gets(more: dict[str, Any]) -> None:
    chasing = [said("Tue 3 Mar 10:00", CLIENT, "a lawsuit"), said("Tue 3 Mar 11:00", CLIENT, "hello?")]
    found = judged(home(*chasing, owner=None, **more), "Fri 6 Mar 12:00", ruled())
    assert {each.promise: each.state for each in found.clocks} == {
        "checkin": "running",
        "stakeholder_call": "running",
        "survey": "running",
        "kickoff": "running",
    }
    assert found.labels == ()
    assert found.level == 0


def test_any_other_ticket_has_no_routines() -> None:
    found = judged(ticket(), "Fri 6 Mar 12:00", ruled())
    assert not {"checkin", "stakeholder_call", "survey", "kickoff"} & {each.promise for each in found.clocks}
    nowhere = judged(
        home(),
        "Fri 6 Mar 12:00",
        ruled(MAPPING + PROOFS.partition("[evidence.checkin]")[2].join(["[evidence.checkin]", ""])),
    )
    assert "checkin" not in {each.promise for each in nowhere.clocks}, "no ticket is mapped to stand for one"


def test_a_home_is_no_issue_of_the_client_to_its_other_tickets() -> None:
    known = judge(ruled()).known
    desk = judge(ruled())
    for one, is_home in ((home(), True), (ticket(), False)):
        assert known(one, desk.classify(one), at(OPENED)).told.home is is_home


@pytest.mark.parametrize(
    ("promise", "word", "days"),
    [("checkin", "/check-in", 7), ("stakeholder_call", "/stakeholder call", 30), ("survey", "/survey", 91)],
)
def test_each_routine_counts_anew_from_the_last_time_it_was_done(promise: Any, word: str, days: int) -> None:  # noqa: ANN401
    by = ruled()
    first = clock(judged(home(), OPENED, by), promise)
    assert (first.occasion, first.due) == ("created", at(OPENED) + days * DAY)
    done = [said("Tue 3 Mar 10:00", text=word), said("Thu 5 Mar 10:00", text=f"{word}, with the sponsor")]
    anew = clock(judged(home(*done), "Fri 6 Mar 12:00", by), promise)
    assert (anew.occasion, anew.due, anew.state) == (done[1].id, done[1].at + days * DAY, "running")
    late = judged(home(*done), done[1].at + days * DAY, by)
    assert clock(late, promise).state == "broken"
    assert (promise, done[1].id, 2) in sayings(late)


def test_the_kick_off_is_held_once() -> None:
    by = ruled()
    assert clock(judged(home(), at(OPENED) + 10 * DAY, by), "kickoff").state == "broken"
    held = [said("Thu 5 Mar 10:00", text="/kick-off"), said("Tue 7 Apr 10:00", text="/kick-off, once more")]
    kept = clock(judged(home(*held), "Wed 8 Apr 10:00", by), "kickoff")
    assert (kept.state, kept.met) == ("met", held[0].at)
    assert "late" not in kept.note


@pytest.mark.parametrize(
    ("history", "occasion", "state"),
    [
        ([], "", ""),
        (["/milestone M1"], 0, "running"),
        (["/milestone M1", "/review"], 0, "met"),
        (["/review", "/milestone M1"], 1, "running"),
        (["/milestone M1", "/review", "/milestone M2"], 2, "running"),
    ],
)
def test_each_milestone_is_reviewed_after_it_was_reached(
    history: list[str], occasion: int | str, state: str
) -> None:
    words = [said(f"Tue 3 Mar 1{hour}:00", text=text) for hour, text in enumerate(history)]
    found = judged(home(*words), "Wed 4 Mar 10:00", ruled())
    reviews = [(each.occasion, each.state) for each in found.clocks if each.promise == "milestone_review"]
    assert reviews == ([(words[occasion].id, state)] if isinstance(occasion, int) else [])


def test_without_evidence_a_routine_is_off_and_says_what_to_map() -> None:
    bare = ruled(MAPPING + '[engagements]\nkinds = ["Engagement"]\n')
    found = judged(home(), at(OPENED) + 200 * DAY, bare)
    assert {each.state for each in found.clocks} == {"off"}
    assert all(f"[evidence.{each.promise}]" in each.note for each in found.clocks)
    assert found.sayings == ()


def test_a_routine_that_is_left_out_is_not_promised_and_a_closed_engagement_rests() -> None:
    some = ruled(promises='checkin = { within = "1w" }\n')
    assert [each.promise for each in judged(home(), OPENED, some).clocks] == ["checkin"]
    over = home(moved("Tue 3 Mar 10:00", "open", "closed"))
    found = judged(over, at(OPENED) + 90 * DAY, ruled())
    assert (found.ticket.status, found.clocks, found.sayings) == (Status.CLOSED, (), ())
