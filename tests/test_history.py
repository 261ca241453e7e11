"""What a ticket tells the others of its client, and which of them are judged again when that changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import passes
import pytest
from hypothesis import given
from hypothesis import strategies as st
from passes import Agency, agency
from tickets import (
    CLIENT,
    CONSULTANT,
    MAPPING,
    OPENED,
    TAXONOMY,
    US,
    at,
    became,
    judge,
    judged,
    moved,
    policy,
    ticket,
)

from sync.judging.facts import Deadline, Known, Request, Ripple, Told, fold, ripples
from sync.judging.memory import Memory
from sync.ticket import Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.memory_tracker import Board

    from sync.ticket import Change, Person

DAY = timedelta(days=1)


# --- dates kept and missed --------------------------------------------------------------------------------------


def promised(when: str, before: str, after: str, by: Person = CONSULTANT) -> Change:
    return became(when, "due", before, after, by)


TO_THE_5TH = promised("Mon 2 Mar 11:00", "", "2026-03-05")
OVER_THE_5TH = at("Fri 6 Mar 00:00")
DONE = moved("Wed 4 Mar 09:00", "open", "resolved")
BACK = moved("Mon 9 Mar 09:00", "resolved", "open")


@pytest.mark.parametrize(
    ("history", "now", "missed"),
    [
        pytest.param([TO_THE_5TH], "Thu 5 Mar 23:59", [], id="its day is not over"),
        pytest.param([TO_THE_5TH], "Fri 6 Mar 00:00", [True], id="its day is over"),
        pytest.param([TO_THE_5TH, DONE], "Mon 9 Mar 12:00", [False], id="solved in time"),
        pytest.param([TO_THE_5TH, DONE, BACK], "Tue 10 Mar 12:00", [False], id="solved in time, reopened later"),
        pytest.param(
            [TO_THE_5TH, DONE, BACK, moved("Tue 10 Mar 09:00", "open", "closed")],
            "Wed 11 Mar 12:00",
            [False],
            id="and solved again",
        ),
        pytest.param(
            [TO_THE_5TH, moved("Fri 6 Mar 09:00", "open", "closed")], "Mon 9 Mar 12:00", [True], id="solved late"
        ),
        pytest.param(
            [TO_THE_5TH, promised("Thu 5 Mar 10:00", "2026-03-05", "2026-03-20")],
            "Mon 9 Mar 12:00",
            [],
            id="moved before it passed: no deadline any more",
        ),
        pytest.param(
            [TO_THE_5TH, promised("Fri 6 Mar 10:00", "2026-03-05", "2026-03-09")],
            "Tue 10 Mar 12:00",
            [True, True],
            id="moved after it passed, and missed again",
        ),
        pytest.param(
            [promised("Mon 2 Mar 11:00", "", "2026-03-05", US)], "Mon 9 Mar 12:00", [], id="our own date"
        ),
    ],
)
def test_a_promised_date_is_kept_or_missed_once_its_day_is_over(
    history: list[Change], now: str, missed: list[bool]
) -> None:
    one, desk = ticket(*history), judge()
    told = desk.known(one, desk.classify(one), at(now)).told.deadlines
    assert [each.missed for each in told] == missed
    if missed:
        assert (told[0].day, told[0].at, told[0].event) == (date(2026, 3, 5), OVER_THE_5TH, TO_THE_5TH.id)


def test_a_date_that_we_wrote_and_no_history_tells_of_is_no_promise() -> None:
    one, desk = ticket(due=date(2026, 3, 5)), judge()
    ours = Memory(due=date(2026, 3, 5), due_written=True)
    assert desk.known(one, desk.classify(one), at("Mon 9 Mar 12:00")).told.deadlines
    assert not desk.known(one, desk.classify(one), at("Mon 9 Mar 12:00"), ours).told.deadlines


def test_a_ticket_is_looked_at_when_its_promised_day_is_over() -> None:
    one = ticket(TO_THE_5TH, fields={"severity": "Sev 4"}, owner=None)
    assert judged(one, "Thu 5 Mar 12:00").wake_at == OVER_THE_5TH


# --- which others it matters to ---------------------------------------------------------------------------------


def known(number: int, days: float = 0, **more: Any) -> Known:  # noqa: ANN401 - any of a known ticket's
    """A ticket of Client A that was opened so many days after the first of March."""
    told = Told(engagement="Web", **more.pop("told", {}))
    return replace(
        Known("site", str(number), f"A-{number}", "Client A", "delivery", at(OPENED) + days * DAY, told=told),
        **more,
    )


MISSED = Deadline(date(2026, 3, 5), OVER_THE_5TH, "due", missed=True)
LATER = Deadline(date(2026, 3, 9), OVER_THE_5TH + 4 * DAY, "due", missed=True)
ASKED = Request(30, "goodwill", "c1", at("Tue 3 Mar 10:00"))


@pytest.mark.parametrize(
    ("was", "now", "reached"),
    [
        pytest.param({}, {}, set(), id="nothing"),
        pytest.param({}, {"key": "B-1"}, set(), id="another key"),
        pytest.param({}, {"category": "billing"}, {"younger", "deadline"}, id="its category: those opened later"),
        pytest.param({}, {"told": {"severity": "critical"}}, set(), id="how bad it is"),
        pytest.param({}, {"told": {"satisfaction": 2.0}}, set(), id="what its client thinks of it"),
        pytest.param({}, {"resolved": at("Fri 6 Mar 10:00")}, set(), id="it is solved: those opened after that"),
        pytest.param(
            {"told": {"severity": "critical"}},
            {"told": {"severity": "critical"}, "resolved": at("Fri 6 Mar 10:00")},
            {"older", "younger", "deadline", "request"},
            id="something grave is solved: all",
        ),
        pytest.param(
            {"resolved": at("Fri 6 Mar 10:00")},
            {"told": {"severity": "high"}, "resolved": at("Fri 6 Mar 10:00")},
            {"older", "younger", "deadline", "request"},
            id="what was solved was grave after all",
        ),
        pytest.param({}, {"told": {"deadlines": (MISSED,)}}, {"deadline"}, id="a date missed: dates after it"),
        pytest.param({}, {"told": {"request": ASKED}}, {"request"}, id="a request decided: those decided later"),
        pytest.param(
            {},
            {"told": {"request": Request(30)}},
            set(),
            id="a request that is estimated, and decided by nobody yet",
        ),
    ],
)
def test_a_change_reaches_only_those_to_whom_it_can_matter(
    was: dict[str, Any], now: dict[str, Any], reached: set[str]
) -> None:
    others = {
        "older": known(1, -1),
        "younger": known(2, 1),
        "deadline": known(3, 1, told={"deadlines": (LATER,)}),
        "request": known(4, -1, told={"request": replace(ASKED, at=at("Wed 4 Mar 10:00"))}),
    }
    before, after = fold([known(9, **was), *others.values()]), fold([known(9, **now), *others.values()])
    ripple = ripples(before, after).get("Client A", Ripple())
    assert {name for name, each in others.items() if ripple.reaches(each)} == reached


def test_a_ticket_that_comes_or_goes_matters_to_those_opened_after_it_and_to_its_client_alone() -> None:
    one, other = known(1), known(7, client="Client B")
    for before, after in ((fold([other]), fold([other, one])), (fold([other, one]), fold([other]))):
        assert ripples(before, after) == {"Client A": Ripple(opened=one.opened)}


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(-9, 9), st.booleans()), max_size=9))
def test_the_same_facts_reach_nobody(lives: list[tuple[int, int, bool]]) -> None:
    found = {
        number: known(number, days, told={"request": ASKED} if asked else {}) for number, days, asked in lives
    }
    tickets = list(found.values())
    assert ripples(fold(tickets), fold(reversed(tickets))) == {}


# --- what that costs in requests --------------------------------------------------------------------------------

RULED = policy(
    severity=passes.SEVERITY,
    escalation=passes.ESCALATION,
    clients=passes.CLIENTS,
    taxonomy=TAXONOMY.replace("finance = ", 'wish = "scope", finance = '),
    mapping=MAPPING.replace("[status]", 'scope_decision = "Decision"\neffort = "Effort"\n[status]'),
    promises='heightened_care = { lasts = "30d", after = ["critical"], share = 0.5 }\n',
    scope='window = "90d"\ngoodwill_up_to = "60m"\n[decisions]\ngoodwill = "goodwill"\n',
)


@pytest.fixture
def firm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agency]:
    """A firm with rules of scope and of heightened care."""
    monkeypatch.setattr(passes, "policy", lambda: RULED)
    with agency(tmp_path) as made:
        yield made


def busy(firm: Agency) -> tuple[Board, list[str]]:
    """A board with twenty live tickets of one client and one engagement; every pass about them is done."""
    board = firm.board()
    numbers = [
        board.create(engagement="Web", created=firm.now - timedelta(minutes=20 - each)) for each in range(20)
    ]
    for _ in range(3):
        firm.run(minutes=20)
    board.reads.clear()
    firm.run(minutes=1)
    assert not fetched(board, ""), "all is done and said"
    return board, numbers


def fetched(board: Board, ours: str) -> set[str]:
    """The tickets that were read by their id, but for the one that changed."""
    asked = {number for read in board.reads if read.startswith("fetch") for number in read.split()[1:]}
    return asked - {ours}


def test_a_client_s_comment_has_no_other_ticket_read(firm: Agency) -> None:
    board, numbers = busy(firm)
    board.say(numbers[3], "How is it going?", CLIENT)
    firm.run(minutes=5)
    assert fetched(board, numbers[3]) == set()


def test_a_missed_date_has_only_those_with_a_later_one_read(firm: Agency) -> None:
    board, numbers = busy(firm)
    day = firm.now.date() + DAY
    board.change(numbers[3], due=day)
    board.change(numbers[4], due=day + DAY)
    firm.run(minutes=5)
    board.reads.clear()
    firm.run(days=2)
    assert fetched(board, numbers[3]) == set()
    firm.run(days=1)
    row = firm.store.find(numbers[3])[0]
    assert [each.missed for each in row.known.told.deadlines] == [True]


def test_a_solved_ticket_has_others_read_only_if_it_was_grave(firm: Agency) -> None:
    board, numbers = busy(firm)
    board.change(numbers[3], status=Status.RESOLVED)
    firm.run(minutes=5)
    assert fetched(board, numbers[3]) == set()
    board.change(numbers[4], fields={"severity": "critical"})
    firm.run(minutes=5)
    assert fetched(board, numbers[4]) == set(), "how bad it is matters to no other while it is open"
    board.change(numbers[4], status=Status.RESOLVED)
    firm.run(minutes=5)
    assert fetched(board, numbers[4]) == set(numbers) - {numbers[3], numbers[4]}
    assert sum(read.startswith("fetch") for read in board.reads) == 1, "in one request"


def test_a_decided_request_has_no_other_ticket_read(firm: Agency) -> None:
    board, numbers = busy(firm)
    for number in numbers[3:5]:
        board.change(number, fields={"category": "wish", "scope_decision": "goodwill", "effort": "30"})
        firm.run(minutes=5)
        younger = set(numbers[numbers.index(number) + 1 :])
        assert fetched(board, number) == younger, "its category matters to those that came after it"
        firm.run(minutes=5)
        board.reads.clear()
    board.change(numbers[3], fields={"category": "wish", "scope_decision": "", "effort": "30"})
    firm.run(minutes=5)
    assert fetched(board, numbers[3]) == {numbers[4]}, "the one that was decided after it"
