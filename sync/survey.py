"""All seen tickets together: their categories, and the facts that each may look at across sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.action import Failed
from sync.errors import TrackerError
from sync.facts import Facts, Fold, Known, fold, touched
from sync.observe import observe_more

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sync.judgement import Judge
    from sync.observe import Seen
    from sync.store import Store
    from sync.taxonomy import Classification
    from sync.ticket import Ticket

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Survey:
    """Every seen ticket's category, and the fold over their clients' tickets, seen now or known from before."""

    classified: Mapping[Key, tuple[Classification, Known]]
    fold: Fold

    def classification(self, ticket: Ticket) -> Classification:
        """The ticket's category and the rule that chose it."""
        return self.classified[ticket.site, ticket.id][0]

    def known(self, ticket: Ticket) -> Known:
        """The ticket as its client's other tickets see it."""
        return self.classified[ticket.site, ticket.id][1]

    def facts(self, ticket: Ticket) -> Facts:
        """What judging the ticket may look at beside it."""
        return self.fold.of(self.known(ticket).client, ticket.site, ticket.id)


def survey(sights: Sequence[Seen], judge: Judge, store: Store, now: datetime) -> Survey:
    """Classify and fold what was seen; live tickets whose facts changed thereby are fetched and join it."""
    classified = _classified(
        (ticket for seen in sights for ticket in (*seen.bystanders.values(), *seen.tickets.values())), judge
    )
    known = {key: each for key, (_, each) in classified.items()}
    clients = sorted({each.client for each in known.values() if each.client})
    before = {(row.known.site, row.known.id): row for row in store.clients(clients)}
    folded = fold(({key: row.known for key, row in before.items()} | known).values())
    since = touched(fold(row.known for row in before.values()), folded)
    for seen in sights:
        affected = {
            row.known.id
            for key, row in before.items()
            if row.source == seen.served.settings.name
            and row.live
            and key not in known
            and row.known.client in since
            and row.known.opened >= since[row.known.client]
        }
        if affected and not seen.partial:
            classified |= _joined(seen, affected, judge, store, now)
    return Survey(classified, folded)


def _joined(
    seen: Seen, affected: set[str], judge: Judge, store: Store, now: datetime
) -> dict[Key, tuple[Classification, Known]]:
    try:
        observe_more(seen, store, now, affected)
    except TrackerError as error:
        seen.failed.append(Failed("", "other tickets of the same client", str(error)))
    return _classified((seen.tickets[ticket] for ticket in affected if ticket in seen.tickets), judge)


def _classified(tickets: Iterable[Ticket], judge: Judge) -> dict[Key, tuple[Classification, Known]]:
    classified = {}
    for ticket in tickets:
        category = judge.classify(ticket)
        classified[ticket.site, ticket.id] = (category, judge.known(ticket, category))
    return classified
