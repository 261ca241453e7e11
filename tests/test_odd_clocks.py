"""Clocks that are wrong, jump or count oddly: nothing comes twice, early or never, and a wrong one is named."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import passes
import pytest
import tickets
import time_machine
from fakes.faults import Late
from fakes.memory_tracker import Lost
from harness_jira import CloudHarness, DataCenterDeskHarness
from office import LATE, NOW, Office, jira_cloud
from passes import BEGIN, agency, high
from reliability import Effect, counted, effects_of, held
from whole_firm import StaffAsana, StaffXlsx, desk, policy

from sync.action import SetDue
from sync.cycle import run_pass
from sync.errors import ClockError
from sync.ticket import Status
from sync.timekeeping import TOLERATED, steady

if TYPE_CHECKING:
    from fakes.memory_tracker import Board
    from harness import Harness
    from passes import Agency
    from whole_firm import Desk

    from sync.mapping.policy import Policy

pytestmark = pytest.mark.reliability

TRACKERS: tuple[type[Harness], ...] = (CloudHarness, DataCenterDeskHarness, StaffAsana, StaffXlsx)
HOUR, DAY, TEN = timedelta(hours=1), timedelta(days=1), timedelta(minutes=10)
YEAR_ONE = datetime(1970, 1, 1, 0, 3, tzinfo=UTC)

Wall = Callable[[datetime, int], datetime]
"""What this machine's clock says at an instant, in the pass of that number."""


def amiss(by: timedelta, *numbers: int) -> Wall:
    """A clock that is off in these passes and right in all others."""
    return lambda now, number: now + by if number in numbers else now


def forgotten(*numbers: int) -> Wall:
    """A clock that begins in 1970 in these passes."""
    return lambda now, number: YEAR_ONE if number in numbers else now


def swinging(now: datetime, number: int) -> datetime:
    """Ten minutes ahead in one pass, ten behind in the next."""
    return now + TEN if number % 2 else now - TEN


BY = policy(
    escalation="""
ladder = ["project_manager", "engagement_partner"]
gather = "15m"
calendar = "always"
[critical]
first_response = { within = "30d" }
escalation = { to = "engagement_partner" }
[high]
first_response = { within = "30d" }
escalation = { to = "engagement_partner" }
[medium]
first_response = { within = "30d" }
escalation = { to = "project_manager" }
handover = false
[low]
first_response = { within = "30d" }
escalation = { to = "project_manager" }
handover = false
"""
)
"""A ticket of severity high gets one comment in its life: the hand-over, once 15 minutes have passed."""

RIGHT = amiss(timedelta())
WRONG: dict[str, Wall] = {
    "an hour back": amiss(-HOUR, 2, 3, 4),
    "half an hour forward": amiss(HOUR / 2, 2, 3, 4),
    "a day forward and back again": amiss(DAY, 2, 3, 4),
    "in 1970": forgotten(2, 3, 4),
}
TOLERABLE: dict[str, Wall] = {
    "ten minutes ahead": amiss(TEN, *range(10)),
    "ten minutes behind": amiss(-TEN, *range(10)),
    "fourteen minutes forward at once": amiss(timedelta(minutes=14), 2, 3, 4),
    "swinging": swinging,
}


def by_all_clocks(scene: Desk, wall: Wall, late: int | None) -> Counter[Effect]:
    """Ten passes in which people act; the first comment meets a tracker that applies it `late` seconds later.

    That is the second pass's, while three more follow within six minutes.
    """
    ticket = scene.harness.create("The report is late", severity="high")
    if late is not None:
        scene.harness.fake.script(Late(late), method="POST", path=r"/(comment|stories)$")
    for number in range(10):
        scene.firm.wait(minutes=2 if number in {2, 3, 4} else 10)
        if number == 2:
            scene.harness.comment_as_client(ticket, "Well?")
        if number == 4:
            scene.harness.remove_label(ticket, "esc:high")
        true = scene.firm.now
        scene.firm.now = wall(true, number)
        off = abs(scene.firm.now - true)
        (sight,) = scene.run()
        assert isinstance(sight.error, ClockError) == (off > TOLERATED)
        scene.firm.now = true
        if number == 3:
            scene.firm.restart()
    assert scene.firm.store.unsettled() == []
    return effects_of(scene.harness, [ticket])


@cache
def undisturbed(kind: type[Harness], late: int | None) -> Counter[Effect]:
    """What stands there in the end if the clock is right."""
    with TemporaryDirectory() as folder, desk(kind, Path(folder), BY, site="site") as scene:
        found = by_all_clocks(scene, RIGHT, late)
    assert {what for _, _, what in found} >= {"esc:level-2"}
    assert sum(what == "comment" for _, what, _ in found) == 1
    return found


@pytest.mark.parametrize(
    ("kind", "clock"),
    [
        *((kind, clock) for kind in (CloudHarness, StaffAsana) for clock in (*WRONG, *TOLERABLE)),
        (DataCenterDeskHarness, "a day forward and back again"),
        (DataCenterDeskHarness, "fourteen minutes forward at once"),
    ],
    ids=lambda given: given if isinstance(given, str) else given.name,
)
def test_a_clock_that_jumps_right_after_a_lost_answer_doubles_and_loses_nothing(
    kind: type[Harness], clock: str, tmp_path: Path
) -> None:
    wall = (WRONG | TOLERABLE)[clock]
    with desk(kind, tmp_path, BY, site="site") as scene:
        found = by_all_clocks(scene, wall, 280)
    held("clock", f"{kind.name}, {clock}", expected=undisturbed(kind, 280), found=found)


@pytest.mark.parametrize(
    "clock", ["an hour back", "in 1970", "ten minutes behind", "fourteen minutes forward at once"]
)
def test_without_a_tracker_to_ask_the_last_good_pass_tells_that_a_clock_went_back(
    clock: str, tmp_path: Path
) -> None:
    with desk(StaffXlsx, tmp_path, BY, site="site") as scene:
        found = by_all_clocks(scene, (WRONG | TOLERABLE)[clock], None)
    held("clock", f"workbook, {clock}", expected=undisturbed(StaffXlsx, None), found=found)


# --- what a refusal says, and how one gets out of it ------------------------------------------------------------


def test_a_wrong_clock_is_told_with_the_tracker_s_and_nothing_is_written_or_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with jira_cloud() as jira:
        office, true = Office(tmp_path, monkeypatch), jira.now
        office.jira(jira.url)
        for off, arguments in ((-HOUR, []), (DAY, []), (timedelta(days=-20_000), ["--dry-run"])):
            jira.now = true - off
            ran = office.run(*arguments)
            told = " ".join((ran.out + ran.err).split())
            assert ran.status == 1
            assert f"the tracker's {jira.now:%Y-%m-%d %H:%M} UTC" in told
            assert "set this machine's clock (timedatectl)" in told
        assert "timedatectl" in office.run("status").out
        assert office.run("--dry-run", "--now", f"{true:%FT%TZ}").status == 0
        assert jira.issue("OPS-1").comments == []
        jira.now = true
        assert office.run().status == 0
        wrote = len(jira.issue("OPS-1").comments)
    counted("clock", duplicates=wrote - 1, losses=1 - wrote, cases=3)


def test_a_list_that_was_kept_by_a_clock_that_ran_ahead_goes_on_once_a_person_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, monkeypatch)
    office.source()
    office.issues(LATE)
    morning = datetime.fromisoformat(NOW)
    with time_machine.travel(morning + DAY):
        assert office.run().status == 0
    before = office.files()["issues.csv"]
    with time_machine.travel(morning):
        refused = office.run()
        told = " ".join((refused.out + refused.err).split())
        assert refused.status == 1
        assert "the last good pass was at 2026-03-04 09:00 UTC" in told
        assert office.files()["issues.csv"] == before
        remedy = told.partition("makegood --source")[2].split()[:3]
        assert remedy[:2] == ["issues", "--now"]
        assert remedy[2].startswith("2026-03-03T09:00:")
        assert office.run("--source", *remedy).status == 0
        assert office.run().status == 0
    said = [row["Action id"] for row in office.rows("issues.comments.csv").values()]
    counted("clock", duplicates=len(said) - len(set(said)), losses=not said, told=said)


def test_a_machine_that_forgot_the_time_does_not_even_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, monkeypatch)
    office.source()
    office.issues(LATE)
    before = office.files()["issues.csv"]
    with time_machine.travel(YEAR_ONE):
        ran = office.run()
    assert (ran.status, office.files()["issues.csv"]) == (1, before)
    assert "1970-01-01 00:03 UTC, which cannot be" in " ".join((ran.out + ran.err).split())


def test_a_difference_that_does_no_harm_is_told(tmp_path: Path) -> None:
    with agency(tmp_path) as firm:
        firm.board().create(**high())
        firm.now += TEN
        (sight,) = firm.run(minutes=20)
        assert "the tracker's clock is 10 minutes behind this machine's" in " ".join(sight.plan.notices)
        assert (sight.error, sight.results[0].commented) == (None, True)
        firm.now -= TEN
        (sight,) = firm.run(minutes=20)
        assert not sight.plan.notices


# --- what a clock that ran ahead left behind --------------------------------------------------------------------


def test_a_state_that_was_kept_in_the_future_holds_nothing_back_today(tmp_path: Path) -> None:
    with agency(tmp_path, crawl_every=HOUR) as firm:
        board = firm.board(tells_time=False)
        lost = board.create(**high())
        board.script("comment", Lost("never"))
        firm.run()
        firm.now += 5 * HOUR
        firm.run(minutes=20)
        (entry,) = firm.store.unsettled()
        assert entry.ended_at == firm.now
        firm.now, board.tells_time = board.now, True
        hidden = board.create(**high())
        board.unindexed.add(hidden)
        firm.run(minutes=1)
        assert "esc:high" in board.tickets[hidden].labels, "the crawl is not put off"
        assert not board.ours(lost), "the write may arrive yet"
        firm.run(minutes=11)
        firm.run(minutes=5)
        marks = Counter(what for _, kind, what in standing(board).elements() if kind == "comment")
    counted("clock", duplicates=(marks - Counter(set(marks))).total(), losses=2 - len(marks), told=marks)


@pytest.mark.parametrize("back", [HOUR, -DAY], ids=["back", "forward"])
def test_a_clock_that_is_set_while_a_pass_runs_is_not_heeded(back: timedelta, tmp_path: Path) -> None:
    """As by the time service after a machine woke: the answer is lost, and by the clock it was long ago."""
    with time_machine.travel(BEGIN, tick=False) as wall, agency(tmp_path) as firm:
        board = firm.board()
        number = board.create(**high())
        board.script("comment", Lost(timedelta(minutes=5)))
        board.step = lambda point, _: wall.shift(-back) if point == "before comment" else None
        firm.wait(minutes=20)
        wall.move_to(firm.now)
        clock = steady()
        run_pass(replace(firm.program(firm.store), clock=clock), clock(), "run")
        board.step = lambda _point, _ticket: None
        for _ in range(8):
            firm.run(minutes=2)
        said = len(board.ours(number))
    counted("clock", duplicates=said - 1, losses=1 - said)


# --- any clock at all -------------------------------------------------------------------------------------------


def standing(board: Board) -> Counter[Effect]:
    """What of ours stands on a board, as a multiset."""
    found: Counter[Effect] = Counter()
    for number, ticket in board.tickets.items():
        found.update((number, "comment", mark) for comment in board.ours(number) for mark in comment.marks)
        found.update((number, "label", label) for label in ticket.labels if label.startswith("esc:"))
        found.update([(number, "due", str(ticket.due))] if ticket.due else [])
    return found


def wandering(firm: Agency, chance: random.Random | None) -> Counter[Effect]:
    """Hours of passes by a clock that is seldom right, while answers are lost; then an hour by a right one."""
    board = firm.board(ledger=True)
    offs = [timedelta(minutes=n) for n in (0, 0, 0, 1, -1, 10, -10, 14, -14, 30, -60, 1440, -1_000_000)]
    for number in range(48):
        if number in {0, 3, 9}:
            board.create(**high())
        firm.wait(minutes=5)
        true = firm.now
        if chance and number < 36:
            firm.now += chance.choice(offs)
            faults = [Lost("now"), Lost("never"), Lost(timedelta(seconds=chance.randrange(1, 300)))]
            if chance.random() < 0.5:
                board.script(chance.choice(["comment", "edit"]), chance.choice(faults))
        firm.run()
        firm.now = true
    return standing(board)


def test_whatever_the_clock_says_each_thing_is_done_once(tmp_path: Path) -> None:
    with agency(tmp_path) as firm:
        expected = wandering(firm, None)
    for seed in range(10):
        folder = tmp_path / str(seed)
        folder.mkdir()
        with agency(folder) as firm:
            found = wandering(firm, random.Random(seed))
        held("clock", f"wandering, seed {seed}", expected=expected, found=found)


# --- nights in which the clocks change, and the leap day --------------------------------------------------------


class Night(NamedTuple):
    """A night of 2026: the zone, and its instant (UTC) at which the clocks change."""

    zone: str
    change: str

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(f"2026-{self.change}+00:00")


NIGHTS = [
    Night("Europe/Berlin", "03-29T01:00"),
    Night("Europe/Berlin", "10-25T01:00"),
    Night("America/New_York", "03-08T07:00"),
    Night("America/New_York", "11-01T06:00"),
    Night("Australia/Lord_Howe", "10-03T15:30"),
    Night("Australia/Lord_Howe", "04-04T15:00"),
]
PLAIN = Night("UTC", "06-10T01:00")

TIMED = """
ladder = ["lead", "partner"]
gather = "15m"
calendar = "always"
[critical]
first_response = { within = "90m", counts = "elapsed" }
escalation = { to = "partner" }
[high]
first_response = { within = "90m", counts = "working" }
escalation = { to = "partner" }
[medium]
first_response = { within = "2h", counts = "working" }
escalation = { to = "lead" }
handover = false
[low]
first_response = { within = "30d" }
escalation = { to = "lead" }
handover = false
"""


def timed(zone: str, calendar: str = "always") -> Policy:
    """Promises that are soon broken, by calendars on the wall of that zone."""
    calendars = tickets.CALENDARS.replace('"UTC"', f'"{zone}"').replace('"Europe/Berlin"', f'"{zone}"')
    return tickets.policy(
        severity=passes.SEVERITY,
        escalation=TIMED.replace('"always"', f'"{calendar}"'),
        clients=passes.CLIENTS,
        calendars=calendars.replace('holidays = { country = "DE", region = "BE" }\n', ""),
    )


@cache
def heard(night: Night, *, history: bool) -> list[tuple[str, int]]:
    """After how many minutes each comment came on tickets of that night, of which one waits for an hour."""
    with TemporaryDirectory() as folder, agency(Path(folder), by=timed(night.zone), now=night.at - HOUR) as firm:
        board = firm.board(history=history, settings={"zone": night.zone})
        begun = firm.now
        made = [board.create(fields={"severity": severity}) for severity in ("critical", "high", "high")]
        for number in range(24):
            if number in {4, 10}:
                firm.run()
                board.change(made[2], status=Status.WAITING if number == 4 else Status.OPEN)
            firm.run(minutes=10)
        return [
            (ticket, round((comment.at - begun) / timedelta(minutes=1)))
            for ticket in made
            for comment in board.ours(ticket)
        ]


@pytest.mark.parametrize("history", [True, False], ids=["history", "observed"])
@pytest.mark.parametrize("night", NIGHTS, ids=str)
def test_a_promise_that_runs_through_the_change_is_neither_early_nor_late(
    night: Night,
    history: bool,  # noqa: FBT001
) -> None:
    expected, found = heard(PLAIN, history=history), heard(night, history=history)
    assert {minutes for _, minutes in expected} > {20, 90}
    counted(
        "clock",
        duplicates=(Counter(found) - Counter(expected)).total(),
        losses=(Counter(expected) - Counter(found)).total(),
        told=(found, expected),
    )


@pytest.mark.parametrize(
    ("zone", "opened", "broken"),
    [
        *((night.zone, f"{night.at - timedelta(days=1.5):%Y-%m-%d}", "") for night in NIGHTS),
        ("Europe/Berlin", "2028-02-28", "2028-02-29"),
        ("Europe/Berlin", "2028-02-29", "2028-03-01"),
    ],
)
def test_working_hours_are_those_on_the_wall(zone: str, opened: str, broken: str, tmp_path: Path) -> None:
    wall = ZoneInfo(zone)
    begin = datetime.fromisoformat(f"{opened} 16:00").replace(tzinfo=wall)
    end = datetime.fromisoformat(f"{broken or begin.date() + timedelta(days=3)} 10:00").replace(tzinfo=wall)
    with agency(tmp_path, by=timed(zone, "office"), now=begin.astimezone(UTC)) as firm:
        board = firm.board(settings={"zone": zone})
        number = board.create(fields={"severity": "medium"})
        firm.run()
        firm.wait(minutes=(end.astimezone(UTC) - firm.now) / timedelta(minutes=1) - 10)
        warned = [len(board.ours(number)) for _ in range(3) if firm.run(minutes=5 * bool(_))]
        assert firm.now == end.astimezone(UTC)
    counted("clock", duplicates=warned[1] - warned[0], losses=warned[1] + 1 - warned[2], told=warned)


@pytest.mark.parametrize(
    ("zone", "opened", "due"),
    [
        ("Europe/Berlin", "2026-03-10T23:30+01:00", "2026-04-10"),
        ("Europe/Berlin", "2026-10-10T00:30+02:00", "2026-11-08"),
        ("America/New_York", "2026-02-20T23:30-05:00", "2026-03-23"),
        ("Australia/Lord_Howe", "2026-09-20T23:45+10:30", "2026-10-21"),
        ("Australia/Lord_Howe", "2026-03-20T00:15+11:00", "2026-04-18"),
        ("Europe/Berlin", "2028-01-30T12:00+01:00", "2028-02-29"),
        ("Europe/Berlin", "2028-02-29T12:00+01:00", "2028-03-30"),
    ],
)
def test_thirty_days_end_on_the_day_that_the_wall_of_the_source_shows(
    zone: str, opened: str, due: str, tmp_path: Path
) -> None:
    with agency(tmp_path, by=timed(zone), now=datetime.fromisoformat(opened).astimezone(UTC)) as firm:
        board = firm.board(settings={"zone": zone})
        number = board.create(fields={"severity": "low"})
        firm.run()
        (written,) = (ticket.due for ticket in board.tickets.values())
        firm.run(minutes=5)
        assert written == board.tickets[number].due == date.fromisoformat(due)


@pytest.mark.parametrize("kind", TRACKERS, ids=lambda kind: kind.name)
def test_the_leap_day_is_written_once_and_understood(kind: type[Harness], tmp_path: Path) -> None:
    with desk(kind, tmp_path, BY, zone="Europe/Berlin") as scene:
        noon = datetime(2028, 1, 30, 12, tzinfo=UTC)
        scene.firm.wait(seconds=(noon - scene.firm.now).total_seconds())
        ticket = scene.harness.create("The report is late", severity="low")
        scene.run()
        assert scene.harness.due_of(ticket) == date(2028, 2, 29)
        sights = [sight for days in (0, 1, 10) for sight in scene.run(days=days)]
        assert scene.harness.due_of(ticket) == date(2028, 2, 29)
    again = [action for sight in sights for action in sight.plan.actions() if isinstance(action, SetDue)]
    counted("clock", duplicates=len(again), told=again)


# --- zones that differ ------------------------------------------------------------------------------------------


def night_at(scene: Desk, night: Night, profile: str, site: str) -> Counter[Effect]:
    """Two hours around the change, with new tickets and changed ones in each pass; Jira lives in other zones."""
    fake = scene.harness.fake
    fake.zone, fake.caller = ZoneInfo(site), fake.site.person("makegood", zone=profile)
    scene.firm.wait(seconds=(night.at - HOUR - scene.firm.now).total_seconds())
    made: list[str] = []
    for number in range(12):
        if number % 3 == 0:
            made.append(scene.harness.create(f"Issue {number}", severity="high"))
        changed = made[number // 5]
        scene.harness.add_label(changed, f"by hand {number}".replace(" ", "-"))
        scene.harness.comment_as_client(changed, "Well?")
        (sight,) = scene.run(minutes=10)
        assert (sight.error, sight.plan.failed) == (None, ())
        assert {changed, made[-1]} <= {judged.ticket.id for judged in sight.judged}, "a change was missed"
        assert "high" in scene.labels(made[-1])
    return effects_of(scene.harness, made)


@cache
def where_it_is_utc(kind: type[Harness], night: Night) -> Counter[Effect]:
    """What stands there in the end if Jira knows no zone but UTC."""
    with TemporaryDirectory() as folder, desk(kind, Path(folder), BY, site="site", zone=night.zone) as scene:
        return night_at(scene, night, "UTC", "UTC")


@pytest.mark.parametrize(
    ("kind", "night", "profile", "site"),
    [
        *((CloudHarness, night, night.zone, "Europe/Berlin") for night in NIGHTS),
        (DataCenterDeskHarness, NIGHTS[1], "Europe/Berlin", "America/Los_Angeles"),
        (DataCenterDeskHarness, NIGHTS[5], "Australia/Lord_Howe", "Europe/Berlin"),
        (CloudHarness, NIGHTS[0], "Pacific/Kiritimati", "America/Los_Angeles"),
        (DataCenterDeskHarness, NIGHTS[1], "Pacific/Kiritimati", "America/Los_Angeles"),
    ],
    ids=str,
)
def test_in_whatever_zones_jira_lives_no_change_is_missed_and_the_day_is_the_source_s(
    kind: type[Harness], night: Night, profile: str, site: str, tmp_path: Path
) -> None:
    with desk(kind, tmp_path, BY, site="site", zone=night.zone) as scene:
        found = night_at(scene, night, profile, site)
    held("clock", f"{kind.name}, {night}, {profile}, {site}", expected=where_it_is_utc(kind, night), found=found)
    days = {what for _, effect, what in found if effect == "due"}
    first = (night.at - HOUR + timedelta(days=30)).astimezone(ZoneInfo(night.zone)).date()
    assert first.isoformat() in days


@pytest.mark.parametrize("kind", [StaffAsana, StaffXlsx], ids=lambda kind: kind.name)
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_a_due_date_is_the_day_in_the_source_s_zone_wherever_the_tracker_counts(
    kind: type[Harness], zone: str, tmp_path: Path
) -> None:
    with desk(kind, tmp_path, BY, zone=zone) as scene:
        night = datetime(2027, 3, 10, 11, 30, tzinfo=UTC)
        scene.firm.wait(seconds=(night - scene.firm.now).total_seconds())
        ticket = scene.harness.create("The report is late", severity="low")
        scene.run()
        scene.run(minutes=5)
        due = scene.harness.due_of(ticket)
        assert due == (night + timedelta(days=30)).astimezone(ZoneInfo(zone)).date()
