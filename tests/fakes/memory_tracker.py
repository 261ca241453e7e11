"""A tracker that lives in memory: exact, observable at every step, and as unreliable as a test wants it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal

from sync.action import Written
from sync.errors import LostAnswerError, NotFoundError, TrackerError
from sync.richtext import Bullets, Paragraph, plain
from sync.ticket import Audience, Change, Comment, Person, Status, Ticket
from sync.trackers.base import Capabilities, Finding, Marks, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from sync.action import Draft, Edit, Failed, FollowUp
    from sync.mapping.tracker_models import BringIn
    from sync.richtext import Document, Span

US = Person("makegood", "makegood", "us")
STAFF = Person("delivery-lead", "Delivery lead", "staff")
CLIENT = Person("client-contact", "Client contact", "client")

Write = Literal["edit", "comment", "follow_up", "delete"]


@dataclass(frozen=True, slots=True)
class Refused:
    """The tracker says no, and nothing is done."""

    error: TrackerError


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer comes. The write is done now, never, or only when the board's clock has moved on so far."""

    applied: Literal["now", "never"] | timedelta


Fault = Refused | Lost


@dataclass
class Board:
    """The tracker's own side: what truly stands there, people who act, and what goes wrong.

    `marks_listed`: listings show the marks on comments, as Asana's text does and Jira's properties do not;
    `ledger_listed`: and the ledger.
    `unindexed` tickets are told by `ids` and by id, but not by `changed`, `uncrawled` ones by `changed` and by id;
    `stale` ones are listed as they were;
    `garbled` ones cannot be read from a listing, `unreadable` ones not at all.
    `brings_in` is how a person can be brought to a ticket; `mentioned` (a comment's id -> people) and `followers`
    tell who was. `departed` are people whose accounts are deactivated. `made` is what was created below a ticket:
    its id -> mark -> the id of the new one; `tells_made`: and it can be asked for. `tells_time`: answers are
    dated.
    `leaking`: comments reach the client whatever is asked for; `tells_audience`: and the answer shows it. `step`
    is called before and after each write.
    """

    now: datetime
    site: str = "site"
    source: str = "desk"
    keys: str = "A"
    history: bool = True
    ledger: bool = False
    marks_listed: bool = True
    ledger_listed: bool = True
    marks_complete: bool = True
    writers: int = 1
    audiences: frozenset[Audience] = frozenset({Audience.INTERNAL, Audience.RESTRICTED})
    brings_in: frozenset[BringIn] = frozenset({"mention", "watch", "assign"})
    tells_made: bool = True
    tells_time: bool = True
    leaking: bool = False
    tells_audience: bool = True
    unindexed: set[str] = field(default_factory=set)
    uncrawled: set[str] = field(default_factory=set)
    stale: dict[str, Ticket] = field(default_factory=dict)
    unreadable: dict[str, Failed] = field(default_factory=dict)
    garbled: dict[str, Failed] = field(default_factory=dict)
    unmarkable: dict[str, TrackerError] = field(default_factory=dict)
    down: dict[str, TrackerError] = field(default_factory=dict)
    departed: set[str] = field(default_factory=set)
    mentioned: dict[str, tuple[str, ...]] = field(default_factory=dict)
    followers: dict[str, set[str]] = field(default_factory=dict)
    made: dict[str, dict[str, str]] = field(default_factory=dict)
    step: Callable[[str, str], None] = lambda _point, _ticket: None
    tickets: dict[str, Ticket] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    writes: list[tuple[Write, str]] = field(default_factory=list)
    hands: int = 0
    _ledgers: dict[str, dict[str, object]] = field(default_factory=dict)
    _faults: defaultdict[Write, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    _late: list[tuple[datetime, Callable[[], object]]] = field(default_factory=list)
    _events: int = 0
    _lock: RLock = field(default_factory=RLock)

    # --- people at work -----------------------------------------------------------------------------------------

    def create(self, title: str = "The report is late", **fields: Any) -> str:  # noqa: ANN401 - any of a ticket's
        """A client issue; returns its id."""
        number = str(10001 + len(self.tickets))
        given: dict[str, Any] = {
            "client": "Client A",
            "status": Status.OPEN,
            "created": self.now,
            "text": "",
            "key": f"{self.keys}-{len(self.tickets) + 1}",
            **fields,
        }
        self.tickets[number] = Ticket(
            source=self.source,
            site=self.site,
            id=number,
            url=f"https://tracker.example/{given['key']}",
            title=title,
            updated=self.now,
            version="",
            audiences=self.audiences,
            **given,
        )
        self._touch(number)
        return number

    def change(self, ticket: str, by: Person = STAFF, **fields: Any) -> None:  # noqa: ANN401 - any of a ticket's
        """Somebody changes fields of a ticket; its history tells of each."""
        held, made = self.tickets[ticket], []
        for name, value in fields.items():
            before, after = _written(getattr(held, name)), _written(value)
            said = f"{before or '–'} → {after or '–'}"
            made.append(Change(f"change-{self._event()}", self.now, by, name, before, after, said))
        self.tickets[ticket] = replace(held, **fields, changes=(*held.changes, *made))
        self._touch(ticket)

    def put(self, ticket: str, label: str, by: Person = STAFF) -> None:
        """Somebody puts a label on."""
        self.change(ticket, by, labels=self.tickets[ticket].labels | {label})

    def take_off(self, ticket: str, label: str, by: Person = STAFF) -> None:
        """Somebody takes a label off."""
        self.change(ticket, by, labels=self.tickets[ticket].labels - {label})

    def say(self, ticket: str, text: str, by: Person = STAFF, marks: tuple[str, ...] = ()) -> str:
        """Somebody writes a comment; returns its id."""
        return self._post(ticket, text, by, max(self.audiences), marks)

    def delete(self, ticket: str) -> None:
        """The ticket goes for good."""
        del self.tickets[ticket]

    def ours(self, ticket: str) -> list[Comment]:
        """Our comments as they truly stand there."""
        return [comment for comment in self.tickets[ticket].comments if comment.author is US]

    # --- what goes wrong ----------------------------------------------------------------------------------------

    def script(self, write: Write, *faults: Fault) -> None:
        """Let the next such writes meet these faults, one each."""
        self._faults[write] += faults

    def wait(self, **amount: float) -> None:
        """Let time pass; writes that came late are applied on the way."""
        self.now += timedelta(**amount)
        due = [apply for at, apply in self._late if at <= self.now]
        self._late = [(at, apply) for at, apply in self._late if at > self.now]
        for apply in due:
            apply()

    # --- inside -------------------------------------------------------------------------------------------------

    def write(self, kind: Write, ticket: str, apply: Callable[[], Written]) -> Written:
        """Do one write, or meet the fault that waits for it."""
        with self._lock:
            self.step(f"before {kind}", ticket)
            if ticket not in self.tickets:
                raise NotFoundError(f"{ticket} is not there")
            match self._faults[kind].pop(0) if self._faults[kind] else None:
                case Refused(error):
                    raise error
                case Lost("never"):
                    raise LostAnswerError("no answer came")
                case Lost(timedelta() as delay):
                    self._late.append((self.now + delay, lambda: self._done(kind, ticket, apply)))
                    raise LostAnswerError("no answer came")
                case Lost():
                    self._done(kind, ticket, apply)
                    raise LostAnswerError("no answer came")
            return self._done(kind, ticket, apply)

    def _done(self, kind: Write, ticket: str, apply: Callable[[], Written]) -> Written:
        written = apply()
        self.writes.append((kind, ticket))
        self.step(f"after {kind}", ticket)
        return written

    def edit(self, ticket: str, edit: Edit) -> Written:
        """Our labels, due date and ledger."""
        held = self.tickets[ticket]
        labels = (held.labels | {*edit.add_labels}) - {*edit.remove_labels}
        changed: dict[str, Any] = {"labels": labels} if labels != held.labels else {}
        if edit.set_due and edit.due != held.due:
            changed["due"] = edit.due
        if edit.ledger is not None:
            assert self.ledger, "it was told that no ledger can be kept here"
            self._ledgers[ticket] = edit.ledger
        if edit.watch:
            assert "watch" in self.brings_in, "it was told that nobody can follow a ticket here"
            self.followers.setdefault(ticket, set()).update(edit.watch)
        if edit.assign:
            assert "assign" in self.brings_in, "it was told that nobody can be made the owner here"
            changed["assignee"] = Person(edit.assign, edit.assign, "staff")
        self.change(ticket, US, **changed)
        return Written(self.now, labels)

    def comment(self, ticket: str, draft: Draft) -> Written:
        """Our comment."""
        reached = Audience.CLIENT if self.leaking else draft.audience
        posted = self._post(ticket, plain(draft.body), US, reached, draft.marks)
        self.mentioned[posted] = _people_in(draft.body)
        return Written(self.now, comment=posted, audience=reached if self.tells_audience else None)

    def delete_comment(self, ticket: str, comment: str) -> Written:
        """One comment less."""
        held = self.tickets[ticket]
        left = tuple(each for each in held.comments if each.id != comment)
        if left != held.comments:
            self.tickets[ticket] = replace(held, comments=left)
            self._touch(ticket)
        return Written(self.now)

    def follow_up(self, ticket: str, draft: FollowUp) -> Written:
        """A ticket of ours below another."""
        given: dict[str, Any] = {
            "client": self.tickets[ticket].client,
            "text": plain(draft.body),
            "due": draft.due,
            "labels": frozenset(draft.labels),
            "reporter": US,
            "assignee": Person(draft.assignee, draft.assignee, "staff") if draft.assignee else None,
            "follow_up": True,
        }
        number = self.create(draft.title, **given)
        self.made.setdefault(ticket, {})[draft.mark] = number
        return Written(self.now, created=number)

    def _post(self, ticket: str, text: str, by: Person, audience: Audience, marks: tuple[str, ...]) -> str:
        held = self.tickets[ticket]
        comment = Comment(f"comment-{self._event()}", self.now, by, text, audience, marks)
        self.tickets[ticket] = replace(held, comments=(*held.comments, comment))
        self._touch(ticket)
        return comment.id

    def _event(self) -> int:
        self._events += 1
        return self._events

    def _touch(self, ticket: str) -> None:
        self.tickets[ticket] = replace(self.tickets[ticket], updated=self.now, version=f"{self._event():06}")

    def shown(self, ticket: str) -> Ticket:
        """A ticket as the tracker tells it."""
        held = self.tickets[ticket]
        comments = held.comments if self.marks_listed else tuple(replace(c, marks=()) for c in held.comments)
        changes = held.changes if self.history else ()
        ledger = self._ledgers.get(ticket) if self.ledger_listed else None
        return replace(held, comments=comments, changes=changes, ledger=ledger)

    def kept(self, ticket: str) -> dict[str, object] | None:
        """The ledger on a ticket."""
        return self._ledgers.get(ticket)


def _people_in(body: Document) -> tuple[str, ...]:
    runs: list[tuple[Span, ...]] = []
    for block in body:
        match block:
            case Paragraph(spans):
                runs.append(spans)
            case Bullets(items):
                runs += items
    return tuple(span.person for spans in runs for span in spans if span.person)


def _written(value: object) -> str:
    match value:
        case None:
            return ""
        case frozenset():
            return " ".join(sorted(value))
        case Person():
            return value.id
        case _:
            return str(value)


class MemoryTracker:
    """`sync.trackers.base.Tracker` on a board."""

    notice = None

    def __init__(self, board: Board) -> None:
        self.board = board
        board.hands += 1

    @property
    def capabilities(self) -> Capabilities:
        board = self.board
        return Capabilities(board.history, board.ledger, board.writers, board.brings_in)

    def _read(self, what: str) -> None:
        self.board.reads.append(what)
        kind = what.partition(" ")[0]
        if kind in self.board.down:
            raise self.board.down[kind]

    def connect(self) -> str:
        self._read("connect")
        return self.board.site

    @property
    def told_at(self) -> datetime | None:
        return self.board.now if self.board.tells_time else None

    def changed(self, cursor: str | None) -> Iterator[Page]:
        """Two tickets a page; the cursor is the newest version told."""
        self._read("changed")
        board = self.board
        listed = [
            board.stale.get(number) or board.shown(number)
            for number, ticket in sorted(board.tickets.items(), key=lambda item: item[1].version)
            if ticket.version > (cursor or "") and number not in board.unindexed
        ]
        for start in range(0, len(listed), 2):
            yield self._page(listed[start : start + 2], {**board.unreadable, **board.garbled})
        newest = max((ticket.version for ticket in board.tickets.values()), default="")
        yield Page((), cursor=max(newest, cursor or ""))

    def fetch(self, ids: Sequence[str]) -> Iterator[Page]:
        self._read(f"fetch {' '.join(ids)}")
        there = [number for number in ids if number in self.board.tickets]
        yield Page((), gone=tuple(number for number in ids if number not in there))
        yield self._page([self.board.shown(number) for number in there], self.board.unreadable)

    @staticmethod
    def _page(tickets: Sequence[Ticket], bad: Mapping[str, Failed]) -> Page:
        return Page(
            tuple(ticket for ticket in tickets if ticket.id not in bad),
            tuple(bad[ticket.id] for ticket in tickets if ticket.id in bad),
        )

    def ids(self) -> Iterable[str]:
        self._read("ids")
        return tuple(number for number in self.board.tickets if number not in self.board.uncrawled)

    def marks(self, ticket: str) -> Marks:
        self._read(f"marks {ticket}")
        if ticket in self.board.unmarkable:
            raise self.board.unmarkable[ticket]
        if ticket not in self.board.tickets:
            raise NotFoundError(f"{ticket} is not there")
        comments = self.board.tickets[ticket].comments if self.board.marks_complete else ()
        found = [comment for comment in comments if comment.marks]
        return Marks(self.board.marks_complete, found, self.board.kept(ticket))

    def left(self, people: Collection[str]) -> frozenset[str]:
        self._read(f"left {' '.join(sorted(people))}")
        return frozenset(self.board.departed & set(people))

    def follow_ups(self, ticket: str) -> Mapping[str, str] | None:
        self._read(f"follow_ups {ticket}")
        if ticket not in self.board.tickets:
            raise NotFoundError(f"{ticket} is not there")
        return dict(self.board.made.get(ticket, {})) if self.board.tells_made else None

    def check(self) -> Iterable[Finding]:
        return [Finding("ok", "board", "it is there")]

    def edit(self, ticket: str, edit: Edit) -> Written:
        return self.board.write("edit", ticket, lambda: self.board.edit(ticket, edit))

    def comment(self, ticket: str, draft: Draft) -> Written:
        return self.board.write("comment", ticket, lambda: self.board.comment(ticket, draft))

    def follow_up(self, ticket: str, draft: FollowUp) -> Written:
        return self.board.write("follow_up", ticket, lambda: self.board.follow_up(ticket, draft))

    def delete_comment(self, ticket: str, comment: str) -> Written:
        return self.board.write("delete", ticket, lambda: self.board.delete_comment(ticket, comment))

    def clone(self) -> MemoryTracker:
        return MemoryTracker(self.board)

    def close(self) -> None:
        self.board.hands -= 1


class BatchTracker(MemoryTracker):
    """The same, and many writes are one: all are done, or none; a ticket that is refused stops no other."""

    def batch(self, writes: Sequence[tuple[str, Edit | None, Draft | None]]) -> list[Written | TrackerError]:
        board = self.board
        board.step("before batch", "")
        if "batch" in board.down:
            raise board.down["batch"]
        answers: list[Written | TrackerError] = []
        for ticket, edit, draft in writes:
            if ticket not in board.tickets:
                answers.append(NotFoundError(f"{ticket} is not there"))
                continue
            written = board.edit(ticket, edit) if edit else Written()
            answers.append(board.comment(ticket, draft) if draft else written)
        board.step("after batch", "")
        return answers
