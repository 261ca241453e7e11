"""The log: a line or a journal entry for each event, with the facts of its own thread and no secret in it."""

from __future__ import annotations

import io
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from office import LATE, Office

from sync.logs import configure
from sync.secrecy import keep
from sync.service import journald
from sync.service.journald import datagram

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "s3cret-never-shown"
FIELDS = st.dictionaries(st.sampled_from(["source", "run", "ticket", "first failed", "é"]), st.text())


class Journal:
    """The receiving end of systemd's journal: a real datagram socket, and its wire format read by the book."""

    def __init__(self, address: Path) -> None:
        self.channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.channel.bind(str(address))
        self.channel.settimeout(10)

    def entry(self) -> dict[str, str]:
        """The next entry."""
        return fields(self.channel.recv(1 << 20))

    def entries(self, count: int) -> list[dict[str, str]]:
        return [self.entry() for _ in range(count)]


def fields(sent: bytes) -> dict[str, str]:
    """The fields of one datagram, each either `NAME=value` or a name, a length and so many bytes."""
    found = {}
    while sent:
        head, _, rest = sent.partition(b"\n")
        if b"=" in head:
            name, _, value = head.partition(b"=")
            sent = rest
        else:
            name, length = head, int.from_bytes(rest[:8], "little")
            value, sent = rest[8 : 8 + length], rest[8 + length :]
            assert sent.startswith(b"\n")
            sent = sent[1:]
        assert name.decode() not in found
        found[name.decode()] = value.decode()
    return found


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    address = tmp_path / "journal"
    monkeypatch.setattr(journald, "SOCKET", address)
    made = Journal(address)
    yield made
    made.channel.close()


@pytest.fixture(autouse=True)
def _unconfigured() -> Iterator[None]:
    """What a test configures ends with it."""
    yield
    structlog.reset_defaults()
    logging.getLogger("makegood").handlers = []


def test_an_event_is_an_entry_with_a_field_for_each_fact(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("journal")
    structlog.get_logger("makegood").bind(source="issues", run="0a1b").warning(
        "ticket failed", ticket="T-1", tries=2
    )
    assert journal.entry() == {
        "MESSAGE": "ticket failed source=issues run=0a1b ticket=T-1 tries=2",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "makegood",
        "MAKEGOOD_SOURCE": "issues",
        "MAKEGOOD_RUN": "0a1b",
        "MAKEGOOD_TICKET": "T-1",
        "MAKEGOOD_TRIES": "2",
    }
    assert capsys.readouterr().err == ""


@given(FIELDS, st.text())
def test_no_text_ends_a_field_early_or_makes_one_of_its_own(facts: dict[str, str], event: str) -> None:
    evil = "x\nPRIORITY=0\nMAKEGOOD_SOURCE=other\n"
    read = fields(datagram({**facts, "event": event + evil, "level": "info", "why": evil}))
    assert read["PRIORITY"] == "6"
    assert read["MAKEGOOD_WHY"] == evil
    assert read.get("MAKEGOOD_SOURCE") == (whole(facts["source"]) if "source" in facts else None)
    assert all(name.isascii() and name.replace("_", "").isalnum() and name.isupper() for name in read)


def whole(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def test_threads_at_work_side_by_side_tell_of_their_own_pass_alone(journal: Journal) -> None:
    configure("journal")
    start = threading.Barrier(4)

    def lane(name: str) -> None:
        with structlog.contextvars.bound_contextvars(source=name, run=f"run of {name}"):
            for number in range(5):
                start.wait(10)
                structlog.get_logger("makegood").info("pass", number=number)
                logging.getLogger("makegood").warning("library %s", name)

    threads = [threading.Thread(target=lane, args=(f"lane{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    told = journal.entries(4 * 5 * 2)
    for thread in threads:
        thread.join()
    assert {each["MAKEGOOD_SOURCE"] for each in told} == {f"lane{number}" for number in range(4)}
    assert all(each["MAKEGOOD_RUN"] == f"run of {each['MAKEGOOD_SOURCE']}" for each in told)
    from_libraries = [each for each in told if each["MESSAGE"].startswith("library")]
    assert all(each["MESSAGE"].startswith(f"library {each['MAKEGOOD_SOURCE']} ") for each in from_libraries)
    assert len(from_libraries) == 20
    structlog.get_logger("makegood").info("after")
    assert "MAKEGOOD_SOURCE" not in journal.entry()


def test_no_secret_and_no_variable_reaches_the_journal_and_a_trace_is_whole(journal: Journal) -> None:
    configure("journal", verbose=True)
    keep(SECRET)
    try:
        raise RuntimeError(f"header {SECRET}")  # noqa: TRY301 - the trace is wanted
    except RuntimeError:
        structlog.get_logger("makegood").exception("unexpected", header={"Authorization": SECRET})
        logging.getLogger("makegood").exception("unexpected %s", SECRET)
    for entry in journal.entries(2):
        assert SECRET not in json.dumps(entry)
        assert entry["PRIORITY"] == "3"
        assert "\nRuntimeError: header (hidden)" in entry["MESSAGE"]
        assert "Traceback" in entry["MESSAGE"]


@pytest.mark.parametrize(("text", "listening"), [("x", False), ("x" * 400_000, True)], ids=["nobody", "too large"])
def test_what_the_journal_does_not_take_goes_to_standard_error_as_json(
    text: str, journal: Journal, capsys: pytest.CaptureFixture[str], *, listening: bool
) -> None:
    if not listening:
        journal.channel.close()
    configure("journal")
    structlog.get_logger("makegood").info("pass", why=text, run="1")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line).items() >= {"event": "pass", "why": text, "run": "1", "level": "info"}.items()


def test_it_finds_out_by_itself_that_the_journal_reads_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, monkeypatch)
    office.source()
    office.issues(LATE)
    journal, (ours, theirs) = Journal(tmp_path / "journal"), socket.socketpair()
    found = os.fstat(theirs.fileno())
    for stream in (f"{found.st_dev}:{found.st_ino}", f"{found.st_dev}:1"):
        ran = subprocess.run(
            [sys.executable, "-c", LISTENED_TO, str(tmp_path / "journal"), "daemon", "--passes", "1"],
            cwd=tmp_path,
            env={**os.environ, "JOURNAL_STREAM": stream},
            stderr=theirs.fileno(),
            check=False,
        )
        assert ran.returncode == 0
    entries = journal.entries(3)
    theirs.close()
    lines = b"".join(iter(lambda: ours.recv(1 << 16), b"")).decode().splitlines()
    ours.close()
    journal.channel.close()
    passed = next(each for each in entries if each["MESSAGE"].startswith("pass "))
    assert (passed["MAKEGOOD_SOURCE"], len(passed["MAKEGOOD_RUN"])) == ("issues", 12)
    assert sum(json.loads(line)["event"] == "pass" for line in lines) == 1


LISTENED_TO = """
import sys
from pathlib import Path
from sync import cli
from sync.service import journald

journald.SOCKET = Path(sys.argv.pop(1))
cli.main()
"""


@pytest.mark.parametrize(
    ("terminal", "no_colour", "coloured"), [(True, "", True), (True, "1", False), (False, "", False)]
)
def test_lines_are_coloured_on_a_terminal_alone_and_not_where_nobody_wants_colours(
    monkeypatch: pytest.MonkeyPatch, *, terminal: bool, no_colour: str, coloured: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_colour)
    reader, writer = os.openpty() if terminal else os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        configure("console")
        structlog.get_logger("makegood").warning("ticket failed", ticket="T-1")
        stream.flush()
        line = os.read(reader, 1 << 16).decode()
    os.close(reader)
    assert "ticket failed" in line
    assert ("\x1b" in line) is coloured


def test_a_stream_that_is_no_file_is_not_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "1:1")
    assert not journald.reads(io.StringIO())


def test_it_may_be_said_in_the_config_or_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, monkeypatch)
    office.write("config.toml", 'log = "jurnal"\n')
    office.source()
    assert "did you mean 'journal'?" in office.run("check").err
    office.write("config.toml", office.read("config.toml").replace("jurnal", "journal"))
    assert office.run("check").status == 0
