"""What is there now: changed since the cursor, due to wake and, now and then, what polling misses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sync.action import Failed, reference
from sync.apply import ends_the_work
from sync.errors import NotFoundError, TrackerError
from sync.judging.memory import NOTHING, Entry, Memory
from sync.ledger import UNKNOWN, dated_by_us, put_by_us, read_back, recalled
from sync.state.records import SourceState
from sync.ticket import Change, Person
from sync.timekeeping import BEGINNING, dated_ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, timedelta

    from sync.judging.facts import Known
    from sync.judging.memory import Observed
    from sync.judging.promises import Terms
    from sync.state.store import Store
    from sync.ticket import Ticket
    from sync.trackers.base import Page, Tracker
    from sync.trackers.sources import Source

NOBODY = Person("", "", "unknown")
WATCHED = ("status", "assignee", "due", "labels")
TELLING = ("planned", "severity", "impact", "reach", "priority", "satisfaction", "scope_decision")
"""Fields whose changes are events, watched where they are mapped: a promised date that moves, a severity that is
swapped, a decision."""


@dataclass(frozen=True, slots=True)
class Served:
    """One configured source: its settings, the terms it is judged by, its tracker, and whom it may ask for.

    `people` are the role-holders' ids there, of which the tracker is asked now and then whether they left.
    """

    settings: Source
    terms: Terms
    tracker: Tracker
    people: tuple[str, ...] = ()


@dataclass(slots=True)
class Seen:
    """What one source showed in this pass, by ticket id.

    `tickets` are to be judged; `unread` are records that could not be read and are tried again, `failed` what
    else went wrong, `gone` those that are there no more. `memories` is what is remembered of the tickets, `known`
    how their clients' other tickets see them. `partial`: only some tickets were asked for, so the cursor must
    stay. `bystanders` were seen and are not judged; only facts are drawn from them. `edited` are tickets whose
    mapping was edited since they were last judged. `follow_ups` are ids and keys, in lower case, of what we made
    below tickets, which is not judged.
    """

    served: Served
    site: str
    state: SourceState
    tickets: dict[str, Ticket] = field(default_factory=dict)
    unread: dict[str, Failed] = field(default_factory=dict)
    failed: list[Failed] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    memories: dict[str, Memory] = field(default_factory=dict)
    known: dict[str, Known] = field(default_factory=dict)
    partial: bool = False
    bystanders: dict[str, Ticket] = field(default_factory=dict)
    edited: set[str] = field(default_factory=set)
    follow_ups: set[str] = field(default_factory=set)
    progress: Callable[[int], None] = lambda _seen: None

    def take(self, pages: Iterable[Page]) -> str | None:
        """Keep what the pages hold, the newest word on each ticket; returns the newest cursor among them."""
        cursor = None
        for page in pages:
            for ticket in page.tickets:
                self._forget(ticket.id)
                if ticket.follow_up:
                    self.follow_ups |= names_of(ticket)
                else:
                    self.tickets[ticket.id] = ticket
            for failure in page.failed:
                self._forget(failure.ticket)
                self._miss(failure)
            for number in page.gone:
                self._forget(number)
                self.gone.add(number)
            cursor = page.cursor or cursor
            self.progress(len(self.tickets))
        return cursor

    def set_aside(self, ticket: Ticket, what: str, why: str) -> None:
        """Do not judge the ticket in this pass, but try it again soon."""
        self._forget(ticket.id)
        self.bystanders[ticket.id] = ticket
        self.unread[ticket.id] = Failed(ticket.id, what, why, ticket.key)

    def _miss(self, failure: Failed) -> None:
        if failure.ticket:
            self.unread[failure.ticket] = failure
        else:
            self.failed.append(failure)

    def _forget(self, number: str) -> None:
        self.tickets.pop(number, None)
        self.unread.pop(number, None)
        self.gone.discard(number)


def observe(  # noqa: PLR0913, PLR0917 - the state of a source and the moment
    seen: Seen, store: Store, now: datetime, policy: str, crawl_every: timedelta, only: Sequence[str] = ()
) -> None:
    """Fill `seen` with every ticket of the source that may have something to say now, or with `only` these.

    `policy` is the digest of what tickets are judged by: a new one has every live ticket judged again. A crawl has
    those read by id that polling never told of, and those that seem to be gone. What the tickets remember for us,
    and what a source without history showed, is noted in the store at once.
    """
    name, tracker = seen.served.settings.name, seen.served.tracker
    if seen.state.site != seen.site:
        store.moved(name, seen.site)
        seen.state = SourceState(seen.site, halted=seen.state.halted)
    if dated_ahead(seen.state.last_good, now):
        seen.state = replace(seen.state, crawled_at=BEGINNING, policy="")  # its wake times may be too late
    if only:
        _observe_only(seen, store, now, only)
        return
    cursor = seen.take(tracker.changed(seen.state.cursor)) or seen.state.cursor
    listed = set(seen.tickets)
    wanted = set(store.due(name, now))
    if seen.state.policy != policy:
        wanted |= {*store.watched(name), *store.unread(name)}
    crawled = seen.state.crawled_at
    if crawled is None or now - crawled >= crawl_every:
        if crawled is not None:
            wanted |= set(tracker.ids()) ^ set(store.ids(name))
        crawled = now
    _fetch(seen, wanted - seen.tickets.keys())
    if crawled == now:
        _who_left(seen)
    seen.state = replace(seen.state, cursor=cursor, crawled_at=crawled, policy=policy)
    _remembered(seen, store, now, set(seen.tickets), listed)


def _who_left(seen: Seen) -> None:
    """Ask which role-holders, owners of what is seen, and those who had left, are deactivated there.

    Where the tracker does not say, what was known before holds.
    """
    live = [ticket for ticket in seen.tickets.values() if ticket.status.live]
    owners = {ticket.assignee.id for ticket in live if ticket.assignee} - {""}
    people = sorted(owners.union(seen.served.people, seen.state.left))
    try:
        left = seen.served.tracker.left(people) if people else frozenset()
    except TrackerError as error:
        if ends_the_work(error):
            raise
        seen.failed.append(Failed("", "whose accounts are deactivated", str(error)))
    else:
        seen.state = replace(seen.state, left=left)


def _observe_only(seen: Seen, store: Store, now: datetime, keys: Sequence[str]) -> None:
    """Fill `seen` with these tickets alone, known by key or id; the cursor stays where it is.

    Only a key that no source is known to have is looked for among all tickets.
    """
    name = seen.served.settings.name
    seen.partial = True
    strange = {key.casefold() for key in keys if not store.find(key)}
    if strange:
        seen.take(seen.served.tracker.changed(None))
        asked = {number for number, ticket in seen.tickets.items() if strange & names_of(ticket)}
        seen.bystanders = {number: seen.tickets.pop(number) for number in seen.tickets.keys() - asked}
        seen.unread = {number: failure for number, failure in seen.unread.items() if number.casefold() in strange}
    listed = set(seen.tickets)
    _fetch(seen, {row.known.id for key in keys for row in store.find(key, name)})
    _remembered(seen, store, now, set(seen.tickets), listed)


def names_of(ticket: Ticket) -> set[str]:
    """The ticket's id and key, in lower case."""
    return {ticket.id.casefold(), ticket.key.casefold()}


def observe_more(seen: Seen, store: Store, now: datetime, ids: set[str]) -> None:
    """Add tickets whose client's facts changed; none of them if they cannot be had now."""
    before = dict(seen.tickets)
    try:
        _fetch(seen, ids - before.keys())
        _remembered(seen, store, now, seen.tickets.keys() - before.keys(), set())
    except TrackerError as error:
        seen.tickets = before
        seen.failed.append(Failed("", "other tickets of the same client", str(error)))


def _fetch(seen: Seen, ids: set[str]) -> None:
    if ids:
        seen.take(seen.served.tracker.fetch(sorted(ids)))


# --- what is remembered of what is seen ----------------------------------------


def _remembered(seen: Seen, store: Store, now: datetime, ids: set[str], listed: set[str]) -> None:
    """What we know of these tickets ourselves, and what they remember for us; listings may lag behind both."""
    seen.memories |= store.memories(seen.site, ids)
    doubted = {number for number in ids & listed if _contradicts(seen.memories.get(number), seen.tickets[number])}
    for number in doubted:
        del seen.tickets[number]
    _fetch(seen, doubted)
    prefixes = seen.served.terms.mapping.labels.prefixes
    forgetful = {
        number
        for number in ids & seen.tickets.keys()
        if _knows_more(seen.tickets[number], seen.memories.get(number), store, prefixes)
    }
    for number in sorted(forgetful):
        _recall(seen, store, now, seen.tickets[number])
    if not seen.served.tracker.capabilities.history:
        _observed(seen, store, now, ids & seen.tickets.keys(), forgetful)


def _contradicts(memory: Memory | None, ticket: Ticket) -> bool:
    """Whether the listing shows other than what we wrote: a person's edit, or a listing that lags."""
    if memory is None:
        return False
    return bool(memory.labels - ticket.labels) or (memory.due_written and memory.due != ticket.due)


def knows_us(ticket: Ticket) -> bool:
    """Whether the ticket itself shows that we were here before."""
    return ticket.ledger is not None or any(c.marks or c.author.side == "us" for c in ticket.comments)


def _knows_more(ticket: Ticket, memory: Memory | None, store: Store, prefixes: tuple[str, ...]) -> bool:
    """Whether the ticket may have something of ours that we do not remember, as after the loss of our state."""
    if memory is None:
        labelled = any(label.startswith(prefixes) for label in put_by_us(ticket))
        return knows_us(ticket) or labelled or dated_by_us(ticket)
    if memory.stale:
        return True
    if memory.doubtful is not None:
        return False
    said = set(map(reference, memory.said))
    if any(reference(mark) not in said for comment in ticket.comments for mark in comment.marks):
        return True
    unknown = {spoken for spoken in _spoken_of(ticket) if reference(spoken) not in said}
    if not unknown:
        return False
    journal = store.journal(ticket.site, ticket.id)
    ended = {owed.id(ticket.site, ticket.id): entry.outcome for entry in journal for owed in entry.said}
    return any(ended.get(spoken) != "failed" for spoken in unknown)


def _spoken_of(ticket: Ticket) -> frozenset[str]:
    """The action ids that the ledger on the ticket speaks of as said or about to be."""
    kept = ticket.ledger or {}
    said, saying = (recalled(ticket, {"said": kept.get(section)}, (), ()).said for section in ("said", "saying"))
    return said | saying


def _recall(seen: Seen, store: Store, now: datetime, ticket: Ticket) -> None:
    """A ticket that knows more than we do: its marks are read before anything is said or written on it."""
    try:
        marks = seen.served.tracker.marks(ticket.id)
    except NotFoundError:
        del seen.tickets[ticket.id]
        seen.gone.add(ticket.id)
        return
    except TrackerError as error:
        if ends_the_work(error):
            raise
        seen.set_aside(ticket, "memory", str(error))
        return
    if not marks.complete:
        seen.set_aside(ticket, "memory", "not all its comments can be read, so what was said there stays unknown")
        return
    made = seen.served.tracker.follow_ups(ticket.id) if seen.served.terms.mapping.follows_up else {}
    if made is None:
        seen.set_aside(ticket, "memory", "what was made below it cannot be read, so it stays unknown")
        return
    kept = marks.ledger or ticket.ledger
    known = seen.memories.get(ticket.id, UNKNOWN)
    log = store.observed(seen.site, [ticket.id])[ticket.id]
    prefixes, by_people = seen.served.terms.mapping.labels.prefixes, (log.latest("labels") or "").split()
    memory = read_back(ticket, kept, [*marks.marks, *made], prefixes, known, by_people)
    store.relearn(seen.site, ticket.id, memory, now, whole=kept is not None or known.stale)
    seen.memories |= store.memories(seen.site, [ticket.id])


# --- a source that keeps no history ----------------------------------------


def _observed(seen: Seen, store: Store, now: datetime, ids: set[str], forgetful: set[str]) -> None:
    """What differs from the last look is noted as a change seen now, and told as the ticket's history.

    The logs of `forgetful` tickets may lack entries whose numbers were used as occasions.
    """
    logs, mapped = store.observed(seen.site, ids), seen.served.terms.mapping.fields.mapped()
    watched = (*WATCHED, *(name for name in TELLING if name in mapped))
    news = {
        number: entries
        for number in ids
        if (
            entries := _differences(
                seen.tickets[number], watched, logs[number], seen.memories.get(number, NOTHING), now
            )
        )
    }
    for number in forgetful & ids:
        news.setdefault(number, []).append(_restart((*logs[number].entries, *news.get(number, ())), now))
    if news:
        store.observe(seen.site, news)
    for number in ids:
        told = (*logs[number].entries, *news.get(number, ()))
        seen.tickets[number] = with_history(seen.tickets[number], told)


def with_history(ticket: Ticket, entries: Sequence[Entry]) -> Ticket:
    """The ticket with what was seen of it over time, of which there is something, as its history."""
    changes = tuple(
        Change(f"seen-{entry.number}", entry.at, NOBODY, entry.field, entry.before, entry.after, _said(entry))
        for entry in entries
        if entry.before != entry.after
    )
    first = min(entry.at for entry in entries)
    return replace(ticket, changes=changes, complete_since=first if first > ticket.created else None)


def _said(entry: Entry) -> str:
    return f"{entry.before or '–'} → {entry.after or '–'}"


def _differences(
    ticket: Ticket, watched: Sequence[str], log: Observed, memory: Memory, now: datetime
) -> list[Entry]:
    """New entries of the log. Numbers start at the second of the first look, so that none comes twice even if
    the log is lost and begun anew: they name occasions.
    """
    number = log.entries[-1].number if log.entries else int(now.timestamp())
    entries = []
    for name in watched:
        last = log.latest(name)
        value = _watched(ticket, name, memory, last or "")
        if value != last:
            number += 1
            entries.append(Entry(number, now, name, value if last is None else last, value))
    return entries


def _restart(entries: Sequence[Entry], now: datetime) -> Entry:
    """An entry that tells of no change, after which numbers go on from the present second."""
    last = entries[-1]
    return Entry(max(last.number + 1, int(now.timestamp())), now, last.field, last.after, last.after)


def _watched(ticket: Ticket, name: str, memory: Memory, last: str) -> str:
    """A field's value as people made it: without what we wrote, unless a person had put it before."""
    match name:
        case "status":
            return str(ticket.status)
        case "assignee":
            return ticket.assignee.id if ticket.assignee else ""
        case "due":
            ours = memory.due_written and memory.due == ticket.due
            return ticket.due.isoformat() if ticket.due and not ours else ""
        case "labels":
            return " ".join(sorted(ticket.labels - (memory.labels - set(last.split()))))
        case _:
            return ticket.fields.get(name, "")
