"""Files that people hand in: mapping files, `.csv` and `.xlsx`. Whatever is in them, it is read or refused."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

from fuzz.answers import assert_sound
from fuzz.dice import mutated_bytes

from sync.errors import ConfigurationError, Fault, TrackerError, WorkbookError
from sync.mapping import calendar_models, escalation_models, severity_models, taxonomy_models, tracker_models
from sync.mapping.client_models import ClientsFile
from sync.mapping.practice import FILES
from sync.mapping.reader import read_model
from sync.mapping.text import LARGEST
from sync.mapping.tone_models import ToneFile
from sync.trackers.sources import WorkbookSource
from sync.trackers.workbook import open_workbook

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from pydantic import BaseModel

_PRACTICE: dict[str, type[BaseModel]] = {f"{name}.toml": model for name, model in FILES.items()}  # type: ignore[misc]
MODELS: dict[str, type[BaseModel]] = {
    "taxonomy.toml": taxonomy_models.Taxonomy,
    "severity.toml": severity_models.SeverityFile,
    "escalation.toml": escalation_models.EscalationFile,
    "calendars.toml": calendar_models.CalendarsFile,
    "clients.toml": ClientsFile,
    "jira.toml": tracker_models.JiraMapping,
    "asana.toml": tracker_models.AsanaMapping,
    "workbook.toml": tracker_models.WorkbookMapping,
    **_PRACTICE,
    "tone/en.toml": ToneFile,
}
"""The shipped mapping files, each with its model."""

LONGEST_TABLE = 64 * 1024
"""Bytes of a part of a workbook that is changed, at most: what is inside is repeated often enough."""


def check_mapping(path: Path, model: type[BaseModel]) -> None:
    """The file is a model, or every fault of it has the file, and a place that is there."""
    faults = _faults(path, model)
    raw = path.read_bytes()
    lines = raw.decode("utf-8-sig", "replace").replace("\r\n", "\n").split("\n")
    for fault in faults:
        assert fault.file.endswith(path.name), fault
        assert fault.what, fault
        if len(raw) <= LARGEST:
            assert 1 <= fault.line <= len(lines), fault
            assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1, fault


def _faults(path: Path, model: type[BaseModel]) -> tuple[Fault, ...]:
    try:
        read_model(path, model)
    except ConfigurationError as error:
        return error.faults or (Fault("", 0, 0, "", ""),)
    return ()


def check_workbook(path: Path, mapping: tracker_models.WorkbookMapping) -> None:
    """The file's rows are sound tickets or named as failed, and so are their marks; or the file is refused."""
    source = WorkbookSource.model_validate({"tracker": "workbook", "name": "book", "path": path})
    tracker = open_workbook(source, mapping)
    try:
        tracker.connect()
        pages = list(tracker.changed(None))
    except WorkbookError as refused:
        if path.stem not in str(refused):
            raise AssertionError("the refusal does not name the file") from refused
        return
    for page in pages:
        for failed in page.failed:
            assert failed.name, failed
            assert failed.why, failed
        for ticket in page.tickets:
            assert_sound(ticket)
    assert {ticket.id for page in pages for ticket in page.tickets} <= set(tracker.ids())
    for issue in list(tracker.ids())[:3]:
        assert tracker.marks(issue).complete
    assert list(tracker.check())
    tracker.close()


def mutated_xlsx(raw: bytes, dice: random.Random) -> bytes:
    """A workbook with one of its parts changed inside, or with its bytes changed."""
    if dice.randrange(4) == 0:
        return mutated_bytes(raw, dice)
    with zipfile.ZipFile(io.BytesIO(raw)) as before:
        parts = {name: before.read(name) for name in before.namelist()}
    name = dice.choice(sorted(parts))
    if dice.randrange(8) == 0:
        del parts[name]
    else:
        parts[name] = mutated_bytes(parts[name][:LONGEST_TABLE], dice)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as after:
        for each, content in parts.items():
            after.writestr(each, content)
    return stream.getvalue()


__all__ = ["MODELS", "TrackerError", "check_mapping", "check_workbook", "mutated_xlsx"]
