"""The fake of Jira Cloud does what the vendor's document and what is known of real sites say."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from fakes import vendor_specs
from fakes.jira_cloud import JiraCloud
from fakes.server import Exchange, Request
from jira_client import Client, adf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = datetime(2026, 3, 2, 12, 0, 30, 250_000, tzinfo=UTC)
BERLIN_NOON = "2026-03-02T13:00:30.250+0100"


@pytest.fixture
def fake(corpus: Path) -> Iterator[JiraCloud]:
    with JiraCloud(check=vendor_specs.jira_cloud(corpus).check, now=NOON) as cloud:
        yield cloud


@pytest.fixture
def client(fake: JiraCloud) -> Iterator[Client]:
    with Client(fake, "3") as session:
        session.auth = (fake.email, fake.token)
        yield session


def ids(page: dict[str, Any]) -> list[str]:
    return [issue["id"] for issue in page["issues"]]


# --- what the documents say ----------------------------------------------------------------------------------


def test_the_check_against_the_document_finds_what_is_wrong(corpus: Path, fake: JiraCloud, client: Client) -> None:
    issue = fake.create_issue()
    client.json(f"GET issue/{issue.id}")
    right = fake.exchanges[-1]
    check = vendor_specs.jira_cloud(corpus).check
    shown = right.json

    def answered(**changes: object) -> Exchange:
        return right._replace(payload=json.dumps(shown | changes).encode())

    check(right)
    for wrong, said in [
        (answered(id=7), "7 is not of type 'string'"),
        (answered(colour="red"), "'colour' was unexpected"),
        (answered(fields=shown["fields"] | {"description": "plain"}), "description: 'plain' is not valid"),
        (right._replace(payload=b""), "the answer is empty"),
        (right._replace(status=206), "status 206 is not among"),
        (right._replace(request=right.request._replace(query={"fileds": ["x"]})), "fileds is not in the document"),
        (right._replace(request=right.request._replace(path="/rest/api/3/isue")), "no such operation"),
    ]:
        with pytest.raises(vendor_specs.SpecViolationError, match=said):
            check(wrong)
    sent = Request("POST", "/rest/api/3/issue/bulkfetch", {}, {}, {"issueIdsOrKeys": "1"})
    with pytest.raises(vendor_specs.SpecViolationError, match="sent issueIdsOrKeys"):
        check(Exchange(sent, 200, b'{"issues":[]}'))


def test_the_site_tells_of_itself_and_its_stock(fake: JiraCloud, client: Client) -> None:
    fake.add_project("OPS", "Operations")
    fake.add_project("HELP", "Help desk", "service_desk")
    field = fake.add_field("Client", "option", ["Client A", "Client B"])
    issue = fake.create_issue("OPS")

    info = client.json("GET serverInfo")
    assert (info["deploymentType"], info["serverTime"]) == ("Cloud", BERLIN_NOON)
    assert client.json("GET myself")["timeZone"] == "America/New_York"
    assert {"High", "Lowest"} <= {priority["name"] for priority in client.json("GET priority")}
    assert {one["statusCategory"]["key"] for one in client.json("GET status")} == {"new", "indeterminate", "done"}
    fields = {one["id"]: one for one in client.json("GET field")}
    assert fields[field]["clauseNames"] == [f"cf[{field.removeprefix('customfield_')}]", "Client"]
    page = client.json("GET project/search", maxResults=1)
    assert (page["isLast"], page["total"], page["values"][0]["projectTypeKey"]) == (False, 2, "service_desk")
    assert client.json("GET project/OPS")["name"] == "Operations"
    kinds = client.json("GET project/OPS/statuses")
    assert {status["name"] for kind in kinds for status in kind["statuses"]} >= {"Open", "Resolved", "Closed"}
    assert client.call("GET project/NONE/statuses").status_code == 404
    edit = client.json(f"GET issue/{issue.key}/editmeta")["fields"]
    assert [option["value"] for option in edit[field]["allowedValues"]] == ["Client A", "Client B"]
    assert "status" not in edit
    client.json("GET mypermissions", status=400)
    held = client.json("GET mypermissions", permissions="ADD_COMMENTS,ADMINISTER")["permissions"]
    assert [held[key]["havePermission"] for key in ("ADD_COMMENTS", "ADMINISTER")] == [True, False]
    assert client.call("GET nonsense").status_code == 404
    assert client.call("DELETE issue/OPS-1").status_code == 405


# --- credentials and permissions -----------------------------------------------------------------------------


def test_an_expired_token_is_200_and_empty_on_search_and_401_on_myself_alone(
    fake: JiraCloud, client: Client
) -> None:
    issue = fake.create_issue("OPS")
    fake.token = "another"

    search = client.call("GET search/jql", jql="project = OPS")
    assert (search.status_code, search.json()) == (200, {"issues": [], "isLast": True})
    assert search.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"
    myself = client.call("GET myself")
    assert (myself.status_code, myself.headers["X-Seraph-LoginReason"]) == (401, "AUTHENTICATED_FAILED")
    assert client.call(f"GET issue/{issue.id}").status_code == 404
    assert client.call("GET serverInfo").status_code == 200


def test_a_project_that_may_not_be_browsed_is_as_if_it_did_not_exist(fake: JiraCloud, client: Client) -> None:
    hidden, seen = fake.create_issue("SECRET"), fake.create_issue("OPS")
    fake.deny("BROWSE_PROJECTS", "SECRET")

    assert ids(client.json("GET search/jql", jql='created >= "2026-01-01"')) == [seen.id]
    client.json("GET search/jql", jql="project = SECRET", status=400)
    client.json(f"GET issue/{hidden.id}", status=404)
    assert ids(client.json("POST issue/bulkfetch", {"issueIdsOrKeys": [hidden.key, seen.key]})) == [seen.id]


def test_a_missing_permission_is_400_for_a_comment_and_names_the_field_of_an_edit(
    fake: JiraCloud, client: Client
) -> None:
    issue = fake.create_issue("OPS")
    fake.deny("ADD_COMMENTS", "OPS")
    fake.deny("SCHEDULE_ISSUES", "OPS")

    client.json(f"POST issue/{issue.id}/comment", {"body": adf("hello")}, status=400)
    refused = client.json(
        f"PUT issue/{issue.id}", {"fields": {"duedate": "2026-04-01", "summary": "x"}}, status=400
    )
    assert list(refused["errors"]) == ["duedate"]
    assert issue.fields["summary"] == "Something is wrong"


def test_a_silent_edit_without_administration_is_refused_whole(fake: JiraCloud, client: Client) -> None:
    issue = fake.create_issue("OPS")
    body = {"fields": {"duedate": "2026-04-01"}}

    client.json(f"PUT issue/{issue.id}", body, notifyUsers="false", status=403)
    assert issue.fields.get("duedate") is None
    fake.allow("ADMINISTER_PROJECTS")
    client.json(f"PUT issue/{issue.id}", body, notifyUsers="false", status=204)
    assert issue.fields["duedate"] == "2026-04-01"


# --- search --------------------------------------------------------------------------------------------------


def test_search_gives_ids_alone_unless_it_is_asked_for_more(fake: JiraCloud, client: Client) -> None:
    issue = fake.create_issue("OPS", "No answer for a week", labels=["vip"])
    field = fake.add_field("Client")

    assert client.json("GET search/jql", jql="project = OPS")["issues"] == [{"id": issue.id}]
    body = {"jql": "project = OPS", "fields": ["summary,labels", field], "properties": ["makegood"]}
    (found,) = client.json("POST search/jql", body)["issues"]
    assert found["fields"] == {"summary": "No answer for a week", "labels": ["vip"], field: None}
    assert (found["key"], found["properties"]) == ("OPS-1", {})
    (found,) = client.json("GET search/jql", jql="project = OPS", fields="*all,-comment")["issues"]
    assert found["fields"]["updated"] == BERLIN_NOON
    assert found["fields"]["duedate"] is None
    assert "comment" not in found["fields"]


@pytest.mark.parametrize(
    "body",
    [
        {"jql": "order by key"},
        {"jql": "project = NOWHERE"},
        {"jql": "project = OPS AND (key = OPS-1"},
        {"jql": 'updated >= "2026-03-02 12:00:30"'},
        {"jql": "key in (OPS-1, OPS-99)"},
        {"jql": "project = OPS", "properties": list("abcdef")},
        {"jql": "project = OPS", "reconcileIssues": list(range(51))},
        {"jql": "project = OPS", "fields": "summary"},
        {"jql": "project = OPS", "nextPageToken": "made-up"},
        {"jql": "project = OPS", "startAt": 10},
    ],
    ids=str,
)
def test_a_search_that_jira_does_not_take_is_refused(
    fake: JiraCloud, client: Client, body: dict[str, Any]
) -> None:
    fake.create_issue("OPS")
    assert client.json("POST search/jql", body, status=400)["errorMessages"]


def test_the_old_search_is_gone(client: Client) -> None:
    assert client.call("GET search", jql="project = OPS").status_code == 410


def test_jql_dates_are_minutes_in_the_callers_zone(fake: JiraCloud, client: Client) -> None:
    early = fake.create_issue("OPS")
    fake.now = datetime(2026, 3, 2, 12, 1, 0, tzinfo=UTC)
    late = fake.create_issue("OPS")

    def found(clause: str) -> list[str]:
        return ids(client.json("GET search/jql", jql=f"{clause} ORDER BY updated ASC"))

    assert found('updated >= "2026-03-02 07:01"') == [late.id]
    assert found('updated >= "2026-03-02 07:00"') == [early.id, late.id]
    assert found('updated < "2026-03-02 07:01" AND project in (OPS)') == [early.id]
    assert found('updated >= "2026-03-02 12:00"') == []
    fake.add_person("makegood", zone="Asia/Tokyo")
    fake.caller = fake.site.people["makegood"]
    assert found('updated >= "2026/03/02 21:01"') == [late.id]


def test_jql_knows_projects_ids_keys_and_status_categories(fake: JiraCloud, client: Client) -> None:
    one, two, other = fake.create_issue("OPS"), fake.create_issue("OPS"), fake.create_issue("HELP")
    fake.transition("project lead", two, "Resolved")

    def found(jql: str) -> list[str]:
        return ids(client.json("GET search/jql", jql=jql))

    assert found("project = ops AND statusCategory != Done") == [one.id]
    assert found("statusCategory in ('Done')") == [two.id]
    assert found(f"id in ({one.id}, {other.id}) order by key") == [other.id, one.id]
    assert found("key = OPS-2") == [two.id]
    assert found("(project = OPS OR project = HELP) AND NOT (key = OPS-2 OR key = OPS-1)") == [other.id]
    fake.edit_as("project lead", one, labels=["client"])
    fake.edit_as("project lead", two, labels=["client", "demo"])
    assert found("labels in (client, nothing) AND labels != demo") == [one.id]
    assert found("labels not in (client)") == []
    assert found("project not in (HELP) ORDER BY key DESC, updated") == [two.id, one.id]


def test_pages_may_be_short_or_empty_and_only_the_last_has_no_token(fake: JiraCloud, client: Client) -> None:
    every = [fake.create_issue("OPS").id for _ in range(230)]
    fake.short_pages = [3, 0]
    query: dict[str, Any] = {"jql": "project = OPS ORDER BY key ASC", "fields": "summary", "maxResults": 5000}
    sizes, seen = [], []
    while True:
        page = client.json("GET search/jql", **query)
        sizes.append(len(page["issues"]))
        seen += ids(page)
        assert page["isLast"] is ("nextPageToken" not in page)
        if page["isLast"]:
            break
        query["nextPageToken"] = page["nextPageToken"]

    assert (sizes, seen) == ([3, 0, 100, 100, 27], every)
    light = client.json("GET search/jql", jql="project = OPS", fields="key", maxResults=5000)
    assert len(light["issues"]) == 230
    fake.advance(8 * 86_400)
    client.json("GET search/jql", **query, status=400)


def test_search_lags_but_an_issue_by_id_does_not(fake: JiraCloud, client: Client) -> None:
    issue = fake.create_issue("OPS", "before")
    fake.index_lag = 30

    def searched(**more: str) -> str:
        (found,) = client.json("GET search/jql", jql="project = OPS", fields="summary", status=200, **more)[
            "issues"
        ]
        return str(found["fields"]["summary"])

    fake.edit_as("project lead", issue, summary="after")
    assert client.json(f"GET issue/{issue.id}")["fields"]["summary"] == "after"
    assert (searched(), searched(reconcileIssues=issue.id)) == ("before", "after")
    fake.advance(30)
    assert searched() == "after"
    fake.index_lag = math.inf
    fake.edit_as("project lead", issue, summary="last")
    new = fake.create_issue("OPS")
    fake.advance(1_000_000)
    assert searched() == "after"
    fake.reindex()
    assert set(ids(client.json("GET search/jql", jql="project = OPS"))) == {issue.id, new.id}


def test_inline_history_and_comments_are_capped_and_the_rest_comes_in_bulk(
    fake: JiraCloud, client: Client
) -> None:
    issue = fake.create_issue("OPS")
    other = fake.create_issue("OPS")
    for number in range(45):
        fake.advance(60)
        fake.edit_as("project lead", issue, labels=[f"n{number}"])
        fake.comment_as("client contact", issue, f"comment {number}")
    fake.edit_as("project lead", other, duedate="2026-04-01")

    query: dict[str, Any] = {"jql": "project = OPS ORDER BY key ASC", "fields": "comment", "expand": "changelog"}
    found = client.json("GET search/jql", **query)["issues"][0]
    log, comments = found["changelog"], found["fields"]["comment"]
    assert (len(log["histories"]), log["total"]) == (40, 45)
    assert log["histories"][0]["items"][0]["toString"] == "n44"
    assert (len(comments["comments"]), comments["total"]) == (20, 45)
    assert comments["comments"][-1]["body"] == adf("comment 44")
    body: dict[str, Any] = {"issueIdsOrKeys": ["OPS-1"], "fields": ["comment"], "expand": ["changelog"]}
    (bulk,) = client.json("POST issue/bulkfetch", body)["issues"]
    assert len(bulk["changelog"]["histories"]) == 40

    body = {"issueIdsOrKeys": [other.id, issue.key], "maxResults": 40}
    first = client.json("POST changelog/bulkfetch", body)
    rest = client.json("POST changelog/bulkfetch", body | {"nextPageToken": first["nextPageToken"]})
    assert [len(one["changeHistories"]) for one in first["issueChangeLogs"]] == [40]
    assert [one["issueId"] for one in rest["issueChangeLogs"]] == [issue.id, other.id]
    assert "nextPageToken" not in rest
    oldest = first["issueChangeLogs"][0]["changeHistories"][0]
    assert oldest["created"] == round(NOON.timestamp() * 1000) + 60_000
    body = {"issueIdsOrKeys": [other.id, issue.id], "fieldIds": ["duedate"]}
    assert [one["issueId"] for one in client.json("POST changelog/bulkfetch", body)["issueChangeLogs"]] == [
        other.id
    ]
    page = client.json(f"GET issue/{issue.id}/changelog", startAt=40, maxResults=10)
    assert (len(page["values"]), page["isLast"], page["total"]) == (5, True, 45)
    page = client.json(f"GET issue/{issue.id}/comment", startAt=1, maxResults=2, orderBy="-created")
    assert [one["body"] for one in page["comments"]] == [adf("comment 43"), adf("comment 42")]


def test_bulk_reads_keep_to_their_limits(fake: JiraCloud, client: Client) -> None:
    fake.create_issue("OPS")
    client.json("POST issue/bulkfetch", {"issueIdsOrKeys": ["OPS-1"] * 101}, status=400)
    client.json("POST changelog/bulkfetch", {"issueIdsOrKeys": ["OPS-1"] * 1001}, status=400)
    client.json("POST issue/bulkfetch", {"issueIdsOrKeys": []}, status=400)


# --- edits ---------------------------------------------------------------------------------------------------


def test_one_put_writes_fields_labels_and_properties_with_one_entry_of_history(
    fake: JiraCloud, client: Client
) -> None:
    issue = fake.create_issue("OPS", labels=["vip"], duedate="2026-03-09")
    fake.advance(90)
    body = {
        "fields": {"duedate": "2026-03-10", "priority": {"id": "1"}},
        "update": {"labels": [{"add": "esc:high"}, {"remove": "vip"}]},
        "properties": [{"key": "makegood", "value": {"first-response": ["10001", 2]}}],
    }
    assert client.call(f"PUT issue/{issue.id}", body).status_code == 204

    shown = client.json(f"GET issue/{issue.id}", expand="changelog", properties="makegood")
    assert shown["fields"]["labels"] == ["esc:high"]
    assert shown["fields"]["updated"] == "2026-03-02T13:02:00.250+0100"
    assert shown["properties"] == {"makegood": {"first-response": ["10001", 2]}}
    (history,) = shown["changelog"]["histories"]
    assert history["author"]["accountId"] == fake.caller.account
    assert {item["fieldId"]: (item["fromString"], item["toString"]) for item in history["items"]} == {
        "duedate": ("2026-03-09 00:00:00.0", "2026-03-10 00:00:00.0"),
        "priority": ("Medium", "Highest"),
        "labels": ("vip", "esc:high"),
    }


def test_an_edit_that_changes_nothing_leaves_no_trace(fake: JiraCloud, client: Client) -> None:
    issue = fake.create_issue("OPS", labels=["vip"])
    fake.advance(90)
    client.json(f"PUT issue/{issue.id}", {"update": {"labels": [{"add": "vip"}]}}, status=204)
    assert (issue.changes, issue.updated) == ([], issue.created)


def test_an_edit_with_a_fault_names_each_bad_field_and_writes_nothing(fake: JiraCloud, client: Client) -> None:
    issue = fake.create_issue("OPS")
    body: dict[str, Any] = {
        "fields": {
            "summary": "good",
            "duedate": "10.03.2026",
            "priority": {"id": "77"},
            "status": {"id": "5"},
            "description": "plain text",
            "environment": adf("x" * 32_768),
            "customfield_99": 1,
        },
        "update": {"labels": [{"add": "two words"}]},
        "properties": [{"key": "makegood", "value": 1}],
    }
    refused = client.json(f"PUT issue/{issue.id}", body, status=400)
    assert set(refused["errors"]) == {*body["fields"], "labels"} - {"summary"}
    assert (issue.fields["summary"], issue.properties, issue.changes) == ("Something is wrong", {}, [])

    both = {"fields": {"labels": ["a"]}, "update": {"labels": [{"add": "b"}]}}
    assert set(client.json(f"PUT issue/{issue.id}", both, status=400)["errors"]) == {"labels"}
    long = {"fields": {"labels": ["x" * 256]}}
    assert set(client.json(f"PUT issue/{issue.id}", long, status=400)["errors"]) == {"labels"}
    assert client.call(f"PUT issue/{issue.id}", {}).status_code == 400
    assert client.put(client.base + f"issue/{issue.id}", data="{}", timeout=5).status_code == 415


def test_an_edit_may_return_the_issue(fake: JiraCloud, client: Client) -> None:
    fake.create_issue("OPS")
    shown = client.json("PUT issue/ops-1", {"fields": {"duedate": None, "summary": "new"}}, returnIssue="true")
    assert shown["fields"]["summary"] == "new"


def test_custom_fields_take_the_values_of_their_type(fake: JiraCloud, client: Client) -> None:
    issue = fake.create_issue("OPS")
    client_name = fake.add_field("Client", "option", ["Client A", "Client B"])
    budget, names = fake.add_field("Budget", "number"), fake.add_field("Skills", "array", ["Design", "Law"])
    body = {"fields": {client_name: {"value": "Client B"}, budget: 12.5, names: [{"value": "Law"}]}}
    client.json(f"PUT issue/{issue.id}", body, status=204)
    shown = client.json(f"GET issue/{issue.id}")["fields"]
    assert (shown[client_name]["value"], shown[budget], shown[names][0]["value"]) == ("Client B", 12.5, "Law")
    wrong = {"fields": {client_name: "Client B", budget: "12", names: {"value": "Law"}}}
    assert len(client.json(f"PUT issue/{issue.id}", wrong, status=400)["errors"]) == 3


def test_texts_of_refusals_follow_the_language_of_the_site(fake: JiraCloud, client: Client) -> None:
    issue = fake.create_issue("OPS")
    fake.language = "de"
    refused = client.json(f"PUT issue/{issue.id}", {"fields": {"labels": ["zwei Wörter"]}}, status=400)
    assert refused["errors"] == {
        "labels": "Das Stichwort 'zwei Wörter' enthält Leerzeichen und ist daher ungültig."
    }


def test_writes_to_one_issue_are_limited_by_the_fakes_clock(fake: JiraCloud, client: Client) -> None:
    issue, other = fake.create_issue("OPS"), fake.create_issue("OPS")

    def write(which: str) -> int:
        return client.call(f"PUT issue/{which}/properties/a", 1).status_code

    assert {write(issue.id) for _ in range(20)} == {201, 200}
    refused = client.call("PUT issue/OPS-1", {"fields": {"summary": "x"}})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
    assert refused.headers["RateLimit-Reason"] == "jira-per-issue-on-write"
    assert (issue.fields["summary"], write(other.id)) == ("Something is wrong", 201)
    for _ in range(4):
        fake.advance(2)
        assert {write(issue.id) for _ in range(20)} == {200}
    fake.advance(2)
    assert client.call("PUT issue/OPS-1", {"fields": {"summary": "x"}}).headers["Retry-After"] == "20"
    fake.advance(20)
    assert write(issue.id) == 200


def test_calls_to_an_endpoint_can_be_limited_by_the_second() -> None:
    with JiraCloud(now=NOON, burst=True) as fake, Client(fake, "3") as client:
        assert {client.call("GET serverInfo").status_code for _ in range(100)} == {200}
        refused = client.call("GET serverInfo")
        assert (refused.status_code, refused.headers["RateLimit-Reason"]) == (429, "jira-burst-based")
        assert client.call("GET field").status_code == 200
        fake.advance(1)
        assert client.call("GET serverInfo").status_code == 200


def test_a_moved_issue_keeps_its_id_and_answers_to_its_old_key(fake: JiraCloud, client: Client) -> None:
    issue = fake.create_issue("OPS")
    fake.move("project lead", issue, "HELP")
    shown = client.json("GET issue/OPS-1", expand="changelog")
    assert (shown["id"], shown["key"], shown["fields"]["project"]["key"]) == (issue.id, "HELP-1", "HELP")
    assert [item["field"] for item in shown["changelog"]["histories"][0]["items"]] == ["Project", "Key"]
    fake.delete(issue)
    client.json("GET issue/HELP-1", status=404)
    assert client.json("GET search/jql", jql="project = HELP")["issues"] == []


def test_a_transition_sets_resolution_and_its_date_and_takes_them_off(fake: JiraCloud, client: Client) -> None:
    issue = fake.create_issue("OPS", assignee="project lead")
    fake.transition("project lead", issue, "Resolved")
    fields = client.json(f"GET issue/{issue.id}")["fields"]
    assert (fields["resolution"]["name"], fields["resolutiondate"]) == ("Done", BERLIN_NOON)
    fake.transition("client contact", issue, "Reopened")
    fake.edit_as("project lead", issue, assignee=None)
    shown = client.json(f"GET issue/{issue.id}", expand="changelog")
    assert shown["fields"]["resolution"] is shown["fields"]["resolutiondate"] is None
    newest = [item["fieldId"] for history in shown["changelog"]["histories"] for item in history["items"]]
    assert newest == ["assignee", "status", "resolution", "status", "resolution"]
    assert shown["changelog"]["histories"][0]["items"][0]["from"] == "712020:project.lead"


# --- comments and properties ---------------------------------------------------------------------------------


def test_a_comment_carries_its_properties_unseen_and_bumps_the_issue(fake: JiraCloud, client: Client) -> None:
    issue = fake.create_issue("OPS")
    fake.advance(60)
    body = {"body": adf("We will be late."), "properties": [{"key": "makegood", "value": {"id": "k7f3q2"}}]}
    comment = client.json(f"POST issue/{issue.id}/comment", body, status=201)

    assert "properties" not in comment
    assert comment["author"]["accountId"] == fake.caller.account
    page = client.json(f"GET issue/{issue.id}/comment", expand="properties")
    assert page["comments"][0]["properties"] == body["properties"]
    assert client.json(f"GET comment/{comment['id']}/properties/makegood")["value"] == {"id": "k7f3q2"}
    assert client.json(f"GET issue/{issue.id}/comment/{comment['id']}")["body"] == body["body"]
    shown = client.json(f"GET issue/{issue.id}", expand="changelog")
    assert (shown["fields"]["updated"], shown["changelog"]["total"]) == ("2026-03-02T13:01:30.250+0100", 0)
    assert client.call(f"GET comment/{comment['id']}/properties/other").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        "plain text",
        {"type": "doc", "version": 1, "content": []},
        {"type": "doc", "version": 2, "content": adf("x")["content"]},
        {"type": "doc", "version": 1, "content": [{"type": "text", "text": "no paragraph"}]},
        {
            "type": "doc",
            "version": 1,
            "content": [{"type": "paragraph", "content": [{"type": "text", "text": ""}]}],
        },
        {"type": "doc", "version": 1, "content": [{"type": "bulletList", "content": [adf("x")["content"][0]]}]},
        {"type": "doc", "version": 1, "content": [{"type": "panel", "content": adf("x")["content"]}]},
        adf("x" * 32_768),
        None,
    ],
    ids=lambda body: str(body)[:90],
)
def test_a_comment_that_is_no_document_is_refused(fake: JiraCloud, client: Client, body: object) -> None:
    issue = fake.create_issue("OPS")
    assert set(client.json(f"POST issue/{issue.id}/comment", {"body": body}, status=400)["errors"]) == {"comment"}
    assert issue.comments == []


def test_version_2_takes_and_gives_plain_text(fake: JiraCloud, client: Client) -> None:
    issue = fake.create_issue("OPS")
    with Client(fake, "2") as old:
        old.auth = client.auth
        assert (
            old.json(f"POST issue/{issue.id}/comment", {"body": "one\n\ntwo"}, status=201)["body"] == "one\n\ntwo"
        )
        client.json(f"POST issue/{issue.id}/comment", {"body": adf("three")}, status=201)
        assert [one["body"] for one in old.json(f"GET issue/{issue.id}/comment")["comments"]] == [
            "one\n\ntwo",
            "three",
        ]


def test_on_a_service_desk_only_the_property_hides_a_comment_from_customers(
    fake: JiraCloud, client: Client
) -> None:
    fake.add_project("HELP", kind="service_desk")
    fake.add_person("client contact", customer=True)
    issue = fake.create_issue("HELP", by="client contact")
    assert client.json(f"GET issue/{issue.id}")["fields"]["reporter"]["accountType"] == "customer"
    mark = {"key": "sd.public.comment", "value": {"internal": True}}

    def post(text: str, **more: object) -> bool:
        shown = client.json(f"POST issue/{issue.id}/comment", {"body": adf(text)} | more, status=201)
        return bool(shown["jsdPublic"])

    assert post("to all") is True
    assert post("to a role", visibility={"type": "role", "value": "Administrators"}) is True
    assert post("to staff", properties=[mark]) is False
    fake.comment_as("service desk", issue, "a note", internal=True)
    assert fake.customers_see(issue) == ["to all", "to a role"]
    client.json(
        f"POST issue/{issue.id}/comment",
        {"body": adf("x"), "visibility": {"type": "role", "value": "Nobody"}},
        status=400,
    )


def test_entity_properties_leave_history_and_updated_alone(fake: JiraCloud, client: Client) -> None:
    issue = fake.create_issue("OPS")
    fake.advance(60)
    address = f"issue/{issue.id}/properties/makegood.ledger"
    client.json(f"GET {address}", status=404)
    assert client.call(f"PUT {address}", {"a": 1}).status_code == 201
    assert client.call(f"PUT {address}", {"a": 2}).status_code == 200
    assert client.json(f"GET {address}") == {"key": "makegood.ledger", "value": {"a": 2}}
    assert [one["key"] for one in client.json(f"GET issue/{issue.id}/properties")["keys"]] == ["makegood.ledger"]
    assert (issue.updated, issue.changes) == (issue.created, [])
    client.json(f"PUT {address}", "x" * 32_767, status=400)
    assert client.call(f"DELETE {address}").status_code == 204
    assert client.call(f"DELETE {address}").status_code == 404


# --- real issues ---------------------------------------------------------------------------------------------


def test_real_issues_are_served_whole(corpus: Path, fake: JiraCloud, client: Client) -> None:
    exported = [json.loads(line) for line in (corpus / "data/jira-issues.jsonl").read_text("utf-8").splitlines()]
    for one in exported:
        fake.load(one)

    query: dict[str, Any] = {"jql": 'created >= "2000-01-01" ORDER BY key ASC', "fields": ["*all"]}
    query |= {"expand": "changelog", "maxResults": 100}
    served: dict[str, Any] = {}
    while True:
        page = client.json("POST search/jql", query)
        served |= {issue["id"]: issue for issue in page["issues"]}
        if page["isLast"]:
            break
        query["nextPageToken"] = page["nextPageToken"]

    assert len(served) == 400
    for one in exported:
        fields, shown = one["fields"], served[one["id"]]["fields"]
        assert instant(shown["updated"]) == instant(fields["updated"])
        assert shown["duedate"] == fields.get("duedate")
        assert shown["status"]["name"] == fields["status"]["name"]
        assert shown["comment"]["total"] == fields["comment"]["total"]
        theirs = [history["id"] for history in one["changelog"]["histories"]]
        assert {history["id"] for history in served[one["id"]]["changelog"]["histories"]} == set(theirs)


def instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
