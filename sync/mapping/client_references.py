"""What `clients.toml` says against itself, the ladder or the poll: each at its line, naming the other one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.mapping.parts import folded
from sync.mapping.people import People
from sync.mapping.wording import nearest
from sync.ticket import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sync.mapping.client_models import ClientsFile
    from sync.mapping.escalation_models import Cell, EscalationFile
    from sync.mapping.parts import Amount
    from sync.mapping.positions import KeyPath
    from sync.mapping.reader import Document, Reading

    Named = tuple[KeyPath, KeyPath, str, str]
    """The record, the key inside it, the name that stands there, and what the record is called."""

TRACKERS = ("jira", "asana", "workbook")
"""Kinds of source, for whose every source a person may have one id."""


def twins(clients: Reading[ClientsFile]) -> Iterator[tuple[Document, KeyPath, str]]:
    """Names and aliases that two clients, two engagements of one client, or two people share."""
    if clients.value is None:
        return
    kinds: list[tuple[str, Iterable[Named]]] = [("client", _clients(clients.value))]
    kinds += [("engagement", _engagements(clients.value, index)) for index in range(len(clients.value.client))]
    kinds += [("person", _people(clients.value))]
    for kind, named in kinds:
        seen: dict[str, Named] = {}
        for each in named:
            record, at, name, _ = each
            first = seen.setdefault(folded(name), each)
            if first[0] != record:
                line = clients.document.line(first[1])
                what = f"{name!r} already stands for {kind} {first[3]!r} on line {line}; one name means one {kind}"
                yield clients.document, at, what


def _clients(clients: ClientsFile) -> Iterator[Named]:
    for index, client in enumerate(clients.client):
        yield from _spellings(("client", index), client.name, client.aliases)


def _engagements(clients: ClientsFile, client: int) -> Iterator[Named]:
    for index, engagement in enumerate(clients.client[client].engagement):
        yield from _spellings(("client", client, "engagement", index), engagement.name, engagement.aliases)


def _spellings(record: KeyPath, name: str, aliases: list[str]) -> Iterator[Named]:
    yield record, (*record, "name"), name, name
    for at, alias in enumerate(aliases):
        yield record, (*record, "aliases", at), alias, name


def _people(clients: ClientsFile) -> Iterator[Named]:
    for index, person in enumerate(clients.person):
        record: KeyPath = ("person", index)
        yield record, (*record, "name"), person.name, person.name
        for source, one in person.ids.items():
            yield record, (*record, "ids", source), one, person.name


def vacant(
    escalation: Reading[EscalationFile], clients: Reading[ClientsFile]
) -> Iterator[tuple[Document, KeyPath, str]]:
    """Steps of the ladder that nobody holds for any client, if roles are held at all.

    Nothing is said while `clients.toml` has other faults: one of them may have hidden the holder.
    """
    if escalation.value is None or clients.value is None or clients.document.faults:
        return
    held = held_roles(clients.value)
    for index, role in enumerate(escalation.value.ladder if held else ()):
        if role not in held:
            what = f"nobody holds the role {role!r}; name somebody under [roles] in {clients.document.name}"
            yield escalation.document, ("ladder", index), f"{what}, or take it off the ladder"


def held_roles(clients: ClientsFile) -> set[str]:
    """Every role that somebody who has not left holds, for some client or engagement."""
    people = People(clients)
    tables = [clients.roles, *(client.roles for client in clients.client)]
    tables += [engagement.roles for client in clients.client for engagement in client.engagement]
    return {role for roles in tables for role, holders in roles.items() if any(map(people.stayed, holders))}


def hurried(
    escalation: Reading[EscalationFile], clients: Reading[ClientsFile], interval: Amount
) -> Iterator[tuple[Document, KeyPath, str]]:
    """Cadences that cannot be kept, because the trackers are read more seldom."""
    cadences: list[tuple[Document, KeyPath, Cell | None]] = []
    if escalation.value:
        for severity in SEVERITIES:
            cell = escalation.value.row(severity).update
            cadences.append((escalation.document, (severity, "update", "within"), cell))
    for index, client in enumerate(clients.value.client if clients.value else ()):
        for severity, cell in client.update.items():
            cadences.append((clients.document, ("client", index, "update", severity, "within"), cell))
    for document, at, cell in cadences:
        if cell and cell.within.elapsed() < interval.elapsed():
            what = f"an update every {cell.within.written} cannot be kept"
            remedy = (
                f"trackers are read every {interval.written}; shorten interval in config.toml, or make this longer"
            )
            yield document, at, f"{what}: {remedy}"


def astray(clients: Reading[ClientsFile], sources: Collection[str]) -> Iterator[tuple[Document, KeyPath, str]]:
    """Ids of people in sources that are not there."""
    known = {*sources, *TRACKERS}
    for index, person in enumerate(clients.value.person if clients.value else ()):
        for source in person.ids.keys() - known:
            at: KeyPath = ("person", index, "ids", source)
            yield clients.document, at, f"no source {source!r} in config.toml{nearest(source, known)}"
