"""Figures of an agency's passes, for the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import tickets
from passes import CLIENTS, SEVERITY
from prometheus_client.parser import text_string_to_metric_families

from sync.monitoring.metrics import Metrics
from sync.settings import Settings

if TYPE_CHECKING:
    from passes import Agency

    from sync.mapping.policy import Policy
    from sync.trackers.sources import AnySource

PROMISED = """
ladder = ["lead", "partner"]
gather = "15m"
calendar = "always"
[high]
first_response = { within = "1h" }
update = { within = "4h" }
escalation = { to = "partner" }
handover = false
[critical]
first_response = { within = "1h" }
escalation = { to = "partner" }
[medium]
first_response = { within = "1h" }
escalation = { to = "lead" }
[low]
first_response = { within = "1h" }
escalation = { to = "lead" }
"""


def promising() -> Policy:
    """Promises an answer within the hour and, on what is high, a word each four hours after it."""
    return tickets.policy(severity=SEVERITY, escalation=PROMISED, clients=CLIENTS)


def settings(firm: Agency) -> Settings:
    """Its sources, although no tracker of the configuration's is behind them."""
    return Settings.model_construct(source=cast("list[AnySource]", [source for source, _, _ in firm.sources]))


def watching(firm: Agency) -> Metrics:
    made = Metrics(firm.store, lambda: firm.now)
    made.configured(settings(firm), firm.by)
    return made


def passed(metrics: Metrics, firm: Agency, **time: float) -> None:
    """One pass, of which the metrics are told."""
    for sight in firm.run(**time):
        metrics.passed(sight, 0.3)


def figures(metrics: Metrics | bytes) -> dict[tuple[str, ...], float]:
    """By name and label values, in the order of the labels' names."""
    text = (metrics if isinstance(metrics, bytes) else metrics.text()).decode()
    return {
        (
            sample.name.removeprefix("makegood_"),
            *(value for _, value in sorted(sample.labels.items())),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def counted(metrics: Metrics, name: str) -> dict[tuple[str, ...], float]:
    """The figures of one name that are not zero, by their label values."""
    return {known[1:]: value for known, value in figures(metrics).items() if known[0] == name and value}
