"""The reference says of each file what its model says, and every anchor that a document points to is there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from office import ROOT

from sync.schema import MODELS, schema
from sync.ticket import SEVERITIES
from sync.workbench.reference import toml, write

if TYPE_CHECKING:
    from pathlib import Path

REFERENCE = ROOT / "docs" / "reference"
DOCUMENTS = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")})
BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """The anchors that a forge, and the site, give the headings of a page."""
    headings = re.findall(r"^#+ +(.+)$", BLOCK.sub("", text), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in plain}


def test_the_written_pages_are_those_of_the_models(tmp_path: Path) -> None:
    write(tmp_path)
    new = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    written = {file.name: file.read_text(encoding="utf-8") for file in REFERENCE.iterdir()}
    del written["README.md"]
    assert written == new, "run `make schema`"


@pytest.mark.parametrize("name", MODELS)
def test_each_key_at_the_top_of_a_file_has_an_anchor_of_its_name(name: str) -> None:
    keys = json.loads(schema(name))["properties"].keys()
    assert keys <= anchors((REFERENCE / f"{name}.md").read_text(encoding="utf-8"))


def test_each_key_of_each_table_is_told_of() -> None:
    for name in MODELS:
        page = (REFERENCE / f"{name}.md").read_text(encoding="utf-8")
        for table in json.loads(schema(name)).get("$defs", {}).values():
            assert [key for key in table["properties"] if f"| `{key}` |" not in page] == []


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_each_link_to_an_anchor_finds_its_heading(file: Path) -> None:
    text = BLOCK.sub("", file.read_text(encoding="utf-8"))
    for path, anchor in re.findall(r"\]\(([^)\s:#]*)#([^)\s]+)\)", text):
        target = (file.parent / path) if path else file
        if target.suffix == ".md":
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{path}#{anchor}"


# --- the cheat sheet ---------------------------------------------------------------------------------------------

SHEET = (ROOT / "docs" / "cheat-sheet.md").read_text(encoding="utf-8")


def merged(old: Any, new: Any) -> Any:  # noqa: ANN401 - TOML
    """A file with an edit in it: tables are joined, tables in lists come at the end, and all else is replaced."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {key: merged(old.get(key), value) for key, value in new.items()}
    tables = isinstance(new, list) and isinstance(old, list) and any(isinstance(each, dict) for each in new)
    return [*old, *new] if tables else new


@pytest.mark.parametrize("edit", re.findall(r"^```toml\n(.*?)^```$", SHEET, re.MULTILINE | re.DOTALL))
def test_each_edit_of_the_cheat_sheet_makes_a_right_file_of_the_shipped_one(edit: str) -> None:
    shipped = ROOT / edit.partition("\n")[0].removeprefix("# ")
    before = tomllib.loads(shipped.read_text(encoding="utf-8"))
    after = merged(before, tomllib.loads(edit))
    assert after != before
    MODELS[shipped.stem].model_validate(after)


def test_the_cheat_sheet_has_the_figures_of_the_shipped_matrix() -> None:
    shipped = tomllib.loads((ROOT / "mappings" / "escalation.toml").read_text(encoding="utf-8"))
    for severity in SEVERITIES:
        row = shipped[severity]
        cells = [row.get(each) for each in ("first_response", "update")]
        told = [f"{each['within']} {each['counts']}" if each else "–" for each in cells]
        line = next(line for line in SHEET.splitlines() if line.startswith(f"| `{severity}` |"))
        assert line.endswith(f" | {' | '.join([*told, row['escalation']['to']])} |")
    assert shipped["warn_at"] == 0.75, "three quarters"


# --- how it is written -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "4h",
        "with \"quotes\", 'both'",
        r"\d{4}-\d\d",
        ["a", 1, 0.5, True],
        {"plain": 1, "not plain": {"deep": ["x"]}},
        "нет",
    ],
)
def test_an_example_is_written_as_toml_reads_it(value: object) -> None:
    assert tomllib.loads(f"key = {toml(value)}") == {"key": value}


def test_a_page_of_the_site_is_named_for_each_page_of_the_reference() -> None:
    named = set(re.findall(r"reference/(\w+)\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    assert named == {*MODELS, "README"}


def test_the_module_writes_the_pages_that_make_schema_asks_for(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "sync.workbench.reference", str(tmp_path)], check=True, cwd=ROOT)
    assert {file.stem for file in tmp_path.iterdir()} == set(MODELS)
