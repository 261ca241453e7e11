"""One request to a Jira fake, and the reading of its parts; what is not of the documented shape is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakes.jira_words import payload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fakes.jira_view import Json, View
    from fakes.server import Request

Shape = dict[str, type]
"""The members that a body may have, and their types."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way: who makes it, and in which version's JSON it is answered."""

    request: Request
    view: View
    signed: bool
    denied: frozenset[tuple[str, str]]

    def may(self, permission: str, project: str) -> bool:
        """Tell whether the caller has a permission in a project."""
        lost = {(permission, "*"), (permission, project)}
        return self.signed and self.denied.isdisjoint(lost)

    def number(self, name: str, default: int, most: int | None = None) -> int:
        """Return a query parameter as a number that is not negative; raises Refusal."""
        text = self.request.one(name, str(default))
        if not text.isdecimal():
            raise payload(f"{name} is no number: {text}")
        return int(text) if most is None else min(int(text), most)

    def words(self, name: str) -> tuple[str, ...]:
        """Return a query parameter that is a list, repeated or with commas."""
        return listed(self.request.query.get(name))


def listed(given: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever a client sent
    """Return a list of strings whose members may hold several, with commas; raises Refusal."""
    if not all(isinstance(one, str) for one in given or ()):
        raise payload("a list of strings is wanted")
    return tuple(word.strip() for one in given or () for word in one.split(",") if word.strip())


def checked(body: Any, shape: Shape) -> Json:  # noqa: ANN401 - whatever a client sent
    """Return a body's members that are not null; raises Refusal for an unknown one or one of another type."""
    if not isinstance(body, dict):
        raise payload("the body is an object")
    given = {name: value for name, value in body.items() if value is not None}
    for name, value in given.items():
        if (
            name not in shape
            or not isinstance(value, shape[name])
            or isinstance(value, bool) != (shape[name] is bool)
        ):
            raise payload(f"{name}: {value!r}")
    return given


def page(call: Call, things: Sequence[Any], most: int, show: Callable[[Sequence[Any]], list[Json]]) -> Json:
    """Return a page of things in the shape of Jira's PageBean, from `startAt` on, `most` of them."""
    start = call.number("startAt", 0)
    last = start + most >= len(things)
    address = f"{call.view.api.partition('/rest/')[0]}{call.request.path}"
    shown: Json = {
        "self": f"{address}?startAt={start}&maxResults={most}",
        "maxResults": most,
        "startAt": start,
        "total": len(things),
        "isLast": last,
        "values": show(things[start : start + most]),
    }
    return shown if last else shown | {"nextPage": f"{address}?startAt={start + most}&maxResults={most}"}
