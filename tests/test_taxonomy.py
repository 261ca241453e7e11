"""What kind of issue a ticket is, and the rule that says so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tickets import CLIENT, CONSULTANT, MACHINE, SOMEBODY, US, became, judge, policy, said, shipped, ticket

if TYPE_CHECKING:
    from sync.ticket import Change, Comment, Ticket

LATE = "The report is late"


@pytest.mark.parametrize(
    ("asked", "category", "rule", "why"),
    [
        pytest.param(
            ticket(title=LATE), "delivery", "late", "delivery 3 (“The report is late”)", id="words of the title"
        ),
        pytest.param(
            ticket(text=LATE),
            "delivery",
            "late",
            "delivery 2 (“A question The report is late”)",
            id="words of the text",
        ),
        pytest.param(
            ticket(title="請求書の件"),
            "billing",
            "the invoice",
            "billing 3 (“請求書の件”)",
            id="words of any language",
        ),
        pytest.param(ticket(title="Fakturaen"), "billing", "the invoice", "billing 3 (“Fakturaen”)", id="a stem"),
        pytest.param(
            ticket(title="The invoice is late"),
            "unclassified",
            "margin",
            "too close to tell: billing 3 (“The invoice is late”), delivery 3 (“The invoice is late”); "
            "it takes a lead of 1",
            id="two that say as much: no guess",
        ),
        pytest.param(
            ticket(title="The invoice", text="is late"),
            "billing",
            "the invoice",
            "billing 3 (“The invoice is late”), delivery 2 (“The invoice is late”)",
            id="a word of the title says more",
        ),
        pytest.param(
            ticket(title="Not an invoice, but late"),
            "delivery",
            "late",
            "delivery 3 (“Not an invoice, but late”)",
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
            "delivery 3 (“The report is late”)",
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
            "delivery 3 (“The report is late”)",
            id="our own label decides nothing",
        ),
        pytest.param(
            [became("Mon 2 Mar 12:00", "labels", "", "esc:billing", MACHINE)],
            "esc:billing",
            {},
            "delivery",
            "delivery 3 (“The report is late”)",
            id="nor does another automation's",
        ),
        pytest.param(
            [swapped("Mon 2 Mar 12:00")],
            "",
            {},
            "delivery",
            "delivery 3 (“The report is late”)",
            id="taken off again",
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
            "delivery 3 (“The report is late”)",
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


WEIGHED = """
least = 4
margin = 2
title = 1
further = 2
[subtypes]
delivery = ["missed-deadline", "quality"]
communication = ["no-updates"]
scope = ["feature-creep"]
team = ["culture"]
billing = ["invoice"]
[negation.en]
before = ["not"]
[[rule]]
name = "labelled"
category = "scope"
subtype = "feature-creep"
score = 9
when = { label = "change" }
[[rule]]
name = "hints of lateness"
category = "delivery"
subtype = "missed-deadline"
score = 1
when.words = { en = ["late", "waiting", "friday", "still waiting"] }
[[rule]]
name = "broken"
category = "delivery"
subtype = "quality"
score = 3
when = { all = [{ words = { en = ["broken"] } }, { not = { words = { en = ["broken heart"] } } }] }
[[rule]]
name = "silence"
category = "communication"
subtype = "no-updates"
score = 4
when.words = { en = ["nobody … answer*"] }
"""


@pytest.mark.parametrize(
    ("title", "text", "category", "subtype", "scores"),
    [
        pytest.param("Hello", "late", "unclassified", "", {"delivery": 1}, id="a hint is not enough"),
        pytest.param(
            "Late", "late", "unclassified", "", {"delivery": 2}, id="nor is one in the title, said twice"
        ),
        pytest.param(
            "Late", "waiting since friday", "delivery", "missed-deadline", {"delivery": 4}, id="hints that agree"
        ),
        pytest.param(
            "Hello",
            "late, waiting, friday, friday",
            "unclassified",
            "",
            {"delivery": 3},
            id="further ones count up to",
        ),
        pytest.param(
            "Hello", "still waiting", "unclassified", "", {"delivery": 1}, id="phrases that overlap count once"
        ),
        pytest.param(
            "Hello", "broken and late", "delivery", "quality", {"delivery": 4}, id="the strongest rule's subtype"
        ),
        pytest.param(
            "Nobody ever answers",
            "broken",
            "communication",
            "no-updates",
            {"communication": 5, "delivery": 3},
            id="a clear lead",
        ),
        pytest.param(
            "Hello",
            "broken, nobody answers",
            "unclassified",
            "",
            {"communication": 4, "delivery": 3},
            id="no clear lead",
        ),
        pytest.param("Hello", "a broken heart", "unclassified", "", {}, id="an exception of the rule"),
    ],
)
def test_the_category_is_the_one_with_the_highest_score_if_that_is_enough_and_clear(
    title: str, text: str, category: str, subtype: str, scores: dict[str, int]
) -> None:
    found = judge(policy(taxonomy=WEIGHED)).classify(ticket(title=title, text=text))
    assert (found.category, found.subtype, dict(found.scores)) == (category, subtype, scores)


def test_what_does_not_decide_says_what_it_would_take() -> None:
    asked = ticket(title="Hello", text="late", labels=frozenset())
    assert judge(policy(taxonomy=WEIGHED)).classify(asked).why == (
        "too little says what it is: delivery 1 (“Hello late”); it takes 4"
    )


def test_a_label_outweighs_the_text_and_a_comment_may_settle_what_the_text_left_open() -> None:
    weighed = judge(policy(taxonomy=WEIGHED))
    asked = ticket(title="Hello", text="broken, nobody answers")
    assert weighed.classify(replace(asked, labels=frozenset({"change"}))).category == "scope"
    later = said("Mon 2 Mar 11:00", CLIENT, "I am waiting, friday is late")
    assert weighed.classify(asked).category == "unclassified"
    assert weighed.classify(replace(asked, text="broken", comments=(later,))).category == "delivery"


def test_every_rule_that_was_tried_is_told_with_its_score_and_where_it_was_heard() -> None:
    asked = ticket(said("Mon 2 Mar 11:00", CLIENT, "and it is late"), title="Hello", text="the invoice")
    tried = judge().classifier(asked).tried(asked, judge().classify(asked).heard)
    assert [(each.rule, each.asks, each.evidence, each.score, each.heard_in) for each in tried] == [
        ("somebody was rude", "one of 1 phrases (en)", "", 0, ""),
        ("the invoice", "one of 3 phrases (en, da, ja)", "“Hello the invoice”", 2, "ticket"),
        ("late", "one of 1 phrases (en)", "“and it is late”", 2, "comments"),
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
