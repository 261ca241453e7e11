"""The state file as a file: its lock, its schema, and what to do when it is not what it should be."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from typing import TYPE_CHECKING, cast

from sync.errors import LockHeldError, StateError

if TYPE_CHECKING:
    from pathlib import Path

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE sources (
        name TEXT PRIMARY KEY, site TEXT NOT NULL, cursor TEXT, crawled_at TEXT, policy TEXT NOT NULL DEFAULT '',
        last_good TEXT, trouble TEXT NOT NULL DEFAULT '', halted TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID;
    CREATE TABLE tickets (
        site TEXT NOT NULL, id TEXT NOT NULL, source TEXT NOT NULL, key TEXT NOT NULL, client TEXT NOT NULL,
        category TEXT NOT NULL, opened TEXT NOT NULL, resolved TEXT, live INTEGER NOT NULL, wake_at TEXT,
        labels TEXT NOT NULL DEFAULT '[]', due TEXT, due_written INTEGER NOT NULL DEFAULT 0,
        refused TEXT NOT NULL DEFAULT '{}', PRIMARY KEY (site, id)
    ) WITHOUT ROWID;
    CREATE INDEX tickets_wake ON tickets (source, wake_at) WHERE wake_at IS NOT NULL;
    CREATE INDEX tickets_key ON tickets (key);
    CREATE INDEX tickets_client ON tickets (client);
    CREATE TABLE said (
        site TEXT NOT NULL, ticket TEXT NOT NULL, mark TEXT NOT NULL, comment TEXT NOT NULL, at TEXT NOT NULL,
        promise TEXT NOT NULL, occasion TEXT NOT NULL, step INTEGER NOT NULL, PRIMARY KEY (site, ticket, mark)
    ) WITHOUT ROWID;
    CREATE TABLE journal (
        number INTEGER PRIMARY KEY, site TEXT NOT NULL, ticket TEXT NOT NULL, run TEXT NOT NULL,
        kind TEXT NOT NULL, detail TEXT NOT NULL, outcome TEXT NOT NULL, intended_at TEXT NOT NULL,
        ended_at TEXT, note TEXT NOT NULL
    );
    CREATE INDEX journal_open ON journal (site, ticket) WHERE outcome IN ('intended', 'unknown');
    CREATE INDEX journal_ticket ON journal (site, ticket);
    CREATE TABLE observations (
        site TEXT NOT NULL, ticket TEXT NOT NULL, number INTEGER NOT NULL, at TEXT NOT NULL, field TEXT NOT NULL,
        before TEXT NOT NULL, after TEXT NOT NULL, PRIMARY KEY (site, ticket, number)
    ) WITHOUT ROWID;
    """,
)


def opened(path: Path, *, write: bool) -> sqlite3.Connection:
    """The database at the newest schema.

    For reading, the file is left as it is: an absent or older one is completed in memory. StateError, naming
    the file and the remedy, for one that is garbage, newer than this program, or cannot be written.
    """
    if not path.exists() and not write:
        return _migrated(sqlite3.connect(":memory:", isolation_level=None), 0)
    if path.exists() and not path.is_file():
        raise StateError(f"{path} is no file; move it away or name another one as `state`")
    try:
        return _connected(path, write=write)
    except sqlite3.Error as fault:
        raise StateError(remedy(path, fault)) from None


def _connected(path: Path, *, write: bool) -> sqlite3.Connection:
    previous = os.umask(0o077)
    try:
        address = f"{path.absolute().as_uri()}?mode={'rwc' if write else 'ro'}"
        database = sqlite3.connect(address, uri=True, isolation_level=None)
    finally:
        os.umask(previous)
    database.execute("PRAGMA busy_timeout = 5000")
    version = cast("int", database.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        database.close()
        raise StateError(
            f"{path} was written by a newer makegood (schema {version}, this one knows {len(MIGRATIONS)}); "
            "install that version again, or restore a backup made before it"
        )
    if write:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        return _migrated(database, version)
    if version == len(MIGRATIONS):
        return database
    memory = sqlite3.connect(":memory:", isolation_level=None)
    database.backup(memory)
    database.close()
    return _migrated(memory, version)


def _migrated(database: sqlite3.Connection, version: int) -> sqlite3.Connection:
    """The database at the newest schema; each migration is one transaction."""
    if version == 0 and database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        database.close()
        raise StateError("the file named as `state` is another program's database; name another one")
    for number, migration in enumerate(MIGRATIONS[version:], version + 1):
        database.executescript(f"BEGIN IMMEDIATE;{migration};PRAGMA user_version = {number};COMMIT;")
    return database


def locked(path: Path) -> int:
    """An exclusive lock beside the state file, held for as long as the process lives; its pid stands in it."""
    lock = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as fault:
        raise StateError(
            f"cannot write beside {path}: {fault.strerror}; make its folder writable or set `state` elsewhere"
        ) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(handle, 20).decode("ascii", "replace").strip()
        os.close(handle)
        raise LockHeldError(
            f"another run{f' (process {pid})' if pid else ''} works on {path}; wait for it, or stop it first"
        ) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle


def remedy(path: Path, fault: sqlite3.Error) -> str:
    """What to do about a state file that SQLite will not work with."""
    code = (
        fault.sqlite_errorname
        if isinstance(fault, sqlite3.DatabaseError) and hasattr(fault, "sqlite_errorname")
        else ""
    )
    match code.split("_")[1] if "_" in code else "":
        case "NOTADB" | "CORRUPT":
            return (
                f"{path} is no sound state file ({fault}); move it away and run `makegood rebuild`, "
                "which reads back from the trackers what was said"
            )
        case "READONLY" | "CANTOPEN" | "PERM":
            return f"{path} cannot be written ({fault}); give its folder to the user makegood runs as"
        case "FULL" | "IOERR":
            return f"{path}: the disk is full or failing ({fault}); nothing further is written until there is room"
        case "BUSY" | "LOCKED":
            return f"{path} is held by another program ({fault}); close it and try again"
        case _:
            return f"{path}: {fault}"
