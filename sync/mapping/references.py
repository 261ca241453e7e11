"""What one part of the mapping files says of another: every reference that leads nowhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sync.mapping.client_references import astray, hurried, twins, vacant
from sync.mapping.practice_references import brought_in, evidence, flags, quiet_roles
from sync.mapping.severity_models import SeverityFile
from sync.mapping.tracker_models import TICKET_FIELDS, Fields
from sync.mapping.wording import near, nearest
from sync.ticket import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from sync.mapping import (
        calendar_models,
        conditions,
        escalation_models,
        severity_models,
        taxonomy_models,
        tracker_models,
    )
    from sync.mapping.client_models import ClientsFile
    from sync.mapping.parts import Amount
    from sync.mapping.positions import KeyPath
    from sync.mapping.reader import Document, Reading

    Dangling = Iterator[tuple[Document, KeyPath, str]]

_SECTIONS = {"field": "field_values", "matrix": "matrix", "signals": "signal", "priority": "priority_values"}
"""What `severity.order` may name, and the key that each is about."""


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one folder, each as far as it could be read."""

    taxonomy: Reading[taxonomy_models.Taxonomy]
    severity: Reading[severity_models.SeverityFile]
    escalation: Reading[escalation_models.EscalationFile]
    calendars: Reading[calendar_models.CalendarsFile]
    clients: Reading[ClientsFile]
    mappings: Mapping[str, Reading[tracker_models.Mapping]]
    practice: Mapping[str, Reading[Any]] = field(default_factory=dict)
    interval: Amount | None = None
    """How often the trackers are read, if known."""
    sources: Collection[str] = ()
    """The names of the sources, if known."""

    def documents(self) -> Mapping[str, Document]:
        """Every document by its file name."""
        return {
            "taxonomy.toml": self.taxonomy.document,
            "severity.toml": self.severity.document,
            "escalation.toml": self.escalation.document,
            "calendars.toml": self.calendars.document,
            "clients.toml": self.clients.document,
        } | {name: reading.document for name, reading in (*self.mappings.items(), *self.practice.items())}


def dangling(files: Files) -> Dangling:
    """Every reference that leads nowhere: the document, the key that refers, and what is said of it.

    What a reference may lead to is taken from all that is written, faulty parts included, so that one slip is
    one fault. A file that could not be read is not blamed on those that refer to it.
    """
    yield from _roles(files)
    yield from _calendars(files)
    yield from _order(files.severity)
    for mapping in files.mappings.values():
        yield from _contact_statuses(mapping)
        yield from evidence(mapping)
    yield from _fields(files)
    ladder = _texts(files.escalation.document, "ladder")
    roles = [*ladder, *_texts(files.escalation.document, "roles")]
    if files.escalation.value:
        yield from brought_in(files.severity, files.clients.value, ladder, roles)
        yield from quiet_roles(files.practice.get("attention.toml"), roles)
    yield from flags(files.practice.get("signs.toml"), files.mappings)
    yield from twins(files.clients)
    if files.interval:
        yield from hurried(files.escalation, files.clients, files.interval)
    if files.sources:
        yield from astray(files.clients, files.sources)
    yield from vacant(files.escalation, files.clients)


def _roles(files: Files) -> Dangling:
    document, file = files.escalation.document, files.escalation.value
    if file is None:
        return
    ladder = _texts(document, "ladder")
    roles = [*ladder, *_texts(document, "roles")]
    for severity in SEVERITIES:
        role = file.row(severity).escalation.to
        if role in roles and role not in ladder:
            what = f"{role!r} is no step of the ladder, so no reminder could climb from it; add it there"
            yield document, (severity, "escalation", "to"), what
        elif role not in ladder:
            yield (
                document,
                (severity, "escalation", "to"),
                f"no role {role!r} on the ladder{nearest(role, ladder)}",
            )
    for at, role in _client_roles(files.clients.value) if files.clients.value else ():
        if role not in roles:
            yield files.clients.document, at, f"no role {role!r} in {document.name}{nearest(role, roles)}"


def _client_roles(clients: ClientsFile) -> Iterator[tuple[KeyPath, str]]:
    for role in clients.roles:
        yield ("roles", role), role
    for index, client in enumerate(clients.client):
        for role in client.roles:
            yield ("client", index, "roles", role), role
        for number, engagement in enumerate(client.engagement):
            for role in engagement.roles:
                yield ("client", index, "engagement", number, "roles", role), role


def _calendars(files: Files) -> Dangling:
    if not files.calendars.document.legible:
        return
    known = list(_table(files.calendars.document, "calendar"))
    named: list[tuple[Document, KeyPath, str | None]] = []
    if files.escalation.value:
        named.append((files.escalation.document, ("calendar",), files.escalation.value.calendar))
    for index, client in enumerate(files.clients.value.client if files.clients.value else ()):
        named.append((files.clients.document, ("client", index, "calendar"), client.calendar))
    for document, at, name in named:
        if name is not None and name not in known:
            yield document, at, f"no calendar {name!r} in {files.calendars.document.name}{nearest(name, known)}"


def _order(severity: Reading[severity_models.SeverityFile]) -> Dangling:
    written = severity.document.data
    misspelt = written.keys() - SeverityFile.model_fields.keys()
    for index, source in enumerate(severity.value.order if severity.value else ()):
        section = _SECTIONS[source]
        if section not in written and not near(section, misspelt):
            heading = f"[[{section}]]" if section == "signal" else f"[{section}]"
            yield severity.document, ("order", index), f"{source} is asked, but there is no {heading}; add it"


def _contact_statuses(mapping: Reading[tracker_models.Mapping]) -> Dangling:
    lists = _table(mapping.document, "status").values()
    known = [name for listed in lists if isinstance(listed, list) for name in listed if isinstance(name, str)]
    folded = {name.casefold() for name in known}
    for index, name in enumerate(mapping.value.contact.statuses if mapping.value else ()):
        if name.casefold() not in folded:
            what = f"status {name!r} is in no list of [status]{nearest(name, known)}"
            yield mapping.document, ("contact", "statuses", index), what


def _fields(files: Files) -> Dangling:
    if not files.mappings or not all(mapping.document.legible for mapping in files.mappings.values()):
        return
    known = {*TICKET_FIELDS}
    for mapping in files.mappings.values():
        mapped = _table(mapping.document, "fields")
        own = mapped.get("own")
        known |= mapped.keys() - {"own"} | (own.keys() if isinstance(own, dict) else set())
    for document, at, name in _asked(files):
        if name in Fields.model_fields and name not in known and name != "own":
            yield document, at, f"field {name!r} is mapped in no tracker file; map it under [fields]"
        elif name not in known:
            yield document, at, f"field {name!r} is mapped in no tracker file{nearest(name, known)}"


def _asked(files: Files) -> Iterator[tuple[Document, KeyPath, str]]:
    """Every field that a rule asks."""
    for index, rule in enumerate(files.taxonomy.value.rule if files.taxonomy.value else ()):
        for at, name in _asked_by(rule.when, ("rule", index, "when")):
            yield files.taxonomy.document, at, name
    for index, signal in enumerate(files.severity.value.signal if files.severity.value else ()):
        for at, name in _asked_by(signal.when, ("signal", index, "when")):
            yield files.severity.document, at, name
    for index, trigger in enumerate(files.severity.value.trigger if files.severity.value else ()):
        for at, name in _asked_by(trigger.when, ("trigger", index, "when")) if trigger.when else ():
            yield files.severity.document, at, name


def _asked_by(condition: conditions.Condition, at: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if condition.field is not None:
        yield (*at, "field"), condition.field
    parts: Iterable[tuple[KeyPath, conditions.Condition]] = (
        *(((*at, "all", index), part) for index, part in enumerate(condition.all_of or ())),
        *(((*at, "any", index), part) for index, part in enumerate(condition.any_of or ())),
        *(((*at, "not"), part) for part in (condition.not_,) if part),
    )
    for below, part in parts:
        yield from _asked_by(part, below)


def _table(document: Document, key: str) -> dict[str, Any]:
    """The table as it is written; empty if none is."""
    table = document.data.get(key)
    return table if isinstance(table, dict) else {}


def _texts(document: Document, key: str) -> list[str]:
    """The texts of a list as it is written."""
    listed = document.data.get(key)
    return [text for text in listed if isinstance(text, str)] if isinstance(listed, list) else []
