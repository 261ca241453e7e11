"""The unit files, as systemd's own tools see them: all of them, with what they share."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from clean_root import tool
from office import ROOT, SECRET, Office, jira_cloud

from sync import settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.jira_cloud import JiraCloud

SYSTEMD = ROOT / "systemd"
SERVICES = sorted(file.name for file in SYSTEMD.glob("*.service"))
UNITS = SERVICES + sorted(file.name for file in SYSTEMD.glob("*.timer"))
PROGRAM = "/opt/makegood/bin/makegood"
MOST_EXPOSED = 1.1

needs_systemd = pytest.mark.system


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The folder as it is installed, but for the program: there is none to find."""
    folder = tmp_path / "units"
    shutil.copytree(SYSTEMD, folder, symlinks=True)
    for unit in folder.glob("*.service"):
        told = unit.read_text(encoding="utf-8")
        assert f"\nExecStart={PROGRAM} " in told
        unit.write_text(told.replace(PROGRAM, shutil.which("true") or ""), encoding="utf-8")
    return folder


def verified(folder: Path, unit: str) -> tuple[int, str]:
    """What systemd has to say of a unit; nothing, where it understands each line."""
    command = (
        tool("systemd-analyze", "systemd"),
        "verify",
        "--man=no",
        "--recursive-errors=no",
        str(folder / unit),
    )
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    return told.returncode, told.stdout + told.stderr


def exposure(folder: Path, unit: str) -> float:
    """How much a service may do, by systemd's count: 0 is nothing, 10 is everything."""
    command = (tool("systemd-analyze", "systemd"), "security", "--offline=true", "--no-pager", str(folder / unit))
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", told)
    assert found, told
    return float(found[1])


def lines(unit: str, key: str) -> list[str]:
    """The values of a key, in their order."""
    return re.findall(rf"(?m)^{key}=(.*)$", (SYSTEMD / unit).read_text(encoding="utf-8"))


# --- by systemd's own tools -------------------------------------------------------------------------------------


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_every_line_of_a_unit(units: Path, unit: str) -> None:
    assert verified(units, unit) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES)
def test_a_line_of_the_shared_part_that_systemd_does_not_understand_is_noticed(units: Path, unit: str) -> None:
    with (units / "makegood.service.d" / "hardening.conf").open("a", encoding="utf-8") as shared:
        shared.write("ProtectTheMoon=yes\n")
    assert "ProtectTheMoon" in verified(units, unit)[1]


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES)
def test_a_service_is_exposed_to_little_more_than_the_network(
    units: Path, unit: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = exposure(units, unit)
    with capsys.disabled():
        print(f"\n{unit}: exposure {told}")  # noqa: T201 - the figure is the point of this run
    assert told <= MOST_EXPOSED
    shutil.rmtree(units / "makegood.service.d")
    assert exposure(units, unit) > MOST_EXPOSED, "the shared part is what confines it"


# --- by what the program knows ----------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", SERVICES)
def test_each_line_of_a_unit_has_its_reason_above_it_or_in_the_unit_that_it_repeats(unit: str) -> None:
    text = (SYSTEMD / unit).read_text(encoding="utf-8")
    elsewhere = {
        line for other in named_in(text) for line in reasoned((SYSTEMD / other).read_text(encoding="utf-8"))
    }
    body = text.partition("[Service]")[2].partition("[Install]")[0]
    settled = {line.partition("=")[0] for line in (*reasoned(text), *elsewhere)}
    assert {key for line in settings_of(body) if (key := line.partition("=")[0]) not in settled} == set()


def named_in(text: str) -> set[str]:
    """The other units that the head of a unit refers to for its reasons."""
    head = text.partition("[Unit]")[0]
    return {name for name in SERVICES if re.search(rf"(?<![\w-]){re.escape(name)}", head)}


def settings_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if re.match(r"\w+=", line)]


def reasoned(text: str) -> Iterator[str]:
    """The settings that a comment stands above, alone or over several."""
    for block in re.split(r"\n\s*\n|\n(?=#)", text):
        if block.lstrip().startswith("#"):
            yield from settings_of(block)


@pytest.mark.parametrize("unit", SERVICES)
def test_a_unit_starts_a_command_that_exists_with_a_state_in_the_folder_that_is_its_own(
    unit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (command,) = lines(unit, "ExecStart")
    program, *arguments = shlex.split(command)
    assert program == PROGRAM
    assert Office(tmp_path, monkeypatch).run(*arguments, "--help").status == 0, "the command and its options exist"
    own = lines(unit, "StateDirectory")[0].split()[0]
    assert f"MAKEGOOD_STATE=%S/{own}/state.db" in lines(unit, "Environment")
    assert settings.PREFIX + "STATE" == "MAKEGOOD_STATE"
    assert lines(unit, "DynamicUser") == ["yes"]
    assert lines(unit, "User") == [f"makegood{'-%i' if '@' in unit else ''}"]


def test_what_is_refused_for_good_is_not_tried_again() -> None:
    final = {"2", "3"}
    for unit in ("makegood.service", "makegood@.service"):
        assert set(lines(unit, "RestartPreventExitStatus")[0].split()) == final
        assert lines(unit, "Restart") == ["always"]


@pytest.mark.parametrize("unit", [name for name in SERVICES if "backup" not in name])
def test_a_token_of_the_folder_reaches_the_program_by_the_name_that_systemd_gives_it(
    unit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, _, folder = lines(unit, "LoadCredential")[0].partition(":")
    assert folder == f"/etc/makegood/{'%i/' if '@' in unit else ''}credentials"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / f"{name}_jira.token").write_text(f"{SECRET}\n", encoding="ascii")
    assert settings.token_file("jira") == tmp_path / f"{name}_jira.token"
    assert settings.token_file("asana") == tmp_path / "asana.token", "named in the remedy where there is none"


# --- as the service runs ----------------------------------------------------------------------------------------


@pytest.fixture
def jira() -> Iterator[JiraCloud]:
    with jira_cloud() as fake:
        yield fake


def test_a_new_token_is_used_from_the_next_start_on_and_no_token_stops_only_its_own_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jira: JiraCloud
) -> None:
    office = Office(tmp_path, monkeypatch)
    office.jira(jira.url, mode="observe")
    office.issues()
    office.source()
    handed = tmp_path / "handed"
    handed.mkdir()

    def started() -> str:
        """The log of a daemon's first passes, with what systemd hands over at that moment."""
        ran = office.process("daemon", "--passes", "1", CREDENTIALS_DIRECTORY=str(handed), MAKEGOOD_JIRA_TOKEN="")
        assert SECRET not in ran.out + ran.err
        return ran.err

    assert "There is no token for source 'jira'" in started()
    assert office.run("status").out.count("last good pass never") == 1, "the workbook is served"
    token = handed / "makegood_jira.token"
    token.write_text(f"{SECRET}\n", encoding="ascii")
    token.chmod(0o400)
    assert '"level": "error"' not in started()
    jira.token = f"{SECRET}-rotated"
    assert "the token" in started()
    token.chmod(0o600)
    token.write_text(f"{SECRET}-rotated\n", encoding="ascii")
    assert '"level": "error"' not in started()
