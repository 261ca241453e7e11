"""A backtest as people read it on a terminal."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from sync.judging.doubts import some
from sync.workbench import backtest_figures as figures
from sync.worklist import brief

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rich.console import Console
    from rich.table import Table

    from sync.workbench.backtest import Report

_BARS = "▁▂▃▄▅▆▇█"
_NONE = "·"
_MOST_BARS = 53
_PROMISES, _RULES, _ROLES, _TICKETS, _NOTES, _EXCESSES = 9, 6, 6, 12, 3, 5
"""Rows without -v, so that all fits on one screen *(ours)*."""


def show(
    reports: Mapping[str, Report],
    excesses: Sequence[figures.Excess],
    unknown: Sequence[str],
    console: Console,
    *,
    verbosity: int,
) -> None:
    """One report, or how two differ; below it the limits that were passed and what is not known.

    `verbosity` below 0 shows totals alone, above it every row.
    """
    (folder, ours), *others = reports.items()
    _title(ours, [*reports], console)
    if others:
        _compare(folder, ours, *others[0], console, verbosity=verbosity)
    else:
        _show_one(ours, console, verbosity=verbosity)
    by = "with {}: " if others else ""
    notes = [*unknown, *(by.format(name) + each for name, report in reports.items() for each in report.failed)]
    for line in notes if verbosity > 0 else notes[:_NOTES]:
        _line(console, f"Not known: {line}", "yellow")
    if verbosity <= 0 and len(notes) > _NOTES:
        _line(console, f"Not known: {len(notes) - _NOTES} more (-v lists all)", "yellow")
    _show_excesses(excesses, f" with {others[0][0]}" if others else "", console, verbose=verbosity > 0)


def _show_excesses(excesses: Sequence[figures.Excess], by: str, console: Console, *, verbose: bool) -> None:
    shown = excesses if verbose else excesses[:_EXCESSES]
    if excesses:
        _line(console, f"\nOver the limit{by}, {_many(len(excesses), 'time')}:", "bold red")
    for each in shown:
        _line(console, f"  {each}", "red")
    if len(shown) < len(excesses):
        _line(console, f"  and {len(excesses) - len(shown)} more (-v lists all)", "red")


def _title(report: Report, folders: Sequence[str], console: Console) -> None:
    window = report.window
    days = f"{window.since:%a %d %b %Y} to {window.until:%a %d %b %Y}"
    held = " against ".join(folders)
    _line(console, f"Backtest of {held}, {days}, a look every {brief(window.every)}", "bold")
    sources = ", ".join(dict.fromkeys(tale.source for tale in report.tales))
    _line(console, f"{_many(len(report.tales), 'ticket')} of {sources}", "dim")


def _show_one(report: Report, console: Console, *, verbosity: int) -> None:
    _line(console, f"\n{_totals(report)}")
    if verbosity < 0:
        return
    verbose = verbosity > 0
    _show_promises(report, console, verbose=verbose)
    _show_asked(report, console, verbose=verbose)
    _show_hours(report, console)
    _show_rules(report, console, verbose=verbose)
    _show_load(report, console)


def _totals(report: Report) -> str:
    said, spread = report.said, figures.spread(report)
    if not said:
        return "Nothing would have been said."
    days = max(1.0, (report.window.until - report.window.since).total_seconds() / 86400)
    most = f"{spread.most} on {some(spread.on)}"
    return (
        f"{_many(len(said), 'comment')} on {_many(spread.tickets, 'ticket')}, {len(said) / days:.1f} a day; on a "
        f"ticket usually {spread.median}, on nine of ten at most {spread.ninth}, at most {most}."
    )


def _show_promises(report: Report, console: Console, *, verbose: bool) -> None:
    rows = figures.by_promise(report)
    told = rows if verbose else figures.merged(rows)
    shown = told if verbose else told[:_PROMISES]
    table = _table("Promises" + ("" if len(shown) == len(told) else f", {len(shown)} of {len(told)}"))
    for head in ("made", "warned of", "kept", "", "broken", "", "open"):
        table.add_column(head, justify="right")
    for row in shown:
        name = row.promise.replace("_", " ") + (f", {row.severity}" if row.severity else "")
        over = row.kept + row.broken
        table.add_row(
            name,
            *_counts(row.made, row.warned, row.kept),
            _share(row.kept, over),
            _count(row.broken, "red"),
            _share(row.broken, over),
            *_counts(row.open),
        )
    _put(table, console)


def _show_asked(report: Report, console: Console, *, verbose: bool) -> None:
    asked, weeks = figures.asked(report), figures.weeks(report)
    if not asked:
        return
    shown = list(asked.items()) if verbose else list(asked.items())[:_ROLES]
    step = ceil(len(weeks) / _MOST_BARS)
    table = _table("Asked")
    table.add_column(f"by {_many(step, 'week') if step > 1 else 'week'}, {weeks[0]} to {weeks[-1]}")
    table.add_column("in all", justify="right")
    table.add_column("most in a week", justify="right")
    for role, by_week in shown:
        counts = [len(by_week.get(week, ())) for week in weeks]
        counts = [sum(counts[begin : begin + step]) for begin in range(0, len(counts), step)]
        week, tickets = max(by_week.items(), key=lambda each: (len(each[1]), each[0]))
        total = sum(map(len, by_week.values()))
        table.add_row(role.replace("_", " "), _bars(counts), f"{total:,}", f"{len(tickets):,} in {week}")
    _put(table, console)


def _show_hours(report: Report, console: Console) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    hours = figures.by_hour(report)
    if not any(hours):
        return
    busiest = max(range(24), key=lambda hour: hours[hour])
    quiet = sum(said.quiet for _, said in report.said)
    told = f"  busiest at {busiest:02}:00 ({hours[busiest]:,})"
    console.print(
        Text.assemble(("\nBy the hour  ", "bold"), "00 ", (_bars(hours), "cyan"), " 23", told), soft_wrap=True
    )
    held = f"In quiet hours {_many(quiet, 'comment')}; {_many(report.waited, 'step')} waited for their end"
    _line(console, f"{held} or a snooze's, {_many(report.rationed, 'comment')} for another day.", "dim")


def _show_rules(report: Report, console: Console, *, verbose: bool) -> None:
    rules = figures.by_rule(report)
    if not rules:
        return
    shown = rules if verbose else rules[:_RULES]
    table = _table("Noisiest rules" + ("" if len(shown) == len(rules) else f", {len(shown)} of {len(rules)}"))
    for head in ("comments", "tickets", "nine of ten were met within", "never met"):
        table.add_column(head, justify="right")
    for rule in shown:
        needed = brief(rule.needed) if rule.needed is not None else _NONE
        table.add_row(rule.rule, *_counts(rule.comments, rule.tickets), needed, *_counts(rule.unmet))
    _put(table, console)


def _show_load(report: Report, console: Console) -> None:
    if not report.largest:
        return
    largest = report.largest
    line = f"Largest pass: {_many(largest.actions, 'action')} at {largest.at:%Y-%m-%d %H:%M} UTC"
    if largest.refusal:
        line += f"; the guard would have refused it: {largest.refusal.partition(';')[0]}"
    if report.refused > bool(largest.refusal):
        line += f". It would have refused {report.refused} of {report.passes:,} passes"
    console.print()
    _line(console, line, "yellow" if report.refused else "")


# --- two mappings -----------------------------------------------------------------------------------------------


def _compare(  # noqa: PLR0913 - two reports with their names
    folder: str, ours: Report, other_folder: str, other: Report, console: Console, *, verbosity: int
) -> None:
    found = figures.differences(ours, other)
    table = _table("Totals")
    for head in (folder, other_folder, "difference"):
        table.add_column(head, justify="right")
    for name, count in _TOTALS:
        table.add_row(name, *_pair(count(ours), count(other)))
    roles = [figures.asked(ours), figures.asked(other)]
    for role in dict.fromkeys([*roles[0], *roles[1]]):
        table.add_row(
            f"asked: {role.replace('_', ' ')}",
            *_pair(*(sum(map(len, each.get(role, {}).values())) for each in roles)),
        )
    _put(table, console)
    if verbosity < 0:
        return
    if not found:
        _line(console, "\nBoth say the same of every ticket.")
        return
    shown = found if verbosity > 0 else found[:_TICKETS]
    table = _table("Tickets")
    for head in ("category", "severity"):
        table.add_column(head)
    for head in ("comments", "broken"):
        table.add_column(head, justify="right")
    table.add_column("first difference")
    for each in shown:
        comments, broken = (_turned(*map(str, pair)) for pair in (each.comments, each.broken))
        first = f"{each.first:%Y-%m-%d %H:%M} {each.what}"
        table.add_row(each.ticket, _turned(*each.category), _turned(*each.severity), comments, broken, first)
    _put(table, console)
    rest = f", the most affected first; {len(found) - len(shown)} more with -v" if len(shown) < len(found) else ""
    _line(console, f"{len(found)} of {_many(len(ours.tales), 'ticket')} differ{rest}.", "dim")


def _outcomes(outcome: str) -> Callable[[Report], int]:
    return lambda report: sum(each.outcome == outcome for tale in report.tales for each in tale.promised)


_TOTALS: tuple[tuple[str, Callable[[Report], int]], ...] = (
    ("comments", lambda report: len(report.said)),
    ("tickets commented on", lambda report: figures.spread(report).tickets),
    ("promises kept", _outcomes("kept")),
    ("promises broken", _outcomes("broken")),
    ("in quiet hours", lambda report: sum(said.quiet for _, said in report.said)),
)


def _pair(one: int, two: int) -> tuple[str, str, str]:
    return f"{one:,}", f"{two:,}", f"{two - one:+,}" if two != one else _NONE


def _turned(one: str, two: str) -> str:
    return one if one == two else f"{one} → {two}"


# --- words and bars ---------------------------------------------------------------------------------------------


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _count(count: int, style: str) -> str:
    return f"[{style}]{count:,}[/{style}]" if count else _NONE


def _counts(*counts: int) -> Iterable[str]:
    return (f"{count:,}" if count else _NONE for count in counts)


def _share(part: int, whole: int) -> str:
    return f"[dim]{part / whole:.0%}[/dim]" if part else ""


def _bars(counts: Sequence[int]) -> str:
    """A letter for each count, by its share of the highest."""
    most = max(counts, default=0)
    return "".join(_BARS[(count * len(_BARS) - 1) // most] if count else _NONE for count in counts)


def _table(title: str) -> Table:
    from rich.table import Table  # noqa: PLC0415 - only when something is shown

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(f"[bold]{title}[/bold]", no_wrap=True, overflow="ellipsis", header_style="")
    return table


def _put(table: Table, console: Console) -> None:
    console.print()
    console.print(table, highlight=False)


def _line(console: Console, words: str, style: str = "") -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    console.print(Text(words, style), soft_wrap=True)
