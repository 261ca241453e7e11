"""A pass over an export, for whoever wants to see what the daemon would do before it gets any credentials."""

from __future__ import annotations

import os
import shlex
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sync import report
from sync.commands.passes import WORK_TO_DO, explained, status_of
from sync.cycle import plan_pass
from sync.errors import ConfigurationError
from sync.legible import counted, inert
from sync.mapping.policy import load_policy
from sync.settings import PREFIX, Settings, chosen, load, load_settings, mapping_of
from sync.startup import program
from sync.state.store import Store
from sync.terminal import console, say_json
from sync.trackers.export import ExportTracker, open_table, read_export
from sync.trackers.export_table import NAMES
from sync.trackers.sources import UNGUARDED, AsanaSource, JiraSource
from sync.workbench.shipped import shipped_mappings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from sync.call import Call
    from sync.cycle import Program, Sight
    from sync.mapping.policy import Policy
    from sync.trackers.export import Export
    from sync.trackers.export_dates import Order
    from sync.trackers.export_table import Kind, Table
    from sync.trackers.sources import AnySource
    from sync.worktime import Calendar

SOURCE = "export"
"""What the source is called where no config names one."""


@dataclass(frozen=True, slots=True)
class Tried:
    """An export made ready: what it is read and judged by, the moment, and the program of a pass over it."""

    table: Table
    export: Export
    settings: Settings
    source: AnySource
    policy: Policy
    configured: tuple[str, ...]
    """The config's sources of that kind, of which the first is taken; without any, what they say is assumed."""
    pretended: bool
    """Whether the moment was said; else it follows from the export."""
    moment: datetime
    working: Program


def one_pass(  # noqa: PLR0913 - the command's options
    call: Call,
    *,
    export: Path,
    date_format: Order | None,
    only: Sequence[str],
    now: datetime | None,
    max_actions: int | None,
    approve: Sequence[str],
    exit_code: bool,
    dry_run: bool = True,
) -> int:
    """The plan of one pass over an export, which is always a dry run; returns the exit status."""
    del dry_run
    with tried(call, export, date_format, now) as ready:
        _refuse_strange(only, ready)
        working = replace(ready.working, max_actions=max_actions, approved=frozenset(approve))
        sights = plan_pass(working, ready.moment, only)
    if call.output == "json":
        say_json(report.as_json(sights, ready.moment) | {"export": as_json(ready)})
    else:
        screen = console()
        if not call.quiet:
            for line in told(ready, sights):
                screen.print(line, highlight=False)
        report.show(sights, screen, verbosity=call.verbosity)
    work = any(sight.plan.actions() for sight in sights)
    return status_of(sights) or (WORK_TO_DO if exit_code and work else 0)


def explain(call: Call, *, export: Path, date_format: Order | None, ticket: str, now: datetime | None) -> int:
    """Everything that is thought of one ticket of an export; returns the exit status."""
    with tried(call, export, date_format, now) as ready:
        _refuse_strange([ticket], ready)
        return explained(call, ready.working, ready.settings, ticket)


@contextmanager
def tried(call: Call, path: Path, order: Order | None, now: datetime | None) -> Iterator[Tried]:
    """The export with the program of one pass over it; nothing is asked, written or kept anywhere.

    It is judged by the mapping files of the config, if there is one, else by the shipped ones; by default at the
    newest moment of the file, or when work begins after it, since at night hardly anything is said.
    ConfigurationError if the file is no export, or the config no config.
    """
    table = open_table(path)
    place = _config(call)
    settings, source, policy, configured = _judged_by(table, place, call.sources)
    export = read_export(table, source, policy.mappings[mapping_of(source)[0]], order)
    moment = now or _usual_hours(policy).next_opening(export.newest)
    tracker = ExportTracker(export, moment)
    with Store.in_memory() as store:
        working = program(settings, policy, store, (), lambda: moment, lambda *_: tracker)
        working = replace(
            working, pretended=True, command=shlex.join(["makegood", "--dry-run", "--export", str(path)])
        )
        yield Tried(table, export, settings, source, policy, configured, now is not None, moment, working)


def _config(call: Call) -> Path | None:
    """The config to read; None if there is none, which is only wrong where one was named."""
    try:
        return call.config_file()
    except ConfigurationError:
        if os.environ.get(f"{PREFIX}CONFIG"):
            raise
        return None


def _judged_by(
    table: Table, config: Path | None, names: Sequence[str]
) -> tuple[Settings, AnySource, Policy, tuple[str, ...]]:
    """Settings with the source that stands for the export alone, it, the policy, and the config's such sources."""
    settings = load_settings(config) if config else None
    source: AnySource
    own = [source for source in chosen(settings, names) if source.tracker == table.kind] if settings else []
    if names and not own:
        raise ConfigurationError(
            f"{table.path} is {NAMES[table.kind]}'s, and --source names no source of that kind"
        )
    if own and config:
        settings, policy = load(config)
        source = own[0]
    else:
        source = _assumed(table.kind)
        folder = settings.mappings if settings else _shipped()
        policy = load_policy(folder, dict([mapping_of(source)]))
        source = source.model_copy(update={"zone": _usual_hours(policy).zone})
        settings = settings or Settings(source=[source], mappings=folder)
    alone = settings.model_copy(update={"source": [source], "notify": None, "suggest": None})
    return alone, source, policy, tuple(each.name for each in own)


def _usual_hours(policy: Policy) -> Calendar:
    return policy.calendars[policy.escalation.calendar]


def _assumed(kind: Kind) -> AnySource:
    """What no config says: everything would be written, staff alone read it, and nothing is too much."""
    said: dict[str, Any] = {"name": SOURCE, "mode": "full", "readers": "staff", "guard": UNGUARDED}
    if kind == "jira":
        return JiraSource(tracker="jira", url="https://export.invalid", projects=["EXPORT"], **said)
    return AsanaSource(tracker="asana", projects=["0"], **said)


def _shipped() -> Path:
    """The mapping files of the current folder, else those that come with the program."""
    here = Path("mappings")
    return here if (here / "taxonomy.toml").is_file() else shipped_mappings()


def _refuse_strange(only: Sequence[str], ready: Tried) -> None:
    if lacking := [key for key in only if key.casefold() not in ready.export.names]:
        raise ConfigurationError(f"{ready.table.path} has no ticket {', '.join(map(inert, lacking))}")


# --- what is told beside the plan --------------------------------------------------------------------------------


def as_json(ready: Tried) -> dict[str, Any]:
    """What was read and assumed, as docs/json.md describes it."""
    export, table = ready.export, ready.table
    return {
        "file": str(table.path),
        "kind": table.kind,
        "written": table.written,
        "tickets": len(export.tickets),
        "left_out": dict(sorted(export.left_out.items())),
        "dates": export.dates,
        "zone": ready.source.zone,
        "newest": export.newest.isoformat(),
        "mappings": str(ready.settings.mappings),
        "unknown": list(export.unknown),
        "assumed": list(_assumptions(ready)),
    }


def told(ready: Tried, sights: Sequence[Sight]) -> Iterator[RenderableType]:
    """What the export is, how it was read, and what it cannot tell, before the plan."""
    from rich.table import Table as Grid  # noqa: PLC0415 - only when something is shown
    from rich.text import Text  # noqa: PLC0415

    table = ready.table
    yield Text.assemble(
        (inert(table.path.name), "bold"), (f"  {NAMES[table.kind]} export · {table.written}", "dim")
    )
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    for head, line in _facts(ready, sights):
        grid.add_row(f"  {head}", Text(line, "yellow" if head == "not known" else ""))
    yield grid
    yield Text()


def _facts(ready: Tried, sights: Sequence[Sight]) -> Iterator[tuple[str, str]]:
    export = ready.export
    live = [judged for sight in sights for judged in sight.judged if judged.ticket.status.live]
    known = sum(judged.classification.category != "unclassified" for judged in live)
    yield (
        "read",
        f"{counted(len(export.tickets), 'ticket')}, {len(live):,} of them live; rules classify {known:,} of those",
    )
    if export.left_out:
        counts = (f"{count:,} {why}" for why, count in sorted(export.left_out.items()))
        yield "left out", f"rows: {', '.join(counts)}"
    yield "moment", _moment(ready)
    if export.dates:
        yield "dates", export.dates
    yield "mapping", _mapping(ready)
    yield from (("assumed", line) for line in _assumptions(ready))
    yield from (("not known", line) for line in export.unknown)


def _moment(ready: Tried) -> str:
    at = ready.moment.astimezone(ZoneInfo(ready.source.zone))
    newest = "the newest moment in the file"
    if ready.moment > ready.export.newest:
        newest = f"when work begins after {newest}"
    why = "as --now says" if ready.pretended else f"{newest}; --now sets another"
    return f"{at:%a %d %b %Y %H:%M} ({ready.source.zone}), {why}"


def _mapping(ready: Tried) -> str:
    """The mapping file, and why it is this one."""
    file = ready.settings.mappings / mapping_of(ready.source)[0]
    if ready.configured:
        others = f" (--source takes {' or '.join(ready.configured[1:])} instead)" if ready.configured[1:] else ""
        return f"{file}, of source {ready.source.name} of the config{others}"
    shipped = ready.settings.mappings == _shipped()
    return f"{file}, for {'there is no config' if shipped else 'the config has no such source'}"


def _assumptions(ready: Tried) -> Iterator[str]:
    if not ready.configured:
        yield f"times are in {ready.source.zone}, staff alone read the tickets, and all would be written"
