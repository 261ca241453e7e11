"""The tests beside a mapping, run: which do not hold, in what, and what of the mapping they have tried."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sync.mapping.positions import positions
from sync.workbench.exercised import exercised, units
from sync.workbench.expected import Outcome, amended
from sync.workbench.rehearsal import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from sync.mapping.policy import Policy
    from sync.mapping.positions import KeyPath, Position
    from sync.mapping.reader import Document
    from sync.mapping.scenario_files import Tests
    from sync.mapping.scenario_models import Case, Scenario, Setting, TestsFile
    from sync.workbench.exercised import Unit
    from sync.workbench.expected import Difference, Value
    from sync.workbench.rehearsal import Moment

NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that did not hold: where it stands, the moment (None for a case), and each difference.

    `told`: it expects nothing yet, and this is all that it could say.
    """

    path: KeyPath
    line: int
    at: datetime | None
    differences: tuple[Difference, ...]
    told: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """One test or case that was run. `amended`: its expectations were written anew in the file."""

    file: str
    line: int
    name: str
    failures: tuple[Failure, ...]
    amended: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What came of all tests, and what of the mapping those that passed have tried."""

    results: tuple[Result, ...]
    units: tuple[Unit, ...]
    tried: frozenset[Unit]
    seconds: float

    @property
    def failed(self) -> list[Result]:
        """The tests that do not hold, also now."""
        return [result for result in self.results if result.failures and not result.amended]

    @property
    def share(self) -> float:
        """The share of the mapping that was tried, from 0 to 1."""
        return sum(unit in self.tried for unit in self.units) / len(self.units) if self.units else 1.0

    def untried(self, table: str) -> list[str]:
        """What of a table no test has tried."""
        return [unit.name for unit in self.units if unit.table == table and unit not in self.tried]


def run(
    tests: Tests, named: str = "", *, update: bool = False, tell: Callable[[int], None] = lambda _count: None
) -> Report:
    """Every test whose name holds the text; `update` writes what came into those that fail."""
    began = time.monotonic()
    stages = _Stages(tests.policy)
    results: list[Result] = []
    tried: set[Unit] = set()
    for path, reading in tests.files:
        if reading.value is None:
            continue
        of_file = []
        for result, seen in _ran(reading.document, reading.value, stages, named):
            of_file.append(result)
            tell(len(results) + len(of_file))
            if not result.failures:
                tried |= seen
        results += _updated(path, reading.document, of_file) if update else of_file
    return Report(tuple(results), tuple(units(tests.policy)), frozenset(tried), time.monotonic() - began)


class _Stages:
    """A stage for each kind of source, made when it is first asked for."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._made: dict[str, Stage] = {}

    def for_(self, setting: Setting) -> Stage:
        key = setting.model_dump_json()
        if key not in self._made:
            self._made[key] = Stage(self._policy, setting)
        return self._made[key]


def _ran(document: Document, file: TestsFile, stages: _Stages, named: str) -> Iterator[tuple[Result, set[Unit]]]:
    """Each case and test of a file with what it tried."""
    name, wanted = document.name, named.casefold()
    for number, case in enumerate(file.case):
        path: KeyPath = ("case", number)
        if wanted in (title := _called(case)).casefold():
            failures, seen = _case(document, path, case, stages.for_(case.source or file.source))
            yield Result(name, document.line(path), title, failures), seen
    for number, scenario in enumerate(file.test):
        path = ("test", number)
        if wanted in scenario.name.casefold():
            failures, seen = _scenario(document, path, scenario, stages.for_(scenario.source or file.source))
            yield Result(name, document.line(path), scenario.name, failures), seen


def _called(case: Case) -> str:
    fields = ", ".join(f"{name} {value}" for name, value in case.fields.items())
    told = next(filter(None, (case.title, case.text, fields, " ".join(case.labels), case.kind)), "an empty ticket")
    return told if len(told) <= NAME_LENGTH else told[: NAME_LENGTH - 1] + "…"


def _case(document: Document, path: KeyPath, case: Case, stage: Stage) -> tuple[tuple[Failure, ...], set[Unit]]:
    judged = stage.looked_at(case)
    differences = tuple(Outcome(stage.judge, judged).differences(case))
    failures = (Failure(path, document.line(path), None, differences),) if differences else ()
    return failures, exercised(stage.judge, [(judged, ())])


def _scenario(
    document: Document, path: KeyPath, scenario: Scenario, stage: Stage
) -> tuple[tuple[Failure, ...], set[Unit]]:
    moments: list[Moment] = []
    failures = []
    for number, (expected, scene) in enumerate(zip(scenario.expect, stage.played(scenario, moments), strict=True)):
        at: KeyPath = (*path, "expect", number)
        outcome = Outcome(stage.judge, scene.judged, scene)
        differences = tuple(outcome.differences(expected))
        told = {} if expected.asks else outcome.told()
        if differences or told:
            failures.append(Failure(at, document.line(at), scene.at, differences, told))
    seen = exercised(stage.judge, [(moment.judged, [said.promise for said in moment.said]) for moment in moments])
    return tuple(failures), seen


# --- written anew ------------------------------------------------------------------------------------------------


def _updated(path: Path, document: Document, results: Sequence[Result]) -> Iterator[Result]:
    """The results, once what came is written into the file where a key can say it."""
    places = positions(document.text)
    edits = [edit for result in results for failure in result.failures for edit in _edits(failure, places)]
    if edits:
        text = document.text
        for place, key, value in sorted(edits, reverse=True, key=lambda edit: edit[0]):
            text = amended(text, place, key, value)
        ending = "\r\n" if b"\r\n" in document.raw else "\n"
        path.write_text(text, encoding="utf-8", newline=ending)
    for result in results:
        whole = all(each.amend is not None for failure in result.failures for each in failure.differences)
        yield Result(result.file, result.line, result.name, result.failures, bool(result.failures) and whole)


def _edits(failure: Failure, places: dict[KeyPath, Position]) -> Iterator[tuple[Position, str, Value]]:
    for each in failure.differences:
        if each.amend is not None:
            yield places[*failure.path, each.key], each.key, each.amend
    for key, value in reversed(failure.told.items()):
        yield places[*failure.path, "at"], key, value
