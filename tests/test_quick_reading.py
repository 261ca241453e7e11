"""What is read at once, to be quick, says the same as when it is read piece by piece."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.mapping.positions import positions
from sync.mapping.toml import parsed
from sync.saying.template_check import pieces
from sync.ticket import Language
from sync.words import fault, faults

SHIPPED = sorted((Path(__file__).parents[1] / "mappings").rglob("*.toml"))
LINES = (
    *('a = ["x", "y"]', 'b = [\n  "x",  # not "z"\n  "y",\n]', "[t]", "[[u]]", 'n = [{ a = ["x"] }]', "f = 1.5"),
    *("k = 'a = [\"x\"]'", 'm = [\n"a",\nb = ["x"]\n]', 'a = ["x"] 1', 'a = ["x" "y"]', 'a = ["x",,]', "a.b = 1"),
    *('"""', '# a = ["x"]', "[a]", "f = 1.0e9", 'x.y = ["p"]', 'g = [1, ["x"]]', 'e = ["\\u0041"]', "a = ["),
)


def told(read: object, text: str) -> object:
    """What the text says, or why it cannot be read."""
    assert callable(read)
    try:
        return read(text)
    except tomllib.TOMLDecodeError as error:
        return str(error)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_shipped_file_says_what_tomllib_reads_in_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert parsed(text) == tomllib.loads(text)


@given(st.lists(st.sampled_from(LINES), max_size=5).map("\n".join))
def test_any_toml_is_read_or_refused_as_tomllib_does(text: str) -> None:
    assert told(parsed, text) == told(tomllib.loads, text)


@given(
    st.sampled_from(get_args(Language)),
    st.lists(st.text("abЖё é'-* \n.…あ漢ーａ½ﬀß\u0301K1_", max_size=7), max_size=3),
)
def test_a_list_of_phrases_has_the_faults_of_each(language: Language, phrases: list[str]) -> None:
    each = [(number, fault(language, phrase)) for number, phrase in enumerate(phrases)]
    assert list(faults(language, phrases)) == [(number, what) for number, what in each if what]


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("Late: {{ late_by }}{# why #}, {% if person %}{{ person }}{% else %}nobody{% endif %}.", 2),
        ("{{ '}}' }} and {{ \"{%\" }}", 2),
        ("{% set nope = 1 %}{{ nope }}", None),
        ("{% if person %}{{ person }}", None),
        ("{{ {'a': {}}['b'] }}", None),
        ("{% endif %}", None),
    ],
)
def test_a_template_is_taken_apart_only_where_its_pieces_are_independent(template: str, told: int | None) -> None:
    found = pieces(template)
    assert (None if found is None else len([*filter(None, found)])) == told


def test_a_table_in_braces_may_have_several_lines_and_a_place_for_each_of_its_keys() -> None:
    text = 'a = {\n  b = 1,  # why\n  "c\\e" = [{ d = 2 }],\n}\n'
    assert parsed(text) == {"a": {"b": 1, "c\x1b": [{"d": 2}]}}
    assert positions(text)["a", "c\x1b", 0, "d"] == (3, 14)
