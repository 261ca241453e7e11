"""`mappings/severity.toml`: the matrix, signals, and what raises a severity."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field

from sync.mapping.conditions import Condition
from sync.mapping.parts import Complaint, Strict, Time, twice
from sync.mapping.wording import nearest
from sync.ticket import Language, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


class Matrix(Strict):
    """Impact × reach -> severity; every cell must be there."""

    impacts: list[str]
    """The values of the field `impact`. Example: ["minor", "major"]"""
    reaches: list[str]
    """The values of the field `reach`. Example: ["one person", "everybody"]"""
    cells: dict[str, dict[str, Severity]]
    """The severity for each impact and reach.

    Example: { minor = { "one person" = "low", everybody = "medium" } }
    """

    def complaints(self) -> Iterator[Complaint]:
        """Every cell filled, and none beside the matrix."""
        for impact in self.impacts:
            row = self.cells.get(impact, {})
            if missing := [reach for reach in self.reaches if reach not in row]:
                at = ("cells", impact) if row else ("cells",)
                yield at, f"the row of impact {impact!r} has no severity for reach {', '.join(map(repr, missing))}"
        for impact, row in self.cells.items():
            if impact not in self.impacts:
                yield ("cells", impact), f"{impact!r} is in no list impacts{nearest(impact, self.impacts)}"
            for reach in row:
                if reach not in self.reaches:
                    yield (
                        ("cells", impact, reach),
                        f"{reach!r} is in no list reaches{nearest(reach, self.reaches)}",
                    )


class Signal(Strict):
    """Words or fields that give a severity; of several that match the highest counts."""

    name: str
    """What `explain` calls it; no two alike. Example: "the client threatens to leave"."""
    severity: Severity
    """The severity that it gives."""
    when: Condition
    """What it asks of a ticket."""


def _by_language(written: object) -> object:
    return {"en": written} if isinstance(written, str) else written


Wording = Annotated[
    dict[Language, str], BeforeValidator(_by_language, json_schema_input_type=dict[Language, str] | str)
]
"""A text, or one per language; a text alone is for every reader."""


class Trigger(Strict):
    """A raise made from what happened, on the ticket or on the client's others.

    Exactly one question, and what follows while its evidence lasts.
    """

    name: str = Field(min_length=1)
    """What comments and `explain` call it; no two alike. Example: "reopened"."""
    client_issues: int | None = Field(None, ge=2)
    """It is at least so-manieth issue of the client that is open or was opened within `within`. Example: 3"""
    same_category: bool = False
    """Count only issues of the same category."""
    same_category_issues: int | None = Field(None, ge=2)
    """Beside `client_issues`: so many of the same category are enough. Example: 2"""
    first_issue: Literal[True] | None = None
    """It is the only issue of the client that was opened within `within`."""
    missed_deadlines: int | None = Field(None, ge=2)
    """So many promised dates of one engagement passed in a row without being kept. Example: 2"""
    satisfaction_below: float | None = None
    """The ticket's mapped satisfaction, or that of the client's record, is lower. Example: 6"""
    reopened: Literal[True] | None = None
    """The ticket was resolved or closed, and is open again."""
    when: Condition | None = None
    """A condition on the ticket, as in rules."""
    within: Time | None = None
    """A raise is withdrawn when its evidence has been gone for so long. What merely happens, such as a reopening
    or a missed date, is gone at once; without a window it counts for ever."""
    client_longer_than: Time | None = None
    """Only for those who have been clients longer (`since` in clients.toml)."""
    client_newer_than: Time | None = None
    """Only for those who have not been clients for so long."""
    tiers: list[str] = []
    """Only for clients of these tiers. Example: ["key"]"""
    raise_by: int = Field(1, ge=0, le=3)
    """By how many severities it raises; 0: it only brings in people or adds a note."""
    at_least: Severity | None = None
    """It raises to this severity at least."""
    at_most: Severity | None = None
    """It raises no further than this."""
    bring_in: str = ""
    """`next`, for the role above the severity's own, or a role of the ladder. Example: "next"."""
    note: Wording = {}
    """How it is handled differently; quoted in the hand-over. A text, or one per language (`note.en = "…"`), of
    which the English one is for everybody whose own is not there.

    Example: "The account manager calls before anything is written."
    """

    @cached_property
    def kind(self) -> str:
        """Which question it asks."""
        return next(name for name in TRIGGERS if getattr(self, name) is not None)

    @property
    def raises(self) -> bool:
        """Whether the severity can follow, and not only people or a note."""
        return bool(self.raise_by or self.at_least)

    def note_in(self, language: Language) -> str:
        """How it is handled differently, in the reader's language or else in English."""
        return self.note.get(language) or self.note.get("en", "")

    def complaints(self) -> Iterator[Complaint]:
        """One question, a window where one is needed, and something that follows."""
        asked = [name for name in TRIGGERS if getattr(self, name) is not None]
        if len(asked) != 1:
            listed = " and ".join(asked) or "nothing"
            yield (), f"a trigger asks one thing: {', '.join(TRIGGERS)}; this asks {listed}"
        for name in ("client_issues", "first_issue"):
            if name in asked and self.within is None:
                yield (name,), 'how long do issues count? add within = "90d"'
        if not (self.raise_by or self.at_least or self.bring_in or any(self.note.values())):
            yield (), "nothing follows from it; add raise_by, at_least, bring_in or note"
        if self.note and not self.note.get("en"):
            yield ("note",), 'not in English, which every other language falls back on; add note.en = "…"'


TRIGGERS = (
    "client_issues",
    "first_issue",
    "missed_deadlines",
    "satisfaction_below",
    "reopened",
    "when",
)
"""The questions of triggers; a name is never reused for another one, for occasions are named after it."""


class SeverityFile(Strict):
    """`mappings/severity.toml`: how bad a ticket is, and what raises that."""

    order: list[Literal["field", "matrix", "signals", "priority"]]
    """Which source of severity is asked first; the first that answers counts: `field`, the tracker's own field;
    `matrix`, impact and reach; `signals`, words and fields; `priority`, the tracker's priority."""
    default: Severity = "medium"
    """What a ticket is when nothing answers."""
    field_values: dict[str, Severity] = {}
    """What the values of the tracker's own severity field mean; upper and lower case are alike.

    Example: { "sev 1" = "critical" }
    """
    priority_values: dict[str, Severity] = {}
    """What the tracker's priorities mean; leave out the one that is set where nobody chose.

    Example: { blocker = "critical" }
    """
    matrix: Matrix | None = None
    """Impact × reach, for trackers that have both as fields."""
    signal: list[Signal] = []
    """Words and fields that give a severity; of several that match the highest counts."""
    trigger: list[Trigger] = []
    """What happened, and raises the severity, brings somebody in or adds a note."""

    def complaints(self) -> Iterator[Complaint]:
        """No source asked twice, no two signals or triggers of one name."""
        for index, source in enumerate(self.order):
            if source in self.order[:index]:
                yield ("order", index), f"{source} is asked already; keep one of them"
        yield from twice((signal.name for signal in self.signal), "signal")
        yield from twice((trigger.name for trigger in self.trigger), "trigger")
