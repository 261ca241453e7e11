"""Tickets as a firm's state knows them after years: filed by the store itself, as passes would have filed them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from sync.action import Obligation
from sync.judging.facts import Habits, Known, Record, Told
from sync.judging.memory import Memory
from sync.judging.standing import Due, Standing
from sync.state.records import Intent, Remembered, Row, Settlement, SourceState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sync.state.store import Store

SITE = "agency-example.atlassian.net"
SOURCE = "jira"
OPENED = datetime(2026, 3, 2, 9, 12, 31, 417_000, tzinfo=UTC)
FAR = timedelta(days=2000)
"""After `OPENED`: when the tickets that go on want to be judged again."""
CLIENTS = 100
RULE = "escalation.toml:[high].update.within"
AT_ONCE = 1000


@dataclass(frozen=True)
class Kind:
    """What has become of a ticket: whether it goes on, has labels and a due date of ours, and our comments."""

    live: bool
    labelled: bool = False
    comments: int = 0


KINDS = {
    "done, nothing of ours on it": Kind(live=False),
    "done, with labels and a due date": Kind(live=False, labelled=True),
    "done, with 5 comments too": Kind(live=False, labelled=True, comments=5),
    "live, nothing of ours on it": Kind(live=True),
    "live, with labels and a due date": Kind(live=True, labelled=True),
    "live, with 5 comments too": Kind(live=True, labelled=True, comments=5),
}


def fill(store: Store, kind: Kind, numbers: Iterable[int], at: datetime = OPENED) -> None:
    """File so many tickets of a kind; what is of ours on them was written at `at`."""
    state = SourceState(SITE, "cursor", at, "policy 1", at)
    for batch in _batches(numbers):
        store.remember(SOURCE, Remembered(state, [_row(number, kind) for number in batch]))
        if kind.labelled:
            _label(store, batch, at)
        for comment in range(kind.comments):
            _say(store, batch, comment, at)


def _batches(numbers: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(numbers)
    while batch := list(islice(rest, AT_ONCE)):
        yield batch


def _row(number: int, kind: Kind) -> Row:
    """A ticket of average length, three comments of its client's on it; of a done one as passes keep it."""
    opened = OPENED + timedelta(minutes=number)
    habits = Habits(tuple((opened + timedelta(hours=hour, microseconds=1), 180, 95) for hour in range(3)))
    title, url = "The monthly export shows other totals than the invoice", f"https://{SITE}/browse/OPS-{number}"
    record = Record(title, url, "Consultant 12") if kind.live else Record(owner="Consultant 12")
    resolved = None if kind.live else opened + timedelta(days=3)
    names = (SITE, str(10_000 + number), f"OPS-{number}", f"Client {number % CLIENTS}")
    known = Known(*names, "delivery", opened, resolved, Told("Rollout", "high"), habits, record)
    return Row(SOURCE, known, kind.live, OPENED + FAR if kind.live else None, _standing(number, kind))


def _standing(number: int, kind: Kind) -> Standing:
    if not kind.live:
        return Standing("high", policy="0123456789abcdef")
    dues = (
        Due("update", OPENED + FAR, RULE, f"comment {number}"),
        Due("solution_told", OPENED + FAR, "promises.toml:solution_told.within", "created"),
    )
    parts = {"severity high": 30, "nobody owns it": 10}
    return Standing("high", parts=parts, dues=dues, policy="0123456789abcdef")


def _label(store: Store, batch: list[int], at: datetime) -> None:
    rules = {"esc:delivery": "taxonomy.toml:delivery.late", "esc:high": "severity.toml:field_values.high"}
    detail = {"add": [*rules], "remove": [], "due": "2026-03-09", "rules": rules | {"due": RULE}}
    after = Memory(labels=frozenset(rules), due=date(2026, 3, 9), due_written=True)
    intents = [Intent(SITE, str(10_000 + number), "edit", detail) for number in batch]
    numbers = store.intend("run of labels", intents, at)
    settled = [
        Settlement(entry, SITE, intent.ticket, "settled", memory=after)
        for entry, intent in zip(numbers, intents, strict=True)
    ]
    store.settle(settled, at)


def _say(store: Store, batch: list[int], comment: int, at: datetime) -> None:
    """One comment on each, and the write of the ledger that goes before it."""
    owed = [Obligation("update", f"comment {10_000 + 7 * number + comment}", 1) for number in batch]
    edits = [Intent(SITE, str(10_000 + number), "edit", {"add": [], "remove": []}) for number in batch]
    comments = [Intent(SITE, edit.ticket, "comment", _said(each)) for edit, each in zip(edits, owed, strict=True)]
    numbers = store.intend(f"run {comment:08}", [*edits, *comments], at)
    store.settle(
        [Settlement(entry, SITE, edit.ticket, "settled") for entry, edit in zip(numbers, edits, strict=False)], at
    )
    spoken = zip(numbers[len(batch) :], comments, owed, strict=True)
    store.settle([Settlement(n, SITE, c.ticket, "settled", (o,), str(20_000 + n)) for n, c, o in spoken], at)


def _said(owed: Obligation) -> dict[str, object]:
    said = [[owed.promise, owed.occasion, owed.step]]
    detail: dict[str, object] = {"said": said, "audience": "internal", "to": ["5b10ac8d82e05b22cc7d4ef5"]}
    return detail | {"rules": [RULE], "roles": ["delivery_lead"], "text": "0123456789abcdef"}
