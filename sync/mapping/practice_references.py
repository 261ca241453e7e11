"""What triggers, attention, signs and evidence say of other files: every reference that leads nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync.mapping.tracker_models import TICKET_FIELDS, Fields
from sync.mapping.wording import near, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sync.mapping import severity_models, tracker_models
    from sync.mapping.client_models import ClientsFile
    from sync.mapping.positions import KeyPath
    from sync.mapping.reader import Document, Reading

    Dangling = Iterator[tuple[Document, KeyPath, str]]


def brought_in(
    severity: Reading[severity_models.SeverityFile],
    clients: ClientsFile | None,
    ladder: Sequence[str],
    roles: Sequence[str],
) -> Dangling:
    """Triggers that bring in somebody who stands on no ladder, or are for clients of a tier that nobody has."""
    tiers = {client.tier for client in clients.client if client.tier} if clients else set()
    for index, trigger in enumerate(severity.value.trigger if severity.value else ()):
        role, at = trigger.bring_in, ("trigger", index)
        if role in roles and role not in ladder:
            yield severity.document, (*at, "bring_in"), f"{role!r} is no step of the ladder; add it there"
        elif role and role != "next" and role not in ladder:
            yield severity.document, (*at, "bring_in"), f"no role {role!r} on the ladder{nearest(role, ladder)}"
        for number, tier in enumerate(trigger.tiers):
            if tiers and tier not in tiers:
                what = f"no client has the tier {tier!r}{nearest(tier, tiers)}"
                yield severity.document, (*at, "tiers", number), what


def quiet_roles(attention: Reading[Any] | None, roles: Collection[str]) -> Dangling:
    """Quiet hours of a role that there is not."""
    quiet = attention.value.quiet if attention and attention.value else None
    for role in quiet.roles if quiet and attention else ():
        if role not in roles and attention:
            yield attention.document, ("quiet", "roles", role), f"there is no role {role!r}{nearest(role, roles)}"


def flags(signs: Reading[Any] | None, mappings: Mapping[str, Reading[tracker_models.Mapping]]) -> Dangling:
    """Red flags whose label would be taken for one that makegood writes itself."""
    prefixes = {each for reading in mappings.values() if reading.value for each in reading.value.labels.prefixes}
    for index, flag in enumerate(signs.value.flag if signs and signs.value else ()):
        for prefix in prefixes:
            if signs and flag.label.startswith(prefix):
                what = (
                    f"labels that begin with {prefix!r} are makegood's own, and it takes them off; choose another"
                )
                yield signs.document, ("flag", index, "label"), what


def evidence(mapping: Reading[tracker_models.Mapping]) -> Dangling:
    """Evidence by fields that are not mapped, and by statuses that are in no list."""
    if mapping.value is None:
        return
    document = mapping.document
    mapped = {*TICKET_FIELDS, *mapping.value.fields.mapped()}
    statuses = {name.casefold() for name in _statuses(document.data.get("status"))}
    for proof, told in mapping.value.evidence.items():
        for index, name in enumerate(told.fields):
            at: KeyPath = ("evidence", proof, "fields", index)
            if name in Fields.model_fields and name not in mapped:
                yield document, at, f"field {name!r} is not mapped here; map it under [fields]"
            elif name not in mapped:
                yield document, at, f"no field {name!r} is mapped here{nearest(name, mapped)}"
        for index, name in enumerate(told.statuses):
            if name.casefold() not in statuses:
                meant = near(name, _statuses(document.data.get("status")))
                hint = f"; did you mean {meant!r}?" if meant else ""
                yield (
                    document,
                    ("evidence", proof, "statuses", index),
                    f"status {name!r} is in no list of [status]{hint}",
                )


def _statuses(table: object) -> list[str]:
    lists = table.values() if isinstance(table, dict) else ()
    return [name for listed in lists if isinstance(listed, list) for name in listed if isinstance(name, str)]
