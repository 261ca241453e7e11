"""What a soak used: time, memory and state, sampled each month of a year, or each day of a short run."""

from __future__ import annotations

import gc
import os
import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soak.world import DAY, STEP

if TYPE_CHECKING:
    from soak.world import World

MONTH = 30
MOST_GROWN = 1.5
MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Sample:
    """After so many days: seconds since the start, resident MiB (the fakes' part too), objects of ours that are
    alive between two passes, bytes of the state file, tickets there ever were.
    """

    day: float
    seconds: float
    resident: float
    objects: int
    state: int
    tickets: int


class Figures:
    """Samples of a world; between them it only counts."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._begun, self._used = time.perf_counter(), time.process_time()
        self._every = (MONTH if world.scale.days > MONTH else 1) * (DAY // STEP)
        self.samples: list[Sample] = []

    def note(self, passed: int) -> None:
        """Take a sample if it is time, and say how far we are."""
        if passed % self._every == 0:
            self.samples.append(self._sample(passed * STEP / DAY))
            self._tell()

    def _tell(self) -> None:
        wrong = [*self._world.verdict.faults, *self._world.counts.surprises]
        sys.stderr.write("\n  ".join([str(self.samples[-1]), *wrong[-MOST_TOLD:], ""]))
        sys.stderr.write("\n")

    def finish(self) -> None:
        """The last sample."""
        self.samples.append(self._sample(self._world.scale.days))

    def grown(self) -> list[str]:
        """How many more of our objects are alive in the end than at the second sample, if it is much."""
        first, last = self.samples[min(1, len(self.samples) - 1)], self.samples[-1]
        return [f"{first} → {last}"] if last.objects > MOST_GROWN * first.objects else []

    def state_per_ticket(self) -> float:
        """Bytes of the state file for each ticket there had been, at most."""
        return max(sample.state / max(1, sample.tickets) for sample in self.samples)

    def summary(self) -> dict[str, Any]:
        """Everything, for the record."""
        world, verdict = self._world, self._world.verdict
        return {
            "scale": asdict(world.scale),
            "counts": asdict(world.counts) | {"surprises": len(world.counts.surprises)},
            "promises owed and found": len(verdict.owed),
            "duplicates": len(verdict.twice),
            "missed": len(verdict.missed),
            "leaks": len(verdict.leaked),
            "overruled": len(verdict.overruled),
            "seconds": round(time.perf_counter() - self._begun),
            "processor seconds": round(time.process_time() - self._used),
            "state bytes a ticket": round(self.state_per_ticket()),
            "samples": [asdict(sample) for sample in self.samples],
            "faults": [*verdict.faults, *world.counts.surprises][:100],
        }

    def _sample(self, day: float) -> Sample:
        world = self._world
        return Sample(
            day,
            round(time.perf_counter() - self._begun, 1),
            round(_resident(), 1),
            _ours(),
            world.firm.state.stat().st_size,
            world.counts.opened,
        )


def _resident() -> float:
    """MiB of memory that the process holds: now where the system tells, else at most."""
    held = Path("/proc/self/statm")
    if held.exists():
        return int(held.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def _ours() -> int:
    """How many objects of the package's own classes are alive."""
    gc.collect()
    return sum(str(type(each).__module__).startswith("sync.") for each in gc.get_objects())
