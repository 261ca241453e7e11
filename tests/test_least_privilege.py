"""What an account needs on each tracker, and must not have: `check --online` tells, docs/security.md lists."""

from __future__ import annotations

import ast
import re
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from fakes import vendor_specs
from harness_asana import AsanaHarness
from harness_jira import CLIENT, CloudDeskHarness, CloudHarness, DataCenterHarness, JiraHarness, connected, poll

from sync.action import Draft, Edit, FollowUp
from sync.errors import CredentialsError, TrackerError
from sync.richtext import Paragraph, Span
from sync.ticket import Audience
from sync.trackers import jira_site, jira_survey
from sync.trackers.asana import open_asana
from sync.trackers.jira import open_jira
from sync.trackers.jira_http import JiraHttp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.asana_things import Access

    from sync.trackers.base import Tracker

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "security.md"
NEWS = (Paragraph((Span("News"),)),)
MARK = "k7f3q2abcdef"


@pytest.fixture(params=[CloudHarness, DataCenterHarness], ids=["cloud", "data-center"])
def jira(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JiraHarness]:
    kind: type[JiraHarness] = request.param
    with kind(tmp_path) as harness:
        harness.create("Late")
        yield harness


@pytest.fixture
def asana(tmp_path: Path) -> Iterator[AsanaHarness]:
    with AsanaHarness(tmp_path) as harness:
        harness.fake.project(harness.project).sections.pop()
        yield harness


def about_rights(tracker: Tracker, level: str) -> list[str]:
    """What `check --online` tells on this level of what the account may or may not do."""
    told = [found.what for found in tracker.check() if found.level == level]
    return [what for what in told if "the account" in what or what.startswith(("it is", "its licence", "as "))]


# --- Jira -------------------------------------------------------------------------------------------------------

LACKING = {
    "BROWSE_PROJECTS": None,
    "EDIT_ISSUES": "the account may not write labels (Edit Issues), so no label is written; ",
    "SCHEDULE_ISSUES": "the account may not write due dates (Schedule Issues), so no due date is written; ",
    "ADD_COMMENTS": "the account may not comment (Add Comments), so nobody is told of anything there; ",
    "CREATE_ISSUES": "the account may not create follow-ups (Create Issues), so there are no follow-ups; ",
    "MANAGE_WATCHERS": "the account may not add watchers (Manage Watcher List), so nobody is made a watcher; ",
    "ASSIGN_ISSUES": "the account may not assign it (Assign Issues), so nothing is assigned; ",
}


@pytest.mark.parametrize("right", LACKING)
def test_a_lacking_right_is_named_with_what_will_not_happen_and_how_to_give_it(
    jira: JiraHarness, right: str
) -> None:
    jira.fake.deny(right)
    mapping = jira.mapping(people={"everyone_else": "staff", "bring_in": ["watch", "assign"]})
    given = {"mode": "full"} | ({"email": jira.credentials["email"]} if jira.fake.cloud else {})
    tracker = open_jira(jira.source(**given), mapping, jira.credentials["token"], pace=jira.pace)
    errors = [found.what for found in tracker.check() if found.level == "error"]
    told = LACKING[right]
    if told is None:
        assert any("project OPS" in found.about for found in tracker.check() if found.level == "error")
    else:
        assert f"{told}grant it in the project's permission scheme" in errors


def test_what_undo_alone_needs_is_no_error(jira: JiraHarness) -> None:
    jira.fake.deny("DELETE_OWN_COMMENTS")
    tracker = connected(jira, mode="full")
    assert about_rights(tracker, "error") == []
    (told,) = about_rights(tracker, "warning")
    assert told.startswith(
        "the account may not delete its own comments (Delete Own Comments), so `undo` leaves them where they are"
    )


EXCESS = {
    "ADMINISTER": "administer Jira",
    "ADMINISTER_PROJECTS": "administer the project",
    "DELETE_ISSUES": "delete issues",
    "DELETE_ALL_COMMENTS": "delete other people's comments",
    "EDIT_ALL_COMMENTS": "change other people's comments",
}


@pytest.mark.parametrize("right", EXCESS)
def test_a_right_that_is_never_needed_is_warned_of(jira: JiraHarness, right: str) -> None:
    assert about_rights(connected(jira), "warning") == []
    jira.fake.allow(right)
    (told,) = about_rights(connected(jira), "warning")
    assert told.startswith(f"the account may also {EXCESS[right]} (")
    assert told.endswith("; makegood never does, so take that from it")


def test_an_administrator_of_everything_is_told_of_once(jira: JiraHarness) -> None:
    jira.fake.add_project("LAB", "Laboratory", "software")
    for right in ("ADMINISTER", "ADMINISTER_PROJECTS", "SYSTEM_ADMIN"):
        jira.fake.allow(right)
    first, second = about_rights(connected(jira, projects=["OPS", "LAB"]), "warning")
    assert ("administer Jira" in first, "administer Jira" in second) == (True, False)
    assert "administer the project" in first
    assert "administer the project" in second
    assert ("administer the server" in first) is not jira.fake.cloud, "Cloud has no such right to ask for"


def test_through_the_gateway_a_refused_token_is_told_that_scopes_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jira_site, "_GATEWAY", "127.0.0.1")
    with (
        CloudHarness(tmp_path) as harness,
        pytest.raises(CredentialsError, match="the scopes that docs/security"),
    ):
        harness.tracker("wrong-token").connect()


# --- Asana ------------------------------------------------------------------------------------------------------


def test_the_place_of_the_asana_account_in_its_workspace_is_neither_too_high_nor_too_low(
    asana: AsanaHarness,
) -> None:
    me = asana.fake.person("makegood")
    assert about_rights(asana.tracker(), "warning") == []
    assert about_rights(asana.tracker(), "ok") == ["it is a plain member of the workspace"]
    me.admin = True
    (told,) = about_rights(asana.tracker(), "warning")
    assert told.startswith("it is an admin of the workspace: its token can change people and settings")
    me.admin, me.view_only = False, True
    (told,) = about_rights(asana.tracker(), "warning")
    assert told.startswith("its licence is for viewing alone, so nothing is written")
    me.view_only, me.guest = False, True
    asana.fake.share(asana.project, "makegood")
    (told,) = about_rights(asana.tracker(), "warning")
    assert told.startswith("it is a guest: it sees little and cannot make tags")


@pytest.mark.parametrize("through", ["itself", "a team"])
@pytest.mark.parametrize(
    ("level", "mode", "graded", "told"),
    [
        ("viewer", "full", "error", "as viewer the account can neither comment nor write labels and due dates;"),
        ("viewer", "observe", "warning", "as viewer the account can neither comment"),
        ("commenter", "labels", "error", "as commenter the account can not write labels and due dates; make it"),
        ("admin", "full", "warning", "as admin the account could also delete the project and share it; editor is"),
        ("editor", "full", "", ""),
    ],
)
def test_the_asana_accounts_access_to_a_project_is_neither_too_high_nor_too_low(
    asana: AsanaHarness, *, through: str, level: Access, mode: str, graded: str, told: str
) -> None:
    who = asana.fake.add_team("Machines", ["makegood"]) if through == "a team" else "makegood"
    asana.fake.share(asana.project, who, level)
    if through == "a team":
        asana.fake.share(asana.project, "makegood", "viewer")
    tracker = open_asana(asana.source(mode=mode), asana.mapping(), asana.fake.token, pace=asana.pace)
    found = [(grade, what) for grade in ("warning", "error") for what in about_rights(tracker, grade)]
    assert [(grade, what.startswith(told)) for grade, what in found] == ([(graded, True)] if told else [])


# --- the page that lists them -----------------------------------------------------------------------------------


class Need(NamedTuple):
    """One request that an adapter makes: as its vendor's document names it, with the scopes it names."""

    request: str
    writes: bool
    scopes: tuple[frozenset[str], ...]
    """Classic and granular ones for Jira Cloud; one set for Asana."""

    @property
    def row(self) -> str:
        """A row of the page's tables."""
        cells = [" ".join(f"`{scope}`" for scope in sorted(each)) or "none named" for each in self.scopes]
        return f"| `{self.request}` | {' | '.join(cells)} |"


def asana_needs(corpus: Path) -> set[Need]:
    """All that the adapter calls, by the SDK's methods in its code, which are named as in the document."""
    described = {
        operation["operationId"]: (method, path, operation)
        for path, item in vendor_specs.asana(corpus).document["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict) and "operationId" in operation
    }
    needs = set()
    for name in _sdk_methods():
        first, *rest = name.split("_")
        method, path, operation = described["".join((first, *(part.capitalize() for part in rest)))]
        scopes = {scope for way in operation["security"] for scope in way.get("oauth2", [])}
        needs.add(Need(f"{method.upper()} {path}", method != "get", (frozenset(scopes),)))
    return needs


def _sdk_methods() -> set[str]:
    """Such as `get_task`: what stands in the code behind one of the connection's parts."""
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in (ROOT / "sync/trackers").glob("asana*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    parts = {
        node.attr
        for tree in trees
        for made in ast.walk(tree)
        if isinstance(made, ast.AnnAssign) and ast.unparse(made).endswith("Api(self._client)")
        for node in [made.target]
        if isinstance(node, ast.Attribute)
    }
    assert len(parts) > 5
    return {node.attr for node in nodes if isinstance(node.value, ast.Attribute) and node.value.attr in parts}


def jira_needs(corpus: Path, folder: Path, patch: pytest.MonkeyPatch) -> tuple[set[Need], set[str]]:
    """All requests of a full life on Jira Cloud, and the places in the code where one is made that it left out."""
    spec, needs, reached = vendor_specs.jira_cloud(corpus), set[Need](), set[tuple[str, int]]()

    def watched(name: str) -> None:
        real = getattr(JiraHttp, name)

        def call(self: JiraHttp, method: str, path: str, *rest: Any, **named: Any) -> Any:  # noqa: ANN401
            frame = sys._getframe(1)  # noqa: SLF001 - the place in the code that asks
            reached.add((Path(frame.f_code.co_filename).name, frame.f_lineno))
            if self.version == "3":
                template, told = spec.operation(method, f"/rest/api/3/{path}")
                scopes = {
                    one["state"]: frozenset(one["scopes"]) for one in told.get("x-atlassian-oauth2-scopes", ())
                }
                found = (scopes.get("Current", frozenset()), scopes.get("Beta", frozenset()))
                needs.add(Need(f"{method} {template}", name == "write", found))
            return real(self, method, path, *rest, **named)

        patch.setattr(JiraHttp, name, call)

    watched("read")
    watched("write")
    for kind in (CloudHarness, CloudDeskHarness):
        live(folder, kind, patch)
    with DataCenterHarness(folder) as harness:
        jira_survey.visible(harness.source(deployment="data-center"), harness.credentials["token"])
    left_out = {f"{file}:{first}" for file, first, last in _jira_calls() if not _any(reached, file, first, last)}
    return needs, left_out


def _any(reached: set[tuple[str, int]], file: str, first: int, last: int) -> bool:
    return any((file, line) in reached for line in range(first, last + 1))


def _jira_calls() -> Iterator[tuple[str, int, int]]:
    """Where the code that serves Jira Cloud makes a request: file, first and last line."""
    for file in sorted((ROOT / "sync/trackers").glob("jira*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            asks = isinstance(node, ast.Call) and re.fullmatch(
                r"(self\._)?http\.(read|write)", ast.unparse(node.func)
            )
            if asks and file.name != "jira_dc.py":
                assert isinstance(node, ast.Call)
                yield file.name, node.lineno, node.end_lineno or node.lineno


def live(folder: Path, kind: type[JiraHarness], patch: pytest.MonkeyPatch) -> None:
    """Do on a Jira all that makegood ever does there."""
    patch.setattr(jira_site, "_GATEWAY", "127.0.0.1")
    with kind(folder) as harness:
        ticket = harness.create("Late")
        audience = Audience.CLIENT if kind.kind == "service_desk" else Audience.INTERNAL
        tracker = connected(harness, mode="full")
        for number in range(50):
            harness.fake.edit_as(CLIENT, ticket, summary=f"Late {number}")
        _, _, cursor = poll(tracker)
        poll(tracker, cursor)
        list(tracker.ids())
        list(tracker.fetch([ticket]))
        posted = tracker.comment(ticket, Draft(NEWS, audience, (MARK,)))
        tracker.edit(ticket, Edit(("esc:high",), set_due=True, due=date(2026, 3, 9), ledger={"v": 1}))
        tracker.edit(ticket, Edit(watch=(harness.staff_id(),), assign=harness.staff_id()))
        tracker.edit(ticket, Edit(assign="nobody", ledger={"v": 2}))
        tracker.follow_up(ticket, FollowUp("Checkpoint", NEWS, MARK, date(2026, 3, 20), ("esc:follow-up",)))
        tracker.follow_ups(ticket)
        tracker.marks(ticket)
        tracker.left({harness.staff_id()})
        tracker.delete_comment(ticket, posted.comment or "")
        connected(harness).comment(ticket, Draft(NEWS, audience, (MARK,)))
        list(tracker.check())
        source = harness.source(email=harness.credentials["email"])
        for ask in (jira_survey.survey, jira_survey.visible):
            ask(source, harness.credentials["token"], pace=harness.pace)
        for project in ("OPS", "LAB"):
            harness.fake.deny("BROWSE_PROJECTS", project)
        with pytest.raises(TrackerError):
            poll(connected(harness, projects=["OPS", "LAB"]))


def test_the_page_names_every_request_to_jira_cloud_with_its_scopes(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs, left_out = jira_needs(corpus, tmp_path, monkeypatch)
    assert left_out == set(), "no request is made here in this test; let `live` do what makes it"
    assert rows("## Jira Cloud") == sorted(need.row for need in needs)
    for kind, place in (("classic", 0), ("granular", 1)):
        for writes, words in ((False, "To read"), (True, "To write")):
            wanted = {scope for need in needs if need.writes <= writes for scope in need.scopes[place]}
            if writes:
                wanted -= {scope for need in needs if not need.writes for scope in need.scopes[place]}
            assert listed("## Jira Cloud", f"{words}, {kind}") == sorted(wanted)


def test_the_page_names_every_request_to_asana_with_its_scopes(corpus: Path) -> None:
    needs = asana_needs(corpus)
    assert rows("## Asana") == sorted(need.row for need in needs)
    for writes, words in ((False, "To read"), (True, "To write")):
        wanted = {scope for need in needs if need.writes is writes for scope in need.scopes[0]}
        assert listed("## Asana", words) == sorted(wanted)


def test_every_claim_of_the_page_names_a_test_that_there_is() -> None:
    named = re.findall(r"`(tests/(?:\w+/)*test_\w+\.py)::(test_\w+)`", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 15
    lacking = [f"{file}::{test}" for file, test in named if f"def {test}(" not in (ROOT / file).read_text("utf-8")]
    assert lacking == []


def test_the_page_and_the_policy_name_nobody_to_write_to() -> None:
    for page in (PAGE, ROOT / "SECURITY.md"):
        assert re.findall(r"[\w.+-]+@[\w-]+\.\w+", page.read_text(encoding="utf-8")) == []


def section(heading: str) -> str:
    text = PAGE.read_text(encoding="utf-8")
    return text.partition(f"\n{heading}\n")[2].partition("\n## ")[0]


def rows(heading: str) -> list[str]:
    """The rows of the section's table of requests."""
    return [line for line in section(heading).splitlines() if re.match(r"\| `(GET|POST|PUT|DELETE) ", line)]


def listed(heading: str, words: str) -> list[str]:
    """The scopes that follow these words, up to the end of the paragraph."""
    _, found, rest = section(heading).partition(f"\n{words}: ")
    assert found, words
    return re.findall(r"`([^`]+)`", rest.partition("\n\n")[0])
