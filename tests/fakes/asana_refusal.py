"""How Asana refuses: its statuses, and one envelope for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakes.server import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

_HELP = (
    "For more information on API status codes and how to handle them, read the docs on errors: "
    "https://developers.asana.com/docs/errors"
)


class Refusal(Exception):  # noqa: N818 - an answer like others, not a fault
    """What is asked will not be done; `more` goes beside `errors` in the answer."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.more = more or {}

    def answer(self) -> Answer:
        """Return it as Asana sends it."""
        return Answer(self.status, errors(str(self)) | dict(self.more), self.headers)


def errors(message: str, *, phrase: str = "") -> dict[str, Any]:
    """Return the body of a refusal; a 500 has a `phrase` and nothing else."""
    return {"errors": [{"message": message, "phrase": phrase} if phrase else {"message": message, "help": _HELP}]}


def too_many(seconds: int) -> Refusal:
    """Return a 429 that asks to wait."""
    return Refusal(
        429,
        "You've made too many requests and hit a rate limit. Please retry after the given amount of time.",
        headers={"Retry-After": str(seconds)},
    )
