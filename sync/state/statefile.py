"""The state file as a file: its lock, its schema, and what to do when it is not what it should be."""

from __future__ import annotations

import fcntl
import os
import shlex
import sqlite3
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, cast

from sync.errors import LockHeldError, StateError, StateStoppedError
from sync.state.migrations import APPLICATION, MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BACKUP = "backup"
"""The key in `meta` that a backup has and the file it was made of has not."""

_RESTORED = """
    BEGIN IMMEDIATE;
    UPDATE tickets SET stale = 1;
    UPDATE notices SET outcome = 'unknown', note = 'the state was restored; it was perhaps sent before'
        WHERE outcome = 'intended';
    DELETE FROM meta WHERE key = 'backup';
    INSERT INTO meta VALUES ('epoch', '{epoch}') ON CONFLICT (key) DO UPDATE SET value = excluded.value;
    COMMIT;
"""


def opened(path: Path, *, write: bool) -> sqlite3.Connection:
    """The database at the newest schema; for reading a copy in memory, which leaves the file as it is.

    An absent file is made for writing (mode 0600), and counts as empty for reading. StateError, naming the file
    and the remedy, for one that is damaged, another program's, newer than this program, or cannot be opened.

    In one that was restored from a backup, or is older than what was last written here, every ticket is `stale`
    from now on: it may know more than the file does.
    """
    with ExitStack() as held:
        database = held.enter_context(closing(_told(path, _writable if write else _copied)))
        try:
            migrate(database, _version(database))
            mark_restored(database, path)
        except sqlite3.Error as fault:
            raise refused(path, fault) from None
        held.pop_all()
    return database


def loss_of(path: Path) -> str:
    """What to say where there is no state though one was written here before; empty where nothing is missing."""
    if not _last_epoch(path) or (path.exists() and path.stat().st_size):
        return ""
    return (
        f"{path} is gone or empty, though makegood wrote it before: what was said is read back from each ticket "
        "as it is met; `makegood rebuild` reads all of it now, and a backup that is put back knows more"
    )


def copied(path: Path) -> sqlite3.Connection:
    """A copy in memory of the file as it is, at its own schema; StateError as for `opened`."""
    return _told(path, _copied)


def _told(path: Path, connect: Callable[[Path], sqlite3.Connection]) -> sqlite3.Connection:
    try:
        if path.exists() and not path.is_file():
            raise StateError(f"{path} is no file; move it away or name another one as `state`")
        return connect(path)
    except sqlite3.Error as fault:
        raise refused(path, fault) from None
    except OSError as fault:
        raise StateError(
            f"{path} cannot be opened: {fault.strerror}; give it to the user makegood runs as"
        ) from None


def _writable(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    if _just_restored(path):
        for beside in ("-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
    with ExitStack() as held:
        database = held.enter_context(closing(_connected(path, "rw")))
        _recognise(database, path)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA secure_delete = ON")
        held.pop_all()
    return database


def _copied(path: Path) -> sqlite3.Connection:
    with ExitStack() as held:
        memory = held.enter_context(
            closing(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False))
        )
        while path.exists() and not _copy(path, memory):
            pass
        _recognise(memory, path)
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
    logged = log.exists() and not _just_restored(path)
    return (file.st_mtime_ns, file.st_size), log.stat().st_size if logged else 0


def _just_restored(path: Path) -> bool:
    """Whether the file was not opened for writing since it was made as a backup.

    Its header says that it has no log, so one that lies beside it belongs to the file that it replaced.
    """
    with path.open("rb") as file:
        header = file.read(20)
    return header.startswith(b"SQLite format 3") and header[18:19] == b"\x01"


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=5, check_same_thread=False)


def _version(database: sqlite3.Connection) -> int:
    return cast("int", database.execute("PRAGMA user_version").fetchone()[0])


def _recognise(database: sqlite3.Connection, path: Path) -> None:
    """Make clear that the database is ours, not too new, and sound."""
    version, application, tables = (
        cast("int", database.execute(question).fetchone()[0])
        for question in ("PRAGMA user_version", "PRAGMA application_id", "SELECT count(*) FROM sqlite_master")
    )
    if tables and application != APPLICATION:
        raise StateError(f"{path} is another program's database; name another file as `state`")
    if version > len(MIGRATIONS):
        kept = before_upgrade(path, len(MIGRATIONS))
        way = f": {shlex.join(['cp', str(kept), str(path)])}" if kept.exists() else ""
        raise StateError(
            f"{path} was written by a newer makegood (schema {version}, this one knows {len(MIGRATIONS)}); "
            f"install that version again, or restore a backup made before it{way}"
        )
    found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise StateError(damaged(path, found))


def before_upgrade(path: Path, schema: int) -> Path:
    """Where the state file's backup lies that was made before it was brought from this schema to a newer one."""
    return path.with_name(f"{path.name}.schema-{schema}.bak")


def migrate(database: sqlite3.Connection, version: int) -> None:
    """To the newest schema, in one transaction."""
    if version < len(MIGRATIONS):
        steps = ";".join(MIGRATIONS[version:])
        database.executescript(f"BEGIN IMMEDIATE;{steps};PRAGMA user_version = {len(MIGRATIONS)};COMMIT;")


def mark_restored(database: sqlite3.Connection, path: Path) -> None:
    """Have every ticket read back if the file is a backup, or its epoch is older than the last one here."""
    last = _last_epoch(path)
    told = dict(database.execute("SELECT key, value FROM meta").fetchall())
    epoch = int(told.get("epoch", 0))
    if BACKUP in told or epoch < last:
        database.executescript(_RESTORED.format(epoch=max(epoch, last)))


def locked(path: Path) -> int:
    """An exclusive lock beside the state file, held for as long as the process lives; its pid stands in it."""
    lock = _lock(path)
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
        pid, _ = _holder(os.pread(handle, 100, 0))
        os.close(handle)
        raise LockHeldError(
            f"another run{f' (process {pid})' if pid else ''} works on {path}; wait for it, or stop it first: "
            "a daemon holds it for as long as it runs (systemctl stop makegood, and start it afterwards)"
        ) from None
    note_epoch(handle, _holder(os.pread(handle, 100, 0))[1])
    return handle


def note_epoch(lock: int, epoch: int) -> None:
    """Say in the lock who holds it and which epoch writes: a state file with an older one was put there since."""
    told = f"{os.getpid()} {epoch}\n".encode()
    os.pwrite(lock, told, 0)
    os.ftruncate(lock, len(told))


def _last_epoch(path: Path) -> int:
    """The newest epoch that ever wrote here; 0 where that is not known."""
    lock = _lock(path)
    return _holder(lock.read_bytes())[1] if os.access(lock, os.R_OK) else 0


def _lock(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _holder(told: bytes) -> tuple[str, int]:
    """The pid (empty if it is not told) and the epoch by what stands in a lock."""
    pid, epoch, *_ = [*told.decode("ascii", "replace").split(), "", ""]
    return pid, int(epoch) if epoch.isdecimal() else 0


def refused(path: Path, fault: sqlite3.Error) -> StateError:
    """What is wrong with a state file that SQLite will not work with, and what to do about it."""
    _, _, kind = getattr(fault, "sqlite_errorname", "").partition("_")
    match kind.split("_")[0]:
        case "NOTADB" | "CORRUPT":
            return StateError(damaged(path, str(fault)))
        case "READONLY" | "CANTOPEN" | "PERM" | "AUTH":
            remedy = "give it and its folder to the user makegood runs as"
            return StateError(f"{path} cannot be written ({fault}); {remedy}")
        case "FULL" | "IOERR":
            remedy = "nothing further is written until there is room"
            return StateStoppedError(f"{path}: the disk is full or failing ({fault}); {remedy}")
        case "BUSY" | "LOCKED":
            return StateStoppedError(f"{path} is held by another program ({fault}); close it and try again")
        case _:
            return StateError(f"{path}: {fault}; `makegood state verify` says more")


def damaged(path: Path, how: str) -> str:
    """What to do about a file that is no longer what we wrote."""
    return (
        f"{path} is no sound state file ({' '.join(how.split())}); move it away and run `makegood rebuild`, "
        "which reads back from the trackers what was said, or put a backup in its place"
    )
