"""What `init` tells: what was found, what was guessed and how sure that is, what is left, and what comes next."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sync.legible import inert
from sync.terminal import console
from sync.workbench.first_files import written_names
from sync.workbench.guess import MEANINGS, Guess
from sync.workbench.guess_words import COLUMNS, FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sync.trackers.landscape import Landscape
    from sync.workbench.first_files import Answers
    from sync.workbench.first_questions import Question
    from sync.workbench.guess import Guesses, Sure

_COLOURS: dict[Sure, str] = {"sure": "green", "likely": "yellow", "doubtful": "red"}
_WHERE = {"jira": "Jira", "asana": "Asana", "workbook": "The workbook"}
_WEIGHTY = frozenset({"client", "engagement", "category", "severity", "priority", "status"})
"""Fields that have a row of their own in any case."""
Row = tuple[str, str, Guess]


def show(  # noqa: PLR0913, PLR0917 - what there is to tell
    seen: Landscape,
    guesses: Guesses,
    left: Sequence[Question],
    answers: Answers,
    places: tuple[Path, Path | None],
    program_name: str,
) -> None:
    """Everything, on standard output. `places` are the folder written to, and the export that was read, if any."""
    folder, export = places
    out = console()
    out.print(Text(_found(seen)), highlight=False)
    out.print()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Guessed", title_justify="left", title_style="bold")
    table.add_column("what", no_wrap=True)
    table.add_column("is", overflow="fold", ratio=3)
    table.add_column("how sure", no_wrap=True)
    table.add_column("why", overflow="fold", ratio=4, style="dim")
    for what, value, guess in _rows(seen, guesses):
        table.add_row(what, Text(value), Text(guess.sure, _COLOURS[guess.sure]), Text(inert(guess.why)))
    out.print(table)
    out.print(Text("Yours to decide", "bold"))
    for number, question in enumerate(left, start=1):
        out.print(
            Text.assemble(f"{number:>3}  ", (inert(question.what), ""), (f"  {question.place}", "cyan")),
            highlight=False,
            soft_wrap=True,
        )
        out.print(Padding(Text(inert(question.remedy, 400), "dim"), (0, 0, 0, 5)))
    out.print()
    out.print(
        Text(f"Written: {folder / 'config.toml'} and {folder / 'mappings'}/. Each guess ends in “guessed” there."),
        highlight=False,
        soft_wrap=True,
    )
    out.print(Text("Next", "bold"))
    for command, remark in _next(answers, folder, export, program_name):
        out.print(Text.assemble(f"  {command:<34}  ", (remark, "dim")), highlight=False, soft_wrap=True)


def _found(seen: Landscape) -> str:
    account = f", signed in as {inert(seen.account)}" if seen.account else ""
    parts = [
        _many(len(seen.projects), "project"),
        _many(len(seen.fields), "field" if seen.tracker != "workbook" else "column"),
        _many(len(seen.statuses), "status", "statuses"),
        _many(seen.tickets, "ticket") + (" looked at" if seen.tickets else ""),
        _many(len(seen.people), "person", "people"),
        _many(len(seen.labels), "label"),
    ]
    return f"{_WHERE[seen.tracker]} {inert(seen.where)}{account}: {', '.join(filter(None, parts))}."


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count} {one if count == 1 else more or one + 's'}" if count else ""


def _rows(seen: Landscape, guesses: Guesses) -> Iterator[Row]:
    yield from _of_fields(seen, guesses)
    for meaning in MEANINGS:
        found = [(name, guess) for name, guess in guesses.statuses.items() if guess.value == meaning]
        yield from _grouped(f"status: {meaning.replace('_', ' ')}", found)
    values = {"priority": guesses.priorities, "severity": guesses.severities, "category": guesses.categories}
    for what, told in values.items():
        for value in dict.fromkeys(guess.value for guess in told.values()):
            found = [(name, guess) for name, guess in told.items() if guess.value == value]
            yield from _grouped(f"{what}: {value}", found)
    yield from _grouped("staff", list(guesses.staff.items()))
    yield from _grouped("clients' people", list(guesses.outsiders.items()))
    if guesses.clients:
        met = guesses.fields["client"]._replace(why=f"{_many(len(guesses.clients), 'name')} in that field")
        yield from _grouped("clients", [(name, met) for name, _ in guesses.clients])


def _of_fields(seen: Landscape, guesses: Guesses) -> Iterator[Row]:
    """A row for each field, and one for all that are called what makegood calls them."""
    names, plain = written_names(seen), []
    for name, guess in (*guesses.columns.items(), *guesses.fields.items()):
        written = names[guess.value]
        if name not in _WEIGHTY and guess.sure != "doubtful" and written.casefold() in _called(name):
            plain.append(written)
        else:
            yield (
                name.replace("_", " "),
                inert(written if written != guess.value else _titled(seen, guess.value)),
                guess,
            )
    if plain:
        yield "other fields", inert(", ".join(plain), 600), Guess("", "as makegood calls them")


def _called(name: str) -> tuple[str, str]:
    first = (FIELDS.get(name) or COLUMNS[name])[0]
    return name.replace("_", " "), first.casefold()


def _titled(seen: Landscape, number: str) -> str:
    """A field by its name, and by its id where that is another."""
    name = next(each.name for each in seen.fields if each.id == number)
    return name if name == number else f"{name} ({number})"


def _grouped(what: str, found: Sequence[tuple[str, Guess]]) -> Iterator[Row]:
    """A row for all guesses that are as sure as each other, with the first one's reason."""
    for sure in _COLOURS:
        names = [name for name, guess in found if guess.sure == sure]
        if names:
            first = next(guess for _, guess in found if guess.sure == sure)
            listed = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
            yield what, inert(listed, 200), first


def _next(answers: Answers, folder: Path, export: Path | None, program_name: str) -> Iterator[tuple[str, str]]:
    if str(folder) != ".":
        yield f"cd {shlex.quote(str(folder))}", ""
    yield f"{program_name} check", "every slip, with its line"
    yield f"{program_name} test", "what the rules are meant to do; add tests of yours"
    if export:
        yield f"{program_name} --dry-run --export {shlex.quote(str(export.resolve()))}", "what a pass would do"
    if answers.token_variable:
        yield f"export {answers.token_variable}=…", "if it is not set yet"
        yield f"{program_name} check --online", "what the tracker says to it"
    yield f"{program_name} --dry-run", "what a pass would do; writes nothing"
