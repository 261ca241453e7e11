"""What every tracker keeps to, whatever lies behind it; each harness passes all of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date
from typing import TYPE_CHECKING

import harness_asana
import harness_jira
import harness_workbook
import pytest

from sync.action import Draft, Edit, FollowUp
from sync.errors import CredentialsError, InvalidError, LostAnswerError, NotFoundError
from sync.richtext import Bullets, Paragraph, Span
from sync.ticket import Audience, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from harness import Harness

    from sync.action import Failed
    from sync.mapping.tracker_models import BringIn
    from sync.ticket import Ticket
    from sync.trackers.base import Page, Tracker

HARNESSES: tuple[type[Harness], ...] = (
    *harness_jira.HARNESSES,
    *harness_asana.HARNESSES,
    *harness_workbook.HARNESSES,
)
REMOTE = tuple(kind for kind in HARNESSES if kind.remote)
KEEPING_HISTORY = tuple(kind for kind in HARNESSES if kind.history)

MARK, OTHER_MARK = "k7f3q2aaaaaa", "zzzzz2bbbbbb"
BODY = (
    Paragraph((Span("Update due"),), level=3),
    Paragraph(
        (
            Span("Say "),
            Span("something", "strong"),
            Span(" by 17:00, see "),
            Span("why", link="https://example.com/why"),
        )
    ),
    Bullets(((Span("what happened"),), (Span("who is affected"),))),
)
HOSTILE = (
    Paragraph(
        (Span("<script>&amp; ]]> {code}x{code} [~admin] *bold* =1+1 \\ | !i! \x00\x0b\ud800 ö 日本 😀 :)"),)
    ),
    Paragraph((Span("two\nlines"), Span(""), Span("co`de", "code"), Span("end", "emphasis"))),
)


def started(kind: type[Harness], folder: Path) -> Iterator[Harness]:
    with kind(folder) as harness:
        yield harness


@pytest.fixture(params=HARNESSES, ids=lambda kind: kind.name)
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    yield from started(request.param, tmp_path)


@pytest.fixture(params=REMOTE, ids=lambda kind: kind.name)
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    yield from started(request.param, tmp_path)


@pytest.fixture(params=KEEPING_HISTORY, ids=lambda kind: kind.name)
def historian(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    yield from started(request.param, tmp_path)


def bringing(*ways: BringIn) -> pytest.MarkDecorator:
    """Parameters for trackers that can bring people in by all of these ways."""
    kinds = [kind for kind in HARNESSES if kind.brings_in.issuperset(ways)]
    return pytest.mark.parametrize("harness", kinds, ids=lambda kind: kind.name, indirect=True)


@dataclass
class Listing:
    """All pages of one listing together."""

    tickets: list[Ticket]
    failed: list[Failed]
    gone: list[str]
    cursor: str | None

    @property
    def versions(self) -> list[tuple[str, str]]:
        return [(ticket.id, ticket.version) for ticket in self.tickets]


def read(pages: Iterable[Page]) -> Listing:
    listing = Listing([], [], [], None)
    for page in pages:
        listing.tickets += page.tickets
        listing.failed += page.failed
        listing.gone += page.gone
        listing.cursor = page.cursor or listing.cursor
    return listing


def one(tracker: Tracker, ticket: str) -> Ticket:
    listing = read(tracker.fetch([ticket]))
    assert (listing.failed, listing.gone) == ([], [])
    (found,) = listing.tickets
    return found


def connected(harness: Harness) -> Tracker:
    tracker = harness.tracker()
    tracker.connect()
    return tracker


def draft(audience: Audience, *marks: str) -> Draft:
    return Draft(BODY, audience, marks or (MARK,))


# --- reading ----------------------------------------------------------------------------------------------------


def test_connect_names_the_same_site_each_time(harness: Harness) -> None:
    site = connected(harness).connect()
    assert site
    assert connected(harness).connect() == site


def test_a_wrong_token_is_a_credentials_error_and_never_a_source_without_issues(remote: Harness) -> None:
    remote.create("Late")
    tracker = remote.tracker(token="wrong-secret")
    with pytest.raises(CredentialsError) as told:
        tracker.connect()
    assert "wrong-secret" not in str(told.value)
    with pytest.raises(CredentialsError):
        list(tracker.changed(None))


def test_a_ticket_arrives_with_everything_that_is_mapped(harness: Harness) -> None:
    ticket = harness.create(
        "Report is late",
        text="We wait since Monday.",
        client="Client B",
        severity="high",
        labels=("billing",),
        due=date(2026, 3, 9),
    )
    tracker = connected(harness)
    found = one(tracker, ticket)
    assert (found.id, found.site) == (ticket, tracker.connect())
    assert (found.title, found.text, found.status) == ("Report is late", "We wait since Monday.", Status.OPEN)
    assert (found.client, found.fields["severity"].casefold()) == ("Client B", "high")
    assert (found.due, found.due_text) == (date(2026, 3, 9), "")
    assert found.labels == {"billing"}
    assert found.audiences == harness.audiences
    assert (found.created.tzinfo, found.updated.tzinfo) == (UTC, UTC)
    assert found.key
    assert not found.problems


def test_a_ticket_that_lacks_everything_it_may_lack_is_read(harness: Harness) -> None:
    found = one(connected(harness), harness.create("?", client=None))
    assert (found.client, found.due, found.labels, found.text) == (None, None, frozenset(), "")


@pytest.mark.parametrize("status", list(Status), ids=str)
def test_each_status_is_read_as_the_mapping_means_it(harness: Harness, status: Status) -> None:
    assert one(connected(harness), harness.create("Any", status=status)).status is status


def test_comments_arrive_oldest_first_with_the_side_of_their_author(harness: Harness) -> None:
    ticket = harness.create("Late")
    harness.advance(60)
    first = harness.comment_as_client(ticket, "Where is it?")
    harness.advance(60)
    second = harness.comment_as_staff(ticket, "On its way.")
    comments = one(connected(harness), ticket).comments
    assert [(c.id, c.text, c.author.side) for c in comments] == [
        (first, "Where is it?", "client"),
        (second, "On its way.", "staff"),
    ]
    assert comments[1].audience is max(harness.audiences)
    assert comments[0].at < comments[1].at


def test_what_was_changed_is_told_in_order_and_in_the_words_of_the_mapping(historian: Harness) -> None:
    ticket = historian.create("Late")
    historian.advance(60)
    historian.set_status(ticket, Status.WAITING)
    historian.advance(60)
    historian.set_due(ticket, date(2026, 3, 9))
    historian.advance(60)
    historian.set_status(ticket, Status.IN_PROGRESS)
    found = one(connected(historian), ticket)
    changes = [(c.field, c.before, c.after) for c in found.changes if c.field in {"status", "due"}]
    assert changes == [
        ("status", Status.OPEN, Status.WAITING),
        ("due", "", "2026-03-09"),
        ("status", Status.WAITING, Status.IN_PROGRESS),
    ]
    assert found.complete_since is None
    assert len({change.id for change in found.changes}) == len(found.changes)


def test_one_record_that_cannot_be_read_is_named_and_stops_no_other(harness: Harness) -> None:
    good, bad = harness.create("Late"), harness.create_unreadable()
    listing = read(connected(harness).changed(None))
    assert [ticket.id for ticket in listing.tickets] == [good]
    (failed,) = listing.failed
    assert failed.ticket == bad
    assert "[status]" in failed.why


def test_what_is_fetched_is_there_now_or_gone(harness: Harness) -> None:
    kept, deleted = harness.create("Kept"), harness.create("Deleted")
    tracker = connected(harness)
    harness.delete(deleted)
    listing = read(tracker.fetch([kept, deleted, "987654321"]))
    assert [ticket.id for ticket in listing.tickets] == [kept]
    assert sorted(listing.gone) == sorted([deleted, "987654321"])


def test_the_crawl_names_every_ticket_once(harness: Harness) -> None:
    tickets = {harness.create(f"Issue {number}") for number in range(7)}
    ids = list(connected(harness).ids())
    assert len(ids) == len(tickets)
    assert set(ids) == tickets


# --- polling ----------------------------------------------------------------------------------------------------


def test_the_first_poll_gives_everything_and_the_next_nothing_new(harness: Harness) -> None:
    tickets = {harness.create(f"Issue {number}") for number in range(3)}
    first = read(connected(harness).changed(None))
    assert {ticket.id for ticket in first.tickets} == tickets
    assert first.cursor
    again = read(connected(harness).changed(first.cursor))
    assert set(again.versions) <= set(first.versions)
    assert again.cursor


@pytest.mark.parametrize("act", ["status", "label", "comment", "due"])
def test_a_ticket_that_changed_comes_again_in_another_version_and_alone(harness: Harness, act: str) -> None:
    changed, _ = harness.create("Changed"), harness.create("Left alone")
    before = read(connected(harness).changed(None))
    harness.advance(61)
    match act:
        case "status":
            harness.set_status(changed, Status.IN_PROGRESS)
        case "label":
            harness.add_label(changed, "billing")
        case "comment":
            harness.comment_as_client(changed, "Well?")
        case "due":
            harness.set_due(changed, date(2026, 3, 9))
    after = read(connected(harness).changed(before.cursor))
    assert [number for number, _ in set(after.versions) - set(before.versions)] == [changed]
    harness.advance(61)
    later = read(connected(harness).changed(after.cursor))
    assert set(later.versions) <= set(after.versions) | set(before.versions)


def test_a_new_ticket_is_found_by_the_next_poll(harness: Harness) -> None:
    harness.create("Old")
    before = read(connected(harness).changed(None))
    harness.advance(61)
    new = harness.create("New")
    assert new in {ticket.id for ticket in read(connected(harness).changed(before.cursor)).tickets}


def test_no_poll_gives_the_same_version_twice_and_reading_by_id_gives_the_same(harness: Harness) -> None:
    for number in range(4):
        harness.create(f"Issue {number}")
        harness.advance(1.5)
    tracker = connected(harness)
    listing = read(tracker.changed(None))
    assert len(set(listing.versions)) == len(listing.versions)
    fetched = read(tracker.fetch([ticket.id for ticket in listing.tickets]))
    assert sorted(fetched.versions) == sorted(listing.versions)


def test_a_cursor_that_nobody_made_means_everything_again(harness: Harness) -> None:
    ticket = harness.create("Late")
    assert [found.id for found in read(connected(harness).changed("{}")).tickets] == [ticket]


# --- writing ----------------------------------------------------------------------------------------------------


def test_an_edit_changes_our_labels_and_the_due_date_and_nothing_else(harness: Harness) -> None:
    ticket = harness.create("Late", labels=("billing", "esc:level-1"))
    tracker = connected(harness)
    edit = Edit(("esc:high", "esc:level-2"), ("esc:level-1",), set_due=True, due=date(2026, 3, 9))
    for _ in range(2):  # an edit is idempotent
        tracker.edit(ticket, edit)
        assert harness.labels_of(ticket) == {"billing", "esc:high", "esc:level-2"}
        assert harness.due_of(ticket) == date(2026, 3, 9)
    tracker.edit(ticket, Edit(set_due=True))
    assert harness.due_of(ticket) is None
    found = one(tracker, ticket)
    assert (found.title, found.status) == ("Late", Status.OPEN)
    assert found.labels == {"billing", "esc:high", "esc:level-2"}


def test_a_comment_is_read_by_its_audience_alone_and_carries_its_marks(harness: Harness) -> None:
    tracker = connected(harness)
    for audience in sorted(harness.audiences):
        ticket = harness.create(f"For {audience}")
        written = tracker.comment(ticket, draft(audience, MARK, OTHER_MARK))
        (posted,) = harness.comments_of(ticket)
        assert (posted.audience, written.audience) == (audience, audience)
        assert [mark[:6] for mark in posted.marks] == [MARK[:6], OTHER_MARK[:6]]
        assert "17:00" in posted.text
        (comment,) = one(tracker, ticket).comments
        assert (comment.id, comment.author.side, comment.audience) == (written.comment, "us", audience)


def test_a_comment_of_ours_can_be_taken_back_and_again_without_harm(harness: Harness) -> None:
    ticket = harness.create("The report is late")
    tracker = connected(harness)
    audience = max(harness.audiences)
    kept = tracker.comment(ticket, draft(audience, OTHER_MARK)).comment
    gone = tracker.comment(ticket, draft(audience, MARK)).comment
    theirs = harness.comment_as_staff(ticket, "We are on it")
    for _ in range(2):
        tracker.delete_comment(ticket, gone)
        ours = [mark[:6] for posted in harness.comments_of(ticket) for mark in posted.marks]
        assert ours == [OTHER_MARK[:6]]
    assert {comment.id for comment in one(tracker, ticket).comments} == {kept, theirs}


def test_a_comment_that_cannot_be_confined_to_its_audience_is_not_posted(harness: Harness) -> None:
    ticket = harness.create("Late")
    tracker = connected(harness)
    for audience in set(Audience) - harness.audiences:
        with pytest.raises(InvalidError):
            tracker.comment(ticket, draft(audience))
    assert harness.comments_of(ticket) == []


def test_no_text_can_break_a_comment(harness: Harness) -> None:
    ticket = harness.create("Late")
    connected(harness).comment(ticket, Draft(HOSTILE, max(harness.audiences), (MARK,)))
    (posted,) = harness.comments_of(ticket)
    for word in ("script", "bold", "日本", "😀", "two", "lines", "co`de", "end"):
        assert word in posted.text


def test_marks_are_found_where_they_are_and_their_absence_is_certain(harness: Harness) -> None:
    ticket = harness.create("Late")
    harness.comment_as_staff(ticket, "On it.")
    tracker = connected(harness)
    before = tracker.marks(ticket)
    assert (before.complete, dict(before.marks)) == (True, {})
    written = tracker.comment(ticket, draft(max(harness.audiences)))
    after = tracker.marks(ticket)
    assert after.complete
    assert {mark[:6]: comment.id for mark, comment in after.marks.items()} == {MARK[:6]: written.comment}
    assert {comment.author.side for comment in after.marks.values()} == {"us"}


def test_the_marks_of_a_ticket_that_is_gone_are_not_taken_for_absent(harness: Harness) -> None:
    ticket = harness.create("Late")
    tracker = connected(harness)
    harness.delete(ticket)
    with pytest.raises(NotFoundError):
        tracker.marks(ticket)


def test_the_ledger_is_kept_on_the_ticket_if_the_tracker_can(harness: Harness) -> None:
    ticket = harness.create("Late")
    tracker = connected(harness)
    assert tracker.capabilities.ledger is harness.ledger
    tracker.edit(ticket, Edit(("esc:high",), ledger={"update": ["created", 1]}))
    assert tracker.marks(ticket).ledger == ({"update": ["created", 1]} if harness.ledger else None)


def test_a_write_to_a_ticket_that_is_gone_says_so(harness: Harness) -> None:
    ticket = harness.create("Late")
    tracker = connected(harness)
    one(tracker, ticket)
    harness.delete(ticket)
    with pytest.raises(NotFoundError):
        tracker.edit(ticket, Edit(("esc:high",)))
    with pytest.raises(NotFoundError):
        tracker.comment(ticket, draft(max(harness.audiences)))


def test_clones_write_side_by_side(harness: Harness) -> None:
    tickets = [harness.create(f"Issue {number}") for number in range(6)]
    tracker = connected(harness)

    def write(ticket: str) -> None:
        clone = tracker.clone()
        clone.edit(ticket, Edit(("esc:high",)))
        clone.comment(ticket, draft(max(harness.audiences)))
        clone.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, tickets))
    assert {harness.labels_of(ticket) for ticket in tickets} == {frozenset({"esc:high"})}
    assert [len(harness.comments_of(ticket)) for ticket in tickets] == [1] * 6


# --- bringing people in -----------------------------------------------------------------------------------------


def test_a_tracker_says_how_it_can_bring_people_in(harness: Harness) -> None:
    assert harness.tracker().capabilities.brings_in == harness.brings_in


def test_a_mention_reads_as_the_name_and_reaches_the_person_where_the_tracker_can(harness: Harness) -> None:
    ticket = harness.create("Late")
    body = (Paragraph((Span("Please look, "), Span("Delivery lead", person=harness.staff_id()), Span("."))),)
    tracker = connected(harness)
    tracker.comment(ticket, Draft(body, max(harness.audiences), (MARK,)))
    (posted,) = harness.comments_of(ticket)
    assert "Please look" in posted.text
    assert "Delivery lead" in posted.text
    assert [mark[:6] for mark in posted.marks] == [MARK[:6]]
    mentioned = {harness.staff_id()} if "mention" in harness.brings_in else set()
    assert harness.mentioned_in(ticket) == mentioned
    assert [mark[:6] for mark in tracker.marks(ticket).marks] == [MARK[:6]]


@bringing("watch")
def test_a_person_follows_once_however_often_it_is_said(harness: Harness) -> None:
    ticket = harness.create("Late")
    tracker = connected(harness)
    for _ in range(2):
        tracker.edit(ticket, Edit(("esc:high",), watch=(harness.staff_id(),)))
        assert harness.followers_of(ticket) == {harness.staff_id()}
    assert harness.labels_of(ticket) == {"esc:high"}
    assert harness.owner_of(ticket) == ""


@bringing("watch")
def test_to_follow_may_be_all_that_is_done(harness: Harness) -> None:
    ticket = harness.create("Late")
    connected(harness).edit(ticket, Edit(watch=(harness.staff_id(),)))
    assert harness.followers_of(ticket) == {harness.staff_id()}


@bringing("assign")
def test_a_ticket_that_nobody_owns_gets_its_owner(harness: Harness) -> None:
    ticket = harness.create("Late")
    tracker = connected(harness)
    assert one(tracker, ticket).assignee is None
    tracker.edit(ticket, Edit(set_due=True, due=date(2026, 3, 9), assign=harness.staff_id()))
    assert harness.owner_of(ticket) == harness.staff_id()
    assert harness.due_of(ticket) == date(2026, 3, 9)
    owner = one(tracker, ticket).assignee
    assert owner
    assert (owner.id, owner.name) == (harness.staff_id(), "Delivery lead")


def test_who_has_left_is_told_and_nobody_else(harness: Harness) -> None:
    people = (harness.staff_id(), "nobody-has-this-id")
    tracker = connected(harness)
    assert tracker.left(people) == frozenset()
    assert tracker.left(()) == frozenset()
    harness.dismiss_staff()
    assert tracker.left(people) == ({harness.staff_id()} if harness.remote else frozenset())


# --- issues of their own below a ticket --------------------------------------------------------------------------


def follow_up(harness: Harness) -> FollowUp:
    assignee = harness.staff_id() if "assign" in harness.brings_in else ""
    return FollowUp("Verify the repair", BODY, MARK, date(2026, 3, 20), ("esc:follow-up",), assignee)


def short(found: Mapping[str, str] | None) -> dict[str, str]:
    """Follow-ups by the short form of their marks."""
    assert found is not None
    return {mark[:6]: number for mark, number in found.items()}


def test_a_follow_up_is_created_below_its_ticket_with_its_mark(harness: Harness) -> None:
    ticket, other = harness.create("Late"), harness.create("Unclear")
    tracker = connected(harness)
    assert short(tracker.follow_ups(ticket)) == {}
    written = tracker.follow_up(ticket, follow_up(harness))
    assert [written.created] == harness.below(ticket)
    assert harness.labels_of(written.created) == {"esc:follow-up"}
    assert harness.due_of(written.created) == date(2026, 3, 20)
    if "assign" in harness.brings_in:
        assert harness.owner_of(written.created) == harness.staff_id()
    assert short(tracker.follow_ups(ticket)) == {MARK[:6]: written.created}
    assert (harness.below(other), short(tracker.follow_ups(other))) == ([], {})


def test_a_follow_up_is_known_as_one_in_every_listing_and_its_ticket_is_unharmed(harness: Harness) -> None:
    ticket = harness.create("Late", labels=("billing",), due=date(2026, 3, 9))
    before = one(connected(harness), ticket)
    created = connected(harness).follow_up(ticket, follow_up(harness)).created
    listing = read(connected(harness).changed(None))
    assert listing.failed == []
    assert {found.id: found.follow_up for found in listing.tickets} == {ticket: False, created: True}
    (child,) = (found for found in listing.tickets if found.id == created)
    assert (child.title, child.status, child.comments) == ("Verify the repair", Status.OPEN, ())
    assert "something" in child.text
    after = one(connected(harness), ticket)
    assert (after.title, after.text, after.status) == (before.title, before.text, before.status)
    assert (after.labels, after.due, after.comments) == (before.labels, before.due, before.comments)


def test_each_follow_up_of_a_ticket_has_its_own_mark(harness: Harness) -> None:
    ticket = harness.create("Late")
    tracker = connected(harness)
    first = tracker.follow_up(ticket, follow_up(harness)).created
    second = tracker.follow_up(ticket, FollowUp("Learn from it", BODY, OTHER_MARK)).created
    assert short(tracker.follow_ups(ticket)) == {MARK[:6]: first, OTHER_MARK[:6]: second}


def test_a_follow_up_of_a_ticket_that_is_gone_says_so(harness: Harness) -> None:
    ticket = harness.create("Late")
    tracker = connected(harness)
    harness.delete(ticket)
    with pytest.raises(NotFoundError):
        tracker.follow_up(ticket, follow_up(harness))


# --- what goes wrong on the way ---------------------------------------------------------------------------------


def test_a_read_that_fails_in_passing_is_asked_again(remote: Harness) -> None:
    ticket = remote.create("Late")
    tracker = connected(remote)
    remote.stumble()
    assert [found.id for found in read(tracker.changed(None)).tickets] == [ticket]


@pytest.mark.parametrize("applied", [True, False], ids=["applied", "not applied"])
def test_a_comment_whose_answer_is_lost_is_never_sent_again(remote: Harness, applied: bool) -> None:  # noqa: FBT001
    ticket = remote.create("Late")
    tracker = connected(remote)
    one(tracker, ticket)
    remote.lose_next_answer("comment", applied=applied)
    with pytest.raises(LostAnswerError):
        tracker.comment(ticket, draft(max(remote.audiences)))
    assert len(remote.comments_of(ticket)) == applied
    marks = tracker.marks(ticket)
    assert marks.complete
    assert len(marks.marks) == applied


@pytest.mark.parametrize("applied", [True, False], ids=["applied", "not applied"])
def test_an_edit_whose_answer_is_lost_can_be_sent_again(remote: Harness, applied: bool) -> None:  # noqa: FBT001
    ticket = remote.create("Late")
    tracker = connected(remote)
    remote.lose_next_answer("edit", applied=applied)
    with pytest.raises(LostAnswerError):
        tracker.edit(ticket, Edit(("esc:high",)))
    assert remote.labels_of(ticket) == ({"esc:high"} if applied else set())
    tracker.edit(ticket, Edit(("esc:high",)))
    assert remote.labels_of(ticket) == {"esc:high"}


@pytest.mark.parametrize("applied", [True, False], ids=["applied", "not applied"])
def test_a_follow_up_whose_answer_is_lost_is_never_sent_again(remote: Harness, applied: bool) -> None:  # noqa: FBT001
    ticket = remote.create("Late")
    tracker = connected(remote)
    remote.lose_next_answer("follow_up", applied=applied)
    with pytest.raises(LostAnswerError):
        tracker.follow_up(ticket, follow_up(remote))
    assert len(remote.below(ticket)) == applied
    assert list(short(tracker.follow_ups(ticket)).values()) == remote.below(ticket)


def test_an_edit_rejected_by_a_limit_is_made_after_a_wait_and_a_comment_is_in_doubt(remote: Harness) -> None:
    """Who says that it was too much may have let it through: only what may be made twice is sent again."""
    ticket = remote.create("Late")
    tracker = connected(remote)
    remote.throttle("edit")
    tracker.edit(ticket, Edit(("esc:high",)))
    assert remote.labels_of(ticket) == {"esc:high"}
    remote.throttle("comment")
    before = remote.requests
    with pytest.raises(LostAnswerError):
        tracker.comment(ticket, draft(max(remote.audiences)))
    assert remote.requests - before <= 2
    assert remote.comments_of(ticket) == []


# --- checking ---------------------------------------------------------------------------------------------------


def test_check_finds_no_error_where_all_is_well(harness: Harness) -> None:
    harness.create("Late")
    findings = list(harness.tracker().check())
    assert findings
    assert [finding for finding in findings if finding.level == "error"] == []


def test_check_tells_of_wrong_credentials_and_does_not_raise(remote: Harness) -> None:
    findings = list(remote.tracker(token="wrong-secret").check())
    assert [finding.about for finding in findings if finding.level == "error"] == ["credentials"]
    assert not any("wrong-secret" in finding.what for finding in findings)
