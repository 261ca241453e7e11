"""`audit`: what stands on the live tickets, held against what is wanted there and what the state remembers."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sync.auditing.kinds import CHOICES, TITLES
from sync.auditing.reading import audited, patience
from sync.commands.passes import working_program
from sync.errors import ConfigurationError
from sync.legible import counted, inert
from sync.settings import load
from sync.state.statefile import loss_of
from sync.state.store import Store
from sync.terminal import console, say, say_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sync.auditing.comparison import Looked
    from sync.auditing.kinds import Decided, Finding, Kind
    from sync.auditing.reading import Audit
    from sync.call import Call

SHOWN = 10
"""Findings of a kind that are shown without -v *(ours)*."""


def audit(call: Call, *, tickets: Sequence[str] | None, now: datetime | None) -> int:
    """Drift on every live ticket, or on these; 1 if there is any. Writes neither to a tracker nor to the state."""
    settings, policy = load(call.config_file())
    with (
        Store.in_memory() as nothing,
        working_program(settings, policy, nothing, call, now) as working,
    ):
        if lost := loss_of(settings.state):
            say(lost, err=True)
        moment = working.clock()
        told = audited(working, settings.state, moment, patience(settings), tickets or ())
    if call.output == "json":
        say_json({"schema": 1, "now": moment.astimezone(UTC).isoformat(), **as_json(told)})
    else:
        _show(told, quiet=call.quiet, verbose=call.verbose > 0)
    _all_found(tickets or (), told)
    return _status(told)


def as_json(told: Audit) -> dict[str, Any]:
    """The audit for a program."""
    return {
        "findings": [
            {
                "source": each.source,
                "ticket": each.ticket,
                "url": each.url,
                "group": each.group,
                "kind": each.kind,
                "what": each.what,
                "since": _iso(each.since),
                "rule": each.rule,
                "remedy": each.remedy,
            }
            for each in told.findings
        ],
        "decided": [
            {
                "source": each.source,
                "ticket": each.ticket,
                "kind": each.kind,
                "what": each.what,
                "whose": each.whose,
                "at": _iso(each.at),
            }
            for each in told.decided
        ],
        "sources": [
            {
                "name": each.source,
                "tickets": len(each.tickets),
                "not_compared": [{"ticket": key, "why": why} for key, why in each.left_out.items()],
                "notes": list(each.notes),
                "error": str(each.error or ""),
            }
            for each in told.sources
        ],
    }


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def _all_found(tickets: Sequence[str], told: Audit) -> None:
    """ConfigurationError for tickets that were asked for and are nowhere, if every source could be asked."""
    named = [name for each in told.sources for name in (*each.tickets, *each.tickets.values(), *each.left_out)]
    named += [each.ticket for each in told.findings] + [each.ticket for each in told.decided]
    there = {name.casefold() for name in named}
    lacking = [key for key in tickets if key.casefold() not in there]
    if lacking and not any(each.error or each.notes for each in told.sources):
        raise ConfigurationError(f"no source has a ticket {', '.join(lacking)}")


def _status(told: Audit) -> int:
    """0 no drift, 1 drift or something that could not be compared, else what kept every source from being read."""
    errors = [each.error.exit_status for each in told.sources if each.error]
    if errors and len(errors) == len(told.sources):
        return max(errors)
    return int(bool(errors or told.findings) or any(each.left_out for each in told.sources))


# --- text --------------------------------------------------------------------------------------------------------


def _show(told: Audit, *, quiet: bool, verbose: bool) -> None:
    if not quiet:
        for kind, found in groupby(told.findings, key=lambda each: each.kind):
            _show_alike(kind, list(found), verbose=verbose)
    for sentence in (*_summary(told), *_people(told.decided, verbose=verbose), *_sources(told.sources)):
        say(sentence)


def _show_alike(kind: Kind, found: Sequence[Finding], *, verbose: bool) -> None:
    from rich.table import Table  # noqa: PLC0415 - only when something is shown
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    screen, lines = console(), Table.grid(padding=(0, 2))
    lines.add_column(no_wrap=True)
    lines.add_column()
    for each in found if verbose else found[:SHOWN]:
        lines.add_row(Text(f"  {inert(each.ticket)}", "bold cyan"), inert(each.what))
        if each.rule:
            lines.add_row("", Text(f"by {each.rule}", "dim"))
    if len(found) > SHOWN and not verbose:
        lines.add_row("", Text(f"and {len(found) - SHOWN} more: add -v to see each", "dim"))
    lines.add_row("  →", Text(found[0].remedy, "green"))
    screen.print(Text.assemble((TITLES[kind], "bold"), (f" · {len(found)}", "dim")), highlight=False)
    screen.print(lines, highlight=False)
    screen.print()


def _summary(told: Audit) -> Iterator[str]:
    read = sum(len(each.tickets) for each in told.sources)
    tickets = len({(each.source, each.ticket) for each in told.findings})
    if tickets:
        yield f"drift on {tickets} of {counted(read, 'ticket')}: {counted(len(told.findings), 'finding')}"
    elif read:
        yield f"no drift on {counted(read, 'ticket')}"


def _people(decided: Iterable[Decided], *, verbose: bool) -> Iterator[str]:
    """What people decided, counted by kind, or each."""
    decided = list(decided)
    counted = Counter(each.kind for each in decided)
    if counted:
        named = ", ".join(f"{count} {CHOICES[kind][count > 1]}" for kind, count in counted.most_common())
        yield f"people's decisions, which are no drift: {named}{'' if verbose else ' (-v lists them)'}"
    for each in decided if verbose else ():
        at = f" on {each.at:%Y-%m-%d %H:%M} UTC" if each.at else ""
        yield f"  {inert(each.ticket)}: {CHOICES[each.kind][0]}: {each.what}; {inert(each.whose)}{at}"


def _sources(sources: Iterable[Looked]) -> Iterator[str]:
    for each in sources:
        if each.error:
            yield f"{each.source}: not audited: {each.error}"
        yield from (f"{each.source}: {note}" for note in each.notes)
        yield from (
            f"{each.source}: {inert(key)}: not compared: {inert(why)}" for key, why in each.left_out.items()
        )
