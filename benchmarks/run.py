"""Every figure of docs/performance.md, each beside the plain `jira` package in the same run: `make bench`.

A local fake stands for the tracker, in a process of its own. The two sides take turns; a ratio is the median over
the pairs. Nothing here is asserted: machines differ, and a slow one is no bug.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import timeit
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sync.worktime import Calendar, public_holidays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[1]
EMAIL, TOKEN = "makegood@example.invalid", "a-token"
PAIRS = 5


class Row(NamedTuple):
    """One figure beside its alternative and its goal."""

    what: str
    ours: str
    script: str
    ratio: str
    goal: str


@contextmanager
def jira(issues: int, latency: float) -> Iterator[str]:
    """A Jira Cloud fake in a process of its own; yields its address."""
    command = [sys.executable, "-m", "fakes.jira_cloud", "--port", "0", "--issues", str(issues)]
    command += ["--latency", str(latency), "--token", TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT / "tests") as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


OWN = {"jira.toml", "attention.toml"}
"""Not the shipped files: the fake's fields, and no measure of comments a day, which would hold writes back."""


def configured(folder: Path, url: str) -> Path:
    """A config and a mapping for the fake's made-up issues."""
    mappings = folder / "mappings"
    mappings.mkdir(exist_ok=True)
    for each in (ROOT / "mappings").iterdir():
        if each.name not in OWN and not (mappings / each.name).exists():
            (mappings / each.name).symlink_to(each)
    (mappings / "jira.toml").write_text(
        '[fields]\npriority = "Priority"\n[status]\nopen = ["Open", "Reopened"]\nin_progress = ["In Progress"]\n'
        'waiting = ["Waiting for client"]\nresolved = ["Resolved"]\nclosed = ["Closed"]\n'
        '[people]\neveryone_else = "staff"\n[contact]\nany_staff_comment = true\n',
        encoding="utf-8",
    )
    config = folder / "config.toml"
    config.write_text(
        f'[[source]]\nname = "bench"\ntracker = "jira"\nurl = "{url}"\nemail = "{EMAIL}"\nprojects = ["OPS"]\n'
        'mode = "full"\nreaders = "staff"\nbacklog_after = "500w"\n'
        "guard = { actions = 100000, unclassified = 1.0 }\n",
        encoding="utf-8",
    )
    return config


def measured(command: list[str]) -> dict[str, float]:
    """The figures one side prints; what it says on standard error is shown."""
    environment = os.environ | {"MAKEGOOD_BENCH_TOKEN": TOKEN}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def pairs(issues: int, latency: float, task: str, count: int, most: int) -> tuple[list[dict[str, float]], ...]:
    """Both sides in turn, each pair on a fresh fake."""
    ours, script = [], []
    for _ in range(most):
        with jira(issues, latency) as url, tempfile.TemporaryDirectory() as folder:
            config = configured(Path(folder), url)
            script_command = [sys.executable, str(ROOT / "benchmarks" / "plain_script.py"), url, EMAIL, TOKEN]
            if task == "pull":
                measured([*script_command, task, str(count)])  # warms the fake's cache for both
            script.append(measured([*script_command, task, str(count)]))
        with jira(issues, latency) as url, tempfile.TemporaryDirectory() as folder:
            config = configured(Path(folder), url)
            our_command = [sys.executable, str(ROOT / "benchmarks" / "ours.py"), str(config)]
            if task == "pull":
                measured([*our_command, task, str(count)])
            ours.append(measured([*our_command, "judge" if task == "pull" else task, str(count)]))
    return ours, script


def middle(figures: list[dict[str, float]], key: str) -> float:
    """The median of one figure."""
    return statistics.median(each[key] for each in figures)


def ratio(ours: list[dict[str, float]], script: list[dict[str, float]], key: str, *, faster: bool) -> float:
    """The median ratio over the pairs: ours to the script's, or how many times faster."""
    both = zip(ours, script, strict=True)
    return statistics.median(b[key] / a[key] if faster else a[key] / b[key] for a, b in both)


def pulling() -> list[Row]:
    """5,000 issues: pull, judge and plan, beside the bare pull."""
    ours, script = pairs(5000, 0, "pull", 0, PAIRS)
    return [
        Row(
            "5,000 issues: pull + judge + plan / bare pull",
            f"{middle(ours, 'pull'):.2f} s",
            f"{middle(script, 'pull'):.2f} s",
            f"{ratio(ours, script, 'pull', faster=False):.2f} ×",
            "≤ 1.5 ×",
        ),
        Row(
            "5,000 issues: peak memory",
            f"{middle(ours, 'memory'):.0f} MB",
            f"{middle(script, 'memory'):.0f} MB",
            f"{ratio(ours, script, 'memory', faster=False):.2f} ×",
            "≤ 150 MB",
        ),
        Row("judging alone, one core", f"{middle(ours, 'judge'):,.0f} tickets/s", "–", "–", "≥ 5,000/s"),
    ]


def writing(latency: float, count: int, goal: str) -> Row:
    """A comment, labels and a due date on `count` tickets, durable commits included."""
    ours, script = pairs(400, latency, "write", count, 3)
    return Row(
        f"{count} tickets written at {latency * 1000:.0f} ms a request",
        f"{middle(ours, 'write'):.2f} s",
        f"{middle(script, 'write'):.2f} s",
        f"{ratio(ours, script, 'write', faster=True):.1f} × faster",
        goal,
    )


def adding() -> Row:
    """One `Calendar.add` of eight working hours over Easter in Berlin."""
    day = ((time(9), time(12, 30)), (time(13, 30), time(18)))
    calendar = Calendar("berlin", "Europe/Berlin", dict.fromkeys(range(5), day), public_holidays("DE", "BE"))
    start, amount = datetime(2026, 4, 2, 15, tzinfo=UTC), timedelta(hours=8)
    calendar.add(start, amount)
    seconds = min(timeit.repeat(lambda: calendar.add(start, amount), number=20_000, repeat=5)) / 20_000
    return Row("Calendar.add", f"{seconds * 1e6:.1f} µs", "–", "–", "≤ 10 µs")


def starting() -> Row:
    """`sync --help`, beside importing the jira package."""
    ours = _started([str(Path(sys.executable).with_name("makegood")), "--help"])
    package = _started([sys.executable, "-c", "import jira"])
    return Row(
        "makegood --help / python -c 'import jira'",
        f"{ours * 1000:.0f} ms",
        f"{package * 1000:.0f} ms",
        f"{ours / package:.2f} ×",
        "≤ 120 ms",
    )


PARSED = """
import pathlib, sys, tomllib, pydantic, jinja2.sandbox
folder, jinja = pathlib.Path(sys.argv[1]), jinja2.sandbox.SandboxedEnvironment()
for file in (*folder.glob("*.toml"), *folder.glob("tone/*.toml"), *folder.glob("comments/*/*.toml")):
    tomllib.loads(file.read_text(encoding="utf-8"))
for file in folder.glob("comments/*/*.md"):
    jinja.from_string(file.read_text(encoding="utf-8"))
"""
"""The least that a reader of these files could do: parse them, and compile the templates."""


def checking(lines: int, goal: str) -> Row:
    """`check` beside merely parsing the same files; taxonomy.toml is repeated until it has `lines` lines."""
    with tempfile.TemporaryDirectory() as folder:
        config = configured(Path(folder), "http://127.0.0.1:1")
        grown = Path(folder) / "mappings" / "taxonomy.toml"
        written = grown.read_text(encoding="utf-8")
        grown.unlink()
        _, *rules = written.split("\n[[rule]]\n")
        for number in range(lines):
            if written.count("\n") >= lines:
                break
            written += "\n[[rule]]\n" + rules[number % len(rules)].replace('name = "', f'name = "{number}-', 1)
        grown.write_text(written, encoding="utf-8")
        ours = _started([str(Path(sys.executable).with_name("makegood")), "check", "--config", str(config)])
        parsed = _started([sys.executable, "-c", PARSED, f"{folder}/mappings"])
    return Row(
        f"makegood check, {written.count(chr(10)):,} lines in taxonomy.toml / merely parsing the files",
        f"{ours * 1000:.0f} ms",
        f"{parsed * 1000:.0f} ms",
        f"{ours / parsed:.2f} ×",
        goal,
    )


def _started(command: list[str]) -> float:
    installed = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def once() -> None:
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=installed)

    once()
    return statistics.median(timeit.repeat(once, number=1, repeat=11))


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| what | makegood | plain `jira` script | ratio | goal |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def main() -> None:
    """Measure everything, print the table, and write it to docs/performance.md."""
    steps: list[tuple[str, Callable[[], list[Row]]]] = [
        ("pulling and judging", pulling),
        ("writing without latency", lambda: [writing(0, 200, "≥ 1.5 ×")]),
        ("writing at 50 ms", lambda: [writing(0.05, 60, "≥ 8 ×")]),
        ("calendar", lambda: [adding()]),
        ("start", lambda: [starting()]),
        ("check", lambda: [checking(0, "≤ 400 ms"), checking(5000, "≤ 1,500 ms")]),
    ]
    rows: list[Row] = []
    for name, step in steps:
        sys.stderr.write(f"measuring: {name} …\n")
        rows += step()
    told = table(rows)
    sys.stdout.write(told + "\n")
    page = ROOT / "docs" / "performance.md"
    head, _, tail = page.read_text(encoding="utf-8").partition("<!-- figures -->")
    _, _, rest = tail.partition("<!-- end of figures -->")
    machine = (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    )
    body = f"<!-- figures -->\n\nMeasured on {datetime.now(UTC):%Y-%m-%d}: {machine}.\n\n{told}\n\n"
    page.write_text(f"{head}{body}<!-- end of figures -->{rest}", encoding="utf-8")


if __name__ == "__main__":
    main()
