"""Neutral rich text as comments and notes of Asana, and the references of ours in them."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, assert_never

from sync.action import reference
from sync.richtext import Block, Bullets, Paragraph, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.richtext import Document

LONGEST = 30_000
"""Characters of markup in one comment. Asana documents no limit; this one is ours."""

_NOT_XML = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCES = re.compile(r"(?:\A|\n)\s*ref((?: [a-z2-7]{6})+)\s*\Z")
_FOLLOW_UP = re.compile(r"^\s*follow-up ([a-z2-7]{6})\s*$", re.MULTILINE)
_TAGS = {"strong": "strong", "emphasis": "em", "code": "code"}
_MORE = Paragraph((Span("…"),))


def html(document: Document, marks: Sequence[str], *, mention: bool = True) -> str:
    """The document as `html_text`, its last line naming the marks by their references.

    Comments take few tags, no headings among them: those become bold. Blocks that find no room in `LONGEST` are
    left out, and `…` says so; the reference never is. Without `mention` people are named by text alone.
    """
    last = "ref " + " ".join(reference(mark) for mark in marks) if marks else ""
    return _body(document if mention else _bare(document), last)


def notes(document: Document, mark: str) -> str:
    """The document as the `html_notes` of a follow-up, its last line naming the mark; people are only named."""
    return _body(_bare(document), f"follow-up {reference(mark)}")


def follow_up_reference(text: str) -> str:
    """The reference on a line of its own in the plain notes of a follow-up; empty if there is none."""
    found = _FOLLOW_UP.findall(text.replace("\r\n", "\n"))
    return found[-1] if found else ""


def references(text: str) -> tuple[str, ...]:
    """The references that a comment's plain text ends with, on a line of their own."""
    found = _REFERENCES.search(text.replace("\r\n", "\n"))
    return tuple(found[1].split()) if found else ()


def _bare(document: Document) -> Document:
    """The same without mentions."""
    return tuple(
        Paragraph(_unmentioned(block.spans), block.level)
        if isinstance(block, Paragraph)
        else Bullets(tuple(map(_unmentioned, block.items)))
        for block in document
    )


def _unmentioned(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    return tuple(replace(span, person="") for span in spans)


def _body(document: Document, last: str) -> str:
    blocks = [_block(block) for block in document]
    if sum(map(len, blocks)) > LONGEST:
        blocks = [*_fitting(blocks), _block(_MORE)]
    return f"<body>{_joined([*blocks, last] if last else blocks)}</body>"


def _fitting(blocks: list[str]) -> list[str]:
    kept, room = [], LONGEST
    for block in blocks:
        if len(block) <= room:
            room -= len(block)
            kept.append(block)
    return kept


def _joined(blocks: list[str]) -> str:
    """Paragraphs apart by an empty line; a list, a block of its own, needs none."""
    text = "\n\n".join(blocks)
    return text.replace("\n\n<ul>", "\n<ul>").replace("</ul>\n\n", "</ul>\n")


def _block(block: Block) -> str:
    match block:
        case Paragraph(spans, 0):
            return "".join(_span(span) for span in spans)
        case Paragraph(spans):
            return "".join(_span(replace(span, style="strong")) for span in spans)
        case Bullets(items):
            inside = "".join(f"<li>{''.join(_span(span) for span in item)}</li>" for item in items)
            return f"<ul>{inside}</ul>"
        case _:
            assert_never(block)


def _span(span: Span) -> str:
    """A person is mentioned by a bare link, which Asana fills in; an id that is no gid is of another tracker."""
    if span.person.isascii() and span.person.isdecimal():
        return f'<a data-asana-gid="{span.person}"/>'
    text = _plain(span.text)
    if tag := _TAGS.get(span.style):
        text = f"<{tag}>{text}</{tag}>"
    return f'<a href="{escape(_NOT_XML.sub("", span.link))}">{text}</a>' if span.link else text


def _plain(text: str) -> str:
    return escape(_NOT_XML.sub("", text), quote=False)
