"""The Markdown of templates → neutral rich text, values put in after it is read."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from sync.richtext import Bullets, Paragraph, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

    from sync.richtext import Block, Style

_OPEN, _CLOSE = "\ue000", "\ue001"  # private use: neither blank nor punctuation, so markup around it works
_PLACE = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_PLACE_IN_ADDRESS = "%EE%80%80"


def place(number: int) -> str:
    """What stands in the Markdown for the value of this number."""
    return f"{_OPEN}{number}{_CLOSE}"


def filled(text: str, values: Sequence[str]) -> str:
    """The text with the values in their places."""
    return _PLACE.sub(lambda found: values[int(found.group(1))], text) if _OPEN in text else text


def without_places(text: str) -> str:
    """The text without anything that could pass for a place."""
    return text.replace(_OPEN, "").replace(_CLOSE, "")


def blocks(text: str, values: Sequence[str], *, joint: str = " ") -> Iterator[Block]:
    """Headings, paragraphs and flat lists, with strong, emphasis, code, and links to fixed web addresses.

    All else, HTML included, is text. `joint` takes the place of a line break inside a paragraph.
    """
    items: list[tuple[Span, ...]] = []
    level = depth = 0
    number = ""
    for token in _parsed(text):
        match token.type:
            case "heading_open":
                level = min(int(token.tag[1:]), 3)
            case "bullet_list_open" | "ordered_list_open":
                depth += 1
            case "list_item_open":
                number = f"{token.info}. " if token.info else ""
            case "inline":
                spans = _spans(token.children or [], values, joint, number)
                if spans and depth:
                    items.append(spans)
                elif spans:
                    yield Paragraph(spans, level)
                level, number = 0, ""
            case "bullet_list_close" | "ordered_list_close":
                depth -= 1
                if items and not depth:
                    yield Bullets(tuple(items))
                    items = []


_TEXTS_REMEMBERED = 64  # a few templates in the forms that they take; each holds up to 30 KB


@lru_cache(maxsize=_TEXTS_REMEMBERED)
def _parsed(text: str) -> tuple[Token, ...]:
    """The text read as Markdown. It holds places, not values, so few texts serve all tickets."""
    return tuple(_parser().parse(text))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - only when something is to be said

    rules = ["heading", "list", "emphasis", "backticks", "link", "escape", "entity", "newline"]
    return MarkdownIt("zero", {"html": False}).enable(rules)


def _spans(tokens: Iterable[Token], values: Sequence[str], joint: str, number: str) -> tuple[Span, ...]:
    """The runs of a paragraph, neighbours of one style as one; none if there is nothing to read."""
    runs: list[Span] = [Span(number)] if number else []
    strong = emphasis = 0
    link = ""
    for token in tokens:
        match token.type:
            case "strong_open" | "strong_close":
                strong += token.nesting
            case "em_open" | "em_close":
                emphasis += token.nesting
            case "link_open":
                link = _address(str(token.attrGet("href") or ""))
            case "link_close":
                link = ""
            case _:
                text = joint if token.type in ("softbreak", "hardbreak") else filled(token.content, values)
                style: Style = "strong" if strong else "emphasis" if emphasis else "plain"
                _append(runs, Span(text, "code" if token.type == "code_inline" else style, link))
    return tuple(runs) if any(run.text.strip() for run in runs) else ()


def _append(runs: list[Span], run: Span) -> None:
    if runs and (runs[-1].style, runs[-1].link) == (run.style, run.link):
        runs[-1] = Span(runs[-1].text + run.text, run.style, run.link)
    elif run.text:
        runs.append(run)


def _address(address: str) -> str:
    """The link's address if the template itself states one of the web; a value never becomes one."""
    stated = address.startswith(("http://", "https://")) and _PLACE_IN_ADDRESS not in address
    return address if stated else ""
