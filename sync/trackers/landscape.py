"""What a tracker shows of itself to whoever sets makegood up: fields, statuses, people, and a few tickets."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SAMPLE = 100
"""Tickets that are looked at, at most, over all projects together; the page size of every tracker."""

Stage = Literal["new", "under way", "done", ""]
"""How far the tracker itself counts a status; empty where it does not say."""


class SeenStatus(NamedTuple):
    """A status by its name; `met` on so many tickets of the sample."""

    name: str
    stage: Stage = ""
    met: int = 0


class SeenPerson(NamedTuple):
    """A user by the id that the tracker's mapping is to name; `email` is empty where it is hidden."""

    id: str
    name: str
    email: str = ""
    kind: Literal["user", "customer", "guest", "app"] = "user"
    owns: int = 0
    """How many tickets of the sample this person is to do."""


class SeenProject(NamedTuple):
    """A project; clients read a service desk."""

    id: str
    name: str
    desk: bool = False


class Refusal(NamedTuple):
    """What could not be read, and why, with the remedy where there is one."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class SeenField:
    """A field as people see it. `kind` is `text`, `choice`, `date`, `number`, `person` or the tracker's own word.

    `values` are its values as text with how often each was met in the sample, `filled` on how many tickets.
    """

    id: str
    name: str
    kind: str = "text"
    options: tuple[str, ...] = ()
    values: Mapping[str, int] = field(default_factory=dict)
    filled: int = 0

    @property
    def known_values(self) -> tuple[str, ...]:
        """Its options, and whatever else was met, the most frequent first."""
        return tuple(dict.fromkeys((*self.options, *self.values)))


@dataclass(frozen=True, slots=True)
class Landscape:
    """What one source shows. `tickets` were looked at; `refused` could not be read."""

    tracker: Literal["jira", "asana", "workbook"]
    where: str
    """The site for people: an address, or a file."""
    account: str = ""
    """Who the token speaks for; empty for a file."""
    own_email: str = ""
    zone: str = ""
    """The time zone of the account's profile; empty where it is not told."""
    projects: tuple[SeenProject, ...] = ()
    fields: tuple[SeenField, ...] = ()
    statuses: tuple[SeenStatus, ...] = ()
    status_fields: tuple[SeenField, ...] = ()
    """Fields that may hold the status instead of what `statuses` are."""
    priorities: tuple[str, ...] = ()
    """From the highest to the lowest, where the tracker has such a list."""
    people: tuple[SeenPerson, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    tickets: int = 0
    refused: tuple[Refusal, ...] = ()
    header_row: int = 1
    """Of a file: where its headers stand."""
    date_format: str = ""
    """Of a file: how its dates are written, if not as ISO; for `strptime`."""
    doubtful_date: bool = False
    """Whether day and month could be the other way round."""


def counted(values: Iterable[str]) -> Mapping[str, int]:
    """How often each value that is not empty was met, the most frequent first."""
    return dict(Counter(value for value in values if value).most_common())
