"""What proves that something was done, and which dates people promised."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tickets import (
    BERLIN,
    CLIENT,
    CONSULTANT,
    MACHINE,
    MAPPING,
    SOMEBODY,
    US,
    at,
    became,
    moved,
    policy,
    said,
    ticket,
)

from sync.judging.evidence import STANDING, Pledge, minutes, moved_later, pledges, proofs, proved
from sync.judging.memory import NOTHING, Memory
from sync.mapping.tracker_models import Evidence

if TYPE_CHECKING:
    from random import Random

    from sync.ticket import Change, Comment, Person

DUE = policy().mappings["desk.toml"]
FIELD = policy(mapping=MAPPING.replace("[fields]", '[fields]\nplanned = "Promised for"')).mappings["desk.toml"]

# --- proofs ------------------------------------------------------------------------------------------------------

WORDS = Evidence(words=["/verified", "/確認済"])
LABELS = Evidence(labels=["verified", "accepted"])
STATUSES = Evidence(statuses=["Accepted"])
BOTH = Evidence(fields=["remedy", "cost"])
OFFERED = became("Mon 2 Mar 11:00", "remedy", "", "8 hours")
COSTED = became("Mon 2 Mar 12:00", "cost", "", "800")
PUT = became("Mon 2 Mar 12:00", "labels", "", "verified")
TAKEN_OFF = became("Mon 2 Mar 13:00", "labels", "verified", "")
PUT_AGAIN = became("Mon 2 Mar 14:00", "labels", "", "verified")


@pytest.mark.parametrize(
    ("evidence", "history", "fields", "put", "expected"),
    [
        # the words of staff, at the beginning of a comment
        (WORDS, [said("Mon 2 Mar 11:00", text="/verified by telephone")], {}, "", ["Mon 2 Mar 11:00 “/verified”"]),
        (WORDS, [said("Mon 2 Mar 11:00", text="/確認済です")], {}, "", ["Mon 2 Mar 11:00 “/確認済です”"]),
        (WORDS, [said("Mon 2 Mar 11:00", text="not /verified")], {}, "", []),
        (WORDS, [said("Mon 2 Mar 11:00", text="/verifiedly")], {}, "", []),
        (WORDS, [said("Mon 2 Mar 11:00", who, "/verified") for who in (CLIENT, US, MACHINE)], {}, "", []),
        # fields: all of them, since the last was filled; what is edited later counts anew
        (BOTH, [OFFERED], {"remedy": "8 hours"}, "", []),
        (BOTH, [OFFERED, COSTED], {"remedy": "8 hours", "cost": "800"}, "",
         ["Mon 2 Mar 12:00 remedy and cost filled"]),
        (BOTH, [OFFERED, COSTED, became("Mon 2 Mar 13:00", "cost", "800", "900")],
         {"remedy": "8 hours", "cost": "900"}, "",
         ["Mon 2 Mar 12:00 remedy and cost filled", "Mon 2 Mar 13:00 remedy and cost filled"]),
        (BOTH, [OFFERED, COSTED, became("Mon 2 Mar 13:00", "cost", "800", "")], {"remedy": "8 hours"}, "", []),
        (BOTH, [OFFERED, COSTED, became("Mon 2 Mar 13:00", "cost", "800", ""),
                became("Mon 2 Mar 14:00", "cost", "", "700")], {"remedy": "8 hours", "cost": "700"}, "",
         ["Mon 2 Mar 14:00 remedy and cost filled"]),
        (BOTH, [COSTED], {"remedy": "8 hours", "cost": "800"}, "", ["Mon 2 Mar 12:00 remedy and cost filled"]),
        (BOTH, [], {"remedy": "8 hours", "cost": "800"}, "", ["Mon 2 Mar 10:00 remedy and cost filled"]),
        # labels, while they are there
        (LABELS, [PUT], {}, "verified", ["Mon 2 Mar 12:00 label verified"]),
        (LABELS, [PUT, TAKEN_OFF], {}, "", []),
        (LABELS, [PUT_AGAIN, PUT, TAKEN_OFF], {}, "verified", ["Mon 2 Mar 14:00 label verified"]),
        (LABELS, [], {}, "accepted", ["Mon 2 Mar 10:00 label accepted"]),
        # statuses, by the tracker's own name
        (STATUSES, [moved("Mon 2 Mar 11:00", "open", "closed", said="Doing → accepted")], {}, "",
         ["Mon 2 Mar 11:00 status accepted"]),
        (STATUSES, [moved("Mon 2 Mar 11:00", "open", "closed", said="Accepted → Done")], {}, "", []),
        (Evidence(), [said("Mon 2 Mar 11:00", text="/verified"), PUT], {}, "verified", []),
    ],
)  # fmt: skip
def test_what_the_mapping_takes_as_proof_is_found_in_the_history(
    evidence: Evidence, history: list[Comment | Change], fields: dict[str, str], put: str, expected: list[str]
) -> None:
    one = ticket(*history, fields=fields, labels=frozenset(put.split()))
    found = [f"{event.at.astimezone(BERLIN):%a %-d %b %H:%M} {event.what}" for event in proofs(one, evidence)]
    assert found == expected


@pytest.mark.parametrize(
    ("history", "since", "expected"),
    [
        ([PUT], "Mon 2 Mar 11:00", "Mon 2 Mar 12:00"),
        ([PUT], "Mon 2 Mar 13:00", None),  # of an earlier life
        (
            [],
            "Mon 2 Mar 13:00",
            "Mon 2 Mar 13:00",
        ),  # nobody knows since when: it counts always
    ],
)
def test_a_proof_counts_from_when_it_is_asked_for(history: list[Change], since: str, expected: str | None) -> None:
    found = proved(ticket(*history, labels=frozenset({"verified"})), LABELS, at(since))
    assert (found.at if found else None) == (at(expected) if expected else None)
    assert (found is not None and found.id.startswith(STANDING)) is (not history)


# --- dates promised ----------------------------------------------------------------------------------------------

FRIDAY, MONDAY, TUESDAY = date(2026, 3, 6), date(2026, 3, 9), date(2026, 3, 10)
SET = became("Mon 2 Mar 12:00", "due", "", "2026-03-06")
MOVED = became("Tue 3 Mar 12:00", "due", "2026-03-06", "2026-03-09")
FIRST = Pledge(SET.id, SET.at, FRIDAY)
SECOND = Pledge(MOVED.id, MOVED.at, MONDAY, FRIDAY)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], []),
        ([SET], [FIRST]),
        ([SET, MOVED], [FIRST, SECOND]),
        ([MOVED], [Pledge("created", at("Mon 2 Mar 10:00"), FRIDAY), SECOND]),  # what stood before its history
        ([SET, MOVED, MOVED], [FIRST, SECOND]),
        ([SET, became("Tue 3 Mar 12:00", "due", "2026-03-06", "")], []),  # taken back
        ([SET, became("Tue 3 Mar 12:00", "due", "2026-03-06", "soon")], []),  # no date
        ([SET, became("Tue 3 Mar 12:00", "due", "2026-03-06", "2026-03-06T17:00:00")], [FIRST]),  # the same day
        # ours, and another automation's, are no promises; what took the place of ours moved nothing
        ([replace(SET, author=US)], []),
        ([replace(SET, author=US), MOVED], [replace(SECOND, before=None)]),
        ([replace(SET, author=MACHINE)], []),
        ([replace(SET, author=SOMEBODY), replace(MOVED, author=SOMEBODY)], [FIRST, SECOND]),  # an observation log
        # the client's own wish is a promise, but no slip
        ([SET, replace(MOVED, author=CLIENT)], [FIRST, replace(SECOND, before=None)]),
        ([became("Mon 2 Mar 12:00", "planned", "", "2026-03-06")], []),  # not mapped here
    ],
)
def test_dates_that_people_set_are_promises(history: list[Change], expected: list[Pledge]) -> None:
    assert pledges(ticket(*history), DUE, NOTHING) == expected


def test_a_field_of_its_own_comes_before_the_due_date() -> None:
    one = ticket(SET, became("Mon 2 Mar 13:00", "planned", "", "2026-03-10"), due=FRIDAY)
    assert [pledge.day for pledge in pledges(one, FIELD, NOTHING)] == [TUESDAY]


@pytest.mark.parametrize(
    ("memory", "days"),
    [
        (NOTHING, [FRIDAY]),
        (Memory(due=FRIDAY, due_written=True), []),
        (Memory(due=FRIDAY, due_written=False), [FRIDAY]),
        (Memory(due=MONDAY, due_written=True), [FRIDAY]),  # somebody has set another since
    ],
)
def test_without_a_history_our_memory_tells_whose_date_it_is(memory: Memory, days: list[date]) -> None:
    assert [pledge.day for pledge in pledges(ticket(due=FRIDAY), DUE, memory)] == days
    assert [each.day for each in pledges(ticket(fields={"planned": "2026-03-06"}), FIELD, memory)] == [FRIDAY], (
        "we write no other field than the due date"
    )


def test_what_is_dated_ahead_of_our_clock_is_not_promised_yet() -> None:
    one = ticket(SET, MOVED)
    assert pledges(one, DUE, NOTHING, at("Tue 3 Mar 11:59")) == [FIRST]
    assert pledges(one, DUE, NOTHING, at("Tue 3 Mar 12:00")) == [FIRST, SECOND]


@pytest.mark.parametrize(("day", "over"), [("2026-03-06", "Sat 7 Mar 00:00"), ("2026-03-28", "Sun 29 Mar 00:00"),
                                           ("2026-03-29", "Mon 30 Mar 00:00")])  # fmt: skip
def test_a_promised_day_is_over_at_its_midnight(day: str, over: str) -> None:
    assert replace(FIRST, day=date.fromisoformat(day)).over(BERLIN) == at(over)


def moves(*days: int) -> list[Pledge]:
    """Promises for these days of March, one an hour, each in the place of the last."""
    ends = [date(2026, 3, day) for day in days]
    return [
        Pledge(f"move {number}", at(f"Mon 2 Mar {10 + number}:00"), end, ends[number - 1] if number else None)
        for number, end in enumerate(ends)
    ]


@pytest.mark.parametrize(
    ("days", "event", "before"),
    [
        ([], None, None),
        ([6], None, None),
        ([6, 5], None, None),
        ([6, 9], "move 1", 6),
        ([6, 9, 20], "move 2", 9),
        ([6, 9, 8], "move 1", 6),  # still later than was promised
        ([6, 9, 6], None, None),
        ([6, 9, 5, 6], "move 3", 5),
    ],
)
def test_a_date_has_moved_later_until_it_is_moved_back(
    days: list[int], event: str | None, before: int | None
) -> None:
    found = moved_later(moves(*days), at("Mon 2 Mar 10:00"))
    assert (found.event if found else None) == event
    if found:
        assert (found.day.day, found.before and found.before.day) == (days[-1], before)
        assert moved_later(moves(*days), at("Tue 3 Mar 10:00")) is None, "that was another life of the ticket"


EVENTS = st.lists(
    st.tuples(st.sampled_from(["", *"123456789"]), st.sampled_from([CONSULTANT, CLIENT, US, MACHINE])), max_size=8
)


@given(EVENTS, st.randoms(use_true_random=False))
def test_the_order_in_which_a_history_is_told_and_repetitions_change_no_promise(
    days: list[tuple[str, Person]], random: Random
) -> None:
    told: list[Change] = []
    for number, (day, who) in enumerate(days):
        after = f"2026-03-0{day}" if day else ""
        before = told[-1].after if told else ""
        change = became(f"Mon 2 Mar {10 + number}:00", "due", before, after)
        told.append(replace(change, author=who))
    again = told * 2
    random.shuffle(again)
    made = pledges(ticket(*told), DUE, NOTHING)
    assert made == pledges(replace(ticket(), changes=tuple(again)), DUE, NOTHING)
    ours = {change.id for change in told if change.author in (US, MACHINE)}
    assert ours.isdisjoint(pledge.event for pledge in made)


# --- amounts in fields -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("90", 90),
        ("90m", 90),
        ("90 min", 90),
        ("1.5h", 90),
        ("1,5 h", 90),
        ("2h 30m", 150),
        ("1d", 1440),
        ("", None),
        ("some", None),
        ("-", None),
        ("-5", None),
        ("inf", None),
    ],
)
def test_an_effort_is_read_as_people_write_it(written: str, expected: int | None) -> None:
    assert minutes(written) == expected
