"""Whether each credential is there, and how to have one that is lacking, without showing it to anybody."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sync.doctor.finding import Finding, good, refused
from sync.errors import CredentialsError
from sync.settings import (
    HEARTBEAT,
    NOTIFY,
    SUGGEST,
    heartbeat_address,
    notify_secret,
    suggest_token,
    token_for,
    token_variable,
)
from sync.trackers.sources import WorkbookSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import SecretStr

    from sync.settings import Settings
    from sync.trackers.sources import AnySource

_OF_THE_SERVICE = Path("/run/credentials/makegood.service")
"""Where systemd keeps the running service's credentials; only root may look."""
_AS_SERVICE = Path("/usr/bin/makegood-as-service")
"""What the package brings to run a command as the service does, with its credentials and state."""


def as_service() -> str:
    """The command that asks all this as the service would; empty where the package is not installed."""
    return f"sudo {_AS_SERVICE.name} doctor" if _AS_SERVICE.is_file() else ""


class Secret(NamedTuple):
    """A credential: what a finding about it is called, the name it goes by, its variable, and what reads it."""

    about: str
    name: str
    variable: str
    read: Callable[[], SecretStr | None]


def of_source(source: AnySource) -> Secret:
    """A source's token."""
    return Secret(source.name, source.name, token_variable(source), partial(token_for, source))


SMTP = Secret("mail", NOTIFY["smtp"], "MAKEGOOD_NOTIFY_SMTP_TOKEN", partial(notify_secret, "smtp"))
WEBHOOK = Secret("webhook", NOTIFY["webhook"], "MAKEGOOD_NOTIFY_WEBHOOK_TOKEN", partial(notify_secret, "webhook"))
BEAT = Secret("heartbeat", HEARTBEAT, "MAKEGOOD_HEARTBEAT_TOKEN", heartbeat_address)
SUGGESTING = Secret("suggest", SUGGEST, "MAKEGOOD_SUGGEST_TOKEN", suggest_token)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The credentials of an installation. `config` is its config file, `doctor` the command that asks all this."""

    config: Path
    doctor: str

    def lacking(self, secret: Secret) -> Finding | None:
        """What is wrong with a credential, and how to have it; None if it is there."""
        try:
            secret.read()
        except CredentialsError as error:
            return refused(secret.about, error, self._remedy(secret))
        return None

    def present(self, secret: Secret) -> Finding:
        """Whether it is there; nobody is asked whether it is the right one."""
        return self.lacking(secret) or good(secret.about, "its credential is there; nobody was asked about it")

    def _remedy(self, secret: Secret) -> str:
        """Where only the service has credentials, to ask as the service; within it, to write the file that it is
        given; elsewhere, to give this shell one.
        """
        within, kept = "CREDENTIALS_DIRECTORY" in os.environ, self.config.absolute().parent / "credentials"
        if within and kept.is_dir():
            return f"(umask 077; cat >{shlex.quote(str(kept / f'{secret.name}.token'))})"
        if within or not _OF_THE_SERVICE.is_dir():
            return f"read -rs {secret.variable} && export {secret.variable}"
        return as_service() or f"sudo env CREDENTIALS_DIRECTORY={_OF_THE_SERVICE} {self.doctor}"


def of_the_source(source: AnySource, keyring: Keyring) -> Iterator[Finding]:
    """Whether a source's token is there; a workbook needs none."""
    if not isinstance(source, WorkbookSource):
        yield keyring.present(of_source(source))


def of_the_others(settings: Settings, keyring: Keyring) -> Iterator[Finding]:
    """Whether what is secret beside the sources' tokens is there."""
    if settings.notify and settings.notify.smtp and settings.notify.smtp.user:
        yield keyring.present(SMTP)
    if settings.notify and settings.notify.webhook:
        yield keyring.present(WEBHOOK)
    if settings.heartbeat:
        yield keyring.present(BEAT)
