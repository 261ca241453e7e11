"""Draws docs/demo/plan.svg: the first tickets of the demo's plan, as a terminal shows them (`make picture`)."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from sync.store import Store

from sync import report
from sync.cycle import plan_pass
from sync.mapping.policy import load_policy
from sync.settings import load_settings, mapping_of
from sync.startup import program

HERE = Path(__file__).resolve().parent
NOW = datetime.fromisoformat("2026-03-03T10:00:00+01:00")
SHOWN = 6


def main() -> None:
    """Plan the demo's first pass and draw its most urgent tickets."""
    settings = load_settings(HERE / "config.toml")
    policy = load_policy(HERE.parents[1] / "mappings", dict(mapping_of(source) for source in settings.source))
    with Store(HERE / "absent.db", write=False) as store:
        [sight] = plan_pass(program(settings, policy, store, clock=lambda: NOW), NOW)
    sight.plan = replace(sight.plan, tickets=sight.plan.tickets[:SHOWN], failed=(), notices=())
    console = Console(record=True, width=118, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print("[bold]$[/bold] makegood --dry-run", highlight=False)
    report.show([sight], console, verbosity=0, wrote=False)
    fonts_of_elsewhere = re.compile(r"@font-face \{\{.*?\}\}", re.DOTALL)
    frame = fonts_of_elsewhere.sub("", CONSOLE_SVG_FORMAT)
    drawn = console.export_svg(title="makegood", code_format=frame)
    squeezed = re.compile(
        r' textLength="[^"]*"(?=[^>]*>[^<]*[\u3000-\uffef])'
    )  # wide letters were counted as narrow
    (HERE / "plan.svg").write_text(squeezed.sub("", drawn), encoding="utf-8")


if __name__ == "__main__":
    main()
