"""What the passes of a replay come to: what would have been said, to whom, and which promises were kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from sync.action import told
from sync.judging.attention import quiet_until
from sync.judging.clocks import BREACH, WARNING
from sync.plan import Limits, guard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime, timedelta

    from sync.action import AddComment
    from sync.cycle import Sight
    from sync.judging.clocks import Clock
    from sync.judging.judgement import Judgement
    from sync.mapping.policy import Policy
    from sync.ticket import Audience, Severity
    from sync.trackers.sources import Source
    from sync.workbench.replay import Pass

_UNREAD = {"read": ""}
"""Of what was read but for a part of it, the reason tells enough."""

Outcome = Literal["kept", "broken", "open"]
Place = tuple[str, str]
"""A ticket's source and its id there."""


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of time that is looked at, and how often within it; instants are aware UTC."""

    since: datetime
    until: datetime
    every: timedelta


@dataclass(frozen=True, slots=True)
class Said:
    """One comment that would have been written; `at` is in the zone of its source.

    `steps` are what it told, by promise, occasion and step, `rules` the mapping cells behind them, `roles` those
    who were asked beside the ticket's owner, each named once. `quiet`: in hours in which others are left in peace.
    """

    at: datetime
    audience: Audience
    steps: tuple[tuple[str, str, int], ...]
    rules: tuple[str, ...]
    roles: tuple[str, ...]
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Promised:
    """One promise on one occasion within the window, and what became of it; `rule` is the mapping cell behind it.

    It is kept if what was promised was done, or its occasion passed, before its limit. `took` is how long it was
    until it was done, in time or late; None if it never was.
    """

    promise: str
    rule: str
    severity: Severity
    outcome: Outcome
    warned: bool
    took: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Tale:
    """What would have become of one ticket; `turns` are its categories and severities, each from when on."""

    source: str
    id: str
    key: str
    client: str
    turns: tuple[tuple[datetime, str, str], ...]
    said: tuple[Said, ...]
    promised: tuple[Promised, ...]

    @property
    def category(self) -> str:
        """What it was taken for in the end."""
        return self.turns[-1][1]

    @property
    def severity(self) -> str:
        """How severe it was in the end."""
        return self.turns[-1][2]


@dataclass(frozen=True, slots=True)
class Load:
    """One pass over one source: how much it would have done, and why the source's guard would have refused it."""

    at: datetime
    source: str
    actions: int
    refusal: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that a replay came to.

    `actions` counts what would have been written by kind. `waited` is what quiet hours or a snooze held back, and
    what was said after them, each ticket's step once; `rationed` counts comments that a day's measure put off,
    once a day.
    `largest` is the pass with the most actions, `refused` how many the guard would have refused. `failed` is what
    could not be read or judged, or not wholly.
    """

    window: Window
    passes: int
    tales: tuple[Tale, ...]
    actions: Mapping[str, int]
    waited: int
    rationed: int
    largest: Load | None
    refused: int
    failed: tuple[str, ...] = ()

    @property
    def said(self) -> list[tuple[Tale, Said]]:
        """Every comment with its ticket, oldest first."""
        return sorted(((tale, said) for tale in self.tales for said in tale.said), key=lambda each: each[1].at)


def reported(passes: Iterable[Pass], sources: Iterable[Source], policy: Policy, window: Window) -> Report:
    """What the passes come to. `sources` are the settings as they are configured, with their own guards."""
    tally = _Tally({source.name: source for source in sources}, policy, window)
    for each in passes:
        tally.count += 1
        for sight in each.sights:
            tally.take(sight, each.at)
    return tally.report()


@dataclass(slots=True)
class _Watched:
    """A promise as its clock was last seen, at `seen`."""

    clock: Clock
    severity: Severity
    seen: datetime
    step: int = 0


@dataclass(slots=True)
class _Story:
    """What is gathered of one ticket."""

    key: str
    client: str
    seen: datetime
    turns: list[tuple[datetime, str, str]] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    told: dict[tuple[str, str], int] = field(default_factory=dict)
    watched: dict[tuple[str, str], _Watched] = field(default_factory=dict)

    def say(self, said: Said) -> None:
        """One more comment."""
        self.said.append(said)
        self.told |= {(promise, occasion): step for promise, occasion, step in said.steps}

    def became(self, since: datetime) -> Iterator[Promised]:
        """Its promises, without those that were kept or broken before then."""
        last: dict[str, datetime] = {}
        for each in sorted(self.watched.values(), key=lambda each: each.clock.started, reverse=True):
            clock, following = each.clock, last.get(each.clock.promise)
            last[clock.promise] = clock.started
            done = clock.met or (following if each.seen < self.seen else None)
            if min(filter(None, (clock.due, clock.met)), default=since) < since:
                continue
            live = each.seen == self.seen and clock.live
            outcome: Outcome = "broken" if each.step >= BREACH else "open" if live else "kept"
            took = done - clock.started if done else None
            yield Promised(clock.promise, clock.rule, each.severity, outcome, each.step >= WARNING, took)


@dataclass(slots=True)
class _Tally:
    sources: Mapping[str, Source]
    policy: Policy
    window: Window
    count: int = 0
    stories: dict[Place, _Story] = field(default_factory=dict)
    actions: Counter[str] = field(default_factory=Counter)
    waited: set[tuple[Place, str, str, int]] = field(default_factory=set)
    rationed: set[tuple[Place, str]] = field(default_factory=set)
    largest: Load | None = None
    refused: int = 0
    failed: dict[str, None] = field(default_factory=dict)

    def take(self, sight: Sight, at: datetime) -> None:
        """One source in one pass."""
        name = sight.plan.source
        if sight.error:
            raise sight.error
        for judged in sight.judged:
            self._judged((name, judged.ticket.id), judged, at)
        for plan in sight.plan.tickets:
            place = (name, plan.ticket.id)
            self.actions.update(told(action)[0] for action in plan.actions)
            if plan.comment:
                said = self._said(plan.comment, plan.judged, self.sources[name].zone)
                self.stories[place].say(said)
            if plan.tomorrow:
                self.rationed.add((place, at.date().isoformat()))
        for each in sight.plan.failed:
            self.failed[": ".join(filter(None, (each.name, _UNREAD.get(each.what, each.what), each.why)))] = None
        self._weigh(sight, at)

    def _judged(self, place: Place, judged: Judgement, at: datetime) -> None:
        ticket, severity = judged.ticket, judged.rating.severity
        client = judged.client.name if judged.client else ticket.client or ""
        story = self.stories.setdefault(place, _Story(ticket.key, client, at))
        story.seen = at
        turn = (judged.classification.category, severity)
        if not story.turns or story.turns[-1][1:] != turn:
            story.turns.append((at, *turn))
        for clock in judged.clocks:
            if clock.cell is None:
                continue
            watched = story.watched.setdefault((clock.promise, clock.occasion), _Watched(clock, severity, at))
            watched.clock, watched.severity, watched.seen = clock, severity, at
            watched.step = max(watched.step, clock.step)
        for owed in (each.saying.obligation for each in judged.held):
            if story.told.get((owed.promise, owed.occasion), 0) < owed.step:
                self.waited.add((place, owed.promise, owed.occasion, owed.step))

    def _said(self, comment: AddComment, judged: Judgement, zone: str) -> Said:
        quiet, at = self.policy.practice.attention.quiet, judged.now.astimezone(ZoneInfo(zone))
        return Said(
            at,
            comment.audience,
            tuple((owed.promise, owed.occasion, owed.step) for owed in comment.obligations),
            tuple(dict.fromkeys(comment.rules)),
            tuple(dict.fromkeys(filter(None, comment.roles))),
            quiet=quiet is not None and quiet_until(quiet, "", judged.now, zone) is not None,
        )

    def _weigh(self, sight: Sight, at: datetime) -> None:
        """Hold the pass against the source's own guard."""
        own, issues = (
            self.sources[sight.plan.source].guard,
            [judged for judged in sight.judged if judged.ticket.status.live and not judged.home],
        )
        unclassified = sum(judged.classification.category == "unclassified" for judged in issues)
        limits = Limits(own.actions, own.client_comments, own.unclassified)
        refusal = guard(sight.plan.tickets, limits, len(issues), unclassified)
        self.refused += bool(refusal)
        load = Load(at, sight.plan.source, len(sight.plan.actions()), refusal)
        if self.largest is None or load.actions > self.largest.actions:
            self.largest = load

    def report(self) -> Report:
        """All that was gathered."""
        tales = [
            Tale(
                source,
                number,
                story.key,
                story.client,
                tuple(story.turns),
                tuple(story.said),
                tuple(story.became(self.window.since)),
            )
            for (source, number), story in self.stories.items()
        ]
        return Report(
            self.window,
            self.count,
            tuple(sorted(tales, key=lambda tale: (tale.source, tale.key))),
            dict(sorted(self.actions.items())),
            sum(
                self.stories[place].told.get((promise, occasion), 0) >= step
                for place, promise, occasion, step in self.waited
            ),
            len(self.rationed),
            self.largest,
            self.refused,
            tuple(self.failed),
        )
