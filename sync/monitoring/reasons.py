"""The few classes that the reasons of a plan fall into, for figures: no word of a ticket is in their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.action import Skipped

OTHER = "other"
"""What a reason is that none of the others fits."""

_BY_WHAT = {"whatever is owed": "opted_out", "everything": "not_in_plan"}
_BY_WHY = {
    "person_decided": r"a person (took|set|cleared|put)|somebody edited",
    "outcome_unknown": r"the outcome of the comment|it is not known",
    "put_off": r".* put it off until",
    "quiet_hours": r"(\w+: )?quiet hours of",
    "backlog": r"backlog:",
    "daily_measure": r"\d+ comments ask for the same person",
    "mode": r"the source is in mode",
    "next_pass": r"one comment at a time",
    "confidential": r"(a )?\w+( ticket)? is confidential",
    "second_pair_of_eyes": r"\w+ is careful:",
    "readers": r"clients may read",
    "no_date": r"the field holds .* which is no date",
}
_PATTERNS = [(reason, re.compile(pattern, re.DOTALL)) for reason, pattern in _BY_WHY.items()]

REASONS = (*_BY_WHAT.values(), *_BY_WHY, "tone", OTHER)
"""Every class there is."""


def reason(skipped: Skipped) -> str:
    """The class of why something is not done: one of `REASONS`.

    What is not said to the client for none of the other reasons is so for its tone.
    """
    if known := _BY_WHAT.get(skipped.what):
        return known
    found = next((name for name, pattern in _PATTERNS if pattern.match(skipped.why)), OTHER)
    return "tone" if found == OTHER and skipped.what == "message to the client" else found
