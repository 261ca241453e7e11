"""A running daemon's configuration: read again when a file of it was edited; one with faults changes nothing."""

from __future__ import annotations

import gc
import os
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

from sync.errors import ConfigurationError, MakegoodError
from sync.settings import load, load_settings
from sync.soundness import sound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sync.cycle import Program
    from sync.mapping.policy import Policy
    from sync.settings import Settings

    Stamp = tuple[str, int, int, int]
    """A file, and what changes with an edit of it: its number on the disk, its size, when it was last written."""


class Configuration:
    """What is in force: `settings`, `policy`, and the `program` made of them and of the mapping files by `build`.

    `build` may raise a MakegoodError, like reading itself. `log` is structlog's. Whoever serves a source of the
    program closes its tracker once another program is in force, for it may be at work until then.
    """

    def __init__(self, config: Path) -> None:
        self._config = config
        self._folder = config.parent
        self._stamps: frozenset[Stamp] = frozenset()
        self._stamps = self._stamped()  # before the files are read: an edit meanwhile is seen by `look`
        self.settings, self.policy = load(config)
        self.refused = False
        """Whether the files, as they were last edited, are not what is in force."""
        self._looking = Lock()

    def begin(self, build: Callable[[Settings, Policy], Program]) -> Program:
        """The program of what was read first."""
        self._build = build
        self.program = build(self.settings, self.policy)
        return self.program

    def look(self, log: Any) -> Program:  # noqa: ANN401 - structlog's own
        """The program in force, a new one if files were edited and are sound; an edit is logged once."""
        with self._looking:
            stamps = self._stamped()
            if stamps == self._stamps:
                return self.program
            try:
                read = sound(self._config)
                if self._stamped() == stamps:  # else somebody is at it: the next look reads it
                    edited = sorted({file for file, *_ in stamps ^ self._stamps})
                    self._stamps = stamps
                    self._take(*read, log.bind(files=edited))
            except MakegoodError as error:
                if self._stamped() == stamps:
                    self._stamps, self.refused = stamps, True
                    log.error("configuration refused", **_told(error))  # noqa: TRY400 - a trace tells nothing more
            return self.program

    def _take(self, settings: Settings, policy: Policy, log: Any) -> None:  # noqa: ANN401 - structlog's own
        changed = settings != self.settings or policy.digest != self.policy.digest
        if changed:
            self.program = self._build(settings, policy)
            gc.collect()  # of the one before, which is as large, and goes in circles
        if settings.state != self.settings.state:
            log.warning("another state is heeded at the next start only", state=str(self.settings.state))
        if self.refused or changed:
            log.info("configuration mended" if self.refused else "configuration changed", changed=changed)
        self.settings, self.policy, self.refused = settings, policy, False

    def _stamped(self) -> frozenset[Stamp]:
        config = frozenset(_stamps(self._config))
        if not config <= self._stamps:  # only an edit of it can lead to another folder
            with suppress(ConfigurationError):  # one that cannot be read leads to none
                self._folder = load_settings(self._config).mappings
        return config.union(_stamps(*_below(self._folder)))


def _told(error: MakegoodError) -> dict[str, object]:
    faults = error.faults if isinstance(error, ConfigurationError) else ()
    told: dict[str, object] = {"faults": len(faults), "first": str(faults[0])} if faults else {"why": str(error)}
    return told | {"now": "the last good configuration stays in force; makegood check tells every fault"}


def _below(folder: Path) -> Iterator[Path | str]:
    return (os.path.join(at, name) for at, _, names in os.walk(folder, followlinks=True) for name in names)  # noqa: PTH118 - a quarter of the time


def _stamps(*files: Path | str) -> Iterator[Stamp]:
    for file in files:
        with suppress(OSError):  # gone meanwhile: that it is absent tells as much
            found = os.stat(file)  # noqa: PTH116 - likewise
            yield str(file), found.st_ino, found.st_size, found.st_mtime_ns
