"""Comments in Jira's two markups: what is written says exactly what was meant, and documents read as text."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from fakes.jira_text import document_fault
from hypothesis import example, given
from hypothesis import strategies as st

from sync.richtext import Bullets, Document, Paragraph, Span
from sync.trackers.jira_markup import from_adf, to_adf, to_wiki

NOTICE: Document = (
    Paragraph((Span("Update due"),), level=2),
    Paragraph((Span("Say "), Span("something", "strong"), Span(" by "), Span("17:00", "code"), Span(", "))),
    Paragraph((Span("see "), Span("the rule", "emphasis", "https://example.com/r?a=1|2"))),
    Bullets(((Span("what happened"),), (Span("who is"), Span(" affected", "emphasis")))),
)

texts = st.text(st.characters(), max_size=40) | st.text(st.sampled_from(list("-*_+^~?!|#%{}[]()@:;\\&<>h1.D x\n")))
spans = st.builds(
    Span,
    texts,
    st.sampled_from(["plain", "strong", "emphasis", "code"]),
    st.sampled_from(["", "https://example.com/x"]),
    st.sampled_from(["", "", "712020:somebody"]),
)
blocks = st.builds(Paragraph, st.lists(spans, max_size=4).map(tuple), st.integers(0, 3)) | st.builds(
    Bullets, st.lists(st.lists(spans, max_size=3).map(tuple), max_size=3).map(tuple)
)
documents = st.lists(blocks, max_size=4).map(tuple)


ASKED: Document = (Paragraph((Span("for "), Span("Delivery lead", "strong", person="lead.1"), Span(", now"))),)

# --- Atlassian Document Format ----------------------------------------------------------------------------------


def test_a_notice_becomes_a_document() -> None:
    link = {"type": "link", "attrs": {"href": "https://example.com/r?a=1|2"}}
    heading, first, second, bullets = to_adf(NOTICE)["content"]
    assert heading == {
        "type": "heading",
        "attrs": {"level": 2},
        "content": [{"type": "text", "text": "Update due"}],
    }
    assert first["content"][1] == {"type": "text", "text": "something", "marks": [{"type": "strong"}]}
    assert second["content"][1] == {"type": "text", "text": "the rule", "marks": [link, {"type": "em"}]}
    assert [item["type"] for item in bullets["content"]] == ["listItem", "listItem"]


def test_a_person_is_mentioned_by_account_id_and_reads_as_the_name() -> None:
    adf = to_adf(ASKED)
    (paragraph,) = adf["content"]
    assert paragraph["content"][1] == {"type": "mention", "attrs": {"id": "lead.1", "text": "@Delivery lead"}}
    assert from_adf(adf) == "for @Delivery lead, now"


@given(documents)
def test_every_document_that_we_write_is_one_that_jira_takes(document: Document) -> None:
    assert document_fault(to_adf(document)) is None


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_a_text_survives_the_way_through_a_document(text: str) -> None:
    assert from_adf(to_adf((Paragraph((Span(text),)),))) == text


def test_lines_within_a_paragraph_stay_lines_and_what_no_jira_can_store_is_left_out() -> None:
    adf = to_adf((Paragraph((Span("one\r\ntwo\x00\x1b\ud800"),)),))
    assert adf["content"][0]["content"] == [
        {"type": "text", "text": "one"},
        {"type": "hardBreak"},
        {"type": "text", "text": "two"},
    ]


def node(kind: str, *content: Any, **attributes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"type": kind, "attrs": attributes, "content": list(content)}


def words(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def test_a_document_of_every_kind_of_node_reads_as_text() -> None:
    listed = node("bulletList", node("listItem", node("paragraph", words("one"))), node("listItem", words("two")))
    table = node("table", node("tableRow", node("tableCell", node("paragraph", words("cell")))))
    line = node(
        "paragraph",
        node("mention", id="5b1", text="@Delivery lead"),
        words(" "),
        node("emoji", shortName=":fire:"),
        node("hardBreak"),
        node("date", timestamp="1772409600000"),
        words(" "),
        node("inlineCard", url="https://example.com/card"),
        node("status", text="LATE", color="red"),
    )
    doc = node("doc", node("heading", words("Title")), line, listed, node("codeBlock", words("a = 1")), table)
    assert from_adf(doc).split("\n") == [
        "Title",
        "",
        "@Delivery lead :fire:",
        "2026-03-02 https://example.com/cardLATE",
        "",
        "one",
        "two",
        "a = 1",
        "",
        "cell",
    ]


@pytest.mark.parametrize(
    "body", [None, {}, [], 7, {"type": "doc"}, {"type": "doc", "content": None}, {"content": [3]}]
)
def test_a_body_that_is_no_document_reads_as_nothing(body: object) -> None:
    assert from_adf(body) == ""


def test_a_bad_node_costs_itself_alone_and_no_depth_is_too_deep() -> None:
    deep: dict[str, Any] = words("bottom")
    for _ in range(50_000):
        deep = {"type": "blockquote", "content": [deep]}
    bad = node("paragraph", node("date", timestamp="soon"), {"type": "mention", "attrs": [1]}, words(" end"))
    assert from_adf(node("doc", bad, deep)) == "�� end\n\nbottom"


# --- wiki markup ------------------------------------------------------------------------------------------------


def test_a_notice_becomes_wiki_markup() -> None:
    assert to_wiki(NOTICE).split("\n") == [
        "h2. Update due",
        "",
        "Say *something* by {{17:00}}, ",
        "",
        "see [the rule|https://example.com/r?a=1%7C2]",
        "",
        "* what happened",
        "* who is _affected_",
    ]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-03-02 re-opened snake_case", "2026-03-02 re-opened snake_case"),
        ("snake_*case* __a__*b*", r"snake\_\*case\* \_\_a\_\_\*b\*"),
        ("*bold* -gone- {code}", r"\*bold\* \-gone\- \{code\}"),
        ("[~admin] @admin !image!", r"\[\~admin\] \@admin \!image\!"),
        ("h1. big\nbq. said", "h1&#46; big\nbq&#46; said"),
        ("# one\n| a |", "\\# one\n\\| a \\|"),
        (r"C:\temp \\ &lt; a & b", "C:&#92;temp &#92;&#92; &#38;lt; a & b"),
        (":) :D (x)", r":\) &#58;D \(x\)"),
    ],
)
def test_text_is_never_taken_for_markup(text: str, written: str) -> None:
    assert to_wiki((Paragraph((Span(text),)),)) == written


@pytest.mark.parametrize(
    ("around", "written"),
    [
        ((Span("un"), Span("break", "strong"), Span("able")), "un{*}break{*}able"),
        ((Span("a"), Span(" spaced ", "strong"), Span("b")), "a *spaced* b"),
        ((Span("x"), Span("", "strong"), Span(" ", "emphasis"), Span("y")), "x y"),
        ((Span("two\nlines", "strong"),), "two\nlines"),
    ],
)
def test_a_mark_stands_where_the_renderer_sees_it(around: tuple[Span, ...], written: str) -> None:
    assert to_wiki((Paragraph(around),)) == written


def rendered(wiki: str) -> str:
    """What Jira shows of a text without markup: a backslash protects a special character, entities are read."""
    shown = re.sub(r"(?<!\\)\\([-#*_+?^~|%{}\[\]()!@])", r"\1", wiki)
    return html.unescape(shown)


@given(texts)
@example("&#0")
def test_a_text_is_shown_as_it_is_written(text: str) -> None:
    shown = rendered(to_wiki((Paragraph((Span(text),)),)))
    assert shown == re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", "", text.replace("\r\n", "\n"))


@given(texts)
def test_no_special_character_is_left_unprotected_but_inside_words(text: str) -> None:
    wiki = to_wiki((Paragraph((Span(text),)),))
    assert not re.search(r"(?<!\\)[#?|%{}\[\]()!@](?!\d+;)", wiki.replace("&#", ""))
    assert not re.search(r"(?<![\\\w])[-*_+^~]|(?<!\\)[-*_+^~](?!\w)", wiki)


def test_a_person_is_mentioned_by_user_name() -> None:
    assert to_wiki(ASKED) == "for [~lead.1], now"


@pytest.mark.parametrize("name", ["a b", "a]b", "[~b", "a|b", "a\nb"])
def test_a_user_name_that_would_be_markup_is_not_written(name: str) -> None:
    assert to_wiki((Paragraph((Span("Delivery lead", person=name),)),)) == "Delivery lead"


def test_one_bullet_is_one_line() -> None:
    assert to_wiki((Bullets(((Span("one\n* forged"),),)),)) == r"* one \* forged"
