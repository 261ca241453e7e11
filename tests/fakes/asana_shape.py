"""How much of a thing an answer shows: everything, its compact record, or just what `opt_fields` names."""

from __future__ import annotations

from typing import Any

from fakes.asana_people import Thing

Wanted = dict[str, "Wanted"]


def wanted(opt_fields: list[str]) -> Wanted | None:
    """Read `opt_fields` (comma-separated dotted paths) as a tree; None when nothing was asked for."""
    tree: Wanted = {}
    for path in ",".join(opt_fields).split(","):
        branch = tree
        for name in path.strip().split(".") if path.strip() else ():
            branch = branch.setdefault(name, {})
    return tree or None


def full(thing: Thing, tree: Wanted | None) -> dict[str, Any]:
    """Return one thing: what was asked for, or all that need not be asked for, with further things compact."""
    if tree:
        return _chosen(thing, tree)
    record = _record(thing)
    return {name: _compact(value) for name, value in record.items() if name not in thing.on_request}


def listed(entry: Thing | dict[str, Any], tree: Wanted | None) -> Any:  # noqa: ANN401 - a JSON value
    """Return one entry of a list: what was asked for, or else its compact record."""
    return _pick(entry, tree) if tree else _compact(entry)


def _chosen(thing: Thing, tree: Wanted) -> dict[str, Any]:
    """Return the gid and the fields asked for, nothing else; of a thing in them only gid and type."""
    record = _record(thing)
    picked = {name: _pick(record[name], branch) for name, branch in tree.items() if name in record}
    return {"gid": thing.gid, **picked}


def _record(thing: Thing) -> dict[str, Any]:
    return {"gid": thing.gid, "resource_type": thing.kind, **thing.record()}


def _compact(value: Any) -> Any:  # noqa: ANN401 - a JSON value with things in it
    match value:
        case Thing():
            record = _record(value)
            names = ("gid", "resource_type", *value.brief)
            return {name: _compact(record[name]) for name in names if name in record}
        case list():
            return [_compact(entry) for entry in value]
        case dict():
            return {name: _compact(entry) for name, entry in value.items()}
        case _:
            return value


def _pick(value: Any, tree: Wanted) -> Any:  # noqa: ANN401 - a JSON value with things in it
    match value:
        case Thing() if tree:
            return _chosen(value, tree)
        case Thing():
            return {"gid": value.gid, "resource_type": value.kind}
        case list():
            return [_pick(entry, tree) for entry in value]
        case dict():
            names = tree or {name: Wanted() for name in value}
            return {name: _pick(value[name], branch) for name, branch in names.items() if name in value}
        case _:
            return value
