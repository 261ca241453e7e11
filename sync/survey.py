"""All seen tickets together: their categories, and the facts that each may look at across sources."""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sync.judging.facts import Facts, Fold, fold, ripples
from sync.judging.memory import NOTHING
from sync.observe import observe_more
from sync.state.records import Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sync.judging.judgement import Judge
    from sync.judging.taxonomy import Classification
    from sync.observe import Seen
    from sync.state.store import Store
    from sync.ticket import Ticket

Key = tuple[str, str]
"""A ticket's site and its id there."""


@dataclass(frozen=True, slots=True)
class Survey:
    """Every seen ticket's category, and the fold over their clients' tickets, seen now or known from before."""

    classified: Mapping[Key, Classification]
    fold: Fold

    def classification(self, ticket: Ticket) -> Classification:
        """The ticket's category and the rule that chose it."""
        return self.classified[ticket.site, ticket.id]

    def facts(self, seen: Seen, ticket: Ticket) -> Facts:
        """What judging the ticket may look at beside it."""
        facts = self.fold.of(seen.known[ticket.id].client, ticket.site, ticket.id)
        return replace(facts, left=seen.state.left) if seen.state.left else facts


def survey(
    sights: Sequence[Seen],
    judge: Judge,
    store: Store,
    now: datetime,
    shared: AbstractContextManager[tuple[list[dict[Key, Row]], dict[Key, Row]]],
) -> Survey:
    """Classify and fold what was seen. Live tickets whose facts changed thereby are fetched and join it; those
    that cannot join now (their source is not served, or in part only) are woken for the next pass.

    `shared` is what other passes have read and not yet remembered, and what this one adds to it.
    """
    classified = {key: category for seen in sights for key, category in _classified(seen, judge, now).items()}
    with shared as (others, own):
        own.update(_in_hand(sights, store))
        before, folded = _folds(sights, ChainMap(*others), store)
        stirred = _stirred(sights, before, folded)
        served = {seen.served.settings.name for seen in sights}
        if joining := [key for key, row in stirred.items() if row.source in served]:
            store.wake(joining, now)
        if elsewhere := [key for key, row in stirred.items() if row.source not in served]:
            store.stir(elsewhere, now)
    for seen in sights:
        more = {number for (site, number), row in stirred.items() if _is_of(row, seen) and site == seen.site}
        if more and not seen.partial:
            observe_more(seen, store, now, more)
            classified |= _classified(seen, judge, now)
    return Survey(classified, folded)


def _classified(seen: Seen, judge: Judge, now: datetime) -> dict[Key, Classification]:
    """The categories of what a source newly showed; how it is known to other tickets is noted in `seen`."""
    classified = {}
    for ticket in (*seen.tickets.values(), *seen.bystanders.values()):
        if ticket.id in seen.known:
            continue
        category = classified[ticket.site, ticket.id] = judge.classify(ticket)
        memory = seen.memories.get(ticket.id, NOTHING)
        seen.known[ticket.id] = judge.known(ticket, category, now, memory)
    return classified


def _in_hand(sights: Sequence[Seen], store: Store) -> dict[Key, Row]:
    """The index as it will be of what is to be judged; what is gone from its source is nobody's any more."""
    rows = [
        replace(row, known=replace(row.known, client=""), live=False)
        for seen in sights
        for row in store.rows(seen.site, seen.gone)
        if _is_of(row, seen)
    ]
    rows += [
        Row(seen.served.settings.name, seen.known[number], ticket.status.live, None)
        for seen in sights
        for number, ticket in seen.tickets.items()
    ]
    return {(row.known.site, row.known.id): row for row in rows}


def _folds(sights: Sequence[Seen], others: Mapping[Key, Row], store: Store) -> tuple[dict[Key, Row], Fold]:
    """The index as it was, of all clients that what was seen belongs or belonged to; and the fold as it is now."""
    known = {(seen.site, number): each for seen in sights for number, each in seen.known.items()}
    clients = {each.client for each in known.values()}
    for seen in sights:
        clients |= {row.known.client for row in store.rows(seen.site, {*seen.known, *seen.gone})}
    before = {(row.known.site, row.known.id): row for row in store.clients(sorted(clients - {""}))}
    before |= {key: row for key, row in others.items() if row.known.client in clients or key in before}
    gone = {(seen.site, number) for seen in sights for number in seen.gone}
    now = {key: row.known for key, row in before.items() if key not in gone} | known
    return before, fold(now.values())


def _stirred(sights: Sequence[Seen], before: Mapping[Key, Row], folded: Fold) -> dict[Key, Row]:
    """The live tickets that are not judged in this pass although a fact they may look at has changed."""
    reached = ripples(fold(row.known for row in before.values()), folded)
    settled = {(seen.site, number) for seen in sights for number in (*seen.tickets, *seen.gone)}
    return {
        key: row
        for key, row in before.items()
        if row.live
        and key not in settled
        and row.known.client in reached
        and reached[row.known.client].reaches(row.known)
    }


def _is_of(row: Row, seen: Seen) -> bool:
    return row.source == seen.served.settings.name
