"""What every command is asked alike."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Call:
    """How the program was called, and the options that all commands share."""

    program_name: str
    config: Path | None = None
    """The config file that was named."""
    sources: Sequence[str] = ()
    """The names of the sources it is about; none for all."""
    output: str = "text"
    quiet: bool = False
    verbose: int = 0
    """How often more was asked for."""

    @property
    def verbosity(self) -> int:
        """How much to show: -1 only totals, 0 as usual, above that more."""
        return -1 if self.quiet else self.verbose

    def config_file(self) -> Path:
        """The config file to read. ConfigurationError, naming what to do, if there is none."""
        from sync.settings import find_config  # noqa: PLC0415 - the command line answers before it is loaded

        return find_config(self.config, self.program_name)


def typed(
    *words: str,
    config: Path | None,
    sources: Sequence[str] = (),
    only: Sequence[str] = (),
    now: datetime | None = None,
    max_actions: int | None = None,
) -> str:
    """A command as a person types it, with those of these options that were given."""
    given: list[tuple[str, object]] = [("--config", config)]
    given += [("--source", each) for each in sources] + [("--only", each) for each in only]
    given += [("--max-actions", max_actions), ("--now", now and now.isoformat())]
    return shlex.join(["makegood", *words, *(str(word) for each in given if each[1] is not None for word in each)])
