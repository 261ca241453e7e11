"""Which promises were kept and which were broken between two judgements of a ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sync.judging.judgement import Judgement
    from sync.judging.standing import Due, Standing
    from sync.promise_names import PromiseName

Outcome = Literal["kept", "broken"]


def outcomes(judged: Judgement, before: Standing | None, since: datetime) -> Iterator[tuple[PromiseName, Outcome]]:
    """What became of the promises of one ticket after `since`, the last good pass; each is told of once.

    `before` is where that pass left the ticket; None where it was not known, or was judged by another policy. A
    promise whose occasion passed, as an update's does with the next update, was kept if that came in time.
    """
    left = {(due.promise, due.occasion): due for due in (before.dues if before else ()) if due.at > since}
    told = {(clock.promise, clock.occasion): clock for clock in judged.clocks if clock.state != "off"}
    for key in left.keys() - told.keys():
        yield left[key].promise, _passed(left[key], judged)
    for key, clock in told.items():
        if clock.due is None or clock.state == "notice":
            continue
        if clock.met and clock.met <= clock.due:
            if key in left or clock.met > since:
                yield clock.promise, "kept"
        elif since < clock.due <= judged.now:
            yield clock.promise, "broken"


def _passed(due: Due, judged: Judgement) -> Outcome:
    """What became of a promise that is made no more: it was broken if what followed came too late."""
    followed = [clock.started for clock in judged.clocks if clock.promise == due.promise]
    return "kept" if min(max(followed, default=judged.now), judged.now) <= due.at else "broken"
