"""Answers what went wrong here like everything else: with headers and request id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request

from api import problems

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Failures:
    """Makes a problem of an error that nobody expected.

    What FastAPI itself would answer comes from before the guard, whose headers it
    would lack.

    Parameters
    ----------
    app
        What answers the request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_begun = False

        async def send_on(message: Message) -> None:
            nonlocal is_begun
            is_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except Exception as error:
            if is_begun:
                # Only a connection that breaks off tells that something is lacking.
                raise
            await problems.internal(Request(scope), error)(scope, receive, send)
