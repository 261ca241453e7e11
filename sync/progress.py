"""A progress bar for whoever watches, once a piece of work takes more than a second; nothing in a pipe."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress, TaskID

PATIENCE = 1.0


class Tell(Protocol):
    """To be called as work goes on, with the total of the counts where it is known."""

    def __call__(self, source: str, stage: str, count: int, total: int | None = None, /) -> None:
        """So much of this stage is done."""


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Tell]:
    """Yields what is told of the work."""
    if quiet or not sys.stderr.isatty():
        yield lambda _source, _stage, _count, _total=None: None
        return
    with ExitStack() as stack:
        started = time.monotonic()
        bar: list[Progress] = []
        tasks: dict[tuple[str, str], TaskID] = {}

        def tell(source: str, stage: str, count: int, total: int | None = None, /) -> None:
            if not bar and time.monotonic() - started < PATIENCE:
                return
            if not bar:
                bar.append(stack.enter_context(_bar()))
            if (source, stage) not in tasks:
                tasks[source, stage] = bar[0].add_task(f"{source}: {stage}", total=total)
            bar[0].update(tasks[source, stage], completed=count)

        yield tell


def _bar() -> Progress:
    from rich.console import Console  # noqa: PLC0415 - only when one is shown
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
