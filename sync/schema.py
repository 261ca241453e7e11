"""The JSON Schema of `config.toml` and of each mapping file, by which editors complete and check them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sync.mapping import models
from sync.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

MODELS: Mapping[str, type[models.Strict]] = {
    "asana": models.AsanaMapping,
    "calendars": models.CalendarsFile,
    "clients": models.ClientsFile,
    "config": Settings,
    "escalation": models.EscalationFile,
    "jira": models.JiraMapping,
    "severity": models.SeverityFile,
    "taxonomy": models.Taxonomy,
    "workbook": models.WorkbookMapping,
}
"""The model of each file that a team writes, by the file's name without its ending."""


def schema(name: str) -> str:
    """The JSON Schema of one file of `MODELS`, as the text of a file."""
    return json.dumps(MODELS[name].model_json_schema(), ensure_ascii=False, indent=2) + "\n"


def write(folder: Path) -> None:
    """Write every schema into the folder, as `jira.json` and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        (folder / f"{name}.json").write_text(schema(name), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
