"""What stands before everything but the page's files: nobody unknown comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api import problems
from api.auth import cookies
from api.auth.rights import ACTOR
from api.auth.trail import TRAIL, Trail
from api.methods import CHANGING
from parkpulse.errors import StoreUnavailableError
from parkpulse.model.account import EVERYBODY, NOBODY
from parkpulse.store import pool

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from starlette.types import ASGIApp, Receive, Scope, Send

    from api.auth.accounts import Accounts
    from parkpulse.model.account import Actor

_GUARDED = ("/api/", "/metrics")
_RETRY = {"retry-after": "2"}
_CHALLENGE = {"www-authenticate": "Bearer"}


class Gate:
    """Finds out who asks; refuses those who must log in first.

    Parameters
    ----------
    app
        What answers the request; finds who asks in the scope.
    accounts
        Knows who stands behind a cookie or token.
    free
        All (method, path) that need no login.
    """

    def __init__(
        self,
        app: ASGIApp,
        accounts: Accounts,
        free: AbstractSet[tuple[str, str]],
    ) -> None:
        self._app = app
        self._accounts = accounts
        self._free = free

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope[ACTOR] = NOBODY
        if scope["type"] != "http" or not self._is_guarded(scope):
            await self._app(scope, receive, send)
            return
        code, headers = "", {}
        try:
            actor = await self._identify(scope)
            code = self._refusal(scope, actor)
        except StoreUnavailableError:
            actor, code, headers = None, "database_unavailable", _RETRY
        if code or actor is None:
            headers = headers or (_CHALLENGE if code == "login_required" else {})
            refused = problems.respond(Request(scope), code or "internal", headers)
            await refused(scope, receive, send)
            return
        scope[ACTOR] = actor
        await self._follow(scope, receive, send, actor)

    def _is_guarded(self, scope: Scope) -> bool:
        path: str = scope["path"]
        return path.startswith(_GUARDED) and (scope["method"], path) not in self._free

    async def _identify(self, scope: Scope) -> Actor | None:
        token = cookies.token(scope, self._accounts.public_url)
        address = cookies.address(scope, self._accounts.public_url)
        if self._accounts.remembered(token) is not None:
            return self._accounts.identify(token, address)
        return await run_in_threadpool(self._accounts.identify, token, address)

    def _refusal(self, scope: Scope, actor: Actor | None) -> str:
        """Code of the problem that somebody meets; empty for none."""
        if actor is None:
            return "login_required"
        if actor.way == EVERYBODY.way and not self._accounts.is_local:
            return "set_up_first"
        is_page = actor.way == "session" and not cookies.has_bearer(scope)
        if is_page and scope["method"] in CHANGING and not _is_own(scope):
            return "origin_not_allowed"
        return ""

    async def _follow(
        self, scope: Scope, receive: Receive, send: Send, actor: Actor
    ) -> None:
        if scope["method"] not in CHANGING:
            await self._app(scope, receive, send)
            return
        # Its body is read after this, for those who may send one.
        trail = scope[TRAIL] = Trail(actor, b"", scope)
        before = pool.before_commit.set(trail.write)
        try:
            await self._app(scope, receive, send)
        finally:
            pool.before_commit.reset(before)


def _is_own(scope: Scope) -> bool:
    """Whether a browser says that its request comes from this service's own page.

    The guard has compared what it says; a request with a cookie that says neither is
    of no browser of the last years, and could be forged in an older one.
    """
    names = {key for key, _ in scope["headers"]}
    return bool(names & {b"origin", b"sec-fetch-site"})
