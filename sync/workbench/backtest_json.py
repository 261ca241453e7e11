"""A backtest as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sync.workbench import backtest_figures as figures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from sync.workbench.backtest import Report

SCHEMA = 1


def as_json(
    reports: Mapping[str, Report], excesses: Sequence[figures.Excess], unknown: Sequence[str]
) -> dict[str, Any]:
    """The reports by the folders of their mappings, the limits that the last one passed, and the difference.

    `unknown` is what the history does not tell, a sentence each.
    """
    window = next(iter(reports.values())).window
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "since": window.since.isoformat(),
        "until": window.until.isoformat(),
        "every_seconds": int(window.every.total_seconds()),
        "mappings": [{"mappings": folder} | _report(report) for folder, report in reports.items()],
        "exceeded": [asdict(each) for each in excesses],
        "unknown": list(unknown),
    }
    if len(reports) > 1:
        ours, other = reports.values()
        told["differences"] = [
            asdict(each) | {"first": each.first.isoformat()} for each in figures.differences(ours, other)
        ]
    return told


def _report(report: Report) -> dict[str, Any]:
    largest = report.largest
    return {
        "tickets": len(report.tales),
        "passes": report.passes,
        "actions": dict(report.actions),
        "comments": len(report.said),
        "waited": report.waited,
        "rationed": report.rationed,
        "promises": [asdict(row) for row in figures.by_promise(report)],
        "asked": {
            role: {week: len(tickets) for week, tickets in by_week.items()}
            for role, by_week in figures.asked(report).items()
        },
        "comments_per_ticket": asdict(figures.spread(report)),
        "comments_by_hour": figures.by_hour(report),
        "comments_in_quiet_hours": sum(said.quiet for _, said in report.said),
        "rules": [asdict(rule) | {"needed": _seconds(rule.needed)} for rule in figures.by_rule(report)],
        "largest_pass": largest and asdict(largest) | {"at": largest.at.isoformat()},
        "passes_refused": report.refused,
        "failed": list(report.failed),
        "by_ticket": [
            {
                "source": tale.source,
                "ticket": tale.key,
                "category": tale.category,
                "severity": tale.severity,
                "comments": len(tale.said),
                "broken": sum(each.outcome == "broken" for each in tale.promised),
            }
            for tale in report.tales
        ],
    }


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())
