"""Files as they were read: known again by their digest, and replaced whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from glob import escape
from hashlib import blake2b
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING

from sync.errors import ConflictError, ForbiddenError, LostAnswerError, TrackerError, WorkbookError

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST = 200 * 1024 * 1024
"""Bytes of a file, unpacked, that we are willing to hold in memory."""


_NO_SUCH_THING = {errno.EINVAL, errno.ENOTSUP}
"""What network file systems answer that cannot make a folder durable by itself."""


@dataclass(frozen=True, slots=True)
class File:
    """A file at one moment; `data` is None where there was none."""

    path: Path
    data: bytes | None

    @property
    def digest(self) -> str:
        """What the content is known by; empty for a file that is not there."""
        return "" if self.data is None else blake2b(self.data, digest_size=16).hexdigest()


def read(path: Path) -> File:
    """The file as it is now. WorkbookError if it is no plain file or too large, ForbiddenError if it is shut."""
    try:
        if path.exists() and not path.is_file():
            raise WorkbookError(f"{path} is no file; name the workbook itself in the source's path")
        with path.open("rb") as stream:
            early = os.fstat(stream.fileno())
            if early.st_size > LARGEST:
                raise WorkbookError(f"{path} is larger than {LARGEST >> 20} MB; move old issues out of it")
            data = stream.read()
            late = os.fstat(stream.fileno())
    except FileNotFoundError:
        return File(path, None)
    except PermissionError:
        raise ForbiddenError(f"{path} may not be read by this account; give it the right to read it") from None
    except OSError as fault:
        raise WorkbookError(f"{path} cannot be read: {fault.strerror}") from None
    if (early.st_size, early.st_mtime_ns) != (late.st_size, late.st_mtime_ns):
        raise ConflictError(f"{path} is being saved by someone right now; the next pass reads it")
    return File(path, data)


def lock_of(path: Path) -> Path | None:
    """The file by which Excel or LibreOffice says that it has the workbook open, if there is one."""
    marks = (path.with_name(f"~${path.name}"), path.with_name(f".~lock.{path.name}#"))
    return next((mark for mark in marks if mark.exists()), None)


def swap(before: Sequence[File], after: Sequence[File]) -> None:
    """Put the files of `after` in the place of those of `before`, pair by pair; durable on return.

    Those that differ are replaced in order, each atomically; the others must, like them, still be what was read.
    One that was not there gets the mode and owner of the first that was. Errors that say that nothing was written:
    ConflictError (changed meanwhile, or open elsewhere), ForbiddenError, WorkbookError. LostAnswerError: some of
    it may be written.
    """
    changed = [new for old, new in zip(before, after, strict=True) if old.data is not new.data]
    for file in changed:
        _refuse_if_open(file.path)
        _refuse_if_shut(file.path)
    model = next(file.path for file in before if file.data is not None)
    drafts: list[Path] = []
    swapping = False
    try:
        for file in changed:
            _clear_left_over(file.path)
            drafts.append(_draft(file, model))  # those made before one fails are cleared away too
        for file in before:
            if read(file.path).digest != file.digest:
                raise ConflictError(
                    f"{file.path} was changed by someone since it was read; nothing was written, "
                    "and the next pass reads it again"
                )
        swapping = True
        for file, draft in zip(changed, drafts, strict=True):
            draft.replace(file.path)
        for folder in {file.path.parent for file in changed}:
            _make_durable(folder)
    except OSError as fault:
        swapped = swapping and not all(map(_unchanged, before))  # a share may do what it says it could not
        raise _classed(fault, changed[0].path, swapped=swapped) from None
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)


def _refuse_if_open(path: Path) -> None:
    if mark := lock_of(path):
        raise ConflictError(
            f"{path} is open elsewhere; close it there (or, if nobody has it open, delete the file {mark.name} "
            "that a crashed program left beside it)"
        )


def _refuse_if_shut(path: Path) -> None:
    if path.exists() and not os.access(path, os.W_OK):
        raise ForbiddenError(f"{path} may not be written by this account; give it the right to write it")


def _unchanged(file: File) -> bool:
    """Whether the file is for certain what it was."""
    try:
        return read(file.path).digest == file.digest
    except TrackerError:
        return False


def _clear_left_over(path: Path) -> None:
    """Take away drafts of a run that was killed before it could put them in place."""
    for draft in path.parent.glob(f".{escape(path.name)}.????????.tmp"):
        draft.unlink(missing_ok=True)


def _draft(file: File, model: Path) -> Path:
    """A durable draft of the file beside its place, with the model's mode and owner."""
    handle, name = mkstemp(prefix=f".{file.path.name}.", suffix=".tmp", dir=file.path.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(file.data or b"")
            stream.flush()
            shutil.copystat(model, draft)
            _copy_owner(model, draft)
            os.utime(draft)
            os.fsync(stream.fileno())
    except OSError:
        draft.unlink()
        raise
    return draft


def _copy_owner(like: Path, draft: Path) -> None:
    wanted, present = like.stat(), draft.stat()
    if wanted.st_gid != present.st_gid:
        with suppress(PermissionError):  # only a member of the group may give to it; the mode still holds
            os.chown(draft, -1, wanted.st_gid)
    if wanted.st_uid != present.st_uid:
        with suppress(PermissionError):  # only root may give a file away; editors replace it the same way
            os.chown(draft, wanted.st_uid, -1)
    draft.chmod(wanted.st_mode & 0o7777)


def _make_durable(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as fault:
        if fault.errno not in _NO_SUCH_THING:
            raise
    finally:
        os.close(handle)


def _classed(fault: OSError, path: Path, *, swapped: bool) -> Exception:
    if swapped:
        return LostAnswerError(f"{path} was replaced at least in part, and is not sure to last: {fault.strerror}")
    if isinstance(fault, FileNotFoundError):
        return ConflictError(f"{path} was moved or deleted since it was read; nothing was written")
    if isinstance(fault, PermissionError):
        return ForbiddenError(
            f"{path.parent} does not let this account make files; "
            f"to replace {path.name} safely it needs that right"
        )
    return WorkbookError(f"{path} could not be written: {fault.strerror}; nothing of it was changed")
