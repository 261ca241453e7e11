"""The part of JQL that the Jira fakes know; anything else is refused as Jira refuses nonsense."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fakes.jira_words import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from zoneinfo import ZoneInfo

    from fakes.jira_records import Issue
    from fakes.jira_state import Site

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign><=|>=|!=|=|<|>|[(),])|(?P<word>[^\s"'(),=<>!]+))"""
)
_ISSUE = frozenset({"id", "key", "issue", "issuekey"})
_TIMES = {"updated": "updated", "updateddate": "updated", "created": "created", "createddate": "created"}
_CHOICES = frozenset({"project", "status", "statuscategory"})
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    "<": lambda a, b: a < b,
}


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was understood: an issue matches when every filter says so."""

    filters: tuple[Callable[[Issue], bool], ...]
    order: tuple[tuple[str, bool], ...]

    def search(self, issues: Iterable[Issue]) -> list[Issue]:
        """Return the matching issues in order; the newest id first where the query asks for none."""
        found = [issue for issue in issues if all(matches(issue) for matches in self.filters)]
        for name, falling in reversed(self.order or (("id", True),)):
            found.sort(key=_SORT[name], reverse=falling)
        return found


def _number(issue: Issue) -> tuple[str, int]:
    project, _, number = issue.key.rpartition("-")
    return project, int(number)


_SORT: dict[str, Callable[[Issue], Any]] = {
    "updated": lambda issue: issue.updated,
    "created": lambda issue: issue.created,
    "key": _number,
    "id": lambda issue: int(issue.id),
}


def parse(jql: str, site: Site, zone: ZoneInfo, browsable: Callable[[str], bool]) -> Query:
    """Understand a query as the caller means it: dates in the caller's zone, projects that it may browse.

    Raises Refusal(400). A date is taken at its minute (or day); an unknown project, status or key is refused.
    """
    return _Parser(_tokens(jql), site, zone, browsable).query()


def _tokens(jql: str) -> Iterator[tuple[str, str]]:
    at = 0
    while jql[at:].strip():
        if (found := _TOKEN.match(jql, at)) is None:
            raise Refusal(400, "jql", why=jql[at:])
        kind = str(found.lastgroup)
        value = found[kind]
        yield kind, re.sub(r"\\(.)", r"\1", value[1:-1]) if kind == "text" else value
        at = found.end()


class _Parser:
    def __init__(
        self,
        tokens: Iterable[tuple[str, str]],
        site: Site,
        zone: ZoneInfo,
        browsable: Callable[[str], bool],
    ) -> None:
        self._tokens = [*tokens, ("end", "")]
        self._at = 0
        self._site = site
        self._zone = zone
        self._browsable = browsable

    def query(self) -> Query:
        filters: list[Callable[[Issue], bool]] = []
        if not self._is("order"):
            filters.append(self._clause())
            while self._is("and"):
                self._take()
                filters.append(self._clause())
        order: list[tuple[str, bool]] = []
        if self._is("order"):
            self._take()
            self._expect("by")
            order.append(self._sorting())
            while self._is(","):
                self._take()
                order.append(self._sorting())
        self._expect("")
        return Query(tuple(filters), tuple(order))

    def _take(self) -> str:
        _, value = self._tokens[self._at]
        self._at += 1
        return value

    def _is(self, word: str) -> bool:
        kind, value = self._tokens[self._at]
        return kind != "text" and value.casefold() == word

    def _expect(self, word: str) -> None:
        if not self._is(word):
            raise Refusal(400, "jql", why=f"'{self._tokens[self._at][1]}'")
        self._at += 1

    def _sorting(self) -> tuple[str, bool]:
        name = self._take().casefold()
        name = _TIMES.get(name, name)
        name = "key" if name in _ISSUE - {"id"} else name
        if name not in _SORT:
            raise Refusal(400, "jql", why=f"ORDER BY '{name}'")
        falling = name in {"updated", "created"}
        if self._is("asc") or self._is("desc"):
            falling = self._take().casefold() == "desc"
        return name, falling

    def _clause(self) -> Callable[[Issue], bool]:
        name = self._take().casefold()
        wanted = True
        operator = self._take().casefold()
        if operator == "not":
            wanted, operator = False, self._take().casefold()
        if name in _TIMES and wanted and operator in _COMPARE:
            attribute, compare, instant = _TIMES[name], _COMPARE[operator], self._instant(self._value())
            return lambda issue: compare(getattr(issue, attribute), instant)
        if operator == "in":
            values = self._list()
        elif operator in {"=", "!="} and wanted:
            wanted, values = operator == "=", [self._value()]
        else:
            raise Refusal(400, "jql", why=f"'{name} {operator}'")
        chosen = self._chosen(name, values)
        return lambda issue: (_held(name, issue, self._site) in chosen) is wanted

    def _value(self) -> str:
        kind, value = self._tokens[self._at]
        if kind not in {"text", "word"}:
            raise Refusal(400, "jql", why=f"'{value}'")
        return self._take()

    def _list(self) -> list[str]:
        self._expect("(")
        values = [self._value()]
        while self._is(","):
            self._take()
            values.append(self._value())
        self._expect(")")
        return values

    def _instant(self, text: str) -> datetime:
        for shape in ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d"):
            try:
                local = datetime.strptime(text, shape).replace(tzinfo=self._zone)
            except ValueError:
                continue
            return local.astimezone(UTC)
        raise Refusal(400, "jql value", value=text, field="date")

    def _chosen(self, name: str, values: list[str]) -> set[str]:
        if name in _ISSUE:
            found = [self._site.find(value) for value in values]
            chosen = [issue and self._browsable(issue.project) and issue.id for issue in found]
        elif name == "project":
            chosen = [self._project(value) for value in values]
        elif name in _CHOICES:
            chosen = [self._choice(name, value) for value in values]
        else:
            raise Refusal(400, "jql", why=f"'{name}'")
        for value, one in zip(values, chosen, strict=True):
            if not one:
                raise Refusal(400, "jql value", value=value, field=name)
        return {str(one) for one in chosen}

    def _project(self, value: str) -> str | None:
        for project in self._site.projects.values():
            names = {project.key.casefold(), project.name.casefold(), project.id}
            if value.casefold() in names and self._browsable(project.key):
                return project.key
        return None

    def _choice(self, name: str, value: str) -> str | None:
        for status in self._site.catalogue.choices["status"]:
            choice = status if name == "status" else status["statusCategory"]
            if value.casefold() in {str(choice["id"]), choice["name"].casefold(), choice.get("key")}:
                return str(choice["id"])
        return None


def _held(name: str, issue: Issue, site: Site) -> str:
    if name in _ISSUE:
        return issue.id
    if name == "project":
        return site.projects[issue.project].key
    status = issue.fields["status"]
    return str(status["id"] if name == "status" else status["statusCategory"]["id"])
