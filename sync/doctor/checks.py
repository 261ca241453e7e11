"""All that `doctor` looks at, side by side: one thing that fails or hangs keeps no other from being told."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING

from sync.advice import advice
from sync.call import typed
from sync.doctor import credentials, files, machine, network, service
from sync.doctor.finding import Finding, broken, good, refused
from sync.doctor.state import StateReport, backups
from sync.errors import ConfigurationError, MakegoodError
from sync.legible import counted
from sync.secrecy import trace
from sync.settings import chosen, load_settings
from sync.soundness import sound
from sync.trackers.pace import Paces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from sync.call import Call
    from sync.doctor.credentials import Keyring
    from sync.mapping.policy import Policy
    from sync.progress import Tell
    from sync.settings import Settings

PATIENCE = 30.0
"""Seconds that everything together may take *(ours)*: a tracker that fails is asked four times within fewer."""
_TICK = 0.1


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at: the part of the screen that it stands in, what it is about, and how to look. `late` is
    the remedy where that takes too long.
    """

    part: str
    about: str
    look: Callable[[], Iterable[Finding]]
    late: str = ""


@dataclass(frozen=True, slots=True)
class Looking:
    """A check under way, in a thread of its own; `found` grows until it is `done`."""

    check: Check
    found: list[Finding] = field(default_factory=list)
    done: Event = field(default_factory=Event)

    def run(self) -> None:
        """Look; whatever goes wrong is a finding, too."""
        about = self.check.about
        try:
            for each in self.check.look():
                self.found.append(each)
        except MakegoodError as error:
            self.found.append(refused(about, error))
        except OSError as error:
            self.found.append(broken(about, f"{error.filename or 'the system'}: {error.strerror}", "", 2))
        except Exception as error:  # noqa: BLE001 - a check that stumbles must keep no other from being made
            what = f"looking at it failed: {trace(error)}"
            self.found.append(broken(about, what, "please report this fault of makegood's"))
        finally:
            self.done.set()


def examined(checks: Sequence[Check], tell: Tell, patience: float = PATIENCE) -> Iterator[tuple[str, Finding]]:
    """Every finding with its part, in the order of the checks; what is not told within `patience` seconds is an
    error. `tell` is told how many checks are done.
    """
    end, looking = time.monotonic() + patience, [Looking(check) for check in checks]
    for each in looking:
        Thread(target=each.run, name=each.check.about, daemon=True).start()
    while (waiting := [each for each in looking if not each.done.is_set()]) and time.monotonic() < end:
        tell("makegood doctor", "looking", len(looking) - len(waiting), len(looking))
        waiting[0].done.wait(_TICK)
    for each in looking:
        yield from ((each.check.part, finding) for finding in [*each.found])
        if each in waiting:
            what = f"no answer came within {patience:g} seconds"
            yield each.check.part, broken(each.check.about, what, each.check.late)


# --- what there is to look at -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Installation:
    """The configuration as far as it can be read, and what reading it told. `named` is what --config named."""

    named: Path | None
    told: Finding
    config: Path | None = None
    settings: Settings | None = None
    policy: Policy | None = None

    @property
    def doctor(self) -> str:
        """The command that looks at it."""
        return typed("doctor", config=self.named)


def installation(call: Call) -> Installation:
    """Read the configuration; faults are told, and what is sound of it is looked at all the same."""
    named = call.config
    try:
        config = call.config_file()
    except ConfigurationError as error:
        return Installation(named, refused("configuration", error, "makegood init"))
    try:
        settings, policy = sound(config)
    except ConfigurationError as error:
        return Installation(named, _faults(error, named), config, _settings(config))
    return Installation(named, _is_sound(config, settings, policy), config, settings, policy)


def _settings(config: Path) -> Settings | None:
    """The config file's own settings, where the faults are in other files."""
    try:
        return load_settings(config)
    except ConfigurationError:
        return None


def _faults(error: ConfigurationError, config: Path | None) -> Finding:
    if not error.faults:
        return refused("configuration", error, typed("check", config=config))
    first = str(error.faults[0]).splitlines()[0]
    what = f"{counted(len(error.faults), 'fault')}, the first of them {first}"
    return broken("configuration", what, typed("check", config=config), error.exit_status)


def _is_sound(config: Path, settings: Settings, policy: Policy) -> Finding:
    notes = advice(policy, settings.source)
    sources, clients = counted(len(settings.source), "source"), counted(len(policy.clients.client), "client")
    told = f"{config} is sound: {sources}, {clients}"
    return good("configuration", f"{told}; {counted(len(notes), 'note')} (see check)" if notes else told)


def checks(found: Installation, names: Sequence[str], *, offline: bool) -> Iterator[Check]:
    """Everything to look at, in the order of the screen. ConfigurationError for an unknown source."""
    now = datetime.now(UTC)
    settings, policy, part = found.settings, found.policy, "Installation"
    yield Check(part, "configuration", lambda: [found.told])
    yield Check(part, "versions", machine.versions)
    yield Check(part, "packages", machine.packages)
    if settings and policy:
        yield Check(part, "zones", partial(machine.zones, settings, policy, now.date()))
        yield Check(part, "holidays", partial(machine.holidays, policy, now.date()))
    yield Check("Machine", "clock", machine.clock)
    if settings is None or found.config is None:
        return
    keyring = credentials.Keyring(found.config, found.doctor)
    yield Check("Machine", "state folder", partial(files.folder, settings.state, found.doctor))
    yield Check("Machine", "disk", partial(files.disk, settings.state))
    yield Check("Machine", "permissions", partial(files.permissions, found.config, settings))
    yield from _service(settings, found.config, found.doctor)
    sources, paces = chosen(settings, names), Paces()
    paces.share(sources)
    yield Check("State", "state", StateReport(settings, sources, found.named, now).findings)
    yield Check("State", "backup", partial(backups, settings.state, found.named, now))
    for source in sources:
        if policy and not offline:
            look = partial(network.source, source, policy, keyring, paces)
        else:
            look = partial(credentials.of_the_source, source, keyring)
        yield Check("Sources", source.name, look, network.asking(source))
    if offline:
        yield Check("Others", "secrets", partial(credentials.of_the_others, settings, keyring))
    else:
        yield from _others(settings, keyring)


def _service(settings: Settings, config: Path, doctor: str) -> Iterator[Check]:
    """Who makes the passes, and where it can be asked how they are."""
    yield Check("Service", "service", partial(service.service, settings.state, config, doctor))
    if settings.metrics and settings.metrics.place:
        yield Check("Service", "metrics", partial(service.metrics, settings.metrics.place, settings.state))
    if settings.metrics and settings.metrics.textfile:
        yield Check("Service", "textfile", partial(files.textfile, settings.metrics.textfile))


def _others(settings: Settings, keyring: Keyring) -> Iterator[Check]:
    """Whom it talks to beside the trackers."""
    part, notify = "Others", settings.notify
    if notify and notify.smtp:
        yield Check(part, "mail", partial(network.mail, notify.smtp, keyring))
    if notify and notify.webhook:
        yield Check(part, "webhook", partial(network.webhook, notify.webhook, keyring))
    if settings.heartbeat:
        yield Check(part, "heartbeat", partial(network.heartbeat, settings.heartbeat, keyring))
    if settings.suggest:
        yield Check(part, "suggest", partial(network.suggest, settings.suggest, keyring))
