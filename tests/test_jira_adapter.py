"""What only Jira does in writing and at the door: its circles, its fields, and how few requests it takes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
import responses
from fakes.faults import Reply
from fakes.jira_samples import issues
from fakes.vendor_specs import jira_cloud, jira_dc
from harness_jira import (
    CLIENT,
    NOW,
    STAFF,
    CloudDeskHarness,
    CloudHarness,
    DataCenterDeskHarness,
    DataCenterHarness,
    JiraHarness,
    connected,
    fetched,
    ids,
    poll,
    sent,
)

from sync.action import Draft, Edit, FollowUp
from sync.errors import CredentialsError, InvalidError, LostAnswerError, NotFoundError, ServerFaultError
from sync.mapping.tracker_models import JiraMapping
from sync.richtext import Paragraph, Span
from sync.ticket import Audience, Status
from sync.trackers.jira import open_jira
from sync.trackers.sources import JiraSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sync.trackers.base import Tracker

BODY = (Paragraph((Span("Update due"),)),)
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


@pytest.fixture(params=[CloudDeskHarness, DataCenterDeskHarness], ids=lambda kind: kind.name)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JiraHarness]:
    with request.param(tmp_path) as harness:
        yield harness


# --- how few requests -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "searches"), [(CloudHarness, 50), (DataCenterHarness, 53)], ids=str)
def test_five_thousand_issues_take_at_most_sixty_reads_and_a_quiet_pass_two(
    tmp_path: Path, kind: type[JiraHarness], searches: int
) -> None:
    with kind(tmp_path) as harness:
        for exported in issues(5000, long_ones=0):
            harness.fake.load(exported)
        harness.fake.now = datetime(2026, 3, 2, 9, tzinfo=UTC)
        tickets, failed, cursor = poll(connected(harness))
        assert (len(ids(tickets)), len(tickets), failed) == (5000, 5000, [])
        assert len(harness.fake.log) == searches + 2
        cold = len(harness.fake.log)
        assert poll(connected(harness), cursor)[:2] == ([], [])
        assert [line.split("/")[0] for line in sent(harness, cold)] == ["GET myself", "POST search"]


def test_history_and_comments_that_search_left_out_are_read_for_those_tickets_alone(cloud: CloudHarness) -> None:
    for exported in issues(120, long_ones=40):
        cloud.fake.load(exported)
    tickets, _, _ = poll(connected(cloud))
    long = [ticket for ticket in tickets if len(ticket.changes) == 60]
    assert [len(ticket.comments) for ticket in long] == [30, 30, 30]
    assert {ticket.complete_since for ticket in tickets} == {None}
    assert all(not ticket.problems for ticket in tickets)
    lines = sent(cloud)
    assert lines.count("POST changelog/bulkfetch") == 1
    assert lines.count("GET issue/comment") == 3


@pytest.mark.parametrize("act", ["edit", "comment", "both"])
def test_a_ticket_takes_one_write_for_its_fields_and_one_for_its_comment(jira: JiraHarness, act: str) -> None:
    ticket = jira.create("Late")
    tracker = connected(jira)
    poll(tracker)
    before = len(jira.fake.log)
    if act in {"edit", "both"}:
        tracker.edit(ticket, Edit(("esc:high",), set_due=True, due=date(2026, 3, 9), ledger={"update": 1}))
    if act in {"comment", "both"}:
        tracker.clone().comment(ticket, Draft(BODY, max(jira.audiences), MARKS))
    put, post = ["PUT issue"], ["POST issue/comment"]
    assert sent(jira, before) == {"edit": put, "comment": post, "both": put + post}[act]


def test_an_edit_that_changes_nothing_sends_nothing(jira: JiraHarness) -> None:
    ticket = jira.create("Late")
    tracker = connected(jira)
    before = jira.requests
    tracker.edit(ticket, Edit())
    assert jira.requests == before
    tracker.edit(ticket, Edit(ledger={"update": 1}))
    assert jira.fake.issue(ticket).properties == {"makegood": {"update": 1}}


@pytest.mark.parametrize("kind", [CloudHarness, CloudDeskHarness, DataCenterHarness, DataCenterDeskHarness])
def test_everything_said_and_heard_is_as_the_vendor_documents_it(
    tmp_path: Path, corpus: Path, kind: type[JiraHarness]
) -> None:
    with kind(tmp_path) as harness:
        spec = (jira_cloud if harness.fake.cloud else jira_dc)(corpus)
        harness.fake.check = spec.check
        tickets = [harness.create(f"Issue {number}", labels=("esc:old",)) for number in range(3)]
        harness.comment_as_client(tickets[0], "Where is it?")
        harness.set_status(tickets[0], Status.WAITING)
        tracker = connected(harness, deployment="cloud" if harness.fake.cloud else "data-center")
        _, _, cursor = poll(tracker)
        for audience in harness.audiences:
            tracker.comment(tickets[1], Draft(BODY, audience, MARKS))
        tracker.edit(
            tickets[1], Edit(("esc:high",), ("esc:old",), set_due=True, due=date(2026, 3, 9), ledger={"a": 1})
        )
        tracker.edit(tickets[2], Edit(ledger={"a": 1}))
        person = harness.staff_id()
        mention = (Paragraph((Span("Delivery lead", person=person),)),)
        tracker.comment(tickets[2], Draft(mention, max(harness.audiences), MARKS))
        tracker.edit(tickets[2], Edit(watch=(person,), assign=person, ledger={"a": 2}))
        written = tracker.follow_up(
            tickets[2], FollowUp("Verify", BODY, MARKS[0], date(2026, 3, 9), ("esc:follow-up",), person)
        )
        assert tracker.follow_ups(tickets[2]) == {MARKS[0]: written.created}
        assert tracker.left([person, "nobody"]) == frozenset()
        poll(tracker, cursor)
        list(tracker.fetch(tickets))
        assert len(list(tracker.ids())) == 4
        assert tracker.marks(tickets[1]).complete
        assert {finding.level for finding in tracker.check()} <= {"ok", "warning"}


# --- who reads a comment ----------------------------------------------------------------------------------------


def test_on_a_service_desk_a_role_hides_nothing_and_only_the_desks_own_mark_does(desk: JiraHarness) -> None:
    ticket = desk.create("Late")
    desk.fake.comment_as(STAFF, ticket, "internal", internal=True)
    desk.fake.comment_as(STAFF, ticket, "public", internal=False)
    desk.fake.comment_as(STAFF, ticket, "plain")
    issue = desk.fake.issue(ticket)
    desk.fake.site.comment(issue, "delivery.lead", "for a role", {}, {"type": "role", "value": "Administrators"})
    read = {comment.text: comment.audience for comment in fetched(connected(desk), ticket).comments}
    assert read == {
        "internal": Audience.INTERNAL,
        "public": Audience.CLIENT,
        "plain": Audience.CLIENT,
        "for a role": Audience.CLIENT,
    }
    assert sorted(desk.fake.customers_see(ticket)) == ["for a role", "plain", "public"]


def test_an_internal_comment_of_ours_never_reaches_the_portal(desk: JiraHarness) -> None:
    ticket = desk.create("Late")
    written = connected(desk).comment(ticket, Draft(BODY, Audience.INTERNAL, MARKS))
    assert written.audience is Audience.INTERNAL
    assert desk.fake.customers_see(ticket) == []


def test_a_service_desk_is_one_even_where_the_source_says_that_only_staff_reads(desk: JiraHarness) -> None:
    ticket = desk.create("Late")
    tracker = connected(desk, readers="staff")
    assert fetched(tracker, ticket).audiences == {Audience.INTERNAL, Audience.CLIENT}


def test_an_ordinary_project_is_read_as_the_source_states(jira: JiraHarness) -> None:
    ticket = jira.create("Late")
    jira.comment_as_staff(ticket, "On it.")
    for readers, audience in (("staff", Audience.INTERNAL), ("staff-and-clients", Audience.CLIENT)):
        (comment,) = fetched(connected(jira, readers=readers), ticket).comments
        assert comment.audience is audience


def test_a_confidential_comment_is_confined_to_the_circle_of_the_mapping(cloud: CloudHarness) -> None:
    ticket = cloud.create("Late")
    tracker = connected(cloud, readers="staff-and-clients")
    assert fetched(tracker, ticket).audiences == {Audience.RESTRICTED, Audience.CLIENT}
    tracker.comment(ticket, Draft(BODY, Audience.RESTRICTED, MARKS))
    (comment,) = cloud.fake.issue(ticket).comments
    assert comment.visibility == {"type": "role", "value": "Administrators", "identifier": "Administrators"}


def test_a_ticket_never_read_before_is_asked_once_whether_it_lies_in_a_service_desk(desk: JiraHarness) -> None:
    ticket = desk.create("Late")
    tracker = connected(desk)
    before = desk.requests
    for _ in range(2):
        tracker.clone().comment(ticket, Draft(BODY, Audience.INTERNAL, MARKS))
    assert sent(desk, before) == ["GET issue", "POST issue/comment", "POST issue/comment"]
    assert desk.fake.customers_see(ticket) == []


@pytest.mark.parametrize("answer", [{}, [], {"id": None}], ids=str)
def test_an_answer_that_names_no_comment_is_a_lost_one(jira: JiraHarness, answer: object) -> None:
    ticket = jira.create("Late")
    jira.fake.script(Reply(201, answer, applied=True), method="POST", path="/comment$")
    with pytest.raises(LostAnswerError):
        connected(jira).comment(ticket, Draft(BODY, max(jira.audiences), MARKS))


def test_a_comment_has_the_time_of_the_tracker_and_no_audience_that_it_does_not_prove(desk: JiraHarness) -> None:
    ticket = desk.create("Late")
    tracker = connected(desk)
    assert tracker.comment(ticket, Draft(BODY, Audience.CLIENT, MARKS)).at == NOW
    desk.fake.script(Reply(201, {"id": "5"}, {"Date": "Mon, 02 Mar 2026 10:00:00 GMT"}), path="/comment$")
    written = tracker.comment(ticket, Draft(BODY, Audience.CLIENT, MARKS))
    assert (written.comment, written.audience) == ("5", None)
    assert written.at


# --- marks ------------------------------------------------------------------------------------------------------


def test_marks_are_found_among_hundreds_of_comments(jira: JiraHarness) -> None:
    ticket = jira.create("Busy")
    for number in range(120):
        jira.comment_as_client(ticket, f"Question {number}")
    tracker = connected(jira)
    tracker.comment(ticket, Draft(BODY, max(jira.audiences), MARKS))
    for number in range(30):
        jira.comment_as_client(ticket, f"Another {number}")
    marks = tracker.marks(ticket)
    assert (marks.complete, set(marks.marks)) == (True, set(MARKS))


@pytest.mark.parametrize(
    "page",
    [
        {"comments": [], "total": 3},
        {"comments": [{"id": "1", "created": "2026-03-02T10:00:00.000+0100", "body": ""}], "total": 1},
        {"comments": [{"id": "1", "properties": []}], "total": 1},
        {"comments": []},
        {},
    ],
    ids=["fewer than stated", "without properties", "unreadable", "no total", "nothing"],
)
def test_marks_that_jira_does_not_show_whole_prove_nothing(jira: JiraHarness, page: dict[str, Any]) -> None:
    tracker = connected(jira)
    ticket = jira.create("Late")
    jira.fake.script(Reply(200, page), path="/comment$")
    assert tracker.marks(ticket).complete is False


def test_a_ticket_whose_comments_may_not_be_read_is_unassessable(jira: JiraHarness) -> None:
    tracker = connected(jira)
    jira.fake.script(Reply(403), path="/comment$")
    assert tracker.marks(jira.create("Late")).complete is False


# --- fields -----------------------------------------------------------------------------------------------------


def tracker_with(harness: JiraHarness, **mapping: Any) -> Tracker:  # noqa: ANN401 - as a mapping file says
    token = harness.credentials["token"]
    source = harness.source(**{key: value for key, value in harness.credentials.items() if key == "email"})
    return open_jira(source, harness.mapping(**mapping), token, pace=harness.pace)


def test_a_field_is_found_by_its_id_or_its_name_and_so_is_its_history(jira: JiraHarness) -> None:
    ticket = jira.create("Late", client="Client A", severity="low")
    jira.fake.edit_as(STAFF, ticket, **{jira.client_field: "Client B", jira.severity_field: "High"})
    jira.fake.edit_as(STAFF, ticket, assignee=STAFF, priority="High", description="Not of interest")
    found = fetched(connected(jira), ticket)  # the mapping names one by its name, the other by its id
    assert (found.client, found.fields["severity"]) == ("Client B", "High")
    assert [(change.field, change.before, change.after) for change in found.changes] == [
        ("client", "Client A", "Client B"),
        ("severity", "Low", "High"),
        ("assignee", "", STAFF),
    ]
    assert len({change.id for change in found.changes}) == 3


def test_values_of_every_shape_are_read_as_people_see_them(jira: JiraHarness) -> None:
    add = jira.fake.add_field
    kinds = {"budget": "number", "satisfaction": "any", "affected": "user", "impact": "array", "reach": "any"}
    own = {
        name: add(name.title(), kind, ("Team", "Firm") if kind == "array" else ()) for name, kind in kinds.items()
    }
    ticket = jira.create("Late")
    team, firm = jira.fake.site.fields[own["impact"]].options
    jira.fake.issue(ticket).fields.update(
        {
            own["budget"]: 40.0,
            own["satisfaction"]: {"value": "Europe", "child": {"value": "Denmark"}},
            own["affected"]: jira.fake.site.person(CLIENT).name,
            own["impact"]: [team, firm],
            own["reach"]: [{"name": "Client A"}, {"name": "Client B"}],
        }
    )
    fields = {**own, "priority": "Priority", "engagement": "project", "own": {"sort": "issuetype"}}
    found = fetched(tracker_with(jira, fields=fields), ticket)
    assert found.fields == {
        "budget": "40",
        "satisfaction": "Europe / Denmark",
        "affected": CLIENT,
        "impact": "Team, Firm",
        "reach": "Client A, Client B",
        "priority": "Medium",
        "engagement": "Operations",
        "sort": "Task",
    }


def test_every_field_that_is_not_there_is_named_with_its_key_of_the_mapping(jira: JiraHarness) -> None:
    for _ in range(2):
        jira.fake.add_field("Twin")
    fields = {"client": "Cleint", "severity": "Twin", "own": {"region": "nowhere at all"}}
    with pytest.raises(InvalidError) as refusal:
        poll(tracker_with(jira, fields=fields))
    assert refusal.value.fields == ("fields.client", "fields.severity", "fields.region")
    first, client, severity, region = str(refusal.value).splitlines()
    assert first == "the mapping names fields that this Jira does not have:"
    remedy = "write what your site calls it, or take the line out"
    assert client == f"  fields.client: Jira has no field 'Cleint'; did you mean 'Client'?; {remedy}"
    assert severity.startswith(
        "  fields.severity: 2 Jira fields are called 'Twin'; write the id, one of customfield_"
    )
    assert region == f"  fields.region: Jira has no field 'nowhere at all'; {remedy}"


@pytest.mark.parametrize(
    ("kind", "stored"), [("date", "2026-03-09"), ("datetime", "2026-03-09T23:59:00.000+0100")]
)
def test_the_due_date_may_live_in_a_field_of_the_teams_own(jira: JiraHarness, kind: str, stored: str) -> None:
    field = jira.fake.add_field("Planned", kind)
    ticket = jira.create("Late")
    taken = jira.fake.script(Reply(204), method="PUT", path="/issue/")
    tracker = tracker_with(jira, due_field="planned")
    tracker.edit(ticket, Edit(set_due=True, due=date(2026, 3, 9)))
    assert taken.met
    written = jira.fake.log[-1].body["fields"]
    assert written == {field: stored.replace("+0100", "+0000")}


def test_a_due_field_that_holds_no_date_is_refused(jira: JiraHarness) -> None:
    with pytest.raises(InvalidError, match="due_field"):
        poll(tracker_with(jira, due_field="Client"))


def test_a_due_date_that_the_account_may_not_set_refuses_the_whole_edit_and_names_it(jira: JiraHarness) -> None:
    ticket = jira.create("Late")
    jira.fake.deny("SCHEDULE_ISSUES")
    with pytest.raises(InvalidError) as refusal:
        connected(jira).edit(ticket, Edit(("esc:high",), set_due=True, due=date(2026, 3, 9)))
    assert refusal.value.fields == ("duedate",)
    assert jira.labels_of(ticket) == frozenset()


def test_a_label_with_a_space_is_refused_by_its_field(jira: JiraHarness) -> None:
    with pytest.raises(InvalidError) as refusal:
        connected(jira).edit(jira.create("Late"), Edit(("esc: high",)))
    assert refusal.value.fields == ("labels",)


# --- at the door ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "site"),
    [
        ({"url": "https://Agency.example/jira/"}, "agency.example/jira"),
        ({"url": "https://agency.atlassian.net", "email": "bot@agency.example"}, "agency.atlassian.net"),
        ({"url": "https://api.atlassian.com/ex/jira/0a1b", "email": "bot@agency.example"}, "agency.atlassian.net"),
        ({"url": "https://agency.example", "site": "the old one"}, "the old one"),
    ],
)
def test_a_site_keeps_its_id_whichever_way_it_is_reached(settings: dict[str, str], site: str) -> None:
    source = JiraSource.model_validate({"tracker": "jira", "name": "agency", "projects": ["OPS"], **settings})
    mapping = JiraMapping.model_validate({"status": {"open": ["Open"]}})
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for version, account in (("2", {"key": "bot"}), ("3", {"accountId": "5b1"})):
            mock.get(f"{source.url}/rest/api/{version}/myself", json=account)
            mock.get(
                f"{source.url}/rest/api/{version}/serverInfo", json={"baseUrl": "https://agency.atlassian.net"}
            )
        assert open_jira(source, mapping, "token").connect() == site


def test_cloud_and_data_center_are_told_apart_by_the_one_question_that_is_asked_anyway(jira: JiraHarness) -> None:
    connected(jira)
    assert sent(jira) == ["GET myself"]


WITH = "on Jira Cloud an API token goes with the address of its account: set `email`"
OWN = "`email` must be the address of the account that made the token"
ALONE = "on Data Center a personal access token goes alone: leave `email` out"


@pytest.mark.parametrize(
    ("kind", "deployment", "email", "hint"),
    [
        (CloudHarness, "cloud", None, f"; {WITH}"),
        (CloudHarness, "cloud", "x@y.z", f"; {OWN}"),
        (CloudHarness, None, "x@y.z", f"; {OWN}, on Data Center leave it out"),
        (DataCenterHarness, "data-center", "x@y.z", f"; {ALONE}"),
        (DataCenterHarness, "data-center", None, ""),
    ],
)
def test_wrong_credentials_come_with_the_likely_reason(
    tmp_path: Path, kind: type[JiraHarness], deployment: str | None, email: str | None, hint: str
) -> None:
    with kind(tmp_path) as harness, pytest.raises(CredentialsError) as refusal:
        open_jira(harness.source(email=email, deployment=deployment), harness.mapping(), "token").connect()
    version = 3 if deployment == "cloud" else 2
    assert str(refusal.value) == (
        "Jira does not accept the account or its token; make a new token "
        f"(GET /rest/api/{version}/myself: Jira answered 401){hint}"
    )


def test_an_address_where_no_jira_is_says_so(jira: JiraHarness) -> None:
    with pytest.raises(NotFoundError, match="context path"):
        jira.tracker(url=f"{jira.fake.url}/elsewhere").connect()


@pytest.mark.parametrize(
    ("url", "resource", "answer"),
    [
        ("https://agency.example", "2/myself", {"displayName": "nobody"}),
        ("https://api.atlassian.com/ex/jira/0a1b", "3/serverInfo", {"baseUrl": None}),
    ],
)
def test_a_jira_that_does_not_say_who_we_are_or_where_is_a_fault(
    url: str, resource: str, answer: dict[str, Any]
) -> None:
    source = JiraSource.model_validate({"tracker": "jira", "name": "agency", "projects": ["OPS"], "url": url})
    mapping = JiraMapping.model_validate({"status": {"open": ["Open"]}})
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(f"{url}/rest/api/3/myself", json={"accountId": "5b1"})
        mock.get(f"{url}/rest/api/{resource}", json=answer)
        with pytest.raises(ServerFaultError, match="does not"):
            open_jira(source, mapping, "token").connect()


# --- check ------------------------------------------------------------------------------------------------------


def test_check_names_everything_that_is_wrong_at_once(jira: JiraHarness) -> None:
    for permission in ("SCHEDULE_ISSUES", "ADD_COMMENTS"):
        jira.fake.deny(permission)
    given = {"open": ["Opne", "Open"], "waiting": ["Waiting for client"], "closed": ["Closed", "Resolved"]}
    tracker = tracker_with(jira, fields={"client": "Cleint"}, status=given)
    told = {f"{found.level}: {found.about}: {found.what}" for found in tracker.check()}
    for part in (
        "error: fields.client: Jira has no field 'Cleint'; did you mean 'Client'?",
        "warning: project OPS: the account may not write due dates",
        "warning: project OPS: status 'In Progress' is in no list of [status]",
        "warning: status: status.open: no project has a status 'Opne'; did you mean 'Open'?",
    ):
        assert any(line.startswith(part) for line in told)


def test_a_right_that_the_mode_needs_is_an_error(jira: JiraHarness) -> None:
    jira.fake.deny("ADD_COMMENTS")
    assert [found.what for found in connected(jira, mode="labels").check() if found.level == "error"] == []
    (missing,) = [found.what for found in connected(jira, mode="full").check() if found.level == "error"]
    assert "Add Comments" in missing


def test_check_tells_who_reads_along(desk: JiraHarness) -> None:
    told = [found.what for found in desk.tracker(readers="staff").check() if found.level == "warning"]
    assert any("service desk" in what for what in told)


def test_check_names_a_project_that_is_not_there(jira: JiraHarness) -> None:
    jira.create("Late")
    (error,) = [found for found in jira.tracker(projects=["OPS", "LAB"]).check() if found.level == "error"]
    assert error.about == "project LAB"


@pytest.mark.parametrize(
    ("resource", "answer", "told"),
    [
        ("project/OPS/statuses", 404, "not there, or not visible to the account"),
        ("mypermissions", 404, "not there, or not visible to the account"),
        ("project/OPS", 403, "the account may not do this"),
    ],
)
def test_check_says_which_question_about_a_project_was_refused(
    jira: JiraHarness, resource: str, answer: int, told: str
) -> None:
    jira.create("Late")
    jira.fake.script(Reply(answer), path=f"/{resource}$")
    version = 3 if jira.fake.cloud else 2
    tracker = jira.tracker(deployment="cloud" if jira.fake.cloud else "data-center")
    assert [(found.about, found.what) for found in tracker.check() if found.level == "error"] == [
        ("project OPS", f"GET /rest/api/{version}/{resource}: Jira answered {answer}: {told}")
    ]


def test_a_question_that_is_refused_ends_itself_alone(jira: JiraHarness) -> None:
    jira.create("Late")
    jira.fake.script(Reply(403), path="/field$")
    told = [found for found in jira.tracker().check() if found.level == "error"]
    assert [found.about for found in told] == ["fields"]


def test_basic_authentication_on_data_center_is_doubtful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DataCenterHarness(tmp_path) as harness:
        harness.create("Late")
        source = harness.source(email="bot@agency.example", deployment="data-center")
        monkeypatch.setattr(harness.fake, "signed_in", lambda _: True)
        told = list(open_jira(source, harness.mapping(), "token").check())
        assert ("warning", "token") in {(found.level, found.about) for found in told}
