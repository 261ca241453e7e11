"""How each source stands, from the state file alone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sync.legible import counted
from sync.settings import chosen, load
from sync.state.store import Store
from sync.terminal import say, say_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.call import Call
    from sync.trackers.sources import Source

_SENT = {
    "edit": "labels or a due date",
    "comment": "a comment",
    "follow_up": "a follow-up",
    "delete": "a deletion",
}
"""What a write of each kind sends."""


def status(call: Call) -> int:
    """Tell it of the sources that were chosen; of all sources, also what those left behind that are gone."""
    settings, _ = load(call.config_file())
    with Store(settings.state, write=False) as store:
        told = [_standing(store, source) for source in chosen(settings, call.sources)]
        gone = [] if call.sources else sorted(set(store.sources()) - {source.name for source in settings.source})
        waiting = {name: len(store.unsettled(store.source(name).site, name)) for name in gone}
        live = {name: len(store.ids(name, live_only=True)) for name in gone}
    if call.output == "json":
        left = {"left_behind": _some(waiting), "unwatched": _some(live)}
        say_json({"schema": 1, "state": str(settings.state), "sources": told, **left})
        return 0
    zones = {source.name: ZoneInfo(source.zone) for source in settings.source}
    for each in told:
        say("\n".join(_lines(each, zones[str(each["source"])])))
    for name in gone:
        for line in _left_behind(name, waiting[name], live[name]):
            say(line)
    return 0


def _standing(store: Store, source: Source) -> dict[str, object]:
    state = store.source(source.name)
    listed = store.listed([source.name])
    return {
        "source": source.name,
        "tracker": source.tracker,
        "mode": source.mode,
        "last_good": state.last_good.isoformat() if state.last_good else None,
        "tickets": len(store.ids(source.name)),
        "live": len(store.ids(source.name, live_only=True)),
        "opted_out": sum(row.standing.opted_out for row in listed if row.live and row.standing),
        "halted": bool(state.halted),
        "trouble": state.trouble,
        "unread": store.unread(source.name),
        "open_writes": _open_writes(store, state.site),
        "doubtful_notices": _doubtful_notices(store, state.site),
    }


def _open_writes(store: Store, site: str) -> list[dict[str, str]]:
    """Writes on the site of which nobody knows yet whether they arrived; `key` is empty where no pass noted it."""
    entries = store.unsettled(site) if site else []
    keys = {row.known.id: row.known.key for row in store.rows(site, {entry.ticket for entry in entries})}
    return [
        {
            "ticket": entry.ticket,
            "key": keys.get(entry.ticket, ""),
            "kind": entry.kind,
            "outcome": entry.outcome,
            "since": entry.intended_at.isoformat(),
            "note": entry.note,
        }
        for entry in entries
    ]


def _doubtful_notices(store: Store, site: str) -> list[dict[str, str]]:
    """Notices of the site's tickets that were perhaps sent."""
    return [
        {
            "ticket": entry.notice.key,
            "to": entry.notice.to,
            "since": (entry.ended_at or entry.intended_at).isoformat(),
            "note": entry.note,
        }
        for entry in store.doubtful_notices(site)
    ]


def _some(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def _left_behind(name: str, waiting: int, live: int) -> Iterator[str]:
    """What is open on a source that is gone from the config: writes of unknown outcome, and live tickets."""
    gone = f"{name}: no longer in the config"
    watched = f"{counted(live, 'live ticket')} of it {'is' if live == 1 else 'are'} watched by nobody"
    if waiting:
        yield f"{gone}, while the outcome of {counted(waiting, 'write')} is unknown"
        yield "  put its [[source]] back until a pass has looked them up, or leave it: nothing is written there"
        if live:
            yield f"  {watched}"
    elif live:
        yield f"{gone}, and {watched}"
        yield "  put its [[source]] back if that is not meant"


def _lines(told: dict[str, Any], zone: ZoneInfo) -> Iterator[str]:
    good = _moment(told["last_good"], zone) if told["last_good"] else "never"
    yield f"{told['source']}: {told['tracker']}, mode {told['mode']}, last good pass {good}"
    yield f"  {counted(told['tickets'], 'ticket')} known, {told['live']} of them live"
    if told["opted_out"]:
        yield f"  {told['opted_out']} opted out, so that nothing is written on them (makegood worklist lists them)"
    if told["halted"]:
        yield "  comments are halted: one reached more readers than it was meant for; correct `readers`"
    if told["trouble"]:
        yield f"  trouble: {told['trouble']}"
    for ticket, why in told["unread"].items():
        yield f"  {ticket}: could not be read: {why}"
    for write in told["open_writes"]:
        what, why = _SENT.get(write["kind"], write["kind"]), f": {write['note']}" if write["note"] else ""
        sent = f"{write['key'] or 'ticket id ' + write['ticket']}: {what} sent {_moment(write['since'], zone)}"
        yield f"  {sent}, outcome unknown; the next passes look for it{why}"
    for notice in told["doubtful_notices"]:
        sent = f"{notice['ticket']}: a notice to {notice['to']} sent {_moment(notice['since'], zone)}"
        yield f"  {sent}, outcome unknown; it is not sent again: {notice['note']}"


def _moment(at: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(at).astimezone(zone):%a %d %b %Y %H:%M} ({zone.key})"
