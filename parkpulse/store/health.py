"""What tells whether each part of the service is at work."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection


class Signs(NamedTuple):
    """Ages in seconds; None when there is nothing to have an age."""

    engines: int
    """Engine processes that renew their leases."""
    unread_batch_s: float | None
    """Age of the oldest batch that some consumer of the engine has not read."""
    overdue_delivery_s: float | None
    """Since the oldest waiting delivery should have been tried."""


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
            )
        """
    ).fetchall()
    return Signs(*row)
