"""The fake of Jira Data Center, where it differs from Cloud; and both as processes of their own."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from fakes import vendor_specs
from fakes.jira_dc import JiraDC
from jira import JIRA
from jira_client import Client, adf

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 3, 2, 12, 0, 30, 250_000, tzinfo=UTC)


@pytest.fixture
def fake(corpus: Path) -> Iterator[JiraDC]:
    with JiraDC(check=vendor_specs.jira_dc(corpus).check, now=NOON, context="/jira") as data_center:
        yield data_center


@pytest.fixture
def client(fake: JiraDC) -> Iterator[Client]:
    with Client(fake, "2") as session:
        session.headers["Authorization"] = f"Bearer {fake.token}"
        yield session


def test_only_the_access_token_opens_it(fake: JiraDC, client: Client) -> None:
    assert client.json("GET serverInfo")["deploymentType"] == "Server"
    myself = client.call("GET myself")
    assert myself.json()["name"] == "makegood"
    assert (myself.headers["retry-after"], myself.headers["X-RateLimit-Interval-Seconds"]) == ("0", "1")
    with Client(fake, "2") as other:
        assert other.call("GET serverInfo").status_code == 200
        assert other.call("GET search", jql="project = OPS").status_code == 401
        other.auth = ("makegood", fake.token)
        assert other.call("GET myself").status_code == 401
    assert requests.get(f"{fake.url.removesuffix('/jira')}/rest/api/2/serverInfo", timeout=5).status_code == 404


@pytest.mark.parametrize(
    "line", ["POST search/jql", "POST issue/bulkfetch", "POST changelog/bulkfetch", "GET issue/OPS-1/changelog"]
)
def test_it_has_neither_version_3_nor_bulk_reads(fake: JiraDC, client: Client, line: str) -> None:
    fake.create_issue("OPS")
    assert client.call(line, {} if line.startswith("POST") else None).status_code in {404, 405}
    assert requests.get(f"{fake.url}/rest/api/3/myself", timeout=5).status_code == 404


def test_search_pages_by_offset_and_shifts_under_change(fake: JiraDC, client: Client) -> None:
    issues = [fake.create_issue("OPS") for _ in range(4)]
    query: dict[str, Any] = {"jql": "project = OPS ORDER BY updated ASC", "fields": "summary"}

    first = client.json("GET search", **query, maxResults=2)
    assert (first["startAt"], first["maxResults"], first["total"]) == (0, 2, 4)
    fake.advance(60)
    fake.edit_as("project lead", issues[0], summary="changed")
    second = client.json("GET search", **query, startAt=2, maxResults=2)
    assert [one["key"] for one in first["issues"] + second["issues"]] == ["OPS-1", "OPS-2", "OPS-4", "OPS-1"]
    client.json("POST search", {"jql": "project = OPS", "properties": ["a"]}, status=400)
    client.json("POST search", {"jql": "project = OPS", "expand": "changelog"}, status=400)


def test_search_shows_history_and_comments_whole_and_updated_in_whole_seconds(
    fake: JiraDC, client: Client
) -> None:
    issue = fake.create_issue("OPS", description="h1. Title")
    for number in range(45):
        fake.edit_as("project lead", issue, labels=[f"n{number}"])
        fake.comment_as("client contact", issue, f"comment {number}")

    body = {"jql": "project = OPS", "fields": ["*all"], "expand": ["changelog"], "maxResults": 100}
    (found,) = client.json("POST search", body)["issues"]
    assert [len(found["changelog"]["histories"]), found["fields"]["comment"]["total"]] == [45, 45]
    assert found["changelog"]["histories"][0]["items"] == [
        {"field": "labels", "fieldtype": "jira", "from": None, "fromString": "", "to": None, "toString": "n0"}
    ]
    assert (found["fields"]["description"], len(found["fields"]["comment"]["comments"])) == ("h1. Title", 45)
    assert found["fields"]["updated"] == "2026-03-02T13:00:30.000+0100"
    assert client.json("GET issue/OPS-1")["fields"]["updated"] == "2026-03-02T13:00:30.250+0100"


def test_texts_are_strings_people_have_names_and_properties_travel(fake: JiraDC, client: Client) -> None:
    issue = fake.create_issue("OPS")
    fake.add_person("project lead")
    edit = {
        "fields": {"assignee": {"name": "project.lead"}, "description": "*late*"},
        "update": {"labels": [{"add": "esc:high"}]},
        "properties": [{"key": "makegood", "value": {"step": 2}}],
    }
    client.json("PUT issue/OPS-1", edit, status=204)
    assert client.json("GET issue/OPS-1", properties="makegood")["properties"] == {"makegood": {"step": 2}}
    assert issue.fields["assignee"] == "project.lead"
    wrong = {"fields": {"description": adf("x"), "assignee": {"accountId": "712020:project.lead"}}}
    assert set(client.json("PUT issue/OPS-1", wrong, status=400)["errors"]) == {"description", "assignee"}

    client.json("POST issue/OPS-1/comment", {"body": adf("x")}, status=400)
    mark = {"key": "sd.public.comment", "value": {"internal": True}}
    body = {"body": "h2. Plan", "properties": [mark]}
    shown = client.json("POST issue/OPS-1/comment", body, expand="properties", status=201)
    assert (shown["body"], shown["properties"], "jsdPublic" in shown) == ("h2. Plan", [mark], False)
    page = client.json("GET issue/OPS-1/comment", expand="properties")
    assert (page["maxResults"], page["comments"][0]["properties"]) == (50, [mark])
    assert client.json(f"GET comment/{shown['id']}/properties/sd.public.comment")["value"] == {"internal": True}


def test_the_jira_package_works_with_it(fake: JiraDC) -> None:
    fake.create_issue("OPS", "one")
    fake.create_issue("OPS", "two")
    api = JIRA(fake.url, token_auth=fake.token, max_retries=0, timeout=(2, 5))

    found = api.search_issues("project = OPS ORDER BY key ASC", maxResults=0)
    assert [issue.fields.summary for issue in found] == ["one", "two"]
    api.add_comment(found[0], "hello", is_internal=True)
    found[0].update(fields={"duedate": "2026-03-09"}, labels=[{"add": "esc:high"}])
    assert (found[0].fields.labels, found[0].fields.duedate) == (["esc:high"], "2026-03-09")
    assert [comment.body for comment in api.comments(found[0])] == ["hello"]


@pytest.mark.parametrize(("name", "total"), [("cloud", None), ("dc", 7)])
def test_a_fake_runs_as_a_process_and_ends_when_told(name: str, total: int | None) -> None:
    command = [sys.executable, "-m", f"fakes.jira_{name}", "--issues", "7", "--token", "t"]
    with subprocess.Popen(command, cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        if name == "cloud":
            api = JIRA(url, basic_auth=("makegood@example.invalid", "t"), max_retries=0, timeout=(2, 5))
        else:
            api = JIRA(url, token_auth="t", max_retries=0, timeout=(2, 5))
        page = api.search_issues("project = OPS ORDER BY key ASC", json_result=True)
        process.terminate()

    assert (process.returncode, len(page["issues"]), page.get("total")) == (0, 7, total)
