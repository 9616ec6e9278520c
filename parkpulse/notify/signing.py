"""Signatures by the Standard Webhooks scheme, version 1."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

from parkpulse.errors import ConfigError

_PREFIX = "whsec_"
_KEY_BYTES = 32


def new_secret() -> str:
    """Make a secret that a receiver verifies with, `whsec_` and base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def headers(
    secret: str, message_id: str, timestamp_s: int, body: bytes
) -> dict[str, str]:
    """Headers that identify and sign a message.

    Parameters
    ----------
    secret
        As `new_secret` makes it.
    message_id
        The same over all attempts, so that a receiver recognises a repeat.
    timestamp_s
        Time of this attempt. [s since 1970 UTC]
    body
        The exact bytes that are sent.

    Raises
    ------
    ConfigError
        The secret is no base64.

    References
    ----------
    .. [1] Standard Webhooks 1.0.0, "Signature scheme".
    """
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        message = "a channel's secret is damaged: remove the channel and add it again"
        raise ConfigError(message) from error
