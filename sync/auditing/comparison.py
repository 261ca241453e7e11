"""One source of an audit: each ticket's sides put together, and what only the source as a whole can tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sync.apply import ends_the_work
from sync.auditing.drift import Sides, drift
from sync.auditing.kinds import Decided, Finding
from sync.errors import NotFoundError, TrackerError
from sync.judging.facts import fold, ripples

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sync.cycle import Program, Sight
    from sync.errors import MakegoodError
    from sync.judging.facts import Ripple
    from sync.judging.memory import Memory
    from sync.observe import Seen
    from sync.plan import TicketPlan
    from sync.state.records import JournalEntry, Row, SourceState
    from sync.state.store import Store
    from sync.ticket import Comment, Ticket

Found = Finding | Decided


@dataclass(frozen=True, slots=True)
class Looked:
    """One source as it was looked at: its `tickets` (key → id), what was `left_out` (ticket → why), `notes`."""

    source: str
    tickets: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    error: MakegoodError | None = None


@dataclass(slots=True)
class Comparison:
    """One source as a pass has read it at `now`, held against what the state's `store` held just after.

    `by` is when a pass should have done what it has to do; `put` are the labels that people were seen to put, by
    ticket; `whole`: every live ticket was read. It fills `found`.
    """

    program: Program
    now: datetime
    by: datetime
    sight: Sight
    store: Store
    put: Mapping[str, frozenset[str]]
    whole: bool
    found: list[Found] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """Its name."""
        return self.sight.plan.source

    @property
    def state(self) -> SourceState:
        """Where it stands."""
        return self.store.source(self.source)

    def compare(self) -> Looked:
        """Find the drift; returns what was looked at."""
        seen, state = self.sight.seen, self.state
        if seen is None:
            return Looked(self.source, error=self.sight.error)
        self.left_out |= {failed.name: failed.why for failed in seen.unread.values()}
        if state.site != seen.site or state.crawled_at is None:
            note = "no pass was made yet, so there is nothing to compare with"
            return Looked(self.source, left_out=self.left_out, notes=(note,))
        try:
            self._compare(seen)
        except TrackerError as error:
            return Looked(self.source, error=error)
        keys = {draft.ticket.key: draft.ticket.id for draft in self.sight.drafts}
        return Looked(self.source, keys, self.left_out, tuple(self._notes()))

    def _compare(self, seen: Seen) -> None:
        site, ids = seen.site, [draft.ticket.id for draft in self.sight.drafts]
        rows = {row.known.id: row for row in self.store.rows(site, {*ids, *seen.gone})}
        memories = self.store.memories(site, ids)
        reached = self._ripples(seen)
        for draft in self.sight.drafts:
            number, row = draft.ticket.id, rows.get(draft.ticket.id)
            sides = self._sides(draft, row, memories.get(number), reached)
            self.found += drift(sides)
            if sides.memory is None and self._should_be_known(draft.ticket):
                self.found.append(_unknown(draft.ticket))
        for number in seen.gone & rows.keys():
            if rows[number].source == self.source:
                self.found.append(self._gone(rows[number]))
        self._open(site, {draft.ticket.id: draft.ticket for draft in self.sight.drafts})

    def _sides(
        self, draft: TicketPlan, row: Row | None, memory: Memory | None, reached: Mapping[str, Ripple]
    ) -> Sides:
        ticket, seen, terms = draft.ticket, self.sight.served, self.sight.served.terms
        journal = tuple(self.store.journal(ticket.site, ticket.id))
        spoken = self.store.spoken(ticket.site, ticket.id)
        if memory and memory.stale:
            memory = draft.before
        return Sides(
            draft,
            self.sight.plan.mode,
            terms.mapping.labels.prefixes,
            history=seen.tracker.capabilities.history,
            memory=memory,
            journal=journal,
            spoken=spoken,
            marked=self._marked(ticket, spoken, journal),
            made=self._made(draft),
            put=self.put.get(ticket.id, frozenset()),
            settled=self._settled(ticket, row, journal, reached),
        )

    # --- reading what a listing does not show --------------------------------------------------------------------

    def _marked(
        self, ticket: Ticket, spoken: Mapping[str, datetime], journal: Sequence[JournalEntry]
    ) -> Sequence[Comment]:
        """The comments that carry our marks; they are asked for where one of ours is not known by its id."""
        known, written = (
            {comment.id for comment in ticket.comments if comment.marks},
            {e.ended_at for e in journal},
        )
        dark = [
            comment
            for comment in ticket.comments
            if comment.author.side == "us" and comment.id not in known and spoken.get(comment.id) not in written
        ]
        listed = [comment for comment in ticket.comments if comment.marks]
        if not dark:
            return listed
        try:
            marks = self.sight.served.tracker.marks(ticket.id)
        except NotFoundError:
            return listed
        except TrackerError as error:
            self._leave_out(ticket, error)
            return listed
        if not marks.complete:
            self.left_out[ticket.key] = "not all its comments can be read"
        return marks.comments

    def _made(self, draft: TicketPlan) -> Mapping[str, str]:
        """The issues below the ticket, asked for where one of its promises may have one."""
        wanted = self.program.judge.policy.practice.promises.follow_ups
        mapping, ticket = self.sight.served.terms.mapping, draft.ticket
        if not (mapping.follows_up and any(clock.promise in wanted for clock in draft.judged.clocks)):
            return {}
        try:
            return self.sight.served.tracker.follow_ups(ticket.id) or {}
        except TrackerError as error:
            self._leave_out(ticket, error)
            return {}

    def _leave_out(self, ticket: Ticket, error: TrackerError) -> None:
        if ends_the_work(error):
            raise error
        self.left_out[ticket.key] = str(error)

    # --- what has had its time -----------------------------------------------------------------------------------

    def _ripples(self, seen: Seen) -> Mapping[str, Ripple]:
        """What has changed among the clients' tickets since the last pass, and may yet reach their others."""
        clients = {known.client for known in seen.known.values()} - {""}
        before = {(row.known.site, row.known.id): row.known for row in self.store.clients(sorted(clients))}
        now = before | {(seen.site, number): known for number, known in seen.known.items()}
        gone = {(seen.site, number) for number in seen.gone}
        return ripples(fold(before.values()), fold(known for key, known in now.items() if key not in gone))

    def _settled(
        self, ticket: Ticket, row: Row | None, journal: Sequence[JournalEntry], reached: Mapping[str, Ripple]
    ) -> bool:
        """Whether a pass has had the time to see the ticket as it is, and to do all that it wanted."""
        by, state = self.by, self.state
        moments = [ticket.updated, *(each.at for each in ticket.comments), *(each.at for each in ticket.changes)]
        moments += [entry.ended_at or entry.intended_at for entry in journal if entry.outcome != "failed"]
        if row is None or row.source != self.source or max(moments) > by:
            return False  # a ticket that came from another source is found by the next crawl at the latest
        if (ripple := reached.get(row.known.client)) and ripple.reaches(row.known):
            return False
        woken = row.wake_at is not None and max(by, state.last_good or by) < row.wake_at <= self.now
        judged = row.standing is None or row.standing.policy in {"", self.program.digest}
        return judged and not (woken and not state.trouble)

    def _should_be_known(self, ticket: Ticket) -> bool:
        """Whether polling should have told of a ticket, and no crawl is about to."""
        crawled = self.state.crawled_at
        crawl_is_near = crawled is None or self.now - crawled >= self.program.crawl_every
        return ticket.updated <= self.by and not crawl_is_near

    def _gone(self, row: Row) -> Found:
        """A ticket that the source shows no more: people take tickets away, and the next crawl notices."""
        crawled, every = self.state.crawled_at, self.program.crawl_every
        overdue = crawled is not None and crawled + every <= self.by
        if overdue or (row.wake_at is not None and row.wake_at <= self.by):
            what = "the source does not show it, and a pass should have noticed"
            return Finding(self.source, row.known.key, "", "ticket_gone", row.known.id, what)
        return Decided(self.source, row.known.key, "ticket_gone", "the next crawl forgets it")

    # --- the source as a whole -----------------------------------------------------------------------------------

    def _open(self, site: str, tickets: Mapping[str, Ticket]) -> None:
        """Writes whose outcome should be known by now."""
        for entry in self.store.unsettled(site, self.source):
            since = entry.ended_at or entry.intended_at
            if since > self.by or not (self.whole or entry.ticket in tickets):
                continue
            ticket = tickets.get(entry.ticket)
            named = [row.known.key for row in self.store.rows(site, [entry.ticket])]
            key = ticket.key if ticket else next(iter(named), entry.ticket)
            what = f"{entry.kind} sent on {entry.intended_at:%Y-%m-%d %H:%M} UTC: {entry.outcome}; {entry.note}"
            url = ticket.url if ticket else ""
            about = str(entry.number)
            finding = Finding(self.source, key, url, "write_open", about, what.rstrip("; "), since)
            self.found.append(finding)

    def _notes(self) -> Iterator[str]:
        """What a reader of the findings should know of the source."""
        state, good = self.state, self.state.last_good
        if good is None:
            yield "no pass was good yet"
        elif good < self.by:
            yield f"the last good pass was on {good:%Y-%m-%d %H:%M} UTC; is the daemon running?"
        if state.trouble:
            yield f"the last pass could not do its work: {state.trouble}"
        if state.policy != self.program.digest:
            yield "the mapping was edited since the last pass; what is still to be written by it is not compared"


def _unknown(ticket: Ticket) -> Finding:
    what = f"it was last changed on {ticket.updated:%Y-%m-%d %H:%M} UTC, and no pass has met it"
    return Finding(ticket.source, ticket.key, ticket.url, "ticket_unknown", ticket.id, what, ticket.updated)
