"""What every reliability test counts: effects that came twice, effects that never came, words that were let out.

A test says what it tried by `held` or `counted`, which also asserts that nothing of the three happened. With
`MAKEGOOD_TALLY` set to a file each case adds a line there; `make reliability` makes docs/reliability.md of them.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness import Harness

    from sync.ticket import Audience

Scenario = Literal[
    "killed once",
    "killed twice",
    "killed for real",
    "lost answer",
    "state file",
    "policy edited",
    "clock",
    "person decides",
    "undone",
    "reviewed plan",
    "simulated year",
    "random walk",
    "hostile text",
    "secret",
]
"""The rows of docs/reliability.md, in their order."""

_TALLY = os.environ.get("MAKEGOOD_TALLY")
"""Read before any test clears its environment of what is makegood's."""

Effect = tuple[str, str, str]
"""Ticket id, kind (`comment`, `label`, `due`, `follow_up`) and what: a mark, a label, a day."""


def effects_of(harness: Harness, tickets: Iterable[str], prefix: str = "esc:") -> Counter[Effect]:
    """What of ours truly stands on these tickets, as a multiset; a comment counts for each mark it carries."""
    found: Counter[Effect] = Counter()
    for ticket in tickets:
        found.update((ticket, "comment", mark) for posted in harness.comments_of(ticket) for mark in posted.marks)
        found.update((ticket, "label", label) for label in harness.labels_of(ticket) if label.startswith(prefix))
        due = harness.due_of(ticket)
        found.update([(ticket, "due", due.isoformat())] if due else [])
        found.update((ticket, "follow_up", "below") for _ in harness.below(ticket))
    return found


def leaks_of(harness: Harness, tickets: Iterable[str], meant: Audience) -> int:
    """How many of our comments on these tickets a wider circle can read than was meant."""
    return sum(
        bool(posted.marks) and posted.audience > meant
        for ticket in tickets
        for posted in harness.comments_of(ticket)
    )


def held(
    scenario: Scenario,
    case: str,
    *,
    expected: Counter[Effect],
    found: Counter[Effect],
    leaks: int = 0,
    cases: int = 1,
) -> None:
    """Assert that what stands at the tracker is what should, each effect once."""
    twice, lacking = found - expected, expected - found
    told = f"{scenario}, {case}: twice or unasked {dict(twice)}, lacking {dict(lacking)}"
    counted(scenario, duplicates=twice.total(), losses=lacking.total(), leaks=leaks, cases=cases, told=told)


def counted(
    scenario: Scenario,
    *,
    duplicates: int = 0,
    losses: int = 0,
    leaks: int = 0,
    cases: int = 1,
    told: Any = "",  # noqa: ANN401 - whatever helps whoever reads the failure
) -> None:
    """Add cases to the tally, and assert that nothing was doubled, lost or let out."""
    if path := _TALLY:
        line = {
            "scenario": scenario,
            "cases": cases,
            "duplicates": duplicates,
            "losses": losses,
            "leaks": leaks,
        }
        with Path(path).open("a", encoding="utf-8") as tally:
            tally.write(json.dumps(line) + "\n")
    assert (duplicates, losses, leaks) == (0, 0, 0), told or scenario
