"""A province of 100,000 series, written straight into the tables that the API reads."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import psycopg

from benchmarks import grafana_year
from parkpulse.model.registry import ParkSpec
from parkpulse.store import pool, registry

if TYPE_CHECKING:
    from collections.abc import Iterable

PARKS = 20
METRICS = (
    "water_level",
    "flow_rate",
    "air_temperature",
    "relative_humidity",
    "soil_moisture",
)
INTERVAL_S = 900
PREFIX = "large"
_DEVICES = """
    insert into device (park_id, code, kind, name_zh, name_en, report_interval_s)
    select p.id, 'device-' || lpad(n::text, 5, '0'), 'sensor', 'n', 'n', %s
    from park p cross join generate_series(1, %s) as n
    where p.code like 'large-%%' order by 1, 2
"""
_SERIES = """
    insert into series (device_id, metric, kind, report_interval_s)
    select d.id, metric, 'gauge', d.report_interval_s
    from device d join park p on p.id = d.park_id
    cross join unnest(%s::text[]) as metric
    where p.code like 'large-%%' order by 1, 2
"""
# Bucket by bucket, as the engine writes: the rows of one series lie far apart.
_LARGE = """
    create table bench_series as
    select s.id from series s join device d on d.id = s.device_id
    join park p on p.id = d.park_id where p.code like 'large-%' order by s.id
"""
_BUCKET = """
    insert into {table} (series, ts, n, sum, min, max, first, last, integral)
    select id, %(ts)s, n, n * v, v - 1, v + 1, v - 0.5, v + 0.5, null
    from (select id, {n}::integer as n, 20 + floor(random() * 500) / 100 as v
        from bench_series) made
"""
_DEFINITION = """
    select pg_get_constraintdef(oid) from pg_constraint
    where conrelid = %s::regclass and conname = %s
"""
_READING = """
    insert into reading (series, ts, value, quality)
    select id, %(ts)s, 20 + floor(random() * 500) / 100, 2 from bench_series
"""
# The figures of all meters stand in the evidence, as the engine writes them.
_EVIDENCE = """
    update kpi k set evidence = jsonb_build_object('target', t.id, 'in_scope', true,
        'meters', (select jsonb_agg(jsonb_build_array(m.id, 1250.5, 12.25, 3540))
            from meter m where m.data_centre_id = k.data_centre_id))
    from (select min(id) as id from target) t
"""
_CUT = (
    "delete from kpi where period_start < %s and period in ('hour', 'day')",
    "delete from delivery",
    "delete from outbox",
    """delete from alert_event using alert
        where alert.id = alert_id and raised_at < %s and state = 'normal'""",
    "delete from alert where raised_at < %s and state = 'normal'",
    "delete from rollup_1h where ts < %s",
    "delete from rollup_1d where ts < %s",
)


class Size(NamedTuple):
    """How much there is."""

    series: int
    hours_d: float
    """Days of hourly roll-ups. [d]"""
    days_d: int
    """Days of daily roll-ups. [d]"""


def fill(url: str, size: Size) -> None:
    """Write everything; takes minutes."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with pool.connect(url) as own:
        grafana_year.fill(own)
        own.execute(_EVIDENCE)
        for number in range(PARKS):
            code = f"{PREFIX}-{number:02}"
            name = grafana_year.name(code)
            accept_from = now - timedelta(days=size.days_d)
            spec = ParkSpec(code=code, name=name, accept_from=accept_from)
            registry.apply(own, spec)
        devices = size.series // PARKS // len(METRICS)
        own.execute(_DEVICES, [INTERVAL_S, devices])
        own.execute(_SERIES, [list(METRICS)])
        own.execute(_LARGE)
        own.commit()
    today = now.replace(hour=0)
    tiers = (
        (*_bucket("rollup_1h", 4), _times(now, timedelta(hours=1), size.hours_d)),
        (*_bucket("rollup_1d", 96), _times(today, timedelta(days=1), size.days_d)),
        ("reading", _READING, _times(now, timedelta(seconds=INTERVAL_S), 1.0)),
    )
    threads = [threading.Thread(target=_write, args=(url, *each)) for each in tiers]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    _settle(url)


def _bucket(table: str, count: int) -> tuple[str, str]:
    return table, _BUCKET.format(table=table, n=count)


def _times(end: datetime, step: timedelta, days: float) -> list[datetime]:
    count = round(timedelta(days=days) / step)
    return [end - step * number for number in range(count, 0, -1)]


def _write(url: str, table: str, query: str, times: Iterable[datetime]) -> None:
    constraint = f"{table}_series_ts_key"
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("set synchronous_commit = off")
        conn.execute("set maintenance_work_mem = '512MB'")
        row = conn.execute(_DEFINITION, [table, constraint]).fetchone()
        assert row, f"{constraint} is missing"
        conn.execute(f"alter table {table} drop constraint {constraint}".encode())
        for ts in times:
            conn.execute(query.encode(), {"ts": ts})
        conn.execute(
            f"alter table {table} add constraint {constraint} {row[0]}".encode()
        )


def _settle(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("vacuum (analyze)")


def cut(url: str, keep: float) -> None:
    """Leave only this part of the history, as if the service had run no longer."""
    large = datetime.now(UTC) - timedelta(days=365 * keep)
    year = grafana_year.END - timedelta(days=365 * keep)
    with psycopg.connect(url, autocommit=True) as conn:
        for query in _CUT:
            at = large if "rollup" in query else year
            conn.execute(query.encode(), [at] if "%s" in query else [])
    _settle(url)
