"""What is wanted × what is there × what we wrote → actions, and each "no" with its reason; and the guard."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from sync.action import (
    Action,
    AddComment,
    AddLabel,
    Because,
    BringIn,
    DeleteComment,
    Edit,
    Failed,
    FollowUp,
    MakeFollowUp,
    Obligation,
    RemoveLabel,
    Separate,
    SetDue,
    Skipped,
    identity,
)
from sync.judging import contact
from sync.judging.attention import exhausted
from sync.judging.clocks import BREACH
from sync.judging.memory import NOTHING, WHATEVER, Memory
from sync.judging.promises import TEXTS, Withheld
from sync.richtext import plain
from sync.ticket import CATEGORIES, SEVERITIES, Audience

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import date, timedelta

    from sync.judging.clocks import Clock
    from sync.judging.judgement import Judgement
    from sync.judging.promises import Saying
    from sync.mapping.policy import Policy
    from sync.mapping.practice import AttentionFile
    from sync.mapping.tracker_models import BringIn as BringingIn
    from sync.richtext import Document
    from sync.ticket import Ticket

Mode = Literal["observe", "labels", "full"]

SMALLEST_SAMPLE = 10

_CALLING = re.compile(r"(breach|needs-triage|level-\d+)$")
"""The ends of the labels, whatever their prefix, that call for somebody."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a plan may be at most before it is refused as one that cannot be meant; `measure` limits `actions`."""

    actions: int
    client_comments: int
    unclassified: float
    measure: str = "guard.actions"


@dataclass(frozen=True, slots=True)
class Terms:
    """How one source is planned for. `render` writes the comment that carries the given sayings.

    `prefix` begins the labels that are written, `former` those that may have been written before.

    `slips` tells what is wrong with the tone of a text for the client (nothing: empty). `bring_in` is how
    those who are asked are brought to the ticket; `approvals` are the labels that let messages of `careful`
    categories reach the client. `follow_up` writes title and text of an issue of its own, for the promises
    `follow_ups`, unless clients read the source (`staff_only` false).
    """

    prefix: str
    mode: Mode
    backlog_after: timedelta
    render: Callable[[Judgement, Sequence[Saying]], Document]
    slips: Callable[[Judgement, Document], str] = lambda _judged, _body: ""
    bring_in: frozenset[BringingIn] = frozenset()
    approvals: tuple[str, ...] = ()
    careful: frozenset[str] = frozenset({"billing"})
    follow_up: Callable[[Judgement, Clock], tuple[str, Document]] | None = None
    follow_ups: frozenset[str] = frozenset()
    staff_only: bool = False
    zone: str = "UTC"
    former: tuple[str, ...] = ()

    def same(self, written: str, wanted: str) -> bool:
        """Whether a label that we wrote is the wanted one; one under another prefix is known by its end."""
        return written == wanted or (not written.startswith(self.prefix) and written.endswith(self.bare(wanted)))

    def bare(self, label: str) -> str:
        """A label of ours without its prefix; as it is, if that is none we know of."""
        begins = (each for each in (self.prefix, *self.former) if label.startswith(each))
        return label.removeprefix(max(begins, key=len, default=""))


@dataclass(frozen=True, slots=True)
class TicketPlan:
    """What is to be done on one ticket, and the memory of it once that is done.

    `again`: more is to be said in the next pass. `tomorrow`: a comment waits for another day. `undoes`: it takes
    back what we wrote, of which the memory is kept, so that it counts as if a person had taken it off.
    """

    ticket: Ticket
    judged: Judgement
    actions: tuple[Action, ...]
    skipped: tuple[Skipped, ...]
    before: Memory
    after: Memory
    again: bool = False
    tomorrow: bool = False
    undoes: bool = False

    @property
    def urgency(self) -> int:
        """The ticket's rank; 0 for one that is resolved or closed."""
        return self.judged.urgency.score if self.judged.urgency else 0

    @property
    def comment(self) -> AddComment | None:
        """The one comment of this plan, if it has one."""
        return next((action for action in self.actions if isinstance(action, AddComment)), None)

    @property
    def separate(self) -> tuple[Separate, ...]:
        """The issues to be made below the ticket, and the comments to be taken back: a write each."""
        return tuple(action for action in self.actions if isinstance(action, MakeFollowUp | DeleteComment))

    def edit(self) -> Edit:
        """The labels and the due date as one write."""
        due = next((action for action in self.actions if isinstance(action, SetDue)), None)
        brought = [action for action in self.actions if isinstance(action, BringIn)]
        return Edit(
            add_labels=tuple(action.label for action in self.actions if isinstance(action, AddLabel)),
            remove_labels=tuple(action.label for action in self.actions if isinstance(action, RemoveLabel)),
            set_due=due is not None,
            due=due.due if due else None,
            watch=tuple(action.person for action in brought if action.how == "watch"),
            assign=next((action.person for action in brought if action.how == "assign"), ""),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What one pass would do to one source. `trouble` is set when the source itself could not be served.

    `clears`: it only takes back what is ours, which is written whatever the source's mode.
    """

    source: str
    tracker: str
    mode: Mode
    seen: int = 0
    tickets: tuple[TicketPlan, ...] = ()
    failed: tuple[Failed, ...] = ()
    refusal: str = ""
    trouble: str = ""
    notices: tuple[str, ...] = ()
    clears: bool = False

    @property
    def writes(self) -> bool:
        """Whether what is planned is written, unless the guard refuses it."""
        return self.clears or self.mode != "observe"

    def actions(self) -> list[Action]:
        """Every action, in the order in which it is shown and done."""
        return [action for ticket in self.tickets for action in ticket.actions]

    def skipped(self) -> list[Skipped]:
        """Every "no", in the order of its ticket."""
        return [skipped for ticket in self.tickets for skipped in ticket.skipped]


@dataclass(slots=True)
class _Draft:
    """One ticket's plan while it is being made."""

    ticket: Ticket
    actions: list[Action] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    again: bool = False

    def skip(self, what: str, why: str) -> None:
        self.skipped.append(Skipped(self.ticket.key, what, why))


def plan_ticket(judged: Judgement, memory: Memory | None, terms: Terms, *, edited: bool = False) -> TicketPlan:
    """The plan for one judged ticket; `edited`: its mapping was, since it was last judged.

    One that is resolved or closed keeps its category and severity and loses the labels of ours that call for
    somebody; all else on it is left as it is. Labels that go while it is done are forgotten, not refused: tidying
    up is no "no" to what a reopening brings. On one that is opted out nothing is done at all.
    """
    before = memory or NOTHING
    draft = _Draft(judged.ticket)
    after = _noticed(judged, before, terms)
    if edited:
        after = replace(after, refused=_named_anew(after.refused, judged))
    if judged.opted_out:
        if judged.ticket.status.live:
            draft.skip("whatever is owed", judged.opted_out.why)
        return TicketPlan(judged.ticket, judged, (), tuple(draft.skipped), before, after)
    if judged.labels is None:
        after = _done(draft, after)
    else:
        after = _labels(draft, judged, after, terms)
        after = _due(draft, judged, after)
    _comment(draft, judged, before, terms)
    if terms.follow_up:
        _follow_up(draft, judged, before, terms, terms.follow_up)
    skipped = tuple(sorted(draft.skipped))
    return TicketPlan(judged.ticket, judged, tuple(draft.actions), skipped, before, after, draft.again)


def _noticed(judged: Judgement, before: Memory, terms: Terms) -> Memory:
    """The memory with what people have done since to what we wrote.

    A label that they took off is refused while its reason stands, one that they put back is theirs, and so is a
    date that they put in the place of ours, until they empty the field.
    """
    ticket = judged.ticket
    after = replace(before, labels=(before.labels & ticket.labels) - contact.labels_kept_by_people(ticket))
    if before.due_written and (ticket.due_text or ticket.due not in {None, before.due}):
        after = replace(after, due=None, due_written=False)
    if judged.labels is None:
        return after
    wanted = {want.label: want.reason for want in judged.labels}
    refused = dict(_still_refused(before, ticket, wanted, terms))
    for label in before.labels - ticket.labels:
        refused |= {name: wanted[name] for name in wanted.keys() - ticket.labels if terms.same(label, name)}
    return replace(after, refused=refused)


def _still_refused(
    before: Memory, ticket: Ticket, wanted: Mapping[str, str], terms: Terms
) -> Iterator[tuple[str, str]]:
    """The labels that people took off and did not put back, by their present names.

    One that was refused under another prefix is known by the end of its name and by its reason.
    """
    for label, reason in before.refused.items():
        if label in ticket.labels:
            continue
        if label.startswith(terms.prefix):
            yield label, reason
            continue
        same = (name for name, why in wanted.items() if reason in {why, WHATEVER} and terms.same(label, name))
        yield next(same, label), reason


def _named_anew(refused: Mapping[str, str], judged: Judgement) -> dict[str, str]:
    """The refused labels by the reasons that an edit of the mapping gives them: no news to who refused them."""
    return {**refused, **{want.label: want.reason for want in judged.labels or () if want.label in refused}}


def _done(draft: _Draft, before: Memory) -> Memory:
    """Nobody is called for any more."""
    calling = {label for label in before.labels if _CALLING.search(label)}
    because = Because("status", "the ticket is done, and nobody is called for any more")
    draft.actions += [RemoveLabel(draft.ticket.id, label, because) for label in sorted(calling)]
    return replace(before, labels=before.labels - calling)


def _labels(draft: _Draft, judged: Judgement, before: Memory, terms: Terms) -> Memory:
    ticket, prefix = judged.ticket, terms.prefix
    wanted = {want.label: want for want in judged.labels or ()}
    refused = dict(before.refused)
    ours = _ours(judged, before, prefix, wanted.keys())
    for label, want in sorted(wanted.items()):
        if label in ticket.labels:
            continue
        if refused.get(label) in {want.reason, WHATEVER}:
            refused[label] = want.reason
            draft.skip(f"label {label}", "a person took it off; it stays off until its reason changes")
            continue
        refused.pop(label, None)
        draft.actions.append(AddLabel(ticket.id, label, want.because))
        ours.add(label)
    for label in sorted(ours - wanted.keys()):
        renamed = not label.startswith(prefix)
        because = Because(f"labels.prefix {prefix}", "labels begin so now" if renamed else "it no longer holds")
        draft.actions.append(RemoveLabel(ticket.id, label, because))
        ours.discard(label)
    for label, why in sorted(judged.withheld.items()):
        draft.skip(f"label {label}", why)
    return replace(before, labels=frozenset(ours), refused=refused)


def _ours(judged: Judgement, before: Memory, prefix: str, wanted: AbstractSet[str]) -> set[str]:
    """The labels on the ticket that are ours to keep or to take off.

    That is what we wrote; what we want and no person has put last, as after a loss of the state; and a
    severity or category beside the wanted one, for a person who has decided since means that one alone.
    """
    ticket = judged.ticket
    ours = before.labels | (wanted - contact.labels_kept_by_people(ticket))
    for names in (SEVERITIES, CATEGORIES):
        group = {prefix + name for name in names}
        ours |= group - wanted if group & wanted else set()
    return set(ours & ticket.labels)


def _due(draft: _Draft, judged: Judgement, before: Memory) -> Memory:
    ticket, want = judged.ticket, judged.due
    written = before.due if before.due_written else None
    if want is None or ticket.due == want.day:
        return _undue(draft, judged, before) if judged.undue and written else before
    if why := _why_theirs(ticket, written):
        draft.skip("due date", why)
        return before
    draft.actions.append(SetDue(ticket.id, want.day, want.because))
    return replace(before, due=want.day, due_written=True)


def _undue(draft: _Draft, judged: Judgement, before: Memory) -> Memory:
    """Nothing runs out any more: the date goes if it is still the one that we wrote."""
    if judged.ticket.due != before.due:
        return before
    draft.actions.append(SetDue(judged.ticket.id, None, Because("due", "no promise runs out any more")))
    return replace(before, due=None, due_written=False)


def _why_theirs(ticket: Ticket, written: date | None) -> str:
    """Why the due date is not ours to write; empty if it is."""
    if ticket.due_text:
        return f"the field holds “{ticket.due_text[:40]}”, which is no date; correct it by hand"
    if ticket.due is not None and ticket.due != written:
        return f"a person set it to {ticket.due}; it is theirs"
    if ticket.due is None and written:
        return "a person cleared the date that makegood wrote; it stays empty"
    return ""


def _comment(draft: _Draft, judged: Judgement, before: Memory, terms: Terms) -> None:
    for wait in judged.held:
        if _is_news(judged.ticket, wait.saying, before):
            draft.skip("comment", f"{wait.saying.obligation.promise}: {wait.why}")
    owed = [saying for saying in judged.sayings if _is_news(judged.ticket, saying, before)]
    if not owed:
        return
    fresh = [saying for saying in owed if judged.now - saying.since <= terms.backlog_after]
    if len(fresh) < len(owed):
        oldest = min(saying.since for saying in owed)
        draft.skip("comment", f"backlog: it fell due on {oldest:%Y-%m-%d}, longer ago than backlog_after allows")
    if not fresh:
        return
    if before.doubtful is not None:
        draft.skip(
            "comment",
            f"the outcome of the comment sent at {before.doubtful:%Y-%m-%d %H:%M} UTC is unknown; "
            "nothing more is said until it is found or `settle_after` has passed",
        )
        return
    if terms.mode == "labels":
        draft.skip("comment", 'the source is in mode "labels"; set mode = "full" to let it comment')
        return
    _say(draft, judged, fresh, terms)


def _say(draft: _Draft, judged: Judgement, fresh: list[Saying], terms: Terms) -> None:
    """One comment: what the client may read before what only staff may; the other one follows in the next pass."""
    for_client = [saying for saying in fresh if saying.to_client]
    inside = [saying for saying in fresh if not saying.to_client]
    if for_client:
        message = _to_client(judged, for_client[0], terms)
        if not isinstance(message, str):
            draft.actions += message
            if inside or for_client[1:]:
                draft.skip("comment", "one comment at a time: it follows in the next pass")
                draft.again = True
            return
        draft.skip("message to the client", message)
    if not inside:
        return
    audience = _audience(judged)
    if audience is None:
        draft.skip("comment", _why_unsaid(judged))
        return
    comment = _spoken(judged, inside, audience, terms)
    draft.actions += [*_brought(judged, inside, terms), comment]


def _why_not_to_client(judged: Judgement, terms: Terms) -> str:
    """Why a message must not reach the client; empty if it may."""
    category = judged.classification.category
    if judged.audience < Audience.INTERNAL:
        return f"a {category} ticket is confidential: never the client"
    if category in terms.careful and not judged.approved:
        labels = " or ".join(terms.approvals) or "(none is mapped under [approval])"
        return f"{category} is careful: a second pair of eyes approves it by the label {labels}"
    return ""


def _to_client(judged: Judgement, saying: Saying, terms: Terms) -> list[Action] | str:
    """The message to the client, or why there is none.

    One with a slip in its tone becomes an internal comment that says why and holds its text. Either way it is
    said: a template that is mended later sends nothing that staff have sent by hand.
    """
    if why := _why_not_to_client(judged, terms):
        return why
    comment = _spoken(judged, [saying], Audience.CLIENT, terms)
    slips = terms.slips(judged, comment.body)
    if not slips:
        return [comment]
    audience = _audience(judged)
    if audience is None:
        return f"{slips}; and staff are not told of it by a comment, for clients may read every comment here"
    clock = replace(saying.clock, about=Withheld(slips, plain(comment.body)))
    told = replace(saying, obligation=replace(saying.obligation, promise="withheld"), clock=clock)
    inside = _spoken(judged, [told], audience, terms)
    inside = replace(inside, ids=comment.ids, obligations=comment.obligations)
    return [*_brought(judged, [told], terms), inside]


def _brought(judged: Judgement, sayings: list[Saying], terms: Terms) -> Iterator[BringIn]:
    """Those who are asked, brought to the ticket; nobody to a confidential one, for that would tell who it is."""
    if judged.audience < Audience.INTERNAL:
        return
    ticket = judged.ticket
    asked: dict[str, Saying] = {}
    for saying in sayings:
        if saying.to.id and saying.role:
            asked.setdefault(saying.to.id, saying)
    for number, saying in asked.items():
        if "watch" in terms.bring_in:
            yield BringIn(ticket.id, number, saying.person, "watch", saying.because)
    if "assign" in terms.bring_in and ticket.assignee is None and asked:
        number, saying = next(iter(asked.items()))
        yield BringIn(ticket.id, number, saying.person, "assign", saying.because)


def _spoken(judged: Judgement, sayings: list[Saying], audience: Audience, terms: Terms) -> AddComment:
    ticket = judged.ticket
    obligations = tuple(saying.obligation for saying in sayings)
    rules = dict.fromkeys(saying.because.rule for saying in sayings)
    texts = dict.fromkeys(saying.because.text for saying in sayings)
    return AddComment(
        ticket=ticket.id,
        ids=tuple(obligation.id(ticket.site, ticket.id) for obligation in obligations),
        obligations=obligations,
        audience=audience,
        because=Because("; ".join(rules), "; ".join(texts)),
        write=partial(terms.render, judged, sayings),
        to=tuple(dict.fromkeys(saying.to.id for saying in sayings if saying.to.id and not saying.to_client)),
        rules=tuple(saying.because.rule for saying in sayings),
        roles=tuple(saying.role for saying in sayings),
    )


def _follow_up(
    draft: _Draft,
    judged: Judgement,
    before: Memory,
    terms: Terms,
    write: Callable[[Judgement, Clock], tuple[str, Document]],
) -> None:
    """An issue of its own for each promise that is to have one, made once per occasion."""
    ticket = judged.ticket
    for clock in judged.clocks:
        obligation = Obligation(clock.promise, clock.occasion, 0)
        mark = obligation.id(ticket.site, ticket.id)
        wanted = clock.promise in terms.follow_ups and clock.live and clock.started <= judged.now
        if not wanted or before.has_said(mark) or judged.now - clock.started > terms.backlog_after:
            continue
        if why := _why_no_follow_up(judged, mark in before.unsure, terms):
            draft.skip(f"follow-up for {clock.promise}", why)
            continue
        title, body = write(judged, clock)
        due = clock.due.astimezone(ZoneInfo(terms.zone)).date() if clock.due else None
        owner = ticket.assignee.id if ticket.assignee else ""
        made = FollowUp(title, body, mark, due, (f"{terms.prefix}follow-up",), owner)
        draft.actions.append(MakeFollowUp(ticket.id, obligation, made, Because(clock.rule, TEXTS[clock.promise])))


def _why_no_follow_up(judged: Judgement, unsure: bool, terms: Terms) -> str:  # noqa: FBT001 - whether it may be there
    if judged.audience < Audience.INTERNAL:
        return (
            f"a {judged.classification.category} ticket is confidential, and a linked issue has readers of its own"
        )
    if not terms.staff_only:
        return 'clients may read this source; state readers = "staff" in the config if they cannot'
    if unsure:
        return "it is not known yet whether it was made before"
    return 'the source is in mode "labels"' if terms.mode == "labels" else ""


def within_budget(
    plan: TicketPlan, attention: AttentionFile, today: Counter[str], asked: Counter[str], policy: Policy
) -> TicketPlan:
    """The plan without its comment, if that would ask somebody too often today.

    People are counted by name, whatever their ids in several trackers: `today` by the comments of earlier passes,
    `asked` by those of this one, to which the plan's own is added if it stays.
    """
    comment, budget = plan.comment, attention.budget
    if comment is None:
        return plan
    severity, people = plan.judged.rating.severity, {policy.name_of(number) for number in comment.to}
    over = any(exhausted(attention, severity, today[name] + asked[name]) for name in people)
    if not over or budget is None:
        asked.update(people)
        return plan
    actions = tuple(action for action in plan.actions if not isinstance(action, AddComment | BringIn))
    why = f"{budget.per_day} comments ask for the same person today already; it waits until tomorrow, by urgency"
    skipped = (*plan.skipped, Skipped(plan.ticket.key, "comment", why))
    return replace(plan, actions=actions, skipped=tuple(sorted(skipped)), tomorrow=True)


def _is_news(ticket: Ticket, saying: Saying, memory: Memory) -> bool:
    owed = saying.obligation
    return memory.last_step(ticket.site, ticket.id, owed.promise, owed.occasion, owed.step) < owed.step


def _audience(judged: Judgement) -> Audience | None:
    """The widest circle that may read the comment and that the tracker can confine it to."""
    able = judged.ticket.audiences
    return max((audience for audience in able if Audience.NONE < audience <= judged.audience), default=None)


def _why_unsaid(judged: Judgement) -> str:
    if judged.audience is Audience.NONE:
        return f"a {judged.classification.category} ticket is confidential, and clients may read this source"
    if judged.audience is Audience.RESTRICTED:
        return (
            f"a {judged.classification.category} ticket is confidential, and a comment here cannot be confined to "
            "a restricted circle; set restricted_to in the mapping if the tracker can"
        )
    return 'clients may read comments here; state readers = "staff" in the config if they cannot'


def try_templates(plans: Iterable[TicketPlan]) -> None:
    """Write one comment of each make-up, so that a template's fault shows before anything is sent.

    ConfigurationError, with file and line.
    """
    tried: set[frozenset[tuple[str, bool]]] = set()
    for plan in plans:
        if plan.comment is None:
            continue
        makeup = frozenset((owed.promise, owed.step >= BREACH) for owed in plan.comment.obligations)
        if makeup not in tried:
            tried.add(makeup)
            _ = plan.comment.body


def digest(plan: Plan) -> str:
    """What one plan is known by, 12 characters: which actions on which tickets, whatever their wording.

    A comment is another one where others may read it.
    """
    whole = "\n".join(
        sorted(
            identity(each.ticket.site, action) + (f" {action.audience}" if isinstance(action, AddComment) else "")
            for each in plan.tickets
            for action in each.actions
        )
    )
    return hashlib.sha256(f"{plan.source}\n{whole}".encode("utf-8", "surrogatepass")).hexdigest()[:12]


def guard(tickets: Iterable[TicketPlan], limits: Limits, live: int, unclassified: int) -> str:
    """Why this plan cannot be meant, naming number, key and remedy; empty if it can.

    `live` and `unclassified` count the pass's tickets; the share is looked at from ten live ones on.
    """
    plans = list(tickets)
    actions = sum(len(plan.actions) for plan in plans)
    if actions > limits.actions:
        return (
            f"{actions} actions in one pass, and {limits.measure} allows {limits.actions}; "
            "look through the dry run, then raise it"
        )
    client = sum(plan.comment is not None and plan.comment.audience is Audience.CLIENT for plan in plans)
    if client > limits.client_comments:
        return (
            f"{client} comments that a client can read in one pass, and guard.client_comments allows "
            f"{limits.client_comments}; look through the dry run, then raise it"
        )
    if live >= SMALLEST_SAMPLE and unclassified > limits.unclassified * live:
        return (
            f"{unclassified} of {live} tickets are unclassified, and guard.unclassified allows a share of "
            f"{limits.unclassified:.0%}; look at taxonomy.toml and the mapped category field, or raise it"
        )
    return ""
