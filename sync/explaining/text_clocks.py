"""Clocks and the life of a ticket as people read them on a terminal: a bar of 24 hours for each day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sync.explaining.clocks import spelt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rich.console import Console
    from rich.text import Text

STATES = {
    "broken": "bold red",
    "rests": "red",
    "running": "green",
    "paused": "yellow",
    "met": "dim",
    "off": "dim",
    "notice": "cyan",
}
_KINDS = {
    "life": "bold",
    "people": "",
    "client": "cyan",
    "contact": "green",
    "promise": "yellow",
    "makegood": "dim",
}
_SIGNS = {"running": "█", "paused": "▒", "closed": "·", "weekday": "·", "holiday": "·", "due": "◆", "now": "┃"}
_ASCII = {"running": "#", "paused": "=", "closed": ".", "weekday": ".", "holiday": ".", "due": "!", "now": "|"}
_PLAIN = str.maketrans("–−·“”→×…", '--."">x.')
"""Signs that a terminal of few letters has not, by the nearest that it has."""
_STYLES = {"█": "green", "▒": "yellow", "◆": "bold red", "┃": "bold"}

SHOWN_EVENTS = 30
"""Past events shown without -v, the newest."""


@dataclass(slots=True)
class _Day:
    """One local day of a clock: a sign for each hour, and what is said of it."""

    day: date
    signs: list[str] = field(default_factory=lambda: [" "] * 24)
    runs: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    counted: timedelta = timedelta()

    @property
    def words(self) -> str:
        """What runs and what stands still, with the reason."""
        counted = [f"{' '.join(self.runs)}  {spelt(self.counted)}"] if self.runs else []
        closed = [] if self.runs else self.closed
        return ", ".join(dict.fromkeys([*counted, *self.said, *closed]))


# --- promises ----------------------------------------------------------------------------------------------------


def show_promises(told: Mapping[str, Any], console: Console, *, verbose: bool) -> None:
    """Every clock: those that are owed with their time day by day, the others in a line; -v all with theirs."""
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    spent = ", ".join(f"{status.replace('_', ' ')} {hours}" for status, hours in told["time_in_status"].items())
    put(console, Text(f"  time in status: {spent}", "dim"), 4)
    signs = _ASCII if console.options.ascii_only else _SIGNS
    clocks = [clock for clock in told["clocks"] if verbose or clock["state"] != "off"]
    if any(_is_drawn(clock, verbose=verbose) for clock in clocks):
        named = "{running} runs  {paused} paused  {closed} off-hours  {due} limit  {now} now".format(**signs)
        line = f"  {named}   an hour each, midnight to midnight; calendar {told['calendar']['name']}"
        zone = told["calendar"]["zone"]
        line += f" of {zone}, told in {told['zone']}" if zone != told["zone"] else ""
        put(console, Text(line, "dim"), 4)
    for clock in clocks:
        _show_clock(clock, told["now"], console, signs, drawn=_is_drawn(clock, verbose=verbose))
    off = [clock["promise"].replace("_", " ") for clock in told["clocks"] if clock["state"] == "off"]
    if off and not verbose:
        line = f"  off, without mapped evidence: {', '.join(off)} (-v says what to map)"
        put(console, Text(line, "dim"), 4)


def put(console: Console, text: Text, hang: int) -> None:
    """A line; on a terminal one that is too long goes on below itself, `hang` columns in. A pipe gets it whole."""
    if console.options.ascii_only:
        text.plain = text.plain.translate(_PLAIN)
    if not console.is_terminal or text.cell_len <= console.width:
        console.print(text, soft_wrap=True)
        return
    head, rest = text.divide([hang])
    for line in rest.wrap(console, max(20, console.width - hang)):
        line.rstrip()
        console.print(head + line, no_wrap=True, overflow="ignore")
        head = type(text)(" " * hang)


def _is_drawn(clock: Mapping[str, Any], *, verbose: bool) -> bool:
    return bool(clock["ledger"]) and (verbose or clock["state"] != "met")


def _show_clock(
    clock: Mapping[str, Any], now: str, console: Console, signs: Mapping[str, str], *, drawn: bool
) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    state = clock["state"]
    head = ("  ", ""), (clock["promise"].replace("_", " "), "bold"), ("  ", ""), (state, STATES[state])
    put(console, Text.assemble(*head, (f"  {clock['within']}  {clock['rule']}", "dim")), 6)
    parts = [
        f"{name} {_short(clock[key], now)}"
        for name, key in (("began", "started"), ("warns", "warns"), ("due", "due"), ("met", "met"))
        if clock[key]
    ]
    put(console, Text("      " + " · ".join(parts)), 6)
    if clock["ledger"]:
        put(console, Text(f"      {_balance(clock)}", _style(clock)), 6)
    if clock["note"]:
        put(console, Text(f"      {clock['note']}", "dim"), 6)
    if drawn:
        for row in _rows(clock, now, signs):
            put(console, row, 56)
    if clock["kept_by"]:
        put(console, Text(f"      kept by: {'; or '.join(clock['kept_by'])}", "dim"), 15)
    for line in clock["moved_by"]:
        put(console, Text(f"      {line}", "dim"), 6)


def _balance(clock: Mapping[str, Any]) -> str:
    """How much of the time is used, and what is left of it or was too much."""
    used, left = timedelta(minutes=clock["used"]), clock["left"]
    if left is None:
        return f"{spelt(used)} used; its limit is not known while it is paused"
    allowed = used + timedelta(minutes=left)
    over = f"{spelt(timedelta(minutes=left))} {'left' if left >= 0 else 'over'}"
    always = any(each["name"] == "day and night" for each in clock["ledger"])
    told = [f"{spelt(used)} of {spelt(allowed)} used, {over}"]
    told += ["it runs day and night"] if always else []
    told += ["its limit waits for the next opening"] if always and clock["if_closed"] == "next-opening" else []
    return "; ".join(told)


def _style(clock: Mapping[str, Any]) -> str:
    return "dim" if clock["met"] else "red" if (clock["left"] or 0) < 0 else ""


def _rows(clock: Mapping[str, Any], now: str, signs: Mapping[str, str]) -> Iterator[Text]:
    """A line for each day, days alike in one, and one for what is summed up."""
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    marks = [(moment, name) for moment, name in ((clock["due"], "due"), (now, "now")) if moment]
    groups = groupby(clock["ledger"], lambda each: each["reason"] == "summed")
    parts = [(summed, list(group)) for summed, group in groups]
    in_sums = {
        _local(each[end]).date() for summed, part in parts if summed for each in part for end in ("from", "to")
    }
    for summed, stretches in parts:
        if summed:
            for each in stretches:
                span = _span(_local(each["from"]).date(), _local(each["to"]).date())
                yield Text(f"      {span:<23} {each['what']}", "dim")
            continue
        for days in _folded(_days(stretches, now, marks, signs)):
            first, last = days[0], days[-1]
            idle = not first.words or (first.day in in_sums and not first.runs and not first.said)
            if idle and not {signs["due"], signs["now"]}.intersection(first.signs):
                continue
            bar = Text.assemble(*((sign, _STYLES.get(sign, "dim")) for sign in first.signs))
            each_day = " each" if len(days) > 1 and first.runs else ""
            label = f"      {_span(first.day, last.day):<23} "
            yield Text.assemble((label, "dim"), bar, (f"  {first.words}{each_day}", "dim"))


def _days(
    ledger: Sequence[Mapping[str, Any]], now: str, marks: Iterable[tuple[str, str]], signs: Mapping[str, str]
) -> list[_Day]:
    """The local days of some stretches, with what each holds."""
    found: dict[date, _Day] = {}
    for each in ledger:
        start, end = _local(each["from"]), _local(each["to"] or max(each["from"], now, key=_local))
        for begin, until in _by_day(start, end):
            day = found.setdefault(begin.date(), _Day(begin.date()))
            _draw(day, begin, until, each, signs)
    for moment, name in marks:
        at = _local(moment)
        if at.date() in found:
            found[at.date()].signs[at.hour] = signs[name]
    return list(found.values())


def _by_day(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The stretch cut at every midnight."""
    while start < end:
        midnight = datetime.combine(start.date() + timedelta(days=1), time())
        yield start, min(midnight, end)
        start = midnight


def _draw(day: _Day, begin: datetime, until: datetime, each: Mapping[str, Any], signs: Mapping[str, str]) -> None:
    for hour in range(24):
        if begin <= datetime.combine(day.day, time(hour, 30)) < until:
            day.signs[hour] = signs[each["reason"]]
    clock = f"{begin:%H:%M}–{'24:00' if until.date() > begin.date() else f'{until:%H:%M}'}"
    match each["reason"]:
        case "running":
            day.runs.append(clock)
            day.counted += until - begin
        case "paused":
            day.said.append(f"paused {clock}: {each['name']}")
        case "holiday":
            day.closed.append(each["name"])
        case "weekday":
            day.closed.append(
                "weekend" if each["name"] in {"Saturday", "Sunday"} else f"closed on {each['name']}s"
            )


def _folded(days: Iterable[_Day]) -> Iterator[list[_Day]]:
    """Days that are alike, side by side."""
    return (list(group) for _, group in groupby(days, lambda day: (day.signs, day.words)))


def _span(first: date, last: date) -> str:
    """One day, or from one to another; the month once where it is the same, and years where they are two."""
    if first == last:
        return f"{first:%a %d %b}"
    if first.year != last.year:
        return f"{first:%d %b %Y}–{last:%d %b %Y}"
    return f"{first:{'%a %d' if first.month == last.month else '%a %d %b'}} – {last:%a %d %b}"


# --- the timeline ------------------------------------------------------------------------------------------------


def show_timeline(told: Mapping[str, Any], console: Console, *, verbose: bool) -> None:
    """What happened; without -v the newest of it."""
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    past = [each for each in told["timeline"] if not each["ahead"]]
    hidden = 0 if verbose else max(0, len(past) - SHOWN_EVENTS)
    if hidden:
        console.print(Text(f"  … {hidden} earlier (-v shows all)", "dim"))
    _show_events(past[hidden:], console)


def show_ahead(told: Mapping[str, Any], console: Console) -> None:
    """What comes by itself, below the line of the present."""
    _show_events([each for each in told["timeline"] if each["ahead"]], console)


def _show_events(events: Iterable[Mapping[str, Any]], console: Console) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    day = ""
    for each in events:
        at = _local(each["at"])
        named = f"{at:%a %d %b %Y}"
        who = f"  {each['who']}" if each["who"] and each["who"] not in each["what"] else ""
        line = Text.assemble(
            (f"  {named if named != day else '':<15}  {at:%H:%M}  ", "dim"),
            (each["what"], _KINDS[each["kind"]]),
            (who, "dim"),
        )
        put(console, line, 26)
        day = named


def _local(instant: str) -> datetime:
    """What the clock on the wall reads at an ISO instant."""
    return datetime.fromisoformat(instant).replace(tzinfo=None)


def _short(instant: str, now: str) -> str:
    """The year only where it is not the present one."""
    at = _local(instant)
    return f"{at:%a %d %b %H:%M}" if at.year == _local(now).year else f"{at:%a %d %b %Y %H:%M}"
