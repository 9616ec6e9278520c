"""Whether the processes at work live, and the record of times without them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.store.pool import Connection

_SILENT_S = 30.0


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


def is_engine_alive(conn: Connection) -> bool:
    """Whether any engine process says that it lives."""
    return _exists(conn.execute("select 1 from engine where until > now()").fetchone())


def is_ingest_alive(conn: Connection) -> bool:
    """Whether any receiving process was seen lately."""
    found = conn.execute(
        "select 1 from ingest_worker where seen_at > now() - make_interval(secs => %s)",
        [_SILENT_S],
    )
    return _exists(found.fetchone())


def _exists(row: tuple[object, ...] | None) -> bool:
    return row is not None


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
