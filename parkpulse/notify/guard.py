"""Decides where a webhook may go, and pins the address it was decided on."""

from __future__ import annotations

import ipaddress
import socket
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from parkpulse.errors import DeliveryError, InvalidRequestError, PermanentDeliveryError

_PORTS = {"http": 80, "https": 443}
_MAIL_PORTS = {"smtp": 587, "smtps": 465}
_LONGEST_URL = 2000
_PRIVATE = (
    "the address is private: set PARKPULSE_WEBHOOK_ALLOW_PRIVATE=true"
    " to allow webhooks within your own network"
)


class Destination(NamedTuple):
    """Where to connect, and under what name."""

    url: str
    """With the address in place of the name, so that nothing resolves it again."""
    host: str
    """Value of the Host header."""
    name: str
    """Name that the certificate must be for."""


def validate(url: str, *, allow_private: bool) -> None:
    """Accept an address as a person gives it; a name is resolved only when sending.

    Raises
    ------
    InvalidRequestError
        It is no http(s) URL, carries a user or a fragment, or plainly is private.
    """
    _refuse(url, _problem(url), allow_private=allow_private)


def validate_mail(url: str, *, allow_private: bool) -> None:
    """Accept a mail server's address, `smtp://host:587` or `smtps://host:465`.

    Raises
    ------
    InvalidRequestError
        It is no such address, carries a user or a path, or plainly is private.
    """
    _refuse(url, _mail_problem(url), allow_private=allow_private)


def _refuse(url: str, problem: str | None, *, allow_private: bool) -> None:
    if problem is None and not allow_private and _is_private(url):
        problem = _PRIVATE
    if problem is not None:
        code = "bad_url"
        raise InvalidRequestError(code, problem, "/url")


def _mail_problem(url: str) -> str | None:
    wrong = "a mail server is smtp://host:587 (STARTTLS) or smtps://host:465 (TLS)"
    if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable():
        return wrong
    try:
        parts = urlsplit(url)
        known = parts.scheme in _MAIL_PORTS and parts.hostname and parts.port != 0
    except ValueError:
        return wrong
    more = "@" in parts.netloc or parts.path.strip("/") or parts.query
    return None if known and not more and not parts.fragment else wrong


def address(url: str, *, allow_private: bool) -> str:
    """Look a mail server up; raises as `resolve` does."""
    problem = _mail_problem(url)
    if problem is not None:
        raise PermanentDeliveryError(problem)
    parts = urlsplit(url)
    port = parts.port or _MAIL_PORTS[parts.scheme]
    return _checked(parts.hostname or "", port, allow_private=allow_private)


def _problem(url: str) -> str | None:
    if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable():
        return "a webhook's address is at most 2,000 printable ASCII characters"
    try:
        parts = urlsplit(url)
        known = parts.scheme in _PORTS and parts.hostname and parts.port != 0
    except ValueError:
        return "the webhook's address cannot be read"
    if not known:
        return "a webhook's address begins with http:// or https:// and a host"
    if "@" in parts.netloc or parts.fragment:
        return "a webhook's address carries no user, password or fragment"
    return None


def masked(url: str) -> str:
    """Return the address without what may be a secret: all that follows the host."""
    parts = urlsplit(url)
    hidden = parts.path.strip("/") or parts.query
    return f"{parts.scheme}://{parts.netloc}/{'…' if hidden else ''}"


def _is_private(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or not _is_public(host)
    except ValueError:
        return False


def resolve(url: str, *, allow_private: bool) -> Destination:
    """Look the host up and decide.

    Raises
    ------
    PermanentDeliveryError
        The URL is unusable.
    DeliveryError
        The name cannot be resolved now, or one of its addresses is private and those
        are closed: the name or the setting may be mended.
    """
    problem = _problem(url)
    if problem is not None:
        raise PermanentDeliveryError(problem)
    parts = urlsplit(url)
    name = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    found = _checked(name, port, allow_private=allow_private)
    literal = f"[{found}]" if ":" in found else found
    pinned = (parts.scheme, f"{literal}:{port}", parts.path, parts.query, "")
    return Destination(urlunsplit(pinned), parts.netloc, name)


def _checked(name: str, port: int, *, allow_private: bool) -> str:
    """Return the address that is connected to; all of a name's must be allowed."""
    found = _addresses(name, port)
    if not allow_private and not all(_is_public(each) for each in found):
        raise DeliveryError(_PRIVATE)
    return found[0]


def _addresses(name: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        message = f"the host {name} cannot be resolved"
        raise DeliveryError(message) from error
    return [str(each[4][0]) for each in found]


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or parsed.sixtofour or parsed
    return parsed.is_global and not parsed.is_multicast
