"""An audit: live tickets are read and judged as in a pass, twice where something is found; nothing is written."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sync.auditing.comparison import Comparison
from sync.auditing.kinds import KINDS, Decided, Finding
from sync.cycle import plan_pass
from sync.side_by_side import Sites, Underway
from sync.state.records import Remembered
from sync.state.store import Store
from sync.timekeeping import BEGINNING
from sync.trackers.sources import host_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from sync.auditing.comparison import Looked
    from sync.auditing.kinds import Kind
    from sync.cycle import Program, Sight
    from sync.observe import Served
    from sync.settings import Settings


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit came to: drift, the gravest first; what people decided; and what was looked at."""

    findings: tuple[Finding, ...]
    decided: tuple[Decided, ...]
    sources: tuple[Looked, ...]

    def counts(self) -> dict[tuple[str, Kind], int]:
        """How much of each kind was found on each source that could be read, nothing of a kind too."""
        found = Counter((each.source, each.kind) for each in self.findings)
        read = (each.source for each in self.sources if not each.error)
        return {(source, kind): found[source, kind] for source in read for kind in KINDS}


def patience(settings: Settings) -> timedelta:
    """How long a pass may take to come, to be made, and to find out what became of its writes: twice the longest
    rest of any source *(ours)*, and `settle_after`.
    """
    rests = [settings.interval, settings.interval_off_hours]
    rests += [own for source in settings.source for own in (source.interval, source.interval_off_hours) if own]
    return 2 * max(rest.elapsed() for rest in rests) + settings.settle_after.elapsed()


def audited(program: Program, state: Path, now: datetime, patience: timedelta, only: Sequence[str] = ()) -> Audit:
    """Compare what is wanted, what the state remembers and what stands on every live ticket, or on `only` these.

    `patience` is how long a pass may take to come and to find out what became of a write: what ran out later than
    that is not missed yet. Writes nothing, neither to a tracker nor to the state, of which it takes copies; so it
    may run beside a daemon, with trackers of its own. What moves while it is looked at is left for the next audit.
    """
    hosts: defaultdict[str, list[Served]] = defaultdict(list)
    for served in program.sources:
        hosts[host_of(served.settings)].append(served)
    audits = [
        _Auditor(replace(program, sources=tuple(sources)), state, now, now - patience).audit(only)
        for sources in hosts.values()
        if not program.stopping()
    ]
    return Audit(
        tuple(sorted((each for audit in audits for each in audit.findings), key=lambda each: each.rank)),
        tuple(each for audit in audits for each in audit.decided),
        tuple(each for audit in audits for each in audit.sources),
    )


@dataclass(slots=True)
class _Look:
    """What one look came to; `strangers` are keys of tickets with drift that the state did not know just after."""

    findings: list[Finding] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)
    sources: list[Looked] = field(default_factory=list)
    strangers: set[str] = field(default_factory=set)

    def take(self, compared: Comparison, store: Store) -> None:
        """Add one source."""
        self.sources.append(compared.compare())
        for each in compared.found:
            if isinstance(each, Decided):
                self.decided.append(each)
                continue
            self.findings.append(each)
            if not store.find(each.ticket, each.source):
                self.strangers.add(each.ticket)


@dataclass(frozen=True, slots=True)
class _Auditor:
    """The audit of the sources of one host; `by` is when a pass should have done what it has to do."""

    program: Program
    state: Path
    now: datetime
    by: datetime

    def audit(self, only: Sequence[str]) -> Audit:
        """A second look at where the first one found drift: what both tell is drift, and what no pass has met."""
        first = self._look(self.now, self.now, only)
        met = sorted({each.ticket for each in first.findings} - first.strangers)
        again = self._look(self.program.clock(), self.by, met).findings if met else []
        told = {each.identity for each in again}
        findings = [each for each in first.findings if each.identity in told or each.ticket in first.strangers]
        return Audit(tuple(findings), tuple(first.decided), tuple(first.sources))

    def _look(self, seen_at: datetime, judged_at: datetime, only: Sequence[str]) -> _Look:
        """Read and judge as a pass does, on a copy of the state that is thrown away; compare with another one."""
        look = _Look()
        with Store(self.state, write=False) as scratch:
            for served in () if only else self.program.sources:
                _forget_where_it_stands(scratch, served.settings.name)
            sights = plan_pass(_alone(self.program, scratch), seen_at, only, judged_at)
            put = [_put_by_people(sight, scratch) for sight in sights]
        with Store(self.state, write=False) as store:
            for sight, theirs in zip(sights, put, strict=True):
                compared = Comparison(self.program, self.now, self.by, sight, store, theirs, whole=not only)
                look.take(compared, store)
        return look


def _alone(program: Program, scratch: Store) -> Program:
    """The program for a pass that is thrown away: passes beside it neither hear of it nor are heard."""
    return replace(program, store=scratch, sites=Sites(), rations=Underway(Counter), known=Underway(dict))


def _forget_where_it_stands(scratch: Store, source: str) -> None:
    """Have the next pass read every ticket of the source, as after an edit of the mapping, and list their ids."""
    state = scratch.source(source)
    if state.site and state.crawled_at:
        scratch.remember(source, Remembered(replace(state, crawled_at=BEGINNING, policy="")))


def _put_by_people(sight: Sight, scratch: Store) -> dict[str, frozenset[str]]:
    """The labels that people were seen to put, by ticket, where the tracker keeps no history."""
    seen = sight.seen
    if seen is None or seen.served.tracker.capabilities.history:
        return {}
    logs = scratch.observed(seen.site, seen.tickets)
    return {number: frozenset((log.latest("labels") or "").split()) for number, log in logs.items()}
