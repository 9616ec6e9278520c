"""Roll-up tiers of 1 minute, 1 hour and 1 day, and the readings they come from.

Arrays are int64 and float64; instants are microseconds since 1970 UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from psycopg import sql

from parkpulse.model import instants
from parkpulse.store import columns, pool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from typing import LiteralString

    from parkpulse.model.packed import Int64Array
    from parkpulse.store.columns import Columns
    from parkpulse.store.pool import Connection

_READINGS = {"series": "int4", "ts": "ts", "value": "float8"}
_ROWS = {
    "series": "int4",
    "start": "ts",
    "count": "int4",
    "sum": "float8",
    "min": "float8",
    "max": "float8",
    "first": "float8",
    "last": "float8",
    "integral": "float8",
}
_PARAMETERS = {
    "int4": columns.int4,
    "ts": columns.int8,
    "float8": columns.float8,
}
_CHUNK = 10_000
_EARLIEST = -62_135_596_800 * instants.SECOND
_LATEST = 253_402_300_799 * instants.SECOND
"""Years 1 to 9999. [us]"""


class SeriesInfo(NamedTuple):
    """What the roll-ups must know of a series."""

    id: int
    metric: str
    kind: str
    report_interval_s: int


class Stretch(NamedTuple):
    """Buckets of a series that begin in [start, end), and what came after them."""

    series: int
    start: int
    end: int
    """[us since 1970 UTC]"""
    shift: int
    """Readings from `shift` after the newest bucket's start to `shift` after the end;
    from the beginning where there is no bucket. [us]"""


class Course(NamedTuple):
    """What there is of a stretch, each by time."""

    buckets: Columns
    """Columns `start`, `count`, `sum`, `min`, `max`, `first`, `last`."""
    newer: Columns
    """Readings: columns `ts`, `value`."""


def series(conn: Connection, slots: Sequence[int], powers: Sequence[str]) -> Columns:
    """All series of the parks in these slots, by id.

    Parameters
    ----------
    conn
        Open connection.
    slots
        Slots of parks.
    powers
        Metrics whose gauges are powers.

    Returns
    -------
    dict
        Columns `id`, `report_interval_s`, `slot`, and 1 or 0 as `is_interval` and
        `is_power`.
    """
    return columns.fetch(
        conn,
        """
        select s.id, s.report_interval_s, mod(d.park_id, 64),
            (s.kind = 'interval')::integer,
            (s.kind = 'gauge' and s.metric = any(%s))::integer
        from series s join device d on d.id = s.device_id
        where mod(d.park_id, 64) = any(%s)
        order by s.id
        """,
        [list(powers), list(slots)],
        dict.fromkeys(
            ("id", "report_interval_s", "slot", "is_interval", "is_power"), "int4"
        ),
    )


def one(conn: Connection, series_id: int) -> tuple[SeriesInfo, float | None] | None:
    """Find a series and, for a register, the value at which it rolls over."""
    row = conn.execute(
        "select id, metric, kind, report_interval_s, modulus from series where id = %s",
        [series_id],
    ).fetchone()
    return None if row is None else (SeriesInfo(*row[:4]), row[4])


def stream(
    conn: Connection, series_id: int, start: datetime, end: datetime
) -> Iterator[tuple[datetime, float, int]]:
    """Yield the readings in [start, end) as (time, value, quality), by time."""
    with conn.cursor(name="readings") as cursor:
        cursor.itersize = _CHUNK
        cursor.execute(
            """
            select ts, value, quality from reading
            where series = %s and ts >= %s and ts < %s order by ts
            """,
            [series_id, start, end],
        )
        yield from cursor


def readings(
    conn: Connection,
    series_id: Int64Array,
    start: Int64Array,
    end: Int64Array,
    limit: int | None = None,
) -> Columns:
    """Read stretches of readings: columns `series`, `ts`, `value`, sorted.

    What its sender calls bad (quality 4) counts nowhere and is left out.

    Parameters
    ----------
    conn
        Open connection.
    series_id, start, end : arrays, shape (n,)
        Stretches [start, end) of a series, sorted, none overlapping another. [us]
    limit
        Most readings to return.
    """
    return columns.fetch(
        conn,
        """
        select k.series, r.ts, r.value
        from unnest(%b::integer[], %b::bigint[], %b::bigint[])
            with ordinality as k (series, start_us, end_us, position)
        cross join lateral (
            select ts, value from reading
            where reading.series = k.series
                and ts >= '1970-01-01Z'::timestamptz + k.start_us * interval '1 us'
                and ts < '1970-01-01Z'::timestamptz + k.end_us * interval '1 us'
                and ts >= %s and ts < %s and quality <> 4
            order by ts
        ) r
        order by k.position, r.ts
        limit %s
        """,
        [
            columns.int4(series_id),
            columns.int8(start),
            columns.int8(end),
            *_whole(start, end),
            limit,
        ],
        _READINGS,
    )


_TABLES: Mapping[str, LiteralString] = {
    "1m": "rollup_1m",
    "1h": "rollup_1h",
    "1d": "rollup_1d",
}
_STRETCHES: tuple[LiteralString, LiteralString] = (
    """
    select k.series, r.ts, r.n, r.sum, r.min, r.max, r.first, r.last,
        coalesce(r.integral, 'NaN')
    from unnest(%b::integer[], %b::bigint[], %b::bigint[])
        with ordinality as k (series, start_us, end_us, position)
    cross join lateral (
        select * from """,
    """ t
        where t.series = k.series
            and ts >= '1970-01-01Z'::timestamptz + k.start_us * interval '1 us'
            and ts < '1970-01-01Z'::timestamptz + k.end_us * interval '1 us'
            and ts >= %s and ts < %s
        order by ts
    ) r
    order by k.position, r.ts
""",
)
_BUCKETS = {
    name: kind for name, kind in _ROWS.items() if name not in {"series", "integral"}
}
_NEWER = {name: _READINGS[name] for name in ("ts", "value")}
_COURSES: Mapping[str, LiteralString] = {
    "1m": "select * from series_courses_1m(%b, %b, %b, %b, %s)",
    "1h": "select * from series_courses_1h(%b, %b, %b, %b, %s)",
    "1d": "select * from series_courses_1d(%b, %b, %b, %b, %s)",
}
_UPSERT = sql.SQL("""
    insert into {tier} (series, ts, n, sum, min, max, first, last, integral)
    select series, '1970-01-01Z'::timestamptz + start_us * interval '1 us',
        n, sum, min, max, first, last, nullif(integral, 'NaN')
    from unnest(%b::integer[], %b::bigint[], %b::integer[], %b::float8[],
        %b::float8[], %b::float8[], %b::float8[], %b::float8[], %b::float8[])
        as t (series, start_us, n, sum, min, max, first, last, integral)
    on conflict (series, ts) do update set
        n = excluded.n, sum = excluded.sum, min = excluded.min, max = excluded.max,
        first = excluded.first, last = excluded.last, integral = excluded.integral
""")
_DELETE = sql.SQL("""
    delete from {tier} t
    using unnest(%b::integer[], %b::bigint[]) as k (series, start_us)
    where t.series = k.series
        and t.ts = '1970-01-01Z'::timestamptz + k.start_us * interval '1 us'
        and t.ts between %s and %s
""")
_COPY = sql.SQL(
    "copy {tier} (series, ts, n, sum, min, max, first, last, integral)"
    " from stdin (format binary)"
)


def rows(
    conn: Connection,
    tier: str,
    series_id: Int64Array,
    start: Int64Array,
    end: Int64Array,
) -> Columns:
    """Read stretches of a tier: columns as in `analytics.buckets.Rows`, sorted.

    Parameters
    ----------
    conn
        Open connection.
    tier
        `1m`, `1h` or `1d`.
    series_id, start, end : arrays, shape (n,)
        Stretches [start, end) of a series, sorted, none overlapping another. [us]
    """
    params = [columns.int4(series_id), columns.int8(start), columns.int8(end)]
    statement = _STRETCHES[0] + _TABLES[tier] + _STRETCHES[1]
    return columns.fetch(conn, statement, [*params, *_whole(start, end)], _ROWS)


def courses(
    conn: Connection, tier: str, stretches: Sequence[Stretch], limit: int
) -> list[Course]:
    """Read stretches of a tier, each with the readings since its newest bucket began.

    Parameters
    ----------
    conn
        Open connection.
    tier
        `1m`, `1h` or `1d`.
    stretches
        What is wanted, of any series in any order.
    limit
        Most readings to return for each.
    """
    series, start, end, shift = np.array(stretches, np.int64).T
    found = columns.fetch_packed(
        conn,
        _COURSES[tier],
        [
            columns.int4(series),
            columns.int8(start.clip(_EARLIEST, _LATEST)),
            columns.int8(end.clip(_EARLIEST, _LATEST)),
            columns.int8(shift),
            limit,
        ],
        _BUCKETS | _NEWER,
    )
    return [
        Course(
            {name: row[name] for name in _BUCKETS},
            {name: row[name] for name in _NEWER},
        )
        for row in found
    ]


def _whole(start: Int64Array, end: Int64Array) -> tuple[datetime, datetime]:
    """Return the time of all stretches: so only its chunks are looked at."""
    low = max(int(start.min(initial=_LATEST)), _EARLIEST)
    high = min(int(end.max(initial=_EARLIEST)), _LATEST)
    return instants.from_us(low), instants.from_us(high)


def write(conn: Connection, tier: str, found: Columns) -> None:
    """Put rows in place, whether they are new or not.

    Parameters
    ----------
    conn
        In a transaction.
    tier
        `1m`, `1h` or `1d`.
    found
        Columns as `rows` returns them, sorted by series, then start, each once.
    """
    statement = _UPSERT.format(tier=_table(tier))
    for low in range(0, len(found["series"]), _CHUNK):
        part = slice(low, low + _CHUNK)
        conn.execute(
            statement,
            [_PARAMETERS[kind](found[name][part]) for name, kind in _ROWS.items()],
        )


def remove(
    conn: Connection, tier: str, series_id: Int64Array, start: Int64Array
) -> None:
    """Delete rows, as far as they are there.

    Parameters
    ----------
    conn
        In a transaction.
    tier
        `1m`, `1h` or `1d`.
    series_id, start : arrays, shape (n,)
        Series and starts of buckets, sorted. [us since 1970 UTC]
    """
    if len(series_id):
        params = [columns.int4(series_id), columns.int8(start)]
        span = [instants.from_us(int(each)) for each in (start.min(), start.max())]
        conn.execute(_DELETE.format(tier=_table(tier)), [*params, *span])


def insert(conn: Connection, tier: str, found: Columns) -> None:
    """Add rows that are new, by binary COPY.

    Parameters
    ----------
    conn
        In a transaction.
    tier
        `1m`, `1h` or `1d`.
    found
        Columns as `rows` returns them.

    Raises
    ------
    ConflictError
        One of them is there already.
    """
    if not len(found["series"]):
        return
    statement = _COPY.format(tier=_table(tier))
    has = ~np.isnan(found["integral"])
    with pool.translated(), conn.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(columns.COPY_HEADER)
        for chosen, integral in ((has, [("integral", "float8")]), (~has, [])):
            types = [*(each for each in _ROWS.items() if each[0] != "integral")]
            copy.write(
                columns.copy_rows(
                    {name: found[name][chosen] for name, _ in [*types, *integral]},
                    dict([*types, *integral]),
                    nulls=1 - len(integral),
                )
            )
        copy.write(columns.COPY_TRAILER)


def _table(tier: str) -> sql.Identifier:
    return sql.Identifier(f"rollup_{tier}")
