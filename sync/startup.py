"""From settings and mapping files to everything a pass works with."""

from __future__ import annotations

import gc
import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, assert_never, cast

from sync.cycle import Program
from sync.errors import TrackerError
from sync.judging.judgement import Judge
from sync.judging.promises import Terms
from sync.notify import noticed, notifier
from sync.observe import Served
from sync.saying.comments import Composer
from sync.saying.courtesy import slips
from sync.settings import chosen, mapping_of, notify_secret, suggest_token, token_for
from sync.suggest import Endpoint
from sync.trackers.base import Capabilities
from sync.trackers.pace import Paces
from sync.trackers.sources import AnySource, AsanaSource, JiraSource, WorkbookSource

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sync.mapping import tracker_models
    from sync.mapping.policy import Policy
    from sync.settings import Settings, Suggest
    from sync.state.store import Store
    from sync.trackers.base import Tracker

    Opener = Callable[[AnySource, Policy, Callable[[], datetime]], Tracker]


def opened(source: AnySource, policy: Policy, clock: Callable[[], datetime], paces: Paces) -> Tracker:
    """The source's tracker; its SDK is imported now and no request is made yet.

    `clock` tells the time of what is written to a workbook; other trackers have clocks of their own. `paces` are
    what each host may be asked.
    """
    mapping = policy.mappings[mapping_of(source)[0]]
    match source:
        case JiraSource():
            from sync.trackers.jira import open_jira  # noqa: PLC0415 - only for a source that needs it

            token, pace = token_for(source).get_secret_value(), paces.of(source)
            return open_jira(source, cast("tracker_models.JiraMapping", mapping), token, pace=pace)
        case AsanaSource():
            from sync.trackers.asana import open_asana  # noqa: PLC0415 - only for a source that needs it

            token, pace = token_for(source).get_secret_value(), paces.of(source)
            return open_asana(source, cast("tracker_models.AsanaMapping", mapping), token, pace=pace)
        case WorkbookSource():
            from sync.trackers.workbook import open_workbook  # noqa: PLC0415 - only for a source that needs it

            return open_workbook(source, cast("tracker_models.WorkbookMapping", mapping), clock=clock)
        case _:
            assert_never(source)


class Unopened:
    """Stands for a tracker that could not even be opened: its source says why in each pass, the others go on."""

    capabilities = Capabilities(history=True, ledger=False, writers=1)
    notice = None

    def __init__(self, error: TrackerError) -> None:
        self._error = error

    def connect(self) -> str:
        """Raise what kept it from being opened."""
        raise self._error

    def close(self) -> None:
        """Nothing was opened."""


def _served(source: AnySource, policy: Policy, clock: Callable[[], datetime], opener: Opener) -> Served:
    try:
        tracker = opener(source, policy, clock)
    except TrackerError as error:
        tracker = cast("Tracker", Unopened(error))
    return Served(source, terms_of(source, policy), tracker, _role_holders(source, policy))


def reopened(working: Program, paces: Paces) -> Program:
    """The same program for another thread, with trackers of its own, which whoever asks closes."""
    policy, opener = working.judge.policy, partial(opened, paces=paces)
    served = tuple(
        _served(cast("AnySource", each.settings), policy, working.clock, opener) for each in working.sources
    )
    return replace(working, sources=served)


def _role_holders(source: AnySource, policy: Policy) -> tuple[str, ...]:
    """Everybody who may be asked on the source, by their ids there."""
    clients = policy.clients
    tables = [clients.roles, *(client.roles for client in clients.client)]
    tables += [engagement.roles for client in clients.client for engagement in client.engagement]
    named = {who for roles in tables for listed in roles.values() for who in listed}
    ids = {policy.id_in(source.name, source.tracker, who) for who in named}
    return tuple(sorted(ids - {""}))


def terms_of(source: AnySource, policy: Policy) -> Terms:
    """What judging needs to know of a source."""
    return Terms(
        mapping=policy.mappings[mapping_of(source)[0]],
        staff_only=source.readers == "staff",
        due=source.due,
        zone=source.zone,
        language=source.language,
        calendar=source.calendar,
        tracker=source.tracker,
    )


def digest_of(policy: Policy, sources: Sequence[AnySource], suggest: Suggest | None = None) -> str:
    """A digest of all that tickets are judged by: mapping files, sources' settings, and who makes suggestions."""
    told = policy.digest + "".join(source.model_dump_json() for source in sources)
    told += suggest.model_dump_json() if suggest else ""
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def program(  # noqa: PLR0913, PLR0917 - what a program is made of
    settings: Settings,
    policy: Policy,
    store: Store,
    names: Sequence[str] = (),
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    opener: Opener | None = None,
    paces: Paces | None = None,
) -> Program:
    """Everything a pass works with. Opens the trackers; makes no request.

    A pass keeps what it reads until its end, so Python is told to look for garbage less often: searching through
    living tickets again and again takes a third of a pass over 5,000.
    """
    gc.set_threshold(100_000, 20, 50)
    sources, paces = chosen(settings, names), paces or Paces()
    paces.share(sources)
    opener = opener or partial(opened, paces=paces)
    served = tuple(_served(source, policy, clock, opener) for source in sources)
    terms = {each.settings.name: each.terms for each in served}
    composer, notify, suggest = Composer(policy, terms), settings.notify, settings.suggest
    return Program(
        sources=served,
        judge=Judge(policy, terms),
        render=composer.compose,
        slips=partial(slips, composer=composer, policy=policy),
        follow_up=composer.follow_up,
        suggest=Endpoint(suggest, policy.taxonomy, suggest_token()) if suggest else None,
        notices=partial(noticed, settings=notify, policy=policy) if notify else lambda _plan: (),
        notifier=notifier(notify, notify_secret) if notify else None,
        store=store,
        digest=digest_of(policy, settings.source, suggest),
        settle_after=settings.settle_after.elapsed(),
        crawl_every=settings.crawl_every.elapsed(),
        clock=clock,
        order=tuple(source.name for source in settings.source),
    )
