"""The registers: requests beyond the scope, lessons and remedies, from what is known of each ticket."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from office import LATE, NOW, Office
from openpyxl import load_workbook
from rich.console import Console
from tickets import policy

from sync import tables
from sync.judging.facts import Known, Record, Request, Told
from sync.registers import Asked, Registers, cost
from sync.state.records import Remembered, Row, SourceState
from sync.state.store import Store
from sync.tables import Table

if TYPE_CHECKING:
    from pathlib import Path

    from sync.ticket import Category

MONDAY = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
"""In Berlin it is Tuesday."""

CLIENTS = """
[[client]]
name = "Client A"
aliases = ["CLA"]
[[client.engagement]]
name = "Portal"
aliases = ["Portal relaunch"]
scope = "Statement of work 2026-01"
budget_hours = 100
[[client]]
name = "Client B"
"""


def row(
    key: str,
    request: Request | None = None,
    *,
    client: str = "Client A",
    engagement: str = "Portal",
    category: Category = "scope",
    source: str = "desk",
    **record: str,
) -> Row:
    """A ticket that was closed a day after it was opened."""
    told, kept = Told(engagement, "high", request=request), Record(**{"title": f"Title of {key}", **record})
    day = timedelta(days=1)
    known = Known("site", key, key, client, category, MONDAY, MONDAY + day, told, record=kept)
    return Row(source, known, live=False, wake_at=None)


GIVEN = Request(60, "goodwill", "change 5", MONDAY + timedelta(days=2), consent="by mail")
PAID = Request(600, "change-order", "change 5", MONDAY + timedelta(days=2), clause="§ 4.2")
MOVED = Request(300, "move-date", "change 5", MONDAY, moved="2026-04-01")
DROPPED, OPEN = Request(30, "drop", "change 5", MONDAY), Request()

ROWS = [
    row("A-1", GIVEN),
    row("A-2", PAID),
    row("A-3", MOVED, source="board"),
    row("A-4", DROPPED, engagement="Another"),
    row("B-1", OPEN, client="Client B", engagement=""),
    row("A-5", category="delivery", root_cause="No test of the import", remedy="4 h of rework", remedy_cost="4 h"),
    row(
        "A-6", category="delivery", lesson="Test with the client's data", remedy="Credit", remedy_cost="EUR 1,200"
    ),
    row("B-2", client="Client B", category="team", root_cause="…", remedy="…", remedy_cost="1"),
    row(
        "B-3", client="Client B", category="billing", prevention="Two read it", remedy="Call", remedy_cost="a call"
    ),
]


def registers(clients: str = CLIENTS, **asked: object) -> Registers:
    by = policy(clients=clients)
    return Registers(ROWS, by, {"desk": "Europe/Berlin", "board": "UTC"}, Asked(**asked))  # type: ignore[arg-type]


def keys(table: Table) -> list[object]:
    return [row["ticket"] for row in table.records()]


# --- requests ---------------------------------------------------------------------------------------------------


def test_each_request_tells_what_was_asked_against_which_scope_and_what_became_of_it() -> None:
    table = registers(client="Client A", engagement="Portal").requests()
    assert [(row["ticket"], row["against_scope"], row["paid_or_goodwill"]) for row in table.records()] == [
        ("A-1", "Statement of work 2026-01", "goodwill"),
        ("A-2", "§ 4.2", "paid"),
        ("A-3", "Statement of work 2026-01", ""),
    ]
    assert table.records()[0] == {
        "ticket": "A-1",
        "asked_on": "2026-03-03",
        "client": "Client A",
        "engagement": "Portal",
        "asked_for": "Title of A-1",
        "against_scope": "Statement of work 2026-01",
        "minutes": 60,
        "decision": "goodwill",
        "decided_on": "2026-03-05",
        "paid_or_goodwill": "goodwill",
        "date_moved": "",
        "consent": "by mail",
    }


def test_days_are_those_of_the_source_s_zone() -> None:
    asked = {row["ticket"]: row["asked_on"] for row in registers().requests().records()}
    assert (asked["A-1"], asked["A-3"]) == ("2026-03-03", "2026-03-02")


def test_below_stand_minutes_counts_and_the_share_of_each_budget() -> None:
    table = registers().requests()
    assert keys(table) == ["A-1", "A-2", "A-3", "A-4", "B-1"]
    assert dict(table.below) == {
        "minutes of goodwill": 60,
        "minutes of change-order": 600,
        "minutes of move-date": 300,
        "requests change-order": 1,
        "requests drop": 1,
        "requests goodwill": 1,
        "requests move-date": 1,
        "requests not decided": 1,
        "share of the 100 h of Portal, Client A": "16.0%",
    }


def test_the_agreed_money_stands_below_for_people() -> None:
    clients = CLIENTS.replace("budget_hours = 100", 'budget = 198000\ncurrency = "USD"')
    assert dict(registers(clients=clients).requests().below)["agreed budget of Portal, Client A"] == "198,000 USD"


def test_a_budget_is_shared_by_all_requests_though_only_some_are_asked_for() -> None:
    for table in (registers(sources=("board",)).requests(), registers(search="title a-3").requests()):
        assert keys(table) == ["A-3"]
        assert dict(table.below) == {
            "minutes of move-date": 300,
            "requests move-date": 1,
            "share of the 100 h of Portal, Client A": "16.0%",
        }


# --- lessons and remedies ---------------------------------------------------------------------------------------


def test_lessons_are_searched_by_words_and_hold_nothing_of_a_confidential_ticket() -> None:
    assert keys(registers().lessons()) == ["A-5", "A-6", "B-3"]
    assert keys(registers(search="TEST import").lessons()) == ["A-5"]
    assert keys(registers(search="test").lessons()) == ["A-5", "A-6"]
    assert keys(registers(client="Client B").lessons()) == ["B-3"]
    (told,) = registers(search="import").lessons().records()
    assert (told["closed_on"], told["root_cause"], told["lesson"]) == ("2026-03-04", "No test of the import", "")


def test_remedies_are_summed_by_unit_where_their_cost_is_a_figure() -> None:
    table = registers().remedies()
    assert [(row["ticket"], row["offered"], row["severity"]) for row in table.records()] == [
        ("A-5", "4 h of rework", "high"),
        ("A-6", "Credit", "high"),
        ("B-3", "Call", "high"),
    ]
    assert dict(table.below) == {"cost in EUR": 1200.0, "cost in h": 4.0, "costs without a figure": 1}


@pytest.mark.parametrize(
    ("written", "figure"),
    [
        ("90", (90.0, "")),
        ("EUR 1,200.50", (1200.5, "EUR")),
        ("1.200,50 €", (1200.5, "€")),
        ("12 500 kr", (12500.0, "kr")),
        ("1,5 h", (1.5, "h")),
        ("¥40,000", (40000.0, "¥")),
        ("a call", None),
        ("10 + 5", None),
        ("1.2.3", None),
        ("", None),
    ],
)
def test_a_cost_is_a_figure_and_a_unit_or_none(written: str, figure: tuple[float, str] | None) -> None:
    assert cost(written) == figure


# --- how they are handed on -------------------------------------------------------------------------------------

HOSTILE = Table(
    "requests",
    ("ticket", "asked_for", "minutes"),
    (("A-1", "=HYPERLINK(1)", -5), ("@A", "a\x07b\nc", None)),
    (("+1", 2.5),),
)


def test_csv_ends_with_the_figures_after_an_empty_line_and_computes_nothing() -> None:
    assert list(csv.reader(io.StringIO(tables.as_csv(HOSTILE)))) == [
        ["ticket", "asked for", "minutes"],
        ["A-1", "'=HYPERLINK(1)", "-5"],
        ["'@A", "ab\nc", ""],
        [],
        ["'+1", "2.5"],
    ]


def test_a_spreadsheet_opens_and_holds_texts_as_texts_and_figures_as_figures() -> None:
    sheet = load_workbook(io.BytesIO(tables.as_xlsx(HOSTILE))).worksheets[0]
    assert (sheet.title, sheet.freeze_panes) == ("requests", "A2")
    assert list(sheet.values) == [
        ("ticket", "asked for", "minutes"),
        ("A-1", "=HYPERLINK(1)", -5),
        ("@A", "ab\nc", None),
        (None, None, None),
        ("+1", 2.5, None),
    ]
    formula = sheet["B2"]
    assert (formula.data_type, formula.quotePrefix) == ("s", True)


@pytest.mark.parametrize("width", [80, 120, 200])
def test_as_text_a_register_fits_the_terminal_and_is_a_card_for_each_row_where_it_is_narrow(width: int) -> None:
    stream = io.StringIO()
    tables.show(registers(client="Client A").requests(), Console(file=stream, width=width))
    shown = stream.getvalue()
    assert max(map(len, shown.splitlines())) <= width
    assert shown.count("asked for") == (1 if width == 200 else 4)
    assert "share of the 100 h of Portal, Client A  16.0%" in shown


# --- the commands -----------------------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A folder whose state file tells of the tickets above; the shipped clients know `Client A` and `B`."""
    made = Office(tmp_path, monkeypatch)
    made.source("desk")
    made.source("board")
    with Store(made.folder / "state.db", write=True) as store:
        for name in ("desk", "board"):
            rows = [each for each in ROWS if each.source == name]
            store.remember(name, Remembered(SourceState("site", last_good=MONDAY), rows))
    return made


def test_the_registers_are_answered_from_the_state_alone(office: Office) -> None:
    before = office.files()
    for command, name, count in (
        ("register", "requests", 5),
        ("lessons", "lessons", 3),
        ("remedies", "remedies", 3),
    ):
        ran = office.run(command, "--output", "json")
        assert (ran.status, ran.err) == (0, "")
        assert set(ran.json) == {"schema", name, "totals"}
        assert len(ran.json[name]) == count
        listed = csv.reader(io.StringIO(office.run(command, "--output", "csv").out))
        assert next(listed) == [column.replace("_", " ") for column in ran.json[name][0]]
        assert ran.json[name][0]["ticket"] in office.run(command).out
    assert office.files() == before


def test_a_client_goes_by_any_of_its_names_and_an_engagement_too(office: Office) -> None:
    told = office.run("register", "--client", "cla", "--engagement", "PORTAL", "--output", "json").json
    assert [each["ticket"] for each in told["requests"]] == ["A-1", "A-2", "A-3"]
    told = office.run("remedies", "--client", "Client B", "--search", "call", "--output", "json").json
    assert told["totals"] == {"costs without a figure": 1}
    for arguments, words in (
        (("--client", "Client AA"), "makegood: no client is called 'Client AA'; did you mean 'Client A'?\n"),
        (("--engagement", "Portl"), "makegood: no engagement is called 'Portl'; did you mean 'Portal'?\n"),
    ):
        ran = office.run("lessons", *arguments)
        assert (ran.status, ran.out, ran.err) == (2, "", words)


def test_a_spreadsheet_goes_to_a_pipe(office: Office) -> None:
    ran = office.process("register", "--client", "Client A", "--output", "xlsx", encoding="latin-1")
    assert (ran.status, ran.err) == (0, "")
    sheet = load_workbook(io.BytesIO(ran.out.encode("latin-1"))).worksheets[0]
    assert [cell.value for cell in sheet["A"]][:5] == ["ticket", "A-1", "A-2", "A-3", "A-4"]


def test_before_the_first_pass_each_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Office(tmp_path, monkeypatch)
    made.source()
    made.issues(LATE)
    for command in ("register", "lessons", "remedies"):
        told = made.run(command)
        assert (told.status, told.err) == (0, "")
        assert told.out.startswith("no pass has been made yet")
    made.at(NOW)
    assert made.run("lessons").out == "no lessons are recorded\n"
    assert json.loads(made.run("lessons", "--output", "json").out) == {"schema": 1, "lessons": [], "totals": {}}
