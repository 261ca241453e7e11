"""A small threaded HTTP/1.1 server on the loopback that the trackers' fakes build on: log, clock, faults."""

from __future__ import annotations

import json
import re
import socket
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Self, assert_never
from urllib.parse import parse_qs, unquote

from fakes.faults import DropAfter, DropBefore, Fault, HalfBody, Hang, Late, Reply, Script

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

_JSON = "application/json;charset=UTF-8"


class NotJSON(str):
    """The body of a request that said something other than JSON, or said JSON and was none."""

    __slots__ = ()


class Request(NamedTuple):
    """What a client sent: header names in lower case, the path decoded, `body` parsed JSON, `NotJSON` or None."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any

    def one(self, name: str, default: str = "") -> str:
        """Return the first value of a query parameter."""
        return self.query.get(name, [default])[0]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a fake says: `body` is JSON-able, or ready bytes (sent as they are), or None for no content."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = _JSON

    def payload(self) -> bytes:
        """Return the bytes of the body."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        written = json.dumps(self.body, ensure_ascii=False, separators=(",", ":"))
        return written.encode(errors="backslashreplace")  # which is how JSON writes half a letter


class Exchange(NamedTuple):
    """A request that the fake itself dealt with (no fault's reply), and its answer, delivered or not."""

    request: Request
    status: int
    payload: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON has no narrower type
        """The answer's body as JSON; None when it had none."""
        return json.loads(self.payload) if self.payload else None


class FakeServer(ABC):
    """Serve `answer` on http://127.0.0.1:port until closed; use it as a context manager.

    `answer` runs under one lock, so a fake's state needs none of its own; a test that changes state while a
    client works holds `lock` too. `log` has every request that arrived, faulted ones included, in order;
    `exchanges` those the fake dealt with. `latency` is real seconds before each answer, outside the lock.
    With `check`, each exchange is shown to it as it happens. What it raises, and any fault in the fake's own
    code, is kept in `broken` and raised when the `with` block ends: a fake that is wrong fails its test.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        latency: float = 0.0,
        now: datetime | None = None,
        check: Callable[[Exchange], None] | None = None,
        keep_log: bool = True,
    ) -> None:
        self.latency = latency
        self.check = check
        self.log: list[Request] = []
        self.exchanges: list[Exchange] = []
        self.broken: list[Exception] = []
        self.lock = threading.RLock()
        self._keep_log = keep_log
        self._now = now
        self._scripts: list[Script] = []
        self._late: list[tuple[datetime | None, Request]] = []
        self._closing = threading.Event()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self._acceptor = threading.Thread(target=self._accept, name="fake-acceptor", daemon=True)
        self._acceptor.start()

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """Do what the request asks and return the answer."""

    @property
    def port(self) -> int:
        """The port listened on."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """The base address, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    # --- the fake's own clock -----------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The fake's time (aware, UTC): real until it is set, then still but for `advance`."""
        return self._now or datetime.now(UTC)

    @now.setter
    def now(self, moment: datetime) -> None:
        with self.lock:
            self._apply_due(moment)
            self._now = moment.astimezone(UTC)

    def advance(self, seconds: float) -> None:
        """Move the clock on (and stop it, if it was real time)."""
        self.now = self.now + timedelta(seconds=seconds)

    # --- faults -------------------------------------------------------------------------------------------

    def script(
        self,
        fault: Fault,
        *,
        method: str = ".*",
        path: str = "",
        body: str = "",
        times: int = 1,
        skip: int = 0,
    ) -> Script:
        """Let `fault` meet the next `times` requests, after `skip` others, whose method, path and body match.

        `method` is a regex for the whole method, `path` one searched in the path (without the query), `body` one
        searched in the body as JSON. Faults are tried in the order they were scripted.
        """
        entry = Script(fault, re.compile(method), re.compile(path), re.compile(body), times, skip)
        with self.lock:
            self._scripts.append(entry)
        return entry

    def release(self) -> list[Answer]:
        """Do now what `Late` held back, in order of arrival; return what the answers would have been."""
        with self.lock:
            held, self._late = self._late, []
            return [self._apply(request) for _, request in held]

    # --- life ---------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Stop listening, cut every connection, and wait for the threads."""
        self._closing.set()
        self._shut(self._listener)
        self._acceptor.join()
        self._listener.close()
        with self.lock:
            open_now = list(self._connections.items())
        for connection, _ in open_now:
            self._shut(connection)
        for _, thread in open_now:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if self.broken and error is None:
            raise ExceptionGroup(f"{type(self).__name__} broke its contract", self.broken)

    @staticmethod
    def _shut(connection: socket.socket) -> None:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the client was quicker: nothing is left to shut

    # --- the wire -----------------------------------------------------------------------------------------

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed: accept has no other way to end
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(connection,), name="fake-connection", daemon=True)
            with self.lock:
                self._connections[connection] = thread
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                keep_open = True
                while keep_open and not self._closing.is_set() and (request := read_request(stream)):
                    wire, keep_open = self._meet(request)
                    connection.sendall(wire)
        except ConnectionError:
            return  # the client hung up, as clients may
        finally:
            with self.lock:
                self._connections.pop(connection, None)

    def _meet(self, request: Request) -> tuple[bytes, bool]:
        """Return the bytes to send, and whether the connection goes on after them."""
        if self.latency and self._closing.wait(self.latency):
            raise ConnectionAbortedError("the server is gone, and what was on its way to it")
        with self.lock:
            if self._keep_log:
                self.log.append(request)
            self._apply_due(self.now)
            fault = next((entry.fault for entry in self._scripts if entry.meets(request)), None)
            wire = self._strike(fault, request) if fault else (self._wire(self._apply(request)), True)
        if isinstance(fault, Hang):
            self._closing.wait(fault.seconds)
        return wire

    def _strike(self, fault: Fault, request: Request) -> tuple[bytes, bool]:
        match fault:
            case Reply(status, body, headers, content_type, applied, late):
                self._heed(request, applied=applied, late=late)
                return self._wire(Answer(status, body, headers, content_type)), True
            case HalfBody(applied, late):
                answer = self._heed(request, applied=applied, late=late) or Answer(201, {"id": "never told"})
                wire = self._wire(answer)
                body_at = wire.index(b"\r\n\r\n") + 4
                return wire[: (body_at + len(wire)) // 2], False
            case Late(None):
                self._late.append((None, request))
            case Late(late):
                self._heed(request, applied=False, late=late)
            case Hang(_, applied, late):
                self._heed(request, applied=applied, late=late)
            case DropAfter():
                self._apply(request)
            case DropBefore():
                pass
            case _:
                assert_never(fault)
        return b"", False

    def _heed(self, request: Request, *, applied: bool, late: float | None) -> Answer | None:
        """Do what was asked now, later or never; the true answer if it was now."""
        if late is not None:
            self._late.append((self.now + timedelta(seconds=late), request))
        return self._apply(request) if applied and late is None else None

    def _apply_due(self, moment: datetime) -> None:
        for due, request in [entry for entry in self._late if entry[0] and entry[0] <= moment]:
            self._late.remove((due, request))
            self._now = self._now and due  # a clock that was set stands at the instant of the write
            self._apply(request)

    def _apply(self, request: Request) -> Answer:
        try:
            answer = self.answer(request)
            answer = replace(answer, body=answer.payload())
        except Exception as error:  # noqa: BLE001 - kept, and raised in the test's own thread
            self.broken.append(error)
            return Answer(500, {"errorMessages": [f"the fake itself failed: {error!r}"]})
        self._note(Exchange(request, answer.status, answer.body))
        return answer

    def _note(self, exchange: Exchange) -> None:
        if self._keep_log:
            self.exchanges.append(exchange)
        if self.check:
            try:
                self.check(exchange)
            except Exception as error:  # noqa: BLE001 - likewise; the client gets the answer all the same
                self.broken.append(error)

    def _wire(self, answer: Answer) -> bytes:
        payload = answer.payload()
        head = [
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
            f"Date: {format_datetime(self.now, usegmt=True)}",
            *(f"{name}: {value}" for name, value in answer.headers.items()),
        ]
        if answer.status != HTTPStatus.NO_CONTENT:
            head += [f"Content-Type: {answer.content_type}", f"Content-Length: {len(payload)}"]
        return "\r\n".join((*head, "", "")).encode("latin-1") + payload


def read_request(stream: BinaryIO) -> Request | None:
    """Read one request; None when the client has ended the connection."""
    line = stream.readline()
    if not line.strip():
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    raw = stream.read(int(headers.get("content-length", "0")))
    path, _, query = target.partition("?")
    kind = headers.get("content-type", "")
    return Request(method, unquote(path), parse_qs(query, keep_blank_values=True), headers, _parsed(raw, kind))


def _parsed(raw: bytes, kind: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    if not raw:
        return None
    if "json" in kind:
        try:
            return json.loads(raw)
        except ValueError:
            return NotJSON(raw.decode("utf-8", "replace"))
    return NotJSON(raw.decode("utf-8", "replace"))
