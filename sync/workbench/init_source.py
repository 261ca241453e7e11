"""Where the issues of a new config are: what was said on the command line, and what is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from pydantic import TypeAdapter, ValidationError

from sync.errors import ConfigurationError, CredentialsError
from sync.legible import inert
from sync.secrecy import keep
from sync.settings import TRACKERS, token_for, token_variable
from sync.terminal import prompted, prompted_secret, say
from sync.trackers.landscape import SAMPLE
from sync.trackers.sources import AnySource, AsanaSource, JiraSource, WorkbookSource
from sync.workbench.first_questions import UNKNOWN_PROJECT, UNKNOWN_URL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sync.trackers.landscape import Landscape

Place = dict[str, str | list[str]]
"""Keys of a source that say where it is, as they are written."""
AnyOf = JiraSource | AsanaSource | WorkbookSource
_OPTIONS = {"url": "--url", "projects": "--project", "email": "--email", "name": "--name", "zone": "--zone"}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was said on the command line; None for what is still to be asked."""

    tracker: str | None
    url: str | None
    email: str | None
    projects: Sequence[str] | None
    workbook: Path | None
    export: Path | None
    name: str | None
    zone: str | None
    readers: str | None
    yes: bool

    def said(
        self,
        option: str,
        given: str | None,
        question: str,
        default: str | None = None,
        sound: Callable[[str], object] = str,
    ) -> str:
        """What was given, or is answered now; with `--yes` the default. ConfigurationError if there is none.

        `sound` raises a ConfigurationError for an answer that cannot be meant: then the question is asked again.
        """
        if given:
            return given
        if not self.yes:
            return _answered(question, default, sound)
        if default is None:
            raise ConfigurationError(f"With --yes nobody is asked, so {option} is needed ({question}).")
        return default

    def refuse_contradictions(self) -> None:
        """ConfigurationError where two of the options cannot both be meant."""
        if self.workbook and self.export:
            raise ConfigurationError("--workbook and --export are two places: name one of them.")
        if self.workbook and self.tracker not in {None, "workbook"}:
            raise ConfigurationError(f"--tracker {self.tracker} and --workbook are two places: name one of them.")
        needless = [option for option in ("url", "email", "projects") if getattr(self, option)]
        if needless and (self.workbook or self.tracker == "workbook"):
            options = " and ".join(_OPTIONS[option] for option in needless)
            raise ConfigurationError(f"A workbook is a file, and has no {options}: leave that out.")


def _answered(question: str, default: str | None, sound: Callable[[str], object]) -> str:
    while True:
        answer = prompted(question, default)
        try:
            sound(answer)
        except ConfigurationError as error:
            say(str(error), err=True)
        else:
            return answer


def place_of(wishes: Wishes) -> Place:
    """The keys of the source that say where it is, as they are written."""
    tracker = wishes.tracker or ("workbook" if wishes.workbook else None)
    if tracker is None and not wishes.yes:
        tracker = prompted("Where are your client issues?", None, TRACKERS)
    match tracker:
        case "jira":
            return _jira(wishes)
        case "asana":
            return {"tracker": "asana"} | ({"url": wishes.url} if wishes.url else {}) | _projects(wishes)
        case "workbook":
            file = wishes.workbook or Path(
                wishes.said("--workbook", None, "The file, .xlsx or .csv", None, _is_there)
            )
            return {"tracker": "workbook", "path": str(file.expanduser().resolve())}
        case _:
            raise ConfigurationError("With --yes nobody is asked, so --tracker, --workbook or --export is needed.")


def _is_there(file: str) -> None:
    if not Path(file).expanduser().is_file():
        raise ConfigurationError(f"{file} is not there.")


def exported(file: Path, tracker: str | None) -> Landscape:
    """What an export shows of the tracker that it comes from. ConfigurationError if that is not `tracker`."""
    from sync.trackers import export_survey  # noqa: PLC0415 - only for who has an export

    seen = export_survey.survey(file)
    if tracker not in {None, seen.tracker}:
        raise ConfigurationError(f"{file} was exported from {seen.tracker}, and --tracker says {tracker}.")
    return seen


def place_of_export(wishes: Wishes, seen: Landscape) -> Place:
    """What the export and the options tell of the place, and what must be written there for the rest."""
    if seen.tracker == "asana":
        return {"tracker": "asana", "projects": _listed(wishes.projects) or [UNKNOWN_PROJECT]}
    email = {"email": wishes.email} if wishes.email else {}
    projects = _listed(wishes.projects) or [project.id for project in seen.projects]
    return {"tracker": "jira", "url": wishes.url or UNKNOWN_URL} | email | {"projects": projects}


def _jira(wishes: Wishes) -> Place:
    question = "Jira's address, as in https://example.atlassian.net"
    url = _address(wishes.said("--url", wishes.url, question, None, _is_address))
    email = wishes.email
    if email is None and url.endswith((".atlassian.net", ".jira.com")):
        email = wishes.said("--email", None, "The e-mail address of the account that the token is of")
    return {"tracker": "jira", "url": url} | ({"email": email} if email else {}) | _projects(wishes)


def _address(said: str) -> str:
    return said if "://" in said else f"https://{said}"


def _is_address(said: str) -> None:
    source_of(
        {"tracker": "jira", "name": "jira", "projects": [UNKNOWN_PROJECT], "url": _address(said), "email": "a@b"}
    )


def _projects(wishes: Wishes) -> dict[str, list[str]]:
    """The projects that were named; none yet where somebody can still be asked."""
    if wishes.yes and not wishes.projects:
        raise ConfigurationError("With --yes nobody is asked, so --project is needed.")
    return {"projects": _listed(wishes.projects)} if wishes.projects else {}


def provisional(place: Place, name: str) -> AnyOf:
    """The source while its projects may be unknown. ConfigurationError as of `source_of`."""
    stand_in = {} if place["tracker"] == "workbook" else {"projects": [UNKNOWN_PROJECT]}
    return source_of({"name": name} | stand_in | place)


def looked_at(place: Place, name: str, wishes: Wishes) -> tuple[Place, Landscape]:
    """The place with its projects, and what it shows. A typed token that is refused can be typed anew, twice."""
    source, token = provisional(place, name), None
    for left in (2, 1, 0):
        token, typed = _token(source, wishes)
        try:
            whole = _with_projects(place, name, token)
            return whole, landscape_of(source_of({"name": name} | whole), token)
        except CredentialsError as error:
            if not (typed and left):
                raise
            say(str(error), err=True)
    raise AssertionError


def _with_projects(place: Place, name: str, token: str) -> Place:
    """The place with its projects, which are shown and asked for unless they were named."""
    source = provisional(place, name)
    if "projects" in place:
        return place
    match source:
        case JiraSource():
            from sync.trackers import jira_survey  # noqa: PLC0415 - only for who has such a source

            shown, most = jira_survey.visible(source, token), jira_survey.MOST_PROJECTS
            question = "Which of them? Their keys, parted by commas"
        case AsanaSource():
            from sync.trackers import asana_survey  # noqa: PLC0415 - only for who has such a source

            shown, most = asana_survey.visible(source, token), SAMPLE
            question = "Which of them? Their numbers, parted by commas"
        case WorkbookSource():
            return place
        case _:
            assert_never(source)
    say("Projects that this account can see:", err=True)
    for project in shown:
        say(f"  {project.id:<12} {inert(project.name)}", err=True)
    only = shown[0].id if len(shown) == 1 else None
    known = {each.name.casefold(): each.id for each in shown} | {each.id.casefold(): each.id for each in shown}

    def all_shown(said: str) -> None:
        strange = [part for part in _listed([said]) if part.casefold() not in known]
        if strange and len(shown) < most:
            raise ConfigurationError(f"{', '.join(map(inert, strange))}: not among those above.")

    named = _listed([_answered(question, only, all_shown)])
    return dict(place) | {"projects": list(dict.fromkeys(known.get(part.casefold(), part) for part in named))}


def _listed(given: Sequence[str] | None) -> list[str]:
    return list(dict.fromkeys(part.strip() for each in given or () for part in each.split(",") if part.strip()))


def source_of(place: Mapping[str, Any]) -> AnyOf:
    """The source, checked as the config's are. ConfigurationError names the option to correct."""
    given = dict(place) | ({"path": Path(place["path"])} if "path" in place else {})
    try:
        return TypeAdapter[AnyOf](AnySource).validate_python(given)
    except ValidationError as error:
        faults = {_OPTIONS.get(str(each["loc"][1]), str(each["loc"][1])): each["msg"] for each in error.errors()}
        listed = "; ".join(f"{option}: {what.removeprefix('Value error, ')}" for option, what in faults.items())
        raise ConfigurationError(listed) from None


def _token(source: AnyOf, wishes: Wishes) -> tuple[str, bool]:
    """From where a pass reads it, or typed, and whether it was typed; it is written nowhere. Empty for a file."""
    if isinstance(source, WorkbookSource):
        return "", False
    try:
        return token_for(source).get_secret_value(), False
    except CredentialsError:
        if wishes.yes:
            raise
    typed = prompted_secret(f"The token (not shown, not kept; later it comes from {token_variable(source)})")
    keep(typed)
    return typed, True


def landscape_of(source: AnyOf, token: str) -> Landscape:
    """What the source shows of itself."""
    match source:
        case JiraSource():
            from sync.trackers import jira_survey  # noqa: PLC0415 - only for who has such a source

            say(f"Asking {source.url} …", err=True)
            return jira_survey.survey(source, token)
        case AsanaSource():
            from sync.trackers import asana_survey  # noqa: PLC0415 - only for who has such a source

            say(f"Asking {source.url} …", err=True)
            return asana_survey.survey(source, token)
        case WorkbookSource():
            from sync.trackers import workbook_survey  # noqa: PLC0415 - only for who has such a source

            return workbook_survey.survey(source.path)
        case _:
            assert_never(source)
