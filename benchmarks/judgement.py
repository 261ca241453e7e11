"""Writes the table of docs/judgement.md: what the shipped rules say of the labelled tickets."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from judged_set import PAGE, judging, table  # noqa: E402 - found beside the tests

BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"


def main() -> None:
    """Print the table, and write it to docs/judgement.md."""
    told = table(judging())
    sys.stdout.write(told)
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n{told}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
