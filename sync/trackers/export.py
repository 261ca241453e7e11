"""An export as a tracker that can only be read: its rows as tickets, at one moment, with what it cannot tell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from sync.action import Failed
from sync.errors import ConfigurationError, InvalidError
from sync.legible import inert
from sync.trackers import export_asana, export_jira
from sync.trackers.asana_records import with_completion
from sync.trackers.export_asana import AsanaRows
from sync.trackers.export_dates import dates_of
from sync.trackers.export_jira import JiraRows
from sync.trackers.export_table import HOW, NAMES, read_table
from sync.trackers.past import Past
from sync.trackers.translate import Translation, side_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime
    from pathlib import Path

    from sync.mapping.tracker_models import AsanaMapping, Mapping, People
    from sync.ticket import Ticket
    from sync.trackers.base import Page
    from sync.trackers.export_dates import Order
    from sync.trackers.export_table import Row, Table
    from sync.trackers.sources import Source
    from sync.trackers.translate import RawPerson

_TAKEN_FOR = {"staff": "staff", "client": "the client's", "unknown": "neither staff nor client"}
SITE = "export"
"""The site id of what is known from a file alone."""


@dataclass(frozen=True, slots=True)
class Export:
    """What an export tells. `newest` is the last instant in it; `unknown` what no file of its kind tells;
    `left_out` counts rows by why they are no tickets; `dates` says how dates in numbers are read, where any are.
    """

    tickets: tuple[Ticket, ...]
    failed: tuple[Failed, ...]
    newest: datetime
    dates: str
    unknown: tuple[str, ...]
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def names(self) -> frozenset[str]:
        """The keys and ids of all that the file holds, readable or not, without case."""
        known = {name for ticket in self.tickets for name in (ticket.id, ticket.key)}
        return frozenset(name.casefold() for name in known.union(each.name for each in self.failed))


def open_table(path: Path) -> Table:
    """The file as a table. ConfigurationError if it is no export, or lacks a column that every ticket needs."""
    table = read_table(path)
    needed = {"jira": export_jira.NEEDED, "asana": export_asana.NEEDED}[table.kind]
    if lacking := [name for name in needed if not table.has(name)]:
        raise ConfigurationError(
            f"{path} has no column {' and no column '.join(lacking)}; export it with all fields. {HOW[table.kind]}"
        )
    return table


def read_export(table: Table, source: Source, mapping: Mapping, order: Order | None = None) -> Export:
    """Every row as a ticket, as the daemon would read it by that mapping. ConfigurationError if there is none."""
    if not (table.rows or table.wide):
        raise ConfigurationError(f"{table.path} has headings and no row below them; export it again, with issues")
    cells = {"jira": export_jira, "asana": export_asana}[table.kind].dated_cells(table, mapping)
    dates = dates_of(cells, source.zone, order)
    staff_only = source.readers == "staff"
    rows: JiraRows | AsanaRows
    if table.kind == "jira":
        rows = JiraRows(table, mapping, dates, staff_only=staff_only)
    else:
        mapping = with_completion(cast("AsanaMapping", mapping))
        rows = AsanaRows(table, mapping, dates, staff_only=staff_only)
    translation = Translation(mapping, source=source.name, site=source.site or SITE, me="", zone=source.zone)
    tickets, failed = _read(table, rows, translation)
    newest = [ticket.resolved or ticket.updated for ticket in tickets.values()]
    newest += [ticket.updated for ticket in tickets.values()]
    if not newest:
        raise ConfigurationError(_nothing(table, failed))
    left_out = +Counter({"empty": table.blank}) + Counter(filter(None, map(rows.skipped, table.rows)))
    told = (*rows.unknown(), *_sides(rows.met, mapping.people))
    return Export(tuple(tickets.values()), tuple(failed), max(newest), dates.why, told, left_out)


def _sides(met: Collection[RawPerson], people: People) -> Iterator[str]:
    """How many people no list of the mapping knows, and what they count as."""
    nobody = people.model_copy(update={"everyone_else": "unknown"})
    if count := sum(side_of(person, nobody, "") == "unknown" for person in met):
        told = f"sides: {count:,} of {len(met):,} people in no list of the mapping's [people]"
        yield f"{told}; who is in none is taken for {_TAKEN_FOR[people.everyone_else]}"


def _read(
    table: Table, rows: JiraRows | AsanaRows, translation: Translation
) -> tuple[dict[str, Ticket], list[Failed]]:
    """The tickets by id, and a sentence for each row that cannot be one."""
    tickets: dict[str, Ticket] = {}
    failed: list[Failed] = []
    names: set[str] = set()
    for row in sorted((*table.rows, *table.wide), key=lambda row: row.number):
        wide, name = row.width > len(table.header), rows.name(row)
        if name in names:
            failed.append(Failed("", "read", f"row {row.number} holds {inert(name)} again; its first row counts"))
        elif wide:
            failed.append(Failed(name, "read", _too_wide(row, table)))
        elif not rows.skipped(row):
            try:
                ticket = translation.ticket(rows.item(row))
            except InvalidError as fault:
                failed.append(Failed(name, "read", str(fault)))
            else:
                tickets[ticket.id] = ticket
        names.add(name)
    return tickets, failed


def _too_wide(row: Row, table: Table) -> str:
    cells, headings = row.width, len(table.header)
    return (
        f"row {row.number} has {cells} cells under {headings} headings, so its values may stand under wrong ones; "
        "export the file again and leave it as it is"
    )


def _nothing(table: Table, failed: list[Failed]) -> str:
    why = f"; the first: {failed[0].name}: {failed[0].why}" if failed else ""
    return f"no row of {table.path} can be read as {NAMES[table.kind]} writes them{why}"


class ExportTracker(Past):
    """The export at the moment `now`: what was made, or said, after it does not show."""

    def __init__(self, export: Export, now: datetime) -> None:
        site = export.tickets[0].site
        super().__init__(site, export.tickets, now, brings_in=("mention", "watch", "assign"))
        self._failed = export.failed

    def changed(self, cursor: str | None) -> Iterator[Page]:
        """As `Past`, with the rows that cannot be read."""
        for page in super().changed(cursor):
            yield replace(page, failed=self._failed)
