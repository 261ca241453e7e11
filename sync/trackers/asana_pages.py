"""Pages of tickets, of which single ones may not be readable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.action import Failed
from sync.errors import ForbiddenError, InvalidError, NotFoundError, ServerFaultError
from sync.trackers.asana_fields import BROKEN
from sync.trackers.base import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sync.ticket import Ticket

FAULTS_IN_A_ROW = 3
"""Tasks one after the other that the server fails to tell before it counts as down."""


def page_of(reads: Iterable[tuple[str, Callable[[], Ticket]]]) -> Page:
    """The tickets of these reads; what is wrong with one of them is told and stops no other."""
    tickets: list[Ticket] = []
    failed: list[Failed] = []
    gone: list[str] = []
    faults = 0
    for task, read in reads:
        try:
            tickets.append(read())
        except NotFoundError:
            gone.append(task)
        except ServerFaultError as error:
            faults += 1
            if faults >= FAULTS_IN_A_ROW:
                raise
            failed.append(Failed(task, "read", str(error)))
            continue
        except (ForbiddenError, InvalidError) as error:
            failed.append(Failed(task, "read", str(error)))
        except BROKEN as error:
            why = f"the task is not told as Asana documents it ({type(error).__name__}: {error})"
            failed.append(Failed(task, "read", why))
        faults = 0
    return Page(tuple(tickets), tuple(failed), gone=tuple(gone))
