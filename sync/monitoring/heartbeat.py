"""A sign of life to an address that alarms somebody when it hears nothing more: a dead man's switch."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from sync.errors import CredentialsError, NotSentError
from sync.secrecy import keep
from sync.trackers.sources import Address, direct

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from sync.settings import HeartbeatSettings

PATIENCE = 10.0
"""Seconds to wait for a connection, and for the answer."""


class Heart:
    """Asks for one address now and then while all is well. CredentialsError for what cannot be an address."""

    def __init__(
        self, settings: HeartbeatSettings, address: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        try:
            TypeAdapter(Address).validate_python(address)
        except ValidationError:
            raise CredentialsError(
                "What stands for [heartbeat] is no address that begins with https:// "
                "(plain http only to this very machine). Copy it again."
            ) from None
        keep(address)
        self._address = address
        self._every = settings.every.elapsed().total_seconds()
        self._clock = clock
        self._last = float("-inf")
        self._asking: threading.Thread | None = None
        self._silent = False

    def beat(self, good: bool) -> None:  # noqa: FBT001 - whether every source's last pass was good
        """Ask, in a thread of its own, if all is well and the last time was long enough ago; never waits."""
        busy = self._asking is not None and self._asking.is_alive()
        if not good or busy or self._clock() - self._last < self._every:
            return
        self._last = self._clock()
        self._asking = threading.Thread(target=self._ask, name="heartbeat", daemon=True)
        self._asking.start()

    def ask(self) -> None:
        """Ask now. NotSentError, without the address, unless the answer says that all is well (2xx)."""
        import requests  # noqa: PLC0415 - only where there is a heartbeat

        try:
            with requests.get(
                self._address,
                auth=_unsigned,
                proxies=direct(self._address),
                timeout=PATIENCE,
                allow_redirects=False,
                stream=True,
            ) as answer:
                status = answer.status_code
        except requests.RequestException as error:
            cause = getattr(error.args[0] if error.args else None, "reason", None) or error
            raise NotSentError(f"the heartbeat's address could not be reached ({type(cause).__name__})") from None
        if 300 <= status < 400:
            raise NotSentError(
                f"the heartbeat's address answered {status}: it points elsewhere; set the final one"
            )
        if status >= 400:
            raise NotSentError(f"the heartbeat's address answered {status}")

    def _ask(self) -> None:
        """Ask, and log it once when that begins to fail, and once when it works again."""
        log = logging.getLogger("makegood")
        try:
            self.ask()
        except NotSentError as error:
            if not self._silent:
                log.warning("%s; whoever listens there will alarm, while all else goes on", error)
            self._silent = True
        else:
            if self._silent:
                log.warning("the heartbeat is heard again")
            self._silent = False


def _unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The request as it is: without one of these, `requests` takes a login from ~/.netrc."""
    return request
