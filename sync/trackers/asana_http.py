"""The official `asana` SDK, tamed: every call timed, failures classed once, only what is safe repeated."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from sync.errors import (
    ConflictError,
    CredentialsError,
    ForbiddenError,
    InvalidError,
    LostAnswerError,
    NotFoundError,
    RateLimitedError,
    ServerFaultError,
    StoppingError,
    TrackerError,
)
from sync.secrecy import hidden, keep
from sync.trackers.pace import PATIENCE, Pace
from sync.trackers.sources import moved_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Record = dict[str, Any]

TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and between two bytes of an answer; the SDK silently ignores a single float."""
PAGE_SIZE = 100
"""The largest page the API gives."""
ATTEMPTS = 4
RESTARTS = 3
"""How often a listing is begun anew because its offset, which lives for minutes, was refused."""


class Answer(NamedTuple):
    """What Asana said: the answer's `data`, where the next page begins, and when (its own clock, if told)."""

    data: Any
    offset: str | None
    at: datetime | None


class Connection:
    """One thread's way to one Asana, through the SDK's own classes.

    Every method raises only `TrackerError`s. StoppingError and, where `pace` holds the host back,
    RateLimitedError: nothing was sent.
    """

    def __init__(self, url: str, token: str, pace: Pace | None = None) -> None:
        if not (token and all("!" <= letter <= "~" for letter in token)):
            raise CredentialsError("the Asana token is empty or holds a character that no token has; set it anew")
        import asana  # noqa: PLC0415 - 70 ms and thread pools, only for who has an Asana source

        from sync.trackers.tls import trusting  # noqa: PLC0415 - loads requests

        keep(token)
        self.changes = 0
        """How many changes of what was there before were answered as done."""
        self.told_at: datetime | None = None
        """When the last request was answered, by Asana's own clock, if it said."""
        self.pace = pace or Pace()
        self._sent = 0
        self._client = _client(asana, url, token)
        manager = self._client.rest_client.pool_manager
        manager.request = partial(self._in_turn, manager.request)
        if url.startswith("https:"):
            kept = manager.connection_pool_kw
            kept["ssl_context"] = trusting(kept.pop("ca_certs"))
        self._refusal: type[Exception] = asana.rest.ApiException
        self._reads = _patient(self.pace, RateLimitedError, ServerFaultError)
        self._writes = _patient(self.pace, RateLimitedError)
        self.custom_field_settings: Any = asana.CustomFieldSettingsApi(self._client)
        self.project_memberships: Any = asana.ProjectMembershipsApi(self._client)
        self.projects: Any = asana.ProjectsApi(self._client)
        self.sections: Any = asana.SectionsApi(self._client)
        self.stories: Any = asana.StoriesApi(self._client)
        self.tags: Any = asana.TagsApi(self._client)
        self.tasks: Any = asana.TasksApi(self._client)
        self.team_memberships: Any = asana.TeamMembershipsApi(self._client)
        self.users: Any = asana.UsersApi(self._client)
        self.workspace_memberships: Any = asana.WorkspaceMembershipsApi(self._client)

    def read(self, call: Callable[..., Any], *path: str, **query: str | int) -> Answer:
        """GET; asked again a few times when the tracker's end fails or a limit asks for a short wait."""
        return self._reads(self._send, call, (*path, query), writing=False)

    def record(self, call: Callable[..., Any], *path: str, opt_fields: str) -> Record:
        """GET one thing."""
        data = self.read(call, *path, opt_fields=opt_fields).data
        if not _is_record(data):
            raise ServerFaultError("Asana answered with something else than the one record that was asked for")
        found: Record = data
        return found

    def pages(self, call: Callable[..., Any], *path: str, **query: str | int) -> Iterator[Answer]:
        """GET every page of a listing. One whose offset has expired is begun anew: rows may come twice."""
        offset, used, restarts = None, set[str](), 0
        while True:
            place: dict[str, str] = {"offset": offset} if offset else {}
            try:
                answer = self.read(call, *path, limit=PAGE_SIZE, **query, **place)
            except InvalidError:
                restarts += 1
                if offset is None or restarts > RESTARTS:
                    raise
                offset, used = None, set()
                continue
            if not isinstance(answer.data, list) or not all(map(_is_record, answer.data)):
                raise ServerFaultError("Asana answered a listing with something else than records")
            yield answer
            offset = answer.offset
            if offset is None:
                return
            if offset in used:
                raise ServerFaultError("Asana's paging goes in a circle; nothing was concluded from it")
            used.add(offset)

    def rows(self, call: Callable[..., Any], *path: str, **query: str | int) -> Iterator[Record]:
        """The rows of every page."""
        for answer in self.pages(call, *path, **query):
            yield from answer.data

    def write(
        self, call: Callable[..., Any], data: Record, *path: str, opt_fields: str = "", once: bool = False
    ) -> Record:
        """POST or PUT; what a limit rejected is sent again, a few times, unless it may be made but `once`.

        The resulting record, with these fields; without fields to ask for, nothing is told. LostAnswerError: it
        may be applied now, later or never, whatever was answered. ServerFaultError: it never left, for no
        connection could be made.
        """
        query = [{"opt_fields": opt_fields}] if opt_fields else []
        made = self._change(call, ({"data": data}, *path, *query), once=once).data
        if opt_fields and not _is_record(made):
            raise _broken("its answer is not the record that was written", writing=True)
        self.changes += not once  # what is made but once is something new
        return made if opt_fields else {}

    def delete(self, call: Callable[..., Any], gid: str) -> None:
        """DELETE one thing; errors as of `write`."""
        self._change(call, (gid,), once=False)
        self.changes += 1

    def _change(self, call: Callable[..., Any], arguments: tuple[Any, ...], *, once: bool) -> Answer:
        before = self._sent
        try:
            send = self._send if once else partial(self._writes, self._send)
            return send(call, arguments, writing=True)
        except (RateLimitedError, StoppingError) as error:
            if self._sent == before:
                raise
            raise _perhaps_let_through(error, once=once) from None

    def close(self) -> None:
        """Give the connections back."""
        manager = self._client.rest_client.pool_manager
        for key in manager.pools.keys():  # noqa: SIM118 - this container cannot be gone through
            manager.pools[key].close()
        manager.clear()

    def _send(self, call: Callable[..., Any], arguments: tuple[Any, ...], *, writing: bool) -> Answer:
        from urllib3.exceptions import (  # noqa: PLC0415 - the SDK's own transport, loaded with it
            ConnectTimeoutError,
            HTTPError,
            NewConnectionError,
        )

        fresh = [dict(one) if isinstance(one, dict) else one for one in arguments]  # the SDK changes them
        try:
            payload, _, headers = call(
                *fresh, full_payload=True, _return_http_data_only=False, _request_timeout=TIMEOUT
            )
        except self._refusal as error:
            raise _classed(error, writing=writing) from None  # its text has headers and body
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise ServerFaultError(f"Asana cannot be reached ({type(error).__name__})") from error
        except HTTPError as error:
            raise _broken(f"the connection broke ({type(error).__name__})", writing=writing) from error
        if not isinstance(payload, dict) or "data" not in payload:
            raise _broken("its answer cannot be read", writing=writing)
        self.told_at = _said_at(headers)
        return Answer(payload["data"], (payload.get("next_page") or {}).get("offset"), self.told_at)

    def _in_turn(self, request: Callable[..., Any], method: str, url: str, **how: object) -> Any:  # noqa: ANN401
        """Stands between the SDK and its transport; `request` has the answer read whole."""
        with self.pace.turn("read" if method == "GET" else "write", method) as turn:
            self._sent += 1
            response = request(method, url, redirect=False, **how)  # urllib3 before 2.5 follows to any host
            refused = response.status == 429 or response.status >= 500
            turn.answered(response.status, retry_after(response.headers) if refused else None)
            return response


def _perhaps_let_through(error: RateLimitedError | StoppingError, *, once: bool) -> LostAnswerError:
    """What it is to us that a limit refused a write, and nothing came of sending it again."""
    wait = error.retry_after if isinstance(error, RateLimitedError) else None
    short = once and wait is not None and wait <= PATIENCE  # which the next request sits out
    return LostAnswerError(f"{error}; the write may have been applied all the same", whole=not short)


def _is_record(data: object) -> bool:
    return isinstance(data, dict) and isinstance(data.get("gid"), str) and bool(data["gid"])


def _client(asana: Any, url: str, token: str) -> Any:  # noqa: ANN401 - the SDK has no types
    configuration = asana.Configuration()
    configuration.host = url
    configuration.access_token = token
    configuration.retry_strategy = False  # its own would send a comment twice
    configuration.return_page_iterator = False
    for logger in configuration.logger.values():
        logger.removeHandler(configuration.logger_stream_handler)
    client = asana.ApiClient(configuration)
    client.pool.close()  # for its asynchronous calls, which we never make
    client.pool.join()
    del client.pool
    return client


# --- failures ---------------------------------------------------------------------------------------------------


def _broken(what: str, *, writing: bool) -> TrackerError:
    if writing:
        return LostAnswerError(f"Asana may or may not have applied a write: {what}")
    return ServerFaultError(f"Asana could not be read: {what}")


def _classed(  # noqa: C901, PLR0911 - a table of statuses
    error: Any,  # noqa: ANN401 - an ApiException, which has no types
    *,
    writing: bool,
) -> TrackerError:
    """The one place where a status becomes an error; texts are shown, never matched."""
    headers: Mapping[str, str] = error.headers or {}
    said, wait = _said(error.body), retry_after(headers)
    match error.status:
        case 401:
            return CredentialsError(
                "Asana does not know the token; make a new personal access token (app.asana.com/0/my-apps) "
                "and put it where this source's token is read from"
            )
        case 402:
            return ForbiddenError(f"Asana needs a paid plan for this ({said}); upgrade, or map without it")
        case 403 | 451:
            return ForbiddenError(f"Asana does not let this account do that ({said}); add it to the project")
        case 404:
            return NotFoundError(f"Asana knows no such thing, or does not show it to this account ({said})")
        case 409 | 412:
            return ConflictError(f"somebody else wrote to Asana at the same moment ({said})")
        case 429:
            return RateLimitedError(f"Asana's limit on requests is reached{_long(wait)}", wait)
        case 0:
            return _tls_failed(str(error.reason), writing=writing)
        case status if 300 <= status < 400:
            return _moved(headers)
        case status if 400 <= status < 500:
            return InvalidError(f"Asana refused what was sent: {said}", _fields(said))
        case status if writing:
            return _broken(f"it answered {status} ({said}){_long(wait)}", writing=True)
        case status:
            return ServerFaultError(f"Asana answered {status} ({said}){_long(wait)}", wait)


def _tls_failed(reason: str, *, writing: bool) -> TrackerError:
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return ServerFaultError("the certificate of Asana's address is not trusted here, so nothing was sent")
    return _broken(f"the connection broke ({' '.join(reason.split())[:200]})", writing=writing)


def _moved(headers: Mapping[str, str]) -> TrackerError:
    where = moved_to(headers.get("Location"))
    return InvalidError(
        f"Asana's address points {where}, where the token was not sent; "
        "set the source's `url` to the final address, or leave it out"
    )


def _long(wait: timedelta | None) -> str:
    """A wait that is too long for us, for a person."""
    if wait is None or wait <= PATIENCE:
        return ""
    return f"; it asks to wait {round(wait / timedelta(minutes=1))} minutes"


def _said(body: bytes | None) -> str:
    """What the answer says of its errors, on one short line."""
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        messages = [str(one.get("message") or one["phrase"]) for one in json.loads(body or b"")["errors"]]
        return hidden(" ".join("; ".join(messages).split()))[:300]
    return "without saying why"


def _fields(said: str) -> tuple[str, ...]:
    """The request fields that a refusal names: its message begins with one and a colon."""
    found = re.match(r"([a-z_][a-z0-9_.]*):", said)
    return (found[1],) if found else ()


def _said_at(headers: Mapping[str, str]) -> datetime | None:
    with suppress(ValueError):
        return parsedate_to_datetime(headers.get("Date", "")).astimezone(UTC)
    return None


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """How long an answer asks to wait: `Retry-After` in (fractions of) seconds or as a date, None unless both
    there and readable. Never negative.
    """
    asked = headers.get("Retry-After", "").strip()
    with suppress(ValueError, OverflowError):
        if isfinite(seconds := float(asked)):
            return max(timedelta(seconds=seconds), timedelta())
    with suppress(ValueError):
        until = parsedate_to_datetime(asked)
        now = _said_at(headers) or datetime.now(UTC)
        return max((until if until.tzinfo else until.replace(tzinfo=UTC)) - now, timedelta())
    return None


# --- patience ---------------------------------------------------------------------------------------------------

_BACK_OFF = wait_exponential_jitter(initial=1, max=20)


def _patient(pace: Pace, *passing: type[RateLimitedError | ServerFaultError]) -> Retrying:
    """Retrying of the failures that pass, `ATTEMPTS` times at most; what they ask for is waited by their turns."""

    def passes(error: BaseException) -> bool:
        return isinstance(error, passing) and (error.retry_after or timedelta()) <= PATIENCE

    return Retrying(
        sleep=pace.rest,
        stop=stop_after_attempt(ATTEMPTS),
        retry=retry_if_exception(passes),
        wait=_BACK_OFF,
        reraise=True,
    )
