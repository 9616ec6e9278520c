"""Gives every JSON answer to a GET an ETag, and 304 to those who hold it already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.requests import Request

from api import answers

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_JSON = "application/json"
_OK = 200


class Tags:
    """Looks at answers that have no ETag of their own, before they are compressed.

    Parameters
    ----------
    app
        What answers the request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        head: list[Message] = []

        async def send_tagged(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_plain(message):
                head.append(message)
                return
            if not head:
                await send(message)
                return
            start = head.pop()
            if message.get("more_body", False):
                await send(start)
                await send(message)
                return
            tag = answers.fingerprint(message["body"])
            if answers.knows(Request(scope), tag):
                await answers.unchanged(tag)(scope, receive, send)
                return
            headers = MutableHeaders(scope=start)
            headers["etag"] = tag
            headers.setdefault("cache-control", answers.CACHE)
            await send(start)
            await send(message)

        await self._app(scope, receive, send_tagged)


def _is_plain(start: Message) -> bool:
    """Whether an answer is JSON that its handler says nothing more of."""
    headers = MutableHeaders(scope=start)
    return (
        start["status"] == _OK
        and headers.get("content-type", "").startswith(_JSON)
        and "etag" not in headers
        and "no-store" not in headers.get("cache-control", "")
    )
