"""What stands before every request: who may ask, and the headers of every answer."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request

from api import problems
from api.methods import CHANGING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
"""Content security policy: nothing from other hosts, nothing inline."""
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
_Header = tuple[bytes, bytes]
_RAW = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
JSON = "application/json"
NDJSON = "application/x-ndjson"
FORM = "application/x-www-form-urlencoded"
READINGS = "/readings"
"""End of the paths that take readings, as JSON or a JSON object a line."""
PUSH = "/push/"
"""Beginning of the paths of platforms. Their token says who asks, whatever name this
service is reached by, and they are no browsers: host, origin and content type do not
matter there."""
BROKER = "/broker/"
"""Beginning of the paths that brokers ask at; the same holds for them."""
FORMS = "/a/"
"""Beginning of the paths of signed links, whose page sends a form."""
_YEAR_S = 31_536_000
_HOSTS = 256
"""So many names of hosts are taken apart once."""
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """Host and port of a Host header, an Origin or an URL."""

    host: str
    port: int


@functools.lru_cache(maxsize=_HOSTS)
def address(url: str) -> Address | None:
    """Take `scheme://host:port` apart; None when it is no such thing."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    return Address(parts.hostname, port) if parts.hostname else None


@functools.lru_cache(maxsize=_HOSTS)
def is_loopback(host: str) -> bool:
    """Whether a host names this machine and nothing else."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_secure(scheme: str, host: str, public_url: str | None) -> bool:
    """Whether a request to this host came by HTTPS; a proxy may have taken it off."""
    if scheme == "https":
        return True
    if public_url is None or not public_url.startswith("https:"):
        return False
    return urlsplit(f"//{host}").hostname == urlsplit(public_url).hostname


@functools.lru_cache(maxsize=_HOSTS)
def lasting(scheme: str, host: str, public_url: str | None) -> Mapping[str, str]:
    """Have browsers come by HTTPS only from now on, if they do now.

    Not to this machine by its own names: other services have those, too.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if is_loopback(name) or not is_secure(scheme, host, public_url):
            return {}
    except ValueError:
        return {}
    return {"strict-transport-security": f"max-age={_YEAR_S}"}


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def refusal(
    scheme: str,
    method: str,
    headers: Headers,
    public: Address | None,
    wanted: str = JSON,
    *,
    is_local: bool = True,
) -> str:
    """Code of the problem that a request meets before any route; empty for none.

    Parameters
    ----------
    scheme
        Of the request.
    method
        Of the request.
    headers
        Of the request.
    public
        Address that a proxy in front of this service is reached by.
    wanted
        Type of the body of a change.
    is_local
        Whether only this machine can reach the service. Where others can, they may
        call it by its number too, which no foreign name can stand for.
    """
    hosts = headers.getlist("host")
    target = address(f"{scheme}://{hosts[0]}") if len(hosts) == 1 else None
    if target is None or not (
        is_loopback(target.host)
        or (public is not None and target.host == public.host)
        or (not is_local and _is_number(target.host))
    ):
        return "host_not_allowed"
    if method not in CHANGING:
        return ""
    if not _same_origin(headers, target, public):
        return "origin_not_allowed"
    return "" if _media(headers) == wanted else "media_type"


def _same_origin(
    headers: Headers, target: Address | None, public: Address | None
) -> bool:
    site = headers.get("sec-fetch-site", "none")
    if site not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    return origin is None or address(origin) in {target, public} - {None}


def _media(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_machine(scope: Scope) -> bool:
    return bool(scope["path"].startswith((PUSH, BROKER)))


def _wanted(path: str, headers: Headers) -> str:
    """Tell the type that the body of a change must have."""
    if path.startswith(FORMS):
        return FORM
    takes_lines = path.endswith(READINGS)
    return NDJSON if takes_lines and _media(headers) == NDJSON else JSON


class Guard:
    """Refuses foreign hosts and origins; adds the security headers.

    Parameters
    ----------
    app
        What answers the request.
    public_url
        Address of the page if it is not this machine's own.
    is_local
        Whether only this machine can reach the service.
    """

    def __init__(
        self, app: ASGIApp, public_url: str | None = None, *, is_local: bool = True
    ) -> None:
        self._app = app
        self._public = address(public_url) if public_url else None
        self._public_url = public_url
        self._is_local = is_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*_completed(message["headers"], https)]
            await send(message)

        request = Request(scope)
        host = request.headers.get("host", "")
        https = lasting(scope["scheme"], host, self._public_url)
        # No name has it, and the database cannot even be asked for one.
        code = "no_such_path" if "\0" in scope["path"] else ""
        if not code and not _is_machine(scope):
            code = refusal(
                scope["scheme"],
                request.method,
                request.headers,
                self._public,
                _wanted(scope["path"], request.headers),
                is_local=self._is_local,
            )
        app = problems.respond(request, code) if code else self._app
        await app(scope, receive, send_with_headers)


def _completed(
    given: Collection[_Header], https: Mapping[str, str]
) -> Iterator[_Header]:
    """Add the headers that an answer does not have by itself."""
    yield from given
    names = {name for name, _ in given}
    for each in _RAW:
        if each[0] not in names:
            yield each
    if b"cache-control" not in names:
        yield b"cache-control", b"no-store"
    for name, value in https.items():
        yield name.encode(), value.encode()
