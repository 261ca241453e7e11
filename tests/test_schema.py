"""The JSON Schemas by which editors complete config and mappings say what the program itself accepts."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sync.schema import MODELS, schema, write

ROOT = Path(__file__).parents[1]
MAPPINGS = sorted((ROOT / "mappings").glob("*.toml"))
CONFIGS = [ROOT / "config.example.toml", ROOT / "docs" / "demo" / "config.toml"]


def schema_of(file: Path) -> str:
    return "config" if file in CONFIGS else file.stem


def as_json(file: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """A TOML file as JSON has it, which knows no dates."""
    return json.loads(json.dumps(tomllib.loads(file.read_text(encoding="utf-8")), default=str))


def test_the_written_schemas_are_those_of_the_models(tmp_path: Path) -> None:
    write(tmp_path)
    new = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    written = {file.name: file.read_text(encoding="utf-8") for file in (ROOT / "docs" / "schema").iterdir()}
    assert written == new, "run `make schema`"


@pytest.mark.parametrize("file", [*MAPPINGS, CONFIGS[1]], ids=lambda file: file.name)
def test_each_shipped_file_names_its_schema_first(file: Path) -> None:
    first = file.read_text(encoding="utf-8").partition("\n")[0]
    named = file.parent / first.removeprefix("#:schema ")
    assert named.resolve() == ROOT / "docs" / "schema" / f"{schema_of(file)}.json"


@pytest.mark.parametrize("file", [*MAPPINGS, *CONFIGS], ids=lambda file: f"{file.parent.name}/{file.name}")
def test_each_shipped_file_keeps_to_its_schema(file: Path) -> None:
    assert list(Draft202012Validator(json.loads(schema(schema_of(file)))).iter_errors(as_json(file))) == []


@pytest.mark.parametrize("name", MODELS)
def test_a_key_that_nobody_knows_is_marked(name: str) -> None:
    told = Draft202012Validator(json.loads(schema(name))).iter_errors({"statuss": 1})
    assert any("'statuss' was unexpected" in error.message for error in told)
