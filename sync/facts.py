"""The fold over a client's other tickets, of all sources, that judgement may look at."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from sync.ticket import Category


@dataclass(frozen=True, slots=True)
class Known:
    """A ticket as other tickets see it. `client` is the client's canonical name; instants are aware UTC."""

    site: str
    id: str
    key: str
    client: str
    category: Category
    opened: datetime
    resolved: datetime | None = None

    def open_at(self, at: datetime) -> bool:
        """Whether it was opened and not yet resolved at that instant."""
        return self.opened <= at and (self.resolved is None or self.resolved > at)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one ticket's client: all its tickets, oldest first, of which `me` is this one."""

    tickets: tuple[Known, ...] = ()
    me: tuple[str, str] = ("", "")

    def earlier(self, opened: datetime, within: timedelta, category: Category | None = None) -> list[Known]:
        """Others opened before `opened` that were then recent (opened within `within`) or still open.

        Fixed by the moment the ticket was opened, so that later events neither add to it nor take from it.
        """
        return [
            known
            for known in self.tickets
            if known.opened < opened
            and (known.site, known.id) != self.me
            and (known.opened >= opened - within or known.open_at(opened))
            and (category is None or known.category == category)
        ]


NO_FACTS = Facts()


@dataclass(frozen=True, slots=True)
class Fold:
    """All known tickets by client."""

    by_client: Mapping[str, tuple[Known, ...]] = field(default_factory=dict)

    def of(self, client: str | None, site: str, ticket: str) -> Facts:
        """The facts for one ticket: its client's others. A ticket without a client has none."""
        listed = self.by_client.get(client, ()) if client else ()
        return Facts(listed, (site, ticket)) if listed else NO_FACTS


def fold(known: Iterable[Known]) -> Fold:
    """Known tickets folded by client, each client's oldest first."""
    grouped: defaultdict[str, list[Known]] = defaultdict(list)
    for each in known:
        if each.client:
            grouped[each.client].append(each)
    return Fold(
        {
            client: tuple(sorted(listed, key=lambda each: (each.opened, each.site, each.id)))
            for client, listed in grouped.items()
        }
    )


def touched(before: Fold, after: Fold) -> dict[str, datetime]:
    """Clients whose tickets changed between two folds, with the opening instant from which it can matter."""
    earliest: dict[str, datetime] = {}
    for client in before.by_client.keys() | after.by_client.keys():
        changed = set(before.by_client.get(client, ())) ^ set(after.by_client.get(client, ()))
        if changed:
            earliest[client] = min(each.opened for each in changed)
    return earliest
