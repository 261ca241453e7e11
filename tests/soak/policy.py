"""The soak's policy, simple enough for plain arithmetic: every hour counts, and each promise is one number."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import tickets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.mapping.policy import Policy

WITHIN = {"critical": 4, "high": 8, "medium": 24, "low": 48}
TIGHTER = {"critical": 3, "high": 6, "medium": 18, "low": 48}
"""Hours until the first response, as they are and as an edit makes them."""
USUAL = {"critical": "critical", "high": "high", "medium": "medium", "low": "low"}
GRAVER = {**USUAL, "medium": "high"}
"""What a value of the tracker's field counts as, as it is and as an edit makes it."""

_ROWS = {
    "critical": 'escalation = {{ to = "partner", taken = {{ within = "1h" }} }}',
    "high": 'escalation = {{ to = "partner" }}',
    "medium": 'escalation = {{ to = "lead" }}\nhandover = false',
    "low": 'escalation = {{ to = "lead" }}\nhandover = false',
}
_CLIENTS = """
[[client]]
name = "Client 1"
[[client]]
name = "Client 2"
"""


def policy(within: Mapping[str, int], counts_as: Mapping[str, str]) -> Policy:
    """The mapping files with these figures."""
    values = ", ".join(f'{written} = "{severity}"' for written, severity in counts_as.items())
    rows = [
        f'[{severity}]\nfirst_response = {{ within = "{hours}h" }}\n{_ROWS[severity].format()}'
        for severity, hours in within.items()
    ]
    head = 'ladder = ["lead", "partner"]\ngather = "15m"\ncalendar = "always"'
    trigger = '[[trigger]]\nname = "third issue"\nclient_issues = 3\nwithin = "90d"'
    return tickets.policy(
        severity=f'order = ["field"]\ndefault = "low"\nfield_values = {{ {values} }}\n{trigger}\n',
        escalation="\n".join([head, *rows, ""]),
        clients=_CLIENTS,
    )


def limits(within: Mapping[str, int]) -> dict[str, timedelta]:
    """The figures as spans."""
    return {severity: timedelta(hours=hours) for severity, hours in within.items()}
