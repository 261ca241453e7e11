"""What one host is asked by all sources together: its limits, its wish to be left alone, and our wish to stop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from math import inf
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, NamedTuple

import pytest
from fakes.asana import AsanaFake
from fakes.faults import DropBefore, Reply
from fakes.jira_cloud import JiraCloud
from harness_asana import AsanaHarness
from harness_jira import CloudHarness
from hourglass import Hourglass
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_time import SimulatedTime, most_within

from sync.action import Draft, Edit
from sync.errors import LostAnswerError, NotFoundError, RateLimitedError, StoppingError
from sync.richtext import Paragraph, Span
from sync.ticket import Audience
from sync.trackers.asana import open_asana
from sync.trackers.asana_http import Connection
from sync.trackers.jira import open_jira
from sync.trackers.jira_http import JiraHttp
from sync.trackers.limits import ASANA, JIRA, Limit, Limits
from sync.trackers.pace import LONGEST_HOLD, Pace, Paces
from sync.trackers.sources import AsanaSource, JiraSource, WorkbookSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from fakes.server import FakeServer

    from sync.trackers.base import Tracker
    from sync.trackers.pace import Kind

HOST = "tracker.example"
MARK = "abcdef"
NEWS = (Paragraph((Span("We look into it."),)),)
SMALL = Limits(
    read=(Limit(4, 1), Limit(3, 0)), write=(Limit(3, 1), Limit(2, 0)), ticket=(Limit(2, 2), Limit(3, 10))
)


class Request(NamedTuple):
    """`at` and `takes` in seconds; it reaches the tracker after that part of the time that `reaches` says."""

    at: float = 0.0
    kind: Kind = "read"
    ticket: str = ""
    takes: float = 0.1
    reaches: float = 0.0
    rest: float = 0.0
    left: float = inf


class Met(NamedTuple):
    """When a request was begun, reached the tracker, and ended."""

    request: Request
    begun: float
    reached: float
    ended: float


def met(requests: list[Request], limits: Limits, per_minute: int | None = None) -> list[Met]:
    """Every request as it went, each from a thread of its own, in the order of their beginnings."""
    world, found = SimulatedTime(), list[Met]()
    pace = Pace(HOST, limits, wait=world.wait, clock=world.clock)
    pace.allow(per_minute)

    def send(request: Request) -> None:
        with pace.turn(request.kind, "GET", request.ticket) as turn:
            begun = world.now
            world.wait(request.takes)
            rest = timedelta(seconds=request.rest)
            turn.answered(429 if rest else 200, rest, ticket=bool(request.ticket), left=request.left)
        found.append(Met(request, begun, begun + request.reaches * request.takes, world.now))

    world.run(*((request.at, partial(send, request)) for request in requests))
    return sorted(found, key=lambda one: one.begun)


def together(those: list[Met]) -> int:
    """The most of them that were under way at once."""
    return max((sum(one.begun <= each.begun < one.ended for one in those) for each in those), default=0)


# --- limits -----------------------------------------------------------------------------------------------------

ANY_REQUESTS = st.lists(
    st.builds(
        Request,
        at=st.floats(0, 5),
        kind=st.sampled_from(["read", "write"]),
        ticket=st.sampled_from(["", "1", "2"]),
        takes=st.floats(0.01, 0.7),
        reaches=st.floats(0, 1),
        rest=st.sampled_from([0, 0, 0, 0.5, 7]),
        left=st.sampled_from([inf, inf, 0, 2]),
    ),
    max_size=12,
)


@settings(max_examples=80, deadline=None)
@given(requests=ANY_REQUESTS, per_minute=st.sampled_from([None, 5]))
def test_no_window_of_the_tracker_ever_holds_more_than_its_limit_and_everybody_gets_a_turn(
    requests: list[Request], per_minute: int | None
) -> None:
    """Whenever within its time a request reaches the tracker."""
    went = met(requests, SMALL, per_minute)
    assert sorted(one.request for one in went) == sorted(requests)
    assert per_minute is None or most_within(60, [one.reached for one in went]) <= per_minute
    for kind, limits in (("read", SMALL.read), ("write", SMALL.write)):
        those = [one for one in went if one.request.kind == kind]
        for most, seconds in limits:
            assert most_within(seconds, [one.reached for one in those]) <= most
            assert together(those) <= most
    for ticket in ("1", "2"):
        writes = [one for one in went if one.request.ticket == ticket and one.request.kind == "write"]
        for most, seconds in SMALL.ticket:
            assert most_within(seconds, [one.reached for one in writes]) <= most
    for one in went:
        if one.request.rest and not one.request.ticket:
            rested = one.ended + one.request.rest
            assert [late.begun for late in went if one.ended < late.begun < rested - 1e-6] == []


@pytest.mark.parametrize(
    ("limits", "requests", "most", "seconds"),
    [
        (JIRA, [Request(takes=0.01)] * 150, 100, 1),
        (JIRA, [Request(kind="write", takes=0.01)] * 80, 50, 1),
        (JIRA, [Request(kind="write", ticket="1", takes=0.01)] * 60, 20, 2),
        (JIRA, [Request(kind="write", ticket="1", takes=0.01)] * 120, 100, 30),
        (ASANA, [Request(takes=2)] * 70, 50, 2),
        (ASANA, [Request(kind="write", takes=2)] * 40, 15, 2),
    ],
)
def test_a_limit_of_the_tracker_is_used_to_the_full_and_no_further(
    limits: Limits, requests: list[Request], most: int, seconds: float
) -> None:
    assert most_within(seconds, [one.begun for one in met(requests, limits)]) == most


def test_those_who_came_first_go_first_and_nobody_waits_for_another_ticket() -> None:
    one_ticket = [Request(at=n / 100, kind="write", ticket="1", takes=0.01) for n in range(4)]
    others = [Request(at=0.1 + n / 100, kind="write", ticket=str(n), takes=0.01) for n in range(2, 5)]
    went = met([*one_ticket, *others], Limits(ticket=(Limit(2, 10),)))
    assert [one.request for one in went] == [*one_ticket[:2], *others, *one_ticket[2:]]
    assert went[4].begun < 1
    reads = [Request(at=n / 100, takes=0.01) for n in range(12)]
    assert [one.request for one in met(reads, SMALL)] == reads
    late = [Request(takes=0.105), Request(at=0.01), Request(at=0.107)]
    assert [one.request for one in met(late, Limits(read=(Limit(1, 0),)))] == late


def test_writes_of_a_ticket_are_counted_until_they_are_too_old_to_count() -> None:
    one, other = (Request(kind="write", ticket=ticket) for ticket in ("1", "2"))
    again = [other._replace(at=9), other._replace(at=9.2), Request(at=11), other._replace(at=12)]
    went = met([one, *again], Limits(ticket=(Limit(2, 10),)))
    assert [round(each.begun, 1) for each in went] == [0, 9, 9.2, 11, 19.1]
    waiting = [Request(kind="write", takes=1), one._replace(at=0.1), Request(at=0.2), one._replace(at=0.6)]
    went = met(waiting, Limits(write=(Limit(1, 0),), ticket=(Limit(1, 10),)))
    assert [round(each.begun) for each in went] == [0, 0, 1, 11]


def test_a_tracker_that_has_little_left_is_asked_by_no_more_at_once() -> None:
    went = met([Request(left=2), *[Request(at=1, left=2)] * 5, *[Request(at=9)] * 5], JIRA)
    assert together(went[:6]) == 2
    assert together(went[6:]) > 2


# --- being left alone -------------------------------------------------------------------------------------------


def test_a_host_that_asks_to_be_left_alone_is_and_those_who_waited_go_one_by_one() -> None:
    went = met([Request(rest=20), *[Request(at=1, takes=3)] * 5, Request(at=2, kind="write")], JIRA)
    assert went[1].begun >= 20.1
    assert together(went) == 1


def test_a_limit_of_one_ticket_holds_its_writes_alone() -> None:
    refused = Request(kind="write", ticket="1", rest=20)
    later = [Request(at=1, kind="write", ticket="2"), Request(at=1), Request(at=1, kind="write", ticket="1")]
    went = met([refused, *later], JIRA)
    assert [one.begun >= 20.1 for one in went] == [False, False, False, True]
    assert went[-1].request == later[-1]


def test_who_would_have_to_wait_for_long_is_told_at_once() -> None:
    pace = Hourglass()
    pace.hold(timedelta(minutes=10))
    with (
        pytest.raises(RateLimitedError, match="10 more minutes; nothing was sent") as refusal,
        pace.turn("read", "GET"),
    ):
        pass
    assert (refusal.value.retry_after, refusal.value.scope, pace.waits) == (timedelta(minutes=10), "source", [])
    pace.hold(timedelta(seconds=5))
    assert pace.held() == timedelta(minutes=10)
    pace.hold(timedelta(days=9999))
    assert pace.held() == LONGEST_HOLD


# --- stopping ---------------------------------------------------------------------------------------------------


def test_once_we_are_to_stop_no_read_begins_and_a_write_is_sent_unless_it_has_to_wait() -> None:
    pace = Hourglass(stopping=lambda: True)
    with pytest.raises(StoppingError, match="stopped before"), pace.turn("read", "GET"):
        pass
    with pace.turn("write", "PUT", "1"):
        pass
    with pace.finishing(), pace.turn("read", "GET"):
        pass
    pace.hold(timedelta(seconds=1))
    for kind in ("read", "write"):
        with pytest.raises(StoppingError), pace.finishing(), pace.turn(kind, "GET"):
            pass
    assert pace.waits == []


def test_a_wait_of_any_kind_ends_when_we_are_to_stop() -> None:
    stop, told = Event(), list[str]()
    pace = Pace(stopping=stop.is_set, wait=stop.wait)
    pace.hold(timedelta(seconds=50))

    def attempt(what: Callable[[], object]) -> None:
        with pytest.raises(StoppingError) as stopped:
            what()
        told.append(str(stopped.value))

    def turn() -> None:
        with pace.turn("write", "POST"):
            told.append("sent")

    threads = [Thread(target=attempt, args=(what,)) for what in (turn, partial(pace.rest, 50))]
    for thread in threads:
        thread.start()
    stop.set()
    for thread in threads:
        thread.join()
    assert told == ["stopped before the next request to the tracker was sent"] * 2


def jira_write(fake: FakeServer, pace: Pace) -> Iterator[Callable[[], object]]:
    assert isinstance(fake, JiraCloud)
    with closing(JiraHttp(fake.url, fake.token, fake.email, pace=pace)) as http:
        yield lambda: http.write("PUT", "issue/1", {"fields": {}})


def asana_write(fake: FakeServer, pace: Pace) -> Iterator[Callable[[], object]]:
    assert isinstance(fake, AsanaFake)
    with closing(Connection(fake.host, fake.token, pace)) as connection:
        yield lambda: connection.write(connection.tasks.update_task, {"due_on": None}, "1", opt_fields="name")


@pytest.mark.parametrize(("kind", "opened"), [(JiraCloud, jira_write), (AsanaFake, asana_write)])
def test_a_write_that_was_refused_before_the_stop_is_in_doubt_and_one_that_was_not_sent_is_not(
    kind: type[JiraCloud | AsanaFake], opened: Callable[[FakeServer, Pace], Iterator[Callable[[], object]]]
) -> None:
    stop = Event()
    with (
        kind() as fake,
        contextmanager(opened)(fake, Pace(stopping=stop.is_set, wait=lambda _seconds: stop.set())) as write,
    ):
        fake.script(Reply(429, {}, {"Retry-After": "2"}), method="PUT")
        with pytest.raises(LostAnswerError, match="may have been applied") as lost:
            write()
        assert lost.value.whole
        with pytest.raises(StoppingError):
            write()
        assert len(fake.log) == 1


def test_a_jira_read_that_is_to_be_asked_again_is_not_once_we_are_to_stop() -> None:
    stop = Event()
    with JiraCloud() as fake:
        pace = Pace(stopping=stop.is_set, wait=lambda _seconds: stop.set())
        fake.script(Reply(503), times=9)
        with closing(JiraHttp(fake.url, fake.token, fake.email, pace=pace)) as http, pytest.raises(StoppingError):
            http.read("GET", "myself")
        assert len(fake.log) == 1


def test_an_asana_edit_in_hand_is_finished_with_its_reads_and_nothing_else_is_read(tmp_path: Path) -> None:
    stop = Event()
    with AsanaHarness(tmp_path) as harness:
        task = harness.create("Late report", labels=("old",))
        pace = Pace(stopping=stop.is_set)
        with closing(open_asana(harness.source(), harness.mapping(), harness.fake.token, pace=pace)) as tracker:
            tracker.connect()
            stop.set()
            tracker.edit(task, Edit(add_labels=("new",), remove_labels=("old",)))
            assert harness.labels_of(task) == {"new"}
            with pytest.raises(StoppingError):
                tracker.connect()


# --- who is told, and who shares --------------------------------------------------------------------------------


def test_each_request_is_told_after_its_end_with_its_status_or_0_for_no_answer() -> None:
    told: list[tuple[str, str, int]] = []
    with JiraCloud() as fake:
        pace = Hourglass(host=HOST, told=lambda *what: told.append(what[:3]))
        http = JiraHttp(fake.url, fake.token, fake.email, pace=pace)
        http.read("GET", "myself")
        fake.script(DropBefore(), method="POST")
        with closing(http), closing(http.clone()) as clone:
            with pytest.raises(NotFoundError):
                clone.read("GET", "issue/NONE-1")
            with pytest.raises(LostAnswerError):
                clone.write("POST", "issue/1/comment", {}, once=True)
    assert told == [(HOST, "GET", 200), (HOST, "GET", 404), (HOST, "POST", 0)]


def jira(name: str, url: str, **given: object) -> JiraSource:
    return JiraSource.model_validate({"tracker": "jira", "name": name, "url": url, "projects": ["OPS"], **given})


def asana(name: str, **given: object) -> AsanaSource:
    return AsanaSource.model_validate({"tracker": "asana", "name": name, "projects": ["1"], **given})


def test_sources_of_one_host_share_a_pace_and_the_smallest_of_their_budgets() -> None:
    paces = Paces()
    first, second = jira("a", "https://Site.example/one"), jira("b", "https://site.example:443/two")
    other = jira("c", "https://site.example:8443", requests_per_minute=7)
    free, paid = asana("d"), asana("e", requests_per_minute=1500)
    book = WorkbookSource(tracker="workbook", name="f", path=Path("issues.xlsx"))
    paces.share([first, second, other, free, paid, book])
    assert paces.of(first) is paces.of(second) is not paces.of(other)
    assert paces.of(free) is paces.of(paid)
    assert [paces.of(each).left() for each in (first, other, paid)] == [None, 7, 150]
    with paces.of(paid).turn("read", "GET"):
        assert paces.of(free).left() == 149
    known = paces.of(free)
    paces.share([paid, jira("a", "https://site.example", requests_per_minute=60)])
    assert (paces.of(first).left(), known.left()) == (60, 1499)
    assert paces.of(paid) is known


# --- on the socket ----------------------------------------------------------------------------------------------


class Seen(NamedTuple):
    """An answer of a fake, by its clock."""

    at: datetime
    status: int


def on(fake: FakeServer, seen: list[Seen]) -> Paces:
    """Paces that live by the fake's clock, which their waits move on."""

    def clock() -> float:
        return fake.now.timestamp()

    return Paces(
        wait=fake.advance,
        clock=clock,
        told=lambda _host, _method, status, _seconds: seen.append(Seen(fake.now, status)),
    )


def side_by_side(*jobs: Callable[[], None]) -> None:
    with ThreadPoolExecutor(len(jobs)) as pool:
        for future in [pool.submit(job) for job in jobs]:
            future.result()


def test_two_asana_sources_together_stay_within_the_minute_and_leave_it_alone_when_one_is_told_to(
    tmp_path: Path,
) -> None:
    seen: list[Seen] = []
    with AsanaHarness(tmp_path) as harness:
        tasks = [harness.create(f"Late report {number}") for number in range(12)]
        harness.fake.quota.per_minute = 10
        sources = harness.source(requests_per_minute=10), harness.source(name="other", requests_per_minute=1500)
        paces = on(harness.fake, seen)
        paces.share(sources)
        token, mapping = harness.fake.token, harness.mapping()
        one, other = (open_asana(source, mapping, token, pace=paces.of(source)) for source in sources)

        def read(tracker: Tracker) -> None:
            found = [ticket.id for page in tracker.changed(None) for ticket in page.tickets]
            assert sorted(found) == sorted(tasks)

        side_by_side(partial(read, one), partial(read, other))
        assert len(seen) > 20
        assert {each.status for each in seen} == {200}
        harness.fake.script(Reply(429, {}, {"Retry-After": "30"}), method="POST")
        with pytest.raises(LostAnswerError):
            one.comment(tasks[0], Draft(NEWS, Audience.CLIENT, (MARK,)))
        other.connect()
        assert seen[-1].at - seen[-2].at >= timedelta(seconds=30)
        assert [each.status for each in seen[-2:]] == [429, 200]
        for tracker in (one, other):
            tracker.close()


def test_two_jira_sources_together_stay_within_the_limits_of_an_issue_and_leave_jira_alone_when_one_is_told_to(
    tmp_path: Path,
) -> None:
    seen: list[Seen] = []
    with CloudHarness(tmp_path) as harness:
        issue = harness.create("Late report")
        assert isinstance(harness.fake, JiraCloud)
        harness.fake.burst = True
        given = harness.credentials
        sources = [harness.source(name=name, email=given["email"]) for name in ("one", "other")]
        paces = on(harness.fake, seen)
        one, other = (
            open_jira(source, harness.mapping(), given["token"], pace=paces.of(source)) for source in sources
        )
        labels = {
            tracker: [f"{name}-{number}" for number in range(20)] for tracker, name in ((one, "a"), (other, "b"))
        }

        def write(tracker: Tracker) -> None:
            for label in labels[tracker]:
                tracker.edit(issue, Edit(add_labels=(label,)))

        side_by_side(partial(write, one), partial(write, other))
        assert harness.labels_of(issue) == {label for listed in labels.values() for label in listed}
        assert {each.status for each in seen} == {200, 204}
        limited = Reply(429, {}, {"Retry-After": "30", "RateLimit-Reason": "jira-burst-based"})
        harness.fake.script(limited, method="POST", path="/comment$")
        with pytest.raises(LostAnswerError):
            one.comment(issue, Draft(NEWS, Audience.INTERNAL, (MARK,)))
        other.connect()
        assert seen[-1].at - seen[-2].at >= timedelta(seconds=30)
        assert [each.status for each in seen[-2:]] == [429, 200]
        for tracker in (one, other):
            tracker.close()
