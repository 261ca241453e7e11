"""A year in minutes: people, outages and edits at random on real adapters, judged by the trackers' own truth.

`SOAK_DAYS`, `SOAK_TICKETS` and `SOAK_SEED` make it longer and another one (`make soak`: a year, 500 tickets);
`SOAK_SUMMARY` names a JSON file for its figures. The cases counted are passes.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from reliability import counted
from soak.figures import Figures
from soak.world import DAY, STEP, Scale, World

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.reliability

DAYS, TICKETS = float(os.environ.get("SOAK_DAYS", "2")), int(os.environ.get("SOAK_TICKETS", "24"))
SEED = int(os.environ.get("SOAK_SEED", "20260105"))
HURRIED_BELOW = 30
"""Days: in a shorter run six times as much happens and goes wrong a day, so that everything comes up."""
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
STATE_PER_TICKET = 64 * 1024
"""Bytes of the state file for each ticket there ever was, at most."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where that can be had: no power fails here, and each commit would wait for the disk."""
    if not os.access(IN_MEMORY, os.W_OK):
        yield tmp_path
        return
    with TemporaryDirectory(dir=IN_MEMORY) as name:
        yield Path(name)


def test_whatever_happens_nothing_comes_twice_nothing_is_missed_and_nobody_is_let_in(folder: Path) -> None:
    scale = Scale(DAYS, TICKETS, SEED, hurry=1 if DAYS >= HURRIED_BELOW else 6)
    with World(folder, scale) as world:
        figures = Figures(world)
        for passed in world.live(int(scale.days * (DAY / STEP))):
            figures.note(passed)
        world.settle()
        figures.finish()
        if path := os.environ.get("SOAK_SUMMARY"):
            Path(path).write_text(json.dumps(figures.summary(), indent=2) + "\n", encoding="utf-8")
        verdict = world.verdict
        counted(
            "simulated year",
            duplicates=len(verdict.twice),
            losses=len(verdict.missed),
            leaks=len(verdict.leaked),
            cases=world.counts.passes,
            told="\n".join(verdict.faults),
        )
        assert world.firm.store.unsettled() == []
        assert verdict.overruled == set()
        assert world.counts.surprises == []
        assert verdict.owed, "no promise was ever owed: nothing was proved"
        assert figures.grown() == []
        assert figures.state_per_ticket() <= STATE_PER_TICKET
