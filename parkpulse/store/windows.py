"""Readings of many series, each in a window of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parkpulse.model import instants
from parkpulse.store import columns

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray, Int32Array, Int64Array
    from parkpulse.store.pool import Connection

FOREVER_US = 4_102_444_800 * instants.SECOND
"""The year 2100: a window that ends then has no end. [us]"""


class Windows(NamedTuple):
    """Readings of n windows.

    Attributes
    ----------
    position : array, shape (k,)
        Which window a reading belongs to, sorted.
    ts : array, shape (k,)
        Observed times, rising within a window. [us]
    value : array, shape (k,)
        Values in the units of their metrics.
    """

    position: Int64Array
    ts: Int64Array
    value: FloatArray


def read(
    conn: Connection,
    series: Int32Array,
    start: Int64Array,
    back: Int64Array,
    stop: Int64Array,
) -> Windows:
    """Return the readings in [start, stop] and what leads up to them.

    Parameters
    ----------
    conn
        Open connection.
    series, start, back, stop : arrays, shape (n,)
        Series, times and a span of each window [us]. A window begins at the newest
        reading before `start`, less `back`.
    """
    found = columns.fetch(
        conn,
        """
        select k.position, r.ts, r.value
        from unnest(%s::integer[], %s::timestamptz[], %s::bigint[], %s::timestamptz[])
            with ordinality as k (series, start, back, stop, position)
        cross join lateral (
            select coalesce(max(h.ts), k.start) - k.back * interval '1 us' as first
            from (
                select reading.ts from reading
                where reading.series = k.series and reading.ts < k.start
                order by reading.ts desc limit 1) h) w
        cross join lateral (
            select reading.ts, reading.value from reading
            where reading.series = k.series and reading.ts >= w.first
                and reading.ts <= k.stop) r
        order by k.position, r.ts
        """,
        [
            series.tolist(),
            [instants.from_us(us) for us in start.tolist()],
            back.tolist(),
            [instants.from_us(us) for us in stop.tolist()],
        ],
        {"position": "int8", "ts": "ts", "value": "float8"},
    )
    return Windows(found["position"] - 1, found["ts"], found["value"])


def newest(conn: Connection, series: Int32Array) -> tuple[Int32Array, Int64Array]:
    """Return ids and newest times [us] of those series that have readings."""
    found = columns.fetch(
        conn,
        """
        select k.series, r.ts
        from unnest(%s::integer[]) as k (series)
        cross join lateral (
            select reading.ts from reading where reading.series = k.series
            order by reading.ts desc limit 1) r
        order by k.series
        """,
        [series.tolist()],
        {"series": "int4", "ts": "ts"},
    )
    return found["series"], found["ts"]
