"""Where the vendors' OpenAPI documents say less, or other, than their servers do: mended before use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

_NULL: Json = {"type": "string", "nullable": True, "enum": [None]}
_ADF: Json = {
    "type": "object",
    "required": ["type", "version", "content"],
    "properties": {"type": {"enum": ["doc"]}, "version": {"enum": [1]}, "content": {"type": "array"}},
    "additionalProperties": False,
}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _or_null(schema: Json) -> Json:
    return {"anyOf": [_NULL, schema]}


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    for item in document["paths"].values():
        for method in item.keys() & {"get", "post", "put", "delete", "patch"}:
            yield method, item[method]


def _word_errors(document: Json) -> None:
    """No 4xx of search, edit and comment has a schema, though all come as an ErrorCollection."""
    for _, operation in _operations(document):
        for status, response in operation["responses"].items():
            if status.startswith("4") and not response.get("content"):
                response["content"] = {"application/json": {"schema": _ref("ErrorCollection")}}


def mend_jira_cloud(document: Json) -> Json:
    """Mend Jira Cloud's v3 document in place, and return it."""
    schemas = document["components"]["schemas"]
    _word_errors(document)
    # The body of a comment is untyped; v3 takes and gives documents only.
    schemas["Comment"]["properties"]["body"] = _ADF
    # The fields of an issue are untyped; these have a type elsewhere in the document.
    schemas["IssueBean"]["properties"]["fields"]["properties"] = {
        "assignee": _or_null(_ref("UserDetails")),
        "comment": _ref("PageOfComments"),
        "description": _or_null(_ADF),
        "labels": {"type": "array", "items": {"type": "string"}},
        "priority": _or_null(_ref("Priority")),
        "project": _ref("Project"),
        "reporter": _or_null(_ref("UserDetails")),
        "status": _ref("StatusDetails"),
    }
    # The ends of a change are null where there was nothing, as the document's own example shows.
    _nullable(schemas["ChangeDetails"], "from", "fromString", "to", "toString")
    # The bulk changelog writes times in milliseconds, though the schema has text; its example has a number.
    changelog = schemas["Changelog"]
    created = {"anyOf": [{"type": "integer"}, changelog["properties"]["created"]]}
    schemas["BulkChangelog"] = changelog | {"properties": changelog["properties"] | {"created": created}}
    schemas["IssueChangeLog"]["properties"]["changeHistories"]["items"] = _ref("BulkChangelog")
    return document


def mend_jira_dc(document: Json) -> Json:
    """Mend Jira Data Center's 10.3 document in place, and return it."""
    schemas = document["components"]["schemas"]
    _word_errors(document)
    # Every field of an issue is said to be an object: no text, no list, no null.
    for name in ("IssueBean", "IssueUpdateBean"):
        schemas[name]["properties"]["fields"]["additionalProperties"] = {}
    schemas["IssueBean"]["properties"]["fields"]["properties"] = {
        "assignee": _or_null(_ref("UserJsonBean")),
        "comment": _ref("CommentsWithPaginationJsonBean"),
        "description": {"type": "string", "nullable": True},
        "labels": {"type": "array", "items": {"type": "string"}},
        "priority": _or_null(_ref("PriorityJsonBean")),
        "project": _ref("ProjectBean"),
        "reporter": _or_null(_ref("UserJsonBean")),
        "status": _ref("StatusJsonBean"),
    }
    # An operation is said to be {"operation", "value"}; it is {"add": …}, as the example beside it shows.
    verbs: Json = {"add": {}, "set": {}, "remove": {}, "edit": {}, "copy": {}}
    schemas["FieldOperation"] = {"type": "object", "properties": verbs, "additionalProperties": False}
    # The value of a property is said to be text; it is any JSON.
    schemas["EntityPropertyBean"]["properties"]["value"] = {}
    put = document["paths"]["/api/2/issue/{issueIdOrKey}/properties/{propertyKey}"]["put"]
    put["requestBody"]["content"]["application/json"]["schema"] = {}
    # Lists are described as one of their members.
    for name in ("field", "priority", "status", "resolution", "project", "project/{projectIdOrKey}/statuses"):
        content = document["paths"][f"/api/2/{name}"]["get"]["responses"]["200"]["content"]
        schema = content["application/json"]["schema"]
        content["application/json"]["schema"] = {"type": "array", "items": schema}
    # What can be created comes in pages, though the document shows one member of them.
    start = "/api/2/issue/createmeta/{projectIdOrKey}/issuetypes"
    for path in (start, f"{start}/{{issueTypeId}}"):
        content = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        values: Json = {"type": "array", "items": content["schema"]}
        content["schema"] = {"type": "object", "required": ["values"], "properties": {"values": values}}
    _nullable(schemas["ChangeItemBean"], "from", "fromString", "to", "toString")
    return document


def mend_asana(document: Json) -> Json:
    """Mend Asana's document in place, and return it."""
    for schema in document["components"]["schemas"].values():
        _mend_asana_schema(schema)
    return document


def _mend_asana_schema(schema: Any) -> None:  # noqa: ANN401 - JSON of any shape
    if isinstance(schema, list):
        for one in schema:
            _mend_asana_schema(one)
    if not isinstance(schema, dict):
        return
    for name, member in schema.items():
        _mend_asana_schema(member)
        # Values of custom fields are said to be text; they are numbers, lists of gids, dates and null as well.
        if name == "custom_fields" and isinstance(member, dict) and "additionalProperties" in member:
            member["additionalProperties"] = {}
    for name, member in schema.get("properties", {}).items():
        # "allOf: [a thing, nullable]" means a thing or null, yet a thing alone is never null.
        if isinstance(member, dict) and any(one.get("nullable") for one in member.get("allOf", [])):
            schema["properties"][name] = _or_null(member)


def _nullable(schema: Json, *names: str) -> None:
    for name in names:
        schema["properties"][name]["nullable"] = True
