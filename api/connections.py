"""What one connection may cost before it is known who asks for what."""

from __future__ import annotations

import asyncio
import http
import resource

import msgspec
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api import guard, language, problems

HEAD_BYTES = 64 * 1024
"""Longest request line with all headers, and a little more. [B]"""
HEAD_WITHIN_S = 20.0
"""A client that has not sent these after so long is not waited for. [s]"""
_FILES = 65_536
"""So many connections at most are asked of the system."""


class Connection(HttpToolsProtocol):
    """Speaks HTTP with a client that may be neither endless nor endlessly slow.

    The server itself limits neither the length of what comes before a body nor the
    time that it takes.
    """

    _awaits_head = True
    _idle_bytes = 0
    """Received without any part of a body. [B]"""
    _deadline: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        self._idle_bytes += len(data)
        if self._awaits_head or self.cycle.response_complete:
            self._expect_head()
        super().data_received(data)
        if self._idle_bytes > HEAD_BYTES:
            self._refuse("head_too_large", limit=str(HEAD_BYTES))

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        # What follows a body is no header of the request.
        if self._awaits_head:
            super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        self._awaits_head = False
        self._expect_nothing()
        super().on_headers_complete()

    @override
    def on_body(self, body: bytes) -> None:
        self._idle_bytes = 0
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._awaits_head = True
        self._idle_bytes = 0

    @override
    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP at all, or cannot be read for its length."""
        is_long = self._idle_bytes > HEAD_BYTES
        code = "head_too_large" if is_long else "bad_request"
        self._refuse(code, limit=str(HEAD_BYTES))

    @override
    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: who offers another protocol is content with this one."""

    def _expect_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_WITHIN_S, self._give_up)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        # Browsers open connections in advance: no answer to what was not asked.
        if self._idle_bytes:
            self._refuse("too_slow")
        self.transport.close()

    def _refuse(self, code: str, **values: str) -> None:
        """Answer, unless there is still an answer under way, and hang up."""
        self._idle_bytes = 0
        self._expect_nothing()
        if self.transport.is_closing():
            return
        if getattr(self.cycle, "response_complete", True):
            problem = problems.build(code, language.DEFAULT, **values)
            self.transport.write(_answer(problem))
        self.transport.close()


def _answer(problem: problems.Problem) -> bytes:
    body = msgspec.json.encode(problem)
    headers = {
        **guard.HEADERS,
        "content-type": problems.MEDIA_TYPE,
        "content-language": language.DEFAULT,
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "connection": "close",
    }
    status = http.HTTPStatus(problem.status)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def allow_many() -> None:
    """Let this process hold as many connections as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
