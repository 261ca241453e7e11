"""The checks as functions of bytes: what `make fuzz` hands its inputs to, and what CI replays found ones on."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fuzz.answers import check_answers, check_marks, recorded
from fuzz.dice import ByteDice, mutated_text
from fuzz.files import MODELS, check_mapping, check_workbook, mutated_xlsx
from fuzz.markup import check_adf, check_asana, check_jql, check_wiki
from real_issues import SHIPPED, fitted_policy, read_issues
from real_trackers import OnAsana, OnCloud, OnCsv, OnDataCenter, OnXlsx

from sync.mapping.tracker_models import WorkbookMapping
from sync.richtext import Bullets, Paragraph, Span

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fuzz.answers import Recorded
    from real_issues import OnTracker

    from sync.mapping.policy import Policy
    from sync.richtext import Document, Style

BOOKED = 12
"""Real issues in the workbooks that are changed."""

_TABLES = ("issues.csv", "issues.comments.csv")
_STYLES: tuple[Style, ...] = ("plain", "strong", "emphasis", "code")
_PEOPLE = ("", "", "712020:somebody", "1200000000000001", "lead.1", "a b", "x]y")
_ZONES = tuple(map(ZoneInfo, ("UTC", "Asia/Tokyo", "America/St_Johns", "Pacific/Kiritimati")))
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


class Ground:
    """Where the checks stand: the corpus of real issues, and a folder to write in; all is made when needed."""

    def __init__(self, corpus: Path, folder: Path) -> None:
        self._corpus = corpus
        self._folder = folder
        self._recorded: dict[str, Recorded] = {}
        self.targets: dict[str, Callable[[bytes], None]] = {
            "mapping": self._mapping,
            "csv": self._csv,
            "xlsx": self._xlsx,
            "adf": lambda data: check_adf(document(ByteDice(data))),
            "wiki": lambda data: check_wiki(document(ByteDice(data))),
            "html": self._html,
            "jql": self._jql,
            "cloud": lambda data: self._answers(OnCloud, data),
            "data-center": lambda data: self._answers(OnDataCenter, data),
            "asana": lambda data: self._answers(OnAsana, data),
        }

    @cached_property
    def policy(self) -> Policy:
        """The mapping fitted to the real issues."""
        return fitted_policy(self._folder / "mappings")

    @cached_property
    def columns(self) -> WorkbookMapping:
        """Its workbook's mapping."""
        mapping = self.policy.mappings["workbook.toml"]
        assert isinstance(mapping, WorkbookMapping)
        return mapping

    @cached_property
    def books(self) -> dict[str, bytes]:
        """Some real issues in each kind of file, by the file's name."""
        folder = self._folder / "books"
        folder.mkdir()
        for kind in (OnXlsx, OnCsv):
            with kind(read_issues(self._corpus)[:BOOKED], folder):
                pass
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    def recorded(self, kind: type[OnTracker]) -> Recorded:
        """What that tracker says of all the real issues."""
        if kind.name not in self._recorded:
            with kind(read_issues(self._corpus), self._folder) as real:
                self._recorded[kind.name] = recorded(real, self.policy)
        return self._recorded[kind.name]

    def seeds(self, target: str) -> list[bytes]:
        """Sound inputs to begin with."""
        if target == "mapping":
            return [bytes([number]) + (SHIPPED / name).read_bytes() for number, name in enumerate(sorted(MODELS))]
        if target == "csv":
            return [bytes([number]) + self.books[name] for number, name in enumerate(_TABLES)]
        return [random.Random(number).randbytes(200) for number in range(20)]

    def _mapping(self, data: bytes) -> None:
        name = sorted(MODELS)[(data[0] if data else 0) % len(MODELS)]
        path = self._folder / "fuzzed.toml"
        path.write_bytes(data[1:])
        check_mapping(path, MODELS[name])

    def _csv(self, data: bytes) -> None:
        changed = _TABLES[(data[0] if data else 0) % 2]
        for name in _TABLES:
            (self._folder / name).write_bytes(data[1:] if name == changed else self.books[name])
        check_workbook(self._folder / "issues.csv", self.columns)

    def _xlsx(self, data: bytes) -> None:
        path = self._folder / "issues.xlsx"
        path.write_bytes(mutated_xlsx(self.books["issues.xlsx"], ByteDice(data)))
        check_workbook(path, self.columns)

    def _html(self, data: bytes) -> None:
        dice = ByteDice(data)
        marks = ["".join(dice.choice(_LETTERS) for _ in range(12)) for _ in range(dice.randint(0, 3))]
        check_asana(document(dice), marks)

    def _jql(self, data: bytes) -> None:
        dice = ByteDice(data)
        drawn = [_printable(mutated_text("OPS", dice) + text(dice)) for _ in range(dice.randint(1, 4))]
        names = {name.casefold(): name for name in drawn if name.strip() and not name.isdecimal()}
        names.pop("other", None)
        since = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=dice.getrandbits(31))
        check_jql(list(names.values()) or ["OPS"], since, dice.choice(_ZONES))

    def _answers(self, kind: type[OnTracker], data: bytes) -> None:
        dice = ByteDice(data)
        check = check_marks if dice.randrange(4) == 0 else check_answers
        check(self.recorded(kind), dice)


def document(dice: random.Random) -> Document:
    """A document of a few blocks."""
    return tuple(
        Paragraph(_spans(dice), dice.randint(0, 3))
        if dice.randrange(2)
        else Bullets(tuple(_spans(dice) for _ in range(dice.randint(0, 3))))
        for _ in range(dice.randint(1, 3))
    )


def _spans(dice: random.Random) -> tuple[Span, ...]:
    return tuple(
        Span(
            text(dice), dice.choice(_STYLES), dice.choice(("", "", "https://example.com/x")), dice.choice(_PEOPLE)
        )
        for _ in range(dice.randint(0, 3))
    )


def text(dice: random.Random) -> str:
    """A short text: mostly what is markup somewhere, sometimes any character."""
    signs = "-*_+^~?!|#%{}[]()@:;\\&<>h1.D x\n/ref"
    return "".join(
        chr(dice.randrange(0x11_0000)) if dice.randrange(8) == 0 else dice.choice(signs)
        for _ in range(dice.randint(0, 12))
    )


def _printable(name: str) -> str:
    """A name as a project can have it."""
    return "".join(letter for letter in name if letter.isprintable())
