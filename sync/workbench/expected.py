"""What tests expect beside what came, each difference with its reason; and how an expectation is written anew."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from sync.mapping.scenario_models import NO_DATE
from sync.workbench.exercised import matched, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sync.judging.clocks import Clock
    from sync.judging.judgement import Judge, Judgement
    from sync.mapping.positions import Position
    from sync.mapping.scenario_models import Case, Expectation
    from sync.workbench.rehearsal import Said, Scene

_WIDTH = 100

Value = str | bool | date | list[str] | None
"""What a key of an expectation may hold."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One key that came out otherwise: what was expected, what came, and why. `amend`: what the key should say."""

    key: str
    expected: Value
    got: Value
    why: str
    amend: Value = None


class Outcome:
    """What came of a ticket at one moment, by the keys of an expectation."""

    def __init__(self, judge: Judge, judged: Judgement, scene: Scene | None = None) -> None:
        self._judge = judge
        self._judged = judged
        self._scene = scene

    def differences(self, expected: Expectation | Case) -> Iterator[Difference]:
        """Each key of the expectation that does not hold."""
        for key in expected.asks:
            wanted = getattr(expected, key)
            got, holds, amend = self._compared(key, wanted)
            if not holds:
                yield Difference(key, wanted, got, self._why(key, wanted), amend)

    def told(self) -> dict[str, Value]:
        """All that an expectation of this moment could say."""
        keys = ("category", "severity", "due", "labels", "comments") if self._scene else ("category", "severity")
        return {key: self._value(key) for key in keys}

    def _compared(self, key: str, wanted: Value) -> tuple[Value, bool, Value]:
        """What came, whether it holds, and what the key should say (None: that takes a person)."""
        got = self._value(key)
        holds, amend = got == wanted, got
        if isinstance(wanted, list) and isinstance(got, list):
            match key:
                case "rule" | "has":
                    left = [name for name in wanted if name in got]
                    holds, amend = left == wanted, left or None
                case "lacks":
                    left = [name for name in wanted if name not in got]
                    holds, amend = left == wanted, left or None
                case "says":
                    holds, amend = all(any(piece in text for text in got) for piece in wanted), None
                case "labels" | "signs":
                    holds = sorted(wanted) == got
                case "comments":
                    holds = _alike(wanted, self._scene.said if self._scene else ())
        elif key == "nothing":
            holds, amend = not got, None
        return got, holds, amend

    def _value(self, key: str) -> Value:
        """What came, for one key of an expectation."""
        return self._what[key]()

    @cached_property
    def _what(self) -> dict[str, Callable[[], Value]]:
        judged, scene = self._judged, self._scene
        of_ticket: dict[str, Callable[[], Value]] = {
            "category": lambda: judged.classification.category,
            "subtype": lambda: judged.classification.subtype,
            "severity": lambda: judged.rating.severity,
            "rule": self._rules,
        }
        if scene is None:
            return of_ticket
        there = sorted(scene.labels)
        return of_ticket | {
            "due": lambda: scene.due or NO_DATE,
            "labels": lambda: there,
            "has": lambda: there,
            "lacks": lambda: there,
            "comments": lambda: [str(said) for said in scene.said],
            "says": lambda: list(dict.fromkeys(said.text for said in scene.said)),
            "signs": lambda: sorted(shown(self._judge.policy, judged)),
            "role": lambda: scene.role or NO_DATE,
            "nothing": lambda: list(scene.written),
        }

    def _rules(self) -> list[str]:
        """The rules that matched, what gave the severity, and the triggers that hold."""
        judged = self._judged
        made = [judged.classification.rule, *matched(self._judge, judged), judged.rating.rule]
        return list(dict.fromkeys([*made, *(pull.trigger.name for pull in judged.rating.pulls)]))

    def _why(self, key: str, wanted: Value) -> str:
        """The rules behind what came otherwise than it was wanted."""
        judged, scene, names = self._judged, self._scene, wanted if isinstance(wanted, list) else []
        why: list[str] = []
        match key:
            case "category" | "subtype" | "rule":
                why = [f"{judged.classification.rule}: {judged.classification.why}"]
            case "severity":
                raises = (f"{each.trigger}: {each.evidence}" for each in judged.rating.raises)
                why = [f"{judged.rating.rule}: {judged.rating.why}", *raises]
            case "due":
                why = [judged.due.because.rule if judged.due else "nothing runs out"]
            case "labels" | "lacks":
                asked = names if key == "lacks" else {each.label for each in judged.labels or ()}.difference(names)
                labels = (each for each in judged.labels or () if each.label in asked)
                why = [f"{each.label} by {each.because.rule}" for each in labels]
            case "comments" | "role" if scene:
                said = [each for each in scene.said if not any(_is(line, each) for line in names)]
                why = [f"{each.promise} by {each.because.rule}" for each in said]
                lacking = {line.split()[0] for line in names if not any(_is(line, each) for each in scene.said)}
                lacking -= {each.promise for each in said}
                why += [_stands(clock, scene.at) for clock in judged.clocks if clock.promise in lacking]
        return "; ".join(dict.fromkeys(why))


def _stands(clock: Clock, at: datetime) -> str:
    """How a promise stands of which nothing was said: until when it has, and by which rule."""
    due = f", due {clock.due.astimezone(at.tzinfo):%a %Y-%m-%d %H:%M}" if clock.due else ""
    return f"{clock.promise} {clock.state}{due}, by {clock.rule}"


def _alike(lines: Sequence[str], said: Sequence[Said]) -> bool:
    """Whether all that was said is expected, in its order; a line may leave out the step and the role."""
    return len(lines) == len(said) and all(_is(line, each) for line, each in zip(lines, said, strict=True))


def _is(line: str, said: Said) -> bool:
    about, _, role = line.partition(" to ")
    promise, _, stage = about.strip().partition(" ")
    return promise == said.promise and role in ("", said.role) and stage in ("", said.stage)


# --- written anew ------------------------------------------------------------------------------------------------


def amended(text: str, place: Position, key: str, value: Value) -> str:
    """The text of a file with a new value for the key that stands at a position; all else stays as it is.

    Where another key stands there, the new one is put behind it.
    """
    line = sum(len(each) + 1 for each in text.split("\n")[: place.line - 1])
    at = line + place.column - 1
    begin = text.index("=", at) + 1
    begin += len(text[begin:]) - len(text[begin:].lstrip(" \t"))
    end = begin + len(_value_at(text, begin))
    before = text[line:at]
    lines = toml(value) if before.strip() else _in_lines(key, value)
    if text[at:begin].partition("=")[0].strip() == key:
        return text[:begin] + lines + text[end:]
    gap = ", " if before.strip() else f"\n{before}"
    return text[:end] + f"{gap}{key} = {lines}" + text[end:]


def _in_lines(key: str, value: Value) -> str:
    """A value as TOML: a list that does not fit on the line has one for each item."""
    whole = toml(value)
    if not isinstance(value, list) or len(f"{key} = {whole}") <= _WIDTH:
        return whole
    return "[\n" + "".join(f"  {toml(each)},\n" for each in value) + "]"


def _value_at(text: str, begin: int) -> str:
    """The TOML value that begins here: the shortest piece that is one, up to a comma, bracket or line's end."""
    for end in range(begin + 1, len(text) + 1):
        if end == len(text) or text[end] in ",}]\n#" or text[end - 1] in "]}":
            piece = text[begin:end].rstrip()
            try:
                tomllib.loads(f"value = {piece}")
            except tomllib.TOMLDecodeError:
                continue
            return piece
    raise ValueError(text[begin : begin + 40])


def toml(value: Value) -> str:
    """A value as TOML; a list on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case date():
            return value.isoformat()
        case list():
            return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False)
