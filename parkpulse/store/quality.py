"""Findings of the quality tests, and the stretches that wait to be tested again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parkpulse.model import instants
from parkpulse.model.registry import SLOTS
from parkpulse.store import columns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.model.packed import ByteArray, FloatArray, Int32Array, Int64Array
    from parkpulse.model.quality import TestName
    from parkpulse.store.columns import Columns
    from parkpulse.store.pool import Connection


class Stretches(NamedTuple):
    """Stretches of n series in which readings changed; arrays of shape (n,)."""

    series: Int64Array
    low: Int64Array
    """[us]"""
    high: Int64Array
    """[us]"""


class Windows(NamedTuple):
    """Readings around n stretches, arrays of shape (k,)."""

    position: Int64Array
    """Which stretch, sorted."""
    ts: Int64Array
    """Rising within a stretch. [us]"""
    value: FloatArray


class Findings(NamedTuple):
    """What tests found; arrays of shape (n,)."""

    series: Int64Array
    ts: Int64Array
    flag: ByteArray


def series(conn: Connection, slots: Sequence[int], metrics: Sequence[str]) -> Columns:
    """All series of the parks in these slots, by id.

    Returns
    -------
    dict
        Columns `id`, `report_interval_s`, `metric`, which of `metrics` or their number
        for others, and 1 or 0 as `is_wall`: whether the park runs on wall time.
    """
    return columns.fetch(
        conn,
        """
        select s.id, s.report_interval_s, coalesce(m.position - 1, %s)::integer,
            (p.clock = 'wall')::integer
        from series s join device d on d.id = s.device_id
        join park p on p.id = d.park_id
        left join unnest(%s::text[]) with ordinality as m (name, position)
            on m.name = s.metric
        where mod(d.park_id, 64) = any(%s)
        order by s.id
        """,
        [len(metrics), list(metrics), list(slots)],
        dict.fromkeys(("id", "report_interval_s", "metric", "is_wall"), "int4"),
    )


def windows(conn: Connection, wanted: Stretches, span: Int64Array) -> Windows:
    """Read stretches with two readings after each, and so much time around them.

    A window begins with a reading that is so old or older, if there is one.

    Parameters
    ----------
    conn
        Open connection.
    wanted
        Which stretches.
    span : array, shape (n,)
        Time before the reading that precedes a stretch, and after its end. [us]
    """
    found = columns.fetch(
        conn,
        """
        select k.position, r.ts, r.value
        from (select position, series, span_us * interval '1 us' as span,
                '1970-01-01Z'::timestamptz + low_us * interval '1 us' as low,
                '1970-01-01Z'::timestamptz + high_us * interval '1 us' as high
            from unnest(%b::integer[], %b::bigint[], %b::bigint[], %b::bigint[])
            with ordinality as u (series, low_us, high_us, span_us, position)) k
        cross join lateral (
            select coalesce(max(b.ts), k.low) - k.span as early from (
                select ts from reading where series = k.series and ts < k.low
                order by ts desc limit 1) b) e
        cross join lateral (
            select coalesce(max(b.ts), e.early) as first from (
                select ts from reading where series = k.series and ts <= e.early
                order by ts desc limit 1) b) w
        cross join lateral (
            select greatest(coalesce(max(a.ts), k.high), k.high + k.span) as last
            from (select ts from reading where series = k.series and ts > k.high
                order by ts limit 2) a) v
        cross join lateral (
            select ts, value from reading
            where series = k.series and ts >= w.first and ts <= v.last) r
        order by k.position, r.ts
        """,
        [
            columns.int4(wanted.series),
            columns.int8(wanted.low),
            columns.int8(wanted.high),
            columns.int8(span),
        ],
        {"position": "int8", "ts": "ts", "value": "float8"},
    )
    return Windows(found["position"] - 1, found["ts"], found["value"])


def add(conn: Connection, test: TestName, found: Findings) -> None:
    """Keep findings; a known one is replaced."""
    if not len(found.series):
        return
    conn.execute(
        """
        insert into quality_flag (series, ts, test, flag)
        select series, '1970-01-01Z'::timestamptz + ts_us * interval '1 us', %s, flag
        from unnest(%b::integer[], %b::bigint[], %b::integer[])
            as u (series, ts_us, flag)
        on conflict (series, ts, test) do update set flag = excluded.flag
        """,
        [
            test,
            columns.int4(found.series),
            columns.int8(found.ts),
            columns.int4(found.flag),
        ],
    )


def forget(conn: Connection, test: TestName, where: Stretches) -> list[int]:
    """Delete the findings of a test in stretches [low, high]; return their series."""
    rows = conn.execute(
        """
        with gone as (delete from quality_flag q
        using unnest(%b::integer[], %b::bigint[], %b::bigint[])
            as u (series, low_us, high_us)
        where q.test = %s and q.series = u.series
            and q.ts >= '1970-01-01Z'::timestamptz + u.low_us * interval '1 us'
            and q.ts <= '1970-01-01Z'::timestamptz + u.high_us * interval '1 us'
            returning q.series)
        select distinct series from gone
        """,
        [
            columns.int4(where.series),
            columns.int8(where.low),
            columns.int8(where.high),
            test,
        ],
    )
    return [series for (series,) in rows]


def flagged(conn: Connection, where: Stretches) -> Int64Array:
    """Tell which series have findings of any test in stretches [low, high]."""
    found = columns.fetch(
        conn,
        """
        select distinct u.series
        from unnest(%b::integer[], %b::bigint[], %b::bigint[])
            as u (series, low_us, high_us)
        join quality_flag q on q.series = u.series
            and q.ts >= '1970-01-01Z'::timestamptz + u.low_us * interval '1 us'
            and q.ts <= '1970-01-01Z'::timestamptz + u.high_us * interval '1 us'
        """,
        [
            columns.int4(where.series),
            columns.int8(where.low),
            columns.int8(where.high),
        ],
        {"series": "int4"},
    )
    return found["series"]


def postpone(conn: Connection, stretches: Stretches) -> None:
    """Put stretches down to be tested again; sorted by series, each once."""
    if not len(stretches.series):
        return
    conn.execute(
        """
        insert into quality_pending as p (series, low, high)
        select series, '1970-01-01Z'::timestamptz + low_us * interval '1 us',
            '1970-01-01Z'::timestamptz + high_us * interval '1 us'
        from unnest(%b::integer[], %b::bigint[], %b::bigint[])
            as u (series, low_us, high_us)
        on conflict (series) do update set
            low = least(p.low, excluded.low), high = greatest(p.high, excluded.high)
        """,
        [
            columns.int4(stretches.series),
            columns.int8(stretches.low),
            columns.int8(stretches.high),
        ],
    )


_STRETCH = {"series": "int4", "low": "ts", "high": "ts"}


def pending(conn: Connection, slots: Sequence[int], limit: int) -> Stretches:
    """Stretches that wait, those first that begin first; at most `limit`."""
    if len(slots) == SLOTS:  # the rule: then nobody's parks must be looked up
        found = columns.fetch(
            conn,
            """
            select p.series, p.low, p.high from (
                select series, low, high from quality_pending
                order by low, series limit %s) p
            order by p.series
            """,
            [limit],
            _STRETCH,
        )
        return Stretches(found["series"], found["low"], found["high"])
    found = columns.fetch(
        conn,
        """
        select p.series, p.low, p.high from (
            select p.series, p.low, p.high
            from quality_pending p join series s on s.id = p.series
            join device d on d.id = s.device_id
            where mod(d.park_id, 64) = any(%s)
            order by p.low, p.series limit %s) p
        order by p.series
        """,
        [list(slots), limit],
        _STRETCH,
    )
    return Stretches(found["series"], found["low"], found["high"])


def done(conn: Connection, stretches: Stretches) -> None:
    """Take off stretches up to their ends; what lies beyond goes on waiting."""
    params = [columns.int4(stretches.series), columns.int8(stretches.high)]
    conn.execute(
        """
        delete from quality_pending p
        using unnest(%b::integer[], %b::bigint[]) as u (series, high_us)
        where p.series = u.series
            and p.high <= '1970-01-01Z'::timestamptz + u.high_us * interval '1 us'
        """,
        params,
    )
    conn.execute(
        """
        update quality_pending p
        set low = '1970-01-01Z'::timestamptz + u.high_us * interval '1 us'
        from unnest(%b::integer[], %b::bigint[]) as u (series, high_us)
        where p.series = u.series
        """,
        params,
    )


def page(
    conn: Connection,
    series_id: int,
    start: datetime,
    end: datetime,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[tuple[datetime, TestName, int]]:
    """List findings in [start, end) as (time, test, flag), after a row of the list."""
    since, test = after or (start, "")
    rows = conn.execute(
        """
        select ts, test, flag from quality_flag
        where series = %s and ts >= %s and ts < %s and (ts, test) > (%s, %s)
        order by ts, test limit %s
        """,
        [series_id, start, end, since, test, limit],
    )
    return rows.fetchall()


def worst(
    conn: Connection, series_id: int, start: int, end: int, limit: int
) -> dict[int, int]:
    """Worst flag of each doubtful reading in [start, end), by time [us].

    It is that of a test or what the message itself said.
    """
    rows = conn.execute(
        """
        select ts, max(flag) from (
            select ts, flag from quality_flag
            where series = %(series)s and ts >= %(start)s and ts < %(end)s
            union all
            select ts, quality from reading
            where series = %(series)s and ts >= %(start)s and ts < %(end)s
                and quality in (3, 4)
        ) as found group by ts order by ts limit %(limit)s
        """,
        {
            "series": series_id,
            "start": instants.from_us(start),
            "end": instants.from_us(end),
            "limit": limit,
        },
    )
    return {instants.to_us(ts): flag for ts, flag in rows}


def at(
    conn: Connection, series_id: Int32Array, ts: Int64Array
) -> dict[int, list[tuple[TestName, int]]]:
    """Return tests and flags of single readings, by series.

    Parameters
    ----------
    conn
        Open connection.
    series_id, ts : arrays, shape (n,)
        One reading of each series. [us]
    """
    rows = conn.execute(
        """
        select q.series, q.test, q.flag
        from unnest(%b::integer[], %b::bigint[]) as u (series, ts_us)
        join quality_flag q on q.series = u.series
            and q.ts = '1970-01-01Z'::timestamptz + u.ts_us * interval '1 us'
        order by q.series, q.test
        """,
        [columns.int4(series_id), columns.int8(ts)],
    )
    found: dict[int, list[tuple[TestName, int]]] = {}
    for series, test, flag in rows:
        found.setdefault(series, []).append((test, flag))
    return found


def links_checked(conn: Connection) -> dict[int, int]:
    """Up to when the sensors of each park were compared with one another. [us]."""
    rows = conn.execute("select park_id, checked_to from link_check order by park_id")
    return {park_id: instants.to_us(at) for park_id, at in rows}


def check_links(conn: Connection, park_id: int, to: int) -> None:
    """Note up to when the sensors of a park were compared. [us]."""
    conn.execute(
        """
        insert into link_check (park_id, checked_to) values (%s, %s)
        on conflict (park_id) do update set checked_to = excluded.checked_to
        """,
        [park_id, instants.from_us(to)],
    )


class Hours(NamedTuple):
    """Full hours of a park, from the first to the last one. [us]."""

    park_id: int
    low: int
    high: int


def repeat_links(conn: Connection, rows: Sequence[Hours]) -> None:
    """Ask for the sensors of these hours to be compared again."""
    conn.cursor().executemany(
        """
        insert into link_again as a (park_id, low, high) values (%s, %s, %s)
        on conflict (park_id) do update set
            low = least(a.low, excluded.low), high = greatest(a.high, excluded.high)
        """,
        [
            (park, instants.from_us(low), instants.from_us(high))
            for park, low, high in sorted(rows)
        ],
    )


def links_to_repeat(conn: Connection) -> list[Hours]:
    """Return the hours that are to be compared again."""
    rows = conn.execute("select park_id, low, high from link_again order by park_id")
    return [
        Hours(park, instants.to_us(low), instants.to_us(high))
        for park, low, high in rows
    ]


def links_repeated(conn: Connection, park_id: int, rest: int) -> None:
    """Note that of a park only the hours from `rest` [us] on remain."""
    at = instants.from_us(rest)
    conn.execute("update link_again set low = %s where park_id = %s", [at, park_id])
    conn.execute("delete from link_again where park_id = %s and low > high", [park_id])
