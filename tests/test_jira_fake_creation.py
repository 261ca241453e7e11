"""What the Jira fakes say of accounts, watchers and new issues is as the vendors document it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from fakes import vendor_specs
from fakes.jira_cloud import JiraCloud
from fakes.jira_dc import JiraDC
from jira_client import Client, adf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.jira_create import CreateResources

NOON = datetime(2026, 3, 2, 12, 0, 30, 250_000, tzinfo=UTC)


@pytest.fixture(params=["cloud", "data center"])
def fake(request: pytest.FixtureRequest, corpus: Path) -> Iterator[CreateResources]:
    kinds = {
        "cloud": (JiraCloud, vendor_specs.jira_cloud(corpus)),
        "data center": (JiraDC, vendor_specs.jira_dc(corpus)),
    }
    kind, spec = kinds[request.param]
    with kind(check=spec.check, now=NOON) as jira:
        yield jira


@pytest.fixture
def client(fake: CreateResources) -> Iterator[Client]:
    with Client(fake, "3" if fake.cloud else "2") as session:
        if isinstance(fake, JiraCloud):
            session.auth = (fake.email, fake.token)
        else:
            session.headers["Authorization"] = "Bearer dc-token"
        yield session


def text(fake: CreateResources, words: str) -> Any:  # noqa: ANN401 - a document or a string
    return adf(words) if fake.cloud else words


def test_an_account_is_found_by_its_own_key_alone_and_tells_whether_it_is_active(
    fake: CreateResources, client: Client
) -> None:
    person = fake.add_person("Delivery lead", key="JIRAUSER10100")
    right: dict[str, Any] = {"accountId": person.account} if fake.cloud else {"key": "JIRAUSER10100"}
    wrong: dict[str, Any] = {"accountId": person.name} if fake.cloud else {"key": person.name}
    assert client.json("GET user", **right)["active"] is True
    fake.deactivate("Delivery lead")
    assert client.json("GET user", **right)["active"] is False
    client.json("GET user", status=404, **wrong)
    client.json("GET user", status=400)


def test_a_watcher_is_one_string_and_watches_once(fake: CreateResources, client: Client) -> None:
    issue = fake.create_issue("OPS")
    person = fake.add_person("Delivery lead", key="JIRAUSER10100")
    name = person.account if fake.cloud else person.name
    for _ in range(2):
        client.json(f"POST issue/{issue.id}/watchers", name, status=204)
    shown = client.json(f"GET issue/{issue.id}/watchers")
    assert (shown["watchCount"], [one["displayName"] for one in shown["watchers"]]) == (1, ["Delivery lead"])
    client.json(f"POST issue/{issue.id}/watchers", {"name": name}, status=400)
    client.json(f"POST issue/{issue.id}/watchers", "nobody", status=404)
    fake.deny("MANAGE_WATCHERS")
    client.json(f"POST issue/{issue.id}/watchers", name, status=403 if fake.cloud else 401)


def test_one_post_makes_a_linked_issue_with_properties_and_history_on_both(
    fake: CreateResources, client: Client
) -> None:
    issue = fake.create_issue("OPS")
    body = {
        "fields": {
            "project": {"key": "OPS"},
            "issuetype": {"id": "10002"},
            "summary": "Verify",
            "description": text(fake, "With the client."),
            "labels": ["b", "a"],
            "duedate": "2026-03-09",
        },
        "update": {"issuelinks": [{"add": {"type": {"name": "Relates"}, "outwardIssue": {"key": issue.key}}}]},
        "properties": [{"key": "makegood", "value": {"of": issue.id}}],
    }
    made = client.json("POST issue", body, status=201)
    new = client.json(f"GET issue/{made['id']}", properties="*all", expand="changelog")
    assert (new["key"], new["fields"]["labels"], new["fields"]["duedate"]) == ("OPS-2", ["a", "b"], "2026-03-09")
    assert new["properties"] == {"makegood": {"of": issue.id}}
    assert [link["outwardIssue"]["id"] for link in new["fields"]["issuelinks"]] == [issue.id]
    old = client.json(f"GET issue/{issue.id}", expand="changelog")
    assert [link["inwardIssue"]["id"] for link in old["fields"]["issuelinks"]] == [made["id"]]
    assert [log["histories"][0]["items"][0]["field"] for log in (new["changelog"], old["changelog"])] == [
        "Link"
    ] * 2


def test_a_subtask_and_its_parent_show_one_another(fake: CreateResources, client: Client) -> None:
    issue = fake.create_issue("OPS")
    fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Sub-task"}, "summary": "Verify"}
    made = client.json("POST issue", {"fields": fields | {"parent": {"id": issue.id}}}, status=201)
    fake.transition("project lead", made["id"], "Resolved")
    (below,) = client.json(f"GET issue/{issue.id}")["fields"]["subtasks"]
    assert (below["id"], below["fields"]["status"]["name"]) == (made["id"], "Resolved")
    assert client.json(f"GET issue/{made['id']}")["fields"]["parent"]["id"] == issue.id
    client.json("POST issue", {"fields": fields | {"parent": {"id": made["id"]}}}, status=400)


@pytest.mark.parametrize(
    ("changes", "bad"),
    [
        ({"summary": None}, "summary"),
        ({"issuetype": {"name": "Epic"}}, "issuetype"),
        ({"issuetype": {"name": "Sub-task"}}, "parent"),
        ({"project": {"key": "NONE"}}, "project"),
        ({"labels": ["two words"]}, "labels"),
        ({"environment": "x"}, "environment"),
        ({"assignee": {"name": "nobody"}}, "assignee"),
    ],
)
def test_a_fault_is_named_and_nothing_is_created(
    fake: CreateResources, client: Client, changes: dict[str, Any], bad: str
) -> None:
    fake.create_issue("OPS")
    fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Verify"} | changes
    assert list(client.json("POST issue", {"fields": fields}, status=400)["errors"]) == [bad]
    assert len(fake.site.issues) == 1


def test_the_screen_to_create_an_issue_says_what_it_takes(fake: CreateResources, client: Client) -> None:
    fake.create_issue("OPS")
    name = "fields" if fake.cloud else "values"
    fake.screen_lacks, fake.screen_demands = {"duedate"}, {"priority"}
    fields = {one["fieldId"]: one for one in client.json("GET issue/createmeta/OPS/issuetypes/10003")[name]}
    assert fields.keys() >= {"summary", "labels", "parent", "issuelinks"}
    assert "duedate" not in fields
    assert {number for number, one in fields.items() if one["required"] and not one["hasDefaultValue"]} == {
        "summary",
        "issuetype",
        "project",
        "parent",
        "priority",
    }
    types = client.json("GET issue/createmeta/OPS/issuetypes")["issueTypes" if fake.cloud else "values"]
    assert [one["name"] for one in types if one["subtask"]] == ["Sub-task"]
    assert [one["name"] for one in client.json("GET issueLinkType")["issueLinkTypes"]] == ["Blocks", "Relates"]
    client.json("GET issue/createmeta/NONE/issuetypes", status=400)
