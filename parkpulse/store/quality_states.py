"""What the quality tests have to know of series from before, read for many at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from parkpulse.model import instants
from parkpulse.store import columns
from parkpulse.store.quality import Windows

if TYPE_CHECKING:
    import numpy.typing as npt

    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.store.pool import Connection

_LOOK_BACK = 2 * instants.DAY
"""Those without two readings in so long are looked for in the whole history. [us]"""
_NEWEST = 2
"""So many readings before a stretch are known of a series."""
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


def are_all(
    conn: Connection, series: Int64Array, low: Int64Array, count: Int64Array
) -> npt.NDArray[np.bool_]:
    """Tell whether just so many readings of each series are stored from a time on.

    Parameters
    ----------
    conn
        Open connection.
    series, low, count : arrays, shape (n,)
        At least one series. [us]
    """
    found = columns.fetch(
        conn,
        """
        select (r.n = k.count)::integer
        from unnest(%b::integer[], %b::bigint[], %b::bigint[])
            with ordinality as k (series, low_us, count, position)
        cross join lateral (
            select count(*) as n from (
                select from reading
                where reading.series = k.series and reading.ts >= %s and reading.ts
                    >= '1970-01-01Z'::timestamptz + low_us * interval '1 us'
                limit k.count + 1) s) r
        order by k.position
        """,
        [
            columns.int4(series),
            columns.int8(low),
            columns.int8(count),
            instants.from_us(int(low.min())),
        ],
        {"are_all": "int4"},
    )
    return found["are_all"] > 0


def before(conn: Connection, series: Int64Array, low: Int64Array) -> Windows:
    """Return the two newest readings of each series before a time [us].

    Parameters
    ----------
    conn
        Open connection.
    series, low : arrays, shape (n,)
        At least one series.
    """
    since = instants.from_us(int(low.min()) - _LOOK_BACK)
    found = _before(conn, series, low, since)
    short = np.flatnonzero(np.bincount(found.position, minlength=len(series)) < _NEWEST)
    if not len(short):
        return found
    older = _before(conn, series[short], low[short], _ALWAYS)
    kept = ~np.isin(found.position, short)
    position = np.concatenate([found.position[kept], short[older.position]])
    ts = np.concatenate([found.ts[kept], older.ts])
    value = np.concatenate([found.value[kept], older.value])
    order = np.lexsort((ts, position))
    return Windows(position[order], ts[order], value[order])


def _before(
    conn: Connection, series: Int64Array, low: Int64Array, since: datetime
) -> Windows:
    found = columns.fetch(
        conn,
        """
        select k.position, r.ts, r.value
        from unnest(%b::integer[], %b::bigint[])
            with ordinality as k (series, low_us, position)
        cross join lateral (
            select reading.ts, reading.value from reading
            where reading.series = k.series and reading.ts >= %s
                and reading.ts < '1970-01-01Z'::timestamptz + low_us * interval '1 us'
            order by reading.ts desc limit %s) r
        order by k.position, r.ts
        """,
        [columns.int4(series), columns.int8(low), since, _NEWEST],
        {"position": "int8", "ts": "ts", "value": "float8"},
    )
    return Windows(found["position"] - 1, found["ts"], found["value"])


def judged(
    conn: Connection, series: Int64Array, low: Int64Array, last: Int64Array
) -> Int64Array:
    """Tell which series have findings from a time on, or a spike from one before.

    Parameters
    ----------
    conn
        Open connection.
    series : array, shape (n,)
        At least one.
    low, last : arrays, shape (n,)
        From when on there must be no finding, and no spike. [us]
    """
    found = columns.fetch(
        conn,
        """
        select distinct k.series
        from (select series,
                '1970-01-01Z'::timestamptz + low_us * interval '1 us' as low,
                '1970-01-01Z'::timestamptz + last_us * interval '1 us' as last
            from unnest(%b::integer[], %b::bigint[], %b::bigint[])
            as u (series, low_us, last_us)) k
        join quality_flag q on q.series = k.series and q.ts >= k.last
            and (q.ts >= k.low or q.test = 'spike')
        where q.ts >= %s
        """,
        [
            columns.int4(series),
            columns.int8(low),
            columns.int8(last),
            instants.from_us(int(last.min())),
        ],
        {"series": "int4"},
    )
    return found["series"]


def standing(
    conn: Connection,
    series: Int64Array,
    ts: Int64Array,
    value: FloatArray,
    span: Int64Array,
) -> Int64Array:
    """Since when the value of a reading of each series has stood unchanged. [us].

    What has stood for longer than a span is told as some time before that span.

    Parameters
    ----------
    conn
        Open connection.
    series, ts, value : arrays, shape (n,)
        A stored reading of each series.
    span : array, shape (n,)
        So far back it matters. [us]
    """
    found = columns.fetch(
        conn,
        """
        select b.ts
        from (select position, series, value,
                '1970-01-01Z'::timestamptz + ts_us * interval '1 us' as ts,
                '1970-01-01Z'::timestamptz + (ts_us - span_us) * interval '1 us'
                    as early
            from unnest(%b::integer[], %b::bigint[], %b::float8[], %b::bigint[])
            with ordinality as u (series, ts_us, value, span_us, position)) k
        cross join lateral (
            select coalesce(max(o.ts), k.early) as ts from (
                select ts from reading where series = k.series and ts <= k.early
                order by ts desc limit 1) o) f
        cross join lateral (
            select coalesce(max(o.ts), f.ts - interval '1 us') as ts from (
                select ts from reading
                where series = k.series and ts >= f.ts and ts < k.ts
                    and value <> k.value
                order by ts desc limit 1) o) d
        cross join lateral (
            select ts from reading
            where series = k.series and ts > d.ts and ts <= k.ts
            order by ts limit 1) b
        order by k.position
        """,
        [
            columns.int4(series),
            columns.int8(ts),
            columns.float8(value),
            columns.int8(span),
        ],
        {"ts": "ts"},
    )
    return found["ts"]
