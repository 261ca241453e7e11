"""`diff`: what an edited mapping changes for the tickets that are live now, before it is switched on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync.commands.passes import WORK_TO_DO, working_program
from sync.cycle import plan_pass
from sync.errors import ConfigurationError
from sync.legible import counted, inert
from sync.mapping.policy import load_policy
from sync.settings import load, mapping_of
from sync.state.store import Store
from sync.terminal import console, say, say_json
from sync.workbench.difference import Changed, View, as_json, difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime
    from pathlib import Path

    from rich.text import Text

    from sync.call import Call
    from sync.cycle import Sight
    from sync.mapping.policy import Policy
    from sync.settings import Settings
    from sync.workbench.difference import Difference

SHOWN = 15
"""Tickets that are shown one by one without -v *(ours)*."""


def diff(call: Call, *, mapping: Path, now: datetime | None, exit_code: bool) -> int:
    """The plans of one pass by the present mapping and by the one in `mapping`, held against each other.

    Every live ticket is read twice, for a tracker's own mapping file says how it is read. Writes nothing.
    """
    settings, policy = load(call.config_file())
    if mapping.resolve() == settings.mappings.resolve():
        raise ConfigurationError(
            f"{mapping} is the mapping that is in force; edit a copy of the folder, and name that one"
        )
    edited = load_policy(mapping, dict(mapping_of(source) for source in settings.source))
    before = _planned(settings, policy, call, now, anew="as it is")
    after = _planned(settings, edited, call, now)
    told = difference(before, after)
    if call.output == "json":
        say_json({"schema": 1, "mapping": str(mapping), **as_json(told)})
    else:
        zones = {source.name: ZoneInfo(source.zone) for source in settings.source}
        _show(told, zones, most=0 if call.quiet else 10**6 if call.verbose else SHOWN)
    errors = [sight.error.exit_status for sight in (*before, *after) if sight.error]
    return max(errors, default=WORK_TO_DO if exit_code and told.tickets else 0)


def _planned(
    settings: Settings, policy: Policy, call: Call, now: datetime | None, *, anew: str = ""
) -> list[Sight]:
    """The plan of one pass; with `anew` every live ticket is judged, though its mapping was not edited."""
    with (
        Store(settings.state, write=False) as store,
        working_program(settings, policy, store, call, now) as ready,
    ):
        working = replace(ready, digest=f"{ready.digest} {anew}") if anew else ready
        return plan_pass(working, working.clock())


def _show(told: Difference, zones: Mapping[str, ZoneInfo], most: int) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    screen = console()
    for each in told.tickets[:most]:
        screen.print(
            Text.assemble(
                (f"{inert(each.key)}  ", "bold cyan"), (inert(each.title, 70) or "(no title)", "italic")
            ),
            highlight=False,
        )
        for name, words in _lines(each, zones[each.source]):
            screen.print(Text.assemble((f"  {name:<10}", "dim"), words), highlight=False)
    if 0 < most < len(told.tickets):
        screen.print(Text(f"and {len(told.tickets) - most} more: add -v to see each", "dim"))
    for sentence in _summary(told):
        say(sentence)


def _lines(each: Changed, zone: ZoneInfo) -> Iterator[tuple[str, Text]]:
    """What changes on one ticket, a line for each kind."""
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    before, after = each.before or View(), each.after or View()
    if each.before is None or each.after is None:
        by = "the edited mapping" if each.before is None else "the present mapping"
        yield "judged", Text(f"by {by} alone", "yellow")
    for name, was, will, rule in (
        ("category", before.category, after.category, after.why_category),
        ("severity", before.severity, after.severity, after.why_severity),
        ("due", _day(before.due), _day(after.due), ""),
    ):
        if was != will:
            why = (f"  {rule}", "dim") if rule else ""
            yield name, Text.assemble((was or "–", "red"), " → ", (will or "–", "green"), why)
    added, gone = after.labels - before.labels, before.labels - after.labels
    if added or gone:
        signs = [Text(f"−{label}", "red") for label in sorted(gone)]
        yield "labels", Text(" ").join([*signs, *(Text(f"+{label}", "green") for label in sorted(added))])
    for (promise, _), limit, moved in each.moved:
        limits = (_moment(at, each.now, zone) for at in (limit, moved))
        words = f"{promise.replace('_', ' ')}: {' → '.join(limits)}"
        yield "promise", Text(words + (", after a warning" if promise in dict(each.spared) else ""))
    yield from (("would say", Text(line, "blue")) for line in after.says if line not in before.says)
    yield from (("not say", Text(line, "dim")) for line in before.says if line not in after.says)


def _day(day: date | None) -> str:
    return f"{day:%a %d %b %Y}" if day else "none"


def _moment(at: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """The moment, with its year if that is another than now."""
    if at is None:
        return "none"
    here = at.astimezone(zone)
    return f"{here:%a %d %b %H:%M}" if here.year == now.astimezone(zone).year else f"{here:%a %d %b %Y %H:%M}"


def _summary(told: Difference) -> Iterator[str]:
    """The difference in a few sentences."""
    count = len(told.tickets)
    if not count and (told.live or not told.troubles):
        yield f"nothing changes for {counted(told.live, 'live ticket')}"
    elif count:
        pairs = [(each.before or View(), each.after or View()) for each in told.tickets]
        dues = [(was.due, will.due) for was, will in pairs if was.due != will.due]
        earlier = sum(bool(was and will and will < was) for was, will in dues)
        later = sum(bool(was and will and will > was) for was, will in dues)
        yield (
            f"{count} of {counted(told.live, 'live ticket')} would change: "
            f"severity of {sum(was.severity != will.severity for was, will in pairs)}, "
            f"category of {sum(was.category != will.category for was, will in pairs)}, "
            f"labels of {sum(was.labels != will.labels for was, will in pairs)}, "
            f"due date of {len(dues)} ({earlier} earlier, {later} later)"
        )
        more = sum(bool(will.says) and not was.says for was, will in pairs)
        fewer = sum(bool(was.says) and not will.says for was, will in pairs)
        yield f"the next pass would comment on {counted(more, 'ticket')} more and on {fewer} fewer"
    if spared := sum(len(each.spared) for each in told.tickets):
        yield f"{counted(spared, 'promise')} would be broken by the edit: each gets one full warning period first"
    yield from (f"the guard would refuse the plan: {refusal}" for refusal in told.refusals)
    yield from (f"not compared: {trouble}" for trouble in told.troubles)
