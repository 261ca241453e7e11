"""All that we may ever do to a tracker, what identifies it, and why something is not done."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal, assert_never

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from sync.promise_names import PromiseName
    from sync.richtext import Document
    from sync.ticket import Audience

REFERENCE_LENGTH = 6
_IDS_REMEMBERED = 4_096  # of the tickets in hand, each of which is asked for several times: 1 MB


@dataclass(frozen=True, slots=True)
class Because:
    """The rule that made an action, as written in a mapping file, and the sentence a person reads."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Obligation:
    """One thing owed to be said: a promise's step on one occasion.

    `occasion` is the id of the tracker event that opened it (a comment, a change, or `created`); `step` counts
    from 1. Neither depends on names, figures or texts of the mapping, so editing those re-sends nothing.
    """

    promise: PromiseName
    occasion: str
    step: int

    def id(self, site: str, ticket: str) -> str:
        """The action id (idempotency key): 12 characters, the first 6 of which are the visible reference."""
        return action_id(site, ticket, self.promise, self.occasion, self.step)


@lru_cache(maxsize=_IDS_REMEMBERED)
def action_id(site: str, ticket: str, promise: str, occasion: str, step: int) -> str:
    """The idempotency key of one step: 60 bits over site, immutable ticket id, promise, occasion, step."""
    parts = "\x1f".join((site, ticket, promise, occasion, str(step)))
    digest = hashlib.sha256(parts.encode("utf-8", "surrogatepass")).digest()
    return b32encode(digest[:10])[:12].decode().lower()


def reference(identifier: str) -> str:
    """The short visible form of an action id, unique enough within one ticket (30 bits)."""
    return identifier[:REFERENCE_LENGTH]


@dataclass(frozen=True, slots=True)
class AddLabel:
    """Put one label of ours on the ticket."""

    ticket: str
    label: str
    because: Because


@dataclass(frozen=True, slots=True)
class RemoveLabel:
    """Take one label that we put off again."""

    ticket: str
    label: str
    because: Because


@dataclass(frozen=True, slots=True)
class SetDue:
    """Write the due date; `None` clears the one we wrote."""

    ticket: str
    due: date | None
    because: Because


@dataclass(frozen=True)
class AddComment:
    """One comment that carries every obligation of its ticket in this pass.

    `ids` are their action ids, `rules` the mapping cells behind them and `roles` who is asked, one for each; `to`
    are the users who are asked by the whole. Its text is written by `write` when it is first asked for: a first
    pass may have thousands of comments, of which a dry run shows none whole.
    """

    ticket: str
    ids: tuple[str, ...]
    obligations: tuple[Obligation, ...]
    audience: Audience
    because: Because
    write: Callable[[], Document] = field(compare=False, repr=False)
    to: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    @cached_property
    def body(self) -> Document:
        """The text. ConfigurationError, with file and line, for a template that fails."""
        return self.write()


@dataclass(frozen=True, slots=True)
class BringIn:
    """Bring the person who is asked to the ticket: as a follower, or as the owner of one that nobody owns."""

    ticket: str
    person: str
    name: str
    how: Literal["watch", "assign"]
    because: Because


@dataclass(frozen=True, slots=True)
class MakeFollowUp:
    """Make an issue of its own below the ticket for one of its promises; `obligation` has step 0."""

    ticket: str
    obligation: Obligation
    draft: FollowUp
    because: Because


@dataclass(frozen=True, slots=True)
class DeleteComment:
    """Take back one comment of ours, by its id on the tracker; `text` is its beginning, for whoever reviews it."""

    ticket: str
    comment: str
    text: str
    because: Because


Separate = MakeFollowUp | DeleteComment
"""Actions that are each a write of their own, after labels, due date and comment."""

Action = AddLabel | RemoveLabel | SetDue | BringIn | AddComment | Separate


def told(action: Action) -> tuple[str, str]:
    """An action's kind and what it is about, as the JSON of a plan names them; of a comment, its action ids."""
    match action:
        case AddLabel(label=label):
            kind, value = "add_label", label
        case RemoveLabel(label=label):
            kind, value = "remove_label", label
        case SetDue(due=due):
            kind, value = "set_due", due.isoformat() if due else ""
        case BringIn(person=person, how=how):
            kind, value = how, person
        case AddComment(ids=ids):
            kind, value = "add_comment", "+".join(ids)
        case MakeFollowUp(draft=draft):
            kind, value = "make_follow_up", draft.title
        case DeleteComment(comment=comment):
            kind, value = "delete_comment", comment
        case _:
            assert_never(action)
    return kind, value


def identity(site: str, action: Action) -> str:
    """What tells an action from every other: the ids of a comment, else an id over its kind and value."""
    kind, value = told(action)
    return value if kind == "add_comment" else action_id(site, action.ticket, kind, value, 0)


@dataclass(frozen=True, slots=True, order=True)
class Skipped:
    """A "no" with its reason: `what` would have been done, `why` it is not, with the remedy if there is one."""

    ticket: str
    what: str
    why: str


@dataclass(frozen=True, slots=True, order=True)
class Failed:
    """What went wrong with one ticket, or with a whole source (`ticket` is then empty).

    `ticket` is the id by which it is tried again, `key` what people call it, where that is another.
    """

    ticket: str
    what: str
    why: str
    key: str = ""

    @property
    def name(self) -> str:
        """What people call the ticket."""
        return self.key or self.ticket


@dataclass(frozen=True, slots=True)
class Edit:
    """What one write changes on a ticket: fields, labels and the ledger together.

    `due` is meant only when `set_due`. `watch` are ids of users who are to follow the ticket beside those who do;
    `assign` is the id of its new owner (empty: as it is). `ledger` is the whole new ledger as JSON-able
    values, or None where nothing is to be kept on the tracker.
    """

    add_labels: tuple[str, ...] = ()
    remove_labels: tuple[str, ...] = ()
    set_due: bool = False
    due: date | None = None
    watch: tuple[str, ...] = ()
    assign: str = ""
    ledger: dict[str, object] | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing visible would change; a ledger alone is no reason to write."""
        return not (self.add_labels or self.remove_labels or self.set_due or self.watch or self.assign)


@dataclass(frozen=True, slots=True)
class Draft:
    """A comment ready to be posted: `marks` are the action ids it settles, kept where the tracker allows."""

    body: Document
    audience: Audience
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """An issue of its own to be linked below a ticket: a verification, a post-mortem, a checkpoint.

    `mark` is its action id, kept on what is created as proof. `labels` hold `<prefix>follow-up`, by which it is
    known not to be judged itself; `assignee` is a user id, or empty.
    """

    title: str
    body: Document
    mark: str
    due: date | None = None
    labels: tuple[str, ...] = ()
    assignee: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What the tracker answered to a write: when (its own clock, aware UTC, if it says), the resulting label
    set if it says, for a comment its id and the audience that it really got, and the id of an issue `created`.
    """

    at: datetime | None = None
    labels: frozenset[str] | None = None
    comment: str = ""
    audience: Audience | None = None
    created: str = ""
