"""A copy of the state file, made while it is being written, and safe to put in its place."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.errors import StateError
from sync.replacing import replacing
from sync.statefile import APPLICATION, BACKUP, copied, damaged

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup as it was written: its size in bytes, the tickets and the things said that it remembers."""

    path: Path
    size: int
    tickets: int
    said: int


def back_up(state: Path, target: Path) -> Backup:
    """Write the state between two commits to `target` (mode 0600), whole or not at all.

    A backup that is there is replaced. StateError, naming the file and the remedy, for a state that is absent or
    damaged, and for a target that is no backup or cannot be written; what was there before is kept then.
    """
    _refuse_other_files(state, target)
    with closing(copied(state)) as database:
        if not database.execute("PRAGMA user_version").fetchone()[0]:
            raise StateError(
                f"{state} is absent or empty, so there is nothing to back up; the first pass fills it"
            )
        found = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise StateError(damaged(state, found))
        tickets, said = (
            database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - ours
            for table in ("tickets", "said")
        )
        database.execute("INSERT OR REPLACE INTO meta VALUES (?, '1')", (BACKUP,))
        try:
            with replacing(target) as beside:
                database.execute("VACUUM INTO ?", (str(beside),))
        except (OSError, sqlite3.Error) as fault:
            why = fault.strerror if isinstance(fault, OSError) else fault
            kept = "; the backup before it is kept" if target.exists() else ""
            raise StateError(
                f"{target} cannot be written ({why}){kept}; make room or name another place"
            ) from None
    return Backup(target, target.stat().st_size, tickets, said)


def _refuse_other_files(state: Path, target: Path) -> None:
    """StateError for a target that is the state file, belongs to it, or holds anything but a backup."""
    own = {state.with_name(state.name + ending).resolve() for ending in ("", "-wal", "-shm", "-journal", ".lock")}
    if target.resolve() in own or (target.exists() and target.samefile(state)):
        raise StateError(f"{target} belongs to the state file itself; name another file for the backup")
    if target.is_dir():
        raise StateError(f"{target} is a folder; name a file in it")
    if not target.exists():
        return
    try:
        with target.open("rb") as file:
            header = file.read(100)
    except OSError as fault:
        raise StateError(f"{target} cannot be read: {fault.strerror}; name another file") from None
    if header and header[68:72] != APPLICATION.to_bytes(4, "big"):
        raise StateError(f"{target} is there and is no backup of makegood's; move it away or name another file")
