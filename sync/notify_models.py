"""The schema of `[notify]` in `config.toml`: who is told of grave issues outside of the tracker, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sync.mapping.parts import Complaint, Strict
from sync.ticket import Severity
from sync.trackers.sources import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

Mailbox = Annotated[str, Field(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$")]
"""An e-mail address alone, without a name."""


class SmtpSettings(Strict):
    """The mail server that takes our notices."""

    host: str = Field(pattern=r"^[A-Za-z0-9.:-]+$")
    """The mail server's name. Example: "smtp.example.com"."""
    port: int | None = Field(None, ge=1, le=65535)
    """By default 465 for `tls`, 587 for `starttls`, 25 for `none`. Example: 465"""
    security: Literal["tls", "starttls", "none"] = "tls"
    """`tls` from the first byte, `starttls` before anything is said; `none` only to this very machine."""
    from_: Mailbox = Field(alias="from")
    """Whom the mails come from. Example: "makegood@example.com"."""
    user: str | None = None
    """Where the server wants a login; its password is MAKEGOOD_NOTIFY_SMTP_TOKEN.

    Example: "makegood@example.com"
    """

    def complaints(self) -> Iterator[Complaint]:
        """Nothing readable on the way to another machine."""
        if self.security == "none" and not is_loopback(self.host):
            yield ("security",), 'others could read what goes to another machine; write "tls" or "starttls"'


class WebhookSettings(Strict):
    """A chat channel or any other receiver of JSON; its address is MAKEGOOD_NOTIFY_WEBHOOK_TOKEN."""

    style: Literal["slack", "teams", "plain"]
    """`slack` also fits Mattermost and Rocket.Chat; `teams` is a Workflows webhook; `plain` is for your own."""


class NotifySettings(Strict):
    """Whom to tell of grave issues outside of the tracker, and how. Without `[notify]` nobody is told."""

    severities: list[Severity] = Field(["critical", "high"], min_length=1)
    """Which issues are told of. Example: ["critical", "high"]"""
    to: dict[str, list[Mailbox]] = Field(default_factory=dict)
    """Role -> the addresses that are mailed when the issue is that role's.

    Example: { managing_partner = ["partner@example.com"] }
    """
    always: list[Mailbox] = Field(default_factory=list)
    """Addresses that are mailed each time. Example: ["service-desk@example.com"]"""
    smtp: SmtpSettings | None = None
    """The mail server that takes our notices; without it no mail is sent."""
    webhook: WebhookSettings | None = None
    """A chat channel that gets them; without it nothing is posted."""

    def complaints(self) -> Iterator[Complaint]:
        """At least one way, and for mail somebody to get it."""
        mailed = self.always or any(self.to.values())
        if self.smtp is None and self.webhook is None:
            yield (), "there is no way to tell anybody; add [notify.smtp] or [notify.webhook], or take it out"
        elif self.smtp is None and mailed:
            yield ("always" if self.always else "to",), "addresses need a mail server; add [notify.smtp]"
        elif self.smtp is not None and not mailed:
            yield ("smtp",), 'nobody would get a mail; add always = ["…"], or to = { role = ["…"] }, to [notify]'
