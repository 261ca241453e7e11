"""What we write into trackers: markup that another reader takes, and reads as the text that was meant."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from fakes import asana_rich, jira_text
from fakes.jira_query import parse
from fakes.jira_state import Site

from sync.action import reference
from sync.richtext import Bullets, Document, Paragraph, Span
from sync.trackers.asana_markup import LONGEST, follow_up_reference, notes, references
from sync.trackers.asana_markup import html as to_html
from sync.trackers.jira_markup import to_adf, to_wiki
from sync.trackers.jira_poll import jql_for
from sync.trackers.sources import JiraSource

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sync.richtext import Block

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_NOT_XML = re.compile(r"[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def lines_of(document: Document, shown: Callable[[Span], str]) -> list[str]:
    """The lines that people see, blank ones left out; `shown` is one span as the tracker shows it."""
    blocks = [
        block.spans if isinstance(block, Paragraph) else spans for block in document for spans in _runs(block)
    ]
    return _lines("\n".join("".join(map(shown, spans)) for spans in blocks))


def _runs(block: Block) -> Sequence[tuple[Span, ...]]:
    return block.items if isinstance(block, Bullets) else (block.spans,)


def _lines(text: str) -> list[str]:
    """Lines by content alone: white space is each tracker's own."""
    squeezed = (" ".join(line.split()) for line in text.replace("\r", "\n").split("\n"))
    return [line for line in squeezed if line]


# --- Atlassian documents ----------------------------------------------------------------------------------------


def check_adf(document: Document) -> None:
    """Jira takes it, and another reader finds all its lines and all its mentions in it."""
    written = to_adf(document)
    assert jira_text.document_fault(written) is None
    meant = lines_of(document, lambda span: _adf_text(f"@{span.text}" if span.person else span.text))
    assert _lines(jira_text.plain(written)) == meant
    people = [span.person for block in document for spans in _runs(block) for span in spans if span.person]
    assert jira_text.mentions(written) == people


def _adf_text(text: str) -> str:
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n"))


# --- wiki markup ------------------------------------------------------------------------------------------------

_WIKI = re.compile(
    r"\\(?P<escaped>[-#*_+?^~|%{}\[\]()!@])|&#(?P<entity>\d+);|\[~(?P<user>[^\]]+)\]|"
    r"\[(?:(?P<label>(?:\\.|[^\]|\\])*)\|)?(?P<link>https?:[^\]|]*)\]|(?P<mark>\{\{|\}\}|\{[*_]\}|[*_])"
)


def wiki_text(wiki: str) -> str:
    """What Jira shows of wiki markup, read by its documented rules: escapes, entities, links, users and marks.

    A `*` or `_` between two letters or digits is text.
    """
    shown, at = "", 0
    while found := _WIKI.search(wiki, at):
        shown += wiki[at : found.start()]
        at = found.end()
        if found["escaped"]:
            shown += found["escaped"]
        elif found["entity"]:
            shown += html.unescape(found[0])
        elif found["user"]:
            shown += f"@{found['user']}"
        elif found["link"]:
            shown += wiki_text(found["label"]) if found["label"] else found["link"]
        elif found["mark"] in "*_" and _inside_a_word(wiki, found.start()):
            shown += found["mark"]
    return shown + wiki[at:]


def _inside_a_word(wiki: str, at: int) -> bool:
    before, after = wiki[:at][-1:], wiki[at + 1 :][:1]
    return before.isalnum() and after.isalnum()


def check_wiki(document: Document) -> None:
    """Another reader finds the very lines in it that were meant: no text became markup, no markup became text."""
    written = to_wiki(document)
    meant = [line for block in document for line in _wiki_lines(block)]
    found = [_without_heading(line, document) for line in written.split("\n")]
    assert _lines("\n".join(map(wiki_text, found))) == meant, written


def _without_heading(line: str, document: Document) -> str:
    block = re.match(r"h[1-6]\. |\* ", line)
    assert not block or any(isinstance(one, Bullets) or one.level for one in document), line
    return line[block.end() :] if block else line


def _wiki_lines(block: Block) -> list[str]:
    """A heading and a bullet are one line each, whatever is in them."""
    if isinstance(block, Paragraph) and not block.level:
        return lines_of((block,), _wiki_shown)
    whole = ("".join(map(_wiki_shown, spans)).replace("\n", " ") for spans in _runs(block))
    return [line for each in whole for line in _lines(each)]


def _wiki_shown(span: Span) -> str:
    if re.fullmatch(r"[^\[\]|\s]+", span.person):
        return f"@{span.person}"
    text = _adf_text(span.text)
    if span.link:
        return text.replace("\n", " ").strip() or span.link
    return text


# --- Asana's rich text ------------------------------------------------------------------------------------------


def check_asana(document: Document, marks: Sequence[str]) -> None:
    """Asana takes it, the marks alone are found at its end, and all else that has room is read again."""
    written = to_html(document, marks, mention=False)
    assert asana_rich.fault_in(written) is None, written
    shown = asana_rich.text_of(written)
    if marks:
        assert references(shown) == tuple(reference(mark) for mark in marks)
    if len(written) < LONGEST:
        last = [f"ref {' '.join(reference(mark) for mark in marks)}"] if marks else []
        assert _lines(shown) == [*lines_of(document, _asana_shown), *last]
    gids = [span.person for block in document for spans in _runs(block) for span in spans]
    mentioning = to_html(document, marks)
    assert asana_rich.fault_in(mentioning) is None
    assert asana_rich.mentioned(mentioning) == [gid for gid in gids if gid.isascii() and gid.isdecimal()]
    for mark in marks:
        made = notes(document, mark)
        assert asana_rich.fault_in(made) is None
        assert follow_up_reference(asana_rich.text_of(made)) == reference(mark)


def _asana_shown(span: Span) -> str:
    text = _NOT_XML.sub("", span.text)
    return f"{text} ({span.link})" if span.link and span.link != text else text


# --- JQL --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Issue:
    """What a query looks at."""

    project: str
    updated: datetime
    fields: dict[str, object]


def check_jql(names: Sequence[str], since: datetime, zone: ZoneInfo) -> None:
    """The query finds each of the source's projects and no other, whatever they are called, from its minute on."""
    site = Site(lambda: since)
    for name in (*names, "OTHER"):
        site.project(name, name)
    source = JiraSource.model_validate(
        {"tracker": "jira", "name": "x", "url": "https://x.example", "projects": [*names]}
    )
    query = parse(jql_for(source, "key ASC", since=since, zone=zone), site, zone, lambda _: True)
    assert query.matches
    assert query.order == (("key", False),)
    for name in (*names, "OTHER"):
        early, late = since - timedelta(days=1), since + timedelta(minutes=1)
        found = [query.matches(_Issue(name, at.astimezone(UTC), {})) for at in (early, late)]  # type: ignore[arg-type]
        assert found == ([False, True] if name in names else [False, False]), (name, found)


__all__ = ["check_adf", "check_asana", "check_jql", "check_wiki"]
