"""The names of the promises, by which they are kept in mind for good."""

from __future__ import annotations

from typing import Literal

PromiseName = Literal[
    "first_response",
    "owned",
    "update",
    "escalation",
    "raised",
    "withdrawn",
    "taken",
    "snoozed",
    "assessed",
    "planned",
    "agreed",
    "checkpoint",
    "slip",
    "silence",
    "solution_told",
    "root_cause",
    "prevention",
    "verified",
    "remedy",
    "post_mortem",
    "post_mortem_actions",
    "lessons",
    "scope_choice",
    "scope_told",
    "scope_consent",
    "scope_talk",
    "scope_agreement",
    "realign",
    "checkin",
    "stakeholder_call",
    "survey",
    "milestone_review",
    "kickoff",
    "withheld",
    "client_received",
    "client_slip",
    "client_resolved",
    "client_goodwill",
    "client_choice",
]
"""The fixed list that an action id may be made of; a name is never reused for another promise. Those that begin
with `client_` are messages that the client may read; `withheld` tells staff why one was not sent."""
