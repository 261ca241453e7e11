"""What a tracker's fields, statuses and people most likely mean; each guess with its reason, pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from sync.mapping.parts import folded
from sync.trackers.landscape import SeenStatus
from sync.workbench.guess_words import (
    CATEGORIES,
    COLUMNS,
    DATES,
    FIELDS,
    FOR_THE_CLIENT,
    OPEN_MAILBOXES,
    SEVERITIES,
    STATUSES,
    WAITS,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sync.trackers.landscape import Landscape, SeenField, SeenPerson

Sure = Literal["sure", "likely", "doubtful"]
MEANINGS = ("open", "in_progress", "waiting", "resolved", "closed")
_BY_STAGE = {"new": "open", "under way": "in_progress", "done": "closed"}
_STAGE_NAMES = {"new": "to do", "under way": "in progress", "done": "done"}
LEVELS: tuple[Sure, ...] = ("sure", "likely", "doubtful")
NAMED = "named so"
_MOST_CLIENTS = 200
_DEFAULT_SHARE = 0.6
"""A priority that stands on a larger share of the tickets is a default that nobody chose."""
_FEW = 10
"""Tickets from which on a share says something."""


class Guess(NamedTuple):
    """A value for a key, why, and how sure that is. `also` are others that it could be."""

    value: str
    why: str
    sure: Sure = "sure"
    also: tuple[str, ...] = ()


ENGLISH = Guess("en", "nothing speaks for another one", "likely")
"""The language of whoever shows none."""


class Known(NamedTuple):
    """What the shipped files know already: names of statuses by meaning, and values by what they mean."""

    statuses: Mapping[str, Sequence[str]]
    severities: Mapping[str, str]
    priorities: Mapping[str, str]
    categories: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Guesses:
    """Everything guessed from a landscape. What could not be guessed is not in it, or in an `unknown_…`."""

    fields: Mapping[str, Guess] = field(default_factory=dict)
    columns: Mapping[str, Guess] = field(default_factory=dict)
    """Of a file: its columns that are no ordinary fields."""
    status_field: Guess | None = None
    """The field that holds the status, where that is not what the tracker calls statuses."""
    statuses: Mapping[str, Guess] = field(default_factory=dict)
    """Name of a status -> its meaning."""
    unknown_statuses: tuple[SeenStatus, ...] = ()
    severities: Mapping[str, Guess] = field(default_factory=dict)
    """Values of the severity field that no shipped file knows."""
    priorities: Mapping[str, Guess] = field(default_factory=dict)
    unknown_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Ticket field -> values of it whose meaning is not known."""
    usual_priority: str = ""
    """The one that nobody chose."""
    categories: Mapping[str, Guess] = field(default_factory=dict)
    clients: tuple[tuple[str, int], ...] = ()
    """Names of clients, and on how many tickets each was met."""
    staff: Mapping[str, Guess] = field(default_factory=dict)
    """Entries of `[people] staff`, each with its reason."""
    outsiders: Mapping[str, Guess] = field(default_factory=dict)
    """Entries of `[people] clients`, likewise."""
    language: Guess = ENGLISH


def guessed(seen: Landscape, known: Known) -> Guesses:
    """The most likely meaning of everything that was seen."""
    by_id = {each.id: each for each in seen.fields}
    columns = _columns(seen) if seen.tracker == "workbook" else {}
    status_field = columns.get("status") or _status_field(seen)
    ours = {guess.value for guess in (*columns.values(), *([status_field] if status_field else ()))}
    fields = _fields(seen, ours)
    values = {name: by_id[guess.value].known_values for name, guess in fields.items()}
    if seen.tracker == "jira" and "priority" in fields and seen.priorities:
        values["priority"] = seen.priorities
    usual = _usual(by_id[fields["priority"].value], seen.tickets) if "priority" in fields else ""
    severities, odd_severities = _meant(values.get("severity", ()), known.severities, SEVERITIES)
    priorities, odd_priorities = _meant(values.get("priority", ()), known.priorities, SEVERITIES)
    categories, odd_categories = _meant(values.get("category", ()), known.categories, CATEGORIES)
    places = _places(by_id[status_field.value]) if status_field else seen.statuses
    statuses = {each.name: guess for each in places if (guess := _status(each, known.statuses))}
    owner = by_id[columns["assignee"].value] if "assignee" in columns else None
    staff, outsiders = _people(seen, owner)
    odd = {"severity": odd_severities, "priority": odd_priorities, "category": odd_categories}
    return Guesses(
        fields=fields,
        columns=columns,
        status_field=status_field,
        statuses=statuses,
        unknown_statuses=tuple(each for each in places if each.name and each.name not in statuses),
        severities=severities,
        priorities={value: guess for value, guess in priorities.items() if not _says_nothing(value, guess, usual)},
        unknown_values={name: listed for name, listed in odd.items() if listed},
        usual_priority=usual,
        categories=categories,
        clients=tuple(by_id[fields["client"].value].values.items())[:_MOST_CLIENTS] if "client" in fields else (),
        staff=staff,
        outsiders=outsiders,
        language=_language([each.name for each in places], [each.name for each in seen.fields]),
    )


# --- fields -----------------------------------------------------------------------------------------------------


def _fields(seen: Landscape, taken: set[str]) -> dict[str, Guess]:
    """Ticket field -> the id of the tracker's; no field of the tracker fills two, and none of `taken` one."""
    found: dict[str, Guess] = {}
    for name, words in FIELDS.items():
        free = (each for each in seen.fields if each.id not in taken)
        if guess := _best(_suited(free, dated=name in DATES), words, seen.tickets):
            found[name] = guess
    return _unshared(found | (_of_jira(seen, found) if seen.tracker == "jira" else {}))


def _columns(seen: Landscape) -> dict[str, Guess]:
    """The columns of a file that are no ordinary fields."""
    found = {}
    for name, words in COLUMNS.items():
        suited = _suited(seen.fields, dated=name in {"created", "due", "updated"})
        if guess := _best(suited, words, seen.tickets):
            found[name] = guess
        elif (guess := _best(seen.fields, words, seen.tickets)) and guess.why.startswith(NAMED):
            found[name] = guess._replace(sure="doubtful", why=f"{guess.why}, though not with what belongs there")
    return _unshared(found)


def _unshared(found: Mapping[str, Guess]) -> dict[str, Guess]:
    """The guesses without those that want a field which a surer one, or an earlier one as sure, has."""
    takers: dict[str, str] = {}
    for name in sorted(found, key=lambda each: LEVELS.index(found[each].sure)):
        takers.setdefault(found[name].value, name)
    return {name: guess for name, guess in found.items() if takers[guess.value] == name}


def _status_field(seen: Landscape) -> Guess | None:
    """The choice that holds the status, if it is filled on most of the tickets."""
    choices = (each for each in seen.status_fields if each.filled * 2 > seen.tickets)
    found = _best(choices, COLUMNS["status"], seen.tickets)
    return found if found and found.why.startswith(NAMED) else None


def _places(status_field: SeenField) -> tuple[SeenStatus, ...]:
    return tuple(SeenStatus(name, "", status_field.values.get(name, 0)) for name in status_field.known_values)


def _suited(fields: Iterable[SeenField], *, dated: bool) -> Iterator[SeenField]:
    """The fields that could be meant by what they hold; a column of no rows could hold anything."""
    for each in fields:
        if each.kind == "" or (each.kind in {"date", "written date"}) == dated:
            yield each


def _best(fields: Iterable[SeenField], words: Sequence[str], tickets: int) -> Guess | None:
    """The field that is called one of these words, else one whose name holds one; the fullest of several."""
    names = [folded(word) for word in words]
    exact: list[tuple[int, int, SeenField]] = []
    close: list[tuple[int, int, SeenField]] = []
    for each in fields:
        name = folded(each.name)
        if name in names:
            exact.append((-each.filled, names.index(name), each))
        elif any(_holds(name, word) for word in names):
            close.append((-each.filled, len(name), each))
    for found, how in ((exact, NAMED), (close, "the name is near")):
        if found:
            first, *others = [each for *_, each in sorted(found, key=lambda entry: entry[:2])]
            doubts = bool(tickets >= _FEW and not first.filled) + bool(others) + (found is close)
            level = LEVELS[min(doubts, 2)]
            return Guess(first.id, f"{how}; {_fill(first, tickets)}", level, tuple(each.name for each in others))
    return None


def _holds(name: str, word: str) -> bool:
    """Whether a name has a word of some length in it, as a word of its own where the script has spaces."""
    if not word.isascii() and len(word) < 5 and not word.isalpha():
        return False
    if re.search(r"[\u3040-\u9fff]", word):
        return len(word) > 1 and word in name
    return len(word) > 4 and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", name) is not None


def _fill(each: SeenField, tickets: int) -> str:
    return f"filled on {each.filled} of {tickets}" if tickets else "there was no ticket to look at"


def _of_jira(seen: Landscape, found: Mapping[str, Guess]) -> dict[str, Guess]:
    """What Jira has of its own: priorities and projects; a component may be the client."""
    own = {each.id: each for each in seen.fields}
    guesses = {}
    if "priority" in own:
        guesses["priority"] = Guess("priority", "Jira's own")
    if "project" in own and found.get("engagement", Guess("project", "")).value == "project":
        guesses["engagement"] = Guess("project", "Jira's own; a component or a field may be nearer", "likely")
    components = own.get("components")
    if "client" not in found and components and len(components.values) > 1:
        every = components.filled >= seen.tickets >= _FEW
        why = f"no field is called so; each ticket has a component; {_fill(components, seen.tickets)}"
        if every:
            guesses["client"] = Guess("components", why, "doubtful")
    return guesses


# --- statuses ---------------------------------------------------------------------------------------------------


def _status(status: SeenStatus, shipped: Mapping[str, Sequence[str]]) -> Guess | None:
    """What a status means by its name, else by the stage that the tracker gives it."""
    name = folded(status.name)
    by_stage = _BY_STAGE.get(status.stage)
    by_name = next(
        (meaning for meaning in MEANINGS if name in map(folded, (*shipped.get(meaning, ()), *STATUSES[meaning]))),
        None,
    )
    if by_name and by_stage and (by_name in {"resolved", "closed"}) != (by_stage == "closed"):
        why = f"the tracker counts it as {_STAGE_NAMES[status.stage]}, though its name says {by_name}"
        return Guess(by_stage, why, "doubtful")
    if by_name:
        return Guess(by_name, NAMED)
    if any(stem in name for stem in WAITS) and by_stage != "closed":
        if any(stem in name for stem in FOR_THE_CLIENT):
            return Guess("waiting", "waits for the client, by its name", "likely")
        why = "waits, but for whom? if for the client, move it to waiting: the clocks pause there"
        return Guess(by_stage or "in_progress", why, "doubtful")
    if by_stage:
        return Guess(by_stage, f"the tracker counts it as {_STAGE_NAMES[status.stage]}", "likely")
    return None


# --- values -----------------------------------------------------------------------------------------------------


def _meant(
    values: Iterable[str], shipped: Mapping[str, str], words: Mapping[str, Sequence[str]]
) -> tuple[dict[str, Guess], tuple[str, ...]]:
    """What each value means that no shipped file knows; and those that nobody knows."""
    known = {folded(value) for value in shipped}
    meanings = {folded(word): meaning for meaning, listed in words.items() for word in listed}
    new = [value for value in values if folded(value) not in known]
    found = {value: Guess(meaning, NAMED, "likely") for value in new if (meaning := _near(value, meanings))}
    return found, tuple(value for value in new if value not in found)


def _near(value: str, meanings: Mapping[str, str]) -> str | None:
    """The meaning of a value, or of the word that it begins with, as in `P1 - on fire`."""
    name = folded(value)
    beginning = re.split(r"[\s:–—(/-]+", name, maxsplit=1)[0]
    return meanings.get(name) or meanings.get(beginning)


def _usual(priority: SeenField, tickets: int) -> str:
    value, count = next(iter(priority.values.items()), ("", 0))
    return value if tickets >= _FEW and count > tickets * _DEFAULT_SHARE else ""


def _says_nothing(value: str, guess: Guess, usual: str) -> bool:
    return value == usual or guess.value == "medium"


# --- people -----------------------------------------------------------------------------------------------------


def _people(seen: Landscape, owner: SeenField | None) -> tuple[dict[str, Guess], dict[str, Guess]]:
    """Entries of `staff` and of `clients`: domains of addresses; in a file the names of owners."""
    if seen.tracker == "workbook":
        return {name: Guess(name, "owns tickets", "likely") for name in (owner.values if owner else ())}, {}
    own = _domain(seen.own_email)
    staff: dict[str, Guess] = {}
    outsiders: dict[str, Guess] = {}
    if own:
        staff[f"@{own}"] = Guess(f"@{own}", "the address of makegood's own account")
    for who in seen.people:
        domain = _domain(who.email)
        if who.kind == "guest" and domain and domain != own:
            outsiders.setdefault(f"@{domain}", Guess(f"@{domain}", f"guests such as {who.name}", "likely"))
        elif who.kind == "guest" and domain != own:
            outsiders[who.id] = Guess(who.id, f"a guest: {who.name}", "likely")
    for domain, owners in _owners(seen.people).items():
        if f"@{domain}" not in {*staff, *outsiders}:
            staff[f"@{domain}"] = Guess(f"@{domain}", f"{owners[0].name} owns tickets", "likely")
    return staff, outsiders


def _owners(people: Iterable[SeenPerson]) -> dict[str, list[SeenPerson]]:
    """Those who are to do tickets, by the domain of their address where it says something."""
    found: dict[str, list[SeenPerson]] = {}
    for who in people:
        if who.owns and who.kind == "user" and (domain := _domain(who.email)):
            found.setdefault(domain, []).append(who)
    return found


def _domain(email: str) -> str:
    domain = email.rpartition("@")[2].casefold().strip() if "@" in email else ""
    return "" if domain in OPEN_MAILBOXES else domain


# --- language ---------------------------------------------------------------------------------------------------

_LETTERS = (("ja", r"[\u3040-\u30ff\u4e00-\u9fff]"), ("ru", r"[\u0400-\u04ff]"), ("da", r"[æøåÆØÅ]"))
_FINNISH = frozenset({"tila", "avoin", "asiakas", "kesken", "valmis", "suljettu", "otsikko", "prioriteetti"})


def _language(statuses: Sequence[str], fields: Sequence[str]) -> Guess:
    """The language that comments for staff can be in: of half of the statuses, or of a third of the fields."""
    for names, share in ((statuses, 2), (fields, 3)):
        for language, letters in _LETTERS:
            met = [name for name in names if re.search(letters, name)]
            if len(met) > 1 and len(met) * share >= len(names):
                return Guess(language, f"by names such as {met[0]}", "likely")
        met = [name for name in names if _FINNISH & set(folded(name).split())]
        if len(met) > 1 and len(met) * share >= len(names):
            return Guess("fi", f"by names such as {met[0]}", "likely")
    return ENGLISH
