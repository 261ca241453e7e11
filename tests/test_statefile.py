"""The state file as a file: who may open it, what is refused and with which remedy, and what is left untouched."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sync.errors import LockHeldError, StateError
from sync.state import statefile
from sync.state.migrations import MIGRATIONS
from sync.state.records import Intent
from sync.state.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOLD = """
import sys, time
from pathlib import Path
from sync.state.store import Store
store = Store(Path(sys.argv[1]), write=True)
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def made(path: Path) -> Path:
    """A state file in which something is remembered, closed as it should be."""
    with Store(path, write=True) as store:
        store.trouble("desk", "the tracker is down")
    return path


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but the lock, which is no state."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.suffix != ".lock"}


def refusal(path: Path, *, write: bool) -> str:
    with pytest.raises(StateError) as told:
        Store(path, write=write)
    assert str(path) in str(told.value)
    return str(told.value)


# --- making it ---------------------------------------------------------------------------------------------------


def test_a_new_state_file_is_for_its_owner_alone_and_so_is_what_lies_beside_it(path: Path) -> None:
    with Store(path, write=True) as store:
        store.trouble("desk", "the tracker is down")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(("state.db", "state.db-shm", "state.db-wal", "state.db.lock"), 0o600)


def test_its_folder_is_made_if_need_be(tmp_path: Path) -> None:
    with Store(tmp_path / "var" / "lib" / "state.db", write=True) as store:
        assert store.epoch == 1


def test_an_empty_file_is_a_new_one(path: Path) -> None:
    path.touch()
    with Store(path, write=True) as store:
        assert store.epoch == 1


# --- reading it --------------------------------------------------------------------------------------------------


def test_reading_makes_no_file(path: Path) -> None:
    with Store(path, write=False) as store:
        assert store.ids("desk") == []
    assert list(path.parent.iterdir()) == []


def test_reading_changes_nothing_and_leaves_nothing_behind(made: Path) -> None:
    before = files(made.parent)
    with Store(made, write=False) as store:
        assert store.source("desk").trouble == "the tracker is down"
    assert files(made.parent) == before == {"state.db": before["state.db"]}


def test_what_is_done_to_a_state_opened_for_reading_is_forgotten(made: Path) -> None:
    """This is how a dry run can do all that a run does."""
    before = files(made.parent)
    with Store(made, write=False) as store:
        store.trouble("desk", "another")
        assert store.source("desk").trouble == "another"
    assert files(made.parent) == before


def test_a_reader_sees_what_was_committed_while_another_run_writes(made: Path) -> None:
    with Store(made, write=True) as writer:
        writer.trouble("desk", "newer")
        with Store(made, write=False) as reader:
            writer.trouble("desk", "newest")
            assert reader.source("desk").trouble == "newer"


def test_a_writer_that_comes_in_between_makes_the_reader_look_again(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter(["changed", "changed meanwhile", "quiet", "quiet"])
    monkeypatch.setattr(statefile, "_shape", lambda _: (next(looks), 0))
    with Store(made, write=False) as store:
        assert store.source("desk").trouble == "the tracker is down"
    assert list(looks) == []


def test_reading_what_a_killed_run_left_changes_nothing(path: Path) -> None:
    held = subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE)
    assert held.stdout
    assert held.stdout.readline() == b"held\n"
    held.send_signal(signal.SIGKILL)
    held.communicate()
    before = files(path.parent)
    assert set(before) == {"state.db", "state.db-wal", "state.db-shm"}
    with Store(path, write=False) as store:
        assert store.source("desk").site == ""
    after = files(path.parent)
    assert (after.keys(), after["state.db"], after["state.db-wal"]) == (
        before.keys(),
        before["state.db"],
        before["state.db-wal"],
    )


# --- one writer --------------------------------------------------------------------------------------------------


def test_a_second_writer_is_told_which_process_holds_it(path: Path) -> None:
    held = subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE)
    assert held.stdout
    assert held.stdout.readline() == b"held\n"
    with pytest.raises(LockHeldError, match=rf"process {held.pid}\).*wait for it, or stop it first") as told:
        Store(path, write=True)
    assert told.value.exit_status == 5
    held.kill()
    held.communicate()
    with Store(path, write=True) as store:
        assert store.epoch == 2


def test_the_lock_is_given_back_even_if_the_file_cannot_be_opened(path: Path) -> None:
    path.write_bytes(b"no database at all, though it is long enough to be looked at" * 20)
    refusal(path, write=True)
    path.unlink()
    with Store(path, write=True) as store:
        assert store.epoch == 1


def test_a_frozen_writer_that_was_overtaken_changes_nothing_any_more(path: Path) -> None:
    with Store(path, write=True) as frozen:
        path.with_name("state.db.lock").unlink()  # as when another machine holds another lock
        with Store(path, write=True) as other:
            other.trouble("desk", "from the other one")
            with pytest.raises(LockHeldError, match=r"another run took over .*stops without writing"):
                frozen.intend("run", [Intent("site", "1", "edit")], NOW)
            assert other.unsettled() == []
            assert frozen.source("desk").trouble == "from the other one"


@pytest.mark.parametrize("again", [True, False], ids=["replaced", "deleted"])
def test_a_writer_whose_file_was_taken_away_remembers_nothing_that_nobody_will_read(
    path: Path, *, again: bool
) -> None:
    with Store(path, write=True) as store:
        for file in path.parent.glob("state.db*"):
            file.unlink()
        with (
            Store(path, write=True) if again else nullcontext(),
            pytest.raises(LockHeldError, match=r"deleted or replaced under a run .*stops without writing"),
        ):
            store.intend("run", [Intent("site", "1", "edit")], NOW)
        assert path.exists() == again


# --- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [True, False], ids=["writing", "reading"])
class TestRefused:
    def test_garbage(self, path: Path, *, write: bool) -> None:
        path.write_bytes(b"this was a shopping list, and a long one at that " * 40)
        assert "no sound state file" in refusal(path, write=write)
        assert "move it away and run `makegood rebuild`" in refusal(path, write=write)

    def test_a_truncated_file(self, made: Path, *, write: bool) -> None:
        os.truncate(made, made.stat().st_size // 3)
        assert "move it away and run `makegood rebuild`" in refusal(made, write=write)

    def test_a_file_with_one_bad_page(self, made: Path, *, write: bool) -> None:
        content = bytearray(made.read_bytes())
        content[4096 * 3 : 4096 * 4] = b"\xff" * 4096
        made.write_bytes(content)
        assert "move it away and run `makegood rebuild`" in refusal(made, write=write)

    def test_a_newer_schema(self, made: Path, *, write: bool) -> None:
        with closing(sqlite3.connect(made)) as database:
            database.execute("PRAGMA user_version = 99")
        told = refusal(made, write=write)
        assert f"written by a newer makegood (schema 99, this one knows {len(MIGRATIONS)})" in told
        assert "install that version again" in told

    @pytest.mark.parametrize("version", [0, 1, 7])
    def test_another_programs_database_is_not_touched(self, path: Path, version: int, *, write: bool) -> None:
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE bookmarks (url TEXT)")
            database.execute(f"PRAGMA user_version = {version}")
        before = files(path.parent)
        assert "another program's database; name another file as `state`" in refusal(path, write=write)
        assert files(path.parent) == before

    def test_a_folder(self, path: Path, *, write: bool) -> None:
        path.mkdir()
        assert "is no file; move it away" in refusal(path, write=write)


def test_an_older_schema_is_completed_where_we_write_and_in_memory_where_we_read(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statefile, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE later (thing TEXT)"))
    before = files(made.parent)
    with Store(made, write=False) as store:
        assert store.source("desk").trouble == "the tracker is down"
    assert files(made.parent) == before
    with Store(made, write=True) as store:
        assert store.source("desk").trouble == "the tracker is down"
    with closing(sqlite3.connect(made)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
        assert database.execute("SELECT count(*) FROM later").fetchone() == (0,)


def test_a_migration_that_fails_leaves_the_file_at_the_schema_before(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statefile, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE later (x); CREATE TABLE said (y)"))
    assert "already exists" in refusal(made, write=True)
    monkeypatch.undo()
    with Store(made, write=True) as store:
        assert store.source("desk").trouble == "the tracker is down"


# --- no right, no room, no turn ----------------------------------------------------------------------------------


@contextmanager
def unprivileged(mode: int) -> Iterator[Path]:
    """A folder of that mode, and no rights beyond those of its owner; root has all otherwise."""
    folder = Path(tempfile.mkdtemp())
    root = os.geteuid() == 0
    try:
        if root:
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
        folder.chmod(mode)
        yield folder
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)
        shutil.rmtree(folder)


def test_a_folder_that_we_may_not_write_in_is_named() -> None:
    with unprivileged(0o555) as folder:
        told = refusal(folder / "state.db", write=True)
    assert "Permission denied; make its folder writable or set `state` elsewhere" in told


def test_a_file_that_we_may_only_read_is_read_and_not_written(made: Path) -> None:
    content = made.read_bytes()
    with unprivileged(0o700) as folder:
        path = folder / "state.db"
        path.write_bytes(content)
        path.chmod(0o400)
        assert "Permission denied; give it to the user makegood runs as" in refusal(path, write=True)
        with Store(path, write=False) as store:
            assert store.source("desk").trouble == "the tracker is down"


def test_a_file_that_we_may_not_even_read_is_refused() -> None:
    with unprivileged(0o700) as folder:
        path = folder / "state.db"
        path.touch(0o000)
        assert "give it and its folder to the user makegood runs as" in refusal(path, write=False)


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes; SQLite then hears the same as from a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_on_a_full_disk_nothing_is_half_written_and_all_goes_on_once_there_is_room(made: Path) -> None:
    with Store(made, write=True) as store:
        with no_room_beyond(256 * 1024), pytest.raises(StateError) as told:
            store.intend("run", [Intent("site", str(n), "edit", {"note": "x" * 1000}) for n in range(999)], NOW)
        assert "the disk is full or failing" in str(told.value)
        assert "nothing further is written until there is room" in str(told.value)
        assert store.unsettled() == []
        store.intend("run", [Intent("site", "1", "edit")], NOW)
        assert [entry.ticket for entry in store.unsettled()] == ["1"]


def test_a_file_held_by_another_program_is_named(made: Path) -> None:
    with Store(made, write=True) as store, closing(sqlite3.connect(made, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store._database.execute("PRAGMA busy_timeout = 1")  # noqa: SLF001 - instead of a wait of seconds
        with pytest.raises(StateError, match=r"held by another program .*; close it and try again"):
            store.trouble("desk", "words")


def test_a_file_that_breaks_while_it_is_open_is_named_too(made: Path) -> None:
    with Store(made, write=True) as store:
        with closing(sqlite3.connect(made)) as other:
            other.execute("DROP TABLE sources")
        with pytest.raises(StateError, match="no such table: sources"):
            store.source("desk")
