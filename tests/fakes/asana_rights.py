"""Who may do what in the Asana fake, and what there is at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, get_args

from fakes.asana_people import Thing
from fakes.asana_refusal import Refusal
from fakes.asana_things import Access, Project, Task

if TYPE_CHECKING:
    from fakes.asana_board import Board
    from fakes.asana_people import Person

T = TypeVar("T", bound=Thing)
_RANKS = get_args(Access)


def known(board: Board, kind: type[T], gid: object, *, status: int = 404) -> T:
    """Return the thing of that gid; unknown is 404 for a gid in the path, and must be said 400 for any other."""
    thing = board.find(kind, gid) if isinstance(gid, str) else None
    if thing is None:
        raise Refusal(status, f"{kind.kind}: Unknown object: {gid}")
    return thing


def allow(me: Person, thing: Task | Project, need: Access = "viewer") -> None:
    """Refuse with 403 what the person has not the right to do to a project or task.

    A task is as open as the most open of its projects and the task above it, and open to those who follow it.
    """
    if isinstance(thing, Task):
        above = thing.line()
        levels = [project.access(me) for task in above for project in task.memberships]
        if any(me in {task.assignee, *task.followers} for task in above):
            levels.append("editor")
    else:
        levels = [thing.access(me)]
    best = max((_RANKS.index(level) for level in levels if level), default=-1)
    if best < 0:
        raise Refusal(403, f"You do not have access to this {thing.kind}.")
    if best < _RANKS.index(need):
        raise Refusal(403, f"You do not have permission to do this to this {thing.kind}.")
