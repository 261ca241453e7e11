"""`mappings/calendars.toml`: working hours and holidays."""

from __future__ import annotations

import re
from datetime import date, time
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from sync.mapping.parts import Complaint, Strict, Zone

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHIFT = re.compile(r"(\d{1,2}):(\d\d)\s*[-–]\s*(\d{1,2}):(\d\d)")


def shift(written: str) -> tuple[time, time]:
    """The start and end of `"09:00-17:30"`; an end of 24:00 is midnight, `time(0)`. ValueError otherwise."""
    found = _SHIFT.fullmatch(written.strip())
    if not found:
        raise ValueError(f'{written!r} are no hours; write "09:00-17:30"')
    start_hour, start_minute, end_hour, end_minute = map(int, found.groups())
    if (end_hour, end_minute) == (24, 0):
        end_hour = 0
    try:
        return time(start_hour, start_minute), time(end_hour, end_minute)
    except ValueError:
        raise ValueError(f"{written!r}: no clock shows that; hours go from 00:00 to 24:00") from None


def _written_shift(written: str) -> str:
    shift(written)
    return written


Hours = list[Annotated[str, AfterValidator(_written_shift), Field(examples=["09:00-17:30"])]]


class Week(Strict):
    """Open hours of each week-day, `"09:00-12:30"`; several a day, and over midnight if the end is earlier."""

    monday: Hours = []
    """Open hours on Mondays; none: closed. Example: ["09:00-12:30", "13:00-17:30"]"""
    tuesday: Hours = []
    """Open hours on Tuesdays; none: closed. Example: ["09:00-12:30", "13:00-17:30"]"""
    wednesday: Hours = []
    """Open hours on Wednesdays; none: closed. Example: ["09:00-12:30", "13:00-17:30"]"""
    thursday: Hours = []
    """Open hours on Thursdays; none: closed. Example: ["09:00-12:30", "13:00-17:30"]"""
    friday: Hours = []
    """Open hours on Fridays; none: closed. Example: ["09:00-12:30", "13:00-17:30"]"""
    saturday: Hours = []
    """Open hours on Saturdays; none: closed. Example: ["09:00-12:30", "13:00-17:30"]"""
    sunday: Hours = []
    """Open hours on Sundays; none: closed. Example: ["09:00-12:30", "13:00-17:30"]"""


class Holidays(Strict):
    """Public holidays by country (ISO 3166) and region, from the `holidays` library."""

    country: str = Field(pattern="^[A-Z]{2}$", examples=["DK"])
    """The country, as the two letters of ISO 3166."""
    region: str | None = None
    """The region, as ISO 3166-2 has it behind the hyphen; without it the whole country. Example: "BE"."""


class DayOff(Strict):
    """One day the office is closed though the week says open."""

    date: date
    """The day. Example: 2026-12-24"""
    name: str
    """What `explain` calls the day. Example: "Christmas Eve"."""


class DayOn(Strict):
    """One day the office is open though the week or a holiday says closed."""

    date: date
    """The day. Example: 2026-12-19"""
    name: str
    """What `explain` calls the day. Example: "year-end Saturday"."""
    hours: Hours | None = None
    """Open hours of that day; without them those of the week-day. Example: ["10:00-14:00"]"""


class CalendarModel(Strict):
    """One calendar of `mappings/calendars.toml`."""

    zone: Zone
    """The time zone that its hours are meant in."""
    hours: Week
    """Open hours of each week-day."""
    holidays: Holidays | None = None
    """Which public holidays it keeps; without it none."""
    off: list[DayOff] = []
    """Own days off, though the week says open. Example: [{ date = 2026-12-24, name = "Christmas Eve" }]"""
    on: list[DayOn] = []
    """Own days on, though the week or a holiday says closed.

    Example: [{ date = 2026-12-19, name = "year-end Saturday" }]
    """

    def complaints(self) -> Iterator[Complaint]:
        """Open at some time, and no day both off and on, or twice."""
        week = [name for name in type(self.hours).model_fields if getattr(self.hours, name)]
        if not week and not any(day.hours for day in self.on):
            yield ("hours",), 'never open; give a week-day hours, such as monday = ["09:00-17:00"]'
        off = [day.date for day in self.off]
        for index, day in enumerate(self.off):
            if day.date in off[:index]:
                yield ("off", index, "date"), f"{day.date} is off already; keep one of them"
        on = [day.date for day in self.on]
        for index, day_on in enumerate(self.on):
            if day_on.date in [*off, *on[:index]]:
                yield ("on", index, "date"), f"{day_on.date} is listed already, on or off; keep one of them"
            if day_on.hours == []:
                yield ("on", index, "hours"), "a day on has hours; leave the key out to take the usual ones"


class CalendarsFile(Strict):
    """`mappings/calendars.toml`: when people work."""

    calendar: dict[str, CalendarModel] = Field(min_length=1)
    """The calendars, by the names that other files call them."""
