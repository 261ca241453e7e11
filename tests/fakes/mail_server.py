"""A real SMTP server (aiosmtpd) on the loopback, which keeps what it is given and fails as a test asks it to."""

from __future__ import annotations

import asyncio
import threading
from email import message_from_bytes, policy
from functools import partial
from typing import TYPE_CHECKING, Literal, Self, cast

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

if TYPE_CHECKING:
    import ssl
    from email.message import EmailMessage

    from aiosmtpd.smtp import Envelope, Session

Act = Literal["cut", "hang"]


class MailServer:
    """Take mails on 127.0.0.1:port until closed; use it as a context manager.

    `mails` are those it has accepted, by the order of their arrival, each with its recipient in `rcpt`; `hellos`
    counts the connections that got so far. `answers` says instead of 250 what it answers to MAIL, RCPT or DATA,
    or that it cuts the connection or hangs there; the text given to DATA is accepted first where it is not
    refused. With `login` only this user with this password may send. `tls` encrypts from the first byte on,
    `starttls` on request, and then nothing is taken without it.
    """

    def __init__(
        self,
        *,
        login: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
    ) -> None:
        self.mails: list[EmailMessage] = []
        self.rcpt: list[str] = []
        self.logins: list[str] = []
        self.hellos = 0
        self.answers: dict[str, str | Act] = {}
        self.port = 0
        self._login = login
        self._tls, self._starttls = tls, starttls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail-server", daemon=True)

    def __enter__(self) -> Self:
        speak = partial(
            SMTP,
            self,
            hostname="mail.example",
            ident="",
            loop=self._loop,
            authenticator=self._known,
            auth_require_tls=False,
            tls_context=self._starttls,
            require_starttls=self._starttls is not None,
        )
        serving = self._loop.create_server(speak, "127.0.0.1", 0, ssl=self._tls)
        self._server = self._loop.run_until_complete(serving)
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        working = asyncio.all_tasks() - {asyncio.current_task()}
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)

    def _known(self, _server: SMTP, _session: Session, _envelope: Envelope, _way: str, data: object) -> AuthResult:
        given = cast("LoginPassword", data)
        self.logins.append(given.login.decode())
        return AuthResult(success=(given.login.decode(), given.password.decode()) == self._login, handled=False)

    # --- what aiosmtpd asks ---------------------------------------------------------------------------------

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's own
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.hellos += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's own
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        return await self._answer(server, "MAIL")

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's own
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = await self._answer(server, "RCPT")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - likewise
        if self.answers.get("DATA", "250")[:1] not in "45":
            mail = message_from_bytes(cast("bytes", envelope.content), policy=policy.default)
            self.mails.append(mail)
            self.rcpt += envelope.rcpt_tos
        return await self._answer(server, "DATA")

    async def _answer(self, server: SMTP, command: str) -> str:
        match self.answers.get(command, "250 OK"):
            case "cut":
                cast("asyncio.Transport", server.transport).abort()
                return "421 cut"
            case "hang":
                await asyncio.sleep(3600)
                return "421 hung"
            case words:
                return words
