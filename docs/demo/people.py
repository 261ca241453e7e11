"""What people do in the demo between two passes: the edits and comments of a list are played into the workbook."""

from __future__ import annotations

import csv
import sys
from pathlib import Path


def play(edits: Path, issues: Path) -> None:
    """Play each line of `edits`: a cell of an issue, or in the column `Comment` something said about it."""
    comments = issues.with_name(f"{issues.stem}.comments.csv")
    header, *rows = _table(issues)
    known = {row[header.index("ID")]: row for row in rows}
    said = _table(comments)
    for edit in _table(edits)[1:]:
        issue, at, author, column, text = edit
        if column == "Comment":
            told = {"Issue": issue, "At": at, "Author": author, "Audience": "internal", "Text": text}
            said.append([told.get(name, "") for name in said[0]])
        else:
            known[issue][header.index(column)] = text
    _write(issues, [header, *rows])
    _write(comments, said)


def _table(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def _write(file: Path, rows: list[list[str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    play(*map(Path, sys.argv[1:]))
