"""How well the shipped rules judge tickets that nobody looked at while writing them, and that the docs say so."""

from __future__ import annotations

from functools import cache

import judged_set
from judged_set import Figures, Verdict

HELD = judged_set.halves()[-1]


@cache
def verdicts(half: str) -> dict[str, list[Verdict]]:
    judge = judged_set.judging()
    return {
        language: [judge(line) for line in judged_set.read(language, half)] for language in judged_set.LANGUAGES
    }


def together(half: str) -> Figures:
    return judged_set.figures([each for told in verdicts(half).values() for each in told])


def test_the_page_says_what_the_rules_decide_and_stars_each_goal_that_they_miss() -> None:
    page = judged_set.PAGE.read_text(encoding="utf-8")
    assert judged_set.table(judged_set.judging()) in page, "run benchmarks/judgement.py"


def test_all_languages_together_are_well_above_a_small_embedding_model() -> None:
    told = together(HELD)
    assert told.macro_f1 >= 0.5
    assert told.precision >= 0.7
    assert told.coverage >= 0.5
    assert told.critical_recall >= 0.8
    assert told.critical_precision >= 0.5


def test_the_tickets_are_those_that_the_page_speaks_of() -> None:
    sizes = {"tune": 22, "kept": 22, "more": 40}
    texts = []
    for half in judged_set.halves():
        for language in judged_set.LANGUAGES:
            lines = judged_set.read(language, half)
            assert len(lines) == sizes.get(half, len(lines)) >= 20
            assert {line["id"][:4] for line in lines} == {f"{language}-{half[0]}"}
            texts += [(line["title"], line["text"]) for line in lines]
    assert len(set(texts)) == len(texts)
