"""How each answer of Jira is classed, which requests are repeated, and what never stands in an error."""

from __future__ import annotations

import socket
import traceback
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
import responses
from hourglass import Hourglass

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
from sync.trackers.jira_http import ATTEMPTS, JiraHttp

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = "https://agency.example"
TOKEN, BODY, QUERY, COOKIE = "hidden-token", "hidden-body", "hidden-query", "hidden-cookie"
READ, COMMENT = f"{SITE}/rest/api/3/search/jql", f"{SITE}/rest/api/3/issue/1/comment"
EDIT = f"{SITE}/rest/api/3/issue/1"
LIMITED = {"Retry-After": "7", "RateLimit-Reason": "jira-burst-based"}


@pytest.fixture
def site() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


class Client(JiraHttp):
    """The client under test; it notes its waits in place of waiting."""

    def __init__(self, address: str = SITE) -> None:
        self.waits: list[float] = []
        super().__init__(address, TOKEN, "bot@agency.example", pace=Hourglass(self.waits))
        self.version = "3"

    def search(self) -> Any:  # noqa: ANN401 - JSON has no narrower type
        return self.read("POST", "search/jql", body={"jql": BODY}).body

    def comment(self) -> Any:  # noqa: ANN401 - JSON has no narrower type
        return self.write("POST", "issue/1/comment", {"body": BODY}, {"expand": QUERY}, once=True).body

    def edit(self) -> None:
        self.write("PUT", "issue/1", {"fields": {}})


def told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


# --- classes ----------------------------------------------------------------------------------------------------

REFUSALS: list[tuple[int, dict[str, str], type[TrackerError]]] = [
    (401, {}, CredentialsError),
    (403, {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE"}, CredentialsError),
    (403, {}, ForbiddenError),
    (403, {"retry-after": "0"}, ForbiddenError),
    (404, {}, NotFoundError),
    (410, {}, NotFoundError),
    (409, {}, ConflictError),
    (400, {}, InvalidError),
    (413, {}, InvalidError),
    (302, {"Location": "https://elsewhere.example/login"}, InvalidError),
]


@pytest.mark.parametrize(("status", "headers", "kind"), REFUSALS)
def test_a_refusal_is_of_one_class_for_reads_and_writes(
    site: responses.RequestsMock, status: int, headers: dict[str, str], kind: type[TrackerError]
) -> None:
    for address in (READ, COMMENT):
        site.post(address, status=status, headers=headers, json={"errorMessages": ["Fehler"]})
    client = Client()
    for call in (client.search, client.comment):
        with pytest.raises(TrackerError) as refusal:
            call()
        assert type(refusal.value) is kind
        assert str(status) in str(refusal.value)


@pytest.mark.parametrize("status", [200, 401, 403])
def test_a_login_that_failed_is_told_by_its_header_whatever_the_status(
    site: responses.RequestsMock, status: int
) -> None:
    failed = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
    site.post(READ, status=status, headers=failed, json={"issues": [], "isLast": True})
    with pytest.raises(CredentialsError):
        Client().search()


def test_a_login_that_failed_at_one_of_two_filters_only_is_a_login(site: responses.RequestsMock) -> None:
    site.post(READ, headers={"X-Seraph-LoginReason": "AUTHENTICATED_FAILED, OK"}, json={"issues": []})
    assert Client().search() == {"issues": []}


def test_a_refused_edit_names_the_fields_by_their_keys_in_any_language(site: responses.RequestsMock) -> None:
    errors = {"duedate": "Das Feld kann nicht gesetzt werden.", "labels": "Leerzeichen"}
    site.post(COMMENT, status=400, json={"errorMessages": [], "errors": errors})
    with pytest.raises(InvalidError) as refusal:
        Client().comment()
    assert refusal.value.fields == ("duedate", "labels")
    assert "Leerzeichen" in str(refusal.value)


@pytest.mark.parametrize(
    "body", ["<html>", "null", "[]", '"text"', '{"errors": null, "errorMessages": null}', "5"]
)
def test_a_refusal_with_any_body_at_all_is_still_a_refusal(site: responses.RequestsMock, body: str) -> None:
    site.post(COMMENT, status=400, body=body)
    with pytest.raises(InvalidError) as refusal:
        Client().comment()
    assert refusal.value.fields == ()


@pytest.mark.parametrize(
    ("status", "headers", "whole"),
    [
        (403, {"RateLimit-Reason": "jira-quota-global-based"}, True),
        (429, {"Retry-After": "4000"}, True),
        (429, {"Retry-After": "600", "RateLimit-Reason": "jira-per-issue-on-write"}, False),
        (429, {"Retry-After": "3"}, False),
    ],
)
def test_a_limit_ends_a_read_and_leaves_a_write_that_it_answers_in_doubt(
    site: responses.RequestsMock,
    status: int,
    headers: dict[str, str],
    whole: bool,  # noqa: FBT001
) -> None:
    """Whoever answers may have let it through; one on the whole source, too long to wait for, ends the work."""
    site.post(READ, status=status, headers=headers)
    site.post(COMMENT, status=status, headers=headers)
    with pytest.raises(RateLimitedError) as refusal:
        Client().search()
    assert (refusal.value.scope == "ticket") is ("jira-per-issue-on-write" in headers.values())
    before = len(site.calls)
    with pytest.raises(LostAnswerError, match="may have been applied") as lost:
        Client().comment()
    assert (lost.value.whole, len(site.calls) - before) == (whole, 1)
    assert ("asks to wait 67 minutes" in str(lost.value)) is ("4000" in headers.values())


def test_a_write_that_is_taken_from_nobody_is_in_doubt(site: responses.RequestsMock) -> None:
    """Where anybody may comment, Jira takes it with a dead token too."""
    failed = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
    site.post(COMMENT, status=201, headers=failed, json={"id": "5"})
    with pytest.raises(LostAnswerError) as lost:
        Client().comment()
    assert lost.value.whole


# --- repeating --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("3", 3),
        ("1.5", 1.5),
        ("0", 0),
        ("Mon, 02 Mar 2026 09:00:20 GMT", 20),
        ("Mon, 02 Mar 2026 08:00:00 GMT", 0),
        ("soon", 0),
        ("-5", 0),
        ("nan", 0),
        ("", 0),
    ],
)
def test_a_read_waits_as_long_as_it_is_asked_to_in_any_form(
    site: responses.RequestsMock, asked: str, seconds: float
) -> None:
    headers = {"Retry-After": asked, "Date": "Mon, 02 Mar 2026 09:00:00 GMT"}
    site.post(READ, status=503, headers=headers)
    site.post(READ, json={"issues": []})
    client = Client()
    assert client.search() == {"issues": []}
    assert seconds <= sum(client.waits) <= seconds + 8


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_read_is_given_up_after_a_few_attempts(site: responses.RequestsMock, status: int) -> None:
    site.post(READ, status=status)
    with pytest.raises((ServerFaultError, RateLimitedError)):
        Client().search()
    assert len(site.calls) == ATTEMPTS


def test_a_wait_that_is_too_long_for_us_is_the_callers_business(site: responses.RequestsMock) -> None:
    site.post(READ, status=503, headers={"Retry-After": "61"})
    client = Client()
    with pytest.raises(ServerFaultError) as fault:
        client.search()
    assert (fault.value.retry_after, client.waits) == (timedelta(seconds=61), [])


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_write_that_may_have_been_applied_is_never_repeated(site: responses.RequestsMock, status: int) -> None:
    site.post(COMMENT, status=status, headers={"Retry-After": "1"})
    with pytest.raises(LostAnswerError):
        Client().comment()
    assert len(site.calls) == 1


def test_a_write_that_a_limit_rejected_is_sent_again_if_it_may_be_made_twice(site: responses.RequestsMock) -> None:
    site.put(EDIT, status=429, headers=LIMITED)
    site.put(EDIT, status=204)
    site.post(COMMENT, status=429, headers=LIMITED)
    client = Client()
    client.edit()
    assert sum(client.waits) >= 7
    waited = len(client.waits)
    with pytest.raises(LostAnswerError):
        client.comment()
    assert client.waits[waited:] == []


@pytest.mark.parametrize(
    "error",
    [
        requests.ReadTimeout("read timed out"),
        requests.ConnectionError("reset by peer"),
        requests.exceptions.ChunkedEncodingError("half a body"),
        requests.exceptions.SSLError("cut off"),
    ],
)
def test_silence_is_a_lost_answer_to_a_write_and_a_fault_to_a_read(
    site: responses.RequestsMock, error: requests.RequestException
) -> None:
    site.post(COMMENT, body=error)
    site.post(READ, body=error)
    with pytest.raises(LostAnswerError):
        Client().comment()
    with pytest.raises(ServerFaultError):
        Client().search()
    assert len(site.calls) == 1 + ATTEMPTS


def test_a_write_that_found_no_connection_was_certainly_not_applied() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ServerFaultError, match="could not be reached"):
        Client(f"http://127.0.0.1:{port}").comment()


# --- answers that are none --------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["<html>Log in</html>", "", "{", "[" * 5000, b"\xff\xfe\xff"])
def test_an_answer_that_is_no_json_is_a_fault_of_a_read_and_a_lost_answer_of_a_write(
    site: responses.RequestsMock, body: str | bytes
) -> None:
    site.post(READ, body=body, content_type="text/html")
    with pytest.raises(ServerFaultError):
        Client().search()
    if body:  # an empty one is how Jira answers some writes
        site.post(COMMENT, status=201, body=body, content_type="text/html")
        with pytest.raises(LostAnswerError):
            Client().comment()


def test_an_answer_of_another_shape_is_a_fault(site: responses.RequestsMock) -> None:
    site.post(READ, json=[])
    with pytest.raises(ServerFaultError):
        _ = Client().read("POST", "search/jql", body={}).record


def test_the_time_of_an_answer_is_the_trackers_own(site: responses.RequestsMock) -> None:
    site.post(READ, json={}, headers={"Date": "Mon, 02 Mar 2026 09:00:00 GMT"})
    assert Client().read("POST", "search/jql").at == datetime(2026, 3, 2, 9, tzinfo=UTC)


# --- what nobody may read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 429, 500])
def test_no_error_holds_the_token_a_query_or_what_was_sent(site: responses.RequestsMock, status: int) -> None:
    site.post(
        COMMENT, status=status, body="<html>", headers={"Set-Cookie": f"session={COOKIE}", "Retry-After": "99"}
    )
    client = Client()
    with pytest.raises(TrackerError) as refusal:
        client.comment()
    site.post(COMMENT, body=requests.ConnectionError(f"https://bot:{TOKEN}@agency.example/?expand={QUERY}"))
    text = told(refusal.value)
    with pytest.raises(TrackerError) as silence:
        Client().comment()
    text += told(silence.value)
    for secret in (TOKEN, BODY, QUERY, COOKIE):
        assert secret not in text


@pytest.mark.parametrize("token", ["", "two words", "line\n", "naïve", "tab\t"])
def test_a_token_that_cannot_be_one_is_refused_before_any_request_and_not_shown(token: str) -> None:
    with pytest.raises(CredentialsError) as refusal:
        JiraHttp(SITE, token)
    assert not token or token not in str(refusal.value)


def test_a_redirect_is_not_followed_so_that_no_write_turns_into_a_read(site: responses.RequestsMock) -> None:
    site.post(COMMENT, status=302, headers={"Location": COMMENT.replace("https", "http")})
    with pytest.raises(InvalidError, match="url"):
        Client().comment()
    assert len(site.calls) == 1
