"""What tells whether each part of the service is at work."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection


SILENT_S = 30.0
"""An ingest worker that gives no sign of life for so long is away. [s]"""


class Signs(NamedTuple):
    """Ages in seconds; None when there is nothing to have an age."""

    engines: int
    """Engine processes that renew their leases."""
    unread_batch_s: float | None
    """Age of the oldest batch that some consumer of the engine has not read."""
    overdue_delivery_s: float | None
    """Since the oldest waiting delivery should have been tried."""
    notifiers: int
    """Processes that deliver messages, by their signs of life."""
    apis: int
    """Processes that serve page and API, likewise."""


def signs(conn: Connection) -> Signs:
    """Read all signs of life."""
    (row,) = conn.execute(
        """
        select
            (select count(*) from engine where until > now()),
            (
                select extract(epoch from now() - min(b.at))::float8
                from (select distinct consumer from consumer_position) c
                cross join batch_counter k
                left join consumer_position p
                    on (p.consumer, p.slot, p.writer) = (c.consumer, k.slot, k.writer)
                cross join lateral (
                    select at from batch_log b
                    where b.slot = k.slot and b.writer = k.writer
                        and b.n > coalesce(p.n, 0)
                    order by b.n limit 1
                ) b
                where k.n > coalesce(p.n, 0)
            ),
            (
                select extract(epoch from now() - min(next_attempt_at))::float8
                from outbox where state = 'pending' and next_attempt_at < now()
            ),
            (select count(*) from process where kind = 'notify' and until > now()),
            (select count(*) from process where kind = 'api' and until > now())
        """
    ).fetchall()
    return Signs(*row)


class Queues(NamedTuple):
    """How many messages wait where."""

    ingests: int
    """Ingest workers that were seen lately."""
    waiting: int
    """Messages of devices that they have received and not committed."""
    undelivered: int
    """Messages to people that wait."""
    dead: int
    """Messages to people that were given up in the last 24 hours."""


def queues(conn: Connection) -> Queues:
    """Count what lives and what waits."""
    (row,) = conn.execute(
        """
        select w.*, o.*, d.* from (
            select count(*), coalesce(sum(waiting), 0)::bigint from ingest_worker
            where seen_at > now() - make_interval(secs => %s)
        ) w, (
            select count(*) from outbox where state = 'pending'
        ) o, (
            select count(*) from outbox b join channel c on c.id = b.channel_id
            where b.state = 'dead' and c.enabled
                and b.next_attempt_at > now() - interval '24 hours'
        ) d
        """,
        [SILENT_S],
    ).fetchall()
    return Queues(*row)
