"""Notices by mail and by webhook: how they are composed, whom they go to, and how they are sent."""

from __future__ import annotations

import hashlib
import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter, ValidationError

from sync.errors import CredentialsError, LostAnswerError, NotSentError
from sync.judging.clocks import BREACH
from sync.legible import inert, legible
from sync.mapping.parts import folded
from sync.richtext import plain
from sync.secrecy import hidden, keep
from sync.state.records import WEBHOOK, Notice
from sync.ticket import Audience
from sync.trackers.sources import Address, direct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import requests
    from pydantic import SecretStr

    from sync.judging.promises import Saying
    from sync.mapping.policy import Policy
    from sync.notify_models import NotifySettings, SmtpSettings, WebhookSettings
    from sync.plan import TicketPlan
    from sync.ticket import Severity, Ticket

PORTS = {"tls": 465, "starttls": 587, "none": 25}
"""Where a mail server listens by default (RFC 8314, RFC 6409, RFC 5321)."""
CONNECT = 10.0
"""Seconds to wait for a connection."""
PATIENCE = 60.0
"""Seconds to wait for each answer."""
LONGEST_SUBJECT = 200

_HANDSHAKE_FAILED = {"CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER"}

# --- composing --------------------------------------------------------------------------------------------------


def composed(  # noqa: PLR0913 - what a notice is made of
    ticket: Ticket,
    mark: str,
    severity: Severity,
    roles: Sequence[str],
    *,
    subject: str,
    body: str,
    confidential: bool,
    unsaid: Sequence[str] = (),
) -> Notice:
    """The notice of one step, before anybody is chosen to get it.

    The texts of a confidential one are meant to say no more than that a matter waits, with key and address. If
    they hold the title, a client, a person or any of `unsaid` (such as the category's name in the reader's
    language) all the same, key and address alone are left of them.
    """
    if confidential and _tells(f"{subject}\n{body}", ticket, unsaid):
        subject, body = ticket.key, ticket.url
    return Notice(
        mark, ticket.site, ticket.id, ticket.key, ticket.url, subject, body, severity, tuple(roles), confidential
    )


def _tells(text: str, ticket: Ticket, unsaid: Sequence[str]) -> bool:
    authors = [comment.author for comment in ticket.comments] + [change.author for change in ticket.changes]
    people = [each for each in (ticket.reporter, ticket.assignee, *authors) if each and each.side != "us"]
    names = {part for person in people for part in (person.name, *person.name.split())}
    fields = {ticket.fields.get(name, "") for name in ("category", "subtype", "affected")}
    secret = {ticket.title, ticket.client or "", ticket.engagement or "", *names, *fields, *unsaid}
    where = folded(text.replace(ticket.url or ticket.key, " ").replace(ticket.key, " "))
    return any(_stands(each, where) for each in map(folded, secret))


def _stands(words: str, text: str) -> bool:
    """Whether the words stand in the text; not all languages part words by blanks, those of ASCII do."""
    if not words.isascii():
        return words in text
    return len(words) > 2 and re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text) is not None


def addressed(notice: Notice, settings: NotifySettings) -> tuple[Notice, ...]:
    """The notice once for each address and for the webhook, with a mark for each; nothing if it is not grave."""
    if notice.severity not in settings.severities:
        return ()
    listed = [*settings.always, *(each for role in notice.roles for each in settings.to.get(role, ()))]
    mailed = {address.casefold(): address for address in reversed(listed)} if settings.smtp else {}
    targets = [*reversed(mailed.values()), *([WEBHOOK] if settings.webhook else [])]
    return tuple(replace(notice, mark=f"{notice.mark}/{to.casefold()}", to=to) for to in targets)


def noticed(plan: TicketPlan, settings: NotifySettings, policy: Policy) -> tuple[Notice, ...]:
    """What people are told beside the tracker of a plan's comment: of hand-overs and of what is broken.

    Of a confidential ticket only that it waits.
    """
    comment, judged = plan.comment, plan.judged
    if comment is None or comment.audience is Audience.CLIENT:
        return ()
    said = [saying for saying in judged.sayings if saying.obligation in comment.obligations]
    grave = [saying.obligation for saying in said if _is_grave(saying)]
    if not grave:
        return ()
    ticket, category = judged.ticket, judged.classification.category
    confidential = category in policy.taxonomy.confidential
    subject, body = (
        (ticket.key, ticket.url) if confidential else (f"{ticket.key}: {ticket.title}", plain(comment.body))
    )
    roles = sorted({saying.role for saying in said if saying.role})
    notice = composed(
        ticket,
        grave[0].id(ticket.site, ticket.id),
        judged.rating.severity,
        roles,
        subject=subject,
        body=body,
        confidential=confidential,
        unsaid=(category,),
    )
    return addressed(notice, settings)


def _is_grave(saying: Saying) -> bool:
    return not saying.to_client and (saying.obligation.promise == "escalation" or saying.clock.step >= BREACH)


# --- sending ----------------------------------------------------------------------------------------------------


class Channels:
    """Sends each notice the way that it is addressed."""

    def __init__(self, mail: Mail | None, webhook: Webhook | None) -> None:
        self._mail = mail
        self._webhook = webhook

    def send(self, notice: Notice) -> None:
        """Send it once. NotSentError: it certainly did not go out; LostAnswerError: perhaps it did."""
        way = self._webhook if notice.to == WEBHOOK else self._mail
        if way is None:
            raise NotSentError("this way is no longer configured under [notify]", whole=True)
        way.send(notice)


def notifier(settings: NotifySettings, secret: Callable[[Literal["smtp", "webhook"]], SecretStr]) -> Channels:
    """What sends the notices; makes no connection yet. CredentialsError if a password or address is missing."""
    mail = webhook = None
    if settings.smtp is not None:
        mail = Mail(settings.smtp, secret("smtp").get_secret_value() if settings.smtp.user else "")
    if settings.webhook is not None:
        webhook = Webhook(settings.webhook, secret("webhook").get_secret_value())
    return Channels(mail, webhook)


class Mail:
    """Plain-text mails through one SMTP server, a connection for each."""

    def __init__(self, settings: SmtpSettings, password: str = "", patience: float = PATIENCE) -> None:
        keep(password, f"\0{settings.user}\0{password}")
        self._settings = settings
        self._password = password
        self._patience = patience
        self._port = settings.port or PORTS[settings.security]
        self._name = f"the mail server {settings.host}:{self._port}"

    def send(self, notice: Notice) -> None:
        """Send it to its one address. The server answers for it once it has said 250 to the text."""
        text = self._message(notice).as_bytes()
        talk = self._connected()
        try:
            self._offer(talk, notice.to)
            self._hand_over(talk, text)
            with suppress(OSError):  # the mail is theirs by now, however they say goodbye
                talk.quit()
        finally:
            talk.close()

    def greet(self) -> None:
        """Be let in and leave again, without offering any mail. NotSentError says what is in the way."""
        talk = self._connected()
        with suppress(OSError):  # we were let in, however they say goodbye
            talk.quit()
        talk.close()

    def _message(self, notice: Notice) -> EmailMessage:
        domain = self._settings.from_.rpartition("@")[2]
        step = hashlib.sha256(notice.mark.partition("/")[0].encode()).hexdigest()[:32]
        message = EmailMessage(SMTP.clone(cte_type="7bit"))
        message["From"] = self._settings.from_
        message["To"] = notice.to
        message["Subject"] = _one_line(notice.subject).replace("=?", "= ?")  # the library would decode it
        message["Date"] = formatdate()
        message["Message-ID"] = f"<{step}.makegood@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(legible(notice.body) + "\n")
        return message

    def _connected(self) -> smtplib.SMTP:
        """A connection on which mail may be offered."""
        settings = self._settings
        context = None if settings.security == "none" else ssl.create_default_context()
        try:
            if settings.security == "tls":
                talk: smtplib.SMTP = smtplib.SMTP_SSL(settings.host, self._port, timeout=CONNECT, context=context)
            else:
                talk = smtplib.SMTP(settings.host, self._port, timeout=CONNECT)
        except OSError as error:
            raise NotSentError(f"{self._name} could not be reached ({_told(error)})", whole=True) from None
        try:
            if talk.sock:
                talk.sock.settimeout(self._patience)
            if settings.security == "starttls":
                talk.starttls(context=context)
            talk.ehlo_or_helo_if_needed()
            if settings.user:
                talk.login(settings.user, self._password)
        except OSError as error:
            talk.close()
            raise NotSentError(f"{self._name} does not let us in ({_told(error)})", whole=True) from None
        return talk

    def _offer(self, talk: smtplib.SMTP, to: str) -> None:
        """Everything up to the text of the mail; whatever fails here, nothing was sent."""
        steps: tuple[tuple[str, Callable[[], tuple[int, bytes]]], ...] = (
            ("the sender", lambda: talk.mail(self._settings.from_)),
            ("the address", lambda: talk.rcpt(to)),
            ("the mail", lambda: talk.docmd("DATA")),
        )
        for what, step in steps:
            try:
                code, said = step()
            except OSError as error:
                raise NotSentError(f"{self._name} broke off ({_told(error)})", whole=True) from None
            if not (code == 354 if what == "the mail" else 200 <= code < 300):
                whole = what == "the sender" or code == 421
                raise NotSentError(f"{self._name} refused {what}: {_answer(code, said)}", whole=whole)

    def _hand_over(self, talk: smtplib.SMTP, text: bytes) -> None:
        try:
            talk.send(re.sub(rb"(?m)^\.", b"..", text) + b".\r\n")
            code, said = talk.getreply()
        except OSError as error:
            raise LostAnswerError(
                f"{self._name} took the mail and gave no answer ({_told(error)}); it may have been sent on"
            ) from None
        if not 200 <= code < 300:
            raise NotSentError(f"{self._name} refused the mail: {_answer(code, said)}", whole=code == 421)


class Webhook:
    """JSON to one address, which is a secret: it is in no text of ours. Redirects are not followed."""

    def __init__(self, settings: WebhookSettings, address: str, patience: float = PATIENCE) -> None:
        try:
            TypeAdapter(Address).validate_python(address)
        except ValidationError:
            raise CredentialsError(
                "What stands for the notifier's webhook is no address that begins with https:// "
                "(plain http only to this very machine). Copy it again."
            ) from None
        keep(address)
        self._style = settings.style
        self._address = address
        self._timeout = (CONNECT, patience)

    def send(self, notice: Notice) -> None:
        """Post it once."""
        import requests  # noqa: PLC0415 - only where there is a webhook

        try:
            with requests.post(
                self._address,
                json=self._told(notice),
                auth=_unsigned,
                proxies=direct(self._address),
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                status = answer.status_code
        except requests.RequestException as error:
            raise _unanswered(error) from None  # its own text holds the address
        if status >= 500 or status == 408:
            raise LostAnswerError(f"the webhook answered {status}; the notice may have been taken all the same")
        if 300 <= status < 400:
            raise NotSentError(f"the webhook answered {status}: it points elsewhere; set its final address")
        if status >= 400:
            raise NotSentError(f"the webhook answered {status}", whole=status in {401, 404, 410, 429})

    def _told(self, notice: Notice) -> dict[str, Any]:
        subject, body = _one_line(notice.subject), legible(notice.body)
        match self._style:
            case "slack":
                return {"text": f"*{escape(subject, quote=False)}*\n{escape(body, quote=False)}"}
            case "teams":
                return _card(subject, body)
            case "plain":
                told = {"id": notice.mark.partition("/")[0], "ticket": notice.key, "url": notice.url}
                return {**told, "severity": notice.severity, "subject": subject, "body": body}


def _card(subject: str, body: str) -> dict[str, Any]:
    """An Adaptive Card whose texts are runs: unlike text blocks these are never read as Markdown."""
    lines = [{"text": subject, "weight": "Bolder"}, *({"text": line} for line in body.splitlines() if line)]
    blocks = [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", **line}]} for line in lines]
    schema = "http://adaptivecards.io/schemas/adaptive-card.json"
    card = {"type": "AdaptiveCard", "$schema": schema, "version": "1.4", "body": blocks}
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}


def _unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The request as it is: without one of these, `requests` takes a login from ~/.netrc."""
    return request


def _unanswered(error: requests.RequestException) -> NotSentError | LostAnswerError:
    """The class of a request without an answer: not sent where no connection was made, else unknown."""
    from requests.exceptions import ConnectTimeout, ProxyError  # noqa: PLC0415 - loaded by now
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError  # noqa: PLC0415 - likewise

    cause = getattr(error.args[0] if error.args else None, "reason", None)
    handshake = getattr(cause.args[0] if cause is not None and cause.args else None, "reason", None)
    unsent = isinstance(error, (ConnectTimeout, ProxyError)) or handshake in _HANDSHAKE_FAILED
    name = type(cause or error).__name__
    if unsent or isinstance(cause, (ConnectTimeoutError, NewConnectionError)):
        return NotSentError(f"the webhook could not be reached ({handshake or name})", whole=True)
    return LostAnswerError(f"the webhook gave no answer ({name}); the notice may have been taken all the same")


def _told(error: OSError) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _answer(error.smtp_code, error.smtp_error)
    return _one_line(f"{type(error).__name__}: {error}")


def _answer(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return _one_line(f"{code} {text}")


def _one_line(text: str) -> str:
    return inert(hidden(text), LONGEST_SUBJECT)
