"""Where a process can die: the seams of a run, wrapped in a forked process that kills itself at one of them."""

from __future__ import annotations

import os
import pickle
import re
import signal
import socket
import sqlite3
import sys
import threading
import traceback
import warnings
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from typing import TYPE_CHECKING, Any, NamedTuple

from sync.state.statefile import copied
from sync.state.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fakes.server import FakeServer

    from sync.trackers.base import Tracker

WRITES = ("edit", "comment", "follow_up", "batch")
"""The methods of an adapter that write."""
PATIENCE = 60.0
"""Seconds after which who waits for what will never be fails instead."""
READ_BY_POST = re.compile(r"search|bulkfetch")


class Point(NamedTuple):
    """A seam, and the how manieth time that a run comes to it."""

    seam: str
    time: int


@dataclass
class Fuse:
    """Told of every seam that is reached, it kills the process at one of them: really, by SIGKILL."""

    deadly: Point | None = None
    met: list[Point] = field(default_factory=list)
    _times: Counter[str] = field(default_factory=Counter)

    def __call__(self, seam: str) -> None:
        self._times[seam] += 1
        self.met.append(Point(seam, self._times[seam]))
        if self.met[-1] == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)


# --- seams ------------------------------------------------------------------------------------------------------


def lay(fuse: Fuse, tracker: type[Tracker]) -> None:
    """Wrap every seam of this process for good: commits of the store, writes of the tracker, of HTTP, of files."""
    _lay_to_commits(fuse)
    for name in WRITES:
        if hasattr(tracker, name):
            _lay_around(fuse, tracker, name)
    _lay_to_requests(fuse)
    for name in ("replace", "fsync", "pwrite"):
        _lay_around(fuse, os, name)


def _lay_around(fuse: Fuse, owner: object, name: str) -> None:
    true = getattr(owner, name)

    def method(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever it takes and gives
        fuse(f"{name}: before")
        answer = true(*given, **named)
        fuse(f"{name}: after")
        return answer

    setattr(owner, name, method)


def _lay_to_commits(fuse: Fuse) -> None:
    """Each commit by the name of the function that makes it, so that a new one is there by itself."""

    class Wired(sqlite3.Connection):
        """A connection that tells of the transactions made on it."""

        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:  # noqa: ANN401
            word = _transaction(statement)
            if word:
                fuse(f"{_maker()}: before {word}")
            cursor = super().execute(statement, *values)
            if word == "COMMIT":
                fuse(f"{_maker()}: after COMMIT")
            return cursor

        def executescript(self, script: str) -> sqlite3.Cursor:
            name = _maker()
            self.set_trace_callback(partial(_trace, fuse, name))
            cursor = super().executescript(script)
            self.set_trace_callback(None)
            fuse(f"{name}: after COMMIT")
            return cursor

    true = sqlite3.connect
    sqlite3.connect = partial(true, factory=Wired)  # type: ignore[assignment]
    _lay_around(fuse, Store, "close")


def _transaction(statement: str) -> str:
    """The word by which a statement begins or ends a transaction; empty for all others."""
    found = re.match(r"\s*(BEGIN|COMMIT)\b", statement)
    return found[1] if found else ""


def _trace(fuse: Fuse, name: str, statement: str) -> None:
    if word := _transaction(statement):
        fuse(f"{name}: before {word}")


def _maker() -> str:
    """The function of the product that has something committed."""
    frame = sys._getframe(1)  # noqa: SLF001 - the one way to know
    while frame.f_globals["__name__"].split(".")[0] != "sync" or frame.f_code.co_name == "_committed":
        assert frame.f_back
        frame = frame.f_back
    return frame.f_code.co_name


def _lay_to_requests(fuse: Fuse) -> None:
    """Each request that writes: before it is sent, and sent but not answered."""
    putrequest, getresponse = HTTPConnection.putrequest, HTTPConnection.getresponse
    sent: dict[HTTPConnection, str] = {}

    def put(self: HTTPConnection, method: str, url: str, *given: Any, **named: Any) -> None:  # noqa: ANN401
        if method != "GET" and not READ_BY_POST.search(url):
            sent[self] = f"{method} {_kind(url)}"
            fuse(f"{sent[self]}: before")
        putrequest(self, method, url, *given, **named)

    def get(self: HTTPConnection) -> HTTPResponse:
        if self in sent:
            fuse(f"{sent.pop(self)}: sent")
        return getresponse(self)

    HTTPConnection.putrequest, HTTPConnection.getresponse = put, get  # type: ignore[method-assign]


def _kind(url: str) -> str:
    """What a request is about: the last word of its path that is no id."""
    words = [word for word in url.partition("?")[0].split("/") if word and not word.isdecimal()]
    return words[-1]


# --- processes --------------------------------------------------------------------------------------------------


class Ended(NamedTuple):
    """How a forked process ended: killed, or with what it had to say."""

    killed: bool
    said: Any


def begun(work: Callable[[], object]) -> Callable[[], Ended]:
    """Do this work in a process forked from here; the answer waits for its end. AssertionError if it raised."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a thread of pytest-xdist is no loss
        pid = os.fork()
    if not pid:
        _do(work, writing)
    os.close(writing)
    return partial(_ended, pid, reading)


def forked(work: Callable[[], object]) -> Any:  # noqa: ANN401 - what the work gives
    """Do this work in a process forked from here, and give what it gave."""
    ended = begun(work)()
    assert not ended.killed
    return ended.said


def _do(work: Callable[[], object], writing: int) -> None:
    try:
        answer: tuple[object, str] = (work(), "")
    except BaseException:  # noqa: BLE001 - told to the process that waits
        answer = (None, traceback.format_exc())
    with os.fdopen(writing, "wb") as stream:
        pickle.dump(answer, stream)
    os._exit(0)


def _ended(pid: int, reading: int) -> Ended:
    with os.fdopen(reading, "rb") as stream:
        told = stream.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return Ended(killed=True, said=None)
    said, trace = pickle.loads(told)  # noqa: S301 - our own
    assert not trace, trace
    return Ended(killed=False, said=said)


# --- a fake that can be forked ----------------------------------------------------------------------------------


def hang_up(fake: FakeServer) -> None:
    """End the connections of callers who want nothing any more and keep them all the same."""
    with fake.lock:
        for connection in fake._connections:  # noqa: SLF001 - its wire
            connection.shutdown(socket.SHUT_RD)


def rest(fake: FakeServer) -> None:
    """Let the fake deal with all that was sent to it, and end its threads, so that the process can be forked.

    Its port stays open: who calls meanwhile waits. Everybody who called must have hung up, or died.
    """
    with _call(fake) as probe:
        probe.shutdown(socket.SHUT_WR)
        assert probe.recv(1) == b"", "hung up on, so all that called before were let in"
    _see_off(fake)
    fake._closing.set()  # noqa: SLF001 - likewise
    _call(fake).close()
    fake._acceptor.join()  # noqa: SLF001 - likewise
    _see_off(fake)


def serve(fake: FakeServer) -> None:
    """Go on after a rest, in this process or in one forked meanwhile."""
    fake._closing.clear()  # noqa: SLF001 - likewise
    fake._acceptor = threading.Thread(target=fake._accept, daemon=True)  # noqa: SLF001 - likewise
    fake._acceptor.start()  # noqa: SLF001 - likewise


def _see_off(fake: FakeServer) -> None:
    with fake.lock:
        serving = list(fake._connections.values())  # noqa: SLF001 - likewise
    for thread in serving:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "somebody who called has not hung up"


def _call(fake: FakeServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", fake.port))


# --- what a killed process leaves -------------------------------------------------------------------------------


def kept(folder: Path) -> dict[str, bytes]:
    """Every file of the folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def put_back(folder: Path, files: dict[str, bytes]) -> None:
    """The folder as it was."""
    for file in folder.iterdir():
        if file.name not in files:
            file.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data)


def left_in(state: Path) -> tuple[object, ...]:
    """All that a state file tells, without being touched: two that tell the same are as good as one."""
    lock = state.with_name(f"{state.name}.lock")
    epoch = lock.read_text("ascii").split()[1:] if lock.exists() else []
    with closing(copied(state)) as database:
        schema = database.execute("PRAGMA user_version").fetchall()
        return state.exists(), epoch, schema, [*database.iterdump()]
