"""Whatever becomes of the state file: at the tracker stands what would stand there anyway, each effect once."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import structlog
from harness_asana import AsanaHarness
from harness_jira import CloudHarness
from office import LATE, MAKEGOOD, NOW, ROOT, Office, jira_cloud
from old_states import set_back
from passes import BEGIN, CLIENTS, ESCALATION, SEVERITY, Agency, agency, high, in_a_lane
from reliability import effects_of, held
from test_daemon import PATIENCE, Service, service
from test_state_commands import no_room_beyond
from tickets import policy as small_policy
from whole_firm import Desk, StaffAsana, StaffDataCenter, StaffXlsx, desk, policy

from sync.commands.passes import _rebuilt
from sync.errors import StateError, StateStoppedError
from sync.mapping.parts import Amount
from sync.settings import Settings
from sync.state.backup import back_up
from sync.state.migrations import MIGRATIONS
from sync.state.store import Store
from sync.ticket import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakes.jira_cloud import JiraCloud
    from fakes.memory_tracker import Board
    from fakes.server import Exchange
    from harness import Harness
    from reliability import Effect


pytestmark = pytest.mark.reliability

TRACKERS: tuple[type[Harness], ...] = (CloudHarness, StaffDataCenter, StaffAsana, StaffXlsx)
PROMISES = """
follow_ups = ["verified"]
[verified]
within = "7d"
"""


# --- a day in a firm's life -------------------------------------------------------------------------------------


@dataclass
class Day:
    """A firm on one tracker, and what is done there before and after something becomes of its state file."""

    scene: Desk
    tickets: list[str]

    @property
    def state(self) -> Path:
        return self.scene.firm.state

    def create(self, title: str, severity: str) -> str:
        self.tickets.append(self.scene.harness.create(title, severity=severity))
        return self.tickets[-1]

    def begin(self) -> None:
        """One ticket was handed over and is somebody's, one is known, and one is grave."""
        first = self.create("The report is late", "high")
        self.scene.run(minutes=20)
        self.scene.harness.comment_as_staff(first, "/mine")
        self.create("The report is late again", "high")
        self.create("The report was late", "critical")
        self.scene.run(minutes=1)

    def work(self, *, people: bool = True) -> None:
        """A new ticket; hand-overs; a solution that is to be verified; and people have their way with our labels.

        A workbook tells nobody who wrote what since, so there they leave alone what is new, and the due dates.
        """
        first, known, grave = self.tickets
        harness, new = self.scene.harness, self.create("The report is late, too", "high")
        self.scene.run(minutes=1)
        self.scene.run(minutes=20)
        harness.comment_as_staff(grave, "/called")
        harness.set_status(grave, Status.RESOLVED)
        assert "delivery" in self.scene.labels(known) & self.scene.labels(new)
        if people:
            harness.remove_label(known, "esc:delivery")
        if people and harness.history:
            harness.comment_as_staff(first, "/called")  # its due date moves, and nothing is said
            harness.comment_as_staff(known, "/called")
            harness.remove_label(new, "esc:delivery")
        self.scene.run(minutes=5)

    def go_on(self) -> None:
        """Passes, soon and long after every doubt, while work goes on; in the end one ticket is closed."""
        first, known, _, new = self.tickets
        for minutes in (1, 11, 11, 26 * 60):
            self.scene.run(minutes=minutes)
        self.scene.harness.comment_as_staff(first, "/called")
        if self.scene.harness.history:
            self.scene.harness.comment_as_staff(known, "/called")
        self.scene.run(minutes=5)
        self.scene.harness.set_status(new, Status.CLOSED)
        for minutes in (5, 26 * 60, 5):
            sights = self.scene.run(minutes=minutes)
            assert [(sight.error, sight.plan.failed) for sight in sights] == [(None, ())]

    def effects(self) -> Counter[Effect]:
        return effects_of(self.scene.harness, self.tickets)


@contextmanager
def day(kind: type[Harness], folder: Path, **source: str) -> Iterator[Day]:
    """Its marks are the same wherever the tracker stands, for the source names its site."""
    site = {} if issubclass(kind, AsanaHarness) else {"site": "agency"}
    mapping = {} if issubclass(kind, CloudHarness | StaffDataCenter) else {"follow_up": True}
    with desk(kind, folder, policy(promises=PROMISES), mapping=mapping, **(site | source)) as scene:
        made = Day(scene, [])
        made.begin()
        yield made


@cache
def undisturbed(kind: type[Harness], *, people: bool = True) -> Counter[Effect]:
    """What stands at the tracker at the end of the day if nothing happens to the state file."""
    with TemporaryDirectory() as folder, day(kind, Path(folder)) as made:
        made.work(people=people)
        made.go_on()
        effects = made.effects()
    kinds = Counter(kind for _, kind, _ in effects.elements())
    assert kinds["comment"] >= 4
    assert kinds["label"] >= 4
    assert kinds["due"] >= 3
    assert kinds["follow_up"] == 2
    return effects


# --- a file that is not what it was -----------------------------------------------------------------------------


class Harm(NamedTuple):
    """What becomes of the file between two runs, what is said of it (nothing, if all goes on), and the remedy."""

    do: Callable[[Path], object]
    told: str = ""
    remedy: Callable[[Path], object] = lambda _path: None


def one_bad_page(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096)


def sql(*statements: str) -> Callable[[Path], None]:
    def do(path: Path) -> None:
        with closing(sqlite3.connect(path)) as database:
            for statement in statements:
                database.execute(statement)
            database.commit()

    return do


def away(path: Path) -> None:
    path.rename(path.with_suffix(".damaged"))


DAMAGED = r"is no sound state file \(.*\); move it away and run `makegood rebuild`"
NEWER = r"was written by a newer makegood \(schema 99, this one knows \d+\); install that version again"
HARMS = {
    "absent": Harm(Path.unlink),
    "empty": Harm(lambda path: os.truncate(path, 0)),
    "garbage": Harm(lambda path: path.write_bytes(b"not a database" * 999), DAMAGED, away),
    "truncated": Harm(lambda path: os.truncate(path, 4096 * 7), DAMAGED, away),
    "one bad page": Harm(one_bad_page, DAMAGED, away),
    "of an older schema": Harm(partial(set_back, schema=2)),
    "of a newer schema": Harm(
        sql("PRAGMA user_version = 99"), NEWER, sql(f"PRAGMA user_version = {len(MIGRATIONS)}")
    ),
}


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("kind", TRACKERS[:1], ids=lambda kind: kind.name)
def test_a_state_file_that_is(kind: type[Harness], harm: str, tmp_path: Path) -> None:
    through(kind, harm, tmp_path)


@pytest.mark.parametrize("kind", TRACKERS[1:3], ids=lambda kind: kind.name)
def test_on_other_trackers_too_a_state_file_that_is_lost(kind: type[Harness], tmp_path: Path) -> None:
    through(kind, "garbage", tmp_path)


def through(kind: type[Harness], harm: str, folder: Path) -> None:
    with day(kind, folder) as made:
        made.work()
        made.scene.firm.restart()
        do, told, remedy = HARMS[harm]
        do(made.state)
        if told:
            with pytest.raises(StateError, match=f"state.db {told}"):
                made.scene.run()
            remedy(made.state)
            program = made.scene.firm.program(made.scene.firm.store)
            if "rebuild" in told:
                _rebuilt(program.sources[0], made.scene.firm.store, program)
        made.go_on()
        held("state file", f"{kind.name}, {harm}", expected=undisturbed(kind), found=made.effects())


def test_a_workbook_with_its_state_lost_still_tells_what_was_said_and_made_though_not_what_else_was_ours(
    tmp_path: Path,
) -> None:
    """Nobody knows then who set a date or an owner, so they count as people's, and clocks start anew."""
    with day(StaffXlsx, tmp_path) as made:
        made.work(people=False)
        made.scene.firm.restart()
        made.state.unlink()
        made.go_on()
        expected, found = (
            Counter(effect for effect in effects.elements() if effect[1] in {"comment", "follow_up"})
            for effects in (undisturbed(StaffXlsx, people=False), made.effects())
        )
        held("state file", "xlsx, absent", expected=expected, found=found)


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: os.truncate(path, 0)], ids=["gone", "empty"])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["pass", "dry run"])
def test_a_pass_says_that_the_state_is_lost_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], object], dry: tuple[str, ...]
) -> None:
    office = Office(tmp_path, monkeypatch)
    office.source()
    office.issues(LATE)
    assert office.at(NOW).err == "", "the first state is not a lost one"
    harm(tmp_path / "state.db")
    told = office.at(NOW, *dry).err
    assert "state.db is gone or empty, though makegood wrote it before" in told
    assert "`makegood rebuild` reads all of it now" in told


# --- yesterday's ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "by"),
    [*((kind, "state backup") for kind in TRACKERS), (CloudHarness, "cp")],
    ids=lambda of: of if isinstance(of, str) else of.name,
)
def test_a_state_restored_from_yesterday_repeats_nothing_and_keeps_what_people_decided_since(
    kind: type[Harness], by: str, tmp_path: Path
) -> None:
    with day(kind, tmp_path) as made:
        made.scene.firm.restart()
        if by == "cp":
            shutil.copyfile(made.state, tmp_path / "yesterday")
        else:
            back_up(made.state, tmp_path / "yesterday")
        made.work()
        made.scene.firm.restart()
        shutil.copyfile(tmp_path / "yesterday", made.state)
        made.go_on()
        held("state file", f"{kind.name}, {by}", expected=undisturbed(kind), found=made.effects())


def quiet_day(folder: Path, *, restored: bool, **board: Any) -> Counter[Effect]:  # noqa: ANN401 - any of a board's
    """Since yesterday a label was written and refused and the due date moved, and nothing was said."""
    folder.mkdir()
    sooner = ESCALATION.replace(
        '[low]\nfirst_response = { within = "30d" }', '[low]\nfirst_response = { within = "20d" }'
    )
    sooner = sooner.replace(
        '[medium]\nfirst_response = { within = "30d" }', '[medium]\nfirst_response = { within = "9d" }'
    )
    with agency(folder, by=small_policy(severity=SEVERITY, escalation=sooner, clients=CLIENTS)) as firm:
        made = firm.board(**board)
        ticket = made.create(**high())
        firm.run(minutes=20)
        back_up(firm.state, folder / "yesterday")
        said = len(made.ours(ticket))
        made.change(ticket, fields={"severity": "low"})
        firm.run(minutes=5)
        assert len(made.ours(ticket)) == said
        assert "esc:low" in made.tickets[ticket].labels
        assert made.tickets[ticket].due == (BEGIN + timedelta(days=20)).date()
        made.take_off(ticket, "esc:low")
        if restored:
            firm.restart()
            shutil.copyfile(folder / "yesterday", firm.state)
        firm.run(minutes=5)
        assert "esc:low" not in made.tickets[ticket].labels
        made.change(ticket, fields={"severity": "medium"})
        firm.run(minutes=5)
        made.change(ticket, fields={"severity": "low"})
        firm.run(minutes=5)
        made.change(ticket, fields={"severity": "medium"})
        firm.run(minutes=5)
        return effects_on(made, [ticket])


@pytest.mark.parametrize(
    "board", [{"ledger": False}, {"ledger": True, "marks_listed": False}], ids=["history alone", "a ledger"]
)
def test_what_was_written_since_yesterday_without_a_word_is_ours_and_what_was_refused_stays_refused(
    tmp_path: Path, board: dict[str, bool]
) -> None:
    expected = quiet_day(tmp_path / "undisturbed", restored=False, **board)
    assert ("10001", "due", str((BEGIN + timedelta(days=9)).date())) in expected
    found = quiet_day(tmp_path / "restored", restored=True, **board)
    held("state file", f"a quiet day, {board}", expected=expected, found=found)


@pytest.mark.parametrize("seen", ["nothing", "that it was closed"])
def test_where_we_alone_keep_the_history_a_reopening_is_one_occasion_and_the_next_one_another(
    seen: str, tmp_path: Path
) -> None:
    """Changes are numbered as we see them, and a restored log would give numbers that were used since."""
    with agency(tmp_path) as firm:
        board = firm.board(history=False, ledger=False)
        ticket = board.create(**high())
        firm.run(minutes=20)
        if seen == "nothing":
            back_up(firm.state, tmp_path / "yesterday")
        board.change(ticket, status=Status.CLOSED)
        firm.run(minutes=5)
        if seen != "nothing":
            back_up(firm.state, tmp_path / "yesterday")
        board.change(ticket, status=Status.OPEN)
        firm.run(minutes=5)
        firm.run(minutes=20)
        assert len(board.ours(ticket)) == 2
        firm.restart()
        shutil.copyfile(tmp_path / "yesterday", firm.state)
        firm.run(minutes=5)
        firm.run(minutes=20)
        board.change(ticket, status=Status.CLOSED)
        firm.run(minutes=5)
        board.change(ticket, status=Status.OPEN)
        firm.run(minutes=5)
        firm.run(minutes=20)
        comments = Counter({(ticket, "comment", "ours"): len(board.ours(ticket))})
        held("state file", f"{seen} seen", expected=Counter({(ticket, "comment", "ours"): 3}), found=comments)


# --- somebody else's --------------------------------------------------------------------------------------------


def test_a_state_copied_from_another_site_says_nothing_of_it_here_and_nothing_twice_there(tmp_path: Path) -> None:
    """Two Jiras with the same project and the same ids; the source keeps its name, and is led to the other one."""

    def counts(effects: Counter[Effect]) -> Counter[Effect]:
        """Without marks, for the same promise has another one on another site."""
        told = ((ticket, kind, "" if kind == "comment" else what) for ticket, kind, what in effects.elements())
        return Counter(told)

    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    with day(CloudHarness, tmp_path / "there", site="there") as there:
        there.work()
        stood = there.effects()
        there.scene.firm.restart()
        with desk(CloudHarness, tmp_path / "here", policy(promises=PROMISES)) as scene:
            here = Day(scene, [])
            shutil.copyfile(there.state, here.state)
            here.begin()
            assert here.tickets == there.tickets[:3], "or else nothing could be mistaken"
            here.work()
            here.go_on()
            held("state file", "here", expected=counts(undisturbed(CloudHarness)), found=counts(here.effects()))
            here.scene.firm.restart()
            shutil.copyfile(here.state, there.state)
        there.scene.run(minutes=1)
        there.scene.run(minutes=11)
        held("state file", "back there", expected=stood, found=there.effects())


# --- no room, no right ------------------------------------------------------------------------------------------


class Disk:
    """A disk that is full while some of the store's commits are made; all commits are counted."""

    def __init__(self, patch: pytest.MonkeyPatch, *full: int) -> None:
        self.commits = 0
        true = Store._committed  # noqa: SLF001 - the one place where everything is committed

        @contextmanager
        def committed(store: Store) -> Iterator[None]:
            number, self.commits = self.commits, self.commits + 1
            if number not in full:
                with true(store):
                    yield
                return
            with no_room_beyond(0), true(store):
                yield

        patch.setattr(Store, "_committed", committed)


def on_a_disk(folder: Path, *full: int, new_process: bool, kind: type[Harness] | None = None) -> tuple[int, int]:
    """Passes while the disk is full at these commits; how many commits there were, and how many passes it stopped.

    All is done exactly once. A commit that has nothing to write needs no room.
    """
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        if kind:
            with day(kind, folder) as made:
                disk = Disk(patch, *full)
                stopped = passes(made.scene.firm, new_process=new_process)
                found = made.effects()
        else:
            with agency(folder) as firm:
                board = firm.board(ledger=True, marks_listed=False)
                tickets = [board.create(**high()), board.create(**high())]
                disk = Disk(patch, *full)
                stopped = passes(firm, new_process=new_process)
                found = effects_on(board, tickets)
    assert stopped <= len(full)
    if full:
        held("state file", f"no room for commit {full}", expected=EXPECTED[kind], found=found)
    else:
        EXPECTED[kind] = found
    return disk.commits, stopped


EXPECTED: dict[type[Harness] | None, Counter[Effect]] = {}
"""What stands there where there was always room."""


def passes(firm: Agency, *, new_process: bool) -> int:
    """Passes until long after every doubt; how often one was stopped by the disk."""
    told = []
    for minutes in (20, 1, 5, 11, 16, 16):
        try:
            firm.run(minutes=minutes)
        except StateStoppedError as error:
            told.append(str(error))
            if new_process:
                firm.restart()
    for each in told:
        assert f"{firm.state}: the disk is full or failing" in each
        assert each.endswith("nothing further is written until there is room")
    return len(told)


def effects_on(board: Board, tickets: list[str]) -> Counter[Effect]:
    """What stands on a board that lives in memory."""
    found: Counter[Effect] = Counter()
    for ticket in tickets:
        found.update((ticket, "comment", mark) for comment in board.ours(ticket) for mark in comment.marks)
        found.update((ticket, "label", label) for label in board.tickets[ticket].labels)
        found.update([(ticket, "due", str(board.tickets[ticket].due))])
    return found


@pytest.mark.parametrize("new_process", [False, True], ids=["the daemon goes on", "a new process goes on"])
def test_a_disk_that_is_full_at_any_commit_doubles_and_loses_nothing_once_there_is_room(
    tmp_path: Path,
    new_process: bool,  # noqa: FBT001 - a parameter
) -> None:
    commits, _ = on_a_disk(tmp_path / "always room", new_process=new_process)
    tried = [on_a_disk(tmp_path / str(number), number, new_process=new_process) for number in range(commits)]
    tried += [
        on_a_disk(tmp_path / f"{number} and on", *range(number, number + 3), new_process=new_process)
        for number in range(0, commits, 2)
    ]
    assert sum(stopped for _, stopped in tried) > commits > 10


@pytest.mark.parametrize(("kind", "every"), [(StaffAsana, 5), (StaffXlsx, 9)], ids=["asana", "xlsx"])
def test_nor_on_a_real_adapter(kind: type[Harness], every: int, tmp_path: Path) -> None:
    commits, _ = on_a_disk(tmp_path / "always room", new_process=False, kind=kind)
    for number in range(every - 1, commits, every):
        on_a_disk(tmp_path / str(number), number, new_process=False, kind=kind)


def test_the_daemon_outlives_a_full_disk_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with agency(tmp_path, now=datetime.now(UTC) - timedelta(minutes=20)) as firm:
        board = firm.board()
        ticket = board.create(**high())
        firm.wait(minutes=20)
        program = firm.program(firm.store)
        Disk(monkeypatch, 1)
        with structlog.testing.capture_logs() as log:
            in_a_lane(program, passes=3)
    (stopped,) = [line for line in log if line["event"] == "pass stopped"]
    assert stopped["log_level"] == "error"
    assert "the disk is full" in stopped["why"]
    assert len([line for line in log if line["event"] == "pass"]) == 2
    assert len(board.ours(ticket)) == 1


def test_a_folder_that_may_not_be_written_in_is_named_and_then_all_goes_on(tmp_path: Path) -> None:
    with day(CloudHarness, tmp_path) as made:
        made.work()
        made.scene.firm.restart()
        with (
            unprivileged(tmp_path),
            pytest.raises(StateError, match=r"cannot .*state\.db.*: Permission denied; ") as told,
        ):
            made.scene.run()
        assert "make its folder writable or set `state` elsewhere" in str(told.value)
        made.go_on()
        held("state file", "read-only", expected=undisturbed(CloudHarness), found=made.effects())


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """Nobody may write in the folder, and we have no more rights than others; root has all otherwise."""
    root = os.geteuid() == 0
    folder.chmod(0o555)
    try:
        if root:
            os.seteuid(65534)
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)


# --- several at once --------------------------------------------------------------------------------------------


@pytest.fixture
def jira() -> Iterator[JiraCloud]:
    with jira_cloud() as fake:
        yield fake


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jira: JiraCloud) -> Office:
    """With a grave issue of five hours ago, on which a pass of the shipped policy has a lot to say."""
    made = Office(tmp_path, monkeypatch)
    made.write("config.toml", 'interval = "1h"\nsettle_after = "1s"\n\n')
    made.jira(jira.url)
    return made


def effects_in(jira: JiraCloud) -> Counter[Effect]:
    """What of ours stands on the issue; a comment by its text, for it speaks of one thing."""
    issue = jira.issue("OPS-1")
    found: Counter[Effect] = Counter((issue.id, "comment", "ours") for _ in issue.comments)
    found.update((issue.id, "label", label) for label in issue.fields["labels"])
    return found


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Counter[Effect]:
    """What one undisturbed pass leaves there."""
    with pytest.MonkeyPatch.context() as patch, jira_cloud() as fake:
        alone = Office(tmp_path_factory.mktemp("alone"), patch)
        alone.jira(fake.url)
        assert alone.run().status == 0
        return effects_in(fake)


def start(office: Office, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [MAKEGOOD, *arguments],
        cwd=office.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_daemon_another_one_a_pass_by_hand_and_one_by_a_timer_write_everything_once(
    office: Office, jira: JiraCloud, expected: Counter[Effect]
) -> None:
    """All but one end at once, with status 5, and say which process works there."""
    jira.latency = 0.05
    with service(office) as holder:
        assert holder.heard() == "READY=1"
        others = [start(office, *arguments) for arguments in (["daemon"], [], ["-q"])]
        for each in others:
            out, err = each.communicate(timeout=PATIENCE)
            assert (each.returncode, out) == (5, "")
            assert f"another run (process {holder.process.pid}) works on " in err
            assert "state.db; wait for it, or stop it first" in err
        while holder.heard() != "WATCHDOG=1":
            pass
        status, _ = holder.ended(signal.SIGTERM)
    jira.latency = 0.0
    assert status == 0
    assert office.run().status == 0
    held("state file", "four at once", expected=expected, found=effects_in(jira), cases=3)


@pytest.mark.parametrize("write", ["PUT", "POST"], ids=["at the labels", "at the comment"])
def test_a_frozen_daemon_keeps_the_lock_and_pets_no_watchdog_and_once_killed_by_it_all_goes_on(
    office: Office, jira: JiraCloud, expected: Counter[Effect], write: str
) -> None:
    """Frozen with a write on its way; then what systemd does once WatchdogSec has passed: SIGABRT and SIGCONT."""
    frozen = Event()

    def freeze(exchange: Exchange) -> None:
        method, path = exchange.request.method, exchange.request.path
        if method == write and ("/comment" in path or write == "PUT") and not frozen.is_set():
            os.kill(running.process.pid, signal.SIGSTOP)
            frozen.set()

    with service(office, WATCHDOG_USEC="100000") as running:
        jira.check = freeze
        for _ in range(int(PATIENCE / 0.05)):
            drain(running)  # or else it would wait for somebody to listen
            if frozen.wait(0.05):
                break
        os.waitid(os.P_PID, running.process.pid, os.WSTOPPED | os.WNOWAIT)
        drain(running)
        second = office.run()
        assert second.status == 5
        assert f"another run (process {running.process.pid}) works on" in second.err
        assert drain(running) == [], "not once in all that time"
        for number in (signal.SIGABRT, signal.SIGCONT):
            running.process.send_signal(number)
        running.process.communicate(timeout=PATIENCE)
        assert running.process.returncode == -signal.SIGABRT
    assert office.run("state", "verify").status == 0
    for _ in range(3 if write == "PUT" else 1):
        assert office.run().status == 0
        time.sleep(1)  # a comment that was never sent is said once `settle_after` has passed
    held("state file", f"frozen at {write}", expected=expected, found=effects_in(jira))


def drain(running: Service) -> list[str]:
    """What it told and nobody heard yet."""
    return running.told()


def test_the_unit_has_a_watchdog_that_outlasts_a_rest_and_restarts_whatever_it_killed() -> None:
    unit = (ROOT / "systemd" / "makegood.service").read_text(encoding="utf-8")
    told = dict(re.findall(r"^(\w+)=(.*)$", unit, re.MULTILINE))
    assert told["WatchdogSec"] == "30min"
    assert Amount.parse("30m").elapsed() > 2 * Settings.model_fields["interval"].default.elapsed()
    assert (told["Type"], told["Restart"]) == ("notify", "always")
    assert StateStoppedError.exit_status not in map(int, told["RestartPreventExitStatus"].split())
