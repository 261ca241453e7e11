"""The recipes of `docs/shape-it-to-your-team.md`: each edit has one place, is sound, and its test proves it."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import pytest
from office import ROOT

from sync.errors import ConfigurationError
from sync.mapping.scenario_files import load_tests
from sync.soundness import sound
from sync.workbench.testing import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sync.workbench.testing import Result

PAGE = (ROOT / "docs" / "shape-it-to-your-team.md").read_text(encoding="utf-8")
FEWEST = 10
CONFIG = """
[[source]]
name = "issues"
tracker = "jira"
url = "https://example.atlassian.net"
email = "makegood@example.com"
projects = ["OPS"]
readers = "staff"
zone = "Europe/Berlin"
"""


class Edit(NamedTuple):
    """One place of a file: its lines before and after."""

    file: str
    before: str
    after: str


class Recipe(NamedTuple):
    """One wish, with the edits that fulfil it and the test that proves it; "" and none where they are missing."""

    wish: str
    edits: tuple[Edit, ...]
    test: str


def recipes() -> list[Recipe]:
    """All of the page, in its order."""
    sections = re.split(r"^## +(.+)\n", PAGE, flags=re.MULTILINE)[1:]
    return [
        Recipe(wish, tuple(edits(block("diff", text))), block("toml", text))
        for wish, text in zip(sections[::2], sections[1::2], strict=True)
    ]


def block(kind: str, text: str) -> str:
    """What stands between the fences of that kind."""
    return "".join(re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def edits(diff: str) -> Iterator[Edit]:
    """The places of a diff, each under the name of its file."""
    pieces = re.split(r"^--- mappings/(.+)\n", diff, flags=re.MULTILINE)[1:]
    for file, piece in zip(pieces[::2], pieces[1::2], strict=True):
        lines = [line or " " for line in piece.splitlines()]
        assert {line[0] for line in lines} <= {" ", "-", "+"}, lines
        before, after = ("".join(f"{line[1:]}\n" for line in lines if line[0] != sign) for sign in "+-")
        yield Edit(file, before, after)


RECIPES = recipes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a config and a copy of the shipped mapping."""
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def edit(folder: Path, recipe: Recipe) -> None:
    """Make the edits of a recipe; each has exactly one place."""
    for file, before, after in recipe.edits:
        path = folder / "mappings" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{file}: this is there {text.count(before)} times:\n{before}"
        path.write_text(text.replace(before, after), encoding="utf-8")


def ran(folder: Path, *chosen: Recipe) -> Sequence[Result]:
    """What came of the tests of these recipes on the mapping of the folder."""
    ours = folder / "mappings" / "tests" / "ours.toml"
    ours.write_text("\n".join(recipe.test for recipe in chosen), encoding="utf-8")
    return run(load_tests(folder / "mappings", [ours])).results


def test_there_are_ten_recipes_each_with_edits_and_one_test() -> None:
    assert len(RECIPES) >= FEWEST
    assert [each.wish for each in RECIPES if not each.edits or not each.test] == []


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.wish)
def test_the_test_of_a_recipe_fails_before_its_edit_and_passes_after_it(recipe: Recipe, folder: Path) -> None:
    with suppress(ConfigurationError):  # a test may name what only the edit brings
        assert [result.name for result in ran(folder, recipe) if not result.failures] == []
    edit(folder, recipe)
    sound(folder / "config.toml")
    after = ran(folder, recipe)
    assert after
    assert [failure for result in after for failure in result.failures] == []


def test_all_recipes_can_be_followed_at_once(folder: Path) -> None:
    for recipe in RECIPES:
        edit(folder, recipe)
    sound(folder / "config.toml")
    assert [failure for result in ran(folder, *RECIPES) for failure in result.failures] == []
