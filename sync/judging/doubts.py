"""What stands in a ticket's mapped fields and means nothing to the mapping: named, never guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.judging.contact import noted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sync.mapping.policy import Policy
    from sync.ticket import Ticket

NAMED = 3
"""So many are named in a sentence that stands for more *(ours)*."""

SINGLY = 20
"""So many unknown clients are told with the names that may have been meant *(ours)*."""


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
        yield f"{some(without)}: no client; fill in who it is for, or no role-holder and no pattern can be found"
    crm = policy.clients.crm
    where = f"clients.toml or {crm.file}" if crm else "clients.toml"
    unknown: dict[str, list[str]] = {}
    for ticket in tickets:
        if ticket.client and policy.client(ticket.client) is None:
            unknown.setdefault(ticket.client, []).append(ticket.key)
    told = sorted(unknown.items())
    for name, keys in told[:SINGLY]:
        near = policy.nearest_clients(name)
        meant = (
            f"; did you mean {' or '.join(repr(each) for each in near)}?" if near else "; add a record or an alias"
        )
        yield f"{some(sorted(keys))}: client {name!r} is not in {where}{meant}"
    if rest := [repr(name) for name, _ in told[SINGLY:]]:
        yield f"clients {some(rest)} are not in {where} either"


def some(names: Sequence[str]) -> str:
    """The first few of many names, and how many more there are."""
    named = ", ".join(names[:NAMED])
    return f"{named} and {len(names) - NAMED} more" if len(names) > NAMED else named
