"""A ticket from three sides, and where they part: what is wanted, what the state remembers, what stands there."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from sync.action import AddComment, AddLabel, MakeFollowUp, RemoveLabel, SetDue, action_id, reference
from sync.auditing.kinds import Decided, Finding
from sync.judging import contact
from sync.judging.promises import TEXTS
from sync.ledger import recalled
from sync.ticket import Audience

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sync.auditing.kinds import Choice, Kind
    from sync.judging.memory import Memory
    from sync.plan import Mode, TicketPlan
    from sync.state.records import JournalEntry
    from sync.ticket import Change, Comment, Ticket

SOMEBODY = "somebody; no history tells who"
_OPEN = {"intended", "unknown"}


@dataclass(frozen=True, slots=True)
class Sides:
    """One ticket of a source as it was planned for, with what the state remembers of it.

    `memory` is None for a ticket that the state never met. `spoken` are the comments of ours by their ids, with
    when they were written, `journal` is all that was sent there. `marked` are the comments that carry a mark of
    ours, `made` the issues below it, mark → id. `prefixes` begin our labels; `history`: the tracker keeps one;
    `put` are labels that people were seen to put where it keeps none. `settled`: a pass has had the time to do
    what the plan would do, for nothing happened on the ticket or around it since.
    """

    plan: TicketPlan
    mode: Mode
    prefixes: tuple[str, ...]
    history: bool
    memory: Memory | None
    journal: Sequence[JournalEntry] = ()
    spoken: Mapping[str, datetime] = field(default_factory=dict)
    marked: Sequence[Comment] = ()
    made: Mapping[str, str] = field(default_factory=dict)
    put: frozenset[str] = frozenset()
    settled: bool = True

    @property
    def ticket(self) -> Ticket:
        """The ticket as it stands."""
        return self.plan.ticket

    @property
    def in_doubt(self) -> bool:
        """Whether a write is under way or of unknown outcome, so that the state cannot know the rest yet."""
        return any(entry.outcome in _OPEN for entry in self.journal)

    def written_as(self, comment: str, marks: Iterable[str]) -> JournalEntry | None:
        """What the journal knows of a comment, by the marks on it, or else by its id."""
        refs, at = {*map(reference, marks)}, self.spoken.get(comment)
        said = [entry for entry in self.journal if entry.kind == "comment"]
        for entry in said:
            if any(reference(owed.id(entry.site, entry.ticket)) in refs for owed in entry.said):
                return entry
        return next((entry for entry in said if at and entry.ended_at == at), None)

    def finding(self, kind: Kind, about: str, what: str, since: datetime | None = None, rule: str = "") -> Finding:
        """What was found on this ticket."""
        ticket = self.ticket
        return Finding(ticket.source, ticket.key, ticket.url, kind, about, what, since, rule)

    def decided(self, kind: Choice, what: str, whose: str = SOMEBODY, at: datetime | None = None) -> Decided:
        """What a person decided on this ticket."""
        return Decided(self.ticket.source, self.ticket.key, kind, what, whose, at)


def drift(sides: Sides) -> Iterator[Finding | Decided]:
    """Where the three sides of one ticket part, and what people have decided there.

    While a write is in doubt, and of a ticket that the state never met, only what no state could explain is told.
    """
    yield from _twice(sides)
    yield from _leaked(sides)
    if sides.in_doubt or sides.memory is None:
        return
    yield from _comments(sides, sides.memory)
    yield from _follow_ups(sides, sides.memory)
    yield from _ledger(sides, sides.memory)
    yield from _labels_there(sides, sides.memory)
    yield from _labels_gone(sides, sides.memory)
    yield from _due(sides, sides.memory)
    yield from _undone(sides)


# --- comments ----------------------------------------------------------------------------------------------------


def _twice(sides: Sides) -> Iterator[Finding]:
    """The same obligation in two comments: what must never be."""
    carriers: defaultdict[str, list[Comment]] = defaultdict(list)
    for comment in sides.marked:
        for mark in {*map(reference, comment.marks)}:
            carriers[mark].append(comment)
    told: set[tuple[datetime, ...]] = set()
    for mark, comments in sorted(carriers.items()):
        moments = tuple(comment.at for comment in comments)
        if len(comments) > 1 and moments not in told:
            told.add(moments)
            entry = sides.written_as("", [mark])
            at = " and ".join(f"{moment:%Y-%m-%d %H:%M}" for moment in moments)
            yield sides.finding("said_twice", mark, f"at {at} UTC: {_owed(entry)}", moments[1], _rule(entry))


def _leaked(sides: Sides) -> Iterator[Finding]:
    marks = {comment.id: comment.marks for comment in sides.marked}
    for comment in sides.ticket.comments:
        entry = sides.written_as(comment.id, marks.get(comment.id, comment.marks))
        if entry is None or not (meant := str(entry.detail.get("audience", ""))):
            continue
        if comment.audience > Audience[meant.upper()]:
            what = f"meant for {meant}, and {comment.audience} can read it{_moved(sides, comment)}: {_owed(entry)}"
            yield sides.finding("comment_leaked", comment.id, what, comment.at, _rule(entry))


def _moved(sides: Sides, comment: Comment) -> str:
    """That the ticket was moved since the comment was written, as far as the history tells."""
    moves = [each for each in sides.ticket.changes if each.field == "key" and each.at > comment.at]
    if not moves:
        return ""
    last = moves[-1]
    return f", for {last.author.name} moved the ticket here from {last.before} on {last.at:%Y-%m-%d %H:%M} UTC"


def _owed(entry: JournalEntry | None) -> str:
    """What a comment says is owed, as the journal knows it."""
    named = dict.fromkeys(owed.promise.replace("_", " ") for owed in entry.said) if entry else ()
    return ", ".join(named) or "what, the journal does not tell any more"


def _rule(entry: JournalEntry | None) -> str:
    rules = cast("Sequence[str]", entry.detail.get("rules", ())) if entry else ()
    return "; ".join(dict.fromkeys(rules))


def _comments(sides: Sides, memory: Memory) -> Iterator[Finding | Decided]:
    ticket, known = sides.ticket, {*map(reference, memory.said)}
    there = {comment.id for comment in ticket.comments}
    taken_back = {str(each.detail.get("comment")): each for each in _settled(sides, "delete")}
    for number, at in sorted(sides.spoken.items(), key=lambda each: (each[1], each[0])):
        if number in taken_back:
            yield _undone_by(sides, taken_back[number], f"the comment of {at:%Y-%m-%d %H:%M} UTC")
        elif number not in there and not ticket.problems:
            entry = sides.written_as(number, ())
            what = f"said at {at:%Y-%m-%d %H:%M} UTC and deleted since, no history tells by whom: {_owed(entry)}"
            yield sides.finding("comment_gone", number, what, at, _rule(entry))
    for comment in sides.marked:
        if unknown := [mark for mark in comment.marks if reference(mark) not in known]:
            entry = sides.written_as("", unknown)
            since = f"{comment.at:%Y-%m-%d %H:%M} UTC"
            what = f"there since {since}, and not known to be said: {_owed(entry)}"
            yield sides.finding("comment_unknown", comment.id, what, comment.at, _rule(entry))
    marked = {comment.id for comment in sides.marked}
    for comment in ticket.comments:
        if comment.author.side == "us" and comment.id not in marked | sides.spoken.keys():
            yield sides.decided("by_hand", "a comment without a mark", comment.author.name, comment.at)


def _follow_ups(sides: Sides, memory: Memory) -> Iterator[Finding]:
    known = {*map(reference, memory.said)}
    for mark, number in sorted(sides.made.items()):
        if reference(mark) not in known:
            yield sides.finding("follow_up_unknown", mark, f"{number} was made below it, and that is not known")


def _ledger(sides: Sides, memory: Memory) -> Iterator[Finding]:
    """What the ledger on the ticket says was said, and the state does not know."""
    kept, known = sides.ticket.ledger, {*map(reference, memory.said)}
    if kept is None:
        return
    steps = recalled(sides.ticket, {"said": kept.get("said")}, (), ()).steps
    lost = [
        promise
        for promise, (occasion, step) in sorted(steps.items())
        if reference(action_id(sides.ticket.site, sides.ticket.id, promise, occasion, step)) not in known
    ]
    if lost:
        named = ", ".join(promise.replace("_", " ") for promise in lost)
        yield sides.finding("ledger_contradicts", "said", f"it says that this was said: {named}")


# --- labels and due date -----------------------------------------------------------------------------------------


def _labels_there(sides: Sides, memory: Memory) -> Iterator[Finding | Decided]:
    """Labels of ours by their beginning that neither judgement nor memory knows."""
    ticket = sides.ticket
    wanted = {want.label for want in sides.plan.judged.labels or ()}
    ours = {label for label in ticket.labels if label.startswith(sides.prefixes)}
    for label in sorted(ours - wanted - memory.labels):
        put = contact.label_put(ticket, label)
        author = put.author if put else ticket.reporter
        at = put.at if put else ticket.created
        if put is None and not sides.history:
            theirs, whose = label in sides.put, SOMEBODY
        elif put is None and (ticket.complete_since or author is None):
            theirs, whose = True, SOMEBODY
        else:
            theirs, whose = (
                author is not None and author.side not in {"us", "machine"},
                author.name if author else "",
            )
        if theirs:
            yield sides.decided("label_on", f"label {label}", whose, at if put else None)
        else:
            by = f"{whose} put it there on {at:%Y-%m-%d %H:%M} UTC" if put else "no history tells who put it there"
            yield sides.finding("label_unexplained", label, f"{label}: {by}", put.at if put else None)


def _labels_gone(sides: Sides, memory: Memory) -> Iterator[Finding | Decided]:
    """Labels that we wrote, that are wanted still, and that stand there no more."""
    ticket = sides.ticket
    wanted = {want.label: want.because.rule for want in sides.plan.judged.labels or ()}
    for label in sorted(wanted.keys() & {*memory.labels, *memory.refused} - ticket.labels):
        bare = label.removeprefix(sides.prefixes[0])
        names = {prefix + bare for prefix in sides.prefixes}
        taken = [change for name in names if (change := contact.label_taken(ticket, name))]
        last = max(taken, key=lambda change: (change.at, change.id), default=None)
        undone = [e for e in _settled(sides, "edit") if e.detail.get("undoes") and names & _listed(e, "remove")]
        yield _whose(sides, ("label_gone", "label_off"), label, f"label {label}", wanted[label], last, undone)


def _due(sides: Sides, memory: Memory) -> Iterator[Finding | Decided]:
    """A due date that we wrote and that is not there, or one that is by our hand and that we know nothing of."""
    ticket, want = sides.ticket, sides.plan.judged.due
    moves = [change for change in ticket.changes if change.field == "due"]
    last = moves[-1] if moves else None
    undone = [each for each in _settled(sides, "edit") if each.detail.get("undoes") and "due" in each.detail]
    if memory.due_written and ticket.due != memory.due:
        if want:
            stands = f"now it is {ticket.due}" if ticket.due else "now it is empty"
            what = f"due date {memory.due}, and {stands}"
            yield _whose(sides, ("due_gone", "due_date"), "due", what, want.because.rule, last, undone)
    elif memory.due_written or ticket.due is None or (want and want.day == ticket.due):
        return
    elif last is None or contact.by_person(last):
        if want is None:
            return
        by = last.author.name if last else SOMEBODY
        yield sides.decided("due_date", f"due date {ticket.due}", by, last.at if last else None)
    elif not undone:
        what = f"{ticket.due}: {last.author.name} wrote a date last, on {last.at:%Y-%m-%d %H:%M} UTC"
        yield sides.finding("due_unexplained", "due", what, last.at)


def _whose(  # noqa: PLR0913, PLR0917 - what is gone, and what is known of it
    sides: Sides,
    kinds: tuple[Kind, Choice],
    about: str,
    what: str,
    rule: str,
    last: Change | None,
    undone: Sequence[JournalEntry],
) -> Finding | Decided:
    """Whose hand took off what we wrote: a person's is a decision, and so is one that no history could tell of.

    By our own account only `makegood undo` does, of which the journal tells for a while.
    """
    refused = sides.memory.refused if sides.memory else {}
    if undone and (last is None or not contact.by_person(last)):
        return _undone_by(sides, undone[-1], what)
    if last and last.author.side == "us" and (about in refused or (about == "due" and not last.after)):
        return sides.decided("taken_back", what, last.author.name, last.at)
    if last and contact.by_person(last):
        return sides.decided(kinds[1], what, last.author.name or SOMEBODY, last.at)
    if not sides.history or (last is None and sides.ticket.complete_since):
        return sides.decided(kinds[1], what)
    if last and last.author.side == "machine":
        why = f"{last.author.name} took it off on {last.at:%Y-%m-%d %H:%M} UTC"
    else:
        why = "it is gone, and no history tells of it"
    return sides.finding(kinds[0], about, f"{what}: {why}", last.at if last else None, rule)


def _undone_by(sides: Sides, entry: JournalEntry, what: str) -> Decided:
    return sides.decided("taken_back", what, f"`makegood undo` (run {entry.run})", entry.intended_at)


def _settled(sides: Sides, kind: str) -> list[JournalEntry]:
    return [entry for entry in sides.journal if entry.kind == kind and entry.outcome == "settled"]


def _listed(entry: JournalEntry, name: str) -> set[str]:
    return set(cast("Iterable[str]", entry.detail.get(name, ())))


# --- what a pass should have done --------------------------------------------------------------------------------


def _undone(sides: Sides) -> Iterator[Finding]:
    """What the plan would do, though a pass has had the time for it."""
    if sides.mode == "observe" or not sides.settled:
        return
    said = {saying.obligation: saying for saying in sides.plan.judged.sayings}
    tried = _tried(sides.journal)
    for action in sides.plan.actions:
        rule = action.because.rule
        match action:
            case AddLabel(label=label):
                yield sides.finding("edit_undone", label, f"label {label} is to stand there{tried}", rule=rule)
            case RemoveLabel(label=label) if sides.memory and label in sides.memory.labels:
                yield sides.finding("edit_undone", label, f"label {label} is to go{tried}", rule=rule)
            case SetDue(due=due):
                what = f"due date {due or 'is to go'}{tried}"
                yield sides.finding("edit_undone", f"due {due}", what, rule=rule)
            case MakeFollowUp(obligation=owed):
                what = f"an issue below it is to be made: {TEXTS[owed.promise]}{tried}"
                yield sides.finding("edit_undone", f"{owed.promise} {owed.occasion}", what, rule=rule)
            case AddComment(obligations=obligations):
                for owed in obligations:
                    saying = said.get(owed)
                    since, rule = (saying.since, saying.because.rule) if saying else (None, rule)
                    at = f"{since:%Y-%m-%d %H:%M} UTC" if since else "before"
                    mark = owed.id(sides.ticket.site, sides.ticket.id)
                    what = f"{TEXTS[owed.promise]}: owed since {at}, and not said{tried}"
                    yield sides.finding("promise_unsaid", mark, what, since, rule)


def _tried(journal: Sequence[JournalEntry]) -> str:
    """How the last write went, if it failed."""
    last = journal[-1] if journal else None
    if last is None or last.outcome != "failed":
        return ""
    return f"; last tried on {last.intended_at:%Y-%m-%d %H:%M} UTC: {last.note}"
