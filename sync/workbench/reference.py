"""The reference of `config.toml` and of each mapping file: a page for each, made of its JSON Schema."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sync.schema import MODELS, schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    Part = dict[str, Any]
    """A part of a JSON Schema."""

_LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
}
_KINDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}
_FILES = {"names": "comments/<language>/names.toml", "tests": "tests/*.toml", "tone": "tone/<language>.toml"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_NOTE = "<!-- Made by `make schema` from the models in sync/; edit the docstrings there. -->"


def page(name: str) -> str:
    """The page of one file of `MODELS`, as Markdown; the anchor of a key at the top of the file is its name."""
    root = json.loads(schema(name))
    told = _Page(root)
    lines = [_NOTE, "", f"# `{_FILES.get(name, f'{name}.toml')}`", "", root["description"], ""]
    for key, part in root["properties"].items():
        lines += told.key(key, part, needed=key in root.get("required", ()))
    return "\n".join(lines).rstrip() + "\n"


class _Page:
    """One page, as far as it is written: where on it each kind of table was described already."""

    def __init__(self, root: Part) -> None:
        self._root = root
        self._described: dict[str, str] = {}

    def key(self, key: str, part: Part, *, needed: bool) -> Iterator[str]:
        """The lines on one key at the top of the file, and on the tables under it."""
        yield from (
            f"## `{key}`",
            "",
            f"Is: {_kind(part)}{_need(part, needed=needed)}",
            "",
            part["description"],
            "",
        )
        if examples := part.get("examples"):
            yield from ("```toml", f"{key} = {toml(examples[0])}", "```", "")
        yield from self._tables(key, part)

    def _tables(self, path: str, part: Part) -> Iterator[str]:
        for reference in _references(part):
            model = self._root["$defs"][reference.rpartition("/")[2]]
            if at := self._described.get(reference):
                yield from (f"It has the keys of [`{at}`](#{_anchor(at)}).", "")
                continue
            self._described[reference] = path
            yield from self._keys(path, part, model)

    def _keys(self, path: str, part: Part, model: Part) -> Iterator[str]:
        """The keys of one table, then the tables under them."""
        tracker = model["properties"].get("tracker", {}).get("const")
        yield from (_begun(path, part) + (f', and has `tracker = "{tracker}"`' if tracker else "") + ":", "")
        yield from ("| key | is | says |", "|---|---|---|")
        for key, inner in model["properties"].items():
            is_ = _kind(inner) + _need(inner, needed=key in model.get("required", ()))
            examples = [f" As in `{key} = {toml(each)}`." for each in inner.get("examples", ())[:1]]
            yield f"| `{key}` | {_cell(is_)} | {_cell(inner['description'] + ''.join(examples))} |"
        yield ""
        for key, inner in model["properties"].items():
            if _references(inner):
                yield from (f"### `{path}.{key}`", "", inner["description"], "")
                yield from self._tables(f"{path}.{key}", inner)


def toml(value: object) -> str:
    """A value of an example as a TOML file has it; a text that is a date is meant as a date."""
    match value:
        case dict():
            inner = (f"{key if _BARE.fullmatch(key) else toml(key)} = {toml(each)}" for key, each in value.items())
            return f"{{ {', '.join(inner)} }}"
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case str() if _DATE.fullmatch(value):
            return value
        case str() if "\\" in value:
            return f"'{value}'"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _references(part: Part) -> list[str]:
    """The models of the tables that stand under a key: one, several that `tracker` tells apart, or none."""
    inner = part.get("items") or part.get("additionalProperties") or part
    return [each["$ref"] for each in inner.get("oneOf", (inner,)) if "$ref" in each]


def _begun(path: str, part: Part) -> str:
    """How a table with these keys is begun in the file."""
    if "items" in part:
        return f"Each begins with `[[{path}]]`"
    if "additionalProperties" in part:
        return f"Each begins with `[{path}.NAME]`, under a name"
    return f"In `[{path}]`"


def _kind(part: Part) -> str:
    """What a value is, in plain words."""
    if "title" in part:
        return str(part["title"])
    if "const" in part or "enum" in part:
        return _either([f"`{toml(each)}`" for each in part.get("enum", [part.get("const")])])
    if "anyOf" in part:
        return _either([_kind(each) for each in part["anyOf"]])
    return _kind_of_table(part) or _kind_of_list(part) or _kind_of_one(part)


def _kind_of_table(part: Part) -> str:
    if "$ref" in part:
        return "table"
    if part["type"] != "object":
        return ""
    if _references(part):
        return "tables by name"
    names = part.get("propertyNames", {}).get("enum")
    left = _either([f"`{each}`" for each in names]) if names else "name"
    return f"table: {left} = {_kind(part['additionalProperties'])}"


def _kind_of_list(part: Part) -> str:
    if part["type"] != "array":
        return ""
    return "list of tables" if _references(part) else f"list: {_kind(part['items'])}"


def _kind_of_one(part: Part) -> str:
    kind = part["format"] if "format" in part else _KINDS[part["type"]]
    return ", ".join([kind, *(text.format(part[key]) for key, text in _LIMITS.items() if key in part)])


def _either(choices: list[str]) -> str:
    *others, last = choices
    return f"{', '.join(others)} or {last}" if others else last


def _need(part: Part, *, needed: bool) -> str:
    """Whether a key must stand there, and what holds where it does not."""
    if needed:
        return "; **required**"
    default = part.get("default")
    return "" if default in (None, [], "") else f"; by default `{toml(default)}`"


def _anchor(heading: str) -> str:
    """The anchor that Markdown gives a heading."""
    return re.sub(r"[^\w-]", "", heading.lower())


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def write(folder: Path) -> None:
    """Write every page into the folder, as `jira.md` and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        (folder / f"{name}.md").write_text(page(name), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
