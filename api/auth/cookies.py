"""The cookie that holds a session, and where a request comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api import guard

if TYPE_CHECKING:
    from datetime import timedelta

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Scope

_PLAIN = "parkpulse"
_SECURE = "__Host-parkpulse"
_BEARER = b"bearer "
_LONGEST = 200


def name(*, secure: bool) -> str:
    """Name of the cookie; the browser takes `__Host-` only with Secure and Path=/."""
    return _SECURE if secure else _PLAIN


def token(scope: Scope, public_url: str | None) -> str:
    """Return what a request identifies itself by; empty for nothing."""
    cookie, host = b"", b""
    for key, value in scope["headers"]:
        if key == b"authorization" and value[:7].lower() == _BEARER:
            bearer: str = value[7:].strip()[:_LONGEST].decode("latin-1")
            return bearer
        if key == b"cookie":
            cookie += value + b";"
        elif key == b"host":
            host = value
    if not cookie:
        return ""
    secure = guard.is_secure(scope["scheme"], host.decode("latin-1"), public_url)
    wanted = name(secure=secure).encode() + b"="
    for each in cookie.split(b";"):
        part = each.strip()
        if part.startswith(wanted):
            held: str = part[len(wanted) :][:_LONGEST].decode("latin-1")
            return held
    return ""


def has_bearer(scope: Scope) -> bool:
    """Whether a program asks, which says who it is by a header of its own."""
    return any(
        key == b"authorization" and value[:7].lower() == _BEARER
        for key, value in scope["headers"]
    )


def put(
    response: Response,
    value: str,
    lasts: timedelta,
    request: Request,
    public: str | None,
) -> None:
    """Have the browser keep a session; empty to forget it."""
    host = request.headers.get("host", "")
    secure = guard.is_secure(request.url.scheme, host, public)
    response.set_cookie(
        name(secure=secure),
        value,
        max_age=int(lasts.total_seconds()) if value else 0,
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def address(scope: Scope, public_url: str | None) -> str:
    """Where a request comes from; behind our proxy what that one says."""
    client = scope.get("client")
    host: str = client[0] if client else ""
    if public_url is None or not guard.is_loopback(host):
        return host
    for key, value in reversed(scope["headers"]):
        if key == b"x-forwarded-for":
            last: str = value.decode("latin-1").rpartition(",")[2].strip()
            return last[:64] or host
    return host
