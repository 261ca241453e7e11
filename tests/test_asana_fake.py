"""The Asana fake does what Asana does, seen through the official SDK; each exchange fits Asana's own document."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import asana
import pytest
import urllib3
from asana.rest import ApiException
from fakes.asana import AsanaFake
from fakes.asana_refusal import errors
from fakes.asana_rich import mentioned
from fakes.asana_spec import asana_check
from fakes.faults import DropAfter, Hang, Late, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fakes.asana_jira import Status

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TIMEOUT = (5, 20)


class Sdk:
    """The SDK's classes on one fake, without its own retries."""

    def __init__(self, fake: AsanaFake) -> None:
        configuration = asana.Configuration()
        configuration.host, configuration.access_token = fake.host, fake.token
        configuration.retry_strategy = False
        for logger in configuration.logger.values():
            logger.removeHandler(configuration.logger_stream_handler)
        self.client = asana.ApiClient(configuration)
        self.tasks = asana.TasksApi(self.client)
        self.stories = asana.StoriesApi(self.client)
        self.tags = asana.TagsApi(self.client)

    def call(self, method: Callable[..., Any], *arguments: object, **options: object) -> dict[str, Any]:
        """Return the whole payload, `data` and what stands beside it."""
        payload: dict[str, Any] = method(*arguments, options, full_payload=True, _request_timeout=TIMEOUT)
        return payload

    def close(self) -> None:
        self.client.rest_client.pool_manager.clear()


class Refused(NamedTuple):
    """What a refusal said."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


def refused(call: Callable[[], object]) -> Refused:
    """Return the refusal of a call that must be refused, in Asana's envelope."""
    with pytest.raises(ApiException) as caught:
        call()
    body = json.loads(caught.value.body)
    assert body["errors"][0]["message"]
    assert body["errors"][0]["help"]
    return Refused(caught.value.status, body, dict(caught.value.headers))


@pytest.fixture
def fake(corpus: Path) -> Iterator[AsanaFake]:
    with AsanaFake(now=MONDAY, check=asana_check(corpus)) as serving:
        yield serving


@pytest.fixture
def sdk(fake: AsanaFake) -> Iterator[Sdk]:
    client = Sdk(fake)
    yield client
    client.close()


@pytest.fixture
def project(fake: AsanaFake) -> str:
    gid = fake.add_project("Client A", sections=("Open", "Waiting", "Done"))
    fake.add_field(gid, "Severity", "enum", ("low", "high"))
    fake.add_field(gid, "Labels", "multi_enum", ("esc:high", "esc:breach"))
    fake.add_field(gid, "Budget", "number")
    fake.add_field(gid, "Scope", "text")
    fake.add_field(gid, "Reported", "date")
    fake.add_field(gid, "Owners", "people")
    return gid


def listed(page: dict[str, Any]) -> list[str]:
    return [row["gid"] for row in page["data"]]


# --- reading ----------------------------------------------------------------------------------------------------


def test_only_the_token_of_a_person_is_let_in(fake: AsanaFake, sdk: Sdk) -> None:
    users = asana.UsersApi(sdk.client)
    assert sdk.call(users.get_user, "me")["data"]["name"] == fake.bot
    fake.token = "another"
    assert refused(lambda: sdk.call(users.get_user, "me")).status == 401


def test_a_list_is_compact_and_opt_fields_brings_what_was_asked_and_no_more(
    fake: AsanaFake, sdk: Sdk, project: str
) -> None:
    task = fake.create_task(project, "Late report", assignee="Technical lead", fields={"Severity": "low"})
    compact = sdk.call(sdk.tasks.get_tasks, project=project)["data"]
    assert compact == [
        {"gid": task, "resource_type": "task", "name": "Late report", "resource_subtype": "default_task"}
    ]
    asked = "name,assignee,memberships.section.name,custom_fields.enum_value.name"
    [row] = sdk.call(sdk.tasks.get_tasks, project=project, opt_fields=asked)["data"]
    assert row["assignee"] == {"gid": fake.person("Technical lead").gid, "resource_type": "user"}
    assert row["memberships"][0]["section"].keys() == {"gid", "name"}
    assert row["custom_fields"][0]["enum_value"]["name"] == "low"
    assert row.keys() == {"gid", "name", "assignee", "memberships", "custom_fields"}


def test_a_whole_task_holds_back_only_what_must_be_asked_for(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    task = fake.create_task(project, "Late report", notes="since <Monday>")
    whole = sdk.call(sdk.tasks.get_task, task)["data"]
    assert whole["notes"] == "since <Monday>"
    assert whole["projects"] == [{"gid": project, "resource_type": "project", "name": "Client A"}]
    assert not {"html_notes", "created_by"} & whole.keys()
    asked = sdk.call(sdk.tasks.get_task, task, opt_fields="html_notes,created_by")["data"]
    assert asked["html_notes"] == "<body>since &lt;Monday&gt;</body>"
    assert asked["created_by"]["gid"] == fake.person("Client contact").gid


def test_pages_follow_each_other_and_lose_nothing_when_a_task_goes(
    fake: AsanaFake, sdk: Sdk, project: str
) -> None:
    tasks = [fake.create_task(project, f"Task {number}") for number in range(5)]
    assert "next_page" not in sdk.call(sdk.tasks.get_tasks, project=project)
    first = sdk.call(sdk.tasks.get_tasks, project=project, limit=2)
    assert first["next_page"]["uri"] == fake.host + first["next_page"]["path"]
    fake.delete(tasks[0])
    second = sdk.call(sdk.tasks.get_tasks, project=project, limit=2, offset=first["next_page"]["offset"])
    last = sdk.call(sdk.tasks.get_tasks, project=project, limit=2, offset=second["next_page"]["offset"])
    assert listed(first) + listed(second) + listed(last) == tasks
    assert last["next_page"] is None


def test_an_offset_expires_and_fits_only_its_own_list(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    for number in range(3):
        fake.create_task(project, f"Task {number}")
    offset = sdk.call(sdk.tasks.get_tasks, project=project, limit=1)["next_page"]["offset"]
    other = {"project": project, "modified_since": "2026-01-01T00:00:00Z", "limit": 1, "offset": offset}
    assert refused(lambda: sdk.call(sdk.tasks.get_tasks, **other)).status == 400
    fake.advance(15 * 60)
    late = {"project": project, "limit": 1, "offset": offset}
    assert "expired" in refused(lambda: sdk.call(sdk.tasks.get_tasks, **late)).body["errors"][0]["message"]
    assert refused(lambda: sdk.call(sdk.tasks.get_tasks, project=project, limit=101)).status == 400


def test_a_list_without_a_limit_is_refused_when_it_is_long(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    for number in range(1001):
        fake.create_task(project, f"Task {number}")
    assert refused(lambda: sdk.call(sdk.tasks.get_tasks, project=project)).status == 400


def test_modified_since_echoes_our_own_writes_and_misses_an_old_task_added_to_the_project(
    fake: AsanaFake, sdk: Sdk, project: str
) -> None:
    elsewhere = fake.add_project("Client B")
    old, commented, edited, tagged = (
        fake.create_task(home, "Old", at=MONDAY - timedelta(days=30))
        for home in (elsewhere, project, project, project)
    )
    tag = sdk.call(sdk.tags.create_tag_for_workspace, {"data": {"name": "esc:high"}}, fake.workspace)["data"]
    sdk.call(sdk.stories.create_story_for_task, {"data": {"text": "Noted."}}, commented)
    sdk.call(sdk.tasks.update_task, {"data": {"due_on": "2026-03-06"}}, edited)
    sdk.tasks.add_tag_for_task({"data": {"tag": tag["gid"]}}, tagged)
    fake.add_to_project(old, project)
    since = {"project": project, "modified_since": "2026-03-02T00:00:00.000Z"}
    assert listed(sdk.call(sdk.tasks.get_tasks, **since)) == [commented, edited, tagged]
    assert listed(sdk.call(sdk.tasks.get_tasks, project=project)) == [commented, edited, tagged, old]


def test_whether_a_move_between_sections_makes_a_task_newer_can_be_chosen(fake: AsanaFake, project: str) -> None:
    task = fake.create_task(project, "Moved")
    fake.advance(60)
    fake.moves_touch = False
    fake.move_section(task, "Waiting")
    assert fake.task(task).modified_at == MONDAY
    fake.moves_touch = True
    fake.move_section(task, "Done")
    assert fake.task(task).modified_at == MONDAY + timedelta(seconds=60)


# --- writing ----------------------------------------------------------------------------------------------------


def test_a_due_date_is_a_day_or_an_instant_that_has_a_day(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    task = fake.create_task(project, "Late report")

    def due(**data: str | None) -> tuple[str | None, str | None]:
        row = sdk.call(sdk.tasks.update_task, {"data": data}, task, opt_fields="due_on,due_at")["data"]
        return row["due_on"], row["due_at"]

    assert due(due_at="2026-03-09T23:30:00+02:00") == ("2026-03-09", "2026-03-09T21:30:00.000Z")
    assert due(due_on="2026-03-12") == ("2026-03-12", None)
    assert due(due_on=None) == (None, None)
    for wrong in ({"due_on": "12.3.2026"}, {"due_on": "2026-03-12", "due_at": "2026-03-12T10:00:00Z"}):
        assert refused(lambda data=wrong: due(**data)).status == 400  # type: ignore[misc]
    assert fake.task(task).due_on is None


def test_custom_fields_take_gids_of_options_and_only_fields_of_the_project(
    fake: AsanaFake, sdk: Sdk, project: str
) -> None:
    task = fake.create_task(project, "Late report")
    fields = {field.name: field for field in fake.task(task).fields()}
    high, labels = fields["Severity"].option("high"), fields["Labels"]
    good = {
        fields["Severity"].gid: high.gid,
        labels.gid: [option.gid for option in labels.options],
        fields["Budget"].gid: 12.5,
        fields["Scope"].gid: "as agreed",
        fields["Reported"].gid: {"date": "2026-03-01"},
        fields["Owners"].gid: [fake.person("Account manager").gid],
    }
    sdk.call(sdk.tasks.update_task, {"data": {"custom_fields": good}}, task)
    assert fake.field(task, "Severity") == "high"
    assert fake.field(task, "Labels") == "esc:high, esc:breach"
    assert fake.field(task, "Owners") == "Account manager"
    foreign = fake.add_field(fake.add_project("Client B"), "Other", "text")
    bad: list[dict[str, object]] = [
        {fields["Severity"].gid: "high"},
        {labels.gid: [high.gid]},
        {fields["Budget"].gid: "12"},
        {foreign.gid: "text"},
        {"Severity": high.gid},
    ]
    for values in bad:
        data = {"data": {"name": "Renamed", "custom_fields": values}}
        assert refused(lambda data=data: sdk.call(sdk.tasks.update_task, data, task)).status == 400  # type: ignore[misc]
    assert fake.task(task).name == "Late report"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"tags": []}, 400),
        ({"projects": []}, 400),
        ({"memberships": []}, 400),
        ({"modified_at": "2026-03-02"}, 400),
        ({"completed": "yes"}, 400),
        ({"assignee": "nobody@agency.example"}, 400),
        ({"html_notes": "<body>open"}, 400),
        ({"due_at": "2026-03-02T10:00:00"}, 400),
        ({"due_on": "2026-02-30"}, 400),
        ({"external": {"data": "ref k7f3q2"}}, 403),
    ],
)
def test_what_cannot_be_put_is_refused_whole(
    data: dict[str, Any], status: int, fake: AsanaFake, sdk: Sdk, project: str
) -> None:
    task = fake.create_task(project, "Late report")
    refusal = refused(lambda: sdk.call(sdk.tasks.update_task, {"data": {"name": "Renamed", **data}}, task))
    assert refusal.status == status
    assert fake.task(task).name == "Late report"


def test_the_plain_properties_of_a_task_are_put_together(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    task, lead = fake.create_task(project, "Late report"), fake.person("Technical lead")
    data = {"name": "Report", "html_notes": "<body>as <em>agreed</em></body>", "completed": True, "assignee": "me"}
    row = sdk.call(sdk.tasks.update_task, {"data": data}, task)["data"]
    assert (row["name"], row["notes"], row["completed"]) == ("Report", "as agreed", True)
    assert row["assignee"]["name"] == row["completed_by"]["name"] == fake.bot
    for whom, name in ((lead.email, lead.name), (lead.gid, lead.name), (None, None)):
        sdk.call(sdk.tasks.update_task, {"data": {"assignee": whom}}, task)
        now = fake.task(task).assignee
        assert (now and now.name) == name
    done = fake.project(project).section("Done")
    sdk.call(asana.SectionsApi(sdk.client).add_task_for_section, done.gid, body={"data": {"task": task}})
    assert fake.task(task).memberships == {fake.project(project): done}


def test_tags_are_added_one_by_one_and_two_may_have_one_name(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    task = fake.create_task(project, "Late report")
    body = {"data": {"name": "esc:high", "workspace": fake.workspace}}
    first, second = (sdk.call(sdk.tags.create_tag, json.loads(json.dumps(body)))["data"]["gid"] for _ in range(2))
    assert listed(sdk.call(sdk.tags.get_tags_for_workspace, fake.workspace)) == [first, second]
    fake.advance(60)
    for _ in range(2):
        sdk.tasks.add_tag_for_task({"data": {"tag": first}}, task)
    assert fake.tags(task) == ["esc:high"]
    sdk.tasks.remove_tag_for_task({"data": {"tag": second}}, task)
    sdk.tasks.remove_tag_for_task({"data": {"tag": first}}, task)
    assert fake.tags(task) == []
    assert refused(lambda: sdk.tasks.add_tag_for_task({"data": {"tag": "1"}}, task)).status == 400
    subtypes = [story.subtype for story in fake.stories(task)]
    assert subtypes == ["added_to_project", "added_to_tag", "removed_from_tag"]


def test_a_tag_is_found_by_a_part_of_its_name(fake: AsanaFake, sdk: Sdk) -> None:
    tag = fake.add_tag("esc:high")
    fake.add_tag("vip")
    typeahead = asana.TypeaheadApi(sdk.client)
    page = sdk.call(
        typeahead.typeahead_for_workspace,
        fake.workspace,
        "tag",
        query="ESC",
    )
    assert page["data"] == [{"gid": tag.gid, "resource_type": "tag", "name": "esc:high"}]


# --- comments and stories ---------------------------------------------------------------------------------------


def test_a_comment_is_plain_or_rich_and_its_text_follows(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    task = fake.create_task(project, "Late report")
    rich = (
        '<body>See <a href="https://a.example/1">the plan</a>:<ul><li>one</li><li>two</li></ul>ref k7f3q2</body>'
    )
    story = sdk.call(sdk.stories.create_story_for_task, {"data": {"html_text": rich}}, task)["data"]
    assert story["text"] == "See the plan (https://a.example/1):\none\ntwo\nref k7f3q2"
    assert (story["type"], story["resource_subtype"], story["source"]) == ("comment", "comment_added", "api")
    plain = {"data": {"text": "a < b, see https://a.example/2."}}
    asked = sdk.call(sdk.stories.create_story_for_task, plain, task, opt_fields="html_text")["data"]
    link = '<a href="https://a.example/2">https://a.example/2</a>'
    assert asked["html_text"] == f"<body>a &lt; b, see {link}.</body>"
    assert len(fake.comments(task, by=fake.bot)) == 2


@pytest.mark.parametrize(
    "data",
    [
        {"text": "one", "html_text": "<body>two</body>"},
        {"text": " "},
        {},
        {"html_text": "no body"},
        {"html_text": "<body>first<br>second</body>"},
        {"html_text": "<body>first<br/>second</body>"},
        {"html_text": "<body><p>paragraph</p></body>"},
        {"html_text": "<body>a & b</body>"},
        {"html_text": '<body><strong style="color:red">loud</strong></body>'},
        {"html_text": "<body><ul>no item</ul><li>no list</li></body>"},
        {"text": "hello", "created_by": "1"},
    ],
)
def test_a_comment_that_asana_cannot_read_is_refused(
    data: dict[str, str], fake: AsanaFake, sdk: Sdk, project: str
) -> None:
    task = fake.create_task(project, "Late report")
    refusal = refused(lambda: sdk.call(sdk.stories.create_story_for_task, {"data": data}, task))
    assert refusal.status == 400
    assert fake.comments(task) == []


def test_a_mention_names_a_person_of_the_workspace_and_reads_as_their_page(
    fake: AsanaFake, sdk: Sdk, project: str
) -> None:
    task, lead = fake.create_task(project, "Late report"), fake.person("Delivery lead")
    said = {"data": {"html_text": f'<body>See <a data-asana-gid="{lead.gid}"/>!</body>'}}
    story = sdk.call(sdk.stories.create_story_for_task, said, task, opt_fields="text,html_text")["data"]
    assert story["text"] == f"See {lead.profile}!"
    assert mentioned(story["html_text"]) == [lead.gid]
    assert ">@Delivery lead</a>!" in story["html_text"]
    nobody = {"data": {"html_text": '<body><a data-asana-gid="1"/></body>'}}
    assert refused(lambda: sdk.call(sdk.stories.create_story_for_task, nobody, task)).status == 400


def test_followers_are_added_once_and_told(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    task, lead = fake.create_task(project, "Late report"), fake.person("Delivery lead")
    for _ in range(2):
        sdk.call(sdk.tasks.add_followers_for_task, {"data": {"followers": [lead.gid]}}, task)
    assert [person.name for person in fake.task(task).followers] == ["Client contact", "Delivery lead"]
    assert [story.subtype for story in fake.stories(task)].count("follower_added") == 1
    nobody = {"data": {"followers": ["1"]}}
    assert refused(lambda: sdk.call(sdk.tasks.add_followers_for_task, nobody, task)).status == 400


def test_a_subtask_is_made_whole_and_goes_with_its_task(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    task, tag = fake.create_task(project, "Late report"), fake.add_tag("vip")
    fake.advance(60)
    given = {"name": "Check", "html_notes": "<body>Well?</body>", "due_on": "2026-03-09", "tags": [tag.gid]}
    made = sdk.call(sdk.tasks.create_subtask_for_task, {"data": {**given, "projects": [project]}}, task)["data"]
    assert (made["parent"]["gid"], made["notes"], made["due_on"]) == (task, "Well?", "2026-03-09")
    assert made["memberships"][0]["section"]["name"] == "Open"
    lone = sdk.call(sdk.tasks.create_subtask_for_task, {"data": {"name": "Alone"}}, task)["data"]
    assert (lone["memberships"], lone["custom_fields"]) == ([], [])
    below = sdk.call(sdk.tasks.get_subtasks_for_task, task)["data"]
    assert [row["name"] for row in below] == ["Check", "Alone"]
    listed = sdk.call(sdk.tasks.get_tasks, project=project)["data"]
    assert [row["name"] for row in listed] == ["Late report", "Check"]
    assert fake.task(task).modified_at == fake.now
    for wrong in ({"name": " "}, {"name": "X", "tags": ["1"]}, {"name": "X", "parent": task}):
        ask = partial(sdk.call, sdk.tasks.create_subtask_for_task, {"data": wrong}, task)
        assert refused(ask).status == 400
    fake.delete(task)
    assert refused(lambda: sdk.call(sdk.tasks.get_task, made["gid"])).status == 404


def test_one_who_left_is_listed_as_inactive_and_owns_nothing_new(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    task, lead = fake.create_task(project, "Late report"), fake.person("Delivery lead")
    fake.deactivate("Delivery lead")
    call = asana.WorkspaceMembershipsApi(sdk.client).get_workspace_memberships_for_workspace
    rows = sdk.call(call, fake.workspace, opt_fields="user.name,is_active")["data"]
    assert [row["user"]["name"] for row in rows if not row["is_active"]] == ["Delivery lead"]
    assert refused(lambda: sdk.call(sdk.tasks.update_task, {"data": {"assignee": lead.gid}}, task)).status == 400


def test_every_change_has_its_story_with_old_and_new_values(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    lead = "Technical lead"
    task = fake.create_task(project, "Late report", due_on="2026-03-09", fields={"Severity": "low"})
    fake.edit_as("Account manager", task, due_on="2026-03-12", assignee=lead, fields={"Severity": "high"})
    fake.edit_as(
        "Account manager", task, name="Report", notes="more", fields={"Labels": ["esc:high"], "Budget": 3}
    )
    fake.move_section(task, "Waiting")
    fake.complete(task, by=lead)
    fake.reopen(task)
    fake.edit_as(None, task, assignee=None)
    asked = (
        "resource_subtype,created_by.name,old_dates,new_dates,custom_field.name,old_enum_value.name,"
        "new_enum_value.name,new_section.name"
    )
    stories = sdk.call(sdk.stories.get_stories_for_task, task, limit=100, opt_fields=asked)["data"]
    told = {story["resource_subtype"]: story for story in stories}
    assert list(told) == [
        *("added_to_project", "assigned", "due_date_changed", "enum_custom_field_changed", "name_changed"),
        *("notes_changed", "multi_enum_custom_field_changed", "number_custom_field_changed", "section_changed"),
        *("marked_complete", "marked_incomplete", "unassigned"),
    ]
    assert told["due_date_changed"]["old_dates"]["due_on"] == "2026-03-09"
    assert told["due_date_changed"]["new_dates"]["due_on"] == "2026-03-12"
    severity = told["enum_custom_field_changed"]
    assert (severity["old_enum_value"]["name"], severity["new_enum_value"]["name"]) == ("low", "high")
    assert severity["custom_field"]["name"] == "Severity"
    assert severity["created_by"]["name"] == "Account manager"
    assert told["section_changed"]["new_section"]["name"] == "Waiting"
    assert told["unassigned"]["created_by"] is None  # done by a rule of Asana's own


def test_asana_words_its_stories_in_the_readers_language(corpus: Path) -> None:
    with AsanaFake(now=MONDAY, language="ja", check=asana_check(corpus)) as fake:
        task = fake.create_task(fake.add_project("Client A"), "遅れた報告")
        fake.complete(task)
        sdk = Sdk(fake)
        stories = sdk.call(sdk.stories.get_stories_for_task, task)["data"]
        sdk.close()
    assert [story["text"] for story in stories] == [
        "このタスクを Client A に追加しました",
        "このタスクを完了しました",
    ]


# --- what is not there, or not ours -----------------------------------------------------------------------------


def test_what_is_gone_is_404_and_what_is_hidden_403(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    task, gone = fake.create_task(project, "Late report"), fake.create_task(project, "Mistake")
    comment = fake.comment_as("Client contact", task, "Where is it?")
    fake.delete_story(comment)
    fake.delete(gone)
    for read in (lambda: sdk.call(sdk.tasks.get_task, gone), lambda: sdk.call(sdk.stories.get_story, comment)):
        assert refused(read).status == 404
    assert refused(lambda: sdk.call(sdk.stories.get_stories_for_task, gone)).status == 404
    fake.forbid(project)
    assert refused(lambda: sdk.call(sdk.tasks.get_task, task)).status == 403
    assert refused(lambda: sdk.call(sdk.tasks.get_tasks, project=project)).status == 403


def test_a_commenter_comments_and_edits_nothing(fake: AsanaFake, sdk: Sdk) -> None:
    project = fake.add_project("Client A", open_as="commenter")
    task = fake.create_task(project, "Late report")
    sdk.call(sdk.stories.create_story_for_task, {"data": {"text": "Noted."}}, task)
    assert refused(lambda: sdk.call(sdk.tasks.update_task, {"data": {"name": "Mine"}}, task)).status == 403
    fake.project(project).open_as = "viewer"
    again = {"data": {"text": "Again."}}
    assert refused(lambda: sdk.call(sdk.stories.create_story_for_task, again, task)).status == 403


def test_it_can_be_told_whether_guests_read_a_project(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    fake.person("Client contact", guest=True)
    team = fake.add_team("Account team", ["Account manager", "Client contact"])
    fake.share(project, "Account manager", "admin")
    fake.share(project, team, "commenter")
    members = asana.ProjectMembershipsApi(sdk.client)
    asked = {"opt_fields": "member.resource_type,access_level"}
    rows = sdk.call(members.get_project_memberships_for_project, project, **asked)["data"]
    assert [(row["member"]["resource_type"], row["access_level"]) for row in rows] == [
        ("user", "admin"),
        ("team", "commenter"),
    ]
    teams = asana.TeamMembershipsApi(sdk.client)
    in_team = sdk.call(teams.get_team_memberships_for_team, team)["data"]
    assert [row["is_guest"] for row in in_team] == [False, True]
    workspaces = asana.WorkspaceMembershipsApi(sdk.client)
    everyone = sdk.call(
        workspaces.get_workspace_memberships_for_workspace, fake.workspace, opt_fields="is_guest,user.name"
    )["data"]
    assert [row["user"]["name"] for row in everyone if row["is_guest"]] == ["Client contact"]
    parents = asana.MembershipsApi(sdk.client)
    assert len(sdk.call(parents.get_memberships, parent=project)["data"]) == 2


def test_the_set_up_of_a_project_can_be_read(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    assert sdk.call(asana.WorkspacesApi(sdk.client).get_workspaces)["data"][0]["gid"] == fake.workspace
    found = sdk.call(asana.ProjectsApi(sdk.client).get_project, project)["data"]
    assert (found["name"], found["privacy_setting"]) == ("Client A", "public_to_workspace")
    sections = sdk.call(asana.SectionsApi(sdk.client).get_sections_for_project, project)["data"]
    assert [section["name"] for section in sections] == ["Open", "Waiting", "Done"]
    settings = asana.CustomFieldSettingsApi(sdk.client)
    severity = sdk.call(settings.get_custom_field_settings_for_project, project)["data"][0]["custom_field"]
    assert [option["name"] for option in severity["enum_options"]] == ["low", "high"]
    option = {"data": {"name": "critical"}}
    sdk.call(asana.CustomFieldsApi(sdk.client).create_enum_option_for_custom_field, severity["gid"], body=option)


def test_one_thing_is_reached_at_many_addresses(fake: AsanaFake, project: str) -> None:
    waiting = fake.project(project).section("Waiting").gid
    task = fake.create_task(project, "Late report", section="Waiting", assignee=fake.bot, tags=("vip",))
    done = fake.create_task(project, "Early report")
    fake.complete(done, at=MONDAY - timedelta(days=1))
    comment, [tag] = fake.comment_as("Client contact", task, "Where is it?"), fake.task(task).tags
    me, team, field = fake.person(fake.bot), fake.add_team("Account team", [fake.bot]), fake.task(task).fields()[0]

    def get(path: str) -> Any:  # noqa: ANN401 - JSON
        headers = {"Authorization": f"Bearer {fake.token}"}
        return urllib3.request("GET", f"{fake.host}/{path}", headers=headers, retries=False).json()

    for path, gids in {
        f"tasks?section={waiting}": [task],
        f"tasks?assignee=me&workspace={fake.workspace}": [task],
        f"tasks?project={project}&completed_since=now": [task],
        f"projects/{project}/tasks?completed_since=2026-03-01T00:00:00Z": [task, done],
        f"sections/{waiting}/tasks": [task],
        f"tasks/{task}/projects": [project],
        f"tasks/{task}/tags": [tag.gid],
        f"tags?workspace={fake.workspace}": [tag.gid],
        f"teams/{team}/users": [me.gid],
        f"workspaces/{fake.workspace}/users": [person.gid for person in fake.people.values()],
        f"users?workspace={fake.workspace}": [person.gid for person in fake.people.values()],
    }.items():
        assert listed(get(path)) == gids, path
    for path in (f"stories/{comment}", f"tags/{tag.gid}", f"custom_fields/{field.gid}", f"users/{me.gid}"):
        assert get(path)["data"]["gid"] == path.split("/")[1]
    assert get(f"users/{me.email}")["data"]["gid"] == me.gid
    assert get("users/me/workspace_memberships")["data"][0]["user"]["gid"] == me.gid
    for wrong in ("tasks", f"tasks?project={project}&section={waiting}", f"tasks?project={project}&limit=0"):
        assert "errors" in get(wrong)
    for since in ("yesterday", "2026-03-01T00:00:00"):
        assert "modified_since" in get(f"tasks?project={project}&modified_since={since}")["errors"][0]["message"]


# --- plans and limits -------------------------------------------------------------------------------------------


def test_a_free_organisation_has_neither_search_nor_custom_fields(corpus: Path) -> None:
    with AsanaFake(now=MONDAY, paid=False, check=asana_check(corpus)) as fake:
        project, sdk = fake.add_project("Client A"), Sdk(fake)
        field, task = fake.add_field(project, "Severity", "text"), fake.create_task(project, "Late report")
        settings = asana.CustomFieldSettingsApi(sdk.client)
        data = {"data": {"custom_fields": {field.gid: "high"}}}
        for call in (
            lambda: sdk.call(sdk.tasks.search_tasks_for_workspace, fake.workspace),
            lambda: sdk.call(settings.get_custom_field_settings_for_project, project),
            lambda: sdk.call(sdk.tasks.update_task, data, task),
        ):
            assert refused(call).status == 402
        assert sdk.call(sdk.tasks.get_task, task)["data"]["custom_fields"] == []
        sdk.close()


def test_search_lags_behind(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    task = fake.create_task(project, "Late report")
    options = {"projects.any": project}
    assert sdk.call(sdk.tasks.search_tasks_for_workspace, fake.workspace, **options)["data"] == []
    fake.advance(30)
    assert listed(sdk.call(sdk.tasks.search_tasks_for_workspace, fake.workspace, **options)) == [task]


@pytest.mark.parametrize(("paid", "limit"), [(False, 150), (True, 1500)])
def test_calls_beyond_the_minute_are_refused_and_count_too(*, paid: bool, limit: int) -> None:
    with AsanaFake(now=MONDAY, paid=paid) as fake:
        sdk = Sdk(fake)
        users = asana.UsersApi(sdk.client)
        for _ in range(limit):
            fake.quota.wait(fake.now)
        fake.advance(10)
        first = refused(lambda: sdk.call(users.get_user, "me"))
        assert (first.status, first.headers["Retry-After"]) == (429, "50")
        fake.advance(50)
        assert sdk.call(users.get_user, "me")["data"]["name"] == fake.bot
        for _ in range(limit - 2):
            fake.quota.wait(fake.now)
        assert refused(lambda: sdk.call(users.get_user, "me")).headers["Retry-After"] == "60"
        sdk.close()


def test_a_sixteenth_write_at_once_is_refused_while_reads_go_on(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    task = fake.create_task(project, "Late report")
    fake.script(Hang(60), method="PUT", times=15)

    def write() -> None:
        with pytest.raises(urllib3.exceptions.HTTPError):
            urllib3.request(
                "PUT",
                f"{fake.host}/tasks/{task}",
                headers={"Authorization": f"Bearer {fake.token}"},
                json={"data": {"name": "Slow"}},
                retries=False,
            )

    writers = [threading.Thread(target=write) for _ in range(15)]
    for writer in writers:
        writer.start()
    while fake.flights.now["write"] < 15 and all(writer.is_alive() for writer in writers):
        time.sleep(0.01)
    refusal = refused(lambda: sdk.call(sdk.tasks.update_task, {"data": {"name": "One more"}}, task))
    assert (refusal.status, refusal.headers["Retry-After"]) == (429, "1")
    assert sdk.call(sdk.tasks.get_task, task)["data"]["name"] == "Late report"
    fake.close()
    for writer in writers:
        writer.join()


def test_a_batch_of_ten_is_done_in_any_order_answered_in_its_own_and_counted_each(
    fake: AsanaFake, sdk: Sdk, project: str
) -> None:
    tasks = [fake.create_task(project, f"Task {number}") for number in range(10)]
    batch = asana.BatchAPIApi(sdk.client)
    comments = [
        {"relative_path": f"/tasks/{task}/stories", "method": "post", "data": {"text": "Noted."}} for task in tasks
    ]
    fake.quota.per_minute = 22
    answered = sdk.call(batch.create_batch_request, {"data": {"actions": comments}})["data"]
    assert [answer["status_code"] for answer in answered] == [201] * 10
    assert [answer["body"]["data"]["target"]["gid"] for answer in answered] == tasks
    written = [fake.stories(task)[-1].gid for task in tasks]
    assert written == sorted(written, reverse=True)
    reads: list[dict[str, object]] = [
        {"relative_path": f"/tasks/{task}", "method": "get", "options": {"fields": ["name"]}} for task in tasks
    ]
    reads[9]["relative_path"] = "/tasks/1"
    answered = sdk.call(batch.create_batch_request, {"data": {"actions": reads}})["data"]
    assert answered[0]["body"] == {"data": {"gid": tasks[0], "name": "Task 0"}}
    assert answered[9]["status_code"] == 404
    assert refused(lambda: sdk.call(batch.create_batch_request, {"data": {"actions": reads}})).status == 429
    fake.quota.per_minute = None
    eleven = {"data": {"actions": [*reads, reads[0]]}}
    assert refused(lambda: sdk.call(batch.create_batch_request, eleven)).status == 400


# --- events -----------------------------------------------------------------------------------------------------


def test_events_begin_with_412_come_once_and_their_token_lives_a_day(
    fake: AsanaFake, sdk: Sdk, project: str
) -> None:
    events = asana.EventsApi(sdk.client)

    def read(token: str) -> dict[str, Any]:
        return sdk.call(events.get_events, project, sync=token)

    start = refused(lambda: read(""))
    assert start.status == 412
    task = fake.create_task(project, "Late report")
    fake.comment_as("Client contact", task, "Where is it?")
    first = read(start.body["sync"])
    happened = [(event["action"], event["resource"]["resource_type"]) for event in first["data"]]
    assert happened == [("added", "task"), ("changed", "task"), ("added", "story"), ("added", "story")]
    assert first["data"][0]["parent"]["gid"] == project
    assert read(start.body["sync"])["data"] == first["data"]  # its answer may have been lost
    fake.complete(task)
    second = read(first["sync"])
    assert second["data"][0]["change"] == {"field": "completed", "action": "changed"}
    assert refused(lambda: read(start.body["sync"])).status == 412
    fake.delete(task)
    fake.events.lose()
    third = read(second["sync"])
    assert third["data"] == []
    fake.advance(24 * 3600 + 1)
    assert refused(lambda: read(third["sync"])).body["sync"] != third["sync"]


def test_more_than_a_hundred_events_come_in_parts(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    events, task = asana.EventsApi(sdk.client), fake.create_task(project, "Late report")
    token = refused(lambda: sdk.call(events.get_events, task)).body["sync"]
    for number in range(101):
        fake.comment_as("Client contact", task, f"And {number}?")
    part = sdk.call(events.get_events, task, sync=token)
    rest = sdk.call(events.get_events, task, sync=part["sync"])
    assert [(len(one["data"]), one["has_more"]) for one in (part, rest)] == [(100, True), (1, False)]


# --- faults, and tasks out of Jira ------------------------------------------------------------------------------


def test_a_comment_whose_answer_is_lost_stands_all_the_same(fake: AsanaFake, sdk: Sdk, project: str) -> None:
    task = fake.create_task(project, "Late report")
    for fault in (DropAfter(), Late(seconds=300)):
        fake.script(fault, method="POST")
        with pytest.raises(urllib3.exceptions.ProtocolError):
            sdk.call(sdk.stories.create_story_for_task, {"data": {"text": type(fault).__name__}}, task)
    assert fake.comments(task) == ["DropAfter"]
    fake.advance(300)
    assert fake.comments(task) == ["DropAfter", "Late"]
    fake.script(Reply(500, errors("Server Error", phrase="6 sad squid snuggle softly"), applied=True))
    with pytest.raises(ApiException, match="squid"):
        sdk.call(sdk.stories.create_story_for_task, {"data": {"text": "Reply"}}, task)
    assert fake.comments(task) == ["DropAfter", "Late", "Reply"]


def test_asking_for_a_field_that_asana_does_not_list_fails_the_test(corpus: Path) -> None:
    fake = AsanaFake(now=MONDAY, check=asana_check(corpus))
    project, sdk = fake.add_project("Client A"), Sdk(fake)
    sdk.call(sdk.tasks.get_tasks, project=project, opt_fields="name,due_date,tags.gid")
    sdk.close()
    fake.close()
    assert [str(fault) for fault in fake.broken] == ["GET /api/1.0/tasks: opt_fields has none of ['due_date']"]


@pytest.mark.parametrize("status", ["field", "section"])
def test_jira_issues_become_tasks_with_their_whole_history(
    status: Status, corpus: Path, fake: AsanaFake, sdk: Sdk
) -> None:
    project = fake.add_project("From Jira")
    lines = (corpus / "data" / "jira-issues.jsonl").read_text(encoding="utf-8").splitlines()
    issues = [json.loads(line) for line in lines]
    tasks = [fake.load_jira(issue, project=project, status=status) for issue in issues]
    assert sum(len(fake.comments(task)) for task in tasks) == 862
    for issue, task in zip(issues, tasks, strict=True):
        fields, now = issue["fields"], fake.task(task)
        assert fake.field(task, "Jira key") == issue["key"]
        assert fake.field(task, "Priority") == fields["priority"]["name"]
        place = fake.field(task, "Status") if status == "field" else now.memberships[fake.project(project)].name
        assert place == fields["status"]["name"]
        assert now.due_on == fields.get("duedate")
        assert now.modified_at == datetime.fromisoformat(fields["updated"])
    moved = [story for task in tasks for story in fake.stories(task) if "old_dates" in story.details]
    assert len(moved) == 136
    asked = "name,modified_at,completed_at,due_on,memberships.section.name,custom_fields.display_value"
    page = sdk.call(sdk.tasks.get_tasks, project=project, limit=100, opt_fields=asked)
    assert listed(page) == tasks[:100]
    busiest = max(tasks, key=lambda task: len(fake.stories(task)))
    shown = sdk.call(sdk.stories.get_stories_for_task, busiest, limit=100)["data"]
    assert [story["created_at"] for story in shown] == sorted(story["created_at"] for story in shown)
