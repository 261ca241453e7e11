"""How the Jira fakes show their state: the JSON of REST v3 (Cloud) and v2 (Data Center), cached by issue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakes.jira_records import account
from fakes.jira_text import document, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from fakes.jira_catalogue import Field
    from fakes.jira_records import Change, Comment, Issue, Project
    from fakes.jira_state import Site
    from fakes.jira_text import Body

TEXT_AREAS = frozenset({"description", "environment"})
_EXPANDABLE = "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request wants of each issue, and what its resource limits.

    `fields` as the client named them (`*all`, `-comment`, …); `changes` and `comments` are the most of them
    shown inline, the newest; `whole_seconds` cuts `updated` as Data Center's search does.
    """

    fields: tuple[str, ...]
    expand: frozenset[str] = frozenset()
    properties: tuple[str, ...] = ()
    changes: int | None = None
    comments: int | None = None
    whole_seconds: bool = False

    @property
    def bare(self) -> bool:
        """Whether nothing but ids is wanted."""
        return set(self.fields) <= {"id"} and not self.expand and not self.properties

    @property
    def light(self) -> bool:
        """Whether nothing but ids and keys is wanted."""
        return set(self.fields) <= {"id", "key"} and not self.expand and not self.properties

    def wants(self, entry: Field) -> bool:
        """Tell whether a field is among them."""
        if f"-{entry.id}" in self.fields:
            return False
        navigable = "*navigable" in self.fields or all(name.startswith("-") for name in self.fields)
        return entry.id in self.fields or "*all" in self.fields or (navigable and entry.navigable)


@dataclass(frozen=True, slots=True)
class View:
    """The JSON of a site under one base address; `adf` texts are documents, else they are plain."""

    site: Site
    api: str
    zone: ZoneInfo
    cloud: bool
    adf: bool

    def issue(self, issue: Issue, ask: Ask) -> str:
        """Return an issue's JSON as text."""
        key = (self.adf, ask)
        if self.site.relations.touch(issue.id):
            issue.seen.clear()
        if (seen := issue.seen.get(key)) is None:
            seen = json.dumps(self._issue(issue, ask), ensure_ascii=False, separators=(",", ":"))
            issue.seen[key] = seen
        return seen

    def page(self, issues: Iterable[Issue], ask: Ask, **around: Any) -> bytes:  # noqa: ANN401 - JSON values
        """Return the JSON of a list of issues and what stands around it, ready to send."""
        shown = ",".join(self.issue(issue, ask) for issue in issues)
        rest = json.dumps(around, ensure_ascii=False, separators=(",", ":"))[1:]
        return f'{{"issues":[{shown}]{"," if around else ""}{rest}'.encode(errors="backslashreplace")

    def _issue(self, issue: Issue, ask: Ask) -> Json:
        if self.cloud and ask.bare:
            return {"id": issue.id}
        shown: Json = {
            "expand": _EXPANDABLE,
            "id": issue.id,
            "self": f"{self.api}/issue/{issue.id}",
            "key": issue.key,
        }
        if not ask.light:
            wanted = [entry for entry in self.site.fields.values() if ask.wants(entry)]
            shown["fields"] = {entry.id: self.value(issue, entry, ask) for entry in wanted}
        if "changelog" in ask.expand:
            shown["changelog"] = self.changelog(issue, ask.changes)
        if ask.properties:
            every = "*all" in ask.properties
            shown["properties"] = {
                key: value
                for key, value in issue.properties.items()
                if (every or key in ask.properties) and f"-{key}" not in ask.properties
            }
        return shown

    def value(self, issue: Issue, entry: Field, ask: Ask) -> Any:  # noqa: ANN401 - as many types as fields
        """Return a field's value as REST shows it."""
        match entry.id:
            case "created":
                return self.time(issue.created)
            case "updated":
                return self.time(issue.updated.replace(microsecond=0) if ask.whole_seconds else issue.updated)
            case "project":
                return self.project(self.site.projects[issue.project])
            case "comment":
                return self.comments_inline(issue, ask.comments)
            case "parent" | "subtasks" | "issuelinks":
                related = self.site.relations.shown(entry.id, issue, self.api)
                return related or self._stored(issue.fields.get(entry.id), entry)
            case _:
                return self._stored(issue.fields.get(entry.id), entry)

    def _stored(self, stored: Any, entry: Field) -> Any:  # noqa: ANN401 - as many types as fields
        if stored is None:
            return [] if entry.type == "array" and not entry.custom else None
        if entry.type == "user":
            return self.person(stored)
        if entry.type == "datetime":
            return self.time(stored)
        return self.text(stored) if entry.id in TEXT_AREAS else stored

    def time(self, instant: datetime) -> str:
        """Return an instant in the site's zone, as Jira writes it."""
        local = instant.astimezone(self.zone)
        return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}{local:%z}"

    def text(self, body: Body) -> Body:
        """Return a body as this API's version shows it."""
        if not self.adf:
            return plain(body)
        return body if isinstance(body, dict) else document(body)

    def person(self, name: str) -> Json:
        """Return an account."""
        person = self.site.people[name]
        shown: Json = {"displayName": person.display, "active": person.active, "timeZone": person.zone}
        if self.cloud:
            address = f"{self.api}/user?accountId={person.account}"
            return {"self": address, "accountId": person.account, "accountType": person.kind} | shown
        mail = f"{person.name}@example.invalid"
        address = f"{self.api}/user?username={person.name}"
        return {"self": address, "key": person.user_key, "name": person.name, "emailAddress": mail} | shown

    def project(self, project: Project) -> Json:
        """Return a project in short."""
        shown: Json = {
            "self": f"{self.api}/project/{project.id}",
            "id": project.id,
            "key": project.key,
            "name": project.name,
        }
        return shown | {"projectTypeKey": project.kind}

    def comment(self, issue: Issue, comment: Comment, *, properties: bool = False) -> Json:
        """Return a comment; its properties only when they are asked for."""
        shown: Json = {
            "self": f"{self.api}/issue/{issue.id}/comment/{comment.id}",
            "id": comment.id,
            "author": self.person(comment.author),
            "body": self.text(comment.body),
            "updateAuthor": self.person(comment.editor),
            "created": self.time(comment.created),
            "updated": self.time(comment.updated),
        }
        if self.cloud:
            shown["jsdPublic"] = not (self.on_service_desk(issue) and comment.internal)
        if comment.visibility:
            shown["visibility"] = dict(comment.visibility)
        if properties:
            shown["properties"] = [{"key": k, "value": v} for k, v in comment.properties.items()]
        return shown

    def on_service_desk(self, issue: Issue) -> bool:
        """Tell whether customers may see the issue in a portal."""
        return self.site.projects[issue.project].kind == "service_desk"

    def comments_inline(self, issue: Issue, most: int | None) -> Json:
        """Return the page of comments inside an issue: the newest, in order of time, with the true total."""
        total = len(issue.comments)
        shown = issue.comments if most is None else issue.comments[-most:]
        return {
            "comments": [self.comment(issue, one) for one in shown],
            "self": f"{self.api}/issue/{issue.id}/comment",
            "maxResults": total if most is None else most,
            "total": total,
            "startAt": 0,
        }

    def changelog(self, issue: Issue, most: int | None) -> Json:
        """Return the histories inside an issue: on Cloud the newest first and no more than `most`."""
        histories = self.histories(issue.changes)
        if self.cloud:
            histories.reverse()
        histories = histories[:most]
        return {
            "startAt": 0,
            "maxResults": len(histories) if most is None else most,
            "total": len(issue.changes),
            "histories": histories,
        }

    def histories(self, changes: Sequence[Change]) -> list[Json]:
        """Return changelog entries."""
        return [
            {
                "id": change.id,
                "author": self.person(change.author),
                "created": self.time(change.created),
                "items": [self._item(item) for item in change.items],
            }
            for change in changes
        ]

    def _item(self, item: Json) -> Json:
        if not self.cloud:
            return {key: value for key, value in item.items() if key != "fieldId"}
        if item["field"] not in {"assignee", "reporter"}:
            return item
        return item | {end: item[end] and account(item[end]) for end in ("from", "to")}
