"""How bad a ticket is, since when and by which event; what raises it; and how urgent it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tickets import (
    CLIENT,
    CONSULTANT,
    MACHINE,
    MANAGING_PARTNER,
    OPENED,
    SEVERITY,
    US,
    at,
    became,
    called,
    judged,
    moved,
    policy,
    said,
    shipped,
    ticket,
)

from sync.judging.facts import NO_FACTS, Facts, Known, fold
from sync.judging.severity import raised, urgency
from sync.ticket import SEVERITIES, Category, Change, Comment, Severity, Status

if TYPE_CHECKING:
    from datetime import datetime

    from sync.judging.severity import Rating
    from sync.mapping.policy import Policy
    from sync.ticket import Ticket

NOW = "Fri 6 Mar 12:00"


def rated(asked: Ticket, by: Policy | None = None, facts: Facts = NO_FACTS) -> Rating:
    return judged(asked, NOW, by, facts).rating


# --- one moment --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "fields", "severity", "rule", "why"),
    [
        ("Hello", {}, "medium", "default", "nothing on the ticket tells its severity"),
        ("Hello", {"severity": "Sev 2"}, "high", "field_values", "the severity field says “Sev 2”"),
        ("Hello", {"severity": "Sev 9"}, "medium", "default", "nothing on the ticket tells its severity"),
        ("Hello", {"priority": "Major"}, "high", "priority_values", "the priority is “Major”"),
        ("Hello", {"priority": "Medium"}, "medium", "default", "nothing on the ticket tells its severity"),
        ("Hi", {"impact": "GREAT", "reach": "One"}, "high", "matrix.cells.GREAT.One", "impact GREAT × reach One"),
        ("Hello", {"impact": "great"}, "medium", "default", "nothing on the ticket tells its severity"),
        ("A lawsuit", {}, "critical", "lawyers", "“A lawsuit”"),
        ("Not a lawsuit", {}, "medium", "default", "nothing on the ticket tells its severity"),
        ("No hurry, said our board", {}, "high", "leadership", "“No hurry, said our board”"),
        # the order of the file: field, matrix, signals, priority
        ("A lawsuit", {"severity": "Sev 4"}, "low", "field_values", "the severity field says “Sev 4”"),
        (
            "A lawsuit", {"impact": "Small", "reach": "One"},
            "low", "matrix.cells.Small.One", "impact Small × reach One",
        ),
        ("A lawsuit", {"priority": "Minor"}, "critical", "lawyers", "“A lawsuit”"),
    ],
)  # fmt: skip
def test_the_first_of_the_file_s_sources_that_answers_gives_the_severity(
    title: str, fields: dict[str, str], severity: str, rule: str, why: str
) -> None:
    found = rated(ticket(title=title, fields=fields))
    assert (found.severity, found.rule, found.why) == (severity, rule, why)
    assert (found.event, found.since, found.decided) == ("created", at(OPENED), False)


def test_a_file_without_a_matrix_rates_by_the_rest() -> None:
    bare = policy(severity='order = ["priority"]\npriority_values = { major = "high" }')
    assert rated(ticket(fields={"impact": "Great", "reach": "All", "priority": "Major"}), bare).severity == "high"


def test_the_client_s_word_before_the_ticket_was_made_is_where_it_begins() -> None:
    asked = ticket(reported=at("Fri 27 Feb 16:00"))
    assert rated(asked).since == at("Fri 27 Feb 16:00")


# --- its history -------------------------------------------------------------------------------------------------

LAWSUIT = said("Tue 3 Mar 09:00", CLIENT, "we prepare a lawsuit")
TO_LOW = became("Wed 4 Mar 09:00", "severity", "Sev 2", "Sev 4")
TO_HIGH = became("Tue 3 Mar 09:00", "severity", "Sev 4", "Sev 2")
MED, HIGH, LOW = "esc:medium", "esc:high", "esc:low"
PUT_HIGH = became("Tue 3 Mar 08:00", "labels", "", HIGH)
PUT_LOW = became("Tue 3 Mar 08:00", "labels", "", LOW)


@pytest.mark.parametrize(
    ("history", "labels", "fields", "expected"),
    [
        # severity, the event that gave it, the event since which it has been at least so bad, decided by a person
        pytest.param([LAWSUIT], "", {}, ("critical", LAWSUIT.id, LAWSUIT.id, False), id="the client threatens"),
        pytest.param(
            [said("Tue 3 Mar 09:00", CONSULTANT, "a lawsuit?")], "", {}, ("medium", "created", "created", False),
            id="what staff write among themselves raises nothing",
        ),
        pytest.param(
            [LAWSUIT, said("Wed 4 Mar 09:00", CLIENT, "the lawsuit is ready")], "", {},
            ("critical", LAWSUIT.id, LAWSUIT.id, False),
            id="said twice, it counts from the first time",
        ),
        pytest.param(
            [TO_HIGH], "", {"severity": "Sev 2"}, ("high", TO_HIGH.id, TO_HIGH.id, True),
            id="a person raised the field",
        ),
        pytest.param(
            [replace(TO_HIGH, author=MACHINE)], "", {"severity": "Sev 2"}, ("high", TO_HIGH.id, TO_HIGH.id, False),
            id="an automation raised the field and decided nothing",
        ),
        pytest.param(
            [TO_LOW], "", {"severity": "Sev 4"}, ("low", TO_LOW.id, "created", True),
            id="lowered by a person, it has been at least low from the beginning",
        ),
        pytest.param(
            [TO_HIGH, TO_LOW], "", {"severity": "Sev 4"}, ("low", TO_LOW.id, "created", True),
            id="up and down again",
        ),
        pytest.param(
            [became("Tue 3 Mar 08:00", "severity", "Sev 2", ""), LAWSUIT], "", {},
            ("critical", LAWSUIT.id, LAWSUIT.id, False),
            id="a field that was emptied leaves it to the words",
        ),
        pytest.param(
            [became("Tue 3 Mar 09:00", "labels", MED, HIGH)], HIGH, {},
            ("high", "labels Tue 3 Mar 09:00", "labels Tue 3 Mar 09:00", True),
            id="a person swaps the label",
        ),
        pytest.param(
            [became("Tue 3 Mar 09:00", "labels", MED, LOW)], LOW, {},
            ("low", "labels Tue 3 Mar 09:00", "created", True),
            id="a person's label lowers it",
        ),
        pytest.param(
            [became("Tue 3 Mar 09:00", "labels", "", HIGH, US)], HIGH, {}, ("medium", "created", "created", False),
            id="our own label decides nothing",
        ),
        pytest.param(
            [PUT_LOW, LAWSUIT], LOW, {},
            ("low", "labels Tue 3 Mar 08:00", "created", True),
            id="words do not override a person's label",
        ),
        pytest.param(
            [PUT_LOW, TO_HIGH], LOW, {"severity": "Sev 2"},
            ("high", TO_HIGH.id, TO_HIGH.id, True),
            id="a person's later field overrides the label",
        ),
        pytest.param(
            [TO_HIGH, became("Wed 4 Mar 08:00", "labels", "", LOW)], LOW, {"severity": "Sev 2"},
            ("low", "labels Wed 4 Mar 08:00", "created", True),
            id="a later label overrides the field",
        ),
        pytest.param(
            [PUT_HIGH, became("Wed 4 Mar 08:00", "labels", HIGH, "")], "", {},
            ("medium", "labels Wed 4 Mar 08:00", "created", False),
            id="a label taken off again leaves it to the file",
        ),
        pytest.param(
            [PUT_HIGH, became("Wed 4 Mar 08:00", "labels", HIGH, LOW)], LOW, {},
            ("low", "labels Wed 4 Mar 08:00", "created", True),
            id="a label swapped for a lower one",
        ),
        pytest.param(
            [PUT_HIGH], "", {}, ("medium", "created", "created", False),
            id="a label that is gone, though nothing tells when, decides nothing",
        ),
        pytest.param(
            [
                PUT_HIGH, became("Wed 4 Mar 08:00", "labels", HIGH, ""),
                became("Thu 5 Mar 08:00", "labels", "", HIGH, US),
            ],
            HIGH, {},
            ("medium", "labels Wed 4 Mar 08:00", "created", False),
            id="a label that a person took off and we put again",
        ),
        pytest.param(
            [became("Tue 3 Mar 08:00", "labels", "", f"{LOW} {HIGH}")], f"{LOW} {HIGH}", {},
            ("high", "labels Tue 3 Mar 08:00", "labels Tue 3 Mar 08:00", True),
            id="of two labels put at once the higher one",
        ),
        pytest.param(
            [became("Tue 3 Mar 09:00", "severity", "Sev 4", "")], "", {"severity": "Sev 1"},
            ("critical", "severity Tue 3 Mar 09:00", "severity Tue 3 Mar 09:00", True),
            id="where the history stops short, the present value counts from its last event",
        ),
    ],
)  # fmt: skip
def test_the_severity_is_that_of_the_last_event_that_changed_it(
    history: list[Change | Comment], labels: str, fields: dict[str, str], expected: tuple[str, str, str, bool]
) -> None:
    found = rated(ticket(*history, labels=frozenset(labels.split()), fields=fields))
    assert (found.severity, found.event, found.risen[-1].id, found.decided) == expected


def test_a_signal_may_ask_a_status_a_label_or_a_field_and_counts_from_when_it_came() -> None:
    asks = policy(
        severity=SEVERITY
        + """
[[signal]]
name = "waits"
severity = "high"
[[signal.when.any]]
field = "status"
equals = "waiting"
[[signal.when.any]]
label = "vip"
[[signal.when.any]]
field = "milestone"
equals = "M9"
"""
    )
    waiting = moved("Tue 3 Mar 09:00", "open", "waiting")
    named = became("Tue 3 Mar 10:00", "labels", "web", "vip web", MACHINE)
    grown = became("Tue 3 Mar 11:00", "milestone", "M1", "M9")
    for asked in (
        ticket(waiting),
        ticket(named, labels=frozenset({"vip", "web"})),
        ticket(grown, fields={"milestone": "M9"}),
    ):
        found = rated(asked, asks)
        assert (found.severity, found.event) == ("high", asked.changes[0].id)


LABEL_SETS = st.sets(st.sampled_from(["esc:low", "esc:medium", "esc:high", "esc:critical", "web"])).map(
    lambda names: " ".join(sorted(names))
)


@given(st.lists(LABEL_SETS, min_size=1, max_size=6), st.permutations(range(6)))
def test_the_last_label_that_a_person_put_decides_as_long_as_it_is_there(
    sets: list[str], order: list[int]
) -> None:
    days = [f"{day} {hour:02}:00" for day in ("Mon 2 Mar", "Tue 3 Mar") for hour in (11, 12, 13)]
    changes = [
        became(day, "labels", before, after)
        for day, before, after in zip(days, ["", *sets], sets, strict=False)
        if before != after
    ]
    levels: list[Severity | None] = [None]
    for change in changes:
        put = {label.removeprefix("esc:") for label in set(change.after.split()) - set(change.before.split())}
        highest = max((level for level in SEVERITIES if level in put), key=SEVERITIES.index, default=None)
        held = levels[-1] if levels[-1] and f"esc:{levels[-1]}" in change.after.split() else None
        levels.append(highest or held)
    asked = ticket(*changes, labels=frozenset(sets[-1].split()))
    shuffled = replace(asked, changes=tuple(changes[place] for place in order if place < len(changes)))
    assert rated(asked).severity == (levels[-1] or "medium")
    assert rated(shuffled) == rated(asked), "the order in which a tracker tells its history does not matter"


# --- what the client's other tickets say -------------------------------------------------------------------------


def known(
    number: int,
    opened: str,
    resolved: str | None = None,
    category: Category = "delivery",
    client: str = "Client A",
) -> Known:
    return Known(
        "site", str(number), f"A-{number}", client, category, at(opened), at(resolved) if resolved else None
    )


ME = known(10001, OPENED)


def facts(*others: Known) -> Facts:
    return fold([*others, ME]).of("Client A", "site", ME.id)


@pytest.mark.parametrize(
    ("others", "severity", "evidence"),
    [
        pytest.param([], "medium", [], id="the first"),
        pytest.param([known(1, "Mon 2 Feb 09:00")], "medium", [], id="the second"),
        pytest.param(
            [known(1, "Mon 2 Feb 09:00"), known(2, "Tue 3 Feb 09:00", "Wed 4 Feb 09:00")],
            "high",
            ["issue number 3 of this client within 90d (A-1, A-2)"],
            id="the third, open or not",
        ),
        pytest.param(
            [known(1, "Mon 2 Feb 09:00"), known(2, "Tue 3 Mar 09:00")], "medium", [], id="one that came later"
        ),
        pytest.param(
            [known(1, "Mon 2 Feb 09:00"), known(2, "Tue 3 Feb 09:00", client="Client B")],
            "medium",
            [],
            id="one of another client",
        ),
        pytest.param(
            [known(1, OPENED), known(2, OPENED)],
            "high",
            ["issue number 3 of this client within 90d (A-1, A-2)"],
            id="three of one moment, of which this is the last by number",
        ),
        pytest.param([known(1, OPENED), known(20001, OPENED)], "medium", [], id="and of which it is the second"),
    ],
)
def test_the_third_issue_of_a_client_is_one_severity_higher(
    others: list[Known], severity: str, evidence: list[str]
) -> None:
    found = rated(ticket(), facts=facts(*others))
    assert (found.severity, [each.evidence for each in found.raises]) == (severity, evidence)
    assert found.event == "created", "it was so from the beginning"


LONG_AGO = Known("site", "1", "A-1", "Client A", "delivery", at(OPENED) - timedelta(days=200))
RECENT = known(2, "Tue 3 Feb 09:00")


@pytest.mark.parametrize(
    ("resolved", "counts"),
    [
        (None, True),
        (at(OPENED) + timedelta(days=1), True),
        (at(OPENED) - timedelta(days=1), False),
    ],
)
def test_an_old_issue_counts_if_it_was_still_open_when_the_new_one_came(
    resolved: datetime | None, *, counts: bool
) -> None:
    found = rated(ticket(), facts=facts(replace(LONG_AGO, resolved=resolved), RECENT))
    assert (found.severity == "high") is counts


TWO = (known(1, "Mon 2 Feb 09:00"), known(2, "Tue 3 Feb 09:00"))


@pytest.mark.parametrize(
    ("fields", "history", "severity"),
    [
        ({"severity": "Sev 2"}, [], "critical"),
        ({"severity": "Sev 1"}, [], "critical"),
        ({"severity": "Sev 3"}, [became("Tue 3 Mar 09:00", "severity", "Sev 2", "Sev 3")], "medium"),
        ({"severity": "Sev 3"}, [became("Tue 3 Mar 09:00", "severity", "", "Sev 3")], "medium"),
        ({}, [became("Tue 3 Mar 09:00", "labels", "esc:high", "esc:medium")], "medium"),
    ],
)
def test_a_raise_stops_at_critical_and_where_a_person_has_decided(
    fields: dict[str, str], history: list[Change], severity: str
) -> None:
    asked = ticket(*history, fields=fields, labels=frozenset({"esc:medium"}))
    assert rated(asked, facts=facts(*TWO)).severity == severity


def test_a_trigger_may_count_only_issues_of_the_same_category_and_never_those_of_none() -> None:
    same = policy(severity=SEVERITY + "same_category = true\n")
    late, hello = ticket(title="late"), ticket(title="Hello")
    assert rated(late, same, facts(*TWO)).severity == "high"
    assert rated(late, same, facts(TWO[0], replace(TWO[1], category="billing"))).severity == "medium"
    unclassified = [replace(each, category="unclassified") for each in TWO]
    assert rated(hello, same, facts(*unclassified)).severity == "medium"


def test_each_trigger_raises_what_the_one_before_it_left() -> None:
    twice = policy(
        severity=SEVERITY + '[[trigger]]\nname = "second issue"\nclient_issues = 2\nwithin = "30d"\nraise_by = 2\n'
    )
    found = rated(ticket(), twice, facts(*TWO))
    assert [(each.trigger, each.before, each.after) for each in found.raises] == [
        ("third issue", "medium", "high"),
        ("second issue", "high", "critical"),
    ]


def test_what_is_known_of_clients_is_folded_over_all_sources() -> None:
    jira, asana = (
        known(1, "Mon 2 Feb 09:00"),
        Known("asana", "1", "T-1", "Client A", "scope", at("Mon 2 Feb 08:00")),
    )
    nobody = replace(jira, id="3", client="")
    together = fold([jira, asana, nobody])
    assert together.of("Client A", "site", "2").tickets == (asana, jira)
    assert together.of(None, "site", "3") is together.of("Client Z", "site", "4") is NO_FACTS


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=12), st.integers(0, 400))
def test_facts_are_those_of_the_opening_whatever_comes_later(lives: list[tuple[int, int]], opened: int) -> None:
    """A plain count; and a ticket opened later, or resolved later, changes nothing."""
    start = at("Mon 5 Jan 00:00")
    others = [
        replace(ME, id=str(number), opened=start + timedelta(day), resolved=start + timedelta(day + days))
        for number, (day, days) in enumerate(lives)
    ]
    me, within = replace(ME, id="last", opened=start + timedelta(days=opened)), timedelta(days=90)
    plain = [
        each.id
        for each in others
        if each.opened <= me.opened and (each.opened >= me.opened - within or (each.resolved or start) > me.opened)
    ]
    later = replace(ME, id="later", opened=me.opened + timedelta(1))
    grown = [replace(each, resolved=None) if (each.resolved or start) > me.opened else each for each in others]
    for tickets in ([*others, me], [*grown, me, later]):
        found = fold(tickets).of("Client A", "site", me.id).earlier(me.opened, within)
        assert sorted(each.id for each in found) == sorted(plain)


@given(st.sampled_from(SEVERITIES), st.integers(0, 5))
def test_a_raise_goes_up_step_by_step_and_not_beyond_critical(severity: Severity, steps: int) -> None:
    assert SEVERITIES.index(raised(severity, steps)) == min(SEVERITIES.index(severity) + steps, 3)


# --- urgency -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "hours", "waits", "again", "parts"),
    [
        (ticket(), None, False, False, {"severity": 5}),
        (ticket(), 10.0, False, False, {"severity": 5, "time to the next broken promise": 20}),
        (ticket(), -3.0, False, False, {"severity": 5, "time to the next broken promise": 46}),
        (ticket(), -99.0, False, False, {"severity": 5, "time to the next broken promise": 50}),
        (ticket(), 99.0, True, False, {"severity": 5, "the client waits for an answer": 10}),
        (ticket(owner=None), None, False, False, {"severity": 5, "nobody owns it": 10}),
        (ticket(), None, False, True, {"severity": 5, "reopened": 10}),
        (ticket(status=Status.RESOLVED), -3.0, True, True, {}),
    ],
)
def test_urgency_is_the_time_left_first_then_the_trend_then_nobody_on_it(
    asked: Ticket, hours: float | None, parts: dict[str, int], *, waits: bool, again: bool
) -> None:
    left = None if hours is None else timedelta(hours=hours)
    found = urgency(asked, rated(asked), left, client_waits=waits, reopened=again)
    assert (found.parts, found.score) == (parts, sum(parts.values()))


def test_a_ticket_that_came_back_is_more_urgent() -> None:
    history = (moved("Tue 3 Mar 09:00", "open", "resolved"), moved("Wed 4 Mar 09:00", "resolved", "open"))
    again = judged(ticket(*history), NOW).urgency
    assert again is not None
    assert again.parts["reopened"] == 10


def test_a_critical_issue_in_good_hands_is_less_urgent_than_a_medium_one_that_runs_out() -> None:
    kept = ticket(called("Mon 2 Mar 10:30"), owner=MANAGING_PARTNER, fields={"severity": "Sev 1"})
    critical, medium = (
        judged(kept, "Mon 2 Mar 10:31").urgency,
        judged(ticket(owner=None), "Tue 3 Mar 09:55").urgency,
    )
    assert critical is not None
    assert medium is not None
    assert critical.score < medium.score


def test_a_raise_makes_a_ticket_more_urgent() -> None:
    alone, third = judged(ticket(), NOW), judged(ticket(), NOW, facts=facts(*TWO))
    assert third.urgency is not None
    assert third.urgency.parts["raised"] == 5
    assert alone.urgency is not None
    assert "raised" not in alone.urgency.parts


def test_the_shipped_file_rates_the_playbook_s_examples() -> None:
    told = {
        "We will terminate the contract": "critical",
        "Our lawyers prepare legal action": "critical",
        "The launch is at risk": "high",
        "This is unacceptable to our board": "high",
        "A question about the report": "medium",
        "A typo, no hurry": "low",
    }
    assert {title: rated(ticket(title=title), shipped()).severity for title in told} == told
