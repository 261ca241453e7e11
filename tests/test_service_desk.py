"""Pauses and time in status of a real service desk, against a plain computation from the same rows."""

from __future__ import annotations

import csv
import itertools
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from sync.judging.contact import pauses, time_in_status
from sync.mapping.tracker_models import Mapping, Statuses
from sync.ticket import Status
from sync.trackers.translate import Item, RawChange, Translation

if TYPE_CHECKING:
    from pathlib import Path

    from sync.ticket import Ticket

UNTIL = datetime(2025, 12, 1, tzinfo=UTC)

MEANING = {
    "Open": "open",
    "In Progress": "in_progress",
    "Report Under Review": "in_progress",
    "Assigned": "in_progress",
    "Approved": "in_progress",
    "Pending openICPSR changes": "waiting",
    "Assess openICPSR changes": "in_progress",
    "Writing Report (Part C)": "in_progress",
    "Pending publication": "waiting",
    "Creating repository": "in_progress",
    "Done": "closed",
    "Pre-Approved": "in_progress",
    "Submitted to MC": "resolved",
    "Pending Article DOI": "waiting",
    "Submitted PandP form": "resolved",
    "Blocked": "waiting",
    "Incomplete": "closed",
    "Delete NDA data": "in_progress",
    "Request addition of article DOI": "in_progress",
    "Waiting for info": "waiting",
    "Waiting for external report": "waiting",
}


@pytest.fixture(scope="module")
def desk(corpus: Path) -> dict[str, list[dict[str, str]]]:
    """Each ticket's rows, newest first as the file has them."""
    tickets = defaultdict(list)
    with (corpus / "data" / "service-desk-history.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            tickets[row["ticket"]].append(row)
    return dict(tickets)


def plainly(rows: list[dict[str, str]]) -> dict[str, timedelta]:
    """Time in each status, row by row: whatever status a row shows holds until the next row."""
    shown = sorted(
        (
            (datetime.fromisoformat(row["at"]).timestamp(), -number, row["status"])
            for number, row in enumerate(rows)
        ),
    )
    shown = [row for row in shown if row[0] <= UNTIL.timestamp()]
    spent: dict[str, float] = defaultdict(float)
    for (at, _, status), (following, _, _) in zip(shown, [*shown[1:], (UNTIL.timestamp(), 0, "")], strict=True):
        spent[MEANING[status]] += following - at
    return {status: timedelta(seconds=seconds) for status, seconds in spent.items()}


def as_ticket(key: str, rows: list[dict[str, str]], seed: int) -> Ticket:
    """The ticket as an adapter would hand it over, its history doubled and in no order."""
    told = sorted(
        (
            (datetime.fromisoformat(row["at"]).astimezone(UTC), -number, row["status"])
            for number, row in enumerate(rows)
        ),
    )
    changes = [
        RawChange(f"{number:06}", at, None, "status", before, after)
        for number, ((_, _, before), (at, _, after)) in enumerate(itertools.pairwise(told))
        if before != after
    ]
    doubled = changes * 2
    random.Random(seed).shuffle(doubled)
    lists: dict[str, list[str]] = defaultdict(list)
    for name, meaning in MEANING.items():
        lists[meaning].append(name)
    translation = Translation(Mapping(status=Statuses.model_validate(lists)), source="desk", site="desk", me="")
    created, last = told[0][0], told[-1]
    return translation.ticket(
        Item(key, key, "", key, "", last[2], created, last[0], last[0].isoformat(), changes=tuple(doubled))
    )


def test_time_in_status_equals_the_plain_computation_for_every_ticket(
    desk: dict[str, list[dict[str, str]]],
) -> None:
    assert len(desk) == 649
    for number, (key, rows) in enumerate(desk.items()):
        expected = plainly(rows)
        found = time_in_status(as_ticket(key, rows, number), UNTIL)
        for status in Status:
            assert found.get(status, timedelta()) == pytest.approx(
                expected.get(status, timedelta()), abs=timedelta(milliseconds=1)
            ), (key, status)


def test_pauses_are_the_time_waiting_or_done_whatever_the_order_and_the_duplicates(
    desk: dict[str, list[dict[str, str]]],
) -> None:
    paused = 0
    for number, (key, rows) in enumerate(desk.items()):
        plain = plainly(rows)
        expected = sum(
            (plain.get(status, timedelta()) for status in ("waiting", "resolved", "closed")), timedelta()
        )
        spans = pauses(as_ticket(key, rows, number))
        found = sum(((min(end or UNTIL, UNTIL) - begin for begin, end in spans if begin < UNTIL)), timedelta())
        assert found == pytest.approx(expected, abs=timedelta(milliseconds=1)), key
        assert all(end is not None for _, end in spans[:-1]), "only the last pause may still last"
        assert all(one[1] is not None and one[1] <= two[0] for one, two in itertools.pairwise(spans))
        paused += len(spans)
    assert paused > 649, "most tickets of the desk waited at least once"


def test_a_pause_over_the_night_when_the_clocks_change_is_an_hour_longer_or_shorter_by_the_wall() -> None:
    """New York, 9 March 2025: 01:30 to 03:30 on the wall is one hour."""
    rows = [
        {"at": "2025-03-09T03:30:00.000-0400", "status": "In Progress"},
        {"at": "2025-03-09T01:30:00.000-0500", "status": "Waiting for info"},
        {"at": "2025-03-09T00:00:00.000-0500", "status": "Open"},
    ]
    [(begin, end)] = pauses(as_ticket("one", rows, 0))
    assert end is not None
    assert end - begin == timedelta(hours=1)
