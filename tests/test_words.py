"""Phrases are found in five languages, and denied ones are not."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.judging.conditions import phrases_in
from sync.mapping.severity_models import SeverityFile
from sync.mapping.taxonomy_models import Negation, Taxonomy
from sync.words import READ_AT_MOST, Lexicon, fault, negation_fault, normalised

if TYPE_CHECKING:
    from sync.ticket import Language

MAPPINGS = Path(__file__).parents[1] / "mappings"


@cache
def shipped() -> Taxonomy:
    return Taxonomy.model_validate(tomllib.loads((MAPPINGS / "taxonomy.toml").read_text(encoding="utf-8")))


def finds(language: Language, phrase: str, text: str) -> bool:
    """Whether the phrase is found in the text, under the negations that we ship."""
    return (language, phrase) in Lexicon([(language, phrase)], shipped().negation).scan(text)


@pytest.mark.parametrize(
    ("language", "phrase", "text"),
    [
        ("en", "late", "The report is LATE."),
        ("en", "late*", "lately, they have been busy"),
        ("en", "wrong invoice", "Wrong\n  invoice!"),
        ("en", "wrong invoice", "wrong — “invoice”"),
        ("en", "don't answer", "They don’t answer"),
        ("en", "nobody … answer*", "nobody here ever answers"),
        ("en", "invoice … wrong … again", "The invoice is plainly wrong this time again"),
        ("en", "quality issue*", "two quality issues"),
        ("en", "invoice* wrong", "the invoices wrong again"),
        ("en", "late", "client様、レポートがlateです"),
        ("en", "office", "oﬀice"),  # a ligature
        ("en", "deadline", "dead\u00adline"),  # a soft hyphen
        ("en", "deadline", "dead\u200bline"),  # a zero-width space
        ("da", "forsinkelse*", "Endnu en forsinkelsesvarsel"),
        ("da", "år", "sidste A\u030aR"),  # a letter and its ring apart
        ("ru", "счет неверн*", "Счёт неверный"),
        ("ru", "опозда*", "Команда опоздала на неделю"),
        ("fi", "viivästy*", "Toimitus viivästyi"),
        ("fi", "laatu on huono", "Laatu on HUONO"),
        ("ja", "請求書", "先月の請求書について"),
        ("ja", "請求書", "先月の請\n求書について"),
        ("ja", "レポート", "ﾚﾎﾟｰﾄの件"),  # half-width kana
        ("ja", "遅れ*", "納品が遅れています"),
        ("ja", "請求…違", "請求の金額が違います"),
    ],
)
def test_a_phrase_is_found_however_it_is_written(language: Language, phrase: str, text: str) -> None:
    assert finds(language, phrase, text)


@pytest.mark.parametrize(
    ("language", "phrase", "text"),
    [
        ("en", "late", "a plate, later, translate"),
        ("en", "late*", "a plate"),
        ("en", "late*", "the latitude is wrong"),
        ("en", "wrong invoice", "wrong number on the invoice"),
        ("en", "wrong invoice", "the word is wrong"),
        ("ru", "брак", "бракосочетание"),
        ("fi", "lasku", "laskuri"),
        ("da", "sen", "sengen"),
        ("ja", "請求書", "請求の書類"),
        ("en", "invoice … wrong", "The invoice for the month of May is wrong"),
        ("en", "invoice … wrong", "We paid the invoice, wrong address"),
        ("ja", "請求…違", "請求の件。金額が違います"),
    ],
)
def test_a_word_is_not_found_inside_another_one(language: Language, phrase: str, text: str) -> None:
    assert not finds(language, phrase, text)


@pytest.mark.parametrize(
    ("language", "phrase", "text"),
    [
        ("en", "billing question", "This is not a billing question."),
        ("en", "late", "It isn't late"),
        ("en", "invoice", "This has nothing to do with the invoice"),
        ("en", "invoice … wrong", "The invoice is not wrong"),
        ("en", "late", "The report is no longer late."),
        ("en", "late", "We hope nothing\nis late"),
        ("da", "forsinket", "Leverancen er ikke længere forsinket"),
        ("da", "forsinkelse*", "Det kom uden forsinkelse"),
        ("ru", "просрочен*", "Отчёт не просрочен"),
        ("ru", "опозда*", "Сдали без опоздания"),
        ("ru", "просрочк*", "Просрочки нет"),
        ("fi", "myöhässä", "Raportti ei ole myöhässä"),
        ("fi", "myöhässä", "Raportti ei ole enää myöhässä"),
        ("fi", "viivästy*", "Valmistui ilman viivästyksiä"),
        ("ja", "遅れ", "納品は遅れていません"),
        ("ja", "遅れ", "遅れはありませんでした"),
        ("ja", "遅れ", "遅れることなく納品されました"),
        ("ja", "遅れ", "遅れずに届きました"),
        ("ja", "請求", "これは請求の質問ではありません"),
        ("ja", "完成", "未完成です"),
    ],
)
def test_a_denied_phrase_does_not_count(language: Language, phrase: str, text: str) -> None:
    assert not finds(language, phrase, text)


@pytest.mark.parametrize(
    ("language", "phrase", "text"),
    [
        ("en", "late", "It is not only late, it is wrong"),
        ("en", "delay", "It arrived not without delay"),
        ("en", "late delivery", "We are not happy about late delivery"),
        ("en", "late", "No, it is late"),
        ("en", "late", "It is not. Late again"),
        ("en", "late", "Not that anyone would ever admit it is late"),
        ("en", "late", "first not late, and now late"),
        ("da", "forsinket", "Den er ikke kun forsinket, den er forkert"),
        ("da", "fejl", "Vi er ikke tilfredse med fejl"),
        ("ru", "просрочен*", "Отчёт не только просрочен"),
        ("ru", "опоздани*", "Сдали не без опозданий"),
        ("fi", "myöhässä", "Se ei ole ainoastaan kallis, vaan myöhässä"),
        ("fi", "myöhässä", "Ei vain myöhässä"),
        ("ja", "遅れ", "遅れているだけではありません"),
        ("ja", "遅れ", "遅れるかもしれません"),
        ("ja", "遅れ", "遅れてすみません"),
        ("ja", "遅れ", "遅れていますが、連絡がありません"),
        ("ja", "遅れ", "遅れて対応がない"),
        ("ja", "遅れ", "遅れているのではないでしょうか"),
    ],
)
def test_a_negation_elsewhere_or_undone_denies_nothing(language: Language, phrase: str, text: str) -> None:
    assert finds(language, phrase, text)


@pytest.mark.parametrize(
    ("text", "found"),
    [("no x", False), ("no a b x", False), ("no a b c x", True), ("x no", True), ("x a never", False)],
)
def test_a_negation_reaches_as_many_words_as_the_mapping_says(text: str, found: bool) -> None:  # noqa: FBT001
    negation = Negation(before=["no"], after=["never"], within=3)
    assert bool(Lexicon([("en", "x")], {"en": negation}).scan(text)) is found


def test_the_hit_of_a_phrase_shows_it_as_written_and_where_it_stands_first_undenied() -> None:
    text = "Dear team,\nit is not late yet. But the Third Report WILL be Late, says everybody here in your office"
    hit = Lexicon([("en", "late")], shipped().negation).scan(text)["en", "late"]
    assert hit.start == text.index("Late,")
    assert hit.snippet == "…late yet. But the Third Report WILL be Late, says everybody here in your office"


def test_one_scan_finds_overlapping_phrases_of_all_languages_under_their_own_spelling() -> None:
    present: set[tuple[Language, str]] = {
        ("en", "late"),
        ("en", "Late again"),
        ("en", "late*"),
        ("da", "late"),
        ("ja", "請求書"),
    }
    lexicon = Lexicon([*present, ("fi", "late now")], {})
    assert lexicon.scan("late again: 請求書").keys() == present


def test_what_looks_like_a_pattern_is_only_text() -> None:
    assert finds("en", "(a+)+$ [x]", "a x")
    assert not finds("en", "l.te", "late")
    assert finds("ja", "(遅)+", "(遅)+")
    assert not finds("ja", "(遅)+", "遅遅")


def test_only_the_beginning_of_an_endless_text_is_read() -> None:
    lexicon = Lexicon([("en", "late"), ("ja", "遅れ")], shipped().negation)
    assert lexicon.scan("x " * (READ_AT_MOST // 2 - 3) + "late" + " late 遅れ" * 1_000_000).keys() == {
        ("en", "late")
    }
    assert not lexicon.scan("not " * 1_000_000 + "late")
    assert not lexicon.scan("遅れていません" * 500_000)
    assert not lexicon.scan("\ufdfa" * 1_000_000)  # one character that NFKC makes eighteen of


@pytest.mark.parametrize(
    ("language", "phrase", "complaint"),
    [
        ("en", "", "'' holds no word to look for"),
        ("en", "?!", "'?!' holds no word to look for"),
        ("en", "遅れ", "'遅れ' holds no word to look for"),
        ("en", "la*", "'la*': the stem 'la*' fits too much; give it 3 letters or no *"),
        ("en", "… late", "'… late': an … stands between two words and lets others stand there"),
        ("en", "*late", "'*late': a * stands directly after the letters of a word and makes it a stem"),
        ("ja", "遅", "'遅' fits too much; give it 2 characters"),
    ],
)
def test_a_phrase_that_is_none_is_refused_with_the_remedy(language: Language, phrase: str, complaint: str) -> None:
    assert fault(language, phrase) == complaint
    with pytest.raises(ValueError, match=r"look for|fits too much|makes it a stem|stands between"):
        Lexicon([(language, phrase)], {})


@pytest.mark.parametrize(
    ("language", "place", "entry", "complaint"),
    [
        ("en", "before", "n*t", "negation 'n*t': write whole words"),
        ("fi", "before", "", "negation '': write whole words"),
        ("en", "after", "?", "negation '?': write whole words"),
        ("ja", "before", " ", "negation ' ' holds no character to look for"),
        ("ja", "before", "!未", "negation '!未': in Japanese, entries with ! stand under after"),
        ("ja", "after", "…", "negation '…' holds no character to look for"),
    ],
)
def test_a_negation_that_is_none_is_refused_with_the_remedy(
    language: Language, place: Literal["before", "after"], entry: str, complaint: str
) -> None:
    assert negation_fault(language, entry, place) == complaint
    rules = Negation(before=[entry]) if place == "before" else Negation(after=[entry])
    with pytest.raises(ValueError, match=r"^negation "):
        Lexicon([("en", "late")], {language: rules})


def test_every_shipped_phrase_is_well_formed_finds_itself_and_stands_in_one_rule_only() -> None:
    severity = SeverityFile.model_validate(tomllib.loads((MAPPINGS / "severity.toml").read_text(encoding="utf-8")))
    rules = list(phrases_in([rule.when for rule in shipped().rule]))
    phrases = [*rules, *phrases_in([signal.when for signal in severity.signal])]
    lexicon = Lexicon(phrases, shipped().negation)
    assert [fault(language, phrase) for language, phrase in phrases if fault(language, phrase)] == []
    assert [key for key in phrases if key not in lexicon.scan(key[1].replace("*", "").replace("…", ""))] == []
    assert len(rules) == len(set(rules))


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


def test_normalising_any_single_character_twice_changes_nothing_more() -> None:
    characters = [chr(point) for point in range(0x11_0000)]
    assert [c for c in characters if normalised(normalised(c)) != normalised(c)] == []


@cache
def everything() -> Lexicon:
    return Lexicon(phrases_in([rule.when for rule in shipped().rule]), shipped().negation)


_PIECES = [
    "late",
    "is",
    "not",
    "no",
    "longer",
    "ei",
    "ole",
    "myöhässä",
    "遅れ",
    "ていません",
    "\n\n",
    ". ",
    "ё",
    "нет",
]


@given(
    st.one_of(
        st.text(),
        st.lists(st.sampled_from(_PIECES)).map(" ".join),
        st.lists(st.sampled_from(_PIECES)).map("".join),
    )
)
def test_scanning_never_fails_and_every_hit_lies_inside_the_text(text: str) -> None:
    for hit in everything().scan(text).values():
        assert 0 <= hit.start < len(normalised(text))
        assert hit.snippet


_WORDS = st.sampled_from(["late", "lately", "la", "invoice", "wrong"])


@given(
    st.lists(st.lists(_WORDS, min_size=1, max_size=3).map(tuple), min_size=1, unique=True),
    st.lists(_WORDS, max_size=30),
)
def test_scanning_agrees_with_a_search_written_naively(phrases: list[tuple[str, ...]], words: list[str]) -> None:
    found = Lexicon([("en", " ".join(phrase)) for phrase in phrases], {}).scan(" ".join(words)).keys()
    naive = {
        ("en", " ".join(phrase))
        for phrase in phrases
        if any(tuple(words[start : start + len(phrase)]) == phrase for start in range(len(words)))
    }
    assert found == naive


@given(st.lists(st.sampled_from(["not", "yet", "late", "."]), max_size=12))
def test_denial_agrees_with_a_search_written_naively(words: list[str]) -> None:
    negation: dict[Language, Negation] = {"en": Negation(before=["not"], within=2)}

    def denied(position: int) -> bool:
        window: list[str] = []
        while len(window) < 2 and position - len(window) - 1 >= 0 and words[position - len(window) - 1] != ".":
            window.append(words[position - len(window) - 1])
        return "not" in window and window != ["not", "not"]

    naive = any(word == "late" and not denied(position) for position, word in enumerate(words))
    assert bool(Lexicon([("en", "late")], negation).scan(" ".join(words))) is naive
