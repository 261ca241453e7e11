"""The schema of `mappings/clients.toml`: whom a team works for, who holds which role, and who is away."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from sync.mapping.escalation_models import Cell, beats
from sync.mapping.parts import Strict, Word, Zone
from sync.ticket import Language, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.mapping.parts import Complaint

_CURRENCY = re.compile(r"[A-Z]{3}")


def _agreed(budget: float) -> float:
    if budget <= 0:
        raise ValueError(f"a budget of {budget:g} is none; write what was agreed, or leave the key out")
    return budget


def _currency(code: str) -> str:
    if not _CURRENCY.fullmatch(code):
        raise ValueError(f'{code!r} is no currency; write the three capital letters of ISO 4217, such as "EUR"')
    return code


def _scope(written: str) -> str:
    if "://" in written and not written.startswith("https://"):
        raise ValueError("an address begins with https://; write it so, or the title of the document")
    return written


def _listed(who: object) -> object:
    return [who] if isinstance(who, str) else who


Budget = Annotated[
    float,
    Field(allow_inf_nan=False, json_schema_extra={"exclusiveMinimum": 0}),
    AfterValidator(_agreed),
]
Currency = Annotated[str, AfterValidator(_currency), Field(examples=["EUR"])]
Scope = Annotated[Word, AfterValidator(_scope)]
Who = Annotated[
    list[Word],
    BeforeValidator(_listed),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string"}, "minItems": 1}, {"type": "string"}]}),
]
"""One person: a user id, the name of a [[person]], or the ids of that person in several trackers."""


class EngagementModel(Strict):
    """One piece of work for a client, as a ticket's field `engagement` names it."""

    name: Word
    """Its name, as tickets have it. Example: "Order portal"."""
    aliases: list[Word] = Field(default_factory=list)
    """Other spellings; upper and lower case, width and blanks are alike. Example: ["Portal relaunch"]"""
    since: date | None = None
    """The day it began. Example: 2026-01-05"""
    until: date | None = None
    """The last day that was agreed. Example: 2026-12-18"""
    scope: Scope | None = None
    """The written scope that requests are held against: the title of the document, or its https address.

    Example: "Statement of work 2026-01"
    """
    budget_hours: Budget | None = None
    """The agreed hours; change requests are held against them (`budget_share` in scope.toml). Example: 1200"""
    budget: Budget | None = None
    """The agreed money, in `currency`. Example: 198000"""
    currency: Currency | None = None
    """The currency of `budget`, as the three letters of ISO 4217."""
    language: Language | None = None
    """What the client's people on this engagement read; without it the client's."""
    comments: Language | None = None
    """The language of the staff's comments on its tickets; without it the client's, then the source's."""
    opt_out: bool = False
    """Its tickets are read and counted, and nothing is written on them."""
    roles: dict[str, list[Word]] = Field(default_factory=dict)
    """Role -> who holds it on this engagement, where that differs from the client's.

    Example: { technical_lead = ["Technical lead West"] }
    """

    def complaints(self) -> Iterator[Complaint]:
        """No end before the beginning."""
        if self.since and self.until and self.until < self.since:
            yield ("until",), f"ends before it begins on {self.since}; correct one of the two days"


class ClientModel(Strict):
    """One client of `mappings/clients.toml`, or of the CRM's export."""

    name: Word
    """The client's name, as tickets have it. Example: "Client A"."""
    aliases: list[Word] = Field(default_factory=list)
    """Other spellings, in any tracker; upper and lower case, width and blanks are alike.

    Example: ["Client A Inc.", "CLA"]
    """
    tier: str | None = None
    """A word of your own for how large the client is; triggers of severity.toml may ask for it. Example: "key"."""
    value: str | None = None
    """What the client is worth to the firm, for people and reports only. Example: "EUR 240,000 a year"."""
    since: date | None = None
    """Client since this day. Example: 2017-04-01"""
    language: Language | None = None
    """What the client's own people read."""
    comments: Language | None = None
    """The language of the staff's comments on this client's tickets, if other than the source's."""
    zone: Zone | None = None
    """The time zone that dates in comments on its tickets are shown in; without it the source's."""
    calendar: str | None = None
    """The calendar that this client's promises go by; without it the source's, then that of escalation.toml.

    Example: "new-york"
    """
    channel: str | None = None
    """How this client wants to be reached; shown in hand-overs. Example: "a call before anything in writing"."""
    satisfaction: float | None = Field(None, ge=0, le=10, allow_inf_nan=False)
    """As the team measures it, from 0 to 10. Example: 8.5"""
    payment_days: int | None = Field(None, ge=0)
    """Days from invoice to payment, as of late. Example: 34"""
    usual_payment_days: int | None = Field(None, ge=0)
    """Days from invoice to payment, as this client has always taken. Example: 30"""
    promised: list[Word] = Field(default_factory=list)
    """What was promised before signing. Example: ["a senior consultant on site every second week"]"""
    sponsor: str | None = None
    """Who on the client's side answers for the work: a name or an id. Example: "Vice president operations"."""
    daily_contact: str | None = None
    """Whom on the client's side the team talks to every day: a name or an id. Example: "Programme manager"."""
    roles: dict[str, list[Word]] = Field(default_factory=dict)
    """Role -> who holds it: names of a [[person]], or the tracker's own user ids (the first is asked first).

    Example: { project_manager = ["Project manager West"] }
    """
    names: dict[str, str] = Field(default_factory=dict)
    """User id -> the name to show for it. Example: { "5b10ac8d82e05b22cc7d4ef5" = "Project manager West" }"""
    update: dict[Severity, Cell] = Field(default_factory=dict)
    """A cadence of this client's own, per severity."""
    opt_out: bool = False
    """Its tickets are read and counted, and nothing is written on them."""
    engagement: list[EngagementModel] = Field(default_factory=list)
    """What you do for the client."""

    def complaints(self) -> Iterator[Complaint]:
        """A cadence that lets some time pass between two updates."""
        for severity, cell in self.update.items():
            yield from beats(cell, ("update", severity))


class PersonModel(Strict):
    """One person whom several trackers know by different ids."""

    name: Word
    """As roles, `away` and `gone` may call this person, and as comments show it. Example: "Partner 2"."""
    ids: dict[str, Word] = Field(min_length=1)
    """A source by its name in config.toml, or jira, asana or workbook for all of that kind -> the id there.

    Example: { jira = "5b10ac8d82e05b22cc7d4ef5", asana = "1201234567890" }
    """


class AwayModel(Strict):
    """Some days on which somebody is not asked."""

    who: Who
    """Who is away: a name or an id, or a list of the ids of one person. Example: "Consultant 3"."""
    from_: date = Field(alias="from")
    """The first day away. Example: 2026-03-02"""
    until: date
    """The last day away. Example: 2026-03-13"""
    note: str | None = None
    """Why, or where to; for the readers of this file. Example: "parental leave"."""

    def complaints(self) -> Iterator[Complaint]:
        """No end before the beginning."""
        if self.until < self.from_:
            yield ("until",), f"ends before it begins on {self.from_}; correct one of the two days"


def _encoding(name: str) -> str:
    try:
        b"".decode(name)
    except (LookupError, ValueError):
        raise ValueError(f'{name!r} is no encoding of text; write "utf-8", "utf-16" or "cp1252"') from None
    return name


def _delimiter(written: str) -> str:
    if len(written) != 1 or written in '"\r\n':
        raise ValueError(r'write the one sign between two cells: ",", ";" or "\t"')
    return written


class CrmColumns(Strict):
    """Which column of the export fills which key of a client's record: the text of its header."""

    name: Word
    """The client's name. Example: "Account name"."""
    aliases: Word | None = None
    """Other spellings; several in one cell are parted by `;`. Example: "Also known as"."""
    tier: Word | None = None
    """The tier. Example: "Segment"."""
    value: Word | None = None
    """What the client is worth. Example: "Annual value"."""
    since: Word | None = None
    """Client since this day. Example: "Customer since"."""
    language: Word | None = None
    """What the client's own people read. Example: "Language"."""
    comments: Word | None = None
    """The language of the staff's comments. Example: "Comment language"."""
    zone: Word | None = None
    """The time zone. Example: "Time zone"."""
    calendar: Word | None = None
    """The calendar. Example: "Calendar"."""
    channel: Word | None = None
    """How the client wants to be reached. Example: "Preferred channel"."""
    satisfaction: Word | None = None
    """The satisfaction, from 0 to 10. Example: "Satisfaction"."""
    payment_days: Word | None = None
    """Days from invoice to payment, as of late. Example: "Days to pay"."""
    usual_payment_days: Word | None = None
    """Days from invoice to payment, as always. Example: "Usual days to pay"."""
    promised: Word | None = None
    """What was promised before signing; several in one cell are parted by `;`. Example: "Promised"."""
    sponsor: Word | None = None
    """Who on the client's side answers for the work. Example: "Sponsor"."""
    daily_contact: Word | None = None
    """Whom the team talks to every day. Example: "Daily contact"."""


class CrmModel(Strict):
    """A CRM's export of clients: each row makes a record, or fills what its record here leaves out."""

    file: Word
    """A CSV file with a header, from the folder of the mapping files. Example: "crm.csv"."""
    delimiter: Annotated[str, AfterValidator(_delimiter)] = ","
    """The one sign between two cells. Example: ";"."""
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"
    """How the file's letters are encoded. Example: "cp1252"."""
    date_format: Word | None = None
    """How dates are written, as in `%d.%m.%Y`; without it ISO only. Example: "%d.%m.%Y"."""
    columns: CrmColumns
    """Which column fills which key of a client's record."""


class ClientsFile(Strict):
    """`mappings/clients.toml`: whom you work for, who holds which role, and who is away."""

    roles: dict[str, list[Word]] = Field(default_factory=dict)
    """Who holds each role where the client's record does not say. Example: { managing_partner = ["Partner 1"] }"""
    gone: list[Word] = Field(default_factory=list)
    """People who have left, by id or name: they hold no role any more. Example: ["Consultant 7"]"""
    person: list[PersonModel] = Field(default_factory=list)
    """People whom several trackers know by different ids."""
    away: list[AwayModel] = Field(default_factory=list)
    """Who is away, and when; the next role is asked meanwhile."""
    crm: CrmModel | None = None
    """A CRM's export, which fills what the records leave out and adds clients."""
    client: list[ClientModel] = Field(default_factory=list)
    """The clients."""
