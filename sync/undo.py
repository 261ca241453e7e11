"""Taking back what we wrote and nobody touched since: judged × written → a plan, with each "no" and its reason."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from sync.action import Because, DeleteComment, Failed, RemoveLabel, SetDue, Skipped, reference
from sync.contact import labels_by_people
from sync.errors import ConfigurationError, NotFoundError, TrackerError
from sync.memory import NOTHING
from sync.plan import TicketPlan
from sync.trackers.base import Marks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from sync.action import Action
    from sync.cycle import Sight
    from sync.judgement import Judgement
    from sync.memory import Memory
    from sync.plan import Plan
    from sync.records import JournalEntry
    from sync.store import Store
    from sync.ticket import Comment, Ticket

BECAUSE = Because("undo", "a person takes it back")
BEGINNING = 60
"""Letters of a comment that its reviewer is shown."""
RUNS_NAMED = 5
"""Runs that are named to whoever asks for one that there was not."""


@dataclass(frozen=True, slots=True)
class Wrote:
    """What is to be taken back from one ticket: what these writes made of it, or with `whole` all that is ours."""

    entries: tuple[JournalEntry, ...]
    whole: bool

    def labels(self, memory: Memory) -> frozenset[str]:
        """Labels that we put on."""
        put = (each.detail.get("add", ()) for each in self.entries if each.kind == "edit")
        return (
            memory.labels if self.whole else frozenset(label for each in put for label in cast("list[str]", each))
        )

    def due(self, memory: Memory) -> date | None:
        """The due date that we wrote and that is the last one we did."""
        wrote = {each.detail.get("due") for each in self.entries if each.kind == "edit"}
        last = memory.due if memory.due_written else None
        return last if last and (self.whole or last.isoformat() in wrote) else None

    def has_said(self, ticket: Ticket, mark: str) -> bool:
        """Whether a mark is one of theirs."""
        said = (owed.id(ticket.site, ticket.id) for each in self.entries for owed in each.said)
        return self.whole or reference(mark) in map(reference, said)

    @property
    def stays(self) -> Iterator[tuple[str, str]]:
        """What is never taken back, with the remedy."""
        if any(each.kind == "follow_up" for each in self.entries):
            yield "issue below the ticket", "it stays, for work may hang on it; close it by hand if it must go"
        if any(each.detail.get("watch") or each.detail.get("assign") for each in self.entries):
            yield "person brought in", "who follows or owns the ticket stays so; change that by hand"


def undoing(judged: Judgement, memory: Memory, marks: Marks, wrote: Wrote) -> TicketPlan:
    """The plan that takes back what `wrote` names on the ticket.

    What was remembered stays remembered, so that what is gone counts as taken off by a person: a label stays off
    until its reason changes, the due date stays empty, and nothing is said again.
    """
    ticket = judged.ticket
    told = [
        *_labels(ticket, memory, wrote),
        *_due(ticket, wrote.due(memory)),
        *_comments(ticket, marks, wrote),
        *(Skipped(ticket.key, what, why) for what, why in wrote.stays),
    ]
    actions = tuple(each for each in told if not isinstance(each, Skipped))
    skipped = tuple(sorted(each for each in told if isinstance(each, Skipped)))
    return TicketPlan(ticket, judged, actions, skipped, memory, memory, again=True, undoes=True)


def _labels(ticket: Ticket, memory: Memory, wrote: Wrote) -> Iterator[Action | Skipped]:
    theirs = labels_by_people(ticket)
    for label in sorted(wrote.labels(memory) & ticket.labels):
        if label in theirs or label not in memory.labels:
            yield Skipped(ticket.key, f"label {label}", "a person put it there since; it is theirs")
        else:
            yield RemoveLabel(ticket.id, label, BECAUSE)


def _due(ticket: Ticket, ours: date | None) -> Iterator[Action | Skipped]:
    if ours and ticket.due == ours:
        yield SetDue(ticket.id, None, BECAUSE)
    elif ours and ticket.due:
        yield Skipped(ticket.key, "due date", f"a person set it to {ticket.due}; it is theirs")


def _comments(ticket: Ticket, marks: Marks, wrote: Wrote) -> Iterator[Action | Skipped]:
    """Our comments, known by their marks alone: who else writes by our account is left alone."""
    found = {comment.id: comment for mark, comment in marks.marks.items() if wrote.has_said(ticket, mark)}
    for comment in sorted(found.values(), key=lambda each: (each.at, each.id)):
        if why := _answered(comment, ticket.comments):
            yield Skipped(ticket.key, f"comment of {comment.at:%Y-%m-%d %H:%M} UTC", why)
        else:
            yield DeleteComment(ticket.id, comment.id, " ".join(comment.text.split())[:BEGINNING], BECAUSE)
    if not marks.complete:
        yield Skipped(ticket.key, "other comments", "not all can be read; look through the ticket by hand")


def _answered(comment: Comment, comments: Iterable[Comment]) -> str:
    later = (each for each in comments if each.at > comment.at and each.author.side in {"staff", "client"})
    answer = next(later, None)
    return f"{answer.author.name} wrote after it; delete it by hand if it must go" if answer else ""


# --- over whole sources ----------------------------------------


def wanted(store: Store, what: str | None, names: Sequence[str]) -> Mapping[tuple[str, str], Wrote]:
    """What is to be taken back, by site and ticket: what a run wrote, all on one ticket, or (None) everything.

    ConfigurationError, naming the last runs, if neither run nor ticket is known.
    """
    if what is None:
        return {key: Wrote(tuple(store.journal(*key)), whole=True) for key in store.written_on(names)}
    by_run: defaultdict[tuple[str, str], list[JournalEntry]] = defaultdict(list)
    for entry in store.written_by(what):
        by_run[entry.site, entry.ticket].append(entry)
    if by_run:
        return {key: Wrote(tuple(entries), whole=False) for key, entries in by_run.items()}
    rows = [(row.known.site, row.known.id) for row in store.find(what) if row.source in names]
    if not rows:
        runs = [
            f"{run} ({at:%Y-%m-%d %H:%M} UTC, {count} writes)" for run, at, count in store.last_runs(RUNS_NAMED)
        ]
        last = f"; the last runs: {', '.join(runs)}" if runs else "; nothing was written yet"
        raise ConfigurationError(f"no run and no ticket is known as {what}{last}")
    return {key: Wrote(tuple(store.journal(*key)), whole=True) for key in rows}


def plan_undo(sight: Sight, taken: Mapping[tuple[str, str], Wrote]) -> Plan:
    """The source's plan, whatever its mode: a source that only observes can be cleared of what stands there."""
    failed, tickets = list(sight.plan.failed), []
    for judged in sight.judged:
        ticket = judged.ticket
        wrote = taken.get((ticket.site, ticket.id))
        if wrote is None or sight.seen is None:
            continue
        try:
            marks = _marks(sight, judged)
        except TrackerError as error:
            failed.append(Failed(ticket.id, "comments", str(error), ticket.key))
            continue
        plan = undoing(judged, sight.seen.memories.get(ticket.id, NOTHING), marks, wrote)
        tickets += [plan] if plan.actions or plan.skipped else []
    return replace(
        sight.plan, mode="full", tickets=tuple(tickets), failed=tuple(sorted(failed)), refusal="", notices=()
    )


def _marks(sight: Sight, judged: Judgement) -> Marks:
    try:
        return sight.served.tracker.marks(judged.ticket.id)
    except NotFoundError:
        return Marks(complete=True)
