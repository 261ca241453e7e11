"""The page of a new user's first day shows what makegood answers today."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

SCRIPTS = Path(__file__).resolve().parents[1] / "benchmarks"


def test_the_first_day_goes_as_the_page_tells_it(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as beside:
        beside.syspath_prepend(str(SCRIPTS))
        first_day = import_module("first_day")
    told = first_day.PAGE.read_text(encoding="utf-8")
    assert first_day.page(corpus, tmp_path) == told, "run benchmarks/first_day.py"
