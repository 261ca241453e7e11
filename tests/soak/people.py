"""Clients and staff of the soak, who do whatever people do with tickets, at random."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from soak.desks import SEVERITIES, STAFF

from sync.ticket import Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from random import Random

    from soak.desks import Desk

TITLES = ("The report is late", "The invoice is wrong", "The delivery is late", "A question", "Somebody was rude")
LABELS = ("mine-too", "vip", "esc:delivery", "esc:team", "esc:low", "esc:critical", "no-makegood")
OPEN, DOING, WAITING = Status.OPEN, Status.IN_PROGRESS, Status.WAITING
RESOLVED, CLOSED = Status.RESOLVED, Status.CLOSED


class People:
    """Whoever works on the tickets of one desk. Every act is chosen by `chance` alone."""

    def __init__(self, desk: Desk, chance: Random, clients: int) -> None:
        self._desk = desk
        self._chance = chance
        self._clients = clients
        self._acts: dict[Callable[[str, datetime], None], int] = {
            self._client_writes: 12,
            self._staff_write: 8,
            self._staff_call: 6,
            self._move_on: 24,
            self._take_label_off: 12,
            self._put_label: 3,
            self._set_due: 6,
            self._own: 6,
            self._rate: 5,
            self._move: 2,
        }

    def open_ticket(self) -> str:
        """A client has an issue."""
        chance = self._chance
        client = f"Client {chance.randint(1, self._clients)}"
        title, severity = chance.choice(TITLES), chance.choice(SEVERITIES)
        return self._desk.create(title, chance.choice(self._desk.places), client, severity)

    def act(self, ticket: str, now: datetime) -> None:
        """Somebody does something on a ticket."""
        (act,) = self._chance.choices([*self._acts], [*self._acts.values()])
        act(ticket, now)

    # --- acts ----------------------------------------------------------------------------------------------------

    def _client_writes(self, ticket: str, _now: datetime) -> None:
        self._desk.comment("client", ticket, self._chance.choice(["Any news?", "It is still late", "Thank you"]))

    def _staff_write(self, ticket: str, _now: datetime) -> None:
        self._desk.comment("staff", ticket, "We look into it")

    def _staff_call(self, ticket: str, _now: datetime) -> None:
        self._desk.comment("staff", ticket, "/called and told them how it stands")

    def _move_on(self, ticket: str, _now: datetime) -> None:
        status = Status(self._desk.life(ticket).last("status"))
        following = {
            OPEN: [DOING, DOING, DOING, WAITING, RESOLVED],
            DOING: [WAITING, RESOLVED, RESOLVED],
            WAITING: [DOING, DOING, RESOLVED],
            RESOLVED: [CLOSED, CLOSED, CLOSED, OPEN, WAITING],
            CLOSED: [CLOSED, CLOSED, DOING],
        }
        wanted = self._chance.choice(following[status])
        if wanted is not status:
            self._desk.set_status(ticket, wanted)

    def _take_label_off(self, ticket: str, _now: datetime) -> None:
        if standing := sorted(self._desk.labels(ticket)):
            self._desk.take_label(ticket, self._chance.choice(standing))

    def _put_label(self, ticket: str, _now: datetime) -> None:
        if missing := sorted({*LABELS} - {*self._desk.labels(ticket)}):
            self._desk.put_label(ticket, self._chance.choice(missing))

    def _set_due(self, ticket: str, now: datetime) -> None:
        day = (now + timedelta(days=self._chance.randint(-3, 20))).date()
        self._desk.set_due(ticket, self._chance.choice([day, day, None]))

    def _own(self, ticket: str, _now: datetime) -> None:
        self._desk.set_owner(ticket, self._chance.choice([STAFF, STAFF, None]))

    def _rate(self, ticket: str, _now: datetime) -> None:
        self._desk.set_severity(ticket, self._chance.choice(SEVERITIES))

    def _move(self, ticket: str, _now: datetime) -> None:
        elsewhere = "elsewhere" if "shared" in self._desk.places else self._desk.places[0]
        self._desk.move(ticket, self._chance.choice([*self._desk.places, elsewhere]))
