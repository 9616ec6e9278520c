"""Readings in blocks, for tables of any length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.model import instants
from parkpulse.store import columns

if TYPE_CHECKING:
    from parkpulse.store.columns import Columns
    from parkpulse.store.pool import Connection

_COLUMNS = {"ts": "ts", "value": "float8", "quality": "int4"}


def readings(
    conn: Connection, series_id: int, start: int, end: int, limit: int
) -> Columns:
    """Read the first readings in [start, end): `ts`, `value`, `quality`, by time. [us].

    Quality is the worst of what the message said and what tests found.
    """
    first, last = instants.from_us(start), instants.from_us(end)
    return columns.fetch(
        conn,
        """
        select r.ts, r.value, greatest(r.quality, f.flag)::integer
        from (
            select ts, value, quality from reading
            where series = %s and ts >= %s and ts < %s order by ts limit %s
        ) r
        left join (
            select ts, max(flag) as flag from quality_flag
            where series = %s and ts >= %s and ts < %s group by ts
        ) f on f.ts = r.ts
        order by r.ts
        """,
        [series_id, first, last, limit, series_id, first, last],
        _COLUMNS,
    )


def first(conn: Connection, series_id: int) -> int | None:
    """Return when the oldest that is known of a series begins [us]; None: nothing."""
    row = conn.execute(
        """
        select min(ts) from (
            (select ts from reading where series = %s order by ts limit 1)
            union all
            (select ts from rollup_1h where series = %s order by ts limit 1)
            union all
            (select ts from rollup_1d where series = %s order by ts limit 1)
        ) as found
        """,
        [series_id, series_id, series_id],
    ).fetchone()
    return None if row is None or row[0] is None else instants.to_us(row[0])
