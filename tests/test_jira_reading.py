"""What only Jira's reading must withstand: lagging search, minutes and zones, hidden projects, bad records."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from fakes.faults import Reply
from fakes.jira_samples import issues
from harness_jira import NOW, CloudHarness, DataCenterHarness, JiraHarness, connected, ids, poll, sent

from sync.errors import CredentialsError, ForbiddenError, InvalidError, ServerFaultError
from sync.ticket import Status
from sync.trackers import jira_cloud, jira_poll
from sync.trackers.jira import open_jira
from sync.trackers.sources import JiraSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sync.action import Failed
    from sync.ticket import Ticket

SEARCHES = r"/search(/jql)?$"


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


# --- polling ----------------------------------------------------------------------------------------------------


def test_short_and_empty_pages_are_not_taken_for_the_end(cloud: CloudHarness) -> None:
    tickets = {cloud.create(f"Issue {number}") for number in range(9)}
    cloud.fake.short_pages = [2, 0, 3, 1]  # type: ignore[attr-defined]
    assert ids(poll(connected(cloud))[0]) == tickets


def test_a_search_that_goes_round_in_a_circle_is_a_fault_and_ends(jira: JiraHarness) -> None:
    tracker = connected(jira)
    ticket = jira.create("Late")
    issue = {"id": ticket, "key": "OPS-1", "fields": {"updated": "2026-03-02T10:00:00.000+0100"}}
    page = {"issues": [issue], "nextPageToken": "same", "isLast": False, "startAt": 0, "total": 300}
    jira.fake.script(Reply(200, page), path=SEARCHES, times=99)
    with pytest.raises(ServerFaultError, match="circle"):
        list(tracker.changed(None))


def test_issues_that_drop_out_while_it_is_paged_hide_no_other(center: DataCenterHarness) -> None:
    tickets = [center.create(f"Issue {number}") for number in range(230)]
    pages = connected(center).changed(None)
    found = set(ids(next(pages).tickets))
    for ticket in tickets[:5]:
        center.delete(ticket)
    for page in pages:
        found |= ids(page.tickets)
    assert found == set(tickets)


def test_a_change_within_the_minute_of_the_last_poll_is_found_in_any_zone(jira: JiraHarness) -> None:
    ticket = jira.create("Late")  # the profile is in New York, the site in Berlin
    _, _, cursor = poll(connected(jira))
    jira.advance(5)
    jira.comment_as_client(ticket, "Well?")
    (found,), _, cursor = poll(connected(jira), cursor)
    assert [comment.text for comment in found.comments] == ["Well?"]
    assert poll(connected(jira), cursor)[0] == []


def test_a_ticket_that_search_learns_of_late_is_not_jumped_over(jira: JiraHarness) -> None:
    late, early = jira.create("Known late"), jira.create("Known at once")
    _, _, cursor = poll(connected(jira))
    jira.fake.index_lag = 200
    jira.advance(60)
    jira.set_status(late, Status.IN_PROGRESS)
    jira.fake.index_lag = 0
    jira.advance(150)
    jira.set_status(early, Status.IN_PROGRESS)
    first, _, cursor = poll(connected(jira), cursor)
    jira.advance(100)
    second, _, _ = poll(connected(jira), cursor)
    assert [ids(first), ids(second)] == [{early}, {late}]


def test_after_a_bulk_change_quiet_passes_become_one_search_again(jira: JiraHarness) -> None:
    for number in range(150):
        jira.create(f"Issue {number}")
    _, _, cursor = poll(connected(jira))
    jira.advance(3700)
    for _ in range(2):
        before = jira.requests
        tickets, _, cursor = poll(connected(jira), cursor)
        assert tickets == []
    assert jira.requests - before == 2


def test_a_time_in_the_future_does_not_carry_the_poll_there(jira: JiraHarness) -> None:
    jira.advance(86_400)
    strange = jira.create("From an import")
    jira.fake.now = NOW
    _, _, cursor = poll(connected(jira))
    jira.advance(120)
    new = jira.create("New")
    found, _, _ = poll(connected(jira), cursor)
    assert ids(found) - {strange} == {new}


def test_another_question_makes_the_cursor_void(jira: JiraHarness) -> None:
    ticket = jira.create("Late")
    jira.fake.create_issue("LAB", "Elsewhere")
    _, _, cursor = poll(connected(jira))
    both, _, _ = poll(connected(jira, projects=["OPS", "LAB"]), cursor)
    assert len(both) == 2
    assert ticket in ids(both)


def test_the_fields_of_the_mapping_are_asked_for_once_a_day(jira: JiraHarness) -> None:
    tracker = connected(jira)
    cursor = None
    with time_machine.travel(NOW) as clock:
        for _ in range(4):
            _, _, cursor = poll(tracker, cursor)
            _, _, cursor = poll(connected(jira), cursor)
            clock.shift(43_200)
    assert sent(jira).count("GET field") == 2  # in a day and a half, though every other pass is a new process


def test_one_project_that_is_hidden_is_named_stops_no_other_and_comes_whole_when_it_can(jira: JiraHarness) -> None:
    ticket, hidden = jira.create("Late"), jira.fake.create_issue("LAB", "Hidden").id
    projects = ["OPS", "LAB"]
    jira.fake.deny("BROWSE_PROJECTS", "LAB")
    tickets, (failed,), cursor = poll(connected(jira, projects=projects))
    assert (ids(tickets), failed.ticket, failed.what) == ({ticket}, "", "project LAB")
    assert failed.why == (
        "it is not there, or the account may not browse it; correct `projects` or grant Browse Projects"
    )
    assert set(connected(jira, projects=projects).ids()) == {ticket}
    jira.advance(7200)
    again, still, cursor = poll(connected(jira, projects=projects), cursor)
    assert (again, still) == ([], [failed])
    jira.fake.allow("BROWSE_PROJECTS", "LAB")
    tickets, failures, _ = poll(connected(jira, projects=projects), cursor)
    assert (hidden in ids(tickets), failures) == (True, [])


def test_a_source_whose_every_project_is_hidden_is_forbidden_and_never_empty(jira: JiraHarness) -> None:
    jira.fake.deny("BROWSE_PROJECTS", "OPS")
    with pytest.raises(ForbiddenError, match="OPS"):
        list(connected(jira).changed(None))


def test_a_condition_that_jira_does_not_understand_is_told_in_its_words(jira: JiraHarness) -> None:
    jira.create("Late")
    with pytest.raises(InvalidError, match="JQL"):
        list(connected(jira, jql="colour = green").changed(None))


def test_a_token_that_expires_between_two_passes_is_noticed_by_the_search_itself(cloud: CloudHarness) -> None:
    tracker = connected(cloud)
    cloud.fake.token = "renewed"  # type: ignore[attr-defined]
    with pytest.raises(CredentialsError):
        list(tracker.changed(None))


def test_a_login_that_fails_at_the_second_page_is_not_taken_for_the_end_of_the_search(cloud: CloudHarness) -> None:
    for number in range(3):
        cloud.create(f"Issue {number}")
    cloud.fake.short_pages = [2]  # type: ignore[attr-defined]
    pages = connected(cloud).changed(None)
    assert len(next(pages).tickets) == 2
    cloud.fake.token = "renewed"  # type: ignore[attr-defined]
    with pytest.raises(CredentialsError) as refusal:
        next(pages)
    assert str(refusal.value) == (
        "Jira does not accept the account or its token; make a new token "
        "(POST /rest/api/3/search/jql: Jira answered 200)"
    )


def test_a_condition_of_the_source_narrows_every_listing_and_holds_from_poll_to_poll(jira: JiraHarness) -> None:
    for labels, status in ((("client",), None), (("client",), Status.CLOSED), ((), Status.WAITING), ((), None)):
        jira.create("Late", labels=labels, status=status)
    tickets = {number for number, issue in jira.fake.site.issues.items() if issue.fields["labels"]}
    (waiting,) = (
        n for n, issue in jira.fake.site.issues.items() if issue.fields["status"]["name"].startswith("W")
    )
    tracker = connected(jira, jql='labels = client OR status in ("Waiting for client")')
    found, failed, cursor = poll(tracker)
    assert (ids(found), failed, set(tracker.ids())) == (tickets | {waiting}, [], tickets | {waiting})
    jira.advance(7200)
    jira.comment_as_client(waiting, "Well?")
    assert ids(poll(tracker, cursor)[0]) == {waiting}


def test_jql_quotes_what_a_config_says_and_asks_in_the_zone_of_the_profile() -> None:
    source = JiraSource.model_validate(
        {
            "tracker": "jira",
            "name": "agency",
            "url": "https://agency.example",
            "projects": ['A"B\\', "OPS"],
            "jql": "labels = client OR reporter in (portal)",
        }
    )
    asked = jira_poll.jql_for(
        source,
        "key ASC",
        since=datetime(2026, 3, 2, 9, 0, 59, tzinfo=UTC),
        zone=jira_poll.zone_of("Asia/Tokyo"),
    )
    assert asked == (
        r'project in ("A\"B\\", "OPS") AND (labels = client OR reporter in (portal)) '
        'AND updated >= "2026-03-02 18:00" ORDER BY key ASC'
    )


@pytest.mark.parametrize(
    ("zone", "since", "asked"),
    [
        ("Europe/Berlin", "2025-10-26T00:30+00:00", "2025-10-26 01:30"),  # 02:30, the first of the two
        ("Europe/Berlin", "2025-10-26T01:30+00:00", "2025-10-26 01:30"),  # 02:30, the second
        ("Europe/Berlin", "2025-03-30T01:30+00:00", "2025-03-30 03:30"),
        ("PST", "2026-03-02T12:00+00:00", "2026-03-02 00:00"),  # nowhere known: the westernmost clock
        (None, "2026-03-02T12:00+00:00", "2026-03-02 00:00"),
    ],
)
def test_an_hour_that_comes_twice_and_an_unknown_zone_ask_for_too_much_and_never_too_little(
    cloud: CloudHarness, zone: str | None, since: str, asked: str
) -> None:
    instant = datetime.fromisoformat(since)
    jql = jira_poll.jql_for(cloud.source(), "key", since=instant, zone=jira_poll.zone_of(zone))
    assert f'updated >= "{asked}"' in jql


# --- records ----------------------------------------------------------------------------------------------------


def whole(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """An issue as Jira would send it, but for these fields."""
    sound: dict[str, Any] = {
        "summary": "Late",
        "description": None,
        "status": {"name": "Open"},
        "created": "2026-03-02T10:00:00.000+0100",
        "updated": "2026-03-02T10:00:00.000+0100",
        "project": {"key": "OPS", "projectTypeKey": "software"},
        "comment": {"comments": [], "total": 0},
    }
    return {"id": "77", "key": "OPS-77", "fields": sound | fields, "changelog": {"histories": [], "total": 0}}


def answering(harness: JiraHarness, *found: object) -> tuple[list[Ticket], list[Failed]]:
    """What a poll gives if search sends this."""
    page = {"issues": list(found), "isLast": True, "total": len(found), "startAt": 0}
    harness.fake.script(Reply(200, page), path=SEARCHES)
    return poll(connected(harness))[:2]


NULLS = {
    "summary": None, "labels": None, "reporter": None, "assignee": None, "issuetype": None,
    "duedate": None, "resolutiondate": None,
}  # fmt: skip


def test_null_where_a_list_was_reads_as_nothing(jira: JiraHarness) -> None:
    (ticket,), failed = answering(jira, whole(**NULLS))
    assert failed == []
    assert (ticket.title, ticket.labels, ticket.comments, ticket.changes) == ("", frozenset(), (), ())


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "77", "key": "OPS-77"},
        {"id": "77", "key": "OPS-77", "fields": None},
        {"id": "77", "fields": {"project": None}},
    ],
    ids=["no fields", "null fields", "hardly anything"],
)
def test_a_record_without_sense_is_named_and_stops_no_other(jira: JiraHarness, bad: dict[str, Any]) -> None:
    good = whole() | {"id": "78", "key": "OPS-78"}
    tickets, (failed,) = answering(jira, bad, good)
    assert (ids(tickets), failed.ticket, failed.what) == ({"78"}, "77", "read")


@pytest.mark.parametrize(
    "field",
    [
        {"status": None},
        {"status": {"name": None}},
        {"created": None},
        {"updated": "yesterday"},
        {"created": 1e300},
    ],
    ids=str,
)
def test_a_ticket_that_lacks_what_no_ticket_lacks_fails_with_its_key(
    jira: JiraHarness, field: dict[str, Any]
) -> None:
    tickets, (failed,) = answering(jira, whole(**field))
    assert (tickets, failed.ticket, failed.name) == ([], "77", "OPS-77")
    assert failed.why


def test_a_status_that_was_renamed_is_named_with_the_remedy(jira: JiraHarness) -> None:
    _, (failed,) = answering(jira, whole(status={"name": "Being looked at"}))
    assert (failed.ticket, failed.name, failed.what) == ("77", "OPS-77", "read")
    assert failed.why == (
        "status 'Being looked at' is in no list of the mapping's [status]; "
        "add it there under open, in_progress, waiting, resolved or closed"
    )


def test_a_bad_comment_and_a_bad_change_cost_themselves_alone(jira: JiraHarness) -> None:
    said = {"id": "5", "created": "2026-03-02T10:00:00.000+0100", "body": "Well?", "author": None}
    moved = {"field": "status", "fieldtype": "jira", "fromString": "Open", "toString": "In Progress"}
    history = {"id": "9", "created": "2026-03-02T10:00:00.000+0100", "items": [None, {"field": None}, moved]}
    log = {"histories": [{"id": "8", "items": [moved]}, history, None], "total": 2}
    comments = {"comments": [{"id": "4", "body": {}}, said, None], "total": 2}
    (ticket,), failed = answering(jira, whole(comment=comments) | {"changelog": log})
    assert failed == []
    assert [(comment.text, comment.author.side) for comment in ticket.comments] == [("Well?", "unknown")]
    assert [(change.id, change.after) for change in ticket.changes] == [("9.1", Status.IN_PROGRESS)]
    assert len(ticket.problems) == 2


@pytest.mark.parametrize("page", [None, "none", [], {"comments": None, "total": 0}], ids=str)
def test_comments_that_jira_does_not_send_are_asked_for_and_never_taken_for_none(
    jira: JiraHarness, page: object
) -> None:
    tickets, (failed,) = answering(jira, whole(comment=page))
    assert (tickets, failed.name) == ([], "OPS-77")
    assert "does not show its comments" in failed.why
    ticket = jira.create("Late")
    jira.comment_as_staff(ticket, "We are on it")
    ((found,), failures) = answering(jira, whole(comment=page) | {"id": ticket})
    assert ([comment.text for comment in found.comments], failures) == (["We are on it"], [])


@pytest.mark.parametrize(
    "project", [None, [], {"key": "OPS"}, {"key": "OPS", "projectTypeKey": "portal"}], ids=str
)
def test_a_ticket_of_which_nobody_knows_who_reads_its_comments_is_left_alone(
    jira: JiraHarness, project: object
) -> None:
    tickets, (failed,) = answering(jira, whole(project=project))
    assert (tickets, failed.name) == ([], "OPS-77")
    assert "who reads comments there" in failed.why


@pytest.mark.parametrize("log", [None, [], {}, {"histories": None, "total": 3}], ids=str)
def test_history_that_jira_does_not_send_is_not_taken_for_no_history(jira: JiraHarness, log: object) -> None:
    if isinstance(log, dict):
        jira.fake.script(Reply(200, {"issueChangeLogs": None}), path="changelog/bulkfetch")
        jira.fake.script(Reply(200, {"changelog": None}), path="/issue/77$")
    (ticket,), failed = answering(jira, whole() | {"changelog": log})
    assert failed == []
    assert ticket.complete_since == ticket.updated


def test_a_long_history_is_read_in_as_many_pages_as_it_takes(
    cloud: CloudHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jira_cloud, "CHANGES_A_PAGE", 25)
    for exported in issues(3, long_ones=1):
        cloud.fake.load(exported)
    tickets, _, _ = poll(connected(cloud))
    assert [(len(ticket.changes), ticket.complete_since) for ticket in tickets] == [(60, None)] * 3


def test_a_history_that_goes_round_in_a_circle_is_a_fault_and_ends(cloud: CloudHarness) -> None:
    cloud.fake.load(next(issues(1, long_ones=1)))
    page = {"issueChangeLogs": [], "nextPageToken": "same"}
    cloud.fake.script(Reply(200, page), path="changelog/bulkfetch", times=9)
    with pytest.raises(ServerFaultError, match="circle"):
        poll(connected(cloud))


@pytest.mark.parametrize("path", ["changelog/bulkfetch", "/comment$"])
def test_what_may_not_be_completed_is_read_as_far_as_it_goes_and_said(cloud: CloudHarness, path: str) -> None:
    cloud.fake.load(next(issues(1, long_ones=1)))
    cloud.fake.script(Reply(403), path=path)
    (ticket,), failed, _ = poll(connected(cloud))
    assert (failed, len(ticket.problems)) == ([], 1)
    if path == "changelog/bulkfetch":
        assert (len(ticket.changes), ticket.complete_since) == (40, ticket.changes[0].at)
    else:
        assert (len(ticket.comments), ticket.complete_since) == (20, None)


def test_comments_kept_back_are_said(cloud: CloudHarness) -> None:
    cloud.fake.load(next(issues(1, long_ones=1)))
    cloud.fake.script(Reply(200, {"comments": [], "total": 30}), path="/comment$")
    (ticket,), _, _ = poll(connected(cloud))
    assert "keeps back" in ticket.problems[0]


def test_data_center_is_asked_again_by_id_for_a_history_that_search_cut(center: DataCenterHarness) -> None:
    ticket = center.create("Late")
    center.set_status(ticket, Status.WAITING)
    cut = whole() | {"id": ticket, "changelog": {"histories": [], "total": 1}}
    (found,), _ = answering(center, cut)
    assert [change.after for change in found.changes] == [Status.WAITING]
    assert found.complete_since is None


def test_a_ticket_that_may_not_be_read_by_id_is_named_and_stops_no_other(center: DataCenterHarness) -> None:
    tickets = [center.create("Hidden"), center.create("Late")]
    tracker = connected(center)
    center.fake.script(Reply(403), path=f"/issue/{tickets[0]}")
    (page,) = tracker.fetch(tickets)
    assert [failed.ticket for failed in page.failed] == [tickets[0]]
    assert ids(page.tickets) == {tickets[1]}
    assert page.gone == ()


def test_a_ticket_that_cloud_cannot_give_just_now_is_not_gone(cloud: CloudHarness) -> None:
    answer = {"issues": [], "issueErrors": [{"id": "77", "errorMessage": "zeitweilig"}]}
    cloud.fake.script(Reply(200, answer), path="issue/bulkfetch")
    (page,) = connected(cloud).fetch(["77", "78"])
    assert ([failed.ticket for failed in page.failed], page.gone) == (["77"], ("78",))


def test_a_description_of_three_megabytes_is_read(jira: JiraHarness) -> None:
    ticket = jira.create("Long", text="All of it." * 308_000)
    (found,), _, _ = poll(connected(jira))
    assert (found.id, len(found.text)) == (ticket, 3_080_000)


def test_an_issue_of_another_project_is_never_ours(jira: JiraHarness) -> None:
    strange = whole(project={"key": "NEW"})
    tickets, (failed,) = answering(jira, strange)
    assert tickets == []
    assert "renamed" in failed.why
    moved = jira.create("Moved")
    jira.fake.move("Delivery lead", moved, "LAB")
    (page,) = connected(jira).fetch([moved])
    assert (page.tickets, page.gone) == ((), (moved,))


# --- due dates in the history -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("logged", "read"),
    [
        ({"to": "2008-09-11", "toString": "2008-09-12 00:00:00.0"}, "2008-09-11"),
        ({"to": None, "toString": "2008-09-11 00:00:00.0"}, "2008-09-11"),
        ({"to": None, "toString": "11/Sep/08"}, ""),
        ({"to": None, "toString": None}, ""),
        ({}, ""),
    ],
    ids=str,
)
def test_a_due_date_in_the_history_is_read_from_its_words_where_nothing_else_was_kept(
    jira: JiraHarness, logged: dict[str, Any], read: str
) -> None:
    item = {"field": "duedate", "fieldtype": "jira", "from": "2008-07-11", **logged}
    history = {"id": "9", "created": "2026-03-02T10:00:00.000+0100", "items": [item]}
    (ticket,), _ = answering(jira, whole() | {"changelog": {"histories": [history], "total": 1}})
    assert [(change.field, change.before, change.after) for change in ticket.changes] == [
        ("due", "2008-07-11", read)
    ]


# --- real issues ------------------------------------------------------------------------------------------------


def real(kind: type[JiraHarness], folder: Path, corpus: Path) -> dict[str, Ticket]:
    """The corpus's issues as read from one kind of Jira, by key."""
    lines = (corpus / "data" / "jira-issues.jsonl").read_text(encoding="utf-8").splitlines()
    exported = [json.loads(line) for line in lines]
    projects = sorted({issue["fields"]["project"]["key"] for issue in exported})
    with kind(folder) as harness:
        for issue in exported:
            harness.fake.load(issue)
        statuses = [status["name"] for status in harness.fake.site.catalogue.choices["status"]]
        mapping = harness.mapping(status={"open": statuses}, fields={"priority": "Priority"})
        given = harness.credentials
        source = harness.source(projects=projects, **{key: given[key] for key in given if key == "email"})
        tickets, failed, _ = poll(open_jira(source, mapping, given["token"]))
    assert (len(tickets), failed) == (len(exported), [])
    return {ticket.key: ticket for ticket in tickets}


def test_four_hundred_real_issues_read_the_same_from_cloud_and_data_center(tmp_path: Path, corpus: Path) -> None:
    cloud, center = (real(kind, tmp_path, corpus) for kind in (CloudHarness, DataCenterHarness))
    assert cloud.keys() == center.keys()
    for key, ticket in cloud.items():
        other = center[key]
        assert [change.said for change in ticket.changes] == [change.said for change in other.changes]
        assert [comment.at for comment in ticket.comments] == [comment.at for comment in other.comments]
        assert (ticket.title, ticket.created, ticket.resolved) == (other.title, other.created, other.resolved)
        assert (ticket.fields, ticket.labels) == (other.fields, other.labels)
        assert "".join(ticket.text.split()) == "".join(other.text.split())


def test_no_due_date_of_a_real_history_is_lost(tmp_path: Path, corpus: Path) -> None:
    tickets = real(DataCenterHarness, tmp_path, corpus)
    changes = [change for ticket in tickets.values() for change in ticket.changes if change.field == "due"]
    assert len(changes) == 136
    assert all(change.before or change.after for change in changes)
    (moved,) = [change for change in tickets["FCREPO-249"].changes if change.field == "due"]
    assert (moved.before, moved.after) == ("2008-07-11", "2008-09-11")
