"""KPI rows with their revisions, and the queue of hours that wait to be computed.

Instants and lengths of time are integers of microseconds, as in the arrays that the
rows are made from.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from parkpulse.store import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from parkpulse.model.packed import Int64Array
    from parkpulse.model.periods import Period
    from parkpulse.store.columns import Columns
    from parkpulse.store.pool import Connection

CHANNEL = "kpi"
"""Notified with park and data centre when a row changed."""
_CHUNK = 5000
_LOCKS = 0x6B7069
"""First number of the advisory locks of data centres."""


class Key(NamedTuple):
    """What identifies a row of a data centre."""

    period: Period
    start_us: int
    end_us: int
    kpi: str
    category: int


class Record(NamedTuple):
    """One KPI of one period."""

    key: Key
    value: float | None
    numerator_kwh: float
    numerator_estimated_kwh: float
    denominator_kwh: float
    denominator_estimated_kwh: float
    covered_us: int
    estimated_us: int
    elapsed_us: int
    gap_start_us: int | None
    gap_end_us: int | None
    coverage: float
    verdict: str
    target: float | None
    state: str
    revision: int
    evidence: str
    """JSON."""


class Revision(NamedTuple):
    """Change of a closed row."""

    key: Key
    revision: int
    old_value: float | None
    new_value: float | None
    old_coverage: float
    new_coverage: float
    cause: str


def neighbours(
    conn: Connection, series: Int64Array, start: Int64Array, end: Int64Array, count: int
) -> Columns:
    """Find how far the `count` readings before and after stretches reach.

    Returns columns `low` and `high`: time of the earliest of the readings before
    `start`, and of the latest of those from `end` on; the edge itself where there is
    none. [us]

    Parameters
    ----------
    conn
        Open connection.
    series, start, end : arrays, shape (n,)
        Stretches [start, end) of a series. [us since 1970 UTC]
    count
        How many readings on each side.
    """
    return columns.fetch(
        conn,
        """
        select
            coalesce((select min(ts) from (
                select ts from reading where series = k.series and ts < k.low
                order by ts desc limit %s) before), k.low),
            coalesce((select max(ts) from (
                select ts from reading where series = k.series and ts >= k.high
                order by ts limit %s) after), k.high)
        from (
            select series, position,
                '1970-01-01Z'::timestamptz + start_us * interval '1 us' as low,
                '1970-01-01Z'::timestamptz + end_us * interval '1 us' as high
            from unnest(%b::integer[], %b::bigint[], %b::bigint[])
                with ordinality as t (series, start_us, end_us, position)
        ) k
        order by k.position
        """,
        [
            count,
            count,
            columns.int4(series),
            columns.int8(start),
            columns.int8(end),
        ],
        {"low": "ts", "high": "ts"},
    )


def lock(conn: Connection, data_centre_id: int) -> None:
    """Wait until nobody else computes this data centre; until the commit."""
    conn.execute("select pg_advisory_xact_lock(%s, %s)", [_LOCKS, data_centre_id])


def lock_shared(conn: Connection, data_centre_id: int) -> None:
    """Keep out all but those who compute other hours; until the commit."""
    conn.execute(
        "select pg_advisory_xact_lock_shared(%s, %s)", [_LOCKS, data_centre_id]
    )


def mark(conn: Connection, data_centre_id: int, hours: Mapping[int, str]) -> None:
    """Queue hours [us] to be computed, each with its cause."""
    ordered = sorted(hours)
    conn.execute(
        """
        insert into kpi_dirty as d (data_centre_id, hour, cause)
        select %s, '1970-01-01Z'::timestamptz + hour_us * interval '1 us', cause
        from unnest(%s::bigint[], %s::text[]) as t (hour_us, cause)
        on conflict (data_centre_id, hour) do update
        set cause = least(d.cause, excluded.cause)  -- a correction says more
        """,
        [data_centre_id, ordered, [hours[hour] for hour in ordered]],
    )


def know_tree(conn: Connection, data_centre_id: int, fingerprint: str) -> bool:
    """Remember the meter tree; whether it was another one before, or none."""
    row = conn.execute(
        """
        insert into kpi_tree as t (data_centre_id, fingerprint) values (%s, %s)
        on conflict (data_centre_id) do update set fingerprint = excluded.fingerprint
        where t.fingerprint <> excluded.fingerprint
        returning true
        """,
        [data_centre_id, fingerprint],
    ).fetchone()
    return row is not None


def mark_history(
    conn: Connection, data_centre_id: int, series: Int64Array, cause: str
) -> None:
    """Queue every hour from the oldest to the newest reading of the series."""
    conn.execute(
        """
        insert into kpi_dirty (data_centre_id, hour, cause)
        select %(id)s, hour, %(cause)s
        from (
            select min(oldest.ts) as first, max(newest.ts) as last
            from unnest(%(series)b::integer[]) as k (series)
            cross join lateral (
                select ts from reading where reading.series = k.series
                order by ts limit 1
            ) oldest
            cross join lateral (
                select ts from reading where reading.series = k.series
                order by ts desc limit 1
            ) newest
        ) stretch
        cross join lateral generate_series(
            date_trunc('hour', first, 'UTC'), last, interval '1 hour'
        ) as hour
        on conflict (data_centre_id, hour) do nothing
        """,
        {"id": data_centre_id, "series": columns.int4(series), "cause": cause},
    )


def waiting(conn: Connection) -> set[int]:
    """Ids of the data centres with queued hours or days."""
    rows = conn.execute(
        "select data_centre_id from kpi_dirty"
        " union select data_centre_id from kpi_stale"
    )
    return {int(row[0]) for row in rows}


def take_marked(conn: Connection, data_centre_id: int) -> dict[int, str]:
    """Take the queued hours [us] of a data centre off the queue."""
    rows = conn.execute(
        """
        delete from kpi_dirty where data_centre_id = %s
        returning (extract(epoch from hour) * 1000000)::bigint, cause
        """,
        [data_centre_id],
    )
    return dict(rows.fetchall())


def stale(conn: Connection) -> set[int]:
    """Ids of the data centres whose days are to be folded again."""
    rows = conn.execute("select data_centre_id from kpi_stale")
    return {int(row[0]) for row in rows}


class Stale(NamedTuple):
    """Days from this one on are to be folded again."""

    since: date
    cause: str


def take_stale(conn: Connection, data_centre_id: int) -> Stale | None:
    """Take what certificates or factors left to be folded again off the queue."""
    row = conn.execute(
        "delete from kpi_stale where data_centre_id = %s returning since, cause",
        [data_centre_id],
    ).fetchone()
    return Stale(*row) if row else None


def days_since(conn: Connection, data_centre_id: int, start: int) -> list[int]:
    """Begin of each day [us] that has rows, from an instant [us] on."""
    rows = conn.execute(
        """
        select distinct (extract(epoch from period_start) * 1000000)::bigint as day
        from kpi
        where data_centre_id = %s and period = 'day'
            and period_start >= '1970-01-01Z'::timestamptz + %s * interval '1 us'
        order by day
        """,
        [data_centre_id, start],
    )
    return [int(day) for (day,) in rows]


def open_periods(conn: Connection, data_centre_id: int) -> list[tuple[Period, int]]:
    """Periods that are still open, each with its last microsecond."""
    rows = conn.execute(
        """
        select distinct period, (extract(epoch from period_end) * 1000000)::bigint - 1
        from kpi where data_centre_id = %s and state = 'open' order by 2, 1
        """,
        [data_centre_id],
    )
    return rows.fetchall()


def exists(conn: Connection, data_centre_id: int) -> bool:
    """Whether the data centre has any KPI row."""
    row = conn.execute(
        "select exists (select from kpi where data_centre_id = %s)", [data_centre_id]
    ).fetchone()
    return bool(row and row[0])


def load(
    conn: Connection, data_centre_id: int, period: Period, start: int, end: int
) -> list[Record]:
    """Rows of the periods that begin in [start, end) [us], by start."""
    rows = conn.execute(
        """
        select period, (extract(epoch from period_start) * 1000000)::bigint,
            (extract(epoch from period_end) * 1000000)::bigint, kpi, category,
            value, numerator_kwh, numerator_estimated_kwh, denominator_kwh,
            denominator_estimated_kwh, round(covered_s * 1e6)::bigint,
            round(estimated_s * 1e6)::bigint, round(elapsed_s * 1e6)::bigint,
            (extract(epoch from gap_start) * 1000000)::bigint,
            (extract(epoch from gap_end) * 1000000)::bigint,
            coverage, verdict, target, state, revision, evidence::text
        from kpi
        where data_centre_id = %s and period = %s
            and period_start >= '1970-01-01Z'::timestamptz + %s * interval '1 us'
            and period_start < '1970-01-01Z'::timestamptz + %s * interval '1 us'
        order by period_start, period_end
        """,
        [data_centre_id, period, start, end],
    )
    return [Record(Key(*row[:5]), *row[5:]) for row in rows]


def write(conn: Connection, data_centre_id: int, records: Sequence[Record]) -> None:
    """Put rows in place, whether they are new or not."""
    ordered = sorted(records, key=lambda record: record.key)
    for low in range(0, len(ordered), _CHUNK):
        part = ordered[low : low + _CHUNK]
        keys = [*zip(*(record.key for record in part), strict=True)]
        values = [*zip(*(record[1:] for record in part), strict=True)]
        packed = [
            pack(column) for pack, column in zip(_PACKS, keys + values, strict=True)
        ]
        conn.execute(_WRITE, [data_centre_id, *packed])


def _texts(values: Sequence[str]) -> str:
    """Join texts without line breaks: JSON has none outside of its escapes."""
    return "\n".join(values)


def _floats(values: Sequence[float | None]) -> object:
    # None becomes NaN.
    return columns.float8(np.array(values, np.float64))


def _ints(values: Sequence[int]) -> object:
    return columns.int8(np.array(values, np.int64))


def _maybe(values: Sequence[int | None]) -> object:
    return _ints([_NEVER if value is None else value for value in values])


_NEVER = -(2**63)
_PACKS: Sequence[Callable[[Sequence[Any]], object]] = (
    *(_texts, _ints, _ints, _texts, _ints),
    *(_floats, _floats, _floats, _floats, _floats),
    *(_ints, _ints, _ints, _maybe, _maybe),
    *(_floats, _texts, _floats, _texts, _ints, _texts),
)
"""How each field of a key, then of a record, is sent."""
_WRITE = """
    insert into kpi (data_centre_id, period, period_start, period_end, kpi,
        category, value, numerator_kwh, numerator_estimated_kwh,
        denominator_kwh, denominator_estimated_kwh, covered_s, estimated_s,
        elapsed_s, gap_start, gap_end, coverage, verdict, target, state,
        revision, evidence, computed_at)
    select %s, period,
        '1970-01-01Z'::timestamptz + start_us * interval '1 us',
        '1970-01-01Z'::timestamptz + end_us * interval '1 us',
        kpi, category, nullif(value, 'NaN'), numerator, numerator_estimated,
        denominator, denominator_estimated, covered_us / 1e6, estimated_us / 1e6,
        elapsed_us / 1e6,
        '1970-01-01Z'::timestamptz
            + nullif(gap_start_us, -9223372036854775808) * interval '1 us',
        '1970-01-01Z'::timestamptz
            + nullif(gap_end_us, -9223372036854775808) * interval '1 us',
        coverage, verdict, nullif(target, 'NaN'), state, revision,
        evidence::jsonb, now()
    from unnest(string_to_array(%s, E'\n'), %b::bigint[], %b::bigint[],
        string_to_array(%s, E'\n'), %b::bigint[], %b::float8[], %b::float8[],
        %b::float8[], %b::float8[], %b::float8[], %b::bigint[], %b::bigint[],
        %b::bigint[], %b::bigint[], %b::bigint[], %b::float8[],
        string_to_array(%s, E'\n'), %b::float8[], string_to_array(%s, E'\n'),
        %b::bigint[], string_to_array(%s, E'\n'))
        as t (period, start_us, end_us, kpi, category, value, numerator,
            numerator_estimated, denominator, denominator_estimated,
            covered_us, estimated_us, elapsed_us, gap_start_us, gap_end_us,
            coverage, verdict, target, state, revision, evidence)
    on conflict
        (data_centre_id, period, period_start, period_end, kpi, category)
    do update set value = excluded.value,
        numerator_kwh = excluded.numerator_kwh,
        numerator_estimated_kwh = excluded.numerator_estimated_kwh,
        denominator_kwh = excluded.denominator_kwh,
        denominator_estimated_kwh = excluded.denominator_estimated_kwh,
        covered_s = excluded.covered_s, estimated_s = excluded.estimated_s,
        elapsed_s = excluded.elapsed_s, gap_start = excluded.gap_start,
        gap_end = excluded.gap_end, coverage = excluded.coverage,
        verdict = excluded.verdict, target = excluded.target,
        state = excluded.state, revision = excluded.revision,
        evidence = excluded.evidence, computed_at = excluded.computed_at
    """


def add_revisions(
    conn: Connection, data_centre_id: int, revisions: Sequence[Revision]
) -> None:
    """Record changes of closed rows."""
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            insert into kpi_revision (data_centre_id, period, period_start, period_end,
                kpi, category, revision, old_value, new_value, old_coverage,
                new_coverage, cause)
            values (%s, %s, '1970-01-01Z'::timestamptz + %s * interval '1 us',
                '1970-01-01Z'::timestamptz + %s * interval '1 us',
                %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [(data_centre_id, *each.key, *each[1:]) for each in revisions],
        )


def announce(conn: Connection, park: str, data_centre: str) -> None:
    """Tell listeners that KPI rows of a data centre changed."""
    payload = json.dumps({"park": park, "data_centre": data_centre})
    conn.execute("select pg_notify(%s, %s)", [CHANNEL, payload])
