"""What the database says of the service: versions, sizes, positions, deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from parkpulse.store.pool import Connection


class Versions(NamedTuple):
    """Of the servers and the schema."""

    postgresql: str
    timescaledb: str | None
    migration: str | None
    """Name of the newest migration."""
    database_bytes: int
    """Size of the whole database. [B]"""


class Consumer(NamedTuple):
    """How far one consumer of the batch log is behind."""

    name: str
    waiting: int
    """Batches that it has not read."""
    oldest_s: float | None
    """Age of the oldest of them. [s]"""


class Outbox(NamedTuple):
    """Messages on their way."""

    pending: int
    delivered: int
    """In the last 24 hours."""
    dead: int
    """Given up in the last 24 hours."""
    oldest_s: float | None
    """Age of the oldest that waits. [s]"""


class EngineRow(NamedTuple):
    """An engine process."""

    owner: str
    until: datetime
    """Its lease ends then, if it is not renewed."""
    slots: int
    """Slots of the batch log that it works on."""


def versions(conn: Connection) -> Versions:
    """Read versions and size."""
    (row,) = conn.execute(
        """
        select current_setting('server_version'),
            (select extversion from pg_extension where extname = 'timescaledb'),
            (select max(name) from migration),
            pg_database_size(current_database())
        """
    ).fetchall()
    return Versions(*row)


def consumers(conn: Connection) -> list[Consumer]:
    """How far each consumer of the batch log is."""
    rows = conn.execute(
        """
        select c.consumer, coalesce(sum(k.n - coalesce(p.n, 0)), 0)::bigint,
            extract(epoch from now() - min(b.at))::float8
        from (select distinct consumer from consumer_position) c
        cross join batch_counter k
        left join consumer_position p
            on (p.consumer, p.slot, p.writer) = (c.consumer, k.slot, k.writer)
        left join lateral (
            select at from batch_log b
            where b.slot = k.slot and b.writer = k.writer and b.n > coalesce(p.n, 0)
            order by b.n limit 1
        ) b on true
        group by c.consumer order by c.consumer
        """
    )
    return [Consumer(*row) for row in rows]


def outbox(conn: Connection) -> Outbox:
    """Count messages by what became of them."""
    (row,) = conn.execute(
        """
        select count(*) filter (where state = 'pending'),
            count(*) filter (
                where state = 'delivered' and created_at > now() - interval '24 hours'
            ),
            count(*) filter (
                where state = 'dead' and next_attempt_at > now() - interval '24 hours'
            ),
            extract(epoch from now() - min(created_at) filter (
                where state = 'pending'))::float8
        from outbox
        where state = 'pending' or created_at > now() - interval '24 hours'
            or (state = 'dead' and next_attempt_at > now() - interval '24 hours')
        """
    ).fetchall()
    return Outbox(*row)


def engines(conn: Connection) -> list[EngineRow]:
    """Engine processes that renewed their lease lately."""
    rows = conn.execute(
        """
        select e.owner, e.until, count(l.slot)
        from engine e left join lease l on l.owner = e.owner
        where e.until > now() group by e.owner, e.until order by e.owner
        """
    )
    return [EngineRow(*row) for row in rows]
