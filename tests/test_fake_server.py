"""The server below every fake: its faults, its clock and its log are what a script of a test says."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from itertools import count

import pytest
import requests
from fakes.faults import DropAfter, DropBefore, Fault, HalfBody, Hang, Late, Reply
from fakes.server import Answer, FakeServer, NotJSON, Request

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Counter(FakeServer):
    """Counts what it is asked, and tells the number."""

    def __init__(self, **options: float) -> None:
        self._numbers = count(1)
        self.asked = 0
        super().__init__(now=NOON, **options)  # type: ignore[arg-type]

    def answer(self, request: Request) -> Answer:
        self.asked = next(self._numbers)
        if request.path == "/broken":
            raise LookupError("a mistake in the fake")
        return Answer(body={"number": self.asked, "got": request.body, "at": self.now.isoformat()})


def test_a_request_is_logged_as_it_was_sent() -> None:
    with Counter() as fake:
        answer = requests.post(f"{fake.url}/a%20b?x=1&x=2&y=", json={"k": "ä"}, timeout=5)
        requests.post(f"{fake.url}/text", data="{", headers={"Content-Type": "application/json"}, timeout=5)

    assert answer.json() == {"number": 1, "got": {"k": "ä"}, "at": "2026-03-02T12:00:00+00:00"}
    first, second = fake.log
    assert first[:3] == ("POST", "/a b", {"x": ["1", "2"], "y": [""]})
    assert first.headers["content-type"] == "application/json"
    assert first.body == {"k": "ä"}
    assert isinstance(second.body, NotJSON)
    assert fake.exchanges[0].json == answer.json()


@pytest.mark.parametrize("wait", ["0", "1.5", "4000", "Mon, 02 Mar 2026 12:00:05 GMT"])
def test_a_scripted_reply_meets_so_many_requests_that_match(wait: str) -> None:
    with Counter() as fake, requests.Session() as client:
        script = fake.script(
            Reply(429, {"errors": []}, {"Retry-After": wait, "RateLimit-Reason": "jira-quota-global-based"}),
            method="PUT|POST",
            path="/issue/.*/comment$",
            times=2,
            skip=1,
        )
        statuses = [
            client.request(method, f"{fake.url}{path}", timeout=5).status_code
            for method, path in [
                ("GET", "/issue/1/comment"),
                ("POST", "/issue/1/comment"),
                ("POST", "/issue/1/comment"),
                ("PUT", "/issue/1/comment/2"),
                ("PUT", "/issue/2/comment"),
                ("POST", "/issue/1/comment"),
            ]
        ]
        assert statuses == [200, 200, 429, 200, 429, 200]
        assert (script.met, fake.asked) == (2, 4)

        fake.script(Reply(503, headers={"Retry-After": wait}))
        assert client.get(fake.url, timeout=5).headers["Retry-After"] == wait


def test_a_reply_of_html_can_hide_that_the_write_was_applied() -> None:
    with Counter() as fake:
        fake.script(Reply(201, b"<html>proxy</html>", content_type="text/html", applied=True))
        answer = requests.post(fake.url, timeout=5)

    assert (answer.status_code, answer.text, fake.asked) == (201, "<html>proxy</html>", 1)


@pytest.mark.parametrize(
    ("fault", "applied"),
    [(DropBefore(), 0), (DropAfter(), 1), (HalfBody(), 1), (Hang(0.01), 0), (Hang(0.01, applied=True), 1)],
    ids=repr,
)
def test_a_broken_connection_leaves_the_write_applied_or_not(fault: Fault, applied: int) -> None:
    with Counter() as fake, requests.Session() as client:
        fake.script(fault)
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            client.post(fake.url, json={}, timeout=5)
        assert fake.asked == applied
        assert client.get(fake.url, timeout=5).json()["number"] == applied + 1


def test_a_late_write_is_applied_when_the_clock_has_come_so_far_and_at_that_instant() -> None:
    with Counter() as fake:
        fake.script(Late(60))
        with pytest.raises(requests.ConnectionError):
            requests.post(fake.url, json={}, timeout=5)
        fake.advance(59)
        assert fake.asked == 0
        fake.advance(500)
        assert fake.asked == 1
        assert fake.exchanges[0].json["at"] == "2026-03-02T12:01:00+00:00"
        assert fake.now.isoformat() == "2026-03-02T12:09:19+00:00"


def test_a_late_write_without_a_time_waits_for_its_release() -> None:
    with Counter() as fake:
        fake.script(Late(), times=2)
        for number in (1, 2):
            with pytest.raises(requests.ConnectionError):
                requests.post(fake.url, json=number, timeout=5)
        fake.advance(1_000_000)
        assert fake.asked == 0
        assert [answer.status for answer in fake.release()] == [200, 200]
        assert [exchange.json["got"] for exchange in fake.exchanges] == [1, 2]


def test_a_hanging_request_is_let_go_when_the_fake_closes() -> None:
    with Counter() as fake:
        fake.script(Hang(600))
        failed: list[Exception] = []

        def ask() -> None:
            try:
                requests.get(fake.url, timeout=60)
            except requests.ConnectionError as error:
                failed.append(error)

        client = threading.Thread(target=ask)
        client.start()
        while not fake.log:
            time.sleep(0.001)
    client.join()
    assert len(failed) == 1


def test_a_fault_of_the_fake_itself_fails_the_test_that_used_it() -> None:
    with pytest.raises(ExceptionGroup, match="Counter broke its contract"), Counter() as fake:
        assert requests.get(f"{fake.url}/broken", timeout=5).status_code == 500
