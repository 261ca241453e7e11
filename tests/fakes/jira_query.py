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
    """A query that was understood; `matches` is None where it names nothing but an order."""

    matches: Callable[[Issue], bool] | None
    order: tuple[tuple[str, bool], ...]

    def search(self, issues: Iterable[Issue]) -> list[Issue]:
        """Return the matching issues in order; the newest id first where the query asks for none."""
        found = [issue for issue in issues if self.matches is None or self.matches(issue)]
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
        matches = None if self._is("order") or self._is("") else self._any()
        order: list[tuple[str, bool]] = []
        if self._passed("order"):
            self._expect("by")
            order.append(self._sorting())
            while self._passed(","):
                order.append(self._sorting())
        self._expect("")
        return Query(matches, tuple(order))

    def _any(self) -> Callable[[Issue], bool]:
        clauses = [self._all()]
        while self._passed("or"):
            clauses.append(self._all())
        return lambda issue: any(matches(issue) for matches in clauses)

    def _all(self) -> Callable[[Issue], bool]:
        clauses = [self._one()]
        while self._passed("and"):
            clauses.append(self._one())
        return lambda issue: all(matches(issue) for matches in clauses)

    def _one(self) -> Callable[[Issue], bool]:
        if self._passed("not"):
            refused = self._one()
            return lambda issue: not refused(issue)
        if not self._passed("("):
            return self._clause()
        inside = self._any()
        self._expect(")")
        return inside

    def _passed(self, word: str) -> bool:
        found = self._is(word)
        self._at += found
        return found

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
        return lambda issue: _matches(_held(name, issue, self._site), chosen, wanted=wanted)

    def _value(self) -> str:
        kind, value = self._tokens[self._at]
        if kind not in {"text", "word"}:
            raise Refusal(400, "jql", why=f"'{value}'")
        return self._take()

    def _list(self) -> list[str]:
        self._expect("(")
        values = [self._value()]
        while self._passed(","):
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
        elif name == "labels":
            chosen = list(values)
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


def _held(name: str, issue: Issue, site: Site) -> set[str]:
    if name in _ISSUE:
        return {issue.id}
    if name == "project":
        return {site.projects[issue.project].key}
    if name == "labels":
        return set(issue.fields.get("labels") or ())
    status = issue.fields["status"]
    return {str(status["id"] if name == "status" else status["statusCategory"]["id"])}


def _matches(held: set[str], chosen: set[str], *, wanted: bool) -> bool:
    """Tell whether a field's values answer a clause; in JQL an empty field answers none, not even a `!=`."""
    return bool(held) and held.isdisjoint(chosen) is not wanted
