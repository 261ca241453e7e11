"""The lock files pin what `pyproject.toml` asks for, by hash, and name no address."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
HASH = r" \\\n    --hash=sha256:[0-9a-f]{64}"
PIN = re.compile(rf"(?P<name>[a-z0-9-]+)==(?P<version>\S+)(?: ; [^\\]*[^\\ ])?(?:{HASH})+")


def pins(lock: str) -> dict[str, str]:
    """The version of each part; a line that is no pin with hashes fails."""
    entries = re.split(r"\n(?! )", (ROOT / lock).read_text(encoding="utf-8").rstrip("\n"))
    found = [PIN.fullmatch(entry) for entry in entries]
    assert all(found), [entry for entry, pin in zip(entries, found, strict=True) if not pin]
    return {pin["name"]: pin["version"] for pin in found if pin}


def asked(*extras: str) -> list[Requirement]:
    """What the project needs to run and to be built, and what its extras add."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    more = [each for extra in extras for each in told["project"]["optional-dependencies"][extra]]
    return [
        Requirement(each) for each in (*told["build-system"]["requires"], *told["project"]["dependencies"], *more)
    ]


@pytest.mark.parametrize(("lock", "extras"), [("requirements.lock", ()), ("requirements-test.lock", ("test",))])
def test_what_is_asked_for_is_pinned_as_asked(lock: str, extras: tuple[str, ...]) -> None:
    pinned = pins(lock)
    wrong = [str(each) for each in asked(*extras) if pinned.get(each.name, "0") not in each.specifier]
    assert wrong == [], "run `make lock`"


def test_tests_run_on_what_users_run() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-test.lock").items()
