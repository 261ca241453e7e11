"""Whether the state lies in a fit place with room to grow, and who may read or write what."""

from __future__ import annotations

import os
import pwd
import re
import shlex
import stat
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from sync.doctor.credentials import as_service
from sync.doctor.finding import Finding, broken, doubtful, good, parted
from sync.exposure import exposed
from sync.legible import counted
from sync.state.archive import size_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.settings import Settings

LEAST_ROOM = 100_000_000
"""Bytes that must be free for the state file *(ours)*; three times its size, if that is more."""
FEWEST_FILES = 1000
"""Files that must still be possible where the state is *(ours)*."""
_NETWORK = re.compile(
    r"nfs\d?|cifs|smb(fs|\d)|ceph|glusterfs|lustre|afs|9p|davfs|fuse\.(sshfs|glusterfs|rclone|s3fs)"
)
_PASSING = {
    "tmpfs": "is kept in memory alone, and gone when the machine restarts",
    "ramfs": "is kept in memory alone, and gone when the machine restarts",
    "overlay": "belongs to a container, and is gone with it",
}


# --- the place of the state -------------------------------------------------------------------------------------


def folder(state: Path, doctor: str) -> Iterator[Finding]:
    """Whether this user can write where the state is kept, and that it is no place which others share.

    `doctor` is the command that asks all this, for whoever should type it.
    """
    place = _nearest(state.parent)
    if fault := _fault_of(place):
        yield _shut(place, fault, doctor)
        return
    kind = kind_of(place, Path("/proc/self/mounts"))
    if _NETWORK.fullmatch(kind):
        what = f"{place} lies on a network file system ({kind}), where no lock can be relied on"
        yield broken("state folder", what, "move it to a disk of this machine, and name it as `state`", 2)
    elif kind in _PASSING:
        yield doubtful("state folder", f"{place} ({kind}) {_PASSING[kind]}", "name another place as `state`")
    elif state.parent.exists():
        yield good("state folder", f"{place} can be written by {_user()}")
    else:
        yield good("state folder", f"{state.parent.absolute()} can be made by {_user()}, and is by the first pass")


def _fault_of(place: Path) -> OSError | None:
    """What keeps this user from writing in a folder."""
    try:
        with TemporaryFile(dir=place) as probe:  # it has no name, so nothing is left of it
            probe.write(bytes(4096))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as fault:
        return fault
    return None


def _shut(place: Path, fault: OSError, doctor: str) -> Finding:
    """A folder that cannot be written in: perhaps the wrong user asks."""
    told = place.stat()
    owner, mode = _name(told.st_uid), stat.filemode(told.st_mode)
    what = f"{_user()} cannot write in {place}: {fault.strerror} ({mode}, it is {owner}'s)"
    if not place.is_dir() or not isinstance(fault, PermissionError):
        remedy = shlex.join(["df", "-h", str(place)])
    elif owner == _user():
        remedy = shlex.join(["chmod", "u+rwx", str(place)])
    elif told.st_uid:
        what = f"{what}; if makegood runs as {owner}, ask as {owner}"
        remedy = as_service() or f"sudo -u {owner} {doctor}"
    else:
        remedy = shlex.join(["sudo", "chown", _user(), str(place)])
    return broken("state folder", what, remedy, 2)


def kind_of(place: Path, mounts: Path) -> str:
    """The type of the file system that a place lies on, as `mounts` has it; empty where that is not told."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    at, found = place.resolve(), ("", "")
    for _, point, kind, *_ in (line.split() for line in lines):
        mounted = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), point)
        if at.is_relative_to(mounted) and len(mounted) >= len(found[0]):
            found = (mounted, kind)
    return found[1]


def textfile(file: Path) -> Iterator[Finding]:
    """Whether the figures can be written where `[metrics]` wants them."""
    fault = _fault_of(file.parent)
    if isinstance(fault, FileNotFoundError):
        what = f"there is no folder {file.parent}; there will be no figures"
        yield broken("textfile", what, shlex.join(["mkdir", "-p", str(file.parent)]))
    elif fault:
        what = f"{_user()} cannot write in {file.parent}: {fault.strerror}; there will be no figures"
        yield broken("textfile", what, shlex.join(["ls", "-ld", str(file.parent)]))
    else:
        yield good("textfile", f"{file} can be written by {_user()}")


def disk(state: Path) -> Iterator[Finding]:
    """Whether there is room for the state to grow."""
    place = _nearest(state.parent)
    told = os.statvfs(place)
    yield room(told.f_bavail * told.f_frsize, told.f_favail if told.f_files else None, size_of(state), place)


def room(free: int, files: int | None, size: int, place: Path) -> Finding:
    """Whether so many free bytes and files (None: any number) are enough for a state of `size` bytes."""
    told = f"{in_bytes(free)} free for a state of {in_bytes(size)}"
    if free < max(LEAST_ROOM, 3 * size):
        what = f"{told}; makegood stops writing when none is left, so make some"
        return doubtful("disk", what, shlex.join(["df", "-h", str(place)]))
    if files is not None and files < FEWEST_FILES:
        what = f"{told}, but only for {counted(files, 'further file')}"
        return doubtful("disk", what, shlex.join(["df", "-i", str(place)]))
    return good("disk", told)


def _nearest(place: Path) -> Path:
    """The folder itself, or the one in which it would be made."""
    return next((each for each in (place.absolute(), *place.absolute().parents) if each.exists()), Path("/"))


def _belonging(state: Path) -> list[Path]:
    """The state file with what lies beside it, as far as it is there."""
    named = (state.with_name(state.name + ending) for ending in ("", "-wal", "-shm", ".lock"))
    return [each for each in named if os.path.isfile(each)]  # noqa: PTH113 - False where we may not look


def in_bytes(count: float) -> str:
    """A size for people."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


# --- who may do what --------------------------------------------------------------------------------------------


def permissions(config: Path, settings: Settings) -> Iterator[Finding]:
    """What others may read or change, and what the state's own user may not write."""
    amiss = [*_changeable(config, settings.mappings), *_foreign(settings.state)]
    amiss += [doubtful("permissions", *parted(sentence)) for sentence in exposed(settings)]
    yield from amiss
    if not amiss:
        yield good("permissions", "no other user can read tokens or state, or change the configuration")


def _changeable(config: Path, mappings: Path) -> Iterator[Finding]:
    """Files that decide what is promised to clients, and that anybody here can rewrite."""
    inside = (Path(at, name) for at, _, names in os.walk(mappings) for name in names)
    loose = [str(each) for each in (config, config.parent, mappings, *inside) if _written_by_all(each)]
    if loose:
        more = f" and {len(loose) - 1} more" if loose[1:] else ""
        what = f"every user of this machine can change {loose[0]}{more}"
        yield doubtful("permissions", what, shlex.join(["chmod", "o-w", *loose]))


def _written_by_all(place: Path) -> bool:
    mode = place.stat().st_mode if place.exists() else 0
    return bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX


def _foreign(state: Path) -> Iterator[Finding]:
    """Files of the state that whoever owns its folder cannot write: somebody else made a pass there once."""
    owner = _nearest(state.parent).stat().st_uid
    foreign = [each for each in _belonging(state) if owner not in {0, each.stat().st_uid}]
    if foreign:
        whose, names = _name(foreign[0].stat().st_uid), ", ".join(each.name for each in foreign)
        what = f"{names}: made by {whose}, in a folder of {_name(owner)}'s, who cannot write there now"
        yield doubtful("permissions", what, shlex.join(["sudo", "chown", _name(owner), *map(str, foreign)]))


def _user() -> str:
    return _name(os.geteuid())


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
