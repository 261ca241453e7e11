"""A team without a tracker, whose people keep a list of issues by hand."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from office import HEADER

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

ZONE = ZoneInfo("Europe/Berlin")
"""In which the shipped mapping reads its cells."""


class SheetDesk:
    """The list of issues of a team that has no tracker."""

    def __init__(self, path: Path, now: datetime) -> None:
        self._path = path
        self.now = now
        self._write([])

    def create(self, title: str, client: str, severity: str) -> str:
        """One more row."""
        rows = self._rows()
        number = f"T-{len(rows) + 1}"
        cells = {"Client": client, "Title": title, "Severity": severity, "Category": "delivery", "Status": "Open"}
        self._write([*rows, dict.fromkeys(HEADER, "") | cells | {"ID": number, "Created": self._moment()}])
        return number

    def change(self, ticket: str, **cells: str) -> None:
        """Somebody fills in cells of a row."""
        self._write([row | cells if row["ID"] == ticket else row for row in self._rows()])

    def close(self, ticket: str) -> None:
        """The issue is done."""
        self.change(ticket, Status="Closed", Resolved=self._moment())

    def _moment(self) -> str:
        return f"{self.now.astimezone(ZONE):%Y-%m-%d %H:%M}"

    def _rows(self) -> list[dict[str, str]]:
        with self._path.open(encoding="utf-8", newline="") as stream:
            return [*csv.DictReader(stream)]

    def _write(self, rows: list[dict[str, str]]) -> None:
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, HEADER)
            writer.writeheader()
            writer.writerows(rows)
        fresh.replace(self._path)
