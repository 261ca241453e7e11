"""`makegood state`: a backup while others write, put back without harm, and whether a state file is sound."""

from __future__ import annotations

import os
import resource
import shlex
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from office import DONE, INVOICE, LATE, NOW, Office

from sync.errors import StateError
from sync.judging.memory import Memory
from sync.state import statefile
from sync.state.backup import back_up
from sync.state.migrations import MIGRATIONS
from sync.state.records import Intent, Settlement
from sync.state.store import Store
from sync.state.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
AFTERWARDS = "2026-03-03T10:20:00+01:00"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an office whose workbook was written in one pass."""
    with pytest.MonkeyPatch.context() as patch:
        made = Office(tmp_path_factory.mktemp("office"), patch)
        made.source()
        made.issues(LATE, INVOICE, DONE)
        assert made.at(NOW).status == 0
    return made.folder


@pytest.fixture
def office(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Such an office of one's own."""
    made = Office(tmp_path, monkeypatch)
    for file in written.iterdir():
        if file.is_file():
            shutil.copyfile(file, tmp_path / file.name)
    return made


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def errors(path: Path) -> list[tuple[str, str]]:
    return [(found.about, found.what) for found in verify(path, {"issues"}) if found.level == "error"]


# --- a backup ---------------------------------------------------------------------------------------------------


def test_a_backup_says_where_it_is_what_is_in_it_and_how_to_put_it_back(office: Office) -> None:
    ran = office.run("state", "backup", "copy.db")
    assert (ran.status, ran.err) == (0, "")
    size = (office.folder / "copy.db").stat().st_size
    first, how = ran.out.splitlines()
    assert first.startswith(f"copy.db: {size:,} bytes, 3 tickets, ")
    assert stat.S_IMODE((office.folder / "copy.db").stat().st_mode) == 0o600
    told = office.run("state", "backup", "copy.db", "--output", "json").json
    assert (told["bytes"], told["tickets"]) == (size, 3), "the same once more, in place of the first"
    comments = office.read("issues.comments.csv")
    (office.folder / "state.db").unlink()
    subprocess.run(shlex.split(how.split("`")[1]), check=True)
    assert office.run("state", "verify").status == 0
    assert office.at(AFTERWARDS).status == 0
    assert office.read("issues.comments.csv") == comments


def test_a_backup_made_while_a_pass_writes_holds_whole_commits_and_leaves_nothing_beside_it(
    tmp_path: Path,
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def write() -> None:
        with Store(tmp_path / "state.db", write=True) as store:
            while not ended.is_set():
                store.intend("run", [Intent("site", "1", "edit"), Intent("site", "1", "comment")], AT)
                begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(30)
        counts = []
        for _ in range(20):
            made = back_up(tmp_path / "state.db", tmp_path / "copy.db")
            with Store(made.path, write=False) as store:
                counts.append(len(store.unsettled()))
    finally:
        ended.set()
        writer.join()
    assert all(count % 2 == 0 for count in counts)
    assert counts == sorted(counts)
    assert counts[-1] > 0
    assert {file.name for file in tmp_path.iterdir()} == {"state.db", "state.db.lock", "copy.db"}


def test_without_room_the_backup_before_it_is_kept_whole(office: Office) -> None:
    office.run("state", "backup", "copy.db")
    before = office.files()
    with no_room_beyond(16 * 1024):
        ran = office.run("state", "backup", "copy.db")
    assert ran.status == 2
    assert "copy.db cannot be written" in ran.err
    assert "the backup before it is kept; make room or name another place" in ran.err
    assert office.files() == before


def test_a_damaged_state_takes_no_good_backups_place(office: Office) -> None:
    office.run("state", "backup", "copy.db")
    kept = (office.folder / "copy.db").read_bytes()
    os.truncate(office.folder / "state.db", 4096 * 5)
    ran = office.run("state", "backup", "copy.db")
    assert ran.status == 2
    assert "or put a backup in its place" in ran.err
    assert (office.folder / "copy.db").read_bytes() == kept


@pytest.mark.parametrize(
    ("name", "told"),
    {
        "state.db": "belongs to the state file itself; name another file",
        "state.db-wal": "belongs to the state file itself; name another file",
        "state.db.lock": "belongs to the state file itself; name another file",
        "link": "belongs to the state file itself; name another file",
        "hard-link": "belongs to the state file itself; name another file",
        "config.toml": "is there and is no backup of makegood's; move it away or name another file",
        "absent/copy.db": "cannot be written (No such file or directory)",
    }.items(),
)
def test_a_backup_overwrites_nothing_but_a_backup(office: Office, name: str, told: str) -> None:
    (office.folder / "folder").mkdir()
    (office.folder / "link").symlink_to("state.db")
    (office.folder / "hard-link").hardlink_to(office.folder / "state.db")
    before = office.files()
    ran = office.run("state", "backup", name)
    assert ran.status == 2
    assert f"{name} {told}" in ran.err
    assert office.files() == before


def test_in_a_folder_the_backup_is_named_by_the_date_and_only_the_newest_are_kept(office: Office) -> None:
    folder = office.folder / "backups"
    folder.mkdir()
    others = [folder / "state-of-play.db", folder / "state-20250101T000000Z.db", folder / "notes.txt"]
    for other in others:
        other.write_text("not one of makegood's")
    shutil.copyfile(office.folder / "state.db", folder / "other-20200101T000000Z.db")
    for day in ("20260101", "20260102", "20260103", "20990101"):
        back_up(office.folder / "state.db", folder / f"state-{day}T020000Z.db")
    before = datetime.now(UTC).replace(microsecond=0)
    told = office.run("state", "backup", "backups", "--keep", "3", "--output", "json").json
    made = folder / told["backup"].removeprefix("backups/")
    assert (
        before <= datetime.strptime(made.name, "state-%Y%m%dT%H%M%SZ.db").replace(tzinfo=UTC) <= datetime.now(UTC)
    )
    assert told["deleted"] == [f"backups/state-{day}T020000Z.db" for day in ("20260101", "20260102")]
    left = {file.name for file in folder.iterdir()} - {other.name for other in others}
    assert left == {
        made.name,
        "state-20260103T020000Z.db",
        "state-20990101T020000Z.db",
        "other-20200101T000000Z.db",
    }, "the new one is never deleted, whatever the clock was once; nor is what is none of them"
    assert verify(made, {"issues"})[0].level == "warning"
    assert all(other.exists() for other in others)


def test_a_timer_that_finds_no_folder_or_an_older_backup_that_it_may_not_delete_fails(office: Office) -> None:
    ran = office.run("state", "backup", "backups", "--keep", "3")
    assert ran.status == 2
    assert "backups is no folder; make it, or mount its disk, or leave --keep out" in ran.err
    (office.folder / "backups").mkdir()
    for day in ("20260101", "20260102"):
        back_up(office.folder / "state.db", office.folder / "backups" / f"state-{day}T020000Z.db")
    with unlinkable():
        ran = office.run("state", "backup", "backups", "--keep", "1")
    assert ran.status == 2
    assert "state-20260101T020000Z.db is to make room for state-" in ran.err
    assert "which is written, and cannot be deleted: Operation not permitted" in ran.err


@contextmanager
def unlinkable() -> Iterator[None]:
    """No file can be deleted, as by a user who may only add to a folder."""
    true = Path.unlink

    def unlink(self: Path, missing_ok: bool = False) -> None:  # noqa: FBT001, FBT002 - pathlib's own
        if self.suffix == ".db":
            raise PermissionError(1, "Operation not permitted", str(self))
        true(self, missing_ok)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "unlink", unlink)
        yield


def test_a_backup_is_made_while_a_daemon_holds_the_state(office: Office) -> None:
    with Store(office.folder / "state.db", write=True):
        assert office.run("state", "backup", "copy.db").status == 0


def test_where_there_is_no_state_there_is_no_backup(office: Office) -> None:
    (office.folder / "state.db").unlink()
    ran = office.run("state", "backup", "copy.db")
    assert ran.status == 2
    assert "is absent or empty, so there is nothing to back up; the first pass fills it" in ran.err
    assert not (office.folder / "copy.db").exists()


# --- put back ---------------------------------------------------------------------------------------------------


def test_a_log_that_a_killed_process_left_is_not_read_into_the_backup_that_was_put_in_its_place(
    tmp_path: Path,
) -> None:
    path = tmp_path / "state.db"
    with Store(path, write=True) as store:
        store.intend("run", [Intent("site", "1", "edit")], AT)
    back_up(path, tmp_path / "copy.db")
    if (child := os.fork()) == 0:
        store = Store(path, write=True)
        store.intend("run", [Intent("site", str(number), "edit", {"note": "x" * 500}) for number in range(99)], AT)
        os._exit(0)  # as by kill -9: what was written is in the log alone
    os.waitpid(child, 0)
    assert (tmp_path / "state.db-wal").stat().st_size > 0
    shutil.copyfile(tmp_path / "copy.db", path)
    for write in (False, True):
        with Store(path, write=write) as store:
            assert [entry.ticket for entry in store.unsettled()] == ["1"]
    assert verify(path, ()) is not None
    assert errors(path) == []


@pytest.mark.parametrize("by", ["state backup", "cp"])
def test_in_a_restored_state_every_ticket_is_stale_until_it_was_read_back(tmp_path: Path, by: str) -> None:
    path, copy = tmp_path / "state.db", tmp_path / "copy.db"
    with Store(path, write=True) as store:
        (number,) = store.intend("run", [Intent("site", "1", "edit")], AT)
        store.settle(
            [Settlement(number, "site", "1", "settled", memory=Memory(labels=frozenset({"esc:low"})))], AT
        )
    if by == "cp":
        shutil.copyfile(path, copy)
    else:
        back_up(path, copy)
    with Store(path, write=True) as store:
        assert not store.memories("site", ["1"])["1"].stale
        newest = store.epoch
    shutil.copyfile(copy, path)
    with Store(path, write=False) as store:
        assert store.memories("site", ["1"])["1"].stale, "the dry run says what the run will do"
    with Store(path, write=True) as store:
        assert store.epoch > newest, "so that a frozen writer of before is fenced"
    with Store(path, write=True) as store:
        assert store.memories("site", ["1"])["1"].stale, "it lasts, whatever becomes of the run that found it"
        store.relearn("site", "1", Memory(labels=frozenset({"esc:high"})), AT, whole=True)
        assert store.memories("site", ["1"])["1"] == Memory(labels=frozenset({"esc:high"}))


# --- is it sound? -----------------------------------------------------------------------------------------------


def test_a_sound_state_is_called_so_and_is_left_as_it_is(office: Office) -> None:
    before = office.files()
    ran = office.run("state", "verify")
    assert (ran.status, ran.out, ran.err) == (0, "state.db is sound\n", "")
    told = office.run("state", "verify", "--output", "json").json
    assert told == {"schema": 1, "state": "state.db", "sound": True, "findings": []}
    assert office.files() == before


FAULTS = {
    "UPDATE tickets SET labels = '[1]' WHERE id = 'T-1'": ("tickets.labels", "cannot be read, first in "),
    "UPDATE tickets SET refused = '{'": ("tickets.refused", "in 3 rows it cannot be read"),
    "UPDATE tickets SET told = '[]'": ("tickets.told", "cannot be read"),
    "UPDATE tickets SET standing = '{\"dues\": [{}]}'": ("tickets.standing", "cannot be read"),
    "UPDATE tickets SET wake_at = 'soon' WHERE id = 'T-1'": ("tickets.wake_at", "in 1 row it cannot be read"),
    "UPDATE tickets SET opened = '2026-03-02T09:00:00'": ("tickets.opened", "cannot be read"),
    "UPDATE sources SET left_firm = '{}'": ("sources.left_firm", "first in issues"),
    "UPDATE journal SET detail = '[]'": ("journal.detail", "cannot be read"),
    "UPDATE journal SET kind = 'shout'": ("journal.kind", "is none that makegood writes"),
    "UPDATE journal SET outcome = 'perhaps'": ("journal.outcome", "is none that makegood writes"),
    "UPDATE said SET step = step + 1 WHERE ticket = 'T-1'": ("said.mark", "is not the id of what was said"),
    "UPDATE sites SET name = 'elsewhere'": ("said.mark", "is not the id of what was said"),
    "UPDATE journal SET site = 7": ("journal.site", "is no site of the file"),
    "DROP TABLE said": ("schema", "no such table: said"),
    "PRAGMA application_id = 7": ("file", "is another program's database; name another file as `state`"),
    "PRAGMA user_version = 99": ("file", "written by a newer makegood (schema 99"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_in_it_is_named_with_the_remedy(office: Office, fault: str) -> None:
    with closing(sqlite3.connect(office.folder / "state.db")) as database:
        database.execute(fault)
        database.commit()
    about, what = FAULTS[fault]
    ran = office.run("state", "verify")
    assert ran.status == 2
    (line,) = [line for line in ran.out.splitlines() if f": error: {about}: " in line]
    assert line.startswith("state.db: ")
    assert what in line
    assert any(each in line for each in ("restore a backup", "install that version", "name another file"))


def test_an_index_that_lost_a_row_is_found_though_a_pass_would_not_see_it(office: Office) -> None:
    path = office.folder / "state.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute(
            "UPDATE sqlite_master SET sql = replace(sql, '(client)', '(category)') WHERE type = 'index'"
        )
        database.commit()
    with Store(path, write=False) as store:
        assert store.ids("issues")
    ((about, what),) = errors(path)
    assert about == "file"
    assert "tickets_client" in what
    assert "run `makegood rebuild`" in what
    with pytest.raises(StateError, match="tickets_client"):
        back_up(path, path.with_name("copy.db"))


@pytest.mark.parametrize(
    ("harm", "told"),
    {
        "absent": "it is not there; the first pass makes it; if there was one, restore a backup",
        "empty": "",
        "garbage": "is no sound state file (file is not a database); move it away and run `makegood rebuild`",
        "truncated": "is no sound state file (",
    }.items(),
)
def test_a_file_that_is_none_is_named_too(office: Office, harm: str, told: str) -> None:
    path = office.folder / "state.db"
    content = path.read_bytes()
    path.unlink()
    if harm != "absent":
        path.write_bytes({"empty": b"", "garbage": b"not a database" * 400, "truncated": content[:9000]}[harm])
    ran = office.run("state", "verify")
    assert ran.status == (2 if told else 0)
    assert told in ran.out


def test_what_is_only_in_doubt_is_a_warning_and_the_state_counts_as_sound(office: Office) -> None:
    with Store(office.folder / "state.db", write=True) as store:
        site = store.source("issues").site
        store.intend("run", [Intent(site, "T-1", "comment", {"said": [["escalation", "created", 9]]})], AT)
        store.trouble("gone", "it was taken out of the config")
        (number,) = store.intend("run", [Intent("old site", "7", "edit")], AT)
        store.settle([Settlement(number, "old site", "7", "settled", memory=Memory())], AT)
    office.source("new")
    told = office.run("state", "verify", "--output", "json")
    assert (told.status, told.json["sound"]) == (0, True)
    assert {found["level"] for found in told.json["findings"]} == {"warning"}
    assert [found["about"] for found in told.json["findings"]] == [
        "source new",
        "source gone",
        "site old site",
        "1 open writes",
    ]
    lines = office.run("state", "verify").out.splitlines()
    assert "1 tickets are remembered of it and no source stands on it; they are kept" in lines[2]
    assert "`makegood status` names them" in lines[3]
    assert lines[4].endswith("is sound")
    assert office.run("state", "verify", "-q").out == ""


def test_the_commands_run_as_a_module_too_where_no_script_is_installed(office: Office) -> None:
    command = [sys.executable, "-m", "sync.cli", "state", "verify"]
    for status, told in ((0, "state.db is sound\n"), (2, "state.db: error: file: it is not there")):
        ran = subprocess.run(command, cwd=office.folder, capture_output=True, text=True, check=False)
        assert ran.returncode == status
        assert ran.stdout.startswith(told)
        (office.folder / "state.db").unlink(missing_ok=True)


def test_a_backup_is_verified_where_it_lies(office: Office) -> None:
    office.run("state", "backup", "copy.db")
    told = office.run("state", "verify", "copy.db").out
    assert "each is read back before it is written on" in told
    assert told.endswith("copy.db is sound\n")


def test_an_older_schema_is_a_warning_for_the_next_pass_completes_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = (*MIGRATIONS, "CREATE TABLE later (thing TEXT)")
    monkeypatch.setattr(statefile, "MIGRATIONS", later)
    monkeypatch.setattr("sync.state.verify.MIGRATIONS", later)
    ran = office.run("state", "verify")
    assert ran.status == 0
    assert f"schema {len(MIGRATIONS)}, and this makegood has {len(later)}; the next pass completes it" in ran.out
