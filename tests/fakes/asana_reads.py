"""What each address of the Asana fake shows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fakes.asana_fields import Field
from fakes.asana_people import (
    GeneralMembership,
    Person,
    ProjectMembership,
    Team,
    TeamMembership,
    Thing,
    Workspace,
    WorkspaceMembership,
)
from fakes.asana_refusal import Refusal
from fakes.asana_rights import allow, known
from fakes.asana_things import Project, Section, Story, Tag, Task

if TYPE_CHECKING:
    from fakes.asana_board import Board
    from fakes.server import Request

SEARCH_LAG = timedelta(seconds=30)
"""Search shows what was true so long ago; Asana says 10 to 60 s."""


def read(  # noqa: PLR0911 - a table of addresses
    board: Board, me: Person, segments: list[str], request: Request
) -> Thing | list[Thing]:
    """Return the thing, or the whole list of things, at a path."""
    match segments:
        case ["projects", gid, *rest]:
            return _in_project(board, me, known(board, Project, gid), rest, request)
        case ["tasks", gid, *rest]:
            return _in_task(board, me, known(board, Task, gid), rest)
        case ["workspaces" | "users" | "teams" | "memberships", *_]:
            return _people(board, me, segments, request)
        case ["tasks"]:
            return _tasks(board, me, request)
        case ["sections", gid, "tasks"]:
            section = known(board, Section, gid)
            allow(me, section.project)
            return list[Thing](_in_section(section))
        case ["stories", gid]:
            story = known(board, Story, gid)
            allow(me, story.task)
            return story
        case ["tags"]:
            known(board, Workspace, request.one("workspace"), status=400)
            return list(board.all_tags)
        case ["tags", gid]:
            return known(board, Tag, gid)
        case ["custom_fields", gid]:
            return known(board, Field, gid)
    raise NotImplementedError(f"the Asana fake does not serve GET /{'/'.join(segments)}")


def typeahead(board: Board, request: Request) -> list[Thing]:
    """Return the tags, people or projects whose names contain the query, at most `count` of them."""
    kind = request.one("resource_type") or request.one("type")
    kinds: dict[str, list[Thing]] = {
        "tag": list(board.all_tags),
        "user": list(board.people.values()),
        "project": list(board.all(Project)),
    }
    if kind not in kinds:
        raise Refusal(400, f"resource_type: Missing or not served by typeahead: {kind!r}")
    words = request.one("query").casefold()
    found = [thing for thing in kinds[kind] if words in str(thing.record()["name"]).casefold()]
    return found[: min(int(request.one("count", "20")), 100)]


def search(board: Board, me: Person, request: Request) -> list[Thing]:
    """Return a paid organisation's tasks, newest change first, without those that changed a moment ago."""
    served = {"projects.any", "completed", "modified_at.after", "sort_by", "limit", "opt_fields"}
    if strange := set(request.query) - served:
        raise NotImplementedError(f"the Asana fake's search does not serve {strange}")
    projects = set(request.one("projects.any").split(",")) - {""}
    after = _moment(request, "modified_at.after")
    found = [
        task
        for task in board.all(Task)
        if (not projects or projects & {project.gid for project in task.memberships})
        and request.one("completed") in {"", str(task.completed_at is not None).lower()}
        and (after is None or task.modified_at > after)
        and task.modified_at <= board.now - SEARCH_LAG
        and any(project.access(me) for project in task.memberships)
    ]
    newest = sorted(found, key=lambda task: task.modified_at, reverse=True)
    return list(newest[: int(request.one("limit", "20"))])


def _people(  # noqa: PLR0911 - a table of addresses
    board: Board, me: Person, segments: list[str], request: Request
) -> Thing | list[Thing]:
    match segments:
        case ["workspaces"]:
            return [board.organisation]
        case ["workspaces", gid, *rest]:
            return _in_workspace(board, known(board, Workspace, gid), rest, request)
        case ["users"]:
            return list(board.people.values())
        case ["users", who, *rest] if rest in ([], ["workspace_memberships"]):
            person = me if who == "me" else _who(board, who)
            return [_place(board.organisation, person)] if rest else person
        case ["teams", gid, "users"]:
            return list(known(board, Team, gid).members)
        case ["teams", gid, "team_memberships"]:
            team = known(board, Team, gid)
            return [_team_place(team, person) for person in team.members]
        case ["memberships"]:
            project = known(board, Project, request.one("parent"), status=400)
            allow(me, project)
            return [GeneralMembership(gid=gid, facts=facts) for gid, facts in _members(project)]
    raise NotImplementedError(f"the Asana fake does not serve GET /{'/'.join(segments)}")


def _in_workspace(board: Board, home: Workspace, rest: list[str], request: Request) -> Thing | list[Thing]:
    people = board.people.values()
    match rest:
        case []:
            return home
        case ["users"]:
            return list(people)
        case ["tags"]:
            return list(board.all_tags)
        case ["projects"]:
            return list(board.all(Project))
        case ["workspace_memberships"]:
            whose = request.one("user")
            return [_place(home, person) for person in people if whose in {"", person.gid, person.email}]
    raise NotImplementedError(f"the Asana fake does not serve GET /workspaces/…/{'/'.join(rest)}")


def _in_project(
    board: Board, me: Person, project: Project, rest: list[str], request: Request
) -> Thing | list[Thing]:
    allow(me, project)
    match rest:
        case []:
            return project
        case ["tasks"]:
            return _done_since(list(project.tasks), board, request)
        case ["sections"]:
            return list(project.sections)
        case ["project_memberships"]:
            return [ProjectMembership(gid=gid, facts=facts) for gid, facts in _members(project)]
        case ["custom_field_settings"] if not board.organisation.paid:
            raise Refusal(402, "Custom Field Settings are not available for free users.")
        case ["custom_field_settings"]:
            return list(project.settings)
    raise NotImplementedError(f"the Asana fake does not serve GET /projects/…/{'/'.join(rest)}")


def _in_task(board: Board, me: Person, task: Task, rest: list[str]) -> Thing | list[Thing]:
    allow(me, task)
    match rest:
        case []:
            return task
        case ["stories"]:
            return list(board.stories(task.gid))
        case ["tags"]:
            return list(task.tags)
        case ["subtasks"]:
            return list(task.subtasks)
        case ["projects"]:
            return list(task.memberships)
    raise NotImplementedError(f"the Asana fake does not serve GET /tasks/…/{'/'.join(rest)}")


def _tasks(board: Board, me: Person, request: Request) -> list[Thing]:
    """Return the tasks of one project or section, or of an assignee; changed since a moment if asked."""
    chosen = [name for name in ("project", "section", "assignee") if name in request.query]
    if len(chosen) != 1 or ("workspace" in request.query) != (chosen == ["assignee"]):
        raise Refusal(
            400, "Must specify exactly one of project, tag, section, user task list, or assignee + workspace"
        )
    if chosen == ["project"]:
        project = known(board, Project, request.one("project"), status=400)
        allow(me, project)
        tasks = list(project.tasks)
    elif chosen == ["section"]:
        section = known(board, Section, request.one("section"), status=400)
        allow(me, section.project)
        tasks = _in_section(section)
    else:
        person = me if request.one("assignee") == "me" else _who(board, request.one("assignee"), status=400)
        tasks = [task for task in board.all(Task) if task.assignee is person]
    since = _moment(request, "modified_since")
    return _done_since([task for task in tasks if since is None or task.modified_at >= since], board, request)


def _done_since(tasks: list[Task], board: Board, request: Request) -> list[Thing]:
    since = board.now if request.one("completed_since") == "now" else _moment(request, "completed_since")
    return [task for task in tasks if since is None or task.completed_at is None or task.completed_at >= since]


def _in_section(section: Section) -> list[Task]:
    return [task for task in section.project.tasks if task.memberships[section.project] is section]


def _moment(request: Request, name: str) -> datetime | None:
    if name not in request.query:
        return None
    try:
        moment = datetime.fromisoformat(request.one(name))
    except ValueError:
        raise Refusal(400, f"{name}: {request.one(name)} is not a valid date and time") from None
    if moment.tzinfo is None:
        raise Refusal(400, f"{name}: {request.one(name)} has no time zone")
    return moment


def _who(board: Board, who: str, *, status: int = 404) -> Person:
    named = next((person for person in board.people.values() if person.email == who), None)
    return named or known(board, Person, who, status=status)


def _place(home: Workspace, person: Person) -> WorkspaceMembership:
    facts = {"user": person, "workspace": home, "is_admin": person.admin, "is_guest": person.guest}
    facts |= {"is_active": person.active, "is_view_only": person.view_only}
    return WorkspaceMembership(gid=_joined(home, person), facts=facts)


def _team_place(team: Team, person: Person) -> TeamMembership:
    facts = {"user": person, "team": team, "is_guest": person.guest, "is_limited_access": False, "is_admin": False}
    return TeamMembership(gid=_joined(team, person), facts=facts)


def _members(project: Project) -> list[tuple[str, dict[str, object]]]:
    return [
        (_joined(project, member), {"parent": project, "member": member, "access_level": level})
        for member, level in project.members.items()
    ]


def _joined(place: Thing, member: Thing) -> str:
    return f"7{place.gid[-7:]}{member.gid[-7:]}"
