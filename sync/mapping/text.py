"""The text of a file that people edit; what cannot be read is told with its remedy."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from sync.mapping.wording import near

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 5_000_000
"""Bytes. A mapping of 5,000 lines has about 200,000 *(ours)*."""

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class IllegibleError(Exception):
    """A file without usable text: why, and where (line 0: nowhere in particular)."""

    def __init__(self, what: str, line: int = 0, column: int = 0) -> None:
        self.what, self.line, self.column = what, line, column
        super().__init__(what)


def content(path: Path) -> bytes:
    """What the file holds. IllegibleError if it is missing, forbidden, no file, or larger than `LARGEST`."""
    try:
        if not path.is_file():
            raise IllegibleError("is no file; name the file itself" if path.exists() else _missing(path))
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        remedy = "; let the account that runs this read it" if isinstance(error, PermissionError) else ""
        raise IllegibleError(f"cannot be read: {(error.strerror or 'unknown reason').lower()}{remedy}") from None
    if len(raw) > LARGEST:
        raise IllegibleError(f"is larger than {LARGEST // 1_000_000} MB; is it the right file?")
    return raw


def decoded(raw: bytes) -> str:
    r"""The text, lines ending in `\n`, without a byte order mark. IllegibleError if it is not UTF-8."""
    if raw.startswith(_UTF_16) or b"\0" in raw[:4]:
        raise IllegibleError("this file is UTF-16; save it as UTF-8", 1, 1)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].removeprefix(codecs.BOM_UTF8)
        start = before.rpartition(b"\n")[2].decode(errors="replace")
        raise IllegibleError(
            f"byte {error.start} ({raw[error.start]:#04x}) is not UTF-8 (is it Latin-1?); save the file as UTF-8",
            before.count(b"\n") + 1,
            len(start) + 1,
        ) from None
    return text.replace("\r\n", "\n")


def _missing(path: Path) -> str:
    beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
    if not path.parent.is_dir():
        return f"no such file, nor its folder {path.parent.name}; look at the path"
    meant = near(path.name, (name for name in beside if name.endswith(path.suffix)))
    return "no such file" + (f"; did you mean {meant!r}?" if meant else "; create it or correct its name")
