"""Asana through its official SDK: projects of one workspace as a tracker."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from sync.action import Failed, Written
from sync.errors import (
    CredentialsError,
    ForbiddenError,
    InvalidError,
    LostAnswerError,
    NotFoundError,
    RateLimitedError,
    TrackerError,
)
from sync.trackers import asana_cursor
from sync.trackers.asana_check import Checkup
from sync.trackers.asana_fields import BROKEN, TAGS, instant
from sync.trackers.asana_follow_ups import FollowUps
from sync.trackers.asana_history import STORY_FIELDS
from sync.trackers.asana_http import Connection
from sync.trackers.asana_labels import Tags, chosen_options
from sync.trackers.asana_markup import html
from sync.trackers.asana_pages import page_of
from sync.trackers.asana_records import (
    TASK_FIELDS,
    Records,
    Users,
    circle,
    departed,
    version_of,
    with_completion,
)
from sync.trackers.base import Capabilities, Marks, Page
from sync.trackers.pace import Pace
from sync.trackers.translate import Translation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from typing import Any

    from sync.action import Draft, Edit, FollowUp
    from sync.mapping.tracker_models import AsanaMapping
    from sync.ticket import Ticket
    from sync.trackers.asana_cursor import Watermark
    from sync.trackers.asana_http import Record
    from sync.trackers.base import Finding, Tracker
    from sync.trackers.sources import AsanaSource

WRITTEN_FIELDS = "modified_at,tags.name,custom_fields.name,custom_fields.multi_enum_values.name"
"""What an edit's answer is to tell."""
WRITERS = 8
"""Tickets written side by side; Asana takes 15 writes at once from one account, and people use it too."""
FETCHED_AT_ONCE = 50
"""Tasks in a page of `fetch`."""


def open_asana(source: AsanaSource, mapping: AsanaMapping, token: str, *, pace: Pace | None = None) -> Tracker:
    """A tracker on the source's projects, not yet connected; makes no request.

    CredentialsError if the token cannot be one. `pace` is that of the source's host.
    """
    return Asana(source, mapping, partial(Connection, source.url, token, pace or Pace()), Shared(mapping))


class Identity(NamedTuple):
    """Whom the token speaks for, and where: gids."""

    me: str
    workspace: str


class Shared:
    """What the threads of one source learn together."""

    def __init__(self, mapping: AsanaMapping) -> None:
        self.identity: Identity | None = None
        self.tags = Tags()
        self.users = Users(mapping)
        self.refused = ""
        """Why somebody could not be brought in last time."""


class Asana:
    """`Tracker` on one thread; `clone` gives another thread its own connection."""

    capabilities = Capabilities(
        history=True, ledger=False, writers=WRITERS, brings_in=frozenset({"mention", "watch", "assign"})
    )

    def __init__(
        self, source: AsanaSource, mapping: AsanaMapping, connect: Callable[[], Connection], shared: Shared
    ) -> None:
        self._source = source
        self._mapping = mapping
        self._connect = connect
        self._connection = connect()
        self._shared = shared
        self._reading: tuple[Records, Translation] | None = None

    @property
    def notice(self) -> str | None:
        """Whom Asana would not let own or follow a task, as last tried."""
        return self._shared.refused or None

    @property
    def told_at(self) -> datetime | None:
        """As `Dated.told_at`: the date of the last answer."""
        return self._connection.told_at

    # --- reading ------------------------------------------------------------------------------------------------

    def connect(self) -> str:
        """Prove the token; the workspace's gid, or what the config keeps in its place."""
        workspace = self._identify().workspace
        return self._source.site or workspace

    def changed(self, cursor: str | None) -> Iterator[Page]:
        """Tasks that Asana lists as modified since each project was last read, each (task, version) once.

        A project that cannot be read is told as failed and keeps its watermark; all of them: its error is raised.
        Our own writes make a task newer too, and come back once, as ours, for one request. Nothing hides that
        echo: Asana does not say how new a task is after a comment, so whatever hid it could hide what a person
        did in the same second.
        """
        projects = self._source.projects
        loaded = asana_cursor.loaded(cursor)
        marks = {project: loaded[project] for project in projects if project in loaded}
        told: set[tuple[str, str]] = set()
        failed: list[Failed] = []
        for project in projects:
            try:
                yield from self._changed_in(project, marks, told)
            except (ForbiddenError, NotFoundError, InvalidError) as error:
                if len(failed) == len(projects) - 1:
                    raise
                failed.append(Failed("", f"project {project}", f"{error}; check `projects` in the config"))
        if failed:
            yield Page((), tuple(failed), asana_cursor.dumped(marks))

    def fetch(self, ids: Sequence[str]) -> Iterator[Page]:
        """Two requests a task; one that left the source's projects counts as gone."""
        for start in range(0, len(ids), FETCHED_AT_ONCE):
            yield page_of((task, partial(self._fetched, task)) for task in ids[start : start + FETCHED_AT_ONCE])

    def ids(self) -> Iterable[str]:
        """Every task of every project: a request a hundred."""
        call, rows = self._connection.tasks.get_tasks, self._connection.rows
        listed = (
            row["gid"]
            for project in self._source.projects
            for row in rows(call, project=project, opt_fields="resource_subtype")
        )
        return dict.fromkeys(listed)

    def marks(self, ticket: str) -> Marks:
        """References at the end of our own comments, all pages of the task's stories read."""
        records, translation = self._read_by()
        try:
            stories = self._stories(ticket)
            comments = [translation.comment(raw) for raw in records.comments(stories)]
        except (ForbiddenError, *BROKEN):
            return Marks(complete=False)
        return Marks(complete=True, comments=[each for each in comments if each.marks])

    def left(self, people: Collection[str]) -> frozenset[str]:
        """Whom the workspace lists as no longer active."""
        return departed(self._connection, self._workspace_gid(), people)

    def follow_ups(self, ticket: str) -> Mapping[str, str] | None:
        """The subtasks that we made, by the references in their notes; one request a hundred."""
        return self._follow_ups().found(ticket)

    def check(self) -> Iterable[Finding]:
        """What the API tells of account, projects, fields, statuses, readers and tags; writes nothing."""
        return Checkup(self._connection, self._source, self._mapping).findings(self._identify)

    # --- writing ------------------------------------------------------------------------------------------------

    def edit(self, ticket: str, edit: Edit) -> Written:
        """A request for each tag, one for all that are to follow, and one for due date, owner and the options of a
        labels field together.

        An owner or a follower whom Asana refuses is no failure: the rest is written without them, see `notice`.
        LostAnswerError, too, if only a part was written: what is on the task must be read.
        """
        before = self._connection.changes
        try:
            with self._connection.pace.finishing():
                return self._edited(ticket, edit)
        except TrackerError as error:
            if isinstance(error, LostAnswerError) or self._connection.changes == before:
                raise
            whole = isinstance(error, CredentialsError | RateLimitedError)
            raise LostAnswerError(f"only a part of the edit was written: {error}", whole=whole) from error

    def _edited(self, ticket: str, edit: Edit) -> Written:
        body: Record = self._due(edit.due) if edit.set_due else {}
        if self._mapping.labels_in != TAGS:
            if edit.add_labels or edit.remove_labels:
                body["custom_fields"] = chosen_options(self._connection, ticket, self._mapping.labels_in, edit)
        else:
            self._tag(ticket, edit)
        if edit.watch:
            self._follow(ticket, edit.watch)
        task = self._own(ticket, body, edit.assign) if edit.assign else None
        if task is None and body:
            task = self._update(ticket, body)
        if task is None:
            return Written()
        return Written(at=_said_at(task, "modified_at"), labels=self._read_by()[0].labels(task))

    def comment(self, ticket: str, draft: Draft) -> Written:
        """InvalidError, and nothing is posted, if others read the project than the comment is meant for.

        If Asana does not take the mentions, as of one who is not in the workspace, it is sent without them.
        """
        reached = circle(self._source)
        if reached is not draft.audience:
            raise InvalidError(
                f"a comment for {draft.audience} readers cannot be posted: the source says that {reached} readers "
                "read it, and Asana has no other circle; correct `readers` if that is wrong"
            )
        said, bare = html(draft.body, draft.marks), html(draft.body, draft.marks, mention=False)
        try:
            story = self._say(ticket, said)
        except InvalidError:
            if said == bare:
                raise
            story = self._say(ticket, bare)
        return Written(at=_said_at(story, "created_at"), comment=story["gid"], audience=reached)

    def follow_up(self, ticket: str, draft: FollowUp) -> Written:
        """A subtask, in the project of its task; InvalidError unless the mapping says `follow_up = true`."""
        made = self._follow_ups().create(ticket, draft, self._due(draft.due))
        return Written(at=_said_at(made, "created_at"), created=made["gid"])

    def delete_comment(self, ticket: str, comment: str) -> Written:  # noqa: ARG002 - a story is known by its gid
        """As `Tracker.delete_comment`: one DELETE of a story, which only its author may."""
        with suppress(NotFoundError):
            self._connection.delete(self._connection.stories.delete_story, comment)
        return Written()

    def clone(self) -> Tracker:
        """Another connection; what is known of workspace, tags and people is shared."""
        return Asana(self._source, self._mapping, self._connect, self._shared)

    def close(self) -> None:
        """Give the connections back."""
        self._connection.close()

    # --- inside -------------------------------------------------------------------------------------------------

    def _update(self, ticket: str, body: Record) -> Record:
        task: Record = self._connection.write(
            self._connection.tasks.update_task, body, ticket, opt_fields=WRITTEN_FIELDS
        )
        return task

    def _own(self, ticket: str, body: Record, owner: str) -> Record | None:
        """Write a task with its owner; None if Asana refused that one, and so wrote nothing."""
        try:
            task = self._update(ticket, body | {"assignee": owner})
        except InvalidError as error:
            if "assignee" not in error.fields:
                raise
            self._shared.refused = f"{owner} could not be made the owner of a task: {error}"
            return None
        self._shared.refused = ""
        return task

    def _follow(self, ticket: str, people: Sequence[str]) -> None:
        try:
            self._connection.write(self._add_followers, {"followers": [*people]}, ticket)
        except (ForbiddenError, InvalidError) as error:
            self._shared.refused = f"{', '.join(people)} could not be made followers of a task: {error}"
        else:
            self._shared.refused = ""

    def _identify(self) -> Identity:
        """Ask who we are; where, only once."""
        user = self._connection.record(self._connection.users.get_user, "me", opt_fields="name,workspaces.name")
        known = self._shared.identity
        identity = Identity(user["gid"], known.workspace if known else self._workspace(user))
        if identity != known:
            self._shared.identity, self._reading = identity, None
        return identity

    def _workspace(self, user: Record) -> str:
        """The account's only workspace, or the one that all projects are in."""
        mine = [workspace["gid"] for workspace in user.get("workspaces") or ()]
        if len(mine) == 1:
            return str(mine[0])
        homes: dict[str, str] = {}
        for project in self._source.projects:
            call = self._connection.projects.get_project
            found = self._connection.record(call, project, opt_fields="workspace")
            homes[project] = str((found.get("workspace") or {}).get("gid"))
        if len(set(homes.values())) > 1:
            listed = ", ".join(f"{project} in {home}" for project, home in homes.items())
            raise InvalidError(
                f"projects: they are in several workspaces ({listed}); make one source for each workspace",
                ("projects",),
            )
        return homes.popitem()[1]

    def _read_by(self) -> tuple[Records, Translation]:
        if self._reading is None:
            source, mapping = self._source, self._mapping
            me, workspace = self._shared.identity or self._identify()
            site = source.site or workspace
            self._reading = (
                Records(self._connection, source, mapping, self._shared.users, me),
                Translation(with_completion(mapping), source=source.name, site=site, me=me, zone=source.zone),
            )
        return self._reading

    def _workspace_gid(self) -> str:
        return (self._shared.identity or self._identify()).workspace

    def _follow_ups(self) -> FollowUps:
        records, workspace = self._read_by()[0], self._workspace_gid()
        return FollowUps(self._connection, self._mapping, records, self._shared.tags, workspace)

    def _changed_in(self, project: str, marks: dict[str, Watermark], told: set[tuple[str, str]]) -> Iterator[Page]:
        """One project's changed tasks; its new watermark is in `marks` at the end."""
        mark = marks.get(project)
        since = {"modified_since": mark.since} if mark else {}
        call, started, listed = self._connection.tasks.get_tasks, None, dict[str, str]()
        for answer in self._connection.pages(call, project=project, opt_fields=TASK_FIELDS, **since):
            started = started or answer.at
            fresh = []
            for task in answer.data:
                one = task["gid"], version_of(task)
                listed[one[0]] = one[1]
                if one not in told and not (mark and mark.knows(*one)):
                    told.add(one)
                    fresh.append((one[0], partial(self._ticket, task)))
            if fresh:
                yield page_of(fresh)
        if advanced := asana_cursor.advanced(mark, listed, started):
            marks[project] = advanced
        yield Page((), cursor=asana_cursor.dumped(marks))

    def _fetched(self, gid: str) -> Ticket:
        task = self._connection.record(self._connection.tasks.get_task, gid, opt_fields=TASK_FIELDS)
        if not self._read_by()[0].belongs(task):
            raise NotFoundError(f"task {gid} is in none of the source's projects any more")
        return self._ticket(task)

    def _ticket(self, task: Record) -> Ticket:
        records, translation = self._read_by()
        ticket = translation.ticket(records.item(task, self._stories(task["gid"])))
        return replace(ticket, follow_up=True) if records.follow_up(task) else ticket

    def _stories(self, task: str) -> list[Record]:
        rows = self._connection.rows(self._connection.stories.get_stories_for_task, task, opt_fields=STORY_FIELDS)
        return list({story["gid"]: story for story in rows}.values())

    def _tag(self, ticket: str, edit: Edit) -> None:
        tags, workspace = self._shared.tags, self._workspace_gid()
        for label in edit.add_labels:
            tags.add(self._connection, workspace, ticket, label)
        if edit.remove_labels:
            tags.remove(self._connection, ticket, edit.remove_labels)

    def _add_followers(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - the SDK has no types
        """Without fields to ask for: Asana's documents say both that the task is answered and that nothing is."""
        return self._connection.tasks.add_followers_for_task(*arguments, {}, **options)

    def _say(self, ticket: str, said: str) -> Record:
        call = self._connection.stories.create_story_for_task
        return self._connection.write(call, {"html_text": said}, ticket, opt_fields="created_at", once=True)

    def _due(self, due: date | None) -> Record:
        """Asana takes a day or an instant, never both; an instant is the end of the day where the source is."""
        if due is None or self._mapping.due_field == "due_on":
            return {"due_on": due and due.isoformat()}
        end = datetime.combine(due, time(23, 59), ZoneInfo(self._source.zone))
        return {"due_at": asana_cursor.stamp(end)}


def _said_at(record: Record, field: str) -> datetime | None:
    return instant(record[field]) if record.get(field) else None
