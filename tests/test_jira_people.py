"""How people are brought to a Jira issue, and what happens where Jira refuses one of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from fakes.faults import DropAfter, Reply
from harness_jira import STAFF, CloudHarness, DataCenterHarness, JiraHarness, connected, poll, sent

from sync.action import Draft, Edit
from sync.errors import InvalidError
from sync.richtext import Bullets, Paragraph, Span
from sync.ticket import Audience
from sync.trackers.jira import open_jira

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARKS = ("k7f3q2aaaaaa",)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[CloudHarness]:
    with CloudHarness(tmp_path) as harness:
        yield harness


@pytest.fixture
def center(tmp_path: Path) -> Iterator[DataCenterHarness]:
    with DataCenterHarness(tmp_path) as harness:
        yield harness


@pytest.fixture(params=[CloudHarness, DataCenterHarness], ids=lambda kind: kind.name)
def jira(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JiraHarness]:
    with request.param(tmp_path) as harness:
        yield harness


def naming(person: str) -> Draft:
    body = (Bullets(((Span("for "), Span("Delivery lead", person=person)),)), Paragraph((Span("Please."),)))
    return Draft(body, Audience.CLIENT, MARKS)


# --- mentions ---------------------------------------------------------------------------------------------------


def test_wiki_markup_mentions_by_user_name_which_is_asked_once_for_a_key(center: DataCenterHarness) -> None:
    tracker = connected(center)
    tickets = [center.create("Late"), center.create("Unclear")]
    poll(tracker)
    before = center.requests
    for ticket in tickets:
        tracker.clone().comment(ticket, naming("JIRAUSER10100"))
    assert sent(center, before) == ["GET user", "POST issue/comment", "POST issue/comment"]
    assert center.fake.issue(tickets[0]).comments[0].body == "* for [~delivery.lead]\n\nPlease."


@pytest.mark.parametrize("answer", [404, 403], ids=["no such user", "may not browse users"])
def test_a_person_whom_data_center_does_not_tell_is_named_and_not_mentioned(
    center: DataCenterHarness, answer: int
) -> None:
    ticket = center.create("Late")
    center.fake.script(Reply(answer), path="/user$", times=2)
    connected(center).comment(ticket, naming("JIRAUSER10100"))
    assert center.fake.issue(ticket).comments[0].body == "* for Delivery lead\n\nPlease."


def test_a_user_name_serves_where_there_is_no_such_key(center: DataCenterHarness) -> None:
    ticket = center.create("Late")
    connected(center).edit(ticket, Edit(watch=("delivery.lead",), assign="delivery.lead"))
    assert center.followers_of(ticket) == {"JIRAUSER10100"}
    assert center.owner_of(ticket) == "JIRAUSER10100"


# --- owner and watchers -----------------------------------------------------------------------------------------


def test_an_owner_travels_in_the_one_write_and_each_watcher_takes_one_more(cloud: CloudHarness) -> None:
    ticket = cloud.create("Late")
    tracker = connected(cloud)
    poll(tracker)
    before, person = cloud.requests, cloud.staff_id()
    tracker.edit(ticket, Edit(("esc:high",), set_due=True, due=date(2026, 3, 9), watch=(person,), assign=person))
    assert sent(cloud, before) == ["PUT issue", "POST issue/watchers"]


@pytest.mark.parametrize(("permission", "edit"), [("MANAGE_WATCHERS", "watch"), ("ASSIGN_ISSUES", "assign")])
def test_a_person_who_is_refused_holds_up_nothing_else_and_the_source_says_so(
    jira: JiraHarness, permission: str, edit: str
) -> None:
    ticket = jira.create("Late")
    tracker = connected(jira)
    person = jira.staff_id()
    bring = Edit(("esc:high",), ledger={"a": 1}, **{edit: (person,) if edit == "watch" else person})  # type: ignore[arg-type]
    jira.fake.deny(permission)
    tracker.edit(ticket, bring)
    assert jira.labels_of(ticket) == {"esc:high"}
    assert tracker.marks(ticket).ledger == {"a": 1}
    assert tracker.notice
    assert person in tracker.notice
    jira.fake.allow(permission)
    tracker.clone().edit(ticket, bring)
    assert tracker.notice is None
    assert (jira.owner_of(ticket), jira.followers_of(ticket)) in {(person, frozenset()), ("", frozenset({person}))}


@pytest.mark.parametrize("person", ["gone", "nobody"])
def test_one_who_left_or_never_was_is_no_owner_and_no_watcher(jira: JiraHarness, person: str) -> None:
    ticket = jira.create("Late")
    if person == "gone":
        person = jira.staff_id()
        jira.dismiss_staff()
    tracker = connected(jira)
    tracker.edit(ticket, Edit(watch=(person,), assign=person, ledger={"a": 1}))
    assert (jira.owner_of(ticket), jira.followers_of(ticket)) == ("", frozenset())
    assert tracker.marks(ticket).ledger == {"a": 1}
    assert tracker.notice


def test_another_fault_of_the_edit_is_not_blamed_on_the_owner(jira: JiraHarness) -> None:
    ticket = jira.create("Late")
    jira.fake.deny("SCHEDULE_ISSUES")
    with pytest.raises(InvalidError) as refused:
        connected(jira).edit(ticket, Edit(set_due=True, due=date(2026, 3, 9), assign=jira.staff_id()))
    assert refused.value.fields == ("duedate",)
    assert jira.owner_of(ticket) == ""


def test_a_watcher_whose_answer_is_lost_does_not_make_the_edit_unknown(jira: JiraHarness) -> None:
    ticket = jira.create("Late")
    tracker = connected(jira)
    jira.fake.script(DropAfter(), path="/watchers$")
    written = tracker.edit(ticket, Edit(("esc:high",), watch=(jira.staff_id(),)))
    assert written.at
    assert jira.labels_of(ticket) == {"esc:high"}
    assert jira.followers_of(ticket) == {jira.staff_id()}


# --- who has left -----------------------------------------------------------------------------------------------


def test_a_hundred_people_are_one_question_on_cloud(cloud: CloudHarness) -> None:
    people = [cloud.fake.add_person(f"Person {number}").account for number in range(150)]
    cloud.fake.deactivate("Person 3")
    cloud.fake.deactivate("Person 149")
    tracker = connected(cloud)
    before = cloud.requests
    assert tracker.left(people) == {people[3], people[149]}
    assert sent(cloud, before) == ["GET user/bulk", "GET user/bulk"]


def test_people_whom_data_center_does_not_tell_count_as_present(center: DataCenterHarness) -> None:
    center.fake.deactivate(STAFF)
    tracker = connected(center)
    assert tracker.left(["delivery.lead"]) == {"delivery.lead"}
    center.fake.script(Reply(403), path="/user$", times=2)
    assert tracker.left(["JIRAUSER10100"]) == frozenset()


# --- check ------------------------------------------------------------------------------------------------------


def test_check_names_the_rights_that_bringing_people_in_needs(jira: JiraHarness) -> None:
    jira.create("Late")
    jira.fake.deny("MANAGE_WATCHERS")
    jira.fake.deny("ASSIGN_ISSUES")
    assert [found for found in connected(jira, mode="full").check() if found.level == "error"] == []
    people = {"everyone_else": "staff", "bring_in": ["mention", "watch", "assign"]}
    given = jira.credentials
    source = jira.source(mode="full", **({"email": given["email"]} if "email" in given else {}))
    tracker = open_jira(source, jira.mapping(people=people), given["token"])
    told = [found.what for found in tracker.check() if found.level == "error"]
    assert [("Manage Watcher List" in what, "Assign Issues" in what) for what in told] == [
        (True, False),
        (False, True),
    ]
