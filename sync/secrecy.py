"""The secrets of this process, and texts without them."""

from __future__ import annotations

import json
from base64 import b64encode
from html import escape
from traceback import format_exception
from urllib.parse import quote

HIDDEN = "(hidden)"
SHORTEST = 8
"""Letters of the shortest secret that is looked for; a shorter one could be a word of any text."""

_known: set[str] = set()


def keep(*secrets: str) -> None:
    """Know these from now on, with each form in which whoever was sent one may send it back."""
    for secret in secrets:
        if len(secret) >= SHORTEST:
            based = b64encode(secret.encode()).decode()
            _known.update({secret, quote(secret, safe=""), json.dumps(secret)[1:-1], escape(secret), based})


def hidden(text: str) -> str:
    """The text with no secret in it. Not for a text that was cut before: half a secret is not found."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def trace(error: BaseException) -> str:
    """Where an unexpected error came from, without secrets and without what any variable held."""
    return hidden("".join(format_exception(error))).rstrip()
