"""The fold over a client's other tickets, of all sources, that judgement may look at."""

from __future__ import annotations

from bisect import bisect_left
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
        """Others opened before this one was, at `opened`, that were then still open or opened within `within`.

        Fixed by the moment the ticket was opened, so that later events neither add to it nor take from it. Of
        tickets opened at one moment, as dates without a time have it, those of lower site and id come before.
        """
        before = bisect_left(self.tickets, _age_of(opened, *self.me), key=_age)
        recent = bisect_left(self.tickets, opened - within, hi=before, key=lambda known: known.opened)
        old = (known for known in self.tickets[:recent] if known.open_at(opened))
        return [
            known
            for known in (*old, *self.tickets[recent:before])
            if category is None or known.category == category
        ]


def _age(known: Known) -> tuple[datetime, str, int, str]:
    return _age_of(known.opened, known.site, known.id)


def _age_of(opened: datetime, site: str, ticket: str) -> tuple[datetime, str, int, str]:
    return opened, site, len(ticket), ticket


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
    return Fold({client: tuple(sorted(listed, key=_age)) for client, listed in grouped.items()})


def touched(before: Fold, after: Fold) -> dict[str, datetime]:
    """Clients whose tickets changed between two folds, with the opening instant from which it can matter."""
    earliest: dict[str, datetime] = {}
    for client in before.by_client.keys() | after.by_client.keys():
        changed = set(before.by_client.get(client, ())) ^ set(after.by_client.get(client, ()))
        if changed:
            earliest[client] = min(each.opened for each in changed)
    return earliest
