"""`overrides`: how often people undid or ignored what each rule wrote, counted from the state alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from office import INVOICE, LATE, NOW, Office
from passes import Agency, agency, high

from sync.state.records import Override
from sync.workbench.overrides import ENOUGH, OWNER, report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.memory_tracker import Board

    from sync.workbench.overrides import Report, Tally


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Agency]:
    with agency(tmp_path) as made:
        yield made


def told(firm: Agency, client: str = "Client A") -> Report:
    """What the firm's state says of all its tickets since it began."""
    rows = firm.store.listed(["desk"])
    clients = {(row.known.site, row.known.id): row.known.client or client for row in rows}
    begin = firm.boards[0].tickets["10001"].created
    return report(firm.store.written_since(begin), firm.store.overrides(begin), clients)


def of(tallies: tuple[Tally, ...], name: str) -> tuple[int, int, int, int]:
    """Written, undone, asked and asked again."""
    (found,) = [each for each in tallies if each.name == name]
    return found.wrote, found.undone, found.asked, found.again


def tickets(board: Board, count: int) -> list[str]:
    return [board.create(**high()) for _ in range(count)]


def test_a_label_that_a_person_took_off_counts_once_against_its_rule_however_many_passes_follow(
    firm: Agency,
) -> None:
    board = firm.board()
    first, _ = tickets(board, 2)
    firm.run()
    board.take_off(first, "esc:delivery")
    for _ in range(3):
        firm.run(minutes=5)
    assert of(told(firm).rules, "taxonomy.toml: late") == (2, 1, 0, 0)
    assert of(told(firm).clients, "Client A")[1] == 1


@pytest.mark.parametrize("due", ["2026-05-01", None], ids=["another date", "none at all"])
def test_a_date_that_a_person_replaced_or_cleared_counts_against_the_rule_that_gave_it(
    firm: Agency, due: str | None
) -> None:
    board = firm.board()
    (ticket,) = tickets(board, 1)
    firm.run()
    board.change(ticket, due=date.fromisoformat(due) if due else None)
    for _ in range(2):
        firm.run(minutes=5)
    assert of(told(firm).rules, "escalation.toml: high.first_response")[:2] == (1, 1)


def test_what_makegood_takes_away_itself_is_nobody_s_override(firm: Agency) -> None:
    board = firm.board()
    (ticket,) = tickets(board, 1)
    firm.run()
    board.change(ticket, fields={"severity": "low"})
    firm.run(minutes=5)
    assert firm.store.overrides(board.tickets[ticket].created) == []


def test_who_had_to_be_asked_again_did_not_heed_the_first_time(firm: Agency) -> None:
    board = firm.board()
    board.create(fields={"severity": "critical"})
    for _ in range(6):
        firm.run(minutes=30)
    counted = told(firm)
    assert of(counted.rules, "escalation.toml: critical.escalation")[2:] == (1, 1)
    assert all(each.name in {"partner", "lead", OWNER} for each in counted.roles)
    assert sum(each.again for each in counted.roles) >= 1


def test_a_label_that_stays_off_under_another_prefix_was_undone_once() -> None:
    at = datetime(2026, 3, 3, 9, tzinfo=UTC)
    labels = (
        ("esc:delivery", "category:delivery"),
        ("mg:delivery", "category:delivery"),
        ("esc:high", "severity"),
    )
    undone = [("site", Override("10001", label, why, "taxonomy.toml: late", at)) for label, why in labels]
    assert of(report([], undone, {}).rules, "taxonomy.toml: late") == (0, 2, 0, 0)


def test_what_is_only_told_asks_nobody(firm: Agency) -> None:
    board = firm.board()
    ticket = board.create(fields={"severity": "critical"})
    firm.run(minutes=30)
    board.say(ticket, "/mine")
    firm.run(minutes=5)
    assert "taken" in {
        owed.promise for entry in firm.store.written_since(board.tickets[ticket].created) for owed in entry.said
    }
    assert not [each.name for each in told(firm).rules if each.name == "acknowledge"]


def test_a_rule_that_is_often_undone_is_named_with_what_to_look_at_and_a_rare_slip_is_not(firm: Agency) -> None:
    board = firm.board()
    listed = tickets(board, ENOUGH + 1)
    firm.run()
    for ticket in listed[: ENOUGH - 1]:
        board.take_off(ticket, "esc:delivery")
    firm.run(minutes=5)
    assert told(firm).suggestions == []
    board.take_off(listed[-1], "esc:delivery")
    firm.run(minutes=5)
    assert told(firm).suggestions == [
        (
            f"taxonomy.toml: late: people undid it {ENOUGH} of {ENOUGH + 1} times; "
            "narrow its phrases, and hold that by a test in mappings/tests/"
        )
    ]


def test_the_command_shows_rules_roles_and_clients_and_asks_no_tracker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, monkeypatch)
    office.source()
    office.issues(LATE, INVOICE)
    assert "nothing was written" in office.run("overrides", "--since", "2026-01-01").out
    office.at(NOW)
    (tmp_path / "issues.csv").unlink()
    shown = office.run("overrides", "--since", "2026-01-01")
    assert (shown.status, shown.err) == (0, "")
    assert "taxonomy.toml" in shown.out
    assert "nothing to suggest" in shown.out
    counted = office.run("overrides", "--since", "2026-01-01", "--client", "Client B", "--output", "json").json
    assert [each["name"] for each in counted["clients"]] == ["Client B"]
    assert counted["suggestions"] == []
