"""An older state file is brought to the newest schema whole or not at all, and there is a way back."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest
from crash_points import Fuse, begun, forked, kept, lay, put_back
from fakes.memory_tracker import MemoryTracker
from old_states import NOTICE, ROWS, SITE, TOLD, Rows, old_state, rows_of

from sync.errors import StateError
from sync.state.migrations import MIGRATIONS
from sync.state.store import Store
from sync.state.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from crash_points import Point

NEWEST = len(MIGRATIONS)
SCHEMAS = range(1, NEWEST)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def upgrade(path: Path) -> None:
    Store(path, write=True).close()


def backups(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.glob("*.bak"))


def schema_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("PRAGMA user_version").fetchone()[0])


# --- up ---------------------------------------------------------------------------------------------------------


def trimmed(rows: Rows) -> Rows:
    """The rows without the texts that an upgrade leaves behind on purpose, as nobody needs them any more."""
    untitled = json.dumps({"told": {"severity": "high"}, "record": {"owner": "Lead"}}, separators=(",", ":"))
    unread = json.dumps(NOTICE | {"subject": "", "body": ""}, separators=(",", ":"))
    for row in rows.get("tickets", []):
        if row.get("told") == TOLD and not row["live"]:
            row["told"] = untitled
    for row in rows.get("notices", []):
        if row["outcome"] == "settled":
            row["detail"] = unread
    return rows


@pytest.mark.parametrize("schema", SCHEMAS)
def test_of_a_file_of_any_older_schema_every_row_is_there_afterwards(path: Path, schema: int) -> None:
    rows = trimmed(old_state(path, schema))
    rows["meta"] = [{"key": "epoch", "value": "8"}]
    upgrade(path)
    found = rows_of(path)
    assert found.keys() == rows.keys()
    for table, listed in rows.items():
        assert len(found[table]) == len(listed)
        for row in listed:
            assert any(row.items() <= each.items() for each in found[table]), (table, row)
    broken = {"tickets.told"} if schema > 1 else set()
    assert {each.about for each in verify(path, {"desk"}) if each.level == "error"} == broken, "as it was before"


def test_it_is_read_as_before_already_by_a_command_that_leaves_it_as_it_is(path: Path) -> None:
    old_state(path, NEWEST - 1)
    before = path.read_bytes()
    with Store(path, write=False) as store:
        read = store.memories(SITE, ["1", "2"]), store.journal(SITE, "1"), store.observed(SITE, ["1"])
    assert (path.read_bytes(), backups(path)) == (before, [])
    assert [len(each) for each in read] == [2, 2, 1]
    upgrade(path)
    with Store(path, write=False) as store:
        assert (store.memories(SITE, ["1", "2"]), store.journal(SITE, "1"), store.observed(SITE, ["1"])) == read


def test_killed_at_any_point_of_an_upgrade_the_file_is_the_old_one_or_the_new_one_and_the_next_run_goes_on(
    tmp_path: Path,
) -> None:
    path = tmp_path / "state.db"
    old_state(path, 3)
    before, files = path.read_bytes(), kept(tmp_path)

    def work(deadly: Point | None) -> list[Point]:
        fuse = Fuse(deadly)
        lay(fuse, MemoryTracker)
        upgrade(path)
        return list(fuse.met)

    points = forked(partial(work, None))
    expected = rows_of(path)
    assert {f"migrate: {when}" for when in ("before BEGIN", "before COMMIT", "after COMMIT")} <= {
        point.seam for point in points
    }
    for point in points:
        put_back(tmp_path, files)
        assert begun(partial(work, point))().killed
        half = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        with closing(half):
            assert half.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert half.execute("PRAGMA user_version").fetchone()[0] in {3, NEWEST}
        forked(partial(upgrade, path))
        again = rows_of(path)
        assert again.pop("meta")
        assert again == {table: rows for table, rows in expected.items() if table != "meta"}, point
        assert backups(path) == ["state.db.schema-3.bak"]
        put = path.with_name("state.db.schema-3.bak")
        assert schema_of(put) == 3
    put_back(tmp_path, files)
    assert path.read_bytes() == before


# --- and down ---------------------------------------------------------------------------------------------------


def test_before_an_upgrade_a_backup_is_left_beside_the_file_and_only_the_newest_is_kept(path: Path) -> None:
    (path.parent / "state.db.schema-1.bak").write_bytes(b"of long ago")
    old_state(path, 4)
    upgrade(path)
    (kept_,) = backups(path)
    made = path.with_name(kept_)
    assert (kept_, schema_of(made), stat.S_IMODE(made.stat().st_mode)) == ("state.db.schema-4.bak", 4, 0o600)
    upgrade(path)
    assert backups(path) == [kept_], "there is none where nothing is upgraded"


def test_a_new_file_and_one_of_another_programs_get_no_backup(path: Path) -> None:
    upgrade(path)
    assert backups(path) == []
    other = path.with_name("other.db")
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE bookmarks (url TEXT)")
        database.execute("PRAGMA user_version = 2")
    with pytest.raises(StateError, match="another program's database"):
        upgrade(other)
    assert backups(path) == []


def test_the_backup_is_put_back_as_the_refusal_of_a_newer_schema_says_and_counts_as_restored(path: Path) -> None:
    old_state(path, NEWEST - 1, ROWS)
    upgrade(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    backup = path.with_name(f"state.db.schema-{NEWEST - 1}.bak")
    renamed = backup.rename(path.with_name(f"state.db.schema-{NEWEST}.bak"))  # as of the version before schema 99
    with pytest.raises(StateError) as told:
        upgrade(path)
    assert f"written by a newer makegood (schema 99, this one knows {NEWEST})" in str(told.value)
    assert f"install that version again, or restore a backup made before it: cp {renamed} {path}" in str(
        told.value
    )
    shutil.copyfile(renamed, path)
    with Store(path, write=True) as store:
        assert store.memories(SITE, ["1"])["1"].stale, "so each ticket is read back before it is written on"
        assert store.epoch > 8


def test_without_room_for_the_backup_nothing_is_upgraded(path: Path, tmp_path: Path) -> None:
    old_state(path, 5)
    before = path.read_bytes()
    (tmp_path / "state.db.schema-5.bak").mkdir()
    with pytest.raises(StateError, match=r"state\.db\.schema-5\.bak is a folder; name a file in it"):
        upgrade(path)
    assert path.read_bytes() == before
