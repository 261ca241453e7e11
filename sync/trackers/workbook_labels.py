"""Several labels in one cell: apart by comma, semicolon or white space, as the column does it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


@dataclass(frozen=True, slots=True)
class LabelStyle:
    """How a column lists labels: `mark` is `,` or `;`, or empty for white space; `joint` stands between two."""

    mark: str = ""
    joint: str = ", "

    @classmethod
    def of(cls, texts: Iterable[str]) -> LabelStyle:
        """The style of the first cell that shows one; a column that shows none reads either and gets commas."""
        spaced = False
        for text in texts:
            if style := _marked(text):
                return style
            spaced = spaced or len(text.split()) > 1
        return cls("", " ") if spaced else cls()

    def labels(self, text: str) -> tuple[str, ...]:
        """The labels of one cell, in order. A cell with a comma or semicolon decides for itself."""
        mark = (_marked(text) or self).mark
        parts = re.split(rf"[{mark}\n]", text) if mark else text.split()
        return tuple(dict.fromkeys(label for part in parts if (label := part.strip())))

    def edited(self, text: str, add: Collection[str], remove: Collection[str]) -> str:
        """The cell's text with labels of ours added and removed; the others stay, in order.

        InvalidError for a label that would fall apart in a list.
        """
        for label in add:
            if not label or re.search(r"[,;\s]", label):
                raise InvalidError(
                    f"label {label!r} cannot stand in a list of labels: it holds a space, a comma or a semicolon",
                    fields=("labels",),
                )
        present = self.labels(text)
        kept = [label for label in present if label not in remove]
        added = [label for label in dict.fromkeys(add) if label not in kept]
        if len(kept) == len(present) and not added:
            return text
        return (_marked(text) or self).joint.join(kept + added)


def _marked(text: str) -> LabelStyle | None:
    found = re.search(r"[,;]", text)
    if not found:
        return None
    mark = found.group()
    return LabelStyle(mark, f"{mark} " if f"{mark} " in text else mark)
