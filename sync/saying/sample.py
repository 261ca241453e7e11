"""What a message that is not owed now is filled with: sample values in the reader's language, relative to now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync.saying.render import EMPTY, FOR_CLIENTS
from sync.saying.spoken import day, moment, percent, span
from sync.ticket import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sync.ticket import Language, Severity

_LATE = timedelta(hours=2)
_DAY = timedelta(days=1)
_WINDOW = timedelta(days=30)
_LEFT_OUT = "[…]"
_NEVER_LATE = frozenset({"escalation", "checkpoint"})
_IN_THE_MATRIX = frozenset({"first_response", "owned", "update", "escalation"})
_TABLES: Mapping[str, str] = {
    "raised": "severity.toml: trigger",
    "withdrawn": "severity.toml: trigger",
    "taken": "acknowledge",
    "snoozed": "attention.toml: snooze",
    "scope_choice": "scope.toml: decide",
    "scope_told": "scope.toml: tell",
    "scope_talk": "scope.toml: announce_at",
    "scope_consent": "scope.toml: consent",
    "scope_agreement": "scope.toml: agreement",
    "realign": "scope.toml: realign",
    "withheld": "promises.toml: to_client",
}
"""Where the kinds come from that are neither of the matrix nor called after their table of promises.toml."""


def sample(kind: str, severity: Severity, now: datetime, language: Language, zone: str) -> dict[str, object]:
    """Every variable (see `render.SAMPLE`) of a message of this kind, without a word about any ticket.

    What only a ticket can tell is empty, or `[…]` where the message is about it.
    """
    ahead = kind.startswith(FOR_CLIENTS) or kind in _NEVER_LATE
    today = now.astimezone(ZoneInfo(zone)).date()
    return {
        **EMPTY,
        **_raise(kind, severity, language),
        "rule": table_of(kind, severity),
        "step": 1 if ahead else 2,
        "overdue": not ahead,
        "promise_due": moment(now + _DAY if ahead else now - _LATE, language, zone),
        "late_by": "" if ahead else span(_LATE, language),
        "next_step_due": moment(now + _DAY, language, zone),
        "next_update": moment(now + _DAY, language, zone),
        "since": moment(now - _WINDOW, language, zone),
        "until": moment(now + 7 * _DAY, language, zone),
        "planned": day(today + 7 * _DAY, language),
        "planned_before": day(today + 2 * _DAY, language),
        "moved": True,
        "promise": "planned",
        "in_writing": True,
        "work_days": 3,
        "promised_days": 5,
        "minutes": 30,
        "limit_minutes": 60,
        "decision": "change-order",
        "reason": _LEFT_OUT,
        "text": _LEFT_OUT,
    }


def table_of(kind: str, severity: Severity) -> str:
    """The table of the mapping that a kind of message comes from."""
    if kind in _IN_THE_MATRIX:
        return f"escalation.toml: {severity}.{'first_response' if kind == 'owned' else kind}"
    return _TABLES.get(kind, f"promises.toml: {'to_client' if kind.startswith(FOR_CLIENTS) else kind}")


def _raise(kind: str, severity: Severity, language: Language) -> dict[str, object]:
    """A raise to this severity, or its withdrawal back to it; and the figures of whatever else has some."""
    place = SEVERITIES.index(severity)
    if kind == "withdrawn":
        before = SEVERITIES[min(place + 1, len(SEVERITIES) - 1)]
        after = SEVERITIES[SEVERITIES.index(before) - 1]
    else:
        after = SEVERITIES[max(place, 1)]
        before = SEVERITIES[SEVERITIES.index(after) - 1]
    return {
        "before": before,
        "after": after,
        "trigger": "when",
        "number": 3,
        "window": span(_WINDOW, language),
        "figure": percent(0.25, language),
        "limit": percent(0.2, language),
        "why": _LEFT_OUT if kind in ("raised", "withdrawn") else "",
    }
