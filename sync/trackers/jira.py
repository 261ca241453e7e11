"""Jira Cloud and Jira Data Center as a `Tracker`."""

from __future__ import annotations

from datetime import UTC, datetime
from datetime import time as clock_time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sync.action import Failed, Written
from sync.errors import ForbiddenError, InvalidError, LostAnswerError, NotFoundError
from sync.ticket import Audience
from sync.trackers import jira_check, jira_poll
from sync.trackers.base import Capabilities, Marks, Page
from sync.trackers.jira_api import comments_wanting, history_wanting, issue_path, read_comments
from sync.trackers.jira_fields import resolve
from sync.trackers.jira_follow import FollowUps
from sync.trackers.jira_http import JiraHttp
from sync.trackers.jira_records import (
    BROKEN,
    MARK,
    PUBLIC,
    Circles,
    Reading,
    fields_of,
    identity,
    instant,
    ledger_of,
    on_desk,
    project_of,
    records,
    unread,
)
from sync.trackers.jira_search import HIDDEN, Search
from sync.trackers.jira_site import Memory, api_of, sign_in
from sync.trackers.jira_write import Writing
from sync.trackers.translate import Translation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import date

    from sync.action import Draft, Edit, FollowUp
    from sync.mapping.tracker_models import JiraMapping
    from sync.ticket import Comment
    from sync.trackers.base import Finding, Tracker
    from sync.trackers.jira_api import JiraApi
    from sync.trackers.jira_fields import Columns
    from sync.trackers.jira_http import Answer
    from sync.trackers.jira_site import Site
    from sync.trackers.pace import Pace
    from sync.trackers.sources import JiraSource

Json = dict[str, Any]

_STRANGER = "its project is not among the source's `projects`; if a project was renamed, write its new key there"
HELD_BACK = 100
"""Issues that wait for the rest of their history, to be asked for together."""
_END_OF_DAY = clock_time(23, 59)


def open_jira(source: JiraSource, mapping: JiraMapping, token: str, *, pace: Pace | None = None) -> Tracker:
    """A tracker on one Jira source; makes no request yet. `pace` is that of the source's host.

    With `source.email` the token goes by basic authentication (Cloud API tokens), without as a bearer token
    (Data Center). CredentialsError for a token that cannot be one.
    """
    return JiraTracker(source, mapping, JiraHttp(source.url, token, source.email, pace=pace), Memory())


class JiraTracker:
    """`Tracker` for Jira, for one thread."""

    def __init__(self, source: JiraSource, mapping: JiraMapping, http: JiraHttp, memory: Memory) -> None:
        self._source = source
        self._mapping = mapping
        self._http = http
        self._memory = memory
        self._circles = Circles(source.readers == "staff", mapping.restricted_to is not None)
        self._projects = {project.casefold() for project in source.projects}

    @property
    def capabilities(self) -> Capabilities:
        """Jira keeps history and our ledger; a few writers stay far below its limits of writes."""
        return Capabilities(
            history=True, ledger=True, writers=8, brings_in=frozenset({"mention", "watch", "assign"})
        )

    @property
    def notice(self) -> str | None:
        """Why somebody could not be brought in, if that was so the last time."""
        return self._memory.refused or None

    @property
    def told_at(self) -> datetime | None:
        """As `Dated.told_at`: the date of the answer to `/myself`."""
        return self._memory.site.told_at if self._memory.site else None

    def clone(self) -> JiraTracker:
        """As `Tracker.clone`: a session of its own, the same knowledge of the site."""
        return JiraTracker(self._source, self._mapping, self._http.clone(), self._memory)

    def close(self) -> None:
        """As `Tracker.close`."""
        self._http.close()

    def check(self) -> Iterator[Finding]:
        """As `Reader.check`; what it finds is never raised."""
        return jira_check.findings(self._source, self._mapping, self._http, self._memory)

    # --- reading --------------------------------------------------------------------------------------------

    def connect(self) -> str:
        """As `Reader.connect`, by `/myself`: Cloud's search answers bad credentials with no issues and no error.

        The id is the source's `site`, else host and path of Jira's address. If that address changes, so does
        the id, and everything would be said again: keep the old id as `site` then.
        """
        return sign_in(self._source, self._http, self._memory).id

    def changed(self, cursor: str | None) -> Iterator[Page]:
        """As `Reader.changed`: a page for each page of the search, and a last one that has the cursor.

        A project that cannot be seen is named on the last page and stops no other; all of it comes once it can.
        """
        site, api = self._ready()
        query = jira_poll.query_of(self._source, self._mapping)
        before = jira_poll.Cursor.read(cursor, query)
        columns = self._columns(before)
        search = Search(self._source, self._http, api)
        search.look_for(before.hidden if before else [])
        if before and search.hidden != before.hidden:
            before = None
        poll = jira_poll.Poll(before, whole_seconds=api.whole_seconds)
        reading, waiting = self._reading(), list[Json]()
        for hits in search.pages(columns.requested(), before.since if before else None, site.zone):
            ready: list[Json] = []
            for issue in poll.news(hits):
                (waiting if history_wanting(issue) else ready).append(issue)
            if len(waiting) >= HELD_BACK:
                ready, waiting = ready + waiting, []
            yield self._read(ready, reading, poll)
        yield self._read(waiting, reading, poll)
        after = poll.cursor(columns, self._memory.columns_at, search.hidden)
        failed = tuple(Failed("", f"project {project}", HIDDEN) for project in search.hidden)
        yield Page((), failed, after.write(query))

    def _read(self, issues: list[Json], reading: Reading, poll: jira_poll.Poll) -> Page:
        page = self._page(issues, reading)
        poll.unread(page.failed)
        return page

    def fetch(self, ids: Sequence[str]) -> Iterator[Page]:
        """As `Reader.fetch`; a ticket that was moved out of the source's projects is gone."""
        _, api = self._ready()
        reading = self._reading()
        for fetched in api.fetch(ids, self._columns().requested()):
            moved = tuple(identity(issue.get("id")) for issue in fetched.issues if not self._belongs(issue))
            page = self._page([issue for issue in fetched.issues if self._belongs(issue)], reading)
            yield Page(page.tickets, page.failed + fetched.failed, gone=fetched.gone + moved)

    def ids(self) -> Iterator[str]:
        """As `Reader.ids`, in pages of thousands."""
        _, api = self._ready()
        known: set[str] = set()
        for hits in Search(self._source, self._http, api).pages(["id"]):
            for number in (identity(issue.get("id")) for issue in hits.issues):
                if number and number not in known:
                    known.add(number)
                    yield number

    def marks(self, ticket: str) -> Marks:
        """As `Reader.marks`: the properties of its comments, and the ledger among its own."""
        self._ready()
        reading = self._reading()
        try:
            issue = self._http.read("GET", issue_path(ticket), {"fields": "project", "properties": MARK}).record
            comments, complete = read_comments(self._http, ticket)
        except ForbiddenError:
            return Marks(complete=False)
        desk = self._memory.desks[ticket] = on_desk(fields_of(issue))
        found: list[Comment] = []
        for raw in comments:
            try:
                found.append(reading.heard(raw, desk=desk))
            except BROKEN:
                complete = False
        return Marks(complete, [comment for comment in found if comment.marks], ledger_of(issue))

    def left(self, people: Collection[str]) -> frozenset[str]:
        """As `Reader.left`."""
        _, api = self._ready()
        return api.left(people)

    def follow_ups(self, ticket: str) -> Mapping[str, str] | None:
        """As `Reader.follow_ups`."""
        return self._follow_ups().of(ticket)

    def _ready(self) -> tuple[Site, JiraApi]:
        site = self._memory.site or sign_in(self._source, self._http, self._memory)
        return site, api_of(self._memory, self._http)

    def _columns(self, cursor: jira_poll.Cursor | None = None) -> Columns:
        memory, now = self._memory, datetime.now(UTC)
        if cursor and cursor.columns and not memory.columns:
            memory.columns, memory.columns_at = cursor.columns, cursor.columns_at
        if not (memory.columns and memory.columns_at and now - memory.columns_at < jira_poll.FIELDS_KEPT):
            fields = {"fields": self._http.read("GET", "field").body}
            memory.columns, memory.columns_at = resolve(records(fields, "fields"), self._mapping), now
        return memory.columns

    def _reading(self) -> Reading:
        site, api = self._ready()
        source = self._source
        translation = Translation(self._mapping, source=source.name, site=site.id, me=site.me.id, zone=source.zone)
        return Reading(
            translation,
            self._columns(),
            self._circles,
            address=site.address,
            whole_seconds=api.whole_seconds,
        )

    def _belongs(self, issue: Json) -> bool:
        project = project_of(fields_of(issue))
        return str(project.get("key") or self._source.projects[0]).casefold() in self._projects

    def _page(self, issues: list[Json], reading: Reading) -> Page:
        """The issues as tickets; what search left out is asked for first."""
        _, api = self._ready()
        strangers = tuple(unread(issue, _STRANGER) for issue in issues if not self._belongs(issue))
        issues = [issue for issue in issues if self._belongs(issue)]
        api.complete_history(issues)
        for issue in issues:
            self._complete_comments(issue)
        tickets, failed = reading.tickets(issues)
        read = {ticket.id for ticket in tickets}
        self._memory.desks |= {
            number: on_desk(fields_of(issue)) for issue in issues if (number := identity(issue.get("id"))) in read
        }
        return Page(tuple(tickets), (*failed, *strangers))

    def _complete_comments(self, issue: Json) -> None:
        number = identity(issue.get("id"))
        if not number or not comments_wanting(issue):
            return
        try:
            comments, complete = read_comments(self._http, number)
        except (ForbiddenError, InvalidError, NotFoundError) as error:
            issue.setdefault("problems", []).append(f"not all comments can be read: {error}")
            return
        if complete or len(comments) > len(records(issue["fields"].get("comment"), "comments")):
            issue["fields"]["comment"] = {"comments": comments, "total": len(comments)}
        if not complete:
            issue.setdefault("problems", []).append("Jira keeps back some of its comments, or who can read them")

    # --- writing --------------------------------------------------------------------------------------------

    def edit(self, ticket: str, edit: Edit) -> Written:
        """As `Tracker.edit`: fields, labels, owner and ledger in one PUT, applied whole or not at all; then a
        request for each watcher.

        An owner or a watcher whom Jira refuses is no failure: the rest is written without them, see `notice`.
        """
        _, api = self._ready()
        due = self._due(edit.due) if edit.set_due else {}
        with self._http.pace.finishing():
            return Writing(self._http, api, self._memory).edit(ticket, edit, due)

    def _due(self, due: date | None) -> Json:
        """The due date field, as it is written."""
        columns = self._columns()
        if due is None or not columns.due_instant:
            return {columns.due: due and due.isoformat()}
        end = datetime.combine(due, _END_OF_DAY, ZoneInfo(self._source.zone))
        return {columns.due: end.strftime("%Y-%m-%dT%H:%M:%S.000%z")}

    def follow_up(self, ticket: str, draft: FollowUp) -> Written:
        """As `Tracker.follow_up`: an issue with its mark in one POST. InvalidError if the mapping has none."""
        return self._follow_ups().create(ticket, draft, self._due(draft.due) if draft.due else {})

    def _follow_ups(self) -> FollowUps:
        _, api = self._ready()
        return FollowUps(self._http, api, self._memory, self._mapping.follow_up)

    def comment(self, ticket: str, draft: Draft) -> Written:
        """As `Tracker.comment`. InvalidError, with nothing sent, if it cannot be confined to its audience."""
        _, api = self._ready()
        desk = self._desk(ticket)
        if draft.audience not in self._circles.on(desk=desk):
            where = "a service desk" if desk else "an ordinary project"
            raise InvalidError(
                f"a comment for {draft.audience} cannot be confined to them in {where} of this source"
            )
        properties: list[Json] = [{"key": MARK, "value": {"ids": list(draft.marks)}}]
        if desk and draft.audience <= Audience.INTERNAL:
            properties.append({"key": PUBLIC, "value": {"internal": True}})
        body: Json = {"body": api.markup(draft.body), "properties": properties}
        circle = self._mapping.restricted_to if draft.audience is Audience.RESTRICTED else None
        if circle:
            body["visibility"] = {"type": circle.type, "value": circle.name}
        path = issue_path(ticket, "comment")
        answer = self._http.write("POST", path, body, {"expand": "properties"}, once=True)
        return self._posted(ticket, answer, desk=desk)

    def delete_comment(self, ticket: str, comment: str) -> Written:
        """As `Tracker.delete_comment`: one DELETE, which needs the right to delete one's own comments."""
        self._ready()
        try:
            answer = self._http.write("DELETE", issue_path(ticket, "comment", comment), None)
        except NotFoundError:
            return Written()
        return Written(answer.at)

    def _posted(self, ticket: str, answer: Answer, *, desk: bool) -> Written:
        raw = answer.body if isinstance(answer.body, dict) else {}
        if not raw.get("id"):
            raise LostAnswerError(f"comment on {ticket}: Jira's answer names no comment; it may have been posted")
        try:
            at: datetime | None = instant(raw.get("created"))
        except ValueError:
            at = answer.at
        return Written(at, comment=str(raw["id"]), audience=self._circles.of(raw, desk=desk))

    def _desk(self, ticket: str) -> bool:
        if ticket not in self._memory.desks:
            issue = self._http.read("GET", issue_path(ticket), {"fields": "project"}).record
            self._memory.desks[ticket] = on_desk(fields_of(issue))
        return self._memory.desks[ticket]
