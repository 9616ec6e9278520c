"""A real HTTP receiver of webhooks.

webhook    Webhook: `url`, `secret` (Standard Webhooks, `whsec_...`), `received` (list
           of Received in order of arrival, refused ones too), `accepted()`,
           `fail_with(status, times, headers)`, `delay(seconds)`, `go_down()`,
           `come_up()` (on the same port), `wait_for(count)`.
           `Received.verify()` raises unless the signature is right.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook as Verifier
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_OK = 204


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    answered: int
    at: float = field(default_factory=time.time)

    def verify(self, secret: str = SECRET) -> Any:  # noqa: ANN401 - any JSON
        """Return the payload; raise WebhookVerificationError on a wrong signature."""
        return Verifier(secret).verify(self.body, dict(self.headers))


class Webhook:
    """A receiver on a port of loopback, or of another address of this machine."""

    secret = SECRET

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._host = host
        self.received: list[Received] = []
        self._failures: list[tuple[int, Mapping[str, str]]] = []
        self._delay_s = 0.0
        self._changed = threading.Condition()
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self.come_up()

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self._port}/hook"

    def fail_with(
        self, status: int, times: int = 1, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer the next requests with an error; `times` counts them."""
        with self._changed:
            self._failures.extend([(status, headers or {})] * times)

    def delay(self, seconds: float) -> None:
        """Answer later from now on."""
        self._delay_s = seconds

    def accepted(self) -> list[Received]:
        with self._changed:
            return [each for each in self.received if each.answered < 300]

    def wait_for(self, count: int, within_s: float = 10.0) -> list[Received]:
        """Wait until so many requests were accepted, and return them."""
        with self._changed:
            came = self._changed.wait_for(
                lambda: sum(each.answered < 300 for each in self.received) >= count,
                within_s,
            )
        accepted = self.accepted()
        assert came, f"{len(accepted)} of {count} requests came within {within_s} s"
        return accepted

    def go_down(self) -> None:
        """Stop listening: connections are refused."""
        assert self._server is not None
        assert self._thread is not None
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server = None

    def come_up(self) -> None:
        """Listen again, on the same port."""
        self._server = _Server((self._host, self._port), self._handler())
        self._port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        if self._server is not None:
            self.go_down()

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str]]:
        """Record a request and decide its status and headers."""
        time.sleep(self._delay_s)
        with self._changed:
            status, extra = self._failures.pop(0) if self._failures else (_OK, {})
            self.received.append(Received(method, path, headers, body, status))
            self._changed.notify_all()
        return status, extra

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self._respond("POST")

            def do_GET(self) -> None:
                self._respond("GET")

            def _respond(self, method: str) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, extra = webhook.answer(method, self.path, headers, body)
                # The sender may have given up while we delayed.
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    for name, value in extra.items():
                        self.send_header(name, value)
                    if status != _OK:
                        self.send_header("content-length", "0")
                    self.send_header("connection", "close")
                    self.end_headers()

            @override
            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: what came is in `received`."""

        return Handler


class _Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    receiver = Webhook()
    yield receiver
    receiver.close()
