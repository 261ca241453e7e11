"""Everything that judgement goes by, read from the folder of mapping files at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from sync.errors import ConfigurationError, Fault
from sync.mapping import (
    calendar_models,
    escalation_models,
    parts,
    severity_models,
    taxonomy_models,
    tracker_models,
)
from sync.mapping.calendar_models import shift
from sync.mapping.client_models import ClientsFile
from sync.mapping.crm import Filled, filled
from sync.mapping.parts import folded
from sync.mapping.people import People
from sync.mapping.practice import FILES, NONE, Practice
from sync.mapping.reader import collect, shown
from sync.mapping.references import Files, dangling
from sync.mapping.text import IllegibleError, content, decoded
from sync.mapping.tone_models import ToneFile, unsearchable
from sync.mapping.wording import nearest
from sync.ticket import Language
from sync.worktime import Calendar, public_holidays

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import date

    from sync.mapping.client_models import ClientModel, EngagementModel
    from sync.mapping.people import Absence
    from sync.mapping.positions import KeyPath
    from sync.mapping.reader import Reading
    from sync.worktime import Holidays, Hours

TEMPLATES = "comments"
"""The folder of comment templates inside the folder of mapping files."""
TONE = "tone"
"""The folder of the words that comments are held to, a file for each language."""

_ALIKE = 0.6


class Template(NamedTuple):
    """One comment template: its path as people see it, and its text."""

    path: str
    text: str


@dataclass(frozen=True, eq=False)
class Policy:
    """What a team has written, checked as a whole.

    `calendars` by name, `mappings` by file name; `templates` by language and kind (`comments/en/update.md` is
    `("en", "update")`, `comments/en/names.toml` is `("en", "names")`). `tone` by language, for those that
    have a file. `digest` changes when any byte of any of these files does.
    """

    taxonomy: taxonomy_models.Taxonomy
    severity: severity_models.SeverityFile
    escalation: escalation_models.EscalationFile
    calendars: Mapping[str, Calendar]
    clients: ClientsFile
    mappings: Mapping[str, tracker_models.Mapping]
    templates: Mapping[tuple[Language, str], Template]
    digest: str
    practice: Practice = NONE
    tone: Mapping[Language, ToneFile] = field(default_factory=dict)
    people: People = field(init=False, repr=False)
    _clients: dict[str, ClientModel] = field(init=False, repr=False)
    _nearest: dict[str, list[str]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        named = {folded(name): client for client in self.clients.client for name in (client.name, *client.aliases)}
        object.__setattr__(self, "_clients", named)
        object.__setattr__(self, "people", People(self.clients))

    def client(self, name: str) -> ClientModel | None:
        """The record of a client by its name or an alias, whatever its case, width and blanks."""
        return self._clients.get(folded(name))

    def engagement(self, client: ClientModel, name: str) -> EngagementModel | None:
        """The client's engagement by its name or an alias, whatever its case, width and blanks."""
        called = folded(name)
        spelt = ((each, (each.name, *each.aliases)) for each in client.engagement)
        return next((each for each, names in spelt if called in map(folded, names)), None)

    def holders(self, role: str, client: ClientModel | None, engagement: EngagementModel | None) -> list[str]:
        """Who holds a role, first the one to ask first: as the engagement says, else the client, else the team."""
        tables = (engagement.roles if engagement else {}, client.roles if client else {}, self.clients.roles)
        return next((roles[role] for roles in tables if roles.get(role)), [])

    def ids_of(self, who: str) -> tuple[str, ...]:
        """Every id of a person by name or id, in all trackers; `who` itself without a record."""
        return self.people.ids_of(who)

    def id_in(self, source: str, tracker: str, who: str) -> str:
        """The person's id in one source, empty if there is none; `who` itself without a record."""
        return self.people.id_in(source, tracker, who)

    def name_of(self, who: str) -> str:
        """The person's name by name or id; `who` itself without a record."""
        return self.people.name_of(who)

    def absent(self, who: str, day: date) -> Absence | None:
        """Why the person cannot be asked on that day; None if there is no reason."""
        return self.people.absent(who, day)

    def nearest_clients(self, name: str) -> list[str]:
        """Names of at most three clients that may have been meant, the likeliest first."""
        if name not in self._nearest:
            near = get_close_matches(folded(name), self._clients, n=9, cutoff=_ALIKE)
            self._nearest[name] = list(dict.fromkeys(self._clients[each].name for each in near))[:3]
        return self._nearest[name]


def load_policy(folder: Path, used: Mapping[str, type[tracker_models.Mapping]]) -> Policy:
    """The folder's policy. ConfigurationError with every fault of every file.

    `used`: the tracker mappings to read, by file name, each with the model that its tracker wants.
    """
    policy, faults = collect_policy(folder, used)
    if policy is None or faults:
        raise ConfigurationError(faults)
    return policy


def collect_policy(
    folder: Path,
    used: Mapping[str, type[tracker_models.Mapping]],
    *,
    interval: parts.Amount | None = None,
    sources: Collection[str] = (),
) -> tuple[Policy | None, list[Fault]]:
    """The folder's policy as far as it can be read (None if some file yields nothing), and every fault.

    `interval` between two polls and the names of the `sources` are held against what the files say, if given.
    """
    if not folder.is_dir():
        what = "no such folder; copy the shipped mappings to it, or name another as mappings in config.toml"
        return None, [Fault(shown(folder), 0, 0, "", what)]
    files = replace(_files(folder, used), interval=interval, sources=sources)
    for document, path, what in dangling(files):
        document.complain(path, what)
    calendars = dict(_calendars(files.calendars))
    templates, faults = _templates(folder / TEMPLATES)
    tones = dict(_tones(folder / TONE, faults))
    contents = {
        f"{TEMPLATES}/{language}/{kind}": text.encode() for (language, kind), (_, text) in templates.items()
    }
    documents = {f"{TONE}/{language}.toml": reading.document for language, reading in tones.items()}
    for name, document in {**files.documents(), **documents}.items():
        faults += document.faults
        contents[name] = document.raw
    files, export = _with_export(files, folder)
    faults += export.faults
    contents["the CRM's export"] = export.raw
    tone = {language: reading.value for language, reading in tones.items() if reading.value}
    return _policy(files, calendars, templates, tone, _digest(contents)), sorted(faults)


def _files(folder: Path, used: Mapping[str, type[tracker_models.Mapping]]) -> Files:
    return Files(
        taxonomy=collect(folder / "taxonomy.toml", taxonomy_models.Taxonomy),
        severity=collect(folder / "severity.toml", severity_models.SeverityFile),
        escalation=collect(folder / "escalation.toml", escalation_models.EscalationFile),
        calendars=collect(folder / "calendars.toml", calendar_models.CalendarsFile),
        clients=collect(folder / "clients.toml", ClientsFile),
        mappings={name: collect(folder / name, model) for name, model in sorted(used.items())},
        practice={
            f"{name}.toml": collect(path, model)
            for name, model in FILES.items()
            if (path := folder / f"{name}.toml").exists()
        },
    )


def _with_export(files: Files, folder: Path) -> tuple[Files, Filled]:
    if files.clients.value is None:
        return files, Filled(ClientsFile())
    known = files.calendars.document.data.get("calendar")
    export = filled(files.clients.value, folder, known if isinstance(known, dict) else None)
    return replace(files, clients=replace(files.clients, value=export.clients)), export


def _policy(
    files: Files,
    calendars: Mapping[str, Calendar],
    templates: Mapping[tuple[Language, str], Template],
    tone: Mapping[Language, ToneFile],
    digest: str,
) -> Policy | None:
    mappings = {name: reading.value for name, reading in files.mappings.items() if reading.value}
    taxonomy, severity, escalation = files.taxonomy.value, files.severity.value, files.escalation.value
    clients = files.clients.value
    if not (taxonomy and severity and escalation and clients) or len(mappings) < len(files.mappings):
        return None
    written: dict[str, Any] = {name.removesuffix(".toml"): file.value for name, file in files.practice.items()}
    if None in written.values():
        return None
    practice = replace(NONE, **written)
    return Policy(taxonomy, severity, escalation, calendars, clients, mappings, templates, digest, practice, tone)


def _calendars(calendars: Reading[calendar_models.CalendarsFile]) -> Iterator[tuple[str, Calendar]]:
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


def _calendar(name: str, model: calendar_models.CalendarModel, holidays: Holidays) -> Calendar:
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
    place = Path(shown(folder))
    for path in sorted((*folder.glob("*/*.md"), *folder.glob("*/names.toml"))):
        language = _language(path.parent.name, path, "comments", faults)
        if language is None:
            continue
        name = str(place / path.parent.name / path.name)
        try:
            found[language, path.stem] = Template(name, decoded(content(path)))
        except IllegibleError as why:
            faults.append(Fault(name, why.line, why.column, "", why.what))
    return found, faults


def _tones(folder: Path, faults: list[Fault]) -> Iterator[tuple[Language, Reading[ToneFile]]]:
    """The files `<language>.toml`; a file of no language is added to the faults."""
    for path in sorted(folder.glob("*.toml")):
        language = _language(path.stem, path, "tone", faults)
        if language:
            reading = collect(path, ToneFile)
            for at, what in unsearchable(language, reading.value) if reading.value else ():
                reading.document.complain(at, what)
            yield language, reading


def _language(name: str, path: Path, used_for: str, faults: list[Fault]) -> Language | None:
    """The language of that name; if there is none, a fault of the file more."""
    languages: dict[str, Language] = {language: language for language in get_args(Language)}
    if name not in languages:
        what = f"{name!r} is no language of {used_for}{nearest(name, languages)}"
        faults.append(Fault(shown(path), 0, 0, "", what))
    return languages.get(name)


def _digest(contents: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name in sorted(contents):
        for part in (name.encode(), contents[name]):
            whole.update(len(part).to_bytes(8) + part)
    return whole.hexdigest()
