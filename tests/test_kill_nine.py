"""The real command, killed from outside in the midst of a write, and run again: each effect stands once."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pytest
from fakes.faults import Hang
from office import MAKEGOOD, Office, jira_cloud
from reliability import held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.faults import Script
    from fakes.jira_cloud import JiraCloud
    from reliability import Effect

pytestmark = pytest.mark.reliability

ISSUES = 3
PATIENCE = 60.0
SETTLE = 'settle_after = "1s"\n'


class Moment(NamedTuple):
    """The write in which the process is killed: how many of its kind came before, and whether it was applied."""

    method: str
    path: str
    before: int
    applied: bool

    def __str__(self) -> str:
        what = "labels" if self.method == "PUT" else "comment"
        return f"{what} {self.before + 1}, {'applied' if self.applied else 'not applied'}"


MOMENTS = [
    Moment(method, path, before, applied)
    for method, path in (("PUT", r"/issue/\d+$"), ("POST", r"/comment$"))
    for before, applied in ((0, True), (0, False), (1, True), (1, False), (2, True))
]


@pytest.fixture
def jira() -> Iterator[JiraCloud]:
    with agency() as fake:
        yield fake


def agency() -> JiraCloud:
    """A Jira on which the same is owed on each of three issues."""
    fake = jira_cloud()
    opened = fake.issue("OPS-1").created
    for _ in range(ISSUES - 1):
        fake.create_issue(
            "OPS", "The client threatens to terminate the contract", priority="Highest", status="Open"
        )
    for issue in fake.site.issues.values():
        issue.created = opened
    fake.site.reindex()
    return fake


def effects(fake: JiraCloud) -> Counter[Effect]:
    """What of ours stands on the issues; a comment by how many steps it says, for marks tell fakes apart."""
    found: Counter[Effect] = Counter()
    for key, issue in ((f"OPS-{number + 1}", fake.issue(f"OPS-{number + 1}")) for number in range(ISSUES)):
        found.update((key, "label", label) for label in issue.fields["labels"] if label.startswith("esc:"))
        found.update([(key, "due", str(issue.fields["duedate"]))])
        steps = (len(each.properties["makegood"]["ids"]) for each in issue.comments)
        found.update((key, "comment", f"{count} steps") for count in steps)
    return found


def set_up(folder: Path, patch: pytest.MonkeyPatch, fake: JiraCloud) -> Office:
    office = Office(folder, patch)
    office.write("config.toml", SETTLE)
    office.jira(fake.url)
    return office


def killed(office: Office, jira: JiraCloud, hung: Script, *arguments: str) -> None:
    """The command, killed once the write that hangs has reached the tracker."""
    with subprocess.Popen([MAKEGOOD, *arguments], cwd=office.folder, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + PATIENCE
        while not hung.met:
            assert process.poll() is None, "it ended before it came to that write"
            assert time.monotonic() < deadline, "it never came to that write"
            time.sleep(0.01)
        with jira.lock:  # which it has until the write is applied, if it is
            pass
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def run_on(office: Office) -> None:
    """Passes until every doubt is over: `settle_after` is a second here."""
    for _ in range(3):
        assert office.run("-q").status == 0
        time.sleep(1.1)


@cache
def undisturbed(folder: Path) -> Counter[Effect]:
    """What stands there if nothing happens."""
    with pytest.MonkeyPatch.context() as patch, agency() as fake:
        assert set_up(folder, patch, fake).run("-q").status == 0
        return effects(fake)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Counter[Effect]:
    found = undisturbed(tmp_path_factory.mktemp("undisturbed"))
    assert len([kind for _, kind, _ in found if kind == "comment"]) == ISSUES
    return found


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_killed_in_the_midst_of_a_write_it_does_each_thing_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jira: JiraCloud, expected: Counter[Effect], moment: Moment
) -> None:
    office = set_up(tmp_path, monkeypatch, jira)
    fault = Hang(PATIENCE, applied=moment.applied)
    killed(office, jira, jira.script(fault, method=moment.method, path=moment.path, skip=moment.before))
    run_on(office)
    held("killed for real", str(moment), expected=expected, found=effects(jira))


def test_killed_while_it_reads_back_after_the_loss_of_its_state_it_says_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jira: JiraCloud, expected: Counter[Effect]
) -> None:
    office = set_up(tmp_path, monkeypatch, jira)
    assert office.run("-q").status == 0
    for file in tmp_path.glob("state.db*"):
        file.unlink()
    hung = jira.script(Hang(PATIENCE), method="GET", path=r"/issue/\d+/comment$", skip=1)
    killed(office, jira, hung, "rebuild")
    run_on(office)
    held("killed for real", "rebuild", expected=expected, found=effects(jira))
