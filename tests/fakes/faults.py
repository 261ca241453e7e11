"""What can go wrong between a client and a fake: each fault a test can script with `FakeServer.script`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from fakes.server import Request


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer with this instead of the true answer; with `applied` the fake still does what was asked, now or once
    its clock moved by `late` seconds.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=UTF-8"
    applied: bool = False
    late: float | None = None


@dataclass(frozen=True, slots=True)
class DropBefore:
    """Close the connection without doing what was asked."""


@dataclass(frozen=True, slots=True)
class DropAfter:
    """Do what was asked, then close the connection without an answer."""


@dataclass(frozen=True, slots=True)
class HalfBody:
    """Do what was asked (not at all, or later: as in `Reply`), send the head and half of an answer's body, then
    close the connection.
    """

    applied: bool = True
    late: float | None = None


@dataclass(frozen=True, slots=True)
class Hang:
    """Say nothing for so many real seconds (less when the fake closes), then close the connection; `applied` and
    `late` as in `Reply`.
    """

    seconds: float = 30.0
    applied: bool = False
    late: float | None = None


@dataclass(frozen=True, slots=True)
class Late:
    """Close the connection now; do what was asked at `release()`, or once the fake's clock moved so far."""

    seconds: float | None = None


Fault = Reply | DropBefore | DropAfter | HalfBody | Hang | Late


@dataclass(slots=True)
class Script:
    """A fault waiting for its requests: leaves `skip` matching ones alone, then meets `times` of them."""

    fault: Fault
    method: re.Pattern[str]
    path: re.Pattern[str]
    body: re.Pattern[str]
    times: int
    skip: int
    met: int = 0

    def meets(self, request: Request) -> bool:
        """Tell whether the fault strikes this request, and count it."""
        if self.met >= self.times or not (
            self.method.fullmatch(request.method)
            and self.path.search(request.path)
            and (not self.body.pattern or self.body.search(json.dumps(request.body, ensure_ascii=False)))
        ):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.met += 1
        return True
