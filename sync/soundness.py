"""Whether what a team has written is sound, texts included: more than a pass needs to know before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.errors import ConfigurationError
from sync.saying.template_check import check_templates
from sync.saying.tone import check_tone, staff
from sync.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from sync.mapping.policy import Policy
    from sync.settings import Settings


def sound(config: Path, mappings: Path | None = None) -> tuple[Settings, Policy]:
    """Everything loaded, and every template tried once. ConfigurationError with every fault.

    `mappings` is the folder of the mapping files, where that is not the config's.
    """
    settings, policy = load(config, mappings)
    mapped = {name for mapping in policy.mappings.values() for name in mapping.fields.mapped()}
    if faults := [
        *check_templates(policy.templates, mapped),
        *check_tone(policy.templates, policy.tone, staff(policy.clients)),
    ]:
        raise ConfigurationError(faults)
    return settings, policy
