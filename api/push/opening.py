"""Opening an account for a platform that pushes: its token is shown once."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from api.push.courier import token_hash
from parkpulse.errors import InvalidRequestError
from parkpulse.store import push_accounts
from parkpulse.wire.platforms import onenet_envelope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parkpulse.notify.vault import Vault
    from parkpulse.store.pool import Connection

OPTION = re.compile(r"device_id|profile|profile\.[^=]{1,64}", re.ASCII)
"""Names of the options that an account may have."""
_TOKEN_BYTES = 32


def new_token() -> str:
    """Make a token that nobody guesses."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def open_account(
    conn: Connection,
    vault: Vault,
    *,
    platform: str,
    name: str,
    park: str,
    secret: str | None,
    aes_key: str | None,
    options: Mapping[str, str],
) -> str:
    """Add an account; return the path with the token.

    Raises
    ------
    InvalidRequestError
        An option or the key cannot be used, or there is an account of this name.
    NotFoundError
        There is no such park.
    """
    for option, value in options.items():
        if not OPTION.fullmatch(option) or not value:
            code, message = "unknown_option", f"{option!r} is no option"
            raise InvalidRequestError(code, message, f"/options/{option}")
    if aes_key is not None and not onenet_envelope.is_key(aes_key):
        code, message = "bad_aes_key", "an AES key has 16 or 43 characters"
        raise InvalidRequestError(code, message, "/aes_key")
    if any(
        (e.platform, e.name) == (platform, name) for e in push_accounts.listed(conn)
    ):
        code, message = "name_in_use", f"there is an account {name!r}"
        raise InvalidRequestError(code, message, "/name")
    token = new_token()
    push_accounts.add(
        conn,
        platform,
        name,
        park,
        token_hash(token),
        secret=None if secret is None else vault.lock(secret),
        aes_key=None if aes_key is None else vault.lock(aes_key),
        options=options,
    )
    return f"/push/{platform}/{token}"
