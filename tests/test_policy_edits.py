"""Editing the policy says nothing again, and what an edit makes overdue at once gets one warning period first."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import tickets
from fakes.memory_tracker import STAFF, Board
from office import INVOICE, LATE, NOW, ROOT, Office
from passes import CLIENTS, SEVERITY, Agency, agency
from reliability import counted

from sync.ticket import Change, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sync.cycle import Sight
    from sync.mapping.policy import Policy

pytestmark = pytest.mark.reliability

ESCALATION = """
ladder = ["lead", "partner"]
gather = "15m"
calendar = "{calendar}"
warn_at = 0.75
[critical]
first_response = {{ within = "30d" }}
escalation = {{ to = "partner", taken = {{ within = "1h" }} }}
[high]
first_response = {{ within = "{response}" }}
update = {{ within = "4h" }}
escalation = {{ to = "partner", taken = {{ within = "2h" }} }}
[medium]
first_response = {{ within = "{medium}" }}
escalation = {{ to = "lead" }}
handover = false
[low]
first_response = {{ within = "30d" }}
escalation = {{ to = "lead" }}
handover = false
"""
TAXONOMY = tickets.TAXONOMY
HOLIDAY = '[calendar.office]\nzone = "Europe/Berlin"'


def policy(*, response: str = "4h", medium: str = "4h", calendar: str = "always", **files: str) -> Policy:
    """First responses within so long, elapsed; everything else is silent or was long ago."""
    escalation = ESCALATION.format(response=response, medium=medium, calendar=calendar)
    return tickets.policy(**{"severity": SEVERITY, "escalation": escalation, "clients": CLIENTS, **files})


@dataclass
class Floor:
    """A firm with one ticket of each standing: all is said, half is said, nothing is said, solved and closed."""

    firm: Agency
    board: Board

    def marks(self) -> Counter[str]:
        return Counter(
            mark for number in self.board.tickets for each in self.board.ours(number) for mark in each.marks
        )

    def comments(self, number: str) -> int:
        return len(self.board.ours(number))

    def edit(self, by: Policy | None = None) -> None:
        """Another mapping from now on."""
        self.firm.digest += "'"
        if by:
            self.firm.by = by
            self.firm.sources = [
                (source, tracker, by.mappings["desk.toml"]) for source, tracker, _ in self.firm.sources
            ]


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with agency(tmp_path, by=policy()) as firm:
        board = firm.board()
        yield Floor(firm, board)


def rename_source(floor: Floor) -> None:
    floor.firm.change("desk", name="renamed")
    floor.board.source = "renamed"
    floor.board.tickets = {number: replace(each, source="renamed") for number, each in floor.board.tickets.items()}
    floor.edit()


def switch_language(floor: Floor) -> None:
    floor.firm.change("desk", language="da")
    floor.edit()


def rename_severities(floor: Floor) -> None:
    """The tracker's field says P2 from now on, and so does the mapping."""
    for number, each in list(floor.board.tickets.items()):
        if each.fields.get("severity") == "high":
            floor.board.change(number, STAFF, fields={"severity": "p2"})
    floor.edit(policy(severity=SEVERITY.replace('high = "high"', 'p2 = "high"')))


def update_holidays(floor: Floor) -> None:
    floor.edit(policy(calendars=tickets.CALENDARS.replace("DE", "FI").replace('region = "BE"', 'region = ""')))


EDITS: dict[str, Callable[[Floor], None]] = {
    "the source is renamed": rename_source,
    "a rule is renamed": lambda floor: floor.edit(
        policy(taxonomy=TAXONOMY.replace('name = "', 'name = "new ', 1))
    ),
    "4 h become 3 h": lambda floor: floor.edit(policy(response="3h", medium="3h")),
    "4 h become 8 h": lambda floor: floor.edit(policy(response="8h", medium="8h")),
    "severities have other names": rename_severities,
    "the holidays are other ones": update_holidays,
    "the office hours count": lambda floor: floor.edit(policy(calendar="office")),
    "something else is edited": lambda floor: floor.edit(),
    "the language is another": switch_language,
    "the ladder has another role": lambda floor: floor.edit(
        policy(severity=SEVERITY.replace("raise_by = 2", "raise_by = 1"))
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_says_nothing_again_of_what_was_spoken_of(floor: Floor, edit: str) -> None:
    board, firm = floor.board, floor.firm
    whole = board.create("The report is late", **fields("high"))
    firm.run(hours=3.5)
    half = board.create("The report is late", **fields("medium"))
    closed = board.create("The report is late", **fields("high"))
    firm.run(hours=3.5)
    board.change(closed, status=Status.CLOSED)
    firm.run(hours=1)
    before = floor.marks()
    assert floor.comments(whole) >= 3
    assert floor.comments(half) >= 1
    EDITS[edit](floor)
    firm.run(minutes=1)
    after = floor.marks()
    again = [mark for mark, times in (after - before).items() if mark in before or times > 1]
    for _ in range(3):
        firm.run(minutes=1)
    counted("policy edited", duplicates=len(again), told=again)
    assert max(floor.marks().values()) == 1
    assert {mark for comment in board.ours(closed) for mark in comment.marks} <= before.keys()


def test_a_label_that_a_person_took_off_stays_off_though_an_edit_gives_it_another_reason(floor: Floor) -> None:
    """Where medium counts as high, the first change made the ticket so severe; otherwise the second one did."""
    board, firm = floor.board, floor.firm
    changes = tuple(
        Change(f"to {after}", firm.now - timedelta(hours=ago), STAFF, "severity", before, after)
        for ago, before, after in ((2, "low", "medium"), (1, "medium", "high"))
    )
    number = board.create(
        "The report is late", **fields("high"), created=firm.now - timedelta(hours=3), changes=changes
    )
    floor.edit(policy(severity=SEVERITY.replace('medium = "medium"', 'medium = "high"')))
    assert _reason(firm.run(), "esc:high") == "severity:to medium"
    board.take_off(number, "esc:high")
    firm.run(minutes=5)
    floor.edit(policy())
    assert _reason(firm.run(minutes=5), "esc:high") == "severity:to high"
    for _ in range(2):
        firm.run(minutes=5)
    counted("policy edited", losses=int("esc:high" in board.tickets[number].labels))


def _reason(sights: list[Sight], label: str) -> str:
    """Why that label is wanted on the only ticket, as the mapping has it."""
    (judged,) = (judged for sight in sights for judged in sight.judged)
    return next(want.reason for want in judged.labels or () if want.label == label)


def test_a_template_that_is_reworded_says_nothing_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(tmp_path, monkeypatch)
    office.source()
    office.issues(LATE, INVOICE)
    assert office.at(NOW).status == 0
    before = office.rows("issues.comments.csv")
    (office.folder / "mappings").unlink()
    shutil.copytree(ROOT / "mappings", office.folder / "mappings")
    for template in (office.folder / "mappings" / "comments" / "en").glob("*.md"):
        template.write_text(f"Good day.\n\n{template.read_text(encoding='utf-8')}", encoding="utf-8")
    ran = office.at(NOW, "--output", "json")
    assert (ran.status, ran.json["sources"][0]["actions"]) == (0, [])
    counted("policy edited", duplicates=len(office.rows("issues.comments.csv")) - len(before))


def fields(severity: str) -> dict[str, Any]:
    """A ticket of that severity which somebody owns."""
    return {"fields": {"severity": severity}, "assignee": STAFF}


# --- one warning period -----------------------------------------------------------------------------------------


def test_what_an_edit_makes_overdue_at_once_is_warned_of_first_and_broken_one_warning_period_later(
    floor: Floor,
) -> None:
    """4 h become 2 h: the warning period is a quarter of that, 30 minutes."""
    number = floor.board.create("The report is late", **fields("medium"))
    floor.firm.run(hours=2.5)
    assert floor.comments(number) == 0
    floor.edit(policy(medium="2h"))
    floor.firm.run(minutes=5)
    (warning,) = floor.board.ours(number)
    assert "first_response, step 1" in warning.text
    assert "esc:breach" not in floor.board.tickets[number].labels
    floor.firm.run(minutes=29)
    assert floor.comments(number) == 1
    floor.firm.run(minutes=2)
    assert "first_response, step 2" in floor.board.ours(number)[-1].text
    assert "esc:breach" in floor.board.tickets[number].labels
    counted("policy edited")


def test_what_was_overdue_before_the_edit_as_well_gets_no_respite(floor: Floor) -> None:
    number = floor.board.create("The report is late", **fields("medium"))
    floor.firm.run(hours=3.9)
    assert floor.comments(number) == 1, "the warning"
    floor.firm.wait(hours=1)
    floor.edit(policy(medium="2h"))
    floor.firm.run()
    assert floor.comments(number) == 2
    assert "first_response, step 1" not in floor.board.ours(number)[-1].text
    counted("policy edited")


def test_a_second_edit_gives_no_second_respite(floor: Floor) -> None:
    number = floor.board.create("The report is late", **fields("medium"))
    floor.firm.run(hours=2.5)
    floor.edit(policy(medium="2h"))
    floor.firm.run(minutes=5)
    for _ in range(4):
        floor.edit()
        floor.firm.run(minutes=10)
    assert [comment.text for comment in floor.board.ours(number)] == [
        "first_response, step 1",
        "first_response, step 2",
    ]
    counted("policy edited")


def test_a_restart_in_the_midst_of_it_changes_nothing(floor: Floor) -> None:
    number = floor.board.create("The report is late", **fields("medium"))
    floor.firm.run(hours=2.5)
    floor.edit(policy(medium="2h"))
    floor.firm.run(minutes=5)
    floor.firm.restart()
    floor.firm.run(minutes=20)
    assert floor.comments(number) == 1
    floor.firm.run(minutes=15)
    assert floor.comments(number) == 2
    counted("policy edited")


def test_on_a_ticket_that_is_done_it_is_the_same(floor: Floor) -> None:
    """What is owed on a ticket that was closed four days ago is owed within two days, no longer within ten."""
    floor.edit(policy(promises=CAUSE.format("10d"), mapping=EVIDENT))
    number = floor.board.create("The report is late", **fields("high"))
    floor.firm.run(minutes=20)
    floor.board.change(number, status=Status.CLOSED)
    floor.firm.run(minutes=5)
    before = floor.comments(number)
    floor.firm.run(days=4)
    assert floor.comments(number) == before
    floor.edit(policy(promises=CAUSE.format("2d"), mapping=EVIDENT))
    floor.firm.run(minutes=5)
    assert [comment.text for comment in floor.board.ours(number)[before:]] == ["prevention, step 1"]
    floor.firm.run(hours=11)
    assert floor.comments(number) == before + 1
    floor.firm.run(hours=2)
    assert "prevention, step 2" in floor.board.ours(number)[-1].text
    counted("policy edited")


CAUSE = '[prevention]\nwithin = "{}"\n'
EVIDENT = tickets.MAPPING + '[evidence.prevention]\nwords = ["/cause"]\n'


def test_an_escalation_that_an_edit_brings_is_handed_over_now_and_chased_only_when_its_time_has_run(
    floor: Floor,
) -> None:
    """Medium tickets count as high from now on: the role is named at once and has its two hours from now."""
    number = floor.board.create("The report is late", **fields("medium"))
    floor.firm.run(hours=3.5)
    floor.edit(policy(severity=SEVERITY.replace('medium = "medium"', 'medium = "high"'), response="30d"))
    floor.firm.run(minutes=1)
    assert "escalation, step 2" not in " ".join(comment.text for comment in floor.board.ours(number))
    floor.firm.run(hours=1.9)
    assert "escalation, step 2" not in " ".join(comment.text for comment in floor.board.ours(number))
    floor.firm.run(hours=0.2)
    assert "escalation, step 2" in " ".join(comment.text for comment in floor.board.ours(number))
    counted("policy edited")


@pytest.mark.parametrize("minutes", range(0, 300, 5))
def test_at_no_moment_does_an_edit_break_a_promise_sooner_than_a_warning_period_from_it(
    floor: Floor, minutes: int
) -> None:
    number = floor.board.create("The report is late", **fields("medium"))
    floor.firm.run(minutes=minutes)
    broken = "esc:breach" in floor.board.tickets[number].labels
    floor.edit(policy(medium="1h"))
    edited = floor.firm.now
    while "esc:breach" not in floor.board.tickets[number].labels:
        floor.firm.run(minutes=5)
    given, promised = floor.firm.now - edited, timedelta(hours=4) - timedelta(minutes=minutes)
    assert broken or given >= min(timedelta(minutes=15), promised)
    assert given <= timedelta(minutes=65)
    counted("policy edited")
