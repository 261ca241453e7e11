"""Asana's paging: `limit` and an opaque `offset` that expires and fits only the list it came from."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from fakes.asana_refusal import Refusal

if TYPE_CHECKING:
    from fakes.asana_people import Thing
    from fakes.server import Request

UNPAGED = 1000
LIFETIME = timedelta(minutes=15)


class Offset(NamedTuple):
    """Where a page ended: after which thing, which stood at `position`, of which list."""

    listing: str
    last: str
    position: int
    born: datetime


class Page(NamedTuple):
    """The things of one page; `rest` is the query of the next one, None on the last."""

    things: list[Thing]
    rest: str | None
    offset: str | None


class Pages:
    """The offset tokens handed out so far."""

    def __init__(self) -> None:
        self._offsets: dict[str, Offset] = {}
        self._numbers = count(1)

    def expire(self) -> None:
        """Let every token handed out so far be too old."""
        self._offsets = {
            token: offset._replace(born=offset.born - LIFETIME) for token, offset in self._offsets.items()
        }

    def cut(self, things: list[Thing], request: Request, now: datetime) -> Page:
        """Return the page a request asks for; what left the list meanwhile moves nothing that is still in it."""
        if "limit" not in request.query:
            if len(things) > UNPAGED:
                raise Refusal(
                    400, "The result is too large. You should use pagination (may require specifying a workspace)!"
                )
            return Page(things, None, None)
        limit = _limit(request.one("limit"))
        start = self._start(things, request, now)
        page = things[start : start + limit]
        if start + limit >= len(things):
            return Page(page, None, None)
        token = f"offset{next(self._numbers):026d}"
        self._offsets[token] = Offset(_listing(request), page[-1].gid, start + limit - 1, now)
        query = {name: values[0] for name, values in request.query.items()} | {"offset": token}
        return Page(page, urlencode(query), token)

    def _start(self, things: list[Thing], request: Request, now: datetime) -> int:
        if "offset" not in request.query:
            return 0
        offset = self._offsets.get(request.one("offset"))
        if offset is None or offset.listing != _listing(request):
            raise Refusal(400, "offset: Your pagination token is invalid.")
        if now - offset.born >= LIFETIME:
            raise Refusal(400, "offset: Your pagination token has expired.")
        return next((at + 1 for at, thing in enumerate(things) if thing.gid == offset.last), offset.position)


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise Refusal(400, f"limit: Must be between 1 and 100: {text}")
    return int(text)


def _listing(request: Request) -> str:
    filters = {name: values for name, values in request.query.items() if name not in {"limit", "offset"}}
    return f"{request.path}?{sorted(filters.items())}"
