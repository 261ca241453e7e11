"""Tickets on which people want nothing written: by a label on the ticket, or by the client's record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sync.judging import contact
from sync.mapping.parts import folded

if TYPE_CHECKING:
    from datetime import datetime

    from sync.mapping.client_models import ClientModel, EngagementModel
    from sync.mapping.tracker_models import Mapping
    from sync.ticket import Change, Ticket


@dataclass(frozen=True, slots=True)
class OptOut:
    """What ends all writing on a ticket: the `name` of a label, of a client or of an engagement.

    `who` put the label, and when, as far as the history tells.
    """

    by: Literal["label", "client", "engagement"]
    name: str
    who: str = ""
    since: datetime | None = None

    @property
    def remedy(self) -> str:
        """What ends it."""
        if self.by == "label":
            return f"take the label {self.name} off"
        return f"take opt_out from the {self.by} {self.name} in clients.toml"

    @property
    def why(self) -> str:
        """The reason and what ends it, as a plan says it."""
        if self.by == "label":
            return f"{self.who} opted it out; {self.remedy} to end that"
        return f"the {self.by} is opted out; {self.remedy} to end that"


def opted_out(
    ticket: Ticket, mapping: Mapping, client: ClientModel | None, engagement: EngagementModel | None
) -> OptOut | None:
    """What opts the ticket out; None if nothing does.

    Anybody's label counts, a client's or a machine's too: at worst too little is written, and plan, work list and
    `explain` say so.
    """
    wanted = folded(mapping.labels.opt_out)
    for label in sorted(ticket.labels) if wanted else ():
        if folded(label) == wanted:
            put = contact.label_put(ticket, label)
            return OptOut("label", label, _who(put), put.at if put else None)
    if engagement and engagement.opt_out:
        return OptOut("engagement", engagement.name)
    return OptOut("client", client.name) if client and client.opt_out else None


def _who(put: Change | None) -> str:
    if put is None:
        return "somebody"
    name = put.author.name or "somebody"
    return f"{name} (a client)" if put.author.side == "client" else name
