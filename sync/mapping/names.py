"""A language's words for what the mapping names: `comments/<language>/names.toml`."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from sync.errors import ConfigurationError, Fault
from sync.mapping import syntax
from sync.mapping.models import Strict
from sync.mapping.positions import Position, positions
from sync.mapping.shape import Shape
from sync.mapping.wording import dotted
from sync.ticket import Category, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


class Names(Strict):
    """What severities, roles and so on are called; one that is not here is shown as the mapping writes it."""

    severities: dict[Severity, str] = Field(default_factory=dict)
    categories: dict[Category, str] = Field(default_factory=dict)
    subtypes: dict[str, str] = Field(default_factory=dict)
    roles: dict[str, str] = Field(default_factory=dict)
    facts: dict[str, str] = Field(default_factory=dict)
    """The facts that a hand-over carries."""
    handling: dict[Category, str] = Field(default_factory=dict)
    """The sentences of taxonomy.toml's [handling], for languages other than the one they stand in there."""


def read_names(path: str, text: str) -> Names:
    """The names that stand in a file's text; ConfigurationError with every fault, each at its place."""
    try:
        written = tomllib.loads(text)
        return Names.model_validate(written)
    except tomllib.TOMLDecodeError as error:
        place, what = syntax.explained(str(error), text)
        raise ConfigurationError([Fault(path, place.line, place.column, "", what)]) from None
    except ValidationError as error:
        raise ConfigurationError(list(_faults(path, text, written, error))) from None


def _faults(path: str, text: str, written: dict[str, object], error: ValidationError) -> Iterator[Fault]:
    places = positions(text)
    for key, what in Shape(Names).explained(error):
        place = places.get(key, Position(1, 1))
        yield Fault(path, place.line, place.column, dotted(key, written), what)
