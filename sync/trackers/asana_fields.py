"""Asana's custom fields by the names that the mapping gives them, and its values as text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    from sync.mapping.tracker_models import AsanaMapping
    from sync.trackers.asana_http import Record

TAGS = "tags"
"""What `labels_in` says when labels are tags and no custom field."""


BROKEN = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
"""What reading a record raises that lacks a piece or has it in another shape."""


def words(value: object) -> str:
    """A text, empty for null; ValueError for anything else."""
    if value is None or isinstance(value, str):
        return value or ""
    raise ValueError(f"a {type(value).__name__} stands where a text was expected")


def mapped_columns(mapping: AsanaMapping) -> dict[str, str]:
    """Key in the mapping file -> custom field, for every one that the mapping names."""
    fields = {f"fields.{name}": column for name, column in mapping.fields.mapped().items()}
    status = {"status_field": mapping.status_field} if mapping.status_field else {}
    labels = {"labels_in": mapping.labels_in} if mapping.labels_in != TAGS else {}
    return fields | status | labels


def is_called(field: Record, column: str) -> bool:
    """Whether a custom field is the one that the mapping names: by its gid, or its name in any case."""
    name = words(field.get("name"))
    return column in {field["gid"], name} or column.casefold() == name.casefold()


def instant(written: str) -> datetime:
    """An instant as Asana writes it; ValueError if it is none."""
    at = datetime.fromisoformat(written)
    if at.tzinfo is None or not 1 < at.year < 9999:
        raise ValueError(f"{written!r} is no instant of our time")
    return at.astimezone(UTC)


def day_of(due: Record, zone: ZoneInfo) -> date | str | None:
    """The due day of a record with `due_on` and `due_at`: that of the instant in `zone`, where there is one."""
    if due.get("due_at"):
        return instant(due["due_at"]).astimezone(zone).date()
    return due.get("due_on") or None


def names(records: Iterable[Record] | None) -> list[str]:
    """The names of options, people or tags."""
    return [words(record["name"]) for record in records or () if record and record.get("name")]


def text_of(kind: str, value: Any) -> str:  # noqa: ANN401 - a custom field's value has any type
    """A value of a custom field of that type as text; empty when there is none."""
    match kind, value:
        case _, None:
            return ""
        case "enum", _:
            return words(value.get("name"))
        case (("multi_enum" | "people"), _):
            return ", ".join(names(value))
        case "date", _:
            return words(
                next((value[key] for key in ("date_time", "due_at", "date", "due_on") if value.get(key)), "")
            )
        case "number", int() | float():
            return str(int(value) if float(value).is_integer() else value)
        case _:
            return words(value)


def value_of(field: Record) -> str:
    """A task's value of a custom field as text; types that Asana adds later are shown as it displays them."""
    kind = field.get("resource_subtype") or ""
    slot = {"multi_enum": "multi_enum_values"}.get(kind, f"{kind}_value")
    return text_of(kind, field[slot]) if slot in field else words(field.get("display_value"))
