"""How a text for a client must sound, in five languages; what a fault of it looks like, and what is let pass."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.call import Call
from sync.commands.check import check
from sync.mapping.client_models import ClientModel, ClientsFile, PersonModel
from sync.mapping.policy import collect_policy, load_policy
from sync.mapping.reader import read_model, read_text
from sync.mapping.tone_models import Rule, ToneFile, unsearchable
from sync.richtext import plain
from sync.saying.render import CLIENT_FOOTER, FOR_CLIENTS, SAMPLE, Renderer
from sync.saying.spoken import moment
from sync.saying.tone import Slip, check_tone, lint, lint_template, staff, told
from sync.ticket import Language

if TYPE_CHECKING:
    from sync.mapping.tone_models import Example

MAPPINGS = Path(__file__).parents[1] / "mappings"
LANGUAGES: tuple[Language, ...] = get_args(Language)
RULES: tuple[Rule, ...] = get_args(Rule)


@cache
def tone(language: Language) -> ToneFile:
    """The shipped words of a language."""
    return read_model(MAPPINGS / "tone" / f"{language}.toml", ToneFile)


def found(text: str, *, names: tuple[str, ...] = (), quoted: tuple[str, ...] = ()) -> list[tuple[Rule, str]]:
    """Rule and words of each slip in an English text for a client."""
    slips = lint(text, "en", tone("en"), client=True, names=names, quoted=quoted)
    return [(slip.rule, slip.words) for slip in slips]


def faults(template: str, *, client: bool = True) -> list[str]:
    """The faults of an English template, without the name of the file."""
    told_of = lint_template("t.md", template, "en", tone("en"), client=client)
    return [f"{fault.line}:{fault.column}: {fault.key}: {fault.what}" for fault in told_of]


# --- the shipped words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "example"),
    [
        pytest.param(language, example, id=f"{language}-{number}-{'+'.join(example.breaks) or 'good'}")
        for language in LANGUAGES
        for number, example in enumerate(tone(language).example, 1)
    ],
)
def test_each_example_breaks_the_rules_that_it_is_said_to_and_no_other(
    language: Language, example: Example
) -> None:
    slips = lint(
        example.text,
        language,
        tone(language),
        client=example.client,
        names=example.names,
        quoted=example.quoted,
    )
    assert {slip.rule for slip in slips} == set(example.breaks), slips


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_its_words_examples_and_sentences_for_every_rule(language: Language) -> None:
    examples = tone(language).example
    assert sum(not each.breaks for each in examples) >= 4
    assert [rule for rule in RULES if sum(rule in each.breaks for each in examples) < 3] == []
    assert list(unsearchable(language, tone(language))) == []
    if language != "en":  # whose sentences the program knows
        assert [rule for rule in RULES if rule not in tone(language).told] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shipped_templates_keep_to_the_rules(language: Language) -> None:
    templates = {
        (language, path.stem): (path.name, path.read_text(encoding="utf-8"))
        for path in (MAPPINGS / "comments" / language).glob("*.md")
    }
    assert templates
    assert check_tone(templates, {language: tone(language)}) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_shipped_templates_say_to_a_client_may_be_posted(language: Language) -> None:
    templates = {
        (language, path.stem): (path.name, path.read_text(encoding="utf-8"))
        for path in (MAPPINGS / "comments" / language).iterdir()
    }
    day = moment(datetime(2026, 3, 4, 10, tzinfo=UTC), language, "Europe/Helsinki")
    said = {**SAMPLE, **dict.fromkeys(("promise_due", "next_update", "planned", "planned_before"), day)}
    for kind in (kind for _, kind in templates if kind.startswith(FOR_CLIENTS) and kind != CLIENT_FOOTER):
        text = plain(Renderer(templates).comment(language, [(kind, said)], said))
        slips = lint(
            text, language, tone(language), client=True, names=["Partner 2"], quoted=["The report is late"]
        )
        assert slips == [], f"{kind}: {text}"


# --- texts ------------------------------------------------------------------------------------------------------

NEXT = " We will call you on Monday at 10:00."
"""Makes a text one that says what happens next, and when."""


@pytest.mark.parametrize(
    ("text", "slips"),
    [
        ("It was THE VENDOR'S   FAULT.", [("blame", "S   FAULT")]),
        ("It is not the vendor's fault.", []),
        ("If you did not send the file, do it then.", []),
        ("You did not send the file.", [("blame", "You did not send")]),
        ("You should have the file because you asked for it.", []),
        ("An un\u00adforeseen delay.", [("excuses", "un\u00adforeseen")]),
        ("Due to the work load.", []),
        ("Not due to workload.", []),
        ("As soon as possible.", [("vague_dates", "As soon as possible")]),
        ("The answer is due soon.", []),
        ("It is late; soon it is not.", [("vague_dates", "soon")]),
        ("We are over budget and the sprint is over.", [("internal", "over budget"), ("internal", "sprint")]),
        ("The label esc:critical is set.", [("internal", "esc:critical")]),
    ],
)
def test_a_phrase_counts_as_a_whole_however_it_is_written_unless_it_is_denied(
    text: str, slips: list[tuple[Rule, str]]
) -> None:
    assert found(text + NEXT) == slips


@pytest.mark.parametrize(
    ("text", "slips"),
    [
        ("We will call you on Monday.", []),
        ("By Friday, 6 March, we will send it.", []),
        ("We will send it not later than Friday.", []),
        ("We will send it.\n\n- the file: tomorrow", []),
        ("Next:\n- Tue 3 Mar, 14:00 CET: the file", []),
        ("We will answer within two hours.", []),
        ("We will answer around the clock, 24/7, for 3.50 a call.", [("date", "We will")]),
        ("We may march on, and will write.", [("date", "will write")]),
        ("It broke on Monday. We will repair it.", [("date", "We will")]),
        ("It broke on Monday\n\nWe will repair it", [("date", "We will")]),
        ("It broke on Monday and is repaired.", [("next_step", "")]),
        ("", [("next_step", "")]),
    ],
)
def test_the_next_step_has_its_date_in_its_own_sentence_or_after_it(
    text: str, slips: list[tuple[Rule, str]]
) -> None:
    assert found(text) == slips


@pytest.mark.parametrize(
    ("language", "text", "name", "words"),
    [
        ("en", "Anna Jensen's file", "anna  jensen", "Anna Jensen"),
        ("en", "not Anna Jensen", "Anna Jensen", "Anna Jensen"),
        ("en", "Anna and Jensen", "Anna Jensen", ""),
        ("en", "Bo will call", "Bo", "Bo"),
        ("en", "the Bob tool", "Bo", ""),
        ("en", "by u.north@firm.example", "u.north@firm.example", "u.north@firm.example"),
        ("en", "at 12 o'clock", "12", ""),
        ("da", "Søren Holms fil", "Søren Holm", "Søren Holms"),
        ("ru", "с Анной Петровой", "Анна Петрова", "Анной Петровой"),
        ("ru", "от Алексея Ёлкина", "Алексей Ёлкин", "Алексея Ёлкина"),
        ("fi", "Virtasen ja Korhoselle", "Korho", "Korhoselle"),
        ("ja", "田中さんが確認", "田中", "田中"),
        ("ja", "Anna Jensenが確認", "Anna Jensen", "Anna Jensen"),
        ("ja", "森の件", "森", ""),  # one character stands in too many words
    ],
)
def test_a_name_of_staff_is_found_in_its_inflections(language: Language, text: str, name: str, words: str) -> None:
    slips = lint(text, language, tone(language), client=True, names=[name])
    assert [slip.words for slip in slips if slip.rule == "names"] == ([words] if words else [])


def test_a_slip_stands_at_its_line_and_column_as_written_once_a_paragraph() -> None:
    text = "Sorry.\n\n  It comes \uff53oon, soon.\n\n- soon\n\nWe will call."
    assert lint(text, "en", tone("en"), client=True) == [
        Slip(3, 12, "vague_dates", "\uff53oon"),
        Slip(5, 3, "vague_dates", "soon"),
        Slip(7, 4, "date", "will call"),
    ]


def test_japanese_is_read_across_its_line_breaks() -> None:
    (slip,) = lint("ただいま確認中です。近日\n中に回答が届きます。", "ja", tone("ja"), client=False)
    assert slip == Slip(1, 11, "vague_dates", "近日\n中")
    assert told([slip], tone("ja")).count("「近日 中」") == 1


def test_staff_may_read_severities_and_names_without_a_date() -> None:
    text = "Severity high, escalated to Partner 2. No excuses: answer soon."
    slips = lint(text, "en", tone("en"), client=False, names=["Partner 2"])
    assert [slip.rule for slip in slips] == ["vague_dates"]


@pytest.mark.parametrize(
    ("quoted", "slips"),
    [
        ((), [("vague_dates", "soon"), ("blame", "s fault")]),
        (("Answer soon (the vendor's fault)",), []),
        (("Answer soon (the vendor's fault)", "soon"), []),
        (("Ans",), [("vague_dates", "soon"), ("blame", "s fault")]),
        (("", " "), [("vague_dates", "soon"), ("blame", "s fault")]),
    ],
)
def test_what_the_client_wrote_is_not_blamed_on_us(quoted: tuple[str, ...], slips: list[tuple[Rule, str]]) -> None:
    assert found("“Answer soon (the vendor's fault)”: we have it." + NEXT, quoted=quoted) == slips


def test_a_date_in_the_clients_words_is_not_our_date() -> None:
    assert found("We will see to “Report due Friday”.", quoted=("Report due Friday",)) == [("date", "We will")]


@given(st.text(), st.sampled_from(LANGUAGES))
def test_any_text_can_be_linted_and_each_slip_lies_within_it(text: str, language: Language) -> None:
    lines = text.split("\n")
    for slip in lint(text, language, tone(language), client=True, names=["Anna Jensen", "田中"]):
        assert lines[slip.line - 1][slip.column - 1 :].startswith(slip.words.split("\n")[0])


# --- what is said of them ---------------------------------------------------------------------------------------


def test_why_a_text_is_kept_back_is_told_in_the_language_of_the_file() -> None:
    slips = [
        Slip(1, 1, "vague_dates", "snarest"),
        Slip(2, 1, "vague_dates", "snarest"),
        Slip(1, 1, "next_step", ""),
    ]
    assert told(slips, tone("da")) == (
        "“snarest” er ingen dato; nævn dag og klokkeslæt; "
        "der står ikke, hvad der sker nu; sig, hvad vi gør, eller hvad kunden får"
    )
    assert told(slips[:1], tone("en")) == slips[0].what == "“snarest” is no date; name the day and the hour"


@pytest.mark.parametrize("rule", RULES)
def test_every_slip_says_what_is_wrong_and_the_remedy(rule: Rule) -> None:
    what = Slip(1, 1, rule, "these words").what
    assert "; " in what
    assert "{" not in what
    assert ("these words" in what) == (rule != "next_step")


# --- templates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "told_of"),
    [
        pytest.param("We will write by **{{ promise_due }}**.", [], id="a variable is a date"),
        pytest.param("We will write by {{ checkpoint_due }}.", [], id="so is each that ends in _due"),
        pytest.param(
            "{# We will write on Monday. #}Thank you.",
            ["1:1: next_step: it does not say what happens next; say what we do, or what the client gets"],
            id="a comment is not said",
        ),
        pytest.param(
            "{# one\n#}\n{% if soon %}\nWe will write soon, by {{ planned }}.\n{% endif %}",
            ["4:15: vague_dates: “soon” is no date; name the day and the hour"],
            id="lines stay, statements are not said",
        ),
        pytest.param(
            "We will write by {{ planned }}.\n{{ person }} does it.",
            ["2:1: names: “{{ person }}” names a member of staff; say “we”"],
            id="a variable is a name",
        ),
        pytest.param(
            "We will write by {{ planned }}. {{ why or severity }}",
            ["1:33: internal: “{{ why or severity }}” is internal; say only how the client is affected"],
            id="a variable is internal",
        ),
        pytest.param(
            '{{ ticket.title or "We will write" }}{% if severity == "high" %} today{% endif %}.',
            [],
            id="a text inside an expression is said",
        ),
        pytest.param(
            'We will write by {{ planned }}{{ notes or "asap" }}{{ words["asap"] }}.',
            ["1:44: vague_dates: “asap” is no date; name the day and the hour"],
            id="but not a key",
        ),
        pytest.param(
            "We will write by {{ planned }}: as soon {% if a %}as {{ a }}{% else %} as possible{% endif %}.",
            ["1:36: vague_dates: “soon” is no date; name the day and the hour"],
            id="two branches are not read as one",
        ),
    ],
)
def test_a_template_is_read_as_what_it_will_say(template: str, told_of: list[str]) -> None:
    assert faults(template) == told_of


def test_a_template_for_staff_is_held_to_blame_excuses_and_vague_dates_alone() -> None:
    assert faults("{{ person }} ({{ role }}) takes it: severity {{ severity }}.", client=False) == []
    assert len(faults("The vendor's fault: unforeseen, and to be solved soon.", client=False)) == 3


def test_the_kind_says_for_whom_a_template_is() -> None:
    text = "{{ person }} takes it."
    kinds = ("client_received", "client_footer", "escalation", "names")
    templates: dict[tuple[Language, str], tuple[str, str]] = {
        ("en", kind): (f"en/{kind}.{'toml' if kind == 'names' else 'md'}", text) for kind in kinds
    }
    templates["ja", "client_received"] = ("ja/client_received.md", text)
    told_of = check_tone(templates, {"en": tone("en")})
    assert {(fault.file, fault.key) for fault in told_of} == {
        ("en/client_footer.md", "names"),
        ("en/client_received.md", "names"),
        ("en/client_received.md", "next_step"),
    }


# --- the files --------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped mappings below the current folder."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(MAPPINGS, tmp_path / "mappings"))


def test_check_names_file_line_column_and_rule(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = folder.parent / "config.toml"
    config.write_text(
        '[[source]]\nname = "issues"\ntracker = "workbook"\npath = "issues.xlsx"\nreaders = "staff"\n'
        'mapping = "workbook.toml"\n'
    )
    owned = folder / "comments" / "en" / "owned.md"
    owned.write_text(owned.read_text().replace("name one owner", "soon name one owner"))
    status = check(Call("makegood", config, output="short"), online=False)
    assert status == 2
    what = "mappings/comments/en/owned.md:11:12: vague_dates: “soon” is no date; name the day and the hour"
    assert what in capsys.readouterr().err.splitlines()


def test_the_policy_has_the_words_of_each_language_and_its_digest_them_too(folder: Path) -> None:
    before = load_policy(folder, {})
    assert before.tone.keys() == set(LANGUAGES)
    with (folder / "tone" / "fi.toml").open("a", encoding="utf-8") as file:
        file.write("\n# a comment\n")
    assert load_policy(folder, {}).digest != before.digest


def test_a_team_without_tone_files_is_held_to_nothing(folder: Path) -> None:
    shutil.rmtree(folder / "tone")
    assert load_policy(folder, {}).tone == {}


def test_every_fault_of_the_files_is_told_at_its_place(folder: Path) -> None:
    (folder / "tone" / "ja.toml").write_text('blame = ["責"]\n[negation]\nafter = ["…"]\n', encoding="utf-8")
    (folder / "tone" / "en.toml").write_text(
        'excuse = []\nexcuses = ["so*"]\ndate_patterns = ["("]\n[negation]\nbefore = ["not*"]\n'
        '[[example]]\ntext = "x"\nbreaks = ["blaming"]\n'
    )
    (folder / "tone" / "dk.toml").write_text("")
    _, told_of = collect_policy(folder, {})
    lines = [str(fault).removeprefix("mappings/tone/") for fault in told_of]
    beginnings = [
        "dk.toml: 'dk' is no language of tone",
        "en.toml:1:1: excuse: unknown key",
        "en.toml:2:12: excuses[1]: 'so*': the stem 'so*' fits too much",
        "en.toml:3:18: date_patterns[1]: bad regular expression at its character 1: missing )",
        "en.toml:5:11: negation.before[1]: negation 'not*': write whole words",
        'en.toml:8:11: example[1].breaks[1]: write "blame" or "names" or "excuses" or "internal"',
        "ja.toml:1:10: blame[1]: '責' fits too much",
        "ja.toml:3:10: negation.after[1]: negation '…' holds no character to look for",
    ]
    assert [line[: len(begun)] for line, begun in zip(lines, beginnings, strict=True)] == beginnings


def test_staff_are_the_holders_of_roles_all_people_and_the_names_shown_for_them() -> None:
    clients = ClientsFile(
        roles={"lead": ["u1", "u2"]},
        gone=["u0"],
        person=[PersonModel(name="Lead 1", ids={"jira": "u1"})],
        client=[ClientModel(name="Client A", roles={"partner": ["u3"]}, names={"u3": "Partner 3"})],
    )
    assert staff(clients) == {"u0", "u1", "u2", "u3", "Lead 1", "Partner 3"}


def test_a_file_may_hold_a_few_words_only() -> None:
    words = read_text('next_step = ["then"]\ndates = ["later"]', ToneFile, shown_as="en.toml")
    assert lint("Then it is done later, the vendor's fault.", "en", words, client=True) == []
