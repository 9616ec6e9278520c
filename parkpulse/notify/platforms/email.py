"""Mail: the message, and how it is handed to a server by SMTP under TLS."""

from __future__ import annotations

import smtplib
import socket
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from typing_extensions import override

from parkpulse.notify.platforms.contract import Judgement

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from parkpulse.notify.deadline import Deadline
    from parkpulse.notify.platforms.contract import Credentials, Task

WINDOWS: Sequence[tuple[int, float]] = ((60, 60.0),)
PORTS = {"smtp": 587, "smtps": 465}
"""`smtp` begins in the clear and must change to TLS; `smtps` begins with TLS."""
_DOMAIN = "parkpulse.invalid"
_STEP_S = 10.0
_TRANSIENT = range(400, 500)


def compose(task: Task, thread: str) -> EmailMessage:
    """Make the mail; its id is the same over all attempts.

    Parameters
    ----------
    task
        What is told to whom.
    thread
        Id of what the mail is about: mail programs show one thread.
    """
    mail = EmailMessage()
    mail["Subject"] = " ".join(task.card.title.split())
    mail["From"] = task.options.sender
    mail["To"] = ", ".join(task.options.recipients)
    mail["Date"] = format_datetime(task.now)
    mail["Message-ID"] = f"<{task.id}@{_DOMAIN}>"
    mail["References"] = f"<{thread}@{_DOMAIN}>"
    mail["Auto-Submitted"] = "auto-generated"
    if task.card.is_alarm and task.card.severity in {"high", "critical"}:
        mail["X-Priority"] = "1"
    links = [f"{words}: {url}" for words, url in task.card.links]
    mail.set_content("\n".join([task.card.title, "", *task.card.lines, "", *links]))
    return mail


class _Pinned(smtplib.SMTP):
    """Connects to the address that was checked; TLS is for the name."""

    def __init__(self, name: str, pinned: tuple[str, int], deadline: Deadline) -> None:
        self._pinned = pinned
        self._deadline = deadline
        super().__init__(name, pinned[1], timeout=_STEP_S)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002 - smtplib's hook
        connection = socket.create_connection(self._pinned, timeout)
        self._deadline.hold(connection)
        return connection


class _PinnedTls(_Pinned):
    def __init__(
        self,
        name: str,
        pinned: tuple[str, int],
        deadline: Deadline,
        tls: ssl.SSLContext,
    ) -> None:
        self._tls = tls
        super().__init__(name, pinned, deadline)

    @override
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = super()._get_socket(host, port, timeout)
        wrapped = self._tls.wrap_socket(plain, server_hostname=host)
        self._deadline.hold(wrapped)
        return wrapped


def send(
    mail: EmailMessage,
    credentials: Credentials,
    address: str,
    tls: ssl.SSLContext,
    deadline: Deadline,
) -> None:
    """Hand a mail over.

    Parameters
    ----------
    mail
        With sender and recipients.
    credentials
        `smtp://host:port` or `smtps://host:port`, user and password.
    address
        The host's address that was checked.
    tls
        How the server's certificate is checked.
    deadline
        Ends the attempt.

    Raises
    ------
    smtplib.SMTPException, OSError
        It was not taken.
    """
    parts = urlsplit(credentials.url)
    name = parts.hostname or ""
    pinned = address, parts.port or PORTS[parts.scheme]
    client = (
        _PinnedTls(name, pinned, deadline, tls)
        if parts.scheme == "smtps"
        else _Pinned(name, pinned, deadline)
    )
    with client:
        if parts.scheme == "smtp":
            client.starttls(context=tls)
            if client.sock is not None:
                deadline.hold(client.sock)
        if credentials.user:
            client.login(credentials.user, credentials.secret)
        client.send_message(mail)


def judge(error: smtplib.SMTPException | OSError) -> Judgement | None:
    """Read what went wrong; None when the server was not reached."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        later = any(code in _TRANSIENT for code in codes)
        return Judgement("later" if later else "permanent", _words(error))
    if isinstance(error, smtplib.SMTPResponseException):
        later = error.smtp_code in _TRANSIENT
        return Judgement("later" if later else "permanent", _words(error))
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Judgement("refused", _words(error))
    return None


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
