"""What is there now: changed since the cursor, due to wake and, now and then, what polling misses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sync.ledger import recalled
from sync.memory import NOTHING, Entry, Memory
from sync.ticket import Change, Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, timedelta

    from sync.action import Failed
    from sync.memory import Observed
    from sync.promises import Terms
    from sync.store import SourceState, Store
    from sync.ticket import Ticket
    from sync.trackers.base import Page, Tracker
    from sync.trackers.sources import Source

NOBODY = Person("", "", "unknown")
WATCHED = ("status", "assignee", "due", "labels")


@dataclass(frozen=True, slots=True)
class Served:
    """One configured source: its settings, the terms it is judged by, and its tracker."""

    settings: Source
    terms: Terms
    tracker: Tracker


@dataclass(slots=True)
class Seen:
    """What one source showed in this pass, by ticket id.

    `memories` is what is remembered of these tickets, `recalled` those that the tickets themselves remembered
    for us. `log` are new entries of the observation log. `partial`: only some tickets were asked for, so the
    cursor must stay; `bystanders` were seen all the same, and only facts are drawn from them.
    """

    served: Served
    site: str
    state: SourceState
    tickets: dict[str, Ticket] = field(default_factory=dict)
    failed: list[Failed] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    memories: dict[str, Memory] = field(default_factory=dict)
    recalled: dict[str, Memory] = field(default_factory=dict)
    log: dict[str, list[Entry]] = field(default_factory=dict)
    partial: bool = False
    bystanders: dict[str, Ticket] = field(default_factory=dict)
    progress: Callable[[int], None] = lambda _seen: None

    def take(self, pages: Iterable[Page]) -> str | None:
        """Keep what the pages hold; returns the newest cursor among them."""
        cursor = None
        for page in pages:
            self.tickets |= {ticket.id: ticket for ticket in page.tickets}
            self.failed += page.failed
            self.gone |= set(page.gone)
            cursor = page.cursor or cursor
            self.progress(len(self.tickets))
        return cursor


def observe(  # noqa: PLR0913, PLR0917 - the state of a source and the moment
    seen: Seen, store: Store, now: datetime, policy: str, crawl_every: timedelta, only: Sequence[str] = ()
) -> None:
    """Fill `seen` with every ticket of the source that may have something to say now, or with `only` these.

    `policy` is the digest of what tickets are judged by: a new one has every live ticket judged again.
    """
    if only:
        _observe_only(seen, store, now, only)
        return
    name, tracker = seen.served.settings.name, seen.served.tracker
    cursor = seen.take(tracker.changed(seen.state.cursor)) or seen.state.cursor
    listed = set(seen.tickets)
    wanted = set(store.due(name, now))
    if seen.state.policy != policy:
        wanted |= set(store.ids(name, live_only=True))
    crawled = seen.state.crawled_at
    if crawled is None or now - crawled >= crawl_every:
        if crawled is not None:
            wanted |= _crawled(seen, store)
        crawled = now
    _fetch(seen, wanted - seen.tickets.keys())
    seen.state = replace(seen.state, site=seen.site, cursor=cursor, crawled_at=crawled, policy=policy)
    _remembered(seen, store, now, listed)


def _observe_only(seen: Seen, store: Store, now: datetime, keys: Sequence[str]) -> None:
    """Fill `seen` with these tickets alone, known by key or id; the cursor stays where it is."""
    name, tracker = seen.served.settings.name, seen.served.tracker
    seen.partial = True
    known = {key: store.find(key, name) for key in keys}
    if all(known.values()):
        _fetch(seen, {row.known.id for rows in known.values() for row in rows})
    else:
        seen.take(tracker.changed(None))
        wanted = {key.casefold() for key in keys}
        seen.bystanders = seen.tickets
        seen.tickets = {
            ticket.id: ticket
            for ticket in seen.bystanders.values()
            if ticket.key.casefold() in wanted or ticket.id.casefold() in wanted
        }
        seen.failed = [failed for failed in seen.failed if failed.ticket.casefold() in wanted]
    _remembered(seen, store, now, set())


def observe_more(seen: Seen, store: Store, now: datetime, ids: set[str]) -> None:
    """Add tickets whose client's facts changed."""
    before = set(seen.tickets)
    _fetch(seen, ids - before)
    _remembered(seen, store, now, set(), fresh=set(seen.tickets) - before)


def _fetch(seen: Seen, ids: set[str]) -> None:
    if ids:
        seen.take(seen.served.tracker.fetch(sorted(ids)))


def _crawled(seen: Seen, store: Store) -> set[str]:
    """Ids that polling never told of; those that are no longer there are noted as gone."""
    there, known = set(seen.served.tracker.ids()), set(store.ids(seen.served.settings.name))
    seen.gone |= known - there - seen.tickets.keys()
    return there - known


def _remembered(seen: Seen, store: Store, now: datetime, listed: set[str], fresh: set[str] | None = None) -> None:
    """What we know of these tickets ourselves, and what they remember for us; listings may lag behind both."""
    ids = set(seen.tickets) if fresh is None else fresh
    seen.memories |= store.memories(seen.site, ids)
    _fetch(
        seen, {ticket for ticket in ids & listed if _contradicts(seen.memories.get(ticket), seen.tickets[ticket])}
    )
    for ticket in sorted(ids - seen.memories.keys()):
        if knows_us(seen.tickets[ticket]):
            _recall(seen, seen.tickets[ticket])
    if not seen.served.tracker.capabilities.history:
        _observed(seen, store, now, ids)


def _contradicts(memory: Memory | None, ticket: Ticket) -> bool:
    """Whether the listing shows other than what we wrote: a person's edit, or a listing that lags."""
    if memory is None:
        return False
    return bool(memory.labels - ticket.labels) or (memory.due_written and memory.due != ticket.due)


def knows_us(ticket: Ticket) -> bool:
    """Whether the ticket itself shows that we were here before."""
    return ticket.ledger is not None or any(comment.marks for comment in ticket.comments)


def _recall(seen: Seen, ticket: Ticket) -> None:
    """A ticket that we do not know and that knows us: its marks are read before anything is said on it."""
    marks = seen.served.tracker.marks(ticket.id)
    prefix = seen.served.terms.mapping.labels.prefix
    memory = recalled(ticket, marks.ledger or ticket.ledger, marks.marks, prefix)
    if not marks.complete:
        memory = replace(memory, doubtful=seen.state.last_good or ticket.updated)
    seen.memories[ticket.id] = memory
    seen.recalled[ticket.id] = memory


def _observed(seen: Seen, store: Store, now: datetime, ids: set[str]) -> None:
    """A source without history: what differs from the last look becomes a change seen now."""
    logs = store.observed(seen.site, ids)
    for ticket in ids:
        entries = list(logs[ticket].entries)
        new = _differences(seen.tickets[ticket], logs[ticket], seen.memories.get(ticket, NOTHING), now)
        if new:
            seen.log[ticket] = new
        entries += new
        changes = tuple(
            Change(f"seen-{entry.number}", entry.at, NOBODY, entry.field, entry.before, entry.after, _said(entry))
            for entry in entries
            if entry.before != entry.after
        )
        first = min((entry.at for entry in entries), default=now)
        since = first if first > seen.tickets[ticket].created else None
        seen.tickets[ticket] = replace(seen.tickets[ticket], changes=changes, complete_since=since)


def _said(entry: Entry) -> str:
    return f"{entry.before or '–'} → {entry.after or '–'}"


def _differences(ticket: Ticket, log: Observed, memory: Memory, now: datetime) -> list[Entry]:
    number = log.entries[-1].number if log.entries else 0
    entries = []
    for name in WATCHED:
        value, last = _watched(ticket, name, memory), log.latest(name)
        if value != last:
            number += 1
            entries.append(Entry(number, now, name, value if last is None else last, value))
    return entries


def _watched(ticket: Ticket, name: str, memory: Memory) -> str:
    """A field's value as people made it: what we wrote ourselves is left out."""
    match name:
        case "status":
            return str(ticket.status)
        case "assignee":
            return ticket.assignee.id if ticket.assignee else ""
        case "due":
            ours = memory.due_written and memory.due == ticket.due
            return ticket.due.isoformat() if ticket.due and not ours else ""
        case _:
            return " ".join(sorted(ticket.labels - memory.labels))
