"""Whether it is alive and ready, asked over a real socket; and whoever asks badly holds nobody up."""

from __future__ import annotations

import http.client
import socket
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING

import pytest
from office import Office
from passes import BEGIN

from sync.errors import ConfigurationError, StateError
from sync.monitoring.health import LARGEST, MOST, Pages, UnservedError, ready_after, serve, unready
from sync.settings import Settings, load_settings
from sync.state.records import Remembered, SourceState
from sync.state.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sync.monitoring.health import Listener

PATIENCE = 10.0


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(tmp_path, monkeypatch)


def good() -> str:
    return ""


@contextmanager
def served(pages: Pages, patience: float = 5.0) -> Iterator[Listener]:
    with serve("127.0.0.1", 0, pages, patience) as listener:
        yield listener


def pages(wrong: str = "") -> Pages:
    return Pages(lambda: b"makegood_build_info 1.0\n", good, lambda: wrong)


def asked(listener: Listener, path: str, method: str = "GET") -> tuple[int, str, dict[str, str]]:
    """Status, body and headers of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=PATIENCE)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.getheaders())
    finally:
        connection.close()


def raw(listener: Listener, sent: bytes) -> bytes:
    """Everything that comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", listener.port), timeout=PATIENCE) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(4096), b""))


def test_each_question_has_its_answer_and_nothing_else_is_there() -> None:
    with served(pages("issues: no good pass yet")) as listener:
        status, body, headers = asked(listener, "/metrics")
        assert (status, body) == (200, "makegood_build_info 1.0\n")
        assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert headers["Cache-Control"] == "no-store"
        assert asked(listener, "/metrics?name=x")[:2] == (200, body)
        assert asked(listener, "/healthz")[:2] == (200, "ok\n")
        assert asked(listener, "/readyz")[:2] == (503, "issues: no good pass yet\n")
        for path in ("/", "/metrics/", "/favicon.ico", "/../etc/passwd"):
            assert asked(listener, path)[:2] == (404, "Not Found\n")
        assert asked(listener, "/metrics", "HEAD")[:2] == (200, "")
        assert asked(listener, "/readyz", "HEAD")[0] == 503
        status, _, headers = asked(listener, "/metrics", "POST")
        assert (status, headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "sent",
    [b"", b"\r\n\r\n", b"GET /metrics\r\n\r\n", b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET /" + b"a" * 2 * LARGEST],
)
def test_what_is_no_request_is_turned_away(sent: bytes) -> None:
    with served(pages()) as listener:
        with socket.create_connection(("127.0.0.1", listener.port), timeout=PATIENCE) as connection:
            try:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                answer = connection.recv(100)
            except OSError:  # it was turned away before all of it was sent
                answer = b""
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n") or (len(sent) > LARGEST and answer == b"")
        assert asked(listener, "/healthz")[0] == 200


def test_a_state_that_cannot_be_asked_is_answered_as_unwell_and_a_fault_of_ours_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def torn() -> str:
        raise StateError("state.db is no sound state file")

    def odd() -> bytes:
        raise RuntimeError("nobody thought of this")

    with served(Pages(odd, good, torn)) as listener:
        assert asked(listener, "/readyz")[:2] == (503, "state.db is no sound state file\n")
        assert asked(listener, "/metrics")[:2] == (500, "Internal Server Error\n")
        assert asked(listener, "/healthz")[0] == 200
    assert "nobody thought of this" in caplog.text


def test_idle_clients_hold_nobody_up_for_longer_than_they_are_borne_with() -> None:
    with served(pages(), patience=0.2) as listener:
        idle = [socket.create_connection(("127.0.0.1", listener.port), timeout=PATIENCE) for _ in range(2 * MOST)]
        idle[0].sendall(b"GET /metr")
        assert [connection.recv(100) for connection in idle] == [b""] * len(idle), "each is let go of"
        assert asked(listener, "/healthz")[0] == 200
        for connection in idle:
            connection.close()


def test_while_one_answer_is_slow_the_others_come() -> None:
    release, begun = Event(), Event()

    def slow() -> bytes:
        begun.set()
        assert release.wait(PATIENCE)
        return b"late\n"

    with (
        served(Pages(slow, good, good)) as listener,
        socket.create_connection(("127.0.0.1", listener.port), timeout=PATIENCE) as waiting,
    ):
        waiting.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert begun.wait(PATIENCE)
        assert asked(listener, "/healthz")[0] == 200
        release.set()
        answer = b"".join(iter(lambda: waiting.recv(4096), b""))
    assert answer.endswith(b"\r\n\r\nlate\n")


def test_once_it_is_closed_the_port_is_free_and_while_it_is_taken_the_remedy_is_told() -> None:
    with served(pages()) as first:
        with pytest.raises(UnservedError) as caught:
            serve("127.0.0.1", first.port, pages())
        assert f"port {first.port} of 127.0.0.1 cannot be had (Address already in use)" in str(caught.value)
        assert f"`ss -ltnp sport = :{first.port}` names it" in str(caught.value)
    serve("127.0.0.1", first.port, pages()).close()
    with pytest.raises(ConnectionRefusedError):
        raw(first, b"")


# --- ready? -----------------------------------------------------------------------------------------------------


def configured(office: Office, text: str = "") -> Settings:
    office.write("config.toml", text)
    office.source("issues")
    office.source("others", interval="20m")
    return load_settings(office.folder / "config.toml")


@pytest.mark.parametrize(
    ("text", "issues", "others"),
    [
        ("", 30, 60),
        ('interval_off_hours = "5m"\n', 15, 60),
        ('interval = "1m"\ninterval_off_hours = "1m"\n', 15, 60),
        ('[metrics]\nlisten = "127.0.0.1:9477"\nready_after = "2h"\n', 120, 120),
    ],
)
def test_a_source_is_ready_for_three_intervals_or_as_long_as_you_say(
    office: Office, text: str, issues: int, others: int
) -> None:
    settings = configured(office, text)
    allowed = [ready_after(source, settings) for source in settings.source]
    assert allowed == [timedelta(minutes=issues), timedelta(minutes=others)]


def test_the_sources_that_were_not_served_lately_are_named_with_their_age(office: Office) -> None:
    settings = configured(office)
    with Store.in_memory() as store:
        assert unready(settings, store, BEGIN) == "issues: no good pass yet\nothers: no good pass yet"
        for name in ("issues", "others"):
            store.remember(name, Remembered(SourceState("site", last_good=BEGIN)))
        assert unready(settings, store, BEGIN + timedelta(minutes=30)) == ""
        told = unready(settings, store, BEGIN + timedelta(minutes=31))
        assert told == "issues: last good pass 31 minutes ago, allowed are 30 minutes"
        store.trouble("others", "away")
        assert "others" in unready(settings, store, BEGIN + timedelta(hours=2)), "trouble is no good pass"


# --- the settings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("listen", ["127.0.0.1:9477", "localhost:1", "[::1]:65535", "127.8.8.8:80"])
def test_an_address_of_this_machine_is_taken(office: Office, listen: str) -> None:
    read = configured(office, f'[metrics]\nlisten = "{listen}"\n')
    assert read.metrics is not None
    host, port = read.metrics.place or ("", 0)
    assert listen in {f"{host}:{port}", f"[{host}]:{port}"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('listen = "0.0.0.0:9477"', "config.toml:2:1: metrics.listen: other machines could ask there"),
        ('listen = "[::]:9477"', 'write "127.0.0.1:9477", and let a proxy with a login of its own'),
        ('listen = "makegood.example:80"', "nobody has to log in"),
        ('listen = "9477"', 'write an address and a port, such as "127.0.0.1:9477"'),
        ('listen = "127.0.0.1:94770"', 'write an address and a port, such as "127.0.0.1:9477"'),
        ('ready_after = "1h"', 'nobody could read them; add listen = "127.0.0.1:9477", or textfile'),
        ('lisen = "127.0.0.1:9477"', "unknown key; did you mean 'listen'?"),
    ],
)
def test_any_other_is_refused_with_the_reason(office: Office, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        configured(office, f"[metrics]\n{text}\n")
    assert told in str(caught.value)


def test_the_textfile_is_led_from_the_folder_of_the_config(office: Office) -> None:
    read = configured(office, '[metrics]\ntextfile = "figures/makegood.prom"\n')
    assert read.metrics is not None
    assert read.metrics.textfile == office.folder / "figures" / "makegood.prom"
