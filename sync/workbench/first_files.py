"""The first `config.toml` and mapping files of a team, written from what was guessed; pure texts."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sync.mapping.tracker_models import Fields
from sync.workbench.first_clients import clients_text
from sync.workbench.guess import MEANINGS, Known
from sync.workbench.redraft import Redraft, listing, remarked, toml_key, toml_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sync.trackers.landscape import Landscape
    from sync.workbench.guess import Guess, Guesses

TRACKERS = ("jira", "asana", "workbook")
_CHECK = {"sure": "", "likely": " (likely)", "doubtful": " (doubtful: look at this one)"}


class Answers(NamedTuple):
    """What whoever sets makegood up has said, or what stands for it, with the reason where it is a guess."""

    name: str
    token_variable: str
    place: Mapping[str, str | list[str]]
    """Keys of the source that say where the tracker is: `url`, `projects`, `path` and so on."""
    zone: str
    zone_why: str
    readers: str
    readers_why: str


@dataclass(frozen=True, slots=True)
class Shipped:
    """The shipped mapping files, as text by name."""

    texts: Mapping[str, str]

    def table(self, file: str) -> dict[str, object]:
        """One of them, read."""
        return tomllib.loads(self.texts[file])

    @property
    def known(self) -> Known:
        """What they know of statuses and values."""
        statuses: dict[str, list[str]] = {meaning: [] for meaning in MEANINGS}
        for tracker in TRACKERS:
            for meaning, names in _table(self.table(f"{tracker}.toml"), "status").items():
                statuses[meaning] += names
        severity, taxonomy = self.table("severity.toml"), self.table("taxonomy.toml")
        return Known(
            statuses,
            severities=_table(severity, "field_values"),
            priorities=_table(severity, "priority_values"),
            categories=_table(taxonomy, "field_values"),
        )

    def calendar_in(self, zone: str) -> str:
        """The calendar of that time zone; empty if none is shipped."""
        calendars = _table(self.table("calendars.toml"), "calendar")
        return next((name for name, told in calendars.items() if told["zone"] == zone and name != "always"), "")


def _table(file: Mapping[str, object], key: str) -> dict[str, Any]:
    table = file.get(key)
    return table if isinstance(table, dict) else {}


def first_files(seen: Landscape, guesses: Guesses, answers: Answers, shipped: Shipped) -> dict[str, str]:
    """Every text file to write, by its path from the folder; `config.toml` last, for it makes the rest count."""
    own = f"{seen.tracker}.toml"
    texts = dict(shipped.texts)
    texts[own] = _mapping(seen, guesses, answers, shipped.texts[own])
    texts["severity.toml"] = _severity(guesses, shipped.texts["severity.toml"])
    texts["taxonomy.toml"] = _taxonomy(guesses, shipped.texts["taxonomy.toml"])
    texts["escalation.toml"] = _escalation(answers, shipped)
    texts["clients.toml"] = clients_text(seen, guesses, shipped.table("escalation.toml"))
    files = {f"mappings/{name}": text for name, text in texts.items()}
    return files | {"config.toml": _config(seen, guesses, answers)}


def reason(guess: Guess) -> str:
    """What stands behind a guessed line."""
    also = f"; also there: {', '.join(guess.also[:3])}" if guess.also else ""
    return f"guessed: {guess.why}{also}{_CHECK[guess.sure]}"


# --- the tracker's own mapping ----------------------------------------------------------------------------------


def _mapping(seen: Landscape, guesses: Guesses, answers: Answers, text: str) -> str:
    draft = Redraft(text)
    names = written_names(seen)
    for name in Fields.model_fields:
        if guess := guesses.fields.get(name):
            remark = reason(guess) if names[guess.value] != guess.value or seen.tracker == "workbook" else ""
            shown = _shown_name(seen, guess.value)
            draft.put("fields", name, toml_text(names[guess.value]), remark or f"{shown}; {reason(guess)}")
        elif name != "own":
            draft.silence("fields", name)
    _columns(draft, seen, guesses, answers)
    draft.fill("status", list(_statuses(guesses, seen.tickets)))
    _people(draft, seen, guesses)
    for section in draft.sections("evidence."):
        wanted = tomllib.loads(f"fields = {draft.value(section, 'fields').split(']')[0] or '['}]")["fields"]
        if wanted and all(name in guesses.fields for name in wanted):
            draft.put(section, "fields", f"[{', '.join(map(toml_text, wanted))}]", "")
        else:
            draft.silence(section, "fields")
    return draft.text


def written_names(seen: Landscape) -> dict[str, str]:
    """Each field's id -> how the mapping file writes it: by its name, or by the id where two share the name."""
    counts: dict[str, int] = {}
    for each in seen.fields:
        counts[each.name.casefold()] = counts.get(each.name.casefold(), 0) + 1
    return {each.id: each.name if counts[each.name.casefold()] == 1 else each.id for each in seen.fields}


def _shown_name(seen: Landscape, number: str) -> str:
    return next((each.name for each in seen.fields if each.id == number), number)


def _columns(draft: Redraft, seen: Landscape, guesses: Guesses, answers: Answers) -> None:
    """What a file has beside fields, and where Asana keeps the status."""
    if seen.tracker == "asana" and guesses.status_field:
        name = written_names(seen)[guesses.status_field.value]
        draft.put("", "status_field", toml_text(name), reason(guesses.status_field))
    if seen.tracker != "workbook":
        return
    for name in (
        "id",
        "title",
        "text",
        "status",
        "created",
        "due",
        "labels",
        "assignee",
        "reporter",
        "updated",
        "type",
    ):
        if guess := guesses.columns.get(name):
            draft.put("columns", name, toml_text(guess.value), reason(guess))
        elif name in {"text", "assignee", "reporter", "updated", "type"}:
            draft.silence("columns", name)
        else:
            value = draft.value("columns", name).partition("#")[0].strip()
            draft.put("columns", name, value, "not found: add this column to the sheet")
    draft.put("", "header_row", str(seen.header_row), "")
    draft.put("", "zone", toml_text(answers.zone), f"guessed: {answers.zone_why}" if answers.zone_why else "")
    if seen.date_format:
        doubt = "; day and month could be the other way round" if seen.doubtful_date else ""
        draft.put("", "date_format", toml_text(seen.date_format), f"guessed: all dates are written so{doubt}")


def _statuses(guesses: Guesses, tickets: int) -> Iterator[str]:
    for meaning in MEANINGS:
        if meaning == "waiting":
            yield "# Waiting for the client: the clocks pause, except the first response."
        found = [(name, reason(guess)) for name, guess in guesses.statuses.items() if guess.value == meaning]
        yield from listing(meaning, found)
    if guesses.unknown_statuses:
        yield "# Not guessed: put each into one of the lists above. Until then its tickets are left alone."
    for status in guesses.unknown_statuses:
        yield remarked(f"# {toml_text(status.name)}", f"on {status.met} of {tickets} tickets")


def _people(draft: Redraft, seen: Landscape, guesses: Guesses) -> None:
    if guesses.staff:
        draft.put_list("people", "staff", [(name, reason(guess)) for name, guess in guesses.staff.items()])
    elif seen.tracker == "workbook":
        draft.put_list("people", "staff", [])
    if guesses.outsiders:
        draft.put_list("people", "clients", [(name, reason(guess)) for name, guess in guesses.outsiders.items()])
    if seen.tracker == "workbook":
        draft.put("people", "machines", "[]", "")
        why = 'guessed: whoever owns no row; write "unknown" if others of yours comment here (doubtful)'
        draft.put("people", "everyone_else", '"client"', why)


# --- the files that say what values mean ------------------------------------------------------------------------


def _severity(guesses: Guesses, text: str) -> str:
    draft = Redraft(text)
    draft.append("field_values", list(_values(guesses.severities)))
    draft.append("priority_values", list(_values(guesses.priorities)))
    if guesses.usual_priority:
        told = (
            f"# {toml_text(guesses.usual_priority)} stands on most tickets: nobody chose it, so it says nothing."
        )
        draft.append("priority_values", [told])
    return draft.text


def _escalation(answers: Answers, shipped: Shipped) -> str:
    draft = Redraft(shipped.texts["escalation.toml"])
    if calendar := shipped.calendar_in(answers.zone):
        draft.put("", "calendar", toml_text(calendar), "guessed: the one of calendars.toml in your time zone")
    return draft.text


def _taxonomy(guesses: Guesses, text: str) -> str:
    draft = Redraft(text)
    draft.append("field_values", list(_values(guesses.categories)))
    return draft.text


def _values(found: Mapping[str, Guess]) -> Iterator[str]:
    for value, guess in found.items():
        yield remarked(f"{toml_key(value)} = {toml_text(guess.value)}", reason(guess))


# --- config.toml ------------------------------------------------------------------------------------------------


def _config(seen: Landscape, guesses: Guesses, answers: Answers) -> str:
    token = f"its token stands in {answers.token_variable}, never in a file" if answers.token_variable else ""
    projects = ", ".join(project.name for project in seen.projects)
    lines = [
        "#:schema mappings/.schema/config.json",
        "",
        "# Where your client issues are. Written by `makegood init`; what ends in “guessed” wants a look.",
        "# Relative paths count from the folder of this file. No password or token stands here.",
        "",
        remarked('state = "state.db"', "what was said and done; keep it"),
        remarked('mappings = "mappings"', "the files that say what your team promises"),
        remarked('interval = "5m"', "how long `daemon` rests between two passes"),
        "",
        "[[source]]",
        remarked(f"name = {toml_text(answers.name)}", token),
        f'tracker = "{seen.tracker}"',
        *(
            remarked(f"{key} = {_value(value)}", projects if key == "projects" else "")
            for key, value in answers.place.items()
        ),
        remarked('mode = "observe"', 'plans only; then "labels"; then "full", which also comments'),
        remarked(f'readers = "{answers.readers}"', answers.readers_why or 'or "staff-and-clients"'),
        remarked('due = "next_promise"', 'what the due date means; or "resolution", or "off" to leave it alone'),
        remarked(f"zone = {toml_text(answers.zone)}", f"guessed: {answers.zone_why}" if answers.zone_why else ""),
        remarked(f'language = "{guesses.language.value}"', f"of comments for staff; {reason(guesses.language)}"),
        remarked('backlog_after = "7d"', "what fell due longer ago gets a line in the report, not a comment"),
    ]
    return "\n".join(lines) + "\n"


def _value(value: str | Sequence[str]) -> str:
    return toml_text(value) if isinstance(value, str) else f"[{', '.join(map(toml_text, value))}]"
