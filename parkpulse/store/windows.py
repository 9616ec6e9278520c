"""Readings of many series, each in a window of its own.

What its sender calls bad (quality 4) is passed over.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parkpulse.model import instants
from parkpulse.store import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

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


class Reach(NamedTuple):
    """How far before its start each of n windows goes; arrays of shape (n,).

    What has to be known at the newest reading before the start, less `back` [us], and
    at the `samples`-th newest one: at each of them the `span` [us] before it, and
    `lead` readings more.
    """

    back: Int64Array
    samples: Int64Array
    span: Int64Array
    lead: Int64Array


def read(
    conn: Connection,
    series: Int32Array,
    start: Int64Array,
    reach: Reach,
    stop: Int64Array,
) -> Windows:
    """Return the readings in [start, stop] and what leads up to them.

    Parameters
    ----------
    conn
        Open connection.
    series, start, stop : arrays, shape (n,)
        Series and times of each window. [us]
    reach
        Of each window.
    """
    first, is_sure = _firsts(conn, series, start, reach, _nearby(start, reach))
    if not is_sure.all():
        short = ~is_sure
        cut = Reach(*(each[short] for each in reach))
        first[short], _ = _firsts(conn, series[short], start[short], cut, _ALWAYS)
    found = columns.fetch(
        conn,
        """
        select k.position, r.ts, r.value
        from unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[])
            with ordinality as k (series, first, stop, position)
        cross join lateral (
            select reading.ts, reading.value from reading
            where reading.series = k.series and reading.ts >= k.first
                and reading.ts <= k.stop and reading.ts >= %s
                and reading.quality <> 4) r
        order by k.position, r.ts
        """,
        [
            series.tolist(),
            _times(first),
            _times(stop),
            instants.from_us(int(first.min(initial=FOREVER_US))),
        ],
        {"position": "int8", "ts": "ts", "value": "float8"},
    )
    return Windows(found["position"] - 1, found["ts"], found["value"])


def spans(
    conn: Connection, series: Sequence[int], start: int, stop: int
) -> list[tuple[Int64Array, FloatArray]]:
    """Return the readings of each series in [start, stop], and the one before.

    Parameters
    ----------
    conn
        Open connection.
    series
        Ids of n series.
    start, stop
        Of all of them. [us]

    Returns
    -------
    list of n pairs
        Observed times, rising [us], and values in the units of the metrics.
    """
    ids = np.array(series, np.int32)
    none, one = np.zeros(len(ids), np.int64), np.ones(len(ids), np.int64)
    reach = Reach(back=none, samples=one, span=none, lead=none)
    found = read(conn, ids, np.full(len(ids), start), reach, np.full(len(ids), stop))
    edges = np.searchsorted(found.position, np.arange(1, len(ids)))
    times, values = np.split(found.ts, edges), np.split(found.value, edges)
    return list(zip(times, values, strict=True))[: len(ids)]


_LOOK_BACK = 2 * instants.DAY
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


def _times(moments: Int64Array) -> list[datetime]:
    return [instants.from_us(us) for us in moments.tolist()]


def _nearby(start: Int64Array, reach: Reach) -> datetime:
    """Return since when all that is needed is probably found.

    A question that names a time does not look at all chunks of the history.
    """
    before = int((reach.back + reach.span).max(initial=0)) + _LOOK_BACK
    return instants.from_us(int(start.min(initial=FOREVER_US)) - before)


def _firsts(
    conn: Connection,
    series: Int32Array,
    start: Int64Array,
    reach: Reach,
    since: datetime,
) -> tuple[Int64Array, NDArray[np.bool_]]:
    """Return where each window begins [us], and whether nothing before can matter."""
    found = columns.fetch(
        conn,
        """
        select v.first, (w.n >= k.samples and v.n >= k.lead)::integer
        from unnest(%s::integer[], %s::timestamptz[], %s::bigint[], %s::bigint[],
                %s::bigint[], %s::bigint[])
            with ordinality
            as k (series, start, back, samples, span, lead, position)
        cross join lateral (
            select coalesce(
                    least(max(h.ts) - k.back * interval '1 us', min(h.ts)), k.start)
                - k.span * interval '1 us' as first, count(h.ts) as n
            from (
                select reading.ts from reading
                where reading.series = k.series and reading.ts < k.start
                    and reading.ts >= %s and reading.quality <> 4
                order by reading.ts desc limit k.samples) h) w
        cross join lateral (
            select coalesce(min(h.ts), w.first) as first, count(h.ts) as n
            from (
                select reading.ts from reading
                where k.lead > 0 and reading.series = k.series
                    and reading.ts <= w.first and reading.ts >= %s
                    and reading.quality <> 4
                order by reading.ts desc limit k.lead) h) v
        order by k.position
        """,
        [
            series.tolist(),
            _times(start),
            reach.back.tolist(),
            reach.samples.tolist(),
            reach.span.tolist(),
            reach.lead.tolist(),
            since,
            since,
        ],
        {"first": "ts", "is_sure": "int4"},
    )
    return found["first"], found["is_sure"] > 0


def newest(conn: Connection, series: Int32Array) -> tuple[Int32Array, Int64Array]:
    """Return ids and newest times [us] of those series that have readings.

    Only what has been silent for days is looked for in the whole history.
    """
    found, ts = _newest(conn, series, datetime.now(UTC) - timedelta(days=2))
    silent = np.setdiff1d(series, found)
    if not len(silent):
        return found, ts
    others, before = _newest(conn, silent, _ALWAYS)
    every = np.concatenate([found, others])
    order = np.argsort(every)
    return every[order], np.concatenate([ts, before])[order]


def _newest(
    conn: Connection, series: Int32Array, since: datetime
) -> tuple[Int32Array, Int64Array]:
    found = columns.fetch(
        conn,
        """
        select k.series, r.ts
        from unnest(%b::integer[]) as k (series)
        cross join lateral (
            select reading.ts from reading
            where reading.series = k.series and reading.quality <> 4
                and reading.ts >= %s
            order by reading.ts desc limit 1) r
        order by k.series
        """,
        [columns.int4(series), since],
        {"series": "int4", "ts": "ts"},
    )
    return found["series"], found["ts"]
