"""`config.toml`, the environment that overrides it, and the credentials that never stand in it."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, assert_never

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError

from sync.errors import ConfigurationError, CredentialsError, Fault
from sync.mapping import parts, tracker_models
from sync.mapping.parts import Amount, Strict, Time
from sync.mapping.policy import collect_policy
from sync.mapping.reader import Document, Reading, shown
from sync.mapping.shape import Shape
from sync.mapping.text import IllegibleError, content
from sync.mapping.wording import choice, near, nearest
from sync.notify_models import NotifySettings
from sync.secrecy import SECRET_KEY, keep
from sync.trackers.sources import (
    AnySource,
    AsanaSource,
    Base,
    Interval,
    JiraSource,
    Source,
    WorkbookSource,
    is_loopback,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sync.mapping.policy import Policy
    from sync.mapping.positions import KeyPath

PREFIX = "MAKEGOOD_"
"""Begins the name of each environment variable that we read."""

SYSTEM_CONFIG = Path("/etc/makegood/config.toml")
"""Looked for last, and under the name `makegood` only."""

SUGGEST = "suggest"
"""What the token of `[suggest]` goes by, as a source's goes by the source's name."""

NOTIFY = {"smtp": "notify-smtp", "webhook": "notify-webhook"}
"""What the password of `[notify.smtp]` and the address of `[notify.webhook]` go by, likewise."""

HEARTBEAT = "heartbeat"
"""What the address of `[heartbeat]` goes by, likewise."""

LOADED = "makegood_"
"""What begins the name of each file of a folder that our units have systemd hand over."""

TRACKERS = ("jira", "asana", "workbook")
"""What `tracker` may say."""

_SOONEST, _LATEST = timedelta(seconds=1), timedelta(minutes=10)
_SHORTEST_BEAT = timedelta(seconds=10)
_SHORTEST_JOURNAL = timedelta(days=7)
_LISTEN = re.compile(r"(?P<host>\[[^\[\]]+\]|[^:\s]+):(?P<port>\d{1,5})")
_LOGIN_IN_ADDRESS = re.compile(r"\w+://[^/\s]*@")
_SECRET_ADDRESSES = {("notify", "webhook"), (HEARTBEAT,)}
_TOKEN = re.compile(r"[!-~]+")


def _expanded(written: str) -> Path:
    if not written.strip():
        raise ValueError("must not be empty")
    return Path(os.path.expanduser(written))  # noqa: PTH111 - leaves ~ as it is where there is no home


def _path(written: object) -> object:
    return _expanded(written) if isinstance(written, str) else written


def _answerable(limit: Amount) -> Amount:
    if not _SOONEST <= limit.elapsed() <= _LATEST:
        raise ValueError('must be between "1s" and "10m"; a pass waits for it')
    return limit


def _listened_at(written: str) -> tuple[str, int]:
    found = _LISTEN.fullmatch(written)
    if found is None or not 0 < int(found["port"]) < 65536:
        raise ValueError('write an address and a port, such as "127.0.0.1:9477"')
    return found["host"].strip("[]"), int(found["port"])


def _on_this_machine(written: str) -> str:
    host, port = _listened_at(written)
    if not is_loopback(host):
        raise ValueError(
            f'other machines could ask there, and nobody has to log in; write "127.0.0.1:{port}", and let a proxy '
            "with a login of its own, or an agent on this machine, pass it on"
        )
    return written


def _unhurried(every: Amount) -> Amount:
    if every.elapsed() < _SHORTEST_BEAT:
        raise ValueError('must be "10s" or more; nobody needs to know sooner than that')
    return every


def _lasting(keep: Amount) -> Amount:
    if keep.elapsed() < _SHORTEST_JOURNAL:
        raise ValueError('must be "7d" or more; `undo` and the daily measure of comments go by the journal')
    return keep


FilePath = Annotated[Path, BeforeValidator(_path)]
"""A path; relative ones count from the folder of the config file."""


class Overridable(Strict):
    """What an environment variable may override, as `MAKEGOOD_STATE` does `state`."""

    state: FilePath = Path("state.db")
    """The file of what was said and done. Example: "state.db"."""
    mappings: FilePath = Path("mappings")
    """The folder of the mapping files. Example: "mappings"."""
    interval: Interval = Amount.parse("5m")
    """How long `daemon` leaves a source alone between two passes. It rests shorter where a promise is about to run
    out, and longer while the source fails; a tenth of it, more or less, is left to chance."""
    interval_off_hours: Interval = Amount.parse("15m")
    """The same outside of working hours, if that is longer: those of the calendar that the source names, or
    else of that of escalation.toml."""
    settle_after: Time = Amount.parse("10m")
    """How long a tracker may take to apply a write whose answer was lost."""
    crawl_every: Time = Amount.parse("24h")
    """How often all tickets are listed, not only changed ones."""
    keep_journal: Annotated[Time, AfterValidator(_lasting)] = Amount.parse("90d")
    """How long the journal tells what was written on a ticket that is done, for `undo`, `explain` and `overrides`.
    Of one that is not, it does so for a year at least. What was said is never forgotten."""
    audit_every: Time = Amount.parse("7d")
    """How often `daemon` holds every live ticket against what was promised there, and logs what has drifted, as
    `makegood audit` tells it; "0m": never."""
    log: Literal["json", "console", "journal", "auto"] = "auto"
    """How the log is written: `json`, `console`, `journal` (systemd's, with a field for each fact), or `auto`: for
    people on a terminal, to the journal where systemd reads along, and JSON elsewhere."""


class Suggest(Strict):
    """An OpenAI-compatible endpoint of the team's own, asked about tickets that no rule classifies."""

    url: Base
    """What `/chat/completions` is put behind; titles and texts of tickets go there and nowhere else.

    Example: "http://127.0.0.1:11434/v1"
    """
    model: str = Field(min_length=1)
    """The model's name, as the endpoint knows it. Example: "local-model"."""
    timeout: Annotated[Time, AfterValidator(_answerable)] = Amount.parse("20s")
    """How long one answer may take, from the first byte sent to the last one read."""
    most: int = Field(20, ge=1)
    """How many tickets are asked about in one pass."""
    team: bool = False
    """Whether tickets that may be about people are sent, too."""


class MetricsSettings(Strict):
    """Figures for Prometheus, and whether all is well. Without `[metrics]` there are none."""

    listen: Annotated[str, AfterValidator(_on_this_machine)] | None = None
    """Where `daemon` answers `/metrics`, `/healthz` and `/readyz`: an address of this very machine, and a port.

    Example: "127.0.0.1:9477"
    """
    textfile: FilePath | None = None
    """A file that the figures are written to again and again, for node_exporter's textfile collector.

    Example: "/var/lib/prometheus/node-exporter/makegood.prom"
    """
    ready_after: Time | None = None
    """The age of a source's last good pass from which on `/readyz` names it; by default three of its intervals,
    two of those off hours, or 15 minutes, whichever is longest. Example: "30m"."""

    @property
    def place(self) -> tuple[str, int] | None:
        """The host and the port of `listen`."""
        return _listened_at(self.listen) if self.listen else None

    def complaints(self) -> Iterator[parts.Complaint]:
        """At least one way for somebody to read them."""
        if self.listen is None and self.textfile is None:
            yield (), 'nobody could read them; add listen = "127.0.0.1:9477", or textfile = "…", or take it out'


class HeartbeatSettings(Strict):
    """An address that hears from us while all is well, so that a service elsewhere alarms when that ends. It is
    MAKEGOOD_HEARTBEAT_TOKEN.
    """

    every: Annotated[Time, AfterValidator(_unhurried)] = Amount.parse("5m")
    """How often, at most. Have the service wait for longer than this and the longest rest between two passes."""


class Settings(Overridable):
    """`config.toml`, with what the environment overrides."""

    source: list[AnySource] = Field(min_length=1)
    """The trackers to read, in this order."""
    suggest: Suggest | None = None
    """Who suggests a category where no rule gives one; nobody, unless it is set."""
    notify: NotifySettings | None = None
    """Whom to tell of grave issues outside of the tracker; nobody, unless it is set."""
    metrics: MetricsSettings | None = None
    """Figures for Prometheus, and where to ask whether all is well; none, unless it is set."""
    heartbeat: HeartbeatSettings | None = None
    """An address that hears from us while all is well; none, unless it is set."""

    def complaints(self) -> Iterator[parts.Complaint]:
        """Sources that share a name, one mapping file for two trackers, or workbooks taken for one."""
        names: dict[str, int] = {}
        files: dict[str, type[tracker_models.Mapping]] = {}
        for index, source in enumerate(self.source):
            variable = token_variable(source)
            first = self.source[names.setdefault(variable, index)]
            if first is not source:
                what = f"source {first.name!r} reads its token from {variable} too; rename one"
                yield ("source", index, "name"), what
            if self.suggest and variable == _variable(SUGGEST):
                what = f"[suggest] reads its token from {variable} too; rename this source"
                yield ("source", index, "name"), what
            if self.notify and variable in map(_variable, NOTIFY.values()):
                yield ("source", index, "name"), f"[notify] reads {variable} too; rename this source"
            if self.heartbeat and variable == _variable(HEARTBEAT):
                yield ("source", index, "name"), f"[heartbeat] reads {variable} too; rename this source"
            file, model = mapping_of(source)
            if files.setdefault(file, model) is not model:
                yield ("source", index, "mapping"), f"{file} is another tracker's mapping; name one of its own"
        yield from self._workbooks()

    def _workbooks(self) -> Iterator[parts.Complaint]:
        """Workbooks whose tickets the state could not tell apart."""
        seen: dict[str, WorkbookSource] = {}
        for index, source in enumerate(self.source):
            if not isinstance(source, WorkbookSource):
                continue
            first = seen.setdefault(source.site_id, source)
            if first.path.resolve() == source.path.resolve() and first is not source:
                yield ("source", index, "path"), f"source {first.name!r} reads this file already; keep one of them"
            elif first is not source:
                what = f"tickets of source {first.name!r} would be taken for its own: both are {source.site_id!r}"
                at = "site" if source.site else "path"
                yield ("source", index, at), f'{what}; give this source a site of its own: site = "{source.name}"'


@cache
def _environment() -> type[Overridable]:
    """The model that reads itself from the variables that are set."""
    from pydantic_settings import BaseSettings, SettingsConfigDict  # noqa: PLC0415 - costs 25 ms, seldom needed

    class Environment(Overridable, BaseSettings):
        model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, enable_decoding=False)

    return Environment


def find_config(explicit: Path | None, program_name: str) -> Path:
    """The config file to read: `--config`, else `MAKEGOOD_CONFIG`, else the one in the current folder.

    Under the name `makegood` also the user's and the system's; under any other name we might have been called
    by mistake. ConfigurationError, naming what to do, if there is none.
    """
    if explicit:
        return explicit
    if named := os.environ.get(f"{PREFIX}CONFIG"):
        if not os.path.isfile(named):  # noqa: PTH113 - False, no exception, where we may not look
            raise ConfigurationError(f"{PREFIX}CONFIG names {named}, and there is no such file.")
        return Path(named)
    places = [Path("config.toml")]
    if by_our_name := Path(program_name).stem == "makegood":
        home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111 - never raises
        places += [Path(home) / "makegood" / "config.toml", SYSTEM_CONFIG]
    for place in places:
        if os.path.isfile(place):  # noqa: PTH113 - False, no exception, where we may not look
            return place
    remedy = f"Copy config.example.toml there, or name a file with --config or {PREFIX}CONFIG."
    if by_our_name:
        raise ConfigurationError(f"There is no config: looked for {', '.join(map(str, places))}. {remedy}")
    raise ConfigurationError(
        "This is makegood's sync, and there is no config.toml in this folder. "
        f"The command that writes the system's buffers to disk is /bin/sync. {remedy}"
    )


def load_settings(path: Path) -> Settings:
    """The config file with what the environment overrides; relative paths are led from the file's folder.

    ConfigurationError with every fault of both.
    """
    reading = collect_settings(path)
    if reading.value is None or reading.document.faults:
        raise ConfigurationError(reading.document.faults)
    return reading.value


def load(path: Path, mappings: Path | None = None) -> tuple[Settings, Policy]:
    """The settings and the policy that they lead to. ConfigurationError with every fault of all files.

    `mappings` is the folder of the mapping files, where that is not the config's.
    """
    reading = collect_settings(path)
    settings, document = reading.value, reading.document
    if settings is None:
        raise ConfigurationError([*document.faults, *_beside(document, path.parent, mappings)])
    if mappings:
        settings = settings.model_copy(update={"mappings": mappings})
    policy, faults = collect_policy(
        settings.mappings,
        dict(mapping_of(source) for source in settings.source),
        interval=settings.interval,
        sources=[source.name for source in settings.source],
    )
    calendars = shown(settings.mappings / "calendars.toml")
    if policy and all(fault.file != calendars for fault in faults):
        for index, source in enumerate(settings.source):
            if source.calendar is not None and source.calendar not in policy.calendars:
                hint = nearest(source.calendar, policy.calendars)
                what = f"no calendar {source.calendar!r} in {calendars}{hint}"
                document.complain(("source", index, "calendar"), what)
    escalation = shown(settings.mappings / "escalation.toml")
    if policy and settings.notify and all(fault.file != escalation for fault in faults):
        roles = [*policy.escalation.ladder, *policy.escalation.roles]
        for role in settings.notify.to.keys() - set(roles):
            document.complain(("notify", "to", role), f"no role {role!r} in {escalation}{nearest(role, roles)}")
    if policy is None or document.faults or faults:
        raise ConfigurationError([*document.faults, *faults])
    return settings, policy


def _beside(document: Document, folder: Path, mappings: Path | None) -> list[Fault]:
    """The faults of the mapping files beside a config that names no usable source: all but the trackers' files."""
    written = document.data.get("mappings")
    mappings = mappings or folder / (written if isinstance(written, str) else Overridable().mappings)
    return collect_policy(mappings, {})[1] if document.legible and mappings.is_dir() else []


def chosen(settings: Settings, names: Sequence[str]) -> list[AnySource]:
    """The sources of these names, or all. ConfigurationError for a name that is not configured."""
    known = {source.name for source in settings.source}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigurationError(f"no source is named {unknown[0]!r}; config.toml has {', '.join(sorted(known))}")
    return [source for source in settings.source if not names or source.name in names]


def collect_settings(path: Path) -> Reading[Settings]:
    """The settings as far as they can be read; the faults of file and environment are its document's."""
    document, folder = Document.read(path, shown(path)), path.parent
    for at in list(_secrets(document.data)):
        document.refuse(at, _remedy(at, document.data))
    sources = document.data.get("source")
    for index, source in enumerate(sources if isinstance(sources, list) else ()):
        match source:
            case {"path": str(written)} if written.strip():
                source["path"] = folder / _expanded(written)
            case {"path": str()}:
                document.refuse(("source", index, "path"), "must not be empty")
        if isinstance(source, dict):
            _guess_tracker(document, index, source)
    settings = document.validated(Settings)
    if not {name.upper() for name in os.environ} & {
        f"{PREFIX}{name}".upper() for name in Overridable.model_fields
    }:
        return Reading(document, settings and _led(settings, folder))
    try:
        environment = _environment()()
    except ValidationError as error:
        for at, what in Shape(_environment()).explained(error):
            document.faults.append(Fault("environment", 0, 0, f"{PREFIX}{at[0]}".upper(), what))
        return Reading(document, settings and _led(settings, folder))
    given = {name: getattr(environment, name) for name in environment.model_fields_set}
    return Reading(document, settings and _led(settings.model_copy(update=given), folder))


def _guess_tracker(document: Document, index: int, source: dict[str, Any]) -> None:
    """Tell a misspelt tracker, in its key or its name, and let the rest be read as that tracker's source."""
    known = {key for model in (JiraSource, AsanaSource, WorkbookSource) for key in model.model_fields}
    if "tracker" not in source:
        for key in [key for key in source if key not in known and near(key, known) == "tracker"][:1]:
            document.refuse(("source", index, key), "unknown key; did you mean 'tracker'?")
            source["tracker"] = source[key]
    written = source.get("tracker")
    if isinstance(written, str) and written not in TRACKERS and (meant := near(written, TRACKERS)):
        document.complain(("source", index, "tracker"), choice(written, list(TRACKERS)))
        source["tracker"] = meant


def _led(settings: Settings, folder: Path) -> Settings:
    paths: dict[str, object] = {"state": folder / settings.state, "mappings": folder / settings.mappings}
    if settings.metrics and settings.metrics.textfile:
        led = folder / settings.metrics.textfile
        paths["metrics"] = settings.metrics.model_copy(update={"textfile": led})
    return settings.model_copy(update=paths)


def mapping_of(source: JiraSource | AsanaSource | WorkbookSource) -> tuple[str, type[tracker_models.Mapping]]:
    """The name of the source's mapping file, and the model that it is read with."""
    match source:
        case JiraSource():
            return source.mapping or "jira.toml", tracker_models.JiraMapping
        case AsanaSource():
            return source.mapping or "asana.toml", tracker_models.AsanaMapping
        case WorkbookSource():
            return source.mapping or "workbook.toml", tracker_models.WorkbookMapping
        case _:
            assert_never(source)


def token_variable(source: Source) -> str:
    """The environment variable that holds the source's token."""
    return _variable(source.name)


def token_file(name: str) -> Path | None:
    """The file that holds the token which goes by that name, there or not; None without $CREDENTIALS_DIRECTORY.

    It is `<name>.token`, or `makegood_<name>.token` where that is there: so systemd calls it for a unit whose
    `LoadCredential=makegood:FOLDER` hands over a folder of them.
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return None
    loaded = Path(folder) / f"{LOADED}{name}.token"
    return loaded if os.path.lexists(loaded) else Path(folder) / f"{name}.token"


def token_for(source: Source) -> SecretStr:
    """The source's token: from its variable, else from `<name>.token` in $CREDENTIALS_DIRECTORY.

    CredentialsError, naming both ways, if there is none or if it cannot be one. Its value is in no message.
    """
    return _required(source.name, f"source {source.name!r}")


def notify_secret(way: Literal["smtp", "webhook"]) -> SecretStr:
    """The mail server's password, or the webhook's address, which is a secret too; found as tokens are.

    CredentialsError as for tokens.
    """
    whose = {"smtp": "[notify.smtp] (its password)", "webhook": "[notify.webhook] (its address)"}
    return _required(NOTIFY[way], whose[way])


def heartbeat_address() -> SecretStr:
    """The address that `[heartbeat]` asks for, a secret too; found as tokens are, CredentialsError likewise."""
    return _required(HEARTBEAT, f"[{HEARTBEAT}] (its address)")


def _required(name: str, whose: str) -> SecretStr:
    if token := _token(name, whose):
        return token
    raise CredentialsError(
        f"There is no token for {whose}: set {_variable(name)}, "
        f"or put it into the file {name}.token in the folder that $CREDENTIALS_DIRECTORY names."
    )


def suggest_token() -> SecretStr | None:
    """The token of `[suggest]`, found as a source's is; None where there is none, for it may need none.

    CredentialsError if it cannot be one.
    """
    return _token(SUGGEST, f"[{SUGGEST}]")


def _token(name: str, whose: str) -> SecretStr | None:
    origin = _variable(name)
    token = os.environ.get(origin, "").strip()
    if not token and (file := token_file(name)) and os.path.lexists(file):
        origin = str(file)
        try:
            token = content(file).decode("utf-8-sig", errors="replace").strip()
        except IllegibleError as why:
            raise CredentialsError(f"The token of {whose} in {origin}: {why.what}.") from None
    if not token:
        return None
    if not _TOKEN.fullmatch(token):
        raise CredentialsError(
            f"What {origin} holds for {whose} is no token: "
            "it has blanks, line breaks or letters beyond ASCII inside. Copy it again."
        )
    keep(token)
    return SecretStr(token)


def _variable(name: str) -> str:
    return f"{PREFIX}{name.upper().replace('-', '_')}_TOKEN"


def _secrets(value: object, at: KeyPath = ()) -> Iterator[KeyPath]:
    """Keys that look like a secret's, the webhook's and the heartbeat's address, and any that carries a login."""
    match value:
        case dict():
            for key, inner in value.items():
                if SECRET_KEY.search(key) or (at in _SECRET_ADDRESSES and key in {"url", "address"}):
                    yield (*at, key)
                else:
                    yield from _secrets(inner, (*at, key))
        case list():
            for index, inner in enumerate(value):
                yield from _secrets(inner, (*at, index))
        case str() if _LOGIN_IN_ADDRESS.match(value):
            yield at


def _remedy(at: KeyPath, data: Mapping[str, Any]) -> str:
    match at, data.get("source"):
        case (("source", int(index), str(), *_), list(sources)) if isinstance(sources[index].get("name"), str):
            name = sources[index]["name"]
        case ("suggest", *_), _:
            name = SUGGEST
        case ("notify", str(way), *_), _ if way in NOTIFY:
            name = NOTIFY[way]
        case ("heartbeat", *_), _:
            name = HEARTBEAT
        case _:
            name = "NAME"
    return (
        f"secrets have no place in this file; take it out, and set {_variable(name)} or put it into {name}.token "
        "in $CREDENTIALS_DIRECTORY. If others could read it here, have a new one made"
    )
