"""What is known of a ticket, as the state file keeps it: JSON without what is as usual, and read back exactly."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from sync.judging.facts import NO_HABITS, NO_RECORD, NOTHING_TOLD, Deadline, Habits, Record, Request, Told
from sync.judging.standing import Due, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.judging.facts import Known


def known_text(known: Known) -> str:
    """What a ticket tells, its habits and its record."""
    parts = (
        ("told", known.told, NOTHING_TOLD),
        ("habits", known.habits, NO_HABITS),
        ("record", known.record, NO_RECORD),
    )
    return _text({name: part for name, part, usual in parts if part != usual})


def known_of(text: str) -> tuple[Told, Habits, Record]:
    """What the ticket tells, its habits and its record by the text; what an older state lacks is as usual."""
    kept = json.loads(text)
    return (
        _told(kept.get("told", {})),
        _habits(kept.get("habits", {})),
        Record(**_of(Record, kept.get("record", {}))),
    )


def standing_text(standing: Standing | None) -> str:
    """Where a ticket stands; empty where that is not known."""
    return _text(standing) if standing else ""


def standing_of(text: str) -> Standing | None:
    """Where the ticket stands by the text."""
    if not text:
        return None
    kept = _of(Standing, json.loads(text))
    dues = [
        Due(due["promise"], _instant(due["at"]), due["rule"], due.get("occasion", ""))
        for due in kept.get("dues", ())
    ]
    return Standing(**kept | {"dues": tuple(dues), "warnings": tuple(kept.get("warnings", ()))})


def _told(kept: Mapping[str, Any]) -> Told:
    told, request = _of(Told, kept), kept.get("request")
    deadlines = [
        Deadline(date.fromisoformat(each["day"]), _instant(each["at"]), each["event"], each["missed"])
        for each in kept.get("deadlines", ())
    ]
    return Told(**told | {"deadlines": tuple(deadlines), "request": _request(request)})


def _request(kept: Mapping[str, Any] | None) -> Request | None:
    if kept is None:
        return None
    at = kept.get("at")
    return Request(**_of(Request, kept) | {"at": _instant(at) if at else None})


def _habits(kept: Mapping[str, Any]) -> Habits:
    return Habits(
        tuple((_instant(at), length, waited) for at, length, waited in kept.get("comments", ())),
        tuple(map(_instant, kept.get("missed_meetings", ()))),
        tuple(map(_instant, kept.get("concerns", ()))),
        tuple(kept.get("flags", ())),
    )


def _text(value: object) -> str:
    """Compact JSON in its own letters; half a character, which some trackers send, goes as its escape."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return written.encode("utf-8", "backslashreplace").decode("utf-8")


def _plain(value: object) -> object:
    """What JSON does not know: instants, days, and records without the fields that hold their default."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Told() | Deadline() | Request() | Habits() | Record() | Standing() | Due():
            told = ((each.name, getattr(value, each.name), each.default) for each in fields(value))
            return {name: each for name, each, usual in told if each != usual}
        case _:
            raise TypeError(f"no part of a ticket: {value!r}")


def _of(kind: type[Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """The entries that are fields of that kind; what another version kept besides is passed over."""
    return {name: kept[name] for name in (each.name for each in fields(kind)) if name in kept}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
