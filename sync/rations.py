"""What passes that go on side by side must know of each other."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Sites:
    """Which lane serves which site, so that no ticket is read by two passes at once."""

    def __init__(self) -> None:
        self._deciding = Lock()
        self._lanes: dict[str, str] = {}

    def lane_of(self, site: str, asking: str) -> str:
        """The lane that serves the site: the first one that asked."""
        with self._deciding:
            return self._lanes.setdefault(site, asking)


class Rations:
    """Who is about to be asked for by passes that are under way, which the journal does not tell yet."""

    def __init__(self) -> None:
        self._deciding = Lock()
        self._asked: dict[tuple[str, ...], Counter[str]] = {}

    @contextmanager
    def shared(self, sources: tuple[str, ...]) -> Iterator[tuple[Counter[str], Counter[str]]]:
        """How often people are asked for by the passes over other sources, and what this one adds to it.

        Nobody else decides meanwhile. What an earlier pass over the same sources asked is in the journal by now.
        """
        with self._deciding:
            others = sum((asked for names, asked in self._asked.items() if names != sources), Counter[str]())
            own = self._asked[sources] = Counter[str]()
            yield others, own

    def written(self, sources: tuple[str, ...]) -> None:
        """The pass over these sources has ended: the journal tells whom it asked."""
        with self._deciding:
            self._asked.pop(sources, None)
