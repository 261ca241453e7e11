"""Asana's event streams: sync tokens that live a day, and each event told at most once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

LIFETIME = timedelta(hours=24)
PAGE = 100


class Stale(Exception):  # noqa: N818 - the API's own word for it is no error
    """The token is missing, unknown or too old: start from `token`, having read everything anew."""

    def __init__(self, token: str) -> None:
        super().__init__(token)
        self.token = token


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the log a token stands, and the token it was handed out for."""

    resource: str
    position: int
    born: datetime
    before: str | None


class Told(NamedTuple):
    """One answer: events, the token for the next call, and whether more are waiting."""

    events: list[dict[str, Any]]
    token: str
    has_more: bool


class EventLog:
    """Events of all resources in order; `scope` of each is the gids to whose streams it belongs."""

    def __init__(self) -> None:
        self._events: list[tuple[frozenset[str], dict[str, Any]]] = []
        self._places: dict[str, Place] = {}
        self._numbers = count(1)

    def add(self, scope: frozenset[str], event: dict[str, Any]) -> None:
        """Append an event."""
        self._events.append((scope, event))

    def lose(self) -> None:
        """Forget every event not yet read, as the service may."""
        self._events = [(frozenset(), event) for _, event in self._events]

    def read(self, resource: str, token: str, now: datetime) -> Told:
        """Tell what came since the token; asking again with it repeats, going back beyond it does not."""
        place = self._places.get(token)
        if place is None or place.resource != resource or now - place.born > LIFETIME:
            raise Stale(self._issue(resource, len(self._events), now, None))
        if place.before:
            self._places.pop(place.before, None)
        mine = [at for at in range(place.position, len(self._events)) if resource in self._events[at][0]]
        page, more = mine[:PAGE], len(mine) > PAGE
        position = page[-1] + 1 if more else len(self._events)
        return Told([self._events[at][1] for at in page], self._issue(resource, position, now, token), more)

    def _issue(self, resource: str, position: int, now: datetime, before: str | None) -> str:
        token = f"sync{next(self._numbers):028d}"
        self._places[token] = Place(resource, position, now, before)
        return token
