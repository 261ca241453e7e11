"""Comments are composed in five languages, and nothing a ticket says is ever markup."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import ConfigurationError
from sync.render import FOOTER, LONGEST_VALUE, NAMES, SAMPLE, SECTIONS, Renderer, check_templates, inert
from sync.richtext import Bullets, Paragraph, Span, plain
from sync.spoken import moment, span
from sync.ticket import Language

if TYPE_CHECKING:
    from sync.richtext import Document

COMMENTS = Path(__file__).parents[1] / "mappings" / "comments"
LANGUAGES: tuple[Language, ...] = get_args(Language)
SHIPPED = {
    (language, path.stem): (str(path), path.read_text(encoding="utf-8"))
    for language in LANGUAGES
    for path in (COMMENTS / language).iterdir()
}


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


def test_all_kinds_are_there_in_all_languages_and_without_a_fault() -> None:
    assert SHIPPED.keys() == {(language, kind) for language in LANGUAGES for kind in (*SECTIONS, FOOTER, NAMES)}
    assert check_templates(SHIPPED) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", SECTIONS)
def test_every_part_says_by_when_it_is_owed_who_is_asked_by_which_rule_and_when_the_next_step_is(
    language: Language, kind: str
) -> None:
    due, later = "DUE", "LATER"
    told = {"promise_due": due, "next_step_due": later, "person": "PERSON", "rule": "RULE"}
    for overdue, step in ((False, 1), (True, 2)):
        section = shipped().section(language, kind, {**SAMPLE, **told, "overdue": overdue, "step": step})
        heading, text = section[0], plain(section)
        assert isinstance(heading, Paragraph)
        assert heading.level == 3
        assert [word for word in told.values() if word not in text] == []
        assert not any(sign in text for sign in "{}*#\ue000\ue001")


def test_names_of_roles_severities_and_categories_are_the_readers() -> None:
    document = shipped().comment("fi", [("escalation", {**SAMPLE, "step": 1})], SAMPLE)
    assert "Siirto: vastuupartneri" in plain(document)
    assert plain(document).endswith(
        "- Vakavuus: korkea – “the report is late again”\n"
        "- Luokka: toimitus (ylitetty määräaika). Tekninen vastaava osallistuu suunnitelman tekoon."
    )


def test_a_name_that_the_language_does_not_know_is_shown_readably() -> None:
    assert plain(said("{{ role }}", role="chief_of_staff")) == "chief of staff"


def test_a_hand_over_lists_the_facts_that_are_known_and_asks_for_the_others() -> None:
    facts = dict.fromkeys(["happened", "discovered", "affected", "done_at_once", "client_told"], "known")
    section = shipped().section("en", "escalation", {**SAMPLE, "facts": {**facts, "next_step": ""}})
    known, missing = (block for block in section if isinstance(block, Bullets))
    assert known.items[0] == (Span("What happened:", "strong"), Span(" known"))
    assert len(known.items) == 5
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


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_ticket_says_is_shown_and_never_obeyed(language: Language, hostile: str) -> None:
    def comment(text: str) -> Document:
        ticket = dict.fromkeys(["key", "title", "client", "engagement", "status_name"], text)
        facts = dict.fromkeys(
            ["happened", "discovered", "affected", "done_at_once", "client_told", "next_step"], text
        )
        variables = {**SAMPLE, "ticket": ticket, "facts": facts, "person": text, "why": text}
        return shipped().comment(language, [(kind, variables) for kind in SECTIONS], variables)

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
        ("[roles]\nhr = 3", 'en/names.toml:2:1: roles.hr: write text in quotes: "…"; this is a number'),
        ("[roles", "en/names.toml:1:7: not TOML: close the heading with ]"),
    ],
)
def test_a_fault_of_the_names_is_told_where_it_stands(names: str, fault: str) -> None:
    told = check_templates({**SHIPPED, ("en", NAMES): ("en/names.toml", names)})
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
