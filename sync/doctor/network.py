"""Whether everybody whom the program talks to is there and lets it in; nothing is written or sent to anybody."""

from __future__ import annotations

import os
import shlex
import ssl
from base64 import b64encode
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from sync.doctor.credentials import BEAT, SMTP, SUGGESTING, WEBHOOK, of_source
from sync.doctor.finding import Finding, broken, doubtful, good, parted, refused
from sync.errors import (
    ClockError,
    ConfigurationError,
    NotSentError,
    ServerFaultError,
    TrackerError,
)
from sync.legible import counted
from sync.monitoring.heartbeat import Heart
from sync.notify import PORTS, Mail, Webhook
from sync.settings import heartbeat_address, notify_secret
from sync.startup import opened
from sync.timekeeping import compared, noticed
from sync.trackers.base import Dated
from sync.trackers.sources import WorkbookSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.doctor.credentials import Keyring
    from sync.mapping.policy import Policy
    from sync.notify_models import SmtpSettings, WebhookSettings
    from sync.settings import HeartbeatSettings, Suggest
    from sync.trackers.base import Tracker
    from sync.trackers.pace import Paces
    from sync.trackers.sources import AnySource

CONNECT = 10.0
"""Seconds to wait for a connection *(ours)*."""
MOST = 3
"""Things broken with one source that are told one by one *(ours)*."""
SET_CLOCK = "timedatectl set-ntp true"


# --- trackers ---------------------------------------------------------------------------------------------------


def source(settings: AnySource, policy: Policy, keyring: Keyring, paces: Paces) -> Iterator[Finding]:
    """Whether a source answers, knows us, agrees on the time, and lets us do what the mapping wants.

    `paces` are what each host may be asked.
    """
    lacking = None if isinstance(settings, WorkbookSource) else keyring.lacking(of_source(settings))
    if lacking:
        yield lacking
        return
    with closing(opened(settings, policy, lambda: datetime.now(UTC), paces)) as tracker:
        try:
            tracker.connect()
        except TrackerError as error:
            yield refused(settings.name, error, asking(settings) if isinstance(error, ServerFaultError) else "")
            return
        yield from _time(settings, tracker)
        yield from _found(settings, tracker, keyring.doctor)


def _found(settings: AnySource, tracker: Tracker, doctor: str) -> Iterator[Finding]:
    """What `check --online` finds: what is broken, one by one; of what is doubtful or fine, how much it is."""
    fine, doubts, faults = list[Finding](), list[Finding](), list[Finding]()
    for each in tracker.check():
        about = f"{settings.name}: {each.about}"
        match each.level:
            case "ok":
                fine.append(good(about, each.what))
            case "warning":
                doubts.append(doubtful(about, each.what, ""))
            case "error":
                faults.append(broken(about, each.what, "", ConfigurationError.exit_status))
    if fine:
        others = f"; {counted(len(fine) - 1, 'further thing')} as it should be" if fine[1:] else ""
        yield good(settings.name, f"{fine[0].what.partition('; ')[0]}{others}")
    yield from faults[:MOST]
    rest = [*faults[MOST:], *doubts]
    if len(rest) == 1:
        yield from rest
    elif rest:
        what = f"{len(rest)} further things to look at, such as {rest[0].about.partition(': ')[2]}: {rest[0].what}"
        yield replace(rest[0], about=settings.name, what=what, remedy=f"{doctor} -v --source {settings.name}")
        yield from (replace(each, minor=True) for each in rest)
    yield from (replace(each, minor=True) for each in fine)


def _time(settings: AnySource, tracker: Tracker) -> Iterator[Finding]:
    """This machine's clock against the tracker's."""
    about, told_at = f"{settings.name}: clock", tracker.told_at if isinstance(tracker, Dated) else None
    if told_at is None:
        return
    try:
        ahead = compared(datetime.now(UTC), told_at, None, settings.name)
    except ClockError as error:
        yield refused(about, error, SET_CLOCK)
        return
    if told := noticed(ahead):
        yield doubtful(about, parted(told)[0], SET_CLOCK)
    else:
        yield Finding(about, "ok", "it agrees with this machine's", minor=True)


def asking(settings: AnySource) -> str:
    """A command that shows whether a source can be reached at all; empty for a file."""
    return "" if isinstance(settings, WorkbookSource) else shlex.join(["curl", "-sSI", settings.url])


# --- the others -------------------------------------------------------------------------------------------------


def mail(settings: SmtpSettings, keyring: Keyring) -> Iterator[Finding]:
    """Whether the mail server takes our greeting and our login; no mail is sent."""
    if settings.user and (lacking := keyring.lacking(SMTP)):
        yield lacking
        return
    place = f"{settings.host}:{settings.port or PORTS[settings.security]}"
    try:
        Mail(settings, notify_secret("smtp").get_secret_value() if settings.user else "").greet()
    except NotSentError as error:
        yield broken("mail", str(error), _ASKING[settings.security].format(shlex.quote(place)))
    else:
        yield good("mail", f"{place} lets us in; no mail was sent")


_ASKING = {
    "tls": "openssl s_client -connect {} </dev/null",
    "starttls": "openssl s_client -starttls smtp -connect {} </dev/null",
    "none": "curl -sv telnet://{} </dev/null",
}


def webhook(settings: WebhookSettings, keyring: Keyring) -> Iterator[Finding]:
    """Whether somebody listens where the webhook points; nothing is posted, and its address is told to nobody."""
    if lacking := keyring.lacking(WEBHOOK):
        yield lacking
        return
    url = notify_secret("webhook").get_secret_value()
    Webhook(settings, url)  # refuses what is no address
    yield listens("webhook", url, posting_line(url))


def heartbeat(settings: HeartbeatSettings, keyring: Keyring) -> Iterator[Finding]:
    """Whether somebody listens where we give signs of life; none is given, for it would be believed."""
    if lacking := keyring.lacking(BEAT):
        yield lacking
        return
    url = heartbeat_address().get_secret_value()
    Heart(settings, url)  # refuses what is no address
    yield listens("heartbeat", url, posting_line(url))


def suggest(settings: Suggest, keyring: Keyring) -> Iterator[Finding]:
    """Whether somebody listens where categories are asked for; nothing is asked."""
    yield keyring.lacking(SUGGESTING) or listens("suggest", settings.url, direct_line(settings.url))


def listens(about: str, url: str, line: HTTPConnection) -> Finding:
    """Whether a connection can be made, TLS included; nothing is sent over it. Of the address the host is told."""
    shown = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    try:
        with closing(line):
            line.connect()
    except (OSError, HTTPException) as error:
        return broken(about, f"{shown} cannot be reached ({_why(error)})", f"curl -sSI {shlex.quote(shown)}")
    return good(about, f"{shown} can be reached; nothing was sent")


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def direct_line(url: str) -> HTTPConnection:
    """A connection to the address itself, not made yet."""
    parts = urlsplit(url)
    if parts.scheme == "http":
        return HTTPConnection(parts.hostname or "", parts.port or 80, timeout=CONNECT)
    return HTTPSConnection(
        parts.hostname or "", parts.port or 443, timeout=CONNECT, context=ssl.create_default_context()
    )


def posting_line(url: str) -> HTTPConnection:
    """A connection as `requests` would make it, with the environment's proxy and certificates; not made yet."""
    from requests.utils import DEFAULT_CA_BUNDLE_PATH  # noqa: PLC0415 - only where something is posted

    parts = urlsplit(url)
    through = getproxies().get("https")
    if parts.scheme == "http":
        return direct_line(url)
    named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    context = ssl.create_default_context(cafile=named or DEFAULT_CA_BUNDLE_PATH)
    if not through or proxy_bypass(parts.hostname or ""):
        return HTTPSConnection(parts.hostname or "", parts.port or 443, timeout=CONNECT, context=context)
    proxy = urlsplit(through if "://" in through else f"http://{through}")
    line = HTTPSConnection(proxy.hostname or "", proxy.port or 80, timeout=CONNECT, context=context)
    login = (
        b64encode(f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()) if proxy.username else b""
    )
    line.set_tunnel(
        parts.hostname or "",
        parts.port or 443,
        {"Proxy-Authorization": f"Basic {login.decode()}"} if login else {},
    )
    return line
