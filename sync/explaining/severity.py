"""How a severity came about: which sources were asked in turn, what raised it, and why nothing else did."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import dropwhile
from typing import TYPE_CHECKING, Any

from sync.judging.contact import opened
from sync.judging.severity import Rater
from sync.legible import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.judging.facts import Facts
    from sync.judging.judgement import Judge, Judgement
    from sync.mapping.client_models import ClientModel
    from sync.mapping.severity_models import Trigger


def rater(judge: Judge, judged: Judgement) -> Rater:
    """The severity file as it applies to the ticket's source."""
    prefixes = judge.terms[judged.ticket.source].mapping.labels.prefixes
    return Rater(judge.policy.severity, *prefixes)


def asked(judged: Judgement, rating: Rater) -> list[dict[str, Any]]:
    """Each source of `order`, what it says or why it says nothing, and whether it was the one that `decides`."""
    given = judged.rating.given
    by_label = given is not None and given.source == "label"
    told: list[dict[str, Any]] = []
    if by_label:
        told.append({"source": "label", "is": _before_raises(judged), "why": judged.rating.why, "near": []})
    told += [
        {"source": each.source, "is": each.severity, "why": each.why, "near": list(each.near)}
        for each in rating.asked(judged.ticket, judged.classification.heard)
    ]
    told.append(
        {"source": "default", "is": rating.default, "why": "what is left where nothing tells it", "near": []}
    )
    first = next(each["source"] for each in told if each["is"])
    return [each | {"decides": each["source"] == first} for each in told]


def _before_raises(judged: Judgement) -> str:
    raises = judged.rating.raises
    return raises[0].before if raises else judged.rating.severity


def silent(judged: Judgement, judge: Judge, rating: Rater, facts: Facts) -> list[dict[str, str]]:
    """Each trigger that does not hold now, and why; of those by which nothing happened, what is missing."""
    held = {pull.trigger.name for pull in judged.rating.pulls}
    over = {each.trigger for each in judged.rating.withdrawn}
    triggers = [each for each in judge.policy.severity.trigger if each.name not in held]
    if judged.rating.decided:
        return [{"trigger": each.name, "why": "a person has decided the severity"} for each in triggers]
    return [
        {"trigger": each.name, "why": _over(each) if each.name in over else _why_not(each, judged, rating, facts)}
        for each in triggers
    ]


def _over(trigger: Trigger) -> str:
    within = trigger.within.written if trigger.within else ""
    return f"its evidence has been gone for {within}" if within else "its evidence is gone"


def _why_not(trigger: Trigger, judged: Judgement, rating: Rater, facts: Facts) -> str:
    """What is missing for that trigger to hold."""
    ticket = judged.ticket
    if meant := next(_meant_for_others(trigger, judged.client, opened(ticket)), ""):
        return meant
    match trigger.kind:
        case "client_issues" | "first_issue":
            return _counted(trigger, judged, facts)
        case "missed_deadlines":
            return f"{_missed(facts, opened(ticket))}; it takes {trigger.missed_deadlines} in a row"
        case "satisfaction_below":
            recorded = judged.client.satisfaction if judged.client else None
            figure = ticket.fields.get("satisfaction") or (f"{recorded:g}" if recorded is not None else "")
            limit = f"{trigger.satisfaction_below:g}"
            return f"satisfaction {figure} is not below {limit}" if figure else "no satisfaction is told"
        case "reopened":
            return "it was not reopened"
        case _:
            lacking = rating.lacking(trigger, ticket, judged.classification.heard)
            return f"missing: {'; '.join(lacking)}" if lacking else "it holds no more"


def _counted(trigger: Trigger, judged: Judgement, facts: Facts) -> str:
    """How many issues there are, and how many it takes."""
    if not judged.ticket.client:
        return "the ticket has no client"
    within = trigger.within.written if trigger.within else ""
    earlier = facts.earlier(opened(judged.ticket), trigger.within.elapsed()) if trigger.within else []
    if trigger.first_issue:
        return f"{len(earlier)} other issues of this client within {within} ({_keys(earlier)})"
    own = judged.classification.category
    alike = [known for known in earlier if known.category == own != "unclassified"]
    counts = alike if trigger.same_category else earlier
    told = f"issue number {len(counts) + 1} of this client{' and category' if trigger.same_category else ''}"
    named = f" ({_keys(counts)})" if counts else ""
    takes = f"it takes {trigger.client_issues}"
    if trigger.same_category_issues:
        takes += f", or {trigger.same_category_issues} of one category, of which it is number {len(alike) + 1}"
    return f"{told} within {within}{named}; {takes}"


def _keys(known: list[Any]) -> str:
    names = [each.key for each in known[-3:]]
    return f"{'… ' if len(known) > len(names) else ''}{', '.join(names)}"


def _missed(facts: Facts, at: datetime) -> str:
    """How many promised dates of the engagement were missed without one kept since."""
    newest = [deadline.missed for _, deadline in facts.deadlines(at)][::-1]
    if not newest:
        return "no date that was promised on this ticket has passed"
    row = len(newest) - len(list(dropwhile(bool, newest)))
    return f"{counted(row, 'promised date')} missed in a row"


def _meant_for_others(trigger: Trigger, client: ClientModel | None, at: datetime) -> Iterator[str]:
    """Why the trigger is not for this client, if it is not."""
    if trigger.tiers and (client is None or client.tier not in trigger.tiers):
        tier = (client.tier if client else "") or "of no tier"
        yield f"only for tier {' or '.join(trigger.tiers)}; this client is {tier}"
    longer, newer = trigger.client_longer_than, trigger.client_newer_than
    if not (longer or newer):
        return
    if client is None or client.since is None:
        yield "it goes by how long they have been a client, and clients.toml has no since for them"
        return
    age = at - datetime.combine(client.since, datetime.min.time(), UTC)
    if longer and age < longer.elapsed():
        yield f"only for clients of more than {longer.written}; this one came on {client.since}"
    if newer and age >= newer.elapsed():
        yield f"only for clients of less than {newer.written}; this one came on {client.since}"
