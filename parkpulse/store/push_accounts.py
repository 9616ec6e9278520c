"""Accounts of the platforms that push messages of devices over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from psycopg.types.json import Jsonb

from parkpulse.errors import ConflictError, NotFoundError
from parkpulse.store import registry_news

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from parkpulse.store.pool import Connection

_KIND = "push account"
_PARK = "park"


class PushAccount(NamedTuple):
    """One account."""

    platform: str
    name: str
    park: str
    token_hash: bytes
    """SHA-256 of the token in its address."""
    secret: bytes | None
    """What the platform signs with; encrypted."""
    aes_key: bytes | None
    """Encrypted."""
    options: Mapping[str, str]
    created_at: datetime


def listed(conn: Connection) -> list[PushAccount]:
    """All accounts by platform and name."""
    rows = conn.execute(
        """
        select a.platform, a.name, park.code, a.token_hash, a.secret, a.aes_key,
            a.options, a.created_at
        from push_account a join park on park.id = a.park_id
        order by a.platform collate "C", a.name collate "C"
        """
    )
    return [PushAccount(*row) for row in rows]


def add(
    conn: Connection,
    platform: str,
    name: str,
    park: str,
    token_hash: bytes,
    *,
    secret: bytes | None = None,
    aes_key: bytes | None = None,
    options: Mapping[str, str] | None = None,
) -> None:
    """Add an account.

    Raises
    ------
    ConflictError
        There is one of this platform and name.
    NotFoundError
        There is no such park.
    """
    found = conn.execute("select id from park where code = %s", [park]).fetchone()
    if found is None:
        raise NotFoundError(_PARK, park)
    added = conn.execute(
        """
        insert into push_account
            (platform, name, park_id, token_hash, secret, aes_key, options)
        values (%s, %s, %s, %s, %s, %s, %s)
        on conflict (platform, name) do nothing
        returning id
        """,
        [
            platform,
            name,
            found[0],
            token_hash,
            secret,
            aes_key,
            Jsonb(dict(options or {})),
        ],
    ).fetchone()
    if added is None:
        message = f"there is an account {name!r} of {platform} already"
        raise ConflictError(message)
    # Ingest reads anew how the messages are to be read.
    registry_news.tell(conn)


def remove(conn: Connection, platform: str, name: str) -> None:
    """Remove an account: its token is worth nothing from now on.

    Raises
    ------
    NotFoundError
        There is no such account.
    """
    removed = conn.execute(
        "delete from push_account where platform = %s and name = %s returning id",
        [platform, name],
    ).fetchone()
    if removed is None:
        raise NotFoundError(_KIND, f"{platform}/{name}")
    registry_news.tell(conn)
