"""The first `clients.toml`: the names met on tickets, and who could hold which role."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sync.legible import inert
from sync.mapping.parts import folded
from sync.workbench.redraft import remarked, toml_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sync.trackers.landscape import Landscape
    from sync.workbench.guess import Guesses

_FORM = re.compile(
    r"[\s,]*\b(gmbh|ag|kg|se|inc|llc|ltd|plc|corp|aps|a/s|oy|oyj|ab|as|k\.?k|kk|ооо|ао|зао)\.?$|株式会社|\(株\)"
)
_MOST_PEOPLE = 30
MET = "# Met on the tickets:"
"""The line below which the people are listed."""

_HEAD = """\
#:schema .schema/clients.json

# Whom you work for, and who holds which role. Written by `makegood init` from the names on your tickets.
# The same client in Jira, Asana and a spreadsheet is one client: list its other spellings as aliases.

# Who has left, by id or name: nobody asks them any more, whatever roles they are still written under.
gone = []
"""
_ROLES = """
# Who holds each role: a user id of the tracker (in a workbook the name in the owner's column). The first one is
# asked first. Fill all of the ladder, or none: until then nobody is asked for by name.
[roles]"""
_CLIENTS = """
# The clients. What else a record can say, all of it optional:
#   aliases = ["Acme Inc."]     tier = "key"    since = 2017-04-01     language = "en"   zone = "Europe/Berlin"
#   channel = "a call first"    sponsor = "…"   daily_contact = "…"    calendar = "berlin"
#   roles = { project_manager = ["…"] }         opt_out = true         # nothing is written on its tickets
#   [[client.engagement]]       name = "…"      scope = "…"            budget_hours = 80
"""


def clients_text(seen: Landscape, guesses: Guesses, escalation: Mapping[str, object]) -> str:
    """The file as text: roles to fill with the people met, and a record for each client met."""
    lines = [_HEAD.rstrip("\n"), _ROLES]
    ladder, further = (escalation.get(key) for key in ("ladder", "roles"))
    for listed, remark in ((ladder, "on the ladder"), (further, "")):
        names = listed if isinstance(listed, list) else []
        lines += [remarked(f'# {role} = ["…"]', remark) for role in names]
    lines += [*_met(seen, guesses), _CLIENTS]
    lines += _records(guesses.clients)
    return "\n".join(lines).rstrip("\n") + "\n"


def _met(seen: Landscape, guesses: Guesses) -> Iterator[str]:
    staff = [(who.id, who.name, who.owns) for who in seen.people if who.kind == "user"]
    if seen.tracker == "workbook":
        staff = [(name, "", 0) for name in guesses.staff]
    if staff:
        yield MET
    for number, name, owns in staff[:_MOST_PEOPLE]:
        owned = f"{name}, owns {owns} of {seen.tickets}" if owns else name
        owned += (
            "; a name, not yet an id: the export tells none" if number == name and seen.tracker == "jira" else ""
        )
        yield remarked(f"#   {toml_text(number)}", owned)


def _records(clients: Iterable[tuple[str, int]]) -> Iterator[str]:
    """A record for each name; names that differ in the legal form alone are one client."""
    spellings: dict[str, dict[str, int]] = {}
    for name, count in clients:
        spellings.setdefault(bare_name(name), {})[name] = count
    if not spellings:
        yield '# [[client]]\n# name = "Acme"'
    for names in spellings.values():
        first, *others = names
        yield "[[client]]"
        yield remarked(f"name = {toml_text(first)}", f"guessed: met on {sum(names.values())} tickets")
        aliases = [each for each in dict.fromkeys(others) if folded(each) != folded(first)]
        if aliases:
            listed = ", ".join(map(toml_text, aliases))
            yield remarked(f"aliases = [{listed}]", "guessed: the same but for the legal form (likely)")
        yield ""


def bare_name(name: str) -> str:
    """A client's name without its legal form, as names are compared."""
    return _FORM.sub("", folded(inert(name))).strip(" ,.") or folded(name)
