"""Neutral rich text: what a comment says, before any tracker's markup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

Style = Literal["plain", "strong", "emphasis", "code"]


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style; `link` is an absolute http(s) address or empty. `person` is the tracker's id of
    a user who is mentioned by it, where the tracker can; elsewhere the text alone stands.
    """

    text: str
    style: Style = "plain"
    link: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph; `level` 1-3 makes it a heading, 0 is ordinary."""

    spans: tuple[Span, ...]
    level: int = 0


@dataclass(frozen=True, slots=True)
class Bullets:
    """A flat list, one run of spans an item."""

    items: tuple[tuple[Span, ...], ...]


Block = Paragraph | Bullets
Document = tuple[Block, ...]


def plain(document: Document) -> str:
    """The document as plain text, blocks apart by an empty line."""
    return "\n\n".join(_plain_block(block) for block in document)


def _plain_block(block: Block) -> str:
    match block:
        case Paragraph(spans):
            return _plain_spans(spans)
        case Bullets(items):
            return "\n".join(f"- {_plain_spans(item)}" for item in items)
        case _:
            assert_never(block)


def _plain_spans(spans: tuple[Span, ...]) -> str:
    return "".join(
        f"{span.text} <{span.link}>" if span.link and span.link != span.text else span.text for span in spans
    )
