"""Who is asked: the role's holder who is there, or else the next rung's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.mapping.people import Absence

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from sync.mapping.client_models import ClientModel, EngagementModel
    from sync.mapping.policy import Policy
    from sync.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Skipped:
    """Somebody who would have been asked, and why they were not. `role` is empty for the ticket's owner."""

    role: str
    person: str
    absence: Absence


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked: the role (empty: the ticket's owner), the name, the tracker's id; and who was passed over.

    Name and id are empty where nobody is on record for the role, or nobody of those is there.
    """

    role: str
    person: str = ""
    id: str = ""
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class Directory:
    """The people of one ticket's client, as they can be asked on one day; `left` are deactivated accounts."""

    policy: Policy
    client: ClientModel | None
    engagement: EngagementModel | None
    source: str
    tracker: str
    day: date
    left: Collection[str] = ()

    def holders(self, role: str) -> list[str]:
        """Every id of everybody who holds a role, in any tracker; the first is asked first."""
        named = self.policy.holders(role, self.client, self.engagement)
        return [number for who in named for number in self.policy.ids_of(who)]

    def absence(self, who: str) -> Absence | None:
        """Why somebody, by name or id, cannot be asked; None if there is no reason."""
        if not self.left or not {who, self.policy.id_in(self.source, self.tracker, who)}.intersection(self.left):
            return self.policy.absent(who, self.day)
        return Absence("gone")

    def owner(self, ticket: Ticket) -> Asked | Skipped | None:
        """The ticket's owner as somebody to ask, or as somebody who is not there; None if nobody owns it."""
        if ticket.assignee is None:
            return None
        absence = self.absence(ticket.assignee.id)
        if absence:
            return Skipped("", ticket.assignee.name, absence)
        return Asked("", ticket.assignee.name, ticket.assignee.id)

    def first_there(self, roles: Sequence[str], skipped: tuple[Skipped, ...] = ()) -> Asked:
        """The first holder of the first of these roles who is there; the first role alone if nobody is.

        A role that nobody is on record for is asked by its name. `skipped` were passed over before.
        """
        passed = list(skipped)
        for role in roles:
            named = self.policy.holders(role, self.client, self.engagement)
            for who in named:
                if absence := self.absence(who):
                    passed.append(Skipped(role, self.name(who), absence))
                    continue
                number = self.policy.id_in(self.source, self.tracker, who)
                return Asked(role, self.name(who), number, tuple(passed))
            if not named:
                return Asked(role, skipped=tuple(passed))
        return Asked(roles[0], skipped=tuple(passed))

    def can_be_asked(self, role: str) -> bool:
        """Whether somebody who holds the role is there, or nobody is on record for it."""
        named = self.policy.holders(role, self.client, self.engagement)
        return not named or any(self.absence(who) is None for who in named)

    def name(self, who: str) -> str:
        """How somebody is called: as the client's record says, or the person's own."""
        names = self.client.names if self.client else {}
        return names.get(who) or self.policy.name_of(who)
