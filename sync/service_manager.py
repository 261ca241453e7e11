"""What systemd is told: its protocol is one datagram to the socket that it names."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_OFTEN_ENOUGH = 60.0


def notify(words: str) -> None:
    """Tell systemd, where it started us with Type=notify."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.settimeout(0)
        channel.connect("\0" + address[1:] if address.startswith("@") else address)
        with suppress(BlockingIOError):  # a receiver that does not read must not keep us from stopping
            channel.send(words.encode())


class Watchdog:
    """Tells systemd's watchdog of progress: only while everybody who is at work shows some.

    `every`: seconds after which it wants to hear, half of what it allows (WATCHDOG_USEC).
    """

    def __init__(self) -> None:
        allowed = os.environ.get("WATCHDOG_USEC", "")
        self.every = int(allowed) / 2_000_000 if allowed.isdecimal() else _OFTEN_ENOUGH
        self._next = 0.0

    def heed(self, beaten: Sequence[float]) -> None:
        """Tell it, unless somebody at work has shown no progress for as long as it waits; in monotonic seconds."""
        now = time.monotonic()
        if now >= self._next and all(now - each < 2 * self.every for each in beaten):
            self._next = now + self.every / 2
            notify("WATCHDOG=1")
