"""Sending what the state says is to be told, each notice once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from sync.action import Failed
from sync.errors import LostAnswerError, NotSentError
from sync.state.records import WEBHOOK

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sync.state.records import Notice, NoticeEntry
    from sync.state.store import Store

GIVEN_UP_AFTER = timedelta(hours=24)
"""So long after it was intended a notice that still cannot be sent is no news any more."""


class Notifier(Protocol):
    """What sends notices."""

    def send(self, notice: Notice) -> None:
        """Send it once. NotSentError: it certainly did not go out; LostAnswerError: perhaps it did."""
        ...


def deliver(
    store: Store,
    notifier: Notifier,
    clock: Callable[[], datetime],
    limit: int,
    stopping: Callable[[], bool] = lambda: False,
) -> list[Failed]:
    """Send the notices whose comments are written, at most `limit` of them; returns what went wrong.

    Before it is sent a notice is `unknown` in the state, so that whatever happens then it is never sent twice. One
    that certainly did not go out waits for the next pass, and is given up after `GIVEN_UP_AFTER`. Where a way is
    closed altogether, nothing more is tried on it in this pass.
    """
    failed: list[Failed] = []
    closed: set[bool] = set()
    sent = 0
    for entry in store.waiting_notices():
        by_webhook = entry.notice.to == WEBHOOK
        if sent >= limit or stopping():
            break
        if by_webhook in closed:
            continue
        sent += 1
        try:
            _send(entry, store, notifier, clock)
        except NotSentError as error:
            failed.append(_failed(entry.notice, error))
            closed |= {by_webhook} if error.whole else set()
        except LostAnswerError as error:
            failed.append(_failed(entry.notice, error))
    return failed


def _send(entry: NoticeEntry, store: Store, notifier: Notifier, clock: Callable[[], datetime]) -> None:
    mark = entry.notice.mark
    store.settle_notice(mark, "unknown", clock(), "it was being sent when makegood ended")
    try:
        notifier.send(entry.notice)
    except NotSentError as error:
        now = clock()
        late = now - entry.intended_at >= GIVEN_UP_AFTER
        store.settle_notice(mark, "failed" if late else "intended", now, str(error))
        raise
    except LostAnswerError as error:
        store.settle_notice(mark, "unknown", clock(), str(error))
        raise
    store.settle_notice(mark, "settled", clock())


def _failed(notice: Notice, error: NotSentError | LostAnswerError) -> Failed:
    return Failed(notice.ticket, f"notice to {notice.to}", str(error), notice.key)
