"""The values in a TOML text, read at once; what is wrong in one is told by `tomllib`, which says it better."""

from __future__ import annotations

import tomllib
from typing import Any

import rtoml


def parsed(text: str) -> dict[str, Any]:
    r"""What a text says whose lines end in `\n` alone. Errors are those of `tomllib.loads`."""
    try:
        return rtoml.loads(text)
    except rtoml.TomlParsingError:
        return tomllib.loads(text)
