"""`python tests/fuzz/harness.py TARGET SECONDS`: atheris on one of the checks, coverage as its guide."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris  # type: ignore[import-untyped]

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

with atheris.instrument_imports(include=["sync", "tomllib", "csv"]):
    from fuzz.ground import Ground

LONGEST = 20_000
"""Bytes of an input."""


def main(target: str, seconds: str) -> None:
    """Fuzz for that long. What fails is kept in `found/TARGET/`, where CI replays it ever after."""
    shared = Path(os.environ.get("MAKEGOOD_CORPUS", HERE.parents[2] / "shared"))
    found = HERE / "found" / target
    found.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        ground, inputs = Ground(shared, Path(folder)), Path(folder) / "inputs"
        inputs.mkdir()
        for number, seed in enumerate(ground.seeds(target)):
            (inputs / str(number)).write_bytes(seed)
        limits = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=4096", f"-max_len={LONGEST}"]
        atheris.Setup(
            [sys.argv[0], *limits, f"-artifact_prefix={found}/", "-print_final_stats=1", str(inputs)],
            ground.targets[target],
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
