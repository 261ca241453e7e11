"""A daemon that has run for a day takes no more than in the morning; `benchmarks/daemon.py` makes it a week."""

from __future__ import annotations

from typing import TYPE_CHECKING

from long_run import LongRun

if TYPE_CHECKING:
    from pathlib import Path

WARM, HOURS = 8, 16
"""By the first an audit was made, by the second two."""
GROWTH = 1.1
"""Resident memory may be this many times what it was: small caches fill as long as new texts come."""


def test_a_day_of_passes_takes_no_file_descriptor_no_thread_and_no_request_more(tmp_path: Path) -> None:
    with LongRun(tmp_path) as run:
        warm = [*run.hours(WARM)][-1]
        used = [*run.hours(HOURS - WARM)]
    assert {each.descriptors for each in used} == {warm.descriptors}
    assert {each.threads for each in used} == {warm.threads}
    assert max(each.memory for each in used) < warm.memory * GROWTH
    assert {(each.source, each.requests) for each in run.quiet} == {("jira", 2), ("asana", 2), ("issues", 0)}
    assert not run.troubles, "no audit found drift either"
    assert run.audits == 2
    assert min(run.passes.values()) > 170, "one every five minutes, more or less"
    assert run.acts > 10, "and people were at work meanwhile"
