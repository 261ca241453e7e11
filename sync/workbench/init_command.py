"""The command `init`: the first config and mapping files, from what a tracker shows of itself."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sync.errors import ConfigurationError
from sync.settings import token_variable
from sync.terminal import prompted, someone_is_there
from sync.trackers.sources import WorkbookSource
from sync.workbench.first_files import Answers, Shipped, first_files
from sync.workbench.first_questions import questions
from sync.workbench.guess import guessed
from sync.workbench.init_source import (
    Wishes,
    exported,
    looked_at,
    place_of,
    place_of_export,
    provisional,
    source_of,
)
from sync.workbench.init_text import show
from sync.workbench.shipped import shipped_mappings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.call import Call
    from sync.trackers.landscape import Landscape
    from sync.workbench.guess import Guesses
    from sync.workbench.init_source import AnyOf, Place

_TESTS_OF_RULES = "taxonomy.toml"
_TESTS_OF_FIELDS = "fields.toml"
_IN_THESE = frozenset({"category", "severity", "impact", "reach", "priority"})
"""The fields of a workbook that the shipped tests of fields fill."""
READERS = ("staff", "staff-and-clients")


def init(call: Call, *, folder: Path, **wished: Any) -> int:  # noqa: ANN401 - the command's options
    """Ask a tracker what it has, guess, write and tell.

    ConfigurationError, before anything is asked, where a file would be overwritten or nobody can be asked.
    """
    _refuse_to_overwrite(folder)
    wishes = Wishes(**wished)
    if not wishes.yes and not someone_is_there():
        raise ConfigurationError(
            "Nobody can be asked here, for this is no terminal: say --yes, and with options what is known, as in "
            "`makegood init --yes --workbook issues.xlsx`."
        )
    wishes.refuse_contradictions()
    begun = shipped()
    seen = exported(wishes.export, wishes.tracker) if wishes.export else None
    place = place_of_export(wishes, seen) if seen else place_of(wishes)
    usual = str(place["tracker"])
    provisional(place, usual)
    question = "A short name for this source"
    name = wishes.said("--name", wishes.name, question, usual, lambda said: provisional(place, said))
    if seen is None:
        place, seen = looked_at(place, name, wishes)
    source = source_of({"name": name} | place)
    answers = _answers(wishes, source, place, seen, folder)
    guesses = guessed(seen, begun.known)
    files = first_files(seen, guesses, answers, begun)
    _write(folder, files, _tests_that_hold(seen, guesses))
    show(seen, guesses, questions(seen, guesses, files), answers, (folder, wishes.export), call.program_name)
    return 0


def _refuse_to_overwrite(folder: Path) -> None:
    for name in ("config.toml", "mappings"):
        if os.path.lexists(folder / name):
            raise ConfigurationError(
                f"{folder / name} is there already, and nothing is overwritten: name another folder, as in "
                "`makegood init first`, and take over from there what you like."
            )


def shipped() -> Shipped:
    """The mapping files that all begins with. ConfigurationError if the installation lacks them."""
    folder = shipped_mappings()
    return Shipped({file.name: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.toml"))})


# --- what is left to say ----------------------------------------------------------------------------------------


def _answers(
    wishes: Wishes,
    source: AnyOf,
    place: Place,
    seen: Landscape,
    folder: Path,
) -> Answers:
    zone, why = _zone(seen)

    def sound(said: str) -> None:
        source_of(dict(place) | {"name": source.name, "zone": said})

    said = wishes.said("--zone", wishes.zone, "The time zone in which your days are meant", zone, sound)
    sound(said)
    guests = any(each.kind in {"guest", "customer"} for each in seen.people)
    mixed = guests or any(project.desk for project in seen.projects)
    readers = wishes.readers
    if readers is None and not wishes.yes:
        readers = prompted("Who can read these tickets?", READERS[1] if mixed else READERS[0], READERS)
    careful = "guessed: clients or guests were met" if mixed else 'guessed: the careful one; or "staff"'
    return Answers(
        name=source.name,
        token_variable="" if isinstance(source, WorkbookSource) else token_variable(source),
        place={key: _from(folder, key, value) for key, value in place.items() if key != "tracker"},
        zone=said,
        zone_why="" if wishes.zone or (not wishes.yes and said != zone) else why,
        readers=readers or READERS[1],
        readers_why="" if readers else careful,
    )


def _from(folder: Path, key: str, value: str | list[str]) -> str | list[str]:
    """The value as the config writes it: a file inside its folder by its name there."""
    if key != "path" or isinstance(value, list):
        return value
    path, home = Path(value), folder.resolve()
    return str(path.relative_to(home)) if path.is_relative_to(home) else value


def _zone(seen: Landscape) -> tuple[str, str]:
    """The most likely time zone, and why."""
    if seen.zone:
        return seen.zone, "that of the account's profile"
    here = os.environ.get("TZ", "").removeprefix(":") or _machines_zone()
    return (here, "that of this machine") if here else ("UTC", "nothing told another one")


def _machines_zone() -> str:
    place = os.path.realpath("/etc/localtime")
    return place.partition("/zoneinfo/")[2]


# --- writing ----------------------------------------------------------------------------------------------------


def _tests_that_hold(seen: Landscape, guesses: Guesses) -> frozenset[str]:
    """The shipped tests that hold for everybody: the others name the shipped clients.

    Those of fields are written for a workbook that has these fields, as the shipped mapping of one has.
    """
    held = seen.tracker != "workbook" or guesses.fields.keys() >= _IN_THESE
    return frozenset({_TESTS_OF_RULES, _TESTS_OF_FIELDS} if held else {_TESTS_OF_RULES})


def _write(folder: Path, files: Mapping[str, str], tests: frozenset[str]) -> None:
    """All files, the config last; of the shipped tests only these. ConfigurationError if it cannot be written."""

    def left_out(place: str, names: list[str]) -> set[str]:
        return set(names) - tests if Path(place).name == "tests" else set()

    try:
        shutil.copytree(shipped_mappings(), folder / "mappings", ignore=left_out)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be written: {error.strerror or error}.") from None
