"""The same troubles for makegood and for what a team would write with the trackers' own packages, on one fake.

What stands at the fake is counted, never what a client believes. One comment each is owed on `COUNT` tickets.
Either every first answer is lost although the comment was posted, or the process is killed with SIGKILL when the
last comment stands there and is not answered yet. Whoever fails is run again.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from fakes.faults import Hang  # noqa: E402 - from the tests' folder
from fakes.jira_cloud import EMAIL  # noqa: E402 - likewise
from harness_asana import AsanaHarness  # noqa: E402 - likewise
from harness_jira import CloudHarness  # noqa: E402 - likewise
from passes import agency  # noqa: E402 - likewise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Work = Callable[..., None]

COUNT = 5
ANSWER = "The client is owed an update. Next step: answer today."
COMMENTS = r"/(comment|stories)$"


class StaffAsana(AsanaHarness):
    """A project that no client reads."""

    readers = "staff"


Desk = CloudHarness | StaffAsana


class Outcome(NamedTuple):
    """Comments that stand at the tracker where `COUNT` are owed: all, those too many, those that are missing."""

    posted: int
    twice: int
    missing: int


def by_jira(harness: CloudHarness, tickets: Sequence[str]) -> None:
    from jira import JIRA  # noqa: PLC0415 - 0.2 s

    client = JIRA(harness.fake.url, basic_auth=(EMAIL, harness.credentials["token"]))
    for ticket in tickets:
        client.add_comment(ticket, ANSWER)


def by_asana(harness: StaffAsana, tickets: Sequence[str]) -> None:
    import asana  # noqa: PLC0415 - 70 ms

    configuration = asana.Configuration()
    configuration.host = harness.fake.host
    configuration.access_token = harness.fake.token
    stories = asana.StoriesApi(asana.ApiClient(configuration))
    for ticket in tickets:
        stories.create_story_for_task({"data": {"text": ANSWER}}, ticket, {})


def by_makegood(harness: Desk, _tickets: Sequence[str]) -> None:
    """Passes as they would be made within the hour; the state is kept beside the harness."""
    with agency(harness.folder, now=harness.fake.now) as firm:
        firm.source(harness.source(mode="full"), harness.tracker(), harness.mapping())
        firm.clocks.append(harness.advance)
        for minutes in (20, 11, 11, 11):
            firm.run(minutes=minutes)


def lost_answers(harness: Desk, tickets: Sequence[str], work: Work) -> None:
    """Every first answer to a comment is lost; the comment is there. Who fails is run again till it is through."""
    for _ in tickets:
        harness.lose_next_answer("comment", applied=True)
    for _ in range(COUNT + 1):
        try:
            work(harness, tickets)
        except Exception as error:  # noqa: BLE001 - whatever a client makes of it; then it is run again
            print(f"  {type(error).__name__}, so it is run again", file=sys.stderr)
        else:
            return


def killed(harness: Desk, tickets: Sequence[str], work: Work) -> None:
    """kill -9 between the last write and its answer; then it is run again."""
    harness.fake.script(Hang(30, applied=True), method="POST", path=COMMENTS, skip=len(tickets) - 1)
    child = os.fork()
    if child == 0:
        work(harness, tickets)
        os._exit(0)
    while not all(harness.comments_of(ticket) for ticket in tickets):
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    harness.advance(30 * 60)
    work(harness, tickets)


def outcome(kind: type[Desk], trouble: Callable[[Desk, Sequence[str], Work], None], work: Work) -> Outcome:
    """What stands at a fresh fake after the trouble."""
    with tempfile.TemporaryDirectory() as folder, kind(Path(folder)) as harness:
        tickets = [
            harness.create("The report is late", client=f"Client {letter}", severity="high")
            for letter in ascii_uppercase[:COUNT]
        ]
        trouble(harness, tickets, work)
        posted = [len(harness.comments_of(ticket)) for ticket in tickets]
        return Outcome(sum(posted), sum(max(0, each - 1) for each in posted), sum(each == 0 for each in posted))


TROUBLES = {
    "every first answer is lost after the comment was posted": lost_answers,
    "kill -9 between the last comment and its answer, and run again": killed,
}
RUNS: tuple[tuple[str, type[Desk], Work], ...] = (
    ("makegood on Jira Cloud", CloudHarness, by_makegood),
    (f"`jira` {version('jira')} with its defaults", CloudHarness, by_jira),
    ("makegood on Asana", StaffAsana, by_makegood),
    (f"`asana` {version('asana')} with its defaults", StaffAsana, by_asana),
)


def table() -> str:
    """A table in Markdown of what came of it."""
    lines = ["| who | trouble | comments owed | posted | twice | missing |\n|---|---|---|---|---|---|"]
    for trouble, make in TROUBLES.items():
        for who, kind, work in RUNS:
            print(f"{who}: {trouble}", file=sys.stderr)
            found = outcome(kind, make, work)
            lines.append(f"| {who} | {trouble} | {COUNT} | {found.posted} | {found.twice} | {found.missing} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
