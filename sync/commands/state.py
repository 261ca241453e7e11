"""The commands about the state file itself: a backup of it, its size, and whether it is sound."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sync.errors import ConfigurationError, StateError
from sync.settings import load_settings
from sync.state import compaction
from sync.state.archive import size_of
from sync.state.backup import back_up, dated, prune
from sync.state.store import Store
from sync.state.verify import verify as findings_of
from sync.terminal import say, say_json

if TYPE_CHECKING:
    from pathlib import Path

    from sync.call import Call


def backup(call: Call, *, place: Path, keep: int | None) -> int:
    """A backup of the whole state, whatever the sources; returns 0."""
    state = load_settings(call.config_file()).state
    if keep is not None and not place.is_dir():
        raise ConfigurationError(f"{place} is no folder; make it, or mount its disk, or leave --keep out")
    file = dated(place, state, datetime.now(UTC)) if place.is_dir() else place
    made = back_up(state, file)
    pruned = prune(file, keep) if keep is not None else []
    if call.output == "json":
        told: dict[str, Any] = {"state": str(state), "backup": str(file), "deleted": list(map(str, pruned))}
        say_json({"schema": 1, **told, "bytes": made.size, "tickets": made.tickets, "said": made.said})
        return 0
    say(f"{file}: {made.size:,} bytes, {made.tickets} tickets, {made.said} steps said")
    if not call.quiet:
        way = shlex.join(["cp", str(file.absolute()), str(state.absolute())])
        say(f"to restore it: stop makegood, then `{way}`, then `makegood state verify` and start makegood again")
        if pruned:
            say(f"deleted, for --keep {keep}: {', '.join(path.name for path in pruned)}")
    return 0


REMOVED = {
    "journal": "entries of the journal",
    "notices": "notices",
    "words": "notices' words",
    "overrides": "notes of what people undid",
    "granted": "respites",
    "suggestions": "suggestions",
    "unread": "records that nobody tries to read any more",
}
"""What is counted when the state is compacted, in words."""


def compact(call: Call, *, dry_run: bool) -> int:
    """Take out of the state what nobody can need any more, or say what that would be; returns 0."""
    settings = load_settings(call.config_file())
    state, keep = settings.state, settings.keep_journal
    if not state.exists():
        raise StateError(f"{state} is not there, so there is nothing to compact; the first pass makes it")
    with Store(state, write=not dry_run) as store:
        done = compaction.compact(store, datetime.now(UTC), keep.elapsed())
    size = size_of(state)
    if call.output == "json":
        told = {"state": str(state), "done": not dry_run, "journal_since": done.since.isoformat()}
        say_json({"schema": 1, **told, "removed": dict(done.rows), "freed": done.freed, "bytes": size})
        return 0
    removed = [f"{count:,} {REMOVED[name]}" for name, count in done.rows.items() if count]
    verb = "to remove" if dry_run else "removed"
    say(f"{verb}: {', '.join(removed) or 'nothing'}")
    if not call.quiet:
        say(f'the journal tells of done tickets from {done.since:%Y-%m-%d} on (keep_journal = "{keep.written}")')
        say(f"{state}: {size:,} bytes, {done.freed:,} {'could be given' if dry_run else 'given'} back to the disk")
    return 0


def verify(call: Call, *, file: Path | None) -> int:
    """What is wrong or in doubt with the state, or with a backup of it; returns the exit status."""
    settings = load_settings(call.config_file())
    path = file or settings.state
    findings = findings_of(path, {source.name for source in settings.source})
    sound = all(finding.level != "error" for finding in findings)
    if call.output == "json":
        listed = [asdict(finding) for finding in findings]
        say_json({"schema": 1, "state": str(path), "sound": sound, "findings": listed})
    else:
        for finding in findings if not (call.quiet and sound) else ():
            say(f"{path}: {finding.level}: {finding.about}: {finding.what}")
        if sound and not call.quiet:
            say(f"{path} is sound")
    return 0 if sound else StateError.exit_status
