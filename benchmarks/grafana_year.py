"""A year of three made-up parks, written into the tables that dashboards read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from parkpulse.model import rule
from parkpulse.model.registry import (
    DataCentreSpec,
    DeviceSpec,
    MeterSpec,
    Name,
    ParkSpec,
    PlaceSpec,
    Role,
    SeriesSpec,
)
from parkpulse.store import registry, rules

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection

END = datetime(2026, 11, 1, tzinfo=UTC)
START = END - timedelta(days=365)
PARKS = ("north", "south", "east")
GAUGES, RAIN, COMPARTMENTS, METERS = 20, 10, 12, 20
_TUNNEL = (
    "oxygen",
    "methane",
    "hydrogen_sulfide",
    "air_temperature",
    "relative_humidity",
    "sump_level",
    "hatch_open",
    "fan_running",
    "pump_running",
)
_HEALTH = ("battery_voltage", "rsrp")
_DAY_S = 86400
_ROLES: tuple[Role, ...] = ("grid_import", "ups_output", "cooling", "rack")


def name(text: str) -> Name:
    return Name(zh=text, en=text)


def park(code: str) -> ParkSpec:
    """Describe a park of a usual size."""
    compartments = [f"compartment-{number:02}" for number in range(COMPARTMENTS)]
    gauges = [_gauge(f"level-{number:02}", "water_level") for number in range(GAUGES)]
    rain = [_gauge(f"rain-{number:02}", "rainfall_total") for number in range(RAIN)]
    meters = [f"meter-{number:02}" for number in range(METERS)]
    return ParkSpec(
        code=code,
        name=name(code),
        accept_from=START,
        clock="data",
        places=[
            PlaceSpec(code="river", kind="river_section", name=name("river")),
            *[
                PlaceSpec(code=each, kind="compartment", name=name(each))
                for each in compartments
            ],
        ],
        devices=[
            *gauges,
            *rain,
            *[_air(each) for each in compartments],
            *[_meter(each) for each in meters],
        ],
        data_centres=[_centre(meters)],
    )


def _gauge(code: str, metric: str) -> DeviceSpec:
    health = [SeriesSpec(each, report_interval_s=_DAY_S) for each in _HEALTH]
    return DeviceSpec(
        code=code,
        kind=metric,
        name=name(code),
        series=[SeriesSpec(metric), *health],
        place="river",
        report_interval_s=300,
    )


def _air(place: str) -> DeviceSpec:
    return DeviceSpec(
        code=f"air-{place}",
        kind="air",
        name=name(place),
        series=[SeriesSpec(metric) for metric in _TUNNEL],
        place=place,
        report_interval_s=60,
    )


def _meter(code: str) -> DeviceSpec:
    return DeviceSpec(
        code=code,
        kind="meter",
        name=name(code),
        series=[SeriesSpec("active_energy_import"), SeriesSpec("active_power")],
        report_interval_s=60,
    )


def _centre(meters: list[str]) -> DataCentreSpec:
    return DataCentreSpec(
        code="dc",
        name=name("dc"),
        commissioned=date(2025, 1, 1),
        standard_racks=4000,
        meters=[
            MeterSpec(
                device=each,
                metric="active_energy_import",
                role=_ROLES[min(index, len(_ROLES) - 1)],
                parent=None if index == 0 else meters[0],
            )
            for index, each in enumerate(meters)
        ],
    )


_READINGS = """
    insert into reading (series, ts, value, quality)
    select s.id, ts, case s.kind
            when 'counter' then extract(epoch from ts) / 3600
            when 'state' then 0 else 20 + sin(extract(epoch from ts) / 9000) end, 2
    from series s
    cross join lateral (
        select generate_series(%(end)s - interval '90 days',
            %(end)s - interval '2 days',
            greatest(s.report_interval_s, 3600) * interval '1 s')
        union
        select generate_series(%(end)s - interval '2 days', %(end)s,
            s.report_interval_s * interval '1 s')
    ) at (ts)
    on conflict do nothing
"""
_ROLL_UPS = """
    insert into {table} (series, ts, n, sum, min, max, first, last, integral)
    select s.id, ts, 12, 12 * v, v - 1, v + 1, v, v + 0.9, null
    from series s
    cross join generate_series(
        %(start)s, %(end)s - interval '{width}', interval '{width}') as at (ts)
    cross join lateral (select case s.kind
        when 'counter' then extract(epoch from ts) / 3600
        when 'state' then 0 else 20 + sin(extract(epoch from ts) / 9000) end) as of (v)
    where s.report_interval_s <= {most}
"""
_KPIS = """
    insert into kpi (data_centre_id, kpi, category, period, period_start, period_end,
        value, numerator_kwh, numerator_estimated_kwh, denominator_kwh,
        denominator_estimated_kwh, covered_s, estimated_s, elapsed_s, coverage, verdict,
        target, state, evidence, computed_at)
    select c.id, k.kpi, k.category, p.period, at.ts, at.ts + p.length,
        k.value + 0.05 * sin(extract(epoch from at.ts) / 1e6), 1250, 0, 1000, 0, 3600,
        0, 3600, 1, 'compliant', k.target, 'closed',
        jsonb_build_object('meters', (select jsonb_agg(m.id) from meter m)), now()
    from data_centre c
    cross join (values ('pue', 1, 1.2, 1.25), ('pue', 2, 1.22, 1.25),
        ('pue', 3, 1.23, 1.25), ('ref', 0, 0.3, 0.25), ('ref_hourly', 0, 0.2, null))
        as k (kpi, category, value, target)
    cross join (values ('hour', interval '1 hour', interval '1 hour'),
        ('day', interval '1 day', interval '1 day'),
        ('month', interval '1 month', interval '1 month'),
        ('year', interval '1 year', interval '1 year'),
        ('rolling_12_months', interval '1 day', interval '1 year'))
        as p (period, step, length)
    cross join lateral generate_series(%(start)s, %(end)s - p.step, p.step) as at (ts)
"""
_METER_HOURS = """
    insert into meter_hour (meter_id, hour, amount, estimated, covered_s, estimated_s)
    select m.id, ts, 100, 0, 3600, 0 from meter m
    cross join generate_series(
        %(start)s, %(end)s - interval '1 hour', interval '1 hour') as at (ts)
"""
_ALERTS = """
    with raised as (
        insert into alert (id, rule_id, subject, park_id, place_id, device_id,
            series_id, severity, state, onset, raised_at, cleared_at, acknowledged_at,
            value, limit_value)
        select gen_random_uuid(), r.id, d.code || '/' || s.metric || n, d.park_id,
            d.place_id, d.id, s.id,
            (array['low', 'medium', 'high', 'critical'])[1 + n %% 4],
            case when n < 30 then 'unacknowledged' else 'normal' end, ts, ts,
            case when n < 30 then null else ts + interval '1 hour' end,
            case when n < 30 then null else ts + interval '10 minutes' end, 2, 1
        from (select n, %(end)s::timestamptz - n * interval '26 minutes' as ts
            from generate_series(0, 20000) n) at
        join (select *, row_number() over (order by id) as i from device) d
            on d.i = 1 + n %% (select count(*) from device)
        join lateral (select * from series where device_id = d.id limit 1) s on true
        cross join lateral (select id from rule order by id limit 1) r
        returning *
    )
    insert into alert_event (alert_id, rule_id, subject, kind, at, severity, value)
    select id, rule_id, subject, kind, raised_at + delay, severity, value from raised
    cross join (values ('raised', interval '0'),
        ('acknowledged', interval '10 minutes'),
        ('cleared', interval '1 hour')) as e (kind, delay)
"""
_LEDGER = """
    insert into ledger (hour, source, writer, received, stored, duplicate, quarantined,
        values_stored)
    select ts, p.code || '/' || format, writer, 1000, 990, 5, 5, 9000
    from park p
    cross join (values ('native'), ('sl651')) as f (format)
    cross join (values ('ingest-1'), ('ingest-2')) as w (writer)
    cross join generate_series(%(start)s, %(end)s, interval '1 hour') as at (ts)
"""
_QUARANTINE = """
    insert into quarantine (id, at, writer, source, park, device, format, topic, reason,
        detail, raw, length, sha256, whole, refused)
    select gen_random_uuid(), %(end)s::timestamptz - n * interval '25 minutes',
        'ingest-1', 'north/native', 'north', 'level-' || n %% 20, 'native', '',
        (array['not_json', 'clock_past', 'implausible'])[1 + n %% 3], '', '', 9, '',
        true, 0
    from generate_series(1, 20000) n
"""
_FLAGS = """
    insert into quality_flag (series, ts, test, flag)
    select s.id, %(end)s::timestamptz - n * interval '6 hours', 'spike', 3
    from series s cross join generate_series(1, 1400) n where s.id %% 6 = 0
"""
_DELIVERIES = """
    with c as (
        insert into channel (name, kind, url, secret)
        values ('duty', 'webhook', 'https://duty.example', '') returning id
    ), o as (
        insert into outbox (id, channel_id, alert_id, alert_event_id, body, state)
        select gen_random_uuid(), c.id, e.alert_id, e.id, '{}', 'delivered'
        from c cross join alert_event e where e.kind = 'raised'
        returning id, alert_event_id
    )
    insert into delivery (id, outbox_id, attempt, at, status, duration_ms)
    select gen_random_uuid(), o.id, 1, e.at, 200, 12
    from o join alert_event e on e.id = o.alert_event_id
"""


def fill(conn: Connection) -> None:
    """Write everything, and let the server take its statistics."""
    rules.install(conn, rule.shipped(), rule.set_version())
    for code in PARKS:
        registry.apply(conn, park(code))
    conn.execute("update park set data_now = %s", [END])
    conn.execute("update raw_horizon set horizon = %s", [END - timedelta(days=90)])
    times = {"start": START, "end": END}
    for table, width, most in (("1h", "1 hour", 900), ("1d", "1 day", 21600)):
        query = _ROLL_UPS.format(table=f"rollup_{table}", width=width, most=most)
        conn.execute(query.encode(), times)
    for each in (_READINGS, _KPIS, _METER_HOURS, _ALERTS, _LEDGER, _QUARANTINE, _FLAGS):
        conn.execute(each.encode(), times)
    conn.execute(_DELIVERIES.encode())
    conn.execute(
        "insert into ingest_worker (writer, run, connected)"
        " values ('ingest-1', gen_random_uuid(), true)"
    )
    conn.commit()
    conn.execute("analyze")


def sizes(conn: Connection) -> dict[str, int]:
    """Count the rows of the tables that matter."""
    tables = (
        *("series", "reading", "rollup_1h", "rollup_1d", "kpi", "meter_hour", "alert"),
        *("alert_event", "ledger", "quarantine", "quality_flag", "delivery"),
    )
    found = {}
    for table in tables:
        query = f"select count(*) from {table}"  # noqa: S608 - names of this module
        row = conn.execute(query.encode()).fetchone()
        found[table] = 0 if row is None else int(row[0])
    return found
