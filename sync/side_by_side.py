"""What passes that go on side by side must know of each other."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


class Sites:
    """Which lane serves which site, so that no ticket is read by two passes at once."""

    def __init__(self) -> None:
        self._deciding = Lock()
        self._lanes: dict[str, str] = {}

    def lane_of(self, site: str, asking: str) -> str:
        """The lane that serves the site: the first one that asked."""
        with self._deciding:
            return self._lanes.setdefault(site, asking)


class Underway(Generic[T]):
    """What passes under way have in hand, which the state does not tell yet. A pass begins with `nothing`."""

    def __init__(self, nothing: Callable[[], T]) -> None:
        self._nothing = nothing
        self._deciding = Lock()
        self._held: dict[tuple[str, ...], T] = {}

    @contextmanager
    def shared(self, sources: tuple[str, ...]) -> Iterator[tuple[list[T], T]]:
        """What each pass over other sources has in hand, and what this one adds to it.

        Nobody else decides meanwhile. What an earlier pass over the same sources had is in the state by now.
        """
        with self._deciding:
            others = [held for names, held in self._held.items() if names != sources]
            own = self._held[sources] = self._nothing()
            yield others, own

    def written(self, sources: tuple[str, ...]) -> None:
        """The pass over these sources has ended: the state tells what there is to tell."""
        with self._deciding:
            self._held.pop(sources, None)
