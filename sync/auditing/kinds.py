"""What an audit can find: drift by its kind, each with its remedy, and what people decided, which is no drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Kind = Literal[
    "said_twice",
    "comment_leaked",
    "promise_unsaid",
    "comment_gone",
    "label_gone",
    "due_gone",
    "edit_undone",
    "write_open",
    "comment_unknown",
    "follow_up_unknown",
    "label_unexplained",
    "due_unexplained",
    "ledger_contradicts",
    "ticket_unknown",
    "ticket_gone",
]
"""What can be found, the gravest first; a closed set, for a metric has one series for each."""

KINDS: tuple[Kind, ...] = get_args(Kind)

Group = Literal["missing", "unexplained", "state"]
GROUPS: Mapping[Group, frozenset[Kind]] = {
    "missing": frozenset(
        ("promise_unsaid", "comment_gone", "label_gone", "due_gone", "edit_undone", "write_open"),
    ),
    "unexplained": frozenset(
        (
            *("said_twice", "comment_leaked", "comment_unknown", "follow_up_unknown"),
            *("label_unexplained", "due_unexplained"),
        )
    ),
    "state": frozenset(("ledger_contradicts", "ticket_unknown", "ticket_gone")),
}
"""What we promised and is not there, what is there and nobody can explain, and where the state is behind."""

TITLES: Mapping[Kind, str] = {
    "said_twice": "said twice",
    "comment_leaked": "comment read by more people than was meant",
    "promise_unsaid": "promise not said",
    "comment_gone": "comment gone",
    "label_gone": "label gone",
    "due_gone": "due date gone",
    "edit_undone": "not written",
    "write_open": "write of unknown outcome",
    "comment_unknown": "comment that the state does not know",
    "follow_up_unknown": "follow-up that the state does not know",
    "label_unexplained": "label that nothing explains",
    "due_unexplained": "due date that nothing explains",
    "ledger_contradicts": "ledger on the ticket that knows more than the state",
    "ticket_unknown": "ticket that the state does not know",
    "ticket_gone": "ticket that is not there any more",
}

REMEDIES: Mapping[Kind, str] = {
    "said_twice": "delete all but one of them by hand, and report it: this must never happen",
    "comment_leaked": "delete or restrict it by hand, then correct `readers` or `restricted_to`",
    "promise_unsaid": "`makegood status` tells whether passes are made, and "
    "`makegood --dry-run --only {ticket} -v` what this one would say",
    "comment_gone": "none if it was deleted on purpose: it is not said again; else tell people by hand",
    "label_gone": "put it back by hand if it should stand, and look for what takes labels off",
    "due_gone": "write it back by hand if it should stand, and makegood keeps it from then on",
    "edit_undone": "`makegood status` tells whether passes are made, and "
    "`makegood --dry-run --only {ticket}` what this one would write",
    "write_open": "look at the ticket by hand; while it is open nothing more is said there",
    "comment_unknown": "`makegood rebuild` reads it back",
    "follow_up_unknown": "close it by hand if nobody needs it; none is made a second time",
    "label_unexplained": "take it off by hand, or leave it: makegood does not touch it",
    "due_unexplained": "empty the field by hand, and makegood keeps it from then on",
    "ledger_contradicts": "`makegood rebuild` reads it back",
    "ticket_unknown": "any change of it lets the next pass find it; the next crawl does so anyway",
    "ticket_gone": "none if it was deleted or moved; else give makegood's account the right to see it",
}
"""What to do about each; `{ticket}` is its key."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where what is wanted, what the state remembers and what stands on a ticket part.

    `about` tells it from others of its kind on the ticket: a label, an action id, a comment's id. `since` is when
    it came to be so, if known; `rule` is the mapping cell behind it, empty if none is.
    """

    source: str
    ticket: str
    url: str
    kind: Kind
    about: str
    what: str
    since: datetime | None = None
    rule: str = ""

    @property
    def remedy(self) -> str:
        """What a person does about it."""
        return REMEDIES[self.kind].format(ticket=self.ticket)

    @property
    def group(self) -> Group:
        """Whether something is missing, unexplained, or only the state is behind."""
        return next(group for group, kinds in GROUPS.items() if self.kind in kinds)

    @property
    def identity(self) -> tuple[str, ...]:
        """What a second look knows it by."""
        return self.source, self.ticket, self.kind, self.about

    @property
    def rank(self) -> tuple[int, str, str, str]:
        """The gravest first."""
        return KINDS.index(self.kind), self.source, self.ticket, self.about


Choice = Literal["label_off", "label_on", "due_date", "taken_back", "by_hand", "ticket_gone"]

CHOICES: Mapping[Choice, tuple[str, str]] = {
    "label_off": ("label taken off", "labels taken off"),
    "label_on": ("label put by hand", "labels put by hand"),
    "due_date": ("due date set or cleared", "due dates set or cleared"),
    "taken_back": ("thing taken back by `makegood undo`", "things taken back by `makegood undo`"),
    "by_hand": ("comment by hand with makegood's account", "comments by hand with makegood's account"),
    "ticket_gone": ("ticket deleted or moved away", "tickets deleted or moved away"),
}
"""What people can decide, as one and as several of them."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person made of something of ours: theirs, and no drift. `at` None where no history tells."""

    source: str
    ticket: str
    kind: Choice
    what: str
    whose: str = ""
    at: datetime | None = None
