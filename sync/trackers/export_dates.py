"""The dates of an export, which a site or a spreadsheet program writes as it likes; the file itself tells how."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from sync.errors import ConfigurationError
from sync.legible import inert

if TYPE_CHECKING:
    from collections.abc import Iterable

Order = Literal["dmy", "mdy"]

_IN_WORDS: dict[Order, str] = {"dmy": "the day before the month", "mdy": "the month before the day"}
_TIME = (
    r"(?:[ ,T]+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[ap])?\.?\s?(?(half)m\.?))?"
)
_NUMBERS = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,2}|\d{4})" + _TIME, re.IGNORECASE)
_NAMED = re.compile(
    r"(?P<day>\d{1,2})\.?[/\-. ]+(?P<month>[^\W\d_]{2,}|\d{1,2}月)\.?[/\-. ,]+(?P<year>\d{4}|\d{2})" + _TIME,
    re.IGNORECASE,
)
_NAME_FIRST = re.compile(r"(?P<month>[^\W\d_]{3,})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})" + _TIME, re.IGNORECASE)
_MONTHS = {
    name: number
    for names in (
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "jan feb mar apr maj jun jul aug sep okt nov dec",
        "jan feb mär apr mai jun jul aug sep okt nov dez",
        "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu",
        "янв фев мар апр ма июн июл авг сен окт ноя дек",
        "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
    )
    for number, name in enumerate(names.split(), start=1)
}
"""How the names of the months begin, in the languages of Jira sites that we know of."""


@dataclass(frozen=True, slots=True)
class Dates:
    """Reads dates written in numbers alone in this `order`, and times without a zone in `zone`.

    `why` is a sentence for people on how the order was found; empty where no date needs one.
    """

    zone: ZoneInfo
    order: Order | None = None
    why: str = ""

    def read(self, text: str) -> datetime | date:
        """What a cell says of time: an aware instant in UTC, or a day alone. ValueError, in words, for neither."""
        found = _iso(text) or _named(text) or self._numbers(text)
        if found is None or not 1900 <= found.year <= 9998:
            raise ValueError(f"{inert(text, 40)!r} is no date" if text else "it is empty")
        if not isinstance(found, datetime):
            return found
        return (found if found.tzinfo else found.replace(tzinfo=self.zone)).astimezone(UTC)

    def instant(self, text: str) -> datetime:
        """The same as an instant: a day alone is its beginning."""
        found = self.read(text)
        if isinstance(found, datetime):
            return found
        return datetime.combine(found, time(), self.zone).astimezone(UTC)

    def day(self, text: str) -> date:
        """The same as a day in the zone."""
        found = self.read(text)
        return found.astimezone(self.zone).date() if isinstance(found, datetime) else found

    def shown(self, text: str) -> str:
        """The same as ISO text for a field of a ticket; what is no date stays as it stands."""
        try:
            return self.read(text).isoformat()
        except ValueError:
            return text

    def _numbers(self, text: str) -> datetime | date | None:
        found = _NUMBERS.fullmatch(text)
        if found is None:
            return None
        first, second, last = int(found[1]), int(found[3]), found[4]
        if len(found[1]) == 4:
            return _moment(found, first, second, int(last)) if len(last) <= 2 else None
        if len(found[1]) > 2 or len(last) == 1:
            return None
        day, month = (second, first) if self.order == "mdy" else (first, second)
        return _moment(found, _year(last), month, day)


def dates_of(cells: Iterable[tuple[int, str]], zone: str, told: Order | None) -> Dates:
    """How to read the dates of a file, from all of them with the numbers of their rows, unless it is `told`.

    ConfigurationError where the file does not tell whether the day or the month comes first, or tells both.
    """
    if told:
        return Dates(ZoneInfo(zone), told, f"{_IN_WORDS[told]}, as --date-format says")
    seen: dict[Order, tuple[int, str]] = {}
    doubtful: tuple[int, str] | None = None
    for row, text in cells:
        found = _NUMBERS.fullmatch(text)
        if found is None or len(found[1]) > 2 or found[1] == found[3]:
            continue
        first, second = int(found[1]), int(found[3])
        if first > 12 >= second:
            seen.setdefault("dmy", (row, text))
        elif second > 12 >= first:
            seen.setdefault("mdy", (row, text))
        elif max(first, second) <= 12:
            doubtful = doubtful or (row, text)
    if len(seen) > 1:
        raise ConfigurationError(_contradiction(seen["dmy"], seen["mdy"]))
    for order, (row, text) in seen.items():
        return Dates(ZoneInfo(zone), order, f"{_IN_WORDS[order]}, as row {row} shows: {text}")
    if doubtful and "." not in doubtful[1].split()[0]:
        row, text = doubtful
        one, other = Dates(ZoneInfo(zone), "dmy").day(text), Dates(ZoneInfo(zone), "mdy").day(text)
        raise ConfigurationError(
            f"row {row}: {text!r} may be {one:%d %B %Y} or {other:%d %B %Y}, and no date of the file tells which; "
            "say --date-format dmy for the former, mdy for the latter"
        )
    why = f"{_IN_WORDS['dmy']}, as is usual where dots part them: {doubtful[1]}" if doubtful else ""
    return Dates(ZoneInfo(zone), "dmy", why)


def _contradiction(one: tuple[int, str], other: tuple[int, str]) -> str:
    return (
        f"dates contradict each other: row {one[0]} has {one[1]!r} and row {other[0]} has {other[1]!r}; a "
        "spreadsheet program may have rewritten some of them: export the file again and leave it as it is"
    )


def _iso(text: str) -> datetime | date | None:
    with suppress(ValueError):
        return date.fromisoformat(text)
    with suppress(ValueError):
        return datetime.fromisoformat(text)
    return None


def _named(text: str) -> datetime | date | None:
    found = _NAMED.fullmatch(text) or _NAME_FIRST.fullmatch(text)
    if found is None:
        return None
    month = _month(found["month"].casefold())
    return _moment(found, _year(found["year"]), month, int(found["day"])) if month else None


@lru_cache(1024)
def _month(word: str) -> int:
    """The month that begins so, the longest beginning counting; 0 for none."""
    return _MONTHS.get(max((name for name in _MONTHS if word.startswith(name)), key=len, default=""), 0)


def _year(written: str) -> int:
    """Two digits are of the hundred years up to 2069, as POSIX has it."""
    year = int(written)
    return year if len(written) > 2 else year + (2000 if year < 70 else 1900)


def _moment(found: re.Match[str], year: int, month: int, day: int) -> datetime | date | None:
    """The day, with its time where one is written; None for a day that no calendar has."""
    with suppress(ValueError):
        if found["hour"] is None:
            return date(year, month, day)
        hour = int(found["hour"])
        if found["half"] and hour <= 12:
            hour = hour % 12 + 12 * (found["half"] in "pP")
        return datetime(year, month, day, hour, int(found["minute"]), int(found["second"] or 0))  # noqa: DTZ001 - the zone comes later
    return None
