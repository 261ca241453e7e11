"""What README, the other documents and --help show is true: it loads, it parses, it exists."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from office import ROOT, Office

from sync import cli, errors, settings
from sync.commands import passes as commands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")})
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OURS = re.compile(r"(?:\.venv/bin/)?(makegood|sync)(?= |$)")


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(tmp_path, monkeypatch)


def blocks(language: str) -> list[str]:
    """The fenced blocks of the README in that language."""
    return [text for kind, text in BLOCK.findall(README) if kind == language]


def shown(document: str) -> Iterator[str]:
    """Every command of ours that a document shows, in a block of shell or between backticks."""
    for kind, block in BLOCK.findall(document):
        if kind == "sh":
            yield from (line for line in block.splitlines() if OURS.match(line))
    yield from (code for code in re.findall(r"`([^`\n]+)`", BLOCK.sub("", document)) if OURS.match(code))


def helped() -> Iterator[str]:
    """Every example of ours in the help of a command."""
    for command in (cli.cli, *cli.cli.commands.values()):
        examples = re.findall(r"^ +(makegood(?: \S+)*)", command.help or "", re.MULTILINE)
        assert examples, f"{command.name} has no example"
        yield from examples


# --- blocks of TOML ---------------------------------------------------------------------------------------------


def test_each_source_of_the_readme_loads_beside_the_others(office: Office) -> None:
    sources = [block for block in blocks("toml") if block.startswith("[[source]]")]
    office.write("config.toml", "\n".join(sources))
    read, policy = settings.load(Path("config.toml"))
    assert {source.tracker for source in read.source} == {"jira", "asana", "workbook"}
    assert {source.mode for source in read.source} == {"observe"}, "a new source begins in observe mode"
    assert set(policy.mappings) == {"jira.toml", "asana.toml", "workbook.toml"}
    exported = re.findall(r"export (\w+)=", README)
    assert exported == [settings.token_variable(source) for source in read.source if source.tracker == "jira"]


def test_the_cell_before_stands_in_the_mapping_and_the_one_after_is_an_edit_of_it(office: Office) -> None:
    before, after = (block for block in blocks("toml") if not block.startswith("[[source]]"))
    office.source()
    _, policy = settings.load(Path("config.toml"))
    office.mapping("escalation.toml", before, after)
    _, edited = settings.load(Path("config.toml"))
    old, new = (each.escalation.row("high").first_response for each in (policy, edited))
    assert old is not None
    assert new is not None
    assert (old.within.written, old.counts) == ("4h", "working")
    assert (new.within.written, new.counts) == ("2h", "elapsed")


def test_a_slip_of_the_pen_is_answered_word_for_word_as_shown(office: Office) -> None:
    (told,) = blocks("text")
    before, _ = (block for block in blocks("toml") if not block.startswith("[[source]]"))
    office.source()
    office.mapping("escalation.toml", before, before.replace("within", "withn", 1))
    ran = office.run("check")
    assert ran.status == 2
    assert ran.err.startswith(told)


# --- commands ---------------------------------------------------------------------------------------------------


COMMANDS = {"one_pass", "check", "explain", "status", "rebuild", "daemon"}
COMMANDS |= {"worklist", "register", "lessons", "remedies", "message"}
COMMANDS |= {"backup", "verify", "plan", "apply", "undo", "trial"}
COMMANDS |= {"schema", "test", "audit"}
COMMANDS |= {"backtest", "diff", "init", "overrides"}
COMMANDS |= {"doctor"}
COMMANDS |= {"compact", "forget"}


@pytest.fixture
def called(office: Office) -> list[str]:
    """Which command each run came to; what it does is left out."""
    names: list[str] = []
    doers = {name: f"sync.commands.passes.{name}" for name in ("one_pass", "explain", "rebuild")}
    doers["check"] = "sync.commands.check.check"

    def noting(name: str) -> Callable[..., int]:
        def note(*_: object, **__: object) -> int:
            names.append(name)
            return 0

        return note

    listings = {"worklist": "work_list"} | {name: name for name in ("register", "lessons", "remedies", "message")}
    doers |= {"status": "sync.commands.status.status"}
    doers |= {name: f"sync.commands.state.{name}" for name in ("backup", "compact", "verify")}
    doers["forget"] = "sync.commands.forget.forget_client"
    doers["undo"] = "sync.commands.undo.undo"
    doers["audit"] = "sync.auditing.command.audit"
    doers["doctor"] = "sync.doctor.command.doctor"
    doers["trial"] = "sync.workbench.export_command.one_pass"
    office.patch.setattr("sync.workbench.export_command.explain", noting("explain"))
    doers["test"] = "sync.workbench.testing_command.test"
    doers["init"] = "sync.workbench.init_command.init"
    doers["schema"] = "sync.workbench.schema_command.schema"
    doers["backtest"] = "sync.workbench.backtest_command.backtest"
    doers |= {
        "diff": "sync.workbench.difference_command.diff",
        "overrides": "sync.workbench.overrides_command.overrides",
    }
    doers |= {name: f"sync.commands.plans.{name}" for name in ("plan", "apply")}
    doers |= {name: f"sync.commands.listings.{place}" for name, place in listings.items()}
    for name, place in (doers | {"daemon": "sync.daemon.run"}).items():
        office.patch.setattr(place, noting(name))
    return names


def test_every_command_that_a_document_shows_exists_with_these_options(office: Office, called: list[str]) -> None:
    lines = [line for file in DOCUMENTS for line in shown(file.read_text(encoding="utf-8"))]
    assert len(lines) > 15
    for line in lines:
        _, *arguments = shlex.split(line, comments=True)
        ran = office.run(*arguments)
        assert (ran.status, ran.err) == (0, ""), line
    assert set(called) == COMMANDS


def test_each_commands_help_holds_examples_that_parse(office: Office, called: list[str]) -> None:
    for line in helped():
        _, *arguments = shlex.split(line)
        ran = office.run(*arguments)
        assert (ran.status, ran.err) == (0, ""), line
    assert set(called) == COMMANDS


def test_each_command_and_each_option_of_a_pass_is_told_of_in_the_readme(office: Office) -> None:
    told = "\n".join(shown(README))
    for name in cli.cli.commands:
        assert f"makegood {name}" in told
    assert office.run("--help").out.count("makegood --") >= 3
    for option in ("--dry-run", "--output json", "--only", "--online", "-v"):
        assert option in README


def test_each_target_of_make_that_a_document_names_is_there_and_explained() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named: set[str] = set()
    for file in DOCUMENTS:
        text = file.read_text(encoding="utf-8")
        for words in re.findall(r"(?:`|^)make ((?:[a-z-]+ ?)+)", text, re.MULTILINE):
            named |= set(words.split())
    assert {"demo", "test"} <= named <= targets | {"help"}
    for target in ("demo", "test"):
        plan = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert plan.returncode == 0, plan.stderr


def test_what_the_install_uses_is_there_and_pinned() -> None:
    install = blocks("sh")[1]
    for name in re.findall(r"-r (\S+)", install):
        pinned = (ROOT / name).read_text(encoding="utf-8")
        assert "--hash=sha256:" in pinned
        assert "://" not in pinned
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(project["scripts"]) == {"makegood", "sync"}


# --- what is named ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_each_link_leads_somewhere(file: Path) -> None:
    text = BLOCK.sub("", file.read_text(encoding="utf-8"))
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link}
    assert [link for link in sorted(links) if link and not (file.parent / link).exists()] == []


def test_each_mapping_file_that_the_readme_lists_is_shipped_and_none_is_left_out() -> None:
    table = README.partition("| file | says |")[2].partition("\n\n")[0]
    listed = set(re.findall(r"`(\w+\.toml)`", table))
    assert listed == {file.name for file in (ROOT / "mappings").glob("*.toml")}
    languages = [folder for folder in (ROOT / "mappings" / "comments").iterdir() if folder.is_dir()]
    assert "in five languages" in table
    assert len(languages) == 5


# --- exit statuses ----------------------------------------------------------------------------------------------


def statuses(text: str) -> dict[int, str]:
    """`0 done · 1 …` as a table."""
    listed = " ".join(text.split()).rstrip(".").split(" · ")
    return {int(number): what for number, _, what in (each.partition(" ") for each in listed)}


def descended(kind: type[errors.MakegoodError]) -> Iterator[type[errors.MakegoodError]]:
    yield kind
    for inner in kind.__subclasses__():
        yield from descended(inner)


def test_the_exit_statuses_of_readme_and_help_are_those_of_the_program() -> None:
    readme = statuses(README.partition("Exit statuses: ")[2].partition("\n\n")[0])
    helped = statuses((cli.cli.epilog or "").removeprefix("Exit status: "))
    known = {0, commands.WORK_TO_DO} | {kind.exit_status for kind in descended(errors.MakegoodError)}
    assert set(readme) == set(helped) == known
    for number, status, word in (
        (2, errors.ConfigurationError.exit_status, "configuration"),
        (3, errors.CredentialsError.exit_status, "credentials"),
        (4, errors.GuardRefusedError.exit_status, "guard"),
        (5, errors.LockHeldError.exit_status, "lock"),
    ):
        assert status == number
        assert word in readme[number]
        assert word in helped[number]
    assert "--exit-code" in readme[10]
    assert "--exit-code" in helped[10]
