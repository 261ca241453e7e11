"""The JSON Schema of `config.toml` and of each mapping file, by which editors complete and check them.

What a key means stands in the docstring below its field; one that ends with `Example: …` (a TOML value) gives an
example of it.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
import tomllib
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from sync.mapping import (
    calendar_models,
    escalation_models,
    parts,
    severity_models,
    taxonomy_models,
    tracker_models,
)
from sync.mapping.client_models import ClientsFile
from sync.mapping.names import Names
from sync.mapping.practice import AttentionFile, PromisesFile, ScopeFile, SignsFile
from sync.mapping.scenario_models import TestsFile
from sync.mapping.tone_models import ToneFile
from sync.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MODELS: Mapping[str, type[parts.Strict]] = {
    "asana": tracker_models.AsanaMapping,
    "attention": AttentionFile,
    "calendars": calendar_models.CalendarsFile,
    "clients": ClientsFile,
    "config": Settings,
    "escalation": escalation_models.EscalationFile,
    "jira": tracker_models.JiraMapping,
    "names": Names,
    "promises": PromisesFile,
    "scope": ScopeFile,
    "severity": severity_models.SeverityFile,
    "signs": SignsFile,
    "taxonomy": taxonomy_models.Taxonomy,
    "tests": TestsFile,
    "tone": ToneFile,
    "workbook": tracker_models.WorkbookMapping,
}
"""The model of each file that a team writes, by the file's name without its ending."""

FOLDER = ".schema"
"""Where the schemas stand: in the folder of the mapping files, so that they go wherever those are copied to."""

_EXAMPLE = re.compile(r"(?P<meaning>.*?)\s+Example: (?P<value>.+?)\.?", re.DOTALL)


class _Plain(GenerateJsonSchema):
    """As pydantic generates it, without titles made of names: an editor shows what the keys mean instead."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's own
        """No title for a key."""
        return False

    def datetime_schema(self, schema: Any) -> Any:  # noqa: ANN401, ARG002 - pydantic's own
        """With or without a zone, which editors of TOML tell apart."""
        kinds = [{"type": "string", "format": each} for each in ("date-time", "date-time-local")]
        return {"title": "date and time", "anyOf": kinds}

    def encode_default(self, dft: Any) -> Any:  # noqa: ANN401 - pydantic's own
        """An amount of time as it is written."""
        return dft.written if isinstance(dft, parts.Amount) else super().encode_default(dft)


def schema(name: str) -> str:
    """The JSON Schema of one file of `MODELS`, as the text of a file; keys are described by their docstrings."""
    told = MODELS[name].model_json_schema(schema_generator=_Plain)
    models_by_name = {model.__name__: model for model in _below(parts.Strict)}
    for title, part in {MODELS[name].__name__: told, **told.get("$defs", {})}.items():
        docstrings = _docstrings(models_by_name[title]) if title in models_by_name else {}
        part.pop("title", None)
        for key, described in part.get("properties", {}).items():
            described.update(_told(docstrings.get(key, "")))
    told = _without_null(told) | {"x-tombi-toml-version": "v1.0.0"}
    return json.dumps(told, ensure_ascii=False, indent=2, default=str) + "\n"


def _told(docstring: str) -> dict[str, object]:
    """A docstring as a schema's description, with the example at its end, if it has one."""
    described = " ".join(docstring.split())
    if found := _EXAMPLE.fullmatch(docstring.strip()):
        value = tomllib.loads(f"value = {found['value']}")["value"]
        return {"description": " ".join(found["meaning"].split()), "examples": [value]}
    return {"description": described} if described else {}


def _without_null(part: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """A schema without the null that TOML does not have: a key that may be missing is left out of the file."""
    if isinstance(part, list):
        return [_without_null(each) for each in part]
    if not isinstance(part, dict):
        return part
    kept: dict[str, Any] = {}
    for key, value in part.items():
        if key in {"properties", "$defs"}:
            kept[key] = {name: _without_null(each) for name, each in value.items()}
        elif key != "default" or not _unsaid(value):
            kept[key] = _without_null(value)
    choices = [each for each in kept.get("anyOf", ()) if each != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        return choices[0] | kept
    return kept | ({"anyOf": choices} if choices else {})


def _unsaid(default: object) -> bool:
    """Whether a default says nothing to a person: none, or a table of defaults that its own keys name."""
    return default is None or isinstance(default, dict)


def _below(model: type[parts.Strict]) -> Iterator[type[parts.Strict]]:
    yield model
    for each in model.__subclasses__():
        yield from _below(each)


@cache
def _definitions(module: str) -> Mapping[str, ast.ClassDef]:
    """The classes of a module as they are written."""
    written = ast.parse(inspect.getsource(sys.modules[module]))
    return {each.name: each for each in written.body if isinstance(each, ast.ClassDef)}


def _docstrings(model: type[parts.Strict]) -> Mapping[str, str]:
    """Key as written in a file -> the docstring below its field, own or inherited."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if not issubclass(each, parts.Strict):
            continue
        body = _definitions(each.__module__)[each.__name__].body
        for field, below in pairwise(body):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as text)):
                    alias = model.model_fields[name].alias or name
                    found[alias] = inspect.cleandoc(text)
    return found


def write(folder: Path) -> None:
    """Write every schema into the folder, as `jira.json` and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        (folder / f"{name}.json").write_text(schema(name), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
