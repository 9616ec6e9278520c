"""A park of 5,000 series for the page's measurements, its year, and what it reports.

As a process it publishes one reading of each series every second until stopped:

    python -m benchmarks.page_park URL
"""

from __future__ import annotations

import argparse
import json
import math
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from parkpulse.bus.bulk import BulkPublisher
from parkpulse.model import rule
from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, PlaceSpec, SeriesSpec
from parkpulse.store import migrate, pool, registry, rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parkpulse.store.pool import Connection

PARK = "bench"
YEAR = timedelta(days=365)
_TUNNEL = (
    *("oxygen", "methane", "hydrogen_sulfide", "air_temperature", "relative_humidity"),
    *("sump_level", "hatch_open", "fan_running", "pump_running"),
)
_METER = ("active_energy_import", "active_power")
_KINDS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("gauge", 400, ("water_level", "flow_rate")),
    ("rain", 200, ("rainfall_total",)),
    ("soil", 200, ("soil_moisture",)),
    ("compartment", 300, _TUNNEL),
    ("meter", 550, _METER),
)
SERIES = sum(count * len(metrics) for _, count, metrics in _KINDS)
_BASE: Mapping[str, float] = {
    "oxygen": 20.9,
    "methane": 0.1,
    "hydrogen_sulfide": 0.5,
    "air_temperature": 18.0,
    "relative_humidity": 60.0,
    "sump_level": 0.4,
    "soil_moisture": 20.0,
    "active_power": 400_000.0,
}
_STATES = ("hatch_open", "fan_running", "pump_running")
_ROLL_UPS = """
    insert into {table} (series, ts, n, sum, min, max, first, last, integral)
    select s.id, ts, {minutes}, {minutes} * v, v - 0.02, v + 0.02, v, v + 0.01, null
    from series s join device d on d.id = s.device_id and d.code = 'gauge-0001'
    cross join generate_series(date_trunc('hour', now()) - interval '365 days',
        date_trunc('hour', now()) - interval '{width}', interval '{width}') as at (ts)
    cross join lateral (select 1 + 0.3 * sin(extract(epoch from ts) / 40000)
        + 0.1 * sin(extract(epoch from ts) / 900)) as of (v)
    where s.metric = 'water_level'
"""
_ALERT = """
    with raised as (
        insert into alert (id, rule_id, subject, park_id, place_id, device_id,
            series_id, severity, state, onset, raised_at, value, limit_value)
        select gen_random_uuid(), r.id, 'bench/gauge-0001/water_level', d.park_id,
            d.place_id, d.id, s.id, 'critical', 'unacknowledged',
            now() - interval '1 hour', now() - interval '1 hour', 1.9, 1.5
        from series s join device d on d.id = s.device_id and d.code = 'gauge-0001'
        cross join (select id from rule where code = 'level-rising') r
        where s.metric = 'water_level'
        returning *
    ), told as (
        insert into alert_event (alert_id, rule_id, subject, kind, at, severity, value)
        select id, rule_id, subject, 'raised', raised_at, severity, value from raised
    )
    select id::text from raised
"""


def _name(text: str) -> Name:
    return Name(zh=text, en=text)


def devices() -> list[tuple[str, tuple[str, ...]]]:
    """Code and metrics of each device."""
    return [
        (f"{kind}-{number:04}", metrics)
        for kind, count, metrics in _KINDS
        for number in range(1, count + 1)
    ]


def park() -> ParkSpec:
    """Describe the park."""
    compartments = [code for code, metrics in devices() if metrics == _TUNNEL]
    return ParkSpec(
        code=PARK,
        name=_name("Bench"),
        accept_from=datetime.now(UTC) - YEAR,
        places=[
            PlaceSpec(code=code, kind="compartment", name=_name(code))
            for code in compartments
        ],
        devices=[
            DeviceSpec(
                code=code,
                kind=code.partition("-")[0],
                name=_name(code),
                series=[SeriesSpec(metric) for metric in metrics],
                place=code if metrics == _TUNNEL else None,
                report_interval_s=1,
            )
            for code, metrics in devices()
        ],
    )


def prepare(url: str) -> str:
    """Register the park and write the year of a gauge; return the id of an alert."""
    migrate.apply(url)
    with pool.connect(url) as conn:
        rules.install(conn, rule.shipped(), rule.set_version())
        registry.apply(conn, park())
        for table, width, minutes in (
            ("1m", "1 minute", 1),
            ("1h", "1 hour", 60),
            ("1d", "1 day", 1440),
        ):
            text = _ROLL_UPS.format(
                table=f"rollup_{table}", width=width, minutes=minutes
            )
            conn.execute(text.encode())
        row = conn.execute(_ALERT).fetchone()
        conn.commit()
        conn.execute("analyze")
        conn.commit()
    assert row is not None
    return str(row[0])


def series_of_the_year(conn: Connection) -> int:
    """Id of the series whose year is written."""
    row = conn.execute(
        "select s.id from series s join device d on d.id = s.device_id"
        " where d.code = 'gauge-0001' and s.metric = 'water_level'"
    ).fetchone()
    assert row is not None
    return int(row[0])


def _value(metric: str, number: int, second: int) -> float:
    if metric in _STATES:
        return float((second // 60 + number) % 7 == 0)
    if metric == "rainfall_total":
        return round(second / 3600, 1)
    if metric == "active_energy_import":
        return round(1000 + second / 10, 1)
    base = _BASE.get(metric, 1.0)
    return round(base * (1 + 0.02 * math.sin(second / 30 + number)), 3)


def messages(second: int) -> tuple[list[str], list[bytes]]:
    """Topics and payloads of one second."""
    now_ms = round(time.time() * 1000)
    topics, payloads = [], []
    for number, (code, metrics) in enumerate(devices()):
        values = {metric: _value(metric, number, second) for metric in metrics}
        sample = {"ts": now_ms, "values": values}
        message = {"seq": second, "sent": now_ms, "samples": [sample]}
        topics.append(f"parkpulse/v1/{PARK}/{code}/telemetry")
        payloads.append(json.dumps(message).encode())
    return topics, payloads


def main() -> None:
    """Publish until stopped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    options = parser.parse_args()
    with BulkPublisher(options.url) as publisher:
        due, second = time.monotonic(), 0
        while True:
            publisher.publish(*messages(second))
            second += 1
            due += 1.0
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
