"""What is looked back upon: requests beyond the scope, lessons and remedies, from what is known of each ticket."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync.judging.scope import SPENT, share_of_budget
from sync.tables import Table
from sync.words import normalised

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sync.judging.facts import Known
    from sync.mapping.client_models import ClientModel, EngagementModel
    from sync.mapping.policy import Policy
    from sync.state.records import Row
    from sync.tables import Cell

PAID = {"goodwill": "goodwill", "change-order": "paid"}
"""How a decided request is paid for; the other decisions cost the client nothing and us no work."""
UNDECIDED = "not decided"

_COST = re.compile(r"(?P<before>[^\d\s-]*)\s*(?P<figure>\d[\d.,'’ \u00a0\u202f]*)\s*(?P<after>[^\d\s]*)")
_GROUPS = re.compile(r"[ '’\u00a0\u202f]|[.,](?=\d{3}(?!\d))")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: one client's or engagement's tickets, those of some sources, those that hold some words.

    Names are the canonical ones; empty asks for all.
    """

    client: str = ""
    engagement: str = ""
    sources: tuple[str, ...] = ()
    search: str = ""

    def about(self, row: Row) -> bool:
        """Whether the row's ticket is asked for, whatever words it holds."""
        known = row.known
        return (
            (not self.client or known.client == self.client)
            and (not self.engagement or known.told.engagement == self.engagement)
            and (not self.sources or row.source in self.sources)
        )

    def tells(self, cells: Sequence[Cell]) -> bool:
        """Whether they hold every word that is searched for, whatever its case and width."""
        text = normalised("\n".join(str(cell) for cell in cells if cell is not None))
        return all(word in text for word in normalised(self.search).split())


EVERYTHING = Asked()


class Registers:
    """The registers of the whole index, as far as it is `asked` for; days are those of each source's zone."""

    def __init__(
        self, rows: Sequence[Row], policy: Policy, zones: Mapping[str, str], asked: Asked = EVERYTHING
    ) -> None:
        self._all = [row.known for row in rows]
        shown = filter(asked.about, rows)
        self._rows = sorted(shown, key=lambda row: (row.known.opened, row.known.site, row.known.key))
        self._policy = policy
        self._zones = zones
        self._asked = asked

    def requests(self) -> Table:
        """Every request beyond the scope, how it was decided, and what became of the budgets."""
        columns = (
            *("ticket", "asked_on", "client", "engagement", "asked_for", "against_scope", "minutes"),
            *("decision", "decided_on", "paid_or_goodwill", "date_moved", "consent"),
        )
        asked = [row for row in self._rows if row.known.told.request]
        found = [(row.known, cells) for row in asked if self._asked.tells(cells := self._request(row))]
        known = [each for each, _ in found]
        return Table(
            "requests", columns, tuple(cells for _, cells in found), (*_totals(known), *self._budgets(known))
        )

    def _request(self, row: Row) -> tuple[Cell, ...]:
        known, request = row.known, row.known.told.request
        if request is None:
            return ()
        engagement = self._engagement(known)
        return (
            known.key,
            self._day(row, known.opened),
            known.client,
            known.told.engagement,
            known.record.title,
            request.clause or (engagement.scope if engagement else None) or "",
            request.minutes,
            request.decision or UNDECIDED,
            self._day(row, request.at),
            PAID.get(request.decision, ""),
            request.moved,
            request.consent,
        )

    def _budgets(self, known: Sequence[Known]) -> Iterator[tuple[str, Cell]]:
        """Each engagement's agreed money, and the share of its hours that all its requests take, shown or not."""
        engaged = {(each.client, each.told.engagement): self._engagement(each) for each in known}
        for (client, name), engagement in sorted(engaged.items(), key=lambda each: each[0]):
            if engagement and engagement.budget:
                money = f"{engagement.budget:,.2f}".removesuffix(".00")
                yield f"agreed budget of {name}, {client}", f"{money} {engagement.currency or ''}".rstrip()
            if engagement and engagement.budget_hours:
                asked = [each for each in self._all if (each.client, each.told.engagement) == (client, name)]
                share = share_of_budget(asked, engagement.budget_hours)
                yield f"share of the {engagement.budget_hours:g} h of {name}, {client}", f"{share:.1%}"

    def lessons(self) -> Table:
        """Root causes, what allowed them, and what was learnt; nothing of confidential tickets."""
        columns = ("ticket", "closed_on", "client", "engagement", "title", "root_cause", "prevention", "lesson")
        rows = [self._lesson(row) for row in self._open_to_all()]
        return Table("lessons", columns, tuple(row for row in rows if any(row[5:]) and self._asked.tells(row)))

    def _lesson(self, row: Row) -> tuple[Cell, ...]:
        known, record = row.known, row.known.record
        told = (record.root_cause, record.prevention, record.lesson)
        return (
            *(known.key, self._day(row, known.resolved), known.client, known.told.engagement, record.title),
            *told,
        )

    def remedies(self) -> Table:
        """What was offered to make good, what it cost and who approved it; nothing of confidential tickets."""
        columns = ("ticket", "closed_on", "client", "engagement", "severity", "offered", "cost", "approved_by")
        rows = [self._remedy(row) for row in self._open_to_all()]
        found = tuple(row for row in rows if any(row[5:]) and self._asked.tells(row))
        return Table("remedies", columns, found, tuple(_costs([str(row[6]) for row in found])))

    def _remedy(self, row: Row) -> tuple[Cell, ...]:
        known, record = row.known, row.known.record
        told = (record.remedy, record.remedy_cost, record.remedy_approved)
        return (
            *(known.key, self._day(row, known.resolved), known.client, known.told.engagement, known.told.severity),
            *told,
        )

    def _open_to_all(self) -> list[Row]:
        secret = self._policy.taxonomy.confidential
        return [row for row in self._rows if row.known.category not in secret]

    def _engagement(self, known: Known) -> EngagementModel | None:
        client: ClientModel | None = self._policy.client(known.client)
        return self._policy.engagement(client, known.told.engagement) if client else None

    def _day(self, row: Row, at: datetime | None) -> str:
        return at.astimezone(ZoneInfo(self._zones.get(row.source, "UTC"))).date().isoformat() if at else ""


def _totals(asked: Sequence[Known]) -> Iterator[tuple[str, Cell]]:
    """Minutes by how they are paid for, and how many requests were decided in each way."""
    requests = [known.told.request for known in asked if known.told.request]
    decided = Counter(request.decision or UNDECIDED for request in requests)
    for decision in SPENT:
        if decided[decision]:
            minutes = sum(request.minutes or 0 for request in requests if request.decision == decision)
            yield f"minutes of {decision}", minutes
    for decision, count in sorted(decided.items()):
        yield f"requests {decision}", count


def _costs(costs: Sequence[str]) -> Iterator[tuple[str, Cell]]:
    """The sum of the costs that are figures, by their unit, and how many are not."""
    sums: defaultdict[str, float] = defaultdict(float)
    others = 0
    for written in filter(None, costs):
        figure = cost(written)
        if figure is None:
            others += 1
        else:
            sums[figure[1]] += figure[0]
    for unit, total in sorted(sums.items()):
        yield f"cost in {unit}" if unit else "cost", int(total) if total == int(total) else round(total, 2)
    if others:
        yield "costs without a figure", others


def cost(written: str) -> tuple[float, str] | None:
    """A cost as figure and unit (`EUR 1,200.50`, `4 h`, `90`); None if it is no single figure.

    A full stop or comma before exactly three digits parts thousands.
    """
    found = _COST.fullmatch(written.strip())
    if not found:
        return None
    figure = _GROUPS.sub("", found["figure"]).replace(",", ".")
    try:
        return float(figure), found["before"] or found["after"]
    except ValueError:
        return None
