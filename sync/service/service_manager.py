"""What systemd is told: its protocol is one datagram to the socket that it names."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress

UNTOLD = 30 * 60.0
"""Seconds that a pass may go without progress where no watchdog says so *(ours)*, as in the shipped unit."""


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
    """Systemd's watchdog: it waits `allowed` seconds (WATCHDOG_USEC) and wants to hear each `every`."""

    def __init__(self) -> None:
        told = os.environ.get("WATCHDOG_USEC", "")
        self.allowed = int(told) / 1_000_000 if told.isdecimal() else UNTOLD
        self.every = self.allowed / 2
        self._next = 0.0

    def pet(self) -> None:
        """Tell it that there is progress, now and then."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self.every / 2
            notify("WATCHDOG=1")
