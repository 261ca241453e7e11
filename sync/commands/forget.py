"""`forget`: one client's data out of the state, and the proof that it is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.errors import ConfigurationError, StateError
from sync.legible import counted, inert
from sync.mapping.wording import nearest
from sync.settings import load
from sync.state.forgetting import Proof, Subject, backups_beside, forget, prove, subject
from sync.state.store import Store
from sync.terminal import asked, say, say_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from sync.call import Call
    from sync.mapping.policy import Policy
    from sync.state.forgetting import Held

NAMED = 3
"""Tickets, words or files that a line names."""
ROWS = {
    "tickets": ("ticket", "tickets"),
    "said": ("step said", "steps said"),
    "journal": ("entry of the journal", "entries of the journal"),
    "observations": ("observation", "observations"),
    "notices": ("notice", "notices"),
    "granted": ("respite", "respites"),
    "overrides": ("note of what people undid", "notes of what people undid"),
    "cursors": (
        "mark of how far a source was read (it is read anew, whole)",
        "marks of how far a source was read (they are read anew, whole)",
    ),
    "suggestions": (
        "suggestion (of all clients: it does not tell whose it is)",
        "suggestions (of all clients: they do not tell whose they are)",
    ),
}
"""What is taken out, in words, by its table: one of it, and any other number."""


def forget_client(call: Call, *, client: str, yes: bool) -> int:
    """Take one client's data out of the state, and prove it; returns the exit status."""
    settings, policy = load(call.config_file())
    sources = {source.name for source in settings.source}
    path = settings.state
    if not path.exists():
        raise StateError(f"{path} is not there, so nothing is remembered of anybody")
    with Store(path, write=True) as store:
        who = subject(store, _names(policy, client))
        _known(store, policy, who, client)
        _refuse(who, sources)
        agreed = yes or asked(_question(who, path))
        removed = forget(store, who, sources) if agreed else {}
    if not agreed:
        if agreed is None:
            say(f"{_question(who, path)} Nothing was removed; add --yes to do it.", err=True)
            return ConfigurationError.exit_status
        say("Nothing was removed.")
        return 0
    with Store(path, write=False) as store:
        proof = prove(path, store, who)
        unknown = store.ask("SELECT count(*) FROM tickets WHERE source = '' AND client = ''")[0][0]
    backups = backups_beside(path)
    if call.output == "json":
        say_json(_as_json(who, removed, proof, backups, unknown))
    else:
        for line in _lines(removed, proof, backups, unknown):
            say(line)
    return StateError.exit_status if proof.left else 0


def _names(policy: Policy, client: str) -> list[str]:
    record = policy.client(client)
    return [record.name, *record.aliases] if record else [client]


def _known(store: Store, policy: Policy, who: Subject, client: str) -> None:
    """ConfigurationError for a client of whom nothing is known, with the one that was perhaps meant."""
    if who.tickets:
        return
    if policy.client(client):
        raise ConfigurationError(f"nothing is remembered of {client!r}; there is nothing to remove")
    known = {name for (name,) in store.ask("SELECT DISTINCT client FROM tickets WHERE client <> ''")}
    raise ConfigurationError(f"no ticket of a client called {client!r} is known{nearest(client, known)}")


def _refuse(who: Subject, sources: Collection[str]) -> None:
    """StateError, with the remedy, while it could do harm, or would not last."""
    if doubtful := who.doubtful:
        raise StateError(
            f"it is not known yet how writes on {_named(doubtful)} ended, and one that is forgotten could be made "
            "twice; let makegood run until `makegood status` names none of them"
        )
    if shown := who.shown(sources):
        names = sorted({each.source for each in shown})
        raise StateError(
            f"{', '.join(names)} still show{'s' * (len(names) == 1)} {_named(shown)}, so the next pass would "
            "read it all again; delete these tickets there, or take their projects (or the source) out of "
            "config.toml and let makegood run until `makegood status` counts them no more, "
            "which takes `crawl_every` at most"
        )


def _named(tickets: Sequence[Held]) -> str:
    more = f" and {len(tickets) - NAMED} more" if len(tickets) > NAMED else ""
    return f"{', '.join(each.key or each.id for each in tickets[:NAMED])}{more}"


def _question(who: Subject, path: Path) -> str:
    names = ", ".join(who.names)
    return (
        f"Take all that is remembered of {names} ({counted(len(who.tickets), 'ticket')}) out of {path}, for good?"
    )


def _lines(removed: Mapping[str, int], proof: Proof, backups: Sequence[Path], unknown: int) -> Iterator[str]:
    yield f"removed: {', '.join(f'{count:,} {ROWS[table][count != 1]}' for table, count in removed.items())}"
    places = " and ".join(f"the {size:,} bytes of {name}" for name, size in proof.searched.items())
    if proof.left:
        yield (
            f"NOT PROVED: {_few(proof.left)} still stands in {places}; make room on the disk for two copies of "
            "the state and run `makegood state compact`, then search the file yourself (grep -a)"
        )
    else:
        yield f"proved: of {proof.words} names, keys and ids none stands in {places} as the client's"
    for place, count in proof.others.items():
        yield f"  kept with what is another's: {place}, {counted(count, 'time')}"
    if proof.unsought:
        yield f"  no row has them, but too short or mere numbers, so not searched for: {_few(proof.unsought)}"
    if unknown:
        yield (
            f"  {counted(unknown, 'ticket')} left their source under an older version, which did not keep whose "
            "they were: their keys and marks are kept, and nothing else of them"
        )
    if backups:
        yield f"not covered, delete them yourself: {_few([str(backup) for backup in backups])}"
    yield "not covered either: clients.toml and other mapping files, logs, backups elsewhere, and the trackers"


def _few(words: Sequence[str]) -> str:
    more = f" and {len(words) - NAMED} more" if len(words) > NAMED else ""
    return f"{', '.join(map(inert, words[:NAMED]))}{more}"


def _as_json(
    who: Subject, removed: Mapping[str, int], proof: Proof, backups: Sequence[Path], unknown: int
) -> dict[str, object]:
    return {
        "schema": 1,
        "client": list(who.names),
        "removed": dict(removed),
        "proof": {
            "bytes": dict(proof.searched),
            "words": proof.words,
            "left": list(proof.left),
            "others": dict(proof.others),
            "not_searched": list(proof.unsought),
        },
        "of_unknown_clients": unknown,
        "backups": [str(backup) for backup in backups],
    }
