"""The fields of a ticket as they were mapped: from where, with which value, and who filled them last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync.mapping.positions import positions
from sync.mapping.reader import shown
from sync.mapping.text import content, decoded
from sync.mapping.tracker_models import AsanaMapping, JiraMapping, WorkbookMapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from sync.judging.judgement import Judgement
    from sync.mapping.positions import KeyPath
    from sync.mapping.tracker_models import Mapping
    from sync.ticket import Change

    Told = Callable[[datetime | None], str | None]


class Written:
    """Where the keys of one mapping file stand: `file:line`, or the file alone for what it does not write out."""

    def __init__(self, file: Path) -> None:
        """IllegibleError if the file cannot be read."""
        self._name = shown(file)
        self._places = positions(decoded(content(file)))

    def place(self, path: KeyPath) -> str:
        """Where the key stands that leads there."""
        found = self._places.get(path)
        return f"{self._name}:{found.line}" if found else self._name


def mapped(judged: Judgement, mapping: Mapping, written: Written | None, told: Told) -> list[dict[str, Any]]:
    """Each mapped field of the ticket: its value (empty: absent), the tracker's own name for it, where the mapping
    says so, and when and by whom it was last changed (null where the history does not tell).
    """
    newest: dict[str, Change] = {change.field: change for change in judged.ticket.changes}
    return [
        {
            "field": name,
            "value": value,
            "column": column,
            "where": written.place(path) if written else "",
            "changed": told(last.at) if (last := newest.get(name)) else None,
            "by": last.author.name if last else "",
            "side": last.author.side if last else "",
        }
        for name, value, column, path in _rows(judged, mapping)
    ]


def _rows(judged: Judgement, mapping: Mapping) -> Iterator[tuple[str, str, str, KeyPath]]:
    """What each field is called here, its value, what the tracker calls it, and its key in the mapping."""
    ticket, own = judged.ticket, mapping.fields.own
    values = {
        "status": str(ticket.status),
        "kind": ticket.kind,
        "assignee": ticket.assignee.name if ticket.assignee else "",
        "reporter": ticket.reporter.name if ticket.reporter else "",
        "labels": " ".join(sorted(ticket.labels)),
        "due": str(ticket.due or ticket.due_text),
    }
    for name, column, path in _built_in(mapping):
        yield name, values[name], column, path
    for name, column in mapping.fields.mapped().items():
        stranger = name == "client" and ticket.client and not judged.client
        value = f"{ticket.fields.get(name, '')}{' (not in clients.toml)' if stranger else ''}"
        yield name, value, column, ("fields", "own", name) if name in own else ("fields", name)


def _built_in(mapping: Mapping) -> Iterator[tuple[str, str, KeyPath]]:
    """What every ticket has, by the tracker's own name for it."""
    match mapping:
        case WorkbookMapping(columns=columns):
            named = {"status": columns.status, "kind": columns.type, "assignee": columns.assignee}
            named |= {"reporter": columns.reporter, "labels": columns.labels, "due": columns.due}
            for name, column in named.items():
                if column:
                    yield name, column, ("columns", "type" if name == "kind" else name)
        case AsanaMapping():
            yield "status", mapping.status_field or "section", ("status_field",)
            yield "assignee", "assignee", ()
            yield "reporter", "created_by", ()
            yield "labels", mapping.labels_in, ("labels_in",)
            yield "due", mapping.due_field, ("due_field",)
        case JiraMapping():
            yield "status", "status", ("status",)
            yield "kind", "issuetype", ()
            yield "assignee", "assignee", ()
            yield "reporter", "reporter", ()
            yield "labels", "labels", ()
            yield "due", mapping.due_field, ("due_field",)
        case _:
            return
