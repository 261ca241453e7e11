"""A plan as a file that a person reviews, and whether what would be done now is still exactly that."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from sync.action import Skipped
from sync.errors import ConfigurationError
from sync.report import as_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sync.cycle import Sight
    from sync.plan import Plan, TicketPlan

LASTS = timedelta(hours=24)
"""A plan older than this is made anew *(ours)*: its comments speak of times that have passed."""

_KIND = "makegood plan"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A plan that was written to a file.

    `made` is the moment it was judged at, `policy` the digest of what it was judged by. By source: `actions` as
    their JSON, `versions` of the tickets they are on (key → version), the guard's `refusals` and the `digests`.
    """

    made: datetime
    policy: str
    actions: Mapping[str, Sequence[Mapping[str, Any]]]
    versions: Mapping[str, Mapping[str, str]]
    refusals: Mapping[str, str]
    digests: Mapping[str, str]


def document(sights: Sequence[Sight], made: datetime, policy: str) -> dict[str, Any]:
    """The plan of a pass as docs/json.md describes it, with what tells later whether anything changed."""
    told = as_json(sights, made)
    for source, sight in zip(told["sources"], sights, strict=True):
        source["versions"] = {each.ticket.key: each.ticket.version for each in _acting(sight.plan)}
    return {"kind": _KIND, "policy": policy, **told}


def write(told: Mapping[str, Any], file: Path) -> None:
    """Write it whole or not at all, for its owner alone: it holds what comments will say."""
    try:
        with NamedTemporaryFile(
            "w", encoding="utf-8", dir=file.parent, prefix=f".{file.name}.", delete=False
        ) as beside:
            json.dump(told, beside, ensure_ascii=True, indent=2)
            beside.flush()
            os.fsync(beside.fileno())
        Path(beside.name).replace(file)
    except OSError as fault:
        raise ConfigurationError(f"{file} cannot be written: {fault.strerror}; name another file") from None


def read(file: Path) -> Reviewed:
    """The plan in the file. ConfigurationError, with the remedy, for whatever is none."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        sources = {source["name"]: source for source in _sources(told)}
        return Reviewed(
            datetime.fromisoformat(told["now"]),
            str(told["policy"]),
            {name: source["actions"] for name, source in sources.items()},
            {name: source["versions"] for name, source in sources.items()},
            {name: source["refused"] for name, source in sources.items()},
            {name: source["digest"] for name, source in sources.items()},
        )
    except OSError as fault:
        raise ConfigurationError(f"{file} cannot be read: {fault.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(f"{file} is no plan; make one with `makegood plan -o {file}`") from None


def _sources(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if (told["kind"], told["schema"]) != (_KIND, 1):
        raise ValueError("another kind of file")
    return list(told["sources"])


def differences(reviewed: Reviewed, sights: Sequence[Sight]) -> Iterator[str]:
    """Why the plan must not be carried out any more: a sentence for each ticket on which something changed."""
    served = {sight.plan.source: sight for sight in sights}
    for source, wanted in reviewed.actions.items():
        sight = served.get(source)
        if sight is None or sight.seen is None:
            yield f"{source}: the source cannot be served now{f': {sight.plan.trouble}' if sight else ''}"
            continue
        (now,) = as_json([sight], reviewed.made)["sources"]
        versions = {judged.ticket.key: judged.ticket.version for judged in sight.judged}
        for key, version in reviewed.versions[source].items():
            if versions.get(key) != version:
                yield f"{source}: {key}: " + ("the ticket changed since" if key in versions else "it is not there")
            elif _of(now["actions"], key) != _of(wanted, key):
                yield f"{source}: {key}: what is owed on it changed since, by time, by other tickets, or by a pass"


def chosen(plan: Plan, reviewed: Reviewed, approved: frozenset[str]) -> Plan:
    """A source's plan without what was not reviewed, which the next pass looks at; and what the guard said."""
    known_by = reviewed.digests.get(plan.source, "")
    refusal = "" if known_by in approved else reviewed.refusals.get(plan.source, "")
    keys = reviewed.versions.get(plan.source, {})
    tickets = tuple(each if each.ticket.key in keys else _left(each) for each in plan.tickets)
    return replace(plan, tickets=tickets, refusal=refusal)


def _left(plan: TicketPlan) -> TicketPlan:
    if not plan.actions:
        return plan
    why = Skipped(plan.ticket.key, "everything", "it is not in the reviewed plan; the next pass looks at it")
    return replace(plan, actions=(), skipped=(*plan.skipped, why), after=plan.before, again=True)


def _acting(plan: Plan) -> list[TicketPlan]:
    return [each for each in plan.tickets if each.actions]


def _of(actions: Sequence[Mapping[str, Any]], key: str) -> list[Mapping[str, Any]]:
    return [action for action in actions if action["ticket"] == key]
