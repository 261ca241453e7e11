"""Taking back what we wrote and nobody touched since: judged × written → a plan, with each "no" and its reason."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from sync.action import Because, DeleteComment, Failed, RemoveLabel, SetDue, Skipped, reference
from sync.errors import ConfigurationError, NotFoundError, TrackerError
from sync.judging.contact import labels_kept_by_people
from sync.judging.memory import NOTHING
from sync.plan import TicketPlan
from sync.state.records import imprint
from sync.trackers.base import Marks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from sync.action import Action
    from sync.cycle import Sight
    from sync.judging.judgement import Judgement
    from sync.judging.memory import Memory
    from sync.plan import Plan
    from sync.state.records import JournalEntry
    from sync.state.store import Store
    from sync.ticket import Comment, Ticket

BECAUSE = Because("undo", "a person takes it back")
BEGINNING = 60
"""Letters of a comment that its reviewer is shown."""
RUNS_NAMED = 5
"""Runs that are named to whoever asks for one that there was not."""
UNKNOWN = "the state knows of nothing written; after its loss run `makegood rebuild` first"


@dataclass(frozen=True, slots=True)
class Wrote:
    """What is to be taken back from one ticket: what these writes made of it, or with `whole` all that is ours.

    `due_before` is the date of ours (ISO) that stood before these writes; empty if there was none.
    """

    entries: tuple[JournalEntry, ...]
    whole: bool
    due_before: str = ""

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
        return self.whole or any(reference(mark) in _marks_of(each, ticket) for each in self.entries)

    def wrote(self, comment: Comment, ticket: Ticket) -> str | None:
        """What the comment's text was known by when we wrote it; None if that is not remembered."""
        marks = set(map(reference, comment.marks))
        texts = (each.detail.get("text") for each in self.entries if marks & _marks_of(each, ticket))
        return next((str(text) for text in texts if text), None)

    @property
    def unsure(self) -> Iterator[JournalEntry]:
        """Comments and edits of which it was not known whether they were written."""
        return (each for each in self.entries if each.kind in _SENT and each.outcome != "settled")

    @property
    def stays(self) -> Iterator[tuple[str, str]]:
        """What is never taken back, with the remedy."""
        if any(each.kind == "follow_up" for each in self.entries):
            yield "issue below the ticket", "it stays, for work may hang on it; close it by hand if it must go"
        if any(each.detail.get("watch") or each.detail.get("assign") for each in self.entries):
            yield "person brought in", "who follows or owns the ticket stays so; change that by hand"
        for each in () if self.whole else self.entries:
            for label in cast("list[str]", each.detail.get("remove", ())):
                yield (
                    f"label {label}",
                    "this run took it off, and it is not put back; a pass does so if it is owed",
                )
            if each.kind == "delete":
                yield "comment that this run took back", "it is not written again"
        if self.due_before:
            yield f"due date {self.due_before}", "this run changed it, and it is not put back; write it by hand"


_SENT = {"edit": "labels and due date", "comment": "comment"}


def _marks_of(entry: JournalEntry, ticket: Ticket) -> frozenset[str]:
    return frozenset(reference(owed.id(ticket.site, ticket.id)) for owed in entry.said)


def undoing(judged: Judgement, memory: Memory, marks: Marks, wrote: Wrote) -> TicketPlan:
    """The plan that takes back what `wrote` names on the ticket.

    What was remembered stays remembered, so that what is gone counts as taken off by a person: a label stays off
    until its reason changes, which is noted at once, the due date stays empty, and nothing is said again.
    """
    ticket = judged.ticket
    told = [
        *_labels(ticket, memory, wrote),
        *_due(ticket, wrote.due(memory)),
        *_comments(ticket, marks, wrote),
        *_unsure(ticket, marks, wrote),
        *(Skipped(ticket.key, what, why) for what, why in wrote.stays),
    ]
    actions = tuple(each for each in told if not isinstance(each, Skipped))
    skipped = tuple(sorted({each for each in told if isinstance(each, Skipped)}))
    off = {each.label for each in actions if isinstance(each, RemoveLabel)}
    refused = {want.label: want.reason for want in judged.labels or () if want.label in off}
    after = replace(memory, refused={**memory.refused, **refused})
    return TicketPlan(ticket, judged, actions, skipped, memory, after, again=True, undoes=True)


def _labels(ticket: Ticket, memory: Memory, wrote: Wrote) -> Iterator[Action | Skipped]:
    theirs = labels_kept_by_people(ticket)
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
    said = (each for each in marks.comments if any(wrote.has_said(ticket, mark) for mark in each.marks))
    for comment in sorted(said, key=lambda each: (each.at, each.id)):
        if why := _edited(comment, wrote.wrote(comment, ticket)) or _answered(comment, ticket.comments):
            yield Skipped(ticket.key, f"comment of {comment.at:%Y-%m-%d %H:%M} UTC", why)
        else:
            yield DeleteComment(ticket.id, comment.id, " ".join(comment.text.split())[:BEGINNING], BECAUSE)
    if not marks.complete:
        yield Skipped(ticket.key, "other comments", "not all can be read; look through the ticket by hand")


def _edited(comment: Comment, wrote: str | None) -> str:
    """Why its text may be another than ours; empty if it is ours still."""
    edited = comment.edited
    if edited is None and wrote:
        edited = imprint(comment.text) != wrote
    if edited is None:
        return "it cannot be told whether somebody edited it since; delete it by hand if it must go"
    return "somebody edited it since; delete it by hand if it must go" if edited else ""


def _answered(comment: Comment, comments: Iterable[Comment]) -> str:
    later = (each for each in comments if each.at > comment.at and each.author.side not in {"us", "machine"})
    answer = next(later, None)
    name = answer.author.name or "somebody" if answer else ""
    return f"{name} wrote after it; delete it by hand if it must go" if answer else ""


def _unsure(ticket: Ticket, marks: Marks, wrote: Wrote) -> Iterator[Skipped]:
    """Writes that may yet come to be: what is not there now cannot be taken back."""
    found = set(map(reference, marks.marks))
    for each in wrote.unsure:
        if each.kind == "edit" or not found & _marks_of(each, ticket):
            sent = f"{_SENT[each.kind]} sent at {each.intended_at:%Y-%m-%d %H:%M} UTC"
            yield Skipped(ticket.key, sent, "it is not known whether that was written; ask again in a while")


# --- over whole sources ----------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be taken back, by site and ticket. `left` have something of ours, and no source has them."""

    wrote: Mapping[tuple[str, str], Wrote]
    left: frozenset[tuple[str, str]] = frozenset()


def wanted(store: Store, what: str | None, names: Sequence[str]) -> Wanted:
    """What is to be taken back of these sources: what a run wrote, all on one ticket, or (None) everything.

    ConfigurationError, naming the last runs, if neither run nor ticket is known.
    """
    if what is None:
        everything = {key: _all_of(store, key) for key in store.written_on(names)}
        return Wanted(everything, frozenset(store.written_on([""])))
    by_run: defaultdict[tuple[str, str], list[JournalEntry]] = defaultdict(list)
    for entry in store.written_by(what):
        by_run[entry.site, entry.ticket].append(entry)
    if by_run:
        return _of_run(store, by_run, names)
    rows = [(row.known.site, row.known.id) for row in store.find(what) if row.source in names]
    if not rows:
        raise ConfigurationError(_why_nothing(store, what))
    return Wanted({key: _all_of(store, key) for key in rows})


def _all_of(store: Store, key: tuple[str, str]) -> Wrote:
    journal = store.journal(*key)
    return Wrote(tuple(each for each in journal if each.outcome not in {"failed", "absent"}), whole=True)


def _of_run(
    store: Store, by_run: Mapping[tuple[str, str], Sequence[JournalEntry]], names: Sequence[str]
) -> Wanted:
    source = {(site, ticket): row.source for site, ticket in by_run for row in store.rows(site, [ticket])}
    wrote = {
        key: Wrote(tuple(entries), whole=False, due_before=_due_before(store, entries))
        for key, entries in by_run.items()
        if source.get(key) in names
    }
    return Wanted(wrote, frozenset(by_run.keys() - source.keys()))


def _due_before(store: Store, entries: Sequence[JournalEntry]) -> str:
    """The date of ours that a run found there and changed; a person's is never changed."""
    first = next((each for each in entries if "due" in each.detail), None)
    if first is None:
        return ""
    journal = store.journal(first.site, first.ticket)
    before = [each for each in journal if each.number < first.number and each.outcome == "settled"]
    dues = [each.detail["due"] for each in before if "due" in each.detail]
    return str(dues[-1] or "") if dues else ""


def _why_nothing(store: Store, what: str) -> str:
    if store.gone(what):
        return f"{what} has left every source; what is ours on it is left alone"
    runs = [f"{run} ({at:%Y-%m-%d %H:%M} UTC, {count} writes)" for run, at, count in store.last_runs(RUNS_NAMED)]
    last = f"the last runs: {', '.join(runs)}" if runs else UNKNOWN
    return f"no run and no ticket is known as {what}; {last}"


def left_alone(count: int) -> str:
    """What is said of tickets of which no source tells any more."""
    one = count == 1
    return (
        f"{count} ticket{'' if one else 's'} with something of ours {'has' if one else 'have'} left every source "
        f"and {'is' if one else 'are'} left alone"
    )


def plan_undo(sights: Iterable[Sight], taken: Wanted) -> None:
    """Give each source the plan that takes it back, whatever the source's mode: one that only observes can be
    cleared of what stands there.
    """
    told: set[str] = set()
    for sight in sights:
        seen, left = sight.seen, set[tuple[str, str]]()
        if seen is not None:
            left = {key for key in taken.left if key[0] == seen.site and seen.site not in told}
            left |= {key for key in taken.wrote if key[0] == seen.site and key[1] in seen.gone}
            told.add(seen.site)
        notices = (left_alone(len(left)),) if left else ()
        sight.plan = replace(_planned(sight, taken.wrote), refusal="", notices=notices, clears=True)


def _planned(sight: Sight, taken: Mapping[tuple[str, str], Wrote]) -> Plan:
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
    return replace(sight.plan, tickets=tuple(tickets), failed=tuple(sorted(failed)))


def _marks(sight: Sight, judged: Judgement) -> Marks:
    try:
        return sight.served.tracker.marks(judged.ticket.id)
    except NotFoundError:
        return Marks(complete=True)
