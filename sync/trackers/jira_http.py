"""Jira over HTTP: a session of the `jira` package, each failure classed once, only what is safe repeated."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import requests
from jira import JIRA
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

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
from sync.trackers.sources import direct, moved_to
from sync.trackers.tls import TrustingAdapter, trusting

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]

TIMEOUT = (5.0, 60.0)
"""Seconds to wait for a connection, and for each piece of an answer."""
PIECE = 1 << 20
"""Bytes of an answer that are taken at once; by default the package takes ten thousand."""
ATTEMPTS = 4

_BACK_OFF = wait_random_exponential(multiplier=1, max=8, min=0.2)
_SECONDS = re.compile(r"\d{1,7}(\.\d+)?")
_LOGIN_FAILED = {"AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED"}


class Answer(NamedTuple):
    """What Jira said: its JSON (None for no content), and when by its own clock (aware UTC)."""

    body: Any
    at: datetime | None

    @property
    def record(self) -> Json:
        """The body where it must be an object; ServerFaultError otherwise."""
        if isinstance(self.body, dict):
            return self.body
        raise ServerFaultError("Jira answered with something else than the object that was asked for")


class JiraHttp:
    """Requests to one Jira, for one thread. `version` is that of its REST API, `3` (Cloud) or `2`.

    Raises the classes of `sync.errors` alone; no text of theirs holds a token, a query or a header. StoppingError
    and, where `pace` holds the host back, RateLimitedError: nothing was sent.
    """

    def __init__(self, address: str, token: str, email: str | None = None, *, pace: Pace | None = None) -> None:
        if not (token and all("!" <= letter <= "~" for letter in token)):
            raise CredentialsError("the Jira token is empty or holds a character that no token has; set it anew")
        keep(token, f"{email}:{token}")
        self.version = "2"
        self._address = address
        self._again = (address, token, email)
        self.pace = pace or Pace()
        self._sent = 0
        self._client = JIRA(
            server=address,
            basic_auth=(email.encode().decode("latin-1"), token) if email else None,
            token_auth=None if email else token,
            get_server_info=False,
            max_retries=0,
            timeout=TIMEOUT,
            logging=False,
        )
        self._session: requests.Session = self._client._session  # noqa: SLF001 - the package offers no raw call
        self._settings = self._session.merge_environment_settings(
            address, direct(address), stream=True, verify=None, cert=None
        )
        if address.startswith("https:"):
            named = self._settings["verify"]
            context = trusting(named if isinstance(named, str) else DEFAULT_CA_BUNDLE_PATH)
            self._session.mount("https://", TrustingAdapter(context))
            self._settings["verify"] = True
        self._ask = self._patient(ServerFaultError, RateLimitedError)
        self._tell = self._patient(RateLimitedError)

    def clone(self) -> JiraHttp:
        """Another session with the same credentials, for another thread."""
        other = JiraHttp(*self._again, pace=self.pace)
        other.version = self.version
        return other

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()  # type: ignore[no-untyped-call]

    def read(
        self, method: str, path: str, query: Mapping[str, object] | None = None, body: object = None
    ) -> Answer:
        """Ask for JSON; what fails at Jira's end or for a limit is asked again, a few times."""
        return self._ask(self._exchange, method, path, query, body, writing=False)

    def write(
        self,
        method: str,
        path: str,
        body: object,
        query: Mapping[str, object] | None = None,
        *,
        once: bool = False,
    ) -> Answer:
        """Send a change; one that a limit rejected is sent again, a few times, unless it may be made but `once`.

        LostAnswerError: it may be applied, whatever was answered. ServerFaultError: it never left, for no
        connection could be made.
        """
        before = self._sent
        try:
            send = self._exchange if once else partial(self._tell, self._exchange)
            return send(method, path, query, body, writing=True)
        except (RateLimitedError, StoppingError) as error:
            if self._sent == before:
                raise
            raise _perhaps_let_through(error, once=once) from None

    def _patient(self, *safe: type[TrackerError]) -> Retrying:
        """Repeats a call after a failure of these classes, unless the wait that is asked for is too long."""

        def worth_it(error: BaseException) -> bool:
            wait = getattr(error, "retry_after", None)
            return isinstance(error, safe) and (wait is None or wait <= PATIENCE)

        return Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=_BACK_OFF,
            retry=retry_if_exception(worth_it),
            sleep=self.pace.rest,
            reraise=True,
        )

    def _exchange(
        self, method: str, path: str, query: Mapping[str, object] | None, body: object, *, writing: bool
    ) -> Answer:
        address = f"{self._address}/rest/api/{self.version}/{path}"
        what = f"{method} /rest/api/{self.version}/{path}"
        try:
            with self.pace.turn("write" if writing else "read", method, _ticket(path)) as turn:
                self._sent += 1
                response = self._send(method, address, query, None if body is None else json.dumps(body))
                content = b"".join(response.iter_content(PIECE))
                turn.answered(
                    response.status_code,
                    _rest(response),
                    ticket=_per_ticket(response),
                    left=_left(response),
                )
        except requests.RequestException as error:
            raise _unanswered(error, what, writing=writing) from None  # its own text and request hold headers
        if refusal := refused(response, content, what, writing=writing):
            raise refusal
        return Answer(_read(response, content, what, writing=writing), _date(response))

    def _send(
        self, method: str, address: str, query: Mapping[str, object] | None, body: str | None
    ) -> requests.Response:
        # Not `session.request`: that one logs and raises headers and bodies, and stumbles over some of them.
        # What it takes from the environment for each request, and merges, is here the same for all.
        session, request = self._session, requests.PreparedRequest()
        request.prepare(
            method,
            address,
            headers=session.headers,
            params=query,
            data=body,
            auth=session.auth,
            cookies=session.cookies,
        )
        return session.send(request, timeout=TIMEOUT, allow_redirects=False, **self._settings)


def _perhaps_let_through(error: RateLimitedError | StoppingError, *, once: bool) -> LostAnswerError:
    """What it is to us that a limit refused a write, and nothing came of sending it again."""
    wait, scope = (error.retry_after, error.scope) if isinstance(error, RateLimitedError) else (None, "source")
    short = once and wait is not None and wait <= PATIENCE  # which the next request sits out
    whole = scope == "source" and not short
    return LostAnswerError(f"{error}; it may have been applied all the same", whole=whole)


def _ticket(path: str) -> str:
    """The issue that a path is about; empty if it is about none."""
    place, _, rest = path.partition("/")
    return rest.partition("/")[0] if place == "issue" else ""


def _rest(response: requests.Response) -> timedelta | None:
    """How long Jira asks to be left alone; Data Center also says so when it takes the last request."""
    status = response.status_code
    return retry_after(response) if status in {403, 429} or status >= 500 or not _left(response) else None


def _per_ticket(response: requests.Response) -> bool:
    """Whether a limit of writes to one issue was in the way."""
    return response.headers.get("RateLimit-Reason", "").startswith("jira-per-issue")


def _left(response: requests.Response) -> float:
    """How many more requests Jira says that it takes now."""
    told = response.headers.get("X-RateLimit-Remaining", "")
    return float(told) if told.isdecimal() and told.isascii() else inf


def _unanswered(error: requests.RequestException, what: str, *, writing: bool) -> TrackerError:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    unsent = isinstance(error, requests.ConnectTimeout) or (
        isinstance(error.args[0] if error.args else None, MaxRetryError)
        and isinstance(reason, (NewConnectionError, ConnectTimeoutError))
    )
    name = type(reason or error).__name__
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema)):
        return InvalidError(f"{what}: the address of the source is no address; correct its `url`")
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(reason):
        return ServerFaultError(
            f"{what}: the certificate of Jira's address is not trusted here, so nothing was sent; "
            "if it is your own, name its authority's file in REQUESTS_CA_BUNDLE"
        )
    if writing and not unsent:
        return LostAnswerError(f"{what}: no answer came ({name}); it may have been applied")
    return ServerFaultError(f"{what}: Jira could not be reached ({name})")


def refused(response: requests.Response, content: bytes, what: str, *, writing: bool) -> TrackerError | None:
    """The class of an answer that is a refusal; None for one that is not."""
    said = f"{what}: Jira answered {response.status_code}"
    return (
        _login_refused(response, said, writing=writing)
        or _limited(response, said)
        or _fault(response, said, writing=writing)
        or _moved(response, said)
        or _client_error(response.status_code, content, said)
    )


def _login_refused(response: requests.Response, said: str, *, writing: bool) -> TrackerError | None:
    login = {reason.strip() for reason in response.headers.get("X-Seraph-LoginReason", "").split(",")}
    failed = login & _LOGIN_FAILED and "OK" not in login  # one of several filters may let us in
    denied = response.status_code == 403 and "X-Authentication-Denied-Reason" in response.headers
    if failed and writing and response.status_code < 300:
        return LostAnswerError(f"{said}, yet it does not accept the account; anybody may write there", whole=True)
    if response.status_code == 401 or denied or failed:
        return CredentialsError(f"Jira does not accept the account or its token; make a new token ({said})")
    return None


def _limited(response: requests.Response, said: str) -> TrackerError | None:
    reason = response.headers.get("RateLimit-Reason", "")
    quota = response.status_code == 403 and (reason or retry_after(response))  # Data Center always says 0
    if response.status_code == 429 or quota:
        scope: Literal["ticket", "source"] = "ticket" if _per_ticket(response) else "source"
        wait = retry_after(response)
        return RateLimitedError(f"{said}: too many requests{_long(wait)}", wait, scope)
    return None


def _fault(response: requests.Response, said: str, *, writing: bool) -> TrackerError | None:
    if response.status_code < 500 and response.status_code != 408:
        return None
    wait = retry_after(response)
    if writing:
        return LostAnswerError(f"{said}{_long(wait)}; the change may have been applied")
    return ServerFaultError(f"{said}{_long(wait)}", wait)


def _long(wait: timedelta | None) -> str:
    """A wait that is too long for us, for a person."""
    if wait is None or wait <= PATIENCE:
        return ""
    return f"; it asks to wait {round(wait / timedelta(minutes=1))} minutes"


def _moved(response: requests.Response, said: str) -> TrackerError | None:
    if 300 <= response.status_code < 400:
        where = moved_to(response.headers.get("Location"))
        return InvalidError(
            f"{said}: it points {where}, where the token was not sent; "
            "set the source's `url` to Jira's own final address"
        )
    return None


_REFUSALS: dict[int, tuple[type[TrackerError], str]] = {
    403: (ForbiddenError, "the account may not do this"),
    404: (NotFoundError, "not there, or not visible to the account"),
    410: (NotFoundError, "this Jira no longer has that service"),
    409: (ConflictError, "somebody else wrote at the same moment"),
}


def _client_error(status: int, content: bytes, said: str) -> TrackerError | None:
    if status < 300:
        return None
    if known := _REFUSALS.get(status):
        kind, words = known
        return kind(f"{said}: {words}")
    fields, explained = _explained(content)
    return InvalidError(f"{said}{explained}", fields)


def _explained(content: bytes) -> tuple[tuple[str, ...], str]:
    """The refused fields, and for a person what Jira says of them, in whatever language it says it."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return (), ""
    errors = body.get("errors") if isinstance(body, dict) else None
    messages = body.get("errorMessages") if isinstance(body, dict) else None
    errors = errors if isinstance(errors, dict) else {}
    said = [f"{name}: {text}" for name, text in errors.items()]
    said += [str(text) for text in messages] if isinstance(messages, list) else []
    words = hidden(" ".join("; ".join(said).split()))
    return tuple(errors), f" ({words[:300]})" if words else ""


def _read(response: requests.Response, content: bytes, what: str, *, writing: bool) -> Any:  # noqa: ANN401 - JSON
    if response.status_code == 204 or (writing and not content):
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        kind = response.headers.get("Content-Type", "nothing").partition(";")[0]
        if writing:
            raise LostAnswerError(
                f"{what}: the answer cannot be read ({kind}); it may have been applied"
            ) from None
        raise ServerFaultError(
            f"{what}: the answer is no JSON but {kind}; a log-in page or a proxy may stand before Jira"
        ) from None


def retry_after(response: requests.Response) -> timedelta | None:
    """How long Jira asks to wait: seconds, broken seconds or an HTTP date; None if it does not say."""
    asked = response.headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(asked):
        return timedelta(seconds=float(asked))
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return None
    return max(timedelta(0), _aware(until) - (_date(response) or datetime.now(UTC)))


def _date(response: requests.Response) -> datetime | None:
    try:
        return _aware(parsedate_to_datetime(response.headers.get("Date", "")))
    except ValueError:
        return None


def _aware(instant: datetime) -> datetime:
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
