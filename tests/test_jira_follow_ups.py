"""Issues of our own below a Jira issue: one request each, found by their marks, and what keeps them from being."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes.faults import Reply
from harness_jira import (
    CLIENT,
    CloudDeskHarness,
    CloudHarness,
    DataCenterDeskHarness,
    DataCenterHarness,
    JiraHarness,
    connected,
    fetched,
    poll,
    sent,
)

from sync.action import FollowUp
from sync.errors import InvalidError, LostAnswerError
from sync.richtext import Paragraph, Span
from sync.trackers.jira import open_jira

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sync.trackers.base import Tracker

MARK = "k7f3q2aaaaaa"
VERIFY = FollowUp("Verify the repair", (Paragraph((Span("With the client."),)),), MARK, labels=("esc:follow-up",))


def started(kind: type[JiraHarness], folder: Path) -> Iterator[JiraHarness]:
    with kind(folder) as harness:
        yield harness


@pytest.fixture(
    params=[CloudHarness, CloudDeskHarness, DataCenterHarness, DataCenterDeskHarness], ids=lambda kind: kind.name
)
def jira(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JiraHarness]:
    """By subtasks in ordinary projects, by links on service desks."""
    yield from started(request.param, tmp_path)


@pytest.fixture(params=[CloudDeskHarness, DataCenterDeskHarness], ids=lambda kind: kind.name)
def linking(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JiraHarness]:
    yield from started(request.param, tmp_path)


@pytest.fixture(params=[CloudHarness, DataCenterHarness], ids=lambda kind: kind.name)
def nesting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JiraHarness]:
    yield from started(request.param, tmp_path)


def with_follow_up(harness: JiraHarness, follow_up: dict[str, str] | None) -> Tracker:
    given = harness.credentials
    source = harness.source(**({"email": given["email"]} if "email" in given else {}))
    return open_jira(source, harness.mapping(follow_up=follow_up), given["token"])


def errors(tracker: Tracker) -> list[str]:
    return [found.what for found in tracker.check() if found.level == "error"]


def test_a_follow_up_is_one_write_that_carries_its_mark_and_its_place(jira: JiraHarness) -> None:
    ticket = jira.create("Late")
    tracker = connected(jira)
    poll(tracker)
    before = jira.requests
    created = tracker.follow_up(ticket, VERIFY).created
    assert sent(jira, before) == [
        "GET issue",
        "GET issue/createmeta/issuetypes",
        "POST issue",
    ]
    assert jira.fake.issue(created).properties == {"makegood": {"follow_up": MARK, "of": ticket}}
    assert jira.fake.issue(created).fields["issuetype"]["name"] == jira.follow_ups["type"]


def test_one_is_known_by_its_property_when_its_label_is_gone(jira: JiraHarness) -> None:
    ticket = jira.create("Late")
    tracker = connected(jira)
    created = tracker.follow_up(ticket, VERIFY).created
    jira.remove_label(created, "esc:follow-up")
    assert fetched(tracker, created).follow_up
    assert tracker.follow_ups(ticket) == {MARK: created}


def test_issues_that_people_put_beside_a_ticket_are_none_of_ours(jira: JiraHarness) -> None:
    ticket, other, friend = jira.create("Late"), jira.create("Unclear"), jira.create("Related")
    tracker = connected(jira)
    theirs = tracker.follow_up(other, VERIFY).created
    site = jira.fake.site
    for number in (friend, theirs):
        site.link(site.relations.kinds[1], site.issues[ticket], site.issues[number], site.person(CLIENT).name)
    assert tracker.follow_ups(ticket) == {}
    assert tracker.follow_ups(other) == {MARK: theirs}


@pytest.mark.parametrize(
    "answer",
    [Reply(403), Reply(200, {"id": "1", "fields": {}}), Reply(200, {"id": "1"})],
    ids=["may not read", "field hidden", "no fields"],
)
def test_follow_ups_that_jira_does_not_show_prove_nothing(jira: JiraHarness, answer: Reply) -> None:
    ticket = jira.create("Late")
    tracker = connected(jira)
    tracker.follow_up(ticket, VERIFY)
    jira.fake.script(answer, path=rf"/issue/{ticket}$")
    assert tracker.follow_ups(ticket) is None


def test_one_that_is_listed_and_cannot_be_read_makes_the_search_incomplete(jira: JiraHarness) -> None:
    ticket = jira.create("Late")
    tracker = connected(jira)
    created = tracker.follow_up(ticket, VERIFY).created
    path = "/issue/bulkfetch$" if jira.fake.cloud else rf"/issue/{created}$"
    jira.fake.script(Reply(200, {"issues": []}) if jira.fake.cloud else Reply(403), path=path)
    assert tracker.follow_ups(ticket) is None


def test_an_answer_that_names_no_issue_is_a_lost_one(jira: JiraHarness) -> None:
    ticket = jira.create("Late")
    tracker = connected(jira)
    jira.fake.script(Reply(201, {}), method="POST", path="/issue$")
    with pytest.raises(LostAnswerError):
        tracker.follow_up(ticket, VERIFY)


def test_an_owner_who_left_does_not_keep_it_from_being_created(jira: JiraHarness) -> None:
    ticket = jira.create("Late")
    jira.dismiss_staff()
    tracker = connected(jira)
    created = tracker.follow_up(ticket, FollowUp("Verify", VERIFY.body, MARK, assignee=jira.staff_id())).created
    assert jira.below(ticket) == [created]
    assert jira.owner_of(created) == ""
    assert tracker.notice


def test_a_mapping_without_follow_ups_creates_none(jira: JiraHarness) -> None:
    ticket = jira.create("Late")
    tracker = with_follow_up(jira, None)
    with pytest.raises(InvalidError, match=r"set \[follow_up\]"):
        tracker.follow_up(ticket, VERIFY)
    assert tracker.follow_ups(ticket) == {}


def test_nothing_is_sent_where_there_is_no_place_below(nesting: JiraHarness) -> None:
    tracker = connected(nesting)
    subtask = tracker.follow_up(nesting.create("Late"), VERIFY).created
    before = nesting.requests
    with pytest.raises(InvalidError, match=r"set follow_up\.link"):
        tracker.follow_up(subtask, VERIFY)
    with pytest.raises(InvalidError, match=r"no subtask type 'Sub-tsak'.*did you mean 'Sub-task'"):
        with_follow_up(nesting, {"type": "Sub-tsak"}).follow_up(nesting.create("Late"), VERIFY)
    assert not any(line.startswith("POST") for line in sent(nesting, before))


# --- check ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"type": "Sub-tsak"}, "no subtask type 'Sub-tsak' there; did you mean 'Sub-task'?"),
        ({"type": "Task"}, "no subtask type 'Task' there"),
        ({"type": "Sub-task", "link": "Relates"}, "no issue type 'Sub-task' there"),
        ({"type": "Task", "link": "Relate"}, "no link type 'Relate'; did you mean 'Relates'?"),
    ],
)
def test_check_names_a_type_that_is_not_there(jira: JiraHarness, given: dict[str, str], told: str) -> None:
    jira.create("Late")
    (error,) = errors(with_follow_up(jira, given))
    assert told in error


def test_check_tells_where_linking_is_switched_off(linking: JiraHarness) -> None:
    linking.create("Late")
    linking.fake.site.relations.linking = False
    assert any("switched off" in error for error in errors(linking.tracker()))


def test_check_names_what_the_screen_lacks_and_what_it_demands(jira: JiraHarness) -> None:
    jira.create("Late")
    jira.fake.screen_lacks, jira.fake.screen_demands = {"duedate", "labels"}, {jira.client_field}
    lacks, demands = errors(jira.tracker())
    assert lacks.endswith("would be refused: the screen to create one lacks duedate, labels")
    assert demands.endswith(f"Jira demands fields that makegood does not fill: {jira.client_field}")
    with pytest.raises(InvalidError) as refused:
        connected(jira).follow_up(jira.create("Late"), VERIFY)
    assert jira.client_field in refused.value.fields


@pytest.mark.parametrize(
    ("permission", "named"), [("CREATE_ISSUES", "Create Issues"), ("LINK_ISSUES", "Link Issues")]
)
def test_check_names_the_rights_that_follow_ups_need(linking: JiraHarness, permission: str, named: str) -> None:
    linking.create("Late")
    linking.fake.deny(permission)
    assert any(named in error for error in errors(linking.tracker(mode="full")))
