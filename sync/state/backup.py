"""A copy of the state file, made while it is being written, and safe to put in its place."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import escape
from typing import TYPE_CHECKING

from sync.errors import StateError
from sync.replacing import replacing
from sync.state.migrations import APPLICATION, MIGRATIONS
from sync.state.statefile import BACKUP, before_upgrade, copied, damaged

if TYPE_CHECKING:
    from pathlib import Path


FOLDER = "backups"
"""The folder beside the state in which the shipped timer puts them."""
_STAMP = "%Y%m%dT%H%M%SZ"


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


def dated(folder: Path, state: Path, now: datetime) -> Path:
    """Where the backup of that instant lies in a folder of backups: `state-20261122T093000Z.db`."""
    return folder / f"{state.stem}-{now.astimezone(UTC):{_STAMP}}.db"


def prune(made: Path, keep: int) -> list[Path]:
    """Delete the older backups beside one just made, by the dates in their names, but for `keep` with it.

    Returns what was deleted: nothing but backups of the same state file. StateError for one that cannot be.
    """
    state = made.name[: -len(f"-{datetime.now(UTC):{_STAMP}}.db")]
    others = [
        path for path in made.parent.glob(f"{escape(state)}-*.db") if path != made and _is_dated(path, state)
    ]
    gone = sorted(others)[: max(len(others) - keep + 1, 0)]
    try:
        for path in gone:
            path.unlink()
    except OSError as fault:
        raise StateError(
            f"{fault.filename} is to make room for {made.name}, which is written, and cannot be deleted: "
            f"{fault.strerror}; give it to the user makegood runs as"
        ) from None
    return gone


def _is_dated(path: Path, state: str) -> bool:
    try:
        datetime.strptime(path.name, f"{state.replace('%', '%%')}-{_STAMP}.db")  # noqa: DTZ007 - looked at, not used
    except ValueError:
        return False
    return _schema(path) > 0


def keep_before_upgrade(state: Path) -> None:
    """Before the file is brought to a newer schema: a backup of it as it is, `state.db.schema-5.bak` beside it.

    Only the newest is kept. Nothing is done where nothing is to be migrated. StateError as for `back_up`.
    """
    if not 0 < _schema(state) < len(MIGRATIONS):
        return
    with closing(copied(state)) as database:
        (schema,) = database.execute("PRAGMA user_version").fetchone()
    if schema == len(MIGRATIONS):
        return  # a run that was killed had begun to use it; the rest of it is in the log
    kept = before_upgrade(state, schema)
    back_up(state, kept)
    for older in state.parent.glob(f"{escape(state.name)}.schema-*.bak"):
        if older != kept:
            older.unlink()


def _schema(state: Path) -> int:
    """The schema by the file's own header; 0 for what is no state file of ours, or empty, or absent."""
    if not state.is_file():
        return 0
    with state.open("rb") as file:
        header = file.read(100)
    ours = header[68:72] == APPLICATION.to_bytes(4, "big")
    return int.from_bytes(header[60:64], "big") if ours else 0


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
