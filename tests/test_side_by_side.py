"""Passes over several sources that go on at once: whatever comes in between, they do what they do one by one."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from passes import agency, high
from test_attention import measured

from sync import cycle
from sync.cycle import run_pass
from sync.state.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from passes import Agency

    from sync.cycle import Program

MOST_CALLS = 60
"""A pass over a source asks the state less often than that."""


def one_pass(firm: Agency, source: str, program: Program | None = None) -> None:
    """A pass over one of the firm's sources, as its lane makes it."""
    program = program or firm.program(firm.store)
    own = tuple(served for served in program.sources if served.settings.name == source)
    run_pass(replace(program, sources=own), firm.now, f"{source} at {firm.now}")


def passes(number: int, firm: Agency, source: str, program: Program) -> None:
    """The first writes, the second finds that all is as it should be, for all that it knows."""
    for _ in range(number):
        one_pass(firm, source, program)


@contextmanager
def interrupted(
    at: int, by: Callable[[], None], monkeypatch: pytest.MonkeyPatch, alone: Callable[[], bool] = lambda: False
) -> Iterator[Counter[str]]:
    """Before the state is asked or written for the `at`-th time, something else is done; not while `alone`."""
    met: Counter[str] = Counter()

    def counting(method: Callable[..., Any]) -> Callable[..., Any]:
        def counted(store: Store, *arguments: object) -> object:
            if not (met["done"] or store._database.in_transaction or alone()):  # noqa: SLF001 - nobody gets in there
                met["calls"] += 1
                if met["calls"] == at:
                    met["done"] += 1
                    by()
            return method(store, *arguments)

        return counted

    with monkeypatch.context() as patch:
        for name in ("_select", "_committed"):
            patch.setattr(Store, name, counting(getattr(Store, name)))
        yield met


def deciding(program: Program) -> bool:
    """Whether a pass decides while others wait."""
    return any(underway._deciding.locked() for underway in (program.rations, program.known))  # noqa: SLF001 - nobody else asks


def severities(firm: Agency) -> dict[str, str]:
    """What the last judgement of each ticket came to, by site and number."""
    rows = [row for board in firm.boards for row in firm.store.rows(board.site, board.tickets)]
    return {f"{row.known.site} {row.known.id}": row.standing.severity for row in rows if row.standing}


def test_what_another_pass_finds_out_meanwhile_is_judged_by_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody talks of a client's second issue while on another source an older one is added: it is the third."""
    at = tried = 0
    met = Counter({"done": 1})
    while met["done"]:
        at += 1
        with agency(tmp_path / str(at)) as firm:
            one, other = firm.board("one"), firm.board("other")
            one.create()
            firm.wait(hours=1)
            second = other.create()
            for source in ("one", "other") * 3:
                firm.wait(minutes=5)
                one_pass(firm, source)
            one.create(created=other.tickets[second].created - timedelta(minutes=5))
            other.say(second, "We look at it.")
            program = firm.program(firm.store)
            with interrupted(
                at, partial(one_pass, firm, "one", program), monkeypatch, partial(deciding, program)
            ) as met:
                one_pass(firm, "other", program)
            tried += met["done"]
            for source in ("one", "other") * 2:
                firm.wait(minutes=1)
                one_pass(firm, source)
            raised = {each for each, severity in severities(firm).items() if severity == "high"}
            assert raised == {f"site of other {second}"}, f"interrupted before call {at}"
            other.reads.clear()
            one_pass(firm, "other")
            assert other.reads == ["connect", "changed"], "and then it rests"
    assert 5 < tried < MOST_CALLS


def test_what_two_passes_meet_for_the_first_time_at_once_is_judged_by_in_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client's issues on two sources that were never read: neither pass finds those of the other known."""
    at = tried = 0
    met = Counter({"done": 1})
    while met["done"]:
        at += 1
        with agency(tmp_path / str(at)) as firm:
            one, other = firm.board("one"), firm.board("other")
            for minutes, board in enumerate((one, other, one, other)):
                board.create(created=firm.now - timedelta(days=1, minutes=-minutes))
            program = firm.program(firm.store)

            twice = partial(passes, 2, firm, "one", program)
            with interrupted(at, twice, monkeypatch, partial(deciding, program)) as met:
                one_pass(firm, "other", program)
            tried += met["done"]
            for source in ("one", "other"):
                firm.wait(minutes=1)
                one_pass(firm, source)
            raised = Counter(severities(firm).values())
            assert raised == {"low": 2, "high": 2}, f"interrupted before call {at}"
            for board in (one, other):
                board.reads.clear()
            firm.wait(minutes=1)
            for source in ("one", "other"):
                one_pass(firm, source)
            assert one.reads == other.reads == ["connect", "changed"], "and then they rest"
    assert 5 < tried < MOST_CALLS


def test_a_pass_that_has_ended_has_nothing_in_hand_any_more(tmp_path: Path) -> None:
    with agency(tmp_path, by=measured(per_day=1)) as firm:
        firm.board("one").create(**high())
        firm.wait(minutes=20)
        program = firm.program(firm.store)
        one_pass(firm, "one", program)
        for underway in (program.known, program.rations):
            with underway.shared(("other",)) as (others, _):
                assert others == []


@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "at once"])
def test_a_ticket_that_is_another_sources_is_shown_to_no_pass_as_this_one_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, at_once: bool
) -> None:
    """Two sources show the same tickets, the second as another client's; the first one's reading counts."""
    with agency(tmp_path) as firm:
        one, two = firm.board("one", site="shared"), firm.board("two", site="shared")
        other = firm.board("other")
        for _ in range(2):
            number = one.create(client="Client B")
            firm.wait(minutes=1)
            two.tickets[number] = replace(one.tickets[number], source="two", client="Client A")
        two._events = 1000  # noqa: SLF001 - its events are later ones
        for source in ("one", "two", "other") * 2:
            one_pass(firm, source)
            firm.wait(minutes=1)
        for number in two.tickets:
            two._touch(number)  # noqa: SLF001 - seen again, and unchanged
        ticket, program = other.create(client="Client A"), firm.program(firm.store)
        meanwhile = [partial(one_pass, firm, "other", program)]

        def suggested(*asked: Any) -> Any:  # noqa: ANN401 - as the cycle's own
            if meanwhile and at_once:
                meanwhile.pop()()
            return cycle_suggested(*asked)

        cycle_suggested = cycle._suggested  # noqa: SLF001 - what a pass does once it has shown what it read
        monkeypatch.setattr(cycle, "_suggested", suggested)
        one_pass(firm, "two", program)
        for each in () if at_once else meanwhile:
            each()
        assert severities(firm)[f"site of other {ticket}"] == "low"


def test_a_ticket_that_moves_to_another_source_goes_on_to_count_for_its_clients_others(tmp_path: Path) -> None:
    with agency(tmp_path, crawl_every=timedelta(minutes=30)) as firm:
        one, two = firm.board("one", site="shared"), firm.board("two", site="shared", keys="B")
        tickets = []
        for _ in range(3):
            tickets.append(one.create())
            firm.wait(minutes=5)
        for _ in range(3):
            firm.run(minutes=5)
        first, third = tickets[0], tickets[2]
        assert "esc:high" in one.tickets[third].labels
        two.tickets[first] = one.tickets.pop(first)
        two._events = 1000  # noqa: SLF001 - its events are later ones
        two.change(first, key="B-1")
        one.say(third, "We look at it.")
        one.writes.clear()
        firm.run(minutes=31)  # a crawl: gone from one, new on two
        assert "esc:high" in one.tickets[third].labels, one.writes


def test_nobody_is_asked_beyond_a_days_measure_by_two_passes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = tried = 0
    met = Counter({"done": 1})
    while met["done"]:
        at += 1
        with agency(tmp_path / str(at), by=measured(per_day=1)) as firm:
            boards = [firm.board("one"), firm.board("other")]
            tickets = [board.create(**high()) for board in boards]
            firm.wait(minutes=20)
            program = firm.program(firm.store)
            with interrupted(
                at, partial(one_pass, firm, "one", program), monkeypatch, partial(deciding, program)
            ) as met:
                one_pass(firm, "other", program)
            tried += met["done"]
            one_pass(firm, "one", program)
            said = [len(board.ours(ticket)) for board, ticket in zip(boards, tickets, strict=True)]
            assert sum(said) == 1, f"interrupted before call {at}"
    assert 5 < tried < MOST_CALLS
