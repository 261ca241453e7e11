"""Whom connections to trackers trust: the same authorities for all of them, read once."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.util.ssl_ import create_urllib3_context

from sync.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable


class _Shared(SSLContext):
    """A context by which many threads connect at once, so that nothing of it changes once it is made."""

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        """Nothing: urllib3 would tell it the same for each connection, while OpenSSL reads it for another."""


@cache
def trusting(bundle: str) -> SSLContext:
    """A context for any number of connections and threads that trusts the authorities of a file or folder.

    Reading them takes 25 ms and two thirds of a megabyte, for which reason it is not done for each connection.
    ConfigurationError if there are none that can be read.
    """
    context, usual = _Shared(PROTOCOL_TLS_CLIENT), create_urllib3_context()
    context.options |= usual.options
    context.verify_flags |= usual.verify_flags
    context.hostname_checks_common_name = False
    SSLContext.set_alpn_protocols(context, ["http/1.1"])
    try:
        context.load_verify_locations(**{"capath" if Path(bundle).is_dir() else "cafile": bundle})
    except OSError as error:
        raise ConfigurationError(
            f"the authorities in {bundle} that are to be trusted cannot be read ({error.strerror or error}); "
            "name a readable file of certificates in REQUESTS_CA_BUNDLE, or unset it"
        ) from None
    return context


class TrustingAdapter(HTTPAdapter):
    """For `requests`: connects by one context, where it would read the authorities for each connection anew.

    Sessions that it is mounted on are asked with `verify` True.
    """

    def __init__(self, context: SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:  # noqa: ANN401 - requests' own
        """As `requests` does, with the context."""
        super().init_poolmanager(*arguments, **more, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:  # noqa: ANN401 - likewise
        """As `requests` does, with the context, also for a proxy that speaks TLS itself."""
        if proxy.lower().startswith("https:"):
            more["proxy_ssl_context"] = self._context
        return super().proxy_manager_for(proxy, **more, ssl_context=self._context)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ANN401 - likewise
        """Nothing more: the context knows whom to trust."""
