"""What kind of issue a ticket is, and the rule that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tickets import CLIENT, CONSULTANT, MACHINE, SOMEBODY, US, became, judge, policy, said, shipped, ticket

if TYPE_CHECKING:
    from sync.ticket import Change, Comment, Ticket

LATE = "The report is late"


@pytest.mark.parametrize(
    ("asked", "category", "rule", "why"),
    [
        pytest.param(ticket(title=LATE), "delivery", "late", "“The report is late”", id="words of the title"),
        pytest.param(
            ticket(text=LATE), "delivery", "late", "“A question The report is late”", id="words of the text"
        ),
        pytest.param(
            ticket(title="請求書の件"), "billing", "the invoice", "“請求書の件”", id="words of any language"
        ),
        pytest.param(ticket(title="Fakturaen"), "billing", "the invoice", "“Fakturaen”", id="a stem"),
        pytest.param(
            ticket(title="The invoice is late"),
            "billing",
            "the invoice",
            "“The invoice is late”",
            id="first rule wins",
        ),
        pytest.param(
            ticket(title="Not an invoice, but late"),
            "delivery",
            "late",
            "“Not an invoice, but late”",
            id="denied words",
        ),
        pytest.param(
            ticket(title="Hello"), "unclassified", "no rule", "no rule of the taxonomy matches", id="never a guess"
        ),
        pytest.param(
            ticket(title=LATE, fields={"category": "Finance"}),
            "billing",
            "field_values",
            "the category field says “Finance”",
            id="the tracker's field comes before words",
        ),
        pytest.param(
            ticket(title=LATE, fields={"category": "Weather"}),
            "delivery",
            "late",
            "“The report is late”",
            id="a field that means nothing decides nothing",
        ),
    ],
)
def test_the_first_that_answers_gives_the_category(asked: Ticket, category: str, rule: str, why: str) -> None:
    found = judge().classify(asked)
    assert (found.category, found.rule, found.why) == (category, rule, why)


def test_the_subtype_is_the_rules_or_the_fields_own() -> None:
    assert judge().classify(ticket(title=LATE)).subtype == "missed-deadline"
    told = ticket(fields={"category": "Finance", "subtype": "expense"})
    assert judge().classify(told).subtype == "expense"


@pytest.mark.parametrize(
    ("title", "talk", "category"),
    [
        ("Hello", [said("Mon 2 Mar 11:00", CLIENT, "it is late")], "delivery"),
        ("Hello", [said("Mon 2 Mar 11:00", CONSULTANT, "it is late")], "unclassified"),
        ("Hello", [said("Mon 2 Mar 11:00", US, "it is late")], "unclassified"),
        (LATE, [said("Mon 2 Mar 11:00", CLIENT, "and the invoice?")], "delivery"),
        (
            "Hello",
            [said("Mon 2 Mar 11:00", CLIENT, "it is late"), said("Mon 2 Mar 12:00", CLIENT, "and the invoice?")],
            "delivery",
        ),
    ],
)
def test_the_client_s_comments_are_asked_where_title_and_text_tell_nothing_and_the_first_to_tell_it_stays(
    title: str, talk: list[Comment], category: str
) -> None:
    assert judge().classify(ticket(*talk, title=title)).category == category


def swapped(when: str, by: str = "esc:delivery", to: str = "esc:billing") -> Change:
    return became(when, "labels", by, to)


@pytest.mark.parametrize(
    ("history", "labels", "fields", "category", "why"),
    [
        pytest.param(
            [swapped("Mon 2 Mar 12:00")],
            "esc:billing",
            {},
            "billing",
            "Consultant 1 put esc:billing",
            id="swapped",
        ),
        pytest.param(
            [became("Mon 2 Mar 12:00", "labels", "", "esc:billing", SOMEBODY)],
            "esc:billing",
            {},
            "billing",
            "somebody put esc:billing",
            id="an observation log does not know who",
        ),
        pytest.param(
            [became("Mon 2 Mar 12:00", "labels", "", "esc:billing", US)],
            "esc:billing",
            {},
            "delivery",
            "“The report is late”",
            id="our own label decides nothing",
        ),
        pytest.param(
            [became("Mon 2 Mar 12:00", "labels", "", "esc:billing", MACHINE)],
            "esc:billing",
            {},
            "delivery",
            "“The report is late”",
            id="nor does another automation's",
        ),
        pytest.param(
            [swapped("Mon 2 Mar 12:00")], "", {}, "delivery", "“The report is late”", id="taken off again"
        ),
        pytest.param(
            [
                swapped("Mon 2 Mar 12:00"),
                became("Mon 2 Mar 13:00", "labels", "esc:billing", ""),
                became("Mon 2 Mar 14:00", "labels", "", "esc:billing", US),
            ],
            "esc:billing",
            {},
            "delivery",
            "“The report is late”",
            id="taken off again, and put by us",
        ),
        pytest.param(
            [swapped("Mon 2 Mar 12:00"), swapped("Mon 2 Mar 13:00", "esc:billing", "esc:billing esc:scope")],
            "esc:billing esc:scope",
            {},
            "scope",
            "Consultant 1 put esc:scope",
            id="the newest of two",
        ),
        pytest.param(
            [became("Mon 2 Mar 11:00", "category", "", "Finance"), swapped("Mon 2 Mar 12:00", "", "esc:scope")],
            "esc:scope",
            {"category": "Finance"},
            "scope",
            "Consultant 1 put esc:scope",
            id="a label after the field",
        ),
        pytest.param(
            [swapped("Mon 2 Mar 11:00", "", "esc:scope"), became("Mon 2 Mar 12:00", "category", "", "Finance")],
            "esc:scope",
            {"category": "Finance"},
            "billing",
            "the category field says “Finance”",
            id="the field after a label",
        ),
        pytest.param(
            [swapped("Mon 2 Mar 11:00", "", "esc:scope"), became("Mon 2 Mar 12:00", "category", "Finance", "")],
            "esc:scope",
            {},
            "scope",
            "Consultant 1 put esc:scope",
            id="a field that was emptied decides nothing",
        ),
    ],
)
def test_a_person_who_swaps_the_label_or_the_field_has_decided(
    history: list[Change], labels: str, fields: dict[str, str], category: str, why: str
) -> None:
    asked = ticket(*history, title=LATE, labels=frozenset(labels.split()), fields=fields)
    found = judge().classify(asked)
    assert (found.category, found.why) == (category, why)


def test_every_rule_that_was_tried_is_told_with_what_it_asks() -> None:
    tried = judge().classifier(ticket()).tried(ticket(), judge().scan("the invoice is late"))
    assert [(each.rule, each.asks, each.evidence) for each in tried] == [
        ("somebody was rude", "one of 1 phrases (en)", ""),
        ("the invoice", "one of 3 phrases (en, da, ja)", "“the invoice is late”"),
        ("late", "one of 1 phrases (en)", "“the invoice is late”"),
    ]


def test_the_label_prefix_is_the_source_s_own() -> None:
    mapping = (
        policy()
        .mappings["desk.toml"]
        .model_copy(
            update={"labels": policy().mappings["desk.toml"].labels.model_copy(update={"prefix": "care-"})}
        )
    )
    asked = ticket(became("Mon 2 Mar 12:00", "labels", "", "care-billing"), labels=frozenset({"care-billing"}))
    assert judge(mapping=mapping).classify(asked).category == "billing"
    assert judge().classify(asked).category == "unclassified"


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("The report missed the deadline again", "delivery"),
        ("We have heard nothing for two weeks", "communication"),
        ("This change was never approved", "scope"),
        ("Your colleague was rude in the meeting", "team"),
        ("The invoice is wrong", "billing"),
        ("Good morning", "unclassified"),
    ],
)
def test_the_shipped_rules_know_every_category(text: str, category: str) -> None:
    assert judge(shipped()).classify(ticket(title=text)).category == category
