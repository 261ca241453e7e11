"""Instants and lengths of time as their reader says them, in five languages."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from sync.ticket import Language

_PATTERNS: Mapping[Language, tuple[str, str]] = {
    "en": ("en_GB", "EEE d MMM, HH:mm"),
    "ja": ("ja", "M月d日(EEE) HH:mm"),
    "da": ("da", "EEE d. MMM 'kl.' HH.mm"),
    "ru": ("ru", "EEE, d MMM, HH:mm"),
    "fi": ("fi", "EEE d.M. 'klo' H.mm"),
}


@lru_cache(maxsize=4096)
def moment(at: datetime, language: Language, zone: str) -> str:
    """An aware instant on the reader's clock: `Tue 3 Mar, 14:00 CET`."""
    from babel.dates import format_datetime  # noqa: PLC0415 - only when something is to be said

    local = at.astimezone(ZoneInfo(zone))
    locale, pattern = _PATTERNS[language]
    name = local.tzname() or ""
    if name[:1] in ("+", "-"):
        name = f"UTC{name}"  # places whose time has no name
    return f"{format_datetime(local, pattern, tzinfo=ZoneInfo(zone), locale=locale)} {name}"


_DAYS: Mapping[Language, str] = {
    "en": "EEE d MMM",
    "ja": "M月d日(EEE)",
    "da": "EEE d. MMM",
    "ru": "EEE, d MMM",
    "fi": "EEE d.M.",
}


@lru_cache(maxsize=4096)
def day(on: date, language: Language) -> str:
    """A date: `Tue 3 Mar`."""
    from babel.dates import format_date  # noqa: PLC0415 - only when something is to be said

    return format_date(on, _DAYS[language], locale=_PATTERNS[language][0])


def percent(share: float, language: Language) -> str:
    """A share of 1 in percent: `12%`, `12 %`."""
    from babel.numbers import format_percent  # noqa: PLC0415 - only when something is to be said

    return format_percent(share, locale=_PATTERNS[language][0])


def span(amount: timedelta, language: Language) -> str:
    """A length of time in its two largest units, without its sign: `1 day 2 hours`, `1日2時間`."""
    hours, minutes = divmod(abs(amount) // timedelta(minutes=1), 60)
    days, hours = divmod(hours, 24)
    counts = {"duration-day": days, "duration-hour": hours, "duration-minute": minutes}
    said = [(unit, count) for unit, count in counts.items() if count] or [("duration-minute", 0)]
    if days:
        said = [each for each in said if each[0] != "duration-minute"]
    words = [_counted(count, unit, language) for unit, count in said]
    return "".join(words).replace(" ", "") if language == "ja" else " ".join(words)


@lru_cache(maxsize=4096)
def _counted(count: int, unit: str, language: Language) -> str:
    from babel.units import format_unit  # noqa: PLC0415 - only when something is to be said

    length: Literal["short", "long"] = "short" if language == "ja" else "long"
    return format_unit(count, unit, length=length, locale=language)
