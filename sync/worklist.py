"""The work list: live tickets by urgency, with the next broken promise and the time to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from math import inf
from typing import TYPE_CHECKING, Any

from sync.judging.doubts import some
from sync.judging.severity import TIME_LEFT
from sync.judging.standing import rank
from sync.legible import inert
from sync.mapping.parts import folded
from sync.tables import Table
from sync.ticket import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from rich.console import Console

    from sync.judging.severity import Urgency
    from sync.judging.standing import Due, Standing
    from sync.state.records import Row

    Styled = list[tuple[str, str]]
    """Words of one cell, each with its style."""

NOBODY = "nobody"
"""What stands where a ticket has no owner."""

ROOMY = 100
"""Characters from which on lengths of time are told in two units *(ours)*."""

_SHORT = {TIME_LEFT: "time", "the client waits for an answer": "client waits", "nobody owns it": "no owner"}
"""Parts of the urgency as they are called where there is little room."""
_WEEK = 7
_STYLES = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "green"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One ticket of the work list, ranked at `now`; `flags` are its red flags in words.

    Of a `confidential` one tables and texts show neither category nor owner nor signs.
    """

    row: Row
    standing: Standing
    urgency: Urgency
    now: datetime
    flags: tuple[str, ...] = ()
    confidential: bool = False

    @property
    def owner(self) -> str:
        """The owner's name, or that there is none."""
        return self.row.known.record.owner or NOBODY

    @property
    def pressing(self) -> Due | None:
        """The promise that is broken longest, or else breaks next."""
        return next(iter(self.standing.dues), None)

    @property
    def why(self) -> str:
        """The parts of the urgency in words, the largest first."""
        parts = sorted(self.urgency.parts.items(), key=lambda part: (-part[1], part[0]))
        return ", ".join(f"{_SHORT.get(name, name)} {figure}" for name, figure in parts) or "nothing presses"

    @property
    def shown_owner(self) -> str:
        """The owner as tables and texts name them."""
        return "" if self.confidential else self.owner

    @property
    def signs(self) -> list[str]:
        """Early warnings and red flags, a sentence each, as tables and texts show them."""
        if self.confidential:
            return []
        return [*self.standing.warnings, *(f"red flag: {flag}" for flag in self.flags)]

    @property
    def place(self) -> tuple[int, int, float, str, str]:
        """What the list is sorted by: urgency, severity, the longest broken or the next promise, the key."""
        at = self.pressing.at.timestamp() if self.pressing else inf
        severity = SEVERITIES.index(self.standing.severity)
        return -self.urgency.score, -severity, at, self.row.known.key, self.row.known.site


def entries(
    rows: Iterable[Row], now: datetime, flags: Mapping[str, str], confidential: Collection[str] = ()
) -> list[Entry]:
    """The live tickets, the most urgent first; ties by severity, then by time, then by key.

    `flags`: what the labels of red flags mean. `confidential`: the categories of which little is shown.
    """
    ranked = [
        Entry(
            row,
            row.standing,
            rank(row.standing, now),
            now,
            tuple(flags.get(label, label) for label in row.known.habits.flags),
            row.known.category in confidential,
        )
        for row in rows
        if row.live and row.standing
    ]
    return sorted(ranked, key=lambda entry: entry.place)


def of_owner(listed: Iterable[Entry], owner: str) -> list[Entry]:
    """Those of one owner, by name whatever its case; those of `nobody`."""
    return [entry for entry in listed if folded(entry.owner) == folded(owner)]


def of_client(listed: Iterable[Entry], client: str) -> list[Entry]:
    """Those of one client, by its canonical name."""
    return [entry for entry in listed if entry.row.known.client == client]


# --- for programs -----------------------------------------------------------------------------------------------


def as_json(listed: Sequence[Entry]) -> list[dict[str, Any]]:
    """Each ticket with the parts of its urgency and its promises; instants are ISO in UTC."""
    return [
        {
            "urgency": entry.urgency.score,
            "parts": dict(entry.urgency.parts),
            "ticket": entry.row.known.key,
            "url": entry.row.known.record.url,
            "source": entry.row.source,
            "client": entry.row.known.client,
            "severity": entry.standing.severity,
            "category": entry.row.known.category,
            "owner": entry.row.known.record.owner,
            "waiting": entry.standing.waiting,
            "parked": entry.standing.parked,
            "opted_out": entry.standing.opted_out,
            "next": _promise(entry.standing.following(entry.now), entry.now),
            "broken": [_promise(due, entry.now) for due in entry.standing.broken(entry.now)],
            "warnings": list(entry.standing.warnings),
            "flags": list(entry.flags),
        }
        for entry in listed
    ]


def _promise(due: Due | None, now: datetime) -> dict[str, Any] | None:
    if due is None:
        return None
    minutes = (due.at - now) // timedelta(minutes=1)
    return {
        "promise": due.promise,
        "due": due.at.astimezone(UTC).isoformat(),
        "minutes_left": minutes,
        "rule": due.rule,
    }


def as_table(listed: Sequence[Entry]) -> Table:
    """The work list as rows, for CSV."""
    columns = (
        *("urgency", "ticket", "client", "severity", "category", "owner"),
        *("next_broken_promise", "time_to_it", "parked", "why", "signs", "url"),
    )
    return Table("worklist", columns, tuple(_cells(entry) for entry in listed))


def _cells(entry: Entry) -> tuple[str | int, ...]:
    known = entry.row.known
    return (
        entry.urgency.score,
        known.key,
        known.client,
        entry.standing.severity,
        "" if entry.confidential else known.category,
        entry.shown_owner,
        _named(entry.pressing),
        _when(entry.pressing, entry.now),
        "parked" if entry.standing.parked else "",
        entry.why,
        "; ".join(entry.signs),
        known.record.url,
    )


def _named(due: Due | None) -> str:
    return due.promise.replace("_", " ") if due else ""


def _when(due: Due | None, now: datetime, units: int = 2) -> str:
    """`in 2 h 10 min`, or `late by 1 d`."""
    if due is None:
        return ""
    return f"late by {brief(now - due.at, units)}" if due.at <= now else f"in {brief(due.at - now, units)}"


def brief(amount: timedelta, units: int = 2) -> str:
    """A length of time in its one or two largest units, from a week on in days, short enough for a column."""
    hours, minutes = divmod(amount // timedelta(minutes=1), 60)
    days, hours = divmod(hours, 24)
    counted = [(days, "d"), (0 if days >= _WEEK else hours, "h"), (0 if days else minutes, "min")]
    return " ".join([f"{count} {unit}" for count, unit in counted if count][:units]) or "0 min"


# --- for people -------------------------------------------------------------------------------------------------


def show(listed: Sequence[Entry], console: Console, *, verbose: bool = False) -> None:
    """The work list on a terminal: a line for each ticket, the signs of each client, and who is parked.

    With `verbose` also what makes each ticket as urgent as it is. What has no room in its column is cut short.
    """
    from rich.table import Table as Grid  # noqa: PLC0415 - only when something is shown
    from rich.text import Text  # noqa: PLC0415 - likewise

    grid = Grid(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for head in _HEADS:
        grid.add_column(head, justify="left" if head else "right", no_wrap=head not in _YIELDING)
    units = 2 if console.width >= ROOMY else 1
    for entry in listed:
        grid.add_row(*(Text.assemble(*cell, no_wrap=True, overflow="ellipsis") for cell in _line(entry, units)))
    console.print(grid, highlight=False)
    reasons = [(entry.row.known.key, [entry.why]) for entry in listed] if verbose else []
    parked = [(entry.row.known.key, [_whose(entry)]) for entry in listed if entry.standing.parked]
    left_alone = [(entry.row.known.key, [_whose(entry)]) for entry in listed if entry.standing.opted_out]
    for title, style, told in (
        ("What makes them urgent", "bold", reasons),
        ("Early warnings and red flags", "bold yellow", _signs(listed).items()),
        ("Parked: put to waiting just before a promise ran out", "bold yellow", parked),
        ("Opted out: nothing is written on them", "bold yellow", left_alone),
    ):
        if told:
            console.print(Text(f"\n{title}", style))
        for name, lines in told:
            grid = Grid.grid(padding=(0, 2, 0, 0))
            grid.add_row(
                Text(f"  {inert(name)}", "bold cyan"), Text("\n".join(map(inert, lines)), overflow="fold")
            )
            console.print(grid, highlight=False)


_HEADS = ("", "ticket", "client", "severity", "owner", "promise", "time to it")
_YIELDING = ("client", "owner", "promise")
"""Columns that give way where there is little room."""


def _signs(listed: Iterable[Entry]) -> dict[str, list[str]]:
    """The signs of each client, each told once however many tickets show it; a red flag with its tickets."""
    warned: dict[str, dict[str, list[str]]] = {}
    for entry in listed:
        known = entry.row.known
        of_client = warned.setdefault(known.client or "no client", {})
        for sign in entry.signs:
            keys = of_client.setdefault(sign, [])
            keys += [] if sign in entry.standing.warnings else [known.key]
    return {
        client: [f"{sign} ({some(keys)})" if keys else sign for sign, keys in signs.items()]
        for client, signs in sorted(warned.items())
        if signs
    }


def _whose(entry: Entry) -> str:
    return ", ".join(filter(None, (entry.row.known.client or "no client", entry.shown_owner)))


def _line(entry: Entry, units: int) -> list[Styled]:
    """The cells of a ticket's line, as `_HEADS` names them; times in so many units."""
    known, severity, due = entry.row.known, entry.standing.severity, entry.pressing
    late = len(entry.standing.broken(entry.now))
    others = f" +{late - 1}" if late > 1 else ""
    return [
        [(str(entry.urgency.score), "bold")],
        [(inert(known.key), "bold cyan")],
        [(inert(known.client) or "–", "")],
        [(severity, _STYLES[severity])],
        [(inert(entry.shown_owner), "" if known.record.owner else "bold yellow")],
        [(_named(due) or "–", "")],
        [(_when(due, entry.now, units), "red" if late else ""), (others, "red")],
    ]
