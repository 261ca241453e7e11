"""What is no fault in the configuration, and yet hardly meant: in plain sentences for `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.render import FALLBACK, FOOTER, SECTIONS
from sync.settings import mapping_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sync.mapping.models import Mapping
    from sync.mapping.policy import Policy
    from sync.trackers.sources import AnySource

OFF = "so the promises of a first response and of updates are off"


def advice(policy: Policy, sources: Sequence[AnySource]) -> list[str]:
    """One sentence, with its remedy, for each thing that a sound configuration leaves undone."""
    return [
        *(sentence for source in sources for sentence in _evidence(source, policy)),
        *_vacant_roles(policy),
        *_calendars(policy, sources),
        *_untranslated(policy, sources),
    ]


def _evidence(source: AnySource, policy: Policy) -> Iterator[str]:
    """What keeps a source from ever seeing that the client was contacted."""
    file, _ = mapping_of(source)
    mapping = policy.mappings[file]
    placeholders = ", ".join(mapping.people.placeholders())
    if not _provable(mapping, readers=source.readers):
        yield (
            f"source {source.name!r}: nothing in {file} can prove that a client was contacted, {OFF}; "
            "fill words, statuses or labels under [contact], or map the field contacted"
        )
    elif not mapping.people.knows_staff() and not _provable_without_staff(mapping):
        named = f"staff names only the example's {placeholders}" if placeholders else "staff is empty"
        yield (
            f"source {source.name!r}: [people] {named} in {file}, and only staff comments could prove "
            f"that a client was contacted, {OFF}; put your firm's domain or user ids there"
        )
    elif placeholders:
        yield f"source {source.name!r}: [people] staff in {file} names the example's {placeholders}; take it out"


def _provable(mapping: Mapping, *, readers: str) -> bool:
    contact = mapping.contact
    readable = contact.client_readable_comment and readers != "staff"
    return bool(contact.words or contact.any_staff_comment or readable or _provable_without_staff(mapping))


def _provable_without_staff(mapping: Mapping) -> bool:
    return bool(mapping.contact.statuses or mapping.contact.labels or mapping.fields.contacted)


def _vacant_roles(policy: Policy) -> Iterator[str]:
    """Steps of the ladder at which nobody would be asked."""
    clients = policy.clients
    for role in policy.escalation.ladder:
        if clients.roles.get(role):
            continue
        without = [client.name for client in clients.client if not client.roles.get(role)]
        if not clients.client or len(without) == len(clients.client):
            yield f"nobody holds the role {role!r} of the ladder; name somebody under [roles] in clients.toml"
        elif without:
            yield (
                f"nobody holds the role {role!r} for {', '.join(without)}; "
                "name somebody under [roles] in clients.toml, or in the client's record"
            )


def _calendars(policy: Policy, sources: Sequence[AnySource]) -> Iterator[str]:
    """Clients who go by the opening hours of somewhere else."""
    usual = sorted({source.calendar or policy.escalation.calendar for source in sources})
    zones = {policy.calendars[name].zone for name in usual}
    for client in policy.clients.client:
        if client.calendar is None and {client.zone} != zones:
            where = f"is in {client.zone}" if client.zone else "has neither calendar nor zone"
            yield (
                f"client {client.name!r} {where}, and goes by the hours of {' or '.join(usual)}; "
                'if that is not meant, add calendar = "…" to its record in clients.toml'
            )


def _untranslated(policy: Policy, sources: Sequence[AnySource]) -> Iterator[str]:
    """Languages that are written, some of whose templates are not there."""
    written = {language for language, _ in policy.templates} | {source.language for source in sources}
    for language in sorted(written):
        missing = [f"{kind}.md" for kind in (*SECTIONS, FOOTER) if (language, kind) not in policy.templates]
        if missing and language != FALLBACK:
            yield f"comments/{language} lacks {', '.join(missing)}; the {FALLBACK} text is used instead"
