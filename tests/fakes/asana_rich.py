"""Asana's rich text: strict XML inside <body>, with few tags."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakes.asana_people import Person

_TAGS = {"body", "strong", "em", "u", "s", "code", "pre", "blockquote", "ol", "ul", "li", "a"}
_BLOCKS = {"pre", "blockquote", "ol", "ul", "li"}
_EDGE = "\x00"  # of a block; XML has no such character
_LINK = ("href", "data-asana-gid", "data-asana-type", "data-asana-project", "data-asana-tag")
_ADDRESS = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)]")


def fault_in(html: str) -> str | None:
    """Say what Asana refuses in a comment's rich text; None when it takes it."""
    try:
        root = ET.fromstring(html)  # noqa: S314 - from the client under test, on the loopback
    except ET.ParseError as error:
        return f"xml_parsing_error: XML is invalid: {error}"
    if root.tag != "body":
        return "xml_parsing_error: the root must be <body>"
    parents = {child: parent for parent in root.iter() for child in parent}
    for element in root.iter():
        if element.tag not in _TAGS or (element.tag == "body" and element is not root):
            return f"xml_parsing_error: unsupported tag <{element.tag}>"
        if strange := set(element.attrib) - set(_LINK if element.tag == "a" else ()):
            return f"xml_parsing_error: unsupported attribute {min(strange)} of <{element.tag}>"
        listed = element in parents and parents[element].tag in {"ol", "ul"}
        if listed != (element.tag == "li"):
            return f"xml_parsing_error: <{element.tag}> is misplaced"
    return None


def filled_in(html: str, people: Mapping[str, Person]) -> str:
    """Return valid rich text with its mentions as Asana shows them; ValueError for a gid that nobody has."""
    root = ET.fromstring(html)  # noqa: S314 - checked before
    for link in root.iter("a"):
        gid = link.get("data-asana-gid")
        if gid is None:
            continue
        if gid not in people:
            raise ValueError(f"Not a recognized ID: {gid}")
        link[:] = []
        link.text = f"@{people[gid].name}"
        link.attrib |= {"href": people[gid].profile, "data-asana-type": "user", "data-asana-accessible": "true"}
    return ET.tostring(root, encoding="unicode")


def mentioned(html: str) -> list[str]:
    """Return the gids of those whom valid rich text mentions."""
    links = ET.fromstring(html).iter("a")  # noqa: S314 - checked before
    return [gid for link in links if (gid := link.get("data-asana-gid"))]


def text_of(html: str) -> str:
    """Return the plain text of valid rich text: a block has its own lines, a link's address follows its words, and
    stands alone where the link mentions someone.
    """
    flat = _flat(ET.fromstring(html))  # noqa: S314 - checked before
    return re.sub(rf"\n?{_EDGE}+\n?", "\n", flat).strip("\n")


def _flat(element: ET.Element) -> str:
    inside = (element.text or "") + "".join(_flat(child) + (child.tail or "") for child in element)
    address = element.get("href")
    if element.tag == "a" and address and element.get("data-asana-gid"):
        return address
    if element.tag == "a" and address and address != inside:
        return f"{inside} ({address})"
    return f"{_EDGE}{inside}{_EDGE}" if element.tag in _BLOCKS else inside


def html_of(text: str) -> str:
    """Return plain text as rich text: escaped, with addresses made links, as Asana does to any text."""
    linked = _ADDRESS.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', escape(text, quote=False))
    return f"<body>{linked}</body>"
