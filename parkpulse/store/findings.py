"""Readings with what was found at them, for rules of quality and of anomalies."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parkpulse.model.quality import TESTS
from parkpulse.store import columns

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.store.columns import Columns
    from parkpulse.store.pool import Connection


class Spans(NamedTuple):
    """Spans [since, until] of n series; arrays of shape (n,). [us]."""

    series: Int64Array
    since: Int64Array
    until: Int64Array


class Found(NamedTuple):
    """Findings in n spans, by span and time; arrays of shape (k,)."""

    position: Int64Array
    """Which span."""
    ts: Int64Array
    """[us]"""
    test: Int64Array
    """Index of the test, 0 where there is only one."""
    number: FloatArray
    """Flag or score."""


class Readings(NamedTuple):
    """Times of the readings of n spans, by span and time; arrays of shape (k,)."""

    position: Int64Array
    ts: Int64Array


def _params(spans: Spans) -> list[bytes]:
    return [
        columns.int4(spans.series),
        columns.int8(spans.since),
        columns.int8(spans.until),
    ]


def readings(conn: Connection, spans: Spans) -> Readings:
    """Read the observed times of all readings that count."""
    found = columns.fetch(
        conn,
        """
        select k.position, r.ts
        from unnest(%b::integer[], %b::bigint[], %b::bigint[])
            with ordinality as k (series, since_us, until_us, position)
        cross join lateral (
            select ts from reading
            where series = k.series and quality <> 4
                and ts >= '1970-01-01Z'::timestamptz + k.since_us * interval '1 us'
                and ts <= '1970-01-01Z'::timestamptz + k.until_us * interval '1 us') r
        order by k.position, r.ts
        """,
        _params(spans),
        {"position": "int8", "ts": "ts"},
    )
    return Readings(found["position"] - 1, found["ts"])


def flags(conn: Connection, spans: Spans) -> Found:
    """Read findings of the quality tests; `test` is an index into `quality.TESTS`."""
    found = columns.fetch(
        conn,
        """
        select k.position, q.ts, array_position(%s::text[], q.test), q.flag::float8
        from unnest(%b::integer[], %b::bigint[], %b::bigint[])
            with ordinality as k (series, since_us, until_us, position)
        join quality_flag q on q.series = k.series
            and q.ts >= '1970-01-01Z'::timestamptz + k.since_us * interval '1 us'
            and q.ts <= '1970-01-01Z'::timestamptz + k.until_us * interval '1 us'
        order by k.position, q.ts, q.test
        """,
        [list(TESTS), *_params(spans)],
        {"position": "int8", "ts": "ts", "test": "int4", "number": "float8"},
    )
    return _found(found, 1)


def scores(conn: Connection, spans: Spans) -> Found:
    """Read scores of anomalies."""
    found = columns.fetch(
        conn,
        """
        select k.position, a.ts, 0, a.score::float8
        from unnest(%b::integer[], %b::bigint[], %b::bigint[])
            with ordinality as k (series, since_us, until_us, position)
        join anomaly a on a.series = k.series
            and a.ts >= '1970-01-01Z'::timestamptz + k.since_us * interval '1 us'
            and a.ts <= '1970-01-01Z'::timestamptz + k.until_us * interval '1 us'
        order by k.position, a.ts
        """,
        _params(spans),
        {"position": "int8", "ts": "ts", "test": "int4", "number": "float8"},
    )
    return _found(found, 0)


def _found(found: Columns, first: int) -> Found:
    return Found(
        found["position"] - 1, found["ts"], found["test"] - first, found["number"]
    )
