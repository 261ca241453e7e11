"""The page of a new user's first day shows what makegood answers today."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))


def test_the_first_day_goes_as_the_page_tells_it(corpus: Path, tmp_path: Path) -> None:
    first_day = import_module("first_day")
    assert first_day.page(corpus, tmp_path) == first_day.PAGE.read_text(encoding="utf-8")
