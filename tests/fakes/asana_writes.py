"""What a request may write to a task of the Asana fake, read strictly."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from fakes.asana_refusal import Refusal
from fakes.asana_rich import fault_in, filled_in, text_of
from fakes.asana_rights import allow, known
from fakes.asana_things import Project, Tag, Task

if TYPE_CHECKING:
    from fakes.asana_acts import Changes
    from fakes.asana_fields import Field, Option
    from fakes.asana_hands import Hands
    from fakes.asana_people import Person

LONGEST_TEXT_VALUE = 1024
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def data_of(body: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever was sent
    """Return the `data` of a request's body."""
    if not isinstance(body, dict):
        raise Refusal(400, "Could not parse request data, invalid JSON")
    data = body.get("data")
    if not isinstance(data, dict):
        raise Refusal(400, "data: Missing input")
    return data


def only(data: dict[str, Any], known: set[str]) -> None:
    """Refuse a property that cannot be written here."""
    for name in data:
        if name == "external":
            raise Refusal(403, "external: You must use OAuth to read or write this field")
        if name not in known:
            raise Refusal(400, f"{name}: Cannot write this property")


def text_in(data: dict[str, Any], name: str) -> str:
    """Return a text that must be there and not blank."""
    value = data.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refusal(400, f"{name}: Missing input")
    return value


def comment_in(board: Hands, data: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return the plain and the rich text of a comment to be, one of which is None."""
    only(data, {"text", "html_text", "is_pinned"})
    if "text" in data and "html_text" in data:
        raise Refusal(400, "You should specify one of text or html_text, not both")
    if "html_text" not in data:
        return text_in(data, "text"), None
    text_in(data, "html_text")
    return None, _rich(board, data, "html_text")


def _rich(board: Hands, data: dict[str, Any], name: str) -> str:
    html: str = _typed(data, name, str)
    if fault := fault_in(html):
        raise Refusal(400, f"{name}: {fault}")
    try:
        return filled_in(html, {person.gid: person for person in board.people.values()})
    except ValueError as fault:
        raise Refusal(400, f"{name}: {fault}") from None


def subtask_in(board: Hands, me: Person, data: dict[str, Any]) -> Task:
    """Return the subtask to be that a POST asks for, in the first section of each project that it names."""
    data = dict(data)
    name, projects, tags = text_in(data, "name"), data.pop("projects", []), data.pop("tags", [])
    homes = [known(board, Project, gid, status=400) for gid in projects]
    for home in homes:
        allow(me, home, "editor")
    task = Task(
        gid="",
        name=name,
        notes="",
        workspace=board.organisation,
        created_at=board.now,
        created_by=me,
        modified_at=board.now,
        memberships={home: home.sections[0] for home in homes},
        tags=[known(board, Tag, gid, status=400) for gid in tags],
        followers=[me],
    )
    changes = changes_in(board, task, me, data)
    task.notes, task.assignee = changes.get("notes", ""), changes.get("assignee")
    task.due_on, task.due_at = changes.get("due", (None, None))
    task.values.update(changes.get("values", {}))
    return task


def followers_in(board: Hands, me: Person, data: dict[str, Any]) -> list[Person]:
    """Return who is to follow a task."""
    only(data, {"followers"})
    return [_person(board, me, "followers", who) for who in _typed(data, "followers", list)]


def changes_in(board: Hands, task: Task, me: Person, data: dict[str, Any]) -> Changes:
    """Return the edit that a PUT asks for."""
    only(data, {"name", "notes", "html_notes", "completed", "assignee", "due_on", "due_at", "custom_fields"})
    changes: Changes = {}
    if "name" in data:
        changes["name"] = _typed(data, "name", str)
    if "notes" in data:
        changes["notes"] = _typed(data, "notes", str)
    if "html_notes" in data:
        if "notes" in data:
            raise Refusal(400, "You should specify one of notes or html_notes, not both")
        changes["notes"] = text_of(_rich(board, data, "html_notes"))
    if "completed" in data:
        changes["completed"] = _typed(data, "completed", bool)
    if "assignee" in data:
        assignee = None if data["assignee"] is None else _person(board, me, "assignee", data["assignee"])
        if assignee and not assignee.active:
            raise Refusal(400, f"assignee: Not a member of the workspace any more: {assignee.gid}")
        changes["assignee"] = assignee
    if "due_on" in data or "due_at" in data:
        changes["due"] = _due(board, data)
    if "custom_fields" in data:
        changes["values"] = _values(board, task, me, _typed(data, "custom_fields", dict))
    return changes


def _typed(data: dict[str, Any], name: str, kind: type[Any]) -> Any:  # noqa: ANN401 - of that kind
    if not isinstance(data[name], kind):
        raise Refusal(400, f"{name}: Not the correct type")
    return data[name]


def _due(board: Hands, data: dict[str, Any]) -> tuple[str | None, datetime | None]:
    if "due_on" in data and "due_at" in data:
        raise Refusal(400, "You may only specify one of due_on or due_at, not both")
    if "due_on" in data:
        return (None if data["due_on"] is None else _day(data["due_on"])), None
    if data["due_at"] is None:
        return None, None
    try:
        moment = datetime.fromisoformat(_typed(data, "due_at", str))
    except ValueError:
        raise Refusal(400, f"due_at: {data['due_at']} is not a valid date and time") from None
    if moment.tzinfo is None:
        raise Refusal(400, f"due_at: {data['due_at']} has no time zone")
    return board.due(None, moment)


def _day(value: Any) -> str:  # noqa: ANN401 - whatever was sent
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise Refusal(400, f"{value} is not a date in YYYY-MM-DD format")
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise Refusal(400, f"{value} is not a valid date") from None


def _person(board: Hands, me: Person, name: str, value: Any) -> Person:  # noqa: ANN401 - whatever was sent
    if value == "me":
        return me
    known = (person for person in board.people.values() if value in {person.gid, person.email})
    person = next(known, None) if isinstance(value, str) else None
    if person is None:
        raise Refusal(400, f"{name}: Not a recognized ID: {value}")
    return person


def _values(board: Hands, task: Task, me: Person, given: dict[str, Any]) -> dict[Field, Any]:
    if not board.organisation.paid:
        raise Refusal(402, "Custom Fields are not available for free users or guests.")
    fields = {field.gid: field for field in task.fields()}
    for gid in given:
        if gid not in fields:
            raise Refusal(400, f"custom_fields: Custom field with ID {gid} is not on given object")
    return {fields[gid]: _value(board, fields[gid], me, value) for gid, value in given.items()}


def _value(board: Hands, field: Field, me: Person, value: Any) -> Any:  # noqa: ANN401, PLR0911 - one case a type
    match field.type, value:
        case (("text" | "number" | "enum" | "date"), None):
            return None
        case (("multi_enum" | "people"), None):
            return []
        case "text", str() if len(value) <= LONGEST_TEXT_VALUE:
            return value
        case "number", int() | float() if not isinstance(value, bool):
            return value
        case "enum", str():
            return _option(field, value)
        case "multi_enum", list():
            return [_option(field, gid) for gid in value]
        case "people", list():
            return [_person(board, me, field.name, gid) for gid in value]
        case "date", {"date": str(day)} if len(value) == 1:
            return {"date": _day(day)}
        case _:
            raise Refusal(400, f"custom_fields: {value!r} is not valid for the {field.type} field {field.gid}")


def _option(field: Field, gid: Any) -> Option:  # noqa: ANN401 - whatever was sent
    option = next((option for option in field.options if option.gid == gid), None)
    if option is None:
        raise Refusal(400, f"enum_value: Not a recognized ID: {gid}")
    if not option.enabled:
        raise Refusal(400, f"enum_value: Cannot set a disabled option: {gid}")
    return option
