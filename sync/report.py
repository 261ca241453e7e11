"""A plan as JSON that other programs may rely on, and as text for people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sync.action import (
    Action,
    AddComment,
    AddLabel,
    BringIn,
    DeleteComment,
    Failed,
    MakeFollowUp,
    RemoveLabel,
    SetDue,
    identity,
    told,
)
from sync.legible import inert
from sync.plan import digest
from sync.richtext import plain
from sync.ticket import Audience

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, RenderableType
    from rich.text import Text

    from sync.cycle import Sight
    from sync.judging.promises import Saying
    from sync.plan import Plan, TicketPlan

SCHEMA = 1

LONGEST_TITLE = 60
"""Characters of a title that are shown."""
NAMED = 3
"""Tickets named in a line that stands for many."""

PROMISES = {
    "first_response": "first response",
    "owned": "an owner",
    "update": "update",
    "escalation": "taking the escalation",
}

READERS = {
    Audience.RESTRICTED: "read by the restricted circle only",
    Audience.INTERNAL: "read by staff only",
    Audience.CLIENT: "READ BY THE CLIENT",
}


# --- JSON -------------------------------------------------------------------------------------------------------


def as_json(sights: Sequence[Sight], now: datetime, run: str = "") -> dict[str, Any]:
    """The plan of a pass: a stable shape, described in docs/json.md and told apart by `schema`.

    `run` is what the pass is known by once it wrote; empty for one that was only planned.
    """
    return {
        "schema": SCHEMA,
        "now": now.astimezone(UTC).isoformat(),
        "run": run,
        "sources": [_source_json(sight.plan) for sight in sights],
    }


def _source_json(plan: Plan) -> dict[str, Any]:
    errors = [{"ticket": each.name, "what": each.what, "why": each.why} for each in plan.failed]
    if plan.trouble:
        errors.insert(0, {"ticket": "", "what": "source", "why": plan.trouble})
    return {
        "name": plan.source,
        "tracker": plan.tracker,
        "mode": plan.mode,
        "tickets_seen": plan.seen,
        "refused": plan.refusal,
        "digest": digest(plan),
        "notices": list(plan.notices),
        "actions": [_action_json(each, action) for each in plan.tickets for action in each.actions],
        "skipped": [
            {"ticket": skipped.ticket, "what": skipped.what, "why": skipped.why} for skipped in plan.skipped()
        ],
        "errors": errors,
    }


def _action_json(plan: TicketPlan, action: Action) -> dict[str, Any]:
    ticket, audience = plan.ticket, Audience.NONE
    kind, value = told(action)
    if isinstance(action, AddComment):
        value, audience = plain(action.body), action.audience
    elif isinstance(action, MakeFollowUp):
        audience = Audience.INTERNAL
    return {
        "id": identity(ticket.site, action),
        "ticket": ticket.key,
        "url": ticket.url,
        "kind": kind,
        "value": value or None,
        "audience": str(audience),
        "because": {"rule": action.because.rule, "text": action.because.text},
    }


# --- text -------------------------------------------------------------------------------------------------------

_SEVERITY_STYLE = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "green"}


def show(sights: Sequence[Sight], console: Console, *, verbosity: int, run: str = "") -> None:
    """The plan, or what came of it in this `run`; -q shows totals and errors, -v whole comments and every "no"."""
    for sight in sights:
        for part in _source_text(sight, verbosity, wrote=bool(run)):
            console.print(part, highlight=False, soft_wrap=True)
    if verbosity >= 0 and any(result.written for sight in sights for result in sight.results):
        console.print(f"makegood undo {run} takes back what this pass wrote.", style="dim", highlight=False)


def _source_text(sight: Sight, verbosity: int, *, wrote: bool) -> Iterator[RenderableType]:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    plan = sight.plan
    yield Text.assemble(
        (plan.source, "bold"),
        (f"  {plan.tracker} · mode {plan.mode} · {_number(plan.seen, 'ticket')} read", "dim"),
    )
    if verbosity >= 0:
        for each in plan.tickets:
            if each.actions or (verbosity > 0 and each.skipped):
                yield from _ticket_text(each, verbosity)
    for notice in plan.notices:
        yield Text(f"  note: {notice}", "yellow")
    if plan.trouble:
        yield Text.assemble(("  error ", "bold red"), plan.trouble)
    for names, failed in _together(plan.failed):
        name = (f"{names} ", "bold") if names else ""
        yield Text.assemble(("  error ", "bold red"), name, f"{failed.what}: {failed.why}")
    if plan.refusal:
        yield Text(f"  refused: {plan.refusal}", "bold red")
    yield Text(f"  {_totals(sight, wrote=wrote)}", "bold")
    if verbosity == 0:
        for line in _held_back(plan):
            yield Text(f"  {line}", "dim")


def _together(failed: Sequence[Failed]) -> Iterator[tuple[str, Failed]]:
    """What failed alike as one line, with the first tickets it happened to."""
    alike: dict[tuple[str, str], list[Failed]] = {}
    for each in failed:
        alike.setdefault((each.what, each.why), []).append(each)
    for group in alike.values():
        names = ", ".join(inert(one.name) for one in group[:NAMED])
        yield names + (f" and {len(group) - NAMED} more" if len(group) > NAMED else ""), group[0]


def _held_back(plan: Plan) -> Iterator[str]:
    skipped = plan.skipped()
    old = [each for each in skipped if each.why.startswith("backlog")]
    if old:
        yield f"backlog: {_number(len(old), 'ticket')} with steps too old to be spoken of, such as {old[0].ticket}"
    others = len(skipped) - len(old)
    if others:
        yield f"{_number(others, 'thing')} held back, each with its reason: add -v to see"


def _ticket_text(plan: TicketPlan, verbosity: int) -> Iterator[Text]:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    judged, ticket = plan.judged, plan.ticket
    category = judged.classification.category + (
        f"/{judged.classification.subtype}" * bool(judged.classification.subtype)
    )
    severity = (f" {judged.rating.severity} ", _SEVERITY_STYLE[judged.rating.severity])
    yield Text()
    yield Text.assemble(
        (f"  {inert(ticket.key)}  ", "bold cyan"),
        (" the engagement's own ticket ", "dim") if judged.home else severity,
        "  " if judged.home else f"  {category}  ",
        (f"{inert(ticket.client or 'no client')}  ", "dim"),
        (inert(ticket.title, LONGEST_TITLE) or "(no title)", "italic"),
    )
    yield from _changes_text(plan)
    if plan.comment is not None:
        yield from _comment_text(plan, plan.comment, verbosity)
    if verbosity > 0:
        for skipped in plan.skipped:
            yield Text(f"     no {skipped.what}: {skipped.why}", "dim")


def _changes_text(plan: TicketPlan) -> Iterator[Text]:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    edit = plan.edit()
    words = [(f" +{label}", "green") for label in edit.add_labels]
    words += [(f" −{label}", "red") for label in edit.remove_labels]
    if words:
        yield Text.assemble(("     labels  ", "dim"), *words)
    if edit.set_due:
        yield Text.assemble(("     due      ", "dim"), str(edit.due or "cleared"))
    for action in plan.actions:
        if isinstance(action, BringIn):
            how = "made its owner" if action.how == "assign" else "made a follower"
            yield Text.assemble(("     bring in ", "dim"), f"{action.name}, {how}")
        elif isinstance(action, DeleteComment):
            yield Text.assemble(("     delete   ", "dim"), ("the comment ", "red"), action.text)


def _comment_text(plan: TicketPlan, comment: AddComment, verbosity: int) -> Iterator[Text]:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    said = {saying.obligation: saying for saying in plan.judged.sayings}
    style = "bold red" if comment.audience is Audience.CLIENT else "blue"
    yield Text.assemble(("     comment  ", "dim"), (READERS[comment.audience], style))
    for each in comment.obligations:
        yield Text(f"              {_owed(said[each], plan.judged.now)}")
    if verbosity > 0:
        yield Text(f"              by {comment.because.rule}", "dim")
        for line in plain(comment.body).splitlines():
            yield Text.assemble(("            │ ", "blue"), line)


def _owed(saying: Saying, now: datetime) -> str:
    """One obligation in a few words: what is owed, how late or how soon, and who is asked."""
    from sync.saying.spoken import span  # noqa: PLC0415 - only when something is shown

    clock, promise = saying.clock, saying.obligation.promise
    asked = f" → {saying.role.replace('_', ' ')}" if saying.role and clock.state != "notice" else ""
    if promise == "escalation" and not saying.asked:
        return f"escalated{asked}"
    late = clock.due is not None and clock.due <= now
    when = f"late by {span(now - clock.due, 'en')}" if clock.due and late else ""
    if clock.due and not late:
        when = f"due in {span(clock.due - now, 'en')}"
    return " ".join(filter(None, (PROMISES.get(promise, promise.replace("_", " ")), when))) + asked


def _totals(sight: Sight, *, wrote: bool) -> str:
    plan = sight.plan
    if plan.trouble:
        return "Not served."
    if wrote and plan.writes and not plan.refusal:
        actions: list[Action] = []
        for result in sight.results:
            for action in result.plan.actions:
                done = result.edited
                if isinstance(action, AddComment):
                    done = result.commented
                elif isinstance(action, MakeFollowUp | DeleteComment):
                    done = action in result.done
                actions += [action] if done else []
        if actions:
            return f"Written: {_counted(actions)}."
        return "Nothing was written." if plan.actions() else "Nothing to do."
    actions = plan.actions()
    if not actions:
        return "Nothing to do."
    if plan.refusal:
        return f"Refused, nothing of it is written: {_counted(actions)}."
    why = ' (mode "observe": set mode = "labels" or "full" to let it write)' if wrote and not plan.writes else ""
    return f"Planned, not written: {_counted(actions)}.{why}"


def _counted(actions: Sequence[Action]) -> str:
    comments = [action for action in actions if isinstance(action, AddComment)]
    client = sum(action.audience is Audience.CLIENT for action in comments)
    labels = sum(isinstance(action, AddLabel | RemoveLabel) for action in actions)
    dues = sum(isinstance(action, SetDue) for action in actions)
    brought = sum(isinstance(action, BringIn) for action in actions)
    made = sum(isinstance(action, MakeFollowUp) for action in actions)
    deleted = sum(isinstance(action, DeleteComment) for action in actions)
    more = f", {_number(brought, 'person', 'people')} brought in" if brought else ""
    more += f", {_number(made, 'issue')} made" if made else ""
    more += f", {_number(deleted, 'comment')} taken back" if deleted else ""
    return (
        f"{_number(labels, 'label')}, {_number(dues, 'due date')}, {_number(len(comments), 'comment')}"
        f" ({_number(client, 'comment')} that a client can read){more}"
    )


def _number(count: int, noun: str, several: str = "") -> str:
    return f"{count} {noun if count == 1 else several or f'{noun}s'}"
