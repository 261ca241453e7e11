"""Writes docs/first-day.md: a new user's first day, from an empty folder to a mapping fitted to 400 real issues.

Every command is typed in a shell of its own and every line below it is what it answered. The issues (from
MAKEGOOD_CORPUS, or ../shared) are served by the tests' Jira Data Center on this machine.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "first-day.md"
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fakes.jira_dc import JiraDC  # noqa: E402 - found beside the tests
from real_issues import NOW, read_issues  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = "https://jira.example.com"
WIDTH = 100
DIGEST = re.compile(r"--approve [0-9a-f]{12}")
"""It is another one for each address."""
TOOK = re.compile(r", [0-9.]+ s$", re.MULTILINE)
"""How long it took is another figure each time."""
MOST = 40
"""Lines of an answer that are shown; what is left out is said."""


@dataclass(frozen=True, slots=True)
class Command:
    """What is typed, with the status it ends with."""

    typed: str
    status: int = 0
    most: int = MOST


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of a file by hand: what stands there once, and what stands there afterwards."""

    file: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class New:
    """A new file."""

    file: str
    text: str


RULES = """\
[[rule]]
name = "a bug is work to be done again"
score = 4
category = "delivery"
subtype = "quality"
when = { field = "type", equals = "Bug" }

[[rule]]
name = "what is planned is not all there yet"
score = 3
category = "delivery"
subtype = "incomplete-deliverable"
when = { field = "type", in = ["Story", "Task", "Sub-task", "Epic"] }

[[rule]]
name = "a wish beyond what was agreed"
score = 3
category = "scope"
subtype = "feature-creep"
when = { field = "type", in = ["Improvement", "New Feature", "Wish"] }

"""

TEST = """\
#:schema ../.schema/tests.json

[[case]]
title = "The installer stops half way"
fields = { type = "Bug" }
category = "delivery"
rule = "a bug is work to be done again"

[[case]]
title = "Support one more database"
fields = { type = "Improvement" }
category = "scope"

[[test]]
name = "whatever staff write counts as contact, for this tracker is public"
[test.ticket]
opened = 2015-03-02T09:00:00
title = "The installer stops half way"
owner = "Consultant 1"
fields = { type = "Bug", priority = "Critical" }
[[test.then]]
at = "+20m"
comment = "We can reproduce it and look into it."
[[test.expect]]
at = "+5h"
category = "delivery"
severity = "high"
lacks = ["esc:breach"]
"""

DAY: tuple[str | Command | Edit | New, ...] = (
    """
    # The first day: from an empty folder to a mapping of one's own

    `benchmarks/first_day.py` writes this page: each command was really typed, and each answer is what makegood
    said. The tracker is a Jira Data Center with 400 real issues of public projects (`docs/real-data.md` says
    whose), as it stood on 1 June 2015; only its address is another one here. They are no consultancy's issues,
    which is the point: the shipped mapping fits them badly, and that can be seen, mended and proved in an
    afternoon, without writing anything to the tracker.

    ## A first configuration

    The token stands in `MAKEGOOD_JIRA_TOKEN`. What can be guessed from the tracker is guessed, and marked.
    """,
    Command(
        f"makegood init . --yes --tracker jira --url {SITE} {{projects}} --zone America/New_York --readers staff"
    ),
    """
    A slip of the pen shows with its line. Here the second status list was meant to be `resolved`:
    """,
    Edit("mappings/jira.toml", "resolved = [\n", "resovled = [\n"),
    Command("makegood check", 2),
    Edit("mappings/jira.toml", "resovled = [\n", "resolved = [\n"),
    Command("makegood check --online"),
    """
    ## What it would do as it is

    Nothing is written in mode “observe”, nor by a dry run. The guard, too, finds that this cannot be meant:
    """,
    Command("makegood --dry-run -q --now 2015-06-01T12:00:00Z"),
    """
    Why? One ticket tells: no rule knows what a “bug” is to this team, and who the client is was never said.
    """,
    Command("makegood explain DURACLOUD-730 --now 2015-06-01T12:00:00Z", most=70),
    """
    ## An edited copy

    The mapping is edited in a copy, so that nothing changes for a daemon that runs. The reporter stands for the
    client, the issue type says what it is, and whatever staff write is read by the reporter, for the tracker is
    public.
    """,
    Command("cp -r mappings edited"),
    Edit("edited/jira.toml", '# client = "Client"\n', 'client = "Reporter"\n'),
    Edit("edited/jira.toml", '# milestone = "Milestone"\n', 'type = "Issue Type"\n'),
    Edit("edited/jira.toml", "any_staff_comment = false\n", "any_staff_comment = true\n"),
    Edit(
        "edited/jira.toml", '  "In Progress", ', '  "In Review", "Patch Available", "Accepted",\n  "In Progress", '
    ),
    Edit("edited/taxonomy.toml", "[[rule]]\n", f"{RULES}[[rule]]\n"),
    """
    What was meant is written down as a test, so that nobody undoes it unawares:
    """,
    New("edited/tests/ours.toml", TEST),
    Command("makegood test --mapping edited edited/tests/ours.toml"),
    """
    ## What the edit changes

    For the tickets that are live now:
    """,
    Command("makegood diff edited --now 2015-06-01T12:00:00Z", most=24),
    """
    And what it would have changed in the last three months of 2014, had makegood run then: every pass is made
    again over the tickets as they stood at each moment.
    """,
    Command("makegood backtest --since 2014-10-01 --until 2014-12-31 --mapping edited", most=60),
    """
    ## Switched on

    The edited copy takes the place of the old one. A daemon that runs takes it up by itself.
    """,
    Command("mv mappings before && mv edited mappings && makegood check"),
    Command("makegood --dry-run --now 2015-06-01T12:00:00Z -q"),
    """
    The guard still refuses: a first pass over a pile that nobody tended is a person's to let through. Most of it
    is older than `backlog_after`, so it gets labels and no comment. Next comes `mode = "labels"`, and when people
    trust what they see, `"full"`.
    """,
)


def page(corpus: Path, folder: Path) -> str:
    """The whole page; `folder` is where the day is spent."""
    issues = read_issues(corpus)
    with JiraDC(now=NOW, context="/jira") as fake:
        for issue in issues:
            fake.load(issue)
        keys = sorted({issue["fields"]["project"]["key"] for issue in issues})
        projects = " ".join(f"--project {key}" for key in keys)
        return "\n".join(_told(folder, fake.url, projects))


def _told(folder: Path, address: str, projects: str) -> Iterator[str]:
    for step in DAY:
        match step:
            case str():
                yield f"{dedent(step).strip()}\n"
            case Command(typed, status, most):
                answer = _answer(typed.replace("{projects}", projects), status, folder, address)
                shown = typed.replace("{projects}", "--project ANY23 --project CB …")
                yield "```console"
                yield f"$ {shown}"
                yield from _cut(answer.splitlines(), most)
                yield "```\n"
            case Edit(file, before, after):
                yield from _edited(folder / file, file, before, after)
            case New(file, text):
                (folder / file).write_text(text, encoding="utf-8")
                yield f"```toml\n# {file}\n{text}```\n"


def _answer(typed: str, status: int, folder: Path, address: str) -> str:
    """What the command answers, on either stream."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKEGOOD_")}
    environment |= {"COLUMNS": str(WIDTH), "MAKEGOOD_JIRA_TOKEN": "dc-token"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    ran = subprocess.run(
        ["sh", "-c", typed.replace(SITE, shlex.quote(address))],
        cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False,
    )  # fmt: skip
    if ran.returncode != status:
        raise SystemExit(f"{typed}: status {ran.returncode}, not {status}:\n{ran.stdout}")
    return TOOK.sub(", … s", DIGEST.sub("--approve …", ran.stdout.replace(address, SITE)))


def _cut(lines: list[str], most: int) -> Iterator[str]:
    lines = [line.rstrip() for line in lines]
    if len(lines) <= most:
        yield from lines
        return
    last = lines[-4:]
    yield from lines[: most - len(last)]
    yield f"… {len(lines) - most} lines left out here …"
    yield from last


def _edited(path: Path, shown: str, before: str, after: str) -> Iterator[str]:
    """Edit the file, and show it as a diff without line numbers."""
    old = path.read_text(encoding="utf-8")
    if before not in old:
        raise SystemExit(f"{shown} no longer holds {before!r}")
    new = old.replace(before, after, 1)
    path.write_text(new, encoding="utf-8")
    lines = list(unified_diff(old.splitlines(), new.splitlines(), shown, shown, lineterm="", n=1))
    yield "```diff"
    yield from (line for line in lines if not line.startswith("@@"))
    yield "```\n"


def main() -> None:
    corpus = Path(os.environ.get("MAKEGOOD_CORPUS") or ROOT.parent / "shared")
    if not (corpus / "data").is_dir():
        sys.exit(f"the corpus of real issues is not in {corpus}; set MAKEGOOD_CORPUS to its folder")
    with tempfile.TemporaryDirectory() as folder:
        written = page(corpus, Path(folder))
    PAGE.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
