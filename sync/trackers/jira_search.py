"""Searching all projects of a source, or those of them that the account may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.errors import ForbiddenError, InvalidError, NotFoundError
from sync.trackers.jira_api import project_path
from sync.trackers.jira_poll import WESTERNMOST, jql_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, tzinfo

    from sync.trackers.jira_api import Hits, JiraApi
    from sync.trackers.jira_http import JiraHttp
    from sync.trackers.sources import JiraSource

HIDDEN = "it is not there, or the account may not browse it; correct `projects` or grant Browse Projects"


class Search:
    """Searches of one source. `hidden` are its projects that cannot be seen, as far as is known."""

    def __init__(self, source: JiraSource, http: JiraHttp, api: JiraApi) -> None:
        self._source = source
        self._http = http
        self._api = api
        self.hidden: list[str] = []

    def look_for(self, projects: Sequence[str]) -> None:
        """Ask for each of these projects whether it can be seen. ForbiddenError if none of the source can."""
        for project in projects:
            try:
                self._http.read("GET", project_path(project))
            except (NotFoundError, ForbiddenError):
                self.hidden.append(project)
        if set(self.hidden) >= set(self._source.projects):
            raise ForbiddenError(f"project {', '.join(self.hidden)}: {HIDDEN}")

    def pages(
        self, fields: Sequence[str], since: datetime | None = None, zone: tzinfo = WESTERNMOST
    ) -> Iterator[Hits]:
        """The pages of everything, or of what was updated since; Jira refuses all for one project it hides.

        Then the others are searched. With `id` as the only field, in large pages and without history.
        """
        found = self._asked(fields, since, zone)
        try:
            first = next(found, None)
        except InvalidError:
            known = len(self.hidden)
            self.look_for([project for project in self._source.projects if project not in self.hidden])
            if len(self.hidden) == known:
                raise
            found = self._asked(fields, since, zone)
            first = next(found, None)
        if first:
            yield first
        yield from found

    def _asked(self, fields: Sequence[str], since: datetime | None, zone: tzinfo) -> Iterator[Hits]:
        order = "key ASC" if list(fields) == ["id"] else self._api.order
        return self._api.search(jql_for(self._source, order, hidden=self.hidden, since=since, zone=zone), fields)
