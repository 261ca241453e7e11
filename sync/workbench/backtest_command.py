"""What `backtest` does, once its options are read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.commands.passes import working_program
from sync.errors import ConfigurationError
from sync.mapping.parts import Amount, folded
from sync.mapping.reader import shown
from sync.mapping.wording import nearest
from sync.observe import with_history
from sync.progress import progress_bar
from sync.settings import load, mapping_of
from sync.state.store import Store
from sync.terminal import console, say_json
from sync.trackers.past import Past, moments
from sync.workbench import backtest_figures as figures
from sync.workbench import backtest_text
from sync.workbench.backtest import Window, reported
from sync.workbench.backtest_json import as_json
from sync.workbench.replay import replayed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from sync.action import Failed
    from sync.call import Call
    from sync.mapping.policy import Policy
    from sync.observe import Served
    from sync.progress import Tell
    from sync.settings import Settings
    from sync.ticket import Ticket
    from sync.workbench.backtest import Report
    from sync.workbench.replay import Pass

_OFTENEST = timedelta(minutes=1)
EXCEEDED = 1
"""Exit status when a limit was passed."""


@dataclass(frozen=True, slots=True)
class _History:
    """What one source tells: its tickets with their history, and what it does not tell, a sentence each."""

    site: str
    tickets: tuple[Ticket, ...]
    brings_in: frozenset[str]
    unknown: tuple[str, ...]


def backtest(  # noqa: PLR0913 - the command's options
    call: Call,
    *,
    since: datetime,
    until: datetime | None,
    every: str,
    mapping: Path | None,
    client: str | None,
    max_per_role_week: Sequence[str] | None,
    max_comments_per_ticket: int | None,
) -> int:
    """What the daemon would have said over a stretch of the past; returns the exit status.

    Limits are those of the mapping that is tried: the other one, where there are two.
    """
    file = call.config_file()
    loaded = [load(file), *([load(file, mapping)] if mapping else [])]
    if mapping and mapping.resolve() == loaded[0][0].mappings.resolve():
        raise ConfigurationError(f"--mapping {mapping} is the mapping that is in force; name an edited copy of it")
    limits = dict(_limit(written, loaded[-1][1]) for written in max_per_role_week or ())
    looks = _every(every)
    reports: dict[str, Report] = {}
    unknown: list[str] = []
    window: Window | None = None
    for settings, policy in loaded:
        with (
            Store(settings.state, write=False) as store,
            working_program(settings, policy, store, call) as working,
        ):
            window = window or _window(since, until or working.clock(), looks)
            histories = {
                served.settings.name: _of_client(_read(served, store, window, working.progress), client, policy)
                for served in working.sources
            }
        _something_happened(histories, window)
        unknown += [line for each in histories.values() for line in each.unknown if line not in unknown]
        with progress_bar(quiet=call.quiet) as tell:
            name = shown(settings.mappings)
            reports[name] = _lived(settings, policy, histories, window, tell, name)
    *_, proposed = reports.values()
    excesses = figures.exceeded(proposed, limits, max_comments_per_ticket)
    if call.output == "json":
        say_json(as_json(reports, excesses, unknown))
    else:
        backtest_text.show(reports, excesses, unknown, console(), verbosity=call.verbosity)
    return EXCEEDED if excesses else 0


def _limit(written: str, policy: Policy) -> tuple[str, int]:
    """The role and the number of `ROLE=N`. ConfigurationError for another form, or a role that there is not."""
    role, _, number = written.partition("=")
    if not number.isdecimal():
        raise ConfigurationError(f"--max-per-role-week {written}: write ROLE=N, as in managing_partner=5")
    roles = [*policy.escalation.ladder, *policy.escalation.roles]
    if role not in roles:
        raise ConfigurationError(f"--max-per-role-week: no role {role!r} in escalation.toml{nearest(role, roles)}")
    return role, int(number)


def _every(written: str) -> timedelta:
    try:
        amount = Amount.parse(written).elapsed()
    except ValueError as why:
        raise ConfigurationError(f"--every: {why}") from None
    if amount < _OFTENEST:
        raise ConfigurationError("--every: look once a minute at most; write 1m or more")
    return amount


def _window(since: datetime, until: datetime, every: timedelta) -> Window:
    if since >= until:
        raise ConfigurationError(
            f"--since {since:%Y-%m-%d %H:%M} is not before the end, {until:%Y-%m-%d %H:%M} UTC; "
            "name an earlier one, or a later --until"
        )
    return Window(since, until, every)


# --- the past ---------------------------------------------------------------------------------------------------


def _read(served: Served, store: Store, window: Window, tell: Callable[[str, str, int], None]) -> _History:
    """Every ticket of a source with its history. ConfigurationError for a source that tells of no past."""
    tracker, name = served.tracker, served.settings.name
    tickets: list[Ticket] = []
    failed: list[Failed] = []
    site = tracker.connect()
    for page in tracker.changed(None):
        tickets += page.tickets
        failed += page.failed
        tell(name, "reading", len(tickets))
    if not tracker.capabilities.history:
        tickets = _as_observed(tickets, store, site)
        _was_observed(name, served.settings.tracker, tickets, window)
    unknown = [f"{name}: {each.name} could not be read: {each.why}" for each in failed]
    partly = [each for each in tickets if each.complete_since and each.complete_since > window.since]
    if partly:
        first = min(each.complete_since for each in partly if each.complete_since)
        unknown.append(
            f"{name}: what happened before {first:%Y-%m-%d %H:%M} UTC on {len(partly)} of {len(tickets)} tickets; "
            "they stand until then as they stood later"
        )
    return _History(site, tuple(tickets), tracker.capabilities.brings_in, tuple(unknown))


def _as_observed(tickets: Sequence[Ticket], store: Store, site: str) -> list[Ticket]:
    """The tickets with what was observed of them; those never looked at are left out."""
    logs = store.observed(site, [ticket.id for ticket in tickets])
    return [with_history(ticket, logs[ticket.id].entries) for ticket in tickets if logs[ticket.id].entries]


def _was_observed(name: str, tracker: str, tickets: Sequence[Ticket], window: Window) -> None:
    begun = min((each.complete_since or each.created for each in tickets), default=None)
    if begun is None or begun > window.until:
        known = (
            f"makegood has looked at it since {begun:%Y-%m-%d} only"
            if begun
            else "makegood has not looked at it yet"
        )
        raise ConfigurationError(
            f"{name}: a {tracker} keeps no history, and {known}, so there is nothing to replay; "
            'let the daemon look for a while (mode = "observe" writes nothing), or choose others by --source'
        )


def _of_client(history: _History, client: str | None, policy: Policy) -> _History:
    """The history of one client's tickets alone, known by name or alias; all of it without one."""
    if client is None:
        return history

    def name(written: str | None) -> str:
        record = policy.client(written) if written else None
        return folded(record.name if record else written or "")

    return replace(history, tickets=tuple(each for each in history.tickets if name(each.client) == name(client)))


def _something_happened(histories: Mapping[str, _History], window: Window) -> None:
    """ConfigurationError for a window in which nobody did anything."""
    found = sorted(at for each in histories.values() for ticket in each.tickets for at in moments(ticket))
    if any(window.since <= at <= window.until for at in found):
        return
    if not found:
        raise ConfigurationError("there is no ticket to replay; look at --source, --client and the config")
    raise ConfigurationError(
        f"nothing happened on the tickets between {window.since:%Y-%m-%d} and {window.until:%Y-%m-%d}: "
        f"their history tells of {found[0]:%Y-%m-%d} to {found[-1]:%Y-%m-%d}; choose --since and --until within"
    )


# --- lived through again ----------------------------------------------------------------------------------------


def _lived(  # noqa: PLR0913, PLR0917 - a replay, and what is told of it
    settings: Settings,
    policy: Policy,
    histories: Mapping[str, _History],
    window: Window,
    tell: Tell,
    name: str,
) -> Report:
    sources = [source for source in settings.source if source.name in histories]
    pasts = {
        source.name: Past(
            histories[source.name].site,
            histories[source.name].tickets,
            window.since,
            prefixes=policy.mappings[mapping_of(source)[0]].labels.prefixes,
            brings_in=histories[source.name].brings_in,
        )
        for source in sources
    }
    passes = replayed(settings, policy, pasts, window.until, window.every, wordless=True)
    return reported(_watched(passes, window, tell, name), sources, policy, window)


def _watched(passes: Iterator[Pass], window: Window, tell: Tell, name: str) -> Iterator[Pass]:
    """The passes, told of by the days that they have come to."""
    days = (window.until - window.since).days
    for each in passes:
        tell(name, "days lived through", (each.at - window.since).days, days)
        yield each
    tell(name, "days lived through", days, days)
