"""`python benchmarks/mutants.py [MODULE ...]`: mutmut on the modules that decide what is written, one at a time.

Each is mutated in a copy of the tree, and only the tests of its subject are run. What survives is printed as a
difference; docs/mutants.md says of each that is left why nothing can tell it from the real thing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
INSTALLED = ROOT / ".venv" / "mutants"
TESTS = {
    "worktime": ("test_worktime",),
    "clocks": ("test_clocks",),
    "plan": ("test_plan", "test_ledger"),
    "apply": ("test_apply",),
    "ledger": ("test_ledger",),
    "recover": ("test_recover", "test_apply"),
}
"""The tests that are to kill the mutants of a module."""

COPIED = (
    *("sync", "tests", "mappings", "docs", "demo"),
    *("pyproject.toml", "config.example.toml", "README.md", "Makefile"),
)
ARGUMENTS = ("-p", "no:cacheprovider", "-p", "no:xdist", "-p", "fuzz.few")


def main(modules: list[str]) -> int:
    """A line for each module, and each survivor as a difference; answers with their number, up to 99."""
    left = [name for module in modules for name in survivors(module)]
    return min(len(left), 99)


def survivors(module: str) -> list[str]:
    """The mutants of one module that no test of its subject kills."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            if (ROOT / name).exists():
                copy(ROOT / name, folder / name)
        (folder / "setup.cfg").write_text(configuration(module), encoding="utf-8")
        mutmut(folder, "run", "--max-children", os.environ.get("WORKERS", "1"))
        mutmut(folder, "export-cicd-stats")
        told = json.loads((folder / "mutants" / "mutmut-cicd-stats.json").read_text(encoding="utf-8"))
        print(f"{module}: " + ", ".join(f"{count} {kind}" for kind, count in told.items() if count))
        lines = [line.strip().split(": ") for line in mutmut(folder, "results").splitlines() if ": " in line]
        for name, state in lines:
            print(f"\n{name}: {state}\n{mutmut(folder, 'show', name)}")
        return [name for name, _ in lines]


def configuration(module: str) -> str:
    """What mutmut is told: one module, its tests, and what these need beside them."""
    (place,) = (ROOT / "sync").rglob(f"{module}.py")
    lists = {
        "source_paths": ["sync"],
        "only_mutate": [str(place.relative_to(ROOT))],
        "also_copy": [name for name in COPIED if name not in {"sync", "tests"}],
        "pytest_add_cli_args_test_selection": [f"tests/{test}.py" for test in TESTS[module]],
        "pytest_add_cli_args": ARGUMENTS,
    }
    said = (f"{key}=\n" + "".join(f"    {value}\n" for value in values) for key, values in lists.items())
    return "[mutmut]\ntimeout_multiplier=5\n" + "".join(said)


def mutmut(folder: Path, *arguments: str) -> str:
    """What mutmut prints."""
    environment = os.environ | {"PYTHONPATH": str(INSTALLED)}
    command = [sys.executable, "-m", "mutmut", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"mutmut {' '.join(arguments)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(TESTS)))
