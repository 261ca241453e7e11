"""Custom fields of the Asana fake: what they are, and the value that a task has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from fakes.asana_people import Person, Thing

Kind = Literal["text", "number", "enum", "multi_enum", "date", "people"]


@dataclass(slots=True, eq=False, kw_only=True)
class Option(Thing):
    """One choice of an enum field."""

    kind = "enum_option"
    brief = ("name", "enabled", "color")
    name: str
    enabled: bool = True

    def record(self) -> dict[str, Any]:
        return {"name": self.name, "enabled": self.enabled, "color": "none"}


@dataclass(slots=True, eq=False, kw_only=True)
class Field(Thing):
    """A custom field's definition."""

    kind = "custom_field"
    brief = (
        *("name", "type", "enum_options", "enabled", "representation_type", "id_prefix", "is_formula_field"),
        *("date_value", "enum_value", "multi_enum_values", "number_value", "text_value", "people_value"),
        *("display_value", "resource_subtype"),
    )
    name: str
    type: Kind
    options: list[Option] = field(default_factory=list)

    def option(self, name: str) -> Option:
        """Return the option of that name."""
        return next(option for option in self.options if option.name == name)

    def record(self) -> dict[str, Any]:
        known: dict[str, Any] = {
            "name": self.name,
            "type": self.type,
            "resource_subtype": self.type,
            "representation_type": self.type,
            "enabled": True,
            "is_formula_field": False,
            "is_global_to_workspace": True,
            "is_value_read_only": False,
            "id_prefix": None,
        }
        if self.type in {"enum", "multi_enum"}:
            known["enum_options"] = self.options
        return known | ({"precision": 2} if self.type == "number" else {})


@dataclass(slots=True, eq=False, kw_only=True)
class Value(Thing):
    """A custom field as a task shows it: the field's record with the task's value."""

    kind = "custom_field"
    brief = Field.brief
    field: Field
    value: Any

    def record(self) -> dict[str, Any]:
        name = {
            "enum": "enum_value",
            "multi_enum": "multi_enum_values",
            "people": "people_value",
        }.get(self.field.type, f"{self.field.type}_value")
        return {**self.field.record(), name: self.value, "display_value": display(self.value)}


def display(value: Any) -> str | None:  # noqa: ANN401 - a field's value has any type
    """Return the text Asana shows for a custom field's value."""
    match value:
        case None | []:
            return None
        case Option() | Person():
            return value.name
        case list():
            return ", ".join(entry.name for entry in value)
        case {"date": day}:
            return f"{day}T00:00:00.000Z"
        case _:
            return str(value)
