"""How it is, for whoever asks on this machine: `/metrics`, `/healthz` (alive) and `/readyz` (served lately)."""

from __future__ import annotations

import logging
import socket
import threading
import time
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, Self

from sync.errors import MakegoodError
from sync.legible import counted
from sync.secrecy import trace

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sync.settings import Settings
    from sync.state.archive import Archive
    from sync.trackers.sources import Source

SOONEST = timedelta(minutes=15)
"""A source is ready for at least this long after a good pass *(ours)*."""
INTERVALS, NIGHTS = 3, 2
"""So many intervals, by day and off hours, may go by after it *(ours)*: one pass that fails alarms nobody."""

PATIENCE = 5.0
"""Seconds within which a request has to be here, and its answer to be taken."""
LARGEST = 8192
"""Bytes of a request's head."""
MOST = 8
"""Requests that are answered side by side; further ones are turned away."""

PLAIN = "text/plain; charset=utf-8"
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


class UnservedError(MakegoodError):
    """Nobody can ask how it is; all else goes on."""


# --- is it ready? -----------------------------------------------------------------------------------------------


def ready_after(source: Source, settings: Settings) -> timedelta:
    """The age of a source's last good pass from which on it counts as not served."""
    if settings.metrics and settings.metrics.ready_after:
        return settings.metrics.ready_after.elapsed()
    days = (source.interval or settings.interval).elapsed()
    nights = (source.interval_off_hours or settings.interval_off_hours).elapsed()
    return max(INTERVALS * days, NIGHTS * nights, SOONEST)


def unready(settings: Settings, store: Archive, now: datetime) -> str:
    """The sources that were not served lately, and since when; empty if all were."""
    late = []
    for source in settings.source:
        good, allowed = store.source(source.name).last_good, ready_after(source, settings)
        if good is None:
            late.append(f"{source.name}: no good pass yet")
        elif now - good > allowed:
            late.append(
                f"{source.name}: last good pass {_minutes(now - good)} ago, allowed are {_minutes(allowed)}"
            )
    return "\n".join(late)


def _minutes(span: timedelta) -> str:
    return counted(round(span.total_seconds() / 60), "minute")


# --- answering --------------------------------------------------------------------------------------------------


class Answer(NamedTuple):
    """What is said to one request."""

    status: HTTPStatus
    body: bytes
    kind: str = PLAIN

    def head(self) -> bytes:
        """The lines before the body."""
        lines = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            f"Content-Type: {self.kind}",
            f"Content-Length: {len(self.body)}",
            "Cache-Control: no-store",
            "Connection: close",
        ]
        if self.status is HTTPStatus.METHOD_NOT_ALLOWED:
            lines.append("Allow: GET, HEAD")
        return "\r\n".join([*lines, "", ""]).encode("ascii")


class Pages:
    """What stands at each address.

    `metrics` makes the figures; `alive` and `ready` tell what is wrong, empty if nothing is. Any of them may raise
    a MakegoodError, which is answered as one that is wrong.
    """

    def __init__(self, metrics: Callable[[], bytes], alive: Callable[[], str], ready: Callable[[], str]) -> None:
        self._pages = {
            "/metrics": lambda: Answer(HTTPStatus.OK, metrics(), EXPOSITION),
            "/healthz": lambda: _verdict(alive()),
            "/readyz": lambda: _verdict(ready()),
        }

    def answer(self, request: bytes) -> Answer:
        """The answer to a request by its first line."""
        words = request.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return _said(HTTPStatus.BAD_REQUEST)
        page = self._pages.get(words[1].partition("?")[0])
        if page is None:
            return _said(HTTPStatus.NOT_FOUND)
        if words[0] not in {"GET", "HEAD"}:
            return _said(HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            return page()
        except MakegoodError as error:
            return _verdict(str(error))
        except Exception as error:  # noqa: BLE001 - one question's oddity must end nothing; it is told in full
            _unexpected(error)
            return _said(HTTPStatus.INTERNAL_SERVER_ERROR)


def _unexpected(error: Exception) -> None:
    logging.getLogger("makegood").error("unexpected fault\n%s", trace(error))


def _verdict(wrong: str) -> Answer:
    status = HTTPStatus.SERVICE_UNAVAILABLE if wrong else HTTPStatus.OK
    return Answer(status, f"{wrong or 'ok'}\n".encode())


def _said(status: HTTPStatus) -> Answer:
    return Answer(status, f"{status.phrase}\n".encode())


# --- serving ----------------------------------------------------------------------------------------------------


class Listener:
    """Listens until it is closed; a thread of its own gives each request to one of at most `MOST` others."""

    def __init__(self, host: str, port: int, pages: Pages, patience: float) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=4 * MOST)
        self.port = int(self._socket.getsockname()[1])
        self._pages, self._patience = pages, patience
        self._free, self._closed = threading.BoundedSemaphore(MOST), threading.Event()
        self._thread = threading.Thread(target=self._listen, name="health", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._closed.set()
        self._socket.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for a request
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:  # closed, or no file handle is free for a while
                self._closed.wait(1)
                continue
            if self._free.acquire(blocking=False):
                threading.Thread(target=self._answer, args=(connection,), name="answer", daemon=True).start()
            else:
                connection.close()

    def _answer(self, connection: socket.socket) -> None:
        """Answer once, however slow the other side is; if it goes, or sends nothing, so be it."""
        try:
            with connection, suppress(OSError):
                request = _request(connection, time.monotonic() + self._patience)
                answer = self._pages.answer(request)
                connection.settimeout(self._patience)
                connection.sendall(answer.head() + (b"" if request.startswith(b"HEAD ") else answer.body))
        finally:
            self._free.release()


def _request(connection: socket.socket, until: float) -> bytes:
    """The head of a request; empty if it is too long. TimeoutError if it is not here by then."""
    told = b""
    while b"\r\n\r\n" not in told and len(told) < LARGEST:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        piece = connection.recv(LARGEST - len(told))
        if not piece:
            break
        told += piece
    return told if b"\r\n\r\n" in told else b""


def serve(host: str, port: int, pages: Pages, patience: float = PATIENCE) -> Listener:
    """Answer at this address of this machine from now on. UnservedError, with the remedy, if that cannot be."""
    try:
        return Listener(host, port, pages, patience)
    except OSError as fault:
        why = (fault.strerror or "").partition(" (while")[0]  # the rest of it says again where
        raise UnservedError(
            f"[metrics] listen: port {port} of {host} cannot be had ({why}); name another one, "
            f"or end the program that holds it (`ss -ltnp sport = :{port}` names it) and start again"
        ) from None
