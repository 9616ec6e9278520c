"""Real receivers of chat platforms and of mail, which check by the platform's rules.

robot   Robot: `url(kind)`, `secret`, `answer_with(code, times)`, `received` (list of
        Message that were accepted), `refused` (why others were not), `wait_for(count)`.
mailbox Mailbox: an SMTP server under TLS: `url`, `tls` (context that trusts it),
        `mails`, `refuse_with(code, times)`, `wait_for(count)`.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import email
import email.policy
import hashlib
import hmac
import ipaddress
import json
import socketserver
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import EmailMessage
    from pathlib import Path

SECRET = "SECdf4f2f5d2a0c4e31"
TOKEN = "f0b1c2d3"
_HOUR_S = 3600.0
_TOO_FAST = {"dingtalk": 130101, "wecom": 45009, "feishu": 11232}
_BYTES = {"dingtalk": 20_000, "wecom": 4096, "feishu": 20_480}


@dataclass(frozen=True)
class Message:
    """An accepted message."""

    kind: str
    content: Any
    at: float = field(default_factory=time.monotonic)


def _hmac(key: str, content: str) -> str:
    digest = hmac.new(key.encode(), content.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class Robot:
    """Receives as three platforms do; each has its path."""

    secret = SECRET

    def __init__(self) -> None:
        self.received: list[Message] = []
        self.refused: list[str] = []
        self._codes: list[int] = []
        self._changed = threading.Condition()
        robot = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                headers = {name.lower(): each for name, each in self.headers.items()}
                body = self.rfile.read(int(self.headers["content-length"]))
                answer = json.dumps(robot.take(self.path, headers, body)).encode()
                with contextlib.suppress(OSError):
                    self.send_response(200)
                    self.send_header("content-type", "application/json")
                    self.send_header("content-length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            @override
            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def url(self, kind: str) -> str:
        base = f"http://127.0.0.1:{self._server.server_address[1]}"
        return (
            base
            + {
                "dingtalk": f"/robot/send?access_token={TOKEN}",
                "wecom": f"/cgi-bin/webhook/send?key={TOKEN}",
                "feishu": f"/open-apis/bot/v2/hook/{TOKEN}",
            }[kind]
        )

    def answer_with(self, code: int, times: int = 1) -> None:
        """Refuse the next messages with a code, in an answer of status 200."""
        self._codes.extend([code] * times)

    def wait_for(self, count: int, within_s: float = 20.0) -> list[Message]:
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.received) >= count, within_s)
        assert came, f"{len(self.received)} of {count} messages came: {self.refused}"
        return list(self.received)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(
        self, target: str, headers: Mapping[str, str], body: bytes
    ) -> dict[str, object]:
        """Check a request as the platform does, and answer as it does."""
        parts = urlsplit(target)
        query = {name: each[0] for name, each in parse_qs(parts.query).items()}
        kind = next(each for each in _BYTES if _PATHS[each] in parts.path)
        check = {
            "dingtalk": self._check_dingtalk,
            "wecom": self._check_wecom,
            "feishu": self._check_feishu,
        }[kind]
        content = json.loads(body)
        with self._changed:
            assert headers["content-type"].startswith("application/json")
            code, words = check(query, parts.path, content)
            if len(body) > _BYTES[kind] * 2:
                code, words = 40058, "too long"
            if code == 0 and self._too_fast(kind):
                code, words = _TOO_FAST[kind], "too fast"
            if code == 0 and self._codes:
                code, words = self._codes.pop(0), "as the test says"
            if code == 0:
                self.received.append(Message(kind, content))
            else:
                self.refused.append(f"{code} {words}")
            self._changed.notify_all()
        if kind == "feishu":
            return {"code": code, "msg": words or "success", "data": {}}
        return {"errcode": code, "errmsg": words or "ok"}

    def _too_fast(self, kind: str) -> bool:
        most = 100 if kind == "feishu" else 20
        since = time.monotonic() - 60
        return sum(each.at > since for each in self.received) >= most

    def _check_dingtalk(
        self,
        query: Mapping[str, str],
        _path: str,
        content: Any,  # noqa: ANN401
    ) -> tuple[int, str]:
        if query.get("access_token") != TOKEN:
            return 300001, "token is not exist"
        stamp = query.get("timestamp", "0")
        signed = _hmac(SECRET, f"{stamp}\n{SECRET}")
        fresh = abs(time.time() - int(stamp) / 1000) < _HOUR_S
        if query.get("sign") != signed or not fresh:
            return 310000, "sign not match"
        markdown = content["markdown"]
        if content["msgtype"] != "markdown" or not markdown["title"]:
            return 400105, "unsupported msgtype"
        for mobile in content["at"]["atMobiles"]:
            if f"@{mobile}" not in markdown["text"]:
                return 40035, "mentioned but not in the text"
        return 0, ""

    def _check_wecom(
        self,
        query: Mapping[str, str],
        _path: str,
        content: Any,  # noqa: ANN401
    ) -> tuple[int, str]:
        if query != {"key": TOKEN}:
            return 93000, "invalid webhook url"
        kind = content["msgtype"]
        most = {"markdown": 4096, "text": 2048}.get(kind)
        if most is None:
            return 40008, "invalid message type"
        text = content[kind]["content"]
        if not text:
            return 44004, "empty content"
        return (40058, "too long") if len(text.encode()) > most else (0, "")

    def _check_feishu(
        self,
        _query: Mapping[str, str],
        path: str,
        content: Any,  # noqa: ANN401
    ) -> tuple[int, str]:
        if not path.endswith(TOKEN):
            return 19001, "param invalid"
        stamp = content.get("timestamp", "0")
        fresh = abs(time.time() - int(stamp)) < _HOUR_S
        if content.get("sign") != _hmac(f"{stamp}\n{SECRET}", "") or not fresh:
            return 19021, "sign match fail or timestamp is not within one hour"
        if content["msg_type"] != "interactive" or not content["card"]["elements"]:
            return 9499, "Bad Request"
        return 0, ""


_PATHS = {
    "dingtalk": "/robot/send",
    "wecom": "/cgi-bin/webhook/send",
    "feishu": "/open-apis/bot/v2/hook/",
}


def certificate(folder: Path) -> Path:
    """Make a certificate for 127.0.0.1 and localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.DNSName("localhost"),
                    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
                ]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@dataclass(frozen=True)
class Mail:
    """A mail that was taken."""

    sender: str
    recipients: list[str]
    login: str | None
    content: EmailMessage


class Mailbox:
    """An SMTP server: STARTTLS at `url`, TLS from the beginning at `tls_url`."""

    user, password = "alarm", "mail-password-1"

    def __init__(self, folder: Path) -> None:
        pem = certificate(folder)
        self.mails: list[Mail] = []
        self._codes: list[int] = []
        self._changed = threading.Condition()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem)
        self.tls = ssl.create_default_context(cafile=str(pem))
        self._servers = [self._serve(at_once=False), self._serve(at_once=True)]

    @property
    def url(self) -> str:
        return f"smtp://localhost:{self._servers[0].server_address[1]}"

    @property
    def tls_url(self) -> str:
        return f"smtps://localhost:{self._servers[1].server_address[1]}"

    def _serve(self, *, at_once: bool) -> socketserver.ThreadingTCPServer:
        mailbox = self

        class Handler(socketserver.BaseRequestHandler):
            @override
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    _Session(mailbox, self.request, at_once=at_once).run()

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server

    @property
    def context(self) -> ssl.SSLContext:
        return self._context

    def refuse_with(self, code: int, times: int = 1) -> None:
        self._codes.extend([code] * times)

    def decide(self) -> int:
        return self._codes.pop(0) if self._codes else 250

    def take(self, mail: Mail) -> None:
        with self._changed:
            self.mails.append(mail)
            self._changed.notify_all()

    def wait_for(self, count: int, within_s: float = 20.0) -> list[Mail]:
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.mails) >= count, within_s)
        assert came, f"{len(self.mails)} of {count} mails came"
        return list(self.mails)

    def close(self) -> None:
        for each in self._servers:
            each.shutdown()
            each.server_close()


class _Session:
    """One connection of RFC 5321, as far as a sender needs it."""

    def __init__(self, mailbox: Mailbox, connection: Any, *, at_once: bool) -> None:  # noqa: ANN401
        self._mailbox = mailbox
        self._secure = at_once
        self._login: str | None = None
        self._sender, self._recipients = "", list[str]()
        if at_once:
            connection = mailbox.context.wrap_socket(connection, server_side=True)
        self._connection = connection
        self._file = connection.makefile("rb")

    def run(self) -> None:
        try:
            self._talk()
        finally:
            self._file.close()
            self._connection.close()

    def _talk(self) -> None:
        self._say("220 mail.example ready")
        while line := self._file.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            if not self._answer(verb.upper(), rest):
                return

    def _say(self, text: str) -> None:
        self._connection.sendall(text.encode() + b"\r\n")

    def _answer(self, verb: str, rest: str) -> bool:  # noqa: C901, PLR0912 - one case a command
        match verb:
            case "EHLO" if self._secure:
                self._say("250-mail.example\r\n250 AUTH PLAIN")
            case "EHLO":
                self._say("250-mail.example\r\n250 STARTTLS")
            case "STARTTLS":
                self._secure_it()
            case "AUTH":
                self._check(rest.removeprefix("PLAIN "))
            case "MAIL" if not self._secure:
                self._say("530 5.7.0 Must issue a STARTTLS command first")
            case "MAIL":
                self._sender, self._recipients = rest, []
                self._say("250 ok")
            case "RCPT":
                self._recipients.append(rest)
                self._say("250 ok")
            case "DATA":
                self._read()
            case "QUIT":
                self._say("221 bye")
                return False
            case _:
                self._say("250 ok")
        return True

    def _secure_it(self) -> None:
        self._say("220 go ahead")
        self._file.close()
        self._connection = self._mailbox.context.wrap_socket(
            self._connection, server_side=True
        )
        self._file = self._connection.makefile("rb")
        self._secure = True

    def _check(self, given: str) -> None:
        _, user, password = base64.b64decode(given).decode().split("\0")
        if (user, password) != (self._mailbox.user, self._mailbox.password):
            self._say("535 5.7.8 authentication failed")
            return
        self._login = user
        self._say("235 ok")

    def _read(self) -> None:
        self._say("354 go on")
        lines = []
        while (line := self._file.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        code = self._mailbox.decide()
        if code == 250:
            content = email.message_from_bytes(
                b"".join(lines), policy=email.policy.default
            )
            mail = Mail(self._sender, self._recipients, self._login, content)
            self._mailbox.take(mail)
        self._say(f"{code} done")


@pytest.fixture
def robot() -> Iterator[Robot]:
    receiver = Robot()
    yield receiver
    receiver.close()


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    receiver = Mailbox(tmp_path)
    yield receiver
    receiver.close()
