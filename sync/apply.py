"""The only caller of a tracker's writes: intend (commit), perform (once), settle (commit)."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, assert_never, cast

from sync.action import AddLabel, DeleteComment, Draft, Edit, Failed, MakeFollowUp, SetDue, Written, reference
from sync.errors import (
    ConflictError,
    CredentialsError,
    ForbiddenError,
    LostAnswerError,
    RateLimitedError,
    TrackerError,
)
from sync.ledger import ledger
from sync.richtext import plain
from sync.state.records import Intent, Outcome, Settlement, imprint
from sync.ticket import Audience
from sync.trackers.base import Batching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from sync.action import FollowUp, Separate
    from sync.plan import TicketPlan
    from sync.state.records import Notice
    from sync.state.store import Store
    from sync.ticket import Ticket
    from sync.trackers.base import Tracker


@dataclass(frozen=True, slots=True)
class Result:
    """How one ticket's writes ended, and which of those that are made one by one are `done`.

    `leaked` names a comment that a wider circle can read than was meant.
    """

    plan: TicketPlan
    edited: bool = False
    commented: bool = False
    failed: Failed | None = None
    leaked: bool = False
    stop: bool = False
    done: tuple[Separate, ...] = ()

    @property
    def written(self) -> bool:
        """Whether anything of it was."""
        return self.edited or self.commented or bool(self.done)


@dataclass(frozen=True, slots=True)
class _Part:
    """How one write of a ticket ended, under its journal number: written, or not, or not even sent."""

    number: int
    error: TrackerError | None = None
    written: Written | None = None
    sent: bool = True


@dataclass(frozen=True, slots=True)
class Pen:
    """Everything that writing a plan needs.

    `clock` tells the time; `stopping` asks to end after what is in hand; `progress` is told of tickets done;
    `notices` are what people are told beside the tracker once the plan's comment is written.
    """

    store: Store
    tracker: Tracker
    run: str
    clock: Callable[[], datetime]
    stopping: Callable[[], bool] = lambda: False
    progress: Callable[[int], None] = lambda _done: None
    notices: Callable[[TicketPlan], Sequence[Notice]] = lambda _plan: ()


def apply(plans: Sequence[TicketPlan], pen: Pen) -> list[Result]:
    """Write the plans; each ticket's labels and due date first, then its one comment.

    Every write is in the journal before it is sent and settled after it was answered. A lost answer leaves the
    write `unknown`: it is never sent again here. One ticket's failure does not touch the others; refused
    credentials, a quota or a leak end the work. The first comment goes alone, so that a leak is one comment.
    """
    todo = [plan for plan in plans if plan.actions]
    if isinstance(pen.tracker, Batching):
        return _together(todo, pen, pen.tracker) if todo else []
    return list(_side_by_side(todo, pen)) if todo else []


def _edit_of(plan: TicketPlan, tracker: Tracker) -> Edit | None:
    """The first write of a ticket, with the ledger; None if there is nothing to write before the comment."""
    edit = plan.edit()
    if not tracker.capabilities.ledger:
        return None if edit.empty else edit
    if edit.empty and (plan.comment is None or plan.ticket.ledger is not None):
        return None
    return replace(edit, ledger=ledger(plan.before, plan.comment, plan.after))


def _intents(plan: TicketPlan, edit: Edit | None) -> list[Intent]:
    intents = []
    site, ticket = plan.ticket.site, plan.ticket.id
    if edit is not None:
        detail: dict[str, object] = {"add": edit.add_labels, "remove": edit.remove_labels}
        detail |= {"watch": edit.watch} if edit.watch else {}
        detail |= {"assign": edit.assign} if edit.assign else {}
        detail |= {"undoes": True} if plan.undoes else {}
        if edit.set_due:
            detail["due"] = edit.due.isoformat() if edit.due else None
        if rules := _rules(plan):
            detail["rules"] = rules
        intents.append(Intent(site, ticket, "edit", detail))
    if plan.comment is not None:
        said = [[owed.promise, owed.occasion, owed.step] for owed in plan.comment.obligations]
        detail = {"said": said, "audience": str(plan.comment.audience), "to": plan.comment.to}
        detail |= {"rules": plan.comment.rules, "roles": plan.comment.roles}
        detail["text"] = imprint(plain(plan.comment.body))
        intents.append(Intent(site, ticket, "comment", detail))
    for action in plan.separate:
        match action:
            case MakeFollowUp(obligation=owed):
                detail = {"said": [[owed.promise, owed.occasion, owed.step]]}
                intents.append(Intent(site, ticket, "follow_up", detail))
            case DeleteComment(comment=comment):
                intents.append(Intent(site, ticket, "delete", {"comment": comment}))
            case _:
                assert_never(action)
    return intents


def _rules(plan: TicketPlan) -> dict[str, str]:
    """The mapping cell behind each label that is put, and behind the due date (under "due")."""
    dates = [each for each in plan.actions if isinstance(each, SetDue) and each.due]
    rules = {each.label: each.because.rule for each in plan.actions if isinstance(each, AddLabel)}
    return rules | ({"due": dates[0].because.rule} if dates else {})


@dataclass(frozen=True, slots=True)
class _Job:
    plan: TicketPlan
    edit: Edit | None
    numbers: tuple[int, ...]


def _intended(plans: Sequence[TicketPlan], pen: Pen) -> list[_Job]:
    """The plans as jobs, all of whose writes now stand in the journal: one commit."""
    for plan in plans:
        _draft(plan)  # its text is written now, so that a template that fails leaves no write in doubt
    edits = [_edit_of(plan, pen.tracker) for plan in plans]
    intents = [_intents(plan, edit) for plan, edit in zip(plans, edits, strict=True)]
    notices = [notice for plan in plans if plan.comment for notice in pen.notices(plan)]
    whole = [intent for listed in intents for intent in listed]
    numbers = iter(pen.store.intend(pen.run, whole, pen.clock(), notices))
    return [
        _Job(plan, edit, tuple(next(numbers) for _ in listed))
        for plan, edit, listed in zip(plans, edits, intents, strict=True)
    ]


# --- many requests side by side ----------------------------------------


def _side_by_side(todo: list[TicketPlan], pen: Pen) -> Iterator[Result]:
    writers = min(pen.tracker.capabilities.writers, len(todo))
    trial = next((plan for plan in todo if plan.comment), None)
    waiting = [plan for plan in reversed(todo) if plan is not trial] + ([trial] if trial else [])
    hands: SimpleQueue[Tracker] = SimpleQueue()
    with ExitStack() as stack:
        for _ in range(writers):
            hand = pen.tracker.clone()
            stack.callback(hand.close)
            hands.put(hand)
        pool = stack.enter_context(ThreadPoolExecutor(writers, thread_name_prefix="write"))
        pending: dict[Future[tuple[_Part, ...]], _Job] = {}
        most, stop = 1 if trial else 2 * writers, False
        while pending or waiting:
            stop = stop or pen.stopping()
            room = 0 if stop else most - len(pending)
            if stop and not pending:
                break
            taken = [waiting.pop() for _ in range(min(room, len(waiting)))] if room > most // 4 else []
            for job in _intended(taken, pen) if taken else ():
                pending[pool.submit(_perform, job, hands)] = job
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            ended = [(pending.pop(future), future.result()) for future in done]
            results = _settled(ended, pen)
            most, stop = 2 * writers, stop or any(result.stop for result in results)
            pen.progress(len(results))
            yield from results


def _perform(job: _Job, hands: SimpleQueue[Tracker]) -> tuple[_Part, ...]:
    tracker = hands.get()
    try:
        return tuple(_writes(job, tracker))
    finally:
        hands.put(tracker)


def _writes(job: _Job, tracker: Tracker) -> Iterator[_Part]:
    """Each write of one ticket, in order; after one that failed the rest is not sent."""
    ticket, edit, draft, numbers = job.plan.ticket.id, job.edit, _draft(job.plan), iter(job.numbers)
    failed: TrackerError | None = None
    if edit is not None:
        part = _once(next(numbers), lambda: tracker.edit(ticket, edit))
        failed = part.error
        yield part
    if draft is not None:
        number = next(numbers)
        if failed is None and draft.audience is Audience.CLIENT:
            failed = _changed_meanwhile(job.plan, tracker)
        part = (
            _Part(number, failed, sent=False) if failed else _once(number, lambda: tracker.comment(ticket, draft))
        )
        failed = part.error
        yield part
    yield from _one_by_one(job.plan, tracker, numbers, failed)


def _one_by_one(
    plan: TicketPlan, tracker: Tracker, numbers: Iterator[int], failed: TrackerError | None
) -> Iterator[_Part]:
    """The issues made below the ticket and the comments taken back, in order; none after a write that failed."""
    for action in plan.separate:
        number = next(numbers)
        if failed is not None:
            yield _Part(number, failed, sent=False)
            continue
        part = _once(number, partial(_separately, action, tracker))
        failed = part.error
        yield part


def _separately(action: Separate, tracker: Tracker) -> Written:
    match action:
        case MakeFollowUp(ticket=ticket, draft=draft):
            return _made(ticket, draft, tracker)
        case DeleteComment(ticket=ticket, comment=comment):
            return tracker.delete_comment(ticket, comment)
        case _:
            assert_never(action)


def _made(ticket: str, draft: FollowUp, tracker: Tracker) -> Written:
    """An issue below the ticket, unless it is there: with our state lost, nothing else may remember it."""
    there = tracker.follow_ups(ticket)
    if there is None:
        raise ForbiddenError("what was made below the ticket cannot be read, so it may be there")
    known = there.get(draft.mark) or there.get(reference(draft.mark))
    return Written(created=known) if known else tracker.follow_up(ticket, draft)


def _draft(plan: TicketPlan) -> Draft | None:
    comment = plan.comment
    return Draft(comment.body, comment.audience, comment.ids) if comment else None


def _once(number: int, write: Callable[[], Written]) -> _Part:
    try:
        return _Part(number, written=write())
    except TrackerError as error:
        return _Part(number, error)


def _changed_meanwhile(plan: TicketPlan, tracker: Tracker) -> TrackerError | None:
    """Before a client reads it: the ticket once more, so that nothing is said that no longer holds."""
    try:
        for page in tracker.fetch([plan.ticket.id]):
            for ticket in page.tickets:
                known = {comment.id for comment in plan.ticket.comments}
                if _told(ticket, plan) == _told(plan.ticket, plan) and {c.id for c in ticket.comments} <= known:
                    return None
    except TrackerError as error:
        return error
    return ConflictError("the ticket changed meanwhile; it is judged again in the next pass")


def _told(ticket: Ticket, plan: TicketPlan) -> tuple[object, ...]:
    """What a comment may speak of; labels as people made them, for ours were just written."""
    labels = ticket.labels - plan.before.labels - plan.after.labels
    return ticket.status, ticket.client, ticket.assignee, dict(ticket.fields), labels


# --- one write for all ----------------------------------------


def _together(todo: list[TicketPlan], pen: Pen, tracker: Batching) -> list[Result]:
    jobs = _intended(todo, pen)
    try:
        answers = tracker.batch([(job.plan.ticket.id, job.edit, _draft(job.plan)) for job in jobs])
    except TrackerError as error:
        answers = [error] * len(jobs)
    ended = [(job, tuple(_batched(job, answer, tracker))) for job, answer in zip(jobs, answers, strict=True)]
    pen.progress(len(jobs))
    return _settled(ended, pen)


def _batched(job: _Job, answer: Written | TrackerError, tracker: Batching) -> Iterator[_Part]:
    """The parts of a ticket whose edit and comment were one write with all others'."""
    numbers = iter(job.numbers)
    for _ in range(len(job.numbers) - len(job.plan.separate)):
        yield _answered(next(numbers), answer)
    failed = answer if isinstance(answer, TrackerError) else None
    yield from _one_by_one(job.plan, cast("Tracker", tracker), numbers, failed)


def _answered(number: int, answer: Written | TrackerError) -> _Part:
    return _Part(number, answer) if isinstance(answer, TrackerError) else _Part(number, written=answer)


# --- settling ----------------------------------------


def _settled(ended: Iterable[tuple[_Job, tuple[_Part, ...]]], pen: Pen) -> list[Result]:
    """The results of finished jobs, all settled in the journal in one commit."""
    results, settlements = [], []
    for job, parts in ended:
        result = _result(job, parts)
        results.append(result)
        for part, kind in zip(parts, _kinds(job), strict=True):
            settlements.append(_settlement(job, part, kind))
    pen.store.settle(settlements, pen.clock())
    return results


def _kinds(job: _Job) -> tuple[str | Separate, ...]:
    """What each part is: the edit, the comment, or a write of its own."""
    edit, comment = ("edit",) * (job.edit is not None), ("comment",) * (job.plan.comment is not None)
    return (*edit, *comment, *job.plan.separate)


def _settlement(job: _Job, part: _Part, kind: str | Separate) -> Settlement:
    plan, site, ticket = job.plan, job.plan.ticket.site, job.plan.ticket.id
    if part.error is not None:
        lost = part.sent and isinstance(part.error, LostAnswerError)
        outcome: Outcome = "unknown" if lost else "failed"
        note = str(part.error) if part.sent else f"not sent, because {part.error}"
        return Settlement(part.number, site, ticket, outcome, note=note)
    if kind == "edit":
        return Settlement(part.number, site, ticket, "settled", memory=plan.after)
    if isinstance(kind, MakeFollowUp):
        created = part.written.created if part.written else ""
        return Settlement(part.number, site, ticket, "settled", said=(kind.obligation,), note=f"made {created}")
    if isinstance(kind, DeleteComment):
        return Settlement(part.number, site, ticket, "settled", deleted=kind.comment)
    comment = part.written.comment if part.written else ""
    said = plan.comment.obligations if plan.comment else ()
    return Settlement(part.number, site, ticket, "settled", said=said, comment=comment)


_WHAT = {"edit": "labels and due date", "comment": "comment"}


def _named(kind: str | Separate) -> str:
    if isinstance(kind, str):
        return _WHAT[kind]
    return "follow-up" if isinstance(kind, MakeFollowUp) else "comment to be taken back"


def _result(job: _Job, parts: tuple[_Part, ...]) -> Result:
    plan, key = job.plan, job.plan.ticket.key
    failed, edited, commented, leaked, stop = None, False, False, False, False
    done: list[Separate] = []
    for part, kind in zip(parts, _kinds(job), strict=True):
        if part.error is not None:
            failed = failed or Failed(key, _named(kind), str(part.error))
            stop = stop or ends_the_work(part.error)
        elif kind == "edit":
            edited = True
        elif kind == "comment":
            commented = True
            leaked = _leaks(plan, part.written)
        elif not isinstance(kind, str):
            done.append(kind)
    if leaked:
        failed = Failed(key, "comment", leak_of(plan.comment.audience if plan.comment else Audience.NONE))
        stop = True
    return Result(plan, edited, commented, failed, leaked, stop, tuple(done))


def ends_the_work(error: TrackerError) -> bool:
    """Whether an error is the whole source's, so that no other ticket of it can fare better now."""
    if isinstance(error, RateLimitedError):
        return error.scope == "source"
    if isinstance(error, LostAnswerError):
        return error.whole
    return isinstance(error, CredentialsError)


def _leaks(plan: TicketPlan, written: Written | None) -> bool:
    """Whether the answer to the write shows a wider audience than was meant."""
    if plan.comment is None or written is None or written.audience is None:
        return False
    return written.audience > plan.comment.audience


def leak_of(meant: Audience) -> str:
    """What is said of a comment that more people can read than it was meant for."""
    return (
        f"it was meant for {meant} and more people can read it; "
        "delete or restrict it by hand, then correct `readers` or `restricted_to`: until the configuration "
        "changes this source gets no further comment"
    )
