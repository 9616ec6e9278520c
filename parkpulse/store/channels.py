"""Channels: where messages of alerts go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from parkpulse.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from parkpulse.model.alert import Severity
    from parkpulse.store.pool import Connection

Kind = Literal["webhook", "dingtalk", "wecom", "feishu", "email"]
KINDS: tuple[Kind, ...] = ("webhook", "dingtalk", "wecom", "feishu", "email")
_KIND = "channel"
_PARK = "park"


class Channel(NamedTuple):
    """One receiver; `park` is the code of the only park it hears of."""

    id: int
    name: str
    kind: Kind
    url: str
    """What may be shown of the address; the whole one in rows of old webhooks."""
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
    options: Mapping[str, object]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a person decides about a channel, as it is stored."""

    name: str
    kind: Kind
    url: str
    secret: bytes = field(repr=False)
    min_severity: Severity
    park: str | None
    enabled: bool = True
    options: Mapping[str, object] = field(default_factory=dict)


def listed(conn: Connection) -> list[Channel]:
    """All channels by name; none that was removed."""
    rows = conn.execute(
        """
        select c.id, c.name, c.kind, c.url, c.secret, c.park_id, park.code,
            c.min_severity, c.enabled, c.failures,
            nullif(c.paused_until, '-infinity'), c.created_at, c.options, c.version
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
    """Add a webhook; raises ConflictError and NotFoundError as `insert` does."""
    row = Row(
        name=name,
        kind="webhook",
        url=url,
        secret=secret,
        min_severity=min_severity,
        park=park,
    )
    insert(conn, row)


def insert(conn: Connection, row: Row) -> None:
    """Add a channel.

    Raises
    ------
    ConflictError
        There is a channel of this name.
    NotFoundError
        There is no such park.
    """
    conn.execute(
        """
        insert into channel
            (park_id, name, kind, url, secret, min_severity, enabled, options)
        values (%s, %s, %s, %s, %s, %s, %s, %s::jsonb)
        """,
        [_park_id(conn, row.park), row.name, row.kind, *_changing(row)],
    )


def update(conn: Connection, channel: Channel, row: Row) -> None:
    """Change all of a channel but its name and kind, and let it be tried at once.

    Raises
    ------
    NotFoundError
        There is no such park.
    """
    conn.execute(
        """
        update channel set park_id = %s, url = %s, secret = %s, min_severity = %s,
            enabled = %s, options = %s::jsonb, version = version + 1, failures = 0,
            paused_until = '-infinity'
        where id = %s
        """,
        [_park_id(conn, row.park), *_changing(row), channel.id],
    )


def _changing(row: Row) -> tuple[object, ...]:
    options = msgspec.json.encode(row.options).decode()
    return row.url, row.secret, row.min_severity, row.enabled, options


def _park_id(conn: Connection, code: str | None) -> int | None:
    if code is None:
        return None
    found = conn.execute("select id from park where code = %s", [code]).fetchone()
    if found is None:
        raise NotFoundError(_PARK, code)
    return int(found[0])


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
        update channel set enabled = false, removed_at = now(), url = '', secret = '',
            options = '{}'
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
        update outbox set state = 'dead', claimed_until = null, claimed_by = null
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
