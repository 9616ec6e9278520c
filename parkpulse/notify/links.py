"""Signed links to acknowledge an alert: who holds one may, until it expires.

The link says which alert in which version, by which channel it came, until when. Its
signature is made with a key derived from the secret key, so nothing is stored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from parkpulse.notify import schedule

if TYPE_CHECKING:
    from datetime import datetime

PURPOSE = b"parkpulse acknowledge link 1"
"""What the key is derived for."""
VALID_S = int(schedule.GIVE_UP_AFTER_S) + 86_400
"""A link can be used for so long after its message was written: for a day even when
the message arrived at the last attempt. [s]"""
PATH = "/a/"
_CONTENT = struct.Struct(">16sIIQ")
_MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a link is for."""

    alert: UUID
    channel: int
    version: int
    """Of the alert, as the message told it."""
    expires_s: int
    """[s since 1970 UTC]"""


def ticket(alert: UUID, channel: int, version: int, written_at: datetime) -> Ticket:
    """Make what the link of a message is for; the same over all attempts."""
    return Ticket(alert, channel, version, int(written_at.timestamp()) + VALID_S)


def sign(key: bytes, made: Ticket) -> str:
    """Write a ticket as the last part of a link."""
    content = _CONTENT.pack(
        made.alert.bytes, made.channel, made.version, made.expires_s
    )
    return base64.urlsafe_b64encode(content + _mac(key, content)).rstrip(b"=").decode()


def read(key: bytes, token: str) -> Ticket | None:
    """Read what `sign` wrote; None when it was not us, whether or not it expired."""
    try:
        padded = token.encode() + b"=" * (-len(token) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    content, mac = raw[: _CONTENT.size], raw[_CONTENT.size :]
    if not hmac.compare_digest(mac, _mac(key, content)):
        return None
    alert, channel, version, expires_s = _CONTENT.unpack(content)
    return Ticket(UUID(bytes=alert), channel, version, expires_s)


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()[:_MAC_BYTES]
