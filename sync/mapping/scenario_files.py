"""Reads the tests beside a mapping, and holds what they name against the mapping itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args
from zoneinfo import ZoneInfo

from sync.errors import ConfigurationError, Fault
from sync.mapping import tracker_models
from sync.mapping.policy import load_policy
from sync.mapping.reader import collect, shown
from sync.mapping.scenario_models import TestsFile, in_zone
from sync.mapping.wording import near, nearest
from sync.promise_names import PromiseName

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sync.mapping.policy import Policy
    from sync.mapping.positions import KeyPath
    from sync.mapping.reader import Document, Reading
    from sync.mapping.scenario_models import Expectation, Scenario, Setting, Told

FOLDER = "tests"
"""The folder of tests inside the folder of mapping files."""

_TRACKERS: Mapping[str, type[tracker_models.Mapping]] = {
    "jira": tracker_models.JiraMapping,
    "asana": tracker_models.AsanaMapping,
    "workbook": tracker_models.WorkbookMapping,
}
STEPS = ("warning", "breach", "reminder")
_PROMISES = get_args(PromiseName)
_GONE = "renamed or taken out? Correct the test, or take it out too"

Faulty = tuple["KeyPath", str]


@dataclass(frozen=True, slots=True)
class Tests:
    """The files of tests, read and sound, and the policy that they test."""

    policy: Policy
    files: tuple[tuple[Path, Reading[TestsFile]], ...]


def load_tests(mappings: Path, named: Sequence[Path]) -> Tests:
    """The files that are named (those of a folder, where it is one), or else all beside the mapping.

    ConfigurationError with every fault of tests and mapping, or if there are no tests.
    """
    paths = list(_found(mappings, named))
    readings = [collect(path, TestsFile) for path in paths]
    faults = [fault for reading in readings for fault in reading.document.faults]
    settings = [setting for reading in readings if reading.value for setting in _settings(reading.value)]
    used = {setting.file: _TRACKERS[setting.tracker] for setting in settings}
    try:
        policy = load_policy(mappings, used or {"jira.toml": tracker_models.JiraMapping})
    except ConfigurationError as error:
        raise ConfigurationError([*faults, *error.faults]) from None
    for reading in readings:
        if reading.value:
            _hold(reading.document, reading.value, policy)
    if faults := [fault for reading in readings for fault in reading.document.faults]:
        raise ConfigurationError(faults)
    return Tests(policy, tuple(zip(paths, readings, strict=True)))


def _found(mappings: Path, named: Sequence[Path]) -> Iterator[Path]:
    for place in named or [mappings / FOLDER]:
        inside = sorted(place.glob("*.toml")) if place.is_dir() else []
        yield from inside
        if not inside and (place.is_dir() or not named):
            what = "no tests here; write one as docs/testing-a-mapping.md shows, or name a file"
            raise ConfigurationError([Fault(shown(place), 0, 0, "", what)])
        if not place.is_dir():
            yield place


def _settings(file: TestsFile) -> Iterator[Setting]:
    yield from (setting for _, setting in _placed(file))


# --- what tests name ---------------------------------------------------------------------------------------------


def _hold(document: Document, file: TestsFile, policy: Policy) -> None:
    """Add a fault for each name that leads nowhere."""
    held = _Names(policy)
    for path, setting in _placed(file):
        if setting.calendar and setting.calendar not in policy.calendars:
            what = f"no calendar {setting.calendar!r}{nearest(setting.calendar, policy.calendars)}"
            document.complain((*path, "calendar"), what)
    for number, case in enumerate(file.case):
        at: KeyPath = ("case", number)
        setting = case.source or file.source
        faulty = [*held.ticket(case.client, case.fields, setting), *held.category(case.subtype, case.rule)]
        for below, what in faulty:
            document.complain((*at, *below), what)
    for number, scenario in enumerate(file.test):
        for below, what in held.scenario(scenario, scenario.source or file.source):
            document.complain(("test", number, *below), what)


def _placed(file: TestsFile) -> Iterator[tuple[KeyPath, Setting]]:
    yield ("source",), file.source
    yield from ((("case", n, "source"), case.source) for n, case in enumerate(file.case) if case.source)
    yield from (
        (("test", n, "source"), scenario.source) for n, scenario in enumerate(file.test) if scenario.source
    )


class _Names:
    """What a mapping knows, and what is said of a name that it does not."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        taxonomy, severity = policy.taxonomy, policy.severity
        self._rules = [rule.name for rule in taxonomy.rule]
        self._rules += [signal.name for signal in severity.signal] + [each.name for each in severity.trigger]
        self._subtypes = [subtype for listed in taxonomy.subtypes.values() for subtype in listed]
        self._roles = ["owner", *policy.escalation.ladder, *policy.escalation.roles]

    def ticket(self, client: str | None, fields: Iterable[str], setting: Setting) -> Iterator[Faulty]:
        """A client that may be misspelt, and fields that the tracker's file does not map."""
        if client and not self._policy.client(client) and (meant := self._policy.nearest_clients(client)):
            yield ("client",), f"no client {client!r} in clients.toml; did you mean {meant[0]!r}?"
        yield from self._fields(fields, setting)

    def _fields(self, fields: Iterable[str], setting: Setting) -> Iterator[Faulty]:
        mapped = self._policy.mappings[setting.file].fields.mapped()
        for name in fields:
            if name not in mapped:
                hint = nearest(name, mapped) if near(name, mapped) else "; map it there, or take it out here"
                yield ("fields", name), f"{setting.file} maps no field {name!r}{hint}"

    def category(self, subtype: str | None, rules: Iterable[str]) -> Iterator[Faulty]:
        """A subtype or a rule that is gone."""
        if subtype and subtype not in self._subtypes:
            yield ("subtype",), f"taxonomy.toml has no subtype {subtype!r}{nearest(subtype, self._subtypes)}"
        for rule in rules:
            if rule not in self._rules:
                meant = near(rule, self._rules)
                hint = f"did you mean {meant!r}?" if meant else _GONE
                yield ("rule",), f"no rule, signal or trigger {rule!r} in taxonomy.toml and severity.toml; {hint}"

    def scenario(self, scenario: Scenario, setting: Setting) -> Iterator[Faulty]:
        """All that a test names."""
        told: list[tuple[KeyPath, Told]] = [(("ticket",), scenario.ticket)]
        told += [(("other", number), other) for number, other in enumerate(scenario.other)]
        for path, ticket in told:
            yield from _below(path, self.ticket(ticket.client, ticket.fields, setting))
            for number, happening in enumerate(ticket.then):
                yield from _below((*path, "then", number), self._fields(happening.fields, setting))
        for number, happening in enumerate(scenario.then):
            yield from _below(("then", number), self._fields(happening.fields, setting))
        yield from self._in_order(scenario, setting)
        for number, expected in enumerate(scenario.expect):
            yield from _below(("expect", number), self._expected(expected))

    def _in_order(self, scenario: Scenario, setting: Setting) -> Iterator[Faulty]:
        """Expectations before the opening, or before the one above them; things that happen before the opening."""
        zone = ZoneInfo(setting.zone or self._policy.calendars[self._policy.escalation.calendar].zone)
        opened = in_zone(scenario.ticket.opened, zone)
        moments = {"then": [each.at for each in scenario.then], "expect": [each.at for each in scenario.expect]}
        for key, listed in moments.items():
            before = opened
            for number, when in enumerate(listed):
                at = when.instant(opened, before, zone)
                if at < before:
                    what = f"is before {'the one above it' if number else 'the ticket was opened'}"
                    yield (key, number, "at"), f"{at.astimezone(zone):%Y-%m-%d %H:%M} {what}"
                before = max(at, before)

    def _expected(self, expected: Expectation) -> Iterator[Faulty]:
        yield from self.category(expected.subtype, expected.rule)
        if expected.role and expected.role not in self._roles:
            yield ("role",), f"no role {expected.role!r} in escalation.toml{nearest(expected.role, self._roles)}"
        for number, written in enumerate(expected.comments or ()):
            if what := self._comment(written):
                yield ("comments", number), what

    def _comment(self, written: str) -> str:
        """What is wrong with a comment as `update breach to owner`; empty if nothing is."""
        said, _, role = written.partition(" to ")
        promise, _, step = said.strip().partition(" ")
        if promise not in _PROMISES:
            meant = near(promise, _PROMISES)
            hint = f"; did you mean {meant!r}?" if meant else '; write as in "update breach to owner"'
            return f"nothing is called {promise!r} that could be said{hint}"
        if step and step not in STEPS:
            return f"no step {step!r}{nearest(step, STEPS)}"
        if role and role not in self._roles:
            return f"no role {role!r} in escalation.toml{nearest(role, self._roles)}"
        return ""


def _below(path: KeyPath, faulty: Iterable[Faulty]) -> Iterator[Faulty]:
    return (((*path, *inner), what) for inner, what in faulty)
