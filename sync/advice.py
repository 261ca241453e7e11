"""What is no fault in the configuration, and yet hardly meant: in plain sentences for `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.judging.doubts import some
from sync.judging.evidence import evidence_of
from sync.mapping.parts import folded
from sync.mapping.practice import FILES
from sync.mapping.wording import near, nearest
from sync.saying.render import FALLBACK, KINDS
from sync.settings import mapping_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sync.mapping.client_models import ClientModel
    from sync.mapping.policy import Policy
    from sync.mapping.tracker_models import Mapping, People, Proof
    from sync.trackers.sources import AnySource

OFF = "so the promises of a first response and of updates are off"


def advice(policy: Policy, sources: Sequence[AnySource]) -> list[str]:
    """One sentence, with its remedy, for each thing that a sound configuration leaves undone."""
    return [
        *(sentence for source in sources for sentence in _readers(source)),
        *(sentence for source in sources for sentence in _evidence(source, policy)),
        *(sentence for source in sources for sentence in _unproved(source, policy)),
        *(sentence for source in sources for sentence in _to_clients(source, policy)),
        *_absent_files(policy),
        *_vacant_roles(policy),
        *dict.fromkeys(sentence for source in sources for sentence in _taken_for_clients(source, policy)),
        *_absent_strangers(policy),
        *_calendars(policy, sources),
        *_untranslated(policy, sources),
    ]


def _readers(source: AnySource) -> Iterator[str]:
    """A source of which nobody has said who can read it."""
    if "readers" not in source.model_fields_set:
        besides = " but on service desks" if source.tracker == "jira" else ""
        yield (
            f"source {source.name!r}: readers is not stated, so no comment for staff{besides} and no category "
            'label is written there; say readers = "staff" if no client can read it'
        )


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


def _unproved(source: AnySource, policy: Policy) -> Iterator[str]:
    """Promises that are made, and off for this source because nothing in its mapping could prove them."""
    file, _ = mapping_of(source)
    mapping, promises, scope = policy.mappings[file], policy.practice.promises, policy.practice.scope
    made: dict[Proof, object] = {name: getattr(promises, name) for name in _PROVED}
    made |= {"agreed_in_writing": promises.agreed and promises.agreed.in_writing}
    made |= {"decided": scope.decide, "consent": scope.consent, "talk": scope.talk, "agreement": scope.agreement}
    made |= {"realigned": scope.realign, "milestone": promises.milestone_review}
    fields: dict[str, object] = {"planned": mapping.fields.planned, "decided": mapping.fields.scope_decision}
    off = [
        name
        for name, cell in made.items()
        if cell and not evidence_of(mapping, name).mapped and not fields.get(name)
    ]
    if off:
        yield (
            f"source {source.name!r}: without evidence in {file} these promises are off: {', '.join(off)}; "
            "fill [evidence.<name>] there, or take them out of promises.toml and scope.toml"
        )
    routines = [name for name in _ROUTINES if getattr(promises, name)]
    if routines and not (mapping.engagements.kinds or mapping.engagements.labels):
        yield (
            f"source {source.name!r}: no ticket stands for an engagement, so contact at fixed intervals "
            f"({', '.join(routines)}) is watched nowhere; fill [engagements] in {file}"
        )


_PROVED: tuple[Proof, ...] = (
    "assessed",
    "planned",
    "agreed",
    "root_cause",
    "prevention",
    "verified",
    "remedy",
    "post_mortem",
    "post_mortem_actions",
    "lessons",
    "checkin",
    "stakeholder_call",
    "survey",
    "milestone_review",
    "kickoff",
)
_ROUTINES = ("checkin", "stakeholder_call", "survey", "milestone_review", "kickoff")


def _to_clients(source: AnySource, policy: Policy) -> Iterator[str]:
    """Messages to clients that could reach nobody, and issues of their own that no mapping lets be made."""
    file, _ = mapping_of(source)
    mapping, promises = policy.mappings[file], policy.practice.promises
    if promises.to_client and source.readers == "staff":
        listed = ", ".join(promises.to_client)
        yield (
            f"source {source.name!r}: promises.toml sends {listed} to clients, and none of them can read this; "
            'if they can, set readers = "staff-and-clients"'
        )
    if promises.to_client and not mapping.approval.labels:
        yield f"source {source.name!r}: [approval] in {file} is empty, so no message about money reaches a client"
    if promises.follow_ups and not mapping.follows_up:
        yield (
            f"source {source.name!r}: promises.toml wants issues of their own for "
            f"{', '.join(promises.follow_ups)}; say in {file} how they are made (follow_up)"
        )


def _absent_files(policy: Policy) -> Iterator[str]:
    """Files of the practice that the folder lacks."""
    parts = {name: getattr(policy.practice, name) for name in FILES}
    lacking = [f"{name}.toml" for name, part in parts.items() if part == FILES[name]()]
    if lacking:
        yield f"what {' and '.join(lacking)} would promise is off; copy the shipped file there to keep it"


def _provable(mapping: Mapping, *, readers: str) -> bool:
    contact = mapping.contact
    readable = contact.client_readable_comment and readers != "staff"
    return bool(contact.words or contact.any_staff_comment or readable or _provable_without_staff(mapping))


def _provable_without_staff(mapping: Mapping) -> bool:
    return bool(mapping.contact.statuses or mapping.contact.labels or mapping.fields.contacted)


def _vacant_roles(policy: Policy) -> Iterator[str]:
    """Steps of the ladder at which nobody would be asked."""
    vacant = []
    for role in policy.escalation.ladder:
        if _held(policy, role):
            continue
        without = [client.name for client in policy.clients.client if not _held(policy, role, client)]
        if len(without) == len(policy.clients.client):
            vacant.append(repr(role))
        elif without:
            yield (
                f"nobody holds the role {role!r} for {some(without)}; "
                "name somebody under [roles] in clients.toml, or in the client's record"
            )
    if vacant:
        roles = f"role{'s' * (len(vacant) > 1)} {', '.join(vacant)}"
        yield f"nobody holds the {roles} of the ladder; name somebody under [roles] in clients.toml"


def _held(policy: Policy, role: str, client: ClientModel | None = None) -> bool:
    """Whether somebody who has not left holds the role."""
    return any(map(policy.people.stayed, policy.holders(role, client, None)))


def _role_holders(policy: Policy) -> list[str]:
    """Everybody who holds a role, as clients.toml calls them, each once."""
    clients = policy.clients
    engagements = (engagement.roles for client in clients.client for engagement in client.engagement)
    tables = [clients.roles, *(client.roles for client in clients.client), *engagements]
    return list(dict.fromkeys(who for roles in tables for named in roles.values() for who in named))


def _taken_for_clients(source: AnySource, policy: Policy) -> Iterator[str]:
    """People of clients.toml who count as clients in a source, because its mapping does not list them.

    One without a record, whom another mapping lists, is of another tracker; by a domain anybody may be staff.
    """
    file, _ = mapping_of(source)
    people = policy.mappings[file].people
    if people.everyone_else != "client" or _by_domain(people):
        return
    listed = {entry for each in policy.mappings.values() for entry in (*each.people.staff, *each.people.machines)}
    own = {*people.staff, *people.machines}
    persons = [person.name for person in policy.clients.person]
    told: set[str] = set()
    for kind, several, called in (
        ("a role-holder", "role-holders", _role_holders(policy)),
        ("a [[person]]", "[[person]]s", persons),
    ):
        ids = {who: policy.id_in(source.name, source.tracker, who) for who in called}
        lacking = dict.fromkeys(
            number for who, number in ids.items() if number and number not in (listed if number == who else own)
        )
        missing = [number for number in lacking if number not in told]
        told.update(missing)
        if missing:
            stands = f"stands as {kind}" if len(missing) == 1 else f"stand as {several}"
            counts = "counts as a client" if len(missing) == 1 else "count as clients"
            yield (
                f"{some(missing)} {stands} in clients.toml and {counts} in {file}: "
                "what they write proves nothing; add them to [people] staff"
            )


def _absent_strangers(policy: Policy) -> Iterator[str]:
    """Entries of `away` and `gone` that name nobody; where anybody may be staff, only slips of the pen."""
    clients, mapped = policy.clients, [mapping.people for mapping in policy.mappings.values()]
    known = {*_role_holders(policy), *(entry for people in mapped for entry in people.staff)}
    known |= {called for person in clients.person for called in (person.name, *person.ids.values())}
    met = {folded(each) for each in known}
    anybody = any(not people.staff or people.everyone_else == "staff" or _by_domain(people) for people in mapped)
    absent = [("away", away.who) for away in clients.away] + [("gone", [who]) for who in clients.gone]
    for key, called in absent:
        who = called[0]
        slip = not who.isdigit() and near(who, known)
        if met.isdisjoint(map(folded, called)) and (slip or not anybody):
            yield (
                f"{key} in clients.toml names {some(called)}, who is no role-holder, no [[person]] and no staff "
                f"of any mapping; correct the name, or add it to [people] staff{nearest(who, known)}"
            )


def _by_domain(people: People) -> bool:
    return any(entry.startswith("@") for entry in people.staff)


def _calendars(policy: Policy, sources: Sequence[AnySource]) -> Iterator[str]:
    """Clients who go by the opening hours of somewhere else."""
    usual = sorted({source.calendar or policy.escalation.calendar for source in sources})
    zones = {policy.calendars[name].zone for name in usual}
    elsewhere: dict[str | None, list[str]] = {}
    for client in policy.clients.client:
        if client.calendar is None and {client.zone} != zones:
            elsewhere.setdefault(client.zone, []).append(repr(client.name))
    for zone, names in elsewhere.items():
        hours = f'by the hours of {" or ".join(usual)}; if that is not meant, add calendar = "…" to'
        if len(names) == 1:
            where = f"is in {zone}" if zone else "has neither calendar nor zone"
            yield f"client {some(names)} {where}, and goes {hours} its record in clients.toml"
        else:
            where = f"are in {zone}" if zone else "have neither calendar nor zone"
            yield f"clients {some(names)} {where}, and go {hours} their records in clients.toml"


def _untranslated(policy: Policy, sources: Sequence[AnySource]) -> Iterator[str]:
    """Languages that are written, some of whose templates are not there."""
    written = {language for language, _ in policy.templates} | {source.language for source in sources}
    for language in sorted(written):
        missing = [f"{kind}.md" for kind in KINDS if (language, kind) not in policy.templates]
        if missing and language != FALLBACK:
            yield f"comments/{language} lacks {some(missing)}; the {FALLBACK} text is used instead"
