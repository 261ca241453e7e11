"""What could not be guessed: each with what to do about it, and the line where."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sync.workbench.first_clients import MET
from sync.workbench.redraft import toml_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sync.trackers.landscape import Landscape
    from sync.workbench.guess import Guesses

_NEEDED = ("id", "title", "status", "created", "due", "labels")
"""Columns that a file of issues must have."""
_VALUES = {"severity": "severity.toml", "priority": "severity.toml", "category": "taxonomy.toml"}
_OURS = "esc:"
_NAMED = 8
"""Unread fields that are named, the fullest."""
_READ_ANYWAY = frozenset({"issue type", "components"})
"""Fields of Jira's own, which need no mention."""
UNKNOWN_URL = "https://your-site.atlassian.net"
UNKNOWN_PROJECT = "0"
"""What stands for what an export does not tell, so that the config can be read all the same."""


class Question(NamedTuple):
    """Something that a person must decide; `place` is a file and a line in it, or empty."""

    what: str
    remedy: str
    place: str = ""


def questions(seen: Landscape, guesses: Guesses, files: Mapping[str, str]) -> list[Question]:
    """Everything to decide, the gravest first. `files` are the texts that are written, by their paths."""
    own = f"mappings/{seen.tracker}.toml"
    found = [
        *_of_place(files),
        *_refused(seen),
        *_of_fields(seen, guesses, files, own),
        *_of_statuses(seen, guesses, files, own),
        *_of_values(guesses, files),
        *_of_unused(seen, guesses, files, own),
        *_of_doubts(guesses, files, own),
        *_of_people(seen, guesses, files, own),
    ]
    if any(label.startswith(_OURS) for label in seen.labels):
        remedy = (
            f"if they are not an earlier makegood's, choose another prefix: those that begin with {_OURS} are ours"
        )
        found.append(
            Question(f"Labels that begin with {_OURS} are there already", remedy, at(files, own, "prefix ="))
        )
    place = at(files, "mappings/escalation.toml", "calendar = ")
    if "guessed" not in files["mappings/escalation.toml"]:
        remedy = "add a calendar of yours to mappings/calendars.toml and name it here"
        found.append(Question("Your working hours", remedy, place))
    return found


def at(files: Mapping[str, str], file: str, needle: str) -> str:
    """Where a line first begins so, else holds it, as `file:line`; the file alone if none does."""
    lines = list(enumerate(files[file].splitlines(), start=1))
    found = next((number for number, line in lines if line.startswith(needle)), None)
    found = found or next((number for number, line in lines if needle in line), None)
    return f"{file}:{found}" if found else file


def _of_place(files: Mapping[str, str]) -> Iterator[Question]:
    """What no export tells of where it comes from."""
    for needle, what in ((UNKNOWN_URL, "Jira's address"), (f'["{UNKNOWN_PROJECT}"]', "Asana's projects")):
        if needle in files["config.toml"]:
            remedy = "an export does not tell; write yours before the tracker itself is read"
            yield Question(what, remedy, at(files, "config.toml", needle))


def _refused(seen: Landscape) -> Iterator[Question]:
    for refusal in seen.refused:
        yield Question(
            f"Could not read {refusal.what}", f"{refusal.why}. Grant that, then begin anew in another folder"
        )


def _of_fields(seen: Landscape, guesses: Guesses, files: Mapping[str, str], own: str) -> Iterator[Question]:
    for name in _NEEDED if seen.tracker == "workbook" else ():
        if name not in guesses.columns:
            remedy = "add such a column to the sheet, or write what yours is called; without it nothing is read"
            yield Question(f"Which column is the {name}", remedy, at(files, own, f"{name} = "))
    if "client" not in guesses.fields:
        remedy = "write which field says it; without one all issues count as those of one client"
        yield Question("Whose issue it is", remedy, at(files, own, "client ="))
    if not seen.tickets:
        remedy = "guesses rest on names alone; look at them again once there are tickets"
        yield Question("There was no ticket to look at", remedy)


def _of_statuses(seen: Landscape, guesses: Guesses, files: Mapping[str, str], own: str) -> Iterator[Question]:
    for status in guesses.unknown_statuses:
        met = f" (on {status.met} of {seen.tickets} tickets)" if seen.tickets else ""
        remedy = "put it into one of the lists of [status]; until then its tickets are left alone"
        yield Question(f"Status {status.name}{met}", remedy, at(files, own, f"# {toml_text(status.name)}"))
    if not guesses.statuses and not guesses.unknown_statuses:
        remedy = "list your statuses under [status]; until then every ticket is left alone"
        yield Question("What your statuses are", remedy, at(files, own, "[status]"))


def _of_doubts(guesses: Guesses, files: Mapping[str, str], own: str) -> Iterator[Question]:
    """The guesses that are hardly more than that."""
    for name, guess in guesses.statuses.items():
        if guess.sure == "doubtful":
            what = f"Whether status {name} is {guess.value.replace('_', ' ')}"
            yield Question(what, guess.why, at(files, own, f"  {toml_text(name)},"))
    for key, guess in (*guesses.columns.items(), *guesses.fields.items()):
        if guess.sure == "doubtful":
            also = f"; also there: {', '.join(guess.also[:3])}" if guess.also else ""
            yield Question(
                f"Which field is the {key.replace('_', ' ')}", guess.why + also, at(files, own, f"{key} =")
            )


def _of_values(guesses: Guesses, files: Mapping[str, str]) -> Iterator[Question]:
    for name, values in guesses.unknown_values.items():
        odd = [value for value in values if value != guesses.usual_priority][:5]
        if odd:
            file = f"mappings/{_VALUES[name]}"
            section = "[priority_values]" if name == "priority" else "[field_values]"
            what = f"What these values of {name} mean: {', '.join(odd)}"
            yield Question(what, f"write them under {section}, or let them say nothing", at(files, file, section))


def _of_unused(seen: Landscape, guesses: Guesses, files: Mapping[str, str], own: str) -> Iterator[Question]:
    """What the tickets hold and makegood makes no use of."""
    taken = {guess.value for guess in (*guesses.columns.values(), *guesses.fields.values())}
    if guesses.status_field:
        taken.add(guesses.status_field.value)
    unused = [
        each
        for each in seen.fields
        if each.filled and each.id not in taken and each.name.casefold() not in _READ_ANYWAY
    ]
    if unused:
        unused.sort(key=lambda each: -each.filled)
        more = f" and {len(unused) - _NAMED} more" if len(unused) > _NAMED else ""
        what = f"What is not read: {', '.join(each.name for each in unused[:_NAMED])}{more}"
        remedy = "name what your rules or promises need under [fields] or [fields.own]; the rest can stay unread"
        yield Question(what, remedy, at(files, own, "[fields]"))


def _of_people(seen: Landscape, guesses: Guesses, files: Mapping[str, str], own: str) -> Iterator[Question]:
    if seen.tracker != "jira" and not guesses.staff:
        remedy = "name them under [people]; until then no comment counts as the firm's"
        yield Question("Who is staff", remedy, at(files, own, "staff = "))
    listed = MET in files["mappings/clients.toml"]
    remedy = (
        "write the ids that are listed there" if listed else "write their ids; nobody of yours was met on a ticket"
    )
    remedy += "; until then nobody is asked for by name"
    yield Question("Who holds which role", remedy, at(files, "mappings/clients.toml", "[roles]"))
