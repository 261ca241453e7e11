"""Jira's two markups: neutral rich text to Atlassian Document Format or wiki, and documents to plain text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, assert_never

from sync.richtext import Block, Bullets, Document, Paragraph, Span, Style

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Node = dict[str, Any]
"""One node of an Atlassian document, as JSON."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n"))


# --- Atlassian Document Format, version 1 (Jira Cloud) -----------------------------------------------------------

_ADF_MARKS: dict[Style, str | None] = {"plain": None, "strong": "strong", "emphasis": "em", "code": "code"}


def to_adf(document: Document) -> Node:
    """The document as ADF; an empty run of text, which Jira refuses, is left out."""
    return {"type": "doc", "version": 1, "content": [node for block in document for node in _adf_block(block)]}


def _adf_block(block: Block) -> list[Node]:
    match block:
        case Paragraph(spans, level):
            content = _adf_spans(spans)
            if level:
                return [{"type": "heading", "attrs": {"level": level}, "content": content}]
            return [{"type": "paragraph", "content": content}]
        case Bullets(items):
            entries = [
                {"type": "listItem", "content": [{"type": "paragraph", "content": _adf_spans(item)}]}
                for item in items
            ]
            return [{"type": "bulletList", "content": entries}] if entries else []
        case _:
            assert_never(block)


def _adf_spans(spans: tuple[Span, ...]) -> list[Node]:
    nodes: list[Node] = []
    for span in spans:
        if span.person:
            nodes.append({"type": "mention", "attrs": {"id": span.person, "text": f"@{_printable(span.text)}"}})
            continue
        marks: list[Node] = []
        if span.link:
            marks.append({"type": "link", "attrs": {"href": span.link}})
        if kind := _ADF_MARKS[span.style]:
            marks.append({"type": kind})
        for number, line in enumerate(_printable(span.text).split("\n")):
            if number:
                nodes.append({"type": "hardBreak"})
            if line:
                nodes.append({"type": "text", "text": line} | ({"marks": marks} if marks else {}))
    return nodes


def _adf_date(attributes: Node) -> str:
    return datetime.fromtimestamp(int(attributes["timestamp"]) / 1000, UTC).date().isoformat()


_LEAVES: dict[str, Callable[[Node], str]] = {
    "hardBreak": lambda _: "\n",
    "mention": lambda attributes: str(attributes.get("text") or attributes.get("id") or ""),
    "emoji": lambda attributes: str(attributes.get("text") or attributes.get("shortName") or ""),
    "status": lambda attributes: str(attributes.get("text") or ""),
    "date": _adf_date,
    "inlineCard": lambda attributes: str(attributes.get("url") or ""),
    "blockCard": lambda attributes: f"{attributes.get('url') or ''}\n",
    "embedCard": lambda attributes: f"{attributes.get('url') or ''}\n",
}
_LINES = frozenset({"paragraph", "heading", "codeBlock", "taskItem", "decisionItem", "expand", "caption"})


def from_adf(body: object) -> str:
    """A Jira text as plain text: the blocks of a document apart by an empty line; a string as it is; null empty.

    What cannot be read inside a document is left out. No recursion, so depth does not matter.
    """
    if isinstance(body, str):
        return body
    if body is None:
        return ""
    parts: list[str] = []
    waiting: list[object] = [body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            parts.append(node)
        elif isinstance(node, dict):
            kind = str(node.get("type"))
            if kind == "text":
                parts.append(str(node.get("text") or ""))
            elif kind in _LEAVES:
                parts.append(_leaf(node))
            else:
                if kind in _LINES:
                    waiting.append("\n")
                waiting.extend(_children(node))
    return "".join(parts).strip("\n")


def _leaf(node: Node) -> str:
    try:
        return _LEAVES[str(node["type"])](node.get("attrs") or {})
    except (ArithmeticError, KeyError, OSError, TypeError, ValueError, AttributeError):
        return "�"


def _children(node: Node) -> Iterable[object]:
    """What a node holds, the last first; each block of a document with an empty line before the next."""
    content = node.get("content")
    if not isinstance(content, list):
        return ()
    if node.get("type") == "doc":
        return (each for child in reversed(content) for each in ("\n", child))
    return reversed(content)


# --- wiki markup (Jira Data Center) ------------------------------------------------------------------------------

_WIKI_MARKS: dict[Style, tuple[str, str]] = {
    "plain": ("", ""),
    "strong": ("*", "*"),
    "emphasis": ("_", "_"),
    "code": ("{{", "}}"),
}
# What a backslash protects in Jira's renderer is `- # * _ + ? ^ ~ | % { } [ ] ( ) ! @`. Between two letters or
# digits the pairing ones are text anyhow, so that dates and file names stay legible.
# Entities stand where it protects nothing: before faces, and in addresses, of which Jira would make links.
_WIKI_SPECIAL = re.compile(
    r"(?P<entity>\\|&(?=#|\w+;)|:(?=[DP]\b|//)|(?<=(?i:mailto)):)"
    r"|(?<=[^\W_])[-*_+^~](?=[^\W_])|(?P<special>[-#*_+?^~|%{}\[\]()!@])"
)
_WIKI_USER = re.compile(r"[^\[\]|\s]+")
_WIKI_BLOCK = re.compile(r"^(\s*(?:h[1-6]|bq))\.", re.MULTILINE)


def to_wiki(document: Document) -> str:
    """The document as wiki markup; nothing in its texts is taken for markup, a mention or a macro.

    `Span.person` is a user name here, for wiki markup mentions nobody by id.
    """
    return "\n\n".join(text for block in document if (text := _wiki_block(block)))


def _wiki_block(block: Block) -> str:
    match block:
        case Paragraph(spans, level):
            if level:
                return f"h{level}. {_wiki_line(spans)}"
            return _WIKI_BLOCK.sub(r"\1&#46;", _wiki_spans(spans))
        case Bullets(items):
            return "\n".join(f"* {_wiki_line(item)}" for item in items)
        case _:
            assert_never(block)


def _wiki_line(spans: tuple[Span, ...]) -> str:
    return _wiki_spans(spans).replace("\n", " ")


def _wiki_spans(spans: tuple[Span, ...]) -> str:
    written = ""
    for number, span in enumerate(spans):
        following = next((text[:1] for later in spans[number + 1 :] if (text := _printable(later.text))), "")
        written += _wiki_span(span, written[-1:], following)
    return written


def _wiki_span(span: Span, before: str, after: str) -> str:
    if _WIKI_USER.fullmatch(span.person):
        return f"[~{span.person}]"
    text = _wiki_text(_printable(span.text))
    if span.link:
        address = span.link.replace("|", "%7C").replace("]", "%5D").replace("\n", "")
        label = text.replace("\n", " ").strip()
        return f"[{label}|{address}]" if label else f"[{address}]"
    bare = text.strip()
    if not bare or span.style == "plain" or "\n" in bare:
        return text
    lead, tail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    start, end = _WIKI_MARKS[span.style]
    if span.style != "code" and ((lead or before)[-1:].isalnum() or (tail or after)[:1].isalnum()):
        start = end = "{" + start + "}"  # a mark inside a word needs its braces
    return f"{lead}{start}{bare}{end}{tail}"


def _wiki_text(text: str) -> str:
    def protect(found: re.Match[str]) -> str:
        if found["entity"]:
            return f"&#{ord(found['entity'])};"
        return f"\\{found['special']}" if found["special"] else found[0]

    return _WIKI_SPECIAL.sub(protect, text)
