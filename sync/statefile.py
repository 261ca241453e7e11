"""The state file as a file: its lock, its schema, and what to do when it is not what it should be."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, cast

from sync.errors import LockHeldError, StateError

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION = 0x6D6B6764
"""SQLite's `application_id` of our files, the letters `mkgd`: what tells them from another program's."""

MIGRATIONS: tuple[str, ...] = (
    f"""
    PRAGMA application_id = {APPLICATION};
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE sources (
        name TEXT PRIMARY KEY, site TEXT NOT NULL, cursor TEXT, crawled_at TEXT, policy TEXT NOT NULL DEFAULT '',
        last_good TEXT, trouble TEXT NOT NULL DEFAULT '', halted TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID;
    CREATE TABLE tickets (
        site TEXT NOT NULL, id TEXT NOT NULL, source TEXT NOT NULL, key TEXT NOT NULL, client TEXT NOT NULL,
        category TEXT NOT NULL, opened TEXT NOT NULL, resolved TEXT, live INTEGER NOT NULL, wake_at TEXT,
        labels TEXT NOT NULL DEFAULT '[]', due TEXT, due_written INTEGER NOT NULL DEFAULT 0,
        refused TEXT NOT NULL DEFAULT '{{}}', PRIMARY KEY (site, id)
    ) WITHOUT ROWID;
    CREATE INDEX tickets_wake ON tickets (source, wake_at) WHERE wake_at IS NOT NULL;
    CREATE INDEX tickets_key ON tickets (key);
    CREATE INDEX tickets_client ON tickets (client);
    CREATE TABLE unread (
        source TEXT NOT NULL, id TEXT NOT NULL, wake_at TEXT NOT NULL, why TEXT NOT NULL, PRIMARY KEY (source, id)
    ) WITHOUT ROWID;
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
    """
    ALTER TABLE tickets ADD COLUMN told TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE tickets ADD COLUMN standing TEXT NOT NULL DEFAULT '';
    ALTER TABLE sources ADD COLUMN left_firm TEXT NOT NULL DEFAULT '[]';
    CREATE TABLE notices (
        mark TEXT PRIMARY KEY, site TEXT NOT NULL, ticket TEXT NOT NULL, comment INTEGER NOT NULL,
        detail TEXT NOT NULL, outcome TEXT NOT NULL, intended_at TEXT NOT NULL, ended_at TEXT,
        note TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID;
    CREATE INDEX notices_open ON notices (outcome) WHERE outcome IN ('intended', 'unknown');
    CREATE TABLE suggestions (
        content TEXT PRIMARY KEY, category TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
)


def opened(path: Path, *, write: bool) -> sqlite3.Connection:
    """The database at the newest schema; for reading a copy in memory, which leaves the file as it is.

    An absent file is made for writing (mode 0600), and counts as empty for reading. StateError, naming the file
    and the remedy, for one that is damaged, another program's, newer than this program, or cannot be opened.
    """
    try:
        if path.exists() and not path.is_file():
            raise StateError(f"{path} is no file; move it away or name another one as `state`")
        return _writable(path) if write else _copied(path)
    except sqlite3.Error as fault:
        raise StateError(remedy(path, fault)) from None
    except OSError as fault:
        raise StateError(
            f"{path} cannot be opened: {fault.strerror}; give it to the user makegood runs as"
        ) from None


def _writable(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    with ExitStack() as held:
        database = held.enter_context(closing(_connected(path, "rw")))
        version = _recognised(database, path)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        _migrate(database, version)
        held.pop_all()
    return database


def _copied(path: Path) -> sqlite3.Connection:
    with ExitStack() as held:
        memory = held.enter_context(closing(sqlite3.connect(":memory:", isolation_level=None)))
        while path.exists() and not _copy(path, memory):
            pass
        _migrate(memory, _recognised(memory, path))
        held.pop_all()
    return memory


def _copy(path: Path, memory: sqlite3.Connection) -> bool:
    """Copy the file as it is between two commits; False if a writer came in between.

    Where nobody writes, SQLite is told so, for otherwise it would leave two files of its own behind.
    """
    before = _shape(path)
    idle = not before[1]
    with closing(_connected(path, "ro&immutable=1" if idle else "ro")) as database:
        database.backup(memory)
    return not idle or _shape(path) == before


def _shape(path: Path) -> tuple[tuple[int, int], int]:
    """What shows that a file was written to: its time and size, and the size of the log beside it."""
    log, file = path.with_name(path.name + "-wal"), path.stat()
    return (file.st_mtime_ns, file.st_size), log.stat().st_size if log.exists() else 0


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=5)


def _recognised(database: sqlite3.Connection, path: Path) -> int:
    """The schema's version, once it is clear that the database is ours, not too new, and sound."""
    version, application, tables = (
        cast("int", database.execute(question).fetchone()[0])
        for question in ("PRAGMA user_version", "PRAGMA application_id", "SELECT count(*) FROM sqlite_master")
    )
    if tables and application != APPLICATION:
        raise StateError(f"{path} is another program's database; name another file as `state`")
    if version > len(MIGRATIONS):
        raise StateError(
            f"{path} was written by a newer makegood (schema {version}, this one knows {len(MIGRATIONS)}); "
            "install that version again, or restore a backup made before it"
        )
    found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise StateError(_damaged(path, found))
    return version


def _migrate(database: sqlite3.Connection, version: int) -> None:
    """To the newest schema; each migration is one transaction."""
    for number, migration in enumerate(MIGRATIONS[version:], version + 1):
        database.executescript(f"BEGIN IMMEDIATE;{migration};PRAGMA user_version = {number};COMMIT;")


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
    _, _, kind = getattr(fault, "sqlite_errorname", "").partition("_")
    match kind.split("_")[0]:
        case "NOTADB" | "CORRUPT":
            return _damaged(path, str(fault))
        case "READONLY" | "CANTOPEN" | "PERM" | "AUTH":
            return f"{path} cannot be written ({fault}); give it and its folder to the user makegood runs as"
        case "FULL" | "IOERR":
            return f"{path}: the disk is full or failing ({fault}); nothing further is written until there is room"
        case "BUSY" | "LOCKED":
            return f"{path} is held by another program ({fault}); close it and try again"
        case _:
            return f"{path}: {fault}"


def _damaged(path: Path, how: str) -> str:
    return (
        f"{path} is no sound state file ({' '.join(how.split())}); move it away and run `makegood rebuild`, "
        "which reads back from the trackers what was said"
    )
