"""A tracker lived through again: its tickets as they stood at a moment that is set, and what is written then."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from sync.action import Written
from sync.errors import NotFoundError
from sync.judging.contact import labels_added, labels_removed
from sync.richtext import plain
from sync.ticket import Change, Comment, Person, Status
from sync.trackers.base import Capabilities, Marks, Page

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sync.action import Draft, Edit, FollowUp
    from sync.errors import TrackerError
    from sync.ticket import Ticket
    from sync.trackers.base import Finding

US = Person("makegood", "makegood", "us")

Event = Change | Comment


class Past:
    """`Tracker` on whole tickets, each with its history; nothing of what comes after `now` shows.

    What is written stands from then on, beside what people did afterwards. What makegood had done to the tickets
    in the true past is left out: comments and changes of its own, and labels that begin with one of `prefixes`.
    Title, text, client and kind are those of today, and so is a field of which the history tells nothing.
    """

    notice = None

    def __init__(
        self,
        site: str,
        tickets: Iterable[Ticket],
        now: datetime,
        *,
        prefixes: tuple[str, ...] = (),
        brings_in: Collection[Any] = (),
    ) -> None:
        self._site = site
        self.now = now
        self._able = Capabilities(history=True, ledger=False, writers=1, brings_in=frozenset(brings_in))
        self._people: dict[str, Person] = {}
        self._shown: dict[str, Ticket] = {}
        self._touched: list[str] = []
        self._last: dict[tuple[str, str], Ticket] = {}
        ahead: list[tuple[datetime, int, str, Ticket | Event]] = []
        for ticket in tickets:
            if ticket.follow_up:
                continue
            self._people |= {person.name: person for person in _people(ticket)}
            ahead.append((ticket.created, 0, ticket.id, _born(ticket, prefixes)))
            ahead += [(each.at, 1, ticket.id, each) for each in _events(ticket)]
            last = {change.field: change.id for change in ticket.changes}
            self._last |= {(ticket.id, number): ticket for number in last.values()}
        ahead.sort(key=lambda each: each[:2])
        self._ahead = ahead[::-1]
        self.advance(now)

    @property
    def capabilities(self) -> Capabilities:
        """History is known, and everybody can be brought in who could be on the tracker itself."""
        return self._able

    def advance(self, now: datetime) -> None:
        """Let people do what they did until then."""
        self.now = now
        while self._ahead and self._ahead[-1][0] <= now:
            _, _, number, event = self._ahead.pop()
            match event:
                case Change():
                    today = self._last.get((number, event.id))
                    self._keep(_after(self._shown[number], event, self._people, today))
                case Comment():
                    shown = self._shown[number]
                    self._keep(replace(shown, comments=(*shown.comments, event), updated=event.at))
                case _:
                    self._keep(event)

    def next_event(self) -> datetime | None:
        """When people do something next; None if they do nothing more."""
        return self._ahead[-1][0] if self._ahead else None

    def connect(self) -> str:
        """The site that the tickets are of."""
        return self._site

    def close(self) -> None:
        """Nothing is open."""

    def changed(self, cursor: str | None) -> Iterator[Page]:
        """Tickets that people touched since; the cursor counts the touches."""
        since = int(cursor or 0)
        numbers = dict.fromkeys(self._touched[since:])
        yield Page(tuple(self._shown[number] for number in numbers), cursor=str(len(self._touched)))

    def fetch(self, ids: Sequence[str]) -> Iterator[Page]:
        """These tickets as they stand now."""
        there = [number for number in ids if number in self._shown]
        gone = tuple(number for number in ids if number not in self._shown)
        yield Page(tuple(self._shown[number] for number in there), gone=gone)

    def ids(self) -> Iterable[str]:
        """Every ticket that was made until now."""
        return self._shown.keys()

    def marks(self, ticket: str) -> Marks:
        """The marks of what was said here; they are all known."""
        comments = self._of(ticket).comments
        return Marks(complete=True, comments=[each for each in comments if each.marks])

    def left(self, people: Collection[str]) -> frozenset[str]:
        """Nobody is known to have left: trackers tell that of today alone."""
        del people
        return frozenset()

    def follow_ups(self, ticket: str) -> Mapping[str, str] | None:
        """None that could be perhaps there: what is made here is made for certain."""
        del ticket
        return {}

    def check(self) -> Iterable[Finding]:
        """Nothing is wrong with the past."""
        return ()

    def edit(self, ticket: str, edit: Edit) -> Written:
        """Labels, due date and owner, as changes of ours."""
        shown = self._of(ticket)
        labels = (shown.labels | {*edit.add_labels}) - {*edit.remove_labels}
        wanted = [("labels", " ".join(sorted(shown.labels)), " ".join(sorted(labels)))]
        if edit.set_due:
            wanted.append(("due", _iso(shown.due), _iso(edit.due)))
        if edit.assign:
            known = {person.id: person for person in self._people.values()}
            owner = known.get(edit.assign, Person(edit.assign, edit.assign, "staff"))
            self._people[owner.name] = owner
            wanted.append(("assignee", shown.assignee.name if shown.assignee else "", owner.name))
        for field, before, after in wanted:
            if before != after:
                change = Change(f"ours.{len(shown.changes)}", self.now, US, field, before, after)
                shown = _after(shown, change, self._people)
        self._shown[ticket] = shown
        return Written(self.now, shown.labels)

    def comment(self, ticket: str, draft: Draft) -> Written:
        """One comment of ours."""
        shown = self._of(ticket)
        posted = Comment(draft.marks[0], self.now, US, plain(draft.body), draft.audience, draft.marks)
        self._shown[ticket] = replace(shown, comments=(*shown.comments, posted))
        return Written(self.now, comment=posted.id, audience=posted.audience)

    def delete_comment(self, ticket: str, comment: str) -> Written:
        """One comment of ours less."""
        shown = self._of(ticket)
        left = tuple(each for each in shown.comments if each.id != comment)
        self._shown[ticket] = replace(shown, comments=left)
        return Written(self.now)

    def follow_up(self, ticket: str, draft: FollowUp) -> Written:
        """An issue of ours, of which nothing more is shown."""
        self._of(ticket)
        return Written(self.now, created=draft.mark)

    def batch(self, writes: Sequence[tuple[str, Edit | None, Draft | None]]) -> list[Written | TrackerError]:
        """All of them; nobody refuses anything here."""
        return [self._write(*write) for write in writes]

    def _write(self, ticket: str, edit: Edit | None, draft: Draft | None) -> Written:
        written = self.edit(ticket, edit) if edit else None
        said = self.comment(ticket, draft) if draft else None
        labels = written.labels if written else None
        return replace(said, labels=labels) if said else written or Written(self.now)

    def clone(self) -> Past:
        """Itself: a pass writes here one after the other."""
        return self

    def _of(self, ticket: str) -> Ticket:
        if ticket not in self._shown:
            raise NotFoundError(f"{ticket} was not there at {self.now}")
        return self._shown[ticket]

    def _keep(self, ticket: Ticket) -> None:
        self._touched.append(ticket.id)
        self._shown[ticket.id] = replace(ticket, version=str(len(self._touched)))


def moments(ticket: Ticket) -> Iterator[datetime]:
    """When people did something to the ticket, its creation included."""
    yield ticket.created
    yield from (each.at for each in _events(ticket))


def _people(ticket: Ticket) -> Iterator[Person]:
    """Everybody the ticket names."""
    yield from filter(None, (ticket.reporter, ticket.assignee))
    yield from (comment.author for comment in ticket.comments)
    yield from (change.author for change in ticket.changes)


def _events(ticket: Ticket) -> Iterator[Event]:
    """What people did to the ticket."""
    yield from (change for change in ticket.changes if change.author.side != "us")
    yield from (comment for comment in ticket.comments if comment.author.side != "us" and not comment.marks)


def _born(ticket: Ticket, prefixes: tuple[str, ...]) -> Ticket:
    """The ticket as it was made, by what its history says that each field was before."""
    before = {change.field: change.before for change in reversed(ticket.changes)}
    fields = dict(ticket.fields) | before
    labels = before["labels"].split() if "labels" in before else ticket.labels
    owner = before.get("assignee")
    known = {person.name: person for person in _people(ticket)}
    return replace(
        ticket,
        status=Status(before.get("status", ticket.status)),
        labels=frozenset(label for label in labels if not (prefixes and label.startswith(prefixes))),
        assignee=ticket.assignee if owner is None else _person(owner, known),
        due=_day(before["due"]) if "due" in before else ticket.due,
        due_text="" if "due" in before else ticket.due_text,
        resolved=None if "status" in before else ticket.resolved,
        fields={
            name: value for name, value in fields.items() if value and name not in _OWN - ticket.fields.keys()
        },
        comments=(),
        changes=(),
        ledger=None,
        updated=ticket.created,
    )


_OWN = frozenset({"status", "labels", "assignee", "due", "key"})
"""What a ticket's history tells of beside the mapped fields."""


def _after(ticket: Ticket, change: Change, people: Mapping[str, Person], today: Ticket | None = None) -> Ticket:
    """The ticket once somebody has changed one field of it; the last time, to what it is `today`.

    A history names people and things as they were called then; what they are is known of today.
    """
    changed: dict[str, Any] = {}
    match change.field:
        case "status":
            changed["status"] = status = Status(change.after)
            told = today.resolved if today and today.resolved and today.resolved <= change.at else None
            changed["resolved"] = told or (None if status.live else (ticket.resolved or change.at))
        case "labels":
            changed["labels"] = (ticket.labels - labels_removed(change)) | labels_added(change)
        case "assignee":
            changed["assignee"] = today.assignee if today else _person(change.after, people)
        case "due":
            changed["due"] = today.due if today else _day(change.after)
            changed["due_text"] = today.due_text if today else ""
        case "key":
            pass
        case name:
            value = today.fields.get(name, "") if today else change.after
            fields = {**ticket.fields, name: value}
            changed["fields"] = {each: value for each, value in fields.items() if value}
    updated = ticket.updated if change.author is US else change.at
    return replace(ticket, changes=(*ticket.changes, change), updated=updated, **changed)


def _person(name: str, people: Mapping[str, Person]) -> Person | None:
    """Somebody by name; of those whom the tickets name nowhere else, nothing else is known."""
    return people.get(name, Person(name, name, "staff")) if name else None


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written[:10])
    except ValueError:
        return None


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
