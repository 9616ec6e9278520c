"""Gives each request an id that the caller, the answer and the log lines share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from uuid_utils import compat

from parkpulse.logs import REQUEST_ID

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NAME = b"x-request-id"
_USABLE = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RequestIds:
    """Takes the id that came with the request, or makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = chosen(dict(scope["headers"]).get(_NAME, b""))

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (_NAME, request_id)]
            await send(message)

        # Each request has a task of its own, so this ends with it; what is logged of a
        # failure comes after the application.
        REQUEST_ID.set(request_id.decode())
        await self._app(scope, receive, send_with)


def chosen(given: bytes) -> bytes:
    """Keep a usable id; a new one takes the place of any other."""
    if _USABLE.fullmatch(given):
        return given
    return str(compat.uuid7()).encode()
