"""`overrides`: how often people undid or ignored each rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sync.legible import inert
from sync.mapping.parts import folded
from sync.settings import chosen, load
from sync.state.store import Store
from sync.terminal import console, say, say_json
from sync.workbench import overrides as counting

if TYPE_CHECKING:
    from rich.console import Console

    from sync.call import Call

LATELY = timedelta(days=90)
"""How far it looks back where nobody says *(ours)*."""
SHOWN = 12
"""Rows of each table without -v *(ours)*."""


def overrides(call: Call, *, since: datetime | None, client: str | None) -> int:
    """What people undid or ignored, from the state file alone."""
    settings, policy = load(call.config_file())
    names = [source.name for source in chosen(settings, call.sources)]
    begin = since or datetime.now(UTC) - LATELY
    with Store(settings.state, write=False) as store:
        rows = {(row.known.site, row.known.id): row for row in store.listed(names)}
        journal, undone, whole = store.written_since(begin), store.overrides(begin), store.journal_since()
    if client:
        record = policy.client(client)
        wanted = folded(record.name if record else client)
        rows = {key: row for key, row in rows.items() if folded(row.known.client) == wanted}
    clients = {key: row.known.client for key, row in rows.items()}
    told = counting.report(
        [entry for entry in journal if (entry.site, entry.ticket) in rows],
        [(site, each) for site, each in undone if (site, each.ticket) in rows],
        clients,
    )
    if whole and begin < whole:
        say(f"of tickets that are done, what was written before {whole:%Y-%m-%d} is not kept any more", err=True)
    if call.output == "json":
        say_json({"schema": 1, "since": begin.astimezone(UTC).isoformat(), **counting.as_json(told)})
        return 0
    if not told.rules:
        say(f"since {begin:%Y-%m-%d} nothing was written on any known ticket, so nobody undid anything")
        return 0
    if not call.quiet:
        _show(told, begin, console(), most=10**6 if call.verbose else SHOWN)
    for sentence in told.suggestions:
        say(f"suggests: {sentence}")
    if not told.suggestions:
        say(f"nothing to suggest: no rule or role was overruled {counting.ENOUGH} times or more, and often")
    return 0


def _show(told: counting.Report, begin: datetime, screen: Console, most: int) -> None:
    from rich.table import Table as Grid  # noqa: PLC0415 - only when something is shown
    from rich.text import Text  # noqa: PLC0415 - likewise

    screen.print(Text(f"Since {begin:%a %d %b %Y}, on tickets that are known\n", "dim"))
    for head, tallies in (("rule", told.rules), ("asked", told.roles), ("client", told.clients)):
        grid = Grid(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
        grid.add_column(head, overflow="fold")
        for name in ("wrote", "undone", "asked", "asked again"):
            grid.add_column(name, justify="right")
        for each in tallies[:most]:
            grid.add_row(
                Text(inert(each.name) or "no client"),
                _figure(each.wrote),
                _figure(each.undone, each.wrote),
                _figure(each.asked),
                _figure(each.again, each.asked),
            )
        if len(tallies) > most:
            grid.add_row(Text(f"and {len(tallies) - most} more: add -v", "dim"))
        screen.print(grid, highlight=False)
        screen.print()


def _figure(count: int, of: int = 0) -> str:
    """A count, with its share in what it is a part of; without one if some of it is of an earlier time."""
    if not count:
        return "–"
    return f"{count} ({count / of:.0%})" if of >= count else str(count)
