"""The JSON Schemas by which editors complete config and mappings say what the program itself accepts."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
from jsonschema import Draft202012Validator
from office import ROOT, Office

from sync.mapping.parts import Amount
from sync.mapping.tracker_models import Proof
from sync.schema import FOLDER, MODELS, write
from sync.schema import schema as made
from sync.ticket import CATEGORIES, SEVERITIES, Language

if TYPE_CHECKING:
    from collections.abc import Iterator

MAPPINGS = ROOT / "mappings"
CONFIGS = [ROOT / "config.example.toml", ROOT / "docs" / "demo" / "config.toml"]
FILES = sorted([*MAPPINGS.rglob("*.toml"), *CONFIGS])
EXPLAINED: list[set[str]] = [
    set(SEVERITIES),
    set(CATEGORIES),
    set(get_args(Language)),
    set(get_args(Proof)),
]
"""Choices that many keys share; the description of each key need not say again what they are."""


@cache
def schema(name: str) -> str:
    return made(name)


def schema_of(file: Path) -> str:
    if file in CONFIGS:
        return "config"
    beside = file.relative_to(MAPPINGS).parts[0]
    return beside if beside in {"tone", "tests"} else file.stem


def shown(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def as_json(file: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """A TOML file as JSON has it, which knows no dates."""
    return json.loads(json.dumps(tomllib.loads(file.read_text(encoding="utf-8")), default=str))


def keys() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of every file with its schema, under names such as `severity Trigger.bring_in`."""
    for name in MODELS:
        whole = json.loads(schema(name))
        for table, part in {"": whole, **whole.get("$defs", {})}.items():
            for key, described in part.get("properties", {}).items():
                yield f"{name} {table}.{key}", described


def choices(part: dict[str, Any]) -> set[str]:
    """The words that one of them has to be written, for a key or in its list."""
    inner = part.get("items", part)
    return set(inner.get("enum", ()))


def speaks_for_itself(part: dict[str, Any]) -> bool:
    """Whether nobody needs an example: a table, a choice, yes or no, or a number that has a default."""
    inner = part.get("items", part.get("additionalProperties", part))
    known = {"$ref", "oneOf", "enum", "const"} & inner.keys()
    return (
        bool(known)
        or part.get("type") == "boolean"
        or (part.get("type") != "string" and bool(part.get("default")))
    )


def test_the_written_schemas_are_those_of_the_models(tmp_path: Path) -> None:
    write(tmp_path)
    new = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    written = {file.name: file.read_text(encoding="utf-8") for file in (MAPPINGS / FOLDER).iterdir()}
    assert written == new, "run `make schema`"


@pytest.mark.parametrize("file", FILES, ids=shown)
def test_each_shipped_file_names_its_schema_first(file: Path) -> None:
    first = file.read_text(encoding="utf-8").partition("\n")[0]
    assert first.startswith("#:schema ")
    named = file.parent / first.removeprefix("#:schema ")
    assert named.resolve() == MAPPINGS / FOLDER / f"{schema_of(file)}.json"


@pytest.mark.parametrize("file", FILES, ids=shown)
def test_each_shipped_file_keeps_to_its_schema(file: Path) -> None:
    assert list(Draft202012Validator(json.loads(schema(schema_of(file)))).iter_errors(as_json(file))) == []


@pytest.mark.parametrize("name", MODELS)
def test_a_key_that_nobody_knows_is_marked(name: str) -> None:
    told = Draft202012Validator(json.loads(schema(name))).iter_errors({"statuss": 1})
    assert any("'statuss' was unexpected" in error.message for error in told)


def test_each_key_is_described_in_a_sentence() -> None:
    silent = [name for name, part in keys() if not part.get("description", "").endswith((".", "?", "!", '."'))]
    assert silent == []


def test_each_key_that_does_not_speak_for_itself_has_an_example() -> None:
    assert [name for name, part in keys() if not part.get("examples") and not speaks_for_itself(part)] == []


@pytest.mark.parametrize("name", MODELS)
def test_each_example_is_a_value_that_its_key_takes(name: str) -> None:
    whole = json.loads(schema(name))
    for table in (whole, *whole.get("$defs", {}).values()):
        for key, part in table.get("properties", {}).items():
            for example in part.get("examples", ()):
                validator = Draft202012Validator(part | {"$defs": whole.get("$defs", {})})
                assert list(validator.iter_errors(example)) == [], f"{key}: {example}"


def test_the_description_of_a_choice_says_what_each_word_means() -> None:
    unsaid = [
        f"{name}: {word}"
        for name, part in keys()
        if (words := choices(part)) and not any(words <= each for each in EXPLAINED)
        for word in words
        if f"`{word}`" not in part["description"]
    ]
    assert unsaid == []


def test_nothing_in_a_schema_is_called_by_the_name_of_a_model_or_may_be_null() -> None:
    for name in MODELS:
        text = schema(name)
        assert '"null"' not in text
        titles = {part["title"] for part in everywhere(json.loads(text)) if isinstance(part.get("title"), str)}
        assert titles <= {"amount of time", "date and time", "moment"}


def everywhere(part: object) -> Iterator[dict[str, Any]]:
    """Every table within some JSON."""
    if isinstance(part, dict):
        yield part
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from everywhere(each)


@pytest.mark.parametrize("written", ["15m", "1w 2d", " 1h 30m", "4H"])
def test_an_amount_of_time_that_the_program_reads_is_none_to_complain_of(written: str) -> None:
    assert Amount.parse(written).written == written.strip()
    assert list(Draft202012Validator(of_gather()).iter_errors(written)) == []


@pytest.mark.parametrize("written", ["15 minutes", "4", "2d ago", "1h 2d"])
def test_an_amount_of_time_that_it_does_not_read_is_marked(written: str) -> None:
    with pytest.raises(ValueError, match="is no amount of time"):
        Amount.parse(written)
    assert list(Draft202012Validator(of_gather()).iter_errors(written)) != []


def of_gather() -> Any:  # noqa: ANN401 - a part of a schema
    return json.loads(schema("escalation"))["properties"]["gather"]


# --- makegood schema ---------------------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(tmp_path, monkeypatch)


def test_the_schemas_are_written_beside_mappings_that_lie_anywhere(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    ran = office.run("schema", str(folder))
    assert (ran.status, ran.err) == (0, "")
    assert sorted(file.stem for file in (folder / FOLDER).iterdir()) == sorted(MODELS)
    assert "#:schema .schema/severity.json" in ran.out


def test_a_folder_that_is_not_there_is_named_and_not_made(office: Office) -> None:
    ran = office.run("schema", "nowhere")
    assert (ran.status, ran.out) == (2, "")
    assert "There is no folder nowhere" in ran.err
    assert not Path("nowhere").exists()
