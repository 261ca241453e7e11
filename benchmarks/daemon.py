"""What a running daemon takes, in docs/performance.md: at rest with 20 sources, and over seven simulated days.

The fakes are in this process, so all that is counted is the daemon's own. At rest it is the installed command, and
the trackers speak TLS as real ones do, with an authority made for the run beside the usual ones.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fakes.asana import AsanaFake  # noqa: E402 - found beside the tests
from fakes.jira_cloud import EMAIL, JiraCloud  # noqa: E402
from fakes.jira_samples import issues  # noqa: E402
from fakes.server import FakeServer  # noqa: E402
from long_run import LongRun, Used, unit_environment  # noqa: E402
from office import HEADER, table  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

JIRAS, ASANAS, BOOKS, TICKETS = 8, 6, 6, 50
SOURCES = JIRAS + ASANAS + BOOKS
INTERVAL = 300.0
"""Seconds: the default, kept off hours too, so that the hour of the day makes no difference."""
WINDOW = INTERVAL
HANGS_UP = 60.0
"""Seconds after which a fake ends a connection on which nothing is asked, as a tracker's front does."""
PATIENCE = 180.0
DAYS = 7
WARM = 12
"""Hours after which caches are filled."""
SECTIONS = ("New", "Doing", "Waiting", "Resolved", "Done")
CONFIG = """
interval = "{rest}"
interval_off_hours = "{rest}"
log = "json"
[metrics]
listen = "127.0.0.1:{port}"
"""
MAPPINGS = {
    "jira.toml": """
[fields]
client = "Client"
priority = "Priority"
[status]
open = ["Open", "Reopened"]
in_progress = ["In Progress"]
waiting = ["Waiting for client"]
resolved = ["Resolved"]
closed = ["Closed"]
[people]
everyone_else = "staff"
[contact]
any_staff_comment = true
""",
    "asana.toml": """
[fields]
client = "Client"
[status]
open = ["New"]
in_progress = ["Doing"]
waiting = ["Waiting"]
resolved = ["Resolved"]
closed = ["Done"]
[people]
everyone_else = "staff"
[contact]
any_staff_comment = true
""",
}
TRUSTING = """
import certifi, sys
bundle = sys.argv.pop(1)
certifi.where = lambda: bundle
from sync.cli import main
main()
"""
"""The command, for which the run's own authority is one of the usual ones."""


class Row(NamedTuple):
    """A figure and its goal."""

    what: str
    figure: str
    goal: str


# --- trackers that speak TLS ----------------------------------------------------------------------------------


class Sealed(FakeServer):
    """Speaks TLS, and hangs up on who asks nothing for a while."""

    seal: ssl.SSLContext

    @property
    def url(self) -> str:
        """The base address, without a slash at its end."""
        return f"https://127.0.0.1:{self.port}"

    def _serve(self, connection: socket.socket) -> None:
        with suppress(ssl.SSLError, TimeoutError), self.seal.wrap_socket(connection, server_side=True) as sealed:
            sealed.settimeout(HANGS_UP)
            with self.lock:
                self._connections[sealed] = self._connections.pop(connection)
            super()._serve(sealed)


class SealedJira(Sealed, JiraCloud):
    """Jira Cloud."""


class SealedAsana(Sealed, AsanaFake):
    """Asana."""


def authority(folder: Path) -> Path:
    """A certificate for this machine, which the fakes show; returns the file of all authorities to be trusted."""
    import certifi  # noqa: PLC0415 - only here

    key, certificate, bundle = folder / "key.pem", folder / "certificate.pem", folder / "bundle.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    bundle.write_bytes(Path(certifi.where()).read_bytes() + certificate.read_bytes())
    Sealed.seal = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    Sealed.seal.load_cert_chain(certificate, key)
    return bundle


# --- a firm with 20 sources -----------------------------------------------------------------------------------


def jira(number: int) -> tuple[SealedJira, dict[str, object]]:
    """A site, and its source."""
    fake = SealedJira(limits=False, keep_log=False)
    for issue in issues(TICKETS):
        fake.load(issue)
    client = fake.add_field("Client")
    for at, known in enumerate(fake.site.issues.values()):
        known.fields[client] = f"Client {number}-{at % 5}"
    fake.reindex()
    return fake, {
        "name": f"jira-{number}",
        "tracker": "jira",
        "url": fake.url,
        "email": EMAIL,
        "projects": ["OPS"],
    }


def asana(fake: AsanaFake, number: int) -> dict[str, object]:
    """A project, as a source."""
    project = fake.add_project(f"Project {number}", sections=SECTIONS)
    fake.add_field(project, "Client", "text")
    now = datetime.now(UTC)
    for at in range(TICKETS):
        fake.create_task(
            project,
            "The invoice names hours that we did not agree to",
            section=SECTIONS[at % len(SECTIONS)],
            at=now - timedelta(days=3, hours=at),
            fields={"Client": f"Client {number}-{at % 5}"},
        )
    return {"name": f"asana-{number}", "tracker": "asana", "url": fake.host, "projects": [project]}


def book(folder: Path, number: int) -> dict[str, object]:
    """A list of issues, every second one as Excel writes it."""
    rows = [
        {
            "ID": f"T-{number}-{at}",
            "Client": f"Client {number}-{at % 5}",
            "Title": "The delivery promised for Friday has not arrived",
            "Status": "Open" if at % 3 else "Closed",
            "Created": "2026-03-02 09:00",
        }
        for at in range(TICKETS)
    ]
    cells = [[*HEADER], *([row.get(name, "") for name in HEADER] for row in rows)]
    path = folder / f"book-{number}.{'xlsx' if number % 2 else 'csv'}"
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(cells)
    else:
        from openpyxl import Workbook  # noqa: PLC0415 - not for a csv

        made = Workbook(write_only=True)
        sheet = made.create_sheet()
        for line in cells:
            sheet.append(line)
        made.save(path)
    return {"name": f"book-{number}", "tracker": "workbook", "path": path.name}


def free_port() -> int:
    """One on which nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as asked:
        port: int = asked.getsockname()[1]
        return port


@contextmanager
def firm(folder: Path) -> Iterator[dict[str, str]]:
    """Its trackers, its config and mapping files; yields the tokens as the environment holds them."""
    mappings = folder / "mappings"
    mappings.mkdir()
    for each in (ROOT / "mappings").iterdir():
        if each.name not in MAPPINGS:
            (mappings / each.name).symlink_to(each)
    for name, text in MAPPINGS.items():
        (mappings / name).write_text(text, encoding="utf-8")
    with ExitStack() as held:
        sites = [jira(number) for number in range(JIRAS)]
        workspace = held.enter_context(SealedAsana(keep_log=False))
        tokens = {
            f"MAKEGOOD_JIRA-{number}_TOKEN": held.enter_context(fake).token
            for number, (fake, _) in enumerate(sites)
        }
        sources = [source for _, source in sites]
        sources += [asana(workspace, number) | {"requests_per_minute": 1500} for number in range(ASANAS)]
        sources += [book(folder, number) for number in range(BOOKS)]
        usual = {"mode": "full", "readers": "staff", "zone": "Europe/Berlin"}
        head = CONFIG.format(rest=f"{INTERVAL:.0f}s", port=free_port())
        guard = "guard = { actions = 100000, client_comments = 100000, unclassified = 1.0 }\n\n"
        told = "".join(table("source", source | usual) + guard for source in sources)
        (folder / "config.toml").write_text(head + told, encoding="utf-8")
        yield {name.replace("-", "_"): token for name, token in tokens.items()} | {
            f"MAKEGOOD_ASANA_{number}_TOKEN": workspace.token for number in range(ASANAS)
        }


# --- what is measured -----------------------------------------------------------------------------------------


class Log:
    """What the daemon has told by now."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def passes(self) -> list[dict[str, object]]:
        """Every pass over a source."""
        lines = map(json.loads, self._path.read_text(encoding="utf-8").splitlines())
        return [line for line in lines if line["event"] == "pass"]

    def until(self, times: int) -> None:
        """Wait until each source was served so many times."""
        last = time.monotonic() + PATIENCE + times * INTERVAL * 1.1
        while sorted(Counter(line["source"] for line in self.passes()).values())[-SOURCES:][:1] < [times]:
            assert time.monotonic() < last, self._path.read_text(encoding="utf-8")[-2000:]
            time.sleep(1)


@contextmanager
def daemon(folder: Path) -> Iterator[int]:
    """The command at work there; yields its process."""
    with firm(folder) as tokens, (folder / "log").open("wb") as log:
        trusted = str(authority(folder))
        command = [sys.executable, "-c", TRUSTING, trusted, "daemon"]
        environment = os.environ | unit_environment() | {"REQUESTS_CA_BUNDLE": trusted} | tokens
        with subprocess.Popen(command, cwd=folder, env=environment, stderr=log) as process:
            try:
                yield process.pid
            finally:
                process.terminate()


def shared_memory(process: int) -> float:
    """Proportional memory in MB: what others use too, such as Python's own library, is counted in part."""
    told = (Path("/proc") / str(process) / "smaps_rollup").read_text(encoding="utf-8")
    return int(told.partition("\nPss:")[2].split()[0]) / 1024


def resting() -> list[Row]:
    """A daemon with 20 sources on which nothing happens, once every source was served twice."""
    with tempfile.TemporaryDirectory() as name, daemon(Path(name)) as process:
        log = Log(Path(name) / "log")
        log.until(1)
        first = Used.by(process)
        log.until(2)  # what the first pass wrote is read back in the second
        before, passed, begun = Used.by(process), len(log.passes()), time.monotonic()
        time.sleep(WINDOW)
        after, seconds = Used.by(process), time.monotonic() - begun
        passed = len(log.passes()) - passed
        spent = after.seconds - before.seconds
        return [
            Row(f"{SOURCES} sources of {TICKETS} tickets: resident memory", f"{after.memory:.0f} MB", "≤ 110 MB"),
            Row(
                "… of which it shares with nobody, and its part of the rest",
                f"{shared_memory(process):.0f} MB",
                "–",
            ),
            Row("… after the first passes, of all sources at once", f"{first.memory:.0f} MB", "–"),
            Row(
                f"… CPU, of one core, {passed} passes in {seconds:.0f} s",
                f"{spent / seconds:.2%}",
                "≤ 0.3 %",
            ),
            Row("… file descriptors / threads", f"{after.descriptors} / {after.threads}", "–"),
        ]


def polling() -> list[Row]:
    """Seven days on which nobody does anything: whatever grew would be the daemon's own."""
    with tempfile.TemporaryDirectory() as name, LongRun(Path(name), acts_an_hour=0) as run:
        used = list(run.hours(DAYS * 24))
        day, end = used[23], used[-1]
        half = max(each.memory for each in used[len(used) // 2 :])
        return [
            Row(
                f"{DAYS} days without a change, {run.passes.total():,} passes, {run.audits} audits: "
                "memory after a day, at its most in the second half, at the end",
                f"{day.memory:.0f}, {half:.0f}, {end.memory:.0f} MB",
                "no growth",
            ),
        ]


def week() -> list[Row]:
    """Seven days, at the end of each hour of which the daemon's use is noted."""
    with tempfile.TemporaryDirectory() as name, LongRun(Path(name)) as run:
        used = list(run.hours(WARM))
        state, tickets = run.state, run.tickets
        used += run.hours(DAYS * 24 - WARM)
        warm, late = used[WARM - 1], used[WARM - 1 :]
        asked = {
            source: Counter(each.requests for each in run.quiet if each.source == source) for source in run.passes
        }
        usual = [f"{source} {statistics.mode(counts.elements())}" for source, counts in asked.items() if counts]
        return [
            Row(
                f"{DAYS} days of work, {run.passes.total():,} passes: memory after {WARM} h, at most, at the end",
                f"{warm.memory:.0f}, {max(each.memory for each in late):.0f}, {used[-1].memory:.0f} MB",
                "no growth",
            ),
            Row("… file descriptors, fewest and most", spread([each.descriptors for each in late]), "one figure"),
            Row("… threads, fewest and most", spread([each.threads for each in late]), "one figure"),
            Row("… requests of a quiet pass", ", ".join(usual), "–"),
            Row(
                f"… state file after {WARM} h ({tickets} tickets), at the end ({run.tickets} tickets)",
                f"{state / 1024:.0f}, {run.state / 1024:.0f} KB",
                "–",
            ),
        ]


def spread(figures: list[int]) -> str:
    """The least and the greatest; one figure where they are the same."""
    return "–".join(map(str, sorted({min(figures), max(figures)})))


def main() -> None:
    """Measure all, print the table, and write it to docs/performance.md."""
    rows: list[Row] = []
    for name, step in (("a week of work", week), ("a week of rest", polling), ("20 sources", resting)):
        sys.stderr.write(f"measuring: {name} …\n")
        rows[:0] = step()
    lines = ["| what | figure | goal |", "|---|---|---|", *("| " + " | ".join(row) + " |" for row in rows)]
    told = "\n".join(lines)
    sys.stdout.write(told + "\n")
    head, _, tail = PAGE.read_text(encoding="utf-8").partition("<!-- daemon -->")
    _, _, rest = tail.partition("<!-- end of daemon -->")
    machine = (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    )
    body = f"<!-- daemon -->\n\nMeasured on {datetime.now(UTC):%Y-%m-%d}: {machine}.\n\n{told}\n\n"
    PAGE.write_text(f"{head}{body}<!-- end of daemon -->{rest}", encoding="utf-8")


if __name__ == "__main__":
    main()
