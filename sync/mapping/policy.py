"""Everything that judgement goes by, read from the folder of mapping files at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple, get_args

from sync.errors import ConfigurationError, Fault
from sync.mapping import models
from sync.mapping.models import folded, shift
from sync.mapping.reader import collect, shown
from sync.mapping.references import Files, dangling
from sync.mapping.text import IllegibleError, content, decoded
from sync.mapping.wording import nearest
from sync.ticket import Language
from sync.worktime import Calendar, public_holidays

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from sync.mapping.positions import KeyPath
    from sync.mapping.reader import Reading
    from sync.worktime import Holidays, Hours

TEMPLATES = "comments"
"""The folder of comment templates inside the folder of mapping files."""

_ALIKE = 0.6


class Template(NamedTuple):
    """One comment template: its path as people see it, and its text."""

    path: str
    text: str


@dataclass(frozen=True, eq=False)
class Policy:
    """What a team has written, checked as a whole.

    `calendars` by name, `mappings` by file name; `templates` by language and kind (`comments/en/update.md` is
    `("en", "update")`, `comments/en/names.toml` is `("en", "names")`). `digest` changes when any byte of any of
    these files does.
    """

    taxonomy: models.Taxonomy
    severity: models.SeverityFile
    escalation: models.EscalationFile
    calendars: Mapping[str, Calendar]
    clients: models.ClientsFile
    mappings: Mapping[str, models.Mapping]
    templates: Mapping[tuple[Language, str], Template]
    digest: str
    _clients: dict[str, models.ClientModel] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        named = {folded(name): client for client in self.clients.client for name in (client.name, *client.aliases)}
        object.__setattr__(self, "_clients", named)

    def client(self, name: str) -> models.ClientModel | None:
        """The record of a client by its name or an alias, whatever its case, width and blanks."""
        return self._clients.get(folded(name))

    def nearest_clients(self, name: str) -> list[str]:
        """Names of at most three clients that may have been meant, the likeliest first."""
        near = get_close_matches(folded(name), self._clients, n=9, cutoff=_ALIKE)
        return list(dict.fromkeys(self._clients[each].name for each in near))[:3]


def load_policy(folder: Path, used: Mapping[str, type[models.Mapping]]) -> Policy:
    """The folder's policy. ConfigurationError with every fault of every file.

    `used`: the tracker mappings to read, by file name, each with the model that its tracker wants.
    """
    policy, faults = collect_policy(folder, used)
    if policy is None or faults:
        raise ConfigurationError(faults)
    return policy


def collect_policy(folder: Path, used: Mapping[str, type[models.Mapping]]) -> tuple[Policy | None, list[Fault]]:
    """The folder's policy as far as it can be read (None if some file yields nothing), and every fault."""
    if not folder.is_dir():
        what = "no such folder; copy the shipped mappings to it, or name another as mappings in config.toml"
        return None, [Fault(shown(folder), 0, 0, "", what)]
    files = _files(folder, used)
    for document, path, what in dangling(files):
        document.complain(path, what)
    calendars = dict(_calendars(files.calendars))
    templates, faults = _templates(folder / TEMPLATES)
    contents = {
        f"{TEMPLATES}/{language}/{kind}": text.encode() for (language, kind), (_, text) in templates.items()
    }
    for name, document in files.documents().items():
        faults += document.faults
        contents[name] = document.raw
    return _policy(files, calendars, templates, _digest(contents)), sorted(faults)


def _files(folder: Path, used: Mapping[str, type[models.Mapping]]) -> Files:
    return Files(
        taxonomy=collect(folder / "taxonomy.toml", models.Taxonomy),
        severity=collect(folder / "severity.toml", models.SeverityFile),
        escalation=collect(folder / "escalation.toml", models.EscalationFile),
        calendars=collect(folder / "calendars.toml", models.CalendarsFile),
        clients=collect(folder / "clients.toml", models.ClientsFile),
        mappings={name: collect(folder / name, model) for name, model in sorted(used.items())},
    )


def _policy(
    files: Files,
    calendars: Mapping[str, Calendar],
    templates: Mapping[tuple[Language, str], Template],
    digest: str,
) -> Policy | None:
    mappings = {name: reading.value for name, reading in files.mappings.items() if reading.value}
    taxonomy, severity, escalation = files.taxonomy.value, files.severity.value, files.escalation.value
    clients = files.clients.value
    if not (taxonomy and severity and escalation and clients) or len(mappings) < len(files.mappings):
        return None
    return Policy(taxonomy, severity, escalation, calendars, clients, mappings, templates, digest)


def _calendars(calendars: Reading[models.CalendarsFile]) -> Iterator[tuple[str, Calendar]]:
    for name, model in calendars.value.calendar.items() if calendars.value else ():
        at: KeyPath = ("calendar", name)
        try:
            public: Holidays = _no_holidays
            if model.holidays:
                at = ("calendar", name, "holidays", "country")
                public = public_holidays(model.holidays.country)
            if model.holidays and model.holidays.region:
                at = ("calendar", name, "holidays", "region")
                public = public_holidays(model.holidays.country, model.holidays.region)
            at = ("calendar", name)
            yield name, _calendar(name, model, public)
        except ValueError as error:
            calendars.document.complain(at, str(error))


def _no_holidays(_year: int) -> Mapping[date, str]:
    return {}


def _calendar(name: str, model: models.CalendarModel, holidays: Holidays) -> Calendar:
    week = [getattr(model.hours, day) for day in type(model.hours).model_fields]
    return Calendar(
        name,
        model.zone,
        {day: _hours(written) for day, written in enumerate(week) if written},
        holidays,
        off={day.date: day.name for day in model.off},
        on={day.date: _hours(day.hours) if day.hours else None for day in model.on},
    )


def _hours(written: list[str]) -> Hours:
    return tuple(shift(each) for each in written)


def _templates(folder: Path) -> tuple[dict[tuple[Language, str], Template], list[Fault]]:
    """The texts of `<language>/<kind>.md` and `<language>/names.toml`, and the faults of what cannot be read."""
    found: dict[tuple[Language, str], Template] = {}
    faults: list[Fault] = []
    languages: dict[str, Language] = {language: language for language in get_args(Language)}
    for path in sorted((*folder.glob("*/*.md"), *folder.glob("*/names.toml"))):
        language, kind = languages.get(path.parent.name), path.stem
        if language is None:
            what = f"{path.parent.name!r} is no language of comments{nearest(path.parent.name, languages)}"
            faults.append(Fault(shown(path), 0, 0, "", what))
            continue
        try:
            found[language, kind] = Template(shown(path), decoded(content(path)))
        except IllegibleError as why:
            faults.append(Fault(shown(path), why.line, why.column, "", why.what))
    return found, faults


def _digest(contents: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name in sorted(contents):
        for part in (name.encode(), contents[name]):
            whole.update(len(part).to_bytes(8) + part)
    return whole.hexdigest()
