"""The same through makegood: observe, judge, render and plan; then the writes with their durable commits."""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from sync.apply import Pen, apply
from sync.cycle import plan_pass
from sync.judging.facts import NO_FACTS
from sync.settings import load
from sync.startup import program
from sync.state.store import Store
from sync.trackers.pace import Pace, Paces

NOW = datetime(2026, 2, 3, 10, tzinfo=UTC)


class Unpaced(Paces):
    """No limits are kept, as the plain script keeps none; a real Jira takes 50 writes a second from us."""

    def of(self, _source: object) -> Pace:
        """A pace without limits."""
        return Pace()

    def share(self, _sources: object) -> None:
        """There is no budget."""


def main(config: Path, task: str, count: int) -> None:
    """Plan a pass (`pull`), judge again and again (`judge`), or write `count` tickets (`write`)."""
    settings, policy = load(config)
    settings.state.unlink(missing_ok=True)
    for package in ("jira", "babel.dates", "babel.units", "jinja2.sandbox", "markdown_it"):
        import_module(package)  # imported when first needed; the script's figures leave its imports out too
    with Store(settings.state, write=True) as store:
        working = program(settings, policy, store, paces=Unpaced())
        begun = time.perf_counter()
        [sight] = plan_pass(working, NOW)
        figures: dict[str, float] = {"issues": sight.plan.seen, "pull": time.perf_counter() - begun}
        assert not sight.error, sight.error
        assert not sight.plan.failed, sight.plan.failed[:3]
        if task == "judge":
            assert sight.seen
            tickets = list(sight.seen.tickets.values())
            begun = time.perf_counter()
            for ticket in tickets:
                working.judge.judge(ticket, NO_FACTS, NOW)
            figures["judge"] = len(tickets) / (time.perf_counter() - begun)
        if task == "write":
            plans = [plan for plan in sight.plan.tickets if plan.comment and not plan.edit().empty][:count]
            begun = time.perf_counter()
            results = apply(plans, Pen(store, sight.served.tracker, "bench", lambda: NOW))
            figures["write"] = time.perf_counter() - begun
            figures["written"] = sum(result.edited and result.commented for result in results)
            assert figures["written"] == count, [result.failed for result in results if result.failed][:3]
    figures["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
