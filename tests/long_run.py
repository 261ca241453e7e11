"""Days of polling in minutes: three trackers, people at work in them, and the daemon of `moved_daemon`."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from fakes.jira_cloud import EMAIL
from harness_asana import SECTIONS
from harness_jira import STATUSES
from office import ROOT, table
from sheet_desk import SheetDesk
from soak.asana_desk import AsanaDesk
from soak.desks import SEVERITIES
from soak.jira_desk import JiraDesk

from sync.ticket import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from soak.desks import Desk
    from soak.life import Place

START = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday."""
HOUR = timedelta(hours=1)
DAEMON = Path(__file__).with_name("moved_daemon.py")
UNLIMITED = 1_000_000
"""Requests a minute: the daemon's minutes pass in no time."""
AT_FIRST = 15
"""Tickets of each tracker when it begins."""
MEGABYTE = 1 << 20
TITLES = ("The delivery promised for Friday has not arrived", "The invoice is wrong", "Nobody has answered us")
WORDS = ("Any news?", "We look into it.", "/called and told them how it stands")
MAPPING = """
[fields]
client = "{client}"
severity = "{severity}"
[status]
open = ["{open}"]
in_progress = ["{in_progress}"]
waiting = ["{waiting}"]
resolved = ["{resolved}"]
closed = ["{closed}"]
[people]
everyone_else = "staff"
[contact]
any_staff_comment = true
"""


@dataclass(frozen=True, slots=True)
class Used:
    """What a process uses: resident memory (MB), file descriptors, threads, and seconds of CPU so far."""

    memory: float
    descriptors: int
    threads: int
    seconds: float

    @classmethod
    def by(cls, process: int) -> Used:
        """As Linux tells it now."""
        place = Path("/proc") / str(process)
        told = dict(line.split(":\t", 1) for line in (place / "status").read_text(encoding="utf-8").splitlines())
        times = (place / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return cls(
            int(told["VmRSS"].removesuffix(" kB")) * 1024 / MEGABYTE,
            len([*(place / "fd").iterdir()]),
            int(told["Threads"]),
            sum(map(int, times[11:13])) / os.sysconf("SC_CLK_TCK"),
        )


def unit_environment() -> dict[str, str]:
    """What the shipped unit sets, but for where the state is."""
    lines = (ROOT / "systemd" / "makegood.service").read_text(encoding="utf-8").splitlines()
    told = " ".join(line.removeprefix("Environment=") for line in lines if line.startswith("Environment="))
    return dict(each.split("=", 1) for each in told.split() if not each.startswith("MAKEGOOD_"))


@dataclass(frozen=True, slots=True)
class Quiet:
    """A pass over a source in which nothing was to be seen or done: when it was, and what it asked the tracker."""

    at: datetime
    source: str
    requests: int


@dataclass
class LongRun:
    """The firm with its daemon; use it as a context manager. Time passes only by `hours`."""

    folder: Path
    acts_an_hour: int = 2
    """What people do in each hour from 8 to 18, one more or one less, over all three trackers; 0 for nothing."""
    chance: random.Random = field(default_factory=lambda: random.Random(20260302))
    now: datetime = START
    passes: Counter[str] = field(default_factory=Counter)
    """By source."""
    quiet: list[Quiet] = field(default_factory=list)
    acts: int = 0
    audits: int = 0
    troubles: list[dict[str, Any]] = field(default_factory=list)
    """What the daemon warned of."""

    def __post_init__(self) -> None:
        self.jira, self.asana, self.sheet = (
            JiraDesk(START),
            AsanaDesk(START),
            SheetDesk(self.folder / "issues.csv", START),
        )
        self._asked = Counter[str]()
        self._open: dict[str, list[str]] = {"jira": [], "asana": [], "issues": []}
        self._closed = 0
        self._stack = ExitStack()
        self._due = START

    def __enter__(self) -> Self:
        self.jira.fake.check = lambda _: self._asked.update(["jira"])
        self.asana.fake.check = lambda _: self._asked.update(["asana"])
        for desk in (self.jira, self.asana):
            self._stack.enter_context(desk.fake)
        for source, _ in [(source, each) for source in self._open for each in range(AT_FIRST)]:
            self._opened(source)
        self._configure()
        self._errors = self._stack.enter_context((self.folder / "log").open("w", encoding="utf-8"))
        self._log = self._stack.enter_context((self.folder / "log").open(encoding="utf-8"))
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    @property
    def used(self) -> Used:
        """What the daemon uses now, while it rests."""
        return Used.by(self._process.pid)

    @property
    def state(self) -> int:
        """Bytes of the state file."""
        return (self.folder / "state.db").stat().st_size

    @property
    def tickets(self) -> int:
        """How many there ever were."""
        return sum(map(len, self._open.values())) + self._closed

    def hours(self, number: int) -> Iterator[Used]:
        """Let so many hours pass; what the daemon uses at the end of each."""
        for _ in range(number):
            end = self.now + HOUR
            acts = sorted(self.now + HOUR * self.chance.random() for _ in range(self._acts_this_hour()))
            while self.now < end:
                self._move(min([self._due, end, *acts[:1]]))
                while acts and acts[0] <= self.now:
                    acts.pop(0)
                    self._act()
                self._serve()
            yield self.used

    # --- people -------------------------------------------------------------------------------------------------

    def _acts_this_hour(self) -> int:
        at_work = self.acts_an_hour and self.now.weekday() < 5 and 8 <= self.now.hour < 18
        return self.acts_an_hour + self.chance.choice((-1, 0, 1)) if at_work else 0

    def _act(self) -> None:
        """Somebody opens an issue, closes one, or writes on one."""
        self.acts += 1
        source = self.chance.choice([*self._open])
        match self.chance.randrange(4):
            case 0:
                self._opened(source)
            case 1 if self._open[source]:
                self._closed += 1
                self._close(source, self._open[source].pop(0))
            case _ if self._open[source]:
                self._write(source, self.chance.choice(self._open[source]))

    def _opened(self, source: str) -> None:
        title, client = self.chance.choice(TITLES), f"Client {self.chance.choice('ABCDE')}"
        severity = self.chance.choice(SEVERITIES)
        if source == "issues":
            number = self.sheet.create(title, client, severity.casefold())
        else:
            desk, place = self._desk(source)
            number = desk.create(title, place, client, severity)
        self._open[source].append(number)

    def _close(self, source: str, ticket: str) -> None:
        if source == "issues":
            self.sheet.close(ticket)
        else:
            self._desk(source)[0].set_status(ticket, Status.CLOSED)

    def _write(self, source: str, ticket: str) -> None:
        words = self.chance.choice(WORDS)
        if source == "issues":
            self.sheet.change(ticket, **{"Next step": words})
        else:
            self._desk(source)[0].comment(self.chance.choice(("staff", "client")), ticket, words)

    def _desk(self, source: str) -> tuple[Desk, Place]:
        return (self.jira, "inside") if source == "jira" else (self.asana, "team")

    # --- the daemon ---------------------------------------------------------------------------------------------

    def _configure(self) -> None:
        mappings = self.folder / "mappings"
        mappings.mkdir()
        for each in (ROOT / "mappings").iterdir():
            if each.name not in {"jira.toml", "asana.toml"}:
                (mappings / each.name).symlink_to(each)
        fields = self.jira.field
        (mappings / "jira.toml").write_text(
            mapping(fields["Client"], fields["Severity"], STATUSES), encoding="utf-8"
        )
        (mappings / "asana.toml").write_text(mapping("Client", "Severity", SECTIONS), encoding="utf-8")
        usual: dict[str, object] = {"mode": "full", "readers": "staff", "zone": "Europe/Berlin"}
        jira: dict[str, object] = {
            "tracker": "jira",
            "url": self.jira.fake.url,
            "email": EMAIL,
            "projects": ["OPS"],
        }
        asana: dict[str, object] = {
            "tracker": "asana",
            "url": self.asana.fake.host,
            "projects": [self.asana.projects["team"]],
        }
        asana["requests_per_minute"] = UNLIMITED
        sheet: dict[str, object] = {"tracker": "workbook", "path": "issues.csv"}
        (self.folder / "config.toml").write_text(
            'interval = "5m"\ninterval_off_hours = "5m"\naudit_every = "6h"\nlog = "json"\n\n'
            + "".join(
                table("source", {"name": name} | own | usual) + "guard = { unclassified = 1.0 }\n\n"
                for name, own in (("jira", jira), ("asana", asana), ("issues", sheet))
            ),
            encoding="utf-8",
        )

    def _start(self) -> None:
        secrets = {"MAKEGOOD_JIRA_TOKEN": self.jira.fake.token, "MAKEGOOD_ASANA_TOKEN": self.asana.fake.token}
        command = [sys.executable, str(DAEMON), START.isoformat(), str(len(self._open)), "daemon"]
        self._process = self._stack.enter_context(
            subprocess.Popen(
                command,
                cwd=self.folder,
                env=os.environ | unit_environment() | secrets,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
            )
        )
        self._stack.callback(self._process.terminate)
        self._hear()

    def _move(self, moment: datetime) -> None:
        """Every clock but the daemon's stands at the moment."""
        self.now = max(self.now, moment)
        self.jira.fake.now = self.asana.fake.now = self.sheet.now = self.now

    def _serve(self) -> None:
        """The daemon does what is due now."""
        before = self._asked.copy()
        assert self._process.stdin
        self._process.stdin.write(f"{(self.now - START).total_seconds()}\n")
        self._process.stdin.flush()
        self._hear()
        lines = [json.loads(line) for line in self._log]
        self.troubles += [line for line in lines if line["level"] != "info"]
        self.audits += sum(line["event"] == "audited" for line in lines)
        passed = Counter(line["source"] for line in lines if line["event"] == "pass")
        self.passes += passed
        for line in lines:
            if line["event"] == "pass" and line["seen"] == line["planned"] == 0 and passed[line["source"]] == 1:
                name = line["source"]
                self.quiet.append(Quiet(self.now, name, self._asked[name] - before[name]))

    def _hear(self) -> None:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, f"the daemon ended: {(self.folder / 'log').read_text(encoding='utf-8')[-2000:]}"
        self._due = START + timedelta(seconds=ceil(float(line)))


def mapping(client: str, severity: str, statuses: Mapping[Status, str]) -> str:
    """A mapping file of a tracker that calls its fields and statuses so."""
    return MAPPING.format(
        client=client, severity=severity, **{str(status): name for status, name in statuses.items()}
    )
