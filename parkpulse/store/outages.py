"""The record of times without the database, the broker or the processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.store.pool import Connection


class Row(NamedTuple):
    """One outage, as it was told."""

    id: str
    parts: Sequence[str]
    began_at: datetime
    told_at: datetime | None
    ended_at: datetime | None
    told_end_at: datetime | None
    channel: str | None
    error: str | None


def add(conn: Connection, outage: Row) -> None:
    """Record an outage that is over; once, however often it is tried."""
    conn.execute(
        """
        insert into outage (id, parts, began_at, told_at, ended_at, told_end_at,
            channel, error)
        values (%s::uuid, %s, %s, %s, %s, %s, %s, %s)
        on conflict (id) do nothing
        """,
        [outage.id, list(outage.parts), *outage[2:]],
    )


def listed(conn: Connection, limit: int) -> list[Row]:
    """Return the newest outages."""
    rows = conn.execute(
        """
        select id::text, parts, began_at, told_at, ended_at, told_end_at, channel, error
        from outage order by began_at desc limit %s
        """,
        [limit],
    )
    return [Row(*row) for row in rows]
