"""Files of ours that other users of the machine can read."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from sync.settings import HEARTBEAT, NOTIFY, SUGGEST, token_file
from sync.trackers.sources import WorkbookSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sync.settings import Settings


def exposed(settings: Settings) -> Iterator[str]:
    """One sentence, with its remedy, for each token file and state file that others than its owner can read."""
    for file in _token_files(settings):
        if readers := _readers(file):
            yield f"{file} holds a token, and {readers} can read it; chmod 600 it, and have a new token made"
    state = settings.state
    for file in (state, state.with_name(f"{state.name}-wal")):
        if readers := _readers(file):
            yield f"{file} holds words of clients, and {readers} can read it; chmod 600 it"


def _token_files(settings: Settings) -> list[Path]:
    names = [source.name for source in settings.source if not isinstance(source, WorkbookSource)]
    names += [SUGGEST] if settings.suggest else []
    names += [HEARTBEAT] if settings.heartbeat else []
    names += [name for way, name in NOTIFY.items() if settings.notify and getattr(settings.notify, way)]
    return [file for name in names if (file := token_file(name))]


def _readers(file: Path) -> str:
    """Who else can read a file: empty for nobody, and where there is no file.

    In the presence of an access list, as systemd makes one for a service's credentials, the bits of the group are
    the list's mask and say nothing of the group.
    """
    try:
        mode = file.stat().st_mode
    except OSError:
        return ""
    if mode & stat.S_IROTH:
        return "every user of this machine"
    return "its group" if mode & stat.S_IRGRP and not _has_list(file) else ""


def _has_list(file: Path) -> bool:
    try:
        return "system.posix_acl_access" in os.listxattr(file)
    except OSError:
        return False  # the file system knows none
