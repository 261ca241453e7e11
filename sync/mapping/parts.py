"""What every file in `mappings/` is written with: strict tables, amounts of time, zones, words.

Every model is strict and frozen: an unknown key, a wrong type or a missing cell is a fault. What one part of the
files says of another (roles, calendars, fields, statuses) `sync.mapping.references` checks once all are read.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from sync.mapping.wording import amount, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Complaint = tuple[tuple[str | int, ...], str]
"""Where inside a model, in the keys of the file, and what is wrong there."""


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """Text as it is compared: NFKC, upper and lower case alike, runs of blanks as one."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class Strict(BaseModel):
    """What all mapping models share: unknown keys refused, values frozen, aliases for Python's own words."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True, defer_build=True)

    def complaints(self) -> Iterable[Complaint]:
        """What is wrong with this model though each of its values is right; all of it, not only the first."""
        return ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if complaints := list(self.complaints()):
            listed = "; ".join(what for _, what in complaints)
            raise PydanticCustomError("complaints", "{listed}", {"listed": listed, "complaints": complaints})
        return self


def twice(names: Iterable[str], key: str) -> Iterator[Complaint]:
    """Complaints about names that an earlier item of the list `key` has too."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            what = f"{name!r} is the name of an earlier {key}; explain could not tell them apart"
            yield (key, index, "name"), what
        seen.add(name)


# --- amounts of time -------------------------------------------------------------------------------------------

_AMOUNT = re.compile(r"(?:(\d{1,6})w)?\s*(?:(\d{1,6})d)?\s*(?:(\d{1,6})h)?\s*(?:(\d{1,6})m)?\s*(?:(\d{1,6})s)?")
_LONGEST = timedelta(days=36500)
_WRITTEN = r"^\s*(\d{1,6}[wW])?\s*(\d{1,6}[dD])?\s*(\d{1,6}[hH])?\s*(\d{1,6}[mM])?\s*(\d{1,6}[sS])?\s*$"


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of time as written (`"2d 4h"`). A day is 24 hours when elapsed, a working day when working."""

    days: float
    rest: timedelta
    written: str

    def elapsed(self) -> timedelta:
        """The amount with days of 24 hours."""
        return timedelta(days=self.days) + self.rest

    def working(self, day: timedelta) -> timedelta:
        """The amount with days of `day` working hours."""
        return day * self.days + self.rest

    def times(self, share: float) -> Self:
        """A share of the amount."""
        written = f"{self.written} × {share}"
        return type(self)(self.days * share, self.rest * share, written)

    @classmethod
    def parse(cls, written: object) -> Self:
        """Read `"15m"`, `"4h"`, `"2d"`, `"1w"` or a sum of these, largest first; ValueError otherwise."""
        if isinstance(written, cls):
            return written
        if not isinstance(written, str):
            raise ValueError('write an amount of time in quotes, such as "4h" or "2d"')  # noqa: TRY004 - pydantic reads ValueError
        found = _AMOUNT.fullmatch(written.strip().lower())
        if not found or not any(found.groups()):
            meant = amount(written)
            remedy = f"did you mean {meant!r}?" if meant else 'write "15m", "4h", "2d" or "1w"'
            raise ValueError(f"{written!r} is no amount of time; {remedy}")
        weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        rest = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        if rest + timedelta(days=weeks * 7 + days) > _LONGEST:
            raise ValueError(f"{written!r} is more than a hundred years")
        return cls(weeks * 7 + days, rest, written.strip())


def _shown(amount: Amount | str) -> str:
    return amount.written if isinstance(amount, Amount) else amount


Time = Annotated[
    Amount,
    BeforeValidator(Amount.parse),
    PlainSerializer(_shown, return_type=str),
    WithJsonSchema(
        {"title": "amount of time", "type": "string", "pattern": _WRITTEN, "examples": ["4h", "1h 30m", "2d"]}
    ),
]


def known_zone(name: str) -> str:
    """The name itself if it is a time zone's; ValueError, naming near ones, otherwise."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = available_timezones()
        raise ValueError(f"{name!r} is no time zone{nearest(name, known)}") from None
    return name


Zone = Annotated[str, AfterValidator(known_zone), Field(examples=["Europe/Copenhagen"])]
"""A time zone by its IANA name."""

Word = Annotated[str, Field(pattern=r"\S")]
"""Any text but an empty one, with which every comment begins."""
