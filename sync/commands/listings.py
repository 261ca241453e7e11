"""Commands that list what the state file knows, and the one that shows a message before it is sent."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

from sync import tables, worklist
from sync.commands.passes import not_found, working_program
from sync.cycle import plan_pass
from sync.errors import ConfigurationError
from sync.legible import counted
from sync.mapping.parts import folded
from sync.mapping.wording import nearest
from sync.registers import Asked, Registers
from sync.richtext import plain
from sync.saying.comments import Composer
from sync.saying.courtesy import slips_of
from sync.saying.render import FOR_CLIENTS, SECTIONS
from sync.saying.tone import staff
from sync.settings import chosen, load
from sync.state.store import Store
from sync.terminal import console, hand_over, say, say_json
from sync.ticket import Language

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sync.call import Call
    from sync.judging.judgement import Judgement
    from sync.mapping.policy import Policy
    from sync.settings import Settings
    from sync.state.records import Row
    from sync.tables import Table

NEVER_READ = (
    "no pass has been made yet, so nothing is known of any ticket; run `makegood` for one "
    '(a source in mode "observe" is only read)'
)


@dataclass(frozen=True, slots=True)
class Index:
    """What the state file knows of all tickets, and when each source was last read (None: never)."""

    settings: Settings
    policy: Policy
    rows: Sequence[Row]
    read: dict[str, datetime | None]

    @property
    def blank(self) -> bool:
        """Whether no source was ever read."""
        return not any(self.read.values())


def index(call: Call) -> Index:
    """Read the state file alone. ConfigurationError for a source that is not configured."""
    settings, policy = load(call.config_file())
    with Store(settings.state, write=False) as store:
        rows = store.listed(source.name for source in settings.source)
        read = {source.name: store.source(source.name).last_good for source in chosen(settings, call.sources)}
    return Index(settings, policy, rows, read)


# --- the work list ----------------------------------------------------------------------------------------------


def work_list(call: Call, *, owner: str | None, client: str | None, now: datetime | None) -> int:
    """Live tickets by urgency, from the state file alone."""
    known, moment = index(call), now or datetime.now(UTC)
    flags = {flag.label: flag.means for flag in known.policy.practice.signs.flag}
    rows = (row for row in known.rows if row.source in known.read)
    listed = worklist.entries(rows, moment, flags, known.policy.taxonomy.confidential)
    if client:
        listed = worklist.of_client(listed, client_named(known, client))
    if owner:
        _check_owner(known, owner)
        listed = worklist.of_owner(listed, owner)
    if known.blank:
        say(NEVER_READ, err=call.output != "text")
    if call.output == "json":
        read = [{"name": name, "last_good": at.isoformat() if at else None} for name, at in known.read.items()]
        document = {"schema": 1, "now": moment.astimezone(UTC).isoformat(), "sources": read}
        say_json(document | {"tickets": worklist.as_json(listed)})
    elif call.output == "csv":
        hand_over(tables.as_csv(worklist.as_table(listed)))
    elif not known.blank:
        say(_head(known, listed, moment))
        if listed and not call.quiet:
            worklist.show(listed, console(), verbose=call.verbose > 0)
    return 0


def _head(known: Index, listed: Sequence[worklist.Entry], now: datetime) -> str:
    """How many tickets, how fresh what is known of them is, and which are not listed."""
    ages = [
        f"{name} read {worklist.brief(max(now - at, now - now))} ago" if at else f"no good pass of {name} yet"
        for name, at in known.read.items()
    ]
    told = f"{counted(len(listed), 'live ticket')}; {', '.join(ages)}"
    older = sum(row.live and row.standing is None for row in known.rows if row.source in known.read)
    if older:
        told += f"\n{counted(older, 'ticket')} last judged by an older version: listed after the next pass over it"
    return told


def _check_owner(known: Index, owner: str) -> None:
    """ConfigurationError for somebody who owns nothing and is on no record: a slip of the pen."""
    owners = {row.known.record.owner for row in known.rows} | staff(known.policy.clients)
    owners = {*(owners - {""}), worklist.NOBODY}
    if folded(owner) not in map(folded, owners):
        raise ConfigurationError(f"no ticket is owned by {owner!r}{nearest(owner, owners)}")


def client_named(known: Index, name: str) -> str:
    """The canonical name of a client by its name or an alias; ConfigurationError for none."""
    record = known.policy.client(name)
    if record:
        return record.name
    named = {folded(row.known.client): row.known.client for row in known.rows if row.known.client}
    if folded(name) in named:
        return named[folded(name)]
    names = {client.name for client in known.policy.clients.client} | set(named.values())
    near = known.policy.nearest_clients(name)
    meant = f"; did you mean {near[0]!r}?" if near else nearest(name, names)
    raise ConfigurationError(f"no client is called {name!r}{meant}")


def engagement_named(known: Index, client: str, name: str) -> str:
    """The canonical name of an engagement, of that client if one is given; ConfigurationError for none."""
    clients = [each for each in known.policy.clients.client if not client or each.name == client]
    for each in clients:
        if found := known.policy.engagement(each, name):
            return found.name
    told = {row.known.told.engagement for row in known.rows if not client or row.known.client == client} - {""}
    for each_name in told:
        if folded(each_name) == folded(name):
            return each_name
    names = told | {engagement.name for each in clients for engagement in each.engagement}
    raise ConfigurationError(f"no engagement is called {name!r}{nearest(name, names)}")


# --- registers --------------------------------------------------------------------------------------------------


def register(call: Call, **options: Any) -> int:  # noqa: ANN401 - as `_registers` has them
    """Requests beyond the scope."""
    return _registers(call, Registers.requests, **options)


def lessons(call: Call, **options: Any) -> int:  # noqa: ANN401 - as `_registers` has them
    """Root causes and what was learnt."""
    return _registers(call, Registers.lessons, **options)


def remedies(call: Call, **options: Any) -> int:  # noqa: ANN401 - as `_registers` has them
    """What was offered to make good."""
    return _registers(call, Registers.remedies, **options)


def _registers(
    call: Call,
    of: Callable[[Registers], Table],
    *,
    client: str | None,
    engagement: str | None,
    search: str | None,
) -> int:
    """One register, from the state file alone; xlsx goes to a file or a pipe, never to a terminal."""
    if call.output == "xlsx" and sys.stdout.isatty():
        raise ConfigurationError("a spreadsheet is nothing for a terminal; write --output xlsx > register.xlsx")
    known = index(call)
    whose = client_named(known, client) if client else ""
    engaged = engagement_named(known, whose, engagement) if engagement else ""
    asked = Asked(whose, engaged, tuple(call.sources), search or "")
    zones = {source.name: source.zone for source in known.settings.source}
    table = of(Registers(known.rows, known.policy, zones, asked))
    if known.blank:
        say(NEVER_READ, err=call.output != "text")
    if call.output == "json":
        say_json({"schema": 1, table.name: table.records(), "totals": dict(table.below)})
    elif call.output == "csv":
        hand_over(tables.as_csv(table))
    elif call.output == "xlsx":
        hand_over(tables.as_xlsx(table))
    elif not known.blank:
        _show(table, quiet=call.quiet)
    return 0


def _show(table: Table, *, quiet: bool) -> None:
    """On a terminal; with -q the figures below alone."""
    if table.rows and not quiet:
        tables.show(table, console())
        return
    say(f"no {table.name} are recorded" if not table.rows else f"{len(table.rows)} {table.name}")
    for name, cell in table.below:
        say(f"{name}  {cell}")


# --- a message --------------------------------------------------------------------------------------------------


def message(call: Call, *, kind: str, lang: str | None, ticket: str, now: datetime | None) -> int:
    """One message as it would be said on a ticket now."""
    language = _language(lang) if lang else None
    if kind not in SECTIONS:
        raise ConfigurationError(f"no message is called {kind!r}{nearest(kind, SECTIONS) or _all_kinds()}")
    settings, policy = load(call.config_file())
    with (
        Store(settings.state, write=False) as store,
        working_program(settings, policy, store, call, now) as working,
    ):
        sights = plan_pass(working, working.clock(), [ticket])
        found = [judged for sight in sights for judged in sight.judged]
        if not found:
            return not_found(sights, ticket)
        composer = Composer(policy, {each.settings.name: each.terms for each in working.sources})
        for judged in found:
            _preview(call, judged, kind, language, composer, policy)
    return 0


def _all_kinds() -> str:
    return f"; there are: {', '.join(SECTIONS)}"


def _language(written: str) -> Language:
    known: dict[str, Language] = {language: language for language in get_args(Language)}
    if written not in known:
        raise ConfigurationError(f"no message is written in {written!r}{nearest(written, known)}")
    return known[written]


def _preview(  # noqa: PLR0913, PLR0917 - what a message is made of, and how it is shown
    call: Call, judged: Judgement, kind: str, language: Language | None, composer: Composer, policy: Policy
) -> None:
    client = kind.startswith(FOR_CLIENTS)
    spoken = language or composer.language(judged, client=client)
    text = plain(composer.preview(judged, kind, spoken))
    owed = any(saying.obligation.promise == kind for saying in judged.sayings)
    owed |= any(held.saying.obligation.promise == kind for held in judged.held)
    found = slips_of(judged, text, spoken, policy) if client else []
    unjudged, slips = (found, []) if isinstance(found, str) else ("", found)
    if call.output == "json":
        told = {"schema": 1, "ticket": judged.ticket.key, "kind": kind, "language": spoken, "owed": owed}
        listed = [asdict(slip) | {"what": slip.what} for slip in slips]
        say_json(told | {"text": text, "slips": listed, "unjudged": unjudged})
        return
    if not owed:
        say(f"{judged.ticket.key} does not call for it now; shown with sample values", err=True)
    say(text)
    if unjudged:
        say(unjudged, err=True)
    for slip in slips:
        say(f"{slip.line}:{slip.column}: {slip.rule}: {slip.what}", err=True)
