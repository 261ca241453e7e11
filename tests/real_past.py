"""The real service desk as a past to be replayed: what people did there, and the settings it is judged by."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from real_downtime import SOURCE, Desk, acts
from tickets import shipped

from sync.settings import Settings
from sync.ticket import Status
from sync.trackers.past import Past
from sync.trackers.sources import JiraSource

if TYPE_CHECKING:
    from pathlib import Path

    from sync.mapping.policy import Policy
    from sync.ticket import Ticket

SETTINGS = Settings(
    source=[
        JiraSource.model_validate(
            SOURCE.model_dump(exclude={"guard"}, exclude_unset=True)
            | {"tracker": "jira", "url": "https://tracker.example", "projects": ["A"]}
        )
    ]
)


def desk_policy() -> Policy:
    """The shipped policy, to which a move to "waiting for the client" is contact, as `Desk` has it."""
    mapping = shipped().mappings["jira.toml"]
    contact = mapping.contact.model_copy(update={"statuses": [Status.WAITING]})
    return replace(shipped(), mappings={"jira.toml": mapping.model_copy(update={"contact": contact})})


def desk_tickets(corpus: Path, folder: Path) -> list[Ticket]:
    """The 649 tickets with their whole history."""
    folder.mkdir(exist_ok=True)
    desk = Desk(folder, acts(corpus))
    desk.play(datetime(2026, 11, 1, tzinfo=UTC))
    desk.store.close()
    return [*desk.board.tickets.values()]


def desk_past(tickets: list[Ticket], since: datetime) -> Past:
    """The desk as it stood then."""
    return Past("site", tickets, since, brings_in=("mention", "watch", "assign"))
