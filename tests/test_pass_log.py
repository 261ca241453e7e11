"""What the log tells of passes: enough, and not the same three hundred times a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from passes import agency, high

from sync.action import Failed
from sync.errors import ServerFaultError
from sync.service.pass_log import AGAIN, PassLog

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from pathlib import Path

    from passes import Agency


class Told:
    """A firm's passes, each five minutes after the last, and what of them is not at the level debug."""

    def __init__(self, firm: Agency) -> None:
        self.firm = firm
        self.log = PassLog(structlog.get_logger(), self._clock)
        self.last: MutableMapping[str, Any] = {}

    def _clock(self) -> float:
        return self.firm.now.timestamp()

    def next(self) -> list[str]:
        with structlog.testing.capture_logs() as lines:
            for number, sight in enumerate(self.firm.run(minutes=5)):
                self.log.tell(sight, str(number), 0.1)
        self.last = lines[-1] if lines else {}
        return [line["event"] for line in lines if line["log_level"] != "debug"]


def test_a_source_that_is_down_is_named_once_and_once_again_every_six_hours_and_when_it_is_served(
    tmp_path: Path,
) -> None:
    with agency(tmp_path) as firm:
        board, told = firm.board(), Told(firm)
        assert told.next() == ["pass"]
        board.down["connect"] = ServerFaultError("the desk answered 503")
        assert told.next() == ["source failed"]
        spent = [told.next() for _ in range(288)]
        assert [each for each in spent if each] == [["source failed"]] * 4
        board.down["connect"] = ServerFaultError("the desk cannot be found")
        assert told.next() == ["source failed"], "something else is wrong"
        board.down.clear()
        assert told.next() == ["served again", "pass"]
        assert told.next() == ["pass"]
        assert AGAIN.total_seconds() == 6 * 3600


def test_a_ticket_that_cannot_be_read_is_named_once_and_another_one_too(tmp_path: Path) -> None:
    with agency(tmp_path) as firm:
        board, told = firm.board(), Told(firm)
        first, second = board.create(), board.create()
        board.unreadable[first] = Failed(first, "read", "its status is nowhere mapped")
        assert told.next() == ["ticket failed", "pass"]
        for _ in range(3):
            board.change(first, title="still so")
            assert told.next() == ["pass"]
        board.unreadable[second] = Failed(second, "read", "its status is nowhere mapped")
        board.change(second, title="so is this")
        assert told.next() == ["ticket failed", "pass"]


def test_a_doubt_about_a_field_of_a_ticket_that_is_judged_is_no_failed_ticket_and_is_told_once(
    tmp_path: Path,
) -> None:
    with agency(tmp_path) as firm:
        board, told = firm.board(), Told(firm)
        odd, lost = board.create(), board.create()
        board.change(odd, problems=("the due date 'soon' is no date",))
        board.unreadable[lost] = Failed(lost, "read", "its status is nowhere mapped")
        assert sorted(told.next()) == ["pass", "ticket doubtful", "ticket failed"]
        assert (told.last["doubtful"], told.last["failed"]) == (1, 1)
        board.change(odd, title="still so")
        assert told.next() == ["pass"]


def test_a_plan_that_the_guard_refuses_is_no_failure_and_is_told_once(tmp_path: Path) -> None:
    with agency(tmp_path) as firm:
        board, told = firm.board(settings={"guard": {"actions": 1}}), Told(firm)
        board.create(**high())
        assert told.next() == ["plan refused"]
        board.create(**high())
        assert told.next() == [], "the figures and the digest are others"
        firm.change("desk", guard=firm.sources[0][0].guard.model_copy(update={"actions": 200}))
        assert told.next() == ["served again", "pass"]
