"""Figures for Prometheus: what this process did, and how the state stands; no text of a client's is among them."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sync import __version__
from sync.action import AddComment, DeleteComment, MakeFollowUp, told
from sync.errors import MakegoodError
from sync.monitoring.health import ready_after
from sync.monitoring.kept_promises import Outcome, outcomes
from sync.monitoring.reasons import reason
from sync.replacing import replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from prometheus_client.core import Metric

    from sync.action import Action
    from sync.apply import Result
    from sync.auditing.kinds import Kind
    from sync.cycle import Sight
    from sync.mapping.policy import Policy
    from sync.settings import Settings
    from sync.state.archive import Archive

PASSES = ("good", "partial", "refused", "failed")
"""How a pass over a source can end: all went well; some tickets failed; the guard refused the plan, so nothing was
written; the source could not be served."""
PASS_SECONDS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
REQUEST_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
DIGEST = 12
"""Characters of a digest that are shown."""
METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"})


class UnwrittenError(MakegoodError):
    """The textfile could not be written; nothing else is the worse for it."""


class Metrics:
    """All figures, in a registry of their own; for any number of threads."""

    def __init__(self, store: Archive, clock: Callable[[], datetime]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._clock = clock
        self._registry, self._process = CollectorRegistry(), CollectorRegistry()
        self._state = _State(store, clock)
        self._count_passes()
        self._count_work()
        self._show_configuration()
        self._registry.register(self._state)
        ProcessCollector(namespace="makegood", registry=self._process)

    def _count_passes(self) -> None:
        self._passes = self._counter("passes", "Passes over a source by how they ended.", "source", "outcome")
        self._pass_seconds = Histogram(
            "makegood_pass_duration_seconds",
            "How long a pass over a source took.",
            ("source",),
            buckets=PASS_SECONDS,
            registry=self._registry,
        )
        self._next = self._gauge("next_pass_timestamp_seconds", "When the next pass is planned.", "source")
        self._interval = self._gauge("interval_seconds", "The source's `interval`.", "source")
        self._ready_after = self._gauge(
            "ready_after_seconds", "The age of the last good pass from which on the source is not ready.", "source"
        )

    def _count_work(self) -> None:
        self._actions = self._counter("actions", "What was written on tickets, by kind.", "source", "kind")
        self._skips = self._counter("skips", "What was not done, by the class of its reason.", "source", "reason")
        self._outcomes: dict[Outcome, Counter] = {
            "kept": self._counter("promises_kept", "Promises that were kept.", "source", "promise"),
            "broken": self._counter("promises_broken", "Promises that were broken.", "source", "promise"),
        }
        self._requests = self._counter(
            "requests",
            "Requests to trackers; the status is `none` where no answer came.",
            "host",
            "method",
            "status",
        )
        self._request_seconds = Histogram(
            "makegood_request_duration_seconds",
            "How long a tracker took to answer.",
            ("host",),
            buckets=REQUEST_SECONDS,
            registry=self._registry,
        )
        self._budget = self._gauge("budget_left_requests", "Requests that the host takes this minute.", "host")
        self._drift = self._gauge("drift", "What the last audit found on tickets, by kind.", "source", "kind")

    def _show_configuration(self) -> None:
        self._accepted = self._gauge(
            "config_last_reload_successful", "1 if the files as they are now are in force."
        )
        self._accepted_at = self._gauge(
            "config_last_reload_success_timestamp_seconds", "When configuration was last taken up."
        )
        self._config = self._gauge("config_info", "The digest of the mapping files in force.", "mappings")
        build = self._gauge("build_info", "What is running.", "version", "python")
        build.labels(__version__, platform.python_version()).set(1)

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"makegood_{name}_total", says, labels, registry=self._registry)

    def _gauge(self, name: str, says: str, *labels: str) -> Gauge:
        return Gauge(f"makegood_{name}", says, labels, registry=self._registry)

    # --- what is told -------------------------------------------------------------------------------------------

    def configured(self, settings: Settings, policy: Policy) -> None:
        """This is in force from now on: its sources are shown, those that are gone are not."""
        names = {source.name for source in settings.source}
        left, self._state.sources = self._state.sources - names, frozenset(names)
        for gone in left:
            for figure in self._by_source():
                figure.remove_by_labels({"source": gone})
        for source in settings.source:
            for outcome in PASSES:
                self._passes.labels(source.name, outcome)
            interval = (source.interval or settings.interval).elapsed()
            self._interval.labels(source.name).set(interval.total_seconds())
            self._ready_after.labels(source.name).set(ready_after(source, settings).total_seconds())
        self._config.clear()
        self._config.labels(policy.digest[:DIGEST]).set(1)
        self._accepted.set(1)
        self._accepted_at.set(self._clock().timestamp())

    def misconfigured(self) -> None:
        """The files were edited and are refused; what was in force stays in force."""
        self._accepted.set(0)

    def scheduled(self, source: str, at: datetime) -> None:
        """The source is served again then."""
        if source in self._state.sources:
            self._next.labels(source).set(at.timestamp())

    def requested(self, host: str, method: str, status: int, seconds: float) -> None:
        """One request to a tracker came to its end; `status` 0: without an answer."""
        answered = str(status) if 100 <= status <= 599 else "none"
        self._requests.labels(host, method if method in METHODS else "other", answered).inc()
        self._request_seconds.labels(host).observe(seconds)

    def budget(self, host: str, left: int | None) -> None:
        """So many requests may still be sent to the host this minute; None: as many as one likes."""
        if left is None:
            self._budget.remove_by_labels({"host": host})
        else:
            self._budget.labels(host).set(left)

    def audited(self, found: Mapping[tuple[str, Kind], int]) -> None:
        """What an audit came to, by source and kind; nothing of a kind is told too."""
        for (source, kind), number in found.items():
            if source in self._state.sources:
                self._drift.labels(source, kind).set(number)

    def passed(self, sight: Sight, seconds: float) -> None:
        """One source's part of a pass is over, and took so long."""
        plan = sight.plan
        if plan.source not in self._state.sources:
            return  # taken out of the configuration meanwhile
        self._passes.labels(plan.source, outcome_of(sight)).inc()
        self._pass_seconds.labels(plan.source).observe(seconds)
        for action in (action for result in sight.results for action in written(result)):
            self._actions.labels(plan.source, told(action)[0]).inc()
        for skipped in plan.skipped():
            self._skips.labels(plan.source, reason(skipped)).inc()
        if sight.error is None:
            self._became(sight)

    def _became(self, sight: Sight) -> None:
        """Count the promises that were kept and broken since the last good pass; history before it is no news."""
        if sight.seen is None or sight.seen.state.last_good is None:
            return
        state, since = sight.seen.state, sight.seen.state.last_good
        for judged in sight.judged:
            before = sight.stood.get(judged.ticket.id)
            same = before if before and before.policy == state.policy else None
            for promise, outcome in outcomes(judged, same, since):
                self._outcomes[outcome].labels(sight.plan.source, promise).inc()

    def _by_source(self) -> tuple[Counter | Gauge | Histogram, ...]:
        shown = (self._passes, self._pass_seconds, self._next, self._interval, self._ready_after)
        return (*shown, self._actions, self._skips, self._drift, *self._outcomes.values())

    # --- what is shown ------------------------------------------------------------------------------------------

    def text(self) -> bytes:
        """Everything in Prometheus's text format. StateError where the state file cannot be asked."""
        return generate_latest(self._registry) + generate_latest(self._process)

    def write(self, path: Path) -> None:
        """Put all but the process's own figures into a file that others may read (mode 0644), in one step.

        UnwrittenError, with the remedy, if that cannot be done.
        """
        try:
            with replacing(path) as beside:
                beside.write_bytes(generate_latest(self._registry))
                beside.chmod(0o644)
        except OSError as fault:
            raise UnwrittenError(
                f"[metrics] textfile: {path} cannot be written ({fault.strerror}); "
                "make its folder, and give it to the user makegood runs as"
            ) from None


def outcome_of(sight: Sight) -> str:
    """How the pass over the source ended: one of `PASSES`."""
    if sight.plan.refusal and sight.plan.writes:
        return "refused"
    if sight.error is not None:
        return "failed"
    return "partial" if sight.plan.failed else "good"


def written(result: Result) -> Iterator[Action]:
    """What of a ticket's plan was really written."""
    for action in result.plan.actions:
        match action:
            case AddComment():
                done = result.commented
            case MakeFollowUp() | DeleteComment():
                done = action in result.done
            case _:
                done = result.edited
        if done:
            yield action


class _State(Collector):
    """What the state file says at the moment at which it is asked, of the configured sources."""

    def __init__(self, store: Archive, clock: Callable[[], datetime]) -> None:
        self.sources: frozenset[str] = frozenset()
        self._store = store
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """Four questions, each answered from an index."""
        yield from self._tickets()
        yield self._open_writes()
        yield from self._sources()
        size = GaugeMetricFamily("makegood_state_bytes", "The state file, with the log beside it.")
        size.add_metric([], self._store.bytes())
        yield size

    def _tickets(self) -> Iterator[Metric]:
        live = GaugeMetricFamily(
            "makegood_tickets_live", "Tickets that are not done.", labels=("source", "severity")
        )
        due = GaugeMetricFamily(
            "makegood_tickets_due", "Live tickets with promises of which none is broken.", labels=("source",)
        )
        broken = GaugeMetricFamily(
            "makegood_tickets_broken",
            "Live tickets with a promise that is broken and not made good.",
            labels=("source",),
        )
        counted = [each for each in self._store.standing(self._clock()) if each.source in self.sources]
        for each in counted:
            live.add_metric((each.source, each.severity), each.live)
        for source in sorted(self.sources):
            due.add_metric((source,), sum(each.due for each in counted if each.source == source))
            broken.add_metric((source,), sum(each.broken for each in counted if each.source == source))
        yield from (live, due, broken)

    def _open_writes(self) -> Metric:
        """A source that is configured no more may still have some; they go by no source's name."""
        shown = GaugeMetricFamily(
            "makegood_open_writes", "Writes whose outcome is not known yet.", labels=("source",)
        )
        counted = dict.fromkeys(["", *sorted(self.sources)], 0)
        for source, count in self._store.open_writes():
            counted[source if source in counted else ""] += count
        for source, count in counted.items():
            shown.add_metric((source,), count)
        return shown

    def _sources(self) -> Iterator[Metric]:
        good = GaugeMetricFamily(
            "makegood_last_good_pass_timestamp_seconds",
            "When the last good pass over the source began; 0 if there was none.",
            labels=("source",),
        )
        undone = GaugeMetricFamily(
            "makegood_oldest_undone_timestamp_seconds",
            "Since when the oldest work that is due waits: a ticket to be looked at, or a write in doubt.",
            labels=("source",),
        )
        now = self._clock()
        for source in sorted(self.sources):
            last, oldest = self._store.source(source).last_good, self._store.undone_since(source, now)
            good.add_metric((source,), last.timestamp() if last else 0)
            if oldest:
                undone.add_metric((source,), oldest.timestamp())
        yield from (good, undone)
