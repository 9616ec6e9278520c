"""Channels: where messages of alerts go."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parkpulse.errors import NotFoundError

if TYPE_CHECKING:
    from datetime import datetime

    from parkpulse.model.alert import Severity
    from parkpulse.store.pool import Connection

_KIND = "channel"
_PARK = "park"


class Channel(NamedTuple):
    """One receiver; `park` is the code of the only park it hears of."""

    id: int
    name: str
    kind: str
    url: str
    secret: bytes
    """Encrypted."""
    park_id: int | None
    park: str | None
    min_severity: Severity
    enabled: bool
    failures: int
    """Attempts in a row that did not reach it."""
    paused_until: datetime | None
    created_at: datetime


def listed(conn: Connection) -> list[Channel]:
    """All channels by name; none that was removed."""
    rows = conn.execute(
        """
        select c.id, c.name, c.kind, c.url, c.secret, c.park_id, park.code,
            c.min_severity, c.enabled, c.failures,
            nullif(c.paused_until, '-infinity'), c.created_at
        from channel c left join park on park.id = c.park_id
        where c.removed_at is null
        order by c.name collate "C"
        """
    )
    return [Channel(*row) for row in rows]


def find(conn: Connection, name: str) -> Channel:
    """Return the channel of this name; raises NotFoundError."""
    for channel in listed(conn):
        if channel.name == name:
            return channel
    raise NotFoundError(_KIND, name)


def add(
    conn: Connection,
    name: str,
    url: str,
    secret: bytes,
    min_severity: Severity,
    park: str | None,
) -> None:
    """Add a webhook.

    Raises
    ------
    ConflictError
        There is a channel of this name.
    NotFoundError
        There is no such park.
    """
    found = conn.execute("select id from park where code = %s", [park]).fetchone()
    if park is not None and found is None:
        raise NotFoundError(_PARK, park)
    conn.execute(
        """
        insert into channel (park_id, name, kind, url, secret, min_severity)
        values (%s, %s, 'webhook', %s, %s, %s)
        """,
        [found and found[0], name, url, secret, min_severity],
    )


def remove(conn: Connection, name: str) -> None:
    """Send nothing more there, and forget address and secret; the log stays.

    Raises
    ------
    NotFoundError
        There is no channel of this name.
    """
    channel = find(conn, name)
    conn.execute(
        """
        update channel set enabled = false, removed_at = now(), url = '', secret = ''
        where id = %s
        """,
        [channel.id],
    )
    _give_up(conn, channel.id)


def disable(conn: Connection, channel_id: int) -> None:
    """Send nothing more to a receiver that is gone for good."""
    conn.execute("update channel set enabled = false where id = %s", [channel_id])
    _give_up(conn, channel_id)


def _give_up(conn: Connection, channel_id: int) -> None:
    conn.execute(
        """
        update outbox set state = 'dead', claimed_until = null
        where channel_id = %s and state = 'pending'
        """,
        [channel_id],
    )


def pause(conn: Connection, channel_id: int, failures: int, seconds: float) -> None:
    """Leave a receiver alone for a time [s] after so many failures in a row."""
    conn.execute(
        """
        update channel set failures = greatest(failures, %s),
            paused_until = greatest(
                paused_until, clock_timestamp() + make_interval(secs => %s))
        where id = %s
        """,
        [failures, seconds, channel_id],
    )


def recover(conn: Connection, channel_id: int) -> None:
    """Note that the receiver answers."""
    conn.execute(
        """
        update channel set failures = 0, paused_until = '-infinity'
        where id = %s and (failures > 0 or paused_until > '-infinity')
        """,
        [channel_id],
    )
