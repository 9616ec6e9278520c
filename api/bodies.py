"""Reads the body of a change, whole and not too long, for those who may send one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import Request

from api import guard, problems
from api.auth.trail import TRAIL, Trail
from api.methods import CHANGING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES = 64 * 1024
"""Longest body of a request. [B]"""
PLAN_BYTES = 3 * 1024 * 1024
"""Longest body with the drawing of a park. [B]"""
PLAN = "/plan"
"""End of the paths that take a drawing."""
FILES_BYTES = 4 * 1024 * 1024
"""Longest body with files of the registry. [B]"""
FILES = "/api/v1/registry/"
"""Beginning of the paths that take files of the registry."""
READINGS_BYTES = 4 * 1024 * 1024
"""Longest body with readings. [B]"""
PUSHED_BYTES = 256 * 1024
"""Longest message that a platform may push: what ingest reads. [B]"""
WITHIN_S = 60.0
"""A body that is not there after so long is not waited for. [s]"""


class Bodies:
    """Stands behind whoever asks who it is: nothing is held for strangers.

    Parameters
    ----------
    app
        What answers the request; is given the body as one message.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] not in CHANGING:
            await self._app(scope, receive, send)
            return
        limit = longest(scope["path"])
        try:
            async with asyncio.timeout(WITHIN_S):
                body = await _read(receive, limit)
        except TimeoutError:
            await problems.respond(Request(scope), "too_slow")(scope, receive, send)
            return
        if body is None:
            refused = problems.respond(
                Request(scope), "body_too_large", limit=f"{limit}"
            )
            await refused(scope, receive, send)
            return
        trail: Trail | None = scope.get(TRAIL)
        if trail is not None:
            trail.body = body["body"]
        waiting = [body]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, replay, send)


def longest(path: str) -> int:
    """How long a body may be that is sent to a path. [B]."""
    if path.startswith((guard.PUSH, guard.BROKER)):
        return PUSHED_BYTES
    if path.endswith(PLAN):
        return PLAN_BYTES
    if path.endswith(guard.READINGS):
        return READINGS_BYTES
    return FILES_BYTES if path.startswith(FILES) else BODY_BYTES


async def _read(receive: Receive, limit: int) -> Message | None:
    """Receive the whole body as one message; None when it is too long."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            return {**message, "body": bytes(body)}
