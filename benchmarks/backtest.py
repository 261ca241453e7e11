"""How long it takes to live through the real service desk again, beside a daemon that looks at it every hour.

Both judge by the shipped policy and write to memory alone. CPU seconds of one core; nothing here is asserted.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from real_downtime import BEGIN, Desk, acts  # noqa: E402 - found beside the tests
from real_past import SETTINGS, desk_past, desk_policy, desk_tickets  # noqa: E402

from sync.workbench.backtest import Window, reported  # noqa: E402
from sync.workbench.replay import replayed  # noqa: E402

if TYPE_CHECKING:
    from sync.ticket import Ticket

YEAR = datetime(2024, 11, 19, tzinfo=UTC)
HOUR, MONTH = timedelta(hours=1), timedelta(days=30)


def replay(tickets: list[Ticket], since: datetime, lasts: timedelta, every: timedelta) -> tuple[float, int]:
    """CPU seconds and comments of a backtest."""
    policy, window = desk_policy(), Window(since, since + lasts, every)
    began = time.process_time()
    passes = replayed(SETTINGS, policy, {"desk": desk_past(tickets, since)}, window.until, every, wordless=True)
    said = reported(passes, SETTINGS.source, policy, window).said
    return time.process_time() - began, len(said)


def daemon(corpus: Path, folder: Path) -> tuple[float, int]:
    """CPU seconds and comments of a month with a daemon."""
    desk, said = Desk(folder, acts(corpus)), 0
    desk.play(BEGIN)
    began = time.process_time()
    while desk.now <= BEGIN + MONTH:
        said += sum(plan.comment is not None for plan in desk.look().plan.tickets)
        desk.play(desk.now + HOUR)
    return time.process_time() - began, said


def main() -> None:
    """Print every figure."""
    corpus = Path(os.environ.get("MAKEGOOD_CORPUS") or ROOT.parent / "shared")
    with tempfile.TemporaryDirectory() as folder:
        tickets = desk_tickets(corpus, Path(folder) / "whole")
        lived, said = daemon(corpus, Path(folder))
    took, again = replay(tickets, BEGIN, MONTH, HOUR)
    sys.stdout.write(
        f"a month, every hour: daemon {lived:.1f} s and {said} comments, backtest {took:.1f} s and {again}: "
        f"{lived / took:.1f} times as fast\n"
    )
    for every in (HOUR, timedelta(minutes=15)):
        took, said = replay(tickets, YEAR, timedelta(days=365), every)
        sys.stdout.write(f"{len(tickets)} tickets, a year, every {every}: {took:.1f} s, {said} comments\n")


if __name__ == "__main__":
    main()
