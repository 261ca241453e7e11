"""What people and administrators do on a Jira fake behind the client's back: the tests' side of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fakes.jira_load import load
from fakes.jira_records import PUBLIC_COMMENT
from fakes.jira_text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from threading import RLock

    from fakes.jira_records import Comment, Issue, Person, Project
    from fakes.jira_state import Site
    from fakes.jira_text import Body


class People:
    """Acts of people, each one a write like theirs: with history, `updated`, and the search index.

    A person is named by display name ("project lead") and comes to be on first mention; an issue is the
    `Issue` or its id or key. Field values are plain: names of statuses, priorities, options and people, lists of
    labels, `date` or ISO text for dates, text for texts.
    """

    site: Site
    lock: RLock
    denied: set[tuple[str, str]]

    def create_issue(
        self,
        project: str = "OPS",
        summary: str = "Something is wrong",
        *,
        by: str = "client contact",
        **fields: Any,  # noqa: ANN401 - as many types as fields
    ) -> Issue:
        """Create an issue in a project (new if need be)."""
        with self.lock:
            return self.site.create(project, summary, self._name(by), **fields)

    def edit_as(self, person: str, issue: Issue | str, **fields: Any) -> None:  # noqa: ANN401
        """Edit fields in one step of history; custom fields by id, `**{"customfield_10001": …}`."""
        with self.lock:
            values = {name: self.site.value(name, value) for name, value in fields.items()}
            self.site.edit(self.issue(issue), self._name(person), values)

    def comment_as(self, person: str, issue: Issue | str, text: Body, *, internal: bool | None = None) -> Comment:
        """Comment; `internal` sets the service desk's mark either way, None leaves it off."""
        properties = {} if internal is None else {PUBLIC_COMMENT: {"internal": internal}}
        with self.lock:
            return self.site.comment(self.issue(issue), self._name(person), text, properties)

    def edit_comment_as(self, person: str, issue: Issue | str, comment: Comment, text: Body) -> Comment:
        """Give a comment another text; its properties stay."""
        with self.lock:
            found = self.issue(issue)
            new = replace(comment, body=text, updated=self.site.now, editor=self._name(person))
            with self.site.writing(found):
                found.comments = [new if one.id == comment.id else one for one in found.comments]
                found.updated = self.site.now
        return new

    def delete_comment(self, issue: Issue | str, comment: Comment) -> None:
        """Delete a comment, and its properties with it."""
        with self.lock:
            found = self.issue(issue)
            with self.site.writing(found):
                found.comments = [one for one in found.comments if one.id != comment.id]
                found.updated = self.site.now

    def transition(self, person: str, issue: Issue | str, status: str) -> None:
        """Move an issue to a status; resolution and its date follow the category."""
        with self.lock:
            self.site.transition(self.issue(issue), self._name(person), status)

    def move(self, person: str, issue: Issue | str, project: str) -> None:
        """Move an issue to another project (new if need be): same id, another key."""
        with self.lock:
            self.site.move(self.issue(issue), self._name(person), project)

    def delete(self, issue: Issue | str) -> None:
        """Delete an issue."""
        with self.lock:
            self.site.delete(self.issue(issue))

    def load(self, exported: dict[str, Any]) -> Issue:
        """Take in an issue in the shape of `GET /rest/api/2/issue/{key}?expand=changelog`."""
        with self.lock:
            return load(self.site, exported)

    def issue(self, which: Issue | str) -> Issue:
        """Return the live issue of an id or key (LookupError if there is none)."""
        found = self.site.find(which) if isinstance(which, str) else which
        if found is None:
            raise LookupError(which)
        return found

    def customers_see(self, issue: Issue | str) -> list[str]:
        """Return the texts of the comments that a customer reads in the portal; none outside service desks.

        Restricting a comment to a role or group does not hide it there; only `sd.public.comment` does.
        """
        found = self.issue(issue)
        if self.site.projects[found.project].kind != "service_desk":
            return []
        return [plain(comment.body) for comment in found.comments if not comment.internal]

    def add_person(self, display: str, *, zone: str = "UTC", customer: bool = False, key: str = "") -> Person:
        """Add or change a person; a customer is one of the service desk's portal, `key` that of Data Center."""
        return self.site.person(display, zone=zone, kind="customer" if customer else "atlassian", key=key)

    def deactivate(self, person: str) -> None:
        """Switch an account off: the person stays on the issues, and can be put on none."""
        with self.lock:
            known = self.site.person(person)
            self.site.people[known.name] = replace(known, active=False)
            for issue in self.site.issues.values():
                issue.seen.clear()

    def add_project(self, key: str, name: str = "", kind: str = "software") -> Project:
        """Add or change a project; `kind` is `software`, `business` or `service_desk`."""
        return self.site.project(key, name, kind)

    def add_field(self, name: str, kind: str = "string", options: Sequence[str] = ()) -> str:
        """Add a custom field (`string number date option array user any`); return its id."""
        return self.site.add_field(name, kind, options).id

    def deny(self, permission: str, project: str = "*") -> None:
        """Take a permission (`BROWSE_PROJECTS`, `ADD_COMMENTS`, …) from the client's account."""
        self.denied.add((permission, project))

    def allow(self, permission: str, project: str = "*") -> None:
        """Give a permission back; those of administrators are lacking at the start."""
        self.denied.discard((permission, project))

    @property
    def index_lag(self) -> float:
        """Seconds that search is behind; `math.inf` freezes it until `reindex`."""
        return self.site.index.lag

    @index_lag.setter
    def index_lag(self, seconds: float) -> None:
        self.site.index.lag = seconds

    def reindex(self) -> None:
        """Let search know everything."""
        with self.lock:
            self.site.reindex()

    def _name(self, person: str) -> str:
        return self.site.person(person).name
