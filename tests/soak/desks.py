"""A tracker's fake as the people of the soak see it: what they can do there, and what truly stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from soak.life import Life, Place, Side

    from sync.mapping.tracker_models import Mapping
    from sync.ticket import Status
    from sync.trackers.base import Tracker
    from sync.trackers.sources import Source

SEVERITIES = ("Critical", "High", "Medium", "Low")
STAFF, CLIENT = "Delivery lead", "Client contact"
PEOPLE = {"staff": STAFF, "client": CLIENT}


class Desk(Protocol):
    """One fake with its sources. Tickets are named by their id; severities as in `SEVERITIES`."""

    name: str

    @property
    def places(self) -> Sequence[Place]:
        """Where clients open tickets."""
        ...

    def open_sources(self, names: Sequence[str]) -> list[tuple[Source, Tracker, Mapping]]:
        """Every source under its name of now, each with a tracker that knows nothing yet."""
        ...

    def create(self, title: str, place: Place, client: str, severity: str) -> str:
        """A client opens a ticket."""
        ...

    def comment(self, by: Side, ticket: str, text: str) -> None: ...

    def set_status(self, ticket: str, status: Status) -> None: ...

    def set_severity(self, ticket: str, severity: str) -> None: ...

    def put_label(self, ticket: str, label: str) -> None: ...

    def take_label(self, ticket: str, label: str) -> None: ...

    def set_due(self, ticket: str, due: date | None) -> None: ...

    def set_owner(self, ticket: str, who: str | None) -> None: ...

    def move(self, ticket: str, place: Place) -> None: ...

    def delete(self, ticket: str) -> None: ...

    def labels(self, ticket: str) -> Collection[str]:
        """The labels that stand on a ticket."""
        ...

    def life(self, ticket: str) -> Life:
        """All that happened on a ticket."""
        ...
