"""The Asana adapter, against the fake on a socket: what the contract for all trackers does not say."""

from __future__ import annotations

import json
import logging
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fakes import vendor_specs
from fakes.asana import AsanaFake
from fakes.faults import DropAfter, DropBefore, HalfBody, Reply
from harness_asana import CLIENT, SECTIONS, STAFF, AsanaFieldsHarness, AsanaHarness

from sync.action import Draft, Edit, FollowUp
from sync.errors import (
    ConflictError,
    CredentialsError,
    ForbiddenError,
    InvalidError,
    LostAnswerError,
    NotFoundError,
    RateLimitedError,
    ServerFaultError,
    TrackerError,
)
from sync.mapping.tracker_models import AsanaMapping
from sync.richtext import Bullets, Document, Paragraph, Span
from sync.ticket import Audience, Status
from sync.trackers.asana import open_asana
from sync.trackers.asana_cursor import Watermark, advanced
from sync.trackers.asana_http import retry_after
from sync.trackers.asana_markup import LONGEST, html, references
from sync.trackers.pace import Pace
from sync.trackers.sources import AsanaSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from fakes.asana_fields import Kind
    from fakes.faults import Fault

    from sync.ticket import Change, Ticket
    from sync.trackers.base import Page, Tracker

NEWS: Document = (Paragraph((Span("News"),)),)
MARK = "k7f3q2abcdef"
DRAFT = Draft(NEWS, Audience.CLIENT, (MARK,))
CHECKPOINT = FollowUp("Checkpoint", NEWS, MARK, date(2025, 3, 20), ("esc:follow-up",))


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[AsanaHarness]:
    with AsanaHarness(tmp_path) as started:
        yield started


@pytest.fixture
def tracker(harness: AsanaHarness) -> Iterator[Tracker]:
    opened = harness.tracker()
    opened.connect()
    yield opened
    opened.close()


def opened(harness: AsanaHarness, *, source: dict[str, Any] | None = None, **mapping: object) -> Tracker:
    """Another tracker, connected, with these settings changed."""
    made = open_asana(
        harness.source(**source or {}),
        harness.mapping(**mapping),
        harness.fake.token,
        pace=harness.pace,
    )
    made.connect()
    return made


def tickets(pages: Iterable[Page]) -> list[Ticket]:
    return [ticket for page in pages for ticket in page.tickets]


def poll(tracker: Tracker, cursor: str | None = None) -> tuple[list[Ticket], str]:
    """The tickets of one poll, and where the next may start."""
    pages = list(tracker.changed(cursor))
    return tickets(pages), next(page.cursor for page in reversed(pages) if page.cursor)


def read(tracker: Tracker, task: str) -> Ticket:
    (ticket,) = tickets(tracker.fetch([task]))
    return ticket


def told(ticket: Ticket, field: str) -> list[tuple[str, str]]:
    """Before and after of every change of a field."""
    return [(change.before, change.after) for change in ticket.changes if change.field == field]


def asked(fake: AsanaFake, since: int = 0) -> list[str]:
    """The requests so far, as `GET /tasks`, gids left out."""
    paths = (entry.path.removeprefix("/api/1.0") for entry in fake.log[since:])
    shown = ("/".join("…" if part.isdigit() else part for part in path.split("/")) for path in paths)
    return [f"{entry.method} {path}" for entry, path in zip(fake.log[since:], shown, strict=True)]


# --- what it costs ----------------------------------------------------------------------------------------------


def test_a_cold_pull_is_one_list_page_a_hundred_tasks_and_one_request_a_task(
    harness: AsanaHarness, tracker: Tracker
) -> None:
    tasks = {harness.create(f"Issue {number}") for number in range(205)}
    before = harness.requests
    seen, _ = poll(tracker)
    assert {ticket.id for ticket in seen} == tasks
    people = 1  # the client's address, once
    assert harness.requests - before == 3 + 205 + people


def test_a_quiet_pass_is_the_account_and_one_list(harness: AsanaHarness, tracker: Tracker) -> None:
    for number in range(3):
        harness.create(f"Issue {number}")
    _, cursor = poll(tracker)
    for _ in range(2):
        before = harness.requests
        tracker.connect()
        seen, cursor = poll(tracker, cursor)
        assert seen == []
        assert asked(harness.fake, before) == ["GET /users/me", "GET /tasks"]
        harness.advance(3600)


def test_the_list_of_a_quiet_pass_stays_short_after_many_changes_at_once(
    harness: AsanaHarness, tracker: Tracker
) -> None:
    for number in range(150):
        harness.create(f"Issue {number}")
    _, cursor = poll(tracker)
    harness.advance(600)
    _, cursor = poll(tracker, cursor)
    before = harness.requests
    poll(tracker, cursor)
    assert asked(harness.fake, before) == ["GET /tasks"]
    assert len(harness.fake.exchanges[-1].json["data"]) == 0


def test_our_own_write_comes_back_once_as_ours_and_is_then_quiet(harness: AsanaHarness, tracker: Tracker) -> None:
    task = harness.create("Late report")
    _, cursor = poll(tracker)
    harness.advance(1)
    tracker.comment(task, DRAFT)
    (echo,), cursor = poll(tracker, cursor)
    assert [comment.author.side for comment in echo.comments] == ["us"]
    assert poll(tracker, cursor)[0] == []
    harness.advance(1)
    harness.comment_as_client(task, "Thanks")
    assert [ticket.id for ticket in poll(tracker, cursor)[0]] == [task]


def test_addresses_are_asked_for_only_where_the_mapping_sorts_people_by_domain(harness: AsanaHarness) -> None:
    task = harness.create("Late report")
    by_id = opened(harness, people={"clients": [harness.fake.person(CLIENT).gid]})
    before = harness.requests
    reporter = read(by_id, task).reporter
    assert reporter is not None
    assert reporter.side == "client"
    assert asked(harness.fake, before) == ["GET /tasks/…", "GET /tasks/…/stories"]


def test_a_person_who_is_hidden_from_us_is_known_by_id_and_name(harness: AsanaHarness, tracker: Tracker) -> None:
    task = harness.create("Late report")
    harness.comment_as_client(task, "Well?")
    harness.fake.script(Reply(404), path="/users/")
    (comment,) = read(tracker, task).comments
    client = harness.fake.person(CLIENT)
    assert (comment.author.id, comment.author.name, comment.author.side) == (client.gid, CLIENT, "unknown")


# --- what it never misses, and never tells twice ----------------------------------------------------------------


def test_a_task_in_two_projects_is_told_once(harness: AsanaHarness) -> None:
    second = harness.fake.add_project("Internal", sections=("Somewhere",))
    task = harness.create("Late report")
    harness.fake.add_to_project(task, second)
    tracker = opened(harness, source={"projects": [harness.project, second]})
    seen, cursor = poll(tracker)
    assert [(ticket.id, ticket.status) for ticket in seen] == [(task, Status.OPEN)]
    harness.advance(1)
    harness.comment_as_staff(task, "On it")
    seen, cursor = poll(tracker, cursor)
    assert [ticket.id for ticket in seen] == [task]
    assert poll(tracker, cursor)[0] == []


def test_an_old_task_put_into_a_project_is_found_by_the_crawl(harness: AsanaHarness, tracker: Tracker) -> None:
    elsewhere = harness.fake.add_project("Elsewhere")
    task = harness.fake.create_task(elsewhere, "Old one")
    harness.advance(86_400)
    _, cursor = poll(tracker)
    harness.advance(86_400)
    harness.fake.add_to_project(task, harness.project, section=SECTIONS[Status.OPEN])
    assert poll(tracker, cursor)[0] == []
    assert list(tracker.ids()) == [task]


def test_a_move_that_leaves_modified_at_alone_makes_another_version(
    harness: AsanaHarness, tracker: Tracker
) -> None:
    harness.fake.moves_touch = False
    task = harness.create("Late report")
    _, cursor = poll(tracker)
    harness.advance(1)
    harness.set_status(task, Status.WAITING)
    seen, _ = poll(tracker, cursor)
    assert [ticket.status for ticket in seen] == [Status.WAITING]


def test_a_project_added_to_the_source_is_read_whole(harness: AsanaHarness, tracker: Tracker) -> None:
    harness.create("Known")
    second = harness.fake.add_project("Second", sections=(SECTIONS[Status.OPEN],))
    old = harness.fake.create_task(second, "Old one")
    harness.advance(86_400)
    _, cursor = poll(tracker)
    both = opened(harness, source={"projects": [harness.project, second]})
    assert [ticket.id for ticket in poll(both, cursor)[0]] == [old]


def test_a_forbidden_project_is_named_stops_no_other_and_is_caught_up_later(harness: AsanaHarness) -> None:
    second = harness.fake.add_project("Second", sections=(SECTIONS[Status.OPEN],))
    tracker = opened(harness, source={"projects": [second, harness.project]})
    mine = harness.create("Mine")
    hidden = harness.fake.create_task(second, "Hidden")
    harness.fake.forbid(second)
    pages = list(tracker.changed(None))
    assert [ticket.id for ticket in tickets(pages)] == [mine]
    (failed,) = [failed for page in pages for failed in page.failed]
    assert failed.what == f"project {second}"
    assert "check `projects`" in failed.why
    harness.advance(86_400)
    harness.fake.project(second).open_as = "editor"
    assert [ticket.id for ticket in poll(tracker, pages[-1].cursor)[0]] == [hidden]


def test_a_source_all_of_whose_projects_are_closed_to_us_fails(harness: AsanaHarness, tracker: Tracker) -> None:
    harness.fake.forbid(harness.project)
    with pytest.raises(ForbiddenError, match="add it to the project"):
        list(tracker.changed(None))


def test_an_offset_that_expires_midway_loses_and_doubles_nothing(harness: AsanaHarness, tracker: Tracker) -> None:
    tasks = {harness.create(f"Issue {number}") for number in range(130)}
    seen = []
    for page in tracker.changed(None):
        seen += [ticket.id for ticket in page.tickets]
        harness.fake.pages.expire()
    assert sorted(seen) == sorted(tasks)


def test_paging_that_goes_in_a_circle_is_noticed(harness: AsanaHarness, tracker: Tracker) -> None:
    task = harness.create("Late report")
    row = {"gid": task, "resource_subtype": "default_task"}
    harness.fake.script(Reply(200, {"data": [row], "next_page": {"offset": "again"}}), path="/tasks$", times=9)
    with pytest.raises(ServerFaultError, match="circle"):
        list(tracker.ids())


def test_a_cursor_that_is_none_of_ours_means_everything_anew(harness: AsanaHarness, tracker: Tracker) -> None:
    task = harness.create("Late report")
    for strange in ("", "garbage", "[1]", '{"1": 2}', '{"1": {"until": "now"}}'):
        assert [ticket.id for ticket in poll(tracker, strange)[0]] == [task]


def test_a_watermark_moves_on_by_asanas_clock_alone_and_never_back() -> None:
    nine = datetime(2025, 3, 3, 9, tzinfo=UTC)
    old, new = "2024-01-01T00:00:00.000Z 1", "2025-03-03T08:59:00.000Z 1"
    first = advanced(None, {"1": old, "2": new}, nine)
    assert first == Watermark("2025-03-03T08:55:00.000Z", {"2": new})
    assert advanced(first, {}, None) == first
    assert advanced(first, {"1": old}, nine - timedelta(hours=1)) == Watermark(first.since, {"1": old})


def test_a_task_that_left_the_projects_is_gone(harness: AsanaHarness, tracker: Tracker) -> None:
    elsewhere = harness.fake.add_project("Elsewhere")
    task = harness.fake.create_task(elsewhere, "Not ours")
    assert [page.gone for page in tracker.fetch([task])] == [(task,)]


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        ({"memberships": None}, "is not told as Asana documents it"),
        ({"modified_at": None}, "is not told as Asana documents it"),
        ({"created_at": "yesterday"}, "is not told as Asana documents it"),
        ({"custom_fields": [None]}, "is not told as Asana documents it"),
    ],
)
def test_a_record_that_makes_no_sense_fails_alone(
    harness: AsanaHarness, tracker: Tracker, spoilt: dict[str, Any], why: str
) -> None:
    good, bad = harness.create("Good"), harness.create("Bad")
    poll(tracker)
    rows = harness.fake.exchanges
    (page,) = [entry.json for entry in rows if entry.request.path.endswith("/tasks")]
    page["data"][1] |= spoilt
    harness.fake.script(Reply(200, page), path="/tasks$")
    pages = list(tracker.changed(None))
    assert [ticket.id for ticket in tickets(pages)] == [good]
    (failed,) = [failed for page in pages for failed in page.failed]
    assert failed.ticket == bad
    assert why in failed.why


def test_one_task_that_the_server_cannot_tell_stops_no_other_but_a_server_that_is_down_does(
    harness: AsanaHarness, tracker: Tracker
) -> None:
    tasks = [harness.create(f"Issue {number}") for number in range(4)]
    broken = Reply(500, {"errors": [{"message": "", "phrase": "6 sad squid snuggle softly"}]})
    harness.fake.script(broken, path=f"{tasks[1]}/stories", times=4)
    pages = list(tracker.changed(None))
    assert [ticket.id for ticket in tickets(pages)] == [tasks[0], tasks[2], tasks[3]]
    assert [(failed.ticket, failed.why) for page in pages for failed in page.failed] == [
        (tasks[1], "Asana answered 500 (6 sad squid snuggle softly)")
    ]
    harness.fake.script(broken, path="/stories", times=99)
    with pytest.raises(ServerFaultError):
        list(tracker.changed(None))


# --- status and history -----------------------------------------------------------------------------------------


def test_a_ticked_task_is_closed_whatever_its_section_and_opens_again_where_it_stands(
    harness: AsanaHarness, tracker: Tracker
) -> None:
    task = harness.create("Late report")
    for act in ("complete", "move", "reopen"):
        harness.advance(60)
        match act:
            case "complete":
                harness.fake.complete(task, by=STAFF)
                assert read(tracker, task).status is Status.CLOSED
            case "move":
                harness.set_status(task, Status.WAITING)
                assert read(tracker, task).status is Status.CLOSED
            case _:
                harness.fake.reopen(task, by=STAFF)
    ticket = read(tracker, task)
    assert ticket.status is Status.WAITING
    assert told(ticket, "status") == [("open", "closed"), ("closed", "waiting")]
    assert ticket.complete_since is None


def test_what_completed_means_is_the_mappings_choice(harness: AsanaHarness) -> None:
    task = harness.create("Late report")
    harness.advance(60)
    harness.fake.complete(task)
    ticket = read(opened(harness, completed="resolved"), task)
    assert ticket.status is Status.RESOLVED
    assert ticket.resolved == harness.fake.now
    assert [change.said for change in ticket.changes] == ["New → ✓ completed"]


def with_status_field(harness: AsanaHarness) -> Tracker:
    harness.fake.add_field(harness.project, "Stage", "enum", ("New", "Doing", "Asked"))
    status = {"open": ["New"], "in_progress": ["Doing"], "waiting": ["asked"]}
    return opened(harness, status_field="stage", status=status)


def test_a_status_field_tells_status_and_history_and_an_empty_one_is_open(harness: AsanaHarness) -> None:
    tracker, task = with_status_field(harness), harness.create("Late report")
    assert read(tracker, task).status is Status.OPEN
    for stage in ("New", "Doing", "Asked", None):
        harness.advance(60)
        harness.fake.edit_as(STAFF, task, fields={"Stage": stage})
    ticket = read(tracker, task)
    assert told(ticket, "status") == [
        ("open", "open"),
        ("open", "in_progress"),
        ("in_progress", "waiting"),
        ("waiting", "open"),
    ]
    assert (ticket.complete_since, ticket.problems) == (None, ())


def test_what_an_empty_status_field_means_can_be_listed(harness: AsanaHarness) -> None:
    with_status_field(harness)
    status = {"open": ["New", "Doing", "Asked"], "waiting": [""]}
    tracker = opened(harness, status_field="Stage", status=status)
    assert read(tracker, harness.create("Late report")).status is Status.WAITING


def test_a_status_field_that_is_nowhere_stops_the_ticket_naming_the_key(harness: AsanaHarness) -> None:
    task = harness.create("Late report")
    harness.fake.add_field(harness.project, "Stage", "enum", ("New",))
    (page,) = opened(harness, status_field="Stadge").fetch([task])
    assert [failed.why for failed in page.failed] == [
        "status_field: the task has no custom field 'Stadge'; did you mean 'Stage'?"
    ]


def test_a_task_ticked_without_a_story_is_closed_from_when_it_was_ticked(
    harness: AsanaHarness, tracker: Tracker
) -> None:
    task = harness.create("Late report")
    harness.advance(60)
    ticked = harness.fake.task(task).completed_at = harness.fake.now
    harness.advance(60)
    harness.set_status(task, Status.WAITING)
    ticket = read(tracker, task)
    assert [(change.at, change.after) for change in ticket.changes] == [(ticked, "closed")]
    assert ticket.complete_since is None


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_history_counts_as_complete_only_from_behind_a_missing_story(
    harness: AsanaHarness, tracker: Tracker, lost: int
) -> None:
    task, moments = harness.create("Late report"), []
    for status in (Status.IN_PROGRESS, Status.WAITING, Status.RESOLVED):
        harness.advance(60)
        harness.set_status(task, status)
        moments.append(harness.fake.now)
    assert read(tracker, task).complete_since is None
    harness.advance(60)
    harness.fake.delete_story(harness.fake.stories(task)[1 + lost].gid)
    whole = None  # a missing beginning cannot be told from one that was never there
    assert read(tracker, task).complete_since == (whole, moments[2], harness.fake.now)[lost]


def test_stories_tell_labels_assignee_due_date_and_mapped_fields(harness: AsanaHarness) -> None:
    task = harness.create("Late report", severity="low", labels=("old",), due=date(2025, 3, 10))
    harness.advance(60)
    harness.add_label(task, "new")
    harness.remove_label(task, "old")
    harness.fake.edit_as(STAFF, task, assignee=STAFF)
    harness.fake.edit_as(STAFF, task, assignee=None)
    harness.fake.edit_as(STAFF, task, due_at=datetime(2025, 3, 12, 23, 30, tzinfo=UTC))
    harness.fake.edit_as(STAFF, task, fields={"Severity": "Critical", "Client": "Client B"})
    ticket = read(opened(harness, source={"zone": "Europe/Copenhagen"}), task)
    assert told(ticket, "labels") == [("old", "new old"), ("new old", "new")]
    assert told(ticket, "assignee") == [("", STAFF), (STAFF, "")]
    assert told(ticket, "due") == [("2025-03-10", "2025-03-13")]
    assert told(ticket, "severity") == [("Low", "Critical")]
    assert told(ticket, "client") == [("Client A", "Client B")]
    assert (ticket.due, {change.author.side for change in ticket.changes}) == (date(2025, 3, 13), {"staff"})


def test_a_story_of_a_rule_of_asanas_own_has_no_author(harness: AsanaHarness, tracker: Tracker) -> None:
    task = harness.create("Late report")
    harness.fake.edit_as(None, task, due_on="2025-03-10")
    (change,) = read(tracker, task).changes
    assert (change.field, change.author.side, change.author.id) == ("due", "unknown", "")


@pytest.mark.parametrize(
    ("kind", "options", "value", "text"),
    [
        ("text", (), "three words here", "three words here"),
        ("number", (), 12.0, "12"),
        ("number", (), 0.5, "0.5"),
        ("enum", ("Gold", "Silver"), "Gold", "Gold"),
        ("multi_enum", ("Web", "Print"), ["Web", "Print"], "Web, Print"),
        ("date", (), "2025-03-01", "2025-03-01"),
        ("people", (), [STAFF, CLIENT], f"{STAFF}, {CLIENT}"),
    ],
)
def test_a_custom_field_of_any_type_becomes_text(
    harness: AsanaHarness, kind: Kind, options: tuple[str, ...], value: object, text: str
) -> None:
    harness.fake.add_field(harness.project, "Extra", kind, options)
    task = harness.create("Late report")
    harness.advance(60)
    harness.fake.edit_as(STAFF, task, fields={"Extra": value})
    tracker = opened(harness, fields={"own": {"extra": "EXTRA"}})
    ticket = read(tracker, task)
    assert ticket.fields["extra"] == text
    assert told(ticket, "extra") == [("", text)]


def test_a_mapped_field_that_the_task_lacks_is_a_problem_with_its_remedy(harness: AsanaHarness) -> None:
    task = harness.create("Late report")
    tracker = opened(harness, fields={"client": "Cliennt", "budget": "Hours"})
    assert read(tracker, task).problems == (
        "fields.client: the task has no custom field 'Cliennt'; did you mean 'Client'?",
        "fields.budget: the task has no custom field 'Hours'; add it to its project, or correct the mapping",
    )


# --- labels and due dates ---------------------------------------------------------------------------------------


def test_labels_as_tags_are_looked_up_once_and_made_when_missing(harness: AsanaHarness, tracker: Tracker) -> None:
    task = harness.create("Late report", labels=("theirs",))
    harness.fake.add_tag("esc:high")
    before = harness.requests
    written = tracker.edit(task, Edit(add_labels=("esc:high", "esc:delivery"), set_due=True, due=date(2025, 3, 9)))
    assert asked(harness.fake, before) == [
        "GET /workspaces/…/tags",
        "POST /tasks/…/addTag",
        "GET /workspaces/…/tags",
        "POST /workspaces/…/tags",
        "POST /tasks/…/addTag",
        "PUT /tasks/…",
    ]
    assert written.labels == harness.labels_of(task) == {"theirs", "esc:high", "esc:delivery"}
    assert (written.at, harness.due_of(task)) == (harness.fake.now, date(2025, 3, 9))
    other, before = harness.create("Another"), harness.requests
    tracker.edit(other, Edit(add_labels=("esc:high",)))
    assert asked(harness.fake, before) == ["POST /tasks/…/addTag"]


def test_of_several_tags_with_one_name_the_oldest_is_put_on_and_each_is_taken_off(
    harness: AsanaHarness, tracker: Tracker
) -> None:
    first, second = harness.fake.add_tag("esc:high"), harness.fake.add_tag("esc:high")
    task = harness.create("Late report")
    tracker.edit(task, Edit(add_labels=("esc:high",)))
    assert harness.fake.task(task).tags == [first]
    harness.fake.task(task).tags.append(second)
    tracker.edit(task, Edit(remove_labels=("esc:high", "esc:low")))
    assert harness.labels_of(task) == frozenset()


def test_a_tag_that_somebody_deleted_is_made_again(harness: AsanaHarness, tracker: Tracker) -> None:
    task = harness.create("Late report")
    tracker.edit(task, Edit(add_labels=("esc:high",)))
    (tag,) = harness.fake.task(task).tags
    harness.fake.task(task).tags.clear()
    harness.fake.all_tags.remove(tag)
    del harness.fake.things[tag.gid]
    tracker.edit(task, Edit(add_labels=("esc:high",)))
    (again,) = harness.fake.task(task).tags
    assert (again.name, again.gid == tag.gid) == ("esc:high", False)


def test_writers_side_by_side_make_a_tag_once(harness: AsanaHarness, tracker: Tracker) -> None:
    tasks = [harness.create(f"Issue {number}") for number in range(6)]

    def write(task: str) -> None:
        hand = tracker.clone()
        hand.edit(task, Edit(add_labels=("esc:high",)))
        hand.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, tasks))
    assert len({tag.gid for task in tasks for tag in harness.fake.task(task).tags}) == 1


def with_labels_field(harness: AsanaHarness) -> Tracker:
    harness.fake.add_field(harness.project, "Labels", "multi_enum", ("esc:high", "esc:low", "theirs"))
    return opened(harness, labels_in="Labels")


def test_labels_in_a_field_go_with_the_due_date_in_one_write(harness: AsanaHarness) -> None:
    tracker, task = with_labels_field(harness), harness.create("Late report")
    harness.fake.edit_as(STAFF, task, fields={"Labels": ["theirs", "esc:low"]})
    before = harness.requests
    edit = Edit(add_labels=("esc:high",), remove_labels=("esc:low",), set_due=True, due=date(2025, 3, 9))
    written = tracker.edit(task, edit)
    assert asked(harness.fake, before) == ["GET /tasks/…", "PUT /tasks/…"]
    assert written.labels == frozenset({"theirs", "esc:high"})
    ticket = read(tracker, task)
    assert (ticket.labels, ticket.due) == (frozenset({"theirs", "esc:high"}), date(2025, 3, 9))
    assert told(ticket, "labels")[-1] == ("esc:low theirs", "esc:high theirs")


def test_a_label_that_is_no_option_of_the_field_is_refused_with_its_remedy(harness: AsanaHarness) -> None:
    tracker, task = with_labels_field(harness), harness.create("Late report")
    with pytest.raises(InvalidError, match="add the option 'esc:breach' to the custom field 'Labels'"):
        tracker.edit(task, Edit(add_labels=("esc:high", "esc:breach")))
    with pytest.raises(InvalidError, match="labels_in: the task has no custom field 'Marks'"):
        opened(harness, labels_in="Marks").edit(task, Edit(add_labels=("esc:high",)))
    assert [entry.method for entry in harness.fake.log if entry.method != "GET"] == []


def test_a_due_instant_is_the_end_of_the_day_where_the_source_is(harness: AsanaHarness) -> None:
    task = harness.create("Late report", due=date(2025, 3, 1))
    tracker = opened(harness, source={"zone": "Asia/Tokyo"}, due_field="due_at")
    tracker.edit(task, Edit(set_due=True, due=date(2025, 3, 9)))
    assert harness.fake.task(task).due_at == datetime(2025, 3, 9, 14, 59, tzinfo=UTC)
    assert read(tracker, task).due == date(2025, 3, 9)
    tracker.edit(task, Edit(set_due=True))
    assert (harness.fake.task(task).due_at, read(tracker, task).due) == (None, None)


def test_an_edit_that_changes_nothing_asks_nothing(harness: AsanaHarness, tracker: Tracker) -> None:
    task, before = harness.create("Late report"), harness.requests
    tracker.edit(task, Edit(ledger={"kept": "nowhere"}))
    assert harness.requests == before


# --- comments ---------------------------------------------------------------------------------------------------


def test_rich_text_survives_with_everything_that_could_break_it(harness: AsanaHarness, tracker: Tracker) -> None:
    document: Document = (
        Paragraph((Span("Hand-over & <facts>"),), level=2),
        Paragraph(
            (Span("bold", "strong"), Span(" \x00\ud800\ufffe"), Span("code", "code"), Span("!", "emphasis"))
        ),
        Bullets(((Span('"quoted"'),), (Span("here", link="https://firm.example/?a=1&b='2'"),))),
        Paragraph((Span("納期が遅れています"),)),
    )
    task = harness.create("Late report")
    tracker.comment(task, Draft(document, Audience.CLIENT, (MARK, "b7x2zzabcdef")))
    (posted,) = harness.fake.exchanges[-1:]
    assert posted.request.body["data"]["html_text"] == (
        "<body><strong>Hand-over &amp; &lt;facts&gt;</strong>\n\n"
        "<strong>bold</strong> <code>code</code><em>!</em>\n"
        '<ul><li>"quoted"</li><li><a href="https://firm.example/?a=1&amp;b=&#x27;2&#x27;">here</a></li></ul>\n'
        "納期が遅れています\n\nref k7f3q2 b7x2zz</body>"
    )
    assert set(tracker.marks(task).marks) == {"k7f3q2", "b7x2zz"}


def test_what_is_too_long_is_left_out_and_the_reference_is_not() -> None:
    blocks = tuple(Paragraph((Span(letter * 9_000),)) for letter in "abcd")
    text = html((*blocks, Paragraph((Span("last"),))), (MARK,))
    assert len(text) < LONGEST + 100
    assert text.endswith("last\n\n…\n\nref k7f3q2</body>")
    assert "dddd" not in text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("News\n\nref k7f3q2", ("k7f3q2",)),
        ("ref k7f3q2 b7x2zz\n", ("k7f3q2", "b7x2zz")),
        ("News\r\nref k7f3q2 ", ("k7f3q2",)),
        ("as you said: ref k7f3q2", ()),
        ("ref k7f3q2\n\nand more", ()),
        ("ref K7F3Q2", ()),
        ("ref k7f3q", ()),
        ("ref k7f3q2b", ()),
        ("", ()),
    ],
)
def test_a_reference_is_the_whole_last_line(text: str, found: tuple[str, ...]) -> None:
    assert references(text) == found


def test_a_reference_that_another_person_typed_is_no_mark(harness: AsanaHarness, tracker: Tracker) -> None:
    task = harness.create("Late report")
    harness.comment_as_client(task, "You wrote:\nref k7f3q2")
    marks = tracker.marks(task)
    assert (marks.complete, marks.marks) == (True, {})
    assert [comment.author.side for comment in read(tracker, task).comments] == ["client"]


def test_marks_of_an_account_that_we_wrote_with_before_are_ours_if_it_is_listed(harness: AsanaHarness) -> None:
    task = harness.create("Late report")
    harness.fake.comment_as("Former bot", task, "News\n\nref k7f3q2")
    tracker = opened(harness, people={"machines": [harness.fake.person("Former bot").gid]})
    assert set(tracker.marks(task).marks) == {"k7f3q2"}


def test_marks_are_read_from_every_page_of_stories(harness: AsanaHarness, tracker: Tracker) -> None:
    task = harness.create("Talked about")
    tracker.comment(task, DRAFT)
    for number in range(205):
        harness.comment_as_staff(task, f"note {number}")
    before = harness.requests
    marks = tracker.marks(task)
    assert (marks.complete, set(marks.marks)) == (True, {"k7f3q2"})
    assert asked(harness.fake, before).count("GET /tasks/…/stories") == 3


def test_marks_that_cannot_be_read_are_unassessable(harness: AsanaHarness, tracker: Tracker) -> None:
    task = harness.create("Late report")
    harness.fake.forbid(harness.project)
    assert not tracker.marks(task).complete


def test_a_comment_reaches_whom_the_source_says_or_is_not_posted(harness: AsanaHarness, tracker: Tracker) -> None:
    task = harness.create("Late report")
    internal = Draft(NEWS, Audience.INTERNAL, (MARK,))
    with pytest.raises(InvalidError, match="correct `readers`"):
        tracker.comment(task, internal)
    staff_only = opened(harness, source={"readers": "staff"})
    with pytest.raises(InvalidError, match="correct `readers`"):
        staff_only.comment(task, DRAFT)
    assert harness.comments_of(task) == []
    assert staff_only.comment(task, internal).audience is Audience.INTERNAL
    assert read(staff_only, task).audiences == {Audience.INTERNAL}


# --- failures ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "reading", "writing"),
    [
        (400, InvalidError, InvalidError),
        (401, CredentialsError, CredentialsError),
        (402, ForbiddenError, ForbiddenError),
        (403, ForbiddenError, ForbiddenError),
        (404, NotFoundError, NotFoundError),
        (412, ConflictError, ConflictError),
        (413, InvalidError, InvalidError),
        (429, RateLimitedError, LostAnswerError),
        (451, ForbiddenError, ForbiddenError),
        (500, ServerFaultError, LostAnswerError),
        (503, ServerFaultError, LostAnswerError),
    ],
)
def test_a_status_has_one_class_whatever_its_text(
    harness: AsanaHarness,
    tracker: Tracker,
    status: int,
    reading: type[TrackerError],
    writing: type[TrackerError],
) -> None:
    task = harness.create("Late report")
    reads, writes = (4 if kind in {RateLimitedError, ServerFaultError} else 1 for kind in (reading, writing))
    for body in ({"errors": [{"message": "納期: ダメ", "help": "…"}]}, b"<html>gateway</html>", {"errors": None}):
        harness.fake.script(Reply(status, body), path="/users/me", times=reads)
        with pytest.raises(reading) as read_failure:
            tracker.connect()
        harness.fake.script(Reply(status, body), path="/stories", times=writes)
        with pytest.raises(writing) as write_failure:
            tracker.comment(task, DRAFT)
        assert (type(read_failure.value), type(write_failure.value)) == (reading, writing)
        assert harness.fake.token not in f"{read_failure.value!r} {write_failure.value!r}"
    assert harness.comments_of(task) == []


def test_a_refusal_names_the_field_that_asana_names(harness: AsanaHarness, tracker: Tracker) -> None:
    task = harness.create("Late report")
    said = {"errors": [{"message": "due_on: cannot be before start_on"}]}
    harness.fake.script(Reply(400, said), method="PUT")
    with pytest.raises(InvalidError, match="cannot be before start_on") as failure:
        tracker.edit(task, Edit(set_due=True, due=date(2025, 3, 9)))
    assert failure.value.fields == ("due_on",)


@pytest.mark.parametrize(
    "fault",
    [
        DropBefore(),
        DropAfter(),
        HalfBody(),
        Reply(201, b"<html>welcome</html>", applied=True),
        Reply(201, {"data": {}}, applied=True),
    ],
)
def test_a_comment_whose_answer_is_lost_or_unreadable_is_sent_once(
    harness: AsanaHarness, tracker: Tracker, fault: Fault
) -> None:
    task = harness.create("Late report")
    before = harness.requests
    harness.fake.script(fault, method="POST", path="/stories")
    with pytest.raises(LostAnswerError):
        tracker.comment(task, DRAFT)
    assert asked(harness.fake, before) == ["POST /tasks/…/stories"]
    posted = {"k7f3q2"} if harness.comments_of(task) else set()
    assert set(tracker.marks(task).marks) == posted


@pytest.mark.parametrize(
    "fault",
    [
        DropBefore(),
        HalfBody(),
        Reply(200, b"<html>welcome</html>"),
        Reply(200, []),
        Reply(503, headers={"Retry-After": "3"}),
    ],
)
def test_a_read_that_fails_in_passing_is_asked_again(
    harness: AsanaHarness, tracker: Tracker, fault: Fault
) -> None:
    task = harness.create("Late report")
    harness.fake.script(fault, path="/stories", times=3)
    assert read(tracker, task).id == task
    assert len([request for request in harness.fake.log if "/stories" in request.path]) == 4
    assert sum(harness.waits) >= 3


@pytest.mark.parametrize("data", [None, "text", {"name": "no gid"}, [{"name": "no gid"}], [None]])
def test_an_answer_that_is_no_record_is_a_fault_of_the_server(
    harness: AsanaHarness, tracker: Tracker, data: object
) -> None:
    task = harness.create("Late report")
    harness.fake.script(Reply(200, {"data": data}), times=2)
    with pytest.raises(ServerFaultError, match="something else"):
        tracker.connect()
    with pytest.raises(ServerFaultError, match="something else"):
        list(tracker.ids())
    harness.fake.script(Reply(200, {"data": data}, applied=True), method="PUT")
    with pytest.raises(LostAnswerError, match="not the record"):
        tracker.edit(task, Edit(set_due=True, due=date(2025, 3, 9)))


def test_a_server_that_does_not_speak_tls_is_a_server_fault(harness: AsanaHarness) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            for _ in range(4):
                listener.accept()[0].close()

        port, hand = listener.getsockname()[1], threading.Thread(target=hang_up)
        hand.start()
        source = harness.source(url=f"https://127.0.0.1:{port}/api/1.0")
        tracker = open_asana(source, harness.mapping(), "token", pace=harness.pace)
        with pytest.raises(ServerFaultError, match="could not be read: the connection broke"):
            tracker.connect()
        hand.join()
        tracker.close()
    assert len(harness.waits) == 3


def test_an_asana_that_is_not_there_is_a_server_fault_for_reads_and_writes(harness: AsanaHarness) -> None:
    tracker, task = opened(harness), harness.create("Late report")
    tracker.close()
    harness.fake.close()
    with pytest.raises(ServerFaultError, match="cannot be reached"):
        tracker.connect()
    with pytest.raises(ServerFaultError, match="cannot be reached"):
        tracker.comment(task, DRAFT)


def test_a_limit_that_asks_for_more_than_a_minute_ends_the_call(harness: AsanaHarness, tracker: Tracker) -> None:
    harness.fake.script(Reply(429, {}, {"Retry-After": "61"}))
    with pytest.raises(RateLimitedError) as failure:
        tracker.connect()
    assert (failure.value.retry_after, harness.waits) == (timedelta(seconds=61), [])


def test_a_wait_can_be_interrupted(harness: AsanaHarness) -> None:
    def stop(_seconds: float) -> None:
        raise KeyboardInterrupt

    tracker = open_asana(harness.source(), harness.mapping(), harness.fake.token, pace=Pace(wait=stop))
    harness.stumble()
    with pytest.raises(KeyboardInterrupt):
        tracker.connect()
    tracker.close()


@pytest.mark.parametrize(
    ("asked_for", "wait"),
    [
        ("30", timedelta(seconds=30)),
        ("1.5", timedelta(seconds=1.5)),
        ("0", timedelta()),
        ("-3", timedelta()),
        ("Mon, 03 Mar 2025 09:00:10 GMT", timedelta(seconds=10)),
        ("Mon, 03 Mar 2025 08:00:00 GMT", timedelta()),
        ("soon", None),
        ("nan", None),
        ("1e400", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_every_form(asked_for: str, wait: timedelta | None) -> None:
    assert retry_after({"Retry-After": asked_for, "Date": "Mon, 03 Mar 2025 09:00:00 GMT"}) == wait


def test_a_wrong_token_is_told_as_such_and_never_shown(harness: AsanaHarness) -> None:
    for token in ("1/wrong:secret", "", "has\nnewline", "naïve"):
        with pytest.raises(CredentialsError) as failure:
            harness.tracker(token=token or " ").connect()
        assert "secret" not in str(failure.value)


def test_the_sdk_leaves_neither_log_handlers_nor_threads(harness: AsanaHarness) -> None:
    before = threading.active_count()
    trackers = [harness.tracker() for _ in range(3)]
    assert threading.active_count() == before
    handlers = [handler for name in ("asana", "urllib3") for handler in logging.getLogger(name).handlers]
    assert [handler for handler in handlers if isinstance(handler, logging.StreamHandler)] == []
    for tracker in trackers:
        tracker.close()


# --- bringing people in, and follow-ups -------------------------------------------------------------------------


def mentioning(person: str) -> Document:
    return (Paragraph((Span("Please look, "), Span("Delivery lead", person=person), Span("."))),)


def test_a_mention_is_a_bare_link_that_asana_fills_in(harness: AsanaHarness, tracker: Tracker) -> None:
    task = harness.create("Late")
    tracker.comment(task, Draft(mentioning(harness.staff_id()), Audience.CLIENT, (MARK,)))
    sent = harness.fake.log[-1].body["data"]["html_text"]
    link = f'<a data-asana-gid="{harness.staff_id()}"/>'
    assert sent == f"<body>Please look, {link}.\n\nref k7f3q2</body>"
    assert read(tracker, task).comments[0].marks == ("k7f3q2",)


@pytest.mark.parametrize(
    ("person", "sent"),
    [("5b10a2844c20165700ede21g", 1), ("987654321", 2)],
    ids=["another tracker's id", "nobody's"],
)
def test_one_who_cannot_be_mentioned_is_named_and_the_comment_stands_once(
    harness: AsanaHarness, tracker: Tracker, person: str, sent: int
) -> None:
    task = harness.create("Late")
    before = harness.requests
    tracker.comment(task, Draft(mentioning(person), Audience.CLIENT, (MARK,)))
    assert asked(harness.fake, before) == ["POST /tasks/…/stories"] * sent
    assert [posted.text for posted in harness.comments_of(task)] == ["Please look, Delivery lead."]


def test_a_comment_without_mentions_that_is_refused_is_not_sent_again(
    harness: AsanaHarness, tracker: Tracker
) -> None:
    task = harness.create("Late")
    harness.fake.script(Reply(400, {"errors": [{"message": "text: no"}]}), method="POST")
    before = harness.requests
    with pytest.raises(InvalidError):
        tracker.comment(task, DRAFT)
    assert asked(harness.fake, before) == ["POST /tasks/…/stories"]


def test_all_who_are_to_follow_are_one_request_and_the_owner_goes_with_the_due_date(
    harness: AsanaHarness, tracker: Tracker
) -> None:
    task, other = harness.create("Late"), harness.fake.person("Account manager").gid
    before = harness.requests
    watch = (harness.staff_id(), other)
    tracker.edit(task, Edit(set_due=True, due=date(2025, 3, 9), watch=watch, assign=harness.staff_id()))
    assert asked(harness.fake, before) == ["POST /tasks/…/addFollowers", "PUT /tasks/…"]
    assert harness.followers_of(task) == set(watch)
    found = read(tracker, task)
    assert (found.due, found.assignee and found.assignee.id) == (date(2025, 3, 9), harness.staff_id())
    assert told(found, "assignee") == [("", "Delivery lead")]


@pytest.mark.parametrize("refused", ["watch", "assign"])
def test_somebody_whom_asana_refuses_holds_up_nothing_and_is_told(
    harness: AsanaHarness, tracker: Tracker, refused: str
) -> None:
    task, hand = harness.create("Late"), tracker.clone()
    people: dict[str, Any] = {"watch": ("4711",)} if refused == "watch" else {"assign": "4711"}
    hand.edit(task, Edit(add_labels=("esc:high",), set_due=True, due=date(2025, 3, 9), **people))
    found = read(tracker, task)
    assert (found.due, found.assignee) == (date(2025, 3, 9), None)
    assert found.labels == {"esc:high"}
    assert tracker.notice
    assert "4711 could not be made" in tracker.notice
    known: dict[str, Any] = (
        {"watch": (harness.staff_id(),)} if refused == "watch" else {"assign": harness.staff_id()}
    )
    hand.edit(task, Edit(**known))
    assert tracker.notice is None


def test_who_left_costs_a_request_a_hundred_people_until_all_are_found(
    harness: AsanaHarness, tracker: Tracker
) -> None:
    gids = [harness.fake.person(f"Person {number}").gid for number in range(205)]
    for number in (0, 204):
        harness.fake.deactivate(f"Person {number}")
    for sought, requests in (([], 0), (["no-gid", "me"], 0), (gids[:2], 1), ([gids[0], gids[204]], 3), (["1"], 3)):
        before = harness.requests
        assert tracker.left(sought) == {gids[0], gids[204]} & set(sought)
        assert harness.requests - before == requests


def test_an_account_that_may_not_see_the_people_knows_of_nobody_who_left(
    harness: AsanaHarness, tracker: Tracker
) -> None:
    harness.dismiss_staff()
    harness.fake.script(Reply(403, {"errors": [{"message": "Forbidden"}]}), method="GET")
    assert tracker.left({harness.staff_id()}) == frozenset()


def test_a_follow_up_is_a_subtask_that_stands_in_one_request_with_its_proof(
    harness: AsanaHarness, tracker: Tracker
) -> None:
    task = harness.create("Late")
    tracker.follow_up(task, CHECKPOINT)
    before = harness.requests
    created = tracker.follow_up(
        task, FollowUp("Post-mortem", NEWS, "m2m2m2abcdef", labels=("esc:follow-up",))
    ).created
    assert asked(harness.fake, before) == ["GET /tasks/…", "POST /tasks/…/subtasks"]
    made = harness.fake.task(created)
    assert (made.name, made.notes) == ("Post-mortem", "News\n\nfollow-up m2m2m2")
    assert (made.due_on, made.assignee, [*made.memberships]) == (
        None,
        None,
        [harness.fake.project(harness.project)],
    )
    assert read(tracker, created).follow_up


def test_a_follow_up_stays_one_whatever_people_do_to_its_label_and_its_notes(
    harness: AsanaHarness, tracker: Tracker
) -> None:
    task = harness.create("Late")
    created = tracker.follow_up(task, CHECKPOINT).created
    harness.remove_label(created, "esc:follow-up")
    harness.fake.edit_as(STAFF, created, notes=f"Urgent!\n{harness.fake.task(created).notes}\nDone by Friday.")
    assert read(tracker, created).follow_up
    assert tracker.follow_ups(task) == {"k7f3q2": created}


def test_nobody_makes_a_task_a_follow_up_by_typing_a_reference(harness: AsanaHarness, tracker: Tracker) -> None:
    task = harness.create("Late", text="We wait.\n\nfollow-up k7f3q2")
    assert not read(tracker, task).follow_up


def test_a_label_that_is_no_option_is_left_out_of_a_follow_up_and_its_reference_suffices(tmp_path: Path) -> None:
    with AsanaFieldsHarness(tmp_path) as harness:
        tracker = opened(harness)
        task = harness.create("Late")
        labels = ("esc:high", "esc:of-no-option")
        created = tracker.follow_up(task, FollowUp("Checkpoint", NEWS, MARK, labels=labels)).created
        assert harness.labels_of(created) == {"esc:high"}
        bare = tracker.follow_up(task, FollowUp("Another", NEWS, "m2m2m2abcdef", labels=labels[1:])).created
        assert [read(tracker, made).follow_up for made in (created, bare)] == [True, True]


def test_no_follow_up_is_made_unless_the_mapping_says_so(harness: AsanaHarness) -> None:
    task = harness.create("Late")
    with pytest.raises(InvalidError, match="follow_up = true"):
        opened(harness, follow_up=False).follow_up(task, CHECKPOINT)
    assert harness.below(task) == []


def test_a_task_that_left_the_projects_gets_no_follow_up(harness: AsanaHarness) -> None:
    task = harness.create("Late")
    elsewhere = opened(harness, source={"projects": [harness.fake.add_project("Other")]})
    with pytest.raises(NotFoundError):
        elsewhere.follow_up(task, CHECKPOINT)
    assert harness.below(task) == []


def test_follow_ups_that_may_not_be_seen_are_not_taken_for_absent(harness: AsanaHarness, tracker: Tracker) -> None:
    task = harness.create("Late")
    harness.fake.script(Reply(403, {"errors": [{"message": "Forbidden"}]}), method="GET")
    assert tracker.follow_ups(task) is None


# --- where we are -----------------------------------------------------------------------------------------------


def test_an_account_of_several_workspaces_is_where_its_projects_are(harness: AsanaHarness) -> None:
    second = harness.fake.add_project("Second")
    me = {"gid": "7", "workspaces": [{"gid": "1"}, {"gid": harness.fake.workspace}]}
    harness.fake.script(Reply(200, {"data": me}), path="/users/me", times=2)
    source = harness.source(projects=[harness.project, second])
    tracker = open_asana(source, harness.mapping(), harness.fake.token)
    assert tracker.connect() == harness.fake.workspace
    before = harness.requests
    tracker.connect()
    assert asked(harness.fake, before) == ["GET /users/me"]
    tracker.close()


def test_projects_of_several_workspaces_are_refused_by_name(harness: AsanaHarness) -> None:
    me = {"gid": "7", "workspaces": [{"gid": "1"}, {"gid": harness.fake.workspace}]}
    second = harness.fake.add_project("Second")
    harness.fake.script(Reply(200, {"data": me}), path="/users/me")
    harness.fake.script(
        Reply(200, {"data": {"gid": second, "workspace": {"gid": "1"}}}), path=f"/projects/{second}"
    )
    tracker = open_asana(harness.source(projects=[harness.project, second]), harness.mapping(), harness.fake.token)
    with pytest.raises(InvalidError, match=f"{second} in 1.*one source for each workspace"):
        tracker.connect()
    tracker.close()


def test_a_kept_site_id_stands_in_for_the_workspaces(harness: AsanaHarness) -> None:
    task = harness.create("Late report")
    tracker = open_asana(harness.source(site="kept"), harness.mapping(), harness.fake.token)
    assert (tracker.connect(), read(tracker, task).site) == ("kept", "kept")
    tracker.edit(task, Edit(add_labels=("esc:high",)))
    assert harness.labels_of(task) == {"esc:high"}
    tracker.close()


# --- check --online ---------------------------------------------------------------------------------------------


def findings(tracker: Tracker, level: str) -> list[str]:
    return [f"{finding.about}: {finding.what}" for finding in tracker.check() if finding.level == level]


def test_check_finds_nothing_wrong_where_nothing_is(harness: AsanaHarness) -> None:
    harness.fake.project(harness.project).sections.pop()
    tracker = opened(harness)
    before = len(harness.fake.log)
    assert findings(tracker, "error") == []
    assert findings(tracker, "warning") == []
    assert {entry.method for entry in harness.fake.log[before:]} == {"GET"}


def test_check_finds_nothing_wrong_where_status_and_labels_are_fields(tmp_path: Path) -> None:
    with AsanaFieldsHarness(tmp_path) as harness:
        tracker = opened(harness)
        assert findings(tracker, "error") == []
        assert findings(tracker, "warning") == ["status: 'Attic' is in no list of [status]; its tasks fail"]
        assert "labels: options of 'Labels' begin with 'esc:'" in findings(tracker, "ok")
        tracker.close()


def test_check_names_fields_and_statuses_with_what_was_meant(harness: AsanaHarness) -> None:
    harness.fake.add_section(harness.project, "With the cliend")
    tracker = opened(
        harness,
        fields={"client": "Cleint", "severity": "Severity"},
        labels_in="Severity",
        status={
            "open": ["New", "Reopened"],
            "waiting": ["With the client"],
            "closed": ["Done", "Doing", "Answered"],
        },
    )
    assert findings(tracker, "error") == [
        "fields.client: no project has a custom field 'Cleint'; did you mean 'Client'?",
        "labels_in: the custom field 'Severity' is of type enum; it must be multi_enum",
        "labels: no option of 'Severity' begins with 'esc:'; add one for each label that makegood is to write",
    ]
    assert findings(tracker, "warning") == [
        "status: 'Attic' is in no list of [status]; its tasks fail",
        "status: 'With the cliend' is in no list of [status]; did you mean 'With the client'?; its tasks fail",
        "status: [status] lists 'Reopened', which is nowhere",
    ]


def test_check_proves_who_reads(harness: AsanaHarness) -> None:
    team = harness.fake.add_team("Partners", [STAFF])
    second = harness.fake.add_project("Second", sections=tuple(SECTIONS.values()))
    harness.fake.share(second, team)
    harness.fake.add_field(second, "Client", "text")
    tracker = opened(harness, source={"projects": [harness.project, second], "readers": "staff"})
    (error,) = findings(tracker, "error")
    assert error == (
        f"readers of project 'Client issues': the config says readers = \"staff\", but guests read it: {CLIENT}; "
        'write "staff-and-clients", or take them off the project'
    )
    assert "fields.severity: project 'Second' has no custom field 'Severity'; add it there" in findings(
        tracker, "warning"
    )
    harness.fake.share(second, harness.fake.add_team("Visitors", [CLIENT]))
    assert [what for what in findings(tracker, "error") if "Second" in what]


def test_check_says_what_the_account_may_not_do(harness: AsanaHarness) -> None:
    closed, read_only = harness.fake.add_project("Closed", open_as=None), harness.fake.add_project("Read only")
    harness.fake.share(read_only, "makegood", "commenter")
    tracker = opened(harness, source={"projects": [closed, read_only, "404"], "mode": "full"})
    errors = "\n".join(findings(tracker, "error"))
    assert f"project {closed}: Asana does not let this account do that" in errors
    assert "project 404: Asana knows no such thing" in errors
    assert "project 'Read only': as commenter the account can not write labels and due dates" in errors
    harness.fake.token = "another"
    (only,) = tracker.check()
    assert (only.level, only.about) == ("error", "credentials")


def test_check_warns_of_a_guest_account_and_an_archived_project(harness: AsanaHarness, tracker: Tracker) -> None:
    harness.fake.person("makegood").guest = True
    harness.fake.share(harness.project, "makegood")
    shown = {"gid": harness.project, "name": "Client issues", "archived": True}
    harness.fake.script(Reply(200, {"data": shown}), path="/projects/[0-9]+$")
    assert findings(tracker, "warning")[0] == "project 'Client issues': is archived; take it out of `projects`"
    assert [what for what in findings(tracker, "warning") if what.startswith("account: it is a guest")]


def test_check_on_a_free_plan_says_that_custom_fields_cost() -> None:
    with AsanaFake(paid=False) as fake:
        project = fake.add_project("Issues", sections=("New",))
        source = AsanaSource.model_validate(
            {"tracker": "asana", "name": "agency", "url": fake.host, "projects": [project]}
        )
        mapping = AsanaMapping.model_validate({"status": {"open": ["New"]}, "fields": {"client": "Client"}})
        tracker = open_asana(source, mapping, fake.token)
        (error,) = findings(tracker, "error")
        assert error.startswith("custom fields: it cannot be looked into: Asana needs a paid plan for this")
        tracker.close()


# --- against the vendor's document, and real issues --------------------------------------------------------------


def test_everything_that_is_sent_is_in_asanas_own_document(corpus: Path, tmp_path: Path) -> None:
    with AsanaHarness(tmp_path) as harness:
        harness.fake.check = vendor_specs.asana(corpus).check
        task = harness.create("Late report", labels=("old",), severity="high")
        harness.fake.share(harness.project, harness.fake.add_team("Team", [STAFF]))
        with_labels_field(harness)
        by_field = opened(harness, labels_in="Labels", due_field="due_at")
        tracker = opened(harness)
        _, cursor = poll(tracker)
        poll(tracker, cursor)
        tracker.edit(task, Edit(("esc:high",), ("old",), set_due=True, due=date(2025, 3, 9)))
        by_field.edit(task, Edit(("esc:high",), set_due=True, due=date(2025, 3, 9)))
        tracker.comment(task, DRAFT)
        tracker.comment(task, Draft(mentioning(harness.staff_id()), Audience.CLIENT, (MARK,)))
        tracker.edit(task, Edit(watch=(harness.staff_id(),), assign=harness.staff_id()))
        tracker.follow_up(task, CHECKPOINT)
        by_field.follow_up(task, CHECKPOINT)
        tracker.follow_ups(task)
        tracker.left({harness.staff_id()})
        tracker.marks(task)
        read(tracker, task)
        list(tracker.ids())
        list(tracker.check())
        log = harness.fake.log
    assert len({f"{entry.method} {entry.path}" for entry in log}) > 18
    document = json.loads((corpus / "specs" / "asana.json").read_text())
    assert [
        field
        for entry in log
        for field in undocumented(document, entry.method, entry.path, entry.one("opt_fields"))
    ] == []


def undocumented(document: dict[str, Any], method: str, path: str, opt_fields: str) -> set[str]:
    """The fields asked for that the operation's document does not offer."""
    parts = path.removeprefix("/api/1.0").split("/")
    known = [
        {
            field
            for one in (*item.get("parameters", ()), *item[method.lower()].get("parameters", ()))
            if one.get("name") == "opt_fields"
            for field in one["schema"]["items"]["enum"]
        }
        for template, item in document["paths"].items()
        if method.lower() in item
        and len(template.split("/")) == len(parts)
        and all(
            mine == theirs or theirs.startswith("{")
            for mine, theirs in zip(parts, template.split("/"), strict=True)
        )
    ]
    return set(filter(None, opt_fields.split(","))) - set.union(*known)


def test_the_history_of_real_issues_is_told_whole(corpus: Path) -> None:
    lines = (corpus / "data" / "jira-issues.jsonl").read_text().splitlines()[::5]
    issues = [json.loads(line) for line in lines]
    with AsanaFake() as fake:
        project = fake.add_project("Issues")
        loaded = {fake.load_jira(issue, project=project, status="field"): issue for issue in issues}
        source = AsanaSource.model_validate(
            {"tracker": "asana", "name": "agency", "url": fake.host, "projects": [project]}
        )
        tracker = open_asana(source, fitted(issues), fake.token)
        seen = {ticket.id: ticket for ticket in poll(tracker)[0]}
        tracker.close()
    assert seen.keys() == loaded.keys()
    for gid, issue in loaded.items():
        ticket = seen[gid]
        assert (ticket.title, ticket.complete_since) == (issue["fields"]["summary"], None)
        assert len(ticket.comments) == len(issue["fields"]["comment"]["comments"])
        assert priorities(ticket.changes) == [
            (item["fromString"], item["toString"])
            for history in sorted(issue["changelog"]["histories"], key=lambda entry: entry["created"])
            for item in history["items"]
            if item["field"] == "priority" and item["fromString"] != item["toString"]
        ]


def priorities(changes: Iterable[Change]) -> list[tuple[str, str]]:
    return [(change.before, change.after) for change in changes if change.field == "priority"]


def fitted(issues: list[dict[str, Any]]) -> AsanaMapping:
    """A mapping that knows every status the issues ever had."""
    names = {issue["fields"]["status"]["name"] for issue in issues} | {
        item[side]
        for issue in issues
        for history in issue["changelog"]["histories"]
        for item in history["items"]
        if item["field"] == "status"
        for side in ("fromString", "toString")
    }
    done = {"Closed", "Resolved"}
    return AsanaMapping.model_validate(
        {
            "status_field": "Status",
            "fields": {"priority": "Priority"},
            "status": {"open": sorted(names - done), "closed": sorted(done)},
        }
    )
