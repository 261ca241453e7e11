"""`mappings/escalation.toml`: times by severity, and who is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from sync.mapping.parts import Complaint, Strict, Time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.ticket import Severity


class Cell(Strict):
    """One promise at one severity."""

    within: Time
    """The time there is."""
    warn_after: Time | None = None
    """When the warning comes; without it at `warn_at` of the time."""
    counts: Literal["elapsed", "working"] = "elapsed"
    """`elapsed` goes by the wall clock; `working` only while the calendar is open, and a day is a working day."""
    if_closed: Literal["keep", "next-opening"] = "keep"
    """What happens to an instant that falls into closed hours: `keep` leaves it, `next-opening` moves it to when
    the calendar opens."""

    def complaints(self) -> Iterator[Complaint]:
        """A warning that comes before the breach."""
        if self.warn_after and self.warn_after.elapsed() >= self.within.elapsed():
            what = (
                f"a warning after {self.warn_after.written} never comes before the limit of {self.within.written}"
            )
            yield ("warn_after",), f"{what}; make it shorter than within"


class Escalation(Strict):
    """Who is brought in, and by when that person must have taken it."""

    to: str
    """The role that is brought in; one of `ladder` or `roles`. Example: "engagement_partner"."""
    taken: Cell | None = None
    """Without it the role is named on the ticket and nobody is chased."""


def beats(update: Cell | None, at: tuple[str, ...]) -> Iterator[Complaint]:
    """What is wrong with a cadence: that it lets no time pass between two updates."""
    if update and not update.within.elapsed():
        yield (*at, "within"), 'an update every moment cannot be kept; write some time, such as "4h"'


class Row(Strict):
    """One severity's row of the matrix. A promise that is not there is not made."""

    first_response: Cell
    """How soon the client hears from somebody."""
    update: Cell | None = None
    """How often the client hears how it stands; without it no updates are promised."""
    escalation: Escalation
    """Which role is brought in."""
    handover: bool = True
    """Whether an escalation hand-over is written when the severity is given."""
    resolution: Cell | None = None
    """The planned date, for sources whose due date means `resolution`."""

    def complaints(self) -> Iterator[Complaint]:
        """A cadence that lets some time pass between two updates."""
        yield from beats(self.update, ("update",))


class EscalationFile(Strict):
    """`mappings/escalation.toml`: who is told what, and by when."""

    ladder: list[str] = Field(min_length=1)
    """Roles from the first to the top; a reminder that is ignored climbs one.

    Example: ["project_manager", "engagement_partner", "managing_partner"]
    """
    roles: list[str] = []
    """Further roles that a client's record may fill. Example: ["technical_lead"]"""
    warn_at: float = Field(0.75, gt=0, lt=1)
    """The share of a promise's time at which a warning comes, unless it says `warn_after`."""
    gather: Time
    """Time to gather facts between the severity being given and the hand-over."""
    calendar: str
    """The calendar of every client and source that names none. Example: "berlin"."""
    critical: Row
    """What is promised for critical issues."""
    high: Row
    """What is promised for high issues."""
    medium: Row
    """What is promised for medium issues."""
    low: Row
    """What is promised for low issues."""

    def complaints(self) -> Iterator[Complaint]:
        """No role twice on the ladder."""
        for index, role in enumerate(self.ladder):
            if role in self.ladder[:index]:
                yield ("ladder", index), f"{role} stands on the ladder already; keep one of them"

    def row(self, severity: Severity) -> Row:
        """The matrix row of one severity."""
        row: Row = getattr(self, severity)
        return row
