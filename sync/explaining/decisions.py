"""Whose decisions stand on a ticket, since when, until when, and how each is ended."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, cast

from sync.judging import contact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sync.mapping.tracker_models import Labels
    from sync.plan import TicketPlan
    from sync.state.records import JournalEntry
    from sync.ticket import Change, Ticket

SOMEBODY = "somebody; the history does not tell who"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of people that makegood keeps to.

    `what` was decided by `whose` hand; `since` is None where the history does not tell. `until` says what ends it,
    `remedy` what a person does for that.
    """

    what: str
    whose: str
    since: datetime | None
    until: str
    remedy: str


def decisions(
    plan: TicketPlan, labels: Labels, spoken: Mapping[str, datetime], journal: Sequence[JournalEntry] = ()
) -> list[Decision]:
    """Those that stand on the plan's ticket; `spoken` are the comments of ours that it had, id → when, `journal`
    all that we wrote there.
    """
    undone = [each for each in journal if each.outcome == "settled" and _undoes(each)]
    return [
        *_opted_out(plan),
        *_labels_off(plan, labels, undone),
        *_labels_kept(plan, labels),
        *_judged(plan),
        *_due(plan, undone),
        *_deleted(plan.ticket, spoken, undone),
        *_heard(plan),
        *_life(plan.ticket),
    ]


def _opted_out(plan: TicketPlan) -> Iterator[Decision]:
    out = plan.judged.opted_out
    if out:
        whose = out.who if out.by == "label" else f"{out.by} {out.name}, in clients.toml"
        until = f"the label {out.name} is taken off" if out.by == "label" else "opt_out is taken from the record"
        yield Decision("nothing is written here", whose, out.since, until, out.remedy)


def _labels_off(plan: TicketPlan, labels: Labels, undone: Sequence[JournalEntry]) -> Iterator[Decision]:
    wanted = {want.label: want for want in plan.judged.labels or ()}
    for label, reason in sorted(plan.after.refused.items()):
        want, taken = wanted.get(label), _last_taken(plan.ticket, label, labels)
        ended = {prefix + label.removeprefix(labels.prefix) for prefix in labels.prefixes}
        ours = [each for each in undone if not ended.isdisjoint(cast("list[str]", each.detail.get("remove", [])))]
        if want and want.reason == reason:
            until = f"its reason changes, which is now: {want.because.text}"
        else:
            until = "it is wanted for another reason than it was then"
        yield Decision(f"label {label} stays off", *_by(taken, ours), until, "put the label back by hand")


def _last_taken(ticket: Ticket, label: str, labels: Labels) -> Change | None:
    """The change that took a label off, under whatever prefix it stood then."""
    names = {prefix + label.removeprefix(labels.prefix) for prefix in labels.prefixes}
    found = [
        change for name in names if (change := contact.label_taken(ticket, name)) and contact.by_person(change)
    ]
    return max(found, key=attrgetter("at", "id"), default=None)


def _labels_kept(plan: TicketPlan, labels: Labels) -> Iterator[Decision]:
    ticket = plan.ticket
    for label in sorted(contact.labels_kept_by_people(ticket) - plan.after.labels):
        if label.startswith(labels.prefixes):
            put = contact.label_put(ticket, label)
            what = f"label {label} stays on, whether it is wanted or not"
            yield Decision(what, *_by(put), "a person takes it off", "take the label off by hand")


def _judged(plan: TicketPlan) -> Iterator[Decision]:
    rating, classification = plan.judged.rating, plan.judged.classification
    changes = {change.id: change for change in plan.ticket.changes}
    if rating.decided:
        by_label = rating.given is not None and rating.given.source == "label"
        until = "that label is taken off" if by_label else "the field is changed, or a label of severity is put"
        what = f"severity {rating.severity}: {rating.why}"
        yield Decision(what, *_by(changes.get(rating.event)), until, "take the label off, or change the field")
    if classification.label:
        what = f"category {classification.category}: {classification.why}"
        put = contact.label_put(plan.ticket, classification.label)
        yield Decision(
            what, *_by(put), "that label is taken off", "take the label off, or fill the category field"
        )


def _due(plan: TicketPlan, undone: Sequence[JournalEntry]) -> Iterator[Decision]:
    """A date that is not ours, and one of ours that a person cleared."""
    ticket, after = plan.ticket, plan.after
    if plan.judged.due is None:
        return
    told = [change for change in ticket.changes if change.field == "due" and contact.by_person(change)]
    last = told[-1] if told else None
    if ticket.due and not after.due_written and ticket.due != plan.judged.due.day:
        remedy = "empty the field, and makegood keeps it from then on"
        yield Decision(f"due date {ticket.due}", *_by(last), "the field is emptied", remedy)
    elif (
        ticket.due is None and after.due_written and after.due and not ticket.due_text and not plan.edit().set_due
    ):
        remedy = f"write {after.due} back, and makegood keeps it from then on"
        ours = [each for each in undone if "due" in each.detail]
        yield Decision("no due date", *_by(last, ours), "for good", remedy)


def _deleted(ticket: Ticket, spoken: Mapping[str, datetime], undone: Sequence[JournalEntry]) -> Iterator[Decision]:
    there = {comment.id for comment in ticket.comments}
    for comment, at in sorted(spoken.items(), key=lambda each: (each[1], each[0])):
        if comment not in there:
            what = f"makegood's comment of {at:%Y-%m-%d %H:%M} UTC stays deleted"
            until = "for good: what was said once is not said again"
            ours = [each for each in undone if each.detail.get("comment") == comment]
            yield Decision(what, *_by(None, ours), until, "none; the next step of a promise is said as ever")


def _heard(plan: TicketPlan) -> Iterator[Decision]:
    """That somebody put the ticket off, or took it."""
    for clock in plan.judged.clocks:
        match clock.about:
            case contact.Snooze(until=until, who=who) if plan.judged.now < until:
                what = "nobody is asked"
                ends = f"{until:%Y-%m-%d %H:%M} UTC, or it becomes critical"
                yield Decision(
                    what, who or SOMEBODY, clock.about.at, ends, "snooze it again, to an earlier moment"
                )
            case contact.Event(who=who) if clock.promise == "taken":
                what = "reminders stop: somebody took it"
                yield Decision(what, who or SOMEBODY, clock.about.at, "another promise breaks", "none needed")


def _life(ticket: Ticket) -> Iterator[Decision]:
    """Moved to another key, reopened, or done."""
    changes = {change.id: change for change in ticket.changes}
    moves = [change for change in ticket.changes if change.field == "key"]
    if moves:
        what = f"moved from {moves[-1].before} to {ticket.key}: it is the same ticket"
        yield Decision(what, *_by(moves[-1]), "for good", "none needed: what was said and decided came with it")
    over, cycle = contact.ended(ticket), contact.current_cycle(ticket)
    if over:
        whose, since = _by(changes.get(over.event))
        what = f"it is {ticket.status}: nobody is called for, and no promise of its life runs"
        yield Decision(what, whose, since or over.since, "somebody reopens it", "reopen it")
    elif cycle.event != contact.CREATED:
        what = "reopened: promises count anew from then"
        yield Decision(what, *_by(changes.get(cycle.event)), "it is resolved again", "resolve it")


def _undoes(entry: JournalEntry) -> bool:
    return entry.kind == "delete" or bool(entry.detail.get("undoes"))


def _by(change: Change | None, undone: Sequence[JournalEntry] = ()) -> tuple[str, datetime | None]:
    """By whom and when, as far as the history tells; by `makegood undo` if that came last."""
    last = undone[-1] if undone else None
    if last and (change is None or change.at <= last.intended_at):
        return f"taken back by `makegood undo` (run {last.run})", last.intended_at
    if change is None:
        return SOMEBODY, None
    return change.author.name or SOMEBODY, change.at
