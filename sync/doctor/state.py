"""What the state tells of the installation: whether it is sound, how old its news is, and what was left undone."""

from __future__ import annotations

import fcntl
import os
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sync.call import typed
from sync.doctor.files import in_bytes
from sync.doctor.finding import Finding, broken, doubtful, good, parted, unknown
from sync.errors import StateError
from sync.legible import counted
from sync.monitoring.health import ready_after
from sync.state.archive import Archive
from sync.state.backup import FOLDER
from sync.state.migrations import APPLICATION, MIGRATIONS
from sync.state.statefile import loss_of, opened
from sync.state.verify import verify
from sync.worklist import brief

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sync.settings import Settings
    from sync.trackers.sources import AnySource

LONG_OPEN = timedelta(hours=1)
"""A write of unknown outcome is looked for in each pass; an older one is not being found *(ours)*."""
OLD_BACKUP = timedelta(days=7)
"""A backup that is older than this has missed its timer *(ours)*."""


def holder_of(state: Path) -> str | None:
    """The process that works on the state (empty where that is not told); None if nobody does."""
    lock = state.with_name(state.name + ".lock")
    try:
        handle = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return next(iter(os.pread(handle, 100, 0).decode("ascii", "replace").split()), "")
    finally:
        os.close(handle)
    return None


class StateReport:
    """What is asked of one state file, each answer as findings.

    `sources` are those to tell of; `config` is what was named with --config, for the remedies.
    """

    def __init__(
        self, settings: Settings, sources: Sequence[AnySource], config: Path | None, now: datetime
    ) -> None:
        self._settings, self._sources, self._config, self._now = settings, sources, config, now
        self._path = settings.state

    def findings(self) -> Iterator[Finding]:
        """The file first; what stands in it only if it is sound."""
        if loss_of(self._path):
            what = f"{self._path.absolute()} is gone or empty, though makegood wrote it before"
            yield broken("state", what, self._type("rebuild"), StateError.exit_status)
            return
        if not self._path.exists() or not self._path.stat().st_size:
            what = f"{self._path.absolute()} is not there yet; the first pass makes it"
            yield unknown("state", what, self._type("--dry-run"))
            return
        told = verify(self._path, {source.name for source in self._settings.source})
        if errors := [each for each in told if each.level == "error"]:
            yield from (broken("state", *parted(each.what), StateError.exit_status) for each in errors)
            return
        older = [each for each in told if each.about == "schema"]
        yield from (doubtful("state", *parted(each.what)) for each in older)
        with closing(opened(self._path, write=False)) as database:
            archive = Archive(self._path, database)
            names = archive.sources()
            if not older:
                size, tickets = in_bytes(archive.bytes()), sum(len(archive.ids(name)) for name in names)
                contents = f"schema {len(MIGRATIONS)}, {size}, {counted(tickets, 'ticket')}"
                yield good("state", f"{self._path.absolute()} is sound: {contents}")
            for source in self._sources:
                yield self._last_pass(source, archive)
            yield from self._open_writes(archive)
            yield from self._left_behind(archive, names)

    def _type(self, *words: str) -> str:
        return typed(*words, config=self._config)

    def _held(self) -> bool:
        return holder_of(self._path) is not None

    # --- the sources --------------------------------------------------------------------------------------------

    def _last_pass(self, source: AnySource, archive: Archive) -> Finding:
        """How old the news of a source is, against how often it should be read."""
        about, state = f"last pass {source.name}", archive.source(source.name)
        if state.halted:
            what = "comments are halted: one reached more readers than it was meant for"
            return broken(about, what, f"correct `readers` of source {source.name!r} in the config")
        if state.last_good is None:
            what = f"there was none yet{f'; {state.trouble}' if state.trouble else ''}"
            return doubtful(about, what, self._again(source))
        age = max(self._now - state.last_good, timedelta())
        late = age > ready_after(source, self._settings)
        told = f"{brief(age)} ago" if age >= timedelta(minutes=1) else "just now"
        if late or state.trouble:
            what = f"the last good one was {told}{f'; since then: {state.trouble}' if state.trouble else ''}"
            tell = broken if late and self._held() else doubtful
            return tell(about, what, self._again(source))
        unread = len(archive.unread(source.name))
        if unread:
            return doubtful(
                about, f"{told}, but {counted(unread, 'ticket')} could not be read", self._type("status")
            )
        return good(about, f"{told}; {counted(len(archive.ids(source.name, live_only=True)), 'live ticket')}")

    def _again(self, source: AnySource) -> str:
        """What tells why a source is late: the daemon's log where there is a daemon, else a pass."""
        if self._held():
            return self._type("status")
        return typed("--dry-run", config=self._config, sources=[source.name])

    # --- what is undone -----------------------------------------------------------------------------------------

    def _open_writes(self, archive: Archive) -> Iterator[Finding]:
        """Writes whose outcome nobody knows yet; the next passes look for them."""
        waiting = archive.unsettled()
        if not waiting:
            yield good("open writes", "none: the outcome of everything that was sent is known")
            return
        age = self._now - waiting[0].intended_at
        what = f"{len(waiting)} of unknown outcome, the oldest of them since {brief(max(age, timedelta()))}"
        if age > LONG_OPEN:
            yield doubtful("open writes", f"{what}; nothing more is said on those tickets", self._type("status"))
        else:
            yield good("open writes", f"{what}; the next pass looks for them")

    def _left_behind(self, archive: Archive, names: Sequence[str]) -> Iterator[Finding]:
        """Sources that were taken out of the config while something of theirs was open."""
        for name in sorted(set(names) - {source.name for source in self._settings.source}):
            live = len(archive.ids(name, live_only=True))
            waiting = archive.unsettled(archive.source(name).site, name)
            about = f"source {name}"
            if waiting:
                what = (
                    f"it is in the config no more, yet {counted(len(waiting), 'write')} of unknown outcome and "
                    f"{counted(live, 'live ticket')} of it are remembered; nobody looks for them"
                )
                again = typed(config=self._config, sources=[name])
                yield doubtful(
                    about, what, f"put its [[source]] back, then `{again}`, until `makegood status` shows none"
                )
            elif live:
                watched = f"its {counted(live, 'live ticket')} {'is' if live == 1 else 'are'} watched by nobody"
                what = f"it is in the config no more, and {watched}"
                yield doubtful(about, what, "if that is not meant, put its [[source]] back")


# --- backups ----------------------------------------------------------------------------------------------------


def backups(state: Path, config: Path | None, now: datetime) -> Iterator[Finding]:
    """The newest backup beside the state, or in the folder `backups` there, where the shipped timer puts them."""
    places = (state.absolute().parent, state.absolute().parent / FOLDER)
    found = [each for folder in places for each in _files(folder) if _is_backup(each, state)]
    make = typed("state", "backup", str(places[0] / f"{state.stem}-backup.db"), config=config)
    if not found:
        yield unknown("backup", f"there is none in {places[0]} or its folder backups", make)
        return
    newest = max(found, key=lambda each: each.stat().st_mtime)
    age = now - datetime.fromtimestamp(newest.stat().st_mtime, UTC)
    what = f"{newest.name}, {brief(max(age, timedelta()))} old"
    if age > OLD_BACKUP:
        yield doubtful("backup", f"the newest is {what}", typed("state", "backup", str(newest), config=config))
    else:
        yield good("backup", f"{what}; {counted(len(found), 'backup')} kept")


def _files(folder: Path) -> list[Path]:
    try:
        return [each for each in folder.iterdir() if each.is_file()]
    except OSError:
        return []  # it is not there, or not ours to look into


def _is_backup(file: Path, state: Path) -> bool:
    """Whether it is a copy of a state by our mark: neither the state itself nor what an upgrade left of it."""
    if file.name == state.name or file.name.startswith(f"{state.name}.schema-"):
        return False
    try:
        with file.open("rb") as stream:
            header = stream.read(100)
    except OSError:
        return False
    return header[68:72] == APPLICATION.to_bytes(4, "big")
