"""What is owed on a ticket and by when, and who is asked when it is not done."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tickets import (
    BERLIN,
    CLIENT,
    CLIENTS,
    COLLEAGUE,
    CONSULTANT,
    ESCALATION,
    MACHINE,
    MANAGING_PARTNER,
    OPENED,
    PARTNER,
    SERVICES_LEAD,
    US,
    became,
    called,
    clock,
    having_said,
    judged,
    labels,
    moved,
    policy,
    said,
    sayings,
    shipped,
    ticket,
)

from sync.ticket import Audience, Change, Comment, Person, Severity

if TYPE_CHECKING:
    from datetime import datetime

    from sync.judging.judgement import Judgement
    from sync.mapping.policy import Policy
    from sync.promise_names import PromiseName
    from sync.ticket import Ticket

SEV = {"critical": "Sev 1", "high": "Sev 2", "medium": "Sev 3", "low": "Sev 4"}


def wall(instant: datetime | None) -> str | None:
    """As the clock on the wall in Berlin shows it."""
    return f"{instant.astimezone(BERLIN):%a %-d %b %H:%M}" if instant else None


def of(
    severity: Severity, *history: Comment | Change, owner: Person | None = CONSULTANT, client: str = "Client A"
) -> Ticket:
    """A ticket of this severity by its field."""
    return ticket(*history, owner=owner, client=client, fields={"severity": SEV[severity]})


# --- the escalation matrix of the playbook, against the mappings that we ship ------------------------------------


def shipped_of(
    severity: Severity,
    *history: Comment | Change,
    opened: str = OPENED,
    owner: Person | None = CONSULTANT,
    client: str = "Client Z",
) -> Ticket:
    """A ticket as the shipped mappings read it; its client is in no file, so that the office's hours count."""
    return ticket(*history, opened=opened, owner=owner, client=client, fields={"severity": severity})


@pytest.mark.parametrize(
    ("severity", "opened", "warned", "due"),
    [
        # 1 h elapsed, day and night
        ("critical", "Mon 2 Mar 10:00", "Mon 2 Mar 10:45", "Mon 2 Mar 11:00"),
        ("critical", "Sat 7 Mar 23:30", "Sun 8 Mar 00:15", "Sun 8 Mar 00:30"),
        # 4 h working: the office is open from 9 to 17:30, on Fridays to 16:00
        ("high", "Mon 2 Mar 10:00", "Mon 2 Mar 13:00", "Mon 2 Mar 14:00"),
        ("high", "Mon 2 Mar 16:30", "Tue 3 Mar 11:00", "Tue 3 Mar 12:00"),
        ("high", "Fri 6 Mar 15:00", "Mon 9 Mar 11:00", "Mon 9 Mar 12:00"),
        ("high", "Thu 2 Apr 15:30", "Tue 7 Apr 10:00", "Tue 7 Apr 11:00"),  # over Easter
        # 24 h elapsed, moved to the next opening
        ("medium", "Mon 2 Mar 10:00", "Tue 3 Mar 09:00", "Tue 3 Mar 10:00"),
        ("medium", "Thu 5 Mar 12:00", "Fri 6 Mar 09:00", "Fri 6 Mar 12:00"),
        ("medium", "Fri 6 Mar 12:00", None, "Mon 9 Mar 09:00"),  # both fall on the opening: no warning before it
        # 48 h elapsed, moved to the next opening
        ("low", "Mon 2 Mar 10:00", "Wed 4 Mar 09:00", "Wed 4 Mar 10:00"),
        ("low", "Thu 5 Mar 10:00", None, "Mon 9 Mar 09:00"),
    ],
)
def test_the_first_response_is_owed_as_the_matrix_says(
    severity: Severity, opened: str, warned: str | None, due: str
) -> None:
    judgement = judged(shipped_of(severity, opened=opened, owner=None), opened, shipped())
    found, owned = clock(judgement, "first_response"), clock(judgement, "owned")
    assert found.rule == owned.rule == f"escalation.toml: {severity}.first_response"
    assert (wall(found.warn), wall(found.due)) == (warned, due)
    assert (owned.warn, owned.due) == (None, found.due), "an owner is owed within the same time, without a warning"


@pytest.mark.parametrize(
    ("severity", "client", "warned", "due"),
    [
        ("critical", "Client Z", "Mon 2 Mar 14:00", "Mon 2 Mar 15:00"),  # every 4 h, day and night
        (
            "critical",
            "Client B",
            "Mon 2 Mar 20:00",
            "Mon 2 Mar 23:00",
        ),  # twice a day where the client's record says so
        ("high", "Client Z", "Mon 2 Mar 17:22", "Tue 3 Mar 11:00"),  # each working day
        ("medium", "Client Z", "Wed 4 Mar 11:00", "Thu 5 Mar 11:00"),  # warned at 2 days, broken at 3
        ("low", "Client Z", None, None),  # none set
    ],
)
def test_an_update_is_owed_as_the_matrix_says(
    severity: Severity, client: str, warned: str | None, due: str | None
) -> None:
    told = shipped_of(severity, called("Mon 2 Mar 10:30"), called("Mon 2 Mar 11:00"), client=client)
    judgement = judged(told, "Mon 2 Mar 11:30", shipped())
    found = [(wall(each.warn), wall(each.due)) for each in judgement.clocks if each.promise == "update"]
    assert found == ([(warned, due)] if due else [])


@pytest.mark.parametrize(
    ("severity", "opened", "handed_over", "due", "roles"),
    [
        # at once, and there is nobody above
        ("critical", "Sat 7 Mar 23:00", "Sat 7 Mar 23:15", "Sat 7 Mar 23:30", "managing_partner managing_partner"),
        # the same working day
        ("high", "Mon 2 Mar 10:00", "Mon 2 Mar 10:15", "Tue 3 Mar 10:15", "engagement_partner managing_partner"),
        # 24 h elapsed; nobody is woken at night for it
        (
            "medium",
            "Mon 2 Mar 10:00",
            "Mon 2 Mar 10:15",
            "Tue 3 Mar 10:15",
            "client_services_lead engagement_partner managing_partner",
        ),
        (
            "medium",
            "Sat 7 Mar 23:00",
            "Mon 9 Mar 09:00",
            "Tue 10 Mar 09:00",
            "client_services_lead engagement_partner managing_partner",
        ),
    ],
)
def test_it_is_handed_over_within_a_quarter_of_an_hour_and_climbs_until_somebody_takes_it(
    severity: Severity, opened: str, handed_over: str, due: str, roles: str
) -> None:
    asked = shipped_of(severity, called(opened), opened=opened)
    judgement, asked_roles = judged(asked, opened, shipped()), []
    assert sayings(judgement) == set()
    while (found := clock(judgement, "escalation")).upcoming:
        memory = having_said(asked, "escalation", "created", *range(1, found.step + 1))
        judgement = judged(asked, found.upcoming, shipped(), memory=memory)
        asked_roles += [each.role for each in judgement.sayings if each.obligation.promise == "escalation"]
        assert f"level-{shipped().escalation.ladder.index(asked_roles[-1]) + 1}" in labels(judgement)
    assert (wall(found.warn), wall(found.due)) == (handed_over, due)
    assert asked_roles == roles.split()
    assert found.state == "rests", "after the top role it stops, and stays in the work list"


def test_low_is_normal_workflow_the_role_is_named_and_nobody_is_chased() -> None:
    asked = shipped_of("low", called("Mon 2 Mar 10:05"))
    before, after = (judged(asked, now, shipped()) for now in ("Mon 2 Mar 10:14", "Mon 2 Mar 10:15"))
    assert (clock(before, "escalation").step, before.level, wall(before.wake_at)) == (0, 0, "Mon 2 Mar 10:15")
    found = clock(after, "escalation")
    assert (found.state, found.step, found.due, after.level, after.sayings) == ("running", 1, None, 1, ())
    assert after.wake_at is None, "nothing more happens by the clock"


def test_leadership_hears_of_low_issues_when_they_become_a_pattern() -> None:
    third = shipped().severity.trigger[0]
    assert (third.client_issues, third.within and third.within.written, third.raise_by) == (3, "90d", 1)


# --- acknowledged ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("history", "now", "state", "note"),
    [
        ([], "Mon 2 Mar 12:00", "running", ""),
        ([called("Mon 2 Mar 11:00")], "Mon 2 Mar 12:00", "met", "“/called”, a contact word"),
        ([called("Mon 2 Mar 15:00")], "Mon 2 Mar 16:00", "met", "“/called”, a contact word, late"),
        ([said("Mon 2 Mar 11:00", CONSULTANT)], "Mon 2 Mar 14:00", "broken", ""),
        ([said("Mon 2 Mar 11:00", MACHINE, "/called")], "Mon 2 Mar 14:00", "broken", ""),
        ([said("Mon 2 Mar 11:00", US, "/called")], "Mon 2 Mar 14:00", "broken", ""),
        ([called("Mon 2 Mar 15:00")], "Mon 2 Mar 14:00", "broken", ""),  # not yet
        # it never pauses
        ([moved("Mon 2 Mar 10:30", "open", "waiting")], "Mon 2 Mar 14:00", "broken", ""),
    ],
)
def test_the_client_hears_from_us_within_the_time(
    history: list[Comment | Change], now: str, state: str, note: str
) -> None:
    found = clock(judged(of("high", *history), now), "first_response")
    assert (found.state, found.note) == (state, note)


def test_a_promise_whose_evidence_is_not_mapped_is_off_and_never_broken() -> None:
    mapping = policy().mappings["desk.toml"]
    unproved = mapping.model_copy(update={"contact": mapping.contact.model_copy(update={"words": []})})
    judgement = judged(of("high", called("Mon 2 Mar 10:30")), "Fri 6 Mar 12:00", mapping=unproved)
    found = clock(judgement, "first_response")
    assert (found.state, found.note) == ("off", "no evidence of client contact is mapped")
    assert {promise for promise, _, _ in sayings(judgement)} == {"escalation"}
    readable = replace(of("high"), audiences=frozenset({Audience.CLIENT, Audience.INTERNAL}))
    assert clock(judged(readable, "Mon 2 Mar 12:00", mapping=unproved), "first_response").state == "running"


# --- owned -------------------------------------------------------------------------------------------------------

GIVEN = became("Mon 2 Mar 11:00", "assignee", "", "Consultant 1")
LOST = became("Tue 3 Mar 09:00", "assignee", "Consultant 1", "")


@pytest.mark.parametrize(
    ("history", "owner", "now", "expected"),
    [
        ([], None, "Mon 2 Mar 13:59", ("running", "created", 0)),
        ([], None, "Mon 2 Mar 14:00", ("broken", "created", 2)),
        ([], CONSULTANT, "Mon 2 Mar 14:00", ("met", "created", 0)),
        ([GIVEN], CONSULTANT, "Mon 2 Mar 14:00", ("met", "created", 0)),
        # whoever takes the owner away opens a new occasion, not an old wound
        ([GIVEN, LOST], None, "Tue 3 Mar 12:00", ("running", LOST.id, 0)),
        ([GIVEN, LOST], None, "Tue 3 Mar 13:00", ("broken", LOST.id, 2)),
        # while it waits for the client, it waits for an owner too
        ([moved("Mon 2 Mar 11:00", "open", "waiting")], None, "Mon 2 Mar 17:00", ("paused", "created", 0)),
    ],
)
def test_somebody_owns_it_within_the_time(
    history: list[Change], owner: Person | None, now: str, expected: tuple[str, str, int]
) -> None:
    found = clock(judged(of("high", *history, owner=owner), now), "owned")
    assert (found.state, found.occasion, found.step) == expected


# --- updated -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("history", "now", "occasion", "state", "due"),
    [
        ([called("Mon 2 Mar 11:00")], "Mon 2 Mar 12:00", "comment Mon 2 Mar 11:00", "running", "Mon 2 Mar 15:00"),
        (
            [called("Mon 2 Mar 11:00"), called("Mon 2 Mar 14:00")],
            "Mon 2 Mar 15:00",
            "comment Mon 2 Mar 14:00",
            "running",
            "Mon 2 Mar 18:00",
        ),
        (
            [called("Mon 2 Mar 11:00"), moved("Mon 2 Mar 12:00", "open", "waiting")],
            "Fri 6 Mar 12:00",
            "comment Mon 2 Mar 11:00",
            "paused",
            None,
        ),
        (
            [
                called("Mon 2 Mar 11:00"),
                moved("Mon 2 Mar 12:00", "open", "waiting"),
                moved("Tue 3 Mar 12:00", "waiting", "open"),
            ],
            "Tue 3 Mar 14:00",
            "comment Mon 2 Mar 11:00",
            "running",
            "Tue 3 Mar 15:00",
        ),
    ],
)
def test_the_next_word_is_owed_a_cadence_after_the_last_one_the_waiting_left_out(
    history: list[Comment | Change], now: str, occasion: str, state: str, due: str | None
) -> None:
    found = clock(judged(of("critical", *history), now), "update")
    assert (found.occasion, found.state, wall(found.due)) == (occasion, state, due)


def test_while_it_waits_for_the_client_nobody_is_warned_of_an_update() -> None:
    told: list[Comment | Change] = [called("Mon 2 Mar 11:00"), moved("Mon 2 Mar 14:30", "open", "waiting")]
    paused = judged(of("critical", *told, owner=MANAGING_PARTNER), "Mon 2 Mar 15:30")
    assert (clock(paused, "update").step, sayings(paused)) == (1, set())
    back = of("critical", *told, moved("Mon 2 Mar 16:00", "waiting", "open"), owner=MANAGING_PARTNER)
    assert sayings(judged(back, "Mon 2 Mar 16:00")) == {("update", "comment Mon 2 Mar 11:00", 1)}


def test_a_client_s_own_cadence_comes_before_the_matrix() -> None:
    found = clock(
        judged(of("critical", called("Mon 2 Mar 11:00"), client="Client B"), "Mon 2 Mar 12:00"), "update"
    )
    assert (wall(found.due), found.rule) == ("Mon 2 Mar 23:00", "clients.toml: update.critical")


# --- escalated ---------------------------------------------------------------------------------------------------

NO_HOLDERS = CLIENTS[CLIENTS.index("[[client]]") :].replace("roles = ", "# roles = ")
"""A clients.toml that names nobody for any role of Client A."""


@pytest.mark.parametrize(
    ("history", "owner", "clients", "state", "note"),
    [
        # high goes to the engagement partner; the managing partner stands above, and after him it rests
        ([], CONSULTANT, CLIENTS, "rests", ""),
        ([], PARTNER, CLIENTS, "met", "Engagement partner owns it"),
        ([], MANAGING_PARTNER, CLIENTS, "met", "Managing partner owns it"),
        ([], SERVICES_LEAD, CLIENTS, "rests", ""),
        ([said("Mon 2 Mar 11:00", PARTNER)], CONSULTANT, CLIENTS, "met", "Engagement partner answered"),
        ([said("Mon 2 Mar 11:00", SERVICES_LEAD)], CONSULTANT, CLIENTS, "rests", ""),
        ([said("Mon 2 Mar 11:00", CONSULTANT, "/mine")], CONSULTANT, CLIENTS, "met", "Consultant 1 took it"),
        ([said("Mon 2 Mar 11:00", CLIENT, "/mine")], CONSULTANT, CLIENTS, "rests", ""),
        ([said("Tue 3 Mar 12:00", PARTNER)], CONSULTANT, CLIENTS, "met", "Engagement partner answered, late"),
        # nobody is on record: any staff member's act counts, but not that somebody has it anyway
        ([], CONSULTANT, NO_HOLDERS, "rests", ""),
        ([GIVEN], CONSULTANT, NO_HOLDERS, "met", "Consultant 1 owns it"),
        ([said("Mon 2 Mar 11:00", COLLEAGUE)], CONSULTANT, NO_HOLDERS, "met", "Consultant 2 answered"),
        ([said("Mon 2 Mar 11:00", US)], CONSULTANT, NO_HOLDERS, "rests", ""),
    ],
)
def test_an_escalation_is_taken_by_assignment_acknowledgement_or_answer(
    history: list[Comment | Change], owner: Person, clients: str, state: str, note: str
) -> None:
    found = clock(
        judged(of("high", *history, owner=owner), "Tue 3 Mar 13:00", policy(clients=clients)), "escalation"
    )
    assert (found.state, found.note) == (state, note)


def test_a_label_takes_an_escalation_from_when_it_was_put() -> None:
    put = became("Tue 3 Mar 08:00", "labels", "", "mine")
    taken = replace(of("high", put), labels=frozenset({"mine"}))
    found = clock(judged(taken, "Tue 3 Mar 13:00"), "escalation")
    assert (found.state, found.met, found.step) == ("met", put.at, 1)


def test_what_was_taken_before_it_was_handed_over_is_not_handed_over() -> None:
    judgement = judged(of("high", said("Mon 2 Mar 10:05", PARTNER)), "Mon 2 Mar 12:00")
    assert clock(judgement, "escalation").step == judgement.level == 0
    assert not {"level-3"} & labels(judgement)


def test_an_escalation_once_taken_keeps_its_level_and_is_not_repeated() -> None:
    judgement = judged(of("high", called("Mon 2 Mar 10:05"), said("Mon 2 Mar 11:00", PARTNER)), "Tue 3 Mar 12:00")
    assert judgement.level == 3
    assert "escalation" not in {promise for promise, _, _ in sayings(judgement)}


def test_the_limit_to_take_it_pauses_while_it_waits_for_the_client_and_the_hand_over_does_not() -> None:
    waits = moved("Mon 2 Mar 10:05", "open", "waiting")
    found = clock(judged(of("high", waits), "Wed 4 Mar 12:00"), "escalation")
    assert (found.state, found.step, found.due) == ("paused", 1, None)
    assert ("escalation", "created", 1) in sayings(judged(of("high", waits), "Wed 4 Mar 12:00"))


THREAT = said("Tue 3 Mar 09:00", CLIENT, "we prepare a lawsuit")
LOWERED = became("Wed 4 Mar 09:00", "labels", "esc:critical", "esc:medium")
DONE = moved("Wed 4 Mar 12:00", "open", "resolved")
AGAIN = moved("Thu 5 Mar 09:00", "resolved", "open")


@pytest.mark.parametrize(
    ("history", "labelled", "now", "expected"),
    [
        ([], "", "Mon 2 Mar 11:00", ("created", "Mon 2 Mar 10:15", "client_services_lead")),
        ([THREAT], "", "Tue 3 Mar 09:20", (THREAT.id, "Tue 3 Mar 09:15", "managing_partner")),
        # lowered by a person: it was medium or worse from the beginning
        (
            [THREAT, LOWERED],
            "esc:medium",
            "Wed 4 Mar 10:00",
            ("created", "Mon 2 Mar 10:15", "client_services_lead"),
        ),
        ([DONE, AGAIN], "", "Thu 5 Mar 09:20", (AGAIN.id, "Thu 5 Mar 09:15", "client_services_lead")),
        ([THREAT, DONE, AGAIN], "", "Thu 5 Mar 09:20", (AGAIN.id, "Thu 5 Mar 09:15", "managing_partner")),
    ],
)
def test_an_escalation_is_made_when_the_severity_is_given_and_anew_when_the_ticket_is_reopened(
    history: list[Comment | Change], labelled: str, now: str, expected: tuple[str, str, str]
) -> None:
    judgement = judged(ticket(*history, labels=frozenset(labelled.split())), now)
    found = clock(judgement, "escalation")
    [role] = [each.role for each in judgement.sayings if each.obligation.promise == "escalation"]
    assert (found.occasion, wall(found.warn), role) == expected


WORSE = "we prepare a lawsuit"


@pytest.mark.parametrize(
    ("history", "promise", "rule", "due"),
    [
        # critical owes a first answer within the hour: counted from the beginning while that is still to come
        ([said("Mon 2 Mar 10:20", CLIENT, WORSE)], "first_response", "critical.first_response", "Mon 2 Mar 11:00"),
        # and overdue at once, after one warning period, a quarter of that hour
        ([said("Mon 2 Mar 12:00", CLIENT, WORSE)], "first_response", "critical.first_response", "Mon 2 Mar 12:15"),
        # medium had promised one by Tuesday at ten, and that stands
        ([said("Tue 3 Mar 09:50", CLIENT, WORSE)], "first_response", "medium.first_response", "Tue 3 Mar 10:00"),
        # and the next word by Thursday, or within four hours
        (
            [called("Mon 2 Mar 10:30"), said("Wed 4 Mar 09:00", CLIENT, WORSE)],
            "update",
            "critical.update",
            "Wed 4 Mar 10:00",
        ),
        (
            [called("Mon 2 Mar 10:30"), said("Thu 5 Mar 10:00", CLIENT, WORSE)],
            "update",
            "medium.update",
            "Thu 5 Mar 10:30",
        ),
        # once lowered again, the clocks follow
        (
            [said("Mon 2 Mar 12:00", CLIENT, WORSE), became("Mon 2 Mar 12:30", "labels", "", "esc:low")],
            "first_response",
            "low.first_response",
            "Wed 4 Mar 10:00",
        ),
    ],
)
def test_a_raise_counts_from_the_beginning_lets_stand_what_was_promised_and_breaks_nothing_at_once(
    history: list[Comment | Change], promise: PromiseName, rule: str, due: str
) -> None:
    worse = ticket(*history, labels=frozenset({"esc:low"} if "low" in rule else ()))
    found = clock(judged(worse, worse.updated), promise)
    assert (found.rule, wall(found.due)) == (f"escalation.toml: {rule}", due)


def test_a_reopened_ticket_is_a_new_cycle_and_not_instantly_overdue() -> None:
    again = of("high", called("Mon 2 Mar 11:00"), DONE, AGAIN)
    judgement = judged(again, "Thu 5 Mar 09:10")
    assert wall(clock(judgement, "first_response").due) == "Thu 5 Mar 13:00"
    assert [each.promise for each in judgement.clocks] == ["first_response", "owned", "escalation"]
    assert sayings(judgement) == set()


# --- whom a step goes to -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "owner", "step", "role", "person"),
    [
        # 24 h from Monday 10:00: warned, broken, and once a day one role up
        ("Tue 3 Mar 09:00", CONSULTANT, 1, "", "Consultant 1"),
        ("Tue 3 Mar 09:00", None, 1, "project_manager", "project manager"),
        ("Tue 3 Mar 10:00", CONSULTANT, 2, "", "Consultant 1"),
        ("Wed 4 Mar 10:00", CONSULTANT, 3, "client_services_lead", "services lead"),
        ("Thu 5 Mar 10:00", CONSULTANT, 4, "engagement_partner", "Engagement partner"),
        ("Fri 6 Mar 10:00", CONSULTANT, 5, "managing_partner", "managing partner"),
        ("Fri 13 Mar 10:00", CONSULTANT, 5, "managing_partner", "managing partner"),
    ],
)
def test_a_reminder_that_is_ignored_climbs_one_role_a_cadence_up_to_the_top(
    now: str, owner: Person | None, step: int, role: str, person: str
) -> None:
    lazy = ticket(said("Mon 2 Mar 10:01", SERVICES_LEAD), owner=owner)
    judgement = judged(lazy, now, memory=having_said(lazy, "first_response", "created", *range(1, step)))
    first = judgement.sayings[0]
    assert (first.obligation.promise, first.obligation.step) == ("first_response", step)
    assert (first.role, first.person) == (role, person)
    assert judgement.level == (step - 1 if role and owner else 0)


def test_the_ladder_is_climbed_by_asking_never_by_time_alone() -> None:
    """After a downtime the first to be asked is the first of the ladder, and nobody is passed over."""
    lazy = ticket(owner=CONSULTANT)
    first = judged(lazy, "Thu 5 Mar 12:00")
    asked = {each.obligation.promise: (each.obligation.step, each.role) for each in first.sayings}
    assert asked == {"first_response": (4, ""), "escalation": (3, "client_services_lead")}
    assert first.level == 2
    memory = having_said(lazy, "escalation", "created", 3)
    assert judged(lazy, "Thu 5 Mar 12:05", memory=memory).level == 2, (
        "what was just said is not heeded or ignored yet"
    )


def test_whoever_says_mine_after_the_breach_ends_the_climbing_but_not_the_breach() -> None:
    lazy = ticket(said("Mon 2 Mar 10:01", SERVICES_LEAD), said("Tue 3 Mar 15:00", CONSULTANT, "/mine"))
    judgement = judged(lazy, "Fri 6 Mar 10:00")
    found = clock(judgement, "first_response")
    assert (found.state, found.step, found.note) == ("rests", 2, "Consultant 1 took it; no more reminders")
    assert "breach" in labels(judgement)
    assert judgement.level == 0


def test_a_client_s_own_holder_of_a_role_is_asked_first() -> None:
    judgement = judged(of("high", client="Client B"), "Mon 2 Mar 10:15")
    assert [(each.role, each.person) for each in judgement.sayings] == [("engagement_partner", "partner of B")]


def test_where_nobody_is_on_record_the_role_is_named_alone() -> None:
    judgement = judged(of("high"), "Mon 2 Mar 10:15", policy(clients=NO_HOLDERS))
    assert [(each.role, each.person) for each in judgement.sayings] == [("engagement_partner", "")]


def test_a_severity_that_is_not_handed_over_is_never_spoken_of() -> None:
    quiet = policy(escalation=ESCALATION.replace("[high]", "[high]\nhandover = false"))
    assert sayings(judged(of("high", called("Mon 2 Mar 10:05")), "Mon 2 Mar 12:00", quiet)) == set()


@pytest.mark.parametrize("by", [policy(), shipped()], ids=["small", "shipped"])
def test_each_saying_names_the_cell_that_made_it(by: Policy) -> None:
    for severity, value in SEV.items():
        fields = {"severity": severity if by is shipped() else value}
        judgement: Judgement = judged(ticket(owner=None, fields=fields), "Fri 13 Mar 12:00", by)
        cells = {"first_response": "first_response", "owned": "first_response", "escalation": "escalation"}
        said = {each.obligation.promise: each.because.rule for each in judgement.sayings}
        rules = {promise: rule for promise, rule in said.items() if promise in cells}
        assert rules == {each: f"escalation.toml: {severity}.{cells[each]}" for each in rules}
        assert set(rules) == ({"first_response", "owned"} if severity == "low" else set(cells))
