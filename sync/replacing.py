"""A file that takes another's place whole, or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A new, empty file (mode 0600) beside the target, which takes its place once it is whole and on the disk.

    Nothing is left of it where the block or the disk fails. OSError as the disk raises it.
    """
    handle, name = mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        _flushed(beside)
        beside.replace(target)
        _flushed(target.parent)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()


def _flushed(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
