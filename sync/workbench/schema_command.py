"""`makegood schema`: the schemas beside the mapping files, for the editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.errors import ConfigurationError
from sync.schema import FOLDER, MODELS, write
from sync.terminal import say

if TYPE_CHECKING:
    from pathlib import Path

    from sync.call import Call


def schema(call: Call, *, folder: Path) -> int:  # noqa: ARG001 - every command gets it
    """Write all schemas into a folder of mapping files. ConfigurationError if that cannot be."""
    if not folder.is_dir():
        raise ConfigurationError(f"There is no folder {folder}; name the one of the mapping files.")
    try:
        write(folder / FOLDER)
    except OSError as error:
        raise ConfigurationError(f"{folder / FOLDER} cannot be written: {error.strerror}.") from None
    say(f"{folder / FOLDER}: {len(MODELS)} schemas. A mapping file names its own on its first line:")
    say(f"  #:schema {FOLDER}/severity.json")
    say(f"config.toml, beside {folder.name}/: #:schema {folder.name}/{FOLDER}/config.json")
    return 0
