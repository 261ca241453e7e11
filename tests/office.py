"""An operator's folder, with a config, the shipped mappings and a list of issues, and the commands run in it."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from fakes.jira_cloud import EMAIL, JiraCloud

from sync import settings, startup
from sync.cli import main
from sync.trackers.pace import Paces

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest
    from fakes.jira_records import Issue

ROOT = Path(__file__).resolve().parents[1]
MAKEGOOD = str(Path(sys.executable).with_name("makegood"))
SECRET = "ATATT3xFfGF0-never-shown"
NOW = "2026-03-03T10:00:00+01:00"
"""A Tuesday morning in Berlin."""

HEADER = next(csv.reader(io.StringIO((ROOT / "docs" / "demo" / "issues.csv").read_text(encoding="utf-8"))))
LATE = {
    "ID": "T-1",
    "Client": "Client A",
    "Title": "The portal is down",
    "Status": "Open",
    "Created": "2026-03-02 09:00",
    "Category": "delivery",
    "Severity": "critical",
}
"""At `NOW` everything that was promised for it is long overdue."""
INVOICE = LATE | {
    "ID": "T-2",
    "Client": "Client B",
    "Title": "請求書の合計が違います",
    "Category": "billing",
    "Severity": "high",
}
DONE = LATE | {"ID": "T-3", "Title": "Old one", "Status": "Closed", "Resolved": "2026-03-02 09:10"}


class Ran(NamedTuple):
    """What became of a command."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the command prints
        return json.loads(self.out)


class Office:
    """The current folder, in an environment that holds nothing of makegood's but what a test sets."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.patch = patch
        for name in [*os.environ]:
            if name.startswith("MAKEGOOD_") or name in {
                "CREDENTIALS_DIRECTORY",
                "XDG_CONFIG_HOME",
                "NOTIFY_SOCKET",
            }:
                patch.delenv(name)
        patch.setenv("HOME", str(folder / "home"))
        patch.setattr(settings, "SYSTEM_CONFIG", folder / "etc" / "config.toml")
        patch.chdir(folder)
        (folder / "mappings").symlink_to(ROOT / "mappings")
        (folder / "config.toml").touch()

    # --- what lies in it ----------------------------------------------------------------------------------------

    def source(self, name: str = "issues", **settings: object) -> None:
        """One more source, by default a workbook of the staff's that is written in full."""
        usual = {"tracker": "workbook", "path": f"{name}.csv", "mode": "full", "readers": "staff"}
        usual["zone"] = "Europe/Berlin"
        self.write("config.toml", self.read("config.toml") + table("source", {"name": name} | usual | settings))

    def jira(self, url: str, name: str = "jira", **settings: object) -> None:
        """One more source, a Jira Cloud project, its token in the environment, and no wait between attempts."""
        usual = {"tracker": "jira", "url": url, "email": EMAIL, "projects": ["OPS"], "mode": "full"}
        usual["readers"] = "staff"
        self.write("config.toml", self.read("config.toml") + table("source", {"name": name} | usual | settings))
        self.patch.setenv(f"MAKEGOOD_{name.upper()}_TOKEN", SECRET)
        self.patch.setattr(startup, "Paces", without_waiting)

    def fill_client(self, jira: JiraCloud, issue: Issue | str = "OPS-1") -> None:
        """Say whose issue it is."""
        (field,) = (each.id for each in jira.site.fields.values() if each.name == "Client")
        jira.issue(issue).fields[field] = "Client A"
        jira.reindex()

    def issues(self, *rows: Mapping[str, str], file: str = "issues.csv") -> None:
        """A list of issues as the shipped `workbook.toml` reads it."""
        with (self.folder / file).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, HEADER)
            writer.writeheader()
            writer.writerows(rows)

    def rows(self, file: str = "issues.csv") -> dict[str, dict[str, str]]:
        """The rows of a list of issues (or of its comments) by their first column."""
        with (self.folder / file).open(encoding="utf-8", newline="") as stream:
            return {next(iter(row.values())): row for row in csv.DictReader(stream)}

    def put(self, key: str, **cells: str) -> None:
        """A person changes cells of one row."""
        rows = self.rows()
        rows[key] |= cells
        self.issues(*rows.values())

    def mapping(self, file: str, before: str, after: str) -> None:
        """Edit a mapping file of one's own copy."""
        folder = self.folder / "mappings"
        if folder.is_symlink():
            folder.unlink()
            folder.mkdir()
            for each in (ROOT / "mappings").iterdir():
                (folder / each.name).symlink_to(each)
        text = self.read(f"mappings/{file}")
        assert before in text
        (folder / file).unlink()
        self.write(f"mappings/{file}", text.replace(before, after))

    def read(self, file: str) -> str:
        return (self.folder / file).read_text(encoding="utf-8")

    def write(self, file: str, text: str) -> None:
        (self.folder / file).write_text(text, encoding="utf-8")

    def files(self) -> dict[str, tuple[int, bytes]]:
        """Every file outside of `mappings/`, with when it was last written."""
        return {
            str(file.relative_to(self.folder)): (file.stat().st_mtime_ns, file.read_bytes())
            for file in sorted(self.folder.rglob("*"))
            if file.is_file() and "mappings" not in file.parts
        }

    # --- what is done in it -------------------------------------------------------------------------------------

    def run(self, *arguments: str, name: str = "makegood") -> Ran:
        """A command, as typed, in this very process."""
        self.patch.setattr(sys, "argv", [name, *arguments])
        out, err, status = io.StringIO(), io.StringIO(), 0
        with redirect_stdout(out), redirect_stderr(err):
            try:
                self.main()
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else int(bool(end.code))
        return Ran(status, out.getvalue(), err.getvalue())

    def main(self) -> None:
        """The command of `sys.argv`; raises SystemExit."""
        main()

    def at(self, now: str, *arguments: str) -> Ran:
        """A pass as if it were that moment."""
        return self.run("--now", now, *arguments)

    def process(self, *arguments: str, encoding: str = "utf-8", **environment: str) -> Ran:
        """A command in a process of its own, its output in pipes and read in that encoding."""
        ran = subprocess.run(
            [MAKEGOOD, *arguments],
            cwd=self.folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )
        return Ran(ran.returncode, ran.stdout.decode(encoding), ran.stderr.decode(encoding))


def five_hours_ago() -> str:
    """A moment as a cell of the workbook holds it, in the zone of the shipped mapping."""
    return f"{datetime.now(ZoneInfo('Europe/Berlin')) - timedelta(hours=5):%Y-%m-%d %H:%M}"


def table(name: str, values: Mapping[str, object]) -> str:
    """A table of a TOML list of tables; JSON's texts, numbers and lists are TOML's too."""
    lines = [
        f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items() if value is not None
    ]
    return "\n".join([f"[[{name}]]", *lines, "", ""])


def without_waiting() -> Paces:
    """What every host may be asked, at a time that goes by as fast as it is waited for."""
    waited = [0.0]
    return Paces(wait=waited.append, clock=lambda: time.monotonic() + sum(waited))


def jira_cloud(**options: Any) -> JiraCloud:  # noqa: ANN401 - the fake's own
    """A Jira Cloud with project OPS, on which an issue was reported five hours ago."""
    fake = JiraCloud(now=datetime.now(UTC) - timedelta(hours=5), token=SECRET, **options)
    fake.add_project("OPS", "Operations")
    fake.add_field("Client")
    fake.create_issue("OPS", "The client threatens to terminate the contract", priority="Highest", status="Open")
    fake.now = datetime.now(UTC)
    return fake
