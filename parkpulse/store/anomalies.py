"""Anomalies: readings that the streaming detector found unusual, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from parkpulse.model import instants
from parkpulse.store import columns, directions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.store.pool import Connection


class Anomaly(NamedTuple):
    """An unusual reading."""

    series: int
    ts: int
    """[us]"""
    score: float
    kind: str
    value: float
    expected: float | None
    reason_zh: str
    reason_en: str


class AnomalyRow(NamedTuple):
    """An unusual reading as it is listed."""

    series: int
    device: str
    device_zh: str
    device_en: str
    place: str | None
    metric: str
    ts: datetime
    found_at: datetime
    score: float
    kind: str
    value: float
    expected: float | None
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class Search:
    """Which anomalies of a park, in [start, end); None does not restrict."""

    park: str
    start: datetime | None = None
    end: datetime | None = None
    device: str | None = None
    place: str | None = None
    metric: str | None = None
    series: int | None = None
    least_score: float = 0.0


def add(conn: Connection, found: Sequence[Anomaly]) -> None:
    """Keep anomalies; a known one stays."""
    if not found:
        return
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            insert into anomaly (series, ts, score, kind, value, expected, reason_zh,
                reason_en)
            values (%s, %s, %s, %s, %s, %s, %s, %s)
            on conflict (series, ts) do nothing
            """,
            [
                (each.series, instants.from_us(each.ts), *each[2:])
                for each in sorted(found)
            ],
        )


def before(
    conn: Connection, series: int, since: int, until: int
) -> tuple[Int64Array, FloatArray]:
    """Read what counts of a series in [since, until), by time. [us]."""
    found = columns.fetch(
        conn,
        """
        select ts, value from reading
        where series = %s and ts >= %s and ts < %s and quality <> 4 order by ts
        """,
        [series, instants.from_us(since), instants.from_us(until)],
        {"ts": "ts", "value": "float8"},
    )
    return found["ts"], found["value"]


def page(
    conn: Connection,
    search: Search,
    after_key: tuple[datetime, int] | None,
    limit: int,
    order: str = "-ts",
) -> list[AnomalyRow]:
    """List anomalies in order of time, those behind a (time, series) of the list."""
    ts, series = after_key or (None, 0)
    beyond, sorting = directions.of(order)
    rows = conn.execute(
        """
        select a.series, d.code, d.name_zh, d.name_en, p.code, s.metric, a.ts,
            a.found_at, a.score, a.kind, a.value, a.expected, a.reason_zh, a.reason_en
        from anomaly a
        join series s on s.id = a.series
        join device d on d.id = s.device_id
        join park on park.id = d.park_id
        left join place p on p.id = d.place_id
        where park.code = %(park)s
            and (%(start)s::timestamptz is null or a.ts >= %(start)s)
            and (%(end)s::timestamptz is null or a.ts < %(end)s)
            and (%(device)s::text is null or d.code = %(device)s)
            and (%(place)s::text is null or p.code = %(place)s)
            and (%(metric)s::text is null or s.metric = %(metric)s)
            and (%(series)s::integer is null or a.series = %(series)s)
            and a.score >= %(least)s
            and (%(ts)s::timestamptz is null or (a.ts, a.series) """  # noqa: S608 - all parts are literals
        + beyond
        + " (%(ts)s, %(after)s)) order by a.ts "
        + sorting
        + ", a.series "
        + sorting
        + " limit %(limit)s",
        {
            "park": search.park,
            "start": search.start,
            "end": search.end,
            "device": search.device,
            "place": search.place,
            "metric": search.metric,
            "series": search.series,
            "least": search.least_score - 1e-6,
            "ts": ts,
            "after": series,
            "limit": limit,
        },
    )
    return [AnomalyRow(*row) for row in rows]
