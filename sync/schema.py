"""The JSON Schema of `config.toml` and of each mapping file, by which editors complete and check them."""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sync.mapping import models
from sync.mapping.client_models import ClientsFile
from sync.mapping.practice import AttentionFile, PromisesFile, ScopeFile, SignsFile
from sync.mapping.tone_models import ToneFile
from sync.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MODELS: Mapping[str, type[models.Strict]] = {
    "asana": models.AsanaMapping,
    "attention": AttentionFile,
    "calendars": models.CalendarsFile,
    "clients": ClientsFile,
    "config": Settings,
    "escalation": models.EscalationFile,
    "jira": models.JiraMapping,
    "promises": PromisesFile,
    "scope": ScopeFile,
    "severity": models.SeverityFile,
    "signs": SignsFile,
    "taxonomy": models.Taxonomy,
    "tone": ToneFile,
    "workbook": models.WorkbookMapping,
}
"""The model of each file that a team writes, by the file's name without its ending."""


def schema(name: str) -> str:
    """The JSON Schema of one file of `MODELS`, as the text of a file; keys are described by their docstrings."""
    told = MODELS[name].model_json_schema()
    models_by_name = {model.__name__: model for model in _below(models.Strict)}
    for title, part in {MODELS[name].__name__: told, **told.get("$defs", {})}.items():
        docstrings = _docstrings(models_by_name[title]) if title in models_by_name else {}
        for key, described in part.get("properties", {}).items():
            if key in docstrings:
                described["description"] = docstrings[key]
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def _below(model: type[models.Strict]) -> Iterator[type[models.Strict]]:
    yield model
    for each in model.__subclasses__():
        yield from _below(each)


def _docstrings(model: type[models.Strict]) -> dict[str, str]:
    """Key as written in a file -> the docstring below its field, own or inherited."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if not issubclass(each, models.Strict):
            continue
        [definition] = ast.parse(textwrap.dedent(inspect.getsource(each))).body
        body = cast("ast.ClassDef", definition).body
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
