"""Comments are composed in five languages, and nothing a ticket says is ever markup."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import nodes

from sync.errors import ConfigurationError
from sync.legible import LONGEST_LINE, LONGEST_VALUE, inert
from sync.mapping.names import Decision, Ground, Source, read_names
from sync.mapping.tracker_models import AsanaMapping, JiraMapping, Mapping, Proof, WorkbookMapping
from sync.promise_names import PromiseName
from sync.richtext import Bullets, Paragraph, Span, plain
from sync.saying.render import (
    CLIENT_FOOTER,
    EMPTY,
    FOR_CLIENTS,
    KINDS,
    NAMES,
    SAMPLE,
    SECTIONS,
    Engine,
    Renderer,
)
from sync.saying.spoken import moment, span
from sync.saying.template_check import check_templates, samples
from sync.ticket import Language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.richtext import Document
    from sync.saying.render import Variables

MAPPINGS = Path(__file__).parents[1] / "mappings"
COMMENTS = MAPPINGS / "comments"
LANGUAGES: tuple[Language, ...] = get_args(Language)
SHIPPED = {
    (language, path.stem): (str(path), path.read_text(encoding="utf-8"))
    for language in LANGUAGES
    for path in (COMMENTS / language).iterdir()
}
FOR_STAFF = [kind for kind in SECTIONS if not kind.startswith(FOR_CLIENTS)]
TO_CLIENTS = [kind for kind in SECTIONS if kind.startswith(FOR_CLIENTS)]
NEWS = ("raised", "withdrawn", "taken", "snoozed", "silence", "withheld")
"""What is told as it happened, without a time by which something is owed."""


@cache
def shipped() -> Renderer:
    return Renderer(SHIPPED)


def said(template: str, /, **variables: object) -> Document:
    """What a template says in English, with the sample's values but for those given."""
    templates: dict[tuple[Language, str], tuple[str, str]] = {("en", "update"): ("en/update.md", template)}
    return Renderer(templates).section("en", "update", {**SAMPLE, **variables})


def faults(template: str) -> list[str]:
    """The faults of an English update template, the other shipped ones beside it."""
    english = {key: value for key, value in SHIPPED.items() if key[0] == "en"}
    return [str(fault) for fault in check_templates({**english, ("en", "update"): ("en/update.md", template)})]


# --- completeness ------------------------------------------------------------------------------------------------


def test_all_kinds_are_there_in_all_languages_and_without_a_fault() -> None:
    assert set(SECTIONS) == set(get_args(PromiseName))
    assert SHIPPED.keys() == {(language, kind) for language in LANGUAGES for kind in (*KINDS, NAMES)}
    assert check_templates(SHIPPED) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", FOR_STAFF)
def test_every_part_says_by_when_it_is_owed_who_is_asked_by_which_rule_and_when_the_next_step_is(
    language: Language, kind: str
) -> None:
    told = {"next_step_due": "LATER", "rule": "RULE", "person": "PERSON", "taken_by": "PERSON"}
    if kind not in NEWS:
        told["promise_due"] = "DUE"
    for overdue, step in ((False, 1), (True, 2)):
        section = shipped().section(language, kind, {**SAMPLE, **told, "overdue": overdue, "step": step})
        heading, text = section[0], plain(section)
        assert isinstance(heading, Paragraph)
        assert heading.level == 3
        assert [word for word in told.values() if word not in text] == []
        assert not any(sign in text for sign in "{}*#\ue000\ue001")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_samples_of_check_reach_every_branch_of_every_template(language: Language) -> None:
    engine, renderer = Engine(), Renderer(SHIPPED)
    spoken = [renderer.spoken(language, variables) for _, variables in samples()]
    for kind in KINDS:
        path, text = SHIPPED[language, kind]
        tree = engine.parsed(path, text)
        branches = set(marked_branches(tree))
        template = engine.compiled(path, tree)
        reached = re.findall("⟦[^⟧]+⟧", "".join(engine.rendered(template, path, each)[0] for each in spoken))
        assert branches - set(reached) == set(), path


def marked_branches(tree: nodes.Template) -> Iterator[str]:
    """Marks put at the beginning of each branch of a template, also of an `else` that is not written."""
    alternatives = [each for found in tree.find_all(nodes.If) for each in found.elif_]
    for number, found in enumerate([*tree.find_all((nodes.If, nodes.For))]):
        assert isinstance(found, nodes.If | nodes.For)
        ways = {"taken": found.body}
        if isinstance(found, nodes.If) and not any(found is each for each in alternatives):
            ways["else"] = found.else_
        for way, branch in ways.items():
            mark = f"⟦{number} {found.lineno} {way}⟧"
            branch.insert(0, nodes.Output([nodes.TemplateData(mark)]))
            yield mark


MAY_BE_EMPTY = (
    *("subtype", "handling", "late_by", "next_step_due", "role", "person", "skipped", "raises", "note", "channel"),
    *("since", "taken_by", "planned_before", "work_days", "minutes", "limit_minutes", "scope", "milestone"),
    *("proof", "next_update"),
)
EMPTIED = {name: EMPTY[name] for name in MAY_BE_EMPTY}
HOLE = re.compile(
    r"  | $|^ |\(\s*\)|“”|»«|「」|””|«»|None|Undefined|[{}*]|\s[,.;:!?。、](?=\s|$)|[,;:]\.|\.\.|。。|^- .*[:,;]$",
    re.MULTILINE,
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_has_a_hole_where_nothing_is_known(language: Language) -> None:
    gaps: list[Variables] = [{**SAMPLE, name: EMPTY[name]} for name in MAY_BE_EMPTY]
    gaps += [{**SAMPLE, **EMPTIED}, {**SAMPLE, "why": "", "why_kind": ""}]
    gaps += [{**SAMPLE, "ticket": {**ticket(), name: ""}} for name in ("client", "engagement")]
    gaps += [variables for _, variables in samples() if variables["rule"]]
    for kind in KINDS:
        for variables in gaps:
            if kind == "escalation" and not variables["role"]:
                continue  # a hand-over always is to a role
            text = plain(shipped().section(language, kind, variables))
            assert text
            assert not HOLE.search(text), f"{kind}: {text}"


def ticket() -> dict[str, str]:
    known = SAMPLE["ticket"]
    assert isinstance(known, dict)
    return known


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_tells_the_same_in_all_languages(kind: str) -> None:
    engine = Engine()
    asked = {
        language: set(engine.variables(engine.parsed(*SHIPPED[language, kind]))) - {"subtype"}
        for language in LANGUAGES
    }
    assert {language: names for language, names in asked.items() if names != asked["en"]} == {}


ENGLISH = {
    "the",
    "is",
    "of",
    "and",
    "with",
    "was",
    "this",
    "that",
    "client",
    "should",
    "we",
    "you",
    "been",
    "who",
    "are",
    "not",
}
CODE = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|`[^`]*`", re.DOTALL)
SHOWN = re.compile(r"(?:\bor |join\()\"([^\"]*)\"")


def own_words(language: Language, kind: str) -> set[str]:
    """The words that a template shows beside its variables, or a names.toml its keys."""
    _, text = SHIPPED[language, kind]
    if kind == NAMES:
        tables = tomllib.loads(text).values()
        text = " ".join(re.sub(r"\{\w+\}", "", name) for table in tables for name in table.values())
    else:
        text = CODE.sub(" ", text) + " ".join(SHOWN.findall(text))
    return set(re.findall(r"[^\W\d_]+", text.lower()))


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_no_english_is_left_in_the_other_languages(language: Language) -> None:
    for kind in (*KINDS, NAMES):
        words = own_words(language, kind)
        assert words & ENGLISH == set(), kind
        if language in ("ja", "ru"):
            assert {word for word in words if word.isascii()} <= {"hr"}, kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_of_names_is_complete(language: Language) -> None:
    names, english = (read_names(*SHIPPED[each, NAMES]).model_dump() for each in (language, "en"))
    told = {"why": Source, "triggers": Ground, "decisions": Decision, "promises": PromiseName, "words": Proof}
    for table, listed in told.items():
        assert set(names[table]) == set(get_args(listed)), table
    for table in names.keys() - {"handling"}:
        assert names[table].keys() == english[table].keys(), table
        assert all(names[table].values()), table
    assert len(names["handling"]) == (0 if language == "en" else 6)


# --- what the client reads ---------------------------------------------------------------------------------------


TOLD_TO_CLIENTS = {"ticket", "planned", "planned_before", "next_update", "promise_due", "minutes"}


@pytest.mark.parametrize("kind", [*TO_CLIENTS, CLIENT_FOOTER])
def test_the_client_is_told_no_name_and_nothing_internal(kind: str) -> None:
    engine = Engine()
    for language in LANGUAGES:
        assert set(engine.variables(engine.parsed(*SHIPPED[language, kind]))) <= TOLD_TO_CLIENTS


@pytest.mark.parametrize("kind", TO_CLIENTS)
def test_the_client_is_told_by_when(kind: str) -> None:
    dates = {"next_update": "DATE", "promise_due": "DATE"}
    for language in LANGUAGES:
        assert "DATE" in plain(shipped().section(language, kind, {**SAMPLE, **dates}))


def test_a_message_to_the_client_has_a_footer_of_its_own() -> None:
    document = shipped().comment("en", [("client_received", SAMPLE)], SAMPLE)
    assert plain(document).endswith("\n\nYour project team · our reference ISSUE-1")
    assert "Severity" not in plain(document)


def test_nothing_for_staff_goes_into_a_message_to_the_client() -> None:
    with pytest.raises(ValueError, match="a comment is for the client or for staff, never for both"):
        shipped().comment("en", [("client_received", SAMPLE), ("update", SAMPLE)], SAMPLE)


# --- words of the language ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("field", "vakavuuskentässä lukee ”Sev 1”"),
        ("priority", "prioriteetti on ”Sev 1”"),
        ("label", "joku lisäsi tunnisteen Sev 1"),
        ("signals", "Sev 1"),
        ("default", "mikään ei kerro asian vakavuutta"),
    ],
)
def test_why_it_is_so_severe_is_said_in_the_language(kind: str, said: str) -> None:
    footer = shipped().section("fi", "footer", {"severity": "high", "why_kind": kind, "why_value": "Sev 1"})
    assert plain(footer).splitlines()[0] == f"- Vakavuus: korkea – {said}"


GROUNDS: dict[str, dict[str, object]] = {
    "client_issues": {"number": 3, "window": "90 dage", "keys": ["A-1", "A-2"]},
    "first_issue": {"window": "90 dage"},
    "missed_deadlines": {"number": 2, "keys": ["A-1", "A-2"]},
    "satisfaction_below": {"figure": "6", "limit": "7"},
    "same_category": {"number": 2, "window": "90 dage", "keys": ["A-1"]},
    "reopened": {},
    "when": {"why": "»vores advokat«"},
}


def test_what_raised_it_is_said_with_its_figures() -> None:
    raised = [{"before": "low", "after": "high", "trigger": kind, **told} for kind, told in GROUNDS.items()]
    footer = plain(shipped().section("da", "footer", {"severity": "high", "raises": raised}))
    assert footer.splitlines()[0].split("; hævet fra lav til høj: ")[1:] == [
        "kundens sag nummer 3 inden for 90 dage (A-1, A-2)",
        "kundens første sag i 90 dage",
        "2 lovede datoer overskredet i træk (A-1, A-2)",
        "tilfredsheden er 6, under 7",
        "kundens sag nummer 2 i samme kategori inden for 90 dage (A-1)",
        "sagen er åbnet igen",
        "»vores advokat«",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", get_args(Ground))
def test_every_trigger_says_all_its_figures_in_every_language(language: Language, kind: str) -> None:
    given = GROUNDS[kind]
    text = plain(shipped().section(language, "raised", {**SAMPLE, "why": "", "trigger": kind, **given}))
    figures = [figure for value in given.values() for figure in (value if isinstance(value, list) else [value])]
    assert [figure for figure in figures if str(figure) not in text] == []


def test_who_is_asked_is_said_with_the_role_or_that_nobody_holds_it() -> None:
    asked = [("Ann", "hr"), ("Ann", ""), ("", "hr"), ("", "")]
    templates = {**SHIPPED, ("ru", "update"): ("ru/update.md", "{{ asked }}")}
    sections = [
        Renderer(templates).section("ru", "update", {"person": person, "role": role}) for person, role in asked
    ]
    assert [plain(section) for section in sections] == [
        "Ann (отдел кадров)",
        "Ann",
        "отдел кадров, но никто не назначен",
        "тот, кто прочтёт это первым",
    ]


def test_those_passed_over_are_named_with_the_reason() -> None:
    text = plain(shipped().section("en", "footer", SAMPLE))
    assert "- Passed over: Partner 1 (managing partner), away until Mon 9 Mar\n" in text
    assert "- Passed over: Partner 3 (engagement partner), who has left\n" in text


def test_the_language_s_own_word_is_proposed_if_the_mapping_accepts_it() -> None:
    def noted(language: Language, *words: str) -> str:
        proof = {"words": words, "fields": ("Cost", "Approved by"), "labels": (), "statuses": ("Done",)}
        items = plain(shipped().section(language, "remedy", {**SAMPLE, "proof": proof})).splitlines()
        return next(item for item in items if "Cost" in item)

    assert noted("da", "/remedy", "/kompensation") == (
        "- Notér det: begynd en kommentar med /kompensation"
        " eller udfyld Cost + Approved by eller flyt sagen til Done."
    )
    assert "med /made-good eller" in noted("da", "/made-good", "/makuja")


def test_no_place_in_a_sentence_is_filled_by_what_a_ticket_says() -> None:
    text = plain(shipped().section("en", "update", {**SAMPLE, "person": "{role} {{ rule }}", "role": "hr"}))
    assert "- Who: {role} {{ rule }} (HR)" in text


def test_what_is_not_given_is_empty() -> None:
    assert plain(shipped().section("en", "footer", {"severity": "low", "category": "billing"})) == (
        "- Severity: low\n- Category: billing"
    )


def test_a_message_that_was_kept_back_is_shown_line_by_line_and_whole() -> None:
    lines = ["First. " * 100, "*Second*"]
    section = shipped().section("en", "withheld", {**SAMPLE, "text": "\n\n".join(lines)})
    assert [plain((block,)) for block in section[3:5]] == [" ".join(lines[0].split()), "*Second*"]
    assert len(lines[0]) < LONGEST_LINE


# --- mappings that prove what comments ask for -------------------------------------------------------------------


@cache
def mappings() -> dict[str, Mapping]:
    models: dict[str, type[Mapping]] = {"jira": JiraMapping, "asana": AsanaMapping, "workbook": WorkbookMapping}
    return {
        name: model.model_validate(tomllib.loads((MAPPINGS / f"{name}.toml").read_text(encoding="utf-8")))
        for name, model in models.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_that_comments_propose_is_accepted_by_every_shipped_mapping(language: Language) -> None:
    for name, mapping in mappings().items():
        assert set(mapping.evidence) == set(get_args(Proof))
        for proof, word in read_names(*SHIPPED[language, NAMES]).words.items():
            assert word in mapping.evidence[proof].words, f"{name}.toml: evidence.{proof}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_decisions_that_a_comment_proposes_are_known_and_are_all_there_are(language: Language) -> None:
    known = tomllib.loads((MAPPINGS / "scope.toml").read_text(encoding="utf-8"))["decisions"]
    proposed = re.findall("`([^`]+)`", SHIPPED[language, "scope_choice"][1])
    assert [known.get(word) for word in proposed] == list(get_args(Decision))


def test_the_shipped_mappings_accept_the_same_words_in_the_same_order() -> None:
    first, *others = (
        (
            {proof: (evidence.words, evidence.labels) for proof, evidence in mapping.evidence.items()},
            (mapping.contact, mapping.acknowledge, mapping.snooze, mapping.engagements, mapping.approval),
        )
        for mapping in mappings().values()
    )
    assert others == [first, first]


# --- composing ---------------------------------------------------------------------------------------------------


def test_names_of_roles_severities_and_categories_are_the_readers() -> None:
    document = shipped().comment(
        "fi", [("escalation", {**SAMPLE, "step": 1})], {**SAMPLE, "raises": [], "skipped": []}
    )
    assert "Siirto: vastuupartneri" in plain(document)
    assert plain(document).endswith(
        "- Vakavuus: korkea – “the report is late again”\n"
        "- Luokka: toimitus (ylitetty määräaika). Tekninen vastaava osallistuu suunnitelman tekoon."
    )


def test_a_name_that_the_language_does_not_know_is_shown_readably() -> None:
    assert plain(said("{{ role }}", role="chief_of_staff")) == "chief of staff"


def test_a_hand_over_lists_the_facts_that_are_known_and_asks_for_the_others() -> None:
    facts = dict.fromkeys(["happened", "discovered", "affected", "done_at_once", "client_told"], "known")
    facts["next_step"] = ""
    section = shipped().section("en", "escalation", {**SAMPLE, "facts": facts, "note": "", "channel": ""})
    known, missing = (block for block in section if isinstance(block, Bullets))
    assert known.items[0] == (Span("What happened:", "strong"), Span(" known"))
    others = ["Discovered:", "Who is affected:", "Done at once:", "What the client has been told:"]
    assert [item[0].text for item in known.items[1:5]] == others
    assert missing.items == ((Span("☐ Recommended next step"),),)


def test_one_comment_carries_every_part_and_one_footer() -> None:
    document = shipped().comment("en", [("first_response", SAMPLE), ("update", SAMPLE)], SAMPLE)
    headings = [plain((block,)) for block in document if isinstance(block, Paragraph) and block.level]
    assert headings == ["First answer overdue", "Update overdue"]
    assert plain(document).count("The technical lead joins the plan.") == 1


def test_a_language_without_a_template_speaks_english() -> None:
    templates = {key: value for key, value in SHIPPED.items() if key != ("ja", "update")}
    heading = Renderer(templates).section("ja", "update", SAMPLE)[0]
    assert plain((heading,)) == "Update overdue"


HOSTILE = [
    "**bold** _it_ `code` ~~x~~",
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "| a | b |",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "<https://evil.example>",
    "<script>alert(1)</script><b>x</b><!-- -->",
    "&lt;b&gt; &amp; &#42;",
    "{{ 7 * 7 }} {% for x in y %} {# x #}",
    "{{ ''.__class__.__mro__ }}",
    "[~admin] @channel h1. {code} {color:red}x{color} ||x|| !x.png!",
    "=cmd|' /C calc'!A0",
    "\\*not\\* \\",
    "``` fence",
    "*",
    "]",
    "\ue0000\ue001",
]


SHOWN_AS_SAID = (
    *(
        "person",
        "why",
        "why_value",
        "taken_by",
        "scope",
        "milestone",
        "reason",
        "text",
        "note",
        "channel",
        "planned",
    ),
)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_ticket_says_is_shown_and_never_obeyed(language: Language, hostile: str) -> None:
    def comment(text: str) -> Document:
        ticket = dict.fromkeys(["key", "title", "client", "engagement", "status_name"], text)
        facts = dict.fromkeys(
            ["happened", "discovered", "affected", "done_at_once", "client_told", "next_step"], text
        )
        told = dict.fromkeys(SHOWN_AS_SAID, text)
        skipped = [{"person": text, "role": "hr", "kind": "away", "until": text}]
        variables = {**SAMPLE, **told, "ticket": ticket, "facts": facts, "skipped": skipped, "keys": [text]}
        return tuple(
            block
            for kinds in (FOR_STAFF, TO_CLIENTS)
            for block in shipped().comment(language, [(kind, variables) for kind in kinds], variables)
        )

    assert comment(hostile) == with_text(comment("HARMLESS"), "HARMLESS", inert(hostile))


def with_text(document: Document, old: str, new: str) -> Document:
    def changed(spans: tuple[Span, ...]) -> tuple[Span, ...]:
        return tuple(replace(item, text=item.text.replace(old, new)) for item in spans)

    return tuple(
        replace(block, spans=changed(block.spans))
        if isinstance(block, Paragraph)
        else Bullets(tuple(map(changed, block.items)))
        for block in document
    )


def test_a_value_keeps_its_place_in_a_block_that_the_template_sets() -> None:
    document = said("{% set x %}**{{ person }}**{% endset %}{{ x }} and *{{ person }}*", person="*A*")
    assert plain(document) == "***A*** and *A*"
    assert document == (Paragraph((Span("***A*** and "), Span("*A*", "emphasis"))),)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\r\n\tand\u2028more", "two lines and more"),
        ("a\u202eb\u2066c\x07d\x1b[31m", "abcd[31m"),
        ("lone \ud800 half", "lone  half"),
        ("\ufeff\u200b", ""),
        ("👩‍💻 क्‍ष", "👩‍💻 क्‍ष"),
        ("x" * 301, "x" * 299 + "…"),
        ("x" * 300, "x" * 300),
    ],
)
def test_a_value_is_one_short_line_that_moves_nothing_on_a_screen(text: str, shown: str) -> None:
    assert inert(text) == shown


@given(st.text())
def test_any_text_is_shown_as_itself_made_inert(text: str) -> None:
    document = said("before {{ why }} after", why=text)
    assert document == (Paragraph((Span(f"before {inert(text)} after"),)),)
    assert len(inert(text)) <= LONGEST_VALUE
    assert not {unicodedata.category(sign) for sign in inert(text)} & {"Cc", "Cs", "Co"}


def test_markdown_of_the_template_itself_becomes_rich_text() -> None:
    document = said(
        "# One\n\n### Three `x`\n\nplain **strong *both*** *slanted*\ngoes on [there](https://docs.example/a?b=1)\n\n"
        "- first\n- second **x**\n\n3. third\n4. fourth\n\n<b>&amp;</b>\n\n    not code\n\n{{ late_by }}",
        late_by="",
    )
    assert document == (
        Paragraph((Span("One"),), level=1),
        Paragraph((Span("Three "), Span("x", "code")), level=3),
        Paragraph(
            (
                Span("plain "),
                Span("strong both", "strong"),
                Span(" "),
                Span("slanted", "emphasis"),
                Span(" goes on "),
                Span("there", link="https://docs.example/a?b=1"),
            )
        ),
        Bullets(((Span("first"),), (Span("second "), Span("x", "strong")))),
        Bullets(((Span("3. third"),), (Span("4. fourth"),))),
        Paragraph((Span("<b>&</b>"),)),
        Paragraph((Span("not code"),)),
    )


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "/relative", "{{ why }}", "https://x.example/{{ why }}"]
)
def test_a_link_leads_only_to_a_web_address_that_the_template_itself_states(address: str) -> None:
    spans = [item for block in said(f"[x]({address})", why="https://evil.example") for item in _spans(block)]
    assert spans
    assert [item.link for item in spans if item.link] == []


def _spans(block: Paragraph | Bullets) -> tuple[Span, ...]:
    return block.spans if isinstance(block, Paragraph) else sum(block.items, ())


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("fine\n{% if overdue %}", "2:1: Unexpected end of template."),
        ("{{ a b }}", "1:1: expected token 'end of print statement', got 'b'"),
        ("\n\n{{ promise_deu }}", "3:1: promise_deu: unknown variable; did you mean 'promise_due'?"),
        ("{% if 0 %}\n{{ persn }}{% endif %}", "2:1: persn: unknown variable; did you mean 'person'?"),
        ("x\n{{ ticket.titel }}", "2:1: 'dict object' has no attribute 'titel'"),
        ("{% if step == 3 %}\n{{ facts.x }}{% endif %}", "2:1: 'dict object' has no attribute 'x'"),
        ("x\n{{ step / 0 }}", "2:1: division by zero"),
        ("x\n{{ step + person }}", "2:1: unsupported operand type(s) for +: 'int' and 'str'"),
        ("{{ person.__class__ }}", "1:1: access to attribute '__class__' of 'str' object is unsafe."),
        ("{% include 'x' %}", "1:1: no loader for this environment specified"),
        ("{{ person|shout }}", "1:1: No filter named 'shout'."),
    ],
)
def test_a_fault_of_a_template_is_named_with_file_and_line(template: str, fault: str) -> None:
    assert [told.split(" Jinja was looking")[0] for told in faults(template)] == [f"en/update.md:{fault}"]


def test_a_faulty_template_stops_the_comment_with_its_file_and_line() -> None:
    with pytest.raises(ConfigurationError, match=r"^en/update\.md:2:1: 'nobody' is undefined$"):
        said("x\n{{ nobody }}")


def test_a_missing_or_misnamed_template_is_a_fault() -> None:
    templates = {key: value for key, value in SHIPPED.items() if key != ("en", "owned")}
    told = check_templates({**templates, ("en", "updates"): ("en/updates.md", "x")})
    assert [(fault.file, fault.what) for fault in told] == [
        ("comments/en/owned.md", "no such template; every other language falls back on it"),
        ("en/updates.md", "no comment is made of 'updates'; did you mean 'update'?"),
    ]
    with pytest.raises(ConfigurationError, match=r"no template comments/en/owned\.md; copy the shipped one back"):
        Renderer({}).section("ja", "owned", SAMPLE)


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        (
            '[roles]\nhr = "HR"\n[severity]\n',
            "en/names.toml:3:2: severity: unknown key; did you mean 'severities'?",
        ),
        (
            '[why]\nfield = "{valeu}"',
            "en/names.toml:2:1: why.field: nothing fills {valeu}; did you mean 'value'?",
        ),
        ("[roles]\nhr = 3", 'en/names.toml:2:1: roles.hr: write text in quotes: "…"; this is a number'),
        ("[roles", "en/names.toml:1:7: not TOML: close the heading with ]"),
    ],
)
def test_a_fault_of_the_names_is_told_where_it_stands(names: str, fault: str) -> None:
    told = check_templates({("en", NAMES): ("en/names.toml", names)})
    assert str(next(each for each in told if each.file == "en/names.toml")) == fault


def test_instants_are_said_in_the_readers_language_and_zone() -> None:
    at = datetime(2026, 3, 3, 13, 0, tzinfo=UTC)
    assert moment(at, "en", "Europe/Berlin") == "Tue 3 Mar, 14:00 CET"
    assert moment(at, "ja", "Asia/Tokyo") == "3月3日(火) 22:00 JST"
    assert moment(at, "da", "Europe/Copenhagen") == "tirs. 3. mar. kl. 14.00 CET"
    assert moment(at, "ru", "Asia/Almaty") == "вт, 3 мар., 18:00 UTC+05"
    assert moment(at, "fi", "Europe/Helsinki") == "ti 3.3. klo 15.00 EET"
    assert moment(datetime(2026, 7, 3, 13, 0, tzinfo=UTC), "en", "Europe/Berlin") == "Fri 3 Jul, 15:00 CEST"


@pytest.mark.parametrize(
    ("amount", "spoken"),
    [
        (
            timedelta(days=1, hours=2, minutes=3),
            "1 day 2 hours|1日2時間|1 dag 2 timer|1 день 2 часа|1 päivä 2 tuntia",
        ),
        (
            timedelta(hours=2, minutes=5),
            "2 hours 5 minutes|2時間5分|2 timer 5 minutter|2 часа 5 минут|2 tuntia 5 minuuttia",
        ),
        (timedelta(days=3), "3 days|3日|3 dage|3 дня|3 päivää"),
        (-timedelta(minutes=1), "1 minute|1分|1 minut|1 минута|1 minuutti"),
        (timedelta(seconds=59), "0 minutes|0分|0 minutter|0 минут|0 minuuttia"),
        (timedelta(days=1, minutes=5), "1 day|1日|1 dag|1 день|1 päivä"),
    ],
)
def test_lengths_of_time_are_said_in_their_two_largest_units(amount: timedelta, spoken: str) -> None:
    assert "|".join(span(amount, language) for language in LANGUAGES) == spoken
