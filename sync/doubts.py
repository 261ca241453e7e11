"""What stands in a ticket's mapped fields and means nothing to the mapping: named, never guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.contact import noted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sync.mapping.policy import Policy
    from sync.ticket import Ticket

NAMED = 3
"""Tickets named in a sentence that stands for many."""


def unreadable(ticket: Ticket, policy: Policy, zone: str) -> Iterator[str]:
    """One sentence, with its remedy, for each mapped field whose value decides nothing."""
    fields, matrix = ticket.fields, policy.severity.matrix
    known: Mapping[str, tuple[Iterable[str], str]] = {
        "severity": (policy.severity.field_values, "severity.toml [field_values]"),
        "category": (policy.taxonomy.field_values, "taxonomy.toml [field_values]"),
        "impact": (matrix.impacts if matrix else (), "severity.toml matrix.impacts"),
        "reach": (matrix.reaches if matrix else (), "severity.toml matrix.reaches"),
    }
    for name, (values, where) in known.items():
        value, listed = fields.get(name, ""), {each.casefold() for each in values}
        if value and listed and value.casefold() not in listed:
            yield f"{name}: {value!r} is not in {where}; add it there, or correct the ticket"
    contacted = fields.get("contacted", "")
    if contacted and noted(contacted, zone, ticket.created) is None:
        yield f"contacted: {contacted!r} is no date; it proves no contact until it is one"


def strangers(tickets: Sequence[Ticket], policy: Policy) -> Iterator[str]:
    """Clients that have no record, with the names that may have been meant; and tickets that name no client."""
    if not policy.clients.client:
        return
    without = sorted(ticket.key for ticket in tickets if not ticket.client)
    if without:
        yield f"{_some(without)}: no client; fill in who it is for, or no role-holder and no pattern can be found"
    unknown: dict[str, list[str]] = {}
    for ticket in tickets:
        if ticket.client and policy.client(ticket.client) is None:
            unknown.setdefault(ticket.client, []).append(ticket.key)
    for name, keys in sorted(unknown.items()):
        near = policy.nearest_clients(name)
        meant = (
            f"; did you mean {' or '.join(repr(each) for each in near)}?" if near else "; add a record or an alias"
        )
        yield f"{_some(sorted(keys))}: client {name!r} is not in clients.toml{meant}"


def _some(keys: Sequence[str]) -> str:
    named = ", ".join(keys[:NAMED])
    return f"{named} and {len(keys) - NAMED} more" if len(keys) > NAMED else named
