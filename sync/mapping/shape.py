"""What a model allows where: its keys at a place, the places of a key, and how a missing one is written."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from sync.mapping.positions import KeyPath
from sync.mapping.wording import likeness, near, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

Node = dict[str, Any]
"""One part of a JSON Schema."""

_SURE = 0.75
"""From this likeness on, a misspelling is likelier than a key in the wrong table *(ours)*."""
_HOMES = 3
_SAMPLES = {"integer": "1", "number": "0.5", "boolean": "true", "array": '["…"]'}


class Shape:
    """A model's JSON Schema, walked by the keys of a file."""

    def __init__(self, model: type[BaseModel]) -> None:
        schema = model.model_json_schema()
        self._parts: dict[str, Node] = schema.get("$defs", {})
        self._root: Node = schema

    def explained(self, error: ValidationError) -> Iterator[tuple[KeyPath, str]]:
        """Each complaint of pydantic's at the keys it is about, in plain words.

        It is without words where another complaint tells the same: of a missing key that stands there misspelt, or
        under a misspelt heading.
        """
        details = error.errors(include_url=False)
        unknown = [each["loc"] for each in details if each["type"] == "extra_forbidden"]
        misspelt = {(*location[:-1], self.meant(location)) for location in unknown}
        for each in details:
            above = {each["loc"][:length] for length in range(1, len(each["loc"]) + 1)}
            if each["type"] == "missing" and above & misspelt:
                yield self.place(each["loc"])[0], ""
            else:
                yield from self._explained(each)

    def _explained(self, error: ErrorDetails) -> Iterator[tuple[KeyPath, str]]:
        location = error["loc"]
        path, node = self.place(location)
        match error["type"]:
            case "complaints":
                for below, what in error["ctx"]["complaints"]:
                    yield (*path, *below), what
            case "extra_forbidden":
                yield path, self.unknown(location)
            case "literal_error" if location[-1] == "[key]":
                yield path, self.unknown(location[:-1])
            case "missing":
                yield path, f"missing; {self.example(path, node)}"
            case "union_tag_not_found":
                tag = node["discriminator"]["propertyName"]
                choices = " or ".join(f'"{name}"' for name in node["discriminator"]["mapping"])
                yield (*path, tag), f"missing; add {tag} = {choices}"
            case "union_tag_invalid":
                yield (*path, node["discriminator"]["propertyName"]), plain(error)
            case _:
                yield path, plain(error, self.item(path, node), self.heading(path))

    def place(self, location: KeyPath) -> tuple[KeyPath, Node]:
        """The keys of the file in a location of pydantic's, and what is allowed there.

        Its own words are left out: the tag that chose one model of several, and `[key]`.
        """
        node, path = self._plain(self._root), KeyPath()
        for part in location:
            if "discriminator" in node:
                node = self._plain({"$ref": node["discriminator"]["mapping"][part]})
            elif part != "[key]":
                node, path = self._child(node, part), (*path, part)
        return path, node

    def meant(self, location: KeyPath) -> str | None:
        """The key that an unknown one may be a misspelling of."""
        return near(str(location[-1]), self._keys(self.place(location[:-1])[1]))

    def unknown(self, location: KeyPath) -> str:
        """What is said of an unknown key: what was meant, where it belongs, or what there is."""
        key, meant = str(location[-1]), self.meant(location)
        here = self.place(location[:-1])[0]
        misspelt = meant and likeness(meant, key) >= _SURE
        homes = [] if misspelt else list(dict.fromkeys(self._homes(key, self.home(here))))[:_HOMES]
        if homes:
            return f"unknown key; it belongs {' or '.join(homes)}"
        if meant:
            return f"unknown key; did you mean {meant!r}?"
        keys = ", ".join(self._keys(self.place(location[:-1])[1]))
        return f"unknown key; known here: {keys}" if keys else "unknown key"

    def example(self, path: KeyPath, node: Node) -> str:
        """How the missing key at `path` is written."""
        item = self._plain(node.get("items", {}))
        if "properties" in node or "additionalProperties" in node:
            return f"add {self.heading(path)}"
        if "properties" in item or "discriminator" in item:
            return f"add {self.item(path, node)}"
        choices = node.get("enum") or node.get("examples") or ["…"]
        return f"add {path[-1]} = " + _SAMPLES.get(node.get("type", ""), f'"{choices[0]}"')

    def item(self, path: KeyPath, node: Node) -> str:
        """What a list at `path` looks like."""
        item = self._plain(node.get("items", {}))
        return f"[{self.heading(path)}]" if "properties" in item or "discriminator" in item else '["…"]'

    def heading(self, path: KeyPath) -> str:
        """The heading of a table at `path`."""
        return f"[{'.'.join(part for part in path if isinstance(part, str))}]"

    def _plain(self, node: Node) -> Node:
        """The node itself, behind references and the choice of leaving it out."""
        while True:
            if "$ref" in node:
                node = self._parts[node["$ref"].rpartition("/")[2]]
            elif "anyOf" in node:
                node = next(choice for choice in node["anyOf"] if choice != {"type": "null"})
            else:
                return node

    def _child(self, node: Node, part: str | int) -> Node:
        if isinstance(part, int):
            return self._plain(node.get("items", {}))
        child = node.get("properties", {}).get(part) or node.get("additionalProperties")
        return self._plain(child) if isinstance(child, dict) else {}

    def _keys(self, node: Node) -> list[str]:
        return [*node.get("properties", {}), *node.get("propertyNames", {}).get("enum", ())]

    def home(self, path: KeyPath) -> str:
        """The table at `path`, as `_homes` calls it."""
        heading = self.heading(path)[1:-1]
        return f"[{heading}]" if path and isinstance(path[-1], int) else heading

    def _homes(self, key: str, here: str) -> Iterator[str]:
        """The tables but `here` that have this key, the shallowest first."""
        queue: deque[tuple[str, Node]] = deque([("", self._plain(self._root))])
        seen: list[Node] = []
        while queue:
            heading, node = queue.popleft()
            if node in seen:
                continue
            seen.append(node)
            if key in self._keys(node) and heading != here:
                of = f", as [{heading.strip('[]')}.{key}]" if "properties" in self._child(node, key) else ""
                yield f"under [{heading}]{of}" if heading else "at the top of the file, above the first [table]"
            for name, child in self._tables(heading, node):
                queue.append((name, child))

    def _tables(self, heading: str, node: Node) -> Iterator[tuple[str, Node]]:
        bare = heading.strip("[]")
        for name, schema in node.get("properties", {}).items():
            path = f"{bare}.{name}" if bare else name
            child = self._plain(schema)
            yield path, child
            item = self._plain(child.get("items", {}))
            for each in item.get("discriminator", {}).get("mapping", {}).values():
                yield f"[{path}]", self._plain({"$ref": each})
            yield f"[{path}]", item
            if isinstance(child.get("additionalProperties"), dict):
                yield f"{path}.NAME", self._plain(child["additionalProperties"])
