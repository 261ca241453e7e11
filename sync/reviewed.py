"""A plan as a file that a person reviews, and whether what would be done now is still exactly that."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, Field, model_validator

from sync.action import Skipped
from sync.errors import ConfigurationError
from sync.replacing import replacing
from sync.report import as_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sync.cycle import Sight
    from sync.plan import Plan, TicketPlan

LASTS = timedelta(hours=24)
"""A plan older than this is made anew *(ours)*: its comments speak of times that have passed."""
LARGEST = 64 << 20
"""Bytes of a plan *(ours)*, several times what thousands of comments need."""

_KIND = "makegood plan"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A plan that was written to a file.

    `made` is the moment it was judged at, `policy` the digest of what it was judged by, `only` the tickets that
    were asked for. By source: `actions` as their JSON, and `versions` of the tickets they are on (key → version).
    `run` is what carrying it out is known by; `edited`: the file is not as it was written.
    """

    made: datetime
    policy: str
    only: Sequence[str]
    actions: Mapping[str, Sequence[Mapping[str, Any]]]
    versions: Mapping[str, Mapping[str, str]]
    run: str
    edited: bool

    def choose(self, source: str, plan: TicketPlan) -> TicketPlan:
        """The plan of a ticket that was reviewed; of any other nothing, for the next pass looks at it."""
        key = plan.ticket.key
        if not plan.actions or key in self.versions.get(source, {}):
            return plan
        why = Skipped(key, "everything", "it is not in the reviewed plan; the next pass looks at it")
        return replace(plan, actions=(), skipped=(*plan.skipped, why), after=plan.before, again=True)


class _Source(BaseModel):
    name: str
    actions: list[dict[str, Any]]
    versions: dict[str, str]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if {action["ticket"] for action in self.actions} != self.versions.keys():
            raise ValueError("versions of other tickets than those that are written on")
        return self


class _File(BaseModel):
    kind: Literal["makegood plan"]
    form: Literal[1] = Field(alias="schema")
    now: AwareDatetime
    policy: str
    only: list[str]
    sources: list[_Source] = Field(min_length=1)
    seal: str

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({source.name for source in self.sources}) < len(self.sources):
            raise ValueError("a source is there twice")
        return self


def document(sights: Sequence[Sight], made: datetime, policy: str, only: Sequence[str]) -> dict[str, Any]:
    """The plan of a pass as docs/json.md describes it, with what tells later whether anything changed."""
    told = as_json(sights, made)
    for source, sight in zip(told["sources"], sights, strict=True):
        source["versions"] = {each.ticket.key: each.ticket.version for each in _acting(sight.plan)}
    return sealed({"kind": _KIND, "policy": policy, "only": list(only), **told})


def sealed(told: Mapping[str, Any]) -> dict[str, Any]:
    """The plan with a digest over everything in it, 12 characters; it keeps nobody from making another one."""
    bare = {name: value for name, value in told.items() if name != "seal"}
    return bare | {"seal": hashlib.sha256(json.dumps(bare, sort_keys=True).encode()).hexdigest()[:12]}


def refuse_other_files(file: Path) -> None:
    """ConfigurationError, with the remedy, for a file that is there and holds anything but a plan."""
    if file.exists() and not file.is_file():
        raise ConfigurationError(f"{file} is a folder or a device; name another file")
    if not file.exists() or not file.stat().st_size:
        return
    try:
        _read(file)
    except OSError as fault:
        raise ConfigurationError(f"{file} cannot be read: {fault.strerror}; name another file") from None
    except ValueError:
        raise ConfigurationError(
            f"{file} is there and is no plan of makegood's; move it away or name another file"
        ) from None


def write(told: Mapping[str, Any], file: Path) -> None:
    """Write it whole or not at all, for its owner alone: it holds what comments will say."""
    try:
        with replacing(file) as beside:
            beside.write_text(json.dumps(told, indent=2), encoding="ascii")
    except OSError as fault:
        raise ConfigurationError(f"{file} cannot be written: {fault.strerror}; name another file") from None


def read(file: Path) -> Reviewed:
    """The plan in the file. ConfigurationError, with the remedy, for whatever is none."""
    try:
        return _read(file)
    except OSError as fault:
        raise ConfigurationError(f"{file} cannot be read: {fault.strerror}") from None
    except ValueError:
        raise ConfigurationError(f"{file} is no plan; make one with `makegood plan -o {file}`") from None


def _read(file: Path) -> Reviewed:
    """ValueError for what is no plan."""
    with file.open("rb") as opened:
        text = opened.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise ValueError("larger than any plan")
    try:
        told = json.loads(text)
        checked, seal = _File.model_validate(told), sealed(told)["seal"]
        made = checked.now.astimezone(UTC)
    except (KeyError, TypeError, RecursionError, OverflowError) as fault:
        raise ValueError("not of a plan's shape") from fault
    return Reviewed(
        made,
        checked.policy,
        checked.only,
        {source.name: source.actions for source in checked.sources},
        {source.name: source.versions for source in checked.sources},
        run=seal,
        edited=checked.seal != seal,
    )


def differences(reviewed: Reviewed, sights: Sequence[Sight]) -> Iterator[str]:
    """Why the plan must not be carried out any more: a sentence for each ticket on which something changed."""
    served = {sight.plan.source: sight for sight in sights}
    for source, wanted in reviewed.actions.items():
        sight = served.get(source)
        if sight is None or sight.seen is None:
            yield f"{source}: the source cannot be served now{f': {sight.plan.trouble}' if sight else ''}"
            continue
        (now,) = as_json([sight], reviewed.made)["sources"]
        before, after = _by_ticket(wanted), _by_ticket(now["actions"])
        versions = {judged.ticket.key: judged.ticket.version for judged in sight.judged}
        for key, version in reviewed.versions[source].items():
            if versions.get(key) != version:
                yield f"{source}: {key}: " + ("the ticket changed since" if key in versions else "it is not there")
            elif before[key] != after.get(key):
                yield f"{source}: {key}: what is owed on it changed since, by time, by other tickets, or by a pass"


def _acting(plan: Plan) -> list[TicketPlan]:
    return [each for each in plan.tickets if each.actions]


def _by_ticket(actions: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    told: dict[str, list[Mapping[str, Any]]] = {}
    for action in actions:
        told.setdefault(action["ticket"], []).append(action)
    return told
