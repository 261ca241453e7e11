"""The secrets of this process, and texts without them."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from html import escape
from traceback import format_exception
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Collection

HIDDEN = "(hidden)"
SHORTEST = 8
"""Letters of the shortest secret that is looked for; a shorter one could be a word of any text."""

SECRET_KEY = re.compile(
    r"token|passw|passphrase|secret(?!ar)|credential|bearer|(api|private|access)[-_ ]?key|^pat$", re.IGNORECASE
)
"""Keys of a file that look like a secret's."""

_WORD = SECRET_KEY.pattern.replace("^pat$", r"\bpat\b")
_GIVEN = re.compile(rf"""((?:{_WORD})[\w"'.-]*\s*[=:]|^\s*["']?[\w.-]*(?:{_WORD})[\w"'.-]*).*""", re.IGNORECASE)
_LOGIN = re.compile(r"""(://)[^\s"']*@""")
_QUOTED = re.compile(r"""(?<!\w)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?!\w)|“[^”]*”""")
_PATH = re.compile(r"""(://[^/\s"']+/)[^\s"']+""")

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


def unquoted(text: str, own: Collection[str]) -> str:
    """The text without what it quotes from a ticket, for logs and the state: of all quoted, `own` words stay."""
    return _QUOTED.sub(lambda found: found[0] if found[0][1:-1] in own else "“…”", text)


def veiled(line: str, key: str) -> str:
    """The line of a file that a person wrote, less what may be a secret: the value of a key that looks like one's,
    a login in an address; and all but the host of an address that is a webhook's or the heartbeat's, or may be one
    (`key` is empty where the file is not understood).
    """
    line = _LOGIN.sub(r"\1…@", _GIVEN.sub(r"\1 …", line))
    return _PATH.sub(r"\1…", line) if not key or key.startswith(("notify.webhook", "heartbeat")) else line


def trace(error: BaseException) -> str:
    """Where an unexpected error came from, without secrets and without what any variable held."""
    return hidden("".join(format_exception(error))).rstrip()
