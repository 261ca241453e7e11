"""Bodies of comments and descriptions in the Jira fakes: plain text, Atlassian Document Format, what is valid."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]
Body = str | Document

LONGEST = 32_767
"""Characters that Jira takes in one text field."""

_INLINE = frozenset({"text", "hardBreak", "mention", "emoji", "inlineCard", "date", "status"})
_LISTS = frozenset({"bulletList", "orderedList"})
_BLOCKS = _LISTS | {"paragraph", "heading", "blockquote", "codeBlock", "rule", "panel", "taskList", "table"}
_CHILDREN: dict[str, frozenset[str]] = {
    "doc": _BLOCKS,
    "paragraph": _INLINE,
    "heading": _INLINE,
    "taskItem": _INLINE,
    "codeBlock": frozenset({"text"}),
    "bulletList": frozenset({"listItem"}),
    "orderedList": frozenset({"listItem"}),
    "listItem": _LISTS | {"paragraph", "codeBlock"},
    "blockquote": _LISTS | {"paragraph", "codeBlock"},
    "panel": _LISTS | {"paragraph", "heading", "codeBlock", "rule", "taskList"},
    "taskList": frozenset({"taskItem", "taskList"}),
    "table": frozenset({"tableRow"}),
    "tableRow": frozenset({"tableCell", "tableHeader"}),
    "tableCell": _BLOCKS - {"table"},
    "tableHeader": _BLOCKS - {"table"},
}
_NEVER_EMPTY = _LISTS | {"listItem", "blockquote", "panel", "taskList", "table", "tableRow"}
_REQUIRED: dict[str, dict[str, frozenset[Any] | type]] = {
    "heading": {"level": frozenset(range(1, 7))},
    "panel": {"panelType": frozenset({"info", "note", "tip", "warning", "error", "success", "custom"})},
    "taskList": {"localId": str},
    "taskItem": {"localId": str, "state": frozenset({"TODO", "DONE"})},
    "mention": {"id": str},
    "emoji": {"shortName": str},
    "date": {"timestamp": str},
    "status": {"text": str, "color": str},
}
_MARKS = frozenset({"strong", "em", "code", "link", "underline", "strike", "subsup", "textColor"})


def document(text: str) -> Document:
    """Return the text as a document: a paragraph for each block of lines."""
    return {"version": 1, "type": "doc", "content": [_paragraph(b) for b in text.split("\n\n") if b.strip()]}


def _paragraph(block: str) -> Document:
    inline: list[Document] = []
    for line in block.replace("\r", "").split("\n"):
        if inline:
            inline.append({"type": "hardBreak"})
        if line:
            inline.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": inline}


def plain(body: Body | None) -> str:
    """Return a body's bare text: blocks parted by an empty line, items of a list by a line break."""
    if body is None or isinstance(body, str):
        return body or ""
    return _flat(body).strip("\n")


def _flat(node: Document) -> str:
    kind = node.get("type")
    if kind == "text":
        return str(node["text"])
    if kind == "hardBreak":
        return "\n"
    if kind in {"mention", "status"}:
        return str(node["attrs"].get("text", ""))
    parts = [_flat(child) for child in node.get("content", [])]
    joint = {"doc": "\n\n", "panel": "\n\n", "blockquote": "\n\n"}.get(str(kind), "\n")
    return ("" if _INLINE.intersection(child["type"] for child in node.get("content", [])) else joint).join(parts)


def mentions(body: Body | None) -> list[str]:
    """Return the account ids that a document mentions."""
    if not isinstance(body, dict):
        return []
    own = [str(body["attrs"]["id"])] if body.get("type") == "mention" else []
    return own + [person for child in body.get("content", []) for person in mentions(child)]


def document_fault(value: Any) -> str | None:  # noqa: ANN401 - whatever a client sent
    """Say what keeps a value from being a document Jira takes; None when nothing does."""
    if not isinstance(value, dict) or value.get("type") != "doc":
        return "not a document"
    if value.get("version") != 1:
        return "version is not 1"
    if set(value) - {"type", "version", "content"}:
        return "unknown keys in doc"
    return _content_fault(value)


def _content_fault(node: Document) -> str | None:
    kind = node["type"]
    content = node.get("content", [])
    if not isinstance(content, list):
        return f"{kind}: content is not a list"
    if not content and kind in _NEVER_EMPTY:
        return f"{kind} is empty"
    for child in content:
        if not isinstance(child, dict) or child.get("type") not in _CHILDREN.get(kind, ()):
            return f"{kind} cannot hold {child!r}"
        if fault := _node_fault(child, kind):
            return fault
    return None


def _node_fault(node: Document, parent: str) -> str | None:
    kind = node["type"]
    if unknown := set(node) - {"type", "content", "attrs", "marks", "text"}:
        return f"{kind}: unknown keys {sorted(unknown)}"
    if kind == "text":
        return _text_fault(node, parent)
    if kind == "mention" and node.get("marks"):
        return "marks on a mention"
    attributes = node.get("attrs", {})
    for name, allowed in _REQUIRED.get(kind, {}).items():
        value = attributes.get(name)
        if not (isinstance(value, allowed) if isinstance(allowed, type) else value in allowed):
            return f"{kind}: attribute {name} is {value!r}"
    return _content_fault(node)


def _text_fault(node: Document, parent: str) -> str | None:
    if not isinstance(node.get("text"), str) or not node["text"]:
        return "a text node is empty"
    marks = node.get("marks", [])
    kinds = [mark.get("type") for mark in marks]
    if parent == "codeBlock" and marks:
        return "marks inside a code block"
    if not _MARKS.issuperset(kinds) or len(set(kinds)) < len(kinds):
        return f"marks {kinds}"
    if "code" in kinds and not {"code", "link"}.issuperset(kinds):
        return "a code mark goes with no other mark than a link"
    if any(mark["type"] == "link" and not mark.get("attrs", {}).get("href") for mark in marks):
        return "a link without href"
    return None
