"""How the issues of the Jira fakes hang together: subtasks below their parents, and links."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakes.jira_catalogue import Choice
    from fakes.jira_records import Issue

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """`source` <outward words of `kind`> `target`, both by id."""

    id: str
    kind: Choice
    source: str
    target: str


@dataclass(slots=True)
class Relations:
    """The parents of subtasks, by id, and all links; issues that were loaded bring theirs as bare JSON."""

    issues: dict[str, Issue]
    parents: dict[str, str] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    kinds: list[Choice] = field(
        default_factory=lambda: [
            {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"},
            {"id": "10003", "name": "Relates", "inward": "relates to", "outward": "relates to"},
        ]
    )
    linking: bool = True

    def touch(self, number: str) -> bool:
        """Tell whether an issue has a parent, a subtask or a link, and so shows what others are."""
        ends = {end for link in self.links for end in (link.source, link.target)}
        return number in self.parents or number in self.parents.values() or number in ends

    def below(self, number: str) -> list[Issue]:
        """Return an issue's subtasks that still exist."""
        found = [self.issues.get(child) for child, parent in self.parents.items() if parent == number]
        return [issue for issue in found if issue]

    def linked(self, number: str) -> list[tuple[Link, str, Issue]]:
        """Return an issue's links, with `outwardIssue` or `inwardIssue` as what the other end is to it."""
        ends = [
            (link, end, self.issues.get(other))
            for link in self.links
            for end, own, other in (
                ("outwardIssue", link.source, link.target),
                ("inwardIssue", link.target, link.source),
            )
            if own == number
        ]
        return [(link, end, issue) for link, end, issue in ends if issue]

    def shown(self, name: str, issue: Issue, api: str) -> Any:  # noqa: ANN401 - a list, an object or null
        """Return the JSON of the field `parent`, `subtasks` or `issuelinks`, but for what was loaded with it."""
        if name == "parent":
            parent = self.issues.get(self.parents.get(issue.id, ""))
            return _short(parent, api) if parent else None
        if name == "subtasks":
            return [_short(child, api) for child in self.below(issue.id)]
        return [
            {
                "id": link.id,
                "self": f"{api}/issueLink/{link.id}",
                "type": link.kind | {"self": f"{api}/issueLinkType/{link.kind['id']}"},
                end: _short(other, api),
            }
            for link, end, other in self.linked(issue.id)
        ]


def _short(issue: Issue, api: str) -> Json:
    fields = {name: issue.fields.get(name) for name in ("summary", "status", "priority", "issuetype")}
    return {"id": issue.id, "key": issue.key, "self": f"{api}/issue/{issue.id}", "fields": fields}
