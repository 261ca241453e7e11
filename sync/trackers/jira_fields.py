"""Which Jira field is which: the names in a mapping file resolved to ids, and found again in the history."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from sync.errors import InvalidError
from sync.mapping.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sync.mapping.tracker_models import JiraMapping

Json = dict[str, Any]

_ALWAYS = (
    "summary",
    "description",
    "status",
    "created",
    "updated",
    "issuetype",
    "project",
    "reporter",
    "assignee",
    "labels",
    "resolutiondate",
    "comment",
)
_REMEDY = "write what your site calls it, or take the line out"
_RESERVED = {"status": "status", "labels": "labels", "assignee": "assignee", "key": "key"}


@dataclass(frozen=True, slots=True)
class Columns:
    """The mapped fields of one site.

    `ids`: the field as the mapping writes it -> its id. `logged`: the name that a history without ids (Data
    Center) gives a custom field -> its id. `due`: the id of the due date field, an instant if `due_instant`.
    """

    ids: dict[str, str]
    logged: dict[str, str]
    due: str
    due_instant: bool

    def requested(self) -> list[str]:
        """The ids of all fields to ask for."""
        return list(dict.fromkeys((*_ALWAYS, self.due, *self.ids.values())))

    def history(self) -> dict[str, str]:
        """Field id -> the column that `RawChange` names it by; fields that are not there are of no interest."""
        return {number: column for column, number in self.ids.items()} | {self.due: "due"} | _RESERVED

    def as_json(self) -> Json:
        """For keeping, to be read by `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: object) -> Self | None:
        """What `as_json` gave; None for anything else."""
        match kept:
            case {"ids": dict(ids), "logged": dict(logged), "due": str(due), "due_instant": bool(instant)}:
                return cls(ids, logged, due, instant)
            case _:
                return None


def resolve(fields: Sequence[Json], mapping: JiraMapping) -> Columns:
    """The columns of a mapping on a site whose `GET /field` says this.

    A field is written as its id or as its name, upper and lower case alike. InvalidError has a line for every key
    of the mapping whose field is not there, or whose name two fields share.
    """
    found, faults = look_up(fields, mapping)
    if faults:
        listed = "".join(f"\n  {key}: {what}" for key, what in faults.items())
        raise InvalidError(f"the mapping names fields that this Jira does not have:{listed}", list(faults))
    by_id = {str(field.get("id")): field for field in fields}
    due = found["due_field"]
    ids = {written: found[f"fields.{name}"] for name, written in mapping.fields.mapped().items()}
    logged = {
        str(field.get("name") or "").casefold(): number
        for number, field in by_id.items()
        if number in {*ids.values(), due} and field.get("custom")
    }
    return Columns(ids, logged, due, _type(by_id[due]) == "datetime")


def look_up(fields: Sequence[Json], mapping: JiraMapping) -> tuple[dict[str, str], dict[str, str]]:
    """The field id for each key of the mapping that names a field, and for each other key what is wrong."""
    by_id = {str(field.get("id")): field for field in fields}
    wanted = {f"fields.{name}": written for name, written in mapping.fields.mapped().items()}
    found, faults = {}, {}
    for key, written in (wanted | {"due_field": mapping.due_field}).items():
        try:
            found[key] = _find(written, by_id)
        except InvalidError as fault:
            faults[key] = str(fault)
    due = found.get("due_field")
    if due and _type(by_id[due]) not in {"date", "datetime"}:
        faults["due_field"] = f"{mapping.due_field!r} is a field of type {_type(by_id[due])}, no date"
    return found, faults


def _find(written: str, by_id: Mapping[str, Json]) -> str:
    if written in by_id:
        return written
    sought = written.casefold()
    named = [number for number, field in by_id.items() if sought in _names(number, field)]
    if len(named) == 1:
        return named[0]
    if named:
        raise InvalidError(
            f"{len(named)} Jira fields are called {written!r}; write the id, one of {', '.join(named)}"
        )
    names = [str(field.get("name") or number) for number, field in by_id.items()]
    raise InvalidError(f"Jira has no field {written!r}{nearest(written, names)}; {_REMEDY}")


def _names(number: str, field: Json) -> set[str]:
    return {str(name).casefold() for name in (number, field.get("name"), field.get("untranslatedName")) if name}


def _type(field: Json) -> str:
    schema = field.get("schema")
    return str(schema.get("type")) if isinstance(schema, dict) else "unknown"
