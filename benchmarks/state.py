"""How large the state is a ticket, how fast it grows, and what a quiet pass costs with 1,000 and 100,000 tickets.

`python benchmarks/state.py` prints the table that docs/operations.md shows (a minute); nothing is asserted, for
machines differ.
"""

from __future__ import annotations

import gc
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fakes.memory_tracker import Board, MemoryTracker  # noqa: E402 - found beside the tests
from known_tickets import FAR, KINDS, OPENED, SITE, SOURCE, Kind, fill  # noqa: E402
from passes import Agency  # noqa: E402

from sync.state.compaction import compact, daily  # noqa: E402
from sync.state.store import Store  # noqa: E402
from sync.ticket import Status  # noqa: E402
from sync.trackers.base import Page  # noqa: E402
from sync.trackers.sources import Source  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

KEEP = timedelta(days=90)
SAMPLE = 5_000
FEW, MANY = 1_000, 100_000
TURNS = 200
MIX = {
    "done, nothing of ours on it": 0.67,
    "done, with labels and a due date": 0.20,
    "done, with 5 comments too": 0.10,
    "live, with labels and a due date": 0.02,
    "live, with 5 comments too": 0.01,
}
"""What becomes of a firm's tickets over the years *(ours)*: most were done before anything was to be said."""


def size(path: Path, kind: Kind, count: int, *, compacted: bool) -> float:
    """Bytes of the file a ticket."""
    with Store(path, write=True) as store:
        empty = store.bytes()
        fill(store, kind, range(count))
        if compacted:
            compact(store, OPENED + KEEP + timedelta(days=1), KEEP)
        store.shrink()
    return (path.stat().st_size - empty) / count


def sizes(folder: Path) -> Iterator[tuple[str, str]]:
    """Each kind of ticket, as it is at first and once its journal was compacted."""
    for name, kind in KINDS.items():
        fresh = size(folder / f"fresh {name}.db", kind, SAMPLE, compacted=False)
        later = size(folder / f"later {name}.db", kind, SAMPLE, compacted=True)
        yield f"bytes a ticket: {name}", f"{fresh:,.0f} (after {KEEP.days} days {later:,.0f})"
    bare = size(folder / "bare.db", KINDS["live, with labels and a due date"], SAMPLE, compacted=False)
    said = size(folder / "said.db", KINDS["live, with 5 comments too"], SAMPLE, compacted=False)
    mark = size(folder / "a.db", KINDS["done, with 5 comments too"], SAMPLE, compacted=True)
    none = size(folder / "b.db", KINDS["done, with labels and a due date"], SAMPLE, compacted=True)
    yield "bytes a comment, while the journal tells of it", f"{(said - bare) / 5:,.0f}"
    yield "bytes a comment, for ever", f"{(mark - none) / 5:,.0f}"


def mixed(path: Path, count: int) -> None:
    """A firm's tickets, of which those that are done were so for long."""
    numbers = iter(range(count))
    with Store(path, write=True) as store:
        for name, share in MIX.items():
            fill(store, KINDS[name], [next(numbers) for _ in range(round(count * share))])
        compact(store, OPENED + KEEP + timedelta(days=1), KEEP)


# --- passes -----------------------------------------------------------------------------------------------------


class Quiet(MemoryTracker):
    """A tracker that tells of nothing new, as quickly as can be, but for what was `touched`."""

    touched: tuple[str, ...] = ()

    def changed(self, cursor: str | None) -> Iterator[Page]:
        """Nothing, or the tickets that were touched."""
        yield Page(tuple(self.board.shown(number) for number in self.touched), cursor=cursor or "cursor")

    def ids(self) -> Iterable[str]:
        """Whatever there is, as if nothing was."""
        return self.board.tickets


def passes(folder: Path, count: int) -> tuple[Callable[[], float], Callable[[], float]]:
    """A quiet pass over so many known tickets, and one in which a ticket changed, as functions that time it."""
    folder.mkdir()
    mixed(folder / "state.db", count)
    firm = Agency(folder, now=OPENED + FAR / 2, crawl_every=timedelta(days=5000))
    board = Board(firm.now, site=SITE, source=SOURCE)
    tracker = Quiet(board)
    given = {"tracker": "memory", "name": SOURCE, "mode": "full", "readers": "staff"}
    firm.source(Source.model_validate(given), tracker, firm.by.mappings["desk.toml"])
    ticket = board.create("The report is late", client="Client 7", status=Status.OPEN)

    def timed() -> float:
        firm.wait(minutes=5)
        board.now = firm.now
        begun = time.perf_counter()
        firm.run()
        daily(firm.store, firm.now, KEEP)
        return time.perf_counter() - begun

    def touched() -> float:
        tracker.touched = (ticket,)
        board.say(ticket, "One more word")
        took = timed()
        tracker.touched = ()
        return took

    timed()  # a new policy: whatever goes on is looked at
    return timed, touched


def ratios(folder: Path) -> Iterator[tuple[str, str]]:
    """Both sizes in turn, so that whatever else the machine does meets both."""
    few, many = passes(folder / "few", FEW), passes(folder / "many", MANY)
    gc.collect()
    gc.freeze()
    for what, turns, (one, other) in (
        ("a quiet pass", TURNS, (few[0], many[0])),
        ("a pass in which one ticket changed", TURNS // 4, (few[1], many[1])),
    ):
        pairs = [(one(), other()) for _ in range(turns)]
        ratio = statistics.median(b / a for a, b in pairs)
        small, large = (statistics.median(each) * 1000 for each in zip(*pairs, strict=True))
        yield f"{what}: {FEW:,} known tickets, {MANY:,}", f"{small:.2f} ms, {large:.2f} ms: {ratio:.2f} ×"
    path = folder / "many" / "state.db"
    yield f"{MANY:,} tickets of a firm: bytes a ticket", f"{path.stat().st_size / MANY:,.0f}"


def once(folder: Path) -> Iterator[tuple[str, str]]:
    """What is done once a start, a day, or a command."""
    other = folder / "other.db"
    mixed(other, MANY)

    def opened(*, write: bool) -> None:
        Store(other, write=write).close()

    def compacted() -> None:
        with Store(other, write=True) as store:
            compact(store, OPENED + FAR / 2, KEEP, spare=1.0)

    for what, do in (
        ("opening it to write (a start, or a run of `makegood`)", partial(opened, write=True)),
        ("opening it to read (`status`, `worklist`)", partial(opened, write=False)),
        ("the daily look for what may go", compacted),
    ):
        begun = time.perf_counter()
        do()
        yield f"{MANY:,} tickets: {what}", f"{time.perf_counter() - begun:.2f} s"


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        parts: Sequence[Callable[[Path], Iterator[tuple[str, str]]]] = (sizes, ratios, once)
        rows = [f"| {what} | {figure} |" for part in parts for what, figure in part(Path(folder))]
    sys.stdout.write("\n".join(["| what | figure |", "|---|---:|", *rows, ""]))


if __name__ == "__main__":
    main()
