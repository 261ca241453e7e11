"""What a rule's condition asks of a ticket, and the evidence it quotes."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tickets import CLIENT, COLLEAGUE, CONSULTANT, said, ticket

from sync.judging.conditions import View, compiled, described, fields_in, hear, needed, phrases_in
from sync.mapping.conditions import Condition
from sync.words import Lexicon

if TYPE_CHECKING:
    from sync.judging.conditions import Hits
    from sync.ticket import Ticket


def condition(written: str) -> Condition:
    """A condition as a mapping file has it after `when =`."""
    return Condition.model_validate(tomllib.loads(f"when = {written}")["when"])


def evidence(written: str, asked: Ticket) -> str:
    """What the condition quotes of the ticket; empty if it does not hold."""
    one = condition(written)
    hits = Lexicon(phrases_in([one]), {}).scan(f"{asked.title}\n{asked.text}")
    return compiled(one)(View(asked, asked.fields, asked.labels, hits))


ASKED = ticket(
    title="The report is late again",
    text="and the invoice is wrong",
    kind="Complaint",
    engagement="Rollout",
    reporter=CLIENT,
    labels=frozenset({"vip", "web"}),
    fields={"budget": "12000", "milestone": "M2 (final)", "client": "CLA"},
)


@pytest.mark.parametrize(
    ("written", "quoted"),
    [
        # a mapped field, or one that every ticket has
        ('{ field = "budget", equals = "12000" }', "budget is “12000”"),
        ('{ field = "budget", equals = "1" }', ""),
        ('{ field = "milestone", matches = "^m2" }', "milestone contains “M2”"),
        ('{ field = "milestone", matches = "M3" }', ""),
        ('{ field = "kind", in = ["Question", "complaint"] }', "kind is “Complaint”"),
        ('{ field = "kind", in = ["Question"] }', ""),
        ('{ field = "budget", present = true }', "budget is filled"),
        ('{ field = "budget", present = false }', ""),
        ('{ field = "satisfaction", present = false }', "satisfaction is empty"),
        ('{ field = "title", matches = "late" }', "title contains “late”"),
        ('{ field = "text", matches = "invoice" }', "text contains “invoice”"),
        ('{ field = "status", equals = "open" }', "status is “open”"),
        ('{ field = "engagement", equals = "rollout" }', "engagement is “Rollout”"),
        ('{ field = "client", equals = "cla" }', "client is “CLA”"),
        ('{ field = "assignee", equals = "consultant" }', "assignee is “consultant”"),
        ('{ field = "reporter", equals = "client" }', "reporter is “client”"),
        ('{ field = "labels", matches = "\\\\bweb\\\\b" }', "labels contains “web”"),
        ('{ field = "never mapped", equals = "x" }', ""),
        # a label, words, and what is made of them
        ('{ label = "vip" }', "label vip"),
        ('{ label = "VIP" }', ""),
        ('{ words = { en = ["late"] } }', "“The report is late again and the invoice is wrong”"),
        ('{ words = { en = ["early"] } }', ""),
        ('{ not = { label = "internal" } }', "not (label internal)"),
        ('{ not = { label = "vip" } }', ""),
        ('{ all = [{ label = "vip" }, { label = "web" }] }', "label vip and label web"),
        ('{ all = [{ label = "vip" }, { label = "internal" }] }', ""),
        ('{ any = [{ label = "internal" }, { label = "web" }] }', "label web"),
        ('{ any = [{ label = "internal" }] }', ""),
    ],
)
def test_a_condition_that_holds_quotes_its_evidence(written: str, quoted: str) -> None:
    assert evidence(written, ASKED) == quoted


@pytest.mark.parametrize("field", ["assignee", "reporter", "engagement"])
def test_a_field_that_nobody_filled_is_empty(field: str) -> None:
    assert evidence(f'{{ field = "{field}", present = false }}', ticket(owner=None)) == f"{field} is empty"


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('{ field = "kind", equals = "Bug" }', "kind is “Bug”"),
        ('{ field = "kind", in = ["Bug", "Task"] }', "kind is “Bug” or “Task”"),
        ('{ field = "kind", matches = "^B" }', "kind matches ^B"),
        ('{ field = "kind", present = true }', "kind is filled"),
        ('{ field = "kind", present = false }', "kind is empty"),
        ('{ label = "vip" }', "label vip"),
        ('{ words = { en = ["late", "overdue"], da = ["forsinket"] } }', "one of 3 phrases (en, da)"),
        ('{ not = { label = "vip" } }', "not (label vip)"),
        ('{ all = [{ label = "a" }, { label = "b" }] }', "label a and label b"),
        ('{ any = [{ label = "a" }, { label = "b" }] }', "label a or label b"),
    ],
)
def test_a_condition_is_told_in_plain_words(written: str, words: str) -> None:
    assert described(condition(written)) == words


def test_all_that_conditions_ask_for_is_found_however_deep_it_lies() -> None:
    nested = condition(
        '{ all = [{ any = [{ words = { en = ["late"], fi = ["myöhässä"] } }, { field = "kind", equals = "Bug"}]},'
        ' { not = { any = [{ words = { en = ["early"] } }, { label = "done" }] } }] }'
    )
    assert list(phrases_in([nested])) == [("en", "late"), ("fi", "myöhässä"), ("en", "early")]
    assert fields_in([nested, condition('{ field = "budget", present = true }')]) == {"kind", "labels", "budget"}


def test_title_text_and_every_comment_of_the_client_are_heard_once_each() -> None:
    talk = [said("Mon 2 Mar 11:00", CLIENT, "late"), said("Mon 2 Mar 12:00", COLLEAGUE, "late")]
    talk += [said("Mon 2 Mar 13:00", CLIENT, "wrong"), said("Mon 2 Mar 14:00", CONSULTANT, "wrong")]
    looked_through: list[str] = []

    def scan(text: str) -> Hits:
        looked_through.append(text)
        return {}

    heard = hear(ticket(*talk, title="A title", text="a text"), scan)
    assert looked_through == ["A title\na text", "late", "wrong"]
    assert [comment.id for comment, _ in heard.said] == ["comment Mon 2 Mar 11:00", "comment Mon 2 Mar 13:00"]


@pytest.mark.parametrize(
    ("written", "phrases"),
    [
        ('{ words = { en = ["late", "later"] } }', {"late", "later"}),
        ('{ any = [{ words = { en = ["late"] } }, { words = { en = ["wrong"] } }] }', {"late", "wrong"}),
        ('{ any = [{ words = { en = ["late"] } }, { label = "vip" }] }', None),
        ('{ all = [{ label = "vip" }, { words = { en = ["late"] } }] }', {"late"}),
        ('{ not = { words = { en = ["late"] } } }', None),
        ('{ label = "vip" }', None),
    ],
)
def test_the_phrases_without_which_a_condition_cannot_hold_are_known(
    written: str, phrases: set[str] | None
) -> None:
    found = needed(condition(written))
    assert (found and {phrase for _, phrase in found}) == phrases


LABELS = st.sets(st.sampled_from("abc"))


def asked(labels: set[str], written: str) -> bool:
    return bool(evidence(written, ticket(labels=frozenset(labels))))


@given(LABELS)
def test_all_any_and_not_are_those_of_logic(labels: set[str]) -> None:
    one, two = '{ label = "a" }', '{ label = "b" }'
    assert asked(labels, f"{{ all = [{one}, {two}] }}") == ("a" in labels and "b" in labels)
    assert asked(labels, f"{{ any = [{one}, {two}] }}") == ("a" in labels or "b" in labels)
    assert asked(labels, f"{{ not = {{ any = [{one}, {two}] }} }}") == (not labels & {"a", "b"})
    assert asked(labels, f"{{ not = {{ not = {one} }} }}") == ("a" in labels)
