"""What should stand on a ticket, who may read it, and when that changes though nobody touches it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tickets import (
    CLIENT,
    MANAGING_PARTNER,
    OPENED,
    PARTNER,
    SEVERITY,
    TAXONOMY,
    applied,
    at,
    became,
    called,
    clock,
    judge,
    judged,
    labels,
    moved,
    planned,
    policy,
    said,
    sayings,
    shipped,
    ticket,
    tickets,
)

from sync.judging.facts import NO_FACTS, fold
from sync.judging.memory import NOTHING
from sync.ticket import Audience

if TYPE_CHECKING:
    from sync.judging.judgement import Judgement
    from sync.ticket import Change, Ticket

HIGH = {"severity": "Sev 2"}


def reasons(judgement: Judgement) -> dict[str, str]:
    """Each wanted label with the reason that a person's "no" to it lasts for."""
    return {want.label.removeprefix("esc:"): want.reason for want in judgement.labels or ()}


# --- labels ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "now", "expected"),
    [
        pytest.param(
            ticket(),
            "Mon 2 Mar 10:05",
            {"needs-triage": "triage", "medium": "severity:created"},
            id="no rule matches: a person should say what it is",
        ),
        pytest.param(
            ticket(title="late"),
            "Mon 2 Mar 10:05",
            {"delivery": "category:delivery", "medium": "severity:created"},
            id="its category and its severity",
        ),
        pytest.param(
            ticket(title="late"),
            "Mon 2 Mar 10:15",
            {"delivery": "category:delivery", "medium": "severity:created", "level-2": "level:created:2"},
            id="the rung of the ladder that is asked now",
        ),
        pytest.param(
            ticket(title="late", fields=HIGH, owner=PARTNER),
            "Mon 2 Mar 14:00",
            {
                "delivery": "category:delivery",
                "high": "severity:created",
                "breach": "breach:first_response:created",
            },
            id="a broken promise",
        ),
        pytest.param(
            ticket(called("Mon 2 Mar 10:30"), title="late", fields=HIGH, owner=PARTNER),
            "Tue 3 Mar 10:30",
            {
                "delivery": "category:delivery",
                "high": "severity:created",
                "breach": "breach:update:comment Mon 2 Mar 10:30",
            },
            id="another broken promise is another reason",
        ),
        pytest.param(
            ticket(said("Mon 2 Mar 12:00", CLIENT, "a lawsuit"), title="late", owner=MANAGING_PARTNER),
            "Mon 2 Mar 12:05",
            {
                "delivery": "category:delivery",
                "critical": "severity:comment Mon 2 Mar 12:00",
            },
            id="the event that gave the severity is its reason",
        ),
        pytest.param(ticket(moved("Mon 2 Mar 12:00", "open", "closed")), "Mon 2 Mar 12:05", {}, id="closed"),
    ],
)
def test_the_labels_say_what_it_is_how_bad_who_is_asked_and_whether_a_promise_is_broken(
    asked: Ticket, now: str, expected: dict[str, str]
) -> None:
    assert reasons(judged(asked, now)) == expected


def test_each_label_quotes_its_rule_and_its_evidence() -> None:
    known = judge().known(ticket(), judge().classify(ticket()), at(OPENED))
    third = fold([replace(known, id=str(number), key=f"A-{number}") for number in (1, 2)])
    judgement = judged(ticket(title="late"), "Tue 3 Mar 12:00", facts=third.of("Client A", "site", "10001"))
    assert {want.label: (want.because.rule, want.because.text) for want in judgement.labels or ()} == {
        "esc:delivery": ("taxonomy.toml: late", "delivery 3 (“late”)"),
        "esc:high": (
            "severity.toml: default",
            "nothing on the ticket tells its severity; issue number 3 of this client within 90d (A-1, A-2)",
        ),
        "esc:level-3": ("escalation.toml: high.escalation", "the role that is asked now"),
        "esc:breach": (
            "escalation.toml: high.first_response",
            "the client is owed a first response, and it is late",
        ),
    }


def test_a_done_ticket_is_left_as_it_is() -> None:
    done = judged(
        ticket(moved("Mon 2 Mar 12:00", "open", "resolved"), labels=frozenset({"esc:high"})), "Fri 6 Mar 12:00"
    )
    assert (done.labels, done.due, done.undue, done.clocks, done.sayings, done.wake_at) == (
        None,
        None,
        False,
        (),
        (),
        None,
    )


# --- who may read it ---------------------------------------------------------------------------------------------

INTERNAL, RESTRICTED, TO_CLIENT = Audience.INTERNAL, Audience.RESTRICTED, Audience.CLIENT


@pytest.mark.parametrize(
    ("title", "staff_only", "able", "category", "audience"),
    [
        ("late", True, {INTERNAL}, {"delivery"}, INTERNAL),
        ("late", True, {INTERNAL, RESTRICTED}, {"delivery"}, INTERNAL),
        ("late", False, {TO_CLIENT}, set(), INTERNAL),
        ("late", False, {INTERNAL, TO_CLIENT}, set(), INTERNAL),
        # a team ticket is confidential
        ("rude", True, {INTERNAL, RESTRICTED}, {"team"}, RESTRICTED),
        ("rude", True, {INTERNAL}, set(), RESTRICTED),
        ("rude", False, {TO_CLIENT, RESTRICTED}, set(), Audience.NONE),
        ("rude", False, {INTERNAL, TO_CLIENT}, set(), Audience.NONE),
        # what nobody can say tells nothing
        ("hello", False, {TO_CLIENT}, {"needs-triage"}, INTERNAL),
    ],
)
def test_a_mixed_source_gets_no_category_label_and_a_team_ticket_tells_nobody_outside_its_circle(
    title: str, able: set[Audience], category: set[str], audience: Audience, *, staff_only: bool
) -> None:
    judgement = judged(ticket(title=title, audiences=frozenset(able)), OPENED, staff_only=staff_only)
    exposed = title == "rude" and staff_only and RESTRICTED not in able
    assert labels(judgement) == (set() if exposed else category | {"medium"}), "the lack of one label would tell"
    assert judgement.audience is audience
    told = judgement.classification.category
    assert set(judgement.withheld) == (set() if category else {f"esc:{told}"})


# --- the due date ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "now", "due", "undue"),
    [
        pytest.param(ticket(), OPENED, date(2026, 3, 3), False, id="24 h: tomorrow"),
        pytest.param(ticket(fields=HIGH), OPENED, date(2026, 3, 2), False, id="4 h: today"),
        pytest.param(
            ticket(called("Mon 2 Mar 10:30"), owner=PARTNER), "Mon 2 Mar 12:00", date(2026, 3, 5), False,
            id="the update",
        ),
        pytest.param(
            ticket(opened="Mon 2 Mar 23:30", fields=HIGH), "Mon 2 Mar 23:31", date(2026, 3, 3), False,
            id="in the evening: tomorrow",
        ),
        pytest.param(ticket(), "Fri 6 Mar 12:00", date(2026, 3, 3), False, id="broken, it stays at its day"),
        pytest.param(
            ticket(called("Mon 2 Mar 10:30"), moved("Mon 2 Mar 11:00", "open", "waiting"), owner=PARTNER),
            "Mon 2 Mar 12:00", None, True,
            id="paused: nobody knows the day",
        ),
        pytest.param(
            ticket(called("Mon 2 Mar 10:30"), fields={"severity": "Sev 4"}), "Mon 2 Mar 12:00", None, True,
            id="everything kept: nothing runs out",
        ),
    ],
)  # fmt: skip
def test_the_due_date_is_the_day_of_the_next_promise_to_run_out(
    asked: Ticket, now: str, due: date | None, *, undue: bool
) -> None:
    judgement = judged(asked, now)
    assert (judgement.due.day if judgement.due else None, judgement.undue) == (due, undue)


def test_the_day_is_that_of_the_source_s_zone() -> None:
    asked = ticket(fields=HIGH)
    days = {zone: judged(asked, OPENED, zone=zone).due for zone in ("Europe/Berlin", "Pacific/Kiritimati")}
    assert {zone: due.day for zone, due in days.items() if due} == {
        "Europe/Berlin": date(2026, 3, 2),
        "Pacific/Kiritimati": date(2026, 3, 3),
    }


@pytest.mark.parametrize(
    ("meaning", "severity", "history", "due", "undue"),
    [
        ("resolution", "Sev 2", [], date(2026, 3, 9), False),  # five working days
        ("resolution", "Sev 2", [moved("Tue 3 Mar 10:00", "open", "waiting")], None, True),
        ("resolution", "Sev 3", [], None, True),  # no date is planned for it
        ("off", "Sev 2", [], None, False),
    ],
)
def test_a_source_may_show_the_planned_date_or_none(
    meaning: str, severity: str, history: list[Change], due: date | None, *, undue: bool
) -> None:
    judgement = judged(ticket(*history, fields={"severity": severity}), "Tue 3 Mar 12:00", due=meaning)
    assert (judgement.due.day if judgement.due else None, judgement.undue) == (due, undue)


# --- calendars, clients ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client", "calendar", "name"),
    [
        ("Client A", None, "office"),
        ("Client A", "always", "always"),
        ("Client B", "office", "always"),
        (None, None, "office"),
    ],
)
def test_the_hours_are_the_client_s_or_the_source_s_or_the_default(
    client: str | None, calendar: str | None, name: str
) -> None:
    by = judge(calendar=calendar)
    asked = by.judge(ticket(client=client), NO_FACTS, at(OPENED))
    assert by.calendar(asked).name == name


def test_a_client_is_known_by_its_record_s_name_and_a_ticket_by_what_others_may_ask_of_it() -> None:
    by, done = judge(), moved("Tue 3 Mar 10:00", "open", "closed")
    asked = ticket(done, client="cla", title="late", reported=at("Fri 27 Feb 10:00"))
    known = by.known(asked, by.classify(asked), at(OPENED))
    assert (known.client, known.category, known.opened, known.resolved) == (
        "Client A",
        "delivery",
        asked.reported,
        done.at,
    )
    assert by.known(ticket(client="Somebody new"), by.classify(asked), at(OPENED)).client == "Somebody new"
    assert by.known(ticket(client=None), by.classify(asked), at(OPENED)).client == ""


# --- a person decides --------------------------------------------------------------------------------------------


def test_the_clocks_follow_a_person_s_severity() -> None:
    swapped = became("Mon 2 Mar 11:00", "labels", "esc:medium", "esc:critical")
    judgement = judged(ticket(swapped, labels=frozenset({"esc:critical"})), "Mon 2 Mar 11:16")
    first, escalation = clock(judgement, "first_response"), clock(judgement, "escalation")
    assert first.rule == "escalation.toml: critical.first_response"
    assert first.due == at("Mon 2 Mar 11:15"), "the hour is over: one warning period from when it was given"
    assert (escalation.occasion, escalation.warn) == (swapped.id, at("Mon 2 Mar 11:15"))
    assert {saying.role for saying in judgement.sayings} == {"", "managing_partner"}


# --- in general --------------------------------------------------------------------------------------------------

HOURS = st.integers(0, 30 * 24).map(lambda hours: timedelta(hours=hours))
SHARES = st.floats(0, 1, exclude_max=True)


def standing(judgement: Judgement) -> object:
    """Everything that a plan is made of."""
    said = [(each.obligation, each.since, each.role) for each in judgement.sayings]
    return reasons(judgement), judgement.due, judgement.undue, said, judgement.level, judgement.withheld


@given(tickets(), HOURS, SHARES)
def test_before_it_wakes_nothing_changes(asked: Ticket, later: timedelta, share: float) -> None:
    now = asked.updated + later
    _, spoken = applied(planned(judged(asked, now)))
    for memory in (NOTHING, spoken):
        judgement = judged(asked, now, memory=memory)
        assert judgement.wake_at is None or judgement.wake_at > now
        until = judgement.wake_at or now + timedelta(days=90)
        last = until - timedelta.resolution
        for moment in (min(now + (until - now) * share, last), last):
            assert standing(judged(asked, moment, memory=memory)) == standing(judgement)


@given(tickets(), HOURS)
def test_at_the_wake_something_changes_or_is_due(asked: Ticket, later: timedelta) -> None:
    judgement = judged(asked, asked.updated + later)
    if judgement.wake_at:
        woken = judged(asked, judgement.wake_at)
        known = [judge().known(asked, judge().classify(asked), each.now) for each in (judgement, woken)]
        stepped = [each.step for each in woken.clocks] != [each.step for each in judgement.clocks]
        assert stepped or known[0].told.deadlines != known[1].told.deadlines, "or others may look at it now"


@given(tickets(), HOURS, HOURS)
def test_while_nobody_touches_it_no_step_is_ever_taken_back(
    asked: Ticket, soon: timedelta, late: timedelta
) -> None:
    now = asked.updated + soon
    before, after = judged(asked, now), judged(asked, now + late)
    for one, other in zip(before.clocks, after.clocks, strict=True):
        assert (one.promise, one.occasion) == (other.promise, other.occasion)
        assert one.step <= other.step
    assert before.level <= after.level
    assert (before.classification, before.rating) == (after.classification, after.rating)


RENAMED = policy(
    taxonomy=TAXONOMY.replace('name = "', 'name = "another word for '),
    severity=SEVERITY.replace('name = "', 'name = "another word for '),
)


@given(tickets(), HOURS)
def test_judging_is_the_same_each_time_and_for_ids_and_reasons_the_names_of_rules_do_not_matter(
    asked: Ticket, later: timedelta
) -> None:
    now = asked.updated + later
    assert judged(asked, now) == judged(asked, now)
    one, other = judged(asked, now), judged(asked, now, RENAMED)
    assert sayings(one) == sayings(other)
    assert reasons(one) == reasons(other)
    doubled = replace(asked, changes=tuple(change for change in asked.changes for _ in range(2)))
    assert standing(judged(doubled, now)) == standing(one), (
        "nor does it matter that a tracker tells a change twice"
    )


@given(tickets(), HOURS)
def test_a_done_ticket_owes_nothing_and_a_live_one_has_one_severity(asked: Ticket, later: timedelta) -> None:
    judgement = judged(asked, asked.updated + later)
    severities = labels(judgement) & {"critical", "high", "medium", "low"}
    assert len(severities) == asked.status.live
    assert bool(judgement.clocks) is asked.status.live


def test_what_a_tracker_dates_ahead_of_our_clock_counts_once_its_time_has_come() -> None:
    early = ticket(called("Mon 2 Mar 12:00"))
    before = judged(early, "Mon 2 Mar 11:59")
    assert (before.contacted, before.wake_at) == ((), at("Mon 2 Mar 12:00"))
    assert judged(early, "Mon 2 Mar 12:00").contacted


@given(st.integers(0, 366 * 24).map(lambda hours: timedelta(hours=hours)))
def test_the_shipped_policy_judges_at_any_hour_of_the_year_over_every_holiday_and_both_changes_of_the_clock(
    later: timedelta,
) -> None:
    opened = at("Thu 1 Jan 00:30") + later
    asked = ticket(created=opened, updated=opened, title="The report is late", fields={"severity": "high"})
    due = clock(judged(asked, opened, shipped()), "first_response").due
    assert due is not None
    office = shipped().calendars["new-york"]  # the hours of Client A
    assert office.between(opened, due) == timedelta(hours=4)
    assert office.is_open(due - timedelta.resolution)
