"""Reads what a client wants written to an issue of the Jira fakes: all of it is right, or every fault is named."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from fakes.jira_text import LONGEST, Body, document_fault, plain
from fakes.jira_view import TEXT_AREAS
from fakes.jira_words import Refusal, Why, payload

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakes.jira_catalogue import Choice, Field
    from fakes.jira_records import Issue
    from fakes.jira_state import Site

LARGEST_PROPERTY = 32_768
"""Bytes of JSON that Jira takes as the value of an entity property."""

_EDIT_KEYS = frozenset({"fields", "update", "properties", "historyMetadata", "transition"})
_COMMENT_KEYS = frozenset({"body", "visibility", "properties"})


@dataclass(slots=True)
class NewComment:
    """A comment that a client wants added."""

    body: Body
    properties: dict[str, Any] = field(default_factory=dict)
    visibility: dict[str, str] | None = None


@dataclass(slots=True)
class Edit:
    """What one PUT changes: fields as stored, entity properties, comments added on the way."""

    values: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    comments: list[NewComment] = field(default_factory=list)


class _Wrong(Exception):  # noqa: N818 - a value's fault on its way to `errors`
    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text)
        self.why: Why = (text, values)


@dataclass(slots=True)
class Reader:
    """Reads bodies for one issue; `adf`: texts are documents, `cloud`: people are account ids.

    `may` tells of a permission whether the caller has it in the issue's project; `levels` are the names of
    roles and groups a comment can be restricted to.
    """

    site: Site
    issue: Issue
    cloud: bool
    adf: bool
    may: Callable[[str], bool]
    levels: dict[str, set[str]]
    errors: dict[str, Why] = field(default_factory=dict)
    screen: frozenset[str] | None = None
    """Of a new issue, the fields that it can be created with."""

    def edit(self, body: Any) -> Edit:  # noqa: ANN401 - whatever a client sent
        """Read the body of a PUT on the issue; raises Refusal naming every bad field."""
        if not isinstance(body, dict) or not (body.get("fields") or body.get("update")):
            raise payload("one of 'fields' or 'update' required")
        if unknown := set(body) - _EDIT_KEYS:
            raise payload(f"unrecognized {sorted(unknown)}")
        fields, update = body.get("fields") or {}, body.get("update") or {}
        if not isinstance(fields, dict) or not isinstance(update, dict):
            raise payload("'fields' and 'update' are objects")
        edit = Edit(properties=self.properties(body.get("properties")))
        for name in fields.keys() & update.keys():
            self.errors[name] = ("twice", {"field": name})
        for name, value in fields.items():
            self._attempt(name, partial(self._set, edit, name, value))
        for name, steps in update.items():
            self._attempt(name, partial(self._update, edit, name, steps))
        if self.errors:
            raise Refusal(400, errors=self.errors)
        return edit

    def comment(self, body: Any) -> NewComment:  # noqa: ANN401 - whatever a client sent
        """Read the body of a new comment; raises Refusal."""
        if not isinstance(body, dict):
            raise payload("a comment is an object")
        if unknown := set(body) - _COMMENT_KEYS:
            raise payload(f"unrecognized {sorted(unknown)}")
        if not self.may("ADD_COMMENTS"):
            raise Refusal(400, "no comments")
        text: Any = body.get("body")
        if (document_fault(text) if self.adf else not isinstance(text, str)) or not plain(text).strip():
            raise Refusal(400, errors={"comment": ("comment", {})})
        if len(plain(text)) > LONGEST:
            raise Refusal(400, errors={"comment": ("long", {})})
        return NewComment(text, self.properties(body.get("properties")), self._level(body.get("visibility")))

    def properties(self, given: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a client sent
        """Read a list of entity properties; raises Refusal."""
        if not isinstance(given or [], list):
            raise payload("'properties' is a list")
        for one in given or []:
            if not isinstance(one, dict) or set(one) != {"key", "value"} or not isinstance(one["key"], str):
                raise payload("a property is {'key': …, 'value': …}")
            check_property(one["key"], one["value"])
        return {one["key"]: one["value"] for one in given or []}

    def _level(self, given: Any) -> dict[str, str] | None:  # noqa: ANN401
        if not given:
            return None
        if not isinstance(given, dict) or given.get("type") not in self.levels:
            raise payload("'visibility' has a type, role or group, and a value")
        name = given.get("value") or given.get("identifier")
        if name not in self.levels[given["type"]]:
            raise Refusal(400, errors={"commentLevel": ("level", {"name": name})})
        return {"type": given["type"], "value": name} | ({"identifier": name} if self.cloud else {})

    def _attempt(self, name: str, read: Callable[[], None]) -> None:
        try:
            read()
        except _Wrong as wrong:
            self.errors.setdefault(name, wrong.why)

    def _field(self, name: str) -> Field:
        entry = self.site.fields.get(name)
        needed = {"duedate": "SCHEDULE_ISSUES", "assignee": "ASSIGN_ISSUES"}.get(name)
        there = self.may("EDIT_ISSUES") if self.screen is None else name in self.screen
        if entry is None or not entry.editable or not there or (needed and not self.may(needed)):
            raise _Wrong("not on screen", field=name)
        return entry

    def _set(self, edit: Edit, name: str, value: Any) -> None:  # noqa: ANN401
        edit.values[name] = self._read(self._field(name), value)

    def _update(self, edit: Edit, name: str, steps: Any) -> None:  # noqa: ANN401
        if not isinstance(steps, list) or not all(isinstance(one, dict) and len(one) == 1 for one in steps):
            raise payload(f"update.{name} is a list of operations")
        for operation, value in (pair for step in steps for pair in step.items()):
            if name == "comment" and operation == "add":
                new = self.comment({key: one for key, one in value.items() if key != "properties"})
                edit.comments.append(new)
                continue
            entry = self._field(name)
            held = edit.values.get(name, self.issue.fields.get(name)) or []
            if operation == "set":
                edit.values[name] = self._read(entry, value)
            elif entry.type != "array" or operation not in {"add", "remove"}:
                raise _Wrong("operation", name=operation)
            else:
                one = self._read(entry, [value])
                rest = [other for other in held if other not in one]
                edit.values[name] = _tidy(entry, rest + one if operation == "add" else rest)

    def _read(self, entry: Field, value: Any) -> Any:  # noqa: ANN401 - as many types as fields
        if entry.id == "summary":
            return _summary(value)
        if entry.id in TEXT_AREAS:
            return self._long_text(value)
        if entry.type == "array":
            return _tidy(entry, [self._one(entry, one) for one in self._listed(value)])
        if value is None:
            return _wrong("required") if entry.id in {"priority", "issuetype"} else None
        if entry.type == "user":
            return self._person(value)
        return self._one(entry, value)

    def _one(self, entry: Field, value: Any) -> Any:  # noqa: ANN401
        match entry.items or entry.type:
            case "string":
                return _label(value) if entry.id == "labels" else _short_text(value)
            case "date":
                return _date(value)
            case "number":
                number = isinstance(value, (int, float)) and not isinstance(value, bool)
                return value if number else _wrong("choice")
            case "option":
                return _option(entry.options, value)
            case "any":
                return value
            case _:
                found = isinstance(value, dict) and self.site.catalogue.chosen(entry.id, value)
                return found or _wrong("choice")

    def _listed(self, value: Any) -> list[Any]:  # noqa: ANN401
        if not isinstance(value or [], list):
            raise _Wrong("choice")
        return value or []

    def _long_text(self, value: Any) -> Any:  # noqa: ANN401
        if value is None:
            return None
        if self.adf and document_fault(value):
            raise _Wrong("not a document")
        if not self.adf and not isinstance(value, str):
            raise _Wrong("not a string")
        return value if len(plain(value)) <= LONGEST else _wrong("long")

    def _person(self, value: Any) -> str:  # noqa: ANN401
        key = "accountId" if self.cloud else "name"
        wanted = value.get(key) if isinstance(value, dict) else None
        for person in self.site.people.values():
            if person.active and wanted == (person.account if self.cloud else person.name):
                return person.name
        return _wrong("choice")


def check_property(key: str, value: Any) -> None:  # noqa: ANN401
    """Raise Refusal when Jira would not keep this entity property."""
    if not 0 < len(key) <= 255:
        raise Refusal(400, "property", key=key, why="1 to 255 characters")
    if len(json.dumps(value, ensure_ascii=False).encode()) > LARGEST_PROPERTY:
        raise Refusal(400, "property", key=key, why=f"{LARGEST_PROPERTY} bytes")


def _wrong(text: str, **values: object) -> NoReturn:
    raise _Wrong(text, **values)


def _tidy(entry: Field, values: list[Any]) -> list[Any]:
    if entry.items == "string":
        return sorted(set(values))
    return [one for at, one in enumerate(values) if one not in values[:at]]


def _summary(value: Any) -> str:  # noqa: ANN401
    if not isinstance(value, str) or not value.strip() or "\n" in value:
        raise _Wrong("required")
    return value if len(value) <= 255 else _wrong("long")


def _short_text(value: Any) -> str:  # noqa: ANN401
    if not isinstance(value, str):
        raise _Wrong("not a string")
    return value if len(value) <= 255 else _wrong("long")


def _label(value: Any) -> str:  # noqa: ANN401
    if not isinstance(value, str) or not value:
        raise _Wrong("not a string")
    if re.search(r"\s", value):
        raise _Wrong("label", label=value)
    return value if len(value) <= 255 else _wrong("long label", label=value)


def _date(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            return _wrong("date", value=value)
    return _wrong("date", value=value)


def _option(options: tuple[Choice, ...], value: Any) -> Choice:  # noqa: ANN401
    for option in options:
        if isinstance(value, dict) and (value.get("id") == option["id"] or value.get("value") == option["value"]):
            return option
    return _wrong("choice")
