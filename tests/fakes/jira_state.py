"""The state behind the Jira fakes: a site's people, projects and issues, each change with its history."""

from __future__ import annotations

import itertools
import re
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from fakes import jira_history
from fakes.jira_catalogue import Catalogue, Field, system_fields
from fakes.jira_index import Index
from fakes.jira_records import Change, Comment, Issue, Person, Project
from fakes.jira_relations import Link, Relations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fakes.jira_catalogue import Choice
    from fakes.jira_text import Body


class Site:
    """A Jira site without its HTTP: every change keeps history, `updated` and the search index right.

    People and projects come to be when they are first mentioned; who acts (`by`) is a `Person.name`.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.people: dict[str, Person] = {}
        self.projects: dict[str, Project] = {}
        self.catalogue = Catalogue()
        self.fields: dict[str, Field] = {entry.id: entry for entry in system_fields()}
        self.issues: dict[str, Issue] = {}
        self.relations = Relations(self.issues)
        self.index = Index(clock)
        self._ids = itertools.count(10_001)
        self._keys: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    # --- stock --------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The site's time, in whole milliseconds as Jira keeps it."""
        now = self._clock()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def new_id(self) -> str:
        """Return an id that nothing on the site has had."""
        return str(next(self._ids))

    def ids_beyond(self, number: int) -> None:
        """Let all later ids be greater than this."""
        self._ids = itertools.count(max(number + 1, next(self._ids)))

    def person(self, display: str, **details: Any) -> Person:  # noqa: ANN401 - the fields of Person
        """Return the person of that display name, new if need be; details (`zone`, `kind`) make them anew."""
        name = details.pop("name", None) or re.sub(r"\W+", ".", display.casefold()).strip(".")
        known = self.people.get(name)
        if known is None or details:
            known = self.people[name] = Person(name, display, **details)
        return known

    def project(self, key: str, name: str = "", kind: str = "") -> Project:
        """Return the project of that key, new if need be; a name or kind makes it anew."""
        known = self.projects.get(key)
        if known is None or name or kind:
            number = known.id if known else self.new_id()
            known = Project(number, key, name or key.title(), kind or "software")
            self.projects[key] = known
        return known

    def add_field(self, name: str, kind: str = "string", options: Sequence[str] = ()) -> Field:
        """Add a custom field of a type (`string number date option array user any`); return it."""
        choices = tuple({"id": self.new_id(), "value": value} for value in options)
        entry = Field(
            f"customfield_{self.new_id()}",
            name,
            kind,
            items=("option" if options else "string") if kind == "array" else None,
            options=choices,
        )
        self.fields[entry.id] = entry
        return entry

    # --- issues -------------------------------------------------------------------------------------------

    def find(self, id_or_key: str) -> Issue | None:
        """Return the issue of that id or key; a key counts in any case, and for ever after a move."""
        return self.issues.get(self._keys.get(id_or_key.upper(), id_or_key))

    def create(self, project: str, summary: str, by: str, **fields: Any) -> Issue:  # noqa: ANN401
        """Create an issue; fields as `value` takes them."""
        self.project(project)
        given = {name: self.value(name, value) for name, value in fields.items()}
        return self.create_stored(project, by, {"summary": summary} | given)

    def create_stored(self, project: str, by: str, values: dict[str, Any]) -> Issue:
        """Create an issue with values as stored; what is not given is as usual."""
        start = {"creator": by, "reporter": by, "labels": []}
        usual = {"issuetype": "Task", "priority": "Medium", "status": "Open"}
        start |= {kind: self.value(kind, self.catalogue.usual(kind, name)) for kind, name in usual.items()}
        now = self.now
        issue = Issue(self.new_id(), self._next_key(project), now, now, start | values)
        self.put(issue)
        return issue

    def link(self, kind: Choice, source: Issue, target: Issue, by: str) -> None:
        """Link an issue to another, with history on both."""
        self.relations.links.append(Link(self.new_id(), kind, source.id, target.id))
        for issue, words, other in ((source, kind["outward"], target), (target, kind["inward"], source)):
            said = (other.key, f"This issue {words} {other.key}")
            with self.writing(issue):
                issue.updated = self.now
                self._log(issue, by, [jira_history.item("Link", "issuelinks", (None, None), said)])

    def put(self, issue: Issue) -> None:
        """Take in an issue that is complete, with a key of its own."""
        project, _, number = issue.key.rpartition("-")
        self._numbers[project] = max(self._numbers.get(project, 0), int(number))
        self._keys[issue.key.upper()] = issue.id
        with self.writing(issue):
            self.issues[issue.id] = issue

    def edit(self, issue: Issue, by: str, values: dict[str, Any]) -> None:
        """Set fields (values as stored); one changelog entry for all that really change, none for nothing."""
        changed = {name: v for name, v in values.items() if issue.fields.get(name) != v}
        items = [
            item
            for name, value in changed.items()
            for item in jira_history.items(self.fields[name], issue.fields.get(name), value, self.people)
        ]
        if changed:
            with self.writing(issue):
                issue.fields.update(changed)
                issue.updated = self.now
                self._log(issue, by, items)

    def comment(
        self,
        issue: Issue,
        by: str,
        body: Body,
        properties: dict[str, Any] | None = None,
        visibility: dict[str, str] | None = None,
    ) -> Comment:
        """Add a comment; it bumps `updated` and leaves no changelog entry."""
        now = self.now
        comment = Comment(self.new_id(), by, body, now, now, by, dict(properties or {}), visibility)
        with self.writing(issue):
            issue.comments.append(comment)
            issue.updated = now
        return comment

    def transition(self, issue: Issue, by: str, status: str) -> None:
        """Move to a status; entering the done category sets resolution and its date, leaving it clears them."""
        target = self.catalogue.named("status", status)
        done = target["statusCategory"]["key"] == "done"
        values: dict[str, Any] = {"status": target}
        if done != bool(issue.fields.get("resolution")):
            values["resolution"] = self.catalogue.choices["resolution"][0] if done else None
            values["resolutiondate"] = self.now if done else None
        self.edit(issue, by, values)

    def move(self, issue: Issue, by: str, project: str) -> None:
        """Move to another project: same id, new key, the old one goes on leading here."""
        old_project, old_key = self.projects[issue.project], issue.key
        target = self.project(project)
        items = [
            jira_history.item("Project", "project", (old_project.id, old_project.name), (target.id, target.name)),
            jira_history.item("Key", "", (None, old_key), (None, key := self._next_key(project))),
        ]
        with self.writing(issue):
            issue.key = key
            self._keys[key.upper()] = issue.id
            issue.updated = self.now
            self._log(issue, by, items)

    def delete(self, issue: Issue) -> None:
        """Delete an issue for good."""
        with self.writing(issue):
            del self.issues[issue.id]

    @contextmanager
    def writing(self, issue: Issue) -> Iterator[None]:
        """Let the block change an issue, and keep its cached JSON and the index right."""
        self.index.before(issue)
        yield
        issue.seen.clear()
        self.index.after(issue, alive=issue.id in self.issues)

    def reindex(self) -> None:
        """Let search know everything."""
        self.index.catch_up(self.issues)

    # --- values and history -------------------------------------------------------------------------------

    def value(self, name: str, given: Any) -> Any:  # noqa: ANN401 - as many types as fields
        """Return as stored what a test gives plainly: names for choices and people, `date` or text for dates."""
        entry = self.fields[name]
        if name in self.catalogue.choices and entry.type != "array":
            return given and self.catalogue.named(name, given)
        if entry.type == "option":
            return given and next(option for option in entry.options if option["value"] == given)
        if entry.type == "user":
            return given and self.person(given).name
        match given:
            case datetime():
                return given.astimezone(UTC)
            case date():
                return given.isoformat()
            case _:
                return given

    def _next_key(self, project: str) -> str:
        self._numbers[project] = self._numbers.get(project, 0) + 1
        return f"{project}-{self._numbers[project]}"

    def _log(self, issue: Issue, by: str, items: list[dict[str, Any]]) -> None:
        if items:
            issue.changes.append(Change(self.new_id(), by, self.now, tuple(items)))
