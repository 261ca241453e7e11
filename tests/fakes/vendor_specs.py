"""Holds what the fakes answer, and what they accept from us, against the vendors' published OpenAPI documents.

`JiraCloud(check=jira_cloud(corpus).check)` checks every exchange as it happens; a violation fails the test when
the `with` block ends. A request that the fake refused may be as wrong as it likes; only its answer is checked.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fakes import vendor_defects
from fakes.server import NotJSON
from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator
from referencing import Registry
from referencing.jsonschema import DRAFT4

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.server import Exchange, Request

Json = dict[str, Any]
_DOCUMENT = "urn:spec"
_METHODS = frozenset({"get", "post", "put", "delete", "patch"})


class SpecViolationError(AssertionError):
    """An exchange that the vendor's document does not allow."""


@dataclass(frozen=True, slots=True)
class _Operation:
    template: str
    segments: list[str]
    method: str
    described: Json
    parameters: dict[str, Json]


@dataclass(slots=True)
class Spec:
    """A vendor's document, its defects mended.

    `root` is how the addresses that it describes begin (after any context path), `cut` the part of that which
    the document's own paths leave out.
    """

    document: Json
    root: str
    cut: str = ""
    _operations: dict[tuple[str, int], list[_Operation]] = field(default_factory=dict)
    _validators: dict[tuple[str, bool], Any] = field(default_factory=dict)
    _registry: Any = None

    def __post_init__(self) -> None:
        self._registry = Registry().with_resource(_DOCUMENT, DRAFT4.create_resource(self.document))
        for template, item in sorted(self.document["paths"].items(), key=lambda entry: entry[0].count("{")):
            segments = template.split("/")
            for method in _METHODS & item.keys():
                shared = item.get("parameters", []) + item[method].get("parameters", [])
                parameters = {one["name"]: one for one in map(self._resolved, shared) if one["in"] == "query"}
                operation = _Operation(template, segments, method, item[method], parameters)
                self._operations.setdefault((method, len(segments)), []).append(operation)

    def check(self, exchange: Exchange) -> None:
        """Raise SpecViolationError naming all that the document does not allow; other APIs' addresses pass."""
        request = exchange.request
        _, ours, rest = request.path.partition(self.root)
        if not ours:
            return
        operation = self._operation(request.method.lower(), self.root.removeprefix(self.cut) + rest)
        if operation is None:
            faults = [] if exchange.status in {404, 405, 410} else ["the document knows no such operation"]
        else:
            faults = list(self._response_faults(operation, exchange))
            if exchange.status < 300:
                faults += self._request_faults(operation, request)
        if faults:
            told = "\n  ".join(faults[:8])
            raise SpecViolationError(f"{request.method} {request.path} → {exchange.status}\n  {told}")

    def operation(self, method: str, path: str) -> tuple[str, Json]:
        """Return the template of a request's path, such as `/tasks/{task_gid}`, and what is said of it."""
        found = self._operation(method.lower(), self.root.removeprefix(self.cut) + path.partition(self.root)[2])
        if found is None:
            raise SpecViolationError(f"the document knows no {method} {path}")
        return found.template, found.described

    def _operation(self, method: str, path: str) -> _Operation | None:
        segments = path.split("/")
        for operation in self._operations.get((method, len(segments)), []):
            pairs = zip(operation.segments, segments, strict=True)
            if all(known == given or known.startswith("{") for known, given in pairs):
                return operation
        return None

    def _resolved(self, node: Json) -> Json:
        while reference := node.get("$ref"):
            node = functools.reduce(lambda at, name: at[name], reference[2:].split("/"), self.document)
        return node

    def _request_faults(self, operation: _Operation, request: Request) -> Iterator[str]:
        for name, values in request.query.items():
            if name not in operation.parameters:
                yield f"query parameter {name} is not in the document"
            elif fault := _parameter_fault(operation.parameters[name].get("schema", {}), values):
                yield f"query parameter {name}: {fault}"
        for name, parameter in operation.parameters.items():
            if parameter.get("required") and name not in request.query:
                yield f"query parameter {name} is missing"
        body = self._resolved(operation.described.get("requestBody", {}))
        if "application/json" not in body.get("content", {}):
            if request.body is not None:
                yield "a body where the document has none"
        elif isinstance(request.body, NotJSON):
            yield "the body is no JSON"
        else:
            pointer = _pointer("paths", operation.template, operation.method, "requestBody")
            if "$ref" in operation.described["requestBody"]:
                pointer = operation.described["requestBody"]["$ref"][1:]
            place = f"{pointer}/content/application~1json/schema"
            yield from self._schema_faults("sent", place, request.body, written=True)

    def _response_faults(self, operation: _Operation, exchange: Exchange) -> Iterator[str]:
        responses = operation.described["responses"]
        status = str(exchange.status)
        if status not in responses:
            if exchange.status < 300:
                yield f"status {status} is not among {sorted(responses)}"
            return
        content = self._resolved(responses[status]).get("content", {}).get("application/json", {})
        if not content.get("schema"):
            return
        if not exchange.payload:
            yield "the answer is empty"
            return
        pointer = _pointer("paths", operation.template, operation.method, "responses", status)
        if "$ref" in responses[status]:
            pointer = responses[status]["$ref"][1:]
        place = f"{pointer}/content/application~1json/schema"
        yield from self._schema_faults("answered", place, exchange.json, written=False)

    def _schema_faults(self, where: str, place: str, value: Any, *, written: bool) -> Iterator[str]:  # noqa: ANN401
        validator = self._validators.get((place, written))
        if validator is None:
            kind = OAS30WriteValidator if written else OAS30ReadValidator
            validator = kind({"$ref": f"{_DOCUMENT}#{place}"}, registry=self._registry)
            self._validators[place, written] = validator
        for error in validator.iter_errors(value):
            at = "/".join(map(str, error.absolute_path))
            yield f"{where} {at}: {error.message[:300]}"


def _pointer(*names: str) -> str:
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def _parameter_fault(schema: Json, values: list[str]) -> str | None:
    kind = schema.get("type")
    if kind == "array":
        return None
    if len(values) > 1:
        return f"given {len(values)} times"
    if kind == "integer" and not re.fullmatch(r"-?\d+", values[0]):
        return f"{values[0]!r} is no integer"
    if kind == "boolean" and values[0].lower() not in {"true", "false"}:
        return f"{values[0]!r} is neither true nor false"
    if "enum" in schema and values[0] not in schema["enum"]:
        return f"{values[0]!r} is not one of {schema['enum']}"
    return None


def _read(corpus: Path, name: str) -> Json:
    document: Json = json.loads((corpus / "specs" / name).read_bytes())
    return document


@functools.cache
def jira_cloud(corpus: Path) -> Spec:
    """Return Jira Cloud's REST v3 document."""
    return Spec(vendor_defects.mend_jira_cloud(_read(corpus, "jira-cloud-v3.json")), "/rest/api/3/")


@functools.cache
def jira_dc(corpus: Path) -> Spec:
    """Return Jira Data Center's REST v2 document."""
    return Spec(vendor_defects.mend_jira_dc(_read(corpus, "jira-dc-10.3.json")), "/rest/api/2/", "/rest")


@functools.cache
def asana(corpus: Path) -> Spec:
    """Return Asana's document."""
    return Spec(vendor_defects.mend_asana(_read(corpus, "asana.json")), "/api/1.0/", "/api/1.0")
