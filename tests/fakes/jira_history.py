"""How the changelog of the Jira fakes words a change: the items of one entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakes.jira_text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakes.jira_catalogue import Field
    from fakes.jira_records import Person

Shown = tuple[str | None, str | None]
"""A value as the changelog shows it: its id (for a person `Person.name`), and its words."""

NOTHING: Shown = (None, None)


def items(entry: Field, old: Any, new: Any, people: Mapping[str, Person]) -> list[dict[str, Any]]:  # noqa: ANN401
    """Return the items that tell of a field's change; people are named by `Person.name`.

    Components and versions that come and go are told one by one, as Jira does.
    """
    if entry.id == "resolutiondate":
        return []
    logged = entry.logged or (entry.name if entry.custom else entry.id)
    if entry.items in {"component", "version"}:
        gone = [one for one in old or [] if one not in (new or [])]
        come = [one for one in new or [] if one not in (old or [])]
        return [item(logged, entry.id, _shown(entry, one, people), NOTHING) for one in gone] + [
            item(logged, entry.id, NOTHING, _shown(entry, one, people)) for one in come
        ]
    return [item(logged, entry.id, _shown(entry, old, people), _shown(entry, new, people))]


def item(logged: str, field: str, old: Shown, new: Shown) -> dict[str, Any]:
    """Return one item; an empty `field` is for what is no field (the key)."""
    kind = "custom" if field.startswith("customfield_") else "jira"
    start = {"field": logged, "fieldtype": kind} | ({"fieldId": field} if field else {})
    return start | {"from": old[0], "fromString": old[1], "to": new[0], "toString": new[1]}


def _shown(entry: Field, value: Any, people: Mapping[str, Person]) -> Shown:  # noqa: ANN401
    words: str
    number: str | None = None
    match value:
        case None:
            return (None, "") if entry.id == "labels" else NOTHING
        case {"id": number}:
            words = value.get("name") or value["value"]
        case str() if entry.type == "user":
            number, words = value, people[value].display
        case str() if entry.type == "date":
            number, words = value, f"{value} 00:00:00.0"
        case list():
            joint = " " if entry.items == "string" else ", "
            words = joint.join(one["value"] if isinstance(one, dict) else str(one) for one in value)
        case _:
            words = plain(value) if isinstance(value, (str, dict)) else str(value)
    return number, words
