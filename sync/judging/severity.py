"""Ticket → severity with its reason and the event that gave it; and urgency, which is another figure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Literal

from sync.judging.conditions import View, compiled, fields_in, gaps, nearly
from sync.judging.contact import CREATED, Event, by_person, labels_added, labels_removed, opened, resolved
from sync.judging.triggers import Grounds, Spell, pulls
from sync.ticket import SEVERITIES, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sync.judging.conditions import Heard
    from sync.judging.facts import Facts
    from sync.judging.taxonomy import Classification
    from sync.judging.triggers import Pull
    from sync.mapping.client_models import ClientModel
    from sync.mapping.severity_models import SeverityFile, Trigger
    from sync.ticket import Change, Language, Ticket
    from sync.words import Hit


@dataclass(frozen=True, slots=True)
class Raise:
    """One raise, or its withdrawal: by what, from what to what."""

    pull: Pull
    before: Severity
    after: Severity

    @property
    def trigger(self) -> str:
        """The trigger's name."""
        return self.pull.trigger.name

    @property
    def evidence(self) -> str:
        """The evidence in English, for plans and `explain`."""
        return self.pull.grounds.sentence


@dataclass(frozen=True, slots=True)
class Rating:
    """A severity, the rule and evidence behind it, and the tracker event (and its instant) that gave it.

    `decided`: a person gave it, by a label or by changing the mapped field; no trigger raises it. `risen` has an
    event for each severity from low up to this one: since when the ticket has been at least so severe. Promises
    count from there, so that a raise breaks none that nobody had made, and a lowering escalates nothing anew.
    `withdrawn` are raises whose evidence has been gone for its whole window. `pulls` are all triggers that hold,
    also those that bring in a role or only tell something; `until` is when the first of them ends on a live
    ticket, or may be seen to end.
    """

    severity: Severity
    rule: str
    why: str
    event: str
    since: datetime
    risen: tuple[Event, ...]
    raises: tuple[Raise, ...] = ()
    decided: bool = False
    withdrawn: tuple[Raise, ...] = ()
    pulls: tuple[Pull, ...] = ()
    until: datetime | None = None
    given: Given | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What gave the severity before any raise, for people: a kind of source, and the value it went by."""

    source: Literal["field", "matrix", "signals", "priority", "label", "default"]
    value: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one source of a severity says of a ticket as it stands: `severity` is None where it tells none, `why`
    then says what is missing. `near` are signals that lack one of several things.
    """

    source: str
    severity: Severity | None
    why: str
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the severity file, or a person's `label`, says at one moment, and by which mapped `fields`."""

    severity: Severity
    rule: str
    why: str
    given: Given
    fields: frozenset[str] = frozenset()
    label: str = ""


@dataclass(slots=True)
class _Turn:
    """A moment at which the severity, raises included, became another."""

    severity: Severity
    decided: bool
    event: str
    at: datetime
    answer: _Answer


@dataclass(slots=True)
class _Walk:
    """What the severity file answered at each event of a ticket's history, and whether by a person's decision.

    `spells`: when each trigger's condition was true.
    """

    answers: list[tuple[str, datetime, _Answer, bool]]
    spells: list[list[Spell]]


@dataclass(slots=True)
class _Moment:
    """A ticket as it was at one moment of its history.

    `told`: labels that are there still or whose removal is told. `chosen`: fields that a person has filled.
    `label`: what the last label says that a person has put.
    """

    ticket: Ticket
    fields: dict[str, str]
    labels: frozenset[str]
    hits: dict[tuple[Language, str], Hit]
    told: frozenset[str]
    chosen: set[str] = field(default_factory=set)
    label: _Answer | None = None


_SEVERITY = frozenset({"severity"})
_MATRIX = frozenset({"impact", "reach"})
_PRIORITY = frozenset({"priority"})
_WITHOUT_HISTORY = frozenset({"title", "text", "kind", "assignee", "reporter"})  # or told in other words there


class Rater:
    """The severity file, compiled once, for labels that begin with any of `prefixes`."""

    def __init__(self, file: SeverityFile, *prefixes: str) -> None:
        self._file = file
        self._fields = {value.casefold(): level for value, level in file.field_values.items()}
        self._priorities = {value.casefold(): level for value, level in file.priority_values.items()}
        self._cells = {
            (impact.casefold(), reach.casefold()): level
            for impact, row in (file.matrix.cells if file.matrix else {}).items()
            for reach, level in row.items()
        }
        self._signals = [(signal, compiled(signal.when)) for signal in file.signal]
        triggered = [trigger.when for trigger in file.trigger if trigger.when]
        self._conditions = [compiled(condition) for condition in triggered]
        asked = fields_in([*(signal.when for signal in file.signal), *triggered]) - _WITHOUT_HISTORY
        self._watched = asked | _SEVERITY | _MATRIX | _PRIORITY
        self._labels: dict[str, Severity] = {prefix + level: level for prefix in prefixes for level in SEVERITIES}
        self._ask: dict[str, Callable[[View], _Answer | None]] = {
            "field": self._by_field,
            "matrix": self._by_matrix,
            "signals": self._by_signals,
            "priority": self._by_priority,
        }

    def rate(
        self,
        ticket: Ticket,
        classification: Classification,
        facts: Facts,
        now: datetime,
        client: ClientModel | None = None,
    ) -> Rating:
        """The severity of one ticket at `now`.

        The ticket's history is walked so that `event` names what gave the present severity: `created`, or the id
        of a change, of a client's comment, or of what a trigger went by. An edit of the mapping moves no event. A
        ticket that is done stays as severe as it was when it was done.
        """
        now = min(now, resolved(ticket) or now)
        walk = self._walk(ticket, classification.heard)
        held = sorted(
            pulls(self._file, ticket, classification, facts, client, walk.spells), key=lambda pull: pull.at
        )
        held = [pull for pull in held if pull.at <= now]
        turns = _turns(walk.answers, held, now)
        last, answer = turns[-1], turns[-1].answer
        holding = [pull for pull in held if pull.holds(now)]
        return Rating(
            last.severity,
            answer.rule,
            answer.why,
            last.event,
            last.at,
            tuple(_risen(turns)),
            () if last.decided else tuple(_raises(answer.severity, holding)),
            last.decided,
            () if last.decided else tuple(_withdrawn(answer.severity, held, now)),
            tuple(holding),
            min(filter(None, (pull.looked_at(now) for pull in holding)), default=None)
            if ticket.status.live
            else None,
            answer.given,
        )

    def own(self, ticket: Ticket, classification: Classification) -> Severity:
        """The ticket's severity as far as it tells it itself, without any trigger."""
        return self._walk(ticket, classification.heard).answers[-1][2].severity

    def asked(self, ticket: Ticket, heard: Heard) -> list[Asked]:
        """What each source says of the ticket as it stands, in the order of asking, for `explain`."""
        view = _present(ticket, heard)
        return [
            Asked(source, answer.severity, answer.why)
            if (answer := self._ask[source](view))
            else Asked(source, None, self._silence(source, view), tuple(self._nearly(source, view)))
            for source in self._file.order
        ]

    def lacking(self, trigger: Trigger, ticket: Ticket, heard: Heard) -> list[str]:
        """What the condition of a trigger lacks to hold for the ticket as it stands; nothing if it holds."""
        return gaps(trigger.when, _present(ticket, heard)) if trigger.when else []

    def _silence(self, source: str, view: View) -> str:
        """Why that source tells no severity."""
        told = {name: view.fields.get(name, "") for name in ("severity", "impact", "reach", "priority")}
        if source == "signals":
            return f"none of {len(self._signals)} signals holds"
        if source == "matrix":
            empty = [name for name in ("impact", "reach") if not told[name]]
            if empty:
                return f"{' and '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty"
            return f"matrix.cells has no cell for impact “{told['impact']}” × reach “{told['reach']}”"
        name = "severity" if source == "field" else "priority"
        values = "field_values" if source == "field" else "priority_values"
        return f"“{told[name]}” is not among {values}" if told[name] else f"{name} is empty"

    def _nearly(self, source: str, view: View) -> Iterator[str]:
        for signal, _ in self._signals if source == "signals" else ():
            if nearly(signal.when, view):
                yield f"{signal.name}, missing: {gaps(signal.when, view)[0]}"

    @property
    def default(self) -> Severity:
        """The severity of a ticket of which no source tells any."""
        return self._file.default

    # --- the walk through the history --------------------------------------------------------------------------

    def _walk(self, ticket: Ticket, heard: Heard) -> _Walk:
        """What is answered at the creation and after each event that may change it."""
        moment = _Moment(ticket, dict(ticket.fields), ticket.labels, dict(heard.own), ticket.labels)
        if "status" in self._watched:
            moment.fields["status"] = ticket.status
        events: list[tuple[datetime, str, Callable[[], None]]] = [
            (change.at, change.id, partial(self._change, moment, change, led_to))
            for change, led_to in self._rewound(moment)
        ]
        events += [(said.at, said.id, partial(moment.hits.update, hits)) for said, hits in heard.said if hits]
        walk = _Walk([(CREATED, opened(ticket), *self._answer(moment))], [[] for _ in self._conditions])
        self._ask_triggers(walk, moment, CREATED, opened(ticket))
        for at, event, happen in sorted(events, key=itemgetter(0, 1)):
            happen()
            walk.answers.append((event, at, *self._answer(moment)))
            self._ask_triggers(walk, moment, event, at)
        return walk

    def _ask_triggers(self, walk: _Walk, moment: _Moment, event: str, at: datetime) -> None:
        """Note which triggers' conditions became true at this moment, and which are so no more."""
        for test, spells in zip(self._conditions, walk.spells, strict=True):
            lasting = bool(spells) and spells[-1].gone is None
            quoted = test(View(moment.ticket, moment.fields, moment.labels, moment.hits))
            if quoted and not lasting:
                spells.append(Spell(event, at, Grounds("when", quoted=quoted)))
            elif lasting and not quoted:
                spells[-1] = replace(spells[-1], gone=at)

    def _rewound(self, moment: _Moment) -> list[tuple[Change, str]]:
        """Take the moment back to the ticket's creation; returns the changes undone, each with what it led to.

        That is the value before the next change, or the present one: where the history has gaps, they count.
        """
        undone = []
        for change in sorted(
            set(filter(self._matters, moment.ticket.changes)), key=attrgetter("at", "id"), reverse=True
        ):
            undone.append((change, moment.fields.get(change.field, "")))
            if change.field == "labels":
                moment.labels = (moment.labels - labels_added(change)) | labels_removed(change)
                moment.told |= labels_removed(change)
            else:
                moment.fields[change.field] = change.before
        return undone

    def _matters(self, change: Change) -> bool:
        """Whether the severity may hang on it: a field that is asked, or a label of severity that came or went."""
        if change.field != "labels" or "labels" in self._watched:
            return change.field in self._watched
        told = labels_removed(change) | (labels_added(change) if by_person(change) else set())
        return not told.isdisjoint(self._labels)

    def _change(self, moment: _Moment, change: Change, led_to: str) -> None:
        """Let a change happen again; what a person decides by it is noted."""
        if change.field == "labels":
            self._relabel(moment, change)
            return
        moment.fields[change.field] = led_to
        if not by_person(change):
            moment.chosen.discard(change.field)
            return
        moment.chosen.add(change.field)
        if moment.label and change.field in self._asked(moment).fields:
            moment.label = None

    def _relabel(self, moment: _Moment, change: Change) -> None:
        added, removed = labels_added(change), labels_removed(change)
        moment.labels = (moment.labels - removed) | added
        if moment.label and moment.label.label in removed:
            moment.label = None
        put = added & moment.told & self._labels.keys()
        if put and by_person(change):
            label = max(put, key=lambda each: SEVERITIES.index(self._labels[each]))
            why = f"{change.author.name or 'somebody'} put {label}"
            given = Given("label", label)
            moment.label = _Answer(self._labels[label], "a person's label", why, given, label=label)

    # --- the severity file's answer ----------------------------------------------------------------------------

    def _answer(self, moment: _Moment) -> tuple[_Answer, bool]:
        """What the label says that a person put, or else what the file says; and whether a person decided it."""
        if moment.label:
            return moment.label, True
        answer = self._asked(moment)
        return answer, not answer.fields.isdisjoint(moment.chosen)

    def _asked(self, moment: _Moment) -> _Answer:
        view = View(moment.ticket, moment.fields, moment.labels, moment.hits)
        for source in self._file.order:
            if answer := self._ask[source](view):
                return answer
        return _Answer(self._file.default, "default", "nothing on the ticket tells its severity", Given("default"))

    def _by_field(self, view: View) -> _Answer | None:
        value = view.fields.get("severity", "")
        level = self._fields.get(value.casefold()) if value else None
        if not level:
            return None
        why = f"the severity field says “{value}”"
        return _Answer(level, "field_values", why, Given("field", value), _SEVERITY)

    def _by_priority(self, view: View) -> _Answer | None:
        value = view.fields.get("priority", "")
        level = self._priorities.get(value.casefold()) if value else None
        if not level:
            return None
        return _Answer(level, "priority_values", f"the priority is “{value}”", Given("priority", value), _PRIORITY)

    def _by_matrix(self, view: View) -> _Answer | None:
        impact, reach = view.fields.get("impact", ""), view.fields.get("reach", "")
        level = self._cells.get((impact.casefold(), reach.casefold()))
        if not level:
            return None
        given = Given("matrix", f"{impact} × {reach}")
        return _Answer(level, f"matrix.cells.{impact}.{reach}", f"impact {impact} × reach {reach}", given, _MATRIX)

    def _by_signals(self, view: View) -> _Answer | None:
        found = [(signal, evidence) for signal, test in self._signals if (evidence := test(view))]
        if not found:
            return None
        signal, evidence = max(found, key=lambda each: SEVERITIES.index(each[0].severity))
        return _Answer(signal.severity, signal.name, evidence, Given("signals", evidence))


def _present(ticket: Ticket, heard: Heard) -> View:
    """The ticket as it stands, with all phrases that were found."""
    hits = dict(heard.own)
    for _, said in heard.said:
        hits.update(said)
    return View(ticket, dict(ticket.fields), ticket.labels, hits)


def _turns(
    answers: Sequence[tuple[str, datetime, _Answer, bool]], held: Sequence[Pull], now: datetime
) -> list[_Turn]:
    """The moments at which the severity, raises included, became another, oldest first."""
    given = {number: (answer, decided) for number, (_, _, answer, decided) in enumerate(answers)}
    moments = [(at, 0, event, number) for number, (event, at, _, _) in enumerate(answers)]
    moments += [(pull.at, 1, pull.event, -1) for pull in held if pull.at > moments[0][0]]
    moments += [(pull.until, 2, pull.event, -1) for pull in held if pull.until and pull.until <= now]
    turns: list[_Turn] = []
    answer, decided = given[0]
    for at, _, event, number in sorted(moments, key=lambda each: (each[3] != 0, each[0], each[1], each[3])):
        answer, decided = given.get(number, (answer, decided))
        raises = () if decided else tuple(_raises(answer.severity, [pull for pull in held if pull.holds(at)]))
        severity = raises[-1].after if raises else answer.severity
        if turns and (severity, decided) == (turns[-1].severity, turns[-1].decided):
            turns[-1].answer = answer
        else:
            turns.append(_Turn(severity, decided, event, at, answer))
    return turns


def _raises(severity: Severity, held: Sequence[Pull]) -> Iterator[Raise]:
    """What each trigger does to a severity, one after the other."""
    for pull in held:
        after = raised(severity, pull.trigger.raise_by)
        if pull.trigger.at_most:
            after = max(severity, min(after, pull.trigger.at_most, key=SEVERITIES.index), key=SEVERITIES.index)
        if pull.trigger.at_least:
            after = max(after, pull.trigger.at_least, key=SEVERITIES.index)
        if after != severity:
            yield Raise(pull, severity, after)
            severity = after


def _withdrawn(severity: Severity, held: Sequence[Pull], now: datetime) -> Iterator[Raise]:
    """Each raise that ended, from what back to what; one that others outlast takes nothing away."""
    ended = sorted((pull for pull in held if pull.until and pull.until <= now), key=attrgetter("until"))
    for place, pull in enumerate(ended):
        gone = ended[: place + 1]
        rest = [each for each in held if each not in gone and pull.until and each.at <= pull.until]
        before = _level(severity, [each for each in held if each is pull or each in rest])
        after = _level(severity, rest)
        if before != after:
            yield Raise(pull, before, after)


def _level(severity: Severity, held: Sequence[Pull]) -> Severity:
    return next((each.after for each in reversed(list(_raises(severity, held)))), severity)


def _risen(turns: list[_Turn]) -> Iterator[Event]:
    """For each severity up to the present one, the event since which it has been at least that."""
    events = [Event(turn.event, turn.at, turn.answer.why) for turn in turns]
    levels = [SEVERITIES.index(turn.severity) for turn in turns]
    for least in range(levels[-1] + 1):
        below = [number for number, level in enumerate(levels) if level < least]
        yield events[below[-1] + 1 if below else 0]


def raised(severity: Severity, steps: int) -> Severity:
    """The severity that many steps up, at most critical."""
    return SEVERITIES[min(SEVERITIES.index(severity) + steps, len(SEVERITIES) - 1)]


@dataclass(frozen=True, slots=True)
class Urgency:
    """How soon somebody should look: `score` ranks (higher is sooner), `parts` say what made it."""

    score: int
    parts: Mapping[str, int]


TIME_LEFT = "time to the next broken promise"
"""The part of an urgency that changes though nothing happens."""


def pressing(until_break: timedelta | None) -> int:
    """What the time to the next broken promise adds to an urgency; negative once it is broken, None for none."""
    if until_break is None:
        return 0
    return max(0, min(50, round(40 - 2 * (until_break / timedelta(hours=1)))))


def urgency(
    ticket: Ticket, rating: Rating, until_break: timedelta | None, *, client_waits: bool, reopened: bool
) -> Urgency:
    """Rank of a live ticket *(ours)*: time to the next broken promise first, then trend, then nobody on it.

    `until_break` is negative once a promise is broken, None when no promise runs. A ticket whose status is not
    live has urgency 0.
    """
    if not ticket.status.live:
        return Urgency(0, {})
    figures = {
        TIME_LEFT: pressing(until_break),
        "severity": 5 * SEVERITIES.index(rating.severity),
        "the client waits for an answer": 10 if client_waits else 0,
        "reopened": 10 if reopened else 0,
        "raised": 5 * len(rating.raises),
        "nobody owns it": 0 if ticket.assignee else 10,
    }
    return Urgency(sum(figures.values()), {name: figure for name, figure in figures.items() if figure})
