"""For the site (`make site`): what a page links to outside of docs/ is on the site too, under source/."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

_LINK = re.compile(r"(?<=\]\()(?P<path>[^)#\s:]+)(?=[)#])")


def _origin(page: str) -> str:
    """The path of a page of the site from the top of the repository."""
    return page.removeprefix("source/") if page.startswith("source/") else f"docs/{page}"


def _target(page: str, link: str) -> str:
    """The path from the top of the repository of what a page links to."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(_origin(page)), link))
    return f"{path}/README.md" if Path(path, "README.md").is_file() else path


def _place(path: str) -> str:
    """Where a file of the repository is on the site: a document as a page, all else as text."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"source/{path}" if "/" not in path and path.endswith(".md") else f"source/{path}.txt"


def _linked(page: File) -> Iterator[str]:
    """The files outside of docs/ that a page links to."""
    for found in _LINK.finditer(page.content_string):
        path = _target(page.src_uri, found["path"])
        if not path.startswith("docs/") and Path(path).is_file():
            yield path


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is linked to, and what that links to."""
    waiting = list(files.documentation_pages())
    while waiting:
        for path in _linked(waiting.pop()):
            if files.get_file_from_path(_place(path)) is None:
                added = File.generated(config, _place(path), content=Path(path).read_text(encoding="utf-8"))
                files.append(added)
                waiting += [added] * added.is_documentation_page()
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs' own
    """Lead each link to where its file is on the site; one to no file stays, and the build complains."""
    here = page.file.src_uri

    def led(found: re.Match[str]) -> str:
        place = _place(_target(here, found["path"]))
        known = files.get_file_from_path(place)
        return posixpath.relpath(place, posixpath.dirname(here) or ".") if known else found.group()

    return _LINK.sub(led, markdown)
