"""Automatic triggers: what raises a severity or brings somebody in, since when, and when it is withdrawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tickets import (
    CLIENT,
    CLIENTS,
    CONSULTANT,
    MACHINE,
    OPENED,
    SEVERITY,
    applied,
    at,
    became,
    clock,
    having_said,
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

from sync.errors import ConfigurationError
from sync.judging.facts import Deadline, Facts, Known, Told, fold
from sync.judging.triggers import number
from sync.ticket import SEVERITIES, Language, Status

if TYPE_CHECKING:
    from datetime import datetime

    from sync.judging.judgement import Judgement
    from sync.mapping.policy import Policy
    from sync.ticket import Category, Change, Ticket

NO_TRIGGER = SEVERITY.partition("[[trigger]]")[0]
DAY = timedelta(days=1)


def triggered(*tables: str, clients: str = CLIENTS) -> Policy:
    """The small policy with these triggers; `name` is given to each."""
    written = "".join(f'[[trigger]]\nname = "trigger {each}"\n{table}\n' for each, table in enumerate(tables))
    return policy(severity=NO_TRIGGER + written, clients=clients)


def other(
    number: int,
    days: float,
    solved: float | None = None,
    category: Category = "unclassified",
    **told: Any,  # noqa: ANN401 - any field of Told
) -> Known:
    """Another ticket of Client A, opened and perhaps solved so many days after ours."""
    start = at(OPENED)
    end = None if solved is None else start + solved * DAY
    return Known(
        "site",
        str(number),
        f"A-{number}",
        "Client A",
        category,
        start + days * DAY,
        end,
        Told(**told),
    )


def beside(one: Ticket, *others: Known, **told: Any) -> Facts:  # noqa: ANN401 - any field of Told
    """The facts for a ticket, which itself tells the others `told`."""
    me = replace(other(int(one.id), 0, **told), opened=one.reported or one.created)
    return fold([*others, me]).of("Client A", one.site, one.id)


def raises(found: Judgement) -> list[tuple[str, str, str]]:
    return [(each.before, each.after, each.evidence) for each in found.rating.raises]


# --- patterns of one client -------------------------------------------------------------------------------------

PATTERN = 'client_issues = 3\nsame_category_issues = 2\nwithin = "90d"'
LATE = ticket(title="The report is late")  # category delivery


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        pytest.param([other(1, -30, -20)], [], id="the second, of another category"),
        pytest.param(
            [other(1, -30, -20), other(2, -10)],
            ["issue number 3 of this client within 90d (A-1, A-2)"],
            id="the third within 90 days",
        ),
        pytest.param([other(1, -91, -20), other(2, -10)], [], id="the third, but one is older and solved"),
        pytest.param(
            [other(1, -400), other(2, -10)],
            ["issue number 3 of this client within 90d (A-1, A-2)"],
            id="the third, for one that is older is still open",
        ),
        pytest.param(
            [other(1, -30, -20, "delivery")],
            ["issue number 2 of this client and category within 90d (A-1)"],
            id="the same category again",
        ),
        pytest.param(
            [other(1, -30, -20, "delivery"), other(2, -10, category="delivery")],
            ["issue number 3 of this client and category within 90d (A-1, A-2)"],
            id="both patterns are one raise, never two",
        ),
        pytest.param(
            [other(1, -30, home=True), other(2, -10)], [], id="what stands for an engagement is no issue"
        ),
    ],
)
def test_a_pattern_raises_by_one_and_says_by_which_issues(others: list[Known], expected: list[str]) -> None:
    found = judged(LATE, OPENED, triggered(PATTERN), beside(LATE, *others, category="delivery"))
    assert [each[:2] for each in raises(found)] == [("medium", "high")] * len(expected)
    assert [each[2] for each in raises(found)] == expected


def test_what_is_unclassified_is_no_category_that_comes_again() -> None:
    hello = ticket(title="Hello")
    found = judged(hello, OPENED, triggered(PATTERN), beside(hello, other(1, -30)))
    assert raises(found) == []


SINCE = """
[[client]]
name = "Client A"
since = {since}
tier = "{tier}"
"""


@pytest.mark.parametrize(
    ("since", "others", "brought", "note"),
    [
        pytest.param("2025-09-01", 2, "next", "A young relationship", id="a new client's third"),
        pytest.param("2015-09-01", 2, "", "", id="a long-standing client's third"),
        pytest.param("2015-09-01", 0, "", "A long-standing client's first", id="a long-standing client's first"),
        pytest.param("2025-09-01", 0, "", "", id="a new client's first"),
    ],
)
def test_a_new_clients_third_issue_and_an_old_clients_first_come_out_differently(
    since: str, others: int, brought: str, note: str
) -> None:
    by = triggered(
        'client_issues = 3\nwithin = "90d"\nclient_newer_than = "365d"\nraise_by = 0\nbring_in = "next"\n'
        'note = "A young relationship"',
        'first_issue = true\nwithin = "365d"\nclient_longer_than = "1095d"\nraise_by = 0\n'
        'note = "A long-standing client\'s first"',
        clients=SINCE.format(since=since, tier="key"),
    )
    one = ticket()
    found = judged(one, "Mon 2 Mar 12:00", by, beside(one, *(other(each, -each) for each in range(1, others + 1))))
    assert [(pull.trigger.bring_in, pull.trigger.note_in("en")) for pull in found.rating.pulls] == (
        [(brought, note)] if note else []
    )
    role = next(each.role for each in found.sayings if each.obligation.promise == "escalation")
    assert role == ("engagement_partner" if brought else "client_services_lead")
    assert found.rating.severity == "medium", "a role and a note, not a severity"


def test_every_shipped_note_is_there_in_every_language() -> None:
    notes = [trigger.note for trigger in shipped().severity.trigger if trigger.note]
    assert notes
    for note in notes:
        assert {language for language, text in note.items() if text} == {*get_args(Language)}
        assert len({*note.values()}) == len(note)


def test_a_note_is_read_in_the_reader_s_language_or_else_in_english() -> None:
    own, alone = (
        triggered(f"reopened = true\nnote{note}").severity.trigger[0]
        for note in ('.en = "Call."\nnote.da = "Ring."', ' = "Call."')
    )
    assert [own.note_in(each) for each in ("da", "en", "fi")] == ["Ring.", "Call.", "Call."]
    assert alone.note_in("da") == "Call."
    with pytest.raises(ConfigurationError, match="not in English"):
        triggered('reopened = true\nnote.da = "Ring."')


@pytest.mark.parametrize(("tier", "severity"), [("key", "high"), ("small", "medium")])
def test_a_trigger_may_be_for_some_tiers_alone(tier: str, severity: str) -> None:
    two = SINCE.format(since="2020-01-01", tier=tier) + '[[client]]\nname = "Client B"\ntier = "key"\n'
    by = triggered('first_issue = true\nwithin = "30d"\ntiers = ["key"]', clients=two)
    one = ticket()
    assert judged(one, OPENED, by, beside(one)).rating.severity == severity


def test_of_a_client_without_a_record_or_a_date_nothing_is_guessed() -> None:
    by = triggered('first_issue = true\nwithin = "30d"\nclient_longer_than = "10d"')
    one = ticket()
    assert judged(one, OPENED, by, beside(one)).rating.severity == "medium"


# --- deadlines --------------------------------------------------------------------------------------------------

DEADLINES = 'missed_deadlines = 2\nwithin = "90d"\nat_least = "high"\nbring_in = "next"'


def passed(days: int, *, missed: bool = True) -> Deadline:
    """A date promised so many days after the opening, that has passed."""
    day = date(2026, 3, 2) + timedelta(days=days)
    return Deadline(day, at(OPENED) + (days + 1) * DAY, f"promise {days}", missed)


@pytest.mark.parametrize(
    ("others", "mine", "severity"),
    [
        pytest.param(
            [other(1, -9, deadlines=(passed(-5),), engagement="Web")], (passed(1),), "high", id="two in a row"
        ),
        pytest.param([], (passed(1),), "low", id="one alone"),
        pytest.param([], (passed(0), passed(1)), "high", id="two on one ticket, the date moved after it passed"),
        pytest.param(
            [
                other(1, -9, deadlines=(passed(-5),), engagement="Web"),
                other(2, -9, deadlines=(passed(-1, missed=False),), engagement="Web"),
            ],
            (passed(1),),
            "low",
            id="one kept in between breaks the row",
        ),
        pytest.param(
            [other(1, -9, deadlines=(passed(-5),), engagement="App")], (passed(1),), "low", id="another engagement"
        ),
        pytest.param(
            [replace(other(1, -9, deadlines=(passed(-5),), engagement="Web"), client="Client B")],
            (passed(1),),
            "low",
            id="another client",
        ),
        pytest.param(
            [other(1, -9, deadlines=(passed(-5),), engagement="Web")], (passed(1, missed=False),), "low", id="kept"
        ),
        pytest.param(
            [other(1, -9, deadlines=(passed(2),), engagement="Web")],
            (passed(1),),
            "low",
            id="the later one is raised",
        ),
    ],
)
def test_two_deadlines_missed_in_a_row_in_one_engagement_raise_to_high_at_least(
    others: list[Known], mine: tuple[Deadline, ...], severity: str
) -> None:
    one = ticket(title="no hurry")  # low
    facts = beside(one, *others, deadlines=mine, engagement="Web")
    found = judged(one, "Fri 6 Mar 12:00", triggered(DEADLINES), facts)
    assert found.rating.severity == severity
    brought = [pull.trigger.bring_in for pull in found.rating.pulls]
    assert brought == (["next"] if severity == "high" else [])


def test_a_third_date_missed_renews_the_raise_and_opens_no_occasion_of_its_own() -> None:
    one = ticket()
    early = beside(one, deadlines=(passed(0), passed(1)), engagement="Web")
    late = beside(one, deadlines=(passed(0), passed(1), passed(30)), engagement="Web")
    first = judged(one, "Fri 6 Mar 12:00", triggered(DEADLINES), early).rating
    then = judged(one, "Mon 6 Apr 12:00", triggered(DEADLINES), late).rating
    assert first.raises[0].pull.occasion == then.raises[0].pull.occasion == "missed_deadlines:promise 1:passed"
    assert first.until == at(OPENED) + (2 + 90) * DAY
    assert then.until == at(OPENED) + (31 + 90) * DAY
    assert "3 promised dates missed in a row" in then.raises[0].evidence


def test_the_next_role_is_asked_when_a_row_of_missed_dates_raised_it() -> None:
    one = ticket()
    facts = beside(one, deadlines=(passed(0), passed(1)), engagement="Web")
    found = judged(one, "Fri 6 Mar 12:00", triggered(DEADLINES), facts)
    escalation = next(each for each in found.sayings if each.obligation.promise == "escalation")
    assert escalation.role == "managing_partner", "the one above the engagement partner, to whom high goes"


# --- satisfaction -----------------------------------------------------------------------------------------------

SATISFIED = 'satisfaction_below = 5\nwithin = "90d"\nraise_by = 0\nbring_in = "managing_partner"'
FELL = became("Tue 3 Mar 10:00", "satisfaction", "8", "3,5 / 10")
ROSE = became("Wed 4 Mar 10:00", "satisfaction", "3", "8")


@pytest.mark.parametrize(
    ("history", "figure", "recorded", "brought"),
    [
        pytest.param([FELL], "3,5 / 10", None, True, id="the ticket's own figure fell"),
        pytest.param([], "4", None, True, id="it was low from the beginning"),
        pytest.param([], "5", None, False, id="at the threshold"),
        pytest.param([], "", 3, True, id="the client's record"),
        pytest.param([], "9", 3, False, id="the ticket's own figure counts before the record"),
        pytest.param([], "so-so", None, False, id="no figure"),
        pytest.param([], "nan", None, False, id="no number"),
        pytest.param(
            [became("Tue 3 Mar 10:00", "satisfaction", "7", "3"), ROSE], "8", None, True, id="risen just now"
        ),
    ],
)
def test_low_satisfaction_brings_leadership_in_and_leaves_the_severity(
    history: list[Change], figure: str, recorded: float | None, *, brought: bool
) -> None:
    record = f'[[client]]\nname = "Client A"\n{f"satisfaction = {recorded}" if recorded else ""}\n'
    one = ticket(*history, fields={"satisfaction": figure} if figure else {})
    found = judged(one, "Fri 6 Mar 12:00", triggered(SATISFIED, clients=record))
    assert found.rating.severity == "medium"
    assert [pull.trigger.bring_in for pull in found.rating.pulls] == (["managing_partner"] if brought else [])
    role = next(each.role for each in found.sayings if each.obligation.promise == "escalation")
    assert role == ("managing_partner" if brought else "client_services_lead")


def test_leadership_is_told_when_the_figure_falls_though_the_hand_over_was_made_and_taken_before() -> None:
    by, before = triggered(SATISFIED), ticket(fields={"satisfaction": "8"})
    told = having_said(before, "escalation", "created", 1)
    assert ("escalation", "created", 1) in sayings(judged(before, "Mon 2 Mar 11:00", by))
    fell = ticket(FELL, fields={"satisfaction": "3,5 / 10"})
    found = judged(fell, "Tue 3 Mar 11:00", by, memory=told)
    assert ("escalation", FELL.id, 1) in sayings(found)
    assert clock(found, "escalation").due is not None


def test_a_figure_that_rose_again_counts_for_its_window_still() -> None:
    raising = triggered(SATISFIED.replace("raise_by = 0", "raise_by = 1"))
    one = ticket(became("Tue 3 Mar 10:00", "satisfaction", "7", "3"), ROSE, fields={"satisfaction": "8"})
    until = ROSE.at + 90 * DAY
    assert judged(one, until - timedelta(minutes=1), raising).rating.severity == "high"
    assert judged(one, until, raising).rating.severity == "medium"


@pytest.mark.parametrize(
    ("written", "figure"), [("7", 7), ("3,5", 3.5), ("3.5 / 10", 3.5), ("", None), ("inf", None), ("good", None)]
)
def test_a_figure_is_read_as_people_write_it(written: str, figure: float | None) -> None:
    assert number(written) == figure


# --- reopened ---------------------------------------------------------------------------------------------------

REOPENED = 'reopened = true\nwithin = "90d"'
SOLVED = moved("Tue 3 Mar 09:00", "open", "resolved")
AGAIN = moved("Mon 16 Mar 09:00", "resolved", "open")


def test_what_is_reopened_is_one_higher_in_a_new_cycle_and_not_overdue_at_once() -> None:
    one = ticket(SOLVED, AGAIN)
    found = judged(one, "Mon 16 Mar 09:01", triggered(REOPENED))
    assert raises(found) == [("medium", "high", "reopened")]
    assert (found.rating.event, found.rating.since) == (AGAIN.id, AGAIN.at)
    first = clock(found, "first_response")
    assert (first.occasion, first.state, first.started) == (AGAIN.id, "running", AGAIN.at)
    assert not [each for each in found.clocks if each.live and each.step > 1]
    assert "breach" not in labels(found)


def test_while_it_was_solved_it_was_not_raised() -> None:
    assert raises(judged(ticket(SOLVED), "Mon 9 Mar 09:00", triggered(REOPENED))) == []


# --- the client has gone to leadership --------------------------------------------------------------------------

WENT = {
    "en": "I have written to your managing partner about this.",
    "ja": "昨日、御社の社長に連絡しました。",
    "da": "Jeg har skrevet til jeres direktør i går.",
    "ru": "Мы обратились к вашему руководству.",
    "fi": "Soitin toimitusjohtajallenne eilen.",
}
DENIED = {
    "en": "I have not written to your managing partner.",
    "da": "Jeg har ikke skrevet til jeres direktør.",
    "ru": "Мы не обратились к вашему руководству.",
    "fi": "En soittanut toimitusjohtajallenne.",
    "ja": "御社の社長には連絡していません。",
}


@pytest.mark.parametrize("language", WENT)
def test_a_client_who_went_to_leadership_is_critical_at_once_whatever_the_field_says(language: str) -> None:
    low = {"severity": "Low"}
    opened = ticket(text=WENT[language], fields=low)
    assert judged(opened, OPENED, shipped()).rating.severity == "critical"
    later = said("Tue 3 Mar 10:00", CLIENT, WENT[language])
    found = judged(ticket(later, fields=low), "Tue 3 Mar 10:15", shipped()).rating
    assert (found.severity, found.event, found.raises[0].before) == ("critical", later.id, "low")
    assert found.raises[0].trigger == "the client has already gone to leadership"


@pytest.mark.parametrize("text", DENIED.values(), ids=DENIED)
def test_one_who_says_that_they_did_not_is_taken_at_their_word(text: str) -> None:
    found = judged(ticket(text=text, fields={"severity": "Low"}), OPENED, shipped()).rating
    assert (found.severity, found.pulls) == ("low", ())


def test_what_staff_write_of_it_among_themselves_raises_nothing() -> None:
    one = ticket(said("Tue 3 Mar 10:00", CONSULTANT, WENT["en"]))
    assert judged(one, "Tue 3 Mar 10:15", shipped()).rating.severity == "medium"


# --- the window of the evidence ---------------------------------------------------------------------------------

THIRD = 'client_issues = 3\nwithin = "90d"'


@pytest.mark.parametrize(
    ("others", "gone_after"),
    [
        pytest.param([other(1, -30, -20), other(2, -10, -5)], 60, id="all solved: when the first is 90 days old"),
        pytest.param(
            [other(1, -30, 100), other(2, -10, -5)], 80, id="one solved late: when the other is 90 days old"
        ),
        pytest.param([other(1, -30, 100), other(2, -10, 200)], 100, id="both solved late: when the first is"),
    ],
)
def test_a_pattern_is_withdrawn_when_it_has_been_gone_for_its_whole_window(
    others: list[Known], gone_after: int
) -> None:
    one, by = ticket(), triggered(THIRD)
    facts, until = beside(one, *others), at(OPENED) + (gone_after + 90) * DAY
    before = judged(one, until - timedelta(minutes=1), by, facts)
    assert (before.rating.severity, before.rating.until, before.wake_at) == ("high", until, until)
    then = judged(one, until, by, facts).rating
    assert then.severity == "medium"
    assert [(each.before, each.after, each.trigger) for each in then.withdrawn] == [
        ("high", "medium", "trigger 0")
    ]
    assert then.risen[-1].id == "created", "medium it was from the beginning"


def test_while_others_keep_the_end_out_of_sight_it_is_looked_for_once_a_window() -> None:
    one, by = ticket(), triggered(THIRD)
    facts = beside(one, other(1, -30), other(2, -10))
    for days in (1, 91, 400):
        found = judged(one, at(OPENED) + days * DAY, by, facts).rating
        assert found.severity == "high"
        assert found.until == at(OPENED) + (days // 90 + 1) * 90 * DAY


@pytest.mark.parametrize(
    ("table", "one", "until"),
    [
        (REOPENED, ticket(SOLVED, AGAIN), AGAIN.at + 90 * DAY),
        ("reopened = true", ticket(SOLVED, AGAIN), None),
        (SATISFIED, ticket(fields={"satisfaction": "3"}), None),
        (
            'when.label = "vip"\nwithin = "10d"',
            ticket(
                became("Tue 3 Mar 10:00", "labels", "", "vip", MACHINE),
                became("Wed 4 Mar 10:00", "labels", "vip", "", MACHINE),
            ),
            at("Sat 14 Mar 10:00"),
        ),
        (
            'when.label = "vip"\nwithin = "10d"',
            ticket(became("Tue 3 Mar 10:00", "labels", "", "vip", MACHINE), labels=frozenset({"vip"})),
            None,
        ),
    ],
    ids=[
        "an event",
        "an event without a window",
        "a figure that stays",
        "a condition that ended",
        "one that lasts",
    ],
)
def test_what_happened_is_gone_at_once_and_what_lasts_when_it_ends(
    table: str, one: Ticket, until: datetime | None
) -> None:
    rating = judged(one, "Tue 17 Mar 09:00" if "reopened" in table else "Thu 5 Mar 09:00", triggered(table)).rating
    assert rating.pulls[0].until == rating.until == until


def test_evidence_that_comes_back_within_its_window_was_never_away() -> None:
    by, vip = triggered('when.label = "vip"\nwithin = "10d"'), "vip"
    history = [
        became("Tue 3 Mar 10:00", "labels", "", vip, MACHINE),
        became("Wed 4 Mar 10:00", "labels", vip, "", MACHINE),
        became("Fri 6 Mar 10:00", "labels", "", vip, MACHINE),
        became("Mon 9 Mar 10:00", "labels", vip, "", MACHINE),
    ]
    found = judged(ticket(*history), "Tue 10 Mar 10:00", by).rating
    assert (found.raises[0].pull.event, found.until) == (history[0].id, at("Thu 19 Mar 10:00"))
    again = became("Mon 30 Mar 10:00", "labels", "", vip, MACHINE)
    anew = judged(ticket(*history, again, labels=frozenset({vip})), "Tue 31 Mar 10:00", by).rating
    assert (anew.raises[0].pull.event, anew.risen[-1].id) == (again.id, again.id), "a new occasion raises again"


def test_a_raise_and_its_withdrawal_are_each_said_once() -> None:
    by, one = triggered(THIRD), ticket()
    facts = beside(one, other(1, -30, -20), other(2, -10, -5))
    now, heard = at("Mon 2 Mar 10:20"), []
    memory = having_said(one, "update", "none")
    while now < at(OPENED) + 200 * DAY:
        found = judged(one, now, by, facts, memory)
        plan = planned(found, memory, backlog_after=timedelta(days=500))
        if plan.comment:
            told = [owed.promise for owed in plan.comment.obligations]
            heard += [(now, promise) for promise in told if promise in {"raised", "withdrawn"}]
        one, memory = applied(plan)
        now = max(now + DAY, found.wake_at or now)
    assert [promise for _, promise in heard] == ["raised", "withdrawn"]
    assert heard[1][0] - at(OPENED) < 151 * DAY


def test_a_withdrawal_of_what_was_never_told_is_not_told() -> None:
    one, by = ticket(), triggered(THIRD)
    facts = beside(one, other(1, -30, -20), other(2, -10, -5))
    late = at(OPENED) + 160 * DAY
    told = {name for name, _, _ in sayings(judged(one, late, by, facts))}
    assert "withdrawn" not in told
    known = having_said(one, "raised", "client_issues:created", 1)
    assert ("withdrawn", "client_issues:created", 1) in sayings(judged(one, late, by, facts, known))


# --- several, and people ----------------------------------------------------------------------------------------


def test_several_triggers_go_one_after_the_other_and_a_withdrawal_takes_only_its_own() -> None:
    by = triggered(THIRD, REOPENED)
    one = ticket(SOLVED, AGAIN)
    facts = beside(one, other(1, -30), other(2, -10))
    found = judged(one, "Mon 16 Mar 09:30", by, facts)
    assert [each[:2] for each in raises(found)] == [("medium", "high"), ("high", "critical")]
    told = {occasion for promise, occasion, _ in sayings(found) if promise == "raised"}
    assert told == {"client_issues:created", f"reopened:{AGAIN.id}"}
    then = judged(one, AGAIN.at + 91 * DAY, by, facts).rating
    assert (then.severity, [(each.before, each.after) for each in then.withdrawn]) == (
        "high",
        [("critical", "high")],
    )


def test_a_raise_that_others_outlast_takes_nothing_away_and_nothing_is_told() -> None:
    by = triggered(
        'reopened = true\nwithin = "9d"\nat_least = "critical"', 'reopened = true\nat_least = "critical"'
    )
    found = judged(ticket(SOLVED, AGAIN), AGAIN.at + 10 * DAY, by).rating
    assert (found.severity, found.withdrawn) == ("critical", ())


def test_two_triggers_of_one_kind_by_one_event_are_two_occasions() -> None:
    by = triggered(REOPENED, REOPENED)
    found = judged(ticket(SOLVED, AGAIN), "Mon 16 Mar 09:30", by)
    told = [occasion for promise, occasion, _ in sayings(found) if promise == "raised"]
    assert sorted(told) == [f"reopened:{AGAIN.id}", f"reopened:{AGAIN.id}:2"]


@pytest.mark.parametrize(
    ("decision", "fields", "marks"),
    [
        pytest.param(became("Mon 16 Mar 10:00", "labels", "esc:high", "esc:low"), {}, "esc:low", id="label"),
        pytest.param(
            became("Mon 16 Mar 10:00", "severity", "Sev 1", "Sev 4"), {"severity": "Sev 4"}, "", id="field"
        ),
    ],
)
def test_a_person_decides_against_all_triggers_and_the_clocks_follow(
    decision: Change, fields: dict[str, str], marks: str
) -> None:
    by = triggered(THIRD, REOPENED)
    one = ticket(SOLVED, AGAIN, decision, fields=fields, labels=frozenset(marks.split()))
    found = judged(one, "Mon 16 Mar 11:00", by, beside(one, other(1, -30), other(2, -10)))
    assert (found.rating.severity, found.rating.raises, found.rating.decided) == ("low", (), True)
    assert "low" in labels(found)
    assert clock(found, "first_response").rule == "escalation.toml: low.first_response"
    assert not {"raised", "withdrawn"} & {promise for promise, _, _ in sayings(found)}


def test_an_occasion_holds_neither_a_name_nor_a_figure() -> None:
    one, now = ticket(SOLVED, AGAIN), "Mon 16 Mar 09:30"
    facts = beside(one, other(1, -30), other(2, -10))
    before = triggered(THIRD, REOPENED)
    renamed = policy(
        severity=NO_TRIGGER
        + '[[trigger]]\nname = "other"\nclient_issues = 2\nwithin = "60d"\n'
        + '[[trigger]]\nname = "back"\nreopened = true\nwithin = "10d"\n'
    )
    asked = judged(one, now, before, facts)
    assert sayings(asked) == sayings(judged(one, now, renamed, facts))


# --- whatever happens -------------------------------------------------------------------------------------------

EVERY = (PATTERN, REOPENED, SATISFIED, DEADLINES, 'when.words = { en = ["late"] }\nwithin = "5d"')


@given(tickets(), st.integers(0, 200), st.integers(0, 2))
def test_no_trigger_ever_lowers_a_severity(one: Ticket, days: int, others: int) -> None:
    now = one.updated + days * DAY
    facts = beside(one, *[other(1, -9), other(2, -5)][:others])
    plain = judged(one, now, triggered(), facts).rating.severity
    risen = judged(one, now, triggered(*EVERY), facts).rating
    assert SEVERITIES.index(risen.severity) >= SEVERITIES.index(plain)
    for each in risen.raises:
        assert SEVERITIES.index(each.after) > SEVERITIES.index(each.before)
    assert all(SEVERITIES.index(each.after) < SEVERITIES.index(each.before) for each in risen.withdrawn)
    assert risen.until is None or risen.until > now


@given(tickets(), st.randoms(use_true_random=False), st.integers(0, 100))
def test_a_history_that_is_shuffled_or_told_twice_rates_alike(one: Ticket, random: object, days: int) -> None:
    changes, comments = [*one.changes, *one.changes], [*one.comments, *one.comments]
    random.shuffle(changes)  # type: ignore[attr-defined]
    random.shuffle(comments)  # type: ignore[attr-defined]
    other_way = replace(one, changes=tuple(changes), comments=tuple(comments))
    by, now = triggered(*EVERY), one.updated + days * DAY
    assert judged(other_way, now, by).rating == judged(one, now, by).rating


def test_a_solved_ticket_is_not_woken_by_a_raise_that_ends() -> None:
    one = ticket(moved("Tue 3 Mar 09:00", "open", "closed"), status=Status.CLOSED)
    found = judged(one, "Wed 4 Mar 09:00", triggered(THIRD), beside(one, other(1, -30), other(2, -10)))
    assert found.rating.until is None
