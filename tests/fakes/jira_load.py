"""Takes issues into the Jira fakes that look as `GET /rest/api/2/issue/{key}?expand=changelog` shows them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fakes.jira_catalogue import Field
from fakes.jira_records import Change, Comment, Issue, Project

if TYPE_CHECKING:
    from fakes.jira_state import Site

_CHOICES = ("status", "priority", "resolution", "issuetype")
_SHELVES = ("components", "fixVersions", "versions")
_SPECIAL = frozenset({"created", "updated", "project", "comment"})


def load(site: Site, exported: dict[str, Any]) -> Issue:
    """Put an exported issue on the site with its ids, key, comments and history; return it."""
    given = exported["fields"]
    project = given["project"]
    site.projects.setdefault(project["key"], Project(project["id"], project["key"], project["name"]))
    comments = [_comment(site, one) for one in given.get("comment", {}).get("comments", [])]
    changes = [_change(site, one) for one in exported.get("changelog", {}).get("histories", [])]
    numbers = [exported["id"], *(one.id for one in comments), *(one.id for one in changes)]
    site.ids_beyond(max(int(number) for number in numbers))
    issue = Issue(
        exported["id"],
        exported["key"],
        moment(given["created"]),
        moment(given["updated"]),
        {name: _value(site, name, value) for name, value in given.items() if name not in _SPECIAL},
        comments,
        sorted(changes, key=lambda change: change.created),
    )
    site.put(issue)
    return issue


def moment(text: str) -> datetime:
    """Return the instant that Jira writes like `2026-03-02T10:00:00.000+0100`."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)


def _person(site: Site, shown: dict[str, Any]) -> str:
    name = shown["name"]
    if name not in site.people:
        site.person(shown["displayName"], name=name, active=shown["active"])
    return str(name)


def _comment(site: Site, shown: dict[str, Any]) -> Comment:
    return Comment(
        shown["id"],
        _person(site, shown["author"]),
        shown["body"],
        moment(shown["created"]),
        moment(shown["updated"]),
        _person(site, shown["updateAuthor"]),
    )


def _change(site: Site, shown: dict[str, Any]) -> Change:
    logged = {(entry.logged or entry.id).casefold(): entry.id for entry in site.fields.values()}
    items = []
    for item in shown["items"]:
        start = {"field": item["field"], "fieldtype": item["fieldtype"]}
        if (field := logged.get(item["field"].casefold())) and item["fieldtype"] == "jira":
            start["fieldId"] = field
        items.append(start | {end: item.get(end) for end in ("from", "fromString", "to", "toString")})
    return Change(shown["id"], _person(site, shown["author"]), moment(shown["created"]), tuple(items))


def _value(site: Site, name: str, value: Any) -> Any:  # noqa: ANN401 - as many types as fields
    entry = site.fields.setdefault(name, Field(name, name.title(), "any", editable=False))
    if value is None:
        return None
    if name in _CHOICES:
        return site.catalogue.adopt(name, value)
    if name in _SHELVES:
        return [site.catalogue.adopt(name, one) for one in value]
    if entry.type == "user":
        return _person(site, value)
    return moment(value) if entry.type == "datetime" else value
