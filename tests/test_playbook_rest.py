"""Rules of the playbook that no other file proves, each as the shipped files and templates have it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tickets import OPENED, at, judged, labels, policy, shipped, ticket

from sync.judging.facts import NO_FACTS, Facts, Habits, Known
from sync.judging.promises import Terms
from sync.mapping.policy import Template
from sync.richtext import plain
from sync.saying.comments import Composer

if TYPE_CHECKING:
    from sync.mapping.policy import Policy
    from sync.ticket import Ticket

LATER = "Mon 9 Mar 12:00"
"""A week after the tickets of these tests were opened: everything early is long due."""


def spoken(one: Ticket, by: Policy, now: str = LATER, facts: Facts = NO_FACTS) -> str:
    """The comment that the shipped templates make of all that is owed to staff."""
    file = "desk.toml" if "desk.toml" in by.mappings else "workbook.toml"
    terms = Terms(by.mappings[file], staff_only=True, due="next_promise", zone="Europe/Berlin", language="en")
    judgement = judged(one, now, by, facts)
    return plain(Composer(by, {"desk": terms}).compose(judgement, judgement.sayings))


# --- requests beyond the scope ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("effort", "heading"),
    [
        ("45m", "Extra request: goodwill"),
        ("60", "Extra request: goodwill"),
        ("61", "Extra request: the client chooses"),
        ("3h", "Extra request: the client chooses"),
        ("", "Extra request: estimate it first"),
    ],
)
def test_a_request_is_told_by_its_effort(effort: str, heading: str) -> None:
    one = ticket(fields={"category": "scope", "severity": "high", "effort": effort})
    assert [line for line in spoken(one, shipped()).splitlines() if "Extra request" in line] == [heading]


# --- early warnings --------------------------------------------------------------------------------------------

SIGNS = 'recent = "30d"\n[sign.absent]\nfigure = "missed_meetings"\nat_least = 1\n'


def test_a_client_s_signs_become_a_label_only_where_the_team_asks_for_one_and_no_client_reads() -> None:
    missed = Habits(missed_meetings=(at(OPENED),))
    facts = Facts((Known("site", "10001", "A-1", "Client A", "unclassified", at(OPENED), habits=missed),))
    silent, asked = policy(signs=SIGNS), policy(signs='label = "early-warning"\n' + SIGNS)
    found = judged(ticket(), LATER, asked, facts)
    assert [each.name for each in found.warnings] == ["absent"]
    assert {"esc:early-warning", "early-warning"} & labels(found)
    for by, staff_only in ((silent, True), (asked, False)):
        told = judged(ticket(), LATER, by, facts, staff_only=staff_only)
        assert [each.name for each in told.warnings] == ["absent"]
        assert not {"esc:early-warning", "early-warning"} & labels(told)
    assert found.rating == judged(ticket(), LATER, asked).rating, "signs escalate nothing"


# --- what is known of a client ---------------------------------------------------------------------------------

RECORD = """
[[client]]
name = "Client A"
since = 2015-01-01
channel = "a call to the sponsor before anything in writing"
"""
KEPT = """
value = "USD 480,000 a year"
promised = ["a senior consultant on site every second week"]
sponsor = "Vice president operations"
daily_contact = "Programme manager"
"""
NOTE = """
[[trigger]]
name = "first issue of a long-standing client"
first_issue = true
within = "365d"
client_longer_than = "1095d"
raise_by = 0
note = "The account manager calls first."
"""
RATED = 'order = ["field"]\nfield_values = { high = "high" }\n'


def test_a_hand_over_says_how_the_client_wants_to_be_reached_and_what_to_bear_in_mind() -> None:
    by = policy(clients=RECORD, severity=RATED + NOTE)
    by = replace(by, templates=shipped().templates)
    alone = Facts((Known("site", "10001", "A-1", "Client A", "unclassified", at(OPENED)),))
    text = spoken(ticket(fields={"severity": "high"}), by, "Mon 2 Mar 10:30", alone)
    assert "How to reach the client: a call to the sponsor before anything in writing" in text
    assert "Bear in mind: The account manager calls first." in text


def test_what_is_only_kept_of_a_client_changes_nothing() -> None:
    one = ticket(fields={"severity": "Sev 2"})
    bare, kept = (judged(one, LATER, policy(clients=written)) for written in (RECORD, RECORD + KEPT))
    assert kept.client
    assert (kept.client.sponsor, kept.client.daily_contact) == ("Vice president operations", "Programme manager")
    assert (kept.client.value, len(kept.client.promised)) == ("USD 480,000 a year", 1)
    assert replace(kept, client=bare.client) == bare


# --- a field of the team's own in a template -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "milestone", "line"),
    [
        ("It is late", "Go-live", "For Go-live: Sev 2"),
        ("It is late", "  {{ rule }}\n**bold**", "For {{ rule }} **bold**: Sev 2"),
        ("It is late", "", "For : Sev 2"),
        ("Somebody was rude", "Go-live", "For : "),
    ],
    ids=["as it is", "never obeyed", "empty", "confidential"],
)
def test_a_template_shows_a_mapped_field_of_the_ticket(title: str, milestone: str, line: str) -> None:
    said = Template("comments/en/escalation.md", "For {{ fields.milestone }}: {{ fields.severity }}")
    by = replace(policy(), templates={**shipped().templates, ("en", "escalation"): said})
    fields = {"severity": "Sev 2"} | ({"milestone": milestone} if milestone else {})
    assert spoken(ticket(title=title, fields=fields), by, "Mon 2 Mar 10:30").splitlines()[0] == line
