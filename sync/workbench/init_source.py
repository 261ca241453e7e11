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
from sync.trackers.sources import AnySource, AsanaSource, JiraSource, WorkbookSource
from sync.workbench.first_questions import UNKNOWN_PROJECT, UNKNOWN_URL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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

    def said(self, option: str, given: str | None, question: str, default: str | None = None) -> str:
        """What was given, or is answered now; with `--yes` the default. ConfigurationError if there is none."""
        if given:
            return given
        if not self.yes:
            return prompted(question, default)
        if default is None:
            raise ConfigurationError(f"With --yes nobody is asked, so {option} is needed ({question}).")
        return default


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
            file = wishes.workbook or Path(wishes.said("--workbook", None, "The file, .xlsx or .csv"))
            return {"tracker": "workbook", "path": str(file.expanduser().resolve())}
        case _:
            raise ConfigurationError("With --yes nobody is asked, so --tracker or --workbook is needed.")


def exported(file: Path) -> Landscape:
    """What an export shows of the tracker that it comes from."""
    from sync.trackers import export_survey  # noqa: PLC0415 - only for who has an export

    return export_survey.survey(file)


def place_of_export(wishes: Wishes, seen: Landscape) -> Place:
    """What the export and the options tell of the place, and what must be written there for the rest."""
    if seen.tracker == "asana":
        return {"tracker": "asana", "projects": _listed(wishes.projects) or [UNKNOWN_PROJECT]}
    email = {"email": wishes.email} if wishes.email else {}
    projects = _listed(wishes.projects) or [project.id for project in seen.projects]
    return {"tracker": "jira", "url": wishes.url or UNKNOWN_URL} | email | {"projects": projects}


def _jira(wishes: Wishes) -> Place:
    url = wishes.said("--url", wishes.url, "Jira's address, as in https://example.atlassian.net")
    url = url if "://" in url else f"https://{url}"
    email = wishes.email
    if email is None and url.endswith((".atlassian.net", ".jira.com")):
        email = wishes.said("--email", None, "The e-mail address of the account that the token is of")
    return {"tracker": "jira", "url": url} | ({"email": email} if email else {}) | _projects(wishes)


def _projects(wishes: Wishes) -> dict[str, list[str]]:
    """The projects that were named; none yet where somebody can still be asked."""
    if wishes.yes and not wishes.projects:
        raise ConfigurationError("With --yes nobody is asked, so --project is needed.")
    return {"projects": _listed(wishes.projects)} if wishes.projects else {}


def provisional(place: Place, name: str) -> AnyOf:
    """The source while its projects may be unknown. ConfigurationError as of `source_of`."""
    stand_in = {} if place["tracker"] == "workbook" else {"projects": [UNKNOWN_PROJECT]}
    return source_of({"name": name} | stand_in | place)


def with_projects(place: Place, name: str, token: str) -> Place:
    """The place with its projects, which are shown and asked for unless they were named."""
    source = provisional(place, name)
    if "projects" in place:
        return place
    match source:
        case JiraSource():
            from sync.trackers import jira_survey  # noqa: PLC0415 - only for who has such a source

            shown, question = jira_survey.visible(source, token), "Which of them? Their keys, parted by commas"
        case AsanaSource():
            from sync.trackers import asana_survey  # noqa: PLC0415 - only for who has such a source

            shown, question = asana_survey.visible(source, token), "Which of them? Their numbers, parted by commas"
        case WorkbookSource():
            return place
        case _:
            assert_never(source)
    say("Projects that this account can see:", err=True)
    for project in shown:
        say(f"  {project.id:<12} {inert(project.name)}", err=True)
    only = shown[0].id if len(shown) == 1 else None
    return dict(place) | {"projects": _listed([prompted(question, only)])}


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


def token_of(source: AnyOf, wishes: Wishes) -> str:
    """From where a pass reads it, or typed; it is written nowhere. Empty for a file."""
    if isinstance(source, WorkbookSource):
        return ""
    try:
        return token_for(source).get_secret_value()
    except CredentialsError:
        if wishes.yes:
            raise
    typed = prompted_secret(f"The token (not shown, not kept; later it comes from {token_variable(source)})")
    keep(typed)
    return typed


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
