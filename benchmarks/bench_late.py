"""What one late reading costs the engine, beside histories of several lengths.

Run `python -m benchmarks.bench_late`: a private TimescaleDB, a park for each length,
with a data centre of four meters that report every quarter of an hour. A reading that
was held back for about a month then arrives; the consumer queues its hour and computes
hours, days, months, years and rolling 12 months again.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import bench_ingest
from parkpulse.engine.kpis import KpiConsumer
from parkpulse.model import instants
from parkpulse.model.packed import LoggedBatch
from parkpulse.model.registry import (
    DataCentreSpec,
    DeviceSpec,
    MeterSpec,
    Name,
    ParkSpec,
    Role,
    SeriesSpec,
)
from parkpulse.store import migrate, readings, registry
from parkpulse.store.pool import Database

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
QUARTER = 15 * instants.MINUTE
ROLES: tuple[Role, ...] = ("grid_import", "ups_output", "cooling", "pv")
LATE_DAYS = (25, 27, 29, 31, 33, 35, 37)
_METRIC = "active_energy_import"
_NAME = Name(zh="bench", en="bench")


def _park(days: int) -> ParkSpec:
    devices = [
        DeviceSpec(
            code=role,
            kind="energy_meter",
            name=_NAME,
            series=[SeriesSpec(metric=_METRIC)],
            report_interval_s=900,
        )
        for role in ROLES
    ]
    meters = [MeterSpec(device=role, metric=_METRIC, role=role) for role in ROLES]
    centre = DataCentreSpec(
        code="dc",
        name=_NAME,
        commissioned=date(2020, 1, 1),
        standard_racks=4000,
        meters=meters,
    )
    return ParkSpec(
        code=f"park-{days}",
        name=_NAME,
        accept_from=NOW - timedelta(days=days + 9),
        clock="data",
        devices=devices,
        data_centres=[centre],
    )


class Case:
    """A park with a history from which single readings are held back."""

    def __init__(self, conn: Connection, days: int) -> None:
        self._conn = conn
        park_id = registry.apply(conn, _park(days))
        conn.execute("update park set data_now = %s where id = %s", [NOW, park_id])
        self._slot = park_id % 64
        rows = conn.execute(
            "select s.id from series s join device d on d.id = s.device_id"
            " where d.park_id = %s order by s.id",
            [park_id],
        ).fetchall()
        self._series = [int(row[0]) for row in rows]
        end = instants.to_us(NOW)
        self._late = [end - days * instants.DAY for days in LATE_DAYS]
        ts = np.arange(end - days * instants.DAY, end + 1, QUARTER)
        for place, series in enumerate(self._series):
            kept = ts if place else ts[~np.isin(ts, self._late)]
            ids = np.full(len(kept), series, np.int32)
            readings.insert(conn, ids, kept, (place + 1.0) * (kept - ts[0]) / 1e9)
        self._begin = int(ts[0])
        self._consumer = KpiConsumer()
        self._consumer.start(conn, [self._slot])
        # A new data centre has its whole history computed.
        self._consumer.tick(conn, NOW)

    def late(self) -> list[tuple[float, float]]:
        """Let the held back readings arrive; wall and own CPU time of each. [ms]."""
        return [self._arrives(number, ts) for number, ts in enumerate(self._late)]

    def _arrives(self, number: int, moment: int) -> tuple[float, float]:
        ids = np.array([self._series[0]], np.int32)
        ts, value = np.array([moment]), np.array([(moment - self._begin) / 1e9])
        flag = np.zeros(1, np.uint8)
        wall, cpu = time.perf_counter(), time.process_time()
        readings.insert(self._conn, ids, ts, value)
        batch = LoggedBatch(self._slot, "bench", number, NOW, ids, ts, value, flag)
        now = NOW + timedelta(minutes=2 * number + 2)
        self._consumer.consume(self._conn, [batch], now)
        self._consumer.tick(self._conn, now)
        self._conn.commit()
        took = time.perf_counter() - wall, time.process_time() - cpu
        return took[0] * 1e3, took[1] * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, nargs="+", default=[100, 400, 800])
    asked = parser.parse_args()
    print("| history d | computed in s | late reading ms | range | engine CPU ms |")
    print("| --- | --- | --- | --- | --- |")
    with bench_ingest.private_servers() as environment:
        migrate.apply(environment["PARKPULSE_DATABASE_URL"])
        database = Database(environment["PARKPULSE_DATABASE_URL"])
        database.open()
        for days in asked.days:
            with database.transaction() as conn:
                begin = time.perf_counter()
                case = Case(conn, days)
                conn.commit()
                took = time.perf_counter() - begin
                times = case.late()
            wall, cpu = np.median(np.array(times), axis=0)
            span = f"{min(times)[0]:.0f}-{max(times)[0]:.0f}"
            print(f"| {days} | {took:.0f} | {wall:.0f} | {span} | {cpu:.0f} |")
        database.close()


if __name__ == "__main__":
    main()
