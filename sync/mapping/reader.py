"""Reads a TOML file into a model, with every fault of it, each at its line and column."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, ValidationError

from sync.errors import ConfigurationError, Fault
from sync.mapping import syntax, toml
from sync.mapping.positions import KeyPath, Position, positions
from sync.mapping.shape import Shape
from sync.mapping.text import IllegibleError, content, decoded
from sync.mapping.wording import dotted

Model = TypeVar("Model", bound=BaseModel)

_START = Position(1, 1)


def read_model(path: Path, model: type[Model], *, shown_as: str | None = None) -> Model:
    """The file as a model. ConfigurationError with every fault of the file.

    `shown_as` names the file in faults; by default its path, from the current folder if it lies below that.
    """
    return _whole(collect(path, model, shown_as=shown_as))


def read_text(text: str, model: type[Model], *, shown_as: str) -> Model:
    """The text of a file as a model. ConfigurationError with every fault of it."""
    document = Document(shown_as, text.encode())
    return _whole(Reading(document, document.validated(model)))


def collect(path: Path, model: type[Model], *, shown_as: str | None = None) -> Reading[Model]:
    """The file as far as it can be read; its faults are in `document.faults`."""
    document = Document.read(path, shown_as or shown(path))
    return Reading(document, document.validated(model))


def shown(path: Path) -> str:
    """A path as people see it: from the current folder if it lies below that."""
    whole, here = Path(os.path.abspath(path)), Path.cwd()  # noqa: PTH100 - links stay as they are written
    return str(whole.relative_to(here) if whole.is_relative_to(here) else path)


@dataclass(frozen=True, slots=True)
class Reading(Generic[Model]):
    """A document and the model read from it, without its faulty parts; None if too little of it is left."""

    document: Document
    value: Model | None


@dataclass
class Document:
    """One TOML file: what it says, and each fault found in it so far.

    `data` is all that is written; `validated` leaves out what was refused. A file that cannot be opened, decoded
    or parsed is a document with one fault and without data, and not legible. `name` is what faults call it.
    """

    name: str
    raw: bytes = field(repr=False)
    text: str = field(default="", repr=False)
    data: dict[str, Any] = field(default_factory=dict, repr=False)
    faults: list[Fault] = field(default_factory=list)
    legible: bool = True
    _refused: set[KeyPath] = field(default_factory=set)
    _kept: dict[KeyPath, list[int]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        try:
            self.text = decoded(self.raw)
            self.data = _parsed(self.text)
        except IllegibleError as why:
            self._give_up(why)

    @classmethod
    def read(cls, path: Path, name: str) -> Self:
        """The document in a file."""
        try:
            return cls(name, content(path))
        except IllegibleError as why:
            document = cls(name, b"")
            document._give_up(why)
            return document

    def _give_up(self, why: IllegibleError) -> None:
        self.legible = False
        self.faults.append(Fault(self.name, why.line, why.column, "", why.what))

    def complain(self, path: KeyPath, what: str) -> None:
        """Add the fault of the key at `path` in the model that `validated` returned."""
        self._add(self._written(path), what)

    def line(self, path: KeyPath) -> int:
        """The line of the key at `path` in the model that `validated` returned."""
        return self._place(self._written(path)).line

    def refuse(self, path: KeyPath, what: str) -> None:
        """Add the fault of the key at `path` in `data`, and let `validated` read on as if it were not there."""
        self._add(path, what)
        self._leave_out({path})

    def validated(self, model: type[Model]) -> Model | None:
        """The model, once all that its own checks refuse is left out; None if then too little is there."""
        while self.legible:
            try:
                return model.model_validate(_without(self.data, self._refused), by_alias=True, by_name=False)
            except ValidationError as error:
                told = [(self._written(path), what) for path, what in Shape(model).explained(error)]
            maimed = {refused[:length] for refused in self._refused for length in range(len(refused))}
            for path, what in told:
                if what and path not in maimed and not self._is_left_out(path):
                    self._add(path, what)
            cut = {self._standing(path) for path, _ in told}
            if () in cut:
                break
            self._leave_out(cut)
        return None

    @cached_property
    def _positions(self) -> dict[KeyPath, Position]:
        return positions(self.text)

    def _add(self, path: KeyPath, what: str) -> None:
        place = self._place(path)
        self.faults.append(Fault(self.name, place.line, place.column, dotted(path, self.data), what))

    def _place(self, path: KeyPath) -> Position:
        """Where the key stands, or the nearest one above it that is written."""
        above = (path[:length] for length in range(len(path), 0, -1))
        return next((self._positions[known] for known in above if known in self._positions), _START)

    def _leave_out(self, paths: set[KeyPath]) -> None:
        self._refused |= paths
        self._kept.clear()

    def _is_left_out(self, path: KeyPath) -> bool:
        return any(path[:length] in self._refused for length in range(len(path) + 1))

    def _written(self, path: KeyPath) -> KeyPath:
        """The path in `data` of what has this path where the refused parts are left out."""
        written: KeyPath = ()
        for part in path:
            if isinstance(part, int):
                kept = self._items_kept(written)
                written = (*written, kept[part] if part < len(kept) else part)
            else:
                written = (*written, part)
        return written

    def _items_kept(self, path: KeyPath) -> list[int]:
        if path not in self._kept:
            count = len(self._at(path) or ())
            self._kept[path] = [index for index in range(count) if (*path, index) not in self._refused]
        return self._kept[path]

    def _standing(self, path: KeyPath) -> KeyPath:
        """The path, or the nearest one above it, that is written and not left out."""
        while path and (self._is_left_out(path) or self._at(path) is None):
            path = path[:-1]
        return path

    def _at(self, path: KeyPath) -> Any:  # noqa: ANN401 - whatever TOML holds there; None for nothing
        value: Any = self.data
        for part in path:
            inside = isinstance(value, dict) if isinstance(part, str) else isinstance(value, list)
            if not inside or (part not in value if isinstance(part, str) else part >= len(value)):
                return None
            value = value[part]
        return value


def _whole(reading: Reading[Model]) -> Model:
    if reading.value is None or reading.document.faults:
        raise ConfigurationError(reading.document.faults)
    return reading.value


_MOST_PARTS = 32
_ENDLESS_KEY = re.compile(
    r"""(?<![\w-])(?:(?:[\w-]{1,500}+|"[^"\n]{0,500}+"|'[^'\n]{0,500}+')[ \t]*+\.[ \t]*+){32}"""
)


def _parsed(text: str) -> dict[str, Any]:
    dotted_line = any(line.count(".") >= _MOST_PARTS for line in text.split("\n"))
    if dotted_line and (endless := _ENDLESS_KEY.search(text)):  # tomllib takes hours for one of thousands of parts
        line = text.count("\n", 0, endless.start()) + 1
        raise IllegibleError(f"a key of more than {_MOST_PARTS} parts; no file of ours needs one", line, 1)
    try:
        return toml.parsed(text)
    except tomllib.TOMLDecodeError as error:
        place, what = syntax.explained(str(error), text)
        raise IllegibleError(what, place.line, place.column) from None
    except RecursionError:
        raise IllegibleError("not TOML: lists or tables are nested too deeply", 1, 1) from None
    except ValueError:
        raise IllegibleError("not TOML: it holds a number with thousands of digits", 1, 1) from None


def _without(value: Any, refused: set[KeyPath], path: KeyPath = ()) -> Any:  # noqa: ANN401 - as TOML gives it
    """The value as new lists and tables, less what is refused."""
    if not refused:
        return value
    match value:
        case dict():
            kept = ((key, (*path, key)) for key in value)
            return {key: _without(value[key], refused, below) for key, below in kept if below not in refused}
        case list():
            items = ((item, (*path, index)) for index, item in enumerate(value))
            return [_without(item, refused, below) for item, below in items if below not in refused]
        case _:
            return value
