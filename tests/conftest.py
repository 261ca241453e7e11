"""What every test may lean on: the corpus of real data, and no surprise network."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real issues and vendor documents; absent means skipped, unless it was promised."""
    promised = os.environ.get("MAKEGOOD_CORPUS")
    folder = Path(promised) if promised else _BESIDE
    if (folder / "specs").is_dir() and (folder / "data").is_dir():
        return folder
    if promised:
        pytest.fail(f"MAKEGOOD_CORPUS={promised} holds no specs/ and data/")
    pytest.skip("the corpus of real issues is not on this machine; set MAKEGOOD_CORPUS to its folder")
