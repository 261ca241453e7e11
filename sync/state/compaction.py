"""Housekeeping of the state file: what nobody can need any more goes, in short steps; what was said never does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.state.archive import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from sync.state.store import Store

OLD = timedelta(days=365)
"""So long, and at least for `keep`, what was written on a ticket is kept though the ticket goes on *(ours)*."""
DAY = timedelta(days=1)
"""So long a notice that was perhaps sent keeps its words *(ours)*."""
AT_ONCE = 200
"""Rows of one commit *(ours)*: nobody else waits for longer than that."""
AT_A_LOOK = 20_000
"""Rows that are looked for at once *(ours)*, so that they take little memory."""
SPARE = 0.25
"""The share of the file that may be free before the file is written anew *(ours)*."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Which rows of a table may go, as a condition on them, and the columns that tell one row from another.

    In the condition `:done` is the instant before which the last thing must have happened on a ticket that is
    done, `:old` that for one that goes on, and `:watched` whether the ticket does.
    """

    table: str
    key: tuple[str, ...]
    over: str

    def condition(self, done: datetime, old: datetime) -> str:
        """The condition as SQL."""
        watched = _WATCHED.replace(":table", self.table)
        return (
            self.over.replace(":watched", watched)
            .replace(":done", f"'{text(done)}'")
            .replace(":old", f"'{text(old)}'")
        )


_WATCHED = """EXISTS (
    SELECT 1 FROM tickets WHERE tickets.site = :table.site AND id = :table.ticket
    AND (live OR wake_at IS NOT NULL)
)"""
RULES = (
    _Rule(
        "journal",
        ("number",),
        """
        intended_at < :done AND outcome NOT IN ('intended', 'unknown')
        AND NOT EXISTS (
            SELECT 1 FROM journal AS other WHERE other.site = journal.site AND other.ticket = journal.ticket
            AND other.outcome IN ('intended', 'unknown')
        )
        AND NOT EXISTS (SELECT 1 FROM notices WHERE outcome = 'intended' AND comment = journal.number)
        AND (intended_at < :old OR NOT (:watched OR EXISTS (
            SELECT 1 FROM journal AS other WHERE other.site = journal.site AND other.ticket = journal.ticket
            AND other.intended_at >= :done
        )))
        """,
    ),
    _Rule(
        "notices",
        ("mark",),
        """
        coalesce(ended_at, intended_at) < :done AND NOT EXISTS (
            SELECT 1 FROM journal WHERE number = comment AND journal.outcome IN ('intended', 'unknown')
        )
        """,
    ),
    _Rule("overrides", ("site", "ticket", "what", "reason"), "at < :done AND (at < :old OR NOT :watched)"),
    _Rule("granted", ("site", "ticket", "promise", "occasion"), "at < :done AND NOT :watched"),
    _Rule("suggestions", ("content",), "at < :old"),
    _Rule("unread", ("source", "id"), "wake_at < :done"),
)
"""What may go, of each table that grows with time. What exactly-once hangs on is in none of them: what was said,
what we wrote and people refused, the observation log, and writes whose outcome is not known yet.
"""

_WORDS = (
    "UPDATE notices SET detail = json_set(detail, '$.subject', '', '$.body', '') "
    "WHERE outcome = 'unknown' AND ended_at < ? AND json_extract(detail, '$.body') <> ''"
)
_BEGUN = (
    "INSERT INTO meta VALUES ('compacted_at', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value "
    "WHERE abs(julianday(value) - julianday(excluded.value)) >= 1"
)
_SINCE = (
    "INSERT INTO meta VALUES ('journal_since', ?) "
    "ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)"
)


@dataclass(frozen=True, slots=True)
class Compacted:
    """How many rows of each table went (`words`: notices that lost theirs), and how many bytes the disk got back.

    Of tickets that are done the journal is whole from `since` on.
    """

    rows: Mapping[str, int]
    since: datetime
    freed: int = 0


def daily(
    store: Store, now: datetime, keep: timedelta, stopping: Callable[[], bool] = lambda: False
) -> Compacted | None:
    """`compact`, at most once a day however many ask; None where nothing was to be done yet."""
    if not store.tidy((_BEGUN, [(text(now),)])):
        return None
    return compact(store, now, keep, stopping=stopping, spare=SPARE)


def compact(
    store: Store,
    now: datetime,
    keep: timedelta,
    *,
    stopping: Callable[[], bool] = lambda: False,
    spare: float = 0.0,
) -> Compacted:
    """Take out what nobody can need any more: what happened on a done ticket more than `keep` ago, and on others
    more than a year ago.

    Each step is a commit of its own, so it may end after any of them, as by `stopping` or a crash; the next time
    goes on. If more than the share `spare` of the file is free then, the file is written anew, smaller.
    """
    done = now - keep
    old = min(done, now - OLD)
    rows = {}
    for rule in RULES:
        rows[rule.table] = sum(_emptied(store, rule, done, old, stopping))
    rows["words"] = store.tidy((_WORDS, [(text(now - DAY),)]))
    return Compacted(rows, done, 0 if stopping() else store.shrink(spare))


def _emptied(
    store: Store, rule: _Rule, done: datetime, old: datetime, stopping: Callable[[], bool]
) -> Iterator[int]:
    """How many rows went, commit by commit; each is looked at once more, for others work meanwhile."""
    key, over = ", ".join(rule.key), rule.condition(done, old)
    look = f"SELECT {key} FROM {rule.table} WHERE {over} LIMIT {AT_A_LOOK}"  # noqa: S608 - ours
    chosen = " AND ".join(f"{column} = ?" for column in rule.key)
    remove = f"DELETE FROM {rule.table} WHERE {chosen} AND {over}"  # noqa: S608 - ours
    while found := store.ask(look):
        if rule.table == "journal":
            store.tidy((_SINCE, [(text(done),)]))
        for begin in range(0, len(found), AT_ONCE):
            if stopping():
                return
            yield store.tidy((remove, found[begin : begin + AT_ONCE]))
