"""The sections of docs/real-data.md, each made of what the judgement really says."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from real_issues import FITTED, NOW, SHIPPED
from real_replay import lives

from sync.judging.clocks import BREACH, WARNING
from sync.judging.facts import fold
from sync.judging.judgement import Judge
from sync.mapping.policy import load_policy
from sync.startup import terms_of
from sync.ticket import CATEGORIES, SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from real_issues import Json, Passes, Verdict
    from real_replay import Life

    from sync.judging.judgement import Judgement
    from sync.mapping.policy import Policy
    from sync.ticket import Ticket
    from sync.trackers.sources import AnySource

PROMISES = {
    "first_response": "first response",
    "owned": "an owner",
    "update": "update",
    "escalation": "escalation taken",
    "slip": "word on a moved date",
    "solution_told": "news of the solution",
}
EVERY = 16
"""Every sixteenth issue was read by hand."""


class Judged(NamedTuple):
    """The same tickets by the fitted rules and by the shipped ones."""

    fitted: list[Judgement]
    shipped: list[Judgement]


def shipped_policy(fitted: Policy) -> Policy:
    """All shipped rules, with the fitted mappings of the trackers: without those no field would be read."""
    return replace(load_policy(SHIPPED, {}), mappings=fitted.mappings)


def judge_of(policy: Policy, source: AnySource) -> Judge:
    return Judge(policy, {source.name: terms_of(source, policy)})


def judged(tickets: Sequence[Ticket], judge: Judge, now: datetime = NOW) -> list[Judgement]:
    """Every ticket, judged with all others as facts."""
    known = [judge.known(ticket, judge.classify(ticket), now) for ticket in tickets]
    folded = fold(known)
    return [
        judge.judge(ticket, folded.of(own.client, ticket.site, ticket.id), now)
        for ticket, own in zip(tickets, known, strict=True)
    ]


def table(header: Sequence[str], rows: Iterable[Sequence[object]], *, texts: int = 1) -> str:
    """A table in Markdown; the first columns are texts, as many as that, and all others figures."""
    lines = [header, ["---"] * texts + ["---:"] * (len(header) - texts), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.0%})" if whole else "0"


# --- on the trackers --------------------------------------------------------------------------------------------

PASS_HEADER = (
    "tracker", "judged", "live", "labels", "due dates", "comments", "failed", "second pass", "differs from Jira",
)  # fmt: skip


def pass_row(done: Passes, reference: dict[str, Verdict]) -> list[object]:
    """What the first pass did on one tracker, and what there was left for the second."""
    plan = done.first.plan
    return [
        done.name,
        plan.seen,
        sum(each.live for each in done.verdicts.values()),
        done.written.labels.total(),
        done.written.dues.total(),
        done.written.comments.total(),
        len(plan.failed),
        len(done.second.plan.actions()),
        sum(each != reference[key] for key, each in done.verdicts.items()),
    ]


# --- what was decided -------------------------------------------------------------------------------------------


def decided(judgements: Sequence[Judgement]) -> str:
    """All issues by severity, by category and by the rules that decided."""
    live = [each for each in judgements if each.ticket.status.live]
    severities = [
        [severity, *(sum(each.rating.severity == severity for each in some) for some in (judgements, live))]
        for severity in reversed(SEVERITIES)
    ]
    categories = [
        [
            category,
            *(sum(each.classification.category == category for each in some) for some in (judgements, live)),
        ]
        for category in CATEGORIES
    ]
    return "\n\n".join(
        [
            table(("severity", "all", "live"), severities),
            table(("category", "all", "live"), categories),
            table(("the rule that gave the category", "issues"), _rules(judgements)),
            table(("what gave the severity", "issues"), _reasons(judgements)),
        ]
    )


def _rules(judgements: Iterable[Judgement]) -> list[tuple[str, int]]:
    given = Counter(f"{each.classification.category}: {each.classification.rule}" for each in judgements)
    return given.most_common()


def _reasons(judgements: Sequence[Judgement]) -> list[tuple[str, int]]:
    given = Counter(
        each.rating.why if each.rating.rule == "priority_values" else each.rating.rule for each in judgements
    )
    raised = Counter(f"raised: {one.trigger}" for each in judgements for one in each.rating.raises)
    return [*given.most_common(), *raised.most_common()]


# --- lived through again ----------------------------------------------------------------------------------------


def lived(by_matrix: dict[str, list[Life]]) -> str:
    """What became of every promise in the issues' lives, for each escalation matrix."""
    rows: list[list[object]] = []
    for promise, name in PROMISES.items():
        for matrix, found in by_matrix.items():
            steps = [step for life in found for step in life.reached(promise)]
            warned = share(sum(step >= WARNING for step in steps), len(steps))
            unwarned = promise in {"owned", "escalation"}
            broken = share(sum(step >= BREACH for step in steps), len(steps))
            rows.append([f"{name}, {matrix}", len(steps), "–" if unwarned else warned, broken])
    said = [
        [
            matrix,
            sum(len(life.judged) for life in found),
            sum(life.comments for life in found),
            sorted(life.comments for life in found)[len(found) // 2],
            max(life.comments for life in found),
        ]
        for matrix, found in by_matrix.items()
    ]
    return "\n\n".join(
        [
            table(("promise, matrix", "made", "warned of", "broken"), rows),
            table(("matrix", "judgements", "comments", "median an issue", "most on one issue"), said),
        ]
    )


def lives_by_matrix(tickets: Sequence[Ticket], fitted: Policy, source: AnySource) -> dict[str, list[Life]]:
    """The issues' lives by the fitted rules, with their own matrix and with the shipped one."""
    shipped = replace(fitted, escalation=shipped_policy(fitted).escalation)
    return {
        name: lives(tickets, judge_of(policy, source), NOW)
        for name, policy in (("fitted", fitted), ("shipped", shipped))
    }


# --- the shipped rules as they are ------------------------------------------------------------------------------


def unfitted(judgements: Sequence[Judgement]) -> str:
    """The same issues by the shipped taxonomy and severity."""
    classified = [each for each in judgements if each.classification.category != "unclassified"]
    severities = Counter(each.rating.severity for each in judgements)
    raised = sum(bool(each.rating.raises) for each in judgements)
    rows = [
        ("classified", share(len(classified), len(judgements))),
        *((severity, share(severities[severity], len(judgements))) for severity in reversed(SEVERITIES)),
        ("raised by anything", share(raised, len(judgements))),
    ]
    return "\n\n".join(
        [
            table(("shipped rules", "issues"), rows),
            table(("what gave the severity", "issues"), _reasons(judgements)),
        ]
    )


def unknown_statuses(issues: Iterable[Json]) -> dict[str, int]:
    """The statuses that the shipped jira.toml has in no list, and how many issues stand in each."""
    written = tomllib.loads((SHIPPED / "jira.toml").read_text(encoding="utf-8"))["status"]
    known = {name.casefold() for names in written.values() for name in names}
    found = Counter(issue["fields"]["status"]["name"] for issue in issues)
    return {name: count for name, count in found.most_common() if name.casefold() not in known}


# --- read by hand -----------------------------------------------------------------------------------------------


class Reading(NamedTuple):
    """What a person says of one issue, and what each set of rules said."""

    key: str
    category: str
    severity: str
    why: str
    fitted: Judgement
    shipped: Judgement


def readings(both: Judged) -> list[Reading]:
    """The issues that were read by hand."""
    fitted, shipped = ({each.ticket.key: each for each in some} for some in both)
    written = tomllib.loads((FITTED / "read-by-hand.toml").read_text(encoding="utf-8"))
    return [
        Reading(key, said["category"], said["severity"], said["why"], fitted[key], shipped[key])
        for key, said in written.items()
    ]


def read_by_hand(read: Sequence[Reading]) -> str:
    """How often each set of rules says what a reader says, and the issues one by one."""
    counted = [
        [name, *(share(count, len(read)) for count in _agreement([(one, getattr(one, name)) for one in read]))]
        for name in ("fitted", "shipped")
    ]
    each_one = [
        [one.key, f"{one.category}, {one.severity}", _said(one.fitted), _said(one.shipped), one.why]
        for one in read
    ]
    return "\n\n".join(
        [
            table(("rules", "category right", "unclassified", "category wrong", "severity right"), counted),
            table(("issue", "a reader says", "fitted rules", "shipped rules", "because"), each_one, texts=5),
        ]
    )


def _agreement(pairs: Sequence[tuple[Reading, Judgement]]) -> tuple[int, int, int, int]:
    """How many categories are right, withheld and wrong (one rightly withheld is right), and severities right."""
    right = sum(said.classification.category == one.category for one, said in pairs)
    withheld = [one for one, said in pairs if said.classification.category == "unclassified"]
    missed = sum(one.category != "unclassified" for one in withheld)
    severe = sum(said.rating.severity == one.severity for one, said in pairs)
    return right, len(withheld), len(pairs) - right - missed, severe


def _said(judgement: Judgement) -> str:
    return f"{judgement.classification.category}, {judgement.rating.severity}"


def overraised(read: Sequence[Reading]) -> int:
    """In how many of them the fitted severity was right until the client's other issues raised it."""
    raises = ((one, one.fitted.rating.raises) for one in read)
    return sum(bool(made) and made[0].before == one.severity for one, made in raises)
