"""A spreadsheet as a tracker: one `.xlsx` or `.csv` of issues, its labels and due dates, and a comments sheet.

The site id is `workbook:` and the file's name without its ending, so that a file may move to another folder or be
saved in the other format; set `site` in the source before renaming it.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from difflib import get_close_matches
from hashlib import blake2b
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

from sync.action import Failed, Written
from sync.errors import ConflictError, InvalidError, NotFoundError, TrackerError, WorkbookError
from sync.ticket import Audience
from sync.trackers.base import Capabilities, Finding, Marks, Page
from sync.trackers.translate import Translation
from sync.trackers.workbook_csv import CsvBook
from sync.trackers.workbook_disk import lock_of, read
from sync.trackers.workbook_rows import AUTHOR, Contents, Setting, headers
from sync.trackers.workbook_sidecar import beside
from sync.trackers.workbook_writes import Pending

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sync.action import Draft, Edit, FollowUp
    from sync.mapping.tracker_models import WorkbookMapping
    from sync.ticket import Ticket
    from sync.trackers.base import Tracker
    from sync.trackers.sources import WorkbookSource
    from sync.trackers.workbook_disk import File
    from sync.trackers.workbook_table import Book

_PAGE = 500
_UNFINISHED = "!"
"""At the end of a cursor: some rows could not be read, and are looked at again though nothing changed."""


def _now() -> datetime:
    return datetime.now(UTC)


def open_workbook(
    source: WorkbookSource, mapping: WorkbookMapping, *, clock: Callable[[], datetime] = _now
) -> Tracker:
    """A tracker on one workbook; nothing is read yet. `clock` tells when a comment of ours is written."""
    return Workbook(source, mapping, clock)


class Workbook:
    """One workbook. What was read stays in memory, and is read again whenever the file's content has changed.

    A write goes onto the file as it is now, durable on return; what people wrote meanwhile stays. It is refused
    with a ConflictError, and nothing is written, if that very ticket has changed since it was handed out, if the
    file changes during the write, or while it is open elsewhere.
    """

    capabilities = Capabilities(history=False, ledger=False, writers=1, brings_in=frozenset({"assign"}))

    def __init__(self, source: WorkbookSource, mapping: WorkbookMapping, clock: Callable[[], datetime]) -> None:
        self._source, self._mapping, self._clock = source, mapping, clock
        self._path = source.path.expanduser().resolve()
        self._site = source.site_id
        self._audience = Audience.INTERNAL if source.readers == "staff" else Audience.CLIENT
        self._translation = Translation(
            mapping,
            source=source.name,
            site=self._site,
            me=AUTHOR,
            zone=mapping.zone,
            date_format=mapping.date_format,
        )
        self._contents: Contents | None = None
        self._handed_out: dict[str, str] = {}
        self._one_writer = Lock()

    def connect(self) -> str:
        """Read the workbook, and answer with its site id."""
        self._current(self._read())
        return self._site

    @property
    def notice(self) -> str | None:
        """Why results go to sidecar files beside the workbook and which, if they do."""
        return self._current(self._read()).book.notice

    def changed(self, cursor: str | None) -> Iterator[Page]:
        """All tickets if anything in the file or the mapping changed, none otherwise; never the same one twice.

        Rows that cannot be read come up again each time until they are repaired.
        """
        files = self._read()
        present = self._cursor(files)
        if cursor == present:
            yield Page((), cursor=present)
            return
        contents = self._current(files)
        failed = [_nameless(row) for row in contents.nameless]
        unfinished = bool(failed)
        waiting = iter(contents.rows)
        while issues := list(islice(waiting, _PAGE)):
            page = self._page(contents, issues)
            unfinished = unfinished or bool(page.failed)
            failed.extend(page.failed)
            if cursor != present + _UNFINISHED:
                yield Page(page.tickets, tuple(failed))
                failed.clear()
        yield Page((), tuple(failed), cursor=present + _UNFINISHED * unfinished)

    def fetch(self, ids: Sequence[str]) -> Iterator[Page]:
        """These tickets as the file says now."""
        contents = self._current(self._read())
        waiting = iter(dict.fromkeys(ids))
        while issues := list(islice(waiting, _PAGE)):
            yield self._page(contents, issues)

    def ids(self) -> Iterable[str]:
        """Every id in the file, readable or not."""
        return tuple(self._current(self._read()).rows)

    def marks(self, ticket: str) -> Marks:
        """The action ids in the comments of one issue; complete, since a file is read whole."""
        contents = self._current(self._read())
        if ticket not in contents.rows and ticket not in contents.commented:
            raise NotFoundError(f"no row has the ID {ticket!r}; it was deleted, or its ID was changed")
        found = [self._translation.comment(raw) for raw in contents.comments(ticket)]
        return Marks(complete=True, comments=[each for each in found if each.marks])

    def left(self, people: Collection[str]) -> frozenset[str]:  # noqa: ARG002 - a file has no accounts
        """Nobody: a file knows of names alone."""
        return frozenset()

    def follow_ups(self, ticket: str) -> Mapping[str, str] | None:
        """The action ids that the comments keep, with the ids of the rows that we added by them."""
        return dict(self._current(self._read()).follow_ups.get(ticket, {}))

    def check(self) -> Iterable[Finding]:
        """What stands in the way of reading and writing the file, and which rows cannot be read."""
        name = self._path.name
        try:
            contents = self._current(self._read())
            notice = contents.book.notice
        except TrackerError as fault:
            return [Finding("error", name, str(fault))]
        told = f"{len(contents.rows)} issues; site id {self._site}, readers {self._source.readers}"
        findings = [Finding("ok", name, told), *self._rows_in_doubt(contents)]
        if notice:
            findings.append(Finding("warning", name, notice))
        elif lock := lock_of(self._path):
            said = f"it is open elsewhere ({lock.name}); nothing is written until it is closed"
            findings.append(Finding("warning", name, said))
        if not os.access(self._path.parent, os.W_OK):
            said = f"{self._path.parent} does not let this account make files; nothing can be written"
            findings.append(Finding("error", name, said))
        return findings

    def _rows_in_doubt(self, contents: Contents) -> Iterator[Finding]:
        page = self._page(contents, list(contents.rows))
        for failed in (*map(_nameless, contents.nameless), *page.failed):
            yield Finding("error", failed.ticket, failed.why)
        for ticket in page.tickets:
            yield from (Finding("warning", ticket.key, problem) for problem in ticket.problems)
        for issue, places in contents.commented.items():
            if issue not in contents.rows:
                yield from (Finding("warning", place, f"no issue has the ID {issue!r}") for place in places)

    def edit(self, ticket: str, edit: Edit) -> Written:
        """Change labels, due date and owner of one issue; writes nothing if the cells hold that already.

        Of owners only an empty cell is filled. InvalidError for one who is to follow: a file has no followers.
        """
        return self._alone(ticket, edit, None)

    def comment(self, ticket: str, draft: Draft) -> Written:
        """Add one row to the comments. InvalidError for an audience other than the file's readers."""
        return self._alone(ticket, None, draft)

    def follow_up(self, ticket: str, draft: FollowUp) -> Written:
        """Add one row, and its mark to the comments, in one save; InvalidError unless the mapping wants that."""
        if not self._mapping.follow_up:
            raise InvalidError(
                "follow-ups are not made here; write follow_up = true in the mapping", ("follow_up",)
            )
        with self._one_writer:
            contents = self._current(self._read())
            pending = self._pending(contents)
            written = pending.follow(ticket, draft)
            self._save(contents.book, pending)
        return written

    def delete_comment(self, ticket: str, comment: str) -> Written:
        """As `Tracker.delete_comment`: its row goes, known by its action id."""
        with self._one_writer:
            contents = self._current(self._read())
            if any(said.id == comment and said.marks for said in contents.comments(ticket)):
                self._refuse_if_changed(contents, ticket)
                self._save(contents.book, self._pending(contents), {ticket: comment})
        return Written()

    def _pending(self, contents: Contents) -> Pending:
        return Pending(contents, self._mapping, self._audience, self._clock().replace(microsecond=0))

    def _alone(self, ticket: str, edit: Edit | None, draft: Draft | None) -> Written:
        [answer] = self.batch([(ticket, edit, draft)])
        if isinstance(answer, TrackerError):
            raise answer
        return answer

    def batch(self, writes: Sequence[tuple[str, Edit | None, Draft | None]]) -> list[Written | TrackerError]:
        """All of these writes in one save; one that is refused is answered by its error, and left out."""
        with self._one_writer:
            contents = self._current(self._read())
            pending = self._pending(contents)
            answers: list[Written | TrackerError] = []
            for ticket, edit, draft in writes:
                try:
                    self._refuse_if_changed(contents, ticket)
                    answers.append(pending.add(ticket, edit, draft))
                except TrackerError as refused:
                    answers.append(refused)
            if pending.cells or pending.entries:
                self._save(contents.book, pending)
        return answers

    def _save(self, book: Book, pending: Pending, gone: Mapping[str, str] | None = None) -> None:
        """Write it all; `gone` are comments that go, by their tickets."""
        self._contents, without = None, gone or {}
        contents = self._understood(
            book.write(pending.cells, pending.entries, pending.rows, list(without.values()))
        )
        self._contents = contents
        changed = {*without, *(cell.issue for cell in pending.cells), *(each.issue for each in pending.entries)}
        for issue in changed:
            if issue in self._handed_out:
                self._handed_out[issue] = contents.ticket(issue).version

    def _refuse_if_changed(self, contents: Contents, ticket: str) -> None:
        known = self._handed_out.get(ticket)
        if known and ticket in contents.rows and contents.ticket(ticket).version != known:
            raise ConflictError(
                f"{ticket} was changed by someone since it was read; the next pass looks at it again"
            )

    def clone(self) -> Tracker:
        """Another one on the same file; they write one after the other."""
        twin = Workbook(self._source, self._mapping, self._clock)
        twin._handed_out = dict(self._handed_out)
        twin._one_writer = self._one_writer
        return twin

    def close(self) -> None:
        """Let go of what was read."""
        self._contents = None

    def _read(self) -> list[File]:
        """The files as they are now: the workbook first, then those beside it that may be there."""
        suffix = self._path.suffix.casefold()
        if suffix == ".csv":
            others: tuple[Path, ...] = (self._path.with_name(f"{self._path.stem}.comments.csv"),)
        elif suffix in {".xlsx", ".xlsm"}:
            others = beside(self._path)
        else:
            raise WorkbookError(f"{self._path} is neither .xlsx nor .csv; save it as one of these")
        files = [read(path) for path in (self._path, *others)]
        if files[0].data is None:
            names = [path.name for path in self._path.parent.glob("*.*")] if self._path.parent.is_dir() else []
            close = get_close_matches(self._path.name, names, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise WorkbookError(f"{self._path} is not there: correct the source's path{hint}")
        return files

    def _current(self, files: Sequence[File]) -> Contents:
        held = self._contents
        if held is None or [file.digest for file in held.book.files] != [file.digest for file in files]:
            self._contents = None
            self._contents = held = self._understood(self._opened(files))
        return held

    def _opened(self, files: Sequence[File]) -> Book:
        wanted, optional = headers(self._mapping)
        if self._path.suffix.casefold() == ".csv":
            return CsvBook(files, self._mapping, wanted, optional)
        from sync.trackers.workbook_xlsx import XlsxBook  # noqa: PLC0415 - openpyxl only for those who need it

        return XlsxBook(files, self._mapping, wanted, optional)

    def _understood(self, book: Book) -> Contents:
        return Contents(book, self._mapping, Setting(self._path.as_uri(), self._audience), self._translation)

    def _page(self, contents: Contents, issues: Sequence[str]) -> Page:
        tickets: list[Ticket] = []
        failed: list[Failed] = []
        for issue in issues:
            if issue not in contents.rows:
                continue
            try:
                ticket = contents.ticket(issue)
            except InvalidError as fault:
                failed.append(Failed(issue, "read", str(fault)))
            else:
                self._handed_out[issue] = ticket.version
                tickets.append(ticket)
        gone = tuple(issue for issue in issues if issue not in contents.rows)
        return Page(tuple(tickets), tuple(failed), gone=gone)

    def _cursor(self, files: Sequence[File]) -> str:
        reading = f"{self._mapping.model_dump_json()} {self._audience} {self._site}"
        said = "\n".join((reading, *(file.digest for file in files)))
        return blake2b(said.encode(), digest_size=16).hexdigest()


def _nameless(row: int) -> Failed:
    return Failed(f"row {row}", "read", f"row {row} has content but no ID; give the issue an ID")
