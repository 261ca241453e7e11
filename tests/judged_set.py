"""What the shipped rules say of the labelled tickets of data/judgement, beside what their reader said."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sync.judging.conditions import hear, phrases_in
from sync.judging.facts import NO_FACTS
from sync.judging.severity import Rater
from sync.judging.taxonomy import Classifier
from sync.mapping.severity_models import SeverityFile
from sync.mapping.taxonomy_models import Taxonomy
from sync.ticket import CATEGORIES, Audience, Comment, Person, Status, Ticket
from sync.words import Lexicon

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sync.judging.taxonomy import Classification

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "judgement.md"
TICKETS = Path(__file__).parent / "data" / "judgement"
LANGUAGES = {"en": "English", "ja": "Japanese", "da": "Danish", "ru": "Russian", "fi": "Finnish"}
GOALS = {"precision": 0.85, "coverage": 0.60, "critical_recall": 0.85, "critical_precision": 0.50}
"""What is wanted of the tickets that were kept apart, in every language."""
READ = ("tune", "more")
"""The files that were read while the rules were written."""
APART = ("kept", "fresh")
"""Those that were not; the last one that is there is held to the goals, for nobody has scored it before."""

_WRITTEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
_CLIENT = Person("client", "Client", "client")


class Verdict(NamedTuple):
    """A labelled ticket: what its reader said of it and what the shipped rules say."""

    id: str
    meant: str
    found: Classification
    critical: bool
    rated_critical: bool


class Figures(NamedTuple):
    """How well a list of tickets was judged; every figure but `n` is a share from 0 to 1."""

    n: int
    precision: float
    coverage: float
    macro_f1: float
    critical_recall: float
    critical_precision: float


def judging() -> Callable[[dict[str, Any]], Verdict]:
    """What judges one line of the labelled set by the shipped taxonomy and severity."""
    folder = ROOT / "mappings"
    taxonomy = Taxonomy.model_validate(tomllib.loads((folder / "taxonomy.toml").read_text(encoding="utf-8")))
    severity = SeverityFile.model_validate(tomllib.loads((folder / "severity.toml").read_text(encoding="utf-8")))
    conditions = [rule.when for rule in taxonomy.rule] + [signal.when for signal in severity.signal]
    lexicon = Lexicon(phrases_in(conditions), taxonomy.negation)
    classifier, rater = Classifier(taxonomy, "esc:"), Rater(severity, "esc:")

    def judge(line: dict[str, Any]) -> Verdict:
        ticket = _ticket(line)
        found = classifier.classify(ticket, hear(ticket, lexicon.scan))
        rated = rater.rate(ticket, found, NO_FACTS, _WRITTEN).severity
        return Verdict(line["id"], line["category"], found, line["critical"], rated == "critical")

    return judge


def _ticket(line: dict[str, Any]) -> Ticket:
    talk = tuple(
        Comment(str(number), _WRITTEN, _CLIENT, text, Audience.CLIENT)
        for number, text in enumerate(line.get("comments", ()))
    )
    return Ticket(
        *("desk", "desk", line["id"], line["id"], "", line["title"], line["text"]),
        *(Status.OPEN, _WRITTEN, _WRITTEN, ""),
        reporter=_CLIENT,
        comments=talk,
    )


def read(language: str, half: str) -> list[dict[str, Any]]:
    """The labelled tickets of one language and half (one of `READ` and `APART`)."""
    lines = (TICKETS / f"{language}.{half}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line]


def halves() -> list[str]:
    """Those there are; the last is the one that is held to the goals."""
    return [
        half for half in (*READ, *APART) if all((TICKETS / f"{each}.{half}.jsonl").exists() for each in LANGUAGES)
    ]


def figures(verdicts: Sequence[Verdict]) -> Figures:
    """How well these tickets were judged."""
    told = [each for each in verdicts if each.found.category != "unclassified"]
    right = sum(each.found.category == each.meant for each in told)
    alarms = [each for each in verdicts if each.rated_critical]
    grave = [each for each in verdicts if each.critical]
    hits = sum(each.critical for each in alarms)
    return Figures(
        len(verdicts),
        _share(right, len(told)),
        _share(len(told), len(verdicts)),
        sum(_f1(verdicts, category) for category in CATEGORIES) / len(CATEGORIES),
        _share(hits, len(grave)),
        _share(hits, len(alarms)),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _f1(verdicts: Sequence[Verdict], category: str) -> float:
    right = sum(each.meant == each.found.category == category for each in verdicts)
    said = sum((each.meant == category) + (each.found.category == category) for each in verdicts)
    return 2 * right / said if said else 1.0


def table(judge: Callable[[dict[str, Any]], Verdict]) -> str:
    """The figures of every language and half as a Markdown table, and of all together; * misses a goal."""
    lines = [
        "| language | half | n | precision | coverage | macro-F1 | critical recall | critical precision |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for half in halves():
        every: list[Verdict] = []
        for language, name in LANGUAGES.items():
            verdicts = [judge(line) for line in read(language, half)]
            lines.append(_row(name, half, figures(verdicts)))
            every += verdicts
        lines.append(_row("all five", half, figures(every)))
    return "\n".join(lines) + "\n"


def missed(told: Figures) -> set[str]:
    """Which of the goals these figures miss."""
    return {name for name, goal in GOALS.items() if getattr(told, name) < goal}


def _row(name: str, half: str, told: Figures) -> str:
    below = missed(told) if half == halves()[-1] else set()
    shown = [f"{getattr(told, each):.2f}{' *' if each in below else ''}" for each in Figures._fields[1:]]
    return f"| {name} | {half} | {told.n} | {' | '.join(shown)} |"
