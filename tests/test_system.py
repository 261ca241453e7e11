"""The unit file, as systemd's own tools see it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[1] / "systemd" / "makegood.service"

pytestmark = pytest.mark.system


@pytest.fixture
def analyze() -> str:
    """The path of systemd-analyze; whoever asks for these tests has it."""
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.fail("systemd-analyze is missing; apt install systemd")
    return found


def test_systemd_understands_every_line_of_the_unit(analyze: str, tmp_path: Path) -> None:
    stand_in = f"ExecStart={shutil.which('true')} "
    unit, commands = re.subn(
        r"(?m)^ExecStart=/opt/makegood/bin/makegood ", stand_in, UNIT.read_text(encoding="utf-8")
    )
    assert commands == 1
    (tmp_path / UNIT.name).write_text(unit, encoding="utf-8")
    told = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", str(tmp_path / UNIT.name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_the_service_is_exposed_to_little_more_than_the_network(
    analyze: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", str(UNIT)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"Overall exposure level for makegood\.service: ([\d.]+)", told.stdout)
    assert found, told.stdout
    with capsys.disabled():
        print(f"\n{found.group()} (0 is none, 10 is all)")  # noqa: T201 - the figure is the point of this run
    assert float(found.group(1)) <= 1.1
