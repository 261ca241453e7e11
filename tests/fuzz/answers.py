"""Trackers on answers that were changed on their way: what they tell of them must be sound, or named as failed."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from fuzz.dice import at, mutated
from hourglass import Hourglass

from sync.errors import NotFoundError, TrackerError
from sync.mapping.tracker_models import AsanaMapping, JiraMapping
from sync.ticket import Audience, Person, Status, Ticket
from sync.trackers.asana import Asana, Shared
from sync.trackers.asana_http import Answer as AsanaAnswer
from sync.trackers.asana_http import Connection
from sync.trackers.jira import JiraTracker
from sync.trackers.jira_http import Answer, JiraHttp
from sync.trackers.jira_site import Memory
from sync.trackers.sources import AsanaSource, JiraSource

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

    from fakes.server import Exchange
    from fuzz.dice import Json, KeyPath
    from real_issues import OnTracker

    from sync.mapping.policy import Policy
    from sync.trackers.base import Page, Tracker

ISSUES = 3
"""Issues in a page, at most."""


class CannedJira(JiraHttp):
    """Answers by the end of the path, without a network; what is not there is not found."""

    def __init__(self, answers: Mapping[str, Json]) -> None:
        super().__init__("https://jira.example", "token", pace=Hourglass())
        self._answers = answers

    def _exchange(self, method: str, path: str, *_: object, writing: bool) -> Answer:
        assert not writing, f"{method} {path} while reading"
        for end, body in self._answers.items():
            if path.endswith(end):
                return Answer(body, None)
        raise NotFoundError(path)


class CannedAsana(Connection):
    """Answers by the name of the SDK's call, without a network; `stories` by the gid of their task."""

    def __init__(self, answers: Mapping[str, Json], stories: Mapping[str, Json]) -> None:
        super().__init__("https://asana.example", "token", Hourglass())
        self._answers, self._stories = answers, stories

    def _send(self, call: Callable[..., Any], arguments: tuple[Any, ...], *, writing: bool) -> AsanaAnswer:
        name = call.__name__
        assert not writing, f"{name} while reading"
        if name == "get_stories_for_task" and arguments[0] in self._stories:
            return AsanaAnswer(self._stories[arguments[0]], None, None)
        if name in self._answers:
            return AsanaAnswer(self._answers[name], None, None)
        raise NotFoundError(name)


# --- what the fakes say of the real issues ----------------------------------------------------------------------


@dataclass(slots=True, repr=False)
class Recorded:
    """One tracker's answers over the real issues, and the tickets that they truly are."""

    source: JiraSource | AsanaSource
    mapping: JiraMapping | AsanaMapping
    account: Json
    columns: Json
    issues: list[Json]
    stories: dict[str, list[Json]] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)

    def opened(self, issues: Sequence[Json], stories: Mapping[str, Json]) -> Tracker:
        """A tracker that gets these answers."""
        if isinstance(self.source, JiraSource):
            page = {
                "issues": issues,
                "isLast": True,
                "startAt": 0,
                "total": len(issues) if isinstance(issues, list) else 0,
            }
            found = {"search": page, "search/jql": page, "field": self.columns, "issue/bulkfetch": page}
            return self.opened_on(CannedJira({"myself": self.account} | found))
        assert isinstance(self.mapping, AsanaMapping)
        answers = {"get_user": self.account, "get_tasks": issues}
        return Asana(self.source, self.mapping, lambda: CannedAsana(answers, stories), Shared(self.mapping))

    def opened_on(self, http: JiraHttp) -> Tracker:
        """A Jira tracker that asks there."""
        assert isinstance(self.source, JiraSource)
        assert isinstance(self.mapping, JiraMapping)
        return JiraTracker(self.source, self.mapping, http, Memory())


def recorded(real: OnTracker, policy: Policy) -> Recorded:
    """What the tracker answers while all its issues are read."""
    tracker = real.tracker(policy)
    tickets: dict[str, Ticket] = {}
    tracker.connect()
    for page in tracker.changed(None):
        assert not page.failed
        tickets |= {ticket.id: ticket for ticket in page.tickets}
    tracker.close()
    exchanges: list[Exchange] = real.fake.exchanges  # type: ignore[attr-defined]
    said = [(one.request, one.json) for one in exchanges if one.status == 200]
    mapping = policy.mappings[f"{real.source.tracker}.toml"]
    if isinstance(real.source, JiraSource):
        assert isinstance(mapping, JiraMapping)
        (account,) = [body for request, body in said if request.path.endswith("/myself")]
        (columns,) = [body for request, body in said if request.path.endswith("/field")]
        issues = {
            issue["id"]: issue
            for request, body in said
            if re.search(r"/search(/jql)?$", request.path)
            for issue in body["issues"]
        }
        return Recorded(real.source, mapping, account, columns, list(issues.values()), {}, tickets)
    assert isinstance(real.source, AsanaSource)
    assert isinstance(mapping, AsanaMapping)
    account = next(body["data"] for request, body in said if request.path.endswith("/users/me"))
    tasks = [task for request, body in said if request.path.endswith("/tasks") for task in body["data"]]
    stories: dict[str, list[Json]] = {}
    for request, body in said:
        if found := re.search(r"/tasks/(\d+)/stories$", request.path):
            stories.setdefault(found[1], []).extend(body["data"])
    return Recorded(real.source, mapping, account, None, tasks, stories, tickets)


# --- the checks --------------------------------------------------------------------------------------------------


def check_answers(known: Recorded, dice: random.Random) -> None:
    """One to three issues, changed in one to three places, are read soundly or not at all."""
    chosen = deepcopy([dice.choice(known.issues) for _ in range(dice.randint(1, ISSUES))])
    chosen = list({issue.get("id") or issue["gid"]: issue for issue in chosen}.values())
    _confide(chosen, dice)
    numbers = [str(issue.get("id") or issue["gid"]) for issue in chosen]
    stories = {number: deepcopy(known.stories[number]) for number in numbers} if known.stories else {}
    before = {
        ticket.id: ticket for page in _all(known.opened(deepcopy(chosen), stories)) for ticket in page.tickets
    }
    assert set(before) == set(numbers)
    whole: Json = {"issues": chosen, "stories": stories}
    changed = [(path, at_or_none(whole, path)) for path in mutated(whole, dice)]
    try:
        tracker = known.opened(whole.get("issues"), _by_task(whole.get("stories")))
        pages = _all(tracker)
    except TrackerError:
        return
    for page in pages:
        for failed in page.failed:
            assert failed.name, failed
            assert failed.why, failed
        for ticket in page.tickets:
            assert_sound(ticket)
            if ticket.id in before:
                assert_no_wider(before[ticket.id], ticket, changed)


def _confide(issues: list[Json], dice: random.Random) -> None:
    """Give some of Jira's comments the signs of a narrower circle."""
    for issue in issues:
        held = issue.get("fields", {}).get("comment", {}).get("comments", [])
        desk = bool(dice.randrange(2))
        if held and desk:
            issue["fields"]["project"]["projectTypeKey"] = "service_desk"
        for comment in held:
            match dice.randrange(3):
                case 0 if desk:
                    comment["jsdPublic"] = False
                case 1 if desk:
                    comment["properties"] = [{"key": "sd.public.comment", "value": {"internal": True}}]
                case 0 | 1:
                    comment["visibility"] = {"type": "role", "value": "Administrators"}
                case _ if desk:
                    comment["jsdPublic"] = True


def _by_task(stories: Json) -> Mapping[str, Json]:
    return stories if isinstance(stories, dict) else {}


def at_or_none(value: Json, path: KeyPath) -> Json:
    """What stands at a path now; None if it leads nowhere."""
    try:
        return at(value, path)
    except (KeyError, IndexError, TypeError):
        return None


def _all(tracker: Tracker) -> list[Page]:
    """All that a poll gives, and all that reading each of its tickets by id gives."""
    tracker.connect()
    try:
        return list(tracker.changed(None))
    finally:
        tracker.close()


def assert_sound(ticket: Ticket) -> None:
    """Every part of the ticket is of the kind that it says it is."""
    for name in ("source", "site", "id", "key", "url", "title", "text", "version", "kind", "due_text"):
        assert isinstance(getattr(ticket, name), str), (name, getattr(ticket, name))
    assert ticket.id
    assert ticket.key
    assert isinstance(ticket.status, Status)
    for name in ("created", "updated", "reported", "resolved", "complete_since"):
        assert_instant(getattr(ticket, name), optional=name not in {"created", "updated"})
    for value in (ticket.client, ticket.engagement):
        assert value is None or isinstance(value, str)
    for person in (ticket.reporter, ticket.assignee):
        assert person is None or assert_person(person)
    assert type(ticket.due) in {date, type(None)}
    assert isinstance(ticket.labels, frozenset)
    assert all(isinstance(label, str) and label for label in ticket.labels)
    assert all(isinstance(one, str) for pair in ticket.fields.items() for one in pair)
    assert all(isinstance(audience, Audience) for audience in ticket.audiences)
    assert all(isinstance(problem, str) for problem in ticket.problems)
    for comment in ticket.comments:
        assert isinstance(comment.id, str)
        assert isinstance(comment.text, str)
        assert isinstance(comment.audience, Audience)
        assert all(isinstance(mark, str) for mark in comment.marks)
        assert_instant(comment.at)
        assert_person(comment.author)
    for change in ticket.changes:
        assert all(isinstance(getattr(change, name), str) for name in ("id", "field", "before", "after", "said"))
        assert_instant(change.at)
        assert_person(change.author)
    assert ticket.ledger is None or isinstance(ticket.ledger, dict)


def assert_instant(value: object, *, optional: bool = False) -> None:
    """An aware instant in UTC, or nothing where there may be nothing."""
    if value is None:
        assert optional
        return
    assert isinstance(value, datetime)
    assert value.tzinfo is UTC, value


def assert_person(person: Person) -> bool:
    """A person of texts alone."""
    assert all(isinstance(getattr(person, each.name), str) for each in fields(person)), person
    return True


def assert_no_wider(before: Ticket, after: Ticket, changed: list[tuple[KeyPath, Json]]) -> None:
    """Nothing seems to be read by more people than before, and nothing missing seems never to have been."""
    parts = {part for path, _ in changed for part in path}
    assert after.audiences <= before.audiences or _lied(changed, "projectTypeKey"), "audiences"
    known = {comment.id: comment for comment in before.comments}
    for comment in after.comments:
        if comment.id in known and comment.audience > known[comment.id].audience:
            assert _hidden(changed), (known[comment.id], comment, changed)
    taken = any(path[0] == "stories" and len(path) <= 3 for path, _ in changed)  # Asana tells no number of stories
    if len(set(after.comments)) < len(known) and not parts & {"total", "type"} and not taken:
        assert after.problems, (changed, "comments were lost and nobody says so")
    if len(after.changes) < len(before.changes) and after.complete_since is None and not parts & {"total"}:
        assert after.problems or _untold(changed), (changed, "history was lost and nobody says so")


def _lied(changed: list[tuple[KeyPath, Json]], key: str) -> bool:
    return any(path[-1] == key and isinstance(value, str) for path, value in changed)


def _hidden(changed: list[tuple[KeyPath, Json]]) -> bool:
    """Whether a sign of a narrower circle was taken away, or changed to another one that may be true."""
    for path, value in changed:
        if "properties" in path[:-1] or (path[-1] == "visibility" and value is None):
            return True
        if path[-1] == "jsdPublic" and isinstance(value, bool):
            return True
        if path[-1] == "id" or (isinstance(path[-1], int) and "comments" in path):
            return True
    return False


def _untold(changed: list[tuple[KeyPath, Json]]) -> bool:
    """Whether an entry of the history was made one of something that is of no interest."""
    told = {"items", "histories", "field", "fieldId", "fieldtype", "resource_subtype", "custom_field", "stories"}
    return any(told & set(path) for path, _ in changed)


# --- our own marks ----------------------------------------------------------------------------------------------

OURS = ("k7f3q2aaaaaa", "m2m2m2bbbbbb")
"""Marks on the comments that are read back."""


def check_marks(known: Recorded, dice: random.Random) -> None:
    """Marks on changed answers are found, or the search for them counts as incomplete: nothing is posted twice."""
    if isinstance(known.source, JiraSource):
        whole: Json = _marked_comments()
        changed = [(path, at_or_none(whole, path)) for path in mutated(whole, dice)]
        tracker = known.opened_on(CannedJira({
            "myself": known.account, "field": known.columns,
            "issue/77": whole.get("issue"), "issue/77/comment": whole.get("page"),
        }))  # fmt: skip
    else:
        whole = {"stories": {"77": _marked_stories(known.account["gid"])}}
        changed = [(path, at_or_none(whole, path)) for path in mutated(whole, dice)]
        tracker = known.opened([], _by_task(whole.get("stories")))
    try:
        tracker.connect()
        marks = tracker.marks("77")
    except TrackerError:
        return
    finally:
        tracker.close()
    found = {mark[:6] for mark in marks.marks}
    if marks.complete and not {mark[:6] for mark in OURS} <= found:
        assert _unmarked(changed), (changed, found)


def _marked_comments() -> Json:
    at = "2026-03-02T10:00:00.000+0100"
    project = {"key": "OPS", "projectTypeKey": "software"}
    comments = [
        {"id": str(number), "created": at, "body": "said", "author": None,
         "properties": [{"key": "makegood", "value": {"ids": [mark]}}]}
        for number, mark in enumerate(OURS)
    ]  # fmt: skip
    issue = {"id": "77", "key": "OPS-77", "fields": {"project": project}, "properties": {}}
    return {"issue": issue, "page": {"comments": comments, "total": 2, "startAt": 0}}


def _marked_stories(me: str) -> list[Json]:
    by = {"gid": me, "name": "makegood"}
    return [
        {"gid": str(number), "type": "comment", "created_at": "2026-03-02T10:00:00.000Z", "created_by": by,
         "text": f"said\n\nref {mark[:6]}"}
        for number, mark in enumerate(OURS)
    ]  # fmt: skip


def _unmarked(changed: list[tuple[KeyPath, Json]]) -> bool:
    """Whether the changes make another answer that a tracker may truly give: a mark taken off, or another's."""
    for path, value in changed:
        last = path[-1]
        if path[:1] == ("stories",) and (len(path) <= 3 or last in {"text", "created_by"} or "created_by" in path):
            return True
        if last in {"total", "type"} and (value is None or isinstance(value, (str, int))):
            return True
        if "properties" in path and (
            isinstance(last, int) or last in {"key", "ids", "properties"} or "ids" in path
        ):
            return True
    return False


__all__ = ["Recorded", "assert_no_wider", "assert_sound", "check_answers", "check_marks", "recorded"]
