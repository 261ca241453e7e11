"""The passes that a daemon would have made over a stretch of the past, or of a story that somebody has written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.cycle import run_pass
from sync.startup import program
from sync.state.store import Store
from sync.trackers.sources import UNGUARDED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from sync.cycle import Program, Sight
    from sync.mapping.policy import Policy
    from sync.settings import Settings
    from sync.trackers.past import Past
    from sync.trackers.sources import AnySource

_NEVER = timedelta(days=36500)


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass of a replay, and when it was made."""

    at: datetime
    sights: list[Sight]


def replayed(  # noqa: PLR0913 - what a replay is made of
    settings: Settings,
    policy: Policy,
    pasts: Mapping[str, Past],
    until: datetime,
    every: timedelta,
    *,
    wordless: bool = False,
) -> Iterator[Pass]:
    """Every pass from the moment at which the pasts (by source) stand until then, that had something to look at.

    It is the daemon's own pass, every `every`, in mode "full" and with the guard open, for a person looks through
    what it says; nothing is kept, nobody is notified, and no model is asked. `wordless`: its comments stay empty,
    for one who only counts them.
    """
    with Store.in_memory() as store:
        yield from lived(prepared(settings, policy, store, pasts, wordless=wordless), pasts, until, every)


def prepared(
    settings: Settings, policy: Policy, store: Store, pasts: Mapping[str, Past], *, wordless: bool = False
) -> Program:
    """The daemon's program on the sources that have a past, as `replayed` says."""
    alone = settings.model_copy(
        update={
            "source": [_opened(source) for source in settings.source if source.name in pasts],
            "notify": None,
            "suggest": None,
        }
    )
    ready = program(alone, policy, store, (), lambda: _now(pasts), lambda source, *_: pasts[source.name])
    working = replace(ready, crawl_every=_NEVER, pretended=True)
    if wordless:
        working = replace(working, render=lambda _judged, _sayings: (), slips=lambda _judged, _body: "")
    return working


def lived(working: Program, pasts: Mapping[str, Past], until: datetime, every: timedelta) -> Iterator[Pass]:
    """Every pass of a program that was prepared for these pasts, from where they stand until then."""
    now, number = _now(pasts), 0
    while now <= until:
        number += 1
        for past in pasts.values():
            past.advance(now)
        yield Pass(now, run_pass(working, now, f"pass {number}"))
        now = _next(now, every, [working.store.next_wake(), *(past.next_event() for past in pasts.values())])


def _now(pasts: Mapping[str, Past]) -> datetime:
    return max(past.now for past in pasts.values())


def _next(now: datetime, every: timedelta, moments: list[datetime | None]) -> datetime:
    """The first pass, counted from now, that comes at or after the earliest of the moments."""
    earliest = min((moment for moment in moments if moment), default=now + _NEVER)
    passes = max(1, -((now - earliest) // every))
    return now + passes * every


def _opened(source: AnySource) -> AnySource:
    return source.model_copy(update={"mode": "full", "guard": UNGUARDED})
