"""Early warnings, from a client's newest weeks against their own habits, and the red flags that people set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sync.judging.facts import Facts, Known
    from sync.mapping.client_models import ClientModel
    from sync.mapping.practice import Figure, RedFlag, Sign, SignsFile
    from sync.ticket import Category, Ticket

    Dated = Iterable[tuple[datetime, float]]
    """What was observed on one ticket: when, and the figure."""

T = TypeVar("T")

NAMED = 3
"""Tickets named in a sentence."""

NO_TIME, MOMENT, DAY = timedelta(0), timedelta(microseconds=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class EarlyWarning:
    """A sign that shows: the figure of the newest days, and the client's own baseline where it was asked for.

    `name` is the table's in signs.toml. `keys` are of the tickets that made the figure, oldest first. `days` and
    `days_before` are the days looked at and those of the baseline, 0 where the figure looks at none.
    """

    name: str
    figure: Figure
    recent: float
    baseline: float | None = None
    keys: tuple[str, ...] = ()
    days: float = 0
    days_before: float = 0

    @property
    def sentence(self) -> str:
        """In English, for plans and explain: `reply time 52 h in the last 30 days, 3.5 times the 15 h of …`."""
        words, unit = _WORDS[self.figure]
        told = f"{words} {_written(self.recent)}{unit}"
        if self.days:
            told += f" in the last {_written(self.days)} days"
        if self.baseline is not None:
            times = f", {_written(self.recent / self.baseline)} times the" if self.baseline else ", against"
            told += f"{times} {_written(self.baseline)}{unit} "
            told += f"of the {_written(self.days_before)} days before" if self.days_before else "that are usual"
        more = f" and {len(self.keys) - NAMED} more" if len(self.keys) > NAMED else ""
        return f"{told} ({', '.join(self.keys[:NAMED])}{more})" if self.keys else told


_WORDS: Mapping[Figure, tuple[str, str]] = {
    "reply_time": ("reply time", " h"),
    "comments": ("client comments", " a week"),
    "comment_length": ("length of client comments", " characters"),
    "scope_requests": ("scope requests", " per 30 days"),
    "billing_issues": ("billing issues", " per 30 days"),
    "open_change_requests": ("open change requests", ""),
    "missed_deadlines": ("missed deadlines", ""),
    "missed_meetings": ("missed meetings", ""),
    "team_concerns": ("concerns raised by the team", ""),
    "payment_days": ("payment days", ""),
}
"""What each figure is called, and its unit."""


def _written(figure: float) -> str:
    return f"{round(figure, 1):g}" if figure >= 1 else f"{figure:.2g}"


def warnings(file: SignsFile, facts: Facts, client: ClientModel | None, now: datetime) -> Iterator[EarlyWarning]:
    """The signs of signs.toml that a client shows at `now`, in the file's order; found once for all tickets."""
    if not (file.sign and facts.tickets):
        yield from _warnings(file, facts.tickets, client, now)
        return
    asked = ("early warnings", id(file), now)
    if asked not in facts.found:
        facts.found[asked] = _warnings(file, facts.tickets, client, now)
    yield from facts.found[asked]


def flags(ticket: Ticket, file: SignsFile) -> list[RedFlag]:
    """The red flags on a ticket: shown until somebody takes the label off."""
    return [flag for flag in file.flag if flag.label in ticket.labels]


def _warnings(
    file: SignsFile, tickets: Sequence[Known], client: ClientModel | None, now: datetime
) -> tuple[EarlyWarning, ...]:
    shown: list[EarlyWarning] = []
    for name, sign in file.sign.items():
        match sign.figure:
            case "payment_days":
                made = _paid(name, sign, client)
            case "open_change_requests":
                made = _open(name, sign, tickets, now)
            case _:
                made = _measured(name, sign, file, tickets, now)
        if made and _tells(sign, made.recent, made.baseline):
            shown.append(made)
    return tuple(shown)


def _tells(sign: Sign, recent: float, baseline: float | None) -> bool:
    """Whether the figure is far enough up, or down for one that falls. Without a baseline nothing is compared."""
    if sign.times_baseline is None:
        return sign.at_least is not None and recent >= sign.at_least
    if baseline is None:
        return False
    if sign.times_baseline < 1:
        return baseline >= (sign.at_least or 0) and recent <= baseline * sign.times_baseline
    return recent > baseline and recent >= max(sign.at_least or 0, baseline * sign.times_baseline)


def _paid(name: str, sign: Sign, client: ClientModel | None) -> EarlyWarning | None:
    if client is None or client.payment_days is None:
        return None
    usual = client.usual_payment_days if sign.times_baseline is not None else None
    return EarlyWarning(name, sign.figure, client.payment_days, usual)


def _open(name: str, sign: Sign, tickets: Sequence[Known], now: datetime) -> EarlyWarning:
    waiting = [known.key for known in tickets if known.category == "scope" and known.open_at(now)]
    return EarlyWarning(name, sign.figure, len(waiting), keys=tuple(waiting))


# --- what was observed on a ticket, and when --------------------------------------------------------------------


def _opened(category: Category) -> Callable[[Known], Dated]:
    return lambda known: [(known.opened, 1)] if known.category == category else []


_OBSERVED: Mapping[Figure, Callable[[Known], Dated]] = {
    "reply_time": lambda known: [(at, late / 60) for at, _, late in known.habits.comments if late is not None],
    "comments": lambda known: [(at, 1) for at, _, _ in known.habits.comments],
    "comment_length": lambda known: [(at, length) for at, length, _ in known.habits.comments],
    "scope_requests": _opened("scope"),
    "billing_issues": _opened("billing"),
    "missed_deadlines": lambda known: [(each.at, 1) for each in known.told.deadlines if each.missed],
    "missed_meetings": lambda known: [(at, 1) for at in known.habits.missed_meetings],
    "team_concerns": lambda known: [(at, 1) for at in known.habits.concerns],
}

_MEDIANS: tuple[Figure, ...] = ("reply_time", "comment_length")

_PER: Mapping[Figure, timedelta] = {
    "comments": timedelta(days=7),
    "scope_requests": timedelta(days=30),
    "billing_issues": timedelta(days=30),
}
"""Figures that are rates, and the time they are a rate of."""


def _measured(
    name: str, sign: Sign, file: SignsFile, tickets: Sequence[Known], now: datetime
) -> EarlyWarning | None:
    """The figure of the newest days, and that of the days before if the sign compares and enough is known."""
    figure, length = sign.figure, file.recent.elapsed() if file.recent else NO_TIME
    newest = now - length
    first = min(newest, _first(figure, tickets, newest - (file.baseline.elapsed() if file.baseline else NO_TIME)))
    observe = _OBSERVED[figure]
    seen = [(at, value, known.key) for known in tickets for at, value in observe(known) if first < at <= now]
    recent = [value for at, value, _ in seen if at > newest]
    before = [value for at, value, _ in seen if at <= newest]
    if len(recent) < (file.fewest_recent if figure in _MEDIANS else 1):
        return None
    compares = sign.times_baseline is not None and len(before) >= file.fewest
    compares = compares and (figure in _MEDIANS or newest - first >= length)
    return EarlyWarning(
        name,
        figure,
        _figure(figure, recent, length),
        _figure(figure, before, newest - first) if compares else None,
        tuple(dict.fromkeys(key for at, _, key in seen if at > newest)),
        length / DAY,
        (newest - first) / DAY,
    )


def _first(figure: Figure, tickets: Sequence[Known], begins: datetime) -> datetime:
    """When the baseline begins. That of a rate does not reach back to when not everything is known: before the
    client's first ticket, or for comments before those that are remembered.
    """
    if figure not in _PER or not tickets:
        return begins
    cut = [known.habits.complete_since for known in tickets] if figure == "comments" else []
    return max([begins, *(at - MOMENT for at in (tickets[0].opened, *cut) if at)])


def _figure(figure: Figure, values: Sequence[float], length: timedelta) -> float:
    if figure in _MEDIANS:
        return median(values)
    return len(values) * _PER[figure] / length if figure in _PER else len(values)
