"""Asana's OpenAPI document as a check of its fake: more defects mended, and `opt_fields` held to its lists."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from fakes import vendor_specs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fakes.server import Exchange, Request

PREFIX = "/api/1.0"
# Null by the document's own words (an event's parent and user), or as seen in answers: what a rule of Asana's own
# did has no author, a value that was or becomes empty is null, a project may have no team.
_NULL = {
    "EventResponse": ("parent", "user"),
    "ProjectResponse": ("team",),
    "StoryCompact": ("created_by",),
    "StoryResponse": (
        *("created_by", "old_enum_value", "new_enum_value", "old_text_value", "new_text_value"),
        *("new_number_value", "old_date_value", "new_date_value"),
    ),
    "StoryResponseDates": ("due_on",),
}


@functools.cache
def asana_check(corpus: Path) -> Callable[[Exchange], None]:
    """Return what `AsanaFake(check=…)` takes; it raises SpecViolationError for what the document forbids."""
    spec = vendor_specs.asana(corpus)
    document = _mend(spec.document)

    def check(exchange: Exchange) -> None:
        request = exchange.request
        # The SDK puts the body of some calls into the query as well; Asana does not mind.
        query = {name: values for name, values in request.query.items() if name != "body"}
        spec.check(exchange._replace(request=request._replace(query=query)))
        if strange := set(_asked(request)) - _listed(document, request):
            raise vendor_specs.SpecViolationError(
                f"{request.method} {request.path}: opt_fields has none of {sorted(strange)}"
            )

    return check


def _mend(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    for name, members in _NULL.items():
        places = [
            part["properties"] for part in (schemas[name], *schemas[name].get("allOf", ())) if "properties" in part
        ]
        for member in members:
            for place in places:
                if member in place:
                    place[member] = {
                        "anyOf": [{"type": "string", "nullable": True, "enum": [None]}, place[member]]
                    }
    return document


def _asked(request: Request) -> list[str]:
    """Return the paths in `opt_fields`, bar the gid and type that anything has."""
    paths = [path.strip() for path in ",".join(request.query.get("opt_fields", [])).split(",")]
    bare = [re.sub(r"(^|\.)(gid|resource_type)$", "", path) for path in paths]
    return [path for path in bare if path]


def _listed(document: dict[str, Any], request: Request) -> set[str]:
    """Return the paths that the document lists for the operation's `opt_fields`."""
    path, method = request.path.removeprefix(PREFIX), request.method.lower()
    for template, item in sorted(document["paths"].items(), key=lambda entry: entry[0].count("{")):
        if method in item and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path):
            parameters = [*item.get("parameters", ()), *item[method].get("parameters", ())]
            return {
                path
                for one in parameters
                if one.get("name") == "opt_fields"
                for path in one["schema"]["items"]["enum"]
            }
    return set()
