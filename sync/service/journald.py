"""systemd's journal, told in its own protocol: one datagram for each event, with a field for each fact."""

from __future__ import annotations

import json
import os
import re
import socket
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SOCKET = Path("/run/systemd/journal/socket")
PATIENCE = 1.0
"""Seconds to wait for the journal to take an event; then it goes to standard error."""
PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
"""As in syslog(3)."""


def reads(stream: IO[str]) -> bool:
    """Whether the journal is at the other end of the stream, as systemd says in $JOURNAL_STREAM."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):  # it is no file
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


class Journal:
    """A stream that takes lines of JSON, an event each, and hands each to the journal; for any number of threads.

    What the journal does not take, for it is not there or the event is too large, goes to `instead` as it is.
    """

    def __init__(self, instead: IO[str]) -> None:
        self._instead = instead
        self._address = str(SOCKET)

    def write(self, lines: str) -> None:
        """Tell of each event."""
        for line in filter(None, lines.split("\n")):
            try:
                self._send(datagram(json.loads(line)))
            except OSError:
                self._instead.write(f"{line}\n")
                self._instead.flush()

    def flush(self) -> None:
        """Nothing waits."""

    def _send(self, event: bytes) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.settimeout(PATIENCE)
            channel.sendto(event, self._address)


def datagram(event: dict[str, object]) -> bytes:
    """The event as the journal reads it: each value with its length before it, so that none can end early."""
    return b"".join(
        name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
        for name, value in ((name, text.encode("utf-8", "backslashreplace")) for name, text in _fields(event))
    )


def _fields(event: dict[str, object]) -> Iterator[tuple[str, str]]:
    facts = {name: _text(each) for name, each in event.items() if name not in {"event", "level", "timestamp"}}
    trace = facts.pop("exception", "")
    told = " ".join(f"{name}={value}" for name, value in facts.items())
    yield "MESSAGE", "\n".join(filter(None, (f"{_text(event.get('event', ''))} {told}".rstrip(), trace)))
    yield "PRIORITY", str(PRIORITIES.get(str(event.get("level")), 6))
    yield "SYSLOG_IDENTIFIER", "makegood"
    for name, value in facts.items():
        yield f"MAKEGOOD_{re.sub(r'[^A-Z0-9_]', '_', name.upper())}", value


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
