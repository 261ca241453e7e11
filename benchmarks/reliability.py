"""Every scenario of docs/reliability.md, run anew and counted: `make reliability`.

With MAKEGOOD_THOROUGH=1 every pair of deaths, the whole matrix of answers and long random walks: for a night.
Each test of the marker `reliability` says what it tried and how often something came twice, was lost or was let
out; it fails unless all three are none. Beside them stand the trackers' own packages in the same troubles.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reliability.md"
YEAR = ROOT / "docs" / "soak.json"

SCENARIOS = {
    "killed once": "killed with SIGKILL at each named point of writing, storing and rebuilding",
    "killed twice": "and again while it recovers from that: pairs of points",
    "killed for real": "the installed command, killed from outside in the midst of its run",
    "lost answer": "answers lost, garbled or false, before and after the write was applied, or applied late",
    "state file": "the state file absent, damaged, older, newer, full disk, restored, copied, locked, frozen",
    "policy edited": "sources, rules, figures, names, prefixes, holidays, templates, languages edited",
    "clock": "clocks set back, ahead, to 1970; leap day; nights on which clocks change; zones that differ",
    "person decides": "what people took off, put back, swapped, moved, merged, archived, deleted, opted out of",
    "undone": "taken back by `makegood undo`, with crashes and lost answers on the way",
    "reviewed plan": "plans carried out from a file, and refused once anything changed",
    "simulated year": "people, clients, outages and edits at random on Jira and Asana together",
    "random walk": "the same found by a state machine that looks for the shortest way to break it",
    "hostile text": "hostile texts at every place where text comes out",
    "secret": "tokens and client text at every place where they could get out",
}


def tallied(path: Path) -> tuple[bool, dict[str, Counter[str]]]:
    """Run the scenarios; whether all passed, and what was counted of each."""
    environment = {**os.environ, "MAKEGOOD_TALLY": str(path)}
    command = [sys.executable, "-m", "pytest", "-m", "reliability", "--numprocesses", "2", "--dist", "worksteal"]
    done = subprocess.run([*command, "-q", "-p", "no:cacheprovider"], cwd=ROOT, env=environment, check=False)
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for line in path.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        counts[told.pop("scenario")].update(told)
    return done.returncode == 0, counts


def page(counts: dict[str, Counter[str]], seconds: float) -> str:
    """The whole page."""
    rows = [
        f"| {name} | {what} | {counts[name]['cases']:,} | {counts[name]['duplicates']} | {counts[name]['losses']} "
        f"| {counts[name]['leaks']} |"
        for name, what in SCENARIOS.items()
    ]
    total, thorough = sum(counts.values(), Counter[str]()), os.environ.get("MAKEGOOD_THOROUGH")
    head = PAGE.read_text(encoding="utf-8").partition("<!-- figures -->")[0]
    return f"""{head}<!-- figures -->

Measured on {datetime.now(UTC):%Y-%m-%d} with Python {platform.python_version()} on {os.cpu_count()} cores, in
{seconds / 60:.0f} minutes, by `make reliability`{" with MAKEGOOD_THOROUGH=1" * bool(thorough)}.

| scenario | what happens | run | duplicates | losses | leaks |
|---|---|---|---|---|---|
{chr(10).join(rows)}
| **all** | | **{total["cases"]:,}** | **{total["duplicates"]}** | **{total["losses"]}** | **{total["leaks"]}** |

## The same troubles with other tools

The trackers' own packages as a team would use them in a script, on the same fakes, in the same run:

{_peers()}
{_year()}"""


def _peers() -> str:
    command = [sys.executable, str(ROOT / "benchmarks" / "peers.py")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _year() -> str:
    """The figures of the last `make soak`, which takes too long to be part of this."""
    if not YEAR.exists():
        return ""
    told = json.loads(YEAR.read_text(encoding="utf-8"))
    last, told["faults"] = told.pop("samples")[-1], len(told["faults"])
    figures = {**told.pop("scale"), **told.pop("counts"), **told, "resident MiB at the end": last["resident"]}
    rows = "\n".join(f"| {name.replace('_', ' ')} | {value} |" for name, value in figures.items())
    return f"\n## A whole year\n\nBy `make soak`, five minutes at a time:\n\n| | |\n|---|---:|\n{rows}\n"


def main() -> None:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        passed, counts = tallied(Path(folder) / "tally")
    missing = SCENARIOS.keys() - counts.keys()
    if not passed or missing:
        sys.exit(f"not all scenarios held{f', and these were not run: {sorted(missing)}' if missing else ''}")
    PAGE.write_text(page(counts, time.monotonic() - begun), encoding="utf-8")


if __name__ == "__main__":
    main()
