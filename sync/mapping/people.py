"""Who is who among the people of `clients.toml`: one person's ids in several trackers, and who is not there."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from sync.mapping.parts import folded

if TYPE_CHECKING:
    from datetime import date

    from sync.mapping.client_models import AwayModel, ClientsFile, PersonModel


@dataclass(frozen=True, slots=True)
class Absence:
    """Why somebody cannot be asked; `until` is the last day away, None for those who have left."""

    kind: Literal["away", "gone"]
    until: date | None = None


class People:
    """The people of one `clients.toml`. Somebody is called by name or any id, whatever its case and width."""

    def __init__(self, clients: ClientsFile) -> None:
        self._persons: dict[str, PersonModel] = {}
        for person in clients.person:
            self._persons |= {folded(called): person for called in (person.name, *person.ids.values())}
        self._gone = {folded(each) for who in clients.gone for each in self.ids_of(who)}
        self._away: defaultdict[str, list[AwayModel]] = defaultdict(list)
        for away in clients.away:
            for each in {folded(one) for who in away.who for one in self.ids_of(who)}:
                self._away[each].append(away)
        self.absent = lru_cache(maxsize=4096)(self._absent)
        """`absent(who, day)`: why the person cannot be asked on that day; None if there is no reason."""

    def ids_of(self, who: str) -> tuple[str, ...]:
        """Every id of the person, in the order of the file; of somebody without a record, `who` itself."""
        person = self._persons.get(folded(who))
        return tuple(dict.fromkeys(person.ids.values())) if person else (who,)

    def id_in(self, source: str, tracker: str, who: str) -> str:
        """The person's id in a source of that kind: the source's own before its tracker's, empty if there is none.

        Somebody without a record has one id everywhere: `who`.
        """
        person = self._persons.get(folded(who))
        return (person.ids.get(source) or person.ids.get(tracker, "")) if person else who

    def name_of(self, who: str) -> str:
        """The person's name; of somebody without a record, `who` itself."""
        person = self._persons.get(folded(who))
        return person.name if person else who

    def stayed(self, who: str) -> bool:
        """Whether the person has not left."""
        return self._gone.isdisjoint(map(folded, self.ids_of(who)))

    def _absent(self, who: str, day: date) -> Absence | None:
        if not self.stayed(who):
            return Absence("gone")
        called = {folded(each) for each in self.ids_of(who)}
        periods = [away for each in called for away in self._away.get(each, ())]
        last = max((away.until for away in periods if away.from_ <= day <= away.until), default=None)
        return Absence("away", last) if last else None
